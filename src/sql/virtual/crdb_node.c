// crdb_internal: the node, the cluster, what is built in.
#include "catalog/splits.h"
#include "base/version.h"
#include "keys/keys.h"
#include "kv/kv.h"
#include "sql/functions/functions.h"
#include "sql/virtual/virtual_int.h"

enum { CLUSTER_SYSTEM = 1 };

// ---- the node

GENERATOR(crdb_node_build_info_rows)
{
    struct virtual_session *vs = virtual_session_of(x);
    struct str organization;
    bool is_default;
    TRY(cluster_setting_value(x->view, cluster_setting_find(STR("cluster.organization")), x->eval.arena, &organization,
                              &is_default, err));
    const struct {
        const char *field;
        struct str value;
    } fields[] = {
        {"Name", STR("Palmetto")},    {"ClusterID", vs->ops->cluster_id(vs)}, {"Organization", organization},
        {"Build", STR(VERSION_TEXT)}, {"Version", STR(VERSION_TAG)},          {"Channel", STR("official-binary")},
    };
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        ROW(crdb_node_build_info);
        row[crdb_node_build_info_node_id] = datum_int(1);
        row[crdb_node_build_info_field] = datum_c(fields[i].field);
        row[crdb_node_build_info_value] = datum_str(fields[i].value);
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

static struct str host_and_port(struct exec_context *x, const char *host, int32_t port)
{
    return arena_printf(x->eval.arena, "%s:%d", host, port);
}

GENERATOR(crdb_node_runtime_info_rows)
{
    struct virtual_session *vs = virtual_session_of(x);
    const char *host;
    int32_t sql_port, http_port;
    TRY(cat_check_system_privilege(x->view, x->eval.user, CAT_SYSTEM_VIEWCLUSTERMETADATA, err));
    vs->ops->address(vs, &host, &sql_port, &http_port);
    const struct {
        const char *component, *field;
        struct str value;
    } fields[] = {
        {"DB", "URL", arena_printf(x->eval.arena, "postgresql://%s:%d", host, sql_port)},
        {"DB", "Scheme", STR("postgresql")},
        {"DB", "Host", str_of(host)},
        {"DB", "Port", arena_printf(x->eval.arena, "%d", sql_port)},
        {"UI", "Host", str_of(host)},
        {"UI", "Port", arena_printf(x->eval.arena, "%d", http_port)},
    };
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        ROW(crdb_node_runtime_info);
        row[crdb_node_runtime_info_node_id] = datum_int(1);
        row[crdb_node_runtime_info_component] = datum_c(fields[i].component);
        row[crdb_node_runtime_info_field] = datum_c(fields[i].field);
        row[crdb_node_runtime_info_value] = datum_str(fields[i].value);
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

GENERATOR(crdb_gossip_nodes_rows)
{
    struct virtual_session *vs = virtual_session_of(x);
    const char *host;
    int32_t sql_port, http_port;
    TRY(cat_check_system_privilege(x->view, x->eval.user, CAT_SYSTEM_VIEWCLUSTERMETADATA, err));
    vs->ops->address(vs, &host, &sql_port, &http_port);
    struct datum sql_address = datum_str(host_and_port(x, host, sql_port));
    ROW(crdb_gossip_nodes);
    row[crdb_gossip_nodes_node_id] = datum_int(1);
    row[crdb_gossip_nodes_network] = datum_c("tcp");
    row[crdb_gossip_nodes_address] = sql_address;
    row[crdb_gossip_nodes_advertise_address] = sql_address;
    row[crdb_gossip_nodes_sql_network] = datum_c("tcp");
    row[crdb_gossip_nodes_sql_address] = sql_address;
    row[crdb_gossip_nodes_advertise_sql_address] = sql_address;
    row[crdb_gossip_nodes_locality] = datum_c("");
    row[crdb_gossip_nodes_cluster_name] = datum_c("");
    row[crdb_gossip_nodes_server_version] = datum_c(VERSION_MAJOR_MINOR);
    row[crdb_gossip_nodes_build_tag] = datum_c(VERSION_TAG);
    row[crdb_gossip_nodes_started_at] = datum_int(vs->ops->started_micros(vs));
    row[crdb_gossip_nodes_is_live] = datum_bool(true);
    row[crdb_gossip_nodes_ranges] = datum_int(1);
    row[crdb_gossip_nodes_leases] = datum_int(1);
    TRY(datum_parse(x->eval.arena, T_JSONB, STR("[]"), x->eval.vc, &row[crdb_gossip_nodes_attrs], err));
    return virtual_row(rows, row, err);
}

// ---- settings, variables, functions

GENERATOR(crdb_cluster_settings_rows)
{
    size_t n;
    const struct cluster_setting *list = cluster_settings(&n);
    bool sql_only;
    TRY(cluster_settings_visible(x->view, x->eval.user, &sql_only, "read crdb_internal.cluster_settings", err));
    for (size_t i = 0; i < n; i++) {
        struct str value;
        bool is_default;
        if (sql_only && !cluster_setting_is_sql(str_of(list[i].name)))
            continue;
        ROW(crdb_cluster_settings);
        TRY(cluster_setting_value(x->view, &list[i], x->eval.arena, &value, &is_default, err));
        row[crdb_cluster_settings_variable] = datum_c(list[i].name);
        row[crdb_cluster_settings_value] = datum_str(value);
        row[crdb_cluster_settings_type] = datum_c(list[i].type);
        row[crdb_cluster_settings_public] = datum_bool(true);
        row[crdb_cluster_settings_sensitive] = datum_bool(false);
        row[crdb_cluster_settings_reportable] = datum_bool(true);
        row[crdb_cluster_settings_description] = datum_c(list[i].description);
        row[crdb_cluster_settings_default_value] = datum_c(list[i].default_text);
        row[crdb_cluster_settings_origin] = datum_c(is_default ? "default" : "override");
        row[crdb_cluster_settings_key] = datum_c(list[i].name);
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

GENERATOR(crdb_session_variables_rows)
{
    struct virtual_session *vs = virtual_session_of(x);
    struct virtual_setting *settings;
    size_t n;
    vs->ops->settings(vs, x->eval.arena, &settings, &n);
    for (size_t i = 0; i < n; i++) {
        ROW(crdb_session_variables);
        row[crdb_session_variables_variable] = datum_c(settings[i].name);
        row[crdb_session_variables_value] = datum_str(settings[i].value);
        row[crdb_session_variables_hidden] = datum_bool(false);
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

// (a: int, b: string) -> bool without names of arguments: (int, string) -> bool
static struct datum signature(struct exec_context *x, const struct fn_overload *fn)
{
    struct buf b = BUF_INIT;
    buf_printf(&b, "%s(", fn->name);
    for (uint8_t i = 0; i < fn->n_args; i++)
        buf_printf(&b, "%s%s%s", i > 0 ? ", " : "", type_family_name(fn->args[i]),
                   fn->variadic && i + 1 == fn->n_args ? "..." : "");
    buf_printf(&b, ") -> %s", type_family_name(fn->result));
    return datum_take(x, &b);
}

GENERATOR(crdb_builtin_functions_rows)
{
    size_t n;
    const struct fn_overload *const *all = fn_all(&n);
    for (size_t i = 0; i < n; i++) {
        if (all[i]->is_operator)
            continue;
        ROW(crdb_builtin_functions);
        row[crdb_builtin_functions_function] = datum_c(all[i]->name);
        row[crdb_builtin_functions_signature] = signature(x, all[i]);
        row[crdb_builtin_functions_category] = datum_c(all[i]->category);
        row[crdb_builtin_functions_details] = datum_c(all[i]->description);
        row[crdb_builtin_functions_schema] = datum_c("pg_catalog");
        row[crdb_builtin_functions_oid] = datum_int(all[i]->oid);
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

// ---- ranges

static void range_row(struct exec_context *x, const struct cat_range *range, struct datum *row)
{
    struct datum one = datum_int(1), nowhere = datum_str(STR_EMPTY);
    struct datum replicas = datum_str(array_build(x->eval.arena, T_INT8, &one, 1));
    struct datum none = datum_str(array_build(x->eval.arena, T_INT8, NULL, 0));
    struct buf start = BUF_INIT, end = BUF_INIT;
    key_print(&start, range->start);
    key_print(&end, range->end);
    row[crdb_ranges_no_leases_range_id] = datum_int(range->id);
    row[crdb_ranges_no_leases_start_key] = datum_str(range->start);
    row[crdb_ranges_no_leases_start_pretty] = datum_take(x, &start);
    row[crdb_ranges_no_leases_end_key] = datum_str(range->end.ptr != NULL ? range->end : STR("\xff\xff"));
    row[crdb_ranges_no_leases_end_pretty] = datum_take(x, &end);
    row[crdb_ranges_no_leases_replicas] = replicas;
    row[crdb_ranges_no_leases_replica_localities] = datum_str(array_build(x->eval.arena, T_STRING, &nowhere, 1));
    row[crdb_ranges_no_leases_voting_replicas] = replicas;
    row[crdb_ranges_no_leases_non_voting_replicas] = none;
    row[crdb_ranges_no_leases_learner_replicas] = none;
    if (range->until_micros != 0)
        row[crdb_ranges_no_leases_split_enforced_until] = datum_int(range->until_micros);
}

static int list_ranges(struct exec_context *x, struct cat_range **ranges, size_t *n, struct err *err)
{
    TRY(cat_check_system_privilege(x->view, x->eval.user, CAT_SYSTEM_VIEWCLUSTERMETADATA, err));
    return cat_ranges(x->view, x->eval.arena, ranges, n, err);
}

GENERATOR(crdb_ranges_rows)
{
    struct cat_range *ranges;
    size_t n;
    TRY(list_ranges(x, &ranges, &n, err));
    for (size_t i = 0; i < n; i++) {
        ROW(crdb_ranges_no_leases);
        range_row(x, &ranges[i], row);
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

struct datum virtual_live_bytes(struct exec_context *x)
{
    struct kv *kv = virtual_session_of(x)->ops->kv(virtual_session_of(x));
    struct kv_stats stats;
    struct buf prefix = BUF_INIT;
    uint64_t bytes;
    if (x->cluster == CLUSTER_SYSTEM) {
        kv_get_stats(kv, &stats);
        return datum_int((int64_t)stats.live_bytes);
    }
    key_put_cluster(&prefix, x->cluster);
    struct kv_range range = key_prefix_range(x->eval.arena, buf_view(&prefix));
    bool known = kv_space_bytes(kv, x->cluster, range, &bytes);
    buf_release(&prefix);
    return known ? datum_int((int64_t)bytes) : DATUM_NULL;
}

// The columns of ranges_no_leases, then more. The size is known of the whole, else counted by reading.
GENERATOR(crdb_ranges_leases_rows)
{
    struct cat_range *ranges;
    size_t n;
    TRY(list_ranges(x, &ranges, &n, err));
    for (size_t i = 0; i < n; i++) {
        ROW(crdb_ranges);
        range_row(x, &ranges[i], row);
        row[crdb_ranges_lease_holder] = datum_int(1);
        int64_t bytes;
        if (n == 1)
            row[crdb_ranges_range_size] = virtual_live_bytes(x);
        if (n > 1 && virtual_wants(rows, crdb_ranges_range_size)) {
            TRY(cat_range_bytes(x->view, x->eval.arena, &ranges[i], &bytes, err));
            row[crdb_ranges_range_size] = datum_int(bytes);
        }
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}
