// The pages of data.mdb, read without LMDB: LMDB trusts what it maps, and follows a damaged page into anywhere.
//
// Format (LMDB 0.9, data version 1, 64 bits, little-endian): pages 0 and 1 hold a meta record each, the one with the
// greater transaction number counts; a meta record has the roots of two trees, that of free pages and the main one,
// whose values flagged as databases hold the roots of the others. A page has a header of 16 bytes (its number, flags,
// bounds of its free space), offsets of nodes, and nodes: sizes, flags, key, then a page number (branch) or a value, or
// the number of the first of a run of overflow pages that hold it (leaf).
#ifndef KV_LOCAL_PAGES_INT_H
#define KV_LOCAL_PAGES_INT_H

#include "base/base.h"

struct err;

// Checks the whole structure of the file: meta records, every page reached exactly once and where it says, nodes within
// their pages, keys in order and within what the parent says, the counts each database keeps, free pages not in use.
// XX001 says what is wrong first.
int pages_check(const char *path, struct err *err) MUST_CHECK;

#endif
