/* stress_refs.c -- services that are launched, held, written to and killed by threads at random.
 *
 * Each foreign thread launches services, takes references to those of others, posts to them, kills
 * them, and gives its references back, in any order; some services hand a reference on to
 * themselves. At the end every instance was released exactly once, none while somebody held it,
 * and the node has ended by itself. */
#include "actor/module.h"
#include "actor/registry.h"
#include "actor/service.h"
#include "base/assert.h"
#include "base/atomic.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/thread.h"
#include "support/chance.h"

#define WORKER_COUNT 3
#define FOREIGN_COUNT 3
#define STEP_COUNT 4000
#define HELD_MAX 4
#define ROUND_LIMIT_S 60

typedef struct {
    sk_node *node;
    uint64_t seed;
    _Atomic uint32_t created, released, handled;
    _Atomic uint32_t last_handle;
} scene;

typedef struct {
    scene *stage;
    uint64_t seed;
} foreign;

/* What a service is for its holders. */
typedef struct {
    scene *stage;
    _Atomic uint32_t holders;
} target;

static bool on_message(sk_service *service, void *user, sk_msg *msg) {
    target *self = user;
    (void)msg;
    if (sk_add_acq_rel(&self->stage->handled, 1) == 0)
        sk_futex_wake(&self->stage->handled);
    if (sk_service_is_dead(service))
        return false;
    sk_service_ref(service); /* to itself, and back */
    sk_service_unref(service);
    return false;
}

static void *target_create(void) { return sk_new(target); }

static int target_init(void *instance, sk_service *service, char *args) {
    target *self = instance;
    (void)args;
    self->stage = sk_node_get_slot(sk_service_node(service), SK_NODE_CLI);
    sk_add_relaxed(&self->stage->created, 1);
    sk_service_set_callback(service, on_message, self, false);
    return 0;
}

static void target_release(void *instance) {
    target *self = instance;
    sk_assert(sk_load_acquire(&self->holders) == 0);
    sk_add_relaxed(&self->stage->released, 1);
    sk_free(self);
}

static const sk_module TARGET = {
    .name = "target",
    .create = target_create,
    .init = target_init,
    .release = target_release,
};

static sk_service *grab(sk_node *node, uint32_t handle) {
    sk_registry_lock(sk_node_registry(node));
    sk_service *service = sk_registry_find(sk_node_registry(node), (sk_handle){handle});
    if (service && !sk_service_try_ref(service))
        service = NULL;
    sk_registry_unlock(sk_node_registry(node));
    if (service) {
        target *held = sk_service_instance(service);
        sk_add_relaxed(&held->holders, 1);
    }
    return service;
}

static void give_back(sk_service *service) {
    target *held = sk_service_instance(service);
    sk_sub_acq_rel(&held->holders, 1);
    sk_service_unref(service);
}

static sk_msg *make_message(void) {
    sk_msg *msg = sk_msg_new(8);
    msg->type = SK_TYPE_TEXT;
    msg->source.v = 0xfffff0; /* nobody: errors go nowhere */
    return msg;
}

static void launch(scene *stage) {
    sk_handle handle;
    if (sk_service_launch(stage->node, NULL, "target", NULL, &handle) == 0)
        sk_store_relaxed(&stage->last_handle, handle.v);
}

static void use(scene *stage, sk_random *random, sk_service **held) {
    uint32_t recent = sk_load_relaxed(&stage->last_handle) - sk_random_below(random, 6);
    sk_service **slot = &held[sk_random_below(random, HELD_MAX)];
    switch (sk_random_below(random, 6)) {
    case 0:
        launch(stage);
        break;
    case 1:
        if (!*slot)
            *slot = grab(stage->node, recent);
        break;
    case 2:
        if (*slot)
            give_back(*slot);
        *slot = NULL;
        break;
    case 3:
        if (*slot) /* it lives or not */
            (void)sk_service_retire(stage->node, NULL, sk_service_handle(*slot));
        break;
    case 4:
        (void)sk_node_post(stage->node, NULL, (sk_handle){recent}, make_message());
        break;
    default:
        if (*slot)
            sk_service_push(*slot, NULL, make_message());
    }
}

static void *foreign_main(void *arg) {
    foreign *self = arg;
    sk_random random;
    sk_service *held[HELD_MAX] = {NULL};
    sk_random_init(&random, self->seed);
    for (int i = 0; i < STEP_COUNT; i++)
        use(self->stage, &random, held);
    for (int i = 0; i < HELD_MAX; i++)
        if (held[i])
            give_back(held[i]);
    return NULL;
}

static void *starter_main(void *arg) {
    scene *stage = arg;
    pthread_t threads[FOREIGN_COUNT];
    foreign all[FOREIGN_COUNT];
    sk_service *anchor = grab(stage->node, 1); /* keeps the node from ending before */
    sk_service_push(anchor, NULL, make_message());
    while (sk_load_acquire(&stage->handled) == 0) /* until it runs */
        sk_futex_wait(&stage->handled, 0, -1);
    for (int i = 0; i < FOREIGN_COUNT; i++) {
        all[i] = (foreign){stage, stage->seed + (uint64_t)i};
        int err = sk_thread_start(&threads[i], "foreign", foreign_main, &all[i]);
        sk_assert(err == 0);
    }
    for (int i = 0; i < FOREIGN_COUNT; i++)
        pthread_join(threads[i], NULL);
    give_back(anchor);
    sk_node_abort(stage->node);
    return NULL;
}

static void run_round(sk_clock *clock, sk_random *random) {
    sk_node_options options = {
        .worker_count = WORKER_COUNT, .clock = clock, .random_seed = sk_random_next(random)};
    scene stage = {.node = sk_node_new(&options), .seed = sk_random_next(random)};
    sk_modules_add(sk_node_modules(stage.node), &TARGET);
    sk_node_set_slot(stage.node, SK_NODE_CLI, &stage);
    launch(&stage);
    pthread_t starter;
    int err = sk_thread_start(&starter, "starter", starter_main, &stage);
    sk_assert(err == 0);
    err = sk_node_run(stage.node);
    sk_assert(err == 0);
    pthread_join(starter, NULL);
    sk_node_free(stage.node);
    sk_assert(sk_load_relaxed(&stage.created) == sk_load_relaxed(&stage.released));
    sk_assert(sk_load_relaxed(&stage.created) > 100 && sk_load_relaxed(&stage.handled) > 100);
}

int main(int argc, char **argv) { return chance_main(argc, argv, 10, ROUND_LIMIT_S, run_round); }
