/* test_handles.c -- a node whose handles are all in use, and one whose last one has become free.
 *
 * The handles are taken by entries of the registry alone: 16 million services would need 400 GB. */
#include "actor/module.h"
#include "actor/reclaim.h"
#include "actor/registry.h"
#include "actor/service.h"
#include "base/err.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static int released_count(sk_node *node, int change) {
    int *count = sk_node_get_slot(node, SK_NODE_CLI);
    return *count += change;
}

static int quiet_init(void *instance, sk_service *service, char *args) {
    (void)args;
    *(sk_node **)instance = sk_service_node(service);
    return 0;
}

static void *quiet_create(void) { return sk_new(sk_node *); }

/* The node is not noted in an instance that never came to its init. */
static void quiet_release(void *instance) {
    sk_node *node = *(sk_node **)instance;
    if (node)
        (void)released_count(node, 1);
    sk_free(instance);
}

static const sk_module QUIET = {
    .name = "quiet", .create = quiet_create, .init = quiet_init, .release = quiet_release};

static void test_no_handle_is_left(void **state) {
    (void)state;
    int released = 0;
    sk_clock *clock = sk_clock_new();
    sk_node_options options = {.worker_count = 1, .random_seed = 1, .clock = clock};
    sk_node *node = sk_node_new(&options);
    sk_registry *registry = sk_node_registry(node);
    sk_node_set_slot(node, SK_NODE_CLI, &released);
    sk_modules_add(sk_node_modules(node), &QUIET);
    sk_handle first, handle;
    assert_int_equal(sk_service_launch(node, NULL, "quiet", NULL, &first), 0);
    sk_service *stand_in = sk_registry_find(registry, first);
    while (sk_registry_add(registry, stand_in, &handle) == 0)
        continue;
    assert_int_equal(sk_registry_count(registry), SK_HANDLE_LOCAL_MASK);
    handle = SK_HANDLE_NONE;
    assert_int_equal(sk_service_launch(node, NULL, "quiet", NULL, &handle), SK_ELIMIT);
    assert_true(sk_handle_is_none(handle));
    /* One becomes free, and is found; then all are given back. */
    (void)sk_registry_remove(registry, (sk_handle){77777});
    assert_int_equal(sk_service_launch(node, NULL, "quiet", NULL, &handle), 0);
    assert_int_equal(handle.v, 77777);
    for (uint32_t i = 1; i <= SK_HANDLE_LOCAL_MASK; i++)
        if (i != first.v && i != handle.v)
            (void)sk_registry_remove(registry, (sk_handle){i});
    sk_node_abort(node);
    assert_int_equal(sk_node_run(node), 0);
    assert_int_equal(released, 2);
    sk_node_free(node);
    sk_clock_free(clock);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_handle_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
