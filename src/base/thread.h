/* thread.h -- threads, locks and the futex a worker parks on.
 *
 * sk_lock is a plain mutex for short sections. Two locks are never held at once; the header of
 * the data says which lock guards it. */
#ifndef SK_BASE_THREAD_H
#define SK_BASE_THREAD_H

#include "base/atomic.h"
#include "base/defs.h"

#include <pthread.h>

typedef struct {
    pthread_mutex_t mutex;
} sk_lock;

/* Before use, and after the last use, by one thread. */
void sk_lock_init(sk_lock *lock);
void sk_lock_done(sk_lock *lock);
static inline void sk_lock_acquire(sk_lock *lock) { pthread_mutex_lock(&lock->mutex); }
static inline void sk_lock_release(sk_lock *lock) { pthread_mutex_unlock(&lock->mutex); }

/* A lock of one word for sections of a few instructions up to one system call: spins shortly,
 * then sleeps in the kernel. All zero is unlocked. (The futex mutex of U. Drepper, "Futexes are
 * tricky", 2011: 0 free, 1 taken, 2 taken and somebody sleeps.) */
typedef struct {
    _Atomic uint32_t word;
} sk_spin;

/* What the two functions below do when the word is contended. */
void sk_spin_acquire_slow(sk_spin *spin);
void sk_spin_release_slow(sk_spin *spin);

static inline void sk_spin_acquire(sk_spin *spin) {
    uint32_t expected = 0;
    if (SK_UNLIKELY(!sk_cas_acq_rel(&spin->word, &expected, 1)))
        sk_spin_acquire_slow(spin);
}

static inline void sk_spin_release(sk_spin *spin) {
    if (SK_UNLIKELY(sk_swap_acq_rel(&spin->word, 0) == 2))
        sk_spin_release_slow(spin);
}

/* Sleeps while *word == value, at most `timeout_ms` (negative: for ever). May return early. */
void sk_futex_wait(_Atomic uint32_t *word, uint32_t value, int64_t timeout_ms);

/* Wakes one thread that sleeps on the word. */
void sk_futex_wake(_Atomic uint32_t *word);

/* Starts a thread with all signals blocked and a name of at most 15 bytes. 0 or negative. */
int sk_thread_start(pthread_t *ret_thread, const char *name, void *(*main)(void *), void *arg);

/* CPUs this process may use: the affinity mask, cut by the cgroup's quota; at least 1. */
int sk_thread_cpu_count(void);

/* How often the kernel has taken the CPU from the calling thread for somebody else. */
uint64_t sk_thread_preemptions(void);

/* Tells the CPU that this is a spin loop. */
static inline void sk_thread_pause(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

#endif
