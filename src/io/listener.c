/* listener.c -- listening sockets: opening, accepting, and running out of descriptors.
 *
 * Linux hands SO_KEEPALIVE and TCP_NODELAY of a listener on to what it accepts, so both are set
 * once. When no descriptor is left the waiting connection is accepted in the place of a spare one
 * and closed; else it would wait, unseen by the edge-triggered poller, for ever. */
#include "io/io_impl.h"

#include "base/err.h"

#include <errno.h>
#include <netinet/tcp.h>

#define BACKLOG_DEFAULT 32

static int accept_fd(sk_socket *socket, sk_addr *ret_addr) {
    sk_io *io = socket->io;
    socklen_t size = sizeof *ret_addr;
    int fd = io->calls.accept4(socket->fd, &ret_addr->any, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
    return fd < 0 ? sk_err_from_errno() : fd;
}

/* Puts a spare descriptor back when it was used up. */
static void renew_spare(sk_io *io) {
    int none = -1;
    if (SK_LIKELY(sk_load_relaxed(&io->spare_fd) >= 0))
        return;
    int fd = io->calls.open_spare();
    if (fd >= 0 && !sk_cas_acq_rel(&io->spare_fd, &none, fd))
        (void)io->calls.close(fd); /* somebody was quicker */
}

/* Accepts and closes one connection in place of the spare descriptor. False: not possible now. */
static bool refuse_one(sk_socket *socket) {
    sk_io *io = socket->io;
    int spare = sk_swap_acq_rel(&io->spare_fd, -1);
    if (spare < 0)
        return false;
    (void)io->calls.close(spare);
    sk_addr addr;
    int fd = accept_fd(socket, &addr);
    if (fd >= 0)
        (void)io->calls.close(fd);
    renew_spare(io);
    return fd >= 0;
}

/* Failures of a single connection: the next one may be fine. */
static bool is_passing(int err) {
    switch (-err) {
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case EPERM:
    case ENOPROTOOPT:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENONET:
    case EOPNOTSUPP:
        return true;
    default:
        return false;
    }
}

/* Locked. What a failed accept means. */
static void on_accept_error(sk_socket *socket, int err, sk_accept_result *result) {
    if (err == -EAGAIN || err == -EWOULDBLOCK) {
        result->is_done = true;
        return;
    }
    if (is_passing(err))
        return;
    result->error = err;
    if ((err == -EMFILE || err == -ENFILE) && refuse_one(socket))
        return;
    sk_socket_ask_later(socket, SK_LATER_ACCEPT);
    result->is_done = true;
}

/* A socket for the accepted descriptor, in its place in the table; 0 when that is full. */
static int32_t enter(sk_io *io, sk_service *owner, int take_fd, const sk_addr *addr) {
    sk_socket *socket = sk_socket_new(io, sk_service_handle(owner), SK_KIND_STREAM, take_fd);
    if (!socket) {
        (void)io->calls.close(take_fd); /* silently, as there is no id to report */
        return 0;
    }
    sk_socket_lock(socket);
    socket->addr = *addr;
    sk_socket_set_state(socket, SK_SOCKET_ACCEPTED);
    sk_socket_unlock(socket);
    sk_owned_add(io, owner, socket->id);
    return socket->id;
}

int sk_listener_open(sk_io *io, const sk_addr *addr, int backlog, int *ret_fd, sk_addr *ret_addr) {
    const sk_syscalls *calls = &io->calls;
    const int on = 1;
    socklen_t size = sizeof *ret_addr;
    sk_addr bound;
    int fd = calls->socket(addr->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return sk_err_from_errno();
    if (calls->setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        calls->setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on) < 0 ||
        calls->setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0 ||
        calls->bind(fd, &addr->any, sk_addr_size(addr)) < 0 ||
        calls->listen(fd, backlog > 0 ? backlog : BACKLOG_DEFAULT) < 0 ||
        calls->getsockname(fd, &bound.any, &size) < 0) {
        int err = sk_err_from_errno();
        (void)calls->close(fd); /* nothing was sent */
        return err;
    }
    *ret_fd = fd;
    *ret_addr = bound;
    return 0;
}

void sk_listener_accept(sk_socket *socket, sk_service *owner, sk_accept_result *ret_result,
                        char ret_text[SK_ADDR_TEXT_SIZE]) {
    sk_io *io = socket->io;
    sk_addr addr = {0};
    *ret_result = (sk_accept_result){0};
    sk_socket_lock(socket);
    if (socket->state != SK_SOCKET_LISTENING) {
        sk_socket_unlock(socket);
        ret_result->is_done = true;
        return;
    }
    int fd = accept_fd(socket, &addr);
    if (fd >= 0) {
        socket->read_size++;
        socket->read_cs = sk_io_now_cs(io);
    } else {
        on_accept_error(socket, fd, ret_result);
    }
    sk_socket_unlock(socket);
    if (fd < 0)
        return;
    renew_spare(io);
    ret_result->id = enter(io, owner, fd, &addr);
    (void)sk_addr_text(&addr, ret_text);
}
