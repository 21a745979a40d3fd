// Keys and row values from arbitrary bytes: no access outside them, and what reads as a value is written back to bytes
// that read as an equal value.
#include "fuzz.h"
#include "keys/keys.h"
#include "keys/row.h"

static const uint32_t types[] = {TYPE_OID_BOOL,   TYPE_OID_INT8,   TYPE_OID_FLOAT8,    TYPE_OID_DECIMAL,
                                 TYPE_OID_STRING, TYPE_OID_BYTES,  TYPE_OID_UUID,      TYPE_OID_DATE,
                                 TYPE_OID_TIME,   TYPE_OID_TIMETZ, TYPE_OID_TIMESTAMP, TYPE_OID_INTERVAL,
                                 TYPE_OID_JSONB,  TYPE_OID_INET,   TYPE_OID_VARBIT,    TYPE_OID_OID};

static void fuzz_key(struct arena *a, struct type t, enum key_direction direction, struct str bytes)
{
    struct key_reader r = key_reader(bytes);
    struct datum first, again;
    struct buf key = BUF_INIT;
    if (key_get_datum(&r, a, t, direction, &first, NULL) == 0) {
        key_put_datum(&key, t, &first, direction);
        r = key_reader(buf_view(&key));
        INVARIANT(key_get_datum(&r, a, t, direction, &again, NULL) == 0 && key_reader_left(&r) == 0);
        INVARIANT(datum_compare(t, &first, &again) == 0);
        r = key_reader(buf_view(&key));
        INVARIANT(key_skip(&r) && key_reader_left(&r) == 0);
    }
    buf_clear(&key);
    key_print(&key, bytes);
    buf_release(&key);
}

// Bytes of a row, its layout drawn from `shape`.
static void fuzz_row(struct arena *a, uint8_t shape, struct str bytes)
{
    const struct type slots[] = {T_INT8, T_STRING, T_BOOL, T_UUID, T_BYTES, T_VOID, T_INTERVAL, T_STRING};
    struct row_layout l;
    struct row_view v;
    uint32_t n = 1 + shape % ARRAY_LEN(slots), all[ARRAY_LEN(slots)];
    struct vec vecs[ARRAY_LEN(slots)], *cols[ARRAY_LEN(slots)];
    row_layout_init(&l, a, slots, n);
    for (uint32_t i = 0; i < n; i++) {
        all[i] = i;
        cols[i] = &vecs[i];
        vec_init(&vecs[i], a, slots[i], 1);
    }
    struct kv_pair pair = {STR_EMPTY, bytes};
    bool whole = row_decode_vecs(&l, &pair, 1, all, n, NULL, cols, 0, NULL) == 0;
    if (row_view_init(&v, &l, bytes, NULL) != 0) {
        INVARIANT(!whole);
        return;
    }
    struct datum d, values[ARRAY_LEN(slots)];
    struct buf again = BUF_INIT;
    for (uint32_t i = 0; i < n; i++) {
        INVARIANT(row_get(&v, i, &d) != ROW_SLOT_DAMAGED || !whole);
        values[i] = d;
    }
    row_encode(&again, &l, values);
    INVARIANT(row_view_init(&v, &l, buf_view(&again), NULL) == 0);
    for (uint32_t i = 0; i < n; i++) {
        enum row_slot state = row_get(&v, i, &d);
        INVARIANT(state == (values[i].null ? ROW_SLOT_NULL : ROW_SLOT_VALUE));
    }
    buf_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    struct arena a;
    struct str bytes = {(const char *)data + 2, size - 2};
    arena_init(&a, NULL);
    if (data[0] >= 0xC0) {
        fuzz_row(&a, data[1], bytes);
    } else {
        struct type t;
        INVARIANT(type_from_oid(types[data[1] % ARRAY_LEN(types)], &t));
        if ((data[0] & 2) != 0)
            t = type_array_of(t);
        fuzz_key(&a, t, data[0] & 1 ? KEY_DESC : KEY_ASC, bytes);
    }
    arena_release(&a);
    return 0;
}

#define SEED(literal)                  \
    {                                  \
        (literal), sizeof(literal) - 1 \
    }
const struct str fuzz_seeds[] = {
    SEED("\0\1\x4a\x80"),           // INT 128
    SEED("\0\3\x58\x0c\x0d\x23\0"), // DECIMAL
    SEED("\1\3\xa7\x50\x5f"),       // the same, descending
    SEED("\0\4\x5a"
         "ab\0\xff"
         "c\0\1"),                // STRING
    SEED("\2\1\x60\x0b\1\x0c\0"), // INT[]
    SEED("\0\x0c\x68\x0b\x63"
         "a\0\1\x67\x0c\x62\x64\x58\x0b\x0b\0\0\0"), // JSONB object
    SEED("\0\x09\x6a\x0a\x0a"),                      // TIMETZ
    SEED("\0\x0e\x69\xa0\0\1\x0d"),                  // VARBIT
    SEED("\xc0\1\x01\2\1\0\0\0\0\0\0\0\3\0abc"),     // row of INT8, STRING
    SEED("\xc0\7\x11\x08\x21\1\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0"
         "\1\0\1\0x"),
};
const size_t fuzz_seeds_len = ARRAY_LEN(fuzz_seeds);
