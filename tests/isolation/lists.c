#include "isolation/lists.h"

#include "base/err.h"
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void lists_client_init(struct lists_client *c, int (*query)(struct lists_client *c, const char *sql), uint64_t seed,
                       _Atomic int *next_element)
{
    *c = (struct lists_client){.query = query, .next_element = next_element};
    arena_init(&c->arena, NULL);
    c->history.arena = &c->arena;
    rng_seed(&c->rng, seed);
}

void lists_client_release(struct lists_client *c)
{
    buf_release(&c->rows);
    arena_release(&c->arena);
}

int lists_run(struct lists_client *c, const char *fmt, ...)
{
    char sql[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(sql, sizeof(sql), fmt, ap);
    va_end(ap);
    buf_clear(&c->rows);
    return c->query(c, sql);
}

static int below(struct lists_client *c, int n)
{
    return (int)rng_below(&c->rng, (uint64_t)n);
}

// "1,2,3" to numbers.
static void read_list(struct lists_client *c, struct history_op *op, const char *text)
{
    ARENA_VEC(int) list = {0};
    for (const char *at = text; *at >= '0' && *at <= '9';) {
        char *end;
        ARENA_PUSH(&c->arena, &list, (int)strtol(at, &end, 10));
        at = *end == ',' ? end + 1 : end;
    }
    op->list = list.ptr;
    op->n = (int)list.len;
}

static void note_read(struct lists_client *c, struct history_txn *t, int key, const char *text)
{
    struct history_op op = {.key = key};
    read_list(c, &op, text);
    ARENA_PUSH(&c->arena, &t->ops, op);
}

// The rows `key|list` of the last statement; keys from..to without a row are empty lists.
static void note_rows(struct lists_client *c, struct history_txn *t, int from, int to)
{
    const char *at = buf_c(&c->rows);
    for (int key = from; key < to; key++) {
        char *end;
        long row = *at != '\0' ? strtol(at, &end, 10) : -1;
        if (row != key) {
            note_read(c, t, key, "");
            continue;
        }
        note_read(c, t, key, end + 1);
        at = strchr(end, '\n') + 1;
    }
}

static int append(struct lists_client *c, struct history_txn *t, int key, int generation)
{
    int e = atomic_fetch_add(c->next_element, 1), rc;
    struct history_op op = {.append = true, .key = key, .element = e};
    switch (below(c, 3)) {
    case 0:
        rc = lists_run(c, "INSERT INTO lists VALUES (%d, %d, '%d') ON CONFLICT (k) DO UPDATE SET v = lists.v || ',%d'",
                       key, generation, e, e);
        break;
    case 1: { // what the client has read, written back longer
        rc = lists_run(c, "SELECT k, v FROM lists WHERE k = %d", key);
        if (rc != 0)
            return rc;
        note_rows(c, t, key, key + 1);
        const struct history_op *read = &t->ops.ptr[t->ops.len - 1];
        struct buf list = BUF_INIT;
        for (int i = 0; i < read->n; i++)
            buf_printf(&list, "%d,", read->list[i]);
        buf_printf(&list, "%d", e);
        rc = list.len > 400 ? lists_run(c, "UPDATE lists SET v = v || ',%d' WHERE k = %d", e, key)
                            : lists_run(c, "UPSERT INTO lists VALUES (%d, %d, '%s')", key, generation, buf_c(&list));
        buf_release(&list);
        break;
    }
    default:
        rc = lists_run(c, "UPDATE lists SET v = v || ',%d' WHERE k = %d", e, key);
        if (rc == 0 && c->rows.len > 0)
            rc = lists_run(c, "INSERT INTO lists VALUES (%d, %d, '%d')", key, generation, e);
        break;
    }
    ARENA_PUSH(&c->arena, &t->ops, op);
    return rc;
}

static int read_some(struct lists_client *c, struct history_txn *t, int generation)
{
    int first = generation * LISTS_KEYS_AT_ONCE, key = first + below(c, LISTS_KEYS_AT_ONCE), rc;
    switch (below(c, 4)) {
    case 0:
        rc = lists_run(c, "SELECT k, v FROM lists WHERE g = %d ORDER BY k", generation);
        if (rc == 0)
            note_rows(c, t, first, first + LISTS_KEYS_AT_ONCE);
        break;
    case 1:
        rc =
            lists_run(c, "SELECT k, v FROM lists WHERE k >= %d AND k < %d ORDER BY k", key, first + LISTS_KEYS_AT_ONCE);
        if (rc == 0)
            note_rows(c, t, key, first + LISTS_KEYS_AT_ONCE);
        break;
    default:
        rc = lists_run(c, "SELECT k, v FROM lists WHERE k = %d", key);
        if (rc == 0)
            note_rows(c, t, key, key + 1);
        break;
    }
    return rc;
}

int lists_transaction(struct lists_client *c, int number)
{
    struct history_txn t = {.began_ns = clock_mono_ns()};
    int generation = number / LISTS_TXNS_PER_GENERATION, n_ops = 1 + below(c, 4);
    bool read_only = below(c, 4) == 0;
    int rc = lists_run(c, read_only ? "BEGIN READ ONLY" : "BEGIN");
    for (int i = 0; i < n_ops && rc == 0; i++) {
        if (read_only || below(c, 2))
            rc = read_some(c, &t, generation);
        else
            rc = append(c, &t, generation * LISTS_KEYS_AT_ONCE + below(c, LISTS_KEYS_AT_ONCE), generation);
    }
    if (rc == 0) {
        rc = lists_run(c, "COMMIT");
        t.unknown = rc == LISTS_LOST || rc == ERR_STATEMENT_COMPLETION_UNKNOWN;
    }
    if (rc != 0 && rc != LISTS_LOST) {
        int ignored = lists_run(c, "ROLLBACK");
        (void)ignored;
    }
    t.ended_ns = clock_mono_ns();
    t.committed = rc == 0;
    ARENA_PUSH(&c->arena, &c->history.txns, t);
    return rc;
}

int lists_read_all(struct lists_client *c, int transactions, struct history_txn *out)
{
    *out = (struct history_txn){.began_ns = clock_mono_ns(), .committed = true};
    int keys = (transactions / LISTS_TXNS_PER_GENERATION + 1) * LISTS_KEYS_AT_ONCE;
    int rc = lists_run(c, "SELECT k, v FROM lists ORDER BY k");
    if (rc == 0)
        note_rows(c, out, 0, keys);
    out->ended_ns = clock_mono_ns();
    return rc;
}
