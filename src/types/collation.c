#include "types/collation.h"
#include "types/types_int.h"
#include "base/util.h"
#include <pthread.h>
#include <stdio.h>
#include <strings.h>
#include <unicode/ucol.h>
#include <unicode/uloc.h>
#include <unicode/ustring.h>

enum { COLLATIONS_MAX = 1024, NAME_BYTES_MAX = COLLATION_NAME_BYTES_MAX };

struct collation {
    char name[NAME_BYTES_MAX];
    char type_name[NAME_BYTES_MAX + 20];
    char version[48];
    uint32_t oid;
    UCollator *collator; // ICU's are safe to read from many threads
};

// Number 0 is none, 1 is CITEXT's, which is opened at its first use. An entry is whole before its number leaves the
// lock.
static struct collation collations[COLLATIONS_MAX] = {
    [TYPE_COLLATION_CITEXT] = {.name = "und_u_ks_level2", .type_name = "collatedstring{und_u_ks_level2}"}};
static int16_t n_collations = TYPE_COLLATION_CITEXT + 1;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

bool collation_is_plain(struct str name)
{
    return str_ieqc(name, "default") || str_ieqc(name, "C") || str_ieqc(name, "POSIX") || str_ieqc(name, "C.UTF-8") ||
           str_ieqc(name, "pg_catalog.default");
}

// ---- names

static int malformed(struct str name, struct err *err)
{
    return err_set(err, ERR_INVALID_PARAMETER_VALUE, "invalid locale %.*s: language: tag is not well-formed",
                   STR_FMT(name));
}

static bool print_name(const char *locale, char *sql_name)
{
    UErrorCode status = U_ZERO_ERROR;
    uloc_toLanguageTag(locale, sql_name, NAME_BYTES_MAX, false, &status);
    for (char *c = sql_name; U_SUCCESS(status) && *c != '\0'; c++)
        *c = *c == '-' ? '_' : *c;
    return U_SUCCESS(status) && status != U_STRING_NOT_TERMINATED_WARNING;
}

// The tag in ICU's form, and the name that SQL has for it.
static int read_name(struct str name, char *locale, char *sql_name, struct err *err)
{
    char tag[NAME_BYTES_MAX];
    int32_t parsed = 0;
    UErrorCode status = U_ZERO_ERROR;
    if (name.len == 0 || name.len >= sizeof(tag) || memchr(name.ptr, '\0', name.len) != NULL)
        return malformed(name, err);
    for (size_t i = 0; i < name.len; i++)
        tag[i] = name.ptr[i] == '_' ? '-' : name.ptr[i];
    tag[name.len] = '\0';
    uloc_forLanguageTag(tag, locale, NAME_BYTES_MAX, &parsed, &status);
    if (U_FAILURE(status) || status == U_STRING_NOT_TERMINATED_WARNING || (size_t)parsed != name.len)
        return malformed(name, err);
    const char *iso = uloc_getISO3Language(locale);
    bool undetermined = strncasecmp(tag, "und", 3) == 0 && (tag[3] == '-' || tag[3] == '\0');
    if (iso[0] == '\0' && !undetermined)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE,
                       "invalid locale %.*s: language: subtag \"%.*s\" is well-formed but unknown", STR_FMT(name),
                       (int)strcspn(tag, "-"), tag);
    return print_name(locale, sql_name) ? 0 : malformed(name, err);
}

static uint32_t oid_of(const char *name)
{
    uint32_t h = 2166136261u; // FNV-1a: the same in every process
    for (const char *c = name; *c != '\0'; c++)
        h = (h ^ (uint8_t)*c) * 16777619u;
    return h >> 1 | 0x40000000u; // above all other OIDs
}

static int open_collation(struct collation *c, const char *locale, const char *name, struct err *err)
{
    UErrorCode status = U_ZERO_ERROR;
    UVersionInfo version;
    c->collator = ucol_open(locale, &status);
    if (U_FAILURE(status))
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "invalid locale %s: %s", name, u_errorName(status));
    ucol_getVersion(c->collator, version);
    snprintf(c->version, sizeof(c->version), "%u.%u.%u.%u", version[0], version[1], version[2], version[3]);
    snprintf(c->name, sizeof(c->name), "%s", name);
    snprintf(c->type_name, sizeof(c->type_name), "collatedstring{%s}", name);
    c->oid = oid_of(name);
    return 0;
}

static void open_citext(void)
{
    struct collation *c = &collations[TYPE_COLLATION_CITEXT];
    INVARIANT(open_collation(c, "und-u-ks-level2", "und_u_ks_level2", NULL) == 0);
}

static const struct collation *opened(int16_t collation)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    if (collation == TYPE_COLLATION_CITEXT)
        pthread_once(&once, open_citext);
    return &collations[collation];
}

int collation_find(struct str name, int16_t *out, struct err *err)
{
    char locale[NAME_BYTES_MAX], sql_name[NAME_BYTES_MAX];
    TRY(read_name(name, locale, sql_name, err));
    int rc = 0;
    pthread_mutex_lock(&lock);
    *out = 1;
    while (*out < n_collations && strcmp(collations[*out].name, sql_name) != 0)
        ++*out;
    if (*out == COLLATIONS_MAX)
        rc = err_set(err, ERR_PROGRAM_LIMIT_EXCEEDED, "more than %d collations in use", COLLATIONS_MAX - 1);
    else if (*out == n_collations) {
        rc = open_collation(&collations[*out], locale, sql_name, err);
        n_collations += rc == 0;
    }
    pthread_mutex_unlock(&lock);
    return rc;
}

const char *collation_name(int16_t collation)
{
    return collations[collation].name;
}
const char *collation_type_name(int16_t collation)
{
    return collation > 0 ? collations[collation].type_name : "collatedstring";
}
const char *collation_version(int16_t collation)
{
    return opened(collation)->version;
}
uint32_t collation_oid(int16_t collation)
{
    return opened(collation)->oid;
}

static bool is_available(const char *name)
{
    char other[NAME_BYTES_MAX];
    for (int32_t i = 0; i < ucol_countAvailable(); i++) {
        if (print_name(ucol_getAvailable(i), other) && strcmp(other, name) == 0)
            return true;
    }
    return false;
}

bool collation_next(size_t *at, char name[NAME_BYTES_MAX], uint32_t *oid)
{
    size_t available = (size_t)ucol_countAvailable();
    bool found = false;
    for (; !found && *at < available; ++*at)
        found = print_name(ucol_getAvailable((int32_t)*at), name);
    pthread_mutex_lock(&lock);
    for (; !found && *at - available + 1 < (size_t)n_collations; ++*at) {
        snprintf(name, NAME_BYTES_MAX, "%s", collations[*at - available + 1].name);
        found = !is_available(name);
    }
    pthread_mutex_unlock(&lock);
    *oid = found ? oid_of(name) : 0;
    return found;
}

struct type type_collated(struct type t, int16_t collation)
{
    if (t.family == TYPE_ARRAY)
        t.element = TYPE_COLLATED;
    else
        t.family = TYPE_COLLATED;
    t.scale = collation;
    return t;
}

// ---- order

int collation_compare(int16_t collation, struct str a, struct str b)
{
    UErrorCode status = U_ZERO_ERROR;
    if (str_eq(a, b))
        return 0;
    UCollationResult r =
        ucol_strcollUTF8(opened(collation)->collator, a.ptr, (int32_t)a.len, b.ptr, (int32_t)b.len, &status);
    return U_FAILURE(status) ? str_cmp(a, b) : r == UCOL_LESS ? -1 : r == UCOL_GREATER;
}

void collation_key(int16_t collation, struct str s, struct buf *out)
{
    UChar local[256], *text = local;
    UErrorCode status = U_ZERO_ERROR;
    int32_t len = 0;
    if (s.len > ARRAY_LEN(local)) // never more units than bytes
        text = mem_alloc(size_mul(s.len, sizeof(UChar)));
    u_strFromUTF8WithSub(text, (int32_t)MAX(s.len, ARRAY_LEN(local)), &len, s.ptr, (int32_t)s.len, 0xFFFD, NULL,
                         &status);
    int32_t room = len * 4 + 16;
    for (;;) {
        if (!buf_reserve(out, (size_t)room))
            break;
        int32_t need = ucol_getSortKey(opened(collation)->collator, text, len, (uint8_t *)out->ptr + out->len, room);
        if (need <= room) {
            out->len += need > 0 ? (size_t)need - 1 : 0; // without the NUL behind it
            break;
        }
        room = need;
    }
    if (text != local)
        mem_free(text);
}

// ---- the family: values are the strings themselves

int collated_parse_datum(struct arena *a, struct type t, struct str text, const struct value_context *vc,
                         struct datum *out, struct err *err)
{
    return string_parse_datum(a, t, text, vc, out, err);
}

void collated_print_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    string_print_datum(out, t, d, vc);
}

int collated_from_binary_datum(struct arena *a, struct type t, struct str bytes, struct datum *out, struct err *err)
{
    return string_from_binary_datum(a, t, bytes, out, err);
}

void collated_to_binary_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    string_to_binary_datum(out, t, d, vc);
}

int collated_compare_datum(struct type t, const struct datum *a, const struct datum *b)
{
    return collation_compare(t.scale, a->s, b->s);
}

uint64_t collated_hash_datum(struct type t, const struct datum *d, uint64_t seed)
{
    struct buf key = BUF_INIT;
    collation_key(t.scale, d->s, &key);
    uint64_t h = hash_bytes(key.ptr, key.len, seed);
    buf_release(&key);
    return h;
}
