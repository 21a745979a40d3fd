// SQL users, roles and privileges of a cluster.
#include "server/api/api_int.h"

static const char users_query[] =
    "SELECT r.rolname AS name, "
    "coalesce((SELECT jsonb_agg(g.rolname ORDER BY g.rolname) FROM pg_catalog.pg_auth_members m "
    "JOIN pg_catalog.pg_roles g ON g.oid = m.roleid WHERE m.member = r.oid), '[]')::STRING AS \"roles:j\", "
    "r.rolcanlogin AS \"login:b\", r.rolsuper AS \"admin:b\", r.rolvaliduntil::STRING AS \"valid_until:t\", "
    "array_to_json(array_remove(ARRAY[CASE WHEN r.rolcreatedb THEN 'CREATEDB' END, "
    "CASE WHEN r.rolcreaterole THEN 'CREATEROLE' END], NULL))::STRING AS \"options:j\" "
    "FROM pg_catalog.pg_roles r ORDER BY r.rolname";

int api_users(struct api_call *call, struct err *err)
{
    return api_sql_answer(call, "users", users_query, NULL, 0, err);
}

// ---- changes: statements with names and values quoted

static int run_as_root(struct api_call *call, struct buf *text, struct err *err)
{
    struct api_sql sql;
    int rc = api_sql_open(call, &(struct api_sql_options){0}, &sql, err);
    if (rc == 0) {
        rc = api_sql_run(&sql, buf_view(text), err);
        api_sql_close(&sql);
    }
    buf_release(text);
    return rc;
}

static void put_password(struct api_call *call, struct buf *text, struct str password)
{
    if (call->api->options.certs_dir == NULL)
        return; // an insecure server has none
    buf_cstr(text, " PASSWORD ");
    quote_text(text, password);
}

static void answer_password(struct api_call *call, struct str name, struct str password)
{
    call_write_password(call, name, call->api->options.certs_dir != NULL ? password : STR_EMPTY);
}

int api_users_create(struct api_call *call, struct err *err)
{
    struct str name, until, password = call_password(call);
    struct buf text = BUF_INIT;
    TRY(body_need_str(call->body, "name", &name, err));
    buf_cstr(&text, "CREATE USER ");
    quote_name(&text, name);
    buf_cstr(&text, " WITH LOGIN");
    put_password(call, &text, password);
    if (body_str(call->body, "valid_until", &until)) {
        buf_cstr(&text, " VALID UNTIL ");
        quote_text(&text, until);
    }
    if (body_bool(call->body, "admin")) {
        buf_cstr(&text, "; GRANT admin TO ");
        quote_name(&text, name);
    }
    TRY(run_as_root(call, &text, err));
    answer_password(call, name, password);
    return 0;
}

int api_users_delete(struct api_call *call, struct err *err)
{
    struct buf text = BUF_INIT;
    buf_cstr(&text, "DROP USER ");
    quote_name(&text, call_parameter(call, 1));
    TRY(run_as_root(call, &text, err));
    call_no_content(call);
    return 0;
}

int api_users_password(struct api_call *call, struct err *err)
{
    struct str name = call_parameter(call, 1), password = call_password(call);
    struct buf text = BUF_INIT;
    buf_cstr(&text, "ALTER USER ");
    quote_name(&text, name);
    buf_cstr(&text, " WITH PASSWORD ");
    quote_text(&text, password);
    TRY(run_as_root(call, &text, err));
    answer_password(call, name, password);
    return 0;
}

// Letters, digits and _ of the account's name.
static struct str user_name_of(struct api_call *call)
{
    struct str account = call->admission->identity.name;
    struct buf name = BUF_INIT;
    for (size_t i = 0; i < account.len && account.ptr[i] != '@'; i++) {
        char c = account.ptr[i];
        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        bool good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        buf_putc(&name, good ? c : '_');
    }
    struct str copy = arena_str(call->arena, buf_view(&name));
    buf_release(&name);
    return copy;
}

static int is_free(struct api_sql *sql, struct str name, bool *is, struct err *err)
{
    struct api_rows rows;
    TRY(api_sql_query(sql, "SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = $1::STRING", &name, 1, &rows, err));
    *is = rows.n == 0;
    return 0;
}

int api_users_suggest(struct api_call *call, struct err *err)
{
    struct api_sql sql;
    struct str base = user_name_of(call), name = base;
    bool free = false;
    int rc = 0;
    TRY(api_sql_open(call, &(struct api_sql_options){0}, &sql, err));
    for (int i = 2; rc == 0 && !free; i++) {
        rc = is_free(&sql, name, &free, err);
        if (!free)
            name = arena_printf(call->arena, "%.*s%d", STR_FMT(base), i);
    }
    api_sql_close(&sql);
    TRY(rc);
    jw_object(&call->json);
    jw_key(&call->json, "name");
    jw_str(&call->json, name);
    jw_end(&call->json);
    return 0;
}

// ---- privileges

static const char grants_query[] =
    "SELECT database_name AS database, schema_name AS schema, object_name AS object, object_type, grantee, "
    "privilege_type AS privilege, is_grantable AS \"grantable:b\" FROM [SHOW GRANTS] "
    "WHERE $1::STRING = '' OR grantee = $1::STRING ORDER BY 1, 2, 3, 5, 6";

// The grants of one database, without the array around them.
static int put_grants(struct api_call *call, struct str database, struct str grantee, struct err *err)
{
    struct api_sql sql;
    TRY(api_sql_open(call, &(struct api_sql_options){.database = database}, &sql, err));
    int rc = api_sql_objects(&sql, grants_query, &grantee, 1, err);
    api_sql_close(&sql);
    return rc;
}

static int list_databases(struct api_call *call, struct api_rows *out, struct err *err)
{
    struct api_sql sql;
    TRY(api_sql_open(call, &(struct api_sql_options){0}, &sql, err));
    int rc = api_sql_query(&sql, "SELECT name FROM crdb_internal.databases ORDER BY name", NULL, 0, out, err);
    api_sql_close(&sql);
    return rc;
}

int api_grants(struct api_call *call, struct err *err)
{
    struct api_rows databases;
    struct str grantee = STR_EMPTY;
    call_query(call, "grantee", &grantee);
    TRY(list_databases(call, &databases, err));
    jw_object(&call->json);
    jw_key(&call->json, "grants");
    jw_array(&call->json);
    for (size_t i = 0; i < databases.n; i++)
        TRY(put_grants(call, api_cell(&databases, i, 0), grantee, err));
    jw_end(&call->json);
    jw_end(&call->json);
    return 0;
}
