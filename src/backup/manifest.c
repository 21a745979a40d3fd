// MANIFEST: what a layer is and holds. Fields in the order of the code, each as jobs/payload.h writes it, between the
// magic and a SHA-256 of all that is before it.
#include "backup/backup_int.h"
#include "crypto/crypto.h"
#include "jobs/payload.h"

static const struct str magic = {"PALMBAK1", 8};

static void encode_beside(struct buf *out, const struct cat_objects *objects)
{
    payload_put_u64(out, objects->beside.len);
    for (size_t i = 0; i < objects->beside.len; i++) {
        const struct cat_beside *b = &objects->beside.ptr[i];
        payload_put_u64(out, b->kind);
        payload_put_u64(out, b->id);
        payload_put_u64(out, b->comment_kind);
        payload_put_u64(out, b->sub_id);
        payload_put_str(out, b->role);
        payload_put_str(out, b->value);
    }
}

void manifest_encode(struct buf *out, const struct backup_layer *layer)
{
    uint8_t hash[SHA256_BYTES];
    buf_str(out, magic);
    payload_put_u64(out, layer->start);
    payload_put_u64(out, layer->end);
    payload_put_u64(out, layer->target);
    payload_put_u64(out, layer->objects.list.len);
    for (size_t i = 0; i < layer->objects.list.len; i++) {
        const struct cat_object *o = &layer->objects.list.ptr[i];
        payload_put_u64(out, o->kind);
        payload_put_u64(out, o->id);
        payload_put_str(out, o->stored);
    }
    payload_put_u64(out, layer->n_sections);
    for (size_t i = 0; i < layer->n_sections; i++) {
        const struct backup_section *s = &layer->sections[i];
        payload_put_u64(out, s->table_id);
        payload_put_u64(out, s->offset);
        payload_put_u64(out, s->length);
        payload_put_u64(out, s->rows);
        payload_put_u64(out, s->bytes);
        payload_put_u64(out, s->crc);
    }
    if (layer->target == BACKUP_VIRTUAL_CLUSTER) {
        payload_put_u64(out, layer->cluster);
        payload_put_u64(out, layer->format);
        payload_put_str(out, layer->cluster_name);
    }
    encode_beside(out, &layer->objects);
    sha256(buf_view(out), hash);
    buf_append(out, hash, sizeof(hash));
}

static void decode_objects(struct str *rest, struct arena *a, struct backup_layer *out)
{
    uint64_t n = payload_get_u64(rest);
    for (uint64_t i = 0; i < n && rest->ptr != NULL; i++) {
        struct cat_object o = {0};
        o.kind = (enum cat_object_kind)payload_get_u64(rest);
        o.id = (uint32_t)payload_get_u64(rest);
        o.stored = payload_get_str(rest);
        if (o.kind > CAT_OBJECT_FUNCTION)
            *rest = STR_NONE;
        ARENA_PUSH(a, &out->objects.list, o);
    }
}

static void decode_sections(struct str *rest, struct arena *a, struct backup_layer *out)
{
    ARENA_VEC(struct backup_section) sections = {0};
    uint64_t n = payload_get_u64(rest);
    for (uint64_t i = 0; i < n && rest->ptr != NULL; i++) {
        struct backup_section s;
        s.table_id = (uint32_t)payload_get_u64(rest);
        s.offset = payload_get_u64(rest);
        s.length = payload_get_u64(rest);
        s.rows = payload_get_u64(rest);
        s.bytes = payload_get_u64(rest);
        s.crc = (uint32_t)payload_get_u64(rest);
        ARENA_PUSH(a, &sections, s);
    }
    out->sections = sections.ptr;
    out->n_sections = sections.len;
}

static void decode_beside(struct str *rest, struct arena *a, struct backup_layer *out)
{
    uint64_t n = rest->len > 0 ? payload_get_u64(rest) : 0; // earlier versions wrote none
    for (uint64_t i = 0; i < n && rest->ptr != NULL; i++) {
        struct cat_beside b = {0};
        b.kind = (enum cat_beside_kind)payload_get_u64(rest);
        b.id = (uint32_t)payload_get_u64(rest);
        b.comment_kind = (uint32_t)payload_get_u64(rest);
        b.sub_id = (uint32_t)payload_get_u64(rest);
        b.role = payload_get_str(rest);
        b.value = payload_get_str(rest);
        if (b.kind > CAT_BESIDE_SETTINGS)
            *rest = STR_NONE;
        ARENA_PUSH(a, &out->objects.beside, b);
    }
}

static int decode(const char *path, struct str bytes, struct arena *a, struct backup_layer *out, struct err *err)
{
    uint8_t hash[SHA256_BYTES];
    if (bytes.len < magic.len + SHA256_BYTES || !str_has_prefix(bytes, magic))
        return backup_damaged(path, "it is not a manifest", err);
    struct str body = str_slice(bytes, 0, bytes.len - SHA256_BYTES);
    sha256(body, hash);
    if (memcmp(hash, bytes.ptr + body.len, sizeof(hash)) != 0)
        return backup_damaged(path, "it does not have its checksum", err);
    struct str rest = str_slice(body, magic.len, body.len);
    out->start = payload_get_u64(&rest);
    out->end = payload_get_u64(&rest);
    out->target = (enum backup_target)payload_get_u64(&rest);
    decode_objects(&rest, a, out);
    decode_sections(&rest, a, out);
    if (out->target == BACKUP_VIRTUAL_CLUSTER) {
        out->cluster = payload_get_u64(&rest);
        out->format = payload_get_u64(&rest);
        out->cluster_name = payload_get_str(&rest);
    }
    decode_beside(&rest, a, out);
    return rest.ptr != NULL && rest.len == 0 ? 0 : backup_damaged(path, "its fields are wrong", err);
}

int manifest_read(const char *path, struct arena *a, struct backup_layer *out, struct err *err)
{
    struct buf bytes = BUF_INIT;
    int rc = backup_read_file(path, &bytes, err);
    if (rc == 0)
        rc = decode(path, arena_str(a, buf_view(&bytes)), a, out, err);
    buf_release(&bytes);
    return rc;
}
