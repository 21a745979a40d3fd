// data.pbk: sections of compressed, checksummed blocks. See backup.h for the format.
//
//   block  u32 magic, u32 table, u32 raw length, u32 stored length, u32 CRC32C of these and the stored bytes; bytes
//   entry  u8 kind (0 put, 1 deleted), u32 key length, u32 value length, key, value        (integers big-endian)
#include "backup/backup_int.h"
#include "base/util.h"
#include <errno.h>
#include <zstd.h>

enum {
    BLOCK_MAGIC = 0x50424C4B,
    BLOCK_HEADER_BYTES = 20,
    BLOCK_RAW_BYTES = 1 << 20, // a block is ended when it has so many
    BLOCK_RAW_BYTES_MAX = 1 << 30,
    ENTRY_HEADER_BYTES = 9,
    COMPRESSION_LEVEL = 1,
};

// ---- writing

int block_writer_open(struct block_writer *w, const char *path, struct err *err)
{
    const struct os *os = os_real();
    *w = (struct block_writer){.path = path};
    int rc = os->open(os, path, OS_OPEN_CREATE | OS_OPEN_TRUNCATE, &w->file);
    return rc == 0 ? 0 : backup_io_error(rc, "create", path, err);
}

void block_writer_begin(struct block_writer *w, uint32_t table_id)
{
    w->section = (struct backup_section){.table_id = table_id, .offset = w->offset};
}

static uint32_t block_crc(const char *header, const void *stored, size_t len)
{
    return crc32c(crc32c(0, header, BLOCK_HEADER_BYTES - 4), stored, len);
}

static int flush(struct block_writer *w, struct err *err)
{
    size_t bound = ZSTD_compressBound(w->raw.len);
    buf_clear(&w->stored);
    buf_be32(&w->stored, BLOCK_MAGIC);
    buf_be32(&w->stored, w->section.table_id);
    buf_be32(&w->stored, (uint32_t)w->raw.len);
    buf_reserve(&w->stored, 8 + bound);
    char *body = w->stored.ptr + BLOCK_HEADER_BYTES;
    size_t len = ZSTD_compress(body, bound, w->raw.ptr, w->raw.len, COMPRESSION_LEVEL);
    INVARIANT(!ZSTD_isError(len));
    buf_be32(&w->stored, (uint32_t)len);
    uint32_t crc = block_crc(w->stored.ptr, body, len);
    buf_be32(&w->stored, crc);
    w->stored.len += len;
    int rc = w->file->os->write_at(w->file, w->stored.ptr, w->stored.len, w->offset);
    if (rc != 0)
        return backup_io_error(rc, "write", w->path, err);
    w->section.crc = crc32c(w->section.crc, &crc, sizeof(crc));
    w->offset += w->stored.len;
    buf_clear(&w->raw);
    return 0;
}

int block_writer_add(struct block_writer *w, const struct backup_entry *e, struct err *err)
{
    buf_putc(&w->raw, e->deleted);
    buf_be32(&w->raw, (uint32_t)e->key.len);
    buf_be32(&w->raw, (uint32_t)e->value.len);
    buf_str(&w->raw, e->key);
    buf_str(&w->raw, e->value);
    w->section.bytes += e->key.len + e->value.len;
    return w->raw.len >= BLOCK_RAW_BYTES ? flush(w, err) : 0;
}

int block_writer_end(struct block_writer *w, struct err *err)
{
    if (w->raw.len > 0)
        TRY(flush(w, err));
    w->section.length = w->offset - w->section.offset;
    return 0;
}

int block_writer_close(struct block_writer *w, struct err *err)
{
    int rc = w->file->os->sync(w->file);
    return rc == 0 ? 0 : backup_io_error(rc, "sync", w->path, err);
}

void block_writer_release(struct block_writer *w)
{
    if (w->file != NULL)
        w->file->os->close(w->file);
    buf_release(&w->raw);
    buf_release(&w->stored);
}

// ---- reading

int block_reader_open(struct block_reader *r, struct arena *a, const struct backup_layer *layer,
                      const struct backup_section *section, struct err *err)
{
    const struct os *os = os_real();
    *r = (struct block_reader){
        .path = backup_path(a, layer->path, "data.pbk"), .section = section, .at = section->offset};
    int rc = os->open(os, r->path, OS_OPEN_READ_ONLY, &r->file);
    if (rc == ENOENT)
        return backup_damaged(r->path, "it does not exist", err);
    return rc == 0 ? 0 : backup_io_error(rc, "open", r->path, err);
}

static int read_exactly(struct block_reader *r, size_t len, struct err *err)
{
    size_t got = 0;
    buf_clear(&r->stored);
    buf_reserve(&r->stored, len);
    int rc = r->file->os->read_at(r->file, r->stored.ptr, len, r->at, &got);
    r->stored.len = got;
    if (rc != 0)
        return backup_io_error(rc, "read", r->path, err);
    return got == len ? 0 : backup_damaged(r->path, "it ends too early", err);
}

static int read_block(struct block_reader *r, struct err *err)
{
    char header[BLOCK_HEADER_BYTES];
    uint64_t left = r->section->offset + r->section->length - r->at;
    if (left < BLOCK_HEADER_BYTES)
        return backup_damaged(r->path, "a section ends within a block", err);
    TRY(read_exactly(r, BLOCK_HEADER_BYTES, err));
    memcpy(header, r->stored.ptr, sizeof(header));
    uint32_t raw = load_be32(header + 8), stored = load_be32(header + 12), crc = load_be32(header + 16);
    if (load_be32(header) != BLOCK_MAGIC || load_be32(header + 4) != r->section->table_id ||
        raw > BLOCK_RAW_BYTES_MAX || stored > left - BLOCK_HEADER_BYTES)
        return backup_damaged(r->path, "a block has a wrong header", err);
    r->at += BLOCK_HEADER_BYTES;
    TRY(read_exactly(r, stored, err));
    if (crc != block_crc(header, r->stored.ptr, stored))
        return backup_damaged(r->path, "a block does not have its checksum", err);
    r->at += stored;
    r->crc = crc32c(r->crc, &crc, sizeof(crc));
    buf_clear(&r->raw);
    buf_reserve(&r->raw, raw);
    size_t len = ZSTD_decompress(r->raw.ptr, raw, r->stored.ptr, stored);
    if (ZSTD_isError(len) || len != raw)
        return backup_damaged(r->path, "a block cannot be decompressed", err);
    r->raw.len = raw;
    r->raw_at = 0;
    return 0;
}

int block_reader_next(struct block_reader *r, struct backup_entry *out, bool *found, struct err *err)
{
    *found = false;
    if (r->raw_at == r->raw.len) {
        if (r->at == r->section->offset + r->section->length)
            return r->crc == r->section->crc ? 0 : backup_damaged(r->path, "a section does not have its checksum", err);
        TRY(read_block(r, err));
    }
    const char *p = r->raw.ptr + r->raw_at;
    size_t left = r->raw.len - r->raw_at;
    if (left < ENTRY_HEADER_BYTES)
        return backup_damaged(r->path, "an entry is cut off", err);
    uint64_t key = load_be32(p + 1), value = load_be32(p + 5);
    if (key + value > left - ENTRY_HEADER_BYTES)
        return backup_damaged(r->path, "an entry is cut off", err);
    *out = (struct backup_entry){
        p[0] != 0, {p + ENTRY_HEADER_BYTES, (size_t)key}, {p + ENTRY_HEADER_BYTES + key, (size_t)value}};
    r->raw_at += ENTRY_HEADER_BYTES + (size_t)(key + value);
    *found = true;
    return 0;
}

void block_reader_close(struct block_reader *r)
{
    if (r->file != NULL)
        r->file->os->close(r->file);
    buf_release(&r->raw);
    buf_release(&r->stored);
    *r = (struct block_reader){0};
}
