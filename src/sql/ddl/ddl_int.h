// Shared by the statements of this folder: looking objects up with their errors, privilege checks, and editing table
// descriptors.
#ifndef SQL_DDL_DDL_INT_H
#define SQL_DDL_DDL_INT_H

#include "catalog/catalog.h"
#include "types/collation.h"
#include "sql/ddl/ddl.h"
#include "sql/parse/ast.h"

// One handler per kind of statement; see the table in ddl.c.
#define DDL_STATEMENT(KIND, name) \
    int ddl_##name(struct ddl_context *dc, const struct ast *statement, struct ddl_result *out, struct err *err);
#include "sql/ddl/statements.def"
#undef DDL_STATEMENT

// ---- ddl.c

void ddl_notice(struct ddl_context *dc, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);
// 0A000 `unimplemented: <what>` with CockroachDB's hint.
int ddl_unimplemented(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);
// Of a PARTITION BY, or NULL: no table is partitioned here, so NOTHING is what holds already.
int ddl_refuse_partitions(const struct ast *partition_by, struct err *err) MUST_CHECK;
bool ddl_cascade(enum ast_drop_behavior behavior);

// ---- events.c

struct ddl_event_object {
    uint32_t id;
    struct str name; // empty: there is none
};
struct ddl_events {
    struct ddl_event_object *objects;
    size_t n;
};
// Looks at what the statement drops or gives another name.
void ddl_events_before(struct ddl_context *dc, const struct ast *statement, struct ddl_events *out);
// Writes the events of a statement that has changed something.
int ddl_events_after(struct ddl_context *dc, const struct ast *statement, const struct ddl_events *before,
                     struct err *err) MUST_CHECK;

// ---- statistics.c

int ddl_inject_statistics(struct ddl_context *dc, const struct cat_table *t, const struct ast *text,
                          struct err *err) MUST_CHECK;

// ---- names.c

struct ddl_parts {
    struct str parts[3];
    size_t n;
};
// database, schema, name of an OBJECT_NAME; of a NAME.
struct ddl_parts ddl_parts_of(const struct ast *name);
struct str ddl_object_text(struct ddl_context *dc, const struct ast *name); // as written
// The relation of that name. 42P01 unless missing_ok (then NULL).
int ddl_find_relation(struct ddl_context *dc, const struct ast *name, bool missing_ok, const struct cat_table **out,
                      struct err *err) MUST_CHECK;
// A base table: 42809 `"x" is not a table`, 42501 for tables of the system database and virtual ones.
int ddl_find_table(struct ddl_context *dc, const struct ast *name, bool missing_ok, const struct cat_table **out,
                   struct err *err) MUST_CHECK;
// Waits for writers of the table and keeps others out, before anything else is concluded from it or written. When that
// has moved the snapshot it fails, and ddl_execute calls the handler again.
int ddl_lock_table(struct ddl_context *dc, const struct cat_table *t, struct err *err) MUST_CHECK;
int ddl_find_database(struct ddl_context *dc, struct str name, bool missing_ok, const struct cat_database **out,
                      struct err *err) MUST_CHECK;
// The database statements without one work in: 3D000 when it does not exist.
int ddl_current_database(struct ddl_context *dc, const struct cat_database **out, struct err *err) MUST_CHECK;
// [database.]schema written as OBJECT_NAME (name, schema).
int ddl_find_schema(struct ddl_context *dc, const struct ast *name, bool missing_ok, const struct cat_schema **out,
                    const struct cat_database **database, struct err *err) MUST_CHECK;
// Where a new relation goes. 42501 without CREATE on the schema. *existing: what has the name already, or NULL.
struct ddl_target {
    const struct cat_database *database;
    const struct cat_schema *schema;
    struct str name;
    const struct cat_table *existing;
};
int ddl_find_target(struct ddl_context *dc, const struct ast *name, struct ddl_target *out, struct err *err) MUST_CHECK;
// The same, in the session's temporary schema when `temporary` or when the name says pg_temp.
int ddl_find_target_in(struct ddl_context *dc, const struct ast *name, bool temporary, struct ddl_target *out,
                       struct ddl_result *result, struct err *err) MUST_CHECK;
// 42P07 `relation "db.schema.name" already exists`, or a notice and 0 with if_not_exists.
int ddl_already_exists(struct ddl_context *dc, const struct ddl_target *t, bool if_not_exists,
                       struct err *err) MUST_CHECK;
struct str ddl_qualified_name(struct ddl_context *dc, const struct cat_table *t); // db.schema.name; "" on failure

// The user-defined type of that name. 42704 unless missing_ok (then NULL).
int ddl_find_type(struct ddl_context *dc, const struct ast *name, bool missing_ok, const struct cat_type **out,
                  struct err *err) MUST_CHECK;
// Before a column becomes of the type: 42501 without USAGE on it, 0A000 for a type of another database.
int ddl_use_type(struct ddl_context *dc, uint32_t database_id, struct type type, struct err *err) MUST_CHECK;
int ddl_alter_type_object(struct ddl_context *dc, const struct ast_alter_object *s, struct err *err) MUST_CHECK;
int ddl_alter_function_object(struct ddl_context *dc, const struct ast_alter_object *s, struct err *err) MUST_CHECK;
// After a schema got another name.
int ddl_types_follow_schema(struct ddl_context *dc, const struct cat_schema *s, struct err *err) MUST_CHECK;

// Privileges: 42501.
int ddl_need_table(struct ddl_context *dc, const struct cat_table *t, uint32_t privilege, struct err *err) MUST_CHECK;
int ddl_need_schema(struct ddl_context *dc, const struct cat_schema *s, uint32_t privilege, struct err *err) MUST_CHECK;
int ddl_need_database(struct ddl_context *dc, const struct cat_database *d, uint32_t privilege,
                      struct err *err) MUST_CHECK;
// `must be owner of <object> <name>`
int ddl_need_owner(struct ddl_context *dc, const struct cat_acl *acl, const char *object, struct str name,
                   struct err *err) MUST_CHECK;
int ddl_need_admin(struct ddl_context *dc, const char *action, struct err *err) MUST_CHECK;
// The new owner exists and the user may give the object to him.
int ddl_check_new_owner(struct ddl_context *dc, struct str owner, struct err *err) MUST_CHECK;
// 42704 `role/user "x" does not exist`.
int ddl_need_role(struct ddl_context *dc, struct str name, const struct cat_role **out, struct err *err) MUST_CHECK;

// ---- default_privileges.c

// What a new object is created with: as cat_default_acl says, and default privileges. kind: CAT_DEFAULTS_…; s NULL: a
// schema.
struct cat_acl ddl_new_acl(struct ddl_context *dc, const struct cat_database *d, const struct cat_schema *s, char kind,
                           struct str owner, uint32_t public_privileges);

// ---- edit.c: a table descriptor being changed. Open, change the vectors and `t`, save.

struct table_edit {
    struct arena *a;
    struct cat_table t;
    struct cat_index primary;
    bool has_primary;
    ARENA_VEC(struct cat_column) columns;
    ARENA_VEC(struct type) slot_types;
    ARENA_VEC(struct cat_index) indexes;
    ARENA_VEC(struct cat_check) checks;
    ARENA_VEC(struct cat_foreign_key) outbound;
    ARENA_VEC(struct cat_foreign_key) inbound;
    ARENA_VEC(struct cat_family) families;
    ARENA_VEC(uint32_t) depends_on;
    ARENA_VEC(uint32_t) depended_on_by;
};
void edit_open(struct table_edit *e, struct arena *a, const struct cat_table *t);
// The descriptor as it is now; valid until the next change.
const struct cat_table *edit_table(struct table_edit *e);
int edit_save(struct table_edit *e, struct ddl_context *dc, struct err *err) MUST_CHECK;
// The same of what writers of the table need not know (cat_put_table_compatible).
int edit_save_compatible(struct table_edit *e, struct ddl_context *dc, struct err *err) MUST_CHECK;
struct cat_column *edit_column(struct table_edit *e, struct str name); // NULL: none
struct cat_column *edit_column_by_id(struct table_edit *e, uint32_t id);
// 42703 `column "x" does not exist`.
int edit_need_column(struct table_edit *e, struct str name, struct cat_column **out, struct err *err) MUST_CHECK;
int edit_check_name(struct str name, struct err *err) MUST_CHECK;                   // a column may be called so
struct cat_column *edit_add_column(struct table_edit *e, struct cat_column column); // gives it an id
bool edit_has_constraint(const struct table_edit *e, struct str name);              // or index
// prefix_col1_col2_suffix, with 1, 2 … appended until no index or constraint has it.
struct str edit_free_name(struct table_edit *e, const char *prefix, const uint32_t *columns, size_t n,
                          const char *suffix);
void families_remove_column(struct table_edit *e, uint32_t id);
// Columns that no family names are in the first one; each is in one. 42P16 for what cannot be.
int families_complete(struct table_edit *e, struct err *err) MUST_CHECK;
// Adds or removes an id in another relation's depended_on_by and saves that.
int ddl_add_dependent(struct ddl_context *dc, uint32_t relation, uint32_t dependent, struct err *err) MUST_CHECK;
int ddl_remove_dependent(struct ddl_context *dc, uint32_t relation, uint32_t dependent, struct err *err) MUST_CHECK;

// ---- column.c: column definitions

// A column whose expressions are still to be checked: that waits until all columns are known.
struct column_work {
    const struct ast_column_def *def;
    uint32_t column_id;
    const struct ast *default_expr, *on_update_expr, *computed_expr;
};
// A table being created or altered by one command.
struct table_work {
    struct ddl_context *dc;
    struct table_edit edit;
    const struct cat_database *database;
    const struct cat_schema *schema;
    ARENA_VEC(struct column_work) columns;
    ARENA_VEC(const struct ast_constraint *) constraints; // table level, with columns
    bool is_new;                                          // the table is being created: nothing to validate or fill
    ARENA_VEC(uint32_t) new_sequences;                    // created for SERIAL and IDENTITY columns
    // Of the primary key command under way: ADD after a DROP; ALTER PRIMARY KEY, which keeps the old key as a unique
    // index.
    bool replaces_key, keep_old_key;
    const struct cat_table *before; // hidden columns of indexes were added to this; NULL: none
};
// Adds the column of a definition. Constraints written with it go to w->constraints as table constraints.
// A constraint written at a column as one of the table over that column.
const struct ast_constraint *constraint_over_column(struct arena *a, const struct ast_constraint *c, struct str column);
// The type that a column is given: one whose values can be stored.
int column_read_type(struct table_work *w, const struct ast *node, struct type *out, struct err *err) MUST_CHECK;
int column_add(struct table_work *w, const struct ast_column_def *def, struct err *err) MUST_CHECK;
// Checks default, ON UPDATE and computed expression and stores their text.
int column_finish(struct table_work *w, const struct column_work *c, struct err *err) MUST_CHECK;
// Sets the column's default from an expression, and the dependencies on sequences it brings.
int column_set_default(struct table_work *w, struct cat_column *c, const struct ast *expr, struct ddl_expr *checked,
                       struct err *err) MUST_CHECK;
// COLLATE: the column's strings are of that collation.
int column_set_collation(struct cat_column *c, struct str name, struct err *err) MUST_CHECK;
// Creates the sequence and makes it the column's default; whoever saves the table adds the dependency on it.
int column_make_identity(struct table_work *w, struct cat_column *c, const struct ast_constraint *identity,
                         struct err *err) MUST_CHECK;
// After defaults were removed: drops dependencies on sequences that no default uses any more.
int column_prune_sequences(struct table_work *w, struct err *err) MUST_CHECK;
// Whether the text of a string literal, a possibly qualified name, ends in this name.
bool expr_mentions(struct str sql, struct str column); // an expression names the column
bool literal_names(struct str literal, struct str name);
bool sql_mentions_name(struct str sql, struct str name); // a string literal in it names the object

// ---- constraint.c: constraints and indexes added to a table being made or altered

// cat_index_collations of an index of the table.
struct str index_collations(struct table_work *w, const struct cat_index *index);

int constraint_add(struct table_work *w, const struct ast_constraint *c, struct err *err) MUST_CHECK;
// `number`: what stands behind VISIBILITY.
int index_set_visibility(struct cat_index *index, struct str number, struct err *err) MUST_CHECK;
int index_build(struct table_work *w, const struct ast_index_def *def, struct cat_index *out,
                struct err *err) MUST_CHECK;
// Adds a secondary index and, on a table with data, fills it.
int index_add(struct table_work *w, struct cat_index index, struct err *err) MUST_CHECK;
int primary_key_set(struct table_work *w, const struct ast_index_def *def, struct str name, struct err *err) MUST_CHECK;
// After a key took the place of `old`: drops the hidden column that was the key, if nothing else uses it.
void primary_key_retire_hidden(struct table_edit *e, const struct cat_index *old);
// A unique index over exactly these columns in any order, the primary key first; NULL: none.
const struct cat_index *unique_index_over(const struct cat_table *t, const uint32_t *columns, size_t n);
// Copies an outbound key into the referenced table's inbound list / takes it out again.
int foreign_key_link(struct ddl_context *dc, const struct cat_foreign_key *fk, struct err *err) MUST_CHECK;
int foreign_key_unlink(struct ddl_context *dc, const struct cat_foreign_key *fk, struct err *err) MUST_CHECK;
int work_open(struct table_work *w, struct ddl_context *dc, const struct cat_table *t, struct err *err) MUST_CHECK;

// ---- online.c: work left to a job

// Whether what is added may be left to a job; if it is, online_defer says so.
bool online_can_defer(const struct table_work *w);
void online_defer(struct table_work *w);
void online_defer_not_null(struct table_work *w, const struct cat_column *c);
// The rows are to be written under this primary index, with a new id.
void online_rewrite(struct table_work *w, struct cat_index primary);
// An index that is to take the place of the one whose id it has.
void online_replace_index(struct table_work *w, struct cat_index index);
// A copy of the index with one column in the place of another.
struct cat_index online_index_with(struct table_work *w, const struct cat_index *index, uint32_t from, uint32_t to);
// 55006 while a job changes the table.
int online_none_pending(struct ddl_context *dc, const struct cat_table *t, struct err *err) MUST_CHECK;

// ---- index_column.c: hidden columns of indexes

// The column of an indexed expression, made unless it is there.
int index_expression_column(struct table_work *w, const struct ast *expr, struct cat_column **out,
                            struct err *err) MUST_CHECK;
// The shard column of a hash-sharded index.
int index_shard_column(struct table_work *w, const struct ast_index_def *def, struct cat_column **out,
                       struct err *err) MUST_CHECK;
// What computes the hidden columns that w->before lacks.
const struct ddl_column_value *index_column_values(struct table_work *w, const struct cat_table *after, size_t *n);
// Drops those that no index uses any more.
void index_columns_prune(struct table_edit *e);

// ---- drop.c

// With its data, what it owns and, with cascade, what depends on it.
int drop_relation(struct ddl_context *dc, const struct cat_table *t, bool cascade, struct err *err) MUST_CHECK;
int drop_foreign_key(struct table_work *w, struct str name, struct err *err) MUST_CHECK;
// Views that read the column or relation: 2BP01, or dropped with cascade. `what` as in `drop column "a"`.
int drop_dependent_views(struct ddl_context *dc, const struct cat_table *t, const char *what, struct str name,
                         bool cascade, struct err *err) MUST_CHECK;

// Whether a statement reads a column of the table, as far as names tell: what has no table before it may be that
// column.
bool query_mentions_column(struct str sql, struct str table, struct str column);
// The first function or procedure whose body uses the relation, or with a column that column of it; NULL: none.
int ddl_function_using(struct ddl_context *dc, const struct cat_table *t, struct str column,
                       const struct cat_function **out, struct err *err) MUST_CHECK;
int ddl_no_function_uses(struct ddl_context *dc, const struct cat_table *t, struct str column, const char *action,
                         struct str name, struct err *err) MUST_CHECK;

// ---- index.c

// The index of an INDEX_NAME; 42704 unless missing_ok.
int ddl_find_index(struct ddl_context *dc, const struct ast *name, bool missing_ok, const struct cat_table **t,
                   const struct cat_index **index, struct err *err) MUST_CHECK;
int alter_index(struct ddl_context *dc, const struct ast_alter_object *s, struct ddl_result *out,
                struct err *err) MUST_CHECK;

// ---- zone.c

// The index goes, and its zone configuration with it.
int zone_drop_index(struct ddl_context *dc, uint32_t table_id, uint32_t index_id, struct err *err) MUST_CHECK;

// ---- sequence.c

int sequence_create(struct ddl_context *dc, const struct cat_database *d, const struct cat_schema *s, struct str name,
                    const struct cat_sequence *options, uint32_t *id, struct err *err) MUST_CHECK;
// Options of CREATE/ALTER SEQUENCE and IDENTITY onto `s`, which holds the defaults or present values. *restart: set by
// RESTART; *owner: OWNED BY column or NULL.
struct sequence_request {
    bool restart;
    int64_t restart_value;
    bool has_owner;
    const struct ast_column_ref *owner; // NULL with has_owner: NONE
    const struct ast_object_name
        *name; // SEQUENCE NAME of an identity column; NULL: made from those of table and column
};
// ALTER SEQUENCE: options of an existing one.
int sequence_alter(struct ddl_context *dc, const struct cat_table *t, const struct ast_list *options,
                   struct err *err) MUST_CHECK;
int sequence_apply_options(struct cat_sequence *s, const struct ast_list *options, bool altering,
                           struct sequence_request *request, struct err *err) MUST_CHECK;
struct cat_sequence sequence_defaults(void);

// ---- alter_column.c

// Runs the commands of an ALTER TABLE statement, its table's name aside, on the table of that id.
int alter_table_by_text(struct ddl_context *dc, uint32_t table_id, struct str sql, struct err *err) MUST_CHECK;
int alter_column(struct table_work *w, const struct ast_alter_table_cmd *cmd, struct err *err) MUST_CHECK;
int alter_add_column(struct table_work *w, const struct ast_alter_table_cmd *cmd, struct err *err) MUST_CHECK;
int alter_drop_column(struct table_work *w, const struct ast_alter_table_cmd *cmd, struct err *err) MUST_CHECK;
int alter_rename_column(struct table_work *w, const struct ast_alter_table_cmd *cmd, struct err *err) MUST_CHECK;

#endif
