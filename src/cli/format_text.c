// The line-oriented formats: tsv, csv, records, raw.
#include "cli/formatter_int.h"

static bool starts_with_space(struct str s)
{
    return s.len > 0 && strchr(" \t\v\f\r\n", s.ptr[0]) != NULL;
}

static bool needs_quotes(struct str field, char separator)
{
    if (field.len == 0)
        return false;
    if (str_eqc(field, "\\.") || starts_with_space(field))
        return true;
    for (size_t i = 0; i < field.len; i++)
        if (field.ptr[i] == separator || strchr("\"\r\n", field.ptr[i]) != NULL)
            return true;
    return false;
}

static void put_field(struct formatter *f, struct str field, char separator)
{
    if (!needs_quotes(field, separator)) {
        put_str(f, field);
        return;
    }
    putc('"', f->out);
    for (size_t i = 0; i < field.len; i++) {
        if (field.ptr[i] == '"')
            putc('"', f->out);
        putc(field.ptr[i], f->out);
    }
    putc('"', f->out);
}

static void separated_begin(struct formatter *f, char separator)
{
    if (f->columns_len == 0) {
        fputs("# no columns\n", f->out);
        return;
    }
    for (size_t i = 0; i < f->columns_len; i++) {
        if (i > 0)
            putc(separator, f->out);
        put_field(f, f->columns[i].name, separator);
    }
    putc('\n', f->out);
}

static void separated_row(struct formatter *f, char separator)
{
    if (f->columns_len == 0)
        fputs("# empty", f->out);
    for (size_t i = 0; i < f->columns_len; i++) {
        if (i > 0)
            putc(separator, f->out);
        put_field(f, f->cells[i], separator);
    }
    putc('\n', f->out);
}

void format_tsv_begin(struct formatter *f)
{
    separated_begin(f, '\t');
}

void format_tsv_row(struct formatter *f)
{
    separated_row(f, '\t');
}

void format_tsv_end(struct formatter *f)
{
}

void format_csv_begin(struct formatter *f)
{
    separated_begin(f, ',');
}

void format_csv_row(struct formatter *f)
{
    separated_row(f, ',');
}

void format_csv_end(struct formatter *f)
{
}

void format_records_begin(struct formatter *f)
{
}

static int widest_label(const struct formatter *f)
{
    int width = 0;
    for (size_t i = 0; i < f->columns_len; i++)
        for (size_t l = 0, n = format_lines(f->columns[i].name); l < n; l++)
            width = MAX(width, display_width(format_line(f->columns[i].name, l)));
    return width;
}

// `label | value`; a `+` after either says that it goes on in the next line.
static void put_record_field(struct formatter *f, struct str label, struct str value, int width)
{
    size_t label_lines = format_lines(label), value_lines = format_lines(value);
    for (size_t l = 0; l < MAX(label_lines, value_lines); l++) {
        struct str name = l < label_lines ? format_line(label, l) : STR_EMPTY;
        put_str(f, name);
        fprintf(f->out, "%*s%c|", width - display_width(name), "", l + 1 < label_lines ? '+' : ' ');
        if (l < value_lines) {
            putc(' ', f->out);
            put_str(f, format_line(value, l));
            if (l + 1 < value_lines)
                putc('+', f->out);
        }
        putc('\n', f->out);
    }
}

void format_records_row(struct formatter *f)
{
    if (f->columns_len == 0)
        return;
    int width = widest_label(f);
    fprintf(f->out, "-[ RECORD %lld ]\n", (long long)f->rows);
    for (size_t i = 0; i < f->columns_len; i++)
        put_record_field(f, f->columns[i].name, f->cells[i], width);
}

void format_records_end(struct formatter *f)
{
    if (f->columns_len == 0)
        format_row_count(f, "(", ")\n");
}

void format_raw_begin(struct formatter *f)
{
    fprintf(f->out, "# %zu column%s\n", f->columns_len, f->columns_len == 1 ? "" : "s");
}

void format_raw_row(struct formatter *f)
{
    fprintf(f->out, "# row %lld\n", (long long)f->rows);
    for (size_t i = 0; i < f->columns_len; i++) {
        fprintf(f->out, "## %zu\n", f->cells[i].len);
        put_str(f, f->cells[i]);
        putc('\n', f->out);
    }
}

void format_raw_end(struct formatter *f)
{
    format_row_count(f, "# ", "\n");
}
