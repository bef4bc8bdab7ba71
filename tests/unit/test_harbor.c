/* test_harbor.c -- what leaves the node, without a harbor service, with one, and its names.
 *
 * An asker sends one request as its case says and leaves the type of the answer in the scene; a
 * slave notes what the harbor service asks. Each case ends when its node has stopped. */
#include "actor/harbor.h"

#include "actor/module.h"
#include "actor/registry.h"
#include "actor/service.h"
#include "base/assert.h"
#include "base/err.h"
#include "base/mem.h"
#include "service/harbor.h"
#include "support/chance.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CASE_LIMIT_S 20
#define FAR ((sk_handle){9u << SK_HANDLE_HARBOR_SHIFT | 5})

typedef struct {
    sk_node *node;
    sk_clock *clock;
    sk_handle asker, slave, harbor;
    const char *name; /* what the asker asks: a global name, or FAR */
    uint8_t type;     /* its type */
    int post_result;
    int answer_type; /* -1: none came */
    sk_handle answer_from;
    const char *command; /* what the slave tells the harbor service when it is asked */
    char asked[64];      /* what the slave was asked */
} scene;

static scene *scene_of(const sk_service *service) {
    return sk_node_get_slot(sk_service_node(service), SK_NODE_CLI);
}

/* ---- the asker ---- */

static int ask(sk_service *service) {
    scene *stage = scene_of(service);
    sk_msg *msg = sk_msg_new_copy("payload", 7);
    msg->source = sk_service_handle(service);
    msg->session = 7;
    msg->type = stage->type;
    if (stage->name)
        return sk_harbor_post_name(stage->node, sk_service_worker(service), stage->name, msg);
    return sk_service_post(service, FAR, msg);
}

static void leave(sk_service *service) {
    scene *stage = scene_of(service);
    sk_worker *worker = sk_service_worker(service);
    (void)sk_service_retire(stage->node, worker, stage->slave); /* there may be none */
    (void)sk_service_retire(stage->node, worker, sk_service_handle(service));
}

static bool asker_message(sk_service *service, void *user, sk_msg *msg) {
    (void)user;
    scene *stage = scene_of(service);
    if (msg->type == SK_TYPE_TEXT) {
        stage->post_result = ask(service);
        if (stage->post_result == 0)
            return false;
    } else {
        sk_assert(msg->session == 7);
        sk_assert(msg->type == SK_TYPE_ERROR || memcmp(msg->data, "payload", 7) == 0);
        stage->answer_type = msg->type;
        stage->answer_from = msg->source;
    }
    leave(service);
    return false;
}

static int asker_init(void *instance, sk_service *service, char *args) {
    (void)instance;
    (void)args;
    sk_service_set_callback(service, asker_message, NULL, false);
    return 0;
}

static const sk_module ASKER = {.name = "asker", .init = asker_init};

/* ---- the slave ---- */

static bool slave_message(sk_service *service, void *user, sk_msg *msg) {
    (void)user;
    scene *stage = scene_of(service);
    if (msg->size)
        snprintf(stage->asked, sizeof stage->asked, "%.*s", (int)msg->size, (char *)msg->data);
    sk_msg *reply = sk_msg_new_copy(stage->command, strlen(stage->command));
    reply->type = SK_TYPE_HARBOR;
    reply->source = strcmp(stage->command, "N FAR_NAME") == 0 ? FAR : stage->asker;
    (void)sk_service_post(service, stage->harbor, reply);
    return false;
}

static int slave_init(void *instance, sk_service *service, char *args) {
    (void)instance;
    (void)args;
    sk_service_set_callback(service, slave_message, NULL, false);
    return 0;
}

static const sk_module SLAVE = {.name = "slave", .init = slave_init};

/* ---- scenes ---- */

static void open_scene(scene *stage) {
    stage->clock = sk_clock_new();
    sk_node_options options = {.worker_count = 2, .random_seed = 1, .clock = stage->clock};
    stage->node = sk_node_new(&options);
    stage->answer_type = -1;
    sk_node_set_slot(stage->node, SK_NODE_CLI, stage);
    sk_modules *modules = sk_node_modules(stage->node);
    sk_modules_add(modules, &ASKER);
    sk_modules_add(modules, &SLAVE);
    sk_modules_add(modules, &sk_harbor_module);
    assert_int_equal(sk_service_launch(stage->node, NULL, "asker", NULL, &stage->asker), 0);
    chance_time_limit(CASE_LIMIT_S);
}

static void launch_harbor(scene *stage) {
    char args[32];
    assert_int_equal(sk_service_launch(stage->node, NULL, "slave", NULL, &stage->slave), 0);
    snprintf(args, sizeof args, "0 %u", stage->slave.v);
    assert_int_equal(sk_service_launch(stage->node, NULL, "harbor", args, &stage->harbor), 0);
    assert_true(sk_handle_eq(sk_node_harbor(stage->node), stage->harbor));
}

/* The node ends when the asker and the slave have: the harbor service does not keep it. */
static void run(scene *stage) {
    sk_msg *start = sk_msg_new_around(NULL, 0);
    assert_int_equal(sk_node_post(stage->node, NULL, stage->asker, start), 0);
    assert_int_equal(sk_node_run(stage->node), 0);
    chance_time_limit(0);
    sk_node_free(stage->node);
    sk_clock_free(stage->clock);
}

/* ---- cases ---- */

static void test_without_harbor_service(void **state) {
    (void)state;
    scene handle = {.type = SK_TYPE_LUA};
    open_scene(&handle);
    run(&handle);
    assert_int_equal(handle.post_result, 0);
    assert_int_equal(handle.answer_type, SK_TYPE_ERROR);
    assert_true(sk_handle_eq(handle.answer_from, FAR));
    scene name = {.type = SK_TYPE_LUA, .name = "SOMEBODY"};
    open_scene(&name);
    run(&name);
    assert_int_equal(name.answer_type, SK_TYPE_ERROR);
}

static void test_types_that_stay(void **state) {
    (void)state;
    scene system = {.type = SK_TYPE_SYSTEM};
    open_scene(&system);
    launch_harbor(&system);
    run(&system);
    assert_int_equal(system.post_result, SK_EINVAL);
    scene harbor = {.type = SK_TYPE_HARBOR, .name = "SOMEBODY"};
    open_scene(&harbor);
    launch_harbor(&harbor);
    run(&harbor);
    assert_int_equal(harbor.post_result, SK_EINVAL);
}

static void test_another_node(void **state) {
    (void)state;
    scene stage = {.type = SK_TYPE_LUA};
    open_scene(&stage);
    launch_harbor(&stage);
    run(&stage);
    assert_int_equal(stage.answer_type, SK_TYPE_ERROR);
    assert_true(sk_handle_eq(stage.answer_from, FAR));
}

static void test_name_is_asked_for_and_defined(void **state) {
    (void)state;
    scene stage = {.type = SK_TYPE_LUA, .name = "SOMEBODY", .command = "N SOMEBODY"};
    open_scene(&stage);
    launch_harbor(&stage);
    run(&stage);
    assert_string_equal(stage.asked, "Q SOMEBODY");
    assert_int_equal(stage.answer_type, SK_TYPE_LUA); /* its own request */
    assert_true(sk_handle_eq(stage.answer_from, stage.asker));
}

static void test_name_of_another_node(void **state) {
    (void)state;
    scene stage = {.type = SK_TYPE_LUA, .name = "FAR_NAME", .command = "N FAR_NAME"};
    open_scene(&stage);
    launch_harbor(&stage);
    run(&stage);
    assert_int_equal(stage.answer_type, SK_TYPE_ERROR);
    assert_true(sk_handle_eq(stage.answer_from, FAR));
}

static void test_name_too_long(void **state) {
    (void)state;
    scene stage = {.type = SK_TYPE_LUA, .name = "A_NAME_OF_SIXTEE"};
    open_scene(&stage);
    launch_harbor(&stage);
    run(&stage);
    assert_int_equal(stage.post_result, 0);
    assert_int_equal(stage.answer_type, SK_TYPE_ERROR);
}

/* The node is aborted while a message waits for a name: nothing hangs, nothing leaks. */
static void test_name_never_comes(void **state) {
    (void)state;
    scene stage = {.type = SK_TYPE_LUA, .name = "NOBODY", .command = "N "};
    open_scene(&stage);
    launch_harbor(&stage);
    sk_msg *start = sk_msg_new_around(NULL, 0);
    assert_int_equal(sk_node_post(stage.node, NULL, stage.asker, start), 0);
    sk_msg *stray = sk_msg_new_copy("Q", 1); /* not a command of the harbor service */
    stray->type = SK_TYPE_LUA;
    assert_int_equal(sk_node_post(stage.node, NULL, stage.harbor, stray), 0);
    sk_node_abort(stage.node);
    assert_int_equal(sk_node_run(stage.node), 0);
    chance_time_limit(0);
    sk_node_free(stage.node);
    sk_clock_free(stage.clock);
}

static void test_bad_arguments(void **state) {
    (void)state;
    static const char *const BAD[] = {NULL, "", "0", "0 0", "x y", "1 5"};
    scene stage = {.type = SK_TYPE_LUA};
    open_scene(&stage);
    sk_handle handle;
    for (size_t i = 0; i < SK_ARRAY_LEN(BAD); i++)
        assert_true(sk_service_launch(stage.node, NULL, "harbor", BAD[i], &handle) < 0);
    assert_true(sk_handle_is_none(sk_node_harbor(stage.node)));
    run(&stage);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_harbor_service),
        cmocka_unit_test(test_types_that_stay),
        cmocka_unit_test(test_another_node),
        cmocka_unit_test(test_name_is_asked_for_and_defined),
        cmocka_unit_test(test_name_of_another_node),
        cmocka_unit_test(test_name_too_long),
        cmocka_unit_test(test_name_never_comes),
        cmocka_unit_test(test_bad_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
