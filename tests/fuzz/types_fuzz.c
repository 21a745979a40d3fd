// Fuzzes the readers of src/types: text forms, wire forms, and encoded values as they come from disk.
// The first byte chooses a second type; the rest goes to every reader of a quarter of the types. What is accepted must
// print, read back equal, and survive conversion to the second type.
#include "fuzz.h"
#include "types/array.h"
#include "types/convert.h"
#include "types/datetime.h"
#include "types/decimal.h"
#include "types/json.h"
#include "types/tuple.h"
#include <stdio.h>
#include <stdlib.h>

static const struct type types[] = {
#define TYPE(NAME, family, width, oid, ...) TYPE_OF_ROW(family, width, oid),
#include "types/types.def"
#undef TYPE
};

static struct arena arena;
static const struct value_context context = {.txn_now_micros = 1600000000123456};

// CHAR pads, VOID and tuples have no reader, zones of TIMETZ and blanks of "char" do not come back: no equality there.
static bool reads_back(struct type t)
{
    return t.family != TYPE_TUPLE && t.family != TYPE_VOID && t.family != TYPE_ANY && t.family != TYPE_UNKNOWN;
}

// Says which value broke before it aborts.
static void require(bool ok, struct type t, struct datum d, const char *what)
{
    if (ok)
        return;
    struct buf b = BUF_INIT;
    type_print(&b, t);
    buf_cstr(&b, " ");
    datum_print(&b, t, d, &context);
    fprintf(stderr, "%s: %s\n", what, buf_c(&b));
    abort();
}

static void check_text(struct type t, struct datum d)
{
    struct buf b = BUF_INIT;
    datum_print(&b, t, d, &context);
    struct str text = arena_str(&arena, buf_view(&b));
    struct datum back;
    if (reads_back(t)) {
        require(datum_parse(&arena, t, text, &context, &back, NULL) == 0, t, d, "its text does not parse");
        require(datum_compare(t, &d, &back) == 0, t, d, "its text reads back differently");
        require(datum_hash(t, &d, 1) == datum_hash(t, &back, 1), t, d, "equal values hash differently");
    }
    buf_clear(&b);
    datum_print_sql(&b, t, d, true);
    buf_release(&b);
}

static void check_binary(struct type t, struct datum d)
{
    struct buf b = BUF_INIT;
    datum_to_binary(&b, t, d, &context);
    struct datum back;
    struct str wire = arena_str(&arena, buf_view(&b));
    buf_release(&b);
    if (!reads_back(t))
        return;
    require(datum_from_binary(&arena, t, wire, &back, NULL) == 0, t, d, "its wire form is refused");
    require(datum_compare(t, &d, &back) == 0, t, d, "its wire form reads back differently");
}

static void check_value(struct type t, struct datum d, uint8_t other)
{
    struct datum out;
    if (datum_fit(&arena, t, true, d, &d, NULL) != 0)
        return;
    check_text(t, d);
    check_binary(t, d);
    struct type to = types[other % ARRAY_LEN(types)];
    if (datum_convert(&arena, t, to, &context, d, &out, NULL) == 0 && !out.null)
        check_text(to, out);
    struct type narrow = t;
    narrow.width = other % 7;
    narrow.scale = t.family == TYPE_DECIMAL ? (int16_t)(other % 3) : 0;
    if (datum_fit(&arena, narrow, other & 1, d, &out, NULL) == 0)
        check_text(t, out);
}

static void fuzz_json(struct str j, struct str other)
{
    struct str out;
    struct buf b = BUF_INIT;
    json_print_pretty(&b, j);
    struct str path[2] = {STR("a"), STR("0")};
    json_get_path(j, path, 2, &out);
    json_contains(j, other);
    INVARIANT(json_compare(j, other) == -json_compare(other, j));
    if (json_concat(&arena, j, other, &out, NULL) == 0)
        json_print(&b, out);
    if (json_set_path(&arena, j, path, 2, other, true, &out, NULL) == 0)
        json_print(&b, out);
    if (json_delete_path(&arena, j, path, 2, &out, NULL) == 0)
        json_print(&b, out);
    if (json_strip_nulls(&arena, j, &out, NULL) == 0)
        json_print(&b, out);
    buf_release(&b);
}

static void fuzz_arithmetic(struct type t, struct str text)
{
    struct datum d;
    struct decimal r, half = decimal_from_parts(5, -1);
    int64_t micros;
    if (datum_parse(&arena, t, text, &context, &d, NULL) != 0)
        return;
    if (t.family == TYPE_DECIMAL) {
        struct decimal x = decimal_of(d);
        int failures = decimal_quo(&arena, &x, &half, &r, NULL) != 0;
        failures += decimal_quo(&arena, &half, &x, &r, NULL) != 0;
        failures += decimal_rem(&arena, &x, &half, &r, NULL) != 0;
        failures += decimal_mul(&arena, &x, &x, &r, NULL) != 0;
        failures += decimal_rescale(&arena, &x, 3, DECIMAL_HALF_EVEN, &r, NULL) != 0;
        INVARIANT(failures <= 5);
    } else if (t.family == TYPE_INTERVAL) {
        struct interval iv;
        int failures = timestamp_add(0, d.iv, NULL, &micros, NULL) != 0;
        failures += timestamp_sub(INT64_C(9000000000000000), d.iv, NULL, &micros, NULL) != 0;
        failures += interval_mul_float(d.iv, -1.75, &iv, NULL) != 0;
        failures += interval_div_int(d.iv, 7, &iv, NULL) != 0;
        INVARIANT(failures <= 4);
        interval_justify(d.iv);
    }
}

// Bytes from disk may be wrong; reading them must stay inside them.
static void fuzz_encoded(struct type t, struct str bytes)
{
    if (t.family == TYPE_JSONB || t.family == TYPE_ARRAY || t.family == TYPE_TUPLE || t.family == TYPE_DECIMAL ||
        t.family == TYPE_INET || t.family == TYPE_TIMETZ || t.family == TYPE_BIT) {
        struct buf b = BUF_INIT;
        b.max = 1 << 20;
        datum_print(&b, t, datum_str(bytes), &context);
        buf_release(&b);
    }
}

static void fuzz_type(struct type t, struct str bytes, uint8_t other)
{
    struct datum d;
    if (datum_parse(&arena, t, bytes, &context, &d, NULL) == 0)
        check_value(t, d, other);
    if (datum_from_binary(&arena, t, bytes, &d, NULL) == 0)
        check_value(t, d, other);
    fuzz_encoded(t, bytes);
    fuzz_arithmetic(t, bytes);
    if (t.family == TYPE_JSONB && datum_parse(&arena, t, bytes, &context, &d, NULL) == 0) {
        struct str second;
        if (json_parse(&arena, STR("{\"a\": [1, null]}"), &second, NULL) == 0)
            fuzz_json(d.s, second);
    }
    arena_reset(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > 10000)
        return 0;
    arena_init(&arena, NULL);
    struct str bytes = {(const char *)data + 1, size - 1};
    for (size_t i = (data[0] + size) % 4; i < ARRAY_LEN(types); i += 4) {
        fuzz_type(types[i], bytes, data[0]);
        if (type_has_array(types[i]))
            fuzz_type(type_array_of(types[i]), bytes, data[0]);
    }
    arena_release(&arena);
    return 0;
}

#define SEED(text) STR("\x05" text)
const struct str fuzz_seeds[] = {
    SEED("0"),
    SEED("-1.5e10"),
    SEED("NaN"),
    SEED("infinity"),
    SEED("2020-01-02 03:04:05.678+03:30"),
    SEED("Jan 8, 1999 BC"),
    SEED("1 year 2 mons 3 days 04:05:06.789 ago"),
    SEED("P1Y2M3DT4H5M6.5S"),
    SEED("{1,NULL,\"a b\"}"),
    SEED("{\"a\": [1, {\"b\": null}]}"),
    SEED("10.0.0.1/8"),
    SEED("2001:db8::1/64"),
    SEED("1011"),
    SEED("x1F"),
    SEED("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
    SEED("\\x0102"),
    SEED("a\\001"),
    SEED("2020-07-01 12:00 America/New_York"),
    SEED("1-2 3 4:05:06"),
    SEED("12:34:56.789 PM"),
    SEED("\"\\ud83d\\ude00\""),
    SEED("99999999999999999999999999999999999999999999.5"),
    SEED("@ 1.5 weeks"),
    SEED("'a b':1A,2 c:3 d"),
    SEED("!a:*B & (c | 'd e') <2> f"),
    SEED("\0\0\0\2a\0\0\1\x40\2b\0\0\0"),        // tsvector on the wire
    SEED("\0\0\0\3\2\4\0\1\1\0\0b\0\1\x8\1a\0"), // tsquery on the wire
    SEED("1e-2000"),
    SEED("\0\2\0\1\0\0\0\2\0\1\x13\x88"),                               // numeric 1.5 on the wire
    SEED("\0\0\0\1\0\0\0\1\0\0\0\x17\0\0\0\1\0\0\0\1\0\0\0\4\0\0\0\7"), // int4[] on the wire
    SEED("\2\x20\0\4\x0a\0\0\1"),                                       // inet on the wire
};
const size_t fuzz_seeds_len = ARRAY_LEN(fuzz_seeds);
