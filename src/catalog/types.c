// Definitions of user-defined types: one per content for as long as the catalog is open, and what table descriptors
// carry of them.

#include "catalog/catalog_int.h"
#include "catalog/codec_int.h"
#include "sql/parse/ast_print.h"

static struct str quoted_name(struct arena *a, struct str schema, struct str name)
{
    struct buf b = BUF_INIT;
    if (schema.len > 0) {
        print_identifier(&b, schema);
        buf_putc(&b, '.');
    }
    print_identifier(&b, name);
    struct str out = arena_str(a, buf_view(&b));
    buf_release(&b);
    return out;
}

static const struct type_def *copy_def(struct arena *a, const struct type_def *def)
{
    struct type_def *d = arena_dup(a, def, sizeof(*def));
    struct type_label *labels = arena_dup(a, def->labels, size_mul(def->n_labels, sizeof(*labels)));
    for (size_t i = 0; i < def->n_labels; i++)
        labels[i].text = arena_str(a, labels[i].text);
    d->labels = labels;
    d->schema = arena_str(a, def->schema);
    d->name = arena_str(a, def->name);
    d->text_name = arena_cstr(a, def->name);
    d->array_name = arena_printf(a, "%.*s[]", STR_FMT(def->name)).ptr;
    d->sql_name = quoted_name(a, def->schema, def->name);
    d->pg_name = quoted_name(a, STR_EMPTY, def->name);
    return d;
}

const struct type_def *type_def_intern(struct catalog *c, const struct type_def *def)
{
    struct buf key = BUF_INIT;
    record_encode(&key, &type_def_record, def);
    pthread_mutex_lock(&c->types_mutex);
    const struct type_def *known = map_get(&c->types, buf_view(&key));
    if (known == NULL) {
        known = copy_def(&c->types_arena, def);
        map_put(&c->types, arena_str(&c->types_arena, buf_view(&key)), (void *)known);
    }
    pthread_mutex_unlock(&c->types_mutex);
    buf_release(&key);
    return known;
}

// ---- tables

static void attach(struct type *t, const struct type_def *const *defs, size_t n)
{
    for (size_t i = 0; i < n && t->oid >= TYPE_OID_USER_FIRST; i++) {
        if (defs[i]->oid == t->oid || defs[i]->array_oid == t->oid)
            t->def = defs[i];
    }
}

void table_types_attach(struct catalog *c, struct arena *a, struct cat_table *t)
{
    if (t->n_types == 0)
        return;
    const struct type_def **defs = ARENA_ARRAY(a, const struct type_def *, t->n_types);
    for (size_t i = 0; i < t->n_types; i++)
        defs[i] = type_def_intern(c, &t->types[i]);
    for (size_t i = 0; i < t->n_columns; i++)
        attach(&((struct cat_column *)t->columns)[i].type, defs, t->n_types);
    for (size_t i = 0; i + 1 < t->next_column_id; i++)
        attach(&((struct type *)t->slot_types)[i], defs, t->n_types);
}

void table_types_collect(struct arena *a, struct cat_table *t)
{
    ARENA_VEC(struct type_def) defs = {0};
    for (size_t i = 0; i < t->n_columns; i++) {
        const struct type_def *def = t->columns[i].type.def;
        bool listed = def == NULL;
        for (size_t k = 0; k < defs.len && !listed; k++)
            listed = defs.ptr[k].oid == def->oid;
        if (!listed)
            ARENA_PUSH(a, &defs, *def);
    }
    t->types = defs.ptr;
    t->n_types = defs.len;
}
