/* table.c -- the life of a socket: its id, references, state, readiness.
 *
 * Slots are id mod SK_SOCKET_COUNT_MAX. A reader takes the pointer from the slot and compares the
 * id; the memory stays until all workers, and the monitor, have passed a boundary between
 * dispatches or polls (reclaim.h).
 *
 * A socket dies under its lock: descriptor closed, slot cleared. The table's reference is given
 * back with the unlock, the object goes with the last reference. */
#include "io/io_impl.h"

#include "actor/reclaim.h"
#include "base/err.h"
#include "base/mem.h"

#define ID_MASK 0x7fffffffu

#define BIT(state) (1u << (state))

/* transitions[from]: the states that may follow. */
static const uint16_t transitions[SK_SOCKET_STATE_COUNT] = {
    [SK_SOCKET_NEW] = BIT(SK_SOCKET_LISTEN_PAUSED) | BIT(SK_SOCKET_CONNECTING) |
                      BIT(SK_SOCKET_ACCEPTED) | BIT(SK_SOCKET_CONNECTED) | BIT(SK_SOCKET_DATAGRAM) |
                      BIT(SK_SOCKET_DEAD),
    [SK_SOCKET_LISTEN_PAUSED] = BIT(SK_SOCKET_LISTENING) | BIT(SK_SOCKET_DEAD),
    [SK_SOCKET_LISTENING] = BIT(SK_SOCKET_DEAD),
    [SK_SOCKET_CONNECTING] =
        BIT(SK_SOCKET_CONNECTED) | BIT(SK_SOCKET_CONNECT_CLOSING) | BIT(SK_SOCKET_DEAD),
    [SK_SOCKET_CONNECT_CLOSING] = BIT(SK_SOCKET_CLOSING) | BIT(SK_SOCKET_DEAD),
    [SK_SOCKET_ACCEPTED] = BIT(SK_SOCKET_CONNECTED) | BIT(SK_SOCKET_WRITE_CLOSED) |
                           BIT(SK_SOCKET_CLOSING) | BIT(SK_SOCKET_DEAD),
    [SK_SOCKET_CONNECTED] = BIT(SK_SOCKET_READ_CLOSED) | BIT(SK_SOCKET_WRITE_CLOSED) |
                            BIT(SK_SOCKET_CLOSING) | BIT(SK_SOCKET_DEAD),
    [SK_SOCKET_READ_CLOSED] = BIT(SK_SOCKET_CLOSING) | BIT(SK_SOCKET_DEAD),
    [SK_SOCKET_WRITE_CLOSED] = BIT(SK_SOCKET_DEAD),
    [SK_SOCKET_CLOSING] = BIT(SK_SOCKET_DEAD),
    [SK_SOCKET_DATAGRAM] = BIT(SK_SOCKET_DEAD),
    [SK_SOCKET_DEAD] = 0,
};

static _Atomic(sk_socket *) *slot_of(sk_io *io, int32_t id) {
    return &io->slots[(uint32_t)id % SK_SOCKET_COUNT_MAX];
}

/* Puts the socket into a free slot under the next id that fits; false when there is none. */
static bool enter_table(sk_io *io, sk_socket *socket) {
    if (sk_add_relaxed(&io->count, 1) >= SK_SOCKET_COUNT_MAX) {
        sk_sub_relaxed(&io->count, 1);
        return false;
    }
    /* The count says that a slot is free, but others look for it too: bounded, not exact. */
    for (uint32_t i = 0; i < 2 * SK_SOCKET_COUNT_MAX; i++) {
        uint32_t id = (sk_add_relaxed(&io->last_id, 1) + 1) & ID_MASK;
        if (id == 0)
            continue;
        socket->id = (int32_t)id;
        sk_socket *expected = NULL;
        /* Release: the new socket; pairs with the acquire in sk_socket_find. */
        if (sk_cas_acq_rel(slot_of(io, socket->id), &expected, socket))
            return true;
    }
    sk_sub_relaxed(&io->count, 1);
    return false;
}

static void free_retired(void *take_socket) { sk_socket_free(take_socket); }

sk_socket *sk_socket_new(sk_io *io, sk_handle owner, sk_socket_kind kind, int take_fd) {
    sk_socket *socket = sk_new(sk_socket);
    socket->io = io;
    socket->kind = (uint8_t)kind;
    socket->state = SK_SOCKET_NEW;
    socket->fd = take_fd;
    socket->output_limit = io->output_limit;
    socket->read_limit = SK_READ_PAUSE_SIZE;
    socket->node = (sk_msg){.kind = SK_MSG_NODE, .type = SK_TYPE_SOCKET};
    sk_store_relaxed(&socket->owner, owner.v);
    sk_store_relaxed(&socket->refs, 1);
    sk_store_relaxed(&socket->ready, SK_READY_HELD);
    if (enter_table(io, socket))
        return socket;
    sk_free(socket);
    return NULL;
}

sk_socket *sk_socket_find(sk_io *io, int32_t id) {
    if (id <= 0)
        return NULL;
    sk_socket *socket = sk_load_acquire(slot_of(io, id)); /* pairs with enter_table */
    return socket && socket->id == id ? socket : NULL;
}

sk_socket *sk_socket_find_locked(sk_io *io, int32_t id) {
    sk_socket *socket = sk_socket_find(io, id);
    if (!socket)
        return NULL;
    sk_socket_lock(socket);
    if (socket->state != SK_SOCKET_NEW && socket->state != SK_SOCKET_DEAD)
        return socket;
    sk_socket_unlock(socket);
    return NULL;
}

bool sk_socket_try_ref(sk_socket *socket) {
    uint32_t refs = sk_load_relaxed(&socket->refs);
    do {
        if (refs == 0)
            return false;
    } while (!sk_cas_weak_acq_rel(&socket->refs, &refs, refs + 1));
    return true;
}

void sk_socket_unref(sk_socket *take_socket) {
    /* Release: what this holder did; acquire: what the others did, for the last one. */
    if (take_socket && sk_sub_acq_rel(&take_socket->refs, 1) == 1)
        sk_reclaim_defer(sk_node_reclaim(take_socket->io->node), take_socket, free_retired);
}

/* Both queues of datagrams are lost. */
static void drop_datagrams(sk_socket *socket) {
    if (!socket->datagrams)
        return;
    sk_dgramq_done(&socket->datagrams->in);
    sk_dgramq_done(&socket->datagrams->out);
}

static void close_fd(sk_socket *socket) {
    if (socket->fd < 0)
        return;
    if (socket->kind == SK_KIND_FOREIGN)
        sk_foreign_release(socket);
    else
        (void)socket->io->calls.close(socket->fd); /* it is over, whatever that says */
    socket->fd = -1;
}

void sk_socket_free(sk_socket *take_socket) {
    close_fd(take_socket);
    drop_datagrams(take_socket);
    sk_free(take_socket->datagrams);
    sk_outq_done(&take_socket->outq);
    sk_inbuf_done(&take_socket->input);
    sk_free(take_socket->dial);
    sk_free(take_socket);
}

void sk_socket_lock(sk_socket *socket) { sk_spin_acquire(&socket->lock); }

void sk_socket_unlock(sk_socket *socket) {
    uint8_t later = socket->later_asked;
    bool is_released = socket->is_released;
    socket->later_asked = 0;
    socket->is_released = false;
    sk_spin_release(&socket->lock);
    for (int kind = 0; SK_UNLIKELY(later != 0); kind++, later >>= 1)
        if (later & 1)
            sk_io_later(socket->io, socket->id, (sk_later_kind)kind);
    if (SK_UNLIKELY(is_released))
        sk_socket_unref(socket);
}

bool sk_socket_state_allows(sk_socket_state from, sk_socket_state to) {
    return (transitions[from] & BIT(to)) != 0;
}

void sk_socket_set_state(sk_socket *socket, sk_socket_state state) {
    sk_assert(sk_socket_state_allows((sk_socket_state)socket->state, state));
    socket->state = (uint8_t)state;
}

void sk_socket_die(sk_socket *socket) {
    sk_io *io = socket->io;
    sk_socket_set_state(socket, SK_SOCKET_DEAD);
    close_fd(socket);
    drop_datagrams(socket);
    sk_outq_done(&socket->outq);
    sk_free(socket->dial);
    socket->dial = NULL;
    sk_socket *expected = socket;
    bool was_there = sk_cas_acq_rel(slot_of(io, socket->id), &expected, NULL);
    sk_assert(was_there);
    sk_sub_relaxed(&io->count, 1);
    socket->is_released = true;
}

void sk_socket_give_close(sk_socket *socket, sk_notes *notes) {
    if (socket->close_given)
        return;
    socket->close_given = true;
    sk_io_event event;
    sk_event_init(&event, SK_IO_CLOSE, socket->id, 0, NULL);
    sk_notes_add(notes, sk_socket_owner(socket), &event);
}

void sk_socket_give_error(sk_socket *socket, const char *text, sk_notes *notes) {
    sk_io_event event;
    sk_event_init(&event, SK_IO_ERROR, socket->id, 0, text);
    sk_notes_add(notes, sk_socket_owner(socket), &event);
}

void sk_socket_ask_later(sk_socket *socket, sk_later_kind kind) {
    socket->later_asked |= (uint8_t)(1u << kind);
}

int sk_socket_register(sk_socket *socket) {
    if (socket->is_registered)
        return 0;
    uint64_t generation = sk_load_relaxed(&socket->generation);
    uint64_t key = generation << 32 | (uint32_t)socket->id;
    int err = sk_poller_add(socket->io->poller, socket->fd, key);
    socket->is_registered = err == 0;
    return err;
}

bool sk_socket_mark(sk_socket *socket, uint32_t set, uint32_t clear, uint32_t *ret_old) {
    uint32_t old = sk_load_relaxed(&socket->ready);
    uint32_t new;
    do {
        new = (old & ~clear) | set;
        if ((new &SK_READY_INPUT) && !(new &SK_READY_STOPPED))
            new |= SK_READY_QUEUED;
    } while (!sk_cas_weak_acq_rel(&socket->ready, &old, new)); /* pairs with sk_io_turn_begin */
    if (ret_old)
        *ret_old = old;
    return (new & ~old &SK_READY_QUEUED) && sk_socket_try_ref(socket);
}

bool sk_socket_post_node(sk_socket *socket, sk_worker *worker) {
    sk_node *node = socket->io->node;
    for (;;) {
        sk_handle owner = sk_socket_owner(socket);
        if (sk_node_post(node, worker, owner, &socket->node) == 0)
            return true;
        if (sk_handle_eq(owner, sk_socket_owner(socket)))
            break;
    }
    sk_socket_lock(socket);
    if (socket->state != SK_SOCKET_DEAD && socket->state != SK_SOCKET_CLOSING)
        sk_socket_die(socket); /* one that is flushing goes by itself */
    sk_socket_unlock(socket);
    sk_socket_unref(socket); /* the one of the node */
    return false;
}

bool sk_socket_raise(sk_socket *socket, sk_worker *worker, uint32_t set, uint32_t clear) {
    return sk_socket_mark(socket, set, clear, NULL) && sk_socket_post_node(socket, worker);
}
