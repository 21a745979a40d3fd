// CREATE INDEX on a large table without stopping its writers: a job.
//
//   1. the index is added to the descriptor as write-only: who writes rows keeps its entries, nobody reads it
//   2. the entries of rows there were before are put, a piece of the table at a time, each piece in a transaction of
//   its
//      own that validates what it has read: a row changed meanwhile is read again
//   3. of a unique index, pieces are put once more until none is missing: a duplicate removed in between takes the
//   entry of
//      its twin with it
//   4. the index becomes public together with the job's success
//
// After a crash the job goes on at the piece it was at. When it fails or is canceled the index goes away again. Small
// tables and explicit transactions do not come here: their index is part of the transaction.
#include "sql/session/jobs_int.h"
#include "sql/session/show_int.h"

enum { PIECE_ROWS = 2000, PIECE_ROWS_MIN = 8, PIECE_ATTEMPTS_MAX = 1000, ROWS_MIN_DEFAULT = 50000 };

// Payload: statement, database, search path. Progress: table and index, passes done, whether this pass has put entries,
// the key where it is.
struct online_index {
    struct job *job;
    struct session *session;
    struct arena arena;
    uint32_t table_id, index_id;
    uint64_t passes;
    bool put_any;
    struct str at;               // empty: the beginning
    struct backfill_piece piece; // counts when its transaction is committed
    uint32_t piece_rows;
    bool reverting; // goes on whatever is asked of the job
};

// ---- the statement

static int threshold(struct session *s, int64_t *out, struct err *err)
{
    struct str text;
    TRY(cat_setting_get(s->view, STR("sql.online_index.min_rows"), &text, err));
    if (text.ptr == NULL || !str_to_i64(text, out))
        *out = ROWS_MIN_DEFAULT;
    return 0;
}

int online_index_wanted(struct session *s, const struct ast *ast, bool *out, struct err *err)
{
    struct show sh = {.session = s, .view = s->view};
    const struct cat_table *t;
    int64_t rows, min;
    *out = false;
    if (ast->kind != AST_CREATE_INDEX || s->job != NULL || s->txn_state != TXN_IMPLICIT || s->statements_in_txn > 0 ||
        s->batch_statements > 1 || s->txn_read_only ||
        show_table(&sh, ast_as_create_index(ast)->table, &t, NULL) != 0 || t->kind != CAT_TABLE)
        return 0;
    TRY(cat_row_count(s->view, t->id, &rows, err));
    TRY(threshold(s, &min, err));
    *out = rows >= min;
    return 0;
}

int run_online_index(struct session *s, const struct ast *ast, struct err *err)
{
    struct buf payload = BUF_INIT, text = BUF_INIT;
    struct job *job;
    ast_print(&text, ast, AST_PRINT_DEFAULT);
    payload_put_str(&payload, buf_view(&text));
    payload_put_str(&payload, str_of(s->values[SETTING_DATABASE]));
    payload_put_str(&payload, str_of(setting_text(s, SETTING_SEARCH_PATH)));
    int rc = session_start_job(s, "NEW SCHEMA CHANGE", ast, buf_view(&payload), &job, err);
    if (rc == 0) {
        rc = job_wait(job, session_interrupted, s, err);
        job_unref(job);
    }
    buf_release(&payload);
    buf_release(&text);
    return rc;
}

// ---- progress

static void encode_progress(const struct online_index *o, struct buf *out)
{
    payload_put_u64(out, o->table_id);
    payload_put_u64(out, o->index_id);
    payload_put_u64(out, o->passes);
    payload_put_u64(out, o->put_any);
    payload_put_str(out, o->at);
}

static void decode_progress(struct online_index *o)
{
    struct str progress = job_progress(o->job);
    if (progress.len == 0)
        return;
    o->table_id = (uint32_t)payload_get_u64(&progress);
    o->index_id = (uint32_t)payload_get_u64(&progress);
    o->passes = payload_get_u64(&progress);
    o->put_any = payload_get_u64(&progress) != 0;
    o->at = arena_str(&o->arena, payload_get_str(&progress));
}

static int store_progress(struct online_index *o, double fraction, struct err *err)
{
    struct buf progress = BUF_INIT;
    encode_progress(o, &progress);
    int rc = job_update(o->job, fraction, buf_view(&progress), err);
    buf_release(&progress);
    return rc;
}

// ---- steps in transactions of the job's session

static int in_txn(struct online_index *o, int (*work)(struct online_index *o, struct err *err), struct err *err)
{
    struct session *s = o->session;
    struct job_mark before = job_mark(o->job);
    int rc = 0;
    for (int attempt = 0; attempt < PIECE_ATTEMPTS_MAX; attempt++) {
        err_reset(err);
        if (!o->reverting)
            TRY(job_check(o->job, err));
        statement_clock_start(s);
        TRY(session_begin(s, TXN_IMPLICIT, err));
        rc = work(o, err);
        rc = rc == 0 ? session_commit(s, err) : rc;
        if (rc != 0) {
            session_rollback(s);
            job_reset(o->job, before);
        }
        if (rc != ERR_SERIALIZATION_FAILURE)
            break;
        o->piece_rows = MAX(o->piece_rows / 2, (uint32_t)PIECE_ROWS_MIN);
    }
    return rc;
}

static int add_write_only(struct online_index *o, struct err *err)
{
    struct session *s = o->session;
    struct str payload = job_payload(o->job);
    struct parsed_statements parsed;
    struct parse_options options = {.default_int_size = 8};
    struct ddl_result result;
    struct buf progress = BUF_INIT;
    TRY(parse_sql(&o->arena, payload_get_str(&payload), &options, &parsed, err));
    TRY(run_ddl_online(s, parsed.items[0].ast, &o->arena, &result, err));
    o->table_id = result.online_table_id;
    o->index_id = result.online_index_id;
    encode_progress(o, &progress);
    int rc = job_update_in(o->job, s->txn, 0, buf_view(&progress), err);
    buf_release(&progress);
    return rc;
}

static int gone(struct err *err)
{
    return err_set(err, ERR_UNDEFINED_OBJECT,
                   "the table or index was changed or dropped while the index was being filled");
}

static int find(struct online_index *o, const struct cat_table **t, const struct cat_index **index, struct err *err)
{
    TRY(cat_table_by_id(o->session->view, o->table_id, t, err));
    if (*t == NULL)
        return gone(err);
    TRY(cat_table_depend(o->session->view, *t, err));
    *index = cat_index_by_id(*t, o->index_id);
    return *index != NULL && (*index)->state == CAT_INDEX_WRITE_ONLY ? 0 : gone(err);
}

static int put_piece(struct online_index *o, struct err *err)
{
    const struct cat_table *t;
    const struct cat_index *index;
    o->piece = (struct backfill_piece){.start = o->at, .rows_max = o->piece_rows, .arena = &o->arena};
    TRY(find(o, &t, &index, err));
    return session_backfill_piece(o->session, t, index, &o->piece, err);
}

static int put_pass(struct online_index *o, struct err *err)
{
    unsigned pieces = 0;
    do {
        TRY(in_txn(o, put_piece, err));
        o->at = o->piece.next;
        o->put_any |= o->piece.put > 0;
        o->piece_rows = MIN(o->piece_rows * 2, (uint32_t)PIECE_ROWS);
        if (++pieces % 16 == 0)
            TRY(store_progress(o, 0.5, err));
    } while (o->at.len > 0);
    o->passes++;
    return 0;
}

static int is_unique(struct online_index *o, bool *out, struct err *err)
{
    const struct cat_table *t;
    const struct cat_index *index;
    TRY(session_begin(o->session, TXN_IMPLICIT, err));
    int rc = find(o, &t, &index, err);
    *out = rc == 0 && index->unique;
    session_rollback(o->session);
    return rc;
}

static int put_all(struct online_index *o, struct err *err)
{
    bool unique;
    TRY(is_unique(o, &unique, err));
    do {
        if (o->at.len == 0)
            o->put_any = false;
        TRY(put_pass(o, err));
        TRY(store_progress(o, 0.9, err));
    } while (unique && o->put_any);
    return 0;
}

// The table with the index in another state, or without it. Writers that have not seen it keep entries that are wanted
// or will be removed: they need not be disturbed.
static int change_index(struct online_index *o, bool keep, struct err *err)
{
    const struct cat_table *t;
    const struct cat_index *index;
    TRY(find(o, &t, &index, err));
    struct cat_table copy = *t;
    struct cat_index *indexes = ARENA_ARRAY(&o->arena, struct cat_index, t->n_indexes);
    copy.n_indexes = 0;
    for (size_t i = 0; i < t->n_indexes; i++) {
        if (t->indexes[i].id == o->index_id && !keep)
            continue;
        indexes[copy.n_indexes] = t->indexes[i];
        if (t->indexes[i].id == o->index_id)
            indexes[copy.n_indexes].state = CAT_INDEX_PUBLIC;
        copy.n_indexes++;
    }
    copy.indexes = indexes;
    return cat_put_table_compatible(o->session->view, &copy, err);
}

static int publish(struct online_index *o, struct err *err)
{
    TRY(change_index(o, true, err));
    return job_finish_in(o->job, o->session->txn, STR_EMPTY, err);
}

// ---- the job

static int open_session(struct online_index *o, struct job *job, struct err *err)
{
    struct str payload = job_payload(job);
    (void)payload_get_str(&payload); // the statement
    struct session_options options = {.user = job_owner(job),
                                      .database = payload_get_str(&payload),
                                      .client_address = STR("internal"),
                                      .auth_method = STR(INTERNAL_AUTH_METHOD)};
    *o = (struct online_index){.job = job, .piece_rows = PIECE_ROWS};
    TRY(session_new(job_arg(job), &options, &o->session, err));
    arena_init(&o->arena, NULL);
    session_works_for(o->session, job);
    decode_progress(o);
    // A piece is right only if nothing it has read has changed when it is committed.
    TRY(setting_set(o->session, STR("default_transaction_isolation"), STR("serializable"), false, err));
    return setting_set(o->session, STR("search_path"), payload_get_str(&payload), false, err);
}

static void close_session(struct online_index *o)
{
    if (o->session == NULL)
        return;
    session_free(o->session);
    arena_release(&o->arena);
}

int online_index_run(struct job *job, struct err *err)
{
    struct online_index o;
    int rc = open_session(&o, job, err);
    if (rc == 0 && o.index_id == 0)
        rc = in_txn(&o, add_write_only, err);
    if (rc == 0 && o.index_id != 0) // 0: IF NOT EXISTS found it
        rc = put_all(&o, err);
    if (rc == 0 && o.index_id != 0)
        rc = in_txn(&o, publish, err);
    close_session(&o);
    return rc;
}

static int remove_index(struct online_index *o, struct err *err)
{
    int rc = change_index(o, false, err);
    if (rc == 0)
        return cat_delete_data_later(o->session->view, o->table_id, o->index_id, true, err);
    if (rc == ERR_UNDEFINED_OBJECT) { // gone with its table
        err_reset(err);
        rc = 0;
    }
    return rc;
}

int online_index_revert(struct job *job, struct err *err)
{
    struct online_index o;
    int rc = open_session(&o, job, err);
    o.reverting = true;
    if (rc == 0 && o.index_id != 0) {
        o.session->job = NULL; // it is asked to stop, which must not stop this
        rc = in_txn(&o, remove_index, err);
    }
    close_session(&o);
    return rc;
}
