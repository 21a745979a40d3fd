// TID: text "(0,7)" or "(x1a2b)", wire form. Encoded as a byte that says which, then the number, most significant byte
// first, or the key: bytewise order is that of numbers and of keys.
#include "types/tid.h"
#include "types/types_int.h"

enum { FORM_NUMBER = 1, FORM_KEY = 2, NUMBER_BYTES = 9, WIRE_BYTES = 6 };

struct datum tid_of_number(struct arena *a, uint64_t number)
{
    char *p = arena_alloc(a, NUMBER_BYTES);
    p[0] = FORM_NUMBER;
    for (int i = 0; i < 8; i++)
        p[1 + i] = (char)(number >> (56 - 8 * i));
    return datum_str((struct str){p, NUMBER_BYTES});
}

struct datum tid_of_key(struct arena *a, struct str key)
{
    char *p = arena_alloc(a, key.len + 1);
    p[0] = FORM_KEY;
    if (key.len > 0)
        memcpy(p + 1, key.ptr, key.len);
    return datum_str((struct str){p, key.len + 1});
}

static bool is_number(struct str tid)
{
    return tid.len == NUMBER_BYTES && tid.ptr[0] == FORM_NUMBER;
}

bool tid_number(struct str tid, uint64_t *out)
{
    if (!is_number(tid))
        return false;
    *out = load_be64(tid.ptr + 1);
    return true;
}

struct str tid_key(struct str tid)
{
    return str_slice(tid, 1, tid.len);
}

static bool parse_number(struct str text, uint64_t *out)
{
    ptrdiff_t comma = str_find(text, STR(","), 0);
    int64_t block, row;
    if (comma < 0 || !str_to_i64(str_trim(str_slice(text, 0, (size_t)comma)), &block) ||
        !str_to_i64(str_trim(str_slice(text, (size_t)comma + 1, text.len)), &row))
        return false;
    *out = (uint64_t)block << 16 | (uint64_t)row;
    return block >= 0 && block < INT64_C(1) << 48 && row >= 0 && row <= UINT16_MAX;
}

static bool parse_key(struct arena *a, struct str text, struct datum *out)
{
    if (text.len % 2 != 1 || text.ptr[0] != 'x')
        return false;
    char *key = arena_alloc(a, text.len / 2 + 1);
    for (size_t i = 1; i < text.len; i += 2) {
        int high = hex_digit(text.ptr[i]), low = hex_digit(text.ptr[i + 1]);
        if (high < 0 || low < 0)
            return false;
        key[i / 2] = (char)(high << 4 | low);
    }
    *out = tid_of_key(a, (struct str){key, text.len / 2});
    return true;
}

int tid_parse_datum(struct arena *a, struct type t, struct str text, const struct value_context *vc, struct datum *out,
                    struct err *err)
{
    struct str trimmed = str_trim(text);
    uint64_t number;
    if (trimmed.len >= 3 && trimmed.ptr[0] == '(' && trimmed.ptr[trimmed.len - 1] == ')') {
        struct str inner = str_slice(trimmed, 1, trimmed.len - 1);
        if (parse_key(a, inner, out))
            return 0;
        if (parse_number(inner, &number)) {
            *out = tid_of_number(a, number);
            return 0;
        }
    }
    return err_set(err, ERR_INVALID_TEXT_REPRESENTATION, "invalid input syntax for type tid: \"%.*s\"",
                   (int)MIN(text.len, (size_t)64), text.ptr);
}

void tid_print_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    if (is_number(d.s)) {
        uint64_t number = load_be64(d.s.ptr + 1);
        buf_printf(out, "(%llu,%u)", (unsigned long long)(number >> 16), (unsigned)(number & UINT16_MAX));
        return;
    }
    buf_cstr(out, "(x");
    for (size_t i = 1; i < d.s.len; i++)
        buf_printf(out, "%02x", (unsigned char)d.s.ptr[i]);
    buf_putc(out, ')');
}

int tid_from_binary_datum(struct arena *a, struct type t, struct str bytes, struct datum *out, struct err *err)
{
    if (bytes.len == WIRE_BYTES) {
        char wide[8] = {0};
        memcpy(wide + 2, bytes.ptr, WIRE_BYTES);
        *out = tid_of_number(a, load_be64(wide));
        return 0;
    }
    if (!is_number(bytes) && (bytes.len == 0 || bytes.ptr[0] != FORM_KEY))
        return binary_error(err, t);
    *out = datum_str(arena_str(a, bytes));
    return 0;
}

// PostgreSQL's six bytes where they are enough, else as encoded.
void tid_to_binary_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    bool fits = is_number(d.s) && load_be64(d.s.ptr + 1) >> 48 == 0;
    buf_str(out, fits ? str_slice(d.s, 3, NUMBER_BYTES) : d.s);
}

int tid_compare_datum(struct type t, const struct datum *a, const struct datum *b)
{
    return str_cmp(a->s, b->s);
}

uint64_t tid_hash_datum(struct type t, const struct datum *d, uint64_t seed)
{
    return hash_bytes(d->s.ptr, d->s.len, seed);
}
