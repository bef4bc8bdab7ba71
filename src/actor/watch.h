/* watch.h -- who is told when a service ends: monitors, links, leashes.
 *
 *   monitor  the watcher gets a notice (exit.h)
 *   link     both ways: when one ends for a reason other than "normal" the other one ends, too; a
 *            service that traps exits gets a notice instead, for every reason
 *   leash    one way: when the holder ends, for whatever reason, the service on it is retired
 *
 * A notice is sent when the service has ended: its instance is released, its sockets are closed.
 * It is sent exactly once: all records of a node are under one lock, and each service has a word
 * that says whether it has any, so that the end of one that nobody watches takes no lock.
 *
 *   NONE -- first record, under the lock --> USED
 *   NONE, USED -- the service has ended --> CLOSED: whoever comes now is answered with "gone"
 *
 * All functions but new and free: the owner of `self`, on a worker. */
#ifndef SK_ACTOR_WATCH_H
#define SK_ACTOR_WATCH_H

#include "actor/node.h"
#include "base/atomic.h"
#include "base/list.h"

typedef struct sk_watches sk_watches;

/* The part of a service. The lists are under the lock. */
typedef struct {
    sk_link watchers;       /* records of those that watch this service */
    sk_link watched;        /* records of those that this service watches */
    _Atomic uint32_t state; /* NONE, USED, CLOSED; all zero is NONE */
} sk_watch_side;

/* The table of a node, empty. */
sk_watches *sk_watches_new(void);

/* No service is left. NULL is fine. */
void sk_watches_free(sk_watches *take_watches);

/* `self` gets one notice when `target` ends, at once if there is none. Returns its reference. Each
 * call is a monitor of its own. */
uint64_t sk_watch_monitor(sk_service *self, sk_handle target);

/* No notice of that reference will be sent any more; one may be in the mailbox already. False:
 * `self` has no such monitor (any more). */
bool sk_watch_demonitor(sk_service *self, uint64_t ref);

/* Links both, once. If there is no `other`, `self` is treated as if it had ended ("gone"). */
void sk_watch_link(sk_service *self, sk_handle other);

/* False: they were not linked (any more). */
bool sk_watch_unlink(sk_service *self, sk_handle other);

/* `self` holds the leash of `child`. False: there is no such service. */
bool sk_watch_leash(sk_service *self, sk_handle child);

#endif
