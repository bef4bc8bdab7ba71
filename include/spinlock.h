/* spinlock.h -- a lock for a few instructions; with USE_PTHREAD_LOCK defined, a mutex.
 *
 * Zeroed memory is an unlocked lock. SPIN_LOCK(p) and its like work on the member `lock` of *p, and
 * end with a semicolon of their own: programs write them as lines without one. */
#ifndef SKYNET_SPINLOCK_H
#define SKYNET_SPINLOCK_H

#include "atomic.h"

#define SPIN_INIT(q) spinlock_init(&(q)->lock);
#define SPIN_LOCK(q) spinlock_lock(&(q)->lock);
#define SPIN_UNLOCK(q) spinlock_unlock(&(q)->lock);
#define SPIN_DESTROY(q) spinlock_destroy(&(q)->lock);

#ifdef USE_PTHREAD_LOCK

#include <pthread.h>

struct spinlock {
    pthread_mutex_t lock;
};

static inline void spinlock_init(struct spinlock *lock) { pthread_mutex_init(&lock->lock, NULL); }

static inline void spinlock_lock(struct spinlock *lock) { pthread_mutex_lock(&lock->lock); }

/* Non-zero: taken. */
static inline int spinlock_trylock(struct spinlock *lock) {
    return pthread_mutex_trylock(&lock->lock) == 0;
}

static inline void spinlock_unlock(struct spinlock *lock) { pthread_mutex_unlock(&lock->lock); }

static inline void spinlock_destroy(struct spinlock *lock) { pthread_mutex_destroy(&lock->lock); }

#else

#include <sched.h>

struct spinlock {
    ATOM_INT lock;
};

static inline void spinlock_init(struct spinlock *lock) { ATOM_INIT(&lock->lock, 0); }

/* Non-zero: taken. */
static inline int spinlock_trylock(struct spinlock *lock) {
    return ATOM_LOAD(&lock->lock) == 0 && ATOM_CAS(&lock->lock, 0, 1);
}

/* The holder may have lost its CPU: after some rounds the waiter gives away its own. */
static inline void spinlock_lock(struct spinlock *lock) {
    int rounds = 0;
    while (!spinlock_trylock(lock)) {
        if (++rounds % 256 == 0)
            sched_yield();
    }
}

static inline void spinlock_unlock(struct spinlock *lock) { ATOM_STORE(&lock->lock, 0); }

static inline void spinlock_destroy(struct spinlock *lock) { (void)lock; }

#endif

#endif
