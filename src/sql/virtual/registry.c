// The virtual relations as catalog descriptors, made once per process from the .def files.
#include "sql/virtual/virtual_int.h"
#include <pthread.h>
#include <stdlib.h>

struct column_def {
    const char *name;
    uint32_t type_oid;
};
struct table_def {
    const char *name;
    const struct column_def *columns;
    size_t n_columns;
    struct virtual_table source;
    const char *lookups; // names of columns, separated by spaces; NULL: none
};

// clang-format off
#define TABLE(name, generator, lookups) static const struct column_def name##_column_defs[] = {
#define COLUMN(table, name, type) {#name, TYPE_OID_##type},
#define TABLE_END(name) };
#include "sql/virtual/virtual_schemas.def"
#undef TABLE
#undef COLUMN
#undef TABLE_END

#define TABLE(name, generator, lookups) \
    {#name, name##_column_defs, ARRAY_LEN(name##_column_defs), {generator}, lookups},
#define COLUMN(table, name, type)
#define TABLE_END(name)
static const struct table_def pg_catalog_tables[] = {
#include "sql/virtual/pg_catalog.def"
};
static const struct table_def information_schema_tables[] = {
#include "sql/virtual/information_schema.def"
};
static const struct table_def crdb_internal_tables[] = {
#include "sql/virtual/crdb_internal.def"
};
static const struct table_def system_tables[] = {
#include "sql/virtual/system.def"
};
#undef TABLE
#undef COLUMN
#undef TABLE_END
// clang-format on

static const struct {
    const char *name;
    const char *prefix; // of the tables' identifiers in the .def file
    const struct table_def *tables;
    size_t n_tables;
} schema_defs[] = {
    {"information_schema", "", information_schema_tables, ARRAY_LEN(information_schema_tables)},
    {"pg_catalog", "", pg_catalog_tables, ARRAY_LEN(pg_catalog_tables)},
    {"crdb_internal", "crdb_", crdb_internal_tables, ARRAY_LEN(crdb_internal_tables)}, // grows, and moves no number
    {"system", "system_", system_tables, ARRAY_LEN(system_tables)}, // the last: they are in a stored schema
};
enum { N_SCHEMAS = ARRAY_LEN(schema_defs) - 1 };

// Catalogs that clients know by PostgreSQL's numbers: pg_dump compares tableoid and pg_depend.classid with them.
// Those of the system database have CockroachDB's. cat_new_id gives none of these to a descriptor.
static const struct {
    const char *name;
    uint32_t oid;
} known_oids[] = {
    {"pg_type", 1247},
    {"pg_attribute", 1249},
    {"pg_proc", 1255},
    {"pg_class", 1259},
    {"pg_authid", 1260},
    {"pg_auth_members", 1261},
    {"pg_database", 1262},
    {"pg_foreign_server", 1417},
    {"pg_user_mapping", 1418},
    {"pg_tablespace", 1213},
    {"pg_depend", 2608},
    {"pg_description", 2609},
    {"pg_index", 2610},
    {"pg_inherits", 2611},
    {"pg_language", 2612},
    {"pg_namespace", 2615},
    {"pg_opclass", 2616},
    {"pg_operator", 2617},
    {"pg_rewrite", 2618},
    {"pg_trigger", 2620},
    {"pg_opfamily", 2753},
    {"pg_attrdef", 2604},
    {"pg_cast", 2605},
    {"pg_constraint", 2606},
    {"pg_conversion", 2607},
    {"pg_am", 2601},
    {"pg_extension", 3079},
    {"pg_foreign_table", 3118},
    {"pg_policy", 3256},
    {"pg_statistic_ext", 3381},
    {"pg_collation", 3456},
    {"pg_event_trigger", 3466},
    {"pg_enum", 3501},
    {"pg_ts_dict", 3600},
    {"pg_ts_parser", 3601},
    {"pg_ts_config", 3602},
    {"pg_ts_template", 3764},
    {"pg_publication", 6104},
    {"pg_subscription", 6100},
    {"pg_foreign_data_wrapper", 2328},
    {"pg_default_acl", 826},
    {"pg_transform", 3576},
    {"system_tenants", 8},
    {"system_region_liveness", 9},
    {"system_lease", 11},
    {"system_eventlog", 12},
    {"system_rangelog", 13},
    {"system_ui", 14},
    {"system_web_sessions", 19},
    {"system_locations", 21},
    {"system_replication_constraint_stats", 25},
    {"system_replication_critical_localities", 26},
    {"system_replication_stats", 27},
    {"system_reports_meta", 28},
    {"system_protected_ts_meta", 31},
    {"system_protected_ts_records", 32},
    {"system_statement_bundle_chunks", 34},
    {"system_statement_diagnostics_requests", 35},
    {"system_statement_diagnostics", 36},
    {"system_sqlliveness", 39},
    {"system_migrations", 40},
    {"system_join_tokens", 41},
    {"system_statement_statistics", 42},
    {"system_transaction_statistics", 43},
    {"system_tenant_usage", 45},
    {"system_sql_instances", 46},
    {"system_span_configurations", 47},
    {"system_tenant_settings", 50},
    {"system_span_count", 51},
    {"system_external_connections", 53},
    {"system_job_info", 54},
    {"system_span_stats_unique_keys", 55},
    {"system_span_stats_buckets", 56},
    {"system_span_stats_samples", 57},
    {"system_span_stats_tenant_boundaries", 58},
    {"system_task_payloads", 59},
    {"system_tenant_tasks", 60},
    {"system_statement_activity", 61},
    {"system_transaction_activity", 62},
    {"system_mvcc_statistics", 64},
    {"system_transaction_execution_insights", 65},
    {"system_statement_execution_insights", 66},
    {"system_table_metadata", 67},
    {"system_job_progress", 68},
    {"system_job_progress_history", 69},
    {"system_job_status", 70},
    {"system_job_message", 71},
    {"system_prepared_transactions", 72},
    {"system_inspect_errors", 73},
    {"system_transaction_diagnostics_requests", 74},
    {"system_transaction_diagnostics", 75},
    {"system_statement_hints", 76},
};

static uint32_t known_oid(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(known_oids); i++)
        if (strcmp(known_oids[i].name, name) == 0)
            return known_oids[i].oid;
    return 0;
}

static pthread_once_t built = PTHREAD_ONCE_INIT;
static struct arena registry_arena; // process lifetime
static struct cat_virtual_schema registry[ARRAY_LEN(schema_defs)];

static void set_lookups(struct cat_table *t, const struct table_def *def)
{
    struct str rest = str_of(def->lookups != NULL ? def->lookups : ""), name;
    for (size_t n = 0; rest.len > 0; n++) {
        ptrdiff_t space = str_find(rest, STR(" "), 0);
        name = str_slice(rest, 0, space < 0 ? rest.len : (size_t)space);
        rest = str_slice(rest, MIN(name.len + 1, rest.len), rest.len);
        const struct cat_column *c = cat_column_by_name(t, name);
        INVARIANT(c != NULL && n < ARRAY_LEN(t->virtual_lookups));
        t->virtual_lookups[n] = c->id;
    }
}

// Column names of the .def files end in an underscore where the plain word is the preprocessor's.
static struct str column_name(const char *name)
{
    struct str s = str_of(name);
    if (s.len > 0 && s.ptr[s.len - 1] == '_')
        s.len--;
    return s;
}

// The system database's own are for administrators.
static struct cat_acl read_by(bool administrators)
{
    struct cat_grant *grants = ARENA_ARRAY(&registry_arena, struct cat_grant, 2);
    grants[0] = (struct cat_grant){STR("public"), CAT_PRIVILEGE_SELECT, 0};
    if (administrators) {
        grants[0] = (struct cat_grant){STR("admin"), CAT_PRIVILEGE_SELECT, CAT_PRIVILEGE_SELECT};
        grants[1] = (struct cat_grant){STR("root"), CAT_PRIVILEGE_SELECT, CAT_PRIVILEGE_SELECT};
    }
    return (struct cat_acl){STR("node"), grants, administrators ? 2 : 1};
}

static struct cat_table build_table(const struct table_def *def, const char *prefix, uint32_t id, uint32_t schema_id)
{
    bool system = schema_id == CAT_ID_SYSTEM_PUBLIC;
    struct cat_column *columns = ARENA_ARRAY(&registry_arena, struct cat_column, def->n_columns);
    struct type *types = ARENA_ARRAY(&registry_arena, struct type, def->n_columns);
    for (size_t i = 0; i < def->n_columns; i++) {
        bool known = type_from_oid(def->columns[i].type_oid, &types[i]);
        INVARIANT(known);
        columns[i] =
            (struct cat_column){.id = (uint32_t)i + 1, .name = column_name(def->columns[i].name), .type = types[i]};
    }
    struct cat_table t = {.id = id,
                          .database_id = system ? CAT_ID_SYSTEM_DATABASE : CAT_ID_NONE,
                          .schema_id = schema_id,
                          .name = str_of(def->name + strlen(prefix)),
                          .kind = CAT_VIRTUAL,
                          .columns = columns,
                          .n_columns = def->n_columns,
                          .next_column_id = (uint32_t)def->n_columns + 1,
                          .slot_types = types,
                          .acl = read_by(system),
                          .version = 1,
                          .virtual_table = &def->source,
                          .virtual_empty = def->source.generate == virtual_no_rows};
    set_lookups(&t, def);
    return t;
}

static int compare_tables(const void *a, const void *b)
{
    const struct cat_table *x = a, *y = b;
    return str_cmp(x->name, y->name);
}

// Ids count down from the greatest OID, a schema, then its tables in the order of the .def file, but for those that
// have a number elsewhere.
static void build_registry(void)
{
    uint32_t id = UINT32_MAX;
    arena_init(&registry_arena, NULL);
    for (size_t i = 0; i < ARRAY_LEN(schema_defs); i++) {
        struct cat_table *tables = ARENA_ARRAY(&registry_arena, struct cat_table, schema_defs[i].n_tables);
        uint32_t schema_id = i < N_SCHEMAS ? id-- : CAT_ID_SYSTEM_PUBLIC;
        registry[i] = (struct cat_virtual_schema){schema_defs[i].name, schema_id, tables, schema_defs[i].n_tables};
        for (size_t k = 0; k < schema_defs[i].n_tables; k++, id--) {
            uint32_t oid = known_oid(schema_defs[i].tables[k].name);
            tables[k] =
                build_table(&schema_defs[i].tables[k], schema_defs[i].prefix, oid != 0 ? oid : id, registry[i].id);
        }
        qsort(tables, schema_defs[i].n_tables, sizeof(*tables), compare_tables);
    }
}

void virtual_register(struct catalog *c)
{
    pthread_once(&built, build_registry);
    catalog_register_virtual(c, registry, N_SCHEMAS, &registry[N_SCHEMAS]);
}

uint32_t virtual_table_oid(const char *schema, const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(registry); i++)
        for (size_t k = 0; strcmp(registry[i].name, schema) == 0 && k < registry[i].n_tables; k++)
            if (str_eqc(registry[i].tables[k].name, name))
                return registry[i].tables[k].id;
    return 0;
}

uint32_t virtual_schema_oid(const char *schema)
{
    for (size_t i = 0; i < ARRAY_LEN(registry); i++)
        if (strcmp(registry[i].name, schema) == 0)
            return registry[i].id;
    return 0;
}

GENERATOR(virtual_no_rows)
{
    return 0;
}
