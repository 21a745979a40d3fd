// Triggers at work: which of a table's fire, BEFORE ones now, AFTER ones from a queue at the end of the statement.
//
// A condition (WHEN) of an AFTER ROW trigger is looked at when its row is written, and decides whether it is queued.
// Rows in the queue are copies, charged to the statement. What triggers write is written by statements of their own:
// they do not add to the queue of this one.
#include "sql/execute/mutate_int.h"

struct trigger {
    const struct cat_trigger *g;
    const struct cat_function *f; // NULL: not called yet
    struct ev *when;              // NULL: always
};

struct table_triggers {
    struct table_triggers *next;
    const struct table_access *ta;
    struct trigger *list; // those that are switched on, in the order of names
    uint32_t n;
    uint32_t transitions; // events of which transition tables are kept
    struct batch rows;    // of conditions: old and new row side by side
    struct ev **computed; // per column; NULL: no column is computed
    struct batch computed_row;
};

struct trigger_event {
    struct trigger_event *next, *same; // `same`: of the same statement-level firing
    const struct cat_table *table;
    const struct cat_trigger *trigger;
    const struct datum *old_row, *new_row;
    const struct trigger_statement *statement;
    bool canceled;
};

// What a statement does to a table: rows of transition tables, and what statement-level triggers were told.
struct trigger_statement {
    struct trigger_statement *next;
    uint32_t table_id, event;
    struct trigger_rows old_rows, new_rows;
    struct trigger_event *after; // waiting
    bool begun;                  // BEFORE ones have fired
};

// ---- which there are

static bool switched_on(const struct exec_context *x, const struct cat_trigger *g)
{
    return g->enabled == 'A' || g->enabled == (x->replica ? 'R' : 'O');
}

static int compile_condition(struct exec_context *x, const struct cat_table *t, struct trigger *tr, struct err *err)
{
    struct expr *e;
    uint32_t n = 2 * (uint32_t)t->n_columns;
    if (tr->g->when_sql.len == 0)
        return 0;
    TRY(x->trigger_condition(x->table_exprs_arg, x->arena, t, tr->g, &e, err));
    col_id *cols = ARENA_ARRAY(x->arena, col_id, n);
    for (uint32_t i = 0; i < n; i++)
        cols[i] = i + 1;
    tr->when = ev_compile(x, e, cols, n);
    return 0;
}

static int open_triggers(struct exec_context *x, struct table_triggers *tt, struct err *err)
{
    const struct cat_table *t = tt->ta->table;
    bool conditions = false;
    tt->list = ARENA_ARRAY(x->arena, struct trigger, t->n_triggers);
    for (size_t i = 0; i < t->n_triggers; i++) {
        if (!switched_on(x, &t->triggers[i]))
            continue;
        struct trigger *tr = &tt->list[tt->n++];
        *tr = (struct trigger){.g = &t->triggers[i]};
        TRY(compile_condition(x, t, tr, err));
        if (tr->g->old_table.len + tr->g->new_table.len > 0)
            tt->transitions |= tr->g->events;
        conditions |= tr->when != NULL;
    }
    if (!conditions)
        return 0;
    uint32_t n = (uint32_t)t->n_columns;
    struct type *types = ARENA_ARRAY(x->arena, struct type, 2 * n);
    for (uint32_t i = 0; i < 2 * n; i++)
        types[i] = t->columns[i % n].type;
    batch_init(&tt->rows, x->arena, types, 2 * n, 1);
    return 0;
}

int triggers_of(struct exec_context *x, const struct table_access *ta, struct table_triggers **out, struct err *err)
{
    *out = NULL;
    if (ta->table->n_triggers == 0)
        return 0;
    struct table_triggers *tt = x->triggers;
    while (tt != NULL && tt->ta->table != ta->table)
        tt = tt->next;
    if (tt == NULL) {
        tt = ARENA_NEW(x->arena, struct table_triggers);
        tt->ta = ta;
        TRY(open_triggers(x, tt, err));
        tt->next = x->triggers;
        x->triggers = tt;
    }
    *out = tt->n > 0 ? tt : NULL;
    return 0;
}

static bool is_set(const struct cat_table *t, const struct cat_trigger *g, const bool *set)
{
    bool any = g->n_columns == 0;
    for (size_t i = 0; i < t->n_columns && !any; i++) {
        for (size_t k = 0; k < g->n_columns && !any; k++)
            any = set[i] && g->columns[k] == t->columns[i].id;
    }
    return any;
}

static bool concerns(const struct table_triggers *tt, const struct trigger *tr, char timing, bool per_row,
                     uint32_t event, const bool *set)
{
    const struct cat_trigger *g = tr->g;
    return g->timing == timing && g->per_row == per_row && (g->events & event) != 0 &&
           (event != CAT_TRIGGER_UPDATE || is_set(tt->ta->table, g, set));
}

bool triggers_before_any(const struct table_triggers *tt, uint32_t event, const bool *set)
{
    for (uint32_t i = 0; i < tt->n; i++) {
        if (concerns(tt, &tt->list[i], 'b', true, event, set))
            return true;
    }
    return false;
}

static int holds(struct table_triggers *tt, const struct trigger *tr, const struct datum *old_row,
                 const struct datum *new_row, bool *out, struct err *err)
{
    uint32_t n = tt->ta->n_columns;
    struct datum d;
    *out = true;
    if (tr->when == NULL)
        return 0;
    tt->rows.n = 1;
    for (uint32_t c = 0; c < 2 * n; c++) {
        const struct datum *row = c < n ? old_row : new_row;
        tt->rows.cols[c].nulls[0] = 0;
        tt->rows.cols[c].has_nulls = false;
        vec_set(&tt->rows.cols[c], 0, row == NULL ? DATUM_NULL : row[c % n]);
    }
    TRY(ev_row(tr->when, &tt->rows, 0, &d, err));
    *out = !d.null && d.b;
    return 0;
}

// ---- calling

static char event_letter(uint32_t event)
{
    return event == CAT_TRIGGER_INSERT   ? 'I'
           : event == CAT_TRIGGER_UPDATE ? 'U'
           : event == CAT_TRIGGER_DELETE ? 'D'
                                         : 'T';
}

static int function_of(struct exec_context *x, const struct cat_trigger *g, const struct cat_function **f,
                       struct err *err)
{
    TRY(cat_function_by_id(x->view, g->function_id, f, err));
    if (*f == NULL)
        return err_set(err, ERR_UNDEFINED_FUNCTION, "function of trigger \"%.*s\" does not exist", STR_FMT(g->name));
    return 0;
}

static int fire(struct exec_context *x, const struct cat_function *f, uint32_t event, struct trigger_call *call,
                struct err *err)
{
    const struct cat_trigger *g = call->trigger;
    struct session_functions *sf = x->eval.session;
    call->event = event_letter(event);
    call->before = g->timing == 'b';
    call->per_row = g->per_row;
    TRY(check_interrupt(x, err));
    return sf->fire_trigger(sf, &x->eval, f, call, err);
}

int triggers_before_row(struct exec_context *x, struct table_triggers *tt, uint32_t event, const bool *set,
                        const struct datum *old_row, struct datum *new_row, struct trigger_outcome *out,
                        struct err *err)
{
    *out = (struct trigger_outcome){0};
    for (uint32_t i = 0; i < tt->n; i++) {
        struct trigger *tr = &tt->list[i];
        bool wanted;
        if (!concerns(tt, tr, 'b', true, event, set))
            continue;
        TRY(holds(tt, tr, old_row, new_row, &wanted, err));
        if (!wanted)
            continue;
        struct trigger_call call = {.table = tt->ta->table, .trigger = tr->g, .old_row = old_row, .new_row = new_row};
        if (tr->f == NULL)
            TRY(function_of(x, tr->g, &tr->f, err));
        TRY(fire(x, tr->f, event, &call, err));
        out->by = tr->g;
        out->skip = call.skip;
        if (call.skip)
            return 0;
        if (new_row == NULL || call.result == NULL)
            continue;
        out->changed = true;
        memcpy(new_row, call.result, tt->ta->n_columns * sizeof(*new_row));
    }
    return 0;
}

int changed_by_trigger(struct err *err)
{
    err_set(err, ERR_TRIGGERED_DATA_CHANGE_VIOLATION,
            "tuple to be updated was already modified by an operation triggered by the current command");
    return err_hint(err,
                    "Consider using an AFTER trigger instead of a BEFORE trigger to propagate changes to other rows.");
}

// ---- columns computed from the row that BEFORE triggers have made

static int compile_computed(struct exec_context *x, struct table_triggers *tt, struct err *err)
{
    const struct cat_table *t = tt->ta->table;
    uint32_t n = (uint32_t)t->n_columns;
    col_id *cols = ARENA_ARRAY(x->arena, col_id, n);
    struct type *types = ARENA_ARRAY(x->arena, struct type, n);
    for (uint32_t i = 0; i < n; i++) {
        cols[i] = i + 1;
        types[i] = t->columns[i].type;
    }
    tt->computed = ARENA_ARRAY(x->arena, struct ev *, n);
    for (uint32_t i = 0; i < n; i++) {
        struct expr *e;
        if (t->columns[i].computed_sql.len == 0)
            continue;
        TRY(x->computed_expr(x->table_exprs_arg, x->arena, t, &t->columns[i], &e, err));
        tt->computed[i] = ev_compile(x, e, cols, n);
    }
    batch_init(&tt->computed_row, x->arena, types, n, 1);
    return 0;
}

int triggers_compute(struct exec_context *x, struct table_triggers *tt, struct datum *row, struct err *err)
{
    const struct cat_table *t = tt->ta->table;
    bool any = false;
    for (size_t i = 0; i < t->n_columns; i++)
        any |= t->columns[i].computed_sql.len > 0;
    if (!any)
        return 0;
    if (tt->computed == NULL)
        TRY(compile_computed(x, tt, err));
    tt->computed_row.n = 1;
    for (uint32_t i = 0; i < tt->ta->n_columns; i++) {
        tt->computed_row.cols[i].nulls[0] = 0;
        tt->computed_row.cols[i].has_nulls = false;
        vec_set(&tt->computed_row.cols[i], 0, row[i]);
    }
    for (uint32_t i = 0; i < tt->ta->n_columns; i++) {
        if (tt->computed[i] != NULL)
            TRY(ev_row(tt->computed[i], &tt->computed_row, 0, &row[i], err));
    }
    return 0;
}

// ---- the queue

static struct trigger_queue *queue_of(struct exec_context *x)
{
    if (x->trigger_queue == NULL) {
        x->trigger_queue = ARENA_NEW(x->arena, struct trigger_queue);
        x->trigger_queue->arena = x->arena;
    }
    return x->trigger_queue;
}

static struct trigger_event *add_event(struct trigger_queue *q, struct trigger_event e)
{
    struct trigger_event *copy = arena_dup(q->arena, &e, sizeof(e));
    if (q->first == NULL)
        q->tail = &q->first;
    *q->tail = copy;
    q->tail = &copy->next;
    return copy;
}

static const struct datum *copy_row(struct trigger_queue *q, const struct table_access *ta, const struct datum *row)
{
    if (row == NULL)
        return NULL;
    struct datum *copy = ARENA_ARRAY(q->arena, struct datum, ta->n_columns);
    for (uint32_t i = 0; i < ta->n_columns; i++)
        copy[i] = datum_copy(q->arena, ta->table->columns[i].type, row[i]);
    return copy;
}

static struct trigger_statement *statement_of(struct trigger_queue *q, uint32_t table_id, uint32_t event)
{
    for (struct trigger_statement *s = q->statements; s != NULL; s = s->next) {
        if (s->table_id == table_id && s->event == event)
            return s;
    }
    struct trigger_statement *s = ARENA_NEW(q->arena, struct trigger_statement);
    *s = (struct trigger_statement){.next = q->statements, .table_id = table_id, .event = event};
    q->statements = s;
    return s;
}

static void copy_rows(struct exec_context *x, const struct table_triggers *tt, uint32_t event,
                      const struct datum *old_row, const struct datum *new_row, struct trigger_event *e)
{
    struct trigger_queue *q = queue_of(x);
    e->statement = statement_of(q, tt->ta->table->id, event);
    e->old_row = copy_row(q, tt->ta, old_row);
    e->new_row = copy_row(q, tt->ta, new_row);
}

static void keep_rows(struct exec_context *x, const struct table_triggers *tt, uint32_t event,
                      const struct datum *old_row, const struct datum *new_row, struct trigger_event *e)
{
    struct trigger_queue *q = queue_of(x);
    copy_rows(x, tt, event, old_row, new_row, e);
    struct trigger_statement *s = statement_of(q, tt->ta->table->id, event);
    if (old_row != NULL)
        ARENA_PUSH(q->arena, &s->old_rows.rows, e->old_row);
    if (new_row != NULL)
        ARENA_PUSH(q->arena, &s->new_rows.rows, e->new_row);
}

int triggers_after_row(struct exec_context *x, struct table_triggers *tt, uint32_t event, const bool *set,
                       const struct datum *old_row, const struct datum *new_row, struct err *err)
{
    struct trigger_event e = {.table = tt->ta->table};
    if (tt->transitions & event)
        keep_rows(x, tt, event, old_row, new_row, &e);
    for (uint32_t i = 0; i < tt->n; i++) {
        bool wanted;
        if (!concerns(tt, &tt->list[i], 'a', true, event, set))
            continue;
        TRY(holds(tt, &tt->list[i], old_row, new_row, &wanted, err));
        if (!wanted)
            continue;
        if (x->deferred != NULL && deferred_is_trigger(x->deferred, tt->ta->table, tt->list[i].g)) {
            deferred_add_event(x->deferred, tt->ta->table, tt->list[i].g, event, old_row, new_row);
            continue;
        }
        if (e.statement == NULL)
            copy_rows(x, tt, event, old_row, new_row, &e);
        e.trigger = tt->list[i].g;
        add_event(queue_of(x), e);
    }
    return 0;
}

int triggers_before_statement(struct exec_context *x, struct table_triggers *tt, uint32_t event, const bool *set,
                              struct err *err)
{
    struct trigger_statement *s = statement_of(queue_of(x), tt->ta->table->id, event);
    bool first = !s->begun;
    s->begun = true;
    for (uint32_t i = 0; i < tt->n && first; i++) {
        struct trigger *tr = &tt->list[i];
        bool wanted;
        if (!concerns(tt, tr, 'b', false, event, set))
            continue;
        TRY(holds(tt, tr, NULL, NULL, &wanted, err));
        if (!wanted)
            continue;
        struct trigger_call call = {.table = tt->ta->table, .trigger = tr->g};
        TRY(function_of(x, tr->g, &tr->f, err));
        TRY(fire(x, tr->f, event, &call, err));
    }
    return 0;
}

int triggers_after_statement(struct exec_context *x, struct table_triggers *tt, uint32_t event, const bool *set,
                             struct err *err)
{
    struct trigger_queue *q = queue_of(x);
    struct trigger_statement *s = statement_of(q, tt->ta->table->id, event);
    for (; s->after != NULL; s->after = s->after->same)
        s->after->canceled = true;
    for (uint32_t i = 0; i < tt->n; i++) {
        bool wanted;
        if (!concerns(tt, &tt->list[i], 'a', false, event, set))
            continue;
        TRY(holds(tt, &tt->list[i], NULL, NULL, &wanted, err));
        if (wanted)
            s->after =
                add_event(q, (struct trigger_event){
                                 .table = tt->ta->table, .trigger = tt->list[i].g, .statement = s, .same = s->after});
    }
    return 0;
}

int trigger_fire_row(struct exec_context *x, const struct cat_table *t, const struct cat_trigger *g, uint32_t event,
                     const struct datum *old_row, const struct datum *new_row, struct err *err)
{
    const struct cat_function *f;
    struct trigger_call call = {.table = t, .trigger = g, .old_row = old_row, .new_row = new_row};
    x->eval.arena = x->arena;
    TRY(function_of(x, g, &f, err));
    return fire(x, f, event, &call, err);
}

static int run_event(struct exec_context *x, const struct trigger_event *e, struct err *err)
{
    const struct cat_function *f;
    struct trigger_call call = {.table = e->table, .trigger = e->trigger, .old_row = e->old_row, .new_row = e->new_row};
    if (e->trigger->old_table.len > 0)
        call.old_table = &e->statement->old_rows;
    if (e->trigger->new_table.len > 0)
        call.new_table = &e->statement->new_rows;
    TRY(function_of(x, e->trigger, &f, err));
    return fire(x, f, e->statement->event, &call, err);
}

int triggers_run(struct exec_context *x, struct err *err)
{
    struct trigger_queue *q = x->trigger_queue;
    struct arena scratch;
    int rc = 0;
    if (q == NULL || q->first == NULL)
        return 0;
    arena_init(&scratch, x->budget);
    while (rc == 0 && q->first != NULL) {
        const struct trigger_event *e = q->first;
        q->first = e->next;
        x->eval.arena = &scratch;
        if (!e->canceled)
            rc = run_event(x, e, err);
        arena_reset(&scratch);
    }
    x->eval.arena = x->arena;
    arena_release(&scratch);
    q->statements = NULL;
    return rc;
}

int exec_fire_truncate(struct exec_context *x, const struct cat_table *t, bool before, struct err *err)
{
    struct table_triggers *tt;
    TRY(triggers_of(x, table_access(x, t), &tt, err));
    if (tt == NULL)
        return 0;
    if (before)
        return triggers_before_statement(x, tt, CAT_TRIGGER_TRUNCATE, NULL, err);
    TRY(triggers_after_statement(x, tt, CAT_TRIGGER_TRUNCATE, NULL, err));
    return triggers_run(x, err);
}
