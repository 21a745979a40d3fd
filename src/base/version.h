// What the server says it is. Clients of CockroachDB parse these texts to choose a dialect, so they have its shape.
#ifndef BASE_VERSION_H
#define BASE_VERSION_H

#define VERSION_OWN "0.1.0"        // of Palmetto itself, as in meson.build
#define VERSION_TAG "v25.4.2"      // version of CockroachDB whose behaviour is claimed
#define VERSION_MAJOR_MINOR "25.4" // node_executable_version() and crdb_internal.node_build_info
#define VERSION_PRODUCT "CockroachDB CCL"
// version() and the crdb_version parameter.
#define VERSION_TEXT VERSION_PRODUCT " " VERSION_TAG " (x86_64-pc-linux-gnu, built 2025/12/01 00:00:00, go1.23.12)"
#define VERSION_SERVER "13.0.0" // server_version: the PostgreSQL version clients adapt to
#define VERSION_SERVER_NUM "130000"
// The same in the dialect of PostgreSQL, for applications that ask for a newer one.
#define VERSION_POSTGRESQL "14.0"
#define VERSION_POSTGRESQL_NUM "140000"
#define VERSION_POSTGRESQL_TEXT "PostgreSQL " VERSION_POSTGRESQL " (Palmetto " VERSION_OWN ") on x86_64-pc-linux-gnu"

#endif
