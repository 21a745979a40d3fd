// The optimizer's entry point: normalize, prune, order joins, plan; for the statement, its CTEs and its subqueries.
#include "sql/optimize/optimize_int.h"

static const char *const rule_names[] = {
#define RULE(NAME, function, description) #NAME,
#include "sql/optimize/rules.def"
#undef RULE
};

const char *optimize_rule_name(enum optimize_rule rule)
{
    return rule_names[rule];
}

// ---- subqueries of expressions: each is planned once, found again by its relation

struct subquery_list {
    struct optimizer *o;
    ARENA_VEC(struct rel *) rels;
};

static void collect_expr(struct subquery_list *l, const struct expr *e);
static void collect_rel(struct subquery_list *l, const struct rel *r);

static void collect_list(struct subquery_list *l, struct expr *const *items, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        if (items[i] != NULL)
            collect_expr(l, items[i]);
    }
}

static void collect_expr(struct subquery_list *l, const struct expr *e)
{
    if (e->subquery != NULL) {
        for (size_t i = 0; i < l->rels.len; i++) {
            if (l->rels.ptr[i] == e->subquery)
                return;
        }
        ARENA_PUSH(l->o->arena, &l->rels, e->subquery);
    }
    collect_list(l, e->args, e->n_args);
    if (e->filter != NULL)
        collect_expr(l, e->filter);
    for (uint32_t i = 0; i < e->n_order; i++)
        collect_expr(l, e->order[i].expr);
    collect_list(l, e->partition, e->n_partition);
}

static void collect_items(struct subquery_list *l, const struct projection *items, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        collect_expr(l, items[i].expr);
}

static void collect_mutation(struct subquery_list *l, const struct mutation *m)
{
    collect_list(l, m->checks, m->n_checks);
    collect_items(l, m->set, m->n_set);
    if (m->set_where != NULL)
        collect_expr(l, m->set_where);
}

static void collect_frame(struct subquery_list *l, const struct window_frame *frame)
{
    if (frame != NULL && frame->start_offset != NULL)
        collect_expr(l, frame->start_offset);
    if (frame != NULL && frame->end_offset != NULL)
        collect_expr(l, frame->end_offset);
}

static void collect_rel(struct subquery_list *l, const struct rel *r)
{
    if (r == NULL)
        return;
    collect_rel(l, r->input);
    collect_rel(l, r->right);
    switch (r->kind) {
    case REL_VALUES:
        for (uint32_t i = 0; i < r->values.n_rows; i++)
            collect_list(l, r->values.rows[i], r->n_cols);
        break;
    case REL_FILTER:
        collect_expr(l, r->predicate);
        break;
    case REL_PROJECT:
        collect_items(l, r->project.items, r->project.n_items);
        break;
    case REL_JOIN:
        if (r->join.on != NULL)
            collect_expr(l, r->join.on);
        break;
    case REL_GROUP:
        collect_items(l, r->group.aggregates, r->group.n_aggregates);
        break;
    case REL_WINDOW:
        collect_items(l, r->window.functions, r->window.n_functions);
        for (uint32_t i = 0; i < r->window.n_functions; i++)
            collect_frame(l, r->window.functions[i].expr->frame);
        break;
    case REL_SRF:
        collect_list(l, r->srf.calls, r->srf.n_calls);
        break;
    case REL_LIMIT:
        if (r->limit.count != NULL)
            collect_expr(l, r->limit.count);
        if (r->limit.offset != NULL)
            collect_expr(l, r->limit.offset);
        break;
    case REL_INSERT:
    case REL_UPDATE:
    case REL_DELETE:
        collect_mutation(l, r->mutation);
        break;
    default:
        break;
    }
}

// ---- one relation from tree to plan

static struct rel *prepare(struct optimizer *o, struct rel *r)
{
    r = normalize(o, r);
    use_computed(o, r);
    if (rule_on(o, OPTIMIZE_RULE_PRUNE_COLUMNS)) {
        struct col_set needed = col_set_new(o->arena, o->q);
        col_set_add_list(&needed, r->cols, r->n_cols);
        prune(o, r, &needed);
    }
    return reorder(o, pull_up(o, r));
}

static bool is_correlated(struct optimizer *o, const struct rel *r)
{
    struct col_set free = col_set_new(o->arena, o->q);
    rel_outer_columns(o->q, r, &free);
    for (uint32_t i = 0; i < free.n_words; i++) {
        if (free.words[i] != 0)
            return true;
    }
    return false;
}

bool subqueries_are_constant(struct optimizer *o, const struct expr *e)
{
    if (e->subquery != NULL && (e->kind != EXPR_SUBQUERY || is_correlated(o, e->subquery)))
        return false;
    for (uint32_t i = 0; i < e->n_args; i++) {
        if (e->args[i] != NULL && !subqueries_are_constant(o, e->args[i]))
            return false;
    }
    return true;
}

// Same columns in the same order as the relation had, whatever the plan made of them.
static struct plan *plan_exactly(struct optimizer *o, struct rel *r, const col_id *cols, uint32_t n_cols)
{
    struct plan *p = plan_rel(o, r, NULL, 0, 0);
    if (p->n_cols == n_cols && (n_cols == 0 || memcmp(p->cols, cols, n_cols * sizeof(*cols)) == 0))
        return p;
    struct plan *narrow = ARENA_NEW(o->arena, struct plan);
    *narrow = (struct plan){.kind = PLAN_PROJECT,
                            .input = p,
                            .cols = cols,
                            .n_cols = n_cols,
                            .rows = p->rows,
                            .cost = p->cost,
                            .number = o->next_number++};
    return narrow;
}

static void plan_subqueries(struct optimizer *o, struct subquery_list *l)
{
    struct statement_plan *sp = o->plan;
    for (size_t i = 0; i < l->rels.len; i++) { // the list grows by subqueries of subqueries
        struct rel *original = l->rels.ptr[i];
        const col_id *cols = original->cols;
        uint32_t n_cols = original->n_cols;
        bool correlated = is_correlated(o, original);
        struct rel *r = prepare(o, original);
        collect_rel(l, r);
        struct subquery_plan *grown = ARENA_ARRAY(o->arena, struct subquery_plan, sp->n_subqueries + 1);
        if (sp->n_subqueries > 0)
            memcpy(grown, sp->subqueries, sp->n_subqueries * sizeof(*grown));
        grown[sp->n_subqueries] = (struct subquery_plan){original, plan_exactly(o, r, cols, n_cols), correlated};
        sp->subqueries = grown;
        sp->n_subqueries++;
    }
}

static void plan_ctes(struct optimizer *o, struct subquery_list *l)
{
    struct query *q = o->q;
    o->plan->n_ctes = q->n_ctes;
    o->plan->ctes = ARENA_ARRAY(o->arena, struct cte_plan, q->n_ctes);
    for (uint32_t i = 0; i < q->n_ctes; i++) {
        struct cte *c = q->ctes[i];
        struct cte_plan *cp = &o->plan->ctes[i];
        cp->name = c->name;
        cp->has_mutation = c->has_mutation;
        cp->recursive = c->recursive;
        cp->inlined = rule_on(o, OPTIMIZE_RULE_INLINE_CTE) && c->uses == 1 && !c->materialized && !c->has_mutation &&
                      !c->recursive;
    }
    for (uint32_t i = 0; i < q->n_ctes; i++) {
        struct cte *c = q->ctes[i];
        if (o->plan->ctes[i].inlined)
            continue;
        const col_id *cols = c->rel->cols;
        uint32_t n_cols = c->rel->n_cols;
        if (c->recursive) { // start and step keep all columns: they correspond by position
            c->rel->input = prepare(o, c->rel->input);
            c->rel->right = prepare(o, c->rel->right);
        } else {
            c->rel = prepare(o, c->rel);
        }
        collect_rel(l, c->rel);
        c->rel->cols = cols;
        c->rel->n_cols = n_cols;
        o->plan->ctes[i].plan = plan_exactly(o, c->rel, cols, n_cols);
        o->plan->ctes[i].cols = cols;
    }
}

struct statement_plan *optimize(struct query *q, const struct optimize_options *options)
{
    struct optimizer o = {
        .q = q, .arena = q->arena, .options = options, .plan = ARENA_NEW(q->arena, struct statement_plan)};
    o.plan->query = q;
    o.fixed = col_set_new(q->arena, q);
    rng_seed(&o.rng, options->cost_seed);
    struct subquery_list l = {.o = &o};
    plan_ctes(&o, &l);
    struct rel *root = prepare(&o, q->root);
    collect_rel(&l, root);
    o.plan->root = plan_rel(&o, root, NULL, 0, 0);
    plan_subqueries(&o, &l);
    o.plan->n_nodes = o.next_number;
    find_full_scans(o.plan);
    return o.plan;
}
