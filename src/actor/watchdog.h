/* watchdog.h -- the monitor thread: names services that do not return, and backs up the poller.
 *
 * It wakes every few milliseconds. A worker that is in the very same message at two looks
 * SK_STUCK_MS apart is reported, its service flagged, and its thread interrupted, so that the
 * Lua layer can log where the service is. The monitor never touches a Lua state itself. */
#ifndef SK_ACTOR_WATCHDOG_H
#define SK_ACTOR_WATCHDOG_H

#include "actor/node.h"

typedef struct sk_watchdog sk_watchdog;

/* Starts the thread. `participant` is its number in the node's reclaim. NULL when it cannot. */
sk_watchdog *sk_watchdog_start(sk_node *node, int participant);

/* Stops and joins the thread. NULL is fine. */
void sk_watchdog_stop(sk_watchdog *take_watchdog);

#endif
