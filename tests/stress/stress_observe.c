/* stress_observe.c -- services that are looked at by others while they work and die.
 *
 * Observers signal random mortals, switch their message logs on and off, ask for the size of their
 * mailboxes and list what all services hold. A mortal checks its memory in its callback and in its
 * signal function, which must not run beside or after the release; it dies after some messages, and
 * an observer launches the next one. The checkers watch the rest. */
#include "actor/module.h"
#include "actor/registry.h"
#include "actor/service.h"
#include "base/assert.h"
#include "base/atomic.h"
#include "base/mem.h"
#include "base/random.h"
#include "io/usage.h"
#include "support/chance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MORTAL_COUNT 12
#define OBSERVER_COUNT 3
#define LOOK_COUNT 2000 /* of an observer and round */
#define LIFE_COUNT 40   /* messages that a mortal lives for, at most */
#define ROUND_LIMIT_S 30
#define ALIVE 0x5eedu
#define GONE 0xdeadu

typedef struct {
    sk_node *node;
    uint64_t seed;
    _Atomic uint32_t mortals[MORTAL_COUNT]; /* handles; they may be dead */
    _Atomic uint32_t observers_left;
    _Atomic uint32_t signals, deaths, lines;
} scene;

typedef struct {
    _Atomic uint32_t state;
    _Atomic uint32_t signals;
    scene *stage;
    sk_random random;
    uint32_t left;
} actor;

static scene *scene_of(sk_service *service) {
    return sk_node_get_slot(sk_service_node(service), SK_NODE_CLI);
}

static void init_actor(actor *self, sk_service *service) {
    self->stage = scene_of(service);
    sk_random_init(&self->random, self->stage->seed + sk_service_handle(service).v);
}

static void send(sk_service *service, sk_handle to) {
    sk_msg *msg = sk_msg_new(64);
    memset(msg->data, 'x', 64);
    msg->source = sk_service_handle(service);
    msg->type = SK_TYPE_LUA;
    (void)sk_service_post(service, to, msg); /* it may be dead */
}

/* ---- mortals ---- */

static void *mortal_create(void) {
    actor *self = sk_new(actor);
    sk_store_relaxed(&self->state, ALIVE);
    return self;
}

static bool mortal_message(sk_service *service, void *user, sk_msg *msg) {
    actor *self = user;
    sk_assert(sk_load_relaxed(&self->state) == ALIVE);
    if (msg->type == SK_TYPE_LUA && --self->left == 0)
        (void)sk_service_retire(self->stage->node, sk_service_worker(service),
                                sk_service_handle(service));
    return false;
}

static int mortal_init(void *instance, sk_service *service, char *args) {
    actor *self = instance;
    (void)args;
    init_actor(self, service);
    self->left = 1 + sk_random_below(&self->random, LIFE_COUNT);
    sk_service_set_callback(service, mortal_message, self, false);
    return 0;
}

static void mortal_signal(void *instance, int signal) {
    actor *self = instance;
    sk_assert(signal == 7);
    for (int i = 0; i < 50; i++)
        sk_assert(sk_load_relaxed(&self->state) == ALIVE);
    sk_add_relaxed(&self->signals, 1);
}

static void mortal_release(void *instance) {
    actor *self = instance;
    sk_assert(sk_load_relaxed(&self->state) == ALIVE);
    sk_store_relaxed(&self->state, GONE);
    sk_add_relaxed(&self->stage->signals, sk_load_relaxed(&self->signals));
    sk_add_relaxed(&self->stage->deaths, 1);
    sk_free(self);
}

/* ---- observers ---- */

static void replace(scene *stage, sk_service *launcher, uint32_t i, bool is_logged) {
    sk_handle handle;
    int err = is_logged ? sk_service_launch_logged(launcher, "mortal", NULL, &handle)
                        : sk_service_launch(stage->node, launcher, "mortal", NULL, &handle);
    if (err == 0)
        sk_store_relaxed(&stage->mortals[i], handle.v);
}

static void list_all(scene *stage) {
    size_t count;
    sk_usage_ask(stage->node, SK_HANDLE_NONE);
    sk_usage *list = sk_usage_list(stage->node, &count);
    for (size_t i = 0; i < count; i++) {
        sk_assert(i == 0 || list[i].handle.v > list[i - 1].handle.v);
        sk_assert(list[i].mailbox_len > 0 || list[i].mailbox_size == 0);
    }
    sk_free(list);
}

static void look(sk_service *service, actor *self) {
    scene *stage = self->stage;
    uint32_t i = sk_random_below(&self->random, MORTAL_COUNT);
    sk_handle handle = {sk_load_relaxed(&stage->mortals[i])};
    sk_service *mortal = sk_registry_find(sk_node_registry(stage->node), handle);
    if (!mortal) {
        replace(stage, service, i, sk_random_below(&self->random, 2));
        return;
    }
    switch (sk_random_below(&self->random, 6)) {
    case 0:
        if (sk_service_try_ref(mortal)) { /* it may have died meanwhile */
            sk_service_signal(mortal, 7);
            sk_service_unref(mortal);
        }
        break;
    case 1:
        sk_service_log_on(mortal, service);
        break;
    case 2:
        sk_service_log_off(mortal, service);
        break;
    case 3:
        list_all(stage);
        break;
    default:
        send(service, handle);
        break;
    }
}

static bool observer_message(sk_service *service, void *user, sk_msg *msg) {
    actor *self = user;
    if (msg->type != SK_TYPE_LUA)
        return false;
    look(service, self);
    if (--self->left > 0)
        send(service, sk_service_handle(service));
    else if (sk_sub_acq_rel(&self->stage->observers_left, 1) == 1)
        sk_service_abort_node(service);
    return false;
}

static int observer_init(void *instance, sk_service *service, char *args) {
    actor *self = instance;
    (void)args;
    init_actor(self, service);
    self->left = LOOK_COUNT;
    sk_service_set_callback(service, observer_message, self, false);
    send(service, sk_service_handle(service));
    return 0;
}

static void *observer_create(void) { return sk_new(actor); }
static void observer_release(void *instance) { sk_free(instance); }

/* ---- the log service: counts ---- */

static bool logger_message(sk_service *service, void *user, sk_msg *msg) {
    (void)user;
    (void)msg;
    sk_add_relaxed(&scene_of(service)->lines, 1);
    return false;
}

static int logger_init(void *instance, sk_service *service, char *args) {
    (void)args;
    sk_service_set_callback(service, logger_message, instance, false);
    return sk_registry_name(sk_node_registry(sk_service_node(service)), "logger",
                            sk_service_handle(service));
}

static const sk_module MORTAL = {"mortal",       mortal_create, mortal_init,
                                 mortal_release, mortal_signal, NULL};
static const sk_module OBSERVER = {
    "observer", observer_create, observer_init, observer_release, NULL, NULL};
static const sk_module LOGGER = {"count", NULL, logger_init, NULL, NULL, NULL};

/* ---- a round ---- */

static void run_round(sk_clock *clock, sk_random *random) {
    scene stage = {.seed = sk_random_next(random)};
    sk_env *env = sk_env_new();
    char folder[] = "/tmp/stress_observe.XXXXXX";
    sk_assert(mkdtemp(folder));
    (void)sk_env_set(env, "logpath", folder);
    sk_node_options options = {.worker_count = 1 + (int)sk_random_below(random, 4),
                               .random_seed = stage.seed,
                               .clock = clock,
                               .env = env};
    stage.node = sk_node_new(&options);
    sk_node_set_slot(stage.node, SK_NODE_CLI, &stage);
    sk_modules_add(sk_node_modules(stage.node), &MORTAL);
    sk_modules_add(sk_node_modules(stage.node), &OBSERVER);
    sk_modules_add(sk_node_modules(stage.node), &LOGGER);
    sk_store_relaxed(&stage.observers_left, OBSERVER_COUNT);
    sk_handle handle;
    sk_assert(sk_service_launch(stage.node, NULL, "count", NULL, &handle) == 0);
    for (int i = 0; i < OBSERVER_COUNT; i++)
        sk_assert(sk_service_launch(stage.node, NULL, "observer", NULL, &handle) == 0);
    sk_assert(sk_node_run(stage.node) == 0);
    sk_assert(sk_load_relaxed(&stage.deaths) > MORTAL_COUNT);
    sk_assert(sk_load_relaxed(&stage.signals) > 0 && sk_load_relaxed(&stage.lines) > 0);
    sk_node_free(stage.node);
    char command[64];
    snprintf(command, sizeof command, "rm -r %s", folder);
    sk_assert(system(command) == 0);
}

int main(int argc, char **argv) { return chance_main(argc, argv, 20, ROUND_LIMIT_S, run_round); }
