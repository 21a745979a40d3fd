// The checker: final lists give each key's order of appends; ww, wr and rw edges follow from it, real-time edges from
// the clock. Real time needs a node per end of a transaction instead of an edge per pair: transaction -> its end ->
// next end, and the last end before a transaction's begin -> that transaction. Cycles are the strongly connected
// components (Tarjan 1972) of more than one node.
#include "isolation/history.h"

#include "base/util.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REPORTED_MAX = 5 };

enum edge_kind { EDGE_WW, EDGE_WR, EDGE_RW, EDGE_TIME };
static const char *const edge_names[] = {"ww", "wr", "rw", "time"};

struct edge {
    int to;
    enum edge_kind kind;
    int key;
};

struct node {
    ARENA_VEC(struct edge) edges;
    int number, low; // of the search; number 0: not seen
    bool on_stack;
    int component;
};

struct final_list {
    const int *list;
    int n;
};

struct checker {
    const struct history *h;
    struct history_txn *txns; // with what is known in the end
    struct arena arena;
    struct buf *report;
    int violations;
    struct final_list *finals; // by key
    int n_keys;
    int *writers; // by element: transaction, -1: unknown
    int n_elements;
    struct node *nodes; // transactions, then their ends
    int n_nodes;
    int *stack, depth, counter, components;
};

static void violation(struct checker *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void violation(struct checker *c, const char *fmt, ...)
{
    if (c->violations++ >= REPORTED_MAX)
        return;
    char text[256];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    buf_printf(c->report, "%s\n", text);
}

static const struct history_txn *txn_at(const struct checker *c, int i)
{
    return &c->txns[i];
}

static void add_edge(struct checker *c, int from, int to, enum edge_kind kind, int key)
{
    if (from != to)
        ARENA_PUSH(&c->arena, &c->nodes[from].edges, ((struct edge){to, kind, key}));
}

// ---- who wrote what, and what came of it

static void measure(struct checker *c)
{
    for (size_t i = 0; i < c->h->txns.len; i++) {
        const struct history_txn *t = txn_at(c, (int)i);
        for (size_t k = 0; k < t->ops.len; k++) {
            c->n_keys = MAX(c->n_keys, t->ops.ptr[k].key + 1);
            if (t->ops.ptr[k].append)
                c->n_elements = MAX(c->n_elements, t->ops.ptr[k].element + 1);
        }
    }
    c->finals = arena_zalloc(&c->arena, size_mul((size_t)c->n_keys, sizeof(*c->finals)));
    c->writers = ARENA_ARRAY(&c->arena, int, (size_t)c->n_elements);
    memset(c->writers, 0xff, (size_t)c->n_elements * sizeof(int));
    for (size_t i = 0; i < c->h->txns.len; i++) {
        const struct history_txn *t = txn_at(c, (int)i);
        for (size_t k = 0; k < t->ops.len; k++) {
            if (t->ops.ptr[k].append)
                c->writers[t->ops.ptr[k].element] = (int)i;
        }
    }
    const struct history_txn *last = txn_at(c, (int)c->h->txns.len - 1);
    for (size_t k = 0; k < last->ops.len; k++)
        c->finals[last->ops.ptr[k].key] = (struct final_list){last->ops.ptr[k].list, last->ops.ptr[k].n};
}

static int writer(const struct checker *c, int element);

// Of a transaction without an answer the final lists tell whether it took place; until then it may still be going on.
static void settle_unknown(struct checker *c)
{
    for (int key = 0; key < c->n_keys; key++) {
        for (int i = 0; i < c->finals[key].n; i++) {
            int w = writer(c, c->finals[key].list[i]);
            if (w >= 0 && c->txns[w].unknown)
                c->txns[w].committed = true;
        }
    }
    for (size_t i = 0; i < c->h->txns.len; i++) {
        if (c->txns[i].unknown)
            c->txns[i].ended_ns = INT64_MAX;
    }
}

static int writer(const struct checker *c, int element)
{
    return element >= 0 && element < c->n_elements ? c->writers[element] : -1;
}

// Every acknowledged append is in the final list, once, and none of a transaction that was rolled back.
static void check_finals(struct checker *c)
{
    bool *seen = arena_zalloc(&c->arena, (size_t)c->n_elements + 1);
    for (int key = 0; key < c->n_keys; key++) {
        for (int i = 0; i < c->finals[key].n; i++) {
            int e = c->finals[key].list[i], w = writer(c, e);
            if (w < 0 || !txn_at(c, w)->committed)
                violation(c, "key %d ends with %d, which no committed transaction has written", key, e);
            else if (seen[e])
                violation(c, "key %d has %d twice", key, e);
            else
                seen[e] = true;
        }
    }
    for (int e = 0; e < c->n_elements; e++) {
        if (c->writers[e] >= 0 && txn_at(c, c->writers[e])->committed && !seen[e])
            violation(c, "%d of transaction %d is lost", e, c->writers[e]);
    }
}

static bool is_last_append(const struct history_txn *t, int key, int element)
{
    for (size_t k = t->ops.len; k > 0; k--) {
        if (t->ops.ptr[k - 1].append && t->ops.ptr[k - 1].key == key)
            return t->ops.ptr[k - 1].element == element;
    }
    return false;
}

// A read is the beginning of the final list, followed by own appends that may not be there yet.
static void check_read(struct checker *c, int txn, const struct history_op *r)
{
    const struct final_list *f = &c->finals[r->key];
    int n = r->n;
    while (n > 0 && writer(c, r->list[n - 1]) == txn)
        n--;
    for (int i = 0; i < n; i++) {
        if (i >= f->n || f->list[i] != r->list[i]) {
            violation(c, "transaction %d has read %d at %d of key %d, which is not there at the end", txn, r->list[i],
                      i, r->key);
            return;
        }
    }
    int before = n > 0 ? writer(c, r->list[n - 1]) : -1;
    if (before >= 0 && !is_last_append(txn_at(c, before), r->key, r->list[n - 1]))
        violation(c, "transaction %d has read %d of key %d in the middle of transaction %d", txn, r->list[n - 1],
                  r->key, before);
    if (before >= 0)
        add_edge(c, before, txn, EDGE_WR, r->key);
    if (n < f->n && writer(c, f->list[n]) >= 0)
        add_edge(c, txn, writer(c, f->list[n]), EDGE_RW, r->key);
}

static void data_edges(struct checker *c)
{
    for (int key = 0; key < c->n_keys; key++) {
        for (int i = 1; i < c->finals[key].n; i++) {
            int from = writer(c, c->finals[key].list[i - 1]), to = writer(c, c->finals[key].list[i]);
            if (from >= 0 && to >= 0)
                add_edge(c, from, to, EDGE_WW, key);
        }
    }
    for (size_t i = 0; i < c->h->txns.len; i++) {
        const struct history_txn *t = txn_at(c, (int)i);
        for (size_t k = 0; k < t->ops.len && t->committed; k++) {
            if (!t->ops.ptr[k].append)
                check_read(c, (int)i, &t->ops.ptr[k]);
        }
    }
}

// ---- real time

static const struct history_txn *sorting;

static int by_end(const void *a, const void *b)
{
    int64_t x = sorting[*(const int *)a].ended_ns, y = sorting[*(const int *)b].ended_ns;
    return x < y ? -1 : x > y;
}

static void time_edges(struct checker *c)
{
    int n = (int)c->h->txns.len, committed = 0;
    int *ends = ARENA_ARRAY(&c->arena, int, (size_t)n);
    for (int i = 0; i < n; i++) {
        if (txn_at(c, i)->committed)
            ends[committed++] = i;
    }
    sorting = c->txns;
    qsort(ends, (size_t)committed, sizeof(int), by_end);
    for (int i = 0; i < committed; i++) {
        add_edge(c, ends[i], n + i, EDGE_TIME, -1);
        if (i > 0)
            add_edge(c, n + i - 1, n + i, EDGE_TIME, -1);
    }
    for (int i = 0; i < n; i++) {
        int low = 0, high = committed; // ends before the begin
        while (low < high) {
            int middle = (low + high) / 2;
            if (txn_at(c, ends[middle])->ended_ns < txn_at(c, i)->began_ns)
                low = middle + 1;
            else
                high = middle;
        }
        if (low > 0 && txn_at(c, i)->committed)
            add_edge(c, n + low - 1, i, EDGE_TIME, -1);
    }
}

// ---- cycles

struct frame {
    int node;
    size_t edge;
};

static void enter(struct checker *c, int node)
{
    c->nodes[node].number = c->nodes[node].low = ++c->counter;
    c->nodes[node].on_stack = true;
    c->stack[c->depth++] = node;
}

// The path back from `from` to itself inside its component, found breadth first, as text.
static void describe_cycle(struct checker *c, int from)
{
    int *came = ARENA_ARRAY(&c->arena, int, (size_t)c->n_nodes), *by = ARENA_ARRAY(&c->arena, int, (size_t)c->n_nodes);
    int *queue = ARENA_ARRAY(&c->arena, int, (size_t)c->n_nodes), head = 0, tail = 0;
    memset(came, 0xff, (size_t)c->n_nodes * sizeof(int));
    queue[tail++] = from;
    while (head < tail && came[from] < 0) {
        int at = queue[head++];
        for (size_t i = 0; i < c->nodes[at].edges.len; i++) {
            int to = c->nodes[at].edges.ptr[i].to;
            if (came[to] >= 0 || c->nodes[to].component != c->nodes[from].component)
                continue;
            came[to] = at;
            by[to] = (int)i;
            queue[tail++] = to;
        }
    }
    struct buf text = BUF_INIT;
    int at = from;
    for (int steps = 0; steps == 0 || (at != from && steps < 12); steps++) {
        const struct edge *e = &c->nodes[came[at]].edges.ptr[by[at]];
        if (came[at] < (int)c->h->txns.len)
            buf_printf(&text, " <-%s(%d)- %d", edge_names[e->kind], e->key, came[at]);
        at = came[at];
    }
    violation(c, "cycle: %d%s", from, buf_c(&text));
    buf_release(&text);
}

static void leave_component(struct checker *c, int root)
{
    int size = 0, member, first = -1;
    c->components++;
    do {
        member = c->stack[--c->depth];
        c->nodes[member].on_stack = false;
        c->nodes[member].component = c->components;
        if (member < (int)c->h->txns.len) {
            first = member;
            size++;
        }
    } while (member != root);
    if (size > 1)
        describe_cycle(c, first);
}

static void search(struct checker *c, int root, struct frame *frames)
{
    int depth = 0;
    frames[depth++] = (struct frame){root, 0};
    enter(c, root);
    while (depth > 0) {
        struct frame *f = &frames[depth - 1];
        struct node *node = &c->nodes[f->node];
        if (f->edge < node->edges.len) {
            int to = node->edges.ptr[f->edge++].to;
            if (c->nodes[to].number == 0) {
                enter(c, to);
                frames[depth++] = (struct frame){to, 0};
            } else if (c->nodes[to].on_stack) {
                node->low = MIN(node->low, c->nodes[to].number);
            }
            continue;
        }
        int done = f->node;
        depth--;
        if (depth > 0)
            c->nodes[frames[depth - 1].node].low = MIN(c->nodes[frames[depth - 1].node].low, node->low);
        if (node->low == node->number)
            leave_component(c, done);
    }
}

int history_check(const struct history *h, struct buf *report)
{
    struct checker c = {.h = h, .report = report, .n_nodes = 2 * (int)h->txns.len};
    arena_init(&c.arena, NULL);
    size_t n = (size_t)c.n_nodes;
    c.nodes = arena_zalloc(&c.arena, size_mul(n, sizeof(*c.nodes)));
    c.stack = ARENA_ARRAY(&c.arena, int, n);
    struct frame *frames = ARENA_ARRAY(&c.arena, struct frame, n);
    c.txns = arena_dup(&c.arena, h->txns.ptr, h->txns.len * sizeof(*c.txns));
    measure(&c);
    settle_unknown(&c);
    check_finals(&c);
    data_edges(&c);
    time_edges(&c);
    for (int i = 0; i < c.n_nodes; i++) {
        if (c.nodes[i].number == 0)
            search(&c, i, frames);
    }
    arena_release(&c.arena);
    return c.violations;
}
