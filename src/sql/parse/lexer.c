// The lexer: CockroachDB's lexical rules. Identifiers are folded to lower case (and, beyond ASCII, normalized to NFC),
// strings unescaped; values that differ from the source text are made in the arena.
#include "sql/parse/parse_int.h"
#include "sql/parse/grammar.h"
#include "base/util.h"
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

enum char_class {
    CLASS_IDENT_START = 1,
    CLASS_IDENT = 2,
    CLASS_DIGIT = 4,
    CLASS_SPACE = 8,
    CLASS_UPPER = 16,
    CLASS_HEX = 32
};

static const unsigned char classes[256] = {
    ['a' ... 'f'] = CLASS_IDENT_START | CLASS_IDENT | CLASS_HEX,
    ['g' ... 'z'] = CLASS_IDENT_START | CLASS_IDENT,
    ['A' ... 'F'] = CLASS_IDENT_START | CLASS_IDENT | CLASS_UPPER | CLASS_HEX,
    ['G' ... 'Z'] = CLASS_IDENT_START | CLASS_IDENT | CLASS_UPPER,
    ['_'] = CLASS_IDENT_START | CLASS_IDENT,
    ['$'] = CLASS_IDENT,
    ['0' ... '9'] = CLASS_IDENT | CLASS_DIGIT | CLASS_HEX,
    [0x80 ... 0xff] = CLASS_IDENT_START | CLASS_IDENT,
    [' '] = CLASS_SPACE,
    ['\t'] = CLASS_SPACE,
    ['\n'] = CLASS_SPACE,
    ['\r'] = CLASS_SPACE,
    ['\f'] = CLASS_SPACE,
};

static bool has_class(int c, int class)
{
    return c >= 0 && (classes[c] & class) != 0;
}

// The byte `ahead` places on, or -1 past the end.
static inline int peek_byte(const struct lexer *lx, size_t ahead)
{
    return lx->at + ahead < lx->in.len ? (unsigned char)lx->in.ptr[lx->at + ahead] : -1;
}

static bool is_ascii(struct str s)
{
    unsigned char all = 0;
    for (size_t i = 0; i < s.len; i++)
        all |= (unsigned char)s.ptr[i];
    return all < 0x80;
}

void lexer_init(struct lexer *lx, struct arena *a, struct str in)
{
    *lx = (struct lexer){.arena = a, .in = in, .ascii = is_ascii(in)};
}

// Tokens are read in order, so each byte is counted once.
static int position_of(struct lexer *lx, size_t offset)
{
    if (lx->ascii)
        return (int)offset + 1;
    for (; lx->counted_to < offset; lx->counted_to++)
        lx->counted += ((unsigned char)lx->in.ptr[lx->counted_to] & 0xC0) != 0x80;
    return (int)lx->counted + 1;
}

static void fail(struct token *t, const char *message)
{
    t->id = LEX_ERROR;
    t->text = str_of(message);
}

// Skips a nested block comment whose opening is at the cursor; false when it never ends (the cursor stays).
static bool skip_block_comment(struct lexer *lx)
{
    size_t start = lx->at;
    int depth = 0;
    while (lx->at < lx->in.len) {
        int c = peek_byte(lx, 0), d = peek_byte(lx, 1);
        if (c == '/' && d == '*') {
            depth++;
            lx->at += 2;
        } else if (c == '*' && d == '/') {
            lx->at += 2;
            if (--depth == 0)
                return true;
        } else {
            lx->at++;
        }
    }
    lx->at = start;
    return false;
}

// Skips white space and comments. Sets *newline when a line break was among them. False: unterminated comment.
static bool skip_space(struct lexer *lx, bool *newline)
{
    for (;;) {
        int c = peek_byte(lx, 0);
        if (has_class(c, CLASS_SPACE)) {
            *newline |= c == '\n';
            lx->at++;
        } else if (c == '-' && peek_byte(lx, 1) == '-') {
            while (lx->at < lx->in.len && lx->in.ptr[lx->at] != '\n')
                lx->at++;
        } else if (c == '/' && peek_byte(lx, 1) == '*') {
            if (!skip_block_comment(lx))
                return false;
        } else {
            return true;
        }
    }
}

// Identifiers ----------------------------------------------------------------------------------------------------

static struct str fold_ascii(struct arena *a, struct str s)
{
    char *out = arena_alloc_aligned(a, s.len + 1, 1);
    for (size_t i = 0; i < s.len; i++)
        out[i] = s.ptr[i] >= 'A' && s.ptr[i] <= 'Z' ? (char)(s.ptr[i] | 0x20) : s.ptr[i];
    return (struct str){out, s.len};
}

// Lower case by code point, then NFC. The input is valid UTF-8.
static struct str fold_unicode(struct arena *a, struct str s)
{
    struct buf lower = BUF_INIT;
    for (size_t at = 0; at < s.len;)
        utf8_put(&lower, (uint32_t)u_tolower(utf8_next(s, &at)));
    UErrorCode status = U_ZERO_ERROR;
    int32_t cap = (int32_t)lower.len * 4 + 1, n16 = 0, m16, n8 = 0;
    UChar *wide = mem_alloc(size_mul((size_t)cap, sizeof(UChar) * 2)), *normal = wide + cap;
    char *out = arena_alloc_aligned(a, (size_t)cap * 3, 1);
    u_strFromUTF8(wide, cap, &n16, lower.ptr, (int32_t)lower.len, &status);
    m16 = unorm2_normalize(unorm2_getNFCInstance(&status), wide, n16, normal, cap, &status);
    u_strToUTF8(out, cap * 3, &n8, normal, m16, &status);
    mem_free(wide);
    struct str result = U_SUCCESS(status) ? (struct str){out, (size_t)n8} : arena_str(a, buf_view(&lower));
    buf_release(&lower);
    return result;
}

static void lex_identifier(struct lexer *lx, struct token *t)
{
    int seen = 0;
    bool wide = false;
    for (int c; has_class(c = peek_byte(lx, 0), CLASS_IDENT); lx->at++) {
        seen |= classes[c];
        wide |= c >= 0x80;
    }
    struct str s = str_slice(lx->in, t->start, lx->at);
    if (wide && !utf8_valid(s)) {
        fail(t, "invalid UTF-8 byte sequence");
        return;
    }
    t->text = wide ? fold_unicode(lx->arena, s) : seen & CLASS_UPPER ? fold_ascii(lx->arena, s) : s;
    const struct keyword *k = keyword_find(t->text);
    t->id = k != NULL ? keyword_token(k) : IDENT;
}

// Strings --------------------------------------------------------------------------------------------------------

// Text between quotes, collected in the arena only once it differs from the source.
struct collect {
    struct lexer *lx;
    size_t run; // start of the run of source bytes not copied yet
    struct buf out;
    bool copied;
};

static void collect_flush(struct collect *c)
{
    buf_append(&c->out, c->lx->in.ptr + c->run, c->lx->at - c->run);
    c->copied = true;
}

static struct str collect_end(struct collect *c)
{
    struct str s = str_slice(c->lx->in, c->run, c->lx->at);
    if (c->copied) {
        collect_flush(c);
        s = arena_str(c->lx->arena, buf_view(&c->out));
        buf_release(&c->out);
    }
    return s;
}

// `count` digits in base 8 or 16 at the cursor; -1 when there are fewer.
static int64_t escape_digits(struct lexer *lx, int count, int base)
{
    int64_t v = 0;
    for (int i = 0; i < count; i++) {
        int c = peek_byte(lx, 0);
        if (!has_class(c, CLASS_HEX) || (base == 8 && (c < '0' || c > '7')))
            return -1;
        v = v * base + (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
        lx->at++;
    }
    return v;
}

// The escape whose letter is at the cursor, backslash consumed. False: malformed.
static bool lex_escape(struct lexer *lx, struct buf *out)
{
    static const char letters[] = "abfnrtv", values[] = "\a\b\f\n\r\t\v";
    int c = peek_byte(lx, 0);
    const char *simple = c > 0 ? strchr(letters, c) : NULL;
    if (simple != NULL) {
        lx->at++;
        buf_putc(out, values[simple - letters]);
        return true;
    }
    if (c >= '0' && c <= '7') {
        int64_t v = escape_digits(lx, 3, 8);
        buf_putc(out, (char)v);
        return v >= 0 && v <= 255;
    }
    if (c == 'x' || c == 'X') {
        lx->at++;
        int64_t v = escape_digits(lx, 2, 16);
        buf_putc(out, (char)v);
        return v >= 0;
    }
    if (c == 'u' || c == 'U') {
        lx->at++;
        int64_t v = escape_digits(lx, c == 'u' ? 4 : 8, 16);
        if (v < 0 || v > 0x10FFFF || (v >= 0xD800 && v < 0xE000))
            return false;
        utf8_put(out, (uint32_t)v);
        return true;
    }
    return true; // a redundant backslash is dropped
}

enum { STRING_ESCAPES = 1, STRING_UTF8 = 2, STRING_CONTINUES = 4 };

// After a closing quote: a string continues when a line break separates it from the next quote.
static bool string_continues(struct lexer *lx, int quote)
{
    size_t at = lx->at;
    bool newline = false;
    if (skip_space(lx, &newline) && newline && peek_byte(lx, 0) == quote)
        return true;
    lx->at = at;
    return false;
}

// A quoted run; the cursor is after the opening quote. Sets t->text, or fails.
static bool lex_quoted(struct lexer *lx, struct token *t, int quote, unsigned flags)
{
    struct collect c = {.lx = lx, .run = lx->at};
    const char *problem = NULL;
    for (;; lx->at++) {
        int ch = peek_byte(lx, 0);
        if (ch < 0) {
            problem = "unterminated string";
            break;
        }
        if (ch == quote) {
            if (peek_byte(lx, 1) == quote) {
                lx->at++;
                collect_flush(&c);
                c.run = lx->at + 1;
                continue;
            }
            size_t close = lx->at++;
            if (!(flags & STRING_CONTINUES) || !string_continues(lx, quote)) {
                size_t after = lx->at;
                lx->at = close;
                t->text = collect_end(&c);
                lx->at = after;
                break;
            }
            size_t next = lx->at;
            lx->at = close;
            collect_flush(&c);
            lx->at = next;
            c.run = next + 1;
        } else if (ch == '\\' && (flags & STRING_ESCAPES)) {
            collect_flush(&c);
            lx->at++;
            size_t letter = lx->at;
            if (!lex_escape(lx, &c.out)) {
                problem = "invalid syntax";
                break;
            }
            c.run = lx->at;
            // The loop's step skips one byte: the character after a dropped backslash, or back up over what was read.
            if (lx->at != letter)
                lx->at--;
        }
    }
    if (problem == NULL && (flags & STRING_UTF8) && !utf8_valid(t->text))
        problem = "invalid UTF-8 byte sequence";
    if (problem == NULL)
        return true;
    buf_release(&c.out);
    fail(t, problem);
    return false;
}

static void lex_string(struct lexer *lx, struct token *t, size_t prefix, int id, unsigned flags)
{
    lx->at += prefix + 1;
    if (lex_quoted(lx, t, '\'', flags))
        t->id = id;
}

static void lex_hex_bytes(struct lexer *lx, struct token *t)
{
    lx->at += 2;
    if (!lex_quoted(lx, t, '\'', STRING_CONTINUES))
        return;
    struct buf bytes = BUF_INIT;
    if (hex_decode(&bytes, t->text)) {
        t->id = BCONST;
        t->text = arena_str(lx->arena, buf_view(&bytes));
    } else {
        fail(t, "invalid hexadecimal bytes literal");
    }
    buf_release(&bytes);
}

static void lex_bits(struct lexer *lx, struct token *t)
{
    lx->at += 2;
    if (!lex_quoted(lx, t, '\'', STRING_CONTINUES))
        return;
    t->id = BITCONST;
    for (size_t i = 0; i < t->text.len; i++) {
        if (t->text.ptr[i] != '0' && t->text.ptr[i] != '1') {
            struct str c = utf8_char(t->text, i);
            t->text = arena_printf(lx->arena, "\"%.*s\" is not a valid binary digit", STR_FMT(c));
            t->id = LEX_ERROR;
            return;
        }
    }
}

// $tag$ … $tag$ at the cursor; false (cursor unmoved) when there is no opening delimiter here.
static bool lex_dollar_string(struct lexer *lx, struct token *t)
{
    size_t n = 1;
    if (has_class(peek_byte(lx, n), CLASS_IDENT_START)) {
        while (has_class(peek_byte(lx, n), CLASS_IDENT) && peek_byte(lx, n) != '$')
            n++;
    }
    if (peek_byte(lx, n) != '$')
        return false;
    struct str tag = str_slice(lx->in, lx->at, lx->at + n + 1);
    lx->at += tag.len;
    ptrdiff_t end = str_find(lx->in, tag, lx->at);
    if (end < 0) {
        fail(t, "unterminated string");
        return true;
    }
    t->text = str_slice(lx->in, lx->at, (size_t)end);
    lx->at = (size_t)end + tag.len;
    t->id = SCONST;
    if (!utf8_valid(t->text))
        fail(t, "invalid UTF-8 byte sequence");
    return true;
}

// Numbers --------------------------------------------------------------------------------------------------------

static void skip_class(struct lexer *lx, int class)
{
    while (has_class(peek_byte(lx, 0), class))
        lx->at++;
}

static void lex_hex_number(struct lexer *lx, struct token *t)
{
    lx->at += 2;
    skip_class(lx, CLASS_HEX);
    t->text = str_slice(lx->in, t->start, lx->at);
    t->id = ICONST;
    if (t->text.len == 2)
        fail(t, "invalid hexadecimal numeric literal");
}

static void lex_number(struct lexer *lx, struct token *t)
{
    if (peek_byte(lx, 0) == '0' && (peek_byte(lx, 1) | 0x20) == 'x') {
        lex_hex_number(lx, t);
        return;
    }
    t->id = ICONST;
    skip_class(lx, CLASS_DIGIT);
    // "1..2" is not a numeral followed by a point.
    if (peek_byte(lx, 0) == '.' && peek_byte(lx, 1) != '.') {
        t->id = FCONST;
        lx->at++;
        skip_class(lx, CLASS_DIGIT);
    }
    if (peek_byte(lx, 0) == 'e' || peek_byte(lx, 0) == 'E') {
        t->id = FCONST;
        lx->at++;
        if (peek_byte(lx, 0) == '+' || peek_byte(lx, 0) == '-')
            lx->at++;
        if (!has_class(peek_byte(lx, 0), CLASS_DIGIT)) {
            fail(t, "invalid floating point literal");
            return;
        }
        skip_class(lx, CLASS_DIGIT);
    }
    t->text = str_slice(lx->in, t->start, lx->at);
}

static void lex_placeholder(struct lexer *lx, struct token *t)
{
    lx->at++;
    skip_class(lx, CLASS_DIGIT);
    t->text = str_slice(lx->in, t->start + 1, lx->at);
    t->id = PLACEHOLDER_NUMBER;
    int64_t v;
    if (!str_to_i64(t->text, &v) || v < 1 || v > 65536)
        fail(t, "placeholder index must be between 1 and 65536");
}

// Operators ------------------------------------------------------------------------------------------------------

// Longest first among those that share a beginning.
static const struct {
    char text[6];
    int16_t id;
} operators[] = {
    {"!~~*", NOT_ILIKE_OP},
    {"!~~", NOT_LIKE_OP},
    {"!~*", NOT_REGEX_I},
    {"!~", NOT_REGEX},
    {"!=", NOT_EQUALS},
    {"!!", TEXT_NOT},
    {"||/", CBRT},
    {"||", CONCAT},
    {"|/", SQRT},
    {"->>", GET_TEXT},
    {"->", GET},
    {"#>>", PATH_TEXT},
    {"#>", PATH},
    {"#-", DELETE_PATH},
    {"@>", CONTAINS},
    {"@@", TEXT_MATCH},
    {"@?", PATH_EXISTS},
    {"=>", ARGUMENT},
    {"<@", CONTAINED_BY},
    {"<<<->", STRICT_WORD_DISTANCE},
    {"<<->", WORD_DISTANCE},
    {"<<%", STRICT_WORD_SIMILAR},
    {"<<=", CONTAINED_BY_EQ},
    {"<<", LSHIFT},
    {"<->>>", STRICT_WORD_DISTANCE_OF},
    {"<->>", WORD_DISTANCE_OF},
    {"<->", DISTANCE},
    {"<%", WORD_SIMILAR},
    {"%>>", STRICT_WORD_SIMILAR_OF},
    {"%>", WORD_SIMILAR_OF},
    {"<=>", COS_DISTANCE},
    {"<#>", NEG_PRODUCT},
    {"<=", LESS_EQUALS},
    {"<>", NOT_EQUALS},
    {">>=", CONTAINS_EQ},
    {">>", RSHIFT},
    {">=", GREATER_EQUALS},
    {"?|", SOME_EXISTS},
    {"?&", ALL_EXISTS},
    {"&&", OVERLAPS_OP},
    {"~~*", ILIKE_OP},
    {"~~", LIKE_OP},
    {"~*", REGEX_I},
    {"//", FLOORDIV},
    {":::", ANNOTATION},
    {"::", TYPECAST},
};

static void lex_operator(struct lexer *lx, struct token *t)
{
    int c = peek_byte(lx, 0);
    size_t len = 1;
    t->id = c == 0 ? LEX_ERROR : c;
    for (size_t i = 0; i < ARRAY_LEN(operators); i++) {
        struct str op = str_of(operators[i].text);
        if (op.ptr[0] == c && str_has_prefix(str_slice(lx->in, lx->at, lx->in.len), op)) {
            t->id = operators[i].id;
            len = op.len;
            break;
        }
    }
    lx->at += len;
    t->text = str_slice(lx->in, t->start, lx->at);
    if (t->id == LEX_ERROR)
        fail(t, "invalid byte 0x00");
}

static void lex_token(struct lexer *lx, struct token *t)
{
    int c = peek_byte(lx, 0), d = peek_byte(lx, 1);
    if (c < 0) {
        t->id = 0;
        t->text = STR("EOF");
    } else if (d == '\'' && (c == 'e' || c == 'E')) {
        lex_string(lx, t, 1, SCONST, STRING_ESCAPES | STRING_UTF8 | STRING_CONTINUES);
    } else if (d == '\'' && c == 'b') {
        lex_string(lx, t, 1, BCONST, STRING_ESCAPES | STRING_CONTINUES);
    } else if (d == '\'' && c == 'B') {
        lex_bits(lx, t);
    } else if (d == '\'' && (c == 'x' || c == 'X')) {
        lex_hex_bytes(lx, t);
    } else if (has_class(c, CLASS_IDENT_START)) {
        lex_identifier(lx, t);
    } else if (has_class(c, CLASS_DIGIT) || (c == '.' && has_class(d, CLASS_DIGIT))) {
        lex_number(lx, t);
    } else if (c == '\'') {
        lex_string(lx, t, 0, SCONST, STRING_UTF8 | STRING_CONTINUES);
    } else if (c == '"') {
        lx->at++;
        if (lex_quoted(lx, t, '"', STRING_UTF8))
            t->id = IDENT;
    } else if (c == '$' && has_class(d, CLASS_DIGIT)) {
        lex_placeholder(lx, t);
    } else if (c != '$' || !lex_dollar_string(lx, t)) {
        lex_operator(lx, t);
    }
}

static void lex_any(struct lexer *lx, struct token *t)
{
    bool newline = false;
    bool ok = skip_space(lx, &newline);
    t->start = lx->at;
    t->position = position_of(lx, lx->at);
    if (ok)
        lex_token(lx, t);
    else
        fail(t, "unterminated comment");
    t->end = lx->at;
}

void lexer_next(struct lexer *lx, struct token *t)
{
    if (lx->n_peeked == 0) {
        lex_any(lx, t);
        return;
    }
    *t = lx->peeked[0];
    lx->peeked[0] = lx->peeked[1];
    lx->n_peeked--;
}

const struct token *lexer_peek(struct lexer *lx, size_t ahead)
{
    while (lx->n_peeked <= ahead)
        lex_any(lx, &lx->peeked[lx->n_peeked++]);
    return &lx->peeked[ahead];
}

enum token_kind lexer_kind(const struct lexer *lx, const struct token *t)
{
    switch (t->id) {
    case 0:
        return TOKEN_END;
    case LEX_ERROR:
        return TOKEN_ERROR;
    case SCONST:
        return TOKEN_STRING;
    case PLACEHOLDER_NUMBER:
        return TOKEN_PLACEHOLDER;
    default:
        break;
    }
    int c = (unsigned char)lx->in.ptr[t->start];
    if (c == '"')
        return TOKEN_QUOTED;
    bool literal = t->id == BCONST || t->id == BITCONST;
    return has_class(c, CLASS_IDENT_START) && !literal ? TOKEN_WORD : TOKEN_OTHER;
}
