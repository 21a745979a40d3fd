// Functions over the definition of an enumerated type; the argument says which by its type alone.
#include "sql/functions/functions_int.h"
#include "types/array.h"

static const struct type_def *definition(const struct eval_context *ec)
{
    return fn_arg_type(ec, 0).def;
}

static int unknown_type(struct err *err)
{
    return err_set(err, ERR_INDETERMINATE_DATATYPE, "could not determine the enum type of NULL");
}

BODY(enum_first)
{
    const struct type_def *def = definition(ec);
    if (def == NULL)
        return unknown_type(err);
    if (def->n_labels == 0)
        return err_set(err, ERR_OBJECT_NOT_IN_PREREQUISITE_STATE, "enum %s contains no values", def->text_name);
    return fn_return_int(out, def->labels[0].number);
}

BODY(enum_last)
{
    const struct type_def *def = definition(ec);
    if (def == NULL)
        return unknown_type(err);
    if (def->n_labels == 0)
        return err_set(err, ERR_OBJECT_NOT_IN_PREREQUISITE_STATE, "enum %s contains no values", def->text_name);
    return fn_return_int(out, def->labels[def->n_labels - 1].number);
}

static int values_between(struct eval_context *ec, const struct datum *low, const struct datum *high, struct datum *out,
                          struct err *err)
{
    struct type t = fn_arg_type(ec, 0);
    if (t.def == NULL)
        return unknown_type(err);
    struct datum *items = ARENA_ARRAY(ec->arena, struct datum, t.def->n_labels);
    uint32_t n = 0;
    for (size_t i = 0; i < t.def->n_labels; i++) {
        int64_t number = t.def->labels[i].number;
        if ((low->null || number >= low->i) && (high->null || number <= high->i))
            items[n++] = datum_int(number);
    }
    return fn_return_str(out, array_build(ec->arena, t, items, n));
}

BODY(enum_range)
{
    const struct datum none = DATUM_NULL;
    return values_between(ec, &none, &none, out, err);
}

BODY(enum_range_between)
{
    return values_between(ec, &args[0], &args[1], out, err);
}

static const struct fn_row rows[] = {
#include "sql/functions/enum.def"
};
const struct fn_family fn_family_enum = {"ENUM", rows, ARRAY_LEN(rows)};
