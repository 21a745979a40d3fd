// Which clusters an account sees: all, or those whose numbers its record has, "2,15". Administrators see all.
#include "server/api/api_int.h"

bool identity_sees(const struct identity *who, uint64_t cluster)
{
    if (who->admin || who->clusters.ptr == NULL)
        return true;
    for (size_t at = 0; at < who->clusters.len;) {
        ptrdiff_t comma = str_find(who->clusters, STR(","), at);
        size_t end = comma < 0 ? who->clusters.len : (size_t)comma;
        int64_t id;
        if (str_to_i64(str_slice(who->clusters, at, end), &id) && (uint64_t)id == cluster)
            return true;
        at = end + 1;
    }
    return false;
}

static int not_there(struct str name, struct err *err)
{
    return err_set(err, ERR_UNDEFINED_OBJECT, "tenant \"%.*s\" does not exist", STR_FMT(name));
}

// What is not seen is answered like what is not there.
int call_check_sight(struct api_call *call, struct str name, struct err *err)
{
    const struct identity *who = &call->admission->identity;
    struct cluster_info info;
    if (!who->known || who->admin || who->clusters.ptr == NULL)
        return 0;
    if (clusters_find(call->api->options.clusters, call->arena, cluster_of(name), &info, err) == 0 &&
        identity_sees(who, info.id))
        return 0;
    err_reset(err);
    return not_there(name, err);
}

int call_check_sees_all(struct api_call *call, struct err *err)
{
    const struct identity *who = &call->admission->identity;
    return who->admin || who->clusters.ptr == NULL
               ? 0
               : err_set(err, ERR_INSUFFICIENT_PRIVILEGE, "this account sees some clusters only");
}

// The body's "clusters", an array of names, as numbers. Absent or null: ptr NULL.
int body_sight(struct api_call *call, struct str *out, struct err *err)
{
    struct str names, name;
    struct buf text = BUF_INIT;
    int rc = 0;
    *out = STR_NONE;
    if (!json_get_key(call->body, STR("clusters"), &names) || json_kind(names) == JSON_NULL)
        return 0;
    if (json_kind(names) != JSON_ARRAY)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "\"clusters\" is an array of names, or null for all");
    for (uint32_t i = 0; i < json_count(names) && rc == 0; i++) {
        struct cluster_info info;
        struct str item = json_at(names, i);
        if (json_kind(item) != JSON_STRING || !json_as_text(call->arena, item, &name))
            rc = err_set(err, ERR_INVALID_PARAMETER_VALUE, "\"clusters\" is an array of names, or null for all");
        else
            rc = clusters_find(call->api->options.clusters, call->arena, cluster_named(name), &info, err);
        if (rc == 0)
            buf_printf(&text, "%s%llu", text.len > 0 ? "," : "", (unsigned long long)info.id);
    }
    *out = text.len > 0 ? arena_str(call->arena, buf_view(&text)) : STR("");
    buf_release(&text);
    return rc;
}

// Their names; those that are gone are left out.
int write_sight(struct api_call *call, struct str clusters, struct err *err)
{
    struct jw *w = &call->json;
    struct cluster_info *list;
    const struct identity who = {.clusters = clusters};
    size_t n;
    jw_key(w, "clusters");
    if (clusters.ptr == NULL) {
        jw_null(w);
        return 0;
    }
    TRY(clusters_list(call->api->options.clusters, call->arena, &list, &n, err));
    jw_array(w);
    for (size_t i = 0; i < n; i++)
        if (identity_sees(&who, list[i].id) && list[i].state != CLUSTER_STATE_DROP)
            jw_str(w, list[i].name);
    jw_end(w);
    return 0;
}
