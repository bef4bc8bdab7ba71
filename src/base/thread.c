/* thread.c -- thin wrappers over pthreads and futex(2). */
#include "base/thread.h"

#include "base/assert.h"

#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SPIN_COUNT 64

void sk_lock_init(sk_lock *lock) {
    int err = pthread_mutex_init(&lock->mutex, NULL);
    sk_assert(err == 0);
}

void sk_lock_done(sk_lock *lock) {
    int err = pthread_mutex_destroy(&lock->mutex);
    sk_assert(err == 0);
}

void sk_spin_acquire_slow(sk_spin *spin) {
    for (int i = 0; i < SPIN_COUNT; i++) {
        uint32_t expected = 0;
        if (sk_load_relaxed(&spin->word) == 0 && sk_cas_acq_rel(&spin->word, &expected, 1))
            return;
        sk_thread_pause();
    }
    /* Taken with 2, so that the release wakes somebody: perhaps needlessly, never too rarely. */
    while (sk_swap_acq_rel(&spin->word, 2) != 0)
        sk_futex_wait(&spin->word, 2, -1);
}

void sk_spin_release_slow(sk_spin *spin) { sk_futex_wake(&spin->word); }

void sk_futex_wait(_Atomic uint32_t *word, uint32_t value, int64_t timeout_ms) {
    struct timespec ts = {.tv_sec = timeout_ms / 1000, .tv_nsec = timeout_ms % 1000 * 1000000};
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, timeout_ms < 0 ? NULL : &ts, NULL, 0);
}

void sk_futex_wake(_Atomic uint32_t *word) {
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

int sk_thread_start(pthread_t *ret_thread, const char *name, void *(*main)(void *), void *arg) {
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int err = pthread_create(ret_thread, NULL, main, arg);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (err)
        return -err;
    (void)pthread_setname_np(*ret_thread, name); /* only for people who look */
    return 0;
}

/* The cgroup quota as whole CPUs, rounded up; `limit` where there is none. */
static int cgroup_cpu_count(int limit) {
    FILE *f = fopen("/sys/fs/cgroup/cpu.max", "re");
    if (!f)
        return limit;
    long quota = 0, period = 0;
    int n = fscanf(f, "%ld %ld", &quota, &period);
    fclose(f);
    if (n != 2 || quota <= 0 || period <= 0)
        return limit;
    long count = (quota + period - 1) / period;
    return count < limit ? (int)count : limit;
}

int sk_thread_cpu_count(void) {
    cpu_set_t set;
    int count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    count = cgroup_cpu_count(count);
    return count > 0 ? count : 1;
}

uint64_t sk_thread_preemptions(void) {
    struct rusage usage;
    return getrusage(RUSAGE_THREAD, &usage) < 0 ? 0 : (uint64_t)usage.ru_nivcsw;
}
