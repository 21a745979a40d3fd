// Consistency checks. What is found wrong goes to a sink, one finding at a time; an error code is returned only when
// the check itself cannot go on. Reads without remembering: run it in a read-only transaction.
//
// Here: descriptors and names (each has the other), references between descriptors, roles, comments, sequences, and
// keys that belong to nothing. Rows and index entries: exec_check_table (sql/execute/execute.h).
#ifndef CATALOG_CHECK_H
#define CATALOG_CHECK_H

#include "catalog/catalog.h"

// Names are empty where they do not apply; all are valid during the call only.
struct check_finding {
    const char *type; // missing_secondary_index_entry, dangling_name …
    struct str database, schema, object;
    struct str primary_key; // ('x', 1)
    struct str details;     // text for people
};
struct check_sink {
    void (*found)(struct check_sink *sink, const struct check_finding *finding);
    uint64_t findings, tables, rows, entries; // counted by the checks
};

void check_report(struct check_sink *sink, const struct check_finding *finding);
// A finding about a relation or its index (index_name empty: none); details as printf makes them.
void check_report_table(struct check_sink *sink, struct cat_view *v, const struct cat_table *t, struct str index_name,
                        const char *type, struct str primary_key, const char *fmt, ...) PRINTF_LIKE(7, 8);
int cat_check(struct cat_view *v, struct check_sink *sink, struct err *err) MUST_CHECK;

#endif
