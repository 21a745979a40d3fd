// COMMENT ON: the row in system.comments and the copy that a table's descriptor carries.

#include "sql/ddl/trigger_int.h"

static int comment_table(struct ddl_context *dc, const struct ast_comment_on *s, struct err *err)
{
    const struct cat_table *t;
    TRY(ddl_find_relation(dc, s->name, false, &t, err));
    TRY(ddl_need_table(dc, t, CAT_PRIVILEGE_CREATE, err));
    struct cat_table changed = *t;
    changed.comment = s->comment.ptr != NULL ? s->comment : STR_EMPTY;
    TRY(cat_put_table_compatible(dc->view, &changed, err));
    return cat_comment_put(dc->view, CAT_COMMENT_TABLE, t->id, 0, s->comment, err);
}

static int comment_column(struct ddl_context *dc, const struct ast_comment_on *s, struct err *err)
{
    const struct ast_column_ref *r = ast_as_column_ref(s->name);
    const struct cat_table *t;
    struct table_edit e;
    struct cat_column *c;
    struct str parts[3];
    size_t n = 0;
    if (r->database.ptr != NULL)
        parts[n++] = r->database;
    if (r->schema.ptr != NULL)
        parts[n++] = r->schema;
    if (r->table.ptr == NULL)
        return err_set(err, ERR_INVALID_NAME, "column name must be qualified");
    parts[n++] = r->table;
    TRY(cat_resolve_table(dc->view, &dc->scope, parts, n, false, &t, err));
    TRY(ddl_need_table(dc, t, CAT_PRIVILEGE_CREATE, err));
    edit_open(&e, dc->arena, t);
    TRY(edit_need_column(&e, r->column, &c, err));
    c->comment = s->comment.ptr != NULL ? s->comment : STR_EMPTY;
    uint32_t id = c->id;
    TRY(edit_save_compatible(&e, dc, err));
    return cat_comment_put(dc->view, CAT_COMMENT_COLUMN, t->id, id, s->comment, err);
}

static int put_index_comment(struct ddl_context *dc, const struct cat_table *t, uint32_t index_id,
                             const struct ast_comment_on *s, struct err *err)
{
    struct table_edit e;
    TRY(ddl_need_table(dc, t, CAT_PRIVILEGE_CREATE, err));
    edit_open(&e, dc->arena, t);
    struct str text = s->comment.ptr != NULL ? s->comment : STR_EMPTY;
    if (e.primary.id == index_id)
        e.primary.comment = text;
    for (size_t i = 0; i < e.indexes.len; i++)
        if (e.indexes.ptr[i].id == index_id)
            e.indexes.ptr[i].comment = text;
    TRY(edit_save_compatible(&e, dc, err));
    return cat_comment_put(dc->view, CAT_COMMENT_INDEX, t->id, index_id, s->comment, err);
}

static int comment_index(struct ddl_context *dc, const struct ast_comment_on *s, struct err *err)
{
    const struct cat_table *t;
    const struct cat_index *index;
    TRY(ddl_find_index(dc, s->name, false, &t, &index, err));
    return put_index_comment(dc, t, index->id, s, err);
}

static int comment_constraint(struct ddl_context *dc, const struct ast_comment_on *s, struct err *err)
{
    const struct cat_table *t;
    TRY(ddl_find_table(dc, s->name, false, &t, err));
    struct table_edit e;
    edit_open(&e, dc->arena, t);
    const struct cat_index *index = cat_index_by_name(t, s->constraint);
    if (!edit_has_constraint(&e, s->constraint) || (index != NULL && !index->unique))
        return err_set(err, ERR_UNDEFINED_OBJECT, "constraint \"%.*s\" of relation \"%.*s\" does not exist",
                       STR_FMT(s->constraint), STR_FMT(t->name));
    TRY(ddl_need_table(dc, t, CAT_PRIVILEGE_CREATE, err));
    return cat_comment_put(dc->view, CAT_COMMENT_CONSTRAINT, t->id, cat_constraint_comment_id(s->constraint),
                           s->comment, err);
}

static int comment_database(struct ddl_context *dc, const struct ast_comment_on *s, struct err *err)
{
    const struct cat_database *d;
    struct ddl_parts p = ddl_parts_of(s->name);
    TRY(ddl_find_database(dc, p.parts[p.n - 1], false, &d, err));
    TRY(ddl_need_database(dc, d, CAT_PRIVILEGE_CREATE, err));
    return cat_comment_put(dc->view, CAT_COMMENT_DATABASE, d->id, 0, s->comment, err);
}

static int comment_schema(struct ddl_context *dc, const struct ast_comment_on *s, struct err *err)
{
    const struct cat_database *d;
    const struct cat_schema *schema;
    TRY(ddl_find_schema(dc, s->name, false, &schema, &d, err));
    TRY(ddl_need_schema(dc, schema, CAT_PRIVILEGE_CREATE, err));
    return cat_comment_put(dc->view, CAT_COMMENT_SCHEMA, schema->id, 0, s->comment, err);
}

static int comment_type(struct ddl_context *dc, const struct ast_comment_on *s, struct err *err)
{
    const struct cat_type *t;
    TRY(ddl_find_type(dc, s->name, false, &t, err));
    TRY(ddl_need_owner(dc, &t->acl, "type", t->name, err));
    return cat_comment_put(dc->view, CAT_COMMENT_TYPE, t->id, 0, s->comment, err);
}

int ddl_comment_on(struct ddl_context *dc, const struct ast *statement, struct ddl_result *out, struct err *err)
{
    const struct ast_comment_on *s = ast_as_comment_on(statement);
    switch (s->kind) {
    case AST_OBJECT_TABLE:
    case AST_OBJECT_VIEW:
    case AST_OBJECT_MATERIALIZED_VIEW:
    case AST_OBJECT_SEQUENCE:
        return comment_table(dc, s, err);
    case AST_OBJECT_COLUMN:
        return comment_column(dc, s, err);
    case AST_OBJECT_INDEX:
        return comment_index(dc, s, err);
    case AST_OBJECT_CONSTRAINT:
        return comment_constraint(dc, s, err);
    case AST_OBJECT_DATABASE:
        return comment_database(dc, s, err);
    case AST_OBJECT_SCHEMA:
        return comment_schema(dc, s, err);
    case AST_OBJECT_TYPE:
        return comment_type(dc, s, err);
    case AST_OBJECT_TRIGGER:
        return ddl_comment_trigger(dc, s, err);
    default:
        return ddl_unimplemented(err, "COMMENT ON %s", ast_object_sql(s->kind));
    }
}
