// crdb_internal.node_metrics: what the server counts, the same values that /_status/vars shows; as members of the
// status of node and store. system.tenants: the virtual clusters, told by the server too.
#include "sql/virtual/virtual_int.h"
#include "types/json.h"

GENERATOR(crdb_node_metrics_rows)
{
    struct virtual_session *vs = virtual_session_of(x);
    struct virtual_metric *list;
    size_t n;
    TRY(cat_check_system_privilege(x->view, x->eval.user, CAT_SYSTEM_VIEWCLUSTERMETADATA, err));
    vs->ops->metrics(vs, x->eval.arena, &list, &n);
    for (size_t i = 0; i < n; i++) {
        ROW(crdb_node_metrics);
        row[crdb_node_metrics_store_id] = list[i].of_store ? datum_int(1) : DATUM_NULL;
        row[crdb_node_metrics_name] = datum_c(list[i].name);
        row[crdb_node_metrics_value] = datum_float(list[i].value);
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

int virtual_metrics_json(struct exec_context *x, bool of_store, struct datum *out, struct err *err)
{
    struct virtual_session *vs = virtual_session_of(x);
    struct virtual_metric *list;
    struct json_builder b;
    struct str json;
    size_t n;
    vs->ops->metrics(vs, x->eval.arena, &list, &n);
    json_builder_init(&b);
    json_begin_object(&b);
    for (size_t i = 0; i < n; i++) {
        if (list[i].of_store != of_store)
            continue;
        json_key(&b, str_of(list[i].name));
        json_add_double(&b, list[i].value);
    }
    json_end(&b);
    int rc = json_builder_finish(&b, x->eval.arena, &json, err);
    json_builder_release(&b);
    *out = rc == 0 ? datum_str(json) : DATUM_NULL;
    return rc;
}

struct datum virtual_metric_value(struct exec_context *x, const char *name)
{
    struct virtual_session *vs = virtual_session_of(x);
    struct virtual_metric *list;
    size_t n;
    vs->ops->metrics(vs, x->eval.arena, &list, &n);
    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i].name, name) == 0)
            return datum_int((int64_t)list[i].value);
    return DATUM_NULL;
}

// ---- virtual clusters

// Numbers of data states and service modes are CockroachDB's.
static int data_state(const char *name)
{
    static const char *const names[] = {"add", "ready", "drop"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strcmp(name, names[i]) == 0)
            return (int)i;
    return -1;
}

GENERATOR(system_tenants_rows)
{
    enum { SERVICE_NONE, SERVICE_EXTERNAL, SERVICE_SHARED, STATE_DROP = 2 };
    struct virtual_session *vs = virtual_session_of(x);
    struct virtual_cluster *list;
    size_t n;
    TRY(vs->ops->clusters(vs, x->eval.arena, &list, &n, err));
    for (size_t i = 0; i < n; i++) {
        int state = data_state(list[i].data_state);
        ROW(system_tenants);
        row[system_tenants_id] = datum_int((int64_t)list[i].id);
        row[system_tenants_active] = datum_bool(state != STATE_DROP);
        row[system_tenants_name] = state == STATE_DROP ? DATUM_NULL : datum_str(list[i].name);
        row[system_tenants_data_state] = state < 0 ? DATUM_NULL : datum_int(state);
        row[system_tenants_service_mode] = datum_int(list[i].in_service ? SERVICE_SHARED : SERVICE_NONE);
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}
