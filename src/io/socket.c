/* socket.c -- the commands of socket.h, and the owner's view of the input.
 *
 * Each command finds the socket, does its work under the lock, and posts what it caused after the
 * unlock. Start has two phases: it holds reading back, posts the confirmation, and only then lets
 * data through, so that a service hears "start" before anything else. */
#include "io/socket.h"

#include "base/err.h"
#include "base/mem.h"
#include "io/datagram.h"
#include "io/io_impl.h"

#include <string.h>

#define UNKNOWN_HOST_TEXT "Name or service not known"

static void finish(sk_socket *socket, sk_service *service, sk_notes *notes) {
    sk_socket_unlock(socket);
    if (SK_UNLIKELY(notes->count > 0))
        (void)sk_notes_post(notes, socket->io->node, sk_io_worker_of(service));
}

static void tell(sk_service *service, sk_io_event_type type, int32_t id, const char *text) {
    sk_io_event event;
    sk_event_init(&event, type, id, 0, text);
    (void)sk_service_post(service, sk_service_handle(service), sk_event_message(&event));
}

/* ---- Listening and connecting ---- */

int sk_socket_first_addr(const char *host, int port, sk_addr *ret_addr) {
    if (port < 0 || port > UINT16_MAX)
        return SK_EINVAL;
    if (!host || !*host)
        host = "0.0.0.0";
    int count = sk_addr_resolve(host, (uint16_t)port, ret_addr, 1);
    return count < 0 ? count : 0;
}

int sk_socket_listen(sk_io *io, sk_service *service, const sk_listen_options *options,
                     sk_listen_result *ret_result) {
    sk_addr addr;
    int fd = -1;
    int err = sk_socket_first_addr(options->host, options->port, &addr);
    if (err < 0)
        return err;
    err = sk_listener_open(io, &addr, options->backlog, &fd, &addr);
    if (err < 0)
        return err;
    sk_socket *socket = sk_socket_new(io, sk_service_handle(service), SK_KIND_STREAM, fd);
    if (!socket) {
        (void)io->calls.close(fd); /* nobody has connected yet */
        return SK_ELIMIT;
    }
    sk_socket_lock(socket);
    socket->addr = addr;
    sk_socket_set_state(socket, SK_SOCKET_LISTEN_PAUSED);
    sk_socket_unlock(socket);
    sk_owned_add(io, service, socket->id);
    ret_result->id = socket->id;
    ret_result->port = sk_addr_port(&addr);
    (void)sk_addr_ip_text(&addr, ret_result->ip);
    sk_io_event event;
    sk_event_init(&event, SK_IO_CONNECT, socket->id, ret_result->port, ret_result->ip);
    (void)sk_service_post(service, sk_service_handle(service), sk_event_message(&event));
    return 0;
}

int32_t sk_socket_connect(sk_io *io, sk_service *service, const char *host, int port) {
    if (port < 1 || port > UINT16_MAX)
        return SK_EINVAL;
    if (strlen(host) >= SK_ADDR_HOST_LEN_MAX) {
        sk_node_log(io->node, sk_service_worker(service), sk_service_handle(service),
                    "socket-server error: Invalid addr %s.", host);
        return SK_EINVAL;
    }
    sk_socket *socket = sk_socket_new(io, sk_service_handle(service), SK_KIND_STREAM, -1);
    if (!socket)
        return SK_ELIMIT;
    int32_t id = socket->id;
    sk_owned_add(io, service, id);
    sk_dial *dial = sk_new(sk_dial);
    int count = sk_addr_resolve(host, (uint16_t)port, dial->list, SK_ADDR_LIST_MAX);
    sk_notes notes = {0};
    sk_socket_lock(socket);
    socket->dial = dial;
    sk_socket_set_state(socket, SK_SOCKET_CONNECTING);
    if (count > 0) {
        dial->count = count;
        sk_stream_dial(socket, 0, &notes);
    } else {
        sk_socket_give_error(socket, UNKNOWN_HOST_TEXT, &notes);
        sk_socket_die(socket);
    }
    finish(socket, service, &notes);
    return id;
}

/* ---- Starting and stopping ---- */

static bool is_owner(const sk_socket *socket, const sk_service *service) {
    return sk_handle_eq(sk_socket_owner(socket), sk_service_handle(service));
}

/* Locked. True: it may be read, or accept. */
static bool is_running(const sk_socket *socket) {
    return socket->state == SK_SOCKET_LISTENING || socket->state == SK_SOCKET_CONNECTED ||
           socket->state == SK_SOCKET_WRITE_CLOSED || socket->state == SK_SOCKET_DATAGRAM;
}

/* Locked. Something that has arrived lies in the socket. */
static bool has_unread(const sk_socket *socket) {
    return sk_inbuf_size(&socket->input) > 0 ||
           (socket->datagrams && sk_dgramq_first(&socket->datagrams->in));
}

/* Locked. Changes state and owner; the text of the confirmation, or NULL with ret_error set, or
 * NULL when there is none. */
static const char *begin_start(sk_socket *socket, sk_service *service, const char **ret_error) {
    const char *text = "transfer";
    switch ((sk_socket_state)socket->state) {
    case SK_SOCKET_LISTEN_PAUSED:
        sk_socket_set_state(socket, SK_SOCKET_LISTENING);
        text = "start";
        break;
    case SK_SOCKET_ACCEPTED:
        sk_socket_set_state(socket,
                            socket->is_broken ? SK_SOCKET_WRITE_CLOSED : SK_SOCKET_CONNECTED);
        text = "start";
        break;
    case SK_SOCKET_CONNECTED:
        if (socket->kind == SK_KIND_FOREIGN && is_owner(socket, service))
            return NULL;
        break;
    case SK_SOCKET_LISTENING:
    case SK_SOCKET_DATAGRAM:
        break;
    case SK_SOCKET_CONNECTING:
    case SK_SOCKET_WRITE_CLOSED:
        return NULL;
    default:
        *ret_error = "socket closed";
        return NULL;
    }
    (void)sk_or_acq_rel(&socket->ready, SK_READY_HELD);
    sk_store_relaxed(&socket->owner, sk_service_handle(service).v);
    return text;
}

/* Locked. Lets reading go on after the confirmation was posted. True: post the node. */
static bool release_hold(sk_socket *socket, sk_notes *notes) {
    int err = sk_socket_register(socket);
    if (err < 0) {
        sk_socket_give_error(socket, sk_err_text(err), notes);
        sk_socket_give_close(socket, notes);
        sk_socket_die(socket);
        return false;
    }
    uint32_t set = has_unread(socket) ? SK_READY_UNREAD : 0;
    return sk_socket_mark(socket, set, SK_READY_HELD, NULL);
}

/* Posts the confirmation, then lets data through, unless somebody else has taken over since. */
static void confirm_start(sk_socket *socket, sk_service *service, const char *text) {
    sk_notes notes = {0};
    sk_owned_add(socket->io, service, socket->id);
    tell(service, SK_IO_CONNECT, socket->id, text);
    bool must_post = false;
    sk_socket_lock(socket);
    if (is_owner(socket, service) && is_running(socket))
        must_post = release_hold(socket, &notes);
    finish(socket, service, &notes);
    if (must_post)
        (void)sk_socket_post_node(socket, sk_service_worker(service)); /* to ourselves */
}

bool sk_socket_start(sk_io *io, sk_service *service, int32_t id) {
    const char *error = NULL;
    sk_socket *socket = sk_socket_find_locked(io, id);
    if (!socket) {
        tell(service, SK_IO_ERROR, id, "invalid socket");
        return true;
    }
    const char *text = begin_start(socket, service, &error);
    bool must_post = !error && sk_socket_mark(socket, 0, SK_READY_PAUSED, NULL);
    sk_socket_unlock(socket);
    if (must_post)
        (void)sk_socket_post_node(socket, sk_service_worker(service)); /* the owner's matter */
    if (text)
        confirm_start(socket, service, text);
    else if (error)
        tell(service, SK_IO_ERROR, id, error);
    return text || error;
}

void sk_socket_pause(sk_io *io, sk_service *service, int32_t id) {
    (void)service;
    sk_socket *socket = sk_socket_find(io, id);
    if (socket)
        (void)sk_socket_mark(socket, SK_READY_PAUSED, 0, NULL); /* never queues */
}

void sk_socket_resume(sk_io *io, sk_service *service, int32_t id) {
    sk_socket *socket = sk_socket_find(io, id);
    if (socket)
        (void)sk_socket_raise(socket, sk_io_worker_of(service), 0, SK_READY_PAUSED);
}

/* ---- Closing ---- */

void sk_socket_close(sk_io *io, sk_service *service, int32_t id) {
    sk_notes notes = {0};
    sk_socket *socket = sk_socket_find_locked(io, id);
    if (!socket)
        return;
    sk_stream_close(socket, &notes);
    finish(socket, service, &notes);
    sk_owned_remove(service, id);
}

void sk_socket_shutdown(sk_io *io, sk_service *service, int32_t id) {
    sk_notes notes = {0};
    sk_socket *socket = sk_socket_find_locked(io, id);
    if (!socket)
        return;
    sk_socket_give_close(socket, &notes);
    sk_socket_die(socket);
    finish(socket, service, &notes);
    sk_owned_remove(service, id);
}

void sk_socket_nodelay(sk_io *io, sk_service *service, int32_t id) {
    (void)io;
    (void)service;
    (void)id;
}

/* ---- Sending ---- */

static int send_any(sk_io *io, sk_service *service, int32_t id, const sk_send_data *data,
                    bool low) {
    sk_notes notes = {0};
    sk_socket *socket = sk_socket_find_locked(io, id);
    if (!socket) {
        if (data->take)
            sk_free((void *)(uintptr_t)data->data);
        return SK_ECLOSED;
    }
    if (socket->kind == SK_KIND_DATAGRAM) {
        sk_socket_unlock(socket);
        return sk_socket_udp_send(io, service, id, NULL, data);
    }
    int err = sk_stream_send(socket, service, data, low, &notes);
    finish(socket, service, &notes);
    if (SK_UNLIKELY(err == SK_ESTATE))
        sk_node_log(io->node, sk_io_worker_of(service),
                    service ? sk_service_handle(service) : SK_HANDLE_NONE,
                    "socket-server error: write to listen fd %d.", (int)id);
    return err;
}

int sk_socket_send(sk_io *io, sk_service *service, int32_t id, const sk_send_data *data) {
    return send_any(io, service, id, data, false);
}

int sk_socket_send_low(sk_io *io, sk_service *service, int32_t id, const sk_send_data *data) {
    return send_any(io, service, id, data, true);
}

void sk_socket_set_output_limit(sk_io *io, sk_service *service, int32_t id, size_t size) {
    (void)service;
    sk_socket *socket = sk_socket_find_locked(io, id);
    if (!socket)
        return;
    socket->output_limit = size;
    sk_socket_unlock(socket);
}

/* ---- Input ---- */

sk_socket *sk_socket_get(sk_io *io, int32_t id) {
    sk_socket *socket = sk_socket_find(io, id);
    return socket && sk_socket_try_ref(socket) ? socket : NULL;
}

int32_t sk_socket_id(const sk_socket *socket) { return socket->id; }

sk_inbuf *sk_socket_lock_input(sk_socket *socket, const sk_service *service) {
    sk_socket_lock(socket);
    if (is_owner(socket, service))
        return &socket->input;
    sk_socket_unlock(socket);
    return NULL;
}

void sk_socket_unlock_input(sk_socket *socket) { sk_socket_unlock(socket); }

size_t sk_socket_input_size(sk_socket *socket, const sk_service *service) {
    const sk_inbuf *input = sk_socket_lock_input(socket, service);
    if (!input)
        return 0;
    size_t size = sk_inbuf_size(input);
    sk_socket_unlock_input(socket);
    return size;
}

void sk_socket_set_read_limit(sk_socket *socket, const sk_service *service, size_t size) {
    if (!sk_socket_lock_input(socket, service))
        return;
    socket->read_limit = size;
    sk_socket_unlock_input(socket);
}
