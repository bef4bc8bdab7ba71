/* test_runqueue.c -- the ring of one worker: order, bounds, halves, and positions that wrap. */
#include "actor/runqueue.h"
#include "base/random.h"
#include "support/chance.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* A queue only carries its services. */
static sk_service *service_of(uintptr_t number) { return (sk_service *)(number * 64); }

static void push(sk_runqueue *queue, uintptr_t number) {
    assert_true(sk_runqueue_push(queue, service_of(number)));
}

/* An empty queue that has been in use for long. */
static void init_at(sk_runqueue *queue, uint32_t position) {
    memset(queue, 0, sizeof *queue);
    sk_store_relaxed(&queue->head, position);
    sk_store_relaxed(&queue->tail, position);
}

static void test_first_in_first_out(void **state) {
    (void)state;
    sk_runqueue queue;
    init_at(&queue, 0);
    assert_null(sk_runqueue_pop(&queue));
    assert_int_equal(sk_runqueue_len(&queue), 0);
    for (uintptr_t i = 1; i <= 3; i++)
        push(&queue, i);
    assert_int_equal(sk_runqueue_len(&queue), 3);
    for (uintptr_t i = 1; i <= 3; i++)
        assert_ptr_equal(sk_runqueue_pop(&queue), service_of(i));
    assert_null(sk_runqueue_pop(&queue));
}

static void test_full(void **state) {
    (void)state;
    sk_runqueue queue;
    init_at(&queue, UINT32_MAX - 10); /* the positions wrap on the way */
    for (uintptr_t i = 1; i <= SK_RUNQUEUE_LEN; i++)
        push(&queue, i);
    assert_false(sk_runqueue_push(&queue, service_of(1000)));
    assert_int_equal(sk_runqueue_len(&queue), SK_RUNQUEUE_LEN);
    assert_ptr_equal(sk_runqueue_pop(&queue), service_of(1));
    push(&queue, 1000);
    for (uintptr_t i = 2; i <= SK_RUNQUEUE_LEN; i++)
        assert_ptr_equal(sk_runqueue_pop(&queue), service_of(i));
    assert_ptr_equal(sk_runqueue_pop(&queue), service_of(1000));
    assert_null(sk_runqueue_pop(&queue));
}

/* Of `count` services the thief gets the older half, rounded up, and runs the oldest at once. */
static void check_steal(uint32_t count, uint32_t position) {
    sk_runqueue from, into;
    init_at(&from, position);
    init_at(&into, position / 2);
    for (uintptr_t i = 1; i <= count; i++)
        push(&from, i);
    uint32_t taken = count - count / 2;
    sk_service *first = sk_runqueue_steal(&into, &from);
    assert_ptr_equal(first, count ? service_of(1) : NULL);
    assert_int_equal(sk_runqueue_len(&into), taken ? taken - 1 : 0);
    assert_int_equal(sk_runqueue_len(&from), count - taken);
    for (uintptr_t i = 2; i <= taken; i++)
        assert_ptr_equal(sk_runqueue_pop(&into), service_of(i));
    for (uintptr_t i = taken + 1; i <= count; i++)
        assert_ptr_equal(sk_runqueue_pop(&from), service_of(i));
}

static void test_steal_takes_half(void **state) {
    (void)state;
    for (uint32_t count = 0; count <= SK_RUNQUEUE_LEN; count++) {
        check_steal(count, 0);
        check_steal(count, UINT32_MAX - count / 3);
    }
}

static void test_like_the_reference(void **state) {
    (void)state;
    sk_runqueue queue, thief;
    sk_random random;
    uintptr_t pushed = 0, popped = 0;
    sk_random_init(&random, chance_seed());
    init_at(&queue, UINT32_MAX - 1000);
    init_at(&thief, 0);
    for (int step = 0; step < 200000; step++) {
        uint32_t choice = sk_random_below(&random, 100);
        if (choice < 60) {
            bool fits = sk_runqueue_push(&queue, service_of(pushed + 1));
            assert_int_equal(fits, pushed - popped < SK_RUNQUEUE_LEN);
            pushed += fits;
        } else if (choice < 98) {
            sk_service *expected = popped < pushed ? service_of(popped + 1) : NULL;
            assert_ptr_equal(sk_runqueue_pop(&queue), expected);
            popped += expected != NULL;
        } else {
            sk_service *service = sk_runqueue_steal(&thief, &queue);
            for (; service; service = sk_runqueue_pop(&thief))
                assert_ptr_equal(service, service_of(++popped));
        }
        assert_int_equal(sk_runqueue_len(&queue), pushed - popped);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_in_first_out),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_steal_takes_half),
        cmocka_unit_test(test_like_the_reference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
