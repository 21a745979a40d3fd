// Hidden columns that indexes bring: one for each indexed expression, and the shard column of hash-sharded indexes.
// They are computed columns like others and go with the last index that uses them.

#include "sql/ddl/ddl_int.h"
#include "sql/parse/ast_print.h"
#include "sql/parse/parse.h"

enum { SHARDS_DEFAULT = 16, SHARDS_MAX = 2048 };

// Remembers the table as it is before the first hidden column is added to rows that exist.
static int before_columns(struct table_work *w, struct err *err)
{
    if (w->is_new || w->before != NULL)
        return 0;
    TRY(edit_save(&w->edit, w->dc, err));
    return cat_table_by_id(w->dc->view, w->edit.t.id, &w->before, err);
}

static struct cat_column *same_expression(struct table_edit *e, struct str sql)
{
    for (size_t i = 0; i < e->columns.len; i++)
        if (cat_column_inaccessible(&e->columns.ptr[i]) && str_eq(e->columns.ptr[i].computed_sql, sql))
            return &e->columns.ptr[i];
    return NULL;
}

int index_expression_column(struct table_work *w, const struct ast *expr, struct cat_column **out, struct err *err)
{
    struct ddl_services *s = w->dc->services;
    struct ddl_expr e = {0};
    struct type any = {.family = TYPE_UNKNOWN};
    TRY(s->check_expr(s, w->dc, edit_table(&w->edit), expr, any, DDL_EXPR_INDEX, &e, err));
    *out = same_expression(&w->edit, e.sql);
    if (*out != NULL)
        return 0;
    TRY(before_columns(w, err));
    struct str name = STR("crdb_internal_idx_expr");
    for (int i = 1; edit_column(&w->edit, name) != NULL; i++)
        name = arena_printf(w->dc->arena, "crdb_internal_idx_expr_%d", i);
    *out = edit_add_column(
        &w->edit, (struct cat_column){
                      .name = name, .type = e.type, .hidden = true, .computed_sql = e.sql, .computed_virtual = true});
    return 0;
}

static int shard_count(struct table_work *w, const struct ast_index_def *def, int64_t *n, struct err *err)
{
    struct ddl_services *s = w->dc->services;
    const struct ast *value = def->hash_buckets;
    for (size_t i = 0; i < def->storage.n; i++) {
        const struct ast_option *o = ast_as_option(def->storage.items[i]);
        if (str_eqc(o->name, "bucket_count"))
            value = o->value;
    }
    struct ddl_expr e = {0};
    *n = SHARDS_DEFAULT;
    if (value == NULL)
        return 0;
    TRY(s->check_expr(s, w->dc, NULL, value, T_INT8, DDL_EXPR_DEFAULT, &e, err));
    *n = e.is_constant && !e.value.null ? e.value.i : 0;
    if (*n < 2 || *n > SHARDS_MAX)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE,
                       "hash sharded index bucket count must be in range [2, 2048], got %lld", (long long)*n);
    return 0;
}

// crdb_internal_a_b_shard_16 and its expression.
static void shard_texts(struct table_work *w, const struct ast_index_def *def, int64_t n, struct str *name,
                        struct str *sql)
{
    struct buf names = BUF_INIT, columns = BUF_INIT;
    for (size_t i = 0; i < def->columns.n; i++) {
        struct str column = ast_as_index_elem(def->columns.items[i])->column;
        buf_printf(&names, "%.*s_", STR_FMT(column));
        buf_cstr(&columns, i > 0 ? ", " : "");
        print_identifier(&columns, column);
    }
    *name = arena_printf(w->dc->arena, "crdb_internal_%sshard_%lld", buf_c(&names), (long long)n);
    *sql = arena_printf(w->dc->arena, "mod(fnv32(md5(crdb_internal.datums_to_bytes(%s))), %lld)", buf_c(&columns),
                        (long long)n);
    buf_release(&names);
    buf_release(&columns);
}

int index_shard_column(struct table_work *w, const struct ast_index_def *def, struct cat_column **out, struct err *err)
{
    struct ddl_services *s = w->dc->services;
    struct ddl_expr e = {0};
    struct str name, sql;
    struct ast *node;
    int64_t n;
    for (size_t i = 0; i < def->columns.n; i++)
        if (ast_as_index_elem(def->columns.items[i])->expr != NULL)
            return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "hash sharded indexes with expressions are not supported");
    TRY(shard_count(w, def, &n, err));
    shard_texts(w, def, n, &name, &sql);
    *out = edit_column(&w->edit, name);
    if (*out != NULL)
        return 0;
    TRY(before_columns(w, err));
    TRY(parse_expr(w->dc->arena, sql, &node, err));
    TRY(s->check_expr(s, w->dc, edit_table(&w->edit), node, T_INT8, DDL_EXPR_INDEX, &e, err));
    *out = edit_add_column(&w->edit, (struct cat_column){.name = name,
                                                         .type = T_INT8,
                                                         .not_null = true,
                                                         .hidden = true,
                                                         .computed_sql = e.sql,
                                                         .computed_virtual = true});
    return 0;
}

const struct ddl_column_value *index_column_values(struct table_work *w, const struct cat_table *after, size_t *n)
{
    struct ddl_column_value *values = ARENA_ARRAY(w->dc->arena, struct ddl_column_value, after->n_columns);
    *n = 0;
    for (size_t i = 0; w->before != NULL && i < after->n_columns; i++) {
        const struct cat_column *c = &after->columns[i];
        if (cat_column_of_index(c) && cat_column_by_id(w->before, c->id) == NULL)
            values[(*n)++] = (struct ddl_column_value){c->id, c->computed_sql};
    }
    return values;
}

static bool in_key(const struct cat_index *index, uint32_t id)
{
    for (size_t i = 0; i < index->n_columns; i++)
        if (index->columns[i].column_id == id)
            return true;
    return false;
}

void index_columns_prune(struct table_edit *e)
{
    size_t kept = 0;
    for (size_t i = 0; i < e->columns.len; i++) {
        bool used = !cat_column_of_index(&e->columns.ptr[i]) || in_key(&e->primary, e->columns.ptr[i].id);
        for (size_t k = 0; k < e->indexes.len && !used; k++)
            used = in_key(&e->indexes.ptr[k], e->columns.ptr[i].id);
        if (used)
            e->columns.ptr[kept++] = e->columns.ptr[i];
    }
    e->columns.len = kept;
}
