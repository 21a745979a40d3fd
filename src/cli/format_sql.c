// The format sql: a CREATE TABLE and one INSERT per row that together make the result again.
#include "cli/formatter_int.h"
#include "base/util.h"
#include <ctype.h>

static const char *const reserved_words[] = {
#define RESERVED(word) #word,
#include "cli/reserved.def"
#undef RESERVED
};

static bool is_plain_identifier(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(reserved_words); i++)
        if (str_eqc(name, reserved_words[i]))
            return false;
    for (size_t i = 0; i < name.len; i++) {
        unsigned char c = (unsigned char)name.ptr[i];
        bool letter = islower(c) || c == '_' || c >= 0x80;
        if (!letter && (i == 0 || (!isdigit(c) && c != '$')))
            return false;
    }
    return name.len > 0;
}

static void put_identifier(struct formatter *f, struct str name)
{
    if (is_plain_identifier(name)) {
        put_str(f, name);
        return;
    }
    putc('"', f->out);
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] == '"')
            putc('"', f->out);
        putc(name.ptr[i], f->out);
    }
    putc('"', f->out);
}

static bool is_plain_literal(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (c < 0x20 || c > 0x7E || c == '\'' || c == '\\')
            return false;
    }
    return true;
}

static void put_escaped(struct formatter *f, int32_t c, size_t bytes)
{
    static const char letters[] = "btn\0fr"; // 8..13 without 11
    if (c == '\'' || c == '\\')
        fprintf(f->out, "\\%c", c);
    else if (c >= 8 && c <= 13 && c != 11)
        fprintf(f->out, "\\%c", letters[c - 8]);
    else if (c < 0x20 || c == 0x7F)
        fprintf(f->out, "\\x%02X", (unsigned)c);
    else if (c < 0x80)
        putc(c, f->out);
    else
        fprintf(f->out, bytes <= 2 ? "\\u%04X" : "\\U%08X", (unsigned)c);
}

static void put_literal(struct formatter *f, struct str s)
{
    bool plain = is_plain_literal(s);
    fputs(plain ? "'" : "e'", f->out);
    if (plain) {
        put_str(f, s);
    } else {
        for (size_t at = 0, from = 0; at < s.len; from = at) {
            int32_t c = utf8_next(s, &at);
            put_escaped(f, c, at - from);
        }
    }
    putc('\'', f->out);
}

void format_sql_begin(struct formatter *f)
{
    fputs("CREATE TABLE results (\n", f->out);
    for (size_t i = 0; i < f->columns_len; i++) {
        fputs("  ", f->out);
        put_identifier(f, f->columns[i].name);
        fputs(i + 1 < f->columns_len ? " STRING,\n" : " STRING\n", f->out);
    }
    fputs(");\n\n", f->out);
}

void format_sql_row(struct formatter *f)
{
    if (f->columns_len == 0) {
        fputs("INSERT INTO results(rowid) VALUES (DEFAULT);\n", f->out);
        return;
    }
    fputs("INSERT INTO results VALUES (", f->out);
    for (size_t i = 0; i < f->columns_len; i++) {
        if (i > 0)
            fputs(", ", f->out);
        if (f->nulls[i])
            fputs("NULL", f->out);
        else
            put_literal(f, f->cells[i]);
    }
    fputs(");\n", f->out);
}

void format_sql_end(struct formatter *f)
{
    format_row_count(f, "-- ", "\n");
}
