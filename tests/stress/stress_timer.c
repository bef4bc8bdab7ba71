/* stress_timer.c -- timers armed by many threads while workers sleep, without the monitor.
 *
 * Foreign threads and services arm timers; the sleeping poller must be told of each that comes
 * before it would wake. A far timer is armed all the time, so that a poller which was not told
 * sleeps for an hour: the time limit then fails the program. Each timer fires exactly once and
 * never early. */
#include "actor/module.h"
#include "actor/registry.h"
#include "actor/service.h"
#include "actor/timer.h"
#include "actor/worker.h"
#include "base/assert.h"
#include "base/atomic.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/thread.h"
#include "support/chance.h"

#define FOREIGN_COUNT 2
#define WORKER_COUNT_MAX 4
#define BATCH_COUNT 40
#define BATCH_LEN_MAX 24
#define DELAY_MS_MAX 4
#define FAR_MS (3600u * 1000)
#define ROUND_LIMIT_S 30

typedef struct {
    uint64_t due_ms;
    int32_t again; /* how often the service arms it again */
    _Atomic bool is_armed;
} entry;

typedef struct {
    sk_node *node;
    sk_clock *clock;
    uint64_t seed;
    uint32_t batch_len_max;
    sk_handle service;
    entry entries[FOREIGN_COUNT][BATCH_LEN_MAX];
    _Atomic uint32_t left[FOREIGN_COUNT]; /* entries that will fire yet; a futex */
} scene;

typedef struct {
    scene *stage;
    int index;
} foreign;

static void arm(scene *stage, int32_t session, uint64_t delay_ms) {
    entry *e = &stage->entries[session / BATCH_LEN_MAX][session % BATCH_LEN_MAX];
    sk_assert(!sk_swap_acq_rel(&e->is_armed, true));
    e->due_ms = sk_clock_ms(stage->clock) + delay_ms;
    if (sk_timer_add(sk_node_timer(stage->node), stage->service, session, delay_ms, 0))
        sk_sched_timer_armed(sk_node_sched(stage->node), delay_ms);
}

static bool on_timer(sk_service *service, void *user, sk_msg *msg) {
    scene *stage = sk_node_get_slot(sk_service_node(service), SK_NODE_CLI);
    sk_random *random = user;
    int owner = msg->session / BATCH_LEN_MAX;
    entry *e = &stage->entries[owner][msg->session % BATCH_LEN_MAX];
    sk_assert(sk_swap_acq_rel(&e->is_armed, false)); /* fired twice otherwise */
    sk_assert(sk_clock_ms(stage->clock) >= e->due_ms);
    if (e->again-- > 0)
        arm(stage, msg->session, sk_random_below(random, DELAY_MS_MAX));
    else if (sk_sub_acq_rel(&stage->left[owner], 1) == 1)
        sk_futex_wake(&stage->left[owner]);
    return false;
}

static void *timed_create(void) { return sk_new(sk_random); }
static void timed_release(void *instance) { sk_free(instance); }

static int timed_init(void *instance, sk_service *service, char *args) {
    scene *stage = sk_node_get_slot(sk_service_node(service), SK_NODE_CLI);
    (void)args;
    sk_random_init(instance, stage->seed * 3);
    sk_service_set_callback(service, on_timer, instance, false);
    return 0;
}

static const sk_module TIMED = {"timed", timed_create, timed_init, timed_release, NULL, NULL};

static void *foreign_main(void *arg) {
    foreign *self = arg;
    scene *stage = self->stage;
    sk_random random;
    sk_random_init(&random, stage->seed + (uint64_t)self->index);
    for (int batch = 0; batch < BATCH_COUNT; batch++) {
        uint32_t count = 1 + sk_random_below(&random, stage->batch_len_max);
        sk_store_relaxed(&stage->left[self->index], count);
        for (uint32_t i = 0; i < count; i++) {
            stage->entries[self->index][i].again = (int32_t)sk_random_below(&random, 3);
            arm(stage, self->index * BATCH_LEN_MAX + (int32_t)i,
                sk_random_below(&random, DELAY_MS_MAX));
        }
        uint32_t left;
        while ((left = sk_load_acquire(&stage->left[self->index])) > 0)
            sk_futex_wait(&stage->left[self->index], left, -1);
        for (uint32_t n = sk_random_below(&random, 4000); n > 0; n--)
            sk_thread_pause();
    }
    return NULL;
}

static void run_round(sk_clock *clock, sk_random *random) {
    scene stage = {.clock = clock, .seed = sk_random_next(random)};
    sk_node_options options = {
        .worker_count = 1 + (int)sk_random_below(random, WORKER_COUNT_MAX),
        .clock = clock,
        .random_seed = stage.seed,
    };
    pthread_t threads[FOREIGN_COUNT];
    foreign foreigners[FOREIGN_COUNT];
    stage.batch_len_max = sk_random_below(random, 2) ? 1 : BATCH_LEN_MAX;
    stage.node = sk_node_new(&options);
    sk_node_set_slot(stage.node, SK_NODE_CLI, &stage);
    sk_modules_add(sk_node_modules(stage.node), &TIMED);
    sk_assert(sk_service_launch(stage.node, NULL, "timed", NULL, &stage.service) == 0);
    (void)sk_timer_add(sk_node_timer(stage.node), stage.service, 0, FAR_MS, 0);
    sk_assert(sk_sched_start(sk_node_sched(stage.node)) == 0);
    for (int i = 0; i < FOREIGN_COUNT; i++) {
        foreigners[i] = (foreign){&stage, i};
        sk_assert(!sk_thread_start(&threads[i], "foreign", foreign_main, &foreigners[i]));
    }
    for (int i = 0; i < FOREIGN_COUNT; i++)
        pthread_join(threads[i], NULL);
    sk_assert(sk_timer_count(sk_node_timer(stage.node)) == 1);
    sk_node_abort(stage.node);
    sk_sched_join(sk_node_sched(stage.node));
    sk_node_free(stage.node);
}

int main(int argc, char **argv) { return chance_main(argc, argv, 15, ROUND_LIMIT_S, run_round); }
