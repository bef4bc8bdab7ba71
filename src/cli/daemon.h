/* daemon.h -- running in the background, and the pid file that says so.
 *
 * The pid file is held by an exclusive flock for as long as the node runs. The lock decides
 * whether a node runs, never the number in the file: a number may have been given to another
 * program since. The lock is taken before the fork, so that every failure is reported on the
 * terminal by the process that was started; the child inherits it, and no other process can come
 * in between. On an orderly exit the file is removed; after a crash it stays, without a lock.
 * All functions belong to the start-up thread, and sk_daemon_start comes before any other. */
#ifndef SK_CLI_DAEMON_H
#define SK_CLI_DAEMON_H

#include "base/defs.h"

#include <sys/types.h>

typedef struct sk_daemon sk_daemon;

/* sk_daemon_lock and sk_daemon_detach. Returns in the background process only: the one that was
 * started exits with status 0 when the pid file is written. The working directory is kept.
 * Negative (in the process that was started): *ret_error tells why (sk_free). */
int sk_daemon_start(const char *path, sk_daemon **ret_daemon, char **ret_error);

/* The orderly end: removes the pid file if it is still ours, then gives up the lock. NULL is
 * fine. */
void sk_daemon_stop(sk_daemon *take_daemon);

/* Creates or opens the pid file and locks it; its old content stays. Negative: another process
 * has the lock (SK_EEXIST), or there is no file to be had; *ret_error tells (sk_free). */
int sk_daemon_lock(const char *path, sk_daemon **ret_daemon, char **ret_error);

/* Replaces the content of the file by the number and a newline. */
int sk_daemon_write_pid(sk_daemon *daemon, pid_t pid);

/* Forks; the child leads a new session, writes its pid and has /dev/null as fds 0 to 2. The parent
 * exits as told at sk_daemon_start, or returns negative with *ret_error set (sk_free); the lock
 * stays with `daemon`. */
int sk_daemon_detach(sk_daemon *daemon, char **ret_error);

#endif
