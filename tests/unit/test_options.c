/* test_options.c -- the command line: every form, every mistake, its text and exit status. */
#include "base/err.h"
#include "base/mem.h"
#include "cli/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define ARG_COUNT_MAX 8

/* Splits `line` at blanks and parses it as the arguments behind the program's name. */
static int parse(char *line, sk_options *ret_options, sk_options_error *ret_error) {
    static char program[] = "skein";
    static char *argv[ARG_COUNT_MAX + 2]; /* sk_options points into it */
    int argc = 0;
    argv[argc++] = program;
    for (char *word = strtok(line, " "); word; word = strtok(NULL, " ")) {
        assert_true(argc <= ARG_COUNT_MAX);
        argv[argc++] = word;
    }
    argv[argc] = NULL;
    return sk_options_parse(argc, argv, ret_options, ret_error);
}

static void expect(const char *line, sk_options_action action, const char *path) {
    char copy[128];
    strcpy(copy, line);
    sk_options o;
    sk_options_error error = {0};
    assert_int_equal(parse(copy, &o, &error), 0);
    assert_null(error.text);
    assert_int_equal(o.action, action);
    if (path)
        assert_string_equal(o.path, path);
    else
        assert_null(o.path);
    assert_int_equal(o.arg_count, 0);
}

static void test_forms(void **state) {
    (void)state;
    expect("config", SK_OPTIONS_CONFIG, "config");
    expect("etc/config.test more --check things", SK_OPTIONS_CONFIG, "etc/config.test");
    expect("main.lua", SK_OPTIONS_SCRIPT, "main.lua");
    expect("main.luac", SK_OPTIONS_CONFIG, "main.luac");
    expect("main.LUA", SK_OPTIONS_CONFIG, "main.LUA");
    expect("lua", SK_OPTIONS_CONFIG, "lua");
    expect("--config main.lua x", SK_OPTIONS_CONFIG, "main.lua");
    expect("--check main.lua", SK_OPTIONS_CHECK, "main.lua");
    expect("--check config", SK_OPTIONS_CHECK, "config");
    expect("-- --help", SK_OPTIONS_CONFIG, "--help");
    expect("-- --help.lua", SK_OPTIONS_SCRIPT, "--help.lua");
    expect("--help", SK_OPTIONS_HELP, NULL);
    expect("-h config", SK_OPTIONS_HELP, NULL);
    expect("--version", SK_OPTIONS_VERSION, NULL);
    expect("-V", SK_OPTIONS_VERSION, NULL);
}

static void test_script_arguments(void **state) {
    (void)state;
    char line[] = "dir/main.lua one --help -- two";
    sk_options o;
    sk_options_error error = {0};
    assert_int_equal(parse(line, &o, &error), 0);
    assert_int_equal(o.action, SK_OPTIONS_SCRIPT);
    assert_string_equal(o.path, "dir/main.lua");
    assert_int_equal(o.arg_count, 4);
    const char *expected[] = {"one", "--help", "--", "two"};
    for (int i = 0; i < 4; i++)
        assert_string_equal(o.args[i], expected[i]);
}

static void expect_error(const char *line, int exit_status, const char *text) {
    char copy[128];
    strcpy(copy, line);
    sk_options o = {.path = "untouched"};
    sk_options_error error = {0};
    assert_int_equal(parse(copy, &o, &error), SK_EINVAL);
    assert_int_equal(error.exit_status, exit_status);
    assert_int_equal(strncmp(error.text, "skein: ", 7), 0);
    assert_non_null(strstr(error.text, text));
    const char *newline = strchr(error.text, '\n');
    assert_non_null(newline);
    assert_int_equal(strncmp(newline, "\nusage: skein ", 14), 0);
    assert_string_equal(strchr(newline + 1, '\n'), "\n"); /* two lines, both complete */
    assert_string_equal(o.path, "untouched");
    sk_free(error.text);
}

static void test_mistakes(void **state) {
    (void)state;
    expect_error("", 1, "nothing to run");
    expect_error("--", 1, "nothing to run");
    expect_error("--nonsense config", 2, "unknown option --nonsense");
    expect_error("-x", 2, "unknown option -x");
    expect_error("-", 2, "unknown option -");
    expect_error("--check", 2, "a file must follow --check");
    expect_error("--config", 2, "a file must follow --config");
    expect_error("--checks config", 2, "unknown option --checks");
}

static void test_empty_argument(void **state) {
    (void)state;
    char program[] = "skein", empty[] = "", check[] = "--check";
    char *bare[] = {program, empty, NULL};
    char *checked[] = {program, check, empty, NULL};
    sk_options o;
    sk_options_error error;
    assert_int_equal(sk_options_parse(2, bare, &o, &error), SK_EINVAL);
    assert_int_equal(error.exit_status, 1);
    sk_free(error.text);
    assert_int_equal(sk_options_parse(3, checked, &o, &error), SK_EINVAL);
    assert_int_equal(error.exit_status, 2);
    sk_free(error.text);
    assert_int_equal(sk_options_parse(0, &bare[2], &o, &error), SK_EINVAL);
    assert_int_equal(error.exit_status, 1);
    sk_free(error.text);
}

static void test_texts(void **state) {
    (void)state;
    assert_int_equal(strncmp(sk_options_version(), "skein ", 6), 0);
    assert_non_null(strstr(sk_options_help(), "--check CONFIG"));
    assert_non_null(strstr(sk_options_help(), "FILE.lua [ARG...]"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),    cmocka_unit_test(test_script_arguments),
        cmocka_unit_test(test_mistakes), cmocka_unit_test(test_empty_argument),
        cmocka_unit_test(test_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
