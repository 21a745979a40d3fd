#include "server/auth/auth.h"
#include "server/pgwire/protocol.h"
#include "sql/session/session.h"

enum { // AuthenticationRequest codes
    AUTH_CODE_CLEARTEXT = 3,
    AUTH_CODE_SASL = 10,
    AUTH_CODE_SASL_CONTINUE = 11,
    AUTH_CODE_SASL_FINAL = 12,
};

#define AUTH_LOG_SETTING "server.auth_log.sql_connections.enabled"
#define AUTH_COST_SETTING "server.user_login.password_hashes.default_cost.scram_sha_256"

// What decides while a login begins.
struct login {
    const struct auth_options *options;
    const struct hba_rule *rule;
    struct identity_maps maps;
    int iterations; // of new passwords, and so of those that do not exist
    bool named;     // by a configuration, not by the default rules
};

static const char scram_name[] = "SCRAM-SHA-256", scram_plus_name[] = "SCRAM-SHA-256-PLUS";

static void append_request(struct buf *out, uint32_t code, struct str data)
{
    buf_putc(out, 'R');
    buf_be32(out, (uint32_t)(8 + data.len));
    buf_be32(out, code);
    buf_str(out, data);
}

static int failed(const struct auth *auth, struct err *err)
{
    return err_set(err, ERR_INVALID_PASSWORD, "password authentication failed for user %s", auth->user);
}

static char *fold_user(struct str name)
{
    char *user = str_dup_c(name);
    for (char *p = user; *p != 0; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p + ('a' - 'A'));
    return user;
}

// After the proof.
static int check_account(const struct auth *auth, struct err *err)
{
    if (!auth->can_login)
        return err_set(err, ERR_INVALID_AUTHORIZATION_SPECIFICATION, "%s does not have login privilege", auth->user);
    return 0;
}

static int no_certificate(struct err *err)
{
    return err_set(err, ERR_INVALID_AUTHORIZATION_SPECIFICATION, "no TLS peer certificates, but required for auth");
}

static int check_certificate(struct auth *auth, const struct login *login, bool exists, struct err *err)
{
    struct str name = login->options->certificate_name;
    if (!login->options->has_certificate)
        return no_certificate(err);
    if (login->rule->map.len == 0 && !str_eqc(name, auth->user)) {
        err_set(err, ERR_INVALID_AUTHORIZATION_SPECIFICATION, "certificate authentication failed for user \"%s\"",
                auth->user);
        return err_detail(err, "The client certificate is for user \"%.*s\".", STR_FMT(name));
    }
    if (!exists)
        return failed(auth, err);
    return check_account(auth, err);
}

// A name ends with NUL, the list with another.
static void append_mechanisms(struct buf *out, bool binding)
{
    struct buf names = BUF_INIT;
    if (binding)
        buf_append(&names, scram_plus_name, sizeof(scram_plus_name));
    buf_append(&names, scram_name, sizeof(scram_name));
    buf_putc(&names, 0);
    append_request(out, AUTH_CODE_SASL, buf_view(&names));
    buf_release(&names);
}

static void begin_scram(struct auth *auth, const struct login *login, const struct sql_user *user, struct buf *out)
{
    struct scram_verifier verifier;
    const struct auth_options *options = login->options;
    bool usable = user->exists && scram_verifier_parse(&verifier, user->verifier);
    scram_exchange_init(&auth->exchange, usable ? &verifier : NULL, options->secret, str_of(auth->user),
                        login->iterations);
    auth->exchanging = true;
    buf_str(&auth->binding, options->channel_binding);
    auth->exchange.binding = buf_view(&auth->binding);
    auth->exchange.binding_offered = options->channel_binding.len > 0;
    append_mechanisms(out, auth->exchange.binding_offered);
}

// The verifier waits in the exchange, a mock one if need be: checking a password costs the same either way.
static void begin_cleartext(struct auth *auth, const struct login *login, const struct sql_user *user, struct buf *out)
{
    struct scram_verifier verifier;
    bool usable = user->exists && scram_verifier_parse(&verifier, user->verifier);
    scram_exchange_init(&auth->exchange, usable ? &verifier : NULL, login->options->secret, str_of(auth->user),
                        login->iterations);
    auth->cleartext = true;
    append_request(out, AUTH_CODE_CLEARTEXT, STR_EMPTY);
}

// ---- the rule

static int no_rule(const struct auth *auth, const struct login *login, struct err *err)
{
    struct str host = login->options->connection == HBA_LOCAL ? STR("local") : login->options->peer;
    return err_set(err, ERR_INVALID_AUTHORIZATION_SPECIFICATION,
                   "no " AUTH_HBA_SETTING " entry for host \"%.*s\", user \"%s\"", STR_FMT(host), auth->user);
}

static int find_rule(struct auth *auth, struct login *login, struct arena *a, struct err *err)
{
    static const char *const names[] = {AUTH_HBA_SETTING, AUTH_IDENTITY_SETTING, AUTH_LOG_SETTING, AUTH_COST_SETTING};
    struct str values[ARRAY_LEN(names)];
    struct hba_address address;
    struct hba hba;
    int64_t cost;
    const struct auth_options *o = login->options;
    TRY(sql_engine_settings(o->engine, a, names, ARRAY_LEN(names), values, err));
    TRY(hba_parse(a, values[0], &hba, err));
    TRY(identity_maps_parse(a, values[1], &login->maps, err));
    auth->log = str_eqc(values[2], "true");
    login->iterations = str_to_i64(values[3], &cost) && cost > 0 ? (int)cost : SCRAM_ITERATIONS_DEFAULT;
    login->named = values[0].len > 0;
    bool known = hba_parse_peer(o->peer, &address);
    login->rule = hba_find(&hba, o->connection, str_of(auth->user), known ? &address : NULL);
    return login->rule != NULL ? 0 : no_rule(auth, login, err);
}

// A rule with an identity map: what proves itself is somebody else than the user he becomes.
static int check_identity(struct auth *auth, const struct login *login, struct str name, struct err *err)
{
    bool by_certificate = login->options->has_certificate &&
                          (login->rule->method == HBA_CERT || login->rule->method == HBA_CERT_PASSWORD);
    struct str identity = by_certificate ? login->options->certificate_name : name;
    buf_str(&auth->identity, login->rule->map.len > 0 || by_certificate ? identity : str_of(auth->user));
    if (login->rule->map.len == 0 || identity_maps_allow(&login->maps, login->rule->map, identity, str_of(auth->user)))
        return 0;
    return err_set(err, ERR_INVALID_AUTHORIZATION_SPECIFICATION,
                   "system identity \"%.*s\" did not map to database role \"%s\"", STR_FMT(identity), auth->user);
}

static int by_rule(struct auth *auth, const struct login *login, const struct sql_user *user, struct buf *out,
                   enum auth_state *state, struct err *err)
{
    enum hba_method method = login->rule->method;
    bool by_certificate = method == HBA_CERT || (method == HBA_CERT_PASSWORD && login->options->has_certificate);
    auth->method = login->named ? hba_method_name(method) : by_certificate ? "cert" : "scram-sha-256";
    if (method == HBA_REJECT)
        return err_set(err, ERR_INVALID_AUTHORIZATION_SPECIFICATION, "authentication rejected by configuration");
    if (method == HBA_TRUST)
        return user->exists ? check_account(auth, err) : failed(auth, err);
    if (by_certificate)
        return check_certificate(auth, login, user->exists, err);
    *state = AUTH_STATE_WAIT;
    if (method == HBA_PASSWORD)
        begin_cleartext(auth, login, user, out);
    else
        begin_scram(auth, login, user, out);
    return 0;
}

static int begin(struct auth *auth, struct login *login, struct arena *a, struct str name, struct buf *out,
                 enum auth_state *state, struct err *err)
{
    struct sql_user user;
    auth->user = fold_user(name);
    TRY(sql_lookup_user(login->options->engine, a, str_of(auth->user), &user, err));
    auth->can_login = user.can_login;
    auth->expired = user.expired;
    if (login->options->insecure) {
        auth->method = "trust";
        buf_cstr(&auth->identity, auth->user);
        return user.exists ? check_account(auth, err) : failed(auth, err);
    }
    TRY(find_rule(auth, login, a, err));
    TRY(check_identity(auth, login, name, err));
    return by_rule(auth, login, &user, out, state, err);
}

int auth_begin(struct auth *auth, const struct auth_options *options, struct str name, struct buf *out,
               enum auth_state *state, struct err *err)
{
    struct login login = {.options = options};
    struct arena a;
    arena_init(&a, NULL);
    *state = AUTH_STATE_DONE;
    int rc = begin(auth, &login, &a, name, out, state, err);
    arena_release(&a);
    return rc;
}

// ---- answers

// A PasswordMessage: the password, and NUL.
static int answer_cleartext(struct auth *auth, struct str body, struct err *err)
{
    if (body.len == 0 || body.ptr[body.len - 1] != 0 || memchr(body.ptr, 0, body.len) != body.ptr + body.len - 1)
        return err_set(err, ERR_PROTOCOL_VIOLATION, "malformed password message");
    struct str password = str_slice(body, 0, body.len - 1);
    bool right = scram_verifier_check_password(&auth->exchange.verifier, password);
    if (!right || auth->exchange.mock || password.len == 0)
        return failed(auth, err);
    if (auth->expired)
        return err_set(err, ERR_INVALID_PASSWORD, "password is expired");
    return check_account(auth, err);
}

static int answer_first(struct auth *auth, struct str body, struct buf *reply, struct err *err)
{
    struct sasl_initial_message m;
    TRY(sasl_initial_decode(body, &m, err));
    bool plus = str_eqc(m.mechanism, scram_plus_name) && auth->exchange.binding_offered;
    if (!plus && !str_eqc(m.mechanism, scram_name))
        return err_set(err, ERR_PROTOCOL_VIOLATION, "client selected an invalid SASL authentication mechanism");
    if (!m.has_data)
        return err_set(err, ERR_PROTOCOL_VIOLATION, "malformed SCRAM message");
    auth->exchange.binding_used = plus;
    auth->saw_first = true;
    return scram_exchange_first(&auth->exchange, m.data, reply, err);
}

static int answer_final(struct auth *auth, struct str body, struct buf *reply, struct err *err)
{
    bool proven = false;
    TRY(scram_exchange_final(&auth->exchange, body, reply, &proven, err));
    if (!proven)
        return failed(auth, err);
    if (auth->expired)
        return err_set(err, ERR_INVALID_PASSWORD, "password is expired");
    return check_account(auth, err);
}

int auth_answer(struct auth *auth, struct str body, struct buf *out, enum auth_state *state, struct err *err)
{
    struct buf reply = BUF_INIT;
    bool final = auth->saw_first;
    if (auth->cleartext) {
        *state = AUTH_STATE_DONE;
        return answer_cleartext(auth, body, err);
    }
    if (!auth->exchanging)
        return err_set(err, ERR_PROTOCOL_VIOLATION, "unexpected password message");
    int rc = final ? answer_final(auth, body, &reply, err) : answer_first(auth, body, &reply, err);
    if (rc == 0)
        append_request(out, final ? AUTH_CODE_SASL_FINAL : AUTH_CODE_SASL_CONTINUE, buf_view(&reply));
    buf_release(&reply);
    *state = final ? AUTH_STATE_DONE : AUTH_STATE_WAIT;
    return rc;
}

void auth_release(struct auth *auth)
{
    if (auth->exchanging)
        scram_exchange_release(&auth->exchange);
    buf_release(&auth->binding);
    buf_release(&auth->identity);
    mem_free(auth->user);
    memset(auth, 0, sizeof(*auth));
}
