#include "sql/ddl/settings_int.h"

static bool is_setting(struct str entry, struct str name)
{
    return entry.len > name.len && entry.ptr[name.len] == '=' && str_ieq(str_slice(entry, 0, name.len), name);
}

int settings_edit(struct ddl_context *dc, uint32_t database_id, struct str role, const struct ast *set, struct err *err)
{
    const struct str *old;
    size_t n_old, n = 0;
    const struct ddl_setting *s = &dc->setting;
    TRY(cat_role_settings_get(dc->view, dc->arena, database_id, role, &old, &n_old, err));
    struct str *list = ARENA_ARRAY(dc->arena, struct str, n_old + 1);
    for (size_t i = 0; i < n_old && s->name.ptr != NULL; i++)
        if (!is_setting(old[i], s->name))
            list[n++] = old[i];
    if (set != NULL && !ast_as_set_var(set)->to_default)
        list[n++] = arena_printf(dc->arena, "%.*s=%.*s", STR_FMT(s->name), STR_FMT(s->value));
    return cat_role_settings_put(dc->view, database_id, role, list, n, err);
}
