// Keyword lookup by a perfect hash that gen_grammar.py makes from keywords.def.
#include "sql/parse/keywords.h"
#include "sql/parse/parse_int.h"
#include "sql/parse/grammar.h"
#include "sql/parse/keyword_hash.h"

static const struct keyword table[] = {
#define NEEDS_AS false
#define BARE true
#define KEYWORD(name, category, label) {{#name, sizeof(#name) - 1}, KEYWORD_##category, label},
#include "sql/parse/keywords.def"
#undef KEYWORD
};

const struct keyword *keyword_table(size_t *n)
{
    *n = ARRAY_LEN(table);
    return table;
}

const struct keyword *keyword_find(struct str word)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < word.len; i++)
        h = (h ^ (unsigned char)word.ptr[i]) * 16777619u;
    h ^= h >> 15;
    uint32_t displacement = keyword_displacements[h % KEYWORD_BUCKETS];
    int at = keyword_slots[((h >> 8) + displacement * ((h >> 20) | 1)) % KEYWORD_SLOTS];
    if (at < 0 || !str_eq(table[at].word, word))
        return NULL;
    return &table[at];
}

int keyword_token(const struct keyword *k)
{
    return keyword_tokens[k - table];
}
