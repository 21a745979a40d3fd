// Zone configurations as they are listed.
#ifndef SQL_VIRTUAL_ZONES_H
#define SQL_VIRTUAL_ZONES_H

#include "catalog/zone.h"

struct zone_row {
    uint32_t id, index_id;
    struct str target;                                // RANGE default, TABLE defaultdb.public.t …
    struct str range, database, schema, table, index; // ptr NULL: none
    struct cat_zone zone, whole;                      // as set; with what it inherits
};
// Those of what still exists and the user has some privilege on.
int zone_rows(struct cat_view *v, struct str user, struct arena *a, struct zone_row **out, size_t *n,
              struct err *err) MUST_CHECK;

#endif
