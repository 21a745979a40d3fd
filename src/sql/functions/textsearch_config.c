// Configurations of full-text search: which tokens become which lexemes. Words in letters go through the stemmer of the
// language, other tokens are taken in lower case.
#include "sql/functions/textsearch_int.h"
#include <libstemmer.h>
#include <pthread.h>
#include <stdlib.h>
#include <unicode/uchar.h>

const struct ts_config ts_configs[] = {
#define TS_CONFIG(name, stemmer, ascii_stemmer, english_stops) {name, stemmer, ascii_stemmer, english_stops},
#include "sql/functions/textsearch_configs.def"
#undef TS_CONFIG
};
const size_t ts_n_configs = ARRAY_LEN(ts_configs);

enum { OID_SIMPLE = 3748, OID_SIMPLE_DICTIONARY = 3765, OID_FIRST = 13150 };

uint32_t ts_config_oid(const struct ts_config *config)
{
    return config == ts_configs ? OID_SIMPLE : OID_FIRST + 2 * (uint32_t)(config - ts_configs);
}

uint32_t ts_dictionary_oid(const struct ts_config *config)
{
    return config == ts_configs ? OID_SIMPLE_DICTIONARY : ts_config_oid(config) - 1;
}

struct str ts_dictionary_name(const struct ts_config *config, struct arena *a)
{
    return config->stemmer != NULL ? arena_printf(a, "%s_stem", config->stemmer) : str_of(config->name);
}

const struct ts_config *ts_config_by_oid(uint32_t oid)
{
    for (size_t i = 0; i < ts_n_configs; i++) {
        if (ts_config_oid(&ts_configs[i]) == oid)
            return &ts_configs[i];
    }
    return NULL;
}

static uint32_t dictionary_of_stemmer(const char *stemmer)
{
    size_t i = 1;
    while (stemmer != NULL && i < ts_n_configs && strcmp(ts_configs[i].stemmer, stemmer) != 0)
        i++;
    return ts_dictionary_oid(&ts_configs[stemmer != NULL && i < ts_n_configs ? i : 0]);
}

int ts_config_find(struct str name, const struct ts_config **out, struct err *err)
{
    struct str bare = str_has_prefix(name, STR("pg_catalog.")) ? str_slice(name, 11, name.len) : name;
    for (size_t i = 0; i < ts_n_configs; i++) {
        if (str_ieqc(bare, ts_configs[i].name)) {
            *out = &ts_configs[i];
            return 0;
        }
    }
    return err_set(err, ERR_UNDEFINED_OBJECT, "text search configuration \"%.*s\" does not exist", STR_FMT(name));
}

int ts_config_argument(struct eval_context *ec, const struct datum *args, const struct ts_config **out, struct err *err)
{
    if (!type_is(fn_arg_type(ec, 0), TYPE_OID))
        return ts_config_find(args[0].s, out, err);
    *out = ts_config_by_oid((uint32_t)args[0].i);
    if (*out != NULL)
        return 0;
    return err_set(err, ERR_UNDEFINED_OBJECT, "text search configuration %lld does not exist", (long long)args[0].i);
}

int ts_config_current(struct eval_context *ec, const struct ts_config **out, struct err *err)
{
    struct datum name;
    if (ec->session == NULL)
        return ts_config_find(STR("english"), out, err);
    TRY(ec->session->setting_get(ec->session, ec->arena, STR("default_text_search_config"), false, &name, err));
    return ts_config_find(name.s, out, err);
}

// ---- stop words

static const char *const english_stops[] = {
    // sorted
    "a",       "about",  "above",   "after",  "again",  "against",    "all",        "am",        "an",    "and",
    "any",     "are",    "as",      "at",     "be",     "because",    "been",       "before",    "being", "below",
    "between", "both",   "but",     "by",     "can",    "did",        "do",         "does",      "doing", "don",
    "down",    "during", "each",    "few",    "for",    "from",       "further",    "had",       "has",   "have",
    "having",  "he",     "her",     "here",   "hers",   "herself",    "him",        "himself",   "his",   "how",
    "i",       "if",     "in",      "into",   "is",     "it",         "its",        "itself",    "just",  "me",
    "more",    "most",   "my",      "myself", "no",     "nor",        "not",        "now",       "of",    "off",
    "on",      "once",   "only",    "or",     "other",  "our",        "ours",       "ourselves", "out",   "over",
    "own",     "s",      "same",    "she",    "should", "so",         "some",       "such",      "t",     "than",
    "that",    "the",    "their",   "theirs", "them",   "themselves", "then",       "there",     "these", "they",
    "this",    "those",  "through", "to",     "too",    "under",      "until",      "up",        "very",  "was",
    "we",      "were",   "what",    "when",   "where",  "which",      "while",      "who",       "whom",  "why",
    "will",    "with",   "you",     "your",   "yours",  "yourself",   "yourselves",
};

static int compare_stop(const void *key, const void *item)
{
    return str_cmp(*(const struct str *)key, str_of(*(const char *const *)item));
}

static bool is_english_stop(struct str word)
{
    return bsearch(&word, english_stops, ARRAY_LEN(english_stops), sizeof(english_stops[0]), compare_stop) != NULL;
}

// ---- stemmers: each thread keeps those it has used; freed when it ends

enum { STEMMERS_MAX = 32 };
static _Thread_local struct {
    const char *languages[STEMMERS_MAX];
    struct sb_stemmer *stemmers[STEMMERS_MAX];
    size_t n;
} kept;
static pthread_key_t kept_key;
static pthread_once_t kept_once = PTHREAD_ONCE_INIT;

static void kept_free(void *unused)
{
    while (kept.n > 0)
        sb_stemmer_delete(kept.stemmers[--kept.n]);
}

static void kept_make_key(void)
{
    pthread_key_create(&kept_key, kept_free);
}

static struct sb_stemmer *stemmer_of(const char *language)
{
    for (size_t i = 0; i < kept.n; i++) {
        if (kept.languages[i] == language || strcmp(kept.languages[i], language) == 0)
            return kept.stemmers[i];
    }
    pthread_once(&kept_once, kept_make_key);
    pthread_setspecific(kept_key, &kept);
    struct sb_stemmer *s = sb_stemmer_new(language, "UTF_8");
    INVARIANT(s != NULL && kept.n < STEMMERS_MAX);
    kept.languages[kept.n] = language;
    kept.stemmers[kept.n++] = s;
    return s;
}

// ---- lexemes

static struct str in_lower_case(struct arena *a, struct str word)
{
    struct buf b = BUF_INIT;
    for (size_t at = 0; at < word.len;) {
        int32_t c = utf8_next(word, &at);
        if (c >= 0)
            utf8_put(&b, (uint32_t)(c < 0x80 ? (c >= 'A' && c <= 'Z' ? c + 32 : c) : u_tolower(c)));
    }
    struct str lower = arena_str(a, buf_view(&b));
    buf_release(&b);
    return lower;
}

enum ts_lexized ts_lexize_word(const char *stemmer, bool stops, struct str word, struct arena *a, struct str *lexeme)
{
    *lexeme = in_lower_case(a, word);
    if (lexeme->len == 0 || (stops && is_english_stop(*lexeme)))
        return TS_STOPPED;
    if (stemmer != NULL) {
        struct sb_stemmer *s = stemmer_of(stemmer);
        const sb_symbol *stem = sb_stemmer_stem(s, (const sb_symbol *)lexeme->ptr, (int)lexeme->len);
        if (stem != NULL)
            *lexeme = arena_str(a, (struct str){(const char *)stem, (size_t)sb_stemmer_length(s)});
    }
    return lexeme->len > 0 ? TS_LEXEME : TS_STOPPED;
}

enum token_kind { KIND_IGNORED, KIND_ASCII_WORD, KIND_WORD, KIND_OTHER };

static enum token_kind kind_of(enum ts_token_type type)
{
    switch (type) {
    case TS_BLANK:
    case TS_TAG:
    case TS_PROTOCOL:
    case TS_ENTITY:
        return KIND_IGNORED;
    case TS_ASCIIWORD:
    case TS_HWORD_ASCIIPART:
    case TS_ASCIIHWORD:
        return KIND_ASCII_WORD;
    case TS_WORD:
    case TS_HWORD_PART:
    case TS_HWORD:
        return KIND_WORD;
    default:
        return KIND_OTHER;
    }
}

enum ts_lexized ts_lexize(const struct ts_config *config, const struct ts_token *token, struct arena *a,
                          struct str *lexeme)
{
    switch (kind_of(token->type)) {
    case KIND_IGNORED:
        return TS_IGNORED;
    case KIND_ASCII_WORD:
        return ts_lexize_word(config->ascii_stemmer, config->english_stops, token->text, a, lexeme);
    case KIND_WORD:
        return ts_lexize_word(config->stemmer, config->english_stops, token->text, a, lexeme);
    case KIND_OTHER:
        break;
    }
    return ts_lexize_word(NULL, false, token->text, a, lexeme);
}

uint32_t ts_dictionary_for(const struct ts_config *config, enum ts_token_type type)
{
    enum token_kind kind = kind_of(type);
    return kind == KIND_IGNORED ? 0
                                : dictionary_of_stemmer(kind == KIND_ASCII_WORD ? config->ascii_stemmer
                                                        : kind == KIND_WORD     ? config->stemmer
                                                                                : NULL);
}

void ts_document(const struct ts_config *config, struct arena *a, struct str text, uint32_t *position,
                 struct ts_words *words)
{
    struct ts_parser p = {.text = text};
    struct ts_token token;
    while (ts_parser_next(&p, &token)) {
        struct ts_word w;
        if (token.text.len > TS_WORD_BYTES_MAX)
            continue;
        enum ts_lexized what = ts_lexize(config, &token, a, &w.word);
        if (what == TS_IGNORED)
            continue;
        ++*position;
        w.place = ts_place(*position, 0);
        if (what == TS_LEXEME)
            ARENA_PUSH(a, &words->v, w);
    }
}
