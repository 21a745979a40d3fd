// The field-table interpreter: see codec_int.h for the format.

#include "catalog/codec_int.h"
#include "keys/encoding.h"
#include "types/collation.h"

static const void *member(const void *value, size_t offset)
{
    return (const char *)value + offset;
}

// ---- encoding

enum { COLLATION_FOLLOWS = UINT16_MAX }; // in place of the scale

static void put_type(struct buf *out, struct type t)
{
    key_put_uvarint(out, t.oid);
    key_put_uvarint(out, (uint64_t)(uint32_t)t.width);
    if (type_has_collation(t)) { // the number is of this process
        const char *name = collation_name(t.scale);
        key_put_uvarint(out, COLLATION_FOLLOWS);
        key_put_uvarint(out, strlen(name));
        buf_cstr(out, name);
        return;
    }
    key_put_uvarint(out, (uint64_t)(uint16_t)t.scale);
    if (t.oid >= TYPE_OID_USER_FIRST) {
        bool is_array = t.family == TYPE_ARRAY;
        buf_putc(out, (char)((is_array ? 2 : 0) | ((is_array ? t.element : t.family) == TYPE_TUPLE ? 1 : 0)));
    }
}

static void put_datum(struct buf *out, struct type t, const struct datum *d)
{
    buf_putc(out, d->null);
    if (d->null)
        return;
    if (type_physical(t) == PHYSICAL_STR)
        buf_str(out, d->s);
    else if (type_physical(t) == PHYSICAL_BOOL)
        buf_putc(out, d->b);
    else
        buf_append(out, &d->i, type_physical(t) == PHYSICAL_INTERVAL ? sizeof(struct interval) : 8);
}

static void put_u32s(struct buf *out, const uint32_t *ids, size_t n)
{
    for (size_t i = 0; i < n; i++)
        key_put_uvarint(out, ids[i]);
}

static size_t count_of(const struct field *f, const void *value)
{
    return *(const size_t *)member(value, f->extra);
}

// The bytes of one field that is not repeated; nothing when it is zero.
static void put_scalar(struct buf *out, const struct field *f, const void *value)
{
    const void *p = member(value, f->offset);
    switch ((enum field_kind)f->kind) {
    case FIELD_BOOL:
    case FIELD_CHAR:
        if (*(const char *)p != 0)
            buf_putc(out, *(const char *)p);
        break;
    case FIELD_ENUM:
    case FIELD_U32:
        if (*(const uint32_t *)p != 0)
            key_put_uvarint(out, *(const uint32_t *)p);
        break;
    case FIELD_U64:
        if (*(const uint64_t *)p != 0)
            key_put_uvarint(out, *(const uint64_t *)p);
        break;
    case FIELD_I64:
        if (*(const int64_t *)p != 0)
            key_put_int(out, *(const int64_t *)p);
        break;
    case FIELD_STR:
        buf_str(out, *(const struct str *)p);
        break;
    case FIELD_TYPE:
        if (((const struct type *)p)->oid != 0)
            put_type(out, *(const struct type *)p);
        break;
    case FIELD_TYPES:
        for (size_t i = 1; i < *(const uint32_t *)member(value, f->extra); i++)
            put_type(out, (*(const struct type *const *)p)[i - 1]);
        break;
    case FIELD_U32S:
        put_u32s(out, *(const uint32_t *const *)p, count_of(f, value));
        break;
    case FIELD_DATUM:
        put_datum(out, *(const struct type *)member(value, f->extra), p);
        break;
    case FIELD_RECORD:
        record_encode(out, f->record, p);
        break;
    case FIELD_RECORD_REF:
        if (*(const void *const *)p != NULL)
            record_encode(out, f->record, *(const void *const *)p);
        break;
    case FIELD_RECORDS:
        break;
    }
}

static void put_field(struct buf *out, uint8_t tag, struct str body)
{
    buf_putc(out, (char)tag);
    key_put_uvarint(out, body.len);
    buf_str(out, body);
}

void record_encode(struct buf *out, const struct record *r, const void *value)
{
    struct buf body = BUF_INIT;
    for (size_t i = 0; i < r->n_fields; i++) {
        const struct field *f = &r->fields[i];
        if (f->kind == FIELD_RECORDS) {
            const char *items = *(const char *const *)member(value, f->offset);
            for (size_t k = 0; k < count_of(f, value); k++) {
                buf_clear(&body);
                record_encode(&body, f->record, items + k * f->record->size);
                put_field(out, f->tag, buf_view(&body));
            }
            continue;
        }
        buf_clear(&body);
        put_scalar(&body, f, value);
        if (body.len > 0)
            put_field(out, f->tag, buf_view(&body));
    }
    buf_release(&body);
}

// ---- decoding

// What the catalog gives a definition later: 1 for a composite type, 2 for an array.
static bool get_user_type(struct key_reader *r, uint32_t oid, struct type *out)
{
    if (key_reader_left(r) == 0)
        return false;
    uint8_t flags = (uint8_t)*r->at++;
    enum type_family family = (flags & 1) != 0 ? TYPE_TUPLE : TYPE_ENUM;
    *out = (struct type){.family = (uint8_t)family, .oid = oid};
    if ((flags & 2) != 0)
        *out = (struct type){.family = TYPE_ARRAY, .element = (uint8_t)family, .oid = oid};
    return oid <= UINT32_MAX;
}

static bool get_collation(struct key_reader *r, struct type *out)
{
    uint64_t len;
    int16_t collation;
    if (!key_get_uvarint(r, &len) || len > key_reader_left(r))
        return false;
    struct str name = {(const char *)r->at, (size_t)len};
    r->at += len;
    if (collation_find(name, &collation, NULL) != 0)
        return false;
    *out = type_collated(*out, collation);
    return true;
}

static bool get_type(struct key_reader *r, struct type *out)
{
    uint64_t oid, width, scale;
    if (!key_get_uvarint(r, &oid) || !key_get_uvarint(r, &width) || !key_get_uvarint(r, &scale))
        return false;
    if (oid >= TYPE_OID_USER_FIRST) {
        if (!get_user_type(r, (uint32_t)oid, out))
            return false;
    } else if (!type_from_oid((uint32_t)oid, out)) {
        return false;
    }
    out->width = (int32_t)(uint32_t)width;
    if (scale == COLLATION_FOLLOWS)
        return get_collation(r, out);
    out->scale = (int16_t)(uint16_t)scale;
    return true;
}

static bool get_datum(struct key_reader *r, struct arena *a, struct type t, struct datum *out)
{
    *out = DATUM_NULL;
    if (key_reader_left(r) == 0)
        return false;
    out->null = *r->at++ != 0;
    if (out->null)
        return true;
    size_t left = key_reader_left(r);
    if (type_physical(t) == PHYSICAL_STR) {
        out->s = arena_str(a, (struct str){(const char *)r->at, left});
        return true;
    }
    size_t want = type_physical(t) == PHYSICAL_BOOL       ? 1
                  : type_physical(t) == PHYSICAL_INTERVAL ? sizeof(struct interval)
                                                          : 8;
    if (left != want)
        return false;
    memcpy(&out->i, r->at, want);
    return true;
}

static bool get_types(struct key_reader *r, struct arena *a, const struct type **out, size_t n)
{
    ARENA_VEC(struct type) types = {0};
    while (key_reader_left(r) > 0) {
        struct type t;
        if (!get_type(r, &t))
            return false;
        ARENA_PUSH(a, &types, t);
    }
    *out = types.ptr;
    return types.len == n;
}

static bool get_u32s(struct key_reader *r, struct arena *a, const uint32_t **out, size_t *n)
{
    ARENA_VEC(uint32_t) ids = {0};
    while (key_reader_left(r) > 0) {
        uint64_t id;
        if (!key_get_uvarint(r, &id))
            return false;
        ARENA_PUSH(a, &ids, (uint32_t)id);
    }
    *out = ids.ptr;
    *n = ids.len;
    return true;
}

static bool get_scalar(struct key_reader *r, struct arena *a, const struct field *f, void *value)
{
    void *p = (char *)value + f->offset;
    uint64_t u = 0;
    switch ((enum field_kind)f->kind) {
    case FIELD_BOOL:
        *(bool *)p = *r->at != 0;
        return true;
    case FIELD_CHAR:
        *(char *)p = (char)*r->at;
        return true;
    case FIELD_ENUM:
    case FIELD_U32:
        if (!key_get_uvarint(r, &u) || u > UINT32_MAX)
            return false;
        *(uint32_t *)p = (uint32_t)u;
        return true;
    case FIELD_U64:
        return key_get_uvarint(r, p);
    case FIELD_I64:
        return key_get_int(r, p);
    case FIELD_STR:
        *(struct str *)p = arena_str(a, (struct str){(const char *)r->at, key_reader_left(r)});
        return true;
    case FIELD_TYPE:
        return get_type(r, p);
    case FIELD_TYPES:
        return get_types(r, a, p, *(const uint32_t *)member(value, f->extra) - (size_t)1);
    case FIELD_U32S:
        return get_u32s(r, a, p, (size_t *)((char *)value + f->extra));
    case FIELD_DATUM:
        return get_datum(r, a, *(const struct type *)member(value, f->extra), p);
    case FIELD_RECORD:
    case FIELD_RECORD_REF:
    case FIELD_RECORDS:
        break;
    }
    return false;
}

struct item {
    const struct field *field; // NULL: unknown tag
    struct str bytes;
};

static bool next_item(struct key_reader *r, const struct record *rec, struct item *out)
{
    uint8_t tag = *r->at++;
    uint64_t len;
    if (!key_get_uvarint(r, &len) || len > key_reader_left(r))
        return false;
    *out = (struct item){NULL, {(const char *)r->at, len}};
    r->at += len;
    for (size_t i = 0; i < rec->n_fields && out->field == NULL; i++)
        if (rec->fields[i].tag == tag)
            out->field = &rec->fields[i];
    // Only an element of a list may be empty: one that is all zero.
    return len > 0 || (out->field != NULL && out->field->kind == FIELD_RECORDS);
}

static int damaged(struct err *err)
{
    return err_set(err, ERR_DATA_CORRUPTED, "descriptor is damaged");
}

// First pass: counts the items of repeated fields and allocates their arrays.
static int allocate_arrays(struct arena *a, const struct record *rec, struct str bytes, void *value, struct err *err)
{
    struct key_reader r = key_reader(bytes);
    struct item it;
    while (key_reader_left(&r) > 0) {
        if (!next_item(&r, rec, &it))
            return damaged(err);
        if (it.field != NULL && it.field->kind == FIELD_RECORDS)
            ++*(size_t *)((char *)value + it.field->extra);
    }
    for (size_t i = 0; i < rec->n_fields; i++) {
        const struct field *f = &rec->fields[i];
        if (f->kind != FIELD_RECORDS)
            continue;
        size_t *n = (size_t *)((char *)value + f->extra);
        *(void **)((char *)value + f->offset) = *n > 0 ? arena_zalloc(a, size_mul(*n, f->record->size)) : NULL;
        *n = 0;
    }
    return 0;
}

static int decode_item(struct arena *a, const struct item *it, void *value, struct err *err)
{
    const struct field *f = it->field;
    void *p = (char *)value + f->offset;
    struct key_reader r = key_reader(it->bytes);
    if (f->kind == FIELD_RECORDS) {
        size_t *n = (size_t *)((char *)value + f->extra);
        return record_decode(a, f->record, it->bytes, *(char **)p + (*n)++ * f->record->size, err);
    }
    if (f->kind == FIELD_RECORD)
        return record_decode(a, f->record, it->bytes, p, err);
    if (f->kind == FIELD_RECORD_REF) {
        *(void **)p = arena_zalloc(a, f->record->size);
        return record_decode(a, f->record, it->bytes, *(void **)p, err);
    }
    return get_scalar(&r, a, f, value) ? 0 : damaged(err);
}

int record_decode(struct arena *a, const struct record *rec, struct str bytes, void *value, struct err *err)
{
    memset(value, 0, rec->size);
    TRY(allocate_arrays(a, rec, bytes, value, err));
    struct key_reader r = key_reader(bytes);
    struct item it;
    while (key_reader_left(&r) > 0) {
        if (!next_item(&r, rec, &it))
            return damaged(err);
        if (it.field != NULL)
            TRY(decode_item(a, &it, value, err));
    }
    return 0;
}
