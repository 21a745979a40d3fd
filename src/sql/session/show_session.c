// SHOW of the session itself: variables, transaction state, the last statement, and what its shell asks for.
#include "sql/parse/keywords.h"
#include "types/decimal.h"
#include "sql/session/show_int.h"

// ---- variables

static int show_variable(struct show *sh, struct err *err)
{
    struct str name = sh->ast->name, value;
    TRY(setting_get(sh->session, sh->arena, name, &value, err));
    struct show_column column = {arena_cstr(sh->arena, name), TYPE_OID_STRING};
    show_columns(sh, &column, 1);
    show_row(sh)[0] = datum_str(value);
    return 0;
}

static int show_all(struct show *sh, struct err *err)
{
    for (int i = 0; i < SETTING_COUNT; i++) {
        struct datum *row = show_row(sh);
        row[0] = datum_c(setting_name(sh->arena, i));
        row[1] = datum_str(arena_str(sh->arena, str_of(setting_text(sh->session, i))));
    }
    return 0;
}

// ---- transaction state

static int show_transaction_status(struct show *sh, struct err *err)
{
    show_row(sh)[0] = datum_c(txn_status_text(sh->session));
    return 0;
}

static int show_savepoint_status(struct show *sh, struct err *err)
{
    size_t n = 0;
    for (const struct savepoint *p = sh->session->savepoints; p != NULL; p = p->next)
        n++;
    const struct savepoint **list = ARENA_ARRAY(sh->arena, const struct savepoint *, n + 1);
    for (const struct savepoint *p = sh->session->savepoints; p != NULL; p = p->next)
        list[--n] = p;
    for (; list[n] != NULL; n++) {
        struct datum *row = show_row(sh);
        row[0] = datum_str(arena_str(sh->arena, str_of(list[n]->name)));
        row[1] = datum_bool(list[n]->initial);
    }
    return 0;
}

static int show_commit_timestamp(struct show *sh, struct err *err)
{
    if (sh->session->commit_version == 0)
        return err_set(err, ERR_INVALID_TRANSACTION_STATE, "no committed transaction in this session yet");
    struct decimal timestamp;
    TRY(decimal_of_version(sh->arena, sh->session->commit_version, &timestamp, err));
    show_row(sh)[0] = datum_decimal(sh->arena, &timestamp);
    return 0;
}

// ---- the last statement

static const struct {
    const char *name;
    size_t offset; // of nanoseconds in the session; 0: always zero
} statistics[] = {
    {"parse_latency", offsetof(struct session, last_parse_ns)},
    {"plan_latency", offsetof(struct session, last_plan_ns)},
    {"exec_latency", offsetof(struct session, last_exec_ns)},
    {"service_latency", offsetof(struct session, last_service_ns)},
    {"post_commit_jobs_latency", 0},
};

static struct datum statistic(struct show *sh, struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(statistics); i++) {
        if (!str_eqc(name, statistics[i].name))
            continue;
        uint64_t ns = 0;
        if (statistics[i].offset != 0)
            memcpy(&ns, (const char *)sh->session + statistics[i].offset, sizeof(ns));
        struct buf b = BUF_INIT;
        interval_print(&b, (struct interval){.micros = (int64_t)(ns / 1000)}, INTERVAL_STYLE_POSTGRES);
        return show_take(sh, &b);
    }
    return DATUM_NULL;
}

static int show_last_query_statistics(struct show *sh, struct err *err)
{
    size_t n = sh->ast->names.n > 0 ? sh->ast->names.n : ARRAY_LEN(statistics);
    struct show_column *columns = ARENA_ARRAY(sh->arena, struct show_column, n);
    for (size_t i = 0; i < n; i++) {
        const char *name = sh->ast->names.n > 0 ? arena_cstr(sh->arena, ast_as_name(sh->ast->names.items[i])->name)
                                                : statistics[i].name;
        columns[i] = (struct show_column){name, TYPE_OID_STRING};
    }
    show_columns(sh, columns, n);
    struct datum *row = show_row(sh);
    for (size_t i = 0; i < n; i++)
        row[i] = statistic(sh, str_of(columns[i].name));
    return 0;
}

// ---- for shells

static void field(struct show *sh, const char *name, struct str message)
{
    struct datum *row = show_row(sh);
    row[0] = datum_c(name);
    row[1] = datum_str(arena_str(sh->arena, message));
}

static void syntax_error(struct show *sh, const struct err *e)
{
    char code[6];
    err_sqlstate(e->code, code);
    field(sh, "error", str_of(e->message));
    field(sh, "code", str_of(code));
    if (e->file != NULL) {
        const char *path = strstr(e->file, "src/");
        field(sh, "file", str_of(path != NULL ? path : e->file));
        field(sh, "line", arena_printf(sh->arena, "%d", e->line));
    }
    if (e->detail != NULL)
        field(sh, "detail", str_of(e->detail));
    if (e->hint != NULL)
        field(sh, "hint", str_of(e->hint));
}

static int show_syntax(struct show *sh, struct err *err)
{
    struct parsed_statements parsed;
    struct err e = ERR_INIT;
    if (parse_sql(sh->arena, sh->ast->name, NULL, &parsed, &e) != 0) {
        syntax_error(sh, &e);
        err_reset(&e);
        return 0;
    }
    for (size_t i = 0; i < parsed.n; i++)
        field(sh, "sql", parsed.items[i].text);
    return 0;
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || (c & 0x80) != 0;
}

static void completion(struct show *sh, struct str word, const char *category, struct str prefix, size_t start,
                       size_t end)
{
    if (word.len < prefix.len || !str_ieq(str_slice(word, 0, prefix.len), prefix))
        return;
    struct datum *row = show_row(sh);
    row[0] = datum_str(word);
    row[1] = datum_c(category);
    row[2] = datum_str(STR_EMPTY);
    row[3] = datum_int((int64_t)start);
    row[4] = datum_int((int64_t)end);
}

static int complete_relations(struct show *sh, struct str prefix, size_t start, size_t end, struct err *err)
{
    const struct cat_database *d;
    TRY(cat_database_by_name(sh->view, str_of(sh->session->values[SETTING_DATABASE]), &d, err));
    if (d == NULL)
        return 0;
    const struct cat_table **tables;
    size_t n;
    TRY(cat_list_tables(sh->view, sh->arena, d->id, 0, &tables, &n, err));
    for (size_t i = 0; i < n; i++)
        completion(sh, tables[i]->name, "relation", prefix, start, end);
    return 0;
}

// Keywords and relations that begin with the word before the offset.
static int show_completions(struct show *sh, struct err *err)
{
    struct str text = sh->ast->name;
    size_t at = text.len;
    if (sh->ast->expr != NULL && ast_as_number(sh->ast->expr)->fits_int64)
        at = MIN(at, (size_t)MAX(ast_as_number(sh->ast->expr)->value, (int64_t)0));
    size_t start = at;
    while (start > 0 && is_word(text.ptr[start - 1]))
        start--;
    struct str prefix = str_slice(text, start, at);
    size_t n;
    const struct keyword *keywords = keyword_table(&n);
    for (size_t i = 0; i < n && prefix.len > 0; i++) {
        struct buf upper = BUF_INIT;
        for (size_t k = 0; k < keywords[i].word.len; k++) {
            char c = keywords[i].word.ptr[k];
            buf_putc(&upper, c >= 'a' && c <= 'z' ? (char)(c - 32) : c);
        }
        completion(sh, show_take(sh, &upper).s, "keyword", prefix, start, at);
    }
    return complete_relations(sh, prefix, start, at, err);
}

const struct show_form show_session_forms[] = {
    {AST_SHOW_VARIABLE, show_variable, {{0}}},
    {AST_SHOW_ALL, show_all, {{"variable", TYPE_OID_STRING}, {"value", TYPE_OID_STRING}}},
    {AST_SHOW_TRANSACTION_STATUS, show_transaction_status, {{"TRANSACTION STATUS", TYPE_OID_STRING}}},
    {AST_SHOW_SAVEPOINT_STATUS,
     show_savepoint_status,
     {{"savepoint_name", TYPE_OID_STRING}, {"is_initial_savepoint", TYPE_OID_BOOL}}},
    {AST_SHOW_COMMIT_TIMESTAMP, show_commit_timestamp, {{"causality_token", TYPE_OID_DECIMAL}}},
    {AST_SHOW_LAST_QUERY_STATISTICS, show_last_query_statistics, {{0}}},
    {AST_SHOW_SYNTAX, show_syntax, {{"field", TYPE_OID_STRING}, {"message", TYPE_OID_STRING}}},
    {AST_SHOW_COMPLETIONS,
     show_completions,
     {{"completion", TYPE_OID_STRING},
      {"category", TYPE_OID_STRING},
      {"description", TYPE_OID_STRING},
      {"start", TYPE_OID_INT8},
      {"end", TYPE_OID_INT8}}},
    {0},
};
