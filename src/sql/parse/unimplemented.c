// Syntax errors that are features of CockroachDB or PostgreSQL which do not exist here: they are named (0A000).
#include "sql/parse/parse_int.h"
#include "base/util.h"

enum {
    START_TOKENS_MAX = 8,  // of the statement's beginning
    BEFORE_TOKENS_MAX = 8, // up to the offending one
    AFTER_TOKENS_MAX = 4,  // … and following it
};

static const struct {
    const char *start, *at, *feature;
} features[] = {
#define UNIMPLEMENTED(start, at, feature) {start, at, feature},
#include "sql/parse/unimplemented.def"
#undef UNIMPLEMENTED
};

struct tokens {
    struct token items[MAX(START_TOKENS_MAX, BEFORE_TOKENS_MAX + AFTER_TOKENS_MAX)];
    size_t n;
};

// The source around the error: how the statement begins, and the tokens around the offending one.
struct scene {
    struct str in;
    struct tokens start, near;
    size_t offending; // in `near`
};

static void drop_first(struct tokens *t)
{
    memmove(t->items, t->items + 1, (t->n - 1) * sizeof(t->items[0]));
    t->n--;
}

static bool spells(struct str in, const struct token *t, const char *word)
{
    return str_ieqc(str_slice(in, t->start, t->end), word);
}

// CREATE OR REPLACE is read as CREATE.
static void add_start(struct scene *s, const struct token *t)
{
    bool create = s->start.n > 0 && spells(s->in, &s->start.items[0], "create");
    bool skipped = create && s->start.n == 1 && (spells(s->in, t, "or") || spells(s->in, t, "replace"));
    if (!skipped && s->start.n < START_TOKENS_MAX)
        s->start.items[s->start.n++] = *t;
}

static void read_scene(struct parser *p, struct scene *s)
{
    struct lexer lx;
    struct token t;
    *s = (struct scene){.in = p->lexer.in};
    lexer_init(&lx, p->arena, s->in);
    lx.at = p->statement_start;
    size_t after = 0;
    for (;;) {
        lexer_next(&lx, &t);
        if (t.id == 0 || t.id == ';' || t.id == LEX_ERROR)
            break;
        if (t.start <= p->last.start && s->near.n == BEFORE_TOKENS_MAX)
            drop_first(&s->near);
        if (t.start > p->last.start && after++ == AFTER_TOKENS_MAX)
            break;
        add_start(s, &t);
        s->near.items[s->near.n++] = t;
        if (t.start <= p->last.start)
            s->offending = s->near.n - 1;
    }
    // At the end of the text the offending token is past the last one.
    if (p->last.id == 0)
        s->offending = s->near.n;
}

// The number of tokens from `from` on that `word` takes: one, for operators the lexer does not know several that touch;
// 0 when it is another word.
static size_t match_word(struct str in, const struct tokens *t, size_t from, struct str word)
{
    if (from >= t->n)
        return 0;
    if (str_eqc(word, "*"))
        return 1;
    size_t end = t->items[from].start + word.len;
    if (end > in.len || !str_ieq(str_slice(in, t->items[from].start, end), word))
        return 0;
    size_t n = 1;
    while (from + n < t->n && t->items[from + n].start < end)
        n++;
    return t->items[from + n - 1].end == end ? n : 0;
}

// The first word of `*rest`, which it then begins behind; false when there is none.
static bool next_word(struct str *rest, struct str *word)
{
    if (rest->len == 0)
        return false;
    ptrdiff_t space = str_find(*rest, STR(" "), 0);
    size_t end = space < 0 ? rest->len : (size_t)space;
    *word = str_slice(*rest, 0, end);
    *rest = str_slice(*rest, MIN(end + 1, rest->len), rest->len);
    return true;
}

// The number of tokens from `from` on that the words of `pattern` take, or 0.
static size_t match(struct str in, const struct tokens *t, size_t from, const char *pattern)
{
    size_t at = from;
    struct str rest = str_of(pattern), word;
    while (next_word(&rest, &word)) {
        size_t n = match_word(in, t, at, word);
        if (n == 0)
            return 0;
        at += n;
    }
    return at - from;
}

// The words stand somewhere such that the offending token is among them or the next.
static bool match_near(const struct scene *s, const char *pattern)
{
    if (*pattern == '\0')
        return true;
    for (size_t from = 0; from <= s->offending; from++) {
        size_t n = match(s->in, &s->near, from, pattern);
        if (n > 0 && from + n >= s->offending)
            return true;
    }
    return false;
}

void parse_name_unimplemented(struct parser *p)
{
    struct scene s;
    read_scene(p, &s);
    for (size_t i = 0; i < ARRAY_LEN(features); i++) {
        if (*features[i].start != '\0' && match(s.in, &s.start, 0, features[i].start) == 0)
            continue;
        if (match_near(&s, features[i].at)) {
            parse_unimplemented(p, features[i].feature);
            return;
        }
    }
}
