#include "types/tsvector.h"
#include "types/ts_int.h"
#include <stdlib.h>

// ---- access

struct ts_vector ts_vector_open(struct str s)
{
    struct ts_vector v = {0};
    if (s.len < 4)
        return v;
    uint32_t n = load_le32(s.ptr);
    if (n > (s.len - 4) / 4)
        return v;
    v = (struct ts_vector){n, s.ptr + 4, s.ptr + 4 + (size_t)n * 4, s.len - 4 - (size_t)n * 4};
    return v;
}

struct ts_entry ts_vector_get(const struct ts_vector *v, uint32_t i)
{
    struct ts_entry e = {.word = STR_EMPTY, .places = ""};
    uint32_t from = i == 0 ? 0 : load_le32(v->ends + (size_t)(i - 1) * 4), to = load_le32(v->ends + (size_t)i * 4);
    uint16_t len;
    if (from > to || to > v->data_len || to - from < 2)
        return e;
    memcpy(&len, v->data + from, 2);
    if (len > to - from - 2)
        return e;
    e.word = (struct str){v->data + from + 2, len};
    e.places = e.word.ptr + len;
    e.n_places = (to - from - 2 - len) / 2;
    return e;
}

uint32_t ts_vector_lower_bound(const struct ts_vector *v, struct str word)
{
    uint32_t low = 0, high = v->count;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (str_cmp(ts_vector_get(v, mid).word, word) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

// ---- building

// By word, position and weight, the heavier first.
static int compare_words(const void *x, const void *y)
{
    const struct ts_word *a = x, *b = y;
    int c = str_cmp(a->word, b->word);
    if (c != 0)
        return c;
    uint32_t p = ts_position(a->place), q = ts_position(b->place);
    return p != q ? (p > q) - (p < q) : (int)ts_weight(b->place) - (int)ts_weight(a->place);
}

// The occurrences of one word, from *at on.
static void put_entry(struct buf *data, const struct ts_words *words, size_t *at)
{
    struct str word = words->v.ptr[*at].word;
    uint16_t len = (uint16_t)word.len;
    uint32_t places = 0, last = 0;
    buf_append(data, &len, 2);
    buf_str(data, word);
    for (; *at < words->v.len && str_eq(words->v.ptr[*at].word, word); (*at)++) {
        uint16_t place = words->v.ptr[*at].place;
        if (ts_position(place) == last || places == TS_PLACES_MAX)
            continue;
        buf_append(data, &place, 2);
        last = ts_position(place);
        places++;
    }
}

int ts_vector_build(struct arena *a, struct ts_words *words, struct str *out, struct err *err)
{
    struct buf ends = BUF_INIT, data = BUF_INIT;
    uint32_t n = 0;
    if (words->v.len > 0)
        qsort(words->v.ptr, words->v.len, sizeof(struct ts_word), compare_words);
    for (size_t at = 0; at < words->v.len; n++) {
        put_entry(&data, words, &at);
        uint32_t end = (uint32_t)data.len;
        buf_append(&ends, &end, 4);
    }
    size_t len = data.len;
    if (len <= TS_VECTOR_BYTES_MAX) {
        char *bytes = arena_alloc_aligned(a, 4 + ends.len + len, 1);
        store_le32(bytes, n);
        if (n > 0) {
            memcpy(bytes + 4, ends.ptr, ends.len);
            memcpy(bytes + 4 + ends.len, data.ptr, len);
        }
        *out = (struct str){bytes, 4 + ends.len + len};
    }
    buf_release(&ends);
    buf_release(&data);
    if (len <= TS_VECTOR_BYTES_MAX)
        return 0;
    return err_set(err, ERR_PROGRAM_LIMIT_EXCEEDED, "string is too long for tsvector (%zu bytes, max %d bytes)", len,
                   TS_VECTOR_BYTES_MAX);
}

void ts_vector_words(struct arena *a, struct str bytes, struct ts_words *out)
{
    struct ts_vector v = ts_vector_open(bytes);
    for (uint32_t i = 0; i < v.count; i++) {
        struct ts_entry e = ts_vector_get(&v, i);
        for (uint32_t k = 0; k < MAX(e.n_places, 1u); k++) {
            struct ts_word w = {e.word, k < e.n_places ? ts_entry_place(&e, k) : 0};
            ARENA_PUSH(a, &out->v, w);
        }
    }
}

// ---- text

int ts_syntax_error(const struct ts_text *t, struct err *err)
{
    return err_set(err, ERR_SYNTAX_ERROR, "syntax error in %s: \"%.*s\"", t->type, STR_FMT(t->all));
}

static bool ends_word(const struct ts_text *t, int c)
{
    return c < 0 || is_blank((char)c) || c == ':' ||
           (t->query && (c == '!' || c == '&' || c == '|' || c == '(' || c == ')' || c == '<'));
}

// A quoted word behind its first quote; '' and \x stand for one character.
static int read_quoted(struct ts_text *t, struct buf *out, struct err *err)
{
    for (;; t->at++) {
        int c = ts_peek(t);
        if (c < 0)
            return ts_syntax_error(t, err);
        if (c == '\'' || c == '\\') {
            t->at++;
            if (c == '\'' && ts_peek(t) != '\'')
                return 0;
            if (ts_peek(t) < 0)
                return ts_syntax_error(t, err);
        }
        buf_putc(out, t->all.ptr[t->at]);
    }
}

static int read_bare(struct ts_text *t, struct buf *out, struct err *err)
{
    while (!ends_word(t, ts_peek(t))) {
        if (ts_peek(t) == '\\' && !t->web && ++t->at >= t->all.len)
            return ts_syntax_error(t, err);
        buf_putc(out, t->all.ptr[t->at++]);
    }
    return 0;
}

int ts_read_word(struct ts_text *t, struct arena *a, struct str *out, struct err *err)
{
    struct buf word = BUF_INIT;
    bool quoted = !t->web && ts_peek(t) == '\'';
    t->at += quoted;
    int rc = quoted ? read_quoted(t, &word, err) : read_bare(t, &word, err);
    *out = arena_str(a, buf_view(&word));
    buf_release(&word);
    if (rc == 0 && out->len == 0)
        rc = ts_syntax_error(t, err);
    if (rc == 0 && out->len > TS_WORD_BYTES_MAX)
        rc = err_set(err, ERR_PROGRAM_LIMIT_EXCEEDED, "word is too long (%zu bytes, max %d bytes)", out->len,
                     TS_WORD_BYTES_MAX);
    return rc;
}

void ts_print_word(struct buf *out, struct str word)
{
    buf_putc(out, '\'');
    for (size_t i = 0; i < word.len; i++) {
        if (word.ptr[i] == '\'' || word.ptr[i] == '\\')
            buf_putc(out, word.ptr[i]);
        buf_putc(out, word.ptr[i]);
    }
    buf_putc(out, '\'');
}

// 12, 3A, 4*: a position and its weight; * is A.
static int read_place(struct ts_text *t, uint16_t *out, struct err *err)
{
    uint32_t position = 0, weight = 0;
    if (!is_digit((char)ts_peek(t)))
        return ts_syntax_error(t, err);
    for (; ts_peek(t) >= '0' && ts_peek(t) <= '9'; t->at++)
        position = MIN(position * 10 + (uint32_t)(ts_peek(t) - '0'), (uint32_t)TS_POSITION_MAX);
    if (position == 0)
        return err_set(err, ERR_SYNTAX_ERROR, "wrong position info in tsvector: \"%.*s\"", STR_FMT(t->all));
    int c = ts_peek(t) == '*' ? 'a' : ts_peek(t) < 0 ? 0 : lower((char)ts_peek(t));
    if (c >= 'a' && c <= 'd') {
        weight = (uint32_t)('d' - c);
        t->at++;
    }
    *out = ts_place(position, weight);
    return 0;
}

static int read_entry(struct ts_text *t, struct arena *a, struct ts_words *words, struct err *err)
{
    struct ts_word w = {0};
    TRY(ts_read_word(t, a, &w.word, err));
    if (ts_peek(t) != ':') {
        ARENA_PUSH(a, &words->v, w);
        return 0;
    }
    do {
        t->at++;
        TRY(read_place(t, &w.place, err));
        ARENA_PUSH(a, &words->v, w);
    } while (ts_peek(t) == ',');
    return ts_peek(t) < 0 || is_blank((char)ts_peek(t)) ? 0 : ts_syntax_error(t, err);
}

int tsvector_parse_datum(struct arena *a, struct type type, struct str text, const struct value_context *vc,
                         struct datum *out, struct err *err)
{
    struct ts_text t = {.all = text, .type = "tsvector"};
    struct ts_words words = {0};
    TRY(string_parse_datum(a, T_STRING, text, vc, out, err)); // is UTF-8
    for (ts_skip_blanks(&t); ts_peek(&t) >= 0; ts_skip_blanks(&t))
        TRY(read_entry(&t, a, &words, err));
    return ts_vector_build(a, &words, &out->s, err);
}

void tsvector_print_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    struct ts_vector v = ts_vector_open(d.s);
    for (uint32_t i = 0; i < v.count; i++) {
        struct ts_entry e = ts_vector_get(&v, i);
        buf_cstr(out, i == 0 ? "" : " ");
        ts_print_word(out, e.word);
        for (uint32_t k = 0; k < e.n_places; k++) {
            uint16_t place = ts_entry_place(&e, k);
            buf_printf(out, "%c%u", k == 0 ? ':' : ',', ts_position(place));
            if (ts_weight(place) > 0)
                buf_putc(out, (char)('D' - ts_weight(place)));
        }
    }
}

// ---- wire: count, then per word its text with a NUL, the number of places and the places, big-endian

int tsvector_from_binary_datum(struct arena *a, struct type t, struct str s, struct datum *out, struct err *err)
{
    struct ts_words words = {0};
    if (s.len < 4)
        return binary_error(err, t);
    uint32_t n = load_be32(s.ptr);
    size_t at = 4;
    for (uint32_t i = 0; i < n; i++) {
        const char *end = at < s.len ? memchr(s.ptr + at, '\0', s.len - at) : NULL;
        struct ts_word w = {.word = {s.ptr + at, end != NULL ? (size_t)(end - s.ptr) - at : 0}};
        size_t places_at = at + w.word.len + 3;
        if (w.word.len == 0 || w.word.len > TS_WORD_BYTES_MAX || places_at > s.len || !utf8_valid(w.word))
            return binary_error(err, t);
        uint16_t places = load_be16(end + 1);
        if (places > TS_PLACES_MAX || (size_t)places * 2 > s.len - places_at)
            return binary_error(err, t);
        for (uint32_t k = 0; k < MAX(places, 1u); k++) {
            w.place = k < places ? load_be16(s.ptr + places_at + (size_t)k * 2) : 0;
            if (k < places && ts_position(w.place) == 0)
                return binary_error(err, t);
            ARENA_PUSH(a, &words.v, w);
        }
        at = places_at + (size_t)places * 2;
    }
    return at == s.len ? ts_vector_build(a, &words, &out->s, err) : binary_error(err, t);
}

void tsvector_to_binary_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    struct ts_vector v = ts_vector_open(d.s);
    buf_be32(out, v.count);
    for (uint32_t i = 0; i < v.count; i++) {
        struct ts_entry e = ts_vector_get(&v, i);
        buf_str(out, e.word);
        buf_putc(out, '\0');
        buf_be16(out, (uint16_t)e.n_places);
        for (uint32_t k = 0; k < e.n_places; k++)
            buf_be16(out, ts_entry_place(&e, k));
    }
}

// ---- order: fewer words first, then word by word; any total order will do

int tsvector_compare_datum(struct type t, const struct datum *a, const struct datum *b)
{
    struct ts_vector v = ts_vector_open(a->s), w = ts_vector_open(b->s);
    if (v.count != w.count)
        return v.count < w.count ? -1 : 1;
    for (uint32_t i = 0; i < v.count; i++) {
        struct ts_entry x = ts_vector_get(&v, i), y = ts_vector_get(&w, i);
        int c = str_cmp(x.word, y.word);
        if (c == 0)
            c = str_cmp((struct str){x.places, x.n_places * 2}, (struct str){y.places, y.n_places * 2});
        if (c != 0)
            return c;
    }
    return 0;
}

uint64_t tsvector_hash_datum(struct type t, const struct datum *d, uint64_t seed)
{
    return hash_bytes(d->s.ptr, d->s.len, seed);
}
