// Writing descriptors: the descriptor row, its namespace row, and the catalog version.

#include "catalog/catalog_int.h"
#include "catalog/codec_int.h"

// An object's name and where it is.
struct place {
    uint32_t parent, schema;
    struct str name;
};

static struct place place_of(const struct entry *e)
{
    switch (e->kind) {
    case ENTRY_DATABASE:
        return (struct place){0, 0, e->database.name};
    case ENTRY_SCHEMA:
        return (struct place){e->schema.database_id, 0, e->schema.name};
    case ENTRY_FUNCTION:
        return (struct place){e->function.database_id, e->function.schema_id, e->function.signature};
    case ENTRY_TYPE:
        return (struct place){e->type.database_id, e->type.schema_id, e->type.name};
    case ENTRY_TABLE:
        break;
    }
    return (struct place){e->table.database_id, e->table.schema_id, e->table.name};
}

static bool same_place(const struct place *a, const struct place *b)
{
    return a->parent == b->parent && a->schema == b->schema && str_eq(a->name, b->name);
}

static int remove_name(struct cat_view *v, const struct place *p, struct err *err)
{
    struct datum key[] = {datum_int(p->parent), datum_int(p->schema), datum_str(p->name)};
    TRY(system_delete(v->catalog, v->txn, SYSTEM_NAMESPACE, key, err));
    view_forget_name(v, p->parent, p->schema, p->name);
    return 0;
}

static int name_taken(const struct place *p, struct err *err)
{
    if (p->parent == 0)
        return err_set(err, ERR_DUPLICATE_DATABASE, "database \"%.*s\" already exists", STR_FMT(p->name));
    if (p->schema == 0)
        return err_set(err, ERR_DUPLICATE_SCHEMA, "schema \"%.*s\" already exists", STR_FMT(p->name));
    return err_set(err, ERR_DUPLICATE_TABLE, "relation \"%.*s\" already exists", STR_FMT(p->name));
}

// What the statement has looked up so far is not of the snapshot that it would be written at.
static int check_unmoved(const struct cat_view *v, struct str name, struct err *err)
{
    return kv_read_version(v->txn) == v->snapshot ? 0 : cat_changed_meanwhile(name, err);
}

// Who changes the same row of a system table waits.
static int lock_row(struct cat_view *v, enum system_table_kind kind, const struct datum *key, size_t n, struct err *err)
{
    struct buf b = BUF_INIT;
    system_key(&b, v->catalog, kind, key, n);
    enum kv_result r = kv_lock(v->txn, buf_view(&b), KV_LOCK_EXCLUSIVE, KV_LOCK_WAIT, v->lock_timeout_ns);
    buf_release(&b);
    if (r == KV_TIMEOUT && v->lock_optional)
        r = KV_OK;
    TRY_KV(v->txn, r, err);
    return 0;
}

// Two transactions that create the same name wait for each other. When it has come or gone since the caller looked, the
// statement is to look again.
static int add_name(struct cat_view *v, const struct place *p, uint32_t id, struct err *err)
{
    struct datum row[SYSTEM_COLUMNS_MAX];
    struct datum values[] = {datum_int(p->parent), datum_int(p->schema), datum_str(p->name), datum_int(id)};
    bool found;
    TRY(lock_row(v, SYSTEM_NAMESPACE, values, 3, err));
    TRY(check_unmoved(v, p->name, err));
    TRY(system_get(v->catalog, v->txn, &v->arena, SYSTEM_NAMESPACE, 0, values, row, &found, err));
    if (found)
        return name_taken(p, err);
    TRY(system_put(v->catalog, v->txn, SYSTEM_NAMESPACE, values, err));
    view_forget_name(v, p->parent, p->schema, p->name);
    return 0;
}

// The stored bytes as of now, remembered as read before others are waited for: two changes of one object conflict.
static int read_current(struct cat_view *v, uint32_t id, const struct entry **out, struct err *err)
{
    struct datum key = datum_int(id), row[SYSTEM_COLUMNS_MAX];
    bool found;
    TRY(system_get(v->catalog, v->txn, &v->arena, SYSTEM_DESCRIPTOR, 0, &key, row, &found, err));
    TRY(lock_row(v, SYSTEM_DESCRIPTOR, &key, 1, err));
    TRY(check_unmoved(v, STR("descriptor"), err));
    return view_entry(v, id, out, err);
}

static int put_descriptor(struct cat_view *v, uint32_t id, struct place p, char kind, const struct record *r,
                          const void *value, struct err *err)
{
    const struct entry *old;
    TRY(read_current(v, id, &old, err));
    TRY(view_changed(v, err));
    struct place before = old != NULL ? place_of(old) : (struct place){0};
    if (old == NULL || !same_place(&before, &p)) {
        TRY(add_name(v, &p, id, err));
        if (old != NULL)
            TRY(remove_name(v, &before, err));
    }
    struct buf b = BUF_INIT;
    buf_putc(&b, kind);
    record_encode(&b, r, value);
    struct datum row[] = {datum_int(id), datum_str(buf_view(&b))};
    int rc = system_put(v->catalog, v->txn, SYSTEM_DESCRIPTOR, row, err);
    buf_release(&b);
    view_forget_entry(v, id);
    return rc;
}

int cat_put_database(struct cat_view *v, const struct cat_database *d, struct err *err)
{
    struct cat_database copy = *d;
    copy.version++;
    return put_descriptor(v, d->id, (struct place){0, 0, d->name}, 'd', &database_record, &copy, err);
}

int cat_put_schema(struct cat_view *v, const struct cat_schema *s, struct err *err)
{
    struct cat_schema copy = *s;
    copy.version++;
    return put_descriptor(v, s->id, (struct place){s->database_id, 0, s->name}, 's', &schema_record, &copy, err);
}

int cat_table_changed(struct cat_view *v, uint32_t id, struct err *err)
{
    struct arena_mark mark = arena_mark(&v->arena);
    int64_t unlike = cat_unique_rowid(); // what is copied as differences must differ too
    struct str value = {(const char *)&unlike, sizeof(unlike)};
    enum kv_result rc = kv_put(v->txn, schema_key(v->catalog, &v->arena, id), value);
    arena_rewind(&v->arena, mark);
    TRY_KV(v->txn, rc, err);
    return 0;
}

// Writers of the table are waited for. What the change is made from has been read before: when it is no longer so after
// the wait, that is a conflict.
static int lock_changed(struct cat_view *v, const struct cat_table *t, struct err *err)
{
    const struct entry *current;
    bool moved;
    if (cat_table_locked(v, t, KV_LOCK_EXCLUSIVE))
        return 0;
    TRY(read_current(v, t->id, &current, err));
    TRY(cat_table_lock(v, t, KV_LOCK_EXCLUSIVE, KV_LOCK_WAIT, &moved, err));
    return moved ? cat_changed_meanwhile(t->name, err) : 0;
}

int cat_put_table(struct cat_view *v, const struct cat_table *t, struct err *err)
{
    TRY(lock_changed(v, t, err));
    TRY(cat_put_table_compatible(v, t, err));
    return cat_table_changed(v, t->id, err);
}

int cat_put_table_compatible(struct cat_view *v, const struct cat_table *t, struct err *err)
{
    struct cat_table copy = *t;
    table_types_collect(&v->arena, &copy);
    copy.version++;
    return put_descriptor(v, t->id, (struct place){t->database_id, t->schema_id, t->name}, 't', &table_record, &copy,
                          err);
}

int cat_put_type(struct cat_view *v, const struct cat_type *t, struct err *err)
{
    struct cat_type copy = *t;
    type_types_collect(&v->arena, &copy);
    const struct cat_schema *s;
    TRY(cat_schema_by_id(v, t->schema_id, &s, err));
    copy.def.oid = TYPE_OID_USER_FIRST + t->id;
    copy.def.array_oid = copy.def.oid + 1;
    copy.def.schema = s != NULL ? s->name : STR_EMPTY;
    copy.def.name = t->name;
    copy.version++;
    return put_descriptor(v, t->id, (struct place){t->database_id, t->schema_id, t->name}, 'y', &type_record, &copy,
                          err);
}

// Overloads share a name, so what the namespace has is the name with the types.
static struct str function_signature(struct arena *a, const struct cat_function *f)
{
    struct buf b = BUF_INIT;
    bool first = true;
    buf_str(&b, f->name);
    buf_putc(&b, '(');
    for (size_t i = 0; i < f->n_params; i++) {
        if (f->params[i].mode != 'i' && f->params[i].mode != 'b')
            continue;
        buf_printf(&b, "%s%u", first ? "" : ",", f->params[i].type.oid);
        first = false;
    }
    buf_putc(&b, ')');
    struct str out = arena_str(a, buf_view(&b));
    buf_release(&b);
    return out;
}

int cat_put_function(struct cat_view *v, const struct cat_function *f, struct err *err)
{
    struct cat_function copy = *f;
    function_types_collect(&v->arena, &copy);
    copy.signature = function_signature(&v->arena, f);
    copy.version++;
    return put_descriptor(v, f->id, (struct place){f->database_id, f->schema_id, copy.signature}, 'f', &function_record,
                          &copy, err);
}

int cat_remove(struct cat_view *v, uint32_t id, struct err *err)
{
    const struct entry *old;
    struct datum key = datum_int(id);
    TRY(read_current(v, id, &old, err));
    if (old == NULL)
        return 0;
    if (old->kind == ENTRY_TABLE)
        TRY(lock_changed(v, &old->table, err));
    TRY(view_changed(v, err));
    struct place p = place_of(old);
    TRY(remove_name(v, &p, err));
    if (old->kind == ENTRY_TABLE) {
        TRY(system_delete_prefix(v->catalog, v->txn, SYSTEM_TABLE_STATISTICS, &key, 1, err));
        TRY_KV(v->txn, kv_delete(v->txn, schema_key(v->catalog, &v->arena, id)), err);
    }
    TRY(system_delete(v->catalog, v->txn, SYSTEM_DESCRIPTOR, &key, err));
    view_forget_entry(v, id);
    return 0;
}
