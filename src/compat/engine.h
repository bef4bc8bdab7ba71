/* engine.h -- the inside of socket_server.h: one lock, a table of sockets, a queue of events.
 *
 * All that any thread does happens under the lock, a system call at most a time; only the wait of
 * the polling thread is outside. The poller reports edges, so each socket remembers that it may
 * have input, and those that may, and are read, are in the list of ready ones.
 *
 *   LISTEN_PAUSED -start-> LISTENING        CONNECTING -ok-> CONNECTED
 *   ACCEPTED -start-> CONNECTED -peer's end-> READ_CLOSED     BOUND     UDP
 *                         | write error-> WRITE_CLOSED
 *
 * Every state may become DEAD: then the socket is freed at once. Functions here, unless they say
 * otherwise, are called with the lock held; those that may kill the socket say so by the word
 * "ends", and the socket must not be touched after. */
#ifndef SK_COMPAT_ENGINE_H
#define SK_COMPAT_ENGINE_H

#include "base/limits.h"
#include "base/list.h"
#include "base/map.h"
#include "base/thread.h"
#include "io/addr.h"
#include "io/outq.h"
#include "io/poller.h"

#include <socket_server.h>

typedef enum {
    SS_LISTEN_PAUSED,
    SS_LISTENING,
    SS_CONNECTING,
    SS_ACCEPTED, /* not started */
    SS_CONNECTED,
    SS_READ_CLOSED,
    SS_WRITE_CLOSED,
    SS_BOUND,
    SS_UDP,
} ss_state;

/* A datagram that the kernel did not take at once. */
typedef struct ss_packet {
    struct ss_packet *next;
    sk_addr to;
    size_t size;
    uint8_t data[];
} ss_packet;

typedef struct {
    int id;
    int fd;
    uint32_t generation; /* of the descriptor: an event for an earlier one is none */
    uintptr_t opaque;
    ss_state state;
    bool is_reading;
    bool may_read;   /* the kernel may have input, an error or an end */
    bool is_blocked; /* output waits for the poller */
    bool is_closing; /* by command; flushing */
    bool close_given;
    sk_link all;   /* in the order of their making */
    sk_link ready; /* while may_read and is_reading */
    sk_outq outq;
    size_t warn_size;
    ss_packet *packets, **packets_end; /* UDP */
    size_t packets_size;
    bool has_peer;
    sk_addr addr;       /* the peer's; of a listener its own; of UDP the default peer's */
    sk_addr *dial_list; /* while connecting */
    int dial_count, dial_next;
    uint64_t read_size, write_size, read_time, write_time;
} ss_socket;

typedef struct ss_event {
    struct ss_event *next;
    int type;
    struct socket_message message; /* its data is a block of its own */
} ss_event;

struct socket_server {
    /* Fixed after new. */
    sk_poller *poller;

    sk_lock lock; /* over all of the following */
    uint64_t time;
    uint32_t last_id;
    sk_map sockets; /* id -> ss_socket */
    sk_link all, ready;
    ss_event *events, **events_end;
    bool is_short;        /* some output waits for memory: look again soon */
    uint32_t input_count; /* of inputs taken from `ready` */
    bool is_waiting;      /* the polling thread is, or goes, into the wait */
    int spare_fd;
    struct socket_object_interface object;

    /* The polling thread. */
    char *last_text;
    int last_type, last_id_told;
    sk_poll_event *polled;
    uint8_t *scratch; /* SK_READ_SIZE bytes */
};

/* ---- engine.c ---- */

/* A socket around the descriptor (-1: none yet), registered with the poller. NULL, and the
 * descriptor is still the caller's: too many, or it cannot be polled (then *ret_err). */
ss_socket *ss_new(struct socket_server *ss, uintptr_t opaque, int take_fd, int *ret_err);

/* Ends it: closes the descriptor, unless it is bound, and frees all. */
void ss_die(struct socket_server *ss, ss_socket *take_socket);

/* NULL: there is none. */
ss_socket *ss_find(struct socket_server *ss, int id);

/* Adds an event, and wakes the polling thread. The text is copied; the block is taken. */
void ss_tell(struct socket_server *ss, const ss_socket *socket, int type, int ud, const char *text);
void ss_tell_id(struct socket_server *ss, uintptr_t opaque, int id, int type, const char *text);
void ss_tell_block(struct socket_server *ss, const ss_socket *socket, int type, int ud,
                   void *take_block);

/* Adds CLOSE, once. */
void ss_tell_close(struct socket_server *ss, ss_socket *socket);

/* Puts the socket into the list of ready ones, or out of it, as its flags say. */
void ss_update_ready(struct socket_server *ss, ss_socket *socket);

/* Output grew to, or fell to, `size`: WARNING when a threshold is passed. */
void ss_warn(struct socket_server *ss, ss_socket *socket, size_t size);

/* Registers the descriptor with the poller. 0 or -errno. */
int ss_register(struct socket_server *ss, ss_socket *socket);

/* ---- engine_stream.c ---- */

/* A listening descriptor, non-blocking, or -errno; the address it got goes to *addr. */
int ss_listen_fd(sk_addr *addr, int backlog);

/* Tries the next addresses; ends with ERR when none is left. */
void ss_dial(struct socket_server *ss, ss_socket *socket, int last_errno);

/* Ready: one read, or one connection. May end. */
void ss_stream_input(struct socket_server *ss, ss_socket *socket);

/* The descriptor is writable, or failed. May end. */
void ss_stream_output(struct socket_server *ss, ss_socket *socket);

/* Takes the block, or copies it; low: of low priority. 0 or -1. May end. */
int ss_stream_send(struct socket_server *ss, ss_socket *socket, const struct socket_sendbuffer *b,
                   bool low);

/* Sends what waits, then ends; or ends at once. */
void ss_stream_close(struct socket_server *ss, ss_socket *socket);

/* ---- engine_datagram.c ---- */

/* A datagram socket, bound when `addr` has a port or an ip. -errno on failure. */
int ss_udp_fd(int family, const sk_addr *bound);

/* Ready: one datagram. May end. */
void ss_udp_input(struct socket_server *ss, ss_socket *socket);

/* Writable. */
void ss_udp_output(struct socket_server *ss, ss_socket *socket);

/* One datagram. The caller keeps the data. */
void ss_udp_send(struct socket_server *ss, ss_socket *socket, const sk_addr *to, const void *data,
                 size_t size);

#define SS_UDP_ADDRESS_SIZE_MAX 19

/* The encoding of addresses: type (1: IPv4, 2: IPv6), port, ip. Decode: false for another type. */
size_t ss_udp_encode(const sk_addr *addr, uint8_t ret_bytes[SS_UDP_ADDRESS_SIZE_MAX]);
bool ss_udp_decode(const uint8_t *bytes, sk_addr *ret_addr);

#endif
