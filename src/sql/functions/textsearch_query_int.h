// Bodies of the functions that make and combine queries (textsearch_query.c), for the table of textsearch.c.
#ifndef SQL_FUNCTIONS_TEXTSEARCH_QUERY_INT_H
#define SQL_FUNCTIONS_TEXTSEARCH_QUERY_INT_H

#include "sql/functions/functions_int.h"

#define QUERY_BODY(name) \
    int name(struct eval_context *ec, const struct datum *args, int n_args, struct datum *out, struct err *err)
QUERY_BODY(to_query);
QUERY_BODY(to_query_config);
QUERY_BODY(plain_to_query);
QUERY_BODY(plain_to_query_config);
QUERY_BODY(phrase_to_query);
QUERY_BODY(phrase_to_query_config);
QUERY_BODY(web_to_query);
QUERY_BODY(web_to_query_config);
QUERY_BODY(query_and);
QUERY_BODY(query_or);
QUERY_BODY(query_not);
QUERY_BODY(query_phrase);
QUERY_BODY(query_contains);
QUERY_BODY(query_contained_by);
QUERY_BODY(query_nodes);
QUERY_BODY(query_tree);

#endif
