// SQL/JSON paths as text: keys in quotes, parentheses where the order of evaluation needs them and around an operator
// that is the whole path, as PostgreSQL prints them. Reading it gives the same path.
#include "types/jsonpath.h"
#include "types/json.h"
#include "types/types_int.h"

// How tightly an operator binds; operands that bind less, or as much, stand in parentheses.
static int priority(const struct path_node *n)
{
    switch (n->kind) {
    case PATH_OR:
        return 0;
    case PATH_AND:
        return 1;
    case PATH_COMPARE:
    case PATH_STARTS_WITH:
        return 2;
    case PATH_ARITHMETIC:
        return n->op == '+' || n->op == '-' ? 3 : 4;
    case PATH_SIGN:
        return 5;
    default:
        return 6;
    }
}

static void print_node(struct buf *out, const struct path_node *n, bool in_parentheses);

static void print_operand(struct buf *out, const struct path_node *n, const struct path_node *of)
{
    print_node(out, n, priority(n) <= priority(of));
}

static const char *operator_text(const struct path_node *n)
{
    static const char *const comparisons[] = {
        ['='] = "==", ['!'] = "!=", ['<'] = "<", ['>'] = ">", ['{'] = "<=", ['}'] = ">="};
    switch (n->kind) {
    case PATH_OR:
        return "||";
    case PATH_AND:
        return "&&";
    case PATH_COMPARE:
        return comparisons[(uint8_t)n->op];
    default:
        return "starts with";
    }
}

static void print_operator(struct buf *out, const struct path_node *n)
{
    print_operand(out, n->left, n);
    if (n->kind == PATH_ARITHMETIC)
        buf_printf(out, " %c ", n->op);
    else
        buf_printf(out, " %s ", operator_text(n));
    print_operand(out, n->right, n);
}

static void print_regex(struct buf *out, const struct path_node *n)
{
    print_operand(out, n->left, n);
    buf_cstr(out, " like_regex ");
    json_print_string(out, n->name);
    if (n->flags.len > 0) {
        buf_cstr(out, " flag ");
        json_print_string(out, n->flags);
    }
}

static void print_subscripts(struct buf *out, const struct path_node *n)
{
    for (const struct path_node *item = n->items; item != NULL; item = item->next) {
        buf_cstr(out, item == n->items ? "[" : ",");
        print_node(out, item->left, false);
        if (item->right == item->left)
            continue;
        buf_cstr(out, " to ");
        print_node(out, item->right, false);
    }
    buf_putc(out, ']');
}

static void print_level(struct buf *out, uint32_t level)
{
    if (level == UINT32_MAX)
        buf_cstr(out, "last");
    else
        buf_printf(out, "%u", level);
}

static void print_any_depth(struct buf *out, const struct path_node *n)
{
    buf_cstr(out, ".**");
    if (n->from == 0 && n->to == UINT32_MAX)
        return;
    buf_putc(out, '{');
    print_level(out, n->from);
    if (n->to != n->from) {
        buf_cstr(out, " to ");
        print_level(out, n->to);
    }
    buf_putc(out, '}');
}

// What stands behind another path.
static void print_accessor(struct buf *out, const struct path_node *n)
{
    print_node(out, n->left, true);
    switch (n->kind) {
    case PATH_KEY:
        buf_putc(out, '.');
        json_print_string(out, n->name);
        break;
    case PATH_ANY_KEY:
        buf_cstr(out, ".*");
        break;
    case PATH_ANY_DEPTH:
        print_any_depth(out, n);
        break;
    case PATH_ANY_INDEX:
        buf_cstr(out, "[*]");
        break;
    case PATH_SUBSCRIPTS:
        print_subscripts(out, n);
        break;
    case PATH_FILTER:
        buf_cstr(out, "?(");
        print_node(out, n->right, false);
        buf_putc(out, ')');
        break;
    default:
        buf_printf(out, ".%.*s()", STR_FMT(n->name));
    }
}

static void print_enclosed(struct buf *out, const char *before, const struct path_node *n, const char *after)
{
    buf_cstr(out, before);
    print_node(out, n, false);
    buf_cstr(out, after);
}

static void print_node(struct buf *out, const struct path_node *n, bool in_parentheses)
{
    bool is_operator = priority(n) < 6 || n->kind == PATH_LIKE_REGEX;
    buf_cstr(out, is_operator && in_parentheses ? "(" : "");
    switch (n->kind) {
    case PATH_ROOT:
    case PATH_CURRENT:
        buf_putc(out, n->kind == PATH_ROOT ? '$' : '@');
        break;
    case PATH_LAST:
        buf_cstr(out, "last");
        break;
    case PATH_VARIABLE:
        buf_putc(out, '$');
        json_print_string(out, n->name);
        break;
    case PATH_LITERAL:
        json_print(out, n->value);
        break;
    case PATH_SIGN:
        buf_putc(out, n->op);
        print_operand(out, n->left, n);
        break;
    case PATH_NOT:
        print_enclosed(out, "!(", n->left, ")");
        break;
    case PATH_EXISTS:
        print_enclosed(out, "exists (", n->left, ")");
        break;
    case PATH_IS_UNKNOWN:
        print_enclosed(out, "(", n->left, ") is unknown");
        break;
    case PATH_LIKE_REGEX:
        print_regex(out, n);
        break;
    case PATH_OR:
    case PATH_AND:
    case PATH_COMPARE:
    case PATH_STARTS_WITH:
    case PATH_ARITHMETIC:
        print_operator(out, n);
        break;
    default:
        print_accessor(out, n);
    }
    buf_cstr(out, is_operator && in_parentheses ? ")" : "");
}

void path_print(struct buf *out, const struct path *path)
{
    buf_cstr(out, path->strict ? "strict " : "");
    print_node(out, path->root, true);
}
