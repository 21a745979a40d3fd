// Checking the catalog: descriptors and names, what they say of each other, and keys that belong to nothing.
#include "catalog/check.h"
#include "base/util.h"
#include "catalog/catalog_int.h"
#include "catalog/jobs.h"
#include "catalog/splits.h"
#include <stdio.h>

enum { TEXT_BYTES_MAX = 1024 };

struct checker {
    struct cat_view *view;
    struct check_sink *sink;
    struct arena arena; // of the row at hand
    const struct cat_garbage *garbage;
    size_t n_garbage;
    struct map entries; // u32 -> struct entry *, absent_entry: read from the store here, whatever is cached
};

void check_report(struct check_sink *sink, const struct check_finding *finding)
{
    sink->findings++;
    sink->found(sink, finding);
}

static struct str formatted(char *out, size_t size, const char *fmt, va_list ap)
{
    int n = vsnprintf(out, size, fmt, ap);
    return (struct str){out, n < 0 ? 0 : MIN((size_t)n, size - 1)};
}

void check_report_table(struct check_sink *sink, struct cat_view *v, const struct cat_table *t, struct str index_name,
                        const char *type, struct str primary_key, const char *fmt, ...)
{
    char text[TEXT_BYTES_MAX], object[TEXT_BYTES_MAX];
    const struct cat_database *d = NULL;
    const struct cat_schema *s = NULL;
    va_list ap;
    struct check_finding f = {.type = type, .primary_key = primary_key};
    va_start(ap, fmt);
    f.details = formatted(text, sizeof(text), fmt, ap);
    va_end(ap);
    snprintf(object, sizeof(object), "%.*s%s%.*s", STR_FMT(t->name), index_name.len > 0 ? "@" : "",
             STR_FMT(index_name));
    f.object = str_of(object);
    if (cat_database_by_id(v, t->database_id, &d, NULL) == 0 && d != NULL)
        f.database = d->name;
    if (cat_schema_by_id(v, t->schema_id, &s, NULL) == 0 && s != NULL)
        f.schema = s->name;
    check_report(sink, &f);
}

static void report(struct checker *c, const char *type, struct str object, const char *fmt, ...) PRINTF_LIKE(4, 5);
static void report(struct checker *c, const char *type, struct str object, const char *fmt, ...)
{
    char text[TEXT_BYTES_MAX];
    va_list ap;
    struct check_finding f = {.type = type, .object = object};
    va_start(ap, fmt);
    f.details = formatted(text, sizeof(text), fmt, ap);
    va_end(ap);
    check_report(c->sink, &f);
}

#define REPORT_TABLE(c, t, type, ...) \
    check_report_table((c)->sink, (c)->view, (t), STR_EMPTY, (type), STR_EMPTY, __VA_ARGS__)

static int load_entry(struct checker *c, uint32_t id, struct entry **out, struct err *err)
{
    struct datum key = datum_int(id), row[SYSTEM_COLUMNS_MAX];
    bool found;
    *out = &absent_entry;
    int rc = system_get(c->view->catalog, c->view->txn, &c->arena, SYSTEM_DESCRIPTOR, KV_READ_SNAPSHOT, &key, row,
                        &found, err);
    if (rc == 0 && found)
        rc = entry_decode(c->view->catalog, id, row[1].s, out, err);
    return rc;
}

// A damaged descriptor is reported when its own row is visited, and counts as absent elsewhere.
static int entry_of(struct checker *c, uint32_t id, const struct entry **out, struct err *err)
{
    struct str key = {(const char *)&id, sizeof(id)};
    struct entry *e = map_get(&c->entries, key);
    if (e == NULL) {
        int rc = load_entry(c, id, &e, err);
        if (rc != 0 && rc != ERR_DATA_CORRUPTED)
            return rc;
        err_reset(err);
        e = rc == 0 ? e : &absent_entry;
        map_put(&c->entries, key, e);
    }
    *out = e != &absent_entry ? e : NULL;
    return 0;
}

static void release_entries(struct checker *c)
{
    struct map_entry *m;
    for (size_t it = 0; (m = map_next(&c->entries, &it)) != NULL;)
        entry_unref(c->view->catalog, m->value);
    map_release(&c->entries);
}

// ---- all rows of a system table

typedef int (*visit_row)(struct checker *c, const struct datum *row, struct err *err);

static int visit(struct checker *c, enum system_table_kind kind, visit_row each, struct err *err)
{
    struct system_scan scan;
    struct datum row[SYSTEM_COLUMNS_MAX];
    bool found = true;
    struct arena keys;
    arena_init(&keys, NULL);
    int rc = system_scan_open(c->view->catalog, c->view->txn, &keys, kind, NULL, 0, &scan, err);
    scan.arena = &c->arena;
    while (rc == 0 && found) {
        arena_reset(&c->arena);
        rc = system_scan_next(&scan, row, &found, err);
        if (rc == ERR_DATA_CORRUPTED) {
            report(c, "damaged_row", c->view->catalog->system[kind]->name, "a row of system.%.*s cannot be decoded",
                   STR_FMT(c->view->catalog->system[kind]->name));
            err_reset(err);
            rc = 0;
        } else if (rc == 0 && found) {
            rc = each(c, row, err);
        }
    }
    system_scan_close(&scan);
    arena_release(&keys);
    return rc;
}

// ---- names

struct name_place {
    uint32_t parent, schema;
    struct str name;
};

static struct name_place place_of(const struct entry *e)
{
    switch (e->kind) {
    case ENTRY_DATABASE:
        return (struct name_place){0, 0, e->database.name};
    case ENTRY_SCHEMA:
        return (struct name_place){e->schema.database_id, 0, e->schema.name};
    case ENTRY_FUNCTION:
        return (struct name_place){e->function.database_id, e->function.schema_id, e->function.signature};
    case ENTRY_TYPE:
        return (struct name_place){e->type.database_id, e->type.schema_id, e->type.name};
    case ENTRY_TABLE:
        break;
    }
    return (struct name_place){e->table.database_id, e->table.schema_id, e->table.name};
}

static int check_name(struct checker *c, const struct datum *row, struct err *err)
{
    const struct entry *e;
    struct str name = row[2].s;
    uint32_t id = (uint32_t)row[3].i;
    TRY(entry_of(c, id, &e, err));
    if (e == NULL) {
        report(c, "dangling_name", name, "the name stands for descriptor %u, which does not exist", id);
        return 0;
    }
    struct name_place p = place_of(e);
    if (p.parent != (uint32_t)row[0].i || p.schema != (uint32_t)row[1].i || !str_eq(p.name, name))
        report(c, "dangling_name", name, "the name stands for descriptor %u, which is \"%.*s\" (%u, %u)", id,
               STR_FMT(p.name), p.parent, p.schema);
    return 0;
}

// ---- descriptors

static int check_has_name(struct checker *c, uint32_t id, const struct entry *e, struct err *err)
{
    struct name_place p = place_of(e);
    struct datum key[] = {datum_int(p.parent), datum_int(p.schema), datum_str(p.name)}, row[SYSTEM_COLUMNS_MAX];
    bool found;
    TRY(system_get(c->view->catalog, c->view->txn, &c->arena, SYSTEM_NAMESPACE, KV_READ_SNAPSHOT, key, row, &found,
                   err));
    if (!found || (uint32_t)row[3].i != id)
        report(c, "missing_name", p.name, "descriptor %u has no entry in system.namespace", id);
    return 0;
}

static int check_role(struct checker *c, struct str object, struct str role, const char *what, struct err *err)
{
    const struct cat_role *r;
    if (str_eqc(role, "public"))
        return 0;
    TRY(cat_role_by_name(c->view, role, &r, err));
    if (r == NULL)
        report(c, "missing_role", object, "%s \"%.*s\" does not exist", what, STR_FMT(role));
    return 0;
}

static int check_acl(struct checker *c, struct str object, const struct cat_acl *acl, struct err *err)
{
    TRY(check_role(c, object, acl->owner, "the owner", err));
    for (size_t i = 0; i < acl->n_grants; i++)
        TRY(check_role(c, object, acl->grants[i].grantee, "the grantee", err));
    return 0;
}

static void check_columns_of(struct checker *c, const struct cat_table *t, struct str name, const uint32_t *columns,
                             size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (cat_column_by_id(t, columns[i]) == NULL)
            REPORT_TABLE(c, t, "invalid_descriptor", "\"%.*s\" uses column %u, which does not exist", STR_FMT(name),
                         columns[i]);
    }
}

static void check_index(struct checker *c, const struct cat_table *t, const struct cat_index *index)
{
    for (size_t i = 0; i < index->n_columns; i++)
        check_columns_of(c, t, index->name, &index->columns[i].column_id, 1);
    check_columns_of(c, t, index->name, index->storing, index->n_storing);
    struct str now = cat_index_collations(&c->arena, t->columns, t->n_columns, index);
    if (index->collations.len > 0 && !str_eq(index->collations, now))
        REPORT_TABLE(c, t, "collation_changed",
                     "index \"%.*s\" was made in the order of %.*s, which is now %.*s: make it again",
                     STR_FMT(index->name), STR_FMT(index->collations), STR_FMT(now));
    if (index->id >= t->next_index_id)
        REPORT_TABLE(c, t, "invalid_descriptor", "index \"%.*s\" has number %u, the next is %u", STR_FMT(index->name),
                     index->id, t->next_index_id);
}

static void check_columns(struct checker *c, const struct cat_table *t)
{
    for (size_t i = 0; i < t->n_columns; i++) {
        if (t->columns[i].id >= t->next_column_id)
            REPORT_TABLE(c, t, "invalid_descriptor", "column \"%.*s\" has number %u, the next is %u",
                         STR_FMT(t->columns[i].name), t->columns[i].id, t->next_column_id);
        for (size_t k = 0; k < i; k++) {
            if (t->columns[k].id == t->columns[i].id || str_eq(t->columns[k].name, t->columns[i].name))
                REPORT_TABLE(c, t, "invalid_descriptor", "column \"%.*s\" exists twice", STR_FMT(t->columns[i].name));
        }
    }
}

static bool same_key(const struct cat_foreign_key *a, const struct cat_foreign_key *b)
{
    return str_eq(a->name, b->name) && a->origin_table_id == b->origin_table_id &&
           a->referenced_table_id == b->referenced_table_id && a->n_columns == b->n_columns &&
           memcmp(a->origin_columns, b->origin_columns, a->n_columns * sizeof(uint32_t)) == 0 &&
           memcmp(a->referenced_columns, b->referenced_columns, a->n_columns * sizeof(uint32_t)) == 0;
}

// The other table has the key too.
static int check_foreign_key(struct checker *c, const struct cat_table *t, const struct cat_foreign_key *fk,
                             bool outbound, struct err *err)
{
    const struct entry *e;
    uint32_t other_id = outbound ? fk->referenced_table_id : fk->origin_table_id;
    TRY(entry_of(c, other_id, &e, err));
    const struct cat_table *other = e != NULL && e->kind == ENTRY_TABLE ? &e->table : NULL;
    check_columns_of(c, t, fk->name, outbound ? fk->origin_columns : fk->referenced_columns, fk->n_columns);
    bool found = false;
    for (size_t i = 0; other != NULL && i < (outbound ? other->n_inbound : other->n_outbound); i++)
        found |= same_key(fk, outbound ? &other->inbound[i] : &other->outbound[i]);
    if (!found)
        REPORT_TABLE(c, t, "invalid_descriptor", "foreign key \"%.*s\" is not known to table %u", STR_FMT(fk->name),
                     other_id);
    return 0;
}

static bool listed(const uint32_t *ids, size_t n, uint32_t id)
{
    for (size_t i = 0; i < n; i++) {
        if (ids[i] == id)
            return true;
    }
    return false;
}

static int check_trigger(struct checker *c, const struct cat_table *t, const struct cat_trigger *g, struct err *err)
{
    const struct entry *e;
    check_columns_of(c, t, g->name, g->columns, g->n_columns);
    check_columns_of(c, t, g->name, g->when_columns, g->n_when_columns);
    TRY(entry_of(c, g->function_id, &e, err));
    if (e == NULL || e->kind != ENTRY_FUNCTION)
        REPORT_TABLE(c, t, "invalid_descriptor", "trigger \"%.*s\" calls function %u, which does not exist",
                     STR_FMT(g->name), g->function_id);
    return 0;
}

static int check_dependencies(struct checker *c, const struct cat_table *t, bool forward, struct err *err)
{
    const uint32_t *ids = forward ? t->depends_on : t->depended_on_by;
    for (size_t i = 0; i < (forward ? t->n_depends_on : t->n_depended_on_by); i++) {
        const struct entry *e;
        TRY(entry_of(c, ids[i], &e, err));
        bool mirrored = e != NULL && e->kind == ENTRY_TABLE &&
                        (forward ? listed(e->table.depended_on_by, e->table.n_depended_on_by, t->id)
                                 : listed(e->table.depends_on, e->table.n_depends_on, t->id));
        if (!mirrored)
            REPORT_TABLE(c, t, "invalid_descriptor", "dependency on %u is not mirrored", ids[i]);
    }
    return 0;
}

static int check_sequence(struct checker *c, const struct cat_table *t, struct err *err)
{
    const struct cat_sequence *s = &t->sequence;
    struct buf key = BUF_INIT;
    struct kv_value v;
    key_put_table_item(&key, c->view->catalog->cluster, t->id, KEY_TABLE_SEQUENCE);
    enum kv_result r = kv_get(c->view->txn, buf_view(&key), KV_READ_SNAPSHOT, &v);
    buf_release(&key);
    TRY_KV(c->view->txn, r, err);
    if (v.found) {
        int64_t value = 0;
        memcpy(&value, v.value.ptr, MIN(v.value.len, sizeof(value)));
        if (v.value.len != 9 || value < s->min || value > s->max)
            REPORT_TABLE(c, t, "invalid_sequence", "its value %lld is not within %lld and %lld", (long long)value,
                         (long long)s->min, (long long)s->max);
    }
    const struct entry *owner;
    if (s->owner_table_id == 0)
        return 0;
    TRY(entry_of(c, s->owner_table_id, &owner, err));
    if (owner == NULL || owner->kind != ENTRY_TABLE || cat_column_by_id(&owner->table, s->owner_column_id) == NULL)
        REPORT_TABLE(c, t, "invalid_descriptor", "it is owned by column %u of table %u, which does not exist",
                     s->owner_column_id, s->owner_table_id);
    return 0;
}

static int check_parents(struct checker *c, const struct cat_table *t, struct err *err)
{
    const struct entry *database;
    const struct entry *schema;
    TRY(entry_of(c, t->database_id, &database, err));
    TRY(entry_of(c, t->schema_id, &schema, err));
    if (database == NULL || database->kind != ENTRY_DATABASE)
        REPORT_TABLE(c, t, "invalid_descriptor", "its database %u does not exist", t->database_id);
    if (schema == NULL || schema->kind != ENTRY_SCHEMA || schema->schema.database_id != t->database_id)
        REPORT_TABLE(c, t, "invalid_descriptor", "its schema %u does not exist", t->schema_id);
    return 0;
}

static int check_table(struct checker *c, const struct cat_table *t, struct err *err)
{
    TRY(check_parents(c, t, err));
    TRY(check_acl(c, t->name, &t->acl, err));
    check_columns(c, t);
    if (t->kind == CAT_TABLE && t->primary == NULL)
        REPORT_TABLE(c, t, "invalid_descriptor", "it has no primary index");
    else if (t->primary != NULL)
        check_index(c, t, t->primary);
    for (size_t i = 0; i < t->n_indexes; i++)
        check_index(c, t, &t->indexes[i]);
    for (size_t i = 0; i < t->n_checks; i++)
        check_columns_of(c, t, t->checks[i].name, t->checks[i].columns, t->checks[i].n_columns);
    for (size_t i = 0; i < t->n_outbound; i++)
        TRY(check_foreign_key(c, t, &t->outbound[i], true, err));
    for (size_t i = 0; i < t->n_inbound; i++)
        TRY(check_foreign_key(c, t, &t->inbound[i], false, err));
    for (size_t i = 0; i < t->n_triggers; i++)
        TRY(check_trigger(c, t, &t->triggers[i], err));
    TRY(check_dependencies(c, t, true, err));
    TRY(check_dependencies(c, t, false, err));
    return t->kind == CAT_SEQUENCE ? check_sequence(c, t, err) : 0;
}

static int check_entry(struct checker *c, const struct entry *e, struct err *err)
{
    switch (e->kind) {
    case ENTRY_DATABASE:
        return check_acl(c, e->database.name, &e->database.acl, err);
    case ENTRY_SCHEMA:
        return check_acl(c, e->schema.name, &e->schema.acl, err);
    case ENTRY_FUNCTION:
        return check_acl(c, e->function.name, &e->function.acl, err);
    case ENTRY_TYPE:
        return check_acl(c, e->type.name, &e->type.acl, err);
    case ENTRY_TABLE:
        break;
    }
    return check_table(c, &e->table, err);
}

static int check_descriptor(struct checker *c, const struct datum *row, struct err *err)
{
    struct entry *e;
    uint32_t id = (uint32_t)row[0].i;
    if (entry_decode(c->view->catalog, id, row[1].s, &e, NULL) != 0) {
        report(c, "damaged_descriptor", arena_printf(&c->arena, "[%u]", id), "descriptor %u cannot be decoded", id);
        return 0;
    }
    int rc = check_has_name(c, id, e, err);
    if (rc == 0)
        rc = check_entry(c, e, err);
    entry_unref(c->view->catalog, e);
    return rc;
}

// ---- roles and comments

static int check_member(struct checker *c, const struct datum *row, struct err *err)
{
    TRY(check_role(c, row[0].s, row[0].s, "the role", err));
    return check_role(c, row[0].s, row[1].s, "the member", err);
}

static int check_role_option(struct checker *c, const struct datum *row, struct err *err)
{
    return check_role(c, row[0].s, row[0].s, "the role of an option", err);
}

static int check_comment(struct checker *c, const struct datum *row, struct err *err)
{
    const struct entry *e;
    TRY(entry_of(c, (uint32_t)row[1].i, &e, err));
    if (e == NULL)
        report(c, "orphaned_comment", arena_printf(&c->arena, "[%lld]", (long long)row[1].i),
               "a comment on descriptor %lld, which does not exist", (long long)row[1].i);
    return 0;
}

// ---- keys

// What a job is about to delete; it leaves the records of tables that are there alone.
static bool is_garbage(const struct checker *c, struct key_prefix p)
{
    for (size_t i = 0; i < c->n_garbage; i++) {
        const struct cat_garbage *g = &c->garbage[i];
        if (g->table_id == p.table && (g->index_id == 0 || g->index_id == p.index))
            return true;
    }
    return false;
}

// What a key's table and index say of whether it may be there. `item`: of a record. A sequence's value is stored at
// once, also when the transaction that creates the sequence comes to nothing; the value stays, its id is never used
// again.
static int check_prefix(struct checker *c, struct key_prefix p, int item, struct err *err)
{
    const struct entry *e;
    // These have no descriptor.
    bool bare = (p.table == KEY_TABLE_EVENTS || p.table == KEY_TABLE_SPLITS) && p.index == KEY_INDEX_PRIMARY;
    if (bare || is_garbage(c, p))
        return 0;
    TRY(entry_of(c, (uint32_t)p.table, &e, err));
    const struct cat_table *t = e != NULL && e->kind == ENTRY_TABLE ? &e->table : NULL;
    bool counter = p.table < CAT_ID_FIRST_USER || item == KEY_TABLE_SEQUENCE; // the first: of the catalog itself
    if (t == NULL && !(p.index == KEY_INDEX_RECORDS && counter))
        report(c, "orphaned_data", arena_printf(&c->arena, "[%llu]", (unsigned long long)p.table),
               "keys of index %llu of table %llu, which does not exist", (unsigned long long)p.index,
               (unsigned long long)p.table);
    else if (t != NULL && p.index != KEY_INDEX_RECORDS && cat_index_by_id(t, (uint32_t)p.index) == NULL)
        REPORT_TABLE(c, t, "orphaned_data", "keys of index %llu, which does not exist", (unsigned long long)p.index);
    return 0;
}

// One key of every index that has keys, by skipping from one to the next.
static int check_keys(struct checker *c, struct err *err)
{
    struct buf prefix = BUF_INIT;
    struct arena a;
    struct cat_garbage *garbage = NULL;
    arena_init(&a, NULL);
    int rc = cat_garbage_list(c->view->catalog, c->view->txn, &a, &garbage, &c->n_garbage, err);
    c->garbage = garbage;
    key_put_cluster(&prefix, c->view->catalog->cluster);
    struct kv_range range = key_prefix_range(&a, arena_str(&a, buf_view(&prefix)));
    while (rc == 0) {
        struct kv_scan *scan;
        struct kv_batch batch = {0};
        enum kv_result r = kv_scan_open(c->view->txn, range, KV_READ_SNAPSHOT | KV_READ_KEYS_ONLY, 1, &scan);
        if (r == KV_OK)
            r = kv_scan_next(scan, 1, &batch);
        if (r != KV_OK || batch.n == 0) {
            rc = r == KV_OK ? 0 : cat_kv_error(c->view->txn, (int)r, err);
            break;
        }
        struct str key = arena_str(&a, batch.pairs[0].key);
        kv_scan_close(scan);
        struct key_reader reader = key_reader(key);
        struct key_prefix p;
        arena_reset(&c->arena);
        if (!key_get_prefix(&reader, &p)) {
            report(c, "orphaned_data", STR_EMPTY, "a key that is not of a table");
            range.start = key_next(&a, key);
            continue;
        }
        int item = p.index == KEY_INDEX_RECORDS && key_reader_left(&reader) > 0 ? *reader.at : 0;
        rc = check_prefix(c, p, item, err);
        buf_clear(&prefix);
        key_put_index(&prefix, p.cluster, p.table, p.index);
        range.start = key_prefix_end(&a, arena_str(&a, buf_view(&prefix)));
    }
    buf_release(&prefix);
    arena_release(&a);
    return rc;
}

int cat_check(struct cat_view *v, struct check_sink *sink, struct err *err)
{
    struct checker c = {.view = v, .sink = sink};
    static const struct {
        enum system_table_kind kind;
        visit_row each;
    } rows[] = {
        {SYSTEM_NAMESPACE, check_name},      {SYSTEM_DESCRIPTOR, check_descriptor},
        {SYSTEM_ROLE_MEMBERS, check_member}, {SYSTEM_ROLE_OPTIONS, check_role_option},
        {SYSTEM_COMMENTS, check_comment},
    };
    arena_init(&c.arena, NULL);
    int rc = 0;
    for (size_t i = 0; i < ARRAY_LEN(rows) && rc == 0; i++)
        rc = visit(&c, rows[i].kind, rows[i].each, err);
    if (rc == 0)
        rc = check_keys(&c, err);
    release_entries(&c);
    arena_release(&c.arena);
    return rc;
}
