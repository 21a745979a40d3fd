// Built-ins: data-driven calls from .test files, and checks of the tables.
//
//     functions_test [--rewrite] FILE…
//
// A line of a file is a call and what comes of it; arguments are literals of a type:
//     abs(int '-5') -> int 5
//     op ||(string 'a', string NULL) -> NULL
//     cast(int '5' as string) -> string 5
//     agg sum(int '1'; int NULL; int '2') -> decimal 3          rows are separated by ;
//     set generate_series(int '1', int '3') -> int 1 | 2 | 3
//     sqrt(float '-1') -> ERROR 2201F cannot take square root of a negative number
// Calls see a store in memory with a table t, a sequence s and a role alice, who may SELECT from t (fixture.c).
// The overload is the first whose parameters have the arguments' families. --rewrite puts the actual results in.
#include "base/budget.h"
#include "sql/functions/functions.h"
#include "tests/functions/fixture.h"
#include "tests/unit/check.h"
#include "types/datetime.h"
#include <ctype.h>
#include <stdlib.h>

enum { ARGS_MAX = 32, ROWS_MAX = 32 };

struct value {
    struct type type;
    struct datum datum;
};

struct runner {
    struct arena arena;
    struct value_context vc;
    struct eval_context ec;
    struct rng rng;
    int passed, failed;
};

static struct type any_of(const struct type *resolved, struct type parameter)
{
    if (type_is(parameter, TYPE_ARRAY) && parameter.element == TYPE_ANY)
        return type_array_of(*resolved);
    return type_is(parameter, TYPE_ANY) && !fn_type_is_every(parameter) ? *resolved : parameter;
}

static bool parameter_matches(struct type parameter, struct type argument, struct type *any)
{
    if (fn_type_is_every(parameter))
        return true;
    if (type_is(parameter, TYPE_ANY)) {
        if (any->family == TYPE_ANY)
            *any = argument;
        return any->family == argument.family;
    }
    if (type_is(parameter, TYPE_ARRAY) && parameter.element == TYPE_ANY) {
        if (!type_is(argument, TYPE_ARRAY))
            return false;
        if (any->family == TYPE_ANY)
            *any = type_element(argument);
        return any->family == argument.element;
    }
    return parameter.family == argument.family && parameter.element == argument.element;
}

static const struct fn_overload *resolve(struct str name, bool is_operator, const struct value *args, int n_args,
                                         struct type *any)
{
    size_t n;
    const struct fn_overload *const *list = is_operator ? fn_lookup_operator(name, &n) : fn_lookup(name, &n);
    for (size_t i = 0; i < n; i++) {
        const struct fn_overload *fn = list[i];
        if (fn->variadic ? n_args + 1 < fn->n_args : n_args != fn->n_args)
            continue;
        bool ok = true;
        *any = T_ANYELEMENT;
        for (int k = 0; k < n_args && ok; k++)
            ok = parameter_matches(fn->args[MIN(k, fn->n_args - 1)], args[k].type, any);
        if (ok)
            return fn;
    }
    return NULL;
}

// ---- reading a line

static void skip_blanks(struct str *s)
{
    while (s->len > 0 && s->ptr[0] == ' ')
        *s = str_slice(*s, 1, s->len);
}

static bool take(struct str *s, const char *token)
{
    skip_blanks(s);
    if (!str_has_prefix(*s, str_of(token)))
        return false;
    *s = str_slice(*s, strlen(token), s->len);
    return true;
}

static bool read_type(struct str text, struct type *out)
{
    bool is_array = text.len > 2 && str_eqc(str_slice(text, text.len - 2, text.len), "[]");
    if (is_array)
        text.len -= 2;
    ptrdiff_t paren = str_find(text, STR("("), 0);
    struct str name = paren > 0 ? str_slice(text, 0, (size_t)paren) : text;
    if (!type_from_name(name, out))
        return false;
    if (paren > 0) { // (width) or (width,scale)
        char *end;
        out->width = (int32_t)strtol(text.ptr + paren + 1, &end, 10);
        if (*end == ',')
            out->scale = (int16_t)strtol(end + 1, NULL, 10);
    }
    if (is_array)
        *out = type_array_of(*out);
    return true;
}

static bool read_type_word(struct str *s, struct type *out)
{
    skip_blanks(s);
    size_t n = 0;
    int depth = 0;
    while (n < s->len && (s->ptr[n] != ' ' || depth > 0) && s->ptr[n] != '\'' && !(s->ptr[n] == ')' && depth == 0)) {
        depth += s->ptr[n] == '(';
        depth -= s->ptr[n] == ')';
        n++;
    }
    struct str word = str_slice(*s, 0, n);
    *s = str_slice(*s, n, s->len);
    return read_type(word, out);
}

// type 'text' or type NULL
static bool read_value(struct runner *r, struct str *s, struct value *out)
{
    if (!read_type_word(s, &out->type))
        return false;
    if (take(s, "NULL")) {
        out->datum = DATUM_NULL;
        return true;
    }
    if (!take(s, "'"))
        return false;
    struct buf text = BUF_INIT;
    size_t at = 0;
    for (; at < s->len && !(s->ptr[at] == '\'' && !(at + 1 < s->len && s->ptr[at + 1] == '\'')); at++) {
        at += s->ptr[at] == '\'';
        buf_putc(&text, s->ptr[at]);
    }
    *s = str_slice(*s, MIN(at + 1, s->len), s->len);
    struct err err = ERR_INIT;
    struct str copy = arena_str(&r->arena, buf_view(&text));
    bool ok = datum_parse(&r->arena, out->type, copy, &r->vc, &out->datum, &err) == 0;
    if (!ok)
        printf("  literal: %s\n", err.message);
    err_reset(&err);
    buf_release(&text);
    return ok;
}

static bool read_arguments(struct runner *r, struct str *s, struct value *args, int *n, const char *more)
{
    *n = 0;
    if (take(s, ")"))
        return true;
    do {
        if (*n == ARGS_MAX || !read_value(r, s, &args[(*n)++]))
            return false;
    } while (take(s, more));
    return true;
}

// ---- running

static void print_value(struct runner *r, struct buf *out, struct type t, struct datum d)
{
    if (d.null)
        buf_cstr(out, "NULL");
    else
        datum_print(out, t, d, &r->vc);
}

static void print_error(struct buf *out, struct err *err)
{
    char state[6];
    err_sqlstate(err->code, state);
    buf_printf(out, "ERROR %s %s", state, err->message);
    err_reset(err);
}

static void print_type(struct buf *out, struct type t)
{
    size_t from = out->len;
    type_print(out, t);
    for (size_t i = from; i < out->len; i++)
        out->ptr[i] = (char)tolower((unsigned char)out->ptr[i]);
    buf_putc(out, ' ');
}

static void print_result(struct runner *r, struct buf *out, struct type t, struct datum d)
{
    if (!d.null)
        print_type(out, t);
    print_value(r, out, t, d);
}

// Calls the kernel on three rows through a selection, constants in the last argument, and returns row 2's value.
static int call_vector(struct runner *r, const struct fn_overload *fn, const struct value *args, int n_args,
                       struct datum *out, struct err *err)
{
    struct vec vecs[ARGS_MAX], result;
    const struct vec *pointers[ARGS_MAX];
    static const uint16_t sel[] = {0, 2};
    bool null = false;
    for (int i = 0; i < n_args; i++) {
        vec_init(&vecs[i], &r->arena, args[i].type, 3);
        for (uint32_t row = 0; row < 3; row++)
            vec_set(&vecs[i], row, args[i].datum);
        if (i > 0 && i == n_args - 1)
            vec_init_const(&vecs[i], &r->arena, args[i].type, args[i].datum);
        pointers[i] = &vecs[i];
        null |= args[i].datum.null;
    }
    vec_init(&result, &r->arena, r->ec.call->result, 3);
    if (null && fn->strict) {
        result.has_nulls = true;
        memset(result.nulls, 1, 3);
    }
    TRY(fn->vector(&r->ec, pointers, n_args, &result, sel, 2, err));
    *out = vec_get(&result, 2);
    return 0;
}

static void run_scalar(struct runner *r, const struct fn_overload *fn, const struct value *args, int n_args,
                       struct buf *out)
{
    struct datum datums[ARGS_MAX], result = DATUM_NULL;
    struct err err = ERR_INIT;
    bool null = false;
    for (int i = 0; i < n_args; i++) {
        datums[i] = args[i].datum;
        null |= args[i].datum.null;
    }
    int rc = null && fn->strict ? 0 : fn->scalar(&r->ec, datums, n_args, &result, &err);
    if (rc != 0) {
        print_error(out, &err);
        return;
    }
    print_result(r, out, r->ec.call->result, result);
    if (fn->vector != NULL && fn->volatility != FN_VOLATILE) {
        struct datum other;
        rc = call_vector(r, fn, args, n_args, &other, &err);
        if (rc != 0 || datum_compare(r->ec.call->result, &result, &other) != 0)
            buf_cstr(out, " (the vector kernel differs)");
        err_reset(&err);
    }
}

struct printed_rows {
    struct fn_emit emit;
    struct runner *r;
    struct buf *out;
    const struct fn_overload *fn;
    int n;
};

static int print_row(struct fn_emit *emit, const struct datum *columns, struct err *err)
{
    struct printed_rows *p = CONTAINER_OF(emit, struct printed_rows, emit);
    if (p->n++ > 0)
        buf_cstr(p->out, " | ");
    else if (p->fn->columns == NULL)
        print_type(p->out, p->r->ec.call->result);
    for (int i = 0; i < MAX(p->fn->n_columns, 1); i++) {
        struct type t = p->fn->columns != NULL ? p->fn->columns[i].type : p->r->ec.call->result;
        if (type_is(t, TYPE_ANY))
            t = type_element(p->r->ec.call->arg_types[0]);
        if (i > 0)
            buf_cstr(p->out, ", ");
        print_value(p->r, p->out, t, columns[i]);
    }
    return 0;
}

static void run_set(struct runner *r, const struct fn_overload *fn, const struct value *args, int n_args,
                    struct buf *out)
{
    struct printed_rows p = {.emit = {print_row}, .r = r, .out = out, .fn = fn};
    struct datum datums[ARGS_MAX];
    struct err err = ERR_INIT;
    for (int i = 0; i < n_args; i++)
        datums[i] = args[i].datum;
    if (fn->set(&r->ec, datums, n_args, &p.emit, &err) != 0)
        print_error(out, &err);
    else if (p.n == 0)
        buf_cstr(out, "no rows");
}

// Two groups: all rows to the first, and again split over a state that is saved and loaded where it can be.
static void run_aggregate(struct runner *r, const struct fn_overload *fn, struct value rows[][ARGS_MAX], int n_rows,
                          int n_args, struct buf *out)
{
    const struct fn_aggregate *agg = fn->aggregate;
    struct vec vecs[ARGS_MAX];
    const struct vec *pointers[ARGS_MAX];
    void *whole[ROWS_MAX], *halves[ROWS_MAX];
    void *state = arena_zalloc(&r->arena, agg->state_bytes), *first = arena_zalloc(&r->arena, agg->state_bytes);
    void *second = arena_zalloc(&r->arena, agg->state_bytes);
    for (int i = 0; i < n_args; i++) {
        vec_init(&vecs[i], &r->arena, rows[0][i].type, (uint32_t)n_rows);
        for (int row = 0; row < n_rows; row++)
            vec_set(&vecs[i], (uint32_t)row, rows[row][i].datum);
        pointers[i] = &vecs[i];
    }
    for (int row = 0; row < n_rows; row++) {
        whole[row] = state;
        halves[row] = row % 2 == 0 ? first : second;
    }
    struct err err = ERR_INIT;
    struct datum result = DATUM_NULL, merged = DATUM_NULL;
    if (agg->accumulate(&r->ec, &r->arena, whole, pointers, n_args, NULL, (uint32_t)n_rows, &err) != 0 ||
        agg->result(&r->ec, fn, state, &result, &err) != 0) {
        print_error(out, &err);
        return;
    }
    print_result(r, out, r->ec.call->result, result);
    if (agg->save == NULL)
        return;
    struct buf saved = BUF_INIT;
    int rc = agg->accumulate(&r->ec, &r->arena, halves, pointers, n_args, NULL, (uint32_t)n_rows, &err);
    agg->save(second, &saved);
    rc = rc != 0 ? rc : agg->load(&r->arena, first, buf_view(&saved), &err);
    rc = rc != 0 ? rc : agg->result(&r->ec, fn, first, &merged, &err);
    if (rc != 0 || datum_compare(r->ec.call->result, &result, &merged) != 0)
        buf_cstr(out, " (differs when saved and loaded)");
    err_reset(&err);
    buf_release(&saved);
}

static bool run_cast(struct runner *r, struct str s, struct buf *out)
{
    struct value v;
    struct type to;
    bool assignment = false;
    if (!read_value(r, &s, &v))
        return false;
    assignment = take(&s, "into");
    if ((!assignment && !take(&s, "as")) || !read_type_word(&s, &to))
        return false;
    enum cast_context allowed = cast_allowed(v.type, to);
    if (allowed < (assignment ? CAST_ASSIGNMENT : CAST_EXPLICIT)) {
        buf_cstr(out, "not allowed");
        return true;
    }
    struct err err = ERR_INIT;
    struct datum result;
    if (cast_datum(&r->ec, v.type, to, !assignment, v.datum, &result, &err) != 0)
        print_error(out, &err);
    else
        print_result(r, out, to, result);
    return true;
}

static bool run_call(struct runner *r, struct str s, struct buf *out)
{
    bool is_operator = take(&s, "op "), is_aggregate = take(&s, "agg "), is_set = take(&s, "set ");
    skip_blanks(&s);
    ptrdiff_t paren = str_find(s, STR("("), 0);
    if (paren <= 0)
        return false;
    struct str name = str_slice(s, 0, (size_t)paren);
    s = str_slice(s, (size_t)paren + 1, s.len);
    if (str_eqc(name, "cast"))
        return run_cast(r, s, out);
    static struct value rows[ROWS_MAX][ARGS_MAX];
    int n_args = 0, n_rows = 0;
    do {
        if (n_rows == ROWS_MAX || !read_arguments(r, &s, rows[n_rows++], &n_args, ","))
            return false;
    } while (is_aggregate && take(&s, ";"));
    struct type any, arg_types[ARGS_MAX];
    const struct fn_overload *fn = resolve(name, is_operator, rows[0], n_args, &any);
    if (fn == NULL) {
        buf_cstr(out, "no such overload");
        return true;
    }
    for (int i = 0; i < n_args; i++)
        arg_types[i] = rows[0][i].type;
    struct fn_call call = {
        .fn = fn, .arg_types = arg_types, .n_args = (uint8_t)n_args, .result = any_of(&any, fn->result)};
    r->ec.call = &call;
    if (is_aggregate)
        run_aggregate(r, fn, rows, n_rows, n_args, out);
    else if (is_set)
        run_set(r, fn, rows[0], n_args, out);
    else if (fn->scalar != NULL)
        run_scalar(r, fn, rows[0], n_args, out);
    r->ec.call = NULL;
    return is_aggregate || is_set || fn->scalar != NULL;
}

static void run_line(struct runner *r, const char *file, int number, struct str line, FILE *rewritten)
{
    ptrdiff_t arrow = str_find(line, STR(" -> "), 0);
    struct str call = arrow < 0 ? line : str_slice(line, 0, (size_t)arrow);
    struct str expected = arrow < 0 ? STR_EMPTY : str_slice(line, (size_t)arrow + 4, line.len);
    struct buf actual = BUF_INIT;
    if (!run_call(r, call, &actual))
        buf_cstr(&actual, "malformed line");
    for (size_t i = 0; i < actual.len; i++)
        actual.ptr[i] = actual.ptr[i] == '\n' ? '~' : actual.ptr[i];
    bool ok = str_eq(buf_view(&actual), expected);
    r->passed += ok;
    r->failed += !ok;
    if (rewritten != NULL)
        fprintf(rewritten, "%.*s -> %s\n", STR_FMT(call), buf_c(&actual));
    else if (!ok)
        printf("%s:%d: %.*s\n  actual   %s\n  expected %.*s\n", file, number, STR_FMT(call), buf_c(&actual),
               STR_FMT(expected));
    buf_release(&actual);
    arena_reset(&r->arena);
}

static void run_file(struct runner *r, const char *file, bool rewrite)
{
    FILE *in = fopen(file, "r"), *rewritten = NULL;
    char temporary[4096], *line = NULL;
    size_t cap = 0;
    if (in == NULL) {
        printf("%s: cannot open\n", file);
        r->failed++;
        return;
    }
    snprintf(temporary, sizeof(temporary), "%s.new", file);
    if (rewrite)
        rewritten = fopen(temporary, "w");
    for (int number = 1; getline(&line, &cap, in) >= 0; number++) {
        struct str s = str_of(line);
        if (s.len > 0 && s.ptr[s.len - 1] == '\n')
            s.len--;
        if (s.len > 0 && s.ptr[0] != '#')
            run_line(r, file, number, s, rewritten);
        else if (rewritten != NULL)
            fprintf(rewritten, "%.*s\n", STR_FMT(s));
    }
    free(line);
    fclose(in);
    if (rewritten != NULL && fclose(rewritten) == 0)
        rename(temporary, file);
}

// ---- the tables

static bool is_known_kind(const struct fn_overload *fn)
{
    switch (fn->kind) {
    case FN_SCALAR:
        return fn->scalar != NULL;
    case FN_AGGREGATE:
        return fn->aggregate != NULL && fn->aggregate->accumulate != NULL && fn->aggregate->result != NULL;
    case FN_SET_RETURNING:
        return fn->set != NULL;
    case FN_WINDOW:
        return true;
    }
    return false;
}

static bool same_signature(const struct fn_overload *a, const struct fn_overload *b)
{
    if (strcmp(a->name, b->name) != 0 || a->n_args != b->n_args || a->variadic != b->variadic)
        return false;
    for (int i = 0; i < a->n_args; i++) {
        if (a->args[i].oid != b->args[i].oid || a->args[i].family != b->args[i].family)
            return false;
    }
    return true;
}

static void check_tables(struct runner *r)
{
    size_t n, found;
    const struct fn_overload *const *all = fn_all(&n);
    for (size_t i = 0; i < n; i++) {
        const struct fn_overload *fn = all[i];
        bool ok = fn->description != NULL && fn->description[0] != '\0' && fn->category != NULL && is_known_kind(fn);
        const struct fn_overload *const *list =
            fn->is_operator ? fn_lookup_operator(str_of(fn->name), &found) : fn_lookup(str_of(fn->name), &found);
        bool listed = false;
        for (size_t k = 0; k < found; k++)
            listed |= list[k] == fn;
        for (size_t k = 0; k < i; k++)
            ok &= all[k]->oid != fn->oid && (all[k]->is_operator != fn->is_operator || !same_signature(all[k], fn));
        if (!ok || !listed)
            printf("row %zu: %s is not a proper or a duplicate overload\n", i, fn->name);
        r->failed += !ok || !listed;
        r->passed += ok && listed;
    }
}

int main(int argc, char **argv)
{
    static const struct str path[] = {{"public", 6}};
    struct runner r = {0};
    struct err err = ERR_INIT;
    arena_init(&r.arena, NULL);
    rng_seed(&r.rng, 1);
    struct fixture fixture;
    if (zone_find(STR("America/New_York"), ZONE_SIGN_ISO, &r.vc.zone, &err) != 0 || fixture_open(&fixture, &err) != 0) {
        printf("%s\n", err.message);
        return 1;
    }
    r.ec = (struct eval_context){.arena = &r.arena,
                                 .vc = &r.vc,
                                 .txn_micros = INT64_C(1700000000123456), // 2023-11-14 22:13:20.123456 UTC
                                 .statement_micros = INT64_C(1700000000123456),
                                 .database = STR("defaultdb"),
                                 .user = STR("root"),
                                 .session_user = STR("root"),
                                 .search_path = path,
                                 .n_search_path = 1,
                                 .rng = &r.rng};
    r.vc.txn_now_micros = r.ec.txn_micros;
    fixture_session(&fixture, &r.ec);
    check_tables(&r);
    bool rewrite = argc > 1 && strcmp(argv[1], "--rewrite") == 0;
    for (int i = rewrite ? 2 : 1; i < argc; i++)
        run_file(&r, argv[i], rewrite);
    printf("%d passed, %d failed, 0 skipped\n", r.passed, r.failed);
    fixture_close(&fixture);
    arena_release(&r.arena);
    return r.failed != 0;
}
