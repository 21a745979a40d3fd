// Generators of identifiers: UUIDs (RFC 9562), ULIDs, row ids.
#include "sql/functions/functions_int.h"
#include "catalog/catalog.h"
#include "types/text.h"
#include <openssl/evp.h>

enum { UUID_BYTES = 16 };

// Kernel random bytes, fetched in blocks per thread: one system call serves 256 UUIDs. Bytes are used once.
static void random_bytes(void *out, size_t n)
{
    static _Thread_local uint8_t pool[4096];
    static _Thread_local size_t left;
    if (n > sizeof(pool)) {
        secure_random(out, n);
        return;
    }
    if (left < n) {
        secure_random(pool, sizeof(pool));
        left = sizeof(pool);
    }
    left -= n;
    memcpy(out, pool + left, n);
    memset(pool + left, 0, n);
}

static void stamp_uuid(uint8_t uuid[UUID_BYTES], int version)
{
    uuid[6] = (uint8_t)((uuid[6] & 0x0F) | version << 4);
    uuid[8] = (uint8_t)((uuid[8] & 0x3F) | 0x80);
}

static void random_uuid(uint8_t uuid[UUID_BYTES])
{
    random_bytes(uuid, UUID_BYTES);
    stamp_uuid(uuid, 4);
}

BODY(gen_random_uuid)
{
    char *uuid = arena_alloc(ec->arena, UUID_BYTES);
    random_uuid((uint8_t *)uuid);
    return fn_return_str(out, (struct str){uuid, UUID_BYTES});
}

KERNEL(gen_random_uuid_v)
{
    char *uuids = arena_alloc(ec->arena, (size_t)n * UUID_BYTES);
    for (uint32_t k = 0; k < n; k++) {
        char *uuid = uuids + (size_t)k * UUID_BYTES;
        random_uuid((uint8_t *)uuid);
        out->s[sel != NULL ? sel[k] : k] = (struct str){uuid, UUID_BYTES};
    }
    return 0;
}

static int return_uuid(struct eval_context *ec, const uint8_t uuid[UUID_BYTES], struct datum *out)
{
    return fn_return_str(out, arena_str(ec->arena, (struct str){(const char *)uuid, UUID_BYTES}));
}

// Version 1: 100 ns intervals since 1582, a clock sequence and a node number, both random (multicast bit set).
BODY(uuid_v1)
{
    uint64_t ticks = (uint64_t)(clock_wall_ns() / 100) + 0x01B21DD213814000u;
    uint8_t uuid[UUID_BYTES];
    random_bytes(uuid + 8, 8);
    store_be32(uuid, (uint32_t)ticks);
    store_be16(uuid + 4, (uint16_t)(ticks >> 32));
    store_be16(uuid + 6, (uint16_t)(ticks >> 48));
    uuid[10] |= 1;
    stamp_uuid(uuid, 1);
    return return_uuid(ec, uuid, out);
}

static int named_uuid(struct eval_context *ec, const struct datum *args, const EVP_MD *digest, int version,
                      struct datum *out)
{
    uint8_t hash[EVP_MAX_MD_SIZE];
    struct buf b = BUF_INIT;
    buf_str(&b, args[0].s);
    buf_str(&b, args[1].s);
    EVP_Digest(b.ptr, b.len, hash, NULL, digest, NULL);
    buf_release(&b);
    stamp_uuid(hash, version);
    return return_uuid(ec, hash, out);
}
BODY(uuid_v3)
{
    return named_uuid(ec, args, EVP_md5(), 3, out);
}
BODY(uuid_v5)
{
    return named_uuid(ec, args, EVP_sha1(), 5, out);
}

// RFC 9562 appendix: the name spaces differ in one byte.
static int name_space(struct eval_context *ec, uint8_t which, struct datum *out)
{
    uint8_t uuid[UUID_BYTES] = {0x6b, 0xa7, 0xb8, which, 0x9d, 0xad, 0x11, 0xd1,
                                0x80, 0xb4, 0x00, 0xc0,  0x4f, 0xd4, 0x30, 0xc8};
    return return_uuid(ec, uuid, out);
}
BODY(uuid_ns_dns)
{
    return name_space(ec, 0x10, out);
}
BODY(uuid_ns_url)
{
    return name_space(ec, 0x11, out);
}
BODY(uuid_ns_oid)
{
    return name_space(ec, 0x12, out);
}
BODY(uuid_ns_x500)
{
    return name_space(ec, 0x14, out);
}
BODY(uuid_nil)
{
    static const uint8_t nil[UUID_BYTES];
    return return_uuid(ec, nil, out);
}

BODY(uuid_v4_bytes)
{
    return gen_random_uuid(ec, args, n_args, out, err);
}
BODY(to_uuid)
{
    uint8_t uuid[UUID_BYTES];
    if (!uuid_parse(args[0].s, uuid))
        return err_set(err, ERR_INVALID_TEXT_REPRESENTATION, "could not parse \"%.*s\" as type uuid",
                       STR_FMT(args[0].s));
    return return_uuid(ec, uuid, out);
}
BODY(from_uuid)
{
    if (args[0].s.len != UUID_BYTES)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "uuid: UUID must be exactly 16 bytes long, got %zu bytes",
                       args[0].s.len);
    struct buf b = BUF_INIT;
    uuid_print(&b, (const uint8_t *)args[0].s.ptr);
    return fn_return_buf(ec, &b, out, err);
}

// ---- ULID: 48 bits of milliseconds, 80 random bits; text is Crockford's base 32

static const char ulid_digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
enum { ULID_TEXT = 26 };

BODY(gen_random_ulid)
{
    uint8_t uuid[UUID_BYTES];
    uint64_t millis = (uint64_t)(clock_wall_ns() / 1000000);
    random_bytes(uuid + 6, 10);
    store_be16(uuid, (uint16_t)(millis >> 32));
    store_be32(uuid + 2, (uint32_t)millis);
    return return_uuid(ec, uuid, out);
}

BODY(uuid_to_ulid)
{
    unsigned __int128 v = (unsigned __int128)load_be64(args[0].s.ptr) << 64 | load_be64(args[0].s.ptr + 8);
    char *text = arena_alloc(ec->arena, ULID_TEXT);
    for (int i = ULID_TEXT - 1; i >= 0; i--, v >>= 5)
        text[i] = ulid_digits[(unsigned)v & 31];
    return fn_return_str(out, (struct str){text, ULID_TEXT});
}

BODY(ulid_to_uuid)
{
    unsigned __int128 v = 0;
    struct str s = args[0].s;
    bool ok = s.len == ULID_TEXT && s.ptr[0] <= '7';
    for (size_t i = 0; ok && i < s.len; i++) {
        char c = s.ptr[i] >= 'a' && s.ptr[i] <= 'z' ? (char)(s.ptr[i] - 32) : s.ptr[i];
        const char *digit = c == '\0' ? NULL : strchr(ulid_digits, c);
        ok = digit != NULL;
        v = v << 5 | (unsigned __int128)(ok ? digit - ulid_digits : 0);
    }
    if (!ok)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "ulid: bad data size when unmarshaling");
    uint8_t uuid[UUID_BYTES];
    store_be64(uuid, (uint64_t)(v >> 64));
    store_be64(uuid + 8, (uint64_t)v);
    return return_uuid(ec, uuid, out);
}

// ---- row ids

BODY(unique_rowid)
{
    return fn_return_int(out, cat_unique_rowid());
}
KERNEL(unique_rowid_v)
{
    for (uint32_t k = 0; k < n; k++)
        out->i[sel != NULL ? sel[k] : k] = cat_unique_rowid();
    return 0;
}

// The same number with its time bits reversed, so that neighbours in time are far apart.
BODY(unordered_unique_rowid)
{
    uint64_t id = (uint64_t)cat_unique_rowid(), time = id >> 15, reversed = 0;
    for (int i = 0; i < 48; i++)
        reversed |= (time >> i & 1) << (47 - i);
    return fn_return_int(out, (int64_t)(reversed << 15 | (id & 0x7FFF)));
}

BODY(gen_random_bytes)
{
    if (args[0].i < 1 || args[0].i > 1024)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "length %lld is outside the range [1, 1024]",
                       (long long)args[0].i);
    char *bytes = arena_alloc(ec->arena, (size_t)args[0].i);
    random_bytes(bytes, (size_t)args[0].i);
    return fn_return_str(out, (struct str){bytes, (size_t)args[0].i});
}

static const struct fn_row rows[] = {
#include "sql/functions/ids.def"
};
const struct fn_family fn_family_ids = {"ID GENERATION", rows, ARRAY_LEN(rows)};
