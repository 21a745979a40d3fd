// Private to src/types: the table of what each type family does, and shared helpers.
#ifndef TYPES_TYPES_INT_H
#define TYPES_TYPES_INT_H

#include "base/map.h"
#include "types/types.h"

// How datum_print_sql writes a literal of the family.
enum literal_style { LITERAL_BARE, LITERAL_QUOTED, LITERAL_BITS, LITERAL_ARRAY, LITERAL_TUPLE };

struct family_ops {
    const char *name;       // as error texts call it
    const char *array_name; // "int[]"
    int (*parse)(struct arena *a, struct type t, struct str text, const struct value_context *vc, struct datum *out,
                 struct err *err);
    void (*print)(struct buf *out, struct type t, struct datum d, const struct value_context *vc);
    int (*from_binary)(struct arena *a, struct type t, struct str bytes, struct datum *out, struct err *err);
    void (*to_binary)(struct buf *out, struct type t, struct datum d, const struct value_context *vc);
    int (*compare)(struct type t, const struct datum *a, const struct datum *b);
    uint64_t (*hash)(struct type t, const struct datum *d, uint64_t seed);
    enum literal_style literal;
};
extern const struct family_ops family_ops[TYPE_FAMILY_COUNT];

// 22P02 `could not parse "text" as type name`, with `: cause` unless it is NULL.
int parse_error(struct err *err, struct str text, struct type t, const char *cause);
int binary_error(struct err *err, struct type t); // 22P03

// The functions of the table, one file per family.
#define FAMILY_FUNCTIONS(f)                                                                                          \
    int f##_parse_datum(struct arena *a, struct type t, struct str text, const struct value_context *vc,             \
                        struct datum *out, struct err *err);                                                         \
    void f##_print_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc);            \
    int f##_from_binary_datum(struct arena *a, struct type t, struct str bytes, struct datum *out, struct err *err); \
    void f##_to_binary_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc);        \
    int f##_compare_datum(struct type t, const struct datum *a, const struct datum *b);                              \
    uint64_t f##_hash_datum(struct type t, const struct datum *d, uint64_t seed);
FAMILY_FUNCTIONS(unknown)
FAMILY_FUNCTIONS(bool)
FAMILY_FUNCTIONS(int)
FAMILY_FUNCTIONS(float)
FAMILY_FUNCTIONS(decimal)
FAMILY_FUNCTIONS(string)
FAMILY_FUNCTIONS(bytes)
FAMILY_FUNCTIONS(uuid)
FAMILY_FUNCTIONS(date)
FAMILY_FUNCTIONS(time)
FAMILY_FUNCTIONS(timetz)
FAMILY_FUNCTIONS(timestamp)
FAMILY_FUNCTIONS(timestamptz)
FAMILY_FUNCTIONS(interval)
FAMILY_FUNCTIONS(json)
FAMILY_FUNCTIONS(inet)
FAMILY_FUNCTIONS(bits)
FAMILY_FUNCTIONS(oid)
FAMILY_FUNCTIONS(array)
FAMILY_FUNCTIONS(tuple)
FAMILY_FUNCTIONS(collated)
FAMILY_FUNCTIONS(tsvector)
FAMILY_FUNCTIONS(tsquery)
FAMILY_FUNCTIONS(vector)
FAMILY_FUNCTIONS(lsn)
FAMILY_FUNCTIONS(ltree)
FAMILY_FUNCTIONS(aclitem)
FAMILY_FUNCTIONS(macaddr)
FAMILY_FUNCTIONS(macaddr8)
FAMILY_FUNCTIONS(tid)
FAMILY_FUNCTIONS(path)
FAMILY_FUNCTIONS(enum)
#undef FAMILY_FUNCTIONS

// Bytes of a value inside arrays and tuples: little-endian fixed widths by physical kind, strings as they are.
void datum_payload_write(char *out, enum physical p, struct datum d); // fixed-width kinds
struct datum datum_payload_read(enum physical p, struct str bytes);
static inline size_t datum_payload_len(enum physical p, struct datum d)
{
    return p == PHYSICAL_STR ? d.s.len : physical_size[p];
}
static inline uint32_t load_le32(const void *p)
{
    uint32_t v;
    memcpy(&v, p, 4);
    return v;
}
static inline void store_le32(void *p, uint32_t v)
{
    memcpy(p, &v, 4);
}
static inline bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}
static inline bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}
static inline char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}
static inline int hex_digit(char c)
{
    return is_digit(c) ? c - '0' : lower(c) >= 'a' && lower(c) <= 'f' ? lower(c) - 'a' + 10 : -1;
}

#endif
