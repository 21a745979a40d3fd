// Databases, tables, columns, indexes.
#include "server/api/api_int.h"

static const char databases_query[] =
    "SELECT d.name AS name, d.owner AS owner, "
    "(SELECT count(*) FROM crdb_internal.tables t WHERE t.database_name = d.name AND t.drop_time IS NULL)::STRING "
    "AS \"tables:n\", pg_catalog.pg_database_size(d.name)::STRING AS \"size_bytes:n\" "
    "FROM crdb_internal.databases d WHERE $1::STRING = '' OR d.name = $1::STRING ORDER BY d.name";

int api_databases(struct api_call *call, struct err *err)
{
    struct str all = STR_EMPTY;
    return api_sql_answer(call, "databases", databases_query, &all, 1, err);
}

static const char schemas_query[] =
    "SELECT coalesce(jsonb_agg(schema_name ORDER BY schema_name), '[]')::STRING AS \"schemas:j\" "
    "FROM information_schema.schemata WHERE catalog_name = $1::STRING AND schema_name NOT IN "
    "('pg_catalog', 'information_schema', 'crdb_internal', 'pg_extension')";

static const char database_grants_query[] =
    "SELECT database_name AS database, NULL AS schema, NULL AS object, 'database' AS object_type, grantee, "
    "privilege_type AS privilege, is_grantable AS \"grantable:b\" FROM [SHOW GRANTS] "
    "WHERE object_type = 'database' ORDER BY 5, 6";

// A session in the path's second parameter. 3D000 when there is no such database.
static int open_database(struct api_call *call, struct api_sql *sql, struct err *err)
{
    struct str name = call_parameter(call, 1);
    struct api_rows rows;
    TRY(api_sql_open(call, &(struct api_sql_options){.database = name}, sql, err));
    int rc = api_sql_query(sql, "SELECT 1 FROM crdb_internal.databases WHERE name = $1::STRING", &name, 1, &rows, err);
    if (rc == 0 && rows.n == 0)
        rc = err_set(err, ERR_INVALID_CATALOG_NAME, "database \"%.*s\" does not exist", STR_FMT(name));
    if (rc != 0)
        api_sql_close(sql);
    return rc;
}

static int write_database(struct api_sql *sql, struct err *err)
{
    struct str name = call_parameter(sql->call, 1);
    TRY(api_sql_members(sql, databases_query, &name, 1, "database does not exist", err));
    TRY(api_sql_members(sql, schemas_query, &name, 1, "database does not exist", err));
    return api_sql_list(sql, "grants", database_grants_query, NULL, 0, err);
}

int api_databases_get(struct api_call *call, struct err *err)
{
    struct api_sql sql;
    TRY(open_database(call, &sql, err));
    jw_object(&call->json);
    int rc = write_database(&sql, err);
    jw_end(&call->json);
    api_sql_close(&sql);
    return rc;
}

// ---- tables

#define RELATION_COLUMNS                                                                           \
    "n.nspname AS schema, c.relname AS name, "                                                     \
    "CASE c.relkind WHEN 'r' THEN 'table' WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' " \
    "ELSE 'sequence' END AS kind, pg_catalog.pg_get_userbyid(c.relowner) AS owner, "               \
    "CASE WHEN c.relkind IN ('r', 'm') THEN s.estimated_row_count END::STRING AS \"rows:n\", "     \
    "CASE WHEN c.relkind = 'v' THEN 0 ELSE pg_catalog.pg_total_relation_size(c.oid) END::STRING AS \"size_bytes:n\""

#define RELATIONS                                                                           \
    " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace " \
    "LEFT JOIN crdb_internal.table_row_statistics s ON s.table_id = c.oid::INT "            \
    "WHERE c.relkind IN ('r', 'v', 'm', 'S') AND n.nspname NOT IN ('pg_catalog', "          \
    "'information_schema', 'crdb_internal', 'pg_extension')"

static const char tables_query[] =
    "SELECT " RELATION_COLUMNS
    ", (SELECT count(*) FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid)::STRING AS \"indexes:n\", "
    "(SELECT count(*) FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT "
    "a.attisdropped)::STRING AS \"columns:n\"" RELATIONS " ORDER BY 1, 2";

int api_tables(struct api_call *call, struct err *err)
{
    struct api_sql sql;
    TRY(open_database(call, &sql, err));
    jw_object(&call->json);
    int rc = api_sql_list(&sql, "tables", tables_query, NULL, 0, err);
    jw_end(&call->json);
    api_sql_close(&sql);
    return rc;
}

static const char table_query[] =
    "SELECT " RELATION_COLUMNS ", pg_catalog.obj_description(c.oid, 'pg_class') AS comment" RELATIONS
    " AND n.nspname = $1::STRING AND c.relname = $2::STRING";

static const char columns_query[] =
    "SELECT column_name AS name, crdb_sql_type AS type, (is_nullable = 'YES') AS \"nullable:b\", "
    "column_default AS default, nullif(generation_expression, '') AS generated, column_comment AS comment "
    "FROM information_schema.columns WHERE table_schema = $1::STRING AND table_name = $2::STRING "
    "AND is_hidden = 'NO' ORDER BY ordinal_position";

static const char indexes_query[] =
    "SELECT ic.relname AS name, pg_catalog.pg_get_indexdef(i.indexrelid) AS definition, "
    "i.indisprimary AS \"primary:b\", i.indisunique AS \"unique:b\" FROM pg_catalog.pg_index i "
    "JOIN pg_catalog.pg_class c ON c.oid = i.indrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
    "JOIN pg_catalog.pg_class ic ON ic.oid = i.indexrelid "
    "WHERE n.nspname = $1::STRING AND c.relname = $2::STRING ORDER BY i.indisprimary DESC, ic.relname";

static const char constraints_query[] =
    "SELECT k.conname AS name, pg_catalog.pg_get_constraintdef(k.oid) AS definition FROM pg_catalog.pg_constraint k "
    "JOIN pg_catalog.pg_class c ON c.oid = k.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
    "WHERE n.nspname = $1::STRING AND c.relname = $2::STRING ORDER BY k.conname";

static const char table_grants_query[] =
    "SELECT database_name AS database, schema_name AS schema, object_name AS object, object_type, grantee, "
    "privilege_type AS privilege, is_grantable AS \"grantable:b\" FROM [SHOW GRANTS] "
    "WHERE schema_name = $1::STRING AND object_name = $2::STRING ORDER BY 5, 6";

static const char create_query[] =
    "SELECT create_statement FROM crdb_internal.create_statements WHERE database_name = current_database() AND "
    "schema_name = $1::STRING AND descriptor_name = $2::STRING";

static int write_table(struct api_sql *sql, const struct str *names, struct err *err)
{
    static const char missing[] = "table does not exist";
    TRY(api_sql_members(sql, table_query, names, 2, missing, err));
    TRY(api_sql_list(sql, "columns", columns_query, names, 2, err));
    TRY(api_sql_list(sql, "indexes", indexes_query, names, 2, err));
    TRY(api_sql_list(sql, "constraints", constraints_query, names, 2, err));
    TRY(api_sql_list(sql, "grants", table_grants_query, names, 2, err));
    return api_sql_members(sql, create_query, names, 2, missing, err);
}

int api_tables_get(struct api_call *call, struct err *err)
{
    struct str whole = call_parameter(call, 2);
    ptrdiff_t dot = str_find(whole, STR("."), 0);
    struct api_sql sql;
    if (dot < 0)
        return err_set(err, ERR_UNDEFINED_TABLE, "name the table as schema.table");
    struct str names[] = {str_slice(whole, 0, (size_t)dot), str_slice(whole, (size_t)dot + 1, whole.len)};
    TRY(open_database(call, &sql, err));
    jw_object(&call->json);
    int rc = write_table(&sql, names, err);
    jw_end(&call->json);
    api_sql_close(&sql);
    return rc;
}
