// JSONB values: encoding, parser, printer, accessors and edits.
//
// A datum of TYPE_JSONB holds one encoded value, self-contained and position-independent:
//   tag byte, then for numbers an encoded decimal, for strings UTF-8 bytes, for arrays and objects a little-endian u16
//   depth, u32 count, u32 end offsets (objects: of keys, then of values) and the bytes of keys and values. Keys are
//   unique and sorted bytewise, so a lookup is a binary search and printing is in key order. The depth is kept so that
//   no operation recurses deeper than JSON_DEPTH_MAX, whatever the value was built from.
// Sub-values are slices of their container: borrowed, never copied.
#ifndef TYPES_JSON_H
#define TYPES_JSON_H

#include "types/decimal.h"
#include "types/types.h"

enum json_kind {
    JSON_NULL,
    JSON_FALSE,
    JSON_TRUE,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT,
};
enum { JSON_DEPTH_MAX = 1000 };

// --- text ---------------------------------------------------------------------------------------------------------
// 22P02 "could not parse JSON: …"; 54001 beyond JSON_DEPTH_MAX.
int json_parse(struct arena *a, struct str text, struct str *out, struct err *err) MUST_CHECK;
void json_print(struct buf *out, struct str json);        // {"a": 1, "b": [1, 2]}
void json_print_pretty(struct buf *out, struct str json); // jsonb_pretty(): indented by 4
void json_print_string(struct buf *out, struct str utf8); // with quotes and escapes

// --- reading ------------------------------------------------------------------------------------------------------
enum json_kind json_kind(struct str json);
const char *json_typeof(struct str json); // "object", "array", "string", "number", "boolean", "null"
uint32_t json_count(struct str json);     // elements or pairs; 0 for scalars
struct str json_string_value(struct str json);
struct decimal json_number_value(struct str json);
struct str json_at(struct str array, uint32_t i);                                     // i < json_count
void json_pair_at(struct str object, uint32_t i, struct str *key, struct str *value); // in key order
// Absent: false. `i` may be negative: from the end. Non-containers have nothing.
bool json_get_key(struct str json, struct str key, struct str *out);
bool json_get_index(struct str json, int64_t i, struct str *out);
// One step as the operators #> and the path functions take it: a key of an object or an integer of an array.
bool json_get_step(struct str json, struct str step, struct str *out);
bool json_get_path(struct str json, const struct str *path, size_t n, struct str *out);
// ->> and #>>: strings unquoted, JSON null gives false (SQL NULL), others printed.
bool json_as_text(struct arena *a, struct str json, struct str *out);
// Order of CockroachDB: null < string < number < false < true < array < object; empty array before all.
int json_compare(struct str a, struct str b);
uint64_t json_hash(struct str json, uint64_t seed);
bool json_contains(struct str a, struct str b);    // a @> b
bool json_exists(struct str json, struct str key); // ?: object key or array string element (or the string itself)

// --- building -----------------------------------------------------------------------------------------------------
// Values are appended depth first; finish() returns the encoded root in the arena. Sticky failure, told by finish.
struct json_builder {
    struct buf out;  // encoded values of the open containers' children
    struct buf keys; // their keys
    struct json_child *children;
    size_t nchildren, children_cap;
    struct json_frame *frames;
    size_t nframes, frames_cap;
    struct buf scratch; // one object while its keys are sorted
    bool too_deep;
};
void json_builder_init(struct json_builder *b);
void json_builder_release(struct json_builder *b);
void json_add_null(struct json_builder *b);
void json_add_bool(struct json_builder *b, bool v);
void json_add_number(struct json_builder *b, const struct decimal *d);
void json_add_i64(struct json_builder *b, int64_t v);
void json_add_double(struct json_builder *b, double v); // NaN and infinities become strings
void json_add_string(struct json_builder *b, struct str utf8);
void json_add_value(struct json_builder *b, struct str json); // an encoded value
void json_begin_array(struct json_builder *b);
void json_begin_object(struct json_builder *b);
void json_key(struct json_builder *b, struct str key); // before each value of an object; a repeated key: the last wins
void json_end(struct json_builder *b);
// 54000 when over 1 GB, 54001 when deeper than JSON_DEPTH_MAX.
int json_builder_finish(struct json_builder *b, struct arena *a, struct str *out, struct err *err) MUST_CHECK;
// A SQL value as to_jsonb() sees it: numbers, booleans, JSON, arrays and tuples map; others become their text.
int json_add_datum(struct json_builder *b, struct type t, struct datum d, const struct value_context *vc,
                   struct err *err) MUST_CHECK;

// --- editing (each returns a new value in the arena) ----------------------------------------------------------------
// 22023 with CockroachDB's words for scalars.
int json_concat(struct arena *a, struct str x, struct str y, struct str *out, struct err *err) MUST_CHECK; // ||
int json_delete_key(struct arena *a, struct str json, struct str key, struct str *out, struct err *err) MUST_CHECK;
int json_delete_index(struct arena *a, struct str json, int64_t i, struct str *out, struct err *err) MUST_CHECK;
int json_delete_path(struct arena *a, struct str json, const struct str *path, size_t n, struct str *out,
                     struct err *err) MUST_CHECK; // #-
// jsonb_set(): replaces, or with create_missing adds the last step.
int json_set_path(struct arena *a, struct str json, const struct str *path, size_t n, struct str value,
                  bool create_missing, struct str *out, struct err *err) MUST_CHECK;
// jsonb_insert(): before or after an array element, or a new object key (22023 when it exists).
int json_insert_path(struct arena *a, struct str json, const struct str *path, size_t n, struct str value, bool after,
                     struct str *out, struct err *err) MUST_CHECK;
int json_strip_nulls(struct arena *a, struct str json, struct str *out, struct err *err) MUST_CHECK;

#endif
