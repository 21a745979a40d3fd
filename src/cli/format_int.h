// Result formats of the shell. A formatter gets the columns, then the rows one by one, then the end; it writes to a
// stdio stream. `table` keeps the rows until the end (widths need them all), the others stream.
#ifndef CLI_FORMAT_INT_H
#define CLI_FORMAT_INT_H

#include "base/arena.h"
#include "base/str.h"
#include <stdio.h>

enum display_format {
#define FORMAT(id, name, prefix) DISPLAY_FORMAT_##id,
#include "cli/formats.def"
#undef FORMAT
    DISPLAY_FORMAT_COUNT
};

// Alignment of a column of the table format; BY_CONTENT puts numbers right, the rest left.
enum column_align { COLUMN_ALIGN_LEFT, COLUMN_ALIGN_RIGHT, COLUMN_ALIGN_CENTER, COLUMN_ALIGN_BY_CONTENT };

struct display_column {
    struct str name;
    enum column_align align;
};

struct formatter;

// Borrowed names: false when `name` is no format.
bool display_format_by_name(struct str name, enum display_format *out);
const char *display_format_name(enum display_format format);

// Everything lives in `arena`. `border` is 0..3 and concerns the table format only.
struct formatter *formatter_begin(struct arena *arena, FILE *out, enum display_format format, int border,
                                  const struct display_column *columns, size_t columns_len);
// values[i].ptr NULL: SQL NULL. Borrowed for the call.
void formatter_row(struct formatter *f, const struct str *values);
void formatter_end(struct formatter *f);
int64_t formatter_rows(const struct formatter *f);

// Columns that the text takes on a terminal (wide characters take two, combining ones none).
int display_width(struct str text);

#endif
