/* test_timer.c -- the timing wheel against a list of what was armed.
 *
 * The node is a fake with a virtual clock and records what is posted to it. The reference fires
 * entries in the order of their expiry, and of arming within a millisecond. */
#include "actor/timer.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/random.h"
#include "support/chance.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define ENTRY_COUNT_MAX 20000

typedef struct {
    uint64_t expire_ms;
    bool has_fired;
} expected;

struct sk_node {
    sk_clock *clock;
    sk_timer *timer;
    expected entries[ENTRY_COUNT_MAX]; /* by session */
    int32_t armed;                     /* sessions below are armed */
    int32_t fired;
    int32_t last; /* session that fired last in this run; -1: none */
};

sk_clock *sk_node_clock(const sk_node *node) { return node->clock; }

/* Called for what fires. */
int sk_node_post(sk_node *node, sk_worker *worker, sk_handle to, sk_msg *take_msg) {
    int32_t session = take_msg->session;
    assert_null(worker);
    assert_int_equal(to.v, 0x01000000u + (uint32_t)session);
    assert_int_equal(take_msg->type, SK_TYPE_RESPONSE);
    assert_int_equal(take_msg->source.v, 0);
    assert_int_equal(take_msg->size, 0);
    assert_null(take_msg->next);
    expected *e = &node->entries[session];
    assert_false(e->has_fired);
    assert_true(e->expire_ms <= sk_clock_ms(node->clock));
    if (node->last >= 0) {
        expected *before = &node->entries[node->last];
        assert_true(before->expire_ms < e->expire_ms ||
                    (before->expire_ms == e->expire_ms && node->last < session));
    }
    e->has_fired = true;
    node->last = session;
    node->fired++;
    sk_msg_free(take_msg);
    return session % 2 ? 0 : SK_ENOENT; /* services may be gone */
}

static sk_node *open_node(uint64_t start_ms) {
    sk_node *node = sk_new(sk_node);
    node->clock = sk_clock_new_virtual(start_ms);
    node->timer = sk_timer_new(node);
    return node;
}

static void close_node(sk_node *node) {
    sk_timer_free(node->timer);
    sk_clock_free(node->clock);
    sk_free(node);
}

/* When the first entry should fire. */
static uint64_t first_expiry(const sk_node *node) {
    uint64_t first = UINT64_MAX;
    for (int32_t i = 0; i < node->armed; i++)
        if (!node->entries[i].has_fired && node->entries[i].expire_ms < first)
            first = node->entries[i].expire_ms;
    return first;
}

static void arm(sk_node *node, uint64_t delay_ms) {
    uint64_t now_ms = sk_clock_ms(node->clock);
    uint64_t first = first_expiry(node);
    int32_t session = node->armed++;
    assert_true(session < ENTRY_COUNT_MAX);
    bool is_earliest = sk_timer_add(node->timer, (sk_handle){0x01000000u + (uint32_t)session},
                                    session, delay_ms, 0);
    /* "Now" is the next millisecond if the wheel has been run in this one. */
    node->entries[session].expire_ms = now_ms + (delay_ms ? delay_ms : 1);
    int64_t wait_ms = sk_timer_wait_ms(node->timer);
    assert_true(wait_ms >= 0 && (uint64_t)wait_ms <= delay_ms + (delay_ms == 0));
    if (first == UINT64_MAX)
        assert_true(is_earliest);
}

/* Runs the wheel; nothing that is due may be left. */
static void run(sk_node *node) {
    int32_t fired = node->fired;
    node->last = -1;
    int count = sk_timer_run(node->timer, NULL);
    assert_int_equal(count, node->fired - fired);
    assert_true(first_expiry(node) > sk_clock_ms(node->clock));
    assert_int_equal(sk_timer_count(node->timer), node->armed - node->fired);
}

/* The wait may be too short, never too long; what it returns goes to the next look. */
static uint64_t check_wait(sk_node *node) {
    int64_t wait_ms = sk_timer_wait_ms(node->timer);
    uint64_t first = first_expiry(node);
    if (first == UINT64_MAX) {
        assert_int_equal(wait_ms, -1);
        return 0;
    }
    assert_true(wait_ms >= 0);
    assert_true(sk_clock_ms(node->clock) + (uint64_t)wait_ms <= first);
    return (uint64_t)wait_ms;
}

static void test_nothing_is_armed(void **state) {
    (void)state;
    sk_node *node = open_node(1000);
    assert_int_equal(sk_timer_wait_ms(node->timer), -1);
    assert_int_equal(sk_timer_run(node->timer, NULL), 0);
    assert_int_equal(sk_timer_count(node->timer), 0);
    close_node(node);
    sk_timer_free(NULL);
}

static void test_one_entry_fires_in_its_millisecond(void **state) {
    (void)state;
    const uint64_t delays[] = {1, 2, 63, 64, 65, 100, 4095, 4096, 4097, 262144, 30000000};
    for (size_t i = 0; i < SK_ARRAY_LEN(delays); i++) {
        sk_node *node = open_node(12345);
        arm(node, delays[i]);
        sk_clock_advance(node->clock, delays[i] - 1);
        run(node);
        assert_int_equal(node->fired, 0);
        sk_clock_advance(node->clock, 1);
        assert_int_equal(sk_timer_wait_ms(node->timer), 0);
        run(node);
        assert_int_equal(node->fired, 1);
        assert_int_equal(sk_timer_wait_ms(node->timer), -1);
        close_node(node);
    }
}

static void test_no_delay(void **state) {
    (void)state;
    sk_node *node = open_node(12345);
    run(node);
    arm(node, 0);
    assert_true(sk_timer_wait_ms(node->timer) <= 1);
    sk_clock_advance(node->clock, 1);
    run(node);
    assert_int_equal(node->fired, 1);
    sk_clock_advance(node->clock, 500); /* the wheel stands behind: the present counts */
    arm(node, 0);
    node->entries[1].expire_ms = sk_clock_ms(node->clock);
    assert_int_equal(sk_timer_wait_ms(node->timer), 0);
    run(node);
    assert_int_equal(node->fired, 2);
    close_node(node);
}

/* Armed at different times, with different delays, for the same millisecond. */
static void test_same_millisecond_fires_in_the_order_of_arming(void **state) {
    (void)state;
    sk_random random;
    sk_random_init(&random, chance_seed());
    for (int round = 0; round < 200; round++) {
        sk_node *node = open_node(sk_random_below(&random, 1u << 20));
        uint64_t span_ms = (uint64_t)1 << sk_random_below(&random, 26);
        uint64_t goal_ms = sk_clock_ms(node->clock) + span_ms;
        while (sk_clock_ms(node->clock) < goal_ms) {
            uint64_t left_ms = goal_ms - sk_clock_ms(node->clock);
            arm(node, left_ms);
            if (sk_random_below(&random, 2))
                run(node);
            sk_clock_advance(node->clock, left_ms < 3 ? 1 : left_ms / 2);
        }
        run(node); /* the order is checked when they are posted */
        assert_int_equal(node->fired, node->armed);
        close_node(node);
    }
}

static void test_a_stall_of_hours(void **state) {
    (void)state;
    sk_random random;
    sk_random_init(&random, chance_seed());
    sk_node *node = open_node(777);
    for (int i = 0; i < 3000; i++)
        arm(node, sk_random_below(&random, 20u * 3600 * 1000));
    sk_clock_advance(node->clock, 13u * 3600 * 1000);
    run(node);
    assert_in_range(node->fired, 1, 2999);
    sk_clock_advance(node->clock, 8u * 3600 * 1000);
    run(node);
    assert_int_equal(node->fired, 3000);
    close_node(node);
}

static void test_huge_delays_are_far_away(void **state) {
    (void)state;
    const uint64_t year_ms = (uint64_t)365 * 86400 * 1000;
    sk_node *node = open_node(5 * year_ms);
    arm(node, UINT64_MAX);
    arm(node, UINT64_MAX - 5 * year_ms);
    arm(node, UINT64_MAX / 2);
    arm(node, (uint64_t)1 << 42);
    for (int32_t i = 0; i < 4; i++)
        node->entries[i].expire_ms = UINT64_MAX - 1; /* nobody waits for them */
    arm(node, 30 * year_ms);
    assert_true(check_wait(node) > year_ms);
    run(node);
    sk_clock_advance(node->clock, 30 * year_ms);
    run(node);
    assert_int_equal(node->fired, 1);
    assert_int_equal(sk_timer_count(node->timer), 4);
    close_node(node); /* frees what did not fire */
}

static uint64_t any_delay(sk_random *random) {
    uint32_t bits = sk_random_below(random, 38); /* up to 8 years */
    return sk_random_next(random) & (((uint64_t)1 << bits) - 1);
}

/* As a poller does: sleeps as long as the wheel says, sometimes shorter or much longer. */
static void move_on(sk_node *node, sk_random *random) {
    uint64_t wait_ms = check_wait(node);
    switch (sk_random_below(random, 8)) {
    case 0:
        wait_ms = sk_random_below(random, 5);
        break;
    case 1:
        wait_ms += any_delay(random) >> 8;
        break;
    default:
        break;
    }
    sk_clock_advance(node->clock, wait_ms);
}

static void test_like_the_reference(void **state) {
    (void)state;
    sk_random random;
    uint64_t seed = chance_seed();
    for (uint64_t round = 0; round < 60; round++) {
        sk_random_init(&random, seed + round);
        sk_node *node = open_node(sk_random_next(&random) >> (24 + round % 30));
        for (int step = 0; step < 300; step++) {
            for (uint32_t n = sk_random_below(&random, 4); n > 0; n--)
                arm(node, 1 + any_delay(&random));
            move_on(node, &random);
            run(node);
        }
        while (node->fired < node->armed) {
            sk_clock_advance(node->clock, check_wait(node));
            run(node);
        }
        assert_int_equal(sk_timer_wait_ms(node->timer), -1);
        close_node(node);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_armed),
        cmocka_unit_test(test_one_entry_fires_in_its_millisecond),
        cmocka_unit_test(test_no_delay),
        cmocka_unit_test(test_same_millisecond_fires_in_the_order_of_arming),
        cmocka_unit_test(test_a_stall_of_hours),
        cmocka_unit_test(test_huge_delays_are_far_away),
        cmocka_unit_test(test_like_the_reference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
