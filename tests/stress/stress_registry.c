/* stress_registry.c -- services that are retired and replaced while requests are sent to them.
 *
 * Askers, which live to the end, send requests to mortals found by handle or by name. A mortal
 * answers, sometimes retires itself first, sometimes replaces another one. Foreign threads look up
 * and send as well. Each request that was accepted must come back to its asker exactly once, as an
 * answer or as an error; an asker that misses one never ends, and the time limit fails the
 * program. The checkers watch the memory of the dead. */
#include "actor/module.h"
#include "actor/registry.h"
#include "actor/service.h"
#include "actor/worker.h"
#include "base/assert.h"
#include "base/atomic.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/thread.h"
#include "support/chance.h"

#include <stdio.h>
#include <string.h>

#define MORTAL_COUNT 24
#define ASKER_COUNT 3
#define FOREIGN_COUNT 2
#define REQUEST_COUNT 4000 /* of an asker and round */
#define WINDOW_COUNT 16
#define ROUND_LIMIT_S 30

typedef struct {
    sk_node *node;
    uint64_t seed;
    uint32_t replace_permille, suicide_permille;
    _Atomic uint32_t mortals[MORTAL_COUNT]; /* handles; they may be dead */
    _Atomic uint32_t askers_left;
    _Atomic uint32_t answers, errors, refusals, launches;
} scene;

typedef struct {
    sk_random random;
    uint8_t is_open[REQUEST_COUNT + 1]; /* by session; an asker's */
    uint32_t open_count;
} actor;

static scene *scene_of(sk_service *service) {
    return sk_node_get_slot(sk_service_node(service), SK_NODE_CLI);
}

static sk_handle any_mortal(scene *stage, sk_random *random) {
    uint32_t i = sk_random_below(random, MORTAL_COUNT);
    return (sk_handle){sk_load_relaxed(&stage->mortals[i])};
}

static sk_msg *new_msg(sk_service *service, uint8_t type, int32_t session) {
    sk_msg *msg = sk_msg_new(16);
    memset(msg->data, 'x', 16);
    msg->source = sk_service_handle(service);
    msg->type = type;
    msg->session = session;
    return msg;
}

static void name_of(uint32_t i, char *ret_name, size_t size) {
    snprintf(ret_name, size, "mortal%u", (unsigned)i);
}

/* ---- mortals ---- */

/* A new mortal in place `i`; the old one is retired. */
static void replace(scene *stage, sk_service *launcher, uint32_t i) {
    char name[16];
    sk_handle handle;
    sk_worker *worker = launcher ? sk_service_worker(launcher) : NULL;
    if (sk_service_launch(stage->node, launcher, "mortal", NULL, &handle) < 0)
        return; /* the node stops */
    name_of(i, name, sizeof name);
    sk_handle old = {sk_swap_acq_rel(&stage->mortals[i], handle.v)};
    (void)sk_service_retire(stage->node, worker, old); /* another may have been quicker */
    (void)sk_registry_name(sk_node_registry(stage->node), name, handle); /* likewise */
    sk_add_relaxed(&stage->launches, 1);
}

static bool mortal_message(sk_service *service, void *user, sk_msg *msg) {
    actor *self = user;
    scene *stage = scene_of(service);
    if (msg->type != SK_TYPE_LUA)
        return false;
    sk_assert(msg->size == 16 && memcmp(msg->data, "xxxxxxxxxxxxxxxx", 16) == 0);
    (void)sk_service_post(service, msg->source, new_msg(service, SK_TYPE_RESPONSE, msg->session));
    uint32_t chance = sk_random_below(&self->random, 1000);
    if (chance < stage->replace_permille)
        replace(stage, service, sk_random_below(&self->random, MORTAL_COUNT));
    else if (chance < stage->replace_permille + stage->suicide_permille)
        (void)sk_service_retire(stage->node, sk_service_worker(service),
                                sk_service_handle(service));
    return false;
}

static int mortal_init(void *instance, sk_service *service, char *args) {
    actor *self = instance;
    (void)args;
    sk_random_init(&self->random, scene_of(service)->seed + sk_service_handle(service).v);
    sk_service_set_callback(service, mortal_message, self, false);
    return 0;
}

/* ---- askers ---- */

static sk_handle whom_to_ask(scene *stage, sk_random *random) {
    char name[16];
    if (sk_random_below(random, 2))
        return any_mortal(stage, random);
    name_of(sk_random_below(random, MORTAL_COUNT), name, sizeof name);
    return sk_registry_query(sk_node_registry(stage->node), name);
}

static void revive_somebody(scene *stage, sk_service *service, sk_random *random) {
    uint32_t i = sk_random_below(random, MORTAL_COUNT);
    sk_handle handle = {sk_load_relaxed(&stage->mortals[i])};
    if (!sk_registry_find(sk_node_registry(stage->node), handle))
        replace(stage, service, i);
}

static void ask_more(sk_service *service, actor *self) {
    scene *stage = scene_of(service);
    while (self->open_count < WINDOW_COUNT) {
        int32_t session = sk_service_new_session(service);
        if (session > REQUEST_COUNT)
            return;
        sk_handle to = whom_to_ask(stage, &self->random);
        self->is_open[session] = 1;
        self->open_count++;
        if (sk_service_post(service, to, new_msg(service, SK_TYPE_LUA, session)) == 0)
            continue;
        self->is_open[session] = 0;
        self->open_count--;
        sk_add_relaxed(&stage->refusals, 1);
        revive_somebody(stage, service, &self->random);
    }
}

static bool asker_message(sk_service *service, void *user, sk_msg *msg) {
    actor *self = user;
    scene *stage = scene_of(service);
    if (msg->type == SK_TYPE_RESPONSE || msg->type == SK_TYPE_ERROR) {
        sk_assert(msg->session >= 1 && msg->session <= REQUEST_COUNT);
        sk_assert(self->is_open[msg->session]); /* answered twice otherwise */
        self->is_open[msg->session] = 0;
        self->open_count--;
        sk_add_relaxed(msg->type == SK_TYPE_ERROR ? &stage->errors : &stage->answers, 1);
    }
    ask_more(service, self);
    if (self->open_count == 0 && sk_sub_acq_rel(&stage->askers_left, 1) == 1)
        sk_service_abort_node(service);
    return false;
}

static int asker_init(void *instance, sk_service *service, char *args) {
    actor *self = instance;
    (void)args;
    sk_random_init(&self->random, scene_of(service)->seed * 5 + sk_service_handle(service).v);
    sk_service_set_callback(service, asker_message, self, false);
    return sk_service_post(service, sk_service_handle(service), new_msg(service, SK_TYPE_TEXT, 0));
}

/* ---- the log service: swallows ---- */

static bool logger_message(sk_service *service, void *user, sk_msg *msg) {
    (void)service;
    (void)user;
    (void)msg;
    return false;
}

static int logger_init(void *instance, sk_service *service, char *args) {
    (void)args;
    sk_service_set_callback(service, logger_message, instance, false);
    return sk_registry_name(sk_node_registry(sk_service_node(service)), "logger",
                            sk_service_handle(service));
}

/* ---- foreign threads ---- */

static void *foreign_main(void *arg) {
    scene *stage = arg;
    sk_registry *registry = sk_node_registry(stage->node);
    sk_random random;
    sk_random_init(&random, stage->seed * 7);
    while (sk_load_relaxed(&stage->askers_left) > 0) {
        sk_handle handle = any_mortal(stage, &random);
        sk_msg *msg = sk_msg_new(8);
        msg->type = SK_TYPE_TEXT;
        (void)sk_node_post(stage->node, NULL, handle, msg);
        sk_registry_lock(registry);
        sk_service *service = sk_registry_find(registry, handle);
        if (service)
            sk_assert(sk_service_handle(service).v == handle.v &&
                      strcmp(sk_service_name(service), "mortal") == 0);
        sk_registry_unlock(registry);
        sk_handle next = sk_registry_next(registry, handle);
        sk_assert(next.v == 0 || next.v > handle.v);
        for (uint32_t n = sk_random_below(&random, 2000); n > 0; n--)
            sk_thread_pause();
    }
    return NULL;
}

/* ---- a round ---- */

static void *actor_create(void) { return sk_new(actor); }
static void actor_release(void *instance) { sk_free(instance); }

static const sk_module MORTAL = {"mortal", actor_create, mortal_init, actor_release, NULL, NULL};
static const sk_module ASKER = {"asker", actor_create, asker_init, actor_release, NULL, NULL};
static const sk_module LOGGER = {"swallow", NULL, logger_init, NULL, NULL, NULL};

static void init_scene(scene *stage, sk_clock *clock, sk_random *random) {
    *stage = (scene){.seed = sk_random_next(random)};
    sk_node_options options = {
        .worker_count = 1 + (int)sk_random_below(random, 4),
        .random_seed = stage->seed,
        .clock = clock,
    };
    sk_handle handle;
    stage->node = sk_node_new(&options);
    stage->replace_permille = sk_random_below(random, 200);
    stage->suicide_permille = sk_random_below(random, 200);
    sk_node_set_slot(stage->node, SK_NODE_CLI, stage);
    sk_modules_add(sk_node_modules(stage->node), &MORTAL);
    sk_modules_add(sk_node_modules(stage->node), &ASKER);
    sk_modules_add(sk_node_modules(stage->node), &LOGGER);
    sk_assert(sk_service_launch(stage->node, NULL, "swallow", NULL, &handle) == 0);
    for (uint32_t i = 0; i < MORTAL_COUNT; i++)
        replace(stage, NULL, i);
    sk_store_relaxed(&stage->askers_left, ASKER_COUNT);
    for (int i = 0; i < ASKER_COUNT; i++)
        sk_assert(sk_service_launch(stage->node, NULL, "asker", NULL, &handle) == 0);
}

static void run_round(sk_clock *clock, sk_random *random) {
    scene stage;
    pthread_t threads[FOREIGN_COUNT];
    init_scene(&stage, clock, random);
    for (int i = 0; i < FOREIGN_COUNT; i++)
        sk_assert(!sk_thread_start(&threads[i], "foreign", foreign_main, &stage));
    sk_assert(sk_node_run(stage.node) == 0);
    for (int i = 0; i < FOREIGN_COUNT; i++)
        pthread_join(threads[i], NULL);
    uint32_t ended = sk_load_relaxed(&stage.answers) + sk_load_relaxed(&stage.errors) +
                     sk_load_relaxed(&stage.refusals);
    sk_assert(ended == ASKER_COUNT * REQUEST_COUNT);
    sk_assert(sk_registry_count(sk_node_registry(stage.node)) == 0);
    sk_node_free(stage.node);
}

int main(int argc, char **argv) { return chance_main(argc, argv, 120, ROUND_LIMIT_S, run_round); }
