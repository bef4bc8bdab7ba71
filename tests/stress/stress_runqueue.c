/* stress_runqueue.c -- one owner and several thieves: each service is taken exactly once.
 *
 * The owner pushes numbered services and pops some; each thief has a queue of its own, steals into
 * it, empties it, and lets others steal from it meanwhile. Positions start anywhere, also just
 * before they wrap. */
#include "actor/runqueue.h"
#include "base/assert.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/thread.h"
#include "support/chance.h"

#include <string.h>

#define ROUND_LIMIT_S 30
#define THREAD_COUNT 4 /* the first is the owner of the source */
#define SERVICE_COUNT 20000u

typedef struct {
    sk_runqueue queues[THREAD_COUNT];
    uint64_t seed;
    uint32_t gap_loops, pop_percent;
    _Atomic uint32_t taken;
    _Atomic uint8_t seen[SERVICE_COUNT];
} scene;

typedef struct {
    scene *stage;
    int index;
} worker;

static sk_service *service_of(uint32_t number) {
    return (sk_service *)((uintptr_t)(number + 1) * 64);
}

static void take(scene *stage, const sk_service *service) {
    uintptr_t number = (uintptr_t)service / 64 - 1;
    sk_assert(number < SERVICE_COUNT && (uintptr_t)service % 64 == 0);
    sk_assert(sk_swap_relaxed(&stage->seen[number], 1) == 0); /* taken twice otherwise */
    sk_add_relaxed(&stage->taken, 1);
}

static void spin(scene *stage, sk_random *random) {
    for (uint32_t n = sk_random_below(random, stage->gap_loops); n > 0; n--)
        sk_thread_pause();
}

static void *own(void *arg) {
    worker *self = arg;
    scene *stage = self->stage;
    sk_runqueue *queue = &stage->queues[0];
    sk_random random;
    sk_random_init(&random, stage->seed);
    for (uint32_t next = 0; sk_load_relaxed(&stage->taken) < SERVICE_COUNT;) {
        if (next < SERVICE_COUNT && sk_runqueue_push(queue, service_of(next)))
            next++;
        if (next == SERVICE_COUNT || sk_random_below(&random, 100) < stage->pop_percent) {
            sk_service *service = sk_runqueue_pop(queue);
            if (service)
                take(stage, service);
        }
        sk_assert(sk_runqueue_len(queue) <= SK_RUNQUEUE_LEN);
        spin(stage, &random);
    }
    return NULL;
}

static void *steal(void *arg) {
    worker *self = arg;
    scene *stage = self->stage;
    sk_runqueue *own_queue = &stage->queues[self->index];
    sk_random random;
    sk_random_init(&random, stage->seed + (uint64_t)self->index);
    while (sk_load_relaxed(&stage->taken) < SERVICE_COUNT) {
        int victim = (int)sk_random_below(&random, THREAD_COUNT);
        if (victim == self->index)
            continue;
        sk_service *service = sk_runqueue_steal(own_queue, &stage->queues[victim]);
        for (; service; service = sk_runqueue_pop(own_queue)) {
            take(stage, service);
            spin(stage, &random);
        }
    }
    return NULL;
}

static void run_round(sk_clock *clock, sk_random *random) {
    (void)clock;
    scene *stage = sk_calloc_line(sizeof *stage);
    pthread_t threads[THREAD_COUNT];
    worker workers[THREAD_COUNT];
    stage->seed = sk_random_next(random);
    stage->gap_loops = 1u << sk_random_below(random, 8);
    stage->pop_percent = sk_random_below(random, 100);
    for (int i = 0; i < THREAD_COUNT; i++) {
        uint32_t position = sk_random_below(random, 2) ? 0 : UINT32_MAX - (uint32_t)i * 1000;
        sk_store_relaxed(&stage->queues[i].head, position);
        sk_store_relaxed(&stage->queues[i].tail, position);
    }
    for (int i = 0; i < THREAD_COUNT; i++) {
        workers[i] = (worker){stage, i};
        sk_assert(!sk_thread_start(&threads[i], "test", i ? steal : own, &workers[i]));
    }
    for (int i = 0; i < THREAD_COUNT; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < THREAD_COUNT; i++)
        sk_assert(sk_runqueue_len(&stage->queues[i]) == 0);
    sk_assert(sk_load_relaxed(&stage->taken) == SERVICE_COUNT);
    sk_free(stage);
}

int main(int argc, char **argv) { return chance_main(argc, argv, 100, ROUND_LIMIT_S, run_round); }
