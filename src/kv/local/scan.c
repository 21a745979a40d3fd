// Range scans: own writes, memtables, the tree and, for older snapshots, history partitions, merged in key order.
//
// Sources that have nothing in the range are dropped at opening; when the tree alone is left, a batch is a run of its
// cursor. Between keys of other sources the tree's cursor runs freely too.
//
// A scan reads at the snapshot of its opening. When a refresh moves the transaction, what the scan has read is proven
// unchanged and it goes on at the new snapshot from where it stands; a scan that is not remembered as a read (or
// belongs to an earlier statement) stays where it is.
#include "kv/local/store_int.h"

#include "base/buf.h"
#include "base/util.h"

enum { BATCH_MAX = 1024, IDLE_PAIRS_MAX = 128 };

enum source_kind { SOURCE_OWN, SOURCE_MEMTABLE, SOURCE_TREE, SOURCE_HISTORY };

struct source {
    enum source_kind kind;
    bool valid; // stands on a key of the range
    struct str key;
    struct skiplist *list; // OWN, MEMTABLE
    struct skip_node *node;
    struct tree_cursor cursor; // TREE, HISTORY
};

struct scan {
    struct kv_scan base;
    struct txn *txn;
    struct scan *next, *previous; // open scans of the transaction
    struct str start, end;        // in `bounds`; end.ptr NULL: none
    struct buf bounds;
    bool reverse, keys_only, stamped, tracked, dry, opened;
    bool all_visible; // the tree's reader is not ahead of the snapshot
    uint64_t left;    // pairs until the limit
    uint64_t dead;    // keys passed by that are deleted
    uint64_t snapshot;
    uint64_t mark;       // own writes up to it are seen
    struct str position; // last key returned; ptr NULL: none yet
    struct tree_reader *reader;
    struct read_set *reads; // of the transaction, and the span there
    size_t read_index;
    unsigned read_epoch;
    bool has_span;
    struct source *sources;
    unsigned source_count, source_cap;
    struct kv_pair *pairs;
    size_t pair_cap;
};

static bool in_range(const struct scan *scan, struct str key)
{
    return scan->reverse ? str_cmp(key, scan->start) >= 0 : scan->end.ptr == NULL || str_cmp(key, scan->end) < 0;
}

// Takes the key where the source stands now.
static void settle(const struct scan *scan, struct source *src)
{
    if (src->kind <= SOURCE_MEMTABLE) {
        src->valid = src->node != NULL;
        if (src->valid)
            src->key = skip_key(src->node);
    } else {
        src->valid = src->cursor.valid;
        src->key = src->cursor.key;
    }
    src->valid = src->valid && in_range(scan, src->key);
}

static void source_seek(const struct scan *scan, struct source *src, struct str from)
{
    if (src->kind <= SOURCE_MEMTABLE)
        src->node = skip_seek(src->list, from);
    else
        tree_cursor_seek(&src->cursor, from);
    settle(scan, src);
}

static void source_before(const struct scan *scan, struct source *src, struct str key)
{
    bool from_end = key.ptr == NULL;
    if (src->kind <= SOURCE_MEMTABLE)
        src->node = from_end ? skip_last(src->list) : skip_before(src->list, key);
    else if (from_end)
        tree_cursor_last(&src->cursor);
    else
        tree_cursor_before(&src->cursor, key);
    settle(scan, src);
}

static void source_advance(const struct scan *scan, struct source *src)
{
    if (src->kind <= SOURCE_MEMTABLE)
        src->node = scan->reverse ? skip_before(src->list, src->key) : skip_next(src->node);
    else if (scan->reverse)
        tree_cursor_previous(&src->cursor);
    else
        tree_cursor_next(&src->cursor);
    settle(scan, src);
}

// To the first key of the range, or to the one after the position.
static void source_start(const struct scan *scan, struct source *src)
{
    bool resumed = scan->position.ptr != NULL;
    if (scan->reverse) {
        source_before(scan, src, resumed ? scan->position : scan->end);
        return;
    }
    source_seek(scan, src, resumed ? scan->position : scan->start);
    if (resumed && src->valid && str_eq(src->key, scan->position))
        source_advance(scan, src);
}

static struct source *add_source(struct scan *scan, enum source_kind kind)
{
    if (scan->source_count == scan->source_cap) {
        scan->source_cap = MAX(scan->source_cap * 2, 8u);
        scan->sources = mem_realloc(scan->sources, scan->source_cap * sizeof(*scan->sources));
    }
    struct source *src = &scan->sources[scan->source_count++];
    *src = (struct source){.kind = kind};
    return src;
}

static void add_list(struct scan *scan, enum source_kind kind, struct skiplist *list)
{
    struct source *src = add_source(scan, kind);
    src->list = list;
    source_start(scan, src);
    if (!src->valid)
        scan->source_count--;
}

static void close_cursor(struct scan *scan, struct source *src)
{
    if (src->cursor.cursor == NULL)
        return;
    if (src->kind == SOURCE_TREE && scan->reader->idle_cursor == NULL)
        scan->reader->idle_cursor = src->cursor.cursor;
    else
        mdb_cursor_close(src->cursor.cursor);
}

static int add_cursor(struct scan *scan, enum source_kind kind, MDB_dbi dbi)
{
    struct tree_reader *reader = scan->reader;
    struct source *src = add_source(scan, kind);
    int rc;
    if (kind == SOURCE_TREE && reader->idle_cursor != NULL) {
        src->cursor.cursor = reader->idle_cursor;
        reader->idle_cursor = NULL;
        rc = mdb_cursor_renew(reader->txn, src->cursor.cursor);
    } else {
        rc = mdb_cursor_open(reader->txn, dbi, &src->cursor.cursor);
    }
    if (rc == 0) {
        source_start(scan, src);
        rc = src->cursor.error;
    }
    if (rc != 0 || !src->valid) {
        close_cursor(scan, src);
        scan->source_count--;
    }
    return rc;
}

static void close_sources(struct scan *scan)
{
    for (unsigned i = 0; i < scan->source_count; i++)
        close_cursor(scan, &scan->sources[i]);
    scan->source_count = 0;
}

static enum kv_result tree_failure(struct scan *scan, int rc)
{
    store_fail(scan->txn->store, "reading the store", mdb_strerror(rc));
    return KV_IO;
}

static enum kv_result open_tree_sources(struct scan *scan)
{
    struct txn *txn = scan->txn;
    scan->reader = txn_reader(txn);
    if (scan->reader == NULL)
        return txn_no_reader(txn);
    const struct tree_state *state = &scan->reader->state;
    scan->all_visible = state->version <= scan->snapshot;
    int rc = add_cursor(scan, SOURCE_TREE, txn->store->tree.data);
    if (!scan->all_visible) {
        for (unsigned i = history_first(state, scan->snapshot); i < state->partition_count && rc == 0; i++)
            rc = add_cursor(scan, SOURCE_HISTORY, state->partitions[i].dbi);
    }
    return rc == 0 ? KV_OK : tree_failure(scan, rc);
}

static enum kv_result open_sources(struct scan *scan)
{
    struct txn *txn = scan->txn;
    const struct view *view = txn->view;
    close_sources(scan);
    scan->opened = true;
    scan->snapshot = txn->snapshot;
    if (txn->writes.count > 0)
        add_list(scan, SOURCE_OWN, &txn->writes);
    for (unsigned i = 0; i < view->count; i++) {
        uint64_t max = memtable_max(view->tables[i]);
        if (max == 0)
            continue; // the active one, empty: says nothing about those behind it
        if (max <= view->merged && view->merged <= scan->snapshot)
            break; // this one and all older are in the tree
        add_list(scan, SOURCE_MEMTABLE, &view->tables[i]->keys);
    }
    return view->merged != 0 ? open_tree_sources(scan) : KV_OK;
}

// What the source's version list says for the snapshot.
static struct found look(const struct scan *scan, const struct source *src)
{
    struct found found = {0};
    if (src->kind == SOURCE_MEMTABLE) {
        const struct version *v = memtable_visible(src->node, scan->snapshot);
        if (v != NULL)
            found = (struct found){.at = v->at, .deleted = v->deleted, .value = version_value(v)};
    } else if (src->kind == SOURCE_TREE) {
        if (scan->all_visible || tree_stamp(src->cursor.value) <= scan->snapshot)
            found = found_in_tree(src->cursor.value);
    } else if (src->kind == SOURCE_HISTORY) {
        found = history_pick(src->cursor.value, scan->snapshot);
    }
    return found;
}

// An own write over what was committed; the result's `at` is nonzero when it decides.
static enum kv_result apply_own(struct scan *scan, const struct write *w, struct found *found)
{
    if (w == NULL)
        return KV_OK;
    if (w->kind == WRITE_ADD)
        return found_add(scan->txn, w, found);
    *found = (struct found){.at = UINT64_MAX, .deleted = w->kind == WRITE_DELETE, .value = w->value};
    return KV_OK;
}

static inline void emit(struct scan *scan, size_t *n, struct str key, struct str value)
{
    scan->pairs[(*n)++] = (struct kv_pair){key, scan->keys_only ? STR_EMPTY : value};
}

// Negative when a comes before b in the scan's direction.
static inline int order(const struct scan *scan, struct str a, struct str b)
{
    int c = str_cmp(a, b);
    return scan->reverse ? -c : c;
}

// The tree's cursor runs until `until` (or the end of the range when ptr is NULL) or the batch is full.
static void run_tree(struct scan *scan, struct source *src, struct str until, size_t max, size_t *n)
{
    while (*n < max && src->valid && (until.ptr == NULL || order(scan, src->key, until) < 0)) {
        struct str stamped = src->cursor.value;
        if (LIKELY(scan->all_visible) || tree_stamp(stamped) <= scan->snapshot)
            emit(scan, n, src->key, scan->stamped ? stamped : tree_value(stamped));
        source_advance(scan, src);
    }
}

// How many of the pairs, which are in the scan's order, lie in its range.
static size_t count_in_range(const struct scan *scan, const struct kv_pair *pairs, size_t n)
{
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (in_range(scan, pairs[middle].key))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

// The tree alone is left and all of it visible: pairs are taken by runs and only the last of a run is compared with the
// bound. Runs grow with what was found, so that little is read in vain behind the bound.
static void run_bare(struct scan *scan, struct source *src, size_t max, size_t *n)
{
    for (size_t run = 4; *n < max && src->valid; run *= 2) {
        struct kv_pair *pairs = scan->pairs + *n;
        size_t got = tree_cursor_run(&src->cursor, scan->reverse, pairs, MIN(run, max - *n));
        size_t kept = in_range(scan, pairs[got - 1].key) ? got : count_in_range(scan, pairs, got);
        for (size_t i = 0; i < kept && scan->keys_only; i++)
            pairs[i].value = STR_EMPTY;
        for (size_t i = 0; i < kept && scan->stamped; i++)
            pairs[i].value = (struct str){pairs[i].value.ptr - TREE_STAMP_BYTES, pairs[i].value.len + TREE_STAMP_BYTES};
        *n += kept;
        settle(scan, src);
        src->valid = src->valid && kept == got;
    }
}

// One key: the newest visible version over all sources that stand on it, which then advance.
static enum kv_result merge_key(struct scan *scan, struct str key, size_t *n)
{
    struct found best = {0};
    const struct write *own = NULL;
    for (unsigned i = 0; i < scan->source_count; i++) {
        struct source *src = &scan->sources[i];
        if (!src->valid || !str_eq(src->key, key))
            continue;
        if (src->kind == SOURCE_OWN) {
            own = write_under(skip_payload(src->node), scan->mark);
        } else {
            struct found found = look(scan, src);
            if (found.at > best.at)
                best = found;
        }
        source_advance(scan, src);
    }
    enum kv_result r = apply_own(scan, own, &best);
    if (UNLIKELY(scan->stamped) && r == KV_OK && best.at != 0 && !best.deleted)
        r = found_stamp(scan->txn, &best);
    if (r == KV_OK && best.at != 0 && !best.deleted)
        emit(scan, n, key, best.value);
    else
        scan->dead++;
    return r;
}

static void report_dead(struct scan *scan)
{
    if (scan->dead > 0)
        atomic_fetch_add_explicit(&scan->txn->store->checkpoint.dead_passed, scan->dead, memory_order_relaxed);
    scan->dead = 0;
}

static enum kv_result tree_error(struct scan *scan)
{
    for (unsigned i = 0; i < scan->source_count; i++) {
        if (scan->sources[i].kind >= SOURCE_TREE && scan->sources[i].cursor.error != 0)
            return tree_failure(scan, scan->sources[i].cursor.error);
    }
    return KV_OK;
}

static enum kv_result fill(struct scan *scan, size_t max, size_t *n)
{
    enum kv_result r = KV_OK;
    while (*n < max && r == KV_OK) {
        struct source *first = NULL, *second = NULL; // by key; `first` prefers the tree's only when it stands alone
        for (unsigned i = 0; i < scan->source_count; i++) {
            struct source *src = &scan->sources[i];
            if (!src->valid)
                continue;
            if (first == NULL || order(scan, src->key, first->key) < 0) {
                second = first;
                first = src;
            } else if (second == NULL || order(scan, src->key, second->key) < 0) {
                second = src;
            }
        }
        if (first == NULL)
            break;
        struct str until = second != NULL ? second->key : STR_NONE;
        if (second == NULL && first->kind == SOURCE_TREE && scan->all_visible)
            run_bare(scan, first, max, n);
        else if (first->kind == SOURCE_TREE && (second == NULL || !str_eq(first->key, until)))
            run_tree(scan, first, until, max, n);
        else
            r = merge_key(scan, first->key, n);
    }
    report_dead(scan);
    scan->dry = r == KV_OK && *n < max;
    return r == KV_OK ? tree_error(scan) : r;
}

// Starts the span that stands for what this scan has read.
static enum kv_result begin_span(struct scan *scan)
{
    struct txn *txn = scan->txn;
    struct str from = scan->position.ptr != NULL ? scan->position : scan->reverse ? scan->end : scan->start;
    enum kv_result r = txn_charge(txn, from.len);
    if (r != KV_OK)
        return r;
    struct str copy = from.ptr != NULL ? arena_str(&txn->arena, from) : STR_NONE;
    struct span span = {copy, copy, SPAN_END_EXCLUDED};
    if (copy.ptr == NULL)
        span = (struct span){.start = STR_EMPTY, .end_kind = SPAN_END_NONE};
    r = reads_add(txn, scan->reads, span);
    scan->read_index = scan->reads->spans.len - 1;
    scan->read_epoch = scan->reads->epoch;
    scan->has_span = r == KV_OK;
    return r;
}

// Extends the span to the last key returned, or to the bound of the range when nothing is left.
static enum kv_result remember(struct scan *scan, const struct kv_pair *last)
{
    struct txn *txn = scan->txn;
    enum kv_result r = KV_OK;
    if (!scan->has_span || scan->read_epoch != scan->reads->epoch)
        r = begin_span(scan);
    if (r != KV_OK)
        return r;
    struct span *span = &scan->reads->spans.ptr[scan->read_index];
    if (!scan->dry) {
        if (scan->reverse)
            span->start = last->key;
        else
            *span = (struct span){span->start, last->key, SPAN_END_INCLUDED};
        return KV_OK;
    }
    struct str bound = scan->reverse ? scan->start : scan->end;
    if ((r = txn_charge(txn, bound.len)) != KV_OK)
        return r;
    if (scan->reverse)
        span->start = arena_str(&txn->arena, bound);
    else if (bound.ptr == NULL)
        *span = (struct span){span->start, STR_NONE, SPAN_END_NONE};
    else
        *span = (struct span){span->start, arena_str(&txn->arena, bound), SPAN_END_EXCLUDED};
    return KV_OK;
}

static struct scan *take_scan(struct txn *txn)
{
    struct scan *scan = txn->idle_scan;
    if (scan == NULL)
        return mem_zalloc(sizeof(*scan));
    txn->idle_scan = NULL;
    return scan;
}

static void set_bounds(struct scan *scan, struct kv_range range)
{
    buf_clear(&scan->bounds);
    buf_str(&scan->bounds, range.start);
    buf_str(&scan->bounds, range.end);
    scan->start = (struct str){buf_view(&scan->bounds).ptr, range.start.len};
    scan->end = (struct str){NULL, 0};
    if (range.end.ptr != NULL)
        scan->end = (struct str){scan->start.ptr + range.start.len, range.end.len};
}

enum kv_result scan_open(struct kv_txn *base, struct kv_range range, unsigned flags, uint64_t limit,
                         struct kv_scan **out)
{
    struct txn *txn = txn_of(base);
    enum kv_result r = txn_check(txn);
    if (r != KV_OK)
        return r;
    struct scan *scan = take_scan(txn);
    struct buf bounds = scan->bounds;
    *scan = (struct scan){.base.ops = &local_ops,
                          .txn = txn,
                          .next = txn->scans,
                          .bounds = bounds,
                          .reverse = (flags & KV_READ_REVERSE) != 0,
                          .keys_only = (flags & KV_READ_KEYS_ONLY) != 0,
                          .stamped = (flags & (KV_READ_STAMPED | KV_READ_KEYS_ONLY)) == KV_READ_STAMPED,
                          .tracked = (flags & KV_READ_SNAPSHOT) == 0 && !txn->read_only &&
                                     (txn->store->skip & KV_SKIP_RANGES) == 0,
                          .reads = reads_for(txn, flags),
                          .left = limit != 0 ? limit : UINT64_MAX,
                          .mark = read_mark_for(txn, flags),
                          .position = STR_NONE,
                          .sources = scan->sources,
                          .source_cap = scan->source_cap,
                          .pairs = scan->pairs,
                          .pair_cap = scan->pair_cap};
    set_bounds(scan, range);
    if (txn->scans != NULL)
        txn->scans->previous = scan;
    txn->scans = scan;
    r = open_sources(scan);
    if (r != KV_OK) {
        scan_close(&scan->base);
        return r;
    }
    *out = &scan->base;
    return KV_OK;
}

static void grow_pairs(struct scan *scan, size_t max)
{
    if (max <= scan->pair_cap)
        return;
    scan->pair_cap = MIN(MAX(max, scan->pair_cap * 2), (size_t)BATCH_MAX);
    scan->pairs = mem_realloc(scan->pairs, scan->pair_cap * sizeof(*scan->pairs));
}

enum kv_result scan_next(struct kv_scan *base, size_t max, struct kv_batch *out)
{
    struct scan *scan = (struct scan *)base;
    *out = (struct kv_batch){0};
    enum kv_result r = txn_check(scan->txn);
    if (r != KV_OK || scan->dry || scan->left == 0 || max == 0)
        return r;
    if (scan->tracked && scan->snapshot != scan->txn->snapshot && (r = open_sources(scan)) != KV_OK)
        return r;
    max = MIN(MIN(max, (size_t)BATCH_MAX), (size_t)MIN(scan->left, (uint64_t)BATCH_MAX));
    grow_pairs(scan, max);
    size_t n = 0;
    r = fill(scan, max, &n);
    if (r == KV_OK && scan->tracked)
        r = remember(scan, n > 0 ? &scan->pairs[n - 1] : NULL);
    if (r != KV_OK)
        return r;
    if (n > 0)
        scan->position = scan->pairs[n - 1].key;
    scan->left -= n;
    *out = (struct kv_batch){scan->pairs, n};
    return KV_OK;
}

void scan_untrack_all(struct txn *txn)
{
    for (struct scan *scan = txn->scans; scan != NULL; scan = scan->next)
        scan->tracked = false;
}

static void free_scan(struct scan *scan)
{
    buf_release(&scan->bounds);
    mem_free(scan->sources);
    mem_free(scan->pairs);
    mem_free(scan);
}

void scan_close(struct kv_scan *base)
{
    struct scan *scan = (struct scan *)base;
    struct txn *txn = scan->txn;
    close_sources(scan);
    if (scan->previous != NULL)
        scan->previous->next = scan->next;
    else
        txn->scans = scan->next;
    if (scan->next != NULL)
        scan->next->previous = scan->previous;
    if (txn->idle_scan != NULL)
        free_scan(scan);
    else
        txn->idle_scan = scan;
}

void scan_shrink_idle(struct txn *txn)
{
    if (txn->idle_scan != NULL && txn->idle_scan->pair_cap > IDLE_PAIRS_MAX)
        scan_free_idle(txn);
}

void scan_free_idle(struct txn *txn)
{
    if (txn->idle_scan != NULL)
        free_scan(txn->idle_scan);
    txn->idle_scan = NULL;
}
