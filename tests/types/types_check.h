// Shared by the tests of src/types: types by spelling, values by text.
#ifndef TESTS_TYPES_CHECK_H
#define TESTS_TYPES_CHECK_H

#include "tests/unit/check.h"
#include "types/convert.h"
#include "types/datetime.h"
#include "types/decimal.h"
#include "types/types.h"

static struct arena arena;
static const struct value_context context = {.txn_now_micros = 1600000000123456}; // 2020-09-13 12:26:40.123456 UTC

// "int4", "varchar(3)", "decimal(10,2)", "text[]".
static UNUSED struct type type_of(const char *spelling)
{
    struct str s = str_of(spelling);
    struct type t = T_UNKNOWN;
    bool array = s.len > 2 && s.ptr[s.len - 1] == ']';
    s.len -= array ? 2 : 0;
    ptrdiff_t open = str_find(s, STR("("), 0);
    CHECK(type_from_name(open < 0 ? s : str_slice(s, 0, (size_t)open), &t));
    int a = 0, b = 0;
    if (open >= 0 && sscanf(s.ptr + open, "(%d,%d)", &a, &b) >= 1) {
        t.width = a;
        t.scale = (int16_t)b;
    }
    return array ? type_array_of(t) : t;
}

static UNUSED struct str text_of(struct type t, struct datum d)
{
    struct buf b = BUF_INIT;
    if (d.null)
        buf_cstr(&b, "NULL");
    else
        datum_print(&b, t, d, &context);
    struct str s = arena_str(&arena, buf_view(&b));
    buf_release(&b);
    return s;
}

static UNUSED struct datum datum_of(struct type t, const char *text)
{
    struct datum d = DATUM_NULL;
    struct err err = ERR_INIT;
    if (datum_parse(&arena, t, str_of(text), &context, &d, &err) != 0) {
        printf("  %s: %s\n", text, err.message);
        CHECK(!"parses");
    }
    err_reset(&err);
    return d;
}

// "22P02 could not …" of an error record, which it resets.
static UNUSED struct str error_of(struct err *err)
{
    char state[6] = "00000";
    err_sqlstate(err->code, state);
    struct str s = arena_printf(&arena, "%s %s", state, err->message != NULL ? err->message : "");
    err_reset(err);
    return s;
}

static UNUSED struct decimal dec(const char *text)
{
    struct decimal d = DECIMAL_ZERO;
    bool out_of_range;
    CHECK(decimal_parse(&arena, str_of(text), &d, &out_of_range));
    return d;
}

static UNUSED struct str dec_text(const struct decimal *d)
{
    struct buf b = BUF_INIT;
    decimal_print(&b, d);
    struct str s = arena_str(&arena, buf_view(&b));
    buf_release(&b);
    return s;
}

#endif
