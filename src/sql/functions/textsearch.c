// Full-text search: documents. Queries are in textsearch_query.c, ranks in textsearch_rank.c.
#include "sql/functions/textsearch_int.h"
#include "types/array.h"
#include "types/json.h"
#include "sql/functions/textsearch_query_int.h"

static int return_vector(struct eval_context *ec, struct ts_words *words, struct datum *out, struct err *err)
{
    out->null = false;
    return ts_vector_build(ec->arena, words, &out->s, err);
}

static int return_array(struct eval_context *ec, const struct datum *items, size_t n, struct datum *out)
{
    return fn_return_str(out, array_build(ec->arena, T_STRING, items, (uint32_t)n));
}

// ---- from text and JSON

static int vector_of_text(struct eval_context *ec, const struct ts_config *config, struct str text, struct datum *out,
                          struct err *err)
{
    struct ts_words words = {0};
    uint32_t position = 0;
    ts_document(config, ec->arena, text, &position, &words);
    return return_vector(ec, &words, out, err);
}

BODY(to_vector)
{
    const struct ts_config *config;
    TRY(ts_config_current(ec, &config, err));
    return vector_of_text(ec, config, args[0].s, out, err);
}
BODY(to_vector_config)
{
    const struct ts_config *config;
    TRY(ts_config_argument(ec, args, &config, err));
    return vector_of_text(ec, config, args[1].s, out, err);
}

// Every string of the value; one more word between those that have lexemes, so that no phrase goes across.
static void json_words(const struct ts_config *config, struct arena *a, struct str json, uint32_t *position,
                       struct ts_words *words)
{
    enum json_kind kind = json_kind(json);
    if (kind == JSON_STRING) {
        size_t before = words->v.len;
        ts_document(config, a, json_string_value(json), position, words);
        *position += words->v.len > before;
    }
    for (uint32_t i = 0; (kind == JSON_ARRAY || kind == JSON_OBJECT) && i < json_count(json); i++) {
        struct str key, value;
        if (kind == JSON_OBJECT)
            json_pair_at(json, i, &key, &value);
        else
            value = json_at(json, i);
        json_words(config, a, value, position, words);
    }
}

static int vector_of_json(struct eval_context *ec, const struct ts_config *config, struct str json, struct datum *out,
                          struct err *err)
{
    struct ts_words words = {0};
    uint32_t position = 0;
    json_words(config, ec->arena, json, &position, &words);
    return return_vector(ec, &words, out, err);
}

BODY(json_to_vector)
{
    const struct ts_config *config;
    TRY(ts_config_current(ec, &config, err));
    return vector_of_json(ec, config, args[0].s, out, err);
}
BODY(json_to_vector_config)
{
    const struct ts_config *config;
    TRY(ts_config_argument(ec, args, &config, err));
    return vector_of_json(ec, config, args[1].s, out, err);
}

// ---- matching

BODY(matches)
{
    return fn_return_bool(out, ts_vector_matches(ec->arena, args[0].s, args[1].s));
}
BODY(matched_by)
{
    return fn_return_bool(out, ts_vector_matches(ec->arena, args[1].s, args[0].s));
}
BODY(text_matches)
{
    struct datum vector;
    TRY(to_vector(ec, args, 1, &vector, err));
    return fn_return_bool(out, ts_vector_matches(ec->arena, vector.s, args[1].s));
}
BODY(text_matches_text)
{
    struct datum vector, query;
    TRY(to_vector(ec, args, 1, &vector, err));
    TRY(plain_to_query(ec, args + 1, 1, &query, err));
    return fn_return_bool(out, ts_vector_matches(ec->arena, vector.s, query.s));
}

// ---- parts and changes

BODY(current_config)
{
    const struct ts_config *config;
    TRY(ts_config_current(ec, &config, err));
    return fn_return_int(out, ts_config_oid(config));
}

BODY(array_to_vector)
{
    struct array items = array_open(fn_arg_type(ec, 0), args[0].s);
    struct ts_words words = {0};
    for (uint32_t i = 0; i < items.count; i++) {
        struct datum item = array_get(&items, i);
        if (item.null)
            return err_set(err, ERR_NULL_VALUE_NOT_ALLOWED, "lexeme array may not contain nulls");
        if (item.s.len == 0)
            return err_set(err, ERR_ZERO_LENGTH_CHARACTER_STRING, "lexeme array may not contain empty strings");
        if (item.s.len > TS_WORD_BYTES_MAX)
            return err_set(err, ERR_PROGRAM_LIMIT_EXCEEDED, "word is too long (%zu bytes, max %d bytes)", item.s.len,
                           TS_WORD_BYTES_MAX);
        struct ts_word w = {item.s, 0};
        ARENA_PUSH(ec->arena, &words.v, w);
    }
    return return_vector(ec, &words, out, err);
}

BODY(vector_to_array)
{
    struct ts_vector v = ts_vector_open(args[0].s);
    struct datum *items = ARENA_ARRAY(ec->arena, struct datum, v.count);
    for (uint32_t i = 0; i < v.count; i++)
        items[i] = datum_str(ts_vector_get(&v, i).word);
    return return_array(ec, items, v.count, out);
}

BODY(vector_length)
{
    return fn_return_int(out, ts_vector_open(args[0].s).count);
}

// Positions of the second document come after all of the first.
BODY(vector_concat)
{
    struct ts_words words = {0};
    uint32_t last = 0;
    ts_vector_words(ec->arena, args[0].s, &words);
    size_t n = words.v.len;
    for (size_t i = 0; i < n; i++)
        last = MAX(last, ts_position(words.v.ptr[i].place));
    ts_vector_words(ec->arena, args[1].s, &words);
    for (size_t i = n; i < words.v.len; i++) {
        uint16_t *place = &words.v.ptr[i].place;
        if (*place != 0)
            *place = ts_place(ts_position(*place) + last, ts_weight(*place));
    }
    return return_vector(ec, &words, out, err);
}

BODY(strip)
{
    struct ts_words words = {0};
    ts_vector_words(ec->arena, args[0].s, &words);
    for (size_t i = 0; i < words.v.len; i++)
        words.v.ptr[i].place = 0;
    return return_vector(ec, &words, out, err);
}

static int weight_of(struct str letter, uint32_t *out, struct err *err)
{
    int c = letter.len > 0 ? letter.ptr[0] | 0x20 : 0;
    *out = (uint32_t)('d' - c);
    if (c >= 'a' && c <= 'd')
        return 0;
    return err_set(err, ERR_INVALID_PARAMETER_VALUE, "unrecognized weight: \"%.*s\"", STR_FMT(letter));
}

static bool listed(const struct array *list, struct str word)
{
    for (uint32_t i = 0; i < list->count; i++) {
        struct datum item = array_get(list, i);
        if (!item.null && str_eq(item.s, word))
            return true;
    }
    return false;
}

static struct array words_argument(struct eval_context *ec, const struct datum *args, int i)
{
    return array_open(fn_arg_type(ec, i), args[i].s);
}

BODY(set_weight)
{
    struct array only = n_args > 2 ? words_argument(ec, args, 2) : (struct array){0};
    struct ts_words words = {0};
    uint32_t weight;
    TRY(weight_of(args[1].s, &weight, err));
    ts_vector_words(ec->arena, args[0].s, &words);
    for (size_t i = 0; i < words.v.len; i++) {
        struct ts_word *w = &words.v.ptr[i];
        if (w->place != 0 && (n_args < 3 || listed(&only, w->word)))
            w->place = ts_place(ts_position(w->place), weight);
    }
    return return_vector(ec, &words, out, err);
}

// The occurrences that `keep` keeps.
static int keep_words(struct eval_context *ec, struct str vector,
                      bool (*keep)(const struct ts_word *w, const void *arg), const void *arg, struct datum *out,
                      struct err *err)
{
    struct ts_words words = {0};
    size_t kept = 0;
    ts_vector_words(ec->arena, vector, &words);
    for (size_t i = 0; i < words.v.len; i++) {
        if (keep(&words.v.ptr[i], arg))
            words.v.ptr[kept++] = words.v.ptr[i];
    }
    words.v.len = kept;
    return return_vector(ec, &words, out, err);
}

static bool is_other_word(const struct ts_word *w, const void *arg)
{
    return !str_eq(w->word, *(const struct str *)arg);
}
static bool is_not_listed(const struct ts_word *w, const void *arg)
{
    return !listed(arg, w->word);
}
static bool has_weight(const struct ts_word *w, const void *arg)
{
    return w->place != 0 && (*(const uint32_t *)arg >> ts_weight(w->place) & 1);
}

BODY(delete_word)
{
    return keep_words(ec, args[0].s, is_other_word, &args[1].s, out, err);
}
BODY(delete_words)
{
    struct array list = words_argument(ec, args, 1);
    return keep_words(ec, args[0].s, is_not_listed, &list, out, err);
}
BODY(filter)
{
    struct array letters = words_argument(ec, args, 1);
    uint32_t weights = 0, weight;
    for (uint32_t i = 0; i < letters.count; i++) {
        struct datum letter = array_get(&letters, i);
        if (letter.null)
            return err_set(err, ERR_NULL_VALUE_NOT_ALLOWED, "weight array may not contain nulls");
        TRY(weight_of(letter.s, &weight, err));
        weights |= 1u << weight;
    }
    return keep_words(ec, args[0].s, has_weight, &weights, out, err);
}

static int unnest_vector(struct eval_context *ec, const struct datum *args, int n_args, struct fn_emit *emit,
                         struct err *err)
{
    static const char letters[] = "DCBA";
    struct ts_vector v = ts_vector_open(args[0].s);
    for (uint32_t i = 0; i < v.count; i++) {
        struct ts_entry e = ts_vector_get(&v, i);
        struct datum *places = ARENA_ARRAY(ec->arena, struct datum, e.n_places);
        struct datum *weights = ARENA_ARRAY(ec->arena, struct datum, e.n_places);
        for (uint32_t k = 0; k < e.n_places; k++) {
            uint16_t place = ts_entry_place(&e, k);
            places[k] = datum_int(ts_position(place));
            weights[k] = datum_str((struct str){&letters[ts_weight(place)], 1});
        }
        struct datum row[] = {datum_str(e.word), DATUM_NULL, DATUM_NULL};
        if (e.n_places > 0) {
            row[1] = datum_str(array_build(ec->arena, T_INT2, places, e.n_places));
            row[2] = datum_str(array_build(ec->arena, T_STRING, weights, e.n_places));
        }
        TRY(emit->row(emit, row, err));
    }
    return 0;
}

// ---- the parser and dictionaries

static int check_parser(struct str name, struct err *err)
{
    if (str_eqc(name, "default") || str_eqc(name, "pg_catalog.default"))
        return 0;
    return err_set(err, ERR_UNDEFINED_OBJECT, "text search parser \"%.*s\" does not exist", STR_FMT(name));
}

static int parse_text(struct eval_context *ec, const struct datum *args, int n_args, struct fn_emit *emit,
                      struct err *err)
{
    struct ts_parser p = {.text = args[1].s};
    struct ts_token token;
    TRY(check_parser(args[0].s, err));
    while (ts_parser_next(&p, &token)) {
        struct datum row[] = {datum_int(token.type), datum_str(token.text)};
        TRY(emit->row(emit, row, err));
    }
    return 0;
}

static int emit_token_types(struct fn_emit *emit, struct err *err)
{
    for (int i = 1; i < TS_TOKEN_TYPES_END; i++) {
        struct datum row[] = {datum_int(i), datum_str(str_of(ts_token_infos[i].alias)),
                              datum_str(str_of(ts_token_infos[i].description))};
        TRY(emit->row(emit, row, err));
    }
    return 0;
}

static int token_types(struct eval_context *ec, const struct datum *args, int n_args, struct fn_emit *emit,
                       struct err *err)
{
    TRY(check_parser(args[0].s, err));
    return emit_token_types(emit, err);
}

static int token_types_by_oid(struct eval_context *ec, const struct datum *args, int n_args, struct fn_emit *emit,
                              struct err *err)
{
    if (args[0].i != TS_OID_PARSER)
        return err_set(err, ERR_UNDEFINED_OBJECT, "cache lookup failed for text search parser %lld",
                       (long long)args[0].i);
    return emit_token_types(emit, err);
}

BODY(lexize)
{
    struct str name = args[0].s, lexeme;
    if (str_has_prefix(name, STR("pg_catalog.")))
        name = str_slice(name, 11, name.len);
    for (size_t i = 0; i < ts_n_configs; i++) {
        const struct ts_config *c = &ts_configs[i];
        struct str dictionary = c->stemmer != NULL ? arena_printf(ec->arena, "%s_stem", c->stemmer) : str_of(c->name);
        if (!str_eq(dictionary, name))
            continue;
        bool found = ts_lexize_word(c->stemmer, c->english_stops, args[1].s, ec->arena, &lexeme) == TS_LEXEME;
        struct datum item = datum_str(lexeme);
        return return_array(ec, &item, found, out);
    }
    return err_set(err, ERR_UNDEFINED_OBJECT, "text search dictionary \"%.*s\" does not exist", STR_FMT(args[0].s));
}

static const struct fn_row rows[] = {
#include "sql/functions/textsearch.def"
};
const struct fn_family fn_family_textsearch = {"FULL TEXT SEARCH", rows, ARRAY_LEN(rows)};
