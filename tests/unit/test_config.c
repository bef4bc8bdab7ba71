/* test_config.c -- the configuration file: language, values, defaults, scripts, hostile input, and
 * the check command.
 *
 * Each test runs in a folder of its own, so that paths in texts are short and known. */
#include "base/err.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/thread.h"
#include "cli/cmd_check.h"
#include "cli/config.h"

#include <ftw.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64];

static int enter_folder(void **state) {
    (void)state;
    strcpy(folder, "/tmp/skein_config_XXXXXX");
    return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *walk) {
    (void)st, (void)type, (void)walk;
    return remove(path);
}

static int leave_folder(void **state) {
    (void)state;
    return chdir("/") == 0 ? nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS) : -1;
}

static void write_bytes(const char *path, const void *data, size_t size) {
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, size, f), size);
    assert_int_equal(fclose(f), 0);
}

static void write_file(const char *path, const char *text) {
    write_bytes(path, text, strlen(text));
}

/* Loads `text` from the file "conf"; the environment is the caller's. */
static sk_env *load_text(const char *text) {
    write_file("conf", text);
    sk_env *env = sk_env_new();
    char *error = NULL;
    if (sk_config_load("conf", env, &error) < 0)
        fail_msg("%s", error);
    assert_null(error);
    return env;
}

/* Loads "conf" as it is; the text of its error is the caller's. */
static char *load_failure(int expected_err) {
    sk_env *env = sk_env_new();
    char *error = NULL;
    assert_int_equal(sk_config_load("conf", env, &error), expected_err);
    assert_non_null(error);
    sk_env_free(env);
    return error;
}

static void expect_failure(const char *text, int expected_err, const char *expected) {
    write_file("conf", text);
    char *error = load_failure(expected_err);
    assert_string_equal(error, expected);
    sk_free(error);
}

static void expect_failure_with(const char *text, const char *part) {
    write_file("conf", text);
    char *error = load_failure(SK_EFORMAT);
    if (!strstr(error, part))
        fail_msg("\"%s\" has no \"%s\"", error, part);
    sk_free(error);
}

static void expect_env(sk_env *env, const char *key, const char *value) {
    const char *found = sk_env_get(env, key);
    if (!value) {
        assert_null(found);
        return;
    }
    if (!found)
        fail_msg("%s is not set", key);
    assert_string_equal(found, value);
}

static void test_values(void **state) {
    (void)state;
    sk_env *env = load_text("text = 'a b'\n"
                            "empty = ''\n"
                            "cut = 'ab\\0cd'\n"
                            "ten, half, big, one, hex = 10, 2.5, 1e15, 1.0, 0x10\n"
                            "yes, no = true, false\n"
                            "gone = 1; gone = nil\n"
                            "local hidden = 'x'\n"
                            "joined = hidden .. text .. ten\n"
                            "chosen = unknown and 'a' or 'b'\n"
                            "local function twice(s) return s .. s end\n"
                            "made = twice('xy')\n"
                            "method = ('%d-%s'):format(7, text):upper()\n"
                            "_ENV['odd key'] = 1\n"
                            "last = 1; last = 2\n");
    expect_env(env, "text", "a b");
    expect_env(env, "empty", "");
    expect_env(env, "cut", "ab");
    expect_env(env, "ten", "10");
    expect_env(env, "half", "2.5");
    expect_env(env, "big", "1e+15");
    expect_env(env, "one", "1.0");
    expect_env(env, "hex", "16");
    expect_env(env, "yes", "true");
    expect_env(env, "no", "false");
    expect_env(env, "gone", NULL);
    expect_env(env, "hidden", NULL);
    expect_env(env, "joined", "xa b10");
    expect_env(env, "chosen", "b");
    expect_env(env, "made", "xyxy");
    expect_env(env, "method", "7-A B");
    expect_env(env, "odd key", "1");
    expect_env(env, "last", "2");
    expect_env(env, "include", NULL);
    expect_env(env, "PATH", NULL);
    sk_env_free(env);
}

static void test_only_include_is_visible(void **state) {
    (void)state;
    const char *names[] = {"os",      "io",     "print",  "error",        "pcall", "string",
                           "require", "load",   "_G",     "setmetatable", "table", "coroutine",
                           "debug",   "dofile", "rawset", "next",         "pairs", "package"};
    for (size_t i = 0; i < SK_ARRAY_LEN(names); i++) {
        char text[64];
        snprintf(text, sizeof text, "found = %s ~= nil", names[i]);
        sk_env *env = load_text(text);
        expect_env(env, "found", "false");
        sk_env_free(env);
    }
    sk_env *env = load_text("include = 'mine'; copy = include");
    expect_env(env, "include", "mine");
    expect_env(env, "copy", "mine");
    sk_env_free(env);
}

static void test_env_keeps_what_it_has(void **state) {
    (void)state;
    write_file("conf", "thread = 2; other = 3");
    sk_env *env = sk_env_new();
    assert_int_equal(sk_env_set(env, "thread", "7"), 0);
    char *error = NULL;
    assert_int_equal(sk_config_load("conf", env, &error), 0);
    expect_env(env, "thread", "7");
    expect_env(env, "other", "3");
    sk_env_free(env);
}

static void test_dollar_names(void **state) {
    (void)state;
    setenv("SK_TEST_NAME", "va\"lue", 1);
    setenv("SK_TEST_EMPTY", "", 1);
    setenv("SK_TEST_NUMBER", "4", 1);
    setenv("SK_TEST_CODE", "code = 'yes'", 1);
    unsetenv("SK_TEST_UNSET");
    sk_env *env = load_text("text = 'a$SK_TEST_NAME-b' -- a comment with $SK_TEST_NAME\n"
                            "none = '[$SK_TEST_EMPTY]'\n"
                            "number = $SK_TEST_NUMBER * 2\n"
                            "$SK_TEST_CODE\n"
                            "dollar = '$ $$ $- $'\n"
                            "two = '$SK_TEST_NUMBER$SK_TEST_NUMBER'\n"
                            "last = '$'--$");
    expect_env(env, "text", "ava\"lue-b");
    expect_env(env, "none", "[]");
    expect_env(env, "number", "8");
    expect_env(env, "code", "yes");
    expect_env(env, "dollar", "$ $$ $- $");
    expect_env(env, "two", "44");
    expect_env(env, "last", "$");
    sk_env_free(env);
    const char *unset = "conf:3: os.getenv() failed: SK_TEST_UNSET";
    expect_failure("a = 1\n\nb = '$SK_TEST_UNSET'\n", SK_EFORMAT, unset);
    expect_failure("\n\n-- $SK_TEST_UNSET", SK_EFORMAT, unset);
}

static void test_include(void **state) {
    (void)state;
    assert_int_equal(mkdir("sub", 0755), 0);
    assert_int_equal(mkdir("sub/deep", 0755), 0);
    write_file("common", "seen = before\nfrom_common = 1\nover = 'common'");
    write_file("sub/one", "include 'deep/two'\ninclude '../common'\ninclude './three'");
    write_file("sub/deep/two", "two = 2\ninclude '../three'");
    write_file("sub/three", "threes = (threes or 0) + 1\nlocal not_shared = 1");
    write_file("abs", "abs = 1");
    char text[256];
    snprintf(text, sizeof text,
             "before = 'b'\nover = 'main'\ninclude 'sub/one'\ninclude '%s/abs'\n"
             "include('common')\nagain = over\nnot_shared = not_shared == nil",
             folder);
    sk_env *env = load_text(text);
    expect_env(env, "seen", "b");
    expect_env(env, "over", "common");
    expect_env(env, "again", "common");
    expect_env(env, "two", "2");
    expect_env(env, "threes", "2");
    expect_env(env, "abs", "1");
    expect_env(env, "not_shared", "true");
    sk_env_free(env);

    write_file("sub/conf", "include 'three'\ninclude '../common'");
    env = sk_env_new();
    char *error = NULL;
    snprintf(text, sizeof text, "%s/sub/conf", folder);
    assert_int_equal(sk_config_load("sub/conf", env, &error), 0);
    assert_int_equal(sk_config_load(text, env, &error), 0);
    expect_env(env, "threes", "1");
    expect_env(env, "from_common", "1");
    sk_env_free(env);
}

static void test_errors_name_the_place(void **state) {
    (void)state;
    expect_failure("a = 1\nb = = 2", SK_EFORMAT, "conf:2: unexpected symbol near '='");
    expect_failure("a = 1\n\nb = a.b.c", SK_EFORMAT,
                   "conf:3: attempt to index a number value (global 'a')");
    expect_failure("\nprint('x')", SK_EFORMAT,
                   "conf:2: attempt to call a nil value (global 'print')");
    expect_failure("\ninclude 'none'", SK_EFORMAT,
                   "none: No such file or directory\n\tincluded from conf:2");
    expect_failure("include()", SK_EFORMAT,
                   "include needs the name of a file\n\tincluded from conf:1");
    expect_failure("include 'a\\0b'", SK_EFORMAT,
                   "include needs the name of a file\n\tincluded from conf:1");
    expect_failure("include ''", SK_EFORMAT,
                   "include needs the name of a file\n\tincluded from conf:1");
    write_file("inner", "\n\nx = 1 + {}");
    write_file("outer", "\ninclude 'inner'");
    expect_failure("include 'outer'", SK_EFORMAT,
                   "inner:3: attempt to perform arithmetic on a table value\n"
                   "\tincluded from outer:2\n\tincluded from conf:1");
    write_file("inner", "x = ");
    expect_failure("include 'outer'", SK_EFORMAT,
                   "inner:1: unexpected symbol near <eof>\n"
                   "\tincluded from outer:2\n\tincluded from conf:1");
    sk_env *env = sk_env_new();
    char *error = NULL;
    assert_int_equal(sk_config_load("absent", env, &error), SK_EFORMAT);
    assert_string_equal(error, "absent: No such file or directory");
    sk_free(error);
    assert_int_equal(sk_config_load("/", env, &error), SK_EFORMAT);
    assert_string_equal(error, "/: Is a directory");
    sk_free(error);
    sk_env_free(env);
}

static void test_invalid_entries(void **state) {
    (void)state;
    expect_failure("t = {}", SK_EINVAL, "Invalid config table key = t (a table, set at conf:1)");
    expect_failure("ok = 1\nfunction f() end\nt = {}\nt = {}\ni = include", SK_EINVAL,
                   "Invalid config table key = f (a function, set at conf:2)\n"
                   "Invalid config table key = t (a table, set at conf:4)\n"
                   "Invalid config table key = i (a function, set at conf:5)");
    expect_failure("\n_ENV[1] = 1", SK_EFORMAT,
                   "conf:2: Invalid config table (a key is a number, not a name)");
    expect_failure("_ENV[true] = 1", SK_EFORMAT,
                   "conf:1: Invalid config table (a key is a boolean, not a name)");
    expect_failure("_ENV[{}] = 1", SK_EFORMAT,
                   "conf:1: Invalid config table (a key is a table, not a name)");
    expect_failure("_ENV[nil] = 1", SK_EFORMAT,
                   "conf:1: Invalid config table (a key is a nil, not a name)");
    expect_failure("_ENV[0/0] = 1", SK_EFORMAT,
                   "conf:1: Invalid config table (a key is a number, not a name)");
    expect_failure("_ENV['a\\0b'] = 1", SK_EINVAL,
                   "Invalid config table key = a (a name with a zero byte, set at conf:1)");
}

static void test_limits(void **state) {
    (void)state;
    expect_failure("\nwhile true do end", SK_EFORMAT,
                   "conf:2: more than 100 million instructions: an endless loop?");
    expect_failure_with("local function f() return f() + 1 end f()", "stack overflow");
    expect_failure("x = ('x'):rep(1000000000)", SK_EFORMAT,
                   "conf: more than 128 MiB of memory needed");
    expect_failure("x = 'x' while true do x = x .. x end", SK_EFORMAT,
                   "conf: more than 128 MiB of memory needed");
    expect_failure_with("include 'conf'", "conf: includes are nested deeper than 32 files\n\tincl");
    write_file("a", "include 'b'");
    write_file("b", "include 'a'");
    expect_failure_with("include 'a'", "includes are nested deeper than 32 files");

    /* Exactly as deep as allowed: conf and 31 more. */
    for (int i = 1; i < SK_CONFIG_INCLUDE_DEPTH_MAX; i++) {
        char path[16], text[32];
        snprintf(path, sizeof path, "f%d", i);
        snprintf(text, sizeof text, "include 'f%d'", i + 1);
        write_file(path, i == SK_CONFIG_INCLUDE_DEPTH_MAX - 1 ? "deepest = 1" : text);
    }
    sk_env *env = load_text("include 'f1'");
    expect_env(env, "deepest", "1");
    sk_env_free(env);
}

static void test_size(void **state) {
    (void)state;
    size_t size = SK_CONFIG_SIZE_MAX + 1;
    char *text = sk_malloc(size + 1);
    memset(text, ' ', size);
    memcpy(text, "x=1", 3);
    write_bytes("conf", text, size - 1);
    sk_env *env = sk_env_new();
    char *error = NULL;
    assert_int_equal(sk_config_load("conf", env, &error), 0);
    expect_env(env, "x", "1");
    write_bytes("conf", text, size);
    error = load_failure(SK_EFORMAT);
    assert_string_equal(error, "conf: larger than 1048576 bytes");
    sk_free(error);
    assert_int_equal(sk_config_load("/dev/zero", env, &error), SK_EFORMAT);
    assert_string_equal(error, "/dev/zero: larger than 1048576 bytes");
    sk_free(error);
    sk_env_free(env);

    /* Small as a file, large once $NAME is replaced. */
    memset(text, 'v', 4096);
    text[4096] = '\0';
    setenv("SK_TEST_LARGE", text, 1);
    text[0] = '\0';
    char *end = text;
    for (int i = 0; i < 300; i++)
        end = stpcpy(end, "--$SK_TEST_LARGE\n");
    expect_failure(text, SK_EFORMAT, "conf: larger than 1048576 bytes");
    unsetenv("SK_TEST_LARGE");
    sk_free(text);
}

static void test_hostile_bytes(void **state) {
    (void)state;
    expect_failure("\x1bLua rest $NOT_SET_ANYWHERE", SK_EFORMAT,
                   "conf: compiled Lua is not accepted, only text");
    write_bytes("conf", "a = 1\0b = 2", 11);
    char *error = load_failure(SK_EFORMAT);
    assert_string_equal(error, "conf:1: unexpected symbol");
    sk_free(error);
    write_bytes("conf", "a = 'x\0y'\nb = 2", 15);
    sk_env *env = sk_env_new();
    assert_int_equal(sk_config_load("conf", env, &error), 0);
    expect_env(env, "a", "x");
    expect_env(env, "b", "2");
    sk_env_free(env);
    sk_env_free(load_text(""));

    /* Compiled code cannot come in by a side door either: there is no load. */
    expect_failure_with("x = ('').dump(function() end) load(x)", "attempt to call a nil value");
    expect_failure_with("include(('').dump)", "include needs the name of a file");
    /* Errors inside methods and callbacks keep their place; a loop in a callback ends too. */
    expect_failure_with("\n;('x'):rep({})", "conf:2: bad argument #1 to 'rep'");
    expect_failure_with("('x'):gsub('x', include)", "x: No such file or directory");
    expect_failure_with("('x'):gsub('x', function() while true do end end)", "endless loop?");
}

/* Any damage to a real file gives a value or an error, never a crash. */
static void test_damaged_files(void **state) {
    (void)state;
    const char *seed_text = getenv("SEED");
    uint64_t seed = seed_text ? strtoull(seed_text, NULL, 10) : sk_random_system_seed();
    print_message("SEED=%llu\n", (unsigned long long)seed);
    sk_random random;
    sk_random_init(&random, seed);
    static const char whole[] = "include 'path'\nroot = './' -- $HOME\nthread = 8\n"
                                "local t = { a = [[x]], 1 }\nluaservice = root .. 'service/?.lua'\n"
                                "harbor = 0x10 // 3\nfor i = 1, 3 do _ENV['k' .. i] = i end\n"
                                "start = ('%s'):format(t.a) goto out ::out::\n";
    write_file("path", "cpath = './?.so'");
    for (int i = 0; i < 2000; i++) {
        char text[sizeof whole];
        memcpy(text, whole, sizeof whole);
        size_t len = i % 2 ? sizeof whole - 1 : sk_random_below(&random, sizeof whole);
        for (uint32_t n = sk_random_below(&random, 4); n && len; n--)
            text[sk_random_below(&random, (uint32_t)len)] = (char)sk_random_next(&random);
        write_bytes("conf", text, len);
        sk_env *env = sk_env_new();
        char *error = NULL;
        int err = sk_config_load("conf", env, &error);
        assert_true((err < 0) == (error != NULL));
        sk_free(error);
        sk_env_free(env);
    }
}

static void test_defaults(void **state) {
    (void)state;
    sk_env *env = sk_env_new();
    sk_config config;
    char *error = NULL;
    assert_int_equal(sk_config_defaults(env, &config, &error), 0);
    int cpu_count = sk_thread_cpu_count();
    int expected =
        cpu_count < SK_WORKER_COUNT_DEFAULT_MAX ? cpu_count : SK_WORKER_COUNT_DEFAULT_MAX;
    assert_int_equal(config.worker_count, expected);
    assert_int_equal(config.harbor_id, 1);
    assert_true(config.profile);
    assert_null(config.daemon);
    assert_null(config.logger);
    assert_null(config.logpath);
    assert_string_equal(config.cpath, "./cservice/?.so");
    assert_string_equal(config.bootstrap, "snlua bootstrap");
    assert_string_equal(config.logservice, "logger");
    assert_int_equal(config.log_level, SK_LOG_INFO);
    assert_int_equal(config.output_limit, 0);
    assert_int_equal(config.linger_ms, 0);
    assert_int_equal(sk_env_get_int(env, "thread", 0), expected);
    expect_env(env, "harbor", "1");
    expect_env(env, "profile", "true");
    expect_env(env, "cpath", "./cservice/?.so");
    expect_env(env, "bootstrap", "snlua bootstrap");
    expect_env(env, "logservice", "logger");
    const char *unset[] = {"lua_path",   "lua_cpath", "luaservice", "lualoader", "start",
                           "standalone", "certfile",  "logger",     "daemon",    "logpath"};
    for (size_t i = 0; i < SK_ARRAY_LEN(unset); i++)
        expect_env(env, unset[i], NULL);
    sk_env_free(env);
}

static void test_typed_values(void **state) {
    (void)state;
    sk_env *env = load_text("thread = '2x'; harbor = 255; profile = 'yes'; daemon = './pid'\n"
                            "logger = 'log'; logpath = '.'; cpath = 'c/?.so'\n"
                            "bootstrap = 'snlua mine'; logservice = 'snlua'\n"
                            "loglevel = 'warn'; logformat = 'json'\n"
                            "socket_output_limit = 2147483647; socket_linger = 5000");
    sk_config config;
    char *error = NULL;
    assert_int_equal(sk_config_defaults(env, &config, &error), 0);
    assert_int_equal(config.worker_count, 2);
    assert_int_equal(config.harbor_id, 255);
    assert_false(config.profile);
    assert_string_equal(config.daemon, "./pid");
    assert_string_equal(config.logger, "log");
    assert_string_equal(config.logpath, ".");
    assert_string_equal(config.cpath, "c/?.so");
    assert_string_equal(config.bootstrap, "snlua mine");
    assert_string_equal(config.logservice, "snlua");
    assert_ptr_equal(config.cpath, sk_env_get(env, "cpath"));
    assert_int_equal(config.log_level, SK_LOG_WARN);
    assert_int_equal(config.output_limit, INT_MAX);
    assert_int_equal(config.linger_ms, 5000);
    sk_env_free(env);
}

static void expect_invalid(const char *text, const char *expected) {
    sk_env *env = load_text(text);
    sk_config config;
    char *error = NULL;
    if (!expected) {
        assert_int_equal(sk_config_defaults(env, &config, &error), 0);
    } else {
        assert_int_equal(sk_config_defaults(env, &config, &error), SK_EINVAL);
        assert_string_equal(error, expected);
    }
    sk_free(error);
    sk_env_free(env);
}

static void test_ranges(void **state) {
    (void)state;
    expect_invalid("thread = 1", NULL);
    expect_invalid("thread = 1024", NULL);
    expect_invalid("thread = 2.5", NULL);
    expect_invalid("thread = 0", "Invalid thread 0 , should be in [1,1024]");
    expect_invalid("thread = 1025", "Invalid thread 1025 , should be in [1,1024]");
    expect_invalid("thread = -1", "Invalid thread -1 , should be in [1,1024]");
    expect_invalid("thread = 'abc'", "Invalid thread 0 , should be in [1,1024]");
    expect_invalid("thread = ''", "Invalid thread 0 , should be in [1,1024]");
    expect_invalid("thread = 4294967297", "Invalid thread 4294967297 , should be in [1,1024]");
    expect_invalid("harbor = 0", NULL);
    expect_invalid("harbor = 255", NULL);
    expect_invalid("harbor = 256", "Invalid harbor 256 , should be in [0,255]");
    expect_invalid("harbor = -1", "Invalid harbor -1 , should be in [0,255]");
    expect_invalid("mqpolicy = 'warn'", NULL);
    expect_invalid("mqpolicy = 'drop'",
                   "Invalid mqpolicy drop , should be warn, refuse or drop_oldest");
    expect_invalid("harbor = 'abc'", "Invalid harbor abc , should be in [0,255]");
    expect_invalid("harbor = '99999999999999999999'",
                   "Invalid harbor 99999999999999999999 , should be in [0,255]");
}

static void test_script(void **state) {
    (void)state;
    assert_int_equal(mkdir("a dir", 0755), 0);
    write_file("main.lua", "");
    write_file("a dir/game.lua", "");
    char one[] = "one", two[] = "--two=2";
    char *args[] = {one, two};
    char *error = NULL;

    sk_env *env = sk_env_new();
    assert_int_equal(sk_config_for_script("main.lua", 0, NULL, env, &error), 0);
    expect_env(env, "start", "main");
    expect_env(env, "harbor", "0");
    expect_env(env, "luaservice", "./?.lua;./service/?.lua");
    expect_env(env, "lua_path", "./?.lua;./?/init.lua;./lualib/?.lua;./lualib/?/init.lua");
    sk_env_free(env);

    env = sk_env_new();
    assert_int_equal(sk_config_for_script("a dir/game.lua", 2, args, env, &error), 0);
    expect_env(env, "start", "game one --two=2");
    expect_env(env, "luaservice", "a dir/?.lua;./service/?.lua");
    sk_config config;
    assert_int_equal(sk_config_defaults(env, &config, &error), 0);
    assert_int_equal(config.harbor_id, 0);
    sk_env_free(env);
}

static void expect_no_script(const char *path, char *arg, const char *expected) {
    sk_env *env = sk_env_new();
    char *error = NULL;
    assert_int_equal(sk_config_for_script(path, arg ? 1 : 0, &arg, env, &error), SK_EINVAL);
    assert_string_equal(error, expected);
    expect_env(env, "start", NULL);
    sk_free(error);
    sk_env_free(env);
}

static void test_script_refusals(void **state) {
    (void)state;
    write_file("main.lua", "");
    write_file("a b.lua", "");
    write_file("a?.lua", "");
    write_file(".lua", "");
    assert_int_equal(mkdir("dir.lua", 0755), 0);
    expect_no_script("none.lua", NULL, "none.lua: No such file or directory");
    expect_no_script("dir.lua", NULL, "dir.lua: not a regular file");
    expect_no_script(".lua", NULL, ".lua: the file has no name before .lua");
    expect_no_script("a b.lua", NULL, "a b.lua: the name of a service cannot hold white space");
    expect_no_script("a?.lua", NULL, "a?.lua: a path with '?' or ';' does not fit into luaservice");
    char blank[] = "a b", empty[] = "", tab[] = "x\t";
    expect_no_script("main.lua", blank,
                     "argument 1, \"a b\", is empty or has white space: arguments of a service are "
                     "separated by blanks");
    expect_no_script("main.lua", empty,
                     "argument 1, \"\", is empty or has white space: arguments of a service are "
                     "separated by blanks");
    expect_no_script("main.lua", tab,
                     "argument 1, \"x\t\", is empty or has white space: arguments of a service are "
                     "separated by blanks");
}

static bool is_embedded(const char *name) { return strcmp(name, "console") == 0; }

/* Checks "conf" with this text; the output must be exactly `expected`. */
static void expect_report(const char *text, int status, const char *expected) {
    write_file("conf", text);
    char *printed = NULL;
    size_t size;
    FILE *out = open_memstream(&printed, &size);
    int result = sk_cmd_check("conf", is_embedded, out);
    fclose(out);
    assert_string_equal(printed, expected);
    assert_int_equal(result, status);
    free(printed);
}

static void test_check_good(void **state) {
    (void)state;
    assert_int_equal(mkdir("service", 0755), 0);
    assert_int_equal(mkdir("log", 0755), 0);
    write_file("service/main.lua", "");
    write_file("nodes", "");
    expect_report("harbor = 0", 0, "conf: 0 problems\n");
    expect_report("harbor = 0\nstart = 'console and arguments'", 0, "conf: 0 problems\n");
    expect_report("harbor = 1\naddress = '127.0.0.1:2526'\nmaster = '127.0.0.1:2013'\n"
                  "standalone = '0.0.0.0:2013'\ncluster = 'nodes'\nroot = './'\nport = 7\n"
                  "luaservice = root .. 'service/?.lua;;' .. root .. 'x/?/?.lua'\n"
                  "daemon = './pid'\nlogger = './log/x'\nlogpath = 'log'\nthread = 4\n",
                  0, "conf: 0 problems\n");
    expect_report("harbor = 0\nbootstrap = 'snlua mine'\nstart = 'none'\n"
                  "logservice = 'snlua'\nlogger = 'no/such'",
                  0, "conf: 0 problems\n");
    assert_int_equal(access("pid", F_OK), -1);
}

static void test_check_values(void **state) {
    (void)state;
    assert_int_equal(mkdir("service", 0755), 0);
    write_file("service/main.lua", "");
    expect_report("harbor = 0\nthread = '2x'\nprofile = 'yes'\nthread = 'abc'\n", 1,
                  "conf:4: thread is not a whole number: \"abc\"\n"
                  "conf:3: profile = \"yes\" counts as false: only true switches it on\n"
                  "conf: 2 problems\n");
    expect_report("harbor = 0\nthread = 2000", 1,
                  "conf:2: thread = 2000 is not in [1,1024]\nconf: 1 problem\n");
    expect_report("harbor = 256\naddress = 'x:1'\nmaster = 'x'", 1,
                  "conf:1: harbor = 256 is not in [0,255]\n"
                  "conf:3: master = \"x\" is not of the form host:port\nconf: 2 problems\n");
    expect_report("harbor = 0\ncpath = 'a;b?'\nlua_path = './?.lua;./x.lua;y'", 1,
                  "conf:2: cpath has a pattern without '?': \"a\"\n"
                  "conf:3: lua_path has a pattern without '?': \"./x.lua\"\n"
                  "conf:3: lua_path has a pattern without '?': \"y\"\nconf: 3 problems\n");
    expect_report("harbor = 0\nmqpolicy = 'refuse'\n", 1,
                  "conf:2: mqpolicy does nothing without mqmax or mqdelayms\nconf: 1 problem\n");
    expect_report("harbor = 0\nmqmax = 0\nmqdelayms = 'x'\nmqpolicy = 'drop'\n", 1,
                  "conf:2: mqmax = 0 is not in [1,2147483647]\n"
                  "conf:3: mqdelayms is not a whole number: \"x\"\n"
                  "conf:4: mqpolicy = \"drop\" is not warn, refuse or drop_oldest\n"
                  "conf: 3 problems\n");
    expect_report("harbor = 0\nmqmax = 1000\nmqpolicy = 'drop_oldest'\n", 0, "conf: 0 problems\n");
    expect_report("harbor = 0\ncluster = 'none'\npreload = '/'\nlualoader = 'l.lua'\n", 1,
                  "conf:3: preload = \"/\" is a directory\n"
                  "conf:2: cluster = \"none\": No such file or directory\n"
                  "conf:4: note: lualoader = \"l.lua\": No such file or directory; "
                  "the built-in loader is used\nconf: 2 problems\n");
}

static void test_check_relations(void **state) {
    (void)state;
    assert_int_equal(mkdir("service", 0755), 0);
    expect_report("harbor = 0\nluaservice = './?.lua;service/?/?.lua'\nstart = 'game 1 2'", 1,
                  "conf:3: start = \"game\" is not found along luaservice:\n"
                  "\tno file ./game.lua\n\tno file service/game/game.lua\nconf: 1 problem\n");
    expect_report("harbor = 0\nstart = ' '\nstandalone = '0.0.0.0:1'", 1,
                  "conf:2: start is empty\n"
                  "conf:3: standalone cannot be set when harbor = 0\nconf: 2 problems\n");
    expect_report("start = 'console'", 1,
                  "conf: address is missing: harbor = 1 needs it "
                  "(harbor = 0 is for a node on its own)\n"
                  "conf: master is missing: harbor = 1 needs it "
                  "(harbor = 0 is for a node on its own)\nconf: 2 problems\n");
    expect_report("harbor = 0\nstart = 'console'\nloglevel = 'loud'\nlogformat = 'xml'\n"
                  "socket_linger = 'long'\nsocket_output_limit = -1",
                  1,
                  "conf:6: socket_output_limit = -1 is not in [0,2147483647]\n"
                  "conf:5: socket_linger is not a whole number: \"long\"\n"
                  "conf:3: loglevel = \"loud\" is not one of debug, info, warn, error\n"
                  "conf:4: logformat = \"xml\" is not one of text, json\nconf: 4 problems\n");
    expect_report("harbor = 0\nstart = 'console'\ndaemon = 'no/pid'\nlogger = 'service'\n"
                  "logpath = 'nolog'",
                  1,
                  "conf:3: daemon = \"no/pid\": directory \"no/\": No such file or directory\n"
                  "conf:4: logger = \"service\" is a directory\n"
                  "conf:5: logpath = \"nolog\": No such file or directory\nconf: 3 problems\n");
}

static void test_check_names(void **state) {
    (void)state;
    expect_report("harbor = 0\nstart = 'console'\ntheads = 4\nLua_path = ''\nlogegr = 'x'\n"
                  "mysql = 1\nroot = 2\nport = 3\nuser_key_of_mine = 4\nsnx = 1",
                  0,
                  "conf:3: note: theads is no key of the runtime; did you mean \"thread\"?\n"
                  "conf:4: note: Lua_path is no key of the runtime; did you mean \"lua_path\"?\n"
                  "conf:5: note: logegr is no key of the runtime; did you mean \"logger\"?\n"
                  "conf:10: note: snx is no key of the runtime; did you mean \"snax\"?\n"
                  "conf: 0 problems\n");
    expect_report("harbor = 0\nstart = 'console'\nstarts = 1\nthread = 1\nthreads = 2", 0,
                  "conf: 0 problems\n");
}

static void test_check_broken_files(void **state) {
    (void)state;
    expect_report("a = = 1", 1, "conf:1: unexpected symbol near '='\nconf: 1 problem\n");
    expect_report("\ninclude 'none'", 1,
                  "none: No such file or directory\n\tincluded from conf:2\nconf: 1 problem\n");
    expect_report("harbor = 0\nstart = 'console'\nt = {}\nf = include\nthread = 0", 1,
                  "Invalid config table key = t (a table, set at conf:3)\n"
                  "Invalid config table key = f (a function, set at conf:4)\n"
                  "conf:5: thread = 0 is not in [1,1024]\nconf: 3 problems\n");
    char *printed = NULL;
    size_t size;
    FILE *out = open_memstream(&printed, &size);
    assert_int_equal(sk_cmd_check("absent", NULL, out), 1);
    fclose(out);
    assert_string_equal(printed, "absent: No such file or directory\nabsent: 1 problem\n");
    free(printed);
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, enter_folder, leave_folder)
    const struct CMUnitTest tests[] = {
        TEST(test_values),
        TEST(test_only_include_is_visible),
        TEST(test_env_keeps_what_it_has),
        TEST(test_dollar_names),
        TEST(test_include),
        TEST(test_errors_name_the_place),
        TEST(test_invalid_entries),
        TEST(test_limits),
        TEST(test_size),
        TEST(test_hostile_bytes),
        TEST(test_damaged_files),
        TEST(test_defaults),
        TEST(test_typed_values),
        TEST(test_ranges),
        TEST(test_script),
        TEST(test_script_refusals),
        TEST(test_check_good),
        TEST(test_check_values),
        TEST(test_check_relations),
        TEST(test_check_names),
        TEST(test_check_broken_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
