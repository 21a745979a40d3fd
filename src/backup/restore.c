// RESTORE: rows first, under the ids of tables that do not exist yet, a piece at a time; then one transaction makes the
// tables exist. Until then nobody sees anything, and if it does not come to that the rows are removed again.
#include "backup/backup_int.h"
#include "base/util.h"
#include "catalog/schedules.h"
#include "jobs/jobs.h"
#include "jobs/payload.h"
#include "keys/keys.h"
#include "sql/parse/ast_print.h"
#include "sql/parse/parse.h"

enum { PIECE_BYTES = 2 << 20, REMOVE_PAIRS = 10000, ATTEMPTS_MAX = 100 };

// ---- payload

void restore_request_encode(struct buf *out, const struct restore_request *r)
{
    payload_put_str(out, r->collection);
    payload_put_str(out, r->subdirectory);
    payload_put_u64(out, r->version);
    payload_put_u64(out, r->target);
    payload_put_str(out, r->new_database);
    payload_put_u64(out, r->flags);
    payload_put_u64(out, r->n_names);
    for (size_t i = 0; i < r->n_names; i++) {
        payload_put_str(out, r->names[i].database);
        payload_put_str(out, r->names[i].schema);
        payload_put_str(out, r->names[i].table);
    }
}

int restore_request_decode(struct str payload, struct arena *a, struct restore_request *out, struct err *err)
{
    *out = (struct restore_request){.collection = payload_get_str(&payload)};
    out->subdirectory = payload_get_str(&payload);
    out->version = payload_get_u64(&payload);
    out->target = (enum backup_target)payload_get_u64(&payload);
    out->new_database = payload_get_str(&payload);
    out->flags = (unsigned)payload_get_u64(&payload);
    uint64_t n = payload_get_u64(&payload);
    if (payload.ptr == NULL || n > payload.len / 8)
        return err_set(err, ERR_DATA_CORRUPTED, "the payload of the job is damaged");
    struct restore_name *names = ARENA_ARRAY(a, struct restore_name, n);
    for (uint64_t i = 0; i < n; i++)
        names[i] =
            (struct restore_name){payload_get_str(&payload), payload_get_str(&payload), payload_get_str(&payload)};
    out->names = names;
    out->n_names = (size_t)n;
    return 0;
}

// ---- the run

struct restore {
    struct job *job;
    struct arena arena;
    struct restore_request request;
    struct backup_chain chain;
    const struct backup_layer *top; // the newest layer: what exists
    struct cat_object *objects;     // to be restored, decoded, under their old ids until they are written
    size_t n_objects;
    bool *reused; // types of which the target has the same already
    struct cat_renumbering ids;
    uint64_t rows;
};

// Runs `work` in transactions until it is through without conflict.
static int in_txn(struct job *job, int (*work)(void *arg, struct kv_txn *txn, struct cat_view *v, struct err *err),
                  void *arg, struct err *err)
{
    int rc = 0;
    for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
        struct kv_txn *txn;
        struct cat_view *view;
        uint64_t version;
        err_reset(err);
        enum kv_result r = kv_begin(job_kv(job), &(struct kv_begin_options){0}, &txn);
        if (r != KV_OK)
            return cat_kv_error(NULL, (int)r, err);
        struct cat_txn_summary summary = cat_txn_summarize(txn);
        rc = cat_view_open(job_catalog(job), txn, &view, err);
        if (rc == 0) {
            rc = work(arg, txn, view, err);
            cat_view_close(view);
        }
        if (rc != 0) {
            kv_abort(txn);
        } else {
            r = kv_commit(txn, &version);
            rc = r == KV_OK ? 0 : cat_commit_error(&summary, (int)r, err);
        }
        if (rc != ERR_SERIALIZATION_FAILURE)
            break;
    }
    return rc;
}

// ---- what is wanted

static const struct cat_object *find_object(const struct restore *r, const struct cat_object *all, size_t n,
                                            enum cat_object_kind kind, uint32_t id)
{
    for (size_t i = 0; i < n; i++) {
        if (all[i].kind == kind && all[i].id == id)
            return &all[i];
    }
    return NULL;
}

static bool name_matches(struct str wanted, struct str name)
{
    return str_eqc(wanted, "*") || str_eq(wanted, name);
}

// The place of an object: databases know only their own name.
struct place {
    struct str database, schema, name;
};

static struct place place_of(const struct restore *r, const struct cat_object *all, size_t n,
                             const struct cat_object *o)
{
    uint32_t database_id = cat_object_database(o), schema_id = cat_object_schema(o);
    struct place p = {.name = cat_object_name(o)};
    if (o->kind == CAT_OBJECT_DATABASE)
        return (struct place){p.name, STR_EMPTY, STR_EMPTY};
    const struct cat_object *d = find_object(r, all, n, CAT_OBJECT_DATABASE, database_id);
    if (d != NULL)
        p.database = d->database.name;
    const struct cat_object *s =
        o->kind != CAT_OBJECT_SCHEMA ? find_object(r, all, n, CAT_OBJECT_SCHEMA, schema_id) : NULL;
    if (s != NULL)
        p.schema = s->schema.name;
    return p;
}

static bool is_wanted(const struct restore *r, const struct place *p, const struct cat_object *o, bool *used)
{
    bool wanted = r->request.target == BACKUP_CLUSTER;
    for (size_t i = 0; i < r->request.n_names; i++) {
        const struct restore_name *name = &r->request.names[i];
        bool matches = str_eq(name->database, p->database);
        if (r->request.target == BACKUP_TABLES)
            matches = matches && o->kind == CAT_OBJECT_TABLE && name_matches(name->schema, p->schema) &&
                      name_matches(name->table, p->name);
        used[i] |= matches;
        wanted |= matches;
    }
    return wanted;
}

// Types of a database whose tables are restored come with them when the tables use them.
static bool table_uses_type(const struct cat_table *t, uint32_t type_id)
{
    for (size_t i = 0; i < t->n_columns; i++) {
        const struct type_def *def = t->columns[i].type.def;
        if (def != NULL && def->oid == TYPE_OID_USER_FIRST + type_id)
            return true;
    }
    return false;
}

static bool is_used_type(const struct cat_object *o, const struct cat_object *all, const bool *wanted, size_t n)
{
    bool used = false;
    for (size_t i = 0; o->kind == CAT_OBJECT_TYPE && i < n; i++)
        used |= wanted[i] && all[i].kind == CAT_OBJECT_TABLE && table_uses_type(&all[i].table, o->id);
    return used;
}

static int not_in_backup(const struct restore *r, const bool *used, struct err *err)
{
    for (size_t i = 0; i < r->request.n_names; i++) {
        const struct restore_name *name = &r->request.names[i];
        if (used[i])
            continue;
        if (r->request.target == BACKUP_DATABASES)
            return err_set(err, ERR_INVALID_CATALOG_NAME, "unknown database in backup: \"%.*s\"",
                           STR_FMT(name->database));
        return err_set(err, ERR_UNDEFINED_TABLE, "table \"%.*s.%.*s.%.*s\" does not exist in the backup",
                       STR_FMT(name->database), STR_FMT(name->schema), STR_FMT(name->table));
    }
    return 0;
}

static int choose_objects(struct restore *r, struct err *err)
{
    size_t n = r->top->objects.list.len;
    struct cat_object *all = r->top->objects.list.ptr;
    bool *wanted = ARENA_ARRAY(&r->arena, bool, n), *used = ARENA_ARRAY(&r->arena, bool, r->request.n_names);
    if (r->request.target == BACKUP_CLUSTER && r->top->target != BACKUP_CLUSTER)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE,
                       "full cluster RESTORE can only be used on full cluster BACKUP files");
    for (size_t i = 0; i < n; i++)
        TRY(cat_object_decode(job_catalog(r->job), &r->arena, &all[i], err));
    for (size_t i = 0; i < n; i++) {
        struct place p = place_of(r, all, n, &all[i]);
        wanted[i] = is_wanted(r, &p, &all[i], used);
    }
    r->objects = ARENA_ARRAY(&r->arena, struct cat_object, n);
    r->reused = ARENA_ARRAY(&r->arena, bool, n);
    for (size_t i = 0; i < n; i++) {
        if (wanted[i] || is_used_type(&all[i], all, wanted, n))
            r->objects[r->n_objects++] = all[i];
    }
    return not_in_backup(r, used, err);
}

// ---- new ids

// Ids below the first one for users are the same everywhere; a restored cluster keeps them.
static int assign_ids(void *arg, struct kv_txn *txn, struct cat_view *v, struct err *err)
{
    struct restore *r = arg;
    for (size_t i = 0; i < r->n_objects; i++) {
        const struct cat_object *o = &r->objects[i];
        uint32_t id = o->id;
        if (id >= CAT_ID_FIRST_USER || r->request.target != BACKUP_CLUSTER)
            TRY(o->kind == CAT_OBJECT_TYPE ? cat_new_type_id(v, &id, err) : cat_new_id(v, &id, err));
        cat_renumber_add(&r->ids, &r->arena, o->id, id);
    }
    return 0;
}

// Progress: how many, then old and new ids. It is written before any row is.
static int store_ids(struct restore *r, struct err *err)
{
    struct buf progress = BUF_INIT;
    payload_put_u64(&progress, r->n_objects);
    for (size_t i = 0; i < r->n_objects; i++) {
        payload_put_u64(&progress, r->objects[i].id);
        payload_put_u64(&progress, cat_renumber(&r->ids, r->objects[i].id));
    }
    int rc = job_update(r->job, 0, buf_view(&progress), err);
    buf_release(&progress);
    return rc;
}

static void load_ids(struct str progress, struct arena *a, struct cat_renumbering *ids)
{
    uint64_t n = payload_get_u64(&progress);
    for (uint64_t i = 0; i < n && progress.ptr != NULL; i++) {
        uint32_t from = (uint32_t)payload_get_u64(&progress), to = (uint32_t)payload_get_u64(&progress);
        cat_renumber_add(ids, a, from, to);
    }
}

static int number_objects(struct restore *r, struct err *err)
{
    if (job_progress(r->job).len > 0) {
        load_ids(job_progress(r->job), &r->arena, &r->ids);
        return 0;
    }
    TRY(in_txn(r->job, assign_ids, r, err));
    return store_ids(r, err);
}

// ---- what objects of a table restore are put into

static int no_database(struct str name, struct err *err)
{
    return err_set(err, ERR_INVALID_CATALOG_NAME, "a database named \"%.*s\" needs to exist", STR_FMT(name));
}

// The database and schema that exist in the cluster take the place of those of the backup.
static int map_parents(struct restore *r, struct cat_view *v, struct err *err)
{
    size_t n = r->top->objects.list.len;
    const struct cat_object *all = r->top->objects.list.ptr;
    for (size_t i = 0; i < n; i++) {
        const struct cat_object *o = &all[i];
        if (o->kind != CAT_OBJECT_DATABASE && o->kind != CAT_OBJECT_SCHEMA)
            continue;
        struct place p = place_of(r, all, n, o);
        struct str name = r->request.new_database.len > 0 ? r->request.new_database : p.database;
        const struct cat_database *d;
        const struct cat_schema *s;
        TRY(cat_database_by_name(v, name, &d, err));
        if (d == NULL)
            return no_database(name, err);
        if (o->kind == CAT_OBJECT_DATABASE) {
            cat_renumber_add(&r->ids, &r->arena, o->id, d->id);
            continue;
        }
        TRY(cat_schema_by_name(v, d->id, o->schema.name, &s, err));
        if (s != NULL)
            cat_renumber_add(&r->ids, &r->arena, o->id, s->id);
    }
    return 0;
}

static bool same_labels(const struct type_def *a, const struct type_def *b)
{
    bool same = a->n_labels == b->n_labels && !a->is_composite && !b->is_composite;
    for (size_t i = 0; same && i < a->n_labels; i++)
        same = a->labels[i].number == b->labels[i].number && str_eq(a->labels[i].text, b->labels[i].text);
    return same;
}

// A type of the same name and labels serves the restored tables too.
static int reuse_types(struct restore *r, struct cat_view *v, struct err *err)
{
    for (size_t i = 0; i < r->n_objects; i++) {
        const struct cat_object *o = &r->objects[i];
        const struct cat_type *existing;
        if (o->kind != CAT_OBJECT_TYPE)
            continue;
        TRY(cat_type_by_name(v, cat_renumber(&r->ids, o->type.database_id), cat_renumber(&r->ids, o->type.schema_id),
                             o->type.name, &existing, err));
        r->reused[i] = existing != NULL && same_labels(&existing->def, &o->type.def);
        if (r->reused[i])
            cat_renumber_add(&r->ids, &r->arena, o->id, existing->id);
        else if (existing != NULL)
            return err_set(err, ERR_DUPLICATE_OBJECT, "type \"%.*s\" already exists and is another",
                           STR_FMT(o->type.name));
    }
    return 0;
}

// ---- rows

struct piece {
    struct restore *r;
    struct chain_reader *reader;
    struct buf *prefix;
    ARENA_VEC(struct kv_pair) pairs;
    struct arena arena;
    size_t bytes;
};

static int put_piece(void *arg, struct kv_txn *txn, struct cat_view *v, struct err *err)
{
    const struct piece *p = arg;
    for (size_t i = 0; i < p->pairs.len; i++) {
        enum kv_result r = kv_put(txn, p->pairs.ptr[i].key, p->pairs.ptr[i].value);
        if (r != KV_OK)
            return cat_kv_error(txn, (int)r, err);
    }
    return 0;
}

static void add_pair(struct piece *p, const struct backup_entry *e)
{
    struct buf key = BUF_INIT;
    buf_str(&key, buf_view(p->prefix));
    buf_str(&key, e->key);
    struct kv_pair pair = {arena_str(&p->arena, buf_view(&key)), arena_str(&p->arena, e->value)};
    buf_release(&key);
    ARENA_PUSH(&p->arena, &p->pairs, pair);
    p->bytes += pair.key.len + pair.value.len;
}

static bool is_primary(const struct cat_table *t, struct str key)
{
    struct key_reader reader = key_reader(key);
    uint64_t index;
    return t != NULL && t->primary != NULL && key_get_uvarint(&reader, &index) && index == t->primary->id;
}

static int put_pieces(struct piece *p, const struct cat_table *t, struct err *err)
{
    struct backup_entry e;
    bool found = true;
    while (found) {
        TRY(job_check(p->r->job, err));
        arena_reset(&p->arena);
        p->pairs.ptr = NULL;
        p->pairs.len = p->pairs.cap = p->bytes = 0;
        while (found && p->bytes < PIECE_BYTES) {
            TRY(chain_reader_next(p->reader, &e, &found, err));
            if (found) {
                p->r->rows += is_primary(t, e.key);
                add_pair(p, &e);
            }
        }
        if (p->pairs.len > 0)
            TRY(in_txn(p->r->job, put_piece, p, err));
    }
    return 0;
}

struct removal {
    uint32_t cluster, id;
    bool more;
};

static int remove_some(void *arg, struct kv_txn *txn, struct cat_view *v, struct err *err)
{
    struct removal *m = arg;
    struct arena a;
    struct kv_scan *scan;
    struct kv_batch batch = {0};
    arena_init(&a, NULL);
    struct kv_range range = key_table_range(&a, m->cluster, m->id);
    enum kv_result r = kv_scan_open(txn, range, KV_READ_SNAPSHOT | KV_READ_KEYS_ONLY, REMOVE_PAIRS, &scan);
    m->more = false;
    while (r == KV_OK && (r = kv_scan_next(scan, REMOVE_PAIRS, &batch)) == KV_OK && batch.n > 0) {
        m->more = true;
        for (size_t i = 0; i < batch.n && r == KV_OK; i++)
            r = kv_delete(txn, batch.pairs[i].key);
    }
    arena_release(&a);
    return r == KV_OK ? 0 : cat_kv_error(txn, (int)r, err);
}

// The rows of a table that does not exist: of a run that was cut short.
static int remove_rows(struct job *job, uint32_t id, struct err *err)
{
    struct removal m = {.cluster = catalog_cluster(job_catalog(job)), .id = id, .more = true};
    while (m.more)
        TRY(in_txn(job, remove_some, &m, err));
    return 0;
}

static int restore_table_rows(struct restore *r, const struct cat_object *o, struct err *err)
{
    struct buf prefix = BUF_INIT;
    struct chain_reader reader;
    struct piece p = {.r = r, .reader = &reader, .prefix = &prefix};
    uint32_t id = cat_renumber(&r->ids, o->id);
    TRY(remove_rows(r->job, id, err));
    key_put_table(&prefix, catalog_cluster(job_catalog(r->job)), id);
    arena_init(&p.arena, NULL);
    int rc = chain_reader_open(&reader, &r->arena, &r->chain, o->id, err);
    if (rc == 0)
        rc = put_pieces(&p, &o->table, err);
    chain_reader_close(&reader);
    arena_release(&p.arena);
    buf_release(&prefix);
    return rc;
}

// ---- publishing

struct rename {
    struct str from, to;
    bool any;
};

static bool rename_node(void *arg, struct ast *n)
{
    struct rename *rn = arg;
    if (n->kind == AST_OBJECT_NAME) {
        struct ast_object_name *name = (struct ast_object_name *)n;
        if (str_eq(name->database, rn->from)) {
            name->database = rn->to;
            rn->any = true;
        }
    }
    return true;
}

// Queries of views and functions name their tables with their database.
static int rename_in(struct restore *r, struct str *sql, struct str name, struct rename rn, struct err *err)
{
    struct parsed_statements parsed;
    struct parse_options options = {.default_int_size = 8};
    struct buf text = BUF_INIT;
    if (parse_sql(&r->arena, *sql, &options, &parsed, NULL) != 0)
        return err_set(err, ERR_DATA_CORRUPTED, "the text of \"%.*s\" is damaged", STR_FMT(name));
    for (size_t i = 0; i < parsed.n; i++) {
        ast_walk((struct ast *)parsed.items[i].ast, rename_node, &rn);
        buf_cstr(&text, i > 0 ? ";\n" : "");
        ast_print(&text, parsed.items[i].ast, AST_PRINT_DEFAULT);
    }
    if (rn.any)
        *sql = arena_str(&r->arena, buf_view(&text));
    buf_release(&text);
    return 0;
}

static int rename_in_view(struct restore *r, struct cat_table *t, struct str from, struct str to, struct err *err)
{
    return rename_in(r, &t->view_sql, t->name, (struct rename){from, to, false}, err);
}

static int rename_in_function(struct restore *r, struct cat_function *f, struct str from, struct str to,
                              struct err *err)
{
    return rename_in(r, &f->body, f->name, (struct rename){from, to, false}, err);
}

static int left_behind(const struct restore *r, const struct cat_object *o, size_t keys, size_t others, struct err *err)
{
    const struct cat_table *t = &o->table;
    bool view = t->kind == CAT_VIEW || t->kind == CAT_MATERIALIZED_VIEW;
    if (keys > 0 && (r->request.flags & RESTORE_SKIP_MISSING_FOREIGN_KEYS) == 0)
        return err_set(
            err, ERR_FOREIGN_KEY_VIOLATION,
            "cannot restore table \"%.*s\" without referenced table (or \"skip_missing_foreign_keys\" option)",
            STR_FMT(t->name));
    unsigned flag = view ? RESTORE_SKIP_MISSING_VIEWS : RESTORE_SKIP_MISSING_SEQUENCES;
    if (others > 0 && (view || (r->request.flags & flag) == 0))
        return err_set(err, ERR_DEPENDENT_OBJECTS_STILL_EXIST,
                       "cannot restore \"%.*s\" without what it depends on (or \"%s\" option)", STR_FMT(t->name),
                       view ? "skip_missing_views" : "skip_missing_sequences");
    return 0;
}

// Defaults that use sequences left behind go with them.
static void drop_sequence_defaults(struct restore *r, struct cat_table *t)
{
    struct cat_column *columns = arena_dup(&r->arena, t->columns, size_mul(t->n_columns, sizeof(*columns)));
    for (size_t i = 0; i < t->n_columns; i++) {
        struct str sql = columns[i].default_sql;
        if (sql.len > 0 && str_find(sql, STR("nextval("), 0) >= 0)
            columns[i].default_sql = STR_EMPTY;
    }
    t->columns = columns;
}

static void own_object(struct restore *r, struct cat_object *o)
{
    struct str owner = job_owner(r->job);
    struct arena *a = &r->arena;
    switch (o->kind) {
    case CAT_OBJECT_DATABASE:
        o->database.acl = cat_default_acl(a, owner, CAT_PRIVILEGE_CONNECT);
        break;
    case CAT_OBJECT_SCHEMA:
        o->schema.acl = cat_default_acl(
            a, owner, str_eqc(o->schema.name, "public") ? CAT_PRIVILEGE_CREATE | CAT_PRIVILEGE_USAGE : 0);
        break;
    case CAT_OBJECT_TYPE:
        o->type.acl = cat_default_acl(a, owner, CAT_PRIVILEGE_USAGE);
        break;
    case CAT_OBJECT_TABLE:
        o->table.acl = cat_default_acl(a, owner, 0);
        break;
    case CAT_OBJECT_FUNCTION:
        o->function.acl = cat_default_acl(a, owner, CAT_PRIVILEGE_EXECUTE);
        break;
    }
}

static int publish_object(struct restore *r, struct cat_view *v, const struct cat_object *original, struct err *err)
{
    struct cat_object o = *original;
    size_t keys = 0, others = 0;
    struct place p = place_of(r, r->top->objects.list.ptr, r->top->objects.list.len, original);
    cat_object_renumber(job_catalog(r->job), &r->arena, &o, &r->ids, &keys, &others);
    if (o.kind == CAT_OBJECT_TABLE) {
        TRY(left_behind(r, &o, keys, others, err));
        if (o.table.n_triggers < original->table.n_triggers && (r->request.flags & RESTORE_SKIP_MISSING_UDFS) == 0)
            return err_set(err, ERR_DEPENDENT_OBJECTS_STILL_EXIST,
                           "cannot restore table \"%.*s\" without the functions of its triggers (or "
                           "\"skip_missing_udfs\" option)",
                           STR_FMT(o.table.name));
        if (others > 0)
            drop_sequence_defaults(r, &o.table);
        if (o.table.view_sql.len > 0 && r->request.new_database.len > 0)
            TRY(rename_in_view(r, &o.table, p.database, r->request.new_database, err));
        if (o.table.schema_id == CAT_ID_NONE)
            return err_set(err, ERR_INVALID_SCHEMA_NAME, "schema \"%.*s\" does not exist", STR_FMT(p.schema));
    }
    if (o.kind == CAT_OBJECT_FUNCTION && r->request.new_database.len > 0 && !o.function.plpgsql) // names as written
        TRY(rename_in_function(r, &o.function, p.database, r->request.new_database, err));
    if (o.kind == CAT_OBJECT_DATABASE && r->request.new_database.len > 0)
        o.database.name = r->request.new_database;
    if (r->request.target != BACKUP_CLUSTER)
        own_object(r, &o);
    TRY(cat_object_put(v, &o, err));
    bool expires =
        o.kind == CAT_OBJECT_TABLE && cat_storage_parameter(o.table.storage_parameters, STR("ttl")).ptr != NULL;
    return expires ? cat_schedule_ttl(v, &r->arena, &o.table, err) : 0;
}

static bool skipped_view(const struct restore *r, const struct cat_object *o)
{
    bool missing = false;
    if (o->kind != CAT_OBJECT_TABLE || o->table.view_sql.len == 0)
        return false;
    for (size_t i = 0; i < o->table.n_depends_on; i++)
        missing |= cat_renumber(&r->ids, o->table.depends_on[i]) == CAT_ID_NONE;
    return missing && (r->request.flags & RESTORE_SKIP_MISSING_VIEWS) != 0;
}

// A cluster is restored into an empty one: the databases it was made with give way, if nothing is in them.
static int clear_cluster(struct cat_view *v, struct arena *a, struct err *err)
{
    const struct cat_database **databases;
    const struct cat_table **tables;
    const struct cat_schema **schemas;
    size_t n, n_tables, n_schemas;
    TRY(cat_list_databases(v, a, &databases, &n, err));
    for (size_t i = 0; i < n; i++) {
        uint32_t id = databases[i]->id;
        if (id == CAT_ID_SYSTEM_DATABASE)
            continue;
        TRY(cat_list_tables(v, a, id, 0, &tables, &n_tables, err));
        if (n_tables > 0 || id >= CAT_ID_FIRST_USER)
            return err_set(err, ERR_OBJECT_NOT_IN_PREREQUISITE_STATE,
                           "full cluster restore can only be run on a cluster with no tables or databases but found "
                           "\"%.*s\"",
                           STR_FMT(n_tables > 0 ? tables[0]->name : databases[i]->name));
        TRY(cat_list_schemas(v, a, id, &schemas, &n_schemas, err));
        for (size_t k = 0; k < n_schemas; k++) {
            if (!schemas[k]->is_virtual)
                TRY(cat_remove(v, schemas[k]->id, err));
        }
        TRY(cat_remove(v, id, err));
    }
    return 0;
}

// Users, roles, settings: the rows of the backup take the place of those there are.
static int publish_system_table(struct restore *r, struct kv_txn *txn, uint32_t id, struct err *err)
{
    struct chain_reader reader;
    struct backup_entry e;
    struct buf key = BUF_INIT;
    bool found = true;
    enum kv_result kr = kv_delete_range(txn, key_index_range(&r->arena, catalog_cluster(job_catalog(r->job)), id, 1));
    int rc = chain_reader_open(&reader, &r->arena, &r->chain, id, err);
    while (rc == 0 && kr == KV_OK && found) {
        rc = chain_reader_next(&reader, &e, &found, err);
        if (rc != 0 || !found)
            break;
        buf_clear(&key);
        key_put_table(&key, catalog_cluster(job_catalog(r->job)), id);
        buf_str(&key, e.key);
        struct key_reader index = key_reader(e.key);
        uint64_t number;
        if (key_get_uvarint(&index, &number) && number == KEY_INDEX_PRIMARY) // not the counters of changes
            kr = kv_put(txn, buf_view(&key), e.value);
    }
    chain_reader_close(&reader);
    buf_release(&key);
    return rc != 0 ? rc : kr != KV_OK ? cat_kv_error(txn, (int)kr, err) : 0;
}

// Ids of named ranges, and 0, are those of the cluster as a whole.
static bool is_of_cluster(const struct restore *r, const struct cat_beside *b)
{
    return r->request.target == BACKUP_CLUSTER && b->id < CAT_ID_DEFAULTDB && b->kind != CAT_BESIDE_COMMENT;
}

static int publish_beside(struct restore *r, struct cat_view *v, struct err *err)
{
    const struct cat_objects *top = &r->top->objects;
    for (size_t i = 0; i < top->beside.len; i++) {
        const struct cat_beside *b = &top->beside.ptr[i];
        if (is_of_cluster(r, b))
            TRY(cat_beside_put(v, b, b->id, NULL, err));
        for (size_t k = 0; k < r->n_objects; k++) {
            const struct cat_object *o = &r->objects[k];
            if (o->id != b->id || r->reused[k] || skipped_view(r, o))
                continue;
            const struct cat_table *t = o->kind == CAT_OBJECT_TABLE ? &o->table : NULL;
            TRY(cat_beside_put(v, b, cat_renumber(&r->ids, o->id), t, err));
        }
    }
    return 0;
}

static int database_exists(struct restore *r, struct cat_view *v, struct err *err)
{
    for (size_t i = 0; i < r->n_objects; i++) {
        const struct cat_object *o = &r->objects[i];
        const struct cat_database *d;
        if (o->kind != CAT_OBJECT_DATABASE)
            continue;
        struct str name = r->request.new_database.len > 0 ? r->request.new_database : o->database.name;
        TRY(cat_database_by_name(v, name, &d, err));
        if (d != NULL)
            return err_set(err, ERR_DUPLICATE_DATABASE, "database \"%.*s\" already exists", STR_FMT(name));
    }
    return 0;
}

static int check_target(void *arg, struct kv_txn *txn, struct cat_view *v, struct err *err)
{
    struct restore *r = arg;
    if (r->request.target == BACKUP_CLUSTER)
        return clear_cluster(v, &r->arena, err); // the transaction is not committed
    if (r->request.target == BACKUP_DATABASES)
        return database_exists(r, v, err);
    TRY(map_parents(r, v, err));
    return reuse_types(r, v, err);
}

static int publish(void *arg, struct kv_txn *txn, struct cat_view *v, struct err *err)
{
    struct restore *r = arg;
    TRY(check_target(r, txn, v, err));
    for (size_t i = 0; i < r->n_objects; i++) {
        if (!r->reused[i] && !skipped_view(r, &r->objects[i]))
            TRY(publish_object(r, v, &r->objects[i], err));
    }
    for (size_t i = 0; r->request.target == BACKUP_CLUSTER && i < backup_system_tables_len; i++)
        TRY(publish_system_table(r, txn, backup_system_tables[i], err));
    TRY(cat_invalidate(v, err)); // roles are those of the backup
    TRY(publish_beside(r, v, err));
    struct buf progress = BUF_INIT;
    payload_put_u64(&progress, r->rows);
    int rc = job_finish_in(r->job, txn, buf_view(&progress), err);
    buf_release(&progress);
    return rc;
}

// ---- the whole

// What can be seen to fail before any row is written does so.
static int check_early(struct restore *r, struct err *err)
{
    struct kv_txn *txn;
    struct cat_view *view;
    enum kv_result kr = kv_begin(job_kv(r->job), &(struct kv_begin_options){0}, &txn);
    if (kr != KV_OK)
        return cat_kv_error(NULL, (int)kr, err);
    int rc = cat_view_open(job_catalog(r->job), txn, &view, err);
    if (rc == 0) {
        rc = check_target(r, txn, view, err);
        cat_view_close(view);
    }
    kv_abort(txn);
    return rc;
}

static int restore_rows(struct restore *r, struct err *err)
{
    if ((r->request.flags & RESTORE_SCHEMA_ONLY) != 0)
        return 0;
    for (size_t i = 0; i < r->n_objects; i++) {
        if (r->objects[i].kind == CAT_OBJECT_TABLE)
            TRY(restore_table_rows(r, &r->objects[i], err));
    }
    return 0;
}

static int restore_all(struct restore *r, struct err *err)
{
    TRY(restore_request_decode(job_payload(r->job), &r->arena, &r->request, err));
    TRY(backup_open(r->request.collection, r->request.subdirectory, r->request.version, &r->arena, &r->chain, err));
    r->top = &r->chain.layers.ptr[r->chain.layers.len - 1];
    TRY(choose_objects(r, err));
    TRY(check_early(r, err));
    TRY(number_objects(r, err));
    TRY(restore_rows(r, err));
    TRY(job_pausepoint(r->job, "restore.before_publishing_descriptors", err));
    return in_txn(r->job, publish, r, err);
}

int restore_run(struct job *job, struct err *err)
{
    struct restore r = {.job = job};
    arena_init(&r.arena, NULL);
    int rc = restore_all(&r, err);
    cat_renumbering_release(&r.ids);
    arena_release(&r.arena);
    return rc;
}

int restore_revert(struct job *job, struct err *err)
{
    struct str progress = job_progress(job);
    uint64_t n = payload_get_u64(&progress);
    for (uint64_t i = 0; i < n && progress.ptr != NULL; i++) {
        (void)payload_get_u64(&progress); // the old id
        uint32_t id = (uint32_t)payload_get_u64(&progress);
        if (id >= CAT_ID_FIRST_USER)
            TRY(remove_rows(job, id, err));
    }
    return 0;
}
