/* turn.c -- reading, accepting and taking datagrams by the owner.
 *
 * Begin takes what is ready out of the readiness word and marks the node as free again in one
 * atomic step; so whatever happens from then on queues it anew, and nothing is missed. Reading is
 * eager up to the limit of the socket: it goes through the worker's scratch memory, so that an
 * idle socket holds no buffer. */
#include "io/turn.h"

#include "base/err.h"
#include "base/mem.h"
#include "io/io_impl.h"

#include <errno.h>
#include <string.h>

static void data_event(sk_io_turn *turn, size_t size, void *block, sk_io_event *ret_event) {
    sk_event_init(ret_event, SK_IO_DATA, turn->socket->id, (int32_t)size, NULL);
    ret_event->block = block;
}

/* Keeps the bytes that came for the message log of the owner, if there is one: when it writes them
 * the input may have been read by a new owner. */
static void keep_for_log(sk_io_turn *turn, const void *data, size_t size) {
    if (SK_UNLIKELY(sk_service_is_logged(turn->owner)))
        turn->logged = sk_memdup_text(data, size);
}

/* Writes the event to the message log, if there is one: before it is handled. */
static void log_event(sk_io_turn *turn, const sk_io_event *event) {
    if (SK_LIKELY(!turn->logged && !sk_service_is_logged(turn->owner)))
        return;
    bool has_bytes = event->type == SK_IO_DATA || event->type == SK_IO_UDP;
    const void *bytes = event->block ? event->block : turn->logged;
    sk_msglog_event line = {
        .type = (int)event->type,
        .id = event->id,
        .ud = event->ud,
        .is_text = !has_bytes,
        .data = has_bytes ? bytes : event->text,
        .size = has_bytes ? (bytes ? (size_t)event->ud : 0) : event->text_len,
    };
    sk_service_log_event(turn->owner, &line);
    sk_free(turn->logged);
    turn->logged = NULL;
}

/* Locked. Unread bytes of an earlier owner, or of an earlier way to read. True: an event. */
static bool tell_unread(sk_io_turn *turn, sk_io_event *ret_event) {
    sk_socket *socket = turn->socket;
    bool is_news = (turn->ready & SK_READY_UNREAD) != 0 || turn->in_blocks;
    turn->ready &= ~(uint32_t)SK_READY_UNREAD;
    size_t size = sk_inbuf_size(&socket->input);
    if (!is_news || size == 0)
        return false;
    if (!turn->in_blocks)
        keep_for_log(turn, sk_inbuf_bytes(&socket->input), size);
    void *block = turn->in_blocks ? sk_inbuf_take_all(&socket->input, &size) : NULL;
    data_event(turn, size, block, ret_event);
    return true;
}

/* Locked. Bytes have come; decides how the turn goes on. True: the node must be posted. */
static bool take_bytes(sk_io_turn *turn, const void *data, size_t size, sk_io_event *ret_event) {
    sk_socket *socket = turn->socket;
    /* A terminal gives a line at a time, whatever waits behind it. */
    bool may_be_more = size == SK_READ_SIZE || socket->kind == SK_KIND_FOREIGN;
    uint32_t rest = may_be_more || (turn->ready & SK_READY_END) ? turn->ready : 0;
    if (turn->in_blocks) {
        data_event(turn, size, sk_memdup_text(data, size), ret_event);
    } else {
        sk_inbuf_append(&socket->input, data, size);
        keep_for_log(turn, data, size);
        data_event(turn, size, NULL, ret_event);
        if (sk_inbuf_size(&socket->input) > socket->read_limit) {
            ret_event->has_paused = true;
            turn->ready = 0;
            return sk_socket_mark(socket, rest | SK_READY_PAUSED, 0, NULL);
        }
    }
    if (!may_be_more) {
        turn->ready = rest;
        return false;
    }
    turn->ready = 0; /* other messages of the owner have their turn first */
    return sk_socket_mark(socket, rest, 0, NULL);
}

/* Locked. The peer has finished. True: an event. */
static bool take_end(sk_io_turn *turn, sk_io_event *ret_event) {
    sk_socket *socket = turn->socket;
    bool is_told = socket->close_given;
    turn->ready = 0;
    socket->close_given = true;
    if (socket->state == SK_SOCKET_CONNECTED)
        sk_socket_set_state(socket, SK_SOCKET_READ_CLOSED);
    else
        sk_socket_die(socket);
    sk_event_init(ret_event, SK_IO_CLOSE, socket->id, 0, NULL);
    return !is_told;
}

/* Locked. Reading has failed: the connection is gone. */
static bool take_error(sk_io_turn *turn, int err, sk_io_event *ret_event) {
    sk_socket *socket = turn->socket;
    if (err == -EAGAIN || err == -EWOULDBLOCK) {
        turn->ready = 0;
        return false;
    }
    if (err == -ENOMEM || err == -ENOBUFS) { /* passes; no event tells when */
        (void)sk_socket_mark(socket, turn->ready | SK_READY_HELD, 0, NULL);
        sk_socket_ask_later(socket, SK_LATER_READ);
        turn->ready = 0;
        return false;
    }
    if (socket->state == SK_SOCKET_WRITE_CLOSED)
        return take_end(turn, ret_event); /* the error was told when writing failed */
    turn->ready = 0;
    turn->owes_close = !socket->close_given;
    socket->close_given = true;
    sk_socket_die(socket);
    sk_event_init(ret_event, SK_IO_ERROR, socket->id, 0, sk_err_text(err));
    return true;
}

/* Locked. As sk_stream_read. A foreign descriptor that is only written has an end, and no
 * input. */
static ssize_t read_some(sk_io_turn *turn, void *scratch) {
    if (SK_UNLIKELY(turn->socket->is_write_only))
        return turn->ready & SK_READY_END ? 0 : -EAGAIN;
    return sk_stream_read(turn->socket, scratch, SK_READ_SIZE);
}

/* Locked; unlocks. One read. */
static bool read_step(sk_io_turn *turn, sk_io_event *ret_event) {
    sk_socket *socket = turn->socket;
    sk_worker *worker = sk_service_worker(turn->owner);
    bool has_event = tell_unread(turn, ret_event);
    bool must_post = false;
    if (!has_event && turn->ready) {
        void *scratch = sk_worker_scratch(worker);
        ssize_t n = read_some(turn, scratch);
        if (n > 0)
            must_post = take_bytes(turn, scratch, (size_t)n, ret_event);
        has_event =
            n > 0 || (n == 0 ? take_end(turn, ret_event) : take_error(turn, (int)n, ret_event));
    }
    sk_socket_unlock(socket);
    if (must_post)
        (void)sk_socket_post_node(socket, worker); /* to ourselves, or to the new owner */
    return has_event;
}

/* Not locked. One connection. */
static bool accept_step(sk_io_turn *turn, sk_io_event *ret_event) {
    sk_socket *socket = turn->socket;
    sk_accept_result result;
    char text[SK_ADDR_TEXT_SIZE];
    if (turn->count++ >= SK_ACCEPT_COUNT_MAX) {
        (void)sk_socket_raise(socket, sk_service_worker(turn->owner), turn->ready, 0);
        turn->ready = 0;
        return false;
    }
    sk_listener_accept(socket, turn->owner, &result, text);
    if (result.is_done)
        turn->ready = 0;
    if (result.error)
        sk_event_init(ret_event, SK_IO_ERROR, socket->id, 0, sk_err_text(result.error));
    else if (result.id)
        sk_event_init(ret_event, SK_IO_ACCEPT, socket->id, result.id, text);
    return result.error || result.id;
}

/* Locked; unlocks. One datagram. */
static bool datagram_step(sk_io_turn *turn, sk_io_event *ret_event) {
    sk_socket *socket = turn->socket;
    sk_dgram dgram;
    bool is_over = turn->count++ >= SK_DATAGRAM_TURN_COUNT_MAX;
    bool has_one = !is_over && sk_dgramq_pop(&socket->datagrams->in, &dgram);
    sk_socket_unlock(socket);
    if (is_over)
        (void)sk_socket_raise(socket, sk_service_worker(turn->owner), turn->ready, 0);
    if (!has_one) {
        turn->ready = 0;
        return false;
    }
    sk_event_init(ret_event, SK_IO_UDP, socket->id, (int32_t)dgram.size, NULL);
    ret_event->block = dgram.block;
    ret_event->addr_size = dgram.addr_size;
    return true;
}

/* One look at the socket. True: an event. Goes on while something is ready. */
static bool step(sk_io_turn *turn, sk_io_event *ret_event) {
    sk_socket *socket = turn->socket;
    sk_socket_lock(socket);
    bool is_ours = sk_handle_eq(sk_socket_owner(socket), sk_service_handle(turn->owner));
    bool is_stopped = (sk_load_relaxed(&socket->ready) & SK_READY_STOPPED) != 0;
    if (SK_UNLIKELY(!is_ours || is_stopped)) {
        /* To the new owner, or to be looked at when reading goes on. */
        sk_socket_unlock(socket);
        (void)sk_socket_raise(socket, sk_service_worker(turn->owner), turn->ready, 0);
        turn->ready = 0;
        return false;
    }
    switch ((sk_socket_state)socket->state) {
    case SK_SOCKET_CONNECTED:
    case SK_SOCKET_WRITE_CLOSED:
        return read_step(turn, ret_event);
    case SK_SOCKET_LISTENING:
        sk_socket_unlock(socket);
        return accept_step(turn, ret_event);
    case SK_SOCKET_DATAGRAM:
        return datagram_step(turn, ret_event);
    default: /* closed meanwhile */
        sk_socket_unlock(socket);
        turn->ready = 0;
        return false;
    }
}

void sk_io_turn_begin(sk_io_turn *ret_turn, sk_service *owner, sk_msg *node, bool in_blocks) {
    sk_assert(node->kind == SK_MSG_NODE && node->type == SK_TYPE_SOCKET);
    sk_socket *socket = SK_CONTAINER(node, sk_socket, node);
    uint32_t old = sk_load_relaxed(&socket->ready);
    uint32_t taken;
    do {
        sk_assert(old & SK_READY_QUEUED);
        taken = old & SK_READY_STOPPED ? 0 : old & SK_READY_INPUT;
    } while (!sk_cas_weak_acq_rel(&socket->ready, &old, old & ~(taken | SK_READY_QUEUED)));
    /* The reference of the queued node is now the turn's. */
    *ret_turn =
        (sk_io_turn){.socket = socket, .owner = owner, .ready = taken, .in_blocks = in_blocks};
}

bool sk_io_turn_next(sk_io_turn *turn, sk_io_event *ret_event) {
    if (turn->owes_close) {
        turn->owes_close = false;
        sk_event_init(ret_event, SK_IO_CLOSE, turn->socket->id, 0, NULL);
        log_event(turn, ret_event);
        return true;
    }
    while (turn->ready) {
        if (!step(turn, ret_event))
            continue;
        log_event(turn, ret_event);
        return true;
    }
    sk_io_turn_end(turn);
    return false;
}

void sk_io_turn_end(sk_io_turn *turn) {
    sk_socket *socket = turn->socket;
    if (!socket)
        return;
    sk_worker *worker = sk_service_worker(turn->owner);
    if (turn->owes_close) {
        sk_io_event event;
        sk_notes notes = {0};
        sk_event_init(&event, SK_IO_CLOSE, socket->id, 0, NULL);
        sk_notes_add(&notes, sk_service_handle(turn->owner), &event);
        (void)sk_notes_post(&notes, socket->io->node, worker); /* to ourselves */
    }
    if (turn->ready)
        (void)sk_socket_raise(socket, worker, turn->ready, 0);
    turn->socket = NULL;
    turn->ready = 0;
    turn->owes_close = false;
    sk_socket_unref(socket);
}
