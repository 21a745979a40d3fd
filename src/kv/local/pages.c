// Checking data.mdb page by page, and keeping checksums of its pages. See pages_int.h for the formats.
#include "kv/local/pages_int.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/util.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    PAGE_HEADER_BYTES = 16,
    NODE_HEADER_BYTES = 8,
    PAGE_BRANCH = 1,
    PAGE_LEAF = 2,
    PAGE_OVERFLOW = 4,
    PAGE_META = 8,
    NODE_BIG = 1,      // the value is in overflow pages
    NODE_DATABASE = 2, // the value is a database record
    DEPTH_MAX = 32,
    META_VERSION = 1,
    SUMS_HEADER_BYTES = 24,
    SMALL_FILE_BYTES = 64 << 20,
};
static const char sums_magic[8] = {'P', 'A', 'L', 'M', 'S', 'U', 'M', '1'};
static const uint32_t meta_magic = 0xBEEFC0DE;

struct database_record {
    uint32_t pad; // in the record of free pages: the size of a page
    uint16_t flags, depth;
    uint64_t branch_pages, leaf_pages, overflow_pages, entries, root;
};
struct meta_record {
    uint32_t magic, version;
    uint64_t address, map_bytes;
    struct database_record free, main;
    uint64_t last_page, txn_id;
};
static const uint64_t no_page = UINT64_MAX;

struct page_header {
    uint64_t number;
    uint16_t pad, flags;
    union {
        struct {
            uint16_t lower, upper;
        };
        uint32_t overflow_count;
    };
};
struct node {
    uint32_t size; // of the value
    uint16_t flags;
    uint64_t child; // of a branch node
    struct str key, value;
};

struct checker {
    const char *map;
    size_t bytes, page_bytes;
    uint64_t pages;      // counted by the meta record
    uint64_t file_pages; // that the file has: the last ones may be missing while they are free
    uint8_t *seen;       // one bit per page
    const char *database;
    struct err *err;
    const struct page_sums *sums; // to compare with; NULL: none
    const uint8_t *older_seen;    // the sums are of the transaction before: its pages, checked; others are new
    uint64_t older_pages;
    bool only_paths; // leaves of databases are not looked into
};

// The tree being walked: what it has so far, to compare with its record.
struct walk {
    struct checker *c;
    const struct database_record *record;
    bool numbers; // keys are native 64-bit numbers: the tree of free pages
    struct database_record counted;
    int (*leaf)(struct walk *w, const struct node *n);
};

static int damaged(struct checker *c, uint64_t page, const char *what)
{
    err_set(c->err, ERR_DATA_CORRUPTED, "data.mdb is damaged: page %llu%s%s: %s", (unsigned long long)page,
            c->database != NULL ? " of database " : "", c->database != NULL ? c->database : "", what);
    return err_hint(c->err, "Restore the store from a backup; its files have been changed or the disk is failing.");
}

static const char *bytes_of(const struct checker *c, uint64_t page)
{
    return c->map + page * c->page_bytes;
}

// Never 0, which stands for no checksum.
static uint32_t page_crc(const struct checker *c, uint64_t page)
{
    uint32_t crc = crc32c(0, bytes_of(c, page), c->page_bytes);
    return crc != 0 ? crc : 1;
}

static int check_sum(struct checker *c, uint64_t page)
{
    if (c->sums == NULL)
        return 0;
    if (c->older_seen != NULL && (page >= c->older_pages || (c->older_seen[page / 8] & 1 << page % 8) == 0))
        return 0; // written by the transaction whose sums are missing
    if (page >= c->sums->n || c->sums->crc[page] == 0)
        return damaged(c, page, "has no checksum");
    return c->sums->crc[page] == page_crc(c, page) ? 0 : damaged(c, page, "does not have its checksum");
}

// LMDB counts pages that a transaction took and gave back, and does not write them: at the end they make no file.
enum { UNWRITTEN_PAGES_MAX = 1 << 20 };

static int count_pages(struct checker *c, const struct meta_record *meta)
{
    c->file_pages = c->bytes / c->page_bytes;
    if (meta->last_page < 1 || meta->last_page >= c->file_pages + UNWRITTEN_PAGES_MAX)
        return damaged(c, meta->txn_id & 1, "counts more pages than there can be");
    c->pages = meta->last_page + 1;
    return 0;
}

static int in_file(struct checker *c, uint64_t page, uint64_t count)
{
    if (page < 2 || page >= c->pages)
        return damaged(c, page, "is out of bounds");
    return page + count <= c->file_pages ? 0 : damaged(c, page, "is beyond the end of the file");
}

static int mark(struct checker *c, uint64_t page)
{
    if (page < 2 || page >= c->pages)
        return damaged(c, page, "is out of bounds");
    if ((c->seen[page / 8] & 1 << page % 8) != 0)
        return damaged(c, page, "is used twice");
    c->seen[page / 8] |= (uint8_t)(1 << page % 8);
    return 0;
}

// ---- nodes

static uint32_t node_count(const struct page_header *h)
{
    return (uint32_t)(h->lower - PAGE_HEADER_BYTES) / 2;
}

static int read_node(struct checker *c, uint64_t page, const struct page_header *h, uint32_t i, struct node *out)
{
    uint16_t at, part[4];
    const char *p = bytes_of(c, page);
    memcpy(&at, p + PAGE_HEADER_BYTES + i * 2, sizeof(at));
    if (at < h->upper || at % 2 != 0 || (size_t)at + NODE_HEADER_BYTES > c->page_bytes)
        return damaged(c, page, "a node is out of bounds");
    memcpy(part, p + at, sizeof(part)); // low and high half of size or child, flags, key length
    bool branch = (h->flags & PAGE_BRANCH) != 0;
    out->size = part[0] | (uint32_t)part[1] << 16;
    out->child = out->size | (uint64_t)part[2] << 32;
    out->flags = part[2];
    out->key = (struct str){p + at + NODE_HEADER_BYTES, part[3]};
    out->value = (struct str){out->key.ptr + part[3], out->size};
    size_t stored = branch ? 0 : (out->flags & NODE_BIG) != 0 ? sizeof(uint64_t) : out->size;
    if ((size_t)at + NODE_HEADER_BYTES + part[3] + stored > c->page_bytes)
        return damaged(c, page, "a node reaches beyond its page");
    return 0;
}

static int compare_keys(const struct walk *w, struct str a, struct str b)
{
    uint64_t x, y;
    if (!w->numbers)
        return str_cmp(a, b);
    memcpy(&x, a.ptr, sizeof(x));
    memcpy(&y, b.ptr, sizeof(y));
    return (x > y) - (x < y);
}

// The value of a big node lies in a run of pages; only the first has a header.
static int read_overflow(struct walk *w, struct node *n)
{
    struct checker *c = w->c;
    struct page_header h;
    uint64_t page;
    memcpy(&page, n->value.ptr, sizeof(page));
    TRY(in_file(c, page, 1));
    memcpy(&h, bytes_of(c, page), sizeof(h));
    uint64_t needed = (PAGE_HEADER_BYTES - 1 + (uint64_t)n->size) / c->page_bytes + 1, count = h.overflow_count;
    // A shorter value may have taken the place of a longer one.
    if (h.number != page || h.flags != PAGE_OVERFLOW || count < needed || count > c->pages - page)
        return damaged(c, page, "is not the overflow page it should be");
    TRY(in_file(c, page, count));
    for (uint64_t i = 0; i < count; i++) {
        TRY(mark(c, page + i));
        TRY(check_sum(c, page + i));
    }
    w->counted.overflow_pages += count;
    n->value.ptr = bytes_of(c, page) + PAGE_HEADER_BYTES;
    return 0;
}

// ---- trees

struct bounds {
    struct str low, high; // ptr NULL: none
};

static int check_order(struct walk *w, uint64_t page, struct str key, const struct bounds *b, struct str before)
{
    if (w->numbers && key.len != sizeof(uint64_t))
        return damaged(w->c, page, "a key is not a number");
    if ((before.ptr != NULL && compare_keys(w, before, key) >= 0) ||
        (b->low.ptr != NULL && compare_keys(w, key, b->low) < 0) ||
        (b->high.ptr != NULL && compare_keys(w, key, b->high) >= 0))
        return damaged(w->c, page, "keys are out of order");
    return 0;
}

static int check_page(struct walk *w, uint64_t page, uint32_t level, struct bounds b);

static int check_children(struct walk *w, uint64_t page, const struct page_header *h, uint32_t level, struct bounds b)
{
    uint32_t n = node_count(h);
    struct node node, next;
    struct str before = STR_NONE;
    w->counted.branch_pages++;
    TRY(read_node(w->c, page, h, 0, &node));
    for (uint32_t i = 0; i < n; i++) {
        struct bounds inner = {i == 0 ? b.low : node.key, b.high};
        if (i > 0)
            TRY(check_order(w, page, node.key, &b, before));
        if (i + 1 < n) {
            TRY(read_node(w->c, page, h, i + 1, &next));
            if (w->numbers && next.key.len != sizeof(uint64_t))
                return damaged(w->c, page, "a key is not a number");
            inner.high = next.key;
        }
        TRY(check_page(w, node.child, level + 1, inner));
        before = i > 0 ? node.key : STR_NONE;
        node = next;
    }
    return 0;
}

static int check_leaf(struct walk *w, uint64_t page, const struct page_header *h, const struct bounds *b)
{
    struct str before = STR_NONE;
    w->counted.leaf_pages++;
    w->counted.entries += node_count(h);
    for (uint32_t i = 0; i < node_count(h); i++) {
        struct node n;
        TRY(read_node(w->c, page, h, i, &n));
        TRY(check_order(w, page, n.key, b, before));
        before = n.key;
        if ((n.flags & NODE_BIG) != 0)
            TRY(read_overflow(w, &n));
        if ((n.flags & ~(NODE_BIG | NODE_DATABASE)) != 0)
            return damaged(w->c, page, "a node has unknown flags");
        TRY(w->leaf(w, &n));
    }
    return 0;
}

static int check_page(struct walk *w, uint64_t page, uint32_t level, struct bounds b)
{
    struct page_header h;
    struct checker *c = w->c;
    TRY(mark(c, page));
    TRY(in_file(c, page, 1));
    if (c->only_paths && c->database != NULL && level == w->record->depth) {
        w->counted.leaf_pages++;
        return 0;
    }
    TRY(check_sum(c, page));
    memcpy(&h, bytes_of(c, page), sizeof(h));
    if (h.number != page)
        return damaged(c, page, "holds another page");
    if ((h.flags != PAGE_BRANCH && h.flags != PAGE_LEAF) || h.lower < PAGE_HEADER_BYTES || h.lower % 2 != 0 ||
        h.lower > h.upper || h.upper > c->page_bytes)
        return damaged(c, page, "has a damaged header");
    bool leaf = h.flags == PAGE_LEAF;
    if (leaf != (level == w->record->depth) || (!leaf && node_count(&h) < 2))
        return damaged(c, page, "is at the wrong level of its tree");
    return leaf ? check_leaf(w, page, &h, &b) : check_children(w, page, &h, level, b);
}

static int check_tree(struct checker *c, const struct database_record *record, bool numbers,
                      int (*leaf)(struct walk *w, const struct node *n))
{
    struct walk w = {.c = c, .record = record, .numbers = numbers, .leaf = leaf};
    if (record->root == no_page)
        return record->entries == 0 && record->depth == 0 ? 0 : damaged(c, 0, "a database has no root");
    if (record->depth == 0 || record->depth > DEPTH_MAX)
        return damaged(c, record->root, "a database has an impossible depth");
    TRY(check_page(&w, record->root, 1, (struct bounds){STR_NONE, STR_NONE}));
    if (w.counted.branch_pages != record->branch_pages || w.counted.leaf_pages != record->leaf_pages ||
        ((w.counted.overflow_pages != record->overflow_pages || w.counted.entries != record->entries) &&
         (!c->only_paths || c->database == NULL)))
        return damaged(c, record->root, "a database does not have the pages or entries it should have");
    return 0;
}

static int any_value(struct walk *w, const struct node *n)
{
    return (n->flags & NODE_DATABASE) == 0 ? 0 : damaged(w->c, 0, "a database stands within another");
}

// A value of the main tree is a database.
static int check_database(struct walk *w, const struct node *n)
{
    struct database_record record;
    char name[64];
    if ((n->flags & NODE_DATABASE) == 0 || n->value.len != sizeof(record) || n->key.len >= sizeof(name))
        return damaged(w->c, 0, "the main database holds something else than databases");
    memcpy(&record, n->value.ptr, sizeof(record));
    memcpy(name, n->key.ptr, n->key.len);
    name[n->key.len] = '\0';
    if (record.flags != 0)
        return damaged(w->c, 0, "a database has unknown flags");
    w->c->database = name;
    int rc = check_tree(w->c, &record, false, any_value);
    w->c->database = NULL;
    return rc;
}

// A value of the tree of free pages is a count and as many page numbers.
static int check_free_pages(struct walk *w, const struct node *n)
{
    uint64_t count, page;
    if ((n->flags & NODE_DATABASE) != 0 || n->value.len < sizeof(count))
        return damaged(w->c, 0, "the list of free pages is damaged");
    memcpy(&count, n->value.ptr, sizeof(count));
    if (count > n->value.len / sizeof(page) - 1)
        return damaged(w->c, 0, "the list of free pages is damaged");
    for (uint64_t i = 0; i < count; i++) {
        memcpy(&page, n->value.ptr + (i + 1) * sizeof(page), sizeof(page));
        TRY(mark(w->c, page));
    }
    return 0;
}

// ---- the file

static int read_meta(struct checker *c, uint64_t page, struct meta_record *out)
{
    struct page_header h;
    if (c->bytes < (page + 1) * c->page_bytes)
        return damaged(c, page, "is missing");
    memcpy(&h, bytes_of(c, page), sizeof(h));
    memcpy(out, bytes_of(c, page) + PAGE_HEADER_BYTES, sizeof(*out));
    if (h.number != page || h.flags != PAGE_META || out->magic != meta_magic || out->version != META_VERSION)
        return damaged(c, page, "is not a meta page");
    return 0;
}

static int check_metas(struct checker *c, struct meta_record out[2])
{
    c->page_bytes = 512; // until the first page says
    TRY(read_meta(c, 0, &out[0]));
    uint32_t page_bytes = out[0].free.pad;
    if (page_bytes < 512 || page_bytes > 65536 || (page_bytes & (page_bytes - 1)) != 0)
        return damaged(c, 0, "gives an impossible size of pages");
    c->page_bytes = page_bytes;
    TRY(read_meta(c, 1, &out[1]));
    return out[1].free.pad == page_bytes ? 0 : damaged(c, 1, "gives another size of pages");
}

static int check_meta_sum(struct checker *c, const struct meta_record *meta)
{
    uint64_t page = meta->txn_id & 1;
    if (c->sums == NULL || c->sums->txn_id != meta->txn_id)
        return 0;
    return c->sums->crc[page] == page_crc(c, page) ? 0 : damaged(c, page, "does not have its checksum");
}

// The trees of one meta record.
static int check_trees(struct checker *c, const struct meta_record *meta)
{
    TRY(count_pages(c, meta));
    c->seen = mem_zalloc((size_t)c->pages / 8 + 1);
    TRY(check_meta_sum(c, meta));
    TRY(check_tree(c, &meta->free, true, check_free_pages));
    return check_tree(c, &meta->main, false, check_database);
}

// The sums are one transaction behind: the tree they are of has to be whole, the newer one may have pages of its own.
static int check_newer(struct checker *c, const struct meta_record *older, const struct meta_record *newer)
{
    bool only_paths = c->only_paths;
    c->only_paths = false;
    int rc = check_trees(c, older);
    uint8_t *seen = c->seen;
    // Free pages were marked too: what the newer transaction took from them is new.
    struct checker next = *c;
    next.seen = NULL;
    next.only_paths = only_paths;
    for (uint64_t i = 0; rc == 0 && i < c->pages && i < c->sums->n; i++) {
        if (c->sums->crc[i] == 0)
            seen[i / 8] &= (uint8_t) ~(1 << i % 8);
    }
    next.older_seen = seen;
    next.older_pages = c->pages;
    if (rc == 0)
        rc = check_trees(&next, newer);
    mem_free(next.seen);
    return rc;
}

static int check_file(struct checker *c)
{
    struct meta_record meta[2];
    TRY(check_metas(c, meta));
    unsigned newest = meta[1].txn_id > meta[0].txn_id;
    if (c->sums == NULL || meta[newest].txn_id == c->sums->txn_id)
        return check_trees(c, &meta[newest]);
    if (meta[newest].txn_id == c->sums->txn_id + 1 && meta[!newest].txn_id == c->sums->txn_id)
        return check_newer(c, &meta[!newest], &meta[newest]);
    return damaged(c, newest, "is not of the transaction that data.sum is of");
}

// Maps the file. *bytes 0: it is empty.
static int map_file(const char *path, const char **map, size_t *bytes)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC), error = 0;
    *map = NULL;
    *bytes = 0;
    if (fd < 0)
        return errno;
    if (fstat(fd, &st) != 0)
        error = errno;
    else if (st.st_size > 0) {
        void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
        error = p == MAP_FAILED ? errno : 0;
        *map = error == 0 ? p : NULL;
        *bytes = error == 0 ? (size_t)st.st_size : 0;
    }
    close(fd);
    return error;
}

static void unmap_file(const char *map, size_t bytes)
{
    if (map != NULL)
        munmap((void *)map, bytes);
}

int pages_check(const char *path, const struct page_sums *sums, enum pages_extent extent, struct err *err)
{
    struct checker c = {.err = err, .sums = sums->txn_id != 0 ? sums : NULL};
    int rc = map_file(path, &c.map, &c.bytes);
    if (rc != 0)
        return err_set(err, ERR_IO_ERROR, "could not read \"%s\": %s", path, strerror(rc));
    c.only_paths = extent == PAGES_AS_SMALL && c.bytes > SMALL_FILE_BYTES;
    rc = check_file(&c);
    mem_free(c.seen);
    unmap_file(c.map, c.bytes);
    return rc;
}

// ---- checksums

void page_sums_release(struct page_sums *s)
{
    mem_free(s->crc);
    *s = (struct page_sums){0};
}

static void sums_path(const char *dir, const char *name, char *out, size_t size)
{
    snprintf(out, size, "%s/%s", dir, name);
}

static int sums_damaged(const char *path, struct err *err)
{
    err_set(err, ERR_DATA_CORRUPTED, "\"%s\" is damaged", path);
    return err_hint(err, "Restore the store from a backup; its files have been changed or the disk is failing.");
}

static bool decode_sums(struct page_sums *s, struct str bytes)
{
    uint32_t crc;
    if (bytes.len < SUMS_HEADER_BYTES + sizeof(crc) || memcmp(bytes.ptr, sums_magic, sizeof(sums_magic)) != 0)
        return false;
    size_t body = bytes.len - sizeof(crc);
    memcpy(&crc, bytes.ptr + body, sizeof(crc));
    memcpy(&s->txn_id, bytes.ptr + 8, 8);
    memcpy(&s->n, bytes.ptr + 16, 8);
    if (crc != crc32c(0, bytes.ptr, body) || s->n != (body - SUMS_HEADER_BYTES) / 4 || s->n < 2 || s->txn_id == 0)
        return false;
    s->crc = mem_alloc(size_mul(s->n, sizeof(uint32_t)));
    memcpy(s->crc, bytes.ptr + SUMS_HEADER_BYTES, s->n * sizeof(uint32_t));
    return true;
}

int page_sums_load(struct page_sums *s, const struct os *os, const char *dir, struct err *err)
{
    char path[4200];
    struct os_file *file;
    struct buf bytes = BUF_INIT;
    uint64_t size = 0;
    size_t got = 0;
    *s = (struct page_sums){0};
    sums_path(dir, "data.sum", path, sizeof(path));
    int rc = os->open(os, path, OS_OPEN_READ_ONLY, &file);
    if (rc == ENOENT)
        return 0;
    if (rc == 0) {
        rc = os->size(file, &size);
        buf_reserve(&bytes, (size_t)size + 1);
        if (rc == 0)
            rc = os->read_at(file, bytes.ptr, (size_t)size, 0, &got);
        bytes.len = got;
        os->close(file);
    }
    bool ok = rc == 0 && decode_sums(s, buf_view(&bytes));
    buf_release(&bytes);
    if (rc != 0)
        return err_set(err, ERR_IO_ERROR, "could not read \"%s\": %s", path, strerror(rc));
    if (!ok)
        page_sums_release(s);
    return ok ? 0 : sums_damaged(path, err);
}

static int write_sums(const struct page_sums *s, const struct os *os, const char *dir)
{
    char path[4200], temporary[4200];
    struct os_file *file;
    struct buf bytes = BUF_INIT;
    sums_path(dir, "data.sum", path, sizeof(path));
    sums_path(dir, "data.sum.new", temporary, sizeof(temporary));
    buf_append(&bytes, sums_magic, sizeof(sums_magic));
    buf_append(&bytes, &s->txn_id, 8);
    buf_append(&bytes, &s->n, 8);
    buf_append(&bytes, s->crc, s->n * sizeof(uint32_t));
    uint32_t crc = crc32c(0, bytes.ptr, bytes.len);
    buf_append(&bytes, &crc, sizeof(crc));
    int rc = os->open(os, temporary, OS_OPEN_CREATE | OS_OPEN_TRUNCATE, &file);
    if (rc == 0) {
        rc = os->write_at(file, bytes.ptr, bytes.len, 0);
        if (rc == 0)
            rc = os->sync(file);
        os->close(file);
    }
    buf_release(&bytes);
    if (rc == 0)
        rc = os->rename(os, temporary, path);
    return rc == 0 ? os->sync_dir(os, dir) : rc;
}

// A walk that gives sums to pages that have none. LMDB has just written them: their structure is taken as it is.
struct summing {
    struct checker c;
    struct page_sums *sums;
};

static void sum_tree(struct summing *m, const struct database_record *record, bool is_main);

static void sum_value(struct summing *m, const struct node *n, bool is_main)
{
    struct str value = n->value;
    if ((n->flags & NODE_BIG) != 0) {
        struct page_header h;
        uint64_t page;
        memcpy(&page, n->value.ptr, sizeof(page));
        if (page >= m->c.file_pages)
            return;
        memcpy(&h, bytes_of(&m->c, page), sizeof(h));
        for (uint64_t i = 0; i < h.overflow_count && page + i < MIN(m->c.pages, m->c.file_pages); i++)
            m->sums->crc[page + i] = page_crc(&m->c, page + i);
        value.ptr = bytes_of(&m->c, page) + PAGE_HEADER_BYTES;
    }
    if (is_main) {
        struct database_record inner;
        memcpy(&inner, value.ptr, sizeof(inner));
        sum_tree(m, &inner, false);
    }
}

static void sum_page(struct summing *m, uint64_t page, bool is_main)
{
    struct page_header h;
    struct node n;
    if (page >= MIN(m->c.pages, m->c.file_pages) ||
        m->sums->crc[page] != 0) // in use before: unchanged, and so is all below it
        return;
    m->sums->crc[page] = page_crc(&m->c, page);
    memcpy(&h, bytes_of(&m->c, page), sizeof(h));
    for (uint32_t i = 0; i < node_count(&h); i++) {
        if (read_node(&m->c, page, &h, i, &n) != 0)
            return; // the next check finds it
        if ((h.flags & PAGE_BRANCH) != 0)
            sum_page(m, n.child, is_main);
        else
            sum_value(m, &n, is_main);
    }
}

static void sum_tree(struct summing *m, const struct database_record *record, bool is_main)
{
    if (record->root != no_page)
        sum_page(m, record->root, is_main);
}

// Free pages lose their sums: they will be used for something else.
static int forget_free(struct walk *w, const struct node *n)
{
    struct summing *m = (struct summing *)w->c;
    uint64_t count, page;
    memcpy(&count, n->value.ptr, sizeof(count));
    for (uint64_t i = 0; i < count && (i + 2) * sizeof(page) <= n->value.len; i++) {
        memcpy(&page, n->value.ptr + (i + 1) * sizeof(page), sizeof(page));
        if (page < m->sums->n)
            m->sums->crc[page] = 0;
    }
    return 0;
}

static void resize_sums(struct page_sums *s, uint64_t n)
{
    s->crc = mem_realloc(s->crc, size_mul(n, sizeof(uint32_t)));
    for (uint64_t i = s->n; i < n; i++)
        s->crc[i] = 0;
    s->n = n;
}

// Returns an SQLSTATE when the file makes no sense.
static int sum_file(struct summing *m)
{
    struct meta_record meta[2];
    TRY(check_metas(&m->c, meta));
    const struct meta_record *newest = &meta[meta[1].txn_id > meta[0].txn_id];
    TRY(count_pages(&m->c, newest));
    if (m->sums->txn_id == newest->txn_id)
        return 0;
    if (m->sums->txn_id + 1 != newest->txn_id) // nothing is known of what was in use before
        m->sums->n = 0;
    resize_sums(m->sums, m->c.pages);
    m->c.seen = mem_zalloc((size_t)m->c.pages / 8 + 1);
    int rc = check_tree(&m->c, &newest->free, true, forget_free);
    if (rc != 0)
        return rc;
    sum_tree(m, &newest->free, false);
    sum_tree(m, &newest->main, true);
    m->sums->txn_id = newest->txn_id;
    m->sums->crc[newest->txn_id & 1] = page_crc(&m->c, newest->txn_id & 1);
    return 0;
}

int page_sums_update(struct page_sums *s, const struct os *os, const char *dir, const char *data_path)
{
    struct summing m = {.sums = s};
    uint64_t before = s->txn_id;
    int rc = map_file(data_path, &m.c.map, &m.c.bytes);
    if (rc != 0)
        return rc;
    rc = sum_file(&m) == 0 ? 0 : EIO;
    mem_free(m.c.seen);
    unmap_file(m.c.map, m.c.bytes);
    return rc == 0 && s->txn_id != before ? write_sums(s, os, dir) : rc;
}
