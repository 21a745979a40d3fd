// Whether a document is what a TSQUERY looks for. Outside of phrases a word occurs or not; inside, operands give the
// positions where they end, and the operators combine lists of positions.
#include "types/tsquery.h"

// ---- phrases

enum { BOTH = 1, LEFT_ONLY = 2, RIGHT_ONLY = 4 };

// Positions of two lists after adding their offsets: in both, in one alone.
static void merge(struct arena *a, const struct ts_places *l, uint32_t l_add, const struct ts_places *r, uint32_t r_add,
                  int keep, struct ts_places *out)
{
    size_t i = 0, k = 0;
    while (i < l->v.len || k < r->v.len) {
        uint32_t x = i < l->v.len ? l->v.ptr[i] + l_add : UINT32_MAX,
                 y = k < r->v.len ? r->v.ptr[k] + r_add : UINT32_MAX;
        int which = x == y ? BOTH : x < y ? LEFT_ONLY : RIGHT_ONLY;
        i += x <= y;
        k += y <= x;
        if ((keep & which) != 0 && MIN(x, y) <= UINT16_MAX)
            ARENA_PUSH(a, &out->v, (uint16_t)MIN(x, y));
    }
}

static enum ts_answer found(const struct ts_places *p)
{
    return p->negate || p->v.len > 0 ? TS_YES : TS_NO;
}

static enum ts_answer phrase(struct ts_matcher *m, const struct ts_node *n, struct ts_places *out);

// "Nowhere" becomes "everywhere but nowhere" and the other way round.
static enum ts_answer phrase_not(struct ts_matcher *m, const struct ts_node *n, struct ts_places *out)
{
    enum ts_answer answer = phrase(m, n->right, out);
    if (answer == TS_MAYBE)
        return TS_MAYBE;
    if (answer == TS_NO)
        out->v.len = 0;
    out->negate = answer == TS_NO || !out->negate;
    return found(out);
}

static enum ts_answer phrase_and(struct ts_matcher *m, const struct ts_node *n, struct ts_places *out)
{
    struct ts_places l = {0}, r = {0};
    enum ts_answer left = phrase(m, n->left, &l);
    if (left == TS_NO)
        return TS_NO;
    enum ts_answer right = phrase(m, n->right, &r);
    if (right == TS_NO)
        return TS_NO;
    if (left == TS_MAYBE || right == TS_MAYBE)
        return TS_MAYBE;
    uint32_t widest = MAX(l.width, r.width), l_add = widest - l.width, r_add = widest - r.width;
    out->width = widest;
    if (n->kind == TS_PHRASE) {
        l_add = n->distance + r.width;
        r_add = 0;
        out->width = n->distance + l.width + r.width;
    }
    out->negate = l.negate && r.negate;
    int keep = out->negate ? BOTH | LEFT_ONLY | RIGHT_ONLY : l.negate ? RIGHT_ONLY : r.negate ? LEFT_ONLY : BOTH;
    merge(m->arena, &l, l_add, &r, r_add, keep, out);
    return found(out);
}

static enum ts_answer phrase_or(struct ts_matcher *m, const struct ts_node *n, struct ts_places *out)
{
    struct ts_places l = {0}, r = {0};
    enum ts_answer left = phrase(m, n->left, &l), right = phrase(m, n->right, &r);
    if (left == TS_NO && right == TS_NO)
        return TS_NO;
    if (left == TS_MAYBE || right == TS_MAYBE)
        return TS_MAYBE;
    if (left == TS_NO)
        l = (struct ts_places){0};
    if (right == TS_NO)
        r = (struct ts_places){0};
    out->width = MAX(l.width, r.width);
    out->negate = l.negate || r.negate;
    int keep = l.negate && r.negate ? BOTH
               : l.negate           ? LEFT_ONLY
               : r.negate           ? RIGHT_ONLY
                                    : BOTH | LEFT_ONLY | RIGHT_ONLY;
    merge(m->arena, &l, out->width - l.width, &r, out->width - r.width, keep, out);
    return found(out);
}

static enum ts_answer phrase(struct ts_matcher *m, const struct ts_node *n, struct ts_places *out)
{
    switch ((enum ts_kind)n->kind) {
    case TS_NOT:
        return phrase_not(m, n, out);
    case TS_AND:
    case TS_PHRASE:
        return phrase_and(m, n, out);
    case TS_OR:
        return phrase_or(m, n, out);
    case TS_VALUE:
        return m->find(m, n, out);
    case TS_STOP:
        break;
    }
    return TS_NO;
}

// ---- the rest

bool ts_matches(struct ts_matcher *m, const struct ts_node *n)
{
    struct ts_places places = {0};
    if (n == NULL)
        return false;
    switch ((enum ts_kind)n->kind) {
    case TS_NOT:
        return !ts_matches(m, n->right);
    case TS_AND:
        return ts_matches(m, n->left) && ts_matches(m, n->right);
    case TS_OR:
        return ts_matches(m, n->left) || ts_matches(m, n->right);
    case TS_PHRASE:
        return phrase(m, n, &places) == TS_YES;
    case TS_VALUE:
        return m->find(m, n, NULL) != TS_NO;
    case TS_STOP:
        break;
    }
    return false;
}

struct vector_matcher {
    struct ts_matcher base;
    struct ts_vector vector;
};

// Places of one entry that have one of the weights asked for; an entry without places has any weight.
static enum ts_answer find_entry(struct ts_matcher *m, const struct ts_node *value, const struct ts_entry *e,
                                 struct ts_places *out)
{
    enum ts_answer answer = TS_NO;
    if (e->n_places == 0)
        return out != NULL ? TS_MAYBE : TS_YES;
    if (out == NULL && value->weights == 0)
        return TS_YES;
    for (uint32_t i = 0; i < e->n_places; i++) {
        uint16_t place = ts_entry_place(e, i);
        if (value->weights != 0 && !(value->weights >> ts_weight(place) & 1))
            continue;
        answer = TS_YES;
        if (out == NULL)
            break;
        ARENA_PUSH(m->arena, &out->v, (uint16_t)ts_position(place));
    }
    return answer;
}

static void sort_places(struct ts_places *p)
{
    size_t kept = 0;
    for (size_t i = 1; i < p->v.len; i++) { // a few short ascending runs
        uint16_t x = p->v.ptr[i];
        size_t k = i;
        for (; k > 0 && p->v.ptr[k - 1] > x; k--)
            p->v.ptr[k] = p->v.ptr[k - 1];
        p->v.ptr[k] = x;
    }
    for (size_t i = 0; i < p->v.len; i++) {
        if (kept == 0 || p->v.ptr[kept - 1] != p->v.ptr[i])
            p->v.ptr[kept++] = p->v.ptr[i];
    }
    p->v.len = kept;
}

static enum ts_answer find_value(struct ts_matcher *m, const struct ts_node *value, struct ts_places *out)
{
    const struct ts_vector *v = &((struct vector_matcher *)m)->vector;
    enum ts_answer answer = TS_NO;
    uint32_t entries = 0;
    for (uint32_t i = ts_vector_lower_bound(v, value->word); i < v->count; i++, entries++) {
        struct ts_entry e = ts_vector_get(v, i);
        if (!ts_value_is(value, e.word))
            break;
        enum ts_answer one = find_entry(m, value, &e, out);
        answer = MAX(answer, one);
        if (answer == (out != NULL ? TS_MAYBE : TS_YES))
            return answer;
    }
    if (out != NULL && entries > 1)
        sort_places(out);
    return answer;
}

bool ts_vector_matches(struct arena *a, struct str vector, struct str query)
{
    struct vector_matcher m = {{a, find_value}, ts_vector_open(vector)};
    return ts_matches(&m.base, ts_query_open(a, query));
}
