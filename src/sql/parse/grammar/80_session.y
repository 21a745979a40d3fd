%type <node> transaction_stmt set_stmt reset_stmt set_assignment set_value discard_stmt prepare_stmt execute_stmt
%type <node> deallocate_stmt cursor_stmt explain_stmt notify_stmt transaction_modes transaction_mode opt_transaction_modes
%type <node> fetch_spec explain_option cursor_options explainable_stmt use_stmt call_stmt do_stmt
%type <list> set_values opt_prepare_types opt_execute_args explain_options
%type <str> setting_name setting_part opt_savepoint_name opt_payload
%type <choice> isolation_level user_priority
%type <flag> opt_chain opt_hold
%type <node> set_single_value

%%
// ---- Transactions ---------------------------------------------------------------------------------------------
transaction_stmt:
    "BEGIN" opt_transaction_word opt_transaction_modes { $$ = NODE(BEGIN, begin, @1, .modes = $3); }
  | "START" "TRANSACTION" opt_transaction_modes { $$ = NODE(BEGIN, begin, @1, .modes = $3); }
  | "COMMIT" opt_transaction_word opt_chain { $$ = NODE(COMMIT, commit, @1, .chain = $3); }
  | "END" opt_transaction_word opt_chain { $$ = NODE(COMMIT, commit, @1, .chain = $3); }
  | "ROLLBACK" opt_transaction_word opt_chain { $$ = NODE(ROLLBACK, rollback, @1, .chain = $3); }
  | "ABORT" opt_transaction_word opt_chain { $$ = NODE(ROLLBACK, rollback, @1, .chain = $3); }
  | "ROLLBACK" opt_transaction_word "TO" opt_savepoint_name { $$ = NODE(ROLLBACK_TO, rollback_to, @1, .name = $4); }
  | "SAVEPOINT" name { $$ = NODE(SAVEPOINT, savepoint, @1, .name = $2); }
  | "RELEASE" opt_savepoint_name { $$ = NODE(RELEASE, release, @1, .name = $2); }
  | "PREPARE" "TRANSACTION" SCONST { $$ = NODE(PREPARE_TRANSACTION, prepare_transaction, @1, .gid = $3); }
  | "COMMIT" "PREPARED" SCONST { $$ = NODE(COMMIT_PREPARED, commit_prepared, @1, .gid = $3); }
  | "ROLLBACK" "PREPARED" SCONST { $$ = NODE(COMMIT_PREPARED, commit_prepared, @1, .gid = $3, .rollback = true); }
  | "BEGIN" error { HELP("BEGIN"); }
  | "START" error { HELP("BEGIN"); }
  | "COMMIT" error { HELP("COMMIT"); }
  | "END" error { HELP("COMMIT"); }
  | "ROLLBACK" error { HELP("ROLLBACK"); }
  | "ABORT" error { HELP("ABORT"); }
  | "SAVEPOINT" error { HELP("SAVEPOINT"); }
  | "RELEASE" error { HELP("RELEASE"); }
  ;
opt_transaction_word: %empty | "TRANSACTION" | "WORK" ;
opt_chain: %empty { $$ = false; } | "AND" "CHAIN" { $$ = true; } | "AND" "NO" "CHAIN" { $$ = false; } ;
opt_savepoint_name: "SAVEPOINT" name { $$ = $2; } | name ;
opt_transaction_modes: %empty { $$ = NODE(TXN_MODES, txn_modes, 0); } | transaction_modes ;
transaction_modes:
    transaction_mode
  | transaction_modes opt_comma transaction_mode
    {
        const char *twice = merge_txn_modes(AS(txn_modes, $1), AS(txn_modes, $3));
        if (twice != NULL)
            FAIL("%s specified multiple times", twice);
        $$ = $1;
    }
  ;
opt_comma: %empty | ',' ;
transaction_mode:
    "ISOLATION" "LEVEL" isolation_level
    { $$ = NODE(TXN_MODES, txn_modes, @1, .isolation = (enum ast_isolation)$3); }
  | "PRIORITY" user_priority { $$ = NODE(TXN_MODES, txn_modes, @1, .priority = (enum ast_priority)$2); }
  | "READ" "ONLY" { $$ = NODE(TXN_MODES, txn_modes, @1, .access = AST_ACCESS_READ_ONLY); }
  | "READ" "WRITE" { $$ = NODE(TXN_MODES, txn_modes, @1, .access = AST_ACCESS_READ_WRITE); }
  | as_of { $$ = NODE(TXN_MODES, txn_modes, @1, .as_of = $1); }
  | "DEFERRABLE" { $$ = NODE(TXN_MODES, txn_modes, @1, .deferrable = AST_TXN_DEFERRABLE); }
  | NOT_DEFERRABLE_LA "DEFERRABLE" { $$ = NODE(TXN_MODES, txn_modes, @1, .deferrable = AST_TXN_NOT_DEFERRABLE); }
  ;
isolation_level:
    "READ" "UNCOMMITTED" { $$ = AST_ISOLATION_READ_UNCOMMITTED; }
  | "READ" "COMMITTED" { $$ = AST_ISOLATION_READ_COMMITTED; }
  | "REPEATABLE" "READ" { $$ = AST_ISOLATION_REPEATABLE_READ; }
  | "SNAPSHOT" { $$ = AST_ISOLATION_SNAPSHOT; }
  | "SERIALIZABLE" { $$ = AST_ISOLATION_SERIALIZABLE; }
  ;
user_priority:
    "LOW" { $$ = AST_PRIORITY_LOW; }
  | "NORMAL" { $$ = AST_PRIORITY_NORMAL; }
  | "HIGH" { $$ = AST_PRIORITY_HIGH; }
  ;

// ---- SET, RESET, USE ------------------------------------------------------------------------------------------
set_stmt:
    "SET" set_assignment { $2->position = @1; $$ = $2; }
  | "SET" "SESSION" set_assignment { AS(set_var, $3)->scope = AST_SET_SESSION; $3->position = @1; $$ = $3; }
  | "SET" "LOCAL" set_assignment { AS(set_var, $3)->scope = AST_SET_LOCAL; $3->position = @1; $$ = $3; }
  | "SET" "TRANSACTION" transaction_modes { $$ = NODE(SET_TRANSACTION, set_transaction, @1, .modes = $3); }
  | "SET" "LOCAL" "TRANSACTION" transaction_modes { $$ = NODE(SET_TRANSACTION, set_transaction, @1, .modes = $4); }
  | "SET" "SESSION" "TRANSACTION" transaction_modes
    { $$ = NODE(SET_TRANSACTION, set_transaction, @1, .modes = $4, .session = true); }
  | "SET" "SESSION" "CHARACTERISTICS" "AS" "TRANSACTION" transaction_modes
    { $$ = NODE(SET_TRANSACTION, set_transaction, @1, .modes = $6, .session = true); }
  | "SET" "CLUSTER" "SETTING" setting_name to_or_equal set_single_value
    {
        bool to_default = $6->kind == AST_DEFAULT;
        $$ = NODE(SET_CLUSTER_SETTING, set_cluster_setting, @1, .name = $4, .value = to_default ? NULL : $6,
                  .to_default = to_default);
    }
  | "SET" "CONSTRAINTS" "ALL" "DEFERRED" { $$ = NODE(SET_CONSTRAINTS, set_constraints, @1, .deferred = true); }
  | "SET" "CONSTRAINTS" "ALL" "IMMEDIATE" { $$ = NODE(SET_CONSTRAINTS, set_constraints, @1); }
  | "SET" "CONSTRAINTS" object_name_list "DEFERRED"
    { $$ = NODE(SET_CONSTRAINTS, set_constraints, @1, .names = $3, .deferred = true); }
  | "SET" "CONSTRAINTS" object_name_list "IMMEDIATE"
    { $$ = NODE(SET_CONSTRAINTS, set_constraints, @1, .names = $3); }
  | "SET" error { HELP("SET SESSION"); }
  ;
set_assignment:
    setting_name to_or_equal set_values
    {
        bool to_default = $3.n == 1 && $3.items[0]->kind == AST_DEFAULT;
        $$ = NODE(SET_VAR, set_var, @1, .name = $1, .values = to_default ? LIST1(NULL) : $3, .to_default = to_default);
    }
  | "TIME" "ZONE" set_single_value { $$ = mk_setting(p, @1, AST_SET_DEFAULT_SCOPE, "timezone", $3); }
  | "NAMES" set_single_value { $$ = mk_setting(p, @1, AST_SET_DEFAULT_SCOPE, "client_encoding", $2); }
  | "NAMES" { $$ = mk_setting(p, @1, AST_SET_DEFAULT_SCOPE, "client_encoding", NODE(DEFAULT, default, @1)); }
  | "ROLE" string_or_name
    { $$ = mk_setting(p, @1, AST_SET_DEFAULT_SCOPE, "role", NODE(STRING, string, @2, .value = $2)); }
  | "SCHEMA" set_single_value { $$ = mk_setting(p, @1, AST_SET_DEFAULT_SCOPE, "search_path", $2); }
  | "SESSION" "AUTHORIZATION" set_single_value
    { $$ = mk_setting(p, @1, AST_SET_DEFAULT_SCOPE, "session_authorization", $3); }
  ;
to_or_equal: "TO" | '=' ;
setting_name: setting_part | setting_name '.' any_name { $$ = str_join(p, $1, ".", $3); } ;
setting_part: IDENT | unreserved_keyword | column_name_keyword | "SESSION_USER" ;
set_values: set_value { $$ = LIST1($1); } | set_values ',' set_value { $$ = PUSH($1, $3); } ;
set_value: expr | extra_set_word { $$ = NODE(STRING, string, @1, .value = $1); } ;
set_single_value: set_value ;
%type <str> extra_set_word;
extra_set_word: "ON" | "NONE" | "FULL" ;
reset_stmt:
    "RESET" "ALL" { $$ = NODE(RESET_VAR, reset_var, @1, .name = STR_NONE); }
  | "RESET" setting_name { $$ = NODE(RESET_VAR, reset_var, @1, .name = $2); }
  | "RESET" "SESSION" setting_name { $$ = NODE(RESET_VAR, reset_var, @1, .name = $3); }
  | "RESET" "SESSION" "AUTHORIZATION" { $$ = NODE(RESET_VAR, reset_var, @1, .name = STR("session_authorization")); }
  | "RESET" "TIME" "ZONE" { $$ = NODE(RESET_VAR, reset_var, @1, .name = STR("timezone")); }
  | "RESET" "CLUSTER" "SETTING" setting_name
    { $$ = NODE(SET_CLUSTER_SETTING, set_cluster_setting, @1, .name = $4, .to_default = true, .reset = true); }
  | "RESET" error { HELP("RESET"); }
  ;
use_stmt:
    "USE" set_single_value { $$ = mk_setting(p, @1, AST_SET_DEFAULT_SCOPE, "database", $2); }
  | "USE" error { HELP("USE"); }
  ;
discard_stmt:
    "DISCARD" "ALL" { $$ = NODE(DISCARD, discard, @1, .what = AST_DISCARD_ALL); }
  | "DISCARD" "PLANS" { $$ = NODE(DISCARD, discard, @1, .what = AST_DISCARD_PLANS); }
  | "DISCARD" "SEQUENCES" { $$ = NODE(DISCARD, discard, @1, .what = AST_DISCARD_SEQUENCES); }
  | "DISCARD" "TEMP" { $$ = NODE(DISCARD, discard, @1, .what = AST_DISCARD_TEMP); }
  | "DISCARD" "TEMPORARY" { $$ = NODE(DISCARD, discard, @1, .what = AST_DISCARD_TEMP); }
  | "DISCARD" error { HELP("DISCARD"); }
  ;

// ---- Prepared statements, cursors -----------------------------------------------------------------------------
prepare_stmt:
    "PREPARE" name opt_prepare_types "AS" preparable_stmt
    { $$ = NODE(PREPARE, prepare, @1, .name = $2, .types = $3, .statement = $5); }
  | "PREPARE" error { HELP("PREPARE"); }
  ;
opt_prepare_types: %empty { $$ = LIST1(NULL); } | '(' type_list ')' { $$ = $2; } ;
execute_stmt:
    "EXECUTE" name opt_execute_args { $$ = NODE(EXECUTE, execute, @1, .name = $2, .args = $3); }
  | "EXECUTE" error { HELP("EXECUTE"); }
  ;
opt_execute_args: %empty { $$ = LIST1(NULL); } | '(' expr_list ')' { $$ = $2; } ;
deallocate_stmt:
    "DEALLOCATE" name { $$ = NODE(DEALLOCATE, deallocate, @1, .name = $2); }
  | "DEALLOCATE" "PREPARE" name { $$ = NODE(DEALLOCATE, deallocate, @1, .name = $3); }
  | "DEALLOCATE" "ALL" { $$ = NODE(DEALLOCATE, deallocate, @1, .name = STR_NONE); }
  | "DEALLOCATE" "PREPARE" "ALL" { $$ = NODE(DEALLOCATE, deallocate, @1, .name = STR_NONE); }
  | "DEALLOCATE" error { HELP("DEALLOCATE"); }
  ;
cursor_stmt:
    "DECLARE" name cursor_options "CURSOR" opt_hold "FOR" select_stmt
    {
        struct ast_declare_cursor *c = AS(declare_cursor, $3);
        c->name = $2;
        c->hold = $5;
        c->query = $7;
        $3->position = @1;
        $$ = $3;
    }
  | "FETCH" fetch_spec { $2->position = @1; $$ = $2; }
  | "MOVE" fetch_spec { AS(fetch, $2)->move = true; $2->position = @1; $$ = $2; }
  | "CLOSE" name { $$ = NODE(CLOSE_CURSOR, close_cursor, @1, .name = $2); }
  | "CLOSE" "ALL" { $$ = NODE(CLOSE_CURSOR, close_cursor, @1, .name = STR_NONE); }
  | "DECLARE" error { HELP("DECLARE"); }
  | "FETCH" error { HELP("FETCH"); }
  | "MOVE" error { HELP("MOVE"); }
  | "CLOSE" error { HELP("CLOSE"); }
  ;
cursor_options:
    %empty { $$ = NODE(DECLARE_CURSOR, declare_cursor, 0); }
  | cursor_options "BINARY" { AS(declare_cursor, $1)->binary = true; $$ = $1; }
  | cursor_options "INSENSITIVE" { AS(declare_cursor, $1)->sensitivity = AST_SENSITIVITY_INSENSITIVE; $$ = $1; }
  | cursor_options "ASENSITIVE" { AS(declare_cursor, $1)->sensitivity = AST_SENSITIVITY_ASENSITIVE; $$ = $1; }
  | cursor_options "SCROLL" { AS(declare_cursor, $1)->scroll = AST_SCROLL_YES; $$ = $1; }
  | cursor_options "NO" "SCROLL" { AS(declare_cursor, $1)->scroll = AST_SCROLL_NO; $$ = $1; }
  ;
opt_hold: %empty { $$ = false; } | "WITH" "HOLD" { $$ = true; } | "WITHOUT" "HOLD" { $$ = false; } ;
fetch_spec:
    name { $$ = mk_fetch(p, @1, AST_FETCH_NEXT, 0, $1); }
  | from_or_in name { $$ = mk_fetch(p, @1, AST_FETCH_NEXT, 0, $2); }
  | "NEXT" opt_from_or_in name { $$ = mk_fetch(p, @1, AST_FETCH_NEXT, 0, $3); }
  | "PRIOR" opt_from_or_in name { $$ = mk_fetch(p, @1, AST_FETCH_PRIOR, 0, $3); }
  | "FIRST" opt_from_or_in name { $$ = mk_fetch(p, @1, AST_FETCH_FIRST, 0, $3); }
  | "LAST" opt_from_or_in name { $$ = mk_fetch(p, @1, AST_FETCH_LAST, 0, $3); }
  | "ABSOLUTE" signed_int opt_from_or_in name { $$ = mk_fetch(p, @1, AST_FETCH_ABSOLUTE, $2, $4); }
  | "RELATIVE" signed_int opt_from_or_in name { $$ = mk_fetch(p, @1, AST_FETCH_RELATIVE, $2, $4); }
  | signed_int opt_from_or_in name { $$ = mk_fetch(p, @1, AST_FETCH_COUNT, $1, $3); }
  | "FORWARD" opt_from_or_in name { $$ = mk_fetch(p, @1, AST_FETCH_COUNT, 1, $3); }
  | "FORWARD" signed_int opt_from_or_in name { $$ = mk_fetch(p, @1, AST_FETCH_COUNT, $2, $4); }
  | "FORWARD" "ALL" opt_from_or_in name { $$ = mk_fetch(p, @1, AST_FETCH_ALL, 0, $4); }
  | "ALL" opt_from_or_in name { $$ = mk_fetch(p, @1, AST_FETCH_ALL, 0, $3); }
  | "BACKWARD" opt_from_or_in name { $$ = mk_fetch(p, @1, AST_FETCH_COUNT, -1, $3); }
  | "BACKWARD" signed_int opt_from_or_in name { $$ = mk_fetch(p, @1, AST_FETCH_COUNT, -$2, $4); }
  | "BACKWARD" "ALL" opt_from_or_in name { $$ = mk_fetch(p, @1, AST_FETCH_BACKWARD_ALL, 0, $4); }
  ;
from_or_in: "FROM" | "IN" ;
opt_from_or_in: %empty | from_or_in ;

// ---- EXPLAIN, notifications, CALL, DO -------------------------------------------------------------------------
explain_stmt:
    "EXPLAIN" explainable_stmt { $$ = NODE(EXPLAIN, explain, @1, .statement = $2); }
  | "EXPLAIN" '(' explain_options ')' explainable_stmt
    { $$ = NODE(EXPLAIN, explain, @1, .options = $3, .statement = $5); }
  | "EXPLAIN" analyze_word explainable_stmt { $$ = NODE(EXPLAIN, explain, @1, .analyze = true, .statement = $3); }
  | "EXPLAIN" analyze_word '(' explain_options ')' explainable_stmt
    { $$ = NODE(EXPLAIN, explain, @1, .analyze = true, .options = $4, .statement = $6); }
  | "EXPLAIN" "VERBOSE" explainable_stmt
    { $$ = NODE(EXPLAIN, explain, @1, .options = LIST1(mk_name(p, @2, STR("VERBOSE"))), .statement = $3); }
  | "EXPLAIN" error { HELP("EXPLAIN"); }
  ;
analyze_word: "ANALYZE" | "ANALYSE" ;
explain_options: explain_option { $$ = LIST1($1); } | explain_options ',' explain_option { $$ = PUSH($1, $3); } ;
explain_option:
    non_reserved_name
    {
        if (!is_explain_option($1))
            FAIL("unsupported EXPLAIN option: %.*s", STR_FMT(str_upper(p, $1)));
        $$ = mk_name(p, @1, str_upper(p, $1));
    }
  ;
explainable_stmt: preparable_stmt | execute_stmt ;
notify_stmt:
    "LISTEN" name { $$ = NODE(LISTEN, listen, @1, .channel = $2); }
  | "NOTIFY" name opt_payload { $$ = NODE(NOTIFY, notify, @1, .channel = $2, .payload = $3); }
  | "UNLISTEN" name { $$ = NODE(UNLISTEN, unlisten, @1, .channel = $2); }
  | "UNLISTEN" '*' { $$ = NODE(UNLISTEN, unlisten, @1, .channel = STR_NONE); }
  ;
opt_payload: %empty { $$ = STR_NONE; } | ',' SCONST { $$ = $2; } ;
call_stmt: "CALL" call_core { $$ = NODE(CALL, call, @1, .call = $2); } | "CALL" error { HELP("CALL"); } ;
do_stmt:
    "DO" SCONST { $$ = NODE(DO, do, @1, .body = $2); }
  | "DO" "LANGUAGE" string_or_name SCONST { $$ = NODE(DO, do, @1, .body = $4, .language = $3); }
  | "DO" SCONST "LANGUAGE" string_or_name { $$ = NODE(DO, do, @1, .body = $2, .language = $4); }
  ;
