// TID: which row of a table, as the column ctid has it. A number, written as PostgreSQL writes a block of 65,536 rows
// and the row in it, or the key of the row, in hexadecimal.
#ifndef TYPES_TID_H
#define TYPES_TID_H

#include "types/types.h"

struct datum tid_of_number(struct arena *a, uint64_t number);
struct datum tid_of_key(struct arena *a, struct str key);
bool tid_number(struct str tid, uint64_t *out); // false: it is a key
struct str tid_key(struct str tid);             // of one that is no number

#endif
