// Edits of JSON values: each walks down a path and rebuilds the containers on it.
#include "types/json_int.h"

enum edit_kind { EDIT_DELETE, EDIT_SET, EDIT_INSERT };

struct edit {
    enum edit_kind kind;
    const struct str *path;
    size_t n;
    struct str value;
    bool create_missing; // EDIT_SET
    bool after;          // EDIT_INSERT
    struct err *err;
};

static int invalid(struct err *err, const char *text)
{
    return err_set(err, ERR_INVALID_PARAMETER_VALUE, "%s", text);
}

static int step_index(const struct edit *e, size_t depth, int64_t *out)
{
    struct str step = e->path[depth];
    if (str_to_i64(step, out) && *out >= INT32_MIN && *out <= INT32_MAX)
        return 0;
    return err_set(e->err, ERR_INVALID_TEXT_REPRESENTATION, "path element at position %zu is not an integer: \"%.*s\"",
                   depth + 1, STR_FMT(step));
}

static int edit_value(const struct edit *e, struct json_builder *b, struct str j, size_t depth);

static int edit_object(const struct edit *e, struct json_builder *b, struct str j, size_t depth)
{
    uint32_t n = json_count(j);
    bool last = depth + 1 == e->n, found = false;
    json_begin_object(b);
    for (uint32_t i = 0; i < n; i++) {
        struct str key, value;
        json_pair_at(j, i, &key, &value);
        bool here = str_eq(key, e->path[depth]);
        found |= here;
        if (here && last && e->kind == EDIT_DELETE)
            continue;
        if (here && last && e->kind == EDIT_INSERT)
            return invalid(e->err, "cannot replace existing key");
        json_key(b, key);
        if (here && last)
            json_add_value(b, e->value);
        else if (here)
            TRY(edit_value(e, b, value, depth + 1));
        else
            json_add_value(b, value);
    }
    if (!found && last && (e->kind == EDIT_INSERT || (e->kind == EDIT_SET && e->create_missing))) {
        json_key(b, e->path[depth]);
        json_add_value(b, e->value);
    }
    json_end(b);
    return 0;
}

static int edit_array(const struct edit *e, struct json_builder *b, struct str j, size_t depth)
{
    int64_t n = json_count(j), index;
    bool last = depth + 1 == e->n, adds = e->kind == EDIT_INSERT || (e->kind == EDIT_SET && e->create_missing);
    TRY(step_index(e, depth, &index));
    if (index < 0)
        index += n;
    bool missing = index < 0 || index >= n;
    json_begin_array(b);
    if (missing && last && adds && index < 0)
        json_add_value(b, e->value);
    for (int64_t i = 0; i < n; i++) {
        struct str item = json_at(j, (uint32_t)i);
        if (i != index) {
            json_add_value(b, item);
        } else if (!last) {
            TRY(edit_value(e, b, item, depth + 1));
        } else if (e->kind == EDIT_SET) {
            json_add_value(b, e->value);
        } else if (e->kind == EDIT_INSERT) {
            json_add_value(b, e->after ? item : e->value);
            json_add_value(b, e->after ? e->value : item);
        }
    }
    if (missing && last && adds && index >= n)
        json_add_value(b, e->value);
    json_end(b);
    return 0;
}

static int edit_value(const struct edit *e, struct json_builder *b, struct str j, size_t depth)
{
    switch (json_kind(j)) {
    case JSON_OBJECT:
        return edit_object(e, b, j, depth);
    case JSON_ARRAY:
        return edit_array(e, b, j, depth);
    default:
        json_add_value(b, j); // the path leads nowhere
        return 0;
    }
}

static int run_edit(const struct edit *e, struct arena *a, struct str j, struct str *out)
{
    if (!json_is_container(j))
        return invalid(e->err, e->kind == EDIT_DELETE ? "cannot delete path in scalar" : "cannot set path in scalar");
    if (e->n == 0) {
        *out = j;
        return 0;
    }
    struct json_builder b;
    json_builder_init(&b);
    int rc = edit_value(e, &b, j, 0);
    if (rc == 0)
        return json_builder_finish(&b, a, out, e->err);
    json_builder_release(&b);
    return rc;
}

int json_delete_path(struct arena *a, struct str j, const struct str *path, size_t n, struct str *out, struct err *err)
{
    struct edit e = {.kind = EDIT_DELETE, .path = path, .n = n, .err = err};
    return run_edit(&e, a, j, out);
}

int json_set_path(struct arena *a, struct str j, const struct str *path, size_t n, struct str value,
                  bool create_missing, struct str *out, struct err *err)
{
    struct edit e = {
        .kind = EDIT_SET, .path = path, .n = n, .value = value, .create_missing = create_missing, .err = err};
    return run_edit(&e, a, j, out);
}

int json_insert_path(struct arena *a, struct str j, const struct str *path, size_t n, struct str value, bool after,
                     struct str *out, struct err *err)
{
    struct edit e = {.kind = EDIT_INSERT, .path = path, .n = n, .value = value, .after = after, .err = err};
    return run_edit(&e, a, j, out);
}

// --- whole values -------------------------------------------------------------------------------------------------

static void add_items(struct json_builder *b, struct str j)
{
    uint32_t n = json_count(j);
    if (json_kind(j) != JSON_ARRAY) {
        json_add_value(b, j);
        return;
    }
    for (uint32_t i = 0; i < n; i++)
        json_add_value(b, json_at(j, i));
}

static void add_pairs(struct json_builder *b, struct str j)
{
    uint32_t n = json_count(j);
    for (uint32_t i = 0; i < n; i++) {
        struct str key, value;
        json_pair_at(j, i, &key, &value);
        json_key(b, key);
        json_add_value(b, value);
    }
}

int json_concat(struct arena *a, struct str x, struct str y, struct str *out, struct err *err)
{
    bool x_object = json_kind(x) == JSON_OBJECT, y_object = json_kind(y) == JSON_OBJECT;
    if ((x_object && !json_is_container(y)) || (y_object && !json_is_container(x)))
        return invalid(err, "invalid concatenation of jsonb objects");
    struct json_builder b;
    json_builder_init(&b);
    if (x_object && y_object) {
        json_begin_object(&b);
        add_pairs(&b, x);
        add_pairs(&b, y);
    } else {
        json_begin_array(&b);
        add_items(&b, x);
        add_items(&b, y);
    }
    json_end(&b);
    return json_builder_finish(&b, a, out, err);
}

int json_delete_key(struct arena *a, struct str j, struct str key, struct str *out, struct err *err)
{
    if (!json_is_container(j))
        return invalid(err, "cannot delete from scalar");
    uint32_t n = json_count(j);
    struct json_builder b;
    json_builder_init(&b);
    if (json_kind(j) == JSON_OBJECT) {
        json_begin_object(&b);
        for (uint32_t i = 0; i < n; i++) {
            struct str k, value;
            json_pair_at(j, i, &k, &value);
            if (str_eq(k, key))
                continue;
            json_key(&b, k);
            json_add_value(&b, value);
        }
    } else {
        json_begin_array(&b);
        for (uint32_t i = 0; i < n; i++) {
            struct str item = json_at(j, i);
            if (json_kind(item) != JSON_STRING || !str_eq(json_string_value(item), key))
                json_add_value(&b, item);
        }
    }
    json_end(&b);
    return json_builder_finish(&b, a, out, err);
}

int json_delete_index(struct arena *a, struct str j, int64_t index, struct str *out, struct err *err)
{
    if (json_kind(j) == JSON_OBJECT)
        return invalid(err, "cannot delete from object using integer index");
    if (!json_is_container(j))
        return invalid(err, "cannot delete from scalar");
    int64_t n = json_count(j);
    if (index < 0 && index >= -n)
        index += n;
    struct json_builder b;
    json_builder_init(&b);
    json_begin_array(&b);
    for (int64_t i = 0; i < n; i++) {
        if (i != index)
            json_add_value(&b, json_at(j, (uint32_t)i));
    }
    json_end(&b);
    return json_builder_finish(&b, a, out, err);
}

static void add_stripped(struct json_builder *b, struct str j)
{
    uint32_t n = json_count(j);
    if (!json_is_container(j)) {
        json_add_value(b, j);
        return;
    }
    bool object = json_kind(j) == JSON_OBJECT;
    if (object)
        json_begin_object(b);
    else
        json_begin_array(b);
    for (uint32_t i = 0; i < n; i++) {
        struct str key, value = STR_EMPTY;
        if (object)
            json_pair_at(j, i, &key, &value);
        else
            value = json_at(j, i);
        if (object && json_kind(value) == JSON_NULL)
            continue;
        if (object)
            json_key(b, key);
        add_stripped(b, value);
    }
    json_end(b);
}

int json_strip_nulls(struct arena *a, struct str j, struct str *out, struct err *err)
{
    struct json_builder b;
    json_builder_init(&b);
    add_stripped(&b, j);
    return json_builder_finish(&b, a, out, err);
}
