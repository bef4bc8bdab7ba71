/* chance.c -- see chance.h. */
#include "support/chance.h"

#include "base/random.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

uint64_t chance_seed(void) {
    const char *text = getenv("SEED");
    uint64_t seed = text ? strtoull(text, NULL, 10) : sk_random_system_seed() >> 32;
    printf("SEED=%" PRIu64 "\n", seed);
    fflush(stdout); /* a crash must not swallow it */
    return seed;
}

uint32_t chance_rounds(int argc, char **argv, uint32_t fallback) {
    const char *text = argc > 1 ? argv[1] : getenv("ROUNDS");
    return text ? (uint32_t)strtoul(text, NULL, 10) : fallback;
}

static void on_alarm(int signal) {
    static const char text[] = "out of time: something was lost\n";
    (void)signal;
    (void)!write(STDERR_FILENO, text, sizeof text - 1);
    _exit(1);
}

void chance_time_limit(unsigned seconds) {
    const char *text = getenv("TEST_SLOWNESS");
    unsigned long slowness = text ? strtoul(text, NULL, 10) : 1;
    signal(SIGALRM, on_alarm);
    alarm(seconds * (unsigned)(slowness ? slowness : 1));
}

int chance_main(int argc, char **argv, uint32_t rounds, unsigned limit_s,
                chance_round_fn run) {
    uint64_t seed = chance_seed();
    rounds = chance_rounds(argc, argv, rounds);
    sk_clock *clock = sk_clock_new();
    for (uint32_t round = 0; round < rounds; round++) {
        sk_random random;
        sk_random_init(&random, seed + round);
        chance_time_limit(limit_s);
        run(clock, &random);
    }
    chance_time_limit(0);
    sk_clock_free(clock);
    printf("%" PRIu32 " rounds\n", rounds);
    return 0;
}
