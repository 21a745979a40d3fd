%type <node> select_stmt select_with_parens select_no_parens simple_select select_clause with_clause opt_with cte
%type <node> select_core values_clause target opt_where opt_having opt_as_of as_of table_ref joined_table relation_source
%type <node> relation_name numbered_relation
%type <node> join_condition opt_index_hint index_hint_list index_hint_item select_limit opt_select_limit limit_clause
%type <node> offset_clause fetch_count locking_item window_def cte_statement rows_from table_stmt alias_column
%type <node> opt_from select_tail
%type <list> cte_list target_list from_list group_by opt_windows window_defs value_rows opt_locking locking_items
%type <list> locking_clause opt_lock_tables alias_columns opt_alias_columns rows_from_list
%type <list> distinct_on opt_column_ids column_id_list
%type <node> alias opt_alias func_alias opt_func_alias
%type <choice> join_type opt_join_hint set_all lock_strength lock_wait opt_materialized
%type <flag> opt_ordinality
%type <node> table_function set_operation

%%
// ---- SELECT ---------------------------------------------------------------------------------------------------
// A query is a SELECT node; parentheses around it vanish. The split into a form with and one without parentheses keeps
// `((SELECT 1))` unambiguous between a query and an expression.
select_stmt: select_no_parens %prec UMINUS | select_with_parens %prec UMINUS ;
select_with_parens: '(' select_no_parens ')' { $$ = $2; } | '(' select_with_parens ')' { $$ = $2; } ;
select_no_parens:
    simple_select { $$ = query_of(p, $1); }
  | select_clause order_by
    { $$ = NODE(SELECT, select, @1, .body = query_body($1), .order_by = $2); }
  | select_clause opt_order_by locking_clause opt_select_limit
    {
        struct ast_select *limit = AS(select, $4);
        $$ = NODE(SELECT, select, @1, .body = query_body($1), .order_by = $2, .locking = $3, .limit = limit->limit,
                  .offset = limit->offset, .limit_all = limit->limit_all);
    }
  | select_clause opt_order_by select_limit opt_locking
    {
        struct ast_select *limit = AS(select, $3);
        $$ = NODE(SELECT, select, @1, .body = query_body($1), .order_by = $2, .locking = $4, .limit = limit->limit,
                  .offset = limit->offset, .limit_all = limit->limit_all);
    }
  | with_clause select_clause
    { $$ = NODE(SELECT, select, @1, .with = $1, .body = query_body($2)); }
  | with_clause select_clause order_by
    { $$ = NODE(SELECT, select, @1, .with = $1, .body = query_body($2), .order_by = $3); }
  | with_clause select_clause opt_order_by locking_clause opt_select_limit
    {
        struct ast_select *limit = AS(select, $5);
        $$ = NODE(SELECT, select, @1, .with = $1, .body = query_body($2), .order_by = $3, .locking = $4,
                  .limit = limit->limit, .offset = limit->offset, .limit_all = limit->limit_all);
    }
  | with_clause select_clause opt_order_by select_limit opt_locking
    {
        struct ast_select *limit = AS(select, $4);
        $$ = NODE(SELECT, select, @1, .with = $1, .body = query_body($2), .order_by = $3, .locking = $5,
                  .limit = limit->limit, .offset = limit->offset, .limit_all = limit->limit_all);
    }
  ;
select_clause: simple_select | select_with_parens | '(' error { HELP("<SELECTCLAUSE>"); } ;
simple_select: select_core | values_clause | table_stmt | set_operation ;

set_operation:
    select_clause "UNION" set_all select_clause
    {
        $$ = NODE(SET_OP, set_op, @1, .op = AST_SET_UNION, .all = $3, .left = query_body($1), .right = query_body($4));
    }
  | select_clause "INTERSECT" set_all select_clause
    {
        $$ = NODE(SET_OP, set_op, @1, .op = AST_SET_INTERSECT, .all = $3, .left = query_body($1),
                  .right = query_body($4));
    }
  | select_clause "EXCEPT" set_all select_clause
    {
        $$ = NODE(SET_OP, set_op, @1, .op = AST_SET_EXCEPT, .all = $3, .left = query_body($1), .right = query_body($4));
    }
  ;
set_all: %empty { $$ = false; } | "ALL" { $$ = true; } | "DISTINCT" { $$ = false; } ;

table_stmt:
    "TABLE" table_name
    {
        struct ast *star = NODE(TARGET, target, @1, .expr = NODE(COLUMN_REF, column_ref, @1, .star = true));
        struct ast *table = NODE(ALIASED_TABLE, aliased_table, @2, .source = $2);
        $$ = NODE(SELECT_CORE, select_core, @1, .targets = LIST1(star), .from = LIST1(table), .table_stmt = true);
    }
  | "TABLE" error { HELP("TABLE"); }
  ;
values_clause:
    "VALUES" value_rows %prec UMINUS { $$ = NODE(VALUES, values, @1, .rows = $2); }
  | "VALUES" error { HELP("VALUES"); }
  ;
value_rows:
    '(' opt_expr_list ')' { $$ = LIST1(NODE(TUPLE, tuple, @1, .items = $2)); }
  | value_rows ',' '(' opt_expr_list ')' { $$ = PUSH($1, NODE(TUPLE, tuple, @3, .items = $4)); }
  ;

select_core:
    "SELECT" opt_all target_list select_tail
    {
        AS(select_core, $4)->targets = $3;
        $4->position = @1;
        $$ = $4;
    }
  | "SELECT" opt_all "FROM" from_list opt_as_of opt_where group_by opt_having opt_windows // rows without columns
    {
        $$ = NODE(SELECT_CORE, select_core, @1, .from = $4, .as_of = $5, .where = $6, .group_by = $7, .having = $8,
                  .windows = $9);
    }
  | "SELECT" "DISTINCT" target_list select_tail
    {
        AS(select_core, $4)->distinct = true;
        AS(select_core, $4)->targets = $3;
        $4->position = @1;
        $$ = $4;
    }
  | "SELECT" distinct_on target_list select_tail
    {
        AS(select_core, $4)->distinct_on = $2;
        AS(select_core, $4)->targets = $3;
        $4->position = @1;
        $$ = $4;
    }
  | "SELECT" opt_all target_list "INTO" into_table select_tail
    {
        AS(select_core, $6)->targets = $3;
        $6->position = @1;
        p->into = $5;
        p->into_core = $6;
        $$ = $6;
    }
  | "SELECT" error { HELP("SELECT"); }
  ;
select_tail:
    opt_from opt_where group_by opt_having opt_windows
    {
        struct ast_select_core *core = AS(select_core, $1);
        core->where = $2;
        core->group_by = $3;
        core->having = $4;
        core->windows = $5;
        $$ = $1;
    }
  ;
opt_all: %empty | "ALL" ;
// A CREATE_TABLE node; select_into (actions.c) completes it.
%type <node> into_table;
into_table:
    opt_persistence opt_table table_name
    { $$ = NODE(CREATE_TABLE, create_table, @1, .persistence = (enum ast_persistence)$1, .name = $3); }
  ;
distinct_on: "DISTINCT" "ON" '(' expr_list ')' { $$ = $4; } ;

target_list: target { $$ = LIST1($1); } | target_list ',' target { $$ = PUSH($1, $3); } ;
target:
    expr "AS" any_name { $$ = NODE(TARGET, target, @1, .expr = $1, .alias = $3); }
  | expr bare_label { $$ = NODE(TARGET, target, @1, .expr = $1, .alias = $2); }
  | expr { $$ = NODE(TARGET, target, @1, .expr = $1); }
  | '*' { $$ = NODE(TARGET, target, @1, .expr = NODE(COLUMN_REF, column_ref, @1, .star = true)); }
  ;

// A SELECT_CORE node with FROM and AS OF, completed by the rules above.
opt_from:
    %empty { $$ = NODE(SELECT_CORE, select_core, 0); }
  | "FROM" from_list opt_as_of { $$ = NODE(SELECT_CORE, select_core, 0, .from = $2, .as_of = $3); }
  | "FROM" error { HELP("<SOURCE>"); }
  ;
from_list: table_ref { $$ = LIST1($1); } | from_list ',' table_ref { $$ = PUSH($1, $3); } ;
opt_as_of: %empty { $$ = NULL; } | as_of ;
as_of: AS_LA "OF" "SYSTEM" "TIME" expr { $$ = $5; } ;
opt_where: %empty { $$ = NULL; } | "WHERE" expr { $$ = $2; } ;
group_by:
    %empty { $$ = LIST1(NULL); }
  | "GROUP" "BY" group_items { $$ = $3; }
  ;
%type <list> group_items;
%type <node> group_item;
group_items: group_item { $$ = LIST1($1); } | group_items ',' group_item { $$ = PUSH($1, $3); } ;
// ROLLUP (…) and CUBE (…) look like calls, GROUPING SETS (…) becomes one.
group_item:
    expr
  | "GROUPING" "SETS" '(' group_items ')' { $$ = mk_call(p, @1, "grouping sets", $4); }
  ;
opt_having: %empty { $$ = NULL; } | "HAVING" expr { $$ = $2; } ;
opt_windows: %empty { $$ = LIST1(NULL); } | "WINDOW" window_defs { $$ = $2; } ;
window_defs: window_def { $$ = LIST1($1); } | window_defs ',' window_def { $$ = PUSH($1, $3); } ;
window_def: name "AS" window_spec { AS(window_def, $3)->name = $1; $$ = $3; } ;

// LIMIT and OFFSET travel in a SELECT node without a body.
opt_select_limit: %empty { $$ = NODE(SELECT, select, 0); } | select_limit ;
select_limit:
    limit_clause
  | offset_clause
  | limit_clause offset_clause { AS(select, $1)->offset = AS(select, $2)->offset; $$ = $1; }
  | offset_clause limit_clause { AS(select, $2)->offset = AS(select, $1)->offset; $$ = $2; }
  ;
limit_clause:
    "LIMIT" "ALL" { $$ = NODE(SELECT, select, @1, .limit_all = true); }
  | "LIMIT" expr { $$ = NODE(SELECT, select, @1, .limit = $2); }
  | "FETCH" first_or_next fetch_count row_or_rows "ONLY" { $$ = NODE(SELECT, select, @1, .limit = $3); }
  | "FETCH" first_or_next row_or_rows "ONLY" { $$ = NODE(SELECT, select, @1, .limit = mk_integer(p, @1, 1)); }
  ;
offset_clause:
    "OFFSET" expr { $$ = NODE(SELECT, select, @1, .offset = $2); }
  | "OFFSET" fetch_count row_or_rows { $$ = NODE(SELECT, select, @1, .offset = $2); }
  ;
fetch_count: primary | '-' int_value { $$ = mk_integer(p, @1, -$2); } | '+' int_value { $$ = mk_integer(p, @1, $2); } ;
first_or_next: "FIRST" | "NEXT" ;
row_or_rows: "ROW" | "ROWS" ;

opt_locking: %empty { $$ = LIST1(NULL); } | locking_clause ;
locking_clause:
    locking_items
  | "FOR" "READ" "ONLY" { $$ = LIST1(NODE(LOCKING, locking, @1, .strength = AST_LOCK_NONE)); }
  ;
locking_items: locking_item { $$ = LIST1($1); } | locking_items locking_item { $$ = PUSH($1, $2); } ;
locking_item:
    lock_strength opt_lock_tables lock_wait
    {
        $$ = NODE(LOCKING, locking, @1, .strength = (enum ast_lock_strength)$1, .tables = $2,
                  .wait = (enum ast_lock_wait)$3);
    }
  ;
lock_strength:
    "FOR" "UPDATE" { $$ = AST_LOCK_UPDATE; }
  | "FOR" "NO" "KEY" "UPDATE" { $$ = AST_LOCK_NO_KEY_UPDATE; }
  | "FOR" "SHARE" { $$ = AST_LOCK_SHARE; }
  | "FOR" "KEY" "SHARE" { $$ = AST_LOCK_KEY_SHARE; }
  ;
opt_lock_tables: %empty { $$ = LIST1(NULL); } | "OF" table_name_list { $$ = $2; } ;
lock_wait:
    %empty { $$ = AST_LOCK_WAIT_BLOCK; }
  | "SKIP" "LOCKED" { $$ = AST_LOCK_WAIT_SKIP; }
  | "NOWAIT" { $$ = AST_LOCK_WAIT_ERROR; }
  ;

// ---- WITH -----------------------------------------------------------------------------------------------------
opt_with: %empty { $$ = NULL; } | with_clause ;
with_clause:
    "WITH" cte_list { $$ = NODE(WITH, with, @1, .ctes = $2); }
  | WITH_LA cte_list { $$ = NODE(WITH, with, @1, .ctes = $2); }
  | "WITH" "RECURSIVE" cte_list { $$ = NODE(WITH, with, @1, .ctes = $3, .recursive = true); }
  ;
cte_list: cte { $$ = LIST1($1); } | cte_list ',' cte { $$ = PUSH($1, $3); } ;
cte:
    name opt_name_list "AS" opt_materialized '(' cte_statement ')'
    {
        $$ = NODE(CTE, cte, @1, .name = $1, .columns = $2, .materialize = (enum ast_materialize)$4, .statement = $6);
    }
  ;
opt_materialized:
    %empty { $$ = AST_MATERIALIZE_DEFAULT; }
  | "MATERIALIZED" { $$ = AST_MATERIALIZE_ALWAYS; }
  | "NOT" "MATERIALIZED" { $$ = AST_MATERIALIZE_NEVER; }
  ;
cte_statement: preparable_stmt ;

// ---- FROM -----------------------------------------------------------------------------------------------------
table_ref:
    relation_source opt_index_hint opt_ordinality opt_alias
    {
        struct ast_aliased_table *t = AS(aliased_table, $4);
        $$ = NODE(ALIASED_TABLE, aliased_table, @1, .source = $1, .hint = $2, .ordinality = $3, .alias = t->alias,
                  .columns = t->columns);
    }
  | select_with_parens opt_ordinality opt_alias
    {
        struct ast_aliased_table *t = AS(aliased_table, $3);
        $$ = NODE(ALIASED_TABLE, aliased_table, @1, .source = NODE(SUBQUERY, subquery, @1, .query = $1),
                  .ordinality = $2, .alias = t->alias, .columns = t->columns);
    }
  | "LATERAL" select_with_parens opt_ordinality opt_alias
    {
        struct ast_aliased_table *t = AS(aliased_table, $4);
        $$ = NODE(ALIASED_TABLE, aliased_table, @1, .source = NODE(SUBQUERY, subquery, @2, .query = $2),
                  .ordinality = $3, .lateral = true, .alias = t->alias, .columns = t->columns);
    }
  | table_function opt_ordinality opt_func_alias
    {
        struct ast_aliased_table *t = AS(aliased_table, $3);
        $$ = NODE(ALIASED_TABLE, aliased_table, @1, .source = $1, .ordinality = $2, .alias = t->alias,
                  .columns = t->columns);
    }
  | "LATERAL" table_function opt_ordinality opt_func_alias
    {
        struct ast_aliased_table *t = AS(aliased_table, $4);
        $$ = NODE(ALIASED_TABLE, aliased_table, @1, .source = $2, .ordinality = $3, .lateral = true,
                  .alias = t->alias, .columns = t->columns);
    }
  | joined_table
  | '(' joined_table ')' opt_ordinality alias
    {
        struct ast_aliased_table *t = AS(aliased_table, $5);
        $$ = NODE(ALIASED_TABLE, aliased_table, @1, .source = $2, .ordinality = $4, .alias = t->alias,
                  .columns = t->columns);
    }
  | '[' preparable_stmt ']' opt_ordinality opt_alias
    {
        struct ast_aliased_table *t = AS(aliased_table, $5);
        $$ = NODE(ALIASED_TABLE, aliased_table, @1, .source = NODE(STATEMENT_SOURCE, statement_source, @1, .statement = $2),
                  .ordinality = $4, .alias = t->alias, .columns = t->columns);
    }
  ;
relation_name:
    table_name
  | table_name '*'
  | "ONLY" table_name { $$ = $2; }
  | "ONLY" '(' table_name ')' { $$ = $3; }
  ;
relation_source:
    relation_name
  | numbered_relation
  ;
numbered_relation:
    '[' int_value opt_column_ids "AS" name ']'
    {
        struct ast *id = NODE(TABLE_ID, table_id, @1, .id = $2, .column_ids = $3);
        $$ = NODE(ALIASED_TABLE, aliased_table, @1, .source = id, .alias = $5);
    }
  ;
opt_column_ids: %empty { $$ = LIST1(NULL); } | '(' column_id_list ')' { $$ = $2; } ;
column_id_list:
    int_value { $$ = LIST1(mk_integer(p, @1, $1)); }
  | column_id_list ',' int_value { $$ = PUSH($1, mk_integer(p, @3, $3)); }
  ;
table_function:
    call_core { $$ = NODE(ROWS_FROM, rows_from, @1, .functions = LIST1($1)); }
  | common_function { $$ = NODE(ROWS_FROM, rows_from, @1, .functions = LIST1($1)); }
  | rows_from
  ;
rows_from:
    "ROWS" "FROM" '(' rows_from_list ')'
    { $$ = NODE(ROWS_FROM, rows_from, @1, .functions = $4, .explicit_syntax = true); }
  ;
rows_from_list:
    rows_from_item { $$ = LIST1($1); }
  | rows_from_list ',' rows_from_item { $$ = PUSH($1, $3); }
  ;
%type <node> rows_from_item;
rows_from_item: call_core | common_function ;

opt_ordinality: %empty { $$ = false; } | WITH_LA "ORDINALITY" { $$ = true; } ;
opt_alias: %empty { $$ = NODE(ALIASED_TABLE, aliased_table, 0); } | alias ;
alias:
    "AS" name opt_alias_columns { $$ = NODE(ALIASED_TABLE, aliased_table, @1, .alias = $2, .columns = $3); }
  | name opt_alias_columns { $$ = NODE(ALIASED_TABLE, aliased_table, @1, .alias = $1, .columns = $2); }
  ;
opt_func_alias: opt_alias | func_alias ;
func_alias:
    "AS" '(' alias_columns ')' { $$ = NODE(ALIASED_TABLE, aliased_table, @1, .columns = $3); } ;
opt_alias_columns: %empty { $$ = LIST1(NULL); } | '(' alias_columns ')' { $$ = $2; } ;
alias_columns: alias_column { $$ = LIST1($1); } | alias_columns ',' alias_column { $$ = PUSH($1, $3); } ;
alias_column:
    name_node
  | name type_name { $$ = NODE(COLUMN_DEF, column_def, @1, .name = $1, .type = $2); }
  ;

joined_table:
    '(' joined_table ')' { $$ = $2; }
  | table_ref "CROSS" opt_join_hint "JOIN" table_ref
    {
        $$ = NODE(JOIN, join, @1, .type = AST_JOIN_CROSS, .hint = (enum ast_join_hint)$3, .left = $1, .right = $5);
    }
  | table_ref join_type opt_join_hint "JOIN" table_ref join_condition
    {
        struct ast_join *j = AS(join, $6);
        $$ = NODE(JOIN, join, @1, .type = (enum ast_join_type)$2, .hint = (enum ast_join_hint)$3, .left = $1,
                  .right = $5, .on = j->on, .using = j->using);
    }
  | table_ref "JOIN" table_ref join_condition
    {
        struct ast_join *j = AS(join, $4);
        $$ = NODE(JOIN, join, @1, .left = $1, .right = $3, .on = j->on, .using = j->using);
    }
  | table_ref "NATURAL" join_type opt_join_hint "JOIN" table_ref
    {
        $$ = NODE(JOIN, join, @1, .type = (enum ast_join_type)$3, .hint = (enum ast_join_hint)$4, .natural = true,
                  .left = $1, .right = $6);
    }
  | table_ref "NATURAL" "JOIN" table_ref { $$ = NODE(JOIN, join, @1, .natural = true, .left = $1, .right = $4); }
  ;
join_type:
    "INNER" { $$ = AST_JOIN_INNER; }
  | "LEFT" opt_outer { $$ = AST_JOIN_LEFT; }
  | "RIGHT" opt_outer { $$ = AST_JOIN_RIGHT; }
  | "FULL" opt_outer { $$ = AST_JOIN_FULL; }
  ;
opt_outer: %empty | "OUTER" ;
opt_join_hint:
    %empty { $$ = AST_JOIN_HINT_NONE; }
  | "HASH" { $$ = AST_JOIN_HINT_HASH; }
  | "MERGE" { $$ = AST_JOIN_HINT_MERGE; }
  | "LOOKUP" { $$ = AST_JOIN_HINT_LOOKUP; }
  | "INVERTED" { $$ = AST_JOIN_HINT_INVERTED; }
  | "STRAIGHT" { $$ = AST_JOIN_HINT_STRAIGHT; }
  ;
join_condition:
    "ON" expr { $$ = NODE(JOIN, join, @1, .on = $2); }
  | "USING" '(' name_list ')' { $$ = NODE(JOIN, join, @1, .using = $3); }
  ;

// t@index, t@[1], t@{FORCE_INDEX=i,DESC}
opt_index_hint:
    %empty { $$ = NULL; }
  | '@' any_name { $$ = NODE(INDEX_HINT, index_hint, @1, .index = $2); }
  | '@' '[' int_value ']' { $$ = NODE(INDEX_HINT, index_hint, @1, .index_id = $3); }
  | '@' '{' index_hint_list '}'
    {
        struct ast_index_hint *h = AS(index_hint, $3);
        bool forced = h->index.ptr != NULL || h->index_id != 0;
        if (h->direction != AST_DIRECTION_DEFAULT && !forced)
            FAIL("ASC/DESC must be specified in conjunction with an index");
        if (forced && h->no_index_join)
            FAIL("FORCE_INDEX cannot be specified in conjunction with NO_INDEX_JOIN");
        if (h->force_zigzag && h->no_index_join)
            FAIL("FORCE_ZIGZAG cannot be specified in conjunction with NO_INDEX_JOIN");
        if (h->force_zigzag && forced)
            FAIL("FORCE_ZIGZAG cannot be specified in conjunction with FORCE_INDEX");
        if (h->force_zigzag && h->no_zigzag_join)
            FAIL("FORCE_ZIGZAG cannot be specified in conjunction with NO_ZIGZAG_JOIN");
        $$ = $3;
    }
  ;
index_hint_list:
    index_hint_item
  | index_hint_list ',' index_hint_item
    {
        const char *twice = merge_index_hint(AS(index_hint, $1), AS(index_hint, $3));
        if (twice != NULL)
            FAIL("%s specified multiple times", twice);
        $$ = $1;
    }
  ;
index_hint_item:
    "FORCE_INDEX" '=' any_name { $$ = NODE(INDEX_HINT, index_hint, @1, .index = $3); }
  | "FORCE_INDEX" '=' '[' int_value ']' { $$ = NODE(INDEX_HINT, index_hint, @1, .index_id = $4); }
  | "ASC" { $$ = NODE(INDEX_HINT, index_hint, @1, .direction = AST_DIRECTION_ASC); }
  | "DESC" { $$ = NODE(INDEX_HINT, index_hint, @1, .direction = AST_DIRECTION_DESC); }
  | "NO_INDEX_JOIN" { $$ = NODE(INDEX_HINT, index_hint, @1, .no_index_join = true); }
  | "NO_FULL_SCAN" { $$ = NODE(INDEX_HINT, index_hint, @1, .no_full_scan = true); }
  | "AVOID_FULL_SCAN" { $$ = NODE(INDEX_HINT, index_hint, @1, .avoid_full_scan = true); }
  | "NO_ZIGZAG_JOIN" { $$ = NODE(INDEX_HINT, index_hint, @1, .no_zigzag_join = true); }
  | "FORCE_ZIGZAG" { $$ = NODE(INDEX_HINT, index_hint, @1, .force_zigzag = true); }
  | "FORCE_INVERTED_INDEX" { $$ = NODE(INDEX_HINT, index_hint, @1, .force_inverted = true); }
  | "IGNORE_FOREIGN_KEYS" { $$ = NODE(INDEX_HINT, index_hint, @1, .ignore_foreign_keys = true); }
  | "IGNORE_UNIQUE_WITHOUT_INDEX"
    { $$ = NODE(INDEX_HINT, index_hint, @1, .ignore_unique_without_index = true); }
  ;
