/* cmd_check.h -- `skein --check CONFIG`: tells what is wrong with a configuration, and where.
 *
 * It runs the file as a start would and then looks at what a start would trip over later: types,
 * ranges, search patterns, files and directories, settings that contradict each other. Nothing is
 * started and nothing is written. A key that nobody knows is fine, since programs have keys of
 * their own; one that looks like a slip of the pen gets a note. */
#ifndef SK_CLI_CMD_CHECK_H
#define SK_CLI_CMD_CHECK_H

#include "base/defs.h"

#include <stdio.h>

/* True if a Lua service of that name is built into the executable. */
typedef bool (*sk_check_embedded_fn)(const char *service_name);

/* Start-up thread. Prints a line per problem, `PATH: N problems` last, to `out`; returns the exit
 * status: 0 without problems, else 1. `is_embedded` may be NULL: no service is built in. */
int sk_cmd_check(const char *path, sk_check_embedded_fn is_embedded, FILE *out);

#endif
