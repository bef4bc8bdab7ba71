/* skynet_log.h -- the log of a service's messages: one line a message, see the command LOGON. */
#ifndef SKYNET_LOG_H
#define SKYNET_LOG_H

#include "skynet.h"
#include "skynet_env.h"

#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

/* The service itself, for itself or another. Opens the file of the handle below `logpath`, for
 * append; NULL when that is not set or the file cannot be opened. */
FILE *skynet_log_open(struct skynet_context *context, uint32_t handle);

/* The service itself, for itself or another. Writes the last line and closes the file. */
void skynet_log_close(struct skynet_context *context, FILE *file, uint32_t handle);

/* Any thread, one at a time for a file. Writes one message. */
void skynet_log_output(FILE *file, uint32_t source, int type, int session, void *buffer, size_t sz);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif

#endif
