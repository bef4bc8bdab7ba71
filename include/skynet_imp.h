/* skynet_imp.h -- starting a node from a program of one's own, and two text functions. */
#ifndef SKYNET_IMP_H
#define SKYNET_IMP_H

#include "skynet_malloc.h"

#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

struct skynet_config {
    int thread;
    int harbor;
    int profile;
    const char *daemon;
    const char *module_path;
    const char *bootstrap;
    const char *logger;
    const char *logservice;
};

#define THREAD_WORKER 0
#define THREAD_MAIN 1
#define THREAD_SOCKET 2
#define THREAD_TIMER 3
#define THREAD_MONITOR 4

/* For a program of its own, linked with the runtime's library; a thread outside of any node. Runs a
 * node until it ends. NULL, and 0 threads, mean the default of the setting (thread, daemon, cpath,
 * bootstrap, logger, logservice); what skynet_setenv was given before goes before all of these.
 * Returns when the node has ended; when it cannot start, the reason is on the standard error
 * output, and the process ends with status 1. */
void skynet_start(struct skynet_config *config);

/* Any thread. A terminated copy of exactly n bytes. (skynet_strdup is in skynet_malloc.h.) */
char *skynet_strndup(const char *text, size_t n);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif

#endif
