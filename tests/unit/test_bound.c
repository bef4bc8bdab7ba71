/* test_bound.c -- the age of messages against a reference that knows each one's time; policies;
 * exit reasons as text and back. */
#include "actor/bound.h"
#include "actor/exit.h"
#include "base/buffer.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/random.h"
#include "support/chance.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_policies(void **state) {
    (void)state;
    for (int i = SK_POLICY_WARN; i <= SK_POLICY_DROP_OLDEST; i++) {
        sk_policy policy;
        assert_int_equal(sk_policy_parse(sk_policy_name((sk_policy)i), &policy), 0);
        assert_int_equal(policy, i);
    }
    sk_policy policy = SK_POLICY_REFUSE;
    assert_int_equal(sk_policy_parse("drop", &policy), SK_EINVAL);
    assert_int_equal(sk_policy_parse("", &policy), SK_EINVAL);
    assert_int_equal(policy, SK_POLICY_REFUSE);
}

static void test_only_requests_are_covered(void **state) {
    (void)state;
    const uint8_t free_types[] = {SK_TYPE_RESPONSE, SK_TYPE_SYSTEM, SK_TYPE_HARBOR, SK_TYPE_SOCKET,
                                  SK_TYPE_ERROR,    SK_TYPE_DEBUG,  SK_TYPE_TRACE,  SK_TYPE_EXIT};
    for (int type = 0; type <= 255; type++) {
        bool is_free = memchr(free_types, type, sizeof free_types) != NULL;
        sk_msg msg = {.type = (uint8_t)type, .kind = SK_MSG_INLINE};
        assert_int_equal(sk_bound_covers(&msg), !is_free);
        msg.kind = SK_MSG_NODE;
        assert_false(sk_bound_covers(&msg));
    }
}

/* ---- the age ---- */

#define MESSAGE_COUNT 4000

/* A box as a list of times; messages come and go at random, some handlers are slow. */
static void run_box(uint32_t delay_ms, sk_random *random) {
    static uint64_t came_ms[MESSAGE_COUNT];
    const sk_bound_settings settings = {.delay_ms_max = delay_ms};
    sk_bound bound;
    sk_bound_init(&bound, &settings);
    uint64_t now_ms = 1000, step_max_ms = 1 + sk_random_below(random, 2 * delay_ms);
    uint32_t pushed = 0, popped = 0;
    while (popped < MESSAGE_COUNT) {
        uint64_t step_ms = sk_random_below(random, (uint32_t)step_max_ms);
        uint64_t burst = sk_random_below(random, 4);
        bool was_empty = pushed == popped;
        for (uint64_t i = 0; i < burst && pushed < MESSAGE_COUNT; i++)
            came_ms[pushed++] = now_ms + sk_random_below(random, (uint32_t)step_ms + 1);
        uint64_t woken_ms = was_empty && pushed > popped ? came_ms[popped] : 0;
        uint64_t handled_ms = now_ms;
        now_ms += step_ms;
        if (pushed == popped)
            continue;
        uint64_t real_ms = now_ms - came_ms[popped++];
        uint64_t age_ms = sk_bound_pop(&bound, now_ms, pushed - popped, woken_ms);
        assert_true(age_ms <= real_ms);
        /* Late by the handling of one message, and an eighth of the bound; never more, as long as
         * the ring need not hold more than twice the bound. */
        if (real_ms <= 2 * delay_ms)
            assert_true(real_ms - age_ms <= 2 * (now_ms - handled_ms) + step_max_ms + delay_ms / 8);
        else
            assert_true(age_ms + delay_ms / 8 + 2 * step_max_ms > 2 * delay_ms - delay_ms / 4);
    }
}

static void test_ages_are_never_too_high_and_hardly_too_low(void **state) {
    (void)state;
    sk_random random;
    sk_random_init(&random, chance_seed());
    for (int round = 0; round < 200; round++)
        run_box(1 + sk_random_below(&random, 1000), &random);
}

static void test_a_message_that_woke_the_service_has_its_time(void **state) {
    (void)state;
    const sk_bound_settings settings = {.delay_ms_max = 100};
    sk_bound bound;
    sk_bound_init(&bound, &settings);
    assert_int_equal(sk_bound_pop(&bound, 500, 0, 200), 300);
    assert_int_equal(sk_bound_pop(&bound, 500, 0, 0), 0);
    assert_int_equal(sk_bound_pop(&bound, 500, 0, 600), 0); /* a clock that went backwards */
}

/* ---- reasons ---- */

static void expect_text(const sk_exit_reason *reason, const char *expected) {
    sk_buffer buffer = {0};
    sk_exit_print(reason, &buffer);
    assert_string_equal((char *)buffer.data, expected);
    assert_int_equal(buffer.len, strlen(expected));
    sk_buffer_done(&buffer);
}

static void expect_again(const char *text, sk_exit_kind kind) {
    sk_exit_reason reason = sk_exit_parse(text);
    assert_int_equal(reason.kind, kind);
    expect_text(&reason, text);
}

static void test_reasons(void **state) {
    (void)state;
    expect_text(&(sk_exit_reason){.kind = SK_EXIT_KILLED, .by = {0x1a}}, "killed by :0000001a");
    expect_text(&(sk_exit_reason){.kind = SK_EXIT_KILLED}, "killed");
    expect_text(&(sk_exit_reason){.kind = SK_EXIT_GONE}, "gone");
    expect_text(&(sk_exit_reason){.kind = SK_EXIT_NORMAL, .text = "x"}, "normal");
    expect_text(&(sk_exit_reason){.kind = SK_EXIT_ERROR}, "error");
    expect_text(&(sk_exit_reason){.kind = SK_EXIT_ERROR, .text = "a\nb"}, "error: a");
    expect_text(&(sk_exit_reason){.kind = SK_EXIT_SHUTDOWN, .text = ""}, "shutdown");
    expect_again("normal", SK_EXIT_NORMAL);
    expect_again("memory", SK_EXIT_MEMORY);
    expect_again("killed", SK_EXIT_KILLED);
    expect_again("shutdown", SK_EXIT_SHUTDOWN);
    expect_again("shutdown: intensity", SK_EXIT_SHUTDOWN);
    expect_again("error: no luck", SK_EXIT_ERROR);
    assert_int_equal(sk_exit_parse("killed by :0000001a").kind, SK_EXIT_KILLED);
    sk_exit_reason reason = sk_exit_parse("whatever");
    expect_text(&reason, "error: whatever");
}

static void test_the_text_of_a_reason_is_cut(void **state) {
    (void)state;
    char text[SK_EXIT_TEXT_LEN_MAX + 2];
    for (size_t len = SK_EXIT_TEXT_LEN_MAX - 1; len <= SK_EXIT_TEXT_LEN_MAX + 1; len++) {
        sk_buffer buffer = {0};
        memset(text, 'x', len);
        text[len] = '\0';
        sk_exit_print(&(sk_exit_reason){.kind = SK_EXIT_ERROR, .text = text}, &buffer);
        size_t shown = len < SK_EXIT_TEXT_LEN_MAX ? len : SK_EXIT_TEXT_LEN_MAX;
        assert_int_equal(buffer.len, strlen("error: ") + shown);
        sk_buffer_done(&buffer);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_policies),
        cmocka_unit_test(test_only_requests_are_covered),
        cmocka_unit_test(test_ages_are_never_too_high_and_hardly_too_low),
        cmocka_unit_test(test_a_message_that_woke_the_service_has_its_time),
        cmocka_unit_test(test_reasons),
        cmocka_unit_test(test_the_text_of_a_reason_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
