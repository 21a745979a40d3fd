// LIKE, SIMILAR TO and regular expressions: operators and regexp_… functions. LIKE matches directly; the others compile
// to PCRE2, SIMILAR TO after translation.
#include "sql/functions/pattern_int.h"
#include "types/array.h"
#include <pthread.h>
#include <unicode/uchar.h>

// ---- LIKE

static int32_t fold(int32_t c)
{
    if (c < 0x80)
        return c >= 'A' && c <= 'Z' ? c + 32 : c;
    return u_foldCase(c, U_FOLD_CASE_DEFAULT);
}

struct like {
    struct str s, p;
    int32_t escape;
    bool ignore_case;
};

// One element of the pattern at *at: a wildcard or a character.
enum like_element { LIKE_ANY, LIKE_ONE, LIKE_CHARACTER, LIKE_DANGLING_ESCAPE };
static enum like_element like_next(const struct like *l, size_t *at, int32_t *c)
{
    *c = utf8_next(l->p, at);
    if (l->escape != 0 && *c == l->escape) {
        if (*at >= l->p.len)
            return LIKE_DANGLING_ESCAPE;
        *c = utf8_next(l->p, at);
        return LIKE_CHARACTER;
    }
    return *c == '%' ? LIKE_ANY : *c == '_' ? LIKE_ONE : LIKE_CHARACTER;
}

// Backtracks to the last % only, which is enough.
static int like_match(const struct like *l, bool *matches, struct err *err)
{
    size_t s = 0, p = 0, star_p = SIZE_MAX, star_s = 0;
    *matches = false;
    while (s < l->s.len || p < l->p.len) {
        size_t p_next = p, s_next = s;
        int32_t want = 0;
        bool matched = false;
        if (p < l->p.len) {
            enum like_element e = like_next(l, &p_next, &want);
            if (e == LIKE_DANGLING_ESCAPE)
                return err_set(err, ERR_INVALID_ESCAPE_SEQUENCE, "LIKE pattern must not end with escape character");
            if (e == LIKE_ANY) {
                star_p = p = p_next;
                star_s = s;
                continue;
            }
            if (s < l->s.len) {
                int32_t c = utf8_next(l->s, &s_next);
                matched = e == LIKE_ONE || c == want || (l->ignore_case && fold(c) == fold(want));
            }
        }
        if (matched) {
            s = s_next;
            p = p_next;
        } else if (star_p != SIZE_MAX && star_s < l->s.len) {
            utf8_next(l->s, &star_s);
            s = star_s;
            p = star_p;
        } else {
            return 0;
        }
    }
    *matches = true;
    return 0;
}

int pattern_like(struct str s, struct str pattern, int32_t escape, bool ignore_case, bool *matches, struct err *err)
{
    struct like l = {s, pattern, escape, ignore_case};
    return like_match(&l, matches, err);
}

static int like(const struct datum *args, int32_t escape, bool ignore_case, bool negate, struct datum *out,
                struct err *err)
{
    bool matches;
    TRY(pattern_like(args[0].s, args[1].s, escape, ignore_case, &matches, err));
    return fn_return_bool(out, matches != negate);
}

static int escape_of(struct str text, int32_t *escape, struct err *err)
{
    size_t at = 0;
    *escape = text.len == 0 ? 0 : utf8_next(text, &at);
    if (at != text.len)
        return err_set(err, ERR_INVALID_ESCAPE_SEQUENCE, "invalid escape string");
    return 0;
}

#define LIKE_BODIES(name, ignore_case, negate)                    \
    BODY(name)                                                    \
    {                                                             \
        return like(args, '\\', ignore_case, negate, out, err);   \
    }                                                             \
    BODY(name##_escape)                                           \
    {                                                             \
        int32_t escape;                                           \
        TRY(escape_of(args[2].s, &escape, err));                  \
        return like(args, escape, ignore_case, negate, out, err); \
    }
LIKE_BODIES(op_like, false, false)
LIKE_BODIES(op_not_like, false, true)
LIKE_BODIES(op_ilike, true, false)
LIKE_BODIES(op_not_ilike, true, true)

// A constant pattern without wildcards inside is compared directly: 'abc', 'abc%', '%abc', '%abc%'.
static bool like_is_plain(struct str p, bool *open_start, bool *open_end, struct str *middle)
{
    *open_start = p.len > 0 && p.ptr[0] == '%';
    *open_end = p.len > (size_t)*open_start && p.ptr[p.len - 1] == '%';
    *middle = str_slice(p, *open_start, p.len - *open_end);
    for (size_t i = 0; i < middle->len; i++) {
        if (middle->ptr[i] == '%' || middle->ptr[i] == '_' || middle->ptr[i] == '\\')
            return false;
    }
    return true;
}

static bool like_plain(struct str s, struct str middle, bool open_start, bool open_end)
{
    if (s.len < middle.len)
        return false;
    if (open_start && open_end)
        return str_find(s, middle, 0) >= 0;
    if (open_start)
        return str_eq(str_slice(s, s.len - middle.len, s.len), middle);
    return open_end ? str_has_prefix(s, middle) : str_eq(s, middle);
}

KERNEL(op_like_v)
{
    bool open_start = false, open_end = false;
    struct str middle = STR_EMPTY;
    bool plain =
        args[1]->mask == 0 && !vec_is_null(args[1], 0) && like_is_plain(args[1]->s[0], &open_start, &open_end, &middle);
    for (uint32_t k = 0; k < n; k++) {
        uint32_t r = sel != NULL ? sel[k] : k;
        if (out->nulls[r])
            continue;
        struct str s = args[0]->s[r & args[0]->mask];
        bool matches;
        if (plain)
            matches = like_plain(s, middle, open_start, open_end);
        else
            TRY(pattern_like(s, args[1]->s[r & args[1]->mask], '\\', false, &matches, err));
        out->b[r] = matches;
    }
    return 0;
}

// ---- compiled regular expressions

enum { PATTERNS_MAX = 16 };
struct cached_pattern {
    char *key; // flags, NUL, pattern
    size_t key_len;
    pcre2_code *code;
};
static _Thread_local struct {
    struct cached_pattern slots[PATTERNS_MAX];
    unsigned next; // replaced next, round robin
    pcre2_match_data *match;
} patterns;

static pthread_key_t patterns_key;
static pthread_once_t patterns_once = PTHREAD_ONCE_INIT;

static void patterns_free(void *unused)
{
    for (size_t i = 0; i < PATTERNS_MAX; i++) {
        mem_free(patterns.slots[i].key);
        pcre2_code_free(patterns.slots[i].code);
        patterns.slots[i] = (struct cached_pattern){0};
    }
    pcre2_match_data_free(patterns.match);
    patterns.match = NULL;
}

static void patterns_make_key(void)
{
    pthread_key_create(&patterns_key, patterns_free);
}

// The thread's cache is freed when the thread ends.
static void patterns_register(void)
{
    if (patterns.match != NULL)
        return;
    pthread_once(&patterns_once, patterns_make_key);
    pthread_setspecific(patterns_key, &patterns);
    patterns.match = pcre2_match_data_create(32, NULL);
}

static int regex_options(struct str flags, uint32_t *options, struct err *err)
{
    *options = PCRE2_UTF | PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY | PCRE2_NO_UTF_CHECK;
    for (size_t i = 0; i < flags.len; i++) {
        switch (flags.ptr[i]) {
        case 'g':
            break;
        case 'i':
            *options |= PCRE2_CASELESS;
            break;
        case 'c':
            *options &= ~(uint32_t)PCRE2_CASELESS;
            break;
        case 's':
            *options = (*options | PCRE2_DOTALL) & ~(uint32_t)PCRE2_MULTILINE;
            break;
        case 'm':
        case 'n':
            *options = (*options | PCRE2_MULTILINE) & ~(uint32_t)PCRE2_DOTALL;
            break;
        case 'p':
            *options &= ~(uint32_t)(PCRE2_DOTALL | PCRE2_MULTILINE);
            break;
        case 'w':
            *options |= PCRE2_MULTILINE | PCRE2_DOTALL;
            break;
        case 'x':
            *options |= PCRE2_EXTENDED;
            break;
        default:
            return err_set(err, ERR_INVALID_REGULAR_EXPRESSION, "invalid regexp flag: '%c'", flags.ptr[i]);
        }
    }
    return 0;
}

static int compile(struct str pattern, struct str flags, pcre2_code **out, struct err *err)
{
    uint32_t options;
    TRY(regex_options(flags, &options, err));
    int code;
    PCRE2_SIZE offset;
    *out = pcre2_compile((PCRE2_SPTR)pattern.ptr, pattern.len, options, &code, &offset, NULL);
    if (*out == NULL) {
        PCRE2_UCHAR text[128];
        pcre2_get_error_message(code, text, sizeof(text));
        return err_set(err, ERR_INVALID_REGULAR_EXPRESSION, "error parsing regexp: %s: `%.*s`", (const char *)text,
                       STR_FMT(pattern));
    }
    pcre2_jit_compile(*out, PCRE2_JIT_COMPLETE); // falls back to interpretation where there is no JIT
    return 0;
}

static bool slot_is(const struct cached_pattern *slot, struct str pattern, struct str flags)
{
    return slot->code != NULL && slot->key_len == flags.len + 1 + pattern.len &&
           memcmp(slot->key, flags.ptr, flags.len) == 0 && slot->key[flags.len] == '\0' &&
           memcmp(slot->key + flags.len + 1, pattern.ptr, pattern.len) == 0;
}

int pattern_regex(struct str pattern, struct str flags, pcre2_code **out, struct err *err)
{
    patterns_register();
    for (size_t i = 0; i < PATTERNS_MAX; i++) {
        if (slot_is(&patterns.slots[i], pattern, flags)) {
            *out = patterns.slots[i].code;
            return 0;
        }
    }
    TRY(compile(pattern, flags, out, err));
    struct cached_pattern *slot = &patterns.slots[patterns.next++ % PATTERNS_MAX];
    mem_free(slot->key);
    pcre2_code_free(slot->code);
    slot->code = *out;
    slot->key_len = flags.len + 1 + pattern.len;
    slot->key = mem_alloc(slot->key_len);
    memcpy(slot->key, flags.ptr, flags.len);
    slot->key[flags.len] = '\0';
    memcpy(slot->key + flags.len + 1, pattern.ptr, pattern.len);
    return 0;
}

int pattern_find(pcre2_code *code, struct str s, size_t from, pcre2_match_data **match, bool *found, struct err *err)
{
    int rc = pcre2_match(code, (PCRE2_SPTR)s.ptr, s.len, from, PCRE2_NO_UTF_CHECK, patterns.match, NULL);
    *found = rc >= 0;
    if (match != NULL)
        *match = patterns.match;
    if (rc < 0 && rc != PCRE2_ERROR_NOMATCH)
        return err_set(err, ERR_PROGRAM_LIMIT_EXCEEDED, "regular expression is too complex for this string");
    return 0;
}

static int regex_test(struct str s, struct str pattern, struct str flags, bool negate, struct datum *out,
                      struct err *err)
{
    pcre2_code *code;
    bool found;
    TRY(pattern_regex(pattern, flags, &code, err));
    TRY(pattern_find(code, s, 0, NULL, &found, err));
    return fn_return_bool(out, found != negate);
}

BODY(op_regex)
{
    return regex_test(args[0].s, args[1].s, STR_EMPTY, false, out, err);
}
BODY(op_not_regex)
{
    return regex_test(args[0].s, args[1].s, STR_EMPTY, true, out, err);
}
BODY(op_regex_i)
{
    return regex_test(args[0].s, args[1].s, STR("i"), false, out, err);
}
BODY(op_not_regex_i)
{
    return regex_test(args[0].s, args[1].s, STR("i"), true, out, err);
}

// ---- SIMILAR TO

// Translates to a PCRE2 pattern: % is .*, _ is ., the other metacharacters are those of SQL.
static int similar_to_regex(struct str pattern, int32_t escape, struct buf *out, struct err *err)
{
    bool in_class = false;
    buf_cstr(out, "^(?:");
    for (size_t at = 0; at < pattern.len;) {
        size_t start = at;
        int32_t c = utf8_next(pattern, &at);
        if (escape != 0 && c == escape) {
            if (at >= pattern.len)
                return err_set(err, ERR_INVALID_ESCAPE_SEQUENCE, "pattern must not end with escape character");
            start = at;
            c = utf8_next(pattern, &at);
            if (c < 0x80 && !u_isalnum(c))
                buf_putc(out, '\\');
            buf_str(out, str_slice(pattern, start, at));
            continue;
        }
        in_class = c == '[' ? true : c == ']' ? false : in_class;
        if (in_class)
            buf_str(out, str_slice(pattern, start, at));
        else if (c == '%')
            buf_cstr(out, ".*");
        else if (c == '_')
            buf_putc(out, '.');
        else if (c == '.' || c == '^' || c == '$' || c == '\\')
            buf_printf(out, "\\%c", (char)c);
        else
            buf_str(out, str_slice(pattern, start, at));
    }
    buf_cstr(out, ")$");
    return 0;
}

static int similar(const struct datum *args, int32_t escape, bool negate, struct datum *out, struct err *err)
{
    struct buf b = BUF_INIT;
    int rc = similar_to_regex(args[1].s, escape, &b, err);
    if (rc == 0)
        rc = regex_test(args[0].s, buf_view(&b), STR_EMPTY, negate, out, err);
    buf_release(&b);
    return rc;
}

BODY(op_similar)
{
    return similar(args, '\\', false, out, err);
}
BODY(op_not_similar)
{
    return similar(args, '\\', true, out, err);
}
BODY(similar_to_escape)
{
    int32_t escape;
    TRY(escape_of(args[2].s, &escape, err));
    return similar(args, escape, false, out, err);
}
BODY(not_similar_to_escape)
{
    int32_t escape;
    TRY(escape_of(args[2].s, &escape, err));
    return similar(args, escape, true, out, err);
}

BODY(similar_regex)
{
    struct buf b = BUF_INIT;
    int32_t escape = '\\';
    if (n_args > 1)
        TRY(escape_of(args[1].s, &escape, err));
    int rc = similar_to_regex(args[0].s, escape, &b, err);
    if (rc != 0)
        buf_release(&b);
    return rc != 0 ? rc : fn_return_buf(ec, &b, out, err);
}

// ---- regexp functions

static struct str group(struct str s, const PCRE2_SIZE *offsets, uint32_t i)
{
    return offsets[2 * i] == PCRE2_UNSET ? STR_NONE : str_slice(s, offsets[2 * i], offsets[2 * i + 1]);
}

// First parenthesized group, else the whole match; NULL when nothing matches.
static int extract(struct str s, struct str pattern, struct str flags, struct datum *out, struct err *err)
{
    pcre2_code *code;
    pcre2_match_data *match;
    bool found;
    TRY(pattern_regex(pattern, flags, &code, err));
    TRY(pattern_find(code, s, 0, &match, &found, err));
    if (!found)
        return fn_return_null(out);
    uint32_t groups;
    pcre2_pattern_info(code, PCRE2_INFO_CAPTURECOUNT, &groups);
    struct str text = group(s, pcre2_get_ovector_pointer(match), groups > 0);
    return text.ptr == NULL ? fn_return_null(out) : fn_return_str(out, text);
}

BODY(regexp_extract)
{
    return extract(args[0].s, args[1].s, STR_EMPTY, out, err);
}

BODY(substring_similar)
{
    int32_t escape;
    TRY(escape_of(args[2].s, &escape, err));
    struct buf b = BUF_INIT;
    int rc = similar_to_regex(args[1].s, escape, &b, err);
    if (rc == 0)
        rc = extract(args[0].s, buf_view(&b), STR_EMPTY, out, err);
    buf_release(&b);
    return rc;
}

// \1 … \9 are groups, \& the match.
static void put_replacement(struct buf *b, struct str by, struct str s, const PCRE2_SIZE *offsets, uint32_t groups)
{
    for (size_t i = 0; i < by.len; i++) {
        if (by.ptr[i] != '\\' || i + 1 == by.len) {
            buf_putc(b, by.ptr[i]);
            continue;
        }
        char c = by.ptr[++i];
        if (c == '&' || (c >= '0' && c <= '9')) {
            uint32_t g = c == '&' ? 0 : (uint32_t)(c - '0');
            struct str text = g <= groups ? group(s, offsets, g) : STR_EMPTY;
            if (text.ptr != NULL)
                buf_str(b, text);
        } else {
            if (c != '\\')
                buf_putc(b, '\\');
            buf_putc(b, c);
        }
    }
}

// Copies one character and moves past it: how an empty match makes progress.
static size_t copy_character(struct buf *b, struct str s, size_t at)
{
    size_t next = at;
    if (at < s.len) {
        utf8_next(s, &next);
        buf_str(b, str_slice(s, at, next));
        return next;
    }
    return at + 1;
}

static int replace_matches(pcre2_code *code, struct str s, struct str by, bool all, struct buf *b, struct err *err)
{
    uint32_t groups;
    pcre2_pattern_info(code, PCRE2_INFO_CAPTURECOUNT, &groups);
    size_t at = 0;
    for (bool again = true; again && at <= s.len; again = all) {
        pcre2_match_data *match;
        bool found;
        TRY(pattern_find(code, s, at, &match, &found, err));
        if (!found)
            break;
        const PCRE2_SIZE *offsets = pcre2_get_ovector_pointer(match);
        size_t start = offsets[0], end = offsets[1];
        buf_str(b, str_slice(s, at, start));
        put_replacement(b, by, s, offsets, MIN(groups, 31));
        at = end == start ? copy_character(b, s, end) : end;
    }
    if (at < s.len)
        buf_str(b, str_slice(s, at, s.len));
    return 0;
}

BODY(regexp_replace)
{
    struct str flags = n_args > 3 ? args[3].s : STR_EMPTY;
    pcre2_code *code;
    TRY(pattern_regex(args[1].s, flags, &code, err));
    struct buf b = {.max = FN_STRING_BYTES_MAX};
    int rc = replace_matches(code, args[0].s, args[2].s, str_find(flags, STR("g"), 0) >= 0, &b, err);
    if (rc != 0) {
        buf_release(&b);
        return rc;
    }
    return fn_return_buf(ec, &b, out, err);
}

// Next separator at or after `at` that is not an empty match at a piece's end.
static int next_separator(pcre2_code *code, struct str s, size_t from, size_t *start, size_t *end, bool *found,
                          struct err *err)
{
    pcre2_match_data *match;
    TRY(pattern_find(code, s, from, &match, found, err));
    if (*found) {
        const PCRE2_SIZE *offsets = pcre2_get_ovector_pointer(match);
        *start = offsets[0];
        *end = offsets[1];
    }
    return 0;
}

typedef int split_piece(void *arg, struct str piece, struct err *err);
static int split(struct str s, struct str pattern, struct str flags, split_piece *emit, void *arg, struct err *err)
{
    size_t from = 0, search = 0;
    while (search <= s.len) {
        pcre2_code *code; // looked up each time: what emit calls may use the cache
        TRY(pattern_regex(pattern, flags, &code, err));
        size_t start = 0, end = 0;
        bool found;
        TRY(next_separator(code, s, search, &start, &end, &found, err));
        if (!found || (start == end && start >= s.len))
            break;
        if (end == start && start == from) { // an empty match splits between characters
            search = from;
            utf8_next(s, &search);
            if (search >= s.len)
                break;
            TRY(emit(arg, str_slice(s, from, search), err));
            from = search;
            continue;
        }
        TRY(emit(arg, str_slice(s, from, start), err));
        from = search = end;
    }
    return emit(arg, str_slice(s, from, s.len), err);
}

struct piece_list {
    struct arena *arena;
    ARENA_VEC(struct datum) pieces;
};

static int collect_piece(void *arg, struct str piece, struct err *err)
{
    struct piece_list *list = arg;
    ARENA_PUSH(list->arena, &list->pieces, datum_str(piece));
    return 0;
}

BODY(regexp_split_to_array)
{
    struct piece_list list = {.arena = ec->arena};
    TRY(split(args[0].s, args[1].s, n_args > 2 ? args[2].s : STR_EMPTY, collect_piece, &list, err));
    return fn_return_str(out, array_build(ec->arena, T_STRING, list.pieces.ptr, (uint32_t)list.pieces.len));
}

static int emit_piece(void *arg, struct str piece, struct err *err)
{
    struct fn_emit *emit = arg;
    struct datum d = datum_str(piece);
    return emit->row(emit, &d, err);
}

static int regexp_split_to_table(struct eval_context *ec, const struct datum *args, int n_args, struct fn_emit *emit,
                                 struct err *err)
{
    return split(args[0].s, args[1].s, n_args > 2 ? args[2].s : STR_EMPTY, emit_piece, emit, err);
}

// The groups of a match (or the match) as an array.
static struct datum groups_array(struct eval_context *ec, pcre2_code *code, struct str s, const PCRE2_SIZE *offsets)
{
    uint32_t groups;
    pcre2_pattern_info(code, PCRE2_INFO_CAPTURECOUNT, &groups);
    groups = MIN(groups, 31);
    struct datum items[32];
    uint32_t first = groups > 0;
    for (uint32_t g = first; g <= groups; g++) {
        struct str text = group(s, offsets, g);
        items[g - first] = text.ptr == NULL ? DATUM_NULL : datum_str(text);
    }
    return datum_str(array_build(ec->arena, T_STRING, items, groups + 1 - first));
}

BODY(regexp_match)
{
    pcre2_code *code;
    pcre2_match_data *match;
    bool found;
    TRY(pattern_regex(args[1].s, n_args > 2 ? args[2].s : STR_EMPTY, &code, err));
    TRY(pattern_find(code, args[0].s, 0, &match, &found, err));
    if (!found)
        return fn_return_null(out);
    *out = groups_array(ec, code, args[0].s, pcre2_get_ovector_pointer(match));
    return 0;
}

static int regexp_matches(struct eval_context *ec, const struct datum *args, int n_args, struct fn_emit *emit,
                          struct err *err)
{
    struct str s = args[0].s, flags = n_args > 2 ? args[2].s : STR_EMPTY;
    bool all = str_find(flags, STR("g"), 0) >= 0;
    for (size_t at = 0; at <= s.len;) {
        pcre2_code *code;
        pcre2_match_data *match;
        bool found;
        TRY(pattern_regex(args[1].s, flags, &code, err));
        TRY(pattern_find(code, s, at, &match, &found, err));
        if (!found)
            return 0;
        const PCRE2_SIZE *offsets = pcre2_get_ovector_pointer(match);
        at = offsets[1] + (offsets[1] == offsets[0]);
        struct datum row = groups_array(ec, code, s, offsets);
        TRY(emit->row(emit, &row, err));
        if (!all)
            return 0;
    }
    return 0;
}

// ---- the n-th match

// Arguments behind string and pattern, as far as they are given.
struct match_request {
    struct str s, pattern, flags;
    int64_t start, n, group; // in characters, from 1; from 1; 0: the whole match
};

static int positive(const char *name, int64_t v, int64_t least, struct err *err)
{
    if (v >= least)
        return 0;
    return err_set(err, ERR_INVALID_PARAMETER_VALUE, "invalid value for parameter \"%s\": %lld", name, (long long)v);
}

static int check_request(const struct match_request *m, struct err *err)
{
    TRY(positive("start", m->start, 1, err));
    TRY(positive("n", m->n, 1, err));
    return positive("subexpr", m->group, 0, err);
}

// Bytes before the character; beyond the end for one that is not there.
static size_t byte_of_character(struct str s, int64_t character)
{
    size_t at = 0;
    while (character > 1 && at < s.len) {
        utf8_next(s, &at);
        character--;
    }
    return character > 1 ? s.len + 1 : at;
}

// Passes up to m->n matches; how many there were, and the offsets of the last. At most 31 groups.
static int pass_matches(const struct match_request *m, int64_t *passed, PCRE2_SIZE offsets[64], uint32_t *groups,
                        struct err *err)
{
    pcre2_code *code;
    TRY(check_request(m, err));
    TRY(pattern_regex(m->pattern, m->flags, &code, err));
    pcre2_pattern_info(code, PCRE2_INFO_CAPTURECOUNT, groups);
    *groups = MIN(*groups, 31);
    *passed = 0;
    for (size_t at = byte_of_character(m->s, m->start); *passed < m->n && at <= m->s.len;) {
        pcre2_match_data *match;
        bool found;
        TRY(pattern_find(code, m->s, at, &match, &found, err));
        if (!found)
            break;
        memcpy(offsets, pcre2_get_ovector_pointer(match), (*groups + 1) * 2 * sizeof(*offsets));
        ++*passed;
        at = offsets[1];
        if (offsets[1] == offsets[0] && at < m->s.len)
            utf8_next(m->s, &at);
        else
            at += offsets[1] == offsets[0];
    }
    return 0;
}

BODY(regexp_count)
{
    struct match_request m = {args[0].s, args[1].s, n_args > 3 ? args[3].s : STR_EMPTY, n_args > 2 ? args[2].i : 1,
                              INT64_MAX, 0};
    int64_t count;
    PCRE2_SIZE offsets[64];
    uint32_t groups;
    TRY(pass_matches(&m, &count, offsets, &groups, err));
    return fn_return_int(out, count);
}

BODY(regexp_like)
{
    return regex_test(args[0].s, args[1].s, n_args > 2 ? args[2].s : STR_EMPTY, false, out, err);
}

BODY(regexp_substr)
{
    struct match_request m = {args[0].s,
                              args[1].s,
                              n_args > 4 ? args[4].s : STR_EMPTY,
                              n_args > 2 ? args[2].i : 1,
                              n_args > 3 ? args[3].i : 1,
                              n_args > 5 ? args[5].i : 0};
    int64_t passed;
    PCRE2_SIZE offsets[64];
    uint32_t groups;
    TRY(pass_matches(&m, &passed, offsets, &groups, err));
    if (passed < m.n || m.group > groups)
        return fn_return_null(out);
    struct str text = group(m.s, offsets, (uint32_t)m.group);
    return text.ptr == NULL ? fn_return_null(out) : fn_return_str(out, text);
}

static int64_t character_of_byte(struct str s, size_t byte)
{
    int64_t n = 1;
    for (size_t at = 0; at < byte; n++)
        utf8_next(s, &at);
    return n;
}

BODY(regexp_instr)
{
    struct match_request m = {args[0].s,
                              args[1].s,
                              n_args > 5 ? args[5].s : STR_EMPTY,
                              n_args > 2 ? args[2].i : 1,
                              n_args > 3 ? args[3].i : 1,
                              n_args > 6 ? args[6].i : 0};
    int64_t end = n_args > 4 ? args[4].i : 0, passed;
    PCRE2_SIZE offsets[64];
    uint32_t groups;
    if (end != 0 && end != 1)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "invalid value for parameter \"endoption\": %lld",
                       (long long)end);
    TRY(pass_matches(&m, &passed, offsets, &groups, err));
    if (passed < m.n || m.group > groups || offsets[2 * m.group] == PCRE2_UNSET)
        return fn_return_int(out, 0);
    return fn_return_int(out, character_of_byte(m.s, offsets[2 * m.group + end]));
}

static const struct fn_row rows[] = {
#include "sql/functions/pattern.def"
};
const struct fn_family fn_family_pattern = {"STRING AND BYTE", rows, ARRAY_LEN(rows)};
