#include "base/budget.h"
#include "base/err.h"

void budget_init(struct budget *b, const char *name, size_t limit_bytes, struct budget *parent)
{
    b->parent = parent;
    b->name = name;
    b->limit_bytes = limit_bytes;
    b->refuses = NULL;
    atomic_init(&b->used_bytes, 0);
    atomic_init(&b->peak_bytes, 0);
    atomic_init(&b->exceeded, NULL);
}

static size_t add(struct budget *b, size_t bytes)
{
    size_t now = atomic_fetch_add_explicit(&b->used_bytes, bytes, memory_order_relaxed) + bytes;
    size_t peak = atomic_load_explicit(&b->peak_bytes, memory_order_relaxed);
    while (now > peak && !atomic_compare_exchange_weak_explicit(&b->peak_bytes, &peak, now, memory_order_relaxed,
                                                                memory_order_relaxed))
        ;
    return now;
}

static void release_up_to(struct budget *from, const struct budget *end, size_t bytes)
{
    for (struct budget *b = from; b != end; b = b->parent)
        atomic_fetch_sub_explicit(&b->used_bytes, bytes, memory_order_relaxed);
}

static bool is_over(struct budget *b, size_t used_bytes)
{
    return used_bytes > b->limit_bytes && (b->refuses == NULL || b->refuses(b));
}

// Returns the account that refused, or NULL.
static struct budget *charge_chain(struct budget *b, size_t bytes)
{
    for (struct budget *at = b; at != NULL; at = at->parent) {
        if (is_over(at, add(at, bytes))) {
            release_up_to(b, at->parent, bytes);
            return at;
        }
    }
    return NULL;
}

static int exceeded_error(const struct budget *b, struct err *err)
{
    err_set(err, ERR_OUT_OF_MEMORY, "%s: memory budget exceeded: %zu bytes allowed", b->name, b->limit_bytes);
    err_hint(err, "Consider increasing --max-sql-memory, or process fewer rows at a time.");
    return ERR_OUT_OF_MEMORY;
}

int budget_charge(struct budget *b, size_t bytes, struct err *err)
{
    struct budget *refused = b == NULL ? NULL : charge_chain(b, bytes);
    return refused == NULL ? 0 : exceeded_error(refused, err);
}

bool budget_try_charge(struct budget *b, size_t bytes)
{
    return b == NULL || charge_chain(b, bytes) == NULL;
}

void budget_charge_forced(struct budget *b, size_t bytes)
{
    for (struct budget *at = b; at != NULL; at = at->parent) {
        bool over = is_over(at, add(at, bytes));
        bool small = at != b && at->refuses == NULL &&
                     atomic_load_explicit(&b->used_bytes, memory_order_relaxed) <= BUDGET_SMALL_BYTES;
        if (over && !small)
            atomic_store_explicit(&b->exceeded, at, memory_order_relaxed);
    }
}

void budget_release(struct budget *b, size_t bytes)
{
    release_up_to(b, NULL, bytes);
}

int budget_check(struct budget *b, struct err *err)
{
    const struct budget *refused = b == NULL ? NULL : atomic_load_explicit(&b->exceeded, memory_order_relaxed);
    return refused == NULL ? 0 : exceeded_error(refused, err);
}

void budget_forgive(struct budget *b)
{
    atomic_store_explicit(&b->exceeded, NULL, memory_order_relaxed);
}
