#include "base/arena.h"
#include "base/buf.h"
#include "base/budget.h"
#include "base/err.h"
#include "base/map.h"
#include "base/util.h"
#include "check.h"

static void test_arena(void)
{
    struct budget budget;
    budget_init(&budget, "statement", 10000, NULL);
    struct arena a;
    arena_init(&a, &budget);
    CHECK_STR(arena_printf(&a, "%d-%s", 7, "x"), "7-x");
    struct arena_mark mark = arena_mark(&a);
    for (int i = 0; i < 1000; i++)
        memset(arena_alloc(&a, 100), i, 100);
    struct err err = ERR_INIT;
    CHECK_INT(budget_check(&budget, &err), ERR_OUT_OF_MEMORY);
    err_reset(&err);
    arena_rewind(&a, mark);
    arena_release(&a);
    CHECK_INT(budget.used_bytes, 0);
}

static void test_budget_chain(void)
{
    struct budget process, stmt;
    budget_init(&process, "process", 100, NULL);
    budget_init(&stmt, "statement", 1000, &process);
    struct err err = ERR_INIT;
    CHECK_INT(budget_charge(&stmt, 80, &err), 0);
    CHECK_INT(budget_charge(&stmt, 80, &err), ERR_OUT_OF_MEMORY);
    CHECK_INT(stmt.used_bytes, 80);
    CHECK_INT(process.used_bytes, 80);
    budget_release(&stmt, 80);
    CHECK_INT(process.used_bytes, 0);
    budget_init(&stmt, "statement", SIZE_MAX, &process);
    budget_charge_forced(&stmt, 200); // over the limit of the process, but little
    CHECK_INT(budget_check(&stmt, &err), 0);
    budget_charge_forced(&stmt, BUDGET_SMALL_BYTES); // this statement fails, not the next
    CHECK_INT(budget_check(&stmt, &err), ERR_OUT_OF_MEMORY);
    err_reset(&err);
    budget_release(&stmt, 200 + BUDGET_SMALL_BYTES);
    budget_forgive(&stmt); // the account's next piece of work
    CHECK_INT(budget_check(&stmt, &err), 0);
    struct budget other;
    budget_init(&other, "statement", 1000, &process);
    CHECK_INT(budget_check(&other, &err), 0);
    err_reset(&err);
}

static void test_err(void)
{
    struct err err = ERR_INIT;
    CHECK_INT(err_set(&err, ERR_UNIQUE_VIOLATION, "dup %d", 3), ERR_UNIQUE_VIOLATION);
    char state[6];
    err_sqlstate(err.code, state);
    CHECK_STR(str_of(state), "23505");
    CHECK_INT(err_code_of(STR("XXUUU")), ERR_UNCATEGORIZED);
    err_wrap(&err, "in %s", "here");
    CHECK_STR(str_of(err.message), "in here: dup 3");
    err_reset(&err);
    err_set(NULL, ERR_DIVISION_BY_ZERO, "nobody asks");
    CHECK_INT(err_at(NULL, 3), ERR_DIVISION_BY_ZERO);
}

static void test_map(void)
{
    struct map m = MAP_INIT;
    char key[16];
    for (intptr_t i = 1; i < 5000; i++) {
        snprintf(key, sizeof(key), "k%" PRIdPTR, i);
        CHECK(map_put(&m, str_of(key), (void *)i) == NULL);
    }
    for (intptr_t i = 1; i < 5000; i += 2) {
        snprintf(key, sizeof(key), "k%" PRIdPTR, i);
        CHECK(map_remove(&m, str_of(key)) == (void *)i);
    }
    CHECK_INT(m.len, 2499);
    CHECK(map_get(&m, STR("k1")) == NULL);
    CHECK(map_get(&m, STR("k2")) == (void *)2);
    map_release(&m);
}

static void test_encodings(void)
{
    struct buf b = BUF_INIT;
    base64_encode(&b, STR("hello"));
    CHECK_STR(buf_view(&b), "aGVsbG8=");
    struct buf back = BUF_INIT;
    CHECK(base64_decode(&back, buf_view(&b)));
    CHECK_STR(buf_view(&back), "hello");
    CHECK(!base64_decode(&back, STR("a*==")));
    buf_release(&b);
    buf_release(&back);
    CHECK_INT(crc32c(0, "123456789", 9), 0xE3069283u);
    CHECK(utf8_valid(STR("h\xc3\xa9")));
    CHECK(!utf8_valid(STR("\xc0\x80")));
    CHECK(!utf8_valid(STR("\xed\xa0\x80")));
    int64_t v;
    CHECK(str_to_i64(STR("-9223372036854775808"), &v) && v == INT64_MIN);
    CHECK(!str_to_i64(STR("9223372036854775808"), &v));
}

CHECK_MAIN({"arena", test_arena}, {"budget_chain", test_budget_chain}, {"err", test_err}, {"map", test_map},
           {"encodings", test_encodings})
