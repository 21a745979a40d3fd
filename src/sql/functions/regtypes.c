// Names behind OIDs and OIDs behind names: the reg* types. Names resolve along the search path of the call.
#include "sql/functions/regtypes_int.h"
#include "catalog/catalog.h"
#include "sql/functions/oids.h"
#include "sql/functions/textsearch_int.h"
#include "sql/parse/ast_print.h"

static struct cat_name_scope name_scope(const struct eval_context *ec)
{
    return (struct cat_name_scope){.database = ec->database,
                                   .search_path = ec->search_path,
                                   .n_search_path = ec->n_search_path,
                                   .user = ec->user,
                                   .temp_schema = ec->temp_schema};
}

// ---- reading names

// One identifier at *at: quoted as it is, unquoted in lower case.
static bool next_part(struct arena *a, struct str text, size_t *at, struct str *part)
{
    struct buf b = BUF_INIT;
    bool ok = true;
    if (*at < text.len && text.ptr[*at] == '"') {
        for (++*at;; ++*at) {
            if (*at >= text.len) {
                ok = false;
                break;
            }
            if (text.ptr[*at] == '"' && !(*at + 1 < text.len && text.ptr[*at + 1] == '"')) {
                ++*at;
                break;
            }
            *at += text.ptr[*at] == '"';
            buf_putc(&b, text.ptr[*at]);
        }
    } else {
        for (; *at < text.len && text.ptr[*at] != '.'; ++*at) {
            char c = text.ptr[*at];
            buf_putc(&b, c >= 'A' && c <= 'Z' ? (char)(c + 32) : c);
        }
    }
    *part = arena_str(a, buf_view(&b));
    buf_release(&b);
    return ok && part->len > 0;
}

bool reg_split_name(struct arena *a, struct str text, struct str parts[3], size_t *n)
{
    text = str_trim(text);
    *n = 0;
    for (size_t at = 0;; at++) {
        if (*n == 3 || !next_part(a, text, &at, &parts[*n]))
            return false;
        ++*n;
        if (at == text.len)
            return true;
        if (text.ptr[at] != '.')
            return false;
    }
}

static int need_catalog(const struct eval_context *ec, struct err *err)
{
    if (ec->catalog != NULL)
        return 0;
    return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "names of objects cannot be looked up in this context");
}

// An index by its name in the schemas of the search path.
static int find_index(struct eval_context *ec, const struct str *parts, size_t n, bool *found, int64_t *oid,
                      struct err *err)
{
    for (size_t s = 0; s < (n > 1 ? 1 : ec->n_search_path) && !*found; s++) {
        const struct cat_schema *schema;
        struct str name = n > 1 ? parts[n - 2] : ec->search_path[s];
        if (str_eqc(name, "$user"))
            name = ec->user;
        TRY(cat_schema_by_name(ec->catalog, ec->database_id, name, &schema, err));
        if (schema == NULL || schema->is_virtual)
            continue;
        const struct cat_table **tables;
        size_t n_tables;
        TRY(cat_list_tables(ec->catalog, ec->arena, ec->database_id, schema->id, &tables, &n_tables, err));
        for (size_t i = 0; i < n_tables && !*found; i++) {
            const struct cat_index *index = cat_index_by_name(tables[i], parts[n - 1]);
            *found = index != NULL;
            if (*found)
                *oid = oid_of_index(tables[i]->id, index->id);
        }
    }
    return 0;
}

static int parse_class(struct eval_context *ec, struct str text, bool *found, int64_t *oid, struct err *err)
{
    struct str parts[3];
    size_t n;
    TRY(need_catalog(ec, err));
    if (!reg_split_name(ec->arena, text, parts, &n))
        return err_set(err, ERR_INVALID_NAME, "invalid table name: %.*s", STR_FMT(text));
    struct cat_name_scope scope = name_scope(ec);
    const struct cat_table *t;
    TRY(cat_resolve_table(ec->catalog, &scope, parts, n, true, &t, err));
    *found = t != NULL;
    if (*found)
        *oid = t->id;
    else
        TRY(find_index(ec, parts, n, found, oid, err));
    return 0;
}

static int parse_namespace(struct eval_context *ec, struct str text, bool *found, int64_t *oid, struct err *err)
{
    struct str parts[3];
    size_t n;
    TRY(need_catalog(ec, err));
    if (!reg_split_name(ec->arena, text, parts, &n) || n != 1)
        return 0;
    const struct cat_schema *schema;
    TRY(cat_schema_by_name(ec->catalog, ec->database_id, parts[0], &schema, err));
    *found = schema != NULL;
    if (*found)
        *oid = schema->id;
    return 0;
}

static int parse_role(struct eval_context *ec, struct str text, bool *found, int64_t *oid, struct err *err)
{
    struct str parts[3];
    size_t n;
    TRY(need_catalog(ec, err));
    if (!reg_split_name(ec->arena, text, parts, &n) || n != 1)
        return 0;
    const struct cat_role *role;
    TRY(cat_role_by_name(ec->catalog, parts[0], &role, err));
    *found = role != NULL;
    if (*found)
        *oid = role->id;
    return 0;
}

// "int8[]", "character varying(10)", "pg_catalog.text"
static int parse_type(struct eval_context *ec, struct str text, bool *found, int64_t *oid, struct err *err)
{
    text = str_trim(text);
    bool is_array = text.len > 2 && str_eqc(str_slice(text, text.len - 2, text.len), "[]");
    if (is_array)
        text = str_trim(str_slice(text, 0, text.len - 2));
    ptrdiff_t paren = str_find(text, STR("("), 0);
    if (paren > 0)
        text = str_trim(str_slice(text, 0, (size_t)paren));
    struct str parts[3];
    size_t n;
    struct type t;
    const struct cat_type *user = NULL;
    if (!reg_split_name(ec->arena, text, parts, &n))
        return 0;
    *found = (n == 1 || str_eqc(parts[n - 2], "pg_catalog")) && type_from_name(parts[n - 1], &t);
    if (ec->postgresql && n == 1 && (str_eqc(parts[0], "int") || str_eqc(parts[0], "integer")))
        t = T_INT4;
    struct cat_name_scope scope = name_scope(ec);
    if (!*found && ec->catalog != NULL)
        TRY(cat_resolve_type(ec->catalog, &scope, parts, n, &user, err));
    if (user != NULL)
        t = user->type;
    *found |= user != NULL;
    if (!*found)
        return 0;
    *oid = is_array ? type_array_of(t).oid : t.oid;
    return 0;
}

// The types behind a name: "bigint, text)".
enum { TYPES_MAX = 30 }; // parameters of a function
struct type_list {
    int64_t oids[TYPES_MAX];
    size_t n;
    bool known; // all of them exist, and there are not too many
};

static int parse_types(struct eval_context *ec, struct str list, struct type_list *out, struct err *err)
{
    *out = (struct type_list){.known = true};
    ptrdiff_t paren = str_find(list, STR(")"), 0);
    list = str_trim(str_slice(list, 0, paren < 0 ? list.len : (size_t)paren));
    while (list.len > 0 && out->known) {
        ptrdiff_t comma = str_find(list, STR(","), 0);
        size_t end = comma < 0 ? list.len : (size_t)comma;
        bool found = false;
        if (out->n < TYPES_MAX)
            TRY(parse_type(ec, str_trim(str_slice(list, 0, end)), &found, &out->oids[out->n++], err));
        out->known = found;
        list = str_slice(list, MIN(end + 1, list.len), list.len);
    }
    return 0;
}

static bool takes_types(const struct cat_function *f, const struct type_list *types)
{
    size_t n = 0;
    for (size_t i = 0; i < f->n_params; i++) {
        if (!cat_param_is_input(&f->params[i]))
            continue;
        if (n == types->n || f->params[i].type.oid != (uint32_t)types->oids[n])
            return false;
        n++;
    }
    return types->known && n == types->n;
}

static bool overload_takes(const struct fn_overload *fn, const struct type_list *types)
{
    if (!types->known || (size_t)fn->n_args != types->n)
        return false;
    for (size_t i = 0; i < types->n; i++) {
        if (fn->args[i].oid != (uint32_t)types->oids[i])
            return false;
    }
    return true;
}

// A user-defined function; without types: any overload, if it is the only one.
static int parse_routine(struct eval_context *ec, const struct str *parts, size_t n_parts,
                         const struct type_list *types, bool *found, int64_t *oid, struct err *err)
{
    const struct cat_function **list;
    size_t n = 0, matching = 0;
    struct cat_name_scope scope = name_scope(ec);
    if (ec->catalog != NULL)
        TRY(cat_resolve_functions(ec->catalog, &scope, ec->arena, parts, n_parts, &list, &n, err));
    for (size_t i = 0; i < n; i++) {
        if (types != NULL && !takes_types(list[i], types))
            continue;
        *oid = TYPE_OID_USER_FIRST + (int64_t)list[i]->id;
        matching++;
    }
    if (matching > 1)
        return err_set(err, ERR_AMBIGUOUS_ALIAS, "more than one function named '%.*s'", STR_FMT(parts[n_parts - 1]));
    *found = matching == 1;
    return 0;
}

static int parse_procedure(struct eval_context *ec, struct str text, bool *found, int64_t *oid, struct err *err)
{
    ptrdiff_t paren = str_find(text, STR("("), 0);
    struct str parts[3], name = paren > 0 ? str_slice(text, 0, (size_t)paren) : text;
    size_t n_parts, n;
    if (!reg_split_name(ec->arena, name, parts, &n_parts))
        return 0;
    struct type_list types;
    if (paren > 0)
        TRY(parse_types(ec, str_slice(text, (size_t)paren + 1, text.len), &types, err));
    const struct fn_overload *const *overloads = fn_lookup(parts[n_parts - 1], &n);
    if (n == 0)
        return parse_routine(ec, parts, n_parts, paren > 0 ? &types : NULL, found, oid, err);
    if (n > 1 && paren < 0)
        return err_set(err, ERR_AMBIGUOUS_ALIAS, "more than one function named '%.*s'", STR_FMT(parts[n_parts - 1]));
    for (size_t i = 0; i < n && !*found; i++) {
        *found = paren < 0 || overload_takes(overloads[i], &types);
        *oid = overloads[i]->oid;
    }
    return 0;
}

// =(bigint,bigint); of a prefix operator -(NONE,bigint).
static int parse_operator(struct eval_context *ec, struct str text, bool *found, int64_t *oid, struct err *err)
{
    ptrdiff_t paren = str_find(text, STR("("), 0);
    if (paren <= 0)
        return err_set(err, ERR_INVALID_TEXT_REPRESENTATION, "expected a left parenthesis");
    struct str name = str_trim(str_slice(text, 0, (size_t)paren)), schema = STR("pg_catalog.");
    struct str list = str_trim(str_slice(text, (size_t)paren + 1, text.len));
    struct type_list types;
    size_t n;
    if (str_has_prefix(name, schema))
        name = str_slice(name, schema.len, name.len);
    ptrdiff_t comma = str_find(list, STR(","), 0);
    if (comma > 0 && str_ieqc(str_trim(str_slice(list, 0, (size_t)comma)), "none"))
        list = str_slice(list, (size_t)comma + 1, list.len);
    TRY(parse_types(ec, list, &types, err));
    const struct fn_overload *const *all = fn_all(&n);
    for (size_t i = 0; i < n && !*found; i++) {
        *found = all[i]->is_operator && str_eqc(name, all[i]->name) && overload_takes(all[i], &types);
        *oid = all[i]->oid;
    }
    return 0;
}

static int parse_config(struct eval_context *ec, struct str text, bool *found, int64_t *oid, struct err *err)
{
    const struct ts_config *config;
    *found = ts_config_find(text, &config, NULL) == 0;
    if (*found)
        *oid = ts_config_oid(config);
    return 0;
}

static int parse_dictionary(struct eval_context *ec, struct str text, bool *found, int64_t *oid, struct err *err)
{
    struct str schema = STR("pg_catalog.");
    struct str name = str_has_prefix(text, schema) ? str_slice(text, schema.len, text.len) : text;
    for (size_t i = 0; i < ts_n_configs && !*found; i++) {
        *found = str_ieq(name, ts_dictionary_name(&ts_configs[i], ec->arena));
        *oid = ts_dictionary_oid(&ts_configs[i]);
    }
    return 0;
}

static const struct reg_kind {
    uint32_t type_oid;
    int (*parse)(struct eval_context *ec, struct str text, bool *found, int64_t *oid, struct err *err);
    int absent_code;
    const char *absent_text;
} kinds[] = {
    {TYPE_OID_REGCLASS, parse_class, ERR_UNDEFINED_TABLE, "relation \"%.*s\" does not exist"},
    {TYPE_OID_REGTYPE, parse_type, ERR_UNDEFINED_OBJECT, "type \"%.*s\" does not exist"},
    {TYPE_OID_REGNAMESPACE, parse_namespace, ERR_UNDEFINED_OBJECT, "namespace \"%.*s\" does not exist"},
    {TYPE_OID_REGROLE, parse_role, ERR_UNDEFINED_OBJECT, "role \"%.*s\" does not exist"},
    {TYPE_OID_REGCONFIG, parse_config, ERR_UNDEFINED_OBJECT, "text search configuration \"%.*s\" does not exist"},
    {TYPE_OID_REGDICTIONARY, parse_dictionary, ERR_UNDEFINED_OBJECT, "text search dictionary \"%.*s\" does not exist"},
    {TYPE_OID_REGOPERATOR, parse_operator, ERR_UNDEFINED_FUNCTION, "operator does not exist: %.*s"},
    {TYPE_OID_REGPROC, parse_procedure, ERR_UNDEFINED_FUNCTION, "unknown function: %.*s()"},
    {TYPE_OID_REGPROCEDURE, parse_procedure, ERR_UNDEFINED_FUNCTION, "unknown function: %.*s"},
};

static int absent(const struct reg_kind *kind, struct str text, struct err *err)
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    return err_set(err, kind->absent_code, kind->absent_text, STR_FMT(text));
#pragma GCC diagnostic pop
}

int reg_parse(struct eval_context *ec, struct type t, struct str text, bool missing_ok, bool *found, int64_t *oid,
              struct err *err)
{
    *found = false;
    if (str_to_i64(str_trim(text), oid) && *oid >= 0 && *oid <= UINT32_MAX) {
        *found = true;
        return 0;
    }
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (kinds[i].type_oid != t.oid)
            continue;
        int rc = kinds[i].parse(ec, text, found, oid, err);
        if (missing_ok && (rc == ERR_UNDEFINED_SCHEMA || rc == ERR_UNDEFINED_DATABASE)) {
            err_reset(err);
            return 0;
        }
        return rc != 0 || *found || missing_ok ? rc : absent(&kinds[i], text, err);
    }
    return err_set(err, ERR_INVALID_TEXT_REPRESENTATION, "could not parse \"%.*s\" as type %s", STR_FMT(text),
                   type_family_name(t));
}

// ---- printing names

static int print_relation(struct eval_context *ec, const struct cat_table *t, struct str name, struct buf *out,
                          struct err *err)
{
    struct cat_name_scope scope = name_scope(ec);
    const struct cat_table *visible;
    TRY(cat_resolve_table(ec->catalog, &scope, &t->name, 1, true, &visible, err));
    if (visible == NULL || visible->id != t->id) {
        const struct cat_schema *schema;
        TRY(cat_schema_by_id(ec->catalog, t->schema_id, &schema, err));
        if (schema != NULL) {
            print_identifier(out, schema->name);
            buf_putc(out, '.');
        }
    }
    print_identifier(out, name);
    return 0;
}

static int print_class(struct eval_context *ec, uint32_t oid, struct buf *out, struct err *err)
{
    const struct cat_table *t;
    if (ec->catalog == NULL)
        return 0;
    TRY(cat_table_by_id(ec->catalog, oid_is_index(oid) ? oid_table_id(oid) : oid, &t, err));
    if (t == NULL)
        return 0;
    const struct cat_index *index = oid_find_index(t, oid);
    if (oid_is_index(oid) && index == NULL)
        return 0;
    return print_relation(ec, t, index != NULL ? index->name : t->name, out, err);
}

static int print_namespace(struct eval_context *ec, uint32_t oid, struct buf *out, struct err *err)
{
    const struct cat_schema *schema;
    if (ec->catalog == NULL)
        return 0;
    TRY(cat_schema_by_id(ec->catalog, oid, &schema, err));
    if (schema != NULL)
        print_identifier(out, schema->name);
    return 0;
}

static int print_role(struct eval_context *ec, uint32_t oid, struct buf *out, struct err *err)
{
    const struct cat_role **roles;
    size_t n;
    if (ec->catalog == NULL)
        return 0;
    TRY(cat_list_roles(ec->catalog, ec->arena, &roles, &n, err));
    for (size_t i = 0; i < n; i++) {
        if (roles[i]->id == oid)
            print_identifier(out, roles[i]->name);
    }
    return 0;
}

static int print_routine(struct eval_context *ec, uint32_t oid, bool with_args, struct buf *out, struct err *err)
{
    const struct cat_function *f = NULL;
    if (ec->catalog == NULL || oid <= TYPE_OID_USER_FIRST)
        return 0;
    TRY(cat_function_by_id(ec->catalog, oid - TYPE_OID_USER_FIRST, &f, err));
    if (f == NULL)
        return 0;
    print_identifier(out, f->name);
    bool first = true;
    for (size_t i = 0; i < f->n_params && with_args; i++) {
        if (!cat_param_is_input(&f->params[i]))
            continue;
        buf_cstr(out, first ? "(" : ",");
        first = false;
        type_print_pg(out, f->params[i].type);
    }
    if (with_args)
        buf_cstr(out, first ? "()" : ")");
    return 0;
}

static void print_procedure(uint32_t oid, bool with_args, struct buf *out)
{
    size_t n;
    const struct fn_overload *const *all = fn_all(&n);
    for (size_t i = 0; i < n; i++) {
        if (all[i]->oid != oid)
            continue;
        buf_cstr(out, all[i]->name);
        for (int k = 0; with_args && k < all[i]->n_args; k++) {
            buf_cstr(out, k == 0 ? "(" : ",");
            type_print_pg(out, all[i]->args[k]);
        }
        if (with_args)
            buf_cstr(out, all[i]->n_args == 0 ? "()" : ")");
    }
}

static void print_operator(uint32_t oid, struct buf *out)
{
    size_t n;
    const struct fn_overload *const *all = fn_all(&n);
    for (size_t i = 0; i < n; i++) {
        if (all[i]->oid != oid || !all[i]->is_operator || all[i]->n_args == 0)
            continue;
        buf_printf(out, "%s(", all[i]->name);
        buf_cstr(out, all[i]->n_args == 1 ? "NONE," : "");
        for (int k = 0; k < all[i]->n_args; k++) {
            buf_cstr(out, k > 0 ? "," : "");
            type_print_pg(out, all[i]->args[k]);
        }
        buf_putc(out, ')');
    }
}

static void print_dictionary(struct eval_context *ec, uint32_t oid, struct buf *out)
{
    for (size_t i = 0; i < ts_n_configs; i++) {
        if (ts_dictionary_oid(&ts_configs[i]) == oid) {
            buf_str(out, ts_dictionary_name(&ts_configs[i], ec->arena));
            return;
        }
    }
}

int fn_reg_print(struct eval_context *ec, struct type t, int64_t oid, struct buf *out, struct err *err)
{
    size_t before = out->len;
    const struct ts_config *config;
    struct type named;
    bool found;
    switch (t.oid) {
    case TYPE_OID_REGCLASS:
        TRY(print_class(ec, (uint32_t)oid, out, err));
        break;
    case TYPE_OID_REGNAMESPACE:
        TRY(print_namespace(ec, (uint32_t)oid, out, err));
        break;
    case TYPE_OID_REGROLE:
        TRY(print_role(ec, (uint32_t)oid, out, err));
        break;
    case TYPE_OID_REGCONFIG:
        config = ts_config_by_oid((uint32_t)oid);
        buf_cstr(out, config != NULL ? config->name : "");
        break;
    case TYPE_OID_REGDICTIONARY:
        print_dictionary(ec, (uint32_t)oid, out);
        break;
    case TYPE_OID_REGOPERATOR:
        print_operator((uint32_t)oid, out);
        break;
    case TYPE_OID_REGTYPE:
        TRY(cat_type_of_oid(ec->catalog, (uint32_t)oid, &named, &found, err));
        if (found)
            type_print_pg(out, named);
        break;
    default:
        print_procedure((uint32_t)oid, t.oid == TYPE_OID_REGPROCEDURE, out);
        TRY(print_routine(ec, (uint32_t)oid, t.oid == TYPE_OID_REGPROCEDURE, out, err));
        break;
    }
    if (out->len == before && oid == 0)
        buf_putc(out, '-');
    else if (out->len == before)
        buf_printf(out, "%u", (uint32_t)oid);
    return 0;
}
