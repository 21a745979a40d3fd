#include "sql/ddl/show_create.h"
#include "catalog/text.h"
#include "sql/parse/ast_print.h"

static int put_name(struct buf *out, struct cat_view *v, const struct cat_table *t, struct err *err)
{
    const struct cat_schema *s;
    TRY(cat_schema_by_id(v, t->schema_id, &s, err));
    if (s != NULL) {
        print_identifier(out, cat_schema_is_temporary(s->name) ? STR("pg_temp") : s->name);
        buf_putc(out, '.');
    }
    print_identifier(out, t->name);
    return 0;
}

static int put_create(struct buf *out, struct cat_view *v, const struct cat_table *t, const char *kind, struct err *err)
{
    const struct cat_schema *s;
    TRY(cat_schema_by_id(v, t->schema_id, &s, err));
    buf_printf(out, "CREATE %s%s", s != NULL && cat_schema_is_temporary(s->name) ? "TEMP " : "", kind);
    return 0;
}

// ---- comments

static int put_comment(struct buf *out, struct cat_view *v, const struct cat_table *t, const char *object,
                       const char *separator, struct str part, struct str comment, struct err *err)
{
    if (comment.len == 0)
        return 0;
    buf_printf(out, ";\nCOMMENT ON %s ", object);
    TRY(put_name(out, v, t, err));
    buf_cstr(out, separator);
    if (part.len > 0)
        print_identifier(out, part);
    buf_cstr(out, " IS ");
    print_string_literal(out, comment);
    return 0;
}

// One that has a comment of its own: an index's is another.
static int put_constraint_comment(struct buf *out, struct cat_view *v, const struct cat_table *t, struct str name,
                                  struct err *err)
{
    struct str comment;
    TRY(cat_comment_get(v, CAT_COMMENT_CONSTRAINT, t->id, cat_constraint_comment_id(name), &comment, err));
    if (comment.len == 0)
        return 0;
    buf_cstr(out, ";\nCOMMENT ON CONSTRAINT ");
    print_identifier(out, name);
    buf_cstr(out, " ON ");
    TRY(put_name(out, v, t, err));
    buf_cstr(out, " IS ");
    print_string_literal(out, comment);
    return 0;
}

static int put_constraint_comments(struct buf *out, struct cat_view *v, const struct cat_table *t, struct err *err)
{
    if (t->primary != NULL)
        TRY(put_constraint_comment(out, v, t, t->primary->name, err));
    for (size_t i = 0; i < t->n_indexes; i++)
        if (t->indexes[i].unique)
            TRY(put_constraint_comment(out, v, t, t->indexes[i].name, err));
    for (size_t i = 0; i < t->n_checks; i++)
        TRY(put_constraint_comment(out, v, t, t->checks[i].name, err));
    for (size_t i = 0; i < t->n_outbound; i++)
        TRY(put_constraint_comment(out, v, t, t->outbound[i].name, err));
    return 0;
}

static int put_comments(struct buf *out, struct cat_view *v, const struct cat_table *t, struct err *err)
{
    static const char *const kinds[] = {"TABLE", "VIEW", "MATERIALIZED VIEW", "SEQUENCE", "TABLE"};
    TRY(put_comment(out, v, t, kinds[t->kind], "", STR_EMPTY, t->comment, err));
    for (size_t i = 0; i < t->n_columns; i++)
        TRY(put_comment(out, v, t, "COLUMN", ".", t->columns[i].name, t->columns[i].comment, err));
    if (t->primary != NULL)
        TRY(put_comment(out, v, t, "INDEX", "@", t->primary->name, t->primary->comment, err));
    for (size_t i = 0; i < t->n_indexes; i++)
        TRY(put_comment(out, v, t, "INDEX", "@", t->indexes[i].name, t->indexes[i].comment, err));
    return put_constraint_comments(out, v, t, err);
}

// ---- tables

static void put_constraint_head(struct buf *out, struct str name)
{
    buf_cstr(out, ",\n\tCONSTRAINT ");
    print_identifier(out, name);
    buf_putc(out, ' ');
}

static void put_families(struct buf *out, const struct cat_table *t)
{
    if (t->n_families < 2)
        return;
    for (size_t i = 0; i < t->n_families; i++) {
        buf_cstr(out, ",\n\tFAMILY ");
        print_identifier(out, t->families[i].name);
        buf_cstr(out, " (");
        cat_text_columns(out, t, t->families[i].columns, t->families[i].n_columns);
        buf_putc(out, ')');
    }
}

static int put_constraints(struct buf *out, struct cat_view *v, const struct cat_table *t, struct err *err)
{
    if (t->primary != NULL) {
        put_constraint_head(out, t->primary->name);
        cat_text_unique(out, t, t->primary);
    }
    for (size_t i = 0; i < t->n_outbound; i++) {
        put_constraint_head(out, t->outbound[i].name);
        TRY(cat_text_foreign_key(out, v, t, &t->outbound[i], true, err));
    }
    for (size_t i = 0; i < t->n_indexes; i++) {
        if (t->indexes[i].replaces != 0)
            continue;
        buf_cstr(out, ",\n\t");
        cat_text_index_element(out, t, &t->indexes[i]);
    }
    put_families(out, t);
    for (size_t i = 0; i < t->n_checks; i++) {
        put_constraint_head(out, t->checks[i].name);
        buf_printf(out, "CHECK (%.*s)%s", STR_FMT(t->checks[i].sql), t->checks[i].validated ? "" : " NOT VALID");
    }
    return 0;
}

static int show_table(struct buf *out, struct cat_view *v, const struct cat_table *t, struct err *err)
{
    TRY(put_create(out, v, t, "TABLE ", err));
    TRY(put_name(out, v, t, err));
    buf_cstr(out, " (");
    for (size_t i = 0; i < t->n_columns; i++) {
        if (cat_column_inaccessible(&t->columns[i]))
            continue;
        buf_cstr(out, i > 0 ? ",\n\t" : "\n\t");
        TRY(cat_text_column(out, v, &t->columns[i], err));
    }
    TRY(put_constraints(out, v, t, err));
    buf_cstr(out, "\n)");
    if (t->storage_parameters.len > 0)
        buf_printf(out, " WITH (%.*s)", STR_FMT(t->storage_parameters));
    return put_comments(out, v, t, err);
}

// ---- the other relations

static int show_view(struct buf *out, struct cat_view *v, const struct cat_table *t, struct err *err)
{
    TRY(put_create(out, v, t, t->kind == CAT_MATERIALIZED_VIEW ? "MATERIALIZED VIEW " : "VIEW ", err));
    TRY(put_name(out, v, t, err));
    buf_cstr(out, " (");
    for (size_t i = 0, n = 0; i < t->n_columns; i++) {
        if (t->columns[i].hidden)
            continue;
        buf_cstr(out, n++ > 0 ? ",\n\t" : "\n\t");
        print_identifier(out, t->columns[i].name);
    }
    buf_cstr(out, "\n)");
    if (cat_view_is_invoker(t))
        buf_printf(out, " WITH ( %.*s )", STR_FMT(t->storage_parameters));
    buf_printf(out, " AS %.*s", STR_FMT(t->view_sql));
    return put_comments(out, v, t, err);
}

static int show_sequence(struct buf *out, struct cat_view *v, const struct cat_table *t, struct err *err)
{
    TRY(put_create(out, v, t, "SEQUENCE ", err));
    TRY(put_name(out, v, t, err));
    buf_putc(out, ' ');
    cat_text_sequence_options(out, &t->sequence, true);
    return put_comments(out, v, t, err);
}

int show_create_relation(struct buf *out, struct cat_view *v, const struct cat_table *t, struct err *err)
{
    switch (t->kind) {
    case CAT_VIEW:
    case CAT_MATERIALIZED_VIEW:
        return show_view(out, v, t, err);
    case CAT_SEQUENCE:
        return show_sequence(out, v, t, err);
    case CAT_TABLE:
    case CAT_VIRTUAL:
        break;
    }
    return show_table(out, v, t, err);
}

void show_create_database(struct buf *out, const struct cat_database *d)
{
    buf_cstr(out, "CREATE DATABASE ");
    print_identifier(out, d->name);
}

void show_create_schema(struct buf *out, const struct cat_schema *s)
{
    buf_cstr(out, "CREATE SCHEMA ");
    print_identifier(out, s->name);
}
