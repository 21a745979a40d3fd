// Rows of a portal that outlive its snapshot: of a WITH HOLD cursor after its transaction, of others under READ
// COMMITTED.
#include "sql/session/session_int.h"

struct row_buffer {
    struct arena arena;
    struct datum **rows;
    size_t n, cap, at;
    size_t n_columns;
    const struct result_column *columns;
};

void row_buffer_release(struct row_buffer *b)
{
    mem_free(b->rows);
    arena_release(&b->arena);
    mem_free(b);
}

static void add_row(struct row_buffer *b, const struct execution *e, const struct batch *batch, uint32_t row)
{
    if (b->n == b->cap) {
        b->cap = MAX((size_t)64, b->cap * 2);
        b->rows = mem_realloc(b->rows, size_mul(b->cap, sizeof(*b->rows)));
    }
    struct datum *copy = ARENA_ARRAY(&b->arena, struct datum, b->n_columns);
    for (size_t c = 0; c < b->n_columns; c++)
        copy[c] = datum_copy(&b->arena, b->columns[c].type, vec_get(&batch->cols[e->map[c]], row));
    b->rows[b->n++] = copy;
}

int row_buffer_fill(struct session *s, struct portal *p, struct err *err)
{
    struct row_buffer *b = mem_zalloc(sizeof(*b));
    arena_init(&b->arena, &s->budget);
    b->columns = p->statement->columns;
    b->n_columns = p->statement->n_columns;
    p->held = b;
    p->held_ready = true;
    struct batch batch;
    struct execution *e = p->execution;
    for (; e->pending_at < e->pending.n; e->pending_at++)
        add_row(b, e, &e->pending, batch_row(&e->pending, e->pending_at));
    if (e->finished)
        return 0;
    do {
        TRY(exec_next(&e->x, &batch, err));
        for (uint32_t k = 0; k < batch.n; k++)
            add_row(b, e, &batch, batch_row(&batch, k));
        TRY(budget_check(&s->budget, err));
    } while (batch.n > 0);
    e->finished = true;
    return 0;
}

int row_buffer_send(struct session *s, struct portal *p, uint64_t count, uint64_t *sent, bool *done, struct err *err)
{
    struct row_buffer *b = p->held;
    struct arena a;
    arena_init(&a, &s->budget);
    *sent = 0;
    int rc = 0;
    while (rc == 0 && b->at < b->n && *sent < count) {
        uint32_t n = (uint32_t)MIN(MIN((uint64_t)(b->n - b->at), count - *sent), (uint64_t)BATCH_ROWS_MAX);
        struct batch batch = {
            .n = n, .ncols = (uint32_t)b->n_columns, .cols = ARENA_ARRAY(&a, struct vec, b->n_columns)};
        for (size_t c = 0; c < b->n_columns; c++) {
            vec_init(&batch.cols[c], &a, b->columns[c].type, n);
            for (uint32_t i = 0; i < n; i++)
                vec_set(&batch.cols[c], i, b->rows[b->at + i][c]);
        }
        rc = s->sink->ops->rows(s->sink, &batch, err);
        b->at += n;
        *sent += n;
        arena_reset(&a);
    }
    arena_release(&a);
    *done = b->at == b->n;
    return rc;
}
