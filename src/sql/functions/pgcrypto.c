// Password hashes by libcrypt, ciphers by OpenSSL.
#include "sql/functions/functions_int.h"
#include <crypt.h>
#include <openssl/evp.h>

// ---- crypt and gen_salt

static const struct salt_kind {
    const char *name, *prefix;
    unsigned long rounds, rounds_min, rounds_max;
} salt_kinds[] = {
    {"des", "", 0, 25, 25},
    {"xdes", "_", 725, 1, 0xFFFFFF},
    {"md5", "$1$", 0, 1000, 1000},
    {"bf", "$2a$", 6, 4, 31},
};

BODY(crypt_password)
{
    struct crypt_data *data = mem_zalloc(sizeof(*data));
    const char *password = arena_cstr(ec->arena, args[0].s), *salt = arena_cstr(ec->arena, args[1].s);
    const char *hash = crypt_rn(password, salt, data, (int)sizeof(*data));
    if (hash != NULL)
        *out = datum_str(arena_str(ec->arena, str_of(hash)));
    mem_free(data);
    return hash != NULL ? 0 : err_set(err, ERR_INVALID_PARAMETER_VALUE, "invalid salt");
}

BODY(generate_salt)
{
    char salt[CRYPT_GENSALT_OUTPUT_SIZE];
    for (size_t i = 0; i < ARRAY_LEN(salt_kinds); i++) {
        const struct salt_kind *k = &salt_kinds[i];
        if (!str_ieqc(args[0].s, k->name))
            continue;
        unsigned long rounds = n_args > 1 ? (unsigned long)args[1].i : k->rounds;
        bool odd = k->prefix[0] != '_' || rounds % 2 == 1;
        if (n_args > 1 && (args[1].i < (int64_t)k->rounds_min || args[1].i > (int64_t)k->rounds_max || !odd))
            return err_set(err, ERR_INVALID_PARAMETER_VALUE, "invalid number of rounds");
        if (k->rounds_min == k->rounds_max) // the only number there is
            rounds = 0;
        if (crypt_gensalt_rn(k->prefix, rounds, NULL, 0, salt, (int)sizeof(salt)) == NULL)
            return err_set(err, ERR_INTERNAL_ERROR, "no random numbers for a salt");
        return fn_return_str(out, arena_str(ec->arena, str_of(salt)));
    }
    return err_set(err, ERR_INVALID_PARAMETER_VALUE, "unknown salt algorithm: \"%.*s\"", STR_FMT(args[0].s));
}

// ---- ciphers

struct cipher {
    const EVP_CIPHER *evp;
    bool padded;
    uint8_t key[EVP_MAX_KEY_LENGTH], iv[EVP_MAX_IV_LENGTH];
};

static int bad_cipher(struct str text, struct err *err)
{
    return err_set(err, ERR_INVALID_PARAMETER_VALUE, "cipher method has wrong format: \"%.*s\"", STR_FMT(text));
}

static const EVP_CIPHER *aes(size_t key_bytes, bool ecb)
{
    if (key_bytes <= 16)
        return ecb ? EVP_aes_128_ecb() : EVP_aes_128_cbc();
    if (key_bytes <= 24)
        return ecb ? EVP_aes_192_ecb() : EVP_aes_192_cbc();
    return ecb ? EVP_aes_256_ecb() : EVP_aes_256_cbc();
}

// "aes-cbc/pad:pkcs": key and vector are filled with zeros or cut to their lengths.
static int read_cipher(struct str type, struct str key, struct str iv, struct cipher *c, struct err *err)
{
    ptrdiff_t slash = str_find(type, STR("/"), 0);
    struct str method = slash < 0 ? type : str_slice(type, 0, (size_t)slash);
    struct str padding = slash < 0 ? STR("pad:pkcs") : str_slice(type, (size_t)slash + 1, type.len);
    bool ecb = str_ieqc(method, "aes-ecb");
    if (!ecb && !str_ieqc(method, "aes") && !str_ieqc(method, "aes-cbc"))
        return bad_cipher(type, err);
    if (!str_ieqc(padding, "pad:pkcs") && !str_ieqc(padding, "pad:none"))
        return bad_cipher(type, err);
    if (key.len > 32)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "invalid key size %zu", key.len);
    *c = (struct cipher){.evp = aes(key.len, ecb), .padded = str_ieqc(padding, "pad:pkcs")};
    if (key.len > 0)
        memcpy(c->key, key.ptr, key.len);
    if (iv.len > 0)
        memcpy(c->iv, iv.ptr, MIN(iv.len, sizeof(c->iv)));
    return 0;
}

static int run_cipher(struct eval_context *ec, const struct cipher *c, bool forward, struct str data, struct datum *out,
                      struct err *err)
{
    EVP_CIPHER_CTX *x = EVP_CIPHER_CTX_new();
    uint8_t *result = arena_alloc(ec->arena, size_add(data.len, EVP_MAX_BLOCK_LENGTH));
    int n = 0, last = 0;
    bool ok = x != NULL && EVP_CipherInit_ex(x, c->evp, NULL, c->key, c->iv, forward) == 1 &&
              EVP_CIPHER_CTX_set_padding(x, c->padded) == 1 &&
              EVP_CipherUpdate(x, result, &n, (const uint8_t *)data.ptr, (int)data.len) == 1 &&
              EVP_CipherFinal_ex(x, result + n, &last) == 1;
    EVP_CIPHER_CTX_free(x);
    if (!ok)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "%s: data has a wrong length or padding",
                       forward ? "encrypt" : "decrypt");
    return fn_return_str(out, (struct str){(const char *)result, (size_t)(n + last)});
}

static int cipher_call(struct eval_context *ec, const struct datum *args, int n_args, bool forward, struct datum *out,
                       struct err *err)
{
    struct cipher c;
    TRY(read_cipher(args[n_args - 1].s, args[1].s, n_args > 3 ? args[2].s : STR_EMPTY, &c, err));
    TRY(fn_check_length(args[0].s.len, err));
    return run_cipher(ec, &c, forward, args[0].s, out, err);
}

BODY(encrypt)
{
    return cipher_call(ec, args, n_args, true, out, err);
}

BODY(decrypt)
{
    return cipher_call(ec, args, n_args, false, out, err);
}

static const struct fn_row rows[] = {
#include "sql/functions/pgcrypto.def"
};
const struct fn_family fn_family_pgcrypto = {"CRYPTOGRAPHIC", rows, ARRAY_LEN(rows)};
