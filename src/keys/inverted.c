#include "keys/inverted.h"
#include "keys/encoding.h"
#include "keys/keys.h"
#include "types/array.h"
#include "types/json.h"
#include "types/trigram.h"
#include "types/tsquery.h"
#include <stdlib.h>

// First bytes of steps and marks; scalars begin with a tag of encoding.h. Stored on disk: never renumber.
enum mark {
    MARK_NOTHING = 0x00,
    MARK_KEY = 0x01,
    MARK_ELEMENT = 0x02,
    MARK_EMPTY_OBJECT = 0x03,
    MARK_EMPTY_ARRAY = 0x04
};

bool inverted_type(struct type t)
{
    return t.family == TYPE_JSONB || t.family == TYPE_TSVECTOR || t.family == TYPE_STRING ||
           (t.family == TYPE_ARRAY && key_type_is_indexable(type_element(t)));
}

static void add(struct arena *a, struct inverted_keys *out, const struct buf *key)
{
    struct str s = buf_view(key);
    s.len = MIN(s.len, (size_t)INVERTED_KEY_BYTES_MAX);
    ARENA_PUSH(a, &out->v, arena_str(a, s));
}

static int compare_keys(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static void sort_unique(struct inverted_keys *k)
{
    size_t kept = 0;
    if (k->v.len > 0)
        qsort(k->v.ptr, k->v.len, sizeof(struct str), compare_keys);
    for (size_t i = 0; i < k->v.len; i++) {
        if (kept == 0 || !str_eq(k->v.ptr[kept - 1], k->v.ptr[i]))
            k->v.ptr[kept++] = k->v.ptr[i];
    }
    k->v.len = kept;
}

// ---- JSONB

static void put_scalar(struct buf *key, struct str json)
{
    struct datum d = datum_str(json);
    key_put_datum(key, T_JSONB, &d, KEY_ASC);
}

// Keys of the leaves under `key`. With `open` an empty container stands for all of its kind: only the steps to it.
static void add_leaves(struct arena *a, struct buf *key, struct str json, bool open, struct inverted_keys *out)
{
    enum json_kind kind = json_kind(json);
    bool container = kind == JSON_OBJECT || kind == JSON_ARRAY;
    size_t from = key->len;
    uint32_t n = json_count(json);
    if (!container)
        put_scalar(key, json);
    else if (n == 0 && !open)
        buf_putc(key, kind == JSON_OBJECT ? MARK_EMPTY_OBJECT : MARK_EMPTY_ARRAY);
    if (!container || n == 0)
        add(a, out, key);
    for (uint32_t i = 0; i < n; i++) {
        struct str name, value;
        key->len = from;
        if (kind == JSON_OBJECT) {
            json_pair_at(json, i, &name, &value);
            key_put_bytes(key, (enum key_tag)MARK_KEY, name);
        } else {
            buf_putc(key, MARK_ELEMENT);
            value = json_at(json, i);
        }
        add_leaves(a, key, value, open, out);
    }
    key->len = from;
}

// All must be there: the longest tells most.
static void keep_longest(struct inverted_keys *k)
{
    for (size_t i = 1; i < k->v.len; i++) {
        if (k->v.ptr[i].len > k->v.ptr[0].len)
            k->v.ptr[0] = k->v.ptr[i];
    }
    k->v.len = MIN(k->v.len, (size_t)1);
}

static void search_contains(struct arena *a, struct buf *key, struct str json, struct inverted_keys *out)
{
    enum json_kind kind = json_kind(json);
    add_leaves(a, key, json, true, out);
    keep_longest(out);
    if (kind == JSON_OBJECT || kind == JSON_ARRAY)
        return;
    buf_clear(key); // an array contains its scalars
    buf_putc(key, MARK_ELEMENT);
    put_scalar(key, json);
    add(a, out, key);
}

static void search_key(struct arena *a, struct buf *key, struct str name, struct inverted_keys *out)
{
    buf_clear(key);
    key_put_bytes(key, (enum key_tag)MARK_KEY, name);
    add(a, out, key);
    buf_clear(key);
    key_put_bytes(key, KEY_TAG_JSON_STRING, name);
    add(a, out, key);
    buf_clear(key);
    buf_putc(key, MARK_ELEMENT);
    key_put_bytes(key, KEY_TAG_JSON_STRING, name);
    add(a, out, key);
}

static void search_keys(struct arena *a, struct buf *key, struct type t, struct str bytes, bool all,
                        struct inverted_keys *out)
{
    struct array names = array_open(t, bytes);
    struct str longest = STR_NONE;
    for (uint32_t i = 0; i < names.count; i++) {
        struct datum name = array_get(&names, i);
        if (name.null)
            continue;
        if (!all)
            search_key(a, key, name.s, out);
        else if (longest.ptr == NULL || name.s.len > longest.len)
            longest = name.s;
    }
    if (longest.ptr != NULL)
        search_key(a, key, longest, out);
    else if (all) // nothing is asked for: everything has it
        ARENA_PUSH(a, &out->v, STR_EMPTY);
}

static void search_at(struct arena *a, struct buf *key, const struct datum *path, const struct type *types, uint32_t n,
                      struct str json, struct inverted_keys *out)
{
    for (uint32_t i = 0; i < n; i++) {
        if (path[i].null)
            return;
        if (types[i].family == TYPE_STRING)
            key_put_bytes(key, (enum key_tag)MARK_KEY, path[i].s);
        else
            buf_putc(key, MARK_ELEMENT);
    }
    add_leaves(a, key, json, false, out);
    keep_longest(out);
}

// ---- arrays

static void add_elements(struct arena *a, struct buf *key, struct type t, struct str bytes, bool with_null,
                         struct inverted_keys *out)
{
    struct array items = array_open(t, bytes);
    for (uint32_t i = 0; i < items.count; i++) {
        struct datum item = array_get(&items, i);
        if (item.null && !with_null)
            continue;
        buf_clear(key);
        key_put_datum(key, items.element, &item, KEY_ASC);
        add(a, out, key);
    }
}

// ---- trigrams

static void add_trigrams(struct arena *a, struct buf *key, const struct trigrams *t, struct inverted_keys *out)
{
    for (size_t i = 0; i < t->v.len; i++) {
        buf_clear(key);
        trigram_print(key, &t->v.ptr[i]);
        add(a, out, key);
    }
}

// ---- full-text search

static void put_lexeme(struct arena *a, struct buf *key, struct str word, bool prefix, struct inverted_keys *out)
{
    buf_clear(key);
    buf_str(key, word);
    if (!prefix)
        buf_putc(key, '\0');
    add(a, out, key);
}

static void add_lexemes(struct arena *a, struct buf *key, struct str vector, struct inverted_keys *out)
{
    struct ts_vector v = ts_vector_open(vector);
    for (uint32_t i = 0; i < v.count; i++)
        put_lexeme(a, key, ts_vector_get(&v, i).word, false, out);
}

static bool is_everything(const struct inverted_keys *k)
{
    return k->v.len == 1 && k->v.ptr[0].len == 0;
}

// Of two sets of keys of which either will do, the one that finds less: fewer keys, longer ones.
static bool tells_more(const struct inverted_keys *x, const struct inverted_keys *y)
{
    if (is_everything(x) || is_everything(y))
        return is_everything(y);
    return x->v.len != y->v.len ? x->v.len < y->v.len : x->v.len > 0 && x->v.ptr[0].len >= y->v.ptr[0].len;
}

// Keys under which whatever the query matches has one; the key "" when nothing can be said (a negation).
static struct inverted_keys query_keys(struct arena *a, struct buf *key, const struct ts_node *n)
{
    struct inverted_keys out = {0}, left, right;
    switch ((enum ts_kind)n->kind) {
    case TS_VALUE:
        put_lexeme(a, key, n->word, n->prefix, &out);
        return out;
    case TS_AND:
    case TS_PHRASE:
        left = query_keys(a, key, n->left);
        right = query_keys(a, key, n->right);
        return tells_more(&left, &right) ? left : right;
    case TS_OR:
        left = query_keys(a, key, n->left);
        right = query_keys(a, key, n->right);
        if (is_everything(&left) || is_everything(&right))
            return is_everything(&left) ? left : right;
        for (size_t i = 0; i < right.v.len; i++)
            ARENA_PUSH(a, &left.v, right.v.ptr[i]);
        return left;
    case TS_NOT:
    case TS_STOP:
        break;
    }
    ARENA_PUSH(a, &out.v, STR_EMPTY);
    return out;
}

// ---- entry points

struct inverted_keys inverted_keys(struct arena *a, struct type t, const struct datum *d)
{
    struct inverted_keys out = {0};
    struct buf key = BUF_INIT;
    if (d->null)
        return out;
    if (t.family == TYPE_JSONB) {
        add_leaves(a, &key, d->s, false, &out);
    } else if (t.family == TYPE_ARRAY) {
        add_elements(a, &key, t, d->s, true, &out);
    } else if (t.family == TYPE_TSVECTOR) {
        add_lexemes(a, &key, d->s, &out);
    } else {
        struct trigrams set = trigrams_of(a, d->s);
        add_trigrams(a, &key, &set, &out);
    }
    if (out.v.len == 0) {
        buf_clear(&key);
        buf_putc(&key, MARK_NOTHING);
        add(a, &out, &key);
    }
    buf_release(&key);
    sort_unique(&out);
    return out;
}

struct inverted_keys inverted_search(struct arena *a, struct type column, enum inverted_op op, struct type operand_type,
                                     const struct datum *operand, const struct datum *path,
                                     const struct type *path_types, uint32_t n_path)
{
    struct inverted_keys out = {0};
    struct buf key = BUF_INIT;
    struct trigrams set;
    struct ts_node *query;
    if (operand->null)
        return out;
    switch (op) {
    case INVERTED_CONTAINS:
        if (column.family == TYPE_JSONB) {
            search_contains(a, &key, operand->s, &out);
            break;
        }
        add_elements(a, &key, operand_type, operand->s, true, &out);
        keep_longest(&out);
        if (out.v.len == 0)
            ARENA_PUSH(a, &out.v, STR_EMPTY);
        break;
    case INVERTED_KEY:
        search_key(a, &key, operand->s, &out);
        break;
    case INVERTED_ANY_KEY:
    case INVERTED_ALL_KEYS:
        search_keys(a, &key, operand_type, operand->s, op == INVERTED_ALL_KEYS, &out);
        break;
    case INVERTED_AT:
        search_at(a, &key, path, path_types, n_path, operand->s, &out);
        break;
    case INVERTED_OVERLAPS:
        add_elements(a, &key, operand_type, operand->s, false, &out);
        break;
    case INVERTED_ELEMENT:
        key_put_datum(&key, operand_type, operand, KEY_ASC);
        add(a, &out, &key);
        break;
    case INVERTED_LIKE:
        set = trigrams_of_pattern(a, operand->s);
        add_trigrams(a, &key, &set, &out);
        keep_longest(&out);
        if (out.v.len == 0)
            ARENA_PUSH(a, &out.v, STR_EMPTY);
        break;
    case INVERTED_MATCHES:
        query = ts_query_open(a, operand->s);
        if (query != NULL)
            out = query_keys(a, &key, query);
        break;
    case INVERTED_SIMILAR:
        set = trigrams_of(a, operand->s);
        add_trigrams(a, &key, &set, &out);
        break;
    }
    buf_release(&key);
    sort_unique(&out);
    return out;
}

static void add_alternatives(struct arena *a, struct buf *key, const struct ts_node *n, struct inverted_keys *out,
                             size_t *found, size_t max)
{
    if (n->kind == TS_AND || n->kind == TS_PHRASE) {
        add_alternatives(a, key, n->left, out, found, max);
        add_alternatives(a, key, n->right, out, found, max);
        return;
    }
    struct inverted_keys k = query_keys(a, key, n);
    sort_unique(&k);
    if (*found < max && !is_everything(&k))
        out[(*found)++] = k;
}

size_t inverted_alternatives(struct arena *a, const struct datum *query, struct inverted_keys *out, size_t max)
{
    struct buf key = BUF_INIT;
    size_t found = 0;
    struct ts_node *root = query->null || max == 0 ? NULL : ts_query_open(a, query->s);
    if (root != NULL)
        add_alternatives(a, &key, root, out, &found, max);
    buf_release(&key);
    return found;
}
