// Definitions of indexes and constraints as SQL text: the bodies of SHOW CREATE, pg_get_indexdef(),
// pg_get_constraintdef(), SHOW CONSTRAINTS. Texts are as CockroachDB prints them.
#ifndef CATALOG_TEXT_H
#define CATALOG_TEXT_H

#include "base/buf.h"
#include "catalog/catalog.h"

// a ASC, b DESC
void cat_text_index_columns(struct buf *out, const struct cat_table *t, const struct cat_index *index);
// a, b
void cat_text_columns(struct buf *out, const struct cat_table *t, const uint32_t *column_ids, size_t n);
// [UNIQUE ]INDEX name (a ASC) STORING (b) WHERE p NOT VISIBLE: an element of CREATE TABLE.
void cat_text_index_element(struct buf *out, const struct cat_table *t, const struct cat_index *index);
// CREATE UNIQUE INDEX t_pkey ON defaultdb.public.t USING btree (id ASC)
int cat_text_create_index(struct buf *out, struct cat_view *v, const struct cat_table *t, const struct cat_index *index,
                          struct err *err) MUST_CHECK;
// FOREIGN KEY (a) REFERENCES public.p(id) ON DELETE CASCADE. The referenced table is written with its schema when
// `qualified`, else only when that is not public; with its database when that is another.
int cat_text_foreign_key(struct buf *out, struct cat_view *v, const struct cat_table *t,
                         const struct cat_foreign_key *fk, bool qualified, struct err *err) MUST_CHECK;
// PRIMARY KEY (id ASC), UNIQUE (a ASC) [WHERE p]
void cat_text_unique(struct buf *out, const struct cat_table *t, const struct cat_index *index);
// CHECK ((a > 0)) [NOT VALID]: type annotations are left out.
void cat_text_check(struct buf *out, const struct cat_check *check);
// An expression as the PostgreSQL catalog shows it: without annotations of constants.
void cat_text_expr(struct buf *out, struct str sql);
// The same, and an expression that is a constant without its type: defaults in information_schema.
void cat_text_expr_bare(struct buf *out, struct str sql);
// The same as PostgreSQL reads it (AST_PRINT_PORTABLE); and a view's query, an index.
void cat_text_expr_portable(struct buf *out, struct str sql);
void cat_text_unique_portable(struct buf *out, const struct cat_table *t, const struct cat_index *index);
void cat_text_query_portable(struct buf *out, struct str sql);
int cat_text_index_portable(struct buf *out, struct cat_view *v, const struct cat_table *t,
                            const struct cat_index *index, struct err *err) MUST_CHECK;
// a INT8 NOT NULL DEFAULT 0:::INT8: an element of CREATE TABLE.
int cat_text_column(struct buf *out, struct cat_view *v, const struct cat_column *c, struct err *err) MUST_CHECK;
// CREATE TYPE public.mood AS ENUM ('sad', 'ok')
void cat_text_create_type(struct buf *out, const struct cat_type *t);
// CREATE TRIGGER g BEFORE INSERT ON <table> FOR EACH ROW EXECUTE FUNCTION <function>('x'), as PostgreSQL prints it; the
// names are written by the caller. The condition is as it is stored, or as PostgreSQL reads it.
enum cat_trigger_form { CAT_TRIGGER_STORED, CAT_TRIGGER_PORTABLE, CAT_TRIGGER_PRETTY };
struct cat_trigger_names {
    struct str table, referenced, function;
};
void cat_text_create_trigger(struct buf *out, const struct cat_table *t, const struct cat_trigger *g,
                             const struct cat_trigger_names *names, enum cat_trigger_form form);
// EXECUTE FUNCTION <function>('x')
void cat_text_trigger_action(struct buf *out, const struct cat_trigger *g, struct str function,
                             enum cat_trigger_form form);
// The same as cat_text_create_trigger with names of three parts.
int cat_text_trigger_qualified(struct buf *out, struct cat_view *v, const struct cat_table *t,
                               const struct cat_trigger *g, struct err *err) MUST_CHECK;
// CREATE FUNCTION public.f(a INT8) … AS $$ … $$
// AS and the text in dollar quotes that do not stand in it.
void cat_text_quoted_body(struct buf *out, struct str body);
void cat_text_create_function(struct buf *out, const struct cat_function *f, struct str schema);
// a INT8, OUT b STRING; only the input ones with `inputs`
void cat_text_function_params(struct buf *out, const struct cat_function *f, bool inputs, bool pg_types);
// INT8 GENERATED's and CREATE SEQUENCE's options that differ from the defaults (all: every one, as SHOW CREATE does).
void cat_text_sequence_options(struct buf *out, const struct cat_sequence *s, bool all);
// reader=r*w/owner, PostgreSQL's letters for a kind of object as acldefault() knows kinds: 'r' relation, 's' sequence,
// 'n' schema, 'd' database, 'T' type, 'f' function, 'l' language, 't' tablespace.
void cat_text_acl_item(struct buf *out, char kind, struct str owner, const struct cat_grant *grant);
// What the owner (and the public, where they have anything) may do while nothing was granted or revoked.
struct cat_grant cat_acl_default_owner(struct str owner);
struct cat_grant cat_acl_default_public(char kind);
const char *cat_fk_action_name(enum cat_fk_action action); // "NO ACTION" …

#endif
