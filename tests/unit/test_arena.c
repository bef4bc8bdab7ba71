/* test_arena.c -- the first memory of a Lua state: blocks do not overlap, and come back. */
#include "base/defs.h"
#include "base/mem.h"
#include "base/random.h"
#include "lua/arena.h"
#include "support/chance.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define SIZE (24u * 1024)
#define BLOCK_COUNT 400
#define STEP_COUNT 200000

typedef struct {
    unsigned char *data; /* NULL: none */
    size_t size;
    unsigned char fill;
} block;

static char *memory;

static sk_arena fresh(void) {
    sk_arena arena;
    memset(memory, 0xee, SIZE);
    sk_arena_init(&arena, memory, SIZE);
    return arena;
}

static void expect_intact(const block *b) {
    for (size_t i = 0; i < b->size; i++)
        assert_int_equal(b->data[i], b->fill);
}

static void test_no_memory(void **state) {
    (void)state;
    sk_arena arena;
    sk_arena_init(&arena, NULL, 0);
    assert_null(sk_arena_take(&arena, 1));
    assert_null(sk_arena_take(&arena, SK_ARENA_BLOCK_MAX));
    assert_false(sk_arena_has(&arena, NULL));
    assert_false(sk_arena_has(&arena, &arena));
}

static void test_limits(void **state) {
    (void)state;
    sk_arena arena = fresh();
    assert_null(sk_arena_take(&arena, SK_ARENA_BLOCK_MAX + 1));
    assert_null(sk_arena_take(&arena, SIZE_MAX));
    assert_false(sk_arena_has(&arena, NULL));
    size_t total = 0;
    char *got;
    while ((got = sk_arena_take(&arena, SK_ARENA_BLOCK_MAX))) {
        assert_true(sk_arena_has(&arena, got));
        assert_true(got >= memory && got + SK_ARENA_BLOCK_MAX <= memory + SIZE);
        total += SK_ARENA_BLOCK_MAX;
    }
    assert_true(total + SK_ARENA_BLOCK_MAX + SK_ARENA_UNIT > SIZE); /* all of it, but the rest */
    assert_non_null(sk_arena_take(&arena, 1));                      /* which is there for less */
}

static void test_a_block_is_used_again(void **state) {
    (void)state;
    sk_arena arena = fresh();
    void *first = sk_arena_take(&arena, 40);
    void *second = sk_arena_take(&arena, 40);
    sk_arena_give(&arena, first, 40);
    assert_ptr_equal(sk_arena_take(&arena, 33), first); /* the same number of units */
    void *third = sk_arena_take(&arena, 40);
    sk_arena_give(&arena, third, 40); /* the last one: as if it had never been */
    assert_ptr_equal(sk_arena_take(&arena, 64), third);
    sk_arena_give(&arena, second, 40);
    sk_arena_give(&arena, first, 33);
    assert_ptr_equal(sk_arena_take(&arena, 40), first);
    assert_ptr_equal(sk_arena_take(&arena, 40), second);
}

static void test_a_big_block_is_cut_up(void **state) {
    (void)state;
    sk_arena arena = fresh();
    char *big = sk_arena_take(&arena, 1024);
    (void)sk_arena_take(&arena, 8);
    sk_arena_give(&arena, big, 1024);
    for (int i = 0; i < 1024 / 64; i++)
        assert_ptr_equal(sk_arena_take(&arena, 64), big + (ptrdiff_t)i * 64);
    char *behind = sk_arena_take(&arena, 64);
    assert_true(behind >= big + 1024);
}

static void give(sk_arena *arena, block *b) {
    expect_intact(b);
    sk_arena_give(arena, b->data, b->size);
    b->data = NULL;
}

static void take(sk_arena *arena, block *b, sk_random *random) {
    static const size_t LIMITS[] = {16, 64, 256, 512, SK_ARENA_BLOCK_MAX};
    size_t limit = LIMITS[sk_random_below(random, SK_ARRAY_LEN(LIMITS))];
    b->size = 1 + sk_random_below(random, (uint32_t)limit);
    b->fill = (unsigned char)sk_random_below(random, 256);
    b->data = sk_arena_take(arena, b->size);
    if (!b->data)
        return;
    assert_int_equal((uintptr_t)b->data % SK_ARENA_UNIT, 0);
    assert_true((char *)b->data >= memory && (char *)b->data + b->size <= memory + SIZE);
    memset(b->data, b->fill, b->size);
}

/* What is in a block stays there until it is given back, whatever happens to the others. */
static void test_random_use(void **state) {
    (void)state;
    sk_random random;
    sk_random_init(&random, chance_seed());
    sk_arena arena = fresh();
    static block blocks[BLOCK_COUNT];
    uint32_t taken = 0, refused = 0;
    for (int step = 0; step < STEP_COUNT; step++) {
        block *b = &blocks[sk_random_below(&random, BLOCK_COUNT)];
        if (b->data) {
            give(&arena, b);
        } else {
            take(&arena, b, &random);
            taken += b->data != NULL;
            refused += !b->data;
        }
    }
    assert_true(taken > 1000 && refused > 1000); /* both were reached */
    for (int i = 0; i < BLOCK_COUNT; i++)
        if (blocks[i].data)
            give(&arena, &blocks[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_a_block_is_used_again),
        cmocka_unit_test(test_a_big_block_is_cut_up),
        cmocka_unit_test(test_random_use),
    };
    memory = sk_malloc(SIZE);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    sk_free(memory);
    return failed;
}
