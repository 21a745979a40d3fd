%type <node> create_table_stmt create_index_stmt alter_table_stmt table_element column_def column_constraint
%type <node> column_constraint_core table_constraint table_constraint_core index_def family_def like_table
%type <node> opt_partition_by_table partition_by partition opt_subpartition locality index_elem
%type <node> references index_body alter_cmd storage_param opt_using_expr
%type <list> table_elements opt_table_elements column_constraints index_elems opt_storing opt_storage storage_params
%type <list> like_options  partitions alter_cmds opt_identity_options
%type <choice> opt_persistence opt_on_commit opt_with_data fk_match fk_action opt_index_method
%type <choice> opt_deferrable stored_or_virtual trigger_switch
%type <flag> opt_if_not_exists opt_if_exists opt_unique opt_concurrently
%type <node> fk_actions opt_hash opt_visibility opt_index_where
%type <str> opt_opclass opt_index_name opt_collation like_option_word storage_name
%type <node> identity_kind alter_column_cmd set_data_type

%%
// ---- CREATE TABLE ---------------------------------------------------------------------------------------------
opt_if_not_exists: %empty %prec NO_IF { $$ = false; } | "IF" "NOT" "EXISTS" { $$ = true; } ;
opt_if_exists: %empty %prec NO_IF { $$ = false; } | "IF" "EXISTS" { $$ = true; } ;
opt_persistence:
    %empty %prec NO_PERSISTENCE { $$ = AST_PERSISTENCE_PERMANENT; }
  | "TEMPORARY" { $$ = AST_PERSISTENCE_TEMPORARY; }
  | "TEMP" { $$ = AST_PERSISTENCE_TEMPORARY; }
  | "LOCAL" "TEMPORARY" { $$ = AST_PERSISTENCE_TEMPORARY; }
  | "LOCAL" "TEMP" { $$ = AST_PERSISTENCE_TEMPORARY; }
  | "GLOBAL" "TEMPORARY" { $$ = AST_PERSISTENCE_TEMPORARY; }
  | "GLOBAL" "TEMP" { $$ = AST_PERSISTENCE_TEMPORARY; }
  | "UNLOGGED" { $$ = AST_PERSISTENCE_UNLOGGED; }
  ;
create_table_stmt:
    "CREATE" opt_persistence "TABLE" opt_if_not_exists table_name '(' opt_table_elements ')' opt_partition_by_table
        opt_storage opt_on_commit locality_or_as
    {
        struct ast_create_table *as = AS(create_table, $12);
        if (!check_table_elements($7, as->as_query != NULL)) {
            p->code = ERR_SYNTAX_ERROR;
            HELP("CREATE TABLE");
        }
        $$ = NODE(CREATE_TABLE, create_table, @1, .persistence = (enum ast_persistence)$2, .if_not_exists = $4,
                  .name = $5, .elements = $7, .partition_by = $9, .storage = $10,
                  .on_commit = (enum ast_on_commit)$11, .locality = as->locality, .as_query = as->as_query,
                  .with_data = as->with_data);
    }
  | "CREATE" opt_persistence "TABLE" opt_if_not_exists table_name opt_storage opt_on_commit create_as
    {
        struct ast_create_table *as = AS(create_table, $8);
        $$ = NODE(CREATE_TABLE, create_table, @1, .persistence = (enum ast_persistence)$2, .if_not_exists = $4,
                  .name = $5, .storage = $6, .on_commit = (enum ast_on_commit)$7, .as_query = as->as_query,
                  .with_data = as->with_data);
    }
  | "CREATE" opt_persistence "TABLE" error { HELP("CREATE TABLE"); }
  ;
// A CREATE_TABLE node with the query.
%type <node> create_as locality_or_as;
create_as:
    "AS" select_stmt opt_with_data
    { $$ = NODE(CREATE_TABLE, create_table, @1, .as_query = $2, .with_data = (enum ast_with_data)$3); }
  ;
locality_or_as:
    %empty { $$ = NODE(CREATE_TABLE, create_table, 0); }
  | locality { $$ = NODE(CREATE_TABLE, create_table, 0, .locality = $1); }
  | create_as
  ;
opt_table_elements: %empty { $$ = LIST1(NULL); } | table_elements | table_elements ',' ;
table_elements: table_element { $$ = LIST1($1); } | table_elements ',' table_element { $$ = PUSH($1, $3); } ;
// A column without type is for CREATE TABLE … AS.
table_element:
    column_def
  | name as_column_constraints { $$ = NODE(COLUMN_DEF, column_def, @1, .name = $1, .constraints = $2); }
  | index_def
  | family_def
  | table_constraint
  | like_table
  ;

as_column_constraints:
    %empty { $$ = LIST1(NULL); }
  | as_column_constraints as_column_constraint { $$ = PUSH($1, $2); }
  ;
%type <list> as_column_constraints;
%type <node> as_column_constraint;
as_column_constraint:
    "PRIMARY" "KEY"
    {
        $$ = NODE(CONSTRAINT, constraint, @1, .kind = AST_CONSTRAINT_PRIMARY_KEY,
                  .index = NODE(INDEX_DEF, index_def, @1, .unique = true));
    }
  | "FAMILY" name { $$ = NODE(CONSTRAINT, constraint, @1, .kind = AST_CONSTRAINT_FAMILY, .text = $2); }
  ;
opt_with_data:
    %empty { $$ = AST_WITH_DATA_DEFAULT; }
  | "WITH" "DATA" { $$ = AST_WITH_DATA_YES; }
  | "WITH" "NO" "DATA" { $$ = AST_WITH_DATA_NO; }
  ;
opt_on_commit:
    %empty { $$ = AST_ON_COMMIT_DEFAULT; }
  | "ON" "COMMIT" "PRESERVE" "ROWS" { $$ = AST_ON_COMMIT_PRESERVE_ROWS; }
  | "ON" "COMMIT" "DELETE" "ROWS" { $$ = AST_ON_COMMIT_DELETE_ROWS; }
  | "ON" "COMMIT" "DROP" { $$ = AST_ON_COMMIT_DROP; }
  ;
opt_storage: %empty { $$ = LIST1(NULL); } | "WITH" '(' storage_params ')' { $$ = $3; } ;
storage_params:
    storage_param { $$ = LIST1($1); }
  | storage_params ',' storage_param { $$ = PUSH($1, $3); }
  ;
storage_name: any_name | SCONST | any_name '.' any_name { $$ = str_join(p, $1, ".", $3); } ;
storage_param:
    storage_name { $$ = mk_option(p, @1, $1, NULL); }
  | storage_name '=' expr { $$ = mk_option(p, @1, $1, $3); }
  | storage_name '=' "ON" { $$ = mk_option(p, @1, $1, NODE(BOOLEAN, boolean, @3, .value = true)); }
  ;

// ---- Columns --------------------------------------------------------------------------------------------------
column_def:
    name type_name column_constraints
    {
        const char *problem = check_column_constraints($3);
        if (problem != NULL)
            FAIL("%s for column \"%.*s\"", problem, STR_FMT($1));
        $$ = NODE(COLUMN_DEF, column_def, @1, .name = $1, .type = $2, .constraints = $3);
    }
  ;
column_constraints:
    %empty { $$ = LIST1(NULL); }
  | column_constraints column_constraint { $$ = PUSH($1, $2); }
  ;
column_constraint:
    "CONSTRAINT" name column_constraint_core { AS(constraint, $3)->name = $2; $$ = $3; }
  | column_constraint_core
  ;
column_constraint_core:
    "NOT" "NULL" { $$ = NODE(CONSTRAINT, constraint, @1, .kind = AST_CONSTRAINT_NOT_NULL); }
  | "NULL" { $$ = NODE(CONSTRAINT, constraint, @1, .kind = AST_CONSTRAINT_NULL); }
  | NOT_VISIBLE_LA "VISIBLE" { $$ = NODE(CONSTRAINT, constraint, @1, .kind = AST_CONSTRAINT_NOT_VISIBLE); }
  | "UNIQUE" opt_deferrable
    {
        $$ = NODE(CONSTRAINT, constraint, @1, .kind = AST_CONSTRAINT_UNIQUE,
                  .index = NODE(INDEX_DEF, index_def, @1, .unique = true), .deferrable = (enum ast_deferrable)$2);
    }
  | "UNIQUE" "WITHOUT" "INDEX"
    {
        $$ = NODE(CONSTRAINT, constraint, @1, .kind = AST_CONSTRAINT_UNIQUE, .without_index = true,
                  .index = NODE(INDEX_DEF, index_def, @1, .unique = true));
    }
  | "PRIMARY" "KEY" opt_hash opt_storage opt_deferrable
    {
        struct ast_index_def *hash = AS(index_def, $3);
        hash->unique = true;
        hash->storage = $4;
        $$ = NODE(CONSTRAINT, constraint, @1, .kind = AST_CONSTRAINT_PRIMARY_KEY, .index = $3,
                  .deferrable = (enum ast_deferrable)$5);
    }
  | "CHECK" '(' expr ')' { $$ = NODE(CONSTRAINT, constraint, @1, .kind = AST_CONSTRAINT_CHECK, .expr = $3); }
  | "DEFAULT" b_expr { $$ = NODE(CONSTRAINT, constraint, @1, .kind = AST_CONSTRAINT_DEFAULT, .expr = $2); }
  | "ON" "UPDATE" b_expr { $$ = NODE(CONSTRAINT, constraint, @1, .kind = AST_CONSTRAINT_ON_UPDATE, .expr = $3); }
  | references
  | "AS" '(' expr ')' stored_or_virtual
    { $$ = NODE(CONSTRAINT, constraint, @1, .kind = (enum ast_constraint_kind)$5, .expr = $3); }
  | GENERATED_LA "ALWAYS" "AS" '(' expr ')' stored_or_virtual
    { $$ = NODE(CONSTRAINT, constraint, @1, .kind = (enum ast_constraint_kind)$7, .expr = $5); }
  | identity_kind opt_identity_options { AS(constraint, $1)->options = $2; $$ = $1; }
  | "COLLATE" collation_name { $$ = NODE(CONSTRAINT, constraint, @1, .kind = AST_CONSTRAINT_COLLATE, .text = $2); }
  | "FAMILY" name { $$ = NODE(CONSTRAINT, constraint, @1, .kind = AST_CONSTRAINT_FAMILY, .text = $2); }
  | "CREATE" "FAMILY" opt_name
    { $$ = NODE(CONSTRAINT, constraint, @1, .kind = AST_CONSTRAINT_FAMILY, .text = $3, .create = true); }
  | "CREATE" "IF" "NOT" "EXISTS" "FAMILY" name
    {
        $$ = NODE(CONSTRAINT, constraint, @1, .kind = AST_CONSTRAINT_FAMILY, .text = $6, .create = true,
                  .if_not_exists = true);
    }
  ;
stored_or_virtual:
    "STORED" { $$ = AST_CONSTRAINT_COMPUTED_STORED; }
  | "VIRTUAL" { $$ = AST_CONSTRAINT_COMPUTED_VIRTUAL; }
  ;
identity_kind:
    GENERATED_LA "ALWAYS" "AS" "IDENTITY"
    { $$ = NODE(CONSTRAINT, constraint, @1, .kind = AST_CONSTRAINT_IDENTITY_ALWAYS); }
  | GENERATED_LA "BY" "DEFAULT" "AS" "IDENTITY"
    { $$ = NODE(CONSTRAINT, constraint, @1, .kind = AST_CONSTRAINT_IDENTITY_BY_DEFAULT); }
  ;
opt_identity_options: %empty { $$ = LIST1(NULL); } | '(' sequence_options ')' { $$ = $2; } ;

references:
    "REFERENCES" table_name opt_name_list fk_match fk_actions opt_deferrable
    {
        struct ast_constraint *actions = AS(constraint, $5);
        $$ = NODE(CONSTRAINT, constraint, @1, .kind = AST_CONSTRAINT_FOREIGN_KEY, .ref_table = $2, .ref_columns = $3,
                  .match = (enum ast_fk_match)$4, .on_delete = actions->on_delete, .on_update = actions->on_update,
                  .deferrable = (enum ast_deferrable)$6);
    }
  ;
fk_match:
    %empty { $$ = AST_FK_MATCH_SIMPLE; }
  | "MATCH" "SIMPLE" { $$ = AST_FK_MATCH_SIMPLE; }
  | "MATCH" "FULL" { $$ = AST_FK_MATCH_FULL; }
  | "MATCH" "PARTIAL" { UNIMPLEMENTED("MATCH PARTIAL"); }
  ;
// A CONSTRAINT node with the actions.
fk_actions:
    %empty { $$ = NODE(CONSTRAINT, constraint, 0); }
  | on_delete_action
  | on_update_action
  | on_delete_action on_update_action { AS(constraint, $1)->on_update = AS(constraint, $2)->on_update; $$ = $1; }
  | on_update_action on_delete_action { AS(constraint, $1)->on_delete = AS(constraint, $2)->on_delete; $$ = $1; }
  ;
%type <node> on_delete_action on_update_action;
on_delete_action:
    ON_LA "DELETE" fk_action { $$ = NODE(CONSTRAINT, constraint, @1, .on_delete = (enum ast_fk_action)$3); } ;
on_update_action:
    ON_LA "UPDATE" fk_action { $$ = NODE(CONSTRAINT, constraint, @1, .on_update = (enum ast_fk_action)$3); } ;
fk_action:
    "NO" "ACTION" { $$ = AST_FK_NO_ACTION; }
  | "RESTRICT" { $$ = AST_FK_RESTRICT; }
  | "CASCADE" { $$ = AST_FK_CASCADE; }
  | "SET" "NULL" { $$ = AST_FK_SET_NULL; }
  | "SET" "DEFAULT" { $$ = AST_FK_SET_DEFAULT; }
  ;
opt_deferrable:
    %empty { $$ = AST_DEFERRABLE_DEFAULT; }
  | "DEFERRABLE" { $$ = AST_DEFERRABLE_IMMEDIATE; }
  | "DEFERRABLE" "INITIALLY" "IMMEDIATE" { $$ = AST_DEFERRABLE_IMMEDIATE; }
  | "DEFERRABLE" "INITIALLY" "DEFERRED" { $$ = AST_DEFERRABLE_DEFERRED; }
  | "INITIALLY" "DEFERRED" { $$ = AST_DEFERRABLE_DEFERRED; }
  | "INITIALLY" "IMMEDIATE" { $$ = AST_DEFERRABLE_DEFAULT; }
  | NOT_DEFERRABLE_LA "DEFERRABLE" { $$ = AST_DEFERRABLE_NOT; }
  | NOT_DEFERRABLE_LA "DEFERRABLE" "INITIALLY" "IMMEDIATE" { $$ = AST_DEFERRABLE_NOT; }
  ;

// ---- Table constraints, indexes, families ---------------------------------------------------------------------
table_constraint:
    "CONSTRAINT" name table_constraint_core { AS(constraint, $3)->name = $2; $3->position = @1; $$ = $3; }
  | "CONSTRAINT" "IF" "NOT" "EXISTS" name table_constraint_core
    {
        AS(constraint, $6)->name = $5;
        AS(constraint, $6)->if_not_exists = true;
        $6->position = @1;
        $$ = $6;
    }
  | table_constraint_core
  ;
table_constraint_core:
    "CHECK" '(' expr ')' opt_deferrable
    {
        $$ = NODE(CONSTRAINT, constraint, @1, .kind = AST_CONSTRAINT_CHECK, .expr = $3,
                  .deferrable = (enum ast_deferrable)$5);
    }
  | "UNIQUE" index_body opt_deferrable
    {
        AS(index_def, $2)->unique = true;
        $$ = NODE(CONSTRAINT, constraint, @1, .kind = AST_CONSTRAINT_UNIQUE, .index = $2,
                  .deferrable = (enum ast_deferrable)$3);
    }
  | "UNIQUE" "WITHOUT" "INDEX" index_body
    {
        AS(index_def, $4)->unique = true;
        $$ = NODE(CONSTRAINT, constraint, @1, .kind = AST_CONSTRAINT_UNIQUE, .index = $4, .without_index = true);
    }
  | "PRIMARY" "KEY" index_body opt_deferrable
    {
        AS(index_def, $3)->unique = true;
        $$ = NODE(CONSTRAINT, constraint, @1, .kind = AST_CONSTRAINT_PRIMARY_KEY, .index = $3,
                  .deferrable = (enum ast_deferrable)$4);
    }
  | "FOREIGN" "KEY" '(' name_list ')' references
    {
        AS(constraint, $6)->columns = $4;
        $6->position = @1;
        $$ = $6;
    }
  ;
// (columns) and everything that may follow, as one INDEX_DEF.
index_body:
    '(' index_elems ')' opt_hash opt_storing opt_partition_by_table opt_storage opt_index_where opt_visibility
    {
        struct ast_index_def *i = AS(index_def, $4), *v = AS(index_def, $9);
        i->columns = $2;
        i->storing = $5;
        i->partition_by = $6;
        i->storage = $7;
        i->where = $8;
        i->not_visible = v->not_visible;
        i->visibility = v->visibility;
        $4->position = @1;
        $$ = $4;
    }
  ;
index_elems: index_elem { $$ = LIST1($1); } | index_elems ',' index_elem { $$ = PUSH($1, $3); } ;
index_elem:
    index_key opt_opclass opt_direction opt_nulls
    {
        struct ast_index_elem *e = AS(index_elem, $1);
        e->opclass = $2;
        e->direction = (enum ast_direction)$3;
        e->nulls = (enum ast_nulls)$4;
        $$ = $1;
    }
  ;
%type <node> index_key;
index_key:
    name { $$ = NODE(INDEX_ELEM, index_elem, @1, .column = $1); }
  | call_core { $$ = NODE(INDEX_ELEM, index_elem, @1, .expr = $1); }
  | common_function { $$ = NODE(INDEX_ELEM, index_elem, @1, .expr = $1); }
  | '(' expr ')' { $$ = NODE(INDEX_ELEM, index_elem, @1, .expr = $2); }
  ;
opt_opclass: %empty { $$ = STR_NONE; } | name ;
// An INDEX_DEF with the hash sharding.
opt_hash:
    %empty { $$ = NODE(INDEX_DEF, index_def, 0); }
  | "USING" "HASH" { $$ = NODE(INDEX_DEF, index_def, @1, .hash_sharded = true); }
  | "USING" "HASH" WITH_LA "BUCKET_COUNT" '=' expr
    { $$ = NODE(INDEX_DEF, index_def, @1, .hash_sharded = true, .hash_buckets = $6); }
  ;
opt_storing: %empty { $$ = LIST1(NULL); } | storing_word '(' name_list ')' { $$ = $3; } ;
storing_word: "STORING" | "COVERING" | "INCLUDE" ;
opt_index_where: opt_where ;
opt_visibility:
    %empty { $$ = NODE(INDEX_DEF, index_def, 0); }
  | "VISIBLE" { $$ = NODE(INDEX_DEF, index_def, @1); }
  | NOT_VISIBLE_LA "VISIBLE" { $$ = NODE(INDEX_DEF, index_def, @1, .not_visible = true); }
  | "VISIBILITY" FCONST { $$ = NODE(INDEX_DEF, index_def, @1, .visibility = mk_number(p, @2, $2, false)); }
  | "VISIBILITY" ICONST { $$ = NODE(INDEX_DEF, index_def, @1, .visibility = mk_number(p, @2, $2, true)); }
  ;
index_def:
    "INDEX" opt_name index_body { AS(index_def, $3)->name = $2; $3->position = @1; $$ = $3; }
  | "UNIQUE" "INDEX" opt_name index_body
    {
        AS(index_def, $4)->name = $3;
        AS(index_def, $4)->unique = true;
        $4->position = @1;
        $$ = $4;
    }
  | "INVERTED" "INDEX" opt_name index_body
    {
        AS(index_def, $4)->name = $3;
        AS(index_def, $4)->method = AST_INDEX_INVERTED;
        $4->position = @1;
        $$ = $4;
    }
  | "VECTOR" "INDEX" opt_name index_body
    {
        AS(index_def, $4)->name = $3;
        AS(index_def, $4)->method = AST_INDEX_VECTOR;
        $4->position = @1;
        $$ = $4;
    }
  ;
family_def: "FAMILY" opt_name '(' name_list ')' { $$ = NODE(FAMILY_DEF, family_def, @1, .name = $2, .columns = $4); } ;
like_table:
    "LIKE" table_name like_options { $$ = NODE(LIKE_TABLE, like_table, @1, .table = $2, .options = $3); } ;
like_options:
    %empty { $$ = LIST1(NULL); }
  | like_options "INCLUDING" like_option_word { $$ = PUSH($1, mk_option(p, @2, str_join(p, $2, " ", $3), NULL)); }
  | like_options "EXCLUDING" like_option_word { $$ = PUSH($1, mk_option(p, @2, str_join(p, $2, " ", $3), NULL)); }
  ;
like_option_word: "CONSTRAINTS" | "DEFAULTS" | "GENERATED" | "INDEXES" | "ALL" | "COMMENTS" | "STATISTICS" | "STORAGE"
  | "IDENTITY" ;

// ---- Partitioning and locality --------------------------------------------------------------------------------
opt_partition_by_table:
    %empty { $$ = NULL; }
  | partition_by
  ;
partition_by:
    "PARTITION" "BY" partition_scheme { $3->position = @1; $$ = $3; }
  | "PARTITION" "ALL" "BY" partition_scheme { AS(partition_by, $4)->all = true; $4->position = @1; $$ = $4; }
  ;
%type <node> partition_scheme;
partition_scheme:
    "LIST" '(' name_list ')' '(' partitions ')'
    { $$ = NODE(PARTITION_BY, partition_by, @1, .kind = AST_PARTITION_LIST, .columns = $3, .partitions = $6); }
  | "RANGE" '(' name_list ')' '(' partitions ')'
    { $$ = NODE(PARTITION_BY, partition_by, @1, .kind = AST_PARTITION_RANGE, .columns = $3, .partitions = $6); }
  | "NOTHING" { $$ = NODE(PARTITION_BY, partition_by, @1, .kind = AST_PARTITION_NOTHING); }
  ;
partitions: partition { $$ = LIST1($1); } | partitions ',' partition { $$ = PUSH($1, $3); } ;
partition:
    "PARTITION" name "VALUES" "IN" '(' expr_list ')' opt_subpartition
    { $$ = NODE(PARTITION, partition, @1, .name = $2, .values = $6, .subpartition = $8); }
  | "PARTITION" name "VALUES" "FROM" '(' expr_list ')' "TO" '(' expr_list ')' opt_subpartition
    { $$ = NODE(PARTITION, partition, @1, .name = $2, .from = $6, .to = $10, .subpartition = $12); }
  ;
opt_subpartition: %empty { $$ = NULL; } | partition_by ;
locality:
    "LOCALITY" "GLOBAL" { $$ = NODE(LOCALITY, locality, @1, .kind = AST_LOCALITY_GLOBAL); }
  | "LOCALITY" "REGIONAL" { $$ = NODE(LOCALITY, locality, @1, .kind = AST_LOCALITY_REGIONAL_BY_TABLE); }
  | "LOCALITY" "REGIONAL" "IN" region
    { $$ = NODE(LOCALITY, locality, @1, .kind = AST_LOCALITY_REGIONAL_BY_TABLE, .region = $4); }
  | "LOCALITY" "REGIONAL" "BY" "TABLE" { $$ = NODE(LOCALITY, locality, @1, .kind = AST_LOCALITY_REGIONAL_BY_TABLE); }
  | "LOCALITY" "REGIONAL" "BY" "TABLE" "IN" region
    { $$ = NODE(LOCALITY, locality, @1, .kind = AST_LOCALITY_REGIONAL_BY_TABLE, .region = $6); }
  | "LOCALITY" "REGIONAL" "BY" "ROW" { $$ = NODE(LOCALITY, locality, @1, .kind = AST_LOCALITY_REGIONAL_BY_ROW); }
  | "LOCALITY" "REGIONAL" "BY" "ROW" "AS" name
    { $$ = NODE(LOCALITY, locality, @1, .kind = AST_LOCALITY_REGIONAL_BY_ROW, .column = $6); }
  ;
%type <str> region;
region: name | SCONST | "PRIMARY" "REGION" { $$ = STR_NONE; } ;

// ---- CREATE INDEX ---------------------------------------------------------------------------------------------
opt_unique: %empty { $$ = false; } | "UNIQUE" { $$ = true; } ;
opt_concurrently: %empty { $$ = false; } | "CONCURRENTLY" { $$ = true; } ;
create_index_stmt:
    "CREATE" opt_unique "INDEX" opt_concurrently opt_if_not_exists opt_index_name "ON" table_name opt_index_method
        index_body
    {
        struct ast_index_def *i = AS(index_def, $10);
        i->unique = $2;
        i->name = $6;
        i->method = (enum ast_index_method)($9 & ~INDEX_METHOD_HASH);
        i->hash_sharded |= ($9 & INDEX_METHOD_HASH) != 0;
        if ($5 && $6.ptr == NULL)
            FAIL("index name must be specified with IF NOT EXISTS");
        $$ = NODE(CREATE_INDEX, create_index, @1, .table = $8, .index = $10, .if_not_exists = $5, .concurrently = $4);
    }
  | "CREATE" opt_unique "INVERTED" "INDEX" opt_concurrently opt_if_not_exists opt_index_name "ON" table_name index_body
    {
        struct ast_index_def *i = AS(index_def, $10);
        i->unique = $2;
        i->name = $7;
        i->method = AST_INDEX_INVERTED;
        $$ = NODE(CREATE_INDEX, create_index, @1, .table = $9, .index = $10, .if_not_exists = $6, .concurrently = $5);
    }
  | "CREATE" "VECTOR" "INDEX" opt_concurrently opt_if_not_exists opt_index_name "ON" table_name opt_index_method
        index_body
    {
        (void)$9;
        struct ast_index_def *i = AS(index_def, $10);
        i->name = $6;
        i->method = AST_INDEX_VECTOR;
        $$ = NODE(CREATE_INDEX, create_index, @1, .table = $8, .index = $10, .if_not_exists = $5, .concurrently = $4);
    }
  | "CREATE" opt_unique "INDEX" error { HELP("CREATE INDEX"); }
  ;
opt_index_name: opt_name ;
opt_index_method:
    %empty { $$ = AST_INDEX_BTREE; }
  | "USING" name
    {
        int method = index_method_of($2);
        if (method == INDEX_METHOD_MISSING)
            UNIMPLEMENTED(arena_printf(p->arena, "index using %.*s", STR_FMT($2)).ptr);
        if (method < 0)
            FAIL("unrecognized access method: %.*s", STR_FMT($2));
        $$ = method;
    }
  ;

// ---- ALTER TABLE ----------------------------------------------------------------------------------------------
alter_table_stmt:
    "ALTER" "TABLE" opt_if_exists relation_name alter_cmds
    { $$ = NODE(ALTER_TABLE, alter_table, @1, .name = $4, .if_exists = $3, .cmds = $5); }
  | "ALTER" "TABLE" opt_if_exists relation_name "RENAME" "TO" table_name
    {
        $$ = mk_alter_object(p, @1, AST_OBJECT_TABLE, $4, $3, AST_ALTER_RENAME, AS(object_name, $7)->name);
    }
  | "ALTER" "TABLE" opt_if_exists relation_name "SET" "SCHEMA" name
    { $$ = mk_alter_object(p, @1, AST_OBJECT_TABLE, $4, $3, AST_ALTER_SET_SCHEMA, $7); }
  | "ALTER" "TABLE" opt_if_exists relation_name "OWNER" "TO" role_name
    { $$ = mk_alter_object(p, @1, AST_OBJECT_TABLE, $4, $3, AST_ALTER_OWNER, $7); }
  | "ALTER" "TABLE" opt_if_exists relation_name zone_config
    {
        (void)$3;
        AS(configure_zone, $5)->kind = AST_OBJECT_TABLE;
        AS(configure_zone, $5)->name = $4;
        $$ = $5;
    }
  | "ALTER" "TABLE" opt_if_exists relation_name split_cmd
    { $$ = NODE(ALTER_TABLE, alter_table, @1, .name = $4, .if_exists = $3, .cmds = LIST1($5)); }
  | "ALTER" "TABLE" error { HELP("ALTER TABLE"); }
  ;
%type <node> split_cmd;
split_cmd:
    "SPLIT" "AT" select_stmt
    { $$ = NODE(ALTER_TABLE_CMD, alter_table_cmd, @1, .action = AST_ALTER_SPLIT_AT, .def = $3); }
  | "SPLIT" "AT" select_stmt "WITH" "EXPIRATION" expr
    { $$ = NODE(ALTER_TABLE_CMD, alter_table_cmd, @1, .action = AST_ALTER_SPLIT_AT, .def = $3, .expr = $6); }
  | "UNSPLIT" "AT" select_stmt
    { $$ = NODE(ALTER_TABLE_CMD, alter_table_cmd, @1, .action = AST_ALTER_UNSPLIT_AT, .def = $3); }
  | "UNSPLIT" "ALL" { $$ = NODE(ALTER_TABLE_CMD, alter_table_cmd, @1, .action = AST_ALTER_UNSPLIT_ALL); }
  | "SCATTER" { $$ = NODE(ALTER_TABLE_CMD, alter_table_cmd, @1, .action = AST_ALTER_SCATTER); }
  ;
alter_cmds: alter_cmd { $$ = LIST1($1); } | alter_cmds ',' alter_cmd { $$ = PUSH($1, $3); } ;
alter_cmd:
    "INJECT" "STATISTICS" expr
    { $$ = NODE(ALTER_TABLE_CMD, alter_table_cmd, @1, .action = AST_ALTER_INJECT_STATISTICS, .expr = $3); }
  | "ADD" column_def { $$ = NODE(ALTER_TABLE_CMD, alter_table_cmd, @1, .action = AST_ALTER_ADD_COLUMN, .def = $2); }
  | "ADD" "IF" "NOT" "EXISTS" column_def
    { $$ = NODE(ALTER_TABLE_CMD, alter_table_cmd, @1, .action = AST_ALTER_ADD_COLUMN, .def = $5, .if_not_exists = true); }
  | "ADD" "COLUMN" opt_if_not_exists column_def
    { $$ = NODE(ALTER_TABLE_CMD, alter_table_cmd, @1, .action = AST_ALTER_ADD_COLUMN, .def = $4, .if_not_exists = $3); }
  | "DROP" opt_column opt_if_exists name opt_drop_behavior
    {
        $$ = NODE(ALTER_TABLE_CMD, alter_table_cmd, @1, .action = AST_ALTER_DROP_COLUMN, .name = $4, .if_exists = $3,
                  .behavior = (enum ast_drop_behavior)$5);
    }
  | "RENAME" opt_column name "TO" name
    { $$ = NODE(ALTER_TABLE_CMD, alter_table_cmd, @1, .action = AST_ALTER_RENAME_COLUMN, .name = $3, .new_name = $5); }
  | "RENAME" "CONSTRAINT" name "TO" name
    {
        $$ = NODE(ALTER_TABLE_CMD, alter_table_cmd, @1, .action = AST_ALTER_RENAME_CONSTRAINT, .name = $3,
                  .new_name = $5);
    }
  | "ALTER" opt_column name alter_column_cmd { AS(alter_table_cmd, $4)->name = $3; $4->position = @1; $$ = $4; }
  | "ADD" table_constraint opt_not_valid
    {
        AS(constraint, $2)->not_valid = $3;
        $$ = NODE(ALTER_TABLE_CMD, alter_table_cmd, @1, .action = AST_ALTER_ADD_CONSTRAINT, .def = $2,
                  .if_not_exists = AS(constraint, $2)->if_not_exists);
    }
  | "ADD" index_def { $$ = NODE(ALTER_TABLE_CMD, alter_table_cmd, @1, .action = AST_ALTER_ADD_INDEX, .def = $2); }
  | "ALTER" "PRIMARY" "KEY" "USING" "COLUMNS" '(' index_elems ')' opt_hash opt_storage
    {
        AS(index_def, $9)->columns = $7;
        AS(index_def, $9)->storage = $10;
        $$ = NODE(ALTER_TABLE_CMD, alter_table_cmd, @1, .action = AST_ALTER_PRIMARY_KEY, .def = $9);
    }
  | "VALIDATE" "CONSTRAINT" name
    { $$ = NODE(ALTER_TABLE_CMD, alter_table_cmd, @1, .action = AST_ALTER_VALIDATE_CONSTRAINT, .name = $3); }
  | "DROP" "CONSTRAINT" opt_if_exists name opt_drop_behavior
    {
        $$ = NODE(ALTER_TABLE_CMD, alter_table_cmd, @1, .action = AST_ALTER_DROP_CONSTRAINT, .name = $4,
                  .if_exists = $3, .behavior = (enum ast_drop_behavior)$5);
    }
  | "DROP" "PRIMARY" "KEY"
    { $$ = NODE(ALTER_TABLE_CMD, alter_table_cmd, @1, .action = AST_ALTER_DROP_PRIMARY_KEY); }
  | "SET" '(' storage_params ')'
    { $$ = NODE(ALTER_TABLE_CMD, alter_table_cmd, @1, .action = AST_ALTER_SET_STORAGE, .options = $3); }
  | "RESET" '(' storage_params ')'
    { $$ = NODE(ALTER_TABLE_CMD, alter_table_cmd, @1, .action = AST_ALTER_RESET_STORAGE, .options = $3); }
  | "SET" "LOGGED" { $$ = NODE(ALTER_TABLE_CMD, alter_table_cmd, @1, .action = AST_ALTER_SET_LOGGED); }
  | "SET" "UNLOGGED" { $$ = NODE(ALTER_TABLE_CMD, alter_table_cmd, @1, .action = AST_ALTER_SET_UNLOGGED); }
  | "SET" locality
    { $$ = NODE(ALTER_TABLE_CMD, alter_table_cmd, @1, .action = AST_ALTER_SET_LOCALITY, .def = $2); }
  | partition_by
    {
        $$ = NODE(ALTER_TABLE_CMD, alter_table_cmd, @1, .def = $1,
                  .action = AS(partition_by, $1)->all ? AST_ALTER_PARTITION_ALL_BY : AST_ALTER_PARTITION_BY);
    }
  | trigger_switch name
    {
        $$ = NODE(ALTER_TABLE_CMD, alter_table_cmd, @1, .action = (enum ast_alter_table_action)$1, .name = $2);
    }
  | trigger_switch "ALL"
    {
        $$ = NODE(ALTER_TABLE_CMD, alter_table_cmd, @1, .action = (enum ast_alter_table_action)$1,
                  .new_name = STR("ALL"));
    }
  | trigger_switch "USER"
    {
        $$ = NODE(ALTER_TABLE_CMD, alter_table_cmd, @1, .action = (enum ast_alter_table_action)$1,
                  .new_name = STR("USER"));
    }
  | "ENABLE" "ROW" "LEVEL" "SECURITY"
    { $$ = NODE(ALTER_TABLE_CMD, alter_table_cmd, @1, .action = AST_ALTER_ENABLE_RLS); }
  | "DISABLE" "ROW" "LEVEL" "SECURITY"
    { $$ = NODE(ALTER_TABLE_CMD, alter_table_cmd, @1, .action = AST_ALTER_DISABLE_RLS); }
  | "FORCE" "ROW" "LEVEL" "SECURITY"
    { $$ = NODE(ALTER_TABLE_CMD, alter_table_cmd, @1, .action = AST_ALTER_FORCE_RLS); }
  | "NO" "FORCE" "ROW" "LEVEL" "SECURITY"
    { $$ = NODE(ALTER_TABLE_CMD, alter_table_cmd, @1, .action = AST_ALTER_NO_FORCE_RLS); }
  ;
trigger_switch:
    "ENABLE" "TRIGGER" { $$ = AST_ALTER_ENABLE_TRIGGER; }
  | "ENABLE" "ALWAYS" "TRIGGER" { $$ = AST_ALTER_ENABLE_ALWAYS_TRIGGER; }
  | "ENABLE" "REPLICA" "TRIGGER" { $$ = AST_ALTER_ENABLE_REPLICA_TRIGGER; }
  | "DISABLE" "TRIGGER" { $$ = AST_ALTER_DISABLE_TRIGGER; }
  ;
opt_column: %empty | "COLUMN" ;
%type <flag> opt_not_valid;
opt_not_valid: %empty { $$ = false; } | NOT_VALID_LA "VALID" { $$ = true; } ;
alter_column_cmd:
    set_data_type
  | "SET" "DEFAULT" expr
    { $$ = NODE(ALTER_TABLE_CMD, alter_table_cmd, @1, .action = AST_ALTER_COLUMN_SET_DEFAULT, .expr = $3); }
  | "DROP" "DEFAULT" { $$ = NODE(ALTER_TABLE_CMD, alter_table_cmd, @1, .action = AST_ALTER_COLUMN_DROP_DEFAULT); }
  | "SET" "ON" "UPDATE" expr
    { $$ = NODE(ALTER_TABLE_CMD, alter_table_cmd, @1, .action = AST_ALTER_COLUMN_SET_ON_UPDATE, .expr = $4); }
  | "DROP" "ON" "UPDATE"
    { $$ = NODE(ALTER_TABLE_CMD, alter_table_cmd, @1, .action = AST_ALTER_COLUMN_DROP_ON_UPDATE); }
  | "SET" "NOT" "NULL"
    { $$ = NODE(ALTER_TABLE_CMD, alter_table_cmd, @1, .action = AST_ALTER_COLUMN_SET_NOT_NULL); }
  | "DROP" "NOT" "NULL"
    { $$ = NODE(ALTER_TABLE_CMD, alter_table_cmd, @1, .action = AST_ALTER_COLUMN_DROP_NOT_NULL); }
  | "DROP" "STORED" { $$ = NODE(ALTER_TABLE_CMD, alter_table_cmd, @1, .action = AST_ALTER_COLUMN_DROP_STORED); }
  | "SET" "VISIBLE" { $$ = NODE(ALTER_TABLE_CMD, alter_table_cmd, @1, .action = AST_ALTER_COLUMN_SET_VISIBLE); }
  | "SET" NOT_VISIBLE_LA "VISIBLE"
    { $$ = NODE(ALTER_TABLE_CMD, alter_table_cmd, @1, .action = AST_ALTER_COLUMN_SET_NOT_VISIBLE); }
  | "SET" '(' storage_params ')'
    { $$ = NODE(ALTER_TABLE_CMD, alter_table_cmd, @1, .action = AST_ALTER_COLUMN_SET_OPTIONS, .options = $3); }
  | "RESET" '(' storage_params ')'
    { $$ = NODE(ALTER_TABLE_CMD, alter_table_cmd, @1, .action = AST_ALTER_COLUMN_RESET_OPTIONS, .options = $3); }
  | "ADD" identity_kind opt_identity_options
    {
        AS(constraint, $2)->options = $3;
        $$ = NODE(ALTER_TABLE_CMD, alter_table_cmd, @1, .action = AST_ALTER_COLUMN_ADD_IDENTITY, .def = $2);
    }
  | identity_changes
    { $$ = NODE(ALTER_TABLE_CMD, alter_table_cmd, @1, .action = AST_ALTER_COLUMN_SET_IDENTITY, .options = $1); }
  | "DROP" "IDENTITY" opt_if_exists
    { $$ = NODE(ALTER_TABLE_CMD, alter_table_cmd, @1, .action = AST_ALTER_COLUMN_DROP_IDENTITY, .if_exists = $3); }
  ;
%type <list> identity_changes;
%type <node> identity_change;
identity_changes: identity_change { $$ = LIST1($1); } | identity_changes identity_change { $$ = PUSH($1, $2); } ;
identity_change:
    "SET" GENERATED_LA "ALWAYS" { $$ = mk_option(p, @1, STR("generated always"), NULL); }
  | "SET" GENERATED_LA "BY" "DEFAULT" { $$ = mk_option(p, @1, STR("generated by default"), NULL); }
  | "SET" sequence_option { $$ = $2; }
  | "RESTART" { $$ = mk_option(p, @1, STR("restart"), NULL); }
  | "RESTART" opt_with_word signed_int { $$ = mk_option(p, @1, STR("restart"), mk_integer(p, @3, $3)); }
  ;
set_data_type:
    opt_set_data "TYPE" type_name opt_collation opt_using_expr
    {
        $$ = NODE(ALTER_TABLE_CMD, alter_table_cmd, @1, .action = AST_ALTER_COLUMN_TYPE, .type = $3, .collation = $4,
                  .expr = $5);
    }
  ;
opt_set_data: %empty | "SET" "DATA" ;
opt_collation: %empty { $$ = STR_NONE; } | "COLLATE" collation_name { $$ = $2; } ;
opt_using_expr: %empty { $$ = NULL; } | "USING" expr { $$ = $2; } ;
