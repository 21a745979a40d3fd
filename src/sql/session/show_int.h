// Private to src/sql/session: the forms of SHOW.
#ifndef SQL_SESSION_SHOW_INT_H
#define SQL_SESSION_SHOW_INT_H

#include "sql/session/session_int.h"
#include "sql/virtual/virtual.h"
#include "types/array.h"

struct show {
    struct session *session;
    struct arena *arena; // of the result
    struct cat_view *view;
    const struct ast_show *ast;
    struct show_result *out;
    struct str database; // that counts as the current one; ptr NULL: the session's
};

enum { SHOW_COLUMNS_MAX = 18 };
struct show_column {
    const char *name;
    uint32_t type_oid; // TYPE_OID_…
};
struct show_form {
    enum ast_show_what what;
    int (*run)(struct show *sh, struct err *err);
    struct show_column columns[SHOW_COLUMNS_MAX]; // the first without a name ends them
};

// The result's columns when the form's own do not hold (SHOW <variable>, WITH COMMENT).
void show_columns(struct show *sh, const struct show_column *columns, size_t n);
// A new row of the result, all NULL.
struct datum *show_row(struct show *sh);

// Ended by a form without `run`.
extern const struct show_form show_session_forms[], show_schema_forms[], show_table_forms[], show_access_forms[],
    show_cluster_forms[], show_virtual_cluster_forms[];

static inline struct datum datum_c(const char *text)
{
    return text != NULL ? datum_str(str_of(text)) : DATUM_NULL;
}
// The text of the builder in the result's arena; releases the builder.
static inline struct datum show_take(struct show *sh, struct buf *b)
{
    struct datum d = datum_str(arena_str(sh->arena, buf_view(b)));
    buf_release(b);
    return d;
}

// SHOW CREATE ALL of a database, by the words after ALL in lower case.
int show_create_all(struct session *s, struct arena *a, struct str objects, struct str database,
                    struct show_result *out, struct err *err) MUST_CHECK;

// Names in the session's scope, with the usual errors.
int show_table(struct show *sh, const struct ast *object, const struct cat_table **out, struct err *err) MUST_CHECK;
// The statement's table: 42501 for users without any privilege on it.
int show_described_table(struct show *sh, const struct cat_table **out, struct err *err) MUST_CHECK;
int show_type(struct show *sh, const struct ast *object, const struct cat_type **out, struct err *err) MUST_CHECK;
// The overloads of a name, none of them maybe.
int show_function(struct show *sh, const struct ast *object, const struct cat_function ***out, size_t *n,
                  struct err *err) MUST_CHECK;
int show_ranges(struct show *sh, struct err *err) MUST_CHECK;     // show_ranges.c
int show_statistics(struct show *sh, struct err *err) MUST_CHECK; // show_statistics.c
int show_histogram(struct show *sh, struct err *err) MUST_CHECK;
int show_zone_configuration(struct show *sh, struct err *err) MUST_CHECK; // show_zones.c
// The one that a signature names, with its parameters' types or without.
int show_signature(struct show *sh, const struct ast *signature, bool procedure, const struct cat_function **out,
                   struct err *err) MUST_CHECK;
int show_database(struct show *sh, struct str name, const struct cat_database **out, struct err *err) MUST_CHECK;
// The current database: an error when it does not exist.
int show_current_database(struct show *sh, const struct cat_database **out, struct err *err) MUST_CHECK;
// FROM [database.]schema or FROM database; NULL: the current database. *schema NULL: all schemas of it.
int show_place(struct show *sh, const struct ast *object, const struct cat_database **database,
               const struct cat_schema **schema, struct err *err) MUST_CHECK;
// Name as it is written in SQL: quoted when it must be.
struct str show_quoted(struct show *sh, struct str name);

#endif
