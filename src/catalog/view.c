// Views: opening, the version they see, refreshing, and lookups of single objects and lists.

#include <ctype.h>
#include "catalog/catalog_int.h"
#include "types/collation.h"
#include <stdlib.h>

// The version counter at the transaction's snapshot, as another transaction reading at that snapshot sees it: without
// this transaction's own changes.
static int committed_version(struct cat_view *v, uint64_t *out, struct err *err)
{
    struct kv_txn *txn;
    struct kv_value value = {0};
    struct kv_begin_options options = {.read_only = true, .as_of = kv_read_version(v->txn)};
    TRY_KV(NULL, kv_begin(v->catalog->kv, &options, &txn), err);
    enum kv_result rc = kv_get(txn, v->catalog->version_key, KV_READ_SNAPSHOT, &value);
    *out = 0;
    if (rc == KV_OK && value.found && value.value.len == 8)
        memcpy(out, value.value.ptr, 8);
    kv_abort(txn);
    TRY_KV(NULL, rc, err);
    return 0;
}

static int read_version(struct cat_view *v, struct err *err)
{
    struct kv_value value;
    uint64_t seen = 0;
    v->snapshot = kv_read_version(v->txn);
    TRY_KV(v->txn, kv_get(v->txn, v->catalog->version_key, KV_READ_SNAPSHOT, &value), err);
    if (value.found && value.value.len == 8)
        memcpy(&seen, value.value.ptr, 8);
    v->version = seen;
    if (kv_has_writes(v->txn))
        TRY(committed_version(v, &v->version, err));
    v->dirty = seen != v->version;
    return 0;
}

int cat_view_open(struct catalog *c, struct kv_txn *txn, struct cat_view **out, struct err *err)
{
    struct cat_view *v = mem_zalloc(sizeof(*v));
    v->catalog = c;
    v->txn = txn;
    arena_init(&v->arena, NULL);
    int rc = read_version(v, err);
    if (rc != 0) {
        mem_free(v);
        return rc;
    }
    v->generation = generation_acquire(c, v->version);
    *out = v;
    return 0;
}

void cat_view_close(struct cat_view *v)
{
    if (v == NULL)
        return;
    struct catalog *c = v->catalog;
    cache_release(c, &v->cache);
    for (size_t i = 0; i < v->held_entries.len; i++)
        entry_unref(c, v->held_entries.ptr[i]);
    for (size_t i = 0; i < v->held_generations.len; i++)
        generation_unref(c, v->held_generations.ptr[i]);
    for (size_t i = 0; i < v->held_roles.len; i++)
        role_set_unref(c, v->held_roles.ptr[i]);
    if (v->roles != NULL)
        role_set_unref(c, v->roles);
    generation_unref(c, v->generation);
    arena_release(&v->arena);
    mem_free(v);
}

// Private entries stay alive for those who still hold them.
static void forget_private(struct cat_view *v)
{
    struct map_entry *m;
    for (size_t it = 0; (m = map_next(&v->cache.ids, &it)) != NULL;)
        if (m->value != &absent_entry)
            ARENA_PUSH(&v->arena, &v->held_entries, (struct entry *)m->value);
    map_clear(&v->cache.ids);
    map_clear(&v->cache.names);
    map_clear(&v->cache.lists);
}

int cat_view_refresh(struct cat_view *v, struct err *err)
{
    forget_private(v);
    TRY(read_version(v, err));
    if (v->roles != NULL)
        ARENA_PUSH(&v->arena, &v->held_roles, v->roles);
    v->roles = NULL;
    if (v->generation->version != v->version) {
        ARENA_PUSH(&v->arena, &v->held_generations, v->generation);
        v->generation = generation_acquire(v->catalog, v->version);
    }
    return 0;
}

int cat_view_follow(struct cat_view *v, struct err *err)
{
    return kv_read_version(v->txn) == v->snapshot ? 0 : cat_view_refresh(v, err);
}

uint64_t cat_view_version(const struct cat_view *v)
{
    return v->dirty ? 0 : v->version;
}

struct kv_txn *cat_view_txn(struct cat_view *v)
{
    return v->txn;
}

struct catalog *cat_view_catalog(struct cat_view *v)
{
    return v->catalog;
}

// ---- single objects

int cat_database_by_id(struct cat_view *v, uint32_t id, const struct cat_database **out, struct err *err)
{
    const struct entry *e;
    TRY(view_entry(v, id, &e, err));
    *out = e != NULL && e->kind == ENTRY_DATABASE ? &e->database : NULL;
    return 0;
}

int cat_database_by_name(struct cat_view *v, struct str name, const struct cat_database **out, struct err *err)
{
    uint32_t id;
    *out = NULL;
    TRY(view_name(v, 0, 0, name, &id, err));
    return id != CAT_ID_NONE ? cat_database_by_id(v, id, out, err) : 0;
}

static const struct cat_schema *virtual_schema(const struct catalog *c, uint32_t id)
{
    for (size_t i = 0; i < c->n_virtual; i++)
        if (c->virtual_schemas[i].id == id)
            return &c->virtual_schemas[i];
    return NULL;
}

int cat_schema_by_id(struct cat_view *v, uint32_t id, const struct cat_schema **out, struct err *err)
{
    const struct entry *e;
    *out = virtual_schema(v->catalog, id);
    if (*out != NULL)
        return 0;
    TRY(view_entry(v, id, &e, err));
    *out = e != NULL && e->kind == ENTRY_SCHEMA ? &e->schema : NULL;
    return 0;
}

int cat_schema_by_name(struct cat_view *v, uint32_t database_id, struct str name, const struct cat_schema **out,
                       struct err *err)
{
    uint32_t id;
    *out = NULL;
    for (size_t i = 0; i < v->catalog->n_virtual; i++)
        if (str_eq(v->catalog->virtual_schemas[i].name, name)) {
            *out = &v->catalog->virtual_schemas[i];
            return 0;
        }
    TRY(view_name(v, database_id, 0, name, &id, err));
    return id != CAT_ID_NONE ? cat_schema_by_id(v, id, out, err) : 0;
}

static const struct cat_table *virtual_table_by_name(const struct cat_virtual_schema *s, struct str name)
{
    size_t low = 0, high = s->n_tables;
    while (low < high) {
        size_t mid = (low + high) / 2;
        int c = str_cmp(s->tables[mid].name, name);
        if (c == 0)
            return &s->tables[mid];
        if (c < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

int cat_table_by_id(struct cat_view *v, uint32_t id, const struct cat_table **out, struct err *err)
{
    const struct entry *e;
    *out = map_get(&v->catalog->virtual_ids, (struct str){(const char *)&id, sizeof(id)});
    if (*out != NULL)
        return 0;
    TRY(view_entry(v, id, &e, err));
    *out = e != NULL && e->kind == ENTRY_TABLE ? &e->table : NULL;
    return 0;
}

int cat_table_by_name(struct cat_view *v, uint32_t database_id, uint32_t schema_id, struct str name,
                      const struct cat_table **out, struct err *err)
{
    uint32_t id;
    *out = NULL;
    for (size_t i = 0; i < v->catalog->n_virtual; i++)
        if (v->catalog->virtual_schemas[i].id == schema_id) {
            *out = virtual_table_by_name(&v->catalog->virtual_tables[i], name);
            return 0;
        }
    TRY(view_name(v, database_id, schema_id, name, &id, err));
    if (id == CAT_ID_NONE && schema_id == CAT_ID_SYSTEM_PUBLIC && v->catalog->system_virtual != NULL)
        *out = virtual_table_by_name(v->catalog->system_virtual, name);
    return id != CAT_ID_NONE ? cat_table_by_id(v, id, out, err) : 0;
}

int cat_type_by_id(struct cat_view *v, uint32_t id, const struct cat_type **out, struct err *err)
{
    const struct entry *e;
    TRY(view_entry(v, id, &e, err));
    *out = e != NULL && e->kind == ENTRY_TYPE ? &e->type : NULL;
    return 0;
}

int cat_type_by_name(struct cat_view *v, uint32_t database_id, uint32_t schema_id, struct str name,
                     const struct cat_type **out, struct err *err)
{
    uint32_t id;
    *out = NULL;
    TRY(view_name(v, database_id, schema_id, name, &id, err));
    return id != CAT_ID_NONE ? cat_type_by_id(v, id, out, err) : 0;
}

int cat_function_by_id(struct cat_view *v, uint32_t id, const struct cat_function **out, struct err *err)
{
    const struct entry *e;
    TRY(view_entry(v, id, &e, err));
    *out = e != NULL && e->kind == ENTRY_FUNCTION ? &e->function : NULL;
    return 0;
}

size_t cat_function_columns(const struct cat_function *f, struct arena *a, struct cat_function_column **out)
{
    struct cat_function_column *columns = ARENA_ARRAY(a, struct cat_function_column, f->n_params + 1);
    size_t n = 0;
    for (size_t i = 0; i < f->n_params; i++) {
        if (f->params[i].mode == 'i')
            continue;
        columns[n] = (struct cat_function_column){arena_str(a, f->params[i].name), f->params[i].type};
        if (columns[n].name.len == 0)
            columns[n].name = arena_printf(a, "column%zu", n + 1);
        n++;
    }
    if (n == 0)
        columns[n++] = (struct cat_function_column){arena_str(a, f->name), f->result};
    *out = columns;
    return n;
}

int cat_type_of_oid(struct cat_view *v, uint32_t oid, struct type *out, bool *found, struct err *err)
{
    const struct cat_type *t = NULL;
    *found = type_from_oid(oid, out);
    if (*found || v == NULL || oid <= TYPE_OID_USER_FIRST)
        return 0;
    TRY(cat_type_by_id(v, oid - TYPE_OID_USER_FIRST, &t, err));
    if (t != NULL)
        *out = t->type;
    else
        TRY(cat_type_by_id(v, oid - TYPE_OID_USER_FIRST - 1, &t, err));
    *found = t != NULL;
    if (t != NULL && t->type.oid != oid)
        *out = type_array_of(t->type);
    return 0;
}

// The snapshot has moved since the descriptor was read: it must still be what it was.
static int check_current(struct cat_view *v, const struct cat_table *t, struct err *err)
{
    const struct cat_table *now;
    TRY(cat_view_refresh(v, err));
    TRY(cat_table_by_id(v, t->id, &now, err));
    if (now != NULL && now->version == t->version)
        return 0;
    return cat_changed_meanwhile(t->name, err);
}

int cat_table_depend(struct cat_view *v, const struct cat_table *t, bool to_the_end, struct err *err)
{
    struct str key = t->schema_key;
    if (key.ptr == NULL)
        return 0;
    if (UNLIKELY(kv_read_version(v->txn) != v->snapshot))
        TRY(check_current(v, t, err));
    struct kv_range point = {key, {key.ptr, key.len + 1}};
    TRY_KV(v->txn, kv_add_read_conflict(v->txn, point, to_the_end ? KV_READ_VALIDATED : 0), err);
    return 0;
}

// ---- locks on tables

static struct table_lock *lock_held(const struct cat_view *v, uint32_t id)
{
    for (size_t i = 0; i < v->locks.len; i++)
        if (v->locks.ptr[i].id == id)
            return &v->locks.ptr[i];
    return NULL;
}

bool cat_table_locked(const struct cat_view *v, const struct cat_table *t, enum kv_lock_mode mode)
{
    const struct table_lock *held = lock_held(v, t->id);
    return held != NULL && held->mode >= mode;
}

static void note_lock(struct cat_view *v, uint32_t id, enum kv_lock_mode mode)
{
    struct table_lock *held = lock_held(v, id);
    if (held != NULL)
        held->mode = mode;
    else
        ARENA_PUSH(&v->arena, &v->locks, ((struct table_lock){id, mode}));
}

int cat_table_lock(struct cat_view *v, const struct cat_table *t, enum kv_lock_mode mode, enum kv_lock_wait wait,
                   bool *moved, struct err *err)
{
    struct arena_mark mark = arena_mark(&v->arena);
    uint64_t before = kv_read_version(v->txn);
    *moved = false;
    if (cat_table_locked(v, t, mode))
        return 0;
    bool known = t->schema_key.ptr != NULL; // not of a descriptor that is about to be written for the first time
    struct str key = known ? t->schema_key : schema_key(v->catalog, &v->arena, t->id);
    enum kv_result r = kv_lock_guard(v->txn, key, mode, wait, v->lock_timeout_ns);
    if (!known)
        arena_rewind(&v->arena, mark);
    if (r != KV_OK && (r != KV_TIMEOUT || !v->lock_optional))
        return cat_kv_table_error(v, t, (int)r, err);
    note_lock(v, t->id, mode);
    *moved = kv_read_version(v->txn) != before;
    return *moved ? cat_view_refresh(v, err) : 0;
}

void cat_view_set_lock_wait(struct cat_view *v, int64_t timeout_ns, bool optional)
{
    v->lock_timeout_ns = timeout_ns;
    v->lock_optional = optional;
}

void cat_view_forget_locks(struct cat_view *v)
{
    v->locks.len = 0;
}

int cat_view_catch_up(struct cat_view *v, bool *moved, struct err *err)
{
    uint64_t before = kv_read_version(v->txn);
    enum kv_result r = kv_refresh(v->txn);
    if (r != KV_OK && (r != KV_CONFLICT || kv_txn_isolation(v->txn) != KV_SNAPSHOT))
        return cat_kv_error(v->txn, (int)r, err);
    if (kv_read_version(v->txn) == before)
        return 0;
    *moved = true;
    return cat_view_refresh(v, err);
}

struct str cat_index_collations(struct arena *a, const struct cat_column *columns, size_t n_columns,
                                const struct cat_index *index)
{
    struct str out = STR_EMPTY;
    for (size_t i = 0; i < index->n_columns; i++) {
        size_t k = 0;
        while (k < n_columns && columns[k].id != index->columns[i].column_id)
            k++;
        if (k == n_columns || !type_has_collation(columns[k].type))
            continue;
        int16_t collation = columns[k].type.scale;
        out = arena_printf(a, "%.*s%s%s %s", STR_FMT(out), out.len > 0 ? ", " : "", collation_name(collation),
                           collation_version(collation));
    }
    return out;
}

const struct cat_column *cat_column_by_id(const struct cat_table *t, uint32_t id)
{
    for (size_t i = 0; i < t->n_columns; i++)
        if (t->columns[i].id == id)
            return &t->columns[i];
    return NULL;
}

enum cat_system_column cat_system_column(struct str name)
{
    static const char *const names[] = {
        [CAT_SYSTEM_TABLEOID] = "tableoid",
        [CAT_SYSTEM_MVCC_TIMESTAMP] = "crdb_internal_mvcc_timestamp",
        [CAT_SYSTEM_ORIGIN_ID] = "crdb_internal_origin_id",
        [CAT_SYSTEM_ORIGIN_TIMESTAMP] = "crdb_internal_origin_timestamp",
        [CAT_SYSTEM_CTID] = "ctid",
    };
    for (size_t i = CAT_SYSTEM_NONE + 1; i < ARRAY_LEN(names); i++) {
        if (str_eqc(name, names[i]))
            return (enum cat_system_column)i;
    }
    return CAT_SYSTEM_NONE;
}

const struct cat_column *cat_column_by_name(const struct cat_table *t, struct str name)
{
    for (size_t i = 0; i < t->n_columns; i++)
        if (str_eq(t->columns[i].name, name))
            return &t->columns[i];
    return NULL;
}

const struct cat_trigger *cat_trigger_by_name(const struct cat_table *t, struct str name)
{
    for (size_t i = 0; i < t->n_triggers; i++)
        if (str_eq(t->triggers[i].name, name))
            return &t->triggers[i];
    return NULL;
}

bool cat_column_of_index(const struct cat_column *c)
{
    return c->hidden && c->computed_virtual && str_has_prefix(c->name, STR("crdb_internal_"));
}

bool cat_column_inaccessible(const struct cat_column *c)
{
    return c->state != CAT_COLUMN_PUBLIC ||
           (c->hidden && c->computed_virtual && str_has_prefix(c->name, STR("crdb_internal_idx_expr")));
}

const struct cat_index *cat_next_primary(const struct cat_table *t)
{
    for (size_t i = 0; i < t->n_indexes; i++)
        if (t->indexes[i].rows)
            return &t->indexes[i];
    return NULL;
}

bool cat_index_keeps_key(const struct cat_table *t, const struct cat_index *index)
{
    bool same = index->rows && index->n_columns == t->primary->n_columns;
    for (size_t i = 0; same && i < index->n_columns; i++)
        same = index->columns[i].column_id == t->primary->columns[i].column_id;
    return same;
}

uint32_t cat_index_shards(const struct cat_table *t, const struct cat_index *index)
{
    const struct cat_column *c = cat_column_by_id(t, index->columns[0].column_id);
    if (c == NULL || index->n_columns < 2 || !c->hidden || !c->computed_virtual ||
        !str_has_prefix(c->name, STR("crdb_internal_")))
        return 0;
    size_t digits = 0;
    int64_t n;
    while (digits < c->name.len && isdigit((unsigned char)c->name.ptr[c->name.len - 1 - digits]))
        digits++;
    struct str before = str_slice(c->name, 0, c->name.len - digits),
               number = str_slice(c->name, before.len, c->name.len);
    bool shard = before.len > 7 && str_eqc(str_slice(before, before.len - 7, before.len), "_shard_");
    return shard && str_to_i64(number, &n) ? (uint32_t)n : 0;
}

const struct cat_index *cat_index_by_name(const struct cat_table *t, struct str name)
{
    if (t->primary != NULL && str_eq(t->primary->name, name))
        return t->primary;
    for (size_t i = 0; i < t->n_indexes; i++)
        if (str_eq(t->indexes[i].name, name))
            return &t->indexes[i];
    return NULL;
}

const struct cat_index *cat_index_by_id(const struct cat_table *t, uint32_t id)
{
    if (t->primary != NULL && t->primary->id == id)
        return t->primary;
    for (size_t i = 0; i < t->n_indexes; i++)
        if (t->indexes[i].id == id)
            return &t->indexes[i];
    return NULL;
}

// ---- lists

int cat_list_databases(struct cat_view *v, struct arena *a, const struct cat_database ***out, size_t *n,
                       struct err *err)
{
    const struct entries *list;
    TRY(view_list(v, 0, 0, false, &list, err));
    *out = ARENA_ARRAY(a, const struct cat_database *, list->n);
    *n = 0;
    for (size_t i = 0; i < list->n; i++)
        (*out)[(*n)++] = &list->items[i]->database;
    return 0;
}

static int compare_schemas(const void *a, const void *b)
{
    const struct cat_schema *const *x = a, *const *y = b;
    return str_cmp((*x)->name, (*y)->name);
}

int cat_list_schemas(struct cat_view *v, struct arena *a, uint32_t database_id, const struct cat_schema ***out,
                     size_t *n, struct err *err)
{
    const struct entries *list;
    TRY(view_list(v, database_id, 0, false, &list, err));
    *out = ARENA_ARRAY(a, const struct cat_schema *, list->n + v->catalog->n_virtual);
    *n = 0;
    for (size_t i = 0; i < list->n; i++)
        (*out)[(*n)++] = &list->items[i]->schema;
    for (size_t i = 0; i < v->catalog->n_virtual; i++)
        (*out)[(*n)++] = &v->catalog->virtual_schemas[i];
    qsort(*out, *n, sizeof(**out), compare_schemas);
    return 0;
}

static void list_virtual(struct catalog *c, struct arena *a, uint32_t schema_id, const struct cat_table ***out,
                         size_t *n)
{
    for (size_t i = 0; i < c->n_virtual; i++) {
        const struct cat_virtual_schema *s = &c->virtual_tables[i];
        if (c->virtual_schemas[i].id != schema_id)
            continue;
        *out = ARENA_ARRAY(a, const struct cat_table *, s->n_tables);
        for (*n = 0; *n < s->n_tables; ++*n)
            (*out)[*n] = &s->tables[*n];
    }
}

static int compare_tables(const void *a, const void *b)
{
    const struct cat_table *const *x = a, *const *y = b;
    return str_cmp((*x)->name, (*y)->name);
}

int cat_list_tables(struct cat_view *v, struct arena *a, uint32_t database_id, uint32_t schema_id,
                    const struct cat_table ***out, size_t *n, struct err *err)
{
    const struct entries *list;
    if (virtual_schema(v->catalog, schema_id) != NULL) {
        list_virtual(v->catalog, a, schema_id, out, n);
        return 0;
    }
    const struct cat_virtual_schema *system = database_id == CAT_ID_SYSTEM_DATABASE ? v->catalog->system_virtual : NULL;
    TRY(view_list(v, database_id, schema_id, schema_id == 0, &list, err));
    *out = ARENA_ARRAY(a, const struct cat_table *, list->n + (system != NULL ? system->n_tables : 0));
    *n = 0;
    for (size_t i = 0; i < list->n; i++)
        if (list->items[i]->kind == ENTRY_TABLE)
            (*out)[(*n)++] = &list->items[i]->table;
    for (size_t i = 0; system != NULL && i < system->n_tables; i++)
        (*out)[(*n)++] = &system->tables[i];
    if (schema_id == 0 || system != NULL)
        qsort(*out, *n, sizeof(**out), compare_tables);
    return 0;
}

static int compare_types(const void *a, const void *b)
{
    const struct cat_type *const *x = a, *const *y = b;
    return str_cmp((*x)->name, (*y)->name);
}

int cat_list_types(struct cat_view *v, struct arena *a, uint32_t database_id, uint32_t schema_id,
                   const struct cat_type ***out, size_t *n, struct err *err)
{
    const struct entries *list;
    TRY(view_list(v, database_id, schema_id, schema_id == 0, &list, err));
    *out = ARENA_ARRAY(a, const struct cat_type *, list->n);
    *n = 0;
    for (size_t i = 0; i < list->n; i++)
        if (list->items[i]->kind == ENTRY_TYPE)
            (*out)[(*n)++] = &list->items[i]->type;
    if (schema_id == 0)
        qsort(*out, *n, sizeof(**out), compare_types);
    return 0;
}

static int compare_functions(const void *a, const void *b)
{
    const struct cat_function *const *x = a, *const *y = b;
    int c = str_cmp((*x)->name, (*y)->name);
    return c != 0 ? c : ((*x)->id > (*y)->id) - ((*x)->id < (*y)->id);
}

int cat_list_functions(struct cat_view *v, struct arena *a, uint32_t database_id, uint32_t schema_id, struct str name,
                       const struct cat_function ***out, size_t *n, struct err *err)
{
    const struct entries *list;
    ARENA_VEC(const struct cat_function *) found = {0};
    TRY(view_list(v, database_id, schema_id, schema_id == 0, &list, err));
    for (size_t i = 0; i < list->n; i++)
        if (list->items[i]->kind == ENTRY_FUNCTION && (name.len == 0 || str_eq(list->items[i]->function.name, name)))
            ARENA_PUSH(a, &found, &list->items[i]->function);
    if (found.len > 0)
        qsort(found.ptr, found.len, sizeof(*found.ptr), compare_functions);
    *out = found.ptr;
    *n = found.len;
    return 0;
}

// ---- pins

struct cat_pin *cat_view_pin(struct cat_view *v)
{
    if (v->dirty)
        return NULL;
    pthread_mutex_lock(&v->catalog->mutex);
    v->generation->refs++;
    pthread_mutex_unlock(&v->catalog->mutex);
    return (struct cat_pin *)v->generation;
}

void cat_unpin(struct catalog *c, struct cat_pin *pin)
{
    if (pin != NULL)
        generation_unref(c, (struct generation *)pin);
}
