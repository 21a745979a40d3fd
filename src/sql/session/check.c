// Checking whole clusters and single tables: the catalog, then the rows and index entries of each table, all at one
// snapshot, in a session of its own.
#include "catalog/check.h"
#include "sql/session/jobs_int.h"

// Names in expressions stored with a table are those of its database.
static int enter_database(struct session *s, uint32_t id, struct err *err)
{
    const struct cat_database *d;
    TRY(cat_database_by_id(s->view, id, &d, err));
    return d != NULL ? setting_set(s, STR("database"), d->name, false, err) : 0;
}

int check_one_table(struct session *s, const struct cat_table *t, struct check_sink *sink, struct err *err)
{
    TRY(enter_database(s, t->database_id, err));
    struct arena a;
    struct exec_context x;
    struct query query = {.arena = &a};
    struct statement_plan plan = {.query = &query};
    arena_init(&a, &s->budget);
    exec_context_init(s, &x, &a, &s->budget);
    x.plan = &plan;
    int rc = exec_check_table(&x, t, sink, err);
    exec_close(&x);
    arena_release(&a);
    return rc;
}

int check_database(struct session *s, uint32_t database_id, struct check_sink *sink, struct err *err)
{
    const struct cat_table **tables;
    size_t n;
    struct arena a;
    arena_init(&a, &s->budget);
    int rc = cat_list_tables(s->view, &a, database_id, 0, &tables, &n, err);
    for (size_t i = 0; i < n && rc == 0; i++) {
        if (tables[i]->primary != NULL && tables[i]->kind != CAT_VIRTUAL)
            rc = check_one_table(s, tables[i], sink, err);
    }
    arena_release(&a);
    return rc;
}

static int check_all(struct session *s, struct check_sink *sink, struct err *err)
{
    const struct cat_database **databases;
    size_t n;
    struct arena a;
    arena_init(&a, &s->budget);
    int rc = cat_check(s->view, sink, err);
    if (rc == 0)
        rc = cat_list_databases(s->view, &a, &databases, &n, err);
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = check_database(s, databases[i]->id, sink, err);
    arena_release(&a);
    return rc;
}

int check_session_open(struct sql_engine *engine, struct session **out, struct err *err)
{
    TRY(job_session_open(engine, STR("root"), STR("defaultdb"), out, err));
    int rc = session_begin(*out, TXN_IMPLICIT, err);
    if (rc == 0)
        rc = txn_read_at(*out, kv_now(engine->kv), err);
    if (rc != 0)
        session_free(*out);
    return rc;
}

// ---- findings as lines of text

struct text_sink {
    struct check_sink sink;
    struct sql_check *check;
};

static void print_finding(struct check_sink *sink, const struct check_finding *f)
{
    struct sql_check *check = CONTAINER_OF(sink, struct text_sink, sink)->check;
    const struct str names[] = {f->database, f->schema, f->object};
    struct buf line = BUF_INIT;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (names[i].len > 0)
            buf_printf(&line, "%s%.*s", line.len > 0 ? "." : "", STR_FMT(names[i]));
    }
    buf_printf(&line, "%s%s", line.len > 0 ? ": " : "", f->type);
    if (f->primary_key.len > 0)
        buf_printf(&line, " at %.*s", STR_FMT(f->primary_key));
    buf_printf(&line, ": %.*s", STR_FMT(f->details));
    check->found(check, buf_view(&line));
    buf_release(&line);
}

int sql_engine_check(struct sql_engine *engine, struct sql_check *check, struct err *err)
{
    struct text_sink text = {.sink.found = print_finding, .check = check};
    struct session *s;
    TRY(check_session_open(engine, &s, err));
    int rc = check_all(s, &text.sink, err);
    session_free(s);
    check->findings = text.sink.findings;
    check->tables = text.sink.tables;
    check->rows = text.sink.rows;
    check->entries = text.sink.entries;
    return rc;
}
