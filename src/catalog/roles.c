// Roles: the users, role_options, role_members and privileges tables read as one set with the closure of memberships,
// cached under a version of its own (the version item of the users table), which far fewer statements change than the
// catalog's.

#include "catalog/catalog_int.h"
#include "types/array.h"

#define GLOBAL_PATH STR("/global/") // of system privileges in system.privileges

struct role_info {
    struct cat_role role;
    const struct role_info **ancestors; // every role it is a member of, directly or not
    size_t n_ancestors;
    unsigned visit; // of the closure being computed
    ARENA_VEC(struct str) member_of;
    ARENA_VEC(bool) member_admin;
    ARENA_VEC(struct str) options;
};
struct role_set {
    unsigned refs; // catalog.mutex
    uint64_t version;
    struct arena arena;
    struct map by_name;
    ARENA_VEC(struct role_info *) sorted; // by name
    struct cat_grant public_system;       // system privileges of public, which is no row of users
};

// ---- loading

static int load_users(struct cat_view *v, struct role_set *set, struct err *err)
{
    struct system_scan scan;
    struct datum values[SYSTEM_COLUMNS_MAX];
    bool found;
    TRY(system_scan_open(v->catalog, v->txn, &set->arena, SYSTEM_USERS, NULL, 0, &scan, err));
    int rc;
    while ((rc = system_scan_next(&scan, values, &found, err)) == 0 && found) {
        struct role_info *r = ARENA_NEW(&set->arena, struct role_info);
        r->role = (struct cat_role){.name = arena_str(&set->arena, values[0].s),
                                    .id = (uint32_t)values[3].i,
                                    .is_role = values[2].b,
                                    .login = true,
                                    .valid_until_micros = INT64_MAX,
                                    .connections_max = -1};
        r->role.verifier = values[1].null ? STR_EMPTY : arena_str(&set->arena, values[1].s);
        map_put(&set->by_name, r->role.name, r);
        ARENA_PUSH(&set->arena, &set->sorted, r);
    }
    system_scan_close(&scan);
    return rc;
}

static int apply_option(struct arena *a, struct role_info *r, struct str option, const struct datum *value,
                        struct err *err)
{
    struct datum until;
    int64_t limit;
    if (str_eqc(option, "NOLOGIN"))
        r->role.login = false;
    else if (str_eqc(option, "VALID UNTIL") && !value->null) {
        TRY(datum_parse(a, T_TIMESTAMPTZ, value->s, &(struct value_context){0}, &until, err));
        r->role.valid_until_micros = until.i;
    } else if (str_eqc(option, CAT_OPTION_CONNECTION_LIMIT) && !value->null && str_to_i64(value->s, &limit))
        r->role.connections_max = (int32_t)limit;
    r->role.option_privileges |= cat_system_privilege_of(option);
    struct str text =
        value->null ? arena_str(a, option) : arena_printf(a, "%.*s=%.*s", STR_FMT(option), STR_FMT(value->s));
    ARENA_PUSH(a, &r->options, text);
    return 0;
}

static int load_options(struct cat_view *v, struct role_set *set, struct err *err)
{
    struct system_scan scan;
    struct datum values[SYSTEM_COLUMNS_MAX];
    bool found;
    TRY(system_scan_open(v->catalog, v->txn, &set->arena, SYSTEM_ROLE_OPTIONS, NULL, 0, &scan, err));
    int rc;
    while ((rc = system_scan_next(&scan, values, &found, err)) == 0 && found) {
        struct role_info *r = map_get(&set->by_name, values[0].s);
        if (r != NULL && (rc = apply_option(&set->arena, r, values[1].s, &values[2], err)) != 0)
            break;
    }
    system_scan_close(&scan);
    return rc;
}

static int load_members(struct cat_view *v, struct role_set *set, struct err *err)
{
    struct system_scan scan;
    struct datum values[SYSTEM_COLUMNS_MAX];
    bool found;
    TRY(system_scan_open(v->catalog, v->txn, &set->arena, SYSTEM_ROLE_MEMBERS, NULL, 0, &scan, err));
    int rc;
    while ((rc = system_scan_next(&scan, values, &found, err)) == 0 && found) {
        struct role_info *r = map_get(&set->by_name, values[1].s);
        if (r == NULL)
            continue;
        ARENA_PUSH(&set->arena, &r->member_of, arena_str(&set->arena, values[0].s));
        ARENA_PUSH(&set->arena, &r->member_admin, values[2].b);
    }
    system_scan_close(&scan);
    return rc;
}

static uint32_t bits_of(struct str list)
{
    struct array names = array_open(type_array_of(T_STRING), list);
    uint32_t bits = 0;
    for (uint32_t i = 0; i < names.count; i++)
        bits |= cat_system_privilege_of(array_get(&names, i).s);
    return bits;
}

static int load_system_grants(struct cat_view *v, struct role_set *set, struct err *err)
{
    struct system_scan scan;
    struct datum values[SYSTEM_COLUMNS_MAX];
    bool found;
    set->public_system = (struct cat_grant){.grantee = STR("public")};
    TRY(system_scan_open(v->catalog, v->txn, &set->arena, SYSTEM_PRIVILEGES, NULL, 0, &scan, err));
    int rc;
    while ((rc = system_scan_next(&scan, values, &found, err)) == 0 && found) {
        struct role_info *r = map_get(&set->by_name, values[0].s);
        struct cat_grant *g = r != NULL ? &r->role.system : &set->public_system;
        if (!str_eq(values[1].s, GLOBAL_PATH) || (r == NULL && !str_eqc(values[0].s, "public")))
            continue;
        g->privileges = bits_of(values[2].s);
        g->grantable = bits_of(values[3].s);
    }
    system_scan_close(&scan);
    return rc;
}

// Breadth first from `start`; the list of ancestors is the queue.
static void close_membership(struct role_set *set, struct role_info *start, unsigned visit)
{
    ARENA_VEC(const struct role_info *) queue = {0};
    start->visit = visit;
    const struct role_info *at = start;
    for (size_t next = 0;; at = queue.ptr[next++]) {
        for (size_t i = 0; i < at->member_of.len; i++) {
            struct role_info *parent = map_get(&set->by_name, at->member_of.ptr[i]);
            if (parent == NULL || parent->visit == visit)
                continue;
            parent->visit = visit;
            ARENA_PUSH(&set->arena, &queue, parent);
        }
        if (next == queue.len)
            break;
    }
    start->ancestors = queue.ptr;
    start->n_ancestors = queue.len;
}

static void finish_role(struct role_info *r)
{
    r->role.member_of = r->member_of.ptr;
    r->role.member_admin = r->member_admin.ptr;
    r->role.n_member_of = r->member_of.len;
    r->role.system.grantee = r->role.name;
    r->role.options = r->options.ptr;
    r->role.n_options = r->options.len;
}

static void role_set_free(struct role_set *set)
{
    map_release(&set->by_name);
    arena_release(&set->arena);
    mem_free(set);
}

static int role_set_load(struct cat_view *v, uint64_t version, struct role_set **out, struct err *err)
{
    struct role_set *set = mem_zalloc(sizeof(*set));
    int rc;
    arena_init(&set->arena, NULL);
    set->refs = 1;
    set->version = version;
    TRY_GOTO(rc, fail, load_users(v, set, err));
    TRY_GOTO(rc, fail, load_options(v, set, err));
    TRY_GOTO(rc, fail, load_members(v, set, err));
    TRY_GOTO(rc, fail, load_system_grants(v, set, err));
    for (size_t i = 0; i < set->sorted.len; i++) {
        finish_role(set->sorted.ptr[i]);
        close_membership(set, set->sorted.ptr[i], (unsigned)i + 1);
    }
    *out = set;
    return 0;
fail:
    role_set_free(set);
    return rc;
}

// ---- sharing

static void unref_locked(struct role_set *set)
{
    if (set != NULL && --set->refs == 0)
        role_set_free(set);
}

void role_set_unref(struct catalog *c, struct role_set *set)
{
    pthread_mutex_lock(&c->mutex);
    unref_locked(set);
    pthread_mutex_unlock(&c->mutex);
}

static struct role_set *find_shared(struct cat_view *v, uint64_t version)
{
    pthread_mutex_lock(&v->catalog->mutex);
    struct role_set *set = v->catalog->recent_roles;
    if (set != NULL && set->version == version)
        set->refs++;
    else
        set = NULL;
    pthread_mutex_unlock(&v->catalog->mutex);
    return set;
}

static void share(struct catalog *c, struct role_set *set)
{
    pthread_mutex_lock(&c->mutex);
    if (c->recent_roles == NULL || c->recent_roles->version < set->version) {
        unref_locked(c->recent_roles);
        c->recent_roles = set;
        set->refs++;
    }
    pthread_mutex_unlock(&c->mutex);
}

// The set as this transaction sees it. Sets loaded in a transaction with catalog changes stay its own.
static int view_roles(struct cat_view *v, const struct role_set **out, struct err *err)
{
    *out = v->roles;
    if (v->roles != NULL)
        return 0;
    struct kv_value value;
    uint64_t version = 0;
    TRY_KV(v->txn, kv_get(v->txn, v->catalog->roles_version_key, KV_READ_SNAPSHOT, &value), err);
    if (value.found && value.value.len == 8)
        memcpy(&version, value.value.ptr, 8);
    if (!v->dirty)
        v->roles = find_shared(v, version);
    if (v->roles == NULL) {
        TRY(role_set_load(v, version, &v->roles, err));
        if (!v->dirty)
            share(v->catalog, v->roles);
    }
    *out = v->roles;
    return 0;
}

// ---- asking

int cat_role_by_name(struct cat_view *v, struct str name, const struct cat_role **out, struct err *err)
{
    const struct role_set *set;
    TRY(view_roles(v, &set, err));
    const struct role_info *r = map_get(&set->by_name, name);
    *out = r != NULL ? &r->role : NULL;
    return 0;
}

int cat_list_roles(struct cat_view *v, struct arena *a, const struct cat_role ***out, size_t *n, struct err *err)
{
    const struct role_set *set;
    TRY(view_roles(v, &set, err));
    *n = set->sorted.len;
    *out = ARENA_ARRAY(a, const struct cat_role *, *n);
    for (size_t i = 0; i < *n; i++)
        (*out)[i] = &set->sorted.ptr[i]->role;
    return 0;
}

static bool is_member(const struct role_info *r, struct str role)
{
    for (size_t i = 0; r != NULL && i < r->n_ancestors; i++)
        if (str_eq(r->ancestors[i]->role.name, role))
            return true;
    return false;
}

int cat_is_member(struct cat_view *v, struct str user, struct str role, bool *out, struct err *err)
{
    const struct role_set *set;
    *out = str_eq(user, role) || str_eqc(role, "public");
    if (*out)
        return 0;
    TRY(view_roles(v, &set, err));
    *out = is_member(map_get(&set->by_name, user), role);
    return 0;
}

int cat_is_admin(struct cat_view *v, struct str user, bool *out, struct err *err)
{
    *out = str_eqc(user, "root") || str_eqc(user, "node");
    return *out ? 0 : cat_is_member(v, user, STR("admin"), out, err);
}

// Privileges and grant options of the user, his roles and public together.
static int system_held(struct cat_view *v, struct str user, struct cat_grant *out, struct err *err)
{
    const struct role_set *set;
    TRY(view_roles(v, &set, err));
    const struct role_info *r = map_get(&set->by_name, user);
    *out = set->public_system;
    for (size_t i = 0; r != NULL && i <= r->n_ancestors; i++) {
        const struct cat_role *role = i < r->n_ancestors ? &r->ancestors[i]->role : &r->role;
        out->privileges |= role->system.privileges;
        out->grantable |= role->system.grantable;
    }
    if (r != NULL)
        out->privileges |= r->role.option_privileges;
    return 0;
}

static uint32_t expand_all(uint32_t bits)
{
    return bits & CAT_SYSTEM_ALL ? bits | ~(uint32_t)CAT_SYSTEM_NOSQLLOGIN : bits;
}

int cat_has_system_privilege(struct cat_view *v, struct str user, uint32_t any, bool *out, struct err *err)
{
    struct cat_grant held;
    TRY(cat_is_admin(v, user, out, err));
    if (*out && (any & ~(uint32_t)CAT_SYSTEM_NOSQLLOGIN) != 0)
        return 0;
    TRY(system_held(v, user, &held, err));
    *out = (expand_all(held.privileges) & any) != 0;
    return 0;
}

int cat_has_system_grant_option(struct cat_view *v, struct str user, uint32_t all, bool *out, struct err *err)
{
    struct cat_grant held;
    TRY(cat_is_admin(v, user, out, err));
    if (*out)
        return 0;
    TRY(system_held(v, user, &held, err));
    *out = (expand_all(held.grantable) & all) == all;
    return 0;
}

int cat_system_grant_get(struct cat_view *v, struct str grantee, struct cat_grant *out, struct err *err)
{
    const struct role_set *set;
    TRY(view_roles(v, &set, err));
    const struct role_info *r = map_get(&set->by_name, grantee);
    *out = r != NULL ? r->role.system : set->public_system;
    return 0;
}

// ---- changing

static int roles_changed(struct cat_view *v, struct err *err)
{
    TRY_KV(v->txn, kv_add(v->txn, v->catalog->roles_version_key, 1), err);
    TRY(view_changed(v, err));
    if (v->roles != NULL)
        ARENA_PUSH(&v->arena, &v->held_roles, v->roles);
    v->roles = NULL;
    return 0;
}

// "VALID UNTIL=…" is stored as name and value.
static int put_option(struct cat_view *v, const struct cat_role *r, struct str option, struct err *err)
{
    ptrdiff_t eq = str_find(option, STR("="), 0);
    struct str name = eq < 0 ? option : str_slice(option, 0, (size_t)eq);
    struct datum values[] = {datum_str(r->name), datum_str(name), DATUM_NULL, datum_int(r->id)};
    if (eq >= 0)
        values[2] = datum_str(str_slice(option, (size_t)eq + 1, option.len));
    return system_put(v->catalog, v->txn, SYSTEM_ROLE_OPTIONS, values, err);
}

int cat_put_role(struct cat_view *v, const struct cat_role *r, struct err *err)
{
    struct datum name = datum_str(r->name);
    struct datum values[] = {name, r->verifier.len > 0 ? datum_str(r->verifier) : DATUM_NULL, datum_bool(r->is_role),
                             datum_int(r->id), DATUM_NULL};
    TRY(system_put(v->catalog, v->txn, SYSTEM_USERS, values, err));
    TRY(system_delete_prefix(v->catalog, v->txn, SYSTEM_ROLE_OPTIONS, &name, 1, err));
    for (size_t i = 0; i < r->n_options; i++)
        TRY(put_option(v, r, r->options[i], err));
    return roles_changed(v, err);
}

int cat_remove_role(struct cat_view *v, struct str name, struct err *err)
{
    struct datum key = datum_str(name);
    const struct role_set *set;
    TRY(view_roles(v, &set, err));
    for (size_t i = 0; i < set->sorted.len; i++) {
        const struct cat_role *r = &set->sorted.ptr[i]->role;
        for (size_t k = 0; k < r->n_member_of; k++) {
            struct datum member[] = {datum_str(r->member_of[k]), datum_str(r->name)};
            if (str_eq(r->name, name) || str_eq(r->member_of[k], name))
                TRY(system_delete(v->catalog, v->txn, SYSTEM_ROLE_MEMBERS, member, err));
        }
    }
    TRY(system_delete(v->catalog, v->txn, SYSTEM_USERS, &key, err));
    TRY(system_delete_prefix(v->catalog, v->txn, SYSTEM_ROLE_OPTIONS, &key, 1, err));
    TRY(system_delete_prefix(v->catalog, v->txn, SYSTEM_PRIVILEGES, &key, 1, err));
    return roles_changed(v, err);
}

static int role_id(struct cat_view *v, struct str name, uint32_t *out, struct err *err)
{
    const struct cat_role *r;
    TRY(cat_role_by_name(v, name, &r, err));
    *out = r != NULL ? r->id : 0;
    return 0;
}

int cat_put_member(struct cat_view *v, struct str role, struct str member, bool admin, struct err *err)
{
    uint32_t id, member_id;
    TRY(role_id(v, role, &id, err));
    TRY(role_id(v, member, &member_id, err));
    struct datum values[] = {datum_str(role), datum_str(member), datum_bool(admin), datum_int(id),
                             datum_int(member_id)};
    TRY(system_put(v->catalog, v->txn, SYSTEM_ROLE_MEMBERS, values, err));
    return roles_changed(v, err);
}

int cat_remove_member(struct cat_view *v, struct str role, struct str member, struct err *err)
{
    struct datum key[] = {datum_str(role), datum_str(member)};
    TRY(system_delete(v->catalog, v->txn, SYSTEM_ROLE_MEMBERS, key, err));
    return roles_changed(v, err);
}

static struct datum names_of(struct arena *a, uint32_t bits)
{
    struct datum names[CAT_SYSTEM_PRIVILEGE_COUNT];
    uint32_t n = 0;
    for (unsigned i = 0; i < CAT_SYSTEM_PRIVILEGE_COUNT; i++)
        if (bits & 1u << i)
            names[n++] = datum_str(str_of(cat_system_privilege_name(1u << i)));
    return datum_str(array_build(a, T_STRING, names, n));
}

int cat_system_grant_put(struct cat_view *v, const struct cat_grant *g, struct err *err)
{
    uint32_t id;
    TRY(role_id(v, g->grantee, &id, err));
    struct datum values[] = {datum_str(g->grantee), datum_str(GLOBAL_PATH), names_of(&v->arena, g->privileges),
                             names_of(&v->arena, g->grantable), datum_int(id)};
    if (g->privileges == 0)
        TRY(system_delete(v->catalog, v->txn, SYSTEM_PRIVILEGES, values, err));
    else
        TRY(system_put(v->catalog, v->txn, SYSTEM_PRIVILEGES, values, err));
    return roles_changed(v, err);
}
