// Bank: accounts with balances; each operation moves money between two of them. The sum never changes.
#include "cli/workload_int.h"
#include <stdio.h>

#define ROWS_PER_INSERT 500
#define AMOUNT_MAX 1000

static int bank_init(PGconn *conn, const struct workload_options *options, struct err *err)
{
    struct buf sql = BUF_INIT;
    int rc = workload_execute(conn, "CREATE TABLE bank (id INT8 PRIMARY KEY, balance INT8, payload TEXT)", err);
    for (int64_t at = 0; rc == 0 && at < options->rows; at += ROWS_PER_INSERT) {
        buf_clear(&sql);
        buf_cstr(&sql, "INSERT INTO bank VALUES ");
        for (int64_t i = at; i < MIN(at + ROWS_PER_INSERT, options->rows); i++) {
            buf_printf(&sql, "%s(%lld,0,'", i > at ? "," : "", (long long)i);
            buf_fill(&sql, 'x', (size_t)options->payload_bytes);
            buf_cstr(&sql, "')");
        }
        rc = workload_execute(conn, buf_c(&sql), err);
    }
    buf_release(&sql);
    return rc;
}

static int bank_prepare(PGconn *conn, struct err *err)
{
    return workload_execute(conn,
                            "PREPARE transfer (INT8, INT8, INT8) AS UPDATE bank SET balance = CASE id WHEN $1 THEN "
                            "balance - $3 WHEN $2 THEN balance + $3 END WHERE id IN ($1, $2)",
                            err);
}

static PGresult *bank_operate(PGconn *conn, struct rng *rng, const struct workload_options *options)
{
    char from[24], to[24], amount[24];
    uint64_t source = rng_below(rng, (uint64_t)options->rows);
    uint64_t target = (source + 1 + rng_below(rng, (uint64_t)options->rows - 1)) % (uint64_t)options->rows;
    snprintf(from, sizeof from, "%llu", (unsigned long long)source);
    snprintf(to, sizeof to, "%llu", (unsigned long long)target);
    snprintf(amount, sizeof amount, "%llu", (unsigned long long)rng_below(rng, AMOUNT_MAX));
    const char *values[] = {from, to, amount};
    return PQexecPrepared(conn, "transfer", 3, values, NULL, NULL, 0);
}

const struct workload workload_bank = {
    .name = "bank",
    .operation = "transfer",
    .rows_default = 1000,
    .init = bank_init,
    .prepare = bank_prepare,
    .operate = bank_operate,
};
