// Shared by sim.c, disk.c and native.c.
#ifndef OS_SIM_SIM_INT_H
#define OS_SIM_SIM_INT_H

#include "base/util.h"
#include "os/sim/sim.h"
#include <pthread.h>
#include <sys/types.h>

enum { SECTOR_SMALL = 512, SECTOR_LARGE = 4096 };

// A write or resize not yet known to be durable.
struct disk_op {
    bool resize;
    uint64_t offset; // resize: the new size
    char *bytes;
    size_t len;
};

// The content of one file: what is on the disk for certain and what happened since.
struct disk {
    char *durable;
    size_t durable_size;
    struct disk_op *ops;
    size_t nops, cap;
    uint32_t *forced; // per small sector: ops before this number are durable there (O_DSYNC)
    size_t nforced;
};
void disk_release(struct disk *d);
void disk_write(struct disk *d, const void *bytes, size_t len, uint64_t offset);
void disk_resize(struct disk *d, uint64_t size);
// The newest write becomes durable by itself, others stay as they are.
void disk_force_last(struct disk *d);
void disk_sync(struct disk *d);
// Replaces the content by what survives; everything is durable then.
void disk_crash(struct disk *d, enum sim_loss loss, struct rng *rng);

struct sim_file {
    int refs; // names and open handles
    struct disk disk;
    char *live; // what reads see
    size_t live_size, live_cap;
    bool locked;
};

// A name change not yet known to be durable. A rename is both at once.
struct name_op {
    char *removed; // path or NULL
    char *added;   // path or NULL
    struct sim_file *file;
};

struct sim_name {
    char *path;
    struct sim_file *file; // NULL: a directory
};
struct sim_names {
    struct sim_name *list;
    size_t n, cap;
};

struct sim {
    struct os os; // first: the callbacks get it back
    pthread_mutex_t lock;
    struct rng rng;
    struct sim_names live, durable; // directories are durable at once
    struct name_op *name_ops;
    size_t nname_ops, name_ops_cap;
    struct sim_fault fault;
    bool fault_happened;
    uint64_t matched;   // operations of the fault's kinds so far
    uint64_t counts[9]; // by bit of enum sim_op
    bool off;
    uint64_t syncs_left; // until power goes off; 0: never
    char native_dir[64];
    struct disk native; // of data.mdb
    dev_t native_dev;
    ino_t native_ino; // 0: not seen yet
};

// Decides the fate of an operation: 0, or the error it fails with. `len`, when not NULL, is the size of a write and is
// set to what part of it happens before the failure. The lock is held.
int sim_gate(struct sim *sim, enum sim_op op, size_t *len);
// The simulation with native files, or NULL; native.c.
void native_attach(struct sim *sim);
void native_detach(struct sim *sim);
// Rewrites the native file with its disk's content.
void native_restore(struct sim *sim);

#endif
