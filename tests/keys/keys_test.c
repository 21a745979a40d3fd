// Keys of SQL values of every type: the order of the bytes is the order of the values, in both directions, and they
// read back; prefixes, spans, printing.
#include "base/util.h"
#include "keys/keys.h"
#include "../unit/check.h"
#include <stdlib.h>

static const struct value_context plain;

static struct datum parse(struct arena *a, struct type t, const char *text)
{
    struct datum d = DATUM_NULL;
    struct err err = ERR_INIT;
    if (text != NULL && datum_parse(a, t, arena_str(a, str_of(text)), &plain, &d, &err) != 0) {
        printf("  cannot parse \"%s\": %s\n", text, err.message);
        check_failures++;
        err_reset(&err);
    }
    return d;
}

static struct str encode(struct arena *a, struct type t, const struct datum *d, enum key_direction direction)
{
    struct buf b = BUF_INIT;
    key_put_datum(&b, t, d, direction);
    struct str out = arena_str(a, buf_view(&b));
    buf_release(&b);
    return out;
}

static int sign(int c)
{
    return (c > 0) - (c < 0);
}

static void check_round_trip(struct arena *a, struct type t, const struct datum *d, struct str key,
                             enum key_direction direction)
{
    struct key_reader r = key_reader(key);
    struct datum back;
    struct err err = ERR_INIT;
    CHECK_INT(key_get_datum(&r, a, t, direction, &back, &err), 0);
    CHECK_INT(key_reader_left(&r), 0);
    CHECK_INT(datum_compare(t, d, &back), 0);
    if (!key_type_is_lossy(t) && !d->null && type_physical(t) == PHYSICAL_STR)
        CHECK(str_eq(d->s, back.s));
    r = key_reader(key);
    CHECK(key_skip(&r) && key_reader_left(&r) == 0);
    err_reset(&err);
}

// All pairs of the values.
static void check_values(struct arena *a, struct type t, const struct datum *values, size_t n)
{
    struct str *asc = ARENA_ARRAY(a, struct str, n), *desc = ARENA_ARRAY(a, struct str, n);
    for (size_t i = 0; i < n; i++) {
        asc[i] = encode(a, t, &values[i], KEY_ASC);
        desc[i] = encode(a, t, &values[i], KEY_DESC);
        check_round_trip(a, t, &values[i], asc[i], KEY_ASC);
        check_round_trip(a, t, &values[i], desc[i], KEY_DESC);
        for (size_t j = 0; j < i; j++) {
            int order = sign(datum_compare(t, &values[i], &values[j]));
            if (sign(str_cmp(asc[i], asc[j])) != order || sign(str_cmp(desc[i], desc[j])) != -order) {
                struct buf text = BUF_INIT;
                type_print(&text, t);
                buf_cstr(&text, ": ");
                datum_print_sql(&text, t, values[i], false);
                buf_cstr(&text, " against ");
                datum_print_sql(&text, t, values[j], false);
                printf("  %s is %d, its keys are %d\n", buf_c(&text), order, sign(str_cmp(asc[i], asc[j])));
                check_failures++;
                buf_release(&text);
            }
        }
    }
}

static void check_texts(struct type t, const char *const *texts, size_t n)
{
    struct arena a;
    arena_init(&a, NULL);
    struct datum *values = ARENA_ARRAY(&a, struct datum, n + 1);
    for (size_t i = 0; i < n; i++)
        values[i] = parse(&a, t, texts[i]);
    values[n] = DATUM_NULL;
    check_values(&a, t, values, n + 1);
    arena_release(&a);
}
#define CHECK_TEXTS(t, ...)                                \
    do {                                                   \
        static const char *const texts_[] = {__VA_ARGS__}; \
        check_texts(t, texts_, ARRAY_LEN(texts_));         \
    } while (0)

static void test_scalars(void)
{
    CHECK_TEXTS(T_BOOL, "true", "false");
    CHECK_TEXTS(T_INT8, "0", "1", "-1", "63", "64", "255", "256", "-256", "-257", "9223372036854775807",
                "-9223372036854775808");
    CHECK_TEXTS(T_INT2, "0", "-32768", "32767");
    CHECK_TEXTS(T_FLOAT8, "0", "-0", "1.5", "-1.5", "1e300", "-1e300", "NaN", "Infinity", "-Infinity", "1e-300");
    CHECK_TEXTS(T_STRING, "", "a", "ab", "b", "a b", "\x01", "\xc3\xa9", "A");
    CHECK_TEXTS(T_BYTES, "", "\\x00", "\\x0000", "\\x00ff", "\\x0001", "\\xff", "\\xffff", "\\x01", "\\x61");
    CHECK_TEXTS(T_UUID, "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff",
                "07d42834-81a8-4c5e-9b9b-5b0f4f0e8f10");
    CHECK_TEXTS(T_OID, "0", "26", "4294967295");
    CHECK_TEXTS(T_LTREE, "", "a", "a.b", "a-b", "a.b.c", "ab", "a_b", "B", "a.b-c");
    CHECK_TEXTS(T_PG_LSN, "0/0", "0/1", "1/0", "7FFFFFFF/FFFFFFFF", "80000000/0", "FFFFFFFF/FFFFFFFF");
}

static void test_decimals(void)
{
    CHECK_TEXTS(T_DECIMAL, "0", "-0", "1", "1.0", "1.00", "10", "100", "-1", "-10", "-1.5", "1.5", "0.1", "0.01",
                "0.001", "99", "99.9", "100.1", "12345678901234567890123456789012345678901234567890", "NaN", "Infinity",
                "-Infinity", "1e100", "-1e100", "1e-100", "-1e-100", "123456789.123456789", "0.00000000000000000001",
                "1e2000", "-1e2000", "1e-1900");
}

static void test_times(void)
{
    CHECK_TEXTS(T_DATE, "1970-01-01", "1969-12-31", "2024-02-29", "0001-01-01", "9999-12-31", "infinity", "-infinity");
    CHECK_TEXTS(T_TIME, "00:00:00", "23:59:59.999999", "12:00:00", "24:00:00");
    CHECK_TEXTS(T_TIMETZ, "00:00:00+00", "00:00:00+01", "01:00:00+01", "23:00:00-05", "04:00:00+00", "12:00:00-12",
                "12:00:00+12:30");
    CHECK_TEXTS(T_TIMESTAMP, "1970-01-01 00:00:00", "2024-01-01 00:00:00.000001", "1960-01-01 00:00:00", "infinity",
                "-infinity");
    CHECK_TEXTS(T_TIMESTAMPTZ, "1970-01-01 00:00:00+00", "1970-01-01 00:00:00+01", "2024-01-01 00:00:00-08");
    CHECK_TEXTS(T_INTERVAL, "0", "1 mon", "30 days", "31 days", "29 days 23:59:59", "720:00:00", "-1 day",
                "-00:00:00.000001", "1 year", "360 days", "178000000 years", "-178000000 years", "12 mons");
}

static void test_json(void)
{
    CHECK_TEXTS(T_JSONB, "null", "true", "false", "0", "1", "1.0", "-5", "1e10", "\"\"", "\"a\"", "\"b\"",
                "\"a\\u0001b\"", "[]", "[1]", "[1, 2]", "[2]", "[null]", "[[]]", "[[], 1]", "{}", "{\"a\": 1}",
                "{\"a\": 2}", "{\"b\": 1}", "{\"a\": 1, \"b\": 2}", "{\"a\": [1, {\"c\": null}]}", "{\"aa\": 1}",
                "{\"\": \"\"}");
}

static void test_others(void)
{
    CHECK_TEXTS(T_INET, "10.0.0.1", "10.0.0.0/8", "10.0.0.0/16", "192.168.1.1", "::1", "fe80::/10", "0.0.0.0/0");
    struct type varbit = T_VARBIT;
    CHECK_TEXTS(varbit, "", "0", "1", "00", "01", "000000000", "00000000", "10000000", "11111111", "111111111", "101");
}

static void test_arrays(void)
{
    CHECK_TEXTS(type_array_of(T_INT8), "{}", "{1}", "{1,2}", "{2}", "{NULL}", "{NULL,1}", "{-1}", "{1,NULL}",
                "{1000000}");
    CHECK_TEXTS(type_array_of(T_STRING), "{}", "{a}", "{a,b}", "{ab}", "{\"\"}", "{NULL}", "{\"\",a}");
    CHECK_TEXTS(type_array_of(T_DECIMAL), "{}", "{1.0}", "{1}", "{-1,2}", "{NaN}", "{1.5,NULL}");
}

static void test_random_decimals(void)
{
    struct arena a;
    struct rng rng;
    arena_init(&a, NULL);
    rng_seed(&rng, 7);
    struct datum values[300];
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        char text[100];
        int digits = 1 + (int)rng_below(&rng, 45), at = 0;
        if (rng_below(&rng, 2))
            text[at++] = '-';
        for (int k = 0; k < digits; k++)
            text[at++] = (char)('0' + (rng_below(&rng, 3) ? rng_below(&rng, 10) : 0));
        snprintf(text + at, sizeof(text) - (size_t)at, "E%d", (int)rng_below(&rng, 60) - 30);
        values[i] = parse(&a, T_DECIMAL, text);
    }
    check_values(&a, T_DECIMAL, values, ARRAY_LEN(values));
    arena_release(&a);
}

static struct str print(struct buf *out, struct str key)
{
    buf_clear(out);
    key_print(out, key);
    return buf_view(out);
}

static void put(struct buf *b, struct arena *a, struct type t, const char *text, enum key_direction direction)
{
    struct datum d = parse(a, t, text);
    key_put_datum(b, t, &d, direction);
}

static void test_print(void)
{
    struct arena a;
    struct buf b = BUF_INIT, out = BUF_INIT;
    arena_init(&a, NULL);
    key_put_index(&b, KEY_CLUSTER_DEFAULT, 104, 1);
    CHECK_INT(b.len, 4);
    CHECK_STR(print(&out, buf_view(&b)), "/Table/104/1");
    put(&b, &a, T_INT8, "5", KEY_ASC);
    put(&b, &a, T_STRING, "it's \"q\"\x01", KEY_DESC);
    put(&b, &a, T_BOOL, NULL, KEY_ASC);
    put(&b, &a, T_BOOL, NULL, KEY_DESC);
    put(&b, &a, T_DECIMAL, "-12.50", KEY_DESC);
    put(&b, &a, T_UUID, "07d42834-81a8-4c5e-9b9b-5b0f4f0e8f10", KEY_ASC);
    put(&b, &a, T_BOOL, "true", KEY_ASC);
    put(&b, &a, type_array_of(T_INT8), "{1,NULL}", KEY_ASC);
    CHECK_STR(print(&out, buf_view(&b)), "/Table/104/1/5/\"it's \\\"q\\\"\\x01\"/NULL/NULL/-12.5/"
                                         "07d42834-81a8-4c5e-9b9b-5b0f4f0e8f10/true/ARRAY[1,NULL]");
    buf_clear(&b);
    key_put_table(&b, 7, 300);
    CHECK_STR(print(&out, buf_view(&b)), "/Tenant/7/Table/300");
    buf_clear(&b);
    key_put_table_item(&b, KEY_CLUSTER_DEFAULT, 104, KEY_TABLE_ROW_COUNT);
    CHECK_STR(print(&out, buf_view(&b)), "/Table/104/RowCount");
    buf_clear(&b);
    key_put_meta(&b, KEY_META_CLUSTER);
    CHECK_STR(print(&out, buf_view(&b)), "/Meta/Cluster");
    CHECK_STR(print(&out, STR_EMPTY), "/Min");
    CHECK_STR(print(&out, STR_NONE), "/Max");
    CHECK_STR(print(&out, STR("\x02\x01\x68\x01\x7f\x03")), "/Table/104/1/0x7f03");
    CHECK_STR(print(&out, STR("\x77zz")), "/0x777a7a");
    buf_release(&b);
    buf_release(&out);
    arena_release(&a);
}

static void test_spans(void)
{
    struct arena a;
    arena_init(&a, NULL);
    CHECK_STR(key_prefix_end(&a, STR("ab")), "ac");
    CHECK_STR(key_prefix_end(&a, STR("a\xff\xff")), "b");
    CHECK(key_prefix_end(&a, STR("\xff\xff")).ptr == NULL);
    CHECK(key_prefix_end(&a, STR("")).ptr == NULL);
    CHECK(str_eq(key_next(&a, STR("ab")), STR("ab\0")));
    for (uint64_t table = 100; table < 3000; table += 13) {
        struct kv_range t = key_table_range(&a, 1, table), next = key_table_range(&a, 1, table + 1);
        struct kv_range i1 = key_index_range(&a, 1, table, 1), i2 = key_index_range(&a, 1, table, 2);
        CHECK(str_cmp(t.end, next.start) <= 0 && str_cmp(i1.end, i2.start) <= 0);
        CHECK(str_cmp(t.start, i1.start) < 0 && str_cmp(i2.end, t.end) < 0);
        struct key_reader r = key_reader(i2.start);
        struct key_prefix p;
        CHECK(key_get_prefix(&r, &p) && p.cluster == 1 && p.table == table && p.index == 2);
        CHECK_INT(key_reader_left(&r), 0);
        struct buf there = BUF_INIT;
        key_put_index(&there, 70000, table, 2);
        buf_cstr(&there, "rest");
        struct str moved = key_in_cluster(&a, buf_view(&there), 1);
        CHECK(str_has_prefix(moved, i2.start));
        CHECK_STR(str_slice(moved, i2.start.len, moved.len), "rest");
        buf_release(&there);
    }
    CHECK_STR(key_in_cluster(&a, STR("x"), 2), "x");
    CHECK(str_cmp(key_table_range(&a, 1, UINT64_MAX).start, key_table_range(&a, 2, 1).start) < 0);
    arena_release(&a);
}

static void test_damage(void)
{
    const struct type types[] = {T_BOOL,   T_INT8,      T_FLOAT8,   T_DECIMAL, T_STRING, T_UUID,  T_DATE,
                                 T_TIMETZ, T_TIMESTAMP, T_INTERVAL, T_JSONB,   T_INET,   T_VARBIT};
    struct arena a;
    struct rng rng;
    struct buf out = BUF_INIT;
    arena_init(&a, NULL);
    rng_seed(&rng, 9);
    for (int i = 0; i < 100000; i++) {
        size_t len = rng_below(&rng, 14);
        char *p = mem_alloc(len + 1); // exactly sized, so that the sanitizer sees a read past the end
        for (size_t k = 0; k < len; k++)
            p[k] = (char)(rng_below(&rng, 3) ? rng_below(&rng, 0x6A) : rng_u64(&rng));
        struct type t = types[rng_below(&rng, ARRAY_LEN(types))];
        if (rng_below(&rng, 5) == 0)
            t = type_array_of(T_INT8);
        struct key_reader r = key_reader((struct str){p, len});
        struct datum d;
        (void)!key_get_datum(&r, &a, t, rng_below(&rng, 2) ? KEY_DESC : KEY_ASC, &d, NULL);
        CHECK(r.at <= r.end);
        print(&out, (struct str){p, len});
        mem_free(p);
        if (i % 1000 == 0)
            arena_reset(&a);
    }
    buf_release(&out);
    arena_release(&a);
}

CHECK_MAIN({"scalars", test_scalars}, {"decimals", test_decimals}, {"times", test_times}, {"json", test_json},
           {"others", test_others}, {"arrays", test_arrays}, {"random_decimals", test_random_decimals},
           {"print", test_print}, {"spans", test_spans}, {"damage", test_damage})
