// Private to src/backup.
#ifndef BACKUP_BACKUP_INT_H
#define BACKUP_BACKUP_INT_H

#include "backup/backup.h"
#include "kv/kv.h"
#include "os/os.h"

// ---- storage.c: files and directories

int backup_io_error(int error, const char *what, const char *path, struct err *err);
int backup_damaged(const char *path, const char *what, struct err *err);
int backup_make_dirs(const char *path, struct err *err) MUST_CHECK;
const char *backup_path(struct arena *a, struct str directory, const char *name);
bool backup_exists(const char *path);
// Written under another name, synced, renamed.
int backup_write_file(const char *path, struct str bytes, struct err *err) MUST_CHECK;
int backup_rename(const char *from, const char *to, struct err *err) MUST_CHECK;     // within a directory; synced
int backup_read_file(const char *path, struct buf *out, struct err *err) MUST_CHECK; // appends
// Names in the directory that `wanted` takes, sorted; none when it does not exist.
int backup_list_dir(const char *path, bool (*wanted)(struct str name), struct arena *a, const struct str **out,
                    size_t *n, struct err *err) MUST_CHECK;

// ---- blocks.c: data.pbk

struct backup_entry {
    bool deleted;
    struct str key, value;
};

struct block_writer {
    const char *path;
    struct os_file *file;
    uint64_t offset;
    struct backup_section section; // being written
    struct buf raw, stored;
};
int block_writer_open(struct block_writer *w, const char *path, struct err *err) MUST_CHECK;
void block_writer_begin(struct block_writer *w, uint32_t table_id);
int block_writer_add(struct block_writer *w, const struct backup_entry *e, struct err *err) MUST_CHECK;
int block_writer_end(struct block_writer *w, struct err *err) MUST_CHECK;   // of the section
int block_writer_close(struct block_writer *w, struct err *err) MUST_CHECK; // synced
void block_writer_release(struct block_writer *w);                          // also after close

struct block_reader {
    const char *path;
    struct os_file *file;
    const struct backup_section *section;
    uint64_t at; // next block
    uint32_t crc;
    struct buf raw, stored;
    size_t raw_at;
};
int block_reader_open(struct block_reader *r, struct arena *a, const struct backup_layer *layer,
                      const struct backup_section *section, struct err *err) MUST_CHECK;
// The next entry; its bytes are valid until the next call.
int block_reader_next(struct block_reader *r, struct backup_entry *out, bool *found, struct err *err) MUST_CHECK;
void block_reader_close(struct block_reader *r);

// ---- manifest.c

void manifest_encode(struct buf *out, const struct backup_layer *layer);
int manifest_read(const char *path, struct arena *a, struct backup_layer *out, struct err *err) MUST_CHECK;

// ---- chain.c: layers on top of each other

// The directory of a full backup. *found false: there is none (yet).
int backup_find(struct str collection, struct str subdirectory, struct arena *a, struct str *out, bool *found,
                struct err *err) MUST_CHECK;
// A directory for a layer that ends at this version: a new one.
int backup_name_layer(struct arena *a, struct str parent, const char *format, uint64_t version, struct str *out,
                      struct err *err) MUST_CHECK;

// The entries of a table as of the newest layer, in key order: deleted ones do not come.
struct chain_reader {
    struct block_reader *readers; // per layer that has the table
    struct backup_entry *heads;
    bool *live;
    size_t n;
    size_t given; // layer of the entry given last, + 1; it is passed by the next call
};
int chain_reader_open(struct chain_reader *r, struct arena *a, const struct backup_chain *chain, uint32_t table_id,
                      struct err *err) MUST_CHECK;
int chain_reader_next(struct chain_reader *r, struct backup_entry *out, bool *found, struct err *err) MUST_CHECK;
void chain_reader_close(struct chain_reader *r);

// cluster.c. In the keys of a whole cluster, whose descriptors are not at hand, the first index of a table counts as
// the primary.
enum { BACKUP_CLUSTER_SECTION = 0 };
bool backup_is_cluster_row(struct str key);

// Tables of the system database that a backup of the cluster holds.
extern const uint32_t backup_system_tables[];
extern const size_t backup_system_tables_len;

#endif
