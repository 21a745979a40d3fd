// The error record. A fallible function takes a `struct err *` as last parameter and returns 0, or a nonzero code when
// it has filled the record. The record is written once, where the fault is found; callers propagate with TRY.
// The code is the SQLSTATE packed into an int (five base-64 digits), so that retry decisions compare codes, never text.
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include "base/base.h"
#include "base/str.h"
#include <stdarg.h>

#define ERR_PACK_(c) (((c) - '0') & 0x3F)
#define ERR_PACK(a, b, c, d, e) \
    (ERR_PACK_(a) | ERR_PACK_(b) << 6 | ERR_PACK_(c) << 12 | ERR_PACK_(d) << 18 | ERR_PACK_(e) << 24)

// ERR_UNIQUE_VIOLATION and so on.
enum err_code {
#define SQLSTATE(name, a, b, c, d, e) ERR_##name = ERR_PACK(a, b, c, d, e),
#include "base/sqlstate.def"
#undef SQLSTATE
};

enum err_severity {
    ERR_SEVERITY_ERROR,
    ERR_SEVERITY_FATAL,
    ERR_SEVERITY_WARNING,
    ERR_SEVERITY_NOTICE,
    ERR_SEVERITY_INFO, // shown whatever client_min_messages says
    ERR_SEVERITY_LOG,
    ERR_SEVERITY_DEBUG
};

// Zero-initialize; release with err_reset. Strings are owned (malloc) or NULL.
struct err {
    int code; // 0: no error recorded
    enum err_severity severity;
    int position; // 1-based character offset into the statement; 0: none
    char *message;
    char *detail;
    char *hint;
    char *context; // where it came up, innermost first, a line each
    char *schema_name, *table_name, *column_name, *type_name, *constraint_name;
    const char *file; // where it was raised
    int line;
    const char *routine; // a constant: PostgreSQL's function that raises it, where clients look at that; else NULL
};

#define ERR_INIT ((struct err){0})

// Records and returns the code: `return err_set(err, ERR_X, "…", …)`. `err` may be NULL (soft failure: only the code).
// An error already recorded is replaced.
#define err_set(err, code, ...) err_set_at((err), (code), __FILE__, __LINE__, __VA_ARGS__)
int err_set_at(struct err *err, int code, const char *file, int line, const char *fmt, ...) PRINTF_LIKE(5, 6);
// Each returns err->code (with err NULL: the code set last) so that calls chain: `err_set(…); return err_hint(err,
// "…")`.
int err_detail(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);
int err_hint(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);
int err_context(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3); // one more line
int err_at(struct err *err, int position);
void err_set_names(struct err *err, struct str schema, struct str table, struct str column, struct str constraint);
// Prefixes the message: "context: message".
int err_wrap(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);
void err_reset(struct err *err);
// Moves `from` into `to` (whose old content is released).
void err_take(struct err *to, struct err *from);
// Writes the five characters and a NUL.
void err_sqlstate(int code, char out[6]);
// 0 when the text is not a SQLSTATE.
int err_code_of(struct str sqlstate);
const char *err_severity_name(enum err_severity s);

#endif
