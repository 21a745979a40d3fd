// LISTEN and NOTIFY, private to src/sql/session.
#ifndef SQL_SESSION_NOTIFY_INT_H
#define SQL_SESSION_NOTIFY_INT_H

#include "base/arena.h"
#include "base/err.h"

struct ast;
struct session;
struct notify_hub;     // an engine's: who listens to what, what is under way
struct session_notify; // a session's; NULL until it says LISTEN or NOTIFY

struct notify_hub *notify_hub_new(void);
void notify_hub_free(struct notify_hub *hub); // NULL allowed

// LISTEN, NOTIFY and UNLISTEN, remembered until the transaction commits.
int run_notify(struct session *s, const struct ast *ast, struct err *err) MUST_CHECK;
int notify_send(struct session *s, struct str channel, struct str payload, struct err *err) MUST_CHECK;
void notify_unlisten_all(struct session *s); // at once

// What the transaction has remembered: its length now, and back to a length.
size_t notify_mark(const struct session *s);
void notify_rewind(struct session *s, size_t mark);

// Around a commit. Before it: 54000 when there is no room for what would be sent; else the other one must follow.
int notify_before_commit(struct session *s, struct err *err) MUST_CHECK;
void notify_after_commit(struct session *s, bool committed, uint64_t version);

// Channels of the current database that the session listens to, in `a`.
size_t notify_listening(struct session *s, struct arena *a, struct str **out);
double notify_queue_usage(struct session *s); // from 0 to 1
void notify_session_free(struct session *s);

#endif
