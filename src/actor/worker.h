/* worker.h -- the work-stealing scheduler: workers, run queues, parking, polling.
 *
 * Every thread is a worker. Where a runnable service goes: into the `next` slot of the worker that
 * made it runnable (so that a call and its answer stay on one core; wakes nobody), else into that
 * worker's run queue, else into the injector. An idle worker searches, then becomes the poller or
 * parks. docs/scheduler.md tells the protocol; tests/stress and the model test hold it. */
#ifndef SK_ACTOR_WORKER_H
#define SK_ACTOR_WORKER_H

#include "actor/node.h"

typedef struct {
    uint64_t dispatch_count;
    uint64_t steal_count;
    uint64_t park_count;
    uint64_t poll_count;
} sk_worker_stat;

/* The workers without their threads. `seed` is that of all choices. */
sk_sched *sk_sched_new(sk_node *node, int worker_count, uint64_t seed);

/* The threads have been joined, or never started. NULL is fine. */
void sk_sched_free(sk_sched *take_sched);

/* Starts the worker threads; joins them after sk_sched_stop. */
int sk_sched_start(sk_sched *sched);
void sk_sched_join(sk_sched *sched);

/* Any thread. Makes all workers return. */
void sk_sched_stop(sk_sched *sched);

/* Any thread. Queues a service whose mailbox push said SK_PUSH_SCHEDULE. `worker` is the
 * caller's, NULL outside of workers. */
void sk_sched_schedule(sk_sched *sched, sk_worker *worker, sk_service *service);

/* Any thread. A timer was armed that is now the earliest: wakes the poller if it sleeps longer. */
void sk_sched_timer_armed(sk_sched *sched, uint64_t delay_ms);

/* Monitor, every SK_WATCH_MS. Wakes a helper for a worker that is held by a long call while its
 * queue or the network waits; polls itself when every worker is. True: some worker is busy. */
bool sk_sched_watch(sk_sched *sched);

/* Monitor. Sleeps until a worker is busy, sk_sched_wake_monitor is called, or the time is over. */
void sk_sched_wait_busy(sk_sched *sched, const _Atomic uint32_t *stop, int64_t timeout_ms);

/* Any thread. Ends sk_sched_wait_busy; `*stop` was set before if that is the reason. */
void sk_sched_wake_monitor(sk_sched *sched);

/* Any thread. */
int sk_sched_worker_count(const sk_sched *sched);
sk_worker *sk_sched_worker(sk_sched *sched, int index);

/* Any thread. Nothing is queued and no worker runs a service, as far as a look from outside can
 * tell. */
bool sk_sched_is_idle(const sk_sched *sched);

/* Any thread (relaxed). */
void sk_worker_get_stat(const sk_worker *worker, sk_worker_stat *ret_stat);

/* Worker itself. The end of this dispatch calls io's flush. */
void sk_worker_set_dirty(sk_worker *worker);

/* Worker itself. Number of the present dispatch; changes with each. */
uint64_t sk_worker_dispatch_id(const sk_worker *worker);
int sk_worker_index(const sk_worker *worker);

/* Worker itself. Cycle stamp of the last dispatch boundary. */
uint64_t sk_worker_stamp(const sk_worker *worker);

/* Worker itself. 64 KiB of scratch memory, valid until the next call of anybody on this worker. */
void *sk_worker_scratch(sk_worker *worker);

/* Worker itself, around each message; read by the monitor. */
void sk_worker_message_begin(sk_worker *worker, sk_handle source, sk_handle to);
void sk_worker_message_end(sk_worker *worker);

/* Monitor. What the worker is in: version changes with each message; false when idle. */
bool sk_worker_observe(const sk_worker *worker, uint64_t *ret_version, sk_handle *ret_source,
                       sk_handle *ret_to);

/* Worker itself. The service whose message it is in; none between messages. */
sk_handle sk_worker_present(const sk_worker *worker);

/* Worker itself. What an interrupt of this worker acts on: `interrupt(target)` runs in a signal
 * handler on the worker's thread while the target is published. NULL: nothing. */
typedef void (*sk_interrupt_fn)(void *target);
void sk_worker_publish(sk_worker *worker, sk_interrupt_fn interrupt, void *target);

/* Any thread. Sends the interrupt signal to the worker's thread; the handler calls what is
 * published there at that moment. */
void sk_worker_interrupt(sk_worker *worker);

#endif
