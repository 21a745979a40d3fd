// Text forms of the plain scalars, usable without a datum: numbers, booleans, byte strings, UUIDs, SQL quoting.
#ifndef TYPES_TEXT_H
#define TYPES_TEXT_H

#include "types/types.h"

// Decimal digits of v; `out` gets no NUL. Returns the length (at most 20).
size_t i64_format(char out[20], int64_t v);
void i64_print(struct buf *out, int64_t v);
// Surrounding blanks, sign, decimal, 0x, 0o, 0b and underscores. 0, ERR_INVALID_TEXT_REPRESENTATION or
// ERR_NUMERIC_VALUE_OUT_OF_RANGE; records nothing.
int i64_parse(struct str text, int64_t *out);
// Shortest text that reads back ("1e+06", "0.1", "NaN", "Infinity"); `float4` rounds as a float does. A negative
// extra_float_digits limits to 15 + n (6 + n) digits.
void double_print(struct buf *out, double v, bool float4, int extra_float_digits);
int double_parse(struct str text, double *out); // codes as i64_parse
// Digits and decimal exponent of the shortest text: value = 0.d1d2d3… × 10^point. v finite and not negative.
int double_shortest(double v, bool float4, char digits[20], int *point);
bool bool_parse(struct str text, bool *out); // t, true, yes, on, 1 … prefixes, any case
bool uuid_parse(struct str text, uint8_t out[16]);
void uuid_print(struct buf *out, const uint8_t uuid[16]);
void bytes_print(struct buf *out, struct str bytes, enum bytea_output format);
// \x hex or escape format.
int bytes_parse(struct arena *a, struct str text, struct str *out, struct err *err) MUST_CHECK;
// 'it''s', e'a\nb'
void sql_quote_string(struct buf *out, struct str s);
// b'\x01abc'
void sql_quote_bytes(struct buf *out, struct str s);
// "a\nb" as Go's %q quotes, for error texts.
void go_quote(struct buf *out, struct str s);

#endif
