// Dispatch over the result formats and what they share: printable text, widths, lines.
#include "cli/formatter_int.h"
#include "base/util.h"
#include <inttypes.h>
#include <unicode/uchar.h>

static const struct format_ops formats[] = {
#define FORMAT(id, text, prefix)                                                                      \
    {text, DISPLAY_FORMAT_##id == DISPLAY_FORMAT_RAW, format_##prefix##_begin, format_##prefix##_row, \
     format_##prefix##_end},
#include "cli/formats.def"
#undef FORMAT
};

bool display_format_by_name(struct str name, enum display_format *out)
{
    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        if (str_eqc(name, formats[i].name)) {
            *out = (enum display_format)i;
            return true;
        }
    }
    return false;
}

const char *display_format_name(enum display_format format)
{
    return formats[format].name;
}

struct formatter *formatter_begin(struct arena *arena, FILE *out, enum display_format format, int border,
                                  const struct display_column *columns, size_t columns_len)
{
    struct formatter *f = ARENA_NEW(arena, struct formatter);
    struct display_column *shown = ARENA_ARRAY(arena, struct display_column, columns_len);
    for (size_t i = 0; i < columns_len; i++)
        shown[i] = (struct display_column){format_printable(arena, columns[i].name), columns[i].align};
    *f = (struct formatter){.ops = &formats[format],
                            .arena = arena,
                            .out = out,
                            .border = border,
                            .columns = shown,
                            .columns_len = columns_len,
                            .cells = ARENA_ARRAY(arena, struct str, columns_len),
                            .nulls = ARENA_ARRAY(arena, bool, columns_len)};
    f->ops->begin(f);
    return f;
}

void formatter_row(struct formatter *f, const struct str *values)
{
    struct arena_mark mark = arena_mark(f->arena);
    for (size_t i = 0; i < f->columns_len; i++) {
        f->nulls[i] = values[i].ptr == NULL;
        struct str value = f->nulls[i] ? STR("NULL") : values[i];
        f->cells[i] = f->ops->raw_values ? value : format_printable(f->arena, value);
    }
    f->rows++;
    f->ops->row(f);
    if (f->table == NULL)
        arena_rewind(f->arena, mark);
}

void formatter_end(struct formatter *f)
{
    f->ops->end(f);
    fflush(f->out);
}

int64_t formatter_rows(const struct formatter *f)
{
    return f->rows;
}

static bool is_graphic(int32_t c)
{
    if (c == '\n' || c == '\t')
        return true;
    uint32_t mask = U_GC_L_MASK | U_GC_M_MASK | U_GC_N_MASK | U_GC_P_MASK | U_GC_S_MASK | U_GC_ZS_MASK;
    return (U_GET_GC_MASK(c) & mask) != 0;
}

static bool is_printable(struct str text)
{
    size_t at = 0;
    while (at < text.len) {
        unsigned char c = (unsigned char)text.ptr[at];
        if (c >= 0x20 && c < 0x7F) {
            at++;
            continue;
        }
        int32_t code_point = utf8_next(text, &at);
        if (code_point < 0 || !is_graphic(code_point))
            return false;
    }
    return true;
}

static void escape_code_point(struct buf *b, int32_t c, unsigned char byte)
{
    static const char letters[] = "abtnvfr"; // 7..13
    if (c == '\\')
        buf_cstr(b, "\\\\");
    else if (c >= 0x20 && c < 0x7F)
        buf_putc(b, (char)c);
    else if (c >= 7 && c <= 13)
        buf_printf(b, "\\%c", letters[c - 7]);
    else if (c < 0x80)
        buf_printf(b, "\\x%02x", byte);
    else
        buf_printf(b, c < 0x10000 ? "\\u%04x" : "\\U%08x", (unsigned)c);
}

struct str format_printable(struct arena *arena, struct str text)
{
    if (is_printable(text))
        return text;
    struct buf b = BUF_INIT;
    for (size_t at = 0; at < text.len;) {
        unsigned char byte = (unsigned char)text.ptr[at];
        escape_code_point(&b, utf8_next(text, &at), byte);
    }
    struct str escaped = arena_str(arena, buf_view(&b));
    buf_release(&b);
    return escaped;
}

static int code_point_width(int32_t c)
{
    int8_t category = u_charType(c);
    if (category == U_NON_SPACING_MARK || category == U_ENCLOSING_MARK || category == U_FORMAT_CHAR)
        return 0;
    int wide = u_getIntPropertyValue(c, UCHAR_EAST_ASIAN_WIDTH);
    return wide == U_EA_WIDE || wide == U_EA_FULLWIDTH ? 2 : 1;
}

int display_width(struct str text)
{
    int width = 0;
    for (size_t at = 0; at < text.len;) {
        unsigned char byte = (unsigned char)text.ptr[at];
        int32_t c = byte < 0x80 ? (at++, byte) : utf8_next(text, &at);
        width += c < 0x80 ? 1 : code_point_width(c);
    }
    return width;
}

size_t format_lines(struct str text)
{
    size_t n = 1;
    for (size_t i = 0; i < text.len; i++)
        n += text.ptr[i] == '\n';
    return n;
}

struct str format_line(struct str text, size_t n)
{
    size_t start = 0;
    for (;; n--) {
        ptrdiff_t newline = str_find(text, STR("\n"), start);
        size_t end = newline < 0 ? text.len : (size_t)newline;
        if (n == 0)
            return str_slice(text, start, end);
        if (newline < 0)
            return STR_NONE;
        start = end + 1;
    }
}

void format_row_count(const struct formatter *f, const char *before, const char *after)
{
    fprintf(f->out, "%s%" PRId64 " row%s%s", before, f->rows, f->rows == 1 ? "" : "s", after);
}
