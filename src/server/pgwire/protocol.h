// The PostgreSQL frontend/backend protocol, version 3.0: framing and decoding of what clients send. A pure state
// machine over bytes: no input or output, no session; the fuzz target drives it alone. Source: PostgreSQL manual,
// chapter "Frontend/Backend Protocol".
//
// Every length is checked before anything is allocated or read: a message is decoded inside its own frame, and what is
// left over is an error.
#ifndef SERVER_PGWIRE_PROTOCOL_H
#define SERVER_PGWIRE_PROTOCOL_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "sql/session/session.h"

enum {
    PROTOCOL_STARTUP_BYTES_MIN = 8,
    PROTOCOL_STARTUP_BYTES_MAX = 10000,
    PROTOCOL_LOGIN_BYTES_MAX = 16 * 1024,          // messages before the client is authenticated
    PROTOCOL_MESSAGE_BYTES_MAX = 16 * 1024 * 1024, // as CockroachDB's sql.conn.max_read_buffer_message_size
    PROTOCOL_MESSAGE_BYTES_SLACK = 64 * 1024,      // so that a statement of 16 MiB fits with its envelope
};

// ---- framing

enum framer_phase {
    FRAMER_STARTUP, // length and body, no type
    FRAMER_LOGIN,
    FRAMER_REGULAR,
};

// Zero-initialize.
struct framer {
    enum framer_phase phase; // moved on by the caller
    size_t skip_bytes;       // rest of a message that was too big
};

struct frame {
    char type; // 0 in the startup phase
    struct str body;
    size_t declared_bytes; // of the body
};

enum frame_result {
    FRAME_PARTIAL,  // wait for more bytes
    FRAME_COMPLETE, // body borrows the input
    FRAME_TOO_BIG,  // type and declared_bytes are set; the body will be skipped
    FRAME_INVALID,  // the length makes no sense: the stream cannot be followed any more
};

// Takes the next message off the front of `input`.
enum frame_result framer_next(struct framer *f, struct str *input, struct frame *out);

// ---- startup

enum {
    PROTOCOL_VERSION_3_0 = 3 << 16,
    PROTOCOL_CODE_CANCEL = 1234 << 16 | 5678,
    PROTOCOL_CODE_SSL = 1234 << 16 | 5679,
    PROTOCOL_CODE_GSSENC = 1234 << 16 | 5680,
};

enum startup_kind { STARTUP_SSL, STARTUP_GSSENC, STARTUP_CANCEL, STARTUP_SESSION };

struct startup_message {
    enum startup_kind kind;
    int32_t cancel_pid, cancel_secret;
    uint32_t version;
    struct str user, database;            // empty when not given
    struct session_parameter *parameters; // all others, `options` split into them
    size_t n_parameters;
    struct str *unknown_protocol_options; // names beginning with _pq_.
    size_t n_unknown_protocol_options;
};

// 08P01 when malformed, 0A000 for a version that is not 3.x. Strings borrow the body or are in the arena.
int startup_decode(struct arena *a, struct str body, struct startup_message *out, struct err *err) MUST_CHECK;

// ---- messages; 08P01 when malformed, 22021 when text is not UTF-8

int query_decode(struct str body, struct str *text, struct err *err) MUST_CHECK;

struct parse_message {
    struct str name, text;
    uint32_t *parameter_oids;
    size_t n_parameter_oids;
};
int parse_decode(struct arena *a, struct str body, struct parse_message *out, struct err *err) MUST_CHECK;

int bind_decode(struct arena *a, struct str body, struct bind_arguments *out, struct err *err) MUST_CHECK;

// Describe and Close: 'S' or 'P' and a name.
struct target_message {
    char kind;
    struct str name;
};
int target_decode(struct str body, struct target_message *out, struct err *err) MUST_CHECK;

struct execute_message {
    struct str portal;
    int64_t max_rows;
};
int execute_decode(struct str body, struct execute_message *out, struct err *err) MUST_CHECK;

int copy_fail_decode(struct str body, struct str *reason, struct err *err) MUST_CHECK;

struct sasl_initial_message {
    struct str mechanism;
    bool has_data;
    struct str data;
};
int sasl_initial_decode(struct str body, struct sasl_initial_message *out, struct err *err) MUST_CHECK;

#endif
