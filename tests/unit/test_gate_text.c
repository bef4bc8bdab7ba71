/* test_gate_text.c -- the words of a gate's launch, its bindings and its commands. */
#include "actor/message.h"
#include "base/err.h"
#include "base/mem.h"
#include "service/gate_text.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void expect_error(const char *text, const char *expected) {
    char *copy = sk_strdup(text);
    sk_gate_args args;
    sk_buffer error = {0};
    assert_int_equal(sk_gate_parse_args(copy, &args, &error), SK_EINVAL);
    sk_buffer_append(&error, "", 1);
    assert_string_equal((const char *)error.data, expected);
    sk_buffer_done(&error);
    sk_free(copy);
}

static void test_args(void **state) {
    (void)state;
    char text[] = "L .dog 127.0.0.1:8888 0 64";
    sk_gate_args args;
    sk_buffer error = {0};
    assert_int_equal(sk_gate_parse_args(text, &args, &error), 0);
    assert_int_equal(args.header_size, 4);
    assert_string_equal(args.watchdog, ".dog");
    assert_string_equal(args.binding, "127.0.0.1:8888");
    assert_int_equal(args.client_type, SK_TYPE_CLIENT);
    assert_int_equal(args.connection_max, 64);
    char other[] = "S   !\t8888 255 1 and more";
    assert_int_equal(sk_gate_parse_args(other, &args, &error), 0);
    assert_int_equal(args.header_size, 2);
    assert_int_equal(args.client_type, 255);
    assert_int_equal(args.connection_max, 1);
    sk_buffer_done(&error);
}

static void test_wrong_args(void **state) {
    (void)state;
    expect_error("", "Invalid gate parm ");
    expect_error("S ! 8888", "Invalid gate parm S ! 8888");
    expect_error("S ! 8888 x 5", "Invalid gate parm S ! 8888 x 5");
    expect_error("S ! 8888 256 5", "Invalid gate parm S ! 8888 256 5");
    expect_error("S ! 8888 -1 5", "Invalid gate parm S ! 8888 -1 5");
    expect_error("S ! 8888 0", "Need max connection");
    expect_error("S ! 8888 0 0", "Need max connection");
    expect_error("S ! 8888 0 -4", "Need max connection");
    expect_error("S ! 8888 0 99999999999", "Need max connection");
    expect_error("X ! 8888 0 5", "Invalid data header style");
    expect_error("SL ! 8888 0 5", "Invalid data header style");
}

static void expect_binding(const char *text, const char *expected_host, int expected_port) {
    char *copy = sk_strdup(text);
    const char *host;
    int port;
    assert_int_equal(sk_gate_parse_binding(copy, &host, &port), 0);
    assert_string_equal(host, expected_host);
    assert_int_equal(port, expected_port);
    sk_free(copy);
}

static void test_binding(void **state) {
    (void)state;
    expect_binding("8888", "", 8888);
    expect_binding(":1", "", 1);
    expect_binding("localhost:65535", "localhost", 65535);
    expect_binding("::1:80", "::1", 80);
    expect_binding("[::1]:80", "::1", 80);
    static const char *const WRONG[] = {
        "",    "0",   "65536", "x:",      "x:0", "x:-1",    "x:y", "x:80y",
        "80:", "[]:", ":",     "1.2.3.4", "x",   "x:65536", "x: "};
    for (size_t i = 0; i < SK_ARRAY_LEN(WRONG); i++) {
        char *copy = sk_strdup(WRONG[i]);
        const char *host;
        int port;
        assert_int_equal(sk_gate_parse_binding(copy, &host, &port), SK_EINVAL);
        sk_free(copy);
    }
}

static sk_gate_command parse(char *text) {
    sk_gate_command command;
    sk_gate_parse_command(text, &command);
    return command;
}

#define PARSE(literal) parse((char[]){literal})

static void test_commands(void **state) {
    (void)state;
    sk_gate_command command = PARSE("start 12");
    assert_int_equal(command.verb, SK_GATE_START);
    assert_int_equal(command.id, 12);
    command = PARSE("kick 3 more");
    assert_int_equal(command.verb, SK_GATE_KICK);
    assert_int_equal(command.id, 3);
    command = PARSE("forward 3 :1a :0");
    assert_int_equal(command.verb, SK_GATE_FORWARD);
    assert_int_equal(command.id, 3);
    assert_int_equal(command.agent.v, 0x1a);
    assert_true(sk_handle_is_none(command.client));
    command = PARSE("forward 3 x00000ABC ?b");
    assert_int_equal(command.agent.v, 0xabc);
    assert_int_equal(command.client.v, 0xb);
    command = PARSE("close");
    assert_int_equal(command.verb, SK_GATE_CLOSE);
    char broker[] = "broker .a name";
    command = parse(broker);
    assert_int_equal(command.verb, SK_GATE_BROKER);
    assert_string_equal(command.name, ".a name");
}

static void test_wrong_commands(void **state) {
    (void)state;
    assert_int_equal(PARSE("").verb, SK_GATE_UNKNOWN);
    assert_int_equal(PARSE(" start 1").verb, SK_GATE_UNKNOWN);
    assert_int_equal(PARSE("k 5").verb, SK_GATE_UNKNOWN);
    assert_int_equal(PARSE("starts 5").verb, SK_GATE_UNKNOWN);
    assert_int_equal(PARSE("START 5").verb, SK_GATE_UNKNOWN);
    assert_int_equal(PARSE("start").id, 0);
    assert_int_equal(PARSE("start x").id, 0);
    assert_int_equal(PARSE("start -3").id, 0);
    assert_int_equal(PARSE("start 99999999999999999999").id, 0);
    assert_int_equal(PARSE("kick 4294967299").id, 0);
    assert_int_equal(PARSE("forward").id, 0);
    assert_int_equal(PARSE("forward 3").id, 0);
    assert_int_equal(PARSE("forward 3 :a").id, 0);
    assert_int_equal(PARSE("forward 3 :a ").id, 0);
    assert_int_equal(PARSE("forward 3  :a").id, 0);
    assert_string_equal(PARSE("broker").name, "");
    assert_string_equal(PARSE("broker ").name, "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_args),           cmocka_unit_test(test_wrong_args),
        cmocka_unit_test(test_binding),        cmocka_unit_test(test_commands),
        cmocka_unit_test(test_wrong_commands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
