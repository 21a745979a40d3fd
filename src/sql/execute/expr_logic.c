// Three-valued logic and conditionals. Conditionals evaluate each branch only for the rows that reach it.
#include "sql/execute/expr_int.h"

static uint16_t *scratch(struct ev *ev, uint32_t n_lists)
{
    if (ev->sel == NULL)
        ev->sel = ARENA_ARRAY(ev->x->arena, uint16_t, (size_t)BATCH_ROWS_MAX * n_lists);
    return ev->sel;
}

static struct batch subset(const struct batch *in, const uint16_t *sel, uint32_t n)
{
    return (struct batch){.n = n, .sel = sel, .cols = in->cols, .ncols = in->ncols};
}

static uint32_t live_rows(const struct batch *in, uint16_t *sel)
{
    for (uint32_t k = 0; k < in->n; k++)
        sel[k] = (uint16_t)batch_row(in, k);
    return in->n;
}

// AND stops at false, OR at true; NULL goes on, and is the result unless a later argument decides.
int eval_and_or(struct ev *ev, const struct batch *in, struct err *err)
{
    bool decisive = ev->expr->kind == EXPR_OR;
    struct vec *out = ev_out(ev, in, false);
    uint16_t *open = scratch(ev, 1);
    uint32_t n = live_rows(in, open);
    for (uint32_t k = 0; k < n; k++)
        out->b[open[k]] = !decisive;
    for (uint32_t i = 0; i < ev->n_args && n > 0; i++) {
        struct batch rows = subset(in, open, n);
        TRY(ev->args[i]->eval(ev->args[i], &rows, err));
        const struct vec *v = ev->args[i]->result;
        uint32_t left = 0;
        for (uint32_t k = 0; k < n; k++) {
            uint16_t row = open[k];
            uint32_t at = row & v->mask;
            if (v->has_nulls && v->nulls[at]) {
                out->nulls[row] = 1;
                out->has_nulls = true;
            } else if ((v->b[at] != 0) == decisive) {
                out->b[row] = decisive;
                out->nulls[row] = 0;
                continue;
            }
            open[left++] = row;
        }
        n = left;
    }
    return 0;
}

int eval_not(struct ev *ev, const struct batch *in, struct err *err)
{
    TRY(ev->args[0]->eval(ev->args[0], in, err));
    const struct vec *v = ev->args[0]->result;
    struct vec *out = ev_out(ev, in, false);
    for (uint32_t k = 0; k < in->n; k++) {
        uint32_t row = batch_row(in, k), at = row & v->mask;
        out->b[row] = !v->b[at];
        out->nulls[row] = v->has_nulls && v->nulls[at];
    }
    out->has_nulls = v->has_nulls;
    return 0;
}

// A tuple IS NULL when all its fields are, IS NOT NULL when none is.
static bool tuple_is_null(struct type t, struct str bytes, bool is_not)
{
    struct tuple_field field;
    struct tuple_reader r = tuple_open(t, bytes);
    while (tuple_next(&r, &field)) {
        if (field.value.null == is_not)
            return false;
    }
    return true;
}

int eval_is_null(struct ev *ev, const struct batch *in, struct err *err)
{
    TRY(ev->args[0]->eval(ev->args[0], in, err));
    const struct vec *v = ev->args[0]->result;
    struct vec *out = ev_out(ev, in, false);
    bool is_not = ev->expr->flag, tuple = v->type.family == TYPE_TUPLE;
    for (uint32_t k = 0; k < in->n; k++) {
        uint32_t row = batch_row(in, k);
        bool null = vec_is_null(v, row);
        out->b[row] = tuple && !null ? tuple_is_null(v->type, v->s[row & v->mask], is_not) : null != is_not;
    }
    return 0;
}

int eval_is_distinct(struct ev *ev, const struct batch *in, struct err *err)
{
    TRY(ev->args[0]->eval(ev->args[0], in, err));
    TRY(ev->args[1]->eval(ev->args[1], in, err));
    const struct vec *l = ev->args[0]->result, *r = ev->args[1]->result;
    struct vec *out = ev_out(ev, in, false);
    for (uint32_t k = 0; k < in->n; k++) {
        uint32_t row = batch_row(in, k);
        struct datum a = vec_get(l, row), b = vec_get(r, row);
        bool distinct = a.null || b.null ? a.null != b.null : datum_compare(l->type, &a, &b) != 0;
        out->b[row] = distinct != ev->expr->flag;
    }
    return 0;
}

static void copy_rows(struct vec *out, const struct vec *from, const uint16_t *rows, uint32_t n)
{
    for (uint32_t k = 0; k < n; k++)
        vec_set(out, rows[k], vec_get(from, rows[k]));
}

// args: when, then, …, else.
int eval_case(struct ev *ev, const struct batch *in, struct err *err)
{
    struct vec *out = ev_out(ev, in, false);
    uint16_t *open = scratch(ev, 2), *taken = open + BATCH_ROWS_MAX;
    uint32_t n = live_rows(in, open);
    for (uint32_t i = 0; i + 1 < ev->n_args && n > 0; i += 2) {
        struct batch rows = subset(in, open, n);
        TRY(ev->args[i]->eval(ev->args[i], &rows, err));
        const struct vec *when = ev->args[i]->result;
        uint32_t n_taken = 0, left = 0;
        for (uint32_t k = 0; k < n; k++) {
            uint32_t at = open[k] & when->mask;
            bool yes = when->b[at] && !(when->has_nulls && when->nulls[at]);
            if (yes)
                taken[n_taken++] = open[k];
            else
                open[left++] = open[k];
        }
        n = left;
        if (n_taken == 0)
            continue;
        struct batch then_rows = subset(in, taken, n_taken);
        TRY(ev->args[i + 1]->eval(ev->args[i + 1], &then_rows, err));
        copy_rows(out, ev->args[i + 1]->result, taken, n_taken);
    }
    if (n > 0) {
        struct ev *otherwise = ev->args[ev->n_args - 1];
        struct batch rows = subset(in, open, n);
        TRY(otherwise->eval(otherwise, &rows, err));
        copy_rows(out, otherwise->result, open, n);
    }
    return 0;
}

int eval_coalesce(struct ev *ev, const struct batch *in, struct err *err)
{
    struct vec *out = ev_out(ev, in, false);
    uint16_t *open = scratch(ev, 1);
    uint32_t n = live_rows(in, open);
    for (uint32_t i = 0; i < ev->n_args && n > 0; i++) {
        struct batch rows = subset(in, open, n);
        TRY(ev->args[i]->eval(ev->args[i], &rows, err));
        const struct vec *v = ev->args[i]->result;
        uint32_t left = 0;
        for (uint32_t k = 0; k < n; k++) {
            if (vec_is_null(v, open[k]))
                open[left++] = open[k];
            else
                vec_set(out, open[k], vec_get(v, open[k]));
        }
        n = left;
    }
    for (uint32_t k = 0; k < n; k++)
        vec_set(out, open[k], DATUM_NULL);
    return 0;
}

int eval_nullif(struct ev *ev, const struct batch *in, struct err *err)
{
    TRY(ev->args[0]->eval(ev->args[0], in, err));
    TRY(ev->args[1]->eval(ev->args[1], in, err));
    const struct vec *l = ev->args[0]->result, *r = ev->args[1]->result;
    struct vec *out = ev_out(ev, in, false);
    for (uint32_t k = 0; k < in->n; k++) {
        uint32_t row = batch_row(in, k);
        struct datum a = vec_get(l, row), b = vec_get(r, row);
        bool equal = !a.null && !b.null && datum_compare(l->type, &a, &b) == 0;
        vec_set(out, row, equal ? DATUM_NULL : a);
    }
    return 0;
}

// GREATEST and LEAST ignore NULLs.
int eval_extremum(struct ev *ev, const struct batch *in, struct err *err)
{
    int sign = ev->expr->kind == EXPR_GREATEST ? 1 : -1;
    for (uint32_t i = 0; i < ev->n_args; i++)
        TRY(ev->args[i]->eval(ev->args[i], in, err));
    struct vec *out = ev_out(ev, in, false);
    for (uint32_t k = 0; k < in->n; k++) {
        uint32_t row = batch_row(in, k);
        struct datum best = DATUM_NULL;
        for (uint32_t i = 0; i < ev->n_args; i++) {
            struct datum d = vec_get(ev->args[i]->result, row);
            if (!d.null && (best.null || sign * datum_compare(ev->expr->type, &d, &best) > 0))
                best = d;
        }
        vec_set(out, row, best);
    }
    return 0;
}

// IFERROR(expr, otherwise [, code]); without `otherwise` ISERROR. Row by row: an error of one row is not another's.
int eval_iferror(struct ev *ev, const struct batch *in, struct err *err)
{
    struct vec *out = ev_out(ev, in, false);
    for (uint32_t k = 0; k < in->n; k++) {
        uint32_t row = batch_row(in, k);
        struct err caught = ERR_INIT;
        struct datum value;
        int rc = ev_row(ev->args[0], in, row, &value, &caught);
        err_reset(&caught);
        bool failed = rc != 0;
        if (failed && ev->args[2] != NULL) {
            struct datum code;
            TRY(ev_row(ev->args[2], in, row, &code, err));
            failed = !code.null && err_code_of(code.s) == rc;
            if (!failed)
                return ev_row(ev->args[0], in, row, &value, err);
        }
        if (ev->args[1] == NULL)
            value = datum_bool(failed);
        else if (failed)
            TRY(ev_row(ev->args[1], in, row, &value, err));
        vec_set(out, row, value);
    }
    return 0;
}
