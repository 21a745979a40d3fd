#include "server/series.h"
#include "base/util.h"
#include "keys/encoding.h"

#include <pthread.h>

enum { FINE_SAMPLES = 360, COARSE_SAMPLES = 1008, FIRST_SAMPLES = 16, LOOKED_SECONDS = 60, ENCODING_VERSION = 1 };
static const int64_t second_ns = 1000000000;

// The last `cap_max` samples.
struct ring {
    size_t cap_max;
    size_t cap, n, next; // before it is full, next is n
    int64_t *at_s;       // cap of them
    uint64_t *values;    // cap rows
};

struct series {
    struct series_options options;
    pthread_mutex_t lock; // guards all below; a leaf but for what `sample` takes
    struct ring rings[SERIES_RINGS];
    uint64_t *now_values;
    int64_t sampled_ns, coarse_ns, looked_ns; // monotonic; 0: never
    uint64_t activity;
};

struct series *series_new(const struct series_options *options)
{
    struct series *s = mem_zalloc(sizeof(*s));
    s->options = *options;
    s->rings[SERIES_FINE].cap_max = FINE_SAMPLES;
    s->rings[SERIES_COARSE].cap_max = COARSE_SAMPLES;
    s->now_values = mem_alloc(options->n * sizeof(*s->now_values));
    pthread_mutex_init(&s->lock, NULL);
    return s;
}

static void ring_release(struct ring *r)
{
    mem_free(r->at_s);
    mem_free(r->values);
}

void series_free(struct series *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < SERIES_RINGS; i++)
        ring_release(&s->rings[i]);
    mem_free(s->now_values);
    pthread_mutex_destroy(&s->lock);
    mem_free(s);
}

// ---- sampling. Under the lock.

static void ring_add(struct ring *r, int64_t at_s, const uint64_t *values, size_t n)
{
    if (r->n == r->cap && r->cap < r->cap_max) {
        r->cap = MIN(MAX(r->cap * 2, (size_t)FIRST_SAMPLES), r->cap_max);
        r->at_s = mem_realloc(r->at_s, r->cap * sizeof(*r->at_s));
        r->values = mem_realloc(r->values, r->cap * n * sizeof(*r->values));
        r->next = r->n;
    }
    r->at_s[r->next] = at_s;
    memcpy(r->values + r->next * n, values, n * sizeof(*values));
    r->next = (r->next + 1) % r->cap;
    r->n = MIN(r->n + 1, r->cap);
}

struct taken {
    bool any, is_coarse;
    int64_t at_s;
};

static struct taken sample(struct series *s, int64_t now)
{
    struct taken t = {.any = true, .at_s = clock_wall_ns() / second_ns};
    s->options.sample(s->options.arg, s->now_values);
    ring_add(&s->rings[SERIES_FINE], t.at_s, s->now_values, s->options.n);
    if (s->coarse_ns == 0 || now - s->coarse_ns >= SERIES_COARSE_SECONDS * second_ns) {
        ring_add(&s->rings[SERIES_COARSE], t.at_s, s->now_values, s->options.n);
        s->coarse_ns = now;
        t.is_coarse = true;
    }
    s->sampled_ns = now;
    return t;
}

// Without the lock.
static void tell(struct series *s, const struct taken *t)
{
    if (t->any && s->options.sampled != NULL)
        s->options.sampled(s->options.arg, t->at_s, t->is_coarse);
}

static bool is_due(const struct series *s, int64_t now)
{
    return s->sampled_ns == 0 || now - s->sampled_ns >= SERIES_FINE_SECONDS * second_ns;
}

int64_t series_tick(struct series *s, int64_t now)
{
    struct taken taken = {0};
    pthread_mutex_lock(&s->lock);
    int64_t next = s->sampled_ns + SERIES_FINE_SECONDS * second_ns;
    if (is_due(s, now)) {
        uint64_t activity = s->options.activity(s->options.arg);
        bool looked = s->looked_ns != 0 && now - s->looked_ns < LOOKED_SECONDS * second_ns;
        bool moved = activity != s->activity || s->sampled_ns == 0;
        s->activity = activity;
        taken = sample(s, now);
        next = moved || looked ? now + SERIES_FINE_SECONDS * second_ns : INT64_MAX;
    }
    pthread_mutex_unlock(&s->lock);
    tell(s, &taken);
    return next;
}

void series_look(struct series *s)
{
    int64_t now = clock_mono_ns();
    struct taken taken = {0};
    pthread_mutex_lock(&s->lock);
    s->looked_ns = now;
    if (is_due(s, now))
        taken = sample(s, now);
    pthread_mutex_unlock(&s->lock);
    tell(s, &taken);
}

void series_add(struct series *s, enum series_ring ring, int64_t at_s, const uint64_t *values)
{
    pthread_mutex_lock(&s->lock);
    ring_add(&s->rings[ring], at_s, values, s->options.n);
    pthread_mutex_unlock(&s->lock);
}

// ---- as bytes: version, names, then for each sample the differences to the one before

static size_t oldest(const struct ring *r, size_t i)
{
    return (r->next + r->cap - r->n + i) % r->cap;
}

static uint64_t zigzag(uint64_t difference)
{
    return difference << 1 ^ (uint64_t)((int64_t)difference >> 63);
}

static uint64_t unzigzag(uint64_t v)
{
    return v >> 1 ^ -(v & 1);
}

void series_encode(struct series *s, enum series_ring ring, struct buf *out)
{
    const struct ring *r = &s->rings[ring];
    size_t n = s->options.n;
    pthread_mutex_lock(&s->lock);
    key_put_uvarint(out, ENCODING_VERSION);
    key_put_uvarint(out, n);
    for (size_t i = 0; i < n; i++) {
        key_put_uvarint(out, strlen(s->options.infos[i].name));
        buf_cstr(out, s->options.infos[i].name);
    }
    key_put_uvarint(out, r->n);
    for (size_t k = 0; k < r->n; k++) {
        size_t at = oldest(r, k), before = k > 0 ? oldest(r, k - 1) : 0;
        key_put_uvarint(out, zigzag((uint64_t)(r->at_s[at] - (k > 0 ? r->at_s[before] : 0))));
        for (size_t i = 0; i < n; i++)
            key_put_uvarint(out, zigzag(r->values[at * n + i] - (k > 0 ? r->values[before * n + i] : 0)));
    }
    pthread_mutex_unlock(&s->lock);
}

enum { ENCODED_METRICS_MAX = 1000 };

// Where each of the writer's metrics goes; SIZE_MAX: nowhere.
static bool decode_names(const struct series *s, struct key_reader *in, size_t *columns, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        uint64_t len;
        if (!key_get_uvarint(in, &len) || len > key_reader_left(in))
            return false;
        struct str name = {(const char *)in->at, (size_t)len};
        in->at += len;
        columns[i] = SIZE_MAX;
        for (size_t k = 0; k < s->options.n; k++)
            if (str_eqc(name, s->options.infos[k].name))
                columns[i] = k;
    }
    return true;
}

// Adds the samples; `written` and `values` are zero.
static bool decode_samples(struct series *s, struct ring *r, struct key_reader *in, const size_t *columns, uint64_t n,
                           uint64_t *written, uint64_t *values)
{
    uint64_t count, v, at_s = 0;
    if (!key_get_uvarint(in, &count) || count > r->cap_max)
        return false;
    for (uint64_t k = 0; k < count; k++) {
        if (!key_get_uvarint(in, &v))
            return false;
        at_s += unzigzag(v);
        for (uint64_t i = 0; i < n; i++) {
            if (!key_get_uvarint(in, &v))
                return false;
            written[i] += unzigzag(v);
            if (columns[i] != SIZE_MAX)
                values[columns[i]] = written[i];
        }
        ring_add(r, (int64_t)at_s, values, s->options.n);
    }
    return true;
}

bool series_decode(struct series *s, enum series_ring ring, struct str bytes)
{
    struct key_reader in = key_reader(bytes);
    struct arena a;
    uint64_t version, n;
    if (!key_get_uvarint(&in, &version) || version != ENCODING_VERSION || !key_get_uvarint(&in, &n) ||
        n > ENCODED_METRICS_MAX)
        return false;
    arena_init(&a, NULL);
    size_t *columns = ARENA_ARRAY(&a, size_t, n);
    uint64_t *written = arena_zalloc(&a, (size_t)n * sizeof(*written));
    uint64_t *values = arena_zalloc(&a, s->options.n * sizeof(*values));
    pthread_mutex_lock(&s->lock);
    bool good =
        decode_names(s, &in, columns, n) && decode_samples(s, &s->rings[ring], &in, columns, n, written, values);
    if (!good)
        s->rings[ring].n = s->rings[ring].next = 0;
    pthread_mutex_unlock(&s->lock);
    arena_release(&a);
    return good;
}

// ---- reading

size_t series_count(const struct series *s)
{
    return s->options.n;
}

const struct series_info *series_info(const struct series *s, size_t i)
{
    return &s->options.infos[i];
}

struct points {
    ARENA_VEC(struct series_point) v;
};

// Those of the ring in [from, to).
static void collect(const struct series *s, const struct ring *r, size_t i, int64_t from_s, int64_t to_s,
                    struct arena *a, struct points *out)
{
    for (size_t k = 0; k < r->n; k++) {
        size_t at = oldest(r, k);
        if (r->at_s[at] < from_s || r->at_s[at] >= to_s)
            continue;
        struct series_point p = {r->at_s[at], r->values[at * s->options.n + i]};
        ARENA_PUSH(a, &out->v, p);
    }
}

void series_read(struct series *s, struct arena *a, size_t i, int64_t from_s, int64_t to_s, struct series_data *out)
{
    struct points points = {0};
    pthread_mutex_lock(&s->lock);
    const struct ring *f = &s->rings[SERIES_FINE];
    int64_t fine_from_s = f->n > 0 ? f->at_s[oldest(f, 0)] : INT64_MAX;
    int64_t end_s = to_s < INT64_MAX ? to_s + 1 : to_s;
    collect(s, &s->rings[SERIES_COARSE], i, from_s, MIN(fine_from_s, end_s), a, &points);
    collect(s, f, i, from_s, end_s, a, &points);
    pthread_mutex_unlock(&s->lock);
    *out = (struct series_data){&s->options.infos[i], points.v.ptr, points.v.len};
}
