/* io.h -- the io object of a node: socket table, poller, and the functions the scheduler calls.
 *
 *   sk_io_new(node) -> options -> sk_node_set_io(node, sk_io_ops_table(), io) -> sk_node_run
 *   -> sk_node_free -> sk_io_free
 *
 * docs/sockets.md tells how the parts work together. */
#ifndef SK_IO_IO_H
#define SK_IO_IO_H

#include "actor/node.h"
#include "io/addr.h"
#include "io/syscalls.h"

typedef struct sk_io sk_io;

/* Kinds in a snapshot; the numbers are part of the C interface. */
typedef enum {
    SK_INFO_UNKNOWN = 0,
    SK_INFO_LISTEN = 1,
    SK_INFO_TCP = 2,
    SK_INFO_UDP = 3,
    SK_INFO_BIND = 4,
    SK_INFO_CLOSING = 5, /* half closed, or flushing */
} sk_info_type;

typedef struct {
    int32_t id;
    sk_info_type type;
    sk_handle owner;
    uint64_t read_size; /* of a listener: connections accepted */
    uint64_t write_size;
    uint64_t read_cs; /* node time of the last transfer; 0: none */
    uint64_t write_cs;
    size_t unsent_size;
    uint64_t drop_count; /* UDP: datagrams lost here or in the kernel, in either direction */
    bool is_reading;     /* not paused, and the peer has not finished */
    bool is_writing;     /* output waits */
    /* "ip:port" of the peer; of a listener its own; of UDP the default peer; "": none. */
    char name[SK_ADDR_TEXT_SIZE];
} sk_io_info;

/* The node does not run yet. NULL when the system refuses (errno tells). */
sk_io *sk_io_new(sk_node *node);

/* After sk_node_free (which may still hand back sockets). Closes what is open. NULL is fine. */
void sk_io_free(sk_io *take_io);

/* Static storage. For sk_node_set_io, together with the sk_io. */
const sk_io_ops *sk_io_ops_table(void);

/* Before the node runs. The table of system calls; entries may be replaced. */
sk_syscalls *sk_io_syscalls(sk_io *io);

/* Before the node runs. Unsent bytes at which a connection is closed with an error; 0: no limit,
 * the default. */
void sk_io_set_output_limit(sk_io *io, size_t size);

/* Before the node runs. How long a closed connection may take to flush; 0: no limit, the
 * default. */
void sk_io_set_linger_ms(sk_io *io, uint64_t linger_ms);

/* Any thread. For a stop: from now on nobody is told of new input and new connections. */
void sk_io_hold_input(sk_io *io);

/* Any thread. Ends that, also for what came meanwhile on connections. */
void sk_io_resume_input(sk_io *io);

/* After sk_node_run returned. Sends what is still unsent, as fast as the peers take it; false when
 * something is left after `limit_ms`. */
bool sk_io_drain(sk_io *io, uint64_t limit_ms);

/* Worker. A snapshot of all sockets but those that are connecting or not started yet, newest slot
 * first: a malloc block, the caller's; NULL when there are none. Each entry is consistent in
 * itself. */
sk_io_info *sk_io_snapshot(sk_io *io, size_t *ret_count);

/* Any thread. Number of sockets that exist. */
uint32_t sk_io_socket_count(const sk_io *io);

#endif
