/* server.c -- skynet_server.h and skynet_handle.h: services as objects, references, names. */
#include "skynet_handle.h"
#include "skynet_mq.h"
#include "skynet_server.h"

#include "actor/registry.h"
#include "base/limits.h"
#include "base/mem.h"
#include "compat/caller.h"
#include "compat/state.h"

/* ---- references and messages ---- */

uint32_t skynet_context_new(const char *name, const char *parm) {
    sk_node *node = sk_caller_node(NULL);
    sk_handle handle;
    if (!node)
        return 0;
    sk_caller_launch_begin();
    int err = sk_service_launch(node, sk_caller_present(node), name, parm, &handle);
    sk_caller_launch_end();
    return err < 0 ? 0 : handle.v;
}

uint32_t skynet_context_handle(struct skynet_context *context) {
    return sk_service_handle(sk_caller_service(context)).v;
}

void skynet_context_grab(struct skynet_context *context) {
    sk_service_ref(sk_caller_service(context));
}

void skynet_context_release(struct skynet_context *context) {
    sk_service *service = sk_caller_service(context);
    sk_compat_state *state = sk_compat_state_of(sk_service_node(service));
    sk_add_relaxed(&state->releasing, 1);
    sk_service_unref(service); /* the node may end before this returns */
    sk_sub_acq_rel(&state->releasing, 1);
}

void skynet_context_reserve(struct skynet_context *context) {
    sk_service_reserve(sk_caller_service(context));
}

int skynet_context_push(uint32_t handle, struct skynet_message *message) {
    sk_node *node = sk_caller_node(NULL);
    if (!node)
        return -1;
    sk_msg *msg = sk_msg_new_around(message->data, message->sz & MESSAGE_TYPE_MASK);
    msg->source.v = message->source;
    msg->session = message->session;
    msg->type = (uint8_t)(message->sz >> MESSAGE_TYPE_SHIFT);
    if (sk_node_try_post(node, sk_caller_worker(node), (sk_handle){handle}, msg) == 0)
        return 0;
    (void)sk_msg_take_payload(msg); /* the caller still has it */
    return -1;
}

void skynet_context_send(struct skynet_context *context, void *msg, size_t sz, uint32_t source,
                         int type, int session) {
    sk_service *service = sk_caller_service(context);
    sk_msg *message = sk_msg_new_around(msg, sz & MESSAGE_TYPE_MASK);
    message->source.v = source;
    message->session = session;
    message->type = (uint8_t)type;
    sk_service_push(service, sk_caller_worker(sk_service_node(service)), message);
}

int skynet_context_newsession(struct skynet_context *context) {
    return sk_service_new_session(sk_caller_service(context));
}

int skynet_context_total(void) {
    sk_node *node = sk_caller_node(NULL);
    return node ? sk_node_live_count(node) : 0;
}

void skynet_profile_enable(int enable) {
    sk_node *node = sk_caller_node(NULL);
    if (node)
        sk_node_set_profile(node, enable != 0);
}

/* ---- handles and names ---- */

/* The registry for a look: locked where the thread is no worker. NULL: there is no node. */
static sk_registry *look_begin(sk_node *node) {
    if (!node)
        return NULL;
    if (!sk_caller_worker(node))
        sk_registry_lock(sk_node_registry(node));
    return sk_node_registry(node);
}

static void look_end(sk_node *node) {
    if (node && !sk_caller_worker(node))
        sk_registry_unlock(sk_node_registry(node));
}

uint32_t skynet_handle_findname(const char *name) {
    sk_node *node = sk_caller_node(NULL);
    const sk_registry *registry = look_begin(node);
    sk_handle handle = registry ? sk_registry_query(registry, name) : SK_HANDLE_NONE;
    look_end(node);
    return handle.v;
}

const char *skynet_handle_namehandle(uint32_t handle, const char *name) {
    sk_node *node = sk_caller_node(NULL);
    if (!node || sk_registry_name(sk_node_registry(node), name, (sk_handle){handle}) < 0)
        return NULL;
    const char *stored = sk_registry_stored_name(look_begin(node), name);
    look_end(node);
    return stored;
}

static sk_service *grab(sk_node *node, uint32_t handle) {
    const sk_registry *registry = look_begin(node);
    sk_service *service = registry ? sk_registry_find(registry, (sk_handle){handle}) : NULL;
    if (service && !sk_service_try_ref(service))
        service = NULL;
    look_end(node);
    return service;
}

struct skynet_context *skynet_handle_grab(uint32_t handle) {
    return sk_caller_context(grab(sk_caller_node(NULL), handle));
}

int skynet_handle_retire(uint32_t handle) {
    sk_node *node = sk_caller_node(NULL);
    sk_service *service = grab(node, handle); /* so that it stays while it is being retired */
    if (!service)
        return 0;
    int err = sk_service_retire(node, sk_caller_worker(node), (sk_handle){handle});
    skynet_context_release(sk_caller_context(service)); /* it may be what ends the node */
    return err == 0;
}

void skynet_handle_retireall(void) {
    sk_node *node = sk_caller_node(NULL);
    if (!node)
        return;
    sk_service *present = sk_caller_present(node);
    if (present)
        sk_service_abort_node(present);
    else
        sk_node_abort(node);
}
