// Full-text search: queries from texts in four syntaxes, and operators on queries.
#include "sql/functions/textsearch_query_int.h"
#include "sql/functions/textsearch_int.h"

// ---- words of a query become lexemes

struct normalizer {
    struct ts_operand_reader base;
    struct arena *arena;
    const struct ts_config *config;
    enum ts_kind between; // the operator between the lexemes of one operand
};

static int append(struct normalizer *z, struct ts_node *node, struct ts_node **out, struct err *err)
{
    if (*out == NULL) {
        *out = node;
        return 0;
    }
    return ts_operator_new(z->arena, z->between, *out, node, 1, out, err);
}

// The lexemes of a piece of text one after the other; positions of stop words between them are kept open.
static int normalize(struct ts_operand_reader *r, struct str text, uint8_t weights, bool prefix, struct ts_node **out,
                     struct err *err)
{
    struct normalizer *z = (struct normalizer *)r;
    struct ts_words words = {0};
    uint32_t last = 0;
    *out = NULL;
    ts_document(z->config, z->arena, text, &(uint32_t){0}, &words);
    for (size_t i = 0; i < words.v.len; i++) {
        uint32_t position = ts_position(words.v.ptr[i].place);
        for (; last > 0 && last + 1 < position; last++)
            TRY(append(z, ts_stop_new(z->arena), out, err));
        last = position;
        TRY(append(z, ts_value_new(z->arena, words.v.ptr[i].word, weights, prefix), out, err));
    }
    if (*out == NULL)
        *out = ts_stop_new(z->arena);
    return 0;
}

static int return_query(struct eval_context *ec, const struct ts_node *root, struct datum *out)
{
    return fn_return_str(out, ts_query_encode(ec->arena, root));
}

static struct normalizer normalizer_of(struct eval_context *ec, const struct ts_config *config, enum ts_kind between)
{
    return (struct normalizer){{normalize}, ec->arena, config, between};
}

static int query_of(struct eval_context *ec, const struct ts_config *config, struct str text, struct datum *out,
                    struct err *err)
{
    struct normalizer z = normalizer_of(ec, config, TS_PHRASE);
    struct ts_node *root;
    TRY(ts_query_parse(ec->arena, text, &z.base, &root, err));
    TRY(ts_query_without_stops(ec->arena, root, &root, err));
    return return_query(ec, root, out);
}

static int query_of_words(struct eval_context *ec, const struct ts_config *config, enum ts_kind between,
                          struct str text, struct datum *out, struct err *err)
{
    struct normalizer z = normalizer_of(ec, config, between);
    struct ts_node *root;
    TRY(normalize(&z.base, text, 0, false, &root, err));
    TRY(ts_query_without_stops(ec->arena, root, &root, err));
    return return_query(ec, root, out);
}

static int plain_query_of(struct eval_context *ec, const struct ts_config *config, struct str text, struct datum *out,
                          struct err *err)
{
    return query_of_words(ec, config, TS_AND, text, out, err);
}
static int phrase_query_of(struct eval_context *ec, const struct ts_config *config, struct str text, struct datum *out,
                           struct err *err)
{
    return query_of_words(ec, config, TS_PHRASE, text, out, err);
}

// ---- the syntax of web search: words are joined by AND; "or", -word and "phrases in quotes"

struct web {
    struct normalizer z;
    struct str text;
    size_t at;
};

static int web_peek(const struct web *w)
{
    return w->at < w->text.len ? (unsigned char)w->text.ptr[w->at] : -1;
}
static bool is_space(int c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}
static bool is_operator(int c)
{
    return c == '!' || c == '&' || c == '|' || c == '(' || c == ')' || c == '<';
}

// Signs of the other syntax mean nothing here.
static void web_skip(struct web *w, bool operators)
{
    while (is_space(web_peek(w)) || (operators && is_operator(web_peek(w))))
        w->at++;
}

// The word "or" with something behind it.
static bool web_take_or(struct web *w)
{
    struct str rest = str_slice(w->text, w->at, w->text.len);
    if (rest.len < 2 || !str_ieqc(str_slice(rest, 0, 2), "or"))
        return false;
    unsigned char next = rest.len > 2 ? (unsigned char)rest.ptr[2] : ' ';
    if (next == '-' || next == '_' || next >= 0x80 || (next >= '0' && next <= '9') ||
        ((next | 0x20) >= 'a' && (next | 0x20) <= 'z') || str_trim(str_slice(rest, 2, rest.len)).len == 0)
        return false;
    w->at += 2;
    return true;
}

static int web_operand(struct web *w, struct ts_node **out, struct err *err)
{
    web_skip(w, true);
    size_t from = w->at;
    bool quoted = web_peek(w) == '"';
    if (web_peek(w) < 0) {
        *out = ts_stop_new(w->z.arena);
        return 0;
    }
    w->at++;
    if (quoted) {
        from++;
        while (web_peek(w) >= 0 && web_peek(w) != '"')
            w->at++;
    } else {
        while (web_peek(w) >= 0 && !is_space(web_peek(w)) && !is_operator(web_peek(w)) && web_peek(w) != '"' &&
               web_peek(w) != ':')
            w->at++;
    }
    struct str word = str_slice(w->text, from, w->at);
    w->at += quoted && web_peek(w) == '"';
    return normalize(&w->z.base, word, 0, false, out, err);
}

// An operand behind any number of minus signs.
static int web_signed(struct web *w, struct ts_node **out, struct err *err)
{
    uint32_t minus = 0;
    for (;; minus++) {
        web_skip(w, true);
        if (web_peek(w) != '-')
            break;
        w->at++;
    }
    TRY(web_operand(w, out, err));
    while (minus-- > 0)
        TRY(ts_operator_new(w->z.arena, TS_NOT, NULL, *out, 0, out, err));
    return 0;
}

static int web_parse(struct web *w, struct ts_node **out, struct err *err)
{
    struct ts_node *any = NULL, *all = NULL, *one;
    web_skip(w, false);
    while (web_peek(w) >= 0) {
        if (all != NULL && web_take_or(w)) {
            if (any != NULL)
                TRY(ts_operator_new(w->z.arena, TS_OR, any, all, 0, &all, err));
            any = all;
            all = NULL;
        }
        TRY(web_signed(w, &one, err));
        if (all != NULL)
            TRY(ts_operator_new(w->z.arena, TS_AND, all, one, 0, &one, err));
        all = one;
        web_skip(w, true);
    }
    *out = all;
    return any != NULL ? ts_operator_new(w->z.arena, TS_OR, any, all, 0, out, err) : 0;
}

static int web_query_of(struct eval_context *ec, const struct ts_config *config, struct str text, struct datum *out,
                        struct err *err)
{
    struct web w = {.z = normalizer_of(ec, config, TS_PHRASE), .text = text};
    struct ts_node *root;
    TRY(web_parse(&w, &root, err));
    TRY(ts_query_without_stops(ec->arena, root, &root, err));
    return return_query(ec, root, out);
}

// Each with the default configuration, and with the one that the first argument names.
#define TO_QUERY(name, body)                             \
    QUERY_BODY(name)                                     \
    {                                                    \
        const struct ts_config *config;                  \
        TRY(ts_config_current(ec, &config, err));        \
        return body(ec, config, args[0].s, out, err);    \
    }                                                    \
    QUERY_BODY(name##_config)                            \
    {                                                    \
        const struct ts_config *config;                  \
        TRY(ts_config_argument(ec, args, &config, err)); \
        return body(ec, config, args[1].s, out, err);    \
    }
TO_QUERY(to_query, query_of)
TO_QUERY(plain_to_query, plain_query_of)
TO_QUERY(phrase_to_query, phrase_query_of)
TO_QUERY(web_to_query, web_query_of)

// ---- operators; a query without lexemes changes nothing

static int combine(struct eval_context *ec, enum ts_kind kind, const struct datum *args, int64_t distance,
                   struct datum *out, struct err *err)
{
    struct ts_node *left = ts_query_open(ec->arena, args[0].s), *right = ts_query_open(ec->arena, args[1].s), *root;
    if (left == NULL || right == NULL)
        return return_query(ec, left != NULL ? left : right, out);
    TRY(ts_operator_new(ec->arena, kind, left, right, (uint16_t)distance, &root, err));
    return return_query(ec, root, out);
}

QUERY_BODY(query_and)
{
    return combine(ec, TS_AND, args, 0, out, err);
}
QUERY_BODY(query_or)
{
    return combine(ec, TS_OR, args, 0, out, err);
}
QUERY_BODY(query_phrase)
{
    int64_t distance = n_args > 2 ? args[2].i : 1;
    if (distance < 0 || distance > TS_DISTANCE_MAX)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE,
                       "distance in phrase operator must be an integer value between zero and %d inclusive",
                       TS_DISTANCE_MAX);
    return combine(ec, TS_PHRASE, args, distance, out, err);
}
QUERY_BODY(query_not)
{
    struct ts_node *root = ts_query_open(ec->arena, args[0].s);
    if (root != NULL)
        TRY(ts_operator_new(ec->arena, TS_NOT, NULL, root, 0, &root, err));
    return return_query(ec, root, out);
}

static bool has_word(const struct ts_node *n, struct str word)
{
    if (n == NULL)
        return false;
    return n->kind == TS_VALUE ? str_eq(n->word, word) : has_word(n->left, word) || has_word(n->right, word);
}
static bool has_words_of(const struct ts_node *n, const struct ts_node *other)
{
    if (other == NULL)
        return true;
    return other->kind == TS_VALUE ? has_word(n, other->word)
                                   : has_words_of(n, other->left) && has_words_of(n, other->right);
}

QUERY_BODY(query_contains)
{
    return fn_return_bool(out, has_words_of(ts_query_open(ec->arena, args[0].s), ts_query_open(ec->arena, args[1].s)));
}
QUERY_BODY(query_contained_by)
{
    return fn_return_bool(out, has_words_of(ts_query_open(ec->arena, args[1].s), ts_query_open(ec->arena, args[0].s)));
}

static int64_t count_nodes(const struct ts_node *n)
{
    return n == NULL ? 0 : 1 + count_nodes(n->left) + count_nodes(n->right);
}
QUERY_BODY(query_nodes)
{
    return fn_return_int(out, count_nodes(ts_query_open(ec->arena, args[0].s)));
}

// What is left without negations; NULL when that can be anything.
static struct ts_node *positive_part(struct ts_node *n)
{
    if (n->kind == TS_VALUE || n->kind == TS_NOT)
        return n->kind == TS_VALUE ? n : NULL;
    n->left = positive_part(n->left);
    n->right = positive_part(n->right);
    if (n->left != NULL && n->right != NULL)
        return n;
    return n->kind == TS_OR ? NULL : n->left != NULL ? n->left : n->right;
}
QUERY_BODY(query_tree)
{
    struct ts_node *root = ts_query_open(ec->arena, args[0].s);
    if (root == NULL)
        return fn_return_str(out, STR_EMPTY);
    root = positive_part(root);
    if (root == NULL)
        return fn_return_str(out, STR("T"));
    struct buf b = BUF_INIT;
    datum_print(&b, T_TSQUERY, datum_str(ts_query_encode(ec->arena, root)), NULL);
    return fn_return_buf(ec, &b, out, err);
}
