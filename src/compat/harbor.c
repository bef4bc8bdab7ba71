/* harbor.c -- skynet_harbor.h: the service that messages to other nodes go to. */
#include "actor/harbor.h"

#include "actor/service.h"
#include "base/mem.h"
#include "compat/caller.h"
#include "skynet.h"
#include "skynet_harbor.h"

#include <string.h>

_Static_assert(sizeof(struct remote_message) == sizeof(sk_remote_msg), "the same layout");

/* The message that a carrier holds. */
static sk_msg *unwrap(struct remote_message *take_message, uint32_t source, int session) {
    sk_msg *msg = sk_msg_new_around((void *)(uintptr_t)take_message->message, take_message->sz);
    msg->type = (uint8_t)take_message->type;
    msg->source.v = source;
    msg->session = session;
    return msg;
}

void skynet_harbor_send(struct remote_message *message, uint32_t source, int session) {
    sk_node *node = sk_caller_node(NULL);
    if (node) {
        sk_worker *worker = sk_caller_worker(node);
        sk_handle handle = {message->destination.handle};
        char name[GLOBALNAME_LENGTH + 1] = "";
        strncpy(name, message->destination.name, GLOBALNAME_LENGTH);
        sk_msg *msg = unwrap(message, source, session);
        /* Failures come as an error answer to the source. */
        if (sk_handle_is_none(handle))
            (void)sk_harbor_post_name(node, worker, name, msg);
        else
            (void)sk_harbor_post(node, worker, handle, msg);
    } else {
        sk_free((void *)(uintptr_t)message->message);
    }
    sk_free(message);
}

int skynet_harbor_message_isremote(uint32_t handle) { return skynet_isremote(NULL, handle, NULL); }

void skynet_harbor_start(void *context) {
    sk_service *service = sk_caller_service(context);
    sk_service_reserve(service);
    sk_node_set_harbor(sk_service_node(service), sk_service_handle(service));
}
