// Field tables of descriptors. Tags are stored on disk: never renumber, never reuse.

#include "catalog/catalog.h"
#include "catalog/codec_int.h"

#define F(tag, kind, owner, m)                          \
    {                                                   \
        tag, FIELD_##kind, offsetof(struct owner, m), 0 \
    }
#define F_LIST(tag, kind, owner, m, n)                                          \
    {                                                                           \
        tag, FIELD_##kind, offsetof(struct owner, m), offsetof(struct owner, n) \
    }
#define F_SUB(tag, kind, owner, m, rec)                       \
    {                                                         \
        tag, FIELD_##kind, offsetof(struct owner, m), 0, &rec \
    }
#define F_SUBS(tag, owner, m, n, rec)                                                  \
    {                                                                                  \
        tag, FIELD_RECORDS, offsetof(struct owner, m), offsetof(struct owner, n), &rec \
    }
#define RECORD(name, owner) const struct record name = {sizeof(struct owner), name##_fields, ARRAY_LEN(name##_fields)}

static const struct field grant_record_fields[] = {
    F(1, STR, cat_grant, grantee),
    F(2, U32, cat_grant, privileges),
    F(3, U32, cat_grant, grantable),
};
static RECORD(grant_record, cat_grant);

static const struct field acl_record_fields[] = {
    F(1, STR, cat_acl, owner),
    F_SUBS(2, cat_acl, grants, n_grants, grant_record),
};
static RECORD(acl_record, cat_acl);

static const struct field defaults_record_fields[] = {
    F(1, CHAR, cat_defaults, kind),
    F_SUB(2, RECORD, cat_defaults, acl, acl_record),
    F(3, BOOL, cat_defaults, public_revoked),
};
static RECORD(defaults_record, cat_defaults);

static const struct field database_record_fields[] = {
    F(1, U32, cat_database, id),
    F(2, STR, cat_database, name),
    F(3, U32, cat_database, public_schema_id),
    F_SUB(4, RECORD, cat_database, acl, acl_record),
    F(5, U64, cat_database, version),
    F_SUBS(6, cat_database, defaults, n_defaults, defaults_record),
};
RECORD(database_record, cat_database);

static const struct field schema_record_fields[] = {
    F(1, U32, cat_schema, id),      F(2, U32, cat_schema, database_id),
    F(3, STR, cat_schema, name),    F_SUB(4, RECORD, cat_schema, acl, acl_record),
    F(5, U64, cat_schema, version), F_SUBS(6, cat_schema, defaults, n_defaults, defaults_record),
};
RECORD(schema_record, cat_schema);

static const struct field label_record_fields[] = {
    F(1, STR, type_label, text),
    F(2, I64, type_label, number),
};
static RECORD(label_record, type_label);

static const struct field type_field_record_fields[] = {
    F(1, STR, type_field, name),
    F(2, TYPE, type_field, type),
};
static RECORD(type_field_record, type_field);

static const struct field type_def_record_fields[] = {
    F(1, U32, type_def, oid),
    F(2, U32, type_def, array_oid),
    F(3, STR, type_def, schema),
    F(4, STR, type_def, name),
    F_SUBS(5, type_def, labels, n_labels, label_record),
    F_SUBS(6, type_def, fields, n_fields, type_field_record),
    F(7, BOOL, type_def, is_composite),
};
RECORD(type_def_record, type_def);

static const struct field type_record_fields[] = {
    F(1, U32, cat_type, id),
    F(2, U32, cat_type, database_id),
    F(3, U32, cat_type, schema_id),
    F(4, STR, cat_type, name),
    F_SUB(5, RECORD, cat_type, def, type_def_record),
    F_SUB(6, RECORD, cat_type, acl, acl_record),
    F(7, U64, cat_type, version),
    F_SUBS(8, cat_type, types, n_types, type_def_record),
};
RECORD(type_record, cat_type);

static const struct field function_param_record_fields[] = {
    F(1, STR, cat_function_param, name),
    F(2, TYPE, cat_function_param, type),
    F(3, CHAR, cat_function_param, mode),
    F(4, STR, cat_function_param, default_sql),
};
static RECORD(function_param_record, cat_function_param);

static const struct field function_record_fields[] = {
    F(1, U32, cat_function, id),
    F(2, U32, cat_function, database_id),
    F(3, U32, cat_function, schema_id),
    F(4, STR, cat_function, name),
    F(5, BOOL, cat_function, is_procedure),
    F_SUBS(6, cat_function, params, n_params, function_param_record),
    F(7, TYPE, cat_function, result),
    F(8, STR, cat_function, returns_sql),
    F(9, BOOL, cat_function, returns_set),
    F(10, CHAR, cat_function, volatility),
    F(11, BOOL, cat_function, strict),
    F(12, BOOL, cat_function, leakproof),
    F(13, STR, cat_function, body),
    F_LIST(14, U32S, cat_function, depends_on, n_depends_on),
    F_SUB(15, RECORD, cat_function, acl, acl_record),
    F(16, U64, cat_function, version),
    F_SUBS(17, cat_function, types, n_types, type_def_record),
    F(18, STR, cat_function, signature),
    F(19, BOOL, cat_function, security_definer),
    F(20, BOOL, cat_function, plpgsql),
    F(21, CHAR, cat_function, reading),
    F(22, U32, cat_function, row_table),
};
RECORD(function_record, cat_function);

static const struct field column_record_fields[] = {
    F(1, U32, cat_column, id),
    F(2, STR, cat_column, name),
    F(3, TYPE, cat_column, type),
    F(4, BOOL, cat_column, not_null),
    F(5, BOOL, cat_column, hidden),
    F(6, STR, cat_column, default_sql),
    F(7, STR, cat_column, on_update_sql),
    F(8, STR, cat_column, computed_sql),
    F(9, BOOL, cat_column, computed_virtual),
    F(10, CHAR, cat_column, identity),
    F(11, U32, cat_column, owns_sequence_id),
    F(12, STR, cat_column, comment),
    F(13, BOOL, cat_column, has_missing_value),
    F_LIST(14, DATUM, cat_column, missing_value, type), // after the type
    F(15, ENUM, cat_column, state),
    F(16, U32, cat_column, replaces),
};
static RECORD(column_record, cat_column);

static const struct field index_column_record_fields[] = {
    F(1, U32, cat_index_column, column_id),
    F(2, BOOL, cat_index_column, descending),
};
static RECORD(index_column_record, cat_index_column);

static const struct field index_record_fields[] = {
    F(1, U32, cat_index, id),
    F(2, STR, cat_index, name),
    F(3, ENUM, cat_index, kind),
    F(4, ENUM, cat_index, state),
    F(5, BOOL, cat_index, unique),
    F(6, BOOL, cat_index, is_constraint),
    F(7, BOOL, cat_index, not_visible),
    F_SUBS(8, cat_index, columns, n_columns, index_column_record),
    F_LIST(9, U32S, cat_index, storing, n_storing),
    F(10, STR, cat_index, predicate_sql),
    F(11, STR, cat_index, comment),
    F(12, BOOL, cat_index, rows),
    F(13, U32, cat_index, replaces),
    F(14, STR, cat_index, collations),
    F(15, U32, cat_index, hidden_ppm),
};
static RECORD(index_record, cat_index);

static const struct field check_record_fields[] = {
    F(1, STR, cat_check, name),       F(2, STR, cat_check, sql),      F_LIST(3, U32S, cat_check, columns, n_columns),
    F(4, BOOL, cat_check, validated), F(5, ENUM, cat_check, pending),
};
static RECORD(check_record, cat_check);

static const struct field foreign_key_record_fields[] = {
    F(1, STR, cat_foreign_key, name),
    F(2, U32, cat_foreign_key, origin_table_id),
    F_LIST(3, U32S, cat_foreign_key, origin_columns, n_columns),
    F(4, U32, cat_foreign_key, referenced_table_id),
    F_LIST(5, U32S, cat_foreign_key, referenced_columns, n_columns),
    F(6, ENUM, cat_foreign_key, on_delete),
    F(7, ENUM, cat_foreign_key, on_update),
    F(8, BOOL, cat_foreign_key, match_full),
    F(9, BOOL, cat_foreign_key, validated),
    F(10, BOOL, cat_foreign_key, deferrable),
    F(11, BOOL, cat_foreign_key, deferred),
    F(12, ENUM, cat_foreign_key, pending),
};
static RECORD(foreign_key_record, cat_foreign_key);

static const struct field trigger_arg_record_fields[] = {
    {1, FIELD_STR, 0, 0, NULL},
};
static RECORD(trigger_arg_record, str);

static const struct field trigger_record_fields[] = {
    F(1, U32, cat_trigger, id),
    F(2, STR, cat_trigger, name),
    F(3, U32, cat_trigger, function_id),
    F_SUBS(4, cat_trigger, args, n_args, trigger_arg_record),
    F(5, CHAR, cat_trigger, timing),
    F(6, U32, cat_trigger, events),
    F(7, BOOL, cat_trigger, per_row),
    F_LIST(8, U32S, cat_trigger, columns, n_columns),
    F(9, STR, cat_trigger, when_sql),
    F_LIST(10, U32S, cat_trigger, when_columns, n_when_columns),
    F(11, CHAR, cat_trigger, enabled),
    F(12, BOOL, cat_trigger, is_constraint),
    F(13, BOOL, cat_trigger, deferrable),
    F(14, BOOL, cat_trigger, deferred),
    F(15, U32, cat_trigger, referenced_table_id),
    F(16, STR, cat_trigger, old_table),
    F(17, STR, cat_trigger, new_table),
    F(18, STR, cat_trigger, comment),
};
static RECORD(trigger_record, cat_trigger);

static const struct field sequence_record_fields[] = {
    F(1, TYPE, cat_sequence, type),
    F(2, I64, cat_sequence, increment),
    F(3, I64, cat_sequence, min),
    F(4, I64, cat_sequence, max),
    F(5, I64, cat_sequence, start),
    F(6, I64, cat_sequence, cache),
    F(7, U32, cat_sequence, owner_table_id),
    F(8, U32, cat_sequence, owner_column_id),
    F(9, BOOL, cat_sequence, cycle),
    F(10, BOOL, cat_sequence, is_virtual),
};
static RECORD(sequence_record, cat_sequence);

static const struct field family_record_fields[] = {
    F(1, STR, cat_family, name),
    F_LIST(2, U32S, cat_family, columns, n_columns),
};
static RECORD(family_record, cat_family);

static const struct field table_record_fields[] = {
    F(1, U32, cat_table, id),
    F(2, U32, cat_table, database_id),
    F(3, U32, cat_table, schema_id),
    F(4, STR, cat_table, name),
    F(5, ENUM, cat_table, kind),
    F_SUBS(6, cat_table, columns, n_columns, column_record),
    F(7, U32, cat_table, next_column_id),
    F(8, U32, cat_table, next_index_id),
    F_LIST(9, TYPES, cat_table, slot_types, next_column_id),
    F_SUB(10, RECORD_REF, cat_table, primary, index_record),
    F_SUBS(11, cat_table, indexes, n_indexes, index_record),
    F_SUBS(12, cat_table, checks, n_checks, check_record),
    F_SUBS(13, cat_table, outbound, n_outbound, foreign_key_record),
    F_SUBS(14, cat_table, inbound, n_inbound, foreign_key_record),
    F(15, STR, cat_table, view_sql),
    F_LIST(16, U32S, cat_table, depends_on, n_depends_on),
    F_LIST(17, U32S, cat_table, depended_on_by, n_depended_on_by),
    F_SUB(18, RECORD, cat_table, sequence, sequence_record),
    F(19, STR, cat_table, storage_parameters),
    F_SUB(20, RECORD, cat_table, acl, acl_record),
    F(21, STR, cat_table, comment),
    F(22, U64, cat_table, version),
    F_SUBS(23, cat_table, families, n_families, family_record),
    F_SUBS(24, cat_table, types, n_types, type_def_record),
    F_LIST(25, U32S, cat_table, functions, n_functions),
    F(26, I64, cat_table, job),
    F_SUBS(27, cat_table, triggers, n_triggers, trigger_record),
};
RECORD(table_record, cat_table);
