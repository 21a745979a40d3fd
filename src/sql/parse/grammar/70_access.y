%type <node> create_role_stmt alter_role_stmt drop_role_stmt grant_stmt revoke_stmt alter_default_privileges_stmt
%type <node> reassign_owned_stmt drop_owned_stmt role_option grant_on abbreviated_grant privilege
%type <list> opt_role_options role_options privileges privilege_list opt_for_roles opt_in_schemas
%type <flag> role_or_user opt_grant_option opt_admin_option
%type <choice> grant_object_kind all_objects_kind default_privilege_kind
%type <str> privilege_word opt_in_database role_or_all
%type <node> password_value

%%
// ---- Roles ----------------------------------------------------------------------------------------------------
role_or_user: "ROLE" { $$ = false; } | "USER" { $$ = true; } ;
create_role_stmt:
    "CREATE" role_or_user opt_if_not_exists role_name opt_role_options
    { $$ = NODE(CREATE_ROLE, create_role, @1, .user = $2, .if_not_exists = $3, .name = $4, .options = $5); }
  | "CREATE" role_or_user error { HELP("CREATE ROLE"); }
  ;
alter_role_stmt:
    "ALTER" role_or_user opt_if_exists role_name opt_role_options
    { $$ = NODE(ALTER_ROLE, alter_role, @1, .user = $2, .if_exists = $3, .name = $4, .options = $5); }
  | "ALTER" role_or_user opt_if_exists role_or_all opt_in_database set_or_reset
    {
        bool reset = $6->kind == AST_RESET_VAR;
        $$ = NODE(ALTER_ROLE, alter_role, @1, .user = $2, .if_exists = $3, .name = $4, .database = $5,
                  .set = reset ? NULL : $6, .reset = reset ? $6 : NULL);
    }
  | "ALTER" role_or_user error { HELP("ALTER ROLE"); }
  ;
role_or_all: role_name | "ALL" { $$ = STR_NONE; } ;
opt_in_database: %empty { $$ = STR_NONE; } | "IN" "DATABASE" name { $$ = $3; } ;
drop_role_stmt:
    "DROP" role_or_user opt_if_exists role_list
    { $$ = mk_drop(p, @1, AST_OBJECT_ROLE, $3, $4, AST_DROP_DEFAULT); }
  | "DROP" role_or_user error { HELP("DROP ROLE"); }
  ;
opt_role_options: %empty { $$ = LIST1(NULL); } | role_options | "WITH" role_options { $$ = $2; } ;
role_options: role_option { $$ = LIST1($1); } | role_options role_option { $$ = PUSH($1, $2); } ;
role_option:
    "PASSWORD" password_value { $$ = mk_option(p, @1, $1, $2); }
  | "ENCRYPTED" "PASSWORD" password_value { $$ = mk_option(p, @1, $2, $3); }
  | "VALID" "UNTIL" password_value { $$ = mk_option(p, @1, STR("valid until"), $3); }
  | "CONNECTION" "LIMIT" signed_int { $$ = mk_option(p, @1, STR("connection limit"), mk_integer(p, @3, $3)); }
  | IDENT
    {
        if (!is_role_option($1))
            FAIL("unrecognized role option \"%.*s\"", STR_FMT($1));
        $$ = mk_option(p, @1, $1, NULL);
    }
  | IDENT SCONST
    {
        if (!str_eqc($1, "subject") && !str_eqc($1, "provisionsrc"))
            FAIL("unrecognized role option \"%.*s\"", STR_FMT($1));
        $$ = mk_option(p, @1, $1, NODE(STRING, string, @2, .value = $2));
    }
  ;
password_value: string_value | "NULL" { $$ = NODE(NULL_LITERAL, null_literal, @1); } ;

// ---- Privileges -----------------------------------------------------------------------------------------------
grant_stmt:
    "GRANT" privileges "ON" grant_on "TO" role_list opt_grant_option
    {
        struct ast_grant *g = AS(grant, $4);
        g->privileges = upper_names(p, $2);
        g->grantees = $6;
        g->grant_option = $7;
        $4->position = @1;
        $$ = $4;
    }
  | "GRANT" privileges "TO" role_list opt_admin_option
    { $$ = NODE(GRANT_ROLE, grant_role, @1, .roles = $2, .members = $4, .admin_option = $5); }
  | "GRANT" "SYSTEM" privileges "TO" role_list opt_grant_option
    {
        $$ = NODE(GRANT, grant, @1, .target = AST_GRANT_ON_SYSTEM, .privileges = upper_names(p, $3), .grantees = $5,
                  .grant_option = $6);
    }
  | "GRANT" error { HELP("GRANT"); }
  ;
revoke_stmt:
    "REVOKE" privileges "ON" grant_on "FROM" role_list opt_drop_behavior
    {
        struct ast_grant *g = AS(grant, $4);
        g->revoke = true;
        g->privileges = upper_names(p, $2);
        g->grantees = $6;
        g->behavior = (enum ast_drop_behavior)$7;
        $4->position = @1;
        $$ = $4;
    }
  | "REVOKE" "GRANT" "OPTION" "FOR" privileges "ON" grant_on "FROM" role_list opt_drop_behavior
    {
        struct ast_grant *g = AS(grant, $7);
        g->revoke = true;
        g->privileges = upper_names(p, $5);
        g->grantees = $9;
        g->grant_option = true;
        g->behavior = (enum ast_drop_behavior)$10;
        $7->position = @1;
        $$ = $7;
    }
  | "REVOKE" privileges "FROM" role_list
    { $$ = NODE(GRANT_ROLE, grant_role, @1, .revoke = true, .roles = $2, .members = $4); }
  | "REVOKE" "ADMIN" "OPTION" "FOR" privileges "FROM" role_list
    { $$ = NODE(GRANT_ROLE, grant_role, @1, .revoke = true, .roles = $5, .members = $7, .admin_option = true); }
  | "REVOKE" "SYSTEM" privileges "FROM" role_list
    { $$ = NODE(GRANT, grant, @1, .revoke = true, .target = AST_GRANT_ON_SYSTEM, .privileges = upper_names(p, $3), .grantees = $5); }
  | "REVOKE" "GRANT" "OPTION" "FOR" "SYSTEM" privileges "FROM" role_list
    {
        $$ = NODE(GRANT, grant, @1, .revoke = true, .target = AST_GRANT_ON_SYSTEM, .privileges = upper_names(p, $6), .grantees = $8,
                  .grant_option = true);
    }
  | "REVOKE" error { HELP("REVOKE"); }
  ;
opt_grant_option: %empty { $$ = false; } | "WITH" "GRANT" "OPTION" { $$ = true; } ;
opt_admin_option: %empty { $$ = false; } | "WITH" "ADMIN" "OPTION" { $$ = true; } ;
// Privileges, or the roles granted: the words are the same until ON or TO comes.
privileges:
    "ALL" { $$ = LIST1(mk_name(p, @1, STR("ALL"))); }
  | "ALL" "PRIVILEGES" { $$ = LIST1(mk_name(p, @1, STR("ALL"))); }
  | privilege_list
  ;
privilege_list: privilege { $$ = LIST1($1); } | privilege_list ',' privilege { $$ = PUSH($1, $3); } ;
privilege: privilege_word { $$ = mk_name(p, @1, $1); } ;
privilege_word: name | "CREATE" | "GRANT" | "SELECT" | "REFERENCES" | SCONST ;
grant_on:
    object_or_star_list { $$ = NODE(GRANT, grant, @1, .target = AST_GRANT_ON_TABLE, .targets = $1); }
  | "TABLE" object_or_star_list { $$ = NODE(GRANT, grant, @1, .target = AST_GRANT_ON_TABLE, .targets = $2); }
  | grant_object_kind object_name_list
    { $$ = NODE(GRANT, grant, @1, .target = (enum ast_grant_target)$1, .targets = $2); }
  | "DATABASE" name_list { $$ = NODE(GRANT, grant, @1, .target = AST_GRANT_ON_DATABASE, .targets = $2); }
  | "SCHEMA" schema_name_list { $$ = NODE(GRANT, grant, @1, .target = AST_GRANT_ON_SCHEMA, .targets = $2); }
  | "FUNCTION" function_signatures { $$ = NODE(GRANT, grant, @1, .target = AST_GRANT_ON_FUNCTION, .targets = $2); }
  | "PROCEDURE" function_signatures { $$ = NODE(GRANT, grant, @1, .target = AST_GRANT_ON_PROCEDURE, .targets = $2); }
  | "EXTERNAL" "CONNECTION" name_list
    { $$ = NODE(GRANT, grant, @1, .target = AST_GRANT_ON_EXTERNAL_CONNECTION, .targets = $3); }
  | "ALL" all_objects_kind "IN" "SCHEMA" schema_name_list
    { $$ = NODE(GRANT, grant, @1, .target = (enum ast_grant_target)$2, .targets = $5); }
  ;
grant_object_kind: "SEQUENCE" { $$ = AST_GRANT_ON_SEQUENCE; } | "TYPE" { $$ = AST_GRANT_ON_TYPE; } ;
all_objects_kind:
    "TABLES" { $$ = AST_GRANT_ON_ALL_TABLES_IN_SCHEMA; }
  | "SEQUENCES" { $$ = AST_GRANT_ON_ALL_SEQUENCES_IN_SCHEMA; }
  | "FUNCTIONS" { $$ = AST_GRANT_ON_ALL_FUNCTIONS_IN_SCHEMA; }
  | "ROUTINES" { $$ = AST_GRANT_ON_ALL_FUNCTIONS_IN_SCHEMA; }
  | "PROCEDURES" { $$ = AST_GRANT_ON_ALL_PROCEDURES_IN_SCHEMA; }
  ;
// Tables, and * or schema.* for all tables of a schema (a COLUMN_REF with star).
%type <list> object_or_star_list;
%type <node> object_or_star;
object_or_star_list:
    object_or_star { $$ = LIST1($1); }
  | object_or_star_list ',' object_or_star { $$ = PUSH($1, $3); }
  ;
object_or_star:
    object_name
  | '*' { $$ = NODE(COLUMN_REF, column_ref, @1, .star = true); }
  | name '.' '*' { $$ = NODE(COLUMN_REF, column_ref, @1, .table = $1, .star = true); }
  | name '.' any_name '.' '*' { $$ = NODE(COLUMN_REF, column_ref, @1, .schema = $1, .table = $3, .star = true); }
  ;

alter_default_privileges_stmt:
    "ALTER" "DEFAULT" "PRIVILEGES" opt_for_roles opt_in_schemas abbreviated_grant
    {
        bool all = $4.n == 1 && $4.items[0]->kind == AST_COLUMN_REF;
        $$ = NODE(ALTER_DEFAULT_PRIVILEGES, alter_default_privileges, @1, .for_roles = all ? LIST1(NULL) : $4,
                  .for_all_roles = all, .schemas = $5, .grant = $6);
    }
  | "ALTER" "DEFAULT" "PRIVILEGES" error { HELP("ALTER DEFAULT PRIVILEGES"); }
  ;
// FOR ALL ROLES is a list of one star.
opt_for_roles:
    %empty { $$ = LIST1(NULL); }
  | "FOR" role_or_user role_list { $$ = $3; }
  | "FOR" "ALL" "ROLES" { $$ = LIST1(NODE(COLUMN_REF, column_ref, @2, .star = true)); }
  ;
opt_in_schemas: %empty { $$ = LIST1(NULL); } | "IN" "SCHEMA" schema_name_list { $$ = $3; } ;
abbreviated_grant:
    "GRANT" privileges "ON" default_privilege_kind "TO" role_list opt_grant_option
    {
        $$ = NODE(GRANT, grant, @1, .privileges = upper_names(p, $2), .target = (enum ast_grant_target)$4, .grantees = $6,
                  .grant_option = $7);
    }
  | "REVOKE" privileges "ON" default_privilege_kind "FROM" role_list opt_drop_behavior
    {
        $$ = NODE(GRANT, grant, @1, .revoke = true, .privileges = upper_names(p, $2), .target = (enum ast_grant_target)$4,
                  .grantees = $6, .behavior = (enum ast_drop_behavior)$7);
    }
  | "REVOKE" "GRANT" "OPTION" "FOR" privileges "ON" default_privilege_kind "FROM" role_list opt_drop_behavior
    {
        $$ = NODE(GRANT, grant, @1, .revoke = true, .privileges = upper_names(p, $5), .target = (enum ast_grant_target)$7,
                  .grantees = $9, .grant_option = true, .behavior = (enum ast_drop_behavior)$10);
    }
  ;
default_privilege_kind:
    "TABLES" { $$ = AST_GRANT_ON_TABLE; }
  | "SEQUENCES" { $$ = AST_GRANT_ON_SEQUENCE; }
  | "TYPES" { $$ = AST_GRANT_ON_TYPE; }
  | "SCHEMAS" { $$ = AST_GRANT_ON_SCHEMA; }
  | "FUNCTIONS" { $$ = AST_GRANT_ON_FUNCTION; }
  | "ROUTINES" { $$ = AST_GRANT_ON_FUNCTION; }
  ;
reassign_owned_stmt:
    "REASSIGN" "OWNED" "BY" role_list "TO" role_name
    { $$ = NODE(REASSIGN_OWNED, reassign_owned, @1, .from = $4, .to = $6); }
  | "REASSIGN" "OWNED" "BY" error { HELP("REASSIGN OWNED BY"); }
  ;
drop_owned_stmt:
    "DROP" "OWNED" "BY" role_list opt_drop_behavior
    { $$ = NODE(DROP_OWNED, drop_owned, @1, .roles = $4, .behavior = (enum ast_drop_behavior)$5); }
  | "DROP" "OWNED" "BY" error { HELP("DROP OWNED BY"); }
  ;
