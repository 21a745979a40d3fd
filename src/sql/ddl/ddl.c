// Dispatch of schema statements and what all of them share.

#include "sql/ddl/ddl.h"
#include "sql/ddl/ddl_int.h"

typedef int ddl_handler(struct ddl_context *dc, const struct ast *statement, struct ddl_result *out, struct err *err);

static ddl_handler *handler_of(enum ast_kind kind)
{
    static ddl_handler *const handlers[AST_KIND_COUNT] = {
#define DDL_STATEMENT(KIND, name) [AST_##KIND] = ddl_##name,
#include "sql/ddl/statements.def"
#undef DDL_STATEMENT
    };
    return handlers[kind];
}

bool ddl_can_execute(const struct ast *statement)
{
    return handler_of(statement->kind) != NULL;
}

int ddl_execute(struct ddl_context *dc, const struct ast *statement, struct ddl_result *out, struct err *err)
{
    ddl_handler *handler = handler_of(statement->kind);
    INVARIANT(handler != NULL);
    struct ddl_events events;
    int rc;
    do {
        *out = (struct ddl_result){.tag = str_of(ast_tag(statement)), .changed_schema = true};
        if (dc->again)
            err_reset(err);
        dc->again = dc->being_changed = false;
        ddl_events_before(dc, statement, &events);
        rc = handler(dc, statement, out, err);
    } while (dc->again);
    out->being_changed = dc->being_changed;
    TRY(rc);
    out->online_table_id = dc->online_table_id;
    return out->changed_schema ? ddl_events_after(dc, statement, &events, err) : 0;
}

void ddl_notice(struct ddl_context *dc, int code, const char *fmt, ...)
{
    va_list ap;
    if (dc->notice == NULL)
        return;
    va_start(ap, fmt);
    struct str text = arena_vprintf(dc->arena, fmt, ap);
    va_end(ap);
    struct err notice = ERR_INIT;
    err_set(&notice, code, "%.*s", STR_FMT(text));
    notice.severity = ERR_SEVERITY_NOTICE;
    dc->notice(dc->notice_arg, &notice);
    err_reset(&notice);
}

int ddl_unimplemented(struct err *err, const char *fmt, ...)
{
    va_list ap;
    struct arena a;
    arena_init(&a, NULL);
    va_start(ap, fmt);
    struct str what = arena_vprintf(&a, fmt, ap);
    va_end(ap);
    err_set(err, ERR_FEATURE_NOT_SUPPORTED, "unimplemented: %.*s", STR_FMT(what));
    arena_release(&a);
    return err_hint(err, "You have attempted to use a feature that is not yet implemented.");
}

int ddl_refuse_partitions(const struct ast *partition_by, struct err *err)
{
    if (partition_by == NULL || ast_as_partition_by(partition_by)->kind == AST_PARTITION_NOTHING)
        return 0;
    return ddl_unimplemented(err, "PARTITION BY");
}

bool ddl_cascade(enum ast_drop_behavior behavior)
{
    return behavior == AST_DROP_CASCADE;
}
