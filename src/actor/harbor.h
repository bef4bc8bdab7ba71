/* harbor.h -- messages that leave the node: to handles of other nodes, and to global names.
 *
 * One native service, the harbor service, is told of each of them: a message of type SYSTEM whose
 * payload is an sk_remote_msg, with the source and session of the message that wants to leave. Who
 * it is, and what it does with them, is not this layer's business. While there is none, requests
 * are answered with an error at once. */
#ifndef SK_ACTOR_HARBOR_H
#define SK_ACTOR_HARBOR_H

#include "actor/node.h"
#include "base/limits.h"

/* The layout is that of struct remote_message in the C interface. */
typedef struct {
    char name[SK_GLOBAL_NAME_LEN_MAX + 1]; /* "" when the handle is known */
    uint32_t handle;
} sk_remote_name;

typedef struct {
    sk_remote_name destination;
    const void *message; /* a malloc block or NULL: the receiver's */
    size_t size;
    int type;
} sk_remote_msg;

/* Whether who sent such a message waits for an answer. */
static inline bool sk_harbor_owes_answer(int32_t session, int type) {
    return session > 0 && type != SK_TYPE_RESPONSE && type != SK_TYPE_ERROR;
}

/* Any thread. Makes a service the harbor service; none: there is no longer any. It should reserve
 * itself (sk_service_reserve), so as not to keep the node from ending. */
void sk_node_set_harbor(sk_node *node, sk_handle harbor);
sk_handle sk_node_harbor(const sk_node *node);

/* Any thread. Hands a message for another node, or for a global name, to the harbor service;
 * source, session and type are set. Failures come as error answers, so 0 says only that it is on
 * its way. SK_EINVAL for the types SYSTEM and HARBOR, which do not leave a node (logged, freed).
 * A name above SK_GLOBAL_NAME_LEN_MAX bytes nobody can ever have: a request is answered with an
 * error. `worker` as in sk_node_post. */
int sk_harbor_post(sk_node *node, sk_worker *worker, sk_handle to, sk_msg *take_msg);
int sk_harbor_post_name(sk_node *node, sk_worker *worker, const char *name, sk_msg *take_msg);

#endif
