%type <node> show_stmt opt_from_object opt_from_schema show_target
%type <list> opt_for_users opt_for_role_list show_options opt_show_options opt_returning_names
%type <node> show_option
%type <flag> opt_with_comment
%type <choice> activity
%type <str> schedule_state

%%
// ---- SHOW -----------------------------------------------------------------------------------------------------
show_stmt:
    "SHOW" variable_name { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_VARIABLE, .name = $2); }
  | "SHOW" "SESSION" variable_name { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_VARIABLE, .name = $3); }
  | "SHOW" "TIME" "ZONE" { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_VARIABLE, .name = STR("timezone")); }
  | "SHOW" "SESSION" "TIME" "ZONE" { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_VARIABLE, .name = STR("timezone")); }
  | "SHOW" "TRANSACTION" "ISOLATION" "LEVEL"
    { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_VARIABLE, .name = STR("transaction_isolation")); }
  | "SHOW" "TRANSACTION" "PRIORITY"
    { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_VARIABLE, .name = STR("transaction_priority")); }
  | "SHOW" "TRANSACTION" "STATUS" { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_TRANSACTION_STATUS); }
  | "SHOW" "SAVEPOINT" "STATUS" { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_SAVEPOINT_STATUS); }
  | "SHOW" "COMMIT" "TIMESTAMP" { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_COMMIT_TIMESTAMP); }
  | "SHOW" "TRANSFER" "STATE" { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_TRANSFER_STATE); }
  | "SHOW" "TRANSFER" "STATE" "WITH" SCONST
    { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_TRANSFER_STATE, .expr = NODE(STRING, string, @5, .value = $5)); }
  | "SHOW" "ALL" { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_ALL); }
  | "SHOW" "TABLES" opt_from_schema opt_with_comment
    { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_TABLES, .object = $3, .with_comment = $4); }
  | "SHOW" "DATABASES" opt_with_comment { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_DATABASES, .with_comment = $3); }
  | "SHOW" "SCHEMAS" opt_from_object opt_with_comment
    { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_SCHEMAS, .object = $3, .with_comment = $4); }
  | "SHOW" "SEQUENCES" opt_from_object { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_SEQUENCES, .object = $3); }
  | "SHOW" "TYPES" opt_from_schema opt_with_comment
    { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_TYPES, .object = $3, .with_comment = $4); }
  | "SHOW" "ENUMS" opt_from_schema { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_ENUMS, .object = $3); }
  | "SHOW" "FUNCTIONS" opt_from_schema { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_FUNCTIONS, .object = $3); }
  | "SHOW" "PROCEDURES" opt_from_schema { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_PROCEDURES, .object = $3); }
  | "SHOW" "TRIGGERS" "FROM" table_name { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_TRIGGERS, .object = $4); }
  | "SHOW" "POLICIES" for_or_from table_name { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_POLICIES, .object = $4); }
  | "SHOW" "COLUMNS" "FROM" table_name opt_with_comment
    { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_COLUMNS, .object = $4, .with_comment = $5); }
  | "SHOW" index_word "FROM" table_name opt_with_comment
    { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_INDEXES, .object = $4, .with_comment = $5); }
  | "SHOW" index_word "FROM" "DATABASE" name_node opt_with_comment
    { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_DATABASE_INDEXES, .object = $5, .with_comment = $6); }
  | "SHOW" constraint_word "FROM" table_name opt_with_comment
    { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_CONSTRAINTS, .object = $4, .with_comment = $5); }
  | "SHOW" "PARTITIONS" "FROM" show_target { AS(show, $4)->what = AST_SHOW_PARTITIONS; $4->position = @1; $$ = $4; }
  | "SHOW" "CREATE" show_create { $3->position = @1; $$ = $3; }
  | "SHOW" "CREATE" show_create "WITH" show_options
    {
        $3->position = @1;
        AS(show, $3)->options = $5;
        $$ = $3;
    }
  | "SHOW" "USERS" { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_USERS); }
  | "SHOW" "ROLES" { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_ROLES); }
  | "SHOW" "GRANTS" opt_for_users { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_GRANTS, .names = $3); }
  | "SHOW" "GRANTS" "ON" grant_on opt_for_users
    {
        struct ast_grant *g = AS(grant, $4);
        // ROLE alone means all roles; the rule above takes it for a table of that name.
        if (is_bare_word(g, "role"))
            $$ = NODE(SHOW, show, @1, .what = AST_SHOW_GRANTS_ON_ROLE, .names = $5);
        else
            $$ = NODE(SHOW, show, @1, .what = AST_SHOW_GRANTS, .on_target = true, .targets = g->targets,
                  .target_kind = g->target, .names = $5);
    }
  | "SHOW" "GRANTS" "ON" "ROLE" role_list opt_for_users
    { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_GRANTS_ON_ROLE, .targets = $5, .names = $6); }
  | "SHOW" "SYSTEM" "GRANTS" opt_for_users { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_SYSTEM_GRANTS, .names = $4); }
  | "SHOW" "DEFAULT" "PRIVILEGES" opt_for_role_list opt_in_schema
    {
        bool all = $4.n == 1 && $4.items[0]->kind == AST_COLUMN_REF;
        $$ = NODE(SHOW, show, @1, .what = AST_SHOW_DEFAULT_PRIVILEGES, .names = all ? LIST1(NULL) : $4, .all = all,
                  .object = $5);
    }
  | "SHOW" "DEFAULT" "PRIVILEGES" "FOR" "GRANTEE" role_list opt_in_schema
    { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_DEFAULT_PRIVILEGES, .targets = $6, .object = $7); }
  | "SHOW" "DEFAULT" "SESSION" "VARIABLES" "FOR" role_or_user role_or_all
    {
        (void)$6;
        $$ = NODE(SHOW, show, @1, .what = AST_SHOW_DEFAULT_SESSION_VARIABLES, .name = $7, .all = $7.ptr == NULL);
    }
  | "SHOW" "CLUSTER" "SETTING" setting_name { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_CLUSTER_SETTING, .name = $4); }
  | "SHOW" "CLUSTER" "SETTING" setting_name "FOR" "VIRTUAL" "CLUSTER" virtual_cluster_name
    { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_CLUSTER_SETTING, .name = $4, .expr = $8); }
  | "SHOW" "CLUSTER" "SETTING" "ALL" { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_CLUSTER_SETTINGS, .all = true); }
  | "SHOW" "ALL" "CLUSTER" "SETTINGS" { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_CLUSTER_SETTINGS, .all = true); }
  | "SHOW" "CLUSTER" "SETTINGS" { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_CLUSTER_SETTINGS); }
  | "SHOW" "PUBLIC" "CLUSTER" "SETTINGS" { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_CLUSTER_SETTINGS); }
  | "SHOW" activity { $$ = NODE(SHOW, show, @1, .what = (enum ast_show_what)$2); }
  | "SHOW" "ALL" activity { $$ = NODE(SHOW, show, @1, .what = (enum ast_show_what)$3, .all = true); }
  | "SHOW" "CLUSTER" activity { $$ = NODE(SHOW, show, @1, .what = (enum ast_show_what)$3); }
  | "SHOW" "LOCAL" activity { $$ = NODE(SHOW, show, @1, .what = (enum ast_show_what)$3, .local = true); }
  | "SHOW" "ALL" "CLUSTER" activity { $$ = NODE(SHOW, show, @1, .what = (enum ast_show_what)$4, .all = true); }
  | "SHOW" "ALL" "LOCAL" activity
    { $$ = NODE(SHOW, show, @1, .what = (enum ast_show_what)$4, .all = true, .local = true); }
  | "SHOW" "JOBS" opt_show_options { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_JOBS, .options = $3); }
  | "SHOW" "AUTOMATIC" "JOBS" { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_JOBS, .automatic = true); }
  | "SHOW" "CHANGEFEED" "JOBS" { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_CHANGEFEED_JOBS); }
  | "SHOW" "CHANGEFEED" "JOBS" select_stmt { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_CHANGEFEED_JOBS, .expr = $4); }
  | "SHOW" "CHANGEFEED" "JOB" expr
    { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_CHANGEFEED_JOBS, .expr = values_of(p, @4, $4)); }
  | "SHOW" "JOBS" select_stmt opt_show_options
    { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_JOBS, .expr = $3, .options = $4); }
  | "SHOW" "JOBS" "WHEN" "COMPLETE" select_stmt
    { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_JOBS, .when_complete = true, .expr = $5); }
  | "SHOW" "JOBS" "FOR" schedules_word select_stmt
    { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_JOBS_FOR_SCHEDULES, .expr = $5); }
  | "SHOW" "JOBS" "FOR" "SCHEDULE" expr
    { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_JOBS_FOR_SCHEDULES, .expr = values_of(p, @5, $5)); }
  | "SHOW" "JOB" expr opt_show_options
    { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_JOBS, .expr = values_of(p, @3, $3), .options = $4); }
  | "SHOW" "JOB" "WHEN" "COMPLETE" expr
    { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_JOBS, .when_complete = true, .expr = values_of(p, @5, $5)); }
  | "SHOW" "SCHEDULES" { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_SCHEDULES); }
  | "SHOW" schedule_state "SCHEDULES" { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_SCHEDULES, .name = $2); }
  | "SHOW" "SCHEDULE" expr { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_SCHEDULES, .expr = $3); }
  | "SHOW" "RANGE" "FROM" show_target "FOR" "ROW" '(' expr_list ')'
    {
        AS(show, $4)->what = AST_SHOW_RANGES;
        $4->position = @1;
        AS(show, $4)->expr = NODE(TUPLE, tuple, @7, .items = $8);
        $$ = $4;
    }
  | "SHOW" "RANGES" opt_show_options { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_RANGES, .options = $3); }
  | "SHOW" "CLUSTER" "RANGES" opt_show_options
    { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_RANGES, .options = $4, .name = STR("CLUSTER")); }
  | "SHOW" "RANGES" "FROM" "CURRENT_CATALOG" opt_show_options
    { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_RANGES, .options = $5); }
  | "SHOW" "RANGES" "FROM" show_target opt_show_options
    {
        AS(show, $4)->what = AST_SHOW_RANGES;
        AS(show, $4)->options = $5;
        $4->position = @1;
        $$ = $4;
    }
  | "SHOW" "STATISTICS" "FOR" "TABLE" table_name opt_show_options
    { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_STATISTICS, .object = $5, .options = $6); }
  | "SHOW" "STATISTICS" "USING" IDENT "FOR" "TABLE" table_name opt_show_options
    {
        if (!str_eqc($4, "json"))
            FAIL("unsupported format: %.*s", STR_FMT($4));
        $$ = NODE(SHOW, show, @1, .what = AST_SHOW_STATISTICS, .name = str_upper(p, $4), .object = $7, .options = $8); }
  | "SHOW" "HISTOGRAM" int_value { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_HISTOGRAM, .expr = mk_integer(p, @3, $3)); }
  | "SHOW" "ZONE" "CONFIGURATIONS" { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_ZONE_CONFIGURATIONS); }
  | "SHOW" "ALL" "ZONE" "CONFIGURATIONS" { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_ZONE_CONFIGURATIONS); }
  | "SHOW" "ZONE" "CONFIGURATION" for_or_from show_target
    { AS(show, $5)->what = AST_SHOW_ZONE_CONFIGURATION; $5->position = @1; $$ = $5; }
  | "SHOW" "ZONE" "CONFIGURATION" for_or_from "RANGE" zone_range
    { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_ZONE_CONFIGURATION, .name = $6); }
  | "SHOW" "REGIONS" { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_REGIONS); }
  | "SHOW" "REGIONS" "FROM" "CLUSTER" { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_REGIONS, .name = STR("CLUSTER")); }
  | "SHOW" "REGIONS" "FROM" "ALL" "DATABASES"
    { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_REGIONS, .name = STR("ALL DATABASES")); }
  | "SHOW" "REGIONS" "FROM" "DATABASE"
    { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_REGIONS, .name = STR("DATABASE")); }
  | "SHOW" "REGIONS" "FROM" "DATABASE" name_node
    { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_REGIONS, .name = STR("DATABASE"), .object = $5); }
  | "SHOW" "SURVIVAL" "GOAL" "FROM" "DATABASE" { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_SURVIVAL_GOAL); }
  | "SHOW" "SURVIVAL" "GOAL" "FROM" "DATABASE" name_node
    { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_SURVIVAL_GOAL, .object = $6); }
  | "SHOW" "LOCALITY" { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_LOCALITY); }
  | "SHOW" "SYNTAX" SCONST { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_SYNTAX, .name = $3); }
  | "SHOW" "COMPLETIONS" "FOR" SCONST { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_COMPLETIONS, .name = $4); }
  | "SHOW" "COMPLETIONS" "AT" "OFFSET" int_value "FOR" SCONST
    { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_COMPLETIONS, .name = $7, .expr = mk_integer(p, @5, $5)); }
  | "SHOW" "LAST" "QUERY" "STATISTICS" opt_returning_names
    { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_LAST_QUERY_STATISTICS, .names = $5); }
  | "SHOW" "TRACE" "FOR" "SESSION" { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_TRACE); }
  | "SHOW" "KV" "TRACE" "FOR" "SESSION" { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_TRACE, .name = STR("KV")); }
  | "SHOW" "COMPACT" "TRACE" "FOR" "SESSION"
    { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_TRACE, .name = STR("COMPACT")); }
  | "SHOW" "FULL" "TABLE" "SCANS" { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_FULL_TABLE_SCANS); }
  | "SHOW" "INSPECT" IDENT opt_inspect_scope opt_with_details
    {
        if (!str_ieqc($3, "errors"))
            FAIL("unknown object: %.*s", STR_FMT($3));
        AS(show, $4)->what = AST_SHOW_INSPECT_ERRORS;
        AS(show, $4)->all = $5;
        $4->position = @1;
        $$ = $4;
    }
  | "SHOW" "BACKUPS" "IN" expr { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_BACKUPS, .expr = $4); }
  | "SHOW" "BACKUP" SCONST "IN" expr opt_show_options
    {
        $$ = NODE(SHOW, show, @1, .what = AST_SHOW_BACKUP, .expr = $5, .options = $6,
                  .expr2 = NODE(STRING, string, @3, .value = $3));
    }
  | "SHOW" "BACKUP" "FROM" SCONST "IN" expr opt_show_options
    {
        $$ = NODE(SHOW, show, @1, .what = AST_SHOW_BACKUP, .expr = $6, .options = $7,
                  .expr2 = NODE(STRING, string, @4, .value = $4));
    }
  | "SHOW" "BACKUP" "FROM" "LATEST" "IN" expr opt_show_options
    { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_BACKUP, .expr = $6, .options = $7); }
  | "SHOW" "EXTERNAL" "CONNECTIONS" { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_EXTERNAL_CONNECTIONS); }
  | "SHOW" "EXTERNAL" "CONNECTION" string_or_name
    { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_EXTERNAL_CONNECTIONS, .name = $4); }
  | "SHOW" "VIRTUAL" "CLUSTERS" opt_show_options
    { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_VIRTUAL_CLUSTERS, .options = $4); }
  | "SHOW" "VIRTUAL" "CLUSTER" virtual_cluster_name opt_show_options
    { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_VIRTUAL_CLUSTER, .expr = $4, .options = $5); }
  | "SHOW" "EXPERIMENTAL_FINGERPRINTS" "FROM" "TABLE" table_name
    { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_FINGERPRINTS, .object = $5); }
  | "SHOW" error { HELP("SHOW"); }
  ;
index_word: "INDEX" | "INDEXES" | "KEYS" ;
constraint_word: "CONSTRAINT" | "CONSTRAINTS" ;
activity:
    "SESSIONS" { $$ = AST_SHOW_SESSIONS; }
  | "STATEMENTS" { $$ = AST_SHOW_STATEMENTS; }
  | "QUERIES" { $$ = AST_SHOW_STATEMENTS; }
  | "TRANSACTIONS" { $$ = AST_SHOW_TRANSACTIONS; }
  ;
// Most words after SHOW begin a form of their own; variables have names that are no keywords, with these exceptions.
%type <str> variable_name;
variable_name:
    IDENT
  | variable_name '.' any_name { $$ = str_join(p, $1, ".", $3); }
  | "DATABASE"
  | "NAMES" { $$ = STR("client_encoding"); }
  | "ROLE"
  | "SESSION_USER"
  | "LC_COLLATE"
  | "LC_CTYPE"
  ;
schedules_word: "SCHEDULES" ;
for_or_from: "FOR" | "FROM" ;
schedule_state: "RUNNING" { $$ = STR("RUNNING"); } | "PAUSED" { $$ = STR("PAUSED"); } ;
opt_from_object: %empty { $$ = NULL; } | "FROM" name_node { $$ = $2; } ;
opt_from_schema: %empty { $$ = NULL; } | "FROM" schema_name { $$ = $2; } ;
opt_in_schema: %empty { $$ = NULL; } | "IN" "SCHEMA" schema_name { $$ = $3; } ;
%type <node> opt_in_schema;
opt_with_comment: %empty { $$ = false; } | "WITH" "COMMENT" { $$ = true; } ;
opt_for_users: %empty { $$ = LIST1(NULL); } | "FOR" role_list { $$ = $2; } ;
opt_for_role_list:
    %empty { $$ = LIST1(NULL); }
  | "FOR" role_or_user role_list { $$ = $3; }
  | "FOR" "ALL" "ROLES" { $$ = LIST1(NODE(COLUMN_REF, column_ref, @2, .star = true)); }
  ;
opt_show_options:
    %empty { $$ = LIST1(NULL); }
  | "WITH" show_options { $$ = $2; }
  ;
show_options: show_option { $$ = LIST1($1); } | show_options ',' show_option { $$ = PUSH($1, $3); } ;
show_option: non_reserved_name { $$ = mk_option(p, @1, $1, NULL); } ;
opt_returning_names: %empty { $$ = LIST1(NULL); } | "RETURNING" name_list { $$ = $2; } ;
// A SHOW node with object and object_kind.
show_target:
    "TABLE" table_name { $$ = NODE(SHOW, show, @1, .object = $2, .object_kind = AST_OBJECT_TABLE); }
  | "INDEX" index_name { $$ = NODE(SHOW, show, @1, .object = $2, .object_kind = AST_OBJECT_INDEX); }
  | "DATABASE" name_node { $$ = NODE(SHOW, show, @1, .object = $2, .object_kind = AST_OBJECT_DATABASE); }
  ;
%type <node> opt_inspect_scope;
%type <flag> opt_with_details;
opt_inspect_scope:
    %empty { $$ = NODE(SHOW, show, 0); }
  | "FOR" "TABLE" table_name { $$ = NODE(SHOW, show, 0, .object = $3); }
  | "FOR" "JOB" int_value { $$ = NODE(SHOW, show, 0, .expr = mk_integer(p, @3, $3)); }
  | "FOR" "TABLE" table_name "FOR" "JOB" int_value
    { $$ = NODE(SHOW, show, 0, .object = $3, .expr = mk_integer(p, @6, $6)); }
  ;
opt_with_details: %empty { $$ = false; } | "WITH" "DETAILS" { $$ = true; } ;
%type <node> show_create;
show_create:
    table_name { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_CREATE, .object = $1); }
  | "TABLE" table_name { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_CREATE, .object = $2); }
  | "VIEW" table_name
    { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_CREATE, .object = $2, .object_kind = AST_OBJECT_VIEW); }
  | "SEQUENCE" table_name
    { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_CREATE, .object = $2, .object_kind = AST_OBJECT_SEQUENCE); }
  | "DATABASE" name_node
    { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_CREATE, .object = $2, .object_kind = AST_OBJECT_DATABASE); }
  | "FUNCTION" object_name
    { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_CREATE, .object = $2, .object_kind = AST_OBJECT_FUNCTION); }
  | "PROCEDURE" object_name
    { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_CREATE, .object = $2, .object_kind = AST_OBJECT_PROCEDURE); }
  | "TYPE" object_name
    { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_CREATE, .object = $2, .object_kind = AST_OBJECT_TYPE); }
  | "TRIGGER" name "ON" table_name
    {
        $$ = NODE(SHOW, show, @1, .what = AST_SHOW_CREATE, .object = $4, .object_kind = AST_OBJECT_TRIGGER,
                  .name = $2);
    }
  | "INDEXES" "FROM" table_name
    { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_CREATE, .object = $3, .object_kind = AST_OBJECT_INDEX); }
  | "SECONDARY" "INDEXES" "FROM" table_name
    {
        $$ = NODE(SHOW, show, @1, .what = AST_SHOW_CREATE, .object = $4, .object_kind = AST_OBJECT_INDEX,
                  .name = STR("SECONDARY"));
    }
  | "ALL" "TABLES" { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_CREATE_ALL_TABLES); }
  | "ALL" "SCHEMAS" { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_CREATE_ALL_SCHEMAS); }
  | "ALL" "TYPES" { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_CREATE_ALL_TYPES); }
  | "ALL" "ROUTINES" { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_CREATE_ALL_ROUTINES); }
  | "ALL" "TRIGGERS" { $$ = NODE(SHOW, show, @1, .what = AST_SHOW_CREATE_ALL_TRIGGERS); }
  ;
