/* test_mem_stat.c -- what the allocator tells, whichever it is. */
#include "base/err.h"
#include "base/mem.h"
#include "base/mem_stat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define BLOCK_SIZE ((size_t)64 << 20)

static void test_figures(void **state) {
    (void)state;
    sk_mem_stat before, after;
    sk_mem_get_stat(&before);
    volatile char *block = sk_malloc(BLOCK_SIZE);
    for (size_t i = 0; i < BLOCK_SIZE; i += 4096) /* a compiler that knows malloc leaves no trace */
        block[i] = 1;
    sk_mem_get_stat(&after);
    assert_true(after.resident >= before.resident + BLOCK_SIZE / 2);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && !defined(SK_VALGRIND)
    assert_true(after.allocated >= before.allocated + BLOCK_SIZE / 2);
    assert_true(after.active >= after.allocated);
    assert_true(after.mapped >= after.active);
#endif
    sk_free((void *)block);
}

static void test_controls(void **state) {
    (void)state;
    size_t size = 77;
    int number = 77;
    bool flag = true;
    if (strcmp(sk_mem_allocator(), "jemalloc") == 0) {
        assert_int_equal(sk_mem_control_size("arenas.page", NULL, &size), 0);
        assert_true(size >= 4096);
        assert_true(sk_mem_block_count() > 0);
        assert_true(sk_mem_control_size("no such name", NULL, &size) < 0);
        assert_true(sk_mem_control_bool("arenas.page", NULL, &flag) < 0); /* another type */
        assert_true(flag);
        return;
    }
    assert_int_equal(sk_mem_control_size("arenas.page", NULL, &size), SK_ESTATE);
    assert_int_equal(sk_mem_control_int("opt.narenas", NULL, &number), SK_ESTATE);
    assert_int_equal(sk_mem_control_bool("prof.active", &flag, &flag), SK_ESTATE);
    assert_int_equal(sk_mem_control_run("prof.dump"), SK_ESTATE);
    assert_int_equal(size, 77); /* untouched */
    assert_int_equal(sk_mem_block_count(), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_figures),
        cmocka_unit_test(test_controls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
