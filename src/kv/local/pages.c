// Checking the structure of data.mdb page by page. See pages_int.h for the format.
#include "kv/local/pages_int.h"

#include "base/err.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
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
};
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
    uint64_t pages; // in use
    uint8_t *seen;  // one bit per page
    const char *database;
    struct err *err;
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

static int mark(struct checker *c, uint64_t page)
{
    if (page < 2 || page >= c->pages)
        return damaged(c, page, "is out of bounds");
    if ((c->seen[page / 8] & 1 << page % 8) != 0)
        return damaged(c, page, "is used twice");
    c->seen[page / 8] |= (uint8_t)(1 << page % 8);
    return 0;
}

static const char *bytes_of(const struct checker *c, uint64_t page)
{
    return c->map + page * c->page_bytes;
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
    if (page < 2 || page >= c->pages)
        return damaged(c, page, "is out of bounds");
    memcpy(&h, bytes_of(c, page), sizeof(h));
    uint64_t count = (PAGE_HEADER_BYTES - 1 + (uint64_t)n->size) / c->page_bytes + 1;
    if (h.number != page || h.flags != PAGE_OVERFLOW || h.overflow_count != count || count > c->pages - page)
        return damaged(c, page, "is not the overflow page it should be");
    for (uint64_t i = 0; i < count; i++)
        TRY(mark(c, page + i));
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
        w.counted.overflow_pages != record->overflow_pages || w.counted.entries != record->entries)
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

static int check_meta(struct checker *c, struct meta_record *newest)
{
    struct meta_record meta[2];
    TRY(read_meta(c, 0, &meta[0]));
    if (meta[0].free.pad < 512 || meta[0].free.pad > 65536 || (meta[0].free.pad & (meta[0].free.pad - 1)) != 0)
        return damaged(c, 0, "gives an impossible size of pages");
    c->page_bytes = meta[0].free.pad;
    TRY(read_meta(c, 1, &meta[1]));
    *newest = meta[meta[1].txn_id > meta[0].txn_id];
    if (meta[1].free.pad != c->page_bytes || newest->last_page < 1 || newest->last_page >= c->bytes / c->page_bytes)
        return damaged(c, newest == &meta[1], "counts more pages than the file has");
    c->pages = newest->last_page + 1;
    return 0;
}

static int check_file(struct checker *c)
{
    struct meta_record meta;
    c->page_bytes = 512; // until the first page says
    TRY(check_meta(c, &meta));
    c->seen = mem_zalloc((size_t)c->pages / 8 + 1);
    int rc = check_tree(c, &meta.free, true, check_free_pages);
    if (rc == 0)
        rc = check_tree(c, &meta.main, false, check_database);
    mem_free(c->seen);
    return rc;
}

int pages_check(const char *path, struct err *err)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0) {
        int error = errno;
        if (fd >= 0)
            close(fd);
        return err_set(err, ERR_IO_ERROR, "could not read \"%s\": %s", path, strerror(error));
    }
    struct checker c = {.bytes = (size_t)st.st_size, .err = err};
    void *map = c.bytes > 0 ? mmap(NULL, c.bytes, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
    close(fd);
    if (map == MAP_FAILED)
        return err_set(err, c.bytes == 0 ? ERR_DATA_CORRUPTED : ERR_IO_ERROR, "could not map \"%s\"", path);
    c.map = map;
    int rc = check_file(&c);
    munmap(map, c.bytes);
    return rc;
}
