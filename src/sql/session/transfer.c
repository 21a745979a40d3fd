// crdb_internal.serialize_session() and deserialize_session(): the variables of a session and the values it has taken
// of sequences, as bytes that another session of the same user takes over. Proxies move idle connections with them.
#include "jobs/payload.h"
#include "sql/session/session_int.h"

enum { TRANSFER_VERSION = 1 };

static bool is_moved(int id)
{
    return setting_infos[id].kind != SETTING_READ_ONLY && id != SETTING_TRANSACTION_ISOLATION &&
           id != SETTING_TRANSACTION_PRIORITY && id != SETTING_TRANSACTION_READ_ONLY;
}

static bool has_named_statements(const struct session *s)
{
    struct map_entry *e;
    for (size_t it = 0; (e = map_next(&s->prepared, &it)) != NULL;)
        if (((const struct prepared *)e->value)->name.len > 0)
            return true;
    return false;
}

static bool has_cursors(const struct session *s)
{
    struct map_entry *e;
    for (size_t it = 0; (e = map_next(&s->portals, &it)) != NULL;)
        if (((const struct portal *)e->value)->cursor)
            return true;
    return false;
}

static int check_movable(const struct session *s, struct err *err)
{
    if (s->txn_state == TXN_EXPLICIT)
        return err_set(err, ERR_INVALID_TRANSACTION_STATE, "cannot serialize a session which is inside a transaction");
    if (has_named_statements(s))
        return err_set(err, ERR_INVALID_TRANSACTION_STATE,
                       "cannot serialize a session which has portals or prepared statements");
    if (has_cursors(s))
        return err_set(err, ERR_INVALID_TRANSACTION_STATE, "cannot serialize a session which has open cursors");
    if (s->has_temp_schema)
        return err_set(err, ERR_INVALID_TRANSACTION_STATE, "cannot serialize session with temporary schemas");
    return 0;
}

static void put_sequences(struct session *s, struct buf *out)
{
    struct map_entry *e;
    payload_put_u64(out, s->has_sequence_value);
    payload_put_u64(out, (uint64_t)s->last_sequence_value);
    payload_put_u64(out, s->sequence_values.len);
    for (size_t it = 0; (e = map_next(&s->sequence_values, &it)) != NULL;) {
        payload_put_str(out, e->key);
        payload_put_u64(out, (uint64_t) * (const int64_t *)e->value);
    }
}

int session_serialize(struct session *s, struct arena *a, struct str *out, struct err *err)
{
    struct buf b = BUF_INIT;
    struct map_entry *e;
    TRY(check_movable(s, err));
    payload_put_u64(&b, TRANSFER_VERSION);
    payload_put_str(&b, s->login_user);
    for (int id = 0; id < SETTING_COUNT; id++) {
        if (!is_moved(id))
            continue;
        payload_put_str(&b, str_of(setting_infos[id].name));
        payload_put_str(&b, str_of(s->values[id]));
    }
    for (size_t it = 0; (e = map_next(&s->custom_settings, &it)) != NULL;) {
        payload_put_str(&b, e->key);
        payload_put_str(&b, str_of(e->value));
    }
    payload_put_str(&b, STR_EMPTY);
    put_sequences(s, &b);
    *out = arena_str(a, buf_view(&b));
    buf_release(&b);
    return 0;
}

static int take_settings(struct session *s, struct str *in, struct err *err)
{
    for (struct str name; (name = payload_get_str(in)).len > 0;) {
        struct str value = payload_get_str(in);
        int id = setting_find(name);
        if (id < 0 || (is_moved(id) && !str_eq(value, str_of(s->values[id]))))
            TRY(setting_set(s, name, value, false, err));
    }
    return 0;
}

static void take_sequences(struct session *s, struct str *in)
{
    bool has = payload_get_u64(in) != 0;
    int64_t last = (int64_t)payload_get_u64(in);
    for (uint64_t n = payload_get_u64(in); n > 0 && in->len > 0; n--) {
        struct str key = payload_get_str(in);
        uint32_t id;
        int64_t value = (int64_t)payload_get_u64(in);
        if (key.len != sizeof(id))
            continue;
        memcpy(&id, key.ptr, sizeof(id));
        s->functions.sequence_value_set(&s->functions, id, value);
    }
    s->has_sequence_value = has;
    s->last_sequence_value = last;
}

int session_deserialize(struct session *s, struct str in, struct err *err)
{
    if (s->txn_state == TXN_EXPLICIT)
        return err_set(err, ERR_INVALID_TRANSACTION_STATE, "cannot deserialize a session whilst inside a transaction");
    if (payload_get_u64(&in) != TRANSFER_VERSION)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "the bytes are not those of a session");
    struct str user = payload_get_str(&in);
    if (!str_eq(user, s->login_user))
        return err_set(err, ERR_INSUFFICIENT_PRIVILEGE, "can only deserialize matching session users");
    TRY(take_settings(s, &in, err));
    take_sequences(s, &in);
    return 0;
}
