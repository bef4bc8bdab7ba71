/* skynet.h -- the C interface for native services, as Skynet's programs know it.
 *
 * A service NAME is a shared object found through the configuration's `cpath` that exports
 *     int NAME_init(void *instance, struct skynet_context *, const char *parm);   0 = success
 * and optionally
 *     void *NAME_create(void);                      the instance; without it, (void *)~0
 *     void NAME_release(void *instance);            once, when the service has ended
 *     void NAME_signal(void *instance, int signal); in any thread, beside the callback
 * (for a.b.NAME: the part after the last dot). It is compiled with this header alone
 * and linked with nothing: the executable exports what is declared here. */
#ifndef SKYNET_H
#define SKYNET_H

#include "skynet_malloc.h"

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

#define PTYPE_TEXT 0
#define PTYPE_RESPONSE 1
#define PTYPE_MULTICAST 2
#define PTYPE_CLIENT 3
#define PTYPE_SYSTEM 4
#define PTYPE_HARBOR 5
#define PTYPE_SOCKET 6
#define PTYPE_ERROR 7
#define PTYPE_RESERVED_QUEUE 8
#define PTYPE_RESERVED_DEBUG 9
#define PTYPE_RESERVED_LUA 10
#define PTYPE_RESERVED_SNAX 11
#ifndef PTYPE_QUEUE
#define PTYPE_QUEUE PTYPE_RESERVED_QUEUE
#endif
#ifndef PTYPE_DEBUG
#define PTYPE_DEBUG PTYPE_RESERVED_DEBUG
#endif
#ifndef PTYPE_LUA
#define PTYPE_LUA PTYPE_RESERVED_LUA
#endif
#ifndef PTYPE_SNAX
#define PTYPE_SNAX PTYPE_RESERVED_SNAX
#endif
#ifndef PTYPE_TRACE
#define PTYPE_TRACE 12
#endif

/* Or-ed into the type argument of the send functions: the runtime takes the block `msg` in every
 * outcome; a new session of the sender is allocated. */
#define PTYPE_TAG_DONTCOPY 0x10000
#define PTYPE_TAG_ALLOCSESSION 0x20000

struct skynet_context;

/* Handles one message. 0: the runtime frees msg. Else it is the service's: an ordinary block for
 * free(), another send with PTYPE_TAG_DONTCOPY, and so on. */
typedef int (*skynet_cb)(struct skynet_context *context, void *ud, int type, int session,
                         uint32_t source, const void *msg, size_t sz);

/* The service itself, in its init or callback. Sets what handles messages from the next one on;
 * NULL drops them. */
void skynet_callback(struct skynet_context *context, void *ud, skynet_cb cb);

/* Any thread, without PTYPE_TAG_ALLOCSESSION; else the service itself. Sends a message; source 0
 * means the context's own handle. A NULL context does with a source of its own. Returns the
 * session; -1 when there is no such service, or the call is wrong (which is logged); -2 when the
 * payload is too large. To a handle of another node it succeeds; a failure comes as PTYPE_ERROR.
 * Destination 0 without data sends nothing: with PTYPE_TAG_ALLOCSESSION that makes a session. */
int skynet_send(struct skynet_context *context, uint32_t source, uint32_t destination, int type,
                int session, void *msg, size_t sz);

/* As skynet_send, to ":hex", to ".name" of this node, or to the global name of a service of any
 * node, which has at most 15 bytes. */
int skynet_sendname(struct skynet_context *context, uint32_t source, const char *destination,
                    int type, int session, void *msg, size_t sz);

/* The service itself. The handle of ":hex" or ".name"; 0 if there is none. */
uint32_t skynet_queryname(struct skynet_context *context, const char *name);

/* The service itself. Runs a text command; NULL or a text that lives until its next command. */
const char *skynet_command(struct skynet_context *context, const char *cmd, const char *parm);

/* Any thread. Writes a line to the log in the name of the service; NULL: of nobody. The format
 * "%*s" takes a length and bytes, and logs exactly these. */
void skynet_error(struct skynet_context *context, const char *fmt, ...);

/* Any thread. Non-zero when the handle belongs to another node; its harbor id in *harbor, if the
 * pointer is not NULL. */
int skynet_isremote(struct skynet_context *context, uint32_t handle, int *harbor);

/* The handle of the service whose message this thread handles: in an init, of the one that
 * launches. 0xffffffff on the main thread, 0 on threads of a program. */
uint32_t skynet_current_handle(void);

/* Any thread. Centiseconds since the start of the node (plus those of its first second). */
uint64_t skynet_now(void);

/* Any thread. Writes the current handle, the text and its memory to the standard error output. */
void skynet_debug_memory(const char *info);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif

#endif
