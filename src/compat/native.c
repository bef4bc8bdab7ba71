/* native.c -- from an exported skein_module to a running service: adoption, life, dispatch.
 *
 * The module's functions are called through the four of sk_module that are the same for all native
 * services; which module it is stands in the sk_module's data. Every request ends: those that a
 * service has accepted and not answered when it stops are answered with errors then. */
#include "compat/native.h"

#include "base/err.h"
#include "base/mem.h"
#include "io/turn.h"

#include <stddef.h>

/* A message on its way to the module; the payload can be taken out of it. */
typedef struct {
    skein_message message;
    sk_msg *msg;
    bool is_taken;
} incoming;

void *skein_message_take(skein_message *message) {
    incoming *in = SK_CONTAINER(message, incoming, message);
    if (in->is_taken)
        return NULL;
    in->is_taken = true;
    message->data = NULL;
    return sk_msg_take_payload(in->msg);
}

/* ---- Dispatch ---- */

static bool on_node(sk_native *self, sk_msg *node) {
    sk_io_turn turn;
    sk_io_event event;
    sk_io_turn_begin(&turn, self->service, node, true);
    while (!sk_service_is_dead(self->service) && sk_io_turn_next(&turn, &event))
        sk_native_on_event(self, &event);
    sk_io_turn_end(&turn);
    return true;
}

/* Who asked, and the session, as a key of `owed`; 0 for what is no request. */
static uint64_t key_of(skein_request request) {
    return request.session > 0 ? (uint64_t)request.source.value << 32 | (uint32_t)request.session
                               : 0;
}

void sk_native_on_reply(sk_native *self, skein_request request) {
    uint64_t key = key_of(request);
    if (key == self->present)
        self->present = 0;
    else if (key)
        (void)sk_map_take(&self->owed, key); /* not there: it is answered a second time */
}

static bool on_request(sk_native *self, sk_msg *msg) {
    incoming in = {
        .message = {.type = msg->type,
                    .session = msg->session,
                    .source = {msg->source.v},
                    .data = msg->data,
                    .size = msg->size,
                    .deadline_ns = msg->deadline_ns},
        .msg = msg,
    };
    skein_service *service = sk_native_public(self);
    skein_request request = skein_message_request(&in.message);
    bool is_late = msg->deadline_ns && skein_now_ns(service) >= msg->deadline_ns;
    int err = SKEIN_ESTATE;
    /* A gate's packets have the number of a connection there, and want no answer. */
    self->present = msg->type == SK_TYPE_CLIENT ? 0 : key_of(request);
    if (self->module->message && !is_late)
        err = self->module->message(service, self->state, &in.message);
    if (self->present && err < 0)
        (void)skein_reply_error(service, request); /* who asked may be gone */
    else if (self->present)
        (void)sk_map_put(&self->owed, self->present, self); /* the value says nothing */
    self->present = 0;
    return in.is_taken;
}

/* The end: whoever still waits for an answer gets an error. */
static void fail_owed(sk_native *self) {
    uint32_t cursor = 0;
    uint64_t key;
    void *value;
    sk_map owed = self->owed;
    self->owed = (sk_map){0};
    while (sk_map_next(&owed, &cursor, &key, &value))
        (void)skein_reply_error(
            sk_native_public(self),
            (skein_request){{(uint32_t)(key >> 32)}, (int32_t)(uint32_t)key}); /* or it is gone */
    sk_map_done(&owed);
}

static bool on_message(sk_service *service, void *user, sk_msg *msg) {
    (void)service;
    sk_native *self = user;
    sk_io_event event;
    if (msg->kind == SK_MSG_NODE)
        return on_node(self, msg);
    switch (msg->type) {
    case SK_TYPE_RESPONSE:
    case SK_TYPE_ERROR:
        sk_native_on_answer(self, msg);
        return false;
    case SK_TYPE_SOCKET:
        if (sk_event_of_message(msg, &event))
            sk_native_on_event(self, &event);
        return false;
    default:
        return on_request(self, msg);
    }
}

/* ---- Life ---- */

static void *native_create(void) { return sk_new(sk_native); }

static int native_init(void *instance, sk_service *service, char *args) {
    sk_native *self = instance;
    self->service = service;
    sk_store_release(&self->module,
                     sk_service_module(service)->data); /* pairs with a signal's look */
    sk_service_set_callback(service, on_message, self, true);
    sk_service_set_session_check(service, sk_native_session_is_used, self);
    int err = self->module->start(sk_native_public(self), args ? args : "", &self->state);
    self->is_started = err == 0;
    self->has_failed = err < 0;
    return err;
}

static void native_release(void *instance) {
    sk_native *self = instance;
    self->is_stopping = true;
    sk_native_end_watches(self);
    sk_native_end_waits(self);
    if (self->is_started && self->module->stop)
        self->module->stop(sk_native_public(self), self->state);
    fail_owed(self);
    sk_free(self);
}

static void native_signal(void *instance, int number) {
    sk_native *self = instance;
    const skein_module *module = sk_load_acquire(&self->module);
    if (module && module->signal) /* NULL: it is still being launched */
        module->signal(sk_native_public(self), self->state, number);
}

int sk_native_adopt(const void *object, sk_module *ret_module, sk_buffer *error) {
    const skein_module *module = object;
    if (module->magic != SKEIN_MODULE_MAGIC) {
        sk_buffer_printf(error, "the exported object is no skein_module");
        return SK_EFORMAT;
    }
    if (module->abi_version != SKEIN_ABI_VERSION) {
        sk_buffer_printf(error, "built for version %u of skein.h, this program has version %u",
                         module->abi_version, SKEIN_ABI_VERSION);
        return SK_ESTATE;
    }
    if (module->struct_size < sizeof *module) {
        sk_buffer_printf(error, "its table of functions is incomplete");
        return SK_EFORMAT;
    }
    if (!module->start) {
        sk_buffer_printf(error, "the skein_module has no function `start`");
        return SK_ESTATE;
    }
    ret_module->create = native_create;
    ret_module->init = native_init;
    ret_module->release = native_release;
    ret_module->signal = native_signal;
    ret_module->data = module;
    return 0;
}

sk_native *sk_native_of(skein_service *service) {
    const sk_service *self = sk_native_service(service);
    bool is_native = sk_service_module(self)->init == native_init;
    return is_native ? sk_service_instance(self) : NULL;
}

sk_native *sk_native_waiting(skein_service *service) {
    sk_native *self = sk_native_of(service);
    return self && !self->is_stopping ? self : NULL;
}
