// ALTER TABLE and ALTER INDEX … SPLIT AT, UNSPLIT AT, UNSPLIT ALL, SCATTER: split points are kept and shown by SHOW
// RANGES; where data is they do not change, and SCATTER has nowhere to move it to.
#include "catalog/splits.h"
#include "keys/keys.h"
#include "sql/session/splits_int.h"
#include "types/tuple.h"

static const struct ast_alter_table_cmd *split_command(const struct ast *statement)
{
    if (statement->kind != AST_ALTER_TABLE || ast_as_alter_table(statement)->cmds.n != 1)
        return NULL;
    const struct ast_alter_table_cmd *cmd = ast_as_alter_table_cmd(ast_as_alter_table(statement)->cmds.items[0]);
    bool is = cmd->action == AST_ALTER_SPLIT_AT || cmd->action == AST_ALTER_UNSPLIT_AT ||
              cmd->action == AST_ALTER_UNSPLIT_ALL || cmd->action == AST_ALTER_SCATTER;
    return is ? cmd : NULL;
}

bool is_split(const struct ast *statement)
{
    return split_command(statement) != NULL;
}

void split_columns(struct show *sh, const struct ast *statement)
{
    static const struct show_column columns[] = {
        {"key", TYPE_OID_BYTES}, {"pretty", TYPE_OID_STRING}, {"split_enforced_until", TYPE_OID_TIMESTAMP}};
    show_columns(sh, columns, split_command(statement)->action == AST_ALTER_SPLIT_AT ? 3 : 2);
}

// ---- rows of values as keys

// SELECT keys FROM (query) AS keys: each row as one value that knows its types.
static const struct ast *as_rows(struct arena *a, const struct ast *query)
{
    struct ast_subquery *subquery = AST_NEW(a, SUBQUERY, subquery, 0);
    struct ast_aliased_table *source = AST_NEW(a, ALIASED_TABLE, aliased_table, 0);
    struct ast_column_ref *ref = AST_NEW(a, COLUMN_REF, column_ref, 0);
    struct ast_target *target = AST_NEW(a, TARGET, target, 0);
    struct ast_select_core *core = AST_NEW(a, SELECT_CORE, select_core, 0);
    struct ast_select *select = AST_NEW(a, SELECT, select, 0);
    subquery->query = (struct ast *)query;
    source->source = &subquery->base;
    source->alias = STR("keys");
    ref->column = STR("keys");
    target->expr = &ref->base;
    ast_list_push(a, &core->targets, &target->base);
    ast_list_push(a, &core->from, &source->base);
    select->body = &core->base;
    return &select->base;
}

// Columns of an index's key: its own, then of one that is not unique the rest of the primary key.
struct key_part {
    const struct cat_column *column;
    bool descending;
};

static size_t key_parts(struct arena *a, const struct cat_table *t, const struct cat_index *index,
                        struct key_part **out)
{
    struct key_part *parts = ARENA_ARRAY(a, struct key_part, index->n_columns + t->primary->n_columns);
    size_t n = 0;
    for (size_t i = 0; i < index->n_columns; i++)
        parts[n++] = (struct key_part){cat_column_by_id(t, index->columns[i].column_id), index->columns[i].descending};
    for (size_t i = 0; i < t->primary->n_columns && !index->unique; i++) {
        const struct cat_column *c = cat_column_by_id(t, t->primary->columns[i].column_id);
        bool listed = false;
        for (size_t k = 0; k < n && !listed; k++)
            listed = parts[k].column == c;
        if (!listed)
            parts[n++] = (struct key_part){c, false};
    }
    *out = parts;
    return n;
}

static int put_values(struct show *sh, struct buf *key, const struct key_part *parts, size_t n, struct type type,
                      struct str tuple, struct err *err)
{
    struct tuple_reader r = tuple_open(type, tuple);
    struct tuple_field field;
    struct eval_context ec;
    eval_context_init(sh->session, &ec, sh->arena);
    for (size_t i = 0; i < n && tuple_next(&r, &field); i++) {
        struct type want = parts[i].column->type;
        struct datum value = field.value;
        if (!value.null && cast_allowed(field.type, want) < CAST_ASSIGNMENT)
            return err_set(err, ERR_DATATYPE_MISMATCH,
                           "SPLIT AT data column %zu (%.*s) must be of type %s, not type %s", i + 1,
                           STR_FMT(parts[i].column->name), type_family_name(want), type_family_name(field.type));
        if (!value.null)
            TRY(cast_datum(&ec, field.type, want, false, value, &value, err));
        key_put_datum(key, want, &value, parts[i].descending ? KEY_DESC : KEY_ASC);
    }
    return 0;
}

int split_keys(struct show *sh, const struct cat_table *t, const struct cat_index *index, const struct ast *query,
               bool whole, struct split_keys *out, struct err *err)
{
    struct query_values values;
    struct key_part *parts;
    *out = (struct split_keys){0};
    if (index->kind == CAT_INDEX_INVERTED)
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "unimplemented: splits of inverted indexes");
    TRY(query_values(sh->session, sh->arena, as_rows(sh->arena, query), &values, err));
    size_t n = key_parts(sh->arena, t, index, &parts);
    for (size_t i = 0; i < values.items.len; i++) {
        struct str tuple = values.items.ptr[i].s;
        struct buf key = BUF_INIT;
        if (tuple_count(tuple) > n)
            return err_set(err, ERR_SYNTAX_ERROR, "too many columns in SPLIT AT data");
        if (whole && tuple_count(tuple) != n)
            return err_set(err, ERR_INVALID_PARAMETER_VALUE,
                           "number of values must equal number of columns in index \"%.*s\"", STR_FMT(index->name));
        key_put_index(&key, catalog_cluster(cat_view_catalog(sh->view)), t->id, index->id);
        int rc = put_values(sh, &key, parts, n, values.type, tuple, err);
        if (rc == 0)
            ARENA_PUSH(sh->arena, &out->v, arena_str(sh->arena, buf_view(&key)));
        buf_release(&key);
        TRY(rc);
    }
    return 0;
}

// ---- the statements

static struct datum *key_row(struct show *sh, struct str key)
{
    struct buf b = BUF_INIT;
    struct datum *row = show_row(sh);
    key_print(&b, key);
    row[0] = datum_str(key);
    row[1] = show_take(sh, &b);
    return row;
}

static int expiration(struct show *sh, const struct ast *expr, int64_t *micros, struct err *err)
{
    *micros = CAT_SPLIT_FOREVER_MICROS;
    if (expr == NULL)
        return 0;
    struct query_values values;
    struct eval_context ec;
    struct datum at;
    struct ast_select_core *core = AST_NEW(sh->arena, SELECT_CORE, select_core, 0);
    struct ast_select *select = AST_NEW(sh->arena, SELECT, select, 0);
    struct ast_target *target = AST_NEW(sh->arena, TARGET, target, 0);
    target->expr = (struct ast *)expr;
    ast_list_push(sh->arena, &core->targets, &target->base);
    select->body = &core->base;
    TRY(query_values(sh->session, sh->arena, &select->base, &values, err));
    if (values.items.len != 1 || values.items.ptr[0].null || cast_allowed(values.type, T_TIMESTAMP) == CAST_NONE)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "SPLIT AT: expiration time must be a timestamp");
    eval_context_init(sh->session, &ec, sh->arena);
    TRY(cast_datum(&ec, values.type, T_TIMESTAMP, true, values.items.ptr[0], &at, err));
    *micros = at.i;
    if (at.i >= clock_wall_ns() / 1000)
        return 0;
    return err_set(err, ERR_INVALID_PARAMETER_VALUE,
                   "SPLIT AT: expiration time should be greater than or equal to "
                   "current time");
}

static int split_at(struct show *sh, const struct ast_alter_table_cmd *cmd, const struct split_keys *keys,
                    struct err *err)
{
    int64_t until;
    TRY(expiration(sh, cmd->expr, &until, err));
    for (size_t i = 0; i < keys->v.len; i++) {
        TRY(cat_split_put(sh->view, sh->arena, keys->v.ptr[i], until, err));
        key_row(sh, keys->v.ptr[i])[2] = datum_int(until);
    }
    return 0;
}

static int unsplit_at(struct show *sh, const struct split_keys *keys, struct err *err)
{
    struct cat_range *ranges;
    size_t n;
    TRY(cat_ranges(sh->view, sh->arena, &ranges, &n, err));
    for (size_t i = 0; i < keys->v.len; i++) {
        struct str key = keys->v.ptr[i];
        bool found = false;
        for (size_t k = 1; k < n && !found; k++)
            found = str_eq(ranges[k].start, key);
        if (!found) {
            struct buf b = BUF_INIT;
            key_print(&b, key);
            err_set(err, ERR_INVALID_PARAMETER_VALUE, "could not UNSPLIT AT %.*s: key is not the start of a range",
                    STR_FMT(buf_view(&b)));
            buf_release(&b);
            return ERR_INVALID_PARAMETER_VALUE;
        }
        TRY(cat_splits_remove(sh->view, (struct kv_range){key, key_next(sh->arena, key)}, err));
        key_row(sh, key);
    }
    return 0;
}

// Of the span: every split goes, or (SCATTER) each range is told.
static int whole_span(struct show *sh, struct kv_range span, bool unsplit, struct err *err)
{
    struct cat_range *ranges;
    size_t n;
    TRY(cat_ranges(sh->view, sh->arena, &ranges, &n, err));
    for (size_t i = 0; i < n; i++) {
        bool begins_inside = str_cmp(ranges[i].start, span.start) >= 0 && str_cmp(ranges[i].start, span.end) < 0;
        if (unsplit ? begins_inside && i > 0 : cat_range_overlaps(&ranges[i], span))
            key_row(sh, begins_inside ? ranges[i].start : span.start);
    }
    return unsplit ? cat_splits_remove(sh->view, span, err) : 0;
}

static int find_target(struct show *sh, const struct ast *name, const struct cat_table **t,
                       const struct cat_index **index, struct err *err)
{
    const struct cat_database *database;
    if (name->kind == AST_INDEX_NAME) {
        TRY(show_current_database(sh, &database, err));
        TRY(show_index(sh, ast_as_index_name(name), database, t, index, err));
    } else {
        TRY(show_table(sh, name, t, err));
        *index = (*t)->primary;
    }
    TRY(cat_check_table_privilege(sh->view, sh->session->user, *t, CAT_PRIVILEGE_INSERT, err));
    if (*index != NULL)
        return 0;
    return err_set(err, ERR_WRONG_OBJECT_TYPE, "\"%.*s\" is not a table", STR_FMT((*t)->name));
}

static int run(struct show *sh, const struct ast *ast, struct err *err)
{
    const struct ast_alter_table_cmd *cmd = split_command(ast);
    const struct ast *name = ast_as_alter_table(ast)->name;
    const struct cat_table *t;
    const struct cat_index *index;
    struct split_keys keys;
    uint64_t cluster = catalog_cluster(cat_view_catalog(sh->view));
    split_columns(sh, ast);
    TRY(find_target(sh, name, &t, &index, err));
    if (cmd->def != NULL) {
        TRY(split_keys(sh, t, index, cmd->def, false, &keys, err));
        return cmd->action == AST_ALTER_SPLIT_AT ? split_at(sh, cmd, &keys, err) : unsplit_at(sh, &keys, err);
    }
    struct kv_range span = name->kind == AST_INDEX_NAME ? key_index_range(sh->arena, cluster, t->id, index->id)
                                                        : key_table_range(sh->arena, cluster, t->id);
    return whole_span(sh, span, cmd->action == AST_ALTER_UNSPLIT_ALL, err);
}

int run_split(struct session *s, const struct ast *ast, bool describe, struct arena *a, struct err *err)
{
    struct show_result result = {.arena = a};
    struct show sh = {.session = s, .arena = a, .view = s->view, .out = &result};
    if (s->txn_read_only)
        return err_set(err, ERR_READ_ONLY_SQL_TRANSACTION, "cannot execute %s in a read-only transaction",
                       ast_tag(ast));
    TRY(run(&sh, ast, err));
    return show_send(s, &result, describe, err);
}
