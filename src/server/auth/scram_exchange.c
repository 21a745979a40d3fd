#include "server/auth/scram_exchange.h"
#include "base/util.h"

#include <stdio.h>

void scram_exchange_init(struct scram_exchange *x, const struct scram_verifier *verifier, struct str secret,
                         struct str user, int mock_iterations)
{
    uint8_t random[SCRAM_NONCE_BYTES];
    struct buf nonce = BUF_INIT;
    memset(x, 0, sizeof(*x));
    secure_random(random, sizeof(random));
    base64_encode(&nonce, (struct str){(const char *)random, sizeof(random)});
    snprintf(x->nonce, sizeof(x->nonce), "%s", buf_c(&nonce));
    buf_release(&nonce);
    if (verifier != NULL) {
        x->verifier = *verifier;
        return;
    }
    uint8_t salt[SHA256_BYTES];
    hmac_sha256(secret, user, salt);
    x->mock = true;
    x->verifier.iterations = mock_iterations;
    x->verifier.salt_len = SCRAM_SALT_BYTES;
    memcpy(x->verifier.salt, salt, SCRAM_SALT_BYTES);
    secure_random(x->verifier.stored_key, SHA256_BYTES);
    secure_random(x->verifier.server_key, SHA256_BYTES);
}

void scram_exchange_release(struct scram_exchange *x)
{
    buf_release(&x->gs2_header);
    buf_release(&x->auth_message);
    buf_release(&x->full_nonce);
}

static int malformed(struct err *err, const char *detail)
{
    err_set(err, ERR_PROTOCOL_VIOLATION, "malformed SCRAM message");
    return err_detail(err, "%s", detail);
}

// The text up to the next comma, which is skipped; the rest when there is none.
static struct str take_field(struct str *rest)
{
    ptrdiff_t comma = str_find(*rest, STR(","), 0);
    struct str field = comma < 0 ? *rest : str_slice(*rest, 0, (size_t)comma);
    *rest = comma < 0 ? str_slice(*rest, rest->len, rest->len) : str_slice(*rest, (size_t)comma + 1, rest->len);
    return field;
}

// "name=value": the value.
static bool take_attribute(struct str *rest, char name, struct str *value)
{
    struct str field = take_field(rest);
    if (field.len < 2 || field.ptr[0] != name || field.ptr[1] != '=')
        return false;
    *value = str_slice(field, 2, field.len);
    return true;
}

// Channel binding flag and the (ignored) authorization identity.
static int check_gs2_header(struct scram_exchange *x, struct str flag, struct str identity, struct err *err)
{
    if (identity.len > 0)
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "client uses authorization identity, but it is not supported");
    if (x->binding_used)
        return str_eqc(flag, "p=tls-server-end-point") ? 0 : malformed(err, "Unsupported channel binding type.");
    // 'y': the client could bind but believes that the server cannot. When we offered it, someone in between took the
    // offer out.
    if (str_eqc(flag, "n") || (str_eqc(flag, "y") && !x->binding_offered))
        return 0;
    if (str_eqc(flag, "y"))
        return err_set(err, ERR_INVALID_AUTHORIZATION_SPECIFICATION, "SCRAM channel binding negotiation error");
    return malformed(err, "The client selected channel binding without the mechanism for it.");
}

static bool is_nonce(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] < 0x21 || s.ptr[i] > 0x7e || s.ptr[i] == ',')
            return false;
    return s.len > 0;
}

int scram_exchange_first(struct scram_exchange *x, struct str message, struct buf *out, struct err *err)
{
    struct str rest = message, flag = take_field(&rest), identity = take_field(&rest), bare = rest, user, nonce;
    TRY(check_gs2_header(x, flag, identity, err));
    buf_str(&x->gs2_header, str_slice(message, 0, message.len - bare.len));
    if (rest.len > 0 && rest.ptr[0] == 'm')
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "client requires an unsupported SCRAM extension");
    // The user name of the startup message counts, not this one; as PostgreSQL.
    if (!take_attribute(&rest, 'n', &user) || !take_attribute(&rest, 'r', &nonce) || !is_nonce(nonce))
        return malformed(err, "The client's first message lacks a user name or a nonce.");
    buf_str(&x->full_nonce, nonce);
    buf_cstr(&x->full_nonce, x->nonce);

    size_t from = out->len;
    buf_cstr(out, "r=");
    buf_str(out, buf_view(&x->full_nonce));
    buf_cstr(out, ",s=");
    base64_encode(out, (struct str){(const char *)x->verifier.salt, x->verifier.salt_len});
    buf_printf(out, ",i=%d", x->verifier.iterations);
    buf_str(&x->auth_message, bare);
    buf_putc(&x->auth_message, ',');
    buf_str(&x->auth_message, str_slice(buf_view(out), from, out->len));
    buf_putc(&x->auth_message, ',');
    return 0;
}

// base64(gs2 header and binding data) must be what the first message and the TLS connection say.
static bool binding_matches(struct scram_exchange *x, struct str given)
{
    struct buf data = BUF_INIT, expected = BUF_INIT;
    buf_str(&data, buf_view(&x->gs2_header));
    if (x->binding_used)
        buf_str(&data, x->binding);
    base64_encode(&expected, buf_view(&data));
    bool matches = str_eq(buf_view(&expected), given);
    buf_release(&data);
    buf_release(&expected);
    return matches;
}

// ClientKey = proof xor HMAC(StoredKey, AuthMessage); its hash must be StoredKey.
static bool proof_matches(const struct scram_exchange *x, const uint8_t proof[SHA256_BYTES])
{
    uint8_t signature[SHA256_BYTES], client_key[SHA256_BYTES], stored_key[SHA256_BYTES];
    hmac_sha256((struct str){(const char *)x->verifier.stored_key, SHA256_BYTES}, buf_view(&x->auth_message),
                signature);
    for (int i = 0; i < SHA256_BYTES; i++)
        client_key[i] = proof[i] ^ signature[i];
    sha256((struct str){(const char *)client_key, SHA256_BYTES}, stored_key);
    return equal_constant_time(stored_key, x->verifier.stored_key, SHA256_BYTES) && !x->mock;
}

static bool decode_proof(struct str base64, uint8_t out[SHA256_BYTES])
{
    struct buf bytes = BUF_INIT;
    bool ok = base64.len <= 2 * SHA256_BYTES && base64_decode(&bytes, base64) && bytes.len == SHA256_BYTES;
    if (ok)
        memcpy(out, bytes.ptr, SHA256_BYTES);
    buf_release(&bytes);
    return ok;
}

int scram_exchange_final(struct scram_exchange *x, struct str message, struct buf *out, bool *proven, struct err *err)
{
    struct str rest = message, binding, nonce, proof_text = STR_EMPTY;
    uint8_t proof[SHA256_BYTES], signature[SHA256_BYTES];
    if (!take_attribute(&rest, 'c', &binding) || !take_attribute(&rest, 'r', &nonce))
        return malformed(err, "The client's final message lacks channel binding or nonce.");
    size_t without_proof = message.len;
    while (rest.len > 0) { // extensions may precede the proof, which is last
        without_proof = (size_t)(rest.ptr - message.ptr) - 1;
        struct str field = take_field(&rest);
        if (field.len >= 2 && field.ptr[0] == 'p' && field.ptr[1] == '=' && rest.len == 0)
            proof_text = str_slice(field, 2, field.len);
    }
    if (!decode_proof(proof_text, proof))
        return malformed(err, "The client's final message lacks a proof.");
    if (!str_eq(nonce, buf_view(&x->full_nonce)))
        return malformed(err, "Nonce does not match.");
    if (!binding_matches(x, binding))
        return err_set(err, ERR_INVALID_AUTHORIZATION_SPECIFICATION, "SCRAM channel binding check failed");
    buf_str(&x->auth_message, str_slice(message, 0, without_proof));
    *proven = proof_matches(x, proof);
    hmac_sha256((struct str){(const char *)x->verifier.server_key, SHA256_BYTES}, buf_view(&x->auth_message),
                signature);
    buf_cstr(out, "v=");
    base64_encode(out, (struct str){(const char *)signature, SHA256_BYTES});
    return 0;
}
