/* run.h -- the life of the process: options, configuration, daemon mode, node, signals, exit. */
#ifndef SK_CLI_RUN_H
#define SK_CLI_RUN_H

/* The start-up thread. Returns the exit status of the process. */
int sk_cli_main(int argc, char **argv);

#endif
