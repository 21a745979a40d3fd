#include "types/tsquery.h"
#include "types/ts_int.h"

// ---- trees

struct ts_node *ts_value_new(struct arena *a, struct str word, uint8_t weights, bool prefix)
{
    struct ts_node *n = ARENA_NEW(a, struct ts_node);
    *n = (struct ts_node){.kind = TS_VALUE, .weights = weights, .prefix = prefix, .depth = 1, .word = word};
    return n;
}

struct ts_node *ts_stop_new(struct arena *a)
{
    struct ts_node *n = ARENA_NEW(a, struct ts_node);
    *n = (struct ts_node){.kind = TS_STOP, .depth = 1};
    return n;
}

int ts_operator_new(struct arena *a, enum ts_kind kind, struct ts_node *left, struct ts_node *right, uint16_t distance,
                    struct ts_node **out, struct err *err)
{
    if ((kind == TS_AND || kind == TS_OR) && right->kind == kind) {
        TRY(ts_operator_new(a, kind, left, right->left, 0, &left, err));
        right = right->right;
    }
    uint16_t below = left != NULL ? MAX(left->depth, right->depth) : right->depth;
    if (below >= TS_QUERY_DEPTH_MAX)
        return err_set(err, ERR_PROGRAM_LIMIT_EXCEEDED, "tsquery is too large");
    struct ts_node *n = ARENA_NEW(a, struct ts_node);
    *n = (struct ts_node){.kind = (uint8_t)kind,
                          .depth = (uint16_t)(below + 1),
                          .distance = kind == TS_PHRASE ? distance : 0,
                          .left = left,
                          .right = right};
    *out = n;
    return 0;
}

// What stays of a tree, and by how many words its left and right neighbours come nearer to it than they were written.
struct rest {
    struct ts_node *node; // NULL: nothing
    uint32_t left_gap, right_gap;
};

static int drop_stops(struct arena *a, struct ts_node *n, struct rest *out, struct err *err);

static int drop_stops_of_pair(struct arena *a, struct ts_node *n, struct rest *out, struct err *err)
{
    struct rest l, r;
    bool phrase = n->kind == TS_PHRASE;
    uint32_t distance = n->distance;
    TRY(drop_stops(a, n->left, &l, err));
    TRY(drop_stops(a, n->right, &r, err));
    if (l.node == NULL && r.node == NULL) {
        out->left_gap = out->right_gap = phrase ? l.left_gap + distance + r.left_gap : MAX(l.left_gap, r.left_gap);
        return 0;
    }
    if (l.node == NULL) {
        *out = (struct rest){r.node, phrase ? l.left_gap + distance + r.left_gap : r.left_gap, r.right_gap};
        return 0;
    }
    if (r.node == NULL) {
        *out = (struct rest){l.node, l.left_gap, phrase ? l.right_gap + distance + r.right_gap : l.right_gap};
        return 0;
    }
    if (phrase) {
        distance = MIN(distance + l.right_gap + r.left_gap, (uint32_t)TS_DISTANCE_MAX);
        *out = (struct rest){NULL, l.left_gap, r.right_gap};
    }
    return ts_operator_new(a, (enum ts_kind)n->kind, l.node, r.node, (uint16_t)distance, &out->node, err);
}

static int drop_stops(struct arena *a, struct ts_node *n, struct rest *out, struct err *err)
{
    *out = (struct rest){0};
    if (n->kind == TS_STOP)
        return 0;
    if (n->kind == TS_VALUE) {
        out->node = n;
        return 0;
    }
    if (n->kind != TS_NOT)
        return drop_stops_of_pair(a, n, out, err);
    TRY(drop_stops(a, n->right, out, err));
    return out->node != NULL ? ts_operator_new(a, TS_NOT, NULL, out->node, 0, &out->node, err) : 0;
}

int ts_query_without_stops(struct arena *a, struct ts_node *root, struct ts_node **out, struct err *err)
{
    struct rest rest = {0};
    if (root != NULL)
        TRY(drop_stops(a, root, &rest, err));
    *out = rest.node;
    return 0;
}

// ---- encoding

static void encode_node(struct buf *out, const struct ts_node *n, uint32_t *count)
{
    ++*count;
    if (n->kind == TS_VALUE) {
        buf_putc(out, 1);
        buf_putc(out, (char)n->weights);
        buf_putc(out, (char)n->prefix);
        buf_str(out, n->word);
        buf_putc(out, '\0');
        return;
    }
    buf_putc(out, 2);
    buf_putc(out, (char)n->kind);
    if (n->kind == TS_PHRASE)
        buf_be16(out, n->distance);
    encode_node(out, n->right, count);
    if (n->left != NULL)
        encode_node(out, n->left, count);
}

struct str ts_query_encode(struct arena *a, const struct ts_node *root)
{
    struct buf b = BUF_INIT;
    uint32_t count = 0;
    buf_be32(&b, 0);
    if (root != NULL)
        encode_node(&b, root, &count);
    buf_patch_be32(&b, 0, count);
    struct str s = arena_str(a, buf_view(&b));
    buf_release(&b);
    return s;
}

struct decoder {
    struct arena *arena;
    struct str s;
    size_t at;
    uint32_t left; // nodes
};

static bool decode_value(struct decoder *d, struct ts_node **out)
{
    if (d->s.len - d->at < 3)
        return false;
    uint8_t weights = (uint8_t)d->s.ptr[d->at], prefix = (uint8_t)d->s.ptr[d->at + 1];
    const char *word = d->s.ptr + d->at + 2, *end = memchr(word, '\0', d->s.len - d->at - 2);
    if (end == NULL || weights > 15 || prefix > 1 || end - word > TS_WORD_BYTES_MAX)
        return false;
    *out = ts_value_new(d->arena, (struct str){word, (size_t)(end - word)}, weights, prefix == 1);
    d->at = (size_t)(end - d->s.ptr) + 1;
    return true;
}

static bool decode_node(struct decoder *d, uint32_t depth, struct ts_node **out)
{
    uint16_t distance = 0;
    struct ts_node *left = NULL, *right;
    if (d->left-- == 0 || depth > TS_QUERY_DEPTH_MAX || d->s.len - d->at < 2)
        return false;
    char type = d->s.ptr[d->at++];
    if (type == 1)
        return decode_value(d, out);
    uint8_t kind = (uint8_t)d->s.ptr[d->at++];
    if (type != 2 || kind < TS_NOT || kind > TS_PHRASE)
        return false;
    if (kind == TS_PHRASE) {
        if (d->s.len - d->at < 2)
            return false;
        distance = load_be16(d->s.ptr + d->at);
        d->at += 2;
    }
    if (distance > TS_DISTANCE_MAX || !decode_node(d, depth + 1, &right) ||
        (kind != TS_NOT && !decode_node(d, depth + 1, &left)))
        return false;
    return ts_operator_new(d->arena, (enum ts_kind)kind, left, right, distance, out, NULL) == 0;
}

// False when the bytes are not a query.
static bool decode(struct arena *a, struct str s, struct ts_node **out)
{
    struct decoder d = {.arena = a, .s = s, .at = 4};
    *out = NULL;
    if (s.len < 4)
        return false;
    d.left = load_be32(s.ptr);
    if (d.left > 0 && !decode_node(&d, 1, out))
        return false;
    return d.at == s.len && d.left == 0;
}

struct ts_node *ts_query_open(struct arena *a, struct str bytes)
{
    struct ts_node *root;
    return decode(a, bytes, &root) ? root : NULL;
}

static bool words_valid(const struct ts_node *n)
{
    if (n == NULL)
        return true;
    return n->kind == TS_VALUE ? n->word.len > 0 && utf8_valid(n->word) : words_valid(n->left) && words_valid(n->right);
}

int tsquery_from_binary_datum(struct arena *a, struct type t, struct str s, struct datum *out, struct err *err)
{
    struct ts_node *root;
    if (!decode(a, s, &root) || !words_valid(root))
        return binary_error(err, t);
    out->s = ts_query_encode(a, root);
    return 0;
}

void tsquery_to_binary_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    buf_str(out, d.s);
}

// ---- text

struct query_parser {
    struct ts_text t;
    struct arena *arena;
    struct ts_operand_reader *reader;
};

static const uint8_t priority[] = {[TS_NOT] = 4, [TS_AND] = 2, [TS_OR] = 1, [TS_PHRASE] = 3};

// :*AB behind a word.
static void read_modifiers(struct ts_text *t, uint8_t *weights, bool *prefix)
{
    *weights = 0;
    *prefix = false;
    if (ts_peek(t) != ':')
        return;
    for (t->at++; ts_peek(t) >= 0; t->at++) {
        char c = lower((char)ts_peek(t));
        if (c == '*')
            *prefix = true;
        else if (c >= 'a' && c <= 'd')
            *weights |= (uint8_t)(1 << ('d' - c));
        else
            return;
    }
}

// <-> or <N> at which the text stands.
static int read_phrase(struct ts_text *t, uint16_t *distance, struct err *err)
{
    uint32_t n = 0;
    size_t at = t->at + 1;
    if (at < t->all.len && t->all.ptr[at] == '-') {
        at++;
        n = 1;
    } else {
        size_t from = at;
        for (; at < t->all.len && is_digit(t->all.ptr[at]); at++)
            n = MIN(n * 10 + (uint32_t)(t->all.ptr[at] - '0'), (uint32_t)TS_DISTANCE_MAX + 1);
        if (at == from)
            return ts_syntax_error(t, err);
    }
    if (at >= t->all.len || t->all.ptr[at] != '>')
        return ts_syntax_error(t, err);
    if (n > TS_DISTANCE_MAX)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE,
                       "distance in phrase operator must be an integer value between zero and %d inclusive",
                       TS_DISTANCE_MAX);
    t->at = at + 1;
    *distance = (uint16_t)n;
    return 0;
}

static int parse_binary(struct query_parser *p, uint32_t lowest, uint32_t depth, struct ts_node **out, struct err *err);

static int parse_operand(struct query_parser *p, uint32_t depth, struct ts_node **out, struct err *err)
{
    struct str word;
    uint8_t weights;
    bool prefix;
    ts_skip_blanks(&p->t);
    int c = ts_peek(&p->t);
    if (depth > TS_QUERY_DEPTH_MAX)
        return err_set(err, ERR_PROGRAM_LIMIT_EXCEEDED, "tsquery is too large");
    if (c < 0)
        return err_set(err, ERR_SYNTAX_ERROR, "no operand in tsquery: \"%.*s\"", STR_FMT(p->t.all));
    if (c == '!') {
        struct ts_node *operand;
        p->t.at++;
        TRY(parse_binary(p, priority[TS_NOT], depth + 1, &operand, err));
        return ts_operator_new(p->arena, TS_NOT, NULL, operand, 0, out, err);
    }
    if (c == '(') {
        p->t.at++;
        TRY(parse_binary(p, 1, depth + 1, out, err));
        ts_skip_blanks(&p->t);
        if (ts_peek(&p->t) != ')')
            return ts_syntax_error(&p->t, err);
        p->t.at++;
        return 0;
    }
    TRY(ts_read_word(&p->t, p->arena, &word, err));
    read_modifiers(&p->t, &weights, &prefix);
    return p->reader->operand(p->reader, word, weights, prefix, out, err);
}

// Operators of at least that priority, those of one priority from the left.
static int parse_binary(struct query_parser *p, uint32_t lowest, uint32_t depth, struct ts_node **out, struct err *err)
{
    TRY(parse_operand(p, depth, out, err));
    for (;;) {
        struct ts_node *right;
        uint16_t distance = 0;
        ts_skip_blanks(&p->t);
        int c = ts_peek(&p->t);
        enum ts_kind kind = c == '&' ? TS_AND : c == '|' ? TS_OR : c == '<' ? TS_PHRASE : TS_VALUE;
        if (kind == TS_VALUE || priority[kind] < lowest)
            return 0;
        if (kind == TS_PHRASE)
            TRY(read_phrase(&p->t, &distance, err));
        else
            p->t.at++;
        TRY(parse_binary(p, priority[kind] + 1u, depth + 1, &right, err));
        TRY(ts_operator_new(p->arena, kind, *out, right, distance, out, err));
    }
}

int ts_query_parse(struct arena *a, struct str text, struct ts_operand_reader *r, struct ts_node **out, struct err *err)
{
    struct query_parser p = {.t = {.all = text, .query = true, .type = "tsquery"}, .arena = a, .reader = r};
    *out = NULL;
    ts_skip_blanks(&p.t);
    if (ts_peek(&p.t) < 0)
        return 0;
    TRY(parse_binary(&p, 1, 1, out, err));
    ts_skip_blanks(&p.t);
    return ts_peek(&p.t) < 0 ? 0 : ts_syntax_error(&p.t, err);
}

struct plain_reader {
    struct ts_operand_reader base;
    struct arena *arena;
};

static int plain_operand(struct ts_operand_reader *r, struct str word, uint8_t weights, bool prefix,
                         struct ts_node **out, struct err *err)
{
    *out = ts_value_new(((struct plain_reader *)r)->arena, word, weights, prefix);
    return 0;
}

int tsquery_parse_datum(struct arena *a, struct type t, struct str text, const struct value_context *vc,
                        struct datum *out, struct err *err)
{
    struct plain_reader r = {{plain_operand}, a};
    struct ts_node *root;
    TRY(string_parse_datum(a, T_STRING, text, vc, out, err));
    TRY(ts_query_parse(a, text, &r.base, &root, err));
    out->s = ts_query_encode(a, root);
    return 0;
}

static void print_value(struct buf *out, const struct ts_node *n)
{
    ts_print_word(out, n->word);
    buf_cstr(out, n->prefix || n->weights != 0 ? ":" : "");
    buf_cstr(out, n->prefix ? "*" : "");
    for (int w = 3; w >= 0; w--) {
        if (n->weights >> w & 1)
            buf_putc(out, (char)('D' - w));
    }
}

static void print_node(struct buf *out, const struct ts_node *n, uint32_t outer, bool right_of_phrase)
{
    if (n->kind == TS_VALUE) {
        print_value(out, n);
        return;
    }
    uint32_t own = priority[n->kind];
    bool parens = own < outer || (n->kind == TS_PHRASE && right_of_phrase);
    buf_cstr(out, parens ? "( " : "");
    if (n->kind == TS_NOT) {
        buf_putc(out, '!');
        print_node(out, n->right, own, false);
    } else {
        print_node(out, n->left, own, false);
        if (n->kind == TS_PHRASE && n->distance != 1)
            buf_printf(out, " <%u> ", n->distance);
        else
            buf_cstr(out, n->kind == TS_PHRASE ? " <-> " : n->kind == TS_AND ? " & " : " | ");
        print_node(out, n->right, own, n->kind == TS_PHRASE);
    }
    buf_cstr(out, parens ? " )" : "");
}

void tsquery_print_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    struct arena a;
    arena_init(&a, NULL);
    struct ts_node *root = ts_query_open(&a, d.s);
    if (root != NULL)
        print_node(out, root, 0, false);
    arena_release(&a);
}

// ---- order: of the encodings, which begin with the number of nodes

int tsquery_compare_datum(struct type t, const struct datum *a, const struct datum *b)
{
    return str_cmp(a->s, b->s);
}

uint64_t tsquery_hash_datum(struct type t, const struct datum *d, uint64_t seed)
{
    return hash_bytes(d->s.ptr, d->s.len, seed);
}
