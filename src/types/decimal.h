// Exact decimal numbers: DECIMAL values, their encoding in a datum, and arithmetic with CockroachDB's rules.
//
// A datum of TYPE_DECIMAL holds an encoded decimal (decimal_encode). Arithmetic works on the decoded form, `struct
// decimal`: value = ±coefficient × 10^exponent. Coefficients below 2^128 live in the struct and are computed without
// allocation; larger ones go through GMP and live in the arena given. Trailing zeros are significant for printing
// (1.50) and insignificant for comparison and hashing.
//
// Limits as CockroachDB's: adjusted exponents within ±DECIMAL_EXPONENT_MAX, inexact operations (quotient, square root,
// logarithms, powers) keep DECIMAL_PRECISION significant digits, half away from zero; sum, difference and product are
// exact. Faults: 22003 out of range, 22012 division by zero, 2201E logarithm, 2201F power, 22023 square root.
#ifndef TYPES_DECIMAL_H
#define TYPES_DECIMAL_H

#include "types/types.h"

enum { DECIMAL_PRECISION = 20, DECIMAL_EXPONENT_MAX = 2000 };
enum decimal_form { DECIMAL_FINITE, DECIMAL_INFINITE, DECIMAL_NAN };

struct decimal {
    uint8_t form; // enum decimal_form
    bool negative;
    int32_t exponent;
    uint64_t lo, hi; // the coefficient when big.len is 0
    struct str big;  // little-endian coefficient of 2^128 and more; borrowed
};

#define DECIMAL_ZERO ((struct decimal){0})

static inline bool decimal_is_zero(const struct decimal *d)
{
    return d->form == DECIMAL_FINITE && (d->lo | d->hi) == 0 && d->big.len == 0;
}

// Encoding in a datum: flag byte (bits 0-1 form, bit 2 sign), zigzag varint exponent, little-endian coefficient without
// leading zero bytes. decode borrows from `bytes`; malformed bytes give a wrong number, never a wrong access.
struct decimal decimal_decode(struct str bytes);
struct str decimal_encode(struct arena *a, const struct decimal *d);
enum { DECIMAL_SMALL_MAX = 24 }; // bytes that decimal_encode_small may write
// Encodes a decimal whose big.len is 0 into `out`, returns the length.
size_t decimal_encode_small(const struct decimal *d, char out[DECIMAL_SMALL_MAX]);
static inline struct decimal decimal_of(struct datum d)
{
    return decimal_decode(d.s);
}
static inline struct datum datum_decimal(struct arena *a, const struct decimal *d)
{
    return datum_str(decimal_encode(a, d));
}

struct decimal decimal_from_i64(int64_t v);
struct decimal decimal_from_u64(uint64_t v);
// A timestamp of the store (nanoseconds) as CockroachDB writes hybrid ones: with ten digits for the logical part, 0.
int decimal_of_version(struct arena *a, uint64_t version, struct decimal *out, struct err *err) MUST_CHECK;
// unscaled × 10^exponent.
struct decimal decimal_from_parts(int64_t unscaled, int32_t exponent);
// The shortest decimal that reads back as the same double (or float, with `float4`).
struct decimal decimal_from_double(double v, bool float4);
// Nearest double; false when a finite value is too large (22003 "float out of range" is the caller's).
bool decimal_to_double(const struct decimal *d, double *out) MUST_CHECK;
// Rounds half away from zero; false when not finite or outside int64.
bool decimal_to_i64(const struct decimal *d, int64_t *out) MUST_CHECK;

// "12.50", "-1e10", "NaN", "Infinity", "-inf"; no surrounding blanks. False when malformed; 22003 is reported as
// malformed too, with *out_of_range set.
bool decimal_parse(struct arena *a, struct str text, struct decimal *out, bool *out_of_range) MUST_CHECK;
// As CockroachDB prints: plain digits when the exponent is not positive and the value at least 10^-6 (or zero), else
// 1.5E+10.
void decimal_print(struct buf *out, const struct decimal *d);
// Never an exponent.
void decimal_print_plain(struct buf *out, const struct decimal *d);
// PostgreSQL's NUMERIC wire form.
void decimal_to_binary(struct buf *out, const struct decimal *d);
int decimal_from_binary(struct arena *a, struct str bytes, struct decimal *out, struct err *err) MUST_CHECK;

// NaN sorts first, then -Infinity, numbers, Infinity.
int decimal_compare(const struct decimal *x, const struct decimal *y);
uint64_t decimal_hash(const struct decimal *d, uint64_t seed);
int decimal_sign(const struct decimal *d);       // -1, 0, 1; 0 for NaN
int64_t decimal_digits(const struct decimal *d); // number of digits of the coefficient; 1 for zero
// ASCII digits of the coefficient without leading zeros ("0" for zero).
void decimal_coefficient_print(struct buf *out, const struct decimal *d);
// Digits after the point that printing shows.
static inline int32_t decimal_scale(const struct decimal *d)
{
    return d->exponent < 0 ? -d->exponent : 0;
}

int decimal_add(struct arena *a, const struct decimal *x, const struct decimal *y, struct decimal *out,
                struct err *err) MUST_CHECK;
int decimal_sub(struct arena *a, const struct decimal *x, const struct decimal *y, struct decimal *out,
                struct err *err) MUST_CHECK;
int decimal_mul(struct arena *a, const struct decimal *x, const struct decimal *y, struct decimal *out,
                struct err *err) MUST_CHECK;
int decimal_quo(struct arena *a, const struct decimal *x, const struct decimal *y, struct decimal *out,
                struct err *err) MUST_CHECK;
// x // y (truncated towards zero) and x % y (sign of x).
int decimal_quo_integer(struct arena *a, const struct decimal *x, const struct decimal *y, struct decimal *out,
                        struct err *err) MUST_CHECK;
int decimal_rem(struct arena *a, const struct decimal *x, const struct decimal *y, struct decimal *out,
                struct err *err) MUST_CHECK;
int decimal_pow(struct arena *a, const struct decimal *x, const struct decimal *y, struct decimal *out,
                struct err *err) MUST_CHECK;
int decimal_sqrt(struct arena *a, const struct decimal *x, struct decimal *out, struct err *err) MUST_CHECK;
int decimal_cbrt(struct arena *a, const struct decimal *x, struct decimal *out, struct err *err) MUST_CHECK;
int decimal_ln(struct arena *a, const struct decimal *x, struct decimal *out, struct err *err) MUST_CHECK;
int decimal_log10(struct arena *a, const struct decimal *x, struct decimal *out, struct err *err) MUST_CHECK;
int decimal_exp(struct arena *a, const struct decimal *x, struct decimal *out, struct err *err) MUST_CHECK;

enum decimal_rounding {
    DECIMAL_HALF_UP, // half away from zero
    DECIMAL_HALF_EVEN,
    DECIMAL_DOWN, // towards zero: trunc
    DECIMAL_CEILING,
    DECIMAL_FLOOR,
};
// Exactly `scale` digits after the point (negative: multiples of 10^-scale, printed without exponent). NaN and
// infinities pass through.
int decimal_rescale(struct arena *a, const struct decimal *x, int32_t scale, enum decimal_rounding mode,
                    struct decimal *out, struct err *err) MUST_CHECK;
// At most `precision` significant digits, half away from zero.
void decimal_round_precision(struct arena *a, const struct decimal *x, int precision, struct decimal *out);
// Without trailing zeros of the coefficient (1.50 -> 1.5, 100 -> 1E+2); zero becomes 0.
void decimal_reduce(struct arena *a, const struct decimal *x, struct decimal *out);
// Coefficient × 10^n.
void decimal_shift_coefficient(struct arena *a, const struct decimal *x, uint32_t n, struct decimal *out);

// Running sum for sum() and avg(): 128-bit at the finest exponent seen, no allocation per row unless values leave 128
// bits. Zero-initialize.
struct decimal_sum {
    uint64_t lo, hi; // two's complement 128-bit sum
    int32_t exponent;
    bool nan, plus_infinity, minus_infinity;
    int64_t count;
    struct decimal spilled; // what did not fit; in the arena given to the calls
};
void decimal_sum_add_i64(struct arena *a, struct decimal_sum *s, int64_t v);
int decimal_sum_add(struct arena *a, struct decimal_sum *s, const struct decimal *v, struct err *err) MUST_CHECK;
int decimal_sum_merge(struct arena *a, struct decimal_sum *into, const struct decimal_sum *from,
                      struct err *err) MUST_CHECK;
int decimal_sum_total(struct arena *a, const struct decimal_sum *s, struct decimal *out, struct err *err) MUST_CHECK;
// total / count; count must not be 0.
int decimal_sum_average(struct arena *a, const struct decimal_sum *s, struct decimal *out, struct err *err) MUST_CHECK;

#endif
