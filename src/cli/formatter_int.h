// What the implementations of the result formats share.
#ifndef CLI_FORMATTER_INT_H
#define CLI_FORMATTER_INT_H

#include "cli/format_int.h"
#include "base/buf.h"

struct table_state;

struct formatter {
    const struct format_ops *ops;
    struct arena *arena;
    FILE *out;
    int border;
    const struct display_column *columns; // names printable
    size_t columns_len;
    struct str *cells; // the row at hand, printable
    bool *nulls;       // which of them are NULL
    int64_t rows;
    struct table_state *table;
};

struct format_ops {
    const char *name;
    bool raw_values; // values as the server sent them, control characters included
    void (*begin)(struct formatter *f);
    void (*row)(struct formatter *f);
    void (*end)(struct formatter *f);
};

#define FORMAT(id, name, prefix)                       \
    void format_##prefix##_begin(struct formatter *f); \
    void format_##prefix##_row(struct formatter *f);   \
    void format_##prefix##_end(struct formatter *f);
#include "cli/formats.def"
#undef FORMAT

// The text as it can be shown: unchanged when it is valid UTF-8 of graphic characters, tabs and newlines, else in
// backslash-escaped ASCII.
struct str format_printable(struct arena *arena, struct str text);
// The n-th line of a text, STR_NONE past the last one.
struct str format_line(struct str text, size_t n);
size_t format_lines(struct str text);
// "1 row", "2 rows".
void format_row_count(const struct formatter *f, const char *before, const char *after);

static inline void put_str(struct formatter *f, struct str s)
{
    fwrite(s.ptr, 1, s.len, f->out);
}

#endif
