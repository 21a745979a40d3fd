// A store in memory with a table t (id INT8 PRIMARY KEY, name STRING UNIQUE DEFAULT 'x', CHECK (id > 0)), a sequence s
// and a role alice, and the part of a session that functions call.
#ifndef TESTS_FUNCTIONS_FIXTURE_H
#define TESTS_FUNCTIONS_FIXTURE_H

#include "catalog/catalog.h"
#include "kv/kv.h"
#include "sql/functions/functions.h"

struct fixture {
    struct arena arena;
    struct kv *kv;
    struct catalog *catalog;
    struct kv_txn *txn;
    struct cat_view *view;
    struct session_functions session;
};

int fixture_open(struct fixture *f, struct err *err) MUST_CHECK;
void fixture_close(struct fixture *f);
// Points the context at the store and a session: user root, database defaultdb, backend 7.
void fixture_session(struct fixture *f, struct eval_context *ec);

#endif
