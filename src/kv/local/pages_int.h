// The pages of data.mdb, read without LMDB: LMDB trusts what it maps, and follows a damaged page into anywhere. And
// their checksums, which LMDB does not have.
//
// Format (LMDB 0.9, data version 1, 64 bits, little-endian): pages 0 and 1 hold a meta record each, the one with the
// greater transaction number counts; a meta record has the roots of two trees, that of free pages and the main one,
// whose values flagged as databases hold the roots of the others. A page has a header of 16 bytes (its number, flags,
// bounds of its free space), offsets of nodes, and nodes: sizes, flags, key, then a page number (branch) or a value, or
// the number of the first of a run of overflow pages that hold it (leaf).
//
// Checksums: DIR/data.sum says for one LMDB transaction what CRC32C each page in use has.
//
//   data.sum   "PALMSUM1", u64 transaction, u64 pages n, u32[n] (0: not in use), u32 CRC32C of all before it
//
// It is replaced as a whole after each checkpoint's commit, before the checkpoint counts as done. So the file is either
// of data.mdb's transaction, or, when power failed in between, of the one before, whose tree is still there to be
// checked: LMDB never writes to pages of its last two transactions. What only the newer one uses is then taken as it
// is.
//
// Pages are copied on write: a page in use before and after a transaction is the same page with all that is below it.
// So the update of the checksums visits only new pages, and the list of free ones.
//
// Threads: the writer's (the store's checkpoint mutex).
#ifndef KV_LOCAL_PAGES_INT_H
#define KV_LOCAL_PAGES_INT_H

#include "os/os.h"

struct err;

struct page_sums {
    uint64_t txn_id; // 0: none yet
    uint64_t n;
    uint32_t *crc; // [n], malloc'd
};
void page_sums_release(struct page_sums *s);
// *s stays empty when there is no file. XX001 when it is damaged.
int page_sums_load(struct page_sums *s, const struct os *os, const char *dir, struct err *err) MUST_CHECK;
// Brings the sums up to what is in data.mdb now, and writes the file. An errno value.
int page_sums_update(struct page_sums *s, const struct os *os, const char *dir, const char *data_path) MUST_CHECK;

enum pages_extent {
    PAGES_ALL,
    PAGES_AS_SMALL, // all of a small file; of a large one those that lead to others, so that no path is wrong
};
// Checks the structure of the file and the checksums of its pages: meta records, every page reached exactly once and
// where it says, nodes within their pages, keys in order and within what the parent says, the counts each database
// keeps, free pages not in use. XX001 says what is wrong first. With empty sums checksums are not looked at.
int pages_check(const char *path, const struct page_sums *sums, enum pages_extent extent, struct err *err) MUST_CHECK;

#endif
