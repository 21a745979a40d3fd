// Ranks of documents, by PostgreSQL's formulas and in its precision, so that the same numbers come out.
//
// ts_rank: for OR the weighted count of occurrences, for AND how near occurrences of different lexemes are.
// ts_rank_cd: cover density (Clarke, Cormack and Tudhope, "Relevance Ranking for One to Three Term Queries"): the
// shortest runs of words that satisfy the query, each weighed by its density.
#include "sql/functions/textsearch_int.h"
#include "types/array.h"
#include <math.h>
#include <stdlib.h>

enum {
    NORM_LOG_LENGTH = 1,
    NORM_LENGTH = 2,
    NORM_DISTANCE = 4,
    NORM_UNIQUE = 8,
    NORM_LOG_UNIQUE = 16,
    NORM_SELF = 32,
};

struct ranking {
    struct arena *arena;
    struct ts_vector vector;
    struct ts_node *query;
    float weights[4]; // by ts_weight: D, C, B, A
    int64_t norms;
};

static const float default_weights[] = {0.1f, 0.2f, 0.4f, 1.0f};

static int open_ranking(struct eval_context *ec, const struct datum *args, int n_args, bool weighted, struct ranking *r,
                        struct err *err)
{
    int at = weighted;
    *r = (struct ranking){.arena = ec->arena,
                          .vector = ts_vector_open(args[at].s),
                          .query = ts_query_open(ec->arena, args[at + 1].s),
                          .norms = n_args > at + 2 ? args[at + 2].i : 0};
    memcpy(r->weights, default_weights, sizeof(default_weights));
    if (!weighted)
        return 0;
    struct array given = array_open(fn_arg_type(ec, 0), args[0].s);
    if (given.count < 4)
        return err_set(err, ERR_ARRAY_SUBSCRIPT_ERROR, "array of weight is too short");
    for (uint32_t i = 0; i < 4; i++) {
        struct datum w = array_get(&given, i);
        if (w.null)
            return err_set(err, ERR_NULL_VALUE_NOT_ALLOWED, "array of weight must not contain nulls");
        if (w.f >= 0)
            r->weights[i] = (float)w.f;
        if (r->weights[i] > 1.0f)
            return err_set(err, ERR_INVALID_PARAMETER_VALUE, "weight out of range");
    }
    return 0;
}

static int64_t count_places(const struct ts_vector *v)
{
    int64_t n = 0;
    for (uint32_t i = 0; i < v->count; i++)
        n += MAX(ts_vector_get(v, i).n_places, 1u);
    return n;
}

// ---- the lexemes of a query, in the order of the encoding; sorted, each once, the first of its word

struct value {
    const struct ts_node *node;
    size_t order;
};
struct values {
    ARENA_VEC(struct value) v;
};

static void collect_values(struct arena *a, const struct ts_node *n, struct values *out)
{
    if (n == NULL)
        return;
    if (n->kind == TS_VALUE) {
        struct value v = {n, out->v.len};
        ARENA_PUSH(a, &out->v, v);
    }
    collect_values(a, n->right, out);
    collect_values(a, n->left, out);
}

static int compare_values(const void *x, const void *y)
{
    const struct value *a = x, *b = y;
    int c = str_cmp(a->node->word, b->node->word);
    return c != 0 ? c : (a->order > b->order) - (a->order < b->order);
}

static struct values values_of(struct arena *a, const struct ts_node *query)
{
    struct values all = {0};
    size_t kept = 0;
    collect_values(a, query, &all);
    if (all.v.len > 1)
        qsort(all.v.ptr, all.v.len, sizeof(all.v.ptr[0]), compare_values);
    for (size_t i = 0; i < all.v.len; i++) {
        if (kept == 0 || !str_eq(all.v.ptr[kept - 1].node->word, all.v.ptr[i].node->word))
            all.v.ptr[kept++] = all.v.ptr[i];
    }
    all.v.len = kept;
    return all;
}

// ---- ts_rank

// An entry's places; one of weight D for an entry without.
struct occurrences {
    struct ts_entry entry;
    bool unknown;
    uint32_t n;
};

static struct occurrences occurrences_of(const struct ts_entry *e)
{
    return (struct occurrences){*e, e->n_places == 0, MAX(e->n_places, 1u)};
}
static uint16_t occurrence(const struct occurrences *o, uint32_t i)
{
    return o->unknown ? ts_place(TS_POSITION_MAX - 1, 0) : ts_entry_place(&o->entry, i);
}

// The entries for a value: *at and on while true is returned.
static bool next_entry(const struct ranking *r, const struct ts_node *value, uint32_t *at, struct occurrences *out)
{
    if (*at >= r->vector.count)
        return false;
    struct ts_entry e = ts_vector_get(&r->vector, (*at)++);
    *out = occurrences_of(&e);
    return ts_value_is(value, e.word);
}

static float distance_weight(uint32_t distance)
{
    if (distance > 100)
        return 1e-30f;
    return (float)(1.0 / (1.005 + 0.05 * exp((double)((float)distance) / 1.5 - 2)));
}

static void rank_pair(const struct ranking *r, const struct occurrences *a, const struct occurrences *b, float *rank)
{
    for (uint32_t i = 0; i < a->n; i++) {
        for (uint32_t k = 0; k < b->n; k++) {
            uint16_t x = occurrence(a, i), y = occurrence(b, k);
            uint32_t distance = (uint32_t)abs((int)ts_position(x) - (int)ts_position(y));
            if (distance == 0 && !a->unknown && !b->unknown)
                continue;
            if (distance == 0)
                distance = TS_POSITION_MAX + 1;
            float one =
                (float)sqrt((double)(r->weights[ts_weight(x)] * r->weights[ts_weight(y)] * distance_weight(distance)));
            *rank = *rank < 0 ? one : (float)(1.0 - (1.0 - (double)*rank) * (1.0 - (double)one));
        }
    }
}

static float rank_or(const struct ranking *r, const struct values *values)
{
    float rank = 0;
    for (size_t i = 0; i < values->v.len; i++) {
        struct occurrences o;
        uint32_t at = ts_vector_lower_bound(&r->vector, values->v.ptr[i].node->word);
        while (next_entry(r, values->v.ptr[i].node, &at, &o)) {
            float sum = 0, heaviest = -1;
            uint32_t best = 0;
            for (uint32_t k = 0; k < o.n; k++) {
                float w = r->weights[ts_weight(occurrence(&o, k))];
                sum += w / (float)((k + 1) * (k + 1));
                if (w > heaviest) {
                    heaviest = w;
                    best = k;
                }
            }
            float square = (float)((best + 1) * (best + 1));
            rank = (float)((double)rank + (double)(heaviest + sum - heaviest / square) / 1.64493406685);
        }
    }
    return values->v.len > 0 ? rank / (float)values->v.len : rank;
}

static float rank_and(const struct ranking *r, const struct values *values)
{
    struct occurrences *last = ARENA_ARRAY(r->arena, struct occurrences, values->v.len);
    float rank = -1;
    if (values->v.len < 2)
        return rank_or(r, values);
    for (size_t i = 0; i < values->v.len; i++) {
        struct occurrences o;
        uint32_t at = ts_vector_lower_bound(&r->vector, values->v.ptr[i].node->word);
        while (next_entry(r, values->v.ptr[i].node, &at, &o)) {
            last[i] = o;
            for (size_t k = 0; k < i; k++) {
                if (last[k].n > 0)
                    rank_pair(r, &o, &last[k], &rank);
            }
        }
    }
    return rank;
}

static int rank_with(struct eval_context *ec, const struct datum *args, int n_args, bool weighted, struct datum *out,
                     struct err *err)
{
    struct ranking r;
    TRY(open_ranking(ec, args, n_args, weighted, &r, err));
    if (r.vector.count == 0 || r.query == NULL)
        return fn_return_float(out, 0);
    struct values values = values_of(ec->arena, r.query);
    bool together = r.query->kind == TS_AND || r.query->kind == TS_PHRASE;
    float rank = together ? rank_and(&r, &values) : rank_or(&r, &values);
    int64_t places = count_places(&r.vector);
    if (rank < 0)
        rank = 1e-20f;
    if ((r.norms & NORM_LOG_LENGTH) != 0)
        rank = (float)((double)rank / (log((double)places + 1) / log(2.0)));
    if ((r.norms & NORM_LENGTH) != 0)
        rank /= (float)places;
    if ((r.norms & NORM_UNIQUE) != 0)
        rank /= (float)r.vector.count;
    if ((r.norms & NORM_LOG_UNIQUE) != 0)
        rank = (float)((double)rank / (log((double)r.vector.count + 1) / log(2.0)));
    if ((r.norms & NORM_SELF) != 0)
        rank /= rank + 1;
    return fn_return_float(out, (double)rank);
}

BODY(rank)
{
    return rank_with(ec, args, n_args, false, out, err);
}
BODY(rank_weighted)
{
    return rank_with(ec, args, n_args, true, out, err);
}

// ---- ts_rank_cd

// Where the document has a lexeme of the query, with all values that it answers.
struct spot {
    uint16_t place;
    uint32_t first, n; // in cover.hits
};
struct hit {
    uint16_t place;
    uint32_t entry; // of the document
    uint32_t value;
};
struct cover {
    struct ts_matcher base;
    const struct values *values; // of the query, those that differ in weights or prefix apart
    ARENA_VEC(struct hit) hits;
    ARENA_VEC(struct spot) spots;
    struct ts_places *seen; // per value: positions within the run looked at
    size_t from;            // next run begins at this spot or later
    size_t begin, end;      // spots of the run found
};

static int compare_hits(const void *x, const void *y)
{
    const struct hit *a = x, *b = y;
    uint32_t p = ts_position(a->place), q = ts_position(b->place);
    if (p != q)
        return p < q ? -1 : 1;
    if (a->place != b->place)
        return a->place < b->place ? -1 : 1;
    if (a->entry != b->entry)
        return a->entry < b->entry ? -1 : 1;
    return (a->value > b->value) - (a->value < b->value);
}

static void find_hits(struct cover *c, const struct ranking *r, uint32_t value)
{
    const struct ts_node *n = c->values->v.ptr[value].node;
    struct occurrences o;
    uint32_t at = ts_vector_lower_bound(&r->vector, n->word);
    while (next_entry(r, n, &at, &o)) {
        for (uint32_t k = 0; k < o.n && !o.unknown; k++) {
            struct hit h = {occurrence(&o, k), at, value};
            if (n->weights == 0 || (n->weights >> ts_weight(h.place) & 1))
                ARENA_PUSH(r->arena, &c->hits, h);
        }
    }
}

static void open_cover(struct cover *c, const struct ranking *r)
{
    for (uint32_t i = 0; i < c->values->v.len; i++)
        find_hits(c, r, i);
    if (c->hits.len > 1)
        qsort(c->hits.ptr, c->hits.len, sizeof(struct hit), compare_hits);
    for (uint32_t i = 0; i < c->hits.len; i++) {
        struct spot *last = c->spots.len > 0 ? &c->spots.ptr[c->spots.len - 1] : NULL;
        const struct hit *h = &c->hits.ptr[i];
        if (last != NULL && last->place == h->place && c->hits.ptr[last->first].entry == h->entry) {
            last->n++;
            continue;
        }
        struct spot s = {h->place, i, 1};
        ARENA_PUSH(r->arena, &c->spots, s);
    }
    c->seen = ARENA_ARRAY(r->arena, struct ts_places, c->values->v.len);
}

static enum ts_answer find_seen(struct ts_matcher *m, const struct ts_node *value, struct ts_places *out)
{
    const struct cover *c = (const struct cover *)m;
    size_t i = 0;
    while (c->values->v.ptr[i].node != value)
        i++;
    if (c->seen[i].v.len == 0)
        return TS_NO;
    for (size_t k = 0; out != NULL && k < c->seen[i].v.len; k++)
        ARENA_PUSH(m->arena, &out->v, c->seen[i].v.ptr[k]);
    return TS_YES;
}

// Adds a spot to what is seen, before or behind it.
static void see(struct cover *c, const struct spot *s, bool before)
{
    for (uint32_t i = 0; i < s->n; i++) {
        struct ts_places *p = &c->seen[c->hits.ptr[s->first + i].value];
        uint16_t position = (uint16_t)ts_position(s->place);
        if (p->v.len > 0 && p->v.ptr[before ? 0 : p->v.len - 1] == position)
            continue;
        ARENA_PUSH(c->base.arena, &p->v, position);
        if (before) {
            memmove(p->v.ptr + 1, p->v.ptr, (p->v.len - 1) * sizeof(p->v.ptr[0]));
            p->v.ptr[0] = position;
        }
    }
}

static void see_nothing(struct cover *c)
{
    for (size_t i = 0; i < c->values->v.len; i++)
        c->seen[i].v.len = 0;
}

// The next shortest run: forward until the query is satisfied, then back from there.
static bool next_run(struct cover *c, const struct ts_node *query)
{
    for (; c->from < c->spots.len; c->from++) {
        see_nothing(c);
        for (c->end = c->from; c->end < c->spots.len; c->end++) {
            see(c, &c->spots.ptr[c->end], false);
            if (ts_matches(&c->base, query))
                break;
        }
        if (c->end == c->spots.len)
            return false;
        see_nothing(c);
        for (size_t i = c->end + 1; i-- > c->from;) {
            see(c, &c->spots.ptr[i], true);
            if (!ts_matches(&c->base, query))
                continue;
            c->begin = i;
            c->from = i + 1;
            return true;
        }
    }
    return false;
}

static double density(const struct cover *c, const double *inverse)
{
    double sum = 0;
    for (size_t i = c->begin; i <= c->end; i++)
        sum += inverse[ts_weight(c->spots.ptr[i].place)];
    int between = (int)(c->end - c->begin);
    int noise = (int)ts_position(c->spots.ptr[c->end].place) - (int)ts_position(c->spots.ptr[c->begin].place) - between;
    if (noise < 0) // positions end at TS_POSITION_MAX
        noise = between / 2;
    return (double)(between + 1) / sum / (double)(1 + noise);
}

static double sum_of_runs(struct cover *c, const struct ranking *r)
{
    double rank = 0, distances = 0, before = 0, inverse[4];
    int64_t runs = 0;
    for (size_t i = 0; i < 4; i++)
        inverse[i] = 1.0 / (double)r->weights[i];
    for (; next_run(c, r->query); runs++) {
        rank += density(c, inverse);
        double middle =
            (double)(ts_position(c->spots.ptr[c->begin].place) + ts_position(c->spots.ptr[c->end].place)) / 2.0;
        if (runs > 0 && middle > before)
            distances += 1.0 / (middle - before);
        before = middle;
    }
    if ((r->norms & NORM_DISTANCE) != 0 && distances > 0)
        rank /= (double)runs / distances;
    return rank;
}

static int rank_cover_with(struct eval_context *ec, const struct datum *args, int n_args, bool weighted,
                           struct datum *out, struct err *err)
{
    struct ranking r;
    struct values values = {0};
    struct cover c = {.base = {ec->arena, find_seen}, .values = &values};
    TRY(open_ranking(ec, args, n_args, weighted, &r, err));
    collect_values(ec->arena, r.query, &values);
    open_cover(&c, &r);
    if (c.spots.len == 0)
        return fn_return_float(out, 0);
    double rank = sum_of_runs(&c, &r), places = (double)count_places(&r.vector), words = (double)r.vector.count;
    if ((r.norms & NORM_LOG_LENGTH) != 0)
        rank /= log(places + 1);
    if ((r.norms & NORM_LENGTH) != 0)
        rank /= places;
    if ((r.norms & NORM_UNIQUE) != 0)
        rank /= words;
    if ((r.norms & NORM_LOG_UNIQUE) != 0)
        rank /= log(words + 1) / log(2.0);
    if ((r.norms & NORM_SELF) != 0)
        rank /= rank + 1;
    return fn_return_float(out, (double)(float)rank);
}

BODY(rank_cover)
{
    return rank_cover_with(ec, args, n_args, false, out, err);
}
BODY(rank_cover_weighted)
{
    return rank_cover_with(ec, args, n_args, true, out, err);
}

static const struct fn_row rows[] = {
#include "sql/functions/textsearch_rank.def"
};
const struct fn_family fn_family_textsearch_rank = {"FULL TEXT SEARCH", rows, ARRAY_LEN(rows)};
