// Descriptors into and out of backups.
#include "catalog/transfer_int.h"
#include "catalog/catalog_int.h"
#include "catalog/codec_int.h"

// ---- out

static int export_one(struct cat_view *v, struct arena *a, enum cat_object_kind kind, uint32_t id,
                      struct cat_objects *out, struct err *err)
{
    struct datum key = datum_int(id), row[SYSTEM_COLUMNS_MAX];
    bool found;
    TRY(system_get(v->catalog, v->txn, a, SYSTEM_DESCRIPTOR, KV_READ_SNAPSHOT, &key, row, &found, err));
    if (!found)
        return err_set(err, ERR_DATA_CORRUPTED, "descriptor %u does not exist", id);
    struct cat_object o = {.kind = kind, .id = id, .stored = arena_str(a, row[1].s)};
    ARENA_PUSH(a, &out->list, o);
    return export_beside(v, a, kind, id, out, err);
}

static bool listed(const uint32_t *ids, size_t n, uint32_t id)
{
    for (size_t i = 0; i < n; i++) {
        if (ids[i] == id)
            return true;
    }
    return false;
}

static int export_tables(struct cat_view *v, struct arena *a, uint32_t database_id, const uint32_t *tables,
                         size_t n_tables, struct cat_objects *out, struct err *err)
{
    const struct cat_table **all;
    size_t n;
    TRY(cat_list_tables(v, a, database_id, 0, &all, &n, err));
    for (size_t i = 0; i < n; i++) {
        if (all[i]->kind != CAT_VIRTUAL && (tables == NULL || listed(tables, n_tables, all[i]->id)))
            TRY(export_one(v, a, CAT_OBJECT_TABLE, all[i]->id, out, err));
    }
    return 0;
}

int cat_export_database(struct cat_view *v, struct arena *a, uint32_t database_id, const uint32_t *tables,
                        size_t n_tables, struct cat_objects *out, struct err *err)
{
    const struct cat_schema **schemas;
    const struct cat_type **types;
    size_t n;
    TRY(export_one(v, a, CAT_OBJECT_DATABASE, database_id, out, err));
    TRY(cat_list_schemas(v, a, database_id, &schemas, &n, err));
    for (size_t i = 0; i < n; i++) {
        if (!schemas[i]->is_virtual)
            TRY(export_one(v, a, CAT_OBJECT_SCHEMA, schemas[i]->id, out, err));
    }
    TRY(cat_list_types(v, a, database_id, 0, &types, &n, err));
    for (size_t i = 0; i < n; i++)
        TRY(export_one(v, a, CAT_OBJECT_TYPE, types[i]->id, out, err));
    TRY(export_tables(v, a, database_id, tables, n_tables, out, err));
    const struct cat_function **functions;
    if (tables != NULL)
        return 0;
    TRY(cat_list_functions(v, a, database_id, 0, STR_EMPTY, &functions, &n, err));
    for (size_t i = 0; i < n; i++)
        TRY(export_one(v, a, CAT_OBJECT_FUNCTION, functions[i]->id, out, err));
    return 0;
}

// ---- decoding

// Drops from a list what the condition does not hold of.
#define KEEP(a, type, list, n, condition)         \
    do {                                          \
        type *kept = ARENA_ARRAY((a), type, (n)); \
        size_t n_kept = 0;                        \
        for (size_t i = 0; i < (n); i++) {        \
            const type *x = &(list)[i];           \
            if (condition)                        \
                kept[n_kept++] = *x;              \
        }                                         \
        (list) = kept;                            \
        (n) = n_kept;                             \
    } while (0)

static bool in_key(const struct cat_index *index, uint32_t column_id)
{
    bool found = false;
    for (size_t i = 0; i < index->n_columns; i++)
        found |= index->columns[i].column_id == column_id;
    return found;
}

// A column that is there, and not merely for an index that is not.
static bool column_stays(const struct cat_table *t, const struct cat_column *c)
{
    bool stays = c->state == CAT_COLUMN_PUBLIC && (!cat_column_of_index(c) || in_key(t->primary, c->id));
    for (size_t i = 0; i < t->n_indexes; i++)
        stays |= c->state == CAT_COLUMN_PUBLIC && in_key(&t->indexes[i], c->id);
    return stays;
}

static void settle_families(struct arena *a, struct cat_table *t)
{
    struct cat_family *families = arena_dup(a, t->families, size_mul(t->n_families, sizeof(*families)));
    for (size_t k = 0; k < t->n_families; k++)
        KEEP(a, uint32_t, families[k].columns, families[k].n_columns, cat_column_by_id(t, *x) != NULL);
    t->families = families;
}

static void settle_foreign_keys(struct arena *a, const struct cat_foreign_key **list, size_t *n)
{
    KEEP(a, struct cat_foreign_key, *list, *n, x->pending != CAT_PENDING_ADD);
    struct cat_foreign_key *keys = arena_dup(a, *list, size_mul(*n, sizeof(*keys)));
    for (size_t i = 0; i < *n; i++)
        keys[i].pending = CAT_PENDING_NONE;
    *list = keys;
}

// Without what a job was making when the backup was taken: its data is not in it, and the job is not restored.
static void settle(struct arena *a, struct cat_table *t)
{
    KEEP(a, struct cat_index, t->indexes, t->n_indexes, x->state == CAT_INDEX_PUBLIC);
    KEEP(a, struct cat_column, t->columns, t->n_columns, column_stays(t, x));
    settle_families(a, t);
    KEEP(a, struct cat_check, t->checks, t->n_checks,
         x->pending == CAT_PENDING_NONE || x->pending == CAT_PENDING_VALIDATE);
    struct cat_check *checks = arena_dup(a, t->checks, size_mul(t->n_checks, sizeof(*checks)));
    for (size_t i = 0; i < t->n_checks; i++)
        checks[i].pending = CAT_PENDING_NONE;
    t->checks = checks;
    settle_foreign_keys(a, &t->outbound, &t->n_outbound);
    settle_foreign_keys(a, &t->inbound, &t->n_inbound);
    t->job = 0;
}

int cat_object_decode(struct catalog *c, struct arena *a, struct cat_object *o, struct err *err)
{
    static const struct {
        char kind;
        const struct record *record;
    } forms[] = {{'d', &database_record},
                 {'s', &schema_record},
                 {'y', &type_record},
                 {'t', &table_record},
                 {'f', &function_record}};
    if (o->stored.len == 0 || o->stored.ptr[0] != forms[o->kind].kind)
        return err_set(err, ERR_DATA_CORRUPTED, "descriptor %u is damaged", o->id);
    TRY(record_decode(a, forms[o->kind].record, str_slice(o->stored, 1, o->stored.len), &o->database, err));
    if (o->kind == CAT_OBJECT_TABLE)
        table_types_attach(c, a, &o->table);
    if (o->kind == CAT_OBJECT_TABLE && o->table.kind == CAT_TABLE)
        settle(a, &o->table);
    if (o->kind == CAT_OBJECT_TYPE)
        type_types_attach(c, a, &o->type);
    if (o->kind == CAT_OBJECT_FUNCTION)
        function_types_attach(c, a, &o->function);
    return 0;
}

struct str cat_object_name(const struct cat_object *o)
{
    switch (o->kind) {
    case CAT_OBJECT_DATABASE:
        return o->database.name;
    case CAT_OBJECT_SCHEMA:
        return o->schema.name;
    case CAT_OBJECT_TYPE:
        return o->type.name;
    case CAT_OBJECT_FUNCTION:
        return o->function.name;
    case CAT_OBJECT_TABLE:
        break;
    }
    return o->table.name;
}

uint32_t cat_object_database(const struct cat_object *o)
{
    switch (o->kind) {
    case CAT_OBJECT_DATABASE:
        return o->database.id;
    case CAT_OBJECT_SCHEMA:
        return o->schema.database_id;
    case CAT_OBJECT_TYPE:
        return o->type.database_id;
    case CAT_OBJECT_FUNCTION:
        return o->function.database_id;
    case CAT_OBJECT_TABLE:
        break;
    }
    return o->table.database_id;
}

uint32_t cat_object_schema(const struct cat_object *o)
{
    switch (o->kind) {
    case CAT_OBJECT_DATABASE:
    case CAT_OBJECT_SCHEMA:
        return CAT_ID_NONE;
    case CAT_OBJECT_TYPE:
        return o->type.schema_id;
    case CAT_OBJECT_FUNCTION:
        return o->function.schema_id;
    case CAT_OBJECT_TABLE:
        break;
    }
    return o->table.schema_id;
}

// ---- other ids

void cat_renumber_add(struct cat_renumbering *r, struct arena *a, uint32_t from, uint32_t to)
{
    map_put(&r->ids, (struct str){(const char *)&from, sizeof(from)}, arena_dup(a, &to, sizeof(to)));
}

uint32_t cat_renumber(const struct cat_renumbering *r, uint32_t id)
{
    const uint32_t *to = map_get(&r->ids, (struct str){(const char *)&id, sizeof(id)});
    return to != NULL ? *to : CAT_ID_NONE;
}

void cat_renumbering_release(struct cat_renumbering *r)
{
    map_release(&r->ids);
}

struct renumber {
    struct catalog *catalog;
    struct arena *arena;
    const struct cat_renumbering *ids;
};

static void renumber_type(struct renumber *r, struct type *t);

static const struct type_def *renumber_def(struct renumber *r, const struct type_def *def)
{
    uint32_t id = cat_renumber(r->ids, def->oid - TYPE_OID_USER_FIRST);
    if (id == CAT_ID_NONE)
        return def;
    struct type_def copy = *def;
    struct type_field *fields = arena_dup(r->arena, def->fields, size_mul(def->n_fields, sizeof(*fields)));
    for (size_t i = 0; i < def->n_fields; i++)
        renumber_type(r, &fields[i].type);
    copy.fields = fields;
    copy.oid = TYPE_OID_USER_FIRST + id;
    copy.array_oid = copy.oid + 1;
    return type_def_intern(r->catalog, &copy);
}

static void renumber_type(struct renumber *r, struct type *t)
{
    if (t->def == NULL)
        return;
    bool is_array = t->oid == t->def->array_oid;
    t->def = renumber_def(r, t->def);
    t->oid = is_array ? t->def->array_oid : t->def->oid;
}

static const uint32_t *renumber_list(struct renumber *r, const uint32_t *ids, size_t *n, size_t *dropped)
{
    uint32_t *out = ARENA_ARRAY(r->arena, uint32_t, *n);
    size_t kept = 0;
    for (size_t i = 0; i < *n; i++) {
        uint32_t id = cat_renumber(r->ids, ids[i]);
        if (id != CAT_ID_NONE)
            out[kept++] = id;
    }
    *dropped += *n - kept;
    *n = kept;
    return out;
}

static const struct cat_foreign_key *renumber_keys(struct renumber *r, const struct cat_foreign_key *keys, size_t *n,
                                                   size_t *dropped)
{
    struct cat_foreign_key *out = ARENA_ARRAY(r->arena, struct cat_foreign_key, *n);
    size_t kept = 0;
    for (size_t i = 0; i < *n; i++) {
        struct cat_foreign_key fk = keys[i];
        fk.origin_table_id = cat_renumber(r->ids, fk.origin_table_id);
        fk.referenced_table_id = cat_renumber(r->ids, fk.referenced_table_id);
        if (fk.origin_table_id != CAT_ID_NONE && fk.referenced_table_id != CAT_ID_NONE)
            out[kept++] = fk;
    }
    *dropped += *n - kept;
    *n = kept;
    return out;
}

static void renumber_columns(struct renumber *r, struct cat_table *t)
{
    struct cat_column *columns = arena_dup(r->arena, t->columns, size_mul(t->n_columns, sizeof(*columns)));
    for (size_t i = 0; i < t->n_columns; i++) {
        renumber_type(r, &columns[i].type);
        columns[i].owns_sequence_id = cat_renumber(r->ids, columns[i].owns_sequence_id);
    }
    t->columns = columns;
    if (t->next_column_id <= 1)
        return;
    struct type *slots = arena_dup(r->arena, t->slot_types, size_mul(t->next_column_id - 1, sizeof(*slots)));
    for (uint32_t i = 0; i + 1 < t->next_column_id; i++)
        renumber_type(r, &slots[i]);
    t->slot_types = slots;
}

// Those whose function was left behind go.
static void renumber_triggers(struct renumber *r, struct cat_table *t)
{
    struct cat_trigger *out = ARENA_ARRAY(r->arena, struct cat_trigger, t->n_triggers + 1);
    size_t kept = 0;
    for (size_t i = 0; i < t->n_triggers; i++) {
        struct cat_trigger g = t->triggers[i];
        g.function_id = cat_renumber(r->ids, g.function_id);
        g.referenced_table_id = cat_renumber(r->ids, g.referenced_table_id);
        if (g.function_id != CAT_ID_NONE)
            out[kept++] = g;
    }
    t->triggers = out;
    t->n_triggers = kept;
}

static void renumber_table(struct renumber *r, struct cat_table *t, size_t *dropped_keys, size_t *dropped_others)
{
    size_t users = 0; // views of it that were left behind are no loss to it
    t->id = cat_renumber(r->ids, t->id);
    t->database_id = cat_renumber(r->ids, t->database_id);
    t->schema_id = cat_renumber(r->ids, t->schema_id);
    renumber_columns(r, t);
    t->outbound = renumber_keys(r, t->outbound, &t->n_outbound, dropped_keys);
    t->inbound = renumber_keys(r, t->inbound, &t->n_inbound, &users);
    t->depends_on = renumber_list(r, t->depends_on, &t->n_depends_on, dropped_others);
    t->depended_on_by = renumber_list(r, t->depended_on_by, &t->n_depended_on_by, &users);
    t->functions = renumber_list(r, t->functions, &t->n_functions, &users);
    renumber_triggers(r, t);
    t->sequence.owner_table_id = cat_renumber(r->ids, t->sequence.owner_table_id);
    if (t->sequence.owner_table_id == CAT_ID_NONE)
        t->sequence.owner_column_id = 0;
}

static void renumber_user_type(struct renumber *r, struct cat_type *t)
{
    struct type_field *fields = arena_dup(r->arena, t->def.fields, size_mul(t->def.n_fields, sizeof(*fields)));
    for (size_t i = 0; i < t->def.n_fields; i++)
        renumber_type(r, &fields[i].type);
    t->def.fields = fields;
    t->id = cat_renumber(r->ids, t->id);
    t->database_id = cat_renumber(r->ids, t->database_id);
    t->schema_id = cat_renumber(r->ids, t->schema_id);
}

static void renumber_function(struct renumber *r, struct cat_function *f, size_t *dropped_others)
{
    struct cat_function_param *params = arena_dup(r->arena, f->params, size_mul(f->n_params, sizeof(*params)));
    for (size_t i = 0; i < f->n_params; i++)
        renumber_type(r, &params[i].type);
    f->params = params;
    renumber_type(r, &f->result);
    f->id = cat_renumber(r->ids, f->id);
    f->database_id = cat_renumber(r->ids, f->database_id);
    f->schema_id = cat_renumber(r->ids, f->schema_id);
    f->depends_on = renumber_list(r, f->depends_on, &f->n_depends_on, dropped_others);
}

void cat_object_renumber(struct catalog *c, struct arena *a, struct cat_object *o, const struct cat_renumbering *ids,
                         size_t *dropped_keys, size_t *dropped_others)
{
    struct renumber r = {c, a, ids};
    switch (o->kind) {
    case CAT_OBJECT_DATABASE:
        o->database.id = cat_renumber(ids, o->database.id);
        o->database.public_schema_id = cat_renumber(ids, o->database.public_schema_id);
        break;
    case CAT_OBJECT_SCHEMA:
        o->schema.id = cat_renumber(ids, o->schema.id);
        o->schema.database_id = cat_renumber(ids, o->schema.database_id);
        break;
    case CAT_OBJECT_TYPE:
        renumber_user_type(&r, &o->type);
        break;
    case CAT_OBJECT_FUNCTION:
        renumber_function(&r, &o->function, dropped_others);
        break;
    case CAT_OBJECT_TABLE:
        renumber_table(&r, &o->table, dropped_keys, dropped_others);
        break;
    }
    o->id = cat_renumber(ids, o->id);
}

// ---- in

static int put_comment(struct cat_view *v, enum cat_comment_kind kind, uint32_t id, uint32_t sub_id, struct str text,
                       struct err *err)
{
    return text.len > 0 ? cat_comment_put(v, kind, id, sub_id, text, err) : 0;
}

static int put_comments(struct cat_view *v, const struct cat_table *t, struct err *err)
{
    TRY(put_comment(v, CAT_COMMENT_TABLE, t->id, 0, t->comment, err));
    for (size_t i = 0; i < t->n_columns; i++)
        TRY(put_comment(v, CAT_COMMENT_COLUMN, t->id, t->columns[i].id, t->columns[i].comment, err));
    if (t->primary != NULL)
        TRY(put_comment(v, CAT_COMMENT_INDEX, t->id, t->primary->id, t->primary->comment, err));
    for (size_t i = 0; i < t->n_indexes; i++)
        TRY(put_comment(v, CAT_COMMENT_INDEX, t->id, t->indexes[i].id, t->indexes[i].comment, err));
    for (size_t i = 0; i < t->n_triggers; i++)
        TRY(put_comment(v, CAT_COMMENT_TRIGGER, t->id, t->triggers[i].id, t->triggers[i].comment, err));
    return 0;
}

int cat_object_put(struct cat_view *v, const struct cat_object *o, struct err *err)
{
    switch (o->kind) {
    case CAT_OBJECT_DATABASE:
        return cat_put_database(v, &o->database, err);
    case CAT_OBJECT_SCHEMA:
        return cat_put_schema(v, &o->schema, err);
    case CAT_OBJECT_TYPE:
        return cat_put_type(v, &o->type, err);
    case CAT_OBJECT_FUNCTION:
        return cat_put_function(v, &o->function, err);
    case CAT_OBJECT_TABLE:
        break;
    }
    TRY(cat_put_table(v, &o->table, err));
    return put_comments(v, &o->table, err);
}

int cat_invalidate(struct cat_view *v, struct err *err)
{
    TRY_KV(v->txn, kv_add(v->txn, v->catalog->roles_version_key, 1), err);
    return view_changed(v, err);
}
