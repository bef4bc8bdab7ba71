/* test_start.c -- skynet_start: a node inside a program of somebody else. */
#include "skynet_env.h"
#include "skynet_imp.h"
#include "skynet_timer.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

/* A service that writes two settings to the file `answer`, and ends the node. */
static const char SERVICE[] =
    "local skynet = require 'skynet.manager'\n"
    "skynet.start(function()\n"
    "  local file = assert(io.open(skynet.getenv 'answer', 'w'))\n"
    "  file:write(skynet.getenv 'thread', ' ', skynet.getenv 'harbor', ' ', skynet.self())\n"
    "  file:close()\n"
    "  skynet.abort()\n"
    "end)\n";

static char folder[] = "/tmp/skein-start-XXXXXX";

static const char *path_of(const char *name) {
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int make_folder(void **state) {
    (void)state;
    assert_non_null(mkdtemp(folder));
    FILE *file = fopen(path_of("first.lua"), "w");
    assert_non_null(file);
    fputs(SERVICE, file);
    fclose(file);
    return 0;
}

static int remove_folder(void **state) {
    (void)state;
    unlink(path_of("first.lua"));
    unlink(path_of("answer"));
    unlink(path_of("log"));
    return rmdir(folder);
}

static void run_once(void) {
    char answer[64] = {0};
    char log[256];
    snprintf(log, sizeof log, "%s", path_of("log"));
    struct skynet_config config = {
        .thread = 2, .harbor = 0, .bootstrap = "snlua first", .logger = log};
    assert_null(skynet_getenv("answer"));
    skynet_setenv("answer", path_of("answer"));
    skynet_setenv("luaservice", path_of("?.lua"));
    assert_string_equal(skynet_getenv("luaservice"), path_of("?.lua"));
    skynet_start(&config);
    FILE *file = fopen(path_of("answer"), "r");
    assert_non_null(file);
    assert_non_null(fgets(answer, sizeof answer, file));
    fclose(file);
    assert_string_equal(answer, "2 0 2");
}

/* Once more in the same process: nothing of the first node is left. */
static void test_two_nodes_in_turn(void **state) {
    (void)state;
    sigset_t before, after;
    pthread_sigmask(SIG_SETMASK, NULL, &before);
    run_once();
    run_once();
    pthread_sigmask(SIG_SETMASK, NULL, &after);
    assert_int_equal(sigismember(&before, SIGINT), sigismember(&after, SIGINT));
}

static void test_without_a_node(void **state) {
    (void)state;
    assert_null(skynet_getenv("anything"));
    assert_int_equal(skynet_starttime(), 0);
    assert_int_equal(skynet_thread_time(), 0);
    assert_int_equal(skynet_timeout(1, 0, 1), -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_a_node),
        cmocka_unit_test(test_two_nodes_in_turn),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
