// Texts as tokens. At each place the first of a few forms that fits is taken; each form is a small scanner that gives
// the length of what it accepts, or 0. PostgreSQL's default parser is a state machine with the same results for what
// people write; where it answers strangely (1e5x is a number and a word) so does this.
#include "sql/functions/textsearch_int.h"
#include <unicode/uchar.h>

const struct ts_token_info ts_token_infos[TS_TOKEN_TYPES_END] = {
#define TS_TOKEN(NAME, number, alias, description) [number] = {alias, description},
#include "sql/functions/textsearch_tokens.def"
#undef TS_TOKEN
};

// ---- characters

static int byte_at(struct str s, size_t at)
{
    return at < s.len ? (unsigned char)s.ptr[at] : -1;
}
static bool is_letter(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
static bool is_number(int c)
{
    return c >= '0' && c <= '9';
}
static bool is_plain(int c) // ASCII letters and digits
{
    return is_letter(c) || is_number(c);
}

enum word_kind { WORD_ASCII = 1, WORD_LETTERS = 2, WORD_MIXED = 3 };

// Length of the character at `at` if it belongs to words; raises *kind to what it makes of the word, and tells whether
// it is a letter.
static size_t word_character(struct str s, size_t at, enum word_kind *kind, bool *letter)
{
    int c = byte_at(s, at);
    size_t next = at;
    *letter = is_letter(c);
    if (c < 0x80) {
        if (is_number(c))
            *kind = WORD_MIXED;
        return is_plain(c) ? 1 : 0;
    }
    int32_t cp = utf8_next(s, &next);
    *letter = cp >= 0 && u_isalpha(cp);
    int8_t type = cp >= 0 ? u_charType(cp) : 0;
    bool mark = type == U_NON_SPACING_MARK || type == U_COMBINING_SPACING_MARK || type == U_ENCLOSING_MARK;
    if (!*letter && !mark && !(cp >= 0 && u_isalnum(cp)))
        return 0;
    *kind = MAX(*kind, *letter || mark ? WORD_LETTERS : WORD_MIXED);
    return next - at;
}

// A run of letters and digits that has a letter.
static size_t scan_word(struct str s, size_t from, enum word_kind *kind)
{
    size_t at = from, len;
    bool letter, any = false;
    *kind = WORD_ASCII;
    while ((len = word_character(s, at, kind, &letter)) > 0) {
        any = any || letter;
        at += len;
    }
    return any ? at - from : 0;
}

// ---- numbers

static size_t skip_digits(struct str s, size_t at)
{
    while (is_number(byte_at(s, at)))
        at++;
    return at;
}

// 1.2.3
static size_t scan_version(struct str s, size_t from)
{
    size_t at = skip_digits(s, from), dots = 0;
    while (at > from && byte_at(s, at) == '.' && is_number(byte_at(s, at + 1))) {
        at = skip_digits(s, at + 1);
        dots++;
    }
    return dots > 1 ? at - from : 0;
}

// 12, -12, 1.5, 1.5e-3. A number without sign, point and exponent is not one when letters or a path
// follow.
static size_t scan_number(struct str s, size_t from, enum ts_token_type *type)
{
    bool sign = byte_at(s, from) == '-' || byte_at(s, from) == '+';
    size_t at = skip_digits(s, from + sign), digits = at;
    *type = sign ? TS_INT : TS_UINT;
    if (at == from + sign)
        return 0;
    if (byte_at(s, at) == '.' && is_number(byte_at(s, at + 1))) {
        at = skip_digits(s, at + 1);
        *type = TS_FLOAT;
    }
    if (byte_at(s, at) == 'e' || byte_at(s, at) == 'E') {
        size_t power = at + 1 + (byte_at(s, at + 1) == '-' || byte_at(s, at + 1) == '+');
        if (is_number(byte_at(s, power))) {
            at = skip_digits(s, power);
            *type = TS_SFLOAT;
        }
    }
    enum word_kind kind;
    bool letter;
    if (!sign && at == digits && byte_at(s, at) == '/' && is_plain(byte_at(s, at + 1)))
        return 0;
    if (!sign && at == digits && word_character(s, at, &kind, &letter) > 0)
        return 0;
    return at - from;
}

// ---- names of hosts, mails, files

// a.b-c.com: labels, the last of two letters or more. As much as makes such a name: foo.com of foo.com-1. *stop: how
// far it looked.
static size_t scan_host(struct str s, size_t from, size_t *stop)
{
    size_t at = from, label = from, letters = 0, end = from;
    for (;; at++) {
        int c = byte_at(s, at);
        if (is_letter(c) && label > from && at - label == letters)
            letters++;
        if (is_plain(c))
            continue;
        if (letters > 1 && at - label == letters && c < 0x80)
            end = at;
        if ((c != '-' && c != '_' && c != '.') || at == label || !is_plain(byte_at(s, at + 1)))
            break;
        if (c == '.') {
            label = at + 1;
            letters = 0;
        }
    }
    *stop = at;
    return end - from;
}

static size_t scan_port(struct str s, size_t at)
{
    return byte_at(s, at) == ':' && is_number(byte_at(s, at + 1)) ? skip_digits(s, at + 1) - at : 0;
}

static size_t scan_url_path(struct str s, size_t from)
{
    size_t at = from;
    while (at < s.len && byte_at(s, at) > 0x20 && byte_at(s, at) < 0x7F &&
           strchr("\"<>\\^`{|}", byte_at(s, at)) == NULL)
        at++;
    return byte_at(s, from) == '/' && at - from > 1 ? at - from : 0;
}

static size_t scan_email(struct str s, size_t from, size_t *stop)
{
    size_t at = from, host, ignored;
    while (is_plain(byte_at(s, at)) ||
           (at > from && (byte_at(s, at) == '.' || byte_at(s, at) == '_' || byte_at(s, at) == '-')))
        at++;
    *stop = at;
    if (at == from || byte_at(s, at) != '@')
        return 0;
    host = scan_host(s, at + 1, &ignored);
    return host > 0 ? at + 1 + host - from : 0;
}

// usr/local, /etc/x.conf, a.b: names with slashes and points between.
static size_t scan_file(struct str s, size_t from)
{
    size_t at = from + (byte_at(s, from) == '/' || byte_at(s, from) == '~'), marks = at - from, end = from;
    if (byte_at(s, from) == '~' && byte_at(s, at) == '/')
        at++;
    for (;; at++) {
        int c = byte_at(s, at), next = byte_at(s, at + 1);
        if (is_plain(c) || (c == '_' && marks > 0)) {
            end = at + 1;
            continue;
        }
        if ((c == '/' || c == '.' || (c == '-' && marks > 0)) && end == at && (is_plain(next) || next == '_')) {
            marks += c != '-';
            continue;
        }
        break;
    }
    return marks > 0 && end > from + 1 ? end - from : 0;
}

// http://
static size_t scan_protocol(struct str s, size_t from)
{
    size_t at = from;
    while (is_letter(byte_at(s, at)))
        at++;
    return at > from && str_has_prefix(str_slice(s, at, s.len), STR("://")) ? at + 3 - from : 0;
}

// ---- markup

static size_t scan_entity(struct str s, size_t from)
{
    size_t at = from + 1, digits;
    if (byte_at(s, at) == '#') {
        bool hex = byte_at(s, ++at) == 'x';
        for (digits = at += hex; is_number(byte_at(s, at)) || (hex && is_letter(byte_at(s, at)));)
            at++;
        return at > digits && byte_at(s, at) == ';' ? at + 1 - from : 0;
    }
    if (!is_letter(byte_at(s, at)) && byte_at(s, at) != '_' && byte_at(s, at) != ':')
        return 0;
    while (is_plain(byte_at(s, at)) || (byte_at(s, at) > 0 && strchr("_:.-", byte_at(s, at)) != NULL))
        at++;
    return byte_at(s, at) == ';' ? at + 1 - from : 0;
}

enum { TAG_BYTES_MAX = 8192 }; // longer ones are text: what is never closed is looked through once per "<"

static size_t scan_tag(struct str all, size_t from)
{
    struct str s = {all.ptr, MIN(all.len, from + TAG_BYTES_MAX)};
    size_t at = from + 1;
    int quote = 0;
    if (str_has_prefix(str_slice(s, from, s.len), STR("<!--"))) {
        ptrdiff_t end = str_find(s, STR("-->"), from + 4);
        return end < 0 ? 0 : (size_t)end + 3 - from;
    }
    int c = byte_at(s, at);
    if (c == '/' || c == '?' || c == '!')
        c = byte_at(s, ++at);
    if (!is_letter(c))
        return 0;
    for (; at < s.len; at++) {
        c = byte_at(s, at);
        if (quote != 0)
            quote = c == quote ? 0 : quote;
        else if (c == '"' || c == '\'')
            quote = c;
        else if (c == '>')
            return at + 1 - from;
        else if (c == '<')
            return 0;
    }
    return 0;
}

// ---- tokens

static size_t take(struct ts_parser *p, struct ts_token *out, enum ts_token_type type, size_t len)
{
    *out = (struct ts_token){type, str_slice(p->text, p->at, p->at + len)};
    return len;
}

// Where no address or host begins, none begins before the place at which the search for it ended either: not to look
// again keeps the work linear in texts like a_b_c_d.
static size_t take_email(struct ts_parser *p, struct ts_token *out)
{
    size_t stop, len = p->at < p->no_email_before ? 0 : scan_email(p->text, p->at, &stop);
    if (len > 0)
        return take(p, out, TS_EMAIL, len);
    if (p->at >= p->no_email_before)
        p->no_email_before = stop;
    return 0;
}

// A host, or a URL whose parts follow.
static size_t take_host(struct ts_parser *p, struct ts_token *out)
{
    size_t stop, host = p->at < p->no_host_before ? 0 : scan_host(p->text, p->at, &stop);
    if (host == 0) {
        if (p->at >= p->no_host_before)
            p->no_host_before = stop;
        return 0;
    }
    host += scan_port(p->text, p->at + host);
    size_t path = scan_url_path(p->text, p->at + host);
    if (path == 0)
        return take(p, out, TS_HOST, host);
    size_t middle = p->at + host;
    p->pending[1] = (struct ts_token){TS_HOST, str_slice(p->text, p->at, middle)};
    p->pending[0] = (struct ts_token){TS_URL_PATH, str_slice(p->text, middle, middle + path)};
    p->n_pending = 2;
    return take(p, out, TS_URL, host + path);
}

// A word, or one with hyphens whose parts follow; a hyphen behind it is no sign of a number.
static size_t take_word(struct ts_parser *p, struct ts_token *out)
{
    static const uint8_t words[] = {0, TS_ASCIIWORD, TS_WORD, TS_NUMWORD};
    static const uint8_t compounds[] = {0, TS_ASCIIHWORD, TS_HWORD, TS_NUMHWORD};
    enum word_kind kind, next;
    size_t len = scan_word(p->text, p->at, &kind), part, parts = 1;
    if (len == 0)
        return 0;
    while (byte_at(p->text, p->at + len) == '-' && (part = scan_word(p->text, p->at + len + 1, &next)) > 0) {
        kind = MAX(kind, next);
        len += 1 + part;
        parts++;
    }
    if (parts == 1)
        return take(p, out, words[kind], len);
    p->compound_end = p->at + len + (byte_at(p->text, p->at + len) == '-');
    take(p, out, compounds[kind], len);
    return len;
}

static size_t take_plain(struct ts_parser *p, struct ts_token *out)
{
    enum ts_token_type type;
    size_t len = take(p, out, TS_PROTOCOL, scan_protocol(p->text, p->at));
    if (len == 0)
        len = take_email(p, out);
    if (len == 0)
        len = take_host(p, out);
    if (len == 0 && (len = scan_version(p->text, p->at)) > 0)
        take(p, out, TS_VERSION, len);
    if (len == 0 && (len = scan_number(p->text, p->at, &type)) > 0)
        take(p, out, type, len);
    if (len == 0 && (len = scan_file(p->text, p->at)) > 0)
        take(p, out, TS_FILE, len);
    return len > 0 ? len : take_word(p, out);
}

// What the place begins with; 0: nothing but blanks and signs.
static size_t take_token(struct ts_parser *p, struct ts_token *out)
{
    enum ts_token_type type;
    int c = byte_at(p->text, p->at);
    size_t len = 0;
    if (is_plain(c) || c >= 0x80)
        return take_plain(p, out);
    if (c == '<')
        return take(p, out, TS_TAG, scan_tag(p->text, p->at));
    if (c == '&')
        return take(p, out, TS_ENTITY, scan_entity(p->text, p->at));
    if (c == '/' || c == '~')
        return take(p, out, TS_FILE, scan_file(p->text, p->at));
    if ((c == '-' || c == '+') && (len = scan_number(p->text, p->at, &type)) > 0)
        take(p, out, type, len);
    return len;
}

// The next part of a hyphenated word, or the hyphen before it.
static void take_part(struct ts_parser *p, struct ts_token *out)
{
    static const uint8_t parts[] = {0, TS_HWORD_ASCIIPART, TS_HWORD_PART, TS_HWORD_NUMPART};
    enum word_kind kind;
    size_t len = scan_word(p->text, p->at, &kind);
    p->at += len > 0 ? take(p, out, parts[kind], len) : take(p, out, TS_BLANK, 1);
}

static void take_blanks(struct ts_parser *p, struct ts_token *out)
{
    struct ts_parser ahead = *p;
    struct ts_token next;
    do {
        if (utf8_next(ahead.text, &ahead.at) < 0)
            break;
    } while (ahead.at < ahead.text.len && byte_at(ahead.text, ahead.at) != '-' &&
             byte_at(ahead.text, ahead.at) != '+' && byte_at(ahead.text, ahead.at) != '<' &&
             (byte_at(ahead.text, ahead.at) == '~' || take_token(&ahead, &next) == 0));
    p->no_email_before = ahead.no_email_before;
    p->no_host_before = ahead.no_host_before;
    p->at += take(p, out, TS_BLANK, ahead.at - p->at);
}

bool ts_parser_next(struct ts_parser *p, struct ts_token *out)
{
    if (p->n_pending > 0) {
        *out = p->pending[--p->n_pending];
        return true;
    }
    if (p->at >= p->text.len)
        return false;
    if (p->at < p->compound_end) {
        take_part(p, out);
        return true;
    }
    size_t len = take_token(p, out);
    if (len == 0)
        take_blanks(p, out);
    else if (p->compound_end <= p->at) // a hyphenated word is gone through again
        p->at += len;
    return true;
}
