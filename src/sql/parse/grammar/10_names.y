%type <str> name type_function_name any_name non_reserved_name bare_label unreserved_keyword column_name_keyword
%type <str> type_function_keyword reserved_keyword bare_label_keyword opt_name string_or_name role_name
%type <node> object_name table_name qualified_name name_node schema_name index_name column_path prefixed_path
%type <node> role_node
%type <list> name_list opt_name_list table_name_list object_name_list schema_name_list role_list any_name_list
%type <integer> int_value signed_int
%type <node> type_name simple_type builtin_type interval_type type_suffix cast_type numeric_precision
%type <list> type_list opt_type_modifiers
%type <choice> opt_interval_fields interval_fields
%type <integer> opt_array_bounds
%type <flag> opt_varying opt_time_zone

%%

@KEYWORD_RULES@
// ---- Names ----------------------------------------------------------------------------------------------------
// Which words may name what is decided by their category in keywords.def.
name: IDENT | unreserved_keyword | column_name_keyword ;
type_function_name: IDENT | unreserved_keyword | type_function_keyword ;
non_reserved_name: IDENT | unreserved_keyword | column_name_keyword | type_function_keyword ;
any_name: IDENT | unreserved_keyword | column_name_keyword | type_function_keyword | reserved_keyword ;
bare_label: IDENT | bare_label_keyword ;
opt_name: %empty { $$ = STR_NONE; } | name ;
string_or_name: SCONST | non_reserved_name ;

name_node: name { $$ = mk_name(p, @1, $1); } ;
name_list: name_node { $$ = LIST1($1); } | name_list ',' name_node { $$ = PUSH($1, $3); } ;
opt_name_list: %empty { $$ = LIST1(NULL); } | '(' name_list ')' { $$ = $2; } ;
any_name_list:
    any_name { $$ = LIST1(mk_name(p, @1, $1)); }
  | any_name_list ',' any_name { $$ = PUSH($1, mk_name(p, @3, $3)); }
  ;

// table, schema.table or database.schema.table
qualified_name:
    name '.' any_name { $$ = mk_object(p, @1, STR_NONE, $1, $3); }
  | name '.' any_name '.' any_name { $$ = mk_object(p, @1, $1, $3, $5); }
  ;
object_name: name { $$ = mk_object(p, @1, STR_NONE, STR_NONE, $1); } | qualified_name ;
table_name: object_name ;
object_name_list:
    object_name { $$ = LIST1($1); }
  | object_name_list ',' object_name { $$ = PUSH($1, $3); }
  ;
table_name_list: object_name_list ;
schema_name:
    name { $$ = mk_object(p, @1, STR_NONE, STR_NONE, $1); }
  | name '.' any_name { $$ = mk_object(p, @1, STR_NONE, $1, $3); }
  ;
schema_name_list:
    schema_name { $$ = LIST1($1); }
  | schema_name_list ',' schema_name { $$ = PUSH($1, $3); }
  ;
index_name:
    object_name
    {
        struct ast_object_name *o = AS(object_name, $1);
        $$ = NODE(INDEX_NAME, index_name, @1, .database = o->database, .schema = o->schema, .index = o->name);
    }
  | table_name '@' any_name { $$ = NODE(INDEX_NAME, index_name, @1, .table = $1, .index = $3); }
  ;

// A column, or the column's path; also the name of a function with a prefix.
column_path: name { $$ = NODE(COLUMN_REF, column_ref, @1, .column = $1); } | prefixed_path ;
prefixed_path:
    name '.' any_name { $$ = NODE(COLUMN_REF, column_ref, @1, .table = $1, .column = $3); }
  | name '.' any_name '.' any_name { $$ = NODE(COLUMN_REF, column_ref, @1, .schema = $1, .table = $3, .column = $5); }
  | name '.' any_name '.' any_name '.' any_name
    { $$ = NODE(COLUMN_REF, column_ref, @1, .database = $1, .schema = $3, .table = $5, .column = $7); }
  ;

// The schema of a collation is not kept: all are in pg_catalog.
%type <str> collation_name;
collation_name: any_name | any_name '.' any_name { $$ = $3; } ;

role_name:
    non_reserved_name
  | SCONST
  | "CURRENT_USER"
  | "SESSION_USER"
  | "CURRENT_ROLE" { $$ = STR("current_user"); }
  ;
role_node: role_name { $$ = mk_name(p, @1, $1); } ;
role_list: role_node { $$ = LIST1($1); } | role_list ',' role_node { $$ = PUSH($1, $3); } ;

int_value:
    ICONST
    {
        bool ok;
        $$ = int_of(p, $1, &ok);
        if (!ok)
            FAIL("integer out of range");
    }
  ;
signed_int: int_value | '+' int_value { $$ = $2; } | '-' int_value { $$ = -$2; } ;

// ---- Types ----------------------------------------------------------------------------------------------------
type_name:
    simple_type opt_array_bounds { AS(type_name, $1)->array_dims = $2; $$ = $1; }
  | simple_type "ARRAY" { AS(type_name, $1)->array_dims = 1; $$ = $1; }
  | simple_type "ARRAY" '[' int_value ']' { (void)$4; AS(type_name, $1)->array_dims = 1; $$ = $1; }
  ;
cast_type: type_name ;
type_list: type_name { $$ = LIST1($1); } | type_list ',' type_name { $$ = PUSH($1, $3); } ;
opt_array_bounds:
    %empty { $$ = 0; }
  | opt_array_bounds '[' ']' { $$ = $1 + 1; }
  | opt_array_bounds '[' int_value ']' { (void)$3; $$ = $1 + 1; }
  ;
simple_type:
    builtin_type
  | interval_type
  | type_function_name opt_type_modifiers
    { $$ = mk_named_type(p, @1, mk_object(p, @1, STR_NONE, STR_NONE, $1), $2); }
  | type_function_name '.' any_name opt_type_modifiers
    { $$ = mk_named_type(p, @1, mk_object(p, @1, STR_NONE, $1, $3), $4); }
  | type_function_name '.' any_name '.' any_name opt_type_modifiers
    { $$ = mk_named_type(p, @1, mk_object(p, @1, $1, $3, $5), $6); }
  | '@' int_value { $$ = NODE(TYPE_NAME, type_name, @1, .oid = $2); }
  ;
opt_type_modifiers: %empty { $$ = LIST1(NULL); } | '(' expr_list ')' { $$ = $2; } ;

// Types whose names are COLUMN_NAME keywords, or more than one word.
builtin_type:
    type_suffix
  | "INT" { $$ = mk_int_type(p, @1); }
  | "INTEGER" { $$ = mk_int_type(p, @1); }
  | "SMALLINT" { $$ = mk_type(p, @1, "int2", LIST1(NULL)); }
  | "BIGINT" { $$ = mk_type(p, @1, "int8", LIST1(NULL)); }
  | "REAL" { $$ = mk_type(p, @1, "float4", LIST1(NULL)); }
  | "FLOAT" { $$ = mk_type(p, @1, "float8", LIST1(NULL)); }
  | "FLOAT" '(' int_value ')'
    {
        $$ = mk_float_type(p, @1, $3);
        if ($$ == NULL)
            YYABORT;
    }
  | "DOUBLE" "PRECISION" { $$ = mk_type(p, @1, "float8", LIST1(NULL)); }
  | "DECIMAL" opt_type_modifiers { $$ = mk_type(p, @1, "decimal", $2); }
  | "DEC" opt_type_modifiers { $$ = mk_type(p, @1, "decimal", $2); }
  | "NUMERIC" opt_type_modifiers { $$ = mk_type(p, @1, "decimal", $2); }
  | "BOOLEAN" { $$ = mk_type(p, @1, "bool", LIST1(NULL)); }
  | "STRING" opt_type_modifiers { $$ = mk_char_type(p, @1, "string", $2); if ($$ == NULL) YYABORT; }
  | "VECTOR" opt_type_modifiers { $$ = mk_type(p, @1, "vector", $2); }
  ;
type_suffix:
    "BIT" opt_varying opt_type_modifiers
    { $$ = mk_char_type(p, @1, $2 ? "varbit" : "bit", $3); if ($$ == NULL) YYABORT; }
  | "VARBIT" opt_type_modifiers { $$ = mk_char_type(p, @1, "varbit", $2); if ($$ == NULL) YYABORT; }
  | "VARCHAR" opt_type_modifiers { $$ = mk_char_type(p, @1, "varchar", $2); if ($$ == NULL) YYABORT; }
  | "CHAR" opt_varying opt_type_modifiers
    { $$ = mk_char_type(p, @1, $2 ? "varchar" : "bpchar", $3); if ($$ == NULL) YYABORT; }
  | "CHARACTER" opt_varying opt_type_modifiers
    { $$ = mk_char_type(p, @1, $2 ? "varchar" : "bpchar", $3); if ($$ == NULL) YYABORT; }
  | "TIME" numeric_precision opt_time_zone
    { $$ = mk_type(p, @1, $3 ? "timetz" : "time", LIST1($2)); }
  | "TIMETZ" numeric_precision { $$ = mk_type(p, @1, "timetz", LIST1($2)); }
  | "TIMESTAMP" numeric_precision opt_time_zone
    { $$ = mk_type(p, @1, $3 ? "timestamptz" : "timestamp", LIST1($2)); }
  | "TIMESTAMPTZ" numeric_precision { $$ = mk_type(p, @1, "timestamptz", LIST1($2)); }
  ;
numeric_precision: %empty { $$ = NULL; } | '(' int_value ')' { $$ = mk_integer(p, @2, $2); } ;
opt_varying: %empty { $$ = false; } | "VARYING" { $$ = true; } ;
opt_time_zone:
    %empty { $$ = false; }
  | WITH_LA "TIME" "ZONE" { $$ = true; }
  | "WITHOUT" "TIME" "ZONE" { $$ = false; }
  ;
interval_type:
    "INTERVAL" opt_interval_fields
    { $$ = mk_type(p, @1, "interval", LIST1(NULL)); AS(type_name, $$)->interval_fields = (enum ast_interval_fields)$2; }
  | "INTERVAL" opt_interval_fields '(' int_value ')'
    {
        $$ = mk_type(p, @1, "interval", LIST1(mk_integer(p, @4, $4)));
        AS(type_name, $$)->interval_fields = (enum ast_interval_fields)$2;
    }
  ;
opt_interval_fields: %empty { $$ = AST_INTERVAL_ANY; } | interval_fields ;
interval_fields:
    "YEAR" { $$ = AST_INTERVAL_YEAR; }
  | "MONTH" { $$ = AST_INTERVAL_MONTH; }
  | "DAY" { $$ = AST_INTERVAL_DAY; }
  | "HOUR" { $$ = AST_INTERVAL_HOUR; }
  | "MINUTE" { $$ = AST_INTERVAL_MINUTE; }
  | "SECOND" { $$ = AST_INTERVAL_SECOND; }
  | "YEAR" "TO" "MONTH" { $$ = AST_INTERVAL_YEAR_TO_MONTH; }
  | "DAY" "TO" "HOUR" { $$ = AST_INTERVAL_DAY_TO_HOUR; }
  | "DAY" "TO" "MINUTE" { $$ = AST_INTERVAL_DAY_TO_MINUTE; }
  | "DAY" "TO" "SECOND" { $$ = AST_INTERVAL_DAY_TO_SECOND; }
  | "HOUR" "TO" "MINUTE" { $$ = AST_INTERVAL_HOUR_TO_MINUTE; }
  | "HOUR" "TO" "SECOND" { $$ = AST_INTERVAL_HOUR_TO_SECOND; }
  | "MINUTE" "TO" "SECOND" { $$ = AST_INTERVAL_MINUTE_TO_SECOND; }
  ;
