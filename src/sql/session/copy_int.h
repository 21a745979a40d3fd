// Private to COPY: copy.c (statements and state), copy_text.c (text and CSV records).
#ifndef SQL_SESSION_COPY_INT_H
#define SQL_SESSION_COPY_INT_H

#include "sql/session/session_int.h"

struct copy_options {
    enum copy_format format;
    char delimiter, quote, escape;
    struct str null_text;
    bool header;
};

// One field of a record; text forms point into the record or the arena.
struct copy_field {
    bool null;
    struct str text;
};

int copy_options_parse(const struct ast_copy *c, struct copy_options *out, struct err *err) MUST_CHECK;
// Bytes of the first whole record in `data` (line end included), or 0 when more is needed. `at_end`: no more will come.
size_t copy_record_length(const struct copy_options *o, struct str data, bool at_end);
// Splits a record (line end taken off). 22P04 when it has another number of fields.
int copy_record_split(struct arena *a, const struct copy_options *o, struct str record, size_t n_fields,
                      struct copy_field *out, struct err *err) MUST_CHECK;
void copy_field_print(struct buf *out, const struct copy_options *o, struct type t, struct datum d,
                      const struct value_context *vc, bool only_field);
void copy_name_print(struct buf *out, const struct copy_options *o, struct str name);

#endif
