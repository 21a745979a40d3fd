#include "server/certs.h"
#include "base/buf.h"
#include "base/util.h"
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SERIAL_BYTES 16
#define CLOCK_SKEW_S (24 * 3600)

static int openssl_error(struct err *err, const char *what)
{
    char reason[256] = "unknown";
    unsigned long code = ERR_get_error();
    if (code != 0)
        ERR_error_string_n(code, reason, sizeof reason);
    ERR_clear_error();
    return err_set(err, ERR_CONFIG_FILE_ERROR, "%s: %s", what, reason);
}

static int file_error(struct err *err, const char *what, const char *path)
{
    return err_set(err, ERR_IO_ERROR, "%s %s: %s", what, path, strerror(errno));
}

// --- files

static int make_dir(const char *dir, struct err *err)
{
    char path[4096];
    snprintf(path, sizeof path, "%s", dir);
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(path, 0700) != 0 && errno != EEXIST)
            return file_error(err, "mkdir", path);
        *slash = '/';
    }
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return file_error(err, "mkdir", path);
    return 0;
}

static int write_all(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, bytes, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        bytes += n;
        len -= (size_t)n;
    }
    return 0;
}

// Writes beside the file and renames.
static int write_file(const char *path, const char *bytes, size_t len, mode_t mode, struct err *err)
{
    char temporary[4096];
    if ((size_t)snprintf(temporary, sizeof temporary, "%s.tmp%ld", path, (long)getpid()) >= sizeof temporary)
        return err_set(err, ERR_IO_ERROR, "path is too long: %s", path);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (fd < 0)
        return file_error(err, "create", temporary);
    bool written = write_all(fd, bytes, len) == 0 && fchmod(fd, mode) == 0;
    written &= close(fd) == 0;
    if (!written || rename(temporary, path) != 0) {
        int rc = file_error(err, "write", path);
        unlink(temporary);
        return rc;
    }
    return 0;
}

static int write_bio(const char *path, BIO *bio, mode_t mode, struct err *err)
{
    char *bytes;
    long len = BIO_get_mem_data(bio, &bytes);
    return write_file(path, bytes, (size_t)len, mode, err);
}

static bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

static int refuse_overwrite(const struct certs_options *o, const char *path, struct err *err)
{
    if (o->overwrite || !exists(path))
        return 0;
    err_set(err, ERR_CONFIG_FILE_ERROR, "file %s already exists", path);
    return err_hint(err, "Use --overwrite to replace it.");
}

// --- keys

static EVP_PKEY *generate_key(const struct certs_options *o)
{
    return o->key_kind == CERTS_KEY_KIND_RSA ? EVP_RSA_gen((unsigned)o->rsa_bits) : EVP_EC_gen("P-256");
}

static int new_key(const struct certs_options *o, EVP_PKEY **out, struct err *err)
{
    if (o->key_kind == CERTS_KEY_KIND_RSA && (o->rsa_bits < 2048 || o->rsa_bits > 16384))
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "key size must be from 2048 to 16384 bits, not %d",
                       o->rsa_bits);
    *out = generate_key(o);
    return *out != NULL ? 0 : openssl_error(err, "cannot generate a key");
}

static int write_key(const char *path, EVP_PKEY *key, struct err *err)
{
    BIO *bio = BIO_new(BIO_s_mem());
    int rc = 0;
    if (PEM_write_bio_PrivateKey_traditional(bio, key, NULL, NULL, 0, NULL, NULL) != 1)
        rc = openssl_error(err, "cannot encode the key");
    if (rc == 0)
        rc = write_bio(path, bio, 0600, err);
    BIO_free(bio);
    return rc;
}

static int write_pkcs8(const char *path, EVP_PKEY *key, struct err *err)
{
    BIO *bio = BIO_new(BIO_s_mem());
    int rc = 0;
    if (i2d_PKCS8PrivateKey_bio(bio, key, NULL, NULL, 0, NULL, NULL) != 1)
        rc = openssl_error(err, "cannot encode the key");
    if (rc == 0)
        rc = write_bio(path, bio, 0600, err);
    BIO_free(bio);
    return rc;
}

static int read_key(const char *path, EVP_PKEY **out, struct err *err)
{
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return file_error(err, "cannot open the CA key", path);
    *out = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    fclose(file);
    return *out != NULL ? 0 : openssl_error(err, "cannot read the CA key");
}

// --- certificates

static int read_cert(const char *path, X509 **out, struct err *err)
{
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return file_error(err, "cannot open the certificate", path);
    *out = PEM_read_X509(file, NULL, NULL, NULL);
    fclose(file);
    return *out != NULL ? 0 : openssl_error(err, "cannot read the certificate");
}

static bool set_serial(X509 *cert)
{
    unsigned char bytes[SERIAL_BYTES];
    if (RAND_bytes(bytes, sizeof bytes) != 1)
        return false;
    bytes[0] &= 0x7F;
    BIGNUM *number = BN_bin2bn(bytes, sizeof bytes, NULL);
    bool ok = number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert)) != NULL;
    BN_free(number);
    return ok;
}

static bool set_subject(X509 *cert, const char *common_name)
{
    X509_NAME *name = X509_get_subject_name(cert);
    return X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8, (const unsigned char *)"Palmetto", -1, -1, 0) &&
           X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)common_name, -1, -1, 0);
}

static bool add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, cert, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    bool ok = extension != NULL && X509_add_ext(cert, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return ok;
}

static bool add_san(X509 *cert, const char *host)
{
    struct in6_addr address;
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    if (names == NULL)
        names = sk_GENERAL_NAME_new_null();
    bool v4 = inet_pton(AF_INET, host, &address) == 1, v6 = !v4 && inet_pton(AF_INET6, host, &address) == 1;
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_STRING *text = v4 || v6 ? ASN1_OCTET_STRING_new() : ASN1_IA5STRING_new();
    const void *bytes = v4 || v6 ? (const void *)&address : host;
    bool ok = ASN1_STRING_set(text, bytes, v4 ? 4 : v6 ? 16 : (int)strlen(host)) == 1;
    GENERAL_NAME_set0_value(name, v4 || v6 ? GEN_IPADD : GEN_DNS, text);
    ok = ok && sk_GENERAL_NAME_push(names, name) > 0 &&
         X509_add1_ext_i2d(cert, NID_subject_alt_name, names, 0, X509V3_ADD_REPLACE) == 1;
    GENERAL_NAMES_free(names);
    return ok;
}

// An unsigned certificate with subject, validity and public key.
static X509 *new_cert(const char *common_name, int64_t lifetime_s, EVP_PKEY *key)
{
    X509 *cert = X509_new();
    time_t now = time(NULL), until = now + (time_t)lifetime_s;
    bool ok = cert != NULL && X509_set_version(cert, X509_VERSION_3) && set_serial(cert) &&
              set_subject(cert, common_name) && X509_set_pubkey(cert, key) &&
              X509_time_adj_ex(X509_getm_notBefore(cert), 0, -CLOCK_SKEW_S, &now) != NULL &&
              X509_time_adj_ex(X509_getm_notAfter(cert), 0, 0, &until) != NULL;
    if (!ok) {
        X509_free(cert);
        return NULL;
    }
    return cert;
}

static bool sign(X509 *cert, X509 *issuer, EVP_PKEY *issuer_key)
{
    return X509_set_issuer_name(cert, X509_get_subject_name(issuer)) && X509_sign(cert, issuer_key, EVP_sha256()) > 0;
}

// --- the CA

static void ca_key_path(const struct certs_options *o, char *path, size_t size)
{
    if (o->ca_key != NULL)
        snprintf(path, size, "%s", o->ca_key);
    else
        snprintf(path, size, "%s/ca.key", o->dir);
}

static int ca_key(const struct certs_options *o, EVP_PKEY **out, struct err *err)
{
    char path[4096];
    ca_key_path(o, path, sizeof path);
    if (exists(path) && o->ca_key_reuse)
        return read_key(path, out, err);
    if (exists(path) && !o->overwrite) {
        err_set(err, ERR_CONFIG_FILE_ERROR, "CA key %s already exists", path);
        return err_hint(err, "Use --allow-ca-key-reuse to use it again.");
    }
    TRY(new_key(o, out, err));
    return write_key(path, *out, err);
}

static X509 *ca_cert(const struct certs_options *o, EVP_PKEY *key)
{
    X509 *cert = new_cert("Palmetto CA", o->lifetime_s != 0 ? o->lifetime_s : CERTS_LIFETIME_CA_S, key);
    bool ok = cert != NULL && add_extension(cert, cert, NID_basic_constraints, "critical,CA:TRUE,pathlen:1") &&
              add_extension(cert, cert, NID_key_usage, "critical,digitalSignature,keyEncipherment,keyCertSign") &&
              add_extension(cert, cert, NID_subject_key_identifier, "hash") && sign(cert, cert, key);
    if (!ok) {
        X509_free(cert);
        return NULL;
    }
    return cert;
}

// The new certificate goes before those that the file has: clients trust the old CA until the nodes are moved over.
static int write_ca_cert(const char *path, X509 *cert, struct err *err)
{
    BIO *bio = BIO_new(BIO_s_mem());
    int rc = PEM_write_bio_X509(bio, cert) == 1 ? 0 : openssl_error(err, "cannot encode the certificate");
    FILE *old = rc == 0 ? fopen(path, "r") : NULL;
    char block[4096];
    for (size_t n; old != NULL && (n = fread(block, 1, sizeof block, old)) > 0;)
        BIO_write(bio, block, (int)n);
    if (old != NULL)
        fclose(old);
    if (rc == 0)
        rc = write_bio(path, bio, 0644, err);
    BIO_free(bio);
    return rc;
}

int certs_create_ca(const struct certs_options *o, struct err *err)
{
    char path[4096];
    EVP_PKEY *key = NULL;
    snprintf(path, sizeof path, "%s/ca.crt", o->dir);
    TRY(make_dir(o->dir, err));
    TRY(refuse_overwrite(o, path, err));
    int rc = ca_key(o, &key, err);
    X509 *cert = rc == 0 ? ca_cert(o, key) : NULL;
    if (rc == 0 && cert == NULL)
        rc = openssl_error(err, "cannot make the CA certificate");
    if (rc == 0)
        rc = write_ca_cert(path, cert, err);
    X509_free(cert);
    EVP_PKEY_free(key);
    return rc;
}

// --- certificates signed by the CA

struct signer {
    X509 *cert;
    EVP_PKEY *key;
};

static void signer_release(struct signer *ca)
{
    X509_free(ca->cert);
    EVP_PKEY_free(ca->key);
}

static int signer_load(const struct certs_options *o, struct signer *ca, struct err *err)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/ca.crt", o->dir);
    TRY(read_cert(path, &ca->cert, err));
    ca_key_path(o, path, sizeof path);
    TRY(read_key(path, &ca->key, err));
    if (X509_check_private_key(ca->cert, ca->key) != 1) {
        ERR_clear_error();
        return err_set(err, ERR_CONFIG_FILE_ERROR, "CA key %s does not match the CA certificate", path);
    }
    return 0;
}

// A key and a certificate signed by the CA, as dir/NAME.key and dir/NAME.crt.
static int create_signed(const struct certs_options *o, const char *name, const char *common_name,
                         const char *extended_usage, const char *const *hosts, size_t hosts_len, struct err *err)
{
    char cert_path[4096], key_path[4096], pk8_path[4096];
    struct signer ca = {0};
    EVP_PKEY *key = NULL;
    X509 *cert = NULL;
    int rc;
    snprintf(cert_path, sizeof cert_path, "%s/%s.crt", o->dir, name);
    snprintf(key_path, sizeof key_path, "%s/%s.key", o->dir, name);
    snprintf(pk8_path, sizeof pk8_path, "%s/%s.key.pk8", o->dir, name);
    TRY(refuse_overwrite(o, cert_path, err));
    TRY(refuse_overwrite(o, key_path, err));
    TRY_GOTO(rc, done, signer_load(o, &ca, err));
    TRY_GOTO(rc, done, new_key(o, &key, err));
    cert = new_cert(common_name, o->lifetime_s != 0 ? o->lifetime_s : CERTS_LIFETIME_S, key);
    bool ok = cert != NULL &&
              add_extension(cert, ca.cert, NID_key_usage, "critical,digitalSignature,keyEncipherment") &&
              add_extension(cert, ca.cert, NID_ext_key_usage, extended_usage) &&
              add_extension(cert, ca.cert, NID_authority_key_identifier, "keyid");
    for (size_t i = 0; ok && i < hosts_len; i++)
        ok = add_san(cert, hosts[i]);
    if (!ok || !sign(cert, ca.cert, ca.key)) {
        rc = openssl_error(err, "cannot make the certificate");
        goto done;
    }
    BIO *bio = BIO_new(BIO_s_mem());
    rc = PEM_write_bio_X509(bio, cert) == 1 ? 0 : openssl_error(err, "cannot encode the certificate");
    if (rc == 0)
        rc = write_key(key_path, key, err);
    if (rc == 0 && o->pkcs8)
        rc = write_pkcs8(pk8_path, key, err);
    if (rc == 0)
        rc = write_bio(cert_path, bio, 0644, err);
    BIO_free(bio);
done:
    signer_release(&ca);
    X509_free(cert);
    EVP_PKEY_free(key);
    return rc;
}

int certs_create_node(const struct certs_options *o, const char *const *hosts, size_t hosts_len, struct err *err)
{
    if (hosts_len == 0)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "a node certificate needs at least one host name or address");
    struct certs_options options = *o;
    options.pkcs8 = false;
    return create_signed(&options, "node", "node", "serverAuth,clientAuth", hosts, hosts_len, err);
}

static bool valid_user(const char *user)
{
    if (user[0] == '\0' || strlen(user) > 63 || user[0] == '.' || user[0] == '-')
        return false;
    for (const char *c = user; *c != '\0'; c++)
        if (*c == '/' || (unsigned char)*c <= 0x20)
            return false;
    return true;
}

int certs_create_client(const struct certs_options *o, const char *user, struct err *err)
{
    char name[128];
    if (!valid_user(user))
        return err_set(err, ERR_INVALID_NAME, "username \"%s\" is invalid", user);
    snprintf(name, sizeof name, "client.%s", user);
    return create_signed(o, name, user, "clientAuth", NULL, 0, err);
}

// --- renewal

static int64_t seconds_of(const ASN1_TIME *t)
{
    struct tm when;
    return ASN1_TIME_to_tm(t, &when) == 1 ? (int64_t)timegm(&when) : 0;
}

static int64_t lifetime_of(const X509 *cert)
{
    return seconds_of(X509_get0_notAfter(cert)) - seconds_of(X509_get0_notBefore(cert)) - CLOCK_SKEW_S;
}

static int64_t due_at(const X509 *cert)
{
    static const int64_t margin_max_s = 60 * 24 * 3600;
    int64_t margin_s = lifetime_of(cert) / 5;
    return seconds_of(X509_get0_notAfter(cert)) - (margin_s < margin_max_s ? margin_s : margin_max_s);
}

// The same certificate with another serial number, valid from now on.
static X509 *renewed_cert(X509 *old, const struct signer *ca, int64_t now_s)
{
    X509 *cert = X509_dup(old);
    time_t now = (time_t)now_s, until = (time_t)(now_s + lifetime_of(old));
    bool ok = cert != NULL && set_serial(cert) &&
              X509_time_adj_ex(X509_getm_notBefore(cert), 0, -CLOCK_SKEW_S, &now) != NULL &&
              X509_time_adj_ex(X509_getm_notAfter(cert), 0, 0, &until) != NULL &&
              sign(cert, ca->cert != NULL ? ca->cert : cert, ca->key);
    if (!ok) {
        X509_free(cert);
        return NULL;
    }
    return cert;
}

struct renewal {
    const struct certs_options *options;
    int64_t now_s, next_s;
    size_t renewed;
    bool has_key;
};

static int write_cert(const char *path, X509 *cert, struct err *err)
{
    BIO *bio = BIO_new(BIO_s_mem());
    int rc = PEM_write_bio_X509(bio, cert) == 1 ? 0 : openssl_error(err, "cannot encode the certificate");
    if (rc == 0)
        rc = write_bio(path, bio, 0644, err);
    BIO_free(bio);
    return rc;
}

// `ca` with no certificate: this is the CA's own.
static int renew_file(struct renewal *r, const char *path, const struct signer *ca, struct err *err)
{
    X509 *old = NULL, *cert = NULL;
    TRY(read_cert(path, &old, err));
    bool due = due_at(old) <= r->now_s;
    int rc = 0;
    if (due && !r->has_key)
        log_warning("certificate %s is about to expire, and the CA's key is not here to renew it", path);
    if (due && r->has_key && (cert = renewed_cert(old, ca, r->now_s)) == NULL)
        rc = openssl_error(err, "cannot renew the certificate");
    if (cert != NULL)
        rc = ca->cert == NULL ? write_ca_cert(path, cert, err) : write_cert(path, cert, err);
    if (cert != NULL && rc == 0) {
        r->renewed++;
        log_info("renewed certificate %s", path);
    }
    if (rc == 0 && (cert != NULL || !due))
        r->next_s = MIN(r->next_s, due_at(cert != NULL ? cert : old));
    X509_free(cert);
    X509_free(old);
    return rc;
}

static bool is_leaf(const char *name)
{
    size_t len = strlen(name);
    bool cert = len > 4 && strcmp(name + len - 4, ".crt") == 0;
    return cert && (strcmp(name, "node.crt") == 0 || strncmp(name, "client.", 7) == 0);
}

static int renew_leaves(struct renewal *r, const struct signer *ca, struct err *err)
{
    DIR *dir = opendir(r->options->dir);
    char path[4096];
    int rc = 0;
    if (dir == NULL)
        return file_error(err, "cannot open the directory", r->options->dir);
    for (struct dirent *file; rc == 0 && (file = readdir(dir)) != NULL;) {
        if (!is_leaf(file->d_name))
            continue;
        snprintf(path, sizeof path, "%s/%s", r->options->dir, file->d_name);
        rc = renew_file(r, path, ca, err);
    }
    closedir(dir);
    return rc;
}

int certs_renew(const struct certs_options *o, int64_t now_s, size_t *renewed, int64_t *next_s, struct err *err)
{
    struct renewal r = {.options = o, .now_s = now_s, .next_s = INT64_MAX};
    struct signer ca = {0};
    char path[4096];
    int rc = 0;
    ca_key_path(o, path, sizeof path);
    r.has_key = exists(path);
    if (r.has_key)
        TRY_GOTO(rc, done, read_key(path, &ca.key, err));
    snprintf(path, sizeof path, "%s/ca.crt", o->dir);
    TRY_GOTO(rc, done, renew_file(&r, path, &ca, err)); // first: the others are signed by its new one
    TRY_GOTO(rc, done, read_cert(path, &ca.cert, err));
    if (r.has_key && X509_check_private_key(ca.cert, ca.key) != 1) {
        ERR_clear_error();
        r.has_key = false;
    }
    rc = renew_leaves(&r, &ca, err);
done:
    signer_release(&ca);
    *renewed = r.renewed;
    *next_s = r.next_s;
    return rc;
}

bool certs_present(const char *dir)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/ca.crt", dir);
    if (exists(path))
        return true;
    snprintf(path, sizeof path, "%s/node.crt", dir);
    return exists(path);
}

// --- listing

static void describe_sans(X509 *cert, struct buf *out)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    char address[INET6_ADDRSTRLEN];
    buf_cstr(out, "addresses: ");
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        const ASN1_STRING *text = GENERAL_NAME_get0_value(name, NULL);
        const unsigned char *bytes = ASN1_STRING_get0_data(text);
        int len = ASN1_STRING_length(text);
        if (i > 0)
            buf_putc(out, ',');
        if (name->type == GEN_IPADD && inet_ntop(len == 4 ? AF_INET : AF_INET6, bytes, address, sizeof address) != NULL)
            buf_cstr(out, address);
        else if (name->type == GEN_DNS)
            buf_append(out, bytes, (size_t)len);
    }
    GENERAL_NAMES_free(names);
}

static void set_expiry(struct certs_entry *entry, X509 *cert, struct arena *arena)
{
    struct tm when;
    if (ASN1_TIME_to_tm(X509_get0_notAfter(cert), &when) != 1)
        return;
    entry->expires_s = (int64_t)timegm(&when);
    entry->expires = arena_printf(arena, "%04d/%02d/%02d", when.tm_year + 1900, when.tm_mon + 1, when.tm_mday);
    if (entry->expires_s < (int64_t)time(NULL))
        entry->error = STR("certificate has expired");
}

static int count_certs(const char *path)
{
    FILE *file = fopen(path, "r");
    int n = 0;
    for (X509 *cert; file != NULL && (cert = PEM_read_X509(file, NULL, NULL, NULL)) != NULL; n++)
        X509_free(cert);
    ERR_clear_error();
    if (file != NULL)
        fclose(file);
    return n;
}

static void check_key(struct certs_entry *entry, X509 *cert, const char *dir, struct str base, struct arena *arena)
{
    struct str path = arena_printf(arena, "%s/%.*s.key", dir, STR_FMT(base));
    struct stat st;
    EVP_PKEY *key = NULL;
    if (stat(path.ptr, &st) != 0) {
        entry->error = arena_printf(arena, "%.*s.key: no such file", STR_FMT(base));
        return;
    }
    entry->key_file = arena_printf(arena, "%.*s.key", STR_FMT(base));
    if (st.st_mode & (st.st_uid == 0 ? 037 : 077))
        entry->error = arena_printf(arena, "key file has permissions %03o, more than 0700", st.st_mode & 0777);
    else if (read_key(path.ptr, &key, NULL) != 0 || X509_check_private_key(cert, key) != 1)
        entry->error = STR("key does not match the certificate");
    ERR_clear_error();
    EVP_PKEY_free(key);
}

static struct certs_entry describe_cert(const char *dir, struct str base, struct arena *arena)
{
    struct certs_entry entry = {.usage = STR("Client"),
                                .cert_file = arena_printf(arena, "%.*s.crt", STR_FMT(base)),
                                .key_file = STR_EMPTY,
                                .expires = STR_EMPTY,
                                .notes = STR_EMPTY,
                                .error = STR_EMPTY};
    struct str path = arena_printf(arena, "%s/%.*s.crt", dir, STR_FMT(base));
    struct buf notes = BUF_INIT;
    X509 *cert = NULL;
    bool ca = str_has_prefix(base, STR("ca"));
    if (ca || str_eqc(base, "node"))
        entry.usage = ca ? STR("Certificate Authority") : STR("Node");
    if (read_cert(path.ptr, &cert, NULL) != 0) {
        entry.error = STR("cannot read the certificate");
        return entry;
    }
    if (ca)
        buf_printf(&notes, "num certs: %d", count_certs(path.ptr));
    else if (str_eqc(base, "node"))
        describe_sans(cert, &notes);
    else
        buf_printf(&notes, "user: %.*s", STR_FMT(str_slice(base, strlen("client."), base.len)));
    if (!ca)
        check_key(&entry, cert, dir, base, arena);
    set_expiry(&entry, cert, arena);
    entry.notes = arena_str(arena, buf_view(&notes));
    buf_release(&notes);
    X509_free(cert);
    return entry;
}

static int usage_order(const struct certs_entry *e)
{
    return e->usage.ptr[0] == 'N' ? 1 : str_eqc(e->usage, "Client") ? 2 : 0;
}

static int compare_entries(const void *a, const void *b)
{
    const struct certs_entry *x = a, *y = b;
    int order = usage_order(x) - usage_order(y);
    return order != 0 ? order : str_cmp(x->cert_file, y->cert_file);
}

int certs_list(const char *dir, struct arena *arena, struct certs_entry **out, size_t *out_len, struct err *err)
{
    DIR *handle = opendir(dir);
    if (handle == NULL)
        return file_error(err, "cannot open the certificate directory", dir);
    ARENA_VEC(struct certs_entry) entries = {0};
    for (struct dirent *file; (file = readdir(handle)) != NULL;) {
        struct str name = str_of(file->d_name);
        bool known = str_has_prefix(name, STR("ca")) || str_eqc(name, "node.crt") ||
                     (str_has_prefix(name, STR("client.")) && name.len > strlen("client..crt"));
        if (!known || name.len < 5 || !str_eqc(str_slice(name, name.len - 4, name.len), ".crt"))
            continue;
        struct certs_entry entry = describe_cert(dir, arena_str(arena, str_slice(name, 0, name.len - 4)), arena);
        ARENA_PUSH(arena, &entries, entry);
    }
    closedir(handle);
    if (entries.len > 0)
        qsort(entries.ptr, entries.len, sizeof *entries.ptr, compare_entries);
    *out = entries.ptr;
    *out_len = entries.len;
    return 0;
}
