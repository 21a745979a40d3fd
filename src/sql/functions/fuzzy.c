// Likeness of strings: edit distance (Wagner and Fischer), Soundex, trigrams as PostgreSQL's pg_trgm counts them.
#include "sql/functions/functions_int.h"
#include "types/array.h"
#include "types/trigram.h"
#include <ctype.h>
#include <stdlib.h>

// ---- levenshtein

enum { LEVENSHTEIN_MAX = 255 }; // characters, as fuzzystrmatch

static int code_points(struct str s, int32_t out[LEVENSHTEIN_MAX], size_t *n, struct err *err)
{
    *n = 0;
    for (size_t at = 0; at < s.len;) {
        if (*n == LEVENSHTEIN_MAX)
            return err_set(err, ERR_INVALID_PARAMETER_VALUE,
                           "levenshtein argument exceeds maximum length of %d characters", LEVENSHTEIN_MAX);
        out[(*n)++] = utf8_next(s, &at);
    }
    return 0;
}

static int distance(struct str x, struct str y, int64_t insert, int64_t delete, int64_t substitute, int64_t *out,
                    struct err *err)
{
    int32_t a[LEVENSHTEIN_MAX], b[LEVENSHTEIN_MAX];
    int64_t row[LEVENSHTEIN_MAX + 1];
    size_t n, m;
    TRY(code_points(x, a, &n, err));
    TRY(code_points(y, b, &m, err));
    for (size_t j = 0; j <= m; j++)
        row[j] = (int64_t)j * insert;
    for (size_t i = 1; i <= n; i++) {
        int64_t diagonal = row[0];
        row[0] = (int64_t)i * delete;
        for (size_t j = 1; j <= m; j++) {
            int64_t same = diagonal + (a[i - 1] == b[j - 1] ? 0 : substitute);
            diagonal = row[j];
            row[j] = MIN(same, MIN(row[j] + delete, row[j - 1] + insert));
        }
    }
    *out = row[m];
    return 0;
}

static int check_costs(const struct datum *costs, struct err *err)
{
    for (int i = 0; i < 3; i++) {
        if (costs[i].i < 0 || costs[i].i > INT32_MAX)
            return err_set(err, ERR_INVALID_PARAMETER_VALUE, "levenshtein costs must be between 0 and %d", INT32_MAX);
    }
    return 0;
}

BODY(levenshtein)
{
    *out = (struct datum){0};
    if (n_args < 5)
        return distance(args[0].s, args[1].s, 1, 1, 1, &out->i, err);
    TRY(check_costs(args + 2, err));
    return distance(args[0].s, args[1].s, args[2].i, args[3].i, args[4].i, &out->i, err);
}

// Beyond the limit any larger number will do.
BODY(levenshtein_less_equal)
{
    int64_t limit = args[n_args - 1].i;
    TRY(levenshtein(ec, args, n_args, out, err));
    if (limit >= 0 && out->i > limit)
        out->i = limit + 1;
    return 0;
}

// ---- soundex

static void soundex_code(struct str s, char code[4])
{
    static const char classes[] = "01230120022455012623010202"; // of A to Z
    size_t n = 0;
    char last = 0;
    memset(code, '0', 4);
    for (size_t i = 0; i < s.len && n < 4; i++) {
        if (!isalpha((unsigned char)s.ptr[i]))
            continue;
        char letter = (char)toupper((unsigned char)s.ptr[i]), class = classes[letter - 'A'];
        if (n == 0)
            code[n++] = letter;
        else if (class != '0' && class != last)
            code[n++] = class;
        if (letter != 'H' && letter != 'W')
            last = class;
    }
    if (n == 0)
        memset(code, '\0', 4);
}

BODY(soundex)
{
    char code[4];
    soundex_code(args[0].s, code);
    return fn_return_str(out, arena_str(ec->arena, (struct str){code, code[0] == '\0' ? 0 : 4}));
}

BODY(difference)
{
    char a[4], b[4];
    int64_t same = 0;
    soundex_code(args[0].s, a);
    soundex_code(args[1].s, b);
    for (int i = 0; i < 4; i++)
        same += a[i] == b[i];
    return fn_return_int(out, same);
}

// ---- trigrams

static double likeness(struct arena *arena, struct str x, struct str y)
{
    struct trigrams a = trigrams_of(arena, x), b = trigrams_of(arena, y);
    size_t common = 0;
    for (size_t i = 0, j = 0; i < a.v.len && j < b.v.len;) {
        int c = trigram_compare(&a.v.ptr[i], &b.v.ptr[j]);
        common += c == 0;
        i += c <= 0;
        j += c >= 0;
    }
    size_t all = a.v.len + b.v.len - common;
    return all == 0 ? 0 : (double)common / (double)all;
}

BODY(similarity)
{
    return fn_return_float(out, likeness(ec->arena, args[0].s, args[1].s));
}

// pg_trgm's thresholds of %, <% and <<%.
static const double similarity_threshold = 0.3, word_threshold = 0.6, strict_word_threshold = 0.5;

BODY(is_similar)
{
    return fn_return_bool(out, likeness(ec->arena, args[0].s, args[1].s) >= similarity_threshold);
}
BODY(trigram_distance)
{
    return fn_return_float(out, 1.0F - (float)likeness(ec->arena, args[0].s, args[1].s));
}

// A stretch of a text's trigrams, and how many different ones it has, and has in common with what is looked for.
struct stretch {
    const struct placed_trigrams *text;
    uint32_t *number; // of each trigram of the text: equal ones have the same
    bool *wanted;     // by number
    ptrdiff_t *last;  // by number: where it stands last in the stretch, -1: nowhere
    size_t n_wanted;
    ptrdiff_t from; // -1: it has not begun
    size_t different, common;
};

static double stretch_likeness(const struct stretch *s, size_t different, size_t common)
{
    size_t all = s->n_wanted + different - common;
    return all == 0 ? 0 : (double)common / (double)all;
}

static struct stretch stretch_of(struct arena *a, struct str part, const struct placed_trigrams *text, struct str whole)
{
    struct trigrams wanted = trigrams_of(a, part), all = trigrams_of(a, whole);
    struct stretch s = {.text = text, .n_wanted = wanted.v.len, .from = -1};
    s.number = ARENA_ARRAY(a, uint32_t, text->v.len + 1);
    s.wanted = ARENA_ARRAY(a, bool, all.v.len + 1);
    s.last = ARENA_ARRAY(a, ptrdiff_t, all.v.len + 1);
    for (size_t i = 0; i < all.v.len; i++) {
        s.last[i] = -1;
        s.wanted[i] = wanted.v.len > 0 && bsearch(&all.v.ptr[i], wanted.v.ptr, wanted.v.len, sizeof(struct trigram),
                                                  trigram_compare) != NULL;
    }
    for (size_t i = 0; i < text->v.len; i++) {
        const struct trigram *t = bsearch(&text->v.ptr[i].trigram, all.v.ptr, all.v.len, sizeof(*t), trigram_compare);
        s.number[i] = (uint32_t)(t - all.v.ptr);
    }
    return s;
}

static void stretch_extend(struct stretch *s, ptrdiff_t to)
{
    uint32_t number = s->number[to];
    if (s->from < 0 && !s->wanted[number])
        return;
    if (s->last[number] < 0) {
        s->different++;
        s->common += s->wanted[number];
    }
    s->last[number] = to;
}

// Lets the stretch that ends at `to` begin where it is most like what is looked for, and returns how much.
static double stretch_shorten(struct stretch *s, ptrdiff_t to, bool strict)
{
    size_t different = s->different, common = s->common;
    double best = stretch_likeness(s, different, common);
    ptrdiff_t before = s->from;
    for (ptrdiff_t from = before; from <= to; from++) {
        double now = stretch_likeness(s, different, common);
        if (now > best && (!strict || s->text->v.ptr[from].begins)) {
            best = now;
            s->from = from;
            s->different = different;
            s->common = common;
        }
        uint32_t number = s->number[from];
        if (s->last[number] == from) {
            different--;
            common -= s->wanted[number];
        }
    }
    for (ptrdiff_t i = before; i < s->from; i++)
        s->last[s->number[i]] = s->last[s->number[i]] == i ? -1 : s->last[s->number[i]];
    return best;
}

// Of all stretches of the second string, as pg_trgm looks through them: those that end with a trigram of the first, or,
// `strict`, those of whole words.
static double word_likeness(struct arena *a, struct str part, struct str whole, bool strict)
{
    struct placed_trigrams text = trigrams_in_order(a, whole);
    struct stretch s = stretch_of(a, part, &text, whole);
    double best = 0;
    s.from = strict ? 0 : -1;
    for (ptrdiff_t i = 0; i < (ptrdiff_t)text.v.len; i++) {
        stretch_extend(&s, i);
        if (strict ? !text.v.ptr[i].ends : !s.wanted[s.number[i]])
            continue;
        s.from = s.from < 0 ? i : s.from;
        double now = stretch_shorten(&s, i, strict);
        best = MAX(best, now);
    }
    return best;
}

#define WORD_BODIES(name, strict, threshold)                                                               \
    BODY(name##word_similarity)                                                                            \
    {                                                                                                      \
        return fn_return_float(out, (float)word_likeness(ec->arena, args[0].s, args[1].s, strict));        \
    }                                                                                                      \
    BODY(name##word_is_similar)                                                                            \
    {                                                                                                      \
        return fn_return_bool(out, word_likeness(ec->arena, args[0].s, args[1].s, strict) >= threshold);   \
    }                                                                                                      \
    BODY(name##word_is_similar_of)                                                                         \
    {                                                                                                      \
        return fn_return_bool(out, word_likeness(ec->arena, args[1].s, args[0].s, strict) >= threshold);   \
    }                                                                                                      \
    BODY(name##word_distance)                                                                              \
    {                                                                                                      \
        return fn_return_float(out, 1.0F - (float)word_likeness(ec->arena, args[0].s, args[1].s, strict)); \
    }                                                                                                      \
    BODY(name##word_distance_of)                                                                           \
    {                                                                                                      \
        return fn_return_float(out, 1.0F - (float)word_likeness(ec->arena, args[1].s, args[0].s, strict)); \
    }
WORD_BODIES(, false, word_threshold)
WORD_BODIES(strict_, true, strict_word_threshold)

static int compare_texts(const void *a, const void *b)
{
    return str_cmp(((const struct datum *)a)->s, ((const struct datum *)b)->s);
}

BODY(show_trgm)
{
    struct trigrams set = trigrams_of(ec->arena, args[0].s);
    struct datum *items = ARENA_ARRAY(ec->arena, struct datum, set.v.len);
    for (size_t i = 0; i < set.v.len; i++) {
        struct buf b = BUF_INIT;
        trigram_print(&b, &set.v.ptr[i]);
        items[i] = datum_str(arena_str(ec->arena, buf_view(&b)));
        buf_release(&b);
    }
    if (set.v.len > 0)
        qsort(items, set.v.len, sizeof(struct datum), compare_texts);
    return fn_return_str(out, array_build(ec->arena, T_STRING, items, (uint32_t)set.v.len));
}

static const struct fn_row rows[] = {
#include "sql/functions/fuzzy.def"
};
const struct fn_family fn_family_fuzzy = {"FUZZY STRING MATCHING", rows, ARRAY_LEN(rows)};
