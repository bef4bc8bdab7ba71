/* watchdog.c -- the monitor thread of watchdog.h. */
#include "actor/watchdog.h"

#include "actor/reclaim.h"
#include "actor/registry.h"
#include "actor/service.h"
#include "actor/worker.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/thread.h"

/* Configuration key that shortens SK_STUCK_MS, in milliseconds; for tests and the impatient. */
#define STUCK_KEY "stuckms"

struct sk_watchdog {
    sk_node *node;
    int participant;
    pthread_t thread;
    _Atomic uint32_t stop;
    uint64_t stuck_ms;
    uint64_t *versions; /* per worker, at the last look */
    uint64_t last_look_ms;
    int idle_count; /* looks in a row that found no worker busy */
};

static void report(sk_watchdog *dog, sk_worker *worker, sk_handle source, sk_handle to,
                   uint64_t version) {
    sk_node *node = dog->node;
    sk_service *service = sk_registry_find(sk_node_registry(node), to);
    if (service)
        sk_service_mark_endless(service);
    sk_node_log(node, NULL, SK_HANDLE_NONE,
                "error: A message from [ :%08x ] to [ :%08x ] maybe in an endless loop "
                "(version = %llu)",
                source.v, to.v, (unsigned long long)version);
    sk_worker_interrupt(worker);
}

static void look_at_workers(sk_watchdog *dog) {
    sk_sched *sched = sk_node_sched(dog->node);
    for (int i = 0; i < sk_sched_worker_count(sched); i++) {
        sk_worker *worker = sk_sched_worker(sched, i);
        uint64_t version;
        sk_handle source, to;
        bool is_busy = sk_worker_observe(worker, &version, &source, &to);
        if (is_busy && version == dog->versions[i])
            report(dog, worker, source, to, version);
        dog->versions[i] = version;
    }
}

static void look(sk_watchdog *dog) {
    sk_node *node = dog->node;
    sk_reclaim_online(sk_node_reclaim(node), dog->participant);
    bool is_busy = sk_sched_watch(sk_node_sched(node));
    dog->idle_count = is_busy ? 0 : dog->idle_count + 1;
    uint64_t now = sk_clock_ms(sk_node_clock(node));
    if (now - dog->last_look_ms >= dog->stuck_ms) {
        dog->last_look_ms = now;
        look_at_workers(dog);
    }
    sk_reclaim_offline(sk_node_reclaim(node), dog->participant);
    sk_reclaim_collect(sk_node_reclaim(node));
}

static void *watchdog_main(void *arg) {
    sk_watchdog *dog = arg;
    /* A single worker has nobody who could help it. */
    int64_t pause_ms = sk_node_worker_count(dog->node) > 1 ? SK_WATCH_MS : SK_POLL_STALL_MS;
    while (!sk_load_acquire(&dog->stop)) {
        look(dog);
        if (dog->idle_count < SK_WATCH_IDLE_COUNT)
            sk_futex_wait(&dog->stop, 0, pause_ms);
        else
            sk_sched_wait_busy(sk_node_sched(dog->node), &dog->stop, SK_WATCH_IDLE_MS);
    }
    return NULL;
}

sk_watchdog *sk_watchdog_start(sk_node *node, int participant) {
    sk_watchdog *dog = sk_new(sk_watchdog);
    dog->node = node;
    dog->participant = participant;
    long stuck_ms = sk_env_get_int(sk_node_env(node), STUCK_KEY, SK_STUCK_MS);
    dog->stuck_ms = stuck_ms > 0 ? (uint64_t)stuck_ms : SK_STUCK_MS;
    dog->versions = sk_calloc((size_t)sk_node_worker_count(node), sizeof *dog->versions);
    dog->last_look_ms = sk_clock_ms(sk_node_clock(node));
    if (sk_thread_start(&dog->thread, "monitor", watchdog_main, dog) == 0)
        return dog;
    sk_free(dog->versions);
    sk_free(dog);
    return NULL;
}

void sk_watchdog_stop(sk_watchdog *take_watchdog) {
    if (!take_watchdog)
        return;
    sk_store_seq(&take_watchdog->stop, 1);
    sk_futex_wake(&take_watchdog->stop);
    sk_sched_wake_monitor(sk_node_sched(take_watchdog->node));
    pthread_join(take_watchdog->thread, NULL);
    sk_free(take_watchdog->versions);
    sk_free(take_watchdog);
}
