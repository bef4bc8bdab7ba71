/* engine_stream.c -- connections, listeners and foreign descriptors of a stand-alone engine. */
#include "compat/engine.h"

#include "base/err.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <unistd.h>

#define BACKLOG_DEFAULT 32

/* ---- writing ---- */

static ssize_t write_pieces(const ss_socket *socket, struct iovec *pieces, int count) {
    struct msghdr msg = {.msg_iov = pieces, .msg_iovlen = (size_t)count};
    ssize_t n;
    do
        n = socket->state == SS_BOUND ? writev(socket->fd, pieces, count)
                                      : sendmsg(socket->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    return n < 0 ? sk_err_from_errno() : n;
}

/* No output any more. May end. */
static void write_failed(struct socket_server *ss, ss_socket *socket, int err) {
    sk_outq_done(&socket->outq);
    socket->warn_size = 0;
    if (socket->is_closing || socket->state == SS_READ_CLOSED) {
        ss_die(ss, socket);
        return;
    }
    if (socket->state == SS_ACCEPTED)
        return; /* whoever starts it will read the error */
    ss_tell(ss, socket, SOCKET_ERR, 0, sk_err_text(err));
    if (socket->state == SS_BOUND) {
        ss_tell_close(ss, socket);
        ss_die(ss, socket);
        return;
    }
    (void)shutdown(socket->fd, SHUT_WR); /* reset already, most likely */
    socket->state = SS_WRITE_CLOSED;
}

/* May end. */
static void flush(struct socket_server *ss, ss_socket *socket) {
    struct iovec pieces[SK_WRITE_IOV_MAX];
    while (!sk_outq_is_empty(&socket->outq)) {
        int count = sk_outq_pieces(&socket->outq, pieces, SK_WRITE_IOV_MAX);
        ssize_t n = write_pieces(socket, pieces, count);
        if (n == -EAGAIN || n == -EWOULDBLOCK || n == -ENOMEM || n == -ENOBUFS) {
            socket->is_blocked = true;
            ss->is_short |= n == -ENOMEM || n == -ENOBUFS; /* no event tells when that is over */
            return;
        }
        if (n < 0) {
            write_failed(ss, socket, (int)n);
            return;
        }
        sk_outq_consume(&socket->outq, (size_t)n);
        socket->write_size += (size_t)n;
        socket->write_time = ss->time;
    }
    ss_warn(ss, socket, 0);
    if (socket->is_closing)
        ss_die(ss, socket);
}

/* What to answer to a send: 1 = go on, 0 = drop it, -1 = refuse it. */
static int may_send(const ss_socket *socket) {
    if (socket->is_closing)
        return -1;
    switch (socket->state) {
    case SS_LISTEN_PAUSED:
    case SS_LISTENING:
    case SS_UDP:
        return -1;
    case SS_WRITE_CLOSED:
        return 0;
    default:
        return 1;
    }
}

int ss_stream_send(struct socket_server *ss, ss_socket *socket, const struct socket_sendbuffer *b,
                   bool low) {
    int may = may_send(socket);
    bool is_taken = b->type == SOCKET_BUFFER_MEMORY;
    void *data = (void *)(uintptr_t)b->buffer;
    size_t sent = 0;
    if (may == 1 && b->sz > 0 && sk_outq_is_empty(&socket->outq) && !socket->is_blocked &&
        socket->state != SS_CONNECTING) {
        struct iovec piece = {data, b->sz};
        ssize_t n = write_pieces(socket, &piece, 1);
        sent = n > 0 ? (size_t)n : 0; /* errors show up again in flush */
        socket->write_size += sent;
        socket->write_time = ss->time;
    }
    if (may < 1 || sent == b->sz) {
        if (is_taken)
            sk_free(data);
        return may < 0 ? -1 : 0;
    }
    low = low && !sk_outq_is_empty(&socket->outq);
    if (is_taken)
        sk_outq_push_block(&socket->outq, data, b->sz, sent, low);
    else
        sk_outq_push_copy(&socket->outq, (const char *)data + sent, b->sz - sent, low);
    ss_warn(ss, socket, socket->outq.size);
    if (!socket->is_blocked && socket->state != SS_CONNECTING)
        flush(ss, socket);
    return 0;
}

void ss_stream_close(struct socket_server *ss, ss_socket *socket) {
    if (socket->is_closing)
        return;
    ss_tell_close(ss, socket);
    socket->is_closing = true;
    ss_update_ready(ss, socket);
    if (sk_outq_is_empty(&socket->outq) && !socket->packets)
        ss_die(ss, socket);
}

/* ---- connecting ---- */

static int dial_one(const sk_addr *addr, int *ret_fd) {
    const int on = 1;
    int fd = socket(addr->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return errno;
    /* Both are hints. */
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    int err = connect(fd, &addr->any, sk_addr_size(addr)) < 0 ? errno : 0;
    if (err && err != EINPROGRESS && err != EINTR) {
        (void)close(fd); /* never was connected */
        return err;
    }
    *ret_fd = fd;
    return 0;
}

/* One attempt has failed: the descriptor goes. */
static void abandon(ss_socket *socket) {
    (void)close(socket->fd); /* never was connected */
    socket->fd = -1;
    socket->generation++;
}

void ss_dial(struct socket_server *ss, ss_socket *socket, int last_errno) {
    while (socket->dial_next < socket->dial_count) {
        socket->addr = socket->dial_list[socket->dial_next++];
        last_errno = dial_one(&socket->addr, &socket->fd);
        if (last_errno)
            continue;
        int err = ss_register(ss, socket);
        if (err == 0)
            return;
        last_errno = -err;
        abandon(socket);
    }
    if (!socket->is_closing)
        ss_tell(ss, socket, SOCKET_ERR, 0, sk_err_text(-last_errno));
    ss_die(ss, socket);
}

/* The attempt has ended, one way or the other. May end. */
static void finish_connect(struct socket_server *ss, ss_socket *socket) {
    int err = 0;
    socklen_t size = sizeof err;
    if (getsockopt(socket->fd, SOL_SOCKET, SO_ERROR, &err, &size) < 0)
        err = errno;
    if (err) {
        abandon(socket);
        ss_dial(ss, socket, err);
        return;
    }
    char ip[SK_ADDR_TEXT_SIZE];
    (void)sk_addr_ip_text(&socket->addr, ip);
    sk_free(socket->dial_list);
    socket->dial_list = NULL;
    socket->state = SS_CONNECTED;
    socket->is_reading = true;
    if (!socket->is_closing)
        ss_tell(ss, socket, SOCKET_OPEN, 0, ip);
    ss_update_ready(ss, socket);
    flush(ss, socket);
}

void ss_stream_output(struct socket_server *ss, ss_socket *socket) {
    if (socket->state == SS_CONNECTING) {
        finish_connect(ss, socket);
        return;
    }
    if (!socket->is_blocked)
        return;
    socket->is_blocked = false;
    flush(ss, socket);
}

/* ---- reading ---- */

static ssize_t read_some(struct socket_server *ss, const ss_socket *socket) {
    ssize_t n;
    do
        n = socket->state == SS_BOUND ? read(socket->fd, ss->scratch, SK_READ_SIZE)
                                      : recv(socket->fd, ss->scratch, SK_READ_SIZE, MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    return n < 0 ? sk_err_from_errno() : n;
}

/* The peer has finished. May end. */
static void take_end(struct socket_server *ss, ss_socket *socket) {
    ss_tell_close(ss, socket);
    socket->may_read = false;
    ss_update_ready(ss, socket);
    if (socket->state == SS_CONNECTED)
        socket->state = SS_READ_CLOSED;
    else
        ss_die(ss, socket);
}

static void read_input(struct socket_server *ss, ss_socket *socket) {
    ssize_t n = read_some(ss, socket);
    if (n > 0) {
        socket->read_size += (size_t)n;
        socket->read_time = ss->time;
        ss_tell_block(ss, socket, SOCKET_DATA, (int)n, sk_memdup_text(ss->scratch, (size_t)n));
    } else if (n == 0) {
        take_end(ss, socket);
    } else if (n == -EAGAIN || n == -EWOULDBLOCK) {
        socket->may_read = false;
        ss_update_ready(ss, socket);
    } else {
        if (socket->state != SS_WRITE_CLOSED) /* there it was told when writing failed */
            ss_tell(ss, socket, SOCKET_ERR, 0, sk_err_text((int)n));
        ss_tell_close(ss, socket);
        ss_die(ss, socket);
    }
}

/* ---- listening ---- */

int ss_listen_fd(sk_addr *addr, int backlog) {
    const int on = 1;
    socklen_t size = sizeof *addr;
    int fd = socket(addr->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return sk_err_from_errno();
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on) < 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0 ||
        bind(fd, &addr->any, sk_addr_size(addr)) < 0 ||
        listen(fd, backlog > 0 ? backlog : BACKLOG_DEFAULT) < 0 ||
        getsockname(fd, &addr->any, &size) < 0) {
        int err = sk_err_from_errno();
        (void)close(fd); /* nothing was sent */
        return err;
    }
    return fd;
}

/* No descriptor is left: the connection is refused in the place of a spare one; else the poller,
 * which reports edges, would not tell of it again. */
static bool refuse_one(struct socket_server *ss, const ss_socket *socket) {
    if (ss->spare_fd >= 0)
        (void)close(ss->spare_fd); /* only kept a place */
    int fd = accept4(socket->fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0)
        (void)close(fd); /* refused */
    ss->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return fd >= 0;
}

static void accept_failed(struct socket_server *ss, ss_socket *socket, int err) {
    switch (-err) {
    case EINTR: /* this connection failed; the next may be fine */
    case ECONNABORTED:
    case EPROTO:
    case EPERM:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
        return;
    case EAGAIN:
        break;
    case EMFILE:
    case ENFILE:
        ss_tell(ss, socket, SOCKET_ERR, 0, sk_err_text(err));
        if (refuse_one(ss, socket))
            return;
        break;
    default:
        ss_tell(ss, socket, SOCKET_ERR, 0, sk_err_text(err));
    }
    socket->may_read = false;
    ss_update_ready(ss, socket);
}

static void accept_one(struct socket_server *ss, ss_socket *socket) {
    sk_addr addr;
    socklen_t size = sizeof addr;
    int err = 0;
    int fd = accept4(socket->fd, &addr.any, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
        accept_failed(ss, socket, sk_err_from_errno());
        return;
    }
    socket->read_size++;
    socket->read_time = ss->time;
    ss_socket *accepted = ss_new(ss, socket->opaque, fd, &err);
    if (!accepted) {
        (void)close(fd); /* there is no id to report */
        return;
    }
    char text[SK_ADDR_TEXT_SIZE];
    accepted->state = SS_ACCEPTED;
    accepted->addr = addr;
    (void)sk_addr_text(&addr, text);
    ss_tell(ss, socket, SOCKET_ACCEPT, accepted->id, text);
}

void ss_stream_input(struct socket_server *ss, ss_socket *socket) {
    if (socket->state == SS_LISTENING)
        accept_one(ss, socket);
    else
        read_input(ss, socket);
}
