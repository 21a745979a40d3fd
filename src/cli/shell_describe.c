// The \d family: listings from pg_catalog, and the description of one table.
#include "cli/shell_int.h"

struct description {
    const char *kind, *name_column, *schema_column, *query;
};

static const struct description descriptions[] = {
#define DESCRIBE(kind, name_column, schema_column, query) {kind, name_column, schema_column, query},
#include "cli/shell_describe.def"
};

// Relation kinds that a command lists.
static const struct {
    const char *command, *kinds;
} relation_lists[] = {
    {"d", "'r', 'p', 'v', 'm', 'S'"}, {"dt", "'r', 'p'"}, {"dv", "'v'"}, {"dm", "'m'"}, {"ds", "'S'"},
};

static const char relation_query[] =
    "SELECT n.nspname AS \"Schema\", c.relname AS \"Name\", CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN "
    "'table' WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'S' THEN 'sequence' END AS \"Type\", "
    "r.rolname AS \"Owner\" FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace LEFT "
    "JOIN pg_catalog.pg_roles r ON r.oid = c.relowner WHERE c.relkind IN (%s) AND n.nspname NOT IN ('pg_catalog', "
    "'information_schema', 'crdb_internal', 'pg_extension', 'pg_toast')%s ORDER BY 1, 2";

static void append_like(struct shell *sh, struct buf *filter, const char *column, struct str pattern)
{
    struct buf text = BUF_INIT;
    for (size_t i = 0; i < pattern.len; i++)
        buf_putc(&text, pattern.ptr[i] == '*' ? '%' : pattern.ptr[i] == '?' ? '_' : pattern.ptr[i]);
    char *literal = PQescapeLiteral(sh->conn, text.ptr != NULL ? text.ptr : "", text.len);
    if (literal != NULL)
        buf_printf(filter, " AND %s LIKE %s", column, literal);
    PQfreemem(literal);
    buf_release(&text);
}

// " AND schema LIKE … AND name LIKE …" for a pattern such as public.acc%.
static void append_filter(struct shell *sh, struct buf *filter, const char *schema_column, const char *name_column,
                          struct str pattern)
{
    if (pattern.ptr == NULL || pattern.len == 0)
        return;
    ptrdiff_t dot = schema_column == NULL ? -1 : str_find(pattern, STR("."), 0);
    if (dot >= 0)
        append_like(sh, filter, schema_column, str_slice(pattern, 0, (size_t)dot));
    append_like(sh, filter, name_column, str_slice(pattern, (size_t)(dot + 1), pattern.len));
}

static void run_listing(struct shell *sh, struct buf *sql)
{
    bool show_times = sh->options.show_times;
    sh->options.show_times = false;
    shell_execute(sh, buf_view(sql), 1);
    sh->options.show_times = show_times;
}

static void list_relations(struct shell *sh, const char *kinds, struct str pattern)
{
    struct buf sql = BUF_INIT, filter = BUF_INIT;
    append_filter(sh, &filter, "n.nspname", "c.relname", pattern);
    buf_printf(&sql, relation_query, kinds, buf_c(&filter));
    run_listing(sh, &sql);
    buf_release(&sql);
    buf_release(&filter);
}

// --- one table

static const char column_query[] =
    "SELECT a.attname AS \"Column\", pg_catalog.format_type(a.atttypid, a.atttypmod) AS \"Type\", CASE WHEN "
    "a.attnotnull THEN 'not null' ELSE '' END AS \"Nullable\", COALESCE(pg_catalog.pg_get_expr(d.adbin, d.adrelid), "
    "'') AS \"Default\" FROM pg_catalog.pg_attribute a LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid "
    "AND d.adnum = a.attnum WHERE a.attrelid = %s AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum";
static const char index_query[] =
    "SELECT pg_catalog.pg_get_indexdef(i.indexrelid) AS \"Indexes\" FROM pg_catalog.pg_index i JOIN "
    "pg_catalog.pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = %s ORDER BY c.relname";
static const char constraint_query[] =
    "SELECT c.conname AS \"Constraint\", pg_catalog.pg_get_constraintdef(c.oid) AS \"Definition\" FROM "
    "pg_catalog.pg_constraint c WHERE c.conrelid = %s ORDER BY c.conname";

static void run_for_table(struct shell *sh, const char *query, const char *oid)
{
    struct buf sql = BUF_INIT;
    buf_printf(&sql, query, oid);
    run_listing(sh, &sql);
    buf_release(&sql);
}

static void describe_table(struct shell *sh, const char *schema, const char *name, const char *oid, bool table)
{
    fprintf(sh->out, "%s \"%s.%s\"\n", table ? "Table" : "Relation", schema, name);
    run_for_table(sh, column_query, oid);
    if (table) {
        run_for_table(sh, index_query, oid);
        run_for_table(sh, constraint_query, oid);
    }
}

static void describe_relations(struct shell *sh, struct str pattern)
{
    struct buf sql = BUF_INIT, filter = BUF_INIT;
    append_filter(sh, &filter, "n.nspname", "c.relname", pattern);
    buf_printf(&sql,
               "SELECT n.nspname, c.relname, c.oid, c.relkind FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace "
               "n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S')%s ORDER BY 1, 2",
               buf_c(&filter));
    PGresult *result = PQexec(sh->conn, buf_c(&sql));
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        shell_meta_failed(sh, "%.*s", STR_FMT(str_trim(str_of(PQresultErrorMessage(result)))));
    else if (PQntuples(result) == 0)
        shell_meta_failed(sh, "no relation matches \"%.*s\"", STR_FMT(pattern));
    for (int i = 0; i < PQntuples(result); i++) {
        char kind = PQgetvalue(result, i, 3)[0];
        describe_table(sh, PQgetvalue(result, i, 0), PQgetvalue(result, i, 1), PQgetvalue(result, i, 2),
                       kind == 'r' || kind == 'p');
    }
    PQclear(result);
    buf_release(&sql);
    buf_release(&filter);
}

bool shell_describe(struct shell *sh, struct str kind, struct str pattern)
{
    if (str_eqc(kind, "dg"))
        kind = STR("du");
    if (str_eqc(kind, "z"))
        kind = STR("dp");
    if (str_eqc(kind, "d") && pattern.ptr != NULL) {
        describe_relations(sh, pattern);
        return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(relation_lists); i++) {
        if (str_eqc(kind, relation_lists[i].command)) {
            list_relations(sh, relation_lists[i].kinds, pattern);
            return true;
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(descriptions); i++) {
        const struct description *d = &descriptions[i];
        if (!str_eqc(kind, d->kind))
            continue;
        struct buf sql = BUF_INIT, filter = BUF_INIT;
        append_filter(sh, &filter, d->schema_column, d->name_column, pattern);
        ptrdiff_t hole = str_find(str_of(d->query), STR("%s"), 0);
        buf_append(&sql, d->query, (size_t)hole);
        buf_str(&sql, buf_view(&filter));
        buf_cstr(&sql, d->query + hole + 2);
        run_listing(sh, &sql);
        buf_release(&sql);
        buf_release(&filter);
        return true;
    }
    return false;
}
