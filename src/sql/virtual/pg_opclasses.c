// Operator classes and families: pg_opclass, pg_opfamily, and which class an index has for a column. They are there for
// tools that ask which order an index has; the planner does not read them.
#include "sql/functions/functions.h"
#include "sql/virtual/virtual_int.h"

struct opclass {
    uint32_t oid, method;
    const char *name, *family;
    uint32_t input, key; // OIDs of types; key 0: the same as input
    bool is_default;
};

#define TYPE_OID_NONE 0
static const struct opclass opclasses[] = {
#define OPCLASS(oid, method, name, family, input, is_default, key) \
    {oid, OID_AM_##method, name, family, TYPE_OID_##input, TYPE_OID_##key, is_default},
#include "sql/virtual/pg_opclasses.def"
#undef OPCLASS
};

static uint32_t family_oid(const struct opclass *class)
{
    const struct opclass *first = opclasses;
    while (first->method != class->method || strcmp(first->family, class->family) != 0)
        first++;
    return first->oid;
}

// The type that the class for a type is declared with.
static uint32_t class_input(enum cat_index_kind kind, struct type t)
{
    switch (t.family) {
    case TYPE_ARRAY:
        return TYPE_OID_ANYELEMENT_ARRAY;
    case TYPE_ENUM:
        return TYPE_OID_ANYENUM;
    case TYPE_TUPLE:
        return TYPE_OID_RECORD;
    case TYPE_OID:
        return TYPE_OID_OID;
    case TYPE_STRING:
        return kind == CAT_INDEX_INVERTED || t.oid == TYPE_OID_VARCHAR ? TYPE_OID_STRING : t.oid;
    case TYPE_COLLATED:
        return t.oid == TYPE_OID_CITEXT ? t.oid : TYPE_OID_STRING;
    default:
        return t.oid;
    }
}

uint32_t oid_of_opclass(enum cat_index_kind kind, struct type t)
{
    uint32_t method = kind == CAT_INDEX_INVERTED ? OID_AM_INVERTED : OID_AM_PREFIX, input = class_input(kind, t);
    bool trigrams = kind == CAT_INDEX_INVERTED && input == TYPE_OID_STRING; // that class is never the default
    for (size_t i = 0; i < ARRAY_LEN(opclasses); i++) {
        const struct opclass *c = &opclasses[i];
        if (c->method == method && c->input == input && (c->is_default || trigrams))
            return c->oid;
    }
    return 0;
}

GENERATOR(pg_opclass_rows)
{
    uint32_t owner;
    TRY(role_oid(x, STR("root"), &owner, err));
    for (size_t i = 0; i < ARRAY_LEN(opclasses); i++) {
        const struct opclass *c = &opclasses[i];
        ROW(pg_opclass);
        row[pg_opclass_oid] = datum_int(c->oid);
        row[pg_opclass_opcmethod] = datum_int(c->method);
        row[pg_opclass_opcname] = datum_c(c->name);
        row[pg_opclass_opcnamespace] = datum_int(virtual_schema_oid("pg_catalog"));
        row[pg_opclass_opcowner] = datum_int(owner);
        row[pg_opclass_opcfamily] = datum_int(family_oid(c));
        row[pg_opclass_opcintype] = datum_int(c->input);
        row[pg_opclass_opcdefault] = datum_bool(c->is_default);
        row[pg_opclass_opckeytype] = datum_int(c->key);
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

GENERATOR(pg_opfamily_rows)
{
    uint32_t owner;
    TRY(role_oid(x, STR("root"), &owner, err));
    for (size_t i = 0; i < ARRAY_LEN(opclasses); i++) {
        const struct opclass *c = &opclasses[i];
        if (family_oid(c) != c->oid)
            continue;
        ROW(pg_opfamily);
        row[pg_opfamily_oid] = datum_int(c->oid);
        row[pg_opfamily_opfmethod] = datum_int(c->method);
        row[pg_opfamily_opfname] = datum_c(c->family);
        row[pg_opfamily_opfnamespace] = datum_int(virtual_schema_oid("pg_catalog"));
        row[pg_opfamily_opfowner] = datum_int(owner);
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}
