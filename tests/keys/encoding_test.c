// Ordered encodings of single values: round trips, order and prefix-freedom over edge and random values; damage.
#include "base/util.h"
#include "keys/encoding.h"
#include "../unit/check.h"
#include <math.h>
#include <stdlib.h>

enum { VALUES = 400 };

struct sample {
    struct str asc, desc; // encodings
};

static struct sample encoded(struct arena *a, struct buf *b)
{
    struct sample s = {.asc = arena_str(a, buf_view(b))};
    key_complement(b, 0);
    s.desc = arena_str(a, buf_view(b));
    buf_clear(b);
    return s;
}

// `order` is the true order of values i and j.
static void check_order(const struct sample *x, const struct sample *y, int order)
{
    int asc = str_cmp(x->asc, y->asc), desc = str_cmp(x->desc, y->desc);
    CHECK_INT((asc > 0) - (asc < 0), order);
    CHECK_INT((desc > 0) - (desc < 0), -order);
    if (order != 0) {
        CHECK(!str_has_prefix(x->asc, y->asc));
        CHECK(!str_has_prefix(x->desc, y->desc));
    }
}

static void check_skip(const struct sample *s)
{
    struct key_reader r = key_reader(s->asc);
    CHECK(key_skip(&r) && key_reader_left(&r) == 0);
    r = key_reader(s->desc);
    CHECK(key_skip(&r) && key_reader_left(&r) == 0);
}

static int64_t random_int(struct rng *r)
{
    static const int64_t edges[] = {0,    1,      -1,   63,  64,     -2,        255,       256,
                                    -256, -257,   -255, 254, 65535,  65536,     INT64_MAX, INT64_MIN,
                                    -64,  -65536, 127,  128, -65537, INT32_MAX, INT32_MIN, INT64_MAX - 1};
    if (rng_below(r, 3) == 0)
        return edges[rng_below(r, ARRAY_LEN(edges))];
    return (int64_t)(rng_u64(r) >> rng_below(r, 64)) * (rng_below(r, 2) ? 1 : -1);
}

static void test_int(void)
{
    struct rng rng;
    rng_seed(&rng, 1);
    struct arena a;
    arena_init(&a, NULL);
    struct buf b = BUF_INIT;
    int64_t values[VALUES];
    struct sample samples[VALUES];
    for (int i = 0; i < VALUES; i++) {
        values[i] = random_int(&rng);
        key_put_int(&b, values[i]);
        samples[i] = encoded(&a, &b);
        int64_t back = 0;
        struct key_reader r = key_reader(samples[i].asc);
        CHECK(key_get_int(&r, &back) && back == values[i] && key_reader_left(&r) == 0);
        r = key_reader(samples[i].desc);
        key_reader_direction(&r, KEY_DESC);
        CHECK(key_get_int(&r, &back) && back == values[i]);
        check_skip(&samples[i]);
        for (int j = 0; j < i; j++)
            check_order(&samples[i], &samples[j], (values[i] > values[j]) - (values[i] < values[j]));
    }
    buf_release(&b);
    arena_release(&a);
}

static double random_float(struct rng *r)
{
    static const double edges[] = {0.0, -0.0, 1, -1, 1e308, -1e308, 5e-324, -5e-324, INFINITY, -INFINITY, NAN, 0.1};
    if (rng_below(r, 2) == 0)
        return edges[rng_below(r, ARRAY_LEN(edges))];
    uint64_t bits = rng_u64(r);
    double v;
    memcpy(&v, &bits, 8);
    return v;
}

static int float_order(double x, double y)
{
    if (x != x || y != y)
        return (x == x) - (y == y);
    return (x > y) - (x < y);
}

static void test_float(void)
{
    struct rng rng;
    rng_seed(&rng, 2);
    struct arena a;
    arena_init(&a, NULL);
    struct buf b = BUF_INIT;
    double values[VALUES];
    struct sample samples[VALUES];
    for (int i = 0; i < VALUES; i++) {
        values[i] = random_float(&rng);
        key_put_float(&b, values[i]);
        samples[i] = encoded(&a, &b);
        double back = 0;
        struct key_reader r = key_reader(samples[i].desc);
        key_reader_direction(&r, KEY_DESC);
        CHECK(key_get_float(&r, &back) && float_order(back, values[i]) == 0);
        check_skip(&samples[i]);
        for (int j = 0; j < i; j++)
            check_order(&samples[i], &samples[j], float_order(values[i], values[j]));
    }
    buf_release(&b);
    arena_release(&a);
}

static struct str random_bytes(struct arena *a, struct rng *r)
{
    static const char alphabet[] = {0, 1, 2, (char)0xFF, (char)0xFE, 'a', 'b'};
    size_t len = rng_below(r, 6);
    char *p = arena_alloc(a, len + 1);
    for (size_t i = 0; i < len; i++)
        p[i] = alphabet[rng_below(r, ARRAY_LEN(alphabet))];
    return (struct str){p, len};
}

static void test_bytes(void)
{
    struct rng rng;
    rng_seed(&rng, 3);
    struct arena a;
    arena_init(&a, NULL);
    struct buf b = BUF_INIT;
    struct str values[VALUES];
    struct sample samples[VALUES];
    for (int i = 0; i < VALUES; i++) {
        values[i] = random_bytes(&a, &rng);
        key_put_bytes(&b, KEY_TAG_STRING, values[i]);
        samples[i] = encoded(&a, &b);
        struct str back;
        struct key_reader r = key_reader(samples[i].asc);
        CHECK(key_get_bytes(&r, KEY_TAG_STRING, &a, &back) && str_eq(back, values[i]) && key_reader_left(&r) == 0);
        r = key_reader(samples[i].desc);
        key_reader_direction(&r, KEY_DESC);
        CHECK(key_get_bytes(&r, KEY_TAG_STRING, &a, &back) && str_eq(back, values[i]));
        check_skip(&samples[i]);
        for (int j = 0; j < i; j++) {
            int c = str_cmp(values[i], values[j]);
            check_order(&samples[i], &samples[j], (c > 0) - (c < 0));
        }
    }
    buf_release(&b);
    arena_release(&a);
}

struct number {
    bool negative;
    int exponent;
    char digits[8];
};

static struct number random_number(struct rng *r)
{
    struct number n = {.negative = rng_below(r, 2), .exponent = (int)rng_below(r, 7) - 3};
    int len = (int)rng_below(r, 5);
    for (int i = 0; i < len; i++)
        n.digits[i] = (char)('0' + rng_below(r, i == 0 ? 9 : 10) + (i == 0));
    for (int i = len - 1; i > 0 && n.digits[i] == '0'; i--)
        n.digits[i] = 0;
    if (len == 0)
        n.negative = false;
    return n;
}

// Exact for the small numbers drawn.
static double number_value(const struct number *n)
{
    char text[40];
    snprintf(text, sizeof(text), "%s0.%sE%d", n->negative ? "-" : "", n->digits[0] ? n->digits : "0", n->exponent);
    return strtod(text, NULL);
}

static void test_decimal(void)
{
    struct rng rng;
    rng_seed(&rng, 4);
    struct arena a;
    arena_init(&a, NULL);
    struct buf b = BUF_INIT;
    struct number values[VALUES];
    struct sample samples[VALUES];
    for (int i = 0; i < VALUES; i++) {
        values[i] = random_number(&rng);
        struct key_decimal d = {.negative = values[i].negative,
                                .exponent = values[i].digits[0] ? values[i].exponent : 0,
                                .digits = str_of(values[i].digits)};
        key_put_decimal(&b, &d);
        samples[i] = encoded(&a, &b);
        struct key_decimal back;
        struct key_reader r = key_reader(samples[i].desc);
        key_reader_direction(&r, KEY_DESC);
        CHECK(key_get_decimal(&r, &a, &back) && key_reader_left(&r) == 0);
        CHECK(back.negative == d.negative && back.exponent == d.exponent && str_eq(back.digits, d.digits));
        check_skip(&samples[i]);
        for (int j = 0; j < i; j++) {
            double x = number_value(&values[i]), y = number_value(&values[j]);
            check_order(&samples[i], &samples[j], (x > y) - (x < y));
        }
    }
    buf_release(&b);
    arena_release(&a);
}

static void test_decimal_specials(void)
{
    static const struct key_decimal sorted[] = {
        {.kind = KEY_DECIMAL_NAN},
        {.kind = KEY_DECIMAL_INFINITE, .negative = true},
        {.negative = true, .exponent = INT32_MAX, .digits = {"9", 1}},
        {.negative = true, .exponent = -5, .digits = {"1", 1}},
        {.digits = {"", 0}},
        {.exponent = INT32_MIN, .digits = {"1", 1}},
        {.exponent = 1, .digits = {"1", 1}},
        {.exponent = INT32_MAX, .digits = {"99", 2}},
        {.kind = KEY_DECIMAL_INFINITE},
    };
    struct arena a;
    arena_init(&a, NULL);
    struct buf b = BUF_INIT;
    struct sample samples[ARRAY_LEN(sorted)];
    for (size_t i = 0; i < ARRAY_LEN(sorted); i++) {
        key_put_decimal(&b, &sorted[i]);
        samples[i] = encoded(&a, &b);
        check_skip(&samples[i]);
        for (size_t j = 0; j < i; j++)
            check_order(&samples[i], &samples[j], 1);
    }
    buf_release(&b);
    arena_release(&a);
}

static void test_uvarint(void)
{
    struct rng rng;
    rng_seed(&rng, 5);
    struct buf x = BUF_INIT, y = BUF_INIT;
    static const uint64_t edges[] = {0, 240, 241, 2287, 2288, 67823, 67824, 1 << 24, UINT32_MAX, UINT64_MAX};
    for (int i = 0; i < 20000; i++) {
        uint64_t v = i < 10 ? edges[i] : rng_u64(&rng) >> rng_below(&rng, 64), w = rng_u64(&rng) >> rng_below(&rng, 64);
        uint64_t back;
        key_put_uvarint(&x, v);
        key_put_uvarint(&y, w);
        struct key_reader r = key_reader(buf_view(&x));
        CHECK(key_get_uvarint(&r, &back) && back == v && key_reader_left(&r) == 0);
        int c = str_cmp(buf_view(&x), buf_view(&y));
        CHECK_INT((c > 0) - (c < 0), (v > w) - (v < w));
        buf_clear(&x);
        buf_clear(&y);
    }
    buf_release(&x);
    buf_release(&y);
}

static void test_composite_order(void)
{
    // ("a", 2) < ("a", 10) < ("ab", 1), and the other way round when the first column is descending.
    struct buf b[3] = {BUF_INIT, BUF_INIT, BUF_INIT};
    static const struct {
        const char *s;
        int64_t i;
    } rows[] = {{"a", 2}, {"a", 10}, {"ab", 1}};
    for (int i = 0; i < 3; i++) {
        key_put_bytes(&b[i], KEY_TAG_STRING, str_of(rows[i].s));
        key_put_int(&b[i], rows[i].i);
    }
    CHECK(str_cmp(buf_view(&b[0]), buf_view(&b[1])) < 0 && str_cmp(buf_view(&b[1]), buf_view(&b[2])) < 0);
    for (int i = 0; i < 3; i++) {
        buf_clear(&b[i]);
        key_put_bytes(&b[i], KEY_TAG_STRING, str_of(rows[i].s));
        key_complement(&b[i], 0);
        key_put_int(&b[i], rows[i].i);
    }
    CHECK(str_cmp(buf_view(&b[2]), buf_view(&b[0])) < 0 && str_cmp(buf_view(&b[0]), buf_view(&b[1])) < 0);
    for (int i = 0; i < 3; i++)
        buf_release(&b[i]);
}

// Nothing read past the end, whatever the bytes.
static void test_damage(void)
{
    struct rng rng;
    rng_seed(&rng, 6);
    struct arena a;
    arena_init(&a, NULL);
    for (int i = 0; i < 200000; i++) {
        size_t len = rng_below(&rng, 12);
        char *p = mem_alloc(len + 1);
        for (size_t k = 0; k < len; k++)
            p[k] = (char)(rng_below(&rng, 2) ? rng_below(&rng, 0x70) : rng_u64(&rng));
        struct key_reader r = key_reader((struct str){p, len});
        while (key_reader_left(&r) > 0 && key_skip(&r))
            continue;
        CHECK(r.at <= r.end);
        mem_free(p);
    }
    arena_release(&a);
}

CHECK_MAIN({"int", test_int}, {"float", test_float}, {"bytes", test_bytes}, {"decimal", test_decimal},
           {"decimal_specials", test_decimal_specials}, {"uvarint", test_uvarint},
           {"composite_order", test_composite_order}, {"damage", test_damage})
