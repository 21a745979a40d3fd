// Executions worth a look, private to src/sql/session: insights.c.
#ifndef SQL_SESSION_INSIGHTS_INT_H
#define SQL_SESSION_INSIGHTS_INT_H

#include "base/arena.h"
#include "sql/virtual/virtual.h"

struct activity_entry;
struct activity_txn;
struct insights; // an engine's
struct session;
struct sql_engine;

struct insights *insights_new(void);
void insights_free(struct insights *in); // NULL allowed
// What counts, from the cluster settings sql.insights.…: when the engine opens and after they have changed.
void insights_configure(struct sql_engine *e);
// The run of s->activity has ended. `entry` is what it counts for.
void insights_statement(struct session *s, struct activity_entry *entry, int64_t ns);
void insights_txn(struct session *s, struct activity_entry *entry, const struct activity_txn *t);
// Oldest first, in `a`.
void insights_list(struct insights *in, bool transactions, struct arena *a, struct virtual_insight **out, size_t *n);

#endif
