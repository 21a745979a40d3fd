// Contention events, private to src/sql/session.
#ifndef SQL_SESSION_CONTENTION_INT_H
#define SQL_SESSION_CONTENTION_INT_H

#include "base/arena.h"
#include "sql/virtual/virtual.h"

struct contention; // an engine's
struct session;

struct contention *contention_new(void);
void contention_free(struct contention *c); // NULL allowed
void contention_reset(struct contention *c);
// Sets the observer of the session's transactions.
void contention_observe(struct session *s);
// Oldest first, in `a`.
void contention_list(struct contention *c, struct arena *a, struct virtual_contention **out, size_t *n);

#endif
