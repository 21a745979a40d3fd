// Counting all rows of a table: its row counter, which is exact, instead of a scan.
#include "sql/optimize/optimize_int.h"

static bool counts_rows(const struct optimizer *o, const struct expr *e)
{
    if (e->filter != NULL)
        return false;
    if (strcmp(e->fn->name, "count_rows") == 0)
        return true;
    if (strcmp(e->fn->name, "count") != 0 || e->n_args != 1 || e->aggregate_distinct)
        return false;
    const struct expr *counted = e->args[0];
    return (counted->kind == EXPR_CONST && !counted->value.null) ||
           (counted->kind == EXPR_COLUMN && query_column(o->q, counted->column)->not_null);
}

// Tables of the system database have no counters. Who says how a table is to be read means it.
static bool has_counter(const struct optimizer *o, const struct rel *r)
{
    static const struct scan_hints none;
    return r->kind == REL_SCAN && r->scan.table->kind == CAT_TABLE && r->scan.table->id >= CAT_ID_FIRST_USER &&
           r->scan.lock == LOCK_NONE && r->scan.as_of == 0 && memcmp(&r->scan.hints, &none, sizeof(none)) == 0 &&
           !o->options->avoid_full_scans;
}

struct plan *count_by_counter(struct optimizer *o, const struct rel *r)
{
    if (!rule_on(o, OPTIMIZE_RULE_COUNT_BY_COUNTER) || r->group.n_keys > 0 || r->group.n_aggregates == 0 ||
        !has_counter(o, r->input))
        return NULL;
    col_id *cols = ARENA_ARRAY(o->arena, col_id, r->group.n_aggregates);
    for (uint32_t i = 0; i < r->group.n_aggregates; i++) {
        if (!counts_rows(o, r->group.aggregates[i].expr))
            return NULL;
        cols[i] = r->group.aggregates[i].column;
    }
    struct plan *p = ARENA_NEW(o->arena, struct plan);
    *p = (struct plan){.kind = PLAN_COUNTER,
                       .cols = cols,
                       .n_cols = r->group.n_aggregates,
                       .rows = 1,
                       .cost = 1,
                       .number = o->next_number++};
    p->counter.table = r->input->scan.table;
    return p;
}
