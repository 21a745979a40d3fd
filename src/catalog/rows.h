// How the rows of a table are laid out under its primary key. One layout serves the executor, backfills and the
// catalog's own tables.
//
//   key    key_put_index(cluster, table, primary index), then the primary key columns (keys/keys.h)
//   value  row_encode over next_column_id - 1 slots: column id c is slot c - 1. Primary key columns whose key form
//   loses
//          nothing, and virtual computed columns, have a slot of type VOID: the key alone holds them.
#ifndef CATALOG_ROWS_H
#define CATALOG_ROWS_H

#include "catalog/catalog.h"
#include "keys/row.h"

// cat_table.row_layout of a descriptor that was read is this, made once.
void cat_row_layout_init(struct row_layout *out, struct arena *a, const struct cat_table *t);
// Appends the key of a row: `values[i]` belongs to t->columns[i].
void cat_row_key(struct buf *out, uint32_t cluster, const struct cat_table *t, const struct datum *values);
// Appends the value of a row. Values of columns in the key may be given all the same.
void cat_row_value(struct buf *out, const struct cat_table *t, const struct datum *values);
// Reads a whole row back, `values[i]` for t->columns[i]. Strings borrow key and value or live in `a`. Slots that the
// row lacks have the column's missing value.
int cat_row_decode(struct arena *a, const struct cat_table *t, struct str key, struct str value, struct datum *values,
                   struct err *err) MUST_CHECK;

#endif
