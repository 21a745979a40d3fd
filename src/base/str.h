// A borrowed run of bytes; not NUL-terminated. The lender says how long it lives.
#ifndef BASE_STR_H
#define BASE_STR_H

#include "base/base.h"
#include <string.h>

struct str {
    const char *ptr;
    size_t len;
};

#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})
#define STR_EMPTY ((struct str){"", 0})
#define STR_NONE ((struct str){NULL, 0})
// For printf: printf("%.*s", STR_FMT(s))
#define STR_FMT(s) (int)(s).len, (s).ptr

static inline struct str str_of(const char *c_string)
{
    return (struct str){c_string, strlen(c_string)};
}
static inline bool str_eq(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}
static inline bool str_eqc(struct str a, const char *c_string)
{
    return str_eq(a, str_of(c_string));
}
// Byte order; a prefix sorts before what it is a prefix of.
static inline int str_cmp(struct str a, struct str b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int c = n == 0 ? 0 : memcmp(a.ptr, b.ptr, n);
    return c != 0 ? c : (a.len > b.len) - (a.len < b.len);
}
static inline bool str_has_prefix(struct str s, struct str prefix)
{
    return s.len >= prefix.len && (prefix.len == 0 || memcmp(s.ptr, prefix.ptr, prefix.len) == 0);
}
static inline struct str str_slice(struct str s, size_t from, size_t to)
{
    return (struct str){s.ptr + from, to - from};
}
// ASCII case-insensitive equality.
bool str_ieq(struct str a, struct str b);
static inline bool str_ieqc(struct str a, const char *c_string)
{
    return str_ieq(a, str_of(c_string));
}
// First position of `needle` at or after `from`, or -1.
ptrdiff_t str_find(struct str s, struct str needle, size_t from);
struct str str_trim(struct str s);
// Decimal integer spanning the whole string; false when it is not one or does not fit.
bool str_to_i64(struct str s, int64_t *out);
// malloc'd NUL-terminated copy.
char *str_dup_c(struct str s);

#endif
