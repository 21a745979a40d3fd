// SHOW VIRTUAL CLUSTERS, through the server's hooks. WITH USAGE adds times, limits and what is used of them.
#include "sql/session/show_int.h"

#define TEXT(name)            \
    {                         \
        name, TYPE_OID_STRING \
    }
#define INT(name)           \
    {                       \
        name, TYPE_OID_INT8 \
    }
#define TIME(name)                 \
    {                              \
        name, TYPE_OID_TIMESTAMPTZ \
    }
static const struct show_column columns[] = {INT("id"),
                                             TEXT("name"),
                                             TEXT("data_state"),
                                             TEXT("service_mode"),
                                             // WITH USAGE
                                             TIME("created"),
                                             TIME("dropped"),
                                             TIME("purged_after"),
                                             TIME("snapshot"),
                                             INT("storage_bytes"),
                                             INT("storage_bytes_limit"),
                                             INT("connections"),
                                             INT("connections_limit"),
                                             {"request_units", TYPE_OID_FLOAT8},
                                             INT("request_units_per_month_limit"),
                                             INT("request_units_burst_limit")};
enum { PLAIN_COLUMNS = 4 };

static int read_options(struct show *sh, bool *usage, struct err *err)
{
    *usage = false;
    for (size_t i = 0; i < sh->ast->options.n; i++) {
        const struct ast *item = sh->ast->options.items[i];
        if (item == NULL)
            continue;
        struct str name = ast_as_option(item)->name;
        if (!str_eqc(name, "usage"))
            return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "unimplemented: SHOW VIRTUAL CLUSTER WITH %.*s",
                           STR_FMT(name));
        *usage = true;
    }
    return 0;
}

static struct datum time_or_null(int64_t micros)
{
    return micros != 0 ? datum_int(micros) : DATUM_NULL;
}

static struct datum limit_or_null(int64_t limit)
{
    return limit != 0 ? datum_int(limit) : DATUM_NULL;
}

static void cluster_row(struct show *sh, const struct sql_cluster_info *c, bool usage)
{
    struct datum *row = show_row(sh);
    row[0] = datum_int((int64_t)c->id);
    row[1] = datum_str(c->name);
    row[2] = datum_c(c->data_state);
    row[3] = datum_c(c->in_service ? "shared" : "none");
    if (!usage)
        return;
    row[4] = time_or_null(c->created_micros);
    row[5] = time_or_null(c->dropped_micros);
    row[6] = time_or_null(c->purge_micros);
    row[7] = time_or_null(c->snapshot_micros);
    row[8] = datum_int(c->storage_bytes);
    row[9] = limit_or_null(c->limits[SQL_CLUSTER_STORAGE_BYTES]);
    row[10] = datum_int(c->connections);
    row[11] = limit_or_null(c->limits[SQL_CLUSTER_CONNECTIONS]);
    row[12] = (struct datum){.f = c->request_units};
    row[13] = limit_or_null(c->limits[SQL_CLUSTER_REQUEST_UNITS_PER_MONTH]);
    row[14] = limit_or_null(c->limits[SQL_CLUSTER_REQUEST_UNITS_BURST]);
}

static bool is_dropped(const struct sql_cluster_info *c)
{
    return c->dropped_micros != 0;
}

// All of them, or the one named.
static int show_clusters(struct show *sh, struct err *err)
{
    const struct sql_cluster_hooks *hooks = sh->session->engine->clusters;
    struct sql_cluster_name name = {0};
    struct sql_cluster_info *list;
    size_t n;
    bool usage;
    TRY(cluster_check_access(sh->session, "show", err));
    TRY(read_options(sh, &usage, err));
    show_columns(sh, columns, usage ? ARRAY_LEN(columns) : PLAIN_COLUMNS);
    if (sh->ast->expr != NULL)
        TRY(cluster_name_of(sh->ast->expr, &name, err));
    TRY(hooks->list(hooks->arg, sh->arena, &list, &n, err));
    for (size_t i = 0; i < n; i++) {
        bool by_name = !is_dropped(&list[i]) && str_eq(list[i].name, name.name);
        if (sh->ast->expr == NULL || list[i].id == name.id || (name.id == 0 && by_name))
            cluster_row(sh, &list[i], usage);
    }
    if (sh->ast->expr == NULL || sh->out->rows.len > 0)
        return 0;
    if (name.id != 0)
        return err_set(err, ERR_UNDEFINED_OBJECT, "tenant \"%llu\" does not exist", (unsigned long long)name.id);
    return err_set(err, ERR_UNDEFINED_OBJECT, "tenant \"%.*s\" does not exist", STR_FMT(name.name));
}

const struct show_form show_virtual_cluster_forms[] = {
    {AST_SHOW_VIRTUAL_CLUSTERS, show_clusters, {{0}}},
    {AST_SHOW_VIRTUAL_CLUSTER, show_clusters, {{0}}},
    {0},
};
