/* node_impl.h -- what the files of the actor layer share beyond their public headers.
 *
 * Included by src/actor only. */
#ifndef SK_ACTOR_NODE_IMPL_H
#define SK_ACTOR_NODE_IMPL_H

#include "actor/exit.h"
#include "actor/module.h"
#include "actor/service.h"
#include "actor/watch.h"

/* Any thread. Counts services from launch until their release has run; the node ends at 0. */
void node_service_began(sk_node *node);
void node_service_ended(sk_node *node, sk_worker *worker);

/* Any thread. The node is being aborted: nothing is launched any more. */
bool node_is_aborting(const sk_node *node);

/* Any thread. A log service has its name already. */
bool node_has_logger(sk_node *node, sk_worker *worker);

/* Worker. As sk_node_abort, from inside a service. */
void node_abort(sk_node *node, sk_worker *worker);

/* Any thread. The records of watch.h, valid as long as the node. */
sk_watches *node_watches(const sk_node *node);

/* Any thread. Counts services from sk_node_ask_shutdown's request until they have ended. */
void node_asked_began(sk_node *node);
void node_asked_ended(sk_node *node);

/* Any thread. Adds to the list of services that the node releases itself; the rest of the list. */
sk_service *node_add_reserved(sk_node *node, sk_service *service);

/* After the workers have ended. Ends a reserved service, unless somebody still holds it; the next
 * of the list. */
sk_service *service_end_reserved(sk_service *take_service);

/* Worker itself, before it runs anything. */
void node_thread_begins(sk_node *node, sk_worker *worker);

/* Owner, from the io layer's expand. Delivers one real message made from a node. */
bool service_deliver_expanded(sk_service *service, sk_msg *msg);

/* Any thread that may hold the pointer. */
sk_watch_side *service_watch_side(sk_service *service);

typedef struct {
    sk_handle to, from;
    sk_notice_what what;
    uint64_t ref; /* of a monitor */
} service_notice;

/* Any thread; `worker` as for sk_node_post. Sends a message of type SK_TYPE_EXIT. */
int service_post_notice(sk_node *node, sk_worker *worker, const service_notice *notice,
                        const sk_exit_reason *reason);

/* The worker that ends the service, last of all. Tells those that watch it. */
void watch_service_ended(sk_service *service);

/* Any thread that may hold the pointer. Another service will ask it to end. */
bool service_is_supervised(const sk_service *service);

/* Any thread that may hold the pointer. Sends the request to end, once. */
void service_ask_shutdown(sk_service *service);

/* Worker itself. Flushes gathered writes, takes the cycle stamp; the cycles since the last one. */
uint64_t sk_worker_end_dispatch(sk_worker *worker);

/* Worker itself. The present dispatch has used its time. */
bool sk_worker_budget_is_used(const sk_worker *worker);

#endif
