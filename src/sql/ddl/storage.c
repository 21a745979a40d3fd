// Storage parameters. What a table has of them is one text in the order of the rows below, kept as SHOW CREATE prints
// it; those of row-level TTL mean what ttl.c makes of them.
#include "sql/ddl/storage_int.h"
#include "base/cron.h"
#include "sql/parse/ast_print.h"
#include "types/datetime.h"

enum parameter_kind {
    PARAMETER_RECORDED, // shown by SHOW CREATE; describes what this server does anyway or leaves to other parts
    PARAMETER_IGNORED,  // PostgreSQL's, accepted with a notice
    PARAMETER_TTL_ON,
    PARAMETER_INTERVAL,
    PARAMETER_TEXT,
    PARAMETER_CRON,
    PARAMETER_COUNT, // at least 1
    PARAMETER_RATE,  // at least 0
    PARAMETER_BOOL,
};
static const struct parameter {
    const char *name;
    enum parameter_kind kind;
} parameters[] = {
    {"ttl", PARAMETER_TTL_ON},
    {"ttl_expire_after", PARAMETER_INTERVAL},
    {"ttl_expiration_expression", PARAMETER_TEXT},
    {"ttl_select_batch_size", PARAMETER_COUNT},
    {"ttl_delete_batch_size", PARAMETER_COUNT},
    {"ttl_job_cron", PARAMETER_CRON},
    {"ttl_select_rate_limit", PARAMETER_RATE},
    {"ttl_delete_rate_limit", PARAMETER_RATE},
    {"ttl_pause", PARAMETER_BOOL},
    {"ttl_row_stats_poll_interval", PARAMETER_INTERVAL},
    {"ttl_label_metrics", PARAMETER_BOOL},
    {"ttl_disable_changefeed_replication", PARAMETER_BOOL},
    {"exclude_data_from_backup", PARAMETER_RECORDED},
    {"schema_locked", PARAMETER_RECORDED},
    {"sql_stats_automatic_collection_enabled", PARAMETER_RECORDED},
    {"sql_stats_automatic_collection_min_stale_rows", PARAMETER_RECORDED},
    {"sql_stats_automatic_collection_fraction_stale_rows", PARAMETER_RECORDED},
    {"sql_stats_forecasts_enabled", PARAMETER_RECORDED},
    {"sql_stats_histogram_buckets_count", PARAMETER_RECORDED},
    {"sql_stats_histogram_samples_count", PARAMETER_RECORDED},
    {"fillfactor", PARAMETER_IGNORED},
    {"autovacuum_enabled", PARAMETER_IGNORED},
};

static int find_parameter(struct str name, const struct parameter **out, struct err *err)
{
    for (size_t i = 0; i < ARRAY_LEN(parameters); i++) {
        *out = &parameters[i];
        if (str_eqc(name, parameters[i].name))
            return 0;
    }
    return err_set(err, ERR_INVALID_PARAMETER_VALUE, "invalid storage parameter \"%.*s\"", STR_FMT(name));
}

static bool is_ignored(struct ddl_context *dc, const struct parameter *p)
{
    if (p->kind != PARAMETER_IGNORED)
        return false;
    ddl_notice(dc, ERR_SUCCESSFUL_COMPLETION, "storage parameter \"%s\" is ignored", p->name);
    return true;
}

// ---- values

static int constant_of(struct ddl_context *dc, const struct parameter *p, const struct ast *value, struct type want,
                       struct datum *out, struct err *err)
{
    struct ddl_services *s = dc->services;
    struct ddl_expr e = {0};
    if (value != NULL)
        TRY(s->check_expr(s, dc, NULL, value, want, DDL_EXPR_DEFAULT, &e, err));
    if (!e.is_constant || e.value.null)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "parameter \"%s\" requires a constant value of type %s",
                       p->name, type_family_name(want));
    *out = e.value;
    return 0;
}

static int check_interval(const struct parameter *p, struct datum value, struct err *err)
{
    if (interval_compare(value.iv, (struct interval){0}) > 0)
        return 0;
    return err_set(err, ERR_INVALID_PARAMETER_VALUE, "value of \"%s\" must be greater than zero", p->name);
}

static int check_number(const struct parameter *p, struct datum value, int64_t least, struct err *err)
{
    if (value.i >= least)
        return 0;
    return err_set(err, ERR_INVALID_PARAMETER_VALUE, "\"%s\" must be at least %lld", p->name, (long long)least);
}

static int check_on(const struct ast *value, struct err *err)
{
    bool on = value == NULL || (ast_is(value, AST_BOOLEAN) && ast_as_boolean(value)->value) ||
              (ast_is(value, AST_STRING) &&
               (str_ieqc(ast_as_string(value)->value, "on") || str_ieqc(ast_as_string(value)->value, "true")));
    if (on)
        return 0;
    err_set(err, ERR_INVALID_PARAMETER_VALUE, "setting \"ttl = 'off'\" is not permitted");
    return err_hint(err, "use `ALTER TABLE ... RESET (ttl)` to remove row-level TTL");
}

static int check_cron(struct datum value, struct err *err)
{
    struct cron cron;
    return cron_parse(value.s, &cron, err);
}

// What is written after "name = ".
static int print_value(struct ddl_context *dc, const struct parameter *p, const struct ast *value, struct buf *out,
                       struct err *err)
{
    static const struct type *const types[] = {
        [PARAMETER_INTERVAL] = &T_INTERVAL, [PARAMETER_TEXT] = &T_STRING, [PARAMETER_CRON] = &T_STRING,
        [PARAMETER_COUNT] = &T_INT8,        [PARAMETER_RATE] = &T_INT8,   [PARAMETER_BOOL] = &T_BOOL,
    };
    struct datum d;
    if (p->kind == PARAMETER_TTL_ON) {
        buf_cstr(out, "'on'");
        return check_on(value, err);
    }
    if (value == NULL && (p->kind == PARAMETER_RECORDED || p->kind == PARAMETER_BOOL)) {
        buf_cstr(out, "true");
        return 0;
    }
    if (p->kind == PARAMETER_RECORDED) {
        ast_print(out, value, AST_PRINT_DEFAULT);
        return 0;
    }
    TRY(constant_of(dc, p, value, *types[p->kind], &d, err));
    datum_print_sql(out, *types[p->kind], d, p->kind == PARAMETER_INTERVAL);
    switch (p->kind) {
    case PARAMETER_INTERVAL:
        return check_interval(p, d, err);
    case PARAMETER_CRON:
        return check_cron(d, err);
    case PARAMETER_COUNT:
    case PARAMETER_RATE:
        return check_number(p, d, p->kind == PARAMETER_COUNT, err);
    default:
        return 0;
    }
}

// ---- the list

// With `value` for the parameter, or without it (NULL pointer).
static struct str list_with(struct arena *a, struct str list, const struct parameter *p, struct str value)
{
    struct buf b = BUF_INIT;
    for (size_t i = 0; i < ARRAY_LEN(parameters); i++) {
        const char *name = parameters[i].name;
        struct str v = p == &parameters[i] ? value : cat_storage_parameter(list, str_of(name));
        if (v.ptr != NULL)
            buf_printf(&b, "%s%s = %.*s", b.len > 0 ? ", " : "", name, STR_FMT(v));
    }
    struct str out = arena_str(a, buf_view(&b));
    buf_release(&b);
    return out;
}

struct str storage_parameter_put(struct arena *a, struct str list, const char *name, struct str value)
{
    const struct parameter *p;
    INVARIANT(find_parameter(str_of(name), &p, NULL) == 0);
    return list_with(a, list, p, value);
}

static bool is_ttl(struct str name)
{
    return str_has_prefix(name, STR("ttl"));
}

// A table has all of row-level TTL or nothing.
static int complete_ttl(struct ddl_context *dc, struct str *list, struct err *err)
{
    struct str rest = *list, name, value;
    bool any = false;
    while (cat_storage_next(&rest, &name, &value))
        any |= is_ttl(name);
    if (!any)
        return 0;
    if (cat_storage_parameter(*list, STR("ttl_expire_after")).ptr == NULL &&
        cat_storage_parameter(*list, STR("ttl_expiration_expression")).ptr == NULL)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE,
                       "\"ttl_expire_after\" and/or \"ttl_expiration_expression\" must be set");
    *list = list_with(dc->arena, *list, &parameters[0], STR("'on'"));
    return 0;
}

int storage_parameters_set(struct ddl_context *dc, const struct ast_list *options, struct str *text, struct err *err)
{
    for (size_t i = 0; i < options->n; i++) {
        const struct ast_option *o = ast_as_option(options->items[i]);
        const struct parameter *p;
        struct buf value = BUF_INIT;
        TRY(find_parameter(o->name, &p, err));
        if (is_ignored(dc, p))
            continue;
        int rc = print_value(dc, p, o->value, &value, err);
        *text = list_with(dc->arena, *text, p, arena_str(dc->arena, buf_view(&value)));
        buf_release(&value);
        TRY(rc);
    }
    return complete_ttl(dc, text, err);
}

int storage_parameters_reset(struct ddl_context *dc, const struct ast_list *options, struct str *text, struct err *err)
{
    for (size_t i = 0; i < options->n; i++) {
        const struct parameter *p;
        TRY(find_parameter(ast_as_option(options->items[i])->name, &p, err));
        if (is_ignored(dc, p))
            continue;
        *text = list_with(dc->arena, *text, p, STR_NONE);
        for (size_t k = 0; p->kind == PARAMETER_TTL_ON && k < ARRAY_LEN(parameters); k++) {
            if (is_ttl(str_of(parameters[k].name)))
                *text = list_with(dc->arena, *text, &parameters[k], STR_NONE);
        }
    }
    return complete_ttl(dc, text, err);
}
