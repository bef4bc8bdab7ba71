/* test_reclaim.c -- nothing is freed while a participant may see it, everything afterwards. */
#include "actor/reclaim.h"
#include "base/random.h"
#include "support/chance.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define PARTICIPANT_COUNT 3
#define ITEM_COUNT 64

static void count_up(void *counter) { (*(int *)counter)++; }

static void test_with_nobody_online(void **state) {
    (void)state;
    int freed = 0;
    sk_reclaim *reclaim = sk_reclaim_new(2);
    sk_reclaim_collect(reclaim);
    sk_reclaim_defer(reclaim, &freed, count_up);
    assert_int_equal(freed, 0);
    sk_reclaim_collect(reclaim);
    assert_int_equal(freed, 1);
    sk_reclaim_collect(reclaim);
    assert_int_equal(freed, 1);
    sk_reclaim_free(reclaim);
    assert_int_equal(freed, 1);
    sk_reclaim_free(NULL);
}

static void test_an_online_participant_holds_things(void **state) {
    (void)state;
    int freed = 0;
    sk_reclaim *reclaim = sk_reclaim_new(2);
    sk_reclaim_online(reclaim, 1);
    sk_reclaim_defer(reclaim, &freed, count_up);
    sk_reclaim_defer(reclaim, &freed, count_up);
    sk_reclaim_collect(reclaim);
    assert_int_equal(freed, 0);
    sk_reclaim_online(reclaim, 0); /* too late to see them */
    sk_reclaim_quiescent(reclaim, 1);
    sk_reclaim_collect(reclaim);
    assert_int_equal(freed, 2);
    sk_reclaim_defer(reclaim, &freed, count_up);
    sk_reclaim_quiescent(reclaim, 1);
    sk_reclaim_collect(reclaim);
    assert_int_equal(freed, 2);
    sk_reclaim_offline(reclaim, 0);
    sk_reclaim_collect(reclaim);
    assert_int_equal(freed, 3);
    sk_reclaim_offline(reclaim, 1);
    sk_reclaim_free(reclaim);
}

static void test_free_frees_the_rest(void **state) {
    (void)state;
    int freed = 0;
    sk_reclaim *reclaim = sk_reclaim_new(1);
    for (int i = 0; i < 10; i++)
        sk_reclaim_defer(reclaim, &freed, count_up);
    sk_reclaim_free(reclaim);
    assert_int_equal(freed, 10);
}

typedef struct {
    sk_reclaim *reclaim;
    int left;
} chain;

static void defer_next(void *arg) {
    chain *self = arg;
    if (self->left-- > 0)
        sk_reclaim_defer(self->reclaim, self, defer_next);
}

static void test_a_free_function_may_defer(void **state) {
    (void)state;
    chain self = {.reclaim = sk_reclaim_new(1), .left = 5};
    sk_reclaim_defer(self.reclaim, &self, defer_next);
    sk_reclaim_collect(self.reclaim);
    assert_int_equal(self.left, 4);
    sk_reclaim_free(self.reclaim);
    assert_int_equal(self.left, -1);
}

/* What the test knows of an item: who may still see it. */
typedef struct {
    bool seen[PARTICIPANT_COUNT];
    bool is_deferred;
    bool is_freed;
} item;

static void free_item(void *arg) {
    item *self = arg;
    for (int i = 0; i < PARTICIPANT_COUNT; i++)
        assert_false(self->seen[i]);
    assert_false(self->is_freed);
    self->is_freed = true;
}

typedef struct {
    sk_reclaim *reclaim;
    bool is_online[PARTICIPANT_COUNT];
    item items[ITEM_COUNT];
} model;

/* Participant `self` holds nothing at this moment. */
static void let_go(model *m, int self) {
    for (int i = 0; i < ITEM_COUNT; i++)
        m->items[i].seen[self] = false;
}

static void step(model *m, sk_random *random) {
    int self = (int)sk_random_below(random, PARTICIPANT_COUNT);
    item *it = &m->items[sk_random_below(random, ITEM_COUNT)];
    switch (sk_random_below(random, 5)) {
    case 0:
        let_go(m, self);
        if (m->is_online[self])
            sk_reclaim_offline(m->reclaim, self);
        else
            sk_reclaim_online(m->reclaim, self);
        m->is_online[self] = !m->is_online[self];
        break;
    case 1:
        if (!m->is_online[self])
            break;
        let_go(m, self);
        sk_reclaim_quiescent(m->reclaim, self);
        break;
    case 2:
    case 3:
        if (it->is_deferred)
            break;
        memcpy(it->seen, m->is_online, sizeof it->seen);
        it->is_deferred = true;
        sk_reclaim_defer(m->reclaim, it, free_item);
        break;
    default:
        sk_reclaim_collect(m->reclaim);
        break;
    }
    if (it->is_freed)
        *it = (item){0};
}

static void test_like_the_reference(void **state) {
    (void)state;
    model m = {.reclaim = sk_reclaim_new(PARTICIPANT_COUNT)};
    sk_random random;
    sk_random_init(&random, chance_seed());
    for (int i = 0; i < 100000; i++)
        step(&m, &random);
    for (int self = 0; self < PARTICIPANT_COUNT; self++)
        let_go(&m, self);
    for (int self = 0; self < PARTICIPANT_COUNT; self++)
        if (m.is_online[self])
            sk_reclaim_offline(m.reclaim, self);
    sk_reclaim_collect(m.reclaim);
    for (int i = 0; i < ITEM_COUNT; i++)
        assert_int_equal(m.items[i].is_deferred, m.items[i].is_freed);
    sk_reclaim_free(m.reclaim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_with_nobody_online),
        cmocka_unit_test(test_an_online_participant_holds_things),
        cmocka_unit_test(test_free_frees_the_rest),
        cmocka_unit_test(test_a_free_function_may_defer),
        cmocka_unit_test(test_like_the_reference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
