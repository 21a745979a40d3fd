// Execution of statements that change the schema, roles or privileges, inside the caller's transaction.
//
// ddl_execute checks names, privileges and dependencies, writes descriptors through the caller's view and removes or
// fills data. Nothing is kept outside the transaction: rolling it back undoes the statement. Work on expressions,
// queries and rows is done by the layers above through `struct ddl_services`.
#ifndef SQL_DDL_DDL_H
#define SQL_DDL_DDL_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "catalog/catalog.h"
#include "types/types.h"

struct ast;
struct ddl_context;

// What serial_normalization says a SERIAL column becomes.
enum ddl_serial {
    DDL_SERIAL_ROWID,        // INT8 DEFAULT unique_rowid()
    DDL_SERIAL_UNORDERED,    // INT8 DEFAULT unordered_unique_rowid()
    DDL_SERIAL_VIRTUAL,      // INT8 DEFAULT nextval('t_c_seq') of a virtual sequence
    DDL_SERIAL_SQL_SEQUENCE, // DEFAULT nextval('t_c_seq'): sql_sequence
    DDL_SERIAL_SQL_CACHED,   // the same with a cache of 256: sql_sequence_cached, sql_sequence_cached_node
};

// Where an expression stands: decides what it may contain (0A000, 42P10 … otherwise) and how it is named in errors.
enum ddl_expr_place {
    DDL_EXPR_DEFAULT,   // no columns, subqueries, aggregates
    DDL_EXPR_ON_UPDATE, // as DEFAULT
    DDL_EXPR_CHECK,     // BOOL over columns of the table
    DDL_EXPR_COMPUTED,  // immutable, over columns that are not computed themselves
    DDL_EXPR_USING,     // ALTER COLUMN TYPE … USING: evaluated once for every row
    DDL_EXPR_PREDICATE, // partial index: BOOL, immutable, over columns
    DDL_EXPR_INDEX,     // indexed expression: the same
    DDL_EXPR_TTL,       // when a row expires: over columns
};
struct ddl_expr {
    struct str sql; // canonical text, constants annotated, columns unqualified, sequences by schema-qualified name
    struct type type;
    const uint32_t *columns; // ids of the columns referred to, in order of first appearance
    size_t n_columns;
    const uint32_t *sequences; // ids of sequences used through nextval() and friends
    size_t n_sequences;
    bool is_constant; // `value`, already of the type expected, is what it evaluates to now and for every row
    struct datum value;
};

// A query as CREATE VIEW and CREATE TABLE AS see it.
struct ddl_query {
    struct str sql; // canonical text with names qualified: defaultdb.public.t
    const struct str *names;
    const struct type *types;
    size_t n_columns;
    const uint32_t *relations; // ids of the relations and sequences it reads
    size_t n_relations;
};

// The body of a function or procedure.
struct ddl_routine {
    struct str sql;           // canonical statements, ";\n" between them
    const struct type *types; // of the last statement's columns
    size_t n_columns;
    bool returns_rows, has_mutation;
    uint8_t reading; // PL/pgSQL: cat_function's
    const uint32_t *relations;
    size_t n_relations;
};

// A column of the new form of a table whose values are computed while the rows are rewritten.
struct ddl_column_value {
    uint32_t column_id;
    struct str sql; // over the columns of the old form
};

// Implemented above. All work in dc->txn as of now, own changes included, and return 0 or an error code.
struct ddl_services {
    // Resolves names, types and converts to `expected` (family UNKNOWN: any) as assignment does.
    int (*check_expr)(struct ddl_services *s, struct ddl_context *dc, const struct cat_table *table,
                      const struct ast *expr, struct type expected, enum ddl_expr_place place, struct ddl_expr *out,
                      struct err *err);
    int (*describe_query)(struct ddl_services *s, struct ddl_context *dc, const struct ast *query,
                          struct ddl_query *out, struct err *err);
    // `f` has name, parameters and result.
    int (*check_routine)(struct ddl_services *s, struct ddl_context *dc, const struct cat_function *f, struct str body,
                         struct ddl_routine *out, struct err *err);
    // INSERT INTO table(columns…) query, for CREATE TABLE AS and materialized views; defaults fill the other columns.
    int (*insert_query)(struct ddl_services *s, struct ddl_context *dc, const struct cat_table *table,
                        const uint32_t *columns, size_t n_columns, const struct ast *query, int64_t *rows,
                        struct err *err);
    // Writes the entries of one index for all rows. 23505 when a unique one finds duplicates.
    int (*backfill_index)(struct ddl_services *s, struct ddl_context *dc, const struct cat_table *table,
                          const struct cat_index *index, struct err *err);
    // Writes every row of `before` as a row of `after`. Columns listed in `values` are computed from the old row, the
    // others copied by id. When the primary index has a new id the old rows are left alone (the caller deletes them),
    // else they are overwritten. Indexes whose id `before` does not have are filled.
    int (*rewrite_table)(struct ddl_services *s, struct ddl_context *dc, const struct cat_table *before,
                         const struct cat_table *after, const struct ddl_column_value *values, size_t n_values,
                         struct err *err);
    // 23514, 23502, 23503 naming the constraint when a row violates it.
    int (*validate_check)(struct ddl_services *s, struct ddl_context *dc, const struct cat_table *table,
                          const struct cat_check *check, struct err *err);
    int (*validate_not_null)(struct ddl_services *s, struct ddl_context *dc, const struct cat_table *table,
                             const struct cat_column *column, struct err *err);
    int (*validate_foreign_key)(struct ddl_services *s, struct ddl_context *dc, const struct cat_table *table,
                                const struct cat_foreign_key *fk, struct err *err);
    // WHEN of a trigger: BOOL over new.… and old.… of the table. *sql: its canonical text.
    int (*check_trigger_condition)(struct ddl_services *s, struct ddl_context *dc, const struct cat_table *table,
                                   const struct ast *expr, struct str *sql, struct err *err);
    // Triggers of TRUNCATE.
    int (*fire_truncate)(struct ddl_services *s, struct ddl_context *dc, const struct cat_table *table, bool before,
                         struct err *err);
};

// A session variable of ALTER ROLE/DATABASE … SET and RESET, by its proper name; the value as text.
struct ddl_setting {
    struct str name, value; // name.ptr NULL: RESET ALL
};

struct ddl_context {
    struct cat_view *view;
    struct kv_txn *txn;
    struct arena *arena; // of the statement
    struct cat_name_scope scope;
    enum ddl_serial serial;
    struct str application_name;        // for the event log
    bool safe_updates;                  // sql_safe_updates
    bool require_explicit_primary_keys; // setting of that name
    bool insecure;                      // passwords are refused
    bool temp_tables;                   // experimental_enable_temp_tables
    bool postgresql;                    // the setting dialect
    struct str temp_schema;             // where the session's temporary objects go; made when it is not there
    void (*notice)(void *arg, const struct err *notice);
    void *notice_arg;
    struct ddl_services *services;
    struct ddl_setting setting;
    uint64_t read_version;    // AS OF SYSTEM TIME of the query whose rows it writes; 0: now
    uint32_t online_table_id; // result
    bool being_changed;       // result: a job changes a table that the statement is about
    bool again;               // of ddl_execute: the snapshot has moved
    int64_t online_job; // what takes long is left to this job where that is possible, see ddl_online_publish; 0: none
};

struct ddl_result {
    struct str tag;           // "CREATE TABLE" …
    int64_t rows;             // CREATE TABLE AS: rows inserted
    bool made_temporary;      // an object in the temporary schema
    bool changed_schema;      // false for IF [NOT] EXISTS that did nothing
    uint32_t online_table_id; // the table with work left to the job; 0: none
    bool being_changed;       // with 55006: because a job changes the table; it can be waited for
};

// Errors are CockroachDB's: 42P07, 42P01, 42501, 2BP01 …; 0A000 `unimplemented: …` for what is not supported. After an
// error the transaction holds part of the statement's writes: the caller rolls back to before the statement and
// refreshes the view.
int ddl_execute(struct ddl_context *dc, const struct ast *statement, struct ddl_result *out,
                struct err *err) MUST_CHECK;
// SET CLUSTER SETTING, which is the caller's: its event. value.ptr NULL: the default.
int ddl_event_setting(struct ddl_context *dc, const struct ast *statement, struct str name, struct str value,
                      struct err *err) MUST_CHECK;
// Work left to a job: indexes of the table are WRITE_ONLY and lack the entries of rows there were before, constraints
// are `pending` and have not been compared with those rows. When the caller has done both, this makes them public …
int ddl_online_publish(struct cat_view *v, struct arena *a, uint32_t table_id, struct err *err) MUST_CHECK;
// … and this takes away what was to be, when it could not be done. No harm when it is gone already.
int ddl_online_revert(struct cat_view *v, struct arena *a, uint32_t table_id, int64_t job, struct err *err) MUST_CHECK;
// Drops every schema whose name begins so, in all databases, with all that is in them.
int ddl_drop_temporary(struct ddl_context *dc, struct str prefix, struct err *err) MUST_CHECK;
// True for the kinds of statement that ddl_execute takes.
// A name for a new role: 42939 when it is reserved, 42602 when it is none.
int ddl_check_role_name(struct str name, struct err *err) MUST_CHECK;
bool ddl_can_execute(const struct ast *statement);

// The function or procedure of a FUNC_SIGNATURE. 42883 unless missing_ok (then NULL), 42725 when it is not unique.
int ddl_find_function(struct ddl_context *dc, const struct ast *signature, bool procedure, bool missing_ok,
                      const struct cat_function **out, struct err *err) MUST_CHECK;

#endif
