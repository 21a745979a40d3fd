// What the grammar's actions do beyond filling a node.
#include "sql/parse/parse_int.h"
#include <stdarg.h>

void *parse_node(struct parser *p, size_t size)
{
    p->n_nodes++;
    return arena_alloc(p->arena, size);
}

struct ast_list list_of(struct parser *p, struct ast *item)
{
    struct ast_list list = {0};
    if (item != NULL)
        ast_list_push(p->arena, &list, item);
    return list;
}

struct ast_list list_add(struct parser *p, struct ast_list list, struct ast *item)
{
    ast_list_push(p->arena, &list, item);
    return list;
}

// Names and text -------------------------------------------------------------------------------------------------

struct ast *mk_name(struct parser *p, int pos, struct str name)
{
    return MK(p, NAME, name, pos, .name = name);
}

struct ast *mk_object(struct parser *p, int pos, struct str database, struct str schema, struct str name)
{
    return MK(p, OBJECT_NAME, object_name, pos, .database = database, .schema = schema, .name = name);
}

struct ast *mk_name_tuple(struct parser *p, int pos, struct ast_list names)
{
    return MK(p, TUPLE, tuple, pos, .items = names);
}

struct str str_upper(struct parser *p, struct str s)
{
    char *out = arena_alloc_aligned(p->arena, s.len + 1, 1);
    for (size_t i = 0; i < s.len; i++)
        out[i] = s.ptr[i] >= 'a' && s.ptr[i] <= 'z' ? (char)(s.ptr[i] - 32) : s.ptr[i];
    return (struct str){out, s.len};
}

struct ast_list upper_names(struct parser *p, struct ast_list names)
{
    for (size_t i = 0; i < names.n; i++) {
        struct ast_name *n = (struct ast_name *)names.items[i];
        n->name = str_upper(p, n->name);
    }
    return names;
}

struct str str_join(struct parser *p, struct str a, const char *separator, struct str b)
{
    return arena_printf(p->arena, "%.*s%s%.*s", STR_FMT(a), separator, STR_FMT(b));
}

bool is_bare_word(const struct ast_grant *g, const char *word)
{
    if (g->target != AST_GRANT_ON_TABLE || g->targets.n != 1 || g->targets.items[0]->kind != AST_OBJECT_NAME)
        return false;
    const struct ast_object_name *o = ast_as_object_name(g->targets.items[0]);
    return o->schema.ptr == NULL && str_eqc(o->name, word);
}

// Numbers --------------------------------------------------------------------------------------------------------

static bool is_hex(struct str s)
{
    return s.len > 2 && s.ptr[0] == '0' && (s.ptr[1] | 0x20) == 'x';
}

static bool hex_value(struct str s, int64_t *out)
{
    uint64_t v = 0;
    for (size_t i = 2; i < s.len; i++) {
        int c = s.ptr[i];
        if (v >> 59 != 0)
            return false;
        v = v << 4 | (uint64_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    *out = (int64_t)v;
    return v <= INT64_MAX;
}

static bool numeral_value(struct str text, int64_t *out)
{
    return is_hex(text) ? hex_value(text, out) : str_to_i64(text, out);
}

int64_t int_of(struct parser *p, struct str text, bool *ok)
{
    (void)p;
    int64_t v = 0;
    *ok = numeral_value(text, &v);
    return v;
}

struct ast *mk_integer(struct parser *p, int pos, int64_t value)
{
    struct str text = arena_printf(p->arena, "%lld", (long long)value);
    return MK(p, NUMBER, number, pos, .text = text, .is_integer = true, .fits_int64 = true, .value = value);
}

struct ast *mk_number(struct parser *p, int pos, struct str text, bool is_integer)
{
    int64_t value = 0;
    bool fits = is_integer && numeral_value(text, &value);
    return MK(p, NUMBER, number, pos, .text = text, .is_integer = is_integer, .fits_int64 = fits,
              .value = fits ? value : 0);
}

struct ast *mk_placeholder(struct parser *p, int pos, struct str text)
{
    int64_t index = 0;
    str_to_i64(text, &index);
    p->n_placeholders = MAX(p->n_placeholders, (int)index);
    return MK(p, PLACEHOLDER, placeholder, pos, .index = index);
}

// A minus sign before a numeral without one becomes part of it, so that the least integer can be written.
struct ast *mk_negated(struct parser *p, int pos, struct ast *operand)
{
    struct ast_number *n = (struct ast_number *)operand;
    if (operand->kind != AST_NUMBER || n->text.ptr[0] == '-')
        return MK(p, UNARY, unary, pos, .op = AST_UNARY_MINUS, .operand = operand);
    struct str text = str_join(p, STR("-"), "", n->text);
    int64_t value = -n->value;
    bool fits = n->fits_int64;
    if (n->is_integer && !fits)
        fits = str_to_i64(text, &value);
    return MK(p, NUMBER, number, pos, .text = text, .is_integer = n->is_integer, .fits_int64 = fits,
              .value = fits ? value : 0);
}

// Expressions ----------------------------------------------------------------------------------------------------

struct ast *mk_binary(struct parser *p, int pos, enum ast_op op, struct ast *left, struct ast *right)
{
    if (op == AST_OP_DIV && p->options != NULL && p->options->integer_division)
        op = AST_OP_QUOTIENT;
    return MK(p, BINARY, binary, pos, .op = op, .left = left, .right = right);
}

struct ast *mk_like(struct parser *p, int pos, enum ast_op op, struct ast *left, struct ast *right, struct ast *escape)
{
    return MK(p, BINARY, binary, pos, .op = op, .left = left, .right = right, .escape = escape);
}

// AND and OR chains grow one node, so that long ones are not deep.
struct ast *mk_logical(struct parser *p, int pos, enum ast_kind kind, struct ast *left, struct ast *right)
{
    struct ast_and *chain = (struct ast_and *)left;
    _Static_assert(offsetof(struct ast_and, args) == offsetof(struct ast_or, args), "AND and OR share a layout");
    if (left->kind != kind) {
        chain = (struct ast_and *)MK(p, AND, and, pos, .args = list_of(p, left));
        chain->base.kind = kind;
    }
    ast_list_push(p->arena, &chain->args, right);
    return &chain->base;
}

struct ast *mk_call(struct parser *p, int pos, const char *name, struct ast_list args)
{
    struct ast *object = mk_object(p, pos, STR_NONE, STR_NONE, str_of(name));
    return MK(p, FUNC_CALL, func_call, pos, .name = object, .args = args);
}

struct ast *mk_option(struct parser *p, int pos, struct str name, struct ast *value)
{
    return MK(p, OPTION, option, pos, .name = name, .value = value);
}

struct ast *mk_text_option(struct parser *p, int pos, const char *name, struct str value)
{
    return mk_option(p, pos, str_of(name), MK(p, STRING, string, pos, .value = value));
}

// Types ----------------------------------------------------------------------------------------------------------

// Names of one word that are no keywords, and their canonical name.
static const struct {
    const char *alias, *name;
} type_aliases[] = {
    {"blob", "bytes"}, {"bytea", "bytes"}, {"int64", "int8"},        {"int4", "int4"},
    {"json", "jsonb"}, {"text", "string"}, {"bigserial", "serial8"}, {"smallserial", "serial2"},
};

struct ast *mk_type(struct parser *p, int pos, const char *name, struct ast_list modifiers)
{
    return MK(p, TYPE_NAME, type_name, pos, .name = str_of(name), .modifiers = modifiers);
}

static bool ints_are_short(const struct parser *p)
{
    return p->options != NULL && p->options->default_int_size == 4;
}

struct ast *mk_int_type(struct parser *p, int pos)
{
    return mk_type(p, pos, ints_are_short(p) ? "int4" : "int8", list_of(p, NULL));
}

struct ast *mk_float_type(struct parser *p, int pos, int64_t precision)
{
    if (precision < 1) {
        parse_fail(p, "precision for type float must be at least 1 bit");
        return NULL;
    }
    if (precision > 53) {
        parse_fail(p, "precision for type float must be less than 54 bits");
        return NULL;
    }
    return mk_type(p, pos, precision <= 24 ? "float4" : "float8", list_of(p, NULL));
}

// CHAR and BIT without length have length 1. NULL on a bad length.
struct ast *mk_char_type(struct parser *p, int pos, const char *name, struct ast_list modifiers)
{
    bool fixed = strcmp(name, "bpchar") == 0 || strcmp(name, "bit") == 0;
    if (modifiers.n == 0 && fixed)
        modifiers = list_of(p, mk_integer(p, pos, 1));
    if (modifiers.n > 0) {
        const struct ast_number *n = (const struct ast_number *)modifiers.items[0];
        if (modifiers.n > 1 || n->base.kind != AST_NUMBER || !n->fits_int64) {
            parse_fail(p, "invalid length for type %s", name);
            return NULL;
        }
        if (n->value < 1) {
            parse_fail(p, "length for type %s must be at least 1", strcmp(name, "bpchar") == 0 ? "CHAR" : name);
            return NULL;
        }
    }
    return mk_type(p, pos, name, modifiers);
}

struct ast *mk_named_type(struct parser *p, int pos, struct ast *object, struct ast_list modifiers)
{
    const struct ast_object_name *o = ast_as_object_name(object);
    struct str name = o->name;
    if (o->schema.ptr == NULL) {
        for (size_t i = 0; i < ARRAY_LEN(type_aliases); i++) {
            if (str_eqc(name, type_aliases[i].alias))
                name = str_of(type_aliases[i].name);
        }
        if (str_eqc(name, "serial"))
            name = ints_are_short(p) ? STR("serial4") : STR("serial8");
    }
    return MK(p, TYPE_NAME, type_name, pos, .database = o->database, .schema = o->schema, .name = name,
              .modifiers = modifiers);
}

// Queries --------------------------------------------------------------------------------------------------------

struct ast *query_of(struct parser *p, struct ast *body)
{
    return body->kind == AST_SELECT ? body : MK(p, SELECT, select, body->position, .body = body);
}

struct ast *select_into(struct parser *p, struct ast *statement)
{
    if (p->into == NULL)
        return statement;
    struct ast *first = statement;
    while (first->kind == AST_SELECT || first->kind == AST_SET_OP)
        first = first->kind == AST_SELECT ? ((struct ast_select *)first)->body : ((struct ast_set_op *)first)->left;
    if (first != p->into_core)
        return NULL;
    ((struct ast_create_table *)p->into)->as_query = statement;
    p->into->position = statement->position;
    return p->into;
}

struct ast *query_body(struct ast *query)
{
    if (query->kind != AST_SELECT)
        return query;
    struct ast_select *s = (struct ast_select *)query;
    bool bare = s->with == NULL && s->order_by.n == 0 && s->limit == NULL && s->offset == NULL && s->locking.n == 0 &&
                !s->limit_all;
    return bare ? s->body : query;
}

struct ast *values_of(struct parser *p, int pos, struct ast *expr)
{
    struct ast *row = MK(p, TUPLE, tuple, pos, .items = list_of(p, expr));
    return query_of(p, MK(p, VALUES, values, pos, .rows = list_of(p, row)));
}

// Merges one hint flag; returns its name when it was set before.
#define MERGE_FLAG(into, from, field, name) \
    do {                                    \
        if ((from)->field) {                \
            if ((into)->field)              \
                return (name);              \
            (into)->field = (from)->field;  \
        }                                   \
    } while (0)

const char *merge_index_hint(struct ast_index_hint *into, const struct ast_index_hint *from)
{
    bool had = into->index.ptr != NULL || into->index_id != 0;
    if (from->index.ptr != NULL || from->index_id != 0) {
        if (had)
            return "FORCE_INDEX";
        into->index = from->index;
        into->index_id = from->index_id;
    }
    MERGE_FLAG(into, from, direction, "ASC/DESC");
    MERGE_FLAG(into, from, no_index_join, "NO_INDEX_JOIN");
    MERGE_FLAG(into, from, no_full_scan, "NO_FULL_SCAN");
    MERGE_FLAG(into, from, avoid_full_scan, "AVOID_FULL_SCAN");
    MERGE_FLAG(into, from, no_zigzag_join, "NO_ZIGZAG_JOIN");
    MERGE_FLAG(into, from, force_zigzag, "FORCE_ZIGZAG");
    MERGE_FLAG(into, from, force_inverted, "FORCE_INVERTED_INDEX");
    MERGE_FLAG(into, from, ignore_foreign_keys, "IGNORE_FOREIGN_KEYS");
    MERGE_FLAG(into, from, ignore_unique_without_index, "IGNORE_UNIQUE_WITHOUT_INDEX");
    return NULL;
}

const char *merge_txn_modes(struct ast_txn_modes *into, const struct ast_txn_modes *from)
{
    MERGE_FLAG(into, from, isolation, "isolation level");
    MERGE_FLAG(into, from, access, "read mode");
    MERGE_FLAG(into, from, priority, "user priority");
    MERGE_FLAG(into, from, deferrable, "deferrable mode");
    MERGE_FLAG(into, from, as_of, "AS OF SYSTEM TIME");
    return NULL;
}

struct ast *mk_insert(struct parser *p, int pos, struct ast *with, struct ast *table, struct ast *rest,
                      struct ast *on_conflict, struct ast *returning)
{
    const struct ast_insert *r = ast_as_insert(returning);
    struct ast_insert *n = (struct ast_insert *)rest;
    n->base.position = pos;
    n->with = with;
    n->table = table;
    n->on_conflict = on_conflict;
    n->returning = r->returning;
    n->returning_nothing = r->returning_nothing;
    return rest;
}

// Schema ---------------------------------------------------------------------------------------------------------

struct ast *mk_drop(struct parser *p, int pos, enum ast_object kind, bool if_exists, struct ast_list names,
                    int behavior)
{
    return MK(p, DROP, drop, pos, .kind = kind, .if_exists = if_exists, .names = names,
              .behavior = (enum ast_drop_behavior)behavior);
}

struct ast *mk_alter_object(struct parser *p, int pos, enum ast_object kind, struct ast *name, bool if_exists,
                            enum ast_alter_action action, struct str new_name)
{
    return MK(p, ALTER_OBJECT, alter_object, pos, .kind = kind, .name = name, .if_exists = if_exists, .action = action,
              .new_name = new_name);
}

// Which qualifications a column may have once, and what is said when there are more.
static const struct {
    enum ast_constraint_kind kind;
    const char *problem;
} once_per_column[] = {
    {AST_CONSTRAINT_DEFAULT, "multiple default values specified"},
    {AST_CONSTRAINT_ON_UPDATE, "multiple ON UPDATE values specified"},
    {AST_CONSTRAINT_FOREIGN_KEY, "multiple foreign key constraints specified"},
    {AST_CONSTRAINT_FAMILY, "multiple column families specified"},
    {AST_CONSTRAINT_PRIMARY_KEY, "multiple primary keys specified"},
    {AST_CONSTRAINT_COLLATE, "multiple COLLATE declarations"},
    {AST_CONSTRAINT_COMPUTED_STORED, "multiple computed expressions specified"},
    {AST_CONSTRAINT_COMPUTED_VIRTUAL, "multiple computed expressions specified"},
};

const char *check_column_constraints(struct ast_list constraints)
{
    unsigned seen = 0;
    for (size_t i = 0; i < constraints.n; i++) {
        enum ast_constraint_kind kind = ast_as_constraint(constraints.items[i])->kind;
        for (size_t j = 0; j < ARRAY_LEN(once_per_column); j++) {
            if (once_per_column[j].kind == kind && (seen & 1u << kind))
                return once_per_column[j].problem;
        }
        seen |= 1u << kind;
    }
    unsigned conflict = 1u << AST_CONSTRAINT_NULL | 1u << AST_CONSTRAINT_NOT_NULL;
    return (seen & conflict) == conflict ? "conflicting NULL/NOT NULL declarations" : NULL;
}

bool check_table_elements(struct ast_list elements, bool create_as)
{
    for (size_t i = 0; i < elements.n; i++) {
        const struct ast *e = elements.items[i];
        bool typed = e->kind == AST_COLUMN_DEF && ast_as_column_def(e)->type != NULL;
        bool untyped = e->kind == AST_COLUMN_DEF && !typed;
        if (create_as ? typed || e->kind == AST_INDEX_DEF || e->kind == AST_LIKE_TABLE : untyped)
            return false;
    }
    return true;
}

static const struct {
    const char *name;
    int method;
} index_methods[] = {
    {"btree", AST_INDEX_BTREE},     {"prefix", AST_INDEX_BTREE},      {"gin", AST_INDEX_INVERTED},
    {"gist", AST_INDEX_INVERTED},   {"inverted", AST_INDEX_INVERTED}, {"cspann", AST_INDEX_VECTOR},
    {"vector", AST_INDEX_VECTOR},   {"hnsw", AST_INDEX_VECTOR},       {"hash", AST_INDEX_BTREE | INDEX_METHOD_HASH},
    {"brin", INDEX_METHOD_MISSING}, {"spgist", INDEX_METHOD_MISSING}, {"rtree", INDEX_METHOD_MISSING},
};

int index_method_of(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(index_methods); i++) {
        if (str_eqc(name, index_methods[i].name))
            return index_methods[i].method;
    }
    return -1;
}

void set_extension_option(struct ast_create_extension *e, const struct ast_option *option)
{
    struct str value = option->value != NULL ? ast_as_name(option->value)->name : STR_NONE;
    if (str_eqc(option->name, "schema"))
        e->schema = value;
    else if (str_eqc(option->name, "cascade"))
        e->cascade = true;
    else
        e->version = value;
}

void set_statistics_options(struct ast_create_statistics *s, struct ast_list options)
{
    for (size_t i = 0; i < options.n; i++) {
        struct ast_option *o = (struct ast_option *)options.items[i];
        if (str_eqc(o->name, "using extremes"))
            s->using_extremes = true;
        else if (str_eqc(o->name, "where"))
            s->where = o->value;
        else if (str_eqc(o->name, "as of"))
            s->as_of = o->value;
        else if (str_eqc(o->name, "throttling"))
            s->options = options;
    }
}

// Access and session ---------------------------------------------------------------------------------------------

static bool is_one_of(struct str word, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (str_eqc(word, words[i]))
            return true;
    }
    return false;
}

bool is_explain_option(struct str word)
{
    static const char *const options[] = {"plan",  "verbose", "types", "opt",  "distsql", "vec",
                                          "debug", "redact",  "env",   "memo", "catalog", "fingerprint",
                                          "gist",  "json",    "shape", "viz",  "ddl"};
    return is_one_of(word, options, ARRAY_LEN(options));
}

bool is_role_option(struct str word)
{
    static const char *const options[] = {
        "login",
        "sqllogin",
        "createdb",
        "createrole",
        "createlogin",
        "controljob",
        "replication",
        "bypassrls",
        "superuser",
        "inherit",
        "controlchangefeed",
        "cancelquery",
        "viewactivity",
        "modifyclustersetting",
        "viewclustersetting",
        "viewactivityredacted",
    };
    struct str bare = str_has_prefix(word, STR("no")) ? str_slice(word, 2, word.len) : word;
    return is_one_of(bare, options, ARRAY_LEN(options));
}

struct ast *mk_setting(struct parser *p, int pos, enum ast_set_scope scope, const char *name, struct ast *value)
{
    bool to_default = value->kind == AST_DEFAULT;
    return MK(p, SET_VAR, set_var, pos, .scope = scope, .name = str_of(name),
              .values = list_of(p, to_default ? NULL : value), .to_default = to_default);
}

struct ast *mk_fetch(struct parser *p, int pos, enum ast_fetch_direction direction, int64_t count, struct str cursor)
{
    return MK(p, FETCH, fetch, pos, .direction = direction, .count = count, .cursor = cursor);
}

struct ast *mk_control(struct parser *p, int pos, int action, enum ast_controlled what, struct ast *ids, bool if_exists)
{
    return MK(p, CONTROL, control, pos, .action = (enum ast_control_action)action, .what = what, .ids = ids,
              .if_exists = if_exists);
}

struct ast *mk_inspect(struct parser *p, int pos, struct ast *options, struct ast *object, struct ast *as_of)
{
    struct ast_inspect *n = (struct ast_inspect *)options;
    options->position = pos;
    n->object = object;
    n->as_of = as_of;
    return options;
}

struct ast *mk_restore(struct parser *p, int pos, struct ast *targets, struct ast *subdirectory, struct ast_list from,
                       struct ast *as_of, struct ast_list options)
{
    const struct ast_backup *t = ast_as_backup(targets);
    return MK(p, RESTORE, restore, pos, .target = t->target, .targets = t->targets, .subdirectory = subdirectory,
              .latest = subdirectory == NULL, .from = from, .as_of = as_of, .options = options);
}
