// COPY's text and CSV formats. Source: PostgreSQL's COPY reference page.
#include "sql/session/copy_int.h"

// ---- options

static int one_char(struct str value, const char *name, char *out, struct err *err)
{
    if (value.len != 1)
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "COPY %s must be a single one-byte character", name);
    *out = value.ptr[0];
    return 0;
}

static struct str option_text(const struct ast *value)
{
    if (value == NULL)
        return STR("true");
    switch (value->kind) {
    case AST_STRING:
        return ast_as_string(value)->value;
    case AST_NAME:
        return ast_as_name(value)->name;
    case AST_COLUMN_REF:
        return ast_as_column_ref(value)->column;
    case AST_BOOLEAN:
        return ast_as_boolean(value)->value ? STR("true") : STR("false");
    case AST_NUMBER:
        return ast_as_number(value)->text;
    default:
        return STR_EMPTY;
    }
}

static int set_format(struct copy_options *o, struct str value, struct err *err)
{
    if (str_ieqc(value, "text"))
        o->format = COPY_FORMAT_TEXT;
    else if (str_ieqc(value, "csv"))
        o->format = COPY_FORMAT_CSV;
    else if (str_ieqc(value, "binary"))
        o->format = COPY_FORMAT_BINARY;
    else
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "COPY format \"%.*s\" not recognized", STR_FMT(value));
    return 0;
}

static int set_option(struct copy_options *o, struct str name, struct str value, struct err *err)
{
    if (str_eqc(name, "format"))
        return set_format(o, value, err);
    if (str_eqc(name, "delimiter"))
        return one_char(value, "delimiter", &o->delimiter, err);
    if (str_eqc(name, "quote"))
        return one_char(value, "quote", &o->quote, err);
    if (str_eqc(name, "escape"))
        return one_char(value, "escape", &o->escape, err);
    if (str_eqc(name, "null")) {
        o->null_text = value;
        return 0;
    }
    if (str_eqc(name, "header")) {
        o->header = !str_ieqc(value, "false") && !str_ieqc(value, "off") && !str_eqc(value, "0");
        return 0;
    }
    if (str_eqc(name, "encoding")) {
        if (str_ieqc(value, "utf8") || str_ieqc(value, "utf-8"))
            return 0;
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "unimplemented: COPY only supports ENCODING 'UTF8'");
    }
    return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "unimplemented: COPY option %.*s", STR_FMT(name));
}

int copy_options_parse(const struct ast_copy *c, struct copy_options *o, struct err *err)
{
    *o = (struct copy_options){.null_text = STR_NONE};
    for (size_t i = 0; i < c->options.n; i++) {
        const struct ast_option *option = ast_as_option(c->options.items[i]);
        TRY(set_option(o, option->name, option_text(option->value), err));
    }
    bool csv = o->format == COPY_FORMAT_CSV;
    if (o->delimiter == '\0')
        o->delimiter = csv ? ',' : '\t';
    if (o->null_text.ptr == NULL)
        o->null_text = csv ? STR("") : STR("\\N");
    if (!csv && (o->quote != '\0' || o->escape != '\0'))
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "COPY quote available only in CSV mode");
    if (o->header && o->format == COPY_FORMAT_BINARY)
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "COPY HEADER is not available in BINARY mode");
    if (o->quote == '\0')
        o->quote = '"';
    if (o->escape == '\0')
        o->escape = o->quote;
    return 0;
}

// ---- reading

size_t copy_record_length(const struct copy_options *o, struct str data, bool at_end)
{
    bool quoted = false;
    for (size_t i = 0; i < data.len; i++) {
        char c = data.ptr[i];
        if (o->format == COPY_FORMAT_CSV) {
            if (quoted && c == o->escape && o->escape != o->quote)
                i++;
            else if (c == o->quote)
                quoted = !quoted;
        } else if (c == '\\') { // an escaped line end belongs to the record
            i++;
            continue;
        }
        if (c == '\n' && !quoted)
            return i + 1;
    }
    return at_end ? data.len : 0;
}

static int wrong_count(size_t n, size_t expected, struct err *err)
{
    if (n > expected)
        return err_set(err, ERR_BAD_COPY_FILE_FORMAT, "extra data after last expected column");
    return err_set(err, ERR_BAD_COPY_FILE_FORMAT, "missing data for column %zu: expected %zu columns", n + 1, expected);
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

// Backslash sequences of the text format.
static struct str unescape(struct arena *a, struct str raw)
{
    if (memchr(raw.ptr, '\\', raw.len) == NULL)
        return raw;
    char *out = arena_alloc(a, raw.len);
    size_t n = 0;
    for (size_t i = 0; i < raw.len; i++) {
        char c = raw.ptr[i];
        if (c != '\\' || i + 1 == raw.len) {
            out[n++] = c;
            continue;
        }
        c = raw.ptr[++i];
        static const char from[] = "bfnrtv", to[] = "\b\f\n\r\t\v";
        const char *at = c == '\0' ? NULL : strchr(from, c);
        if (at != NULL) {
            out[n++] = to[at - from];
        } else if (c >= '0' && c <= '7') {
            int v = 0, digits = 0;
            while (digits < 3 && i < raw.len && raw.ptr[i] >= '0' && raw.ptr[i] <= '7') {
                v = v * 8 + raw.ptr[i++] - '0';
                digits++;
            }
            i--;
            out[n++] = (char)v;
        } else if (c == 'x' && i + 1 < raw.len && hex_digit(raw.ptr[i + 1]) >= 0) {
            int v = hex_digit(raw.ptr[++i]);
            if (i + 1 < raw.len && hex_digit(raw.ptr[i + 1]) >= 0)
                v = v * 16 + hex_digit(raw.ptr[++i]);
            out[n++] = (char)v;
        } else {
            out[n++] = c;
        }
    }
    return (struct str){out, n};
}

static int split_text(struct arena *a, const struct copy_options *o, struct str r, size_t n_fields,
                      struct copy_field *out, struct err *err)
{
    size_t n = 0, from = 0;
    for (size_t i = 0; i <= r.len; i++) {
        if (i < r.len && r.ptr[i] == '\\') {
            i++;
            continue;
        }
        if (i < r.len && r.ptr[i] != o->delimiter)
            continue;
        if (n == n_fields)
            return wrong_count(n + 1, n_fields, err);
        struct str raw = str_slice(r, from, MIN(i, r.len));
        out[n].null = str_eq(raw, o->null_text);
        out[n++].text = unescape(a, raw);
        from = i + 1;
    }
    if (r.len > 0 && r.ptr[r.len - 1] == '\\' && n < n_fields) { // a lone backslash at the end
        struct str raw = str_slice(r, MIN(from, r.len), r.len);
        out[n].null = str_eq(raw, o->null_text);
        out[n++].text = raw;
    }
    return n == n_fields ? 0 : wrong_count(n, n_fields, err);
}

static int split_csv(struct arena *a, const struct copy_options *o, struct str r, size_t n_fields,
                     struct copy_field *out, struct err *err)
{
    size_t n = 0, i = 0;
    char *buffer = arena_alloc(a, r.len + 1);
    size_t used = 0;
    for (;;) {
        if (n == n_fields)
            return wrong_count(n + 1, n_fields, err);
        size_t start = used;
        bool was_quoted = false, quoted = false;
        for (; i < r.len && (quoted || r.ptr[i] != o->delimiter); i++) {
            char c = r.ptr[i];
            if (quoted && c == o->escape && i + 1 < r.len && (r.ptr[i + 1] == o->quote || r.ptr[i + 1] == o->escape)) {
                buffer[used++] = r.ptr[++i];
            } else if (c == o->quote) {
                quoted = !quoted;
                was_quoted = true;
            } else {
                buffer[used++] = c;
            }
        }
        if (quoted)
            return err_set(err, ERR_BAD_COPY_FILE_FORMAT, "unterminated CSV quoted field");
        out[n].text = (struct str){buffer + start, used - start};
        out[n].null = !was_quoted && str_eq(out[n].text, o->null_text);
        n++;
        if (i >= r.len)
            break;
        i++;
    }
    return n == n_fields ? 0 : wrong_count(n, n_fields, err);
}

int copy_record_split(struct arena *a, const struct copy_options *o, struct str r, size_t n_fields,
                      struct copy_field *out, struct err *err)
{
    if (r.len > 0 && r.ptr[r.len - 1] == '\n')
        r.len--;
    if (r.len > 0 && r.ptr[r.len - 1] == '\r')
        r.len--;
    if (n_fields == 0)
        return r.len == 0 ? 0 : wrong_count(1, 0, err);
    return o->format == COPY_FORMAT_CSV ? split_csv(a, o, r, n_fields, out, err)
                                        : split_text(a, o, r, n_fields, out, err);
}

// ---- writing

// Whether some byte of it may have to be escaped.
static bool has_special(const struct copy_options *o, struct str s)
{
    bool special = false;
    for (size_t i = 0; i < s.len; i++)
        special |= (unsigned char)s.ptr[i] < ' ' || s.ptr[i] == '\\' || s.ptr[i] == o->delimiter;
    return special;
}

static void escape_text(struct buf *out, const struct copy_options *o, struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        static const char from[] = "\b\f\n\r\t\v\\", to[] = "bfnrtv\\";
        const char *at = c == '\0' || ((unsigned char)c >= ' ' && c != '\\') ? NULL : strchr(from, c);
        if (at != NULL) {
            buf_putc(out, '\\');
            buf_putc(out, to[at - from]);
        } else {
            if (c == o->delimiter)
                buf_putc(out, '\\');
            buf_putc(out, c);
        }
    }
}

static bool needs_quotes(const struct copy_options *o, struct str s, bool only_field)
{
    bool quote = str_eq(s, o->null_text) || (only_field && str_eqc(s, "\\."));
    for (size_t i = 0; i < s.len && !quote; i++)
        quote = s.ptr[i] == o->delimiter || s.ptr[i] == o->quote || s.ptr[i] == '\n' || s.ptr[i] == '\r';
    return quote;
}

static void quote_csv(struct buf *out, const struct copy_options *o, struct str s)
{
    buf_putc(out, o->quote);
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == o->quote || s.ptr[i] == o->escape)
            buf_putc(out, o->escape);
        buf_putc(out, s.ptr[i]);
    }
    buf_putc(out, o->quote);
}

void copy_name_print(struct buf *out, const struct copy_options *o, struct str name)
{
    if (o->format != COPY_FORMAT_CSV)
        escape_text(out, o, name);
    else if (needs_quotes(o, name, false))
        quote_csv(out, o, name);
    else
        buf_str(out, name);
}

void copy_field_print(struct buf *out, const struct copy_options *o, struct type t, struct datum d,
                      const struct value_context *vc, bool only_field)
{
    if (d.null) {
        buf_str(out, o->null_text);
        return;
    }
    size_t start = out->len;
    datum_print(out, t, d, vc);
    bool csv = o->format == COPY_FORMAT_CSV;
    struct str printed = str_slice(buf_view(out), start, out->len);
    if (csv ? !needs_quotes(o, printed, only_field) : !has_special(o, printed))
        return;
    struct buf text = BUF_INIT;
    buf_str(&text, printed);
    out->len = start;
    if (csv)
        quote_csv(out, o, buf_view(&text));
    else
        escape_text(out, o, buf_view(&text));
    buf_release(&text);
}
