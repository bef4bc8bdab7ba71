/* clock.h -- the only source of time.
 *
 * A node asks its sk_clock; nothing else may call clock_gettime or sleep. A simulation hands in a
 * clock whose time it moves itself. The cycle counter is for accounting and for the scheduler's
 * sub-millisecond budgets; in simulation it stands still, so budgets then count messages only. */
#ifndef SK_BASE_CLOCK_H
#define SK_BASE_CLOCK_H

#include "base/defs.h"

typedef struct sk_clock sk_clock;

/* Any thread. The system's clock, calibrated once (about 10 ms). Free with sk_clock_free. */
sk_clock *sk_clock_new(void);

/* Any thread. A clock that stands at `start_ms` until sk_clock_advance moves it. */
sk_clock *sk_clock_new_virtual(uint64_t start_ms);

/* NULL is fine. */
void sk_clock_free(sk_clock *take_clock);

/* Any thread. Monotonic nanoseconds since an arbitrary origin. */
uint64_t sk_clock_ns(const sk_clock *clock);

/* What one user of the clock keeps for sk_clock_ns_cached; all zero at the start. */
typedef struct {
    uint64_t cycles, ns;
} sk_clock_cache;

/* Any thread, one at a time for a cache. As sk_clock_ns, by the cycle counter from the last reading
 * on, which is at most a millisecond old: up to 1 us late, and never early where the counters of
 * all cores go together. */
uint64_t sk_clock_ns_cached(const sk_clock *clock, sk_clock_cache *cache);

/* Any thread. Monotonic milliseconds since an arbitrary origin. */
uint64_t sk_clock_ms(const sk_clock *clock);

/* Any thread. Wall clock: nanoseconds since 1970. */
uint64_t sk_clock_wall_ns(const sk_clock *clock);

/* Any thread. CPU time of the calling thread, nanoseconds. */
uint64_t sk_clock_thread_cpu_ns(const sk_clock *clock);

/* Only for a virtual clock; one thread. Moves it on by `ms`. */
void sk_clock_advance(sk_clock *clock, uint64_t ms);

/* Any thread. The cycle counter; 0 for a virtual clock. */
uint64_t sk_clock_cycles(const sk_clock *clock);

/* Any thread. Conversion with the rate measured by sk_clock_new. */
uint64_t sk_clock_us_to_cycles(const sk_clock *clock, uint64_t us);
double sk_clock_cycles_to_seconds(const sk_clock *clock, uint64_t cycles);

/* Any thread. Blocks the thread for `ms`; only tools and the monitor's fallback use it. */
void sk_clock_sleep_ms(const sk_clock *clock, uint64_t ms);

#endif
