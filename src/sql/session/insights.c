// Insights: the last executions that were slow, failed, were retried often or waited for others, of statements and of
// transactions. Each is written by the session that it happened to when its latency is known; one that is none costs a
// few comparisons. What is kept holds references to the entries of activity.c, which have the texts.
#include "sql/session/insights_int.h"
#include "sql/session/session_int.h"
#include "types/datetime.h"
#include <stdio.h>

enum { INSIGHTS_MAX = 1000, USER_BYTES_MAX = 63 }; // of statements, and of transactions

struct insight {
    struct virtual_insight shown; // its texts point below or belong to the entry
    struct activity_entry *entry;
    char session_id[40], statement_id[40], user[USER_BYTES_MAX + 1];
};

struct insights {
    _Atomic int64_t slow_ns, retries_min; // slow_ns 0: nothing is kept
    pthread_mutex_t mutex;                // a leaf but for the lock of activity.c; guards what follows
    struct insight *rings[2];             // statements, transactions; NULL: there were none
    uint64_t counts[2];                   // ever
};

struct insights *insights_new(void)
{
    struct insights *in = mem_zalloc(sizeof(*in));
    pthread_mutex_init(&in->mutex, NULL);
    return in;
}

void insights_free(struct insights *in)
{
    if (in == NULL)
        return;
    for (size_t k = 0; k < ARRAY_LEN(in->rings); k++) {
        for (size_t i = 0; in->rings[k] != NULL && i < INSIGHTS_MAX; i++)
            activity_unref(&in->rings[k][i].entry);
        mem_free(in->rings[k]);
    }
    pthread_mutex_destroy(&in->mutex);
    mem_free(in);
}

void insights_configure(struct sql_engine *e)
{
    static const char *const names[] = {"sql.insights.latency_threshold", "sql.insights.high_retry_count.threshold"};
    struct str values[ARRAY_LEN(names)];
    struct value_context utc = {0};
    struct datum latency, retries;
    struct err ignored = ERR_INIT;
    struct arena a;
    arena_init(&a, NULL);
    if (sql_engine_settings(e, &a, names, ARRAY_LEN(names), values, &ignored) == 0 &&
        datum_parse(&a, T_INTERVAL, values[0], &utc, &latency, &ignored) == 0 &&
        datum_parse(&a, T_INT8, values[1], &utc, &retries, &ignored) == 0) {
        int64_t micros = interval_to_micros(latency.iv);
        atomic_store(&e->insights->slow_ns, MIN(MAX(micros, 0), INT64_MAX / 1000) * 1000);
        atomic_store(&e->insights->retries_min, retries.i);
    }
    err_reset(&ignored);
    arena_release(&a);
}

// Under the mutex. Whoever was there before is forgotten.
static struct insight *next_slot(struct insights *in, bool transaction)
{
    if (in->rings[transaction] == NULL)
        in->rings[transaction] = mem_zalloc(INSIGHTS_MAX * sizeof(struct insight));
    struct insight *i = &in->rings[transaction][in->counts[transaction]++ % INSIGHTS_MAX];
    activity_unref(&i->entry);
    *i = (struct insight){0};
    return i;
}

static void fill(struct insight *i, const struct session *s, struct activity_entry *entry,
                 const struct virtual_insight *shown)
{
    i->shown = *shown;
    i->entry = activity_ref(entry);
    snprintf(i->session_id, sizeof(i->session_id), "%s", s->session_id);
    snprintf(i->user, sizeof(i->user), "%.*s", (int)MIN(s->user.len, (size_t)USER_BYTES_MAX), s->user.ptr);
    i->shown.txn = s->observed_txn;
    i->shown.application = entry->application;
}

void insights_statement(struct session *s, struct activity_entry *entry, int64_t ns)
{
    struct insights *in = s->engine->insights;
    const struct activity_run *run = &s->activity.run;
    int64_t slow_ns = atomic_load_explicit(&in->slow_ns, memory_order_relaxed);
    bool slow = ns >= slow_ns;
    if (slow_ns == 0 || LIKELY(!slow && run->code == 0))
        return;
    struct virtual_insight shown = {
        .statement = entry->id,
        .start_micros = run->start_micros,
        .end_micros = run->start_micros + ns / 1000,
        .contended_ns = run->contended_ns,
        .rows = run->rows,
        .retries = s->activity.txn.retries,
        .code = run->code,
        .slow = slow,
        .implicit = entry->implicit,
        .full_scan = atomic_load(&entry->full_scan),
        .contended = run->contended_ns >= slow_ns,
        .retried = s->activity.txn.retries >= (uint64_t)atomic_load_explicit(&in->retries_min, memory_order_relaxed),
        .kind = entry->kind,
        .database = entry->database,
        .query = entry->query,
    };
    pthread_mutex_lock(&in->mutex);
    struct insight *i = next_slot(in, false);
    fill(i, s, entry, &shown);
    snprintf(i->statement_id, sizeof(i->statement_id), "%s", run->statement_id);
    pthread_mutex_unlock(&in->mutex);
    s->activity.txn.insights++;
    s->activity.txn.slow |= slow;
}

// Under the mutex: the transaction's statements among the last ones get its fingerprint.
static void mark_statements(struct insights *in, uint64_t txn, uint64_t fingerprint, uint32_t n)
{
    uint64_t count = in->counts[false];
    for (uint64_t at = count; at > 0 && n > 0 && count - at < INSIGHTS_MAX; at--) {
        struct insight *i = &in->rings[false][(at - 1) % INSIGHTS_MAX];
        if (i->shown.txn != txn)
            continue;
        i->shown.txn_fingerprint = fingerprint;
        n--;
    }
}

void insights_txn(struct session *s, struct activity_entry *entry, const struct activity_txn *t)
{
    struct insights *in = s->engine->insights;
    int64_t slow_ns = atomic_load_explicit(&in->slow_ns, memory_order_relaxed);
    uint64_t retries_min = (uint64_t)atomic_load_explicit(&in->retries_min, memory_order_relaxed);
    int code = t->committed ? 0 : t->code;
    bool contended = t->contended_ns >= slow_ns, retried = t->retries >= retries_min;
    if (slow_ns == 0 || LIKELY(t->insights == 0 && !contended && !retried && code == 0))
        return;
    struct virtual_insight shown = {
        .txn_fingerprint = entry->id,
        .start_micros = t->start_micros,
        .end_micros = t->start_micros + (t->end_ns - t->start_ns) / 1000,
        .contended_ns = t->contended_ns,
        .rows = t->rows,
        .retries = t->retries,
        .code = code,
        .implicit = t->implicit,
        .slow = t->slow,
        .contended = contended,
        .retried = retried,
    };
    pthread_mutex_lock(&in->mutex);
    fill(next_slot(in, true), s, entry, &shown);
    mark_statements(in, s->observed_txn, entry->id, t->insights);
    pthread_mutex_unlock(&in->mutex);
}

// ---- reading

// Under the mutex.
static void copy_out(const struct insight *i, struct arena *a, struct virtual_insight *out)
{
    *out = i->shown;
    out->session_id = arena_str(a, str_of(i->session_id));
    out->statement_id = arena_str(a, str_of(i->statement_id));
    out->user = arena_str(a, str_of(i->user));
    out->application = arena_str(a, i->shown.application);
    out->database = arena_str(a, i->shown.database);
    out->query = arena_str(a, i->shown.query);
    struct buf texts = BUF_INIT;
    for (size_t k = 0; k < i->entry->n_statements; k++) {
        buf_cstr(&texts, k > 0 ? " ; " : "");
        buf_str(&texts, i->entry->statements[k]);
    }
    if (i->entry->n_statements > 0)
        out->query = arena_str(a, buf_view(&texts));
    buf_release(&texts);
}

void insights_list(struct insights *in, bool transactions, struct arena *a, struct virtual_insight **out, size_t *n)
{
    pthread_mutex_lock(&in->mutex);
    *n = (size_t)MIN(in->counts[transactions], (uint64_t)INSIGHTS_MAX);
    *out = ARENA_ARRAY(a, struct virtual_insight, *n);
    for (size_t i = 0; i < *n; i++)
        copy_out(&in->rings[transactions][(in->counts[transactions] - *n + i) % INSIGHTS_MAX], a, &(*out)[i]);
    pthread_mutex_unlock(&in->mutex);
}
