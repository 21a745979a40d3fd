// The key space of a store, keys of SQL values, spans, and their printing.
//
//   01 item …                                    store-wide records: enum key_meta
//   02 cluster table index column…               rows and index entries of a virtual cluster
//   02 cluster table 00 item                     table records that are not rows: enum key_table_item
//
// cluster, table and index are ordered uvarints (encoding.h); columns are ordered values, each ascending or descending
// as the index declares. A non-unique index appends the primary key columns; so does a unique one for entries with a
// NULL. The default cluster is number 1: a row of table 104 costs four bytes of prefix.
//
// Thread-safe: pure functions of their arguments.
#ifndef KEYS_KEYS_H
#define KEYS_KEYS_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "keys/encoding.h"
#include "kv/kv.h"
#include "types/types.h"

// First byte of every key. Stored on disk: never renumber.
enum key_space {
    KEY_SPACE_META = 0x01,
    KEY_SPACE_CLUSTER = 0x02,
};
// What follows KEY_SPACE_META.
enum key_meta {
    KEY_META_FORMAT = 0x01,         // version of the layout of everything above the key-value store
    KEY_META_STORE_ID = 0x02,       // UUID given at creation
    KEY_META_CLUSTER = 0x03,        // uvarint cluster: the UUID given when it was first opened
    KEY_META_CLUSTER_NAME = 0x04,   // name: its number
    KEY_META_NEXT_CLUSTER = 0x05,   // the number the next one gets
    KEY_META_CLUSTER_RECORD = 0x06, // uvarint cluster: name, state, limits
    KEY_META_CLUSTER_USAGE = 0x07,  // uvarint cluster: what it has used
    KEY_META_SERIES = 0x08,         // uvarint cluster, 0 the server: its metrics, the last hour
    KEY_META_SERIES_COARSE = 0x09,  // likewise, the last week
    KEY_META_ACTIVITY = 0x0A,       // uvarint cluster, fingerprint: what its statements have cost (sql/session)
    KEY_META_CONSOLE = 0x10,        // console accounts, tokens, sessions (server/api/accounts.c)
};
enum key_table_item {
    KEY_TABLE_ROW_COUNT = 0x01, // little-endian int64, changed by kv_add
    KEY_TABLE_SEQUENCE = 0x02,  // value of a sequence
    KEY_TABLE_VERSION = 0x03,   // of what a system table describes: counter of changes, by kv_add
    KEY_TABLE_SCHEMA = 0x04,    // written by each change of the descriptor that its users must not miss
};
enum { KEY_INDEX_RECORDS = 0, KEY_INDEX_PRIMARY = 1 };
// Tables of the system database by whose version engines cache; numbers below KEY_TABLE_FIRST_USER are the system's.
enum { KEY_TABLE_DESCRIPTOR = 3, KEY_TABLE_USERS = 4, KEY_TABLE_EVENTS = 12, KEY_TABLE_FIRST_USER = 100 };
#define KEY_CLUSTER_DEFAULT ((uint64_t)1)

// Builders append.
void key_put_meta(struct buf *b, enum key_meta item);
void key_put_cluster(struct buf *b, uint64_t cluster);
// The number of the virtual cluster whose data the key is, 0 for the system cluster's and what is no cluster's: those
// are counted apart (kv_options.space_of).
uint64_t key_counted_cluster(struct str key);
void key_put_table(struct buf *b, uint64_t cluster, uint64_t table);
void key_put_index(struct buf *b, uint64_t cluster, uint64_t table, uint64_t index);
void key_put_table_item(struct buf *b, uint64_t cluster, uint64_t table, enum key_table_item item);
// One index column. The value must be valid for its type; NULL is allowed.
void key_put_datum(struct buf *b, struct type t, const struct datum *d, enum key_direction direction);

struct key_prefix {
    uint64_t cluster, table, index;
};
// Consumes cluster, table and index. False when the key is not of a table.
bool key_get_prefix(struct key_reader *r, struct key_prefix *out) MUST_CHECK;
// One index column back. Strings may borrow the key. XX001 when damaged or of another type.
int key_get_datum(struct key_reader *r, struct arena *a, struct type t, enum key_direction direction, struct datum *out,
                  struct err *err) MUST_CHECK;
// Whether a value read back may differ from the one put while comparing equal to it: 1.0 and 1.00, -0 and 0, '1 mon'
// and '30 days'. Columns of such types are also kept in the row value.
bool key_type_is_lossy(struct type t);
// False for types without an order (no index over them).
bool key_type_is_indexable(struct type t);

// The key of a table as another cluster has it; others are returned as they are.
struct str key_in_cluster(struct arena *a, struct str key, uint64_t cluster);

// Spans. Results are in the arena.
// First key after every key that begins with the prefix; ptr NULL when there is none.
struct str key_prefix_end(struct arena *a, struct str prefix);
// First key after this one.
struct str key_next(struct arena *a, struct str key);
// Every key that begins with the prefix (the prefix is borrowed).
struct kv_range key_prefix_range(struct arena *a, struct str prefix);
// Every key of the table, records and all indexes; of one index.
struct kv_range key_table_range(struct arena *a, uint64_t cluster, uint64_t table);
struct kv_range key_index_range(struct arena *a, uint64_t cluster, uint64_t table, uint64_t index);

// `/Table/104/1/5/"abc"`, with `/Tenant/7` before it for other clusters than the default. Takes any bytes: what is not
// understood is printed in hexadecimal.
void key_print(struct buf *out, struct str key);
// Only the values: `/5/"abc"`.
void key_print_values(struct buf *out, struct str values);

#endif
