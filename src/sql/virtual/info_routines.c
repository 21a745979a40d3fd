// information_schema.routines and parameters: user-defined functions and procedures.
#include "sql/virtual/virtual_int.h"

typedef int (*routine_rows)(struct exec_context *x, const struct cat_database *d, const struct cat_schema *s,
                            const struct cat_function *f, struct virtual_rows *rows, struct err *err);

static int routines_each(struct exec_context *x, routine_rows row, struct virtual_rows *rows, struct err *err)
{
    const struct cat_database *d;
    const struct cat_function **list;
    size_t n = 0;
    TRY(current_database(x, &d, err));
    if (d != NULL)
        TRY(cat_list_functions(x->view, x->eval.arena, d->id, 0, STR_EMPTY, &list, &n, err));
    for (size_t i = 0; i < n; i++) {
        const struct cat_schema *s;
        TRY(cat_schema_by_id(x->view, list[i]->schema_id, &s, err));
        if (s != NULL)
            TRY(row(x, d, s, list[i], rows, err));
    }
    return 0;
}

// Overloads share a name: the specific one has the OID.
static struct datum specific_name(struct exec_context *x, const struct cat_function *f)
{
    return datum_str(arena_printf(x->eval.arena, "%.*s_%u", STR_FMT(f->name), (uint32_t)TYPE_OID_USER_FIRST + f->id));
}

static struct datum type_name(struct exec_context *x, struct type t)
{
    struct buf b = BUF_INIT;
    if (type_is(t, TYPE_ARRAY))
        return datum_c("ARRAY");
    if (t.def != NULL)
        return datum_c("USER-DEFINED");
    type_print_pg(&b, t);
    return datum_take(x, &b);
}

// The name that pg_type has.
static struct datum udt_name(struct exec_context *x, struct type t)
{
    const char *name = pg_type_name(t.oid);
    if (t.def != NULL)
        return datum_str(type_is(t, TYPE_ARRAY) ? arena_printf(x->eval.arena, "_%.*s", STR_FMT(t.def->name))
                                                : t.def->name);
    return datum_c(name);
}

static struct datum udt_schema(struct exec_context *x, struct type t)
{
    return t.def != NULL ? datum_str(t.def->schema) : datum_c("pg_catalog");
}

static int routine_row(struct exec_context *x, const struct cat_database *d, const struct cat_schema *s,
                       const struct cat_function *f, struct virtual_rows *rows, struct err *err)
{
    ROW(routines);
    row[routines_specific_catalog] = row[routines_routine_catalog] = datum_str(d->name);
    row[routines_specific_schema] = row[routines_routine_schema] = datum_str(s->name);
    row[routines_specific_name] = specific_name(x, f);
    row[routines_routine_name] = datum_str(f->name);
    row[routines_routine_type] = datum_c(f->is_procedure ? "PROCEDURE" : "FUNCTION");
    row[routines_dtd_identifier] = datum_c("0");
    row[routines_parameter_style] = datum_c("GENERAL");
    row[routines_sql_data_access] = datum_c("MODIFIES");
    row[routines_schema_level_routine] = datum_c("YES");
    row[routines_max_dynamic_result_sets] = datum_int(0);
    row[routines_security_type] = datum_c("INVOKER");
    row[routines_as_locator] = row[routines_is_udt_dependent] = datum_c("NO");
    if (!f->is_procedure) {
        row[routines_data_type] = type_name(x, f->result);
        row[routines_type_udt_catalog] = datum_str(d->name);
        row[routines_type_udt_schema] = udt_schema(x, f->result);
        row[routines_type_udt_name] = udt_name(x, f->result);
        row[routines_is_null_call] = datum_c(f->strict ? "YES" : "NO");
    }
    row[routines_routine_body] = datum_c(f->plpgsql ? "EXTERNAL" : "SQL");
    row[routines_routine_definition] = datum_str(f->body);
    row[routines_external_language] = datum_c(f->plpgsql ? "PLPGSQL" : "SQL");
    row[routines_is_deterministic] = datum_c(f->volatility == 'i' ? "YES" : "NO");
    return virtual_row(rows, row, err);
}

GENERATOR(info_routines_rows)
{
    return routines_each(x, routine_row, rows, err);
}

static int parameter_rows(struct exec_context *x, const struct cat_database *d, const struct cat_schema *s,
                          const struct cat_function *f, struct virtual_rows *rows, struct err *err)
{
    int64_t n = 0;
    for (size_t i = 0; i < f->n_params; i++) {
        const struct cat_function_param *p = &f->params[i];
        if (p->mode == 't')
            continue;
        ROW(parameters);
        row[parameters_specific_catalog] = datum_str(d->name);
        row[parameters_specific_schema] = datum_str(s->name);
        row[parameters_specific_name] = specific_name(x, f);
        row[parameters_ordinal_position] = datum_int(++n);
        row[parameters_parameter_mode] = datum_c(p->mode == 'o' ? "OUT" : p->mode == 'b' ? "INOUT" : "IN");
        row[parameters_parameter_name] = datum_text_or_null(p->name);
        row[parameters_is_result] = row[parameters_as_locator] = datum_c("NO");
        row[parameters_data_type] = type_name(x, p->type);
        row[parameters_udt_catalog] = datum_str(d->name);
        row[parameters_udt_schema] = udt_schema(x, p->type);
        row[parameters_udt_name] = udt_name(x, p->type);
        row[parameters_dtd_identifier] = datum_str(arena_printf(x->eval.arena, "%lld", (long long)n));
        row[parameters_parameter_default] = datum_expr(x, p->default_sql);
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

GENERATOR(info_parameters_rows)
{
    return routines_each(x, parameter_rows, rows, err);
}
