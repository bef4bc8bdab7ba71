/* test_mailbox.c -- the states of a mailbox, the order of messages, the length. */
#include "actor/mailbox.h"
#include "base/limits.h"
#include "base/random.h"
#include "support/chance.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static sk_msg *new_msg(int32_t number) {
    sk_msg *msg = sk_msg_new(0);
    msg->session = number;
    return msg;
}

static void pop_and_check(sk_mailbox *box, int32_t number) {
    sk_msg *msg = sk_mailbox_pop(box);
    assert_non_null(msg);
    assert_int_equal(msg->session, number);
    assert_null(msg->next);
    sk_msg_free(msg);
}

/* Whatever was in the memory before. */
static void init(sk_mailbox *box) {
    memset(box, 0x55, sizeof *box);
    sk_mailbox_init(box);
}

static void test_a_new_mailbox_is_scheduled(void **state) {
    (void)state;
    sk_mailbox box;
    init(&box);
    assert_int_equal(sk_mailbox_len(&box), 0);
    assert_null(sk_mailbox_pop(&box));
    assert_int_equal(sk_mailbox_push(&box, new_msg(1)), SK_PUSH_QUEUED);
    assert_int_equal(sk_mailbox_len(&box), 1);
    assert_false(sk_mailbox_try_idle(&box));
    pop_and_check(&box, 1);
    assert_true(sk_mailbox_try_idle(&box));
}

static void test_exactly_one_push_schedules(void **state) {
    (void)state;
    sk_mailbox box;
    init(&box);
    for (int round = 0; round < 3; round++) {
        assert_true(sk_mailbox_try_idle(&box));
        assert_int_equal(sk_mailbox_len(&box), 0);
        assert_int_equal(sk_mailbox_push(&box, new_msg(1)), SK_PUSH_SCHEDULE);
        assert_int_equal(sk_mailbox_push(&box, new_msg(2)), SK_PUSH_QUEUED);
        assert_int_equal(sk_mailbox_len(&box), 2);
        pop_and_check(&box, 1);
        assert_int_equal(sk_mailbox_push(&box, new_msg(3)), SK_PUSH_QUEUED);
        assert_int_equal(sk_mailbox_len(&box), 2);
        pop_and_check(&box, 2);
        assert_int_equal(sk_mailbox_len(&box), 1);
        pop_and_check(&box, 3);
        assert_null(sk_mailbox_pop(&box));
        assert_int_equal(sk_mailbox_len(&box), 0);
    }
}

static void push_sized(sk_mailbox *box, size_t size, int count) {
    for (int i = 0; i < count; i++)
        assert_int_equal(sk_mailbox_push(box, sk_msg_new(size)), SK_PUSH_QUEUED);
}

/* Exact as long as every message is looked at; beyond, the rest is taken for like those. */
static void test_size(void **state) {
    (void)state;
    sk_mailbox box;
    init(&box);
    assert_int_equal(sk_mailbox_size(&box), 0);
    push_sized(&box, 100, SK_MAILBOX_WALK_MAX);
    const size_t each = 100 + sizeof(sk_msg);
    assert_int_equal(sk_mailbox_size(&box), SK_MAILBOX_WALK_MAX * each);
    sk_msg_free(sk_mailbox_pop(&box)); /* the others are now on the consumer's list */
    push_sized(&box, 300, SK_MAILBOX_WALK_MAX);
    size_t both = (SK_MAILBOX_WALK_MAX - 1) * each + SK_MAILBOX_WALK_MAX * (each + 200);
    assert_int_equal(sk_mailbox_size(&box), both);
    push_sized(&box, 300, SK_MAILBOX_WALK_MAX);
    size_t exact = both + SK_MAILBOX_WALK_MAX * (each + 200);
    size_t size = sk_mailbox_size(&box);
    assert_in_range(size, both + 1, exact);
    sk_mailbox_close(&box);
    for (sk_msg *msg; (msg = sk_mailbox_pop(&box));)
        sk_msg_free(msg);
    assert_int_equal(sk_mailbox_size(&box), 0);
}

static void test_close_refuses_and_yields_the_rest(void **state) {
    (void)state;
    sk_mailbox box;
    init(&box);
    for (int32_t i = 1; i <= 2; i++)
        assert_int_equal(sk_mailbox_push(&box, new_msg(i)), SK_PUSH_QUEUED);
    pop_and_check(&box, 1);
    (void)sk_mailbox_push(&box, new_msg(3)); /* 2 is with the consumer, 3 in the chain */
    sk_mailbox_close(&box);
    sk_msg *refused = new_msg(4);
    assert_int_equal(sk_mailbox_push(&box, refused), SK_PUSH_CLOSED);
    assert_null(refused->next);
    sk_msg_free(refused);
    assert_int_equal(sk_mailbox_len(&box), 2);
    pop_and_check(&box, 2);
    pop_and_check(&box, 3);
    assert_null(sk_mailbox_pop(&box));
    assert_int_equal(sk_mailbox_len(&box), 0);
}

static void test_close_of_an_empty_mailbox(void **state) {
    (void)state;
    sk_mailbox box;
    init(&box);
    sk_mailbox_close(&box);
    assert_null(sk_mailbox_pop(&box));
    assert_int_equal(sk_mailbox_len(&box), 0);
}

/* A node may be pushed again as soon as it came out. */
static void test_a_node_can_be_reused(void **state) {
    (void)state;
    sk_mailbox box;
    sk_msg node = {.kind = SK_MSG_NODE};
    init(&box);
    for (int i = 0; i < 10; i++) {
        (void)sk_mailbox_push(&box, &node);
        (void)sk_mailbox_push(&box, new_msg(i));
        assert_ptr_equal(sk_mailbox_pop(&box), &node);
        assert_int_equal(sk_mailbox_push(&box, &node), SK_PUSH_QUEUED);
        pop_and_check(&box, i);
        assert_ptr_equal(sk_mailbox_pop(&box), &node);
    }
}

static void test_like_the_reference(void **state) {
    (void)state;
    sk_mailbox box;
    sk_random random;
    int32_t pushed = 0, popped = 0;
    bool is_idle = false;
    sk_random_init(&random, chance_seed());
    init(&box);
    for (int step = 0; step < 100000; step++) {
        uint32_t choice = sk_random_below(&random, 10);
        if (choice < 4) {
            sk_push_result result = sk_mailbox_push(&box, new_msg(pushed++));
            assert_int_equal(result, is_idle ? SK_PUSH_SCHEDULE : SK_PUSH_QUEUED);
            is_idle = false;
        } else if (is_idle) {
            continue;
        } else if (popped < pushed) {
            pop_and_check(&box, popped++);
        } else {
            assert_null(sk_mailbox_pop(&box));
            is_idle = sk_mailbox_try_idle(&box);
            assert_true(is_idle);
        }
        assert_int_equal(sk_mailbox_len(&box), pushed - popped);
    }
    while (popped < pushed)
        pop_and_check(&box, popped++);
}

/* A push itself knows no limit: whoever pushes requests asks first. */
static void test_a_limit_refuses_from_its_length_on(void **state) {
    (void)state;
    sk_mailbox box;
    init(&box);
    assert_false(sk_mailbox_is_limited(&box));
    sk_mailbox_set_limit(&box, 2);
    assert_true(sk_mailbox_is_limited(&box));
    assert_false(sk_mailbox_refuses(&box));
    (void)sk_mailbox_push(&box, new_msg(1));
    assert_false(sk_mailbox_refuses(&box));
    (void)sk_mailbox_push(&box, new_msg(2));
    assert_true(sk_mailbox_refuses(&box));
    assert_true(sk_mailbox_refuses(&box));
    assert_int_equal(sk_load_relaxed(&box.refused), 2);
    (void)sk_mailbox_push(&box, new_msg(3)); /* no request */
    pop_and_check(&box, 1);
    assert_true(sk_mailbox_refuses(&box));
    pop_and_check(&box, 2);
    assert_false(sk_mailbox_refuses(&box));
    sk_store_relaxed(&box.is_late, true);
    assert_true(sk_mailbox_refuses(&box));
    sk_mailbox_set_limit(&box, 0);
    assert_false(sk_mailbox_is_limited(&box));
    sk_mailbox_set_limit(&box, 2); /* not late any more */
    assert_false(sk_mailbox_refuses(&box));
    pop_and_check(&box, 3);
    assert_int_equal(sk_load_relaxed(&box.refused), 4);
}

static void test_the_time_of_waking_is_noted_when_idle(void **state) {
    (void)state;
    sk_mailbox box;
    init(&box);
    sk_mailbox_note_time(&box, 5); /* scheduled: somebody else has woken it */
    assert_int_equal(sk_load_relaxed(&box.woken_ms), 0);
    assert_true(sk_mailbox_try_idle(&box));
    sk_mailbox_note_time(&box, 7);
    assert_int_equal(sk_load_relaxed(&box.woken_ms), 7);
    (void)sk_mailbox_push(&box, new_msg(1));
    sk_mailbox_note_time(&box, 9);
    assert_int_equal(sk_load_relaxed(&box.woken_ms), 7);
    pop_and_check(&box, 1);
}

static void test_message_kinds(void **state) {
    (void)state;
    sk_msg *msg = sk_msg_new_copy("hello", 5);
    assert_int_equal(msg->size, 5);
    assert_string_equal(msg->data, "hello"); /* with an uncounted zero */
    void *payload = sk_msg_take_payload(msg);
    assert_string_equal(payload, "hello");
    free(payload);

    msg = sk_msg_new_around(strdup("block"), 5);
    assert_int_equal(msg->kind, SK_MSG_OUTSIDE);
    payload = sk_msg_take_payload(msg);
    assert_string_equal(payload, "block");
    free(payload);

    sk_msg_free(sk_msg_new_around(strdup("block"), 5));
    msg = sk_msg_new_copy(NULL, 7);
    assert_null(msg->data);
    assert_int_equal(msg->size, 0);
    sk_msg_free(msg);
    msg = sk_msg_new(0);
    assert_non_null(msg->data);
    for (int i = 0; i < SK_MSG_HINT_COUNT; i++)
        assert_int_equal(msg->hints[i], 255);
    sk_msg_free(msg);
    sk_msg node = {.kind = SK_MSG_NODE};
    sk_msg_free(&node);
    sk_msg_free(NULL);
}

static void test_headers_are_aligned_at_every_size(void **state) {
    (void)state;
    for (size_t size = 0; size < 200; size++) {
        sk_msg *msg = sk_msg_new(size);
        assert_int_equal((uintptr_t)msg % _Alignof(sk_msg), 0);
        memset(msg->data, 'x', size);
        assert_int_equal(((char *)msg->data)[size], 0);
        assert_int_equal(msg->size, size);
        sk_msg_free(msg);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_new_mailbox_is_scheduled),
        cmocka_unit_test(test_exactly_one_push_schedules),
        cmocka_unit_test(test_size),
        cmocka_unit_test(test_close_refuses_and_yields_the_rest),
        cmocka_unit_test(test_close_of_an_empty_mailbox),
        cmocka_unit_test(test_a_node_can_be_reused),
        cmocka_unit_test(test_like_the_reference),
        cmocka_unit_test(test_a_limit_refuses_from_its_length_on),
        cmocka_unit_test(test_the_time_of_waking_is_noted_when_idle),
        cmocka_unit_test(test_message_kinds),
        cmocka_unit_test(test_headers_are_aligned_at_every_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
