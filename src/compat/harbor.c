/* harbor.c -- skynet_harbor.h: the service that messages to other nodes go to. */
#include "compat/harbor.h"

#include "base/err.h"
#include "base/mem.h"
#include "compat/caller.h"
#include "compat/state.h"
#include "skynet.h"
#include "skynet_harbor.h"

#include <string.h>

/* The harbor service, if there is one that lives. */
static sk_service *find_harbor(const sk_node *node) {
    sk_compat_state *state = sk_compat_state_of(node);
    sk_service *harbor = state ? sk_load_acquire(&state->harbor) : NULL;
    return harbor && !sk_service_is_dead(harbor) ? harbor : NULL;
}

static void hand_over(sk_service *harbor, struct remote_message *take_message, uint32_t source,
                      int session) {
    sk_msg *msg = sk_msg_new_around(take_message, sizeof *take_message);
    msg->type = SK_TYPE_SYSTEM;
    msg->source.v = source;
    msg->session = session;
    sk_service_push(harbor, sk_caller_worker(sk_service_node(harbor)), msg);
}

int sk_harbor_post(sk_node *node, const sk_harbor_letter *letter) {
    sk_service *harbor = find_harbor(node);
    if (!harbor) {
        sk_node_log(node, sk_caller_worker(node), (sk_handle){letter->source},
                    "error: No harbor service for a message to :%08x%s", letter->handle,
                    letter->name);
        if (letter->take)
            sk_free(letter->data);
        return SK_EREMOTE;
    }
    void *data = letter->data;
    if (data && !letter->take)
        data = sk_memdup_text(data, letter->size);
    struct remote_message *message = sk_new(struct remote_message);
    strncpy(message->destination.name, letter->name, sizeof message->destination.name - 1);
    message->destination.handle = letter->handle;
    message->message = data;
    message->sz = letter->size;
    message->type = letter->type;
    hand_over(harbor, message, letter->source, letter->session);
    return 0;
}

void skynet_harbor_send(struct remote_message *message, uint32_t source, int session) {
    sk_node *node = sk_caller_node(NULL);
    sk_service *harbor = node ? find_harbor(node) : NULL;
    if (harbor) {
        hand_over(harbor, message, source, session);
        return;
    }
    int type = message->type;
    uint32_t from = message->destination.handle ? message->destination.handle : source;
    sk_free((void *)(uintptr_t)message->message);
    sk_free(message);
    if (node && session && type != PTYPE_RESPONSE && type != PTYPE_ERROR)
        (void)skynet_send(NULL, from, source, PTYPE_ERROR, session, NULL, 0);
}

int skynet_harbor_message_isremote(uint32_t handle) { return skynet_isremote(NULL, handle, NULL); }

void skynet_harbor_start(void *context) {
    sk_service *service = sk_caller_service(context);
    sk_compat_state *state = sk_compat_state_of(sk_service_node(service));
    sk_service_reserve(service);
    sk_store_release(&state->harbor, service); /* pairs with find_harbor */
}
