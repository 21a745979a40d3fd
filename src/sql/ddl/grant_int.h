// GRANT and REVOKE, between its files.
#ifndef SQL_DDL_GRANT_INT_H
#define SQL_DDL_GRANT_INT_H

#include "sql/ddl/ddl_int.h"

enum grant_object { GRANT_TABLE, GRANT_SEQUENCE, GRANT_DATABASE, GRANT_SCHEMA, GRANT_TYPE, GRANT_FUNCTION };
struct grant_work {
    struct ddl_context *dc;
    const struct ast_grant *s;
    uint32_t privileges;
};
// The statement's privileges and grantees: 42601, 42704.
int grant_work_open(struct grant_work *w, struct ddl_context *dc, const struct ast_grant *s,
                    struct err *err) MUST_CHECK;
// 0LP01 for a privilege that such objects do not have.
int grant_check_applicable(const struct grant_work *w, enum grant_object kind, struct err *err) MUST_CHECK;
// Adds to or takes from what the grantee has; the list is a new one.
int grant_change(const struct grant_work *w, struct cat_acl *acl, struct str grantee, enum grant_object kind,
                 struct str object, struct err *err) MUST_CHECK;
int grant_system(struct ddl_context *dc, const struct ast_grant *s, struct err *err) MUST_CHECK;
// 42501 naming the statement's privileges.
int grant_no_option(struct ddl_context *dc, const struct ast_grant *s, struct err *err);

#endif
