/* reclaim.h -- when memory that readers may still see can be freed: quiescent states.
 *
 * Each participant (worker, monitor) announces when it holds no pointers: between dispatches, and
 * for as long as it is offline (parked, in the kernel). What is deferred is freed when every
 * participant has announced since. Reference: T. Hart et al., "Performance of memory reclamation
 * for lockless synchronization", 2007 (QSBR). */
#ifndef SK_ACTOR_RECLAIM_H
#define SK_ACTOR_RECLAIM_H

#include "actor/node.h"

/* For participants 0 to participant_count - 1, all offline. */
sk_reclaim *sk_reclaim_new(int participant_count);

/* All participants have ended. Frees everything deferred. */
void sk_reclaim_free(sk_reclaim *take_reclaim);

/* Any thread. Calls free_fn(take_ptr) once no participant can see it, on some worker. */
void sk_reclaim_defer(sk_reclaim *reclaim, void *take_ptr, void (*free_fn)(void *));

/* Participant. Starts offline. */
void sk_reclaim_online(sk_reclaim *reclaim, int participant);
void sk_reclaim_offline(sk_reclaim *reclaim, int participant);

/* Participant, online, holding no pointers. One plain store in the common case. */
void sk_reclaim_quiescent(sk_reclaim *reclaim, int participant);

/* Participant or any thread. Frees what can be freed; cheap when nothing is deferred. */
void sk_reclaim_collect(sk_reclaim *reclaim);

#endif
