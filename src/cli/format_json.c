// The formats ndjson (one object per line) and json (one array). All values are strings, keys are sorted; of columns
// with the same name the last one counts.
#include "cli/formatter_int.h"

static void put_json_string(struct formatter *f, struct str s)
{
    putc('"', f->out);
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (c == '"' || c == '\\')
            fprintf(f->out, "\\%c", c);
        else if (c == '\n' || c == '\t' || c == '\r')
            fprintf(f->out, "\\%c", c == '\n' ? 'n' : c == '\t' ? 't' : 'r');
        else if (c < 0x20)
            fprintf(f->out, "\\u%04x", c);
        else
            putc(c, f->out);
    }
    putc('"', f->out);
}

// The column with the smallest name greater than `after`, the last one of several; -1: none.
static ptrdiff_t next_column(const struct formatter *f, const struct str *after)
{
    ptrdiff_t best = -1;
    for (size_t i = 0; i < f->columns_len; i++) {
        if (after != NULL && str_cmp(f->columns[i].name, *after) <= 0)
            continue;
        if (best < 0 || str_cmp(f->columns[i].name, f->columns[best].name) <= 0)
            best = (ptrdiff_t)i;
    }
    return best;
}

static void put_object(struct formatter *f)
{
    const struct str *after = NULL;
    putc('{', f->out);
    for (ptrdiff_t i; (i = next_column(f, after)) >= 0; after = &f->columns[i].name) {
        if (after != NULL)
            putc(',', f->out);
        put_json_string(f, f->columns[i].name);
        putc(':', f->out);
        put_json_string(f, f->cells[i]);
    }
    putc('}', f->out);
}

void format_ndjson_begin(struct formatter *f)
{
}

void format_ndjson_row(struct formatter *f)
{
    put_object(f);
    putc('\n', f->out);
}

void format_ndjson_end(struct formatter *f)
{
}

void format_json_begin(struct formatter *f)
{
    putc('[', f->out);
}

void format_json_row(struct formatter *f)
{
    fputs(f->rows > 1 ? ",\n  " : "\n  ", f->out);
    put_object(f);
}

void format_json_end(struct formatter *f)
{
    fputs("\n]\n", f->out);
}
