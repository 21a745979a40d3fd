// Constants taken out of SQL text. A text that cannot be parsed might be all constants: hiding leaves nothing of it,
// marking marks it as a whole.
#include "sql/functions/functions_int.h"
#include "sql/parse/ast_print.h"
#include "sql/parse/parse.h"
#include "types/array.h"

#define MARK_OPEN "‹"
#define MARK_CLOSE "›"

typedef void (*rewriter)(struct buf *out, struct arena *a, struct str text);

static bool print_statement(struct buf *out, struct arena *a, struct str sql, unsigned flags)
{
    struct parsed_statements parsed;
    struct err ignored = ERR_INIT;
    bool one = parse_sql(a, sql, NULL, &parsed, &ignored) == 0 && parsed.n == 1;
    if (one)
        ast_print(out, parsed.items[0].ast, flags);
    err_reset(&ignored);
    return one;
}

static void hide(struct buf *out, struct arena *a, struct str sql)
{
    (void)print_statement(out, a, sql, AST_PRINT_HIDE_CONSTANTS);
}

static void mark(struct buf *out, struct arena *a, struct str sql)
{
    if (!print_statement(out, a, sql, AST_PRINT_MARK_CONSTANTS) && sql.len > 0)
        buf_printf(out, MARK_OPEN "%.*s" MARK_CLOSE, STR_FMT(sql));
}

static void take_marked(struct buf *out, struct arena *a, struct str text)
{
    (void)a;
    for (size_t at = 0; at < text.len;) {
        ptrdiff_t open = str_find(text, STR(MARK_OPEN), at);
        ptrdiff_t close = open < 0 ? -1 : str_find(text, STR(MARK_CLOSE), (size_t)open);
        if (close < 0) {
            buf_str(out, str_slice(text, at, text.len));
            return;
        }
        buf_str(out, str_slice(text, at, (size_t)open));
        buf_cstr(out, MARK_OPEN "×" MARK_CLOSE);
        at = (size_t)close + strlen(MARK_CLOSE);
    }
}

static int rewrite(struct eval_context *ec, struct str text, rewriter how, struct datum *out, struct err *err)
{
    struct buf b = {.max = FN_STRING_BYTES_MAX};
    how(&b, ec->arena, text);
    return fn_return_buf(ec, &b, out, err);
}

static int rewrite_each(struct eval_context *ec, struct str texts, rewriter how, struct datum *out, struct err *err)
{
    struct array list = array_open(fn_arg_type(ec, 0), texts);
    struct datum *items = ARENA_ARRAY(ec->arena, struct datum, list.count);
    for (uint32_t i = 0; i < list.count; i++) {
        items[i] = array_get(&list, i);
        if (!items[i].null)
            TRY(rewrite(ec, items[i].s, how, &items[i], err));
    }
    return fn_return_str(out, array_build(ec->arena, T_STRING, items, list.count));
}

BODY(hide_constants)
{
    return rewrite(ec, args[0].s, hide, out, err);
}
BODY(hide_constants_of_each)
{
    return rewrite_each(ec, args[0].s, hide, out, err);
}
BODY(mark_constants)
{
    return rewrite(ec, args[0].s, mark, out, err);
}
BODY(mark_constants_of_each)
{
    return rewrite_each(ec, args[0].s, mark, out, err);
}
BODY(redact)
{
    return rewrite(ec, args[0].s, take_marked, out, err);
}
BODY(redact_each)
{
    return rewrite_each(ec, args[0].s, take_marked, out, err);
}

static const struct fn_row rows[] = {
#include "sql/functions/redaction.def"
};
const struct fn_family fn_family_redaction = {"SYSTEM INFO", rows, ARRAY_LEN(rows)};
