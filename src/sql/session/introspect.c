// What the virtual tables and SHOW tell about sessions: implements struct virtual_session (sql/virtual/virtual.h).
#include "sql/session/session_int.h"
#include "sql/parse/ast_print.h"
#include <ctype.h>
#include <stdio.h>

static struct session *session_of(struct virtual_session *vs)
{
    return (struct session *)vs; // its first member
}

static void show_text(char *out, size_t size, const char *text)
{
    size_t len = strnlen(text, size - 1);
    memcpy(out, text, len);
    out[len] = '\0';
}

void session_publish(struct session *s)
{
    struct session_shown *shown = &s->shown;
    show_text(shown->application_name, sizeof(shown->application_name), s->values[SETTING_APPLICATION_NAME]);
    show_text(shown->database, sizeof(shown->database), s->values[SETTING_DATABASE]);
    shown->txn_micros = s->txn_state != TXN_NONE ? s->txn_micros : 0;
    shown->txn = s->observed_txn;
    shown->txn_isolation = s->txn_isolation;
    shown->statements_in_txn = s->statements_in_txn;
    shown->restarts = s->restarts;
    shown->txns_executed = s->txns_executed;
}

// ---- privileges, as they are now: both may have changed since the session began

int session_has(struct session *s, uint32_t any, bool *out, struct err *err)
{
    return cat_has_system_privilege(s->view, s->user, any, out, err);
}

int session_is_admin(struct session *s, bool *out, struct err *err)
{
    return cat_is_admin(s->view, s->user, out, err);
}

// ---- settings

const char *setting_name(struct arena *a, int id)
{
    char *name = arena_cstr(a, str_of(setting_infos[id].name));
    for (char *c = name; *c != '\0'; c++)
        *c = (char)tolower((unsigned char)*c);
    return name;
}

static const char *setting_type(enum setting_kind kind)
{
    switch (kind) {
    case SETTING_BOOL:
        return "bool";
    case SETTING_INT:
    case SETTING_DURATION:
        return "integer";
    case SETTING_ENUM:
        return "enum";
    case SETTING_STRING:
    case SETTING_BYTES:
    case SETTING_LIST:
    case SETTING_READ_ONLY:
        break;
    }
    return "string";
}

static void list_settings(struct virtual_session *vs, struct arena *a, struct virtual_setting **out, size_t *n)
{
    struct session *s = session_of(vs);
    *n = SETTING_COUNT;
    *out = ARENA_ARRAY(a, struct virtual_setting, SETTING_COUNT);
    for (int i = 0; i < SETTING_COUNT; i++) {
        const struct setting_info *info = &setting_infos[i];
        (*out)[i] = (struct virtual_setting){.name = setting_name(a, i),
                                             .value = arena_str(a, str_of(setting_text(s, i))),
                                             .default_value = str_of(info->default_text),
                                             .reset_value = arena_str(a, str_of(s->login_values[i])),
                                             .read_only = info->kind == SETTING_READ_ONLY,
                                             .type = setting_type(info->kind),
                                             .values = info->values};
    }
}

// ---- sessions

static const char *txn_isolation_name(enum kv_isolation isolation)
{
    return isolation == KV_SERIALIZABLE ? "SERIALIZABLE" : isolation == KV_SNAPSHOT ? "SNAPSHOT" : "READ COMMITTED";
}

static void describe_session(const struct session *s, struct arena *a, struct virtual_session_info *out)
{
    const struct session_shown *shown = &s->shown;
    *out = (struct virtual_session_info){.session_id = arena_str(a, str_of(s->session_id)),
                                         .query_id = arena_str(a, str_of(s->query_id)),
                                         .user = arena_str(a, s->user),
                                         .client_address = arena_str(a, s->client_address),
                                         .application_name = arena_str(a, str_of(shown->application_name)),
                                         .database = arena_str(a, str_of(shown->database)),
                                         .auth_method = arena_str(a, s->auth_method),
                                         .pid = s->pid,
                                         .started_micros = s->started_micros,
                                         .query_started_micros = s->query_started_micros,
                                         .txn_started_micros = shown->txn_micros,
                                         .txn = shown->txn,
                                         .txn_isolation = txn_isolation_name(shown->txn_isolation),
                                         .statements_in_txn = shown->statements_in_txn,
                                         .txns_executed = shown->txns_executed,
                                         .restarts = shown->restarts,
                                         .is_open_txn = shown->txn_micros != 0};
    if (s->current_query != NULL)
        out->active_query = arena_str(a, str_of(s->current_query));
    if (shown->last_query != NULL)
        out->last_query = arena_str(a, str_of(shown->last_query));
}

// Constants as _; what cannot be read, because it was cut, is left out whole.
static struct str redacted(struct arena *a, struct str text)
{
    struct arena parsing;
    struct parsed_statements parsed;
    struct buf b = BUF_INIT;
    if (text.ptr == NULL)
        return text;
    arena_init(&parsing, NULL);
    if (parse_sql(&parsing, text, NULL, &parsed, NULL) != 0)
        buf_cstr(&b, "<hidden>");
    else
        for (size_t i = 0; i < parsed.n; i++) {
            buf_cstr(&b, i > 0 ? "; " : "");
            ast_print(&b, parsed.items[i].ast, AST_PRINT_HIDE_CONSTANTS);
        }
    struct str out = arena_str(a, buf_view(&b));
    buf_release(&b);
    arena_release(&parsing);
    return out;
}

static void redact(struct session *self, struct arena *a, struct virtual_session_info *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (str_eq(list[i].user, self->user))
            continue;
        list[i].active_query = redacted(a, list[i].active_query);
        list[i].last_query = redacted(a, list[i].last_query);
    }
}

// Everybody sees his own. VIEWACTIVITYREDACTED takes constants away even from who has VIEWACTIVITY, admins excepted.
static int list_sessions(struct virtual_session *vs, struct arena *a, struct virtual_session_info **out, size_t *n,
                         struct err *err)
{
    struct session *self = session_of(vs);
    struct sql_engine *e = self->engine;
    bool all, hide, admin;
    TRY(session_has(self, CAT_SYSTEM_VIEWACTIVITY | CAT_SYSTEM_VIEWACTIVITYREDACTED, &all, err));
    TRY(session_has(self, CAT_SYSTEM_VIEWACTIVITYREDACTED, &hide, err));
    TRY(session_is_admin(self, &admin, err));
    pthread_mutex_lock(&e->mutex);
    session_publish(self);
    *out = ARENA_ARRAY(a, struct virtual_session_info, e->n_sessions + 1);
    *n = 0;
    for (const struct session *s = e->sessions; s != NULL; s = s->next)
        if (all || str_eq(s->user, self->user))
            describe_session(s, a, &(*out)[(*n)++]);
    pthread_mutex_unlock(&e->mutex);
    if (hide && !admin)
        redact(self, a, *out, *n);
    return 0;
}

// ---- prepared statements, cursors

static void list_prepared(struct virtual_session *vs, struct arena *a, struct virtual_prepared **out, size_t *n)
{
    struct session *s = session_of(vs);
    struct map_entry *entry;
    *out = ARENA_ARRAY(a, struct virtual_prepared, s->prepared.len + 1);
    *n = 0;
    for (size_t it = 0; (entry = map_next(&s->prepared, &it)) != NULL;) {
        const struct prepared *p = entry->value;
        (*out)[(*n)++] = (struct virtual_prepared){.name = p->name,
                                                   .text = p->text,
                                                   .created_micros = p->created_micros,
                                                   .parameter_oids = p->parameter_oids,
                                                   .n_parameters = p->n_parameters,
                                                   .from_sql = p->from_sql};
    }
}

static void list_cursors(struct virtual_session *vs, struct arena *a, struct virtual_cursor **out, size_t *n)
{
    struct session *s = session_of(vs);
    struct map_entry *entry;
    *out = ARENA_ARRAY(a, struct virtual_cursor, s->portals.len + 1);
    *n = 0;
    for (size_t it = 0; (entry = map_next(&s->portals, &it)) != NULL;) {
        const struct portal *p = entry->value;
        if (p->cursor)
            (*out)[(*n)++] = (struct virtual_cursor){
                .name = p->name, .text = p->statement != NULL ? p->statement->text : STR_EMPTY, .hold = p->hold};
    }
}

// ---- the server

static struct str cluster_id(struct virtual_session *vs)
{
    return sql_engine_cluster_id(session_of(vs)->engine);
}

static void address(struct virtual_session *vs, const char **host, int32_t *sql_port, int32_t *http_port)
{
    const struct sql_engine *e = session_of(vs)->engine;
    *host = e->host;
    *sql_port = e->sql_port;
    *http_port = e->http_port;
}

static int64_t engine_started(struct virtual_session *vs)
{
    return session_of(vs)->engine->started_micros;
}

static struct kv *engine_kv(struct virtual_session *vs)
{
    return session_of(vs)->engine->kv;
}

// Plans have constants in them.
static int list_activity(struct virtual_session *vs, bool transactions, struct arena *a, struct virtual_activity **out,
                         size_t *n, struct err *err)
{
    struct session *self = session_of(vs);
    bool hide, admin;
    TRY(session_has(self, CAT_SYSTEM_VIEWACTIVITYREDACTED, &hide, err));
    TRY(session_is_admin(self, &admin, err));
    activity_list(self->engine->activity, transactions, a, out, n);
    for (size_t i = 0; hide && !admin && i < *n; i++)
        (*out)[i].plan = STR_NONE;
    return 0;
}

static int list_contention(struct virtual_session *vs, struct arena *a, struct virtual_contention **out, size_t *n,
                           struct err *err)
{
    struct session *self = session_of(vs);
    bool hide, admin;
    TRY(session_has(self, CAT_SYSTEM_VIEWACTIVITYREDACTED, &hide, err));
    TRY(session_is_admin(self, &admin, err));
    contention_list(self->engine->contention, a, out, n);
    for (size_t i = 0; i < *n; i++)
        (*out)[i].hidden = hide && !admin;
    return 0;
}

static void read_index_usage(struct virtual_session *vs, uint32_t table_id, uint32_t index_id, uint64_t *reads,
                             int64_t *last_micros)
{
    index_usage_get(session_of(vs)->engine->index_usage, table_id, index_id, reads, last_micros);
}

static void list_insights(struct virtual_session *vs, bool transactions, struct arena *a, struct virtual_insight **out,
                          size_t *n)
{
    insights_list(session_of(vs)->engine->insights, transactions, a, out, n);
}

static void list_metrics(struct virtual_session *vs, struct arena *a, struct virtual_metric **out, size_t *n)
{
    const struct sql_engine *e = session_of(vs)->engine;
    struct sql_metric *list = NULL;
    *n = 0;
    if (e->metrics != NULL)
        e->metrics(e->metrics_arg, a, &list, n);
    *out = ARENA_ARRAY(a, struct virtual_metric, *n);
    for (size_t i = 0; i < *n; i++)
        (*out)[i] = (struct virtual_metric){list[i].name, list[i].of_store, list[i].value};
}

static int list_clusters(struct virtual_session *vs, struct arena *a, struct virtual_cluster **out, size_t *n,
                         struct err *err)
{
    const struct sql_cluster_hooks *hooks = session_of(vs)->engine->clusters;
    struct sql_cluster_info *list = NULL;
    *n = 0;
    if (hooks != NULL)
        TRY(hooks->list(hooks->arg, a, &list, n, err));
    *out = ARENA_ARRAY(a, struct virtual_cluster, *n);
    for (size_t i = 0; i < *n; i++)
        (*out)[i] = (struct virtual_cluster){list[i].id, list[i].name, list[i].data_state, list[i].in_service};
    return 0;
}

const struct virtual_session_ops session_virtual_ops = {
    .settings = list_settings,
    .sessions = list_sessions,
    .prepared = list_prepared,
    .cursors = list_cursors,
    .activity = list_activity,
    .cluster_id = cluster_id,
    .address = address,
    .started_micros = engine_started,
    .kv = engine_kv,
    .contention = list_contention,
    .index_usage = read_index_usage,
    .insights = list_insights,
    .metrics = list_metrics,
    .clusters = list_clusters,
};
