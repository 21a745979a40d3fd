// See fake_session.c.
#ifndef TESTS_WIRE_FAKE_SESSION_H
#define TESTS_WIRE_FAKE_SESSION_H

#include <stdatomic.h>
#include <stddef.h>

extern atomic_size_t fake_sessions_alive;

#endif
