/* stream.c -- connections: connecting, reading, writing, closing. TCP, and the descriptors of the
 * program's (foreign.c), which are read and written in another way.
 *
 * Everything here runs with the socket's lock held, but for sk_stream_on_ready, which takes it. The
 * bytes pass through two functions only, transport_read and transport_write.
 *
 * Writing: the first write of a dispatch goes out at once; more of them gather in the queue and
 * leave with one call when the dispatch ends, or at SK_WRITE_GATHER_SIZE. A socket the kernel
 * refuses is BLOCKED until the poller reports OUT. Both are bits of one word: of the writer that
 * sets BLOCKED and the poller that sets OUT, exactly one sees the other's bit, so no wake is
 * lost. */
#include "io/io_impl.h"

#include "base/err.h"
#include "base/mem.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>

#define LIMIT_TEXT "output limit exceeded"

/* What is thrown away at most before closing, so that unread input does not turn the close into a
 * reset that overtakes our last output. */
#define DISCARD_SIZE_MAX (1024 * 1024)

/* ---- The transport ---- */

static ssize_t transport_read(sk_socket *socket, void *ret_data, size_t size) {
    const sk_syscalls *calls = &socket->io->calls;
    bool is_foreign = socket->kind == SK_KIND_FOREIGN;
    ssize_t n;
    if (is_foreign)
        sk_foreign_must_not_block(socket);
    do
        n = is_foreign ? calls->read(socket->fd, ret_data, size)
                       : calls->recv(socket->fd, ret_data, size, MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    return n < 0 ? sk_err_from_errno() : n;
}

static ssize_t transport_write(sk_socket *socket, struct iovec *pieces, int count) {
    struct msghdr msg = {.msg_iov = pieces, .msg_iovlen = (size_t)count};
    const int flags = MSG_NOSIGNAL | MSG_DONTWAIT;
    const sk_syscalls *calls = &socket->io->calls;
    ssize_t n;
    if (socket->kind == SK_KIND_FOREIGN) {
        sk_foreign_must_not_block(socket);
        do
            n = calls->writev(socket->fd, pieces, count);
        while (n < 0 && errno == EINTR);
        return n < 0 ? sk_err_from_errno() : n;
    }
    do
        n = count == 1 ? calls->send(socket->fd, pieces->iov_base, pieces->iov_len, flags)
                       : calls->sendmsg(socket->fd, &msg, flags);
    while (n < 0 && errno == EINTR);
    return n < 0 ? sk_err_from_errno() : n;
}

/* ---- Writing ---- */

/* Marks the socket as waiting for the poller. False: the poller has reported OUT meanwhile. */
static bool set_blocked(sk_socket *socket) {
    uint32_t old = sk_load_relaxed(&socket->ready);
    uint32_t new;
    do
        new = old &SK_READY_OUT ? old & ~(uint32_t)SK_READY_OUT : old | SK_READY_BLOCKED;
    while (!sk_cas_weak_acq_rel(&socket->ready, &old, new)); /* pairs with sk_socket_raise */
    return !(old & SK_READY_OUT);
}

static bool is_blocked(const sk_socket *socket) {
    return (sk_load_relaxed(&socket->ready) & SK_READY_BLOCKED) != 0;
}

/* The end of a socket that had its CLOSE, or, being foreign, was to have it now. */
static void end(sk_socket *socket, sk_notes *notes) {
    sk_socket_give_close(socket, notes);
    sk_socket_die(socket);
}

/* The connection takes no more output, now or later. */
static void write_failed(sk_socket *socket, int err, sk_notes *notes) {
    sk_outq_done(&socket->outq);
    socket->warn_size = 0;
    socket->is_broken = true;
    switch ((sk_socket_state)socket->state) {
    case SK_SOCKET_CONNECTED:
        sk_socket_give_error(socket, sk_err_text(err), notes);
        if (socket->kind != SK_KIND_FOREIGN) /* reset already, most likely */
            (void)socket->io->calls.shutdown(socket->fd, SHUT_WR);
        sk_socket_set_state(socket, SK_SOCKET_WRITE_CLOSED);
        break;
    case SK_SOCKET_ACCEPTED: /* whoever starts it will read the error */
        break;
    default:
        end(socket, notes);
    }
}

/* The kernel takes nothing now. False: try again at once. */
static bool wait_writable(sk_socket *socket, sk_notes *notes) {
    if (!set_blocked(socket))
        return false;
    int err = sk_socket_register(socket);
    if (err < 0)
        write_failed(socket, err, notes);
    return true;
}

/* Input that is known to wait in the kernel is thrown away. */
static void discard_input(sk_socket *socket) {
    char data[4096];
    bool is_known = (sk_load_relaxed(&socket->ready) & SK_READY_IN) != 0;
    if (socket->kind == SK_KIND_FOREIGN)
        return; /* others may want it */
    if (!is_known && !sk_load_relaxed(&socket->io->input_is_held))
        return; /* when input is held nobody is told of it, so there may be some */
    for (size_t size = 0; size < DISCARD_SIZE_MAX;) {
        ssize_t n = transport_read(socket, data, sizeof data);
        if (n <= 0)
            return;
        size += (size_t)n;
    }
}

static void on_drained(sk_socket *socket, sk_notes *notes) {
    if (socket->state == SK_SOCKET_CLOSING) {
        discard_input(socket);
        end(socket, notes);
        return;
    }
    if (socket->warn_size == 0)
        return;
    socket->warn_size = 0;
    sk_io_event event;
    sk_event_init(&event, SK_IO_WARNING, socket->id, 0, NULL);
    sk_notes_add(notes, sk_socket_owner(socket), &event);
}

static void count_written(sk_socket *socket, size_t size) {
    socket->write_size += size;
    socket->write_cs = sk_io_now_cs(socket->io);
}

/* Did not write: waits, or gives up. False: try again at once. */
static bool on_write_error(sk_socket *socket, int err, sk_notes *notes) {
    if (err == -EAGAIN || err == -EWOULDBLOCK)
        return wait_writable(socket, notes);
    if (err == -ENOMEM || err == -ENOBUFS) { /* no event tells when this is over */
        (void)sk_or_acq_rel(&socket->ready, SK_READY_BLOCKED);
        sk_socket_ask_later(socket, SK_LATER_FLUSH);
        return true;
    }
    write_failed(socket, err, notes);
    return true;
}

void sk_stream_flush(sk_socket *socket, sk_notes *notes) {
    struct iovec pieces[SK_WRITE_IOV_MAX];
    while (!sk_outq_is_empty(&socket->outq)) {
        int count = sk_outq_pieces(&socket->outq, pieces, SK_WRITE_IOV_MAX);
        ssize_t n = transport_write(socket, pieces, count);
        if (n >= 0) {
            count_written(socket, (size_t)n);
            sk_outq_consume(&socket->outq, (size_t)n);
        } else if (on_write_error(socket, (int)n, notes)) {
            return;
        }
    }
    on_drained(socket, notes);
}

/* Output was queued: warns at the threshold, closes at the limit. */
static void check_size(sk_socket *socket, sk_notes *notes) {
    size_t size = socket->outq.size;
    if (socket->output_limit && size > socket->output_limit) {
        sk_socket_give_error(socket, LIMIT_TEXT, notes);
        sk_socket_give_close(socket, notes);
        sk_socket_die(socket);
        return;
    }
    if (size < SK_WRITE_WARN_SIZE || size < socket->warn_size)
        return;
    socket->warn_size = socket->warn_size ? 2 * socket->warn_size : 2 * SK_WRITE_WARN_SIZE;
    sk_io_event event;
    sk_event_init(&event, SK_IO_WARNING, socket->id, (int32_t)((size + 1023) / 1024), NULL);
    sk_notes_add(notes, sk_socket_owner(socket), &event);
}

static void enqueue(sk_socket *socket, const sk_send_data *data, size_t sent, bool low) {
    if (data->take)
        sk_outq_push_block(&socket->outq, (void *)(uintptr_t)data->data, data->size, sent, low);
    else
        sk_outq_push_copy(&socket->outq, (const char *)data->data + sent, data->size - sent, low);
}

/* Nothing is queued and this dispatch has not written yet. */
static void send_at_once(sk_socket *socket, const sk_send_data *data, sk_notes *notes) {
    struct iovec piece = {.iov_base = (void *)(uintptr_t)data->data, .iov_len = data->size};
    ssize_t n = transport_write(socket, &piece, 1);
    if (n > 0)
        count_written(socket, (size_t)n);
    if (n == (ssize_t)data->size) {
        if (data->take)
            sk_free(piece.iov_base);
        return;
    }
    enqueue(socket, data, n > 0 ? (size_t)n : 0, false);
    if (n >= 0 || !on_write_error(socket, (int)n, notes))
        sk_stream_flush(socket, notes);
}

/* Behind what is queued. The last of this dispatch is sent when it ends. */
static void gather(sk_socket *socket, const sk_send_data *data, bool low, sk_notes *notes) {
    /* With nothing queued low counts as high. */
    enqueue(socket, data, 0, low && !sk_outq_is_empty(&socket->outq));
    sk_worker *worker = socket->write_worker;
    if (is_blocked(socket))
        return;
    if (!worker || socket->outq.size >= SK_WRITE_GATHER_SIZE) {
        sk_stream_flush(socket, notes);
        return;
    }
    if (socket->dirty_worker == worker)
        return;
    socket->dirty_worker = worker;
    sk_io_mark_dirty(socket->io, worker, socket->id);
}

/* True: the first write of this dispatch to this socket. */
static bool is_first_write(sk_socket *socket, sk_service *service) {
    sk_worker *worker = sk_io_worker_of(service);
    uint64_t dispatch = worker ? sk_worker_dispatch_id(worker) : 0;
    bool is_first = !worker || socket->write_worker != worker || socket->write_dispatch != dispatch;
    socket->write_worker = worker;
    socket->write_dispatch = dispatch;
    return is_first;
}

/* What to answer to a send in this state: 1 = go on, 0 = drop it, or an error. */
static int may_send(const sk_socket *socket) {
    switch ((sk_socket_state)socket->state) {
    case SK_SOCKET_ACCEPTED:
    case SK_SOCKET_CONNECTED:
    case SK_SOCKET_CONNECTING:
    case SK_SOCKET_READ_CLOSED:
    case SK_SOCKET_WRITE_CLOSED:
        return !socket->is_broken;
    case SK_SOCKET_LISTEN_PAUSED:
    case SK_SOCKET_LISTENING:
        return SK_ESTATE;
    default:
        return SK_ECLOSED;
    }
}

int sk_stream_send(sk_socket *socket, sk_service *service, const sk_send_data *data, bool low,
                   sk_notes *notes) {
    int err = may_send(socket);
    if (err <= 0 || data->size == 0) {
        if (data->take)
            sk_free((void *)(uintptr_t)data->data);
        return err < 0 ? err : 0;
    }
    bool is_first = is_first_write(socket, service);
    if (is_first && sk_outq_is_empty(&socket->outq) && !is_blocked(socket))
        send_at_once(socket, data, notes);
    else
        gather(socket, data, low, notes);
    if (!sk_outq_is_empty(&socket->outq))
        check_size(socket, notes);
    return 0;
}

/* ---- Connecting ---- */

static int dial_one(sk_io *io, const sk_addr *addr, int *ret_fd) {
    const int type = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
    const int on = 1;
    int fd = io->calls.socket(addr->any.sa_family, type, 0);
    if (fd < 0)
        return errno;
    /* Both are hints: a connection without them is as good as none for nobody. */
    (void)io->calls.setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    (void)io->calls.setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    int err = io->calls.connect(fd, &addr->any, sk_addr_size(addr)) < 0 ? errno : 0;
    if (err && err != EINPROGRESS && err != EINTR) {
        (void)io->calls.close(fd); /* never was connected */
        return err;
    }
    *ret_fd = fd;
    return 0;
}

/* One attempt has failed: the descriptor goes, and events for it find another generation. */
static void abandon_attempt(sk_socket *socket) {
    (void)socket->io->calls.close(socket->fd);
    socket->fd = -1;
    socket->is_registered = false;
    sk_add_relaxed(&socket->generation, 1);
}

void sk_stream_dial(sk_socket *socket, int last_errno, sk_notes *notes) {
    sk_dial *dial = socket->dial;
    while (dial->next < dial->count) {
        const sk_addr *addr = &dial->list[dial->next++];
        last_errno = dial_one(socket->io, addr, &socket->fd);
        if (last_errno)
            continue;
        socket->addr = *addr;
        (void)sk_or_acq_rel(&socket->ready, SK_READY_BLOCKED);
        int err = sk_socket_register(socket);
        if (err == 0)
            return;
        last_errno = -err;
        abandon_attempt(socket);
    }
    if (socket->state == SK_SOCKET_CONNECTING)
        sk_socket_give_error(socket, sk_err_text(-last_errno), notes);
    sk_socket_die(socket);
}

static void connected(sk_socket *socket, sk_notes *notes) {
    sk_free(socket->dial);
    socket->dial = NULL;
    if (socket->state == SK_SOCKET_CONNECT_CLOSING) {
        sk_socket_set_state(socket, SK_SOCKET_CLOSING);
    } else {
        char ip[SK_ADDR_TEXT_SIZE];
        (void)sk_addr_ip_text(&socket->addr, ip);
        sk_io_event event;
        sk_event_init(&event, SK_IO_CONNECT, socket->id, 0, ip);
        sk_notes_add(notes, sk_socket_owner(socket), &event);
        sk_socket_set_state(socket, SK_SOCKET_CONNECTED);
    }
    sk_stream_flush(socket, notes);
}

/* The connect in progress has ended, one way or the other. */
static void finish_connect(sk_socket *socket, sk_notes *notes) {
    int err = 0;
    socklen_t size = sizeof err;
    if (socket->io->calls.getsockopt(socket->fd, SOL_SOCKET, SO_ERROR, &err, &size) < 0)
        err = errno;
    if (err == 0) {
        connected(socket, notes);
        return;
    }
    abandon_attempt(socket);
    sk_stream_dial(socket, err, notes);
}

/* ---- The poller ---- */

static bool is_connecting(const sk_socket *socket) {
    return socket->state == SK_SOCKET_CONNECTING || socket->state == SK_SOCKET_CONNECT_CLOSING;
}

/* What OUT, HUP or ERR mean in the present state. True: a connect has succeeded. */
static bool look_at(sk_socket *socket, uint32_t ready, sk_notes *notes) {
    bool is_over = (ready & (SK_POLL_HUP | SK_POLL_ERR)) != 0;
    const uint32_t bits = SK_READY_OUT | SK_READY_BLOCKED;
    if (is_connecting(socket)) {
        (void)sk_and_acq_rel(&socket->ready, ~bits);
        finish_connect(socket, notes);
        return socket->state == SK_SOCKET_CONNECTED;
    }
    switch ((sk_socket_state)socket->state) {
    case SK_SOCKET_READ_CLOSED:
    case SK_SOCKET_CLOSING:
        if (is_over) { /* nobody reads any more: the connection is gone, and so is the id */
            end(socket, notes);
            return false;
        }
        break;
    case SK_SOCKET_ACCEPTED:
    case SK_SOCKET_CONNECTED:
        break;
    default:
        return false;
    }
    if (is_blocked(socket)) {
        (void)sk_and_acq_rel(&socket->ready, ~bits);
        sk_stream_flush(socket, notes);
    }
    return false;
}

int sk_stream_on_ready(sk_socket *socket, sk_worker *worker, uint32_t ready) {
    sk_notes notes = {0};
    sk_socket_lock(socket);
    bool is_new = look_at(socket, ready, &notes);
    sk_socket_unlock(socket);
    int posted = sk_notes_post(&notes, socket->io->node, worker);
    /* Only now, so that CONNECT comes before data. */
    if (is_new && sk_socket_raise(socket, worker, 0, SK_READY_HELD))
        posted++;
    return posted;
}

/* ---- Reading and closing ---- */

ssize_t sk_stream_read(sk_socket *socket, void *ret_data, size_t size) {
    ssize_t n = transport_read(socket, ret_data, size);
    if (n > 0) {
        socket->read_size += (size_t)n;
        socket->read_cs = sk_io_now_cs(socket->io);
    }
    return n;
}

/* Flushes; the rest, if any, is left to the poller. */
static void close_flushing(sk_socket *socket, sk_notes *notes) {
    (void)sk_or_acq_rel(&socket->ready, SK_READY_HELD); /* nobody is told of input any more */
    discard_input(socket);
    sk_socket_set_state(socket, SK_SOCKET_CLOSING);
    if (!is_blocked(socket))
        sk_stream_flush(socket, notes); /* dies when all is out */
    if (socket->state == SK_SOCKET_CLOSING && socket->io->linger_ms)
        sk_socket_ask_later(socket, SK_LATER_LINGER);
}

void sk_stream_close(sk_socket *socket, sk_notes *notes) {
    switch ((sk_socket_state)socket->state) {
    case SK_SOCKET_CLOSING:
    case SK_SOCKET_CONNECT_CLOSING:
    case SK_SOCKET_DEAD:
        return;
    case SK_SOCKET_CONNECTING:
        sk_socket_give_close(socket, notes);
        if (sk_outq_is_empty(&socket->outq))
            sk_socket_die(socket);
        else
            sk_socket_set_state(socket, SK_SOCKET_CONNECT_CLOSING);
        return;
    case SK_SOCKET_ACCEPTED:
    case SK_SOCKET_CONNECTED:
    case SK_SOCKET_READ_CLOSED:
        /* The program may close a foreign descriptor once it knows: only when all is out. */
        if (socket->kind != SK_KIND_FOREIGN)
            sk_socket_give_close(socket, notes);
        close_flushing(socket, notes);
        return;
    case SK_SOCKET_DATAGRAM:
        (void)sk_datagram_flush(socket); /* a last attempt; what is lost is lost */
        end(socket, notes);
        return;
    default:
        end(socket, notes);
    }
}
