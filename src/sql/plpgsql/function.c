// The entry point: a whole body; and the names of conditions.
#include "sql/plpgsql/plpgsql_int.h"
#include "base/util.h"

static const struct {
    const char *name;
    int code;
} conditions[] = {
#define CONDITION(name, a, b, c, d, e) {#name, ERR_PACK(a, b, c, d, e)},
#include "sql/plpgsql/conditions.def"
#undef CONDITION
};

int pl_condition_code(struct str name, size_t *at)
{
    size_t seen = 0;
    for (size_t i = 0; i < ARRAY_LEN(conditions); i++) {
        if (!str_eqc(name, conditions[i].name) || seen++ < *at)
            continue;
        ++*at;
        return conditions[i].code;
    }
    return 0;
}

const char *pl_condition_name(int code)
{
    for (size_t i = 0; i < ARRAY_LEN(conditions); i++)
        if (conditions[i].code == code)
            return conditions[i].name;
    return NULL;
}

// What is there before the body begins, in a scope with the function's name.
static void add_given(struct pl_parser *p)
{
    const struct pl_input *in = p->input;
    pl_open_scope(p, in->name, false);
    for (size_t i = 0; i < in->n_given; i++) {
        struct pl_variable v = {.name = in->given[i], .kind = PL_VARIABLE_GIVEN};
        uint32_t number = pl_add_variable(p, v);
        if (i < in->n_parameters)
            pl_add_name(p, arena_printf(p->arena, "$%zu", i + 1), number);
        if (v.name.len > 0)
            pl_add_name(p, v.name, number);
    }
}

// #variable_conflict use_column
static int take_directives(struct pl_parser *p, struct err *err)
{
    static const char *const words[] = {
        [PL_CONFLICT_ERROR] = "error", [PL_CONFLICT_VARIABLE] = "use_variable", [PL_CONFLICT_COLUMN] = "use_column"};
    while (pl_take(p, "#")) {
        if (pl_take_word(p, "option") || pl_take_word(p, "print_strict_params")) {
            pl_advance(p);
            continue;
        }
        TRY(pl_expect_word(p, "variable_conflict", err));
        size_t i = 0;
        while (i < ARRAY_LEN(words) && !pl_take_word(p, words[i]))
            i++;
        if (i == ARRAY_LEN(words))
            return pl_syntax(p, err);
        p->conflict = (enum pl_conflict)i;
    }
    return 0;
}

int pl_parse(struct arena *a, const struct pl_input *input, struct pl_function *out, struct err *err)
{
    struct pl_parser p = {.arena = a, .input = input, .counted_line = 1};
    struct pl_statement *block;
    struct str label;
    lexer_init(&p.lexer, a, arena_str(a, input->body));
    pl_advance(&p);
    add_given(&p);
    TRY(take_directives(&p, err));
    TRY(pl_take_label(&p, &label, err));
    TRY(pl_take_block(&p, label, &block, err));
    pl_take(&p, ";");
    if (p.t.id != 0)
        return pl_syntax(&p, err);
    *out = (struct pl_function){.variables = p.variables.ptr,
                                .n_variables = p.variables.len,
                                .sql = p.sql.ptr,
                                .n_sql = p.sql.len,
                                .block = block,
                                .conflict = p.conflict};
    return 0;
}
