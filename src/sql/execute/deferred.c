// Foreign keys whose checks wait for the end of the transaction: which they are, and the keys that wait.
#include "sql/execute/mutate_int.h"

struct deferred_check {
    struct deferred_check *next;
    uint32_t origin_table_id, table_id; // of the foreign key; of the row written
    struct str name;                    // of the foreign key
    struct datum *values;
    bool of_referenced, update;
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
}

void deferred_set_mode(struct deferred_checks *d, const struct cat_foreign_key *fk, bool deferred)
{
    struct deferred_mode *mode = ARENA_NEW(&d->arena, struct deferred_mode);
    *mode = (struct deferred_mode){.next = d->modes, .table_id = CAT_ID_NONE, .deferred = deferred};
    if (fk != NULL) {
        mode->table_id = fk->origin_table_id;
        mode->name = arena_str(&d->arena, fk->name);
    }
    d->modes = mode;
}

bool deferred_is(const struct deferred_checks *d, const struct cat_foreign_key *fk)
{
    if (!fk->deferrable)
        return false;
    for (const struct deferred_mode *m = d->modes; m != NULL; m = m->next) {
        if (m->table_id == CAT_ID_NONE || (m->table_id == fk->origin_table_id && str_eq(m->name, fk->name)))
            return m->deferred;
    }
    return fk->deferred;
}

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
