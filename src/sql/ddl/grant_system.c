// GRANT and REVOKE of system privileges.

#include "sql/ddl/grant_int.h"

static int parse_privileges(const struct ast_grant *s, uint32_t *out, struct err *err)
{
    *out = 0;
    for (size_t i = 0; i < s->privileges.n; i++) {
        struct str name = ast_as_name(s->privileges.items[i])->name;
        uint32_t bit = cat_system_privilege_of(name);
        if (bit == 0 && cat_privilege_of(name) != 0)
            return err_set(err, ERR_INVALID_GRANT_OPERATION, "invalid privilege type %.*s for system", STR_FMT(name));
        if (bit == 0)
            return err_set(err, ERR_SYNTAX_ERROR, "not a valid privilege: \"%.*s\"", STR_FMT(name));
        *out |= bit;
    }
    return 0;
}

// ALL stands for every privilege; taking one out of it leaves the others.
static uint32_t without(uint32_t bits, uint32_t taken)
{
    const uint32_t every = (1u << CAT_SYSTEM_PRIVILEGE_COUNT) - 1 - CAT_SYSTEM_ALL;
    if (taken & CAT_SYSTEM_ALL)
        return 0;
    if (bits & CAT_SYSTEM_ALL && taken != 0)
        bits = every & ~(uint32_t)CAT_SYSTEM_NOSQLLOGIN;
    return bits & ~taken;
}

static struct cat_grant changed(const struct ast_grant *s, struct cat_grant g, uint32_t bits)
{
    if (s->revoke) {
        g.grantable = without(g.grantable, bits);
        g.privileges = s->grant_option ? g.privileges : without(g.privileges, bits);
    } else {
        g.privileges |= bits;
        g.grantable |= s->grant_option ? bits : 0;
    }
    if (g.privileges & CAT_SYSTEM_ALL)
        g.privileges = CAT_SYSTEM_ALL;
    if (g.grantable & CAT_SYSTEM_ALL)
        g.grantable = CAT_SYSTEM_ALL;
    return g;
}

int grant_system(struct ddl_context *dc, const struct ast_grant *s, struct err *err)
{
    uint32_t bits;
    bool may;
    TRY(parse_privileges(s, &bits, err));
    TRY(cat_has_system_grant_option(dc->view, dc->scope.user, bits, &may, err));
    if (!may)
        return grant_no_option(dc, s, err);
    for (size_t i = 0; i < s->grantees.n; i++) {
        struct str name = ast_as_name(s->grantees.items[i])->name;
        const struct cat_role *r;
        struct cat_grant g;
        if (!str_eqc(name, "public"))
            TRY(ddl_need_role(dc, name, &r, err));
        TRY(cat_system_grant_get(dc->view, name, &g, err));
        g = changed(s, g, bits);
        TRY(cat_system_grant_put(dc->view, &g, err));
    }
    return 0;
}
