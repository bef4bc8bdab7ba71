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
    uint64_t poll_stamp;          /* when this worker last saw that somebody polls */
    uint32_t poll_countdown;
    uint32_t injector_countdown;
    bool is_searching;
    bool is_in_poll; /* what is scheduled now was found by this worker's poll */
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

    /* Any thread; atomic. */
    SK_ALIGN_LINE _Atomic int searching;
    _Atomic int idle_count; /* parked and polling */
    _Atomic bool is_stopping;
    SK_ALIGN_LINE _Atomic uint32_t poll_token; /* 1: somebody is in poll */
    _Atomic uint64_t last_poll_ms;
    _Atomic uint64_t poll_until_ms; /* when the blocked poller returns by itself; 0: none blocked */

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

/* ---- queueing ---- */

static void push_local(sk_worker *worker, sk_service *service) {
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
    wake_one(worker->sched);
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
        wake_one(worker->sched);
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

/* A look at the network without blocking. What is found beyond `own_share` services is worth
 * waking somebody for. */
static void poll_quickly(sk_worker *worker, int own_share) {
    worker->poll_stamp = worker->stamp;
    if (!try_poll_token(worker->sched))
        return;
    BUMP(&worker->poll_count);
    int found = poll_with_token(worker->sched, worker, 0);
    release_poll_token(worker->sched);
    if (found > own_share)
        wake_one(worker->sched);
}

/* Every SK_POLL_DISPATCH_COUNT dispatches, if some time has passed; at the latest after
 * SK_POLL_TIME_US. A poll costs as much as several short dispatches. */
static void poll_if_due(sk_worker *worker) {
    uint64_t age = worker->stamp - worker->poll_stamp;
    if (worker->poll_countdown > 0)
        worker->poll_countdown--;
    if (age < worker->sched->poll_min_cycles && worker->stamp != 0)
        return;
    if (worker->poll_countdown == 0 || age >= worker->sched->poll_cycles) {
        worker->poll_countdown = SK_POLL_DISPATCH_COUNT;
        poll_quickly(worker, 0);
    }
}

static bool anybody_is_busy(const sk_sched *sched) {
    for (int i = 0; i < sched->worker_count; i++)
        if (sk_load_relaxed(&sched->workers[i]->is_busy))
            return true;
    return false;
}

/* Beside a busy worker the poller looks for services in next slots. After a stall perhaps nobody
 * polls, since the idle ones parked while the poll token was taken; or the poller blocked when
 * nobody was busy, and must look, and set itself a limit. */
void sk_sched_poll_if_stalled(sk_sched *sched, uint64_t stall_ms) {
    uint64_t now = sk_clock_ms(sched->clock);
    if (now - sk_load_relaxed(&sched->last_poll_ms) < stall_ms)
        return;
    if (try_poll_token(sched)) {
        (void)poll_with_token(sched, NULL, 0); /* pushes went to the injector, and woke */
        release_poll_token(sched);
    }
    if (sk_load_relaxed(&sched->poll_until_ms) == 0)
        wake_one(sched);
    else if (anybody_is_busy(sched))
        sk_node_io_ops(sched->node)->wake(sk_node_io(sched->node));
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

static sk_service *steal_from(sk_worker *worker, sk_worker *victim) {
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
    for (int i = 0; i < sched->worker_count; i++)
        if (sk_runqueue_len(&sched->workers[i]->queue) > 0)
            return true;
    return sk_load_relaxed(&worker->next) != NULL;
}

/* Lists the worker as idle. True: as the poller. */
static bool publish_idle(sk_worker *worker) {
    sk_sched *sched = worker->sched;
    bool as_poller = try_poll_token(sched);
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

static bool others_are_busy(const sk_worker *worker) {
    const sk_sched *sched = worker->sched;
    for (int i = 0; i < sched->worker_count; i++)
        if (sched->workers[i] != worker && sk_load_relaxed(&sched->workers[i]->is_busy))
            return true;
    return false;
}

/* The poller blocks; the token is held from publish_idle until after unpublish_idle, so there is
 * one poller at a time. Returns the number of services it made runnable. */
static int block_in_poll(sk_worker *worker) {
    sk_sched *sched = worker->sched;
    sk_store_relaxed(&sched->poll_until_ms, UINT64_MAX);
    sk_fence_seq(); /* pairs with the fence in sk_sched_timer_armed */
    int64_t timeout_ms = sk_timer_wait_ms(sk_node_timer(sched->node));
    if (others_are_busy(worker) && (timeout_ms < 0 || timeout_ms > SK_POLL_BUSY_MS))
        timeout_ms = SK_POLL_BUSY_MS;
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
    if (anything_queued(worker))
        found = 0;
    else if (is_poller)
        found = block_in_poll(worker);
    else
        block_in_park(worker);
    sk_store_relaxed(&worker->is_busy, true);
    if (!unpublish_idle(worker))
        worker->is_searching = true; /* whoever woke us has counted us as searching */
    if (is_poller)
        release_poll_token(sched);
    if (found > 1)
        wake_one(sched);
}

/* ---- running ---- */

static sk_service *find_work(sk_worker *worker) {
    sk_service *service = NULL;
    if (worker->injector_countdown-- == 0) {
        worker->injector_countdown = SK_INJECTOR_INTERVAL;
        service = injector_take(worker);
    }
    if (!service) {
        /* A chain through the slot gives way after a while, if anybody waits behind it. */
        bool chain_is_old = worker->stamp - worker->chain_stamp > worker->sched->chain_cycles;
        if (SK_UNLIKELY(chain_is_old)) {
            worker->chain_stamp = worker->stamp;
            service = sk_runqueue_pop(&worker->queue);
        }
    }
    if (!service && (service = take_next(worker)))
        return service;
    worker->chain_stamp = worker->stamp;
    if (!service)
        service = sk_runqueue_pop(&worker->queue);
    if (!service)
        service = injector_take(worker);
    return service;
}

static sk_service *wait_for_work(sk_worker *worker) {
    poll_quickly(worker, 1);
    sk_service *service = find_work(worker);
    if (!service)
        service = search(worker);
    if (!service)
        go_idle(worker);
    worker->stamp = sk_clock_cycles(worker->sched->clock);
    worker->poll_stamp = worker->stamp;
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
    return cycles;
}

bool sk_worker_budget_is_used(const sk_worker *worker) {
    uint64_t now = sk_clock_cycles(worker->sched->clock);
    return now - worker->stamp > worker->sched->budget_cycles;
}
