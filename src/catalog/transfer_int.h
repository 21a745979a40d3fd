// Private to the files that write and read backups of the catalog.
#ifndef CATALOG_TRANSFER_INT_H
#define CATALOG_TRANSFER_INT_H

#include "catalog/transfer.h"

// Appends what is beside a descriptor (beside.c).
int export_beside(struct cat_view *v, struct arena *a, enum cat_object_kind kind, uint32_t id, struct cat_objects *out,
                  struct err *err) MUST_CHECK;

#endif
