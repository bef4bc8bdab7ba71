/* skynet_server.h -- services as objects: launching, references, messages without a sender.
 *
 * A reference keeps a service's memory and its instance: NAME_release runs when the service has
 * ended and the last reference is given back. The node does not end before, so give it back. */
#ifndef SKYNET_SERVER_H
#define SKYNET_SERVER_H

#include <stdint.h>
#include <stdlib.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

struct skynet_context;
struct skynet_message;

/* Any thread. Launches a service of the module `name`; `parm` may be NULL. Its handle, or 0. */
uint32_t skynet_context_new(const char *name, const char *parm);

/* Who holds a reference, or runs the service. The handle, also when the service has ended. */
uint32_t skynet_context_handle(struct skynet_context *context);

/* Who holds a reference, or runs the service; any thread. Takes one, gives one back. */
void skynet_context_grab(struct skynet_context *context);
void skynet_context_release(struct skynet_context *context);

/* As grab, for good: the reference lasts until the node ends, and the service does not keep the
 * node from ending any more. */
void skynet_context_reserve(struct skynet_context *context);

/* Any thread. Posts a message as it stands; the record itself is copied. 0: the data, a block of
 * skynet_malloc or NULL, is the runtime's now. -1: there is no such service, and the data is still
 * the caller's. */
int skynet_context_push(uint32_t handle, struct skynet_message *message);

/* Who holds a reference, or runs the service; any thread. Posts the block `msg` to it without a
 * copy. A service that has ended frees it and answers the source with an error. */
void skynet_context_send(struct skynet_context *context, void *msg, size_t sz, uint32_t source,
                         int type, int session);

/* The service itself. A new session. */
int skynet_context_newsession(struct skynet_context *context);

/* Any thread. Number of services that keep the node from ending. */
int skynet_context_total(void);

/* Any thread. Switches the accounting behind the command STAT time, of all services. */
void skynet_profile_enable(int enable);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif

#endif
