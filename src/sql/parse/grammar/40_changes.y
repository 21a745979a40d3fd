%type <node> insert_stmt upsert_stmt update_stmt delete_stmt truncate_stmt copy_stmt insert_target insert_rest on_conflict
%type <node> update_target set_clause opt_limit returning conflict_target conflict_action copy_option copy_legacy_option
%type <list> set_list opt_using opt_update_from copy_options copy_option_list copy_legacy_options
%type <choice> opt_drop_behavior
%type <node> opt_on_conflict string_value copy_query opt_batch
%type <str> copy_word

%%
// ---- INSERT, UPDATE, DELETE -----------------------------------------------------------------------------------
insert_stmt:
    opt_with "INSERT" "INTO" insert_target insert_rest opt_on_conflict returning
    { $$ = mk_insert(p, @2, $1, $4, $5, $6, $7); }
  | opt_with "INSERT" error { HELP("INSERT"); }
  ;
upsert_stmt:
    opt_with "UPSERT" "INTO" insert_target insert_rest returning
    {
        $$ = mk_insert(p, @2, $1, $4, $5, NULL, $6);
        AS(insert, $$)->upsert = true;
    }
  | opt_with "UPSERT" error { HELP("UPSERT"); }
  ;
insert_target:
    table_name { $$ = NODE(ALIASED_TABLE, aliased_table, @1, .source = $1); }
  | table_name "AS" name { $$ = NODE(ALIASED_TABLE, aliased_table, @1, .source = $1, .alias = $3); }
  | numbered_relation { $$ = NODE(ALIASED_TABLE, aliased_table, @1, .source = $1); }
  ;
// Columns, query and DEFAULT VALUES travel in an INSERT node.
insert_rest:
    select_stmt { $$ = NODE(INSERT, insert, @1, .query = $1); }
  | '(' name_list ')' select_stmt { $$ = NODE(INSERT, insert, @1, .columns = $2, .query = $4); }
  | "DEFAULT" "VALUES" { $$ = NODE(INSERT, insert, @1, .default_values = true); }
  ;
opt_on_conflict: %empty { $$ = NULL; } | on_conflict ;
on_conflict:
    "ON" "CONFLICT" conflict_target "DO" conflict_action
    {
        struct ast_on_conflict *t = AS(on_conflict, $3), *a = AS(on_conflict, $5);
        if (!a->do_nothing && t->columns.n == 0 && t->constraint.ptr == NULL)
            FAIL("ON CONFLICT DO UPDATE requires inference specification or constraint name");
        a->columns = t->columns;
        a->constraint = t->constraint;
        a->arbiter_where = t->arbiter_where;
        $5->position = @1;
        $$ = $5;
    }
  ;
conflict_target:
    %empty { $$ = NODE(ON_CONFLICT, on_conflict, 0); }
  | '(' name_list ')' opt_where { $$ = NODE(ON_CONFLICT, on_conflict, @1, .columns = $2, .arbiter_where = $4); }
  | "ON" "CONSTRAINT" name { $$ = NODE(ON_CONFLICT, on_conflict, @1, .constraint = $3); }
  ;
conflict_action:
    "NOTHING" { $$ = NODE(ON_CONFLICT, on_conflict, @1, .do_nothing = true); }
  | "UPDATE" "SET" set_list opt_where { $$ = NODE(ON_CONFLICT, on_conflict, @1, .set = $3, .where = $4); }
  ;
// An INSERT node with the RETURNING fields.
returning:
    %empty { $$ = NODE(INSERT, insert, 0); }
  | "RETURNING" target_list { $$ = NODE(INSERT, insert, @1, .returning = $2); }
  | "RETURNING" "NOTHING" { $$ = NODE(INSERT, insert, @1, .returning_nothing = true); }
  ;

update_stmt:
    opt_with "UPDATE" update_target "SET" set_list opt_update_from opt_where opt_order_by opt_limit returning
    {
        struct ast_insert *r = AS(insert, $10);
        $$ = NODE(UPDATE, update, @2, .with = $1, .table = $3, .set = $5, .from = $6, .where = $7, .order_by = $8,
                  .limit = $9, .returning = r->returning, .returning_nothing = r->returning_nothing);
    }
  | opt_with "UPDATE" error { HELP("UPDATE"); }
  ;
update_target:
    relation_source opt_index_hint %prec UMINUS
    { $$ = NODE(ALIASED_TABLE, aliased_table, @1, .source = $1, .hint = $2); }
  | relation_source opt_index_hint name
    { $$ = NODE(ALIASED_TABLE, aliased_table, @1, .source = $1, .hint = $2, .alias = $3); }
  | relation_source opt_index_hint "AS" name
    { $$ = NODE(ALIASED_TABLE, aliased_table, @1, .source = $1, .hint = $2, .alias = $4); }
  ;
opt_update_from: %empty { $$ = LIST1(NULL); } | "FROM" from_list { $$ = $2; } ;
set_list: set_clause { $$ = LIST1($1); } | set_list ',' set_clause { $$ = PUSH($1, $3); } ;
set_clause:
    name_node '=' expr { $$ = NODE(SET_CLAUSE, set_clause, @1, .columns = LIST1($1), .value = $3); }
  | '(' name_list ')' '=' select_with_parens
    {
        $$ = NODE(SET_CLAUSE, set_clause, @1, .columns = $2, .value = NODE(SUBQUERY, subquery, @5, .query = $5),
                  .tuple = true);
    }
  | '(' name_list ')' '=' tuple_rhs
    { $$ = NODE(SET_CLAUSE, set_clause, @1, .columns = $2, .value = $5, .tuple = true); }
  ;
opt_limit: %empty { $$ = NULL; } | "LIMIT" expr { $$ = $2; } | "LIMIT" "ALL" { $$ = NULL; } ;

delete_stmt:
    opt_with "DELETE" opt_batch "FROM" update_target opt_using opt_where opt_order_by opt_limit returning
    {
        struct ast_insert *r = AS(insert, $10);
        struct ast_delete *batch = AS(delete, $3);
        $$ = NODE(DELETE, delete, @2, .with = $1, .table = $5, .using = $6, .where = $7, .order_by = $8, .limit = $9,
                  .returning = r->returning, .returning_nothing = r->returning_nothing, .batch = batch->batch,
                  .batch_size = batch->batch_size);
    }
  | opt_with "DELETE" error { HELP("DELETE"); }
  ;
opt_batch:
    %empty { $$ = NODE(DELETE, delete, 0); }
  | "BATCH" { $$ = NODE(DELETE, delete, @1, .batch = true); }
  | "BATCH" '(' "SIZE" expr ')' { $$ = NODE(DELETE, delete, @1, .batch = true, .batch_size = $4); }
  ;
opt_using: %empty { $$ = LIST1(NULL); } | "USING" from_list { $$ = $2; } ;

truncate_stmt:
    "TRUNCATE" opt_table truncate_list opt_restart_identity opt_drop_behavior
    {
        $$ = NODE(TRUNCATE, truncate, @1, .tables = $3, .restart_identity = $4, .behavior = (enum ast_drop_behavior)$5);
    }
  | "TRUNCATE" error { HELP("TRUNCATE"); }
  ;
%type <node> lock_stmt;
%type <choice> opt_table_lock_mode table_lock_mode;
%type <flag> opt_nowait;
lock_stmt:
    "LOCK" opt_table truncate_list opt_table_lock_mode opt_nowait
    { $$ = NODE(LOCK_TABLE, lock_table, @1, .tables = $3, .mode = (enum ast_table_lock)$4, .nowait = $5); }
  ;
opt_table_lock_mode: %empty { $$ = AST_TABLE_LOCK_ACCESS_EXCLUSIVE; } | "IN" table_lock_mode "MODE" { $$ = $2; } ;
table_lock_mode:
    "ACCESS" "EXCLUSIVE" { $$ = AST_TABLE_LOCK_ACCESS_EXCLUSIVE; }
  | "EXCLUSIVE" { $$ = AST_TABLE_LOCK_EXCLUSIVE; }
  | "SHARE" "ROW" "EXCLUSIVE" { $$ = AST_TABLE_LOCK_SHARE_ROW_EXCLUSIVE; }
  | "SHARE" { $$ = AST_TABLE_LOCK_SHARE; }
  | "SHARE" "UPDATE" "EXCLUSIVE" { $$ = AST_TABLE_LOCK_SHARE_UPDATE_EXCLUSIVE; }
  | "ROW" "EXCLUSIVE" { $$ = AST_TABLE_LOCK_ROW_EXCLUSIVE; }
  | "ROW" "SHARE" { $$ = AST_TABLE_LOCK_ROW_SHARE; }
  | "ACCESS" "SHARE" { $$ = AST_TABLE_LOCK_ACCESS_SHARE; }
  ;
opt_nowait: %empty { $$ = false; } | "NOWAIT" { $$ = true; } ;
%type <flag> opt_restart_identity;
opt_restart_identity: %empty { $$ = false; } | "RESTART" "IDENTITY" { $$ = true; } ;
%type <list> truncate_list;
truncate_list:
    relation_name { $$ = LIST1($1); }
  | truncate_list ',' relation_name { $$ = PUSH($1, $3); }
  ;
opt_table: %empty | "TABLE" ;
opt_drop_behavior:
    %empty { $$ = AST_DROP_DEFAULT; }
  | "CASCADE" { $$ = AST_DROP_CASCADE; }
  | "RESTRICT" { $$ = AST_DROP_RESTRICT; }
  ;

// ---- COPY -----------------------------------------------------------------------------------------------------
copy_stmt:
    "COPY" table_name opt_name_list "FROM" "STDIN" copy_options
    { $$ = NODE(COPY, copy, @1, .table = $2, .columns = $3, .from = true, .options = $6); }
  | "COPY" table_name opt_name_list "TO" "STDOUT" copy_options
    { $$ = NODE(COPY, copy, @1, .table = $2, .columns = $3, .options = $6); }
  | "COPY" '(' copy_query ')' "TO" "STDOUT" copy_options
    { $$ = NODE(COPY, copy, @1, .query = $3, .options = $7); }
  | "COPY" error { HELP("COPY"); }
  ;
copy_query: preparable_stmt ;
copy_options:
    %empty { $$ = LIST1(NULL); }
  | copy_legacy_options
  | "WITH" copy_legacy_options { $$ = $2; }
  | "WITH" '(' copy_option_list ')' { $$ = $3; }
  | '(' copy_option_list ')' { $$ = $2; }
  ;
copy_option_list:
    copy_option { $$ = LIST1($1); }
  | copy_option_list ',' copy_option { $$ = PUSH($1, $3); }
  ;
copy_option:
    copy_word { $$ = mk_option(p, @1, $1, NULL); }
  | copy_word string_value { $$ = mk_option(p, @1, $1, $2); }
  | copy_word non_reserved_name { $$ = mk_option(p, @1, $1, mk_name(p, @2, $2)); }
  | copy_word "TRUE" { $$ = mk_option(p, @1, $1, NODE(BOOLEAN, boolean, @2, .value = true)); }
  | copy_word "FALSE" { $$ = mk_option(p, @1, $1, NODE(BOOLEAN, boolean, @2, .value = false)); }
  | copy_word "ON" { $$ = mk_option(p, @1, $1, NODE(BOOLEAN, boolean, @2, .value = true)); }
  | copy_word ICONST { $$ = mk_option(p, @1, $1, mk_number(p, @2, $2, true)); }
  | copy_word '*' { $$ = mk_option(p, @1, $1, NODE(COLUMN_REF, column_ref, @2, .star = true)); }
  | copy_word '(' name_list ')' { $$ = mk_option(p, @1, $1, mk_name_tuple(p, @2, $3)); }
  ;
copy_word: non_reserved_name | "NULL" ;
copy_legacy_options:
    copy_legacy_option { $$ = LIST1($1); }
  | copy_legacy_options copy_legacy_option { $$ = PUSH($1, $2); }
  ;
copy_legacy_option:
    "BINARY" { $$ = mk_option(p, @1, STR("format"), mk_name(p, @1, $1)); }
  | "CSV" { $$ = mk_option(p, @1, STR("format"), mk_name(p, @1, $1)); }
  | "DELIMITER" opt_as string_value { $$ = mk_option(p, @1, $1, $3); }
  | "NULL" opt_as string_value { $$ = mk_option(p, @1, $1, $3); }
  | "QUOTE" opt_as string_value { $$ = mk_option(p, @1, $1, $3); }
  | "ESCAPE" opt_as string_value { $$ = mk_option(p, @1, $1, $3); }
  | "ENCODING" string_value { $$ = mk_option(p, @1, $1, $2); }
  | "HEADER" { $$ = mk_option(p, @1, $1, NULL); }
  | "FREEZE" { $$ = mk_option(p, @1, $1, NULL); }
  | IDENT '=' string_value { $$ = mk_option(p, @1, $1, $3); }
  ;
opt_as: %empty | "AS" ;
string_value:
    SCONST { $$ = NODE(STRING, string, @1, .value = $1); }
  | PLACEHOLDER_NUMBER { $$ = mk_placeholder(p, @1, $1); }
  ;
