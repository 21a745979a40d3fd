#include "catalog/schedules.h"
#include "base/cron.h"
#include "base/util.h"
#include "catalog/catalog_int.h"

enum {
    SCHEDULE_ID,
    SCHEDULE_NAME,
    SCHEDULE_CREATED,
    SCHEDULE_OWNER,
    SCHEDULE_NEXT_RUN,
    SCHEDULE_STATE,
    SCHEDULE_EXPR,
    SCHEDULE_DETAILS, // a byte each of wait and failure
    SCHEDULE_EXECUTOR,
    SCHEDULE_ARGS,
    SCHEDULE_COLUMNS,
};

static struct datum text_or_null(struct str s)
{
    return s.len > 0 ? datum_str(s) : DATUM_NULL;
}

int cat_schedule_put(struct cat_view *v, const struct cat_schedule *s, struct err *err)
{
    const char details[] = {(char)s->wait, (char)s->failure};
    struct datum row[SCHEDULE_COLUMNS] = {
        [SCHEDULE_ID] = datum_int(s->id),
        [SCHEDULE_NAME] = datum_str(s->name),
        [SCHEDULE_CREATED] = datum_int(s->created_micros),
        [SCHEDULE_OWNER] = datum_str(s->owner),
        [SCHEDULE_NEXT_RUN] = s->next_run_micros != 0 ? datum_int(s->next_run_micros) : DATUM_NULL,
        [SCHEDULE_STATE] = text_or_null(s->state),
        [SCHEDULE_EXPR] = text_or_null(s->cron),
        [SCHEDULE_DETAILS] = datum_str((struct str){details, sizeof(details)}),
        [SCHEDULE_EXECUTOR] = datum_str(s->executor),
        [SCHEDULE_ARGS] = datum_str(s->args),
    };
    v->schedules_changed = true;
    return system_put(v->catalog, v->txn, SYSTEM_SCHEDULED_JOBS, row, err);
}

static struct str text_of(struct arena *a, struct datum d)
{
    return d.null ? STR_EMPTY : arena_str(a, d.s);
}

static void schedule_of_row(struct arena *a, const struct datum *row, struct cat_schedule *out)
{
    struct str details = text_of(a, row[SCHEDULE_DETAILS]);
    *out = (struct cat_schedule){
        .id = row[SCHEDULE_ID].i,
        .name = text_of(a, row[SCHEDULE_NAME]),
        .owner = text_of(a, row[SCHEDULE_OWNER]),
        .created_micros = row[SCHEDULE_CREATED].i,
        .next_run_micros = row[SCHEDULE_NEXT_RUN].null ? 0 : row[SCHEDULE_NEXT_RUN].i,
        .state = text_of(a, row[SCHEDULE_STATE]),
        .cron = text_of(a, row[SCHEDULE_EXPR]),
        .wait = details.len > 0 ? (enum cat_schedule_wait)details.ptr[0] : CAT_SCHEDULE_WAIT,
        .failure = details.len > 1 ? (enum cat_schedule_failure)details.ptr[1] : CAT_SCHEDULE_RETRY_SCHED,
        .executor = text_of(a, row[SCHEDULE_EXECUTOR]),
        .args = text_of(a, row[SCHEDULE_ARGS]),
    };
}

int cat_schedule_get(struct cat_view *v, struct arena *a, int64_t id, struct cat_schedule *out, bool *found,
                     struct err *err)
{
    struct datum key = datum_int(id), row[SYSTEM_COLUMNS_MAX];
    TRY(system_get(v->catalog, v->txn, a, SYSTEM_SCHEDULED_JOBS, 0, &key, row, found, err));
    if (*found)
        schedule_of_row(a, row, out);
    return 0;
}

int cat_schedule_list(struct cat_view *v, struct arena *a, struct cat_schedule **out, size_t *n, struct err *err)
{
    struct system_scan scan;
    struct datum row[SYSTEM_COLUMNS_MAX];
    ARENA_VEC(struct cat_schedule) list = {0};
    bool found = true;
    int rc = system_scan_open(v->catalog, v->txn, a, SYSTEM_SCHEDULED_JOBS, NULL, 0, &scan, err);
    while (rc == 0 && found) {
        struct cat_schedule s;
        rc = system_scan_next(&scan, row, &found, err);
        if (rc == 0 && found) {
            schedule_of_row(a, row, &s);
            ARENA_PUSH(a, &list, s);
        }
    }
    system_scan_close(&scan);
    *out = list.ptr;
    *n = list.len;
    return rc;
}

int cat_schedule_delete(struct cat_view *v, int64_t id, struct err *err)
{
    struct datum key = datum_int(id);
    v->schedules_changed = true;
    return system_delete(v->catalog, v->txn, SYSTEM_SCHEDULED_JOBS, &key, err);
}

bool cat_schedules_changed(const struct cat_view *v)
{
    return v->schedules_changed;
}

uint32_t cat_schedule_table(const struct cat_schedule *s)
{
    int64_t id = 0;
    size_t from = sizeof("{\"tableId\": ") - 1;
    if (!str_eqc(s->executor, CAT_SCHEDULE_TTL) || s->args.len <= from + 1 ||
        !str_to_i64(str_slice(s->args, from, s->args.len - 1), &id))
        return 0;
    return (uint32_t)id;
}

int cat_schedule_of_table(struct cat_view *v, struct arena *a, uint32_t table_id, struct cat_schedule *out, bool *found,
                          struct err *err)
{
    struct cat_schedule *all;
    size_t n;
    TRY(cat_schedule_list(v, a, &all, &n, err));
    *found = false;
    for (size_t i = 0; i < n && !*found; i++) {
        *found = cat_schedule_table(&all[i]) == table_id;
        if (*found)
            *out = all[i];
    }
    return 0;
}

int cat_schedule_ttl(struct cat_view *v, struct arena *a, const struct cat_table *t, struct err *err)
{
    struct cat_schedule s;
    struct cron cron;
    bool found;
    struct str when = cat_storage_text(a, t->storage_parameters, STR("ttl_job_cron"));
    if (when.ptr == NULL)
        when = STR("@daily");
    TRY(cat_schedule_of_table(v, a, t->id, &s, &found, err));
    if (found && str_eq(s.cron, when))
        return 0;
    TRY(cron_parse(when, &cron, err));
    int64_t now_s = clock_wall_ns() / 1000000000;
    if (!found)
        s = (struct cat_schedule){.id = cat_unique_rowid(),
                                  .name = arena_printf(a, "row-level-ttl: %.*s [%u]", STR_FMT(t->name), t->id),
                                  .owner = t->acl.owner,
                                  .created_micros = clock_wall_ns() / 1000,
                                  .executor = STR(CAT_SCHEDULE_TTL),
                                  .args = arena_printf(a, "{\"tableId\": %u}", t->id)};
    s.cron = when;
    if (!found || s.next_run_micros != 0)
        s.next_run_micros = cron_next(&cron, now_s) * 1000000;
    return cat_schedule_put(v, &s, err);
}
