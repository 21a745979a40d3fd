// Generations: what has been looked up of the catalog at one version, shared by all views of that version. Entries are
// shared between generations as long as their stored bytes are the same, so a schema change costs the others one read
// and a comparison per descriptor used, no decoding.

#include "catalog/catalog_int.h"
#include "catalog/codec_int.h"
#include "catalog/rows.h"

enum { RECENT_ENTRIES_MAX = 20000, NAMES_MAX = 100000 };

struct entry absent_entry;

// ---- map keys

static struct str id_key(const uint32_t *id)
{
    return (struct str){(const char *)id, sizeof(*id)};
}

// Ids, then the name, in the view's arena.
static struct str name_key(struct arena *a, uint32_t parent, uint32_t schema, struct str name)
{
    char *p = arena_alloc_aligned(a, size_add(name.len, 8), 1);
    memcpy(p, &parent, 4);
    memcpy(p + 4, &schema, 4);
    if (name.len > 0)
        memcpy(p + 8, name.ptr, name.len);
    return (struct str){p, name.len + 8};
}

// ---- entries

static struct str descriptor_key(struct catalog *c, struct arena *a, uint32_t id)
{
    struct buf b = BUF_INIT;
    struct datum d = datum_int(id);
    system_key(&b, c, SYSTEM_DESCRIPTOR, &d, 1);
    struct str key = arena_str(a, buf_view(&b));
    buf_release(&b);
    return key;
}

struct str schema_key(struct catalog *c, struct arena *a, uint32_t id)
{
    struct buf b = BUF_INIT;
    key_put_table_item(&b, c->cluster, id, KEY_TABLE_SCHEMA);
    struct str key = {arena_cstr(a, buf_view(&b)), b.len}; // followed by a NUL: the end of its point range
    buf_release(&b);
    return key;
}

static void finish_table(struct catalog *c, struct entry *e)
{
    struct cat_table *t = &e->table;
    table_types_attach(c, &e->arena, t);
    t->schema_key = schema_key(c, &e->arena, t->id);
    if (t->primary == NULL)
        return;
    struct row_layout *layout = ARENA_NEW(&e->arena, struct row_layout);
    cat_row_layout_init(layout, &e->arena, t);
    t->row_layout = layout;
}

static const struct record *record_of(char kind, enum entry_kind *out)
{
    switch (kind) {
    case 'd':
        *out = ENTRY_DATABASE;
        return &database_record;
    case 's':
        *out = ENTRY_SCHEMA;
        return &schema_record;
    case 't':
        *out = ENTRY_TABLE;
        return &table_record;
    case 'f':
        *out = ENTRY_FUNCTION;
        return &function_record;
    case 'y':
        *out = ENTRY_TYPE;
        return &type_record;
    default:
        return NULL;
    }
}

int entry_decode(struct catalog *c, uint32_t id, struct str raw, struct entry **out, struct err *err)
{
    struct entry *e = mem_zalloc(sizeof(*e));
    arena_init(&e->arena, NULL);
    e->refs = 1;
    e->raw = arena_str(&e->arena, raw);
    const struct record *r = raw.len > 0 ? record_of(raw.ptr[0], &e->kind) : NULL;
    int rc = r == NULL ? err_set(err, ERR_DATA_CORRUPTED, "descriptor %u is damaged", id)
                       : record_decode(&e->arena, r, str_slice(e->raw, 1, e->raw.len), &e->database, err);
    if (rc != 0) {
        arena_release(&e->arena);
        mem_free(e);
        return rc;
    }
    if (e->kind == ENTRY_TABLE)
        finish_table(c, e);
    if (e->kind == ENTRY_FUNCTION)
        function_types_attach(c, &e->arena, &e->function);
    if (e->kind == ENTRY_TYPE)
        type_types_attach(c, &e->arena, &e->type);
    *out = e;
    return 0;
}

static void unref_locked(struct entry *e)
{
    if (e == NULL || e == &absent_entry || --e->refs > 0)
        return;
    arena_release(&e->arena);
    mem_free(e);
}

void entry_unref(struct catalog *c, struct entry *e)
{
    pthread_mutex_lock(&c->mutex);
    unref_locked(e);
    pthread_mutex_unlock(&c->mutex);
}

// ---- caches and generations

static void cache_release_locked(struct cache *cache)
{
    struct map_entry *m;
    for (size_t it = 0; (m = map_next(&cache->ids, &it)) != NULL;)
        unref_locked(m->value);
    map_release(&cache->ids);
    map_release(&cache->names);
    map_release(&cache->lists);
    arena_release(&cache->arena);
}

void cache_release(struct catalog *c, struct cache *cache)
{
    pthread_mutex_lock(&c->mutex);
    cache_release_locked(cache);
    pthread_mutex_unlock(&c->mutex);
}

static void generation_free_locked(struct catalog *c, struct generation *g)
{
    struct generation **at = &c->generations;
    while (*at != g)
        at = &(*at)->next;
    *at = g->next;
    cache_release_locked(&g->cache);
    pthread_mutex_destroy(&g->mutex);
    mem_free(g);
}

static struct generation *generation_new_locked(struct catalog *c, uint64_t version)
{
    struct generation *g = mem_zalloc(sizeof(*g)), *old = c->newest;
    g->version = version;
    pthread_mutex_init(&g->mutex, NULL);
    arena_init(&g->cache.arena, NULL);
    g->next = c->generations;
    c->generations = g;
    if (old == NULL || old->version < version) {
        c->newest = g;
        if (old != NULL && old->refs == 0)
            generation_free_locked(c, old);
    }
    return g;
}

struct generation *generation_acquire(struct catalog *c, uint64_t version)
{
    pthread_mutex_lock(&c->mutex);
    struct generation *g = c->newest;
    if (g == NULL || g->version != version)
        for (g = c->generations; g != NULL && g->version != version;)
            g = g->next;
    if (g == NULL)
        g = generation_new_locked(c, version);
    g->refs++;
    pthread_mutex_unlock(&c->mutex);
    return g;
}

void generation_unref(struct catalog *c, struct generation *g)
{
    pthread_mutex_lock(&c->mutex);
    if (--g->refs == 0 && g != c->newest)
        generation_free_locked(c, g);
    pthread_mutex_unlock(&c->mutex);
}

// The cache a view looks into, locked when shared.
static struct cache *lock_cache(struct cat_view *v)
{
    if (v->dirty)
        return &v->cache;
    pthread_mutex_lock(&v->generation->mutex);
    return &v->generation->cache;
}

static void unlock_cache(struct cat_view *v)
{
    if (!v->dirty)
        pthread_mutex_unlock(&v->generation->mutex);
}

// ---- loading

static int raw_descriptor(struct cat_view *v, const struct kv_value *row, struct str *out, struct err *err)
{
    struct row_view view;
    struct datum d;
    TRY(row_view_init(&view, v->catalog->system[SYSTEM_DESCRIPTOR]->row_layout, row->value, err));
    if (row_get(&view, 1, &d) != ROW_SLOT_VALUE)
        return err_set(err, ERR_DATA_CORRUPTED, "descriptor is damaged");
    *out = d.s;
    return 0;
}

// The recent entry when it has the same bytes, with a new reference.
static struct entry *find_recent(struct catalog *c, uint32_t id, struct str raw)
{
    pthread_mutex_lock(&c->mutex);
    struct entry *e = map_get(&c->recent, id_key(&id));
    if (e != NULL && str_eq(e->raw, raw))
        e->refs++;
    else
        e = NULL;
    pthread_mutex_unlock(&c->mutex);
    return e;
}

static void clear_recent_locked(struct catalog *c)
{
    struct map_entry *m;
    for (size_t it = 0; (m = map_next(&c->recent, &it)) != NULL;)
        unref_locked(m->value);
    map_clear(&c->recent);
}

static void remember_recent(struct catalog *c, uint32_t id, struct entry *e)
{
    pthread_mutex_lock(&c->mutex);
    if (c->recent.len >= RECENT_ENTRIES_MAX)
        clear_recent_locked(c);
    e->refs++;
    unref_locked(map_put(&c->recent, id_key(&id), e));
    pthread_mutex_unlock(&c->mutex);
}

// Puts an entry (with its reference) into the cache; another thread may have been faster, then its entry wins.
static struct entry *publish(struct cat_view *v, uint32_t id, struct entry *e)
{
    struct cache *cache = lock_cache(v);
    struct entry *winner = map_get(&cache->ids, id_key(&id));
    if (winner == NULL)
        map_put(&cache->ids, id_key(&id), e);
    unlock_cache(v);
    if (winner == NULL)
        return e;
    entry_unref(v->catalog, e);
    return winner;
}

static int entry_of_row(struct cat_view *v, uint32_t id, const struct kv_value *row, struct entry **out,
                        struct err *err)
{
    struct entry *e = &absent_entry;
    if (row->found) {
        struct str raw;
        TRY(raw_descriptor(v, row, &raw, err));
        e = find_recent(v->catalog, id, raw);
        if (e == NULL) {
            TRY(entry_decode(v->catalog, id, raw, &e, err));
            if (!v->dirty)
                remember_recent(v->catalog, id, e);
        }
    }
    *out = publish(v, id, e);
    return 0;
}

static struct entry *cached_entry(struct cat_view *v, uint32_t id)
{
    struct entry *e = map_get(&lock_cache(v)->ids, id_key(&id));
    unlock_cache(v);
    return e;
}

int view_entry(struct cat_view *v, uint32_t id, const struct entry **out, struct err *err)
{
    struct entry *e = cached_entry(v, id);
    if (e == NULL) {
        struct kv_value row;
        struct str key = descriptor_key(v->catalog, &v->arena, id);
        TRY_KV(v->txn, kv_get(v->txn, key, KV_READ_SNAPSHOT, &row), err);
        TRY(entry_of_row(v, id, &row, &e, err));
    }
    *out = e == &absent_entry ? NULL : e;
    return 0;
}

static int load_name(struct cat_view *v, uint32_t parent, uint32_t schema, struct str name, uint32_t *id,
                     struct err *err)
{
    struct datum key[] = {datum_int(parent), datum_int(schema), datum_str(name)};
    struct datum values[SYSTEM_COLUMNS_MAX];
    bool found;
    TRY(system_get(v->catalog, v->txn, &v->arena, SYSTEM_NAMESPACE, KV_READ_SNAPSHOT, key, values, &found, err));
    *id = found ? (uint32_t)values[3].i : CAT_ID_NONE;
    return 0;
}

int view_name(struct cat_view *v, uint32_t parent, uint32_t schema, struct str name, uint32_t *id, struct err *err)
{
    struct arena_mark mark = arena_mark(&v->arena);
    struct str key = name_key(&v->arena, parent, schema, name);
    void *boxed = map_get(&lock_cache(v)->names, key);
    unlock_cache(v);
    int rc = 0;
    if (boxed != NULL) {
        *id = (uint32_t)((uintptr_t)boxed - 1);
    } else {
        rc = load_name(v, parent, schema, name, id, err);
        struct cache *cache = lock_cache(v);
        if (rc == 0 && cache->names.len < NAMES_MAX)
            map_put(&cache->names, key, (void *)((uintptr_t)*id + 1));
        unlock_cache(v);
    }
    arena_rewind(&v->arena, mark);
    return rc;
}

// ---- lists

struct id_list {
    ARENA_VEC(uint32_t) ids;
};

static int scan_namespace(struct cat_view *v, uint32_t parent, uint32_t schema, bool any_schema, struct id_list *out,
                          struct err *err)
{
    struct datum key[] = {datum_int(parent), datum_int(schema)}, values[SYSTEM_COLUMNS_MAX];
    struct system_scan scan;
    bool found = true;
    TRY(system_scan_open(v->catalog, v->txn, &v->arena, SYSTEM_NAMESPACE, key, any_schema ? 1 : 2, &scan, err));
    int rc = 0;
    while (rc == 0 && found) {
        rc = system_scan_next(&scan, values, &found, err);
        if (rc == 0 && found && !(any_schema && values[1].i == 0))
            ARENA_PUSH(&v->arena, &out->ids, (uint32_t)values[3].i);
    }
    system_scan_close(&scan);
    return rc;
}

// Reads all descriptors of the list that are not cached in one batch.
static int load_entries(struct cat_view *v, const struct id_list *list, struct err *err)
{
    struct str *keys = ARENA_ARRAY(&v->arena, struct str, list->ids.len);
    uint32_t *ids = ARENA_ARRAY(&v->arena, uint32_t, list->ids.len);
    size_t n = 0;
    for (size_t i = 0; i < list->ids.len; i++) {
        if (cached_entry(v, list->ids.ptr[i]) != NULL)
            continue;
        ids[n] = list->ids.ptr[i];
        keys[n++] = descriptor_key(v->catalog, &v->arena, list->ids.ptr[i]);
    }
    struct kv_value *rows = ARENA_ARRAY(&v->arena, struct kv_value, n);
    if (n > 0)
        TRY_KV(v->txn, kv_get_many(v->txn, keys, n, KV_READ_SNAPSHOT, rows), err);
    for (size_t i = 0; i < n; i++) {
        struct entry *e;
        TRY(entry_of_row(v, ids[i], &rows[i], &e, err));
    }
    return 0;
}

// Into the cache, whose arena holds it; entries stay referenced by the cache's ids.
static const struct entries *publish_list(struct cat_view *v, struct str key, const struct id_list *list)
{
    struct cache *cache = lock_cache(v);
    struct entries *out = map_get(&cache->lists, key);
    if (out == NULL) {
        out = ARENA_NEW(&cache->arena, struct entries);
        out->items = ARENA_ARRAY(&cache->arena, struct entry *, list->ids.len);
        for (size_t i = 0; i < list->ids.len; i++) {
            struct entry *e = map_get(&cache->ids, id_key(&list->ids.ptr[i]));
            if (e != NULL && e != &absent_entry)
                out->items[out->n++] = e;
        }
        map_put(&cache->lists, key, out);
    }
    unlock_cache(v);
    return out;
}

int view_list(struct cat_view *v, uint32_t parent, uint32_t schema, bool any_schema, const struct entries **out,
              struct err *err)
{
    struct str key = name_key(&v->arena, parent, any_schema ? UINT32_MAX : schema, STR_EMPTY);
    *out = map_get(&lock_cache(v)->lists, key);
    unlock_cache(v);
    if (*out != NULL)
        return 0;
    struct id_list list = {0};
    TRY(scan_namespace(v, parent, schema, any_schema, &list, err));
    TRY(load_entries(v, &list, err));
    *out = publish_list(v, key, &list);
    return 0;
}

// ---- changes

int view_changed(struct cat_view *v, struct err *err)
{
    TRY_KV(v->txn, kv_add(v->txn, v->catalog->version_key, 1), err);
    if (!v->dirty) {
        v->dirty = true;
        arena_init(&v->cache.arena, NULL);
    }
    map_clear(&v->cache.lists);
    return 0;
}

void view_forget_entry(struct cat_view *v, uint32_t id)
{
    struct entry *e = map_remove(&v->cache.ids, id_key(&id));
    if (e != NULL && e != &absent_entry)
        ARENA_PUSH(&v->arena, &v->held_entries, e);
}

void view_forget_name(struct cat_view *v, uint32_t parent, uint32_t schema, struct str name)
{
    struct arena_mark mark = arena_mark(&v->arena);
    map_remove(&v->cache.names, name_key(&v->arena, parent, schema, name));
    arena_rewind(&v->arena, mark);
}
