// Key-value: reads and blind writes of single rows with random keys.
#include "cli/workload_int.h"
#include <stdio.h>

#define ROWS_PER_INSERT 500

static void append_value(struct buf *b, struct rng *rng, size_t len)
{
    for (size_t i = 0; i < len; i++)
        buf_putc(b, (char)('a' + rng_below(rng, 26)));
}

static int kv_init(PGconn *conn, const struct workload_options *options, struct err *err)
{
    struct buf sql = BUF_INIT;
    struct rng rng;
    rng_seed(&rng, (uint64_t)options->seed);
    int rc = workload_execute(conn, "CREATE TABLE kv (k INT8 NOT NULL PRIMARY KEY, v TEXT NOT NULL)", err);
    for (int64_t at = 0; rc == 0 && at < options->rows; at += ROWS_PER_INSERT) {
        buf_clear(&sql);
        buf_cstr(&sql, "INSERT INTO kv VALUES ");
        for (int64_t i = at; i < MIN(at + ROWS_PER_INSERT, options->rows); i++) {
            buf_printf(&sql, "%s(%lld,'", i > at ? "," : "", (long long)i);
            append_value(&sql, &rng, (size_t)options->payload_bytes);
            buf_cstr(&sql, "')");
        }
        rc = workload_execute(conn, buf_c(&sql), err);
    }
    buf_release(&sql);
    return rc;
}

static int kv_prepare(PGconn *conn, struct err *err)
{
    TRY(workload_execute(conn, "PREPARE kv_read (INT8) AS SELECT k, v FROM kv WHERE k = $1", err));
    return workload_execute(conn,
                            "PREPARE kv_write (INT8, TEXT) AS INSERT INTO kv (k, v) VALUES ($1, $2) ON CONFLICT (k) "
                            "DO UPDATE SET v = excluded.v",
                            err);
}

static PGresult *kv_operate(PGconn *conn, struct rng *rng, const struct workload_options *options)
{
    char key[24];
    uint64_t keys = options->rows > 0 ? (uint64_t)options->rows : UINT64_C(1) << 62;
    snprintf(key, sizeof key, "%llu", (unsigned long long)rng_below(rng, keys));
    const char *values[] = {key, NULL};
    if ((int64_t)rng_below(rng, 100) < options->read_percent)
        return PQexecPrepared(conn, "kv_read", 1, values, NULL, NULL, 0);
    struct buf value = BUF_INIT;
    append_value(&value, rng, (size_t)options->payload_bytes);
    values[1] = buf_c(&value);
    PGresult *result = PQexecPrepared(conn, "kv_write", 2, values, NULL, NULL, 0);
    buf_release(&value);
    return result;
}

const struct workload workload_kv = {
    .name = "kv",
    .operation = "op",
    .rows_default = 0,
    .init = kv_init,
    .prepare = kv_prepare,
    .operate = kv_operate,
};
