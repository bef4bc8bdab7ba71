/* test_module.c -- native modules: built in, loaded along a path, and what is said when that fails.
 *
 * The libraries are those of tests/modules in the build folder (SKEIN_BUILD); what needs them is
 * skipped while they are not built. */
#include "actor/module.h"
#include "base/buffer.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static int init_nothing(void *instance, sk_service *service, char *args) {
    (void)instance;
    (void)service;
    (void)args;
    return 0;
}

static const sk_module ONE = {.name = "one", .init = init_nothing};
static const sk_module TWO = {.name = "two", .init = init_nothing};

/* The text of the build folder's libraries, behind `before`; the caller frees. */
static char *library_path(const char *before) {
    const char *build = getenv("SKEIN_BUILD");
    sk_buffer text = {0};
    sk_buffer_printf(&text, "%s%s/tests/modules/?.so%c", before, build ? build : "build", '\0');
    return (char *)text.data;
}

/* Skips the case while the library is not built. */
static void need_library(const char *name) {
    const char *build = getenv("SKEIN_BUILD");
    sk_buffer text = {0};
    sk_buffer_printf(&text, "%s/tests/modules/%s.so%c", build ? build : "build", name, '\0');
    bool is_there = access((const char *)text.data, R_OK) == 0;
    sk_buffer_done(&text);
    if (!is_there)
        skip();
}

/* Nothing is found; the reason is `expected`, or begins with it. */
static void expect_error(const char *name, const char *path, const char *expected) {
    sk_modules *modules = sk_modules_new();
    char *error = NULL;
    assert_null(sk_modules_find(modules, name, path, &error));
    assert_non_null(error);
    assert_true(error[0] != '\0' && error[strlen(error) - 1] != '\n');
    if (!strstr(error, expected))
        fail_msg("\"%s\" does not hold \"%s\"", error, expected);
    free(error);
    sk_modules_free(modules);
}

static void test_built_in(void **state) {
    (void)state;
    sk_modules *modules = sk_modules_new();
    char *error = NULL;
    sk_modules_add(modules, &ONE);
    sk_modules_add(modules, &TWO);
    assert_ptr_equal(sk_modules_find(modules, "one", "", &error), &ONE);
    assert_ptr_equal(sk_modules_find(modules, "two", "/nowhere/?.so", &error), &TWO);
    assert_null(error);
    assert_null(sk_modules_find(modules, "on", "", &error));
    assert_string_equal(error, "no native service on");
    free(error);
    sk_modules_free(modules);
    sk_modules_free(NULL);
}

static void test_what_is_said_of_failures(void **state) {
    (void)state;
    expect_error("", "./?.so", "no native service");
    expect_error("x", ";;;", "no native service x");
    expect_error("x", "/nowhere/x.so", "Invalid C service path /nowhere/x.so");
    expect_error("x", "/nowhere/x.so;/nowhere/?.so", "Invalid C service path /nowhere/x.so\n");
    expect_error("x", "/nowhere/?.so", "try open x failed : ");
    expect_error("x", "/nowhere/?.so;/nothing/?.so", "/nothing/x.so");
}

/* A file that exists and is no library is named even if it is not the last. */
static void test_a_broken_file_is_named(void **state) {
    (void)state;
    const char *folder = getenv("TMPDIR");
    char file[512], path[1100];
    snprintf(file, sizeof file, "%s/broken_%d.so", folder ? folder : "/tmp", (int)getpid());
    snprintf(path, sizeof path, "%s;/nowhere/?.so", file);
    FILE *out = fopen(file, "w");
    assert_non_null(out);
    fputs("no library\n", out);
    fclose(out);
    char *mark = strstr(path, "broken_");
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(mark, "."), mark);
    memmove(mark + 1, mark + strlen(name), strlen(mark + strlen(name)) + 1);
    *mark = '?';
    expect_error(name, path, file);
    expect_error(name, path, "/nowhere/");
    unlink(file);
}

static void test_load(void **state) {
    (void)state;
    need_library("probe");
    sk_modules *modules = sk_modules_new();
    char *path = library_path("/nowhere/?.so;");
    char *error = NULL;
    const sk_module *probe = sk_modules_find(modules, "probe", path, &error);
    assert_non_null(probe);
    assert_null(error);
    assert_string_equal(probe->name, "probe");
    void *instance = probe->create();
    assert_int_equal(probe->init(instance, NULL, NULL), 0);
    assert_int_equal(*(int *)instance, 1);
    probe->signal(instance, 7);
    assert_int_equal(((int *)instance)[1], 7);
    probe->release(instance);
    /* Found again without a path. */
    assert_ptr_equal(sk_modules_find(modules, "probe", "", &error), probe);
    sk_modules_free(modules);
    sk_free(path);
}

/* Of a dotted name the last part names the functions, the whole one the file. */
static void test_a_dotted_name(void **state) {
    (void)state;
    need_library("probe");
    const char *folder = getenv("TMPDIR");
    char link[512], path[512];
    snprintf(link, sizeof link, "%s/a%d.probe.so", folder ? folder : "/tmp", (int)getpid());
    snprintf(path, sizeof path, "%s/?.so", folder ? folder : "/tmp");
    char *pattern = library_path("");
    *strchr(pattern, '?') = '\0';
    char *target = realpath(pattern, NULL);
    sk_buffer file = {0};
    sk_buffer_printf(&file, "%s/probe.so%c", target, '\0');
    assert_int_equal(symlink((const char *)file.data, link), 0);

    char name[64];
    snprintf(name, sizeof name, "a%d.probe", (int)getpid());
    sk_modules *modules = sk_modules_new();
    char *error = NULL;
    const sk_module *probe = sk_modules_find(modules, name, path, &error);
    assert_non_null(probe);
    assert_string_equal(probe->name, name);
    assert_non_null(probe->create);
    sk_modules_free(modules);
    unlink(link);
    sk_buffer_done(&file);
    free(target);
    sk_free(pattern);
}

static void test_a_library_without_init(void **state) {
    (void)state;
    need_library("hollow");
    char *path = library_path("");
    expect_error("hollow", path, "module hollow has no function hollow_init");
    sk_free(path);
}

/* Takes every object whose first word is not 1. */
static int adopt_anything(const void *object, sk_module *ret_module, sk_buffer *error) {
    const uint32_t *word = object;
    if (*word == 1) {
        sk_buffer_printf(error, "it begins with 1");
        return -1;
    }
    ret_module->init = init_nothing;
    ret_module->data = object;
    return 0;
}

static void test_an_exported_object(void **state) {
    (void)state;
    need_library("stub");
    need_library("bare");
    char *path = library_path("");
    sk_modules *modules = sk_modules_new();
    char *error = NULL;
    assert_null(sk_modules_find(modules, "bare", path, &error)); /* nobody adopts */
    assert_string_equal(error, "module bare has no function bare_init and no object bare_module");
    free(error);
    sk_modules_set_adopt(modules, adopt_anything);
    const sk_module *bare = sk_modules_find(modules, "bare", path, &error);
    assert_non_null(bare);
    assert_string_equal(bare->name, "bare");
    assert_non_null(bare->data);
    assert_null(sk_modules_find(modules, "stub", path, &error));
    assert_string_equal(error, "module stub: it begins with 1");
    free(error);
    assert_null(sk_modules_find(modules, "hollow", path, &error));
    assert_string_equal(error,
                        "module hollow has no function hollow_init and no object hollow_module");
    free(error);
    sk_modules_free(modules);
    sk_free(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_built_in),
        cmocka_unit_test(test_what_is_said_of_failures),
        cmocka_unit_test(test_a_broken_file_is_named),
        cmocka_unit_test(test_load),
        cmocka_unit_test(test_a_dotted_name),
        cmocka_unit_test(test_a_library_without_init),
        cmocka_unit_test(test_an_exported_object),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
