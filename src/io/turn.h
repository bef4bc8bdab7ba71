/* turn.h -- what the owner of a socket does with a readiness node: it reads, accepts, or takes
 * datagrams.
 *
 *   sk_io_turn turn;
 *   sk_io_turn_begin(&turn, service, node, false);
 *   while (sk_io_turn_next(&turn, &event))
 *       handle(&event);
 *   (sk_io_turn_end(&turn) only when the loop is left early)
 *
 * One turn is one read of at most SK_READ_SIZE bytes, SK_ACCEPT_COUNT_MAX connections, or
 * SK_DATAGRAM_TURN_COUNT_MAX datagrams; if there may be more the node is at the tail of the mailbox
 * again. After begin the node must not be touched: it may be queued again already. The handler may
 * do anything, also close the socket. */
#ifndef SK_IO_TURN_H
#define SK_IO_TURN_H

#include "actor/service.h"
#include "io/event.h"
#include "io/io.h"

typedef struct {
    struct sk_socket *socket; /* referenced; NULL at the end */
    sk_service *owner;
    uint32_t ready; /* what is still to be looked at */
    uint32_t count; /* connections or datagrams so far */
    bool in_blocks;
    bool owes_close;
    void *logged; /* for the message log of the owner: a copy of the bytes of this event, or NULL */
} sk_io_turn;

/* Owner, in its dispatch. `node` is a message of kind SK_MSG_NODE and type SK_TYPE_SOCKET. With
 * `in_blocks` DATA carries a malloc block (the caller's); else the bytes go to the input of the
 * socket (socket.h) and DATA tells how many. A datagram always is a block, the caller's. */
void sk_io_turn_begin(sk_io_turn *ret_turn, sk_service *owner, sk_msg *node, bool in_blocks);

/* Owner. The next event; false at the end of the turn, which has then ended. */
bool sk_io_turn_next(sk_io_turn *turn, sk_io_event *ret_event);

/* Owner. Ends a turn early: what it has not looked at yet comes with another node. */
void sk_io_turn_end(sk_io_turn *turn);

#endif
