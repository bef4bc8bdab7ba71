/* runqueue.h -- the bounded run queue of one worker: its owner pushes, everybody takes.
 *
 * A ring of SK_RUNQUEUE_LEN services. Only the owner moves the tail; owner and thieves move the
 * head by compare and swap, so the order is first in, first out for all. A thief copies a range
 * and then claims it with one compare and swap; if that fails nothing was taken. */
#ifndef SK_ACTOR_RUNQUEUE_H
#define SK_ACTOR_RUNQUEUE_H

#include "actor/node.h"
#include "base/atomic.h"
#include "base/limits.h"

typedef struct {
    SK_ALIGN_LINE _Atomic uint32_t head; /* any thread */
    SK_ALIGN_LINE _Atomic uint32_t tail; /* owner writes */
    _Atomic(sk_service *) slots[SK_RUNQUEUE_LEN];
} sk_runqueue;

/* Owner. False when full. */
bool sk_runqueue_push(sk_runqueue *queue, sk_service *service);

/* Owner. The oldest, or NULL. */
sk_service *sk_runqueue_pop(sk_runqueue *queue);

/* Owner of `into` (which is empty). Moves half of `from` over, rounded up; returns one of them to
 * run at once, or NULL when there was nothing. */
sk_service *sk_runqueue_steal(sk_runqueue *into, sk_runqueue *from);

/* Any thread; a snapshot. */
uint32_t sk_runqueue_len(const sk_runqueue *queue);

#endif
