// The sample data of `palmetto demo`: a small fictional company that rents out vehicles by the ride.
#ifndef CLI_MOVR_INT_H
#define CLI_MOVR_INT_H

#include "base/err.h"
#include <libpq-fe.h>

#define MOVR_DATABASE "movr"

// Creates database, tables and rows; the connection's current database becomes movr. The rows are the same every time.
int movr_load(PGconn *conn, struct err *err) MUST_CHECK;

#endif
