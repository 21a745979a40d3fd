// One simulated file's durable content and the history since its last sync.

#include "os/sim/sim_int.h"

void disk_release(struct disk *d)
{
    for (size_t i = 0; i < d->nops; i++)
        mem_free(d->ops[i].bytes);
    mem_free(d->ops);
    mem_free(d->durable);
    mem_free(d->forced);
    *d = (struct disk){0};
}

static struct disk_op *add_op(struct disk *d)
{
    if (d->nops == d->cap) {
        d->cap = d->cap == 0 ? 64 : d->cap * 2;
        d->ops = mem_realloc(d->ops, size_mul(d->cap, sizeof(*d->ops)));
    }
    struct disk_op *op = &d->ops[d->nops++];
    *op = (struct disk_op){0};
    return op;
}

void disk_write(struct disk *d, const void *bytes, size_t len, uint64_t offset)
{
    struct disk_op *op = add_op(d);
    op->offset = offset;
    op->len = len;
    op->bytes = mem_alloc(MAX(len, (size_t)1));
    memcpy(op->bytes, bytes, len);
}

void disk_resize(struct disk *d, uint64_t size)
{
    struct disk_op *op = add_op(d);
    op->resize = true;
    op->offset = size;
}

static void set_durable_size(struct disk *d, size_t size)
{
    d->durable = mem_realloc(d->durable, MAX(size, (size_t)1));
    if (size > d->durable_size)
        memset(d->durable + d->durable_size, 0, size - d->durable_size);
    d->durable_size = size;
}

// First op that sector `s` has not been forced past.
static uint32_t forced_at(const struct disk *d, size_t s)
{
    return s < d->nforced ? d->forced[s] : 0;
}

void disk_force_last(struct disk *d)
{
    const struct disk_op *op = &d->ops[d->nops - 1];
    size_t end = (op->offset + op->len + SECTOR_SMALL - 1) / SECTOR_SMALL;
    if (end > d->nforced) {
        d->forced = mem_realloc(d->forced, size_mul(end, sizeof(*d->forced)));
        memset(d->forced + d->nforced, 0, (end - d->nforced) * sizeof(*d->forced));
        d->nforced = end;
    }
    for (size_t s = op->offset / SECTOR_SMALL; s < end; s++)
        d->forced[s] = (uint32_t)d->nops;
}

// Applies the part of op that falls into sector s. The sector lies within the durable bytes.
static void apply_to_sector(struct disk *d, const struct disk_op *op, size_t s)
{
    uint64_t start = (uint64_t)s * SECTOR_SMALL, end = MIN(start + SECTOR_SMALL, (uint64_t)d->durable_size);
    if (op->resize) {
        if (op->offset < end)
            memset(d->durable + MAX(start, op->offset), 0, end - MAX(start, op->offset));
        return;
    }
    uint64_t from = MAX(start, op->offset), to = MIN(end, op->offset + op->len);
    if (from < to)
        memcpy(d->durable + from, op->bytes + (from - op->offset), to - from);
}

static uint64_t size_after(const struct disk *d, size_t nops)
{
    uint64_t size = d->durable_size;
    for (size_t i = 0; i < nops; i++) {
        const struct disk_op *op = &d->ops[i];
        size = op->resize ? op->offset : op->len > 0 ? MAX(size, op->offset + op->len) : size;
    }
    return size;
}

// Ops up to which sector s survives.
static uint32_t draw_survival(const struct disk *d, size_t s, size_t sector, enum sim_loss loss, struct rng *rng,
                              uint32_t *drawn)
{
    size_t step = sector / SECTOR_SMALL;
    if (loss == SIM_LOSE_NOTHING)
        return (uint32_t)d->nops;
    if (loss == SIM_LOSE_ALL_UNSYNCED)
        return forced_at(d, s);
    if (s % step == 0) {
        uint64_t dice = rng_below(rng, 4); // all and nothing are likely, or torn states would hide them
        *drawn = dice == 0 ? 0 : dice == 1 ? (uint32_t)d->nops : (uint32_t)rng_below(rng, d->nops + 1);
    }
    return MAX(*drawn, forced_at(d, s));
}

// The size after the crash: at least what sectors written through need.
static uint64_t draw_size(const struct disk *d, enum sim_loss loss, struct rng *rng)
{
    size_t upto = loss == SIM_LOSE_NOTHING ? d->nops : 0;
    if (loss == SIM_LOSE_SOME_512 || loss == SIM_LOSE_SOME_4096)
        upto = rng_below(rng, 2) == 0 ? d->nops : rng_below(rng, d->nops + 1);
    for (size_t s = 0; s < d->nforced; s++)
        upto = MAX(upto, (size_t)d->forced[s]);
    return size_after(d, upto);
}

void disk_crash(struct disk *d, enum sim_loss loss, struct rng *rng)
{
    if (d->nops == 0)
        return;
    size_t sector = loss == SIM_LOSE_SOME_4096 ? SECTOR_LARGE : SECTOR_SMALL;
    uint64_t final = draw_size(d, loss, rng);
    set_durable_size(d, MAX(d->durable_size, size_after(d, d->nops)));
    for (size_t i = 0; i < d->nops; i++) // intermediate sizes may have been larger
        if (!d->ops[i].resize)
            set_durable_size(d, MAX(d->durable_size, d->ops[i].offset + d->ops[i].len));
    size_t nsectors = (d->durable_size + SECTOR_SMALL - 1) / SECTOR_SMALL;
    uint32_t *upto = mem_alloc(MAX(size_mul(nsectors, sizeof(*upto)), (size_t)1));
    uint32_t drawn = 0;
    for (size_t s = 0; s < nsectors; s++)
        upto[s] = draw_survival(d, s, sector, loss, rng, &drawn);
    for (size_t i = 0; i < d->nops; i++) {
        const struct disk_op *op = &d->ops[i];
        size_t first = op->offset / SECTOR_SMALL;
        size_t last = op->resize ? nsectors : (op->offset + op->len + SECTOR_SMALL - 1) / SECTOR_SMALL;
        for (size_t s = first; s < MIN(last, nsectors); s++)
            if (i < upto[s])
                apply_to_sector(d, op, s);
    }
    mem_free(upto);
    set_durable_size(d, final);
    for (size_t i = 0; i < d->nops; i++)
        mem_free(d->ops[i].bytes);
    d->nops = 0;
    d->nforced = 0;
}

void disk_sync(struct disk *d)
{
    disk_crash(d, SIM_LOSE_NOTHING, NULL);
}
