#include "server/pgwire/route.h"
#include "base/err.h"

#include <string.h>

static bool is_name(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!((s.ptr[i] >= 'a' && s.ptr[i] <= 'z') || (s.ptr[i] >= '0' && s.ptr[i] <= '9') || s.ptr[i] == '-'))
            return false;
    return true;
}

// Splits at the first `separator`. False when there is none, or what is before it cannot be the name of a cluster.
static bool split(struct str text, char separator, struct str *cluster, struct str *database)
{
    const char *at = memchr(text.ptr, separator, text.len);
    if (at == NULL)
        return false;
    *cluster = str_slice(text, 0, (size_t)(at - text.ptr));
    *database = str_slice(text, cluster->len + 1, text.len);
    return is_name(*cluster);
}

static bool of_database(struct startup_message *m, struct str *cluster)
{
    const struct str prefix = STR("cluster:");
    struct str database = STR("defaultdb");
    if (str_has_prefix(m->database, prefix)) {
        struct str rest = str_slice(m->database, prefix.len, m->database.len);
        if (!split(rest, '/', cluster, &database))
            *cluster = rest;
    } else if (!split(m->database, '.', cluster, &database)) {
        return false;
    }
    m->database = database.len > 0 ? database : STR("defaultdb");
    return true;
}

static bool of_parameters(struct startup_message *m, struct str *cluster)
{
    size_t kept = 0;
    bool found = false;
    for (size_t i = 0; i < m->n_parameters; i++) {
        if (str_eqc(m->parameters[i].name, "cluster")) {
            *cluster = m->parameters[i].value;
            found = true;
        } else {
            m->parameters[kept++] = m->parameters[i];
        }
    }
    m->n_parameters = kept;
    return found;
}

int route_startup(struct startup_message *m, struct str host_cluster, struct str *cluster, struct err *err)
{
    struct str by_database = STR_EMPTY, by_parameter = STR_EMPTY;
    bool in_database = of_database(m, &by_database), in_parameters = of_parameters(m, &by_parameter);
    *cluster = in_parameters ? by_parameter : in_database ? by_database : host_cluster;
    if (in_database && in_parameters && !str_eq(by_database, by_parameter)) {
        err_set(err, ERR_CONNECTION_REJECTED, "conflicting cluster identifiers: \"%.*s\" and \"%.*s\"",
                STR_FMT(by_database), STR_FMT(by_parameter));
        return err_hint(err, "The database name asks for the first, the connection options for the second.");
    }
    if (cluster->len == 0 && (in_database || in_parameters)) {
        err_set(err, ERR_CONNECTION_REJECTED, "missing cluster identifier");
        return err_hint(err, "The name of the cluster goes before the database's (\"CLUSTER.DATABASE\") or into "
                             "options=--cluster=CLUSTER; without either the system cluster is meant.");
    }
    return 0;
}
