// Private to src/sql/virtual: the columns of every virtual relation as enumerations, and what generators share.
#ifndef SQL_VIRTUAL_VIRTUAL_INT_H
#define SQL_VIRTUAL_VIRTUAL_INT_H

#include "base/util.h"
#include "catalog/catalog.h"
#include "catalog/text.h"
#include "sql/execute/execute.h"
#include "sql/functions/oids.h"
#include "sql/virtual/virtual.h"
#include "types/array.h"

// Positions of columns: pg_class_relname and so on; pg_class_COLUMNS is their number.
// clang-format off
#define TABLE(name, generator, lookups) enum name##_column {
#define COLUMN(table, name, type) table##_##name,
#define TABLE_END(name) name##_COLUMNS };
#include "sql/virtual/virtual_schemas.def"
#undef TABLE
#undef COLUMN
#undef TABLE_END

// The generators.
#define TABLE(name, generator, lookups)                                                                    \
    int generator(struct exec_context *x, const struct virtual_filter *filter, struct virtual_rows *rows,              \
                  struct err *err) MUST_CHECK;
#define COLUMN(table, name, type)
#define TABLE_END(name)
#include "sql/virtual/virtual_schemas.def"
#undef TABLE
#undef COLUMN
#undef TABLE_END
// clang-format on
#define GENERATOR(name) \
    int name(struct exec_context *x, const struct virtual_filter *filter, struct virtual_rows *rows, struct err *err)

// A row of all NULLs, to be filled in by column: ROW(pg_am); row[pg_am_oid] = …
#define ROW(table)                               \
    struct datum row[table##_COLUMNS];           \
    for (int i_ = 0; i_ < table##_COLUMNS; i_++) \
    row[i_] = DATUM_NULL

// The plain text without annotations of an expression stored with a table; NULL when there is none.
struct datum datum_expr(struct exec_context *x, struct str sql);
// pg_attrdef.oid of a column's default or generation expression.
static inline uint32_t oid_of_default(uint32_t table_id, uint32_t column_id)
{
    return 1u << 30 | (table_id & 0xFFFFF) << 10 | (column_id & 0x3FF);
}

// pg_type.oid of the type of a relation's rows; 0: it has none.
static inline uint32_t oid_of_row_type(const struct cat_table *t)
{
    return t->kind == CAT_SEQUENCE || t->kind == CAT_VIRTUAL ? 0 : TYPE_OID_USER_FIRST + t->id;
}

enum {
    OID_AM_PREFIX = 403, // btree's and gin's: pg_dump takes higher ones for made by a user
    OID_AM_INVERTED = 2742,
    OID_COLLATION_DEFAULT = 100,
    OID_LANGUAGE_INTERNAL = 12,
    OID_LANGUAGE_SQL = 14,
    OID_LANGUAGE_PLPGSQL = 13562,
    OID_TABLESPACE_DEFAULT = 1663,
};

static inline struct datum datum_c(const char *text)
{
    return text != NULL ? datum_str(str_of(text)) : DATUM_NULL;
}
static inline struct datum datum_text_or_null(struct str s)
{
    return s.ptr != NULL && s.len > 0 ? datum_str(s) : DATUM_NULL;
}
// OID 0 for names of roles that are gone. The role node, which owns the virtual schemas, is in no list of roles, and
// pg_dump wants every owner to be in one: admin stands for it there.
int role_oid(struct exec_context *x, struct str name, uint32_t *out, struct err *err) MUST_CHECK;

// Array values in the scratch arena of the running scan.
struct datum array_of_oids(struct exec_context *x, const uint32_t *oids, size_t n);
struct datum array_of_ints(struct exec_context *x, const int64_t *values, size_t n); // INT2[], int2vector
struct datum array_of_texts(struct exec_context *x, const struct str *values, size_t n);
// {owner=arwdDxt/owner,role=rw/owner} as cat_text_acl_item prints them; NULL while an object of this kind has its
// default privileges.
struct datum array_of_acl(struct exec_context *x, char kind, const struct cat_acl *acl);
// The grants of the list and nothing else.
struct datum array_of_grants(struct exec_context *x, char kind, const struct cat_acl *acl);
// Bytes of keys and values: of the whole store for the system cluster, which has all ranges, else of the cluster. NULL:
// not counted.
struct datum virtual_live_bytes(struct exec_context *x);
// The server's metrics, of the store or not, as a JSON object; one of them, NULL when the server has none.
int virtual_metrics_json(struct exec_context *x, bool of_store, struct datum *out, struct err *err) MUST_CHECK;
struct datum virtual_metric_value(struct exec_context *x, const char *name);
// Transactions have 64-bit numbers here: the last half of the UUID.
struct datum virtual_txn_uuid(struct exec_context *x, uint64_t id);
// What the builder wrote, copied to the scratch arena; releases the builder.
struct datum datum_take(struct exec_context *x, struct buf *b);

// A relation with what it is in.
struct relation {
    const struct cat_table *table;
    const struct cat_schema *schema;
    const struct cat_database *database;
};
struct relations {
    struct relation *items;
    size_t n;
};
enum relation_scope {
    SCOPE_STORED,        // of the current database
    SCOPE_WITH_VIRTUAL,  // and the virtual ones
    SCOPE_ALL_DATABASES, // stored ones of every database
};
int relations_list(struct exec_context *x, enum relation_scope scope, struct relations *out,
                   struct err *err) MUST_CHECK;
// Those the filter allows, where column `id_column` of the virtual table is a relation's OID and `name_column` its name
// (-1: there is no such column).
int relations_filtered(struct exec_context *x, const struct virtual_filter *filter, int id_column, int name_column,
                       enum relation_scope scope, struct relations *out, struct err *err) MUST_CHECK;
typedef int (*relation_row)(struct exec_context *x, const struct relation *r, struct virtual_rows *rows,
                            struct err *err);
// Calls back for each of relations_filtered.
int relations_each(struct exec_context *x, const struct virtual_filter *filter, int id_column, int name_column,
                   enum relation_scope scope, relation_row row, struct virtual_rows *rows, struct err *err) MUST_CHECK;
// The same for information_schema, which shows only what the current user has some privilege on.
int relations_each_accessible(struct exec_context *x, const struct virtual_filter *filter, int name_column,
                              enum relation_scope scope, relation_row row, struct virtual_rows *rows,
                              struct err *err) MUST_CHECK;
// pg_dump is shown what it can write as statements that bring the database back: not crdb_internal, not the rowid that
// a table without a primary key gets again by itself, unique indexes as constraints only where nothing of them is lost.
static inline bool for_pg_dump(const struct exec_context *x)
{
    return str_eqc(x->eval.application_name, "pg_dump");
}
// So are applications in the dialect of PostgreSQL, with unique indexes as constraints only if they were made so.
static inline bool as_in_postgresql(const struct exec_context *x)
{
    return x->eval.postgresql || for_pg_dump(x);
}
bool schema_hidden(const struct exec_context *x, const struct cat_schema *s);
bool column_hidden(const struct exec_context *x, const struct cat_table *t, const struct cat_column *c);
bool index_hidden(const struct exec_context *x, const struct cat_table *t, const struct cat_index *index);
bool constraint_hidden(const struct exec_context *x, const struct cat_table *t, const struct cat_index *index);
// OID of a virtual relation, as in classoid columns; 0: none.
uint32_t virtual_table_oid(const char *schema, const char *name);
uint32_t virtual_schema_oid(const char *schema);
// The current database; NULL when it does not exist.
int current_database(struct exec_context *x, const struct cat_database **out, struct err *err) MUST_CHECK;
// Its schemas too; none when there is no current database.
int current_schemas(struct exec_context *x, const struct cat_database **d, const struct cat_schema ***out, size_t *n,
                    struct err *err) MUST_CHECK;

typedef int (*user_type_row)(struct exec_context *x, const struct cat_database *d, const struct cat_type *t,
                             struct virtual_rows *rows, struct err *err);
// Calls back for each user-defined type of the current database, in name order.
int user_types_each(struct exec_context *x, user_type_row row, struct virtual_rows *rows, struct err *err) MUST_CHECK;

// The operator class an index has for a column of the type; 0: none.
uint32_t oid_of_opclass(enum cat_index_kind kind, struct type t);
// OID of the index that the foreign key refers to; 0: none.
uint32_t referenced_index(const struct cat_table *t, const struct cat_foreign_key *fk);
// pg_type.typname: "int8", "_text"; NULL for unknown OIDs.
const char *pg_type_name(uint32_t oid);

static inline struct virtual_session *virtual_session_of(const struct exec_context *x)
{
    return x->virtual_arg;
}

// attcollation and its like.
static inline int64_t collation_of(struct type t)
{
    return type_has_collation(t) ? collation_oid(t.scale) : type_is(t, TYPE_STRING) ? OID_COLLATION_DEFAULT : 0;
}

#endif
