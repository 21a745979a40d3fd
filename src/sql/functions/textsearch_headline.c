// ts_headline(): which pieces of a text to show for a query, by the rules of PostgreSQL's default parser.
//
// A cover is a run of tokens that begins and ends with words of the query and satisfies it. Without MaxFragments the
// best cover is cut or stretched to between MinWords and MaxWords; with it, covers are cut into fragments, and
// the best of those that do not overlap are shown, each stretched to both sides.
#include "sql/functions/textsearch_int.h"

struct token {
    enum ts_token_type type;
    struct str text;
    struct str lexeme; // none: ptr NULL
    uint16_t position;
    bool hit;   // a word of the query
    bool shown; // in what is printed
};

struct options {
    int64_t max_words, min_words, short_word, max_fragments;
    bool all;
    struct str start, stop, delimiter;
};

struct headline {
    struct ts_matcher base;
    const struct ts_node *query;
    struct options o;
    ARENA_VEC(struct token) tokens;
    size_t from, to; // the run that the query is tried on
};

// ---- options: StartSel=<b>, MaxWords = 5, FragmentDelimiter=" … "

static int64_t *number_option(struct options *o, struct str name)
{
    return str_ieqc(name, "MaxWords")       ? &o->max_words
           : str_ieqc(name, "MinWords")     ? &o->min_words
           : str_ieqc(name, "ShortWord")    ? &o->short_word
           : str_ieqc(name, "MaxFragments") ? &o->max_fragments
                                            : NULL;
}
static struct str *text_option(struct options *o, struct str name)
{
    return str_ieqc(name, "StartSel")            ? &o->start
           : str_ieqc(name, "StopSel")           ? &o->stop
           : str_ieqc(name, "FragmentDelimiter") ? &o->delimiter
                                                 : NULL;
}

static int set_option(struct options *o, struct str name, struct str value, struct err *err)
{
    int64_t *number = number_option(o, name);
    struct str *text = text_option(o, name);
    if (text != NULL) {
        *text = value;
    } else if (str_ieqc(name, "HighlightAll")) {
        o->all = str_ieqc(value, "1") || str_ieqc(value, "on") || str_ieqc(value, "true") || str_ieqc(value, "t") ||
                 str_ieqc(value, "y") || str_ieqc(value, "yes");
    } else if (number == NULL) {
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "unrecognized headline parameter: \"%.*s\"", STR_FMT(name));
    } else if (!str_to_i64(value, number) || *number > INT32_MAX || *number < INT32_MIN) {
        return err_set(err, ERR_INVALID_TEXT_REPRESENTATION, "invalid input syntax for type integer: \"%.*s\"",
                       STR_FMT(value));
    }
    return 0;
}

// One value at *at: in quotes of either kind, or up to a comma or blank.
static struct str option_value(struct str text, size_t *at)
{
    char quote = *at < text.len && (text.ptr[*at] == '"' || text.ptr[*at] == '\'') ? text.ptr[*at] : '\0';
    size_t from = *at + (quote != '\0');
    *at = from;
    while (*at < text.len && (quote != '\0' ? text.ptr[*at] != quote : text.ptr[*at] != ',' && text.ptr[*at] != ' '))
        ++*at;
    struct str value = str_slice(text, from, *at);
    *at += quote != '\0' && *at < text.len;
    return value;
}

static int read_options(struct str text, struct options *o, struct err *err)
{
    for (size_t at = 0; at < text.len;) {
        if (text.ptr[at] == ' ' || text.ptr[at] == ',') {
            at++;
            continue;
        }
        ptrdiff_t equals = str_find(text, STR("="), at);
        if (equals < 0)
            return err_set(err, ERR_SYNTAX_ERROR, "invalid parameter list format: \"%.*s\"", STR_FMT(text));
        struct str name = str_trim(str_slice(text, at, (size_t)equals));
        at = (size_t)equals + 1;
        while (at < text.len && text.ptr[at] == ' ')
            at++;
        TRY(set_option(o, name, option_value(text, &at), err));
    }
    return 0;
}

static int check_options(const struct options *o, struct err *err)
{
    if (o->all)
        return 0;
    const char *text = o->min_words >= o->max_words ? "MinWords should be less than MaxWords"
                       : o->min_words <= 0          ? "MinWords should be positive"
                       : o->short_word < 0          ? "ShortWord should be >= 0"
                       : o->max_fragments < 0       ? "MaxFragments should be >= 0"
                                                    : NULL;
    return text != NULL ? err_set(err, ERR_INVALID_PARAMETER_VALUE, "%s", text) : 0;
}

// ---- tokens

static bool in_query(const struct ts_node *n, struct str word)
{
    if (n == NULL)
        return false;
    return n->kind == TS_VALUE ? ts_value_is(n, word) : in_query(n->left, word) || in_query(n->right, word);
}

static void read_tokens(struct headline *h, const struct ts_config *config, struct str text)
{
    struct ts_parser p = {.text = text};
    struct ts_token token;
    uint32_t position = 0;
    while (ts_parser_next(&p, &token)) {
        struct token t = {.type = token.type, .text = token.text};
        enum ts_lexized what =
            token.text.len > TS_WORD_BYTES_MAX ? TS_IGNORED : ts_lexize(config, &token, h->base.arena, &t.lexeme);
        if (what != TS_LEXEME)
            t.lexeme = STR_NONE;
        position += what != TS_IGNORED;
        t.position = (uint16_t)ts_position(ts_place(position, 0));
        t.hit = what == TS_LEXEME && in_query(h->query, t.lexeme);
        ARENA_PUSH(h->base.arena, &h->tokens, t);
    }
}

static const struct token *token_at(const struct headline *h, size_t i)
{
    return &h->tokens.ptr[i];
}

// Given again as their parts.
static bool is_whole(enum ts_token_type type)
{
    return type == TS_URL || type == TS_NUMHWORD || type == TS_ASCIIHWORD || type == TS_HWORD;
}
static bool is_word(const struct token *t)
{
    return t->type != TS_BLANK && t->type != TS_TAG && !is_whole(t->type);
}

// A headline does not end with short words, numbers or signs unless they were asked for.
static bool is_bad_end(const struct headline *h, size_t i)
{
    const struct token *t = token_at(h, i);
    bool number =
        t->type == TS_SFLOAT || t->type == TS_VERSION || t->type == TS_FLOAT || t->type == TS_INT || t->type == TS_UINT;
    bool sign = t->type == TS_PROTOCOL || t->type == TS_ENTITY;
    return (!is_word(t) || number || sign || t->text.len <= (size_t)h->o.short_word) && !t->hit;
}

// ---- covers

static enum ts_answer find_in_run(struct ts_matcher *m, const struct ts_node *value, struct ts_places *out)
{
    const struct headline *h = (const struct headline *)m;
    enum ts_answer answer = TS_NO;
    for (size_t i = h->from; i <= h->to; i++) {
        const struct token *t = token_at(h, i);
        if (!t->hit || !ts_value_is(value, t->lexeme))
            continue;
        answer = TS_YES;
        if (out == NULL)
            break;
        if (out->v.len == 0 || out->v.ptr[out->v.len - 1] != t->position)
            ARENA_PUSH(m->arena, &out->v, t->position);
    }
    return answer;
}

static size_t next_hit(const struct headline *h, size_t i)
{
    while (i < h->tokens.len && !token_at(h, i)->hit)
        i++;
    return i;
}

// The first and shortest cover from *from on.
static bool next_cover(struct headline *h, size_t *from, size_t *to)
{
    size_t most = (size_t)MAX(h->o.max_words * 10, 100) * (size_t)MAX(h->o.max_fragments, 1);
    for (h->from = next_hit(h, *from); h->from < h->tokens.len; h->from = next_hit(h, h->from + 1)) {
        for (h->to = h->from; h->to < h->tokens.len && h->to - h->from < most; h->to = next_hit(h, h->to + 1)) {
            if (!ts_matches(&h->base, h->query))
                continue;
            *from = h->from;
            *to = h->to;
            return true;
        }
    }
    return false;
}

struct piece {
    size_t from, to; // tokens, both within
    int64_t words, hits;
    bool taken;
};

static void count_token(const struct headline *h, size_t i, int64_t by, struct piece *p)
{
    p->words += is_word(token_at(h, i)) ? by : 0;
    p->hits += token_at(h, i)->hit ? by : 0;
}

static void show(struct headline *h, size_t from, size_t to)
{
    for (size_t i = from; i <= to && i < h->tokens.len; i++)
        h->tokens.ptr[i].shown = true;
}

// Nothing was found: the beginning.
static void show_start(struct headline *h)
{
    int64_t words = 0;
    for (size_t i = 0; i < h->tokens.len && words < h->o.min_words; i++) {
        words += is_word(token_at(h, i));
        show(h, i, i);
    }
}

// ---- one piece

// The text has ended too early: to the left.
static void stretch_left(const struct headline *h, struct piece *p)
{
    size_t i = p->from;
    while (i > 0) {
        count_token(h, --i, 1, p);
        if (p->words >= h->o.max_words || (!is_bad_end(h, i) && p->words >= h->o.min_words))
            break;
    }
    p->from = i;
}

static void stretch_right(const struct headline *h, size_t cover_end, struct piece *p)
{
    for (size_t i = p->to; i < h->tokens.len && p->words < h->o.max_words; i++) {
        if (i > cover_end)
            count_token(h, i, 1, p);
        p->to = i;
        if (!is_bad_end(h, i) && p->words >= h->o.min_words)
            break;
    }
    if (p->words < h->o.min_words)
        stretch_left(h, p);
}

static struct piece piece_of_cover(const struct headline *h, size_t from, size_t to)
{
    struct piece p = {.from = from, .to = from};
    size_t i = from;
    for (; i <= to && p.words < h->o.max_words; i++) {
        count_token(h, i, 1, &p);
        p.to = i;
    }
    if (p.words < h->o.max_words) {
        stretch_right(h, to, &p);
        return p;
    }
    for (i = MIN(i, to); p.words > h->o.min_words && is_bad_end(h, i); i--) {
        count_token(h, i, -1, &p);
        p.to = i - 1;
    }
    return p;
}

static void show_best(struct headline *h)
{
    struct piece best = {.hits = -1};
    bool best_whole = false;
    for (size_t from = 0, to; next_cover(h, &from, &to); from++) {
        struct piece p = piece_of_cover(h, from, to);
        bool whole = p.from <= from && p.to >= to;
        if (whole > best_whole || (whole == best_whole && p.hits > best.hits) ||
            (whole == best_whole && p.hits == best.hits && !is_bad_end(h, p.to) && is_bad_end(h, best.to))) {
            best = p;
            best_whole = whole;
        }
    }
    if (best.hits < 0)
        show_start(h);
    else
        show(h, best.from, best.to);
}

// ---- fragments

struct pieces {
    ARENA_VEC(struct piece) v;
};

// A cover in pieces of at most max_words that begin and end with hits.
static void cut_cover(const struct headline *h, size_t from, size_t to, struct pieces *out)
{
    while (from <= to) {
        struct piece p = {.from = MIN(next_hit(h, from), to)};
        size_t i = p.from;
        for (; i <= to && p.words < h->o.max_words; i++)
            count_token(h, i, 1, &p);
        p.to = to;
        if (to > i) {
            for (p.to = i; p.to > p.from && !token_at(h, p.to)->hit; p.to--)
                p.words -= is_word(token_at(h, p.to));
        }
        ARENA_PUSH(h->base.arena, &out->v, p);
        from = p.to + 1;
    }
}

static struct piece *best_piece(const struct pieces *pieces)
{
    struct piece *best = NULL;
    for (size_t i = 0; i < pieces->v.len; i++) {
        struct piece *p = &pieces->v.ptr[i];
        int64_t most = best != NULL ? best->hits : 0, fewest = best != NULL ? best->words : INT64_MAX;
        if (!p->taken && (p->hits > most || (p->hits == most && p->words < fewest)))
            best = p;
    }
    return best;
}

// Half of what is missing before the piece, the rest behind it; never into another one.
static void stretch(const struct headline *h, struct piece *p)
{
    int64_t half = (h->o.max_words - p->words) / 2, added = 0;
    size_t edge = p->from;
    while (edge > 0 && added < half && !token_at(h, edge - 1)->shown)
        added += is_word(token_at(h, --edge));
    p->words += added;
    for (; edge < p->from && is_bad_end(h, edge); edge++)
        p->words -= is_word(token_at(h, edge));
    p->from = edge;
    edge = p->to;
    while (edge + 1 < h->tokens.len && p->words < h->o.max_words && !token_at(h, edge + 1)->shown)
        p->words += is_word(token_at(h, ++edge));
    for (; edge > p->to && is_bad_end(h, edge); edge--)
        p->words -= is_word(token_at(h, edge));
    p->to = edge;
}

static void show_fragments(struct headline *h)
{
    struct pieces pieces = {0};
    struct piece *best = NULL;
    int64_t shown = 0;
    for (size_t from = 0, to; next_cover(h, &from, &to); from++)
        cut_cover(h, from, to, &pieces);
    for (; shown < h->o.max_fragments && (best = best_piece(&pieces)) != NULL; shown++) {
        if (best->words < h->o.max_words)
            stretch(h, best);
        show(h, best->from, best->to);
        for (size_t i = 0; i < pieces.v.len; i++) // it and what overlaps it
            pieces.v.ptr[i].taken |= pieces.v.ptr[i].from <= best->to && pieces.v.ptr[i].to >= best->from;
    }
    if (shown == 0)
        show_start(h);
}

// ---- printing

static int print_headline(struct eval_context *ec, const struct headline *h, struct datum *out, struct err *err)
{
    struct buf b = {.max = FN_STRING_BYTES_MAX};
    bool inside = false;
    int fragments = 0;
    for (size_t i = 0; i < h->tokens.len; i++) {
        const struct token *t = token_at(h, i);
        if (t->shown && !inside && fragments++ > 0)
            buf_str(&b, h->o.delimiter);
        inside = t->shown;
        if (!inside || is_whole(t->type))
            continue;
        if (t->type == TS_TAG && !h->o.all) {
            buf_putc(&b, ' ');
            continue;
        }
        buf_str(&b, t->hit ? h->o.start : STR_EMPTY);
        buf_str(&b, t->text);
        buf_str(&b, t->hit ? h->o.stop : STR_EMPTY);
    }
    return fn_return_buf(ec, &b, out, err);
}

// args: text, query, perhaps options.
static int headline_of(struct eval_context *ec, const struct ts_config *config, const struct datum *args, int n_args,
                       struct datum *out, struct err *err)
{
    struct headline h = {.base = {ec->arena, find_in_run},
                         .query = ts_query_open(ec->arena, args[1].s),
                         .o = {35, 15, 3, 0, false, STR("<b>"), STR("</b>"), STR(" ... ")}};
    if (n_args > 2)
        TRY(read_options(args[2].s, &h.o, err));
    TRY(check_options(&h.o, err));
    read_tokens(&h, config, args[0].s);
    if (h.o.all)
        show(&h, 0, h.tokens.len);
    else if (h.o.max_fragments == 0)
        show_best(&h);
    else
        show_fragments(&h);
    return print_headline(ec, &h, out, err);
}

BODY(headline)
{
    const struct ts_config *config;
    TRY(ts_config_current(ec, &config, err));
    return headline_of(ec, config, args, n_args, out, err);
}
BODY(headline_config)
{
    const struct ts_config *config;
    TRY(ts_config_argument(ec, args, &config, err));
    return headline_of(ec, config, args + 1, n_args - 1, out, err);
}

static const struct fn_row rows[] = {
#include "sql/functions/textsearch_headline.def"
};
const struct fn_family fn_family_textsearch_headline = {"FULL TEXT SEARCH", rows, ARRAY_LEN(rows)};
