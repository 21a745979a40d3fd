// Statements about kinds of objects that do not exist here: refused by name, or accepted where clients send them out of
// habit.

#include "sql/ddl/ddl_int.h"

// What these extensions bring is built in as far as it exists.
int ddl_create_extension(struct ddl_context *dc, const struct ast *statement, struct ddl_result *out, struct err *err)
{
    static const char *const known[] = {"btree_gin", "btree_gist", "citext",   "fuzzystrmatch", "hstore",
                                        "ltree",     "pg_trgm",    "pgcrypto", "plpgsql",       "postgis",
                                        "unaccent",  "uuid-ossp",  "vector"};
    struct str name = ast_as_create_extension(statement)->name;
    out->changed_schema = false;
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (str_eqc(name, known[i]))
            return 0;
    return err_set(err, ERR_UNDEFINED_OBJECT, "unknown extension: \"%.*s\"", STR_FMT(name));
}
