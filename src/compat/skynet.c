/* skynet.c -- implements include/skynet.h over the actor layer.
 *
 * Where the interface lets a block be handed over, it is taken in every outcome: each way out of
 * the send functions either puts it into a message or frees it. */
#include "skynet.h"

#include "actor/harbor.h"
#include "actor/service.h"
#include "base/assert.h"
#include "base/limits.h"
#include "base/mem.h"
#include "compat/caller.h"
#include "compat/commands.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TYPE_MASK 0xff

/* ---- callback ---- */

static bool on_message(sk_service *service, void *user, sk_msg *msg) {
    (void)user;
    sk_foreign *foreign = sk_service_foreign(service);
    skynet_cb callback = (skynet_cb)foreign->function;
    bool is_apart = msg->kind == SK_MSG_OUTSIDE;
    int keeps = callback(sk_caller_context(service), foreign->user, msg->type, msg->session,
                         msg->source.v, msg->data, msg->size);
    if (!keeps)
        return false;
    /* The payload is the service's, and may be gone; with it a header that stands behind it. */
    if (is_apart)
        (void)sk_msg_take_payload(msg);
    return true;
}

void skynet_callback(struct skynet_context *context, void *ud, skynet_cb cb) {
    sk_service *service = sk_caller_service(context);
    *sk_service_foreign(service) = (sk_foreign){(void (*)(void))cb, ud};
    sk_service_set_callback(service, cb ? on_message : NULL, NULL, false);
}

/* ---- sending ---- */

typedef struct {
    struct skynet_context *context; /* NULL: source is not 0 */
    sk_node *node;
    uint32_t source;
    int type; /* with its tags */
    int session;
    void *data;
    size_t size;
} request;

static int refuse(const request *send, int result) {
    if (send->type & PTYPE_TAG_DONTCOPY)
        sk_free(send->data);
    return result;
}

/* What the session and the tags ask for. False: they are wrong, which was logged. */
static bool set_session(request *send) {
    const sk_service *self = sk_caller_service(send->context);
    if (!(send->type & PTYPE_TAG_ALLOCSESSION))
        return true;
    if (send->session != 0 || !self || !sk_caller_runs(self)) {
        skynet_error(send->context, "error: Can't allocate a session here");
        return false;
    }
    send->session = sk_service_new_session(sk_caller_service(send->context));
    return true;
}

static void fill_request(request *send) {
    if (send->source == 0 && send->context)
        send->source = sk_service_handle(sk_caller_service(send->context)).v;
    if (!send->data)
        send->size = 0;
}

static sk_msg *make(const request *send) {
    sk_msg *msg = send->type & PTYPE_TAG_DONTCOPY ? sk_msg_new_around(send->data, send->size)
                                                  : sk_msg_new_copy(send->data, send->size);
    msg->source.v = send->source;
    msg->session = send->session;
    msg->type = (uint8_t)(send->type & TYPE_MASK);
    return msg;
}

static int post_local(const request *send, uint32_t destination) {
    sk_worker *worker = sk_caller_worker(send->node);
    int err = sk_node_post(send->node, worker, (sk_handle){destination}, make(send));
    return err < 0 ? -1 : send->session;
}

/* To a handle of another node, or, without one, to a global name. */
static int post_remote(const request *send, uint32_t handle, const char *name) {
    sk_worker *worker = sk_caller_worker(send->node);
    if (sk_handle_is_none(sk_node_harbor(send->node))) {
        skynet_error(send->context, "error: No harbor service for a message to :%08x%s", handle,
                     name);
        return refuse(send, -1);
    }
    int err = handle ? sk_harbor_post(send->node, worker, (sk_handle){handle}, make(send))
                     : sk_harbor_post_name(send->node, worker, name, make(send));
    return err < 0 ? -1 : send->session;
}

int skynet_send(struct skynet_context *context, uint32_t source, uint32_t destination, int type,
                int session, void *msg, size_t sz) {
    request send = {context, sk_caller_node(context), source, type, session, msg, sz};
    if (!send.node)
        return refuse(&send, -1);
    if (sz >= SK_PAYLOAD_SIZE_MAX) {
        skynet_error(context, "error: The message to %x is too large", destination);
        return refuse(&send, -2);
    }
    if (!set_session(&send))
        return refuse(&send, -1);
    if (destination == 0) {
        if (!msg)
            return send.session;
        skynet_error(context, "error: Destination address can't be 0");
        return refuse(&send, -1);
    }
    fill_request(&send);
    if (sk_node_is_remote(send.node, (sk_handle){destination}))
        return post_remote(&send, destination, "");
    return post_local(&send, destination);
}

static int send_global(request *send, const char *name) {
    if (send->size >= SK_PAYLOAD_SIZE_MAX) {
        skynet_error(send->context, "error: The message to %s is too large", name);
        return refuse(send, -2);
    }
    if (strlen(name) > SK_GLOBAL_NAME_LEN_MAX) {
        skynet_error(send->context, "error: The global name %s is too long", name);
        return refuse(send, -1);
    }
    if (!set_session(send))
        return refuse(send, -1);
    fill_request(send);
    return post_remote(send, 0, name);
}

int skynet_sendname(struct skynet_context *context, uint32_t source, const char *destination,
                    int type, int session, void *msg, size_t sz) {
    request send = {context, sk_caller_node(context), source, type, session, msg, sz};
    if (!send.node || !destination)
        return refuse(&send, -1);
    if (destination[0] != ':' && destination[0] != '.')
        return send_global(&send, destination);
    uint32_t handle = sk_node_find_address(send.node, sk_caller_worker(send.node), destination).v;
    if (handle == 0 && destination[0] == '.')
        return refuse(&send, -1);
    return skynet_send(context, source, handle, type, session, msg, sz);
}

uint32_t skynet_queryname(struct skynet_context *context, const char *name) {
    sk_node *node = sk_caller_node(context);
    if (node && (name[0] == ':' || name[0] == '.'))
        return sk_node_find_address(node, sk_caller_worker(node), name).v;
    skynet_error(context, "error: Don't support query global name %s", name);
    return 0;
}

/* ---- the rest ---- */

const char *skynet_command(struct skynet_context *context, const char *cmd, const char *parm) {
    sk_service *service = sk_caller_service(context);
    return sk_command_run(service, cmd, parm, sk_service_text(service));
}

static void log_bytes(struct skynet_context *context, const void *text, size_t size) {
    const sk_service *self = sk_caller_service(context);
    sk_node *node = sk_caller_node(context);
    sk_handle source = self ? sk_service_handle(self) : SK_HANDLE_NONE;
    if (node)
        sk_node_log_text(node, sk_caller_worker(node), source, text, size);
    else
        fprintf(stderr, "%.*s\n", (int)size, (const char *)text);
}

void skynet_error(struct skynet_context *context, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    if (strcmp(fmt, "%*s") == 0) {
        int size = va_arg(args, int);
        const char *text = va_arg(args, const char *);
        log_bytes(context, text, size > 0 ? (size_t)size : 0);
    } else {
        char *text = NULL;
        int size = vasprintf(&text, fmt, args);
        if (size < 0) { /* a wide character that the locale does not have */
            log_bytes(context, fmt, strlen(fmt));
        } else {
            log_bytes(context, text, (size_t)size);
            sk_free(text);
        }
    }
    va_end(args);
}

int skynet_isremote(struct skynet_context *context, uint32_t handle, int *harbor) {
    sk_node *node = sk_caller_node(context);
    if (harbor)
        *harbor = (int)(handle >> SK_HANDLE_HARBOR_SHIFT);
    return node && sk_node_is_remote(node, (sk_handle){handle});
}

uint32_t skynet_current_handle(void) { return sk_caller_handle(); }

uint64_t skynet_now(void) {
    sk_node *node = sk_caller_node(NULL);
    return node ? sk_node_now_cs(node) : 0;
}
