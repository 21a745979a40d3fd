// palmetto cert: certificates for servers and clients.
#include "cli/format_int.h"
#include "cli/verb_int.h"
#include "base/err.h"
#include "server/certs.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_BITS_DEFAULT 2048

static struct certs_options options = {.key_kind = CERTS_KEY_KIND_RSA};
static int64_t lifetime_ns, key_bits = KEY_BITS_DEFAULT;

#define CERTS_DIR_FLAG                                                                    \
    {                                                                                     \
        "certs-dir", 0, FLAG_KIND_STRING, &options.dir, "<path>",                         \
            "directory of certificates and keys (default ~/.palmetto-certs)", "CERTS_DIR" \
    }
#define CREATE_FLAGS                                                                                               \
    CERTS_DIR_FLAG,                                                                                                \
        {"ca-key", 0, FLAG_KIND_STRING, &options.ca_key, "<path>", "the CA's key (default ca.key in --certs-dir)", \
         "CA_KEY"},                                                                                                \
        {"key-size", 0, FLAG_KIND_INT, &key_bits, "<bits>", "size of the RSA key (default 2048)"},                 \
        {"lifetime", 0, FLAG_KIND_DURATION, &lifetime_ns, "<duration>", "how long the certificate is valid"},      \
    {                                                                                                              \
        "overwrite", 0, FLAG_KIND_BOOL, &options.overwrite, NULL, "replace existing files"                         \
    }

static int complete_options(struct err *err)
{
    const char *home = getenv("HOME");
    static char default_dir[4096];
    if (options.dir == NULL) {
        snprintf(default_dir, sizeof default_dir, "%s/.palmetto-certs", home != NULL ? home : ".");
        options.dir = default_dir;
    }
    if (lifetime_ns < 0)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "invalid argument for \"--lifetime\" flag: must be positive");
    if (key_bits < 2048 || key_bits > 16384)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE,
                       "invalid argument \"%lld\" for \"--key-size\" flag: must be from 2048 to 16384",
                       (long long)key_bits);
    options.lifetime_s = lifetime_ns / 1000000000;
    options.rsa_bits = (int)key_bits;
    return 0;
}

static int run_create_ca(const struct cli_args *args, struct err *err)
{
    return complete_options(err) != 0 || certs_create_ca(&options, err) != 0 ? EXIT_STATUS_ERROR : 0;
}

static int run_create_node(const struct cli_args *args, struct err *err)
{
    bool failed = complete_options(err) != 0 || certs_create_node(&options, args->items, args->len, err) != 0;
    return failed ? EXIT_STATUS_ERROR : 0;
}

static int run_create_client(const struct cli_args *args, struct err *err)
{
    return complete_options(err) != 0 || certs_create_client(&options, args->items[0], err) != 0 ? EXIT_STATUS_ERROR
                                                                                                 : 0;
}

static int run_list(const struct cli_args *args, struct err *err)
{
    static const struct display_column columns[] = {
        {{"Usage", 5}, COLUMN_ALIGN_LEFT},    {{"Certificate File", 16}, COLUMN_ALIGN_LEFT},
        {{"Key File", 8}, COLUMN_ALIGN_LEFT}, {{"Expires", 7}, COLUMN_ALIGN_LEFT},
        {{"Notes", 5}, COLUMN_ALIGN_LEFT},    {{"Error", 5}, COLUMN_ALIGN_LEFT},
    };
    struct arena arena;
    struct certs_entry *entries;
    size_t n;
    arena_init(&arena, NULL);
    if (complete_options(err) != 0 || certs_list(options.dir, &arena, &entries, &n, err) != 0) {
        arena_release(&arena);
        return EXIT_STATUS_ERROR;
    }
    printf("Certificate directory: %s\n", options.dir);
    struct formatter *f = formatter_begin(&arena, stdout, DISPLAY_FORMAT_TABLE, 2, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < n; i++) {
        const struct certs_entry *e = &entries[i];
        struct str row[] = {e->usage, e->cert_file, e->key_file, e->expires, e->notes, e->error};
        formatter_row(f, row);
    }
    formatter_end(f);
    arena_release(&arena);
    return 0;
}

static const struct flag ca_flags[] = {
    CREATE_FLAGS,
    {"allow-ca-key-reuse", 0, FLAG_KIND_BOOL, &options.ca_key_reuse, NULL, "use a CA key that exists already"},
};
static const struct flag node_flags[] = {CREATE_FLAGS};
static const struct flag client_flags[] = {
    CREATE_FLAGS,
    {"also-generate-pkcs8-key", 0, FLAG_KIND_BOOL, &options.pkcs8, NULL,
     "also write the key in PKCS #8 form, as JDBC wants it"},
};
static const struct flag list_flags[] = {CERTS_DIR_FLAG};

const struct verb verb_cert_create_ca = {
    .name = "cert create-ca",
    .arguments = "",
    .summary = "create a certificate authority",
    .description = "Creates a CA: its key, and its certificate ca.crt in the certificate directory.",
    .flags = ca_flags,
    .flags_len = ARRAY_LEN(ca_flags),
    .args_max = 0,
    .run = run_create_ca,
};
const struct verb verb_cert_create_node = {
    .name = "cert create-node",
    .arguments = "<host> ...",
    .summary = "create the certificate of a server",
    .description = "Creates node.crt and node.key for a server that clients reach by the given names and addresses.",
    .flags = node_flags,
    .flags_len = ARRAY_LEN(node_flags),
    .args_min = 1,
    .args_max = -1,
    .run = run_create_node,
};
const struct verb verb_cert_create_client = {
    .name = "cert create-client",
    .arguments = "<user>",
    .summary = "create the certificate of a SQL user",
    .description = "Creates client.<user>.crt and client.<user>.key, with which the user logs in without a password.",
    .flags = client_flags,
    .flags_len = ARRAY_LEN(client_flags),
    .args_min = 1,
    .args_max = 1,
    .run = run_create_client,
};
const struct verb verb_cert_list = {
    .name = "cert list",
    .arguments = "",
    .summary = "list the certificates of a directory",
    .description = "Lists the certificates of a directory with their use, expiry and errors.",
    .flags = list_flags,
    .flags_len = ARRAY_LEN(list_flags),
    .args_max = 0,
    .run = run_list,
};
