// LISTEN and NOTIFY.
//
// A transaction remembers what it was told (`struct session_notify.actions`) and does it when it has committed: what is
// rolled back was never said, and equal notifications of one transaction are one.
//
// Order. Notifications come in the order in which their transactions committed, without a lock around commits. Before
// it commits, a transaction takes a ticket; once it has, its messages wait in `ready`, in the order of commit versions,
// until every ticket that was out at that moment is back: who takes one later commits later.
//
// A message is delivered by putting it into the queues of the sessions that listen. Who has an empty queue is told so
// (session_options.notified), and takes all that is there when it is between transactions.
#include "sql/session/notify_int.h"
#include "sql/session/session_int.h"

enum { CHANNEL_BYTES_MAX = 63, PAYLOAD_BYTES_MAX = 7999, QUEUE_BYTES_MAX = 64 << 20 };

enum action_kind { ACTION_LISTEN, ACTION_UNLISTEN, ACTION_UNLISTEN_ALL, ACTION_NOTIFY };

struct action {
    enum action_kind kind;
    struct str key, payload; // `key`: database, 0, channel
};

struct message {
    unsigned refs;
    int32_t pid;
    uint64_t version, ticket;
    uint64_t barrier; // the first ticket that was not out when the transaction had committed
    struct message *next;
    size_t bytes;
    struct str key, payload; // behind the struct
};

struct channel {
    struct session **listeners;
    size_t n, cap;
};

struct notify_hub {
    pthread_mutex_t mutex;      // all below, and the queues of sessions
    struct map channels;        // key -> struct channel *, of those that somebody listens to
    struct session *committing; // tickets out, newest first, by session_notify.next_committing
    uint64_t last_ticket;
    struct message *ready; // by version
    size_t bytes;          // of all messages
};

struct session_notify {
    struct arena arena; // of actions
    ARENA_VEC(struct action) actions;
    struct map listening; // key -> the map itself
    uint64_t ticket;      // 0: none
    struct session *next_committing;
    struct message **queue; // delivered, not taken
    size_t n_queue, cap_queue;
    atomic_bool queued; // n_queue > 0, for a look without the mutex
};

struct notify_hub *notify_hub_new(void)
{
    struct notify_hub *hub = mem_zalloc(sizeof(*hub));
    pthread_mutex_init(&hub->mutex, NULL);
    return hub;
}

void notify_hub_free(struct notify_hub *hub)
{
    if (hub == NULL)
        return;
    map_release(&hub->channels);
    pthread_mutex_destroy(&hub->mutex);
    mem_free(hub);
}

static struct session_notify *notify_of(struct session *s)
{
    if (s->notify == NULL) {
        s->notify = mem_zalloc(sizeof(*s->notify));
        arena_init(&s->notify->arena, &s->budget);
    }
    return s->notify;
}

// ---- what a transaction is told

static int check_channel(struct str channel, struct err *err)
{
    if (channel.len == 0)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "channel name cannot be empty");
    if (channel.len > CHANNEL_BYTES_MAX)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "channel name too long");
    return 0;
}

static void remember(struct session *s, enum action_kind kind, struct str channel, struct str payload)
{
    struct session_notify *n = notify_of(s);
    struct str key = arena_printf(&n->arena, "%s%c%.*s", s->values[SETTING_DATABASE], 0, STR_FMT(channel));
    struct action action = {kind, key, arena_str(&n->arena, payload)};
    ARENA_PUSH(&n->arena, &n->actions, action);
}

static struct str channel_of(struct str key)
{
    size_t database = strlen(key.ptr);
    return str_slice(key, database + 1, key.len);
}

int notify_send(struct session *s, struct str channel, struct str payload, struct err *err)
{
    TRY(check_channel(channel, err));
    if (payload.len > PAYLOAD_BYTES_MAX)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "payload string too long");
    remember(s, ACTION_NOTIFY, channel, payload);
    return 0;
}

static int listen_to(struct session *s, struct str channel, struct err *err)
{
    if (s->notified == NULL)
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "LISTEN is not supported by this kind of connection");
    TRY(check_channel(channel, err));
    remember(s, ACTION_LISTEN, channel, STR_EMPTY);
    return 0;
}

int run_notify(struct session *s, const struct ast *ast, struct err *err)
{
    if (ast->kind == AST_NOTIFY) {
        const struct ast_notify *n = ast_as_notify(ast);
        return notify_send(s, n->channel, n->payload.ptr != NULL ? n->payload : STR_EMPTY, err);
    }
    if (ast->kind == AST_LISTEN)
        return listen_to(s, ast_as_listen(ast)->channel, err);
    struct str channel = ast_as_unlisten(ast)->channel;
    if (s->notify != NULL) // else it has never listened
        remember(s, channel.ptr != NULL ? ACTION_UNLISTEN : ACTION_UNLISTEN_ALL, channel, STR_EMPTY);
    return 0;
}

size_t notify_mark(const struct session *s)
{
    return s->notify != NULL ? s->notify->actions.len : 0;
}

void notify_rewind(struct session *s, size_t mark)
{
    struct session_notify *n = s->notify;
    if (n == NULL || n->actions.len == 0)
        return;
    n->actions.len = MIN(n->actions.len, mark);
    if (n->actions.len == 0) {
        n->actions.ptr = NULL;
        n->actions.cap = 0;
        arena_release(&n->arena);
        arena_init(&n->arena, &s->budget);
    }
}

// ---- listening

static void start_listening(struct notify_hub *hub, struct session *s, struct str key)
{
    if (map_put(&s->notify->listening, key, &s->notify->listening) != NULL)
        return;
    struct channel *c = map_get(&hub->channels, key);
    if (c == NULL) {
        c = mem_zalloc(sizeof(*c));
        map_put(&hub->channels, key, c);
    }
    if (c->n == c->cap) {
        c->cap = c->cap == 0 ? 4 : c->cap * 2;
        c->listeners = mem_realloc(c->listeners, size_mul(c->cap, sizeof(struct session *)));
    }
    c->listeners[c->n++] = s;
}

static void remove_listener(struct notify_hub *hub, const struct session *s, struct str key)
{
    struct channel *c = map_get(&hub->channels, key);
    size_t i = 0;
    while (c->listeners[i] != s)
        i++;
    c->listeners[i] = c->listeners[--c->n];
    if (c->n > 0)
        return;
    map_remove(&hub->channels, key);
    mem_free(c->listeners);
    mem_free(c);
}

static void stop_listening(struct notify_hub *hub, struct session *s, struct str key)
{
    if (map_remove(&s->notify->listening, key) != NULL)
        remove_listener(hub, s, key);
}

static void stop_listening_to_all(struct notify_hub *hub, struct session *s)
{
    struct map_entry *e;
    for (size_t it = 0; (e = map_next(&s->notify->listening, &it)) != NULL;)
        remove_listener(hub, s, e->key);
    map_release(&s->notify->listening);
    s->notify->listening = MAP_INIT;
}

void notify_unlisten_all(struct session *s)
{
    struct notify_hub *hub = s->engine->notify;
    if (s->notify == NULL)
        return;
    pthread_mutex_lock(&hub->mutex);
    stop_listening_to_all(hub, s);
    pthread_mutex_unlock(&hub->mutex);
}

size_t notify_listening(struct session *s, struct arena *a, struct str **out)
{
    ARENA_VEC(struct str) channels = {0};
    struct map_entry *e;
    struct str database = str_of(s->values[SETTING_DATABASE]);
    for (size_t it = 0; s->notify != NULL && (e = map_next(&s->notify->listening, &it)) != NULL;) {
        struct str key = arena_str(a, e->key);
        if (str_eqc(database, key.ptr))
            ARENA_PUSH(a, &channels, channel_of(key));
    }
    *out = channels.ptr;
    return channels.len;
}

// ---- messages

static struct message *message_new(const struct session *s, const struct action *a, uint64_t version)
{
    size_t bytes = sizeof(struct message) + a->key.len + 1 + a->payload.len;
    struct message *m = mem_zalloc(bytes);
    char *at = (char *)(m + 1);
    memcpy(at, a->key.ptr, a->key.len);
    if (a->payload.len > 0)
        memcpy(at + a->key.len + 1, a->payload.ptr, a->payload.len);
    m->key = (struct str){at, a->key.len};
    m->payload = (struct str){at + a->key.len + 1, a->payload.len};
    m->refs = 1;
    m->pid = s->pid;
    m->version = version;
    m->ticket = s->notify->ticket;
    m->bytes = bytes;
    return m;
}

static void message_unref(struct notify_hub *hub, struct message *m)
{
    if (--m->refs > 0)
        return;
    hub->bytes -= m->bytes;
    mem_free(m);
}

static void enqueue(struct session *s, struct message *m)
{
    struct session_notify *n = s->notify;
    if (n->n_queue == n->cap_queue) {
        n->cap_queue = n->cap_queue == 0 ? 8 : n->cap_queue * 2;
        n->queue = mem_realloc(n->queue, size_mul(n->cap_queue, sizeof(struct message *)));
    }
    m->refs++;
    n->queue[n->n_queue++] = m;
    atomic_store(&n->queued, true);
    if (n->n_queue == 1)
        s->notified(s->notified_arg);
}

static bool is_due(const struct notify_hub *hub, const struct message *m)
{
    for (const struct session *s = hub->committing; s != NULL; s = s->notify->next_committing)
        if (s->notify->ticket < m->barrier)
            return false;
    return true;
}

static void deliver_due(struct notify_hub *hub)
{
    while (hub->ready != NULL && is_due(hub, hub->ready)) {
        struct message *m = hub->ready;
        const struct channel *c = map_get(&hub->channels, m->key);
        hub->ready = m->next;
        for (size_t i = 0; c != NULL && i < c->n; i++)
            enqueue(c->listeners[i], m);
        message_unref(hub, m);
    }
}

// Behind those of the same transaction and of older ones.
static struct message **place_of(struct message **at, const struct message *m)
{
    while (*at != NULL && ((*at)->version < m->version || ((*at)->version == m->version && (*at)->ticket <= m->ticket)))
        at = &(*at)->next;
    return at;
}

// ---- commits

static size_t bytes_to_send(const struct session_notify *n)
{
    size_t bytes = 0;
    for (size_t i = 0; i < n->actions.len; i++)
        if (n->actions.ptr[i].kind == ACTION_NOTIFY)
            bytes += sizeof(struct message) + n->actions.ptr[i].key.len + 1 + n->actions.ptr[i].payload.len;
    return bytes;
}

int notify_before_commit(struct session *s, struct err *err)
{
    struct session_notify *n = s->notify;
    struct notify_hub *hub = s->engine->notify;
    if (n == NULL || n->actions.len == 0)
        return 0;
    size_t bytes = bytes_to_send(n);
    pthread_mutex_lock(&hub->mutex);
    bool fits = bytes == 0 || hub->bytes + bytes <= QUEUE_BYTES_MAX;
    if (fits) {
        n->ticket = ++hub->last_ticket;
        n->next_committing = hub->committing;
        hub->committing = s;
    }
    pthread_mutex_unlock(&hub->mutex);
    return fits ? 0 : err_set(err, ERR_PROGRAM_LIMIT_EXCEEDED, "too many notifications in the NOTIFY queue");
}

// What the transaction sends, one of each, appended to `ready` at its place.
static void publish(struct notify_hub *hub, struct session *s, uint64_t version)
{
    struct session_notify *n = s->notify;
    struct map sent = MAP_INIT;
    struct buf both = BUF_INIT;
    struct message **at = &hub->ready;
    for (size_t i = 0; i < n->actions.len; i++) {
        const struct action *a = &n->actions.ptr[i];
        if (a->kind != ACTION_NOTIFY)
            continue;
        buf_clear(&both);
        buf_str(&both, a->key);
        buf_putc(&both, 0);
        buf_str(&both, a->payload);
        if (map_put(&sent, buf_view(&both), &sent) != NULL)
            continue;
        struct message *m = message_new(s, a, version);
        m->barrier = hub->last_ticket + 1;
        hub->bytes += m->bytes;
        at = place_of(at, m);
        m->next = *at;
        *at = m;
    }
    buf_release(&both);
    map_release(&sent);
}

static void apply(struct notify_hub *hub, struct session *s, const struct action *a)
{
    switch (a->kind) {
    case ACTION_LISTEN:
        start_listening(hub, s, a->key);
        break;
    case ACTION_UNLISTEN:
        stop_listening(hub, s, a->key);
        break;
    case ACTION_UNLISTEN_ALL:
        stop_listening_to_all(hub, s);
        break;
    case ACTION_NOTIFY:
        break;
    }
}

static void give_ticket_back(struct notify_hub *hub, struct session *s)
{
    struct session **at = &hub->committing;
    while (*at != s)
        at = &(*at)->notify->next_committing;
    *at = s->notify->next_committing;
}

void notify_after_commit(struct session *s, bool committed, uint64_t version)
{
    struct session_notify *n = s->notify;
    struct notify_hub *hub = s->engine->notify;
    if (n == NULL || n->ticket == 0)
        return;
    pthread_mutex_lock(&hub->mutex);
    give_ticket_back(hub, s);
    if (committed) {
        for (size_t i = 0; i < n->actions.len; i++)
            apply(hub, s, &n->actions.ptr[i]);
        publish(hub, s, version);
    }
    n->ticket = 0;
    deliver_due(hub);
    pthread_mutex_unlock(&hub->mutex);
    notify_rewind(s, 0);
}

// ---- taking

// The queue, which the caller gives back.
static struct message **take(struct session *s, size_t *n)
{
    struct session_notify *own = s->notify;
    pthread_mutex_lock(&s->engine->notify->mutex);
    struct message **queue = own->queue;
    *n = own->n_queue;
    own->queue = NULL;
    own->n_queue = own->cap_queue = 0;
    atomic_store(&own->queued, false);
    pthread_mutex_unlock(&s->engine->notify->mutex);
    return queue;
}

static void give_back(struct notify_hub *hub, struct message **queue, size_t n)
{
    pthread_mutex_lock(&hub->mutex);
    for (size_t i = 0; i < n; i++)
        message_unref(hub, queue[i]);
    pthread_mutex_unlock(&hub->mutex);
    mem_free(queue);
}

void session_take_notifications(struct session *s,
                                void (*visit)(void *arg, int32_t pid, struct str channel, struct str payload),
                                void *arg)
{
    if (LIKELY(s->notify == NULL) || s->txn_state != TXN_NONE || !atomic_load(&s->notify->queued))
        return;
    size_t n;
    struct message **queue = take(s, &n);
    for (size_t i = 0; i < n; i++)
        visit(arg, queue[i]->pid, channel_of(queue[i]->key), queue[i]->payload);
    give_back(s->engine->notify, queue, n);
}

double notify_queue_usage(struct session *s)
{
    struct notify_hub *hub = s->engine->notify;
    pthread_mutex_lock(&hub->mutex);
    double used = (double)hub->bytes / QUEUE_BYTES_MAX;
    pthread_mutex_unlock(&hub->mutex);
    return used;
}

void notify_session_free(struct session *s)
{
    size_t n;
    if (s->notify == NULL)
        return;
    notify_unlisten_all(s);
    struct message **queue = take(s, &n);
    give_back(s->engine->notify, queue, n);
    arena_release(&s->notify->arena);
    mem_free(s->notify);
}
