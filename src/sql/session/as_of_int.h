// AS OF SYSTEM TIME, private to src/sql/session.
#ifndef SQL_SESSION_AS_OF_INT_H
#define SQL_SESSION_AS_OF_INT_H

#include "sql/session/session_int.h"

// Values of parameters; all zero: there are none.
struct as_of_arguments {
    const struct datum *values;
    const uint32_t *oids;
    size_t n;
};

// The clause of a statement as a whole, NULL: none. Statements that are made of another one have that one's.
const struct ast *as_of_clause(const struct ast *statement);
// Whether a clause stands anywhere in it.
bool as_of_anywhere(const struct ast *statement);
bool as_of_has_parameter(const struct ast *statement);
bool as_of_is_bounded(const struct ast *e); // with_min_timestamp(), with_max_staleness()
// What the clauses say, which must agree: 42601 and 0A000 otherwise. *version 0: now.
int as_of_evaluate(struct session *s, const struct ast *statement, const struct as_of_arguments *args, struct arena *a,
                   uint64_t *version, struct err *err) MUST_CHECK;
// The open transaction reads at the statement's time: an implicit one in which nothing was done moves there, any other
// must be there already.
int as_of_begin(struct session *s, const struct ast *statement, const struct as_of_arguments *args, struct arena *a,
                struct err *err) MUST_CHECK;
// The same with the values of the statement's parameters, if it was prepared.
int as_of_begin_bound(struct session *s, const struct statement_input *in, struct arena *a, struct err *err) MUST_CHECK;

// What an AS OF transaction reads must be younger than the gc.ttlseconds that the relation has now, kept or not.
int as_of_check_age(struct session *s, const struct cat_table *t, struct err *err) MUST_CHECK;
// The same of the tables and whole databases of these ids, of everything when there are none, as they were then.
int as_of_check_ages(struct session *s, uint64_t version, const uint32_t *ids, size_t n, struct err *err) MUST_CHECK;

// A statement that writes what it has read in the past (CREATE TABLE AS, REFRESH …): *version 0: it reads now.
int as_of_backfill(struct session *s, const struct ast *statement, struct arena *a, uint64_t *version,
                   struct err *err) MUST_CHECK;
// A second transaction of the session, that reads at a version. Between two switches it stands in for the session's
// own.
struct past {
    struct session *session;
    struct kv_txn *txn;
    struct cat_view *view;
    uint64_t version;
};
int past_open(struct session *s, uint64_t version, struct past *p, struct err *err) MUST_CHECK;
void past_switch(struct past *p);
void past_close(struct past *p); // switched back

#endif
