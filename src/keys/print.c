// Printing of keys for people: spans, retry errors, lock listings. Works from the bytes alone, without a schema.

#include "keys/keys.h"

static void print_hex(struct buf *out, const struct key_reader *r)
{
    buf_cstr(out, "0x");
    for (const uint8_t *p = r->at; p < r->end; p++)
        buf_printf(out, "%02x", *p);
}

static void print_quoted(struct buf *out, struct str s)
{
    buf_putc(out, '"');
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = (uint8_t)s.ptr[i];
        if (c == '"' || c == '\\')
            buf_printf(out, "\\%c", c);
        else if (c < 0x20 || c >= 0x7F)
            buf_printf(out, "\\x%02x", c);
        else
            buf_putc(out, (char)c);
    }
    buf_putc(out, '"');
}

// The plain type whose values start with the tag; VOID for those printed in another way.
static struct type type_of_tag(int tag)
{
    if (tag >= KEY_TAG_INT_MIN && tag < KEY_TAG_FALSE)
        return T_INT8;
    switch (tag) {
    case KEY_TAG_FLOAT:
        return T_FLOAT8;
    case KEY_TAG_DECIMAL_NAN:
    case KEY_TAG_DECIMAL_NEGATIVE:
    case KEY_TAG_DECIMAL_ZERO:
    case KEY_TAG_DECIMAL_POSITIVE:
        return T_DECIMAL;
    case KEY_TAG_UUID:
        return T_UUID;
    case KEY_TAG_DATE:
        return T_DATE;
    case KEY_TAG_TIME:
        return T_TIME;
    case KEY_TAG_TIMESTAMP:
        return T_TIMESTAMP;
    case KEY_TAG_INTERVAL:
        return T_INTERVAL;
    case KEY_TAG_BITS:
        return T_VARBIT;
    case KEY_TAG_TIMETZ:
        return T_TIMETZ;
    case KEY_TAG_JSON_EMPTY_ARRAY ... KEY_TAG_JSON_OBJECT:
        return T_JSONB;
    default:
        return T_VOID;
    }
}

static bool print_typed(struct buf *out, struct key_reader *r, struct arena *a, struct type t)
{
    static const struct value_context plain;
    struct datum d;
    if (key_get_datum(r, a, t, r->mask != 0 ? KEY_DESC : KEY_ASC, &d, NULL) != 0)
        return false;
    datum_print(out, t, d, &plain);
    return true;
}

static bool print_value(struct buf *out, struct key_reader *r, struct arena *a);

static bool print_array(struct buf *out, struct key_reader *r, struct arena *a)
{
    r->at++;
    buf_cstr(out, "ARRAY[");
    for (bool first = true; key_peek(r) > KEY_TAG_END; first = false) {
        buf_cstr(out, first ? "" : ",");
        if (!print_value(out, r, a))
            return false;
    }
    buf_putc(out, ']');
    return r->at++ < r->end;
}

// Prints one value in the reader's direction.
static bool print_value(struct buf *out, struct key_reader *r, struct arena *a)
{
    int tag = key_peek(r);
    struct str s;
    if (key_get_null(r)) {
        buf_cstr(out, "NULL");
        return true;
    }
    if (tag == KEY_TAG_FALSE || tag == KEY_TAG_TRUE) {
        buf_cstr(out, tag == KEY_TAG_TRUE ? "true" : "false");
        r->at++;
        return true;
    }
    if (tag == KEY_TAG_ARRAY)
        return print_array(out, r, a);
    if (tag == KEY_TAG_BYTES || tag == KEY_TAG_STRING) {
        if (!key_get_bytes(r, tag, a, &s))
            return false;
        print_quoted(out, s);
        return true;
    }
    struct type t = type_of_tag(tag);
    return !type_is(t, TYPE_VOID) && print_typed(out, r, a, t);
}

static void print_values(struct buf *out, struct key_reader *r)
{
    struct arena a;
    arena_init(&a, NULL);
    while (key_reader_left(r) > 0) {
        struct key_reader before = *r;
        size_t len = out->len;
        r->mask = *r->at >= 0x80 ? 0xFF : 0;
        buf_putc(out, '/');
        if (print_value(out, r, &a))
            continue;
        out->len = MIN(len + 1, out->len);
        print_hex(out, &before);
        break;
    }
    arena_release(&a);
}

void key_print_values(struct buf *out, struct str values)
{
    struct key_reader r = key_reader(values);
    print_values(out, &r);
}

static bool print_table_item(struct buf *out, struct key_reader *r)
{
    uint8_t item = key_reader_left(r) == 1 ? *r->at : 0;
    static const char *const names[] = {
        [KEY_TABLE_ROW_COUNT] = "/RowCount", [KEY_TABLE_SEQUENCE] = "/Sequence", [KEY_TABLE_SCHEMA] = "/Schema"};
    if (item >= ARRAY_LEN(names) || names[item] == NULL)
        return true;
    buf_cstr(out, names[item]);
    return false;
}

// Ids of the prefix, as many as the key has; true when values follow.
static bool print_table_prefix(struct buf *out, struct key_reader *r)
{
    static const char *const heads[] = {"/Tenant/", "/Table/", "/"};
    r->at++;
    for (size_t i = 0; i < ARRAY_LEN(heads) && key_reader_left(r) > 0; i++) {
        uint64_t id;
        struct key_reader before = *r;
        if (!key_get_uvarint(r, &id)) {
            *r = before;
            return true;
        }
        if (i == 2 && id == KEY_INDEX_RECORDS)
            return print_table_item(out, r);
        if (i > 0 || id != KEY_CLUSTER_DEFAULT)
            buf_printf(out, "%s%llu", heads[i], (unsigned long long)id);
    }
    return true;
}

static void print_meta(struct buf *out, struct key_reader *r)
{
    static const char *const names[] = {
        [KEY_META_FORMAT] = "Format",
        [KEY_META_STORE_ID] = "StoreID",
        [KEY_META_CLUSTER] = "Cluster",
        [KEY_META_CLUSTER_NAME] = "ClusterName",
        [KEY_META_NEXT_CLUSTER] = "NextCluster",
        [KEY_META_CLUSTER_RECORD] = "ClusterRecord",
        [KEY_META_CLUSTER_USAGE] = "ClusterUsage",
        [KEY_META_SERIES] = "Series",
        [KEY_META_SERIES_COARSE] = "SeriesCoarse",
        [KEY_META_ACTIVITY] = "Activity",
    };
    r->at++;
    buf_cstr(out, "/Meta");
    if (key_reader_left(r) == 0)
        return;
    uint8_t item = *r->at;
    if (item >= ARRAY_LEN(names) || names[item] == NULL)
        return;
    buf_printf(out, "/%s", names[item]);
    r->at++;
}

void key_print(struct buf *out, struct str key)
{
    struct key_reader r = key_reader(key);
    if (key.ptr == NULL) {
        buf_cstr(out, "/Max");
        return;
    }
    if (key.len == 0) {
        buf_cstr(out, "/Min");
        return;
    }
    if (*r.at == KEY_SPACE_META) {
        print_meta(out, &r);
        if (key_reader_left(&r) > 0) {
            buf_putc(out, '/');
            print_hex(out, &r);
        }
        return;
    }
    if (*r.at != KEY_SPACE_CLUSTER) {
        buf_putc(out, '/');
        print_hex(out, &r);
        return;
    }
    if (print_table_prefix(out, &r))
        print_values(out, &r);
}
