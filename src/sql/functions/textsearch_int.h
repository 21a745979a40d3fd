// Full-text search: cutting texts into tokens, turning tokens into lexemes.
#ifndef SQL_FUNCTIONS_TEXTSEARCH_INT_H
#define SQL_FUNCTIONS_TEXTSEARCH_INT_H

#include "sql/functions/functions_int.h"
#include "sql/functions/textsearch.h"
#include "types/tsquery.h"

// ---- tokens (textsearch_parse.c)

struct ts_token {
    enum ts_token_type type;
    struct str text;
};
struct ts_parser {
    struct str text;
    size_t at;
    size_t compound_end;        // behind the hyphenated word whose parts are being given
    struct ts_token pending[2]; // host and path of a URL
    uint32_t n_pending;
    size_t no_email_before, no_host_before; // what is known of the places from `at` on
};
// Every byte of the text is in some token; hyphenated words and URLs come whole and then in parts.
bool ts_parser_next(struct ts_parser *p, struct ts_token *out);

// ---- lexemes (textsearch_config.c)

// "english", "pg_catalog.english": 42704.
int ts_config_find(struct str name, const struct ts_config **out, struct err *err) MUST_CHECK;
// The first argument of the call: a name or a REGCONFIG.
int ts_config_argument(struct eval_context *ec, const struct datum *args, const struct ts_config **out,
                       struct err *err) MUST_CHECK;
// That of default_text_search_config.
int ts_config_current(struct eval_context *ec, const struct ts_config **out, struct err *err) MUST_CHECK;

enum ts_lexized { TS_IGNORED, TS_STOPPED, TS_LEXEME };
// Ignored tokens do not count as positions, stop words do.
enum ts_lexized ts_lexize(const struct ts_config *config, const struct ts_token *token, struct arena *a,
                          struct str *lexeme);
// One word as the dictionary of that name ("english_stem", "simple") sees it.
enum ts_lexized ts_lexize_word(const char *stemmer, bool english_stops, struct str word, struct arena *a,
                               struct str *lexeme);
// Adds the lexemes of a text, at positions from *position + 1 on.
void ts_document(const struct ts_config *config, struct arena *a, struct str text, uint32_t *position,
                 struct ts_words *words);

#endif
