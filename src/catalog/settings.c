// Small records beside descriptors: cluster settings, defaults of roles and databases, comments, row counters.

#include "base/util.h"
#include "catalog/catalog_int.h"
#include "types/array.h"

int cat_setting_get(struct cat_view *v, struct str name, struct str *out, struct err *err)
{
    struct datum key = datum_str(name), values[SYSTEM_COLUMNS_MAX];
    bool found;
    TRY(system_get(v->catalog, v->txn, &v->arena, SYSTEM_SETTINGS, KV_READ_SNAPSHOT, &key, values, &found, err));
    *out = found ? values[1].s : STR_NONE;
    return 0;
}

int cat_setting_put(struct cat_view *v, struct str name, struct str value, struct err *err)
{
    struct datum values[] = {datum_str(name), datum_str(value), datum_int(clock_wall_ns() / 1000), DATUM_NULL};
    if (value.ptr == NULL)
        TRY(system_delete(v->catalog, v->txn, SYSTEM_SETTINGS, values, err));
    else
        TRY(system_put(v->catalog, v->txn, SYSTEM_SETTINGS, values, err));
    return view_changed(v, err);
}

int cat_role_settings_get(struct cat_view *v, struct arena *a, uint32_t database_id, struct str role,
                          const struct str **out, size_t *n, struct err *err)
{
    struct datum key[] = {datum_int(database_id), datum_str(role)}, values[SYSTEM_COLUMNS_MAX];
    bool found;
    *out = NULL;
    *n = 0;
    TRY(system_get(v->catalog, v->txn, a, SYSTEM_DATABASE_ROLE_SETTINGS, KV_READ_SNAPSHOT, key, values, &found, err));
    if (!found)
        return 0;
    struct array list = array_open(type_array_of(T_STRING), values[2].s);
    struct str *items = ARENA_ARRAY(a, struct str, list.count);
    for (uint32_t i = 0; i < list.count; i++)
        items[i] = array_get(&list, i).s;
    *out = items;
    *n = list.count;
    return 0;
}

int cat_role_settings_put(struct cat_view *v, uint32_t database_id, struct str role, const struct str *settings,
                          size_t n, struct err *err)
{
    const struct cat_role *r = NULL;
    if (role.len > 0)
        TRY(cat_role_by_name(v, role, &r, err));
    struct datum *items = ARENA_ARRAY(&v->arena, struct datum, n);
    for (size_t i = 0; i < n; i++)
        items[i] = datum_str(settings[i]);
    struct datum values[] = {datum_int(database_id), datum_str(role),
                             datum_str(array_build(&v->arena, T_STRING, items, (uint32_t)n)),
                             datum_int(r != NULL ? r->id : 0)};
    if (n == 0)
        TRY(system_delete(v->catalog, v->txn, SYSTEM_DATABASE_ROLE_SETTINGS, values, err));
    else
        TRY(system_put(v->catalog, v->txn, SYSTEM_DATABASE_ROLE_SETTINGS, values, err));
    return view_changed(v, err);
}

// ---- comments

uint32_t cat_constraint_comment_id(struct str name)
{
    uint32_t hash = 2166136261u; // FNV-1a
    for (size_t i = 0; i < name.len; i++)
        hash = (hash ^ (unsigned char)name.ptr[i]) * 16777619u;
    return hash & INT32_MAX;
}

int cat_comment_get(struct cat_view *v, enum cat_comment_kind kind, uint32_t object_id, uint32_t sub_id,
                    struct str *out, struct err *err)
{
    struct datum key[] = {datum_int(kind), datum_int(object_id), datum_int(sub_id)}, values[SYSTEM_COLUMNS_MAX];
    bool found;
    TRY(system_get(v->catalog, v->txn, &v->arena, SYSTEM_COMMENTS, KV_READ_SNAPSHOT, key, values, &found, err));
    *out = found ? values[3].s : STR_NONE;
    return 0;
}

int cat_comment_put(struct cat_view *v, enum cat_comment_kind kind, uint32_t object_id, uint32_t sub_id,
                    struct str comment, struct err *err)
{
    struct datum values[] = {datum_int(kind), datum_int(object_id), datum_int(sub_id), datum_str(comment)};
    if (comment.ptr == NULL)
        TRY(system_delete(v->catalog, v->txn, SYSTEM_COMMENTS, values, err));
    else
        TRY(system_put(v->catalog, v->txn, SYSTEM_COMMENTS, values, err));
    return view_changed(v, err);
}

int cat_comments_remove(struct cat_view *v, enum cat_comment_kind kind, uint32_t object_id, struct err *err)
{
    struct datum key[] = {datum_int(kind), datum_int(object_id)};
    return system_delete_prefix(v->catalog, v->txn, SYSTEM_COMMENTS, key, 2, err);
}

// ---- row counters

static struct str row_count_key(struct cat_view *v, uint32_t table_id)
{
    struct buf b = BUF_INIT;
    key_put_table_item(&b, v->catalog->cluster, table_id, KEY_TABLE_ROW_COUNT);
    struct str key = arena_str(&v->arena, buf_view(&b));
    buf_release(&b);
    return key;
}

int cat_add_row_count(struct cat_view *v, uint32_t table_id, int64_t delta, struct err *err)
{
    struct arena_mark mark = arena_mark(&v->arena);
    enum kv_result rc = delta == 0 ? KV_OK : kv_add(v->txn, row_count_key(v, table_id), delta);
    arena_rewind(&v->arena, mark);
    TRY_KV(v->txn, rc, err);
    return 0;
}

int cat_row_count_read(struct cat_view *v, uint32_t table_id, unsigned flags, int64_t *out, struct err *err)
{
    struct arena_mark mark = arena_mark(&v->arena);
    struct kv_value value;
    enum kv_result rc = kv_get(v->txn, row_count_key(v, table_id), flags, &value);
    arena_rewind(&v->arena, mark);
    TRY_KV(v->txn, rc, err);
    *out = 0;
    if (value.found && value.value.len == 8)
        memcpy(out, value.value.ptr, 8);
    return 0;
}

int cat_row_count(struct cat_view *v, uint32_t table_id, int64_t *out, struct err *err)
{
    return cat_row_count_read(v, table_id, KV_READ_SNAPSHOT, out, err);
}
