#include "server/series.h"
#include "base/util.h"

#include <pthread.h>

enum { FINE_SECONDS = 10, FINE_SAMPLES = 360, COARSE_SECONDS = 600, COARSE_SAMPLES = 1008, LOOKED_SECONDS = 60 };
static const int64_t second_ns = 1000000000;

// The last `cap` samples.
struct ring {
    size_t cap, n, next;
    int64_t *at_s;    // cap of them
    uint64_t *values; // cap rows
};

struct series {
    struct series_options options;
    pthread_mutex_t lock; // guards all below; a leaf but for what `sample` takes
    struct ring fine, coarse;
    uint64_t *now_values;
    int64_t sampled_ns, coarse_ns, looked_ns; // monotonic; 0: never
    uint64_t activity;
};

struct series *series_new(const struct series_options *options)
{
    struct series *s = mem_zalloc(sizeof(*s));
    s->options = *options;
    s->fine.cap = FINE_SAMPLES;
    s->coarse.cap = COARSE_SAMPLES;
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
    ring_release(&s->fine);
    ring_release(&s->coarse);
    mem_free(s->now_values);
    pthread_mutex_destroy(&s->lock);
    mem_free(s);
}

// ---- sampling. Under the lock.

static void ring_add(struct ring *r, int64_t at_s, const uint64_t *values, size_t n)
{
    if (r->at_s == NULL) {
        r->at_s = mem_alloc(r->cap * sizeof(*r->at_s));
        r->values = mem_alloc(r->cap * n * sizeof(*r->values));
    }
    r->at_s[r->next] = at_s;
    memcpy(r->values + r->next * n, values, n * sizeof(*values));
    r->next = (r->next + 1) % r->cap;
    r->n = MIN(r->n + 1, r->cap);
}

static void sample(struct series *s, int64_t now)
{
    int64_t at_s = clock_wall_ns() / second_ns;
    s->options.sample(s->options.arg, s->now_values);
    ring_add(&s->fine, at_s, s->now_values, s->options.n);
    if (s->coarse_ns == 0 || now - s->coarse_ns >= COARSE_SECONDS * second_ns) {
        ring_add(&s->coarse, at_s, s->now_values, s->options.n);
        s->coarse_ns = now;
    }
    s->sampled_ns = now;
}

static bool is_due(const struct series *s, int64_t now)
{
    return s->sampled_ns == 0 || now - s->sampled_ns >= FINE_SECONDS * second_ns;
}

int64_t series_tick(struct series *s, int64_t now)
{
    pthread_mutex_lock(&s->lock);
    int64_t next = s->sampled_ns + FINE_SECONDS * second_ns;
    if (is_due(s, now)) {
        uint64_t activity = s->options.activity(s->options.arg);
        bool looked = s->looked_ns != 0 && now - s->looked_ns < LOOKED_SECONDS * second_ns;
        bool moved = activity != s->activity || s->sampled_ns == 0;
        s->activity = activity;
        sample(s, now);
        next = moved || looked ? now + FINE_SECONDS * second_ns : INT64_MAX;
    }
    pthread_mutex_unlock(&s->lock);
    return next;
}

void series_look(struct series *s)
{
    int64_t now = clock_mono_ns();
    pthread_mutex_lock(&s->lock);
    s->looked_ns = now;
    if (is_due(s, now))
        sample(s, now);
    pthread_mutex_unlock(&s->lock);
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
        size_t at = (r->next + r->cap - r->n + k) % r->cap;
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
    const struct ring *f = &s->fine;
    int64_t fine_from_s = f->n > 0 ? f->at_s[(f->next + f->cap - f->n) % f->cap] : INT64_MAX;
    int64_t end_s = to_s < INT64_MAX ? to_s + 1 : to_s;
    collect(s, &s->coarse, i, from_s, MIN(fine_from_s, end_s), a, &points);
    collect(s, f, i, from_s, end_s, a, &points);
    pthread_mutex_unlock(&s->lock);
    *out = (struct series_data){&s->options.infos[i], points.v.ptr, points.v.len};
}
