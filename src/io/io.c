/* io.c -- the io object: what the scheduler calls, options, snapshots.
 *
 * Poll runs on one thread at a time and takes no lock for input: it sets bits and posts nodes. The
 * worker is offline (reclaim.h) while it blocks in the kernel, so that a node at rest does not hold
 * up the freeing of memory. */
#include "io/io.h"

#include "actor/reclaim.h"
#include "base/mem.h"
#include "io/io_impl.h"
#include "io/turn.h"

#include <errno.h>

/* Events fetched by one poll. */
#define POLL_COUNT_MAX 256
/* Shortages of memory and of descriptors are looked at again after so long. */
#define RETRY_FLUSH_MS 10
#define RETRY_ACCEPT_MS 100

/* ---- Things for later ---- */

static uint64_t later_delay_ms(const sk_io *io, sk_later_kind kind) {
    switch (kind) {
    case SK_LATER_ORPHAN:
        return SK_ACCEPT_GRACE_MS;
    case SK_LATER_LINGER:
        return io->linger_ms;
    case SK_LATER_ACCEPT:
        return RETRY_ACCEPT_MS;
    default:
        return RETRY_FLUSH_MS;
    }
}

void sk_io_later(sk_io *io, int32_t id, sk_later_kind kind) {
    uint64_t now_ms = sk_clock_ms(sk_node_clock(io->node));
    sk_later_entry entry = {.due_ms = now_ms + later_delay_ms(io, kind), .id = id, .kind = kind};
    if (sk_later_add(&io->later, &entry))
        sk_poller_wake(io->poller); /* it may sleep past it */
}

/* Bits of the poller that tell of reading: none while an accepted socket is not started. */
static bool is_started(const sk_socket *socket) {
    return socket->state == SK_SOCKET_CONNECTED || socket->state == SK_SOCKET_WRITE_CLOSED;
}

static int run_later(sk_io *io, sk_worker *worker, const sk_later_entry *entry) {
    sk_socket *socket = sk_socket_find_locked(io, entry->id);
    if (!socket)
        return 0;
    if (socket->kind == SK_KIND_DATAGRAM) {
        bool reads = entry->kind == SK_LATER_READ;
        sk_socket_unlock(socket);
        return sk_datagram_on_ready(socket, worker, reads ? SK_POLL_IN : SK_POLL_OUT);
    }
    sk_notes notes = {0};
    bool kill = (entry->kind == SK_LATER_ORPHAN && socket->state == SK_SOCKET_ACCEPTED) ||
                (entry->kind == SK_LATER_LINGER && socket->state == SK_SOCKET_CLOSING);
    if (kill) {
        if (entry->kind == SK_LATER_LINGER)
            sk_socket_give_close(socket, &notes); /* a foreign one has not had it */
        sk_socket_die(socket);
    }
    bool must_post = false;
    if (entry->kind == SK_LATER_READ && is_started(socket))
        must_post = sk_socket_mark(socket, 0, SK_READY_HELD, NULL);
    else if (entry->kind == SK_LATER_ACCEPT && !sk_load_relaxed(&io->input_is_held))
        must_post = sk_socket_mark(socket, SK_READY_IN, 0, NULL);
    sk_socket_unlock(socket);
    int posted = sk_notes_post(&notes, io->node, worker);
    if (entry->kind == SK_LATER_FLUSH)
        return sk_stream_on_ready(socket, worker, SK_POLL_OUT);
    return must_post && sk_socket_post_node(socket, worker) ? posted + 1 : posted;
}

/* Edges that came while input was held were lost: every connection may have input, or its end. */
SK_COLD static int look_everywhere(sk_io *io, sk_worker *worker) {
    int posted = 0;
    for (uint32_t i = 0; i < SK_SOCKET_COUNT_MAX; i++) {
        sk_socket *socket = sk_load_acquire(&io->slots[i]); /* pairs with enter_table */
        if (!socket)
            continue;
        sk_socket_lock(socket);
        bool must_post =
            is_started(socket) && sk_socket_mark(socket, SK_READY_IN | SK_READY_END, 0, NULL);
        sk_socket_unlock(socket);
        posted += must_post && sk_socket_post_node(socket, worker);
    }
    return posted;
}

/* ---- Polling ---- */

/* The timeout, cut so that nothing for later is late. */
static int64_t cut_timeout(sk_io *io, int64_t timeout_ms) {
    uint64_t first_ms = sk_later_first_ms(&io->later);
    if (timeout_ms == 0 || first_ms == UINT64_MAX)
        return timeout_ms;
    uint64_t now_ms = sk_clock_ms(sk_node_clock(io->node));
    uint64_t wait_ms = first_ms > now_ms ? first_ms - now_ms : 0;
    return timeout_ms < 0 || (uint64_t)timeout_ms > wait_ms ? (int64_t)wait_ms : timeout_ms;
}

static int wait_for_events(sk_io *io, sk_worker *worker, int64_t timeout_ms) {
    bool goes_offline = worker && timeout_ms != 0;
    sk_reclaim *reclaim = sk_node_reclaim(io->node);
    if (goes_offline)
        sk_reclaim_offline(reclaim, sk_worker_index(worker));
    int count = sk_poller_wait(io->poller, io->events, POLL_COUNT_MAX, timeout_ms);
    if (goes_offline)
        sk_reclaim_online(reclaim, sk_worker_index(worker));
    return count;
}

static int handle_event(sk_io *io, sk_worker *worker, const sk_poll_event *event) {
    sk_socket *socket = sk_socket_find(io, (int32_t)(event->key & INT32_MAX));
    if (!socket || sk_load_relaxed(&socket->generation) != event->key >> 32)
        return 0;
    if (socket->kind == SK_KIND_DATAGRAM)
        return sk_datagram_on_ready(socket, worker, event->ready);
    const uint32_t over = SK_POLL_HUP | SK_POLL_ERR;
    bool is_held = sk_load_relaxed(&io->input_is_held);
    uint32_t set = 0;
    if (!is_held && event->ready & (SK_POLL_IN | SK_POLL_END | over))
        set |= SK_READY_IN;
    if (!is_held && event->ready & (SK_POLL_END | over))
        set |= SK_READY_END;
    if (event->ready & (SK_POLL_OUT | over))
        set |= SK_READY_OUT;
    uint32_t old;
    int posted = 0;
    if (sk_socket_mark(socket, set, 0, &old))
        posted += sk_socket_post_node(socket, worker);
    bool is_awaited = (old & SK_READY_BLOCKED) && (set & SK_READY_OUT);
    if (is_awaited || (event->ready & over))
        posted += sk_stream_on_ready(socket, worker, event->ready);
    return posted;
}

static int io_poll(void *io_ptr, sk_worker *worker, int64_t timeout_ms) {
    sk_io *io = io_ptr;
    int posted = 0;
    int count = wait_for_events(io, worker, cut_timeout(io, timeout_ms));
    sk_store_relaxed(&io->now_cs, sk_node_now_cs(io->node));
    for (int i = 0; i < count; i++)
        posted += handle_event(io, worker, &io->events[i]);
    if (SK_UNLIKELY(sk_load_relaxed(&io->resume_is_due)) &&
        sk_swap_acq_rel(&io->resume_is_due, false))
        posted += look_everywhere(io, worker);
    if (sk_later_first_ms(&io->later) != UINT64_MAX) {
        uint64_t now_ms = sk_clock_ms(sk_node_clock(io->node));
        sk_later_entry entry;
        while (sk_later_take(&io->later, now_ms, &entry))
            posted += run_later(io, worker, &entry);
    }
    return posted;
}

static void io_wake(void *io_ptr) {
    sk_io *io = io_ptr;
    sk_poller_wake(io->poller);
}

/* ---- Gathered output ---- */

void sk_io_mark_dirty(sk_io *io, sk_worker *worker, int32_t id) {
    sk_dirty_list *list = &io->dirty[sk_worker_index(worker)];
    if (list->count == list->cap) {
        list->cap = list->cap ? 2 * list->cap : 16;
        list->ids = sk_realloc(list->ids, list->cap * sizeof *list->ids);
    }
    list->ids[list->count++] = id;
    if (list->count == 1)
        sk_worker_set_dirty(worker);
}

static void flush_one(sk_io *io, sk_worker *worker, int32_t id) {
    sk_notes notes = {0};
    sk_socket *socket = sk_socket_find_locked(io, id);
    if (!socket)
        return;
    if (socket->dirty_worker == worker)
        socket->dirty_worker = NULL;
    if (!(sk_load_relaxed(&socket->ready) & SK_READY_BLOCKED))
        sk_stream_flush(socket, &notes);
    sk_socket_unlock(socket);
    (void)sk_notes_post(&notes, io->node, worker); /* the dead miss nothing */
}

static void io_flush(void *io_ptr, sk_worker *worker) {
    sk_io *io = io_ptr;
    sk_dirty_list *list = &io->dirty[sk_worker_index(worker)];
    for (uint32_t i = 0; i < list->count; i++)
        flush_one(io, worker, list->ids[i]);
    list->count = 0;
}

/* ---- Services ---- */

static void io_expand(void *io_ptr, sk_service *owner, sk_msg *node, sk_deliver_fn deliver) {
    (void)io_ptr;
    sk_io_turn turn;
    sk_io_event event;
    sk_io_turn_begin(&turn, owner, node, true);
    while (!sk_service_is_dead(owner) && sk_io_turn_next(&turn, &event)) {
        sk_msg *msg = sk_event_message(&event);
        if (!deliver(owner, msg))
            sk_msg_free(msg);
    }
    sk_io_turn_end(&turn);
}

static void io_drop(void *io_ptr, sk_service *owner, sk_msg *node) {
    (void)io_ptr;
    sk_socket *socket = SK_CONTAINER(node, sk_socket, node);
    (void)sk_and_acq_rel(&socket->ready, ~(uint32_t)SK_READY_QUEUED);
    /* Input stays ready: for a later owner, who may be there already. */
    if (!sk_handle_eq(sk_socket_owner(socket), sk_service_handle(owner)))
        (void)sk_socket_raise(socket, sk_service_worker(owner), 0, 0);
    sk_socket_unref(socket);
}

/* A socket of a service that is gone: one that nobody has started yet may be on its way to another
 * service and gets a grace period. */
static void leave_socket(sk_io *io, sk_service *service, int32_t id) {
    sk_notes notes = {0};
    sk_socket *socket = sk_socket_find_locked(io, id);
    if (!socket)
        return;
    if (sk_handle_eq(sk_socket_owner(socket), sk_service_handle(service))) {
        if (socket->state == SK_SOCKET_ACCEPTED)
            sk_socket_ask_later(socket, SK_LATER_ORPHAN);
        else
            sk_stream_close(socket, &notes);
    }
    sk_socket_unlock(socket);
    (void)sk_notes_post(&notes, io->node, sk_service_worker(service)); /* nobody is left to hear */
}

static void io_service_exit(void *io_ptr, sk_service *service) {
    sk_io *io = io_ptr;
    sk_worker *worker = sk_service_worker(service);
    sk_owned_drain(io, service, leave_socket);
    if (worker)
        io_flush(io, worker); /* what its release has sent */
}

static const sk_io_ops io_ops = {
    .poll = io_poll,
    .wake = io_wake,
    .flush = io_flush,
    .expand = io_expand,
    .drop = io_drop,
    .service_exit = io_service_exit,
};

/* ---- Snapshots ---- */

static sk_info_type info_type(const sk_socket *socket) {
    switch ((sk_socket_state)socket->state) {
    case SK_SOCKET_LISTENING:
        return SK_INFO_LISTEN;
    case SK_SOCKET_CONNECTED:
    case SK_SOCKET_WRITE_CLOSED:
        return socket->kind == SK_KIND_FOREIGN ? SK_INFO_BIND : SK_INFO_TCP;
    case SK_SOCKET_DATAGRAM:
        return SK_INFO_UDP;
    case SK_SOCKET_READ_CLOSED:
    case SK_SOCKET_CLOSING:
        return SK_INFO_CLOSING;
    default:
        return SK_INFO_UNKNOWN;
    }
}

/* Locked. Output that the kernel has not taken yet. */
static size_t unsent_size(const sk_socket *socket) {
    return socket->outq.size + (socket->datagrams ? socket->datagrams->out.size : 0);
}

/* Locked. As above; a datagram may be empty. */
static bool is_unsent(const sk_socket *socket) {
    return !sk_outq_is_empty(&socket->outq) ||
           (socket->datagrams && sk_dgramq_first(&socket->datagrams->out));
}

static bool fill_info(sk_socket *socket, sk_io_info *ret_info) {
    uint32_t ready = sk_load_relaxed(&socket->ready);
    *ret_info = (sk_io_info){
        .id = socket->id,
        .type = info_type(socket),
        .owner = sk_socket_owner(socket),
        .read_size = socket->read_size,
        .write_size = socket->write_size,
        .read_cs = socket->read_cs,
        .write_cs = socket->write_cs,
        .unsent_size = unsent_size(socket),
        .drop_count = socket->datagrams ? socket->datagrams->drop_count : 0,
        .is_reading = !(ready & SK_READY_STOPPED),
        .is_writing = is_unsent(socket),
    };
    if (ret_info->type == SK_INFO_CLOSING)
        ret_info->is_reading = false;
    (void)sk_addr_text(&socket->addr, ret_info->name);
    return ret_info->type != SK_INFO_UNKNOWN;
}

sk_io_info *sk_io_snapshot(sk_io *io, size_t *ret_count) {
    size_t count = 0, cap = 0;
    sk_io_info *list = NULL;
    for (uint32_t i = SK_SOCKET_COUNT_MAX; i-- > 0;) {
        sk_socket *socket = sk_load_acquire(&io->slots[i]); /* pairs with enter_table */
        if (!socket)
            continue;
        if (count == cap) {
            cap = cap ? 2 * cap : 16;
            list = sk_realloc(list, cap * sizeof *list);
        }
        sk_socket_lock(socket);
        bool is_listed = fill_info(socket, &list[count]);
        sk_socket_unlock(socket);
        if (is_listed)
            count++;
    }
    *ret_count = count;
    if (count > 0)
        return list;
    sk_free(list);
    return NULL;
}

/* ---- Stopping ---- */

void sk_io_hold_input(sk_io *io) { sk_store_relaxed(&io->input_is_held, true); }

void sk_io_resume_input(sk_io *io) {
    sk_store_relaxed(&io->input_is_held, false);
    sk_store_release(&io->resume_is_due, true); /* pairs with the swap in io_poll */
    io_wake(io);
}

static bool has_unsent(sk_io *io) {
    for (uint32_t i = 0; i < SK_SOCKET_COUNT_MAX; i++) {
        sk_socket *socket = sk_load_acquire(&io->slots[i]); /* pairs with enter_table */
        if (!socket)
            continue;
        sk_socket_lock(socket);
        bool waits = is_unsent(socket);
        sk_socket_unlock(socket);
        if (waits)
            return true;
    }
    return false;
}

bool sk_io_drain(sk_io *io, uint64_t limit_ms) {
    const sk_clock *clock = sk_node_clock(io->node);
    uint64_t end_ms = sk_clock_ms(clock) + limit_ms;
    while (has_unsent(io)) {
        uint64_t now_ms = sk_clock_ms(clock);
        if (now_ms >= end_ms)
            return false;
        (void)io_poll(io, NULL, (int64_t)(end_ms - now_ms));
    }
    return true;
}

/* ---- Life ---- */

sk_io *sk_io_new(sk_node *node) {
    sk_io *io = sk_calloc_line(sizeof *io);
    int err = sk_poller_new(&io->poller);
    if (err < 0) {
        sk_free(io);
        errno = -err;
        return NULL;
    }
    io->node = node;
    sk_syscalls_init(&io->calls);
    sk_later_init(&io->later);
    io->worker_count = sk_node_worker_count(node);
    io->dirty = sk_calloc_line((size_t)io->worker_count * sizeof *io->dirty);
    io->events = sk_calloc(POLL_COUNT_MAX, sizeof *io->events);
    sk_store_relaxed(&io->spare_fd, io->calls.open_spare());
    return io;
}

void sk_io_free(sk_io *take_io) {
    if (!take_io)
        return;
    for (uint32_t i = 0; i < SK_SOCKET_COUNT_MAX; i++) {
        sk_socket *socket = sk_load_relaxed(&take_io->slots[i]);
        if (socket)
            sk_socket_free(socket);
    }
    int spare = sk_load_relaxed(&take_io->spare_fd);
    if (spare >= 0)
        (void)take_io->calls.close(spare);
    for (int i = 0; i < take_io->worker_count; i++)
        sk_free(take_io->dirty[i].ids);
    sk_later_done(&take_io->later);
    sk_poller_free(take_io->poller);
    sk_free(take_io->dirty);
    sk_free(take_io->events);
    sk_free(take_io->datagram);
    sk_free(take_io);
}

const sk_io_ops *sk_io_ops_table(void) { return &io_ops; }
sk_syscalls *sk_io_syscalls(sk_io *io) { return &io->calls; }
void sk_io_set_output_limit(sk_io *io, size_t size) { io->output_limit = size; }
void sk_io_set_linger_ms(sk_io *io, uint64_t linger_ms) { io->linger_ms = linger_ms; }
uint32_t sk_io_socket_count(const sk_io *io) { return sk_load_relaxed(&io->count); }
