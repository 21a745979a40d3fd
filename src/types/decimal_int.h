// Private to the decimal files: 128-bit coefficients and the bridge to GMP.
#ifndef TYPES_DECIMAL_INT_H
#define TYPES_DECIMAL_INT_H

#include "types/decimal.h"
#include <gmp.h>

typedef unsigned __int128 u128; // the one integer type C has no name for
typedef __int128 i128;

enum { POWERS_OF_TEN = 39 }; // 10^0 … 10^38 fit
extern const u128 u128_powers[POWERS_OF_TEN];

static inline u128 decimal_small(const struct decimal *d)
{
    return (u128)d->hi << 64 | d->lo;
}
static inline void decimal_set_small(struct decimal *d, u128 v)
{
    d->lo = (uint64_t)v;
    d->hi = (uint64_t)(v >> 64);
    d->big = (struct str){NULL, 0};
}
static inline bool decimal_is_big(const struct decimal *d)
{
    return d->big.len != 0;
}
int u128_digits(u128 v); // 1 for 0
size_t u128_format(char out[40], u128 v);
// v × 10^n; false on overflow.
static inline bool u128_scale(u128 v, int64_t n, u128 *out)
{
    if (v == 0 || n == 0) {
        *out = v;
        return true;
    }
    return n < POWERS_OF_TEN && !__builtin_mul_overflow(v, u128_powers[n], out);
}

// The coefficient as a GMP integer (initialized here) and back (result normalized to small when it fits).
void mpz_init_coefficient(mpz_t z, const struct decimal *d);
void decimal_take_coefficient(struct arena *a, struct decimal *d, const mpz_t z); // |z|
void mpz_mul_pow10(mpz_t z, uint64_t n);
void mpz_pow10(mpz_t z, uint64_t n);
int64_t mpz_digits(const mpz_t z);

// decimal_rescale for values of the wire, whose scale may go beyond the exponents of short ones.
int decimal_set_scale(struct arena *a, const struct decimal *x, int32_t scale, enum decimal_rounding mode,
                      struct decimal *out, struct err *err) MUST_CHECK;
// Clears a zero's sign and checks the limits; every public operation ends here.
int decimal_finish(struct decimal *d, struct err *err) MUST_CHECK;
int decimal_range_error(struct err *err);
struct decimal decimal_nan(void);
struct decimal decimal_infinity(bool negative);

#endif
