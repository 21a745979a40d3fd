// LTREE: text and wire forms, labels of paths.
#include "types/ltree.h"
#include "types/types_int.h"
#include "base/util.h"
#include <unicode/uchar.h>

static int check_label(struct str label, struct err *err)
{
    if (label.len > LTREE_LABEL_BYTES_MAX)
        return err_set(err, ERR_NAME_TOO_LONG, "label length is %zu, must be at most %d", label.len,
                       LTREE_LABEL_BYTES_MAX);
    if (label.len == 0)
        return err_set(err, ERR_SYNTAX_ERROR, "label cannot be empty");
    for (size_t at = 0; at < label.len;) {
        size_t from = at;
        int32_t c = utf8_next(label, &at);
        if (c < 0 || !(u_isalpha(c) || u_isdigit(c) || c == '_' || c == '-'))
            return err_set(err, ERR_SYNTAX_ERROR, "label contains invalid character %.*s",
                           STR_FMT(str_slice(label, from, at)));
    }
    return 0;
}

int ltree_parse(struct arena *a, struct str text, struct str *out, struct err *err)
{
    *out = STR_EMPTY;
    if (text.len == 0)
        return 0;
    size_t n = 1;
    char *path = arena_dup(a, text.ptr, text.len);
    for (size_t i = 0; i < text.len; i++) {
        n += path[i] == '.';
        path[i] = path[i] == '.' ? LTREE_SEPARATOR : path[i] == LTREE_SEPARATOR ? ' ' : path[i];
    }
    if (n > LTREE_LABELS_MAX)
        return err_set(err, ERR_PROGRAM_LIMIT_EXCEEDED, "number of ltree labels (%zu) exceeds the maximum allowed (%d)",
                       n, LTREE_LABELS_MAX);
    *out = (struct str){path, text.len};
    for (size_t from = 0, i = 0; i <= text.len; i++) {
        if (i < text.len && path[i] != LTREE_SEPARATOR)
            continue;
        TRY(check_label(str_slice(*out, from, i), err));
        from = i + 1;
    }
    return 0;
}

uint32_t ltree_levels(struct str path)
{
    uint32_t n = path.len > 0;
    for (size_t i = 0; i < path.len; i++)
        n += path.ptr[i] == LTREE_SEPARATOR;
    return n;
}

struct str ltree_slice(struct str path, uint32_t from, uint32_t to)
{
    size_t start = from == 0 ? 0 : path.len, end = path.len;
    uint32_t level = 0;
    if (from >= to)
        return STR_EMPTY;
    for (size_t i = 0; i < path.len; i++) {
        if (path.ptr[i] != LTREE_SEPARATOR)
            continue;
        level++;
        if (level == to)
            end = i;
        if (level == from)
            start = i + 1;
    }
    return str_slice(path, start, end);
}

struct str ltree_concat(struct arena *a, struct str x, struct str y)
{
    if (x.len == 0 || y.len == 0)
        return x.len == 0 ? y : x;
    char *path = arena_alloc(a, x.len + 1 + y.len);
    memcpy(path, x.ptr, x.len);
    path[x.len] = LTREE_SEPARATOR;
    memcpy(path + x.len + 1, y.ptr, y.len);
    return (struct str){path, x.len + 1 + y.len};
}

bool ltree_contains(struct str path, struct str other)
{
    return path.len == 0 ||
           (str_has_prefix(other, path) && (other.len == path.len || other.ptr[path.len] == LTREE_SEPARATOR));
}

int ltree_parse_datum(struct arena *a, struct type t, struct str text, const struct value_context *vc,
                      struct datum *out, struct err *err)
{
    return ltree_parse(a, text, &out->s, err);
}

void ltree_print_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    for (size_t i = 0; i < d.s.len; i++)
        buf_putc(out, d.s.ptr[i] == LTREE_SEPARATOR ? '.' : d.s.ptr[i]);
}

enum { LTREE_WIRE_VERSION = 1 }; // the byte before the text

int ltree_from_binary_datum(struct arena *a, struct type t, struct str bytes, struct datum *out, struct err *err)
{
    if (bytes.len < 1 || bytes.ptr[0] != LTREE_WIRE_VERSION)
        return binary_error(err, t);
    return ltree_parse(a, str_slice(bytes, 1, bytes.len), &out->s, err);
}

void ltree_to_binary_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    buf_putc(out, LTREE_WIRE_VERSION);
    ltree_print_datum(out, t, d, vc);
}

int ltree_compare_datum(struct type t, const struct datum *a, const struct datum *b)
{
    return str_cmp(a->s, b->s);
}

uint64_t ltree_hash_datum(struct type t, const struct datum *d, uint64_t seed)
{
    return hash_bytes(d->s.ptr, d->s.len, seed);
}
