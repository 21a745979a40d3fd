#include "server/net/tls.h"
#include "base/buf.h"
#include "base/err.h"
#include "crypto/crypto.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct tls {
    char *certs_dir;
    pthread_mutex_t lock;
    SSL_CTX *context; // under lock; connections hold their own reference
    uint8_t secret[SHA256_BYTES];
};

static const char *openssl_reason(void)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = ERR_reason_error_string(code);
    ERR_clear_error();
    return reason != NULL ? reason : "unknown error";
}

static void certs_path(struct buf *path, const char *dir, const char *file)
{
    buf_clear(path);
    buf_printf(path, "%s/%s", dir, file);
    buf_c(path);
}

static int check_key_mode(const char *path, struct err *err)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return err_set(err, ERR_CONFIG_FILE_ERROR, "cannot read key file %s: %s", path, strerror(errno));
    if ((st.st_mode & 077) != 0) {
        err_set(err, ERR_CONFIG_FILE_ERROR, "key file %s has permissions %04o, exceeds 0700", path,
                (unsigned)(st.st_mode & 07777));
        return err_hint(err, "Use: chmod 0600 %s", path);
    }
    return 0;
}

static int load_node(SSL_CTX *context, const char *dir, struct buf *path, struct err *err)
{
    certs_path(path, dir, "node.crt");
    if (SSL_CTX_use_certificate_chain_file(context, path->ptr) != 1)
        return err_set(err, ERR_CONFIG_FILE_ERROR, "cannot load certificate %s: %s", path->ptr, openssl_reason());
    certs_path(path, dir, "node.key");
    TRY(check_key_mode(path->ptr, err));
    if (SSL_CTX_use_PrivateKey_file(context, path->ptr, SSL_FILETYPE_PEM) != 1)
        return err_set(err, ERR_CONFIG_FILE_ERROR, "cannot load key %s: %s", path->ptr, openssl_reason());
    return 0;
}

static int load_client_ca(SSL_CTX *context, const char *dir, struct buf *path, struct err *err)
{
    certs_path(path, dir, "ca-client.crt");
    if (access(path->ptr, R_OK) != 0)
        certs_path(path, dir, "ca.crt");
    if (SSL_CTX_load_verify_locations(context, path->ptr, NULL) != 1)
        return err_set(err, ERR_CONFIG_FILE_ERROR, "cannot load CA certificate %s: %s", path->ptr, openssl_reason());
    SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(path->ptr));
    return 0;
}

static int context_new(const char *dir, SSL_CTX **out, struct err *err)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    struct buf path = BUF_INIT;
    int rc;
    if (context == NULL)
        return err_set(err, ERR_OUT_OF_MEMORY, "cannot create a TLS context: %s", openssl_reason());
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_num_tickets(context, 0);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(context,
                     SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_CLIENT_ONCE, NULL);
    TRY_GOTO(rc, out, load_node(context, dir, &path, err));
    TRY_GOTO(rc, out, load_client_ca(context, dir, &path, err));
    *out = context;
    context = NULL;
out:
    buf_release(&path);
    SSL_CTX_free(context);
    return rc;
}

// Hashes the key's bytes; the key was just loaded, so the file can be read.
static void read_secret(struct tls *tls)
{
    struct buf path = BUF_INIT;
    char bytes[64 * 1024];
    certs_path(&path, tls->certs_dir, "node.key");
    FILE *f = fopen(path.ptr, "re");
    size_t n = f != NULL ? fread(bytes, 1, sizeof(bytes), f) : 0;
    if (f != NULL)
        fclose(f);
    hmac_sha256(STR("secret of the node key"), (struct str){bytes, n}, tls->secret);
    OPENSSL_cleanse(bytes, sizeof(bytes));
    buf_release(&path);
}

int tls_open(const char *certs_dir, struct tls **out, struct err *err)
{
    SSL_CTX *context;
    TRY(context_new(certs_dir, &context, err));
    struct tls *tls = mem_zalloc(sizeof(*tls));
    tls->certs_dir = str_dup_c(str_of(certs_dir));
    tls->context = context;
    pthread_mutex_init(&tls->lock, NULL);
    read_secret(tls);
    *out = tls;
    return 0;
}

void tls_close(struct tls *tls)
{
    if (tls == NULL)
        return;
    SSL_CTX_free(tls->context);
    pthread_mutex_destroy(&tls->lock);
    mem_free(tls->certs_dir);
    mem_free(tls);
}

int tls_reload(struct tls *tls, struct err *err)
{
    SSL_CTX *context, *old;
    TRY(context_new(tls->certs_dir, &context, err));
    pthread_mutex_lock(&tls->lock);
    old = tls->context;
    tls->context = context;
    pthread_mutex_unlock(&tls->lock);
    SSL_CTX_free(old);
    return 0;
}

SSL *tls_accept(struct tls *tls, int fd, bool ask_client_certificate)
{
    pthread_mutex_lock(&tls->lock);
    SSL *ssl = SSL_new(tls->context);
    pthread_mutex_unlock(&tls->lock);
    if (ssl == NULL)
        return NULL;
    if (SSL_set_fd(ssl, fd) != 1) {
        SSL_free(ssl);
        return NULL;
    }
    if (!ask_client_certificate)
        SSL_set_verify(ssl, SSL_VERIFY_NONE, NULL);
    SSL_set_accept_state(ssl);
    return ssl;
}

bool tls_client_name(SSL *ssl, struct buf *out)
{
    X509 *certificate = SSL_get1_peer_certificate(ssl);
    bool found = false;
    if (certificate == NULL)
        return false;
    X509_NAME *subject = X509_get_subject_name(certificate);
    int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (at >= 0 && SSL_get_verify_result(ssl) == X509_V_OK) {
        unsigned char *utf8 = NULL;
        int len = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
        // A NUL inside would let a name pass for a shorter one.
        found = len > 0 && memchr(utf8, 0, (size_t)len) == NULL;
        if (found)
            buf_append(out, utf8, (size_t)len);
        OPENSSL_free(utf8);
    }
    X509_free(certificate);
    return found;
}

bool tls_host_label(SSL *ssl, struct buf *out)
{
    const char *host = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    X509 *certificate = SSL_get_certificate(ssl);
    const char *dot = host != NULL ? strchr(host, '.') : NULL;
    if (dot == NULL || certificate == NULL)
        return false;
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    bool exact = false, wildcard = false;
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        const ASN1_STRING *text = GENERAL_NAME_get0_value(name, NULL);
        if (name->type != GEN_DNS)
            continue;
        struct str pattern = {(const char *)ASN1_STRING_get0_data(text), (size_t)ASN1_STRING_length(text)};
        exact = exact || str_ieqc(pattern, host);
        wildcard =
            wildcard || (str_has_prefix(pattern, STR("*.")) && str_ieqc(str_slice(pattern, 1, pattern.len), dot));
    }
    GENERAL_NAMES_free(names);
    for (const char *c = host; wildcard && !exact && c < dot; c++)
        buf_putc(out, (char)(*c >= 'A' && *c <= 'Z' ? *c + ('a' - 'A') : *c));
    return wildcard && !exact;
}

bool tls_server_end_point(SSL *ssl, struct buf *out)
{
    X509 *certificate = SSL_get_certificate(ssl);
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned int len;
    int digest_nid;
    if (certificate == NULL || !OBJ_find_sigid_algs(X509_get_signature_nid(certificate), &digest_nid, NULL))
        return false;
    if (digest_nid == NID_md5 || digest_nid == NID_sha1)
        digest_nid = NID_sha256;
    const EVP_MD *digest = EVP_get_digestbynid(digest_nid);
    if (digest == NULL || X509_digest(certificate, digest, hash, &len) != 1)
        return false;
    buf_append(out, hash, len);
    return true;
}

void tls_secret(struct tls *tls, uint8_t out[32])
{
    memcpy(out, tls->secret, SHA256_BYTES);
}
