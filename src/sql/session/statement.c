// One statement: analysis, planning, execution, results. Transaction control is in txn.c, the loops around statements
// (batches, retries, the extended protocol) in session.c and portal.c.
#include "sql/session/as_of_int.h"
#include "sql/session/jobs_int.h"
#include "sql/session/session_int.h"
#include "sql/session/splits_int.h"
#include "sql/session/show_int.h"
#include "sql/functions/advisory.h"
#include "types/tuple.h"
#include <stdlib.h>
#include <strings.h>
#include <stdio.h>

// Whether client_min_messages lets it through.
static bool wanted(const struct session *s, const struct err *notice)
{
    static const struct {
        const char *least;
        int rank;
    } levels[] = {{"error", 5}, {"warning", 4}, {"notice", 3}, {"log", 2}};
    static const int ranks[] = {
        [ERR_SEVERITY_ERROR] = 3, [ERR_SEVERITY_WARNING] = 4, [ERR_SEVERITY_NOTICE] = 3, [ERR_SEVERITY_INFO] = 9,
        [ERR_SEVERITY_LOG] = 2,   [ERR_SEVERITY_DEBUG] = 1,   [ERR_SEVERITY_FATAL] = 9};
    int least = 1; // debug1 …
    for (size_t i = 0; i < ARRAY_LEN(levels); i++)
        if (strcmp(s->values[SETTING_CLIENT_MIN_MESSAGES], levels[i].least) == 0)
            least = levels[i].rank;
    return ranks[notice->severity] >= least;
}

void send_notice_record(void *session, const struct err *notice)
{
    struct session *s = session;
    if (s->sink != NULL && s->sink->ops->notice != NULL && wanted(s, notice)) // some sinks take rows alone
        s->sink->ops->notice(s->sink, notice);
}

void send_notice(struct session *s, int code, const char *fmt, ...)
{
    struct err e = ERR_INIT;
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    err_set(&e, code, "%s", text);
    e.severity = code == ERR_SUCCESSFUL_COMPLETION ? ERR_SEVERITY_NOTICE : ERR_SEVERITY_WARNING;
    send_notice_record(s, &e);
    err_reset(&e);
}

// ---- contexts

// Of the database that the session is in; 0: it does not exist. Found once for each version of the catalog.
static uint32_t database_id(struct session *s)
{
    const struct cat_database *d = NULL;
    uint64_t version = cat_view_version(s->view);
    if (version != 0 && s->database_version == version && s->database_epoch == s->settings_epoch)
        return s->database_id;
    if (cat_database_by_name(s->view, str_of(s->values[SETTING_DATABASE]), &d, NULL) != 0)
        return 0;
    s->database_id = d != NULL ? d->id : 0;
    s->database_version = version;
    s->database_epoch = s->settings_epoch;
    return s->database_id;
}

void eval_context_init(struct session *s, struct eval_context *ec, struct arena *a)
{
    *ec = (struct eval_context){.arena = a,
                                .vc = &s->vc,
                                .txn_micros = s->txn_micros,
                                .statement_micros = s->statement_micros,
                                .catalog = s->view,
                                .txn = s->txn,
                                .database = str_of(s->values[SETTING_DATABASE]),
                                .user = s->user,
                                .session_user = str_of(s->values[SETTING_SESSION_USER]),
                                .application_name = str_of(s->values[SETTING_APPLICATION_NAME]),
                                .search_path = s->search_path,
                                .n_search_path = s->n_search_path,
                                .temp_schema = session_temp_schema(s),
                                .postgresql = session_dialect_is_postgresql(s),
                                .session = &s->functions,
                                .rng = &s->rng};
    s->vc.txn_now_micros = s->txn_micros;
    ec->database_id = s->view != NULL ? database_id(s) : 0;
}

void analyze_options_init(struct session *s, struct analyze_options *o, struct eval_context *fold, struct arena *a)
{
    eval_context_init(s, fold, a);
    fold->session = NULL; // folding must not reach what changes between executions
    fold->txn = NULL;
    *o = (struct analyze_options){
        .view = s->view,
        .fold = fold,
        .safe_updates = setting_bool(s, SETTING_SQL_SAFE_UPDATES),
        .null_ordered_last = setting_bool(s, SETTING_NULL_ORDERED_LAST),
        .avoid_full_scans_in_mutations = setting_bool(s, SETTING_AVOID_FULL_TABLE_SCANS_IN_MUTATIONS),
        .ordinal_columns = !s->in_ddl && setting_bool(s, SETTING_ALLOW_ORDINAL_COLUMN_REFERENCES),
        .integer_sums = session_dialect_is_postgresql(s),
        .statement_source = statement_source,
        .statement_source_arg = s};
    o->scope = (struct cat_name_scope){.database = str_of(s->values[SETTING_DATABASE]),
                                       .search_path = s->search_path,
                                       .n_search_path = s->n_search_path,
                                       .user = s->user,
                                       .temp_schema = session_temp_schema(s)};
}

int analyze_options_in_database(struct session *s, struct analyze_options *o, uint32_t database_id, struct err *err)
{
    const struct cat_database *d;
    TRY(cat_database_by_id(s->view, database_id, &d, err));
    if (d == NULL || str_eq(d->name, o->scope.database))
        return 0;
    o->scope.database = d->name;
    o->other_database = true;
    return 0;
}

int session_interrupted(void *arg, struct err *err)
{
    struct session *s = arg;
    if (s->job != NULL)
        return s->job_interrupted(s->job, err);
    if (atomic_load_explicit(&s->cancel_requested, memory_order_relaxed) && session_check_ended(s, err) != 0)
        return ERR_ADMIN_SHUTDOWN;
    if (atomic_load_explicit(&s->cancel_requested, memory_order_relaxed))
        return err_set(err, ERR_QUERY_CANCELED, "query execution canceled");
    if (UNLIKELY(s->meter.written_bytes > s->written_bytes_max))
        return metering_full(s, err);
    if (s->statement_deadline_ns == 0 && s->txn_deadline_ns == 0)
        return 0;
    int64_t now = clock_mono_ns();
    if (s->statement_deadline_ns != 0 && now > s->statement_deadline_ns)
        return err_set(err, ERR_QUERY_CANCELED, "query execution canceled due to statement timeout");
    if (s->txn_deadline_ns != 0 && now > s->txn_deadline_ns)
        return err_set(err, ERR_QUERY_CANCELED, "query execution canceled due to transaction timeout");
    return 0;
}

static int64_t until_deadline(int64_t timeout, int64_t deadline_ns)
{
    if (deadline_ns == 0)
        return timeout;
    int64_t left = MAX(deadline_ns - clock_mono_ns(), (int64_t)1);
    return timeout == 0 ? left : MIN(timeout, left);
}

// Lock waits end at the lock timeout, with the statement or with the transaction, whichever comes first.
int64_t session_lock_timeout(const struct session *s)
{
    int64_t timeout = timeout_ns(setting_int(s, SETTING_LOCK_TIMEOUT));
    return until_deadline(until_deadline(timeout, s->statement_deadline_ns), s->txn_deadline_ns);
}

// Never more than an eighth of what all sessions may have together, so that an operator spills before the rest starves.
static size_t work_memory(struct session *s)
{
    return MIN(s->work_memory_bytes, s->engine->budget.limit_bytes / 8);
}

// Scans that give a few rows at once show what depends on how rows are cut into batches.
static uint32_t scan_rows_max(const struct session *s)
{
    int64_t rows = setting_int(s, SETTING_TESTING_SCAN_ROWS_MAX);
    return rows > 0 && rows <= BATCH_ROWS_MAX ? (uint32_t)rows : s->engine->batch_rows_max;
}

void exec_context_init(struct session *s, struct exec_context *x, struct arena *a, struct budget *budget)
{
    *x =
        (struct exec_context){.arena = a,
                              .txn = s->txn,
                              .view = s->view,
                              .cluster = catalog_cluster(s->engine->catalog),
                              .budget = budget,
                              .interrupted = session_interrupted,
                              .interrupted_arg = s,
                              .lock_timeout_ns = session_lock_timeout(s),
                              .read_only = s->txn_read_only || s->txn_as_of != 0,
                              .table_exprs = session_table_exprs,
                              .computed_expr = session_computed_expr,
                              .trigger_condition = session_trigger_condition,
                              .replica = strcmp(setting_text(s, SETTING_SESSION_REPLICATION_ROLE), "replica") == 0,
                              .triggers_may_cascade = setting_bool(s, SETTING_UNSAFE_ALLOW_TRIGGERS_MODIFYING_CASCADES),
                              .table_exprs_arg = s,
                              .cascade_limit = setting_int(s, SETTING_FOREIGN_KEY_CASCADES_LIMIT),
                              .work_memory_bytes = work_memory(s),
                              .os = s->engine->os,
                              .temp_dir = s->engine->temp_dir,
                              .batch_rows_max = scan_rows_max(s),
                              .deferred = &s->deferred,
                              .rows_changed = session_rows_changed,
                              .rows_changed_arg = s,
                              .index_read = session_index_read,
                              .index_read_arg = s,
                              .virtual_arg = s};
    eval_context_init(s, &x->eval, a);
}

// A timeout that never comes rather than one that wraps.
int64_t timeout_ns(int64_t ms)
{
    return MIN(MAX(ms, (int64_t)0), INT64_MAX / 4 / 1000000) * 1000000;
}

int64_t deadline_after(int64_t timeout_ms)
{
    return timeout_ms > 0 ? clock_mono_ns() + timeout_ns(timeout_ms) : 0;
}

void statement_clock_start(struct session *s)
{
    s->statement_micros = clock_wall_ns() / 1000;
    s->statement_deadline_ns = deadline_after(setting_int(s, SETTING_STATEMENT_TIMEOUT));
}

// ---- planning

double session_row_count(void *session, const struct cat_table *t)
{
    struct session *s = session;
    int64_t rows;
    if (t->kind != CAT_TABLE || cat_row_count(s->view, t->id, &rows, NULL) != 0)
        return -1;
    return (double)rows;
}

// Whether a list of names separated by commas has one.
static bool list_has(const char *list, const char *name)
{
    size_t n = strlen(name);
    for (const char *at = list; *at != '\0'; at += *at == ',') {
        size_t len = strcspn(at, ",");
        if (len == n && strncasecmp(at, name, n) == 0)
            return true;
        at += len;
    }
    return false;
}

// What tests ask for: rules by name, or at random from a seed that moves on with every plan.
static uint64_t disabled_rules(struct session *s, int64_t seed)
{
    uint64_t bits = 0;
    double probability = strtod(s->values[SETTING_TESTING_OPTIMIZER_DISABLE_RULE_PROBABILITY], NULL);
    struct rng rng;
    rng_seed(&rng, (uint64_t)seed);
    for (int i = 0; i < OPTIMIZE_RULE_COUNT; i++) {
        bool random = probability > 0 && rng_unit(&rng) < probability;
        if (random || list_has(s->values[SETTING_TESTING_OPTIMIZER_DISABLE_RULES], optimize_rule_name(i)))
            bits |= 1ull << i;
    }
    return bits;
}

static double large_scan_rows(const struct session *s)
{
    return strtod(s->values[SETTING_LARGE_FULL_SCAN_ROWS], NULL);
}

void optimize_options_init(struct session *s, struct optimize_options *o)
{
    *o = (struct optimize_options){.statistics = {.row_count = session_row_count,
                                                  .distinct_count = session_distinct_count,
                                                  .null_fraction = session_null_fraction,
                                                  .range_fraction = session_range_fraction,
                                                  .arg = s},
                                   .reorder_joins_limit = setting_int(s, SETTING_REORDER_JOINS_LIMIT),
                                   .avoid_full_scans = setting_bool(s, SETTING_DISALLOW_FULL_TABLE_SCANS),
                                   .large_scan_rows = large_scan_rows(s)};
    if (!setting_bool(s, SETTING_OPTIMIZER_MERGE_JOINS_ENABLED))
        o->disabled_rules = 1ull << OPTIMIZE_RULE_MERGE_JOIN;
    if (!setting_bool(s, SETTING_OPTIMIZER_USE_HISTOGRAMS))
        o->statistics.range_fraction = NULL;
    struct rng draw;
    rng_seed(&draw, (uint64_t)clock_mono_ns());
    o->visibility_draw = setting_bool(s, SETTING_OPTIMIZER_USE_NOT_VISIBLE_INDEXES) ? -1 : rng_unit(&draw);
    if (!s->testing_optimizer)
        return;
    int64_t seed = setting_int(s, SETTING_TESTING_OPTIMIZER_RANDOM_SEED);
    seed = seed != 0 ? seed + (int64_t)s->plans_made++ : 0;
    o->disabled_rules |= disabled_rules(s, seed);
    o->cost_seed = (uint64_t)seed;
    o->cost_perturbation = strtod(s->values[SETTING_TESTING_OPTIMIZER_COST_PERTURBATION], NULL);
}

void optimize_options_for_routine(struct optimize_options *o)
{
    o->disabled_rules |= UINT64_C(1) << OPTIMIZE_RULE_COUNT_BY_COUNTER;
}

static int check_use(struct session *s, const struct relation_use *use, struct err *err)
{
    if (use->privileges != 0)
        TRY(cat_check_schema_usage(s->view, s->user, use->table->schema_id, err));
    for (uint32_t bit = 1; bit != 0 && bit <= use->privileges; bit <<= 1) {
        if ((use->privileges & bit) != 0)
            TRY(cat_check_table_privilege(s->view, s->user, use->table, bit, err));
    }
    return 0;
}

// Whether rows of it are written or locked.
static bool writes_to(const struct relation_use *use)
{
    return (use->privileges & (CAT_PRIVILEGE_INSERT | CAT_PRIVILEGE_UPDATE | CAT_PRIVILEGE_DELETE)) != 0 &&
           use->table->kind == CAT_TABLE;
}

int check_statement_privileges(struct session *s, const struct query *q, struct err *err)
{
    for (uint32_t i = 0; i < q->n_relations; i++) {
        const struct relation_use *use = &q->relations[i];
        if (cat_table_everywhere(use->table))
            continue;
        if (use->table->kind != CAT_VIRTUAL) {
            TRY(cat_table_depend(s->view, use->table, writes_to(use), err));
            TRY(as_of_check_age(s, use->table, err));
        }
        TRY(check_use(s, use, err));
    }
    return 0;
}

// The tables that the query writes to keep their schemas until the transaction has ended. *moved: a schema was changed
// since the query was planned, which has to be done again.
int lock_written_tables(struct session *s, const struct query *q, bool *moved, struct err *err)
{
    *moved = false;
    if (s->txn_read_only || s->txn_as_of != 0)
        return 0;
    for (uint32_t i = 0; i < q->n_relations && !*moved; i++) {
        const struct relation_use *use = &q->relations[i];
        if (!writes_to(use) || cat_table_locked(s->view, use->table, KV_LOCK_KEY_SHARE))
            continue;
        TRY(check_use(s, use, err)); // who may not write does not stand in the way of others
        cat_view_set_lock_wait(s->view, session_lock_timeout(s), false);
        TRY(cat_table_lock(s->view, use->table, KV_LOCK_KEY_SHARE, KV_LOCK_WAIT, moved, err));
    }
    return 0;
}

const struct expr *query_scalar(const struct query *q)
{
    const struct rel *r = q->root;
    if (q->n_output != 1 || q->n_ctes > 0 || r->kind != REL_PROJECT || r->project.n_items != 1 ||
        r->input->kind != REL_VALUES || r->input->n_cols != 0 || r->input->values.n_rows != 1)
        return NULL;
    const struct projection *item = &r->project.items[0];
    return item->column == q->output[0] && !expr_has_subquery(item->expr) ? item->expr : NULL;
}

int plan_statement(struct session *s, struct arena *a, const struct ast *ast, const uint32_t *oids, size_t n_oids,
                   struct statement_plan **out, struct err *err)
{
    struct analyze_options options;
    struct eval_context fold;
    analyze_options_init(s, &options, &fold, a);
    options.parameter_oids = oids;
    options.n_parameter_oids = n_oids;
    struct query *q;
    TRY(analyze(a, &options, ast, &q, err));
    struct optimize_options opt;
    optimize_options_init(s, &opt);
    opt.eval = &fold;
    *out = optimize(q, &opt);
    return plan_conforms(*out, err);
}

struct result_column *plan_columns(struct arena *a, const struct statement_plan *sp, size_t *n)
{
    const struct query *q = sp->query;
    *n = q->n_output;
    struct result_column *columns = ARENA_ARRAY(a, struct result_column, q->n_output);
    for (uint32_t i = 0; i < q->n_output; i++) {
        const struct col_info *info = &q->columns.ptr[q->output[i]];
        columns[i].name = arena_str(a, q->output_names[i]);
        columns[i].type = info->type.family == TYPE_UNKNOWN ? T_STRING : info->type;
        columns[i].table_oid = info->table != NULL ? info->table->id : 0;
        columns[i].attnum = (int16_t)(info->table != NULL ? info->table_column_id : 0);
    }
    return columns;
}

struct str statement_tag(struct arena *a, const struct ast *ast, uint64_t rows)
{
    const char *tag = ast_tag(ast);
    switch (ast->kind) {
    case AST_INSERT:
        return arena_printf(a, "INSERT 0 %llu", (unsigned long long)rows);
    case AST_SELECT:
    case AST_UPDATE:
    case AST_DELETE:
    case AST_FETCH:
        return arena_printf(a, "%s %llu", tag, (unsigned long long)rows);
    case AST_SHOW:
    case AST_EXPLAIN:
        return arena_printf(a, "%s %llu", tag, (unsigned long long)rows);
    default:
        return str_of(tag);
    }
}

// ---- execution of a plan

// Whether rows may get more or longer by it.
static bool adds_data(const struct query *q)
{
    bool adds = false;
    for (uint32_t i = 0; i < q->n_relations && q->has_mutation; i++)
        adds = adds || (q->relations[i].privileges & (CAT_PRIVILEGE_INSERT | CAT_PRIVILEGE_UPDATE)) != 0;
    return adds;
}

int check_full_scans(struct session *s, const struct statement_plan *plan, struct err *err)
{
    if (!plan->full_scan || !setting_bool(s, SETTING_DISALLOW_FULL_TABLE_SCANS) ||
        plan->full_scan_rows <= large_scan_rows(s))
        return 0;
    err_set(err, ERR_TOO_MANY_ROWS, "query `%s` contains a full table/index scan which is explicitly disallowed",
            s->current_query != NULL ? s->current_query : "");
    return err_hint(err, "try overriding the `disallow_full_table_scans` or increasing the `large_full_scan_rows` "
                         "cluster/session settings");
}

static int start_with(struct session *s, struct statement_plan *plan, const struct datum *parameters,
                      struct copy_piece *piece, struct execution **out, struct err *err)
{
    bool moved;
    TRY(check_statement_privileges(s, plan->query, err));
    TRY(lock_written_tables(s, plan->query, &moved, err)); // a conflict where it is too late to plan again
    if (s->activity.sampling)
        activity_sample(s, plan);
    TRY(metering_admit(s, adds_data(plan->query), err));
    if (plan->query->row_lock != NULL && (s->txn_read_only || s->txn_as_of != 0))
        return err_set(err, ERR_READ_ONLY_SQL_TRANSACTION, "cannot execute SELECT %s in a read-only transaction",
                       plan->query->row_lock);
    if (parameters == NULL && plan->query->n_parameters > 0)
        return parameter_missing(1, err);
    struct execution *e = mem_zalloc(sizeof(*e));
    budget_init(&e->budget, "statement", SIZE_MAX, &s->budget);
    arena_init(&e->arena, &e->budget);
    exec_context_init(s, &e->x, &e->arena, &e->budget);
    e->plan = plan;
    e->x.parameters = parameters;
    if (piece != NULL) {
        e->x.copy_batch = &piece->rows;
        e->x.trigger_queue = piece->triggers;
        e->x.triggers_wait = !piece->last;
    }
    const struct query *q = plan->query;
    e->map = ARENA_ARRAY(&e->arena, int64_t, q->n_output);
    e->out_cols = ARENA_ARRAY(&e->arena, struct vec, q->n_output);
    for (uint32_t i = 0; i < q->n_output; i++) {
        e->map[i] = -1;
        for (uint32_t k = 0; k < plan->root->n_cols && e->map[i] < 0; k++) {
            if (plan->root->cols[k] == q->output[i])
                e->map[i] = k;
        }
        INVARIANT(e->map[i] >= 0);
    }
    int rc = exec_open(&e->x, plan, err);
    if (rc != 0) {
        execution_free(e);
        return rc;
    }
    *out = e;
    return 0;
}

int execution_start(struct session *s, struct statement_plan *plan, const struct datum *parameters,
                    struct execution **out, struct err *err)
{
    return start_with(s, plan, parameters, NULL, out, err);
}

int execution_start_copy(struct session *s, struct statement_plan *plan, struct copy_piece *piece,
                         struct execution **out, struct err *err)
{
    return start_with(s, plan, NULL, piece, out, err);
}

void execution_free(struct execution *e)
{
    if (e == NULL)
        return;
    exec_close(&e->x);
    arena_release(&e->arena);
    mem_free(e);
}

// regclass and its kin are numbers inside, and names in text outside; arrays of them alike.
static bool has_names(struct type t)
{
    if (type_is(t, TYPE_ARRAY))
        t = type_element(t);
    return type_is(t, TYPE_OID) && t.oid != TYPE_OID_OID;
}

static int reg_names(struct execution *e, const struct vec *v, const struct batch *b, struct vec *names,
                     struct err *err)
{
    uint32_t rows = b->n == 0 ? 1 : batch_row(b, b->n - 1) + 1;
    struct type text = type_is(v->type, TYPE_ARRAY) ? type_array_of(T_STRING) : T_STRING;
    struct eval_context eval = e->x.eval;
    eval.arena = &e->arena;
    vec_init(names, &e->arena, text, rows);
    for (uint32_t k = 0; k < b->n; k++) {
        uint32_t row = batch_row(b, k);
        struct datum d = vec_get(v, row);
        TRY(cast_datum(&eval, v->type, text, true, d, &d, err));
        vec_set(names, row, d);
    }
    return 0;
}

static int send_batch(struct session *s, struct execution *e, const struct batch *b, struct err *err)
{
    const struct query *q = e->plan->query;
    for (uint32_t i = 0; i < q->n_output; i++) {
        const struct vec *v = &b->cols[e->map[i]];
        bool binary = e->formats != NULL && e->formats[i] == 1;
        if (has_names(v->type) && !binary)
            TRY(reg_names(e, v, b, &e->out_cols[i], err));
        else
            e->out_cols[i] = *v;
    }
    struct batch out = {.n = b->n, .sel = b->sel, .cols = e->out_cols, .ncols = q->n_output};
    return s->sink->ops->rows(s->sink, &out, err);
}

static int row_limit(struct session *s, int setting, const char *what, uint64_t rows, struct err *err)
{
    int64_t limit = setting_int(s, setting);
    if (limit <= 0 || rows <= (uint64_t)limit)
        return 0;
    return err_set(err, ERR_PROGRAM_LIMIT_EXCEEDED, "txn has %s %llu rows, which is above the limit: SessionID %s",
                   what, (unsigned long long)rows, s->session_id);
}

// transaction_rows_read_err, transaction_rows_written_err
static int check_row_limits(struct session *s, const struct execution *e, struct err *err)
{
    s->rows_read_in_txn += e->x.rows_read;
    s->rows_written_in_txn += e->x.rows_written;
    TRY(row_limit(s, SETTING_TRANSACTION_ROWS_WRITTEN_ERR, "written", s->rows_written_in_txn, err));
    return row_limit(s, SETTING_TRANSACTION_ROWS_READ_ERR, "read", s->rows_read_in_txn, err);
}

int execution_send(struct session *s, struct execution *e, uint64_t max_rows, uint64_t *sent, bool *done,
                   struct err *err)
{
    *sent = 0;
    *done = e->finished;
    while (!e->finished) {
        if (e->pending_at >= e->pending.n) {
            TRY(exec_next(&e->x, &e->pending, err));
            e->pending_at = 0;
            if (e->pending.n == 0) {
                e->finished = *done = true;
                TRY(check_row_limits(s, e, err));
                break;
            }
        }
        if (max_rows != 0 && *sent == max_rows)
            break;
        uint16_t sel[BATCH_ROWS_MAX];
        uint32_t n = e->pending.n - e->pending_at;
        if (max_rows != 0)
            n = (uint32_t)MIN((uint64_t)n, max_rows - *sent);
        struct batch part = e->pending;
        if (e->pending_at > 0 || n < e->pending.n) {
            for (uint32_t k = 0; k < n; k++)
                sel[k] = (uint16_t)batch_row(&e->pending, e->pending_at + k);
            part.sel = sel;
            part.n = n;
        }
        if (e->plan->query->n_output > 0 || e->plan->query->returns_rows)
            TRY(send_batch(s, e, &part, err));
        e->pending_at += n;
        *sent += n;
    }
    return 0;
}

static bool is_query(const struct ast *ast)
{
    return ast->kind == AST_SELECT || ast->kind == AST_INSERT || ast->kind == AST_UPDATE || ast->kind == AST_DELETE;
}

static int run_plan(struct session *s, struct statement_plan *plan, const struct datum *parameters,
                    const struct ast *ast, bool describe, struct arena *tag_arena, struct str *tag, struct err *err)
{
    struct execution *e;
    TRY(check_full_scans(s, plan, err));
    TRY(execution_start(s, plan, parameters, &e, err));
    if (describe && plan->query->returns_rows) {
        size_t n;
        struct result_column *columns = plan_columns(&e->arena, plan, &n);
        s->sink->ops->describe(s->sink, columns, n);
    }
    uint64_t sent;
    bool done;
    int rc = execution_send(s, e, 0, &sent, &done, err);
    bool mutation = plan->root->kind >= PLAN_INSERT || plan->query->has_mutation;
    uint64_t rows = ast->kind != AST_SELECT && mutation ? e->x.rows_affected : sent;
    s->activity.run.rows = rows;
    if (rc == 0)
        *tag = statement_tag(tag_arena, ast, rows);
    execution_free(e);
    return rc;
}

static int run_query(struct session *s, const struct statement_input *in, bool describe, struct arena *tag_arena,
                     struct str *tag, struct err *err)
{
    bool moved = false;
    if (in->prepared != NULL) {
        struct statement_plan *plan;
        TRY(as_of_begin_bound(s, in, tag_arena, err));
        TRY(prepared_plan_locked(s, in->prepared, &plan, err));
        return run_plan(s, plan, in->parameters, in->ast, describe, tag_arena, tag, err);
    }
    struct arena a;
    arena_init(&a, &s->budget);
    struct statement_plan *plan;
    int rc = as_of_begin(s, in->ast, &(struct as_of_arguments){0}, &a, err);
    do {
        if (rc == 0)
            rc = plan_statement(s, &a, in->ast, NULL, 0, &plan, err);
        if (rc == 0)
            rc = lock_written_tables(s, plan->query, &moved, err);
    } while (rc == 0 && moved);
    if (rc == 0)
        rc = run_plan(s, plan, NULL, in->ast, describe, tag_arena, tag, err);
    arena_release(&a);
    return rc;
}

// ---- EXPLAIN

struct explain_lines {
    struct show_result result;
};

static void explain_line(void *arg, struct str text)
{
    struct explain_lines *l = arg;
    struct datum *row = ARENA_ARRAY(l->result.arena, struct datum, 1);
    row[0] = datum_str(arena_str(l->result.arena, text));
    ARENA_PUSH(l->result.arena, &l->result.rows, row);
}

static void explain_size(struct explain_lines *l, const char *what, uint64_t bytes)
{
    struct buf b = BUF_INIT;
    buf_printf(&b, "%s: ", what);
    size_print(&b, bytes);
    explain_line(l, buf_view(&b));
    buf_release(&b);
}

static bool explain_option(const struct ast_explain *ex, const char *name)
{
    for (size_t i = 0; i < ex->options.n; i++) {
        if (str_ieqc(ast_as_name(ex->options.items[i])->name, name))
            return true;
    }
    return false;
}

static int run_analyzed(struct session *s, struct statement_plan *plan, const struct datum *parameters,
                        const struct plan_counts *counts, struct explain_lines *l, struct err *err)
{
    int64_t start = clock_mono_ns();
    struct execution *e;
    TRY(check_full_scans(s, plan, err));
    TRY(execution_start(s, plan, parameters, &e, err));
    e->x.actual_rows = counts->rows;
    e->x.spilled_bytes = counts->spilled_bytes;
    int rc = exec_drain(&e->x, err);
    explain_line(l, arena_printf(l->result.arena, "execution time: %.0fms", (double)(clock_mono_ns() - start) / 1e6));
    explain_line(l, arena_printf(l->result.arena, "rows decoded from KV: %llu", (unsigned long long)e->x.rows_read));
    explain_size(l, "maximum memory usage", atomic_load(&e->budget.peak_bytes));
    if (e->x.spilled_bytes_max > 0)
        explain_size(l, "max sql temp disk usage", e->x.spilled_bytes_max);
    execution_free(e);
    return rc;
}

// What a form would show that does not exist here: the memo, diagrams, a bundle.
static int check_explain_options(const struct ast_explain *ex, struct err *err)
{
    static const char *const options[] = {"PLAN", "VERBOSE", "TYPES", "REDACT", "FINGERPRINT", "DISTSQL", "OPT", "VEC"};
    for (size_t i = 0; i < ex->options.n; i++) {
        struct str name = ast_as_name(ex->options.items[i])->name;
        bool known = false;
        for (size_t k = 0; k < ARRAY_LEN(options); k++)
            known |= str_ieqc(name, options[k]);
        if (!known || (ex->analyze && (str_ieqc(name, "OPT") || str_ieqc(name, "VEC"))))
            return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "unimplemented: EXPLAIN %s(%.*s) is not supported",
                           ex->analyze ? "ANALYZE " : "", STR_FMT(name));
    }
    return 0;
}

// EXPLAIN (FINGERPRINT): the statement as statistics know it.
static void explain_fingerprint(const struct ast_explain *ex, struct explain_lines *l)
{
    struct buf b = BUF_INIT;
    ast_print(&b, ex->statement, AST_PRINT_HIDE_CONSTANTS);
    explain_line(l, buf_view(&b));
    buf_release(&b);
}

// A statement that is no query is one step, with its name.
static int explain_other(const struct ast_explain *ex, struct explain_lines *l, struct err *err)
{
    if (ex->analyze)
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "unimplemented: EXPLAIN ANALYZE of %s", ast_tag(ex->statement));
    struct buf b = BUF_INIT;
    for (const char *c = ast_tag(ex->statement); *c != '\0'; c++)
        buf_putc(&b, *c >= 'A' && *c <= 'Z' ? (char)(*c + 32) : *c);
    explain_line(l, STR("distribution: local"));
    explain_line(l, STR("vectorized: true"));
    explain_line(l, STR(""));
    explain_line(l, arena_printf(l->result.arena, "• %s", buf_c(&b)));
    buf_release(&b);
    return 0;
}

static int explain_query(struct session *s, const struct statement_input *in, struct explain_lines *l, struct err *err)
{
    const struct ast_explain *ex = ast_as_explain(in->ast);
    struct arena *a = l->result.arena;
    size_t n_oids;
    const uint32_t *oids = bound_oids(in, a, &n_oids);
    struct statement_plan *plan;
    int64_t start = clock_mono_ns();
    TRY(plan_statement(s, a, ex->statement, oids, n_oids, &plan, err));
    TRY(check_statement_privileges(s, plan->query, err));
    struct plan_counts counts = {0};
    if (ex->analyze) {
        counts.rows = ARENA_ARRAY(a, uint64_t, plan->n_nodes + 1);
        counts.spilled_bytes = ARENA_ARRAY(a, uint64_t, plan->n_nodes + 1);
        explain_line(l, arena_printf(a, "planning time: %.0fus", (double)(clock_mono_ns() - start) / 1e3));
        TRY(run_analyzed(s, plan, in->parameters, &counts, l, err));
    }
    plan->query->redact = explain_option(ex, "REDACT");
    if (explain_option(ex, "OPT")) {
        plan_explain_opt(plan, explain_option(ex, "VERBOSE"), explain_line, l);
        return 0;
    }
    if (explain_option(ex, "VEC")) {
        plan_explain_vec(plan, explain_line, l);
        return 0;
    }
    explain_line(l, STR("distribution: local"));
    explain_line(l, STR("vectorized: true"));
    explain_line(l, STR(""));
    unsigned detail = explain_option(ex, "VERBOSE") ? PLAN_EXPLAIN_VERBOSE : 0;
    detail |= explain_option(ex, "TYPES") ? PLAN_EXPLAIN_TYPES : 0;
    plan_explain(plan, detail, ex->analyze ? &counts : NULL, explain_line, l);
    return 0;
}

static int explain(struct session *s, const struct statement_input *in, struct arena *a, struct show_result *out,
                   struct err *err)
{
    static const char *const names[] = {"info"};
    static const struct type types[] = {{.family = TYPE_STRING, .oid = TYPE_OID_STRING}};
    const struct ast_explain *ex = ast_as_explain(in->ast);
    struct explain_lines l = {.result = {.arena = a, .names = names, .types = types, .n_columns = 1}};
    TRY(check_explain_options(ex, err));
    if (explain_option(ex, "FINGERPRINT"))
        explain_fingerprint(ex, &l);
    else if (is_query(ex->statement))
        TRY(explain_query(s, in, &l, err));
    else
        TRY(explain_other(ex, &l, err));
    *out = l.result;
    return 0;
}

static int run_explain(struct session *s, const struct statement_input *in, bool describe, struct arena *a,
                       struct str *tag, struct err *err)
{
    struct show_result r;
    TRY(as_of_begin_bound(s, in, a, err));
    TRY(explain(s, in, a, &r, err));
    TRY(show_send(s, &r, describe, err));
    *tag = statement_tag(a, in->ast, r.rows.len);
    return 0;
}

// ---- DDL

static enum ddl_serial serial_kind(const struct session *s)
{
    const char *text = s->values[SETTING_SERIAL_NORMALIZATION];
    if (strcmp(text, "unordered_rowid") == 0)
        return DDL_SERIAL_UNORDERED;
    if (strcmp(text, "virtual_sequence") == 0)
        return DDL_SERIAL_VIRTUAL;
    if (strncmp(text, "sql_sequence_cached", 19) == 0)
        return DDL_SERIAL_SQL_CACHED;
    return strcmp(text, "rowid") == 0 ? DDL_SERIAL_ROWID : DDL_SERIAL_SQL_SEQUENCE;
}

static bool changes_logins(const struct ast *ast)
{
    return ast->kind == AST_ALTER_ROLE || (ast->kind == AST_DROP && ast_as_drop(ast)->kind == AST_OBJECT_ROLE) ||
           (ast->kind == AST_GRANT && ast_as_grant(ast)->target == AST_GRANT_ON_SYSTEM);
}

static int check_defaults(struct session *s, const struct ast *ast, struct arena *a, struct ddl_setting *out,
                          struct err *err)
{
    const struct ast *set = NULL, *reset = NULL;
    if (ast->kind == AST_ALTER_ROLE) {
        set = ast_as_alter_role(ast)->set;
        reset = ast_as_alter_role(ast)->reset;
    } else if (ast->kind == AST_ALTER_DATABASE) {
        set = ast_as_alter_database(ast)->set;
        reset = ast_as_alter_database(ast)->reset;
    }
    return set != NULL || reset != NULL ? setting_check_default(s, a, set, reset, out, err) : 0;
}

static int execute_ddl(struct session *s, const struct ast *ast, struct arena *a, int64_t online_job,
                       struct ddl_result *out, struct err *err)
{
    if (s->txn_read_only)
        return err_set(err, ERR_READ_ONLY_SQL_TRANSACTION, "cannot execute %s in a read-only transaction",
                       ast_tag(ast));
    TRY(metering_admit(s, ast->kind == AST_CREATE_TABLE || ast->kind == AST_CREATE_INDEX, err));
    struct ddl_context dc = {.view = s->view,
                             .txn = s->txn,
                             .arena = a,
                             .serial = serial_kind(s),
                             .application_name = str_of(s->values[SETTING_APPLICATION_NAME]),
                             .safe_updates = setting_bool(s, SETTING_SQL_SAFE_UPDATES),
                             .require_explicit_primary_keys = setting_bool(s, SETTING_REQUIRE_EXPLICIT_PRIMARY_KEYS),
                             .insecure = s->engine->insecure,
                             .temp_schema = str_of(s->temp_schema),
                             .temp_tables = setting_bool(s, SETTING_EXPERIMENTAL_ENABLE_TEMP_TABLES),
                             .postgresql = session_dialect_is_postgresql(s),
                             .notice = send_notice_record,
                             .notice_arg = s,
                             .services = ddl_services_new(s, a),
                             .online_job = online_job};
    TRY(as_of_backfill(s, ast, a, &dc.read_version, err));
    TRY(check_defaults(s, ast, a, &dc.setting, err));
    dc.scope = (struct cat_name_scope){.database = str_of(s->values[SETTING_DATABASE]),
                                       .search_path = s->search_path,
                                       .n_search_path = s->n_search_path,
                                       .user = s->user,
                                       .temp_schema = session_temp_schema(s)};
    *out = (struct ddl_result){0};
    if (online_job != 0)
        cat_view_set_lock_wait(s->view, s->online_lock.wait_ns, s->online_lock.optional);
    else
        cat_view_set_lock_wait(s->view, session_lock_timeout(s), false);
    s->in_ddl = true;
    s->schema_serial++;
    int rc = ddl_execute(&dc, ast, out, err);
    s->in_ddl = false;
    return rc;
}

int run_ddl_online(struct session *s, const struct ast *ast, struct arena *a, int64_t job, struct ddl_result *out,
                   struct err *err)
{
    return execute_ddl(s, ast, a, job, out, err);
}

static int run_ddl_once(struct session *s, const struct ast *ast, struct arena *a, struct ddl_result *out,
                        struct err *err)
{
    bool online;
    TRY(online_wanted(s, ast, &online, err));
    return online ? run_online(s, ast, err) : execute_ddl(s, ast, a, 0, out, err);
}

static int run_ddl(struct session *s, const struct ast *ast, struct arena *a, struct str *tag, struct err *err)
{
    struct ddl_result result = {0};
    int rc = run_ddl_once(s, ast, a, &result, err);
    while (rc == ERR_OBJECT_IN_USE && result.being_changed && online_by_itself(s)) {
        TRY(online_await_turn(s, err));
        rc = run_ddl_once(s, ast, a, &result, err);
    }
    TRY(rc);
    s->touched_roles |= changes_logins(ast);
    s->has_temp_schema |= result.made_temporary;
    *tag = result.tag.len > 0 ? result.tag : str_of(ast_tag(ast));
    return 0;
}

// autocommit_before_ddl: what was done so far is committed and the statement runs by itself.
static int commit_before_ddl(struct session *s, struct err *err)
{
    if (!setting_bool(s, SETTING_AUTOCOMMIT_BEFORE_DDL) || s->txn_state != TXN_EXPLICIT || s->routine_depth > 0)
        return 0;
    struct err notice = ERR_INIT;
    err_set(&notice, ERR_SUCCESSFUL_COMPLETION,
            "auto-committing transaction before processing DDL due to autocommit_before_ddl setting");
    notice.severity = ERR_SEVERITY_NOTICE;
    send_notice_record(s, &notice);
    err_reset(&notice);
    TRY(session_commit(s, err));
    return session_begin(s, TXN_IMPLICIT, err);
}

// ---- temporary objects

struct str session_temp_schema(const struct session *s)
{
    return s->has_temp_schema ? str_of(s->temp_schema) : STR_EMPTY;
}

int session_drop_temporary(struct session *s, struct err *err)
{
    if (!s->has_temp_schema)
        return 0;
    struct arena a;
    arena_init(&a, &s->budget);
    struct ddl_context dc = {.view = s->view, .txn = s->txn, .arena = &a, .services = ddl_services_new(s, &a)};
    dc.scope.user = s->user;
    int rc = ddl_drop_temporary(&dc, str_of(s->temp_schema), err);
    arena_release(&a);
    return rc;
}

// What the session made goes with it. What a failure leaves, the next start removes.
void session_end_temporary(struct session *s)
{
    enum { ATTEMPTS = 5 };
    int rc = -1;
    for (int i = 0; s->has_temp_schema && rc != 0 && i < ATTEMPTS; i++) {
        struct err e = ERR_INIT;
        rc = session_begin(s, TXN_IMPLICIT, &e);
        if (rc == 0)
            rc = session_drop_temporary(s, &e);
        if (rc == 0)
            rc = session_commit(s, &e);
        if (rc != 0)
            session_rollback(s);
        err_reset(&e);
    }
}

// ---- small statements

static int run_discard(struct session *s, const struct ast *ast, struct err *err)
{
    enum ast_discard_what what = ast_as_discard(ast)->what;
    if (what == AST_DISCARD_ALL) {
        if (s->txn_state == TXN_EXPLICIT)
            return err_set(err, ERR_ACTIVE_SQL_TRANSACTION, "DISCARD ALL cannot run inside a transaction block");
        settings_reset_all(s);
        prepared_drop_all(s);
        advisory_end_session(s->functions.backend_pid);
        notify_unlisten_all(s);
    }
    if (what == AST_DISCARD_ALL || what == AST_DISCARD_TEMP)
        TRY(session_drop_temporary(s, err));
    if (what == AST_DISCARD_ALL || what == AST_DISCARD_SEQUENCES)
        s->has_sequence_value = false;
    return 0;
}

static int run_cluster_setting(struct session *s, const struct ast *ast, struct arena *a, struct err *err)
{
    const struct ast_set_cluster_setting *set = ast_as_set_cluster_setting(ast);
    const struct cluster_setting *setting = cluster_setting_find(set->name);
    if (setting == NULL)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "unknown cluster setting '%.*s'", STR_FMT(set->name));
    TRY(cluster_setting_check_access(s->view, s->user, str_of(setting->name), true, err));
    struct str text = STR_NONE;
    if (!set->to_default && !set->reset) {
        struct analyze_options options;
        struct eval_context ec;
        analyze_options_init(s, &options, &ec, a);
        struct query *q;
        struct expr *e;
        TRY(analyze_table_expr(a, &options, NULL, set->value, T_ANYELEMENT, "SET CLUSTER SETTING", &q, &e, err));
        if (e->kind != EXPR_CONST || e->value.null)
            return err_set(err, ERR_INVALID_PARAMETER_VALUE, "cluster setting values must be constants");
        struct buf b = BUF_INIT;
        datum_print(&b, e->type, e->value, &s->vc);
        text = arena_str(a, buf_view(&b));
        if (e->type.family == TYPE_BOOL)
            text = e->value.b ? STR("true") : STR("false");
        buf_release(&b);
    }
    TRY(cluster_setting_check(setting, text, a, err));
    if (s->engine->check_setting != NULL && text.ptr != NULL)
        TRY(s->engine->check_setting(str_of(setting->name), text, err));
    struct ddl_context dc = {.view = s->view,
                             .txn = s->txn,
                             .arena = a,
                             .scope = {.user = s->user},
                             .application_name = str_of(s->values[SETTING_APPLICATION_NAME])};
    s->touched_insights |= str_has_prefix(str_of(setting->name), STR("sql.insights."));
    if (strcmp(setting->name, "server.eventlog.ttl") == 0)
        atomic_store_explicit(&s->engine->events_trimmed_ns, 0, memory_order_relaxed);
    TRY(ddl_event_setting(&dc, ast, str_of(setting->name), text, err)); // first: it may be the one that ends them
    return cat_setting_put(s->view, str_of(setting->name), text, err);
}

static int not_supported(const struct ast *ast, struct err *err)
{
    err_set(err, ERR_FEATURE_NOT_SUPPORTED, "unimplemented: %s is not supported", ast_tag(ast));
    return err_hint(err, "You have attempted to use a feature that is not yet implemented.");
}

static int run_show(struct session *s, const struct ast *ast, bool describe, struct arena *a, struct str *tag,
                    struct err *err)
{
    struct show_result r;
    TRY(show_run(s, a, ast, &r, err));
    TRY(show_send(s, &r, describe, err));
    *tag = statement_tag(a, ast, r.rows.len);
    return 0;
}

static int run_control(struct session *s, const struct ast *ast, struct arena *a, struct str *tag, struct err *err)
{
    enum ast_controlled what = ast_as_control(ast)->what;
    if (what == AST_CONTROLLED_JOBS)
        return run_control_jobs(s, ast, a, tag, err);
    if (what == AST_CONTROLLED_QUERIES || what == AST_CONTROLLED_SESSIONS)
        return run_cancel(s, ast, a, tag, err);
    return run_control_schedules(s, ast, a, tag, err);
}

// The procedure that the call names with as many arguments as it has parameters, else any of the name; NULL: none.
static int find_procedure(struct session *s, struct arena *a, const struct ast_func_call *call,
                          const struct cat_name_scope *scope, const struct cat_function **out, struct err *err)
{
    const struct ast_object_name *name = ast_as_object_name(call->name);
    struct str all[] = {name->database, name->schema, name->name}, parts[3];
    const struct cat_function **list;
    size_t n = 0, n_parts = 0;
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        if (all[i].ptr != NULL)
            parts[n_parts++] = all[i];
    *out = NULL;
    TRY(cat_resolve_functions(s->view, scope, a, parts, n_parts, &list, &n, err));
    for (size_t i = 0; i < n; i++)
        if (list[i]->is_procedure && (*out == NULL || list[i]->n_params == call->args.n))
            *out = list[i];
    return 0;
}

int call_as_query(struct session *s, struct arena *a, const struct ast *statement, struct analyze_options *o,
                  const struct cat_function **procedure, const struct ast **out, struct err *err)
{
    struct ast_func_call *call = (struct ast_func_call *)ast_copy(a, ast_as_call(statement)->call);
    struct ast_select *select = AST_NEW(a, SELECT, select, 0);
    struct ast_select_core *core = AST_NEW(a, SELECT_CORE, select_core, 0);
    struct ast_target *target = AST_NEW(a, TARGET, target, 0);
    TRY(find_procedure(s, a, call, &o->scope, procedure, err));
    if (*procedure != NULL && (*procedure)->n_params == call->args.n) {
        size_t kept = 0;
        for (size_t i = 0; i < call->args.n; i++)
            if (cat_param_is_input(&(*procedure)->params[i]))
                call->args.items[kept++] = call->args.items[i];
        call->args.n = kept;
    }
    target->expr = &call->base;
    ast_list_push(a, &core->targets, &target->base);
    select->body = &core->base;
    o->procedure_call = &call->base;
    *out = &select->base;
    return 0;
}

// Output parameters are a row.
static int send_outputs(struct session *s, const struct expr *call, struct datum value, bool describe, struct arena *a,
                        struct err *err)
{
    struct cat_function_column *columns;
    size_t n = cat_function_columns(call->fn->routine, a, &columns);
    struct result_column *heads = ARENA_ARRAY(a, struct result_column, n);
    struct vec *cols = ARENA_ARRAY(a, struct vec, n);
    for (size_t i = 0; i < n; i++) {
        struct tuple_field field = {.type = columns[i].type, .value = value};
        if (n > 1 && (value.null || !tuple_get(call->type, value.s, (uint32_t)i, &field)))
            field.value = DATUM_NULL;
        heads[i] = (struct result_column){.name = columns[i].name, .type = columns[i].type};
        vec_init_const(&cols[i], a, columns[i].type, field.value);
    }
    if (describe)
        s->sink->ops->describe(s->sink, heads, n);
    struct batch row = {.n = 1, .cols = cols, .ncols = (uint32_t)n};
    return s->sink->ops->rows(s->sink, &row, err);
}

// The arguments have no subqueries: the call is evaluated by itself, so that nothing is open when the procedure ends
// the transaction.
static int call_procedure(struct session *s, struct query *q, const struct expr *call, const struct statement_input *in,
                          bool describe, struct arena *a, struct err *err)
{
    struct statement_plan plan = {.query = q};
    struct exec_context x;
    struct datum value;
    TRY(metering_admit(s, false, err));
    exec_context_init(s, &x, a, &s->budget);
    x.plan = &plan;
    x.parameters = in->parameters;
    txn_may_end(s);
    int rc = exec_scalar(&x, call, &value, err);
    s->may_end_txn = false;
    if (rc == 0 && !type_is(call->type, TYPE_VOID))
        rc = send_outputs(s, call, value, describe, a, err);
    exec_close(&x);
    return rc;
}

// CALL p(…)
static int run_procedure(struct session *s, const struct statement_input *in, bool describe, struct arena *a,
                         struct str *tag, struct err *err)
{
    struct analyze_options options;
    struct eval_context fold;
    struct query *q;
    const struct ast *select;
    const struct cat_function *procedure;
    analyze_options_init(s, &options, &fold, a);
    options.parameter_oids = bound_oids(in, a, &options.n_parameter_oids);
    TRY(call_as_query(s, a, in->ast, &options, &procedure, &select, err));
    TRY(analyze(a, &options, select, &q, err));
    if (in->parameters == NULL && q->n_parameters > 0)
        return parameter_missing(1, err);
    const struct expr *e = query_scalar(q);
    if (e != NULL && e->kind == EXPR_CALL && e->fn->routine != NULL)
        return call_procedure(s, q, e, in, describe, a, err);
    bool is_void = q->n_output == 1 && type_is(query_column(q, q->output[0])->type, TYPE_VOID);
    struct optimize_options opt;
    optimize_options_init(s, &opt);
    struct statement_plan *plan = optimize(q, &opt);
    if (!is_void)
        return run_plan(s, plan, in->parameters, in->ast, describe, a, tag, err);
    struct execution *x;
    TRY(execution_start(s, plan, in->parameters, &x, err));
    int rc = exec_drain(&x->x, err);
    execution_free(x);
    return rc;
}

static int run_other(struct session *s, const struct statement_input *in, bool describe, struct arena *a,
                     struct str *tag, struct err *err)
{
    const struct ast *ast = in->ast;
    switch (ast->kind) {
    case AST_SET_VAR:
    case AST_RESET_VAR:
        return run_set(s, ast, a, err);
    case AST_SET_CLUSTER_SETTING:
        return run_cluster_setting(s, ast, a, err);
    case AST_SHOW:
        return run_show(s, ast, describe, a, tag, err);
    case AST_EXPLAIN:
        return run_explain(s, in, describe, a, tag, err);
    case AST_CALL:
        return run_procedure(s, in, describe, a, tag, err);
    case AST_DO:
        return run_do(s, ast, err);
    case AST_PREPARE:
        return run_prepare(s, ast, err);
    case AST_EXECUTE:
        return run_execute(s, ast, describe, a, tag, err);
    case AST_DEALLOCATE:
        return run_deallocate(s, ast, err);
    case AST_DECLARE_CURSOR:
        return run_declare(s, in, a, err);
    case AST_FETCH:
        return run_fetch(s, ast, describe, a, tag, err);
    case AST_CLOSE_CURSOR:
        return run_close_cursor(s, ast, err);
    case AST_DISCARD:
        return run_discard(s, ast, err);
    case AST_CREATE_VIRTUAL_CLUSTER:
    case AST_ALTER_VIRTUAL_CLUSTER:
    case AST_DROP_VIRTUAL_CLUSTER:
        return run_cluster_statement(s, ast, a, err);
    case AST_BACKUP:
        return run_backup(s, ast, describe, a, err);
    case AST_CREATE_SCHEDULE:
        return run_create_schedule(s, ast, describe, a, err);
    case AST_RESTORE:
        return run_restore(s, ast, describe, a, err);
    case AST_INSPECT:
        return run_inspect(s, ast, a, err);
    case AST_CONTROL:
        return run_control(s, ast, a, tag, err);
    case AST_LOCK_TABLE:
        return run_lock_table(s, ast, a, err);
    case AST_VACUUM:
        return 0;
    case AST_LISTEN:
    case AST_NOTIFY:
    case AST_UNLISTEN:
        return run_notify(s, ast, err);
    case AST_SET_CONSTRAINTS:
        return run_set_constraints(s, ast, a, err);
    case AST_ANALYZE:
        return run_analyze(s, ast, a, err);
    case AST_CREATE_STATISTICS:
        return run_create_statistics(s, ast, a, err);
    default:
        return not_supported(ast, err);
    }
}

static int inject_retry_error(struct session *s, const struct ast *ast, struct err *err)
{
    if (s->txn_state != TXN_EXPLICIT || s->restarts >= 3 || !setting_bool(s, SETTING_INJECT_RETRY_ERRORS_ENABLED) ||
        ast->kind == AST_SET_VAR || ast->kind == AST_RESET_VAR || ast->kind == AST_SHOW)
        return 0;
    s->statements_in_txn++; // so that the server does not retry by itself
    s->statement_savepoint = 0;
    err_set(err, ERR_SERIALIZATION_FAILURE,
            "restart transaction: TransactionRetryWithProtoRefreshError: injected by `inject_retry_errors_enabled` "
            "session variable");
    return ERR_SERIALIZATION_FAILURE;
}

int query_begin(struct session *s, const struct statement_input *in, struct arena *a, struct err *err)
{
    TRY(inject_retry_error(s, in->ast, err));
    return as_of_begin_bound(s, in, a, err);
}

int run_statement(struct session *s, const struct statement_input *in, bool describe, struct arena *tag_arena,
                  struct str *tag, struct err *err)
{
    *tag = str_of(ast_tag(in->ast));
    if (s->routine_depth == 0)
        s->ended_txn = false;
    TRY(inject_retry_error(s, in->ast, err));
    if (is_query(in->ast))
        return run_query(s, in, describe, tag_arena, tag, err);
    if (is_split(in->ast))
        return run_split(s, in->ast, describe, tag_arena, err);
    if (ddl_can_execute(in->ast)) {
        TRY(commit_before_ddl(s, err));
        TRY(constraints_before_ddl(s, err));
        return run_ddl(s, in->ast, tag_arena, tag, err);
    }
    return run_other(s, in, describe, tag_arena, tag, err);
}

int statement_source(void *arg, struct arena *a, const struct ast *statement, const struct ast **query, struct err *err)
{
    struct session *s = arg;
    *query = NULL;
    if (statement->kind != AST_SHOW && statement->kind != AST_EXPLAIN)
        return 0;
    struct show_result r;
    TRY(statement->kind == AST_SHOW ? show_run(s, a, statement, &r, err)
                                    : explain(s, &(struct statement_input){.ast = statement}, a, &r, err));
    *query = show_as_query(a, &r);
    return 0;
}
