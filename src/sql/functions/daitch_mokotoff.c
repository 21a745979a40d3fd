// Daitch-Mokotoff Soundex (Randy Daitch, Gary Mokotoff, "Proposal for a Jewish Soundex Code", Avotaynu 1985): names as
// six digits, several where letters may sound in two ways. Letters with marks count as those without; signs do not
// count.
#include "sql/functions/functions_int.h"
#include "types/array.h"
#include <stdlib.h>
#include <string.h>
#include <unicode/unorm2.h>
#include <unicode/utf16.h>

static const struct rule {
    const char *letters;
    const char *codes[3]; // at the beginning, before a vowel, elsewhere
} rules[] = {
#define RULE(letters, first, vowel, other) {letters, {first, vowel, other}},
#include "sql/functions/daitch_mokotoff_rules.def"
#undef RULE
};

enum { CODE_LEN = 6, CODES_MAX = 64, LETTERS_MAX = 255 };

struct code {
    char digits[CODE_LEN];
    uint8_t len;
    char last; // digit of the letters before; 0: they are not coded
};

struct codes {
    struct code v[2 * CODES_MAX];
    size_t n;
};

// ---- letters

static const struct {
    int32_t code_point;
    char letter;
} own_letters[] = {{0x104, '['}, {0x118, '\\'}, {0x162, ']'}, {0x21A, ']'}, {0x141, 'L'}, {0xD8, 'O'}};

// The letter as the rules have it; 0 for what is none.
static char plain_letter(const UNormalizer2 *nfd, int32_t c)
{
    UErrorCode status = U_ZERO_ERROR;
    UChar parts[8];
    UChar32 upper = c == 0xDF ? 'S' : u_toupper(c);
    for (size_t i = 0; i < ARRAY_LEN(own_letters); i++) {
        if (own_letters[i].code_point == upper)
            return own_letters[i].letter;
    }
    if (unorm2_getDecomposition(nfd, upper, parts, ARRAY_LEN(parts), &status) > 0)
        U16_GET(parts, 0, 0, ARRAY_LEN(parts), upper);
    return upper >= 'A' && upper <= 'Z' ? (char)upper : '\0';
}

static size_t letters_of(struct str s, char out[LETTERS_MAX + 1])
{
    UErrorCode status = U_ZERO_ERROR;
    const UNormalizer2 *nfd = unorm2_getNFDInstance(&status);
    size_t n = 0;
    for (size_t at = 0; at < s.len && n < LETTERS_MAX;) {
        char letter = plain_letter(nfd, utf8_next(s, &at));
        if (letter != '\0')
            out[n++] = letter;
    }
    out[n] = '\0';
    return n;
}

static const struct rule *longest_rule(const char *letters)
{
    const struct rule *best = NULL;
    size_t best_len = 0;
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        size_t len = strlen(rules[i].letters);
        if (len > best_len && strncmp(letters, rules[i].letters, len) == 0) {
            best = &rules[i];
            best_len = len;
        }
    }
    return best;
}

// ---- codes

// A digit that repeats the one of the letters before is left out.
static struct code with_sound(struct code c, const char *digits, size_t n)
{
    for (size_t i = 0; i < n && c.len < CODE_LEN; i++) {
        if (i > 0 || digits[i] != c.last)
            c.digits[c.len++] = digits[i];
    }
    c.last = n > 0 ? digits[n - 1] : '\0';
    return c;
}

static void add_code(struct codes *set, struct code c)
{
    for (size_t i = 0; i < set->n; i++) {
        if (memcmp(&set->v[i], &c, sizeof(c)) == 0)
            return;
    }
    set->v[set->n++] = c;
}

// Every code so far with each of the sounds.
static void add_sounds(struct codes *set, const char *sounds)
{
    struct codes next = {.n = 0};
    const char *bar = strchr(sounds, '|');
    size_t first_len = bar != NULL ? (size_t)(bar - sounds) : strlen(sounds);
    for (size_t i = 0; i < set->n; i++) {
        add_code(&next, with_sound(set->v[i], sounds, first_len));
        if (bar != NULL)
            add_code(&next, with_sound(set->v[i], bar + 1, strlen(bar + 1)));
    }
    next.n = MIN(next.n, CODES_MAX);
    *set = next;
}

static int compare_codes(const void *a, const void *b)
{
    return memcmp(((const struct code *)a)->digits, ((const struct code *)b)->digits, CODE_LEN);
}

BODY(daitch_mokotoff)
{
    char letters[LETTERS_MAX + 1];
    size_t n = letters_of(args[0].s, letters);
    if (n == 0)
        return fn_return_null(out);
    struct codes set = {.n = 1};
    for (size_t at = 0; at < n;) {
        const struct rule *rule = longest_rule(letters + at);
        bool first = at == 0;
        at += strlen(rule->letters);
        bool vowel = at < n && strchr("AEIOUY", letters[at]) != NULL;
        add_sounds(&set, rule->codes[first ? 0 : vowel ? 1 : 2]);
    }
    for (size_t i = 0; i < set.n; i++)
        memset(set.v[i].digits + set.v[i].len, '0', CODE_LEN - set.v[i].len);
    qsort(set.v, set.n, sizeof(struct code), compare_codes);
    struct datum *texts = ARENA_ARRAY(ec->arena, struct datum, set.n);
    uint32_t n_texts = 0;
    for (size_t i = 0; i < set.n; i++) {
        if (i == 0 || compare_codes(&set.v[i - 1], &set.v[i]) != 0)
            texts[n_texts++] = datum_str(arena_str(ec->arena, (struct str){set.v[i].digits, CODE_LEN}));
    }
    return fn_return_str(out, array_build(ec->arena, T_STRING, texts, n_texts));
}

static const struct fn_row rows[] = {
#include "sql/functions/daitch_mokotoff.def"
};
const struct fn_family fn_family_daitch_mokotoff = {"FUZZY STRING MATCHING", rows, ARRAY_LEN(rows)};
