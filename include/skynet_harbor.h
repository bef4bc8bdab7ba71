/* skynet_harbor.h -- messages to other nodes, for a harbor service.
 *
 * The harbor service gets what is sent to handles of other nodes, and to global names, as messages
 * of type PTYPE_SYSTEM whose data is a struct remote_message; source and session are those of the
 * sender. It owns remote_message.message, a block of skynet_malloc. */
#ifndef SKYNET_HARBOR_H
#define SKYNET_HARBOR_H

#include <stdint.h>
#include <stdlib.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

#define GLOBALNAME_LENGTH 16
#define REMOTE_MAX 256

/* The name is not terminated when it has all 16 bytes; handle 0: look the name up. */
struct remote_name {
    char name[GLOBALNAME_LENGTH];
    uint32_t handle;
};

struct remote_message {
    struct remote_name destination;
    const void *message;
    size_t sz;
    int type;
};

/* Any thread. Gives the message to the harbor service; takes the record and its message, blocks of
 * skynet_malloc, in every outcome. Without a harbor service the source gets an error. */
void skynet_harbor_send(struct remote_message *message, uint32_t source, int session);

/* Any thread. Non-zero when the handle belongs to another node. */
int skynet_harbor_message_isremote(uint32_t handle);

/* The service itself. Makes `context` (a struct skynet_context *) the harbor service. */
void skynet_harbor_start(void *context);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif

#endif
