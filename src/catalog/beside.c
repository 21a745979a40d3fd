// What is kept beside descriptors, in rows of other system tables, into and out of backups. Comments on tables, columns
// and indexes are not here: descriptors carry them.
#include "catalog/catalog_int.h"
#include "catalog/transfer_int.h"
#include "catalog/zone.h"

// ---- out

static int export_comments(struct cat_view *v, struct arena *a, enum cat_comment_kind kind, uint32_t id,
                           struct cat_objects *out, struct err *err)
{
    struct datum key[] = {datum_int(kind), datum_int(id)}, row[SYSTEM_COLUMNS_MAX];
    struct system_scan scan;
    bool found = true;
    TRY(system_scan_open(v->catalog, v->txn, a, SYSTEM_COMMENTS, key, 2, &scan, err));
    int rc = 0;
    while (rc == 0 && (rc = system_scan_next(&scan, row, &found, err)) == 0 && found) {
        struct cat_beside b = {.kind = CAT_BESIDE_COMMENT,
                               .id = id,
                               .comment_kind = kind,
                               .sub_id = (uint32_t)row[2].i,
                               .value = arena_str(a, row[3].s)};
        ARENA_PUSH(a, &out->beside, b);
    }
    system_scan_close(&scan);
    return rc;
}

static int export_zone(struct cat_view *v, struct arena *a, uint32_t id, struct cat_objects *out, struct err *err)
{
    struct datum key = datum_int(id), row[SYSTEM_COLUMNS_MAX];
    bool found;
    TRY(system_get(v->catalog, v->txn, a, SYSTEM_ZONES, KV_READ_SNAPSHOT, &key, row, &found, err));
    if (found) {
        struct cat_beside b = {.kind = CAT_BESIDE_ZONE, .id = id, .value = arena_str(a, row[1].s)};
        ARENA_PUSH(a, &out->beside, b);
    }
    return 0;
}

static int export_settings(struct cat_view *v, struct arena *a, uint32_t id, struct cat_objects *out, struct err *err)
{
    struct datum key = datum_int(id), row[SYSTEM_COLUMNS_MAX];
    struct system_scan scan;
    bool found = true;
    TRY(system_scan_open(v->catalog, v->txn, a, SYSTEM_DATABASE_ROLE_SETTINGS, &key, 1, &scan, err));
    int rc = 0;
    while (rc == 0 && (rc = system_scan_next(&scan, row, &found, err)) == 0 && found) {
        struct cat_beside b = {
            .kind = CAT_BESIDE_SETTINGS, .id = id, .role = arena_str(a, row[1].s), .value = arena_str(a, row[2].s)};
        ARENA_PUSH(a, &out->beside, b);
    }
    system_scan_close(&scan);
    return rc;
}

int export_beside(struct cat_view *v, struct arena *a, enum cat_object_kind kind, uint32_t id, struct cat_objects *out,
                  struct err *err)
{
    switch (kind) {
    case CAT_OBJECT_DATABASE:
        TRY(export_settings(v, a, id, out, err));
        TRY(export_comments(v, a, CAT_COMMENT_DATABASE, id, out, err));
        return export_zone(v, a, id, out, err);
    case CAT_OBJECT_SCHEMA:
        return export_comments(v, a, CAT_COMMENT_SCHEMA, id, out, err);
    case CAT_OBJECT_TYPE:
        return export_comments(v, a, CAT_COMMENT_TYPE, id, out, err);
    case CAT_OBJECT_TABLE:
        TRY(export_comments(v, a, CAT_COMMENT_CONSTRAINT, id, out, err));
        return export_zone(v, a, id, out, err);
    case CAT_OBJECT_FUNCTION:
        break;
    }
    return 0;
}

int cat_export_cluster(struct cat_view *v, struct arena *a, struct cat_objects *out, struct err *err)
{
    struct cat_zone_entry *zones;
    size_t n;
    uint32_t last = CAT_ZONE_DEFAULT;
    TRY(export_settings(v, a, 0, out, err));
    TRY(export_zone(v, a, CAT_ZONE_DEFAULT, out, err));
    TRY(cat_zone_list(v, &zones, &n, err));
    for (size_t i = 0; i < n; i++) {
        if (cat_zone_range_name(zones[i].id) != NULL && zones[i].id != last)
            TRY(export_zone(v, a, zones[i].id, out, err));
        last = zones[i].id;
    }
    return 0;
}

// ---- in

static bool has_constraint(const struct cat_table *t, uint32_t comment_id)
{
    bool found = t->primary != NULL && cat_constraint_comment_id(t->primary->name) == comment_id;
    for (size_t i = 0; i < t->n_indexes; i++)
        found |= cat_constraint_comment_id(t->indexes[i].name) == comment_id;
    for (size_t i = 0; i < t->n_checks; i++)
        found |= cat_constraint_comment_id(t->checks[i].name) == comment_id;
    for (size_t i = 0; i < t->n_outbound; i++)
        found |= cat_constraint_comment_id(t->outbound[i].name) == comment_id;
    return found;
}

static int put_settings(struct cat_view *v, const struct cat_beside *b, uint32_t id, struct err *err)
{
    const struct cat_role *role = NULL;
    if (b->role.len > 0)
        TRY(cat_role_by_name(v, b->role, &role, err));
    if (b->role.len > 0 && role == NULL)
        return 0;
    struct datum row[] = {datum_int(id), datum_str(b->role), datum_str(b->value),
                          datum_int(role != NULL ? role->id : 0)};
    return system_put(v->catalog, v->txn, SYSTEM_DATABASE_ROLE_SETTINGS, row, err);
}

int cat_beside_put(struct cat_view *v, const struct cat_beside *b, uint32_t id, const struct cat_table *table,
                   struct err *err)
{
    struct datum zone[] = {datum_int(id), datum_str(b->value)};
    switch (b->kind) {
    case CAT_BESIDE_COMMENT:
        if (b->comment_kind == CAT_COMMENT_CONSTRAINT && (table == NULL || !has_constraint(table, b->sub_id)))
            return 0;
        return cat_comment_put(v, (enum cat_comment_kind)b->comment_kind, id, b->sub_id, b->value, err);
    case CAT_BESIDE_ZONE:
        return system_put(v->catalog, v->txn, SYSTEM_ZONES, zone, err);
    case CAT_BESIDE_SETTINGS:
        break;
    }
    return put_settings(v, b, id, err);
}
