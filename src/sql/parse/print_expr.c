// Printing of expressions. Operators nested in operators are parenthesized whatever their precedence, so that the text
// reads back as the same tree; what is not an operator never is.
#include "sql/parse/print_int.h"
#include "sql/parse/keywords.h"
#include "base/util.h"

static bool is_operator(const struct ast *n)
{
    switch (n->kind) {
    case AST_UNARY:
    case AST_BINARY:
    case AST_QUANTIFIED:
    case AST_AND:
    case AST_OR:
    case AST_NOT:
    case AST_IS:
    case AST_IS_OF:
    case AST_BETWEEN:
    case AST_IN:
    case AST_DEFAULT:
        return true;
    default:
        return false;
    }
}

static bool is_negative(const struct ast *n)
{
    return n->kind == AST_NUMBER && ast_as_number(n)->text.ptr[0] == '-';
}

static void print_parenthesized(struct printer *pr, const struct ast *n, bool parentheses)
{
    emit(pr, parentheses ? "(%n)" : "%n", n);
}

void print_operand(struct printer *pr, const struct ast *n)
{
    print_parenthesized(pr, n, is_operator(n));
}

// Operands of :: and :::, which bind tighter than a sign and COLLATE.
static void print_cast_operand(struct printer *pr, const struct ast *n)
{
    print_parenthesized(pr, n, is_operator(n) || is_negative(n) || n->kind == AST_COLLATE);
}

// Operators that the restricted expressions after DEFAULT and BETWEEN may have outside parentheses.
static bool is_restricted_operator(const struct ast *n)
{
    if (n->kind == AST_UNARY)
        return ast_as_unary(n)->op <= AST_UNARY_BIT_NOT;
    if (n->kind != AST_BINARY || ast_as_binary(n)->op_schema.ptr != NULL)
        return false;
    enum ast_op op = ast_as_binary(n)->op;
    return op <= AST_OP_JSON_PATH_TEXT || (op >= AST_OP_EQ && op <= AST_OP_IS_NOT_DISTINCT);
}

void print_restricted(struct printer *pr, const struct ast *n)
{
    print_parenthesized(pr, n, (is_operator(n) && !is_restricted_operator(n)) || n->kind == AST_COLLATE);
}

// Literals -------------------------------------------------------------------------------------------------------

static bool hides(const struct printer *pr)
{
    return (pr->flags & AST_PRINT_HIDE_CONSTANTS) != 0;
}

// False: something else stands for the constant. Otherwise end_constant() comes after it.
static bool begin_constant(struct printer *pr)
{
    bool redacts = (pr->flags & AST_PRINT_REDACT_CONSTANTS) != 0;
    if (hides(pr) || redacts)
        emit(pr, redacts ? "‹×›" : "_");
    else
        emit_if(pr, (pr->flags & AST_PRINT_MARK_CONSTANTS) != 0, "‹");
    return !hides(pr) && !redacts;
}

static void end_constant(struct printer *pr)
{
    emit_if(pr, (pr->flags & AST_PRINT_MARK_CONSTANTS) != 0, "›");
}

static void print_constant(struct printer *pr, struct str text)
{
    if (!begin_constant(pr))
        return;
    emit(pr, "%t", text);
    end_constant(pr);
}

void print_number(struct printer *pr, const struct ast_number *n)
{
    print_constant(pr, n->text);
}

void print_string(struct printer *pr, const struct ast_string *n)
{
    if (!begin_constant(pr))
        return;
    emit(pr, "%q", n->value);
    end_constant(pr);
}

void print_bytes(struct printer *pr, const struct ast_bytes *n)
{
    if (!begin_constant(pr))
        return;
    emit(pr, "x'");
    hex_encode(pr->out, n->value);
    emit(pr, "'");
    end_constant(pr);
}

void print_bits(struct printer *pr, const struct ast_bits *n)
{
    if (!begin_constant(pr))
        return;
    emit(pr, "B'%t'", n->value);
    end_constant(pr);
}

void print_boolean(struct printer *pr, const struct ast_boolean *n)
{
    print_constant(pr, n->value ? STR("true") : STR("false"));
}

void print_null_literal(struct printer *pr, const struct ast_null_literal *n)
{
    (void)n;
    print_constant(pr, STR("NULL"));
}

void print_placeholder(struct printer *pr, const struct ast_placeholder *n)
{
    if (hides(pr))
        emit(pr, "_");
    else
        emit(pr, "$%d", n->index);
}

void print_default(struct printer *pr, const struct ast_default *n)
{
    (void)n;
    emit(pr, "DEFAULT");
}

static bool is_constant(const struct ast *n)
{
    switch (n->kind) {
    case AST_NUMBER:
    case AST_STRING:
    case AST_BYTES:
    case AST_BITS:
    case AST_BOOLEAN:
    case AST_NULL_LITERAL:
    case AST_PLACEHOLDER:
        return true;
    default:
        return false;
    }
}

// A list of values; one of constants only is cut in fingerprints, so that its length does not tell statements apart.
static void print_values_list(struct printer *pr, struct ast_list list)
{
    bool cut = hides(pr) && list.n > 1;
    for (size_t i = 0; cut && i < list.n; i++)
        cut = is_constant(list.items[i]);
    if (cut)
        emit(pr, "_, __more__");
    else
        emit(pr, "%L", list);
}

// Columns --------------------------------------------------------------------------------------------------------

void print_column_ref(struct printer *pr, const struct ast_column_ref *n)
{
    emit_text(pr, "%i.", n->database);
    emit_text(pr, "%i.", n->schema);
    emit_text(pr, "%i.", n->table);
    if (n->star)
        emit(pr, "*");
    else
        emit(pr, "%i", n->column);
}

void print_column_ordinal(struct printer *pr, const struct ast_column_ordinal *n)
{
    emit(pr, "@%d", n->ordinal);
}

void print_field_access(struct printer *pr, const struct ast_field_access *n)
{
    emit(pr, "(%n).", n->operand);
    if (n->star)
        emit(pr, "*");
    else if (n->name.ptr != NULL)
        emit(pr, "%i", n->name);
    else
        emit(pr, "@%d", n->ordinal);
}

// Operators ------------------------------------------------------------------------------------------------------

void print_unary(struct printer *pr, const struct ast_unary *n)
{
    emit(pr, "%s", ast_unary_op_sql(n->op));
    bool constant = n->operand->kind == AST_NUMBER && n->op != AST_UNARY_BIT_NOT;
    print_parenthesized(pr, n->operand, is_operator(n->operand) || constant || n->operand->kind == AST_COLLATE);
}

void print_binary(struct printer *pr, const struct ast_binary *n)
{
    emit(pr, "%o ", n->left);
    if (n->op_schema.ptr == NULL) {
        emit(pr, "%s", ast_op_sql(n->op));
    } else {
        emit(pr, "OPERATOR(");
        emit_if(pr, n->op_schema.len > 0, "%i.", n->op_schema);
        emit(pr, "%s)", ast_op_sql(n->op));
    }
    emit(pr, " %o", n->right);
    emit_node(pr, " ESCAPE %o", n->escape);
}

void print_quantified(struct printer *pr, const struct ast_quantified *n)
{
    emit(pr, "%o %s %s ", n->left, ast_op_sql(n->op), ast_quantifier_sql(n->quantifier));
    bool bare = n->right->kind == AST_SUBQUERY || n->right->kind == AST_TUPLE;
    print_parenthesized(pr, n->right, !bare);
}

// `(a AND b) AND c`, as the binary operators that the chain was written with.
static void print_chain(struct printer *pr, struct ast_list args, const char *op)
{
    for (size_t i = 2; i < args.n; i++)
        emit(pr, "(");
    emit(pr, "%o", args.items[0]);
    for (size_t i = 1; i < args.n; i++) {
        emit(pr, " %s %o", op, args.items[i]);
        emit_if(pr, i + 1 < args.n, "%s", ")");
    }
}

void print_and(struct printer *pr, const struct ast_and *n)
{
    print_chain(pr, n->args, "AND");
}

void print_or(struct printer *pr, const struct ast_or *n)
{
    print_chain(pr, n->args, "OR");
}

void print_not(struct printer *pr, const struct ast_not *n)
{
    emit(pr, "NOT %o", n->operand);
}

void print_is(struct printer *pr, const struct ast_is *n)
{
    emit(pr, "%o IS %s%s", n->operand, n->negated ? "NOT " : "", ast_is_test_sql(n->test));
}

void print_is_of(struct printer *pr, const struct ast_is_of *n)
{
    emit(pr, "%o IS %sOF (%L)", n->operand, n->negated ? "NOT " : "", n->types);
}

void print_between(struct printer *pr, const struct ast_between *n)
{
    emit(pr, "%o %sBETWEEN %s", n->operand, n->negated ? "NOT " : "", n->symmetric ? "SYMMETRIC " : "");
    print_parenthesized(pr, n->low, is_operator(n->low) || n->low->kind == AST_COLLATE);
    emit(pr, " AND %o", n->high);
}

void print_in(struct printer *pr, const struct ast_in *n)
{
    emit(pr, "%o %sIN (", n->operand, n->negated ? "NOT " : "");
    if (n->subquery != NULL)
        emit(pr, "%n", n->subquery);
    else
        print_values_list(pr, n->items);
    emit(pr, ")");
}

static void print_prepended(struct printer *pr, const struct ast_cast *n)
{
    const struct ast_type_name *t = ast_as_type_name(n->type);
    if (!str_eqc(t->name, "interval") || t->schema.ptr != NULL) {
        emit(pr, "%n %n", n->type, n->operand);
        return;
    }
    bool after = t->interval_fields != AST_INTERVAL_ANY;
    emit(pr, "INTERVAL");
    if (!after)
        emit_list(pr, "(%L)", t->modifiers);
    emit(pr, " %n", n->operand);
    emit_choice(pr, ast_interval_fields_sql(t->interval_fields));
    if (after)
        emit_list(pr, "(%L)", t->modifiers);
}

void print_cast(struct printer *pr, const struct ast_cast *n)
{
    if (n->syntax == AST_CAST_EXPLICIT) {
        emit(pr, "CAST(%n AS %n)", n->operand, n->type);
    } else if (n->syntax == AST_CAST_PREPEND && !hides(pr)) {
        print_prepended(pr, n);
    } else {
        print_cast_operand(pr, n->operand);
        emit(pr, "::%n", n->type);
    }
}

void print_named_arg(struct printer *pr, const struct ast_named_arg *n)
{
    emit(pr, "%i => %n", n->name, n->value);
}

void print_annotate(struct printer *pr, const struct ast_annotate *n)
{
    print_cast_operand(pr, n->operand);
    emit(pr, pr->flags & AST_PRINT_PORTABLE ? "::%n" : ":::%n", n->type);
}

void print_collate(struct printer *pr, const struct ast_collate *n)
{
    emit(pr, "%o COLLATE %i", n->operand, n->collation);
}

void print_subscript(struct printer *pr, const struct ast_subscript *n)
{
    const struct ast *o = n->operand;
    bool tight = is_operator(o) || is_negative(o) || o->kind == AST_COLLATE || o->kind == AST_ANNOTATE ||
                 o->kind == AST_CASE || o->kind == AST_EXISTS ||
                 (o->kind == AST_CAST && ast_as_cast(o)->syntax != AST_CAST_EXPLICIT);
    print_parenthesized(pr, o, tight);
    emit(pr, "[");
    emit_node(pr, "%n", n->begin);
    emit_if(pr, n->slice, "%s", ":");
    emit_node(pr, "%n", n->end);
    emit(pr, "]");
}

// Conditional expressions ----------------------------------------------------------------------------------------

void print_case(struct printer *pr, const struct ast_case *n)
{
    emit(pr, "CASE ");
    emit_node(pr, "%n ", n->operand);
    for (size_t i = 0; i < n->whens.n; i++)
        emit(pr, "%n ", n->whens.items[i]);
    emit_node(pr, "ELSE %n ", n->otherwise);
    emit(pr, "END");
}

void print_when(struct printer *pr, const struct ast_when *n)
{
    emit(pr, "WHEN %n THEN %n", n->condition, n->result);
}

void print_coalesce(struct printer *pr, const struct ast_coalesce *n)
{
    emit(pr, "%s(%L)", n->ifnull ? "IFNULL" : "COALESCE", n->args);
}

void print_nullif(struct printer *pr, const struct ast_nullif *n)
{
    emit(pr, "NULLIF(%n, %n)", n->left, n->right);
}

void print_if(struct printer *pr, const struct ast_if *n)
{
    emit(pr, "IF(%n, %n, %n)", n->condition, n->then, n->otherwise);
}

void print_iferror(struct printer *pr, const struct ast_iferror *n)
{
    emit(pr, "%s(%n", n->is_error ? "ISERROR" : "IFERROR", n->operand);
    emit_node(pr, ", %n", n->otherwise);
    emit_node(pr, ", %n", n->code);
    emit(pr, ")");
}

// Constructors and subqueries ------------------------------------------------------------------------------------

void print_array(struct printer *pr, const struct ast_array *n)
{
    emit(pr, "ARRAY[");
    print_values_list(pr, n->items);
    emit(pr, "]");
}

void print_array_subquery(struct printer *pr, const struct ast_array_subquery *n)
{
    emit(pr, "ARRAY(%n)", n->query);
}

static void print_tuple_items(struct printer *pr, const struct ast_tuple *n)
{
    emit(pr, n->row ? "ROW(" : "(");
    print_values_list(pr, n->items);
    emit_if(pr, n->items.n == 1 && !n->row, "%s", ",");
    emit(pr, ")");
}

void print_tuple(struct printer *pr, const struct ast_tuple *n)
{
    emit_if(pr, n->labels.n > 0, "%s", "(");
    print_tuple_items(pr, n);
    emit_list(pr, " AS %L)", n->labels);
}

void print_subquery(struct printer *pr, const struct ast_subquery *n)
{
    emit(pr, "(%n)", n->query);
}

void print_exists(struct printer *pr, const struct ast_exists *n)
{
    emit(pr, "EXISTS (%n)", n->query);
}

// Functions ------------------------------------------------------------------------------------------------------

// Calls that the grammar spells with a keyword: printed bare when the arguments fit what it takes.
static const struct {
    const char *name;
    size_t args_min, args_max;
} keyword_calls[] = {
    {"extract", 1, SIZE_MAX},   {"greatest", 1, SIZE_MAX},   {"least", 1, SIZE_MAX},   {"overlay", 1, SIZE_MAX},
    {"substring", 0, SIZE_MAX}, {"current_date", 0, 0},      {"current_schema", 0, 0}, {"current_user", 0, 0},
    {"session_user", 0, 0},     {"current_timestamp", 0, 1}, {"current_time", 0, 1},   {"localtimestamp", 0, 1},
    {"localtime", 0, 1},
};

static bool is_keyword_call(const struct ast_func_call *n, struct str name)
{
    if (n->star || n->distinct || n->variadic || n->order_by.n > 0 || n->filter != NULL || n->window != NULL)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(keyword_calls); i++) {
        if (str_eqc(name, keyword_calls[i].name))
            return n->args.n >= keyword_calls[i].args_min && n->args.n <= keyword_calls[i].args_max;
    }
    return false;
}

static void print_function_name(struct printer *pr, const struct ast_func_call *n)
{
    const struct ast_object_name *o = ast_as_object_name(n->name);
    const struct keyword *k = keyword_find(o->name);
    bool word = k != NULL && (k->category == KEYWORD_TYPE_OR_FUNCTION || is_keyword_call(n, o->name));
    if (o->schema.ptr == NULL && str_eqc(o->name, "grouping sets"))
        emit(pr, "GROUPING SETS ");
    else if (o->schema.ptr == NULL && word)
        emit(pr, "%t", o->name);
    else
        emit(pr, "%n", n->name);
}

void print_func_call(struct printer *pr, const struct ast_func_call *n)
{
    print_function_name(pr, n);
    emit(pr, "(%s%s", n->distinct ? "DISTINCT " : "", n->star ? "*" : "");
    for (size_t i = 0; i < n->args.n; i++) {
        bool variadic = n->variadic && i + 1 == n->args.n;
        emit(pr, "%s%s%n", i > 0 ? ", " : "", variadic ? "VARIADIC " : "", n->args.items[i]);
    }
    if (n->within_group)
        emit(pr, ") WITHIN GROUP (ORDER BY %L", n->order_by);
    else
        emit_list(pr, " ORDER BY %L", n->order_by);
    emit(pr, ")");
    emit_node(pr, " FILTER (WHERE %n)", n->filter);
    if (n->window == NULL)
        return;
    const struct ast_window_def *w = ast_as_window_def(n->window);
    if (w->name.ptr != NULL)
        emit(pr, " OVER %i", w->name);
    else
        emit(pr, " OVER %n", n->window);
}

// The specification in parentheses; the name is printed by whoever has one.
void print_window_def(struct printer *pr, const struct ast_window_def *n)
{
    const char *space = "";
    emit(pr, "(");
    if (n->base_name.ptr != NULL) {
        emit(pr, "%i", n->base_name);
        space = " ";
    }
    if (n->partition_by.n > 0) {
        emit(pr, "%sPARTITION BY %L", space, n->partition_by);
        space = " ";
    }
    if (n->order_by.n > 0) {
        emit(pr, "%sORDER BY %L", space, n->order_by);
        space = " ";
    }
    emit_if(pr, n->frame != NULL, "%s%n", space, n->frame);
    emit(pr, ")");
}

static void print_bound(struct printer *pr, enum ast_frame_bound bound, const struct ast *offset)
{
    emit_node(pr, "%o ", offset);
    emit(pr, "%s", ast_frame_bound_sql(bound));
}

void print_window_frame(struct printer *pr, const struct ast_window_frame *n)
{
    emit(pr, "%s BETWEEN ", ast_frame_mode_sql(n->mode));
    print_bound(pr, n->start, n->start_offset);
    emit(pr, " AND ");
    print_bound(pr, n->end, n->end_offset);
    emit_choice(pr, ast_frame_exclusion_sql(n->exclusion));
}
