/* test_env.c -- the environment: write-once, exact keys, values that never move, many threads. */
#include "actor/env.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/thread.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define THREAD_COUNT 4
#define KEY_COUNT 500

static void test_set_once(void **state) {
    (void)state;
    sk_env *env = sk_env_new();
    assert_null(sk_env_get(env, "a"));
    assert_int_equal(sk_env_set(env, "a", "1"), 0);
    assert_int_equal(sk_env_set(env, "a", "1"), SK_EEXIST);
    assert_int_equal(sk_env_set(env, "a", "2"), SK_EEXIST);
    assert_string_equal(sk_env_get(env, "a"), "1");
    assert_null(sk_env_get(env, "A"));
    assert_null(sk_env_get(env, "aa"));
    assert_null(sk_env_get(env, ""));
    assert_int_equal(sk_env_set(env, "", "empty key"), 0);
    assert_int_equal(sk_env_set(env, "empty value", ""), 0);
    assert_string_equal(sk_env_get(env, ""), "empty key");
    assert_string_equal(sk_env_get(env, "empty value"), "");
    sk_env_free(env);
    sk_env_free(NULL);
}

static void test_values_are_copied_and_stay(void **state) {
    (void)state;
    sk_env *env = sk_env_new();
    char key[32] = "first";
    char value[32] = "value";
    assert_int_equal(sk_env_set(env, key, value), 0);
    memset(key, 'x', sizeof key - 1);
    memset(value, 'x', sizeof value - 1);
    const char *first = sk_env_get(env, "first");
    for (int i = 0; i < 10000; i++) {
        snprintf(key, sizeof key, "key%d", i);
        snprintf(value, sizeof value, "%d", i * i);
        assert_int_equal(sk_env_set(env, key, value), 0);
    }
    assert_ptr_equal(sk_env_get(env, "first"), first);
    assert_string_equal(first, "value");
    assert_string_equal(sk_env_get(env, "key9999"), "99980001");
    sk_env_free(env);
}

static void test_numbers(void **state) {
    (void)state;
    sk_env *env = sk_env_new();
    const struct {
        const char *text;
        long number;
    } cases[] = {{"8", 8},
                 {"2x", 2},
                 {"abc", 0},
                 {"", 0},
                 {"-3", -3},
                 {" 7", 7},
                 {"2.5", 2},
                 {"0x10", 0},
                 {"010", 10},
                 {"+4", 4},
                 {"99999999999999999999", LONG_MAX}};
    for (size_t i = 0; i < SK_ARRAY_LEN(cases); i++) {
        char key[16];
        snprintf(key, sizeof key, "n%zu", i);
        assert_int_equal(sk_env_set(env, key, cases[i].text), 0);
        assert_int_equal(sk_env_get_int(env, key, 42), cases[i].number);
    }
    assert_int_equal(sk_env_get_int(env, "unset", 42), 42);
    sk_env_free(env);
}

static void test_booleans(void **state) {
    (void)state;
    sk_env *env = sk_env_new();
    const char *off[] = {"false", "yes", "1", "", "True", "true ", "truer"};
    assert_int_equal(sk_env_set(env, "on", "true"), 0);
    assert_true(sk_env_get_bool(env, "on", false));
    for (size_t i = 0; i < SK_ARRAY_LEN(off); i++) {
        assert_int_equal(sk_env_set(env, off[i], off[i]), 0);
        assert_false(sk_env_get_bool(env, off[i], true));
    }
    assert_true(sk_env_get_bool(env, "unset", true));
    assert_false(sk_env_get_bool(env, "unset", false));
    sk_env_free(env);
}

typedef struct {
    sk_env *env;
    int index;
    int won; /* keys this thread was the first to set */
} racer;

static void *race(void *arg) {
    racer *me = arg;
    char value[16];
    snprintf(value, sizeof value, "%d", me->index);
    for (int i = 0; i < KEY_COUNT; i++) {
        char key[16];
        snprintf(key, sizeof key, "key%d", i);
        const char *before = sk_env_get(me->env, key);
        bool won = sk_env_set(me->env, key, value) == 0;
        const char *after = sk_env_get(me->env, key);
        me->won += won;
        if (!after || (before && after != before) || (won && strcmp(after, value) != 0))
            return me;
    }
    return NULL;
}

static void test_one_winner_per_key(void **state) {
    (void)state;
    sk_env *env = sk_env_new();
    racer racers[THREAD_COUNT];
    pthread_t threads[THREAD_COUNT];
    for (int i = 0; i < THREAD_COUNT; i++) {
        racers[i] = (racer){env, i, 0};
        assert_int_equal(sk_thread_start(&threads[i], "racer", race, &racers[i]), 0);
    }
    int won = 0;
    for (int i = 0; i < THREAD_COUNT; i++) {
        void *failed;
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
        won += racers[i].won;
    }
    assert_int_equal(won, KEY_COUNT);
    sk_env_free(env);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set_once),
        cmocka_unit_test(test_values_are_copied_and_stay),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_booleans),
        cmocka_unit_test(test_one_winner_per_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
