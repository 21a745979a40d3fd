// Failed key-value calls as SQL errors. The texts are CockroachDB's, with real keys, ids and timestamps: clients match
// the SQLSTATE and the prefix "restart transaction:", people read the rest.

#include "catalog/catalog_int.h"

#define DOCS_URL "https://www.cockroachlabs.com/docs/v25.4/transaction-retry-error-reference.html#"

static void put_timestamp(struct buf *b, uint64_t version)
{
    buf_printf(b, "%llu.%09llu,0", (unsigned long long)(version / 1000000000),
               (unsigned long long)(version % 1000000000));
}

static const char *isolation_name(int isolation)
{
    static const char *const names[] = {"Serializable", "Snapshot", "ReadCommitted"};
    return names[isolation];
}

// `"sql txn" meta={id=… key=… iso=Serializable …}`
static void put_meta(struct buf *b, const struct cat_txn_summary *t, struct str key, const char *stat)
{
    buf_printf(b, "\"sql txn\" meta={id=%08x key=", (unsigned)hash_u64(t->id));
    if (key.ptr != NULL)
        key_print(b, key);
    else
        buf_cstr(b, "/Min");
    buf_printf(b, " iso=%s pri=0.01000000 epo=0 ts=", isolation_name(t->isolation));
    put_timestamp(b, t->read_version);
    buf_cstr(b, " min=");
    put_timestamp(b, t->read_version);
    buf_printf(b, " seq=1} lock=true stat=%s rts=", stat);
    put_timestamp(b, t->read_version);
    buf_cstr(b, " wto=false gul=");
    put_timestamp(b, t->read_version + 500000000);
}

static int retry_error(struct buf *b, const char *anchor, struct err *err)
{
    err_set(err, ERR_SERIALIZATION_FAILURE, "restart transaction: TransactionRetryWithProtoRefreshError: %s", buf_c(b));
    buf_release(b);
    return err_hint(err, "See: " DOCS_URL "%s", anchor);
}

static int serializable_error(const struct cat_txn_summary *t, const struct kv_conflict *c, struct err *err)
{
    struct buf b = BUF_INIT;
    buf_cstr(&b, "TransactionRetryError: retry txn (RETRY_SERIALIZABLE - failed preemptive refresh");
    if (c->key.ptr != NULL) {
        buf_cstr(&b, " due to encountered recently written committed value ");
        key_print(&b, c->key);
        buf_cstr(&b, " @");
        put_timestamp(&b, c->version);
    }
    buf_cstr(&b, "): ");
    put_meta(&b, t, c->key, "PENDING");
    return retry_error(&b, "retry_serializable", err);
}

static int write_too_old_error(const struct cat_txn_summary *t, const struct kv_conflict *c, struct err *err)
{
    struct buf b = BUF_INIT;
    buf_cstr(&b, "TransactionRetryError: retry txn (RETRY_WRITE_TOO_OLD - WriteTooOldError: write for key ");
    key_print(&b, c->key.ptr != NULL ? c->key : STR_EMPTY);
    buf_cstr(&b, " at timestamp ");
    put_timestamp(&b, t->read_version);
    buf_cstr(&b, " too old; must write at or above ");
    put_timestamp(&b, c->version + 1);
    buf_cstr(&b, "): ");
    put_meta(&b, t, c->key, "PENDING");
    return retry_error(&b, "retry_write_too_old", err);
}

static int aborted_error(const struct cat_txn_summary *t, const struct kv_conflict *c, struct err *err)
{
    struct buf b = BUF_INIT;
    buf_cstr(&b, "TransactionAbortedError(ABORT_REASON_PUSHER_ABORTED): ");
    put_meta(&b, t, c->key, "ABORTED");
    return retry_error(&b, "abort_reason_pusher_aborted", err);
}

static int too_old_error(const struct cat_txn_summary *t, struct err *err)
{
    struct buf b = BUF_INIT;
    buf_cstr(&b, "TransactionRetryError: retry txn (RETRY_SERIALIZABLE - snapshot is older than the history kept): ");
    put_meta(&b, t, STR_NONE, "PENDING");
    return retry_error(&b, "retry_serializable", err);
}

// Results that say the same whatever the transaction did.
static int plain_error(int result, struct err *err)
{
    switch ((enum kv_result)result) {
    case KV_TOO_LARGE:
        err_set(err, ERR_PROGRAM_LIMIT_EXCEEDED, "a key, a value or the transaction is too large for the store");
        return err_hint(err, "Split the statement or the transaction into smaller ones.");
    case KV_AMBIGUOUS:
        return err_set(err, ERR_STATEMENT_COMPLETION_UNKNOWN, "result is ambiguous: the commit may have happened");
    case KV_IO:
        err_set(err, ERR_IO_ERROR, "the store failed: it accepts no more writes");
        return err_hint(err, "See the server's log for the cause; restart the server once it is removed.");
    case KV_READ_ONLY:
        return err_set(err, ERR_READ_ONLY_SQL_TRANSACTION, "cannot write in a read-only transaction");
    case KV_LOCK_UNAVAILABLE:
        return err_set(err, ERR_LOCK_NOT_AVAILABLE, "could not obtain lock on row");
    case KV_TIMEOUT:
        return err_set(err, ERR_LOCK_NOT_AVAILABLE, "canceling statement due to lock timeout");
    case KV_CANCELED:
        return err_set(err, ERR_QUERY_CANCELED, "query execution canceled");
    case KV_MEMORY:
        return err_set(err, ERR_OUT_OF_MEMORY, "memory budget exceeded by the transaction's writes and reads");
    case KV_TOO_OLD:
        return err_set(err, ERR_UNCATEGORIZED, "batch timestamp must be after replica GC threshold");
    case KV_OK:
    case KV_CONFLICT:
    case KV_DEADLOCK:
        break;
    }
    return err_set(err, ERR_INTERNAL_ERROR, "unexpected result of the store: %s",
                   kv_result_name((enum kv_result)result));
}

static int describe(const struct cat_txn_summary *t, const struct kv_conflict *c, int result, bool write,
                    struct err *err)
{
    if (result == KV_CONFLICT)
        return write ? write_too_old_error(t, c, err) : serializable_error(t, c, err);
    if (result == KV_DEADLOCK)
        return aborted_error(t, c, err);
    if (result == KV_TOO_OLD && t->id != 0)
        return too_old_error(t, err);
    return plain_error(result, err);
}

struct cat_txn_summary cat_txn_summarize(const struct kv_txn *txn)
{
    return (struct cat_txn_summary){kv_txn_id(txn), kv_read_version(txn), kv_txn_isolation(txn)};
}

static int txn_error(struct kv_txn *txn, int result, bool write, struct err *err)
{
    struct cat_txn_summary t = {0};
    struct kv_conflict conflict = {0};
    if (txn != NULL) {
        t = cat_txn_summarize(txn);
        conflict = *kv_last_conflict(txn);
    }
    return describe(&t, &conflict, result, write, err);
}

int cat_kv_error(struct kv_txn *txn, int kv_result, struct err *err)
{
    return txn_error(txn, kv_result, false, err);
}

int cat_commit_error(const struct cat_txn_summary *txn, int kv_result, struct err *err)
{
    return describe(txn, &(struct kv_conflict){0}, kv_result, false, err);
}

int cat_commit_conflict(const struct cat_txn_summary *txn, const struct kv_conflict *conflict, struct err *err)
{
    return serializable_error(txn, conflict, err);
}

// ---- rows in lock errors

static void put_columns(struct buf *b, const struct cat_table *t, const struct cat_index *index)
{
    for (size_t i = 0; i < index->n_columns; i++) {
        const struct cat_column *c = cat_column_by_id(t, index->columns[i].column_id);
        buf_cstr(b, i > 0 ? "," : "");
        if (c != NULL)
            buf_str(b, c->name);
    }
}

static bool put_values(struct buf *b, struct arena *a, const struct cat_table *t, const struct cat_index *index,
                       struct key_reader *r)
{
    for (size_t i = 0; i < index->n_columns; i++) {
        const struct cat_index_column *ic = &index->columns[i];
        const struct cat_column *c = cat_column_by_id(t, ic->column_id);
        struct datum d;
        if (c == NULL || key_get_datum(r, a, c->type, ic->descending ? KEY_DESC : KEY_ASC, &d, NULL) != 0)
            return false;
        buf_cstr(b, i > 0 ? "," : "");
        datum_print_sql(b, c->type, d, false);
    }
    return true;
}

// The table whose schema's key it is, or NULL.
static const struct cat_table *schema_table(struct cat_view *v, struct str key)
{
    struct key_reader r = key_reader(key);
    struct key_prefix prefix;
    const struct cat_table *t;
    if (key.ptr == NULL || !key_get_prefix(&r, &prefix) || prefix.index != KEY_INDEX_RECORDS ||
        cat_table_by_id(v, (uint32_t)prefix.table, &t, NULL) != 0)
        return NULL;
    return t;
}

// `(k)=(1) in t@t_pkey`; false when the key is not of a row that the view knows.
static bool put_row(struct cat_view *v, struct buf *b, struct str key)
{
    struct key_reader r = key_reader(key);
    struct key_prefix prefix;
    const struct cat_table *t;
    if (key.ptr == NULL || !key_get_prefix(&r, &prefix) || cat_table_by_id(v, (uint32_t)prefix.table, &t, NULL) != 0)
        return false;
    const struct cat_index *index = t != NULL ? cat_index_by_id(t, (uint32_t)prefix.index) : NULL;
    if (index == NULL)
        return false;
    buf_putc(b, '(');
    put_columns(b, t, index);
    buf_cstr(b, ")=(");
    if (!put_values(b, &v->arena, t, index, &r))
        return false;
    buf_printf(b, ") in %.*s@%.*s", STR_FMT(t->name), STR_FMT(index->name));
    return true;
}

int cat_kv_write_error(struct cat_view *v, struct kv_txn *txn, int kv_result, struct err *err)
{
    if (v == NULL || txn == NULL || (kv_result != KV_LOCK_UNAVAILABLE && kv_result != KV_TIMEOUT))
        return txn_error(txn, kv_result, true, err);
    struct buf row = BUF_INIT;
    struct str key = kv_last_conflict(txn)->key;
    key = key.ptr != NULL ? arena_str(&v->arena, key) : key; // reading the descriptor overwrites it
    const char *what =
        kv_result == KV_TIMEOUT ? "canceling statement due to lock timeout on row" : "could not obtain lock on row";
    if (put_row(v, &row, key))
        err_set(err, ERR_LOCK_NOT_AVAILABLE, "%s %s", what, buf_c(&row));
    else
        plain_error(kv_result, err);
    buf_release(&row);
    return err != NULL ? err->code : ERR_LOCK_NOT_AVAILABLE;
}

int cat_changed_meanwhile(struct str name, struct err *err)
{
    return err_set(err, ERR_SERIALIZATION_FAILURE,
                   "restart transaction: TransactionRetryWithProtoRefreshError: the descriptor of \"%.*s\" has changed",
                   STR_FMT(name));
}

int cat_kv_table_error(struct cat_view *v, const struct cat_table *t, int kv_result, struct err *err)
{
    struct str name = arena_str(&v->arena, t->name);
    int rc;
    if (kv_result == KV_LOCK_UNAVAILABLE)
        rc = err_set(err, ERR_LOCK_NOT_AVAILABLE, "could not obtain lock on relation \"%.*s\"", STR_FMT(name));
    else if (kv_result == KV_TIMEOUT)
        rc = err_set(err, ERR_LOCK_NOT_AVAILABLE, "canceling statement due to lock timeout on relation \"%.*s\"",
                     STR_FMT(name));
    else
        rc = txn_error(v->txn, kv_result, false, err);
    cat_kv_detail(v, v->txn, kv_result, err);
    return rc;
}

// `what`: "row (k)=(1) in t@t_pkey", "relation t"
static void detail_deadlock(const struct kv_conflict *c, const char *what, struct err *err)
{
    struct buf b = BUF_INIT;
    for (unsigned i = 0; i < c->n_cycle; i++)
        buf_printf(&b, "%s%llu", i > 0 ? ", " : "", (unsigned long long)c->cycle[i]);
    err_detail(err, "Processes %s wait for each other: this one for %s, which process %llu has locked.", buf_c(&b),
               what, (unsigned long long)c->other_tag);
    buf_release(&b);
}

// `what`: "Row (k)=(1) in t@t_pkey was written", "The schema of t was changed"
static void detail_conflict(const struct kv_conflict *c, const char *what, struct err *err)
{
    unsigned long long seconds = c->version / 1000000000, ns = c->version % 1000000000;
    if (c->other_tag != 0)
        err_detail(err, "%s by a transaction of process %llu that committed at %llu.%09llu.", what,
                   (unsigned long long)c->other_tag, seconds, ns);
    else
        err_detail(err, "%s by the transaction that committed at %llu.%09llu.", what, seconds, ns);
}

static void add_detail(struct cat_view *v, const struct kv_conflict *c, bool deadlock, struct err *err)
{
    struct buf what = BUF_INIT;
    const struct cat_table *t = schema_table(v, c->key);
    if (t != NULL) {
        buf_printf(&what, deadlock ? "relation %.*s" : "The schema of %.*s was changed", STR_FMT(t->name));
    } else {
        buf_cstr(&what, deadlock ? "row " : "Row ");
        if (!put_row(v, &what, c->key))
            goto out;
        buf_cstr(&what, deadlock ? "" : " was written");
    }
    if (deadlock)
        detail_deadlock(c, buf_c(&what), err);
    else
        detail_conflict(c, buf_c(&what), err);
out:
    buf_release(&what);
}

void cat_commit_detail(struct cat_view *v, const struct kv_conflict *c, struct err *err)
{
    add_detail(v, c, false, err);
}

void cat_kv_detail(struct cat_view *v, struct kv_txn *txn, int kv_result, struct err *err)
{
    if (v == NULL || txn == NULL || err == NULL || (kv_result != KV_CONFLICT && kv_result != KV_DEADLOCK))
        return;
    struct kv_conflict c = *kv_last_conflict(txn);
    if (c.key.ptr != NULL)
        c.key = arena_str(&v->arena, c.key); // reading the descriptor overwrites it
    add_detail(v, &c, kv_result == KV_DEADLOCK, err);
}
