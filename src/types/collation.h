// Collations: the order of a language's strings, by ICU. TYPE_COLLATED has strings of one; its `scale` is the
// collation's number here, which lasts as long as the process (what is stored has the name). Thread-safe.
#ifndef TYPES_COLLATION_H
#define TYPES_COLLATION_H

#include "types/types.h"

// Names are BCP 47 tags with either mark between the parts, in any case: de, en_US, en-US-u-ks-level2. 22023 for what
// is none, or of an unknown language; 54000 when a process has used too many.
int collation_find(struct str name, int16_t *out, struct err *err) MUST_CHECK;
// default, C, POSIX: plain strings.
bool collation_is_plain(struct str name);
const char *collation_name(int16_t collation);      // en_US_u_ks_level2
const char *collation_type_name(int16_t collation); // collatedstring{en_US_u_ks_level2}
uint32_t collation_oid(int16_t collation);
// Walks the collations that ICU has by themselves, and those in use; start with 0. False at the end.
enum { COLLATION_NAME_BYTES_MAX = 128 };
bool collation_next(size_t *at, char name[COLLATION_NAME_BYTES_MAX], uint32_t *oid);
// The version of ICU's order: indexes made with another one may be in another order. Valid for ever.
const char *collation_version(int16_t collation);
int collation_compare(int16_t collation, struct str a, struct str b);
// Bytes in the order of the strings; the same for strings that are equal.
void collation_key(int16_t collation, struct str s, struct buf *out);

// A string type, or one of arrays of strings, in that collation.
struct type type_collated(struct type strings, int16_t collation);
static inline bool type_is_citext(struct type t)
{
    return t.oid == TYPE_OID_CITEXT || t.oid == TYPE_OID_CITEXT_ARRAY;
}
// A collated type without a limit of its length.
static inline struct type type_collated_unlimited(struct type t)
{
    return type_is_citext(t) ? t : type_collated(T_STRING, t.scale);
}
// In signatures: any collation, the same for all such arguments.
static inline bool type_is_any_collated(struct type t)
{
    return t.family == TYPE_COLLATED && t.scale == 0;
}
static inline bool type_has_collation(struct type t)
{
    return t.family == TYPE_COLLATED || (t.family == TYPE_ARRAY && t.element == TYPE_COLLATED);
}

#endif
