// Everything kv.h promises, on every engine. `conformance_test [CASE [ENGINE]]` runs the cases whose name contains
// CASE.
#include "kvtest.h"

#include <stdlib.h>

static int passed, failed, skipped;

static void run_case(const struct kv_case *c, const struct engine *engine)
{
    struct store s;
    int before = kvtest_failures();
    if (c->no_model && strcmp(engine->name, "model") == 0) {
        skipped++;
        printf("skip %s/%s: the reference engine does not claim it\n", engine->name, c->name);
        return;
    }
    store_open(&s, engine);
    c->run(&s);
    store_close(&s);
    bool ok = kvtest_failures() == before;
    passed += ok;
    failed += !ok;
    if (!ok)
        printf("FAIL %s/%s\n", engine->name, c->name);
    fflush(stdout);
}

static void run_cases(const struct kv_case *cases, size_t n, const char *name, const char *engine)
{
    for (size_t e = 0; e < engines_count; e++) {
        if (engine != NULL && strcmp(engines[e].name, engine) != 0)
            continue;
        for (size_t i = 0; i < n; i++)
            if (name == NULL || strstr(cases[i].name, name) != NULL)
                run_case(&cases[i], &engines[e]);
    }
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : NULL, *engine = argc > 2 ? argv[2] : NULL;
    run_cases(read_cases, read_cases_count, name, engine);
    run_cases(conflict_cases, conflict_cases_count, name, engine);
    run_cases(lock_cases, lock_cases_count, name, engine);
    run_cases(store_cases, store_cases_count, name, engine);
    printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped);
    return failed != 0;
}
