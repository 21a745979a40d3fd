// Encodings, digests and checksums, and access to single bits and bytes.
#include "sql/functions/functions_int.h"
#include "types/bits.h"
#include "types/text.h"
#include <openssl/evp.h>
#include <openssl/hmac.h>

// ---- encode and decode

static int fault_format(const char *function, struct err *err)
{
    return err_set(err, ERR_INVALID_PARAMETER_VALUE, "only 'hex', 'escape', and 'base64' formats are supported for %s",
                   function);
}

BODY(encode)
{
    struct buf b = {.max = FN_STRING_BYTES_MAX};
    if (str_ieqc(args[1].s, "hex"))
        hex_encode(&b, args[0].s);
    else if (str_ieqc(args[1].s, "base64"))
        base64_encode(&b, args[0].s);
    else if (str_ieqc(args[1].s, "escape"))
        bytes_print(&b, args[0].s, BYTEA_OUTPUT_ESCAPE);
    else
        return fault_format("encode()", err);
    return fn_return_buf(ec, &b, out, err);
}

static int fault_decode(struct buf *b, const char *format, struct err *err)
{
    buf_release(b);
    return err_set(err, ERR_INVALID_PARAMETER_VALUE, "invalid %s input", format);
}

// As mail and PostgreSQL's encode() break lines.
static struct str without_blanks(struct arena *a, struct str text)
{
    char *kept = arena_alloc(a, text.len + 1);
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (strchr(" \t\r\n", text.ptr[i]) == NULL || text.ptr[i] == '\0')
            kept[n++] = text.ptr[i];
    }
    return (struct str){kept, n};
}

BODY(decode)
{
    struct buf b = {.max = FN_STRING_BYTES_MAX};
    if (str_ieqc(args[1].s, "hex")) {
        if (!hex_decode(&b, args[0].s))
            return fault_decode(&b, "hex", err);
    } else if (str_ieqc(args[1].s, "base64")) {
        if (!base64_decode(&b, without_blanks(ec->arena, args[0].s)))
            return fault_decode(&b, "base64", err);
    } else if (str_ieqc(args[1].s, "escape")) {
        struct str bytes;
        TRY(bytes_parse(ec->arena, args[0].s, &bytes, err));
        return fn_return_str(out, bytes);
    } else {
        return fault_format("decode()", err);
    }
    return fn_return_buf(ec, &b, out, err);
}

static int check_utf8_name(struct str name, struct err *err)
{
    if (str_ieqc(name, "utf8") || str_ieqc(name, "utf-8") || str_ieqc(name, "unicode"))
        return 0;
    return err_set(err, ERR_INVALID_PARAMETER_VALUE, "unsupported encoding: %.*s", STR_FMT(name));
}

static bool is_latin1_name(struct str name)
{
    return str_ieqc(name, "latin1") || str_ieqc(name, "latin-1") || str_ieqc(name, "iso88591") ||
           str_ieqc(name, "iso-8859-1");
}

BODY(convert_from)
{
    if (is_latin1_name(args[1].s)) {
        struct buf b = {.max = FN_STRING_BYTES_MAX};
        for (size_t i = 0; i < args[0].s.len; i++)
            utf8_put(&b, (uint8_t)args[0].s.ptr[i]);
        return fn_return_buf(ec, &b, out, err);
    }
    TRY(check_utf8_name(args[1].s, err));
    if (!utf8_valid(args[0].s))
        return err_set(err, ERR_CHARACTER_NOT_IN_REPERTOIRE, "invalid byte sequence for encoding \"UTF8\"");
    return fn_return_str(out, args[0].s);
}

BODY(convert_to)
{
    if (!is_latin1_name(args[1].s)) {
        TRY(check_utf8_name(args[1].s, err));
        return fn_return_str(out, args[0].s);
    }
    struct buf b = {.max = FN_STRING_BYTES_MAX};
    for (size_t at = 0; at < args[0].s.len;) {
        int32_t c = utf8_next(args[0].s, &at);
        if (c < 0 || c > 0xFF) {
            buf_release(&b);
            return err_set(err, ERR_UNTRANSLATABLE_CHARACTER,
                           "character U+%04X has no equivalent in encoding \"LATIN1\"", (unsigned)c);
        }
        buf_putc(&b, (char)c);
    }
    return fn_return_buf(ec, &b, out, err);
}

// ---- digests: of the concatenation of the arguments that are not NULL; NULL when all are

static bool concatenated(const struct datum *args, int n_args, struct buf *b)
{
    bool any = false;
    for (int i = 0; i < n_args; i++) {
        any |= !args[i].null;
        if (!args[i].null)
            buf_str(b, args[i].s);
    }
    return any;
}

static int digest_hex(struct eval_context *ec, const struct datum *args, int n_args, const EVP_MD *algorithm,
                      struct datum *out, struct err *err)
{
    struct buf input = BUF_INIT, text = BUF_INIT;
    uint8_t hash[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    bool any = concatenated(args, n_args, &input);
    EVP_Digest(buf_view(&input).ptr, input.len, hash, &len, algorithm, NULL);
    buf_release(&input);
    if (!any)
        return fn_return_null(out);
    hex_encode(&text, (struct str){(const char *)hash, len});
    return fn_return_buf(ec, &text, out, err);
}

#define DIGEST(name, algorithm)                                   \
    BODY(name)                                                    \
    {                                                             \
        return digest_hex(ec, args, n_args, algorithm, out, err); \
    }
DIGEST(md5, EVP_md5())
DIGEST(sha1, EVP_sha1())
DIGEST(sha224, EVP_sha224())
DIGEST(sha256, EVP_sha256())
DIGEST(sha384, EVP_sha384())
DIGEST(sha512, EVP_sha512())

static int find_digest(struct str name, const EVP_MD **out, struct err *err)
{
    static const char *const known[] = {"md5", "sha1", "sha224", "sha256", "sha384", "sha512"};
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (str_ieqc(name, known[i])) {
            *out = EVP_get_digestbyname(known[i]);
            return 0;
        }
    }
    return err_set(err, ERR_INVALID_PARAMETER_VALUE, "cannot use \"%.*s\", no such hash algorithm", STR_FMT(name));
}

BODY(digest)
{
    const EVP_MD *algorithm;
    uint8_t hash[EVP_MAX_MD_SIZE];
    unsigned len;
    TRY(find_digest(args[1].s, &algorithm, err));
    EVP_Digest(args[0].s.ptr, args[0].s.len, hash, &len, algorithm, NULL);
    return fn_return_str(out, arena_str(ec->arena, (struct str){(const char *)hash, len}));
}

BODY(hmac)
{
    const EVP_MD *algorithm;
    uint8_t hash[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    TRY(find_digest(args[2].s, &algorithm, err));
    HMAC(algorithm, args[1].s.ptr, (int)args[1].s.len, (const uint8_t *)args[0].s.ptr, args[0].s.len, hash, &len);
    return fn_return_str(out, arena_str(ec->arena, (struct str){(const char *)hash, len}));
}

// ---- checksums

static uint32_t fnv32(struct str s, bool xor_first)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < s.len; i++)
        h = xor_first ? (h ^ (uint8_t)s.ptr[i]) * 16777619u : h * 16777619u ^ (uint8_t)s.ptr[i];
    return h;
}
static uint64_t fnv64(struct str s, bool xor_first)
{
    uint64_t h = 14695981039346656037u;
    for (size_t i = 0; i < s.len; i++)
        h = xor_first ? (h ^ (uint8_t)s.ptr[i]) * 1099511628211u : h * 1099511628211u ^ (uint8_t)s.ptr[i];
    return h;
}
static uint32_t crc32_ieee(struct str s)
{
    uint32_t crc = ~0u;
    for (size_t i = 0; i < s.len; i++) {
        crc ^= (uint8_t)s.ptr[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
    }
    return ~crc;
}

#define CHECKSUM(name, expr)                                        \
    BODY(name)                                                      \
    {                                                               \
        struct buf b = BUF_INIT;                                    \
        bool any = concatenated(args, n_args, &b);                  \
        struct str s = buf_view(&b);                                \
        int64_t sum = (int64_t)(expr);                              \
        buf_release(&b);                                            \
        return any ? fn_return_int(out, sum) : fn_return_null(out); \
    }
CHECKSUM(fn_fnv32, fnv32(s, false))
CHECKSUM(fn_fnv32a, fnv32(s, true))
CHECKSUM(fn_fnv64, fnv64(s, false))
CHECKSUM(fn_fnv64a, fnv64(s, true))
CHECKSUM(fn_crc32ieee, crc32_ieee(s))
CHECKSUM(fn_crc32c, crc32c(0, s.ptr, s.len))

// ---- single bits and bytes

static int check_index(int64_t i, size_t n, const char *what, struct err *err)
{
    if (i >= 0 && (size_t)i < n)
        return 0;
    return err_set(err, ERR_ARRAY_SUBSCRIPT_ERROR, "%s index %lld out of valid range (0..%lld)", what, (long long)i,
                   (long long)n - 1);
}

static int check_bit(int64_t v, struct err *err)
{
    return v == 0 || v == 1 ? 0 : err_set(err, ERR_INVALID_PARAMETER_VALUE, "new bit must be 0 or 1");
}

// Bit 0 is the lowest of the first byte.
BODY(bytes_get_bit)
{
    TRY(check_index(args[1].i, args[0].s.len * 8, "bit", err));
    return fn_return_int(out, (uint8_t)args[0].s.ptr[args[1].i / 8] >> args[1].i % 8 & 1);
}
BODY(bytes_set_bit)
{
    TRY(check_index(args[1].i, args[0].s.len * 8, "bit", err));
    TRY(check_bit(args[2].i, err));
    char *copy = arena_dup(ec->arena, args[0].s.ptr, args[0].s.len);
    uint8_t bit = (uint8_t)(1 << args[1].i % 8);
    uint8_t old = (uint8_t)copy[args[1].i / 8];
    copy[args[1].i / 8] = (char)(args[2].i ? old | bit : old & ~bit);
    return fn_return_str(out, (struct str){copy, args[0].s.len});
}
BODY(get_byte)
{
    TRY(check_index(args[1].i, args[0].s.len, "byte", err));
    return fn_return_int(out, (uint8_t)args[0].s.ptr[args[1].i]);
}
BODY(set_byte)
{
    TRY(check_index(args[1].i, args[0].s.len, "byte", err));
    char *copy = arena_dup(ec->arena, args[0].s.ptr, args[0].s.len);
    copy[args[1].i] = (char)args[2].i;
    return fn_return_str(out, (struct str){copy, args[0].s.len});
}
BODY(bytes_bit_count)
{
    int64_t count = 0;
    for (size_t i = 0; i < args[0].s.len; i++)
        count += __builtin_popcount((uint8_t)args[0].s.ptr[i]);
    return fn_return_int(out, count);
}

BODY(bits_get_bit)
{
    TRY(check_index(args[1].i, bits_count(args[0].s), "bit", err));
    return fn_return_int(out, bits_get(args[0].s, (uint32_t)args[1].i));
}
BODY(bits_set_bit)
{
    TRY(check_index(args[1].i, bits_count(args[0].s), "bit", err));
    TRY(check_bit(args[2].i, err));
    struct str copy = arena_str(ec->arena, args[0].s);
    bits_put(copy, (uint32_t)args[1].i, args[2].i != 0);
    return fn_return_str(out, copy);
}
BODY(bits_bit_count)
{
    int64_t count = 0;
    for (uint32_t i = 0; i < bits_count(args[0].s); i++)
        count += bits_get(args[0].s, i);
    return fn_return_int(out, count);
}

// ---- bitwise operators of bit strings

static int combine_bits(struct eval_context *ec, const struct datum *args, const char *name, int table,
                        struct datum *out, struct err *err)
{
    uint32_t n = bits_count(args[0].s);
    if (n != bits_count(args[1].s))
        return err_set(err, ERR_STRING_DATA_LENGTH_MISMATCH, "cannot %s bit strings of different sizes", name);
    struct str result = bits_new(ec->arena, n);
    for (uint32_t i = 0; i < n; i++) // table: result for (0,0), (0,1), (1,0), (1,1)
        bits_put(result, i, table >> (bits_get(args[0].s, i) * 2 + bits_get(args[1].s, i)) & 1);
    return fn_return_str(out, result);
}
BODY(bits_and)
{
    return combine_bits(ec, args, "AND", 0x8, out, err);
}
BODY(bits_or)
{
    return combine_bits(ec, args, "OR", 0xE, out, err);
}
BODY(bits_xor)
{
    return combine_bits(ec, args, "XOR", 0x6, out, err);
}
BODY(bits_not)
{
    uint32_t n = bits_count(args[0].s);
    struct str result = bits_new(ec->arena, n);
    for (uint32_t i = 0; i < n; i++)
        bits_put(result, i, !bits_get(args[0].s, i));
    return fn_return_str(out, result);
}

// Moves bits left by `by` (right when negative), filling with zeros.
static int shift_bits(struct eval_context *ec, struct str bits, int64_t by, struct datum *out)
{
    uint32_t n = bits_count(bits);
    struct str result = bits_new(ec->arena, n);
    for (int64_t i = 0; i < n; i++) {
        int64_t from;
        if (!__builtin_add_overflow(i, by, &from) && from >= 0 && from < n)
            bits_put(result, (uint32_t)i, bits_get(bits, (uint32_t)from));
    }
    return fn_return_str(out, result);
}
BODY(bits_shift_left)
{
    return shift_bits(ec, args[0].s, args[1].i, out);
}
BODY(bits_shift_right)
{
    return shift_bits(ec, args[0].s, args[1].i == INT64_MIN ? INT64_MAX : -args[1].i, out);
}

BODY(bits_position)
{
    uint32_t n = bits_count(args[0].s), m = bits_count(args[1].s);
    for (uint32_t at = 0; n > 0 && m <= n && at <= n - m; at++) {
        uint32_t same = 0;
        while (same < m && bits_get(args[0].s, at + same) == bits_get(args[1].s, same))
            same++;
        if (same == m)
            return fn_return_int(out, (int64_t)at + 1);
    }
    return fn_return_int(out, 0);
}

BODY(bytes_reverse)
{
    struct str s = args[0].s;
    char *p = arena_alloc(ec->arena, s.len);
    for (size_t i = 0; i < s.len; i++)
        p[i] = s.ptr[s.len - 1 - i];
    return fn_return_str(out, (struct str){p, s.len});
}

static const struct fn_row rows[] = {
#include "sql/functions/bytes.def"
};
const struct fn_family fn_family_bytes = {"STRING AND BYTE", rows, ARRAY_LEN(rows)};
