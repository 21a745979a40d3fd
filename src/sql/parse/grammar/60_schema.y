%type <node> create_view_stmt create_sequence_stmt alter_sequence_stmt create_type_stmt alter_type_stmt create_database_stmt
%type <node> alter_database_stmt create_schema_stmt create_extension_stmt create_statistics_stmt analyze_stmt vacuum_stmt
%type <node> comment_stmt create_function_stmt drop_stmt alter_object_stmt refresh_stmt sequence_option database_option
%type <node> function_signature function_param function_option alter_index_stmt zone_config configure_zone_stmt
%type <node> extension_option statistics_option composite_field vacuum_option returns function_default
%type <node> set_or_reset typed_field
%type <list> sequence_options opt_sequence_options enum_labels opt_enum_labels composite_fields
%type <list> opt_database_options extension_options statistics_columns statistics_options function_signatures function_params
%type <list> opt_function_params opt_function_options function_options typed_fields index_names vacuum_options table_list opt_domain_constraints
%type <str> comment_text region_name
%type <choice> param_mode alterable_kind droppable_kind trigger_timing
%type <node> create_trigger_stmt trigger_event opt_trigger_from transition opt_trigger_when trigger_arg
%type <list> trigger_events opt_transitions transitions opt_trigger_args trigger_args
%type <flag> opt_constraint old_or_new table_or_row trigger_level
%type <flag> before_or_after opt_setof
%type <list> zone_options
%type <node> zone_option

%%
// ---- Views ----------------------------------------------------------------------------------------------------
create_view_stmt:
    "CREATE" opt_persistence "VIEW" opt_if_not_exists table_name opt_name_list opt_storage "AS" select_stmt
    {
        $$ = NODE(CREATE_VIEW, create_view, @1, .persistence = (enum ast_persistence)$2, .if_not_exists = $4,
                  .name = $5, .columns = $6, .options = $7, .query = $9);
    }
  | "CREATE" "OR" "REPLACE" opt_persistence "VIEW" table_name opt_name_list opt_storage "AS" select_stmt
    {
        $$ = NODE(CREATE_VIEW, create_view, @1, .persistence = (enum ast_persistence)$4, .replace = true, .name = $6,
                  .columns = $7, .options = $8, .query = $10);
    }
  | "CREATE" "MATERIALIZED" "VIEW" opt_if_not_exists table_name opt_name_list "AS" select_stmt opt_with_data
    {
        $$ = NODE(CREATE_VIEW, create_view, @1, .materialized = true, .if_not_exists = $4, .name = $5, .columns = $6,
                  .query = $8, .with_data = (enum ast_with_data)$9);
    }
  | "CREATE" opt_persistence "VIEW" error { HELP("CREATE VIEW"); }
  | "CREATE" "MATERIALIZED" "VIEW" error { HELP("CREATE VIEW"); }
  ;
refresh_stmt:
    "REFRESH" "MATERIALIZED" "VIEW" opt_concurrently table_name opt_as_of opt_with_data
    {
        $$ = NODE(REFRESH_VIEW, refresh_view, @1, .concurrently = $4, .name = $5, .as_of = $6,
                  .with_data = (enum ast_with_data)$7);
    }
  | "REFRESH" error { HELP("REFRESH"); }
  ;

// ---- Sequences ------------------------------------------------------------------------------------------------
create_sequence_stmt:
    "CREATE" opt_persistence "SEQUENCE" opt_if_not_exists table_name opt_sequence_options
    {
        $$ = NODE(CREATE_SEQUENCE, create_sequence, @1, .persistence = (enum ast_persistence)$2, .if_not_exists = $4,
                  .name = $5, .options = $6);
    }
  | "CREATE" opt_persistence "SEQUENCE" error { HELP("CREATE SEQUENCE"); }
  ;
alter_sequence_stmt:
    "ALTER" "SEQUENCE" opt_if_exists table_name sequence_options
    { $$ = NODE(ALTER_SEQUENCE, alter_sequence, @1, .if_exists = $3, .name = $4, .options = $5); }
  ;
opt_sequence_options: %empty { $$ = LIST1(NULL); } | sequence_options ;
sequence_options: sequence_option { $$ = LIST1($1); } | sequence_options sequence_option { $$ = PUSH($1, $2); } ;
sequence_option:
    "AS" type_name { $$ = mk_option(p, @1, STR("as"), $2); }
  | "CYCLE" { $$ = mk_option(p, @1, STR("cycle"), NULL); }
  | "NO" "CYCLE" { $$ = mk_option(p, @1, STR("no cycle"), NULL); }
  | "OWNED" "BY" "NONE" { $$ = mk_option(p, @1, STR("owned by"), NULL); }
  | "OWNED" "BY" column_path { $$ = mk_option(p, @1, STR("owned by"), $3); }
  | "CACHE" signed_int { $$ = mk_option(p, @1, STR("cache"), mk_integer(p, @2, $2)); }
  | "PER" "NODE" "CACHE" signed_int { $$ = mk_option(p, @1, STR("per node cache"), mk_integer(p, @4, $4)); }
  | "PER" "SESSION" "CACHE" signed_int { $$ = mk_option(p, @1, STR("per session cache"), mk_integer(p, @4, $4)); }
  | "INCREMENT" signed_int { $$ = mk_option(p, @1, STR("increment"), mk_integer(p, @2, $2)); }
  | "INCREMENT" "BY" signed_int { $$ = mk_option(p, @1, STR("increment"), mk_integer(p, @3, $3)); }
  | "MINVALUE" signed_int { $$ = mk_option(p, @1, STR("minvalue"), mk_integer(p, @2, $2)); }
  | "NO" "MINVALUE" { $$ = mk_option(p, @1, STR("minvalue"), NULL); }
  | "MAXVALUE" signed_int { $$ = mk_option(p, @1, STR("maxvalue"), mk_integer(p, @2, $2)); }
  | "NO" "MAXVALUE" { $$ = mk_option(p, @1, STR("maxvalue"), NULL); }
  | "START" opt_with_word signed_int { $$ = mk_option(p, @1, STR("start"), mk_integer(p, @3, $3)); }
  | "RESTART" { $$ = mk_option(p, @1, STR("restart"), NULL); }
  | "RESTART" opt_with_word signed_int { $$ = mk_option(p, @1, STR("restart"), mk_integer(p, @3, $3)); }
  | "SEQUENCE" IDENT table_name
    {
        if (!str_eqc($2, "name"))
            FAIL("syntax error");
        $$ = mk_option(p, @1, STR("sequence name"), $3);
    }
  | "VIRTUAL" { $$ = mk_option(p, @1, STR("virtual"), NULL); }
  ;
opt_with_word: %empty | "WITH" ;

// ---- Types ----------------------------------------------------------------------------------------------------
create_type_stmt:
    "CREATE" "TYPE" opt_if_not_exists object_name "AS" "ENUM" '(' opt_enum_labels ')'
    {
        $$ = NODE(CREATE_TYPE, create_type, @1, .kind = AST_OBJECT_TYPE, .if_not_exists = $3, .name = $4,
                  .is_enum = true, .labels = $8);
    }
  | "CREATE" "TYPE" opt_if_not_exists object_name "AS" '(' opt_composite_fields ')'
    { $$ = NODE(CREATE_TYPE, create_type, @1, .kind = AST_OBJECT_TYPE, .if_not_exists = $3, .name = $4, .fields = $7); }
  | "CREATE" "DOMAIN" object_name opt_as_word type_name opt_domain_constraints
    {
        $$ = NODE(CREATE_TYPE, create_type, @1, .kind = AST_OBJECT_DOMAIN, .name = $3, .type = $5, .constraints = $6);
    }
  | "CREATE" "TYPE" error { HELP("CREATE TYPE"); }
  ;
opt_as_word: %empty | "AS" ;
opt_domain_constraints: column_constraints ;
opt_enum_labels: %empty { $$ = LIST1(NULL); } | enum_labels ;
enum_labels:
    SCONST { $$ = LIST1(NODE(STRING, string, @1, .value = $1)); }
  | enum_labels ',' SCONST { $$ = PUSH($1, NODE(STRING, string, @3, .value = $3)); }
  ;
opt_composite_fields: %empty { $$ = LIST1(NULL); } | composite_fields ;
%type <list> opt_composite_fields;
composite_fields:
    composite_field { $$ = LIST1($1); }
  | composite_fields ',' composite_field { $$ = PUSH($1, $3); }
  ;
composite_field: typed_field ;
typed_field: name type_name { $$ = NODE(COLUMN_DEF, column_def, @1, .name = $1, .type = $2); } ;
alter_type_stmt:
    "ALTER" "TYPE" object_name "ADD" "VALUE" opt_if_not_exists SCONST
    {
        $$ = NODE(ALTER_TYPE, alter_type, @1, .name = $3, .action = AST_ALTER_TYPE_ADD_VALUE, .if_not_exists = $6,
                  .value = $7);
    }
  | "ALTER" "TYPE" object_name "ADD" "VALUE" opt_if_not_exists SCONST before_or_after SCONST
    {
        $$ = NODE(ALTER_TYPE, alter_type, @1, .name = $3, .action = AST_ALTER_TYPE_ADD_VALUE, .if_not_exists = $6,
                  .value = $7, .before = $8, .neighbour = $9);
    }
  | "ALTER" "TYPE" object_name "DROP" "VALUE" SCONST
    { $$ = NODE(ALTER_TYPE, alter_type, @1, .name = $3, .action = AST_ALTER_TYPE_DROP_VALUE, .value = $6); }
  | "ALTER" "TYPE" object_name "RENAME" "VALUE" SCONST "TO" SCONST
    {
        $$ = NODE(ALTER_TYPE, alter_type, @1, .name = $3, .action = AST_ALTER_TYPE_RENAME_VALUE, .value = $6,
                  .new_value = $8);
    }
  | "ALTER" "TYPE" object_name "RENAME" "TO" name
    { $$ = mk_alter_object(p, @1, AST_OBJECT_TYPE, $3, false, AST_ALTER_RENAME, $6); }
  | "ALTER" "TYPE" object_name "SET" "SCHEMA" name
    { $$ = mk_alter_object(p, @1, AST_OBJECT_TYPE, $3, false, AST_ALTER_SET_SCHEMA, $6); }
  | "ALTER" "TYPE" object_name "OWNER" "TO" role_name
    { $$ = mk_alter_object(p, @1, AST_OBJECT_TYPE, $3, false, AST_ALTER_OWNER, $6); }
  | "ALTER" "TYPE" error { HELP("ALTER TYPE"); }
  ;
before_or_after: "BEFORE" { $$ = true; } | "AFTER" { $$ = false; } ;

// ---- Databases and schemas ------------------------------------------------------------------------------------
create_database_stmt:
    "CREATE" "DATABASE" opt_if_not_exists name opt_with_word opt_database_options
    { $$ = NODE(CREATE_DATABASE, create_database, @1, .if_not_exists = $3, .name = $4, .options = $6); }
  | "CREATE" "DATABASE" error { HELP("CREATE DATABASE"); }
  ;
opt_database_options:
    %empty { $$ = LIST1(NULL); }
  | opt_database_options database_option { $$ = PUSH($1, $2); }
  ;
database_option:
    "TEMPLATE" opt_equal string_or_name { $$ = mk_text_option(p, @1, "template", $3); }
  | "ENCODING" opt_equal string_or_name { $$ = mk_text_option(p, @1, "encoding", $3); }
  | "LC_COLLATE" opt_equal string_or_name { $$ = mk_text_option(p, @1, "lc_collate", $3); }
  | "LC_CTYPE" opt_equal string_or_name { $$ = mk_text_option(p, @1, "lc_ctype", $3); }
  | "CONNECTION" "LIMIT" opt_equal signed_int { $$ = mk_option(p, @1, STR("connection limit"), mk_integer(p, @4, $4)); }
  | "OWNER" opt_equal role_name { $$ = mk_option(p, @1, STR("owner"), mk_name(p, @3, $3)); }
  | "PRIMARY" "REGION" opt_equal region_name { $$ = mk_text_option(p, @1, "primary region", $4); }
  | "REGIONS" opt_equal region_names { $$ = mk_option(p, @1, STR("regions"), mk_name_tuple(p, @3, $3)); }
  ;
opt_equal: %empty | '=' ;
region_name: name | SCONST ;
%type <list> region_names;
region_names:
    region_name { $$ = LIST1(mk_name(p, @1, $1)); }
  | region_names ',' region_name { $$ = PUSH($1, mk_name(p, @3, $3)); }
  ;
alter_database_stmt:
    "ALTER" "DATABASE" name set_or_reset
    {
        bool reset = $4->kind == AST_RESET_VAR;
        $$ = NODE(ALTER_DATABASE, alter_database, @1, .name = $3, .set = reset ? NULL : $4, .reset = reset ? $4 : NULL);
    }
  | "ALTER" "DATABASE" name "RENAME" "TO" name
    { $$ = mk_alter_object(p, @1, AST_OBJECT_DATABASE, mk_name(p, @3, $3), false, AST_ALTER_RENAME, $6); }
  | "ALTER" "DATABASE" name "OWNER" "TO" role_name
    { $$ = mk_alter_object(p, @1, AST_OBJECT_DATABASE, mk_name(p, @3, $3), false, AST_ALTER_OWNER, $6); }
  | "ALTER" "DATABASE" name zone_config
    {
        AS(configure_zone, $4)->kind = AST_OBJECT_DATABASE;
        AS(configure_zone, $4)->name = mk_name(p, @3, $3);
        $$ = $4;
    }
  | "ALTER" "DATABASE" error { HELP("ALTER DATABASE"); }
  ;
set_or_reset:
    "SET" set_assignment { $$ = $2; }
  | "RESET" "ALL" { $$ = NODE(RESET_VAR, reset_var, @1, .name = STR_NONE); }
  | "RESET" setting_name { $$ = NODE(RESET_VAR, reset_var, @1, .name = $2); }
  ;
create_schema_stmt:
    "CREATE" "SCHEMA" opt_if_not_exists schema_name
    { $$ = NODE(CREATE_SCHEMA, create_schema, @1, .if_not_exists = $3, .name = $4); }
  | "CREATE" "SCHEMA" opt_if_not_exists schema_name "AUTHORIZATION" role_name
    { $$ = NODE(CREATE_SCHEMA, create_schema, @1, .if_not_exists = $3, .name = $4, .owner = $6); }
  | "CREATE" "SCHEMA" opt_if_not_exists "AUTHORIZATION" role_name
    { $$ = NODE(CREATE_SCHEMA, create_schema, @1, .if_not_exists = $3, .owner = $5); }
  | "CREATE" "SCHEMA" error { HELP("CREATE SCHEMA"); }
  ;

// ---- Extensions, statistics, maintenance ----------------------------------------------------------------------
create_extension_stmt:
    "CREATE" "EXTENSION" opt_if_not_exists string_or_name opt_with_word extension_options
    {
        $$ = NODE(CREATE_EXTENSION, create_extension, @1, .if_not_exists = $3, .name = $4);
        for (size_t i = 0; i < $6.n; i++)
            set_extension_option(AS(create_extension, $$), AS(option, $6.items[i]));
    }
  | "CREATE" "EXTENSION" error { HELP("CREATE EXTENSION"); }
  ;
extension_options:
    %empty { $$ = LIST1(NULL); }
  | extension_options extension_option { $$ = PUSH($1, $2); }
  ;
extension_option:
    "SCHEMA" name { $$ = mk_option(p, @1, $1, mk_name(p, @2, $2)); }
  | IDENT string_or_name { $$ = mk_option(p, @1, $1, mk_name(p, @2, $2)); }
  | "CASCADE" { $$ = mk_option(p, @1, $1, NULL); }
  ;
create_statistics_stmt:
    "CREATE" "STATISTICS" name statistics_columns "FROM" relation_name statistics_options
    {
        $$ = NODE(CREATE_STATISTICS, create_statistics, @1, .name = $3, .columns = $4, .table = $6);
        set_statistics_options(AS(create_statistics, $$), $7);
    }
  | "CREATE" "STATISTICS" error { HELP("CREATE STATISTICS"); }
  ;
statistics_columns: %empty { $$ = LIST1(NULL); } | "ON" name_list { $$ = $2; } ;
statistics_options:
    %empty { $$ = LIST1(NULL); }
  | statistics_options statistics_option { $$ = PUSH($1, $2); }
  ;
statistics_option:
    "USING" "EXTREMES" { $$ = mk_option(p, @1, STR("using extremes"), NULL); }
  | "WHERE" expr { $$ = mk_option(p, @1, STR("where"), $2); }
  | "WITH" "OPTIONS" { $$ = mk_option(p, @1, STR("options"), NULL); }
  | "THROTTLING" FCONST { $$ = mk_option(p, @1, $1, mk_number(p, @2, $2, false)); }
  | as_of { $$ = mk_option(p, @1, STR("as of"), $1); }
  ;
analyze_stmt:
    "ANALYZE" table_list { $$ = NODE(ANALYZE, analyze, @1, .tables = $2); }
  | "ANALYSE" table_list { $$ = NODE(ANALYZE, analyze, @1, .tables = $2); }
  | "ANALYZE" error { HELP("ANALYZE"); }
  | "ANALYSE" error { HELP("ANALYZE"); }
  ;
table_list: object_name_list ;
vacuum_stmt:
    "VACUUM" { $$ = NODE(VACUUM, vacuum, @1); }
  | "VACUUM" table_list { $$ = NODE(VACUUM, vacuum, @1, .tables = $2); }
  | "VACUUM" "ANALYZE" { $$ = NODE(VACUUM, vacuum, @1, .options = LIST1(mk_option(p, @2, $2, NULL))); }
  | "VACUUM" "ANALYZE" table_list
    { $$ = NODE(VACUUM, vacuum, @1, .options = LIST1(mk_option(p, @2, $2, NULL)), .tables = $3); }
  | "VACUUM" "FULL" opt_vacuum_tables
    { $$ = NODE(VACUUM, vacuum, @1, .options = LIST1(mk_option(p, @2, $2, NULL)), .tables = $3); }
  | "VACUUM" '(' vacuum_options ')' opt_vacuum_tables
    { $$ = NODE(VACUUM, vacuum, @1, .options = $3, .tables = $5); }
  ;
%type <list> opt_vacuum_tables;
opt_vacuum_tables: %empty { $$ = LIST1(NULL); } | table_list ;
vacuum_options:
    vacuum_option { $$ = LIST1($1); }
  | vacuum_options ',' vacuum_option { $$ = PUSH($1, $3); }
  ;
vacuum_option: any_name { $$ = mk_option(p, @1, $1, NULL); } ;

// ---- COMMENT ON -----------------------------------------------------------------------------------------------
comment_stmt:
    "COMMENT" "ON" "TABLE" table_name "IS" comment_text
    { $$ = NODE(COMMENT_ON, comment_on, @1, .kind = AST_OBJECT_TABLE, .name = $4, .comment = $6); }
  | "COMMENT" "ON" "VIEW" table_name "IS" comment_text
    { $$ = NODE(COMMENT_ON, comment_on, @1, .kind = AST_OBJECT_VIEW, .name = $4, .comment = $6); }
  | "COMMENT" "ON" "SEQUENCE" table_name "IS" comment_text
    { $$ = NODE(COMMENT_ON, comment_on, @1, .kind = AST_OBJECT_SEQUENCE, .name = $4, .comment = $6); }
  | "COMMENT" "ON" "DATABASE" name "IS" comment_text
    { $$ = NODE(COMMENT_ON, comment_on, @1, .kind = AST_OBJECT_DATABASE, .name = mk_name(p, @4, $4), .comment = $6); }
  | "COMMENT" "ON" "SCHEMA" schema_name "IS" comment_text
    { $$ = NODE(COMMENT_ON, comment_on, @1, .kind = AST_OBJECT_SCHEMA, .name = $4, .comment = $6); }
  | "COMMENT" "ON" "TYPE" object_name "IS" comment_text
    { $$ = NODE(COMMENT_ON, comment_on, @1, .kind = AST_OBJECT_TYPE, .name = $4, .comment = $6); }
  | "COMMENT" "ON" "COLUMN" column_path "IS" comment_text
    { $$ = NODE(COMMENT_ON, comment_on, @1, .kind = AST_OBJECT_COLUMN, .name = $4, .comment = $6); }
  | "COMMENT" "ON" "INDEX" index_name "IS" comment_text
    { $$ = NODE(COMMENT_ON, comment_on, @1, .kind = AST_OBJECT_INDEX, .name = $4, .comment = $6); }
  | "COMMENT" "ON" "CONSTRAINT" name "ON" table_name "IS" comment_text
    {
        $$ = NODE(COMMENT_ON, comment_on, @1, .kind = AST_OBJECT_CONSTRAINT, .constraint = $4, .name = $6,
                  .comment = $8);
    }
  | "COMMENT" "ON" "TRIGGER" name "ON" table_name "IS" comment_text
    {
        $$ = NODE(COMMENT_ON, comment_on, @1, .kind = AST_OBJECT_TRIGGER, .constraint = $4, .name = $6,
                  .comment = $8);
    }
  | "COMMENT" "ON" "EXTENSION" name "IS" comment_text
    { $$ = NODE(COMMENT_ON, comment_on, @1, .kind = AST_OBJECT_EXTENSION, .name = mk_name(p, @4, $4), .comment = $6); }
  | "COMMENT" "ON" error { HELP("COMMENT"); }
  ;
comment_text: SCONST | "NULL" { $$ = STR_NONE; } ;

// ---- Functions ------------------------------------------------------------------------------------------------
create_function_stmt:
    "CREATE" opt_or_replace "FUNCTION" object_name '(' opt_function_params ')' returns opt_function_options
    {
        struct ast_create_function *r = AS(create_function, $8);
        r->name = $4;
        r->replace = $2;
        r->params = $6;
        r->options = $9;
        $8->position = @1;
        $$ = $8;
    }
  | "CREATE" opt_or_replace "FUNCTION" object_name '(' opt_function_params ')' function_options
    {
        $$ = NODE(CREATE_FUNCTION, create_function, @1, .replace = $2, .name = $4, .params = $6, .options = $8);
    }
  | "CREATE" opt_or_replace "PROCEDURE" object_name '(' opt_function_params ')' opt_function_options
    {
        $$ = NODE(CREATE_FUNCTION, create_function, @1, .replace = $2, .procedure = true, .name = $4, .params = $6,
                  .options = $8);
    }
  | "CREATE" opt_or_replace "FUNCTION" error { HELP("CREATE FUNCTION"); }
  | "CREATE" opt_or_replace "PROCEDURE" error { HELP("CREATE PROCEDURE"); }
  ;
%type <flag> opt_or_replace;
opt_or_replace: %empty { $$ = false; } | "OR" "REPLACE" { $$ = true; } ;
opt_function_params: %empty { $$ = LIST1(NULL); } | function_params ;
function_params:
    function_param { $$ = LIST1($1); }
  | function_params ',' function_param { $$ = PUSH($1, $3); }
  ;
function_param:
    type_name function_default { $$ = NODE(FUNC_PARAM, func_param, @1, .type = $1, .default_value = $2); }
  | type_function_name type_name function_default
    { $$ = NODE(FUNC_PARAM, func_param, @1, .name = $1, .type = $2, .default_value = $3); }
  | param_mode type_name function_default
    { $$ = NODE(FUNC_PARAM, func_param, @1, .mode = (enum ast_func_param_mode)$1, .type = $2, .default_value = $3); }
  | param_mode type_function_name type_name function_default
    {
        $$ = NODE(FUNC_PARAM, func_param, @1, .mode = (enum ast_func_param_mode)$1, .name = $2, .type = $3,
                  .default_value = $4);
    }
  ;
param_mode:
    "IN" { $$ = AST_PARAM_IN; }
  | "OUT" { $$ = AST_PARAM_OUT; }
  | "INOUT" { $$ = AST_PARAM_INOUT; }
  | "IN" "OUT" { $$ = AST_PARAM_INOUT; }
  | "VARIADIC" { $$ = AST_PARAM_VARIADIC; }
  ;
function_default: %empty { $$ = NULL; } | "DEFAULT" expr { $$ = $2; } | '=' expr { $$ = $2; } ;
// A CREATE_FUNCTION node with what is returned.
returns:
    "RETURNS" opt_setof type_name { $$ = NODE(CREATE_FUNCTION, create_function, @1, .setof = $2, .returns = $3); }
  | "RETURNS" "TABLE" '(' typed_fields ')'
    { $$ = NODE(CREATE_FUNCTION, create_function, @1, .setof = true, .table_columns = $4); }
  ;
opt_setof: %empty { $$ = false; } | "SETOF" { $$ = true; } ;
typed_fields: typed_field { $$ = LIST1($1); } | typed_fields ',' typed_field { $$ = PUSH($1, $3); } ;
opt_function_options: %empty { $$ = LIST1(NULL); } | function_options ;
function_options:
    function_option { $$ = LIST1($1); }
  | function_options function_option { $$ = PUSH($1, $2); }
  ;
function_option:
    "AS" SCONST { $$ = mk_text_option(p, @1, "as", $2); }
  | "LANGUAGE" string_or_name { $$ = mk_option(p, @1, STR("language"), mk_name(p, @2, $2)); }
  | "CALLED" "ON" "NULL" "INPUT" { $$ = mk_option(p, @1, STR("called on null input"), NULL); }
  | "RETURNS" "NULL" "ON" "NULL" "INPUT" { $$ = mk_option(p, @1, STR("strict"), NULL); }
  | "STRICT" { $$ = mk_option(p, @1, STR("strict"), NULL); }
  | "IMMUTABLE" { $$ = mk_option(p, @1, STR("immutable"), NULL); }
  | "STABLE" { $$ = mk_option(p, @1, STR("stable"), NULL); }
  | "VOLATILE" { $$ = mk_option(p, @1, STR("volatile"), NULL); }
  | "LEAKPROOF" { $$ = mk_option(p, @1, STR("leakproof"), NULL); }
  | "NOT" "LEAKPROOF" { $$ = mk_option(p, @1, STR("not leakproof"), NULL); }
  | opt_external "SECURITY" "DEFINER" { $$ = mk_option(p, @2, STR("security definer"), NULL); }
  | opt_external "SECURITY" "INVOKER" { $$ = mk_option(p, @2, STR("security invoker"), NULL); }
  | "COST" int_value { $$ = mk_option(p, @1, STR("cost"), mk_integer(p, @2, $2)); }
  | "ROWS" int_value { $$ = mk_option(p, @1, STR("rows"), mk_integer(p, @2, $2)); }
  | "PARALLEL" name { $$ = mk_option(p, @1, STR("parallel"), mk_name(p, @2, $2)); }
  ;
opt_external: %empty | "EXTERNAL" ;
function_signature:
    object_name { $$ = NODE(FUNC_SIGNATURE, func_signature, @1, .name = $1); }
  | object_name '(' opt_function_params ')'
    { $$ = NODE(FUNC_SIGNATURE, func_signature, @1, .name = $1, .params = $3, .has_args = true); }
  ;
function_signatures:
    function_signature { $$ = LIST1($1); }
  | function_signatures ',' function_signature { $$ = PUSH($1, $3); }
  ;

// ---- Triggers -------------------------------------------------------------------------------------------------
create_trigger_stmt:
    "CREATE" opt_or_replace opt_constraint "TRIGGER" name trigger_timing trigger_events "ON" table_name
    opt_trigger_from opt_deferrable opt_transitions trigger_level opt_trigger_when
    "EXECUTE" function_or_procedure object_name '(' opt_trigger_args ')'
    {
        $$ = NODE(CREATE_TRIGGER, create_trigger, @1, .replace = $2, .constraint = $3, .name = $5,
                  .timing = (enum ast_trigger_timing)$6, .events = $7, .table = $9, .referenced = $10,
                  .deferrable = (enum ast_deferrable)$11, .transitions = $12, .per_row = $13, .when = $14,
                  .function = $17, .args = $19);
    }
  ;
opt_constraint: %empty { $$ = false; } | "CONSTRAINT" { $$ = true; } ;
trigger_timing:
    "BEFORE" { $$ = AST_TRIGGER_BEFORE; }
  | "AFTER" { $$ = AST_TRIGGER_AFTER; }
  | "INSTEAD" "OF" { $$ = AST_TRIGGER_INSTEAD_OF; }
  ;
trigger_events: trigger_event { $$ = LIST1($1); } | trigger_events "OR" trigger_event { $$ = PUSH($1, $3); } ;
trigger_event:
    "INSERT" { $$ = NODE(TRIGGER_EVENT, trigger_event, @1, .verb = AST_TRIGGER_INSERT); }
  | "DELETE" { $$ = NODE(TRIGGER_EVENT, trigger_event, @1, .verb = AST_TRIGGER_DELETE); }
  | "TRUNCATE" { $$ = NODE(TRIGGER_EVENT, trigger_event, @1, .verb = AST_TRIGGER_TRUNCATE); }
  | "UPDATE" { $$ = NODE(TRIGGER_EVENT, trigger_event, @1, .verb = AST_TRIGGER_UPDATE); }
  | "UPDATE" "OF" name_list
    { $$ = NODE(TRIGGER_EVENT, trigger_event, @1, .verb = AST_TRIGGER_UPDATE, .columns = $3); }
  ;
opt_trigger_from: %empty { $$ = NULL; } | "FROM" table_name { $$ = $2; } ;
opt_transitions: %empty { $$ = LIST1(NULL); } | "REFERENCING" transitions { $$ = $2; } ;
transitions: transition { $$ = LIST1($1); } | transitions transition { $$ = PUSH($1, $2); } ;
transition:
    old_or_new table_or_row opt_as name
    { $$ = NODE(TRANSITION, transition, @1, .is_new = $1, .row = $2, .name = $4); }
  ;
old_or_new: "OLD" { $$ = false; } | "NEW" { $$ = true; } ;
table_or_row: "TABLE" { $$ = false; } | "ROW" { $$ = true; } ;
trigger_level:
    %empty { $$ = false; }
  | "FOR" opt_each "ROW" { $$ = true; }
  | "FOR" opt_each "STATEMENT" { $$ = false; }
  ;
opt_each: %empty | "EACH" ;
opt_trigger_when: %empty { $$ = NULL; } | "WHEN" '(' expr ')' { $$ = $3; } ;
function_or_procedure: "FUNCTION" | "PROCEDURE" ;
opt_trigger_args: %empty { $$ = LIST1(NULL); } | trigger_args ;
trigger_args: trigger_arg { $$ = LIST1($1); } | trigger_args ',' trigger_arg { $$ = PUSH($1, $3); } ;
trigger_arg:
    SCONST { $$ = NODE(STRING, string, @1, .value = $1); }
  | ICONST { $$ = NODE(STRING, string, @1, .value = $1); }
  | FCONST { $$ = NODE(STRING, string, @1, .value = $1); }
  | any_name { $$ = NODE(STRING, string, @1, .value = $1); }
  ;

// ---- DROP -----------------------------------------------------------------------------------------------------
drop_stmt:
    "DROP" droppable_kind opt_if_exists object_name_list opt_drop_behavior
    { $$ = mk_drop(p, @1, (enum ast_object)$2, $3, $4, $5); }
  | "DROP" "INDEX" opt_concurrently opt_if_exists index_names opt_drop_behavior
    {
        $$ = mk_drop(p, @1, AST_OBJECT_INDEX, $4, $5, $6);
        AS(drop, $$)->concurrently = $3;
    }
  | "DROP" "DATABASE" opt_if_exists name_node opt_drop_behavior
    { $$ = mk_drop(p, @1, AST_OBJECT_DATABASE, $3, LIST1($4), $5); }
  | "DROP" "SCHEMA" opt_if_exists schema_name_list opt_drop_behavior
    { $$ = mk_drop(p, @1, AST_OBJECT_SCHEMA, $3, $4, $5); }
  | "DROP" "FUNCTION" opt_if_exists function_signatures opt_drop_behavior
    { $$ = mk_drop(p, @1, AST_OBJECT_FUNCTION, $3, $4, $5); }
  | "DROP" "PROCEDURE" opt_if_exists function_signatures opt_drop_behavior
    { $$ = mk_drop(p, @1, AST_OBJECT_PROCEDURE, $3, $4, $5); }
  | "DROP" "EXTENSION" opt_if_exists name_list opt_drop_behavior
    { $$ = mk_drop(p, @1, AST_OBJECT_EXTENSION, $3, $4, $5); }
  | "DROP" "TRIGGER" opt_if_exists name_node "ON" table_name opt_drop_behavior
    {
        $$ = mk_drop(p, @1, AST_OBJECT_TRIGGER, $3, LIST1($4), $7);
        AS(drop, $$)->table = $6;
    }
  | "DROP" "TABLE" error { HELP("DROP TABLE"); }
  | "DROP" "INDEX" error { HELP("DROP INDEX"); }
  | "DROP" "DATABASE" error { HELP("DROP DATABASE"); }
  | "DROP" "SCHEMA" error { HELP("DROP SCHEMA"); }
  | "DROP" "VIEW" error { HELP("DROP VIEW"); }
  | "DROP" "SEQUENCE" error { HELP("DROP SEQUENCE"); }
  | "DROP" "TYPE" error { HELP("DROP TYPE"); }
  ;
droppable_kind:
    "TABLE" { $$ = AST_OBJECT_TABLE; }
  | "VIEW" { $$ = AST_OBJECT_VIEW; }
  | "MATERIALIZED" "VIEW" { $$ = AST_OBJECT_MATERIALIZED_VIEW; }
  | "SEQUENCE" { $$ = AST_OBJECT_SEQUENCE; }
  | "TYPE" { $$ = AST_OBJECT_TYPE; }
  | "DOMAIN" { $$ = AST_OBJECT_DOMAIN; }
  ;
index_names: index_name { $$ = LIST1($1); } | index_names ',' index_name { $$ = PUSH($1, $3); } ;

// ---- ALTER of other objects -----------------------------------------------------------------------------------
alter_object_stmt:
    "ALTER" alterable_kind opt_if_exists relation_name "RENAME" "TO" table_name
    { $$ = mk_alter_object(p, @1, (enum ast_object)$2, $4, $3, AST_ALTER_RENAME, AS(object_name, $7)->name); }
  | "ALTER" alterable_kind opt_if_exists relation_name "SET" "SCHEMA" name
    { $$ = mk_alter_object(p, @1, (enum ast_object)$2, $4, $3, AST_ALTER_SET_SCHEMA, $7); }
  | "ALTER" alterable_kind opt_if_exists relation_name "OWNER" "TO" role_name
    { $$ = mk_alter_object(p, @1, (enum ast_object)$2, $4, $3, AST_ALTER_OWNER, $7); }
  | "ALTER" "SEQUENCE" opt_if_exists table_name "RENAME" "TO" table_name
    { $$ = mk_alter_object(p, @1, AST_OBJECT_SEQUENCE, $4, $3, AST_ALTER_RENAME, AS(object_name, $7)->name); }
  | "ALTER" "SEQUENCE" opt_if_exists table_name "SET" "SCHEMA" name
    { $$ = mk_alter_object(p, @1, AST_OBJECT_SEQUENCE, $4, $3, AST_ALTER_SET_SCHEMA, $7); }
  | "ALTER" "SEQUENCE" opt_if_exists table_name "OWNER" "TO" role_name
    { $$ = mk_alter_object(p, @1, AST_OBJECT_SEQUENCE, $4, $3, AST_ALTER_OWNER, $7); }
  | "ALTER" "SCHEMA" schema_name "RENAME" "TO" name
    { $$ = mk_alter_object(p, @1, AST_OBJECT_SCHEMA, $3, false, AST_ALTER_RENAME, $6); }
  | "ALTER" "SCHEMA" schema_name "OWNER" "TO" role_name
    { $$ = mk_alter_object(p, @1, AST_OBJECT_SCHEMA, $3, false, AST_ALTER_OWNER, $6); }
  | "ALTER" "FUNCTION" function_signature "RENAME" "TO" name
    { $$ = mk_alter_object(p, @1, AST_OBJECT_FUNCTION, $3, false, AST_ALTER_RENAME, $6); }
  | "ALTER" "FUNCTION" function_signature "SET" "SCHEMA" name
    { $$ = mk_alter_object(p, @1, AST_OBJECT_FUNCTION, $3, false, AST_ALTER_SET_SCHEMA, $6); }
  | "ALTER" "FUNCTION" function_signature "OWNER" "TO" role_name
    { $$ = mk_alter_object(p, @1, AST_OBJECT_FUNCTION, $3, false, AST_ALTER_OWNER, $6); }
  | "ALTER" "PROCEDURE" function_signature "RENAME" "TO" name
    { $$ = mk_alter_object(p, @1, AST_OBJECT_PROCEDURE, $3, false, AST_ALTER_RENAME, $6); }
  | "ALTER" "PROCEDURE" function_signature "SET" "SCHEMA" name
    { $$ = mk_alter_object(p, @1, AST_OBJECT_PROCEDURE, $3, false, AST_ALTER_SET_SCHEMA, $6); }
  | "ALTER" "PROCEDURE" function_signature "OWNER" "TO" role_name
    { $$ = mk_alter_object(p, @1, AST_OBJECT_PROCEDURE, $3, false, AST_ALTER_OWNER, $6); }
  | "ALTER" "TRIGGER" name_node "ON" table_name "RENAME" "TO" name
    {
        $$ = mk_alter_object(p, @1, AST_OBJECT_TRIGGER, $3, false, AST_ALTER_RENAME, $8);
        AS(alter_object, $$)->table = $5;
    }
  | "ALTER" "SEQUENCE" error { HELP("ALTER SEQUENCE"); }
  | "ALTER" "VIEW" error { HELP("ALTER VIEW"); }
  | "ALTER" "SCHEMA" error { HELP("ALTER SCHEMA"); }
  ;
alterable_kind: "VIEW" { $$ = AST_OBJECT_VIEW; } | "MATERIALIZED" "VIEW" { $$ = AST_OBJECT_MATERIALIZED_VIEW; } ;
alter_index_stmt:
    "ALTER" "INDEX" opt_if_exists index_name "RENAME" "TO" name
    { $$ = mk_alter_object(p, @1, AST_OBJECT_INDEX, $4, $3, AST_ALTER_RENAME, $7); }
  | "ALTER" "INDEX" opt_if_exists index_name "VISIBLE"
    { $$ = mk_alter_object(p, @1, AST_OBJECT_INDEX, $4, $3, AST_ALTER_INDEX_VISIBILITY, STR("1.0")); }
  | "ALTER" "INDEX" opt_if_exists index_name NOT_VISIBLE_LA "VISIBLE"
    { $$ = mk_alter_object(p, @1, AST_OBJECT_INDEX, $4, $3, AST_ALTER_INDEX_VISIBILITY, STR("0.0")); }
  | "ALTER" "INDEX" opt_if_exists index_name "VISIBILITY" FCONST
    { $$ = mk_alter_object(p, @1, AST_OBJECT_INDEX, $4, $3, AST_ALTER_INDEX_VISIBILITY, $6); }
  | "ALTER" "INDEX" opt_if_exists index_name "VISIBILITY" ICONST
    { $$ = mk_alter_object(p, @1, AST_OBJECT_INDEX, $4, $3, AST_ALTER_INDEX_VISIBILITY, $6); }
  | "ALTER" "INDEX" opt_if_exists index_name zone_config
    {
        (void)$3;
        AS(configure_zone, $5)->kind = AST_OBJECT_INDEX;
        AS(configure_zone, $5)->name = $4;
        $$ = $5;
    }
  | "ALTER" "INDEX" opt_if_exists index_name split_cmd
    { $$ = NODE(ALTER_TABLE, alter_table, @1, .name = $4, .if_exists = $3, .cmds = LIST1($5)); }
  | "ALTER" "INDEX" error { HELP("ALTER INDEX"); }
  ;
// A CONFIGURE_ZONE node without its target.
zone_config:
    "CONFIGURE" "ZONE" "USING" zone_options { $$ = NODE(CONFIGURE_ZONE, configure_zone, @1, .options = $4); }
  | "CONFIGURE" "ZONE" "USING" "DEFAULT" { $$ = NODE(CONFIGURE_ZONE, configure_zone, @1, .use_default = true); }
  | "CONFIGURE" "ZONE" "DISCARD" { $$ = NODE(CONFIGURE_ZONE, configure_zone, @1, .discard = true); }
  ;
configure_zone_stmt:
    "ALTER" "RANGE" zone_range zone_config { AS(configure_zone, $4)->range = $3; $$ = $4; }
  | "ALTER" "PARTITION" name "OF" "TABLE" table_name zone_config
    {
        AS(configure_zone, $7)->partition = $3;
        AS(configure_zone, $7)->name = $6;
        $$ = $7;
    }
  | "ALTER" "PARTITION" name "OF" "INDEX" index_name zone_config
    {
        AS(configure_zone, $7)->kind = AST_OBJECT_INDEX;
        AS(configure_zone, $7)->partition = $3;
        AS(configure_zone, $7)->name = $6;
        $$ = $7;
    }
  ;
%type <str> zone_range;
zone_range: name | "DEFAULT" { $$ = STR("default"); } ;
zone_options: zone_option { $$ = LIST1($1); } | zone_options ',' zone_option { $$ = PUSH($1, $3); } ;
zone_option:
    setting_name '=' expr { $$ = mk_option(p, @1, $1, $3); }
  | setting_name '=' "COPY" "FROM" "PARENT" { $$ = mk_option(p, @1, $1, NULL); }
  ;
