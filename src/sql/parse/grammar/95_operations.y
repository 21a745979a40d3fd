%type <node> control_stmt virtual_cluster_stmt backup_stmt restore_stmt virtual_cluster_name backup_targets
%type <node> backup_option capability opt_like_cluster inspect_stmt opt_inspect_options inspect_options
%type <node> inspect_option
%type <list> location_list opt_backup_options backup_option_list capabilities
%type <choice> control_action
%type <node> opt_reason

%%
// ---- Jobs, queries, sessions ----------------------------------------------------------------------------------
control_stmt:
    control_action "JOB" expr opt_reason
    { $$ = mk_control(p, @1, $1, AST_CONTROLLED_JOBS, values_of(p, @3, $3), false); AS(control, $$)->reason = $4; }
  | control_action "JOBS" select_stmt opt_reason
    { $$ = mk_control(p, @1, $1, AST_CONTROLLED_JOBS, $3, false); AS(control, $$)->reason = $4; }
  | control_action "JOBS" "FOR" "SCHEDULES" select_stmt
    {
        $$ = mk_control(p, @1, $1, AST_CONTROLLED_JOBS, $5, false);
        AS(control, $$)->type = STR("for schedules");
    }
  | control_action "ALL" name "JOBS"
    { $$ = mk_control(p, @1, $1, AST_CONTROLLED_JOBS, NULL, false); AS(control, $$)->type = $3; }
  | control_action "SCHEDULE" expr
    { $$ = mk_control(p, @1, $1, AST_CONTROLLED_SCHEDULES, values_of(p, @3, $3), false); }
  | control_action "SCHEDULES" select_stmt { $$ = mk_control(p, @1, $1, AST_CONTROLLED_SCHEDULES, $3, false); }
  | "DROP" "SCHEDULE" expr
    { $$ = mk_control(p, @1, AST_CONTROL_DROP, AST_CONTROLLED_SCHEDULES, values_of(p, @3, $3), false); }
  | "DROP" "SCHEDULES" select_stmt { $$ = mk_control(p, @1, AST_CONTROL_DROP, AST_CONTROLLED_SCHEDULES, $3, false); }
  | "CANCEL" query_word expr
    { $$ = mk_control(p, @1, AST_CONTROL_CANCEL, AST_CONTROLLED_QUERIES, values_of(p, @3, $3), false); }
  | "CANCEL" query_word "IF" "EXISTS" expr
    { $$ = mk_control(p, @1, AST_CONTROL_CANCEL, AST_CONTROLLED_QUERIES, values_of(p, @5, $5), true); }
  | "CANCEL" queries_word select_stmt
    { $$ = mk_control(p, @1, AST_CONTROL_CANCEL, AST_CONTROLLED_QUERIES, $3, false); }
  | "CANCEL" queries_word "IF" "EXISTS" select_stmt
    { $$ = mk_control(p, @1, AST_CONTROL_CANCEL, AST_CONTROLLED_QUERIES, $5, true); }
  | "CANCEL" "SESSION" expr
    { $$ = mk_control(p, @1, AST_CONTROL_CANCEL, AST_CONTROLLED_SESSIONS, values_of(p, @3, $3), false); }
  | "CANCEL" "SESSION" "IF" "EXISTS" expr
    { $$ = mk_control(p, @1, AST_CONTROL_CANCEL, AST_CONTROLLED_SESSIONS, values_of(p, @5, $5), true); }
  | "CANCEL" "SESSIONS" select_stmt { $$ = mk_control(p, @1, AST_CONTROL_CANCEL, AST_CONTROLLED_SESSIONS, $3, false); }
  | "CANCEL" "SESSIONS" "IF" "EXISTS" select_stmt
    { $$ = mk_control(p, @1, AST_CONTROL_CANCEL, AST_CONTROLLED_SESSIONS, $5, true); }
  | "PAUSE" error { HELP("PAUSE"); }
  | "RESUME" error { HELP("RESUME"); }
  | "CANCEL" error { HELP("CANCEL"); }
  ;
query_word: "QUERY" | "STATEMENT" ;
queries_word: "QUERIES" | "STATEMENTS" ;
control_action:
    "PAUSE" { $$ = AST_CONTROL_PAUSE; }
  | "RESUME" { $$ = AST_CONTROL_RESUME; }
  | "CANCEL" { $$ = AST_CONTROL_CANCEL; }
  ;
opt_reason: %empty { $$ = NULL; } | "WITH" "REASON" '=' expr { $$ = $4; } ;

// ---- Virtual clusters -----------------------------------------------------------------------------------------
virtual_cluster_stmt:
    "CREATE" "VIRTUAL" "CLUSTER" opt_if_not_exists virtual_cluster_name opt_like_cluster
    { $$ = NODE(CREATE_VIRTUAL_CLUSTER, create_virtual_cluster, @1, .if_not_exists = $4, .name = $5, .like = $6); }
  | "CREATE" "VIRTUAL" "CLUSTER" opt_if_not_exists virtual_cluster_name "FROM" virtual_cluster_name
    { $$ = NODE(CREATE_VIRTUAL_CLUSTER, create_virtual_cluster, @1, .if_not_exists = $4, .name = $5, .source = $7); }
  | "DROP" "VIRTUAL" "CLUSTER" opt_if_exists virtual_cluster_name
    { $$ = NODE(DROP_VIRTUAL_CLUSTER, drop_virtual_cluster, @1, .if_exists = $4, .name = $5); }
  | "DROP" "VIRTUAL" "CLUSTER" opt_if_exists virtual_cluster_name "IMMEDIATE"
    { $$ = NODE(DROP_VIRTUAL_CLUSTER, drop_virtual_cluster, @1, .if_exists = $4, .name = $5, .immediate = true); }
  | "ALTER" "VIRTUAL" "CLUSTER" virtual_cluster_target virtual_cluster_change
    {
        AS(alter_virtual_cluster, $5)->name = $4;
        AS(alter_virtual_cluster, $5)->all = $4 == NULL;
        $5->position = @1;
        $$ = $5;
    }
  | "CREATE" "VIRTUAL" "CLUSTER" error { HELP("CREATE VIRTUAL CLUSTER"); }
  | "DROP" "VIRTUAL" "CLUSTER" error { HELP("DROP VIRTUAL CLUSTER"); }
  | "ALTER" "VIRTUAL" "CLUSTER" error { HELP("ALTER VIRTUAL CLUSTER"); }
  ;
virtual_cluster_name:
    name { $$ = NODE(STRING, string, @1, .value = $1); }
  | SCONST { $$ = NODE(STRING, string, @1, .value = $1); }
  | '[' expr ']' { $$ = NODE(ARRAY, array, @1, .items = LIST1($2)); }
  | PLACEHOLDER_NUMBER { $$ = mk_placeholder(p, @1, $1); }
  ;
opt_like_cluster: %empty { $$ = NULL; } | "LIKE" virtual_cluster_name { $$ = $2; } ;
%type <node> virtual_cluster_target virtual_cluster_change;
virtual_cluster_target: virtual_cluster_name | "ALL" { $$ = NULL; } ;
virtual_cluster_change:
    "RENAME" "TO" virtual_cluster_name
    { $$ = NODE(ALTER_VIRTUAL_CLUSTER, alter_virtual_cluster, @1, .action = AST_VIRTUAL_CLUSTER_RENAME, .new_name = $3); }
  | "START" "SERVICE" "SHARED"
    { $$ = NODE(ALTER_VIRTUAL_CLUSTER, alter_virtual_cluster, @1, .action = AST_VIRTUAL_CLUSTER_START_SHARED); }
  | "START" "SERVICE" "EXTERNAL"
    { $$ = NODE(ALTER_VIRTUAL_CLUSTER, alter_virtual_cluster, @1, .action = AST_VIRTUAL_CLUSTER_START_EXTERNAL); }
  | "STOP" "SERVICE"
    { $$ = NODE(ALTER_VIRTUAL_CLUSTER, alter_virtual_cluster, @1, .action = AST_VIRTUAL_CLUSTER_STOP); }
  | "GRANT" "CAPABILITY" capabilities
    {
        $$ = NODE(ALTER_VIRTUAL_CLUSTER, alter_virtual_cluster, @1, .action = AST_VIRTUAL_CLUSTER_GRANT_CAPABILITY,
                  .capabilities = $3);
    }
  | "REVOKE" "CAPABILITY" capabilities
    {
        $$ = NODE(ALTER_VIRTUAL_CLUSTER, alter_virtual_cluster, @1, .action = AST_VIRTUAL_CLUSTER_REVOKE_CAPABILITY,
                  .capabilities = $3);
    }
  | "GRANT" "ALL" "CAPABILITIES"
    { $$ = NODE(ALTER_VIRTUAL_CLUSTER, alter_virtual_cluster, @1, .action = AST_VIRTUAL_CLUSTER_GRANT_ALL); }
  | "REVOKE" "ALL" "CAPABILITIES"
    { $$ = NODE(ALTER_VIRTUAL_CLUSTER, alter_virtual_cluster, @1, .action = AST_VIRTUAL_CLUSTER_REVOKE_ALL); }
  | "SET" "CLUSTER" "SETTING" setting_name to_or_equal set_single_value
    {
        $$ = NODE(ALTER_VIRTUAL_CLUSTER, alter_virtual_cluster, @1, .action = AST_VIRTUAL_CLUSTER_SET_SETTING,
                  .setting = $4, .value = $6);
    }
  | "RESET" "CLUSTER" "SETTING" setting_name
    {
        $$ = NODE(ALTER_VIRTUAL_CLUSTER, alter_virtual_cluster, @1, .action = AST_VIRTUAL_CLUSTER_RESET_SETTING,
                  .setting = $4);
    }
  | "SET" "LIMIT" capabilities
    {
        $$ = NODE(ALTER_VIRTUAL_CLUSTER, alter_virtual_cluster, @1, .action = AST_VIRTUAL_CLUSTER_SET_LIMIT,
                  .capabilities = $3);
    }
  | "SET" "SNAPSHOT"
    { $$ = NODE(ALTER_VIRTUAL_CLUSTER, alter_virtual_cluster, @1, .action = AST_VIRTUAL_CLUSTER_SET_SNAPSHOT); }
  | "RESET" "DATA" "TO" "SNAPSHOT"
    { $$ = NODE(ALTER_VIRTUAL_CLUSTER, alter_virtual_cluster, @1, .action = AST_VIRTUAL_CLUSTER_RESET_TO_SNAPSHOT); }
  | "RESET" "DATA" "TO" "SYSTEM" "TIME" expr
    {
        $$ = NODE(ALTER_VIRTUAL_CLUSTER, alter_virtual_cluster, @1, .action = AST_VIRTUAL_CLUSTER_RESET_TO_TIME,
                  .value = $6);
    }
  | "CREATE" "USER" virtual_cluster_name "WITH" "PASSWORD" password_value
    {
        $$ = NODE(ALTER_VIRTUAL_CLUSTER, alter_virtual_cluster, @1, .action = AST_VIRTUAL_CLUSTER_CREATE_USER,
                  .new_name = $3, .value = $6);
    }
  | "CANCEL" "DROP"
    { $$ = NODE(ALTER_VIRTUAL_CLUSTER, alter_virtual_cluster, @1, .action = AST_VIRTUAL_CLUSTER_CANCEL_DROP); }
  ;
capabilities: capability { $$ = LIST1($1); } | capabilities ',' capability { $$ = PUSH($1, $3); } ;
capability:
    setting_name { $$ = mk_option(p, @1, $1, NULL); }
  | setting_name '=' expr { $$ = mk_option(p, @1, $1, $3); }
  ;

// ---- Backup and restore ---------------------------------------------------------------------------------------
backup_stmt:
    "BACKUP" backup_targets "INTO" location_list opt_as_of opt_backup_options
    {
        struct ast_backup *b = AS(backup, $2);
        b->to = $4;
        b->as_of = $5;
        b->options = $6;
        $2->position = @1;
        $$ = $2;
    }
  | "BACKUP" backup_targets "INTO" "LATEST" "IN" location_list opt_as_of opt_backup_options
    {
        struct ast_backup *b = AS(backup, $2);
        b->latest = true;
        b->to = $6;
        b->as_of = $7;
        b->options = $8;
        $2->position = @1;
        $$ = $2;
    }
  | "BACKUP" backup_targets "INTO" string_value "IN" location_list opt_as_of opt_backup_options
    {
        struct ast_backup *b = AS(backup, $2);
        b->subdirectory = $4;
        b->to = $6;
        b->as_of = $7;
        b->options = $8;
        $2->position = @1;
        $$ = $2;
    }
  | "BACKUP" error { HELP("BACKUP"); }
  ;
%type <node> schedule_stmt opt_schedule_label schedule_cron opt_full_backup;
%type <list> opt_schedule_options;
schedule_stmt:
    "CREATE" "SCHEDULE" opt_if_not_exists opt_schedule_label "FOR" "BACKUP" backup_targets "INTO" location_list
    opt_backup_options "RECURRING" schedule_cron opt_full_backup opt_schedule_options
    {
        struct ast_create_schedule *s = AS(create_schedule, $13);
        AS(backup, $7)->to = $9;
        AS(backup, $7)->options = $10;
        s->if_not_exists = $3;
        s->label = $4;
        s->backup = $7;
        s->recurring = $12;
        s->options = $14;
        $13->position = @1;
        $$ = $13;
    }
  | "CREATE" "SCHEDULE" error { HELP("CREATE SCHEDULE FOR BACKUP"); }
  ;
opt_schedule_label: %empty { $$ = NULL; } | string_value | name { $$ = NODE(STRING, string, @1, .value = $1); } ;
schedule_cron: string_value | "NEVER" { $$ = NULL; } ;
// A CREATE_SCHEDULE node with full and full_always.
opt_full_backup:
    %empty { $$ = NODE(CREATE_SCHEDULE, create_schedule, 0); }
  | "FULL" "BACKUP" string_value { $$ = NODE(CREATE_SCHEDULE, create_schedule, @1, .full = $3); }
  | "FULL" "BACKUP" "ALWAYS" { $$ = NODE(CREATE_SCHEDULE, create_schedule, @1, .full_always = true); }
  ;
opt_schedule_options:
    %empty { $$ = LIST1(NULL); }
  | "WITH" "SCHEDULE" "OPTIONS" backup_option_list { $$ = $4; }
  | "WITH" "SCHEDULE" "OPTIONS" '(' backup_option_list ')' { $$ = $5; }
  ;
// A BACKUP node with target and targets.
backup_targets:
    %empty { $$ = NODE(BACKUP, backup, 0); }
  | object_or_star_list { $$ = NODE(BACKUP, backup, @1, .target = AST_BACKUP_TABLES, .targets = $1); }
  | "TABLE" object_or_star_list { $$ = NODE(BACKUP, backup, @1, .target = AST_BACKUP_TABLES, .targets = $2); }
  | "DATABASE" name_list { $$ = NODE(BACKUP, backup, @1, .target = AST_BACKUP_DATABASES, .targets = $2); }
  | "VIRTUAL" "CLUSTER" virtual_cluster_name
    { $$ = NODE(BACKUP, backup, @1, .target = AST_BACKUP_VIRTUAL_CLUSTER, .targets = LIST1($3)); }
  ;
location_list:
    string_value { $$ = LIST1($1); }
  | '(' location_items ')' { $$ = $2; }
  ;
%type <list> location_items;
location_items:
    string_value { $$ = LIST1($1); }
  | location_items ',' string_value { $$ = PUSH($1, $3); }
  ;
opt_backup_options:
    %empty { $$ = LIST1(NULL); }
  | "WITH" backup_option_list { $$ = $2; }
  | "WITH" "OPTIONS" '(' backup_option_list ')' { $$ = $4; }
  ;
backup_option_list:
    backup_option { $$ = LIST1($1); }
  | backup_option_list ',' backup_option
    {
        for (size_t i = 0; i < $1.n; i++) {
            if (str_eq(AS(option, $1.items[i])->name, AS(option, $3)->name))
                FAIL("%.*s option specified multiple times", STR_FMT(AS(option, $3)->name));
        }
        $$ = PUSH($1, $3);
    }
  ;
backup_option:
    non_reserved_name { $$ = mk_option(p, @1, $1, NULL); }
  | non_reserved_name '=' expr { $$ = mk_option(p, @1, $1, $3); }
  ;
inspect_stmt:
    "INSPECT" "TABLE" table_name opt_as_of opt_inspect_options { $$ = mk_inspect(p, @1, $5, $3, $4); }
  | "INSPECT" "DATABASE" name_node opt_as_of opt_inspect_options
    { $$ = mk_inspect(p, @1, $5, $3, $4); AS(inspect, $$)->database = true; }
  | "INSPECT" error { HELP("INSPECT"); }
  ;
// An INSPECT node with the options.
opt_inspect_options:
    %empty { $$ = NODE(INSPECT, inspect, 0); }
  | "WITH" "OPTIONS" '(' inspect_options ')' { $$ = $4; }
  | "WITH" "OPTIONS" inspect_options { $$ = $3; }
  ;
inspect_options:
    inspect_option
  | inspect_options ',' inspect_option
    {
        AS(inspect, $1)->detached |= AS(inspect, $3)->detached;
        if (AS(inspect, $3)->indexes.n > 0)
            AS(inspect, $1)->indexes = AS(inspect, $3)->indexes;
        $$ = $1;
    }
  ;
inspect_option:
    "INDEX" "ALL" { $$ = NODE(INSPECT, inspect, 0); }
  | "INDEX" '(' name_list ')' { $$ = NODE(INSPECT, inspect, 0, .indexes = $3); }
  | IDENT
    {
        if (!str_ieqc($1, "detached"))
            FAIL("unknown option: %.*s", STR_FMT($1));
        $$ = NODE(INSPECT, inspect, 0, .detached = true);
    }
  ;
restore_stmt:
    "RESTORE" backup_targets "FROM" string_value "IN" location_list opt_as_of opt_backup_options
    { $$ = mk_restore(p, @1, $2, $4, $6, $7, $8); }
  | "RESTORE" backup_targets "FROM" "LATEST" "IN" location_list opt_as_of opt_backup_options
    { $$ = mk_restore(p, @1, $2, NULL, $6, $7, $8); }
  | "RESTORE" error { HELP("RESTORE"); }
  ;
