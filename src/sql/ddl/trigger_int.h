// Triggers, between the statements that make them and those that change what they use.
#ifndef SQL_DDL_TRIGGER_INT_H
#define SQL_DDL_TRIGGER_INT_H

#include "sql/ddl/ddl_int.h"

int drop_trigger(struct ddl_context *dc, const struct ast_drop *s, struct ddl_result *out, struct err *err) MUST_CHECK;
int ddl_alter_trigger(struct ddl_context *dc, const struct ast_alter_object *s, struct err *err) MUST_CHECK;
int ddl_comment_trigger(struct ddl_context *dc, const struct ast_comment_on *s, struct err *err) MUST_CHECK;
// ALTER TABLE … ENABLE and DISABLE TRIGGER.
int trigger_switch(struct table_work *w, const struct ast_alter_table_cmd *cmd, struct err *err) MUST_CHECK;

bool table_triggers_call(const struct cat_table *t, const struct cat_function *f);
// Before the function goes: those of all tables that call it go.
int drop_triggers_calling(struct ddl_context *dc, const struct cat_function *f, struct err *err) MUST_CHECK;
// Triggers whose UPDATE OF or WHEN names the column: 2BP01, or dropped with cascade.
int triggers_drop_column(struct table_work *w, const struct cat_column *c, bool cascade, struct err *err) MUST_CHECK;
int triggers_keep_type(struct table_work *w, const struct cat_column *c, struct err *err) MUST_CHECK; // 0A000
void triggers_rename_column(struct table_work *w, struct str from, struct str to);

#endif
