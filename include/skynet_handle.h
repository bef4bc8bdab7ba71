/* skynet_handle.h -- handles and names of services. */
#ifndef SKYNET_HANDLE_H
#define SKYNET_HANDLE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

#define HANDLE_MASK 0xffffff
#define HANDLE_REMOTE_SHIFT 24

struct skynet_context;

/* Any thread. The handle of a local name (without its dot), or 0. */
uint32_t skynet_handle_findname(const char *name);

/* Any thread. Binds a local name (without its dot) to the handle. The stored name, which lives as
 * long as the handle; NULL if the name is taken, or the handle 0. */
const char *skynet_handle_namehandle(uint32_t handle, const char *name);

/* Any thread. The service with a reference for the caller, who gives it back with
 * skynet_context_release (skynet_server.h); NULL if there is none. */
struct skynet_context *skynet_handle_grab(uint32_t handle);

/* Any thread. Ends the service: its present message first. 1; 0 if there was none. */
int skynet_handle_retire(uint32_t handle);

/* Any thread. Ends all services, and so the node. */
void skynet_handle_retireall(void);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif

#endif
