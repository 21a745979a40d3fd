// Types, casts, functions, operators and access methods in pg_catalog: what is built in.
#include "sql/functions/functions.h"
#include "sql/virtual/virtual_int.h"
#include <stdio.h>

static uint32_t pg_catalog_oid(void)
{
    return virtual_schema_oid("pg_catalog");
}

// ---- pg_type

struct pg_type {
    uint32_t oid, array_oid;
    const char *name, *category;
    bool preferred;
    const char *kind, *functions;
};
static const struct pg_type pg_types[] = {
#define PG_TYPE(NAME, name, category, preferred, kind, functions) \
    {TYPE_OID_##NAME, TYPE_OID_##NAME##_ARRAY, name, category, preferred, kind, functions},
#include "sql/virtual/pg_types.def"
#undef PG_TYPE
};

const char *pg_type_name(uint32_t oid)
{
    static const struct {
        uint32_t oid;
        const char *name;
    } arrays[] = {
#define PG_TYPE(NAME, name, category, preferred, kind, functions) {TYPE_OID_##NAME##_ARRAY, "_" name},
#include "sql/virtual/pg_types.def"
#undef PG_TYPE
    };
    for (size_t i = 0; oid != 0 && oid != TYPE_OID_ANYELEMENT_ARRAY && i < ARRAY_LEN(pg_types); i++) {
        if (pg_types[i].oid == oid)
            return pg_types[i].name;
        if (arrays[i].oid == oid)
            return arrays[i].name;
    }
    return NULL;
}

// OID of a type's input or output function, 0 when no built-in has that name.
static struct datum type_function(const char *prefix, const char *suffix)
{
    char name[64];
    size_t n;
    snprintf(name, sizeof(name), "%s%s", prefix, suffix);
    const struct fn_overload *const *found = fn_lookup(str_of(name), &n);
    return datum_int(n > 0 ? found[0]->oid : 0);
}

static void type_row(struct datum *row, uint32_t oid, int len, const char *functions)
{
    static const uint8_t none[] = {pg_type_typrelid,   pg_type_typmodin,    pg_type_typmodout,
                                   pg_type_typanalyze, pg_type_typbasetype, pg_type_typndims};
    for (size_t i = 0; i < ARRAY_LEN(none); i++)
        row[none[i]] = datum_int(0);
    row[pg_type_oid] = datum_int(oid);
    row[pg_type_typnamespace] = datum_int(pg_catalog_oid());
    row[pg_type_typlen] = datum_int(len);
    row[pg_type_typbyval] = datum_bool(len > 0 && len <= 8);
    row[pg_type_typisdefined] = datum_bool(true);
    row[pg_type_typdelim] = datum_c(",");
    row[pg_type_typinput] = type_function(functions, "in");
    row[pg_type_typoutput] = type_function(functions, "out");
    row[pg_type_typreceive] = type_function(functions, "recv");
    row[pg_type_typsend] = type_function(functions, "send");
    row[pg_type_typalign] = datum_c(len == 8 ? "d" : len == 2 ? "s" : len == 1 ? "c" : "i");
    row[pg_type_typstorage] = datum_c(len > 0 ? "p" : "x");
    row[pg_type_typnotnull] = datum_bool(false);
    row[pg_type_typtypmod] = datum_int(-1);
}

static int element_row(const struct pg_type *t, uint32_t owner, struct virtual_rows *rows, struct err *err)
{
    struct type type;
    ROW(pg_type);
    if (!type_from_oid(t->oid, &type))
        return 0;
    type_row(row, t->oid, type_len(type), t->functions);
    row[pg_type_typowner] = datum_int(owner);
    row[pg_type_typname] = datum_c(t->name);
    row[pg_type_typtype] = datum_c(t->kind);
    row[pg_type_typcategory] = datum_c(t->category);
    row[pg_type_typispreferred] = datum_bool(t->preferred);
    row[pg_type_typelem] = datum_int(t->oid == TYPE_OID_INT2VECTOR  ? TYPE_OID_INT2
                                     : t->oid == TYPE_OID_OIDVECTOR ? TYPE_OID_OID
                                                                    : 0);
    row[pg_type_typarray] = datum_int(t->oid == TYPE_OID_ANYELEMENT ? 0 : t->array_oid);
    row[pg_type_typcollation] = datum_int(collation_of(type));
    return virtual_row(rows, row, err);
}

static int array_row(const struct pg_type *t, uint32_t owner, struct virtual_rows *rows, struct err *err)
{
    ROW(pg_type);
    if (t->array_oid == 0 || t->oid == TYPE_OID_ANYELEMENT)
        return 0;
    type_row(row, t->array_oid, -1, "array_");
    row[pg_type_typowner] = datum_int(owner);
    row[pg_type_typname] = datum_c(pg_type_name(t->array_oid));
    row[pg_type_typtype] = datum_c(t->kind);
    row[pg_type_typcategory] = datum_c("A");
    row[pg_type_typispreferred] = datum_bool(false);
    row[pg_type_typelem] = datum_int(t->oid);
    row[pg_type_typarray] = datum_int(0);
    row[pg_type_typcollation] = datum_int(0);
    return virtual_row(rows, row, err);
}

// What only stands in signatures of functions.
static int pseudo_rows(uint32_t owner, struct virtual_rows *rows, struct err *err)
{
    static const struct {
        uint32_t oid;
        const char *name;
    } pseudo[] = {{TYPE_OID_ANY, "any"},
                  {TYPE_OID_ANYELEMENT_ARRAY, "anyarray"},
                  {TYPE_OID_INTERNAL, "internal"},
                  {TYPE_OID_ANYENUM, "anyenum"}};
    for (size_t i = 0; i < ARRAY_LEN(pseudo); i++) {
        ROW(pg_type);
        type_row(row, pseudo[i].oid, 4, "any_");
        row[pg_type_typowner] = datum_int(owner);
        row[pg_type_typname] = datum_c(pseudo[i].name);
        row[pg_type_typtype] = datum_c("p");
        row[pg_type_typcategory] = datum_c("P");
        row[pg_type_typispreferred] = datum_bool(false);
        row[pg_type_typelem] = datum_int(0);
        row[pg_type_typarray] = datum_int(0);
        row[pg_type_typcollation] = datum_int(0);
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

// ---- user-defined types

int user_types_each(struct exec_context *x, user_type_row row, struct virtual_rows *rows, struct err *err)
{
    const struct cat_database *d;
    const struct cat_type **types;
    size_t n;
    TRY(current_database(x, &d, err));
    if (d == NULL)
        return 0;
    TRY(cat_list_types(x->view, x->eval.arena, d->id, 0, &types, &n, err));
    for (size_t i = 0; i < n; i++)
        TRY(row(x, d, types[i], rows, err));
    return 0;
}

static int user_type_rows(struct exec_context *x, const struct cat_database *d, const struct cat_type *t,
                          struct virtual_rows *rows, struct err *err)
{
    uint32_t owner;
    TRY(role_oid(x, t->acl.owner, &owner, err));
    for (int array = 0; array < 2; array++) {
        ROW(pg_type);
        bool composite = t->def.is_composite && !array;
        type_row(row, array ? t->def.array_oid : t->def.oid, -1, array ? "array_" : composite ? "record_" : "enum_");
        row[pg_type_typrelid] = datum_int(composite ? t->id : 0);
        row[pg_type_typnamespace] = datum_int(t->schema_id);
        row[pg_type_typowner] = datum_int(owner);
        row[pg_type_typname] =
            array ? datum_str(arena_printf(x->eval.arena, "_%.*s", STR_FMT(t->name))) : datum_str(t->name);
        row[pg_type_typtype] = datum_c(array ? "b" : composite ? "c" : "e");
        row[pg_type_typcategory] = datum_c(array ? "A" : composite ? "C" : "E");
        row[pg_type_typispreferred] = datum_bool(false);
        row[pg_type_typelem] = datum_int(array ? t->def.oid : 0);
        row[pg_type_typarray] = datum_int(array ? 0 : t->def.array_oid);
        row[pg_type_typcollation] = datum_int(0);
        row[pg_type_typacl] = array_of_acl(x, 'T', &t->acl);
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

// The type of a relation's rows.
static int row_type_row(struct exec_context *x, const struct relation *r, struct virtual_rows *rows, struct err *err)
{
    uint32_t owner, oid = oid_of_row_type(r->table);
    if (oid == 0)
        return 0;
    TRY(role_oid(x, r->table->acl.owner, &owner, err));
    ROW(pg_type);
    type_row(row, oid, -1, "record_");
    row[pg_type_typrelid] = datum_int(r->table->id);
    row[pg_type_typnamespace] = datum_int(r->schema->id);
    row[pg_type_typowner] = datum_int(owner);
    row[pg_type_typname] = datum_str(r->table->name);
    row[pg_type_typtype] = datum_c("c");
    row[pg_type_typcategory] = datum_c("C");
    row[pg_type_typispreferred] = datum_bool(false);
    row[pg_type_typelem] = row[pg_type_typarray] = row[pg_type_typcollation] = datum_int(0);
    return virtual_row(rows, row, err);
}

static int row_type_rows(struct exec_context *x, const struct virtual_filter *filter, struct virtual_rows *rows,
                         struct err *err)
{
    if (filter == NULL)
        return relations_each(x, NULL, -1, -1, SCOPE_STORED, row_type_row, rows, err);
    struct virtual_filter relation = *filter; // the type's OID follows from the relation's
    if (filter->column == pg_type_oid && filter->value.i <= TYPE_OID_USER_FIRST)
        return 0;
    if (filter->column == pg_type_oid)
        relation.value = datum_int(filter->value.i - TYPE_OID_USER_FIRST);
    return relations_each(x, &relation, pg_type_oid, pg_type_typname, SCOPE_STORED, row_type_row, rows, err);
}

// Each label's OID follows from the type's and its number: it does not change when others come and go.
static uint32_t label_oid(const struct type_def *def, const struct type_label *label)
{
    uint64_t h = ((uint64_t)def->oid << 32 ^ (uint64_t)label->number) * UINT64_C(0x9E3779B97F4A7C15);
    return (uint32_t)(h >> 33);
}

static int enum_rows(struct exec_context *x, const struct cat_database *d, const struct cat_type *t,
                     struct virtual_rows *rows, struct err *err)
{
    for (size_t i = 0; i < t->def.n_labels; i++) {
        ROW(pg_enum);
        row[pg_enum_oid] = datum_int(label_oid(&t->def, &t->def.labels[i]));
        row[pg_enum_enumtypid] = datum_int(t->def.oid);
        row[pg_enum_enumsortorder] = datum_float((double)i);
        row[pg_enum_enumlabel] = datum_str(t->def.labels[i].text);
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

GENERATOR(pg_enum_rows)
{
    return user_types_each(x, enum_rows, rows, err);
}

GENERATOR(pg_type_rows)
{
    uint32_t owner;
    TRY(role_oid(x, STR("root"), &owner, err));
    for (size_t i = 0; i < ARRAY_LEN(pg_types); i++) {
        bool by_oid = filter != NULL && filter->column == pg_type_oid;
        if (!by_oid || (uint32_t)filter->value.i == pg_types[i].oid)
            TRY(element_row(&pg_types[i], owner, rows, err));
        if (!by_oid || (uint32_t)filter->value.i == pg_types[i].array_oid)
            TRY(array_row(&pg_types[i], owner, rows, err));
    }
    if (filter == NULL || filter->column != pg_type_oid || pg_type_name((uint32_t)filter->value.i) == NULL)
        TRY(pseudo_rows(owner, rows, err));
    TRY(user_types_each(x, user_type_rows, rows, err));
    return row_type_rows(x, filter, rows, err);
}

// ---- pg_cast

// Below 16384: pg_dump takes higher ones for made by a user.
enum { OID_CAST_FIRST = 10000, CAST_TARGETS_MAX = 79 };
_Static_assert(ARRAY_LEN(pg_types) <= CAST_TARGETS_MAX, "numbers of casts run out");

GENERATOR(pg_cast_rows)
{
    static const char *const contexts[] = {[CAST_EXPLICIT] = "e", [CAST_ASSIGNMENT] = "a", [CAST_IMPLICIT] = "i"};
    for (size_t i = 0; i < ARRAY_LEN(pg_types); i++) {
        for (size_t k = 0; k < ARRAY_LEN(pg_types); k++) {
            struct type from, to;
            bool pseudo = *pg_types[i].kind == 'p' || *pg_types[k].kind == 'p';
            if (i == k || pseudo || !type_from_oid(pg_types[i].oid, &from) || !type_from_oid(pg_types[k].oid, &to) ||
                cast_allowed(from, to) == CAST_NONE)
                continue;
            ROW(pg_cast);
            row[pg_cast_oid] = datum_int((int64_t)(OID_CAST_FIRST + i * CAST_TARGETS_MAX + k));
            row[pg_cast_castsource] = datum_int(from.oid);
            row[pg_cast_casttarget] = datum_int(to.oid);
            row[pg_cast_castfunc] = datum_int(0);
            row[pg_cast_castcontext] = datum_c(contexts[cast_allowed(from, to)]);
            row[pg_cast_castmethod] = datum_c("i");
            TRY(virtual_row(rows, row, err));
        }
    }
    return 0;
}

// ---- pg_proc, pg_aggregate

static const char *function_kind(const struct fn_overload *fn)
{
    switch (fn->kind) {
    case FN_AGGREGATE:
        return "a";
    case FN_WINDOW:
        return "w";
    case FN_SCALAR:
    case FN_SET_RETURNING:
        break;
    }
    return "f";
}

static void argument_columns(struct exec_context *x, const struct fn_overload *fn, struct datum *row)
{
    uint32_t oids[FN_ARGS_MAX + 1] = {0};
    for (uint8_t i = 0; i < fn->n_args; i++)
        oids[i] = fn->args[i].oid;
    row[pg_proc_pronargs] = datum_int(fn->n_args);
    row[pg_proc_pronargdefaults] = datum_int(0);
    row[pg_proc_proargtypes] = array_of_oids(x, oids, fn->n_args);
    row[pg_proc_provariadic] = datum_int(fn->variadic && fn->n_args > 0 ? fn->args[fn->n_args - 1].oid : 0);
    row[pg_proc_prorettype] = datum_int(fn->n_columns > 1     ? TYPE_OID_RECORD
                                        : fn->result.oid != 0 ? fn->result.oid
                                                              : TYPE_OID_ANYELEMENT_ARRAY);
}

// "schema.f" is of that schema, other names of pg_catalog.
static struct str schema_of(const struct fn_overload *fn, struct str *name)
{
    *name = str_of(fn->name);
    ptrdiff_t dot = str_find(*name, STR("."), 0);
    if (dot < 0)
        return STR("pg_catalog");
    struct str schema = str_slice(*name, 0, (size_t)dot);
    *name = str_slice(*name, (size_t)dot + 1, name->len);
    return schema;
}

static int function_row(struct exec_context *x, const struct fn_overload *fn, uint32_t owner, struct virtual_rows *rows,
                        struct err *err)
{
    bool is_set = fn->kind == FN_SET_RETURNING;
    struct str name, schema = schema_of(fn, &name);
    ROW(pg_proc);
    row[pg_proc_oid] = datum_int(fn->oid);
    row[pg_proc_proname] = datum_str(name);
    row[pg_proc_pronamespace] = datum_int(
        for_pg_dump(x) ? pg_catalog_oid() : virtual_schema_oid(arena_cstr(x->eval.arena, schema))); // it dumps others
    row[pg_proc_proowner] = datum_int(owner);
    row[pg_proc_prolang] = datum_int(OID_LANGUAGE_INTERNAL);
    row[pg_proc_procost] = datum_float(1);
    row[pg_proc_prorows] = datum_float(is_set ? 1000 : 0);
    row[pg_proc_prosupport] = datum_int(0);
    row[pg_proc_prokind] = datum_c(function_kind(fn));
    row[pg_proc_prosecdef] = datum_bool(false);
    row[pg_proc_proleakproof] = datum_bool(fn->volatility == FN_LEAKPROOF);
    row[pg_proc_proisstrict] = datum_bool(fn->strict);
    row[pg_proc_proretset] = datum_bool(is_set);
    row[pg_proc_provolatile] = datum_c(fn->volatility == FN_VOLATILE ? "v" : fn->volatility == FN_STABLE ? "s" : "i");
    row[pg_proc_proparallel] = datum_c("s");
    argument_columns(x, fn, row);
    row[pg_proc_prosrc] = datum_c(fn->name);
    return virtual_row(rows, row, err);
}

static struct datum routine_modes(struct exec_context *x, const struct cat_function *f, size_t n)
{
    struct datum *items = ARENA_ARRAY(x->eval.arena, struct datum, n);
    for (size_t i = 0; i < n; i++)
        items[i] = datum_str((struct str){&f->params[i].mode, 1});
    return datum_str(array_build(x->eval.arena, T_STRING, items, (uint32_t)n));
}

static void routine_arguments(struct exec_context *x, const struct cat_function *f, struct datum *row)
{
    struct arena *a = x->eval.arena;
    uint32_t *inputs = ARENA_ARRAY(a, uint32_t, f->n_params + 1), *all = ARENA_ARRAY(a, uint32_t, f->n_params + 1);
    struct str *names = ARENA_ARRAY(a, struct str, f->n_params + 1);
    size_t n = 0, n_params = f->n_params;
    int64_t defaults = 0;
    while (f->row_table != 0 && n_params > 0 && f->params[n_params - 1].mode == 't')
        n_params--; // the type of the result says them
    for (size_t i = 0; i < n_params; i++) {
        all[i] = f->params[i].type.oid;
        names[i] = f->params[i].name;
        defaults += f->params[i].default_sql.len > 0;
        if (cat_param_is_input(&f->params[i]))
            inputs[n++] = all[i];
    }
    row[pg_proc_pronargs] = datum_int((int64_t)n);
    row[pg_proc_pronargdefaults] = datum_int(defaults);
    row[pg_proc_proargtypes] = array_of_oids(x, inputs, n);
    if (n_params > 0)
        row[pg_proc_proargnames] = array_of_texts(x, names, n_params);
    bool plain = true;
    for (size_t i = 0; i < n_params; i++)
        plain &= f->params[i].mode == 'i';
    if (plain)
        return;
    row[pg_proc_proallargtypes] = array_of_oids(x, all, n_params);
    row[pg_proc_proargmodes] = routine_modes(x, f, n_params);
}

static int routine_row(struct exec_context *x, const struct cat_function *f, struct virtual_rows *rows, struct err *err)
{
    uint32_t owner;
    TRY(role_oid(x, f->acl.owner, &owner, err));
    ROW(pg_proc);
    row[pg_proc_oid] = datum_int(TYPE_OID_USER_FIRST + (int64_t)f->id);
    row[pg_proc_proname] = datum_str(f->name);
    row[pg_proc_pronamespace] = datum_int(f->schema_id);
    row[pg_proc_proowner] = datum_int(owner);
    row[pg_proc_prolang] = datum_int(f->plpgsql ? OID_LANGUAGE_PLPGSQL : OID_LANGUAGE_SQL);
    row[pg_proc_procost] = datum_float(100);
    row[pg_proc_prorows] = datum_float(f->returns_set ? 1000 : 0);
    row[pg_proc_provariadic] = row[pg_proc_prosupport] = datum_int(0);
    row[pg_proc_prokind] = datum_c(f->is_procedure ? "p" : "f");
    row[pg_proc_prosecdef] = datum_bool(false);
    row[pg_proc_proleakproof] = datum_bool(f->leakproof);
    row[pg_proc_proisstrict] = datum_bool(f->strict);
    row[pg_proc_proretset] = datum_bool(f->returns_set);
    row[pg_proc_provolatile] = datum_str((struct str){&f->volatility, 1});
    row[pg_proc_proparallel] = datum_c("u");
    row[pg_proc_prorettype] = datum_int(f->result.oid);
    routine_arguments(x, f, row);
    struct buf portable = BUF_INIT;
    bool canonical = !f->plpgsql && for_pg_dump(x);
    if (canonical)
        cat_text_query_portable(&portable, f->body);
    row[pg_proc_prosrc] = canonical ? datum_take(x, &portable) : datum_str(f->body);
    row[pg_proc_proacl] = array_of_acl(x, 'f', &f->acl);
    return virtual_row(rows, row, err);
}

static int routine_rows(struct exec_context *x, struct virtual_rows *rows, struct err *err)
{
    const struct cat_database *d;
    const struct cat_function **list;
    size_t n = 0;
    TRY(current_database(x, &d, err));
    if (d != NULL)
        TRY(cat_list_functions(x->view, x->eval.arena, d->id, 0, STR_EMPTY, &list, &n, err));
    for (size_t i = 0; i < n; i++)
        TRY(routine_row(x, list[i], rows, err));
    return 0;
}

GENERATOR(pg_proc_rows)
{
    uint32_t owner;
    size_t n;
    const struct fn_overload *const *all = fn_all(&n);
    TRY(role_oid(x, STR("root"), &owner, err));
    for (size_t i = 0; i < n; i++) {
        struct str name;
        struct str schema = schema_of(all[i], &name);
        bool hidden = as_in_postgresql(x) && str_eqc(schema, "crdb_internal"); // as the schema is
        bool unwanted = filter != NULL && (filter->column == pg_proc_oid ? all[i]->oid != (uint32_t)filter->value.i
                                                                         : !str_eq(filter->value.s, name));
        if (!all[i]->is_operator && !unwanted && !hidden)
            TRY(function_row(x, all[i], owner, rows, err));
    }
    return routine_rows(x, rows, err);
}

GENERATOR(pg_aggregate_rows)
{
    static const uint8_t none[] = {
        pg_aggregate_aggnumdirectargs, pg_aggregate_aggtransfn,     pg_aggregate_aggfinalfn,
        pg_aggregate_aggcombinefn,     pg_aggregate_aggserialfn,    pg_aggregate_aggdeserialfn,
        pg_aggregate_aggmtransfn,      pg_aggregate_aggminvtransfn, pg_aggregate_aggmfinalfn,
        pg_aggregate_aggsortop,        pg_aggregate_aggtranstype,   pg_aggregate_aggtransspace,
        pg_aggregate_aggmtranstype,    pg_aggregate_aggmtransspace};
    size_t n;
    const struct fn_overload *const *all = fn_all(&n);
    for (size_t i = 0; i < n; i++) {
        if (all[i]->kind != FN_AGGREGATE)
            continue;
        ROW(pg_aggregate);
        for (size_t k = 0; k < ARRAY_LEN(none); k++)
            row[none[k]] = datum_int(0);
        row[pg_aggregate_aggfnoid] = datum_int(all[i]->oid);
        row[pg_aggregate_aggkind] = datum_c("n");
        row[pg_aggregate_aggfinalextra] = datum_bool(false);
        row[pg_aggregate_aggmfinalextra] = datum_bool(false);
        row[pg_aggregate_aggfinalmodify] = datum_c("r");
        row[pg_aggregate_aggmfinalmodify] = datum_c("r");
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

// ---- pg_operator

GENERATOR(pg_operator_rows)
{
    uint32_t owner;
    size_t n;
    const struct fn_overload *const *all = fn_all(&n);
    TRY(role_oid(x, STR("root"), &owner, err));
    for (size_t i = 0; i < n; i++) {
        const struct fn_overload *fn = all[i];
        if (!fn->is_operator || fn->n_args == 0 || fn->n_args > 2)
            continue;
        bool is_equality = strcmp(fn->name, "=") == 0;
        ROW(pg_operator);
        row[pg_operator_oid] = datum_int(fn->oid);
        row[pg_operator_oprname] = datum_c(fn->name);
        row[pg_operator_oprnamespace] = datum_int(pg_catalog_oid());
        row[pg_operator_oprowner] = datum_int(owner);
        row[pg_operator_oprkind] = datum_c(fn->n_args == 2 ? "b" : "l");
        row[pg_operator_oprcanmerge] = datum_bool(is_equality);
        row[pg_operator_oprcanhash] = datum_bool(is_equality);
        row[pg_operator_oprleft] = datum_int(fn->n_args == 2 ? fn->args[0].oid : 0);
        row[pg_operator_oprright] = datum_int(fn->args[fn->n_args - 1].oid);
        row[pg_operator_oprresult] = datum_int(fn->result.oid);
        row[pg_operator_oprcom] = datum_int(is_equality ? fn->oid : 0);
        row[pg_operator_oprnegate] = datum_int(0);
        row[pg_operator_oprcode] = datum_int(fn->oid);
        row[pg_operator_oprrest] = datum_int(0);
        row[pg_operator_oprjoin] = datum_int(0);
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

// ---- languages, access methods, collations

GENERATOR(pg_language_rows)
{
    static const struct {
        uint32_t oid;
        const char *name;
    } languages[] = {{OID_LANGUAGE_INTERNAL, "internal"}, {OID_LANGUAGE_SQL, "sql"}, {OID_LANGUAGE_PLPGSQL, "plpgsql"}};
    uint32_t owner;
    TRY(role_oid(x, STR("root"), &owner, err));
    for (size_t i = 0; i < ARRAY_LEN(languages); i++) {
        ROW(pg_language);
        row[pg_language_oid] = datum_int(languages[i].oid);
        row[pg_language_lanname] = datum_c(languages[i].name);
        row[pg_language_lanowner] = datum_int(owner);
        row[pg_language_lanispl] = datum_bool(languages[i].oid == OID_LANGUAGE_PLPGSQL);
        row[pg_language_lanpltrusted] = datum_bool(languages[i].oid != OID_LANGUAGE_INTERNAL);
        row[pg_language_lanplcallfoid] = datum_int(0);
        row[pg_language_laninline] = datum_int(0);
        row[pg_language_lanvalidator] = datum_int(0);
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

GENERATOR(pg_am_rows)
{
    static const struct {
        uint32_t oid;
        const char *name, *in_postgresql;
    } methods[] = {{OID_AM_PREFIX, "prefix", "btree"}, {OID_AM_INVERTED, "inverted", "gin"}};
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        ROW(pg_am);
        row[pg_am_oid] = datum_int(methods[i].oid);
        row[pg_am_amname] = datum_c(x->eval.postgresql ? methods[i].in_postgresql : methods[i].name);
        row[pg_am_amhandler] = datum_int(0);
        row[pg_am_amtype] = datum_c("i");
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

GENERATOR(pg_collation_rows)
{
    static const struct {
        uint32_t oid;
        const char *name;
    } plain[] = {{OID_COLLATION_DEFAULT, "default"}, {950, "C"}, {951, "POSIX"}};
    char name[COLLATION_NAME_BYTES_MAX];
    uint32_t owner, oid = 0;
    size_t at = 0;
    TRY(role_oid(x, STR("root"), &owner, err));
    for (size_t i = 0; i < ARRAY_LEN(plain) || collation_next(&at, name, &oid); i++) {
        ROW(pg_collation);
        bool icu = i >= ARRAY_LEN(plain);
        struct datum text = icu ? datum_str(arena_str(x->eval.arena, str_of(name))) : datum_c(plain[i].name);
        row[pg_collation_oid] = datum_int(icu ? oid : plain[i].oid);
        row[pg_collation_collname] = text;
        row[pg_collation_collnamespace] = datum_int(pg_catalog_oid());
        row[pg_collation_collowner] = datum_int(owner);
        row[pg_collation_collprovider] = datum_c(icu ? "i" : i == 0 ? "d" : "c");
        row[pg_collation_collisdeterministic] = datum_bool(true);
        row[pg_collation_collencoding] = datum_int(-1);
        row[pg_collation_collcollate] = i == 0 ? datum_c("") : text;
        row[pg_collation_collctype] = row[pg_collation_collcollate];
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}
