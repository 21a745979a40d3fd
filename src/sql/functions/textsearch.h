// What pg_catalog says of full-text search: configurations, dictionaries and token types, all built in.
#ifndef SQL_FUNCTIONS_TEXTSEARCH_H
#define SQL_FUNCTIONS_TEXTSEARCH_H

#include "base/arena.h"
#include "base/base.h"
#include "base/str.h"

// ---- tokens: those of PostgreSQL's default parser

enum ts_token_type {
#define TS_TOKEN(NAME, number, alias, description) TS_##NAME = number,
#include "sql/functions/textsearch_tokens.def"
#undef TS_TOKEN
    TS_TOKEN_TYPES_END,
};
struct ts_token_info {
    const char *alias, *description;
};
extern const struct ts_token_info ts_token_infos[TS_TOKEN_TYPES_END]; // from 1 on

// ---- configurations

struct ts_config {
    const char *name;
    const char *stemmer;       // of libstemmer; NULL: words stay as they are
    const char *ascii_stemmer; // of words in ASCII
    bool english_stops;        // stop words are those of English
};
extern const struct ts_config ts_configs[];
extern const size_t ts_n_configs;

// OIDs are PostgreSQL 15's. A configuration's own dictionary is its stemmer's; that of "simple" is simple too.
enum { TS_OID_PARSER = 3722, TS_OID_TEMPLATE_SIMPLE = 3727, TS_OID_TEMPLATE_SNOWBALL = 13150 };
uint32_t ts_config_oid(const struct ts_config *config);
const struct ts_config *ts_config_by_oid(uint32_t oid); // NULL: none
uint32_t ts_dictionary_oid(const struct ts_config *config);
struct str ts_dictionary_name(const struct ts_config *config, struct arena *a);
// The dictionary that a configuration has for tokens of a type; 0: they are ignored.
uint32_t ts_dictionary_for(const struct ts_config *config, enum ts_token_type type);

#endif
