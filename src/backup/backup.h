// Backups: a collection is a directory of full backups, each with the incremental ones made on top of it.
//
//   COLLECTION/2026/11/27-193012.45/MANIFEST data.pbk             a full backup (layer)
//   COLLECTION/2026/11/27-193012.45/incrementals/…/               its incremental layers, named by time
//   COLLECTION/metadata/latest/LATEST                             path of the newest full backup
//
//   MANIFEST   magic, fields (manifest.c), SHA-256 of what is before it. Written last: without it there is no backup
//   data.pbk   for each table a section, a run of blocks
//   block      magic, table, sizes, CRC32C over header and stored bytes; zstd of entries: kind, key, value
//
// Keys are stored without cluster and table, so that rows can be restored under another table id. An incremental layer
// holds the differences to the layers below it: keys put and keys deleted.
//
// A layer is what the cluster was at one timestamp: everything is read by transactions at that version, which block
// nobody. What has been written is read again before the backup counts as done. Whatever does not carry its checksum is
// refused (XX001).
//
// Thread-safe: functions of their arguments. The runners are job runners (jobs/jobs.h).
#ifndef BACKUP_BACKUP_H
#define BACKUP_BACKUP_H

#include "base/buf.h"
#include "catalog/transfer.h"

struct job;

// Of a virtual cluster, the system cluster's: all its keys as they are, in one section of table 0, which come back only
// as a cluster of their own.
enum backup_target { BACKUP_CLUSTER, BACKUP_DATABASES, BACKUP_TABLES, BACKUP_VIRTUAL_CLUSTER };

// The directory of a collection, from `nodelocal://1/path`. `base`: where nodelocal files are; empty: nowhere (42501).
// 0A000 for other kinds of storage, 22023 and 42501 for what is not within.
int backup_resolve(struct str base, struct str uri, struct buf *out, struct err *err) MUST_CHECK;

// ---- what statements ask for: payloads of jobs

struct backup_request {
    struct str collection;   // directory
    bool append;             // an incremental layer on `subdirectory`, else a new full backup
    struct str subdirectory; // empty: the newest
    uint64_t version;
    bool as_of; // asked for: no other version will do
    enum backup_target target;
    const uint32_t *ids; // databases or tables, or the number of the virtual cluster
    size_t n_ids;
    struct str virtual_cluster; // its name
};
void backup_request_encode(struct buf *out, const struct backup_request *r);

enum restore_flags {
    RESTORE_SKIP_MISSING_FOREIGN_KEYS = 1,
    RESTORE_SKIP_MISSING_SEQUENCES = 2,
    RESTORE_SKIP_MISSING_VIEWS = 4,
    RESTORE_SCHEMA_ONLY = 8,
    RESTORE_SKIP_MISSING_UDFS = 16,
};
// The name of a table may be "*": all of the schema, or with schema "*" too, of the database.
struct restore_name {
    struct str database, schema, table;
};
struct restore_request {
    struct str collection, subdirectory; // as above
    uint64_t version;                    // the layer that ends there; 0: the newest
    enum backup_target target;
    const struct restore_name *names;
    size_t n_names;
    struct str new_database; // new_db_name, into_db, virtual_cluster_name; empty: as it was
    unsigned flags;
};
void restore_request_encode(struct buf *out, const struct restore_request *r);
int restore_request_decode(struct str payload, struct arena *a, struct restore_request *out,
                           struct err *err) MUST_CHECK;

int backup_run(struct job *job, struct err *err) MUST_CHECK;
int backup_revert(struct job *job, struct err *err) MUST_CHECK;
int restore_run(struct job *job, struct err *err) MUST_CHECK;
int restore_revert(struct job *job, struct err *err) MUST_CHECK;
// Rows backed up or restored, from the progress of a job that has succeeded.
uint64_t backup_rows(struct str progress);

// ---- looking

// Paths of the full backups, as `/2026/11/27-193012.45`, oldest first.
int backup_list(struct str collection, struct arena *a, const struct str **out, size_t *n, struct err *err) MUST_CHECK;

struct backup_section {
    uint32_t table_id;
    uint64_t offset, length; // in data.pbk
    uint64_t rows, bytes;    // entries of primary indexes; keys and values before compression
    uint32_t crc;            // of the blocks' checksums
};
struct backup_layer {
    struct str path;     // directory
    uint64_t start, end; // versions; start 0: full
    enum backup_target target;
    struct cat_objects objects; // all there were, stored form
    const struct backup_section *sections;
    size_t n_sections;
    // Of BACKUP_VIRTUAL_CLUSTER.
    uint64_t cluster, format; // its number, the version of the catalog's format
    struct str cluster_name;
};
struct backup_chain {
    ARENA_VEC(struct backup_layer) layers; // the full one first
};
// The layers of a backup, up to the one that ends at `version` (0: all).
int backup_open(struct str collection, struct str subdirectory, uint64_t version, struct arena *a,
                struct backup_chain *out, struct err *err) MUST_CHECK;

// The keys of a virtual cluster in its backup, in order and without the cluster's prefix; names[0].database is the name
// it had. 22023 when the backup is not of such a cluster.
struct backup_cluster;
int backup_cluster_open(const struct restore_request *request, struct arena *a, struct backup_cluster **out,
                        struct err *err) MUST_CHECK;
// The bytes are valid until the next call.
int backup_cluster_next(struct backup_cluster *c, struct str *key, struct str *value, bool *found,
                        struct err *err) MUST_CHECK;
uint64_t backup_cluster_rows(const struct backup_cluster *c); // of those given
void backup_cluster_close(struct backup_cluster *c);          // NULL allowed

#endif
