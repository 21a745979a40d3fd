// Bodies of functions from arbitrary bytes: the parser neither crashes nor reads outside, and the tree it makes is
// sound.
#include "fuzz.h"
#include "base/util.h"
#include "sql/plpgsql/plpgsql.h"

const struct str fuzz_seeds[] = {
    STR("DECLARE a CONSTANT int := 1; b t.c%TYPE NOT NULL = 2; r t%ROWTYPE; x RECORD; c CURSOR (lo int) FOR SELECT lo; "
        "BEGIN a := b + $1; x.f[2].g := 'y'; SELECT 1, 2 INTO STRICT b, x FROM t; RETURN a; END"),
    STR("<<o>> BEGIN IF a THEN NULL; ELSIF b THEN NULL; ELSE NULL; END IF; CASE a WHEN 1, 2 THEN NULL; ELSE NULL; END "
        "CASE; "
        "CASE WHEN a > 1 THEN EXIT o WHEN b; END CASE; END o"),
    STR("BEGIN <<l>> FOR i IN REVERSE 10..1 BY 2 LOOP CONTINUE l WHEN i = 3; END LOOP l; FOR a, b IN SELECT 1, 2 LOOP "
        "EXIT; END "
        "LOOP; FOR a IN EXECUTE 'x' USING 1, 2 LOOP NULL; END LOOP; WHILE true LOOP NULL; END LOOP; FOREACH a SLICE 1 "
        "IN "
        "ARRAY b LOOP NULL; END LOOP; END;"),
    STR("BEGIN RAISE NOTICE '% %%', a USING DETAIL = 'x', ERRCODE = '22012'; RAISE unique_violation; RAISE SQLSTATE "
        "'22012'; ASSERT a, 'm'; EXCEPTION WHEN division_by_zero OR SQLSTATE '23505' THEN RAISE; GET STACKED "
        "DIAGNOSTICS a = "
        "MESSAGE_TEXT; WHEN OTHERS THEN a := SQLERRM; END"),
    STR("DECLARE c refcursor; BEGIN OPEN c FOR EXECUTE 'a' || b USING 1; FETCH NEXT FROM c INTO a, b; MOVE FORWARD 3 "
        "FROM c; "
        "FETCH ABSOLUTE a + 1 FROM c INTO b; CLOSE c; OPEN c NO SCROLL FOR SELECT 1; EXECUTE 'x' INTO a USING b; "
        "PERFORM f(1); "
        "CALL p(a, b); DO 'x'; COMMIT AND CHAIN; GET DIAGNOSTICS a = ROW_COUNT; END"),
    STR("#variable_conflict use_column\nBEGIN DECLARE z ALIAS FOR $1; BEGIN INSERT INTO t VALUES (z) RETURNING a INTO "
        "b; END; "
        "RETURN QUERY SELECT 1; RETURN NEXT a; END"),
};
const size_t fuzz_seeds_len = ARRAY_LEN(fuzz_seeds);

static void check_names(const struct pl_function *f, const struct pl_name *n)
{
    for (; n != NULL; n = n->outer)
        INVARIANT(n->is_label || n->variable < f->n_variables);
}

static void check_function(const struct pl_function *f)
{
    for (size_t i = 0; i < f->n_sql; i++) {
        INVARIANT(f->sql[i]->number == i && f->sql[i]->ast != NULL && f->sql[i]->line > 0);
        check_names(f, f->sql[i]->names);
    }
    for (size_t i = 0; i < f->n_variables; i++)
        for (size_t k = 0; k < f->variables[i].n_cursor_arguments; k++)
            INVARIANT(f->variables[i].cursor_arguments[k] < f->n_variables);
    INVARIANT(f->block->kind == PL_BLOCK);
}

static void parse(struct str text, bool set)
{
    static const struct str given[] = {STR("a"), STR("b"), STR("found")};
    struct parse_options options = {.default_int_size = 4};
    struct pl_input in = {.body = text,
                          .name = STR("f"),
                          .given = given,
                          .n_given = ARRAY_LEN(given),
                          .n_parameters = 2,
                          .returns_set = set,
                          .options = &options};
    struct arena a;
    struct pl_function f;
    struct err err = ERR_INIT;
    arena_init(&a, NULL);
    if (pl_parse(&a, &in, &f, &err) == 0)
        check_function(&f);
    else
        INVARIANT(err.code != 0);
    err_reset(&err);
    arena_release(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};
    parse(text, false);
    parse(text, true);
    return 0;
}
