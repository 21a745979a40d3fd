// CREATE SCHEDULE FOR BACKUP: one schedule of full backups, and one of what has changed since them, whose statements
// are BACKUPs that schedules.c runs as their owner. SHOW CREATE SCHEDULE writes the statement back.
#include "base/cron.h"
#include "catalog/schedules.h"
#include "sql/parse/parse.h"
#include "sql/session/jobs_int.h"
#include "sql/session/show_int.h"
#include "types/json.h"
#include <strings.h>

enum { MICROS_PER_S = 1000000, HOUR_S = 3600, DAY_S = 86400 };

const char *const schedule_column_names[SCHEDULE_COLUMNS] = {"schedule_id", "label",    "status",
                                                             "first_run",   "schedule", "backup_stmt"};
const struct type *schedule_column_types(void)
{
    static struct type types[SCHEDULE_COLUMNS];
    for (size_t i = 0; i < SCHEDULE_COLUMNS; i++)
        types[i] = T_STRING;
    types[0] = T_INT8;
    types[3] = T_TIMESTAMPTZ;
    return types;
}

struct wanted {
    struct session *s;
    struct arena *arena;
    struct str label, recurring, full; // recurring: empty: never. full: empty: each is
    enum cat_schedule_wait wait;
    enum cat_schedule_failure failure;
    int64_t first_run_micros; // 0: as the expressions say
    bool ignore_existing;
};

// ---- options

static int one_of(struct str text, const char *const *names, size_t n, const char *option, int *out, struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        if (str_ieqc(text, names[i])) {
            *out = (int)i;
            return 0;
        }
    }
    return err_set(err, ERR_INVALID_PARAMETER_VALUE, "\"%.*s\" is not a valid value of option \"%s\"", STR_FMT(text),
                   option);
}

static int read_first_run(struct wanted *w, struct str text, struct err *err)
{
    struct datum at;
    if (str_ieqc(text, "now")) {
        w->first_run_micros = clock_wall_ns() / 1000;
        return 0;
    }
    TRY(datum_parse(w->arena, T_TIMESTAMPTZ, text, session_value_context(w->s), &at, err));
    w->first_run_micros = at.i;
    return 0;
}

static int read_option(struct wanted *w, const struct ast_option *o, struct err *err)
{
    static const char *const waits[] = {"wait", "skip", "start"}, *const failures[] = {"reschedule", "retry", "pause"};
    struct str text = STR_EMPTY;
    int value;
    if (str_ieqc(o->name, "ignore_existing_backups")) {
        w->ignore_existing = true;
        return 0;
    }
    if (str_ieqc(o->name, "updates_cluster_last_backup_time_metric"))
        return 0; // there is no such metric
    if (o->value != NULL)
        TRY(constant_text(w->s, o->value, "a schedule option", w->arena, &text, err));
    if (str_ieqc(o->name, "first_run"))
        return read_first_run(w, text, err);
    if (str_ieqc(o->name, "on_previous_running")) {
        TRY(one_of(text, waits, ARRAY_LEN(waits), "on_previous_running", &value, err));
        w->wait = (enum cat_schedule_wait)value;
        return 0;
    }
    if (str_ieqc(o->name, "on_execution_failure")) {
        TRY(one_of(text, failures, ARRAY_LEN(failures), "on_execution_failure", &value, err));
        w->failure = (enum cat_schedule_failure)value;
        return 0;
    }
    return err_set(err, ERR_SYNTAX_ERROR, "unknown schedule option \"%.*s\"", STR_FMT(o->name));
}

// ---- how often

static int read_cron(struct str text, int64_t *apart_s, struct err *err)
{
    struct cron cron;
    TRY(cron_parse(text, &cron, err));
    int64_t first = cron_next(&cron, clock_wall_ns() / 1000000000);
    *apart_s = first != 0 ? cron_next(&cron, first) - first : 0;
    return 0;
}

// Without FULL BACKUP, as CockroachDB chooses.
static struct str usual_full(int64_t apart_s)
{
    return apart_s <= HOUR_S ? STR("@daily") : apart_s <= DAY_S ? STR("@weekly") : STR_EMPTY;
}

static int read_times(struct wanted *w, const struct ast_create_schedule *n, struct err *err)
{
    int64_t apart_s = 0, full_s = 0;
    if (n->recurring != NULL)
        TRY(constant_text(w->s, n->recurring, "RECURRING", w->arena, &w->recurring, err));
    if (n->recurring != NULL)
        TRY(read_cron(w->recurring, &apart_s, err));
    if (n->full != NULL) {
        TRY(constant_text(w->s, n->full, "FULL BACKUP", w->arena, &w->full, err));
        TRY(read_cron(w->full, &full_s, err));
        if (n->recurring == NULL || full_s < apart_s)
            return err_set(err, ERR_INVALID_PARAMETER_VALUE,
                           "incremental backups must occur more often than full backups");
        if (full_s == apart_s)
            w->full = STR_EMPTY;
    } else if (!n->full_always && n->recurring != NULL) {
        w->full = usual_full(apart_s);
    }
    return 0;
}

// ---- making them

// The BACKUP of a schedule, detached, of all or since the latest.
static struct str statement_of(struct wanted *w, const struct ast *backup, bool incremental)
{
    struct buf b = BUF_INIT;
    struct ast_backup copy = *ast_as_backup(backup);
    struct ast_option *detached = AST_NEW(w->arena, OPTION, option, 0);
    detached->name = STR("detached");
    copy.latest = incremental;
    if (!bulk_is_detached(backup))
        ast_list_push(w->arena, &copy.options, (struct ast *)detached);
    ast_print(&b, (const struct ast *)&copy, AST_PRINT_DEFAULT);
    struct str out = arena_str(w->arena, buf_view(&b));
    buf_release(&b);
    return out;
}

static struct str args_of(struct wanted *w, struct str statement, bool incremental)
{
    struct buf b = BUF_INIT;
    buf_cstr(&b, "{\"backup_stmt\": ");
    json_print_string(&b, statement);
    buf_printf(&b, ", \"backup_type\": %d, \"database\": ", incremental);
    json_print_string(&b, str_of(w->s->values[SETTING_DATABASE]));
    buf_cstr(&b, "}");
    struct str out = arena_str(w->arena, buf_view(&b));
    buf_release(&b);
    return out;
}

static int make_one(struct wanted *w, const struct ast *backup, bool incremental, struct str cron,
                    struct show_result *out, struct err *err)
{
    struct str statement = statement_of(w, backup, incremental);
    struct cat_schedule schedule = {.id = cat_unique_rowid(),
                                    .name = w->label,
                                    .owner = w->s->user,
                                    .created_micros = clock_wall_ns() / 1000,
                                    .cron = cron,
                                    .wait = w->wait,
                                    .failure = w->failure,
                                    .executor = STR(CAT_SCHEDULE_BACKUP),
                                    .args = args_of(w, statement, incremental)};
    schedule.next_run_micros = w->first_run_micros != 0 && !incremental ? w->first_run_micros
                               : cron.len > 0                           ? schedule_next_run(&schedule)
                                                                        : schedule.created_micros;
    struct datum *row = ARENA_ARRAY(w->arena, struct datum, SCHEDULE_COLUMNS);
    row[0] = datum_int(schedule.id);
    row[1] = datum_str(schedule.name);
    row[2] = datum_str(STR("ACTIVE"));
    row[3] = datum_int(schedule.next_run_micros);
    row[4] = datum_str(cron.len > 0 ? cron : STR("NEVER"));
    row[5] = datum_str(statement);
    ARENA_PUSH(w->arena, &out->rows, row);
    return cat_schedule_put(w->s->view, &schedule, err);
}

static int label_exists(struct wanted *w, bool *out, struct err *err)
{
    struct cat_schedule *all;
    size_t n;
    *out = false;
    TRY(cat_schedule_list(w->s->view, w->arena, &all, &n, err));
    for (size_t i = 0; i < n; i++)
        *out |= str_eqc(all[i].executor, CAT_SCHEDULE_BACKUP) && str_eq(all[i].name, w->label);
    return 0;
}

static int read_statement(struct wanted *w, const struct ast_create_schedule *n, struct err *err)
{
    w->label = arena_printf(w->arena, "BACKUP %lld", (long long)(clock_wall_ns() / 1000000000));
    if (n->label != NULL)
        TRY(constant_text(w->s, n->label, "the label", w->arena, &w->label, err));
    else if (n->if_not_exists)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "schedule label must be specified when using IF NOT EXISTS");
    for (size_t i = 0; i < n->options.n; i++)
        TRY(read_option(w, ast_as_option(n->options.items[i]), err));
    return read_times(w, n, err);
}

int run_create_schedule(struct session *s, const struct ast *ast, bool describe, struct arena *a, struct err *err)
{
    const struct ast_create_schedule *n = ast_as_create_schedule(ast);
    struct wanted w = {.s = s, .arena = a};
    struct show_result r = {
        .arena = a, .names = schedule_column_names, .types = schedule_column_types(), .n_columns = SCHEDULE_COLUMNS};
    bool exists = false;
    TRY(read_statement(&w, n, err));
    TRY(backup_check_schedulable(s, n->backup, w.ignore_existing, a, err));
    if (n->if_not_exists)
        TRY(label_exists(&w, &exists, err));
    if (exists) {
        send_notice(s, ERR_SUCCESSFUL_COMPLETION, "schedule \"%.*s\" already exists, skipping", STR_FMT(w.label));
        return show_send(s, &r, describe, err);
    }
    if (w.full.len > 0)
        TRY(make_one(&w, n->backup, true, w.recurring, &r, err));
    TRY(make_one(&w, n->backup, false, w.full.len > 0 ? w.full : w.recurring, &r, err));
    return show_send(s, &r, describe, err);
}

// ---- running them

// *job: SCHEDULE_LATER while there is no full backup yet.
int schedule_start_backup(struct session *s, const struct cat_schedule *schedule, struct arena *a, int64_t *job,
                          struct err *err)
{
    struct parsed_statements parsed;
    struct datum args;
    struct str statement, database, value;
    TRY(datum_parse(a, T_JSONB, schedule->args, session_value_context(s), &args, err));
    if (!json_get_key(args.s, STR("backup_stmt"), &value) || !json_as_text(a, value, &statement) ||
        !json_get_key(args.s, STR("database"), &value) || !json_as_text(a, value, &database))
        return err_set(err, ERR_DATA_CORRUPTED, "the schedule's arguments are damaged");
    TRY(parse_sql(a, statement, NULL, &parsed, err));
    TRY(setting_set(s, STR("database"), database, false, err));
    return backup_create_job(s, schedule->owner, parsed.items[0].ast, a, job, err);
}
