// crdb_internal: transactions, node and store, grants and dependencies of all databases.
#include "base/version.h"
#include "catalog/text.h"
#include "kv/kv.h"
#include "sql/virtual/virtual_int.h"

static int json(struct exec_context *x, const char *text, struct datum *out, struct err *err)
{
    return datum_parse(x->eval.arena, T_JSONB, str_of(text), x->eval.vc, out, err);
}

// cluster_transactions and node_transactions have the same columns.
GENERATOR(crdb_transactions_rows)
{
    struct virtual_session *vs = virtual_session_of(x);
    struct virtual_session_info *list;
    size_t n;
    TRY(vs->ops->sessions(vs, x->eval.arena, &list, &n, err));
    for (size_t i = 0; i < n; i++) {
        if (!list[i].is_open_txn)
            continue;
        ROW(crdb_cluster_transactions);
        row[crdb_cluster_transactions_id] = virtual_txn_uuid(x, list[i].txn);
        row[crdb_cluster_transactions_node_id] = datum_int(1);
        row[crdb_cluster_transactions_session_id] = datum_str(list[i].session_id);
        row[crdb_cluster_transactions_start] = datum_int(list[i].txn_started_micros);
        row[crdb_cluster_transactions_application_name] = datum_str(list[i].application_name);
        row[crdb_cluster_transactions_num_stmts] = datum_int((int64_t)list[i].statements_in_txn);
        row[crdb_cluster_transactions_num_retries] = datum_int(list[i].restarts);
        row[crdb_cluster_transactions_num_auto_retries] = datum_int(0);
        row[crdb_cluster_transactions_last_auto_retry_reason] = datum_c("");
        row[crdb_cluster_transactions_isolation_level] = datum_c(list[i].txn_isolation);
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

// ---- the node and its store

static int check_metadata(struct exec_context *x, struct err *err)
{
    return cat_check_system_privilege(x->view, x->eval.user, CAT_SYSTEM_VIEWCLUSTERMETADATA, err);
}

GENERATOR(crdb_gossip_liveness_rows)
{
    TRY(check_metadata(x, err));
    ROW(crdb_gossip_liveness);
    row[crdb_gossip_liveness_node_id] = datum_int(1);
    row[crdb_gossip_liveness_epoch] = datum_int(1);
    row[crdb_gossip_liveness_draining] = datum_bool(false);
    row[crdb_gossip_liveness_decommissioning] = datum_bool(false);
    row[crdb_gossip_liveness_membership] = datum_c("active");
    row[crdb_gossip_liveness_updated_at] = datum_int(virtual_session_of(x)->ops->started_micros(virtual_session_of(x)));
    return virtual_row(rows, row, err);
}

GENERATOR(crdb_kv_node_liveness_rows)
{
    TRY(check_metadata(x, err));
    ROW(crdb_kv_node_liveness);
    row[crdb_kv_node_liveness_node_id] = datum_int(1);
    row[crdb_kv_node_liveness_epoch] = datum_int(1);
    row[crdb_kv_node_liveness_draining] = datum_bool(false);
    row[crdb_kv_node_liveness_membership] = datum_c("active");
    return virtual_row(rows, row, err);
}

GENERATOR(crdb_kv_node_status_rows)
{
    struct virtual_session *vs = virtual_session_of(x);
    const char *host;
    int32_t sql_port, http_port;
    TRY(check_metadata(x, err));
    vs->ops->address(vs, &host, &sql_port, &http_port);
    ROW(crdb_kv_node_status);
    row[crdb_kv_node_status_node_id] = datum_int(1);
    row[crdb_kv_node_status_network] = datum_c("tcp");
    row[crdb_kv_node_status_address] = datum_str(arena_printf(x->eval.arena, "%s:%d", host, sql_port));
    TRY(json(x, "[]", &row[crdb_kv_node_status_attrs], err));
    row[crdb_kv_node_status_locality] = datum_c("");
    row[crdb_kv_node_status_server_version] = datum_c(VERSION_MAJOR_MINOR);
    row[crdb_kv_node_status_tag] = datum_c(VERSION_TAG);
    row[crdb_kv_node_status_started_at] = datum_int(vs->ops->started_micros(vs));
    TRY(json(x, "[]", &row[crdb_kv_node_status_args], err));
    TRY(json(x, "[]", &row[crdb_kv_node_status_env], err));
    TRY(virtual_metrics_json(x, false, &row[crdb_kv_node_status_metrics], err));
    TRY(json(x, "{}", &row[crdb_kv_node_status_activity], err));
    return virtual_row(rows, row, err);
}

GENERATOR(system_sql_instances_rows)
{
    struct virtual_session *vs = virtual_session_of(x);
    const char *host;
    int32_t sql_port, http_port;
    vs->ops->address(vs, &host, &sql_port, &http_port);
    ROW(system_sql_instances);
    row[system_sql_instances_id] = datum_int(1);
    row[system_sql_instances_sql_addr] = datum_str(arena_printf(x->eval.arena, "%s:%d", host, sql_port));
    row[system_sql_instances_binary_version] = datum_c(VERSION_MAJOR_MINOR);
    row[system_sql_instances_is_draining] = datum_bool(false);
    TRY(json(x, "{}", &row[system_sql_instances_locality], err));
    return virtual_row(rows, row, err);
}

GENERATOR(crdb_kv_store_status_rows)
{
    struct virtual_session *vs = virtual_session_of(x);
    struct kv_stats stats;
    TRY(check_metadata(x, err));
    kv_get_stats(vs->ops->kv(vs), &stats);
    ROW(crdb_kv_store_status);
    row[crdb_kv_store_status_node_id] = datum_int(1);
    row[crdb_kv_store_status_store_id] = datum_int(1);
    TRY(json(x, "[]", &row[crdb_kv_store_status_attrs], err));
    row[crdb_kv_store_status_capacity] = virtual_metric_value(x, "capacity");
    row[crdb_kv_store_status_available] = virtual_metric_value(x, "capacity.available");
    TRY(virtual_metrics_json(x, true, &row[crdb_kv_store_status_metrics], err));
    row[crdb_kv_store_status_used] = datum_int((int64_t)stats.disk_bytes);
    row[crdb_kv_store_status_logical_bytes] = virtual_live_bytes(x);
    row[crdb_kv_store_status_range_count] = datum_int(1);
    row[crdb_kv_store_status_lease_count] = datum_int(1);
    return virtual_row(rows, row, err);
}

// ---- default privileges

static const char *defaults_type(char kind)
{
    switch (kind) {
    case CAT_DEFAULTS_TABLES:
        return "tables";
    case CAT_DEFAULTS_SEQUENCES:
        return "sequences";
    case CAT_DEFAULTS_TYPES:
        return "types";
    case CAT_DEFAULTS_SCHEMAS:
        return "schemas";
    default:
        return "routines";
    }
}

static int defaults_grant(struct datum *row, const struct cat_grant *g, struct virtual_rows *rows, struct err *err)
{
    row[crdb_default_privileges_grantee] = datum_str(g->grantee);
    for (uint32_t bit = 1; bit != 0; bit <<= 1) {
        bool all = g->privileges == CAT_PRIVILEGE_ALL;
        if ((g->privileges & bit) == 0 || (all && bit != 1))
            continue;
        row[crdb_default_privileges_privilege_type] = datum_c(all ? "ALL" : cat_privilege_name(bit));
        row[crdb_default_privileges_is_grantable] =
            datum_bool(all ? g->grantable == g->privileges : (g->grantable & bit) != 0);
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

static int defaults_rows(const struct cat_database *d, const struct cat_schema *s, struct virtual_rows *rows,
                         struct err *err)
{
    const struct cat_defaults *list = s != NULL ? s->defaults : d->defaults;
    size_t n = s != NULL ? s->n_defaults : d->n_defaults;
    for (size_t i = 0; i < n; i++) {
        ROW(crdb_default_privileges);
        bool everybody = list[i].acl.owner.len == 0;
        row[crdb_default_privileges_database_name] = datum_str(d->name);
        row[crdb_default_privileges_schema_name] = s != NULL ? datum_str(s->name) : DATUM_NULL;
        row[crdb_default_privileges_role] = everybody ? DATUM_NULL : datum_str(list[i].acl.owner);
        row[crdb_default_privileges_for_all_roles] = datum_bool(everybody);
        row[crdb_default_privileges_object_type] = datum_c(defaults_type(list[i].kind));
        for (size_t k = 0; k < list[i].acl.n_grants; k++)
            TRY(defaults_grant(row, &list[i].acl.grants[k], rows, err));
    }
    return 0;
}

GENERATOR(crdb_default_privileges_rows)
{
    const struct cat_database **databases;
    const struct cat_schema **schemas;
    size_t n, n_schemas;
    TRY(cat_list_databases(x->view, x->eval.arena, &databases, &n, err));
    for (size_t i = 0; i < n; i++) {
        TRY(defaults_rows(databases[i], NULL, rows, err));
        TRY(cat_list_schemas(x->view, x->eval.arena, databases[i]->id, &schemas, &n_schemas, err));
        for (size_t k = 0; k < n_schemas; k++)
            TRY(defaults_rows(databases[i], schemas[k], rows, err));
    }
    return 0;
}

// ---- grants on databases

static int database_grant(const struct cat_database *d, const struct cat_grant *g, struct virtual_rows *rows,
                          struct err *err)
{
    bool all = g->privileges == CAT_PRIVILEGE_ALL;
    for (uint32_t bit = 1; bit != 0; bit <<= 1) {
        if ((g->privileges & bit) == 0 || (all && bit != 1))
            continue;
        bool grantable = all ? g->grantable == g->privileges : (g->grantable & bit) != 0;
        ROW(crdb_cluster_database_privileges);
        row[crdb_cluster_database_privileges_database_name] = datum_str(d->name);
        row[crdb_cluster_database_privileges_grantee] = datum_str(g->grantee);
        row[crdb_cluster_database_privileges_privilege_type] = datum_c(all ? "ALL" : cat_privilege_name(bit));
        row[crdb_cluster_database_privileges_is_grantable] = datum_c(grantable ? "YES" : "NO");
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

GENERATOR(crdb_database_privileges_rows)
{
    const struct cat_database **databases;
    size_t n;
    TRY(cat_list_databases(x->view, x->eval.arena, &databases, &n, err));
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < databases[i]->acl.n_grants; k++)
            TRY(database_grant(databases[i], &databases[i]->acl.grants[k], rows, err));
    return 0;
}

// ---- routines; create_procedure_statements has the same columns by other names

static int routine_rows(struct exec_context *x, bool procedures, struct virtual_rows *rows, struct err *err)
{
    const struct cat_database *d;
    const struct cat_function **list;
    size_t n;
    TRY(current_database(x, &d, err));
    if (d == NULL)
        return 0;
    TRY(cat_list_functions(x->view, x->eval.arena, d->id, 0, STR_EMPTY, &list, &n, err));
    for (size_t i = 0; i < n; i++) {
        const struct cat_schema *s;
        if (list[i]->is_procedure != procedures)
            continue;
        TRY(cat_schema_by_id(x->view, list[i]->schema_id, &s, err));
        if (s == NULL)
            continue;
        struct buf b = BUF_INIT;
        cat_text_create_function(&b, list[i], s->name);
        ROW(crdb_create_function_statements);
        row[crdb_create_function_statements_database_id] = datum_int(d->id);
        row[crdb_create_function_statements_database_name] = datum_str(d->name);
        row[crdb_create_function_statements_schema_id] = datum_int(s->id);
        row[crdb_create_function_statements_schema_name] = datum_str(s->name);
        row[crdb_create_function_statements_function_id] = datum_int(list[i]->id);
        row[crdb_create_function_statements_function_name] = datum_str(list[i]->name);
        row[crdb_create_function_statements_create_statement] = datum_take(x, &b);
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

GENERATOR(crdb_create_functions_rows)
{
    return routine_rows(x, false, rows, err);
}

GENERATOR(crdb_create_procedures_rows)
{
    return routine_rows(x, true, rows, err);
}

// ---- dependencies between relations: foreign keys, views, sequences

struct dependency {
    uint32_t id;
    const char *type;
    struct str name; // of the constraint
};

static int backward_row(const struct cat_table *t, struct dependency on, struct virtual_rows *rows, struct err *err)
{
    ROW(crdb_backward_dependencies);
    row[crdb_backward_dependencies_descriptor_id] = datum_int(t->id);
    row[crdb_backward_dependencies_descriptor_name] = datum_str(t->name);
    row[crdb_backward_dependencies_dependson_id] = datum_int(on.id);
    row[crdb_backward_dependencies_dependson_type] = datum_c(on.type);
    row[crdb_backward_dependencies_dependson_name] = datum_text_or_null(on.name);
    return virtual_row(rows, row, err);
}

static int backward_rows(struct exec_context *x, const struct relation *r, struct virtual_rows *rows, struct err *err)
{
    const struct cat_table *t = r->table;
    for (size_t i = 0; i < t->n_outbound; i++)
        TRY(backward_row(t, (struct dependency){t->outbound[i].referenced_table_id, "fk", t->outbound[i].name}, rows,
                         err));
    for (size_t i = 0; i < t->n_depends_on; i++)
        TRY(backward_row(t, (struct dependency){t->depends_on[i], "view", STR_NONE}, rows, err));
    return 0;
}

GENERATOR(crdb_backward_dependencies_rows)
{
    return relations_each(x, filter, crdb_backward_dependencies_descriptor_id, -1, SCOPE_STORED, backward_rows, rows,
                          err);
}

static int forward_row(const struct cat_table *t, struct dependency by, struct virtual_rows *rows, struct err *err)
{
    ROW(crdb_forward_dependencies);
    row[crdb_forward_dependencies_descriptor_id] = datum_int(t->id);
    row[crdb_forward_dependencies_descriptor_name] = datum_str(t->name);
    row[crdb_forward_dependencies_dependedonby_id] = datum_int(by.id);
    row[crdb_forward_dependencies_dependedonby_type] = datum_c(by.type);
    row[crdb_forward_dependencies_dependedonby_name] = datum_text_or_null(by.name);
    return virtual_row(rows, row, err);
}

static int forward_rows(struct exec_context *x, const struct relation *r, struct virtual_rows *rows, struct err *err)
{
    const struct cat_table *t = r->table;
    const char *type = t->kind == CAT_SEQUENCE ? "sequence" : "view";
    for (size_t i = 0; i < t->n_inbound; i++)
        TRY(forward_row(t, (struct dependency){t->inbound[i].origin_table_id, "fk", t->inbound[i].name}, rows, err));
    for (size_t i = 0; i < t->n_depended_on_by; i++)
        TRY(forward_row(t, (struct dependency){t->depended_on_by[i], type, STR_NONE}, rows, err));
    return 0;
}

GENERATOR(crdb_forward_dependencies_rows)
{
    return relations_each(x, filter, crdb_forward_dependencies_descriptor_id, -1, SCOPE_STORED, forward_rows, rows,
                          err);
}
