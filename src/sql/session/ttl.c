// The job of row-level TTL: deletes the rows of one table that had expired when it began, along the primary key, some
// at a time. A row is looked at when it is deleted: what was changed meanwhile to live longer lives.
#include "sql/parse/parse.h"
#include "sql/session/jobs_int.h"
#include <unistd.h>

enum { BATCH_DEFAULT = 100, RATE_DEFAULT = 100, ATTEMPTS_MAX = 50, WAIT_US = 10000 };

struct ttl_run {
    struct job *job;
    struct session *s;
    uint32_t table_id;
    int64_t cutoff;     // microseconds
    struct arena last;  // the key of the row deleted last
    struct datum *key;  // NULL: none yet
    struct type *types; // of the key's columns
    size_t n_key;
    uint64_t deleted;
    int64_t began_ns;
};

// ---- what the table says

static int64_t number_of(const struct cat_table *t, const char *name, int64_t otherwise)
{
    int64_t n;
    struct str text = cat_storage_parameter(t->storage_parameters, str_of(name));
    return text.ptr != NULL && str_to_i64(text, &n) ? n : otherwise;
}

static int64_t setting_or(struct session *s, const char *name, int64_t otherwise)
{
    struct str text;
    int64_t n;
    return cat_setting_get(s->view, str_of(name), &text, NULL) == 0 && text.ptr != NULL && str_to_i64(text, &n)
               ? n
               : otherwise;
}

static int64_t batch_size(struct session *s, const struct cat_table *t)
{
    return number_of(t, "ttl_delete_batch_size", setting_or(s, "sql.ttl.default_delete_batch_size", BATCH_DEFAULT));
}

static int64_t rate(struct session *s, const struct cat_table *t)
{
    return number_of(t, "ttl_delete_rate_limit", setting_or(s, "sql.ttl.default_delete_rate_limit", RATE_DEFAULT));
}

static int check_allowed(struct session *s, const struct cat_table *t, struct err *err)
{
    struct str text;
    TRY(cat_setting_get(s->view, STR("sql.ttl.job.enabled"), &text, err));
    if (text.ptr != NULL && str_eqc(text, "false"))
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

static struct str statement_text(struct ttl_run *r, struct arena *a, const struct cat_table *t)
{
    struct buf b = BUF_INIT;
    struct str when = cat_storage_text(a, t->storage_parameters, STR("ttl_expiration_expression"));
    if (when.ptr == NULL)
        when = STR("crdb_internal_expiration");
    buf_printf(&b, "DELETE FROM [%u AS t] WHERE (%.*s) <= $1", t->id, STR_FMT(when));
    if (r->key != NULL)
        put_after(&b, t);
    buf_cstr(&b, " ORDER BY ");
    put_key(&b, t, true);
    buf_printf(&b, " LIMIT %lld RETURNING ", (long long)batch_size(r->s, t));
    put_key(&b, t, false);
    struct str out = arena_str(a, buf_view(&b));
    buf_release(&b);
    return out;
}

// ---- running it

static struct datum *parameters_of(struct ttl_run *r, struct arena *a, uint32_t **oids, size_t *n)
{
    *n = 1 + (r->key != NULL ? r->n_key : 0);
    struct datum *values = ARENA_ARRAY(a, struct datum, *n);
    *oids = ARENA_ARRAY(a, uint32_t, *n);
    values[0] = datum_int(r->cutoff);
    (*oids)[0] = T_TIMESTAMPTZ.oid;
    for (size_t i = 1; i < *n; i++) {
        values[i] = r->key[i - 1];
        (*oids)[i] = r->types[i - 1].oid;
    }
    return values;
}

static void keep_key(struct ttl_run *r, struct execution *e, const struct batch *b)
{
    struct query *q = e->plan->query;
    arena_release(&r->last);
    arena_init(&r->last, NULL);
    r->n_key = q->n_output;
    r->key = ARENA_ARRAY(&r->last, struct datum, r->n_key);
    r->types = ARENA_ARRAY(&r->last, struct type, r->n_key);
    for (uint32_t i = 0; i < q->n_output; i++) {
        r->types[i] = query_column(q, q->output[i])->type;
        r->key[i] = datum_copy(&r->last, r->types[i], vec_get(&b->cols[e->map[i]], batch_row(b, b->n - 1)));
    }
}

static int drain(struct ttl_run *r, struct execution *e, uint64_t *n, struct err *err)
{
    struct batch b;
    *n = 0;
    for (;;) {
        TRY(exec_next(&e->x, &b, err));
        if (b.n == 0)
            return 0;
        *n += b.n;
        keep_key(r, e, &b);
    }
}

static int delete_some(struct ttl_run *r, struct arena *a, uint64_t *n, int64_t *per_second, struct err *err)
{
    struct session *s = r->s;
    const struct cat_table *t;
    struct parsed_statements parsed;
    struct statement_plan *plan;
    struct execution *e;
    uint32_t *oids;
    size_t n_parameters;
    *n = 0;
    TRY(cat_table_by_id(s->view, r->table_id, &t, err));
    if (t == NULL || cat_storage_parameter(t->storage_parameters, STR("ttl")).ptr == NULL)
        return 0;
    *per_second = rate(s, t);
    TRY(check_allowed(s, t, err));
    TRY(parse_sql(a, statement_text(r, a, t), NULL, &parsed, err));
    struct datum *values = parameters_of(r, a, &oids, &n_parameters);
    TRY(plan_statement(s, a, parsed.items[0].ast, oids, n_parameters, &plan, err));
    TRY(execution_start(s, plan, values, &e, err));
    int rc = drain(r, e, n, err);
    execution_free(e);
    return rc;
}

// The key of the row before is put back when the transaction has to be run again.
static int delete_in_txn(struct ttl_run *r, uint64_t *n, int64_t *per_second, struct err *err)
{
    int rc = 0;
    struct ttl_run before = *r;
    arena_init(&r->last, NULL);
    for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
        struct arena a;
        err_reset(err);
        rc = job_check(r->job, err);
        if (rc != 0)
            break;
        r->key = before.key;
        r->types = before.types;
        arena_init(&a, &r->s->budget);
        statement_clock_start(r->s);
        rc = session_begin(r->s, TXN_IMPLICIT, err);
        if (rc == 0)
            rc = delete_some(r, &a, n, per_second, err);
        if (rc == 0)
            rc = session_commit(r->s, err);
        else if (r->s->txn_state != TXN_NONE)
            session_rollback(r->s);
        arena_release(&a);
        if (rc != ERR_SERIALIZATION_FAILURE)
            break;
    }
    if (r->key == before.key) {
        arena_release(&r->last);
        r->last = before.last;
    } else {
        arena_release(&before.last);
    }
    return rc;
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
    uint64_t n;
    do {
        int64_t per_second = 0;
        TRY(delete_in_txn(r, &n, &per_second, err));
        r->deleted += n;
        if (n > 0)
            TRY(keep_rate(r, per_second, err));
    } while (n > 0);
    return 0;
}

int ttl_run(struct job *job, struct err *err)
{
    struct str payload = job_payload(job);
    struct ttl_run r = {.job = job, .table_id = (uint32_t)payload_get_u64(&payload)};
    r.cutoff = clock_wall_ns() / 1000;
    r.began_ns = clock_mono_ns();
    TRY(job_session_open(job_arg(job), STR("root"), STR("defaultdb"), &r.s, err));
    arena_init(&r.last, NULL);
    session_works_for(r.s, job);
    // Rows that others write while they are looked at are none of the job's concern.
    int rc = setting_set(r.s, STR("default_transaction_isolation"), STR("read committed"), false, err);
    if (rc == 0)
        rc = delete_expired(&r, err);
    arena_release(&r.last);
    session_free(r.s);
    return rc;
}
