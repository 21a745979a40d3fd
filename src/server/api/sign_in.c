// Setting up, signing in and out, accounts and tokens.
#include "base/version.h"
#include "crypto/crypto.h"
#include "server/api/api_int.h"

// ---- the answer to a login

static void write_user(struct jw *w, const struct identity *who)
{
    jw_key(w, "user");
    jw_object(w);
    jw_key(w, "name");
    jw_str(w, who->name);
    jw_key(w, "admin");
    jw_bool(w, who->admin);
    jw_end(w);
}

static void set_cookie(struct api_call *call, struct str secret, bool ends)
{
    http_add_header(call->response, "Set-Cookie", "session=%.*s; Path=/; HttpOnly; SameSite=Strict%s%s",
                    STR_FMT(secret), call->request->tls ? "; Secure" : "", ends ? "; Max-Age=0" : "");
}

static void begin_session(struct api_call *call, const struct account *account)
{
    struct identity who;
    struct jw *w = &call->json;
    logins_begin(call->api->logins, call->arena, account, &who);
    log_info("console: %.*s signed in from %.*s", STR_FMT(who.name), STR_FMT(call->request->peer));
    set_cookie(call, who.secret, false);
    jw_object(w);
    jw_key(w, "session");
    jw_str(w, who.secret);
    jw_key(w, "csrf_token");
    jw_str(w, who.csrf);
    jw_key(w, "expires_at");
    jw_time(w, who.expires_micros);
    write_user(w, &who);
    jw_end(w);
}

static void write_version(struct api_call *call)
{
    jw_key(&call->json, "version");
    jw_str(&call->json, STR(VERSION_OWN));
    jw_key(&call->json, "insecure");
    jw_bool(&call->json, call->api->options.certs_dir == NULL);
}

// ---- the first administrator

int api_setup_state(struct api_call *call, struct err *err)
{
    struct jw *w = &call->json;
    jw_object(w);
    jw_key(w, "needed");
    jw_bool(w, api_setup_needed(call->api));
    write_version(call);
    jw_end(w);
    return 0;
}

static bool take_setup_token(struct api *api, struct str token)
{
    pthread_mutex_lock(&api->setup_lock);
    struct str want = str_of(api->setup_token);
    bool fits = want.len > 0 && token.len == want.len && equal_constant_time(token.ptr, want.ptr, want.len);
    pthread_mutex_unlock(&api->setup_lock);
    return fits;
}

int api_setup(struct api_call *call, struct err *err)
{
    struct str token, name, password;
    TRY(body_need_str(call->body, "token", &token, err));
    TRY(body_need_str(call->body, "name", &name, err));
    TRY(body_need_str(call->body, "password", &password, err));
    if (!api_setup_needed(call->api))
        return err_set(err, ERR_OBJECT_NOT_IN_PREREQUISITE_STATE, "there is an administrator already");
    if (logins_try(call->api->logins, STR(" setup"), call->request->peer) > 0)
        return call_fail(call, 429,
                         err_set(err, ERR_INVALID_AUTHORIZATION_SPECIFICATION, "too many attempts, try again later"),
                         err);
    if (!take_setup_token(call->api, token))
        return call_fail(
            call, 403, err_set(err, ERR_INVALID_AUTHORIZATION_SPECIFICATION, "the link is not valid (any more)"), err);
    logins_succeeded(call->api->logins, STR(" setup"), call->request->peer);
    TRY(account_create(call->api, &(struct account){.name = name, .admin = true}, password, true, err));
    api_forget_setup(call->api);
    begin_session(call, &(struct account){.name = name, .admin = true});
    return 0;
}

// ---- in and out

static int read_credentials(struct api_call *call, struct str *name, struct str *password, struct err *err)
{
    const struct http_request *q = call->request;
    if (http_content_type_is(q, "application/x-www-form-urlencoded")) {
        if (http_field(call->arena, q->body, "username", name) &&
            http_field(call->arena, q->body, "password", password))
            return 0;
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "the form needs username and password");
    }
    TRY(body_need_str(call->body, "username", name, err));
    return body_need_str(call->body, "password", password, err);
}

static int too_many(struct api_call *call, int64_t wait_s, struct err *err)
{
    http_add_header(call->response, "Retry-After", "%lld", (long long)wait_s);
    err_set(err, ERR_INVALID_AUTHORIZATION_SPECIFICATION, "too many failed logins");
    return call_fail(call, 429, err_hint(err, "Try again in %lld seconds.", (long long)wait_s), err);
}

int api_login(struct api_call *call, struct err *err)
{
    struct api *api = call->api;
    struct str name = STR_EMPTY, password = STR_EMPTY;
    struct account account;
    bool found;
    TRY(read_credentials(call, &name, &password, err));
    int64_t wait_s = logins_try(api->logins, name, call->request->peer);
    if (wait_s > 0)
        return too_many(call, wait_s, err);
    TRY(account_get(api, call->arena, name, &account, &found, err));
    if (!account_check_password(api, &account, found, password)) {
        // The name is not shown: it may be anything, also a password in the wrong field.
        log_info("console: failed login from %.*s", STR_FMT(call->request->peer));
        return call_fail(call, 401, err_set(err, ERR_INVALID_PASSWORD, "wrong name or password"), err);
    }
    logins_succeeded(api->logins, name, call->request->peer);
    begin_session(call, &account);
    return 0;
}

int api_logout(struct api_call *call, struct err *err)
{
    const struct identity *who = &call->admission->identity;
    if (who->secret.len > 0)
        logins_end(call->api->logins, who->secret);
    set_cookie(call, STR_EMPTY, true);
    call_no_content(call);
    return 0;
}

int api_me(struct api_call *call, struct err *err)
{
    const struct identity *who = &call->admission->identity;
    struct jw *w = &call->json;
    jw_object(w);
    write_user(w, who);
    jw_key(w, "csrf_token");
    jw_str(w, who->csrf);
    jw_key(w, "expires_at");
    jw_time(w, who->expires_micros);
    write_version(call);
    jw_end(w);
    return 0;
}

// ---- accounts

static int write_account(struct api_call *call, const struct account *account, struct err *err)
{
    struct api_token *tokens;
    struct jw *w = &call->json;
    size_t n;
    TRY(token_list(call->api, call->arena, account->name, &tokens, &n, err));
    jw_object(w);
    jw_key(w, "name");
    jw_str(w, account->name);
    jw_key(w, "admin");
    jw_bool(w, account->admin);
    jw_key(w, "created_at");
    jw_time(w, account->created_micros);
    TRY(write_sight(call, account->clusters, err));
    jw_key(w, "sessions");
    jw_i64(w, (int64_t)logins_count(call->api->logins, account->name));
    jw_key(w, "tokens");
    jw_i64(w, (int64_t)n);
    jw_end(w);
    return 0;
}

int api_accounts(struct api_call *call, struct err *err)
{
    struct account *list;
    struct jw *w = &call->json;
    size_t n;
    TRY(account_list(call->api, call->arena, &list, &n, err));
    jw_object(w);
    jw_key(w, "accounts");
    jw_array(w);
    for (size_t i = 0; i < n; i++)
        TRY(write_account(call, &list[i], err));
    jw_end(w);
    jw_end(w);
    return 0;
}

// The body's password, or a new one.
struct str call_password(struct api_call *call)
{
    enum { GENERATED_CHARACTERS = 20 };
    struct str password;
    if (body_str(call->body, "password", &password))
        return password;
    char text[GENERATED_CHARACTERS + 1];
    random_token(text, GENERATED_CHARACTERS);
    return arena_str(call->arena, str_of(text));
}

void call_write_password(struct api_call *call, struct str name, struct str password)
{
    struct jw *w = &call->json;
    jw_object(w);
    jw_key(w, "name");
    jw_str(w, name);
    jw_key(w, "password");
    jw_str(w, password);
    jw_end(w);
}

int api_accounts_create(struct api_call *call, struct err *err)
{
    struct str name, password = call_password(call);
    struct account account = {.admin = body_bool(call->body, "admin")};
    TRY(body_need_str(call->body, "name", &name, err));
    TRY(body_sight(call, &account.clusters, err));
    account.name = name;
    TRY(account_create(call->api, &account, password, false, err));
    log_info("console: %.*s made account %.*s", STR_FMT(call->admission->identity.name), STR_FMT(name));
    call_write_password(call, name, password);
    return 0;
}

int api_accounts_change(struct api_call *call, struct err *err)
{
    struct str clusters, given;
    if (!json_get_key(call->body, STR("clusters"), &given))
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "the body needs \"clusters\"");
    TRY(body_sight(call, &clusters, err));
    TRY(account_set_clusters(call->api, call_parameter(call, 0), clusters, err));
    call_no_content(call);
    return 0;
}

int api_accounts_delete(struct api_call *call, struct err *err)
{
    struct str name = call_parameter(call, 0);
    TRY(account_delete(call->api, name, err));
    logins_end_account(call->api->logins, name);
    log_info("console: %.*s deleted account %.*s", STR_FMT(call->admission->identity.name), STR_FMT(name));
    call_no_content(call);
    return 0;
}

// Others than administrators change their own, and prove that they know it.
static int check_own_password(struct api_call *call, struct str name, struct err *err)
{
    const struct identity *who = &call->admission->identity;
    struct str old;
    struct account account;
    bool found;
    if (!str_eq(name, who->name))
        return err_set(err, ERR_INSUFFICIENT_PRIVILEGE, "only administrators set the passwords of others");
    TRY(body_need_str(call->body, "old_password", &old, err));
    int64_t wait_s = logins_try(call->api->logins, name, call->request->peer);
    if (wait_s > 0)
        return too_many(call, wait_s, err);
    TRY(account_get(call->api, call->arena, name, &account, &found, err));
    if (!account_check_password(call->api, &account, found, old))
        return call_fail(call, 403, err_set(err, ERR_INVALID_PASSWORD, "the old password is wrong"), err);
    logins_succeeded(call->api->logins, name, call->request->peer);
    return 0;
}

int api_accounts_password(struct api_call *call, struct err *err)
{
    struct str name = call_parameter(call, 0), password = call_password(call);
    if (!call->admission->identity.admin)
        TRY(check_own_password(call, name, err));
    TRY(account_set_password(call->api, name, password, err));
    logins_end_account(call->api->logins, name);
    call_write_password(call, name, password);
    return 0;
}

// ---- tokens

int api_tokens(struct api_call *call, struct err *err)
{
    struct api_token *list;
    struct jw *w = &call->json;
    size_t n;
    TRY(token_list(call->api, call->arena, call->admission->identity.name, &list, &n, err));
    jw_object(w);
    jw_key(w, "tokens");
    jw_array(w);
    for (size_t i = 0; i < n; i++) {
        jw_object(w);
        jw_key(w, "id");
        jw_str(w, list[i].id);
        jw_key(w, "name");
        jw_str(w, list[i].name);
        jw_key(w, "created_at");
        jw_time(w, list[i].created_micros);
        jw_key(w, "expires_at");
        jw_time(w, list[i].expires_micros);
        jw_end(w);
    }
    jw_end(w);
    jw_end(w);
    return 0;
}

// "90d", "12h", "30m", "45s", "100ms".
bool api_duration_parse(struct str text, int64_t *ms)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
    size_t digits = 0;
    while (digits < text.len && text.ptr[digits] >= '0' && text.ptr[digits] <= '9')
        digits++;
    int64_t n;
    if (digits > 9 || !str_to_i64(str_slice(text, 0, digits), &n))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(units); i++)
        if (str_eqc(str_slice(text, digits, text.len), units[i].unit)) {
            *ms = n * units[i].ms;
            return true;
        }
    return false;
}

int api_tokens_create(struct api_call *call, struct err *err)
{
    struct api_token token = {.account = call->admission->identity.name, .created_micros = clock_wall_ns() / 1000};
    char id[13];
    struct str secret, lifetime;
    int64_t ms = 0;
    TRY(body_need_str(call->body, "name", &token.name, err));
    if (token.name.len == 0 || token.name.len > 100)
        return err_set(err, ERR_INVALID_NAME, "a token's name has 1 to 100 bytes");
    if (body_str(call->body, "expires_in", &lifetime) && (!api_duration_parse(lifetime, &ms) || ms == 0))
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "expires_in is not a duration such as 90d or 12h");
    if (ms > 0)
        token.expires_micros = token.created_micros + ms * 1000;
    random_token(id, sizeof(id) - 1);
    token.id = str_of(id);
    TRY(token_create(call->api, call->arena, &token, &secret, err));
    jw_object(&call->json);
    jw_key(&call->json, "id");
    jw_str(&call->json, token.id);
    jw_key(&call->json, "token");
    jw_str(&call->json, secret);
    jw_end(&call->json);
    return 0;
}

int api_tokens_delete(struct api_call *call, struct err *err)
{
    TRY(token_delete(call->api, call->admission->identity.name, call_parameter(call, 0), err));
    call_no_content(call);
    return 0;
}
