/* test_registry.c -- handles and names: numbering, reuse, growth, walking, a reference model. */
#include "actor/reclaim.h"
#include "actor/registry.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/random.h"
#include "support/chance.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define SERVICE_COUNT 300
#define NAME_COUNT 200
#define STEP_COUNT 60000

typedef struct {
    sk_reclaim *reclaim;
    sk_registry *registry;
} fixture;

static fixture open_registry(int harbor_id) {
    fixture f = {.reclaim = sk_reclaim_new(1)};
    f.registry = sk_registry_new(f.reclaim, harbor_id);
    return f;
}

static void close_registry(fixture *f) {
    sk_registry_free(f->registry);
    sk_reclaim_free(f->reclaim);
}

/* The registry only carries its services. */
static sk_service *service_of(uintptr_t number) { return (sk_service *)(number * 64); }

static sk_handle add(sk_registry *registry, uintptr_t number) {
    sk_handle handle = SK_HANDLE_NONE;
    assert_int_equal(sk_registry_add(registry, service_of(number), &handle), 0);
    return handle;
}

static void test_handles_count_up_in_the_harbor(void **state) {
    (void)state;
    fixture f = open_registry(5);
    for (uint32_t i = 1; i <= 1000; i++) /* the table grows several times */
        assert_int_equal(add(f.registry, i).v, 0x05000000u + i);
    for (uint32_t i = 1; i <= 1000; i++)
        assert_ptr_equal(sk_registry_find(f.registry, (sk_handle){0x05000000u + i}),
                         service_of(i));
    assert_int_equal(sk_registry_count(f.registry), 1000);
    assert_null(sk_registry_find(f.registry, (sk_handle){1}));          /* another harbor */
    assert_null(sk_registry_find(f.registry, (sk_handle){0x05000000})); /* local id 0 */
    assert_null(sk_registry_find(f.registry, (sk_handle){0x050003e9})); /* not yet */
    assert_null(sk_registry_find(f.registry, SK_HANDLE_NONE));
    close_registry(&f);
    sk_registry_free(NULL);
}

static void test_a_removed_handle_is_not_used_again(void **state) {
    (void)state;
    fixture f = open_registry(0);
    for (uint32_t i = 1; i <= 500; i++) {
        sk_handle handle = add(f.registry, i);
        assert_int_equal(handle.v, i);
        assert_ptr_equal(sk_registry_remove(f.registry, handle), service_of(i));
        assert_null(sk_registry_remove(f.registry, handle));
        assert_null(sk_registry_find(f.registry, handle));
    }
    assert_int_equal(sk_registry_count(f.registry), 0);
    assert_null(sk_registry_remove(f.registry, SK_HANDLE_NONE));
    close_registry(&f);
}

/* Sixteen million handles later the counter begins anew and skips what is in use. */
static void test_the_counter_wraps(void **state) {
    (void)state;
    fixture f = open_registry(1);
    sk_handle first = add(f.registry, 1);
    sk_handle last = first;
    while ((last.v & SK_HANDLE_LOCAL_MASK) != SK_HANDLE_LOCAL_MASK) {
        last = add(f.registry, 2);
        (void)sk_registry_remove(f.registry, last);
    }
    assert_int_equal(add(f.registry, 3).v, 0x01000002);
    assert_ptr_equal(sk_registry_find(f.registry, first), service_of(1));
    close_registry(&f);
}

static void test_names(void **state) {
    (void)state;
    fixture f = open_registry(0);
    sk_handle a = add(f.registry, 1), b = add(f.registry, 2);
    assert_int_equal(sk_registry_name(f.registry, "one", a), 0);
    assert_int_equal(sk_registry_name(f.registry, "uno", a), 0);
    assert_int_equal(sk_registry_name(f.registry, "one", b), SK_EEXIST);
    assert_int_equal(sk_registry_name(f.registry, "one", a), SK_EEXIST);
    assert_int_equal(sk_registry_name(f.registry, "none", SK_HANDLE_NONE), SK_EINVAL);
    assert_int_equal(sk_registry_name(f.registry, "", b), 0);
    assert_int_equal(sk_registry_query(f.registry, "one").v, a.v);
    assert_int_equal(sk_registry_query(f.registry, "uno").v, a.v);
    assert_int_equal(sk_registry_query(f.registry, "").v, b.v);
    assert_int_equal(sk_registry_query(f.registry, "On").v, 0);
    (void)sk_registry_remove(f.registry, a);
    assert_int_equal(sk_registry_query(f.registry, "one").v, 0);
    assert_int_equal(sk_registry_query(f.registry, "uno").v, 0);
    assert_int_equal(sk_registry_name(f.registry, "one", b), 0);
    assert_int_equal(sk_registry_query(f.registry, "one").v, b.v);
    /* A service elsewhere: known by its name only. */
    assert_int_equal(sk_registry_name(f.registry, "far", (sk_handle){0x07000001}), 0);
    assert_int_equal(sk_registry_query(f.registry, "far").v, 0x07000001);
    close_registry(&f);
}

static void test_walk(void **state) {
    (void)state;
    fixture f = open_registry(2);
    assert_int_equal(sk_registry_next(f.registry, SK_HANDLE_NONE).v, 0);
    sk_handle handles[SERVICE_COUNT];
    for (uint32_t i = 0; i < SERVICE_COUNT; i++)
        handles[i] = add(f.registry, i + 1);
    for (uint32_t i = 0; i < SERVICE_COUNT; i++)
        if (i % 7 != 3)
            (void)sk_registry_remove(f.registry, handles[i]);
    sk_handle at = SK_HANDLE_NONE;
    for (uint32_t i = 3; i < SERVICE_COUNT; i += 7) {
        at = sk_registry_next(f.registry, at);
        assert_int_equal(at.v, handles[i].v);
    }
    assert_int_equal(sk_registry_next(f.registry, at).v, 0);
    assert_int_equal(sk_registry_next(f.registry, (sk_handle){0x02ffffff}).v, 0);
    close_registry(&f);
}

/* ---- against a reference ---- */

typedef struct {
    fixture f;
    sk_random random;
    uint32_t handles[SERVICE_COUNT]; /* 0: not there */
    uint32_t names[NAME_COUNT];      /* the handle; 0: unbound */
    uint32_t count;
} model;

static const char *name_text(uint32_t i, char *ret_text) {
    snprintf(ret_text, 16, "name%u", (unsigned)i);
    return ret_text;
}

static void change_service(model *m) {
    uint32_t i = sk_random_below(&m->random, SERVICE_COUNT);
    sk_handle handle = {m->handles[i]};
    if (handle.v == 0) {
        m->handles[i] = add(m->f.registry, i + 1).v;
        m->count++;
        return;
    }
    assert_ptr_equal(sk_registry_remove(m->f.registry, handle), service_of(i + 1));
    m->handles[i] = 0;
    m->count--;
    for (uint32_t k = 0; k < NAME_COUNT; k++)
        if (m->names[k] == handle.v)
            m->names[k] = 0;
}

static void change_name(model *m) {
    char text[16];
    uint32_t i = sk_random_below(&m->random, SERVICE_COUNT);
    uint32_t k = sk_random_below(&m->random, NAME_COUNT);
    if (m->handles[i] == 0)
        return;
    int err = sk_registry_name(m->f.registry, name_text(k, text), (sk_handle){m->handles[i]});
    assert_int_equal(err, m->names[k] ? SK_EEXIST : 0);
    if (err == 0)
        m->names[k] = m->handles[i];
}

static void check(model *m) {
    char text[16];
    for (uint32_t i = 0; i < SERVICE_COUNT; i++)
        if (m->handles[i])
            assert_ptr_equal(sk_registry_find(m->f.registry, (sk_handle){m->handles[i]}),
                             service_of(i + 1));
    for (uint32_t k = 0; k < NAME_COUNT; k++)
        assert_int_equal(sk_registry_query(m->f.registry, name_text(k, text)).v, m->names[k]);
    uint32_t count = 0;
    sk_handle last = SK_HANDLE_NONE, at = SK_HANDLE_NONE;
    while (!sk_handle_is_none(at = sk_registry_next(m->f.registry, at))) {
        assert_true(at.v > last.v);
        last = at;
        count++;
    }
    assert_int_equal(count, m->count);
    assert_int_equal(sk_registry_count(m->f.registry), m->count);
}

static void test_like_the_reference(void **state) {
    (void)state;
    model m = {.f = open_registry(0)};
    sk_random_init(&m.random, chance_seed());
    for (int step = 0; step < STEP_COUNT; step++) {
        if (sk_random_below(&m.random, 3) == 0)
            change_name(&m);
        else
            change_service(&m);
        sk_reclaim_collect(m.f.reclaim); /* nobody is online: what was retired goes at once */
        if (step % 500 == 0)
            check(&m);
    }
    check(&m);
    close_registry(&m.f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_handles_count_up_in_the_harbor),
        cmocka_unit_test(test_a_removed_handle_is_not_used_again),
        cmocka_unit_test(test_the_counter_wraps),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_walk),
        cmocka_unit_test(test_like_the_reference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
