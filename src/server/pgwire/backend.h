// What the server sends: appends complete backend messages to a buffer.
#ifndef SERVER_PGWIRE_BACKEND_H
#define SERVER_PGWIRE_BACKEND_H

#include "base/buf.h"
#include "base/err.h"
#include "sql/session/session.h"

// Messages without a body.
enum {
    BACKEND_PARSE_COMPLETE = '1',
    BACKEND_BIND_COMPLETE = '2',
    BACKEND_CLOSE_COMPLETE = '3',
    BACKEND_EMPTY_QUERY = 'I',
    BACKEND_NO_DATA = 'n',
    BACKEND_PORTAL_SUSPENDED = 's',
    BACKEND_COPY_DONE = 'c',
};
void backend_simple(struct buf *out, char type);

// Returns a position for backend_end, which fills in the length.
size_t backend_begin(struct buf *out, char type);
void backend_end(struct buf *out, size_t at);

void backend_authentication_ok(struct buf *out);
void backend_negotiate_version(struct buf *out, uint32_t newest, const struct str *unknown, size_t n_unknown);
void backend_parameter_status(struct buf *out, const char *name, struct str value);
void backend_key_data(struct buf *out, int32_t pid, int32_t secret);
void backend_notification(struct buf *out, int32_t pid, struct str channel, struct str payload);
void backend_ready(struct buf *out, char transaction_status);
void backend_error(struct buf *out, const struct err *err);
void backend_notice(struct buf *out, const struct err *notice);
void backend_command_complete(struct buf *out, struct str tag);
// `formats` NULL: all text.
void backend_row_description(struct buf *out, const struct result_column *columns, size_t n, const int16_t *formats);
void backend_parameter_description(struct buf *out, const uint32_t *oids, size_t n);
void backend_copy_response(struct buf *out, bool in, enum copy_format format, size_t n_columns);
void backend_copy_data(struct buf *out, struct str bytes);

#endif
