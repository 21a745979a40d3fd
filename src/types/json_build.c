// Building encoded JSON depth first. The values of open containers lie one after the other in `out`; closing a
// container puts its header in front of them (for objects, after sorting the keys).
#include "types/json_int.h"
#include "types/array.h"
#include "types/datetime.h"
#include "types/tuple.h"
#include <stdio.h>
#include <stdlib.h>

struct json_child {
    size_t key_from, key_len;
    size_t value_from, value_len;
    uint16_t depth;
};

struct json_frame {
    bool object;
    size_t out_from, keys_from, first_child;
};

void json_builder_init(struct json_builder *b)
{
    *b = (struct json_builder){.out.max = JSON_LEN_MAX, .keys.max = JSON_LEN_MAX, .scratch.max = JSON_LEN_MAX};
}

void json_builder_release(struct json_builder *b)
{
    buf_release(&b->out);
    buf_release(&b->keys);
    buf_release(&b->scratch);
    mem_free(b->children);
    mem_free(b->frames);
    *b = (struct json_builder){0};
}

static bool in_object(const struct json_builder *b)
{
    return b->nframes > 0 && b->frames[b->nframes - 1].object;
}

static struct json_child *push_child(struct json_builder *b)
{
    if (b->nchildren == b->children_cap) {
        b->children_cap = b->children_cap == 0 ? 16 : size_mul(b->children_cap, 2);
        b->children = mem_realloc(b->children, size_mul(b->children_cap, sizeof(*b->children)));
    }
    b->children[b->nchildren] = (struct json_child){0};
    return &b->children[b->nchildren++];
}

void json_key(struct json_builder *b, struct str key)
{
    struct json_child *c = push_child(b);
    c->key_from = b->keys.len;
    c->key_len = key.len;
    buf_str(&b->keys, key);
}

// Every value starts and ends here; in an object json_key has made the child.
static void begin_value(struct json_builder *b)
{
    struct json_child *c = in_object(b) ? &b->children[b->nchildren - 1] : push_child(b);
    c->value_from = b->out.len;
}

static void end_value(struct json_builder *b, uint16_t depth)
{
    struct json_child *c = &b->children[b->nchildren - 1];
    c->value_len = b->out.len - c->value_from;
    c->depth = depth;
}

static void add_tag(struct json_builder *b, enum json_kind kind)
{
    begin_value(b);
    buf_putc(&b->out, (char)kind);
    end_value(b, 0);
}

void json_add_null(struct json_builder *b)
{
    add_tag(b, JSON_NULL);
}

void json_add_bool(struct json_builder *b, bool v)
{
    add_tag(b, v ? JSON_TRUE : JSON_FALSE);
}

void json_add_number(struct json_builder *b, const struct decimal *d)
{
    if (d->form != DECIMAL_FINITE) {
        json_add_string(b, d->form == DECIMAL_NAN ? STR("NaN") : d->negative ? STR("-Infinity") : STR("Infinity"));
        return;
    }
    begin_value(b);
    buf_putc(&b->out, JSON_NUMBER);
    char head[DECIMAL_SMALL_MAX];
    if (d->big.len == 0) {
        buf_append(&b->out, head, decimal_encode_small(d, head));
    } else {
        struct decimal sign_and_exponent = *d; // the head of the encoding is that of a zero coefficient
        sign_and_exponent.big = (struct str){NULL, 0};
        sign_and_exponent.lo = sign_and_exponent.hi = 0;
        buf_append(&b->out, head, decimal_encode_small(&sign_and_exponent, head));
        buf_str(&b->out, d->big);
    }
    end_value(b, 0);
}

void json_add_i64(struct json_builder *b, int64_t v)
{
    struct decimal d = decimal_from_i64(v);
    json_add_number(b, &d);
}

void json_add_double(struct json_builder *b, double v)
{
    struct decimal d = decimal_from_double(v, false);
    json_add_number(b, &d);
}

void json_add_string(struct json_builder *b, struct str s)
{
    begin_value(b);
    buf_putc(&b->out, JSON_STRING);
    buf_str(&b->out, s);
    end_value(b, 0);
}

void json_add_value(struct json_builder *b, struct str json)
{
    begin_value(b);
    buf_str(&b->out, json);
    end_value(b, json_depth(json));
}

static void begin_container(struct json_builder *b, bool object)
{
    begin_value(b);
    if (b->nframes == b->frames_cap) {
        b->frames_cap = b->frames_cap == 0 ? 16 : size_mul(b->frames_cap, 2);
        b->frames = mem_realloc(b->frames, size_mul(b->frames_cap, sizeof(*b->frames)));
    }
    b->frames[b->nframes++] = (struct json_frame){object, b->out.len, b->keys.len, b->nchildren};
}

void json_begin_array(struct json_builder *b)
{
    begin_container(b, false);
}

void json_begin_object(struct json_builder *b)
{
    begin_container(b, true);
}

// Sorts by key; of equal keys the one added last stays. Returns how many stay.
static size_t sort_children(const struct json_builder *b, struct json_child *c, size_t n)
{
    const char *keys = b->keys.ptr;
    bool sorted = true;
    for (size_t i = 1; i < n && sorted; i++)
        sorted = str_cmp((struct str){keys + c[i - 1].key_from, c[i - 1].key_len},
                         (struct str){keys + c[i].key_from, c[i].key_len}) < 0;
    if (sorted)
        return n;
    // Merge sort, stable; bottom up on a copy.
    struct json_child *other = mem_alloc(size_mul(n, sizeof(*other))), *from = c, *to = other;
    for (size_t width = 1; width < n; width *= 2) {
        for (size_t low = 0; low < n; low += 2 * width) {
            size_t mid = MIN(low + width, n), high = MIN(low + 2 * width, n), i = low, k = mid;
            for (size_t at = low; at < high; at++) {
                bool left =
                    k == high || (i < mid && str_cmp((struct str){keys + from[i].key_from, from[i].key_len},
                                                     (struct str){keys + from[k].key_from, from[k].key_len}) <= 0);
                to[at] = left ? from[i++] : from[k++];
            }
        }
        struct json_child *swap = from;
        from = to;
        to = swap;
    }
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        bool repeated = i + 1 < n && str_eq((struct str){keys + from[i].key_from, from[i].key_len},
                                            (struct str){keys + from[i + 1].key_from, from[i + 1].key_len});
        if (!repeated)
            c[kept++] = from[i]; // kept <= i: reads stay ahead when from is c
    }
    mem_free(other);
    return kept;
}

static void put_le32(struct buf *out, uint32_t v)
{
    char bytes[4];
    store_le32(bytes, v);
    buf_append(out, bytes, 4);
}

static void put_head(struct buf *out, enum json_kind kind, uint16_t depth, size_t n)
{
    buf_putc(out, (char)kind);
    buf_append(out, &depth, 2);
    put_le32(out, (uint32_t)n);
}

static void assemble_object(struct json_builder *b, struct json_child *c, size_t n, uint16_t depth)
{
    struct buf *s = &b->scratch;
    buf_clear(s);
    put_head(s, JSON_OBJECT, depth, n);
    size_t end = 0;
    for (size_t i = 0; i < n; i++)
        put_le32(s, (uint32_t)(end += c[i].key_len));
    end = 0;
    for (size_t i = 0; i < n; i++)
        put_le32(s, (uint32_t)(end += c[i].value_len));
    for (size_t i = 0; i < n; i++)
        buf_append(s, b->keys.ptr + c[i].key_from, c[i].key_len);
    for (size_t i = 0; i < n; i++)
        buf_append(s, b->out.ptr + c[i].value_from, c[i].value_len);
}

static void assemble_array(struct json_builder *b, const struct json_child *c, size_t n, uint16_t depth)
{
    struct buf *s = &b->scratch;
    buf_clear(s);
    put_head(s, JSON_ARRAY, depth, n);
    size_t end = 0;
    for (size_t i = 0; i < n; i++)
        put_le32(s, (uint32_t)(end += c[i].value_len));
}

void json_end(struct json_builder *b)
{
    struct json_frame f = b->frames[--b->nframes];
    struct json_child *c = b->children + f.first_child;
    size_t n = b->nchildren - f.first_child;
    unsigned depth = 0;
    for (size_t i = 0; i < n; i++)
        depth = MAX(depth, c[i].depth);
    depth++;
    if (depth > JSON_DEPTH_MAX) {
        b->too_deep = true;
        depth = JSON_DEPTH_MAX;
    }
    if (!b->out.failed && !b->keys.failed && f.object) {
        n = n == 0 ? 0 : sort_children(b, c, n);
        assemble_object(b, c, n, (uint16_t)depth);
        b->out.len = f.out_from;
        buf_str(&b->out, buf_view(&b->scratch));
    } else if (!b->out.failed) {
        assemble_array(b, c, n, (uint16_t)depth);
        size_t head = b->scratch.len, data = b->out.len - f.out_from;
        if (buf_reserve(&b->out, head)) {
            memmove(b->out.ptr + f.out_from + head, b->out.ptr + f.out_from, data);
            memcpy(b->out.ptr + f.out_from, b->scratch.ptr, head);
            b->out.len += head;
        }
    }
    b->keys.len = f.keys_from;
    b->nchildren = f.first_child;
    end_value(b, (uint16_t)depth);
}

int json_builder_finish(struct json_builder *b, struct arena *a, struct str *out, struct err *err)
{
    int rc = 0;
    if (b->too_deep)
        rc = err_set(err, ERR_STATEMENT_TOO_COMPLEX, "JSON value nested deeper than %d levels", JSON_DEPTH_MAX);
    else if (b->out.failed || b->keys.failed || b->scratch.failed)
        rc = err_set(err, ERR_PROGRAM_LIMIT_EXCEEDED, "JSON value too large");
    else
        *out = arena_str(a, buf_view(&b->out));
    json_builder_release(b);
    return rc;
}

// --- SQL values ---------------------------------------------------------------------------------------------------

static int add_array(struct json_builder *b, struct type t, struct str bytes, const struct value_context *vc,
                     struct err *err)
{
    struct array array = array_open(t, bytes);
    json_begin_array(b);
    for (uint32_t i = 0; i < array.count; i++)
        TRY(json_add_datum(b, array.element, array_get(&array, i), vc, err));
    json_end(b);
    return 0;
}

static int add_tuple(struct json_builder *b, struct type t, struct str bytes, const struct value_context *vc,
                     struct err *err)
{
    struct tuple_field f;
    uint32_t n = 0;
    struct tuple_reader r = tuple_open(t, bytes);
    json_begin_object(b);
    while (tuple_next(&r, &f)) {
        char name[16];
        int len = snprintf(name, sizeof(name), "f%u", ++n);
        json_key(b, f.label.len != 0 ? f.label : (struct str){name, (size_t)len});
        TRY(json_add_datum(b, f.type, f.value, vc, err));
    }
    json_end(b);
    return 0;
}

// ISO 8601 with a T; UTC is Z, other offsets have minutes.
static void print_timestamp_iso(struct buf *out, struct type t, int64_t micros, const struct value_context *vc)
{
    int32_t offset = t.family == TYPE_TIMESTAMPTZ ? zone_offset_at(vc->zone, micros) : 0;
    size_t from = out->len;
    timestamp_print(out, datetime_is_infinite(micros) ? micros : micros + offset * MICROS_PER_SECOND);
    char *space = out->failed ? NULL : memchr(out->ptr + from, ' ', out->len - from);
    if (space != NULL)
        *space = 'T';
    if (t.family != TYPE_TIMESTAMPTZ || datetime_is_infinite(micros))
        return;
    if (offset == 0) {
        buf_putc(out, 'Z');
        return;
    }
    zone_offset_print(out, offset);
    if (offset % 3600 == 0)
        buf_cstr(out, ":00");
}

int json_add_datum(struct json_builder *b, struct type t, struct datum d, const struct value_context *vc,
                   struct err *err)
{
    if (d.null) {
        json_add_null(b);
        return 0;
    }
    static const struct value_context defaults;
    vc = vc != NULL ? vc : &defaults;
    switch ((enum type_family)t.family) {
    case TYPE_BOOL:
        json_add_bool(b, d.b);
        return 0;
    case TYPE_INT:
        json_add_i64(b, d.i);
        return 0;
    case TYPE_FLOAT: {
        struct decimal v = decimal_from_double(d.f, t.width == 32);
        json_add_number(b, &v);
        return 0;
    }
    case TYPE_DECIMAL: {
        struct decimal v = decimal_of(d);
        json_add_number(b, &v);
        return 0;
    }
    case TYPE_JSONB:
        json_add_value(b, d.s);
        return 0;
    case TYPE_ARRAY:
        return add_array(b, t, d.s, vc, err);
    case TYPE_TUPLE:
        return add_tuple(b, t, d.s, vc, err);
    default:
        break;
    }
    struct buf text = BUF_INIT;
    if (t.family == TYPE_TIMESTAMP || t.family == TYPE_TIMESTAMPTZ)
        print_timestamp_iso(&text, t, d.i, vc);
    else
        datum_print(&text, t, d, vc);
    json_add_string(b, buf_view(&text));
    buf_release(&text);
    return 0;
}
