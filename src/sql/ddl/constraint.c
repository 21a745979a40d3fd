// Constraints and indexes added to a table that is being created or altered.

#include "keys/inverted.h"
#include "keys/keys.h"
#include "sql/ddl/ddl_int.h"
#include <stdio.h>
#include <stdlib.h>

static int free_or_given_name(struct table_work *w, struct str given, struct str generated, struct str *out,
                              struct err *err)
{
    *out = given.len > 0 ? given : generated;
    if (given.len > 0 && edit_has_constraint(&w->edit, given))
        return err_set(err, ERR_DUPLICATE_OBJECT, "duplicate constraint name: \"%.*s\"", STR_FMT(given));
    return 0;
}

static const char *table_prefix(struct table_work *w)
{
    return arena_cstr(w->dc->arena, w->edit.t.name);
}

// Saves what was changed so far and gives the descriptor as it is read back, for the services.
static int save(struct table_work *w, const struct cat_table **out, struct err *err)
{
    TRY(edit_save(&w->edit, w->dc, err));
    TRY(cat_table_by_id(w->dc->view, w->edit.t.id, out, err));
    INVARIANT(*out != NULL);
    return 0;
}

int work_open(struct table_work *w, struct ddl_context *dc, const struct cat_table *t, struct err *err)
{
    *w = (struct table_work){.dc = dc};
    edit_open(&w->edit, dc->arena, t);
    TRY(cat_database_by_id(dc->view, t->database_id, &w->database, err));
    TRY(cat_schema_by_id(dc->view, t->schema_id, &w->schema, err));
    return 0;
}

// ---- indexes

static int check_index_method(const struct ast_index_def *def, struct err *err)
{
    if (def->method == AST_INDEX_INVERTED && def->unique)
        return err_set(err, ERR_INVALID_OBJECT_DEFINITION, "inverted indexes can't be unique");
    if (def->method == AST_INDEX_INVERTED && def->storing.n > 0)
        return err_set(err, ERR_INVALID_OBJECT_DEFINITION, "inverted indexes don't support stored columns");
    if (def->method == AST_INDEX_INVERTED && def->hash_sharded)
        return err_set(err, ERR_INVALID_OBJECT_DEFINITION, "inverted indexes don't support hash sharding");
    if (def->method == AST_INDEX_VECTOR)
        return ddl_unimplemented(err, "vector indexes");
    return ddl_refuse_partitions(def->partition_by, err);
}

static int check_inverted(const struct ast_index_elem *e, const struct cat_column *c, struct err *err)
{
    static const char *const classes[] = {"gin_trgm_ops",   "gist_trgm_ops", "jsonb_ops",
                                          "jsonb_path_ops", "array_ops",     "tsvector_ops"};
    bool known = e->opclass.len == 0, trigram = c->type.family == TYPE_STRING;
    for (size_t i = 0; i < ARRAY_LEN(classes) && !known; i++)
        known = str_eqc(e->opclass, classes[i]) && (i < 2) == trigram;
    if (!known)
        return err_set(err, ERR_UNDEFINED_OBJECT, "operator class \"%.*s\" does not exist", STR_FMT(e->opclass));
    if (e->direction == AST_DIRECTION_DESC)
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED,
                       "the last column in an inverted index cannot have the DESC option");
    if (trigram && e->opclass.len == 0) {
        err_set(err, ERR_UNDEFINED_OBJECT, "data type %s has no default operator class for access method \"gin\"",
                type_family_name(c->type));
        return err_hint(err, "You must specify an operator class for the index (did you mean gin_trgm_ops?)");
    }
    if (inverted_type(c->type))
        return 0;
    return err_set(err, ERR_FEATURE_NOT_SUPPORTED,
                   "column %.*s of type %s is not allowed as the last column in an inverted index", STR_FMT(c->name),
                   type_family_name(c->type));
}

// Operator classes of PostgreSQL's ordinary indexes that order as these do: a type's own, and strings by their bytes.
static bool is_usual_order(struct str opclass)
{
    static const char *const classes[] = {"text_pattern_ops",   "varchar_pattern_ops",
                                          "bpchar_pattern_ops", "text_ops",
                                          "varchar_ops",        "bpchar_ops",
                                          "int2_ops",           "int4_ops",
                                          "int8_ops",           "numeric_ops",
                                          "float4_ops",         "float8_ops",
                                          "bool_ops",           "bytea_ops",
                                          "date_ops",           "time_ops",
                                          "uuid_ops",           "timestamp_ops",
                                          "timestamptz_ops",    "interval_ops",
                                          "inet_ops",           "enum_ops"};
    for (size_t i = 0; i < ARRAY_LEN(classes); i++) {
        if (str_eqc(opclass, classes[i]))
            return true;
    }
    return false;
}

static int check_element(const struct ast_index_elem *e, struct err *err)
{
    if (e->opclass.len > 0 && !is_usual_order(e->opclass))
        return err_set(err, ERR_DATATYPE_MISMATCH,
                       "operator classes are only allowed for the last column of an inverted index");
    bool descending = e->direction == AST_DIRECTION_DESC;
    if (e->nulls != AST_NULLS_DEFAULT && (e->nulls == AST_NULLS_LAST) != descending)
        return ddl_unimplemented(err, descending ? "DESC NULLS FIRST" : "ASC NULLS LAST");
    return 0;
}

static bool index_has(const struct cat_index *index, size_t n, uint32_t column_id)
{
    for (size_t i = 0; i < n; i++)
        if (index->columns[i].column_id == column_id)
            return true;
    return false;
}

struct str index_collations(struct table_work *w, const struct cat_index *index)
{
    return cat_index_collations(w->dc->arena, w->edit.columns.ptr, w->edit.columns.len, index);
}

static int need_stored(struct table_work *w, const char *refused, struct str name, struct cat_column **out,
                       struct err *err)
{
    if (edit_column(&w->edit, name) == NULL && cat_system_column(name) != CAT_SYSTEM_NONE)
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "%s system column %.*s", refused, STR_FMT(name));
    return edit_need_column(&w->edit, name, out, err);
}

static int build_columns(struct table_work *w, const struct ast_index_def *def, struct cat_index *out, struct err *err)
{
    struct cat_index_column *columns = ARENA_ARRAY(w->dc->arena, struct cat_index_column, def->columns.n + 1);
    struct cat_column *c;
    out->columns = columns;
    if (def->hash_sharded) {
        for (size_t i = 0; i < def->columns.n; i++)
            TRY(edit_need_column(&w->edit, ast_as_index_elem(def->columns.items[i])->column, &c, err));
        TRY(index_shard_column(w, def, &c, err));
        columns[out->n_columns++].column_id = c->id;
    }
    for (size_t i = 0; i < def->columns.n; i++) {
        const struct ast_index_elem *e = ast_as_index_elem(def->columns.items[i]);
        bool inverted = def->method == AST_INDEX_INVERTED && i + 1 == def->columns.n;
        if (!inverted)
            TRY(check_element(e, err));
        if (e->expr != NULL)
            TRY(index_expression_column(w, e->expr, &c, err));
        else
            TRY(need_stored(w, "cannot index", e->column, &c, err));
        if (index_has(out, out->n_columns, c->id))
            return err_set(err, ERR_INVALID_OBJECT_DEFINITION, "index \"%.*s\" contains duplicate column \"%.*s\"",
                           STR_FMT(def->name), STR_FMT(c->name));
        if (inverted)
            TRY(check_inverted(e, c, err));
        else if (type_is(c->type, TYPE_VECTOR))
            return err_set(err, ERR_FEATURE_NOT_SUPPORTED,
                           "column %.*s has type vector, which is not indexable in a non-vector index",
                           STR_FMT(c->name));
        else if (!key_type_is_indexable(c->type))
            return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "column %.*s is of type %s and thus is not indexable",
                           STR_FMT(c->name), type_family_name(c->type));
        columns[out->n_columns++] = (struct cat_index_column){c->id, e->direction == AST_DIRECTION_DESC};
    }
    out->collations = index_collations(w, out);
    return 0;
}

static int build_storing(struct table_work *w, const struct ast_index_def *def, struct cat_index *out, struct err *err)
{
    uint32_t *storing = ARENA_ARRAY(w->dc->arena, uint32_t, def->storing.n);
    size_t n = 0;
    for (size_t i = 0; i < def->storing.n; i++) {
        struct str name = ast_as_name(def->storing.items[i])->name;
        struct cat_column *c;
        TRY(need_stored(w, "index cannot store", name, &c, err));
        bool has = index_has(out, out->n_columns, c->id);
        has |= w->edit.has_primary && index_has(&w->edit.primary, w->edit.primary.n_columns, c->id);
        for (size_t k = 0; k < n; k++)
            has |= storing[k] == c->id;
        if (has && w->dc->postgresql) // INCLUDE may say so there
            continue;
        if (has)
            return err_set(err, ERR_DUPLICATE_COLUMN, "index \"%.*s\" already contains column \"%.*s\"",
                           STR_FMT(def->name), STR_FMT(name));
        storing[n++] = c->id;
    }
    out->storing = storing;
    out->n_storing = n;
    return 0;
}

static int build_predicate(struct table_work *w, const struct ast_index_def *def, struct cat_index *out,
                           struct err *err)
{
    struct ddl_services *s = w->dc->services;
    struct ddl_expr e = {0};
    if (def->where == NULL)
        return 0;
    TRY(s->check_expr(s, w->dc, edit_table(&w->edit), def->where, T_BOOL, DDL_EXPR_PREDICATE, &e, err));
    out->predicate_sql = e.sql;
    return 0;
}

int index_set_visibility(struct cat_index *index, struct str number, struct err *err)
{
    char text[64];
    snprintf(text, sizeof(text), "%.*s", STR_FMT(number));
    double visibility = strtod(text, NULL);
    if (visibility < 0 || visibility > 1)
        return err_set(err, ERR_SYNTAX_ERROR, "VISIBILITY must be between 0.0 and 1.0 inclusive");
    index->not_visible = visibility == 0;
    index->hidden_ppm = index->not_visible ? 0 : (uint32_t)((1 - visibility) * CAT_HIDDEN_ALWAYS + 0.5);
    return 0;
}

int index_build(struct table_work *w, const struct ast_index_def *def, struct cat_index *out, struct err *err)
{
    *out = (struct cat_index){.unique = def->unique, .not_visible = def->not_visible};
    if (def->visibility != NULL)
        TRY(index_set_visibility(out, ast_as_number(def->visibility)->text, err));
    if (def->method == AST_INDEX_INVERTED)
        out->kind = CAT_INDEX_INVERTED;
    TRY(check_index_method(def, err));
    TRY(build_columns(w, def, out, err));
    TRY(build_storing(w, def, out, err));
    TRY(build_predicate(w, def, out, err));
    uint32_t *ids = ARENA_ARRAY(w->dc->arena, uint32_t, out->n_columns);
    for (size_t i = 0; i < out->n_columns; i++)
        ids[i] = out->columns[i].column_id;
    out->name = def->name.len > 0
                    ? def->name
                    : edit_free_name(&w->edit, table_prefix(w), ids, out->n_columns, def->unique ? "_key" : "_idx");
    if (def->name.len > 0 && edit_has_constraint(&w->edit, def->name))
        return err_set(err, ERR_DUPLICATE_TABLE, "index with name \"%.*s\" already exists", STR_FMT(def->name));
    return 0;
}

int index_add(struct table_work *w, struct cat_index index, struct err *err)
{
    const struct cat_table *t;
    struct ddl_services *s = w->dc->services;
    index.id = w->edit.t.next_index_id++;
    if (online_can_defer(w)) {
        index.state = CAT_INDEX_WRITE_ONLY;
        online_defer(w);
    }
    ARENA_PUSH(w->dc->arena, &w->edit.indexes, index);
    if (w->is_new)
        return 0;
    TRY(save(w, &t, err));
    w->before = NULL;
    return index.state == CAT_INDEX_WRITE_ONLY ? 0 : s->backfill_index(s, w->dc, t, cat_index_by_id(t, index.id), err);
}

// ---- primary keys

static int multiple_primary_keys(struct table_work *w, struct err *err)
{
    return err_set(err, ERR_INVALID_TABLE_DEFINITION, "multiple primary keys for table \"%.*s\" are not allowed",
                   STR_FMT(w->edit.t.name));
}

// The hidden column of a table without primary key, when it is the key; else NULL.
static const struct cat_column *hidden_column(struct table_edit *e, const struct cat_index *primary)
{
    if (primary->n_columns != 1)
        return NULL;
    const struct cat_column *c = edit_column_by_id(e, primary->columns[0].column_id);
    bool is_rowid = c != NULL && c->hidden && str_has_prefix(c->name, STR("rowid"));
    return is_rowid && str_eqc(c->default_sql, "unique_rowid()") ? c : NULL;
}

static const struct cat_column *hidden_key(struct table_edit *e)
{
    return e->has_primary ? hidden_column(e, &e->primary) : NULL;
}

static int key_columns_not_null(struct table_work *w, const struct cat_index *primary, struct err *err)
{
    struct ddl_services *s = w->dc->services;
    for (size_t i = 0; i < primary->n_columns; i++) {
        struct cat_column *c = edit_column_by_id(&w->edit, primary->columns[i].column_id);
        if (!w->is_new && !c->not_null)
            TRY(s->validate_not_null(s, w->dc, edit_table(&w->edit), c, err));
        c->not_null = true;
    }
    return 0;
}

static void remove_column(struct table_edit *e, uint32_t id)
{
    size_t kept = 0;
    for (size_t i = 0; i < e->columns.len; i++)
        if (e->columns.ptr[i].id != id)
            e->columns.ptr[kept++] = e->columns.ptr[i];
    e->columns.len = kept;
}

static bool column_is_indexed(const struct table_edit *e, uint32_t id)
{
    for (size_t i = 0; i < e->indexes.len; i++)
        if (index_has(&e->indexes.ptr[i], e->indexes.ptr[i].n_columns, id))
            return true;
    return false;
}

void primary_key_retire_hidden(struct table_edit *e, const struct cat_index *old)
{
    const struct cat_column *c = hidden_column(e, old);
    if (c != NULL && !index_has(&e->primary, e->primary.n_columns, c->id) && !column_is_indexed(e, c->id))
        remove_column(e, c->id);
}

// The old key stays as a unique index unless it was the hidden column, which goes.
static void retire_old_key(struct table_work *w, const struct cat_column *hidden)
{
    struct cat_index old = w->edit.primary;
    if (hidden != NULL && !column_is_indexed(&w->edit, hidden->id))
        remove_column(&w->edit, hidden->id);
    if (hidden != NULL || !w->keep_old_key)
        return;
    uint32_t *ids = ARENA_ARRAY(w->dc->arena, uint32_t, old.n_columns);
    for (size_t i = 0; i < old.n_columns; i++)
        ids[i] = old.columns[i].column_id;
    old.name = edit_free_name(&w->edit, table_prefix(w), ids, old.n_columns, "_key");
    old.is_constraint = false;
    ARENA_PUSH(w->dc->arena, &w->edit.indexes, old);
}

// Foreign keys of others need a unique index over what they reference.
static int references_stay_served(struct table_work *w, struct str key_name, struct err *err)
{
    const struct cat_table *t = edit_table(&w->edit), *origin;
    for (size_t i = 0; i < t->n_inbound; i++) {
        if (unique_index_over(t, t->inbound[i].referenced_columns, t->inbound[i].n_columns) != NULL)
            continue;
        TRY(cat_table_by_id(w->dc->view, t->inbound[i].origin_table_id, &origin, err));
        return err_set(err, ERR_DEPENDENT_OBJECTS_STILL_EXIST,
                       "\"%.*s\" is referenced by foreign key from table \"%.*s\"", STR_FMT(key_name),
                       STR_FMT(origin != NULL ? origin->name : STR_EMPTY));
    }
    return 0;
}

// The same left to a job: every index is made anew beside the old ones.
static int defer_key(struct table_work *w, struct cat_index primary, struct err *err)
{
    struct table_edit *e = &w->edit;
    struct table_work after = {.dc = w->dc, .keep_old_key = w->keep_old_key};
    edit_open(&after.edit, w->dc->arena, edit_table(e));
    retire_old_key(&after, hidden_key(&after.edit));
    struct cat_index old =
        after.edit.indexes.len > e->indexes.len ? after.edit.indexes.ptr[e->indexes.len] : (struct cat_index){0};
    after.edit.primary = primary;
    TRY(references_stay_served(&after, e->primary.name, err));
    for (size_t i = 0; i < primary.n_columns; i++) {
        const struct cat_column *c = edit_column_by_id(e, primary.columns[i].column_id);
        if (!c->not_null)
            online_defer_not_null(w, c);
    }
    online_rewrite(w, primary);
    size_t n = e->indexes.len;
    for (size_t i = 0; i < n; i++)
        if (e->indexes.ptr[i].state == CAT_INDEX_PUBLIC)
            online_replace_index(w, e->indexes.ptr[i]);
    if (old.n_columns > 0) {
        online_replace_index(w, old);
        e->indexes.ptr[e->indexes.len - 1].replaces = 0;
    }
    return 0;
}

// Every row is written under the new key and every secondary index, which holds the key, is built anew.
static int replace_key(struct table_work *w, struct cat_index primary, struct err *err)
{
    const struct cat_table *before, *after;
    struct ddl_services *s = w->dc->services;
    TRY(key_columns_not_null(w, &primary, err));
    TRY(cat_table_by_id(w->dc->view, w->edit.t.id, &before, err));
    retire_old_key(w, hidden_key(&w->edit));
    primary.id = w->edit.t.next_index_id++;
    w->edit.primary = primary;
    TRY(references_stay_served(w, before->primary->name, err));
    for (size_t i = 0; i < w->edit.indexes.len; i++)
        w->edit.indexes.ptr[i].id = w->edit.t.next_index_id++;
    TRY(save(w, &after, err));
    size_t n;
    const struct ddl_column_value *values = index_column_values(w, after, &n);
    TRY(s->rewrite_table(s, w->dc, before, after, values, n, err));
    w->before = NULL;
    TRY(cat_delete_data(w->dc->view, before->id, before->primary->id, err));
    for (size_t i = 0; i < before->n_indexes; i++)
        TRY(cat_delete_data(w->dc->view, before->id, before->indexes[i].id, err));
    return 0;
}

int primary_key_set(struct table_work *w, const struct ast_index_def *def, struct str name, struct err *err)
{
    struct ast_index_def unnamed = *def;
    struct cat_index primary;
    bool replaces = w->replaces_key || w->keep_old_key;
    if (w->edit.has_primary && hidden_key(&w->edit) == NULL && !replaces)
        return multiple_primary_keys(w, err);
    unnamed.name = STR_NONE;
    unnamed.unique = true;
    TRY(index_build(w, &unnamed, &primary, err));
    if (primary.predicate_sql.len > 0 || primary.n_storing > 0)
        return err_set(err, ERR_SYNTAX_ERROR, "primary keys cannot have a predicate or STORING columns");
    primary.name = name.len > 0          ? name
                   : w->edit.has_primary ? w->edit.primary.name
                                         : arena_printf(w->dc->arena, "%s_pkey", table_prefix(w));
    primary.is_constraint = true;
    if (online_can_defer(w))
        return defer_key(w, primary, err);
    if (!w->is_new)
        return replace_key(w, primary, err);
    TRY(key_columns_not_null(w, &primary, err));
    primary.id = KEY_INDEX_PRIMARY;
    w->edit.primary = primary;
    w->edit.has_primary = true;
    w->edit.t.next_index_id = KEY_INDEX_PRIMARY + 1;
    return 0;
}

static int add_unique(struct table_work *w, const struct ast_constraint *c, struct err *err)
{
    struct ast_index_def def = *ast_as_index_def(c->index);
    struct cat_index index;
    if (c->without_index)
        return ddl_unimplemented(err, "UNIQUE WITHOUT INDEX");
    def.unique = true;
    def.name = c->name.len > 0 ? c->name : def.name;
    TRY(index_build(w, &def, &index, err));
    index.is_constraint = true;
    return index_add(w, index, err);
}

// ---- checks

// check_a_b; in the dialect of PostgreSQL t_a_check, or t_check of several columns.
static struct str free_check_name(struct table_work *w, const struct ddl_expr *e)
{
    if (!w->dc->postgresql)
        return edit_free_name(&w->edit, "check", e->columns, e->n_columns, "");
    const char *table = arena_printf(w->dc->arena, "%.*s", STR_FMT(w->edit.t.name)).ptr;
    return edit_free_name(&w->edit, table, e->columns, e->n_columns == 1 ? 1 : 0, "_check");
}

static int add_check(struct table_work *w, const struct ast_constraint *c, struct err *err)
{
    struct ddl_services *s = w->dc->services;
    struct ddl_expr e = {0};
    const struct cat_table *t;
    TRY(s->check_expr(s, w->dc, edit_table(&w->edit), c->expr, T_BOOL, DDL_EXPR_CHECK, &e, err));
    struct cat_check check = {.sql = e.sql, .columns = e.columns, .n_columns = e.n_columns, .validated = !c->not_valid};
    TRY(free_or_given_name(w, c->name, free_check_name(w, &e), &check.name, err));
    if (online_can_defer(w) && !c->not_valid) {
        check.pending = CAT_PENDING_ADD;
        check.validated = false;
        online_defer(w);
    }
    ARENA_PUSH(w->dc->arena, &w->edit.checks, check);
    if (w->is_new || !check.validated)
        return 0;
    TRY(save(w, &t, err));
    return s->validate_check(s, w->dc, t, &t->checks[t->n_checks - 1], err);
}

// ---- foreign keys

static bool same_columns(const struct cat_index *index, const uint32_t *columns, size_t n)
{
    if (index->n_columns != n || !index->unique || index->predicate_sql.len > 0 || index->state != CAT_INDEX_PUBLIC)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!index_has(index, index->n_columns, columns[i]))
            return false;
    return true;
}

const struct cat_index *unique_index_over(const struct cat_table *t, const uint32_t *columns, size_t n)
{
    if (t->primary != NULL && same_columns(t->primary, columns, n))
        return t->primary;
    for (size_t i = 0; i < t->n_indexes; i++)
        if (same_columns(&t->indexes[i], columns, n))
            return &t->indexes[i];
    return NULL;
}

static int same_persistence(struct table_work *w, const struct cat_table *to, struct err *err)
{
    const struct cat_schema *from, *target;
    TRY(cat_schema_by_id(w->dc->view, w->edit.t.schema_id, &from, err));
    TRY(cat_schema_by_id(w->dc->view, to->schema_id, &target, err));
    bool temporary = from != NULL && cat_schema_is_temporary(from->name);
    if (target == NULL || temporary == cat_schema_is_temporary(target->name))
        return 0;
    const char *kind = temporary ? "temporary" : "permanent";
    return err_set(err, ERR_INVALID_TABLE_DEFINITION, "constraints on %s tables may reference only %s tables", kind,
                   kind);
}

// The referenced table; the table being made may refer to itself before it is in the catalog.
static int referenced_table(struct table_work *w, const struct ast_constraint *c, const struct cat_table **out,
                            struct err *err)
{
    struct ddl_parts p = ddl_parts_of(c->ref_table);
    bool self_named = w->is_new && str_eq(p.parts[p.n - 1], w->edit.t.name);
    TRY(ddl_find_table(w->dc, c->ref_table, self_named, out, err));
    if (*out == NULL || (*out)->id == w->edit.t.id) {
        *out = edit_table(&w->edit);
        return 0;
    }
    if ((*out)->database_id != w->edit.t.database_id) {
        err_set(err, ERR_INVALID_FOREIGN_KEY,
                "foreign references between databases are not allowed (see the 'sql.cross_db_fks.enabled' cluster "
                "setting)");
        return err->code;
    }
    TRY(online_none_pending(w->dc, *out, err));
    return ddl_need_table(w->dc, *out, CAT_PRIVILEGE_CREATE, err);
}

static int name_columns(struct arena *a, const struct cat_table *t, const struct ast_list *names, const uint32_t **out,
                        struct err *err)
{
    uint32_t *ids = ARENA_ARRAY(a, uint32_t, names->n);
    for (size_t i = 0; i < names->n; i++) {
        struct str name = ast_as_name(names->items[i])->name;
        const struct cat_column *c = cat_column_by_name(t, name);
        if (c == NULL)
            return err_set(err, ERR_UNDEFINED_COLUMN, "column \"%.*s\" does not exist", STR_FMT(name));
        ids[i] = c->id;
    }
    *out = ids;
    return 0;
}

static const uint32_t *primary_columns(struct arena *a, const struct cat_table *t)
{
    uint32_t *ids = ARENA_ARRAY(a, uint32_t, t->primary->n_columns);
    for (size_t i = 0; i < t->primary->n_columns; i++)
        ids[i] = t->primary->columns[i].column_id;
    return ids;
}

static int check_types(const struct cat_table *t, const struct cat_table *to, const struct cat_foreign_key *fk,
                       struct err *err)
{
    for (size_t i = 0; i < fk->n_columns; i++) {
        const struct cat_column *from = cat_column_by_id(t, fk->origin_columns[i]);
        const struct cat_column *target = cat_column_by_id(to, fk->referenced_columns[i]);
        if (from->type.family != target->type.family || from->type.element != target->type.element ||
            (type_has_collation(from->type) && from->type.scale != target->type.scale))
            return err_set(err, ERR_DATATYPE_MISMATCH,
                           "type of \"%.*s\" (%s) does not match foreign key \"%.*s\".\"%.*s\" (%s)",
                           STR_FMT(from->name), type_family_name(from->type), STR_FMT(to->name), STR_FMT(target->name),
                           type_family_name(target->type));
    }
    return 0;
}

static int check_action(struct table_work *w, const struct cat_foreign_key *fk, enum cat_fk_action action,
                        struct err *err)
{
    for (size_t i = 0; i < fk->n_columns; i++) {
        const struct cat_column *c = edit_column_by_id(&w->edit, fk->origin_columns[i]);
        bool sets_null = action == CAT_FK_SET_NULL || (action == CAT_FK_SET_DEFAULT && c->default_sql.len == 0);
        if (!sets_null || !c->not_null)
            continue;
        return err_set(err, ERR_INVALID_FOREIGN_KEY,
                       "cannot add a SET %s cascading action on column \"%.*s.%.*s.%.*s.%.*s\" which has a NOT NULL "
                       "constraint%s",
                       action == CAT_FK_SET_NULL ? "NULL" : "DEFAULT", STR_FMT(w->database->name),
                       STR_FMT(w->schema->name), STR_FMT(w->edit.t.name), STR_FMT(c->name),
                       action == CAT_FK_SET_NULL ? "" : " and a NULL default expression");
    }
    return 0;
}

static enum cat_fk_action action_of(enum ast_fk_action action)
{
    static const enum cat_fk_action actions[] = {
        [AST_FK_NO_ACTION] = CAT_FK_NO_ACTION,     [AST_FK_RESTRICT] = CAT_FK_RESTRICT,
        [AST_FK_CASCADE] = CAT_FK_CASCADE,         [AST_FK_SET_NULL] = CAT_FK_SET_NULL,
        [AST_FK_SET_DEFAULT] = CAT_FK_SET_DEFAULT,
    };
    return actions[action];
}

static bool is_deferrable(const struct ast_constraint *c)
{
    return c->deferrable == AST_DEFERRABLE_IMMEDIATE || c->deferrable == AST_DEFERRABLE_DEFERRED;
}

static int build_foreign_key(struct table_work *w, const struct ast_constraint *c, const struct cat_table *to,
                             struct cat_foreign_key *fk, struct err *err)
{
    struct arena *a = w->dc->arena;
    *fk = (struct cat_foreign_key){.origin_table_id = w->edit.t.id,
                                   .referenced_table_id = to->id,
                                   .n_columns = c->columns.n,
                                   .on_delete = action_of(c->on_delete),
                                   .on_update = action_of(c->on_update),
                                   .match_full = c->match == AST_FK_MATCH_FULL,
                                   .deferrable = is_deferrable(c),
                                   .deferred = c->deferrable == AST_DEFERRABLE_DEFERRED,
                                   .validated = !c->not_valid};
    size_t n_referenced = c->ref_columns.n > 0 ? c->ref_columns.n : to->primary->n_columns;
    TRY(name_columns(a, edit_table(&w->edit), &c->columns, &fk->origin_columns, err));
    fk->referenced_columns = primary_columns(a, to);
    if (c->ref_columns.n > 0)
        TRY(name_columns(a, to, &c->ref_columns, &fk->referenced_columns, err));
    if (n_referenced != fk->n_columns)
        return err_set(err, ERR_SYNTAX_ERROR,
                       "%zu columns must reference exactly %zu columns in referenced table (found %zu)", fk->n_columns,
                       fk->n_columns, n_referenced);
    TRY(check_types(edit_table(&w->edit), to, fk, err));
    if (unique_index_over(to, fk->referenced_columns, fk->n_columns) == NULL)
        return err_set(err, ERR_INVALID_FOREIGN_KEY,
                       "there is no unique constraint matching given keys for referenced table %.*s",
                       STR_FMT(to->name));
    TRY(check_action(w, fk, fk->on_delete, err));
    return check_action(w, fk, fk->on_update, err);
}

static int add_foreign_key(struct table_work *w, const struct ast_constraint *c, struct err *err)
{
    struct ddl_services *s = w->dc->services;
    struct cat_foreign_key fk;
    const struct cat_table *to, *t;
    if (c->match == AST_FK_MATCH_PARTIAL)
        return ddl_unimplemented(err, "MATCH PARTIAL");
    TRY(referenced_table(w, c, &to, err));
    TRY(same_persistence(w, to, err));
    bool self = to->id == w->edit.t.id;
    TRY(build_foreign_key(w, c, to, &fk, err));
    TRY(free_or_given_name(w, c->name,
                           edit_free_name(&w->edit, table_prefix(w), fk.origin_columns, fk.n_columns, "_fkey"),
                           &fk.name, err));
    if (online_can_defer(w) && !c->not_valid) {
        fk.pending = CAT_PENDING_ADD;
        fk.validated = false;
        online_defer(w);
    }
    ARENA_PUSH(w->dc->arena, &w->edit.outbound, fk);
    if (self)
        ARENA_PUSH(w->dc->arena, &w->edit.inbound, fk);
    else
        TRY(foreign_key_link(w->dc, &fk, err));
    if (w->is_new || !fk.validated)
        return 0;
    TRY(save(w, &t, err));
    return s->validate_foreign_key(s, w->dc, t, &t->outbound[t->n_outbound - 1], err);
}

int foreign_key_link(struct ddl_context *dc, const struct cat_foreign_key *fk, struct err *err)
{
    const struct cat_table *to;
    struct table_edit e;
    TRY(cat_table_by_id(dc->view, fk->referenced_table_id, &to, err));
    if (to == NULL)
        return 0;
    edit_open(&e, dc->arena, to);
    ARENA_PUSH(dc->arena, &e.inbound, *fk);
    return edit_save(&e, dc, err);
}

int foreign_key_unlink(struct ddl_context *dc, const struct cat_foreign_key *fk, struct err *err)
{
    const struct cat_table *to;
    struct table_edit e;
    TRY(cat_table_by_id(dc->view, fk->referenced_table_id, &to, err));
    if (to == NULL)
        return 0;
    edit_open(&e, dc->arena, to);
    size_t kept = 0;
    for (size_t i = 0; i < e.inbound.len; i++)
        if (e.inbound.ptr[i].origin_table_id != fk->origin_table_id || !str_eq(e.inbound.ptr[i].name, fk->name))
            e.inbound.ptr[kept++] = e.inbound.ptr[i];
    e.inbound.len = kept;
    return edit_save(&e, dc, err);
}

int constraint_add(struct table_work *w, const struct ast_constraint *c, struct err *err)
{
    if (c->if_not_exists && c->name.len > 0 && edit_has_constraint(&w->edit, c->name)) {
        ddl_notice(w->dc, ERR_DUPLICATE_OBJECT, "constraint \"%.*s\" of relation \"%.*s\" already exists, skipping",
                   STR_FMT(c->name), STR_FMT(w->edit.t.name));
        return 0;
    }
    if (is_deferrable(c) && c->kind != AST_CONSTRAINT_FOREIGN_KEY)
        return ddl_unimplemented(err, "deferrable constraints other than foreign keys");
    switch (c->kind) {
    case AST_CONSTRAINT_PRIMARY_KEY:
        return primary_key_set(w, ast_as_index_def(c->index), c->name, err);
    case AST_CONSTRAINT_UNIQUE:
        return add_unique(w, c, err);
    case AST_CONSTRAINT_CHECK:
        return add_check(w, c, err);
    case AST_CONSTRAINT_FOREIGN_KEY:
        return add_foreign_key(w, c, err);
    default:
        return ddl_unimplemented(err, "constraint %s", ast_constraint_kind_sql(c->kind));
    }
}
