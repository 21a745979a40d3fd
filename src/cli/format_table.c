// The table format: columns aligned for a terminal.
//
//     id | balance          border 0: two blanks before, one rule under the header
//   -----+----------        border 1: a rule after every row too
//      1 |    1000          border 2: a box around the table
//                           border 3: a box, and a rule after every row
#include "cli/formatter_int.h"
#include <ctype.h>

// Cells of all rows, row-major, tabs expanded.
struct table_state {
    ARENA_VEC(struct str) cells;
    int *widths;
    struct buf line;
};

// Cells ended by tabs form columns over neighbouring lines; a column is one wider than its widest cell, at least four.
static size_t tab_cells(struct str line)
{
    size_t n = 0;
    for (size_t i = 0; i < line.len; i++)
        n += line.ptr[i] == '\t';
    return n;
}

static struct str tab_cell(struct str line, size_t n)
{
    size_t start = 0;
    for (;; n--) {
        ptrdiff_t tab = str_find(line, STR("\t"), start);
        size_t end = tab < 0 ? line.len : (size_t)tab;
        if (n == 0)
            return str_slice(line, start, end);
        start = end + 1;
    }
}

// Width of tab column `cell` at line `at`: the widest among the run of neighbouring lines that have the column.
static int tab_width(struct str text, size_t lines, size_t at, size_t cell)
{
    size_t first = at;
    while (first > 0 && tab_cells(format_line(text, first - 1)) > cell)
        first--;
    int width = 4;
    for (size_t i = first; i < lines && tab_cells(format_line(text, i)) > cell; i++)
        width = MAX(width, display_width(tab_cell(format_line(text, i), cell)) + 1);
    return width;
}

static struct str expand_tabs(struct arena *arena, struct str text)
{
    if (text.len == 0 || memchr(text.ptr, '\t', text.len) == NULL)
        return text;
    struct buf b = BUF_INIT;
    size_t lines = format_lines(text);
    for (size_t i = 0; i < lines; i++) {
        struct str line = format_line(text, i);
        size_t cells = tab_cells(line);
        for (size_t c = 0; c <= cells; c++) {
            struct str cell = tab_cell(line, c);
            buf_str(&b, cell);
            if (c < cells)
                buf_fill(&b, ' ', (size_t)(tab_width(text, lines, i, c) - display_width(cell)));
        }
        if (i + 1 < lines)
            buf_putc(&b, '\n');
    }
    struct str expanded = arena_str(arena, buf_view(&b));
    buf_release(&b);
    return expanded;
}

static int text_width(struct str text)
{
    if (text.len == 0 || memchr(text.ptr, '\n', text.len) == NULL)
        return display_width(text);
    int width = 0;
    for (size_t i = 0, n = format_lines(text); i < n; i++)
        width = MAX(width, display_width(format_line(text, i)));
    return width;
}

void format_table_begin(struct formatter *f)
{
    f->table = ARENA_NEW(f->arena, struct table_state);
    f->table->widths = ARENA_ARRAY(f->arena, int, f->columns_len);
    for (size_t i = 0; i < f->columns_len; i++)
        f->table->widths[i] = text_width(expand_tabs(f->arena, f->columns[i].name));
}

void format_table_row(struct formatter *f)
{
    for (size_t i = 0; i < f->columns_len; i++) {
        struct str cell = arena_str(f->arena, expand_tabs(f->arena, f->cells[i]));
        ARENA_PUSH(f->arena, &f->table->cells, cell);
        f->table->widths[i] = MAX(f->table->widths[i], text_width(cell));
    }
}

static bool boxed(const struct formatter *f)
{
    return f->border >= 2;
}

static void put_rule(struct formatter *f)
{
    struct buf *line = &f->table->line;
    buf_clear(line);
    buf_putc(line, boxed(f) ? '+' : '-');
    for (size_t i = 0; i < f->columns_len; i++) {
        if (i > 0)
            buf_putc(line, '+');
        buf_fill(line, '-', (size_t)f->table->widths[i] + 2);
    }
    buf_putc(line, boxed(f) ? '+' : '-');
    put_str(f, buf_view(line));
    putc('\n', f->out);
}

// Digits with an optional sign and fraction, perhaps with a percent sign.
static bool is_number(struct str text)
{
    size_t i = text.len > 0 && text.ptr[0] == '-', digits = 0, points = 0;
    for (; i < text.len && (isdigit((unsigned char)text.ptr[i]) || (text.ptr[i] == '.' && digits > 0)); i++) {
        digits += text.ptr[i] != '.';
        points += text.ptr[i] == '.';
    }
    bool percent = i + 1 == text.len && text.ptr[i] == '%';
    return digits > 0 && points <= 1 && (i == text.len || percent) && text.ptr[text.len - 1] != '.';
}

static enum column_align effective_align(enum column_align align, struct str text)
{
    if (align != COLUMN_ALIGN_BY_CONTENT)
        return align;
    return is_number(str_trim(text)) ? COLUMN_ALIGN_RIGHT : COLUMN_ALIGN_LEFT;
}

static void put_padded(struct buf *line, struct str text, int width, enum column_align align)
{
    size_t gap = (size_t)(width - display_width(text));
    size_t left = align == COLUMN_ALIGN_RIGHT ? gap : align == COLUMN_ALIGN_CENTER ? gap / 2 : 0;
    buf_fill(line, ' ', left);
    buf_str(line, text);
    buf_fill(line, ' ', gap - left);
}

static void put_line(struct formatter *f)
{
    struct buf *line = &f->table->line;
    while (line->len > 0 && line->ptr[line->len - 1] == ' ')
        line->len--;
    buf_putc(line, '\n');
    put_str(f, buf_view(line));
}

// One row of cells, as many lines as its tallest cell. `align` < 0: each column its own alignment.
static void put_cells(struct formatter *f, const struct str *cells, bool header)
{
    size_t height = 1;
    for (size_t i = 0; i < f->columns_len; i++)
        height = MAX(height, format_lines(cells[i]));
    struct buf *line = &f->table->line;
    for (size_t l = 0; l < height; l++) {
        buf_clear(line);
        buf_putc(line, boxed(f) ? '|' : ' ');
        for (size_t i = 0; i < f->columns_len; i++) {
            struct str text = format_line(cells[i], l);
            enum column_align align = header ? COLUMN_ALIGN_CENTER : effective_align(f->columns[i].align, cells[i]);
            buf_cstr(line, i > 0 ? "| " : " ");
            put_padded(line, text.ptr == NULL ? STR_EMPTY : text, f->table->widths[i], align);
            buf_putc(line, ' ');
        }
        if (boxed(f))
            buf_putc(line, '|');
        put_line(f);
    }
}

static void put_header(struct formatter *f)
{
    struct str *names = ARENA_ARRAY(f->arena, struct str, f->columns_len);
    for (size_t i = 0; i < f->columns_len; i++)
        names[i] = expand_tabs(f->arena, f->columns[i].name);
    if (boxed(f))
        put_rule(f);
    put_cells(f, names, true);
    put_rule(f);
}

void format_table_end(struct formatter *f)
{
    if (f->columns_len == 0) {
        fputs("--\n", f->out);
    } else {
        put_header(f);
        for (int64_t r = 0; r < f->rows; r++) {
            put_cells(f, f->table->cells.ptr + (size_t)r * f->columns_len, false);
            if (f->border == 1 || f->border == 3 || (boxed(f) && r + 1 == f->rows))
                put_rule(f);
        }
    }
    format_row_count(f, "(", ")\n");
    buf_release(&f->table->line);
}
