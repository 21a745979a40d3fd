// Loops of vector kernels. `expr` computes one row from a and b; constants (mask 0) and dense batches get loops of
// their own so that the compiler can vectorize them.
#ifndef SQL_FUNCTIONS_KERNEL_INT_H
#define SQL_FUNCTIONS_KERNEL_INT_H

#include "sql/functions/functions_int.h"

#define KERNEL_LOOP(first, last, row, a_index, b_index, expr) \
    for (uint32_t k_ = (first); k_ < (last); k_++) {          \
        uint32_t r = (row);                                   \
        const typeof(x_[0]) a = x_[a_index];                  \
        const typeof(y_[0]) b = y_[b_index];                  \
        o_[r] = (expr);                                       \
    }

// Defines a kernel of two arguments whose values live in the members xf, yf and of of their vectors.
#define KERNEL_BINARY(name, xf, yf, of, expr) KERNEL_CHECKED(name, xf, yf, of, expr, 0)

// The same for operations that can fail: `expr` sets bits of `bad` for rows that are not NULL, `fault` raises the
// error.
#define KERNEL_CHECKED(name, xf, yf, of, expr, fault)            \
    KERNEL(name)                                                 \
    {                                                            \
        uint8_t bad = 0;                                         \
        const typeof(args[0]->xf) x_ = args[0]->xf;              \
        const typeof(args[1]->yf) y_ = args[1]->yf;              \
        const typeof(out->of) o_ = out->of;                      \
        const uint32_t xm_ = args[0]->mask, ym_ = args[1]->mask; \
        if (sel != NULL)                                         \
            KERNEL_LOOP(0, n, sel[k_], r &xm_, r &ym_, expr)     \
        else if (xm_ != 0 && ym_ != 0)                           \
            KERNEL_LOOP(0, n, k_, r, r, expr)                    \
        else if (xm_ != 0)                                       \
            KERNEL_LOOP(0, n, k_, r, 0, expr)                    \
        else                                                     \
            KERNEL_LOOP(0, n, k_, 0, r &ym_, expr)               \
        return UNLIKELY(bad) ? (fault) : 0;                      \
    }

#define KERNEL_BINARY_PTR(name, xf, yf, of, expr)                           \
    KERNEL(name)                                                            \
    {                                                                       \
        for (uint32_t k = 0; k < n; k++) {                                  \
            uint32_t r = sel != NULL ? sel[k] : k;                          \
            if (out->nulls[r])                                              \
                continue; /* what a NULL's slot points to is not defined */ \
            const typeof(args[0]->xf) a = &args[0]->xf[r & args[0]->mask];  \
            const typeof(args[1]->yf) b = &args[1]->yf[r & args[1]->mask];  \
            out->of[r] = (expr);                                            \
        }                                                                   \
        return 0;                                                           \
    }

#endif
