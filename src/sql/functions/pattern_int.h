// Compiled patterns. Each thread keeps the ones it used last, so that a pattern applied to many rows compiles once.
#ifndef SQL_FUNCTIONS_PATTERN_INT_H
#define SQL_FUNCTIONS_PATTERN_INT_H

#include "sql/functions/functions_int.h"
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

// `flags` are PostgreSQL's letters (c, i, m, n, p, s, w, x, g and CockroachDB's). The pattern is owned by the thread's
// cache and valid until the next call. 2201B "error parsing regexp: …".
int pattern_regex(struct str pattern, struct str flags, pcre2_code **out, struct err *err) MUST_CHECK;
// Whether the string matches somewhere; captures go to *match (owned by the cache) when not NULL.
int pattern_find(pcre2_code *code, struct str s, size_t from, pcre2_match_data **match, bool *found,
                 struct err *err) MUST_CHECK;
// LIKE with an escape character: 0 none, else a code point. 22025 for an escape at the end.
int pattern_like(struct str s, struct str pattern, int32_t escape, bool ignore_case, bool *matches,
                 struct err *err) MUST_CHECK;

#endif
