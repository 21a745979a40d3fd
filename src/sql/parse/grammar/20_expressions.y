%type <node> expr b_expr primary operand literal function_call common_function case_expr when_clause opt_else opt_case_operand
%type <node> row_expr array_items in_rhs tuple_rhs subscript opt_slice_bound call_core opt_filter opt_over window_spec
%type <node> opt_frame frame_extent frame_bound extract_field opt_precision
%type <list> expr_list argument_list opt_expr_list when_list array_item_list within_group opt_order_by order_by order_list
%type <list> opt_partition_by trim_args substring_args
%type <node> order_item typed_literal frame_clause
%type <choice> opt_direction opt_nulls quantifier opt_exclusion frame_mode
%type <str> opt_base_window
%type <node> func_name qualified_operator normal_form argument
%type <choice> plain_operator like_operator quantified_operator opt_symmetric

%%
// ---- Expressions ----------------------------------------------------------------------------------------------
expr:
    primary
  | expr "::" cast_type
    { $$ = NODE(CAST, cast, @1, .operand = $1, .type = $3, .syntax = AST_CAST_SHORT); }
  | expr ":::" type_name { $$ = NODE(ANNOTATE, annotate, @1, .operand = $1, .type = $3); }
  | expr "COLLATE" collation_name { $$ = NODE(COLLATE, collate, @1, .operand = $1, .collation = $3); }
  | expr "AT" "TIME" "ZONE" expr %prec "AT"
    { $$ = mk_call(p, @1, "timezone", PUSH(LIST1($5), $1)); }
  | '+' expr %prec UMINUS { $$ = NODE(UNARY, unary, @1, .op = AST_UNARY_PLUS, .operand = $2); }
  | '-' expr %prec UMINUS { $$ = mk_negated(p, @1, $2); }
  | '~' expr %prec UMINUS { $$ = NODE(UNARY, unary, @1, .op = AST_UNARY_BIT_NOT, .operand = $2); }
  | "|/" expr { $$ = NODE(UNARY, unary, @1, .op = AST_UNARY_SQRT, .operand = $2); }
  | "!!" expr %prec UMINUS { $$ = NODE(UNARY, unary, @1, .op = AST_UNARY_TEXT_NOT, .operand = $2); }
  | "||/" expr { $$ = NODE(UNARY, unary, @1, .op = AST_UNARY_CBRT, .operand = $2); }
  | expr '+' expr { $$ = mk_binary(p, @1, AST_OP_ADD, $1, $3); }
  | expr '-' expr { $$ = mk_binary(p, @1, AST_OP_SUB, $1, $3); }
  | expr '*' expr { $$ = mk_binary(p, @1, AST_OP_MUL, $1, $3); }
  | expr '/' expr { $$ = mk_binary(p, @1, AST_OP_DIV, $1, $3); }
  | expr "//" expr { $$ = mk_binary(p, @1, AST_OP_FLOOR_DIV, $1, $3); }
  | expr '%' expr { $$ = mk_binary(p, @1, AST_OP_MOD, $1, $3); }
  | expr '^' expr { $$ = mk_binary(p, @1, AST_OP_POW, $1, $3); }
  | expr '#' expr { $$ = mk_binary(p, @1, AST_OP_BIT_XOR, $1, $3); }
  | expr '&' expr { $$ = mk_binary(p, @1, AST_OP_BIT_AND, $1, $3); }
  | expr '|' expr { $$ = mk_binary(p, @1, AST_OP_BIT_OR, $1, $3); }
  | expr "<<" expr { $$ = mk_binary(p, @1, AST_OP_LSHIFT, $1, $3); }
  | expr ">>" expr { $$ = mk_binary(p, @1, AST_OP_RSHIFT, $1, $3); }
  | expr "<<=" expr { $$ = mk_binary(p, @1, AST_OP_CONTAINED_BY_EQ, $1, $3); }
  | expr ">>=" expr { $$ = mk_binary(p, @1, AST_OP_CONTAINS_EQ, $1, $3); }
  | expr "||" expr { $$ = mk_binary(p, @1, AST_OP_CONCAT, $1, $3); }
  | expr "->" expr { $$ = mk_binary(p, @1, AST_OP_JSON_GET, $1, $3); }
  | expr "->>" expr { $$ = mk_binary(p, @1, AST_OP_JSON_GET_TEXT, $1, $3); }
  | expr "#>" expr { $$ = mk_binary(p, @1, AST_OP_JSON_PATH, $1, $3); }
  | expr "#>>" expr { $$ = mk_binary(p, @1, AST_OP_JSON_PATH_TEXT, $1, $3); }
  | expr "#-" expr { $$ = mk_binary(p, @1, AST_OP_JSON_DELETE_PATH, $1, $3); }
  | expr "<->" expr { $$ = mk_binary(p, @1, AST_OP_DISTANCE, $1, $3); }
  | expr "<=>" expr { $$ = mk_binary(p, @1, AST_OP_COS_DISTANCE, $1, $3); }
  | expr "<#>" expr { $$ = mk_binary(p, @1, AST_OP_NEG_INNER_PRODUCT, $1, $3); }
  | expr "<<->" expr { $$ = mk_binary(p, @1, AST_OP_WORD_DISTANCE, $1, $3); }
  | expr "<->>" expr { $$ = mk_binary(p, @1, AST_OP_WORD_DISTANCE_OF, $1, $3); }
  | expr "<<<->" expr { $$ = mk_binary(p, @1, AST_OP_STRICT_WORD_DISTANCE, $1, $3); }
  | expr "<->>>" expr { $$ = mk_binary(p, @1, AST_OP_STRICT_WORD_DISTANCE_OF, $1, $3); }
  | expr "<%" expr { $$ = mk_binary(p, @1, AST_OP_WORD_SIMILAR, $1, $3); }
  | expr "%>" expr { $$ = mk_binary(p, @1, AST_OP_WORD_SIMILAR_OF, $1, $3); }
  | expr "<<%" expr { $$ = mk_binary(p, @1, AST_OP_STRICT_WORD_SIMILAR, $1, $3); }
  | expr "%>>" expr { $$ = mk_binary(p, @1, AST_OP_STRICT_WORD_SIMILAR_OF, $1, $3); }
  | expr "@>" expr { $$ = mk_binary(p, @1, AST_OP_CONTAINS, $1, $3); }
  | expr "<@" expr { $$ = mk_binary(p, @1, AST_OP_CONTAINED_BY, $1, $3); }
  | expr "&&" expr { $$ = mk_binary(p, @1, AST_OP_OVERLAPS, $1, $3); }
  | expr '?' expr { $$ = mk_binary(p, @1, AST_OP_JSON_EXISTS, $1, $3); }
  | expr "?|" expr { $$ = mk_binary(p, @1, AST_OP_JSON_SOME_EXISTS, $1, $3); }
  | expr "?&" expr { $$ = mk_binary(p, @1, AST_OP_JSON_ALL_EXISTS, $1, $3); }
  | expr "@@" expr { $$ = mk_binary(p, @1, AST_OP_TEXT_MATCH, $1, $3); }
  | expr "@?" expr { $$ = mk_binary(p, @1, AST_OP_JSON_PATH_EXISTS, $1, $3); }
  | expr '<' expr { $$ = mk_binary(p, @1, AST_OP_LT, $1, $3); }
  | expr '>' expr { $$ = mk_binary(p, @1, AST_OP_GT, $1, $3); }
  | expr '=' expr { $$ = mk_binary(p, @1, AST_OP_EQ, $1, $3); }
  | expr "<=" expr { $$ = mk_binary(p, @1, AST_OP_LE, $1, $3); }
  | expr ">=" expr { $$ = mk_binary(p, @1, AST_OP_GE, $1, $3); }
  | expr "!=" expr { $$ = mk_binary(p, @1, AST_OP_NE, $1, $3); }
  | expr '~' expr { $$ = mk_binary(p, @1, AST_OP_REGEX, $1, $3); }
  | expr "!~" expr { $$ = mk_binary(p, @1, AST_OP_NOT_REGEX, $1, $3); }
  | expr "~*" expr { $$ = mk_binary(p, @1, AST_OP_REGEX_I, $1, $3); }
  | expr "!~*" expr { $$ = mk_binary(p, @1, AST_OP_NOT_REGEX_I, $1, $3); }
  | expr "~~" expr { $$ = mk_binary(p, @1, AST_OP_LIKE, $1, $3); }
  | expr "!~~" expr { $$ = mk_binary(p, @1, AST_OP_NOT_LIKE, $1, $3); }
  | expr "~~*" expr { $$ = mk_binary(p, @1, AST_OP_ILIKE, $1, $3); }
  | expr "!~~*" expr { $$ = mk_binary(p, @1, AST_OP_NOT_ILIKE, $1, $3); }
  | expr qualified_operator expr %prec "OPERATOR"
    {
        AS(binary, $2)->left = $1;
        AS(binary, $2)->right = $3;
        $2->position = @1;
        $$ = $2;
    }
  | expr "LIKE" expr %prec "LIKE" { $$ = mk_like(p, @1, AST_OP_LIKE, $1, $3, NULL); }
  | expr "LIKE" expr "ESCAPE" expr %prec "ESCAPE"
    { $$ = mk_like(p, @1, AST_OP_LIKE, $1, $3, $5); }
  | expr "ILIKE" expr %prec "ILIKE" { $$ = mk_like(p, @1, AST_OP_ILIKE, $1, $3, NULL); }
  | expr "ILIKE" expr "ESCAPE" expr %prec "ESCAPE"
    { $$ = mk_like(p, @1, AST_OP_ILIKE, $1, $3, $5); }
  | expr "SIMILAR" "TO" expr %prec "SIMILAR" { $$ = mk_like(p, @1, AST_OP_SIMILAR, $1, $4, NULL); }
  | expr "SIMILAR" "TO" expr "ESCAPE" expr %prec "ESCAPE"
    { $$ = mk_like(p, @1, AST_OP_SIMILAR, $1, $4, $6); }
  | expr NOT_LA "LIKE" expr %prec NOT_LA { $$ = mk_like(p, @1, AST_OP_NOT_LIKE, $1, $4, NULL); }
  | expr NOT_LA "LIKE" expr "ESCAPE" expr %prec "ESCAPE"
    { $$ = mk_like(p, @1, AST_OP_NOT_LIKE, $1, $4, $6); }
  | expr NOT_LA "ILIKE" expr %prec NOT_LA { $$ = mk_like(p, @1, AST_OP_NOT_ILIKE, $1, $4, NULL); }
  | expr NOT_LA "ILIKE" expr "ESCAPE" expr %prec "ESCAPE"
    { $$ = mk_like(p, @1, AST_OP_NOT_ILIKE, $1, $4, $6); }
  | expr NOT_LA "SIMILAR" "TO" expr %prec NOT_LA { $$ = mk_like(p, @1, AST_OP_NOT_SIMILAR, $1, $5, NULL); }
  | expr NOT_LA "SIMILAR" "TO" expr "ESCAPE" expr %prec "ESCAPE"
    { $$ = mk_like(p, @1, AST_OP_NOT_SIMILAR, $1, $5, $7); }
  | expr "AND" expr { $$ = mk_logical(p, @1, AST_AND, $1, $3); }
  | expr "OR" expr { $$ = mk_logical(p, @1, AST_OR, $1, $3); }
  | "NOT" expr { $$ = NODE(NOT, not, @1, .operand = $2); }
  | NOT_LA expr %prec "NOT" { $$ = NODE(NOT, not, @1, .operand = $2); }
  | NOT_VISIBLE_LA expr %prec "NOT" { $$ = NODE(NOT, not, @1, .operand = $2); } // a column of that name
  | NOT_VALID_LA expr %prec "NOT" { $$ = NODE(NOT, not, @1, .operand = $2); }
  | expr "IS" "NULL" %prec "IS" { $$ = NODE(IS, is, @1, .operand = $1, .test = AST_IS_NULL); }
  | expr "ISNULL" { $$ = NODE(IS, is, @1, .operand = $1, .test = AST_IS_NULL); }
  | expr "IS" "NOT" "NULL" %prec "IS"
    { $$ = NODE(IS, is, @1, .operand = $1, .test = AST_IS_NULL, .negated = true); }
  | expr "NOTNULL" { $$ = NODE(IS, is, @1, .operand = $1, .test = AST_IS_NULL, .negated = true); }
  | expr "IS" "TRUE" %prec "IS" { $$ = NODE(IS, is, @1, .operand = $1, .test = AST_IS_TRUE); }
  | expr "IS" "NOT" "TRUE" %prec "IS"
    { $$ = NODE(IS, is, @1, .operand = $1, .test = AST_IS_TRUE, .negated = true); }
  | expr "IS" "FALSE" %prec "IS" { $$ = NODE(IS, is, @1, .operand = $1, .test = AST_IS_FALSE); }
  | expr "IS" "NOT" "FALSE" %prec "IS"
    { $$ = NODE(IS, is, @1, .operand = $1, .test = AST_IS_FALSE, .negated = true); }
  | expr "IS" "UNKNOWN" %prec "IS" { $$ = NODE(IS, is, @1, .operand = $1, .test = AST_IS_UNKNOWN); }
  | expr "IS" "NOT" "UNKNOWN" %prec "IS"
    { $$ = NODE(IS, is, @1, .operand = $1, .test = AST_IS_UNKNOWN, .negated = true); }
  | expr "IS" "NAN" %prec "IS" { $$ = NODE(IS, is, @1, .operand = $1, .test = AST_IS_NAN); }
  | expr "IS" "NOT" "NAN" %prec "IS"
    { $$ = NODE(IS, is, @1, .operand = $1, .test = AST_IS_NAN, .negated = true); }
  | expr "IS" normal_form %prec "IS" { $$ = mk_call(p, @1, "is_normalized", PUSH(LIST1($1), $3)); }
  | expr "IS" "NOT" normal_form %prec "IS"
    { $$ = NODE(NOT, not, @1, .operand = mk_call(p, @1, "is_normalized", PUSH(LIST1($1), $4))); }
  | expr "IS" "DISTINCT" "FROM" expr %prec "IS" { $$ = mk_binary(p, @1, AST_OP_IS_DISTINCT, $1, $5); }
  | expr "IS" "NOT" "DISTINCT" "FROM" expr %prec "IS" { $$ = mk_binary(p, @1, AST_OP_IS_NOT_DISTINCT, $1, $6); }
  | expr "IS" "OF" '(' type_list ')' %prec "IS" { $$ = NODE(IS_OF, is_of, @1, .operand = $1, .types = $5); }
  | expr "IS" "NOT" "OF" '(' type_list ')' %prec "IS"
    { $$ = NODE(IS_OF, is_of, @1, .operand = $1, .types = $6, .negated = true); }
  | expr "BETWEEN" opt_symmetric b_expr "AND" expr %prec "BETWEEN"
    { $$ = NODE(BETWEEN, between, @1, .operand = $1, .low = $4, .high = $6, .symmetric = $3); }
  | expr NOT_LA "BETWEEN" opt_symmetric b_expr "AND" expr %prec NOT_LA
    { $$ = NODE(BETWEEN, between, @1, .operand = $1, .low = $5, .high = $7, .symmetric = $4, .negated = true); }
  | expr "IN" in_rhs %prec "IN" { AS(in, $3)->operand = $1; $3->position = @1; $$ = $3; }
  | expr NOT_LA "IN" in_rhs %prec NOT_LA
    {
        AS(in, $4)->operand = $1;
        AS(in, $4)->negated = true;
        $4->position = @1;
        $$ = $4;
    }
  | expr quantified_operator quantifier expr %prec "@>"
    {
        enum ast_op op = (enum ast_op)$2;
        if (!ast_op_is_comparison(op))
            FAIL("%s %s <array> is invalid because \"%s\" is not a boolean operator", ast_op_sql(op),
                 ast_quantifier_sql((enum ast_quantifier)$3), ast_op_sql(op));
        $$ = NODE(QUANTIFIED, quantified, @1, .op = op, .quantifier = (enum ast_quantifier)$3, .left = $1, .right = $4);
    }
  | expr qualified_operator quantifier expr %prec "OPERATOR"
    {
        enum ast_op op = AS(binary, $2)->op;
        if (!ast_op_is_comparison(op))
            FAIL("%s %s <array> is invalid because \"%s\" is not a boolean operator", ast_op_sql(op),
                 ast_quantifier_sql((enum ast_quantifier)$3), ast_op_sql(op));
        $$ = NODE(QUANTIFIED, quantified, @1, .op = op, .quantifier = (enum ast_quantifier)$3, .left = $1, .right = $4);
    }
  | row_expr "OVERLAPS" row_expr
    {
        struct ast_list args = AS(tuple, $1)->items;
        if (args.n != 2 || AS(tuple, $3)->items.n != 2)
            FAIL("wrong number of parameters on %s side of OVERLAPS expression", args.n != 2 ? "left" : "right");
        args = PUSH(args, AS(tuple, $3)->items.items[0]);
        $$ = mk_call(p, @1, "overlaps", PUSH(args, AS(tuple, $3)->items.items[1]));
    }
  | "DEFAULT" { $$ = NODE(DEFAULT, default, @1); }
  ;

opt_symmetric: %empty { $$ = false; } | "SYMMETRIC" { $$ = true; } | "ASYMMETRIC" { $$ = false; } ;
quantifier:
    "ANY" { $$ = AST_QUANTIFIER_ANY; }
  | "SOME" { $$ = AST_QUANTIFIER_SOME; }
  | "ALL" { $$ = AST_QUANTIFIER_ALL; }
  ;
quantified_operator: plain_operator | like_operator ;
like_operator:
    "LIKE" { $$ = AST_OP_LIKE; }
  | NOT_LA "LIKE" { $$ = AST_OP_NOT_LIKE; }
  | "ILIKE" { $$ = AST_OP_ILIKE; }
  | NOT_LA "ILIKE" { $$ = AST_OP_NOT_ILIKE; }
  ;
plain_operator:
    '+' { $$ = AST_OP_ADD; }
  | '-' { $$ = AST_OP_SUB; }
  | '*' { $$ = AST_OP_MUL; }
  | '/' { $$ = AST_OP_DIV; }
  | "//" { $$ = AST_OP_FLOOR_DIV; }
  | '%' { $$ = AST_OP_MOD; }
  | '^' { $$ = AST_OP_POW; }
  | '#' { $$ = AST_OP_BIT_XOR; }
  | '&' { $$ = AST_OP_BIT_AND; }
  | '|' { $$ = AST_OP_BIT_OR; }
  | "<<" { $$ = AST_OP_LSHIFT; }
  | ">>" { $$ = AST_OP_RSHIFT; }
  | "<<=" { $$ = AST_OP_CONTAINED_BY_EQ; }
  | ">>=" { $$ = AST_OP_CONTAINS_EQ; }
  | "||" { $$ = AST_OP_CONCAT; }
  | "->" { $$ = AST_OP_JSON_GET; }
  | "->>" { $$ = AST_OP_JSON_GET_TEXT; }
  | "#>" { $$ = AST_OP_JSON_PATH; }
  | "#>>" { $$ = AST_OP_JSON_PATH_TEXT; }
  | "#-" { $$ = AST_OP_JSON_DELETE_PATH; }
  | "<->" { $$ = AST_OP_DISTANCE; }
  | "<=>" { $$ = AST_OP_COS_DISTANCE; }
  | "<#>" { $$ = AST_OP_NEG_INNER_PRODUCT; }
  | "<<->" { $$ = AST_OP_WORD_DISTANCE; }
  | "<->>" { $$ = AST_OP_WORD_DISTANCE_OF; }
  | "<<<->" { $$ = AST_OP_STRICT_WORD_DISTANCE; }
  | "<->>>" { $$ = AST_OP_STRICT_WORD_DISTANCE_OF; }
  | "<%" { $$ = AST_OP_WORD_SIMILAR; }
  | "%>" { $$ = AST_OP_WORD_SIMILAR_OF; }
  | "<<%" { $$ = AST_OP_STRICT_WORD_SIMILAR; }
  | "%>>" { $$ = AST_OP_STRICT_WORD_SIMILAR_OF; }
  | "@>" { $$ = AST_OP_CONTAINS; }
  | "<@" { $$ = AST_OP_CONTAINED_BY; }
  | "&&" { $$ = AST_OP_OVERLAPS; }
  | '?' { $$ = AST_OP_JSON_EXISTS; }
  | "?|" { $$ = AST_OP_JSON_SOME_EXISTS; }
  | "?&" { $$ = AST_OP_JSON_ALL_EXISTS; }
  | "@@" { $$ = AST_OP_TEXT_MATCH; }
  | "@?" { $$ = AST_OP_JSON_PATH_EXISTS; }
  | '<' { $$ = AST_OP_LT; }
  | '>' { $$ = AST_OP_GT; }
  | '=' { $$ = AST_OP_EQ; }
  | "<=" { $$ = AST_OP_LE; }
  | ">=" { $$ = AST_OP_GE; }
  | "!=" { $$ = AST_OP_NE; }
  | '~' { $$ = AST_OP_REGEX; }
  | "!~" { $$ = AST_OP_NOT_REGEX; }
  | "~*" { $$ = AST_OP_REGEX_I; }
  | "!~*" { $$ = AST_OP_NOT_REGEX_I; }
  | "~~" { $$ = AST_OP_LIKE; }
  | "!~~" { $$ = AST_OP_NOT_LIKE; }
  | "~~*" { $$ = AST_OP_ILIKE; }
  | "!~~*" { $$ = AST_OP_NOT_ILIKE; }
  ;
// A BINARY whose operands are still to come.
qualified_operator:
    "OPERATOR" '(' plain_operator ')'
    { $$ = NODE(BINARY, binary, @1, .op = (enum ast_op)$3, .op_schema = STR_EMPTY); }
  | "OPERATOR" '(' any_name '.' plain_operator ')'
    { $$ = NODE(BINARY, binary, @1, .op = (enum ast_op)$5, .op_schema = $3); }
  ;

normal_form:
    "NORMALIZED" { $$ = NODE(STRING, string, @1, .value = STR("nfc")); }
  | "NFC" "NORMALIZED" { $$ = NODE(STRING, string, @1, .value = STR("nfc")); }
  | "NFD" "NORMALIZED" { $$ = NODE(STRING, string, @1, .value = STR("nfd")); }
  | "NFKC" "NORMALIZED" { $$ = NODE(STRING, string, @1, .value = STR("nfkc")); }
  | "NFKD" "NORMALIZED" { $$ = NODE(STRING, string, @1, .value = STR("nfkd")); }
  ;

// What may stand where AND, NOT, IN and the like belong to the context: between BETWEEN and AND, after DEFAULT.
b_expr:
    primary
  | b_expr "::" cast_type
    { $$ = NODE(CAST, cast, @1, .operand = $1, .type = $3, .syntax = AST_CAST_SHORT); }
  | b_expr ":::" type_name { $$ = NODE(ANNOTATE, annotate, @1, .operand = $1, .type = $3); }
  | '+' b_expr %prec UMINUS { $$ = NODE(UNARY, unary, @1, .op = AST_UNARY_PLUS, .operand = $2); }
  | '-' b_expr %prec UMINUS { $$ = mk_negated(p, @1, $2); }
  | '~' b_expr %prec UMINUS { $$ = NODE(UNARY, unary, @1, .op = AST_UNARY_BIT_NOT, .operand = $2); }
  | b_expr '+' b_expr { $$ = mk_binary(p, @1, AST_OP_ADD, $1, $3); }
  | b_expr '-' b_expr { $$ = mk_binary(p, @1, AST_OP_SUB, $1, $3); }
  | b_expr '*' b_expr { $$ = mk_binary(p, @1, AST_OP_MUL, $1, $3); }
  | b_expr '/' b_expr { $$ = mk_binary(p, @1, AST_OP_DIV, $1, $3); }
  | b_expr "//" b_expr { $$ = mk_binary(p, @1, AST_OP_FLOOR_DIV, $1, $3); }
  | b_expr '%' b_expr { $$ = mk_binary(p, @1, AST_OP_MOD, $1, $3); }
  | b_expr '^' b_expr { $$ = mk_binary(p, @1, AST_OP_POW, $1, $3); }
  | b_expr '#' b_expr { $$ = mk_binary(p, @1, AST_OP_BIT_XOR, $1, $3); }
  | b_expr '&' b_expr { $$ = mk_binary(p, @1, AST_OP_BIT_AND, $1, $3); }
  | b_expr '|' b_expr { $$ = mk_binary(p, @1, AST_OP_BIT_OR, $1, $3); }
  | b_expr "<<" b_expr { $$ = mk_binary(p, @1, AST_OP_LSHIFT, $1, $3); }
  | b_expr ">>" b_expr { $$ = mk_binary(p, @1, AST_OP_RSHIFT, $1, $3); }
  | b_expr "||" b_expr { $$ = mk_binary(p, @1, AST_OP_CONCAT, $1, $3); }
  | b_expr "->" b_expr { $$ = mk_binary(p, @1, AST_OP_JSON_GET, $1, $3); }
  | b_expr "->>" b_expr { $$ = mk_binary(p, @1, AST_OP_JSON_GET_TEXT, $1, $3); }
  | b_expr "#>" b_expr { $$ = mk_binary(p, @1, AST_OP_JSON_PATH, $1, $3); }
  | b_expr "#>>" b_expr { $$ = mk_binary(p, @1, AST_OP_JSON_PATH_TEXT, $1, $3); }
  | b_expr "@>" b_expr { $$ = mk_binary(p, @1, AST_OP_CONTAINS, $1, $3); }
  | b_expr "<@" b_expr { $$ = mk_binary(p, @1, AST_OP_CONTAINED_BY, $1, $3); }
  | b_expr "&&" b_expr { $$ = mk_binary(p, @1, AST_OP_OVERLAPS, $1, $3); }
  | b_expr '<' b_expr { $$ = mk_binary(p, @1, AST_OP_LT, $1, $3); }
  | b_expr '>' b_expr { $$ = mk_binary(p, @1, AST_OP_GT, $1, $3); }
  | b_expr '=' b_expr { $$ = mk_binary(p, @1, AST_OP_EQ, $1, $3); }
  | b_expr "<=" b_expr { $$ = mk_binary(p, @1, AST_OP_LE, $1, $3); }
  | b_expr ">=" b_expr { $$ = mk_binary(p, @1, AST_OP_GE, $1, $3); }
  | b_expr "!=" b_expr { $$ = mk_binary(p, @1, AST_OP_NE, $1, $3); }
  | b_expr "IS" "DISTINCT" "FROM" b_expr %prec "IS" { $$ = mk_binary(p, @1, AST_OP_IS_DISTINCT, $1, $5); }
  | b_expr "IS" "NOT" "DISTINCT" "FROM" b_expr %prec "IS" { $$ = mk_binary(p, @1, AST_OP_IS_NOT_DISTINCT, $1, $6); }
  | b_expr "IS" "OF" '(' type_list ')' %prec "IS" { $$ = NODE(IS_OF, is_of, @1, .operand = $1, .types = $5); }
  | b_expr "IS" "NOT" "OF" '(' type_list ')' %prec "IS"
    { $$ = NODE(IS_OF, is_of, @1, .operand = $1, .types = $6, .negated = true); }
  ;

// Everything that needs no parentheses to be an operand.
primary:
    operand
  | primary_subscripted
  | case_expr
  | "EXISTS" select_with_parens { $$ = NODE(EXISTS, exists, @1, .query = $2); }
  ;
%type <node> primary_subscripted;
primary_subscripted:
    operand subscript { AS(subscript, $2)->operand = $1; $2->position = @1; $$ = $2; }
  | primary_subscripted subscript { AS(subscript, $2)->operand = $1; $2->position = @1; $$ = $2; }
  ;
subscript:
    '[' expr ']' { $$ = NODE(SUBSCRIPT, subscript, @1, .begin = $2); }
  | '[' opt_slice_bound ':' opt_slice_bound ']'
    { $$ = NODE(SUBSCRIPT, subscript, @1, .begin = $2, .end = $4, .slice = true); }
  ;
opt_slice_bound: %empty { $$ = NULL; } | expr ;

operand:
    literal
  | typed_literal
  | column_path
  | name '.' '*' { $$ = NODE(COLUMN_REF, column_ref, @1, .table = $1, .star = true); }
  | name '.' any_name '.' '*' { $$ = NODE(COLUMN_REF, column_ref, @1, .schema = $1, .table = $3, .star = true); }
  | name '.' any_name '.' any_name '.' '*'
    { $$ = NODE(COLUMN_REF, column_ref, @1, .database = $1, .schema = $3, .table = $5, .star = true); }
  | '@' int_value { $$ = NODE(COLUMN_ORDINAL, column_ordinal, @1, .ordinal = $2); }
  | PLACEHOLDER_NUMBER { $$ = mk_placeholder(p, @1, $1); }
  | '(' expr ')' { $$ = $2; }
  | '(' expr ')' '.' any_name { $$ = NODE(FIELD_ACCESS, field_access, @1, .operand = $2, .name = $5); }
  | '(' expr ')' '.' '*' { $$ = NODE(FIELD_ACCESS, field_access, @1, .operand = $2, .star = true); }
  | '(' expr ')' '.' '@' int_value { $$ = NODE(FIELD_ACCESS, field_access, @1, .operand = $2, .ordinal = $6); }
  | select_with_parens %prec UMINUS { $$ = NODE(SUBQUERY, subquery, @1, .query = $1); }
  | select_with_parens '.' any_name
    { $$ = NODE(FIELD_ACCESS, field_access, @1, .operand = NODE(SUBQUERY, subquery, @1, .query = $1), .name = $3); }
  | select_with_parens '.' '*'
    { $$ = NODE(FIELD_ACCESS, field_access, @1, .operand = NODE(SUBQUERY, subquery, @1, .query = $1), .star = true); }
  | function_call
  | row_expr
  | '(' row_expr "AS" any_name_list ')'
    {
        if (AS(tuple, $2)->items.n != $4.n)
            FAIL("mismatch in tuple definition: %zu expressions, %zu labels", AS(tuple, $2)->items.n, $4.n);
        AS(tuple, $2)->labels = $4;
        $$ = $2;
    }
  | "ANNOTATE_TYPE" '(' expr ',' type_name ')' { $$ = NODE(ANNOTATE, annotate, @1, .operand = $3, .type = $5); }
  | "ARRAY" select_with_parens { $$ = NODE(ARRAY_SUBQUERY, array_subquery, @1, .query = $2); }
  | "ARRAY" array_items { $2->position = @1; $$ = $2; }
  ;

row_expr:
    "ROW" '(' opt_expr_list ')' { $$ = NODE(TUPLE, tuple, @1, .items = $3, .row = true); }
  | '(' ')' { $$ = NODE(TUPLE, tuple, @1); }
  | '(' expr ',' ')' { $$ = NODE(TUPLE, tuple, @1, .items = LIST1($2)); }
  | '(' expr_list_2 ')' { $$ = NODE(TUPLE, tuple, @1, .items = $2); }
  | '(' expr_list_2 ',' ')' { $$ = NODE(TUPLE, tuple, @1, .items = $2); }
  ;
%type <list> expr_list_2;
expr_list_2: expr ',' expr { $$ = PUSH(LIST1($1), $3); } | expr_list_2 ',' expr { $$ = PUSH($1, $3); } ;
expr_list: expr { $$ = LIST1($1); } | expr_list ',' expr { $$ = PUSH($1, $3); } ;
opt_expr_list: %empty { $$ = LIST1(NULL); } | expr_list ;
in_rhs:
    select_with_parens { $$ = NODE(IN, in, @1, .subquery = $1); }
  | tuple_rhs { $$ = NODE(IN, in, @1, .items = AS(tuple, $1)->items); }
  ;
tuple_rhs: '(' expr ')' { $$ = NODE(TUPLE, tuple, @1, .items = LIST1($2)); } | row_expr ;

array_items:
    '[' opt_expr_list ']' { $$ = NODE(ARRAY, array, @1, .items = $2); }
  | '[' array_item_list ']' { $$ = NODE(ARRAY, array, @1, .items = $2); }
  ;
array_item_list:
    array_items { $$ = LIST1($1); }
  | array_item_list ',' array_items { $$ = PUSH($1, $3); }
  ;

literal:
    ICONST { $$ = mk_number(p, @1, $1, true); }
  | FCONST { $$ = mk_number(p, @1, $1, false); }
  | SCONST { $$ = NODE(STRING, string, @1, .value = $1); }
  | BCONST { $$ = NODE(BYTES, bytes, @1, .value = $1); }
  | BITCONST { $$ = NODE(BITS, bits, @1, .value = $1); }
  | "TRUE" { $$ = NODE(BOOLEAN, boolean, @1, .value = true); }
  | "FALSE" { $$ = NODE(BOOLEAN, boolean, @1, .value = false); }
  | "NULL" { $$ = NODE(NULL_LITERAL, null_literal, @1); }
  ;
// DATE '2020-01-01'
typed_literal:
    func_name SCONST
    {
        struct ast *type = mk_named_type(p, @1, $1, LIST1(NULL));
        $$ = NODE(CAST, cast, @1, .operand = NODE(STRING, string, @2, .value = $2), .type = type,
                  .syntax = AST_CAST_PREPEND);
    }
  | builtin_type SCONST
    {
        $$ = NODE(CAST, cast, @1, .operand = NODE(STRING, string, @2, .value = $2), .type = $1,
                  .syntax = AST_CAST_PREPEND);
    }
  | "INTERVAL" SCONST opt_interval_fields
    {
        struct ast *type = mk_type(p, @1, "interval", LIST1(NULL));
        AS(type_name, type)->interval_fields = (enum ast_interval_fields)$3;
        $$ = NODE(CAST, cast, @1, .operand = NODE(STRING, string, @2, .value = $2), .type = type,
                  .syntax = AST_CAST_PREPEND);
    }
  | "INTERVAL" '(' int_value ')' SCONST
    {
        struct ast *type = mk_type(p, @1, "interval", LIST1(mk_integer(p, @3, $3)));
        $$ = NODE(CAST, cast, @1, .operand = NODE(STRING, string, @5, .value = $5), .type = type,
                  .syntax = AST_CAST_PREPEND);
    }
  | "INTERVAL" SCONST "SECOND" '(' int_value ')'
    {
        struct ast *type = mk_type(p, @1, "interval", LIST1(mk_integer(p, @5, $5)));
        AS(type_name, type)->interval_fields = AST_INTERVAL_SECOND;
        $$ = NODE(CAST, cast, @1, .operand = NODE(STRING, string, @2, .value = $2), .type = type,
                  .syntax = AST_CAST_PREPEND);
    }
  ;

case_expr:
    "CASE" opt_case_operand when_list opt_else "END"
    { $$ = NODE(CASE, case, @1, .operand = $2, .whens = $3, .otherwise = $4); }
  ;
opt_case_operand: %empty { $$ = NULL; } | expr ;
when_list: when_clause { $$ = LIST1($1); } | when_list when_clause { $$ = PUSH($1, $2); } ;
when_clause: "WHEN" expr "THEN" expr { $$ = NODE(WHEN, when, @1, .condition = $2, .result = $4); } ;
opt_else: %empty { $$ = NULL; } | "ELSE" expr { $$ = $2; } ;

// ---- Function calls -------------------------------------------------------------------------------------------
func_name:
    type_function_name { $$ = mk_object(p, @1, STR_NONE, STR_NONE, $1); }
  | "FAMILY" { $$ = mk_object(p, @1, STR_NONE, STR_NONE, $1); }
  | prefixed_path
    {
        struct ast_column_ref *c = AS(column_ref, $1);
        if (c->database.ptr != NULL)
            FAIL("invalid function name");
        $$ = mk_object(p, @1, c->schema, c->table, c->column);
    }
  ;
argument_list: argument { $$ = LIST1($1); } | argument_list ',' argument { $$ = PUSH($1, $3); } ;
argument:
    expr
  | type_function_name "=>" expr { $$ = NODE(NAMED_ARG, named_arg, @1, .name = $1, .value = $3); }
  ;
call_core:
    func_name '(' ')' { $$ = NODE(FUNC_CALL, func_call, @1, .name = $1); }
  | func_name '(' '*' ')' { $$ = NODE(FUNC_CALL, func_call, @1, .name = $1, .star = true); }
  | func_name '(' argument_list opt_order_by ')'
    { $$ = NODE(FUNC_CALL, func_call, @1, .name = $1, .args = $3, .order_by = $4); }
  | func_name '(' "ALL" argument_list opt_order_by ')'
    { $$ = NODE(FUNC_CALL, func_call, @1, .name = $1, .args = $4, .order_by = $5); }
  | func_name '(' "DISTINCT" argument_list opt_order_by ')'
    { $$ = NODE(FUNC_CALL, func_call, @1, .name = $1, .args = $4, .order_by = $5, .distinct = true); }
  | func_name '(' "VARIADIC" expr ')'
    { $$ = NODE(FUNC_CALL, func_call, @1, .name = $1, .args = LIST1($4), .variadic = true); }
  | func_name '(' argument_list ',' "VARIADIC" expr ')'
    { $$ = NODE(FUNC_CALL, func_call, @1, .name = $1, .args = PUSH($3, $6), .variadic = true); }
  ;
function_call:
    call_core within_group opt_filter opt_over
    {
        struct ast_func_call *f = AS(func_call, $1);
        if ($2.n > 0) {
            if (f->order_by.n > 0)
                FAIL("cannot use multiple ORDER BY clauses with WITHIN GROUP");
            f->order_by = $2;
            f->within_group = true;
        }
        f->filter = $3;
        f->window = $4;
        $$ = $1;
    }
  | common_function
  ;
within_group: %empty { $$ = LIST1(NULL); } | "WITHIN" "GROUP" '(' order_by ')' { $$ = $4; } ;
opt_filter: %empty { $$ = NULL; } | "FILTER" '(' "WHERE" expr ')' { $$ = $4; } ;
opt_over:
    %empty { $$ = NULL; }
  | "OVER" window_spec { $$ = $2; }
  | "OVER" name { $$ = NODE(WINDOW_DEF, window_def, @2, .name = $2); }
  ;
window_spec:
    '(' opt_base_window opt_partition_by opt_order_by opt_frame ')'
    {
        $$ = NODE(WINDOW_DEF, window_def, @1, .base_name = $2, .partition_by = $3, .order_by = $4, .frame = $5);
    }
  ;
opt_base_window: %empty %prec "||" { $$ = STR_NONE; } | name ;
opt_partition_by: %empty { $$ = LIST1(NULL); } | "PARTITION" "BY" expr_list { $$ = $3; } ;
opt_frame: %empty { $$ = NULL; } | frame_clause ;
frame_clause:
    frame_mode frame_extent opt_exclusion
    {
        AS(window_frame, $2)->mode = (enum ast_frame_mode)$1;
        AS(window_frame, $2)->exclusion = (enum ast_frame_exclusion)$3;
        $2->position = @1;
        $$ = $2;
    }
  ;
frame_mode: "RANGE" { $$ = AST_FRAME_RANGE; } | "ROWS" { $$ = AST_FRAME_ROWS; } | "GROUPS" { $$ = AST_FRAME_GROUPS; } ;
frame_extent:
    frame_bound
    {
        struct ast_window_frame *f = AS(window_frame, $1);
        if (f->start == AST_BOUND_UNBOUNDED_FOLLOWING)
            FAIL("frame start cannot be UNBOUNDED FOLLOWING");
        if (f->start == AST_BOUND_OFFSET_FOLLOWING)
            FAIL("frame starting from following row cannot end with current row");
        f->end = AST_BOUND_CURRENT_ROW;
        $$ = $1;
    }
  | "BETWEEN" frame_bound "AND" frame_bound
    {
        struct ast_window_frame *f = AS(window_frame, $2), *g = AS(window_frame, $4);
        if (f->start == AST_BOUND_UNBOUNDED_FOLLOWING)
            FAIL("frame start cannot be UNBOUNDED FOLLOWING");
        if (g->start == AST_BOUND_UNBOUNDED_PRECEDING)
            FAIL("frame end cannot be UNBOUNDED PRECEDING");
        if (f->start == AST_BOUND_CURRENT_ROW && g->start == AST_BOUND_OFFSET_PRECEDING)
            FAIL("frame starting from current row cannot have preceding rows");
        if (f->start == AST_BOUND_OFFSET_FOLLOWING && g->start < AST_BOUND_OFFSET_FOLLOWING)
            FAIL("frame starting from following row cannot have preceding rows");
        f->end = g->start;
        f->end_offset = g->start_offset;
        $$ = $2;
    }
  ;
frame_bound:
    "UNBOUNDED" "PRECEDING" { $$ = NODE(WINDOW_FRAME, window_frame, @1, .start = AST_BOUND_UNBOUNDED_PRECEDING); }
  | "UNBOUNDED" "FOLLOWING" { $$ = NODE(WINDOW_FRAME, window_frame, @1, .start = AST_BOUND_UNBOUNDED_FOLLOWING); }
  | "CURRENT" "ROW" { $$ = NODE(WINDOW_FRAME, window_frame, @1, .start = AST_BOUND_CURRENT_ROW); }
  | expr "PRECEDING"
    { $$ = NODE(WINDOW_FRAME, window_frame, @1, .start = AST_BOUND_OFFSET_PRECEDING, .start_offset = $1); }
  | expr "FOLLOWING"
    { $$ = NODE(WINDOW_FRAME, window_frame, @1, .start = AST_BOUND_OFFSET_FOLLOWING, .start_offset = $1); }
  ;
opt_exclusion:
    %empty { $$ = AST_EXCLUDE_NOTHING; }
  | "EXCLUDE" "CURRENT" "ROW" { $$ = AST_EXCLUDE_CURRENT_ROW; }
  | "EXCLUDE" "GROUP" { $$ = AST_EXCLUDE_GROUP; }
  | "EXCLUDE" "TIES" { $$ = AST_EXCLUDE_TIES; }
  | "EXCLUDE" "NO" "OTHERS" { $$ = AST_EXCLUDE_NOTHING; }
  ;

// Calls with a grammar of their own; most become ordinary calls.
common_function:
    "GROUPING" '(' expr_list ')' { $$ = mk_call(p, @1, "grouping", $3); }
  | "CURRENT_DATE" opt_call { $$ = mk_call(p, @1, "current_date", LIST1(NULL)); }
  | "CURRENT_SCHEMA" opt_call { $$ = mk_call(p, @1, "current_schema", LIST1(NULL)); }
  | "CURRENT_CATALOG" opt_call { $$ = mk_call(p, @1, "current_database", LIST1(NULL)); }
  | "CURRENT_USER" opt_call { $$ = mk_call(p, @1, "current_user", LIST1(NULL)); }
  | "CURRENT_ROLE" opt_call { $$ = mk_call(p, @1, "current_user", LIST1(NULL)); }
  | "SESSION_USER" opt_call { $$ = mk_call(p, @1, "session_user", LIST1(NULL)); }
  | "USER" { $$ = mk_call(p, @1, "current_user", LIST1(NULL)); }
  | "CURRENT_TIMESTAMP" opt_precision { $$ = mk_call(p, @1, "current_timestamp", LIST1($2)); }
  | "CURRENT_TIME" opt_precision { $$ = mk_call(p, @1, "current_time", LIST1($2)); }
  | "LOCALTIMESTAMP" opt_precision { $$ = mk_call(p, @1, "localtimestamp", LIST1($2)); }
  | "LOCALTIME" opt_precision { $$ = mk_call(p, @1, "localtime", LIST1($2)); }
  | "CAST" '(' expr "AS" cast_type ')'
    { $$ = NODE(CAST, cast, @1, .operand = $3, .type = $5, .syntax = AST_CAST_EXPLICIT); }
  | "CAST" '(' expr "AS" cast_type "COLLATE" collation_name ')'
    {
        $$ = NODE(CAST, cast, @1, .operand = $3, .type = $5, .syntax = AST_CAST_EXPLICIT);
        $$ = NODE(COLLATE, collate, @1, .operand = $$, .collation = $7);
    }
  | "IF" '(' expr ',' expr ',' expr ')'
    { $$ = NODE(IF, if, @1, .condition = $3, .then = $5, .otherwise = $7); }
  | "IFERROR" '(' expr ',' expr ',' expr ')'
    { $$ = NODE(IFERROR, iferror, @1, .operand = $3, .otherwise = $5, .code = $7); }
  | "IFERROR" '(' expr ',' expr ')' { $$ = NODE(IFERROR, iferror, @1, .operand = $3, .otherwise = $5); }
  | "ISERROR" '(' expr ')' { $$ = NODE(IFERROR, iferror, @1, .operand = $3, .is_error = true); }
  | "ISERROR" '(' expr ',' expr ')'
    { $$ = NODE(IFERROR, iferror, @1, .operand = $3, .code = $5, .is_error = true); }
  | "NULLIF" '(' expr ',' expr ')' { $$ = NODE(NULLIF, nullif, @1, .left = $3, .right = $5); }
  | "IFNULL" '(' expr ',' expr ')'
    { $$ = NODE(COALESCE, coalesce, @1, .args = PUSH(LIST1($3), $5), .ifnull = true); }
  | "COALESCE" '(' expr_list ')' { $$ = NODE(COALESCE, coalesce, @1, .args = $3); }
  | "GREATEST" '(' expr_list ')' { $$ = mk_call(p, @1, "greatest", $3); }
  | "LEAST" '(' expr_list ')' { $$ = mk_call(p, @1, "least", $3); }
  | "EXTRACT" '(' extract_field "FROM" expr ')' { $$ = mk_call(p, @1, "extract", PUSH(LIST1($3), $5)); }
  | "EXTRACT" '(' expr_list ')' { $$ = mk_call(p, @1, "extract", $3); }
  | "OVERLAY" '(' expr "PLACING" expr "FROM" expr ')'
    { $$ = mk_call(p, @1, "overlay", PUSH(PUSH(LIST1($3), $5), $7)); }
  | "OVERLAY" '(' expr "PLACING" expr "FROM" expr "FOR" expr ')'
    { $$ = mk_call(p, @1, "overlay", PUSH(PUSH(PUSH(LIST1($3), $5), $7), $9)); }
  | "OVERLAY" '(' expr_list ')' { $$ = mk_call(p, @1, "overlay", $3); }
  | "POSITION" '(' b_expr "IN" b_expr ')' { $$ = mk_call(p, @1, "strpos", PUSH(LIST1($5), $3)); }
  | "SUBSTRING" '(' substring_args ')' { $$ = mk_call(p, @1, "substring", $3); }
  | "TRIM" '(' "BOTH" trim_args ')' { $$ = mk_call(p, @1, "btrim", $4); }
  | "TRIM" '(' "LEADING" trim_args ')' { $$ = mk_call(p, @1, "ltrim", $4); }
  | "TRIM" '(' "TRAILING" trim_args ')' { $$ = mk_call(p, @1, "rtrim", $4); }
  | "TRIM" '(' trim_args ')' { $$ = mk_call(p, @1, "btrim", $3); }
  | "COLLATION" "FOR" '(' expr ')' { $$ = mk_call(p, @1, "pg_collation_for", LIST1($4)); }
  ;
opt_call: %empty | '(' ')' ;
opt_precision: %empty { $$ = NULL; } | '(' ')' { $$ = NULL; } | '(' expr ')' { $$ = $2; } ;
extract_field: any_extract_word { $$ = NODE(STRING, string, @1, .value = $1); } ;
%type <str> any_extract_word;
any_extract_word: IDENT | SCONST | "YEAR" | "MONTH" | "DAY" | "HOUR" | "MINUTE" | "SECOND" ;
substring_args:
    expr "FROM" expr { $$ = PUSH(LIST1($1), $3); }
  | expr "FROM" expr "FOR" expr { $$ = PUSH(PUSH(LIST1($1), $3), $5); }
  | expr "FOR" expr "FROM" expr { $$ = PUSH(PUSH(LIST1($1), $5), $3); }
  | expr "FOR" expr { $$ = PUSH(PUSH(LIST1($1), mk_integer(p, @2, 1)), $3); }
  | opt_expr_list
  ;
trim_args:
    expr "FROM" expr_list { $$ = LIST1($3.items[0]); $$ = PUSH($$, $1); }
  | "FROM" expr_list { $$ = $2; }
  | expr_list
  ;

// ---- ORDER BY -------------------------------------------------------------------------------------------------
opt_order_by: %empty { $$ = LIST1(NULL); } | order_by ;
order_by: "ORDER" "BY" order_list { $$ = $3; } ;
order_list: order_item { $$ = LIST1($1); } | order_list ',' order_item { $$ = PUSH($1, $3); } ;
order_item:
    expr opt_direction opt_nulls
    {
        $$ = NODE(ORDER_ITEM, order_item, @1, .expr = $1, .direction = (enum ast_direction)$2,
                  .nulls = (enum ast_nulls)$3);
    }
  | "PRIMARY" "KEY" table_name opt_direction
    {
        struct ast *index = NODE(INDEX_NAME, index_name, @3, .table = $3);
        $$ = NODE(ORDER_ITEM, order_item, @1, .index = index, .direction = (enum ast_direction)$4);
    }
  | "INDEX" table_name '@' any_name opt_direction
    {
        struct ast *index = NODE(INDEX_NAME, index_name, @2, .table = $2, .index = $4);
        $$ = NODE(ORDER_ITEM, order_item, @1, .index = index, .direction = (enum ast_direction)$5);
    }
  ;
opt_direction:
    %empty { $$ = AST_DIRECTION_DEFAULT; }
  | "ASC" { $$ = AST_DIRECTION_ASC; }
  | "DESC" { $$ = AST_DIRECTION_DESC; }
  ;
opt_nulls:
    %empty { $$ = AST_NULLS_DEFAULT; }
  | NULLS_LA "FIRST" { $$ = AST_NULLS_FIRST; }
  | NULLS_LA "LAST" { $$ = AST_NULLS_LAST; }
  ;
