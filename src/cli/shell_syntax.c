// \h: the syntax of SQL statements.
#include "cli/shell_int.h"

static const struct {
    const char *name, *syntax;
} statements[] = {
#define SYNTAX(name, syntax) {name, syntax},
#include "cli/shell_syntax.def"
#undef SYNTAX
};

static void list_statements(struct shell *sh)
{
    fputs("For the syntax of a statement enter \\h and its name:\n\n", sh->out);
    for (size_t i = 0; i < ARRAY_LEN(statements); i++)
        fprintf(sh->out, "  %-18s%s", statements[i].name, i % 4 == 3 ? "\n" : "");
    fputs("\n", sh->out);
}

void shell_syntax_help(struct shell *sh, struct str statement)
{
    size_t found = 0;
    if (statement.len == 0) {
        list_statements(sh);
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(statements); i++) {
        struct str name = str_of(statements[i].name);
        if (name.len < statement.len || !str_ieq(str_slice(name, 0, statement.len), statement))
            continue;
        fprintf(sh->out, "%sCommand: %s\nSyntax:\n  %s\n", found > 0 ? "\n" : "", statements[i].name,
                statements[i].syntax);
        found++;
    }
    if (found == 0)
        shell_meta_failed(sh, "no help on \"%.*s\"; \\h lists the statements", STR_FMT(statement));
}
