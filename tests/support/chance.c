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
