/* caller.h -- which thread calls: a worker, the start-up thread, or one that a program has made.
 *
 * Functions of the C interface may have no context, and those that have one may be called on any
 * thread. What a thread may touch follows from what it is: a worker is inside a dispatch, so what
 * it finds stays valid; others bracket it with sk_caller_enter. All functions here are about the
 * calling thread. */
#ifndef SK_COMPAT_CALLER_H
#define SK_COMPAT_CALLER_H

#include "actor/service.h"

struct skynet_context;

/* A struct skynet_context is a sk_service. NULL stays NULL. */
static inline sk_service *sk_caller_service(struct skynet_context *context) {
    return (sk_service *)context;
}

static inline struct skynet_context *sk_caller_context(sk_service *service) {
    return (struct skynet_context *)service;
}

/* The node of the context; without one the thread's, then the process's. NULL: there is none. */
sk_node *sk_caller_node(struct skynet_context *context);

/* The thread's worker; NULL when it is no worker of the node. */
sk_worker *sk_caller_worker(const sk_node *node);

/* True when this thread runs the service at present: its init, callback or release. */
bool sk_caller_runs(const sk_service *service);

/* The service whose message the thread is in, if it is a live one; its handle, or the number of
 * the thread's kind. */
sk_service *sk_caller_present(sk_node *node);
uint32_t sk_caller_handle(void);

/* In pairs, shortly, around what finds pointers. Nothing for a worker. */
void sk_caller_enter(sk_node *node);
void sk_caller_leave(sk_node *node);

/* In pairs, around a launch: the new service's init runs on this thread. */
void sk_caller_launch_begin(void);
void sk_caller_launch_end(void);

#endif
