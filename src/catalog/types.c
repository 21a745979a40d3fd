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
    struct type_field *fields = arena_dup(a, def->fields, size_mul(def->n_fields, sizeof(*fields)));
    for (size_t i = 0; i < def->n_fields; i++)
        fields[i].name = arena_str(a, fields[i].name);
    d->labels = labels;
    d->fields = fields;
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
    for (size_t i = 0; i < def->n_fields; i++) // definitions are one per content: their addresses tell them apart
        buf_append(&key, &def->fields[i].type.def, sizeof(def->fields[i].type.def));
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

// ---- descriptors

// Gives a type that has an OID only its definition, if it is among these.
static void attach(struct type *t, const struct type_def *const *defs, size_t n)
{
    for (size_t i = 0; i < n && t->oid >= TYPE_OID_USER_FIRST; i++) {
        if (defs[i]->oid == t->oid || defs[i]->array_oid == t->oid)
            t->def = defs[i];
    }
}

static void attach_fields(struct type_def *def, const struct type_def *const *defs, size_t n)
{
    for (size_t i = 0; i < def->n_fields; i++)
        attach(&((struct type_field *)def->fields)[i].type, defs, n);
}

// The one definition of each stored one. They are in order: those inside others come first.
static const struct type_def **intern_all(struct catalog *c, struct arena *a, const struct type_def *stored, size_t n)
{
    const struct type_def **defs = ARENA_ARRAY(a, const struct type_def *, n);
    for (size_t i = 0; i < n; i++) {
        attach_fields((struct type_def *)&stored[i], defs, i);
        defs[i] = type_def_intern(c, &stored[i]);
    }
    return defs;
}

void table_types_attach(struct catalog *c, struct arena *a, struct cat_table *t)
{
    if (t->n_types == 0)
        return;
    const struct type_def **defs = intern_all(c, a, t->types, t->n_types);
    for (size_t i = 0; i < t->n_columns; i++)
        attach(&((struct cat_column *)t->columns)[i].type, defs, t->n_types);
    for (size_t i = 0; i + 1 < t->next_column_id; i++)
        attach(&((struct type *)t->slot_types)[i], defs, t->n_types);
}

void type_types_attach(struct catalog *c, struct arena *a, struct cat_type *t)
{
    attach_fields(&t->def, intern_all(c, a, t->types, t->n_types), t->n_types);
    const struct type_def *def = type_def_intern(c, &t->def);
    enum type_family family = def->is_composite ? TYPE_TUPLE : TYPE_ENUM;
    t->def = *def;
    t->type = (struct type){.family = (uint8_t)family, .oid = def->oid, .def = def};
}

struct def_list {
    struct type_def *ptr;
    size_t len, cap;
};

static void collect(struct arena *a, struct def_list *list, const struct type_def *def)
{
    if (def == NULL)
        return;
    for (size_t i = 0; i < list->len; i++) {
        if (list->ptr[i].oid == def->oid)
            return;
    }
    for (size_t i = 0; i < def->n_fields; i++)
        collect(a, list, def->fields[i].type.def);
    ARENA_PUSH(a, list, *def);
}

void table_types_collect(struct arena *a, struct cat_table *t)
{
    struct def_list list = {0};
    for (size_t i = 0; i < t->n_columns; i++)
        collect(a, &list, t->columns[i].type.def);
    t->types = list.ptr;
    t->n_types = list.len;
}

void type_types_collect(struct arena *a, struct cat_type *t)
{
    struct def_list list = {0};
    for (size_t i = 0; i < t->def.n_fields; i++)
        collect(a, &list, t->def.fields[i].type.def);
    t->types = list.ptr;
    t->n_types = list.len;
}

void function_types_attach(struct catalog *c, struct arena *a, struct cat_function *f)
{
    const struct type_def **defs = intern_all(c, a, f->types, f->n_types);
    attach(&f->result, defs, f->n_types);
    for (size_t i = 0; i < f->n_params; i++)
        attach(&((struct cat_function_param *)f->params)[i].type, defs, f->n_types);
}

void function_types_collect(struct arena *a, struct cat_function *f)
{
    struct def_list list = {0};
    collect(a, &list, f->result.def);
    for (size_t i = 0; i < f->n_params; i++)
        collect(a, &list, f->params[i].type.def);
    f->types = list.ptr;
    f->n_types = list.len;
}

int cat_type_of_table(struct cat_view *v, const struct cat_table *t, struct type *out, struct err *err)
{
    const struct cat_schema *s;
    struct type_field *fields = ARENA_ARRAY(&v->arena, struct type_field, t->n_columns);
    struct type_def def = {.oid = TYPE_OID_USER_FIRST + t->id, .name = t->name, .is_composite = true, .fields = fields};
    TRY(cat_schema_by_id(v, t->schema_id, &s, err));
    def.schema = s != NULL ? s->name : STR_EMPTY;
    for (size_t i = 0; i < t->n_columns; i++) {
        if (!t->columns[i].hidden && !cat_column_inaccessible(&t->columns[i]))
            fields[def.n_fields++] = (struct type_field){t->columns[i].name, t->columns[i].type};
    }
    const struct type_def *one = type_def_intern(v->catalog, &def);
    *out = (struct type){.family = TYPE_TUPLE, .oid = one->oid, .def = one};
    return 0;
}
