/* stress_sched.c -- parking and waking under messages at random, without the monitor.
 *
 * Tokens wander between services: each hop goes to a service at random, directly or through a
 * timer, sometimes after a little work, sometimes with a second token made on the way. Foreign
 * threads put tokens in and wait until they have come to their end, so that workers park all the
 * time just when something new comes. Nothing else runs that would wake them: a lost wake is a
 * round that never ends, and the time limit of a round then fails the program. At the end every
 * hop was made exactly once. */
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

#define SERVICE_COUNT_MAX 24
#define WORKER_COUNT_MAX 5
#define FOREIGN_COUNT 2
#define TOKEN_COUNT_MAX 8 /* of one foreign thread at a time */
#define HOP_COUNT_MAX 40
#define HOP_GOAL 6000 /* of one foreign thread and round, about */
#define ROUND_LIMIT_S 30

/* Owned by whoever has its message. */
typedef struct {
    uint32_t hops_left;
} token;

typedef struct {
    sk_node *node;
    uint32_t service_count;
    sk_handle services[SERVICE_COUNT_MAX];
    uint64_t seed;
    uint32_t token_count_max, hop_count_max;
    uint32_t timer_permille, work_permille, work_loops, gap_loops;
    token tokens[FOREIGN_COUNT][TOKEN_COUNT_MAX];
    /* Any thread; atomic. */
    _Atomic uint32_t left[FOREIGN_COUNT]; /* tokens on their way; a futex */
    _Atomic uint64_t hop_count, hop_goal;
} scene;

typedef struct {
    scene *stage;
    int index; /* of the foreign thread */
} foreign;

/* Posts the token's message to a service; its number is the session. */
static void post_token(scene *stage, sk_worker *worker, sk_handle to, int32_t number) {
    sk_msg *msg = sk_msg_new(0);
    msg->type = SK_TYPE_RESPONSE;
    msg->session = number;
    int err = sk_node_post(stage->node, worker, to, msg);
    sk_assert(err == 0);
}

static void finish_token(scene *stage, int owner) {
    if (sk_sub_acq_rel(&stage->left[owner], 1) == 1)
        sk_futex_wake(&stage->left[owner]);
}

static void spin(sk_random *random, uint32_t loops_max) {
    for (uint32_t i = sk_random_below(random, loops_max); i > 0; i--)
        sk_thread_pause();
}

static void work(scene *stage, sk_random *random) {
    if (sk_random_below(random, 1000) < stage->work_permille)
        spin(random, stage->work_loops);
}

static bool on_token(sk_service *service, void *user, sk_msg *msg) {
    sk_random *random = user;
    sk_node *node = sk_service_node(service);
    scene *stage = sk_node_get_slot(node, SK_NODE_CLI);
    if (msg->type != SK_TYPE_RESPONSE)
        return false;
    int owner = msg->session / TOKEN_COUNT_MAX;
    token *t = &stage->tokens[owner][msg->session % TOKEN_COUNT_MAX];
    sk_add_relaxed(&stage->hop_count, 1);
    work(stage, random);
    if (t->hops_left-- == 0) {
        finish_token(stage, owner);
        return false;
    }
    sk_handle to = stage->services[sk_random_below(random, stage->service_count)];
    if (sk_random_below(random, 1000) < stage->timer_permille) {
        uint64_t delay_ms = sk_random_below(random, 4);
        if (sk_timer_add(sk_node_timer(node), to, msg->session, delay_ms, 0))
            sk_sched_timer_armed(sk_node_sched(node), delay_ms);
    } else {
        post_token(stage, sk_service_worker(service), to, msg->session);
    }
    work(stage, random);
    return false;
}

static void *hopper_create(void) { return sk_new(sk_random); }

static int hopper_init(void *instance, sk_service *service, char *args) {
    (void)args;
    scene *stage = sk_node_get_slot(sk_service_node(service), SK_NODE_CLI);
    sk_random_init(instance, stage->seed + sk_service_handle(service).v);
    sk_service_set_callback(service, on_token, instance, false);
    return 0;
}

static void hopper_release(void *instance) { sk_free(instance); }

static const sk_module HOPPER = {
    .name = "hopper",
    .create = hopper_create,
    .init = hopper_init,
    .release = hopper_release,
};

/* Tokens at random; returns the number of hops they will make. */
static uint32_t put_tokens(foreign *self, sk_random *random) {
    scene *stage = self->stage;
    uint32_t count = 1 + sk_random_below(random, stage->token_count_max);
    uint32_t hop_count = 0;
    sk_store_relaxed(&stage->left[self->index], count);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t hops = sk_random_below(random, stage->hop_count_max);
        stage->tokens[self->index][i].hops_left = hops;
        hop_count += hops + 1;
        sk_handle to = stage->services[sk_random_below(random, stage->service_count)];
        post_token(stage, NULL, to, self->index * TOKEN_COUNT_MAX + (int32_t)i);
        work(stage, random);
    }
    return hop_count;
}

/* Batches, and each time the wait for the end of them. The gap lets the next one come at any
 * moment of the workers' going idle. */
static void *foreign_main(void *arg) {
    foreign *self = arg;
    scene *stage = self->stage;
    sk_random random;
    sk_random_init(&random, stage->seed * 3 + (uint64_t)self->index);
    for (uint32_t hops = 0; hops < HOP_GOAL;) {
        hops += put_tokens(self, &random);
        uint32_t left;
        while ((left = sk_load_acquire(&stage->left[self->index])) > 0)
            sk_futex_wait(&stage->left[self->index], left, -1);
        spin(&random, stage->gap_loops);
        if (hops >= HOP_GOAL)
            sk_add_relaxed(&stage->hop_goal, hops);
    }
    return NULL;
}

static void init_scene(scene *stage, sk_clock *clock, sk_random *random) {
    *stage = (scene){.seed = sk_random_next(random)};
    sk_node_options options = {
        .worker_count = 1 + (int)sk_random_below(random, WORKER_COUNT_MAX),
        .random_seed = stage->seed,
        .clock = clock,
    };
    stage->node = sk_node_new(&options);
    sk_node_set_slot(stage->node, SK_NODE_CLI, stage);
    sk_modules_add(sk_node_modules(stage->node), &HOPPER);
    stage->service_count = 1 + sk_random_below(random, SERVICE_COUNT_MAX);
    bool is_sparse = sk_random_below(random, 3) > 0; /* one message at a time, most of the time */
    stage->token_count_max = is_sparse ? 1 : 1 + sk_random_below(random, TOKEN_COUNT_MAX);
    stage->hop_count_max = is_sparse ? 1 : 1 + sk_random_below(random, HOP_COUNT_MAX);
    stage->timer_permille = sk_random_below(random, 3);
    stage->work_permille = sk_random_below(random, 2) * 300;
    stage->gap_loops = 1u << sk_random_below(random, 11);
    stage->work_loops = 1 + sk_random_below(random, 3000);
    for (uint32_t i = 0; i < stage->service_count; i++) {
        int err = sk_service_launch(stage->node, NULL, "hopper", NULL, &stage->services[i]);
        sk_assert(err == 0);
    }
}

/* The workers alone: sk_node_run would start the monitor, which repairs a lot. */
static void run_round(sk_clock *clock, sk_random *random) {
    scene stage;
    pthread_t threads[FOREIGN_COUNT];
    foreign foreigners[FOREIGN_COUNT];
    init_scene(&stage, clock, random);
    int err = sk_sched_start(sk_node_sched(stage.node));
    sk_assert(err == 0);
    for (int i = 0; i < FOREIGN_COUNT; i++) {
        foreigners[i] = (foreign){.stage = &stage, .index = i};
        err = sk_thread_start(&threads[i], "foreign", foreign_main, &foreigners[i]);
        sk_assert(err == 0);
    }
    for (int i = 0; i < FOREIGN_COUNT; i++)
        pthread_join(threads[i], NULL);
    sk_assert(sk_load_relaxed(&stage.hop_count) == sk_load_relaxed(&stage.hop_goal));
    sk_node_abort(stage.node);
    sk_sched_join(sk_node_sched(stage.node));
    sk_assert(sk_registry_count(sk_node_registry(stage.node)) == 0);
    sk_assert(sk_timer_count(sk_node_timer(stage.node)) == 0);
    sk_node_free(stage.node);
}

int main(int argc, char **argv) { return chance_main(argc, argv, 40, ROUND_LIMIT_S, run_round); }
