#include "keys/keys.h"

void key_put_meta(struct buf *b, enum key_meta item)
{
    buf_putc(b, KEY_SPACE_META);
    buf_putc(b, (char)item);
}

void key_put_cluster(struct buf *b, uint64_t cluster)
{
    buf_putc(b, KEY_SPACE_CLUSTER);
    key_put_uvarint(b, cluster);
}

uint64_t key_counted_cluster(struct str key)
{
    struct key_reader r = key_reader(key);
    uint64_t cluster;
    if (key.len == 0 || *r.at++ != KEY_SPACE_CLUSTER || !key_get_uvarint(&r, &cluster))
        return 0;
    return cluster != KEY_CLUSTER_DEFAULT ? cluster : 0;
}

void key_put_table(struct buf *b, uint64_t cluster, uint64_t table)
{
    key_put_cluster(b, cluster);
    key_put_uvarint(b, table);
}

void key_put_index(struct buf *b, uint64_t cluster, uint64_t table, uint64_t index)
{
    key_put_table(b, cluster, table);
    key_put_uvarint(b, index);
}

void key_put_table_item(struct buf *b, uint64_t cluster, uint64_t table, enum key_table_item item)
{
    key_put_index(b, cluster, table, KEY_INDEX_RECORDS);
    buf_putc(b, (char)item);
}

bool key_get_prefix(struct key_reader *r, struct key_prefix *out)
{
    if (key_reader_left(r) == 0 || *r->at != KEY_SPACE_CLUSTER)
        return false;
    r->at++;
    r->mask = 0;
    return key_get_uvarint(r, &out->cluster) && key_get_uvarint(r, &out->table) && key_get_uvarint(r, &out->index);
}

struct str key_in_cluster(struct arena *a, struct str key, uint64_t cluster)
{
    struct key_reader r = key_reader(key);
    struct key_prefix p;
    struct buf b = BUF_INIT;
    if (!key_get_prefix(&r, &p))
        return key;
    key_put_index(&b, cluster, p.table, p.index);
    buf_append(&b, r.at, key_reader_left(&r));
    struct str moved = arena_str(a, buf_view(&b));
    buf_release(&b);
    return moved;
}

struct str key_prefix_end(struct arena *a, struct str prefix)
{
    size_t len = prefix.len;
    while (len > 0 && (uint8_t)prefix.ptr[len - 1] == 0xFF)
        len--;
    if (len == 0)
        return STR_NONE;
    char *end = arena_dup(a, prefix.ptr, len);
    end[len - 1]++;
    return (struct str){end, len};
}

struct str key_next(struct arena *a, struct str key)
{
    char *next = arena_alloc_aligned(a, size_add(key.len, 1), 1);
    if (key.len > 0)
        memcpy(next, key.ptr, key.len);
    next[key.len] = 0;
    return (struct str){next, key.len + 1};
}

struct kv_range key_prefix_range(struct arena *a, struct str prefix)
{
    return (struct kv_range){prefix, key_prefix_end(a, prefix)};
}

// Takes the buffer's content.
static struct kv_range range_of(struct arena *a, struct buf *prefix)
{
    struct str start = arena_str(a, buf_view(prefix));
    buf_release(prefix);
    return key_prefix_range(a, start);
}

struct kv_range key_table_range(struct arena *a, uint64_t cluster, uint64_t table)
{
    struct buf b = BUF_INIT;
    key_put_table(&b, cluster, table);
    return range_of(a, &b);
}

struct kv_range key_index_range(struct arena *a, uint64_t cluster, uint64_t table, uint64_t index)
{
    struct buf b = BUF_INIT;
    key_put_index(&b, cluster, table, index);
    return range_of(a, &b);
}
