// CREATE TABLE: columns, then the primary key, indexes and constraints, then the descriptor. Also LIKE and AS.

#include "sql/ddl/ddl_int.h"
#include "sql/ddl/storage_int.h"

static int begin_table(struct table_work *w, struct ddl_context *dc, const struct ddl_target *target, struct err *err)
{
    uint32_t id;
    TRY(cat_new_id(dc->view, &id, err));
    const struct cat_table t = {
        .id = id,
        .database_id = target->database->id,
        .schema_id = target->schema->id,
        .name = arena_str(dc->arena, target->name),
        .kind = CAT_TABLE,
        .next_column_id = 1,
        .next_index_id = 1,
        .acl = ddl_new_acl(dc, target->database, target->schema, CAT_DEFAULTS_TABLES, dc->scope.user, 0)};
    *w = (struct table_work){.dc = dc, .database = target->database, .schema = target->schema, .is_new = true};
    edit_open(&w->edit, dc->arena, &t);
    return 0;
}

static int finish_table(struct table_work *w, struct err *err)
{
    TRY(edit_save(&w->edit, w->dc, err));
    for (size_t i = 0; i < w->new_sequences.len; i++)
        TRY(ddl_add_dependent(w->dc, w->new_sequences.ptr[i], w->edit.t.id, err));
    return 0;
}

// ---- primary key

static int add_rowid(struct table_work *w, struct err *err)
{
    struct arena *a = w->dc->arena;
    if (w->dc->require_explicit_primary_keys)
        return err_set(err, ERR_INVALID_TABLE_DEFINITION,
                       "no primary key specified for table %.*s (require_explicit_primary_keys = true)",
                       STR_FMT(w->edit.t.name));
    struct str name = STR("rowid");
    for (int i = 1; edit_column(&w->edit, name) != NULL; i++)
        name = arena_printf(a, "rowid_%d", i);
    struct cat_column *c = edit_add_column(
        &w->edit,
        (struct cat_column){
            .name = name, .type = T_INT8, .not_null = true, .hidden = true, .default_sql = STR("unique_rowid()")});
    struct ast_index_elem *elem = AST_NEW(a, INDEX_ELEM, index_elem, 0);
    struct ast_index_def *def = AST_NEW(a, INDEX_DEF, index_def, 0);
    elem->column = c->name;
    ast_list_push(a, &def->columns, &elem->base);
    return primary_key_set(w, def, STR_NONE, err);
}

static int add_primary_key(struct table_work *w, struct err *err)
{
    for (size_t i = 0; i < w->constraints.len; i++)
        if (w->constraints.ptr[i]->kind == AST_CONSTRAINT_PRIMARY_KEY)
            TRY(constraint_add(w, w->constraints.ptr[i], err));
    return w->edit.has_primary ? 0 : add_rowid(w, err);
}

// ---- the other elements

static int add_constraints(struct table_work *w, bool foreign_keys, struct err *err)
{
    for (size_t i = 0; i < w->constraints.len; i++) {
        const struct ast_constraint *c = w->constraints.ptr[i];
        bool is_fk = c->kind == AST_CONSTRAINT_FOREIGN_KEY;
        if (c->kind != AST_CONSTRAINT_PRIMARY_KEY && is_fk == foreign_keys)
            TRY(constraint_add(w, c, err));
    }
    return 0;
}

static int add_family(struct table_work *w, const struct ast_family_def *f, struct err *err)
{
    struct arena *a = w->dc->arena;
    uint32_t *ids = ARENA_ARRAY(a, uint32_t, f->columns.n);
    for (size_t i = 0; i < f->columns.n; i++) {
        struct cat_column *c;
        TRY(edit_need_column(&w->edit, ast_as_name(f->columns.items[i])->name, &c, err));
        ids[i] = c->id;
    }
    struct str name = f->name.len > 0 ? f->name : arena_printf(a, "fam_%zu", w->edit.families.len);
    ARENA_PUSH(a, &w->edit.families, ((struct cat_family){name, ids, f->columns.n}));
    return 0;
}

static int add_indexes_and_families(struct table_work *w, const struct ast_list *elements, struct err *err)
{
    for (size_t i = 0; i < elements->n; i++) {
        struct cat_index index;
        if (ast_is(elements->items[i], AST_FAMILY_DEF))
            TRY(add_family(w, ast_as_family_def(elements->items[i]), err));
        if (!ast_is(elements->items[i], AST_INDEX_DEF))
            continue;
        TRY(index_build(w, ast_as_index_def(elements->items[i]), &index, err));
        TRY(index_add(w, index, err));
    }
    return families_complete(&w->edit, err);
}

// ---- LIKE

struct like_options {
    bool defaults, constraints, indexes, generated;
};

static struct like_options like_options_of(const struct ast_like_table *like)
{
    struct like_options o = {0};
    for (size_t i = 0; i < like->options.n; i++) {
        struct str name = ast_as_option(like->options.items[i])->name;
        bool on = str_has_prefix(name, STR("including"));
        bool all = str_find(name, STR(" all"), 0) >= 0;
        if (all || str_find(name, STR("defaults"), 0) >= 0)
            o.defaults = on;
        if (all || str_find(name, STR("constraints"), 0) >= 0)
            o.constraints = on;
        if (all || str_find(name, STR("indexes"), 0) >= 0)
            o.indexes = on;
        if (all || str_find(name, STR("generated"), 0) >= 0)
            o.generated = on;
    }
    return o;
}

static int like_columns(struct table_work *w, const struct cat_table *from, const struct like_options *o, uint32_t *ids,
                        struct err *err)
{
    for (size_t i = 0; i < from->n_columns; i++) {
        struct cat_column c = from->columns[i];
        if (c.hidden && !o->indexes)
            continue;
        if (edit_column(&w->edit, c.name) != NULL)
            return err_set(err, ERR_DUPLICATE_COLUMN, "duplicate column name: \"%.*s\"", STR_FMT(c.name));
        if (!o->defaults || c.owns_sequence_id != 0)
            c.default_sql = c.on_update_sql = STR_EMPTY;
        if (!o->generated) {
            c.computed_sql = STR_EMPTY;
            c.computed_virtual = false;
        }
        c.identity = 0;
        c.owns_sequence_id = 0;
        c.has_missing_value = false;
        c.comment = STR_EMPTY;
        ids[from->columns[i].id] = edit_add_column(&w->edit, c)->id;
    }
    return 0;
}

static struct cat_index like_index(struct arena *a, const struct cat_index *from, const uint32_t *ids)
{
    struct cat_index index = *from;
    struct cat_index_column *columns = ARENA_ARRAY(a, struct cat_index_column, from->n_columns);
    uint32_t *storing = ARENA_ARRAY(a, uint32_t, from->n_storing);
    for (size_t i = 0; i < from->n_columns; i++)
        columns[i] = (struct cat_index_column){ids[from->columns[i].column_id], from->columns[i].descending};
    for (size_t i = 0; i < from->n_storing; i++)
        storing[i] = ids[from->storing[i]];
    index.columns = columns;
    index.storing = storing;
    return index;
}

static int like_table(struct table_work *w, const struct ast_like_table *like, struct err *err)
{
    struct arena *a = w->dc->arena;
    struct like_options o = like_options_of(like);
    const struct cat_table *from;
    TRY(ddl_find_table(w->dc, like->table, false, &from, err));
    TRY(cat_check_table_privilege(w->dc->view, w->dc->scope.user, from, CAT_PRIVILEGE_SELECT, err));
    TRY(online_none_pending(w->dc, from, err));
    uint32_t *ids = ARENA_ARRAY(a, uint32_t, from->next_column_id);
    TRY(like_columns(w, from, &o, ids, err));
    for (size_t i = 0; o.constraints && i < from->n_checks; i++) {
        struct cat_check check = from->checks[i];
        uint32_t *columns = ARENA_ARRAY(a, uint32_t, check.n_columns);
        for (size_t k = 0; k < check.n_columns; k++)
            columns[k] = ids[check.columns[k]];
        check.columns = columns;
        ARENA_PUSH(a, &w->edit.checks, check);
    }
    if (!o.indexes)
        return 0;
    w->edit.primary = like_index(a, from->primary, ids);
    w->edit.primary.id = w->edit.t.next_index_id++;
    w->edit.primary.name = arena_printf(a, "%.*s_pkey", STR_FMT(w->edit.t.name));
    w->edit.has_primary = true;
    for (size_t i = 0; i < from->n_indexes; i++)
        TRY(index_add(w, like_index(a, &from->indexes[i], ids), err));
    return 0;
}

// ---- CREATE TABLE

static int add_elements(struct table_work *w, const struct ast_create_table *s, struct err *err)
{
    for (size_t i = 0; i < s->elements.n; i++) {
        const struct ast *e = s->elements.items[i];
        if (e->kind == AST_COLUMN_DEF)
            TRY(column_add(w, ast_as_column_def(e), err));
        else if (e->kind == AST_LIKE_TABLE)
            TRY(like_table(w, ast_as_like_table(e), err));
        else if (e->kind == AST_CONSTRAINT)
            ARENA_PUSH(w->dc->arena, &w->constraints, ast_as_constraint(e));
    }
    TRY(ttl_add_column(w, err));
    TRY(add_primary_key(w, err));
    for (size_t i = 0; i < w->columns.len; i++)
        TRY(column_finish(w, &w->columns.ptr[i], err));
    TRY(add_indexes_and_families(w, &s->elements, err));
    TRY(add_constraints(w, false, err));
    return add_constraints(w, true, err);
}

static int refuse_unsupported(const struct ast_create_table *s, struct err *err)
{
    if (s->on_commit != AST_ON_COMMIT_DEFAULT && s->on_commit != AST_ON_COMMIT_PRESERVE_ROWS)
        return ddl_unimplemented(err, "%s", ast_on_commit_sql(s->on_commit));
    if (s->on_commit != AST_ON_COMMIT_DEFAULT && s->persistence != AST_PERSISTENCE_TEMPORARY)
        return err_set(err, ERR_INVALID_TABLE_DEFINITION, "ON COMMIT can only be used on temporary tables");
    TRY(ddl_refuse_partitions(s->partition_by, err));
    if (s->locality != NULL)
        return err_set(err, ERR_INVALID_TABLE_DEFINITION,
                       "cannot set LOCALITY on a table in a database that is not multi-region enabled");
    return 0;
}

// ---- CREATE TABLE AS

static int query_columns(struct table_work *w, const struct ast_create_table *s, const struct ddl_query *q,
                         struct err *err)
{
    size_t named = 0;
    for (size_t i = 0; i < s->elements.n; i++) {
        if (!ast_is(s->elements.items[i], AST_COLUMN_DEF)) {
            if (ast_is(s->elements.items[i], AST_CONSTRAINT))
                ARENA_PUSH(w->dc->arena, &w->constraints, ast_as_constraint(s->elements.items[i]));
            continue;
        }
        named++;
        const struct ast_column_def *def = ast_as_column_def(s->elements.items[i]);
        for (size_t k = 0; k < def->constraints.n; k++) {
            const struct ast_constraint *c = ast_as_constraint(def->constraints.items[k]);
            if (c->kind == AST_CONSTRAINT_PRIMARY_KEY)
                ARENA_PUSH(w->dc->arena, &w->constraints, constraint_over_column(w->dc->arena, c, def->name));
        }
    }
    if (named > 0 && named != q->n_columns)
        return err_set(err, ERR_SYNTAX_ERROR,
                       "CREATE TABLE specifies %zu column name%s, but data source has %zu column%s", named,
                       named == 1 ? "" : "s", q->n_columns, q->n_columns == 1 ? "" : "s");
    for (size_t i = 0, at = 0; i < q->n_columns; i++, at++) {
        struct str name = q->names[i];
        while (named > 0 && !ast_is(s->elements.items[at], AST_COLUMN_DEF))
            at++;
        if (named > 0)
            name = ast_as_column_def(s->elements.items[at])->name;
        if (edit_column(&w->edit, name) != NULL)
            return err_set(err, ERR_DUPLICATE_COLUMN, "duplicate column name: \"%.*s\"", STR_FMT(name));
        TRY(edit_check_name(name, err));
        struct type type = type_is(q->types[i], TYPE_UNKNOWN) ? T_STRING : q->types[i];
        edit_add_column(&w->edit, (struct cat_column){.name = name, .type = type});
    }
    return 0;
}

static int fill_from_query(struct table_work *w, const struct ast_create_table *s, size_t n_columns, int64_t *rows,
                           struct err *err)
{
    struct ddl_services *services = w->dc->services;
    const struct cat_table *t;
    uint32_t *ids = ARENA_ARRAY(w->dc->arena, uint32_t, n_columns);
    for (size_t i = 0; i < n_columns; i++)
        ids[i] = (uint32_t)i + 1;
    TRY(cat_table_by_id(w->dc->view, w->edit.t.id, &t, err));
    return services->insert_query(services, w->dc, t, ids, n_columns, s->as_query, rows, err);
}

static int create_table_as(struct table_work *w, const struct ast_create_table *s, int64_t *rows, struct err *err)
{
    struct ddl_services *services = w->dc->services;
    struct ddl_query q = {0};
    TRY(services->describe_query(services, w->dc, s->as_query, &q, err));
    TRY(query_columns(w, s, &q, err));
    bool has_key = w->constraints.len > 0;
    TRY(add_primary_key(w, err));
    TRY(add_constraints(w, false, err));
    TRY(finish_table(w, err));
    if (!has_key)
        ddl_notice(w->dc, ERR_SUCCESSFUL_COMPLETION,
                   "CREATE TABLE ... AS does not copy over indexes, default expressions, or constraints; the new "
                   "table has a hidden rowid primary key column");
    return s->with_data == AST_WITH_DATA_NO ? 0 : fill_from_query(w, s, q.n_columns, rows, err);
}

int ddl_create_table(struct ddl_context *dc, const struct ast *statement, struct ddl_result *out, struct err *err)
{
    const struct ast_create_table *s = ast_as_create_table(statement);
    struct ddl_target target;
    struct table_work w;
    TRY(refuse_unsupported(s, err));
    TRY(ddl_find_target_in(dc, s->name, s->persistence == AST_PERSISTENCE_TEMPORARY, &target, out, err));
    if (target.existing != NULL) {
        out->changed_schema = false;
        return ddl_already_exists(dc, &target, s->if_not_exists, err);
    }
    TRY(begin_table(&w, dc, &target, err));
    TRY(storage_parameters_set(dc, &s->storage, &w.edit.t.storage_parameters, err));
    if (s->as_query != NULL) {
        TRY(create_table_as(&w, s, &out->rows, err));
        return s->storage.n > 0 ? ttl_follow(dc, w.edit.t.id, err) : 0;
    }
    TRY(add_elements(&w, s, err));
    TRY(finish_table(&w, err));
    return s->storage.n > 0 ? ttl_follow(dc, w.edit.t.id, err) : 0;
}
