// Type names in SQL to types.
#include "sql/analyze/analyze_int.h"
#include "types/vector.h"

static int modifier(const struct ast_type_name *t, size_t i, int64_t *out, struct err *err)
{
    *out = 0;
    if (i >= t->modifiers.n)
        return 0;
    const struct ast *m = t->modifiers.items[i];
    if (m->kind != AST_NUMBER || !ast_as_number(m)->fits_int64) {
        err_set(err, ERR_SYNTAX_ERROR, "type modifiers must be simple constants");
        return err_at(err, t->base.position);
    }
    *out = ast_as_number(m)->value;
    return 0;
}

static int bad_modifier(const struct ast_type_name *t, const char *text, struct err *err)
{
    err_set(err, ERR_INVALID_PARAMETER_VALUE, "%s", text);
    return err_at(err, t->base.position);
}

static int apply_modifiers(const struct ast_type_name *t, struct type *type, struct err *err)
{
    if (t->modifiers.n == 0)
        return 0;
    int64_t first, second;
    TRY(modifier(t, 0, &first, err));
    TRY(modifier(t, 1, &second, err));
    switch (type->family) {
    case TYPE_STRING:
    case TYPE_BIT:
        if (first < 1 || first > INT32_MAX / 4)
            return bad_modifier(t, "length for type string must be at least 1", err);
        type->width = (int32_t)first;
        return 0;
    case TYPE_VECTOR:
        if (first < 1 || first > VECTOR_DIMENSIONS_MAX) {
            err_set(err, ERR_SYNTAX_ERROR, "dimensions for type vector %s",
                    first < 1 ? "must be at least 1" : "cannot exceed 16000");
            return err_at(err, t->base.position);
        }
        type->width = (int32_t)first;
        return 0;
    case TYPE_DECIMAL:
        if (first < 1 || first > 16383)
            return bad_modifier(t, "precision for type decimal must be between 1 and 16383", err);
        if (second < 0 || second > first)
            return bad_modifier(t, "scale must be between 0 and the precision", err);
        type->width = (int32_t)first;
        type->scale = (int16_t)second;
        return 0;
    case TYPE_TIME:
    case TYPE_TIMETZ:
    case TYPE_TIMESTAMP:
    case TYPE_TIMESTAMPTZ:
    case TYPE_INTERVAL:
        if (first < 0 || first > 6)
            return bad_modifier(t, "precision out of range: must be between 0 and 6", err);
        type->width = (int32_t)first;
        return 0;
    case TYPE_FLOAT:
        if (first < 1 || first > 53)
            return bad_modifier(t, "precision for type float must be between 1 and 53", err);
        *type = first <= 24 ? T_FLOAT4 : T_FLOAT8;
        return 0;
    default:
        return bad_modifier(t, "type modifier is not allowed for this type", err);
    }
}

// Types of PostgreSQL, and of extensions that CockroachDB has, that do not exist here.
static bool is_missing_type(struct str name)
{
    static const char *const names[] = {
        "box",
        "box2d",
        "cid",
        "circle",
        "geography",
        "geometry",
        "hstore",
        "int4range",
        "int8range",
        "line",
        "lquery",
        "lseg",
        "ltxtquery",
        "money",
        "numrange",
        "path",
        "pg_snapshot",
        "point",
        "polygon",
        "tid",
        "tsrange",
        "tstzrange",
        "daterange",
        "txid_snapshot",
        "xid",
        "xid8",
        "xml",
        "int4multirange",
        "int8multirange",
        "nummultirange",
        "tsmultirange",
        "tstzmultirange",
        "datemultirange",
    };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (str_eqc(name, names[i]))
            return true;
    }
    return false;
}

static int absent(const struct ast_type_name *t, struct err *err)
{
    if ((t->schema.ptr == NULL || str_eqc(t->schema, "pg_catalog")) && is_missing_type(t->name)) {
        err_set(err, ERR_FEATURE_NOT_SUPPORTED, "unimplemented: type %.*s", STR_FMT(t->name));
        return err_at(err, t->base.position);
    }
    err_set(err, ERR_UNDEFINED_OBJECT, "type \"%.*s%s%.*s\" does not exist", STR_FMT(t->schema),
            t->schema.ptr != NULL ? "." : "", STR_FMT(t->name));
    return err_at(err, t->base.position);
}

// mood, public.mood, _mood
static int user_type(struct cat_view *view, const struct cat_name_scope *scope, const struct ast_type_name *t,
                     struct type *out, struct err *err)
{
    struct str parts[] = {t->schema, t->name};
    size_t first = t->schema.ptr != NULL ? 0 : 1;
    const struct cat_type *found = NULL;
    if (view != NULL)
        TRY(cat_resolve_type(view, scope, parts + first, ARRAY_LEN(parts) - first, &found, err));
    if (found != NULL) {
        *out = found->type;
        return 0;
    }
    const struct cat_table *table = NULL; // its rows
    if (view != NULL)
        TRY(cat_resolve_table(view, scope, parts + first, ARRAY_LEN(parts) - first, true, &table, err));
    if (table != NULL && table->kind != CAT_SEQUENCE && table->kind != CAT_VIRTUAL)
        return cat_type_of_table(view, table, out, err);
    if (view == NULL || t->name.len < 2 || t->name.ptr[0] != '_')
        return absent(t, err);
    parts[1] = str_slice(t->name, 1, t->name.len);
    TRY(cat_resolve_type(view, scope, parts + first, ARRAY_LEN(parts) - first, &found, err));
    if (found == NULL)
        return absent(t, err);
    *out = type_array_of(found->type);
    return 0;
}

int analyze_type(struct cat_view *view, const struct cat_name_scope *scope, const struct ast *node, struct type *out,
                 struct err *err)
{
    const struct ast_type_name *t = ast_as_type_name(node);
    if (t->oid != 0) {
        bool found;
        TRY(cat_type_of_oid(view, (uint32_t)t->oid, out, &found, err));
        if (found)
            return 0;
        err_set(err, ERR_UNDEFINED_OBJECT, "type OID %lld does not exist", (long long)t->oid);
        return err_at(err, node->position);
    }
    bool builtin = t->schema.ptr == NULL || str_eqc(t->schema, "pg_catalog");
    // The keyword CHAR is bpchar in the tree: this one stood in quotes.
    struct str name = str_eqc(t->name, "char") ? STR("\"char\"") : t->name;
    if (!builtin || !type_from_name(name, out))
        TRY(user_type(view, scope, t, out, err));
    TRY(apply_modifiers(t, out, err));
    for (int64_t i = 0; i < t->array_dims; i++) {
        if (i > 0 || !type_has_array(*out))
            return unsupported(err, node, "nested array types");
        *out = type_array_of(*out);
    }
    return 0;
}
