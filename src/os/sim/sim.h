// A simulated file system for tests: files live in memory, power fails when the test says so, any operation can be made
// to fail. Files that LMDB maps are real files in a temporary directory; the calls liblmdb makes on them are caught
// (native.c) and obey the same rules.
//
// What a power failure leaves: every sector (512 bytes or 4 KiB) of a file independently keeps some state it had
// between the last sync and the failure, the file's size does too, and of the names created, renamed and removed since
// the directory was synced any subset happened. This is what POSIX promises and no more; it includes dropped, reordered
// and torn writes.
//
// Threads: as `struct os`. At most one simulation with native files at a time in a process.
#ifndef OS_SIM_SIM_H
#define OS_SIM_SIM_H

#include "os/os.h"

struct sim;

struct sim *sim_new(uint64_t seed);
void sim_free(struct sim *sim); // all files closed; removes the native directory
const struct os *sim_os(struct sim *sim);

// Kinds of operation, for counting and failing.
enum sim_op {
    SIM_OP_WRITE = 1,
    SIM_OP_SYNC = 2, // sync, fdatasync, and writes on a descriptor opened with O_DSYNC
    SIM_OP_SYNC_DIR = 4,
    SIM_OP_TRUNCATE = 8,
    SIM_OP_ALLOCATE = 16,
    SIM_OP_OPEN = 32,
    SIM_OP_RENAME = 64,
    SIM_OP_UNLINK = 128,
    SIM_OP_READ = 256,
};

// The n-th operation (from 1) among `ops` from now on fails with `error`; with `forever` all after it do too. With
// `partly`, a failing write has written its first half. n 0: no failures.
struct sim_fault {
    unsigned ops;
    uint64_t n;
    int error;
    bool forever;
    bool partly;
};
void sim_set_fault(struct sim *sim, struct sim_fault fault);
bool sim_fault_happened(struct sim *sim);
// Operations of these kinds since the last call of sim_set_fault.
uint64_t sim_count(struct sim *sim, unsigned ops);

// Power goes off just before the n-th sync of any kind (from 1, counted from this call): everything from then on fails
// with EIO. 0: right now.
void sim_power_off_at(struct sim *sim, uint64_t n);
bool sim_is_off(struct sim *sim);
// After the store is closed: what the disk holds when power comes back, drawn from the simulation's seed.
enum sim_loss {
    SIM_LOSE_ALL_UNSYNCED,
    SIM_LOSE_SOME_512,  // sectors of 512 bytes
    SIM_LOSE_SOME_4096, // of 4 KiB
    SIM_LOSE_NOTHING,   // as a killed process
};
void sim_power_on(struct sim *sim, enum sim_loss loss);

#endif
