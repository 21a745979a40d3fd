// LTREE: paths above and below each other, parts of paths.
#include "sql/functions/functions_int.h"
#include "types/array.h"
#include "types/ltree.h"

// ---- above and below

BODY(contains)
{
    return fn_return_bool(out, ltree_contains(args[0].s, args[1].s));
}
BODY(contained_by)
{
    return fn_return_bool(out, ltree_contains(args[1].s, args[0].s));
}

static int any(struct str paths, struct str path, bool above, struct datum *out)
{
    struct array array = array_open(type_array_of(T_LTREE), paths);
    bool found = false;
    for (uint32_t i = 0; i < array.count && !found; i++) {
        struct datum d = array_get(&array, i);
        found = !d.null && (above ? ltree_contains(d.s, path) : ltree_contains(path, d.s));
    }
    return fn_return_bool(out, found);
}
BODY(any_contains)
{
    return any(args[0].s, args[1].s, true, out);
}
BODY(contained_by_any)
{
    return any(args[1].s, args[0].s, true, out);
}
BODY(any_contained_by)
{
    return any(args[0].s, args[1].s, false, out);
}
BODY(contains_any)
{
    return any(args[1].s, args[0].s, false, out);
}

// ---- parts

BODY(concat)
{
    uint32_t levels = ltree_levels(args[0].s) + ltree_levels(args[1].s);
    if (levels > LTREE_LABELS_MAX)
        return err_set(err, ERR_PROGRAM_LIMIT_EXCEEDED, "number of ltree labels (%u) exceeds the maximum allowed (%d)",
                       levels, LTREE_LABELS_MAX);
    return fn_return_str(out, ltree_concat(ec->arena, args[0].s, args[1].s));
}
BODY(concat_text)
{
    struct datum both[2] = {args[0]};
    TRY(ltree_parse(ec->arena, args[1].s, &both[1].s, err));
    return concat(ec, both, n_args, out, err);
}
BODY(text_concat)
{
    struct datum both[2] = {[1] = args[1]};
    TRY(ltree_parse(ec->arena, args[0].s, &both[0].s, err));
    return concat(ec, both, n_args, out, err);
}

BODY(levels)
{
    return fn_return_int(out, ltree_levels(args[0].s));
}

static int slice(struct str path, int64_t from, int64_t to, struct datum *out, struct err *err)
{
    uint32_t n = ltree_levels(path);
    if (from < 0 || to < 0 || from >= n || from > to)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "invalid positions");
    return fn_return_str(out, ltree_slice(path, (uint32_t)from, (uint32_t)MIN(to, (int64_t)n)));
}

BODY(subltree)
{
    return slice(args[0].s, args[1].i, args[2].i, out, err);
}

BODY(subpath)
{
    int64_t n = ltree_levels(args[0].s), from = MAX(MIN(args[1].i, INT32_MAX), INT32_MIN), to = n;
    if (from < 0)
        from += n;
    if (n_args > 2)
        to = args[2].i < 0 ? n + MAX(args[2].i, INT32_MIN) : from + MIN(args[2].i, INT32_MAX);
    return slice(args[0].s, from, to, out, err);
}

BODY(path_index)
{
    int64_t n = ltree_levels(args[0].s), m = ltree_levels(args[1].s), from = n_args > 2 ? args[2].i : 0;
    if (from < 0)
        from = from <= -n ? 0 : from + n;
    if (m == 0 || from >= n)
        return fn_return_int(out, -1);
    struct str rest = ltree_slice(args[0].s, (uint32_t)from, (uint32_t)n);
    for (int64_t i = from; i + m <= n; i++) { // `rest` begins with label i
        if (ltree_contains(args[1].s, rest))
            return fn_return_int(out, i);
        const char *separator = memchr(rest.ptr, LTREE_SEPARATOR, rest.len);
        rest = separator == NULL ? STR_EMPTY : str_slice(rest, (size_t)(separator - rest.ptr) + 1, rest.len);
    }
    return fn_return_int(out, -1);
}

// ---- common ancestors: shorter than each of the paths

static uint32_t common_levels(struct str x, struct str y, uint32_t most)
{
    uint32_t n = 0;
    for (size_t i = 0; n < most; i++) {
        bool x_ends = i == x.len || x.ptr[i] == LTREE_SEPARATOR, y_ends = i == y.len || y.ptr[i] == LTREE_SEPARATOR;
        if (x_ends && y_ends)
            n++;
        else if (x_ends || y_ends || x.ptr[i] != y.ptr[i])
            break;
        if (i == x.len || i == y.len)
            break;
    }
    return n;
}

static int ancestor_of(const struct datum *paths, uint32_t n, struct datum *out)
{
    uint32_t common = LTREE_LABELS_MAX;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t levels = paths[i].null ? 0 : ltree_levels(paths[i].s);
        if (levels == 0)
            return fn_return_null(out);
        common = common_levels(paths[0].s, paths[i].s, MIN(common, levels - 1));
    }
    return n == 0 ? fn_return_null(out) : fn_return_str(out, ltree_slice(paths[0].s, 0, common));
}

BODY(common_ancestor)
{
    return ancestor_of(args, (uint32_t)n_args, out);
}
BODY(common_ancestor_of_array)
{
    struct array array = array_open(type_array_of(T_LTREE), args[0].s);
    struct datum *paths = ARENA_ARRAY(ec->arena, struct datum, array.count);
    for (uint32_t i = 0; i < array.count; i++)
        paths[i] = array_get(&array, i);
    return ancestor_of(paths, array.count, out);
}

// ---- text

BODY(from_text)
{
    *out = (struct datum){0};
    return ltree_parse(ec->arena, args[0].s, &out->s, err);
}
BODY(to_text)
{
    struct buf b = BUF_INIT;
    datum_print(&b, T_LTREE, args[0], ec->vc);
    return fn_return_buf(ec, &b, out, err);
}

static const struct fn_row rows[] = {
#include "sql/functions/ltree.def"
};
const struct fn_family fn_family_ltree = {"LTREE", rows, ARRAY_LEN(rows)};
