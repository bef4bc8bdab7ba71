/* test_node.c -- nodes with native services: launch, order, death, errors, log, monitor, stop.
 *
 * Each case starts a node whose services are roles of the case: an init, a handler of messages, a
 * release. A case ends when its node has stopped, so a node that does not stop is a failure too
 * (the time limit). What services find out they leave in the scene; the case looks at it after the
 * node has ended. cmocka's assertions work in the main thread only; services use sk_assert. */
#include "actor/module.h"
#include "actor/reclaim.h"
#include "actor/registry.h"
#include "actor/service.h"
#include "actor/timer.h"
#include "actor/worker.h"
#include "base/assert.h"
#include "base/atomic.h"
#include "base/buffer.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/thread.h"
#include "support/chance.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define CASE_LIMIT_S 20
#define NUMBER_COUNT 8

typedef struct scene scene;
typedef struct actor actor;

typedef struct {
    const char *name; /* the arguments it is launched with */
    int (*init)(actor *self);
    void (*on_message)(actor *self, const sk_msg *msg);
    void (*on_release)(actor *self);
} role;

struct actor {
    scene *stage;
    const role *as;
    sk_service *service;
    int32_t number; /* what the role needs */
};

struct scene {
    sk_node *node;
    sk_clock *clock;
    const role *roles;
    sk_handle handles[NUMBER_COUNT];
    _Atomic int32_t numbers[NUMBER_COUNT];
    sk_lock lock; /* over log */
    sk_buffer log;
};

/* ---- the services ---- */

static sk_worker *worker_of(const actor *self) { return sk_service_worker(self->service); }

static void post(actor *self, sk_handle to, uint8_t type, int32_t session) {
    sk_msg *msg = sk_msg_new(0);
    msg->source = sk_service_handle(self->service);
    msg->type = type;
    msg->session = session;
    (void)sk_service_post(self->service, to, msg);
}

/* From outside the node, in the name of `source`. */
static int post_from(scene *stage, sk_handle source, sk_handle to, int32_t session) {
    sk_msg *msg = sk_msg_new(0);
    msg->source = source;
    msg->type = SK_TYPE_LUA;
    msg->session = session;
    return sk_node_post(stage->node, NULL, to, msg);
}

static bool on_message(sk_service *service, void *user, sk_msg *msg) {
    actor *self = user;
    (void)service;
    if (self->as->on_message)
        self->as->on_message(self, msg);
    return false;
}

static void *role_create(void) { return sk_new(actor); }

static int role_init(void *instance, sk_service *service, char *args) {
    actor *self = instance;
    self->stage = sk_node_get_slot(sk_service_node(service), SK_NODE_CLI);
    self->service = service;
    const role *as = self->stage->roles;
    while (strcmp(as->name, args) != 0)
        as++;
    self->as = as;
    sk_service_set_callback(service, on_message, self, false);
    return as->init ? as->init(self) : 0;
}

static void role_release(void *instance) {
    actor *self = instance;
    if (self->as->on_release)
        self->as->on_release(self);
    sk_free(self);
}

static const sk_module ROLE = {
    .name = "role",
    .create = role_create,
    .init = role_init,
    .release = role_release,
};

/* ---- a log service that remembers ---- */

static int log_init(actor *self) {
    sk_service_set_drain(self->service);
    return sk_registry_name(sk_node_registry(self->stage->node), "logger",
                            sk_service_handle(self->service));
}

static void log_line(scene *stage, const void *text, size_t size) {
    sk_lock_acquire(&stage->lock);
    sk_buffer_append(&stage->log, text, size);
    sk_buffer_append(&stage->log, "\n", 1);
    sk_lock_release(&stage->lock);
}

static void log_message(actor *self, const sk_msg *msg) {
    log_line(self->stage, msg->data, msg->size);
}

static void log_release(actor *self) { log_line(self->stage, "end of log", 10); }

#define LOGGER                                                                                     \
    { "logger", log_init, log_message, log_release }

/* The log so far as text; after the node has ended. */
static const char *log_text(scene *stage) {
    sk_buffer_append(&stage->log, "", 1);
    stage->log.len--;
    return (const char *)stage->log.data;
}

static int count_lines(scene *stage, const char *part) {
    int count = 0;
    for (const char *at = log_text(stage); (at = strstr(at, part)); at++)
        count++;
    return count;
}

/* ---- scenes ---- */

static void open_scene_with(scene *stage, const role *roles, const sk_node_options *wanted) {
    *stage = (scene){.roles = roles};
    stage->clock = sk_clock_new();
    sk_node_options options = *wanted;
    options.clock = stage->clock;
    stage->node = sk_node_new(&options);
    sk_lock_init(&stage->lock);
    sk_node_set_slot(stage->node, SK_NODE_CLI, stage);
    sk_modules_add(sk_node_modules(stage->node), &ROLE);
    chance_time_limit(CASE_LIMIT_S);
}

static void open_scene(scene *stage, const role *roles, int worker_count) {
    sk_node_options options = {.worker_count = worker_count, .random_seed = 1};
    open_scene_with(stage, roles, &options);
}

static sk_handle launch(scene *stage, const char *name) {
    sk_handle handle = SK_HANDLE_NONE;
    assert_int_equal(sk_service_launch(stage->node, NULL, "role", name, &handle), 0);
    return handle;
}

static void run(scene *stage) {
    int err = sk_node_run(stage->node);
    sk_assert(err == 0);
    sk_assert(sk_registry_count(sk_node_registry(stage->node)) == 0);
}

static void close_scene(scene *stage) {
    chance_time_limit(0);
    sk_node_free(stage->node);
    sk_clock_free(stage->clock);
    sk_lock_done(&stage->lock);
    sk_buffer_done(&stage->log);
}

static int32_t number(scene *stage, int i) { return sk_load_acquire(&stage->numbers[i]); }
static void bump(actor *self, int i) { sk_add_acq_rel(&self->stage->numbers[i], 1); }
static void end_node(actor *self) { sk_service_abort_node(self->service); }

/* ---- launch ---- */

static void end_on_message(actor *self, const sk_msg *msg) {
    bump(self, 0);
    sk_assert(msg->session == 7);
    sk_assert(strcmp(sk_service_name(self->service), "role only") == 0);
    end_node(self);
}

static void count_release(actor *self) { bump(self, 1); }

static void test_launch(void **state) {
    (void)state;
    const role roles[] = {{"only", NULL, end_on_message, count_release}};
    scene stage;
    open_scene(&stage, roles, 1);
    sk_handle handle = launch(&stage, "only");
    assert_int_equal(handle.v, 1);
    assert_int_equal(post_from(&stage, SK_HANDLE_NONE, handle, 7), 0);
    run(&stage);
    assert_int_equal(number(&stage, 0), 1);
    assert_int_equal(number(&stage, 1), 1);
    assert_int_equal(post_from(&stage, SK_HANDLE_NONE, handle, 7), SK_ENOENT);
    close_scene(&stage);
}

static int note_args(void *instance, sk_service *service, char *args) {
    scene *stage = sk_node_get_slot(sk_service_node(service), SK_NODE_CLI);
    sk_assert(instance == (void *)~(uintptr_t)0);
    sk_store_relaxed(&stage->numbers[0], args ? (int32_t)strlen(args) : -1);
    if (args)
        memset(args, 'x', strlen(args)); /* its own copy */
    (void)sk_service_retire(sk_service_node(service), NULL, sk_service_handle(service));
    return 0;
}

static void test_launch_without_create_and_args(void **state) {
    (void)state;
    const sk_module bare = {.name = "bare", .init = note_args};
    scene stage;
    sk_handle handle;
    open_scene(&stage, NULL, 1);
    sk_modules_add(sk_node_modules(stage.node), &bare);
    assert_int_equal(sk_service_launch(stage.node, NULL, "bare", NULL, &handle), 0);
    assert_int_equal(number(&stage, 0), -1);
    assert_int_equal(sk_service_launch(stage.node, NULL, "bare", "a b", &handle), 0);
    assert_int_equal(number(&stage, 0), 3);
    assert_true(sk_service_launch(stage.node, NULL, "no such module", NULL, &handle) < 0);
    run(&stage); /* both retired themselves in init */
    close_scene(&stage);
}

static int fail_init(actor *self) {
    bump(self, 0);
    post(self, sk_service_handle(self->service), SK_TYPE_LUA, 1); /* nobody will handle it */
    return -1;
}

static void unexpected(actor *self, const sk_msg *msg) {
    (void)self;
    (void)msg;
    sk_assert(!"a message came");
}

static int launch_failing(actor *self) {
    sk_handle handle = {12345};
    sk_node *node = self->stage->node;
    sk_assert(sk_service_launch(node, self->service, "role", "failing", &handle) < 0);
    sk_assert(handle.v == 12345);
    post(self, sk_service_handle(self->service), SK_TYPE_LUA, 1);
    return 0;
}

static void end_on_any(actor *self, const sk_msg *msg) {
    (void)msg;
    end_node(self);
}

static void test_a_failing_init(void **state) {
    (void)state;
    const role roles[] = {
        {"failing", fail_init, unexpected, count_release},
        {"launcher", launch_failing, end_on_any, NULL},
        LOGGER,
    };
    scene stage;
    open_scene(&stage, roles, 2);
    sk_handle handle = {12345};
    launch(&stage, "logger");
    assert_true(sk_service_launch(stage.node, NULL, "role", "failing", &handle) < 0);
    assert_int_equal(handle.v, 12345);
    launch(&stage, "launcher");
    run(&stage);
    assert_int_equal(number(&stage, 0), 2);
    assert_int_equal(number(&stage, 1), 2); /* released, each once */
    assert_int_equal(count_lines(&stage, "error: launch role FAILED"), 2);
    close_scene(&stage);
}

/* ---- order ---- */

#define ORDER_COUNT 20000
#define SENDER_COUNT 3

static void send_in_order(actor *self, const sk_msg *msg) {
    (void)msg;
    for (int n = 0; n < 50 && self->number < ORDER_COUNT; n++)
        post(self, self->stage->handles[0], SK_TYPE_LUA, ++self->number);
    if (self->number < ORDER_COUNT)
        post(self, sk_service_handle(self->service), SK_TYPE_LUA, 0);
}

static void check_order(actor *self, const sk_msg *msg) {
    scene *stage = self->stage;
    int sender = (int)(msg->source.v - stage->handles[1].v);
    sk_assert(sender >= 0 && sender < SENDER_COUNT);
    sk_assert(msg->session == number(stage, sender) + 1);
    bump(self, sender);
    if (msg->session == ORDER_COUNT && ++self->number == SENDER_COUNT)
        end_node(self);
}

static void test_messages_of_a_sender_keep_their_order(void **state) {
    (void)state;
    const role roles[] = {
        {"sender", NULL, send_in_order, NULL},
        {"receiver", NULL, check_order, NULL},
    };
    scene stage;
    open_scene(&stage, roles, 3);
    stage.handles[0] = launch(&stage, "receiver");
    for (int i = 0; i < SENDER_COUNT; i++) {
        sk_handle handle = launch(&stage, "sender");
        if (i == 0)
            stage.handles[1] = handle;
        (void)post_from(&stage, SK_HANDLE_NONE, handle, 0);
    }
    run(&stage);
    for (int i = 0; i < SENDER_COUNT; i++)
        assert_int_equal(number(&stage, i), ORDER_COUNT);
    close_scene(&stage);
}

/* ---- death, and errors for requests ---- */

static void send_to_the_dead(actor *self, const sk_msg *msg) {
    sk_node *node = self->stage->node;
    sk_handle victim = self->stage->handles[1];
    (void)msg;
    sk_assert(sk_service_retire(node, worker_of(self), victim) == 0);
    sk_assert(sk_service_retire(node, worker_of(self), victim) == SK_ENOENT);
    sk_msg *request = sk_msg_new_copy("text", 4);
    sk_assert(sk_service_post(self->service, victim, request) == SK_ENOENT);
    sk_assert(sk_service_post(self->service, SK_HANDLE_NONE, sk_msg_new(1)) == SK_ENOENT);
    end_node(self);
}

static void test_send_to_the_dead(void **state) {
    (void)state;
    const role roles[] = {
        {"sender", NULL, send_to_the_dead, NULL},
        {"victim", NULL, unexpected, count_release},
    };
    scene stage;
    open_scene(&stage, roles, 1);
    sk_handle sender = launch(&stage, "sender");
    stage.handles[1] = launch(&stage, "victim");
    (void)post_from(&stage, SK_HANDLE_NONE, sender, 0);
    run(&stage);
    assert_int_equal(number(&stage, 1), 1);
    close_scene(&stage);
}

/* Fills a queued victim's mailbox with one of each type, then retires it: one worker, so that the
 * victim does not run in between. */
static void retire_queued(actor *self, const sk_msg *msg) {
    scene *stage = self->stage;
    if (msg->type == SK_TYPE_LUA && msg->session == 0) {
        for (uint8_t type = 0; type <= SK_TYPE_TRACE; type++)
            post(self, stage->handles[1], type, 100 + type);
        (void)sk_service_retire(stage->node, worker_of(self), stage->handles[1]);
        return;
    }
    if (msg->type == SK_TYPE_ERROR) {
        sk_assert(msg->source.v == stage->handles[1].v);
        sk_assert(msg->session != 100 + SK_TYPE_RESPONSE);
        sk_assert(msg->session != 100 + SK_TYPE_ERROR);
        sk_assert(msg->size == 0);
        self->number++;
    }
    if (self->number == SK_TYPE_TRACE + 1 - 2) {
        sk_store_release(&stage->numbers[0], self->number);
        end_node(self);
    }
}

static void test_retire_while_queued_answers_requests(void **state) {
    (void)state;
    const role roles[] = {
        {"killer", NULL, retire_queued, NULL},
        {"victim", NULL, unexpected, count_release},
    };
    scene stage;
    open_scene(&stage, roles, 1);
    sk_handle killer = launch(&stage, "killer");
    stage.handles[1] = launch(&stage, "victim");
    (void)post_from(&stage, SK_HANDLE_NONE, killer, 0);
    run(&stage);
    assert_int_equal(number(&stage, 0), SK_TYPE_TRACE - 1);
    assert_int_equal(number(&stage, 1), 1);
    close_scene(&stage);
}

/* The victim runs until it is told that it is dead. */
static void run_until_dead(actor *self, const sk_msg *msg) {
    (void)msg;
    bump(self, 0);
    while (!sk_service_is_dead(self->service))
        sk_thread_pause();
    bump(self, 2);
}

static void release_after_callback(actor *self) {
    sk_assert(number(self->stage, 2) == 1);
    bump(self, 1);
}

static void retire_running(actor *self, const sk_msg *msg) {
    scene *stage = self->stage;
    if (msg->type == SK_TYPE_ERROR) { /* for the second request */
        sk_assert(msg->session == 2);
        end_node(self);
        return;
    }
    post(self, stage->handles[1], SK_TYPE_LUA, 1);
    while (number(stage, 0) == 0)
        sk_thread_pause();
    post(self, stage->handles[1], SK_TYPE_LUA, 2);
    (void)sk_service_retire(stage->node, worker_of(self), stage->handles[1]);
}

static void test_retire_while_running(void **state) {
    (void)state;
    const role roles[] = {
        {"killer", NULL, retire_running, NULL},
        {"victim", NULL, run_until_dead, release_after_callback},
    };
    scene stage;
    open_scene(&stage, roles, 2);
    sk_handle killer = launch(&stage, "killer");
    stage.handles[1] = launch(&stage, "victim");
    (void)post_from(&stage, SK_HANDLE_NONE, killer, 0);
    run(&stage);
    assert_int_equal(number(&stage, 1), 1);
    close_scene(&stage);
}

static void retire_itself(actor *self, const sk_msg *msg) {
    sk_assert(msg->session == 0); /* what stands behind is not handled */
    sk_handle handle = sk_service_handle(self->service);
    sk_assert(sk_service_retire(self->stage->node, worker_of(self), handle) == 0);
    sk_assert(sk_service_is_dead(self->service));
}

static void test_retire_itself(void **state) {
    (void)state;
    const role roles[] = {{"only", NULL, retire_itself, count_release}};
    scene stage;
    open_scene(&stage, roles, 2);
    sk_handle only = launch(&stage, "only");
    for (int32_t i = 0; i < 3; i++)
        (void)post_from(&stage, SK_HANDLE_NONE, only, i);
    run(&stage);
    assert_int_equal(number(&stage, 1), 1);
    close_scene(&stage);
}

static int without_callback(actor *self) {
    sk_service_set_callback(self->service, NULL, NULL, false);
    return 0;
}

static void ask_the_deaf(actor *self, const sk_msg *msg) {
    if (msg->type == SK_TYPE_ERROR) {
        sk_assert(msg->session == 5);
        end_node(self);
    } else {
        post(self, self->stage->handles[1], SK_TYPE_RESPONSE, 4);
        post(self, self->stage->handles[1], SK_TYPE_LUA, 5);
    }
}

static void test_without_a_callback_requests_fail(void **state) {
    (void)state;
    const role roles[] = {
        {"asker", NULL, ask_the_deaf, NULL},
        {"deaf", without_callback, NULL, NULL},
    };
    scene stage;
    open_scene(&stage, roles, 1);
    sk_handle asker = launch(&stage, "asker");
    stage.handles[1] = launch(&stage, "deaf");
    (void)post_from(&stage, SK_HANDLE_NONE, asker, 0);
    run(&stage);
    close_scene(&stage);
}

/* ---- the monitor's notice ---- */

static int be_monitor(actor *self) {
    sk_node_set_monitor(self->stage->node, sk_service_handle(self->service));
    return 0;
}

static void on_notice(actor *self, const sk_msg *msg) {
    sk_assert(msg->type == SK_TYPE_CLIENT);
    sk_assert(msg->source.v == self->stage->handles[1].v);
    bump(self, 0);
    end_node(self);
}

static void test_the_monitor_is_told_of_an_exit(void **state) {
    (void)state;
    const role roles[] = {
        {"monitor", be_monitor, on_notice, NULL},
        {"victim", NULL, retire_itself, NULL},
    };
    scene stage;
    open_scene(&stage, roles, 2);
    launch(&stage, "monitor");
    stage.handles[1] = launch(&stage, "victim");
    (void)post_from(&stage, SK_HANDLE_NONE, stage.handles[1], 0);
    run(&stage);
    assert_int_equal(number(&stage, 0), 1);
    close_scene(&stage);
}

/* ---- stopping ---- */

static void log_release_of_crowd(actor *self) {
    sk_node_log(self->stage->node, worker_of(self), sk_service_handle(self->service), "bye");
}

static void test_abort_drains_the_logger_last(void **state) {
    (void)state;
    const role roles[] = {
        LOGGER,
        {"crowd", NULL, end_on_any, log_release_of_crowd},
    };
    for (int workers = 1; workers <= 4; workers++) {
        scene stage;
        sk_handle last = SK_HANDLE_NONE;
        open_scene(&stage, roles, workers);
        launch(&stage, "logger");
        for (int i = 0; i < 200; i++)
            last = launch(&stage, "crowd");
        (void)post_from(&stage, SK_HANDLE_NONE, last, 0);
        run(&stage);
        assert_int_equal(count_lines(&stage, "LAUNCH role crowd\n"), 200);
        assert_int_equal(count_lines(&stage, "bye\n"), 200);
        const char *end = strstr(log_text(&stage), "end of log\n");
        assert_non_null(end);
        assert_string_equal(end, "end of log\n");
        close_scene(&stage);
    }
}

static void *abort_main(void *arg) {
    scene *stage = arg;
    while (number(stage, 0) < 100)
        sk_thread_pause();
    sk_node_abort(stage->node);
    sk_node_abort(stage->node);
    return NULL;
}

static void chatter(actor *self, const sk_msg *msg) {
    bump(self, 0);
    post(self, sk_service_handle(self->service), SK_TYPE_LUA, msg->session + 1);
}

static void test_abort_from_a_foreign_thread(void **state) {
    (void)state;
    const role roles[] = {{"chatter", NULL, chatter, count_release}};
    scene stage;
    pthread_t thread;
    open_scene(&stage, roles, 2);
    for (int i = 0; i < 5; i++)
        (void)post_from(&stage, SK_HANDLE_NONE, launch(&stage, "chatter"), 0);
    assert_int_equal(sk_thread_start(&thread, "aborter", abort_main, &stage), 0);
    run(&stage);
    pthread_join(thread, NULL);
    assert_int_equal(number(&stage, 1), 5);
    close_scene(&stage);
}

static void launch_after_abort(actor *self, const sk_msg *msg) {
    sk_handle handle;
    (void)msg;
    end_node(self);
    int err = sk_service_launch(self->stage->node, self->service, "role", "late", &handle);
    sk_assert(err == SK_ENOENT);
}

static void test_nothing_is_launched_after_abort(void **state) {
    (void)state;
    const role roles[] = {{"only", NULL, launch_after_abort, NULL}, {"late", NULL, NULL, NULL}};
    scene stage;
    open_scene(&stage, roles, 1);
    (void)post_from(&stage, SK_HANDLE_NONE, launch(&stage, "only"), 0);
    run(&stage);
    close_scene(&stage);
}

/* create() has no argument: the node that it is to abort stands here. */
static _Atomic(sk_node *) node_of_create;

static void *create_during_abort(void) {
    sk_node_abort(sk_load_acquire(&node_of_create));
    return sk_new(int);
}

static int nothing_to_init(void *instance, sk_service *service, char *args) {
    (void)instance;
    (void)service;
    (void)args;
    return 0;
}

static void launch_during_abort(actor *self, const sk_msg *msg) {
    sk_handle handle;
    (void)msg;
    (void)sk_service_launch(self->stage->node, self->service, "late", NULL, &handle);
}

/* A service that registers after the walk over all services must not survive. */
static void test_a_launch_beside_an_abort_does_not_hold_the_node(void **state) {
    (void)state;
    const role roles[] = {{"only", NULL, launch_during_abort, NULL}, LOGGER};
    const sk_module late = {
        .name = "late",
        .create = create_during_abort,
        .init = nothing_to_init,
        .release = sk_free,
    };
    scene stage;
    open_scene(&stage, roles, 2);
    sk_store_release(&node_of_create, stage.node);
    sk_modules_add(sk_node_modules(stage.node), &late);
    launch(&stage, "logger");
    (void)post_from(&stage, SK_HANDLE_NONE, launch(&stage, "only"), 0);
    run(&stage);
    close_scene(&stage);
}

/* ---- two nodes ---- */

static void ping(actor *self, const sk_msg *msg) {
    bump(self, 0);
    if (msg->session == 5000)
        end_node(self);
    else
        post(self, self->stage->handles[self->number ^ 1], SK_TYPE_LUA, msg->session + 1);
}

static int take_number(actor *self) {
    self->number = (int32_t)sk_service_handle(self->service).v - 1;
    return 0;
}

static void *run_main(void *arg) {
    run(arg);
    return NULL;
}

static void test_two_nodes_in_one_process(void **state) {
    (void)state;
    const role roles[] = {{"ping", take_number, ping, NULL}};
    scene stages[2];
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) {
        open_scene(&stages[i], roles, 2);
        for (int k = 0; k < 2; k++)
            stages[i].handles[k] = launch(&stages[i], "ping");
        (void)post_from(&stages[i], SK_HANDLE_NONE, stages[i].handles[0], 0);
    }
    for (int i = 0; i < 2; i++)
        assert_int_equal(sk_thread_start(&threads[i], "node", run_main, &stages[i]), 0);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(number(&stages[i], 0), 5001);
        close_scene(&stages[i]);
    }
}

/* ---- reports ---- */

/* 1026 messages wait at first, then over 2048; when all are done, 1026 again. */
static void overload(actor *self, const sk_msg *msg) {
    if (msg->session == 1)
        for (int i = 0; i < 1100; i++)
            post(self, sk_service_handle(self->service), SK_TYPE_LUA, 3);
    self->number++;
    if (self->number == 1026 + 1100 || msg->session == 4)
        post(self, self->stage->handles[1], SK_TYPE_LUA, 0);
}

/* A second service, so that the first one's mailbox is empty once. */
static void fill_again(actor *self, const sk_msg *msg) {
    (void)msg;
    if (self->number++ > 0) {
        end_node(self);
        return;
    }
    for (int i = 0; i < 1025; i++)
        post(self, self->stage->handles[0], SK_TYPE_LUA, 3);
    post(self, self->stage->handles[0], SK_TYPE_LUA, 4);
}

static void test_overload_is_reported(void **state) {
    (void)state;
    const role roles[] = {
        LOGGER,
        {"loaded", NULL, overload, NULL},
        {"loader", NULL, fill_again, NULL},
    };
    scene stage;
    open_scene(&stage, roles, 1);
    launch(&stage, "logger");
    stage.handles[0] = launch(&stage, "loaded");
    stage.handles[1] = launch(&stage, "loader");
    for (int i = 0; i < 1026; i++)
        (void)post_from(&stage, SK_HANDLE_NONE, stage.handles[0], i == 0 ? 1 : 3);
    run(&stage);
    assert_int_equal(count_lines(&stage, "error: May overload"), 3);
    assert_int_equal(count_lines(&stage, "message queue length = 1025\n"), 2);
    assert_int_equal(count_lines(&stage, "message queue length = 2124\n"), 1);
    close_scene(&stage);
}

static void end_after_1025(actor *self, const sk_msg *msg) {
    (void)msg;
    if (++self->number == 1025)
        end_node(self);
}

static void test_a_short_queue_is_not_reported(void **state) {
    (void)state;
    const role roles[] = {LOGGER, {"loaded", NULL, end_after_1025, NULL}};
    scene stage;
    open_scene(&stage, roles, 1);
    launch(&stage, "logger");
    sk_handle loaded = launch(&stage, "loaded");
    for (int i = 0; i < 1025; i++)
        (void)post_from(&stage, SK_HANDLE_NONE, loaded, 0);
    run(&stage);
    assert_int_equal(count_lines(&stage, "May overload"), 0);
    close_scene(&stage);
}

static void stuck_until_reported(actor *self, const sk_msg *msg) {
    (void)msg;
    while (number(self->stage, 0) == 0)
        sk_thread_pause();
    sk_assert(sk_service_take_endless(self->service));
    sk_assert(!sk_service_take_endless(self->service));
    end_node(self);
}

static void note_endless(actor *self, const sk_msg *msg) {
    log_message(self, msg);
    if (memmem(msg->data, msg->size, "endless", 7))
        sk_store_release(&self->stage->numbers[0], 1);
}

static void test_a_service_that_does_not_return_is_reported(void **state) {
    (void)state;
    const role roles[] = {
        {"logger", log_init, note_endless, NULL},
        {"stuck", NULL, stuck_until_reported, NULL},
    };
    sk_node_options options = {.worker_count = 2, .env = sk_env_new()};
    scene stage;
    assert_int_equal(sk_env_set(options.env, "stuckms", "20"), 0);
    open_scene_with(&stage, roles, &options);
    launch(&stage, "logger");
    sk_handle stuck = launch(&stage, "stuck");
    (void)post_from(&stage, (sk_handle){0xabc}, stuck, 0);
    run(&stage);
    assert_true(count_lines(&stage, "error: A message from [ :00000abc ] to [ :00000002 ] maybe "
                                    "in an endless loop (version = ") > 0);
    close_scene(&stage);
}

/* ---- fairness ---- */

static void test_a_busy_service_lets_others_run(void **state) {
    (void)state;
    const role roles[] = {{"chatter", NULL, chatter, NULL}, {"ender", NULL, end_on_any, NULL}};
    scene stage;
    open_scene(&stage, roles, 1);
    for (int i = 0; i < 3; i++)
        (void)post_from(&stage, SK_HANDLE_NONE, launch(&stage, "chatter"), 0);
    (void)post_from(&stage, SK_HANDLE_NONE, launch(&stage, "ender"), 0);
    run(&stage);
    close_scene(&stage);
}

/* Two services that call each other through the slot must not keep a third one out. */
static void test_a_chain_lets_others_run(void **state) {
    (void)state;
    const role roles[] = {{"ping", take_number, ping, NULL}, {"ender", NULL, end_on_any, NULL}};
    scene stage;
    open_scene(&stage, roles, 1);
    for (int k = 0; k < 2; k++)
        stage.handles[k] = launch(&stage, "ping");
    sk_handle ender = launch(&stage, "ender");
    (void)post_from(&stage, SK_HANDLE_NONE, stage.handles[0], 5001); /* no end of its own */
    (void)post_from(&stage, SK_HANDLE_NONE, ender, 0);
    run(&stage);
    close_scene(&stage);
}

/* Makes a service runnable, which goes to the slot of this worker, and does not return until it
 * has run: the other worker must find it there. */
static void wait_for_helper(actor *self, const sk_msg *msg) {
    sk_node *node = self->stage->node;
    if (msg->session >= 20) {
        end_node(self);
        return;
    }
    post(self, self->stage->handles[1], SK_TYPE_LUA, 0);
    int32_t goal = msg->session + 1;
    while (number(self->stage, 0) < goal)
        sk_thread_pause();
    /* Next time from a poll, or from a foreign thread: the other worker sleeps then. */
    if (sk_timer_add(sk_node_timer(node), sk_service_handle(self->service), goal, 5, 0))
        sk_sched_timer_armed(sk_node_sched(node), 5);
}

static void help(actor *self, const sk_msg *msg) {
    (void)msg;
    bump(self, 0);
}

static void test_a_service_in_the_slot_of_a_busy_worker_runs(void **state) {
    (void)state;
    const role roles[] = {{"waiter", NULL, wait_for_helper, NULL}, {"helper", NULL, help, NULL}};
    for (int workers = 2; workers <= 4; workers++) {
        scene stage;
        open_scene(&stage, roles, workers);
        sk_handle waiter = launch(&stage, "waiter");
        stage.handles[1] = launch(&stage, "helper");
        (void)post_from(&stage, SK_HANDLE_NONE, waiter, 0);
        run(&stage);
        assert_int_equal(number(&stage, 0), 20);
        close_scene(&stage);
    }
}

/* ---- small things ---- */

static void test_time_and_addresses(void **state) {
    (void)state;
    sk_clock *clock = sk_clock_new_virtual(1234567);
    sk_node_options options = {.worker_count = 1, .harbor_id = 3, .clock = clock};
    sk_node *node = sk_node_new(&options);
    assert_int_equal(sk_node_start_time(node), 1234);
    assert_int_equal(sk_node_now_cs(node), 56);
    sk_clock_advance(clock, 1000);
    assert_int_equal(sk_node_now_cs(node), 156);
    assert_false(sk_node_is_remote(node, (sk_handle){0x03000001}));
    assert_false(sk_node_is_remote(node, (sk_handle){1}));
    assert_true(sk_node_is_remote(node, (sk_handle){0x04000001}));
    assert_int_equal(sk_node_run(node), 0); /* nobody is there: it ends at once */
    sk_node_free(node);
    sk_clock_free(clock);
    sk_node_free(NULL);
}

static void count_and_check(actor *self, const sk_msg *msg) {
    sk_service_stat stat;
    sk_service_set_memory(self->service, 4711);
    sk_service_get_stat(self->service, &stat);
    sk_assert(stat.message_count == (uint64_t)msg->session);
    sk_assert(stat.mailbox_len == 10 - (uint64_t)msg->session);
    sk_assert(stat.mailbox_len_max == 10);
    sk_assert(stat.memory_size == 4711);
    sk_assert(sk_service_new_session(self->service) == msg->session);
    if (msg->session == 10)
        end_node(self);
}

static void test_counters(void **state) {
    (void)state;
    const role roles[] = {{"only", NULL, count_and_check, NULL}};
    scene stage;
    open_scene(&stage, roles, 1);
    sk_handle only = launch(&stage, "only");
    for (int32_t i = 1; i <= 10; i++)
        (void)post_from(&stage, SK_HANDLE_NONE, only, i);
    run(&stage);
    close_scene(&stage);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_launch),
        cmocka_unit_test(test_launch_without_create_and_args),
        cmocka_unit_test(test_a_failing_init),
        cmocka_unit_test(test_messages_of_a_sender_keep_their_order),
        cmocka_unit_test(test_send_to_the_dead),
        cmocka_unit_test(test_retire_while_queued_answers_requests),
        cmocka_unit_test(test_retire_while_running),
        cmocka_unit_test(test_retire_itself),
        cmocka_unit_test(test_without_a_callback_requests_fail),
        cmocka_unit_test(test_the_monitor_is_told_of_an_exit),
        cmocka_unit_test(test_abort_drains_the_logger_last),
        cmocka_unit_test(test_abort_from_a_foreign_thread),
        cmocka_unit_test(test_nothing_is_launched_after_abort),
        cmocka_unit_test(test_a_launch_beside_an_abort_does_not_hold_the_node),
        cmocka_unit_test(test_two_nodes_in_one_process),
        cmocka_unit_test(test_overload_is_reported),
        cmocka_unit_test(test_a_short_queue_is_not_reported),
        cmocka_unit_test(test_a_service_that_does_not_return_is_reported),
        cmocka_unit_test(test_a_busy_service_lets_others_run),
        cmocka_unit_test(test_a_chain_lets_others_run),
        cmocka_unit_test(test_a_service_in_the_slot_of_a_busy_worker_runs),
        cmocka_unit_test(test_time_and_addresses),
        cmocka_unit_test(test_counters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
