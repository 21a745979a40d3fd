// What generators share: lists of relations, roles' OIDs, array values.
#include "sql/virtual/virtual_int.h"
#include <ctype.h>
#include <stdio.h>

int role_oid(struct exec_context *x, struct str name, uint32_t *out, struct err *err)
{
    const struct cat_role *role;
    if (for_pg_dump(x) && str_eqc(name, "node"))
        name = STR("admin");
    TRY(cat_role_by_name(x->view, name, &role, err));
    *out = role != NULL ? role->id : 0;
    return 0;
}

struct datum array_of_oids(struct exec_context *x, const uint32_t *oids, size_t n)
{
    struct datum *items = ARENA_ARRAY(x->eval.arena, struct datum, n + 1);
    for (size_t i = 0; i < n; i++)
        items[i] = datum_int(oids[i]);
    return datum_str(array_build(x->eval.arena, T_OID, items, (uint32_t)n));
}

struct datum array_of_ints(struct exec_context *x, const int64_t *values, size_t n)
{
    struct datum *items = ARENA_ARRAY(x->eval.arena, struct datum, n + 1);
    for (size_t i = 0; i < n; i++)
        items[i] = datum_int(values[i]);
    return datum_str(array_build(x->eval.arena, T_INT2, items, (uint32_t)n));
}

struct datum array_of_texts(struct exec_context *x, const struct str *values, size_t n)
{
    struct datum *items = ARENA_ARRAY(x->eval.arena, struct datum, n + 1);
    for (size_t i = 0; i < n; i++)
        items[i] = datum_str(values[i]);
    return datum_str(array_build(x->eval.arena, T_STRING, items, (uint32_t)n));
}

static struct datum array_of_items(struct exec_context *x, const struct str *texts, size_t n)
{
    struct datum *items = ARENA_ARRAY(x->eval.arena, struct datum, n + 1);
    for (size_t i = 0; i < n; i++)
        items[i] = datum_str(texts[i]);
    return datum_str(array_build(x->eval.arena, T_ACLITEM, items, (uint32_t)n));
}

static struct str acl_item(struct arena *a, char kind, const struct cat_acl *acl, const struct cat_grant *grant)
{
    struct buf b = BUF_INIT;
    cat_text_acl_item(&b, kind, acl->owner, grant);
    struct str text = arena_str(a, buf_view(&b));
    buf_release(&b);
    return text;
}

struct datum array_of_grants(struct exec_context *x, char kind, const struct cat_acl *acl)
{
    struct str *texts = ARENA_ARRAY(x->eval.arena, struct str, acl->n_grants);
    for (size_t i = 0; i < acl->n_grants; i++)
        texts[i] = acl_item(x->eval.arena, kind, acl, &acl->grants[i]);
    return acl->n_grants == 0 ? DATUM_NULL : array_of_items(x, texts, acl->n_grants);
}

// Owners have everything without a grant; so have admin and root, to whom every object is granted when it is made.
static bool granted_by_nature(const struct cat_acl *acl, const struct cat_grant *grant)
{
    return str_eq(grant->grantee, acl->owner) || str_eqc(grant->grantee, "admin") || str_eqc(grant->grantee, "root");
}

struct datum array_of_acl(struct exec_context *x, char kind, const struct cat_acl *acl)
{
    struct cat_grant owner = cat_acl_default_owner(acl->owner), public = cat_acl_default_public(kind);
    struct str *texts = ARENA_ARRAY(x->eval.arena, struct str, acl->n_grants + 1);
    size_t n = 0;
    bool is_default = true, has_public = false;
    texts[n++] = acl_item(x->eval.arena, kind, acl, &owner);
    for (size_t i = 0; i < acl->n_grants; i++) {
        const struct cat_grant *grant = &acl->grants[i];
        if (granted_by_nature(acl, grant))
            continue;
        bool is_public = str_eqc(grant->grantee, "public");
        has_public |= is_public;
        is_default &= is_public && grant->privileges == public.privileges;
        texts[n++] = acl_item(x->eval.arena, kind, acl, grant);
    }
    return is_default && has_public == (public.privileges != 0) ? DATUM_NULL : array_of_items(x, texts, n);
}

struct datum datum_take(struct exec_context *x, struct buf *b)
{
    struct datum d = datum_str(arena_str(x->eval.arena, buf_view(b)));
    buf_release(b);
    return d;
}

struct datum datum_expr(struct exec_context *x, struct str sql)
{
    if (sql.len == 0)
        return DATUM_NULL;
    struct buf b = BUF_INIT;
    (as_in_postgresql(x) ? cat_text_expr_portable : cat_text_expr)(&b, sql);
    return datum_take(x, &b);
}

int current_database(struct exec_context *x, const struct cat_database **out, struct err *err)
{
    *out = NULL;
    return x->eval.database_id != CAT_ID_NONE ? cat_database_by_id(x->view, x->eval.database_id, out, err) : 0;
}

int current_schemas(struct exec_context *x, const struct cat_database **d, const struct cat_schema ***out, size_t *n,
                    struct err *err)
{
    *n = 0;
    TRY(current_database(x, d, err));
    return *d != NULL ? cat_list_schemas(x->view, x->eval.arena, (*d)->id, out, n, err) : 0;
}

// ---- lists

bool schema_hidden(const struct exec_context *x, const struct cat_schema *s)
{
    return as_in_postgresql(x) && s->is_virtual && str_eqc(s->name, "crdb_internal");
}

// The primary key that a table gets which is given none.
static bool is_rowid_key(const struct cat_table *t, const struct cat_index *index)
{
    if (index != t->primary || index->n_columns != 1)
        return false;
    const struct cat_column *c = cat_column_by_id(t, index->columns[0].column_id);
    return c != NULL && c->hidden && str_has_prefix(c->name, STR("rowid")) && str_eqc(c->default_sql, "unique_rowid()");
}

bool column_hidden(const struct exec_context *x, const struct cat_table *t, const struct cat_column *c)
{
    bool rowid = t->primary != NULL && is_rowid_key(t, t->primary) && t->primary->columns[0].column_id == c->id;
    bool shard = c->hidden && c->computed_sql.len > 0 && str_has_prefix(c->name, STR("crdb_internal_"));
    return as_in_postgresql(x) && (rowid || shard);
}

bool index_hidden(const struct exec_context *x, const struct cat_table *t, const struct cat_index *index)
{
    return as_in_postgresql(x) && is_rowid_key(t, index);
}

bool constraint_hidden(const struct exec_context *x, const struct cat_table *t, const struct cat_index *index)
{
    bool plain = index->predicate_sql.len == 0 && cat_index_shards(t, index) == 0;
    for (size_t i = 0; i < index->n_columns; i++) {
        const struct cat_column *c = cat_column_by_id(t, index->columns[i].column_id);
        plain &= !index->columns[i].descending && c != NULL && !cat_column_inaccessible(c);
    }
    bool constraint = for_pg_dump(x) ? plain : index->is_constraint;
    return as_in_postgresql(x) && (is_rowid_key(t, index) || (index != t->primary && !constraint));
}

struct relation_vec {
    struct relation *ptr;
    size_t len, cap;
};

static int add_schema(struct exec_context *x, const struct cat_database *d, const struct cat_schema *s,
                      struct relation_vec *out, struct err *err)
{
    const struct cat_table **tables;
    size_t n;
    TRY(cat_list_tables(x->view, x->eval.arena, d->id, s->id, &tables, &n, err));
    for (size_t i = 0; i < n; i++)
        ARENA_PUSH(x->eval.arena, out, ((struct relation){tables[i], s, d}));
    return 0;
}

static int add_database(struct exec_context *x, const struct cat_database *d, bool with_virtual,
                        struct relation_vec *out, struct err *err)
{
    const struct cat_schema **schemas;
    size_t n;
    TRY(cat_list_schemas(x->view, x->eval.arena, d->id, &schemas, &n, err));
    for (size_t i = 0; i < n; i++)
        if ((with_virtual || !schemas[i]->is_virtual) && !schema_hidden(x, schemas[i]))
            TRY(add_schema(x, d, schemas[i], out, err));
    return 0;
}

int relations_list(struct exec_context *x, enum relation_scope scope, struct relations *out, struct err *err)
{
    struct relation_vec list = {0};
    const struct cat_database **databases, *current;
    size_t n;
    if (scope == SCOPE_ALL_DATABASES) {
        TRY(cat_list_databases(x->view, x->eval.arena, &databases, &n, err));
        for (size_t i = 0; i < n; i++)
            TRY(add_database(x, databases[i], false, &list, err));
    } else {
        TRY(current_database(x, &current, err));
        if (current != NULL)
            TRY(add_database(x, current, scope == SCOPE_WITH_VIRTUAL, &list, err));
    }
    *out = (struct relations){list.ptr, list.len};
    return 0;
}

// The relation with the OID, or the one an index's or constraint's OID belongs to.
static int relation_by_oid(struct exec_context *x, uint32_t oid, enum relation_scope scope, struct relations *out,
                           struct err *err)
{
    const struct cat_table *t = NULL;
    struct relation *r = ARENA_NEW(x->eval.arena, struct relation);
    *out = (struct relations){r, 0};
    TRY(cat_table_by_id(x->view, oid, &t, err));
    if (t == NULL && (oid_is_index(oid) || oid_is_constraint(oid)))
        TRY(cat_table_by_id(x->view, oid_table_id(oid), &t, err));
    if (t == NULL || (cat_table_everywhere(t) && scope != SCOPE_WITH_VIRTUAL))
        return 0;
    if (!cat_table_everywhere(t) && scope != SCOPE_ALL_DATABASES && t->database_id != x->eval.database_id)
        return 0;
    uint32_t database_id = cat_table_everywhere(t) ? x->eval.database_id : t->database_id;
    TRY(cat_database_by_id(x->view, database_id, &r->database, err));
    TRY(cat_schema_by_id(x->view, t->schema_id, &r->schema, err));
    r->table = t;
    out->n = r->database != NULL && r->schema != NULL;
    return 0;
}

// information_schema has constraints for columns that are not NULL: <schema>_<table>_<column>_not_null.
static bool has_not_null(const struct cat_table *t, struct str name)
{
    char prefix[32];
    snprintf(prefix, sizeof(prefix), "%u_%u_", t->schema_id, t->id);
    return str_has_prefix(name, str_of(prefix));
}

static bool is_ascii(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((uint8_t)s.ptr[i] >= 0x80)
            return false;
    return true;
}

static bool same_byte(char a, char b, bool any_case)
{
    return a == b || (any_case && tolower((unsigned char)a) == tolower((unsigned char)b));
}

// In any case letters that are not ASCII may be anything: the filter is checked again for each row.
static bool matches(struct str name, struct str pattern, bool any_case)
{
    size_t at = 0;
    if (any_case && (!is_ascii(name) || !is_ascii(pattern)))
        return true;
    for (size_t i = 0; i < pattern.len; i++) {
        if (pattern.ptr[i] == '_') {
            if (at++ == name.len)
                return false;
            while (at < name.len && (name.ptr[at] & 0xC0) == 0x80) // the rest of a character
                at++;
            continue;
        }
        i += pattern.ptr[i] == '\\';
        if (at == name.len || !same_byte(name.ptr[at++], pattern.ptr[i], any_case))
            return false;
    }
    return at == name.len;
}

static bool has_matching_name(const struct cat_table *t, const struct virtual_filter *f)
{
    struct str pattern = f->value.s;
    bool found = matches(t->name, pattern, f->any_case) ||
                 (t->primary != NULL && matches(t->primary->name, pattern, f->any_case));
    for (size_t i = 0; i < t->n_indexes; i++)
        found |= matches(t->indexes[i].name, pattern, f->any_case);
    return found;
}

// The name of a relation, or of one of its indexes or constraints.
static bool has_name(const struct cat_table *t, struct str name)
{
    bool found = str_eq(t->name, name) || cat_index_by_name(t, name) != NULL;
    for (size_t i = 0; i < t->n_outbound; i++)
        found |= str_eq(t->outbound[i].name, name);
    for (size_t i = 0; i < t->n_checks; i++)
        found |= str_eq(t->checks[i].name, name);
    return found || (name.len > 0 && name.ptr[0] >= '0' && name.ptr[0] <= '9' && has_not_null(t, name));
}

int relations_filtered(struct exec_context *x, const struct virtual_filter *filter, int id_column, int name_column,
                       enum relation_scope scope, struct relations *out, struct err *err)
{
    if (filter != NULL && (int)filter->column == id_column)
        return relation_by_oid(x, (uint32_t)filter->value.i, scope, out, err);
    TRY(relations_list(x, scope, out, err));
    if (filter == NULL || (int)filter->column != name_column)
        return 0;
    size_t kept = 0;
    for (size_t i = 0; i < out->n; i++)
        if (filter->pattern ? has_matching_name(out->items[i].table, filter)
                            : has_name(out->items[i].table, filter->value.s))
            out->items[kept++] = out->items[i];
    out->n = kept;
    return 0;
}

int relations_each(struct exec_context *x, const struct virtual_filter *filter, int id_column, int name_column,
                   enum relation_scope scope, relation_row row, struct virtual_rows *rows, struct err *err)
{
    struct relations list;
    TRY(relations_filtered(x, filter, id_column, name_column, scope, &list, err));
    for (size_t i = 0; i < list.n; i++)
        TRY(row(x, &list.items[i], rows, err));
    return 0;
}

// Whether the current user has any privilege on the relation.
static int is_accessible(struct exec_context *x, const struct cat_table *t, bool *out, struct err *err)
{
    *out = cat_table_everywhere(t);
    for (uint32_t bit = CAT_PRIVILEGE_CREATE; bit <= CAT_PRIVILEGE_MAINTAIN && !*out; bit <<= 1)
        TRY(cat_has_privilege(x->view, x->eval.user, &t->acl, bit, out, err));
    return 0;
}

int relations_each_accessible(struct exec_context *x, const struct virtual_filter *filter, int name_column,
                              enum relation_scope scope, relation_row row, struct virtual_rows *rows, struct err *err)
{
    struct relations list;
    TRY(relations_filtered(x, filter, -1, name_column, scope, &list, err));
    for (size_t i = 0; i < list.n; i++) {
        bool accessible;
        TRY(is_accessible(x, list.items[i].table, &accessible, err));
        if (accessible)
            TRY(row(x, &list.items[i], rows, err));
    }
    return 0;
}
