// Text and binary forms of every family: tables of inputs, round trips, and errors with SQLSTATE and text.
#include "types_check.h"
#include "base/util.h"
#include "types/array.h"
#include "types/text.h"
#include "types/tuple.h"
#include <math.h>
#include <stdlib.h>

static const struct {
    const char *type, *in, *out;
    const char *hex; // NULL: not checked
} values[] = {
    {"bool", "true", "t", "01"},
    {"bool", " F ", "f", "00"},
    {"bool", "yes", "t", NULL},
    {"bool", "off", "f", NULL},
    {"bool", "1", "t", NULL},
    {"int", "0", "0", "0000000000000000"},
    {"int", "-1", "-1", "ffffffffffffffff"},
    {"int", "+42", "42", NULL},
    {"int", " 7 ", "7", NULL},
    {"int", "007", "7", NULL},
    {"int", "0x1F", "31", NULL},
    {"int", "-0x10", "-16", NULL},
    {"int", "0b101", "5", NULL},
    {"int", "9223372036854775807", "9223372036854775807", "7fffffffffffffff"},
    {"int", "-9223372036854775808", "-9223372036854775808", "8000000000000000"},
    {"int", "-0x8000000000000000", "-9223372036854775808", NULL},
    {"int4", "-2147483648", "-2147483648", "80000000"},
    {"int2", "32767", "32767", "7fff"},
    {"float", "0", "0", "0000000000000000"},
    {"float", "-0", "-0", "8000000000000000"},
    {"float", "1.5", "1.5", "3ff8000000000000"},
    {"float", "0.1", "0.1", "3fb999999999999a"},
    {"float", "0.30000000000000004", "0.30000000000000004", NULL},
    {"float", "100000", "100000", NULL},
    {"float", "1000000", "1e+06", NULL},
    {"float", "123456789.123", "1.23456789123e+08", NULL},
    {"float", "0.0001", "0.0001", NULL},
    {"float", "0.00001", "1e-05", NULL},
    {"float", "5e-324", "5e-324", "0000000000000001"},
    {"float", "2.2250738585072014e-308", "2.2250738585072014e-308", NULL},
    {"float", "1.7976931348623157e308", "1.7976931348623157e+308", NULL},
    {"float", "NaN", "NaN", "7ff8000000000000"},
    {"float", "inf", "Infinity", "7ff0000000000000"},
    {"float", "-Infinity", "-Infinity", "fff0000000000000"},
    {"vector", "[1,-2.5]", "[1,-2.5]", "000200003f800000c0200000"},
    {"vector", " [ 0.1 , 1e6 ] ", "[0.1,1e+06]", NULL},
    {"pg_lsn", "16/B374D848", "16/B374D848", "00000016b374d848"},
    {"pg_lsn", "ffffffff/0", "FFFFFFFF/0", "ffffffff00000000"},
    {"citext", "Ab c", "Ab c", "41622063"},
    {"ltree", "a.b-c.D_1", "a.b-c.D_1", "01612e622d632e445f31"},
    {"ltree", "", "", "01"},
    {"tid", "(0,7)", "(0,7)", "000000000007"},
    {"tid", " (4294967295, 65535) ", "(4294967295,65535)", "ffffffffffff"},
    {"tid", "(4294967296,1)", "(4294967296,1)", "010001000000000001"},
    {"tid", "(x0aFF)", "(x0aff)", "020aff"},
    {"refcursor", "a b", "a b", "612062"},
    {"jsonpath", "$.a", "$.\"a\"", "01242e226122"},
    {"jsonpath", "lax $ . a [ 0 , 1 to last ]", "$.\"a\"[0,1 to last]", NULL},
    {"jsonpath", "$.**.a.** {2} .**{1 to last}.**{last}", "$.**.\"a\".**{2}.**{1 to last}.**{last}", NULL},
    {"jsonpath", "$.a==1||$.b>2&&!(@.c<3)", "($.\"a\" == 1 || $.\"b\" > 2 && !(@.\"c\" < 3))", NULL},
    {"float4", "0.1", "0.1", "3dcccccd"},
    {"float4", "16777217", "1.6777216e+07", NULL},
    {"float4", "3.4028235e38", "3.4028235e+38", "7f7fffff"},
    {"decimal", "0", "0", "0000000000000000"},
    {"decimal", "0.00", "0.00", "0000000000000002"},
    {"decimal", "-0.00", "0.00", NULL},
    {"decimal", "1.50", "1.50",
     "00020000000000020001"
     "1388"},
    {"decimal", "-12345.678", "-12345.678", "0003000140000003000109291a7c"},
    {"decimal", "1e10", "1E+10", NULL},
    {"decimal", "1.5e3", "1.5E+3", NULL},
    {"decimal", "10000", "10000", "00010001000000000001"},
    {"decimal", "0.0001", "0.0001", "0001ffff000000040001"},
    {"decimal", "0.000001", "0.000001", NULL},
    {"decimal", "0.0000001", "1E-7", NULL},
    {"decimal", ".5", "0.5", NULL},
    {"decimal", "5.", "5", NULL},
    {"decimal", "NaN", "NaN", "00000000c0000000"},
    {"decimal", "Infinity", "Infinity", "00000000d0000000"},
    {"decimal", "-inf", "-Infinity", "00000000f0000000"},
    {"decimal", "340282366920938463463374607431768211455", "340282366920938463463374607431768211455", NULL},
    {"decimal", "340282366920938463463374607431768211456", "340282366920938463463374607431768211456", NULL},
    {"decimal", "-99999999999999999999999999999999999999999999999999.5",
     "-99999999999999999999999999999999999999999999999999.5", NULL},
    {"text", "", "", ""},
    {"text", "it's\n\\", "it's\n\\", "697427730a5c"},
    {"text", "h\xc3\xa9llo", "h\xc3\xa9llo", "68c3a96c6c6f"},
    {"char(5)", "ab  ", "ab   ", "6162202020"},
    {"name", "pg_class", "pg_class", NULL},
    {"bytes", "\\x0102ff", "\\x0102ff", "0102ff"},
    {"bytes", "\\x", "\\x", ""},
    {"bytes", "a\\001\\\\b", "\\x61015c62", "61015c62"},
    {"uuid", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
     "a0eebc999c0b4ef8bb6d6bb9bd380a11"},
    {"uuid", "{a0eebc99-9c0b4ef8-bb6d6bb9-bd380a11}", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", NULL},
    {"uuid", "urn:uuid:a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", NULL},
    {"uuid", "a0eebc999c0b4ef8bb6d6bb9bd380a11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", NULL},
    {"date", "2000-01-01", "2000-01-01", "00000000"},
    {"date", "1999-12-31", "1999-12-31", "ffffffff"},
    {"date", "2020-02-29", "2020-02-29", "00001cc4"},
    {"date", "January 8, 1999", "1999-01-08", NULL},
    {"date", "8 Jan 1999", "1999-01-08", NULL},
    {"date", "1999-Jan-08", "1999-01-08", NULL},
    {"date", "08-Jan-1999", "1999-01-08", NULL},
    {"date", "08-Jan-99", "1999-01-08", NULL},
    {"date", "Jan-08-1999", "1999-01-08", NULL},
    {"date", "1/8/1999", "1999-01-08", NULL},
    {"date", "1/18/69", "2069-01-18", NULL},
    {"date", "1/18/70", "1970-01-18", NULL},
    {"date", "19990108", "1999-01-08", NULL},
    {"date", "990108", "1999-01-08", NULL},
    {"date", "1999.008", "1999-01-08", NULL},
    {"date", "1999 Jan 8", "1999-01-08", NULL},
    {"date", "J2451187", "1999-01-08", NULL},
    {"date", "1999-01-08 23:59:59.999999+03", "1999-01-08", NULL},
    {"date", "0044-03-15 BC", "0044-03-15 BC", NULL},
    {"date", "0001-01-01", "0001-01-01", NULL},
    {"date", "4714-11-24 BC", "4714-11-24 BC", "ffda97a7"},
    {"date", "5874897-12-31", "5874897-12-31", NULL},
    {"date", "infinity", "infinity", "7fffffff"},
    {"date", "-infinity", "-infinity", "80000000"},
    {"date", "epoch", "1970-01-01", NULL},
    {"date", "today", "2020-09-13", NULL},
    {"date", "yesterday", "2020-09-12", NULL},
    {"date", "tomorrow", "2020-09-14", NULL},
    {"time", "12:34:56.789", "12:34:56.789", NULL},
    {"time", "00:00", "00:00:00", "0000000000000000"},
    {"time", "24:00:00", "24:00:00", "000000141dd76000"},
    {"time", "4:05 PM", "16:05:00", NULL},
    {"time", "12 AM", "00:00:00", NULL},
    {"time", "040506", "04:05:06", NULL},
    {"time", "0405", "04:05:00", NULL},
    {"time", "allballs", "00:00:00", NULL},
    {"time", "2003-04-12 04:05:06 America/New_York", "04:05:06", NULL},
    {"time(3)", "12:34:56.7895", "12:34:56.79", NULL},
    {"timetz", "12:34:56+05:30", "12:34:56+05:30", "0000000a8bda1c00ffffb2a8"},
    {"timetz", "12:34:56", "12:34:56+00", NULL},
    {"timetz", "04:05:06-8", "04:05:06-08", NULL},
    {"timestamp", "2000-01-01 00:00:00", "2000-01-01 00:00:00", "0000000000000000"},
    {"timestamp", "1999-12-31 23:59:59.999999", "1999-12-31 23:59:59.999999", "ffffffffffffffff"},
    {"timestamp", "2020-01-02 03:04:05.678", "2020-01-02 03:04:05.678", NULL},
    {"timestamp", "2020-01-02T03:04:05Z", "2020-01-02 03:04:05", NULL},
    {"timestamp", "2020-01-02 03:04:05+09", "2020-01-02 03:04:05", NULL},
    {"timestamp", "2020-01-02", "2020-01-02 00:00:00", NULL},
    {"timestamp", "20200102T030405", "2020-01-02 03:04:05", NULL},
    {"timestamp", "2020-01-02 24:00", "2020-01-03 00:00:00", NULL},
    {"timestamp", "Thu Jan 2 03:04:05 2020", "2020-01-02 03:04:05", NULL},
    {"timestamp", "2020-01-02 03:04:05.1234567", "2020-01-02 03:04:05.123457", NULL},
    {"timestamp(0)", "2020-01-02 03:04:05.5", "2020-01-02 03:04:06", NULL},
    {"timestamp", "0001-01-01 00:00:00 BC", "0001-01-01 00:00:00 BC", NULL},
    {"timestamp", "294246-12-31 23:59:59.999999", "294246-12-31 23:59:59.999999", NULL},
    {"timestamp", "4714-11-24 00:00:00 BC", "4714-11-24 00:00:00 BC", NULL},
    {"timestamp", "infinity", "infinity", "7fffffffffffffff"},
    {"timestamp", "-infinity", "-infinity", "8000000000000000"},
    {"timestamp", "now", "2020-09-13 12:26:40.123456", NULL},
    {"timestamp", "epoch", "1970-01-01 00:00:00", "fffca2fec4c82000"},
    {"timestamptz", "2020-01-02 03:04:05+03", "2020-01-02 00:04:05+00", NULL},
    {"timestamptz", "2020-01-02 03:04:05-03:30", "2020-01-02 06:34:05+00", NULL},
    {"timestamptz", "2020-07-01 12:00 America/New_York", "2020-07-01 16:00:00+00", NULL},
    {"timestamptz", "2020-01-01 12:00 europe/berlin", "2020-01-01 11:00:00+00", NULL},
    {"timestamptz", "2020-01-01 12:00:00 UTC", "2020-01-01 12:00:00+00", NULL},
    {"timestamptz", "2020-01-01T12:00:00.5Z", "2020-01-01 12:00:00.5+00", NULL},
    {"timestamptz", "2020-01-01 12:00:00+00", "2020-01-01 12:00:00+00", NULL},
    {"interval", "1 year 2 mons 3 days 04:05:06.789", "1 year 2 mons 3 days 04:05:06.789",
     "000000036c97ca88000000030000000e"},
    {"interval", "2h30m", "02:30:00", NULL},
    {"interval", "1.5h", "01:30:00", NULL},
    {"interval", "100ms", "00:00:00.1", NULL},
    {"interval", "P1Y2M3DT4H5M6.5S", "1 year 2 mons 3 days 04:05:06.5", NULL},
    {"interval", "P0001-02-03T04:05:06", "1 year 2 mons 3 days 04:05:06", NULL},
    {"interval", "PT-3M", "-00:03:00", NULL},
    {"interval", "P2W", "14 days", NULL},
    {"interval", "1-2", "1 year 2 mons", NULL},
    {"interval", "-1-2", "-1 years -2 mons", NULL},
    {"interval", "3 4:05:06", "3 days 04:05:06", NULL},
    {"interval", "1-2 3 4:05:06", "1 year 2 mons 3 days 04:05:06", NULL},
    {"interval", "-1 day +02:03", "-1 days +02:03:00", NULL},
    {"interval", "1 day ago", "-1 days", NULL},
    {"interval", "@ 1 minute", "00:01:00", NULL},
    {"interval", "1.5 months", "1 mon 15 days", NULL},
    {"interval", "1.5 years", "1 year 6 mons", NULL},
    {"interval", "1.5 weeks", "10 days 12:00:00", NULL},
    {"interval", "5", "00:00:05", NULL},
    {"interval", "0", "00:00:00", NULL},
    {"interval", "12:30.5", "00:12:30.5", NULL},
    {"jsonb", "{\"b\": 1, \"a\": [1, 2, null], \"b\": 2}", "{\"a\": [1, 2, null], \"b\": 2}", NULL},
    {"jsonb", "[]", "[]", "015b5d"},
    {"jsonb", "1.50", "1.50", NULL},
    {"jsonb", "\"\\u00e9\\n\"", "\"\xc3\xa9\\n\"", NULL},
    {"inet", "10.0.0.1/8", "10.0.0.1/8", "020800040a000001"},
    {"inet", "192.168.1.5", "192.168.1.5", "02200004c0a80105"},
    {"inet", "::1", "::1", "0380001000000000000000000000000000000001"},
    {"inet", "2001:db8::/32", "2001:db8::/32", NULL},
    {"varbit", "1011", "1011", "00000004b0"},
    {"varbit", "", "", "00000000"},
    {"varbit", "x1F", "00011111", NULL},
    {"oid", "4294967295", "4294967295", "ffffffff"},
    {"int[]", "{1,2,NULL}", "{1,2,NULL}",
     "00000001000000010000001400000003000000010000000800000000000000010000000800000000000000"
     "02ffffffff"},
    {"int[]", "{}", "{}", "000000000000000000000014"},
    {"int4[]", " { 1 , 2 } ", "{1,2}", NULL},
    {"text[]", "{a,\"b c\",NULL,\"NULL\",\"q\\\"x\",\"\"}", "{a,\"b c\",NULL,\"NULL\",\"q\\\"x\",\"\"}", NULL},
    {"text[]", "{a b,c\\,d}", "{\"a b\",\"c,d\"}", NULL},
    {"bool[]", "{t,f}", "{t,f}", NULL},
    {"float[]", "{1.5,NaN}", "{1.5,NaN}", NULL},
    {"interval[]", "{1 day,NULL}", "{\"1 day\",NULL}", NULL},
    {"jsonb[]", "{\"{\\\"a\\\": 1}\"}", "{\"{\\\"a\\\": 1}\"}", NULL},
    {"int2vector", "1 2 3", "1 2 3", NULL},
};

static void check_binary(struct type t, struct datum d, const char *hex)
{
    struct buf bin = BUF_INIT, shown = BUF_INIT;
    datum_to_binary(&bin, t, d, &context);
    hex_encode(&shown, buf_view(&bin));
    if (hex != NULL)
        CHECK_STR(buf_view(&shown), hex);
    struct datum back;
    struct err err = ERR_INIT;
    struct str bytes = arena_str(&arena, buf_view(&bin));
    int rc = datum_from_binary(&arena, t, bytes, &back, &err);
    CHECK_INT(rc, 0);
    if (rc == 0) {
        CHECK_INT(datum_compare(t, &d, &back), 0);
        CHECK(datum_hash(t, &d, 7) == datum_hash(t, &back, 7));
    }
    err_reset(&err);
    buf_release(&bin);
    buf_release(&shown);
}

static void test_values(void)
{
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        int before = check_failures;
        struct type t = type_of(values[i].type);
        struct datum d = datum_of(t, values[i].in);
        CHECK_STR(text_of(t, d), values[i].out);
        struct str shown = text_of(t, d);
        struct datum again = datum_of(t, arena_cstr(&arena, shown));
        CHECK_INT(datum_compare(t, &d, &again), 0);
        CHECK(datum_hash(t, &d, 1) == datum_hash(t, &again, 1));
        check_binary(t, d, values[i].hex);
        if (check_failures != before)
            printf("  in %s '%s'\n", values[i].type, values[i].in);
    }
}

static const struct {
    const char *type, *in, *error;
} errors[] = {
    {"ltree", "a..b", "42601 label cannot be empty"},
    {"tid", "(0,65536)", "22P02 invalid input syntax for type tid: \"(0,65536)\""},
    {"tid", "(x0)", "22P02 invalid input syntax for type tid: \"(x0)\""},
    {"ltree", ".", "42601 label cannot be empty"},
    {"ltree", "a b", "42601 label contains invalid character  "},
    {"vector", "[]", "22P02 invalid input syntax for type vector: empty string"},
    {"pg_lsn", "1", "22P02 could not parse pg_lsn: invalid value \"1\""},
    {"bool", "maybe", "22P02 could not parse \"maybe\" as type bool: invalid bool value"},
    {"bool", "", "22P02 could not parse \"\" as type bool: invalid bool value"},
    {"int", "x", "22P02 could not parse \"x\" as type int: strconv.ParseInt: parsing \"x\": invalid syntax"},
    {"int", "", "22P02 could not parse \"\" as type int: strconv.ParseInt: parsing \"\": invalid syntax"},
    {"int", "1.1", "22P02 could not parse \"1.1\" as type int: strconv.ParseInt: parsing \"1.1\": invalid syntax"},
    {"int", "9223372036854775808",
     "22P02 could not parse \"9223372036854775808\" as type int: strconv.ParseInt: parsing \"9223372036854775808\": "
     "value out of range"},
    {"int", "3\r2", "22P02 could not parse \"3\\r2\" as type int: strconv.ParseInt: parsing \"3\\r2\": invalid syntax"},
    {"float", "bar",
     "22P02 could not parse \"bar\" as type float: strconv.ParseFloat: parsing \"bar\": invalid syntax"},
    {"float", "1e400",
     "22P02 could not parse \"1e400\" as type float: strconv.ParseFloat: parsing \"1e400\": value out of range"},
    {"decimal", "baz", "22P02 could not parse \"baz\" as type decimal"},
    {"decimal", "1e2001", "22P02 could not parse \"1e2001\" as type decimal: exponent out of range"},
    {"decimal", "1e", "22P02 could not parse \"1e\" as type decimal"},
    {"uuid", "xyz", "22P02 could not parse \"xyz\" as type uuid: uuid: incorrect UUID length: xyz"},
    {"uuid", "", "22P02 could not parse \"\" as type uuid: uuid: incorrect UUID length: "},
    {"bytes", "\\xdedf0d36174",
     "22P02 could not parse \"\\\\xdedf0d36174\" as type bytes: encoding/hex: odd length hex string"},
    {"bytes", "\\xzz", "22P02 could not parse \"\\\\xzz\" as type bytes: encoding/hex: invalid byte: U+007A 'z'"},
    {"bytes", "a\\1",
     "22P02 could not parse \"a\\\\1\" as type bytes: bytea encoded value ends with incomplete escape sequence"},
    {"text", "\xff", "22021 invalid byte sequence for encoding \"UTF8\""},
    {"date", "2021-02-29", "22008 parsing as type date: field day value 29 is out of range"},
    {"date", "2021-13-01", "22008 parsing as type date: field month value 13 is out of range"},
    {"date", "99999999-01-01", "22008 date is out of range: \"99999999-01-01\""},
    {"date", "99999999.001", "22008 date is out of range: \"99999999.001\""},
    {"date", "x", "22007 parsing as type date: could not parse \"x\""},
    {"date", "", "22007 parsing as type date: empty or blank input"},
    {"date", "12:00", "22007 parsing as type date: missing required date fields"},
    {"timestamp", "garbage", "22007 parsing as type timestamp: could not parse \"garbage\""},
    {"timestamp", "2020-01-01 25:00", "22008 parsing as type timestamp: field hour value 25 is out of range"},
    {"timestamp", "1774552109104", "22007 parsing as type timestamp: could not parse \"1774552109104\""},
    {"timestamp", "300000-01-01", "22008 timestamp out of range"},
    {"timestamptz", "294247-01-01 00:00 America/New_York", "22008 timestamp out of range"},
    {"timestamptz", "2020-01-01 00:00 Nowhere/City",
     "22007 parsing as type timestamptz: could not parse \"2020-01-01 00:00 Nowhere/City\""},
    {"time", "12:00:00q", "22007 could not parse \"12:00:00q\" as type time"},
    {"interval", "abcd",
     "22007 could not parse \"abcd\" as type interval: interval: missing number at position 0: \"abcd\""},
    {"interval", "5 foo",
     "22007 could not parse \"5 foo\" as type interval: interval: unknown unit \"foo\" in duration \"5 foo\""},
    {"interval", "1 2", "22007 could not parse \"1 2\" as type interval: interval: invalid input syntax"},
    {"interval", "99999999999 years", "22008 interval field value out of range: \"99999999999 years\""},
    {"jsonb", "{", "22P02 could not parse JSON: unexpected EOF"},
    {"jsonb", "1 2", "22P02 could not parse JSON: trailing characters after JSON document"},
    {"jsonb", "\"\\u0000\"", "22P05 unsupported Unicode escape sequence: \\u0000 cannot be converted to text"},
    {"inet", "300.0.0.1", "22P02 could not parse \"300.0.0.1\" as type inet: invalid IP"},
    {"inet", "10.0.0.1/33", "22P02 could not parse \"10.0.0.1/33\" as type inet: invalid IP"},
    {"bit", "123", "22P02 could not parse string as bit array: \"2\" is not a valid binary digit"},
    {"oid", "4294967296", "22003 OID out of range: 4294967296"},
    {"int[]", "", "22P02 could not parse \"\" as type int[]: array must be enclosed in { and }"},
    {"int[]", "{1,2", "22P02 could not parse \"{1,2\" as type int[]: malformed array"},
    {"int[]", "{1,2,", "22P02 could not parse \"{1,2,\" as type int[]: malformed array"},
    {"int[]", "{", "22P02 could not parse \"{\" as type int[]: malformed array"},
    {"int[]", "{,}", "22P02 could not parse \"{,}\" as type int[]: malformed array"},
    {"int[]", "{} {}", "22P02 could not parse \"{} {}\" as type int[]: extra text after closing right brace"},
    {"int[]", "{{1}}", "0A000 could not parse \"{{1}}\" as type int[]: unimplemented: nested arrays not supported"},
    {"int[]", "{hello}",
     "22P02 could not parse \"{hello}\" as type int[]: could not parse \"hello\" as type int: strconv.ParseInt: "
     "parsing "
     "\"hello\": invalid syntax"},
    {"text[]", "{he\"lo}", "22P02 could not parse \"{he\\\"lo}\" as type string[]: malformed array"},
};

static void test_errors(void)
{
    for (size_t i = 0; i < ARRAY_LEN(errors); i++) {
        struct err err = ERR_INIT;
        struct datum d;
        int rc = datum_parse(&arena, type_of(errors[i].type), str_of(errors[i].in), &context, &d, &err);
        CHECK(rc != 0 && rc == err.code);
        CHECK_STR(error_of(&err), errors[i].error);
    }
}

// Truncated and lengthened wire forms of every value must fail cleanly or decode to something printable.
static void test_malformed_binary(void)
{
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        struct type t = type_of(values[i].type);
        struct datum d = datum_of(t, values[i].in), back;
        struct buf bin = BUF_INIT;
        datum_to_binary(&bin, t, d, &context);
        buf_putc(&bin, 1);
        for (size_t len = 0; len <= bin.len; len++) {
            char *exact = mem_alloc(len + 1); // so that a sanitizer sees reads beyond the end
            memcpy(exact, bin.ptr, len);
            if (datum_from_binary(&arena, t, (struct str){exact, len}, &back, NULL) == 0)
                text_of(t, back);
            mem_free(exact);
        }
        buf_release(&bin);
    }
    struct datum d;
    struct err err = ERR_INIT;
    CHECK_INT(datum_from_binary(&arena, T_UUID, STR("abc"), &d, &err), ERR_INVALID_BINARY_REPRESENTATION);
    CHECK_STR(error_of(&err), "22P03 incorrect binary data format for type uuid");
}

static const struct {
    const char *type, *in, *sql;
} literals[] = {
    {"int", "5", "5:::INT8"},
    {"int4", "-5", "(-5):::INT8"},
    {"float", "1", "1.0:::FLOAT8"},
    {"float", "NaN", "'NaN':::FLOAT8"},
    {"decimal", "1.50", "1.50:::DECIMAL"},
    {"bool", "t", "true"},
    {"text", "it's", "'it''s':::STRING"},
    {"varchar(10)", "a\nb", "e'a\\nb':::STRING"},
    {"bytes", "\\x61", "'\\x61':::BYTES"},
    {"date", "2020-01-01", "'2020-01-01':::DATE"},
    {"timestamptz", "2020-01-01", "'2020-01-01 00:00:00+00':::TIMESTAMPTZ"},
    {"interval", "1 day", "'1 day':::INTERVAL"},
    {"varbit", "101", "B'101'"},
    {"jsonb", "{\"a\": 1}", "'{\"a\": 1}':::JSONB"},
    {"int[]", "{1,NULL}", "ARRAY[1:::INT8, NULL]:::INT8[]"},
};

static void test_literals(void)
{
    for (size_t i = 0; i < ARRAY_LEN(literals); i++) {
        struct type t = type_of(literals[i].type);
        struct buf b = BUF_INIT;
        datum_print_sql(&b, t, datum_of(t, literals[i].in), true);
        CHECK_STR(buf_view(&b), literals[i].sql);
        buf_release(&b);
    }
    struct buf b = BUF_INIT;
    datum_print_sql(&b, T_INT8, DATUM_NULL, true);
    datum_print_sql(&b, T_INT8, datum_int(-7), false);
    CHECK_STR(buf_view(&b), "NULL-7");
    buf_release(&b);
}

static const struct {
    const char *type, *in;
    bool cast;
    const char *out; // or the error
} fits[] = {
    {"varchar(3)", "abc", false, "abc"},
    {"varchar(3)", "abcd", false, "22001 value too long for type VARCHAR(3)"},
    {"varchar(3)", "abcd", true, "abc"},
    {"varchar(3)", "abc  ", false, "abc"},
    {"string(2)", "h\xc3\xa9llo", true, "h\xc3\xa9"},
    {"char(3)", "ab ", false, "ab "},
    {"char", "ab", false, "ab"},
    {"decimal(5,2)", "123.456", false, "123.46"},
    {"decimal(5,2)", "999.995", false,
     "22003 value with precision 5, scale 2 must round to an absolute value less than 10^3"},
    {"decimal(5,2)", "1", false, "1.00"},
    {"decimal(3)", "2.5", false, "3"},
    {"decimal(3)", "NaN", false, "NaN"},
    {"int2", "32768", false, "22003 integer out of range for type int2"},
    {"int4", "2147483648", true, "22003 integer out of range for type int4"},
    {"int4", "2147483647", true, "2147483647"},
    {"bit(3)", "101", false, "101"},
    {"bit(3)", "1011", false, "22026 bit string length 4 does not match type BIT(3)"},
    {"bit(3)", "1", true, "100"},
    {"varbit(2)", "101", false, "22001 bit string length 3 too large for type VARBIT(2)"},
    {"varbit(2)", "101", true, "10"},
    {"varchar(2)[]", "{abc,d}", true, "{ab,d}"},
    {"int2[]", "{40000}", false, "22003 integer out of range for type int2"},
};

static void test_fit(void)
{
    for (size_t i = 0; i < ARRAY_LEN(fits); i++) {
        struct type t = type_of(fits[i].type), plain = t;
        if (t.family == TYPE_STRING || t.family == TYPE_BIT)
            plain.width = 0;
        struct datum d = datum_of(plain, fits[i].in), out;
        struct err err = ERR_INIT;
        if (datum_fit(&arena, t, fits[i].cast, d, &out, &err) == 0)
            CHECK_STR(text_of(t, out), fits[i].out);
        else
            CHECK_STR(error_of(&err), fits[i].out);
    }
}

// In ascending order.
static void test_order(void)
{
    static const struct {
        const char *type, *values[8];
    } orders[] = {
        {"float", {"NaN", "-inf", "-1", "0", "1e-300", "inf"}},
        {"decimal", {"NaN", "-inf", "-1e20", "-0.1", "0.0", "0.10", "1e20", "inf"}},
        {"text", {"", "A", "B", "a", "aa", "\xc3\xa9"}},
        {"interval", {"-1 day", "00:00:00", "23:59:59", "1 day 1us", "29 days 25:00:00", "2 months"}},
        {"timetz", {"00:00:00+05", "00:00:00+02", "00:00:00+00", "23:00:00+00"}},
        {"jsonb", {"[]", "null", "\"a\"", "1", "false", "true", "[1]", "{}"}},
        {"int[]", {"{}", "{NULL}", "{1}", "{1,1}", "{2}"}},
        {"varbit", {"", "0", "00", "01", "1", "11"}},
        {"inet", {"10.0.0.0/8", "10.0.0.1/8", "1.1.1.1", "::/16", "::1"}},
    };
    for (size_t i = 0; i < ARRAY_LEN(orders); i++) {
        struct type t = type_of(orders[i].type);
        struct datum null = DATUM_NULL;
        for (size_t j = 0; j < 8 && orders[i].values[j] != NULL; j++) {
            struct datum a = datum_of(t, orders[i].values[j]);
            CHECK(datum_compare(t, &null, &a) < 0);
            CHECK_INT(datum_compare(t, &a, &a), 0);
            for (size_t k = j + 1; k < 8 && orders[i].values[k] != NULL; k++) {
                struct datum b = datum_of(t, orders[i].values[k]);
                if (!(datum_compare(t, &a, &b) < 0 && datum_compare(t, &b, &a) > 0))
                    printf("  %s: %s < %s\n", orders[i].type, orders[i].values[j], orders[i].values[k]);
                CHECK(datum_compare(t, &a, &b) < 0 && datum_compare(t, &b, &a) > 0);
            }
        }
    }
}

static void test_equal_hashes(void)
{
    static const char *const pairs[][3] = {
        {"decimal", "1.50", "1.5"},
        {"decimal", "100", "1e2"},
        {"decimal", "0.00", "0"},
        {"float", "-0", "0"},
        {"interval", "1 mon", "30 days"},
        {"interval", "24:00:00", "1 day"},
        {"jsonb", "{\"a\":1.0}", "{\"a\":1}"},
        {"decimal", "1000000000000000000000000000000000000000000000000", "1e48"},
    };
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        struct type t = type_of(pairs[i][0]);
        struct datum a = datum_of(t, pairs[i][1]), b = datum_of(t, pairs[i][2]);
        CHECK_INT(datum_compare(t, &a, &b), 0);
        CHECK(datum_hash(t, &a, 3) == datum_hash(t, &b, 3));
    }
}

// The fewest digits that read back, found by trying; of those printf gives the nearest.
static int shortest_by_trying(double v, bool float4, char text[40])
{
    for (int precision = 1;; precision++) {
        snprintf(text, 40, "%.*e", precision - 1, v);
        if (precision == 17 || (float4 ? strtof(text, NULL) == (float)v : strtod(text, NULL) == v))
            return precision;
    }
}

static void check_shortest(double v, bool float4)
{
    char digits[20], text[40], expected[20] = {0};
    int point, n = double_shortest(v, float4, digits, &point), m = shortest_by_trying(v, float4, text), k = 0;
    for (const char *p = text; *p != 'e'; p++) {
        if (*p != '.')
            expected[k++] = *p;
    }
    bool same = n == m && memcmp(digits, expected, (size_t)n) == 0 && point == atoi(strchr(text, 'e') + 1) + 1;
    if (!same)
        printf("  %.17g: %.*s point %d\n", v, n, digits, point);
    CHECK(same);
}

static void test_shortest_floats(void)
{
    struct rng rng;
    rng_seed(&rng, 77);
    for (int i = 0; i < 100000; i++) {
        double v = ldexp(1.0 + rng_unit(&rng), (int)rng_below(&rng, 74) - 17);
        check_shortest(v, false);
        check_shortest((double)(float)v, true);
    }
    for (int i = -16; i < 56;
         i++) { // powers of two, where the gaps differ; 2^-n is not always the nearest of the shortest
        double v = ldexp(1.0, i), back;
        struct buf b = BUF_INIT;
        double_print(&b, v, false, 0);
        CHECK(double_parse(buf_view(&b), &back) == 0 && back == v);
        buf_release(&b);
        check_shortest(nextafter(v, 0), false);
        check_shortest(nextafter(v, INFINITY), false);
    }
    for (int i = -6; i < 20; i++) { // around powers of ten, where the logarithm rounds
        double v = pow(10, i);
        for (int k = 0; k < 8; k++, v = nextafter(v, 0))
            check_shortest(v, false);
    }
}

static void test_random_floats(void)
{
    struct rng rng;
    rng_seed(&rng, 42);
    struct buf b = BUF_INIT;
    for (int i = 0; i < 100000; i++) {
        uint64_t bits = rng_u64(&rng);
        double v, back;
        memcpy(&v, &bits, 8);
        if (i % 4 == 0)
            v = (double)(int64_t)rng_below(&rng, 1000000) / 1000.0;
        if (isnan(v) || isinf(v))
            continue;
        buf_clear(&b);
        double_print(&b, v, false, 0);
        CHECK_INT(double_parse(buf_view(&b), &back), 0);
        CHECK(back == v);
        float f = (float)v;
        if (isinf(f))
            continue;
        buf_clear(&b);
        double_print(&b, (double)f, true, 0);
        CHECK_INT(double_parse(buf_view(&b), &back), 0);
        CHECK((float)back == f);
    }
    buf_release(&b);
    b = BUF_INIT;
    double_print(&b, 0.1 + 0.2, false, -3);
    CHECK_STR(buf_view(&b), "0.3");
    buf_release(&b);
}

static void test_tuples(void)
{
    struct tuple_field fields[] = {{T_INT8, STR("id"), datum_int(1)},
                                   {T_STRING, STR_EMPTY, datum_str(STR("a \"b"))},
                                   {T_BOOL, STR_EMPTY, DATUM_NULL},
                                   {T_STRING, STR_EMPTY, datum_str(STR_EMPTY)}};
    struct str t = tuple_build(&arena, T_RECORD, fields, 4), shorter = tuple_build(&arena, T_RECORD, fields, 3);
    CHECK_STR(text_of(T_RECORD, datum_str(t)), "(1,\"a \"\"b\",,\"\")");
    CHECK_INT(tuple_count(t), 4);
    struct tuple_field f;
    CHECK(tuple_get(T_RECORD, t, 0, &f) && str_eqc(f.label, "id") && f.value.i == 1);
    CHECK(tuple_get(T_RECORD, t, 2, &f) && f.value.null);
    CHECK(!tuple_get(T_RECORD, t, 4, &f));
    CHECK(tuple_compare(T_RECORD, shorter, T_RECORD, t) < 0);
    CHECK_INT(tuple_compare(T_RECORD, t, T_RECORD, t), 0);
    for (size_t len = 0; len < t.len; len++) // cut encodings end the iteration
        tuple_get(T_RECORD, str_slice(t, 0, len), 3, &f);
}

// Text and wire forms of user-defined types, whole, cut short and with a byte changed.
static void test_user_types(void)
{
    const struct type_label labels[] = {{STR("red"), 10}, {STR("green"), 20}};
    const struct type_def color = {.oid = 100104,
                                   .array_oid = 100105,
                                   .text_name = "color",
                                   .array_name = "color[]",
                                   .labels = labels,
                                   .n_labels = 2};
    const struct type color_type = {.family = TYPE_ENUM, .oid = 100104, .def = &color};
    const struct type_field members[] = {
        {STR("x"), T_INT4}, {STR("c"), color_type}, {STR("cs"), type_array_of(color_type)}};
    const struct type_def pair = {.oid = 100106,
                                  .array_oid = 100107,
                                  .text_name = "pair",
                                  .array_name = "pair[]",
                                  .is_composite = true,
                                  .fields = members,
                                  .n_fields = 3};
    const struct type t = {.family = TYPE_TUPLE, .oid = 100106, .def = &pair};
    struct datum d, back;
    CHECK_INT(type_array_of(t).oid, 100107);
    CHECK(type_identical(type_element(type_array_of(t)), t) && type_element(type_array_of(t)).def == &pair);
    CHECK_INT(datum_parse(&arena, t, STR("(7,green,\"{red,NULL}\")"), NULL, &d, NULL), 0);
    CHECK_STR(text_of(t, d), "(7,green,\"{red,NULL}\")");
    struct buf b = BUF_INIT;
    datum_to_binary(&b, t, d, NULL);
    CHECK_INT(datum_from_binary(&arena, t, buf_view(&b), &back, NULL), 0);
    CHECK_INT(datum_compare(t, &d, &back), 0);
    CHECK(datum_hash(t, &d, 1) == datum_hash(t, &back, 1));
    for (size_t len = 0; len < b.len; len++)
        CHECK(datum_from_binary(&arena, t, str_slice(buf_view(&b), 0, len), &back, NULL) != 0);
    for (size_t i = 0; i < b.len; i++) {
        b.ptr[i] ^= 0x55;
        if (datum_from_binary(&arena, t, buf_view(&b), &back, NULL) == 0)
            text_of(t, back);
        b.ptr[i] ^= 0x55;
    }
    buf_release(&b);
    struct tuple_field f;
    for (size_t len = 0; len < d.s.len; len++)
        tuple_get(t, str_slice(d.s, 0, len), 2, &f);
    CHECK(!tuple_get(T_RECORD, d.s, 0, &f)); // without its type a value has no fields
    CHECK(datum_parse(&arena, color_type, STR("blue"), NULL, &d, NULL) == ERR_INVALID_TEXT_REPRESENTATION);
    CHECK(datum_from_binary(&arena, color_type, STR("re"), &d, NULL) == ERR_INVALID_TEXT_REPRESENTATION);
}

static void test_vectors(void)
{
    struct vec v;
    vec_init(&v, &arena, T_STRING, 3);
    vec_set(&v, 0, datum_str(STR("x")));
    vec_set(&v, 1, DATUM_NULL);
    CHECK_STR(vec_get(&v, 0).s, "x");
    CHECK(vec_is_null(&v, 1) && vec_get(&v, 1).null);
    vec_init_const(&v, &arena, T_INTERVAL, (struct datum){.iv = {1, 2, 3}});
    CHECK_INT(vec_get(&v, 999).iv.days, 2);
    struct datum copy = datum_copy(&arena, T_STRING, datum_str(STR("y")));
    CHECK_STR(copy.s, "y");
}

static void setup_and_run(void (*test)(void))
{
    arena_init(&arena, NULL);
    test();
    arena_release(&arena);
}
#define RUN(name)                   \
    static void run_##name(void)    \
    {                               \
        setup_and_run(test_##name); \
    }
RUN(values)
RUN(errors)
RUN(malformed_binary)
RUN(literals)
RUN(user_types)
RUN(fit)
RUN(order)
RUN(equal_hashes)
RUN(random_floats)
RUN(shortest_floats)
RUN(tuples)
RUN(vectors)

CHECK_MAIN({"values", run_values}, {"errors", run_errors}, {"malformed_binary", run_malformed_binary},
           {"literals", run_literals}, {"fit", run_fit}, {"order", run_order}, {"equal_hashes", run_equal_hashes},
           {"random_floats", run_random_floats}, {"shortest_floats", run_shortest_floats}, {"tuples", run_tuples},
           {"user_types", run_user_types}, {"vectors", run_vectors})
