#include "crypto/crypto.h"
#include "base/util.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

void crypto_init(void)
{
    OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, NULL);
}

void sha256(struct str bytes, uint8_t out[SHA256_BYTES])
{
    unsigned int len = 0;
    INVARIANT(EVP_Digest(bytes.ptr, bytes.len, out, &len, EVP_sha256(), NULL) == 1 && len == SHA256_BYTES);
}

void hmac_sha256(struct str key, struct str bytes, uint8_t out[SHA256_BYTES])
{
    unsigned int len = 0;
    INVARIANT(HMAC(EVP_sha256(), key.ptr, (int)key.len, (const unsigned char *)bytes.ptr, bytes.len, out, &len) !=
              NULL);
    INVARIANT(len == SHA256_BYTES);
}

void pbkdf2_sha256(struct str password, struct str salt, int iterations, uint8_t out[SHA256_BYTES])
{
    INVARIANT(PKCS5_PBKDF2_HMAC(password.ptr, (int)password.len, (const unsigned char *)salt.ptr, (int)salt.len,
                                iterations, EVP_sha256(), SHA256_BYTES, out) == 1);
}

void scrypt_sha256(struct str password, struct str salt, uint64_t n, uint8_t out[SHA256_BYTES])
{
    enum { BLOCK_WORDS = 8, LANES = 1 };
    uint64_t memory_max = 2 * 128 * BLOCK_WORDS * n;
    INVARIANT(EVP_PBE_scrypt(password.ptr, password.len, (const unsigned char *)salt.ptr, salt.len, n, BLOCK_WORDS,
                             LANES, memory_max, out, SHA256_BYTES) == 1);
}

bool equal_constant_time(const void *a, const void *b, size_t len)
{
    return CRYPTO_memcmp(a, b, len) == 0;
}

void random_password(struct buf *out, size_t length)
{
    static const char alphabet[62] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    while (length > 0) {
        uint8_t byte;
        secure_random(&byte, 1);
        if (byte >= 4 * sizeof(alphabet))
            continue; // keeps every character equally likely
        buf_putc(out, alphabet[byte % sizeof(alphabet)]);
        length--;
    }
}
