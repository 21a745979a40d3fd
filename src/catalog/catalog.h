// The catalog: databases, schemas, relations, roles and privileges as rows of the key-value store.
//
// Descriptors are immutable in memory once read. A transaction looks through a `struct cat_view`: as of the
// transaction's snapshot, its own schema changes included. Views share a process-wide cache keyed by the catalog
// version, a counter that every schema change bumps in its own transaction; a transaction that uses a descriptor
// remembers a read of that descriptor's key, so that a concurrent change of the same object conflicts and others do
// not.
//
// Rows live in the system database's tables (namespace, descriptor, users, role_members, role_options,
// settings, comments, table_statistics …: system_tables.def), encoded by keys/ like user tables and readable by SQL.
#ifndef CATALOG_CATALOG_H
#define CATALOG_CATALOG_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "kv/kv.h"
#include "types/types.h"

struct row_layout; // keys/row.h
struct catalog;    // process-wide cache of one cluster
struct cat_view;   // one transaction's view

enum {
    CAT_ID_NONE = 0,
    CAT_ID_SYSTEM_DATABASE = 1,
    CAT_ID_SYSTEM_PUBLIC = 29,
    CAT_ID_DEFAULTDB = 100,
    CAT_ID_DEFAULTDB_PUBLIC = 101,
    CAT_ID_POSTGRES = 102,
    CAT_ID_POSTGRES_PUBLIC = 103,
    CAT_ID_FIRST_USER = 104,
};

// ---- privileges

enum cat_privilege {
    CAT_PRIVILEGE_ALL = 1u << 0,
    CAT_PRIVILEGE_CREATE = 1u << 1,
    CAT_PRIVILEGE_DROP = 1u << 2,
    CAT_PRIVILEGE_SELECT = 1u << 3,
    CAT_PRIVILEGE_INSERT = 1u << 4,
    CAT_PRIVILEGE_UPDATE = 1u << 5,
    CAT_PRIVILEGE_DELETE = 1u << 6,
    CAT_PRIVILEGE_CONNECT = 1u << 7,
    CAT_PRIVILEGE_USAGE = 1u << 8,
    CAT_PRIVILEGE_EXECUTE = 1u << 9,
    CAT_PRIVILEGE_ZONECONFIG = 1u << 10,
    CAT_PRIVILEGE_BACKUP = 1u << 11,
    CAT_PRIVILEGE_RESTORE = 1u << 12,
    CAT_PRIVILEGE_CHANGEFEED = 1u << 13,
    CAT_PRIVILEGE_TRIGGER = 1u << 14,
    CAT_PRIVILEGE_MAINTAIN = 1u << 15,
};
struct cat_grant {
    struct str grantee;
    uint32_t privileges; // bits of cat_privilege
    uint32_t grantable;  // WITH GRANT OPTION
};
struct cat_acl {
    struct str owner;
    const struct cat_grant *grants;
    size_t n_grants;
};

// ALTER DEFAULT PRIVILEGES: what objects of a kind that the owner of the list creates (empty: that anybody creates) are
// granted beside the usual. The kinds are pg_default_acl's, and stored.
#define CAT_DEFAULTS_TABLES 'r' // and views
#define CAT_DEFAULTS_SEQUENCES 'S'
#define CAT_DEFAULTS_TYPES 'T'
#define CAT_DEFAULTS_SCHEMAS 'n'
#define CAT_DEFAULTS_FUNCTIONS 'f' // and procedures
struct cat_defaults {
    char kind;
    struct cat_acl acl;
    bool public_revoked; // public does not get its USAGE of types, its EXECUTE of functions
};

// System privileges as bits: CAT_SYSTEM_VIEWJOB …
enum cat_system_privilege_bit {
#define SYSTEM_PRIVILEGE(name) CAT_SYSTEM_##name##_BIT,
#include "catalog/system_privileges.def"
#undef SYSTEM_PRIVILEGE
    CAT_SYSTEM_PRIVILEGE_COUNT
};
enum cat_system_privilege {
#define SYSTEM_PRIVILEGE(name) CAT_SYSTEM_##name = 1u << CAT_SYSTEM_##name##_BIT,
#include "catalog/system_privileges.def"
#undef SYSTEM_PRIVILEGE
};

// ---- descriptors

struct cat_database {
    uint32_t id;
    struct str name;
    uint32_t public_schema_id;
    struct cat_acl acl;
    const struct cat_defaults *defaults; // by owner and kind
    size_t n_defaults;
    uint64_t version;
};
struct cat_schema {
    uint32_t id;
    uint32_t database_id;
    struct str name;
    struct cat_acl acl;
    const struct cat_defaults *defaults;
    size_t n_defaults;
    bool is_virtual; // pg_catalog, information_schema, crdb_internal
    uint64_t version;
};

enum cat_column_state { CAT_COLUMN_PUBLIC, CAT_COLUMN_WRITE_ONLY };
struct cat_column {
    uint32_t id; // also the slot in the row value; never reused. attnum = id
    struct str name;
    struct type type;
    bool not_null;
    bool hidden;            // NOT VISIBLE, rowid
    struct str default_sql; // empty: none. Expression text that parse_expr takes, names resolved when created
    struct str on_update_sql;
    struct str computed_sql;
    bool computed_virtual;     // with computed_sql: VIRTUAL, else STORED
    char identity;             // 'a' ALWAYS, 'd' BY DEFAULT, 0 none
    uint32_t owns_sequence_id; // SERIAL/IDENTITY
    struct str comment;
    // A column added later: rows written before lack its slot; they have this value (already of `type`).
    bool has_missing_value;
    struct datum missing_value;
    // WRITE_ONLY: being made by a job. Nobody can name it; writers give it its value, which the rows of the index that
    // is to be the primary one hold: in the slot of the column it `replaces`, else (0) in its own.
    enum cat_column_state state;
    uint32_t replaces;
};

// Stand for system columns where ids of columns are listed: tableoid, which only virtual tables have as a column, and
// crdb_internal_mvcc_timestamp of stored ones.
enum { CAT_COLUMN_TABLEOID = 0, CAT_COLUMN_VERSION = INT32_MAX };
enum { CAT_HIDDEN_ALWAYS = 1000000 }; // cat_index.hidden_ppm's unit

// A user-defined type. It takes two ids: its own, and the next one, which stands for the type of arrays of it.
struct cat_type {
    uint32_t id;
    uint32_t database_id, schema_id;
    struct str name;
    struct type_def def; // as stored: labels or fields; names and OIDs are filled in by cat_put_type
    struct cat_acl acl;
    uint64_t version;
    struct type type;             // set when a descriptor is read
    const struct type_def *types; // as in struct cat_table, of a composite type's fields
    size_t n_types;
};

// A user-defined function or procedure. Overloads of one name differ in the types of their input parameters.
struct cat_function_param {
    struct str name; // empty: none
    struct type type;
    char mode; // 'i' IN, 'o' OUT, 'b' INOUT, 't' column of RETURNS TABLE
    struct str default_sql;
};
// What the dialect of the session that made a function says its text means.
enum cat_reading { CAT_READING_INT4 = 1, CAT_READING_POSTGRESQL = 2 };
struct cat_function {
    uint32_t id;
    uint32_t database_id, schema_id;
    struct str name;
    bool is_procedure;
    const struct cat_function_param *params;
    size_t n_params;
    struct type result;     // RECORD with several output parameters
    struct str returns_sql; // as SHOW CREATE prints it; empty: procedures
    uint32_t row_table;     // whose rows it returns, then params has its columns as 't'; 0: none
    bool returns_set;
    char volatility; // 'i', 's', 'v'
    bool strict, leakproof, security_definer;
    bool plpgsql;               // the language; else SQL
    uint8_t reading;            // PL/pgSQL: how its text is read, bits of cat_reading
    struct str body;            // SQL: canonical statements, ";\n" between them; PL/pgSQL: as written
    const uint32_t *depends_on; // relations it uses
    size_t n_depends_on;
    struct cat_acl acl;
    uint64_t version;
    const struct type_def *types; // as in struct cat_table
    size_t n_types;
    struct str signature; // name(oid,oid): its name in the namespace; set by cat_put_function
};

static inline bool cat_param_is_input(const struct cat_function_param *p)
{
    return p->mode == 'i' || p->mode == 'b';
}
// What a call gives: the output parameters, or one column of the result's type.
struct cat_function_column {
    struct str name;
    struct type type;
};
size_t cat_function_columns(const struct cat_function *f, struct arena *a, struct cat_function_column **out);

enum cat_index_kind { CAT_INDEX_BTREE, CAT_INDEX_INVERTED };
enum cat_index_state { CAT_INDEX_PUBLIC, CAT_INDEX_WRITE_ONLY };
struct cat_index_column {
    uint32_t column_id;
    bool descending;
};
struct cat_index {
    uint32_t id; // primary: 1 at creation; a new one after TRUNCATE or ALTER PRIMARY KEY
    struct str name;
    enum cat_index_kind kind;
    enum cat_index_state state;
    bool unique;
    bool is_constraint; // shown as CONSTRAINT … UNIQUE
    bool not_visible;
    uint32_t hidden_ppm; // VISIBILITY: of a million plans, those that do not see it; 0 when not_visible says it all
    const struct cat_index_column *columns;
    size_t n_columns;
    const uint32_t *storing; // column ids
    size_t n_storing;
    struct str predicate_sql; // partial index
    struct str comment;
    // Of a WRITE_ONLY one: it holds whole rows and is to be the primary index; the index whose place it takes (0:
    // none), until when nobody is told of it.
    bool rows;
    uint32_t replaces;
    // What the order of its collated columns was when it was made (cat_index_collations); empty: it has none.
    struct str collations;
};

// What a job is still to do about a constraint that writers keep already.
enum cat_pending {
    CAT_PENDING_NONE,
    CAT_PENDING_ADD,      // look at the rows; it goes again when one violates it
    CAT_PENDING_VALIDATE, // the same, but it stays as it was
    CAT_PENDING_NOT_NULL, // a check that becomes NOT NULL of its column
};
enum cat_fk_action { CAT_FK_NO_ACTION, CAT_FK_RESTRICT, CAT_FK_CASCADE, CAT_FK_SET_NULL, CAT_FK_SET_DEFAULT };
struct cat_foreign_key {
    struct str name;
    uint32_t origin_table_id;
    const uint32_t *origin_columns;
    uint32_t referenced_table_id;
    const uint32_t *referenced_columns;
    size_t n_columns;
    enum cat_fk_action on_delete, on_update;
    bool match_full;
    bool validated;
    bool deferrable; // SET CONSTRAINTS may move its check to the end of the transaction
    bool deferred;   // INITIALLY DEFERRED: it is there unless SET CONSTRAINTS says otherwise
    enum cat_pending pending;
};
struct cat_check {
    struct str name;
    struct str sql;
    const uint32_t *columns;
    size_t n_columns;
    bool validated;
    enum cat_pending pending;
};

// A trigger. Those of a table are in the order of their names, in which they fire.
enum { CAT_TRIGGER_INSERT = 1, CAT_TRIGGER_UPDATE = 2, CAT_TRIGGER_DELETE = 4, CAT_TRIGGER_TRUNCATE = 8 };
struct cat_trigger {
    uint32_t id; // within the table
    struct str name;
    uint32_t function_id;
    const struct str *args;
    size_t n_args;
    char timing;     // 'b' BEFORE, 'a' AFTER
    uint32_t events; // bits
    bool per_row;
    const uint32_t *columns; // ids, of UPDATE OF
    size_t n_columns;
    struct str when_sql; // canonical, over new.… and old.…; empty: none
    const uint32_t *when_columns;
    size_t n_when_columns;
    char enabled;       // pg_trigger.tgenabled: 'O', 'D', 'R', 'A'
    bool is_constraint; // CREATE CONSTRAINT TRIGGER
    bool deferrable, deferred;
    uint32_t referenced_table_id;    // FROM of a constraint trigger; CAT_ID_NONE: none was named
    struct str old_table, new_table; // transition tables; empty: none
    struct str comment;
};

enum cat_relation_kind { CAT_TABLE, CAT_VIEW, CAT_MATERIALIZED_VIEW, CAT_SEQUENCE, CAT_VIRTUAL };
// FAMILY clauses: recorded for SHOW CREATE only, rows are stored whole.
struct cat_family {
    struct str name;
    const uint32_t *columns;
    size_t n_columns;
};
struct cat_sequence {
    struct type type;
    int64_t increment, min, max, start, cache;
    bool cycle;
    bool is_virtual; // values are those of unique_rowid(): no state, nothing to contend for
    uint32_t owner_table_id, owner_column_id;
};
struct cat_table {
    uint32_t id;
    uint32_t database_id, schema_id;
    struct str name;
    enum cat_relation_kind kind;
    const struct cat_column *columns; // in table order; dropped ones are gone
    size_t n_columns;
    uint32_t next_column_id, next_index_id;
    // Type of every column there ever was, dropped ones included: slot_types[id - 1], next_column_id - 1 of them; VOID
    // of virtual ones. Rows
    // keep the slots of dropped columns, so their widths must stay known: stored in the descriptor.
    const struct type *slot_types;
    const struct cat_index *primary; // NULL for views, sequences, virtual tables
    const struct cat_index *indexes; // secondary, in creation order, WRITE_ONLY ones included
    size_t n_indexes;
    const struct cat_check *checks;
    size_t n_checks;
    const struct cat_foreign_key *outbound; // this table references
    size_t n_outbound;
    const struct cat_foreign_key *inbound; // others reference this one (copies)
    size_t n_inbound;
    const struct cat_trigger *triggers;
    size_t n_triggers;
    struct str view_sql;
    const uint32_t *depends_on; // views: relations they read
    size_t n_depends_on;
    const uint32_t *depended_on_by;
    size_t n_depended_on_by;
    const uint32_t *functions; // that use the relation
    size_t n_functions;
    struct cat_sequence sequence;
    const struct cat_family *families; // as declared; none: the single implied one
    size_t n_families;
    struct str storage_parameters; // as written in WITH (…), normalized
    int64_t job;                   // that is making what is WRITE_ONLY or pending, alone until it ends; 0: none
    // Definitions of the user-defined types of the columns, so that a descriptor is complete in itself: whoever changes
    // a type writes the tables that use it again. Collected by cat_put_table.
    const struct type_def *types;
    size_t n_types;
    struct cat_acl acl;
    struct str comment;
    uint64_t version;
    const struct virtual_table *virtual_table; // CAT_VIRTUAL: sql/virtual's row source
    bool virtual_empty;                        // CAT_VIRTUAL: there is nothing of that kind here
    uint32_t virtual_lookups[6]; // CAT_VIRTUAL: positions + 1 of columns an equality on which makes it cheaper; then 0
    // Set when a descriptor is read, ignored by cat_put_table. The layout of row values under the primary key (rows.h)
    // and the key that changes of the descriptor are announced by; NULL for descriptors made by hand and for virtual
    // tables.
    const struct row_layout *row_layout;
    struct str schema_key;
};

// What was last counted over a set of columns (system.table_statistics).
struct cat_statistic {
    uint32_t table_id;
    int64_t id;
    struct str name; // empty: none was given
    const uint32_t *columns;
    size_t n_columns;
    int64_t created_micros;
    int64_t rows, distinct, nulls, avg_size;
    struct str histogram; // encoded (histogram.h); empty: none
};
// Allocated in `a`, oldest first.
int cat_statistics(struct cat_view *v, struct arena *a, uint32_t table_id, struct cat_statistic **out, size_t *n,
                   struct err *err) MUST_CHECK;
int cat_statistic_by_id(struct cat_view *v, struct arena *a, int64_t id, struct cat_statistic *out, bool *found,
                        struct err *err) MUST_CHECK;
int cat_remove_statistics(struct cat_view *v, uint32_t table_id, struct err *err) MUST_CHECK; // all of the table
// Replaces those of the same columns. Raises the catalog's version: kept plans are made again.
int cat_put_statistics(struct cat_view *v, struct arena *a, uint32_t table_id, const struct cat_statistic *list,
                       size_t n, struct err *err) MUST_CHECK;

// Rows do not hold the column: it is computed when it is read. (VIRTUAL columns made by earlier versions are held.)
// A virtual table that appears in every database.
static inline bool cat_table_everywhere(const struct cat_table *t)
{
    return t->kind == CAT_VIRTUAL && t->database_id == 0;
}
static inline bool cat_column_is_virtual(const struct cat_table *t, const struct cat_column *c)
{
    return c->computed_virtual && t->slot_types != NULL && type_is(t->slot_types[c->id - 1], TYPE_VOID);
}
// Names and versions of the collations of an index's columns, as collation.h has them now: "de 153.120.0.0, …". Another
// library may order the same strings differently; what was written then is compared by the checks.
struct str cat_index_collations(struct arena *a, const struct cat_column *columns, size_t n_columns,
                                const struct cat_index *index);
const struct cat_column *cat_column_by_id(const struct cat_table *t, uint32_t id);
const struct cat_column *cat_column_by_name(const struct cat_table *t, struct str name);
// What every row of a stored table has beside its columns.
enum cat_system_column {
    CAT_SYSTEM_NONE,
    CAT_SYSTEM_TABLEOID,
    CAT_SYSTEM_MVCC_TIMESTAMP,
    CAT_SYSTEM_ORIGIN_ID,
    CAT_SYSTEM_ORIGIN_TIMESTAMP,
    CAT_SYSTEM_CTID, // a column may have this name, which then is that column's
};
enum cat_system_column cat_system_column(struct str name);
const struct cat_trigger *cat_trigger_by_name(const struct cat_table *t, struct str name);
// The index that is to be the primary one; NULL: no job makes one.
const struct cat_index *cat_next_primary(const struct cat_table *t);
// Whether that is an index of whole rows under the key they have: what is there under a key is that row.
bool cat_index_keeps_key(const struct cat_table *t, const struct cat_index *index);
// The column of an indexed expression, or one that is not public yet: there is no way to name it in SQL.
bool cat_column_inaccessible(const struct cat_column *c);
// A hidden column that indexes bring: an indexed expression, the shard column of hash-sharded ones.
bool cat_column_of_index(const struct cat_column *c);
// Buckets of a hash-sharded index, whose first column is the hidden shard column; 0: not one.
uint32_t cat_index_shards(const struct cat_table *t, const struct cat_index *index);
// The text of storage parameter `name` in a list ("ttl = 'on', ttl_select_batch_size = 10"), as SQL; NULL: not there.
struct str cat_storage_parameter(struct str parameters, struct str name);
// The same of a parameter that is a string, without its quotes.
struct str cat_storage_text(struct arena *a, struct str parameters, struct str name);
// Takes the first parameter off the list. False at its end.
bool cat_storage_next(struct str *parameters, struct str *name, struct str *value);
// A view WITH (security_invoker = true).
static inline bool cat_view_is_invoker(const struct cat_table *t)
{
    return t->kind == CAT_VIEW && t->storage_parameters.len > 0;
}
const struct cat_index *cat_index_by_name(const struct cat_table *t, struct str name); // primary included
const struct cat_index *cat_index_by_id(const struct cat_table *t, uint32_t id);

// ---- opening

enum { CAT_FORMAT_VERSION = 1 }; // of all that a cluster's keys hold
// Bootstraps an empty store. `cluster` is the key-space prefix of the virtual cluster (1: the system cluster).
int catalog_open(struct kv *kv, uint32_t cluster, struct catalog **out, bool *bootstrapped, struct err *err) MUST_CHECK;
void catalog_close(struct catalog *c);
uint32_t catalog_cluster(const struct catalog *c);
struct str catalog_cluster_id(const struct catalog *c); // UUID text

// Virtual relations (pg_catalog …) are registered once at start by sql/virtual, before sessions exist.
struct cat_virtual_schema {
    const char *name;
    uint32_t id;
    const struct cat_table *tables; // sorted by name; database_id 0: they appear in every database
    size_t n_tables;
};
// `system`: tables beside the stored ones of system.public, with its ids.
void catalog_register_virtual(struct catalog *c, const struct cat_virtual_schema *schemas, size_t n,
                              const struct cat_virtual_schema *system);

// ---- looking things up. Out-pointers get NULL when absent (that is not an error here); descriptors live as long as
// the view. Names are already normalized.

int cat_view_open(struct catalog *c, struct kv_txn *txn, struct cat_view **out, struct err *err) MUST_CHECK;
void cat_view_close(struct cat_view *v);
// Counter of the state seen: plans are cached under it. 0 when the transaction has uncommitted schema changes.
uint64_t cat_view_version(const struct cat_view *v);
// Forgets what was read: after the transaction changed its snapshot or rolled back to a savepoint.
int cat_view_refresh(struct cat_view *v, struct err *err) MUST_CHECK;
// … where the snapshot has moved since the view was last refreshed, as a lock does; before each statement.
int cat_view_follow(struct cat_view *v, struct err *err) MUST_CHECK;
// Keeps every descriptor handed out by views of this version alive until it is released (cached plans). NULL while the
// transaction has schema changes of its own.
struct cat_pin;
struct cat_pin *cat_view_pin(struct cat_view *v);
void cat_unpin(struct catalog *c, struct cat_pin *pin);
struct kv_txn *cat_view_txn(struct cat_view *v);
struct catalog *cat_view_catalog(struct cat_view *v);

int cat_database_by_name(struct cat_view *v, struct str name, const struct cat_database **out,
                         struct err *err) MUST_CHECK;
int cat_database_by_id(struct cat_view *v, uint32_t id, const struct cat_database **out, struct err *err) MUST_CHECK;
int cat_schema_by_name(struct cat_view *v, uint32_t database_id, struct str name, const struct cat_schema **out,
                       struct err *err) MUST_CHECK;
int cat_schema_by_id(struct cat_view *v, uint32_t id, const struct cat_schema **out, struct err *err) MUST_CHECK;
int cat_table_by_name(struct cat_view *v, uint32_t database_id, uint32_t schema_id, struct str name,
                      const struct cat_table **out, struct err *err) MUST_CHECK;
int cat_table_by_id(struct cat_view *v, uint32_t id, const struct cat_table **out, struct err *err) MUST_CHECK;
// Remembers that the transaction depends on this descriptor staying as it is: as long as its snapshot moves, or with
// `to_the_end` (of what it writes to) until it is committed. The planner calls it for every relation of a plan, also
// when the plan comes from a cache.
int cat_table_depend(struct cat_view *v, const struct cat_table *t, bool to_the_end, struct err *err) MUST_CHECK;

// Locks on tables, held to the end of the transaction: KV_LOCK_KEY_SHARE by who writes or locks rows,
// KV_LOCK_EXCLUSIVE by who changes the descriptor, which cat_put_table and cat_remove take unless it is held. Where the
// schema was changed by another transaction meanwhile, the snapshot moves and the view forgets what was read (*moved):
// what was concluded from the descriptor must be so again. So who has concluded from it what is not asked for again
// calls cat_table_depend first, and gets 40001 instead. Readers lock nothing.
int cat_table_lock(struct cat_view *v, const struct cat_table *t, enum kv_lock_mode mode, enum kv_lock_wait wait,
                   bool *moved, struct err *err) MUST_CHECK;
bool cat_table_locked(const struct cat_view *v, const struct cat_table *t, enum kv_lock_mode mode);
// How long these calls wait, 0: without limit. `optional`: then they go on as if the lock had been got.
void cat_view_set_lock_wait(struct cat_view *v, int64_t timeout_ns, bool optional);
// The transaction was reset and its locks are gone.
void cat_view_forget_locks(struct cat_view *v);
// Moves the snapshot to now where what was read still holds (40001 otherwise, below SERIALIZABLE it stays then).
int cat_view_catch_up(struct cat_view *v, bool *moved, struct err *err) MUST_CHECK;

int cat_type_by_id(struct cat_view *v, uint32_t id, const struct cat_type **out, struct err *err) MUST_CHECK;
int cat_type_by_name(struct cat_view *v, uint32_t database_id, uint32_t schema_id, struct str name,
                     const struct cat_type **out, struct err *err) MUST_CHECK;
int cat_function_by_id(struct cat_view *v, uint32_t id, const struct cat_function **out, struct err *err) MUST_CHECK;
// Any type, built in or user-defined, arrays too; false when there is none. `v` may be NULL: built-in ones only.
int cat_type_of_oid(struct cat_view *v, uint32_t oid, struct type *out, bool *found, struct err *err) MUST_CHECK;

// The type of a relation's rows. It has no arrays and columns cannot be of it.
int cat_type_of_table(struct cat_view *v, const struct cat_table *t, struct type *out, struct err *err) MUST_CHECK;

// Lists, in name order, allocated in `a`.
int cat_list_databases(struct cat_view *v, struct arena *a, const struct cat_database ***out, size_t *n,
                       struct err *err) MUST_CHECK;
int cat_list_schemas(struct cat_view *v, struct arena *a, uint32_t database_id, const struct cat_schema ***out,
                     size_t *n, struct err *err) MUST_CHECK; // virtual schemas included
// schema_id 0: of all schemas; virtual relations only when their schema is asked for.
int cat_list_tables(struct cat_view *v, struct arena *a, uint32_t database_id, uint32_t schema_id,
                    const struct cat_table ***out, size_t *n, struct err *err) MUST_CHECK;

int cat_list_types(struct cat_view *v, struct arena *a, uint32_t database_id, uint32_t schema_id,
                   const struct cat_type ***out, size_t *n, struct err *err) MUST_CHECK; // schema_id 0: of all

// name empty: of every name, in that order.
int cat_list_functions(struct cat_view *v, struct arena *a, uint32_t database_id, uint32_t schema_id, struct str name,
                       const struct cat_function ***out, size_t *n, struct err *err) MUST_CHECK;

// Resolves [[database.]schema.]name along the search path. `parts` has 1 to 3 names. Errors: 42P01 `relation "x" does
// not exist`, 3D000, 3F000 unless missing_ok (then *out NULL). "$user" in the path stands for `user`.
// Schemas of temporary objects, one per session and database that has any: pg_temp_ and the session's id.
static inline bool cat_schema_is_temporary(struct str name)
{
    return str_has_prefix(name, STR("pg_temp_"));
}
struct cat_name_scope {
    struct str database; // current database
    const struct str *search_path;
    size_t n_search_path;
    struct str user;
    struct str temp_schema; // of the session: searched first, and what pg_temp stands for; empty: it has none
};
int cat_resolve_table(struct cat_view *v, const struct cat_name_scope *scope, const struct str *parts, size_t n_parts,
                      bool missing_ok, const struct cat_table **out, struct err *err) MUST_CHECK;
int cat_resolve_type(struct cat_view *v, const struct cat_name_scope *scope, const struct str *parts, size_t n_parts,
                     const struct cat_type **out, struct err *err) MUST_CHECK; // *out NULL: there is none
// The overloads of a name: those of the first schema of the search path that has any.
int cat_resolve_functions(struct cat_view *v, const struct cat_name_scope *scope, struct arena *a,
                          const struct str *parts, size_t n_parts, const struct cat_function ***out, size_t *n,
                          struct err *err) MUST_CHECK;
// Where a new object [[database.]schema.]name goes: 3D000, 3F000, 42501 are the callers' to check by the ids returned.
int cat_resolve_target(struct cat_view *v, const struct cat_name_scope *scope, const struct str *parts, size_t n_parts,
                       const struct cat_database **database, const struct cat_schema **schema,
                       struct err *err) MUST_CHECK;

// ---- roles and privileges

#define CAT_OPTION_CONNECTION_LIMIT "CONNECTION LIMIT"
struct cat_role {
    struct str name;
    uint32_t id;
    bool is_role; // created by CREATE ROLE
    bool login;
    uint32_t option_privileges; // bits of cat_system_privilege that role options of the same names give
    struct cat_grant system;    // system privileges granted to the role itself
    struct str verifier;
    int64_t valid_until_micros;  // INT64_MAX: for ever
    int32_t connections_max;     // -1: no limit
    const struct str *member_of; // direct
    const bool *member_admin;    // WITH ADMIN OPTION, parallel to member_of
    size_t n_member_of;
    // As SHOW USERS prints them: NOLOGIN, CREATEDB, "VALID UNTIL=…". They are what cat_put_role stores; login,
    // option_privileges, valid_until_micros and connections_max follow from them when a role is read.
    const struct str *options;
    size_t n_options;
};
int cat_role_by_name(struct cat_view *v, struct str name, const struct cat_role **out, struct err *err) MUST_CHECK;
int cat_list_roles(struct cat_view *v, struct arena *a, const struct cat_role ***out, size_t *n,
                   struct err *err) MUST_CHECK;
// Member of `role` directly or not; everybody is a member of public and of himself.
int cat_is_member(struct cat_view *v, struct str user, struct str role, bool *out, struct err *err) MUST_CHECK;
int cat_is_admin(struct cat_view *v, struct str user, bool *out, struct err *err) MUST_CHECK;
int cat_has_privilege(struct cat_view *v, struct str user, const struct cat_acl *acl, uint32_t privileges, bool *out,
                      struct err *err) MUST_CHECK;
int cat_check_type_privilege(struct cat_view *v, struct str user, const struct cat_type *t, uint32_t privilege,
                             struct err *err) MUST_CHECK;
// 42501 `user u does not have SELECT privilege on relation t`.
int cat_check_table_privilege(struct cat_view *v, struct str user, const struct cat_table *t, uint32_t privilege,
                              struct err *err) MUST_CHECK;
// 42501 `user u has no privileges on relation t`.
int cat_check_any_privilege(struct cat_view *v, struct str user, const struct cat_table *t, struct err *err) MUST_CHECK;
// 42501 without USAGE of the schema; the virtual ones are everybody's.
int cat_check_schema_usage(struct cat_view *v, struct str user, uint32_t schema_id, struct err *err) MUST_CHECK;
// Whether the user may see that a database exists: CONNECT, or any other privilege on it.
int cat_sees_database(struct cat_view *v, struct str user, const struct cat_database *d, bool *out,
                      struct err *err) MUST_CHECK;
const char *cat_privilege_name(uint32_t one_bit);
uint32_t cat_privilege_of(struct str name); // any case; 0: no such privilege
// Owner himself, a member of the owning role, or an admin.
int cat_is_owner(struct cat_view *v, struct str user, const struct cat_acl *acl, bool *out, struct err *err) MUST_CHECK;
int cat_has_grant_option(struct cat_view *v, struct str user, const struct cat_acl *acl, uint32_t privileges, bool *out,
                         struct err *err) MUST_CHECK;
// Records 42501 `user u does not have P privilege on <object> <name>`; object is "relation", "schema", "database".
int cat_no_privilege(struct err *err, struct str user, uint32_t privilege, const char *object, struct str name);

// System privileges (system.privileges): granted to the user, to a role of his or to public, or given by a role option
// of his own. An admin has all of them, but neither he nor who has ALL has NOSQLLOGIN. True with any of the bits.
int cat_has_system_privilege(struct cat_view *v, struct str user, uint32_t any, bool *out, struct err *err) MUST_CHECK;
int cat_has_system_grant_option(struct cat_view *v, struct str user, uint32_t all, bool *out,
                                struct err *err) MUST_CHECK;
// 42501 `user u does not have VIEWJOB system privilege`, for one without a role option of its name.
int cat_check_system_privilege(struct cat_view *v, struct str user, uint32_t one_bit, struct err *err) MUST_CHECK;
// 42501 `user u does not have CREATEROLE privilege`, for one that is a role option too.
int cat_check_role_option(struct cat_view *v, struct str user, uint32_t one_bit, struct err *err) MUST_CHECK;
// 42501 without VIEWACTIVITY and VIEWACTIVITYREDACTED.
int cat_check_activity_privilege(struct cat_view *v, struct str user, struct err *err) MUST_CHECK;
const char *cat_system_privilege_name(uint32_t one_bit);
uint32_t cat_system_privilege_of(struct str name); // any case; 0: no such privilege
// What was granted to a role itself, or to public.
int cat_system_grant_get(struct cat_view *v, struct str grantee, struct cat_grant *out, struct err *err) MUST_CHECK;
int cat_system_grant_put(struct cat_view *v, const struct cat_grant *g, struct err *err) MUST_CHECK; // replaces
// What a new object is created with: ALL for admin and root, and these for public.
struct cat_acl cat_default_acl(struct arena *a, struct str owner, uint32_t public_privileges);
double cat_index_visibility(const struct cat_index *index);    // part of the plans that see it, from 0 to 1
const char *cat_relation_kind_name(const struct cat_table *t); // "table", "view", "materialized view", "sequence"

// ---- changing things: plain transactional writes. The caller (sql/ddl) has checked names, privileges, dependencies.

// Next free descriptor id (a counter that does not conflict between transactions).
int cat_new_id(struct cat_view *v, uint32_t *out, struct err *err) MUST_CHECK;
// Creates or replaces (same id) a descriptor and its namespace entry; a changed name or parent moves the entry. 42P07
// when another object has the name. The struct is copied. Bumps the catalog version.
int cat_put_database(struct cat_view *v, const struct cat_database *d, struct err *err) MUST_CHECK;
int cat_put_schema(struct cat_view *v, const struct cat_schema *s, struct err *err) MUST_CHECK;
int cat_put_table(struct cat_view *v, const struct cat_table *t, struct err *err) MUST_CHECK;
// The same of a change that transactions which go on with the descriptor before it need not know: they do what it asks
// for all the same, and do not conflict with it.
int cat_put_table_compatible(struct cat_view *v, const struct cat_table *t, struct err *err) MUST_CHECK;
// Transactions that use a descriptor of the table conflict with this one, as if it had changed.
int cat_table_changed(struct cat_view *v, uint32_t id, struct err *err) MUST_CHECK;
int cat_put_type(struct cat_view *v, const struct cat_type *t, struct err *err) MUST_CHECK;
int cat_put_function(struct cat_view *v, const struct cat_function *f, struct err *err) MUST_CHECK;
// Two ids in a row, the first of them.
int cat_new_type_id(struct cat_view *v, uint32_t *out, struct err *err) MUST_CHECK;
// Removes descriptor and namespace entry; row data is removed by the caller (cat_delete_data).
int cat_remove(struct cat_view *v, uint32_t id, struct err *err) MUST_CHECK;
// Deletes all keys of an index that the table has no longer, or of a table that is removed (index_id 0): now, or of a
// large table in the background by a job, which the commit starts (jobs_adopt) when cat_view_left_garbage says so.
int cat_delete_data(struct cat_view *v, uint32_t table_id, uint32_t index_id, struct err *err) MUST_CHECK;
// In the background whatever its size. `stragglers`: the index went with cat_put_table_compatible, transactions open
// now may still write into it.
int cat_delete_data_later(struct cat_view *v, uint32_t table_id, uint32_t index_id, bool stragglers,
                          struct err *err) MUST_CHECK;
bool cat_view_left_garbage(const struct cat_view *v);
int cat_put_role(struct cat_view *v, const struct cat_role *r, struct err *err) MUST_CHECK; // members are separate
int cat_remove_role(struct cat_view *v, struct str name, struct err *err) MUST_CHECK;
int cat_put_member(struct cat_view *v, struct str role, struct str member, bool admin, struct err *err) MUST_CHECK;
int cat_remove_member(struct cat_view *v, struct str role, struct str member, struct err *err) MUST_CHECK;

int cat_new_role_id(struct cat_view *v, uint32_t *out, struct err *err) MUST_CHECK;

// Comments (system.comments). A table's descriptor carries its own, its columns' and its indexes' comments too; whoever
// changes them writes both. sub_id: column or index id, else 0. *out and comment with ptr NULL: none.
enum cat_comment_kind { // stored on disk
    CAT_COMMENT_DATABASE = 0,
    CAT_COMMENT_TABLE = 1,
    CAT_COMMENT_COLUMN = 2,
    CAT_COMMENT_INDEX = 3,
    CAT_COMMENT_SCHEMA = 4,
    CAT_COMMENT_CONSTRAINT = 5,
    CAT_COMMENT_TYPE = 6,
    CAT_COMMENT_TRIGGER = 7,
};
// sub_id of a constraint's comment: made from its name, for checks and foreign keys have nothing else of their own.
uint32_t cat_constraint_comment_id(struct str name);
int cat_comment_get(struct cat_view *v, enum cat_comment_kind kind, uint32_t object_id, uint32_t sub_id,
                    struct str *out, struct err *err) MUST_CHECK;
int cat_comment_put(struct cat_view *v, enum cat_comment_kind kind, uint32_t object_id, uint32_t sub_id,
                    struct str comment, struct err *err) MUST_CHECK;
// Of the object and its parts of this kind.
int cat_comments_remove(struct cat_view *v, enum cat_comment_kind kind, uint32_t object_id, struct err *err) MUST_CHECK;

// Row counters kept exactly (kv_add), for statistics: delta rows of a table.
int cat_add_row_count(struct cat_view *v, uint32_t table_id, int64_t delta, struct err *err) MUST_CHECK;
int cat_row_count(struct cat_view *v, uint32_t table_id, int64_t *out, struct err *err) MUST_CHECK; // snapshot read
// The same as a read with the flags of enum kv_read_flags.
int cat_row_count_read(struct cat_view *v, uint32_t table_id, unsigned flags, int64_t *out, struct err *err) MUST_CHECK;

// Cluster settings (system.settings): text values; absent: *out ptr NULL.
int cat_setting_get(struct cat_view *v, struct str name, struct str *out, struct err *err) MUST_CHECK;
int cat_setting_put(struct cat_view *v, struct str name, struct str value,
                    struct err *err) MUST_CHECK; // ptr NULL: reset

// The event log. `info` is an encoded JSON object with the member EventType. `left`: the view's transaction has written
// into it, perhaps undone since.
struct cat_event {
    int64_t micros;
    struct str unique, type, info;
};
int64_t cat_event_time(struct cat_view *v); // now, and later than that of the transaction's event before
int cat_event_put(struct cat_view *v, int64_t micros, struct str info, struct err *err) MUST_CHECK;
bool cat_view_left_events(const struct cat_view *v);
// All, oldest first, until one call fails.
int cat_event_each(struct cat_view *v, struct arena *a, int (*each)(void *arg, const struct cat_event *, struct err *),
                   void *arg, struct err *err) MUST_CHECK;
int cat_events_trim(struct cat_view *v, int64_t before_micros, struct err *err) MUST_CHECK;

// Session variables applied at login, "name=value" each (system.database_role_settings): of a role (empty: all roles)
// in a database (0: all). put replaces the whole list.
int cat_role_settings_get(struct cat_view *v, struct arena *a, uint32_t database_id, struct str role,
                          const struct str **out, size_t *n, struct err *err) MUST_CHECK;
int cat_role_settings_put(struct cat_view *v, uint32_t database_id, struct str role, const struct str *settings,
                          size_t n, struct err *err) MUST_CHECK;

// ---- sequences: non-transactional, as PostgreSQL's: values taken are never given back.
int cat_sequence_next(struct cat_view *v, const struct cat_table *sequence, int64_t *out, struct err *err) MUST_CHECK;
int cat_sequence_set(struct cat_view *v, const struct cat_table *sequence, int64_t value, bool is_called,
                     struct err *err) MUST_CHECK;
int cat_sequence_peek(struct cat_view *v, const struct cat_table *sequence, int64_t *last_value, bool *is_called,
                      struct err *err) MUST_CHECK;
// Forgets values reserved and not yet given: they go back into the records (`keep`), or the records were changed by
// others and hold now.
void cat_sequences_forget(struct catalog *c, bool keep);
// unique_rowid(): 48 bits of time in 10 us units, 15 bits node id; unique and increasing within the process.
int64_t cat_unique_rowid(void);

// Maps a failed kv call to the SQL error record: 40001 with CockroachDB's texts, 55P03, 57014, 53200, 40003 …; the one
// place where kv results become SQLSTATEs. `txn` may be NULL (kv_begin failed).
int cat_kv_error(struct kv_txn *txn, int kv_result, struct err *err);
// The same for a failed write or write lock (RETRY_WRITE_TOO_OLD). With a view, lock failures name the row:
// `could not obtain lock on row (k)=(1) in t@t_pkey`.
int cat_kv_write_error(struct cat_view *v, struct kv_txn *txn, int kv_result, struct err *err);
int cat_changed_meanwhile(struct str name, struct err *err); // 40001: a descriptor is no longer what was planned with
// The same for a lock on the table.
int cat_kv_table_error(struct cat_view *v, const struct cat_table *t, int kv_result, struct err *err);
// Adds to a conflict or a deadlock which row or table it was about and who the others were.
void cat_kv_detail(struct cat_view *v, struct kv_txn *txn, int kv_result, struct err *err);
// kv_commit frees the transaction: take this before, to describe the failure after.
struct cat_txn_summary {
    uint64_t id, read_version;
    int isolation; // enum kv_isolation
};
struct cat_txn_summary cat_txn_summarize(const struct kv_txn *txn);
int cat_commit_error(const struct cat_txn_summary *txn, int kv_result, struct err *err);
// The same of KV_CONFLICT, with what the transaction's observer was told.
int cat_commit_conflict(const struct cat_txn_summary *txn, const struct kv_conflict *conflict, struct err *err);
// The DETAIL of it, as of cat_kv_detail; `v` is of any transaction.
void cat_commit_detail(struct cat_view *v, const struct kv_conflict *conflict, struct err *err);

#endif
