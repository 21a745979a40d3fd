// Names to columns.
#include "sql/analyze/analyze_int.h"

struct scope *scope_new(struct analyzer *an, struct scope *outer)
{
    struct scope *s = ARENA_NEW(an->arena, struct scope);
    s->outer = outer;
    return s;
}

void scope_add(struct analyzer *an, struct scope *s, struct scope_column column)
{
    ARENA_PUSH(an->arena, &s->columns, column);
}

void scope_append(struct analyzer *an, struct scope *to, const struct scope *from)
{
    for (size_t i = 0; i < from->columns.len; i++)
        scope_add(an, to, from->columns.ptr[i]);
}

bool scope_has(const struct scope *s, struct str name)
{
    for (size_t i = 0; i < s->columns.len; i++) {
        if (str_eq(s->columns.ptr[i].name, name))
            return true;
    }
    return false;
}

bool scope_has_table(const struct scope *s, struct str table)
{
    for (size_t i = 0; i < s->columns.len; i++) {
        if (str_eq(s->columns.ptr[i].table, table))
            return true;
    }
    return false;
}

struct cte_binding *scope_find_cte(struct scope *s, struct str name)
{
    for (; s != NULL; s = s->outer) {
        for (struct cte_binding *b = s->ctes; b != NULL; b = b->next) {
            if (str_eq(b->cte->name, name))
                return b;
        }
    }
    return NULL;
}

static bool column_matches(const struct scope_column *c, const struct ast_column_ref *ref)
{
    if (!str_eq(c->name, ref->column))
        return false;
    if (ref->table.ptr == NULL)
        return !c->qualified_only;
    if (!str_eq(c->table, ref->table))
        return false;
    if (ref->schema.ptr != NULL && !str_eq(c->schema, ref->schema))
        return false;
    return ref->database.ptr == NULL || str_eq(c->database, ref->database);
}

static int ambiguous(const struct scope *s, const struct ast_column_ref *ref, struct err *err)
{
    struct buf candidates = BUF_INIT;
    for (size_t i = 0; i < s->columns.len; i++) {
        const struct scope_column *c = &s->columns.ptr[i];
        if (column_matches(c, ref))
            buf_printf(&candidates, "%s%.*s.%.*s", candidates.len > 0 ? ", " : "",
                       STR_FMT(c->table.len > 0 ? c->table : STR("<anonymous>")), STR_FMT(c->name));
    }
    err_set(err, ERR_AMBIGUOUS_COLUMN, "column reference \"%.*s\" is ambiguous (candidates: %s)", STR_FMT(ref->column),
            buf_c(&candidates));
    buf_release(&candidates);
    return err_at(err, ref->base.position);
}

static int not_found(const struct scope *s, const struct ast_column_ref *ref, struct err *err)
{
    if (ref->table.ptr == NULL) {
        err_set(err, ERR_UNDEFINED_COLUMN, "column \"%.*s\" does not exist", STR_FMT(ref->column));
        return err_at(err, ref->base.position);
    }
    bool table_known = false;
    for (const struct scope *at = s; at != NULL; at = at->outer)
        table_known |= scope_has_table(at, ref->table);
    if (table_known)
        err_set(err, ERR_UNDEFINED_COLUMN, "column \"%.*s.%.*s\" does not exist", STR_FMT(ref->table),
                STR_FMT(ref->column));
    else
        err_set(err, ERR_UNDEFINED_TABLE, "no data source matches prefix: %.*s in this context", STR_FMT(ref->table));
    return err_at(err, ref->base.position);
}

// A table's name used as a value is the whole row.
static struct expr *whole_row(struct analyzer *an, const struct scope *s, struct str table)
{
    uint32_t n = 0;
    for (size_t i = 0; i < s->columns.len; i++)
        n += str_eq(s->columns.ptr[i].table, table) && !s->columns.ptr[i].hidden && !s->columns.ptr[i].system;
    if (n == 0)
        return NULL;
    struct expr *row = expr_new(an->arena, EXPR_TUPLE, T_RECORD, n);
    struct type *types = ARENA_ARRAY(an->arena, struct type, n);
    struct str *names = ARENA_ARRAY(an->arena, struct str, n);
    uint32_t k = 0;
    for (size_t i = 0; i < s->columns.len; i++) {
        const struct scope_column *c = &s->columns.ptr[i];
        if (!str_eq(c->table, table) || c->hidden || c->system)
            continue;
        row->args[k] = expr_column(an->query, c->column);
        types[k] = row->args[k]->type;
        names[k++] = c->name;
    }
    row->field_types = types;
    row->field_names = names;
    row->parameter = n;
    return row;
}

// A name in a function's body that is no column may be one of its parameters.
static bool is_parameter(struct analyzer *an, const struct ast_column_ref *ref, uint32_t *index)
{
    const struct analyze_options *o = an->options;
    bool qualified = ref->table.ptr != NULL;
    if (o->parameter_names == NULL || ref->schema.ptr != NULL || (qualified && !str_eq(ref->table, o->routine_name)))
        return false;
    for (size_t i = 0; i < o->n_parameter_oids; i++) {
        if (o->parameter_names[i].len > 0 && str_eq(o->parameter_names[i], ref->column)) {
            *index = (uint32_t)i;
            return true;
        }
    }
    return false;
}

int variable_find(struct analyzer *an, const struct ast_column_ref *ref, struct expr **out, struct err *err)
{
    const struct analyze_variables *v = an->options->variables;
    *out = NULL;
    if (v == NULL)
        return 0;
    TRY(v->find(v->arg, an->arena, ref, out, err));
    if (*out != NULL)
        (*out)->position = ref->base.position;
    return 0;
}

// A name that is a column too.
static int variable_or_column(struct analyzer *an, const struct ast_column_ref *ref, struct err *err)
{
    struct expr *variable;
    if (an->options->variables == NULL || an->options->variables->conflict != VARIABLE_OR_COLUMN)
        return 0;
    TRY(variable_find(an, ref, &variable, err));
    if (variable == NULL)
        return 0;
    err_set(err, ERR_AMBIGUOUS_COLUMN, "column reference \"%.*s%s%.*s\" is ambiguous", STR_FMT(ref->table),
            ref->table.len > 0 ? "." : "", STR_FMT(ref->column));
    err_detail(err, "It could refer to either a PL/pgSQL variable or a table column.");
    return err_at(err, ref->base.position);
}

static bool key_matches(const struct scope_column *c, const struct ast_column_ref *ref)
{
    bool schema = ref->schema.ptr == NULL || str_eq(c->schema, ref->schema);
    bool database = ref->database.ptr == NULL || str_eq(c->database, ref->database);
    return c->key_of != 0 && schema && database && (ref->table.ptr == NULL || str_eq(c->table, ref->table));
}

// System columns of stored tables that are the same in every row. There is no logical replication that rows could have
// come by.
static struct expr *system_constant(struct analyzer *an, enum cat_system_column which, uint32_t table_id)
{
    switch (which) {
    case CAT_SYSTEM_TABLEOID:
        return expr_const(an->arena, T_OID, datum_int(table_id));
    case CAT_SYSTEM_ORIGIN_ID:
        return expr_const(an->arena, T_INT4, datum_int(0));
    case CAT_SYSTEM_ORIGIN_TIMESTAMP:
        return expr_const(an->arena, T_DECIMAL, DATUM_NULL);
    case CAT_SYSTEM_NONE:
    case CAT_SYSTEM_MVCC_TIMESTAMP:
    case CAT_SYSTEM_CTID:
        break;
    }
    return NULL;
}

static const struct scope_column *column_of_table(struct analyzer *an, const struct scope *s, struct str name,
                                                  const struct cat_table *t, uint32_t column_id)
{
    for (size_t i = 0; i < s->columns.len; i++) {
        const struct scope_column *c = &s->columns.ptr[i];
        const struct col_info *info = query_column(an->query, c->column);
        if (info->table == t && info->table_column_id == column_id && str_eq(c->table, name))
            return c;
    }
    return NULL;
}

// ctid: which row it is, by its primary key; so it stays when the row changes. NULL when the key is not in scope.
static struct expr *row_tid(struct analyzer *an, const struct scope *s, const struct scope_column *key)
{
    const struct cat_table *t = query_column(an->query, key->column)->table;
    size_t n_functions;
    if (t == NULL || t->id != key->key_of)
        return NULL;
    struct expr *tid = expr_new(an->arena, EXPR_CALL, T_TID, (uint32_t)t->primary->n_columns);
    tid->fn = fn_lookup(STR("crdb_internal.row_tid"), &n_functions)[0];
    for (size_t i = 0; i < t->primary->n_columns; i++) {
        const struct scope_column *c = column_of_table(an, s, key->table, t, t->primary->columns[i].column_id);
        if (c == NULL)
            return NULL;
        tid->args[i] = expr_column(an->query, c->column);
    }
    return tid;
}

// NULL in rows that an outer join has added. *out NULL: there is no table.
static int system_column(struct analyzer *an, const struct scope *s, const struct ast_column_ref *ref,
                         struct expr **out, struct err *err)
{
    const struct scope_column *key = NULL;
    for (size_t i = 0; i < s->columns.len; i++) {
        const struct scope_column *c = &s->columns.ptr[i];
        if (!key_matches(c, ref))
            continue;
        if (key != NULL) {
            err_set(err, ERR_AMBIGUOUS_COLUMN,
                    "column reference \"%.*s\" is ambiguous (candidates: %.*s.%.*s, %.*s.%.*s)", STR_FMT(ref->column),
                    STR_FMT(key->table), STR_FMT(ref->column), STR_FMT(c->table), STR_FMT(ref->column));
            return err_at(err, ref->base.position);
        }
        key = c;
    }
    enum cat_system_column which = cat_system_column(ref->column);
    if (key != NULL && which == CAT_SYSTEM_CTID)
        *out = row_tid(an, s, key);
    struct expr *value = key != NULL ? system_constant(an, which, key->key_of) : NULL;
    if (value == NULL)
        return 0;
    struct expr *there = expr_new(an->arena, EXPR_IS_NULL, T_BOOL, 1);
    there->flag = true;
    there->args[0] = expr_column(an->query, key->column);
    *out = expr_new(an->arena, EXPR_CASE, value->type, 3);
    (*out)->args[0] = there;
    (*out)->args[1] = value;
    (*out)->args[2] = expr_const(an->arena, value->type, DATUM_NULL);
    return 0;
}

int scope_resolve(struct analyzer *an, struct scope *s, const struct ast_column_ref *ref, struct expr **out,
                  struct err *err)
{
    const struct analyze_variables *variables = an->options->variables;
    *out = NULL;
    if (variables != NULL && variables->conflict == VARIABLE_FIRST)
        TRY(variable_find(an, ref, out, err));
    if (*out != NULL)
        return 0;
    for (struct scope *at = s; at != NULL; at = at->outer) {
        const struct scope_column *hit = NULL;
        for (size_t i = 0; i < at->columns.len; i++) {
            const struct scope_column *c = &at->columns.ptr[i];
            if (!column_matches(c, ref))
                continue;
            if (hit != NULL && hit->column != c->column)
                return ambiguous(at, ref, err);
            hit = c;
        }
        if (hit != NULL) {
            TRY(variable_or_column(an, ref, err));
            *out = expr_column(an->query, hit->column);
            (*out)->position = ref->base.position;
            return 0;
        }
    }
    if (variables != NULL)
        TRY(variable_find(an, ref, out, err));
    if (*out != NULL)
        return 0;
    uint32_t parameter;
    if (is_parameter(an, ref, &parameter))
        return parameter_type(an, parameter, T_ANYELEMENT, out, err);
    for (struct scope *at = s; at != NULL && (ref->table.ptr == NULL || ref->star); at = at->outer) {
        if ((*out = whole_row(an, at, ref->star ? ref->table : ref->column)) != NULL)
            return 0;
    }
    struct expr *system = NULL;
    bool named = cat_system_column(ref->column) != CAT_SYSTEM_NONE;
    for (struct scope *at = s; named && at != NULL && system == NULL; at = at->outer)
        TRY(system_column(an, at, ref, &system, err));
    if (system == NULL)
        return not_found(s, ref, err);
    *out = system;
    (*out)->position = ref->base.position;
    return 0;
}
