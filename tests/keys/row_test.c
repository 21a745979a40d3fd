// Row values: round trips through datums and vectors, rows older than their table, damage.
#include "base/util.h"
#include "keys/row.h"
#include "../unit/check.h"

static const uint32_t kinds[] = {TYPE_OID_BOOL,      TYPE_OID_INT8,  TYPE_OID_INT2,     TYPE_OID_FLOAT8,
                                 TYPE_OID_STRING,    TYPE_OID_UUID,  TYPE_OID_INTERVAL, TYPE_OID_DECIMAL,
                                 TYPE_OID_TIMESTAMP, TYPE_OID_BYTES, TYPE_OID_VOID};

static struct type random_kind(struct rng *rng)
{
    struct type t;
    INVARIANT(type_from_oid(kinds[rng_below(rng, ARRAY_LEN(kinds))], &t));
    return t;
}

static struct datum random_datum(struct rng *rng, struct arena *a, struct type t, bool nulls, size_t len_max)
{
    if (type_is(t, TYPE_VOID) || (nulls && rng_below(rng, 4) == 0))
        return DATUM_NULL;
    switch (type_physical(t)) {
    case PHYSICAL_BOOL:
        return datum_bool(rng_below(rng, 2));
    case PHYSICAL_I64:
        return datum_int((int64_t)rng_u64(rng));
    case PHYSICAL_F64:
        return datum_float(rng_unit(rng));
    case PHYSICAL_INTERVAL:
        return (struct datum){.iv = {(int32_t)rng_u64(rng), (int32_t)rng_u64(rng), (int64_t)rng_u64(rng)}};
    case PHYSICAL_STR:
        break;
    }
    size_t len = type_is(t, TYPE_UUID) ? 16 : rng_below(rng, len_max);
    char *p = arena_alloc(a, len + 1);
    for (size_t i = 0; i < len; i++)
        p[i] = (char)rng_u64(rng);
    return datum_str((struct str){p, len});
}

static bool same(struct type t, const struct datum *x, const struct datum *y)
{
    if (x->null || y->null)
        return x->null == y->null;
    switch (type_physical(t)) {
    case PHYSICAL_BOOL:
        return x->b == y->b;
    case PHYSICAL_I64:
        return x->i == y->i;
    case PHYSICAL_F64:
        return x->f == y->f;
    case PHYSICAL_INTERVAL:
        return memcmp(&x->iv, &y->iv, sizeof(x->iv)) == 0;
    case PHYSICAL_STR:
        return str_eq(x->s, y->s);
    }
    return false;
}

enum { COLUMNS_MAX = 20, ROWS = 100 };

// Rows of which each was written when the table had between 1 and all of its columns.
struct table {
    struct type types[COLUMNS_MAX];
    uint32_t n;
    struct row_layout layout;
    uint32_t written[ROWS]; // slots of the row
    struct datum values[ROWS][COLUMNS_MAX];
    struct kv_pair rows[ROWS];
};

static void table_fill(struct table *t, struct arena *a, struct rng *rng)
{
    bool nulls = rng_below(rng, 2), old = rng_below(rng, 2);
    size_t len_max = rng_below(rng, 4) == 0 ? 20000 : 30;
    t->n = 1 + (uint32_t)rng_below(rng, COLUMNS_MAX);
    for (uint32_t i = 0; i < t->n; i++)
        t->types[i] = random_kind(rng);
    row_layout_init(&t->layout, a, t->types, t->n);
    for (int r = 0; r < ROWS; r++) {
        struct row_layout then;
        struct buf b = BUF_INIT;
        t->written[r] = old ? 1 + (uint32_t)rng_below(rng, t->n) : t->n;
        for (uint32_t i = 0; i < t->written[r]; i++)
            t->values[r][i] = random_datum(rng, a, t->types[i], nulls, len_max);
        row_layout_init(&then, a, t->types, t->written[r]);
        row_encode(&b, &then, t->values[r]);
        t->rows[r] = (struct kv_pair){STR_EMPTY, arena_str(a, buf_view(&b))};
        buf_release(&b);
    }
}

static void check_datums(const struct table *t)
{
    for (int r = 0; r < ROWS; r++) {
        struct row_view v;
        struct datum d;
        CHECK_INT(row_view_init(&v, &t->layout, t->rows[r].value, NULL), 0);
        CHECK_INT(v.n, t->written[r]);
        for (uint32_t i = 0; i < t->n; i++) {
            enum row_slot state = row_get(&v, i, &d);
            if (i >= t->written[r])
                CHECK_INT(state, ROW_SLOT_ABSENT);
            else
                CHECK(state == (t->values[r][i].null ? ROW_SLOT_NULL : ROW_SLOT_VALUE) &&
                      same(t->types[i], &d, &t->values[r][i]));
        }
    }
}

// Some of the slots, in any order, at an offset into the vectors.
static void check_vecs(const struct table *t, struct arena *a, struct rng *rng)
{
    uint32_t slots[COLUMNS_MAX], n = (uint32_t)rng_below(rng, t->n + 1), first = (uint32_t)rng_below(rng, 5);
    struct vec vecs[COLUMNS_MAX], *cols[COLUMNS_MAX];
    struct datum absent[COLUMNS_MAX];
    for (uint32_t k = 0; k < n; k++) {
        slots[k] = (uint32_t)rng_below(rng, t->n);
        absent[k] = random_datum(rng, a, t->types[slots[k]], true, 10);
        vec_init(&vecs[k], a, t->types[slots[k]], ROWS + 5);
        cols[k] = &vecs[k];
    }
    bool defaults = rng_below(rng, 2);
    CHECK_INT(row_decode_vecs(&t->layout, t->rows, ROWS, slots, n, defaults ? absent : NULL, cols, first, NULL), 0);
    for (uint32_t r = 0; r < ROWS; r++) {
        for (uint32_t k = 0; k < n; k++) {
            struct datum got = vec_get(&vecs[k], first + r), none = DATUM_NULL;
            const struct datum *expected = slots[k] < t->written[r] ? &t->values[r][slots[k]]
                                           : defaults               ? &absent[k]
                                                                    : &none;
            CHECK(same(t->types[slots[k]], &got, expected));
        }
    }
}

static void test_round_trips(void)
{
    struct rng rng;
    struct arena a;
    rng_seed(&rng, 1);
    arena_init(&a, NULL);
    for (int i = 0; i < 200; i++) {
        struct table *t = ARENA_NEW(&a, struct table);
        table_fill(t, &a, &rng);
        check_datums(t);
        check_vecs(t, &a, &rng);
        arena_reset(&a);
    }
    arena_release(&a);
}

static void test_size(void)
{
    // Header, count, two fixed slots, one offset, three bytes.
    struct type types[] = {T_INT8, T_STRING, T_UUID};
    struct row_layout l;
    struct arena a;
    struct buf b = BUF_INIT;
    arena_init(&a, NULL);
    row_layout_init(&l, &a, types, 3);
    struct datum values[] = {datum_int(1), datum_str(STR("abc")), datum_str(STR("0123456789abcdef"))};
    row_encode(&b, &l, values);
    CHECK_INT(b.len, 1 + 1 + 8 + 16 + 2 + 3);
    values[1] = DATUM_NULL;
    buf_clear(&b);
    row_encode(&b, &l, values);
    CHECK_INT(b.len, 1 + 1 + 1 + 8 + 16 + 2);
    buf_release(&b);
    arena_release(&a);
}

static void test_newer_row_is_refused(void)
{
    struct type types[] = {T_INT8, T_INT8};
    struct row_layout one, two;
    struct arena a;
    struct buf b = BUF_INIT;
    struct row_view v;
    struct err err = ERR_INIT;
    arena_init(&a, NULL);
    row_layout_init(&one, &a, types, 1);
    row_layout_init(&two, &a, types, 2);
    row_encode(&b, &two, (struct datum[]){datum_int(1), datum_int(2)});
    CHECK_INT(row_view_init(&v, &one, buf_view(&b), &err), ERR_DATA_CORRUPTED);
    err_reset(&err);
    CHECK_INT(row_view_init(&v, &one, STR("\x02\x01"), &err), ERR_DATA_CORRUPTED);
    err_reset(&err);
    CHECK_INT(row_view_init(&v, &one, STR(""), &err), ERR_DATA_CORRUPTED);
    err_reset(&err);
    buf_release(&b);
    arena_release(&a);
}

static volatile char sink; // makes the sanitizers see what would be read

// Damaged rows give an error or a value, never an access outside them.
static void test_damage(void)
{
    struct rng rng;
    struct arena a;
    rng_seed(&rng, 3);
    arena_init(&a, NULL);
    for (int i = 0; i < 300; i++) {
        struct table *t = ARENA_NEW(&a, struct table);
        table_fill(t, &a, &rng);
        for (int r = 0; r < ROWS; r++) {
            struct str whole = t->rows[r].value;
            size_t len = rng_below(&rng, 3) ? rng_below(&rng, whole.len + 1) : whole.len;
            char *p = mem_alloc(len + 1);
            memcpy(p, whole.ptr, len);
            for (uint64_t k = rng_below(&rng, 4); k > 0 && len > 0; k--)
                p[rng_below(&rng, MIN(len, (size_t)60))] = (char)rng_u64(&rng);
            struct row_view v;
            struct datum d;
            if (row_view_init(&v, &t->layout, (struct str){p, len}, NULL) == 0)
                for (uint32_t s = 0; s < t->n; s++)
                    if (row_get(&v, s, &d) == ROW_SLOT_VALUE && type_physical(t->types[s]) == PHYSICAL_STR &&
                        d.s.len > 0)
                        sink = (char)(d.s.ptr[0] + d.s.ptr[d.s.len - 1]);
            mem_free(p);
        }
        arena_reset(&a);
    }
    arena_release(&a);
}

CHECK_MAIN({"round_trips", test_round_trips}, {"size", test_size}, {"newer_row_is_refused", test_newer_row_is_refused},
           {"damage", test_damage})
