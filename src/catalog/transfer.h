// Descriptors on their way into and out of backups: in their stored form, then decoded, given other ids, and written.
#ifndef CATALOG_TRANSFER_H
#define CATALOG_TRANSFER_H

#include "base/map.h"
#include "catalog/catalog.h"

enum cat_object_kind {
    CAT_OBJECT_DATABASE,
    CAT_OBJECT_SCHEMA,
    CAT_OBJECT_TYPE,
    CAT_OBJECT_TABLE, // and views, sequences
    CAT_OBJECT_FUNCTION,
};
struct cat_object {
    enum cat_object_kind kind;
    uint32_t id;
    struct str stored; // the bytes of its row
    union {
        struct cat_database database;
        struct cat_schema schema;
        struct cat_type type;
        struct cat_table table;
        struct cat_function function;
    };
};
// A row of another system table that goes with a descriptor: a comment the descriptor does not carry itself, its zone
// configurations, a database's session defaults.
enum cat_beside_kind { CAT_BESIDE_COMMENT, CAT_BESIDE_ZONE, CAT_BESIDE_SETTINGS };
struct cat_beside {
    enum cat_beside_kind kind;
    uint32_t id;                   // of the descriptor; with a cluster also of a named range, and 0 (settings)
    uint32_t comment_kind, sub_id; // COMMENT
    struct str role;               // SETTINGS: empty: of all
    struct str value;              // its last column
};
struct cat_objects {
    ARENA_VEC(struct cat_object) list;
    ARENA_VEC(struct cat_beside) beside;
};

// A database with its schemas, types, relations and functions, in this order, appended; with `tables` only the
// relations whose ids are among these, and what they are in. Everything is copied into `a`.
int cat_export_database(struct cat_view *v, struct arena *a, uint32_t database_id, const uint32_t *tables,
                        size_t n_tables, struct cat_objects *out, struct err *err) MUST_CHECK;
// What is beside no descriptor, of the cluster as a whole: named zones, session defaults in all databases.
int cat_export_cluster(struct cat_view *v, struct arena *a, struct cat_objects *out, struct err *err) MUST_CHECK;
// Decodes `stored` into the rest, without what a job was making. XX001 when damaged.
int cat_object_decode(struct catalog *c, struct arena *a, struct cat_object *o, struct err *err) MUST_CHECK;
struct str cat_object_name(const struct cat_object *o);
uint32_t cat_object_database(const struct cat_object *o); // of a database: its own id
uint32_t cat_object_schema(const struct cat_object *o);   // CAT_ID_NONE of databases and schemas

// Old id -> new id.
struct cat_renumbering {
    struct map ids;
};
void cat_renumber_add(struct cat_renumbering *r, struct arena *a, uint32_t from, uint32_t to);
uint32_t cat_renumber(const struct cat_renumbering *r, uint32_t id); // CAT_ID_NONE: not among them
void cat_renumbering_release(struct cat_renumbering *r);
// Rewrites all ids in the object. What it refers to and has no new id is dropped (foreign keys, dependencies) and
// counted in *dropped_keys and *dropped_others; triggers are dropped with their functions.
void cat_object_renumber(struct catalog *c, struct arena *a, struct cat_object *o, const struct cat_renumbering *r,
                         size_t *dropped_keys, size_t *dropped_others);
// Writes it, with the comments it carries. 42P07 and kin when its name is taken.
int cat_object_put(struct cat_view *v, const struct cat_object *o, struct err *err) MUST_CHECK;
// Writes what is beside a descriptor, which now has this id; session defaults of a role that does not exist are left
// out, and the comment of a constraint that the table (NULL: it is none) does not have.
int cat_beside_put(struct cat_view *v, const struct cat_beside *b, uint32_t id, const struct cat_table *table,
                   struct err *err) MUST_CHECK;
// What others remember of roles and settings is stale: after rows of those tables were written directly.
int cat_invalidate(struct cat_view *v, struct err *err) MUST_CHECK;

#endif
