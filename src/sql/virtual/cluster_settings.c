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

int cluster_setting_check(const struct cluster_setting *setting, struct str text, struct arena *a, struct err *err)
{
    struct value_context utc = {0};
    struct datum ignored;
    if (text.ptr == NULL || datum_parse(a, cluster_setting_type(setting), text, &utc, &ignored, NULL) == 0)
        return 0;
    return err_set(err, ERR_INVALID_PARAMETER_VALUE, "invalid value for cluster setting %s: \"%.*s\"", setting->name,
                   STR_FMT(text));
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
