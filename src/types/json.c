// Reading encoded JSON: accessors, order, hash, containment. Nothing here allocates except containment of big arrays.
#include "types/json_int.h"
#include "base/map.h"
#include <stdlib.h>

static const char json_null_bytes[] = {JSON_NULL};
static const struct str json_null = {json_null_bytes, 1};

enum json_kind json_kind(struct str j)
{
    return j.len == 0 || (uint8_t)j.ptr[0] > JSON_OBJECT ? JSON_NULL : (enum json_kind)j.ptr[0];
}

const char *json_typeof(struct str j)
{
    static const char *const names[] = {"null", "boolean", "boolean", "number", "string", "array", "object"};
    return names[json_kind(j)];
}

uint32_t json_count(struct str j)
{
    if (!json_is_container(j))
        return 0;
    uint32_t n = load_le32(j.ptr + 3);
    size_t per_item = j.ptr[0] == JSON_OBJECT ? 8 : 4;
    return n <= (j.len - JSON_HEAD_LEN) / per_item ? n : 0;
}

struct str json_string_value(struct str j)
{
    return json_kind(j) == JSON_STRING ? str_slice(j, 1, j.len) : STR_EMPTY;
}

struct decimal json_number_value(struct str j)
{
    return json_kind(j) == JSON_NUMBER ? decimal_decode(str_slice(j, 1, j.len)) : DECIMAL_ZERO;
}

// Item i of a region described by a table of end offsets.
static struct str region_item(struct str j, size_t table, size_t region, uint32_t i)
{
    size_t from = i == 0 ? 0 : load_le32(j.ptr + table + 4 * ((size_t)i - 1));
    size_t to = load_le32(j.ptr + table + 4 * (size_t)i);
    if (from > to || to > j.len - region)
        return STR_EMPTY;
    return str_slice(j, region + from, region + to);
}

struct str json_at(struct str j, uint32_t i)
{
    uint32_t n = json_count(j);
    if (i >= n || j.ptr[0] != JSON_ARRAY)
        return json_null;
    return region_item(j, JSON_HEAD_LEN, JSON_HEAD_LEN + 4 * (size_t)n, i);
}

static struct str key_at(struct str j, uint32_t n, uint32_t i)
{
    return region_item(j, JSON_HEAD_LEN, JSON_HEAD_LEN + 8 * (size_t)n, i);
}

static struct str value_at(struct str j, uint32_t n, uint32_t i)
{
    size_t keys = JSON_HEAD_LEN + 8 * (size_t)n;
    size_t keys_len = load_le32(j.ptr + JSON_HEAD_LEN + 4 * ((size_t)n - 1));
    if (keys_len > j.len - keys)
        return json_null;
    return region_item(j, JSON_HEAD_LEN + 4 * (size_t)n, keys + keys_len, i);
}

void json_pair_at(struct str j, uint32_t i, struct str *key, struct str *value)
{
    uint32_t n = json_count(j);
    bool ok = i < n && j.ptr[0] == JSON_OBJECT;
    *key = ok ? key_at(j, n, i) : STR_EMPTY;
    *value = ok ? value_at(j, n, i) : json_null;
}

bool json_get_key(struct str j, struct str key, struct str *out)
{
    if (json_kind(j) != JSON_OBJECT)
        return false;
    uint32_t n = json_count(j), low = 0, high = n;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        int c = str_cmp(key_at(j, n, mid), key);
        if (c == 0) {
            *out = value_at(j, n, mid);
            return true;
        }
        if (c < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return false;
}

bool json_get_index(struct str j, int64_t i, struct str *out)
{
    if (json_kind(j) != JSON_ARRAY)
        return false;
    int64_t n = json_count(j);
    if (i < 0)
        i += n;
    if (i < 0 || i >= n)
        return false;
    *out = json_at(j, (uint32_t)i);
    return true;
}

bool json_get_step(struct str j, struct str step, struct str *out)
{
    int64_t i;
    if (json_kind(j) == JSON_ARRAY)
        return str_to_i64(step, &i) && i >= INT32_MIN && i <= INT32_MAX && json_get_index(j, i, out);
    return json_get_key(j, step, out);
}

bool json_get_path(struct str j, const struct str *path, size_t n, struct str *out)
{
    for (size_t i = 0; i < n; i++) {
        if (!json_get_step(j, path[i], &j))
            return false;
    }
    *out = j;
    return true;
}

bool json_as_text(struct arena *a, struct str j, struct str *out)
{
    if (json_kind(j) == JSON_NULL)
        return false;
    if (json_kind(j) == JSON_STRING) {
        *out = json_string_value(j);
        return true;
    }
    struct buf text = BUF_INIT;
    json_print(&text, j);
    *out = arena_str(a, buf_view(&text));
    buf_release(&text);
    return true;
}

// --- order --------------------------------------------------------------------------------------------------------

static int order_class(struct str j)
{
    static const int classes[] = {[JSON_NULL] = 1, [JSON_STRING] = 2, [JSON_NUMBER] = 3, [JSON_FALSE] = 4,
                                  [JSON_TRUE] = 5, [JSON_ARRAY] = 6,  [JSON_OBJECT] = 7};
    enum json_kind k = json_kind(j);
    return k == JSON_ARRAY && json_count(j) == 0 ? 0 : classes[k];
}

static int compare_arrays(struct str a, struct str b)
{
    uint32_t n = json_count(a), m = json_count(b);
    if (n != m)
        return n < m ? -1 : 1;
    for (uint32_t i = 0; i < n; i++) {
        int c = json_compare(json_at(a, i), json_at(b, i));
        if (c != 0)
            return c;
    }
    return 0;
}

static int compare_objects(struct str a, struct str b)
{
    uint32_t n = json_count(a), m = json_count(b);
    if (n != m)
        return n < m ? -1 : 1;
    for (uint32_t i = 0; i < n; i++) {
        struct str ka, kb, va, vb;
        json_pair_at(a, i, &ka, &va);
        json_pair_at(b, i, &kb, &vb);
        int c = str_cmp(ka, kb);
        if (c == 0)
            c = json_compare(va, vb);
        if (c != 0)
            return c;
    }
    return 0;
}

int json_compare(struct str a, struct str b)
{
    int ca = order_class(a), cb = order_class(b);
    if (ca != cb)
        return ca < cb ? -1 : 1;
    switch (json_kind(a)) {
    case JSON_STRING:
        return str_cmp(json_string_value(a), json_string_value(b));
    case JSON_NUMBER: {
        struct decimal x = json_number_value(a), y = json_number_value(b);
        return decimal_compare(&x, &y);
    }
    case JSON_ARRAY:
        return compare_arrays(a, b);
    case JSON_OBJECT:
        return compare_objects(a, b);
    default:
        return 0;
    }
}

uint64_t json_hash(struct str j, uint64_t seed)
{
    uint64_t h = hash_u64(seed ^ (uint64_t)json_kind(j) << 56);
    uint32_t n = json_count(j);
    switch (json_kind(j)) {
    case JSON_STRING:
        return hash_bytes(j.ptr + 1, j.len - 1, h);
    case JSON_NUMBER: {
        struct decimal d = json_number_value(j);
        return decimal_hash(&d, h);
    }
    case JSON_ARRAY:
        for (uint32_t i = 0; i < n; i++)
            h = json_hash(json_at(j, i), h + 1);
        return h;
    case JSON_OBJECT:
        for (uint32_t i = 0; i < n; i++) {
            struct str key, value;
            json_pair_at(j, i, &key, &value);
            h = json_hash(value, hash_bytes(key.ptr, key.len, h));
        }
        return h;
    default:
        return h;
    }
}

// --- containment --------------------------------------------------------------------------------------------------

static int compare_items(const void *a, const void *b)
{
    return json_compare(*(const struct str *)a, *(const struct str *)b);
}

static bool contains(struct str a, struct str b);

// Is there an element of `a` that contains the container `item`?
static bool contains_container(struct str a, struct str item)
{
    uint32_t n = json_count(a);
    for (uint32_t i = 0; i < n; i++) {
        struct str candidate = json_at(a, i);
        if (json_kind(candidate) == json_kind(item) && contains(candidate, item))
            return true;
    }
    return false;
}

static bool array_contains(struct str a, struct str b)
{
    uint32_t n = json_count(a), m = json_count(b);
    struct str *sorted = NULL; // a's elements; made at the first scalar looked for
    bool all = true;
    for (uint32_t i = 0; i < m && all; i++) {
        struct str item = json_at(b, i);
        if (json_is_container(item)) {
            all = contains_container(a, item);
            continue;
        }
        if (sorted == NULL) {
            sorted = mem_alloc(size_mul(sizeof(*sorted), MAX(n, 1u)));
            for (uint32_t k = 0; k < n; k++)
                sorted[k] = json_at(a, k);
            qsort(sorted, n, sizeof(*sorted), compare_items);
        }
        all = bsearch(&item, sorted, n, sizeof(*sorted), compare_items) != NULL;
    }
    mem_free(sorted);
    return all;
}

static bool object_contains(struct str a, struct str b)
{
    uint32_t m = json_count(b);
    for (uint32_t i = 0; i < m; i++) {
        struct str key, value, have;
        json_pair_at(b, i, &key, &value);
        if (!json_get_key(a, key, &have) || !contains(have, value))
            return false;
    }
    return true;
}

static bool contains(struct str a, struct str b)
{
    if (json_kind(a) == JSON_ARRAY && json_kind(b) == JSON_ARRAY)
        return array_contains(a, b);
    if (json_kind(a) == JSON_OBJECT && json_kind(b) == JSON_OBJECT)
        return object_contains(a, b);
    return json_compare(a, b) == 0;
}

bool json_contains(struct str a, struct str b)
{
    if (json_kind(a) == JSON_ARRAY && !json_is_container(b)) { // at the top an array may contain a bare scalar
        uint32_t n = json_count(a);
        for (uint32_t i = 0; i < n; i++) {
            if (json_compare(json_at(a, i), b) == 0)
                return true;
        }
        return false;
    }
    return contains(a, b);
}

bool json_exists(struct str j, struct str key)
{
    struct str value;
    uint32_t n = json_count(j);
    switch (json_kind(j)) {
    case JSON_OBJECT:
        return json_get_key(j, key, &value);
    case JSON_STRING:
        return str_eq(json_string_value(j), key);
    case JSON_ARRAY:
        for (uint32_t i = 0; i < n; i++) {
            struct str item = json_at(j, i);
            if (json_kind(item) == JSON_STRING && str_eq(json_string_value(item), key))
                return true;
        }
        return false;
    default:
        return false;
    }
}
