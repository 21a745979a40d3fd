// Storage parameters of tables as their descriptor has them: one text, as SHOW CREATE prints it.
#include "catalog/catalog.h"
#include "sql/parse/ast.h"
#include "sql/parse/parse.h"

// The first ", " that is not within a literal; the end of the text.
static size_t end_of_first(struct str text)
{
    bool quoted = false;
    for (size_t i = 0; i < text.len; i++) {
        quoted ^= text.ptr[i] == '\'';
        if (!quoted && text.ptr[i] == ',' && i + 1 < text.len && text.ptr[i + 1] == ' ')
            return i;
    }
    return text.len;
}

bool cat_storage_next(struct str *parameters, struct str *name, struct str *value)
{
    if (parameters->len == 0)
        return false;
    size_t end = end_of_first(*parameters);
    struct str item = str_slice(*parameters, 0, end);
    size_t next = end < parameters->len ? end + 2 : end;
    *parameters = str_slice(*parameters, next, parameters->len);
    ptrdiff_t equals = str_find(item, STR(" = "), 0);
    *name = equals < 0 ? item : str_slice(item, 0, (size_t)equals);
    *value = equals < 0 ? STR_EMPTY : str_slice(item, (size_t)equals + 3, item.len);
    return true;
}

struct str cat_storage_parameter(struct str parameters, struct str name)
{
    struct str other, value;
    while (cat_storage_next(&parameters, &other, &value)) {
        if (str_eq(other, name))
            return value;
    }
    return STR_NONE;
}

struct str cat_storage_text(struct arena *a, struct str parameters, struct str name)
{
    struct ast *e;
    struct str literal = cat_storage_parameter(parameters, name);
    bool is_text = literal.ptr != NULL && parse_expr(a, literal, &e, NULL) == 0 && ast_is(e, AST_STRING);
    return is_text ? ast_as_string(e)->value : STR_NONE;
}
