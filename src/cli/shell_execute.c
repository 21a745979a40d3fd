// One statement, from sending it to its last result.
#include "cli/shell_int.h"
#include "base/util.h"
#include <stdlib.h>

// Type oids whose values are aligned by type; all others are aligned by content.
enum {
    OID_BOOL = 16,
    OID_BYTEA = 17,
    OID_INT8 = 20,
    OID_INT2 = 21,
    OID_INT4 = 23,
    OID_TEXT = 25,
    OID_FLOAT4 = 700,
    OID_FLOAT8 = 701,
    OID_VARCHAR = 1043
};

struct server_times {
    bool known;
    double parse_ms, plan_ms, execute_ms, service_ms, jobs_ms;
};

static enum column_align align_of_type(Oid type)
{
    switch (type) {
    case OID_BOOL:
        return COLUMN_ALIGN_CENTER;
    case OID_INT2:
    case OID_INT4:
    case OID_INT8:
    case OID_FLOAT4:
    case OID_FLOAT8:
        return COLUMN_ALIGN_RIGHT;
    case OID_TEXT:
    case OID_VARCHAR:
    case OID_BYTEA:
        return COLUMN_ALIGN_LEFT;
    default:
        return COLUMN_ALIGN_BY_CONTENT;
    }
}

static void print_field(const PGresult *result, int code, const char *label)
{
    const char *text = PQresultErrorField(result, code);
    if (text != NULL && text[0] != '\0')
        fprintf(stderr, "%s: %s\n", label, text);
}

static void print_error(struct shell *sh, const PGresult *result)
{
    fflush(sh->out);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *code = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    if (sh->results_begun)
        fputs("(error encountered after some results were delivered)\n", stderr);
    if (message == NULL) { // raised by libpq: the connection is gone
        struct str text = str_trim(str_of(PQresultErrorMessage(result)));
        fprintf(stderr, "ERROR: %.*s\n", STR_FMT(text));
        return;
    }
    fprintf(stderr, "ERROR: %s\n", message);
    if (code != NULL && strcmp(code, "XXUUU") != 0)
        fprintf(stderr, "SQLSTATE: %s\n", code);
    print_field(result, PG_DIAG_MESSAGE_DETAIL, "DETAIL");
    print_field(result, PG_DIAG_CONSTRAINT_NAME, "CONSTRAINT");
    print_field(result, PG_DIAG_MESSAGE_HINT, "HINT");
}

void shell_notice(void *shell, const PGresult *result)
{
    struct shell *sh = shell;
    fflush(sh->out);
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY);
    print_field(result, PG_DIAG_MESSAGE_PRIMARY, severity != NULL ? severity : "NOTICE");
    print_field(result, PG_DIAG_MESSAGE_DETAIL, "DETAIL");
    print_field(result, PG_DIAG_MESSAGE_HINT, "HINT");
}

static struct formatter *begin_rows(struct shell *sh, const PGresult *result)
{
    size_t n = (size_t)PQnfields(result);
    struct display_column *columns = ARENA_ARRAY(&sh->result, struct display_column, n);
    for (size_t i = 0; i < n; i++) {
        columns[i].name = arena_str(&sh->result, str_of(PQfname(result, (int)i)));
        columns[i].align = align_of_type(PQftype(result, (int)i));
    }
    return formatter_begin(&sh->result, sh->out, sh->options.display_format, sh->options.border, columns, n);
}

static void add_rows(struct shell *sh, struct formatter *f, const PGresult *result)
{
    int columns = PQnfields(result);
    struct str *values = mem_alloc(size_mul(sizeof *values, (size_t)columns + 1));
    for (int row = 0; row < PQntuples(result); row++) {
        for (int i = 0; i < columns; i++) {
            bool null = PQgetisnull(result, row, i);
            struct str value = {PQgetvalue(result, row, i), (size_t)PQgetlength(result, row, i)};
            bool boolean = PQftype(result, i) == OID_BOOL && value.len > 0;
            values[i] = null ? STR_NONE : boolean ? str_slice(value, 0, 1) : value;
        }
        formatter_row(f, values);
        sh->results_begun = true;
    }
    mem_free(values);
}

// --- COPY

// From the lines of the current input up to `\.`, or from a file.
static bool copy_in_line(struct shell *sh, FILE *file, struct buf *line, bool *interrupted)
{
    if (file == NULL) {
        bool got = input_line(sh, ">> ", line, interrupted);
        if (!got || *interrupted || str_eqc(buf_view(line), "\\."))
            return false;
        buf_putc(line, '\n');
        return true;
    }
    buf_clear(line);
    if (!buf_reserve(line, 65536))
        return false;
    line->len = fread(line->ptr, 1, 65536, file);
    return line->len > 0;
}

static void copy_in(struct shell *sh, FILE *file)
{
    struct buf line = BUF_INIT;
    bool sent = true, interrupted = false;
    struct input *input = sh->input;
    if (input->kind == INPUT_KIND_TEXT && input->text.ptr == NULL)
        sh->input = input->below; // the statement came from --execute, the data from standard input
    if (file == NULL && sh->interactive)
        fputs("Enter data to be copied followed by a newline.\n"
              "End with a backslash and a period on a line by itself, or an EOF signal.\n",
              sh->out);
    while (sent && copy_in_line(sh, file, &line, &interrupted))
        sent = PQputCopyData(sh->conn, line.ptr, (int)line.len) == 1;
    bool unreadable = file != NULL && ferror(file);
    PQputCopyEnd(sh->conn, unreadable ? "cannot read the input file" : interrupted ? "canceled by the user" : NULL);
    buf_release(&line);
    sh->input = input;
}

static void copy_out(struct shell *sh, FILE *file)
{
    char *data;
    for (int len; (len = PQgetCopyData(sh->conn, &data, 0)) > 0; PQfreemem(data))
        fwrite(data, 1, (size_t)len, file != NULL ? file : sh->out);
    fflush(file != NULL ? file : sh->out);
}

// --- timing

// "[-]HH:MM:SS.ffffff" in milliseconds.
static double interval_ms(const char *text)
{
    int hours = 0, minutes = 0;
    double seconds = 0;
    if (sscanf(text, "%d:%d:%lf", &hours, &minutes, &seconds) != 3)
        return 0;
    return (hours * 3600 + minutes * 60 + seconds) * 1000;
}

static struct server_times server_times(struct shell *sh)
{
    struct server_times times = {.known = false};
    if (!sh->statistics || !sh->options.show_server_times)
        return times;
    PGresult *result = shell_query(sh, "SHOW LAST QUERY STATISTICS RETURNING parse_latency, plan_latency, "
                                       "exec_latency, service_latency, post_commit_jobs_latency");
    if (result != NULL && PQntuples(result) == 1 && PQnfields(result) == 5 && !PQgetisnull(result, 0, 3)) {
        times = (struct server_times){.known = true,
                                      .parse_ms = interval_ms(PQgetvalue(result, 0, 0)),
                                      .plan_ms = interval_ms(PQgetvalue(result, 0, 1)),
                                      .execute_ms = interval_ms(PQgetvalue(result, 0, 2)),
                                      .service_ms = interval_ms(PQgetvalue(result, 0, 3)),
                                      .jobs_ms = interval_ms(PQgetvalue(result, 0, 4))};
    }
    PQclear(result);
    return times;
}

static void put_time(FILE *out, const char *label, double ms, bool seconds)
{
    if (seconds)
        fprintf(out, "%s%.3fs", label, ms / 1000);
    else
        fprintf(out, "%s%.0fms", label, ms);
}

static void print_times(struct shell *sh, double total_ms, int statements)
{
    FILE *out = sh->out;
    struct server_times t = server_times(sh);
    bool seconds = total_ms >= 1000;
    if (statements > 1) {
        fputs("\nNote: timings for multiple statements on a single line are not supported.\n", out);
    }
    put_time(out, "\nTime: ", total_ms, seconds);
    if (t.known && statements <= 1) {
        double server_ms = t.service_ms + t.jobs_ms, network_ms = MAX(total_ms - server_ms, 0);
        fputs(" total (", out);
        if (sh->options.verbose_times) {
            double other_ms = MAX(t.service_ms - t.parse_ms - t.plan_ms - t.execute_ms, 0);
            put_time(out, "parse ", t.parse_ms, seconds);
            put_time(out, " / plan ", t.plan_ms, seconds);
            put_time(out, " / exec ", t.execute_ms, seconds);
            put_time(out, " / schema change ", t.jobs_ms, seconds);
            put_time(out, " / other ", other_ms, seconds);
        } else {
            put_time(out, "execution ", server_ms, seconds);
        }
        put_time(out, " / network ", network_ms, seconds);
        putc(')', out);
    }
    fputs("\n\n", out);
    fflush(out);
}

// --- results

// Handles one PGresult; *formatter is the open row set, if any. False on an error.
static bool handle_result(struct shell *sh, PGresult *result, struct formatter **formatter, FILE *copy_file)
{
    const char *tag;
    switch (PQresultStatus(result)) {
    case PGRES_SINGLE_TUPLE:
    case PGRES_TUPLES_OK:
        if (*formatter == NULL)
            *formatter = begin_rows(sh, result);
        add_rows(sh, *formatter, result);
        if (PQresultStatus(result) == PGRES_TUPLES_OK) {
            formatter_end(*formatter);
            *formatter = NULL;
            sh->results_begun = false;
        }
        return true;
    case PGRES_COMMAND_OK:
        tag = PQcmdStatus(result);
        fprintf(sh->out, "%s\n", tag[0] != '\0' ? tag : "OK");
        return true;
    case PGRES_EMPTY_QUERY:
        return true;
    case PGRES_COPY_IN:
        copy_in(sh, copy_file);
        return true;
    case PGRES_COPY_OUT:
        copy_out(sh, copy_file);
        return true;
    default:
        print_error(sh, result);
        return false;
    }
}

// What LISTEN has brought by the end of a statement.
static void print_notifications(struct shell *sh)
{
    PGnotify *n;
    while ((n = PQnotifies(sh->conn)) != NULL) {
        fprintf(sh->out, "Asynchronous notification \"%s\"", n->relname);
        if (n->extra[0] != '\0')
            fprintf(sh->out, " with payload \"%s\"", n->extra);
        fprintf(sh->out, " received from server process with PID %d.\n", n->be_pid);
        PQfreemem(n);
    }
}

static bool read_results(struct shell *sh, FILE *copy_file)
{
    struct formatter *formatter = NULL;
    bool ok = true;
    PGresult *result;
    sh->results_begun = false;
    while ((result = PQgetResult(sh->conn)) != NULL) {
        ok &= handle_result(sh, result, &formatter, copy_file);
        PQclear(result);
        if (PQstatus(sh->conn) == CONNECTION_BAD)
            break;
    }
    print_notifications(sh);
    fflush(sh->out);
    return ok;
}

static bool run(struct shell *sh, const char *sql, FILE *copy_file)
{
    bool ok = false;
    if (PQsendQuery(sh->conn, sql)) {
        PQsetSingleRowMode(sh->conn);
        interrupt_begin(sh->conn);
        ok = read_results(sh, copy_file);
        interrupt_end();
    } else {
        struct str message = str_trim(str_of(PQerrorMessage(sh->conn)));
        fprintf(stderr, "ERROR: %.*s\n", STR_FMT(message));
    }
    arena_reset(&sh->result);
    sh->failed |= !ok;
    return ok;
}

bool shell_execute(struct shell *sh, struct str sql, int statements)
{
    char *text = str_dup_c(sql);
    if (sh->options.echo)
        fprintf(stderr, "> %s\n", text);
    int64_t start_ns = clock_mono_ns();
    bool ok = run(sh, text, NULL);
    double total_ms = (double)(clock_mono_ns() - start_ns) / 1e6;
    if (ok && sh->options.show_times)
        print_times(sh, total_ms, statements);
    mem_free(text);
    return ok;
}

bool shell_execute_copy(struct shell *sh, const char *sql, FILE *file)
{
    return run(sh, sql, file);
}
