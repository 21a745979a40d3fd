// Runs a fuzz target without libFuzzer: the files given, or `-runs=N` random mutations of the target's seeds, from
// `-seed=S` (printed, so that a failure can be replayed).
#include "base/buf.h"
#include "base/util.h"
#include "fuzz.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static struct str pick_seed(struct rng *rng)
{
    if (&fuzz_seeds_len == NULL || fuzz_seeds_len == 0)
        return STR_EMPTY;
    return fuzz_seeds[rng_below(rng, fuzz_seeds_len)];
}

static void append_seed(struct rng *rng, struct buf *b)
{
    struct str seed = pick_seed(rng);
    size_t from = rng_below(rng, 4) == 0 ? rng_below(rng, seed.len + 1) : 0;
    buf_str(b, str_slice(seed, from, seed.len));
}

// One small change of the kinds that break parsers: a byte, an extreme number, a cut, a repetition.
static void mutate(struct rng *rng, struct buf *b)
{
    static const uint32_t extremes[] = {0,      1,      3,      4,          0x7f,        0x80,       0xff,
                                        0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000u, 0xffffffffu};
    if (b->len == 0)
        return;
    size_t at = rng_below(rng, b->len);
    switch (rng_below(rng, 5)) {
    case 0:
        b->ptr[at] = (char)rng_u64(rng);
        break;
    case 1:
        if (b->len - at >= 4)
            store_be32(b->ptr + at, extremes[rng_below(rng, ARRAY_LEN(extremes))]);
        break;
    case 2:
        if (b->len - at >= 2)
            store_be16(b->ptr + at, (uint16_t)extremes[rng_below(rng, ARRAY_LEN(extremes))]);
        break;
    case 3:
        b->len = at;
        break;
    case 4:
        append_seed(rng, b);
        break;
    }
}

static void run_random(uint64_t seed, int64_t runs)
{
    struct rng rng;
    struct buf b = BUF_INIT;
    printf("seed %" PRIu64 ", %" PRId64 " runs\n", seed, runs);
    fflush(stdout);
    rng_seed(&rng, seed);
    for (int64_t i = 0; i < runs; i++) {
        buf_clear(&b);
        append_seed(&rng, &b);
        for (uint64_t n = rng_below(&rng, 6); n > 0; n--)
            mutate(&rng, &b);
        // An exact allocation, so that reading past the end is seen.
        uint8_t *data = mem_alloc(b.len + (b.len == 0));
        if (b.len > 0)
            memcpy(data, b.ptr, b.len);
        LLVMFuzzerTestOneInput(data, b.len);
        mem_free(data);
    }
    buf_release(&b);
}

static int run_file(const char *path)
{
    struct buf b = BUF_INIT;
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        perror(path);
        return 1;
    }
    char bytes[4096];
    for (size_t n; (n = fread(bytes, 1, sizeof(bytes), f)) > 0;)
        buf_append(&b, bytes, n);
    fclose(f);
    LLVMFuzzerTestOneInput((const uint8_t *)buf_view(&b).ptr, b.len);
    buf_release(&b);
    return 0;
}

int main(int argc, char **argv)
{
    uint64_t seed = (uint64_t)clock_wall_ns();
    int64_t runs = 0;
    int rc = 0;
    for (int i = 1; i < argc; i++)
        if (strncmp(argv[i], "-runs=", 6) == 0)
            runs = atoll(argv[i] + 6);
        else if (strncmp(argv[i], "-seed=", 6) == 0)
            seed = strtoull(argv[i] + 6, NULL, 10);
        else
            rc |= run_file(argv[i]);
    if (runs > 0)
        run_random(seed, runs);
    return rc;
}
