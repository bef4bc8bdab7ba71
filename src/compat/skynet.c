/* skynet.c -- implements include/skynet.h over the actor layer.
 *
 * A struct skynet_context is a sk_service. The two variables that functions without a context need
 * (the service of this thread, the node of foreign threads) are the only mutable ones at file
 * scope in the project. */
#include "skynet.h"

#include "actor/registry.h"
#include "actor/service.h"
#include "base/assert.h"
#include "base/buffer.h"
#include "base/limits.h"
#include "base/mem.h"
#include "compat/commands.h"
#include "compat/compat.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Thread_local sk_service *current_service;
static _Atomic(sk_node *) default_node;

#define TYPE_MASK 0xff

static sk_service *service_of(struct skynet_context *context) { return (sk_service *)context; }

static sk_node *current_node(void) {
    return current_service ? sk_service_node(current_service) : sk_load_acquire(&default_node);
}

void sk_compat_set_node(sk_node *node) { sk_store_release(&default_node, node); }

/* ---- callback ---- */

static bool on_message(sk_service *service, void *user, sk_msg *msg) {
    (void)user;
    sk_foreign *foreign = sk_service_foreign(service);
    skynet_cb callback = (skynet_cb)foreign->function;
    current_service = service;
    int keeps = callback((struct skynet_context *)service, foreign->user, msg->type, msg->session,
                         msg->source.v, msg->data, msg->size);
    if (!keeps)
        return false;
    (void)sk_msg_take_payload(msg); /* the service frees it */
    return true;
}

void skynet_callback(struct skynet_context *context, void *ud, skynet_cb cb) {
    sk_service *service = service_of(context);
    *sk_service_foreign(service) = (sk_foreign){(void (*)(void))cb, ud};
    sk_service_set_callback(service, cb ? on_message : NULL, NULL, false);
}

/* ---- sending ---- */

static int refuse(int type, void *msg, int result) {
    if (type & PTYPE_TAG_DONTCOPY)
        sk_free(msg);
    return result;
}

static sk_msg *make(int type, void *msg, size_t size) {
    if (type & PTYPE_TAG_DONTCOPY)
        return sk_msg_new_around(msg, size);
    return sk_msg_new_copy(msg, size);
}

int skynet_send(struct skynet_context *context, uint32_t source, uint32_t destination, int type,
                int session, void *msg, size_t sz) {
    sk_service *self = service_of(context);
    sk_node *node = self ? sk_service_node(self) : current_node();
    sk_worker *worker = self ? sk_service_worker(self) : NULL;
    if (sz >= SK_PAYLOAD_SIZE_MAX) {
        skynet_error(context, "error: The message to %x is too large", destination);
        return refuse(type, msg, -2);
    }
    if (type & PTYPE_TAG_ALLOCSESSION) {
        if (session != 0 || !self)
            return refuse(type, msg, -1);
        session = sk_service_new_session(self);
    }
    if (destination == 0) {
        if (!msg)
            return session;
        skynet_error(context, "error: Destination address can't be 0");
        return refuse(type, msg, -1);
    }
    sk_msg *message = make(type, msg, sz);
    message->source.v = source ? source : (self ? sk_service_handle(self).v : 0);
    message->session = session;
    message->type = (uint8_t)(type & TYPE_MASK);
    /* The worker is the caller's only if the caller is the one that runs the service. */
    if (self != current_service)
        worker = NULL;
    return sk_node_post(node, worker, (sk_handle){destination}, message) < 0 ? -1 : session;
}

static uint32_t handle_of(sk_node *node, const char *name) {
    if (name[0] == ':')
        return (uint32_t)strtoul(name + 1, NULL, 16);
    sk_registry_lock(sk_node_registry(node));
    sk_handle handle = sk_registry_query(sk_node_registry(node), name + 1);
    sk_registry_unlock(sk_node_registry(node));
    return handle.v;
}

int skynet_sendname(struct skynet_context *context, uint32_t source, const char *destination,
                    int type, int session, void *msg, size_t sz) {
    if (destination[0] != ':' && destination[0] != '.')
        return refuse(type, msg, -1); /* global names need a harbor service */
    uint32_t handle = handle_of(sk_service_node(service_of(context)), destination);
    if (handle == 0)
        return refuse(type, msg, -1);
    return skynet_send(context, source, handle, type, session, msg, sz);
}

uint32_t skynet_queryname(struct skynet_context *context, const char *name) {
    if (name[0] == ':' || name[0] == '.')
        return handle_of(sk_service_node(service_of(context)), name);
    skynet_error(context, "error: Don't support query global name %s", name);
    return 0;
}

/* ---- the rest ---- */

const char *skynet_command(struct skynet_context *context, const char *cmd, const char *parm) {
    return sk_command_run(service_of(context), cmd, parm,
                          sk_service_text(service_of(context)));
}

static void log_bytes(struct skynet_context *context, const void *text, size_t size) {
    sk_service *self = service_of(context);
    sk_worker *worker = self && self == current_service ? sk_service_worker(self) : NULL;
    sk_handle source = self ? sk_service_handle(self) : SK_HANDLE_NONE;
    sk_node_log_text(self ? sk_service_node(self) : current_node(), worker, source, text, size);
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
        sk_assert(size >= 0);
        log_bytes(context, text, (size_t)size);
        sk_free(text);
    }
    va_end(args);
}

int skynet_isremote(struct skynet_context *context, uint32_t handle, int *harbor) {
    if (harbor)
        *harbor = (int)(handle >> SK_HANDLE_HARBOR_SHIFT);
    return sk_node_is_remote(sk_service_node(service_of(context)), (sk_handle){handle});
}

uint32_t skynet_current_handle(void) {
    return current_service ? sk_service_handle(current_service).v : 0;
}

uint64_t skynet_now(void) {
    sk_node *node = current_node();
    return node ? sk_node_now_cs(node) : 0;
}

/* ---- memory ---- */

void *skynet_malloc(size_t size) { return sk_malloc(size); }
void *skynet_calloc(size_t count, size_t size) { return sk_calloc(count, size); }
void *skynet_realloc(void *ptr, size_t size) { return sk_realloc(ptr, size); }
void skynet_free(void *ptr) { sk_free(ptr); }
char *skynet_strdup(const char *text) { return sk_strdup(text); }

void *skynet_aligned_alloc(size_t alignment, size_t size) {
    return sk_malloc_aligned(alignment, size);
}

void *skynet_memalign(size_t alignment, size_t size) {
    return sk_malloc_aligned(alignment, size);
}

int skynet_posix_memalign(void **ret_ptr, size_t alignment, size_t size) {
    void *ptr = sk_malloc_aligned(alignment, size);
    if (!ptr)
        return EINVAL;
    *ret_ptr = ptr;
    return 0;
}

void *skynet_lalloc(void *ptr, size_t old_size, size_t new_size) {
    (void)old_size;
    if (new_size == 0) {
        sk_free(ptr);
        return NULL;
    }
    return sk_realloc(ptr, new_size);
}
