// Virtual clusters.
#include "server/api/api_int.h"

// ---- as JSON

static const char *state_text(const struct cluster_info *c)
{
    switch (c->state) {
    case CLUSTER_STATE_ADD:
        return "cloning";
    case CLUSTER_STATE_DROP:
        return "dropped";
    case CLUSTER_STATE_READY:
        break;
    }
    return c->in_service ? "ready" : "suspended";
}

static void write_limit(struct jw *w, const char *key, int64_t limit)
{
    jw_key(w, key);
    if (limit != 0)
        jw_i64(w, limit);
    else
        jw_null(w);
}

static void write_limits(struct jw *w, const struct cluster_limits *limits)
{
    jw_key(w, "limits");
    jw_object(w);
    write_limit(w, "storage_bytes", limits->storage_bytes);
    write_limit(w, "connections", limits->connections);
    write_limit(w, "request_units_per_month", limits->request_units_per_month);
    write_limit(w, "burst", limits->request_units_burst);
    jw_end(w);
}

static void write_usage(struct jw *w, const struct cluster_usage *usage)
{
    jw_key(w, "usage");
    jw_object(w);
    jw_key(w, "storage_bytes");
    jw_i64(w, usage->storage_bytes);
    jw_key(w, "connections");
    jw_i64(w, usage->connections);
    jw_key(w, "request_units");
    jw_double(w, usage->request_units);
    jw_end(w);
}

static void write_cluster(struct api_call *call, const struct cluster_info *c)
{
    struct jw *w = &call->json;
    jw_object(w);
    jw_key(w, "id");
    jw_str(w, arena_printf(call->arena, "%llu", (unsigned long long)c->id));
    jw_key(w, "name");
    jw_str(w, c->name);
    jw_key(w, "state");
    jw_str(w, str_of(state_text(c)));
    jw_key(w, "system");
    jw_bool(w, c->id == CLUSTER_SYSTEM_ID);
    jw_key(w, "created_at");
    jw_time(w, c->created_micros);
    jw_key(w, "dropped_at");
    jw_time(w, c->dropped_micros);
    jw_key(w, "purge_at");
    jw_time(w, c->purge_micros);
    jw_key(w, "snapshot_at");
    jw_time(w, c->snapshot_micros);
    write_limits(w, &c->limits);
    write_usage(w, &c->usage);
    jw_end(w);
}

static int answer_cluster(struct api_call *call, struct cluster_spec spec, struct err *err)
{
    struct cluster_info c;
    TRY(clusters_find(call->api->options.clusters, call->arena, spec, &c, err));
    write_cluster(call, &c);
    return 0;
}

int api_clusters(struct api_call *call, struct err *err)
{
    struct cluster_info *list;
    size_t n;
    TRY(clusters_list(call->api->options.clusters, call->arena, &list, &n, err));
    jw_object(&call->json);
    jw_key(&call->json, "clusters");
    jw_array(&call->json);
    for (size_t i = 0; i < n; i++)
        if (identity_sees(&call->admission->identity, list[i].id))
            write_cluster(call, &list[i]);
    jw_end(&call->json);
    jw_end(&call->json);
    return 0;
}

int api_clusters_get(struct api_call *call, struct err *err)
{
    return answer_cluster(call, call_cluster(call), err);
}

// ---- names

static const char *const adjectives[] = {
    "amber", "bold",  "brave", "brisk",  "calm",   "clever", "coral", "eager", "fair",  "gentle", "golden",
    "happy", "jolly", "keen",  "kind",   "lively", "lucky",  "merry", "mild",  "noble", "proud",  "quick",
    "quiet", "rapid", "shiny", "silver", "smooth", "snowy",  "solar", "sunny", "swift", "vivid",
};
static const char *const animals[] = {
    "badger", "beaver",   "bison", "crane",  "dingo",   "dolphin", "egret", "falcon", "ferret", "finch",  "gecko",
    "heron",  "hornbill", "ibis",  "jaguar", "kestrel", "lemur",   "lynx",  "macaw",  "marten", "mynah",  "ocelot",
    "orca",   "otter",    "panda", "plover", "puffin",  "robin",   "seal",  "tapir",  "toucan", "walrus",
};

static struct str random_name(struct arena *a)
{
    uint32_t r[3];
    secure_random(r, sizeof(r));
    return arena_printf(a, "%s-%s-%u", adjectives[r[0] % ARRAY_LEN(adjectives)], animals[r[1] % ARRAY_LEN(animals)],
                        1000 + r[2] % 9000);
}

int api_clusters_suggest(struct api_call *call, struct err *err)
{
    struct cluster_info taken;
    struct str name;
    struct err ignored = ERR_INIT;
    do {
        err_reset(&ignored);
        name = random_name(call->arena);
    } while (clusters_find(call->api->options.clusters, call->arena, cluster_named(name), &taken, &ignored) == 0);
    err_reset(&ignored);
    jw_object(&call->json);
    jw_key(&call->json, "name");
    jw_str(&call->json, name);
    jw_end(&call->json);
    return 0;
}

// ---- changes

static int read_limit(struct str limits, const char *key, int64_t *out, struct err *err)
{
    struct str value;
    if (!json_get_key(limits, str_of(key), &value))
        return 0;
    if (json_kind(value) == JSON_NULL) {
        *out = 0;
        return 0;
    }
    if (!body_i64(limits, key, out) || *out <= 0)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "%s must be a whole number above 0, or null", key);
    return 0;
}

// Limits not named stay as they are.
static int read_limits(struct api_call *call, struct cluster_limits *limits, bool *named, struct err *err)
{
    struct str given;
    *named = json_get_key(call->body, STR("limits"), &given) && json_kind(given) == JSON_OBJECT;
    if (!*named)
        return 0;
    TRY(read_limit(given, "storage_bytes", &limits->storage_bytes, err));
    TRY(read_limit(given, "connections", &limits->connections, err));
    TRY(read_limit(given, "request_units_per_month", &limits->request_units_per_month, err));
    return read_limit(given, "burst", &limits->request_units_burst, err);
}

int api_clusters_create(struct api_call *call, struct err *err)
{
    struct cluster_create_options options = {.in_service = true};
    struct str name;
    uint64_t id;
    bool named;
    TRY(body_need_str(call->body, "name", &name, err));
    TRY(read_limits(call, &options.limits, &named, err));
    TRY(clusters_create(call->api->options.clusters, name, &options, &id, err));
    return answer_cluster(call, (struct cluster_spec){.id = id}, err);
}

// The number, which stays when the name changes.
static int find_id(struct api_call *call, struct cluster_info *out, struct cluster_spec *spec, struct err *err)
{
    TRY(clusters_find(call->api->options.clusters, call->arena, call_cluster(call), out, err));
    *spec = (struct cluster_spec){.id = out->id};
    return 0;
}

int api_clusters_change(struct api_call *call, struct err *err)
{
    struct cluster_info c;
    struct cluster_spec spec;
    struct str name;
    bool named;
    TRY(find_id(call, &c, &spec, err));
    TRY(read_limits(call, &c.limits, &named, err));
    if (named)
        TRY(clusters_set_limits(call->api->options.clusters, spec, &c.limits, err));
    if (body_str(call->body, "name", &name) && !str_eq(name, c.name))
        TRY(clusters_rename(call->api->options.clusters, spec, name, err));
    return answer_cluster(call, spec, err);
}

static int set_service(struct api_call *call, bool in_service, struct err *err)
{
    TRY(clusters_set_service(call->api->options.clusters, call_cluster(call), in_service, err));
    return answer_cluster(call, call_cluster(call), err);
}

int api_clusters_suspend(struct api_call *call, struct err *err)
{
    return set_service(call, false, err);
}

int api_clusters_resume(struct api_call *call, struct err *err)
{
    return set_service(call, true, err);
}

int api_clusters_delete(struct api_call *call, struct err *err)
{
    struct cluster_info c;
    struct cluster_spec spec;
    TRY(find_id(call, &c, &spec, err));
    if (c.in_service)
        TRY(clusters_set_service(call->api->options.clusters, spec, false, err));
    TRY(clusters_drop(call->api->options.clusters, spec, false, err));
    call_no_content(call);
    return 0;
}

int api_clusters_undelete(struct api_call *call, struct err *err)
{
    TRY(clusters_undrop(call->api->options.clusters, call_cluster(call), err));
    return set_service(call, true, err);
}

int api_clusters_clone(struct api_call *call, struct err *err)
{
    struct str name;
    uint64_t id;
    TRY(body_need_str(call->body, "name", &name, err));
    TRY(clusters_clone(call->api->options.clusters, call_cluster(call), name, &id, err));
    return answer_cluster(call, (struct cluster_spec){.id = id}, err);
}

int api_clusters_snapshot(struct api_call *call, struct err *err)
{
    TRY(clusters_snapshot(call->api->options.clusters, call_cluster(call), err));
    return answer_cluster(call, call_cluster(call), err);
}

int api_clusters_reset(struct api_call *call, struct err *err)
{
    TRY(clusters_reset(call->api->options.clusters, call_cluster(call), 0, err));
    return answer_cluster(call, call_cluster(call), err);
}
