// CREATE, ALTER and DROP USER and ROLE.

#include "base/util.h"
#include "crypto/scram.h"
#include "sql/ddl/drop_int.h"
#include "sql/ddl/owned_int.h"
#include "sql/ddl/settings_int.h"

// ---- options

enum option_effect {
    OPTION_ADD,    // present in system.role_options
    OPTION_REMOVE, // absent
};
static const struct {
    const char *written;
    const char *stored;
    enum option_effect effect;
} role_options[] = {
    {"login", "NOLOGIN", OPTION_REMOVE},
    {"nologin", "NOLOGIN", OPTION_ADD},
    {"sqllogin", "NOSQLLOGIN", OPTION_REMOVE},
    {"nosqllogin", "NOSQLLOGIN", OPTION_ADD},
#define SIMPLE_OPTION(written, stored)      \
    {written, stored, OPTION_ADD},          \
    {                                       \
        "no" written, stored, OPTION_REMOVE \
    }
    SIMPLE_OPTION("createdb", "CREATEDB"),
    SIMPLE_OPTION("createrole", "CREATEROLE"),
    SIMPLE_OPTION("createlogin", "CREATELOGIN"),
    SIMPLE_OPTION("controljob", "CONTROLJOB"),
    SIMPLE_OPTION("controlchangefeed", "CONTROLCHANGEFEED"),
    SIMPLE_OPTION("cancelquery", "CANCELQUERY"),
    SIMPLE_OPTION("viewactivity", "VIEWACTIVITY"),
    SIMPLE_OPTION("viewactivityredacted", "VIEWACTIVITYREDACTED"),
    SIMPLE_OPTION("viewclustersetting", "VIEWCLUSTERSETTING"),
    SIMPLE_OPTION("modifyclustersetting", "MODIFYCLUSTERSETTING"),
    SIMPLE_OPTION("replication", "REPLICATION"),
    SIMPLE_OPTION("bypassrls", "BYPASSRLS"),
#undef SIMPLE_OPTION
};

struct role_edit {
    struct cat_role role;
    ARENA_VEC(struct str) options;
};

static void remove_option(struct role_edit *e, struct str stored)
{
    size_t kept = 0;
    for (size_t i = 0; i < e->options.len; i++) {
        struct str o = e->options.ptr[i];
        bool is_it = str_has_prefix(o, stored) && (o.len == stored.len || o.ptr[stored.len] == '=');
        if (!is_it)
            e->options.ptr[kept++] = o;
    }
    e->options.len = kept;
}

static int int_setting(struct ddl_context *dc, const char *name, int64_t otherwise, int64_t *out, struct err *err)
{
    struct str text;
    TRY(cat_setting_get(dc->view, str_of(name), &text, err));
    if (text.ptr == NULL || !str_to_i64(text, out))
        *out = otherwise;
    return 0;
}

static int check_length(struct ddl_context *dc, struct str password, struct err *err)
{
    int64_t min;
    TRY(int_setting(dc, "server.user_login.min_password_length", 1, &min, err));
    if (min <= (int64_t)utf8_length(password))
        return 0;
    err_set(err, ERR_INVALID_PASSWORD, "password too short");
    return err_hint(err, "Passwords must be %lld characters or longer.", (long long)min);
}

static int takes_verifiers(struct ddl_context *dc, bool *out, struct err *err)
{
    struct str text;
    TRY(cat_setting_get(dc->view, STR("server.user_login.store_client_pre_hashed_passwords.enabled"), &text, err));
    *out = text.ptr == NULL || str_eqc(text, "true");
    return 0;
}

static int set_password(struct ddl_context *dc, struct role_edit *e, const struct ast *value, struct err *err)
{
    if (dc->insecure)
        return err_set(err, ERR_INVALID_PASSWORD, "setting or updating a password is not supported in insecure mode");
    if (!ast_is(value, AST_STRING)) { // PASSWORD NULL
        e->role.verifier = STR_EMPTY;
        return 0;
    }
    struct str password = ast_as_string(value)->value;
    if (password.len == 0)
        return err_set(err, ERR_INVALID_PASSWORD, "empty passwords are not permitted");
    struct scram_verifier v;
    bool verifiers;
    int64_t cost;
    TRY(takes_verifiers(dc, &verifiers, err));
    TRY(int_setting(dc, "server.user_login.password_hashes.default_cost.scram_sha_256", SCRAM_ITERATIONS_DEFAULT, &cost,
                    err));
    if (verifiers && scram_verifier_parse(&v, password)) { // made elsewhere
        e->role.verifier = password;
        return 0;
    }
    struct buf b = BUF_INIT;
    TRY(check_length(dc, password, err));
    scram_verifier_build(&v, password, (int)cost);
    scram_verifier_print(&v, &b);
    e->role.verifier = arena_str(dc->arena, buf_view(&b));
    buf_release(&b);
    return 0;
}

static int set_valid_until(struct ddl_context *dc, struct role_edit *e, const struct ast *value, struct err *err)
{
    struct datum d;
    remove_option(e, STR("VALID UNTIL"));
    if (!ast_is(value, AST_STRING))
        return 0;
    const struct value_context vc = {.txn_now_micros = clock_wall_ns() / 1000};
    TRY(datum_parse(dc->arena, T_TIMESTAMPTZ, ast_as_string(value)->value, &vc, &d, err));
    struct buf b = BUF_INIT;
    buf_cstr(&b, "VALID UNTIL=");
    datum_print(&b, T_TIMESTAMPTZ, d, &vc);
    ARENA_PUSH(dc->arena, &e->options, arena_str(dc->arena, buf_view(&b)));
    buf_release(&b);
    return 0;
}

static int set_connection_limit(struct ddl_context *dc, struct role_edit *e, const struct ast *value, struct err *err)
{
    int64_t limit = ast_as_number(value)->value;
    remove_option(e, STR(CAT_OPTION_CONNECTION_LIMIT));
    if (limit < -1 || limit > INT32_MAX)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "invalid connection limit: %lld", (long long)limit);
    if (limit >= 0) {
        struct str option = arena_printf(dc->arena, CAT_OPTION_CONNECTION_LIMIT "=%lld", (long long)limit);
        ARENA_PUSH(dc->arena, &e->options, option);
    }
    return 0;
}

static int apply_option(struct ddl_context *dc, struct role_edit *e, const struct ast_option *o, struct err *err)
{
    if (str_eqc(o->name, "password") || str_eqc(o->name, "encrypted password"))
        return set_password(dc, e, o->value, err);
    if (str_eqc(o->name, "valid until"))
        return set_valid_until(dc, e, o->value, err);
    if (str_eqc(o->name, "connection limit"))
        return set_connection_limit(dc, e, o->value, err);
    for (size_t i = 0; i < ARRAY_LEN(role_options); i++) {
        if (!str_eqc(o->name, role_options[i].written))
            continue;
        remove_option(e, str_of(role_options[i].stored));
        if (role_options[i].effect == OPTION_ADD)
            ARENA_PUSH(dc->arena, &e->options, str_of(role_options[i].stored));
        return 0;
    }
    return ddl_unimplemented(err, "role option %.*s", STR_FMT(o->name));
}

// An option given twice, or together with its opposite.
static int check_options(const struct ast_list *options, struct err *err)
{
    for (size_t i = 0; i < options->n; i++)
        for (size_t k = 0; k < i; k++) {
            struct str a = ast_as_option(options->items[i])->name, b = ast_as_option(options->items[k])->name;
            if (str_eq(a, b))
                return err_set(err, ERR_SYNTAX_ERROR, "redundant role options");
            struct str longer = a.len > b.len ? a : b, shorter = a.len > b.len ? b : a;
            if (str_has_prefix(longer, STR("no")) && str_eq(str_slice(longer, 2, longer.len), shorter))
                return err_set(err, ERR_SYNTAX_ERROR, "conflicting role options");
        }
    return 0;
}

static int save_role(struct ddl_context *dc, struct role_edit *e, const struct ast_list *options, struct err *err)
{
    TRY(check_options(options, err));
    for (size_t i = 0; i < options->n; i++)
        TRY(apply_option(dc, e, ast_as_option(options->items[i]), err));
    e->role.options = e->options.ptr;
    e->role.n_options = e->options.len;
    return cat_put_role(dc->view, &e->role, err);
}

// ---- who may

static int need_create_role(struct ddl_context *dc, struct err *err)
{
    return cat_check_role_option(dc->view, dc->scope.user, CAT_SYSTEM_CREATEROLE, err);
}

static bool has_option(const struct ast_list *options, const char *name)
{
    for (size_t i = 0; i < options->n; i++)
        if (str_eqc(ast_as_option(options->items[i])->name, name))
            return true;
    return false;
}

// What makes a login, or ends one, takes CREATELOGIN too. A new user can log in unless told otherwise.
static int need_create_login(struct ddl_context *dc, const struct ast_list *options, bool new_user, bool new_role,
                             struct err *err)
{
    static const char *const names[] = {"password", "encrypted password", "valid until",
                                        "login",    "createlogin",        "nocreatelogin"};
    bool needed = new_user ? !has_option(options, "nologin") : !new_role && has_option(options, "nologin");
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        needed |= has_option(options, names[i]);
    return needed ? cat_check_role_option(dc->view, dc->scope.user, CAT_SYSTEM_CREATELOGIN, err) : 0;
}

// An admin's account is touched by admins only.
static int need_admin_for_admin(struct ddl_context *dc, struct str target, const char *action, struct err *err)
{
    bool target_admin, admin;
    TRY(cat_is_admin(dc->view, target, &target_admin, err));
    TRY(cat_is_admin(dc->view, dc->scope.user, &admin, err));
    if (!target_admin || admin)
        return 0;
    return err_set(err, ERR_INSUFFICIENT_PRIVILEGE, "must be superuser to %s superusers", action);
}

// ---- CREATE

int ddl_check_role_name(struct str name, struct err *err)
{
    static const char *const reserved[] = {"public", "none", "node", "current_user", "session_user"};
    bool bad = str_has_prefix(name, STR("pg_")) || str_has_prefix(name, STR("crdb_internal_"));
    for (size_t i = 0; i < ARRAY_LEN(reserved); i++)
        bad |= str_eqc(name, reserved[i]);
    if (bad)
        return err_set(err, ERR_RESERVED_NAME, "role name \"%.*s\" is reserved", STR_FMT(name));
    for (size_t i = 0; i < name.len; i++)
        if (name.ptr[i] == ' ' || name.ptr[i] == '"' || name.ptr[i] == '/')
            return err_set(err, ERR_INVALID_NAME, "username is invalid");
    return name.len > 0 && name.len <= 63 ? 0 : err_set(err, ERR_INVALID_NAME, "username is invalid");
}

int ddl_create_role(struct ddl_context *dc, const struct ast *statement, struct ddl_result *out, struct err *err)
{
    const struct ast_create_role *s = ast_as_create_role(statement);
    const struct cat_role *existing;
    struct role_edit e = {.role = {.name = s->name, .is_role = !s->user}};
    TRY(need_create_role(dc, err));
    TRY(need_create_login(dc, &s->options, s->user, !s->user, err));
    TRY(ddl_check_role_name(s->name, err));
    TRY(cat_role_by_name(dc->view, s->name, &existing, err));
    if (existing != NULL) {
        out->changed_schema = false;
        if (!s->if_not_exists)
            return err_set(err, ERR_DUPLICATE_OBJECT, "a role/user named %.*s already exists", STR_FMT(s->name));
        ddl_notice(dc, ERR_DUPLICATE_OBJECT, "role/user \"%.*s\" already exists, skipping", STR_FMT(s->name));
        return 0;
    }
    if (!s->user)
        ARENA_PUSH(dc->arena, &e.options, STR("NOLOGIN"));
    TRY(cat_new_role_id(dc->view, &e.role.id, err));
    return save_role(dc, &e, &s->options, err);
}

// ---- ALTER

// By sql.auth.change_own_password.enabled, as CockroachDB: off unless it is set.
static int may_change_own_password(struct ddl_context *dc, const struct ast_alter_role *s, bool *out, struct err *err)
{
    struct str text;
    *out = str_eq(s->name, dc->scope.user) && s->options.n == 1 &&
           str_eqc(ast_as_option(s->options.items[0])->name, "password");
    TRY(cat_setting_get(dc->view, STR("sql.auth.change_own_password.enabled"), &text, err));
    *out = *out && text.ptr != NULL && str_eqc(text, "true");
    return 0;
}

static int alter_options(struct ddl_context *dc, const struct ast_alter_role *s, const struct cat_role *r,
                         struct err *err)
{
    struct role_edit e = {.role = *r};
    bool own_password;
    TRY(may_change_own_password(dc, s, &own_password, err));
    if (str_eqc(s->name, "admin"))
        return err_set(err, ERR_INSUFFICIENT_PRIVILEGE, "cannot edit admin role");
    if (!own_password) {
        TRY(need_create_role(dc, err));
        TRY(need_create_login(dc, &s->options, false, false, err));
        TRY(need_admin_for_admin(dc, s->name, "alter", err));
    }
    for (size_t i = 0; i < r->n_options; i++)
        ARENA_PUSH(dc->arena, &e.options, r->options[i]);
    return save_role(dc, &e, &s->options, err);
}

static int alter_settings(struct ddl_context *dc, const struct ast_alter_role *s, struct err *err)
{
    const struct cat_database *d = NULL;
    if (s->database.ptr != NULL)
        TRY(ddl_find_database(dc, s->database, false, &d, err));
    if (str_eqc(s->name, "admin"))
        return err_set(err, ERR_INSUFFICIENT_PRIVILEGE, "cannot edit admin role");
    if (s->name.ptr == NULL)
        TRY(ddl_need_admin(dc, "ALTER ROLE ALL", err));
    else if (!str_eq(s->name, dc->scope.user))
        TRY(need_create_role(dc, err));
    return settings_edit(dc, d != NULL ? d->id : CAT_ID_NONE, s->name.ptr != NULL ? s->name : STR_EMPTY, s->set, err);
}

int ddl_alter_role(struct ddl_context *dc, const struct ast *statement, struct ddl_result *out, struct err *err)
{
    const struct ast_alter_role *s = ast_as_alter_role(statement);
    const struct cat_role *r = NULL;
    if (s->name.ptr != NULL) {
        TRY(cat_role_by_name(dc->view, s->name, &r, err));
        out->changed_schema = r != NULL;
        if (r == NULL && s->if_exists)
            return 0;
        TRY(ddl_need_role(dc, s->name, &r, err));
    }
    if (s->set != NULL || s->reset != NULL)
        return alter_settings(dc, s, err);
    if (r == NULL)
        return err_set(err, ERR_SYNTAX_ERROR, "ALTER ROLE ALL takes SET or RESET only");
    return alter_options(dc, s, r, err);
}

// ---- DROP

static int check_special(struct str name, struct err *err)
{
    if (str_eqc(name, "admin") || str_eqc(name, "public"))
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "cannot drop special role %.*s", STR_FMT(name));
    if (str_eqc(name, "root") || str_eqc(name, "node"))
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "cannot drop special user %.*s", STR_FMT(name));
    return 0;
}

int drop_roles(struct ddl_context *dc, const struct ast_drop *s, struct ddl_result *out, struct err *err)
{
    TRY(need_create_role(dc, err));
    out->changed_schema = false;
    for (size_t i = 0; i < s->names.n; i++) {
        struct ddl_parts p = ddl_parts_of(s->names.items[i]);
        struct str name = p.parts[p.n - 1];
        const struct cat_role *r;
        TRY(check_special(name, err));
        TRY(cat_role_by_name(dc->view, name, &r, err));
        if (r == NULL && s->if_exists)
            continue;
        TRY(ddl_need_role(dc, name, &r, err));
        TRY(need_admin_for_admin(dc, name, "drop", err));
        TRY(owned_check_nothing(dc, name, err));
        TRY(cat_role_settings_put(dc->view, 0, name, NULL, 0, err));
        TRY(cat_remove_role(dc->view, name, err));
        out->changed_schema = true;
    }
    return 0;
}
