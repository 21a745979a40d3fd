// RAISE, ASSERT, exception handlers, GET DIAGNOSTICS.
#include "sql/session/plpgsql_int.h"

// ---- RAISE

// The format with the arguments' values in the places of its %.
static int format_message(struct pl_frame *f, const struct pl_statement *s, struct arena *a, struct str *out,
                          struct err *err)
{
    struct buf b = BUF_INIT;
    struct str format = s->raise.format;
    int rc = 0;
    for (size_t i = 0, k = 0; i < format.len && rc == 0; i++) {
        struct str text;
        if (format.ptr[i] != '%') {
            buf_putc(&b, format.ptr[i]);
        } else if (i + 1 < format.len && format.ptr[i + 1] == '%') {
            buf_putc(&b, '%');
            i++;
        } else {
            rc = pl_evaluate_text(f, s->raise.arguments[k++], a, &text, err);
            if (rc == 0)
                buf_str(&b, text.ptr != NULL ? text : STR("<NULL>"));
        }
    }
    *out = arena_str(a, buf_view(&b));
    buf_release(&b);
    return rc;
}

static int read_options(struct pl_frame *f, const struct pl_statement *s, struct arena *a, struct str *out,
                        struct err *err)
{
    for (size_t i = 0; i < PL_RAISE_OPTION_COUNT; i++) {
        out[i] = STR_NONE;
        if (s->raise.options[i] == NULL)
            continue;
        TRY(pl_evaluate_text(f, s->raise.options[i], a, &out[i], err));
        if (out[i].ptr == NULL)
            return err_set(err, ERR_NULL_VALUE_NOT_ALLOWED, "RAISE statement option cannot be null");
    }
    return 0;
}

static int code_named(struct str text, int *out, struct err *err)
{
    size_t at = 0;
    *out = err_code_of(text);
    if (*out == 0)
        *out = pl_condition_code(text, &at);
    if (*out != 0)
        return 0;
    return err_set(err, ERR_UNDEFINED_OBJECT, "unrecognized exception condition \"%.*s\"", STR_FMT(text));
}

static int given_twice(const char *option, struct err *err)
{
    return err_set(err, ERR_SYNTAX_ERROR, "RAISE option already specified: %s", option);
}

static int make_message(struct pl_frame *f, const struct pl_statement *s, struct arena *a, struct err *out,
                        struct err *err)
{
    struct str options[PL_RAISE_OPTION_COUNT], message = STR_NONE;
    int code = s->raise.code;
    if (s->raise.format.ptr != NULL)
        TRY(format_message(f, s, a, &message, err));
    TRY(read_options(f, s, a, options, err));
    if (options[PL_RAISE_MESSAGE].ptr != NULL) {
        if (message.ptr != NULL)
            return given_twice("MESSAGE", err);
        message = options[PL_RAISE_MESSAGE];
    }
    if (options[PL_RAISE_ERRCODE].ptr != NULL) {
        if (code != 0)
            return given_twice("ERRCODE", err);
        TRY(code_named(options[PL_RAISE_ERRCODE], &code, err));
        if (message.ptr == NULL)
            message = options[PL_RAISE_ERRCODE];
    }
    if (message.ptr == NULL)
        message = s->raise.condition.ptr != NULL ? s->raise.condition : STR("P0001");
    bool error = s->raise.level == PL_EXCEPTION;
    if (code == 0)
        code = error ? ERR_RAISE_EXCEPTION : s->raise.level == PL_WARNING ? ERR_WARNING : ERR_SUCCESSFUL_COMPLETION;
    (void)err_set(out, code, "%.*s", STR_FMT(message));
    if (options[PL_RAISE_DETAIL].ptr != NULL)
        (void)err_detail(out, "%.*s", STR_FMT(options[PL_RAISE_DETAIL]));
    if (options[PL_RAISE_HINT].ptr != NULL)
        (void)err_hint(out, "%.*s", STR_FMT(options[PL_RAISE_HINT]));
    err_set_names(out, options[PL_RAISE_SCHEMA], options[PL_RAISE_TABLE], options[PL_RAISE_COLUMN],
                  options[PL_RAISE_CONSTRAINT]);
    if (options[PL_RAISE_DATATYPE].ptr != NULL)
        out->type_name = str_dup_c(options[PL_RAISE_DATATYPE]);
    return 0;
}

static void copy_error(struct err *to, const struct err *from)
{
    char *const texts[] = {from->message,     from->detail,      from->hint,
                           from->context,     from->schema_name, from->table_name,
                           from->column_name, from->type_name,   from->constraint_name};
    *to = *from;
    char **const copies[] = {&to->message,    &to->detail,      &to->hint,      &to->context,        &to->schema_name,
                             &to->table_name, &to->column_name, &to->type_name, &to->constraint_name};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        *copies[i] = texts[i] != NULL ? str_dup_c(str_of(texts[i])) : NULL;
}

static int raise_again(struct pl_frame *f, struct err *err)
{
    if (f->caught == NULL)
        return err_set(err, ERR_STACKED_DIAGNOSTICS_WITHOUT_HANDLER,
                       "RAISE without parameters cannot be used outside an exception handler");
    struct err copy;
    f->rethrown = true;
    copy_error(&copy, f->caught);
    int code = copy.code;
    err_take(err, &copy);
    return code;
}

int pl_run_raise(struct pl_frame *f, const struct pl_statement *s, struct err *err)
{
    static const enum err_severity severities[] = {
        [PL_DEBUG] = ERR_SEVERITY_DEBUG,   [PL_LOG] = ERR_SEVERITY_LOG,         [PL_INFO] = ERR_SEVERITY_INFO,
        [PL_NOTICE] = ERR_SEVERITY_NOTICE, [PL_WARNING] = ERR_SEVERITY_WARNING, [PL_EXCEPTION] = ERR_SEVERITY_ERROR};
    struct err message = ERR_INIT;
    struct arena a;
    if (s->raise.again)
        return raise_again(f, err);
    arena_init(&a, &f->s->budget);
    int rc = make_message(f, s, &a, &message, err);
    arena_release(&a);
    TRY(rc);
    message.severity = severities[s->raise.level];
    if (s->raise.level == PL_EXCEPTION) {
        rc = message.code != 0 ? message.code : ERR_RAISE_EXCEPTION;
        err_take(err, &message);
        return rc;
    }
    pl_where_all(f, &message);
    send_notice_record(f->s, &message);
    err_reset(&message);
    return 0;
}

int pl_run_assert(struct pl_frame *f, const struct pl_statement *s, struct err *err)
{
    bool holds;
    struct str message = STR_NONE;
    struct arena a;
    TRY(pl_evaluate_condition(f, s->assert.condition, &holds, err));
    if (holds)
        return 0;
    arena_init(&a, &f->s->budget);
    int rc = s->assert.message != NULL ? pl_evaluate_text(f, s->assert.message, &a, &message, err) : 0;
    if (rc == 0)
        rc = err_set(err, ERR_ASSERT_FAILURE, "%.*s", STR_FMT(message.ptr != NULL ? message : STR("assertion failed")));
    arena_release(&a);
    return rc;
}

// ---- handlers

static bool is_class(int code)
{
    char text[6];
    err_sqlstate(code, text);
    return strcmp(text + 2, "000") == 0;
}

static bool condition_matches(const struct pl_condition *c, int code)
{
    enum { CLASS_MASK = 0xFFF };
    if (c->others)
        return code != ERR_QUERY_CANCELED && code != ERR_ASSERT_FAILURE;
    return c->code == code || (is_class(c->code) && (c->code & CLASS_MASK) == (code & CLASS_MASK));
}

static const struct pl_handler *handler_of(const struct pl_statement *s, int code)
{
    for (size_t i = 0; i < s->block.n_handlers; i++) {
        const struct pl_handler *h = &s->block.handlers[i];
        for (size_t k = 0; k < h->n_conditions; k++)
            if (condition_matches(&h->conditions[k], code))
                return h;
    }
    return NULL;
}

// Takes back what the block did. A transaction that has met a conflict can only be done again as a whole, and a
// session that ends does not go on.
static int undo(struct pl_frame *f, unsigned savepoint, struct session_mark mark, struct err *err)
{
    struct session *s = f->s;
    enum kv_result r = kv_rollback_to(s->txn, savepoint);
    if (r != KV_OK)
        return cat_kv_error(s->txn, (int)r, err);
    session_rewind(s, mark);
    s->schema_serial++;
    return cat_view_refresh(s->view, err);
}

static bool may_catch(struct pl_frame *f, int code)
{
    return code != ERR_ADMIN_SHUTDOWN && !(code == ERR_SERIALIZATION_FAILURE && kv_must_reset(f->s->txn));
}

static int run_handler(struct pl_frame *f, const struct pl_statement *s, const struct pl_handler *h,
                       const struct err *caught, enum pl_outcome *out, struct err *err)
{
    char code[6];
    const struct err *before = f->caught;
    err_sqlstate(caught->code, code);
    pl_set_now(f, s->block.sqlstate, datum_str(str_of(code)));
    pl_set_now(f, s->block.sqlerrm, datum_str(str_of(caught->message != NULL ? caught->message : "")));
    f->caught = caught;
    int rc = pl_run_body(f, &h->body, out, err);
    f->caught = before;
    return rc;
}

int pl_run_guarded(struct pl_frame *f, const struct pl_statement *s, enum pl_outcome *out, struct err *err)
{
    struct err caught = ERR_INIT;
    unsigned savepoint = kv_savepoint(f->s->txn);
    struct session_mark mark = session_mark(f->s);
    f->guards++;
    int rc = pl_run_block(f, s, out, &caught);
    f->guards--;
    const struct pl_handler *h = rc != 0 && may_catch(f, rc) ? handler_of(s, rc) : NULL;
    if (h == NULL) {
        if (rc != 0)
            err_take(err, &caught);
        return rc;
    }
    if (caught.code == 0)
        caught.code = rc;
    if (!f->rethrown)
        pl_where_all(f, &caught);
    f->rethrown = false;
    rc = undo(f, savepoint, mark, err);
    if (rc == 0)
        rc = run_handler(f, s, h, &caught, out, err);
    err_reset(&caught);
    return rc;
}

// ---- GET DIAGNOSTICS

static const char *stacked_text(const struct err *e, enum pl_diagnostic what, char code[6])
{
    switch (what) {
    case PL_DIAGNOSTIC_SQLSTATE:
        err_sqlstate(e->code, code);
        return code;
    case PL_DIAGNOSTIC_MESSAGE:
        return e->message;
    case PL_DIAGNOSTIC_EXCEPTION_DETAIL:
        return e->detail;
    case PL_DIAGNOSTIC_EXCEPTION_HINT:
        return e->hint;
    case PL_DIAGNOSTIC_EXCEPTION_CONTEXT:
        return e->context;
    case PL_DIAGNOSTIC_COLUMN:
        return e->column_name;
    case PL_DIAGNOSTIC_CONSTRAINT:
        return e->constraint_name;
    case PL_DIAGNOSTIC_DATATYPE:
        return e->type_name;
    case PL_DIAGNOSTIC_TABLE:
        return e->table_name;
    case PL_DIAGNOSTIC_SCHEMA:
        return e->schema_name;
    default:
        return NULL;
    }
}

int pl_run_diagnostics(struct pl_frame *f, const struct pl_statement *s, struct err *err)
{
    if (s->diagnostics.stacked && f->caught == NULL)
        return err_set(err, ERR_STACKED_DIAGNOSTICS_WITHOUT_HANDLER,
                       "GET STACKED DIAGNOSTICS cannot be used outside an exception handler");
    for (size_t i = 0; i < s->diagnostics.n_items; i++) {
        const struct pl_diagnostic_item *item = &s->diagnostics.items[i];
        struct pl_value v = {T_INT8, datum_int((int64_t)f->row_count)};
        char code[6];
        struct err here = ERR_INIT;
        if (item->what == PL_DIAGNOSTIC_CONTEXT) {
            pl_where_all(f, &here);
            v = (struct pl_value){T_STRING, datum_str(str_of(here.context))};
        } else if (item->what != PL_DIAGNOSTIC_ROW_COUNT) {
            const char *text = stacked_text(f->caught, item->what, code);
            v = (struct pl_value){T_STRING, datum_str(str_of(text != NULL ? text : ""))};
        }
        int rc = pl_assign(f, &item->target, v, err);
        err_reset(&here);
        TRY(rc);
    }
    return 0;
}
