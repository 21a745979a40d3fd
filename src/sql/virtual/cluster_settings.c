// The cluster settings that exist, and their values.
#include "base/version.h"
#include "sql/virtual/virtual_int.h"

static const struct cluster_setting settings[] = {
#define CLUSTER_SETTING(name, type, default_text, description) {name, type, default_text, description},
#include "sql/virtual/cluster_settings.def"
#undef CLUSTER_SETTING
};

const struct cluster_setting *cluster_settings(size_t *n)
{
    *n = ARRAY_LEN(settings);
    return settings;
}

const struct cluster_setting *cluster_setting_find(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(settings); i++)
        if (str_ieqc(name, settings[i].name))
            return &settings[i];
    return NULL;
}

struct type cluster_setting_type(const struct cluster_setting *setting)
{
    switch (setting->type[0]) {
    case 'b':
        return T_BOOL;
    case 'd':
        return T_INTERVAL;
    case 'f':
        return T_FLOAT8;
    case 'i':
        return T_INT8;
    default:
        return T_STRING;
    }
}

static const struct {
    const char *name;
    int64_t min, max;
} bounds[] = {
    {"sql.ttl.default_delete_batch_size", 1, INT64_MAX},
    {"sql.ttl.default_delete_rate_limit", 0, INT64_MAX},
    {"sql.ttl.default_select_batch_size", 1, INT64_MAX},
    {"sql.ttl.default_select_rate_limit", 0, INT64_MAX},
    {"server.max_connections_per_gateway", -1, INT32_MAX},
    {"server.user_login.min_password_length", 1, 256},
    {"server.user_login.password_hashes.default_cost.scram_sha_256", 4096, 10000000},
};

static int check_bounds(const struct cluster_setting *setting, int64_t value, struct err *err)
{
    for (size_t i = 0; i < ARRAY_LEN(bounds); i++)
        if (strcmp(bounds[i].name, setting->name) == 0 && (value < bounds[i].min || value > bounds[i].max))
            return err_set(err, ERR_INVALID_PARAMETER_VALUE,
                           "invalid value for cluster setting %s: must be from %lld to %lld", setting->name,
                           (long long)bounds[i].min, (long long)bounds[i].max);
    return 0;
}

int cluster_setting_check(const struct cluster_setting *setting, struct str text, struct arena *a, struct err *err)
{
    struct value_context utc = {0};
    struct datum value;
    struct type type = cluster_setting_type(setting);
    if (text.ptr == NULL)
        return 0;
    if (strcmp(setting->name, "server.user_login.password_encryption") == 0 && !str_eqc(text, "scram-sha-256"))
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "unimplemented: password encryption %.*s", STR_FMT(text));
    if (datum_parse(a, type, text, &utc, &value, NULL) == 0)
        return type.family == TYPE_INT ? check_bounds(setting, value.i, err) : 0;
    return err_set(err, ERR_INVALID_PARAMETER_VALUE, "invalid value for cluster setting %s: \"%.*s\"", setting->name,
                   STR_FMT(text));
}

struct str cluster_setting_encode(const struct cluster_setting *setting, struct str text, struct arena *a)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    ptrdiff_t blank = str_find(text, STR(" "), 0);
    int64_t n;
    if (setting->type[0] != 'z' || blank < 0 || !str_to_i64(str_slice(text, 0, (size_t)blank), &n))
        return text;
    for (size_t i = 0; i < ARRAY_LEN(units); i++)
        if (str_eqc(str_slice(text, (size_t)blank + 1, text.len), units[i]))
            return arena_printf(a, "%lld", (long long)n << (10 * i));
    return text;
}

int cluster_setting_decode(const struct cluster_setting *setting, struct str stored, struct arena *a, struct str *out,
                           struct err *err)
{
    int64_t bytes;
    *out = stored;
    if (setting->type[0] != 'z')
        return cluster_setting_check(setting, stored, a, err);
    if (!str_to_i64(stored, &bytes) || bytes < 0)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "invalid value for cluster setting %s: \"%.*s\"",
                       setting->name, STR_FMT(stored));
    struct buf b = BUF_INIT;
    size_print(&b, (uint64_t)bytes);
    *out = arena_str(a, buf_view(&b));
    buf_release(&b);
    return 0;
}

int cluster_setting_value(struct cat_view *v, const struct cluster_setting *setting, struct arena *a, struct str *value,
                          bool *is_default, struct err *err)
{
    struct str stored;
    TRY(cat_setting_get(v, str_of(setting->name), &stored, err));
    *is_default = stored.ptr == NULL;
    *value = *is_default ? str_of(setting->default_text) : arena_str(a, stored);
    return 0;
}

int cluster_setting_get(struct cat_view *v, const char *name, struct arena *a, struct datum *out, struct err *err)
{
    const struct cluster_setting *setting = cluster_setting_find(str_of(name));
    struct value_context utc = {0};
    struct str text;
    bool is_default;
    INVARIANT(setting != NULL);
    TRY(cluster_setting_value(v, setting, a, &text, &is_default, err));
    return datum_parse(a, cluster_setting_type(setting), text, &utc, out, err);
}

// ---- who may

bool cluster_setting_is_sql(struct str name)
{
    return str_has_prefix(name, STR("sql.defaults"));
}

int cluster_setting_check_access(struct cat_view *v, struct str user, struct str name, bool set, struct err *err)
{
    bool sql = cluster_setting_is_sql(name), ok;
    uint32_t enough = CAT_SYSTEM_MODIFYCLUSTERSETTING | (sql ? CAT_SYSTEM_MODIFYSQLCLUSTERSETTING : 0) |
                      (set ? 0 : CAT_SYSTEM_VIEWCLUSTERSETTING);
    TRY(cat_has_system_privilege(v, user, enough, &ok, err));
    if (ok)
        return 0;
    const char *who = set   ? sql ? "the MODIFYCLUSTERSETTING or MODIFYSQLCLUSTERSETTING privilege"
                                  : "the MODIFYCLUSTERSETTING privilege"
                      : sql ? "MODIFYCLUSTERSETTING, MODIFYSQLCLUSTERSETTING or VIEWCLUSTERSETTING privileges"
                            : "MODIFYCLUSTERSETTING or VIEWCLUSTERSETTING privileges";
    return err_set(err, ERR_INSUFFICIENT_PRIVILEGE, "only users with %s are allowed to %s cluster setting '%.*s'", who,
                   set ? "set" : "show", STR_FMT(name));
}

int cluster_settings_visible(struct cat_view *v, struct str user, bool *sql_only, const char *what, struct err *err)
{
    bool all, sql;
    TRY(cat_has_system_privilege(v, user, CAT_SYSTEM_MODIFYCLUSTERSETTING | CAT_SYSTEM_VIEWCLUSTERSETTING, &all, err));
    TRY(cat_has_system_privilege(v, user, CAT_SYSTEM_MODIFYSQLCLUSTERSETTING, &sql, err));
    *sql_only = !all;
    if (all || sql)
        return 0;
    return err_set(err, ERR_INSUFFICIENT_PRIVILEGE,
                   "only users with MODIFYCLUSTERSETTING, MODIFYSQLCLUSTERSETTING or VIEWCLUSTERSETTING system "
                   "privileges are allowed to %s",
                   what);
}
