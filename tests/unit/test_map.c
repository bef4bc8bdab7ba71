/* test_map.c -- the hash map against a table of what must be in it. */
#include "base/map.h"
#include "base/mem.h"
#include "base/random.h"
#include "support/chance.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define KEY_COUNT 512
#define STEP_COUNT 40000

/* Something that is no NULL. */
static void *value_of(uint64_t number) { return (void *)(uintptr_t)(number + 1); }

static void test_empty(void **state) {
    (void)state;
    sk_map map = {0};
    uint32_t cursor = 0;
    uint64_t key;
    void *value;
    assert_null(sk_map_get(&map, 1));
    assert_null(sk_map_take(&map, 1));
    assert_false(sk_map_next(&map, &cursor, &key, &value));
    sk_map_done(&map);
    assert_null(sk_map_put(&map, UINT64_MAX, value_of(1)));
    assert_ptr_equal(sk_map_put(&map, UINT64_MAX, value_of(2)), value_of(1));
    assert_int_equal(map.count, 1);
    assert_ptr_equal(sk_map_take(&map, UINT64_MAX), value_of(2));
    assert_null(sk_map_get(&map, UINT64_MAX));
    assert_int_equal(map.count, 0);
    sk_map_done(&map);
}

static void test_sequential_keys(void **state) {
    (void)state;
    sk_map map = {0};
    for (uint64_t key = 1; key <= 100000; key++) {
        assert_null(sk_map_put(&map, key, value_of(key)));
        if (key > 100)
            assert_ptr_equal(sk_map_take(&map, key - 100), value_of(key - 100));
    }
    assert_int_equal(map.count, 100);
    assert_true(map.cap <= 256); /* what was taken leaves nothing behind */
    sk_map_done(&map);
}

/* Every key of a walk is in the table, and their number is right: so it is the same set. */
static void check_walk(const sk_map *map, const uint64_t *keys, const uint64_t *values) {
    uint32_t cursor = 0, count = 0;
    uint64_t key;
    void *value;
    while (sk_map_next(map, &cursor, &key, &value)) {
        uint32_t i = 0;
        while (i < KEY_COUNT && keys[i] != key)
            i++;
        assert_true(i < KEY_COUNT && values[i] != 0);
        assert_ptr_equal(value, value_of(values[i]));
        count++;
    }
    assert_int_equal(count, map->count);
}

/* Keys that collide a lot: equal low bits, neighbours, and the ends of the range. */
static uint64_t make_key(sk_random *random, uint32_t i) {
    switch (sk_random_below(random, 4)) {
    case 0:
        return i + 1;
    case 1:
        return ((uint64_t)i + 1) << 32;
    case 2:
        return UINT64_MAX - i;
    default:
        return (sk_random_next(random) << 12) | (i + 1);
    }
}

static bool is_new(const uint64_t *keys, uint32_t count, uint64_t key) {
    for (uint32_t i = 0; i < count; i++)
        if (keys[i] == key)
            return false;
    return true;
}

static void test_like_the_reference(void **state) {
    (void)state;
    sk_map map = {0};
    sk_random random;
    uint64_t keys[KEY_COUNT], values[KEY_COUNT] = {0}; /* a value of 0: absent */
    uint32_t count = 0;
    sk_random_init(&random, chance_seed());
    for (uint32_t i = 0; i < KEY_COUNT; i++)
        do
            keys[i] = make_key(&random, i);
        while (!is_new(keys, i, keys[i]));
    for (uint32_t step = 1; step <= STEP_COUNT; step++) {
        /* The map fills and empties in turns. */
        bool puts = sk_random_below(&random, 100) < (step / 4000 % 2 ? 30u : 70u);
        uint32_t i = sk_random_below(&random, KEY_COUNT);
        void *old = values[i] ? value_of(values[i]) : NULL;
        assert_ptr_equal(sk_map_get(&map, keys[i]), old);
        if (puts)
            assert_ptr_equal(sk_map_put(&map, keys[i], value_of(step)), old);
        else
            assert_ptr_equal(sk_map_take(&map, keys[i]), old);
        count = count - (old != NULL) + puts;
        values[i] = puts ? step : 0;
        assert_int_equal(map.count, count);
        if (step % 1000 == 0)
            check_walk(&map, keys, values);
    }
    for (uint32_t i = 0; i < KEY_COUNT; i++)
        assert_ptr_equal(sk_map_get(&map, keys[i]), values[i] ? value_of(values[i]) : NULL);
    sk_map_done(&map);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_sequential_keys),
        cmocka_unit_test(test_like_the_reference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
