// Type descriptors, and conversions between families.
#include "types_check.h"
#include "types/array.h"
#include "types/bits.h"

static const struct {
    const char *from, *value, *to, *result;
} conversions[] = {
    {"int", "1", "bool", "t"},
    {"int", "2", "float", "2"},
    {"int", "2", "decimal", "2"},
    {"int", "2", "text", "2"},
    {"int", "40000", "int2", "22003 integer out of range for type int2"},
    {"int", "86400", "timestamp", "1970-01-02 00:00:00"},
    {"int", "1", "date", "1970-01-02"},
    {"int", "90", "interval", "00:01:30"},
    {"int", "5", "bit(4)", "0101"},
    {"int", "-1", "oid", "4294967295"},
    {"int", "4294967296", "oid", "22003 OID out of range: 4294967296"},
    {"int", "9223372036854775807", "timestamp", "22008 timestamp out of range"},
    {"bool", "t", "int", "1"},
    {"bool", "f", "text", "false"},
    {"float", "2.5", "int", "2"},
    {"float", "3.5", "int", "4"},
    {"float", "-2.5", "int", "-2"},
    {"float", "9.3e18", "int", "22003 integer out of range"},
    {"float", "NaN", "int", "22003 integer out of range"},
    {"float", "0.1", "decimal", "0.1"},
    {"float", "0.1", "decimal(3,2)", "0.10"},
    {"float", "NaN", "decimal", "NaN"},
    {"float", "1.5", "text", "1.5"},
    {"float", "0.1", "float4", "0.1"},
    {"decimal", "2.5", "int", "3"},
    {"decimal", "-2.5", "int", "-3"},
    {"decimal", "1e500", "int", "22003 integer out of range"},
    {"decimal", "1e500", "float", "22003 float out of range"},
    {"decimal", "Inf", "int", "22003 integer out of range"},
    {"decimal", "0.25", "float", "0.25"},
    {"decimal", "0.00", "bool", "f"},
    {"text", "42", "int", "42"},
    {"text", "x", "int", "22P02 could not parse \"x\" as type int: strconv.ParseInt: parsing \"x\": invalid syntax"},
    {"text", "abcd", "varchar(2)", "ab"},
    {"text", "\\x6162", "bytes", "\\x6162"},
    {"text", "{1,2}", "int[]", "{1,2}"},
    {"text", "{\"a\": 1}", "jsonb", "{\"a\": 1}"},
    {"bytes", "\\x6162", "text", "\\x6162"},
    {"bytes", "\\x61", "uuid",
     "22P02 could not parse \"a\" as type uuid: uuid: UUID must be exactly 16 bytes long, got 1 bytes"},
    {"uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "bytes", "\\xa0eebc999c0b4ef8bb6d6bb9bd380a11"},
    {"date", "2020-01-02", "timestamp", "2020-01-02 00:00:00"},
    {"date", "infinity", "timestamp", "infinity"},
    {"date", "5874897-12-31", "timestamp", "22008 timestamp out of range"},
    {"date", "1970-01-03", "int", "2"},
    {"timestamp", "2020-01-02 03:04:05.6", "date", "2020-01-02"},
    {"timestamp", "2020-01-02 03:04:05.6", "time", "03:04:05.6"},
    {"timestamp", "1969-12-31 23:59:59.5", "int", "-1"},
    {"timestamp", "1969-12-31 23:59:59.5", "decimal", "-0.500000"},
    {"timestamp", "2020-01-02 03:04:05.678", "timestamptz(1)", "2020-01-02 03:04:05.7+00"},
    {"timestamptz", "2020-01-02 03:04:05+00", "timetz", "03:04:05+00"},
    {"timestamptz", "infinity", "time", "22008 timestamp out of range"},
    {"time", "12:00", "interval", "12:00:00"},
    {"interval", "25:00:00", "time", "01:00:00"},
    {"interval", "-1s", "time", "23:59:59"},
    {"interval", "1 day 00:00:01.9", "int", "86401"},
    {"jsonb", "1.5", "float", "1.5"},
    {"jsonb", "2.5", "int", "3"},
    {"jsonb", "true", "bool", "t"},
    {"jsonb", "null", "int", "NULL"},
    {"jsonb", "\"a\"", "text", "\"a\""},
    {"jsonb", "\"a\"", "int", "22023 cannot cast jsonb string to type int"},
    {"decimal", "1.50", "jsonb", "1.50"},
    {"int[]", "{1,NULL}", "jsonb", "[1, null]"},
    {"int[]", "{1,NULL}", "text[]", "{1,NULL}"},
    {"text[]", "{1,x}", "int[]",
     "22P02 could not parse \"x\" as type int: strconv.ParseInt: parsing \"x\": invalid syntax"},
    {"varbit", "101", "int", "5"},
    {"oid", "7", "int", "7"},
    {"int[]", "{1,2}", "vector", "[1,2]"},
    {"vector", "[1,2.5]", "float[]", "{1,2.5}"},
    {"vector", "[1]", "text[]", "42846 invalid cast: vector -> string[]"},
    {"citext", "A", "text", "A"},
    {"bool", "t", "date", "42846 invalid cast: bool -> date"},
    {"int[]", "{1}", "int", "42846 invalid cast: int[] -> int"},
};

static void test_conversions(void)
{
    for (size_t i = 0; i < ARRAY_LEN(conversions); i++) {
        struct type from = type_of(conversions[i].from), to = type_of(conversions[i].to);
        struct datum in = datum_of(from, conversions[i].value), out;
        struct err err = ERR_INIT;
        int before = check_failures;
        int rc = datum_convert(&arena, from, to, &context, in, &out, &err);
        CHECK(datum_convertible(from, to) == (rc != ERR_CANNOT_COERCE));
        if (rc == 0)
            CHECK_STR(text_of(to, out), conversions[i].result);
        else
            CHECK_STR(error_of(&err), conversions[i].result);
        if (check_failures != before)
            printf("  %s '%s' -> %s\n", conversions[i].from, conversions[i].value, conversions[i].to);
    }
    struct datum out;
    CHECK_INT(datum_convert(&arena, T_INT8, T_DATE, &context, DATUM_NULL, &out, NULL), 0);
    CHECK(out.null);
}

// What datum_convertible promises is what datum_convert does, for every pair of types.
static void test_every_pair(void)
{
    static const struct type types[] = {
#define TYPE(NAME, family, width, oid, ...) TYPE_OF_ROW(family, width, oid),
#include "types/types.def"
#undef TYPE
    };
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        for (size_t j = 0; j < ARRAY_LEN(types); j++) {
            struct datum in = {0}, out;
            if (type_physical(types[i]) == PHYSICAL_STR)
                in.s = STR_EMPTY;
            int rc = datum_convert_unfitted(&arena, types[i], types[j], &context, in, &out, NULL);
            CHECK(datum_convertible(types[i], types[j]) == (rc != ERR_CANNOT_COERCE));
        }
    }
}

static void test_session_zone(void)
{
    struct value_context vc = context;
    CHECK_INT(zone_find(STR("America/New_York"), ZONE_SIGN_ISO, &vc.zone, NULL), 0);
    struct datum out, tz = datum_of(T_TIMESTAMPTZ, "2020-01-02 03:04:05+00");
    CHECK_INT(datum_convert(&arena, T_TIMESTAMPTZ, T_TIMESTAMP, &vc, tz, &out, NULL), 0);
    CHECK_STR(text_of(T_TIMESTAMP, out), "2020-01-01 22:04:05");
    CHECK_INT(datum_convert(&arena, T_TIMESTAMP, T_TIMESTAMPTZ, &vc, out, &out, NULL), 0);
    CHECK_INT(out.i, tz.i);
    CHECK_INT(datum_convert(&arena, T_TIMESTAMPTZ, T_DATE, &vc, tz, &out, NULL), 0);
    CHECK_STR(text_of(T_DATE, out), "2020-01-01");
    CHECK_INT(datum_convert(&arena, T_TIMESTAMPTZ, T_STRING, &vc, tz, &out, NULL), 0);
    CHECK_STR(out.s, "2020-01-01 22:04:05-05");
    CHECK_INT(datum_convert(&arena, T_TIMESTAMPTZ, T_TIMETZ, &vc, tz, &out, NULL), 0);
    CHECK_STR(text_of(T_TIMETZ, out), "22:04:05-05");
}

// --- descriptors --------------------------------------------------------------------------------------------------

static const struct {
    const char *name, *sql, *pg;
    int32_t modifier;
} descriptors[] = {
    {"int", "INT8", "bigint", -1},
    {"integer", "INT8", "bigint", -1},
    {"int2", "INT2", "smallint", -1},
    {"double precision", "FLOAT8", "double precision", -1},
    {"decimal", "DECIMAL", "numeric", -1},
    {"decimal(10,2)", "DECIMAL(10,2)", "numeric(10,2)", 655366},
    {"decimal(10)", "DECIMAL(10)", "numeric(10,0)", 655364},
    {"varchar(10)", "VARCHAR(10)", "character varying(10)", 14},
    {"string(10)", "STRING(10)", "text", 14},
    {"char(1)", "CHAR", "character(1)", 5},
    {"char(3)", "CHAR(3)", "character(3)", 7},
    {"\"char\"", "\"char\"", "\"char\"", -1},
    {"timestamp", "TIMESTAMP", "timestamp without time zone", -1},
    {"timestamptz(3)", "TIMESTAMPTZ(3)", "timestamp(3) with time zone", 3},
    {"interval(2)", "INTERVAL(2)", "interval(2)", 2147418114},
    {"bit(1)", "BIT", "bit(1)", 1},
    {"varbit(5)", "VARBIT(5)", "bit varying(5)", 5},
    {"int4[]", "INT4[]", "integer[]", -1},
    {"varchar(4)[]", "VARCHAR(4)[]", "character varying(4)[]", 8},
    {"_text", "STRING[]", "text[]", -1},
    {"int2vector", "INT2VECTOR", "int2vector", -1},
};

static void test_descriptors(void)
{
    for (size_t i = 0; i < ARRAY_LEN(descriptors); i++) {
        struct type t = type_of(descriptors[i].name), back;
        struct buf b = BUF_INIT;
        type_print(&b, t);
        CHECK_STR(buf_view(&b), descriptors[i].sql);
        buf_clear(&b);
        type_print_pg(&b, t);
        CHECK_STR(buf_view(&b), descriptors[i].pg);
        CHECK_INT(type_modifier(t), descriptors[i].modifier);
        CHECK(type_from_oid(t.oid, &back) && type_equivalent(t, back));
        CHECK(type_identical(type_with_modifier(back, type_modifier(t)), t));
        buf_release(&b);
    }
    struct type t;
    CHECK(!type_from_oid(12345, &t) && !type_from_name(STR("nope"), &t) && !type_from_name(STR("_nope"), &t));
    CHECK_INT(TYPE_OID_INT8_ARRAY, 1016);
    CHECK(type_identical(type_element(type_array_of(T_UUID)), T_UUID));
    CHECK_STR(str_of(type_family_name(type_array_of(T_INT4))), "int[]");
    CHECK(!type_has_array(T_VOID) && type_has_array(T_JSONB));
    CHECK_INT(type_len(T_INT4), 4);
}

static void test_arrays(void)
{
    struct type t = type_array_of(T_STRING);
    struct datum items[] = {datum_str(STR("a")), DATUM_NULL, datum_str(STR(""))};
    struct str x = array_build(&arena, T_STRING, items, 3), y = array_build(&arena, T_STRING, items, 1);
    struct array open = array_open(t, x);
    CHECK_INT(open.count, 3);
    CHECK(array_get(&open, 1).null);
    CHECK_STR(text_of(t, datum_str(array_concat(&arena, t, y, x))), "{a,a,NULL,\"\"}");
    CHECK_STR(text_of(t, datum_str(array_append(&arena, t, y, DATUM_NULL))), "{a,NULL}");
    CHECK_STR(text_of(t, datum_str(array_prepend(&arena, t, datum_str(STR("b")), y))), "{b,a}");
    for (size_t len = 0; len < x.len; len++) { // cut encodings open as something harmless
        struct array cut = array_open(t, str_slice(x, 0, len));
        for (uint32_t i = 0; i < cut.count; i++)
            array_get(&cut, i);
    }
    struct str bits = bits_from_i64(&arena, 5, 4);
    CHECK_STR(text_of(T_VARBIT, datum_str(bits_concat(&arena, bits, bits_slice(&arena, bits, 1, 9)))), "0101101");
    CHECK_INT(bits_to_i64(bits_from_i64(&arena, -1, 64)), -1);
}

#define RUN(name)                 \
    static void run_##name(void)  \
    {                             \
        arena_init(&arena, NULL); \
        test_##name();            \
        arena_release(&arena);    \
    }
RUN(conversions)
RUN(every_pair)
RUN(session_zone)
RUN(descriptors)
RUN(arrays)

CHECK_MAIN({"conversions", run_conversions}, {"every_pair", run_every_pair}, {"session_zone", run_session_zone},
           {"descriptors", run_descriptors}, {"arrays", run_arrays})
