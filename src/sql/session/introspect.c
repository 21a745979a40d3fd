// What the virtual tables and SHOW tell about sessions: implements struct virtual_session (sql/virtual/virtual.h).
#include "sql/session/session_int.h"
#include <ctype.h>
#include <stdio.h>

static struct session *session_of(struct virtual_session *vs)
{
    return (struct session *)vs; // its first member
}

void session_publish(struct session *s)
{
    struct session_shown *shown = &s->shown;
    snprintf(shown->application_name, sizeof(shown->application_name), "%s", s->values[SETTING_APPLICATION_NAME]);
    snprintf(shown->database, sizeof(shown->database), "%s", s->values[SETTING_DATABASE]);
    shown->txn_micros = s->txn_state != TXN_NONE ? s->txn_micros : 0;
    shown->statements_in_txn = s->statements_in_txn;
    shown->restarts = s->restarts;
    shown->txns_executed = s->txns_executed;
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
        const char *reset = s->login_values[i] != NULL ? s->login_values[i] : info->default_text;
        (*out)[i] = (struct virtual_setting){.name = setting_name(a, i),
                                             .value = arena_str(a, str_of(setting_text(s, i))),
                                             .default_value = str_of(info->default_text),
                                             .reset_value = arena_str(a, str_of(reset)),
                                             .read_only = info->kind == SETTING_READ_ONLY,
                                             .type = setting_type(info->kind),
                                             .values = info->values};
    }
}

// ---- sessions

static void describe_session(const struct session *s, struct arena *a, struct virtual_session_info *out)
{
    const struct session_shown *shown = &s->shown;
    *out = (struct virtual_session_info){.session_id = arena_str(a, str_of(s->session_id)),
                                         .user = arena_str(a, s->user),
                                         .client_address = arena_str(a, s->client_address),
                                         .application_name = arena_str(a, str_of(shown->application_name)),
                                         .database = arena_str(a, str_of(shown->database)),
                                         .auth_method = arena_str(a, s->auth_method),
                                         .pid = s->pid,
                                         .started_micros = s->started_micros,
                                         .query_started_micros = s->query_started_micros,
                                         .txn_started_micros = shown->txn_micros,
                                         .statements_in_txn = shown->statements_in_txn,
                                         .txns_executed = shown->txns_executed,
                                         .restarts = shown->restarts,
                                         .is_open_txn = shown->txn_micros != 0};
    if (s->current_query != NULL)
        out->active_query = arena_str(a, str_of(s->current_query));
    if (shown->last_query != NULL)
        out->last_query = arena_str(a, str_of(shown->last_query));
}

static void list_sessions(struct virtual_session *vs, struct arena *a, struct virtual_session_info **out, size_t *n)
{
    struct session *self = session_of(vs);
    struct sql_engine *e = self->engine;
    pthread_mutex_lock(&e->mutex);
    session_publish(self);
    *out = ARENA_ARRAY(a, struct virtual_session_info, e->n_sessions + 1);
    *n = 0;
    for (const struct session *s = e->sessions; s != NULL; s = s->next)
        if (self->is_admin || str_eq(s->user, self->user))
            describe_session(s, a, &(*out)[(*n)++]);
    pthread_mutex_unlock(&e->mutex);
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

const struct virtual_session_ops session_virtual_ops = {list_settings, list_sessions, list_prepared,  list_cursors,
                                                        cluster_id,    address,       engine_started, engine_kv};
