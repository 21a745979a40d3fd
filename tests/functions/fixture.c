#include "tests/functions/fixture.h"
#include <stdio.h>

// ---- the session's half

static struct {
    int64_t value;
    bool set;
    struct str setting;
} session_state;

static int setting_get(struct session_functions *sf, struct arena *a, struct str name, bool missing_ok,
                       struct datum *out, struct err *err)
{
    if (str_eqc(name, "application_name")) {
        *out = datum_str(session_state.setting.ptr != NULL ? session_state.setting : STR_EMPTY);
        return 0;
    }
    *out = DATUM_NULL;
    return missing_ok
               ? 0
               : err_set(err, ERR_UNDEFINED_OBJECT, "unrecognized configuration parameter \"%.*s\"", STR_FMT(name));
}

static int setting_set(struct session_functions *sf, struct str name, struct str value, bool local, struct err *err)
{
    static char copy[64];
    snprintf(copy, sizeof(copy), "%.*s", STR_FMT(value));
    session_state.setting = str_of(copy);
    return 0;
}

// Waiting is what a test would hang on: it counts as canceled.
static int session_sleep(struct session_functions *sf, int64_t micros, struct err *err)
{
    return err_set(err, ERR_QUERY_CANCELED, "query execution canceled");
}

static int force_retry(struct session_functions *sf, struct interval age, struct err *err)
{
    return err_set(err, ERR_SERIALIZATION_FAILURE, "forced by crdb_internal.force_retry()");
}

static void value_set(struct session_functions *sf, uint32_t sequence_id, int64_t value)
{
    session_state.value = value;
    session_state.set = true;
}

static bool value_get(struct session_functions *sf, uint32_t sequence_id, int64_t *value)
{
    *value = session_state.value;
    return session_state.set;
}

static bool value_last(struct session_functions *sf, int64_t *value)
{
    return value_get(sf, 0, value);
}

static void notice(struct session_functions *sf, const struct err *what)
{
}

// ---- the store's

static int create_table(struct fixture *f, struct err *err)
{
    static const struct type slots[] = {{.family = TYPE_INT, .width = 64, .oid = TYPE_OID_INT8},
                                        {.family = TYPE_STRING, .oid = TYPE_OID_STRING}};
    static const struct cat_index_column key[] = {{.column_id = 1}}, name_key[] = {{.column_id = 2}};
    static const uint32_t checked[] = {1};
    struct cat_column columns[] = {
        {.id = 1, .name = STR("id"), .type = T_INT8, .not_null = true},
        {.id = 2, .name = STR("name"), .type = T_STRING, .default_sql = STR("'x':::STRING"), .comment = STR("a name")},
    };
    struct cat_index primary = {.id = 1, .name = STR("t_pkey"), .unique = true, .columns = key, .n_columns = 1};
    struct cat_index unique = {
        .id = 2, .name = STR("t_name_key"), .unique = true, .is_constraint = true, .columns = name_key, .n_columns = 1};
    struct cat_check check = {
        .name = STR("check_id"), .sql = STR("id > 0:::INT8"), .columns = checked, .n_columns = 1, .validated = true};
    struct cat_table t = {.id = 104,
                          .database_id = CAT_ID_DEFAULTDB,
                          .schema_id = CAT_ID_DEFAULTDB_PUBLIC,
                          .name = STR("t"),
                          .columns = columns,
                          .n_columns = ARRAY_LEN(columns),
                          .next_column_id = 3,
                          .next_index_id = 3,
                          .slot_types = slots,
                          .primary = &primary,
                          .indexes = &unique,
                          .n_indexes = 1,
                          .checks = &check,
                          .n_checks = 1,
                          .comment = STR("a table")};
    struct cat_acl acl = cat_default_acl(&f->arena, STR("root"), 0);
    struct cat_grant *grants = ARENA_ARRAY(&f->arena, struct cat_grant, acl.n_grants + 1);
    memcpy(grants, acl.grants, acl.n_grants * sizeof(*grants));
    grants[acl.n_grants] = (struct cat_grant){.grantee = STR("alice"), .privileges = CAT_PRIVILEGE_SELECT};
    t.acl = (struct cat_acl){acl.owner, grants, acl.n_grants + 1};
    TRY(cat_put_table(f->view, &t, err));
    TRY(cat_comment_put(f->view, CAT_COMMENT_TABLE, t.id, 0, STR("a table"), err));
    return cat_comment_put(f->view, CAT_COMMENT_COLUMN, t.id, 2, STR("a name"), err);
}

static int create_sequence(struct fixture *f, struct err *err)
{
    struct cat_table s = {.id = 105,
                          .database_id = CAT_ID_DEFAULTDB,
                          .schema_id = CAT_ID_DEFAULTDB_PUBLIC,
                          .name = STR("s"),
                          .kind = CAT_SEQUENCE,
                          .acl = cat_default_acl(&f->arena, STR("root"), 0),
                          .sequence = {.type = T_INT8, .increment = 1, .min = 1, .max = 1000, .start = 1, .cache = 1}};
    TRY(cat_put_table(f->view, &s, err));
    return cat_sequence_set(f->view, &s, 1, false, err);
}

static int begin(struct fixture *f, struct err *err)
{
    enum kv_result r = kv_begin(f->kv, &(struct kv_begin_options){0}, &f->txn);
    if (r != KV_OK)
        return cat_kv_error(NULL, r, err);
    return cat_view_open(f->catalog, f->txn, &f->view, err);
}

int fixture_open(struct fixture *f, struct err *err)
{
    bool fresh;
    struct cat_role alice = {.name = STR("alice"), .id = 5000};
    *f = (struct fixture){0};
    arena_init(&f->arena, NULL);
    TRY(kv_open("mem:", NULL, &f->kv, err));
    TRY(catalog_open(f->kv, 1, &f->catalog, &fresh, err));
    TRY(begin(f, err));
    TRY(cat_put_role(f->view, &alice, err));
    TRY(create_table(f, err));
    TRY(create_sequence(f, err));
    cat_view_close(f->view);
    uint64_t version;
    enum kv_result r = kv_commit(f->txn, &version);
    return r != KV_OK ? cat_kv_error(NULL, r, err) : begin(f, err);
}

void fixture_close(struct fixture *f)
{
    cat_view_close(f->view);
    kv_abort(f->txn);
    catalog_close(f->catalog);
    kv_close(f->kv);
    arena_release(&f->arena);
}

void fixture_session(struct fixture *f, struct eval_context *ec)
{
    f->session = (struct session_functions){.setting_get = setting_get,
                                            .setting_set = setting_set,
                                            .sleep = session_sleep,
                                            .force_retry = force_retry,
                                            .sequence_value_set = value_set,
                                            .sequence_value_get = value_get,
                                            .sequence_value_last = value_last,
                                            .notice = notice,
                                            .backend_pid = 7,
                                            .client_address = STR("10.0.0.1"),
                                            .cluster_id = STR("123e4567-e89b-12d3-a456-426614174000")};
    ec->catalog = f->view;
    ec->txn = f->txn;
    ec->database_id = CAT_ID_DEFAULTDB;
    ec->session = &f->session;
}
