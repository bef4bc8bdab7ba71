/* datagram.c -- UDP sockets: opening, sending, and reading by the poller.
 *
 * Unlike a stream a datagram that nobody reads in time is lost, so the poller reads it, into a
 * bounded queue of the socket, and the owner's turn hands it out. The lock is taken anew for each
 * datagram. Output needs no BLOCKED bit: the poller looks at the queue, under the lock, whenever
 * the kernel takes output again, and so sees what a refused writer has put there. */
#include "io/datagram.h"

#include "base/err.h"
#include "base/mem.h"
#include "io/io_impl.h"

#include <errno.h>
#include <string.h>

#define MISMATCH_TEXT "protocol mismatch"
/* Larger ones do not exist; so whatever is longer was cut. */
#define DATAGRAM_SIZE_MAX 65535

/* ---- Opening ---- */

/* A descriptor, bound to `local` unless that is NULL. -errno on failure. */
static int open_fd(sk_io *io, int family, const sk_addr *local) {
    const sk_syscalls *calls = &io->calls;
    const int on = 1;
    int fd = calls->socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return sk_err_from_errno();
    /* Only a count of what the kernel loses; without it the rest works. */
    (void)calls->setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof on);
    /* Receivers of a group share its port; two sockets of one port alone would steal from each
     * other. */
    bool is_shared = local && sk_addr_is_multicast(local);
    if ((is_shared && calls->setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0) ||
        (local && calls->bind(fd, &local->any, sk_addr_size(local)) < 0)) {
        int err = sk_err_from_errno();
        (void)calls->close(fd); /* nothing was sent */
        return err;
    }
    return fd;
}

/* A socket that receives; `local` and `peer` may be NULL. */
static int32_t open_socket(sk_io *io, sk_service *service, const sk_addr *local,
                           const sk_addr *peer) {
    const sk_addr *any = local ? local : peer;
    int family = any ? any->any.sa_family : AF_INET;
    int fd = open_fd(io, family, local);
    if (fd < 0)
        return fd;
    sk_socket *socket = sk_socket_new(io, sk_service_handle(service), SK_KIND_DATAGRAM, fd);
    if (!socket) {
        (void)io->calls.close(fd); /* nothing was sent */
        return SK_ELIMIT;
    }
    int32_t id = socket->id;
    sk_socket_lock(socket);
    socket->datagrams = sk_new(sk_datagrams);
    socket->datagrams->family = family;
    if (peer)
        socket->addr = *peer;
    sk_socket_set_state(socket, SK_SOCKET_DATAGRAM);
    int err = sk_socket_register(socket);
    if (err < 0)
        sk_socket_die(socket);
    else
        (void)sk_socket_mark(socket, 0, SK_READY_HELD, NULL); /* nothing has come yet */
    sk_socket_unlock(socket);
    if (err < 0)
        return err;
    sk_owned_add(io, service, id);
    return id;
}

int32_t sk_socket_udp(sk_io *io, sk_service *service, const char *host, int port) {
    sk_addr local;
    if (!host && port == 0)
        return open_socket(io, service, NULL, NULL);
    int err = sk_socket_first_addr(host, port, &local);
    return err < 0 ? err : open_socket(io, service, &local, NULL);
}

int32_t sk_socket_udp_listen(sk_io *io, sk_service *service, const char *host, int port) {
    sk_addr local;
    if (port == 0)
        return SK_EINVAL;
    int err = sk_socket_first_addr(host, port, &local);
    return err < 0 ? err : open_socket(io, service, &local, NULL);
}

int32_t sk_socket_udp_dial(sk_io *io, sk_service *service, const char *host, int port) {
    sk_addr peer;
    if (port == 0)
        return SK_EINVAL;
    int err = sk_socket_first_addr(host, port, &peer);
    return err < 0 ? err : open_socket(io, service, NULL, &peer);
}

/* ---- Finding ---- */

/* The socket, locked, if it is one of UDP. 0; SK_ECLOSED, SK_ESTATE. */
static int find_locked(sk_io *io, int32_t id, sk_socket **ret_socket) {
    sk_socket *socket = sk_socket_find_locked(io, id);
    if (!socket)
        return SK_ECLOSED;
    if (socket->state != SK_SOCKET_DATAGRAM) {
        sk_socket_unlock(socket);
        return SK_ESTATE;
    }
    *ret_socket = socket;
    return 0;
}

int sk_socket_udp_resolve(sk_io *io, int32_t id, const char *host, int port, sk_addr *ret_addr) {
    sk_addr list[SK_ADDR_LIST_MAX];
    sk_socket *socket;
    int err = find_locked(io, id, &socket);
    if (err < 0)
        return err;
    int family = socket->datagrams->family;
    sk_socket_unlock(socket);
    if (port < 1 || port > UINT16_MAX)
        return SK_EINVAL;
    int count = sk_addr_resolve(host, (uint16_t)port, list, SK_ADDR_LIST_MAX);
    for (int i = 0; i < count; i++) {
        if (list[i].any.sa_family != family)
            continue;
        *ret_addr = list[i];
        return 0;
    }
    return count < 0 ? count : -EAFNOSUPPORT;
}

int sk_socket_udp_connect(sk_io *io, sk_service *service, int32_t id, const char *host, int port) {
    sk_addr peer;
    sk_notes notes = {0};
    sk_socket *socket;
    int err = sk_socket_udp_resolve(io, id, host, port, &peer);
    if (err < 0 && err != -EAFNOSUPPORT)
        return err;
    int found = find_locked(io, id, &socket); /* it may have been closed meanwhile */
    if (found < 0)
        return found;
    if (err < 0)
        sk_socket_give_error(socket, MISMATCH_TEXT, &notes);
    else
        socket->addr = peer;
    sk_socket_unlock(socket);
    (void)sk_notes_post(&notes, io->node, sk_io_worker_of(service)); /* the dead miss nothing */
    return err;
}

int sk_socket_udp_local(sk_io *io, int32_t id, sk_addr *ret_addr) {
    sk_addr addr = {0};
    socklen_t size = sizeof addr;
    sk_socket *socket;
    int err = find_locked(io, id, &socket);
    if (err < 0)
        return err;
    if (io->calls.getsockname(socket->fd, &addr.any, &size) < 0)
        err = sk_err_from_errno();
    sk_socket_unlock(socket);
    if (err == 0)
        *ret_addr = addr;
    return err;
}

/* ---- Sending ---- */

static bool is_full(int err) { return err == -EAGAIN || err == -EWOULDBLOCK; }

/* The kernel is out of memory; no event tells when this is over. */
static bool is_short(int err) { return err == -ENOMEM || err == -ENOBUFS; }

/* Locked. Gives one datagram to the kernel. 0 or -errno. */
static int transmit(sk_socket *socket, const sk_addr *to, const void *data, size_t size) {
    struct iovec piece = {.iov_base = (void *)(uintptr_t)data, .iov_len = size};
    struct msghdr msg = {.msg_name = (void *)(uintptr_t)to,
                         .msg_namelen = sk_addr_size(to),
                         .msg_iov = &piece,
                         .msg_iovlen = 1};
    ssize_t n;
    do
        n = socket->io->calls.sendmsg(socket->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return sk_err_from_errno();
    socket->write_size += size;
    socket->write_cs = sk_io_now_cs(socket->io);
    return 0;
}

/* Locked. As transmit, for the oldest of those that wait. */
static int transmit_queued(sk_socket *socket, const sk_dgram *dgram) {
    sk_addr to;
    int err = sk_addr_decode(dgram->block + dgram->size, dgram->addr_size, &to);
    sk_assert(err == 0); /* it was encoded here */
    return transmit(socket, &to, dgram->block, dgram->size);
}

/* Locked. Counts a datagram that the system refused. The error if the log is to have it: at each
 * power of two, since peers can provoke as many as they like; else 0. */
static int count_refused(sk_datagrams *self, int err) {
    self->drop_count++;
    self->refused_count++;
    return (self->refused_count & (self->refused_count - 1)) == 0 ? err : 0;
}

int sk_datagram_flush(sk_socket *socket) {
    sk_datagrams *self = socket->datagrams;
    const sk_dgram *first;
    int last_err = 0;
    while ((first = sk_dgramq_first(&self->out))) {
        sk_dgram done;
        int err = transmit_queued(socket, first);
        if (is_short(err))
            sk_socket_ask_later(socket, SK_LATER_FLUSH);
        if (is_full(err) || is_short(err))
            break;
        (void)sk_dgramq_pop(&self->out, &done); /* the first */
        sk_free(done.block);
        if (err < 0)
            err = count_refused(self, err);
        if (err < 0)
            last_err = err;
    }
    return last_err;
}

/* Locked. Sends now, or behind what waits. 0, or an error for the log. */
static int send_or_queue(sk_socket *socket, const sk_addr *to, const sk_send_data *data) {
    sk_datagrams *self = socket->datagrams;
    bool waits = sk_dgramq_first(&self->out) != NULL;
    int err = 0;
    if (data->size > DATAGRAM_SIZE_MAX)
        err = -EMSGSIZE;
    else if (!waits)
        err = transmit(socket, to, data->data, data->size);
    if (is_short(err))
        sk_socket_ask_later(socket, SK_LATER_FLUSH);
    if (is_full(err) || is_short(err)) {
        waits = true;
        err = 0;
    }
    if (err < 0)
        return count_refused(self, err);
    if (waits)
        self->drop_count += sk_dgramq_push(&self->out, sk_dgram_new(data->data, data->size, to));
    return err;
}

/* Not locked. */
static void log_send_error(sk_io *io, sk_worker *worker, const sk_socket *socket, int err) {
    sk_node_log(io->node, worker, sk_socket_owner(socket),
                "socket-server : udp (%d) sendto error %s.", (int)socket->id, sk_err_text(err));
}

int sk_socket_udp_send(sk_io *io, sk_service *service, int32_t id, const sk_addr *to,
                       const sk_send_data *data) {
    sk_worker *worker = sk_io_worker_of(service);
    sk_socket *socket;
    int lost = 0;
    int err = find_locked(io, id, &socket);
    if (err == 0) {
        const sk_addr *peer = to ? to : &socket->addr;
        if (peer->any.sa_family == socket->datagrams->family)
            lost = send_or_queue(socket, peer, data);
        else
            err = to ? -EAFNOSUPPORT : SK_ESTATE;
        sk_socket_unlock(socket);
        if (lost < 0)
            log_send_error(io, worker, socket, lost);
        else if (err == SK_ESTATE)
            sk_node_log(io->node, worker, sk_socket_owner(socket),
                        "socket-server : set udp (%d) error: address first.", (int)id);
    }
    if (data->take)
        sk_free((void *)(uintptr_t)data->data);
    return err;
}

/* ---- Receiving, by the poller ---- */

/* Room for what the kernel tells beside a datagram: how many it has lost. */
typedef union {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(uint32_t))];
} control_room;

static void count_kernel_drops(sk_datagrams *self, struct msghdr *msg) {
    for (struct cmsghdr *part = CMSG_FIRSTHDR(msg); part; part = CMSG_NXTHDR(msg, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SO_RXQ_OVFL)
            continue;
        uint32_t drops;
        memcpy(&drops, CMSG_DATA(part), sizeof drops);
        self->drop_count += drops - self->kernel_drops; /* it wraps */
        self->kernel_drops = drops;
    }
}

/* Locked. Puts the next datagram into the queue. 0 or -errno. */
static int receive(sk_socket *socket) {
    sk_io *io = socket->io;
    sk_datagrams *self = socket->datagrams;
    control_room room;
    sk_addr from = {0};
    struct iovec piece = {.iov_base = io->datagram, .iov_len = DATAGRAM_SIZE_MAX};
    struct msghdr msg = {.msg_name = &from,
                         .msg_namelen = sizeof from,
                         .msg_iov = &piece,
                         .msg_iovlen = 1,
                         .msg_control = &room,
                         .msg_controllen = sizeof room};
    ssize_t n;
    do
        n = io->calls.recvmsg(socket->fd, &msg, MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return sk_err_from_errno();
    count_kernel_drops(self, &msg);
    if ((msg.msg_flags & MSG_TRUNC) || from.any.sa_family != self->family) {
        self->drop_count++; /* a part is not what was sent; and nobody is no sender */
        return 0;
    }
    socket->read_size += (size_t)n;
    socket->read_cs = sk_io_now_cs(io);
    self->drop_count += sk_dgramq_push(&self->in, sk_dgram_new(io->datagram, (size_t)n, &from));
    return 0;
}

/* Locked. Sees to it that the descriptor is reported. */
static void ensure_reported(sk_socket *socket) {
    if (sk_socket_register(socket) < 0)
        sk_socket_ask_later(socket, SK_LATER_READ); /* which comes here again */
}

/* Locked. Has the descriptor reported again although nothing may change. */
static void report_again(sk_socket *socket) {
    sk_poller_remove(socket->io->poller, socket->fd);
    socket->is_registered = false;
    ensure_reported(socket);
}

/* Locked. What an error of receive means; the socket may die. */
static void on_receive_error(sk_socket *socket, int err, sk_notes *notes) {
    if (is_full(err))
        return;
    if (is_short(err)) {
        sk_socket_ask_later(socket, SK_LATER_READ);
        return;
    }
    sk_socket_give_error(socket, sk_err_text(err), notes);
    sk_socket_give_close(socket, notes);
    sk_socket_die(socket);
}

/* Not locked. Reads until nothing waits, or others should have their turn. True: the owner is to
 * look. */
static bool receive_all(sk_socket *socket, sk_notes *notes) {
    bool has_some = false;
    bool goes_on = true;
    if (!socket->io->datagram)
        socket->io->datagram = sk_malloc(DATAGRAM_SIZE_MAX);
    for (int i = 0; goes_on && i <= SK_DATAGRAM_READ_COUNT_MAX; i++) {
        sk_socket_lock(socket);
        goes_on = socket->state == SK_SOCKET_DATAGRAM;
        if (goes_on && i == SK_DATAGRAM_READ_COUNT_MAX) {
            report_again(socket);
        } else if (goes_on) {
            int err = receive(socket);
            goes_on = err == 0 || err == -ECONNREFUSED; /* a peer's host tells that it is off */
            if (!goes_on)
                on_receive_error(socket, err, notes);
        }
        if (socket->state == SK_SOCKET_DATAGRAM)
            has_some = sk_dgramq_first(&socket->datagrams->in) != NULL;
        sk_socket_unlock(socket);
    }
    return has_some;
}

int sk_datagram_on_ready(sk_socket *socket, sk_worker *worker, uint32_t ready) {
    const uint32_t over = SK_POLL_HUP | SK_POLL_ERR;
    sk_io *io = socket->io;
    sk_notes notes = {0};
    int lost = 0;
    bool has_some = false;
    sk_socket_lock(socket);
    if (socket->state == SK_SOCKET_DATAGRAM) {
        ensure_reported(socket);
        lost = sk_datagram_flush(socket);
    }
    sk_socket_unlock(socket);
    if (lost < 0)
        log_send_error(io, worker, socket, lost);
    if (ready & (SK_POLL_IN | over) && !sk_load_relaxed(&io->input_is_held))
        has_some = receive_all(socket, &notes);
    int posted = sk_notes_post(&notes, io->node, worker);
    if (has_some && sk_socket_raise(socket, worker, SK_READY_UNREAD, 0))
        posted++;
    return posted;
}
