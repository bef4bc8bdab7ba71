/* harbor.c -- hands what leaves the node to the harbor service. */
#include "actor/harbor.h"

#include "actor/node_impl.h"
#include "base/err.h"
#include "base/mem.h"

#include <string.h>

/* Nobody takes it: the failure comes to the sender as an answer, from the address it used. */
static int answer_with_error(sk_node *node, sk_worker *worker, sk_handle to, sk_msg *take_msg,
                             int type) {
    if (sk_harbor_owes_answer(take_msg->session, type))
        sk_node_post_error(node, worker, to, take_msg->source, take_msg->session);
    sk_msg_free(take_msg);
    return 0;
}

static int forward(sk_node *node, sk_worker *worker, const sk_remote_name *to, sk_msg *take_msg) {
    sk_handle harbor = sk_node_harbor(node);
    sk_handle answer_from = {to->handle};
    if (sk_handle_is_none(harbor))
        return answer_with_error(node, worker, answer_from, take_msg, take_msg->type);
    sk_msg *carrier = sk_msg_new(sizeof(sk_remote_msg));
    carrier->source = take_msg->source;
    carrier->session = take_msg->session;
    carrier->type = SK_TYPE_SYSTEM;
    sk_remote_msg *remote = carrier->data;
    *remote = (sk_remote_msg){.destination = *to, .size = take_msg->size, .type = take_msg->type};
    remote->message = sk_msg_take_payload(take_msg);
    if (sk_node_try_post(node, worker, harbor, carrier) == 0)
        return 0;
    sk_free((void *)(uintptr_t)remote->message); /* it is gone */
    return answer_with_error(node, worker, answer_from, carrier, remote->type);
}

static bool may_leave(sk_node *node, sk_worker *worker, sk_msg *msg) {
    if (msg->type != SK_TYPE_SYSTEM && msg->type != SK_TYPE_HARBOR)
        return true;
    sk_node_log(node, worker, msg->source, "error: A message of type %d cannot leave the node",
                msg->type);
    sk_msg_free(msg);
    return false;
}

int sk_harbor_post(sk_node *node, sk_worker *worker, sk_handle to, sk_msg *take_msg) {
    if (!may_leave(node, worker, take_msg))
        return SK_EINVAL;
    sk_remote_name destination = {.handle = to.v};
    return forward(node, worker, &destination, take_msg);
}

int sk_harbor_post_name(sk_node *node, sk_worker *worker, const char *name, sk_msg *take_msg) {
    if (!may_leave(node, worker, take_msg))
        return SK_EINVAL;
    size_t size = strlen(name);
    if (size > SK_GLOBAL_NAME_LEN_MAX) {
        sk_node_log(node, worker, take_msg->source, "error: Invalid global name %s", name);
        return answer_with_error(node, worker, SK_HANDLE_NONE, take_msg, take_msg->type);
    }
    sk_remote_name destination = {.handle = 0};
    memcpy(destination.name, name, size);
    return forward(node, worker, &destination, take_msg);
}
