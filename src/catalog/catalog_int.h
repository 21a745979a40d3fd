// Inside the catalog: system tables, generations of cached descriptors, views.
//
// Locks: `catalog.mutex` guards the list of generations, the recent entries, the role sets and all reference counts;
// `generation.mutex` guards the maps of one generation. Neither is held across a call into the store. Order: a
// generation's mutex is never held while taking the catalog's.
#ifndef CATALOG_CATALOG_INT_H
#define CATALOG_CATALOG_INT_H

#include "base/map.h"
#include "catalog/catalog.h"
#include "keys/keys.h"
#include "keys/row.h"
#include "kv/kv.h"
#include <pthread.h>

// ---- system tables

enum system_table_kind {
#define SYSTEM_TABLE(KIND, name, id, n_key) SYSTEM_##KIND,
#define SYSTEM_COLUMN(name, type, not_null, default_sql)
#include "catalog/system_tables.def"
#undef SYSTEM_TABLE
#undef SYSTEM_COLUMN
    SYSTEM_TABLE_COUNT
};
enum { SYSTEM_COLUMNS_MAX = 16, SYSTEM_DESCRIPTOR_ID_SEQUENCE = 7 };

// ---- caching

enum entry_kind { ENTRY_DATABASE, ENTRY_SCHEMA, ENTRY_TABLE, ENTRY_TYPE, ENTRY_FUNCTION };
// One decoded descriptor, immutable.
struct entry {
    unsigned refs; // catalog.mutex
    enum entry_kind kind;
    struct str raw; // the bytes it was decoded from
    struct arena arena;
    union {
        struct cat_database database;
        struct cat_schema schema;
        struct cat_table table;
        struct cat_type type;
        struct cat_function function;
    };
};
struct entries {
    struct entry **items;
    size_t n;
};
// What has been looked up of one state of the catalog.
struct cache {
    struct arena arena;
    struct map ids;   // u32 -> struct entry *, or absent_entry
    struct map names; // name key -> id + 1 as a pointer; 1: no such name
    struct map lists; // namespace prefix -> struct entries *
};
struct role_set;
struct generation {
    struct generation *next; // catalog.mutex
    unsigned refs;           // catalog.mutex; 0: only kept because it is the newest
    uint64_t version;
    struct role_set *roles; // catalog.mutex; loaded at first use
    pthread_mutex_t mutex;
    struct cache cache;
};

struct sequence_block;
struct catalog {
    struct kv *kv;
    uint32_t cluster;
    struct arena arena; // immutable after catalog_open and catalog_register_virtual
    struct str cluster_id;
    struct str version_key, roles_version_key;
    struct cat_table *system[SYSTEM_TABLE_COUNT];
    struct cat_schema *virtual_schemas;
    const struct cat_virtual_schema *virtual_tables; // parallel to virtual_schemas
    size_t n_virtual;
    const struct cat_virtual_schema *system_virtual; // NULL: nothing is registered
    struct map virtual_ids;                          // u32 -> const struct cat_table *
    pthread_mutex_t mutex;
    struct generation *generations;
    struct generation *newest;
    struct map recent; // u32 -> struct entry *: the last committed form seen of each descriptor
    struct role_set *recent_roles;
    pthread_mutex_t sequences_mutex; // guards the map; each block has its own
    struct map sequences;            // u32 -> struct sequence_block *
    pthread_mutex_t types_mutex;     // guards the rest
    struct map types;                // content -> const struct type_def *: never removed, see types/types.h
    struct arena types_arena;
};

// A view is clean (looks through a shared generation) until its transaction changes the schema; from then on it reads
// through the transaction and remembers privately.
struct table_lock {
    uint32_t id;
    enum kv_lock_mode mode;
};

struct cat_view {
    struct catalog *catalog;
    struct kv_txn *txn;
    struct generation *generation;
    uint64_t snapshot; // what the view knows is as of it; the transaction's own may have moved on
    uint64_t version;  // as of the snapshot, without own changes
    bool dirty;        // the transaction has uncommitted catalog changes
    int64_t garbage;   // the job that deletes what the transaction leaves; 0: none was made
    bool zones_changed;
    bool schedules_changed;
    ARENA_VEC(struct table_lock) locks; // of the transaction
    int64_t lock_timeout_ns;            // 0: none
    bool lock_optional;
    struct cache cache;
    struct role_set *roles; // own reference; NULL until asked for
    struct arena arena;
    // References kept for what was given out earlier: descriptors live as long as the view.
    ARENA_VEC(struct entry *) held_entries;
    ARENA_VEC(struct generation *) held_generations;
    ARENA_VEC(struct role_set *) held_roles;
    int64_t last_event_micros; // written into the event log; 0: none
};

#define TRY_KV(view_txn, call, err)                         \
    do {                                                    \
        enum kv_result kv_rc_ = (call);                     \
        if (UNLIKELY(kv_rc_ != KV_OK))                      \
            return cat_kv_error((view_txn), (kv_rc_), err); \
    } while (0)

// ---- system.c: rows of system tables. `values` are in the order of the columns.

void system_tables_init(struct catalog *c);
// Appends the key of the row whose first `n` key columns are given (a prefix when n is less than all).
void system_key(struct buf *out, const struct catalog *c, enum system_table_kind k, const struct datum *key, size_t n);
int system_put(struct catalog *c, struct kv_txn *txn, enum system_table_kind k, const struct datum *values,
               struct err *err) MUST_CHECK;
int system_get(struct catalog *c, struct kv_txn *txn, struct arena *a, enum system_table_kind k, unsigned flags,
               const struct datum *key, struct datum *values, bool *found, struct err *err) MUST_CHECK;
int system_delete(struct catalog *c, struct kv_txn *txn, enum system_table_kind k, const struct datum *key,
                  struct err *err) MUST_CHECK;
// Deletes all rows whose key begins with the n values.
int system_delete_prefix(struct catalog *c, struct kv_txn *txn, enum system_table_kind k, const struct datum *key,
                         size_t n, struct err *err) MUST_CHECK;
// All rows whose key begins with the n values, in key order.
struct system_scan {
    const struct cat_table *table;
    struct kv_txn *txn;
    struct kv_scan *scan;
    struct kv_batch batch;
    size_t at;
    struct arena *arena;
};
int system_scan_open(struct catalog *c, struct kv_txn *txn, struct arena *a, enum system_table_kind k,
                     const struct datum *key, size_t n, struct system_scan *out, struct err *err) MUST_CHECK;
int system_scan_next(struct system_scan *s, struct datum *values, bool *found, struct err *err) MUST_CHECK;
void system_scan_close(struct system_scan *s);

// ---- bootstrap.c

int catalog_bootstrap(struct catalog *c, struct kv_txn *txn, struct err *err) MUST_CHECK;
int catalog_complete(struct catalog *c, struct kv_txn *txn, struct err *err) MUST_CHECK;

// ---- cache.c

extern struct entry absent_entry;
void cache_release(struct catalog *c, struct cache *cache); // gives back its references
int entry_decode(struct catalog *c, uint32_t id, struct str raw, struct entry **out, struct err *err) MUST_CHECK;
void entry_unref(struct catalog *c, struct entry *e);
// The key that is written when the descriptor changes so that its users must know, with a NUL after it.
struct str schema_key(struct catalog *c, struct arena *a, uint32_t id);
// The generation of a version, with a reference for the caller.
struct generation *generation_acquire(struct catalog *c, uint64_t version);
void generation_unref(struct catalog *c, struct generation *g);
// Descriptor by id, NULL when absent. Lives as long as the view.
int view_entry(struct cat_view *v, uint32_t id, const struct entry **out, struct err *err) MUST_CHECK;
int view_name(struct cat_view *v, uint32_t parent, uint32_t schema, struct str name, uint32_t *id,
              struct err *err) MUST_CHECK;
// Entries of the namespace under (parent, schema); with any_schema under (parent) and in some schema. Name order.
int view_list(struct cat_view *v, uint32_t parent, uint32_t schema, bool any_schema, const struct entries **out,
              struct err *err) MUST_CHECK;
// Announces a change: bumps the catalog version, makes the view dirty, forgets all lists.
int view_changed(struct cat_view *v, struct err *err) MUST_CHECK;
void view_forget_entry(struct cat_view *v, uint32_t id);
void view_forget_name(struct cat_view *v, uint32_t parent, uint32_t schema, struct str name);

// ---- types.c

// The one definition of this content. `def` has the stored members and its fields' types are complete.
const struct type_def *type_def_intern(struct catalog *c, const struct type_def *def);
// Gives the user-defined types of a descriptor that was just decoded their definitions.
void table_types_attach(struct catalog *c, struct arena *a, struct cat_table *t);
void type_types_attach(struct catalog *c, struct arena *a, struct cat_type *t);
void function_types_attach(struct catalog *c, struct arena *a, struct cat_function *f);
// The definitions that a table's columns or a type's fields need, inner ones first.
void table_types_collect(struct arena *a, struct cat_table *t);
void type_types_collect(struct arena *a, struct cat_type *t);
void function_types_collect(struct arena *a, struct cat_function *f);

// ---- roles.c

void role_set_unref(struct catalog *c, struct role_set *r); // catalog.mutex is not held

// ---- sequence.c

int sequence_take(struct catalog *c, uint32_t id, const struct cat_sequence *s, struct str name, int64_t *out,
                  struct err *err) MUST_CHECK;
void sequences_release(struct catalog *c); // writes unused reservations back, best effort

#endif
