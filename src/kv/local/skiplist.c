#include "kv/local/skiplist_int.h"

void skip_init(struct skiplist *list, struct arena *arena)
{
    *list = (struct skiplist){.arena = arena, .random = 0x9E3779B97F4A7C15u};
    atomic_init(&list->height, 1);
}

static inline struct skip_node *follow(skip_link *links, int level)
{
    return atomic_load_explicit(&links[level], memory_order_acquire);
}

// Goes right and down from `links` at `level`, always staying before `key`; returns the links at level 0 and, when
// `path` is given, those at every level passed. *found is the node seen there, the first not before `key`: loading the
// link again could give a smaller key inserted meanwhile.
static skip_link *descend(skip_link *links, int level, struct str key, skip_link **path, struct skip_node **found)
{
    struct skip_node *known_greater = NULL; // compared one level up already
    for (;;) {
        struct skip_node *n = follow(links, level);
        if (n != NULL && n != known_greater && str_cmp(skip_key(n), key) < 0) {
            links = n->next;
            continue;
        }
        known_greater = n;
        if (path != NULL)
            path[level] = links;
        if (level == 0) {
            *found = n;
            return links;
        }
        level--;
    }
}

static inline int top_level(struct skiplist *list)
{
    return atomic_load_explicit(&list->height, memory_order_acquire) - 1;
}

struct skip_node *skip_seek(struct skiplist *list, struct str key)
{
    struct skip_node *found;
    descend(list->head, top_level(list), key, NULL, &found);
    return found;
}

struct skip_node *skip_find(struct skiplist *list, struct str key)
{
    struct skip_node *n = skip_seek(list, key);
    return n != NULL && str_eq(skip_key(n), key) ? n : NULL;
}

static struct skip_node *node_of_links(struct skiplist *list, skip_link *links)
{
    return links == list->head ? NULL : CONTAINER_OF(links, struct skip_node, next);
}

struct skip_node *skip_before(struct skiplist *list, struct str key)
{
    struct skip_node *found;
    return node_of_links(list, descend(list->head, top_level(list), key, NULL, &found));
}

struct skip_node *skip_last(struct skiplist *list)
{
    skip_link *links = list->head;
    for (int level = top_level(list); level >= 0; level--) {
        for (struct skip_node *n; (n = follow(links, level)) != NULL;)
            links = n->next;
    }
    return node_of_links(list, links);
}

// One in four nodes reaches the next level.
static int random_height(struct skiplist *list)
{
    list->random ^= list->random << 13;
    list->random ^= list->random >> 7;
    list->random ^= list->random << 17;
    int height = 1 + __builtin_ctzll(list->random | (1ull << 62)) / 2;
    return MIN(height, (int)SKIP_HEIGHT_MAX);
}

// Fills `path` for an insertion of `key` and returns the first node not before it. After an insertion of a smaller key
// the search climbs from there only as far as needed: the links remembered above that level still enclose the key.
static struct skip_node *find_path(struct skiplist *list, struct str key, skip_link **path)
{
    struct skip_node *found;
    int top = top_level(list);
    if (list->finger == NULL || str_cmp(skip_key(list->finger), key) >= 0) {
        descend(list->head, top, key, path, &found);
        return found;
    }
    int level = 0;
    while (level < top) {
        struct skip_node *n = follow(list->finger_links[level], level);
        if (n == NULL || str_cmp(skip_key(n), key) >= 0)
            break;
        level++;
    }
    for (int i = level + 1; i <= top; i++)
        path[i] = list->finger_links[i];
    descend(list->finger_links[level], level, key, path, &found);
    return found;
}

struct skip_node *skip_find_near(struct skiplist *list, struct str key)
{
    skip_link *path[SKIP_HEIGHT_MAX];
    struct skip_node *n = find_path(list, key, path);
    return n != NULL && str_eq(skip_key(n), key) ? n : NULL;
}

struct skip_node *skip_insert(struct skiplist *list, struct str key)
{
    skip_link *path[SKIP_HEIGHT_MAX];
    struct skip_node *n = find_path(list, key, path);
    if (n != NULL && str_eq(skip_key(n), key))
        return n;
    int height = random_height(list), old_height = top_level(list) + 1;
    for (int i = old_height; i < height; i++)
        path[i] = list->head;
    INVARIANT(key.len <= UINT32_MAX);
    n = arena_alloc(list->arena, sizeof(*n) + (size_t)height * sizeof(skip_link) + key.len);
    atomic_init(&n->payload, NULL);
    n->key_len = (uint32_t)key.len;
    n->height = (uint32_t)height;
    memcpy(&n->next[height], key.ptr, key.len);
    for (int i = 0; i < height; i++)
        atomic_init(&n->next[i], atomic_load_explicit(&path[i][i], memory_order_relaxed));
    for (int i = 0; i < height; i++)
        atomic_store_explicit(&path[i][i], n, memory_order_release);
    if (height > old_height)
        atomic_store_explicit(&list->height, height, memory_order_release);
    list->count++;
    list->finger = n;
    int levels = MAX(height, old_height);
    for (int i = 0; i < levels; i++)
        list->finger_links[i] = i < height ? n->next : path[i];
    return n;
}
