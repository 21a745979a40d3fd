// COPY FROM STDIN and COPY TO STDOUT. Incoming data is cut into records, records are parsed into batches, and every
// full batch is run through an INSERT plan whose source it is; all of it in one transaction.
#include "sql/session/as_of_int.h"
#include "sql/session/copy_int.h"
#include <stdio.h>

static const char binary_signature[] = "PGCOPY\n\377\r\n"; // and its terminating zero

struct copy_in {
    struct arena arena; // plan
    struct arena rows;  // values of the batch
    struct copy_options options;
    struct statement_plan *plan;
    size_t n_columns;
    struct type *types;
    struct str *names;
    struct buf pending; // bytes of an unfinished record
    struct copy_piece piece;
    struct trigger_queue triggers;
    bool has_triggers;
    uint64_t n_rows, line;
    bool skip_header, ended, binary_started;
    bool extended; // by Execute: Sync commits
    char *rest;    // statements after the COPY
    struct copy_field *fields;
};

void copy_abort(struct session *s)
{
    struct copy_in *c = s->copy;
    if (c == NULL)
        return;
    buf_release(&c->pending);
    arena_release(&c->rows);
    arena_release(&c->arena);
    mem_free(c->rest);
    mem_free(c);
    s->copy = NULL;
}

void copy_set_rest(struct session *s, struct str text)
{
    s->copy->rest = str_dup_c(text);
}

// Started by the extended protocol: Sync ends the implicit transaction.
void copy_by_execute(struct session *s)
{
    s->copy->extended = true;
}

bool session_in_copy(const struct session *s)
{
    return s->copy != NULL;
}

// ---- in

static void batch_start(struct copy_in *c)
{
    arena_reset(&c->rows);
    c->piece.rows =
        (struct batch){.cols = ARENA_ARRAY(&c->rows, struct vec, c->n_columns), .ncols = (uint32_t)c->n_columns};
    for (size_t i = 0; i < c->n_columns; i++)
        vec_init(&c->piece.rows.cols[i], &c->rows, c->types[i], BATCH_ROWS_MAX);
}

static int flush(struct session *s, struct copy_in *c, bool last, struct err *err)
{
    if (c->piece.rows.n == 0 && !(last && c->has_triggers))
        return 0;
    c->piece.last = last;
    struct execution *e;
    TRY(execution_start_copy(s, c->plan, &c->piece, &e, err));
    uint64_t sent;
    bool done;
    int rc = execution_send(s, e, 0, &sent, &done, err);
    c->n_rows += e->x.rows_affected;
    execution_free(e);
    batch_start(c);
    return rc;
}

static int add_row(struct session *s, struct copy_in *c, const struct datum *row, struct err *err)
{
    for (size_t i = 0; i < c->n_columns; i++)
        vec_set(&c->piece.rows.cols[i], c->piece.rows.n, row[i]);
    if (++c->piece.rows.n == BATCH_ROWS_MAX)
        return flush(s, c, false, err);
    return 0;
}

static int text_value(struct session *s, struct copy_in *c, size_t i, struct datum *out, struct err *err)
{
    *out = DATUM_NULL;
    if (c->fields[i].null)
        return 0;
    struct type t = c->types[i];
    struct str text = arena_str(&c->rows, c->fields[i].text);
    if (!utf8_valid(text))
        return err_set(err, ERR_CHARACTER_NOT_IN_REPERTOIRE, "invalid byte sequence for encoding \"UTF8\"");
    out->null = false;
    TRY(datum_parse(&c->rows, t, text, &s->vc, out, err));
    return datum_fit(&c->rows, t, false, *out, out, err);
}

static int text_record(struct session *s, struct copy_in *c, struct str record, struct err *err)
{
    c->line++;
    if (c->skip_header) {
        c->skip_header = false;
        return 0;
    }
    if (record.len < 8 && str_eqc(str_trim(record), "\\.")) {
        c->ended = true;
        return 0;
    }
    TRY(copy_record_split(&c->rows, &c->options, record, c->n_columns, c->fields, err));
    struct datum *row = ARENA_ARRAY(&c->rows, struct datum, c->n_columns);
    for (size_t i = 0; i < c->n_columns; i++)
        TRY(text_value(s, c, i, &row[i], err));
    return add_row(s, c, row, err);
}

static int text_data(struct session *s, struct copy_in *c, bool at_end, struct err *err)
{
    size_t at = 0;
    while (at < c->pending.len && !c->ended) {
        struct str left = str_slice(buf_view(&c->pending), at, c->pending.len);
        size_t n = copy_record_length(&c->options, left, at_end);
        if (n == 0)
            break;
        TRY(text_record(s, c, str_slice(left, 0, n), err));
        at += n;
    }
    buf_consume(&c->pending, at);
    return 0;
}

static int bad_binary(struct err *err)
{
    return err_set(err, ERR_BAD_COPY_FILE_FORMAT, "malformed binary COPY data");
}

// Bytes of the whole record at the front, 0 when incomplete.
static int binary_length(const struct copy_in *c, struct str data, size_t *out, struct err *err)
{
    *out = 0;
    if (data.len < 2)
        return 0;
    int16_t n = (int16_t)load_be16(data.ptr);
    if (n == -1) {
        *out = 2;
        return 0;
    }
    if (n < 0 || (size_t)n != c->n_columns)
        return bad_binary(err);
    size_t at = 2;
    for (int16_t i = 0; i < n; i++) {
        if (data.len - at < 4)
            return 0;
        int32_t len = (int32_t)load_be32(data.ptr + at);
        at += 4;
        if (len < -1)
            return bad_binary(err);
        if (len > 0) {
            if (data.len - at < (size_t)len)
                return 0;
            at += (size_t)len;
        }
    }
    *out = at;
    return 0;
}

static int binary_record(struct session *s, struct copy_in *c, struct str record, struct err *err)
{
    if ((int16_t)load_be16(record.ptr) == -1) {
        c->ended = true;
        return 0;
    }
    struct datum *row = ARENA_ARRAY(&c->rows, struct datum, c->n_columns);
    size_t at = 2;
    for (size_t i = 0; i < c->n_columns; i++) {
        int32_t len = (int32_t)load_be32(record.ptr + at);
        at += 4;
        row[i] = DATUM_NULL;
        if (len < 0)
            continue;
        struct str bytes = arena_str(&c->rows, (struct str){record.ptr + at, (size_t)len});
        at += (size_t)len;
        row[i].null = false;
        TRY(datum_from_binary(&c->rows, c->types[i], bytes, &row[i], err));
        TRY(datum_fit(&c->rows, c->types[i], false, row[i], &row[i], err));
    }
    return add_row(s, c, row, err);
}

static int binary_data(struct session *s, struct copy_in *c, struct err *err)
{
    if (!c->binary_started) {
        size_t header = sizeof(binary_signature) + 8;
        if (c->pending.len < header)
            return 0;
        if (memcmp(c->pending.ptr, binary_signature, sizeof(binary_signature)) != 0)
            return err_set(err, ERR_BAD_COPY_FILE_FORMAT, "COPY file signature not recognized");
        uint32_t extension = load_be32(c->pending.ptr + sizeof(binary_signature) + 4);
        if (c->pending.len < header + extension)
            return 0;
        buf_consume(&c->pending, header + extension);
        c->binary_started = true;
    }
    size_t at = 0;
    while (!c->ended) {
        struct str left = str_slice(buf_view(&c->pending), at, c->pending.len);
        size_t n;
        TRY(binary_length(c, left, &n, err));
        if (n == 0)
            break;
        TRY(binary_record(s, c, str_slice(left, 0, n), err));
        at += n;
    }
    buf_consume(&c->pending, at);
    return 0;
}

static int take_data(struct session *s, bool at_end, struct err *err)
{
    struct copy_in *c = s->copy;
    int rc = c->options.format == COPY_FORMAT_BINARY ? binary_data(s, c, err) : text_data(s, c, at_end, err);
    if (rc == 0 && at_end && !c->ended && c->pending.len > 0)
        rc = err_set(err, ERR_BAD_COPY_FILE_FORMAT, "unexpected end of COPY data");
    if (rc == 0)
        rc = session_interrupted(s, err);
    return rc;
}

static int copy_failed(struct session *s, int rc)
{
    copy_abort(s);
    if (s->txn_state == TXN_IMPLICIT)
        session_rollback(s);
    else
        txn_fail(s, rc);
    s->protocol_failed = true;
    return rc;
}

int session_copy_data(struct session *s, struct str bytes, struct result_sink *sink, struct err *err)
{
    if (s->copy->ended)
        return 0;
    s->sink = sink;
    buf_str(&s->copy->pending, bytes);
    metering_begin(s);
    int rc = take_data(s, false, err);
    metering_end(s);
    s->sink = NULL;
    return rc == 0 ? 0 : copy_failed(s, rc);
}

static int copy_finish(struct session *s, struct err *err)
{
    TRY(take_data(s, true, err));
    TRY(flush(s, s->copy, true, err));
    return s->txn_state == TXN_IMPLICIT && !s->copy->extended ? session_commit(s, err) : 0;
}

int session_copy_done(struct session *s, struct result_sink *sink, struct err *err)
{
    s->sink = sink;
    metering_begin(s);
    int rc = copy_finish(s, err);
    metering_end(s);
    if (rc != 0) {
        s->sink = NULL;
        return copy_failed(s, rc);
    }
    char tag[40];
    snprintf(tag, sizeof(tag), "COPY %llu", (unsigned long long)s->copy->n_rows);
    s->statements_in_txn++;
    sink->ops->complete(sink, str_of(tag));
    char *rest = s->copy->rest;
    s->copy->rest = NULL;
    copy_abort(s);
    s->sink = NULL;
    if (rest != NULL)
        rc = session_query(s, str_of(rest), sink, err);
    mem_free(rest);
    return rc;
}

int session_copy_fail(struct session *s, struct str reason, struct result_sink *sink, struct err *err)
{
    err_set(err, ERR_QUERY_CANCELED, "COPY from stdin failed: %.*s", STR_FMT(reason));
    return copy_failed(s, ERR_QUERY_CANCELED);
}

static int start_in(struct session *s, const struct ast *ast, const struct copy_options *o, struct err *err)
{
    if (s->txn_read_only)
        return err_set(err, ERR_READ_ONLY_SQL_TRANSACTION, "cannot execute COPY FROM in a read-only transaction");
    struct copy_in *c = mem_zalloc(sizeof(*c));
    s->copy = c;
    arena_init(&c->arena, &s->budget);
    arena_init(&c->rows, &s->budget);
    c->options = *o;
    c->options.null_text = arena_str(&c->arena, o->null_text);
    c->skip_header = o->header;
    struct analyze_options options;
    struct eval_context fold;
    analyze_options_init(s, &options, &fold, &c->arena);
    struct query *q;
    const col_id *cols;
    bool moved;
    do {
        TRY(analyze_copy_target(&c->arena, &options, ast, &q, &cols, &c->n_columns, err));
        TRY(lock_written_tables(s, q, &moved, err));
    } while (moved);
    TRY(check_statement_privileges(s, q, err));
    c->types = ARENA_ARRAY(&c->arena, struct type, c->n_columns);
    for (size_t i = 0; i < c->n_columns; i++)
        c->types[i] = q->columns.ptr[cols[i]].type;
    struct optimize_options opt = {0};
    c->plan = optimize(q, &opt);
    c->has_triggers = c->plan->root->mutation->table->n_triggers > 0;
    c->triggers.arena = &c->arena;
    c->piece.triggers = &c->triggers;
    c->fields = ARENA_ARRAY(&c->arena, struct copy_field, c->n_columns + 1);
    batch_start(c);
    return 0;
}

// ---- out

static const struct ast *table_query(struct arena *a, const struct ast_copy *copy)
{
    struct ast_select_core *core = AST_NEW(a, SELECT_CORE, select_core, 0);
    struct ast_aliased_table *from = AST_NEW(a, ALIASED_TABLE, aliased_table, 0);
    from->source = copy->table;
    ast_list_push(a, &core->from, &from->base);
    for (size_t i = 0; i <= copy->columns.n; i++) {
        if (i == copy->columns.n && i > 0)
            break;
        struct ast_column_ref *ref = AST_NEW(a, COLUMN_REF, column_ref, 0);
        if (copy->columns.n == 0)
            ref->star = true;
        else
            ref->column = ast_as_name(copy->columns.items[i])->name;
        struct ast_target *target = AST_NEW(a, TARGET, target, 0);
        target->expr = &ref->base;
        ast_list_push(a, &core->targets, &target->base);
    }
    struct ast_select *sel = AST_NEW(a, SELECT, select, 0);
    sel->body = &core->base;
    return &sel->base;
}

struct copy_out {
    struct result_sink sink; // first: rows arrive here
    struct result_sink *client;
    struct session *s;
    const struct copy_options *options;
    struct buf buf;
    uint64_t n_rows;
};

static void binary_row(struct copy_out *o, const struct batch *b, uint32_t row)
{
    buf_be16(&o->buf, (uint16_t)b->ncols);
    for (uint32_t c = 0; c < b->ncols; c++) {
        struct datum d = vec_get(&b->cols[c], row);
        size_t at = o->buf.len;
        buf_be32(&o->buf, UINT32_MAX);
        if (d.null)
            continue;
        datum_to_binary(&o->buf, b->cols[c].type, d, &o->s->vc);
        buf_patch_be32(&o->buf, at, (uint32_t)(o->buf.len - at - 4));
    }
}

static void out_notice(struct result_sink *sink, const struct err *notice)
{
    struct copy_out *o = CONTAINER_OF(sink, struct copy_out, sink);
    o->client->ops->notice(o->client, notice);
}

static int out_rows(struct result_sink *sink, const struct batch *b, struct err *err)
{
    struct copy_out *o = (struct copy_out *)sink;
    for (uint32_t k = 0; k < b->n; k++) {
        uint32_t row = batch_row(b, k);
        if (o->n_rows > 0 || o->options->format != COPY_FORMAT_BINARY)
            buf_clear(&o->buf);
        if (o->options->format == COPY_FORMAT_BINARY) {
            binary_row(o, b, row);
        } else {
            for (uint32_t c = 0; c < b->ncols; c++) {
                if (c > 0)
                    buf_putc(&o->buf, o->options->delimiter);
                copy_field_print(&o->buf, o->options, b->cols[c].type, vec_get(&b->cols[c], row), &o->s->vc,
                                 b->ncols == 1);
            }
            buf_putc(&o->buf, '\n');
        }
        TRY(o->client->ops->copy_data(o->client, buf_view(&o->buf), err));
        o->n_rows++;
    }
    return 0;
}

// The binary header goes out with the first row, as PostgreSQL sends it: clients count on a row in every message.
static int out_prologue(struct copy_out *o, const struct query *q, struct err *err)
{
    buf_clear(&o->buf);
    if (o->options->format == COPY_FORMAT_BINARY) {
        buf_append(&o->buf, binary_signature, sizeof(binary_signature));
        buf_be32(&o->buf, 0);
        buf_be32(&o->buf, 0);
        return 0;
    }
    if (o->options->header) {
        for (uint32_t i = 0; i < q->n_output; i++) {
            if (i > 0)
                buf_putc(&o->buf, o->options->delimiter);
            copy_name_print(&o->buf, o->options, q->output_names[i]);
        }
        buf_putc(&o->buf, '\n');
    }
    return o->buf.len > 0 ? o->client->ops->copy_data(o->client, buf_view(&o->buf), err) : 0;
}

static int send_out(struct session *s, struct statement_plan *plan, const struct copy_options *options,
                    uint64_t *n_rows, struct err *err)
{
    static const struct result_sink_ops ops = {.rows = out_rows, .notice = out_notice};
    struct copy_out o = {.sink = {&ops}, .client = s->sink, .s = s, .options = options};
    struct execution *e;
    TRY(execution_start(s, plan, NULL, &e, err));
    o.client->ops->copy_begin(o.client, false, options->format, plan->query->n_output);
    int rc = out_prologue(&o, plan->query, err);
    s->sink = &o.sink;
    uint64_t sent;
    bool done;
    if (rc == 0)
        rc = execution_send(s, e, 0, &sent, &done, err);
    s->sink = o.client;
    if (rc == 0 && options->format == COPY_FORMAT_BINARY) {
        if (o.n_rows > 0)
            buf_clear(&o.buf);
        buf_be16(&o.buf, UINT16_MAX);
        rc = o.client->ops->copy_data(o.client, buf_view(&o.buf), err);
    }
    if (rc == 0)
        o.client->ops->copy_done(o.client);
    *n_rows = o.n_rows;
    execution_free(e);
    buf_release(&o.buf);
    return rc;
}

static int run_out(struct session *s, const struct ast_copy *copy, const struct copy_options *options, struct arena *a,
                   struct str *tag, struct err *err)
{
    const struct ast *query = copy->query != NULL ? copy->query : table_query(a, copy);
    struct statement_plan *plan;
    TRY(as_of_begin(s, query, &(struct as_of_arguments){0}, a, err));
    TRY(plan_statement(s, a, query, NULL, 0, &plan, err));
    if (!plan->query->returns_rows)
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "COPY query must have a RETURNING clause");
    uint64_t n;
    TRY(send_out(s, plan, options, &n, err));
    *tag = arena_printf(a, "COPY %llu", (unsigned long long)n);
    return 0;
}

int copy_start(struct session *s, const struct ast *ast, struct arena *a, struct str *tag, bool *in_progress,
               struct err *err)
{
    const struct ast_copy *copy = ast_as_copy(ast);
    struct copy_options options;
    TRY(copy_options_parse(copy, &options, err));
    if (!copy->from)
        return run_out(s, copy, &options, a, tag, err);
    int rc = start_in(s, ast, &options, err);
    if (rc != 0) {
        copy_abort(s);
        return rc;
    }
    *in_progress = true;
    s->sink->ops->copy_begin(s->sink, true, options.format, s->copy->n_columns);
    return 0;
}
