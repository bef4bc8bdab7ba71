/* test_base.c -- the small parts of src/base: buffer, list, chance, time, locks, errors, memory. */
#include "base/atomic.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/thread.h"
#include "support/chance.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define THREAD_COUNT 4
#define LOCK_COUNT 20000

/* ---- buffer ---- */

static void test_buffer_grows_and_keeps_its_bytes(void **state) {
    (void)state;
    sk_buffer buffer = {0};
    for (uint32_t i = 0; i < 10000; i++)
        sk_buffer_append(&buffer, &i, sizeof i);
    assert_int_equal(buffer.len, 10000 * sizeof(uint32_t));
    assert_true(buffer.cap >= buffer.len && buffer.cap < 4 * buffer.len);
    for (uint32_t i = 0; i < 10000; i++)
        assert_memory_equal(buffer.data + i * sizeof i, &i, sizeof i);
    sk_buffer_done(&buffer);
    assert_null(buffer.data);
    assert_int_equal(buffer.len + buffer.cap, 0);
    sk_buffer_done(&buffer);
}

static void test_buffer_append_of_nothing(void **state) {
    (void)state;
    sk_buffer buffer = {0};
    sk_buffer_append(&buffer, NULL, 0);
    assert_null(buffer.data);
    assert_int_equal(buffer.len, 0);
    sk_buffer_done(&buffer);
}

static void test_buffer_reserve_does_not_move_len(void **state) {
    (void)state;
    sk_buffer buffer = {0};
    sk_buffer_append(&buffer, "abc", 3);
    uint8_t *at = sk_buffer_reserve(&buffer, 1000);
    assert_ptr_equal(at, buffer.data + 3);
    assert_int_equal(buffer.len, 3);
    memset(at, 'x', 1000);
    assert_memory_equal(buffer.data, "abcx", 4);
    sk_buffer_done(&buffer);
}

static void test_buffer_printf_appends_any_length(void **state) {
    (void)state;
    sk_buffer buffer = {0};
    char text[300];
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    sk_buffer_printf(&buffer, "%d-", 7);
    sk_buffer_printf(&buffer, "%s", "");
    sk_buffer_printf(&buffer, "%s!", text);
    assert_int_equal(buffer.len, 2 + 299 + 1);
    assert_memory_equal(buffer.data, "7-aaa", 5);
    assert_int_equal(buffer.data[buffer.len - 1], '!');
    sk_buffer_done(&buffer);
}

/* ---- list ---- */

typedef struct {
    int number;
    sk_link link;
} item;

static void test_list_keeps_the_order(void **state) {
    (void)state;
    sk_link head;
    item items[3] = {{.number = 0}, {.number = 1}, {.number = 2}};
    sk_list_init(&head);
    assert_true(sk_list_is_empty(&head));
    assert_null(sk_list_pop(&head));
    for (int i = 0; i < 3; i++) {
        sk_list_init(&items[i].link);
        assert_false(sk_list_is_linked(&items[i].link));
        sk_list_push(&head, &items[i].link);
        assert_true(sk_list_is_linked(&items[i].link));
    }
    sk_list_remove(&items[1].link);
    assert_false(sk_list_is_linked(&items[1].link));
    assert_int_equal(SK_CONTAINER(sk_list_pop(&head), item, link)->number, 0);
    assert_int_equal(SK_CONTAINER(sk_list_pop(&head), item, link)->number, 2);
    assert_true(sk_list_is_empty(&head));
    sk_list_remove(&items[0].link); /* what is not linked may be removed again */
}

/* ---- random ---- */

/* The reference values of splitmix64 with seed 0, and of xoshiro256** from that state. */
static void test_random_is_the_published_generator(void **state) {
    (void)state;
    sk_random random;
    sk_random_init(&random, 0);
    assert_true(random.s[0] == 0xe220a8397b1dcdafu);
    assert_true(random.s[1] == 0x6e789e6aa1b965f4u);
    assert_true(random.s[2] == 0x06c45d188009454fu);
    assert_true(random.s[3] == 0xf88bb8a8724c81ecu);
    random = (sk_random){{1, 2, 3, 4}};
    const uint64_t expected[] = {11520u, 0u, 1509978240u, 1215971899390074240u};
    for (size_t i = 0; i < SK_ARRAY_LEN(expected); i++)
        assert_true(sk_random_next(&random) == expected[i]);
}

static void test_random_below_stays_below_and_is_even(void **state) {
    (void)state;
    sk_random random;
    sk_random_init(&random, chance_seed());
    uint32_t counts[10] = {0};
    for (int i = 0; i < 100000; i++)
        counts[sk_random_below(&random, 10)]++; /* out of range: the address checker sees it */
    for (int i = 0; i < 10; i++)
        assert_in_range(counts[i], 9000, 11000);
    for (int i = 0; i < 100; i++)
        assert_int_equal(sk_random_below(&random, 1), 0);
}

static void test_random_seeds_differ(void **state) {
    (void)state;
    assert_true(sk_random_system_seed() != sk_random_system_seed());
    sk_random a, b, c;
    sk_random_init(&a, 5);
    sk_random_init(&b, 5);
    sk_random_init(&c, 6);
    uint64_t first = sk_random_next(&a);
    assert_true(first == sk_random_next(&b));
    assert_true(first != sk_random_next(&c));
}

/* ---- clock ---- */

static void test_a_cached_reading_is_never_early(void **state) {
    (void)state;
    sk_clock *clock = sk_clock_new();
    sk_clock_cache cache = {0, 0};
    uint64_t last = 0;
    for (int i = 0; i < 100000; i++) {
        uint64_t before = sk_clock_ns(clock);
        uint64_t ns = sk_clock_ns_cached(clock, &cache);
        assert_true(ns >= before);
        last = ns;
    }
    /* A counter that seems to go backwards is read anew. */
    cache.cycles = UINT64_MAX / 2;
    assert_true(sk_clock_ns_cached(clock, &cache) + 1000000 > last);
    sk_clock_free(clock);

    clock = sk_clock_new_virtual(5);
    cache = (sk_clock_cache){0, 0};
    assert_int_equal(sk_clock_ns_cached(clock, &cache), 5000000);
    sk_clock_advance(clock, 3);
    assert_int_equal(sk_clock_ns_cached(clock, &cache), 8000000);
    sk_clock_free(clock);
}

static void test_virtual_clock_moves_by_hand_only(void **state) {
    (void)state;
    sk_clock *clock = sk_clock_new_virtual(1234);
    assert_int_equal(sk_clock_ms(clock), 1234);
    assert_int_equal(sk_clock_ns(clock), 1234000000);
    assert_int_equal(sk_clock_cycles(clock), 0);
    sk_clock_sleep_ms(clock, 1000000); /* returns at once */
    assert_int_equal(sk_clock_ms(clock), 1234);
    sk_clock_advance(clock, 66);
    assert_int_equal(sk_clock_ms(clock), 1300);
    assert_int_equal(sk_clock_wall_ns(clock), 1300000000);
    sk_clock_free(clock);
    sk_clock_free(NULL);
}

static void test_system_clock_goes_forward(void **state) {
    (void)state;
    sk_clock *clock = sk_clock_new();
    uint64_t ns = sk_clock_ns(clock);
    uint64_t cycles = sk_clock_cycles(clock);
    sk_clock_sleep_ms(clock, 20);
    uint64_t elapsed_ns = sk_clock_ns(clock) - ns;
    double seconds = sk_clock_cycles_to_seconds(clock, sk_clock_cycles(clock) - cycles);
    assert_true(elapsed_ns >= 20000000);
    assert_true(seconds > 0.018);
    assert_true(sk_clock_us_to_cycles(clock, 1000000) / 1000 > 1000); /* more than 1 MHz */
    assert_true(sk_clock_wall_ns(clock) > 1700000000u * (uint64_t)1000000000u);
    sk_clock_free(clock);
}

/* ---- locks ---- */

typedef struct {
    sk_spin spin;
    sk_lock lock;
    uint64_t under_spin, under_lock;
} locked;

static void *lock_main(void *arg) {
    locked *shared = arg;
    for (int i = 0; i < LOCK_COUNT; i++) {
        sk_spin_acquire(&shared->spin);
        shared->under_spin++;
        sk_spin_release(&shared->spin);
        sk_lock_acquire(&shared->lock);
        shared->under_lock++;
        sk_lock_release(&shared->lock);
    }
    return NULL;
}

static void test_locks_exclude(void **state) {
    (void)state;
    locked shared = {0};
    pthread_t threads[THREAD_COUNT];
    sk_lock_init(&shared.lock);
    for (int i = 0; i < THREAD_COUNT; i++)
        assert_int_equal(sk_thread_start(&threads[i], "locker", lock_main, &shared), 0);
    for (int i = 0; i < THREAD_COUNT; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(shared.under_spin, THREAD_COUNT * LOCK_COUNT);
    assert_int_equal(shared.under_lock, THREAD_COUNT * LOCK_COUNT);
    assert_int_equal(sk_load_relaxed(&shared.spin.word), 0);
    sk_lock_done(&shared.lock);
}

/* ---- futex and threads ---- */

typedef struct {
    _Atomic uint32_t ping, pong;
} table;

static void wait_for(_Atomic uint32_t *word, uint32_t value) {
    for (uint32_t now; (now = sk_load_acquire(word)) != value;)
        sk_futex_wait(word, now, -1);
}

static void *pong_main(void *arg) {
    table *shared = arg;
    for (uint32_t i = 1; i <= 1000; i++) {
        wait_for(&shared->ping, i);
        sk_store_release(&shared->pong, i);
        sk_futex_wake(&shared->pong);
    }
    return NULL;
}

static void test_futex_wakes(void **state) {
    (void)state;
    table shared = {0};
    pthread_t thread;
    assert_int_equal(sk_thread_start(&thread, "pong", pong_main, &shared), 0);
    for (uint32_t i = 1; i <= 1000; i++) {
        sk_store_release(&shared.ping, i);
        sk_futex_wake(&shared.ping);
        wait_for(&shared.pong, i);
    }
    pthread_join(thread, NULL);
}

static void test_futex_wait_ends(void **state) {
    (void)state;
    _Atomic uint32_t word = 1;
    sk_futex_wait(&word, 0, -1); /* another value: does not sleep */
    sk_futex_wait(&word, 1, 5);  /* nobody wakes it */
    assert_int_equal(sk_load_relaxed(&word), 1);
}

static void *signals_main(void *arg) {
    pthread_sigmask(SIG_BLOCK, NULL, arg);
    return NULL;
}

static void test_threads_start_with_signals_blocked(void **state) {
    (void)state;
    sigset_t inside, outside;
    pthread_t thread;
    assert_int_equal(sk_thread_start(&thread, "a name of many bytes", signals_main, &inside), 0);
    pthread_join(thread, NULL);
    pthread_sigmask(SIG_BLOCK, NULL, &outside);
    assert_int_equal(sigismember(&inside, SIGTERM), 1);
    assert_int_equal(sigismember(&outside, SIGTERM), 0);
    assert_true(sk_thread_cpu_count() >= 1);
}

/* ---- errors, memory ---- */

static void test_errors_have_texts(void **state) {
    (void)state;
    assert_string_equal(sk_err_text(0), "success");
    assert_string_equal(sk_err_text(SK_ENOENT), "no such service");
    assert_string_equal(sk_err_text(SK_EREMOTE), "no route to another node");
    assert_string_equal(sk_err_text(-ECONNREFUSED), "Connection refused");
    assert_string_equal(sk_err_text(-9999), "unknown error");
    assert_string_equal(sk_err_text(-99999), "unknown error");
    assert_string_equal(sk_err_text(5), "unknown error");
    errno = EPIPE;
    assert_int_equal(sk_err_from_errno(), -EPIPE);
    errno = 0;
    assert_int_equal(sk_err_from_errno(), SK_EINVAL);
}

static void test_memory_is_what_it_says(void **state) {
    (void)state;
    void *empty = sk_malloc(0);
    assert_non_null(empty);
    sk_free(empty);
    sk_free(NULL);
    for (size_t size = 1; size < 300; size += 37) {
        unsigned char *line = sk_calloc_line(size);
        assert_int_equal((uintptr_t)line % SK_CACHE_LINE, 0);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(line[i], 0);
        sk_free(line);
    }
    char *text = sk_memdup_text("abc\0def", 7);
    assert_memory_equal(text, "abc\0def", 8);
    text = sk_realloc(text, 4);
    assert_string_equal(text, "abc");
    sk_free(text);
    text = sk_try_realloc(NULL, 8);
    memcpy(text, "1234567", 8);
    assert_null(sk_try_realloc(text, SIZE_MAX / 2));
    text = sk_try_realloc(text, 64);
    assert_string_equal(text, "1234567");
    sk_free(text);
    text = sk_memdup_text(NULL, 0);
    assert_string_equal(text, "");
    sk_free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_buffer_grows_and_keeps_its_bytes),
        cmocka_unit_test(test_buffer_append_of_nothing),
        cmocka_unit_test(test_buffer_reserve_does_not_move_len),
        cmocka_unit_test(test_buffer_printf_appends_any_length),
        cmocka_unit_test(test_list_keeps_the_order),
        cmocka_unit_test(test_random_is_the_published_generator),
        cmocka_unit_test(test_random_below_stays_below_and_is_even),
        cmocka_unit_test(test_random_seeds_differ),
        cmocka_unit_test(test_virtual_clock_moves_by_hand_only),
        cmocka_unit_test(test_a_cached_reading_is_never_early),
        cmocka_unit_test(test_system_clock_goes_forward),
        cmocka_unit_test(test_locks_exclude),
        cmocka_unit_test(test_futex_wakes),
        cmocka_unit_test(test_futex_wait_ends),
        cmocka_unit_test(test_threads_start_with_signals_blocked),
        cmocka_unit_test(test_errors_have_texts),
        cmocka_unit_test(test_memory_is_what_it_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
