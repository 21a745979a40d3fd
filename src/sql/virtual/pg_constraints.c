// pg_index, pg_indexes, pg_constraint.
#include "sql/virtual/virtual_int.h"

// ---- pg_index

// Expressions are indexed as hidden virtual columns.
static bool is_expression(const struct cat_column *c)
{
    return c != NULL && c->hidden && c->computed_virtual && c->computed_sql.len > 0;
}

static struct datum index_expressions(struct exec_context *x, const struct cat_table *t, const struct cat_index *index)
{
    struct buf b = BUF_INIT;
    for (size_t i = 0; i < index->n_columns; i++) {
        const struct cat_column *c = cat_column_by_id(t, index->columns[i].column_id);
        if (!is_expression(c))
            continue;
        buf_cstr(&b, b.len > 0 ? ", " : "");
        cat_text_expr(&b, c->computed_sql);
    }
    bool none = b.len == 0;
    struct datum text = datum_take(x, &b);
    return none ? DATUM_NULL : text;
}

enum { INDOPTION_DESC = 1, INDOPTION_NULLS_FIRST = 2 };

// Without the shard that a hash-sharded index begins with for pg_dump, which does not see that column.
static void index_vectors(struct exec_context *x, const struct cat_table *t, const struct cat_index *index,
                          struct datum *row)
{
    size_t first = for_pg_dump(x) && cat_index_shards(t, index) > 0 ? 1 : 0;
    size_t n = index->n_columns - first, total = n + index->n_storing;
    int64_t *keys = ARENA_ARRAY(x->eval.arena, int64_t, total + 1);
    int64_t *options = ARENA_ARRAY(x->eval.arena, int64_t, n + 1);
    uint32_t *collations = ARENA_ARRAY(x->eval.arena, uint32_t, n + 1);
    uint32_t *classes = ARENA_ARRAY(x->eval.arena, uint32_t, n + 1);
    for (size_t i = 0; i < n; i++) {
        const struct cat_index_column *key = &index->columns[first + i];
        const struct cat_column *c = cat_column_by_id(t, key->column_id);
        keys[i] = is_expression(c) ? 0 : key->column_id;
        bool nulls_first = as_in_postgresql(x) == key->descending; // there NULLs are last unless it is DESC
        options[i] = (key->descending ? INDOPTION_DESC : 0) | (nulls_first ? INDOPTION_NULLS_FIRST : 0);
        collations[i] = c != NULL ? collation_of(c->type) : 0;
        bool last = i + 1 == n; // only the last column of an inverted index is inverted
        classes[i] = c != NULL ? oid_of_opclass(last ? index->kind : CAT_INDEX_BTREE, c->type) : 0;
    }
    for (size_t i = n; i < total; i++)
        keys[i] = index->storing[i - n];
    row[pg_index_indnatts] = datum_int((int64_t)total);
    row[pg_index_indnkeyatts] = datum_int((int64_t)n);
    row[pg_index_indkey] = array_of_ints(x, keys, total);
    row[pg_index_indoption] = array_of_ints(x, options, n);
    row[pg_index_indcollation] = array_of_oids(x, collations, n);
    row[pg_index_indclass] = array_of_oids(x, classes, n);
}

static int index_row(struct exec_context *x, const struct cat_table *t, const struct cat_index *index,
                     struct virtual_rows *rows, struct err *err)
{
    bool is_public = index->state == CAT_INDEX_PUBLIC;
    ROW(pg_index);
    row[pg_index_indexrelid] = datum_int(oid_of_index(t->id, index->id));
    row[pg_index_indrelid] = datum_int(t->id);
    row[pg_index_indisunique] = datum_bool(index->unique);
    row[pg_index_indisprimary] = datum_bool(index == t->primary);
    row[pg_index_indisexclusion] = datum_bool(false);
    row[pg_index_indimmediate] = datum_bool(index->unique);
    row[pg_index_indisclustered] = datum_bool(false);
    row[pg_index_indisvalid] = datum_bool(is_public);
    row[pg_index_indcheckxmin] = row[pg_index_indnullsnotdistinct] = datum_bool(false);
    row[pg_index_indisready] = datum_bool(true);
    row[pg_index_indislive] = datum_bool(true);
    row[pg_index_indisreplident] = datum_bool(false);
    index_vectors(x, t, index, row);
    row[pg_index_indexprs] = index_expressions(x, t, index);
    row[pg_index_indpred] = datum_expr(x, index->predicate_sql);
    return virtual_row(rows, row, err);
}

static int index_rows(struct exec_context *x, const struct relation *r, struct virtual_rows *rows, struct err *err)
{
    if (r->table->primary != NULL && r->table->kind != CAT_SEQUENCE && !index_hidden(x, r->table, r->table->primary))
        TRY(index_row(x, r->table, r->table->primary, rows, err));
    for (size_t i = 0; i < r->table->n_indexes; i++)
        if (r->table->indexes[i].replaces == 0)
            TRY(index_row(x, r->table, &r->table->indexes[i], rows, err));
    return 0;
}

GENERATOR(pg_index_rows)
{
    int id_column = filter != NULL ? (int)filter->column : -1; // both lookups are OIDs that lead to the relation
    return relations_each(x, filter, id_column, -1, SCOPE_STORED, index_rows, rows, err);
}

static int indexes_row(struct exec_context *x, const struct relation *r, const struct cat_index *index,
                       struct virtual_rows *rows, struct err *err)
{
    ROW(pg_indexes);
    if (virtual_wants(rows, pg_indexes_indexdef)) {
        struct buf b = BUF_INIT;
        int rc =
            (as_in_postgresql(x) ? cat_text_index_portable : cat_text_create_index)(&b, x->view, r->table, index, err);
        row[pg_indexes_indexdef] = datum_take(x, &b);
        if (rc != 0)
            return rc;
    }
    row[pg_indexes_crdb_oid] = datum_int(oid_of_index(r->table->id, index->id));
    row[pg_indexes_schemaname] = datum_str(r->schema->name);
    row[pg_indexes_tablename] = datum_str(r->table->name);
    row[pg_indexes_indexname] = datum_str(index->name);
    return virtual_row(rows, row, err);
}

static int indexes_rows(struct exec_context *x, const struct relation *r, struct virtual_rows *rows, struct err *err)
{
    if (r->table->primary != NULL && r->table->kind != CAT_SEQUENCE && !index_hidden(x, r->table, r->table->primary))
        TRY(indexes_row(x, r, r->table->primary, rows, err));
    for (size_t i = 0; i < r->table->n_indexes; i++)
        if (r->table->indexes[i].replaces == 0)
            TRY(indexes_row(x, r, &r->table->indexes[i], rows, err));
    return 0;
}

GENERATOR(pg_indexes_rows)
{
    int name_column = filter != NULL ? (int)filter->column : -1; // both lookups are names that lead to the table
    return relations_each(x, filter, -1, name_column, SCOPE_STORED, indexes_rows, rows, err);
}

// ---- pg_constraint

static struct datum column_numbers(struct exec_context *x, const uint32_t *ids, size_t n)
{
    int64_t *numbers = ARENA_ARRAY(x->eval.arena, int64_t, n + 1);
    for (size_t i = 0; i < n; i++)
        numbers[i] = ids[i];
    return array_of_ints(x, numbers, n);
}

static void unique_columns(struct exec_context *x, const struct cat_table *t, const struct cat_index *index,
                           struct datum *row)
{
    uint32_t *ids = ARENA_ARRAY(x->eval.arena, uint32_t, index->n_columns + 1);
    for (size_t i = 0; i < index->n_columns; i++)
        ids[i] = index->columns[i].column_id;
    row[pg_constraint_conname] = datum_str(index->name);
    row[pg_constraint_contype] = datum_c(index == t->primary ? "p" : "u");
    row[pg_constraint_convalidated] = datum_bool(true);
    row[pg_constraint_conindid] = datum_int(oid_of_index(t->id, index->id));
    row[pg_constraint_conkey] = column_numbers(x, ids, index->n_columns);
}

static void check_columns(struct exec_context *x, const struct cat_check *check, struct datum *row)
{
    row[pg_constraint_conname] = datum_str(check->name);
    row[pg_constraint_contype] = datum_c("c");
    row[pg_constraint_convalidated] = datum_bool(check->validated);
    row[pg_constraint_conkey] = column_numbers(x, check->columns, check->n_columns);
    row[pg_constraint_conbin] = datum_expr(x, check->sql);
    row[pg_constraint_consrc] = row[pg_constraint_conbin];
}

static const char *action_letter(enum cat_fk_action action)
{
    static const char *const letters[] = {[CAT_FK_NO_ACTION] = "a",
                                          [CAT_FK_RESTRICT] = "r",
                                          [CAT_FK_CASCADE] = "c",
                                          [CAT_FK_SET_NULL] = "n",
                                          [CAT_FK_SET_DEFAULT] = "d"};
    return letters[action];
}

static bool indexes_exactly(const struct cat_index *index, const uint32_t *columns, size_t n)
{
    if (!index->unique || index->n_columns != n || index->predicate_sql.len > 0)
        return false;
    for (size_t i = 0; i < n; i++) {
        bool found = false;
        for (size_t k = 0; k < n; k++)
            found |= columns[k] == index->columns[i].column_id;
        if (!found)
            return false;
    }
    return true;
}

// The unique index that makes the referenced columns a key.
uint32_t referenced_index(const struct cat_table *t, const struct cat_foreign_key *fk)
{
    if (t->primary != NULL && indexes_exactly(t->primary, fk->referenced_columns, fk->n_columns))
        return oid_of_index(t->id, t->primary->id);
    for (size_t i = 0; i < t->n_indexes; i++)
        if (indexes_exactly(&t->indexes[i], fk->referenced_columns, fk->n_columns))
            return oid_of_index(t->id, t->indexes[i].id);
    return 0;
}

static int foreign_key_columns(struct exec_context *x, const struct cat_foreign_key *fk, struct datum *row,
                               struct err *err)
{
    const struct cat_table *referenced;
    TRY(cat_table_by_id(x->view, fk->referenced_table_id, &referenced, err));
    row[pg_constraint_conname] = datum_str(fk->name);
    row[pg_constraint_contype] = datum_c("f");
    row[pg_constraint_convalidated] = datum_bool(fk->validated);
    row[pg_constraint_condeferrable] = datum_bool(fk->deferrable);
    row[pg_constraint_condeferred] = datum_bool(fk->deferred);
    row[pg_constraint_conindid] = datum_int(referenced != NULL ? referenced_index(referenced, fk) : 0);
    row[pg_constraint_confrelid] = datum_int(fk->referenced_table_id);
    row[pg_constraint_confupdtype] = datum_c(action_letter(fk->on_update));
    row[pg_constraint_confdeltype] = datum_c(action_letter(fk->on_delete));
    row[pg_constraint_confmatchtype] = datum_c(fk->match_full ? "f" : "s");
    row[pg_constraint_conkey] = column_numbers(x, fk->origin_columns, fk->n_columns);
    row[pg_constraint_confkey] = column_numbers(x, fk->referenced_columns, fk->n_columns);
    return 0;
}

static int constraint_definition(struct exec_context *x, const struct cat_table *t, const struct oid_constraint *c,
                                 struct datum *out, struct err *err)
{
    struct buf b = BUF_INIT;
    int rc = 0;
    if (c->index != NULL)
        cat_text_unique(&b, t, c->index);
    else if (c->check != NULL)
        cat_text_check(&b, c->check);
    else
        rc = cat_text_foreign_key(&b, x->view, t, c->foreign_key, false, err);
    *out = datum_take(x, &b);
    return rc;
}

static int constraint_row(struct exec_context *x, const struct relation *r, const struct oid_constraint *c,
                          struct virtual_rows *rows, struct err *err)
{
    static const uint8_t zero_oids[] = {pg_constraint_contypid, pg_constraint_conindid, pg_constraint_conparentid,
                                        pg_constraint_confrelid, pg_constraint_coninhcount};
    static const uint8_t letters[] = {pg_constraint_confupdtype, pg_constraint_confdeltype,
                                      pg_constraint_confmatchtype};
    ROW(pg_constraint);
    for (size_t i = 0; i < ARRAY_LEN(zero_oids); i++)
        row[zero_oids[i]] = datum_int(0);
    for (size_t i = 0; i < ARRAY_LEN(letters); i++)
        row[letters[i]] = datum_c(" ");
    row[pg_constraint_oid] = datum_int(c->oid);
    row[pg_constraint_connamespace] = datum_int(r->schema->id);
    row[pg_constraint_condeferrable] = datum_bool(false);
    row[pg_constraint_condeferred] = datum_bool(false);
    row[pg_constraint_conrelid] = datum_int(r->table->id);
    row[pg_constraint_conislocal] = datum_bool(true);
    row[pg_constraint_connoinherit] = datum_bool(true);
    if (c->index != NULL)
        unique_columns(x, r->table, c->index, row);
    else if (c->check != NULL)
        check_columns(x, c->check, row);
    else
        TRY(foreign_key_columns(x, c->foreign_key, row, err));
    if (virtual_wants(rows, pg_constraint_condef))
        TRY(constraint_definition(x, r->table, c, &row[pg_constraint_condef], err));
    return virtual_row(rows, row, err);
}

static int constraint_rows(struct exec_context *x, const struct relation *r, struct virtual_rows *rows, struct err *err)
{
    struct oid_constraint c;
    if (r->table->kind == CAT_SEQUENCE)
        return 0;
    for (uint32_t i = 0; oid_constraint_at(r->table, i, &c); i++) {
        if (c.index == NULL || !constraint_hidden(x, r->table, c.index))
            TRY(constraint_row(x, r, &c, rows, err));
    }
    return 0;
}

// The constraints of other tables whose foreign keys reference that one.
static int referencing_rows(struct exec_context *x, const struct cat_table *t, struct virtual_rows *rows,
                            struct err *err)
{
    for (size_t i = 0; i < t->n_inbound; i++) {
        struct virtual_filter of = {.column = pg_constraint_conrelid,
                                    .value = datum_int(t->inbound[i].origin_table_id)};
        bool again = t->inbound[i].origin_table_id == t->id;
        for (size_t k = 0; k < i && !again; k++)
            again = t->inbound[k].origin_table_id == t->inbound[i].origin_table_id;
        if (!again)
            TRY(relations_each(x, &of, pg_constraint_conrelid, -1, SCOPE_STORED, constraint_rows, rows, err));
    }
    return 0;
}

// Foreign keys that reference a table or use an index of it belong to it or to others.
GENERATOR(pg_constraint_rows)
{
    int id_column = pg_constraint_conrelid;
    if (filter != NULL && filter->column != pg_constraint_conname)
        id_column = filter->value.i > 0 ? (int)filter->column : -1; // 0: of those that have none
    TRY(relations_each(x, filter, id_column, pg_constraint_conname, SCOPE_STORED, constraint_rows, rows, err));
    if (id_column != pg_constraint_confrelid && id_column != pg_constraint_conindid)
        return 0;
    struct relations of;
    TRY(relations_filtered(x, filter, id_column, -1, SCOPE_STORED, &of, err));
    return of.n > 0 ? referencing_rows(x, of.items[0].table, rows, err) : 0;
}
