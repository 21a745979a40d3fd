// Foreign keys and constraint triggers that wait for the end of the transaction: which they are, keys and rows that
// wait.
#include "sql/execute/mutate_int.h"

struct deferred_check {
    struct deferred_check *next;
    uint32_t origin_table_id, table_id; // of the foreign key; of the row written
    struct str name;                    // of the foreign key
    struct datum *values;
    bool of_referenced, update;
};

struct deferred_event {
    struct deferred_event *next;
    uint32_t table_id, trigger_id, event;
    const struct datum *old_row, *new_row;
    uint64_t fired; // 0: waits
};

struct deferred_mode {
    struct deferred_mode *next;
    uint32_t table_id; // CAT_ID_NONE: of all deferrable constraints
    struct str name;
    bool deferred;
};

void deferred_init(struct deferred_checks *d, struct budget *budget)
{
    *d = (struct deferred_checks){0};
    arena_init(&d->arena, budget);
}

void deferred_clear(struct deferred_checks *d)
{
    deferred_clear_checks(d);
    d->modes = NULL;
    arena_release(&d->arena);
}

void deferred_clear_checks(struct deferred_checks *d)
{
    d->checks = NULL;
    d->tail = NULL;
    d->events = NULL;
    d->n_events = d->n_waiting = 0;
}

void deferred_set_mode(struct deferred_checks *d, uint32_t table_id, struct str name, bool deferred)
{
    struct deferred_mode *mode = ARENA_NEW(&d->arena, struct deferred_mode);
    *mode = (struct deferred_mode){
        .next = d->modes, .table_id = table_id, .name = arena_str(&d->arena, name), .deferred = deferred};
    d->modes = mode;
}

static bool is_deferred(const struct deferred_checks *d, uint32_t table_id, struct str name, bool initially)
{
    for (const struct deferred_mode *m = d->modes; m != NULL; m = m->next) {
        if (m->table_id == CAT_ID_NONE || (m->table_id == table_id && str_eq(m->name, name)))
            return m->deferred;
    }
    return initially;
}

bool deferred_is(const struct deferred_checks *d, const struct cat_foreign_key *fk)
{
    return fk->deferrable && is_deferred(d, fk->origin_table_id, fk->name, fk->deferred);
}

bool deferred_is_trigger(const struct deferred_checks *d, const struct cat_table *t, const struct cat_trigger *g)
{
    return g->deferrable && is_deferred(d, t->id, g->name, g->deferred);
}

// ---- rows of triggers

static const struct datum *copy_row(struct arena *a, const struct cat_table *t, const struct datum *row)
{
    if (row == NULL)
        return NULL;
    struct datum *copy = ARENA_ARRAY(a, struct datum, t->n_columns);
    for (size_t i = 0; i < t->n_columns; i++)
        copy[i] = datum_copy(a, t->columns[i].type, row[i]);
    return copy;
}

void deferred_add_event(struct deferred_checks *d, const struct cat_table *t, const struct cat_trigger *g,
                        uint32_t event, const struct datum *old_row, const struct datum *new_row)
{
    struct deferred_event *e = ARENA_NEW(&d->arena, struct deferred_event);
    *e = (struct deferred_event){.table_id = t->id,
                                 .trigger_id = g->id,
                                 .event = event,
                                 .old_row = copy_row(&d->arena, t, old_row),
                                 .new_row = copy_row(&d->arena, t, new_row)};
    if (d->events == NULL)
        d->events_tail = &d->events;
    *d->events_tail = e;
    d->events_tail = &e->next;
    d->n_events++;
    d->n_waiting++;
}

struct deferred_mark deferred_mark(const struct deferred_checks *d)
{
    return (struct deferred_mark){d->n_events, d->fired};
}

void deferred_rewind(struct deferred_checks *d, struct deferred_mark mark)
{
    struct deferred_event **at = &d->events;
    d->n_waiting = 0;
    for (size_t i = 0; i < mark.n_events && *at != NULL; i++) {
        if ((*at)->fired > mark.fired)
            (*at)->fired = 0;
        d->n_waiting += (*at)->fired == 0;
        at = &(*at)->next;
    }
    *at = NULL;
    d->events_tail = at;
    d->n_events = mark.n_events;
}

// What the triggers do may add to the list.
static int run_events(struct exec_context *x, bool all, struct err *err)
{
    struct deferred_checks *d = x->deferred;
    for (struct deferred_event *e = d->events; e != NULL; e = e->next) {
        const struct cat_table *t;
        const struct cat_trigger *g = NULL;
        if (e->fired != 0)
            continue;
        TRY(cat_table_by_id(x->view, e->table_id, &t, err));
        for (size_t i = 0; t != NULL && i < t->n_triggers; i++)
            g = t->triggers[i].id == e->trigger_id ? &t->triggers[i] : g;
        if (g != NULL && !all && deferred_is_trigger(d, t, g))
            continue;
        e->fired = ++d->fired;
        d->n_waiting--;
        if (g != NULL)
            TRY(trigger_fire_row(x, t, g, e->event, e->old_row, e->new_row, err));
    }
    return 0;
}

// ---- keys

bool deferred_put_off(struct exec_context *x, const struct deferred_failure *f)
{
    struct deferred_checks *d = x->deferred;
    if (d == NULL || !deferred_is(d, f->fk))
        return false;
    struct deferred_check *check = ARENA_NEW(&d->arena, struct deferred_check);
    *check = (struct deferred_check){.origin_table_id = f->fk->origin_table_id,
                                     .table_id = f->table->id,
                                     .name = arena_str(&d->arena, f->fk->name),
                                     .values = ARENA_ARRAY(&d->arena, struct datum, f->fk->n_columns),
                                     .of_referenced = f->of_referenced,
                                     .update = f->update};
    const uint32_t *columns = f->of_referenced ? f->fk->referenced_columns : f->fk->origin_columns;
    for (size_t i = 0; i < f->fk->n_columns; i++) {
        const struct cat_column *c = cat_column_by_id(f->table, columns[i]);
        check->values[i] = datum_copy(&d->arena, c->type, f->values[i]);
    }
    if (d->tail == NULL)
        d->tail = &d->checks;
    *d->tail = check;
    d->tail = &check->next;
    return true;
}

static const struct cat_foreign_key *find_key(const struct cat_table *t, struct str name)
{
    for (size_t i = 0; t != NULL && i < t->n_outbound; i++) {
        if (str_eq(t->outbound[i].name, name))
            return &t->outbound[i];
    }
    return NULL;
}

// A constraint or table that has been dropped meanwhile asks for nothing.
static int run_one(struct exec_context *x, const struct deferred_check *c, bool all, bool *keep, struct err *err)
{
    const struct cat_table *origin, *table;
    *keep = false;
    TRY(cat_table_by_id(x->view, c->origin_table_id, &origin, err));
    TRY(cat_table_by_id(x->view, c->table_id, &table, err));
    const struct cat_foreign_key *fk = find_key(origin, c->name);
    if (fk == NULL || table == NULL)
        return 0;
    if (!all && deferred_is(x->deferred, fk)) {
        *keep = true;
        return 0;
    }
    struct deferred_failure f = {fk, table, c->values, .of_referenced = c->of_referenced, .update = c->update};
    TRY(check_interrupt(x, err));
    x->eval.arena = x->arena;
    return foreign_check_key(x, &f, err);
}

int deferred_run(struct exec_context *x, bool all, struct err *err)
{
    TRY(run_events(x, all, err));
    struct deferred_check **at = &x->deferred->checks;
    while (*at != NULL) {
        bool keep;
        TRY(run_one(x, *at, all, &keep, err));
        if (keep)
            at = &(*at)->next;
        else
            *at = (*at)->next;
    }
    x->deferred->tail = at;
    return 0;
}
