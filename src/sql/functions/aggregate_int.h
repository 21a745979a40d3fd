// Row loops of aggregates' accumulate functions.
#ifndef SQL_FUNCTIONS_AGGREGATE_INT_H
#define SQL_FUNCTIONS_AGGREGATE_INT_H

#include "sql/functions/functions_int.h"

#define ACCUMULATE(name)                                                                                              \
    static int name(struct eval_context *ec, struct arena *arena, void *const *states, const struct vec *const *args, \
                    int n_args, const uint16_t *sel, uint32_t n, struct err *err)
#define RESULT(name)                                                                                             \
    static int name(struct eval_context *ec, const struct fn_overload *fn, const void *state, struct datum *out, \
                    struct err *err)
#define SAVE(name) static void name(const void *state, struct buf *out)
#define LOAD(name) static int name(struct arena *arena, void *state, struct str saved, struct err *err)

// for each live row k at position r
#define EACH_ROW(k, r) for (uint32_t k = 0, r; k < n && (r = sel != NULL ? sel[k] : k, true); k++)
// … whose first argument is not NULL
#define EACH_VALUE(k, r) \
    EACH_ROW (k, r)      \
        if (!vec_is_null(args[0], r))

// Copies a saved state of fixed size; XX001 when the length is wrong.
static inline int aggregate_read(void *to, size_t size, struct str saved, struct err *err)
{
    if (saved.len != size)
        return err_set(err, ERR_DATA_CORRUPTED, "damaged aggregate state");
    memcpy(to, saved.ptr, size);
    return 0;
}

#endif
