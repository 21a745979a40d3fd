// CREATE STATISTICS and ANALYZE, and what the planner knows of columns: counts and histograms of the last statistics,
// read once per table and version of the catalog.
#include "catalog/histogram.h"
#include "sql/session/as_of_int.h"
#include "sql/session/show_int.h"

struct column_counts {
    uint32_t id;
    int64_t rows, distinct, nulls;
    struct histogram histogram; // without buckets: none
};

enum { KEPT_BYTES_MAX = 8 << 20 };

struct table_counts {
    struct table_counts *next;
    uint32_t table_id;
    uint64_t version; // of the catalog
    struct arena arena;
    uint32_t n;
    struct column_counts *columns;
};

static void counts_free(struct table_counts *c)
{
    arena_release(&c->arena);
    mem_free(c);
}

void statistics_release(struct sql_engine *e)
{
    while (e->table_counts != NULL) {
        struct table_counts *c = e->table_counts;
        e->table_counts = c->next;
        counts_free(c);
    }
}

// ---- what the planner asks

static void read_counts(struct session *s, const struct cat_table *t, struct table_counts *c)
{
    struct arena a;
    struct cat_statistic *list = NULL;
    size_t n = 0;
    arena_init(&a, NULL);
    if (cat_statistics(s->view, &a, t->id, &list, &n, NULL) != 0)
        n = 0;
    c->columns = ARENA_ARRAY(&c->arena, struct column_counts, n);
    for (size_t i = 0; i < n; i++) {
        const struct cat_column *column = list[i].n_columns == 1 ? cat_column_by_id(t, list[i].columns[0]) : NULL;
        if (column == NULL)
            continue;
        struct column_counts *to = &c->columns[c->n++];
        *to = (struct column_counts){
            .id = column->id, .rows = list[i].rows, .distinct = list[i].distinct, .nulls = list[i].nulls};
        if (!histogram_decode(&c->arena, column->type, list[i].histogram, &to->histogram))
            to->histogram.n = 0;
    }
    arena_release(&a);
}

// Forgets those that were asked for longest ago, beyond what may be kept.
static void counts_trim(struct sql_engine *e)
{
    size_t bytes = 0;
    for (struct table_counts **at = &e->table_counts; *at != NULL;) {
        struct table_counts *c = *at;
        bytes += arena_bytes(&c->arena);
        if (bytes > KEPT_BYTES_MAX && at != &e->table_counts) {
            *at = c->next;
            counts_free(c);
        } else {
            at = &c->next;
        }
    }
}

// The entry of the table, which the mutex guards; NULL when it must be read.
static struct table_counts *find_counts(struct sql_engine *e, uint32_t table_id, uint64_t version)
{
    for (struct table_counts **at = &e->table_counts; *at != NULL; at = &(*at)->next) {
        struct table_counts *c = *at;
        if (c->table_id != table_id)
            continue;
        *at = c->next;
        if (c->version == version) { // to the front: few tables are asked for often
            c->next = e->table_counts;
            return e->table_counts = c;
        }
        counts_free(c);
        return NULL;
    }
    return NULL;
}

static const struct column_counts *counts_of(const struct table_counts *c, uint32_t column_id)
{
    for (uint32_t i = 0; i < c->n; i++) {
        if (c->columns[i].id == column_id)
            return &c->columns[i];
    }
    return NULL;
}

// What is known of the column, with the mutex held: statistics_unlock follows. NULL: nothing.
static const struct column_counts *statistics_lock(struct session *s, const struct cat_table *t, uint32_t column_id)
{
    struct sql_engine *e = s->engine;
    uint64_t version = cat_view_version(s->view);
    bool kept = t->kind == CAT_TABLE && t->id >= CAT_ID_FIRST_USER && version != 0;
    pthread_mutex_lock(&e->statistics_mutex);
    struct table_counts *c = kept ? find_counts(e, t->id, version) : NULL;
    if (c != NULL || !kept)
        return c != NULL ? counts_of(c, column_id) : NULL;
    pthread_mutex_unlock(&e->statistics_mutex);
    c = mem_zalloc(sizeof(*c));
    *c = (struct table_counts){.table_id = t->id, .version = version};
    arena_init(&c->arena, NULL);
    read_counts(s, t, c);
    pthread_mutex_lock(&e->statistics_mutex);
    struct table_counts *other = find_counts(e, t->id, version); // a second session may have been as fast
    if (other != NULL) {
        counts_free(c);
        return counts_of(other, column_id);
    }
    c->next = e->table_counts;
    e->table_counts = c;
    counts_trim(e);
    return counts_of(c, column_id);
}

static void statistics_unlock(struct session *s)
{
    pthread_mutex_unlock(&s->engine->statistics_mutex);
}

double session_distinct_count(void *session, const struct cat_table *t, uint32_t column_id)
{
    const struct column_counts *c = statistics_lock(session, t, column_id);
    double count = c != NULL ? (double)c->distinct : 0;
    statistics_unlock(session);
    return count;
}

double session_null_fraction(void *session, const struct cat_table *t, uint32_t column_id)
{
    const struct column_counts *c = statistics_lock(session, t, column_id);
    double fraction = c != NULL && c->rows > 0 ? (double)c->nulls / (double)c->rows : -1;
    statistics_unlock(session);
    return fraction;
}

double session_range_fraction(void *session, const struct cat_table *t, uint32_t column_id,
                              const struct histogram_range *r)
{
    const struct column_counts *c = statistics_lock(session, t, column_id);
    double fraction = -1;
    if (c != NULL && c->histogram.n > 0 && c->rows > 0)
        fraction = histogram_rows(&c->histogram, r) / (double)c->rows;
    statistics_unlock(session);
    return fraction;
}

// ---- collecting

static uint32_t position_of(const struct cat_table *t, uint32_t id)
{
    uint32_t i = 0;
    while (t->columns[i].id != id)
        i++;
    return i;
}

static void want(struct arena *a, struct table_statistics *list, const uint32_t *positions, size_t n)
{
    for (size_t i = 0; i < list->v.len; i++) {
        if (list->v.ptr[i].n_columns == n && memcmp(list->v.ptr[i].columns, positions, n * sizeof(*positions)) == 0)
            return;
    }
    struct table_statistic s = {.columns = arena_dup(a, positions, n * sizeof(*positions)), .n_columns = n};
    ARENA_PUSH(a, &list->v, s);
}

// Every prefix of every index, then every other column.
static void want_default(struct arena *a, const struct cat_table *t, struct table_statistics *list)
{
    uint32_t *positions = ARENA_ARRAY(a, uint32_t, t->n_columns + 1);
    for (size_t i = 0; i <= t->n_indexes; i++) {
        const struct cat_index *index = i == 0 ? t->primary : &t->indexes[i - 1];
        for (size_t k = 0; k < index->n_columns; k++) {
            positions[k] = position_of(t, index->columns[k].column_id);
            want(a, list, positions, k + 1);
        }
    }
    for (uint32_t i = 0; i < t->n_columns; i++) {
        if (!t->columns[i].hidden)
            want(a, list, &i, 1);
    }
}

static int want_named(struct arena *a, const struct cat_table *t, const struct ast_list *names,
                      struct table_statistics *list, struct err *err)
{
    uint32_t *positions = ARENA_ARRAY(a, uint32_t, names->n);
    for (size_t i = 0; i < names->n; i++) {
        const struct cat_column *c = cat_column_by_name(t, ast_as_name(names->items[i])->name);
        if (c == NULL)
            return err_set(err, ERR_UNDEFINED_COLUMN, "column \"%.*s\" does not exist",
                           STR_FMT(ast_as_name(names->items[i])->name));
        positions[i] = (uint32_t)(c - t->columns);
    }
    want(a, list, positions, names->n);
    return 0;
}

// A unique key without NULLs has as many values as rows.
static bool has_unique_key(const struct cat_table *t, const struct table_statistic *s)
{
    for (size_t i = 0; i <= t->n_indexes; i++) {
        const struct cat_index *index = i == 0 ? t->primary : &t->indexes[i - 1];
        bool inside = index->unique && index->predicate_sql.len == 0;
        for (size_t k = 0; k < index->n_columns && inside; k++) {
            const struct cat_column *c = cat_column_by_id(t, index->columns[k].column_id);
            inside = false;
            for (size_t m = 0; m < s->n_columns; m++)
                inside |= c->not_null && t->columns[s->columns[m]].id == c->id;
        }
        if (inside)
            return true;
    }
    return false;
}

static int measure(struct session *s, struct arena *a, const struct cat_table *t, struct table_statistics *list,
                   int64_t *rows, struct err *err)
{
    struct query q = {.arena = a};
    struct statement_plan plan = {.query = &q};
    struct exec_context x;
    exec_context_init(s, &x, a, &s->budget);
    x.plan = &plan;
    int64_t known = 0;
    TRY(cat_row_count(s->view, t->id, &known, err));
    int rc = exec_collect_statistics(&x, t, list->v.ptr, list->v.len, known, rows, err);
    exec_close(&x);
    return rc;
}

// As the catalog keeps them.
static struct collected_statistics as_stored(struct session *s, struct arena *a, const struct cat_table *t,
                                             struct str name, const struct table_statistics *list, int64_t rows)
{
    struct cat_statistic *stored = ARENA_ARRAY(a, struct cat_statistic, list->v.len);
    for (size_t i = 0; i < list->v.len; i++) {
        const struct table_statistic *from = &list->v.ptr[i];
        uint32_t *ids = ARENA_ARRAY(a, uint32_t, from->n_columns);
        for (size_t k = 0; k < from->n_columns; k++)
            ids[k] = t->columns[from->columns[k]].id;
        stored[i] = (struct cat_statistic){.id = s->statement_micros * 1024 + (int64_t)i,
                                           .name = name,
                                           .columns = ids,
                                           .n_columns = from->n_columns,
                                           .created_micros = s->statement_micros,
                                           .rows = rows,
                                           .distinct = has_unique_key(t, from) ? rows : from->distinct,
                                           .nulls = from->nulls,
                                           .histogram = from->histogram,
                                           .avg_size = from->avg_size};
    }
    return (struct collected_statistics){stored, list->v.len};
}

static int keep(struct session *s, struct arena *a, const struct cat_table *t, struct str name,
                const struct table_statistics *list, int64_t rows, struct err *err)
{
    struct collected_statistics all = as_stored(s, a, t, name, list, rows);
    return cat_put_statistics(s->view, a, t->id, all.list, all.n, err);
}

int statistics_collect(struct session *s, struct arena *a, const struct cat_table *t, struct str name,
                       struct collected_statistics *out, struct err *err)
{
    struct table_statistics list = {0};
    int64_t rows;
    want_default(a, t, &list);
    TRY(measure(s, a, t, &list, &rows, err));
    *out = as_stored(s, a, t, name, &list, rows);
    return 0;
}

static int find_table(struct session *s, const struct ast *node, const struct cat_table **t, struct err *err)
{
    struct show sh = {.session = s, .view = s->view};
    TRY(show_table(&sh, node, t, err));
    if ((*t)->kind != CAT_TABLE && (*t)->kind != CAT_MATERIALIZED_VIEW)
        return err_set(err, ERR_WRONG_OBJECT_TYPE, "\"%.*s\" is not a table", STR_FMT((*t)->name));
    return cat_check_table_privilege(s->view, s->user, *t, CAT_PRIVILEGE_SELECT, err);
}

static int measure_wanted(struct session *s, struct arena *a, const struct ast_create_statistics *cs,
                          const struct cat_table **t, struct table_statistics *list, int64_t *rows, struct err *err)
{
    TRY(find_table(s, cs->table, t, err));
    if (cs->columns.n > 0)
        TRY(want_named(a, *t, &cs->columns, list, err));
    else
        want_default(a, *t, list);
    return measure(s, a, *t, list, rows, err);
}

int run_create_statistics(struct session *s, const struct ast *ast, struct arena *a, struct err *err)
{
    const struct ast_create_statistics *cs = ast_as_create_statistics(ast);
    struct table_statistics list = {0};
    const struct cat_table *t;
    struct past past;
    uint64_t version;
    int64_t rows;
    if (cs->where != NULL || cs->using_extremes)
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "unimplemented: partial statistics");
    TRY(as_of_backfill(s, ast, a, &version, err));
    if (version == 0) {
        TRY(measure_wanted(s, a, cs, &t, &list, &rows, err));
        return keep(s, a, t, cs->name, &list, rows, err);
    }
    TRY(past_open(s, version, &past, err));
    past_switch(&past);
    int rc = measure_wanted(s, a, cs, &t, &list, &rows, err);
    past_switch(&past);
    if (rc == 0)
        rc = keep(s, a, t, cs->name, &list, rows, err);
    past_close(&past);
    return rc;
}

int run_analyze(struct session *s, const struct ast *ast, struct arena *a, struct err *err)
{
    const struct ast_analyze *an = ast_as_analyze(ast);
    for (size_t i = 0; i < an->tables.n; i++) {
        struct table_statistics list = {0};
        const struct cat_table *t;
        int64_t rows;
        TRY(find_table(s, an->tables.items[i], &t, err));
        want_default(a, t, &list);
        TRY(measure(s, a, t, &list, &rows, err));
        TRY(keep(s, a, t, STR_EMPTY, &list, rows, err));
    }
    return 0;
}
