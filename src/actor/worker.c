/* worker.c -- workers: finding work, running it, going idle, being woken.
 *
 * A worker is always in one of four conditions: running a service, searching, polling (blocked in
 * the kernel for input and timers), parked (blocked on its futex). At most one polls; the idle ones
 * are listed under idle_lock.
 *
 * No wake is lost, because of one order on both sides:
 *   going idle: leave "searching", publish "idle", full fence, look at every queue again;
 *   pushing:    store the service, full fence, look for searchers and idle workers.
 * Whichever fence comes first, the other side sees the store before it. tests/sim/test_model_park.c
 * visits every interleaving. */
#include "actor/worker.h"

#include "actor/node_impl.h"
#include "actor/reclaim.h"
#include "actor/runqueue.h"
#include "actor/timer.h"
#include "base/assert.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/thread.h"

#include <signal.h>

/* Not used for anything else, and ignored by default, so that a stray one does no harm. */
#define INTERRUPT_SIGNAL SIGURG

struct sk_worker {
    /* Fixed after new. */
    sk_sched *sched;
    int index;
    pthread_t thread;
    void *scratch;

    /* Any thread. */
    SK_ALIGN_LINE _Atomic(sk_service *) next; /* the owner stores, thieves only clear */
    _Atomic uint64_t next_stamp;
    SK_ALIGN_LINE _Atomic uint32_t park_word; /* 1: may run */
    _Atomic bool is_busy;                     /* neither parked nor polling */
    /* The owner writes; others read (relaxed). */
    _Atomic uint64_t poll_stamp; /* when it last looked at the network, or saw that somebody does */
    _Atomic bool wants_help;     /* its queue is worth taking from */
    _Atomic uint64_t crowded_until; /* cycles; until then there is no idle CPU beside it */

    /* The worker writes; the monitor reads (relaxed). */
    SK_ALIGN_LINE _Atomic uint64_t version;
    _Atomic uint32_t source;
    _Atomic uint32_t to;
    _Atomic uint64_t dispatch_count;
    _Atomic uint64_t steal_count;
    _Atomic uint64_t park_count;
    _Atomic uint64_t poll_count;

    /* The worker, and the signal handler on its thread. */
    _Atomic(void *) interrupt_target;
    _Atomic(sk_interrupt_fn) interrupt;

    /* The worker only. */
    SK_ALIGN_LINE uint64_t stamp; /* cycles at the last dispatch boundary */
    uint64_t chain_stamp;         /* when the present chain through the slot began */
    uint64_t drained_stamp;       /* when the queue was last empty */
    uint64_t last_cycles;         /* of the last dispatch */
    uint64_t mean_cycles;         /* of those before a service of the queue; a moving mean */
    uint64_t crowd_stamp;         /* when preemptions were counted last */
    uint64_t preemptions;         /* of this thread until then */
    uint32_t poll_countdown;
    uint32_t injector_countdown;
    bool is_searching;
    bool has_given_way; /* the slot let a queued service go first, and has its turn now */
    bool is_in_poll;    /* what is scheduled now was found by this worker's poll */
    bool is_dirty;
    sk_random random;

    sk_runqueue queue; /* see runqueue.h */
};

struct sk_sched {
    /* Fixed after new. */
    sk_node *node;
    sk_clock *clock;
    int worker_count;
    int searching_max;
    sk_worker **workers;
    uint64_t chain_cycles, steal_cycles, budget_cycles, poll_cycles, poll_min_cycles;
    uint64_t help_cycles, saturated_cycles, crowd_cycles, watch_cycles;

    /* Any thread; atomic. */
    SK_ALIGN_LINE _Atomic int searching;
    _Atomic int idle_count; /* parked and polling */
    _Atomic bool is_stopping;
    SK_ALIGN_LINE _Atomic uint32_t poll_token; /* 1: somebody is in poll */
    _Atomic uint64_t last_poll_ms;
    _Atomic uint64_t poll_until_ms; /* when the blocked poller returns by itself; 0: none blocked */
    _Atomic uint32_t is_unwatched;  /* 1: the monitor sleeps until a worker is busy */

    /* Under idle_lock. */
    SK_ALIGN_LINE sk_lock idle_lock;
    sk_worker **parked;
    int parked_count;
    sk_worker *poller; /* blocked in poll, not yet woken */

    /* Under injector_lock; the length is read by anybody. */
    SK_ALIGN_LINE sk_lock injector_lock;
    sk_service **injected; /* ring */
    uint32_t injected_cap, injected_first;
    _Atomic uint32_t injected_count;
};

#define BUMP(p) sk_store_relaxed(p, sk_load_relaxed(p) + 1)
#define INJECTOR_CAP_MIN 64

/* Whether the worker has been inside its dispatches for so long that others must look after the
 * network and its queue. A crowded one may only have been preempted. */
static bool is_held(const sk_worker *worker, uint64_t now) {
    uint64_t age = now - sk_load_relaxed(&worker->poll_stamp);
    uint64_t limit = worker->sched->watch_cycles;
    if (now < sk_load_relaxed(&worker->crowded_until))
        limit *= SK_CROWD_HELD_FACTOR;
    return (int64_t)age > 0 && age >= limit;
}

/* ---- injector ---- */

static void injector_grow(sk_sched *sched) {
    uint32_t cap = sched->injected_cap;
    sk_service **ring = sk_malloc(2 * cap * sizeof(sk_service *));
    for (uint32_t i = 0; i < cap; i++)
        ring[i] = sched->injected[(sched->injected_first + i) & (cap - 1)];
    sk_free(sched->injected);
    sched->injected = ring;
    sched->injected_first = 0;
    sched->injected_cap = 2 * cap;
}

static void injector_push(sk_sched *sched, sk_service *service) {
    sk_lock_acquire(&sched->injector_lock);
    uint32_t count = sk_load_relaxed(&sched->injected_count);
    if (count == sched->injected_cap)
        injector_grow(sched);
    sched->injected[(sched->injected_first + count) & (sched->injected_cap - 1)] = service;
    sk_store_relaxed(&sched->injected_count, count + 1);
    sk_lock_release(&sched->injector_lock);
}

static sk_service *injector_pop_locked(sk_sched *sched) {
    uint32_t count = sk_load_relaxed(&sched->injected_count);
    if (count == 0)
        return NULL;
    sk_service *service = sched->injected[sched->injected_first];
    sched->injected_first = (sched->injected_first + 1) & (sched->injected_cap - 1);
    sk_store_relaxed(&sched->injected_count, count - 1);
    return service;
}

/* One service to run at once; this worker's share of the others goes to its own queue. */
static sk_service *injector_take(sk_worker *worker) {
    sk_sched *sched = worker->sched;
    if (sk_load_relaxed(&sched->injected_count) == 0)
        return NULL;
    sk_lock_acquire(&sched->injector_lock);
    sk_service *service = injector_pop_locked(sched);
    uint32_t share = sk_load_relaxed(&sched->injected_count) / (uint32_t)sched->worker_count;
    uint32_t room = SK_RUNQUEUE_LEN / 2;
    for (uint32_t i = 0; i < share && sk_runqueue_len(&worker->queue) < room; i++) {
        bool fits = sk_runqueue_push(&worker->queue, injector_pop_locked(sched));
        sk_assert(fits);
    }
    sk_lock_release(&sched->injector_lock);
    return service;
}

/* ---- waking ---- */

/* The poller or a parked worker, taken off the idle list; NULL when none is idle. */
static sk_worker *take_idle(sk_sched *sched, bool *ret_is_poller) {
    sk_worker *worker = NULL;
    sk_lock_acquire(&sched->idle_lock);
    *ret_is_poller = false;
    if (sched->parked_count > 0) {
        worker = sched->parked[--sched->parked_count];
    } else if (sched->poller) {
        worker = sched->poller;
        sched->poller = NULL;
        *ret_is_poller = true;
    }
    if (worker)
        sk_sub_seq(&sched->idle_count, 1);
    sk_lock_release(&sched->idle_lock);
    return worker;
}

static void unpark(sk_sched *sched, sk_worker *worker, bool is_poller) {
    sk_store_release(&worker->park_word, 1); /* pairs with the acquire after futex and poll */
    if (is_poller)
        sk_node_io_ops(sched->node)->wake(sk_node_io(sched->node));
    else
        sk_futex_wake(&worker->park_word);
}

/* After a push: wakes one idle worker, which begins as a searcher, unless somebody searches. Who
 * counts as searching for nobody looks again: others may have relied on it. */
static void wake_one(sk_sched *sched) {
    for (;;) {
        sk_fence_seq(); /* pairs with the fence in go_idle */
        if (sk_load_relaxed(&sched->searching) != 0 || sk_load_relaxed(&sched->idle_count) == 0)
            return;
        int none = 0;
        if (!sk_cas_seq(&sched->searching, &none, 1))
            return;
        bool is_poller;
        sk_worker *worker = take_idle(sched, &is_poller);
        if (worker) {
            unpark(sched, worker, is_poller);
            return;
        }
        sk_sub_seq(&sched->searching, 1);
    }
}

/* Whether the kernel lately ran somebody else on this worker's CPU: it would have used an idle one,
 * so there is none for a helper. */
static bool is_crowded(sk_worker *worker) {
    uint64_t window = worker->sched->crowd_cycles;
    uint64_t elapsed = worker->stamp - worker->crowd_stamp;
    if (elapsed >= window) {
        uint64_t count = sk_thread_preemptions();
        if (count - worker->preemptions >= SK_CROWD_COUNT * (elapsed / window))
            sk_store_relaxed(&worker->crowded_until, worker->stamp + SK_CROWD_WINDOWS * window);
        worker->preemptions = count;
        worker->crowd_stamp = worker->stamp;
    }
    return worker->stamp < sk_load_relaxed(&worker->crowded_until);
}

/* Whether the queue would keep this worker for longer than SK_HELP_US, or has not been empty for
 * SK_SATURATED_US, or `factor` times that. */
static bool has_backlog(const sk_worker *worker, uint64_t factor) {
    const sk_sched *sched = worker->sched;
    uint64_t length = sk_runqueue_len(&worker->queue);
    uint64_t full_cycles = length > 0 ? worker->stamp - worker->drained_stamp : 0;
    return length * worker->mean_cycles >= factor * sched->help_cycles ||
           full_cycles >= factor * sched->saturated_cycles;
}

/* After a push to the run queue, and between dispatches. */
static void call_help(sk_worker *worker) {
    bool wants_help = has_backlog(worker, 1);
    if (SK_UNLIKELY(wants_help) && is_crowded(worker))
        wants_help = has_backlog(worker, SK_CROWD_FACTOR);
    if (wants_help != sk_load_relaxed(&worker->wants_help))
        sk_store_relaxed(&worker->wants_help, wants_help);
    if (wants_help && sk_load_relaxed(&worker->sched->idle_count) > 0)
        wake_one(worker->sched);
}

/* ---- queueing ---- */

static void push_local(sk_worker *worker, sk_service *service) {
    if (sk_runqueue_len(&worker->queue) == 0)
        worker->drained_stamp = worker->stamp;
    if (!sk_runqueue_push(&worker->queue, service))
        injector_push(worker->sched, service);
}

/* Puts the service into the next slot; what it displaces goes to the queue. */
static void push_next(sk_worker *worker, sk_service *service) {
    sk_service *old = sk_load_relaxed(&worker->next);
    sk_store_relaxed(&worker->next_stamp, worker->stamp);
    if (SK_LIKELY(!old)) {
        /* Only this worker makes it non-NULL. Release pairs with the acquire in steal_next. */
        sk_store_release(&worker->next, service);
        return;
    }
    old = sk_swap_acq_rel(&worker->next, service);
    if (!old)
        return;
    push_local(worker, old);
    call_help(worker);
}

static sk_service *take_next(sk_worker *worker) {
    sk_service *service = sk_load_relaxed(&worker->next);
    if (!service)
        return NULL;
    if (worker->sched->worker_count > 1)
        return sk_swap_acq_rel(&worker->next, NULL);
    sk_store_relaxed(&worker->next, NULL); /* no thieves */
    return service;
}

/* A service whose budget is used goes to the tail; others are called only if there is more. */
static void requeue(sk_worker *worker, sk_service *service) {
    bool has_more = sk_load_relaxed(&worker->next) || sk_runqueue_len(&worker->queue) > 0;
    push_local(worker, service);
    if (has_more)
        call_help(worker);
}

/* The mean takes in the last dispatch, cut, so that a single one during which the kernel ran
 * somebody else counts little. */
static void update_mean(sk_worker *worker) {
    uint64_t limit = 4 * worker->mean_cycles + worker->sched->poll_min_cycles / 16;
    uint64_t sample = worker->last_cycles < limit ? worker->last_cycles : limit;
    worker->mean_cycles += (uint64_t)((int64_t)(sample - worker->mean_cycles) / 16);
}

/* The oldest of the run queue. What waits too long behind others is offered to a helper. */
static sk_service *take_queued(sk_worker *worker) {
    update_mean(worker);
    sk_service *service = sk_runqueue_pop(&worker->queue);
    if (!service || sk_runqueue_len(&worker->queue) == 0)
        worker->drained_stamp = worker->stamp;
    call_help(worker);
    return service;
}

void sk_sched_schedule(sk_sched *sched, sk_worker *worker, sk_service *service) {
    if (!worker) {
        injector_push(sched, service);
        wake_one(sched);
    } else if (worker->is_in_poll) {
        push_local(worker, service); /* the end of the poll wakes */
    } else {
        push_next(worker, service);
    }
}

/* ---- polling ---- */

static bool try_poll_token(sk_sched *sched) {
    uint32_t expected = 0;
    return sk_load_relaxed(&sched->poll_token) == 0 &&
           sk_cas_acq_rel(&sched->poll_token, &expected, 1);
}

static void release_poll_token(sk_sched *sched) {
    sk_store_release(&sched->poll_token, 0); /* pairs with the acquire in try_poll_token */
}

/* With the token held: input and timers. `worker` is NULL for the monitor. */
static int poll_with_token(sk_sched *sched, sk_worker *worker, int64_t timeout_ms) {
    const sk_io_ops *ops = sk_node_io_ops(sched->node);
    if (worker)
        worker->is_in_poll = true;
    int found = ops->poll(sk_node_io(sched->node), worker, timeout_ms);
    found += sk_timer_run(sk_node_timer(sched->node), worker);
    sk_store_relaxed(&sched->last_poll_ms, sk_clock_ms(sched->clock));
    if (worker)
        worker->is_in_poll = false;
    return found;
}

/* A look at the network without blocking. */
static void poll_quickly(sk_worker *worker) {
    sk_store_relaxed(&worker->poll_stamp, worker->stamp);
    if (!try_poll_token(worker->sched))
        return;
    BUMP(&worker->poll_count);
    int found = poll_with_token(worker->sched, worker, 0);
    release_poll_token(worker->sched);
    if (found > 0)
        call_help(worker);
}

/* Every SK_POLL_DISPATCH_COUNT dispatches, if some time has passed; at the latest after
 * SK_POLL_TIME_US. A poll costs as much as several short dispatches. */
static void poll_if_due(sk_worker *worker) {
    uint64_t age = worker->stamp - sk_load_relaxed(&worker->poll_stamp);
    if (worker->poll_countdown > 0)
        worker->poll_countdown--;
    if (age < worker->sched->poll_min_cycles && worker->stamp != 0)
        return;
    if (worker->poll_countdown == 0 || age >= worker->sched->poll_cycles) {
        worker->poll_countdown = SK_POLL_DISPATCH_COUNT;
        poll_quickly(worker);
    }
}

static bool has_waiting(const sk_worker *worker) {
    return sk_runqueue_len(&worker->queue) > 0 || sk_load_relaxed(&worker->next);
}

/* Nobody has polled for a while: every worker is inside a long call. */
static void poll_if_stalled(sk_sched *sched) {
    uint64_t now = sk_clock_ms(sched->clock);
    if (now - sk_load_relaxed(&sched->last_poll_ms) < SK_POLL_STALL_MS || !try_poll_token(sched))
        return;
    (void)poll_with_token(sched, NULL, 0); /* pushes went to the injector, and woke */
    release_poll_token(sched);
    if (sk_load_relaxed(&sched->poll_until_ms) == 0)
        wake_one(sched); /* who went idle meanwhile could not take the token */
}

/* Whether a busy worker other than `except` (may be NULL) looks at the network between its
 * dispatches. */
static bool another_polls(const sk_sched *sched, const sk_worker *except, uint64_t now) {
    for (int i = 0; i < sched->worker_count; i++) {
        const sk_worker *worker = sched->workers[i];
        if (worker != except && sk_load_relaxed(&worker->is_busy) && !is_held(worker, now))
            return true;
    }
    return false;
}

bool sk_sched_watch(sk_sched *sched) {
    uint64_t now = sk_clock_cycles(sched->clock);
    bool nobody_polls =
        sk_load_relaxed(&sched->poll_until_ms) == 0 && !another_polls(sched, NULL, now);
    bool is_anybody_busy = false;
    for (int i = 0; i < sched->worker_count; i++) {
        sk_worker *worker = sched->workers[i];
        if (!sk_load_relaxed(&worker->is_busy))
            continue;
        is_anybody_busy = true;
        if (is_held(worker, now) && (nobody_polls || has_waiting(worker)))
            wake_one(sched);
    }
    poll_if_stalled(sched);
    return is_anybody_busy;
}

/* Whether a worker other than `except` (may be NULL) is busy. */
static bool anybody_is_busy(const sk_sched *sched, const sk_worker *except) {
    for (int i = 0; i < sched->worker_count; i++)
        if (sched->workers[i] != except && sk_load_relaxed(&sched->workers[i]->is_busy))
            return true;
    return false;
}

static uint64_t total_dispatch_count(const sk_sched *sched) {
    uint64_t total = 0;
    for (int i = 0; i < sched->worker_count; i++)
        total += sk_load_relaxed(&sched->workers[i]->dispatch_count);
    return total;
}

bool sk_sched_is_idle(const sk_sched *sched) {
    uint64_t before = total_dispatch_count(sched);
    if (sk_load_relaxed(&sched->injected_count) > 0 || anybody_is_busy(sched, NULL))
        return false;
    for (int i = 0; i < sched->worker_count; i++)
        if (has_waiting(sched->workers[i])) /* a poller that is back, and not busy yet */
            return false;
    /* A worker may have been woken by another one behind our look. */
    return !anybody_is_busy(sched, NULL) && total_dispatch_count(sched) == before;
}

void sk_sched_wait_busy(sk_sched *sched, const _Atomic uint32_t *stop, int64_t timeout_ms) {
    sk_store_seq(&sched->is_unwatched, 1);
    sk_fence_seq(); /* pairs with the fence in become_busy, and sk_sched_wake_monitor's caller */
    if (!anybody_is_busy(sched, NULL) && !sk_load_seq(stop))
        sk_futex_wait(&sched->is_unwatched, 1, timeout_ms);
    sk_store_relaxed(&sched->is_unwatched, 0);
}

void sk_sched_wake_monitor(sk_sched *sched) {
    if (sk_swap_seq(&sched->is_unwatched, 0) == 1)
        sk_futex_wake(&sched->is_unwatched);
}

void sk_sched_timer_armed(sk_sched *sched, uint64_t delay_ms) {
    sk_fence_seq(); /* pairs with the fence in block_in_poll */
    uint64_t until = sk_load_relaxed(&sched->poll_until_ms);
    if (until == 0 || sk_clock_ms(sched->clock) + delay_ms >= until)
        return;
    sk_node_io_ops(sched->node)->wake(sk_node_io(sched->node));
}

/* ---- searching ---- */

static void start_searching(sk_worker *worker) {
    if (!worker->is_searching) {
        worker->is_searching = true;
        sk_add_seq(&worker->sched->searching, 1);
    }
}

/* A worker that found work: if it was the last searcher it wakes the next. */
static void stop_searching(sk_worker *worker) {
    if (!worker->is_searching)
        return;
    worker->is_searching = false;
    if (sk_sub_seq(&worker->sched->searching, 1) == 1)
        wake_one(worker->sched);
}

/* Takes the victim's next service if it has waited long enough there. */
static sk_service *steal_next(sk_worker *worker, sk_worker *victim) {
    sk_service *service = sk_load_acquire(&victim->next);
    if (!service)
        return NULL;
    uint64_t age = sk_clock_cycles(worker->sched->clock) - sk_load_relaxed(&victim->next_stamp);
    if (age < worker->sched->steal_cycles || (int64_t)age < 0)
        return NULL;
    return sk_cas_acq_rel(&victim->next, &service, NULL) ? service : NULL;
}

/* Whether a worker may take over what others have queued: from a worker that gets on well it would
 * only take the work that keeps it warm. */
static bool may_steal_from(const sk_worker *victim, uint64_t now) {
    return sk_load_relaxed(&victim->wants_help) || is_held(victim, now);
}

static sk_service *steal_from(sk_worker *worker, sk_worker *victim) {
    if (!may_steal_from(victim, sk_clock_cycles(worker->sched->clock)))
        return NULL;
    sk_service *service = sk_runqueue_steal(&worker->queue, &victim->queue);
    return service ? service : steal_next(worker, victim);
}

static sk_service *search_once(sk_worker *worker) {
    sk_sched *sched = worker->sched;
    uint32_t count = (uint32_t)sched->worker_count;
    uint32_t start = sk_random_below(&worker->random, count);
    for (uint32_t i = 0; i < count; i++) {
        sk_worker *victim = sched->workers[(start + i) % count];
        sk_service *service = victim == worker ? NULL : steal_from(worker, victim);
        if (service) {
            BUMP(&worker->steal_count);
            return service;
        }
    }
    return injector_take(worker);
}

static sk_service *search(sk_worker *worker) {
    sk_sched *sched = worker->sched;
    if (!anybody_is_busy(sched, worker))
        return NULL; /* an idle worker has nothing queued */
    if (!worker->is_searching && sk_load_relaxed(&sched->searching) >= sched->searching_max)
        return NULL;
    start_searching(worker);
    for (int round = 0; round < SK_SEARCH_ROUNDS; round++) {
        sk_service *service = search_once(worker);
        if (service)
            return service;
        sk_thread_pause();
    }
    return NULL;
}

/* ---- going idle ---- */

/* The second look, after "idle" was published. */
static bool anything_queued(sk_worker *worker) {
    sk_sched *sched = worker->sched;
    if (sk_load_relaxed(&sched->injected_count) > 0)
        return true;
    uint64_t now = sk_clock_cycles(sched->clock);
    for (int i = 0; i < sched->worker_count; i++) {
        const sk_worker *other = sched->workers[i];
        if (sk_runqueue_len(&other->queue) > 0 && (other == worker || may_steal_from(other, now)))
            return true;
    }
    return sk_load_relaxed(&worker->next) != NULL;
}

/* Whether the worker may leave the network to another one that is busy. */
static bool may_park(const sk_worker *worker) {
    const sk_sched *sched = worker->sched;
    return another_polls(sched, worker, sk_clock_cycles(sched->clock));
}

/* Lists the worker as idle. True: as the poller. Of two workers that go idle at a time one sees
 * that the other is not busy, and polls. */
static bool publish_idle(sk_worker *worker) {
    sk_sched *sched = worker->sched;
    sk_fence_seq(); /* between is_busy = false and the look at the others' */
    bool as_poller = !may_park(worker) && try_poll_token(sched);
    sk_lock_acquire(&sched->idle_lock);
    if (as_poller)
        sched->poller = worker;
    else
        sched->parked[sched->parked_count++] = worker;
    sk_add_seq(&sched->idle_count, 1);
    sk_lock_release(&sched->idle_lock);
    return as_poller;
}

/* Takes the worker off the idle list by itself. False: somebody has taken and woken it. */
static bool unpublish_idle(sk_worker *worker) {
    sk_sched *sched = worker->sched;
    bool was_listed = false;
    sk_lock_acquire(&sched->idle_lock);
    if (sched->poller == worker) {
        sched->poller = NULL;
        was_listed = true;
    }
    for (int i = 0; i < sched->parked_count && !was_listed; i++) {
        if (sched->parked[i] != worker)
            continue;
        sched->parked[i] = sched->parked[--sched->parked_count];
        was_listed = true;
    }
    if (was_listed)
        sk_sub_seq(&sched->idle_count, 1);
    sk_lock_release(&sched->idle_lock);
    return was_listed;
}

/* The poller blocks; the token is held from publish_idle until after unpublish_idle, so there is
 * one poller at a time. Returns the number of services it made runnable. */
static int block_in_poll(sk_worker *worker) {
    sk_sched *sched = worker->sched;
    sk_store_relaxed(&sched->poll_until_ms, UINT64_MAX);
    sk_fence_seq(); /* pairs with the fence in sk_sched_timer_armed */
    int64_t timeout_ms = sk_timer_wait_ms(sk_node_timer(sched->node));
    if (timeout_ms >= 0)
        sk_store_relaxed(&sched->poll_until_ms, sk_clock_ms(sched->clock) + (uint64_t)timeout_ms);
    if (sk_load_acquire(&worker->park_word) == 1 || sk_load_relaxed(&sched->is_stopping))
        timeout_ms = 0;
    BUMP(&worker->poll_count);
    int found = poll_with_token(sched, worker, timeout_ms);
    sk_store_relaxed(&sched->poll_until_ms, 0);
    return found;
}

static void block_in_park(sk_worker *worker) {
    BUMP(&worker->park_count);
    sk_reclaim *reclaim = sk_node_reclaim(worker->sched->node);
    sk_reclaim_offline(reclaim, worker->index);
    while (sk_load_acquire(&worker->park_word) == 0 &&
           !sk_load_acquire(&worker->sched->is_stopping))
        sk_futex_wait(&worker->park_word, 0, -1);
    sk_reclaim_online(reclaim, worker->index);
}

static void become_busy(sk_worker *worker) {
    worker->stamp = sk_clock_cycles(worker->sched->clock);
    worker->drained_stamp = worker->stamp;
    sk_store_relaxed(&worker->poll_stamp, worker->stamp);
    sk_store_relaxed(&worker->is_busy, true);
    sk_fence_seq(); /* pairs with the fence in sk_sched_wait_busy */
    if (SK_UNLIKELY(sk_load_relaxed(&worker->sched->is_unwatched)))
        sk_sched_wake_monitor(worker->sched);
}

/* Out of work: sleep until there is some. On return the worker looks again. */
static void go_idle(sk_worker *worker) {
    sk_sched *sched = worker->sched;
    if (worker->is_searching) {
        worker->is_searching = false;
        sk_sub_seq(&sched->searching, 1);
    }
    sk_store_relaxed(&worker->park_word, 0);
    sk_store_relaxed(&worker->is_busy, false);
    bool is_poller = publish_idle(worker);
    sk_fence_seq(); /* pairs with the fence in wake_one */
    int found = 0;
    /* Whoever had the token may have let it go before it could see us idle. */
    bool must_poll = !is_poller && sk_load_relaxed(&sched->poll_token) == 0 && !may_park(worker);
    if (must_poll || anything_queued(worker))
        found = 0;
    else if (is_poller)
        found = block_in_poll(worker);
    else
        block_in_park(worker);
    become_busy(worker);
    if (!unpublish_idle(worker))
        worker->is_searching = true; /* whoever woke us has counted us as searching */
    if (is_poller)
        release_poll_token(sched);
    if (found > 1)
        call_help(worker);
}

/* ---- running ---- */

static sk_service *find_work(sk_worker *worker) {
    sk_service *service = NULL;
    if (worker->injector_countdown-- == 0) {
        worker->injector_countdown = SK_INJECTOR_INTERVAL;
        service = injector_take(worker);
    }
    if (!service) {
        /* A chain through the slot gives way after a while, if anybody waits behind it: to one. */
        bool chain_is_old = worker->stamp - worker->chain_stamp > worker->sched->chain_cycles;
        if (SK_UNLIKELY(chain_is_old) && !worker->has_given_way) {
            worker->has_given_way = true;
            service = take_queued(worker);
        } else if (worker->has_given_way) {
            worker->has_given_way = false;
            worker->chain_stamp = worker->stamp;
        }
    }
    if (!service && (service = take_next(worker)))
        return service;
    worker->chain_stamp = worker->stamp;
    if (!service)
        service = take_queued(worker);
    if (!service)
        service = injector_take(worker);
    return service;
}

static sk_service *wait_for_work(sk_worker *worker) {
    sk_service *service = search(worker);
    if (!service)
        go_idle(worker);
    worker->stamp = sk_clock_cycles(worker->sched->clock);
    sk_store_relaxed(&worker->poll_stamp, worker->stamp);
    return service;
}

static void run_service(sk_worker *worker, sk_service *service) {
    BUMP(&worker->dispatch_count);
    if (sk_service_dispatch(service, worker))
        requeue(worker, service);
}

static void on_interrupt(int signal, siginfo_t *info, void *context) {
    (void)signal;
    (void)context;
    sk_worker *worker = info->si_value.sival_ptr;
    if (info->si_code != SI_QUEUE || !worker)
        return;
    sk_interrupt_fn interrupt = sk_load_relaxed(&worker->interrupt);
    void *target = sk_load_relaxed(&worker->interrupt_target);
    if (interrupt && target)
        interrupt(target);
}

static void *worker_main(void *arg) {
    sk_worker *worker = arg;
    sk_sched *sched = worker->sched;
    sk_reclaim *reclaim = sk_node_reclaim(sched->node);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, INTERRUPT_SIGNAL);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    node_thread_begins(sched->node, worker);
    sk_reclaim_online(reclaim, worker->index);
    worker->stamp = sk_clock_cycles(sched->clock);
    while (!sk_load_relaxed(&sched->is_stopping)) {
        sk_reclaim_quiescent(reclaim, worker->index);
        poll_if_due(worker);
        sk_service *service = find_work(worker);
        if (!service)
            service = wait_for_work(worker);
        if (!service)
            continue;
        stop_searching(worker);
        run_service(worker, service);
    }
    sk_reclaim_offline(reclaim, worker->index);
    return NULL;
}

/* ---- public ---- */

static sk_worker *worker_new(sk_sched *sched, int index, uint64_t seed) {
    sk_worker *worker = sk_calloc_line(sizeof *worker);
    worker->sched = sched;
    worker->index = index;
    worker->scratch = sk_malloc(SK_READ_SIZE);
    sk_store_relaxed(&worker->is_busy, true);
    sk_random_init(&worker->random, seed + (uint64_t)index);
    return worker;
}

sk_sched *sk_sched_new(sk_node *node, int worker_count, uint64_t seed) {
    sk_assert(worker_count >= 1 && worker_count <= SK_WORKER_COUNT_MAX);
    sk_sched *sched = sk_calloc_line(sizeof *sched);
    sched->node = node;
    sched->clock = sk_node_clock(node);
    sched->worker_count = worker_count;
    sched->searching_max = worker_count > 1 ? worker_count / 2 : 1;
    sched->chain_cycles = sk_clock_us_to_cycles(sched->clock, SK_CHAIN_TIME_US);
    sched->steal_cycles = sk_clock_us_to_cycles(sched->clock, SK_SLOT_STEAL_US);
    sched->budget_cycles = sk_clock_us_to_cycles(sched->clock, SK_DISPATCH_TIME_US);
    sched->poll_cycles = sk_clock_us_to_cycles(sched->clock, SK_POLL_TIME_US);
    sched->poll_min_cycles = sk_clock_us_to_cycles(sched->clock, SK_POLL_MIN_US);
    sched->help_cycles = sk_clock_us_to_cycles(sched->clock, SK_HELP_US);
    sched->saturated_cycles = sk_clock_us_to_cycles(sched->clock, SK_SATURATED_US);
    sched->crowd_cycles = sk_clock_us_to_cycles(sched->clock, SK_CROWD_WINDOW_MS * UINT64_C(1000));
    sched->watch_cycles = sk_clock_us_to_cycles(sched->clock, SK_WATCH_MS * UINT64_C(1000));
    sk_lock_init(&sched->idle_lock);
    sk_lock_init(&sched->injector_lock);
    sched->parked = sk_calloc((size_t)worker_count, sizeof *sched->parked);
    sched->injected_cap = INJECTOR_CAP_MIN;
    sched->injected = sk_calloc(INJECTOR_CAP_MIN, sizeof *sched->injected);
    sched->workers = sk_calloc((size_t)worker_count, sizeof *sched->workers);
    for (int i = 0; i < worker_count; i++)
        sched->workers[i] = worker_new(sched, i, seed);
    return sched;
}

void sk_sched_free(sk_sched *take_sched) {
    if (!take_sched)
        return;
    for (int i = 0; i < take_sched->worker_count; i++) {
        sk_free(take_sched->workers[i]->scratch);
        sk_free(take_sched->workers[i]);
    }
    sk_lock_done(&take_sched->idle_lock);
    sk_lock_done(&take_sched->injector_lock);
    sk_free(take_sched->workers);
    sk_free(take_sched->parked);
    sk_free(take_sched->injected);
    sk_free(take_sched);
}

int sk_sched_start(sk_sched *sched) {
    struct sigaction action = {.sa_flags = SA_SIGINFO | SA_RESTART};
    action.sa_sigaction = on_interrupt;
    sigaction(INTERRUPT_SIGNAL, &action, NULL);
    sk_store_relaxed(&sched->last_poll_ms, sk_clock_ms(sched->clock));
    for (int i = 0; i < sched->worker_count; i++) {
        sk_worker *worker = sched->workers[i];
        int err = sk_thread_start(&worker->thread, "worker", worker_main, worker);
        if (err < 0) {
            sk_sched_stop(sched);
            while (--i >= 0)
                pthread_join(sched->workers[i]->thread, NULL);
            return err;
        }
    }
    return 0;
}

void sk_sched_join(sk_sched *sched) {
    for (int i = 0; i < sched->worker_count; i++)
        pthread_join(sched->workers[i]->thread, NULL);
}

void sk_sched_stop(sk_sched *sched) {
    sk_store_seq(&sched->is_stopping, true);
    for (int i = 0; i < sched->worker_count; i++) {
        sk_store_release(&sched->workers[i]->park_word, 1);
        sk_futex_wake(&sched->workers[i]->park_word);
    }
    sk_node_io_ops(sched->node)->wake(sk_node_io(sched->node));
}

int sk_sched_worker_count(const sk_sched *sched) { return sched->worker_count; }

sk_worker *sk_sched_worker(sk_sched *sched, int index) {
    sk_assert(index >= 0 && index < sched->worker_count);
    return sched->workers[index];
}

void sk_worker_get_stat(const sk_worker *worker, sk_worker_stat *ret_stat) {
    *ret_stat = (sk_worker_stat){
        .dispatch_count = sk_load_relaxed(&worker->dispatch_count),
        .steal_count = sk_load_relaxed(&worker->steal_count),
        .park_count = sk_load_relaxed(&worker->park_count),
        .poll_count = sk_load_relaxed(&worker->poll_count),
    };
}

void sk_worker_set_dirty(sk_worker *worker) { worker->is_dirty = true; }

uint64_t sk_worker_dispatch_id(const sk_worker *worker) {
    return sk_load_relaxed(&worker->dispatch_count);
}

int sk_worker_index(const sk_worker *worker) { return worker->index; }
uint64_t sk_worker_stamp(const sk_worker *worker) { return worker->stamp; }
void *sk_worker_scratch(sk_worker *worker) { return worker->scratch; }

void sk_worker_message_begin(sk_worker *worker, sk_handle source, sk_handle to) {
    sk_store_relaxed(&worker->source, source.v);
    sk_store_relaxed(&worker->to, to.v);
    BUMP(&worker->version);
}

void sk_worker_message_end(sk_worker *worker) { sk_store_relaxed(&worker->to, 0); }

bool sk_worker_observe(const sk_worker *worker, uint64_t *ret_version, sk_handle *ret_source,
                       sk_handle *ret_to) {
    *ret_version = sk_load_relaxed(&worker->version);
    ret_source->v = sk_load_relaxed(&worker->source);
    ret_to->v = sk_load_relaxed(&worker->to);
    return ret_to->v != 0;
}

sk_handle sk_worker_present(const sk_worker *worker) {
    return (sk_handle){sk_load_relaxed(&worker->to)};
}

void sk_worker_publish(sk_worker *worker, sk_interrupt_fn interrupt, void *target) {
    sk_store_relaxed(&worker->interrupt, interrupt);
    sk_store_relaxed(&worker->interrupt_target, target);
}

void sk_worker_interrupt(sk_worker *worker) {
    union sigval value = {.sival_ptr = worker};
    (void)pthread_sigqueue(worker->thread, INTERRUPT_SIGNAL, value); /* it may have ended */
}

uint64_t sk_worker_end_dispatch(sk_worker *worker) {
    if (worker->is_dirty) {
        worker->is_dirty = false;
        sk_node_io_ops(worker->sched->node)->flush(sk_node_io(worker->sched->node), worker);
    }
    uint64_t now = sk_clock_cycles(worker->sched->clock);
    uint64_t cycles = now - worker->stamp;
    worker->stamp = now;
    worker->last_cycles = cycles;
    return cycles;
}

bool sk_worker_budget_is_used(const sk_worker *worker) {
    uint64_t now = sk_clock_cycles(worker->sched->clock);
    return now - worker->stamp > worker->sched->budget_cycles;
}
