/* random.c -- xoshiro256** seeded by splitmix64. */
#include "base/random.h"

#include "base/assert.h"

#include <sys/random.h>

static uint64_t splitmix(uint64_t *state) {
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static uint64_t rotate_left(uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }

void sk_random_init(sk_random *random, uint64_t seed) {
    for (int i = 0; i < 4; i++)
        random->s[i] = splitmix(&seed);
}

uint64_t sk_random_system_seed(void) {
    uint64_t seed = 0;
    ssize_t n = getrandom(&seed, sizeof seed, 0);
    sk_assert(n == (ssize_t)sizeof seed);
    return seed;
}

uint64_t sk_random_next(sk_random *random) {
    uint64_t *s = random->s;
    uint64_t result = rotate_left(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

uint32_t sk_random_below(sk_random *random, uint32_t bound) {
    sk_assert(bound > 0);
    return (uint32_t)(((sk_random_next(random) >> 32) * bound) >> 32);
}
