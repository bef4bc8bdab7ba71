/* mailbox.h -- the message queue of one service: many producers, one consumer.
 *
 * Any thread pushes; one worker at a time pops. One atomic word is the whole state:
 *
 *   IDLE        empty, and the service is not on any run queue
 *   NULL        empty so far, but the service is queued or running
 *   a message   newest of a chain of pushed messages; the service is queued or running
 *   CLOSED      the service is dead: a push is refused
 *
 *            push: caller must schedule        take: chain -> consumer
 *   IDLE --------------------------> message <-----------------> NULL
 *     ^                                                            |
 *     +------------------ try_idle: consumer gives up -------------+    any -- close --> CLOSED
 *
 * push() is wait-free but for the retry of its compare and swap; the consumer takes the whole
 * chain at once and turns it round, so that messages come out in the order of their insertion.
 * A service is scheduled exactly when its mailbox leaves IDLE, hence it is on a run queue at most
 * once. */
#ifndef SK_ACTOR_MAILBOX_H
#define SK_ACTOR_MAILBOX_H

#include "actor/message.h"
#include "base/atomic.h"

/* The length is exact without a counter for the message that ends IDLE: `pushed` and `popped` count
 * the others, and `has_first` says whether that one is still waiting. So a call to an idle service
 * costs one atomic operation. */
typedef struct {
    /* Any thread; atomic. */
    SK_ALIGN_LINE _Atomic(sk_msg *) head;
    _Atomic uint64_t pushed;
    /* Consumer only; read by anybody for the length. */
    SK_ALIGN_LINE sk_msg *list; /* taken from head, oldest first */
    _Atomic uint64_t popped;
    _Atomic bool has_first;
} sk_mailbox;

typedef enum {
    SK_PUSH_QUEUED,   /* somebody else will run the service */
    SK_PUSH_SCHEDULE, /* the caller, and no other, must put the service on a run queue */
    SK_PUSH_CLOSED,   /* refused: the message still belongs to the caller */
} sk_push_result;

/* Before use. A new mailbox counts as scheduled (state NULL): nobody runs the service until the
 * creator has released it with sk_mailbox_try_idle. */
void sk_mailbox_init(sk_mailbox *box);

/* Any thread. Takes `take_msg` unless the result is SK_PUSH_CLOSED. */
sk_push_result sk_mailbox_push(sk_mailbox *box, sk_msg *take_msg);

/* Consumer. The oldest message, or NULL when the box is empty at this moment. */
sk_msg *sk_mailbox_pop(sk_mailbox *box);

/* Consumer, after pop gave NULL. True: the box is idle, and the service must not be touched any
 * more. False: something was pushed; go on, or schedule the service. */
bool sk_mailbox_try_idle(sk_mailbox *box);

/* Consumer. Refuses all pushes from now on; sk_mailbox_pop then yields what is left. */
void sk_mailbox_close(sk_mailbox *box);

/* Consumer. About how many bytes the waiting messages take, headers included. Looks at the first
 * SK_MAILBOX_WALK_MAX of the older and of the newer ones, and takes the rest for like them. */
size_t sk_mailbox_size(const sk_mailbox *box);

/* Any thread. Messages waiting; exact when nobody pushes or pops meanwhile. */
uint64_t sk_mailbox_len(const sk_mailbox *box);

#endif
