// pg_index_has_property() and its kin: what ordered indexes (PostgreSQL's btree) and inverted ones (gin) can do. NULL
// for what is no index, or no property of it.
#include "sql/functions/functions_int.h"
#include "catalog/catalog.h"
#include "sql/functions/oids.h"

enum property_kind { OF_METHOD, OF_INDEX, OF_COLUMN };
static const struct {
    const char *name;
    enum property_kind kind;
    bool ordered, inverted;
} properties[] = {
    {"can_order", OF_METHOD, true, false},
    {"can_unique", OF_METHOD, true, false},
    {"can_multi_col", OF_METHOD, true, true},
    {"can_exclude", OF_METHOD, false, false},
    {"can_include", OF_METHOD, true, false},
    {"clusterable", OF_INDEX, false, false},
    {"index_scan", OF_INDEX, true, true},
    {"bitmap_scan", OF_INDEX, false, false},
    {"backward_scan", OF_INDEX, true, false},
    {"orderable", OF_COLUMN, true, false},
    {"distance_orderable", OF_COLUMN, false, false},
    {"returnable", OF_COLUMN, true, false},
    {"search_array", OF_COLUMN, true, false},
    {"search_nulls", OF_COLUMN, true, false},
};

static int answer(struct str name, enum property_kind kind, bool inverted, struct datum *out)
{
    for (size_t i = 0; i < ARRAY_LEN(properties); i++) {
        if (properties[i].kind == kind && str_ieqc(name, properties[i].name))
            return fn_return_bool(out, inverted ? properties[i].inverted : properties[i].ordered);
    }
    return fn_return_null(out);
}

static int find_index(struct eval_context *ec, int64_t oid, const struct cat_table **t, const struct cat_index **index,
                      struct err *err)
{
    *t = NULL;
    *index = NULL;
    if (ec->catalog == NULL)
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "%s() cannot be used in this context", ec->call->fn->name);
    if (oid < 0 || oid > UINT32_MAX || !oid_is_index((uint32_t)oid))
        return 0;
    TRY(cat_table_by_id(ec->catalog, oid_table_id((uint32_t)oid), t, err));
    if (*t != NULL)
        *index = oid_find_index(*t, (uint32_t)oid);
    return 0;
}

static bool is_inverted(const struct cat_index *index)
{
    return index->kind == CAT_INDEX_INVERTED;
}

// OIDs of pg_am.
BODY(method_has_property)
{
    enum { OID_AM_ORDERED = 403, OID_AM_INVERTED = 2742 };
    if (args[0].i != OID_AM_ORDERED && args[0].i != OID_AM_INVERTED)
        return fn_return_null(out);
    return answer(args[1].s, OF_METHOD, args[0].i == OID_AM_INVERTED, out);
}

BODY(index_has_property)
{
    const struct cat_table *t;
    const struct cat_index *index;
    TRY(find_index(ec, args[0].i, &t, &index, err));
    return index == NULL ? fn_return_null(out) : answer(args[1].s, OF_INDEX, is_inverted(index), out);
}

// NULLs come first where values ascend.
BODY(column_has_property)
{
    const struct cat_table *t;
    const struct cat_index *index;
    struct str name = args[2].s;
    TRY(find_index(ec, args[0].i, &t, &index, err));
    if (index == NULL || args[1].i < 1 || (uint64_t)args[1].i > index->n_columns + index->n_storing)
        return fn_return_null(out);
    bool key = (uint64_t)args[1].i <= index->n_columns, ordered = key && !is_inverted(index);
    bool descending = ordered && index->columns[args[1].i - 1].descending;
    if (str_ieqc(name, "asc") || str_ieqc(name, "nulls_first"))
        return key ? fn_return_bool(out, ordered && !descending) : fn_return_null(out);
    if (str_ieqc(name, "desc") || str_ieqc(name, "nulls_last"))
        return key ? fn_return_bool(out, descending) : fn_return_null(out);
    if (!key && !str_ieqc(name, "returnable"))
        return str_ieqc(name, "orderable") || str_ieqc(name, "distance_orderable") ? fn_return_bool(out, false)
                                                                                   : fn_return_null(out);
    return answer(name, OF_COLUMN, is_inverted(index), out);
}

BODY(index_position)
{
    const struct cat_table *t;
    const struct cat_index *index;
    TRY(find_index(ec, args[0].i, &t, &index, err));
    for (size_t i = 0; index != NULL && i < index->n_columns; i++) {
        if (index->columns[i].column_id == args[1].i)
            return fn_return_int(out, (int64_t)i + 1);
    }
    return fn_return_null(out);
}

static const struct fn_row rows[] = {
#include "sql/functions/index_properties.def"
};
const struct fn_family fn_family_index_properties = {"SYSTEM INFO", rows, ARRAY_LEN(rows)};
