// has_…_privilege() and pg_has_role(). Arguments: [user,] object, privileges; users and objects by name or OID. An OID
// without object gives NULL, an unknown name is an error.
#include "sql/functions/functions_int.h"
#include "sql/functions/regtypes_int.h"
#include "catalog/catalog.h"
#include "catalog/text.h"
#include "types/aclitem.h"
#include "types/array.h"

// What a call asks, without its user and privileges.
struct question {
    struct str user;
    const struct datum *object; // and what follows it
    struct type object_type;
    struct str privileges;
};

static int need_catalog(const struct eval_context *ec, struct err *err)
{
    if (ec->catalog != NULL)
        return 0;
    return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "%s() cannot be used in this context", ec->call->fn->name);
}

static int user_of(struct eval_context *ec, struct type t, struct datum arg, struct str *out, struct err *err)
{
    if (type_is(t, TYPE_STRING)) {
        const struct cat_role *role;
        *out = arg.s;
        if (str_eqc(arg.s, "public"))
            return 0;
        TRY(cat_role_by_name(ec->catalog, arg.s, &role, err));
        return role != NULL ? 0 : err_set(err, ERR_UNDEFINED_OBJECT, "role '%.*s' does not exist", STR_FMT(arg.s));
    }
    const struct cat_role **roles;
    size_t n;
    *out = STR_EMPTY;
    TRY(cat_list_roles(ec->catalog, ec->arena, &roles, &n, err));
    for (size_t i = 0; i < n; i++) {
        if (roles[i]->id == arg.i)
            *out = roles[i]->name;
    }
    return 0;
}

// `object_args` arguments tell the object.
static int read_question(struct eval_context *ec, const struct datum *args, int n_args, int object_args,
                         struct question *q, struct err *err)
{
    int first = n_args - object_args - 1;
    TRY(need_catalog(ec, err));
    q->user = ec->user;
    if (first > 0)
        TRY(user_of(ec, fn_arg_type(ec, 0), args[0], &q->user, err));
    q->object = &args[first];
    q->object_type = fn_arg_type(ec, first);
    q->privileges = args[n_args - 1].s;
    return 0;
}

// Takes the words off the end of a privilege's name.
static bool strip_grant_option(struct str *privilege)
{
    struct str option = STR(" WITH GRANT OPTION");
    *privilege = str_trim(*privilege);
    if (privilege->len <= option.len ||
        !str_ieq(str_slice(*privilege, privilege->len - option.len, privilege->len), option))
        return false;
    *privilege = str_slice(*privilege, 0, privilege->len - option.len);
    return true;
}

// True when the user has one of the comma-separated privileges, each possibly WITH GRANT OPTION.
static int has_any(struct eval_context *ec, const struct question *q, const struct cat_acl *acl, bool *out,
                   struct err *err)
{
    *out = false;
    for (size_t at = 0; at <= q->privileges.len;) {
        ptrdiff_t comma = str_find(q->privileges, STR(","), at);
        size_t end = comma < 0 ? q->privileges.len : (size_t)comma;
        struct str name = str_slice(q->privileges, at, end);
        at = end + 1;
        bool grant = strip_grant_option(&name);
        uint32_t bit = str_ieqc(name, "TEMPORARY") || str_ieqc(name, "TEMP")  ? CAT_PRIVILEGE_CREATE
                       : str_ieqc(name, "RULE") || str_ieqc(name, "TRUNCATE") ? CAT_PRIVILEGE_DELETE
                       : str_ieqc(name, "REFERENCES")                         ? CAT_PRIVILEGE_SELECT
                                                                              : cat_privilege_of(name);
        if (bit == 0)
            return err_set(err, ERR_INVALID_PARAMETER_VALUE, "unrecognized privilege type: \"%.*s\"", STR_FMT(name));
        bool has;
        TRY((grant ? cat_has_grant_option : cat_has_privilege)(ec->catalog, q->user, acl, bit, &has, err));
        *out |= has;
    }
    return 0;
}

static int answer(struct eval_context *ec, const struct question *q, const struct cat_acl *acl, struct datum *out,
                  struct err *err)
{
    *out = (struct datum){0};
    return has_any(ec, q, acl, &out->b, err);
}

static int find_relation(struct eval_context *ec, const struct question *q, const struct cat_table **out,
                         struct err *err)
{
    int64_t oid = q->object[0].i;
    bool found;
    if (type_is(q->object_type, TYPE_STRING))
        TRY(reg_parse(ec, T_REGCLASS, q->object[0].s, false, &found, &oid, err));
    return cat_table_by_id(ec->catalog, (uint32_t)oid, out, err);
}

static int relation_privilege(struct eval_context *ec, const struct question *q, struct datum *out, struct err *err)
{
    const struct cat_table *t;
    TRY(find_relation(ec, q, &t, err));
    if (t == NULL)
        return fn_return_null(out);
    if (!cat_table_everywhere(t))
        return answer(ec, q, &t->acl, out, err);
    TRY(answer(ec, q, &(struct cat_acl){0}, out, err));
    out->b = str_ieqc(str_trim(q->privileges), "SELECT");
    return 0;
}

BODY(has_table_privilege)
{
    struct question q;
    TRY(read_question(ec, args, n_args, 1, &q, err));
    return relation_privilege(ec, &q, out, err);
}

BODY(has_column_privilege)
{
    struct question q;
    TRY(read_question(ec, args, n_args, 2, &q, err));
    const struct cat_table *t;
    TRY(find_relation(ec, &q, &t, err));
    if (t == NULL)
        return fn_return_null(out);
    bool by_name = type_is(fn_arg_type(ec, n_args - 2), TYPE_STRING);
    const struct cat_column *c =
        by_name ? cat_column_by_name(t, q.object[1].s) : cat_column_by_id(t, (uint32_t)q.object[1].i);
    if (c == NULL && by_name)
        return err_set(err, ERR_UNDEFINED_COLUMN, "column \"%.*s\" of relation \"%.*s\" does not exist",
                       STR_FMT(q.object[1].s), STR_FMT(t->name));
    return c == NULL ? fn_return_null(out) : relation_privilege(ec, &q, out, err);
}

BODY(has_schema_privilege)
{
    struct question q;
    const struct cat_schema *s;
    TRY(read_question(ec, args, n_args, 1, &q, err));
    if (!type_is(q.object_type, TYPE_STRING)) {
        TRY(cat_schema_by_id(ec->catalog, (uint32_t)q.object[0].i, &s, err));
    } else {
        TRY(cat_schema_by_name(ec->catalog, ec->database_id, q.object[0].s, &s, err));
        if (s == NULL)
            return err_set(err, ERR_UNDEFINED_SCHEMA, "schema \"%.*s\" does not exist", STR_FMT(q.object[0].s));
    }
    if (s == NULL)
        return fn_return_null(out);
    TRY(answer(ec, &q, &s->acl, out, err));
    if (s->is_virtual)
        out->b = str_ieqc(str_trim(q.privileges), "USAGE");
    return 0;
}

BODY(has_database_privilege)
{
    struct question q;
    const struct cat_database *d;
    TRY(read_question(ec, args, n_args, 1, &q, err));
    if (!type_is(q.object_type, TYPE_STRING)) {
        TRY(cat_database_by_id(ec->catalog, (uint32_t)q.object[0].i, &d, err));
    } else {
        TRY(cat_database_by_name(ec->catalog, q.object[0].s, &d, err));
        if (d == NULL)
            return err_set(err, ERR_UNDEFINED_DATABASE, "database \"%.*s\" does not exist", STR_FMT(q.object[0].s));
    }
    return d == NULL ? fn_return_null(out) : answer(ec, &q, &d->acl, out, err);
}

// The access list of a user-defined function or type; NULL for what is built in.
static int user_object_acl(struct eval_context *ec, int64_t oid, const struct cat_acl **out, struct err *err)
{
    const struct cat_function *f = NULL;
    const struct cat_type *t = NULL;
    *out = NULL;
    if (ec->catalog == NULL || oid <= TYPE_OID_USER_FIRST || oid > UINT32_MAX)
        return 0;
    TRY(cat_function_by_id(ec->catalog, (uint32_t)oid - TYPE_OID_USER_FIRST, &f, err));
    TRY(cat_type_by_id(ec->catalog, (uint32_t)oid - TYPE_OID_USER_FIRST, &t, err));
    *out = f != NULL ? &f->acl : t != NULL ? &t->acl : NULL;
    return 0;
}

// Built-in functions, types and languages are everybody's.
static int everybody(struct eval_context *ec, const struct datum *args, int n_args, struct type reg,
                     const char *privilege, struct datum *out, struct err *err)
{
    struct question q;
    const struct cat_acl *acl;
    int64_t oid = 0;
    TRY(read_question(ec, args, n_args, 1, &q, err));
    if (!type_is(q.object_type, TYPE_STRING)) {
        oid = q.object[0].i;
    } else if (reg.oid != TYPE_OID_OID) {
        bool found;
        TRY(reg_parse(ec, reg, q.object[0].s, false, &found, &oid, err));
    }
    if (!str_ieqc(str_trim(q.privileges), privilege))
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "unrecognized privilege type: \"%.*s\"",
                       STR_FMT(q.privileges));
    TRY(user_object_acl(ec, oid, &acl, err));
    return acl != NULL ? answer(ec, &q, acl, out, err) : fn_return_bool(out, true);
}
BODY(has_function_privilege)
{
    return everybody(ec, args, n_args, T_REGPROCEDURE, "EXECUTE", out, err);
}
BODY(has_type_privilege)
{
    return everybody(ec, args, n_args, T_REGTYPE, "USAGE", out, err);
}
BODY(has_language_privilege)
{
    return everybody(ec, args, n_args, T_OID, "USAGE", out, err);
}
BODY(has_tablespace_privilege)
{
    return everybody(ec, args, n_args, T_OID, "CREATE", out, err);
}

// There are no foreign servers and wrappers.
static int no_such(struct eval_context *ec, const struct datum *args, int n_args, const char *what, struct datum *out,
                   struct err *err)
{
    struct question q;
    TRY(read_question(ec, args, n_args, 1, &q, err));
    if (q.object_type.family != TYPE_STRING)
        return fn_return_null(out);
    return err_set(err, ERR_UNDEFINED_OBJECT, "%s \"%.*s\" does not exist", what, STR_FMT(q.object[0].s));
}
BODY(has_server_privilege)
{
    return no_such(ec, args, n_args, "server", out, err);
}
BODY(has_foreign_data_wrapper_privilege)
{
    return no_such(ec, args, n_args, "foreign-data wrapper", out, err);
}

BODY(has_role)
{
    struct question q;
    TRY(read_question(ec, args, n_args, 1, &q, err));
    struct str role, wanted = str_trim(q.privileges);
    TRY(user_of(ec, q.object_type, q.object[0], &role, err));
    if (!str_ieqc(wanted, "USAGE") && !str_ieqc(wanted, "MEMBER") && !str_ieqc(wanted, "SET") &&
        str_find(wanted, STR(" "), 0) < 0)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "unrecognized privilege type: \"%.*s\"", STR_FMT(wanted));
    *out = (struct datum){0};
    TRY(cat_is_admin(ec->catalog, q.user, &out->b, err));
    return out->b ? 0 : cat_is_member(ec->catalog, q.user, role, &out->b, err);
}

// True with one of the comma-separated privileges.
BODY(has_system_privilege)
{
    struct str user = ec->user, list = args[n_args - 1].s;
    TRY(need_catalog(ec, err));
    if (n_args > 1)
        TRY(user_of(ec, fn_arg_type(ec, 0), args[0], &user, err));
    *out = datum_bool(false);
    for (size_t at = 0; at <= list.len && !out->b;) {
        ptrdiff_t comma = str_find(list, STR(","), at);
        size_t end = comma < 0 ? list.len : (size_t)comma;
        struct str name = str_slice(list, at, end);
        bool grant = strip_grant_option(&name);
        uint32_t bit = cat_system_privilege_of(name);
        if (bit == 0)
            return err_set(err, ERR_INVALID_PARAMETER_VALUE, "unrecognized privilege type: \"%.*s\"", STR_FMT(name));
        TRY(grant ? cat_has_system_grant_option(ec->catalog, user, bit, &out->b, err)
                  : cat_has_system_privilege(ec->catalog, user, bit, &out->b, err));
        at = end + 1;
    }
    return 0;
}

// ---- access control lists

static int role_oid(struct eval_context *ec, struct str name, struct datum *out, struct err *err)
{
    const struct cat_role *role = NULL;
    if (name.len > 0)
        TRY(cat_role_by_name(ec->catalog, name, &role, err));
    return fn_return_int(out, role != NULL ? role->id : 0); // 0: public
}

static int explode_item(struct eval_context *ec, struct str text, struct fn_emit *emit, struct err *err)
{
    struct aclitem item;
    struct datum row[4];
    TRY(aclitem_read(ec->arena, text, &item, err));
    TRY(role_oid(ec, item.grantor, &row[0], err));
    TRY(role_oid(ec, item.grantee, &row[1], err));
    for (size_t i = 0; i < ACL_LETTERS; i++) {
        if ((item.privileges >> i & 1) == 0)
            continue;
        row[2] = datum_str(str_of(acl_letters[i].privilege));
        row[3] = datum_bool((item.grantable >> i & 1) != 0);
        TRY(emit->row(emit, row, err));
    }
    return 0;
}

static int aclexplode(struct eval_context *ec, const struct datum *args, int n_args, struct fn_emit *emit,
                      struct err *err)
{
    TRY(need_catalog(ec, err));
    struct array items = array_open(fn_arg_type(ec, 0), args[0].s);
    for (uint32_t i = 0; i < items.count; i++) {
        struct datum item = array_get(&items, i);
        if (!item.null)
            TRY(explode_item(ec, item.s, emit, err));
    }
    return 0;
}

BODY(acldefault)
{
    TRY(need_catalog(ec, err));
    struct str owner;
    char kind = args[0].s.len > 0 ? args[0].s.ptr[0] : '\0';
    TRY(user_of(ec, fn_arg_type(ec, 1), args[1], &owner, err));
    const struct cat_grant grants[] = {cat_acl_default_public(kind), cat_acl_default_owner(owner)};
    struct datum items[ARRAY_LEN(grants)];
    uint32_t n = 0;
    for (size_t i = 0; i < ARRAY_LEN(grants); i++) {
        struct buf b = BUF_INIT;
        cat_text_acl_item(&b, kind, owner, &grants[i]);
        if (grants[i].privileges != 0)
            items[n++] = datum_str(arena_str(ec->arena, buf_view(&b)));
        buf_release(&b);
    }
    return fn_return_str(out, array_build(ec->arena, T_ACLITEM, items, n));
}

// Sets the bit of a privilege among acl_letters.
static int read_privilege(struct str privilege, uint32_t *set, struct err *err)
{
    for (size_t i = 0; i < ACL_LETTERS; i++) {
        bool temp = acl_letters[i].letter == 'T' && str_ieqc(privilege, "temp");
        if (!temp && !str_ieqc(privilege, acl_letters[i].privilege))
            continue;
        *set |= UINT32_C(1) << i;
        return 0;
    }
    return err_set(err, ERR_INVALID_PARAMETER_VALUE, "unrecognized privilege type: \"%.*s\"", STR_FMT(privilege));
}

BODY(makeaclitem)
{
    struct aclitem item = {0};
    struct str rest = args[2].s;
    TRY(need_catalog(ec, err));
    TRY(user_of(ec, T_OID, args[0], &item.grantee, err));
    TRY(user_of(ec, T_OID, args[1], &item.grantor, err));
    while (rest.len > 0) {
        ptrdiff_t comma = str_find(rest, STR(","), 0);
        size_t end = comma < 0 ? rest.len : (size_t)comma;
        TRY(read_privilege(str_trim(str_slice(rest, 0, end)), &item.privileges, err));
        rest = str_slice(rest, MIN(end + 1, rest.len), rest.len);
    }
    item.grantable = args[3].b ? item.privileges : 0;
    struct buf b = BUF_INIT;
    aclitem_write(&b, &item);
    return fn_return_buf(ec, &b, out, err);
}

// Items of one grantee by one grantor add up only as PostgreSQL has it: one item of the list must have all.
BODY(aclcontains)
{
    struct array items = array_open(fn_arg_type(ec, 0), args[0].s);
    struct aclitem wanted, item;
    TRY(aclitem_read(ec->arena, args[1].s, &wanted, err));
    bool found = false;
    for (uint32_t i = 0; i < items.count && !found; i++) {
        struct datum d = array_get(&items, i);
        if (d.null)
            return err_set(err, ERR_NULL_VALUE_NOT_ALLOWED, "ACL arrays must not contain null values");
        TRY(aclitem_read(ec->arena, d.s, &item, err));
        found = str_eq(item.grantee, wanted.grantee) && str_eq(item.grantor, wanted.grantor) &&
                (wanted.privileges & ~item.privileges) == 0 && (wanted.grantable & ~item.grantable) == 0;
    }
    return fn_return_bool(out, found);
}

BODY(aclitem_equal)
{
    return fn_return_bool(out, str_eq(args[0].s, args[1].s));
}

static const struct fn_row rows[] = {
#include "sql/functions/privilege.def"
};
const struct fn_family fn_family_privilege = {"SYSTEM INFO", rows, ARRAY_LEN(rows)};
