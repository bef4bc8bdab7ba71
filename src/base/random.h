/* random.h -- the only source of chance: a small seeded generator (xoshiro256**).
 *
 * Reference: D. Blackman, S. Vigna, "Scrambled linear pseudorandom number generators", 2018.
 * Not for secrets: those come from OpenSSL. One thread at a time per generator. */
#ifndef SK_BASE_RANDOM_H
#define SK_BASE_RANDOM_H

#include "base/defs.h"

typedef struct {
    uint64_t s[4];
} sk_random;

/* Any thread. Expands a seed to a full state (splitmix64). */
void sk_random_init(sk_random *random, uint64_t seed);

/* Any thread. A seed from the operating system. */
uint64_t sk_random_system_seed(void);

/* Owner. 64 random bits. */
uint64_t sk_random_next(sk_random *random);

/* Owner. A number in [0, bound); `bound` > 0. */
uint32_t sk_random_below(sk_random *random, uint32_t bound);

#endif
