/* clock.c -- system and virtual clocks. */
#include "base/clock.h"

#include "base/assert.h"
#include "base/atomic.h"
#include "base/mem.h"

#include <errno.h>
#include <time.h>
#if defined(__x86_64__)
#include <x86intrin.h>
#endif

struct sk_clock {
    /* Fixed after new. */
    bool is_virtual;
    double cycles_per_us;
    /* Virtual time; any thread. */
    _Atomic uint64_t virtual_ms;
};

#define CALIBRATE_NS 5000000
#define CALIBRATE_TRIES 8
#define CACHE_US 1000.0

static uint64_t read_ns(clockid_t id) {
    struct timespec ts;
    clock_gettime(id, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static uint64_t read_cycles(void) {
#if defined(__x86_64__)
    return __rdtsc();
#elif defined(__aarch64__)
    uint64_t v;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(v));
    return v;
#else
    return read_ns(CLOCK_MONOTONIC);
#endif
}

/* Both clocks at one moment: of some readings the one that took the shortest, since the thread may
 * be preempted within one. */
static sk_clock_cache read_both(void) {
    sk_clock_cache best = {0, 0};
    uint64_t shortest = UINT64_MAX;
    for (int i = 0; i < CALIBRATE_TRIES; i++) {
        uint64_t before = read_cycles();
        uint64_t ns = read_ns(CLOCK_MONOTONIC);
        uint64_t took = read_cycles() - before;
        if (took >= shortest)
            continue;
        shortest = took;
        best = (sk_clock_cache){.cycles = before + took / 2, .ns = ns};
    }
    return best;
}

static double calibrate(void) {
    sk_clock_cache start = read_both();
    while (read_ns(CLOCK_MONOTONIC) - start.ns < CALIBRATE_NS)
        continue;
    sk_clock_cache end = read_both();
    return (double)(end.cycles - start.cycles) * 1000.0 / (double)(end.ns - start.ns);
}

sk_clock *sk_clock_new(void) {
    sk_clock *clock = sk_new(sk_clock);
    clock->cycles_per_us = calibrate();
    return clock;
}

sk_clock *sk_clock_new_virtual(uint64_t start_ms) {
    sk_clock *clock = sk_new(sk_clock);
    clock->is_virtual = true;
    clock->cycles_per_us = 1000.0;
    sk_store_relaxed(&clock->virtual_ms, start_ms);
    return clock;
}

void sk_clock_free(sk_clock *take_clock) { sk_free(take_clock); }

uint64_t sk_clock_ns(const sk_clock *clock) {
    if (SK_UNLIKELY(clock->is_virtual))
        return sk_load_relaxed(&clock->virtual_ms) * 1000000u;
    return read_ns(CLOCK_MONOTONIC);
}

uint64_t sk_clock_ns_cached(const sk_clock *clock, sk_clock_cache *cache) {
    uint64_t cycles = sk_clock_cycles(clock);
    double elapsed_us = (double)(cycles - cache->cycles) / clock->cycles_per_us;
    /* A virtual clock has no cycles; a counter of another core may be behind. */
    if (clock->is_virtual || !(elapsed_us < CACHE_US)) {
        cache->ns = sk_clock_ns(clock);
        cache->cycles = cycles;
        return cache->ns;
    }
    /* The margin is for what calibration may be wrong by. */
    return cache->ns + (uint64_t)(elapsed_us * 1001.0) + 1;
}

uint64_t sk_clock_ms(const sk_clock *clock) { return sk_clock_ns(clock) / 1000000u; }

uint64_t sk_clock_wall_ns(const sk_clock *clock) {
    if (SK_UNLIKELY(clock->is_virtual))
        return sk_clock_ns(clock);
    return read_ns(CLOCK_REALTIME);
}

uint64_t sk_clock_thread_cpu_ns(const sk_clock *clock) {
    return clock->is_virtual ? sk_clock_ns(clock) : read_ns(CLOCK_THREAD_CPUTIME_ID);
}

void sk_clock_advance(sk_clock *clock, uint64_t ms) {
    sk_assert(clock->is_virtual);
    sk_add_relaxed(&clock->virtual_ms, ms);
}

uint64_t sk_clock_cycles(const sk_clock *clock) {
    return SK_UNLIKELY(clock->is_virtual) ? 0 : read_cycles();
}

uint64_t sk_clock_us_to_cycles(const sk_clock *clock, uint64_t us) {
    return (uint64_t)((double)us * clock->cycles_per_us);
}

double sk_clock_cycles_to_seconds(const sk_clock *clock, uint64_t cycles) {
    return (double)cycles / clock->cycles_per_us / 1e6;
}

void sk_clock_sleep_ms(const sk_clock *clock, uint64_t ms) {
    if (clock->is_virtual)
        return;
    struct timespec ts = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};
    while (clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, &ts) == EINTR)
        continue;
}
