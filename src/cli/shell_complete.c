// Completion by Tab: keywords, and names of relations of the current database.
#include "cli/shell_int.h"
#include <ctype.h>
#include <editline/readline.h>
#include <stdlib.h>

static const char *const keywords[] = {
#define KEYWORD(word) #word,
#include "cli/shell_keywords.def"
#undef KEYWORD
};

static struct shell *completing; // the shell at the terminal

static const char relation_query[] =
    "SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE "
    "c.relkind IN ('r', 'v', 'm', 'S') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'crdb_internal', "
    "'pg_extension', 'pg_toast') ORDER BY 1";

// The keyword in the case in which its first letters were typed.
static char *keyword_match(const char *word, const char *typed)
{
    char *match = strdup(word);
    bool upper = typed[0] == '\0' || isupper((unsigned char)typed[0]);
    for (char *c = match; match != NULL && *c != '\0'; c++)
        *c = (char)(upper ? toupper((unsigned char)*c) : tolower((unsigned char)*c));
    return match;
}

// Called again and again, with state 0 the first time, until it returns NULL.
static char *next_match(const char *typed, int state)
{
    static size_t at_keyword;
    static int at_relation;
    static PGresult *relations;
    size_t len = strlen(typed);
    if (state == 0) {
        at_keyword = 0;
        at_relation = 0;
        PQclear(relations);
        bool askable =
            PQstatus(completing->conn) == CONNECTION_OK && PQtransactionStatus(completing->conn) <= PQTRANS_INTRANS;
        relations = len > 0 && askable ? shell_query(completing, relation_query) : NULL;
    }
    while (len > 0 && at_keyword < ARRAY_LEN(keywords)) {
        const char *word = keywords[at_keyword++];
        if (strncasecmp(word, typed, len) == 0)
            return keyword_match(word, typed);
    }
    while (relations != NULL && at_relation < PQntuples(relations)) {
        const char *name = PQgetvalue(relations, at_relation++, 0);
        if (strncmp(name, typed, len) == 0)
            return strdup(name);
    }
    return NULL;
}

static char **complete(const char *typed, int start, int end)
{
    rl_attempted_completion_over = 1; // no file names
    return rl_completion_matches(typed, next_match);
}

void complete_setup(struct shell *sh)
{
    completing = sh;
    rl_attempted_completion_function = complete;
    rl_basic_word_break_characters = " \t\n\"'`@><=;|&{(,.";
}
