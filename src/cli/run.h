/* run.h -- the life of the process: options, configuration, daemon mode, node, signals, exit. */
#ifndef SK_CLI_RUN_H
#define SK_CLI_RUN_H

#include "actor/env.h"

/* The start-up thread. Runs a node with these settings, and defaults for the others, to its end.
 * Returns the exit status of the process. */
int sk_cli_run_env(sk_env *take_env);

/* The start-up thread. Returns the exit status of the process. */
int sk_cli_main(int argc, char **argv);

#endif
