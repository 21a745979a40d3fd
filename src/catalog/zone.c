// system.zones. The column `config` is text, a line for each variable that is set; those of indexes follow a line with
// the index's id:
//
//     gc.ttlseconds = 600
//     [2]
//     num_replicas = 3
#include "catalog/zone.h"
#include "catalog/catalog_int.h"
#include "catalog/rows.h"

const struct cat_zone_variable_info cat_zone_variables[CAT_ZONE_VARIABLES] = {
#define ZONE(NAME, sql, yaml, kind, standard) {sql, yaml, CAT_ZONE_##kind, standard},
#include "catalog/zone_variables.def"
#undef ZONE
};

static const struct {
    const char *name;
    uint32_t id;
} ranges[] = {
    {"default", CAT_ZONE_DEFAULT}, {"meta", 16}, {"system", 17}, {"timeseries", 18}, {"liveness", 22}, {"tenants", 38}};

bool cat_zone_range_id(struct str name, uint32_t *id)
{
    for (size_t i = 0; i < ARRAY_LEN(ranges); i++) {
        *id = ranges[i].id;
        if (str_ieqc(name, ranges[i].name))
            return true;
    }
    return false;
}

const char *cat_zone_range_name(uint32_t id)
{
    for (size_t i = 0; i < ARRAY_LEN(ranges); i++) {
        if (ranges[i].id == id)
            return ranges[i].name;
    }
    return NULL;
}

int cat_zone_variable_of(struct str name)
{
    for (int i = 0; i < CAT_ZONE_VARIABLES; i++) {
        if (str_ieqc(name, cat_zone_variables[i].sql_name))
            return i;
    }
    return -1;
}

void cat_zone_inherit(struct cat_zone *zone, const struct cat_zone *from)
{
    for (int i = 0; i < CAT_ZONE_VARIABLES; i++) {
        if (zone->values[i].ptr == NULL)
            zone->values[i] = from->values[i];
    }
}

static void inherit_standard(struct cat_zone *zone)
{
    struct cat_zone standard = {0};
    for (int i = 0; i < CAT_ZONE_VARIABLES; i++)
        if (cat_zone_variables[i].standard != NULL)
            standard.values[i] = str_of(cat_zone_variables[i].standard);
    cat_zone_inherit(zone, &standard);
}

// ---- the stored form

struct zone_list {
    ARENA_VEC(struct cat_zone_entry) v;
};

static struct cat_zone *entry_of(struct arena *a, struct zone_list *l, uint32_t id, uint32_t index_id)
{
    for (size_t i = 0; i < l->v.len; i++) {
        if (l->v.ptr[i].id == id && l->v.ptr[i].index_id == index_id)
            return &l->v.ptr[i].zone;
    }
    struct cat_zone_entry e = {.id = id, .index_id = index_id};
    ARENA_PUSH(a, &l->v, e);
    return &l->v.ptr[l->v.len - 1].zone;
}

static void read_line(struct arena *a, struct zone_list *l, uint32_t id, uint32_t *index_id, struct str line)
{
    int64_t number;
    if (line.len > 2 && line.ptr[0] == '[' && str_to_i64(str_slice(line, 1, line.len - 1), &number)) {
        *index_id = (uint32_t)number;
        return;
    }
    const char *eq = memchr(line.ptr, '=', line.len);
    if (eq == NULL)
        return;
    size_t at = (size_t)(eq - line.ptr);
    int variable = cat_zone_variable_of(str_trim(str_slice(line, 0, at)));
    if (variable >= 0)
        entry_of(a, l, id, *index_id)->values[variable] = str_trim(str_slice(line, at + 1, line.len));
}

static void read_config(struct arena *a, struct zone_list *l, uint32_t id, struct str config)
{
    uint32_t index_id = 0;
    while (config.len > 0) {
        const char *end = memchr(config.ptr, '\n', config.len);
        size_t len = end != NULL ? (size_t)(end - config.ptr) : config.len;
        read_line(a, l, id, &index_id, str_slice(config, 0, len));
        config = str_slice(config, MIN(len + 1, config.len), config.len);
    }
}

static void write_zone(struct buf *b, const struct cat_zone_entry *e)
{
    if (e->index_id != 0)
        buf_printf(b, "[%u]\n", e->index_id);
    for (int i = 0; i < CAT_ZONE_VARIABLES; i++)
        if (e->zone.values[i].ptr != NULL)
            buf_printf(b, "%s = %.*s\n", cat_zone_variables[i].sql_name, STR_FMT(e->zone.values[i]));
}

static int read_row(struct cat_view *v, uint32_t id, struct zone_list *l, struct err *err)
{
    struct datum key = datum_int(id), values[SYSTEM_COLUMNS_MAX];
    bool found;
    TRY(system_get(v->catalog, v->txn, &v->arena, SYSTEM_ZONES, 0, &key, values, &found, err));
    if (found)
        read_config(&v->arena, l, id, values[1].s);
    return 0;
}

int cat_zone_get(struct cat_view *v, uint32_t id, uint32_t index_id, struct cat_zone *out, bool *found, struct err *err)
{
    struct zone_list l = {0};
    TRY(read_row(v, id, &l, err));
    *out = (struct cat_zone){0};
    *found = id == CAT_ZONE_DEFAULT;
    for (size_t i = 0; i < l.v.len; i++) {
        if (l.v.ptr[i].index_id == index_id) {
            *out = l.v.ptr[i].zone;
            *found = true;
        }
    }
    if (id == CAT_ZONE_DEFAULT)
        inherit_standard(out);
    return 0;
}

int cat_zone_put(struct cat_view *v, uint32_t id, uint32_t index_id, const struct cat_zone *zone, struct err *err)
{
    struct zone_list l = {0};
    TRY(read_row(v, id, &l, err));
    *entry_of(&v->arena, &l, id, index_id) = zone != NULL ? *zone : (struct cat_zone){0};
    struct buf b = BUF_INIT;
    for (int of_indexes = 0; of_indexes < 2; of_indexes++) // the table's own first
        for (size_t i = 0; i < l.v.len; i++)
            if ((l.v.ptr[i].index_id != 0) == (of_indexes != 0))
                write_zone(&b, &l.v.ptr[i]);
    struct datum values[] = {datum_int(id), datum_str(arena_str(&v->arena, buf_view(&b)))};
    bool empty = b.len == 0;
    buf_release(&b);
    TRY(empty ? system_delete(v->catalog, v->txn, SYSTEM_ZONES, values, err)
              : system_put(v->catalog, v->txn, SYSTEM_ZONES, values, err));
    v->zones_changed = true;
    return view_changed(v, err);
}

int cat_zones_remove(struct cat_view *v, uint32_t id, struct err *err)
{
    struct datum key = datum_int(id), values[SYSTEM_COLUMNS_MAX];
    bool found;
    TRY(system_get(v->catalog, v->txn, &v->arena, SYSTEM_ZONES, 0, &key, values, &found, err));
    if (!found)
        return 0;
    v->zones_changed = true;
    return system_delete(v->catalog, v->txn, SYSTEM_ZONES, &key, err);
}

bool cat_zones_changed(const struct cat_view *v)
{
    return v->zones_changed;
}

// ---- all of a cluster

static int read_all(struct catalog *c, struct kv_txn *txn, uint64_t cluster, struct arena *a, struct zone_list *l,
                    struct err *err)
{
    const struct cat_table *t = c->system[SYSTEM_ZONES];
    struct buf b = BUF_INIT;
    key_put_index(&b, cluster, t->id, t->primary->id);
    struct str prefix = arena_str(a, buf_view(&b));
    buf_release(&b);
    struct kv_scan *scan;
    struct kv_batch batch = {0};
    TRY_KV(txn, kv_scan_open(txn, key_prefix_range(a, prefix), KV_READ_SNAPSHOT, 0, &scan), err);
    int rc = 0;
    do {
        enum kv_result r = kv_scan_next(scan, BATCH_ROWS_MAX, &batch);
        rc = r == KV_OK ? 0 : cat_kv_error(txn, (int)r, err);
        for (size_t i = 0; i < batch.n && rc == 0; i++) {
            struct datum values[SYSTEM_COLUMNS_MAX];
            rc = cat_row_decode(a, t, batch.pairs[i].key, batch.pairs[i].value, values, err);
            if (rc == 0)
                read_config(a, l, (uint32_t)values[0].i, values[1].s);
        }
    } while (rc == 0 && batch.n > 0);
    kv_scan_close(scan);
    return rc;
}

int cat_zone_list(struct cat_view *v, struct cat_zone_entry **out, size_t *n, struct err *err)
{
    struct zone_list l = {0};
    inherit_standard(entry_of(&v->arena, &l, CAT_ZONE_DEFAULT, 0));
    TRY(read_all(v->catalog, v->txn, v->catalog->cluster, &v->arena, &l, err));
    *out = l.v.ptr;
    *n = l.v.len;
    return 0;
}

int cat_zones_longest_ttl(struct catalog *c, struct kv_txn *txn, uint64_t cluster, int64_t *seconds, struct err *err)
{
    struct zone_list l = {0};
    struct arena a;
    arena_init(&a, NULL);
    inherit_standard(entry_of(&a, &l, CAT_ZONE_DEFAULT, 0));
    int rc = read_all(c, txn, cluster, &a, &l, err);
    *seconds = 0;
    for (size_t i = 0; i < l.v.len && rc == 0; i++) {
        struct str ttl = l.v.ptr[i].zone.values[CAT_ZONE_GC_TTL_SECONDS];
        int64_t own;
        if (ttl.ptr != NULL && str_to_i64(ttl, &own))
            *seconds = MAX(*seconds, own);
    }
    arena_release(&a);
    return rc;
}

int cat_zone_ttl(struct cat_view *v, const struct cat_table *t, int64_t *seconds, struct err *err)
{
    const uint32_t around[] = {t->id, t->database_id, CAT_ZONE_DEFAULT};
    struct str ttl = STR_NONE;
    for (size_t i = 0; i < ARRAY_LEN(around) && ttl.ptr == NULL; i++) {
        struct cat_zone zone;
        bool found;
        TRY(cat_zone_get(v, around[i], 0, &zone, &found, err));
        ttl = zone.values[CAT_ZONE_GC_TTL_SECONDS];
    }
    INVARIANT(str_to_i64(ttl, seconds));
    return 0;
}

// ---- shown

struct str cat_zone_sql(struct arena *a, struct str target, const struct cat_zone *zone)
{
    struct buf b = BUF_INIT;
    const char *separator = "";
    buf_printf(&b, "ALTER %.*s CONFIGURE ZONE USING", STR_FMT(target));
    for (int i = 0; i < CAT_ZONE_VARIABLES; i++) {
        if (zone->values[i].ptr == NULL)
            continue;
        buf_printf(&b, "%s\n\t%s = ", separator, cat_zone_variables[i].sql_name);
        if (cat_zone_variables[i].kind == CAT_ZONE_TEXT)
            datum_print_sql(&b, T_STRING, datum_str(zone->values[i]), false);
        else
            buf_str(&b, zone->values[i]);
        separator = ",";
    }
    struct str text = arena_str(a, buf_view(&b));
    buf_release(&b);
    return text;
}

struct str cat_zone_yaml(struct arena *a, const struct cat_zone *zone)
{
    struct buf b = BUF_INIT;
    for (int i = 0; i < CAT_ZONE_VARIABLES; i++)
        if (zone->values[i].ptr != NULL)
            buf_printf(&b, "%s: %.*s\n", cat_zone_variables[i].yaml_name, STR_FMT(zone->values[i]));
    struct str text = arena_str(a, buf_view(&b));
    buf_release(&b);
    return text;
}
