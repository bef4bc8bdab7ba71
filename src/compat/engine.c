/* engine.c -- sockets and events of a stand-alone engine: making, finding, telling, ending. */
#include "compat/engine.h"

#include "base/assert.h"
#include "base/err.h"
#include "base/mem.h"

#include <string.h>
#include <unistd.h>

#define ID_MASK 0x7fffffffu

/* ---- events ---- */

static void add_event(struct socket_server *ss, const ss_event *event) {
    ss_event *copy = sk_new(ss_event);
    *copy = *event;
    copy->next = NULL;
    *ss->events_end = copy;
    ss->events_end = &copy->next;
    if (ss->is_waiting)
        sk_poller_wake(ss->poller);
}

void ss_tell_id(struct socket_server *ss, uintptr_t opaque, int id, int type, const char *text) {
    ss_event event = {.type = type, .message = {.id = id, .opaque = opaque}};
    event.message.data = sk_strdup(text);
    add_event(ss, &event);
}

void ss_tell_block(struct socket_server *ss, const ss_socket *socket, int type, int ud,
                   void *take_block) {
    ss_event event = {.type = type, .message = {socket->id, socket->opaque, ud, take_block}};
    add_event(ss, &event);
}

void ss_tell(struct socket_server *ss, const ss_socket *socket, int type, int ud,
             const char *text) {
    ss_tell_block(ss, socket, type, ud, sk_strdup(text));
}

void ss_tell_close(struct socket_server *ss, ss_socket *socket) {
    if (!socket->close_given)
        ss_tell(ss, socket, SOCKET_CLOSE, 0, "");
    socket->close_given = true;
}

void ss_warn(struct socket_server *ss, ss_socket *socket, size_t size) {
    if (size == 0) {
        if (socket->warn_size && !socket->is_closing)
            ss_tell(ss, socket, SOCKET_WARNING, 0, "");
        socket->warn_size = 0;
        return;
    }
    if (size < SK_WRITE_WARN_SIZE || size < socket->warn_size)
        return;
    socket->warn_size = socket->warn_size ? 2 * socket->warn_size : 2 * SK_WRITE_WARN_SIZE;
    ss_tell(ss, socket, SOCKET_WARNING, (int)((size + 1023) / 1024), "");
}

/* ---- sockets ---- */

ss_socket *ss_find(struct socket_server *ss, int id) {
    return id > 0 ? sk_map_get(&ss->sockets, (uint64_t)id) : NULL;
}

void ss_update_ready(struct socket_server *ss, ss_socket *socket) {
    bool is_ready = socket->may_read && socket->is_reading && !socket->is_closing;
    if (is_ready == sk_list_is_linked(&socket->ready))
        return;
    if (!is_ready) {
        sk_list_remove(&socket->ready);
        return;
    }
    sk_list_push(&ss->ready, &socket->ready);
    if (ss->is_waiting)
        sk_poller_wake(ss->poller);
}

int ss_register(struct socket_server *ss, ss_socket *socket) {
    uint64_t key = (uint64_t)socket->generation << 32 | (uint32_t)socket->id;
    return sk_poller_add(ss->poller, socket->fd, key);
}

static int fresh_id(struct socket_server *ss) {
    do
        ss->last_id = (ss->last_id + 1) & ID_MASK;
    while (ss->last_id == 0 || ss_find(ss, (int)ss->last_id));
    return (int)ss->last_id;
}

ss_socket *ss_new(struct socket_server *ss, uintptr_t opaque, int take_fd, int *ret_err) {
    *ret_err = SK_ELIMIT;
    if (ss->sockets.count >= SK_SOCKET_COUNT_MAX)
        return NULL;
    ss_socket *socket = sk_new(ss_socket);
    socket->id = fresh_id(ss);
    socket->fd = take_fd;
    socket->opaque = opaque;
    socket->packets_end = &socket->packets;
    sk_list_init(&socket->ready);
    *ret_err = take_fd >= 0 ? ss_register(ss, socket) : 0;
    if (*ret_err < 0) {
        sk_free(socket);
        return NULL;
    }
    sk_list_push(&ss->all, &socket->all);
    (void)sk_map_put(&ss->sockets, (uint64_t)socket->id, socket); /* a fresh id */
    return socket;
}

void ss_die(struct socket_server *ss, ss_socket *take_socket) {
    if (take_socket->state == SS_BOUND)
        sk_poller_remove(ss->poller, take_socket->fd);
    else if (take_socket->fd >= 0)
        (void)close(take_socket->fd); /* the connection is over, whatever it says */
    for (ss_packet *packet = take_socket->packets, *next; packet; packet = next) {
        next = packet->next;
        sk_free(packet);
    }
    sk_outq_done(&take_socket->outq);
    sk_free(take_socket->dial_list);
    sk_list_remove(&take_socket->all);
    sk_list_remove(&take_socket->ready);
    (void)sk_map_take(&ss->sockets, (uint64_t)take_socket->id);
    sk_free(take_socket);
}
