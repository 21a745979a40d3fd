#include "sql/ddl/storage_int.h"
#include "sql/parse/ast_print.h"

enum parameter_use {
    PARAMETER_RECORDED, // shown by SHOW CREATE; describes what this server does anyway or leaves to other parts
    PARAMETER_IGNORED,  // PostgreSQL's, accepted with a notice
};
static const struct {
    const char *name;
    enum parameter_use use;
} parameters[] = {
    {"schema_locked", PARAMETER_RECORDED},
    {"exclude_data_from_backup", PARAMETER_RECORDED},
    {"sql_stats_automatic_collection_enabled", PARAMETER_RECORDED},
    {"sql_stats_automatic_collection_min_stale_rows", PARAMETER_RECORDED},
    {"sql_stats_automatic_collection_fraction_stale_rows", PARAMETER_RECORDED},
    {"sql_stats_forecasts_enabled", PARAMETER_RECORDED},
    {"sql_stats_histogram_buckets_count", PARAMETER_RECORDED},
    {"sql_stats_histogram_samples_count", PARAMETER_RECORDED},
    {"fillfactor", PARAMETER_IGNORED},
    {"autovacuum_enabled", PARAMETER_IGNORED},
};

static int check_parameter(struct ddl_context *dc, struct str name, bool *recorded, struct err *err)
{
    if (str_has_prefix(name, STR("ttl")))
        return ddl_unimplemented(err, "row-level TTL");
    for (size_t i = 0; i < ARRAY_LEN(parameters); i++) {
        if (!str_eqc(name, parameters[i].name))
            continue;
        *recorded = parameters[i].use == PARAMETER_RECORDED;
        if (!*recorded)
            ddl_notice(dc, ERR_SUCCESSFUL_COMPLETION, "storage parameter \"%.*s\" is ignored", STR_FMT(name));
        return 0;
    }
    return err_set(err, ERR_INVALID_PARAMETER_VALUE, "invalid storage parameter \"%.*s\"", STR_FMT(name));
}

// Removes "name = value" from the list.
static struct str without(struct arena *a, struct str text, struct str name)
{
    struct buf b = BUF_INIT;
    for (size_t at = 0; at < text.len;) {
        ptrdiff_t comma = str_find(text, STR(", "), at);
        size_t end = comma < 0 ? text.len : (size_t)comma;
        struct str item = str_slice(text, at, end);
        bool is_it = str_has_prefix(item, name) && item.len > name.len && item.ptr[name.len] == ' ';
        if (!is_it) {
            buf_cstr(&b, b.len > 0 ? ", " : "");
            buf_str(&b, item);
        }
        at = comma < 0 ? text.len : end + 2;
    }
    struct str out = arena_str(a, buf_view(&b));
    buf_release(&b);
    return out;
}

int storage_parameters_set(struct ddl_context *dc, const struct ast_list *options, struct str *text, struct err *err)
{
    for (size_t i = 0; i < options->n; i++) {
        const struct ast_option *o = ast_as_option(options->items[i]);
        bool recorded = false;
        TRY(check_parameter(dc, o->name, &recorded, err));
        if (!recorded)
            continue;
        struct buf b = BUF_INIT;
        buf_str(&b, without(dc->arena, *text, o->name));
        buf_printf(&b, "%s%.*s = ", b.len > 0 ? ", " : "", STR_FMT(o->name));
        if (o->value != NULL)
            ast_print(&b, o->value, AST_PRINT_DEFAULT);
        else
            buf_cstr(&b, "true");
        *text = arena_str(dc->arena, buf_view(&b));
        buf_release(&b);
    }
    return 0;
}

int storage_parameters_reset(struct ddl_context *dc, const struct ast_list *options, struct str *text, struct err *err)
{
    for (size_t i = 0; i < options->n; i++) {
        struct str name = ast_as_option(options->items[i])->name;
        bool recorded = false;
        TRY(check_parameter(dc, name, &recorded, err));
        *text = without(dc->arena, *text, name);
    }
    return 0;
}
