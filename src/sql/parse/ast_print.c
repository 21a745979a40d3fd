// The printer's entry point, formatted output, and the leaves: names, literals, types, options.
#include "sql/parse/ast_print.h"
#include "sql/parse/print_int.h"
#include "sql/parse/keywords.h"
#include "base/util.h"
#include <stdarg.h>

void ast_print(struct buf *out, const struct ast *node, unsigned flags)
{
    struct printer pr = {out, flags};
    print_node(&pr, node);
}

void print_node(struct printer *pr, const struct ast *n)
{
    switch (n->kind) {
#define AST(KIND, name, ...)                            \
    case AST_##KIND:                                    \
        print_##name(pr, (const struct ast_##name *)n); \
        break;
#include "sql/parse/ast.def"
#undef AST
    case AST_KIND_COUNT:
        break;
    }
}

// Identifiers and literals ---------------------------------------------------------------------------------------

static bool is_plain_word(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        bool letter = (c >= 'a' && c <= 'z') || c == '_';
        bool later = (c >= '0' && c <= '9') || c == '$';
        if (!letter && !(i > 0 && later))
            return false;
    }
    return s.len > 0;
}

void print_identifier(struct buf *out, struct str name)
{
    const struct keyword *k = keyword_find(name);
    // AS OF begins a clause, so that this word is no plain alias.
    bool reserved = k != NULL && (k->category != KEYWORD_UNRESERVED || str_eqc(name, "of"));
    if (is_plain_word(name) && !reserved) {
        buf_str(out, name);
        return;
    }
    buf_quoted(out, name, '"');
}

static void put_escaped(struct buf *out, unsigned char c)
{
    static const char special[] = "\a\b\f\n\r\t\v\\'", letters[] = "abfnrtv\\'";
    const char *at = c != 0 ? strchr(special, c) : NULL;
    if (at != NULL)
        buf_printf(out, "\\%c", letters[at - special]);
    else if (c < 0x20 || c == 0x7f)
        buf_printf(out, "\\x%02x", c);
    else
        buf_putc(out, (char)c);
}

void print_string_literal(struct buf *out, struct str value)
{
    bool escape = false;
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];
        escape |= c < 0x20 || c == 0x7f || c == '\\' || c == '\'';
    }
    buf_cstr(out, escape ? "e'" : "'");
    if (!escape)
        buf_str(out, value);
    for (size_t i = 0; escape && i < value.len; i++)
        put_escaped(out, (unsigned char)value.ptr[i]);
    buf_putc(out, '\'');
}

// Backslashes are plain where standard_conforming_strings is on.
static void print_portable_string(struct buf *out, struct str value)
{
    buf_quoted(out, value, '\'');
}

// Formatted output -----------------------------------------------------------------------------------------------

static void put_list(struct printer *pr, struct ast_list list)
{
    for (size_t i = 0; i < list.n; i++) {
        if (i > 0)
            buf_cstr(pr->out, ", ");
        print_node(pr, list.items[i]);
    }
}

static void put_upper(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        buf_putc(out, s.ptr[i] >= 'a' && s.ptr[i] <= 'z' ? (char)(s.ptr[i] - 32) : s.ptr[i]);
}

static bool is_unquoted_word(struct str s)
{
    const struct keyword *k = keyword_find(s);
    return is_plain_word(s) && (k == NULL || k->category != KEYWORD_RESERVED);
}

static void put_word(struct buf *out, struct str s)
{
    if (is_unquoted_word(s))
        put_upper(out, s);
    else
        print_identifier(out, s);
}

void print_upper_word(struct buf *out, struct str s)
{
    char lower[64];
    bool small = s.len < sizeof(lower);
    for (size_t i = 0; small && i < s.len; i++)
        lower[i] = s.ptr[i] >= 'A' && s.ptr[i] <= 'Z' ? (char)(s.ptr[i] | 0x20) : s.ptr[i];
    if (small && is_unquoted_word((struct str){lower, s.len}))
        buf_str(out, s);
    else
        print_identifier(out, s);
}

void emit(struct printer *pr, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    for (; *fmt != '\0'; fmt++) {
        if (*fmt != '%') {
            buf_putc(pr->out, *fmt);
            continue;
        }
        switch (*++fmt) {
        case 'n':
            print_node(pr, va_arg(ap, const struct ast *));
            break;
        case 'o':
            print_operand(pr, va_arg(ap, const struct ast *));
            break;
        case 'b':
            print_restricted(pr, va_arg(ap, const struct ast *));
            break;
        case 'L':
            put_list(pr, va_arg(ap, struct ast_list));
            break;
        case 'i':
            print_identifier(pr->out, va_arg(ap, struct str));
            break;
        case 'q':
            (pr->flags & AST_PRINT_PORTABLE ? print_portable_string : print_string_literal)(pr->out,
                                                                                            va_arg(ap, struct str));
            break;
        case 't':
            buf_str(pr->out, va_arg(ap, struct str));
            break;
        case 'u':
            put_upper(pr->out, va_arg(ap, struct str));
            break;
        case 'w':
            put_word(pr->out, va_arg(ap, struct str));
            break;
        case 's':
            buf_cstr(pr->out, va_arg(ap, const char *));
            break;
        case 'd':
            buf_printf(pr->out, "%lld", (long long)va_arg(ap, int64_t));
            break;
        default:
            buf_putc(pr->out, *fmt);
            break;
        }
    }
    va_end(ap);
}

void emit_choice(struct printer *pr, const char *sql)
{
    emit_if(pr, sql[0] != '\0', " %s", sql);
}

// Names ----------------------------------------------------------------------------------------------------------

void print_name(struct printer *pr, const struct ast_name *n)
{
    emit(pr, "%i", n->name);
}

void print_object_name(struct printer *pr, const struct ast_object_name *n)
{
    if (!(pr->flags & AST_PRINT_QUALIFY_NONE)) {
        if (!(pr->flags & AST_PRINT_PORTABLE))
            emit_text(pr, "%i.", n->database);
        emit_text(pr, "%i.", n->schema);
    }
    emit(pr, "%i", n->name);
}

void print_index_name(struct printer *pr, const struct ast_index_name *n)
{
    if (n->table != NULL) {
        emit(pr, "%n", n->table);
        emit_text(pr, "@%i", n->index);
        return;
    }
    emit_text(pr, "%i.", n->database);
    emit_text(pr, "%i.", n->schema);
    emit(pr, "%i", n->index);
}

// Types ----------------------------------------------------------------------------------------------------------

// Types the grammar or the catalog know by an unqualified name; anything else is a user's and prints as identifier.
static const char *const builtin_types[] = {
    "int2",     "int4",     "int8",    "float4",  "float8",       "decimal",      "string",  "varchar",   "bpchar",
    "bit",      "varbit",   "bytes",   "bool",    "date",         "time",         "timetz",  "timestamp", "timestamptz",
    "interval", "uuid",     "jsonb",   "inet",    "serial2",      "serial4",      "serial8", "oid",       "vector",
    "name",     "regclass", "regproc", "regtype", "regnamespace", "regprocedure", "regrole", "regconfig", "tsvector",
    "tsquery",  "void",     "record",  "citext",  "jsonpath",     "refcursor",    "ltree",
};

static bool is_builtin_type(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(builtin_types); i++) {
        if (str_eqc(name, builtin_types[i]))
            return true;
    }
    return false;
}

// CHAR and BIT have length 1 when none is printed; bpchar without length is a type of its own.
static bool has_default_length(const struct ast_type_name *n)
{
    bool fixed = str_eqc(n->name, "bpchar") || str_eqc(n->name, "bit");
    return fixed && n->modifiers.n == 1 && ast_is(n->modifiers.items[0], AST_NUMBER) &&
           ast_as_number(n->modifiers.items[0])->value == 1;
}

// CockroachDB's own names of types that PostgreSQL has under others; NULL: none.
static const char *portable_type(struct printer *pr, const struct ast_type_name *n)
{
    if (!(pr->flags & AST_PRINT_PORTABLE) || n->schema.ptr != NULL)
        return NULL;
    if (str_eqc(n->name, "bytes"))
        return "bytea";
    return !str_eqc(n->name, "string") ? NULL : n->modifiers.n > 0 ? "varchar" : "text";
}

static void put_type_name(struct printer *pr, const struct ast_type_name *n)
{
    const char *portable = portable_type(pr, n);
    if (portable != NULL) {
        buf_cstr(pr->out, portable);
        return;
    }
    // "bit" and "char" in quotes are not the keywords with their default length.
    bool quoted = str_eqc(n->name, "bit") && n->modifiers.n == 0;
    if (n->schema.ptr != NULL || quoted || !is_builtin_type(n->name)) {
        emit_text(pr, "%i.", n->database);
        emit_text(pr, "%i.", n->schema);
        emit(pr, "%i", n->name);
    } else if (pr->flags & AST_PRINT_PORTABLE) {
        buf_str(pr->out, n->name);
    } else if (str_eqc(n->name, "bpchar")) {
        emit(pr, n->modifiers.n > 0 ? "CHAR" : "BPCHAR");
    } else {
        emit(pr, "%u", n->name);
    }
}

void print_type_name(struct printer *pr, const struct ast_type_name *n)
{
    if (n->oid != 0)
        emit(pr, "@%d", n->oid);
    else
        put_type_name(pr, n);
    emit_choice(pr, ast_interval_fields_sql(n->interval_fields));
    // Lengths are part of the type, not constants to hide.
    struct printer plain = {pr->out, pr->flags & ~PRINT_CONSTANTS};
    if (!has_default_length(n))
        emit_list(&plain, "(%L)", n->modifiers);
    for (int64_t i = 0; i < n->array_dims; i++)
        emit(pr, "[]");
}

// Options --------------------------------------------------------------------------------------------------------

void print_option(struct printer *pr, const struct ast_option *n)
{
    emit(pr, "%i", n->name);
    emit_node(pr, " = %n", n->value);
}
