/* socket_server.c -- socket_server.h: the commands, and the loop of the polling thread. */
#include "compat/engine.h"

#include "base/err.h"
#include "base/mem.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define POLL_COUNT_MAX 64
/* Sockets that are ready and read before the others are looked at. */
#define INPUT_COUNT_MAX 64
/* Output that the kernel had no memory for is tried again after so long. */
#define SHORTAGE_MS 10

/* ---- life ---- */

struct socket_server *socket_server_create(uint64_t time) {
    struct socket_server *ss = sk_new(struct socket_server);
    if (sk_poller_new(&ss->poller) < 0) {
        sk_free(ss);
        return NULL;
    }
    ss->time = time;
    ss->events_end = &ss->events;
    ss->polled = sk_calloc(POLL_COUNT_MAX, sizeof *ss->polled);
    ss->scratch = sk_malloc(SK_READ_SIZE);
    ss->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    sk_lock_init(&ss->lock);
    sk_list_init(&ss->all);
    sk_list_init(&ss->ready);
    return ss;
}

void socket_server_release(struct socket_server *ss) {
    if (!ss)
        return;
    while (!sk_list_is_empty(&ss->all))
        ss_die(ss, SK_CONTAINER(ss->all.next, ss_socket, all));
    for (ss_event *event = ss->events, *next; event; event = next) {
        next = event->next;
        sk_free(event->message.data);
        sk_free(event);
    }
    if (ss->spare_fd >= 0)
        (void)close(ss->spare_fd); /* only kept a place */
    sk_map_done(&ss->sockets);
    sk_poller_free(ss->poller);
    sk_lock_done(&ss->lock);
    sk_free(ss->polled);
    sk_free(ss->scratch);
    sk_free(ss->last_text);
    sk_free(ss);
}

static void begin(struct socket_server *ss) { sk_lock_acquire(&ss->lock); }
static void end(struct socket_server *ss) { sk_lock_release(&ss->lock); }

void socket_server_updatetime(struct socket_server *ss, uint64_t time) {
    begin(ss);
    ss->time = time;
    end(ss);
}

void socket_server_userobject(struct socket_server *ss, struct socket_object_interface *interface) {
    begin(ss);
    ss->object = *interface;
    end(ss);
}

/* ---- polling ---- */

/* The oldest event, told to the caller; false when there is none. */
static bool take_event(struct socket_server *ss, struct socket_message *ret_message,
                       int *ret_type) {
    ss_event *event = ss->events;
    if (!event)
        return false;
    ss->events = event->next;
    if (!ss->events)
        ss->events_end = &ss->events;
    *ret_message = event->message;
    *ret_type = ss->last_type = event->type;
    ss->last_id_told = event->message.id;
    if (event->type != SOCKET_DATA && event->type != SOCKET_UDP)
        ss->last_text = event->message.data;
    sk_free(event);
    return true;
}

static void input(struct socket_server *ss, ss_socket *socket) {
    sk_list_remove(&socket->ready); /* to the tail: others have their turn */
    sk_list_push(&ss->ready, &socket->ready);
    if (socket->state == SS_UDP)
        ss_udp_input(ss, socket);
    else
        ss_stream_input(ss, socket);
}

/* May end the socket. */
static void output(struct socket_server *ss, ss_socket *socket) {
    if (socket->state == SS_UDP)
        ss_udp_output(ss, socket);
    else
        ss_stream_output(ss, socket);
}

static void handle_polled(struct socket_server *ss, const sk_poll_event *event) {
    ss_socket *socket = ss_find(ss, (int)(event->key & INT32_MAX));
    const uint32_t over = SK_POLL_HUP | SK_POLL_ERR;
    if (!socket || socket->generation != event->key >> 32)
        return;
    if (event->ready & over && socket->state != SS_CONNECTING && socket->state != SS_UDP &&
        (socket->state == SS_READ_CLOSED || socket->is_closing)) {
        ss_die(ss, socket); /* nobody reads any more, and nothing can be written */
        return;
    }
    if (event->ready & (SK_POLL_IN | SK_POLL_END | over)) {
        socket->may_read = true;
        ss_update_ready(ss, socket);
    }
    if (event->ready & (SK_POLL_OUT | over))
        output(ss, socket);
}

/* Output that waits for memory; any other that is tried, too, fails as before. */
static void retry_all(struct socket_server *ss) {
    sk_link *next;
    ss->is_short = false;
    for (sk_link *link = ss->all.next; link != &ss->all; link = next) {
        ss_socket *socket = SK_CONTAINER(link, ss_socket, all);
        next = link->next;
        if (socket->is_blocked && socket->state != SS_CONNECTING)
            output(ss, socket);
    }
}

/* Gives the lock away while it waits. */
static void wait_for_more(struct socket_server *ss, int64_t timeout_ms) {
    ss->is_waiting = true;
    end(ss);
    int count = sk_poller_wait(ss->poller, ss->polled, POLL_COUNT_MAX, timeout_ms);
    begin(ss);
    ss->is_waiting = false;
    for (int i = 0; i < count; i++)
        handle_polled(ss, &ss->polled[i]);
    if (ss->is_short)
        retry_all(ss);
}

int socket_server_poll(struct socket_server *ss, struct socket_message *ret_message, int *more) {
    int type;
    begin(ss);
    sk_free(ss->last_text);
    ss->last_text = NULL;
    while (!take_event(ss, ret_message, &type)) {
        bool has_ready = !sk_list_is_empty(&ss->ready);
        if (has_ready && ++ss->input_count % INPUT_COUNT_MAX != 0) {
            input(ss, SK_CONTAINER(ss->ready.next, ss_socket, ready));
        } else if (has_ready) {
            wait_for_more(ss, 0); /* one that never runs dry must not keep the others out */
        } else {
            if (more)
                *more = 0;
            wait_for_more(ss, ss->is_short ? SHORTAGE_MS : -1);
        }
    }
    end(ss);
    return type;
}

void socket_server_exit(struct socket_server *ss) {
    begin(ss);
    ss_tell_id(ss, 0, 0, SOCKET_EXIT, "");
    end(ss);
}

/* ---- starting and closing ---- */

static void start(struct socket_server *ss, uintptr_t opaque, ss_socket *socket) {
    const char *text = NULL;
    switch (socket->state) {
    case SS_LISTEN_PAUSED:
    case SS_ACCEPTED:
        socket->state = socket->state == SS_ACCEPTED ? SS_CONNECTED : SS_LISTENING;
        text = "start";
        break;
    case SS_LISTENING:
    case SS_CONNECTED:
    case SS_UDP:
        text = "transfer";
        break;
    default:
        break;
    }
    socket->is_reading = socket->state != SS_CONNECTING;
    if (text) {
        socket->opaque = opaque;
        ss_tell(ss, socket, SOCKET_OPEN, 0, text);
    }
    ss_update_ready(ss, socket);
}

void socket_server_start(struct socket_server *ss, uintptr_t opaque, int id) {
    begin(ss);
    ss_socket *socket = ss_find(ss, id);
    if (!socket)
        ss_tell_id(ss, opaque, id, SOCKET_ERR, "invalid socket");
    else if (socket->state == SS_READ_CLOSED || socket->is_closing)
        ss_tell_id(ss, opaque, id, SOCKET_ERR, "socket closed");
    else
        start(ss, opaque, socket);
    end(ss);
}

void socket_server_pause(struct socket_server *ss, uintptr_t opaque, int id) {
    (void)opaque;
    begin(ss);
    ss_socket *socket = ss_find(ss, id);
    if (socket) {
        socket->is_reading = false;
        ss_update_ready(ss, socket);
    }
    end(ss);
}

void socket_server_close(struct socket_server *ss, uintptr_t opaque, int id) {
    (void)opaque;
    begin(ss);
    ss_socket *socket = ss_find(ss, id);
    if (socket)
        ss_stream_close(ss, socket);
    end(ss);
}

void socket_server_shutdown(struct socket_server *ss, uintptr_t opaque, int id) {
    (void)opaque;
    begin(ss);
    ss_socket *socket = ss_find(ss, id);
    if (socket) {
        ss_tell_close(ss, socket);
        ss_die(ss, socket);
    }
    end(ss);
}

void socket_server_nodelay(struct socket_server *ss, int id) {
    (void)ss;
    (void)id;
}

/* ---- making ---- */

/* Takes the descriptor, or a failure; the id, or -1. With the lock held. */
static int enter(struct socket_server *ss, uintptr_t opaque, int take_fd, ss_socket **ret_socket) {
    int err = take_fd;
    if (take_fd < 0)
        return -1;
    *ret_socket = ss_new(ss, opaque, take_fd, &err);
    if (*ret_socket)
        return (*ret_socket)->id;
    (void)close(take_fd); /* nothing was sent */
    return -1;
}

/* One address of the host (NULL or "": all of IPv4). 0 or negative. */
static int resolve(const char *host, int port, sk_addr *ret_addr) {
    if (port < 0 || port > UINT16_MAX)
        return SK_EINVAL;
    int count = sk_addr_resolve(host && *host ? host : "0.0.0.0", (uint16_t)port, ret_addr, 1);
    return count < 0 ? count : 0;
}

int socket_server_listen(struct socket_server *ss, uintptr_t opaque, const char *addr, int port,
                         int backlog) {
    sk_addr bound;
    ss_socket *socket;
    if (resolve(addr, port, &bound) < 0)
        return -1;
    int fd = ss_listen_fd(&bound, backlog);
    begin(ss);
    int id = enter(ss, opaque, fd, &socket);
    if (id >= 0) {
        char ip[SK_ADDR_TEXT_SIZE];
        socket->state = SS_LISTEN_PAUSED;
        socket->addr = bound;
        (void)sk_addr_ip_text(&bound, ip);
        ss_tell(ss, socket, SOCKET_OPEN, sk_addr_port(&bound), ip);
    }
    end(ss);
    return id;
}

int socket_server_connect(struct socket_server *ss, uintptr_t opaque, const char *addr, int port) {
    int err;
    if (port < 1 || port > UINT16_MAX)
        return -1;
    sk_addr *list = sk_calloc(SK_ADDR_LIST_MAX, sizeof *list);
    int count = sk_addr_resolve(addr ? addr : "", (uint16_t)port, list, SK_ADDR_LIST_MAX);
    begin(ss);
    ss_socket *socket = ss_new(ss, opaque, -1, &err);
    int id = socket ? socket->id : -1;
    if (!socket) {
        sk_free(list);
    } else if (count < 0) {
        sk_free(list);
        ss_tell(ss, socket, SOCKET_ERR, 0, "Name or service not known");
        ss_die(ss, socket);
    } else {
        socket->state = SS_CONNECTING;
        socket->dial_list = list;
        socket->dial_count = count;
        ss_dial(ss, socket, 0);
    }
    end(ss);
    return id;
}

int socket_server_bind(struct socket_server *ss, uintptr_t opaque, int fd) {
    int err;
    int flags = fcntl(fd, F_GETFL);
    if (flags >= 0)
        (void)fcntl(fd, F_SETFL, flags | O_NONBLOCK); /* else reading may block: its own choice */
    begin(ss);
    ss_socket *socket = ss_new(ss, opaque, fd, &err);
    int id = socket ? socket->id : -1;
    if (socket) {
        socket->state = SS_BOUND;
        socket->is_reading = true;
        ss_tell(ss, socket, SOCKET_OPEN, 0, "binding");
    } else if (err != SK_ELIMIT) { /* there is no event for it: a file, or no descriptor */
        socket = ss_new(ss, opaque, -1, &err);
        id = socket ? socket->id : -1;
        if (socket) {
            ss_tell(ss, socket, SOCKET_ERR, 0, "reach skynet socket number limit");
            ss_die(ss, socket);
        }
    }
    end(ss);
    return id;
}

/* ---- sending ---- */

static int send_datagram(struct socket_server *ss, ss_socket *socket, const sk_addr *to,
                         const struct socket_sendbuffer *b) {
    bool may = to && !socket->is_closing && to->any.sa_family == socket->addr.any.sa_family;
    if (may)
        ss_udp_send(ss, socket, to, b->buffer, b->sz);
    if (b->type == SOCKET_BUFFER_MEMORY)
        sk_free((void *)(uintptr_t)b->buffer);
    return may ? 0 : -1;
}

/* With the lock held; the buffer is plain by now. `address` may be NULL. */
static int send_plain(struct socket_server *ss, const struct socket_sendbuffer *b,
                      const sk_addr *address, bool low) {
    ss_socket *socket = ss_find(ss, b->id);
    if (socket && socket->state == SS_UDP)
        return send_datagram(ss, socket,
                             address            ? address
                             : socket->has_peer ? &socket->addr
                                                : NULL,
                             b);
    if (socket && !address)
        return ss_stream_send(ss, socket, b, low);
    if (b->type == SOCKET_BUFFER_MEMORY)
        sk_free((void *)(uintptr_t)b->buffer);
    return -1;
}

/* An object is copied into a block; a negative result for what is none of the three. */
static int send_any(struct socket_server *ss, const struct socket_sendbuffer *buffer,
                    const sk_addr *address, bool low) {
    struct socket_sendbuffer plain = *buffer;
    const struct socket_object_interface *object = &ss->object;
    if (buffer->type == SOCKET_BUFFER_OBJECT) {
        if (!object->buffer)
            return -1;
        plain.type = SOCKET_BUFFER_MEMORY;
        plain.sz = object->size(buffer->buffer);
        plain.buffer = sk_memdup_text(object->buffer(buffer->buffer), plain.sz);
        object->free((void *)(uintptr_t)buffer->buffer);
    } else if (buffer->type != SOCKET_BUFFER_MEMORY && buffer->type != SOCKET_BUFFER_RAWPOINTER) {
        return -1;
    }
    begin(ss);
    int result = send_plain(ss, &plain, address, low);
    end(ss);
    return result;
}

int socket_server_send(struct socket_server *ss, struct socket_sendbuffer *buffer) {
    return send_any(ss, buffer, NULL, false);
}

int socket_server_send_lowpriority(struct socket_server *ss, struct socket_sendbuffer *buffer) {
    return send_any(ss, buffer, NULL, true);
}

/* ---- datagrams ---- */

static int make_udp(struct socket_server *ss, uintptr_t opaque, int take_fd, const sk_addr *addr,
                    bool has_peer) {
    ss_socket *socket;
    begin(ss);
    int id = enter(ss, opaque, take_fd, &socket);
    if (id >= 0) {
        socket->state = SS_UDP;
        socket->is_reading = true;
        socket->has_peer = has_peer;
        socket->addr = *addr; /* its family counts even without a peer */
    }
    end(ss);
    return id;
}

int socket_server_udp(struct socket_server *ss, uintptr_t opaque, const char *addr, int port) {
    sk_addr bound;
    if (resolve(addr, port, &bound) < 0)
        return -1;
    int fd = ss_udp_fd(bound.any.sa_family, addr || port ? &bound : NULL);
    return make_udp(ss, opaque, fd, &bound, false);
}

int socket_server_udp_listen(struct socket_server *ss, uintptr_t opaque, const char *addr,
                             int port) {
    return port == 0 ? -1 : socket_server_udp(ss, opaque, addr, port);
}

int socket_server_udp_dial(struct socket_server *ss, uintptr_t opaque, const char *addr, int port) {
    sk_addr peer;
    if (resolve(addr, port, &peer) < 0)
        return -1;
    return make_udp(ss, opaque, ss_udp_fd(peer.any.sa_family, NULL), &peer, true);
}

int socket_server_udp_connect(struct socket_server *ss, int id, const char *addr, int port) {
    sk_addr peer;
    if (resolve(addr, port, &peer) < 0)
        return -1;
    begin(ss);
    ss_socket *socket = ss_find(ss, id);
    bool is_udp = socket && socket->state == SS_UDP;
    if (is_udp && socket->addr.any.sa_family != peer.any.sa_family) {
        ss_tell(ss, socket, SOCKET_ERR, 0, "protocol mismatch");
    } else if (is_udp) {
        socket->addr = peer;
        socket->has_peer = true;
    }
    end(ss);
    return is_udp ? 0 : -1;
}

int socket_server_udp_send(struct socket_server *ss, const struct socket_udp_address *address,
                           struct socket_sendbuffer *buffer) {
    sk_addr to = {0}; /* of no family: refused below, and the buffer consumed */
    (void)ss_udp_decode((const uint8_t *)address, &to);
    return send_any(ss, buffer, &to, false);
}

const struct socket_udp_address *
socket_server_udp_address(struct socket_server *ss, struct socket_message *message, int *addrsz) {
    if (ss->last_type != SOCKET_UDP || ss->last_id_told != message->id || !message->data)
        return NULL;
    const char *address = message->data + message->ud;
    *addrsz = address[0] == 1 ? 7 : SS_UDP_ADDRESS_SIZE_MAX;
    return (const struct socket_udp_address *)(const void *)address;
}

/* ---- information ---- */

static int info_type(const ss_socket *socket) {
    switch (socket->state) {
    case SS_LISTENING:
        return SOCKET_INFO_LISTEN;
    case SS_CONNECTED:
    case SS_WRITE_CLOSED:
        return socket->is_closing ? SOCKET_INFO_CLOSING : SOCKET_INFO_TCP;
    case SS_READ_CLOSED:
        return SOCKET_INFO_CLOSING;
    case SS_BOUND:
        return SOCKET_INFO_BIND;
    case SS_UDP:
        return SOCKET_INFO_UDP;
    default:
        return SOCKET_INFO_UNKNOWN;
    }
}

static struct socket_info *add_info(const ss_socket *socket, struct socket_info *list) {
    if (info_type(socket) == SOCKET_INFO_UNKNOWN)
        return list;
    struct socket_info *info = socket_info_create(list);
    info->id = socket->id;
    info->type = info_type(socket);
    info->opaque = socket->opaque;
    info->read = socket->read_size;
    info->write = socket->write_size;
    info->rtime = socket->read_time;
    info->wtime = socket->write_time;
    info->wbuffer = (int64_t)(socket->outq.size + socket->packets_size);
    info->reading = socket->is_reading && info->type != SOCKET_INFO_CLOSING;
    info->writing = info->wbuffer > 0;
    if (socket->state != SS_BOUND && (socket->state != SS_UDP || socket->has_peer))
        (void)sk_addr_text(&socket->addr, info->name);
    return info;
}

struct socket_info *socket_server_info(struct socket_server *ss) {
    struct socket_info *list = NULL;
    begin(ss);
    for (sk_link *link = ss->all.next; link != &ss->all; link = link->next)
        list = add_info(SK_CONTAINER(link, ss_socket, all), list);
    end(ss);
    return list;
}
