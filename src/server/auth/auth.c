#include "server/auth/auth.h"
#include "server/pgwire/protocol.h"
#include "sql/session/session.h"

enum { // AuthenticationRequest codes
    AUTH_CODE_SASL = 10,
    AUTH_CODE_SASL_CONTINUE = 11,
    AUTH_CODE_SASL_FINAL = 12,
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

static int check_certificate(const struct auth *auth, const struct auth_options *options, bool exists, struct err *err)
{
    if (!str_eqc(options->certificate_name, auth->user)) {
        err_set(err, ERR_INVALID_AUTHORIZATION_SPECIFICATION, "certificate authentication failed for user \"%s\"",
                auth->user);
        return err_detail(err, "The client certificate is for user \"%.*s\".", STR_FMT(options->certificate_name));
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

static void begin_scram(struct auth *auth, const struct auth_options *options, const struct sql_user *user,
                        struct buf *out)
{
    struct scram_verifier verifier;
    bool usable = user->exists && scram_verifier_parse(&verifier, user->verifier);
    scram_exchange_init(&auth->exchange, usable ? &verifier : NULL, options->secret, str_of(auth->user));
    auth->exchanging = true;
    auth->method = "scram-sha-256";
    buf_str(&auth->binding, options->channel_binding);
    auth->exchange.binding = buf_view(&auth->binding);
    auth->exchange.binding_offered = options->channel_binding.len > 0;
    append_mechanisms(out, auth->exchange.binding_offered);
}

int auth_begin(struct auth *auth, const struct auth_options *options, struct str name, struct buf *out,
               enum auth_state *state, struct err *err)
{
    struct arena a;
    struct sql_user user = {0};
    auth->user = fold_user(name);
    arena_init(&a, NULL);
    int rc = sql_lookup_user(options->engine, &a, str_of(auth->user), &user, err);
    auth->can_login = user.can_login;
    auth->expired = user.expired;
    auth->is_admin = user.is_admin;
    *state = AUTH_STATE_DONE;
    if (rc == 0 && options->insecure) {
        auth->method = "trust";
        rc = user.exists ? check_account(auth, err) : failed(auth, err);
    } else if (rc == 0 && options->has_certificate) {
        auth->method = "cert";
        rc = check_certificate(auth, options, user.exists, err);
    } else if (rc == 0) {
        begin_scram(auth, options, &user, out);
        *state = AUTH_STATE_WAIT;
    }
    arena_release(&a);
    return rc;
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
    mem_free(auth->user);
    memset(auth, 0, sizeof(*auth));
}
