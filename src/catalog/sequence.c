// Sequences, descriptor ids and unique_rowid().
//
// A sequence's record (KEY_TABLE_SEQUENCE) holds the last value reserved. Values are reserved in blocks in a
// transaction of their own and handed out from memory, so a crash leaves a gap and never gives a value twice; a clean
// close writes the last value handed out back.

#include "base/util.h"
#include "catalog/catalog_int.h"
#include <stdatomic.h>

enum { BLOCK_VALUES_MIN = 32, ATTEMPTS_MAX = 1000, ROLE_ID_SEQUENCE = 48, ROLE_ID_FIRST = 100, NODE_ID = 1 };
enum { IDS_OF_POSTGRES = 800, IDS_AFTER_POSTGRES = 16384 };

// `valid`: values up to `reserved` are ours, `last` was the last handed out (not yet any when !called).
struct sequence_block {
    pthread_mutex_t mutex;
    uint32_t id;
    bool valid, called;
    int64_t last, reserved, increment;
};
struct sequence_record {
    int64_t value;
    bool called;
};

static struct sequence_block *lock_block(struct catalog *c, uint32_t id)
{
    struct str key = {(const char *)&id, sizeof(id)};
    pthread_mutex_lock(&c->sequences_mutex);
    struct sequence_block *b = map_get(&c->sequences, key);
    if (b == NULL) {
        b = mem_zalloc(sizeof(*b));
        b->id = id;
        pthread_mutex_init(&b->mutex, NULL);
        map_put(&c->sequences, key, b);
    }
    pthread_mutex_unlock(&c->sequences_mutex);
    pthread_mutex_lock(&b->mutex);
    return b;
}

// ---- the record

static enum kv_result read_record(struct catalog *c, struct kv_txn *txn, uint32_t id, unsigned flags,
                                  struct sequence_record *out, bool *found)
{
    struct buf key = BUF_INIT;
    struct kv_value v;
    key_put_table_item(&key, c->cluster, id, KEY_TABLE_SEQUENCE);
    enum kv_result rc = kv_get(txn, buf_view(&key), flags, &v);
    buf_release(&key);
    *found = rc == KV_OK && v.found && v.value.len == 9;
    if (*found) {
        memcpy(&out->value, v.value.ptr, 8);
        out->called = v.value.ptr[8] != 0;
    }
    return rc;
}

static enum kv_result write_record(struct catalog *c, struct kv_txn *txn, uint32_t id, int64_t value, bool called)
{
    struct buf key = BUF_INIT;
    char bytes[9];
    memcpy(bytes, &value, 8);
    bytes[8] = called;
    key_put_table_item(&key, c->cluster, id, KEY_TABLE_SEQUENCE);
    enum kv_result rc = kv_put(txn, buf_view(&key), (struct str){bytes, sizeof(bytes)});
    buf_release(&key);
    return rc;
}

// ---- taking values

static int exhausted(const struct cat_sequence *s, struct str name, struct err *err)
{
    return err_set(err, ERR_SEQUENCE_GENERATOR_LIMIT_EXCEEDED, "reached %s value of sequence \"%.*s\" (%lld)",
                   s->increment > 0 ? "maximum" : "minimum", STR_FMT(name),
                   (long long)(s->increment > 0 ? s->max : s->min));
}

static bool step(const struct cat_sequence *s, int64_t from, int64_t *out)
{
    return !__builtin_add_overflow(from, s->increment, out) && *out <= s->max && *out >= s->min;
}

// The last value of a block that begins with `first`.
static int64_t block_end(const struct cat_sequence *s, int64_t first)
{
    int64_t n = MAX(s->cache, (int64_t)BLOCK_VALUES_MIN) - 1, span, end;
    int64_t room = s->increment > 0 ? s->max : s->min;
    if (__builtin_mul_overflow(n, s->increment, &span) || __builtin_add_overflow(first, span, &end) ||
        (s->increment > 0 ? end > room : end < room))
        return first;
    return end;
}

// Reserves a block and hands out its first value.
static enum kv_result reserve(struct catalog *c, struct kv_txn *txn, struct sequence_block *b,
                              const struct cat_sequence *s, bool *out_of_values, int64_t *first)
{
    struct sequence_record r = {s->start, false};
    bool found;
    enum kv_result rc = read_record(c, txn, b->id, 0, &r, &found);
    if (rc != KV_OK)
        return rc;
    if (b->valid && r.called && r.value == b->reserved) // nobody else reserved since: go on after what was given
        r = (struct sequence_record){b->last, b->called};
    *first = r.value;
    *out_of_values = r.called && !step(s, r.value, first);
    if (*out_of_values && s->cycle) {
        *first = s->increment > 0 ? s->min : s->max;
        *out_of_values = false;
    }
    return *out_of_values ? KV_OK : write_record(c, txn, b->id, block_end(s, *first), true);
}

static int reserve_block(struct catalog *c, struct sequence_block *b, const struct cat_sequence *s, struct str name,
                         int64_t *out, struct err *err)
{
    enum kv_result rc = KV_CONFLICT;
    bool out_of_values = false;
    for (int attempt = 0; attempt < ATTEMPTS_MAX && (rc == KV_CONFLICT || rc == KV_TOO_OLD); attempt++) {
        struct kv_txn *txn;
        uint64_t version;
        TRY_KV(NULL, kv_begin(c->kv, &(struct kv_begin_options){0}, &txn), err);
        rc = reserve(c, txn, b, s, &out_of_values, out);
        if (rc == KV_OK && !out_of_values)
            rc = kv_commit(txn, &version);
        else
            kv_abort(txn);
    }
    TRY_KV(NULL, rc, err);
    if (out_of_values)
        return exhausted(s, name, err);
    b->valid = b->called = true;
    b->last = *out;
    b->reserved = block_end(s, *out);
    b->increment = s->increment;
    return 0;
}

int sequence_take(struct catalog *c, uint32_t id, const struct cat_sequence *s, struct str name, int64_t *out,
                  struct err *err)
{
    struct sequence_block *b = lock_block(c, id);
    int rc = 0;
    if (b->valid && b->called && b->increment == s->increment && b->last != b->reserved && step(s, b->last, out))
        b->last = *out;
    else
        rc = reserve_block(c, b, s, name, out, err);
    pthread_mutex_unlock(&b->mutex);
    return rc;
}

int cat_sequence_next(struct cat_view *v, const struct cat_table *sequence, int64_t *out, struct err *err)
{
    if (sequence->sequence.is_virtual) {
        *out = cat_unique_rowid();
        return 0;
    }
    return sequence_take(v->catalog, sequence->id, &sequence->sequence, sequence->name, out, err);
}

static int store(struct catalog *c, uint32_t id, int64_t value, bool called, struct err *err)
{
    enum kv_result rc = KV_CONFLICT;
    for (int attempt = 0; attempt < ATTEMPTS_MAX && rc == KV_CONFLICT; attempt++) {
        struct kv_txn *txn;
        uint64_t version;
        TRY_KV(NULL, kv_begin(c->kv, &(struct kv_begin_options){0}, &txn), err);
        rc = write_record(c, txn, id, value, called);
        if (rc == KV_OK)
            rc = kv_commit(txn, &version);
        else
            kv_abort(txn);
    }
    TRY_KV(NULL, rc, err);
    return 0;
}

int cat_sequence_set(struct cat_view *v, const struct cat_table *sequence, int64_t value, bool is_called,
                     struct err *err)
{
    const struct cat_sequence *s = &sequence->sequence;
    if (s->is_virtual)
        return err_set(err, ERR_OBJECT_NOT_IN_PREREQUISITE_STATE, "cannot set the value of virtual sequence \"%.*s\"",
                       STR_FMT(sequence->name));
    if (value < s->min || value > s->max)
        return err_set(err, ERR_NUMERIC_VALUE_OUT_OF_RANGE,
                       "value %lld is out of bounds for sequence \"%.*s\" (%lld..%lld)", (long long)value,
                       STR_FMT(sequence->name), (long long)s->min, (long long)s->max);
    struct sequence_block *b = lock_block(v->catalog, sequence->id);
    int rc = store(v->catalog, sequence->id, value, is_called, err);
    b->valid = false;
    pthread_mutex_unlock(&b->mutex);
    return rc;
}

static int peek_stored(struct cat_view *v, const struct cat_table *sequence, struct sequence_record *out,
                       struct err *err)
{
    struct kv_txn *txn;
    bool found;
    TRY_KV(NULL, kv_begin(v->catalog->kv, &(struct kv_begin_options){.read_only = true}, &txn), err);
    enum kv_result rc = read_record(v->catalog, txn, sequence->id, KV_READ_SNAPSHOT, out, &found);
    kv_abort(txn);
    TRY_KV(NULL, rc, err);
    return 0;
}

int cat_sequence_peek(struct cat_view *v, const struct cat_table *sequence, int64_t *last_value, bool *is_called,
                      struct err *err)
{
    struct sequence_block *b = lock_block(v->catalog, sequence->id);
    struct sequence_record r = {b->last, b->called};
    int rc = 0;
    if (!b->valid) {
        r = (struct sequence_record){sequence->sequence.start, false};
        rc = peek_stored(v, sequence, &r, err);
    }
    pthread_mutex_unlock(&b->mutex);
    *last_value = r.value;
    *is_called = r.called;
    return rc;
}

static void write_back(struct catalog *c)
{
    struct map_entry *m;
    struct kv_txn *txn;
    uint64_t version;
    bool any = false;
    if (kv_failure(c->kv) != NULL || kv_begin(c->kv, &(struct kv_begin_options){0}, &txn) != KV_OK)
        return;
    for (size_t it = 0; (m = map_next(&c->sequences, &it)) != NULL;) {
        struct sequence_block *b = m->value;
        if (!b->valid || b->last == b->reserved)
            continue;
        if (write_record(c, txn, b->id, b->last, b->called) != KV_OK) {
            kv_abort(txn);
            return;
        }
        any = true;
    }
    if (!any)
        kv_abort(txn);
    else if (kv_commit(txn, &version) != KV_OK)
        log_warning("sequences: unused values were not given back");
}

// The block's unused values become part of the record again. Failures leave a gap.
static void give_back(struct catalog *c, struct sequence_block *b)
{
    struct kv_txn *txn;
    uint64_t version;
    if (!b->valid || b->last == b->reserved || kv_begin(c->kv, &(struct kv_begin_options){0}, &txn) != KV_OK)
        return;
    if (write_record(c, txn, b->id, b->last, b->called) != KV_OK)
        kv_abort(txn);
    else if (kv_commit(txn, &version) != KV_OK)
        log_warning("sequences: unused values were not given back");
}

void cat_sequences_forget(struct catalog *c, bool keep)
{
    struct map_entry *m;
    pthread_mutex_lock(&c->sequences_mutex);
    for (size_t it = 0; (m = map_next(&c->sequences, &it)) != NULL;) {
        struct sequence_block *b = m->value;
        pthread_mutex_lock(&b->mutex);
        if (keep)
            give_back(c, b);
        b->valid = false;
        pthread_mutex_unlock(&b->mutex);
    }
    pthread_mutex_unlock(&c->sequences_mutex);
}

void sequences_release(struct catalog *c)
{
    struct map_entry *m;
    write_back(c);
    for (size_t it = 0; (m = map_next(&c->sequences, &it)) != NULL;) {
        struct sequence_block *b = m->value;
        pthread_mutex_destroy(&b->mutex);
        mem_free(b);
    }
    map_release(&c->sequences);
}

// ---- ids

int cat_new_id(struct cat_view *v, uint32_t *out, struct err *err)
{
    const struct cat_sequence s = {.increment = 1, .min = 1, .max = INT32_MAX, .start = CAT_ID_FIRST_USER};
    int64_t id;
    TRY(sequence_take(v->catalog, SYSTEM_DESCRIPTOR_ID_SEQUENCE, &s, STR("descriptor_id_seq"), &id, err));
    // PostgreSQL's own objects are below 16384; virtual relations have some of their numbers.
    *out = (uint32_t)(id < IDS_OF_POSTGRES ? id : id - IDS_OF_POSTGRES + IDS_AFTER_POSTGRES);
    return 0;
}

int cat_new_type_id(struct cat_view *v, uint32_t *out, struct err *err)
{
    uint32_t next;
    TRY(cat_new_id(v, &next, err));
    do {
        *out = next;
        TRY(cat_new_id(v, &next, err));
    } while (next != *out + 1);
    return 0;
}

int cat_new_role_id(struct cat_view *v, uint32_t *out, struct err *err)
{
    const struct cat_sequence s = {.increment = 1, .min = 1, .max = INT32_MAX, .start = ROLE_ID_FIRST};
    int64_t id;
    TRY(sequence_take(v->catalog, ROLE_ID_SEQUENCE, &s, STR("role_id_seq"), &id, err));
    *out = (uint32_t)id;
    return 0;
}

int64_t cat_unique_rowid(void)
{
    static _Atomic int64_t last_ticks; // relaxed: only uniqueness matters
    int64_t now = clock_wall_ns() / 10000, last = atomic_load_explicit(&last_ticks, memory_order_relaxed), next;
    do {
        next = now > last ? now : last + 1;
    } while (
        !atomic_compare_exchange_weak_explicit(&last_ticks, &last, next, memory_order_relaxed, memory_order_relaxed));
    return (next & (INT64_MAX >> 15)) << 15 | NODE_ID;
}
