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
    _Atomic uint32_t limit;    /* length from which requests are refused; 0: never */
    _Atomic bool is_late;      /* with a limit: requests are refused whatever the length */
    _Atomic uint64_t refused;  /* requests */
    _Atomic uint64_t woken_ms; /* with a limit: when a push found IDLE; 0: taken note of */
    /* Consumer only; read by anybody for the length. */
    SK_ALIGN_LINE sk_msg *list; /* taken from head, oldest first */
    _Atomic uint64_t popped;
    _Atomic bool has_first;
} sk_mailbox;

typedef enum {
    SK_PUSH_QUEUED,   /* somebody else will run the service */
    SK_PUSH_SCHEDULE, /* the caller, and no other, must put the service on a run queue */
    SK_PUSH_CLOSED,   /* refused: the message still belongs to the caller */
    SK_PUSH_REFUSED,  /* never from a push: what sk_mailbox_refuses amounts to */
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

/* Owner. Senders ask sk_mailbox_refuses first; 0: they need not. */
void sk_mailbox_set_limit(sk_mailbox *box, uint32_t limit);

/* Any thread, before a push. True when there is a limit. */
static inline bool sk_mailbox_is_limited(const sk_mailbox *box) {
    return SK_UNLIKELY(sk_load_relaxed(&box->limit) != 0);
}

/* Any thread, with a limit, before the push of a request. True: it must not be pushed, and is
 * counted. Several threads that ask at the same time may together get beyond the limit by one
 * message each. */
bool sk_mailbox_refuses(sk_mailbox *box);

/* Any thread, with a limit, before a push. Remembers the time if the box is idle. */
void sk_mailbox_note_time(sk_mailbox *box, uint64_t now_ms);

/* Consumer. About how many bytes the waiting messages take, headers included. Looks at the first
 * SK_MAILBOX_WALK_MAX of the older and of the newer ones, and takes the rest for like them. */
size_t sk_mailbox_size(const sk_mailbox *box);

/* Any thread. Messages waiting; exact when nobody pushes or pops meanwhile. */
uint64_t sk_mailbox_len(const sk_mailbox *box);

#endif
