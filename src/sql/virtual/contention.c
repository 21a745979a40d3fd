// crdb_internal: what transactions have waited for and run into, one by one and by key, index and table. All of it is
// made from the last events of this virtual cluster.
#include "keys/keys.h"
#include "sql/virtual/virtual_int.h"
#include "types/types.h"

struct place { // where a key belongs
    uint32_t table_id, index_id;
    const struct cat_table *table;
    const struct cat_schema *schema;
    const struct cat_database *database;
    const struct cat_index *index;
};

static int place_of(struct exec_context *x, struct str key, struct place *p, struct err *err)
{
    struct key_reader reader = key_reader(key);
    struct key_prefix prefix;
    *p = (struct place){0};
    if (!key_get_prefix(&reader, &prefix))
        return 0;
    p->table_id = (uint32_t)prefix.table;
    p->index_id = (uint32_t)prefix.index;
    TRY(cat_table_by_id(x->view, p->table_id, &p->table, err));
    if (p->table == NULL)
        return 0;
    TRY(cat_schema_by_id(x->view, p->table->schema_id, &p->schema, err));
    TRY(cat_database_by_id(x->view, p->table->database_id, &p->database, err));
    p->index = cat_index_by_id(p->table, p->index_id);
    return 0;
}

static struct datum database_name(const struct place *p)
{
    return datum_str(p->database != NULL ? p->database->name : STR_EMPTY);
}

static struct datum schema_name(const struct place *p)
{
    return datum_str(p->schema != NULL ? p->schema->name : STR_EMPTY);
}

static struct datum table_name(const struct place *p)
{
    return datum_str(p->table != NULL ? p->table->name : STR_EMPTY);
}

static struct datum index_name(const struct place *p)
{
    return datum_str(p->index != NULL ? p->index->name : STR_EMPTY);
}

// Keys hold values of rows.
static struct datum shown_key(struct str key, bool hidden)
{
    return datum_str(hidden ? STR_EMPTY : key);
}

static struct datum pretty(struct exec_context *x, struct str key, bool hidden)
{
    struct buf b = BUF_INIT;
    if (!hidden)
        key_print(&b, key);
    return datum_take(x, &b);
}

static struct datum fingerprint(struct exec_context *x, uint64_t id)
{
    char *bytes = arena_zalloc(x->eval.arena, 8);
    store_be64(bytes, id);
    return datum_str((struct str){bytes, 8});
}

static int list_events(struct exec_context *x, struct virtual_contention **list, size_t *n, struct err *err)
{
    struct virtual_session *vs = virtual_session_of(x);
    TRY(cat_check_activity_privilege(x->view, x->eval.user, err));
    return vs->ops->contention(vs, x->eval.arena, list, n, err);
}

GENERATOR(crdb_contention_events_rows)
{
    struct virtual_contention *list;
    size_t n;
    TRY(list_events(x, &list, &n, err));
    for (size_t i = 0; i < n; i++) {
        const struct virtual_contention *e = &list[i];
        struct place p;
        TRY(place_of(x, e->key, &p, err));
        ROW(crdb_transaction_contention_events);
        row[crdb_transaction_contention_events_collection_ts] = datum_int(e->at_micros);
        row[crdb_transaction_contention_events_blocking_txn_id] = virtual_txn_uuid(x, e->blocking_txn);
        row[crdb_transaction_contention_events_blocking_txn_fingerprint_id] = fingerprint(x, 0);
        row[crdb_transaction_contention_events_waiting_txn_id] = virtual_txn_uuid(x, e->waiting_txn);
        row[crdb_transaction_contention_events_waiting_txn_fingerprint_id] = fingerprint(x, 0);
        row[crdb_transaction_contention_events_waiting_stmt_id] = datum_str(e->statement_id);
        row[crdb_transaction_contention_events_waiting_stmt_fingerprint_id] = fingerprint(x, e->statement);
        row[crdb_transaction_contention_events_contention_duration] =
            (struct datum){.iv = {.micros = e->waited_ns / 1000}};
        row[crdb_transaction_contention_events_contending_key] = shown_key(e->key, e->hidden);
        row[crdb_transaction_contention_events_contending_pretty_key] = pretty(x, e->key, e->hidden);
        row[crdb_transaction_contention_events_database_name] = database_name(&p);
        row[crdb_transaction_contention_events_schema_name] = schema_name(&p);
        row[crdb_transaction_contention_events_table_name] = table_name(&p);
        row[crdb_transaction_contention_events_index_name] = index_name(&p);
        row[crdb_transaction_contention_events_contention_type] =
            datum_c(e->conflict ? "SERIALIZATION_CONFLICT" : "LOCK_WAIT");
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

// ---- sums

enum sum_by { BY_TABLE, BY_INDEX, BY_KEY, BY_KEY_AND_TXN };
struct sum {
    struct place place;
    struct str key;
    bool hidden;
    uint64_t blocking_txn;
    int64_t count, waited_ns;
};
struct sums {
    ARENA_VEC(struct sum) v;
};

static bool belongs(const struct sum *s, const struct place *p, const struct virtual_contention *e, enum sum_by by)
{
    return s->place.table_id == p->table_id && (by < BY_INDEX || s->place.index_id == p->index_id) &&
           (by < BY_KEY || str_eq(s->key, e->key)) && (by < BY_KEY_AND_TXN || s->blocking_txn == e->blocking_txn);
}

static int sum_events(struct exec_context *x, enum sum_by by, struct sums *out, struct err *err)
{
    struct virtual_contention *list;
    size_t n;
    *out = (struct sums){0};
    TRY(list_events(x, &list, &n, err));
    for (size_t i = 0; i < n; i++) {
        struct place p;
        size_t at = 0;
        TRY(place_of(x, list[i].key, &p, err));
        while (at < out->v.len && !belongs(&out->v.ptr[at], &p, &list[i], by))
            at++;
        if (at == out->v.len) {
            struct sum s = {
                .place = p, .key = list[i].key, .hidden = list[i].hidden, .blocking_txn = list[i].blocking_txn};
            ARENA_PUSH(x->eval.arena, &out->v, s);
        }
        out->v.ptr[at].count++;
        out->v.ptr[at].waited_ns += list[i].waited_ns;
    }
    return 0;
}

static const struct sum *of_index(const struct sums *indexes, const struct sum *s)
{
    const struct sum *i = indexes->v.ptr;
    while (i->place.table_id != s->place.table_id || i->place.index_id != s->place.index_id)
        i++;
    return i;
}

GENERATOR(crdb_cluster_contention_rows)
{
    struct sums indexes, keys;
    TRY(sum_events(x, BY_INDEX, &indexes, err));
    TRY(sum_events(x, BY_KEY_AND_TXN, &keys, err));
    for (size_t i = 0; i < keys.v.len; i++) {
        const struct sum *s = &keys.v.ptr[i];
        const struct sum *index = of_index(&indexes, s);
        ROW(crdb_cluster_contention_events);
        row[crdb_cluster_contention_events_table_id] = datum_int(s->place.table_id);
        row[crdb_cluster_contention_events_index_id] = datum_int(s->place.index_id);
        row[crdb_cluster_contention_events_num_contention_events] = datum_int(index->count);
        row[crdb_cluster_contention_events_cumulative_contention_time] =
            (struct datum){.iv = {.micros = index->waited_ns / 1000}};
        row[crdb_cluster_contention_events_key] = shown_key(s->key, s->hidden);
        row[crdb_cluster_contention_events_txn_id] = virtual_txn_uuid(x, s->blocking_txn);
        row[crdb_cluster_contention_events_count] = datum_int(s->count);
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

GENERATOR(crdb_contended_tables_rows)
{
    struct sums sums;
    TRY(sum_events(x, BY_TABLE, &sums, err));
    for (size_t i = 0; i < sums.v.len; i++) {
        const struct sum *s = &sums.v.ptr[i];
        ROW(crdb_cluster_contended_tables);
        row[crdb_cluster_contended_tables_database_name] = database_name(&s->place);
        row[crdb_cluster_contended_tables_schema_name] = schema_name(&s->place);
        row[crdb_cluster_contended_tables_table_name] = table_name(&s->place);
        row[crdb_cluster_contended_tables_num_contention_events] = datum_int(s->count);
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

GENERATOR(crdb_contended_indexes_rows)
{
    struct sums sums;
    TRY(sum_events(x, BY_INDEX, &sums, err));
    for (size_t i = 0; i < sums.v.len; i++) {
        const struct sum *s = &sums.v.ptr[i];
        ROW(crdb_cluster_contended_indexes);
        row[crdb_cluster_contended_indexes_database_name] = database_name(&s->place);
        row[crdb_cluster_contended_indexes_schema_name] = schema_name(&s->place);
        row[crdb_cluster_contended_indexes_table_name] = table_name(&s->place);
        row[crdb_cluster_contended_indexes_index_name] = index_name(&s->place);
        row[crdb_cluster_contended_indexes_num_contention_events] = datum_int(s->count);
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

GENERATOR(crdb_contended_keys_rows)
{
    struct sums sums;
    TRY(sum_events(x, BY_KEY, &sums, err));
    for (size_t i = 0; i < sums.v.len; i++) {
        const struct sum *s = &sums.v.ptr[i];
        ROW(crdb_cluster_contended_keys);
        row[crdb_cluster_contended_keys_database_name] = database_name(&s->place);
        row[crdb_cluster_contended_keys_schema_name] = schema_name(&s->place);
        row[crdb_cluster_contended_keys_table_name] = table_name(&s->place);
        row[crdb_cluster_contended_keys_index_name] = index_name(&s->place);
        row[crdb_cluster_contended_keys_key] = pretty(x, s->key, s->hidden);
        row[crdb_cluster_contended_keys_num_contention_events] = datum_int(s->count);
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}
