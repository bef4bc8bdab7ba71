/* stress_watch.c -- monitors, links and leashes while services are killed at random.
 *
 * Watchers monitor, take back, link and leash victims, kill them and put new ones in their places;
 * from outside they are told to end. Each monitor has exactly one end: a notice, or its
 * being taken back. A round is over when all watchers have made their steps and have no monitor
 * open, so a notice that is lost is a round that never ends; one too many fails an assertion. */
#include "actor/exit.h"
#include "actor/module.h"
#include "actor/registry.h"
#include "actor/service.h"
#include "actor/watch.h"
#include "actor/worker.h"
#include "base/assert.h"
#include "base/atomic.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/thread.h"
#include "support/chance.h"

#define VICTIM_COUNT 16
#define WATCHER_COUNT 6
#define STEP_COUNT 3000 /* of a watcher */
#define ROUND_LIMIT_S 30

typedef struct {
    sk_node *node;
    uint64_t seed;
    _Atomic uint32_t victims[VICTIM_COUNT]; /* handles */
    _Atomic uint32_t watchers_left;         /* that have steps to do; a futex */
    _Atomic uint64_t notice_count;
} scene;

typedef struct {
    scene *stage;
    sk_service *service;
    sk_random random;
    sk_map open; /* ref -> this */
    uint32_t steps_left;
    bool is_watcher;
    bool is_done;
} actor;

static void kick(actor *self) {
    sk_msg *msg = sk_msg_new(0);
    msg->type = SK_TYPE_LUA;
    (void)sk_service_post(self->service, sk_service_handle(self->service), msg);
}

/* A watcher has nothing more to do when its steps are made and each monitor has had its notice. */
static void look_done(actor *self) {
    if (self->is_done || self->steps_left > 0 || self->open.count > 0)
        return;
    self->is_done = true;
    if (sk_sub_acq_rel(&self->stage->watchers_left, 1) == 1)
        sk_futex_wake(&self->stage->watchers_left);
}

/* Kills a victim and puts another one in its place. */
static void replace(actor *self, uint32_t i) {
    scene *stage = self->stage;
    sk_handle old = {sk_load_relaxed(&stage->victims[i])};
    sk_handle new;
    sk_worker *worker = sk_service_worker(self->service);
    const sk_exit_reason reason = {
        .kind = sk_random_below(&self->random, 2) ? SK_EXIT_NORMAL : SK_EXIT_ERROR,
        .text = "chance",
    };
    if (sk_service_launch(stage->node, self->service, "victim", NULL, &new) == 0)
        sk_store_relaxed(&stage->victims[i], new.v);
    (void)sk_service_retire_for(stage->node, worker, old, &reason); /* another may be quicker */
}

static void take_one_back(actor *self) {
    uint32_t cursor = 0;
    uint64_t ref;
    void *value;
    if (!sk_map_next(&self->open, &cursor, &ref, &value))
        return;
    /* False: the notice is on its way, and will find the map with its reference. */
    if (sk_watch_demonitor(self->service, ref))
        (void)sk_map_take(&self->open, ref);
    sk_assert(!sk_watch_demonitor(self->service, ref));
}

static void step(actor *self) {
    scene *stage = self->stage;
    uint32_t i = sk_random_below(&self->random, VICTIM_COUNT);
    sk_handle victim = {sk_load_relaxed(&stage->victims[i])};
    switch (sk_random_below(&self->random, 8)) {
    case 0:
    case 1:
    case 2: {
        uint64_t ref = sk_watch_monitor(self->service, victim);
        void *before = sk_map_put(&self->open, ref, self);
        sk_assert(!before);
        break;
    }
    case 3:
        take_one_back(self);
        break;
    case 4:
        sk_watch_link(self->service, victim);
        break;
    case 5:
        (void)sk_watch_unlink(self->service, victim);
        break;
    case 6:
        (void)sk_watch_leash(self->service, victim);
        break;
    default:
        replace(self, i);
        break;
    }
}

static void on_notice(actor *self, const sk_msg *msg) {
    const sk_notice *notice = msg->data;
    if (notice->what != SK_NOTICE_MONITOR)
        return;
    void *found = sk_map_take(&self->open, notice->ref);
    sk_assert(found == self); /* told once, and not what was taken back */
    sk_add_relaxed(&self->stage->notice_count, 1);
    look_done(self);
}

static bool on_message(sk_service *service, void *user, sk_msg *msg) {
    actor *self = user;
    if (msg->type == SK_TYPE_EXIT) {
        on_notice(self, msg);
    } else if (msg->type == SK_TYPE_TEXT) {
        if (!self->is_watcher)
            (void)sk_service_retire(self->stage->node, sk_service_worker(service),
                                    sk_service_handle(service));
    } else if (self->is_watcher && self->steps_left > 0) {
        for (uint32_t n = 1 + sk_random_below(&self->random, 8); n > 0 && self->steps_left > 0;
             n--) {
            self->steps_left--;
            step(self);
        }
        kick(self);
        look_done(self);
    }
    return false;
}

static void *create(void) { return sk_new(actor); }

static int init(void *instance, sk_service *service, char *args) {
    actor *self = instance;
    self->stage = sk_node_get_slot(sk_service_node(service), SK_NODE_CLI);
    self->service = service;
    self->is_watcher = args != NULL;
    self->steps_left = self->is_watcher ? STEP_COUNT : 0;
    sk_random_init(&self->random, self->stage->seed + sk_service_handle(service).v);
    /* A watcher lives through its links, so that its count of notices can be checked. */
    sk_service_set_trap_exits(service, self->is_watcher);
    sk_service_set_callback(service, on_message, self, false);
    return 0;
}

static void release(void *instance) {
    actor *self = instance;
    sk_map_done(&self->open);
    sk_free(self);
}

static const sk_module VICTIM = {
    .name = "victim", .create = create, .init = init, .release = release};

static void open_scene(scene *stage, sk_clock *clock, sk_random *random) {
    *stage = (scene){.seed = sk_random_next(random)};
    sk_node_options options = {
        .worker_count = 1 + (int)sk_random_below(random, 4),
        .random_seed = stage->seed,
        .clock = clock,
    };
    stage->node = sk_node_new(&options);
    sk_node_set_slot(stage->node, SK_NODE_CLI, stage);
    sk_modules_add(sk_node_modules(stage->node), &VICTIM);
    for (int i = 0; i < VICTIM_COUNT; i++) {
        sk_handle handle;
        int err = sk_service_launch(stage->node, NULL, "victim", NULL, &handle);
        sk_assert(err == 0);
        sk_store_relaxed(&stage->victims[i], handle.v);
    }
    sk_store_relaxed(&stage->watchers_left, WATCHER_COUNT);
}

/* Watchers that have made their steps wait for the ends of what they monitor: all victims are told
 * to end, again and again, since a watcher may still put new ones in. */
static void end_victims(scene *stage) {
    sk_handle handle = SK_HANDLE_NONE;
    sk_registry *registry = sk_node_registry(stage->node);
    while (!sk_handle_is_none(handle = sk_registry_next(registry, handle))) {
        sk_msg *msg = sk_msg_new(0);
        msg->type = SK_TYPE_TEXT;
        (void)sk_node_post(stage->node, NULL, handle, msg); /* it may have ended */
    }
}

static void run_round(sk_clock *clock, sk_random *random) {
    scene stage;
    sk_handle watchers[WATCHER_COUNT];
    open_scene(&stage, clock, random);
    int err = sk_sched_start(sk_node_sched(stage.node));
    sk_assert(err == 0);
    for (int i = 0; i < WATCHER_COUNT; i++) {
        err = sk_service_launch(stage.node, NULL, "victim", "watcher", &watchers[i]);
        sk_assert(err == 0);
        sk_msg *msg = sk_msg_new(0);
        msg->type = SK_TYPE_LUA;
        err = sk_node_post(stage.node, NULL, watchers[i], msg);
        sk_assert(err == 0);
    }
    uint32_t left;
    while ((left = sk_load_acquire(&stage.watchers_left)) > 0) {
        sk_futex_wait(&stage.watchers_left, left, 5);
        end_victims(&stage);
    }
    sk_node_abort(stage.node);
    sk_sched_join(sk_node_sched(stage.node));
    sk_assert(sk_registry_count(sk_node_registry(stage.node)) == 0);
    sk_assert(sk_load_relaxed(&stage.notice_count) > 0);
    sk_node_free(stage.node);
}

int main(int argc, char **argv) { return chance_main(argc, argv, 60, ROUND_LIMIT_S, run_round); }
