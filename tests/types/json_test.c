// JSON: parsing, printing, access, containment, order, edits, building.
#include "types_check.h"
#include "base/util.h"
#include "types/array.h"
#include "types/json.h"
#include "types/tuple.h"

static struct str json(const char *text)
{
    return datum_of(T_JSONB, text).s;
}

static struct str shown(struct str j)
{
    return text_of(T_JSONB, datum_str(j));
}

static void test_access(void)
{
    struct str j = json("{\"a\": {\"b\": [10, 20, {\"c\": \"x\"}]}, \"n\": null, \"s\": \"q\\\"\"}"), out, key, value;
    CHECK_INT(json_count(j), 3);
    CHECK_STR(str_of(json_typeof(j)), "object");
    CHECK(json_get_key(j, STR("a"), &out) && json_kind(out) == JSON_OBJECT);
    CHECK(!json_get_key(j, STR("zz"), &out));
    const struct str path[] = {STR("a"), STR("b"), STR("-1"), STR("c")};
    CHECK(json_get_path(j, path, 4, &out));
    CHECK_STR(shown(out), "\"x\"");
    CHECK(json_as_text(&arena, out, &out));
    CHECK_STR(out, "x");
    CHECK(json_get_key(j, STR("n"), &out) && !json_as_text(&arena, out, &out));
    CHECK(!json_get_index(j, 0, &out));
    CHECK(!json_get_index(json("[1]"), 1, &out) && !json_get_index(json("[1]"), -2, &out));
    json_pair_at(j, 1, &key, &value);
    CHECK_STR(key, "n");
    CHECK(json_exists(j, STR("s")) && !json_exists(j, STR("q")));
    CHECK(json_exists(json("[\"a\", 1]"), STR("a")) && json_exists(json("\"a\""), STR("a")));
    struct buf b = BUF_INIT;
    json_print_pretty(&b, json("{\"a\": [1, {}], \"b\": []}"));
    CHECK_STR(buf_view(&b), "{\n    \"a\": [\n        1,\n        {}\n    ],\n    \"b\": []\n}");
    buf_release(&b);
}

static const struct {
    const char *a, *b;
    bool result;
} containments[] = {
    {"{\"a\": 1, \"b\": 2}", "{\"a\": 1}", true},
    {"{\"a\": 1}", "{\"a\": 1, \"b\": 2}", false},
    {"{\"a\": {\"b\": [1, 2]}}", "{\"a\": {\"b\": [2]}}", true},
    {"[1, 2, 3]", "[3, 1, 1]", true},
    {"[1, 2]", "[4]", false},
    {"[1, 2]", "1", true},
    {"[[1, 2], 3]", "[[1]]", true},
    {"[[1, 2], 3]", "[1]", false},
    {"{\"a\": [1]}", "{\"a\": 1}", false},
    {"1", "1.0", true},
    {"1", "[1]", false},
    {"[{\"a\": 1}, {\"b\": 2}]", "[{\"b\": 2}]", true},
    {"{}", "{}", true},
    {"[]", "[]", true},
    {"[]", "{}", false},
};

static void test_containment(void)
{
    for (size_t i = 0; i < ARRAY_LEN(containments); i++) {
        bool r = json_contains(json(containments[i].a), json(containments[i].b));
        if (r != containments[i].result)
            printf("  %s @> %s\n", containments[i].a, containments[i].b);
        CHECK(r == containments[i].result);
    }
}

// Splits "a,b" into path steps.
static size_t split(const char *text, struct str out[8])
{
    size_t n = 0;
    for (struct str s = str_of(text); s.len > 0;) {
        ptrdiff_t comma = str_find(s, STR(","), 0);
        size_t end = comma < 0 ? s.len : (size_t)comma;
        out[n++] = str_slice(s, 0, end);
        s = str_slice(s, MIN(end + 1, s.len), s.len);
    }
    return n;
}

static const struct {
    char op; // d delete path, k delete key, i delete index, s set, S set creating, b insert before, a insert after, |
             // concat
    const char *json, *path, *value, *result;
} edits[] = {
    {'k', "{\"a\": 1, \"b\": 2}", "a", NULL, "{\"b\": 2}"},
    {'k', "[\"a\", \"b\", 1]", "a", NULL, "[\"b\", 1]"},
    {'k', "1", "a", NULL, "22023 cannot delete from scalar"},
    {'i', "[1, 2, 3]", "-1", NULL, "[1, 2]"},
    {'i', "[1, 2, 3]", "7", NULL, "[1, 2, 3]"},
    {'i', "{}", "0", NULL, "22023 cannot delete from object using integer index"},
    {'d', "{\"a\": {\"b\": [1, 2]}}", "a,b,0", NULL, "{\"a\": {\"b\": [2]}}"},
    {'d', "{\"a\": 1}", "x,y", NULL, "{\"a\": 1}"},
    {'d', "[1]", "x", NULL, "22P02 path element at position 1 is not an integer: \"x\""},
    {'s', "{\"a\": 1}", "b", "2", "{\"a\": 1}"},
    {'S', "{\"a\": 1}", "b", "2", "{\"a\": 1, \"b\": 2}"},
    {'S', "{\"a\": [1, 2]}", "a,1", "{\"x\": 1}", "{\"a\": [1, {\"x\": 1}]}"},
    {'S', "[1, 2]", "9", "3", "[1, 2, 3]"},
    {'S', "[1, 2]", "-9", "0", "[0, 1, 2]"},
    {'s', "[1, 2]", "9", "3", "[1, 2]"},
    {'S', "5", "a", "1", "22023 cannot set path in scalar"},
    {'b', "[1, 2]", "1", "9", "[1, 9, 2]"},
    {'a', "[1, 2]", "1", "9", "[1, 2, 9]"},
    {'b', "{\"a\": 1}", "b", "9", "{\"a\": 1, \"b\": 9}"},
    {'b', "{\"a\": 1}", "a", "9", "22023 cannot replace existing key"},
    {'|', "{\"a\": 1, \"c\": 0}", NULL, "{\"a\": 2, \"b\": 3}", "{\"a\": 2, \"b\": 3, \"c\": 0}"},
    {'|', "[1]", NULL, "[2, 3]", "[1, 2, 3]"},
    {'|', "[1]", NULL, "2", "[1, 2]"},
    {'|', "1", NULL, "2", "[1, 2]"},
    {'|', "{\"a\": 1}", NULL, "[2]", "[{\"a\": 1}, 2]"},
    {'|', "{\"a\": 1}", NULL, "2", "22023 invalid concatenation of jsonb objects"},
};

static int run_edit(size_t i, struct str *out, struct err *err)
{
    struct str path[8], j = json(edits[i].json), value = edits[i].value != NULL ? json(edits[i].value) : STR_EMPTY;
    size_t n = edits[i].path != NULL ? split(edits[i].path, path) : 0;
    int64_t index = 0;
    switch (edits[i].op) {
    case 'k':
        return json_delete_key(&arena, j, path[0], out, err);
    case 'i':
        CHECK(str_to_i64(path[0], &index));
        return json_delete_index(&arena, j, index, out, err);
    case 'd':
        return json_delete_path(&arena, j, path, n, out, err);
    case 's':
    case 'S':
        return json_set_path(&arena, j, path, n, value, edits[i].op == 'S', out, err);
    case 'a':
    case 'b':
        return json_insert_path(&arena, j, path, n, value, edits[i].op == 'a', out, err);
    default:
        return json_concat(&arena, j, value, out, err);
    }
}

static void test_edits(void)
{
    for (size_t i = 0; i < ARRAY_LEN(edits); i++) {
        struct err err = ERR_INIT;
        struct str out;
        if (run_edit(i, &out, &err) == 0)
            CHECK_STR(shown(out), edits[i].result);
        else
            CHECK_STR(error_of(&err), edits[i].result);
    }
    struct str out;
    CHECK_INT(json_strip_nulls(&arena, json("{\"a\": null, \"b\": [null, {\"c\": null}]}"), &out, NULL), 0);
    CHECK_STR(shown(out), "{\"b\": [null, {}]}");
}

static void test_building(void)
{
    struct json_builder b;
    json_builder_init(&b);
    json_begin_object(&b);
    json_key(&b, STR("z"));
    json_begin_array(&b);
    json_add_null(&b);
    json_add_bool(&b, true);
    json_add_i64(&b, -7);
    json_add_double(&b, 0.5);
    json_end(&b);
    json_key(&b, STR("a"));
    json_add_string(&b, STR("x"));
    json_key(&b, STR("z"));
    json_begin_object(&b);
    json_end(&b);
    json_key(&b, STR("m"));
    json_add_value(&b, json("[1, [2]]"));
    json_end(&b);
    struct str out;
    CHECK_INT(json_builder_finish(&b, &arena, &out, NULL), 0);
    CHECK_STR(shown(out), "{\"a\": \"x\", \"m\": [1, [2]], \"z\": {}}");

    struct tuple_field fields[] = {{T_INT8, STR("id"), datum_int(1)},
                                   {T_TIMESTAMPTZ, STR_EMPTY, datum_int(1600000000123456)},
                                   {T_DECIMAL, STR_EMPTY, datum_of(T_DECIMAL, "NaN")},
                                   {type_array_of(T_STRING), STR_EMPTY, datum_of(type_of("text[]"), "{a,NULL}")}};
    json_builder_init(&b);
    CHECK_INT(json_add_datum(&b, T_RECORD, datum_str(tuple_build(&arena, T_RECORD, fields, 4)), &context, NULL), 0);
    CHECK_INT(json_builder_finish(&b, &arena, &out, NULL), 0);
    CHECK_STR(shown(out),
              "{\"f2\": \"2020-09-13T12:26:40.123456Z\", \"f3\": \"NaN\", \"f4\": [\"a\", null], \"id\": 1}");
}

static void test_depth(void)
{
    struct buf b = BUF_INIT;
    buf_fill(&b, '[', JSON_DEPTH_MAX);
    buf_fill(&b, ']', JSON_DEPTH_MAX);
    struct str out;
    CHECK_INT(json_parse(&arena, buf_view(&b), &out, NULL), 0);
    struct json_builder builder; // one level more, by building on it
    json_builder_init(&builder);
    json_begin_array(&builder);
    json_add_value(&builder, out);
    json_end(&builder);
    CHECK_INT(json_builder_finish(&builder, &arena, &out, NULL), ERR_STATEMENT_TOO_COMPLEX);
    buf_clear(&b);
    buf_fill(&b, '[', 100000);
    CHECK_INT(json_parse(&arena, buf_view(&b), &out, NULL), ERR_STATEMENT_TOO_COMPLEX);
    buf_release(&b);
}

// A random document as text, printed canonically.
static void random_text(struct rng *rng, struct buf *b, int depth)
{
    switch (rng_below(rng, depth > 3 ? 4 : 6)) {
    case 0:
        buf_cstr(b, rng_below(rng, 2) ? "null" : "true");
        break;
    case 1:
        buf_printf(b, "%d", (int)rng_below(rng, 2000) - 1000);
        break;
    case 2:
        buf_printf(b, "%d.%02d", (int)rng_below(rng, 100), (int)rng_below(rng, 100));
        break;
    case 3:
        buf_printf(b, "\"s%d\\n\"", (int)rng_below(rng, 100));
        break;
    case 4:
        buf_putc(b, '[');
        for (uint64_t i = 0, n = rng_below(rng, 5); i < n; i++) {
            buf_cstr(b, i > 0 ? ", " : "");
            random_text(rng, b, depth + 1);
        }
        buf_putc(b, ']');
        break;
    default:
        buf_putc(b, '{');
        for (uint64_t i = 0, n = rng_below(rng, 5); i < n; i++) {
            buf_printf(b, "%s\"k%d\": ", i > 0 ? ", " : "", (int)i);
            random_text(rng, b, depth + 1);
        }
        buf_putc(b, '}');
    }
}

static void test_random_round_trips(void)
{
    struct rng rng;
    rng_seed(&rng, 9);
    struct str previous = json("null");
    for (int i = 0; i < 5000; i++) {
        struct buf b = BUF_INIT;
        random_text(&rng, &b, 0);
        struct str j = json(buf_c(&b));
        CHECK(str_eq(shown(j), buf_view(&b)));
        CHECK(json_contains(j, j));
        CHECK_INT(json_compare(j, j), 0);
        CHECK_INT(json_compare(j, previous), -json_compare(previous, j));
        previous = j;
        buf_release(&b);
    }
}

#define RUN(name)                 \
    static void run_##name(void)  \
    {                             \
        arena_init(&arena, NULL); \
        test_##name();            \
        arena_release(&arena);    \
    }
RUN(access)
RUN(containment)
RUN(edits)
RUN(building)
RUN(depth)
RUN(random_round_trips)

CHECK_MAIN({"access", run_access}, {"containment", run_containment}, {"edits", run_edits}, {"building", run_building},
           {"depth", run_depth}, {"random_round_trips", run_random_round_trips})
