// BACKUP, RESTORE and SHOW BACKUP: from statements to requests (backup/backup.h), which are the payloads of jobs.
#include "backup/backup.h"
#include "sql/session/as_of_int.h"
#include "sql/session/jobs_int.h"
#include "sql/session/show_int.h"

static int check_admin(struct session *s, const char *what, struct err *err)
{
    bool admin;
    TRY(session_is_admin(s, &admin, err));
    if (admin)
        return 0;
    return err_set(err, ERR_INSUFFICIENT_PRIVILEGE, "only users with the admin role are allowed to %s", what);
}

int constant_text(struct session *s, const struct ast *e, const char *what, struct arena *a, struct str *out,
                  struct err *err)
{
    struct analyze_options options;
    struct eval_context fold;
    struct query *q;
    struct expr *value;
    analyze_options_init(s, &options, &fold, a);
    TRY(analyze_table_expr(a, &options, NULL, e, T_STRING, what, &q, &value, err));
    if (value->kind != EXPR_CONST || value->value.null)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "%s must be a constant string", what);
    *out = arena_str(a, value->value.s);
    return 0;
}

static int resolve(struct session *s, const struct ast *e, struct arena *a, struct str *out, struct err *err)
{
    struct str uri;
    struct buf path = BUF_INIT;
    TRY(constant_text(s, e, "location", a, &uri, err));
    int rc = backup_resolve(str_of(s->engine->external_io_dir), uri, &path, err);
    *out = arena_str(a, buf_view(&path));
    buf_release(&path);
    return rc;
}

static int resolve_list(struct session *s, struct ast_list locations, struct arena *a, struct str *out, struct err *err)
{
    if (locations.n != 1)
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "unimplemented: locality-aware backups are not supported");
    return resolve(s, locations.items[0], a, out, err);
}

static int as_of(struct session *s, const struct ast *e, struct arena *a, uint64_t *version, struct err *err)
{
    return e != NULL ? as_of_version(s, e, a, version, err) : 0;
}

// ---- options

enum option_id {
    OPTION_DETACHED,
    OPTION_NEW_DB_NAME,
    OPTION_INTO_DB,
    OPTION_CLUSTER_NAME,
    OPTION_SCHEMA_ONLY,
    OPTION_SKIP_FOREIGN_KEYS,
    OPTION_SKIP_SEQUENCES,
    OPTION_SKIP_VIEWS,
    OPTION_SKIP_UDFS,
    OPTION_COUNT
};
static const struct {
    const char *name;
    bool backup, restore, has_value;
} options[OPTION_COUNT] = {
    [OPTION_DETACHED] = {"detached", true, true, false},
    [OPTION_NEW_DB_NAME] = {"new_db_name", false, true, true},
    [OPTION_INTO_DB] = {"into_db", false, true, true},
    [OPTION_CLUSTER_NAME] = {"virtual_cluster_name", false, true, true},
    [OPTION_SCHEMA_ONLY] = {"schema_only", false, true, false},
    [OPTION_SKIP_FOREIGN_KEYS] = {"skip_missing_foreign_keys", false, true, false},
    [OPTION_SKIP_SEQUENCES] = {"skip_missing_sequences", false, true, false},
    [OPTION_SKIP_VIEWS] = {"skip_missing_views", false, true, false},
    [OPTION_SKIP_UDFS] = {"skip_missing_udfs", false, true, false},
};

struct option_values {
    bool set[OPTION_COUNT];
    struct str text[OPTION_COUNT];
};

static int read_option(struct session *s, const struct ast_option *o, bool restore, struct arena *a,
                       struct option_values *out, struct err *err)
{
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if (!str_ieqc(o->name, options[i].name) || !(restore ? options[i].restore : options[i].backup))
            continue;
        out->set[i] = true;
        if (options[i].has_value != (o->value != NULL))
            return err_set(err, ERR_SYNTAX_ERROR, "option \"%s\" %s a value", options[i].name,
                           options[i].has_value ? "needs" : "takes no");
        return o->value != NULL ? constant_text(s, o->value, options[i].name, a, &out->text[i], err) : 0;
    }
    return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "unimplemented: %s option \"%.*s\" is not supported",
                   restore ? "RESTORE" : "BACKUP", STR_FMT(o->name));
}

static int read_options(struct session *s, struct ast_list list, bool restore, struct arena *a,
                        struct option_values *out, struct err *err)
{
    *out = (struct option_values){0};
    for (size_t i = 0; i < list.n; i++)
        TRY(read_option(s, ast_as_option(list.items[i]), restore, a, out, err));
    return 0;
}

// ---- running a job and sending how it went

const char *const bulk_column_names[BULK_COLUMNS] = {"job_id", "status", "fraction_completed", "rows"};
const struct type *bulk_column_types(void)
{
    static struct type types[BULK_COLUMNS];
    types[0] = types[3] = T_INT8;
    types[1] = T_STRING;
    types[2] = T_FLOAT8;
    return types;
}

bool bulk_is_detached(const struct ast *ast)
{
    struct ast_list list = ast->kind == AST_BACKUP ? ast_as_backup(ast)->options : ast_as_restore(ast)->options;
    for (size_t i = 0; i < list.n; i++) {
        if (str_ieqc(ast_as_option(list.items[i])->name, "detached"))
            return true;
    }
    return false;
}

static int send_row(struct session *s, struct datum *row, size_t columns, bool describe, struct arena *a,
                    struct err *err)
{
    struct show_result r = {.arena = a, .names = bulk_column_names, .types = bulk_column_types(), .n_columns = columns};
    ARENA_PUSH(a, &r.rows, row);
    return show_send(s, &r, describe, err);
}

static int rows_of(struct session *s, int64_t id, struct arena *a, uint64_t *rows, struct err *err)
{
    struct kv_txn *txn;
    struct cat_job record;
    bool found;
    enum kv_result r = kv_begin(s->engine->kv, &(struct kv_begin_options){.read_only = true}, &txn);
    if (r != KV_OK)
        return cat_kv_error(NULL, (int)r, err);
    int rc = cat_job_get(s->engine->catalog, txn, a, id, &record, &found, err);
    kv_abort(txn);
    *rows = rc == 0 && found ? backup_rows(record.progress) : 0;
    return rc;
}

static int run_and_wait(struct session *s, const struct ast *ast, struct str payload, bool describe, struct arena *a,
                        struct err *err)
{
    struct job *job;
    uint64_t rows = 0;
    TRY(session_start_job(s, ast_tag(ast), ast, payload, &job, err));
    int64_t id = job_id(job);
    int rc = job_wait(job, session_interrupted, s, err);
    job_unref(job);
    TRY(rc);
    TRY(rows_of(s, id, a, &rows, err));
    struct datum row[BULK_COLUMNS] = {datum_int(id), datum_str(STR("succeeded")), datum_float(1),
                                      datum_int((int64_t)rows)};
    return send_row(s, row, BULK_COLUMNS, describe, a, err);
}

static int run_job(struct session *s, const struct ast *ast, struct str payload, bool describe, struct arena *a,
                   struct err *err)
{
    int64_t id;
    if (!bulk_is_detached(ast))
        return run_and_wait(s, ast, payload, describe, a, err);
    TRY(session_create_job(s, ast_tag(ast), ast, payload, &id, err));
    struct datum row[1] = {datum_int(id)};
    return send_row(s, row, 1, describe, a, err);
}

static int check_transaction(struct session *s, const struct ast *ast, struct err *err)
{
    if (s->txn_state != TXN_EXPLICIT || bulk_is_detached(ast))
        return 0;
    return err_set(err, ERR_ACTIVE_SQL_TRANSACTION,
                   "%s cannot be used inside a multi-statement transaction without DETACHED option", ast_tag(ast));
}

// ---- BACKUP

struct ids {
    ARENA_VEC(uint32_t) list;
};

static int add_star(struct show *sh, const struct ast_column_ref *star, struct ids *out, struct err *err)
{
    const struct cat_database *d;
    const struct cat_schema *schema = NULL;
    const struct cat_table **tables;
    size_t n;
    if (star->schema.ptr != NULL) {
        TRY(show_database(sh, star->schema, &d, err));
        TRY(cat_schema_by_name(sh->view, d->id, star->table, &schema, err));
        if (schema == NULL)
            return err_set(err, ERR_INVALID_SCHEMA_NAME, "schema \"%.*s\" does not exist", STR_FMT(star->table));
    } else if (star->table.ptr != NULL) {
        TRY(show_database(sh, star->table, &d, err));
    } else {
        TRY(show_current_database(sh, &d, err));
    }
    TRY(cat_list_tables(sh->view, sh->arena, d->id, schema != NULL ? schema->id : 0, &tables, &n, err));
    for (size_t i = 0; i < n; i++) {
        if (tables[i]->kind != CAT_VIRTUAL)
            ARENA_PUSH(sh->arena, &out->list, tables[i]->id);
    }
    return 0;
}

static int add_target(struct show *sh, enum ast_backup_target kind, const struct ast *target, struct ids *out,
                      struct err *err)
{
    const struct cat_database *d;
    const struct cat_table *t;
    if (kind == AST_BACKUP_DATABASES) {
        TRY(show_database(sh, ast_as_name(target)->name, &d, err));
        ARENA_PUSH(sh->arena, &out->list, d->id);
        return 0;
    }
    if (target->kind == AST_COLUMN_REF)
        return add_star(sh, ast_as_column_ref(target), out, err);
    TRY(show_table(sh, target, &t, err));
    if (t->kind == CAT_VIRTUAL || t->database_id == CAT_ID_SYSTEM_DATABASE)
        return err_set(err, ERR_WRONG_OBJECT_TYPE, "cannot back up \"%.*s\" by name", STR_FMT(t->name));
    ARENA_PUSH(sh->arena, &out->list, t->id);
    return 0;
}

static enum backup_target target_kind(enum ast_backup_target target)
{
    switch (target) {
    case AST_BACKUP_ALL:
        return BACKUP_CLUSTER;
    case AST_BACKUP_TABLES:
        return BACKUP_TABLES;
    case AST_BACKUP_DATABASES:
        return BACKUP_DATABASES;
    case AST_BACKUP_VIRTUAL_CLUSTER:
        break;
    }
    return BACKUP_VIRTUAL_CLUSTER;
}

static int add_cluster(struct show *sh, const struct ast *target, struct ids *out, struct str *name, struct err *err)
{
    const struct sql_cluster_hooks *hooks = sh->session->engine->clusters;
    struct sql_cluster_name wanted;
    struct sql_cluster_info *list;
    size_t n;
    TRY(cluster_check_access(sh->session, "backup", err));
    TRY(cluster_name_of(target, &wanted, err));
    TRY(hooks->list(hooks->arg, sh->arena, &list, &n, err));
    for (size_t i = 0; i < n; i++) {
        bool meant = wanted.id != 0 ? list[i].id == wanted.id : str_eq(list[i].name, wanted.name);
        if (!meant || strcmp(list[i].data_state, "ready") != 0)
            continue;
        if (list[i].id == catalog_cluster(sh->session->engine->catalog))
            return err_set(err, ERR_FEATURE_NOT_SUPPORTED,
                           "unimplemented: the system cluster is backed up by BACKUP INTO");
        ARENA_PUSH(sh->arena, &out->list, (uint32_t)list[i].id);
        *name = list[i].name;
        return 0;
    }
    return wanted.id != 0
               ? err_set(err, ERR_UNDEFINED_OBJECT, "tenant \"%llu\" does not exist", (unsigned long long)wanted.id)
               : err_set(err, ERR_UNDEFINED_OBJECT, "tenant \"%.*s\" does not exist", STR_FMT(wanted.name));
}

static int backup_request(struct session *s, const struct ast_backup *b, struct arena *a, struct backup_request *out,
                          struct err *err)
{
    struct show sh = {.session = s, .arena = a, .view = s->view};
    struct option_values values;
    struct ids ids = {0};
    *out = (struct backup_request){.version = kv_now(s->engine->kv), .as_of = b->as_of != NULL};
    out->target = target_kind(b->target);
    TRY(read_options(s, b->options, false, a, &values, err));
    if (out->target == BACKUP_VIRTUAL_CLUSTER)
        TRY(add_cluster(&sh, b->targets.items[0], &ids, &out->virtual_cluster, err));
    TRY(resolve_list(s, b->to, a, &out->collection, err));
    TRY(as_of(s, b->as_of, a, &out->version, err));
    for (size_t i = 0; i < b->targets.n && out->target != BACKUP_VIRTUAL_CLUSTER; i++)
        TRY(add_target(&sh, b->target, b->targets.items[i], &ids, err));
    out->ids = ids.list.ptr;
    out->n_ids = ids.list.len;
    if (out->as_of && out->target != BACKUP_VIRTUAL_CLUSTER)
        TRY(as_of_check_ages(s, out->version, out->ids, out->n_ids, err));
    out->append = b->latest || b->subdirectory != NULL;
    return b->subdirectory != NULL ? constant_text(s, b->subdirectory, "subdirectory", a, &out->subdirectory, err) : 0;
}

int run_backup(struct session *s, const struct ast *ast, bool describe, struct arena *a, struct err *err)
{
    struct backup_request request;
    struct buf payload = BUF_INIT;
    TRY(check_admin(s, "take backups", err));
    TRY(check_transaction(s, ast, err));
    TRY(backup_request(s, ast_as_backup(ast), a, &request, err));
    backup_request_encode(&payload, &request);
    int rc = run_job(s, ast, buf_view(&payload), describe, a, err);
    buf_release(&payload);
    return rc;
}

// ---- schedules

static int existing_backups(struct session *s, const struct ast_backup *b, struct arena *a, size_t *n, struct err *err)
{
    struct str collection;
    const struct str *paths;
    TRY(resolve_list(s, b->to, a, &collection, err));
    return backup_list(collection, a, &paths, n, err);
}

int backup_check_schedulable(struct session *s, const struct ast *backup, bool ignore_existing, struct arena *a,
                             struct err *err)
{
    struct backup_request request;
    size_t n = 0;
    TRY(check_admin(s, "schedule backups", err));
    TRY(backup_request(s, ast_as_backup(backup), a, &request, err));
    if (!ignore_existing)
        TRY(existing_backups(s, ast_as_backup(backup), a, &n, err));
    if (n == 0)
        return 0;
    err_set(err, ERR_OBJECT_NOT_IN_PREREQUISITE_STATE, "backups already created in the collection");
    return err_hint(
        err, "to ignore existing backups, the schedule can be created with the 'ignore_existing_backups' option");
}

int backup_create_job(struct session *s, struct str owner, const struct ast *backup, struct arena *a, int64_t *job,
                      struct err *err)
{
    const struct ast_backup *b = ast_as_backup(backup);
    struct backup_request request;
    struct buf payload = BUF_INIT, text = BUF_INIT;
    bool admin;
    size_t n;
    TRY(cat_is_admin(s->view, owner, &admin, err));
    if (!admin)
        return err_set(err, ERR_INSUFFICIENT_PRIVILEGE, "only users with the admin role are allowed to take backups");
    TRY(existing_backups(s, b, a, &n, err));
    *job = SCHEDULE_LATER;
    if (b->latest && n == 0)
        return 0;
    TRY(backup_request(s, b, a, &request, err));
    backup_request_encode(&payload, &request);
    ast_print(&text, backup, AST_PRINT_DEFAULT);
    int rc =
        jobs_create(s->engine->jobs, s->txn, ast_tag(backup), owner, buf_view(&text), buf_view(&payload), job, err);
    buf_release(&payload);
    buf_release(&text);
    return rc;
}

// ---- RESTORE

// Tables are looked up in the backup, not in the cluster: a.b is table b of database a, in schema public.
static struct restore_name restore_name(struct session *s, const struct ast *target)
{
    struct str current = str_of(s->values[SETTING_DATABASE]);
    if (target->kind == AST_NAME)
        return (struct restore_name){ast_as_name(target)->name, STR_EMPTY, STR_EMPTY};
    if (target->kind == AST_COLUMN_REF) {
        const struct ast_column_ref *star = ast_as_column_ref(target);
        if (star->schema.ptr != NULL)
            return (struct restore_name){star->schema, star->table, STR("*")};
        return (struct restore_name){star->table.ptr != NULL ? star->table : current, STR("*"), STR("*")};
    }
    const struct ast_object_name *n = ast_as_object_name(target);
    if (n->database.ptr != NULL)
        return (struct restore_name){n->database, n->schema, n->name};
    return (struct restore_name){n->schema.ptr != NULL ? n->schema : current, STR("public"), n->name};
}

static int check_restore_options(const struct ast_restore *r, const struct option_values *v, struct err *err)
{
    if (v->set[OPTION_NEW_DB_NAME] && (r->target != AST_BACKUP_DATABASES || r->targets.n != 1))
        return err_set(err, ERR_SYNTAX_ERROR,
                       "new_db_name can only be used for RESTORE DATABASE with a single target database");
    if (v->set[OPTION_INTO_DB] && r->target != AST_BACKUP_TABLES)
        return err_set(err, ERR_SYNTAX_ERROR, "cannot use \"into_db\" option when restoring database(s)");
    if (v->set[OPTION_CLUSTER_NAME] && r->target != AST_BACKUP_VIRTUAL_CLUSTER)
        return err_set(err, ERR_SYNTAX_ERROR,
                       "options \"virtual_cluster_name\" can only be used when running RESTORE VIRTUAL CLUSTER");
    return 0;
}

static unsigned restore_flags(const struct option_values *v)
{
    return (v->set[OPTION_SKIP_FOREIGN_KEYS] ? RESTORE_SKIP_MISSING_FOREIGN_KEYS : 0u) |
           (v->set[OPTION_SKIP_SEQUENCES] ? RESTORE_SKIP_MISSING_SEQUENCES : 0u) |
           (v->set[OPTION_SKIP_VIEWS] ? RESTORE_SKIP_MISSING_VIEWS : 0u) |
           (v->set[OPTION_SKIP_UDFS] ? RESTORE_SKIP_MISSING_UDFS : 0u) |
           (v->set[OPTION_SCHEMA_ONLY] ? RESTORE_SCHEMA_ONLY : 0u);
}

// AS OF names the end of a layer, which may be older than what the store can read.
static int restore_version(struct session *s, const struct ast *e, struct arena *a, uint64_t *out, struct err *err)
{
    struct str text;
    struct datum parsed;
    if (e == NULL)
        return 0;
    if (constant_text(s, e, "timestamp", a, &text, NULL) == 0 &&
        datum_parse(a, T_TIMESTAMPTZ, text, &s->vc, &parsed, NULL) == 0) {
        *out = (uint64_t)parsed.i * 1000;
        return 0;
    }
    return as_of_version(s, e, a, out, err);
}

static int cluster_to_restore(struct session *s, const struct ast *target, struct restore_name *out, struct err *err)
{
    struct sql_cluster_name name;
    TRY(cluster_check_access(s, "restore", err));
    TRY(cluster_name_of(target, &name, err));
    if (name.id != 0)
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "unimplemented: RESTORE VIRTUAL CLUSTER takes a name");
    *out = (struct restore_name){.database = name.name};
    return 0;
}

static int restore_request(struct session *s, const struct ast_restore *r, struct arena *a, struct restore_request *out,
                           struct err *err)
{
    struct option_values values;
    *out = (struct restore_request){0};
    out->target = target_kind(r->target);
    TRY(read_options(s, r->options, true, a, &values, err));
    TRY(check_restore_options(r, &values, err));
    struct restore_name *names = ARENA_ARRAY(a, struct restore_name, r->targets.n);
    for (size_t i = 0; i < r->targets.n; i++)
        if (out->target == BACKUP_VIRTUAL_CLUSTER)
            TRY(cluster_to_restore(s, r->targets.items[i], &names[i], err));
        else
            names[i] = restore_name(s, r->targets.items[i]);
    TRY(resolve_list(s, r->from, a, &out->collection, err));
    TRY(restore_version(s, r->as_of, a, &out->version, err));
    out->names = names;
    out->n_names = r->targets.n;
    out->new_database = values.set[OPTION_NEW_DB_NAME]    ? values.text[OPTION_NEW_DB_NAME]
                        : values.set[OPTION_CLUSTER_NAME] ? values.text[OPTION_CLUSTER_NAME]
                                                          : values.text[OPTION_INTO_DB];
    out->flags = restore_flags(&values);
    return r->subdirectory != NULL ? constant_text(s, r->subdirectory, "subdirectory", a, &out->subdirectory, err) : 0;
}

// The pairs of a backup for the server, which makes the cluster.
struct cluster_restore {
    struct job *job;
    struct backup_cluster *backup;
};

static int next_pair(void *arg, struct str *key, struct str *value, bool *found, struct err *err)
{
    struct cluster_restore *r = arg;
    TRY(job_check(r->job, err));
    return backup_cluster_next(r->backup, key, value, found, err);
}

static int restore_cluster(struct job *job, const struct restore_request *request, struct arena *a, struct err *err)
{
    const struct sql_cluster_hooks *hooks = ((struct sql_engine *)job_arg(job))->clusters;
    struct cluster_restore r = {.job = job};
    struct sql_pair_source source = {next_pair, &r};
    struct str name = request->new_database.len > 0 ? request->new_database : request->names[0].database;
    TRY(backup_cluster_open(request, a, &r.backup, err));
    int rc = hooks->fill(hooks->arg, name, &source, err);
    if (rc == 0) {
        struct buf progress = BUF_INIT;
        payload_put_u64(&progress, backup_cluster_rows(r.backup));
        rc = job_update(job, 1, buf_view(&progress), err);
        buf_release(&progress);
    }
    backup_cluster_close(r.backup);
    return rc;
}

int session_restore_run(struct job *job, struct err *err)
{
    struct restore_request request;
    struct arena a;
    arena_init(&a, NULL);
    int rc = restore_request_decode(job_payload(job), &a, &request, err);
    if (rc == 0)
        rc = request.target == BACKUP_VIRTUAL_CLUSTER ? restore_cluster(job, &request, &a, err) : restore_run(job, err);
    arena_release(&a);
    struct sql_engine *e = job_arg(job);
    if (rc == 0 && e->zones_changed != NULL) // some may have come with it
        e->zones_changed(e->zones_changed_arg);
    if (rc == 0 && engine_has_schedules(e))
        schedules_adopt(e->schedules);
    return rc;
}

int run_restore(struct session *s, const struct ast *ast, bool describe, struct arena *a, struct err *err)
{
    struct restore_request request;
    struct buf payload = BUF_INIT;
    TRY(check_admin(s, "restore backups", err));
    TRY(check_transaction(s, ast, err));
    TRY(restore_request(s, ast_as_restore(ast), a, &request, err));
    restore_request_encode(&payload, &request);
    int rc = run_job(s, ast, buf_view(&payload), describe, a, err);
    buf_release(&payload);
    return rc;
}

// ---- SHOW BACKUPS, SHOW BACKUP

int show_backups(struct show *sh, struct err *err)
{
    struct str collection;
    const struct str *paths;
    size_t n;
    TRY(check_admin(sh->session, "look at backups", err));
    TRY(resolve(sh->session, sh->ast->expr, sh->arena, &collection, err));
    TRY(backup_list(collection, sh->arena, &paths, &n, err));
    for (size_t i = 0; i < n; i++)
        show_row(sh)[0] = datum_str(paths[i]);
    return 0;
}

static const struct cat_object *object_of(const struct backup_layer *layer, enum cat_object_kind kind, uint32_t id)
{
    for (size_t i = 0; i < layer->objects.list.len; i++) {
        const struct cat_object *o = &layer->objects.list.ptr[i];
        if (o->kind == kind && o->id == id)
            return o;
    }
    return NULL;
}

static struct datum name_of(const struct backup_layer *layer, enum cat_object_kind kind, uint32_t id)
{
    const struct cat_object *o = object_of(layer, kind, id);
    return o != NULL ? datum_str(cat_object_name(o)) : DATUM_NULL;
}

static const char *kind_of(const struct cat_object *o)
{
    static const char *const names[] = {"database", "schema", "type", "table", "function"};
    if (o->kind != CAT_OBJECT_TABLE)
        return names[o->kind];
    return o->table.kind == CAT_SEQUENCE ? "sequence" : o->table.kind == CAT_TABLE ? "table" : "view";
}

static void show_sizes(const struct backup_layer *layer, uint32_t id, struct datum *row)
{
    for (size_t i = 0; i < layer->n_sections; i++) {
        if (layer->sections[i].table_id != id)
            continue;
        row[7] = datum_int((int64_t)layer->sections[i].bytes);
        row[8] = datum_int((int64_t)layer->sections[i].rows);
    }
}

static void show_times(const struct backup_layer *layer, struct datum *row)
{
    row[4] = datum_c(layer->start == 0 ? "full" : "incremental");
    row[5] = layer->start == 0 ? DATUM_NULL : datum_int((int64_t)(layer->start / 1000));
    row[6] = datum_int((int64_t)(layer->end / 1000));
}

static void show_cluster(struct show *sh, const struct backup_layer *layer)
{
    struct datum *row = show_row(sh);
    row[2] = datum_str(layer->cluster_name);
    row[3] = datum_c("virtual cluster");
    show_times(layer, row);
    show_sizes(layer, 0, row);
    row[9] = datum_bool(true);
}

static void show_object(struct show *sh, const struct backup_layer *layer, const struct cat_object *o)
{
    struct datum *row = show_row(sh);
    if (o->kind != CAT_OBJECT_DATABASE)
        row[0] = name_of(layer, CAT_OBJECT_DATABASE, cat_object_database(o));
    row[1] = name_of(layer, CAT_OBJECT_SCHEMA, cat_object_schema(o));
    row[2] = datum_str(cat_object_name(o));
    row[3] = datum_c(kind_of(o));
    show_times(layer, row);
    if (o->kind == CAT_OBJECT_TABLE)
        show_sizes(layer, o->id, row);
    row[9] = datum_bool(layer->target == BACKUP_CLUSTER);
}

int show_backup(struct show *sh, struct err *err)
{
    struct session *s = sh->session;
    struct str collection, subdirectory = STR_EMPTY;
    struct backup_chain chain;
    TRY(check_admin(s, "look at backups", err));
    if (sh->ast->options.n > 0)
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "unimplemented: options of SHOW BACKUP are not supported");
    TRY(resolve(s, sh->ast->expr, sh->arena, &collection, err));
    if (sh->ast->expr2 != NULL)
        TRY(constant_text(s, sh->ast->expr2, "subdirectory", sh->arena, &subdirectory, err));
    TRY(backup_open(collection, subdirectory, 0, sh->arena, &chain, err));
    for (size_t i = 0; i < chain.layers.len; i++) {
        struct backup_layer *layer = &chain.layers.ptr[i];
        for (size_t k = 0; k < layer->objects.list.len; k++)
            TRY(cat_object_decode(s->engine->catalog, sh->arena, &layer->objects.list.ptr[k], err));
        for (size_t k = 0; k < layer->objects.list.len; k++)
            show_object(sh, layer, &layer->objects.list.ptr[k]);
        if (layer->target == BACKUP_VIRTUAL_CLUSTER)
            show_cluster(sh, layer);
    }
    return 0;
}
