// Which virtual cluster a client asks for: by the database name "CLUSTER.DATABASE" (also "cluster:CLUSTER/DATABASE"),
// by the parameter "cluster" (options=--cluster=CLUSTER or -ccluster=CLUSTER), or by the TLS host name "CLUSTER.HOST".
// The first two must agree when both are given; the host name counts when neither is. Pure.
#ifndef SERVER_PGWIRE_ROUTE_H
#define SERVER_PGWIRE_ROUTE_H

#include "server/pgwire/protocol.h"

// Takes the cluster out of the startup message, which keeps the plain database name. `host_cluster` is what the host
// name says, or empty. *cluster is empty when none is named; it borrows from the message or from host_cluster.
// Errors: 08004 for an empty name or two different ones.
int route_startup(struct startup_message *m, struct str host_cluster, struct str *cluster, struct err *err) MUST_CHECK;

#endif
