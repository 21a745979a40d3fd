// ALTER {RANGE, DATABASE, TABLE, INDEX} … CONFIGURE ZONE. What only a cluster of several nodes would act on is checked
// and recorded; gc.ttlseconds says how far back AS OF SYSTEM TIME reaches.
#include "catalog/zone.h"
#include "sql/ddl/ddl_int.h"
#include <inttypes.h>
#include <stdio.h>

struct zone_change {
    struct ddl_context *dc;
    uint32_t id, index_id;
    uint32_t parents[3]; // of whom it inherits, nearest first; the last is RANGE default
    size_t n_parents;
};

static void add_parent(struct zone_change *z, uint32_t id)
{
    z->parents[z->n_parents++] = id;
}

static int need(struct ddl_context *dc, const struct cat_acl *acl, const char *what, struct str name, struct err *err)
{
    bool may;
    TRY(cat_has_privilege(dc->view, dc->scope.user, acl, CAT_PRIVILEGE_ZONECONFIG, &may, err));
    if (!may)
        TRY(cat_has_privilege(dc->view, dc->scope.user, acl, CAT_PRIVILEGE_CREATE, &may, err));
    if (may)
        return 0;
    return err_set(err, ERR_INSUFFICIENT_PRIVILEGE, "user %.*s does not have CREATE or ZONECONFIG privilege on %s %.*s",
                   STR_FMT(dc->scope.user), what, STR_FMT(name));
}

static int need_table(struct zone_change *z, const struct cat_table *t, struct err *err)
{
    z->id = t->id;
    if (z->index_id != 0)
        add_parent(z, t->id);
    add_parent(z, t->database_id);
    return need(z->dc, &t->acl, "relation", t->name, err);
}

static int range_target(struct zone_change *z, struct str name, struct err *err)
{
    if (!cat_zone_range_id(name, &z->id))
        return err_set(err, ERR_INVALID_NAME, "\"%.*s\" is not a built-in zone", STR_FMT(name));
    return cat_check_system_privilege(z->dc->view, z->dc->scope.user, CAT_SYSTEM_REPAIRCLUSTER, err);
}

static int find_target(struct zone_change *z, const struct ast_configure_zone *s, struct err *err)
{
    const struct cat_database *d;
    const struct cat_table *t;
    const struct cat_index *index;
    if (s->range.ptr != NULL)
        return range_target(z, s->range, err);
    switch (s->kind) {
    case AST_OBJECT_DATABASE:
        TRY(ddl_find_database(z->dc, ast_as_name(s->name)->name, false, &d, err));
        z->id = d->id;
        return need(z->dc, &d->acl, "database", d->name, err);
    case AST_OBJECT_INDEX:
        TRY(ddl_find_index(z->dc, s->name, false, &t, &index, err));
        z->index_id = index->id;
        break;
    default:
        TRY(ddl_find_relation(z->dc, s->name, false, &t, err));
        break;
    }
    if (s->partition.ptr != NULL)
        return err_set(err, ERR_UNDEFINED_OBJECT, "partition \"%.*s\" does not exist on table \"%.*s\"",
                       STR_FMT(s->partition), STR_FMT(t->name));
    return need_table(z, t, err);
}

// ---- values

static int invalid(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);
static int invalid(struct err *err, const char *fmt, ...)
{
    char text[256];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    return err_set(err, ERR_CHECK_VIOLATION, "could not validate zone config: %s", text);
}

static int64_t number(const struct cat_zone *zone, enum cat_zone_variable v)
{
    int64_t n = 0;
    return zone->values[v].ptr != NULL && str_to_i64(zone->values[v], &n) ? n : 0;
}

// `zone` with all that it inherits.
static int check_zone(const struct cat_zone *zone, struct err *err)
{
    enum { RANGE_MAX_BYTES_MIN = 64 << 20 };
    int64_t min = number(zone, CAT_ZONE_RANGE_MIN_BYTES), max = number(zone, CAT_ZONE_RANGE_MAX_BYTES);
    int64_t ttl = number(zone, CAT_ZONE_GC_TTL_SECONDS), replicas = number(zone, CAT_ZONE_NUM_REPLICAS);
    int64_t voters = number(zone, CAT_ZONE_NUM_VOTERS);
    if (ttl < 1)
        return invalid(err, "GC.TTLSeconds %" PRId64 " less than minimum allowed 1", ttl);
    if (ttl > INT32_MAX)
        return err_set(err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "integer out of range for type int4");
    if (replicas < 1)
        return invalid(err, "at least one replica is required");
    if (replicas == 2)
        return invalid(err, "at least 3 replicas are required for multi-replica configurations");
    if (zone->values[CAT_ZONE_NUM_VOTERS].ptr != NULL && (voters < 1 || voters > replicas))
        return invalid(err, voters < 1 ? "at least one voting replica is required"
                                       : "num_voters cannot be greater than num_replicas");
    if (max < RANGE_MAX_BYTES_MIN)
        return invalid(err, "RangeMaxBytes %" PRId64 " less than minimum allowed %d", max, RANGE_MAX_BYTES_MIN);
    if (min < 0)
        return invalid(err, "RangeMinBytes %" PRId64 " less than minimum allowed 0", min);
    if (min >= max)
        return invalid(err, "RangeMinBytes %" PRId64 " is greater than or equal to RangeMaxBytes %" PRId64, min, max);
    return 0;
}

// Lists of constraints: the node has no attributes, so none can be required of it.
static int check_text(struct str text, struct err *err)
{
    const char *plus = memchr(text.ptr, '+', text.len);
    if (plus == NULL)
        return 0;
    size_t len = 0, left = (size_t)(text.ptr + text.len - plus);
    while (len < left && memchr(" ,:]}'\"", plus[len], 7) == NULL)
        len++;
    return err_set(err, ERR_CHECK_VIOLATION,
                   "constraint \"%.*s\" matches no existing nodes within the cluster - did you enter it correctly?",
                   (int)len, plus);
}

static int evaluate(struct zone_change *z, const struct ast_option *o, int variable, struct str *out, struct err *err)
{
    struct ddl_services *services = z->dc->services;
    const struct cat_zone_variable_info *info = &cat_zone_variables[variable];
    struct type type = info->kind == CAT_ZONE_INT ? T_INT8 : info->kind == CAT_ZONE_BOOL ? T_BOOL : T_STRING;
    struct ddl_expr e;
    struct arena *a = z->dc->arena;
    TRY(services->check_expr(services, z->dc, NULL, o->value, type, DDL_EXPR_DEFAULT, &e, err));
    if (!e.is_constant || e.value.null)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "unsupported NULL value for \"%s\"", info->sql_name);
    if (info->kind == CAT_ZONE_INT)
        *out = arena_printf(a, "%" PRId64, e.value.i);
    else if (info->kind == CAT_ZONE_BOOL)
        *out = e.value.b ? STR("true") : STR("false");
    else
        *out = str_trim(arena_str(a, e.value.s));
    if (info->kind == CAT_ZONE_TEXT && memchr(out->ptr, '\n', out->len) != NULL)
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "unimplemented: \"%s\" of several lines", info->sql_name);
    return info->kind == CAT_ZONE_TEXT ? check_text(*out, err) : 0;
}

static int set_options(struct zone_change *z, const struct ast_list *options, const struct cat_zone *parent,
                       struct cat_zone *zone, struct err *err)
{
    bool seen[CAT_ZONE_VARIABLES] = {0};
    for (size_t i = 0; i < options->n; i++) {
        const struct ast_option *o = ast_as_option(options->items[i]);
        int v = cat_zone_variable_of(o->name);
        if (v < 0)
            return err_set(err, ERR_INVALID_PARAMETER_VALUE, "unsupported zone config parameter: \"%.*s\"",
                           STR_FMT(o->name));
        if (seen[v])
            return err_set(err, ERR_INVALID_PARAMETER_VALUE, "duplicate zone config parameter: \"%.*s\"",
                           STR_FMT(o->name));
        seen[v] = true;
        if (o->value == NULL)
            zone->values[v] = parent->values[v];
        else
            TRY(evaluate(z, o, v, &zone->values[v], err));
    }
    return 0;
}

static int inherited(struct zone_change *z, struct cat_zone *out, struct err *err)
{
    *out = (struct cat_zone){0};
    add_parent(z, CAT_ZONE_DEFAULT);
    for (size_t i = 0; i < z->n_parents; i++) {
        struct cat_zone parent;
        bool found;
        TRY(cat_zone_get(z->dc->view, z->parents[i], 0, &parent, &found, err));
        if (found)
            cat_zone_inherit(out, &parent);
    }
    return 0;
}

static int discard(struct zone_change *z, bool found, struct ddl_result *out, struct err *err)
{
    out->tag = found ? STR("CONFIGURE ZONE 1") : STR("CONFIGURE ZONE 0");
    return found ? cat_zone_put(z->dc->view, z->id, z->index_id, NULL, err) : 0;
}

int ddl_configure_zone(struct ddl_context *dc, const struct ast *statement, struct ddl_result *out, struct err *err)
{
    const struct ast_configure_zone *s = ast_as_configure_zone(statement);
    struct zone_change z = {.dc = dc};
    struct cat_zone zone, parent;
    bool found;
    TRY(find_target(&z, s, err));
    TRY(inherited(&z, &parent, err));
    TRY(cat_zone_get(dc->view, z.id, z.index_id, &zone, &found, err));
    bool is_default = z.id == CAT_ZONE_DEFAULT;
    if (s->discard && is_default)
        return err_set(err, ERR_CHECK_VIOLATION, "cannot remove default zone");
    if (s->discard || s->use_default)
        return discard(&z, found, out, err);
    TRY(set_options(&z, &s->options, &parent, &zone, err));
    struct cat_zone whole = zone;
    cat_zone_inherit(&whole, &parent);
    TRY(check_zone(&whole, err));
    out->tag = STR("CONFIGURE ZONE 1");
    return cat_zone_put(dc->view, z.id, z.index_id, &zone, err);
}

int zone_drop_index(struct ddl_context *dc, uint32_t table_id, uint32_t index_id, struct err *err)
{
    struct cat_zone zone;
    bool found;
    TRY(cat_zone_get(dc->view, table_id, index_id, &zone, &found, err));
    return found ? cat_zone_put(dc->view, table_id, index_id, NULL, err) : 0;
}
