// Pictures of dates and times: to_char(), to_timestamp(), strftime().
#ifndef SQL_FUNCTIONS_DATETIME_FORMAT_INT_H
#define SQL_FUNCTIONS_DATETIME_FORMAT_INT_H

#include "sql/functions/functions_int.h"

struct zone;

// PostgreSQL's template patterns ("YYYY-MM-DD HH24:MI:SS"). `local` is shown; `utc` and zone give TZ and OF.
int datetime_format(struct buf *out, int64_t local, int64_t utc, const struct zone *z, struct str picture,
                    struct err *err) MUST_CHECK;
int interval_format(struct buf *out, struct interval iv, struct str picture, struct err *err) MUST_CHECK;
// C's strftime conversions, plus %f microseconds.
void datetime_strftime(struct buf *out, int64_t local, struct str format);
// Reads by a template of PostgreSQL's patterns; fields not given are those of 0001-01-01. 22007, 22008.
int datetime_scan(struct str text, struct str picture, int64_t *local, struct err *err) MUST_CHECK;

#endif
