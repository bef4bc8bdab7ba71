/* native.h -- services whose module is written against include/skein.h.
 *
 * A skein_service is a sk_service, of any kind. What a native one needs besides, the callbacks that
 * wait for answers, timers and sockets, is a sk_native, the instance of its module. Owner only. */
#ifndef SK_COMPAT_NATIVE_H
#define SK_COMPAT_NATIVE_H

#include "skein.h"

#include "actor/service.h"
#include "base/atomic.h"
#include "base/map.h"
#include "io/event.h"
#include "io/io.h"

typedef struct {
    sk_service *service;
    _Atomic(const skein_module *) module;
    void *state; /* the module's own */
    bool is_started;
    bool has_failed;  /* to start: nothing of the module is called any more */
    bool is_stopping; /* nothing that would have to be waited for is begun any more */
    sk_map waits;     /* session -> what waits for its answer or timer */
    sk_map watches;   /* socket id -> who is told of its events */
    sk_map owed;      /* requests whose callback has returned without an answer; see native.c */
    uint64_t present; /* the request in its callback, not answered yet; 0: none */
} sk_native;

/* For sk_modules_set_adopt: the object is a skein_module. SK_EFORMAT: it is none, or not
 * whole; SK_ESTATE: it was built for another version, or has no start. */
int sk_native_adopt(const void *object, sk_module *ret_module, sk_buffer *error);

/* The sk_native of a service; NULL when it is of another kind. */
sk_native *sk_native_of(skein_service *service);

/* The same, for what makes a callback wait: NULL also when the service stops. */
sk_native *sk_native_waiting(skein_service *service);

/* The service behind the public name. */
static inline sk_service *sk_native_service(const skein_service *service) {
    return (sk_service *)(uintptr_t)service;
}

/* A request is being answered: it is owed no longer. */
void sk_native_on_reply(sk_native *native, skein_request request);

/* The public name of a native service. */
static inline skein_service *sk_native_public(const sk_native *native) {
    return (skein_service *)native->service;
}

/* An answer, an error or a timer has come: calls who waits for it. */
void sk_native_on_answer(sk_native *native, const sk_msg *msg);

/* The check of sk_service_set_session_check: something waits under the session. `user` is the
 * sk_native. */
bool sk_native_session_is_used(void *user, int32_t session);

/* The end: all calls fail with SK_ECLOSED, all timers are forgotten. */
void sk_native_end_waits(sk_native *native);

/* An event of a socket: calls who watches it. Takes event->block. */
void sk_native_on_event(sk_native *native, sk_io_event *event);

/* The end: all sockets are closed, and who watches them is told. */
void sk_native_end_watches(sk_native *native);

#endif
