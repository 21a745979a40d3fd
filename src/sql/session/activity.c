// SQL activity of a cluster: what its statements and transactions have cost, by fingerprint (the statement with _ for
// every constant), application, database and whether the statement was a transaction of its own.
//
// A statement's run begins with activity_begin and is recorded when its latency is known: at the end of the call; for
// one whose implicit transaction commits at Sync only then, so that the commit is part of it. A transaction is recorded
// after its last statement.
//
// Invariants
// 1. An entry is freed with its last reference: the table has one, prepared statements, the texts a session remembers
// and
//    a run hold the others.
// 2. Counters are relaxed atomics, changed without the lock: a reader may see a run half counted. Everything else of an
//    entry is fixed when it is made, or under the table's mutex.
// 3. The tables are bounded; what was not seen for the longest time goes first.
#include "sql/session/session_int.h"
#include "sql/parse/ast_print.h"

#include <stdio.h>

enum {
    ENTRIES_MAX = 2000, // of each table
    QUERY_BYTES_MAX = 4000,
    TABLE_BYTES_MAX = 8 * 1024 * 1024,
};
static const int64_t plan_age_micros = 300 * (int64_t)1000000; // a kept plan is shown for so long
// Those of the server's own questions are not kept.
#define OWN_APPLICATION "$ api"

struct activity *activity_new(void)
{
    struct activity *a = mem_zalloc(sizeof(*a));
    pthread_mutex_init(&a->lock, NULL);
    a->since_micros = clock_wall_ns() / 1000;
    return a;
}

// ---- entries

static void unref(struct activity_entry *e)
{
    if (e == NULL || atomic_fetch_sub(&e->refs, 1) > 1)
        return;
    unref(atomic_load(&e->solo));
    arena_release(&e->arena);
    mem_free(e->plan);
    mem_free(e);
}

struct activity_entry *activity_ref(struct activity_entry *e)
{
    atomic_fetch_add_explicit(&e->refs, 1, memory_order_relaxed);
    return e;
}

void activity_unref(struct activity_entry **e)
{
    unref(*e);
    *e = NULL;
}

static void clear_table(struct map *table)
{
    size_t it = 0;
    for (struct map_entry *m; (m = map_next(table, &it)) != NULL;)
        unref(m->value);
    map_clear(table);
}

void activity_free(struct activity *a)
{
    if (a == NULL)
        return;
    clear_table(&a->statements);
    clear_table(&a->transactions);
    map_release(&a->statements);
    map_release(&a->transactions);
    pthread_mutex_destroy(&a->lock);
    mem_free(a);
}

static void zero(struct map *table)
{
    size_t it = 0;
    for (struct map_entry *m; (m = map_next(table, &it)) != NULL;) {
        struct activity_entry *e = m->value;
        for (size_t i = 0; i < ACTIVITY_BUCKETS; i++)
            atomic_store(&e->buckets[i], 0);
        atomic_store(&e->total_ns, 0);
        atomic_store(&e->rows, 0);
        atomic_store(&e->failures, 0);
        atomic_store(&e->retries, 0);
        atomic_store(&e->max_ns, 0);
        atomic_store(&e->last_error, 0);
    }
}

// Sessions remember entries, so these stay; one that has counted nothing is not shown.
void activity_reset(struct activity *a)
{
    pthread_mutex_lock(&a->lock);
    zero(&a->statements);
    zero(&a->transactions);
    a->since_micros = clock_wall_ns() / 1000;
    a->unsaved = true;
    pthread_mutex_unlock(&a->lock);
}

static size_t entry_bytes(const struct activity_entry *e)
{
    return sizeof(*e) + e->query.len + 2 * e->key.len + ACTIVITY_PLAN_BYTES_MAX / 4;
}

// Under the lock.
static void make_room(struct activity *a, struct map *table)
{
    while (table->len >= ENTRIES_MAX || (a->bytes > TABLE_BYTES_MAX && table->len > 0)) {
        struct map_entry *oldest = NULL;
        int64_t oldest_micros = INT64_MAX;
        size_t it = 0;
        for (struct map_entry *m; (m = map_next(table, &it)) != NULL;) {
            int64_t last =
                atomic_load_explicit(&((struct activity_entry *)m->value)->last_micros, memory_order_relaxed);
            if (last <= oldest_micros) {
                oldest = m;
                oldest_micros = last;
            }
        }
        struct activity_entry *e = map_remove(table, oldest->key);
        a->bytes -= MIN(a->bytes, entry_bytes(e));
        atomic_store(&e->evicted, true);
        unref(e);
    }
}

struct activity_entry *activity_entry_of(struct activity *a, struct map *table, struct str key,
                                         const struct activity_entry *made)
{
    struct activity_entry *e = map_get(table, key);
    if (e != NULL)
        return activity_ref(e);
    make_room(a, table);
    e = mem_zalloc(sizeof(*e));
    arena_init(&e->arena, NULL);
    e->id = hash_bytes(key.ptr, key.len, 0); // stored
    e->key = arena_str(&e->arena, key);
    e->query = arena_str(&e->arena, made->query);
    e->application = arena_str(&e->arena, made->application);
    e->database = arena_str(&e->arena, made->database);
    e->kind = made->kind;
    e->implicit = made->implicit;
    e->n_statements = made->n_statements;
    e->statements = ARENA_ARRAY(&e->arena, struct str, made->n_statements);
    for (size_t i = 0; i < made->n_statements; i++)
        e->statements[i] = arena_str(&e->arena, made->statements[i]);
    atomic_store(&e->refs, 2);
    atomic_store(&e->last_micros, clock_wall_ns() / 1000);
    map_put(table, key, e);
    a->bytes += entry_bytes(e);
    return e;
}

// ---- which entry a statement has

static void print_query(struct buf *out, const struct ast *ast)
{
    ast_print(out, ast, AST_PRINT_HIDE_CONSTANTS);
    if (out->len <= QUERY_BYTES_MAX)
        return;
    size_t len = QUERY_BYTES_MAX;
    while (len > 0 && ((unsigned char)out->ptr[len] & 0xC0) == 0x80)
        len--; // not inside a character
    out->len = len;
    buf_cstr(out, "…");
}

static struct activity_entry *find_statement(struct session *s, const struct ast *ast, bool implicit)
{
    struct activity *a = s->engine->activity;
    struct buf query = BUF_INIT, key = BUF_INIT;
    buf_reserve(&query, 500); // most need no more
    print_query(&query, ast);
    struct activity_entry made = {
        .query = buf_view(&query),
        .application = str_of(s->values[SETTING_APPLICATION_NAME]),
        .database = str_of(s->values[SETTING_DATABASE]),
        .kind = ast_tag(ast),
        .implicit = implicit,
    };
    buf_reserve(&key, made.application.len + made.database.len + made.query.len + 3);
    buf_str(&key, made.application);
    buf_putc(&key, '\0');
    buf_str(&key, made.database);
    buf_putc(&key, '\0');
    buf_putc(&key, implicit ? '1' : '0');
    buf_str(&key, made.query);
    pthread_mutex_lock(&a->lock);
    struct activity_entry *e = activity_entry_of(a, &a->statements, buf_view(&key), &made);
    pthread_mutex_unlock(&a->lock);
    buf_release(&query);
    buf_release(&key);
    return e;
}

// Application or database have changed: nothing remembered fits any more.
static void forget_texts(struct session *s)
{
    for (size_t i = 0; i < ACTIVITY_TEXTS; i++)
        activity_unref(&s->activity.texts[i].entry);
    s->activity.off = strcmp(s->values[SETTING_APPLICATION_NAME], OWN_APPLICATION) == 0;
    s->activity.texts_epoch = s->activity.epoch;
}

static bool usable(const struct activity_entry *e)
{
    return e != NULL && !atomic_load_explicit(&e->evicted, memory_order_relaxed);
}

// Both are borrowed from what remembers them.
static struct activity_entry *of_prepared(struct session *s, struct prepared *p, bool implicit)
{
    if (p->activity_epoch != s->activity.epoch) {
        activity_unref(&p->activity[0]);
        activity_unref(&p->activity[1]);
        p->activity_epoch = s->activity.epoch;
    }
    if (!usable(p->activity[implicit])) {
        activity_unref(&p->activity[implicit]);
        p->activity[implicit] = find_statement(s, p->ast, implicit);
    }
    return p->activity[implicit];
}

static struct activity_entry *of_text(struct session *s, const struct ast *ast, struct str text, bool implicit)
{
    uint64_t hash = hash_bytes(text.ptr, text.len, implicit);
    struct activity_text *t = &s->activity.texts[hash % ACTIVITY_TEXTS];
    if (usable(t->entry) && t->hash == hash)
        return t->entry;
    activity_unref(&t->entry);
    t->hash = hash;
    t->entry = find_statement(s, ast, implicit);
    return t->entry;
}

// ---- runs

static unsigned bucket_of(int64_t ns)
{
    uint64_t micros = ns > 0 ? (uint64_t)ns / 1000 : 0;
    unsigned bits = micros == 0 ? 0 : 64 - (unsigned)__builtin_clzll(micros);
    return MIN(bits, ACTIVITY_BUCKETS - 1u);
}

static void count(struct activity_entry *e, int64_t ns, uint64_t rows, int code, int64_t now_micros)
{
    ns = MAX(ns, 0);
    atomic_fetch_add_explicit(&e->buckets[bucket_of(ns)], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&e->total_ns, (uint64_t)ns, memory_order_relaxed);
    if (rows > 0)
        atomic_fetch_add_explicit(&e->rows, rows, memory_order_relaxed);
    if (ns > atomic_load_explicit(&e->max_ns, memory_order_relaxed))
        atomic_store_explicit(&e->max_ns, ns, memory_order_relaxed); // a race loses one of two maxima
    atomic_store_explicit(&e->last_micros, now_micros, memory_order_relaxed);
    if (code == 0)
        return;
    atomic_fetch_add_explicit(&e->failures, 1, memory_order_relaxed);
    atomic_store_explicit(&e->last_error, code, memory_order_relaxed);
}

// A transaction's texts, from the entries of its statements that are still there. Under the lock.
static void find_texts(struct activity *a, const struct activity_txn *t, struct arena *arena,
                       struct activity_entry *made)
{
    struct str *texts = ARENA_ARRAY(arena, struct str, t->n);
    size_t it = 0;
    for (uint32_t i = 0; i < t->n; i++)
        texts[i] = STR_EMPTY;
    for (struct map_entry *m; (m = map_next(&a->statements, &it)) != NULL;) {
        const struct activity_entry *e = m->value;
        for (uint32_t i = 0; i < t->n; i++)
            if (t->statements[i] == e->id)
                texts[i] = e->query;
    }
    made->statements = texts;
    made->n_statements = t->n;
}

static struct activity_entry *find_txn(struct session *s, const struct activity_txn *t)
{
    struct activity *a = s->engine->activity;
    struct activity_entry made = {.application = str_of(s->values[SETTING_APPLICATION_NAME])};
    struct arena arena;
    char key[40];
    arena_init(&arena, NULL);
    snprintf(key, sizeof(key), "%016llx%016llx", (unsigned long long)t->hash,
             (unsigned long long)hash_bytes(made.application.ptr, made.application.len, 1));
    pthread_mutex_lock(&a->lock);
    if (map_get(&a->transactions, str_of(key)) == NULL)
        find_texts(a, t, &arena, &made);
    struct activity_entry *e = activity_entry_of(a, &a->transactions, str_of(key), &made);
    pthread_mutex_unlock(&a->lock);
    arena_release(&arena);
    return e;
}

// The transaction that consists of one statement is remembered with it, for as long as that lives.
static struct activity_entry *solo_txn(struct session *s, struct activity_entry *statement)
{
    struct activity_entry *e = atomic_load(&statement->solo), *none = NULL;
    if (usable(e))
        return activity_ref(e);
    if (e != NULL)
        return find_txn(s, &s->activity.txn); // it was evicted
    e = find_txn(s, &s->activity.txn);
    if (atomic_compare_exchange_strong(&statement->solo, &none, e))
        activity_ref(e);
    return e;
}

static void record_txn(struct session *s, struct activity_entry *last)
{
    struct activity_txn *t = &s->activity.txn;
    if (t->n > 0) {
        bool solo = last != NULL && t->n == 1 && last->implicit;
        struct activity_entry *e = solo ? solo_txn(s, last) : find_txn(s, t);
        count(e, t->end_ns - t->start_ns, t->rows, t->committed ? 0 : t->code, s->statement_micros);
        if (t->retries > 0)
            atomic_fetch_add_explicit(&e->retries, t->retries, memory_order_relaxed);
        insights_txn(s, e, t);
        unref(e);
    }
    *t = (struct activity_txn){0};
}

// What is known of the last statement and of the transaction, if it has ended.
static void settle(struct session *s, int64_t end_ns)
{
    struct activity_run *run = &s->activity.run;
    struct activity_entry *e = run->entry;
    if (e != NULL) {
        count(e, end_ns - run->start_ns, run->rows, run->code, s->statement_micros);
        atomic_fetch_add_explicit(&s->engine->activity->runs, 1, memory_order_relaxed);
        if (run->code != 0)
            atomic_fetch_add_explicit(&s->engine->activity->failures, 1, memory_order_relaxed);
        s->activity.txn.rows += run->rows;
        if (run->code != 0)
            s->activity.txn.code = run->code;
        s->activity.txn.end_ns = end_ns;
        s->activity.txn.contended_ns += run->contended_ns;
        insights_statement(s, e, end_ns - run->start_ns);
        run->entry = NULL;
    }
    if (s->activity.txn.ended)
        record_txn(s, e);
    unref(e);
    s->activity.sampling = false;
}

void activity_begin(struct session *s, const struct ast *ast, struct str text, struct prepared *prepared)
{
    struct session_activity *sa = &s->activity;
    int64_t now_ns = clock_mono_ns();
    settle(s, sa->run.end_ns != 0 ? sa->run.end_ns : now_ns);
    if (sa->texts_epoch != sa->epoch)
        forget_texts(s);
    if (sa->off)
        return;
    bool implicit = s->txn_state == TXN_NONE || s->txn_state == TXN_IMPLICIT;
    struct activity_entry *e = prepared != NULL ? of_prepared(s, prepared, implicit) : of_text(s, ast, text, implicit);
    sa->run = (struct activity_run){.entry = activity_ref(e), .start_ns = now_ns, .start_micros = s->statement_micros};
    memcpy(sa->run.statement_id, s->query_id, sizeof(sa->run.statement_id));
    sa->sampling = s->statement_micros - atomic_load_explicit(&e->plan_micros, memory_order_relaxed) > plan_age_micros;
    struct activity_txn *t = &sa->txn;
    if (t->n == 0) {
        t->start_ns = now_ns;
        t->start_micros = s->statement_micros;
        t->implicit = implicit;
    }
    if (!t->repeats && t->n < ACTIVITY_TXN_STATEMENTS)
        t->statements[t->n++] = e->id;
    if (!t->repeats)
        t->hash = hash_u64(t->hash ^ e->id);
    t->repeats = false;
}

void activity_retry(struct session *s, bool from_start)
{
    struct activity_txn *t = &s->activity.txn;
    activity_unref(&s->activity.run.entry);
    t->retries++;
    t->repeats = !from_start;
    if (from_start)
        *t = (struct activity_txn){.retries = t->retries};
}

void activity_txn_end(struct session *s, bool committed)
{
    s->activity.txn.ended = true;
    s->activity.txn.committed = committed;
}

void activity_call_end(struct session *s, int64_t now_ns)
{
    struct activity_run *run = &s->activity.run;
    if (run->entry != NULL && s->txn_state == TXN_IMPLICIT && run->code == 0)
        run->end_ns = now_ns; // Sync will tell
    else if (run->entry != NULL || s->activity.txn.ended)
        settle(s, now_ns);
}

void activity_session_release(struct session *s)
{
    activity_unref(&s->activity.run.entry);
    for (size_t i = 0; i < ACTIVITY_TEXTS; i++)
        activity_unref(&s->activity.texts[i].entry);
}

// ---- plans

static void plan_line(void *arg, struct str line)
{
    struct buf *out = arg;
    if (out->len > ACTIVITY_PLAN_BYTES_MAX)
        return;
    if (out->len > 0)
        buf_putc(out, '\n');
    buf_str(out, line);
}

void activity_sample(struct session *s, const struct statement_plan *plan)
{
    struct activity_entry *e = s->activity.run.entry;
    struct buf text = BUF_INIT;
    s->activity.sampling = false;
    if (e == NULL)
        return;
    plan_explain(plan, 0, NULL, plan_line, &text);
    char *copy = str_dup_c(buf_view(&text));
    buf_release(&text);
    atomic_store(&e->plan_micros, s->statement_micros);
    atomic_store(&e->full_scan, plan->full_scan);
    pthread_mutex_lock(&s->engine->activity->lock);
    char *old = e->plan;
    e->plan = copy;
    pthread_mutex_unlock(&s->engine->activity->lock);
    mem_free(old);
}

// ---- reading

// The upper end of the bucket that holds this share of the runs, but not more than the longest.
static double percentile_ms(const uint64_t *buckets, uint64_t n, double share, double max_ms)
{
    uint64_t seen = 0;
    for (unsigned i = 0; i < ACTIVITY_BUCKETS; i++) {
        seen += buckets[i];
        if ((double)seen >= share * (double)n)
            return MIN((double)((uint64_t)1 << i) / 1000.0, max_ms);
    }
    return max_ms;
}

static void describe(const struct activity_entry *e, struct arena *a, struct virtual_activity *out)
{
    uint64_t buckets[ACTIVITY_BUCKETS];
    *out = (struct virtual_activity){.id = e->id, .kind = e->kind, .implicit = e->implicit};
    for (unsigned i = 0; i < ACTIVITY_BUCKETS; i++)
        out->count += buckets[i] = atomic_load_explicit(&e->buckets[i], memory_order_relaxed);
    out->query = arena_str(a, e->query);
    out->application = arena_str(a, e->application);
    out->database = arena_str(a, e->database);
    out->failures = atomic_load_explicit(&e->failures, memory_order_relaxed);
    out->retries = atomic_load_explicit(&e->retries, memory_order_relaxed);
    out->rows = atomic_load_explicit(&e->rows, memory_order_relaxed);
    out->total_ms = (double)atomic_load_explicit(&e->total_ns, memory_order_relaxed) / 1e6;
    out->max_ms = (double)atomic_load_explicit(&e->max_ns, memory_order_relaxed) / 1e6;
    out->p50_ms = percentile_ms(buckets, out->count, 0.5, out->max_ms);
    out->p90_ms = percentile_ms(buckets, out->count, 0.9, out->max_ms);
    out->p99_ms = percentile_ms(buckets, out->count, 0.99, out->max_ms);
    out->last_micros = atomic_load_explicit(&e->last_micros, memory_order_relaxed);
    out->last_error = atomic_load_explicit(&e->last_error, memory_order_relaxed);
    out->full_scan = atomic_load(&e->full_scan);
    out->plan = e->plan != NULL ? arena_str(a, str_of(e->plan)) : STR_NONE;
    out->n_statements = e->n_statements;
    struct str *texts = ARENA_ARRAY(a, struct str, e->n_statements);
    for (size_t i = 0; i < e->n_statements; i++)
        texts[i] = arena_str(a, e->statements[i]);
    out->statements = texts;
}

void activity_list(struct activity *a, bool transactions, struct arena *arena, struct virtual_activity **out, size_t *n)
{
    struct map *table = transactions ? &a->transactions : &a->statements;
    size_t it = 0;
    pthread_mutex_lock(&a->lock);
    *out = ARENA_ARRAY(arena, struct virtual_activity, table->len);
    *n = 0;
    for (struct map_entry *m; (m = map_next(table, &it)) != NULL;) {
        describe(m->value, arena, &(*out)[*n]);
        *n += (*out)[*n].count > 0;
    }
    pthread_mutex_unlock(&a->lock);
}

int64_t activity_since_micros(struct activity *a)
{
    pthread_mutex_lock(&a->lock);
    int64_t since = a->since_micros;
    pthread_mutex_unlock(&a->lock);
    return since;
}
