// The job of row-level TTL: deletes the rows of one table that had expired when it began, along the primary key, some
// at a time. A row is looked at when it is deleted: what was changed meanwhile to live longer lives.
#include "sql/parse/parse.h"
#include "sql/session/jobs_int.h"
#include "sql/virtual/virtual.h"
#include <unistd.h>

enum { ATTEMPTS_MAX = 50, WAIT_US = 10000 };

// The primary key of the row deleted last.
struct ttl_key {
    struct arena arena;
    uint32_t index_id;    // of the primary index; 0: no row has been deleted
    struct datum *values; // of its columns
    struct type *types;
    size_t n;
};

struct ttl_run {
    struct job *job;
    struct session *s;
    uint32_t table_id;
    int64_t cutoff;      // microseconds
    struct ttl_key last; // of what is committed
    uint64_t deleted;
    int64_t began_ns;
};

// What one transaction does.
struct ttl_step {
    struct arena arena;
    struct ttl_key last;
    uint64_t deleted;
    int64_t per_second; // 0: as many as can be
};

// ---- what the table says

// The table's parameter, else the cluster's setting.
static int number_of(struct session *s, struct arena *a, const struct cat_table *t, const char *parameter,
                     const char *setting, int64_t *out, struct err *err)
{
    struct datum d;
    if (str_to_i64(cat_storage_parameter(t->storage_parameters, str_of(parameter)), out))
        return 0;
    TRY(cluster_setting_get(s->view, setting, a, &d, err));
    *out = d.i;
    return 0;
}

static int check_allowed(struct session *s, struct arena *a, const struct cat_table *t, struct err *err)
{
    struct datum enabled;
    TRY(cluster_setting_get(s->view, "sql.ttl.job.enabled", a, &enabled, err));
    if (!enabled.b)
        return err_set(err, ERR_OBJECT_NOT_IN_PREREQUISITE_STATE,
                       "ttl jobs are currently disabled by CLUSTER SETTING sql.ttl.job.enabled");
    if (!str_eqc(cat_storage_parameter(t->storage_parameters, STR("ttl_pause")), "true"))
        return 0;
    return err_set(err, ERR_OBJECT_NOT_IN_PREREQUISITE_STATE, "ttl jobs on table %.*s are currently paused",
                   STR_FMT(t->name));
}

// ---- one statement

static void put_key_column(struct buf *b, const struct cat_table *t, size_t i)
{
    print_identifier(b, cat_column_by_id(t, t->primary->columns[i].column_id)->name);
}

// What comes after the row with key $2, $3 … in the order of the key.
static void put_after(struct buf *b, const struct cat_table *t)
{
    size_t n = t->primary->n_columns;
    bool descending = false;
    for (size_t i = 0; i < n; i++)
        descending |= t->primary->columns[i].descending;
    buf_cstr(b, " AND (");
    for (size_t i = 0; !descending && i < n; i++) {
        buf_cstr(b, i > 0 ? ", " : "(");
        put_key_column(b, t, i);
    }
    for (size_t i = 0; !descending && i < n; i++)
        buf_printf(b, "%s$%zu", i > 0 ? ", " : ") > (", i + 2);
    buf_cstr(b, descending ? "" : ")");
    for (size_t i = 0; descending && i < n; i++) {
        buf_cstr(b, i > 0 ? " OR (" : "(");
        for (size_t k = 0; k <= i; k++) {
            buf_cstr(b, k > 0 ? " AND " : "");
            put_key_column(b, t, k);
            buf_printf(b, " %s $%zu", k < i ? "=" : t->primary->columns[k].descending ? "<" : ">", k + 2);
        }
        buf_cstr(b, ")");
    }
    buf_cstr(b, ")");
}

static void put_key(struct buf *b, const struct cat_table *t, bool order)
{
    for (size_t i = 0; i < t->primary->n_columns; i++) {
        buf_cstr(b, i > 0 ? ", " : "");
        put_key_column(b, t, i);
        buf_cstr(b, order && t->primary->columns[i].descending ? " DESC" : "");
    }
}

// `after`: from the row after the last one on.
static struct str statement_text(struct arena *a, const struct cat_table *t, bool after, int64_t rows_max)
{
    struct buf b = BUF_INIT;
    struct str when = cat_storage_text(a, t->storage_parameters, STR("ttl_expiration_expression"));
    if (when.ptr == NULL)
        when = STR("crdb_internal_expiration");
    buf_printf(&b, "DELETE FROM [%u AS t] WHERE (%.*s) <= $1", t->id, STR_FMT(when));
    if (after)
        put_after(&b, t);
    buf_cstr(&b, " ORDER BY ");
    put_key(&b, t, true);
    buf_printf(&b, " LIMIT %lld RETURNING ", (long long)rows_max);
    put_key(&b, t, false);
    struct str out = arena_str(a, buf_view(&b));
    buf_release(&b);
    return out;
}

// ---- running it

static void key_release(struct ttl_key *k)
{
    if (k->index_id != 0)
        arena_release(&k->arena);
    k->index_id = 0;
}

static void key_take(struct ttl_key *k, uint32_t index_id, struct execution *e, const struct batch *b)
{
    struct query *q = e->plan->query;
    key_release(k);
    arena_init(&k->arena, NULL);
    k->index_id = index_id;
    k->n = q->n_output;
    k->values = ARENA_ARRAY(&k->arena, struct datum, k->n);
    k->types = ARENA_ARRAY(&k->arena, struct type, k->n);
    for (uint32_t i = 0; i < q->n_output; i++) {
        k->types[i] = query_column(q, q->output[i])->type;
        k->values[i] = datum_copy(&k->arena, k->types[i], vec_get(&b->cols[e->map[i]], batch_row(b, b->n - 1)));
    }
}

// $1 is the time, what follows the key.
static struct datum *parameters_of(const struct ttl_run *r, struct arena *a, size_t n_key, uint32_t *oids)
{
    struct datum *values = ARENA_ARRAY(a, struct datum, n_key + 1);
    values[0] = datum_int(r->cutoff);
    oids[0] = T_TIMESTAMPTZ.oid;
    for (size_t i = 0; i < n_key; i++) {
        values[i + 1] = r->last.values[i];
        oids[i + 1] = r->last.types[i].oid;
    }
    return values;
}

static int drain(struct ttl_step *step, uint32_t index_id, struct execution *e, struct err *err)
{
    struct batch b;
    for (;;) {
        TRY(exec_next(&e->x, &b, err));
        if (b.n == 0)
            return 0;
        step->deleted += b.n;
        key_take(&step->last, index_id, e, &b);
    }
}

static int delete_some(const struct ttl_run *r, struct ttl_step *step, struct err *err)
{
    struct session *s = r->s;
    struct arena *a = &step->arena;
    const struct cat_table *t;
    struct parsed_statements parsed;
    struct statement_plan *plan;
    struct execution *e;
    int64_t rows_max;
    TRY(cat_table_by_id(s->view, r->table_id, &t, err));
    if (t == NULL || cat_storage_parameter(t->storage_parameters, STR("ttl")).ptr == NULL)
        return 0;
    TRY(check_allowed(s, a, t, err));
    TRY(number_of(s, a, t, "ttl_delete_rate_limit", "sql.ttl.default_delete_rate_limit", &step->per_second, err));
    TRY(number_of(s, a, t, "ttl_delete_batch_size", "sql.ttl.default_delete_batch_size", &rows_max, err));
    bool after = r->last.index_id == t->primary->id; // else from the beginning: no row yet, or another primary key
    size_t n_key = after ? r->last.n : 0;
    uint32_t *oids = ARENA_ARRAY(a, uint32_t, n_key + 1);
    struct datum *values = parameters_of(r, a, n_key, oids);
    TRY(parse_sql(a, statement_text(a, t, after, rows_max), NULL, &parsed, err));
    TRY(plan_statement(s, a, parsed.items[0].ast, oids, n_key + 1, &plan, err));
    TRY(execution_start(s, plan, values, &e, err));
    int rc = drain(step, t->primary->id, e, err);
    execution_free(e);
    return rc;
}

static int try_step(const struct ttl_run *r, struct ttl_step *step, struct err *err)
{
    *step = (struct ttl_step){0};
    arena_init(&step->arena, &r->s->budget);
    statement_clock_start(r->s);
    int rc = session_begin(r->s, TXN_IMPLICIT, err);
    if (rc == 0)
        rc = delete_some(r, step, err);
    if (rc == 0)
        rc = session_commit(r->s, err);
    else if (r->s->txn_state != TXN_NONE)
        session_rollback(r->s);
    arena_release(&step->arena);
    if (rc != 0)
        key_release(&step->last);
    return rc;
}

static int take_step(struct ttl_run *r, struct ttl_step *step, struct err *err)
{
    int rc = ERR_SERIALIZATION_FAILURE;
    for (int attempt = 0; attempt < ATTEMPTS_MAX && rc == ERR_SERIALIZATION_FAILURE; attempt++) {
        err_reset(err);
        TRY(job_check(r->job, err));
        rc = try_step(r, step, err);
    }
    if (rc != 0 || step->deleted == 0)
        return rc;
    key_release(&r->last);
    r->last = step->last;
    r->deleted += step->deleted;
    return 0;
}

// Not more rows a second than the table's rate.
static int keep_rate(const struct ttl_run *r, int64_t per_second, struct err *err)
{
    int64_t due = per_second > 0 ? r->began_ns + (int64_t)(r->deleted * 1000000000.0 / (double)per_second) : 0;
    while (clock_mono_ns() < due) {
        TRY(job_check(r->job, err));
        usleep(WAIT_US);
    }
    return 0;
}

static int delete_expired(struct ttl_run *r, struct err *err)
{
    struct ttl_step step;
    do {
        TRY(take_step(r, &step, err));
        if (step.deleted > 0)
            TRY(keep_rate(r, step.per_second, err));
    } while (step.deleted > 0);
    return 0;
}

int ttl_run(struct job *job, struct err *err)
{
    struct str payload = job_payload(job);
    struct ttl_run r = {.job = job, .table_id = (uint32_t)payload_get_u64(&payload)};
    r.cutoff = clock_wall_ns() / 1000;
    r.began_ns = clock_mono_ns();
    TRY(job_session_open(job_arg(job), STR("root"), STR("defaultdb"), &r.s, err));
    session_works_for(r.s, job);
    // Rows that others write while they are looked at are none of the job's concern.
    int rc = setting_set(r.s, STR("default_transaction_isolation"), STR("read committed"), false, err);
    if (rc == 0)
        rc = delete_expired(&r, err);
    key_release(&r.last);
    session_free(r.s);
    return rc;
}
