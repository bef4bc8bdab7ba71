/* timer.h -- a hierarchical timing wheel of one node, in milliseconds.
 *
 * An entry becomes a message of type RESPONSE, source none, for the service that armed it. Entries
 * that expire in the same millisecond fire in the order they were armed, whatever their delays.
 * Reference: G. Varghese, T. Lauck, "Hashed and hierarchical timing wheels", 1987. */
#ifndef SK_ACTOR_TIMER_H
#define SK_ACTOR_TIMER_H

#include "actor/node.h"

/* With nothing armed. The node is borrowed. */
sk_timer *sk_timer_new(sk_node *node);

/* Frees what is armed, unfired. NULL is fine. */
void sk_timer_free(sk_timer *take_timer);

/* Any thread. Arms an entry that expires `delay_ms` from now; the receiver finds `tag` in the
 * message's deadline_ns, which means nothing else there. Returns true when it is now the earliest,
 * so that a poller that sleeps longer must be woken. */
bool sk_timer_add(sk_timer *timer, sk_handle handle, int32_t session, uint64_t delay_ms,
                  uint64_t tag);

/* Any thread (one runs at a time; others return at once). Posts all that is due. Returns how
 * many messages were posted. `worker` may be NULL. */
int sk_timer_run(sk_timer *timer, sk_worker *worker);

/* Any thread. Milliseconds until something may be due: 0 = now, -1 = nothing armed. May be
 * earlier than the first entry (a level of the wheel must turn), never later. */
int64_t sk_timer_wait_ms(sk_timer *timer);

/* Any thread. Number of armed entries. */
uint64_t sk_timer_count(sk_timer *timer);

#endif
