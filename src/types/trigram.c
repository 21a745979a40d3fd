#include "types/trigram.h"
#include "base/util.h"
#include <stdlib.h>
#include <unicode/uchar.h>

int trigram_compare(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct trigram));
}

static void add_word(struct arena *a, struct trigrams *set, const int32_t *word, size_t n)
{
    for (size_t i = 0; i + 2 < n; i++) {
        struct trigram t = {{word[i], word[i + 1], word[i + 2]}};
        ARENA_PUSH(a, &set->v, t);
    }
}

static void sort_unique(struct trigrams *set)
{
    size_t kept = 0;
    if (set->v.len > 0)
        qsort(set->v.ptr, set->v.len, sizeof(struct trigram), trigram_compare);
    for (size_t i = 0; i < set->v.len; i++) {
        if (kept == 0 || trigram_compare(&set->v.ptr[kept - 1], &set->v.ptr[i]) != 0)
            set->v.ptr[kept++] = set->v.ptr[i];
    }
    set->v.len = kept;
}

static void place_word(struct arena *a, struct placed_trigrams *list, const int32_t *word, size_t n)
{
    for (size_t i = 0; i + 2 < n; i++) {
        struct placed_trigram t = {{{word[i], word[i + 1], word[i + 2]}}, i == 0, i + 3 == n};
        ARENA_PUSH(a, &list->v, t);
    }
}

struct placed_trigrams trigrams_in_order(struct arena *a, struct str s)
{
    struct placed_trigrams list = {0};
    int32_t *word = ARENA_ARRAY(a, int32_t, s.len + 3);
    size_t n = 0;
    for (size_t at = 0; at <= s.len;) {
        int32_t c = at < s.len ? utf8_next(s, &at) : (at++, -1);
        if (c >= 0 && u_isalnum(c)) {
            if (n == 0)
                word[n++] = ' ', word[n++] = ' ';
            word[n++] = u_tolower(c);
        } else if (n > 0) {
            word[n++] = ' ';
            place_word(a, &list, word, n);
            n = 0;
        }
    }
    return list;
}

struct trigrams trigrams_of(struct arena *a, struct str s)
{
    struct placed_trigrams list = trigrams_in_order(a, s);
    struct trigrams set = {0};
    for (size_t i = 0; i < list.v.len; i++)
        ARENA_PUSH(a, &set.v, list.v.ptr[i].trigram);
    sort_unique(&set);
    return set;
}

// Runs of letters and digits between wildcards may continue on either side, so they get no blanks.
struct trigrams trigrams_of_pattern(struct arena *a, struct str pattern)
{
    struct trigrams set = {0};
    int32_t *word = ARENA_ARRAY(a, int32_t, pattern.len + 1);
    size_t n = 0;
    for (size_t at = 0; at <= pattern.len;) {
        int32_t c = at < pattern.len ? utf8_next(pattern, &at) : (at++, -1);
        bool escaped = c == '\\' && at < pattern.len;
        if (escaped)
            c = utf8_next(pattern, &at);
        if (c >= 0 && u_isalnum(c)) {
            word[n++] = u_tolower(c);
        } else {
            add_word(a, &set, word, n);
            n = 0;
        }
    }
    sort_unique(&set);
    return set;
}

void trigram_print(struct buf *out, const struct trigram *t)
{
    for (int k = 0; k < 3; k++)
        utf8_put(out, (uint32_t)t->c[k]);
}
