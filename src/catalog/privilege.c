// Privileges: names, and whether a user holds them on an object.

#include "catalog/catalog_int.h"

static const char *const privilege_names[] = {"ALL",     "CREATE",     "DROP",    "SELECT",  "INSERT",     "UPDATE",
                                              "DELETE",  "CONNECT",    "USAGE",   "EXECUTE", "ZONECONFIG", "BACKUP",
                                              "RESTORE", "CHANGEFEED", "TRIGGER", "MAINTAIN"};

const char *cat_privilege_name(uint32_t one_bit)
{
    size_t bit = (size_t)__builtin_ctz(one_bit);
    return bit < ARRAY_LEN(privilege_names) ? privilege_names[bit] : "UNKNOWN";
}

uint32_t cat_privilege_of(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(privilege_names); i++)
        if (str_ieqc(name, privilege_names[i]))
            return 1u << i;
    return 0;
}

static const char *const system_names[] = {
#define SYSTEM_PRIVILEGE(name) #name,
#include "catalog/system_privileges.def"
#undef SYSTEM_PRIVILEGE
};

const char *cat_system_privilege_name(uint32_t one_bit)
{
    return system_names[__builtin_ctz(one_bit)];
}

uint32_t cat_system_privilege_of(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(system_names); i++)
        if (str_ieqc(name, system_names[i]))
            return 1u << i;
    return 0;
}

int cat_check_system_privilege(struct cat_view *v, struct str user, uint32_t one_bit, struct err *err)
{
    bool ok;
    TRY(cat_has_system_privilege(v, user, one_bit, &ok, err));
    return ok ? 0
              : err_set(err, ERR_INSUFFICIENT_PRIVILEGE, "user %.*s does not have %s system privilege", STR_FMT(user),
                        cat_system_privilege_name(one_bit));
}

int cat_check_role_option(struct cat_view *v, struct str user, uint32_t one_bit, struct err *err)
{
    bool ok;
    TRY(cat_has_system_privilege(v, user, one_bit, &ok, err));
    return ok ? 0
              : err_set(err, ERR_INSUFFICIENT_PRIVILEGE, "user %.*s does not have %s privilege", STR_FMT(user),
                        cat_system_privilege_name(one_bit));
}

int cat_check_activity_privilege(struct cat_view *v, struct str user, struct err *err)
{
    bool ok;
    TRY(cat_has_system_privilege(v, user, CAT_SYSTEM_VIEWACTIVITY | CAT_SYSTEM_VIEWACTIVITYREDACTED, &ok, err));
    return ok ? 0
              : err_set(err, ERR_INSUFFICIENT_PRIVILEGE,
                        "user %.*s does not have VIEWACTIVITY or VIEWACTIVITYREDACTED privilege", STR_FMT(user));
}

// Held by direct grants, by roles and by public together.
static int granted(struct cat_view *v, struct str user, const struct cat_acl *acl, bool grantable, uint32_t *out,
                   struct err *err)
{
    *out = 0;
    for (size_t i = 0; i < acl->n_grants; i++) {
        bool member;
        TRY(cat_is_member(v, user, acl->grants[i].grantee, &member, err));
        if (member)
            *out |= grantable ? acl->grants[i].grantable : acl->grants[i].privileges;
    }
    return 0;
}

static int holds(struct cat_view *v, struct str user, const struct cat_acl *acl, uint32_t privileges, bool grantable,
                 bool *out, struct err *err)
{
    uint32_t held;
    bool of_the_system = str_eqc(acl->owner, "node"); // nobody has more than what is granted
    *out = false;
    if (!of_the_system)
        TRY(cat_is_owner(v, user, acl, out, err));
    if (*out)
        return 0;
    TRY(granted(v, user, acl, grantable, &held, err));
    *out = (held & CAT_PRIVILEGE_ALL) != 0 || (held & privileges) == privileges;
    return 0;
}

int cat_is_owner(struct cat_view *v, struct str user, const struct cat_acl *acl, bool *out, struct err *err)
{
    TRY(cat_is_admin(v, user, out, err));
    return *out || acl->owner.len == 0 ? 0 : cat_is_member(v, user, acl->owner, out, err);
}

int cat_has_privilege(struct cat_view *v, struct str user, const struct cat_acl *acl, uint32_t privileges, bool *out,
                      struct err *err)
{
    return holds(v, user, acl, privileges, false, out, err);
}

int cat_has_grant_option(struct cat_view *v, struct str user, const struct cat_acl *acl, uint32_t privileges, bool *out,
                         struct err *err)
{
    return holds(v, user, acl, privileges, true, out, err);
}

int cat_no_privilege(struct err *err, struct str user, uint32_t privilege, const char *object, struct str name)
{
    return err_set(err, ERR_INSUFFICIENT_PRIVILEGE, "user %.*s does not have %s privilege on %s %.*s", STR_FMT(user),
                   cat_privilege_name(privilege), object, STR_FMT(name));
}

const char *cat_relation_kind_name(const struct cat_table *t)
{
    switch (t->kind) {
    case CAT_VIEW:
        return "view";
    case CAT_MATERIALIZED_VIEW:
        return "materialized view";
    case CAT_SEQUENCE:
        return "sequence";
    case CAT_TABLE:
    case CAT_VIRTUAL:
        break;
    }
    return "table";
}

int cat_check_type_privilege(struct cat_view *v, struct str user, const struct cat_type *t, uint32_t privilege,
                             struct err *err)
{
    bool ok;
    TRY(cat_has_privilege(v, user, &t->acl, privilege, &ok, err));
    return ok ? 0 : cat_no_privilege(err, user, privilege, "type", t->name);
}

int cat_check_table_privilege(struct cat_view *v, struct str user, const struct cat_table *t, uint32_t privilege,
                              struct err *err)
{
    bool ok = cat_table_everywhere(t) && privilege == CAT_PRIVILEGE_SELECT;
    if (!cat_table_everywhere(t))
        TRY(cat_has_privilege(v, user, &t->acl, privilege, &ok, err));
    if (!ok && t->database_id == CAT_ID_SYSTEM_DATABASE && privilege == CAT_PRIVILEGE_SELECT)
        TRY(cat_has_system_privilege(v, user, CAT_SYSTEM_VIEWSYSTEMTABLE, &ok, err));
    return ok ? 0 : cat_no_privilege(err, user, privilege, "relation", t->name);
}

static int holds_any(struct cat_view *v, struct str user, const struct cat_acl *acl, bool *out, struct err *err)
{
    uint32_t held;
    TRY(cat_is_owner(v, user, acl, out, err));
    if (*out)
        return 0;
    TRY(granted(v, user, acl, false, &held, err));
    *out = held != 0;
    return 0;
}

int cat_check_any_privilege(struct cat_view *v, struct str user, const struct cat_table *t, struct err *err)
{
    bool ok = cat_table_everywhere(t);
    if (!ok)
        TRY(holds_any(v, user, &t->acl, &ok, err));
    if (!ok && t->database_id == CAT_ID_SYSTEM_DATABASE)
        TRY(cat_has_system_privilege(v, user, CAT_SYSTEM_VIEWSYSTEMTABLE, &ok, err));
    return ok ? 0
              : err_set(err, ERR_INSUFFICIENT_PRIVILEGE, "user %.*s has no privileges on relation %.*s", STR_FMT(user),
                        STR_FMT(t->name));
}

int cat_check_schema_usage(struct cat_view *v, struct str user, uint32_t schema_id, struct err *err)
{
    const struct cat_schema *s;
    bool ok;
    TRY(cat_is_admin(v, user, &ok, err));
    if (ok)
        return 0;
    TRY(cat_schema_by_id(v, schema_id, &s, err));
    if (s == NULL || s->is_virtual)
        return 0;
    TRY(cat_has_privilege(v, user, &s->acl, CAT_PRIVILEGE_USAGE, &ok, err));
    return ok ? 0 : cat_no_privilege(err, user, CAT_PRIVILEGE_USAGE, "schema", s->name);
}

int cat_sees_database(struct cat_view *v, struct str user, const struct cat_database *d, bool *out, struct err *err)
{
    return holds_any(v, user, &d->acl, out, err);
}
