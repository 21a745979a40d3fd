// Zone configurations: how long superseded rows are kept, and what a single node records about replicas. One belongs to
// a database, a table, an index or a named range; what it does not set comes from the one around it: of an index its
// table, then the database, then RANGE default, which has all. Rows of system.zones, `config` in the form of zone.c.
#ifndef CATALOG_ZONE_H
#define CATALOG_ZONE_H

#include "catalog/catalog.h"

enum cat_zone_variable {
#define ZONE(NAME, sql, yaml, kind, standard) CAT_ZONE_##NAME,
#include "catalog/zone_variables.def"
#undef ZONE
    CAT_ZONE_VARIABLES
};
enum cat_zone_kind { CAT_ZONE_INT, CAT_ZONE_BOOL, CAT_ZONE_TEXT };
struct cat_zone_variable_info {
    const char *sql_name, *yaml_name;
    enum cat_zone_kind kind;
    const char *standard; // NULL: not set
};
extern const struct cat_zone_variable_info cat_zone_variables[CAT_ZONE_VARIABLES];
int cat_zone_variable_of(struct str name); // -1: no such variable

struct cat_zone {
    struct str values[CAT_ZONE_VARIABLES]; // ptr NULL: not set
};
// id: of a database, a table or a named range; index_id 0: all of the table.
struct cat_zone_entry {
    uint32_t id, index_id;
    struct cat_zone zone;
};

enum { CAT_ZONE_DEFAULT = 0 };
bool cat_zone_range_id(struct str name, uint32_t *id); // "default", "meta", "liveness" …
const char *cat_zone_range_name(uint32_t id);          // NULL: no named range

// All that are stored, and RANGE default whether stored or not, by id and index. In the view's arena.
int cat_zone_list(struct cat_view *v, struct cat_zone_entry **out, size_t *n, struct err *err) MUST_CHECK;
// As stored; RANGE default is always found, and whole.
int cat_zone_get(struct cat_view *v, uint32_t id, uint32_t index_id, struct cat_zone *out, bool *found,
                 struct err *err) MUST_CHECK;
// `zone` NULL: removes it.
int cat_zone_put(struct cat_view *v, uint32_t id, uint32_t index_id, const struct cat_zone *zone,
                 struct err *err) MUST_CHECK;
bool cat_zones_changed(const struct cat_view *v); // by the view's transaction, perhaps undone since
int cat_zones_remove(struct cat_view *v, uint32_t id, struct err *err) MUST_CHECK; // with those of the indexes
// Sets what is not set in `zone` from another.
void cat_zone_inherit(struct cat_zone *zone, const struct cat_zone *from);
// `ALTER <target> CONFIGURE ZONE USING` and a line for each variable set; the same as YAML.
struct str cat_zone_sql(struct arena *a, struct str target, const struct cat_zone *zone);
struct str cat_zone_yaml(struct arena *a, const struct cat_zone *zone);

// gc.ttlseconds of a table: its own, its database's or the standard.
int cat_zone_ttl(struct cat_view *v, const struct cat_table *t, int64_t *seconds, struct err *err) MUST_CHECK;
// The longest gc.ttlseconds in use in a virtual cluster, read through any catalog of the store.
int cat_zones_longest_ttl(struct catalog *c, struct kv_txn *txn, uint64_t cluster, int64_t *seconds,
                          struct err *err) MUST_CHECK;

#endif
