// Private to src/types: reading the words of TSVECTOR and TSQUERY texts.
#ifndef TYPES_TS_INT_H
#define TYPES_TS_INT_H

#include "base/map.h"
#include "base/util.h"
#include "types/types_int.h"

struct ts_text {
    struct str all;
    size_t at;
    bool query;       // operators end a word
    bool web;         // quotes and backslashes are plain
    const char *type; // as error texts call it
};

static inline int ts_peek(const struct ts_text *t)
{
    return t->at < t->all.len ? (unsigned char)t->all.ptr[t->at] : -1;
}
static inline void ts_skip_blanks(struct ts_text *t)
{
    while (t->at < t->all.len && is_blank(t->all.ptr[t->at]))
        t->at++;
}
// One word, quoted or bare, at which the text stands. Stops behind it, at a colon too. 42601, 54000.
int ts_read_word(struct ts_text *t, struct arena *a, struct str *out, struct err *err) MUST_CHECK;
int ts_syntax_error(const struct ts_text *t, struct err *err);
// 'it''s': quotes and backslashes doubled.
void ts_print_word(struct buf *out, struct str word);

#endif
