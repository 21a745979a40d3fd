// Rows in a temporary file.
//
// A stream writes chunks of whole rows, each of about CHUNK_BYTES; a chunk lies in consecutive slots of SLOT_BYTES.
// Slots of chunks that have been read are used again. A row in a chunk is a null bitmap, then its values: fixed ones in
// their physical form, strings by length and bytes. The file means nothing to anybody else, so there is no version in
// it.
#include "sql/execute/spill_int.h"
#include "base/util.h"
#include "os/os.h"
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

enum { SLOT_BYTES = 4096, CHUNK_BYTES = 16 * SLOT_BYTES };

struct spill_file {
    struct os_file *file;
    uint64_t end; // slots in use or free
    struct extent {
        uint64_t slot, n;
    } * free; // extents that can be used again
    uint32_t n_free, free_cap;
    uint64_t used; // slots
};

struct chunk {
    uint64_t slot;
    uint32_t bytes;
};

struct spill_stream {
    struct exec_context *x;
    const struct op *owner;
    struct spill_stream *next, **link; // among the execution's streams
    struct type *types;
    uint8_t *physicals;
    uint32_t n_cols;
    uint64_t rows;
    struct chunk *chunks;
    uint32_t n_chunks, chunks_cap, at; // at: next chunk to read
    struct buf bytes;                  // the chunk being written or read
    size_t pos;
    size_t charged;
    struct batch batch;
    struct arena arena; // of the batch and the stream's own things
};

static int failed(int error, const char *what, struct err *err)
{
    return err_set(err, error == ENOSPC || error == EDQUOT ? ERR_DISK_FULL : ERR_IO_ERROR,
                   "cannot %s temporary file: %s", what, strerror(error));
}

// A file whose name is gone as soon as it is there: nothing is left when the process dies.
static int open_file(struct exec_context *x, struct err *err)
{
    static _Atomic uint64_t counter;
    if (x->spill != NULL)
        return 0;
    char path[4096];
    struct os_file *file;
    int rc;
    do {
        uint64_t number = atomic_fetch_add_explicit(&counter, 1, memory_order_relaxed);
        snprintf(path, sizeof(path), "%s/palmetto-%ld-%llu.tmp", x->temp_dir, (long)getpid(),
                 (unsigned long long)number);
        rc = x->os->open(x->os, path, OS_OPEN_CREATE | OS_OPEN_EXCLUSIVE, &file);
    } while (rc == EEXIST);
    if (rc != 0)
        return failed(rc, "create", err);
    rc = x->os->unlink(x->os, path);
    if (rc != 0) {
        x->os->close(file);
        return failed(rc, "remove the name of", err);
    }
    x->spill = mem_zalloc(sizeof(*x->spill));
    x->spill->file = file;
    return 0;
}

// ---- space in the file

static uint64_t slots_of(uint32_t bytes)
{
    return (bytes + (uint64_t)SLOT_BYTES - 1) / SLOT_BYTES;
}

static uint64_t take_slots(struct spill_file *f, uint64_t n)
{
    f->used += n;
    for (uint32_t i = f->n_free; i-- > 0;) {
        struct extent *e = &f->free[i];
        if (e->n < n)
            continue;
        uint64_t slot = e->slot;
        e->slot += n;
        e->n -= n;
        if (e->n == 0)
            *e = f->free[--f->n_free];
        return slot;
    }
    uint64_t slot = f->end;
    f->end += n;
    return slot;
}

static void give_slots(struct spill_file *f, uint64_t slot, uint64_t n)
{
    f->used -= n;
    if (f->n_free == f->free_cap) {
        f->free_cap = MAX(f->free_cap * 2, 64u);
        f->free = mem_realloc(f->free, size_mul(f->free_cap, sizeof(*f->free)));
    }
    f->free[f->n_free++] = (struct extent){slot, n};
}

static void count_disk(struct spill_stream *s)
{
    struct exec_context *x = s->x;
    uint64_t bytes = x->spill->used * SLOT_BYTES;
    x->spilled_bytes_max = MAX(x->spilled_bytes_max, bytes);
    if (x->spilled_bytes != NULL)
        x->spilled_bytes[s->owner->plan->number] = MAX(x->spilled_bytes[s->owner->plan->number], bytes);
}

// ---- streams

struct spill_stream *spill_stream_new(struct exec_context *x, const struct op *owner, const struct type *types,
                                      uint32_t n_cols)
{
    struct spill_stream *s = mem_zalloc(sizeof(*s));
    s->x = x;
    s->owner = owner;
    s->n_cols = n_cols;
    arena_init(&s->arena, x->budget);
    s->types = arena_dup(&s->arena, types, n_cols * sizeof(*types));
    s->physicals = ARENA_ARRAY(&s->arena, uint8_t, n_cols);
    for (uint32_t i = 0; i < n_cols; i++)
        s->physicals[i] = (uint8_t)type_physical(types[i]);
    s->next = x->spill_streams;
    s->link = &x->spill_streams;
    if (s->next != NULL)
        s->next->link = &s->next;
    x->spill_streams = s;
    return s;
}

void spill_stream_free(struct spill_stream *s)
{
    if (s == NULL)
        return;
    for (uint32_t i = s->at; i < s->n_chunks; i++)
        give_slots(s->x->spill, s->chunks[i].slot, slots_of(s->chunks[i].bytes));
    *s->link = s->next;
    if (s->next != NULL)
        s->next->link = s->link;
    if (s->x->budget != NULL)
        budget_release(s->x->budget, s->charged);
    mem_free(s->chunks);
    buf_release(&s->bytes);
    arena_release(&s->arena);
    mem_free(s);
}

void spill_release(struct exec_context *x)
{
    while (x->spill_streams != NULL)
        spill_stream_free(x->spill_streams);
    if (x->spill == NULL)
        return;
    x->os->close(x->spill->file);
    mem_free(x->spill->free);
    mem_free(x->spill);
    x->spill = NULL;
}

static int write_chunk(struct spill_stream *s, struct err *err)
{
    if (s->bytes.len == 0)
        return 0;
    TRY(open_file(s->x, err));
    if (s->n_chunks == s->chunks_cap) {
        s->chunks_cap = MAX(s->chunks_cap * 2, 16u);
        s->chunks = mem_realloc(s->chunks, size_mul(s->chunks_cap, sizeof(*s->chunks)));
    }
    uint32_t bytes = (uint32_t)s->bytes.len;
    struct chunk c = {take_slots(s->x->spill, slots_of(bytes)), bytes};
    s->chunks[s->n_chunks++] = c;
    count_disk(s);
    int rc = s->x->os->write_at(s->x->spill->file, s->bytes.ptr, bytes, c.slot * SLOT_BYTES);
    buf_clear(&s->bytes);
    return rc == 0 ? 0 : failed(rc, "write", err);
}

static void put_value(struct buf *b, const struct vec *v, uint32_t row)
{
    row &= v->mask;
    if (v->physical != PHYSICAL_STR) {
        size_t size = physical_size[v->physical];
        buf_append(b, (const char *)v->data + row * size, size);
        return;
    }
    uint32_t len = (uint32_t)v->s[row].len;
    buf_append(b, &len, sizeof(len));
    buf_str(b, v->s[row]);
}

int spill_append_row(struct spill_stream *s, const struct batch *b, const uint32_t *positions, uint32_t row,
                     struct err *err)
{
    size_t nulls = s->bytes.len;
    buf_fill(&s->bytes, 0, (s->n_cols + 7) / 8);
    for (uint32_t c = 0; c < s->n_cols; c++) {
        const struct vec *v = &b->cols[positions != NULL ? positions[c] : c];
        if (vec_is_null(v, row))
            s->bytes.ptr[nulls + c / 8] |= (char)(1 << c % 8);
        else
            put_value(&s->bytes, v, row);
    }
    s->rows++;
    if (s->n_cols == 0)
        return 0;
    return s->bytes.len >= CHUNK_BYTES ? write_chunk(s, err) : 0;
}

int spill_append(struct spill_stream *s, const struct batch *b, const uint32_t *positions, struct err *err)
{
    for (uint32_t k = 0; k < b->n; k++)
        TRY(spill_append_row(s, b, positions, batch_row(b, k), err));
    return 0;
}

int spill_finish(struct spill_stream *s, struct err *err)
{
    TRY(write_chunk(s, err));
    buf_release(&s->bytes);
    s->bytes = BUF_INIT;
    return 0;
}

static int read_chunk(struct spill_stream *s, struct err *err)
{
    const struct chunk *c = &s->chunks[s->at];
    size_t got;
    buf_clear(&s->bytes);
    if (c->bytes > s->charged && s->x->budget != NULL) {
        TRY(budget_charge(s->x->budget, c->bytes - s->charged, err));
        s->charged = c->bytes;
    }
    buf_reserve(&s->bytes, c->bytes);
    int rc = s->x->os->read_at(s->x->spill->file, s->bytes.ptr, c->bytes, c->slot * SLOT_BYTES, &got);
    if (rc != 0 || got < c->bytes)
        return failed(rc != 0 ? rc : EIO, "read", err);
    s->bytes.len = c->bytes;
    s->pos = 0;
    give_slots(s->x->spill, c->slot, slots_of(c->bytes));
    s->at++;
    return 0;
}

static void get_value(struct spill_stream *s, struct vec *v, uint32_t row)
{
    const char *p = s->bytes.ptr + s->pos;
    if (v->physical != PHYSICAL_STR) {
        size_t size = physical_size[v->physical];
        memcpy((char *)v->data + row * size, p, size);
        s->pos += size;
        return;
    }
    uint32_t len;
    memcpy(&len, p, sizeof(len));
    v->s[row] = (struct str){p + sizeof(len), len};
    s->pos += sizeof(len) + len;
}

int spill_read(struct spill_stream *s, struct batch *out, struct err *err)
{
    struct batch *b = &s->batch;
    if (b->cols == NULL) {
        batch_init(b, &s->arena, s->types, s->n_cols, BATCH_ROWS_MAX);
        TRY(budget_check(s->x->budget, err));
    }
    b->n = 0;
    for (uint32_t c = 0; c < s->n_cols; c++)
        b->cols[c].has_nulls = true;
    if (s->pos == s->bytes.len && s->at < s->n_chunks)
        TRY(read_chunk(s, err));
    for (; s->pos < s->bytes.len && b->n < BATCH_ROWS_MAX; b->n++) {
        const char *nulls = s->bytes.ptr + s->pos;
        s->pos += (s->n_cols + 7) / 8;
        for (uint32_t c = 0; c < s->n_cols; c++) {
            bool null = nulls[c / 8] >> c % 8 & 1;
            b->cols[c].nulls[b->n] = null;
            if (!null)
                get_value(s, &b->cols[c], b->n);
        }
    }
    if (s->n_cols == 0) {
        b->n = (uint32_t)MIN(s->rows, (uint64_t)BATCH_ROWS_MAX);
        s->rows -= b->n;
    }
    *out = *b;
    return 0;
}

// ---- partitions

int spill_split_row(struct spill_split *split, struct op *owner, int side, const struct type *types, uint32_t n_cols,
                    const struct batch *b, uint32_t row, uint64_t hash, struct err *err)
{
    struct spill_stream **s = &split->streams[side][spill_partition(hash, split->level)];
    if (*s == NULL)
        *s = spill_stream_new(owner->x, owner, types, n_cols);
    return spill_append_row(*s, b, NULL, row, err);
}

int spill_split_finish(struct spill_split *split, struct spill_parts *parts, struct err *err)
{
    for (uint32_t i = SPILL_PARTITIONS; i-- > 0;) {
        struct spill_part part = {{split->streams[0][i], split->streams[1][i]}, split->level + 1};
        if (part.streams[0] == NULL && part.streams[1] == NULL)
            continue;
        if (parts->n == parts->cap) {
            parts->cap = MAX(parts->cap * 2, (uint32_t)SPILL_PARTITIONS);
            parts->parts = mem_realloc(parts->parts, size_mul(parts->cap, sizeof(*parts->parts)));
        }
        parts->parts[parts->n++] = part;
        split->streams[0][i] = split->streams[1][i] = NULL;
        for (int side = 0; side < 2; side++) {
            if (part.streams[side] != NULL)
                TRY(spill_finish(part.streams[side], err));
        }
    }
    return 0;
}

bool spill_parts_take(struct spill_parts *parts, struct spill_part *out)
{
    if (parts->n == 0)
        return false;
    *out = parts->parts[--parts->n];
    return true;
}

void spill_part_free(struct spill_part *part)
{
    spill_stream_free(part->streams[0]);
    spill_stream_free(part->streams[1]);
    part->streams[0] = part->streams[1] = NULL;
}

void spill_parts_release(struct spill_parts *parts)
{
    while (parts->n > 0)
        spill_part_free(&parts->parts[--parts->n]);
    mem_free(parts->parts);
    *parts = (struct spill_parts){0};
}

void spill_split_release(struct spill_split *split)
{
    for (int side = 0; side < 2; side++) {
        for (uint32_t i = 0; i < SPILL_PARTITIONS; i++) {
            spill_stream_free(split->streams[side][i]);
            split->streams[side][i] = NULL;
        }
    }
}
