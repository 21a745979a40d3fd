#include "crypto/scram.h"
#include "base/util.h"

#include <unicode/usprep.h>
#include <unicode/ustring.h>

static const struct str verifier_prefix = {"SCRAM-SHA-256$", 14};

// RFC 4013 preparation of a password. False when it is not UTF-8, holds prohibited characters or is over-long.
static bool saslprep(struct str password, struct buf *out)
{
    enum { UNITS_MAX = 2048 };
    UChar raw[UNITS_MAX], prepared[UNITS_MAX];
    char text[3 * UNITS_MAX];
    int32_t raw_len, prepared_len, text_len;
    UErrorCode status = U_ZERO_ERROR;
    if (password.len > UNITS_MAX)
        return false;
    u_strFromUTF8(raw, UNITS_MAX, &raw_len, password.ptr, (int32_t)password.len, &status);
    UStringPrepProfile *profile = usprep_openByType(USPREP_RFC4013_SASLPREP, &status);
    if (U_FAILURE(status))
        return false;
    prepared_len = usprep_prepare(profile, raw, raw_len, prepared, UNITS_MAX, USPREP_DEFAULT, NULL, &status);
    usprep_close(profile);
    u_strToUTF8(text, sizeof(text), &text_len, prepared, U_SUCCESS(status) ? prepared_len : 0, &status);
    if (U_FAILURE(status))
        return false;
    buf_append(out, text, (size_t)text_len);
    return true;
}

static bool is_printable_ascii(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] < 0x20 || s.ptr[i] > 0x7e)
            return false;
    return true;
}

static void derive_keys(struct scram_verifier *v, struct str password)
{
    struct buf prepared = BUF_INIT;
    if (!is_printable_ascii(password) && saslprep(password, &prepared))
        password = buf_view(&prepared);
    uint8_t salted[SHA256_BYTES], client_key[SHA256_BYTES];
    pbkdf2_sha256(password, (struct str){(const char *)v->salt, v->salt_len}, v->iterations, salted);
    struct str key = {(const char *)salted, SHA256_BYTES};
    hmac_sha256(key, STR("Client Key"), client_key);
    sha256((struct str){(const char *)client_key, SHA256_BYTES}, v->stored_key);
    hmac_sha256(key, STR("Server Key"), v->server_key);
    buf_release(&prepared);
}

void scram_verifier_build(struct scram_verifier *v, struct str password, int iterations)
{
    v->iterations = iterations;
    v->salt_len = SCRAM_SALT_BYTES;
    secure_random(v->salt, SCRAM_SALT_BYTES);
    derive_keys(v, password);
}

bool scram_verifier_check_password(const struct scram_verifier *v, struct str password)
{
    struct scram_verifier given = *v;
    derive_keys(&given, password);
    return equal_constant_time(given.stored_key, v->stored_key, SHA256_BYTES);
}

// The text up to the separator, which is skipped.
static bool take_until(struct str *text, char separator, struct str *out)
{
    ptrdiff_t at = str_find(*text, (struct str){&separator, 1}, 0);
    if (at < 0)
        return false;
    *out = str_slice(*text, 0, (size_t)at);
    *text = str_slice(*text, (size_t)at + 1, text->len);
    return true;
}

// Decodes base64 of `min` to `max` bytes.
static bool decode_bytes(struct str base64, uint8_t *out, size_t min, size_t max, size_t *len)
{
    struct buf bytes = BUF_INIT;
    bool ok = base64.len <= 2 * max + 4 && base64_decode(&bytes, base64) && bytes.len >= min && bytes.len <= max;
    if (ok) {
        memcpy(out, bytes.ptr, bytes.len);
        *len = bytes.len;
    }
    buf_release(&bytes);
    return ok;
}

bool scram_verifier_parse(struct scram_verifier *v, struct str text)
{
    struct str iterations, salt, stored_key;
    int64_t n;
    size_t len;
    if (!str_has_prefix(text, verifier_prefix))
        return false;
    text = str_slice(text, verifier_prefix.len, text.len);
    if (!take_until(&text, ':', &iterations) || !take_until(&text, '$', &salt) || !take_until(&text, ':', &stored_key))
        return false;
    if (!str_to_i64(iterations, &n) || n < SCRAM_ITERATIONS_MIN || n > SCRAM_ITERATIONS_MAX)
        return false;
    v->iterations = (int)n;
    return decode_bytes(salt, v->salt, 1, SCRAM_SALT_BYTES_MAX, &v->salt_len) &&
           decode_bytes(stored_key, v->stored_key, SHA256_BYTES, SHA256_BYTES, &len) &&
           decode_bytes(text, v->server_key, SHA256_BYTES, SHA256_BYTES, &len);
}

void scram_verifier_print(const struct scram_verifier *v, struct buf *out)
{
    buf_str(out, verifier_prefix);
    buf_printf(out, "%d:", v->iterations);
    base64_encode(out, (struct str){(const char *)v->salt, v->salt_len});
    buf_putc(out, '$');
    base64_encode(out, (struct str){(const char *)v->stored_key, SHA256_BYTES});
    buf_putc(out, ':');
    base64_encode(out, (struct str){(const char *)v->server_key, SHA256_BYTES});
}
