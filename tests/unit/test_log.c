/* test_log.c -- log lines as messages; JSON strings of any bytes. */
#include "actor/log.h"
#include "base/err.h"
#include "base/json.h"
#include "support/chance.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void expect_json(const char *text, size_t size, const char *wanted) {
    sk_buffer out = {0};
    sk_json_append_string(&out, text, size);
    sk_buffer_append(&out, "", 1);
    assert_string_equal((const char *)out.data, wanted);
    sk_buffer_done(&out);
}
#define EXPECT_JSON(text, wanted) expect_json(text, sizeof(text) - 1, wanted)

static void strings(void **state) {
    (void)state;
    EXPECT_JSON("", "\"\"");
    expect_json(NULL, 0, "\"\"");
    EXPECT_JSON("a\"\\/b", "\"a\\\"\\\\/b\"");
    EXPECT_JSON("\n\r\t\0\x1f\x7f", "\"\\n\\r\\t\\u0000\\u001f\\u007f\"");
    EXPECT_JSON("\xc3\xbc \xe2\x82\xac \xf0\x9f\x99\x82",
                "\"\xc3\xbc \xe2\x82\xac \xf0\x9f\x99\x82\"");
#define R "\xef\xbf\xbd"
    EXPECT_JSON("\x80", "\"" R "\"");
    EXPECT_JSON("\xc0\xaf", "\"" R R "\"");             /* overlong */
    EXPECT_JSON("\xe0\x9f\xbf", "\"" R R R "\"");       /* overlong */
    EXPECT_JSON("\xed\xa0\x80", "\"" R R R "\"");       /* a surrogate */
    EXPECT_JSON("\xf4\x90\x80\x80", "\"" R R R R "\""); /* above U+10FFFF */
    EXPECT_JSON("\xf5\xff", "\"" R R "\"");
    EXPECT_JSON("\xe2\x82", "\"" R R "\""); /* cut */
    EXPECT_JSON("\xe2\x82x", "\"" R R "x\"");
    EXPECT_JSON("\xef\xbf\xbf\xed\x9f\xbf", "\"\xef\xbf\xbf\xed\x9f\xbf\"");
}

static void numbers(void **state) {
    (void)state;
    const struct {
        double number;
        const char *text;
    } cases[] = {{0, "0"},
                 {-1.5, "-1.5"},
                 {0.1, "0.1"},
                 {1e300, "1e+300"},
                 {1.0 / 3, "0.3333333333333333"},
                 {INFINITY, "\"inf\""},
                 {-INFINITY, "\"-inf\""},
                 {NAN, "\"nan\""}};
    for (size_t i = 0; i < SK_ARRAY_LEN(cases); i++) {
        sk_buffer out = {0};
        sk_json_append_number(&out, cases[i].number);
        sk_buffer_append(&out, "", 1);
        assert_string_equal((const char *)out.data, cases[i].text);
        sk_buffer_done(&out);
    }
}

/* Any bytes make a string without bare quotes, control characters and halves of UTF-8. */
static void random_strings(void **state) {
    (void)state;
    sk_random random;
    sk_random_init(&random, chance_seed());
    for (int round = 0; round < 20000; round++) {
        uint8_t bytes[24];
        size_t size = sk_random_below(&random, sizeof bytes + 1);
        for (size_t i = 0; i < size; i++)
            bytes[i] = (uint8_t)(sk_random_below(&random, 2) ? 0x80 + sk_random_below(&random, 128)
                                                             : sk_random_below(&random, 256));
        sk_buffer out = {0}, again = {0};
        sk_json_append_string(&out, bytes, size);
        assert_true(out.len >= 2 && out.data[0] == '"' && out.data[out.len - 1] == '"');
        for (size_t i = 1; i + 1 < out.len; i++) {
            assert_true(out.data[i] >= 0x20 && out.data[i] != '"');
            if (out.data[i] == '\\')
                i += out.data[i + 1] == 'u' ? 5 : 1;
        }
        /* Written once more, only the escapes change: what is not UTF-8 has gone. */
        sk_json_append_string(&again, out.data, out.len);
        size_t replaced = 0, kept = 0;
        for (size_t i = 0; i + 2 < again.len; i++)
            replaced += memcmp(&again.data[i], R, 3) == 0;
        for (size_t i = 0; i + 2 < out.len; i++)
            kept += memcmp(&out.data[i], R, 3) == 0;
        assert_int_equal(replaced, kept);
        sk_buffer_done(&out);
        sk_buffer_done(&again);
    }
}

static void levels(void **state) {
    (void)state;
    static const char *const words[] = {"debug", "info", "warn", "error"};
    for (int i = 0; i < 4; i++) {
        sk_log_level level = SK_LOG_PLAIN;
        assert_int_equal(sk_log_level_parse(words[i], &level), 0);
        assert_int_equal(level, i);
        assert_string_equal(sk_log_level_name(level), words[i]);
    }
    sk_log_level level = SK_LOG_WARN;
    assert_int_equal(sk_log_level_parse("Info", &level), SK_EINVAL);
    assert_int_equal(sk_log_level_parse("", &level), SK_EINVAL);
    assert_int_equal(level, SK_LOG_WARN);
    assert_string_equal(sk_log_level_name(SK_LOG_PLAIN), "");
}

static void messages(void **state) {
    (void)state;
    sk_handle source = {5};
    sk_log_record record = {.level = SK_LOG_WARN, .text = "a\0b", .size = 3};
    record.fields = "\"k\":1";
    record.fields_size = 5;
    sk_log_line line;

    sk_msg *msg = sk_log_message(source, &record);
    assert_int_equal(msg->type, SK_TYPE_TEXT);
    assert_int_equal(msg->source.v, 5);
    assert_int_equal(msg->size, 3); /* any log service finds the text, and no more */
    sk_log_read(msg, &line);
    assert_int_equal(line.level, SK_LOG_WARN);
    assert_memory_equal(line.text, "a\0b", 3);
    assert_null(line.members);
    sk_msg_free(msg);

    msg = sk_log_message_with_members(source, &record, "snlua \"x\"");
    sk_log_read(msg, &line);
    assert_int_equal(line.size, 3);
    assert_memory_equal(line.text, "a\0b", 3);
    const char *wanted = "\"name\":\"snlua \\\"x\\\"\",\"fields\":{\"k\":1}";
    assert_int_equal(line.members_size, strlen(wanted));
    assert_memory_equal(line.members, wanted, line.members_size);
    sk_msg_free(msg);

    record.fields = NULL;
    msg = sk_log_message_with_members(source, &record, NULL);
    sk_log_read(msg, &line);
    assert_null(line.members);
    assert_int_equal(line.size, 3);
    sk_msg_free(msg);
}

/* Messages that others have made: without a level, or with hints that mean something else. */
static void strange_messages(void **state) {
    (void)state;
    sk_log_line line;
    sk_msg *msg = sk_msg_new_copy("error: x", 8);
    sk_log_read(msg, &line);
    assert_int_equal(line.level, SK_LOG_ERROR);
    memset(msg->hints, 1, sizeof msg->hints);
    sk_log_read(msg, &line);
    assert_int_equal(line.size, 8);
    assert_null(line.members);
    sk_msg_free(msg);
    msg = sk_msg_new_around(NULL, 0);
    sk_log_read(msg, &line);
    assert_int_equal(line.level, SK_LOG_PLAIN);
    assert_int_equal(line.size, 0);
    assert_non_null(line.text);
    sk_msg_free(msg);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings), cmocka_unit_test(numbers),  cmocka_unit_test(random_strings),
        cmocka_unit_test(levels),  cmocka_unit_test(messages), cmocka_unit_test(strange_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
