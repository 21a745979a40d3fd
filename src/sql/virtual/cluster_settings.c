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

int cluster_setting_value(struct cat_view *v, const struct cluster_setting *setting, struct arena *a, struct str *value,
                          bool *is_default, struct err *err)
{
    struct str stored;
    TRY(cat_setting_get(v, str_of(setting->name), &stored, err));
    *is_default = stored.ptr == NULL;
    *value = *is_default ? str_of(setting->default_text) : arena_str(a, stored);
    return 0;
}
