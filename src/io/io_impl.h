/* io_impl.h -- the structs of the io layer and what its files share. Included by src/io only.
 *
 * Locks: each socket has one; no other lock is taken and nothing is posted while it is held. What
 * has to be posted is collected in sk_notes. The readiness word is changed by single atomic
 * operations, so that the poller needs no lock to report input. */
#ifndef SK_IO_IO_IMPL_H
#define SK_IO_IO_IMPL_H

#include "actor/service.h"
#include "actor/worker.h"
#include "base/assert.h"
#include "base/atomic.h"
#include "base/limits.h"
#include "base/thread.h"
#include "io/dgramq.h"
#include "io/event.h"
#include "io/later.h"
#include "io/outq.h"
#include "io/poller.h"
#include "io/socket.h"

typedef enum {
    SK_KIND_STREAM,   /* TCP: connections and listeners */
    SK_KIND_FOREIGN,  /* a descriptor of the program's: as a connection, and never closed */
    SK_KIND_DATAGRAM, /* UDP */
} sk_socket_kind;

/* One function moves a socket along these (sk_socket_set_state):
 *
 *   NEW -> LISTEN_PAUSED -start-> LISTENING -----------------------------+
 *   NEW -> CONNECTING ---ok--> CONNECTED --peer's end--> READ_CLOSED --+ |
 *    |         | close, output    ^  | write error                     | |
 *    |         v   waits          |  +--> WRITE_CLOSED --------------+ | |
 *    |     CONNECT_CLOSING --+    |                                  | | |
 *   NEW -> ACCEPTED --start--|----+ (or WRITE_CLOSED)                | | |
 *              | close,      v                                       v v v
 *              +-- output -> CLOSING (also from CONNECTED, READ_CLOSED) -> DEAD
 *
 *   NEW -> CONNECTED (a foreign descriptor; goes on as above)
 *   NEW -> DATAGRAM -> DEAD
 *
 * Every state may become DEAD. */
typedef enum {
    SK_SOCKET_NEW,
    SK_SOCKET_LISTEN_PAUSED,
    SK_SOCKET_LISTENING,
    SK_SOCKET_CONNECTING,
    SK_SOCKET_CONNECT_CLOSING, /* to be closed once connected and flushed */
    SK_SOCKET_ACCEPTED,        /* not started */
    SK_SOCKET_CONNECTED,
    SK_SOCKET_READ_CLOSED,  /* the peer has finished; CLOSE was given */
    SK_SOCKET_WRITE_CLOSED, /* writing has failed */
    SK_SOCKET_CLOSING,      /* closed by command; output is being flushed */
    SK_SOCKET_DATAGRAM,
    SK_SOCKET_DEAD,
    SK_SOCKET_STATE_COUNT,
} sk_socket_state;

/* Bits of the readiness word. */
enum {
    SK_READY_IN = 1,       /* the kernel may have input */
    SK_READY_END = 2,      /* the peer has finished, or an error waits: read on to it */
    SK_READY_UNREAD = 4,   /* bytes or datagrams the owner has not been told of lie here */
    SK_READY_OUT = 8,      /* the kernel took output again since BLOCKED was last looked at */
    SK_READY_BLOCKED = 16, /* output, or a connect, waits for OUT */
    SK_READY_HELD = 32,    /* no reading: not started, or the confirmation is not posted yet */
    SK_READY_PAUSED = 64,  /* no reading: by command, or at the limit */
    SK_READY_QUEUED = 128, /* the node is in a mailbox */
};
#define SK_READY_INPUT (SK_READY_IN | SK_READY_END | SK_READY_UNREAD)
#define SK_READY_STOPPED (SK_READY_HELD | SK_READY_PAUSED)

/* Addresses a connect has still to try. */
typedef struct {
    int count;
    int next;
    sk_addr list[SK_ADDR_LIST_MAX];
} sk_dial;

/* What a socket of UDP has besides. */
typedef struct {
    int family; /* fixed */
    sk_dgramq in;
    sk_dgramq out;          /* what the kernel did not take yet */
    uint64_t drop_count;    /* datagrams lost here, in either direction */
    uint64_t refused_count; /* of them, those that the system refused to send */
    uint32_t kernel_drops;  /* lost by the kernel, as it told last */
} sk_datagrams;

struct sk_socket {
    /* Fixed after new. */
    sk_io *io;
    int32_t id;
    uint8_t kind; /* sk_socket_kind */

    /* Any thread; atomic. */
    _Atomic uint32_t ready;      /* SK_READY_* */
    _Atomic uint32_t refs;       /* table, queued node, turns, holders */
    _Atomic uint32_t owner;      /* changed under the lock */
    _Atomic uint32_t generation; /* of the descriptor; changed under the lock */

    /* In the owner's mailbox while QUEUED. */
    sk_msg node;

    /* Under the lock. */
    sk_spin lock;
    uint8_t state; /* sk_socket_state */
    bool is_registered;
    bool close_given;
    bool is_broken;      /* output is dropped */
    bool is_write_only;  /* a foreign descriptor that is not to be read */
    bool must_block;     /* a foreign descriptor that blocked before, and will again */
    bool is_released;    /* died under the lock: the table's reference goes with the unlock */
    uint8_t later_asked; /* kinds (bits) of sk_later to be noted with the unlock */
    int fd;
    uint64_t write_dispatch; /* who wrote last, for gathering */
    sk_worker *write_worker;
    sk_worker *dirty_worker; /* in this worker's dirty list */
    sk_outq outq;
    size_t warn_size;    /* threshold of the next warning; 0: the first */
    size_t output_limit; /* 0: none */
    sk_inbuf input;
    size_t read_limit;
    sk_dial *dial; /* while connecting */
    sk_addr addr;  /* the peer's; of a listener its own; of datagrams the default peer's */
    sk_datagrams *datagrams; /* of kind DATAGRAM; until the object is freed */
    uint64_t read_size, write_size, read_cs, write_cs;
};

/* Sockets with gathered output, of one worker: touched by it only. */
typedef struct {
    SK_ALIGN_LINE int32_t *ids;
    uint32_t count;
    uint32_t cap;
} sk_dirty_list;

struct sk_io {
    /* Fixed once the node runs. */
    sk_node *node;
    sk_syscalls calls;
    sk_poller *poller;
    sk_dirty_list *dirty; /* one a worker */
    int worker_count;
    size_t output_limit;
    uint64_t linger_ms;

    /* The poller's thread. */
    sk_poll_event *events;
    void *datagram; /* room for one; NULL until the first socket of UDP is read */

    /* Any thread. */
    SK_ALIGN_LINE _Atomic uint32_t last_id;
    _Atomic uint32_t count;
    _Atomic uint64_t now_cs;    /* node time of the last poll */
    _Atomic bool input_is_held; /* nobody is told of input or connections any more */
    _Atomic bool resume_is_due; /* the next poll looks at all connections */
    _Atomic int spare_fd;       /* kept for refusing connections; -1 while in use */
    sk_later later;
    SK_ALIGN_LINE _Atomic(sk_socket *) slots[SK_SOCKET_COUNT_MAX];
};

/* ---- table.c: ids, references, state, readiness ---- */

/* Any thread. A socket in state NEW with a fresh id, in the table, HELD; takes `take_fd` (-1: none
 * yet). NULL when the table is full: take_fd is still the caller's. */
sk_socket *sk_socket_new(sk_io *io, sk_handle owner, sk_socket_kind kind, int take_fd);

/* Worker or poller. The socket, valid until the dispatch (or poll) ends; it may die meanwhile. */
sk_socket *sk_socket_find(sk_io *io, int32_t id);

/* Worker or poller. The socket, locked, if it is ready for commands and not dead; else NULL. */
sk_socket *sk_socket_find_locked(sk_io *io, int32_t id);

/* Any thread. Takes a reference; false when the socket is past its last. */
bool sk_socket_try_ref(sk_socket *socket);

/* Frees all that is left; nobody else is there any more. */
void sk_socket_free(sk_socket *take_socket);

/* Any thread, holding nothing of the node's. */
void sk_socket_lock(sk_socket *socket);
/* Gives the table's reference back if the socket died meanwhile; notes what is asked for later. */
void sk_socket_unlock(sk_socket *socket);

/* Locked. Asserts that the table of transitions has this step. */
void sk_socket_set_state(sk_socket *socket, sk_socket_state state);
bool sk_socket_state_allows(sk_socket_state from, sk_socket_state to);

/* Locked. The descriptor is closed, output dropped, the id invalid. Input stays. */
void sk_socket_die(sk_socket *socket);

/* Locked. Adds the CLOSE for the owner, once in a socket's life. */
void sk_socket_give_close(sk_socket *socket, sk_notes *notes);

/* Locked. Adds an ERROR for the owner. */
void sk_socket_give_error(sk_socket *socket, const char *text, sk_notes *notes);

/* Locked. Has the io layer come back to the socket after the delay of that kind. */
void sk_socket_ask_later(sk_socket *socket, sk_later_kind kind);

/* Locked. Has the descriptor reported by the poller. 0 or -errno. */
int sk_socket_register(sk_socket *socket);

/* The worker that gives a command for the service; NULL for a thread that is none. */
static inline sk_worker *sk_io_worker_of(const sk_service *service) {
    return service ? sk_service_worker(service) : NULL;
}

static inline sk_handle sk_socket_owner(const sk_socket *socket) {
    return (sk_handle){sk_load_relaxed(&socket->owner)};
}

/* Any thread, also locked. Clears `clear`, sets `set`; true: there is input to look at, and the
 * caller must give the node to sk_socket_post_node. ret_old (the bits before) may be NULL. */
bool sk_socket_mark(sk_socket *socket, uint32_t set, uint32_t clear, uint32_t *ret_old);

/* Not locked. Posts the node to the owner, whoever that is by now. False: there is none, and the
 * socket is dead. */
bool sk_socket_post_node(sk_socket *socket, sk_worker *worker);

/* Not locked. Both: sets bits, and posts the node if it must be. True: it was posted. */
bool sk_socket_raise(sk_socket *socket, sk_worker *worker, uint32_t set, uint32_t clear);

/* ---- stream.c: connections ---- */

/* Locked, CONNECTING without descriptor. Tries the addresses of `dial` in turn. Gives ERROR and
 * dies when none is left. */
void sk_stream_dial(sk_socket *socket, int last_errno, sk_notes *notes);

/* Not locked. The descriptor became writable, or failed (`ready` is SK_POLL_*). Returns the number
 * of messages posted. */
int sk_stream_on_ready(sk_socket *socket, sk_worker *worker, uint32_t ready);

/* Locked. Sends what is queued as far as the kernel takes it. */
void sk_stream_flush(sk_socket *socket, sk_notes *notes);

/* Locked. As sk_socket_send. */
int sk_stream_send(sk_socket *socket, sk_service *service, const sk_send_data *data, bool low,
                   sk_notes *notes);

/* Locked. As sk_socket_close. */
void sk_stream_close(sk_socket *socket, sk_notes *notes);

/* Locked, readable state. One read into `ret_data`: bytes, 0 at the end, -errno. */
ssize_t sk_stream_read(sk_socket *socket, void *ret_data, size_t size);

/* ---- listener.c ---- */

/* Any thread. A listening descriptor; its real address goes to ret_addr. 0 or -errno. */
int sk_listener_open(sk_io *io, const sk_addr *addr, int backlog, int *ret_fd, sk_addr *ret_addr);

typedef struct {
    int32_t id;   /* 0: none; go on */
    int error;    /* -errno to report; 0: none */
    bool is_done; /* nothing more to accept now; the listener will be reported again */
} sk_accept_result;

/* Not locked. Accepts one connection for the owner. The peer's "ip:port" goes to ret_text. */
void sk_listener_accept(sk_socket *socket, sk_service *owner, sk_accept_result *ret_result,
                        char ret_text[SK_ADDR_TEXT_SIZE]);

/* ---- foreign.c ---- */

/* Locked. Before each read or write: the open file may be another socket's, too (standard input and
 * output of one terminal), or another process's, and who let go of it last made it block again. */
void sk_foreign_must_not_block(sk_socket *socket);

/* Locked, or nobody else is there. Leaves the descriptor as it was found. */
void sk_foreign_release(sk_socket *socket);

/* ---- datagram.c ---- */

/* Not locked. The descriptor became readable or writable, or failed (`ready` is SK_POLL_*).
 * Returns the number of messages posted. */
int sk_datagram_on_ready(sk_socket *socket, sk_worker *worker, uint32_t ready);

/* Locked. Sends what is queued as far as the kernel takes it. 0, or the last error of a datagram
 * that was dropped. */
int sk_datagram_flush(sk_socket *socket);

/* ---- socket.c ---- */

/* Any thread. The first address of the host (NULL or "": all of IPv4). 0; SK_ENAME, SK_EINVAL
 * (port). */
int sk_socket_first_addr(const char *host, int port, sk_addr *ret_addr);

/* ---- owned.c: the sockets of a service ---- */

/* Owner. Notes that the service owns the socket. */
void sk_owned_add(sk_io *io, sk_service *service, int32_t id);
void sk_owned_remove(sk_service *service, int32_t id);

/* Owner. Calls fn for each id noted (also some that are not its any more), frees the list. */
void sk_owned_drain(sk_io *io, sk_service *service,
                    void (*fn)(sk_io *io, sk_service *service, int32_t id));

/* ---- io.c ---- */

/* Worker itself. Has the socket flushed when the dispatch ends. */
void sk_io_mark_dirty(sk_io *io, sk_worker *worker, int32_t id);

/* Any thread, no lock held. Comes back to the socket after the delay of that kind. */
void sk_io_later(sk_io *io, int32_t id, sk_later_kind kind);

static inline uint64_t sk_io_now_cs(const sk_io *io) { return sk_load_relaxed(&io->now_cs); }

#endif
