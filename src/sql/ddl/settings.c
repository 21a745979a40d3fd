#include "sql/ddl/settings_int.h"
#include "sql/parse/ast_print.h"

static void put_value(struct buf *b, const struct ast *value)
{
    if (ast_is(value, AST_STRING))
        buf_str(b, ast_as_string(value)->value);
    else
        ast_print(b, value, AST_PRINT_DEFAULT);
}

static struct str setting_text(struct ddl_context *dc, const struct ast_set_var *set)
{
    struct buf b = BUF_INIT;
    buf_str(&b, set->name);
    buf_putc(&b, '=');
    for (size_t i = 0; i < set->values.n; i++) {
        buf_cstr(&b, i > 0 ? ", " : "");
        put_value(&b, set->values.items[i]);
    }
    struct str text = arena_str(dc->arena, buf_view(&b));
    buf_release(&b);
    return text;
}

static bool is_setting(struct str entry, struct str name)
{
    return str_has_prefix(entry, name) && entry.len > name.len && entry.ptr[name.len] == '=';
}

int settings_edit(struct ddl_context *dc, uint32_t database_id, struct str role, const struct ast *set,
                  const struct ast *reset, struct err *err)
{
    const struct str *old;
    size_t n_old, n = 0;
    bool adds = set != NULL && !ast_as_set_var(set)->to_default;
    struct str name = set != NULL ? ast_as_set_var(set)->name : ast_as_reset_var(reset)->name;
    TRY(cat_role_settings_get(dc->view, dc->arena, database_id, role, &old, &n_old, err));
    struct str *list = ARENA_ARRAY(dc->arena, struct str, n_old + 1);
    for (size_t i = 0; i < n_old && name.ptr != NULL; i++) // RESET ALL has no name
        if (!is_setting(old[i], name))
            list[n++] = old[i];
    if (adds)
        list[n++] = setting_text(dc, ast_as_set_var(set));
    return cat_role_settings_put(dc->view, database_id, role, list, n, err);
}
