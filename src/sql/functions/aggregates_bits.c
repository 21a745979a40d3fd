// Bitwise aggregates of bit strings and bytes. The state is a copy of the first value that later ones change in place:
// a bit string is its length and its bits (types/bits.h), and the lengths agree, so that bytes can be combined.
#include "sql/functions/aggregate_int.h"
#include "types/bits.h"

enum { BIT_STRING_HEADER = 4 };

struct bitwise {
    uint8_t *bytes; // NULL: no value yet
    size_t len;
};

static void keep(struct arena *arena, struct bitwise *b, struct str s)
{
    b->bytes = s.len > 0 ? arena_dup(arena, s.ptr, s.len) : arena_alloc(arena, 1);
    b->len = s.len;
}

#define BITWISE(name, op, header, check)                                                                            \
    static int name##_add(struct arena *arena, struct bitwise *b, struct str s, struct err *err)                    \
    {                                                                                                               \
        if (b->bytes == NULL) {                                                                                     \
            keep(arena, b, s);                                                                                      \
            return 0;                                                                                               \
        }                                                                                                           \
        TRY(check(b, s, err));                                                                                      \
        for (size_t i = (header); i < s.len; i++)                                                                   \
            b->bytes[i] = (uint8_t)(b->bytes[i] op(uint8_t) s.ptr[i]);                                              \
        return 0;                                                                                                   \
    }                                                                                                               \
    ACCUMULATE(name##_accumulate)                                                                                   \
    {                                                                                                               \
        EACH_VALUE (k, r)                                                                                           \
            TRY(name##_add(arena, states[k], args[0]->s[r & args[0]->mask], err));                                  \
        return 0;                                                                                                   \
    }                                                                                                               \
    static const struct fn_aggregate name##_aggregate = {sizeof(struct bitwise), name##_accumulate, bitwise_result, \
                                                         NULL, NULL}

#define CHECK_BITS(name, verb)                                                                                  \
    static int name(const struct bitwise *b, struct str s, struct err *err)                                     \
    {                                                                                                           \
        if (bits_count((struct str){(const char *)b->bytes, b->len}) == bits_count(s))                          \
            return 0;                                                                                           \
        return err_set(err, ERR_STRING_DATA_LENGTH_MISMATCH, "cannot " verb " bit strings of different sizes"); \
    }
CHECK_BITS(check_and, "AND")
CHECK_BITS(check_or, "OR")
CHECK_BITS(check_xor, "XOR")

static int check_bytes(const struct bitwise *b, struct str s, struct err *err)
{
    if (b->len == s.len)
        return 0;
    return err_set(err, ERR_INVALID_PARAMETER_VALUE, "arguments to xor must all be the same length %zu vs %zu", b->len,
                   s.len);
}

RESULT(bitwise_result)
{
    const struct bitwise *b = state;
    if (b->bytes == NULL)
        return fn_return_null(out);
    return fn_return_str(out, (struct str){(const char *)b->bytes, b->len});
}

BITWISE(bit_and, &, BIT_STRING_HEADER, check_and);
BITWISE(bit_or, |, BIT_STRING_HEADER, check_or);
BITWISE(bit_xor, ^, BIT_STRING_HEADER, check_xor);
BITWISE(bytes_xor, ^, 0, check_bytes);

static const struct fn_row rows[] = {
#include "sql/functions/aggregates_bits.def"
};
const struct fn_family fn_family_aggregates_bits = {"AGGREGATE", rows, ARRAY_LEN(rows)};
