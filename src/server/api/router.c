// From a request to its handler: which route, who asks, whether they may, and errors as responses.
#include "crypto/crypto.h"
#include "server/api/api_int.h"

enum {
    BODY_BYTES_SIGNED_OUT = 8 * 1024, // sign-in and set-up
    BODY_BYTES_SIGNED_IN = 16 * 1024 * 1024,
};

static const struct route routes[] = {
#define ROUTE(method, path, auth, name) {HTTP_METHOD_##method, path, AUTH_##auth, api_##name},
#include "server/api/routes.def"
#undef ROUTE
};

// ---- matching

static struct str next_part(struct str *rest)
{
    ptrdiff_t slash = str_find(*rest, STR("/"), 1);
    size_t len = slash < 0 ? rest->len : (size_t)slash;
    struct str part = str_slice(*rest, 1, len);
    *rest = str_slice(*rest, len, rest->len);
    return part;
}

// Parts are decoded after the path is cut up, so that an encoded slash stays in its part.
static bool matches(struct str pattern, struct str path, struct arena *a, struct str *parameters)
{
    size_t n = 0;
    while (pattern.len > 0 && path.len > 0) {
        struct str want = next_part(&pattern), got = next_part(&path);
        if (want.len > 0 && want.ptr[0] == '{') {
            if (!http_decode(a, got, false, &parameters[n]) || parameters[n].len == 0)
                return false;
            n++;
        } else if (!str_eq(want, got)) {
            return false;
        }
    }
    return pattern.len == 0 && path.len == 0;
}

static struct str without_slash_at_end(struct str path)
{
    return path.len > 1 && path.ptr[path.len - 1] == '/' ? str_slice(path, 0, path.len - 1) : path;
}

// The route, or NULL with `known` set when the path has others methods.
static const struct route *find_route(const struct http_request *q, struct str *parameters, bool *known)
{
    struct str path = without_slash_at_end(q->path);
    *known = false;
    for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
        if (!matches(str_of(routes[i].path), path, q->arena, parameters))
            continue;
        *known = true;
        if (routes[i].method == q->method)
            return &routes[i];
    }
    return NULL;
}

static bool is_of_api(struct str path)
{
    return str_has_prefix(path, STR("/api/"));
}

// ---- errors

static int status_of(int code)
{
    static const struct {
        int code, status;
    } table[] = {
        {ERR_FEATURE_NOT_SUPPORTED, 501},  {ERR_UNDEFINED_OBJECT, 404},
        {ERR_UNDEFINED_TABLE, 404},        {ERR_INVALID_CATALOG_NAME, 404},
        {ERR_DUPLICATE_OBJECT, 409},       {ERR_OBJECT_NOT_IN_PREREQUISITE_STATE, 409},
        {ERR_INSUFFICIENT_PRIVILEGE, 403}, {ERR_ADMIN_SHUTDOWN, 503},
        {ERR_TOO_MANY_CONNECTIONS, 503},   {ERR_OUT_OF_MEMORY, 503},
        {ERR_SERIALIZATION_FAILURE, 503},
    };
    char text[6];
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        if (table[i].code == code)
            return table[i].status;
    err_sqlstate(code, text);
    return memcmp(text, "XX", 2) == 0 || memcmp(text, "58", 2) == 0 ? 500 : 400;
}

static void respond_error(struct http_response *r, const struct err *err)
{
    struct jw w = {.out = &r->body};
    if (r->status == HTTP_OK)
        r->status = status_of(err->code);
    r->content_type = "application/json";
    buf_clear(&r->body);
    jw_object(&w);
    jw_key(&w, "error");
    jw_err(&w, err);
    jw_end(&w);
}

int call_fail(struct api_call *call, int status, int code, struct err *err)
{
    call->response->status = status;
    return code;
}

static int refuse(struct http_response *r, int status, int code, const char *message)
{
    struct err err = ERR_INIT;
    err_set(&err, code, "%s", message);
    r->status = status;
    respond_error(r, &err);
    err_reset(&err);
    return status;
}

// ---- who asks

static bool token_of(const struct http_request *q, struct str *token)
{
    struct str value;
    if (http_header(q, "x-cockroach-api-session", token))
        return true;
    if (!http_header(q, "authorization", &value) || value.len < 7 || !str_ieqc(str_slice(value, 0, 7), "bearer "))
        return false;
    *token = str_trim(str_slice(value, 7, value.len));
    return true;
}

static int add_sight(struct api *api, const struct http_request *q, struct identity *out, struct err *err)
{
    struct account account;
    if (out->admin)
        return 0;
    TRY(account_get(api, q->arena, out->name, &account, &out->known, err));
    out->clusters = account.clusters;
    return 0;
}

static int identify(struct api *api, const struct http_request *q, struct identity *out, struct err *err)
{
    struct str secret;
    struct account account;
    if (token_of(q, &secret)) {
        if (logins_find(api->logins, q->arena, secret, out))
            return add_sight(api, q, out, err);
        TRY(token_find(api, q->arena, secret, &account, &out->known, err));
        out->name = account.name;
        out->admin = account.admin;
        out->clusters = account.clusters;
    } else if (http_cookie(q, "session", &secret) && logins_find(api->logins, q->arena, secret, out)) {
        out->by_cookie = true;
        return add_sight(api, q, out, err);
    }
    return 0;
}

static bool csrf_fits(const struct http_request *q, const struct identity *who)
{
    struct str given;
    if (!who->by_cookie || q->method == HTTP_METHOD_GET)
        return true;
    return http_header(q, "x-csrf-token", &given) && given.len == who->csrf.len &&
           equal_constant_time(given.ptr, who->csrf.ptr, given.len);
}

static int authorize(struct api *api, const struct http_request *q, struct admission *m, struct http_response *r)
{
    struct err err = ERR_INIT;
    if (m->route->auth == AUTH_NONE)
        return 0;
    if (identify(api, q, &m->identity, &err) != 0) {
        respond_error(r, &err);
        err_reset(&err);
        return r->status;
    }
    if (m->route->auth == AUTH_OPTIONAL)
        return 0;
    if (!m->identity.known) {
        http_add_header(r, "WWW-Authenticate", "Bearer realm=\"palmetto\"");
        return refuse(r, 401, ERR_INVALID_AUTHORIZATION_SPECIFICATION, "not signed in");
    }
    if (!csrf_fits(q, &m->identity))
        return refuse(r, 403, ERR_INVALID_AUTHORIZATION_SPECIFICATION, "the header X-CSRF-Token is missing or wrong");
    if (m->route->auth == AUTH_ADMIN && !m->identity.admin)
        return refuse(r, 403, ERR_INSUFFICIENT_PRIVILEGE, "only administrators may do this");
    return 0;
}

static bool takes_form(const struct route *route)
{
    return route->run == api_login;
}

static int check_content_type(const struct http_request *q, const struct route *route, struct http_response *r)
{
    if (q->body_len == 0 || http_content_type_is(q, "application/json") ||
        (takes_form(route) && http_content_type_is(q, "application/x-www-form-urlencoded")))
        return 0;
    return refuse(r, 415, ERR_PROTOCOL_VIOLATION, "a body needs Content-Type: application/json");
}

static int refuse_unknown(const struct http_request *q, bool known, struct http_response *r)
{
    if (known)
        return refuse(r, 405, ERR_PROTOCOL_VIOLATION, "this path has no such method");
    return refuse(r, 404, ERR_UNDEFINED_OBJECT, "there is nothing at this path");
}

static int admit(void *arg, struct http_request *q, size_t *body_max, struct http_response *r)
{
    struct api *api = arg;
    struct admission *m = arena_zalloc(q->arena, sizeof(*m));
    bool known;
    q->admission = m;
    m->route = find_route(q, m->parameters, &known);
    *body_max = 0;
    if (m->route == NULL && !known && !is_of_api(q->path))
        return q->method == HTTP_METHOD_GET ? 0 : refuse_unknown(q, true, r);
    if (m->route == NULL)
        return refuse_unknown(q, known, r);
    int refused = authorize(api, q, m, r);
    *body_max = m->identity.known ? BODY_BYTES_SIGNED_IN : BODY_BYTES_SIGNED_OUT;
    return refused != 0 ? refused : check_content_type(q, m->route, r);
}

// ---- running

static int read_body(struct api_call *call, struct err *err)
{
    const struct http_request *q = call->request;
    bool is_json = q->body.len > 0 && http_content_type_is(q, "application/json");
    if (is_json && !utf8_valid(q->body))
        return err_set(err, ERR_CHARACTER_NOT_IN_REPERTOIRE, "the body is not UTF-8");
    TRY(json_parse(call->arena, is_json ? q->body : STR("{}"), &call->body, err));
    if (json_kind(call->body) != JSON_OBJECT)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "the body must be a JSON object");
    return 0;
}

static void handle(void *arg, struct http_request *q, struct http_response *r)
{
    const struct admission *m = q->admission;
    struct err err = ERR_INIT;
    if (m->route == NULL) {
        if (!http_static(q, r))
            http_plain(r, 404);
        return;
    }
    struct api_call call = {.api = arg, .request = q, .response = r, .admission = m, .arena = q->arena};
    call.json.out = &r->body;
    r->content_type = "application/json";
    int rc = read_body(&call, &err);
    if (rc == 0 && str_has_prefix(str_of(m->route->path), STR("/api/v2/clusters/{cluster}")))
        rc = call_check_sight(&call, call_parameter(&call, 0), &err);
    if (rc == 0)
        rc = m->route->run(&call, &err);
    if (rc != 0)
        respond_error(r, &err);
    err_reset(&err);
}

void api_serve(struct api *api, struct http *http)
{
    http->admit = admit;
    http->handle = handle;
    http->arg = api;
}

bool call_query(const struct api_call *call, const char *name, struct str *value)
{
    return http_field(call->arena, call->request->query, name, value);
}

void call_no_content(struct api_call *call)
{
    call->response->status = 204;
    call->response->content_type = NULL;
}
