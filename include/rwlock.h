/* rwlock.h -- a lock with many readers or one writer. A waiting writer keeps new readers out. */
#ifndef SKYNET_RWLOCK_H
#define SKYNET_RWLOCK_H

#include "atomic.h"

#include <sched.h>

struct rwlock {
    ATOM_INT write; /* a writer holds it, or waits for the readers */
    ATOM_INT read;  /* readers that hold it, or look at `write` */
};

static inline void rwlock_init(struct rwlock *lock) {
    ATOM_INIT(&lock->write, 0);
    ATOM_INIT(&lock->read, 0);
}

/* Waits until the number is 0; whoever holds the lock may have lost its CPU. */
static inline void rwlock_wait_zero(ATOM_INT *number) {
    int rounds = 0;
    while (ATOM_LOAD(number) != 0) {
        if (++rounds % 256 == 0)
            sched_yield();
    }
}

static inline void rwlock_rlock(struct rwlock *lock) {
    for (;;) {
        rwlock_wait_zero(&lock->write);
        (void)ATOM_FINC(&lock->read);
        if (ATOM_LOAD(&lock->write) == 0)
            return;
        (void)ATOM_FDEC(&lock->read);
    }
}

static inline void rwlock_wlock(struct rwlock *lock) {
    do
        rwlock_wait_zero(&lock->write);
    while (!ATOM_CAS(&lock->write, 0, 1));
    rwlock_wait_zero(&lock->read);
}

static inline void rwlock_runlock(struct rwlock *lock) { (void)ATOM_FDEC(&lock->read); }

static inline void rwlock_wunlock(struct rwlock *lock) { ATOM_STORE(&lock->write, 0); }

#endif
