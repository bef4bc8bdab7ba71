/* native_socket.c -- sockets of skein.h: each has a table of functions that is told of its events.
 *
 * The io layer's CLOSE and ERROR, either or both of which end a connection, become one `closed`.
 * After it the id is forgotten, and the socket is closed on our side, too. */
#include "base/buffer.h"
#include "base/mem.h"
#include "compat/native.h"
#include "io/socket.h"

typedef struct {
    const skein_socket_events *events;
    void *user;
    bool is_listener;
    bool is_bound;      /* a listener: the first of its two confirmations has come */
    bool has_connected; /* by us: its address is worth telling */
} watch;

static sk_io *io_of(skein_service *service) {
    return sk_node_io(sk_service_node(sk_native_service(service)));
}

/* Sets who is told of a socket; replaces who was. */
static watch *set_watch(sk_native *self, int32_t id, const skein_socket_events *events,
                        void *user) {
    watch *entry = sk_new(watch);
    entry->events = events;
    entry->user = user;
    sk_free(sk_map_put(&self->watches, (uint64_t)id, entry));
    return entry;
}

static watch *find(const sk_native *self, int32_t id) {
    return id > 0 ? sk_map_get(&self->watches, (uint64_t)id) : NULL;
}

/* ---- Events ---- */

static void on_accept(sk_native *self, const watch *entry, const sk_io_event *event) {
    skein_socket socket = {event->ud};
    if (entry->events->accepted)
        entry->events->accepted(sk_native_public(self), entry->user, socket, event->text);
    else
        skein_socket_close(sk_native_public(self), socket);
}

static void on_end(sk_native *self, int32_t id, const char *error) {
    skein_socket socket = {id};
    watch *entry = sk_map_take(&self->watches, (uint64_t)id);
    watch last = *entry;
    sk_free(entry);
    skein_socket_close(sk_native_public(self), socket);
    if (last.events->closed && !self->has_failed)
        last.events->closed(sk_native_public(self), last.user, socket, error);
}

static void on_watched(sk_native *self, watch *entry, const sk_io_event *event) {
    skein_service *service = sk_native_public(self);
    const skein_socket_events *events = entry->events;
    skein_socket socket = {event->id};
    switch (event->type) {
    case SK_IO_DATA:
        if (events->received && event->block)
            events->received(service, entry->user, socket, event->block, (size_t)event->ud);
        return;
    case SK_IO_CONNECT:
        if (entry->is_listener && !entry->is_bound)
            entry->is_bound = true; /* that it accepts comes next */
        else if (events->opened)
            events->opened(service, entry->user, socket, entry->has_connected ? event->text : "");
        return;
    case SK_IO_ACCEPT:
        on_accept(self, entry, event);
        return;
    case SK_IO_WARNING:
        if (events->unsent)
            events->unsent(service, entry->user, socket, (size_t)event->ud * 1024);
        return;
    case SK_IO_ERROR:
        if (entry->is_listener) /* one connection was not accepted; it goes on */
            skein_log(service, SKEIN_WARNING, "cannot accept: %s", event->text);
        else
            on_end(self, event->id, event->text);
        return;
    case SK_IO_CLOSE:
        on_end(self, event->id, NULL);
        return;
    default:
        return;
    }
}

void sk_native_on_event(sk_native *self, sk_io_event *event) {
    watch *entry = find(self, event->id);
    if (entry) /* else: it was told that this one is closed */
        on_watched(self, entry, event);
    sk_free(event->block);
    event->block = NULL;
}

void sk_native_end_watches(sk_native *self) {
    uint32_t cursor = 0;
    uint64_t id;
    void *value;
    sk_buffer found = {0};
    while (sk_map_next(&self->watches, &cursor, &id, &value))
        sk_buffer_append(&found, &id, sizeof id);
    for (size_t at = 0; at < found.len; at += sizeof id) {
        memcpy(&id, found.data + at, sizeof id);
        if (find(self, (int32_t)id)) /* else: abandoned by one of the callbacks */
            on_end(self, (int32_t)id, NULL);
    }
    sk_buffer_done(&found);
    sk_map_done(&self->watches);
}

/* ---- Commands ---- */

int skein_listen(skein_service *service, const skein_socket_options *options,
                 skein_socket *ret_socket, int *ret_port) {
    sk_native *self = sk_native_waiting(service);
    if (!self)
        return SKEIN_ESTATE;
    sk_listen_options listen = {
        .host = options->host, .port = options->port, .backlog = options->backlog};
    sk_listen_result result;
    int err = sk_socket_listen(io_of(service), self->service, &listen, &result);
    if (err < 0)
        return err;
    set_watch(self, result.id, options->events, options->user)->is_listener = true;
    sk_socket_start(io_of(service), self->service, result.id);
    ret_socket->value = result.id;
    if (ret_port)
        *ret_port = result.port;
    return 0;
}

int skein_connect(skein_service *service, const skein_socket_options *options,
                  skein_socket *ret_socket) {
    sk_native *self = sk_native_waiting(service);
    if (!self)
        return SKEIN_ESTATE;
    if (!options->host)
        return SKEIN_EINVAL;
    int32_t id = sk_socket_connect(io_of(service), self->service, options->host, options->port);
    if (id < 0)
        return id;
    set_watch(self, id, options->events, options->user)->has_connected = true;
    ret_socket->value = id;
    return 0;
}

int skein_socket_start(skein_service *service, skein_socket socket,
                       const skein_socket_events *events, void *user) {
    sk_native *self = sk_native_waiting(service);
    if (!self)
        return SKEIN_ESTATE;
    if (socket.value <= 0)
        return SKEIN_EINVAL;
    (void)set_watch(self, socket.value, events, user);
    sk_socket_start(io_of(service), self->service, socket.value);
    return 0;
}

void skein_socket_abandon(skein_service *service, skein_socket socket) {
    sk_native *self = sk_native_of(service);
    if (!self || socket.value <= 0)
        return;
    sk_socket_pause(io_of(service), self->service, socket.value); /* what comes is the next one's */
    sk_free(sk_map_take(&self->watches, (uint64_t)socket.value));
}

void skein_socket_pause(skein_service *service, skein_socket socket) {
    sk_socket_pause(io_of(service), sk_native_service(service), socket.value);
}

void skein_socket_resume(skein_service *service, skein_socket socket) {
    sk_socket_resume(io_of(service), sk_native_service(service), socket.value);
}

int skein_socket_send(skein_service *service, skein_socket socket, const void *data, size_t size) {
    sk_send_data out = {.data = data, .size = size};
    return sk_socket_send(io_of(service), sk_native_service(service), socket.value, &out);
}

int skein_socket_send_take(skein_service *service, skein_socket socket, void *take_data,
                           size_t size) {
    sk_send_data out = {.data = take_data, .size = size, .take = true};
    return sk_socket_send(io_of(service), sk_native_service(service), socket.value, &out);
}

void skein_socket_close(skein_service *service, skein_socket socket) {
    sk_socket_close(io_of(service), sk_native_service(service), socket.value);
}

void skein_socket_shutdown(skein_service *service, skein_socket socket) {
    sk_socket_shutdown(io_of(service), sk_native_service(service), socket.value);
}
