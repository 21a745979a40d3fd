// Threads under simulation: every thread of the process is a fiber on the one real thread, and a seeded scheduler says
// at each place where threads meet (locks, waits, wake-ups, sleeping, creating, joining) who goes on. Time is virtual:
// it passes a little with every look at the clock, and jumps to the next deadline when all wait. The same seed gives
// the same run.
//
// threads.c defines the functions of libc and os/wait.c that make these places, in the test's executable, whose
// definitions win over the libraries': the code under test is what runs in a server. What threads do to each other
// between such places (lock-free structures) is not interleaved.
#ifndef OS_SIM_THREADS_H
#define OS_SIM_THREADS_H

#include "base/base.h"

// Runs body(arg) as the first thread; returns when it and all it has created have ended. Ends the process with a
// message when all threads wait for each other.
void sim_threads_run(uint64_t seed, void (*body)(void *arg), void *arg);
// A number that every step of the last run has gone into: who ran, when, and what was noted.
uint64_t sim_threads_hash(void);
uint64_t sim_threads_steps(void);
void sim_threads_note(uint64_t what);

#endif
