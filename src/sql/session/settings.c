// Session variables: SET, RESET, SHOW of one, and their effects.
#include "sql/session/session_int.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

const struct setting_info setting_infos[SETTING_COUNT] = {
#define SETTING(NAME, name_, kind_, default_text_, values_) {name_, SETTING_##kind_, default_text_, values_},
#include "sql/session/settings.def"
#include "types/datetime.h"
#undef SETTING
};

static const struct {
    const char *alias;
    int id;
} aliases[] = {{"time zone", SETTING_TIMEZONE},
               {"names", SETTING_CLIENT_ENCODING},
               {"idle_in_session_timeout", SETTING_IDLE_SESSION_TIMEOUT},
               {"session characteristics as transaction isolation level", SETTING_DEFAULT_TRANSACTION_ISOLATION}};

int setting_find(struct str name)
{
    for (int i = 0; i < SETTING_COUNT; i++) {
        if (str_ieqc(name, setting_infos[i].name))
            return i;
    }
    for (size_t i = 0; i < ARRAY_LEN(aliases); i++) {
        if (str_ieqc(name, aliases[i].alias))
            return aliases[i].id;
    }
    return -1;
}

static void forget(const char *text, int id)
{
    if (text != setting_infos[id].default_text)
        mem_free((char *)text);
}

static const char *keep(struct str text, int id)
{
    return str_eqc(text, setting_infos[id].default_text) ? setting_infos[id].default_text : str_dup_c(text);
}

void setting_store(struct session *s, int id, struct str text)
{
    const char *old = s->values[id];
    s->values[id] = keep(text, id);
    forget(old, id);
}

void settings_keep_login(struct session *s)
{
    for (int i = 0; i < SETTING_COUNT; i++) {
        forget(s->login_values[i], i);
        s->login_values[i] = keep(str_of(s->values[i]), i);
    }
}

bool setting_bool(const struct session *s, int id)
{
    return strcmp(s->values[id], "on") == 0;
}

int64_t setting_int(const struct session *s, int id)
{
    const char *text = s->values[id];
    return text[0] == '0' && text[1] == '\0' ? 0 : strtoll(text, NULL, 10); // most of them are 0
}

bool session_dialect_is_postgresql(const struct session *s)
{
    return strcmp(s->values[SETTING_DIALECT], "postgresql") == 0;
}

struct parse_options session_parse_options(const struct session *s)
{
    return (struct parse_options){.default_int_size = (int)setting_int(s, SETTING_DEFAULT_INT_SIZE),
                                  .integer_division = session_dialect_is_postgresql(s)};
}

uint8_t session_reading(const struct session *s)
{
    return (uint8_t)((setting_int(s, SETTING_DEFAULT_INT_SIZE) == 4 ? CAT_READING_INT4 : 0) |
                     (session_dialect_is_postgresql(s) ? CAT_READING_POSTGRESQL : 0));
}

const char *setting_text(struct session *s, int id)
{
    switch (id) {
    case SETTING_TRANSACTION_STATUS:
        return txn_status_text(s);
    case SETTING_TRANSACTION_ISOLATION:
        if (s->txn_state == TXN_NONE)
            return s->values[SETTING_DEFAULT_TRANSACTION_ISOLATION];
        return s->txn_isolation == KV_SERIALIZABLE ? "serializable"
               : s->txn_isolation == KV_SNAPSHOT   ? "repeatable read"
                                                   : "read committed";
    case SETTING_TRANSACTION_PRIORITY:
        if (s->txn_state == TXN_NONE)
            return s->values[SETTING_DEFAULT_TRANSACTION_PRIORITY];
        return s->txn_priority < 0 ? "low" : s->txn_priority > 0 ? "high" : "normal";
    case SETTING_TRANSACTION_READ_ONLY:
        if (s->txn_state == TXN_NONE)
            return s->values[SETTING_DEFAULT_TRANSACTION_READ_ONLY];
        return s->txn_read_only ? "on" : "off";
    default:
        return s->values[id];
    }
}

// ---- effects

static int bad_value(const char *name, struct str value, const char *allowed, struct err *err)
{
    char lower[64];
    size_t n = 0;
    for (; name[n] != '\0' && n + 1 < sizeof(lower); n++)
        lower[n] = (char)tolower((unsigned char)name[n]);
    lower[n] = '\0';
    err_set(err, ERR_INVALID_PARAMETER_VALUE, "invalid value for parameter \"%s\": \"%.*s\"", lower, STR_FMT(value));
    if (allowed != NULL)
        err_hint(err, "Available values: %s", allowed);
    return ERR_INVALID_PARAMETER_VALUE;
}

static int set_zone(struct session *s, struct str value, struct err *err)
{
    struct str name = value;
    if (name.len > 0 && (str_ieqc(name, "default") || str_ieqc(name, "local")))
        name = STR("UTC");
    const struct zone *z;
    int64_t hours;
    if (str_to_i64(name, &hours) && hours >= -167 && hours <= 167) {
        z = zone_fixed((int32_t)(hours * 3600));
    } else if (zone_find(name, ZONE_SIGN_POSIX, &z, NULL) != 0) {
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "invalid value for parameter \"timezone\": \"%.*s\"",
                       STR_FMT(value));
    }
    s->vc.zone = z;
    setting_store(s, SETTING_TIMEZONE, name);
    return 0;
}

static int set_datestyle(struct session *s, struct str value, struct err *err)
{
    enum date_order order = s->vc.date_order;
    if (!date_style_parse(value, &order))
        return bad_value("datestyle", value, NULL, err);
    static const char *const names[] = {"ISO, MDY", "ISO, DMY", "ISO, YMD"};
    s->vc.date_order = order;
    setting_store(s, SETTING_DATESTYLE, str_of(names[order]));
    return 0;
}

// Splits a list of names: quoted ones as they are, others folded to lower case.
static size_t split_names(struct arena *a, struct str text, struct str **out)
{
    ARENA_VEC(struct str) names = {0};
    size_t i = 0;
    while (i < text.len) {
        while (i < text.len && (text.ptr[i] == ' ' || text.ptr[i] == ','))
            i++;
        if (i == text.len)
            break;
        struct buf b = BUF_INIT;
        if (text.ptr[i] == '"') {
            for (i++; i < text.len && (text.ptr[i] != '"' || (i + 1 < text.len && text.ptr[i + 1] == '"')); i++) {
                if (text.ptr[i] == '"')
                    i++;
                buf_putc(&b, text.ptr[i]);
            }
            i++;
        } else {
            for (; i < text.len && text.ptr[i] != ',' && text.ptr[i] != ' '; i++)
                buf_putc(&b, (char)tolower((unsigned char)text.ptr[i]));
        }
        struct str name = arena_str(a, buf_view(&b));
        buf_release(&b);
        ARENA_PUSH(a, &names, name);
    }
    *out = names.ptr;
    return names.len;
}

static void set_search_path(struct session *s)
{
    s->n_search_path = split_names(&s->arena, str_of(s->values[SETTING_SEARCH_PATH]), &s->search_path);
}

static int set_encoding(struct session *s, struct str value, struct err *err)
{
    while (value.len >= 2 && value.ptr[0] == '\'') // some drivers send the quotes
        value = str_slice(value, 1, value.len - 1);
    if (!str_ieqc(value, "utf8") && !str_ieqc(value, "utf-8") && !str_ieqc(value, "unicode") &&
        !str_ieqc(value, "default"))
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "unimplemented: unimplemented client encoding: \"%.*s\"",
                       STR_FMT(value));
    setting_store(s, SETTING_CLIENT_ENCODING, STR("UTF8"));
    return 0;
}

static const char *const isolation_names[] = {"serializable",   "repeatable read",  "snapshot",
                                              "read committed", "read uncommitted", "default"};

static int set_isolation(struct session *s, int id, struct str value, struct err *err)
{
    for (size_t i = 0; i < ARRAY_LEN(isolation_names); i++) {
        if (!str_ieqc(value, isolation_names[i]))
            continue;
        const char *name = i == 2   ? "repeatable read"
                           : i == 4 ? "read committed"
                           : i == 5 ? "serializable"
                                    : isolation_names[i];
        if (id == SETTING_TRANSACTION_ISOLATION && s->txn_state != TXN_NONE) {
            enum kv_isolation level = i == 0 || i == 5 ? KV_SERIALIZABLE : i <= 2 ? KV_SNAPSHOT : KV_READ_COMMITTED;
            if (level != s->txn_isolation && s->statements_in_txn > 0)
                return err_set(err, ERR_ACTIVE_SQL_TRANSACTION,
                               "SET TRANSACTION ISOLATION LEVEL must be called before any query");
            bool changed = level != s->txn_isolation;
            s->txn_isolation = level;
            return changed && s->txn != NULL ? txn_reopen(s, err) : 0;
        }
        setting_store(s, SETTING_DEFAULT_TRANSACTION_ISOLATION, str_of(name));
        return 0;
    }
    return bad_value(setting_infos[id].name, value, "serializable,repeatable read,read committed", err);
}

static int normalize_bool(const char *name, struct str value, struct str *out, struct err *err)
{
    static const char *const yes[] = {"on", "true", "t", "yes", "y", "1"}, *const no[] = {"off", "false", "f",
                                                                                          "no",  "n",     "0"};
    for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
        if (str_ieqc(value, yes[i]))
            return *out = STR("on"), 0;
        if (str_ieqc(value, no[i]))
            return *out = STR("off"), 0;
    }
    err_set(err, ERR_INVALID_PARAMETER_VALUE, "parameter \"%s\" requires a Boolean value", name);
    return ERR_INVALID_PARAMETER_VALUE;
}

// Milliseconds as a number, or an interval text.
static int normalize_duration(struct session *s, const char *name, struct str value, char *out, size_t n,
                              struct err *err)
{
    int64_t ms;
    if (!str_to_i64(value, &ms)) {
        struct arena a;
        arena_init(&a, NULL);
        struct datum d;
        int rc = datum_parse(&a, T_INTERVAL, value, &s->vc, &d, NULL);
        arena_release(&a);
        if (rc != 0)
            return bad_value(name, value, NULL, err);
        ms = interval_to_micros(d.iv) / 1000;
    }
    if (ms < 0)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "%s cannot have a negative duration", name);
    snprintf(out, n, "%lld", (long long)ms);
    return 0;
}

// "64MiB", "1.5 GB", a plain number of bytes: to CockroachDB's spelling in binary units.
static int normalize_bytes(const char *name, struct str value, char *out, size_t n, struct err *err)
{
    static const char units[] = "KMGT";
    char text[64];
    char *end;
    snprintf(text, sizeof(text), "%.*s", STR_FMT(value));
    double bytes = strtod(text, &end);
    if (end == text || !(bytes >= 0))
        return bad_value(name, value, NULL, err);
    while (*end == ' ')
        end++;
    const char *unit = *end != '\0' ? strchr(units, toupper((unsigned char)*end)) : NULL;
    if (unit != NULL) {
        bool binary = end[1] == 'i' || end[1] == 'I' || end[1] == '\0';
        for (const char *u = units; u <= unit; u++)
            bytes *= binary ? 1024 : 1000;
        end += 1 + (end[1] == 'i' || end[1] == 'I');
    }
    if (strcasecmp(end, "B") == 0)
        end++;
    if (*end != '\0' || bytes > 9.2e18)
        return bad_value(name, value, NULL, err);
    struct buf b = BUF_INIT;
    size_print(&b, (uint64_t)bytes);
    snprintf(out, n, "%s", buf_c(&b));
    buf_release(&b);
    return 0;
}

// Of a normalized value.
static size_t bytes_of(const char *text)
{
    char *end;
    double bytes = strtod(text, &end);
    const char *unit = *end == ' ' ? strchr("BKMGT", end[1]) : NULL;
    for (const char *u = "BKMGT"; unit != NULL && *u != *unit; u++)
        bytes *= 1024;
    return (size_t)bytes;
}

static int normalize_enum(const struct setting_info *info, struct str value, char *out, size_t n, struct err *err)
{
    for (const char *p = info->values; *p != '\0';) {
        size_t len = strcspn(p, "|");
        if (str_ieq(value, (struct str){p, len}) && len < n) {
            memcpy(out, p, len);
            out[len] = '\0';
            return 0;
        }
        p += len + (p[len] == '|');
    }
    return bad_value(info->name, value, info->values, err);
}

static void apply_effects(struct session *s, int id)
{
    switch (id) {
    case SETTING_BYTEA_OUTPUT:
        s->vc.bytea_output = strcmp(s->values[id], "escape") == 0   ? BYTEA_OUTPUT_ESCAPE
                             : strcmp(s->values[id], "base64") == 0 ? BYTEA_OUTPUT_BASE64
                                                                    : BYTEA_OUTPUT_HEX;
        break;
    case SETTING_INTERVALSTYLE:
        INVARIANT(interval_style_parse(str_of(s->values[id]), &s->vc.interval_style));
        break;
    case SETTING_EXTRA_FLOAT_DIGITS:
        s->vc.extra_float_digits = (int)setting_int(s, id);
        break;
    case SETTING_SEARCH_PATH:
        set_search_path(s);
        break;
    case SETTING_TESTING_OPTIMIZER_COST_PERTURBATION:
    case SETTING_TESTING_OPTIMIZER_DISABLE_RULES:
    case SETTING_TESTING_OPTIMIZER_DISABLE_RULE_PROBABILITY:
    case SETTING_TESTING_OPTIMIZER_RANDOM_SEED:
        s->testing_optimizer = strcmp(s->values[SETTING_TESTING_OPTIMIZER_COST_PERTURBATION], "0") != 0 ||
                               s->values[SETTING_TESTING_OPTIMIZER_DISABLE_RULES][0] != '\0' ||
                               strcmp(s->values[SETTING_TESTING_OPTIMIZER_DISABLE_RULE_PROBABILITY], "0") != 0;
        s->plans_made = 0;
        break;
    case SETTING_DISTSQL_WORKMEM:
        s->work_memory_bytes = bytes_of(s->values[id]);
        break;
    default:
        break;
    }
}

// What would change what statements mean or do in CockroachDB, and cannot here: no value but this one.
static int refuse_value(int id, struct str value, struct err *err)
{
    static const struct {
        int id;
        const char *only;
    } fixed[] = {{SETTING_TRACING, "off"},
                 {SETTING_EXPERIMENTAL_ENABLE_UNIQUE_WITHOUT_INDEX_CONSTRAINTS, "off"},
                 {SETTING_EXPERIMENTAL_ENABLE_IMPLICIT_COLUMN_PARTITIONING, "off"},
                 {SETTING_ENFORCE_HOME_REGION, "off"},
                 {SETTING_LEGACY_VARCHAR_TYPING, "off"},
                 {SETTING_SHOW_PRIMARY_KEY_CONSTRAINT_ON_NOT_VISIBLE_COLUMNS, "on"}};
    for (size_t i = 0; i < ARRAY_LEN(fixed); i++)
        if (fixed[i].id == id && !str_ieqc(value, fixed[i].only))
            return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "unimplemented: SET %s = %.*s", setting_infos[id].name,
                           STR_FMT(value));
    return 0;
}

// What else changes with the dialect: those that have the default of the old one get that of the new one.
static int set_dialect(struct session *s, struct str value, struct err *err)
{
    static const struct {
        int id;
        const char *text;
    } postgresql[] = {{SETTING_DEFAULT_INT_SIZE, "4"},
                      {SETTING_DEFAULT_TRANSACTION_ISOLATION, "read committed"},
                      {SETTING_EXPERIMENTAL_ENABLE_TEMP_TABLES, "on"},
                      {SETTING_NULL_ORDERED_LAST, "on"},
                      {SETTING_SERIAL_NORMALIZATION, "sql_sequence"},
                      {SETTING_SERVER_VERSION, VERSION_POSTGRESQL},
                      {SETTING_SERVER_VERSION_NUM, VERSION_POSTGRESQL_NUM}};
    char name[16];
    TRY(normalize_enum(&setting_infos[SETTING_DIALECT], value, name, sizeof(name), err));
    bool before = session_dialect_is_postgresql(s);
    setting_store(s, SETTING_DIALECT, str_of(name));
    bool now = session_dialect_is_postgresql(s);
    for (size_t i = 0; i < ARRAY_LEN(postgresql) && before != now; i++) {
        const char *cockroachdb = setting_infos[postgresql[i].id].default_text;
        if (strcmp(s->values[postgresql[i].id], before ? postgresql[i].text : cockroachdb) == 0)
            setting_store(s, postgresql[i].id, str_of(now ? postgresql[i].text : cockroachdb));
    }
    return 0;
}

static int set_by_kind(struct session *s, int id, struct str value, struct err *err)
{
    const struct setting_info *info = &setting_infos[id];
    char text[64];
    struct str normalized = value;
    int64_t number;
    switch (info->kind) {
    case SETTING_READ_ONLY:
        return err_set(err, ERR_CANT_CHANGE_RUNTIME_PARAM, "parameter \"%.*s\" cannot be changed", STR_FMT(value));
    case SETTING_BOOL:
        TRY(normalize_bool(info->name, value, &normalized, err));
        break;
    case SETTING_INT:
        if (!str_to_i64(value, &number))
            return bad_value(info->name, value, NULL, err);
        if (id == SETTING_DEFAULT_INT_SIZE && number != 4 && number != 8)
            return err_set(err, ERR_INVALID_PARAMETER_VALUE, "only 4 or 8 are supported by default_int_size");
        break;
    case SETTING_DURATION:
        TRY(normalize_duration(s, info->name, value, text, sizeof(text), err));
        normalized = str_of(text);
        break;
    case SETTING_BYTES:
        TRY(normalize_bytes(info->name, value, text, sizeof(text), err));
        normalized = str_of(text);
        break;
    case SETTING_ENUM:
        TRY(normalize_enum(info, value, text, sizeof(text), err));
        normalized = str_of(text);
        break;
    case SETTING_STRING:
    case SETTING_LIST:
        break;
    }
    TRY(refuse_value(id, normalized, err));
    setting_store(s, id, normalized);
    apply_effects(s, id);
    return 0;
}

static int set_database(struct session *s, struct str value, struct err *err)
{
    if (s->view != NULL && value.len > 0) {
        const struct cat_database *d;
        TRY(cat_database_by_name(s->view, value, &d, err));
        if (d == NULL)
            return err_set(err, ERR_UNDEFINED_DATABASE, "database \"%.*s\" does not exist", STR_FMT(value));
    }
    setting_store(s, SETTING_DATABASE, value);
    return 0;
}

static int set_role(struct session *s, struct str value, struct err *err)
{
    if (str_ieqc(value, "none") || str_eq(value, str_of(s->values[SETTING_SESSION_USER]))) {
        s->user = str_of(s->values[SETTING_SESSION_USER]);
        setting_store(s, SETTING_ROLE, STR("none"));
        return 0;
    }
    const struct cat_role *role = NULL;
    bool admin = false, member = false;
    if (s->view != NULL) {
        TRY(cat_role_by_name(s->view, value, &role, err));
        if (role == NULL)
            return err_set(err, ERR_INVALID_PARAMETER_VALUE, "role \"%.*s\" does not exist", STR_FMT(value));
        TRY(cat_is_admin(s->view, str_of(s->values[SETTING_SESSION_USER]), &admin, err));
        TRY(cat_is_member(s->view, str_of(s->values[SETTING_SESSION_USER]), value, &member, err));
    }
    if (!admin && !member)
        return err_set(err, ERR_INSUFFICIENT_PRIVILEGE, "permission denied to set role \"%.*s\"", STR_FMT(value));
    s->user = arena_str(&s->arena, value);
    setting_store(s, SETTING_ROLE, value);
    return 0;
}

// It switches triggers off, so it is for administrators.
static int set_replication_role(struct session *s, struct str value, struct err *err)
{
    bool admin = str_ieqc(value, "origin");
    if (!admin && s->view != NULL)
        TRY(cat_is_admin(s->view, s->user, &admin, err));
    if (!admin)
        return err_set(err, ERR_INSUFFICIENT_PRIVILEGE,
                       "permission denied to set parameter \"session_replication_role\"");
    return set_by_kind(s, SETTING_SESSION_REPLICATION_ROLE, value, err);
}

static int set_known(struct session *s, int id, struct str value, struct err *err)
{
    if (setting_infos[id].kind == SETTING_READ_ONLY)
        return err_set(err, ERR_CANT_CHANGE_RUNTIME_PARAM, "parameter \"%s\" cannot be changed",
                       setting_infos[id].name);
    switch (id) {
    case SETTING_TIMEZONE:
        return set_zone(s, value, err);
    case SETTING_DATESTYLE:
        return set_datestyle(s, value, err);
    case SETTING_CLIENT_ENCODING:
        return set_encoding(s, value, err);
    case SETTING_DEFAULT_TRANSACTION_ISOLATION:
    case SETTING_TRANSACTION_ISOLATION:
        return set_isolation(s, id, value, err);
    case SETTING_DATABASE:
        return set_database(s, value, err);
    case SETTING_DIALECT:
        return set_dialect(s, value, err);
    case SETTING_ROLE:
        return set_role(s, value, err);
    case SETTING_SESSION_REPLICATION_ROLE:
        return set_replication_role(s, value, err);
    case SETTING_STANDARD_CONFORMING_STRINGS:
        if (!str_ieqc(value, "on") && !str_ieqc(value, "true"))
            return bad_value("standard_conforming_strings", value, "on", err);
        return 0;
    case SETTING_TRANSACTION_READ_ONLY: {
        struct str normalized;
        TRY(normalize_bool("transaction_read_only", value, &normalized, err));
        return txn_set_read_only(s, str_eqc(normalized, "on"), err);
    }
    default:
        return set_by_kind(s, id, value, err);
    }
}

void notify_parameter(struct session *s, int id)
{
    static const struct {
        int id;
        const char *name;
    } reported[] = {{SETTING_APPLICATION_NAME, "application_name"},
                    {SETTING_TIMEZONE, "TimeZone"},
                    {SETTING_DATESTYLE, "DateStyle"},
                    {SETTING_INTERVALSTYLE, "IntervalStyle"},
                    {SETTING_CLIENT_ENCODING, "client_encoding"}};
    for (size_t i = 0; i < ARRAY_LEN(reported) && s->sink != NULL; i++) {
        if (reported[i].id == id)
            s->sink->ops->parameter(s->sink, reported[i].name, str_of(s->values[id]));
    }
}

static void save_local(struct session *s, int id)
{
    struct saved_setting *saved = mem_zalloc(sizeof(*saved));
    saved->id = id;
    saved->text = str_dup_c(str_of(s->values[id]));
    saved->next = s->local_settings;
    s->local_settings = saved;
}

int setting_set(struct session *s, struct str name, struct str value, bool local, struct err *err)
{
    int id = setting_find(name);
    if (id < 0) {
        if (memchr(name.ptr, '.', name.len) != NULL) { // custom variables
            mem_free(map_put(&s->custom_settings, name, str_dup_c(value)));
            return 0;
        }
        return err_set(err, ERR_UNDEFINED_OBJECT, "unrecognized configuration parameter \"%.*s\"", STR_FMT(name));
    }
    if (local)
        save_local(s, id);
    TRY(set_known(s, id, value, err));
    if (id != SETTING_APPLICATION_NAME && id != SETTING_STATEMENT_TIMEOUT && id != SETTING_TRANSACTION_READ_ONLY)
        s->settings_epoch++;
    if (id == SETTING_APPLICATION_NAME || id == SETTING_DATABASE)
        s->activity.epoch++;
    notify_parameter(s, id);
    return 0;
}

void settings_end_txn(struct session *s)
{
    while (s->local_settings != NULL) {
        struct saved_setting *saved = s->local_settings;
        s->local_settings = saved->next;
        struct err ignored = ERR_INIT;
        if (set_known(s, saved->id, str_of(saved->text), &ignored) == 0)
            notify_parameter(s, saved->id);
        err_reset(&ignored);
        mem_free(saved->text);
        mem_free(saved);
        s->settings_epoch++;
        s->activity.epoch++;
    }
}

int setting_reset(struct session *s, struct str name, struct err *err)
{
    int id = setting_find(name);
    if (id < 0) {
        mem_free(map_remove(&s->custom_settings, name));
        if (memchr(name.ptr, '.', name.len) != NULL)
            return 0;
        return err_set(err, ERR_UNDEFINED_OBJECT, "unrecognized configuration parameter \"%.*s\"", STR_FMT(name));
    }
    if (id == SETTING_SESSION_AUTHORIZATION) // it is what it was; the role goes back to it
        return setting_set(s, STR("role"), STR("none"), false, err);
    return setting_set(s, name, str_of(s->login_values[id]), false, err);
}

void settings_reset_all(struct session *s)
{
    for (int i = 0; i < SETTING_COUNT; i++) {
        if (setting_infos[i].kind == SETTING_READ_ONLY || i == SETTING_DATABASE || i == SETTING_TRANSACTION_ISOLATION ||
            i == SETTING_TRANSACTION_READ_ONLY)
            continue;
        struct err ignored = ERR_INIT;
        if (setting_reset(s, str_of(setting_infos[i].name), &ignored) != 0)
            err_reset(&ignored);
    }
}

void settings_init(struct session *s)
{
    for (int i = 0; i < SETTING_COUNT; i++)
        s->values[i] = s->login_values[i] = setting_infos[i].default_text;
    for (int i = 0; i < SETTING_COUNT; i++)
        apply_effects(s, i);
}

void settings_release(struct session *s)
{
    settings_end_txn(s);
    for (int i = 0; i < SETTING_COUNT; i++) {
        forget(s->values[i], i);
        forget(s->login_values[i], i);
    }
    struct map_entry *e;
    for (size_t it = 0; (e = map_next(&s->custom_settings, &it)) != NULL;)
        mem_free(e->value);
    map_release(&s->custom_settings);
}

int setting_get(struct session *s, struct arena *a, struct str name, struct str *out, struct err *err)
{
    int id = setting_find(name);
    if (id >= 0) {
        *out = arena_str(a, str_of(setting_text(s, id)));
        return 0;
    }
    const char *custom = map_get(&s->custom_settings, name);
    if (custom != NULL) {
        *out = arena_str(a, str_of(custom));
        return 0;
    }
    return err_set(err, ERR_UNDEFINED_OBJECT, "unrecognized configuration parameter \"%.*s\"", STR_FMT(name));
}

// ---- SET

static int value_text(struct session *s, struct arena *a, const struct ast *value, struct buf *out, struct err *err)
{
    if (value->kind == AST_COLUMN_REF) { // SET x = word
        buf_str(out, ast_as_column_ref(value)->column);
        return 0;
    }
    if (value->kind == AST_NAME) {
        buf_str(out, ast_as_name(value)->name);
        return 0;
    }
    struct analyze_options options;
    struct eval_context ec;
    analyze_options_init(s, &options, &ec, a);
    struct query *q;
    struct expr *e;
    TRY(analyze_table_expr(a, &options, NULL, value, T_ANYELEMENT, "SET", &q, &e, err));
    struct exec_context x = {0};
    struct statement_plan none = {.query = q};
    exec_context_init(s, &x, a, &s->budget);
    x.plan = &none;
    struct datum d;
    TRY(exec_scalar(&x, e, &d, err));
    if (d.null)
        return 0;
    if (e->type.family == TYPE_BOOL)
        buf_cstr(out, d.b ? "on" : "off");
    else
        datum_print(out, e->type, d, &s->vc);
    return 0;
}

static bool plain_identifier(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (!(islower((unsigned char)s.ptr[i]) || isdigit((unsigned char)s.ptr[i]) || s.ptr[i] == '_'))
            return false;
    }
    return s.len > 0;
}

// The value of a SET as one text.
static int set_text(struct session *s, struct arena *a, const struct ast_set_var *set, struct buf *text,
                    struct err *err)
{
    bool list = setting_find(set->name) == SETTING_SEARCH_PATH;
    int rc = 0;
    for (size_t i = 0; i < set->values.n && rc == 0; i++) {
        struct buf one = BUF_INIT;
        buf_cstr(text, i > 0 ? ", " : "");
        rc = value_text(s, a, set->values.items[i], &one, err);
        if (list && set->values.n > 1 && !plain_identifier(buf_view(&one)))
            buf_printf(text, "\"%s\"", buf_c(&one));
        else if (list && one.len > 0 && one.ptr[0] == '$')
            buf_printf(text, "\"%s\"", buf_c(&one));
        else
            buf_str(text, buf_view(&one));
        buf_release(&one);
    }
    return rc;
}

// The name of a default; *id -1: of one's own.
static int default_name(struct str name, struct str *out, int *id, struct err *err)
{
    *id = setting_find(name);
    *out = *id >= 0 ? str_of(setting_infos[*id].name) : name;
    if (*id < 0 && memchr(name.ptr, '.', name.len) == NULL)
        return err_set(err, ERR_UNDEFINED_OBJECT, "unrecognized configuration parameter \"%.*s\"", STR_FMT(name));
    if (*id < 0 && memchr(name.ptr, '=', name.len) != NULL) // it could not be told from the value
        return err_set(err, ERR_INVALID_NAME, "invalid configuration parameter name \"%.*s\"", STR_FMT(name));
    return 0;
}

// Tries the value on this session and puts back what it had.
static int try_value(struct session *s, struct arena *a, int id, struct str value, struct err *err)
{
    struct str before = arena_str(a, str_of(s->values[id]));
    TRY(set_known(s, id, value, err));
    return set_known(s, id, before, err);
}

int setting_check_default(struct session *s, struct arena *a, const struct ast *set, const struct ast *reset,
                          struct ddl_setting *out, struct err *err)
{
    struct str name = set != NULL ? ast_as_set_var(set)->name : ast_as_reset_var(reset)->name;
    int id;
    if (name.ptr == NULL) // RESET ALL
        return 0;
    TRY(default_name(name, &out->name, &id, err));
    if (id >= 0 && (setting_infos[id].kind == SETTING_READ_ONLY || id == SETTING_DATABASE || id == SETTING_ROLE ||
                    id == SETTING_TRANSACTION_ISOLATION || id == SETTING_TRANSACTION_READ_ONLY))
        return err_set(err, ERR_CANT_CHANGE_RUNTIME_PARAM, "parameter \"%s\" cannot be changed",
                       setting_infos[id].name);
    if (set == NULL || ast_as_set_var(set)->to_default)
        return 0;
    struct buf text = BUF_INIT;
    int rc = set_text(s, a, ast_as_set_var(set), &text, err);
    if (rc == 0 && id >= 0)
        rc = try_value(s, a, id, buf_view(&text), err);
    out->value = arena_str(a, buf_view(&text));
    buf_release(&text);
    return rc;
}

int run_set(struct session *s, const struct ast *statement, struct arena *a, struct err *err)
{
    if (statement->kind == AST_RESET_VAR) {
        struct str name = ast_as_reset_var(statement)->name;
        if (name.ptr == NULL) {
            settings_reset_all(s);
            return 0;
        }
        return setting_reset(s, name, err);
    }
    const struct ast_set_var *set = ast_as_set_var(statement);
    if (set->to_default)
        return setting_reset(s, set->name, err);
    struct buf text = BUF_INIT;
    int rc = set_text(s, a, set, &text, err);
    if (rc == 0)
        rc = setting_set(s, set->name, buf_view(&text), set->scope == AST_SET_LOCAL && s->txn_state != TXN_NONE, err);
    buf_release(&text);
    return rc;
}
