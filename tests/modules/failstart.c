/* failstart.c -- a service whose start begins things and then fails: "failstart ADDRESS".
 *
 * Nothing of it may be called afterwards; each of its callbacks ends the process. */
#include "skein.h"

#include <stdlib.h>

static void on_closed(skein_service *service, void *user, skein_socket socket, const char *error) {
    (void)service;
    (void)user;
    (void)socket;
    (void)error;
    abort();
}

static void on_answer(skein_service *service, void *user, int error, const void *data,
                      size_t size) {
    (void)service;
    (void)user;
    (void)error;
    (void)data;
    (void)size;
    abort();
}

static void on_time(skein_service *service, void *user) {
    (void)service;
    (void)user;
    abort();
}

static int start(skein_service *service, const char *args, void **ret_state) {
    static const skein_socket_events EVENTS = {.closed = on_closed};
    skein_socket_options options = {.host = "127.0.0.1", .port = 0, .events = &EVENTS};
    skein_socket listener;
    skein_call_options call = {.type = SKEIN_TEXT, .data = "hello", .size = 5, .timeout_ms = 1};
    (void)ret_state;
    if (skein_listen(service, &options, &listener, NULL) < 0 ||
        skein_find(service, args, &call.to) < 0 ||
        skein_call(service, &call, on_answer, NULL) < 0 ||
        skein_after_ms(service, 1, on_time, NULL, NULL) < 0)
        abort();
    return SKEIN_EINVAL;
}

static void stop(skein_service *service, void *state) {
    (void)service;
    (void)state;
    abort();
}

SKEIN_MODULE(failstart, .start = start, .stop = stop);
