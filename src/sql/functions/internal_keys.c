// crdb_internal's functions about keys, spans and what is stored in them. There is one range, on the one node.
#include "sql/functions/functions_int.h"
#include "catalog/catalog.h"
#include "keys/inverted.h"
#include "keys/keys.h"
#include "kv/kv.h"
#include "sql/parse/ast_print.h"
#include "types/array.h"
#include "types/json.h"
#include "types/tuple.h"

static uint32_t own_cluster(const struct eval_context *ec)
{
    return catalog_cluster(cat_view_catalog(ec->catalog));
}

static bool is_id(int64_t n)
{
    return n >= 0 && n <= UINT32_MAX;
}

static int return_span(struct eval_context *ec, struct kv_range range, struct datum *out)
{
    struct datum ends[2] = {datum_str(range.start), datum_str(range.end)};
    return fn_return_str(out, array_build(ec->arena, T_BYTES, ends, 2));
}

// ---- keys of index entries

// Columns of an index's key: its own, and for one that is not unique the rest of the primary key.
struct key_columns {
    ARENA_VEC(uint32_t) ids;
    ARENA_VEC(bool) descending;
    size_t n_own;
};

static void add_column(struct arena *a, struct key_columns *columns, uint32_t id, bool descending)
{
    for (size_t i = 0; i < columns->ids.len; i++)
        if (columns->ids.ptr[i] == id)
            return;
    ARENA_PUSH(a, &columns->ids, id);
    ARENA_PUSH(a, &columns->descending, descending);
}

static struct key_columns key_columns_of(struct arena *a, const struct cat_table *t, const struct cat_index *index)
{
    struct key_columns columns = {0};
    for (size_t i = 0; i < index->n_columns; i++)
        add_column(a, &columns, index->columns[i].column_id, index->columns[i].descending);
    columns.n_own = columns.ids.len;
    for (size_t i = 0; i < t->primary->n_columns && !index->unique; i++)
        add_column(a, &columns, t->primary->columns[i].column_id, false);
    return columns;
}

static struct str names_of(struct arena *a, const struct cat_table *t, const struct key_columns *columns, size_t from)
{
    struct buf b = BUF_INIT;
    for (size_t i = from; i < columns->ids.len; i++) {
        buf_cstr(&b, i > from ? " " : "");
        buf_str(&b, cat_column_by_id(t, columns->ids.ptr[i])->name);
    }
    struct str names = arena_str(a, buf_view(&b));
    buf_release(&b);
    return names;
}

static int wrong_number(struct eval_context *ec, const struct cat_table *t, const struct cat_index *index,
                        const struct key_columns *columns, struct err *err)
{
    err_set(err, ERR_INVALID_PARAMETER_VALUE, "number of values must equal number of columns in index \"%.*s\"",
            STR_FMT(index->name));
    if (columns->ids.len > columns->n_own)
        err_hint(err,
                 "columns [%.*s] are implicitly part of index \"%.*s\"'s key, include columns [%.*s] in this order",
                 STR_FMT(names_of(ec->arena, t, columns, columns->n_own)), STR_FMT(index->name),
                 STR_FMT(names_of(ec->arena, t, columns, 0)));
    return ERR_INVALID_PARAMETER_VALUE;
}

static int find_index(struct eval_context *ec, int64_t table_id, int64_t index_id, const struct cat_table **t,
                      const struct cat_index **index, struct err *err)
{
    *t = NULL;
    if (is_id(table_id))
        TRY(cat_table_by_id(ec->catalog, (uint32_t)table_id, t, err));
    if (*t == NULL || (*t)->primary == NULL)
        return err_set(err, ERR_UNDEFINED_TABLE, "relation \"[%lld]\" does not exist", (long long)table_id);
    TRY(cat_check_table_privilege(ec->catalog, ec->user, *t, CAT_PRIVILEGE_SELECT, err));
    *index = is_id(index_id) ? cat_index_by_id(*t, (uint32_t)index_id) : NULL;
    if (*index == NULL)
        return err_set(err, ERR_UNDEFINED_OBJECT, "index-id \"%lld\" does not exist", (long long)index_id);
    if ((*index)->kind == CAT_INDEX_INVERTED)
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "a row has several keys in inverted index \"%.*s\"",
                       STR_FMT((*index)->name));
    return 0;
}

static int put_value(struct eval_context *ec, struct buf *key, const struct cat_column *c, bool descending,
                     const struct tuple_field *field, struct err *err)
{
    struct datum value = field->value;
    if (!value.null && cast_allowed(field->type, c->type) < CAST_ASSIGNMENT)
        return err_set(err, ERR_DATATYPE_MISMATCH, "value type %s doesn't match type %s of column \"%.*s\"",
                       type_family_name(field->type), type_family_name(c->type), STR_FMT(c->name));
    if (!value.null)
        TRY(cast_datum(ec, field->type, c->type, false, value, &value, err));
    key_put_datum(key, c->type, &value, descending ? KEY_DESC : KEY_ASC);
    return 0;
}

BODY(encode_key)
{
    const struct cat_table *t;
    const struct cat_index *index;
    struct tuple_field field;
    TRY(fn_need_catalog(ec, err));
    TRY(find_index(ec, args[0].i, args[1].i, &t, &index, err));
    struct key_columns columns = key_columns_of(ec->arena, t, index);
    struct tuple_reader r = tuple_open(fn_arg_type(ec, 2), args[2].s);
    if (tuple_count(args[2].s) != columns.ids.len)
        return wrong_number(ec, t, index, &columns, err);
    struct buf key = BUF_INIT;
    int rc = 0;
    key_put_index(&key, own_cluster(ec), t->id, index->id);
    for (size_t i = 0; i < columns.ids.len && rc == 0 && tuple_next(&r, &field); i++)
        rc = put_value(ec, &key, cat_column_by_id(t, columns.ids.ptr[i]), columns.descending.ptr[i], &field, err);
    if (rc == 0)
        return fn_return_buf(ec, &key, out, err);
    buf_release(&key);
    return rc;
}

// ---- keys as text

static void put_pretty(struct buf *out, struct str key, int64_t skip)
{
    struct buf b = BUF_INIT;
    key_print(&b, key);
    struct str text = buf_view(&b);
    for (; skip > 0 && text.len > 0; skip--) {
        ptrdiff_t slash = str_find(text, STR("/"), 1);
        text = str_slice(text, slash < 0 ? text.len : (size_t)slash, text.len);
    }
    buf_str(out, text);
    buf_release(&b);
}

BODY(pretty_key)
{
    struct buf b = BUF_INIT;
    put_pretty(&b, args[0].s, n_args > 1 ? args[1].i : 0);
    return fn_return_buf(ec, &b, out, err);
}

BODY(pretty_span)
{
    struct buf b = BUF_INIT;
    put_pretty(&b, args[0].s, args[2].i);
    buf_putc(&b, '-');
    put_pretty(&b, args[1].s, args[2].i);
    return fn_return_buf(ec, &b, out, err);
}

// ---- spans

BODY(table_span)
{
    TRY(fn_need_catalog(ec, err));
    if (!is_id(args[0].i))
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "no such table: %lld", (long long)args[0].i);
    return return_span(ec, key_table_range(ec->arena, own_cluster(ec), (uint64_t)args[0].i), out);
}

static int return_index_span(struct eval_context *ec, uint64_t cluster, int64_t table, int64_t index, struct datum *out,
                             struct err *err)
{
    if (!is_id(table) || !is_id(index))
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "no such index: %lld/%lld", (long long)table,
                       (long long)index);
    return return_span(ec, key_index_range(ec->arena, cluster, (uint64_t)table, (uint64_t)index), out);
}

BODY(index_span)
{
    TRY(fn_need_catalog(ec, err));
    return return_index_span(ec, own_cluster(ec), args[0].i, args[1].i, out, err);
}

static int check_cluster(int64_t id, struct err *err)
{
    if (id > 0 && is_id(id))
        return 0;
    return err_set(err, ERR_INVALID_PARAMETER_VALUE, "invalid tenant ID %lld", (long long)id);
}

BODY(index_span_of_cluster)
{
    TRY(check_cluster(args[0].i, err));
    return return_index_span(ec, (uint64_t)args[0].i, args[1].i, args[2].i, out, err);
}

static struct kv_range range_of_cluster(struct arena *a, uint64_t cluster)
{
    struct buf b = BUF_INIT;
    key_put_cluster(&b, cluster);
    struct kv_range range = key_prefix_range(a, arena_str(a, buf_view(&b)));
    buf_release(&b);
    return range;
}

BODY(own_span)
{
    TRY(fn_need_catalog(ec, err));
    return return_span(ec, range_of_cluster(ec->arena, own_cluster(ec)), out);
}

BODY(cluster_span)
{
    TRY(check_cluster(args[0].i, err));
    return return_span(ec, range_of_cluster(ec->arena, (uint64_t)args[0].i), out);
}

// The number of a virtual cluster; 0: there is none. Only the system cluster knows of others.
static int cluster_of_name(struct eval_context *ec, struct str name, uint64_t *id, struct err *err)
{
    struct buf key = BUF_INIT;
    struct kv_value v;
    *id = str_eqc(name, "system") ? KEY_CLUSTER_DEFAULT : 0;
    if (*id != 0)
        return 0;
    key_put_meta(&key, KEY_META_CLUSTER_NAME);
    buf_str(&key, name);
    enum kv_result r = kv_get(ec->txn, buf_view(&key), 0, &v);
    buf_release(&key);
    if (r != KV_OK)
        return cat_kv_error(ec->txn, (int)r, err);
    struct key_reader in = key_reader(v.found ? v.value : STR_EMPTY);
    if (v.found && !key_get_uvarint(&in, id))
        return err_set(err, ERR_DATA_CORRUPTED, "damaged record of virtual cluster \"%.*s\"", STR_FMT(name));
    return 0;
}

BODY(cluster_span_by_name)
{
    uint64_t id;
    TRY(fn_need_store(ec, err));
    if (own_cluster(ec) != KEY_CLUSTER_DEFAULT)
        return err_set(err, ERR_INSUFFICIENT_PRIVILEGE,
                       "only the system tenant can look up the spans of other tenants by name");
    TRY(cluster_of_name(ec, args[0].s, &id, err));
    if (id == 0)
        return err_set(err, ERR_UNDEFINED_OBJECT, "tenant \"%.*s\" does not exist", STR_FMT(args[0].s));
    return return_span(ec, range_of_cluster(ec->arena, id), out);
}

// What follows the prefix of a virtual cluster; false when the key has none.
static bool after_cluster(struct str key, struct str *rest)
{
    struct key_reader r = key_reader(key);
    uint64_t cluster;
    if (key.len == 0 || (uint8_t)*r.at++ != KEY_SPACE_CLUSTER || !key_get_uvarint(&r, &cluster))
        return false;
    *rest = str_slice(key, key.len - key_reader_left(&r), key.len);
    return true;
}

static struct str as_of_system_cluster(struct arena *a, struct str key)
{
    struct str rest;
    if (!after_cluster(key, &rest))
        return key;
    struct buf b = BUF_INIT;
    key_put_cluster(&b, KEY_CLUSTER_DEFAULT);
    buf_str(&b, rest);
    struct str trimmed = arena_str(a, buf_view(&b));
    buf_release(&b);
    return trimmed;
}

BODY(trim_cluster)
{
    return fn_return_str(out, as_of_system_cluster(ec->arena, args[0].s));
}

BODY(trim_clusters)
{
    struct array keys = array_open(fn_arg_type(ec, 0), args[0].s);
    struct datum *trimmed = ARENA_ARRAY(ec->arena, struct datum, keys.count);
    for (uint32_t i = 0; i < keys.count; i++) {
        trimmed[i] = array_get(&keys, i);
        if (!trimmed[i].null)
            trimmed[i] = datum_str(as_of_system_cluster(ec->arena, trimmed[i].s));
    }
    return fn_return_str(out, array_build(ec->arena, T_BYTES, trimmed, keys.count));
}

BODY(is_system_table_key)
{
    struct str rest;
    uint64_t table;
    struct key_reader r;
    if (!after_cluster(args[0].s, &rest))
        return fn_return_bool(out, false);
    r = key_reader(rest);
    return fn_return_bool(out, key_get_uvarint(&r, &table) && table < KEY_TABLE_FIRST_USER);
}

// ---- the range

BODY(lease_holder)
{
    return fn_return_int(out, 1);
}

struct span_count {
    uint64_t n, key_bytes, value_bytes;
    uint64_t hash;
    bool stripped; // hash without the prefixes of clusters
};

static uint64_t hash_bytes(uint64_t h, struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        h = (h ^ (uint8_t)s.ptr[i]) * 1099511628211u;
    return h;
}

static void count_pair(struct span_count *count, const struct kv_pair *pair)
{
    struct str key = pair->key;
    if (count->stripped)
        (void)after_cluster(pair->key, &key);
    count->n++;
    count->key_bytes += pair->key.len;
    count->value_bytes += pair->value.len;
    count->hash ^= hash_bytes(hash_bytes(14695981039346656037u, key), pair->value); // FNV-1a
}

static int read_span(struct eval_context *ec, struct kv_range range, struct span_count *count, struct err *err)
{
    struct kv_scan *scan;
    struct kv_batch batch = {.n = 1};
    enum kv_result r = kv_scan_open(ec->txn, range, KV_READ_SNAPSHOT, 0, &scan);
    if (r != KV_OK)
        return cat_kv_error(ec->txn, (int)r, err);
    while (r == KV_OK && batch.n > 0) {
        r = kv_scan_next(scan, 1024, &batch);
        for (size_t i = 0; r == KV_OK && i < batch.n; i++)
            count_pair(count, &batch.pairs[i]);
    }
    kv_scan_close(scan);
    return r == KV_OK ? 0 : cat_kv_error(ec->txn, (int)r, err);
}

static void add_number(struct json_builder *b, const char *key, uint64_t n)
{
    json_key(b, str_of(key));
    json_add_i64(b, (int64_t)n);
}

// Superseded versions are elsewhere: all that a range holds is live.
static void add_stats(struct json_builder *b, const struct span_count *count)
{
    json_begin_object(b);
    add_number(b, "key_bytes", count->key_bytes);
    add_number(b, "key_count", count->n);
    add_number(b, "live_bytes", count->key_bytes + count->value_bytes);
    add_number(b, "live_count", count->n);
    add_number(b, "val_bytes", count->value_bytes);
    add_number(b, "val_count", count->n);
    json_end(b);
}

static int return_json(struct eval_context *ec, struct json_builder *b, struct datum *out, struct err *err)
{
    struct str json;
    int rc = json_builder_finish(b, ec->arena, &json, err);
    json_builder_release(b);
    return rc != 0 ? rc : fn_return_str(out, json);
}

BODY(lease_holder_json)
{
    struct json_builder b;
    json_builder_init(&b);
    json_begin_object(&b);
    add_number(&b, "Leaseholder", 1);
    json_end(&b);
    return return_json(ec, &b, out, err);
}

static int count_own(struct eval_context *ec, struct span_count *count, struct err *err)
{
    TRY(fn_need_store(ec, err));
    return read_span(ec, range_of_cluster(ec->arena, own_cluster(ec)), count, err);
}

BODY(range_stats)
{
    struct span_count count = {0};
    struct json_builder b;
    TRY(count_own(ec, &count, err));
    json_builder_init(&b);
    add_stats(&b, &count);
    return return_json(ec, &b, out, err);
}

BODY(range_stats_with_errors)
{
    struct span_count count = {0};
    struct json_builder b;
    TRY(count_own(ec, &count, err));
    json_builder_init(&b);
    json_begin_object(&b);
    json_key(&b, STR("RangeStats"));
    add_stats(&b, &count);
    json_end(&b);
    return return_json(ec, &b, out, err);
}

BODY(fingerprint)
{
    struct span_count count = {.stripped = args[1].b};
    struct array span = array_open(fn_arg_type(ec, 0), args[0].s);
    TRY(fn_need_store(ec, err));
    TRY(fn_need_admin(ec, err));
    struct datum start = span.count == 2 ? array_get(&span, 0) : DATUM_NULL;
    struct datum end = span.count == 2 ? array_get(&span, 1) : DATUM_NULL;
    struct kv_range own = range_of_cluster(ec->arena, own_cluster(ec));
    if (start.null || end.null)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "a span is an array of two keys");
    if (own_cluster(ec) != KEY_CLUSTER_DEFAULT && (str_cmp(start.s, own.start) < 0 || str_cmp(end.s, own.end) > 0))
        return err_set(err, ERR_INSUFFICIENT_PRIVILEGE, "the span is not one of this virtual cluster");
    TRY(read_span(ec, (struct kv_range){start.s, end.s}, &count, err));
    return fn_return_int(out, (int64_t)count.hash);
}

BODY(count_entries)
{
    struct type t = fn_arg_type(ec, 0);
    if (args[0].null || (n_args > 1 && args[1].null))
        return fn_return_int(out, 0);
    if (!inverted_type(t))
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "unsupported type %s for an inverted index",
                       type_family_name(t));
    return fn_return_int(out, (int64_t)inverted_keys(ec->arena, t, &args[0]).v.len);
}

static const struct fn_row rows[] = {
#include "sql/functions/internal_keys.def"
};
const struct fn_family fn_family_internal_keys = {"SYSTEM INFO", rows, ARRAY_LEN(rows)};
