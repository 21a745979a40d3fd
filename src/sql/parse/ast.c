// Generic passes over the syntax tree, driven by the field tables generated from ast.def.
#include "sql/parse/ast.h"

// clang-format off
#define ENUM_BEGIN(type) const char *type##_sql(enum type v) { static const char *const sql[] = {
#define VALUE(constant, text) [constant] = text,
#define ENUM_END(type) }; return sql[v]; }
// clang-format on
#include "sql/parse/ast_enums.def"
#undef ENUM_BEGIN
#undef VALUE
#undef ENUM_END

static const size_t node_bytes[AST_KIND_COUNT] = {
#define AST(KIND, name, ...) [AST_##KIND] = sizeof(struct ast_##name),
#include "sql/parse/ast.def"
#undef AST
};

static const char *const kind_names[AST_KIND_COUNT] = {
#define AST(KIND, name, ...) [AST_##KIND] = #name,
#include "sql/parse/ast.def"
#undef AST
};

// The choice functions take their own enum; this gives them one signature.
#define ENUM_BEGIN(type)                  \
    static const char *type##_text(int v) \
    {                                     \
        return type##_sql((enum type)v);  \
    }
#define VALUE(constant, text)
#define ENUM_END(type)
#include "sql/parse/ast_enums.def"
#undef ENUM_BEGIN
#undef VALUE
#undef ENUM_END

// One function per kind holds its field table, so that `self` can name the struct inside the field macros.
#define NODE(f) {AST_FIELD_NODE, offsetof(self, f), #f, NULL},
#define LIST(f) {AST_FIELD_LIST, offsetof(self, f), #f, NULL},
#define TEXT(f) {AST_FIELD_TEXT, offsetof(self, f), #f, NULL},
#define FLAG(f) {AST_FIELD_FLAG, offsetof(self, f), #f, NULL},
#define INT(f) {AST_FIELD_INT, offsetof(self, f), #f, NULL},
#define CHOICE(type, f) {AST_FIELD_CHOICE, offsetof(self, f), #f, type##_text},
#define AST(KIND, name, ...)                                                                  \
    static const struct ast_field *fields_of_##name(void)                                     \
    {                                                                                         \
        typedef struct ast_##name self UNUSED;                                                \
        static const struct ast_field fields[] = {__VA_ARGS__{AST_FIELD_END, 0, NULL, NULL}}; \
        return fields;                                                                        \
    }
#include "sql/parse/ast.def"
#undef AST
#undef NODE
#undef LIST
#undef TEXT
#undef FLAG
#undef INT
#undef CHOICE

const struct ast_field *ast_fields(enum ast_kind kind)
{
    static const struct ast_field *(*const tables[AST_KIND_COUNT])(void) = {
#define AST(KIND, name, ...) [AST_##KIND] = fields_of_##name,
#include "sql/parse/ast.def"
#undef AST
    };
    return tables[kind]();
}

const char *ast_kind_name(enum ast_kind kind)
{
    return kind_names[kind];
}

struct ast *ast_new(struct arena *a, enum ast_kind kind, int position)
{
    size_t size = node_bytes[kind];
    struct ast *n = arena_alloc(a, size);
    memset(n, 0, size);
    n->kind = kind;
    n->position = position;
    return n;
}

// The capacity is the smallest power of two, at least 4, that holds n; so a list is full when n is one.
void ast_list_push(struct arena *a, struct ast_list *list, struct ast *item)
{
    size_t n = list->n;
    if (n == 0 || (n >= 4 && (n & (n - 1)) == 0)) {
        size_t cap = n == 0 ? 4 : size_mul(n, 2);
        struct ast **items = arena_alloc(a, size_mul(cap, sizeof(*items)));
        if (n > 0)
            memcpy(items, list->items, n * sizeof(*items));
        list->items = items;
    }
    list->items[list->n++] = item;
}

static void *field_at(const struct ast *n, const struct ast_field *f)
{
    return (char *)n + f->offset;
}

void ast_walk(struct ast *n, bool (*visit)(void *arg, struct ast *n), void *arg)
{
    if (n == NULL || !visit(arg, n))
        return;
    for (const struct ast_field *f = ast_fields(n->kind); f->type != AST_FIELD_END; f++) {
        if (f->type == AST_FIELD_NODE) {
            ast_walk(*(struct ast **)field_at(n, f), visit, arg);
        } else if (f->type == AST_FIELD_LIST) {
            struct ast_list *list = field_at(n, f);
            for (size_t i = 0; i < list->n; i++)
                ast_walk(list->items[i], visit, arg);
        }
    }
}

static bool lists_equal(const struct ast_list *a, const struct ast_list *b)
{
    if (a->n != b->n)
        return false;
    for (size_t i = 0; i < a->n; i++) {
        if (!ast_equal(a->items[i], b->items[i]))
            return false;
    }
    return true;
}

static bool fields_equal(const struct ast_field *f, const struct ast *a, const struct ast *b)
{
    const void *x = field_at(a, f), *y = field_at(b, f);
    switch (f->type) {
    case AST_FIELD_NODE:
        return ast_equal(*(struct ast *const *)x, *(struct ast *const *)y);
    case AST_FIELD_LIST:
        return lists_equal(x, y);
    case AST_FIELD_TEXT: {
        const struct str *s = x, *t = y;
        return (s->ptr == NULL) == (t->ptr == NULL) && str_eq(*s, *t);
    }
    case AST_FIELD_FLAG:
        return *(const bool *)x == *(const bool *)y;
    case AST_FIELD_INT:
        return *(const int64_t *)x == *(const int64_t *)y;
    case AST_FIELD_CHOICE:
        return *(const int *)x == *(const int *)y;
    case AST_FIELD_END:
        break;
    }
    return true;
}

bool ast_equal(const struct ast *a, const struct ast *b)
{
    if (a == b)
        return true;
    if (a == NULL || b == NULL || a->kind != b->kind)
        return false;
    for (const struct ast_field *f = ast_fields(a->kind); f->type != AST_FIELD_END; f++) {
        if (!fields_equal(f, a, b))
            return false;
    }
    return true;
}

struct ast *ast_copy(struct arena *a, const struct ast *n)
{
    if (n == NULL)
        return NULL;
    struct ast *copy = arena_dup(a, n, node_bytes[n->kind]);
    for (const struct ast_field *f = ast_fields(n->kind); f->type != AST_FIELD_END; f++) {
        void *p = field_at(copy, f);
        if (f->type == AST_FIELD_NODE) {
            *(struct ast **)p = ast_copy(a, *(struct ast **)p);
        } else if (f->type == AST_FIELD_TEXT) {
            struct str *s = p;
            if (s->ptr != NULL)
                *s = arena_str(a, *s);
        } else if (f->type == AST_FIELD_LIST) {
            struct ast_list from = *(struct ast_list *)p, to = {0};
            for (size_t i = 0; i < from.n; i++)
                ast_list_push(a, &to, ast_copy(a, from.items[i]));
            *(struct ast_list *)p = to;
        }
    }
    return copy;
}

bool ast_depth_within(const struct ast *n, int max)
{
    if (n == NULL)
        return true;
    if (max <= 0)
        return false;
    for (const struct ast_field *f = ast_fields(n->kind); f->type != AST_FIELD_END; f++) {
        if (f->type == AST_FIELD_NODE) {
            if (!ast_depth_within(*(struct ast **)field_at(n, f), max - 1))
                return false;
        } else if (f->type == AST_FIELD_LIST) {
            const struct ast_list *list = field_at(n, f);
            for (size_t i = 0; i < list->n; i++) {
                if (!ast_depth_within(list->items[i], max - 1))
                    return false;
            }
        }
    }
    return true;
}

static void dump_node(struct buf *out, const struct ast *n, int indent);

static void dump_field(struct buf *out, const struct ast_field *f, const void *p, int indent)
{
    if (f->type == AST_FIELD_TEXT && ((const struct str *)p)->ptr != NULL)
        buf_printf(out, " %s='%.*s'", f->name, STR_FMT(*(const struct str *)p));
    else if (f->type == AST_FIELD_FLAG && *(const bool *)p)
        buf_printf(out, " %s", f->name);
    else if (f->type == AST_FIELD_INT && *(const int64_t *)p != 0)
        buf_printf(out, " %s=%lld", f->name, (long long)*(const int64_t *)p);
    else if (f->type == AST_FIELD_CHOICE && *(const int *)p != 0)
        buf_printf(out, " %s=%s", f->name, f->choice_sql(*(const int *)p));
    else if (f->type == AST_FIELD_NODE && *(struct ast *const *)p != NULL) {
        buf_printf(out, "\n%*s.%s ", indent, "", f->name);
        dump_node(out, *(struct ast *const *)p, indent + 2);
    } else if (f->type == AST_FIELD_LIST && ((const struct ast_list *)p)->n > 0) {
        const struct ast_list *list = p;
        for (size_t i = 0; i < list->n; i++) {
            buf_printf(out, "\n%*s.%s[%zu] ", indent, "", f->name, i);
            dump_node(out, list->items[i], indent + 2);
        }
    }
}

static bool is_child(const struct ast_field *f)
{
    return f->type == AST_FIELD_NODE || f->type == AST_FIELD_LIST;
}

// Scalars on the node's own line first, then the children.
static void dump_node(struct buf *out, const struct ast *n, int indent)
{
    buf_cstr(out, ast_kind_name(n->kind));
    for (int children = 0; children < 2; children++) {
        for (const struct ast_field *f = ast_fields(n->kind); f->type != AST_FIELD_END; f++) {
            if (is_child(f) == (children == 1))
                dump_field(out, f, field_at(n, f), indent);
        }
    }
}

void ast_dump(struct buf *out, const struct ast *n)
{
    if (n == NULL)
        return;
    dump_node(out, n, 2);
    buf_putc(out, '\n');
}
