// Tag-length-value encoding of C structs, driven by field tables: how descriptors are stored.
//
// A record is a sequence of fields: tag byte, ordered uvarint length, bytes. Fields that are zero are left out; fields
// with an unknown tag are skipped when decoding, so newer writers may add fields. Tags are stored: never reuse one.
#ifndef CATALOG_CODEC_INT_H
#define CATALOG_CODEC_INT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum field_kind {
    FIELD_BOOL,
    FIELD_CHAR,
    FIELD_ENUM, // an int-sized enum
    FIELD_U32,
    FIELD_U64,
    FIELD_I64,
    FIELD_STR,
    FIELD_TYPE,       // struct type
    FIELD_TYPES,      // const struct type *, one less of them than the uint32_t at `extra` says
    FIELD_U32S,       // const uint32_t *, count (size_t) at `extra`
    FIELD_DATUM,      // struct datum whose struct type is at `extra`
    FIELD_RECORD,     // struct inside
    FIELD_RECORD_REF, // const struct *, NULL: none
    FIELD_RECORDS,    // const struct *, count (size_t) at `extra`
};

struct record;
struct field {
    uint8_t tag;
    uint8_t kind; // enum field_kind
    uint16_t offset, extra;
    const struct record *record;
};
struct record {
    size_t size;
    const struct field *fields;
    size_t n_fields;
};

void record_encode(struct buf *out, const struct record *r, const void *value);
// `value` is zeroed and filled; what it points to is allocated in `a`, nothing borrows `bytes`. XX001 on damage.
int record_decode(struct arena *a, const struct record *r, struct str bytes, void *value, struct err *err) MUST_CHECK;

extern const struct record database_record, schema_record, table_record, type_record, type_def_record, function_record;

#endif
