// The statements that would create an object again, as SHOW CREATE prints them.
#ifndef SQL_DDL_SHOW_CREATE_H
#define SQL_DDL_SHOW_CREATE_H

#include "base/buf.h"
#include "catalog/catalog.h"

// CREATE TABLE public.t (…), CREATE VIEW, CREATE SEQUENCE, by the kind of relation. Tabs and line breaks as
// CockroachDB's; comments follow as COMMENT ON statements.
int show_create_relation(struct buf *out, struct cat_view *v, const struct cat_table *t, struct err *err) MUST_CHECK;
// The table with the constants of its expressions, query and comments between marks (‹1›), or gone (‹×›). Borrows from
// the table what has none.
struct cat_table show_marked(struct arena *a, const struct cat_table *table, bool redact);
void show_create_database(struct buf *out, const struct cat_database *d);
void show_create_schema(struct buf *out, const struct cat_schema *s);

#endif
