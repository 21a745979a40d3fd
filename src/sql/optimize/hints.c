// Hints: what a finished plan has made of them. They are followed where ways are weighed (access.c, physical.c,
// joins.c): what a hint rules out costs so much that it is taken only where there is nothing else, and then the
// statement ends here.
#include "sql/optimize/optimize_int.h"

// Whether a scan reads a whole index, its predicate aside; a limit that ends it by itself bounds it.
static bool reads_all(const struct scan_plan *s)
{
    return s->full && (s->limit == 0 || s->filter != NULL);
}

static void full_scans_below(struct statement_plan *sp, const struct plan *p)
{
    if (p == NULL)
        return;
    if (p->kind == PLAN_SCAN && reads_all(&p->scan) && p->scan.index->predicate_sql.len == 0) {
        sp->full_scan = true;
        sp->full_scan_rows = p->scan.rows > sp->full_scan_rows ? p->scan.rows : sp->full_scan_rows;
    }
    full_scans_below(sp, p->input);
    full_scans_below(sp, p->right);
}

void find_full_scans(struct statement_plan *sp)
{
    full_scans_below(sp, sp->root);
    for (uint32_t i = 0; i < sp->n_ctes; i++)
        full_scans_below(sp, sp->ctes[i].plan);
    for (uint32_t i = 0; i < sp->n_subqueries; i++)
        full_scans_below(sp, sp->subqueries[i].plan);
}

static int no_such_plan(const char *hint, struct err *err)
{
    return err_set(err, ERR_UNCATEGORIZED, "could not produce a query plan conforming to the %s hint", hint);
}

static int index_unusable(const struct cat_index *index, struct err *err)
{
    bool inverted = index->kind == CAT_INDEX_INVERTED, partial = index->predicate_sql.len > 0;
    const char *why = inverted && partial ? "is a partial inverted index and cannot be used for this query"
                      : inverted          ? "is inverted and cannot be used for this query"
                      : partial ? "is a partial index that does not contain all the rows needed to execute this query"
                                : "cannot be used for this query";
    return err_set(err, ERR_WRONG_OBJECT_TYPE, "index \"%.*s\" %s", STR_FMT(index->name), why);
}

static int scan_conforms(const struct scan_plan *s, struct err *err)
{
    const struct scan_hints *hints = s->hints;
    if (hints == NULL)
        return 0;
    if (hints->force_zigzag)
        return no_such_plan("FORCE_ZIGZAG", err);
    if (hints->no_full_scan && reads_all(s) && (s->index->predicate_sql.len == 0 || hints->index != NULL))
        return no_such_plan("NO_FULL_SCAN", err);
    if (hints->force_inverted && s->constraint.inverted == NULL)
        return no_such_plan("FORCE_INVERTED_INDEX", err);
    return hints->index != NULL && hints->index->id != s->index->id ? index_unusable(hints->index, err) : 0;
}

// A hash join is what becomes of a join whose hint cannot be followed; a full one is never merged.
static int join_conforms(const struct plan *p, struct err *err)
{
    static const char *const names[] = {
        [JOIN_HINT_MERGE] = "MERGE JOIN", [JOIN_HINT_LOOKUP] = "LOOKUP JOIN", [JOIN_HINT_INVERTED] = "INVERTED JOIN"};
    bool hash = p->kind == PLAN_HASH_JOIN || (p->kind == PLAN_NESTED_JOIN && !p->join.correlated);
    bool free = p->join.hint == JOIN_HINT_NONE || p->join.hint == JOIN_HINT_HASH || p->join.hint == JOIN_HINT_STRAIGHT;
    bool merged = p->join.hint == JOIN_HINT_MERGE && p->join.kind == JOIN_FULL && p->join.n_keys > 0;
    return hash && !free && !merged ? no_such_plan(names[p->join.hint], err) : 0;
}

static int conforms(const struct plan *p, struct err *err)
{
    if (p == NULL)
        return 0;
    TRY(conforms(p->input, err));
    TRY(conforms(p->right, err));
    switch (p->kind) {
    case PLAN_SCAN:
        return scan_conforms(&p->scan, err);
    case PLAN_LOOKUP_JOIN:
        return scan_conforms(&p->join.lookup, err);
    case PLAN_HASH_JOIN:
    case PLAN_NESTED_JOIN:
        return join_conforms(p, err);
    default:
        return 0;
    }
}

int plan_conforms(const struct statement_plan *sp, struct err *err)
{
    TRY(conforms(sp->root, err));
    for (uint32_t i = 0; i < sp->n_ctes; i++)
        TRY(conforms(sp->ctes[i].plan, err));
    for (uint32_t i = 0; i < sp->n_subqueries; i++)
        TRY(conforms(sp->subqueries[i].plan, err));
    return 0;
}
