// Reads SQL/JSON paths: recursive descent over the text, loosest operators first.
#include "types/jsonpath.h"
#include "types/json.h"
#include "types/types_int.h"

enum { NESTING_MAX = 200 };

struct path_reader {
    struct arena *arena;
    struct str text;
    size_t at;
    int depth;
    struct err *err;
};

static int syntax_error(struct path_reader *r)
{
    return err_set(r->err, ERR_SYNTAX_ERROR, "could not parse \"%.*s\" as type jsonpath: syntax error at position %zu",
                   (int)MIN(r->text.len, (size_t)200), r->text.ptr, r->at + 1);
}

static char peek(const struct path_reader *r)
{
    return r->at < r->text.len ? r->text.ptr[r->at] : '\0';
}

static void skip_blanks(struct path_reader *r)
{
    while (peek(r) == ' ' || (peek(r) >= '\t' && peek(r) <= '\r'))
        r->at++;
}

static bool is_word(char c)
{
    return c == '_' || (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (c & 0x80) != 0;
}

static bool take(struct path_reader *r, const char *symbol)
{
    skip_blanks(r);
    struct str s = str_of(symbol);
    if (!str_has_prefix(str_slice(r->text, r->at, r->text.len), s))
        return false;
    if (is_word(s.ptr[s.len - 1]) && r->at + s.len < r->text.len && is_word(r->text.ptr[r->at + s.len]))
        return false;
    r->at += s.len;
    return true;
}

static struct path_node *new_node(struct path_reader *r, enum path_kind kind, struct path_node *left,
                                  struct path_node *right)
{
    struct path_node *n = ARENA_NEW(r->arena, struct path_node);
    *n = (struct path_node){.kind = kind, .left = left, .right = right};
    return n;
}

static int parse_expression(struct path_reader *r, struct path_node **out);
static int parse_or(struct path_reader *r, struct path_node **out);

// A JSON string or number as it stands in the text.
static int json_literal(struct path_reader *r, size_t from, struct path_node **out)
{
    *out = new_node(r, PATH_LITERAL, NULL, NULL);
    return json_parse(r->arena, str_slice(r->text, from, r->at), &(*out)->value, r->err);
}

static int quoted(struct path_reader *r, struct path_node **out)
{
    size_t from = r->at++;
    while (r->at < r->text.len && peek(r) != '"')
        r->at += peek(r) == '\\' ? 2 : 1;
    if (r->at >= r->text.len)
        return syntax_error(r);
    r->at++;
    return json_literal(r, from, out);
}

static int number(struct path_reader *r, struct path_node **out)
{
    size_t from = r->at;
    bool point = false;
    while ((peek(r) >= '0' && peek(r) <= '9') || (peek(r) == '.' && !point) || ((peek(r) | 0x20) == 'e')) {
        point |= peek(r) == '.';
        bool exponent = (peek(r) | 0x20) == 'e';
        r->at++;
        if (exponent && (peek(r) == '-' || peek(r) == '+'))
            r->at++;
    }
    return json_literal(r, from, out);
}

static struct str word(struct path_reader *r)
{
    size_t from = r->at;
    while (is_word(peek(r)))
        r->at++;
    return str_slice(r->text, from, r->at);
}

static int constant(struct path_reader *r, const char *json, struct path_node **out)
{
    *out = new_node(r, PATH_LITERAL, NULL, NULL);
    return json_parse(r->arena, str_of(json), &(*out)->value, r->err);
}

static int parse_primary(struct path_reader *r, struct path_node **out)
{
    skip_blanks(r);
    if (peek(r) == '$') {
        r->at++;
        *out = new_node(r, PATH_ROOT, NULL, NULL);
        struct str name = word(r);
        if (name.len == 0 && peek(r) != '"')
            return 0;
        struct path_node *string = NULL;
        if (name.len == 0)
            TRY(quoted(r, &string));
        (*out)->kind = PATH_VARIABLE;
        (*out)->name = string != NULL ? json_string_value(string->value) : name;
        return 0;
    }
    if (take(r, "@") || take(r, "last")) {
        *out = new_node(r, r->text.ptr[r->at - 1] == '@' ? PATH_CURRENT : PATH_LAST, NULL, NULL);
        return 0;
    }
    if (take(r, "true"))
        return constant(r, "true", out);
    if (take(r, "false"))
        return constant(r, "false", out);
    if (take(r, "null"))
        return constant(r, "null", out);
    if (peek(r) == '"')
        return quoted(r, out);
    if (peek(r) >= '0' && peek(r) <= '9')
        return number(r, out);
    if (take(r, "(")) {
        TRY(parse_or(r, out));
        return take(r, ")") ? 0 : syntax_error(r);
    }
    return syntax_error(r);
}

static int parse_subscripts(struct path_reader *r, struct path_node **node)
{
    if (take(r, "*")) {
        *node = new_node(r, PATH_ANY_INDEX, *node, NULL);
        return take(r, "]") ? 0 : syntax_error(r);
    }
    struct path_node *subscripts = new_node(r, PATH_SUBSCRIPTS, *node, NULL), **tail = &subscripts->items;
    do {
        struct path_node *item, *to;
        TRY(parse_expression(r, &item));
        if (take(r, "to")) {
            TRY(parse_expression(r, &to));
            item = new_node(r, PATH_RANGE, item, to);
        } else {
            item = new_node(r, PATH_RANGE, item, item);
        }
        *tail = item;
        tail = &item->next;
    } while (take(r, ","));
    *node = subscripts;
    return take(r, "]") ? 0 : syntax_error(r);
}

static int level(struct path_reader *r, uint32_t *out)
{
    int64_t v = UINT32_MAX;
    if (!take(r, "last")) {
        skip_blanks(r);
        if (!str_to_i64(word(r), &v) || v < 0 || v >= UINT32_MAX)
            return syntax_error(r);
    }
    *out = (uint32_t)v;
    return 0;
}

// Behind .**: levels, as {2}, {1 to last}.
static int parse_levels(struct path_reader *r, struct path_node *node)
{
    node->to = UINT32_MAX;
    if (!take(r, "{"))
        return 0;
    TRY(level(r, &node->from));
    node->to = node->from;
    if (take(r, "to"))
        TRY(level(r, &node->to));
    return take(r, "}") ? 0 : syntax_error(r);
}

// .key, ."key", .*, .**, .method()
static int parse_member(struct path_reader *r, struct path_node **node)
{
    struct path_node *string;
    if (take(r, "**")) {
        *node = new_node(r, PATH_ANY_DEPTH, *node, NULL);
        return parse_levels(r, *node);
    }
    if (take(r, "*")) {
        *node = new_node(r, PATH_ANY_KEY, *node, NULL);
        return 0;
    }
    skip_blanks(r);
    *node = new_node(r, PATH_KEY, *node, NULL);
    if (peek(r) == '"') {
        TRY(quoted(r, &string));
        (*node)->name = json_string_value(string->value);
        return 0;
    }
    (*node)->name = word(r);
    if ((*node)->name.len == 0)
        return syntax_error(r);
    if (take(r, "(")) {
        (*node)->kind = PATH_METHOD;
        return take(r, ")") ? 0 : syntax_error(r);
    }
    return 0;
}

static int parse_accessors(struct path_reader *r, struct path_node **out)
{
    TRY(parse_primary(r, out));
    for (;;) {
        if (take(r, ".")) {
            TRY(parse_member(r, out));
        } else if (take(r, "[")) {
            TRY(parse_subscripts(r, out));
        } else if (take(r, "?")) {
            struct path_node *condition;
            if (!take(r, "("))
                return syntax_error(r);
            TRY(parse_or(r, &condition));
            if (!path_is_predicate(condition) || !take(r, ")"))
                return syntax_error(r);
            *out = new_node(r, PATH_FILTER, *out, condition);
        } else {
            return 0;
        }
    }
}

// A number with a sign before it is a number.
static int signed_number(struct path_reader *r, char op, struct path_node *number)
{
    struct buf b = BUF_INIT;
    if (op == '+')
        return 0;
    buf_putc(&b, '-');
    json_print(&b, number->value);
    bool twice = b.len > 1 && b.ptr[1] == '-';
    int rc = json_parse(r->arena, str_slice(buf_view(&b), twice ? 2 : 0, b.len), &number->value, r->err);
    buf_release(&b);
    return rc;
}

static int parse_unary(struct path_reader *r, struct path_node **out)
{
    skip_blanks(r);
    char op = peek(r);
    if (op != '-' && op != '+')
        return parse_accessors(r, out);
    if (++r->depth > NESTING_MAX)
        return syntax_error(r);
    r->at++;
    struct path_node *operand;
    TRY(parse_unary(r, &operand));
    r->depth--;
    *out = operand;
    if (operand->kind == PATH_LITERAL && json_kind(operand->value) == JSON_NUMBER)
        return signed_number(r, op, operand);
    *out = new_node(r, PATH_SIGN, operand, NULL);
    (*out)->op = op;
    return 0;
}

static int parse_binary(struct path_reader *r, const char *operators, bool products, struct path_node **out)
{
    TRY(products ? parse_unary(r, out) : parse_binary(r, "*/%", true, out));
    for (;;) {
        skip_blanks(r);
        char op = peek(r);
        if (op == '\0' || strchr(operators, op) == NULL)
            return 0;
        struct path_node *right;
        r->at++;
        TRY(products ? parse_unary(r, &right) : parse_binary(r, "*/%", true, &right));
        *out = new_node(r, PATH_ARITHMETIC, *out, right);
        (*out)->op = op;
    }
}

static int parse_expression(struct path_reader *r, struct path_node **out)
{
    return parse_binary(r, "+-", false, out);
}

static int parse_regex(struct path_reader *r, struct path_node **out)
{
    struct path_node *string;
    *out = new_node(r, PATH_LIKE_REGEX, *out, NULL);
    skip_blanks(r);
    if (peek(r) != '"')
        return syntax_error(r);
    TRY(quoted(r, &string));
    (*out)->name = json_string_value(string->value);
    if (!take(r, "flag"))
        return 0;
    skip_blanks(r);
    if (peek(r) != '"')
        return syntax_error(r);
    TRY(quoted(r, &string));
    (*out)->flags = json_string_value(string->value);
    return 0;
}

static int parse_comparison(struct path_reader *r, struct path_node **out)
{
    static const struct {
        const char *symbol;
        char op;
    } operators[] = {{"==", '='}, {"!=", '!'}, {"<>", '!'}, {"<=", '{'}, {">=", '}'}, {"<", '<'}, {">", '>'}};
    TRY(parse_expression(r, out));
    if (path_is_predicate(*out)) { // it was in parentheses
        if (!take(r, "is"))
            return 0;
        *out = new_node(r, PATH_IS_UNKNOWN, *out, NULL);
        return take(r, "unknown") ? 0 : syntax_error(r);
    }
    if (take(r, "starts")) {
        struct path_node *prefix;
        if (!take(r, "with"))
            return syntax_error(r);
        TRY(parse_primary(r, &prefix));
        *out = new_node(r, PATH_STARTS_WITH, *out, prefix);
        return 0;
    }
    if (take(r, "like_regex"))
        return parse_regex(r, out);
    for (size_t i = 0; i < ARRAY_LEN(operators); i++) {
        struct path_node *right;
        if (!take(r, operators[i].symbol))
            continue;
        TRY(parse_expression(r, &right));
        *out = new_node(r, PATH_COMPARE, *out, right);
        (*out)->op = operators[i].op;
        return 0;
    }
    return 0;
}

static int parse_not(struct path_reader *r, struct path_node **out)
{
    if (take(r, "exists")) {
        struct path_node *operand;
        if (!take(r, "("))
            return syntax_error(r);
        TRY(parse_expression(r, &operand));
        *out = new_node(r, PATH_EXISTS, operand, NULL);
        return take(r, ")") ? 0 : syntax_error(r);
    }
    if (!take(r, "!"))
        return parse_comparison(r, out);
    struct path_node *operand;
    TRY(parse_not(r, &operand));
    if (!path_is_predicate(operand))
        return syntax_error(r);
    *out = new_node(r, PATH_NOT, operand, NULL);
    return 0;
}

static int parse_and(struct path_reader *r, struct path_node **out)
{
    TRY(parse_not(r, out));
    while (path_is_predicate(*out) && take(r, "&&")) {
        struct path_node *right;
        TRY(parse_not(r, &right));
        if (!path_is_predicate(right))
            return syntax_error(r);
        *out = new_node(r, PATH_AND, *out, right);
    }
    return 0;
}

static int parse_or(struct path_reader *r, struct path_node **out)
{
    if (++r->depth > NESTING_MAX)
        return syntax_error(r);
    TRY(parse_and(r, out));
    while (path_is_predicate(*out) && take(r, "||")) {
        struct path_node *right;
        TRY(parse_and(r, &right));
        if (!path_is_predicate(right))
            return syntax_error(r);
        *out = new_node(r, PATH_OR, *out, right);
    }
    r->depth--;
    return 0;
}

int path_parse(struct arena *a, struct str text, struct path *out, struct err *err)
{
    struct path_reader r = {.arena = a, .text = text, .err = err};
    out->strict = take(&r, "strict");
    if (!out->strict)
        (void)take(&r, "lax");
    TRY(parse_or(&r, &out->root));
    skip_blanks(&r);
    return r.at == text.len ? 0 : syntax_error(&r);
}

// ---- values of type JSONPATH: the text, as path_print() has it

int path_parse_datum(struct arena *a, struct type t, struct str text, const struct value_context *vc, struct datum *out,
                     struct err *err)
{
    struct path path;
    struct buf b = BUF_INIT;
    if (text.len == 0)
        return err_set(err, ERR_INVALID_TEXT_REPRESENTATION, "invalid input syntax for type jsonpath: \"\"");
    TRY(string_parse_datum(a, T_STRING, text, vc, out, err));
    TRY(path_parse(a, out->s, &path, err));
    path_print(&b, &path);
    out->s = arena_str(a, buf_view(&b));
    buf_release(&b);
    return 0;
}

void path_print_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    buf_str(out, d.s);
}

enum { PATH_WIRE_VERSION = 1 }; // the byte before the text

int path_from_binary_datum(struct arena *a, struct type t, struct str bytes, struct datum *out, struct err *err)
{
    if (bytes.len < 1 || bytes.ptr[0] != PATH_WIRE_VERSION)
        return binary_error(err, t);
    return path_parse_datum(a, t, str_slice(bytes, 1, bytes.len), NULL, out, err);
}

void path_to_binary_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    buf_putc(out, PATH_WIRE_VERSION);
    buf_str(out, d.s);
}

int path_compare_datum(struct type t, const struct datum *a, const struct datum *b)
{
    return str_cmp(a->s, b->s);
}

uint64_t path_hash_datum(struct type t, const struct datum *d, uint64_t seed)
{
    return hash_bytes(d->s.ptr, d->s.len, seed);
}
