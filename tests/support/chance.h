/* chance.h -- seeds, rounds and a time limit for randomized tests.
 *
 * The seed is printed and comes back through the environment (SEED=123); ROUNDS=n, or the first
 * argument of a stress program, makes it longer. One thread. */
#ifndef SK_TESTS_SUPPORT_CHANCE_H
#define SK_TESTS_SUPPORT_CHANCE_H

#include "base/clock.h"
#include "base/random.h"

#include <stdint.h>

/* The seed of this run, from SEED or from the system; printed. */
uint64_t chance_seed(void);

/* Rounds: the first argument, else ROUNDS, else `fallback`. */
uint32_t chance_rounds(int argc, char **argv, uint32_t fallback);

/* Ends the process with status 1 if it still runs after `seconds`, more under a checker. Each call
 * starts anew. For what fails by never ending. */
void chance_time_limit(unsigned seconds);

/* The main of a stress program: seed, rounds, and in each round a generator of its own, a limit of
 * `limit_s` seconds, and `run`. `rounds`: see chance_rounds. Returns the status. */
typedef void (*chance_round_fn)(sk_clock *clock, sk_random *random);
int chance_main(int argc, char **argv, uint32_t rounds, unsigned limit_s,
                chance_round_fn run);

#endif
