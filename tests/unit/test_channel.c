/* test_channel.c -- line pipes: order, limits, and every way in which an end is closed. */
#include "base/err.h"
#include "base/limits.h"
#include "base/mem.h"
#include "lua/channel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const sk_handle WRITER = {8}, READER = {9}, OTHER = {10};

static int setup(void **state) {
    *state = sk_channels_new();
    return 0;
}

static int teardown(void **state) {
    sk_channels_free(*state);
    return 0;
}

static void expect_line(sk_channels *channels, int32_t id, const char *text) {
    char *line;
    size_t size;
    assert_int_equal(sk_channel_read(channels, id, &line, &size), 0);
    assert_int_equal(size, strlen(text));
    assert_string_equal(line, text);
    sk_free(line);
}

static void expect_none(sk_channels *channels, int32_t id, int err) {
    char *line = NULL;
    size_t size = 0;
    assert_int_equal(sk_channel_read(channels, id, &line, &size), err);
    assert_null(line);
    assert_int_equal(sk_channel_is_ready(channels, id), err == SK_ECLOSED);
    assert_int_equal(sk_channel_is_closed(channels, id), err == SK_ECLOSED);
}

static void test_order(void **state) {
    sk_channels *channels = *state;
    int32_t id = sk_channel_create(channels, WRITER);
    sk_handle reader;
    assert_true(id > 0);
    expect_none(channels, id, SK_EAGAIN);
    assert_int_equal(sk_channel_write(channels, id, "one", 3, &reader), 0);
    assert_true(sk_handle_is_none(reader));
    assert_int_equal(sk_channel_connect(channels, id, READER), 0);
    assert_int_equal(sk_channel_connect(channels, id, OTHER), SK_EEXIST);
    assert_int_equal(sk_channel_write(channels, id, "", 0, &reader), 0);
    assert_true(sk_handle_eq(reader, READER));
    assert_true(sk_channel_is_ready(channels, id));
    assert_false(sk_channel_is_closed(channels, id));
    expect_line(channels, id, "one");
    expect_line(channels, id, "");
    expect_none(channels, id, SK_EAGAIN);
}

static void test_writer_leaves(void **state) {
    sk_channels *channels = *state;
    int32_t id = sk_channel_create(channels, WRITER);
    sk_handle reader;
    assert_int_equal(sk_channel_connect(channels, id, READER), 0);
    assert_int_equal(sk_channel_write(channels, id, "last", 4, &reader), 0);
    assert_true(sk_handle_eq(sk_channel_release(channels, id, SK_CHANNEL_WRITER), READER));
    assert_int_equal(sk_channel_connect(channels, id, OTHER), SK_ENOENT);
    assert_true(sk_channel_is_ready(channels, id));
    assert_false(sk_channel_is_closed(channels, id));
    expect_line(channels, id, "last");
    expect_none(channels, id, SK_ECLOSED);
    assert_true(sk_handle_is_none(sk_channel_release(channels, id, SK_CHANNEL_READER)));
    expect_none(channels, id, SK_ECLOSED);
}

static void test_reader_leaves(void **state) {
    sk_channels *channels = *state;
    int32_t id = sk_channel_create(channels, WRITER);
    sk_handle reader;
    assert_int_equal(sk_channel_connect(channels, id, READER), 0);
    assert_int_equal(sk_channel_write(channels, id, "unread", 6, &reader), 0);
    assert_true(sk_handle_eq(sk_channel_release(channels, id, SK_CHANNEL_READER), WRITER));
    assert_int_equal(sk_channel_write(channels, id, "x", 1, &reader), SK_ECLOSED);
    assert_int_equal(sk_channel_connect(channels, id, OTHER), SK_EEXIST);
    assert_true(sk_handle_is_none(sk_channel_release(channels, id, SK_CHANNEL_WRITER)));
    assert_int_equal(sk_channel_connect(channels, id, OTHER), SK_ENOENT);
}

static void test_writer_alone(void **state) {
    sk_channels *channels = *state;
    int32_t id = sk_channel_create(channels, WRITER);
    assert_true(sk_handle_is_none(sk_channel_release(channels, id, SK_CHANNEL_WRITER)));
    assert_int_equal(sk_channel_connect(channels, id, READER), SK_ENOENT);
    assert_true(sk_handle_is_none(sk_channel_release(channels, id, SK_CHANNEL_WRITER)));
}

static void test_wrong_ids(void **state) {
    sk_channels *channels = *state;
    static const int32_t ids[] = {0, 1, -1, INT32_MAX, INT32_MIN};
    sk_handle reader;
    for (size_t i = 0; i < SK_ARRAY_LEN(ids); i++) {
        assert_int_equal(sk_channel_connect(channels, ids[i], READER), SK_ENOENT);
        assert_int_equal(sk_channel_write(channels, ids[i], "x", 1, &reader), SK_ECLOSED);
        expect_none(channels, ids[i], SK_ECLOSED);
        (void)sk_channel_release(channels, ids[i], SK_CHANNEL_READER);
    }
}

static void test_line_limit(void **state) {
    sk_channels *channels = *state;
    int32_t id = sk_channel_create(channels, WRITER);
    sk_handle reader;
    for (int i = 0; i < SK_CHANNEL_LINE_COUNT_MAX; i++)
        assert_int_equal(sk_channel_write(channels, id, "x", 1, &reader), 0);
    assert_int_equal(sk_channel_write(channels, id, "x", 1, &reader), SK_ELIMIT);
    expect_line(channels, id, "x");
    assert_int_equal(sk_channel_write(channels, id, "x", 1, &reader), 0);
}

static void test_size_limit(void **state) {
    sk_channels *channels = *state;
    int32_t id = sk_channel_create(channels, WRITER);
    sk_handle reader;
    char *text = sk_calloc(1, SK_CHANNEL_SIZE_MAX + 1);
    size_t half = SK_CHANNEL_SIZE_MAX / 2;
    assert_int_equal(sk_channel_write(channels, id, text, SK_CHANNEL_SIZE_MAX + 1, &reader),
                     SK_ELIMIT);
    assert_int_equal(sk_channel_write(channels, id, text, half, &reader), 0);
    assert_int_equal(sk_channel_write(channels, id, text, half + 1, &reader), SK_ELIMIT);
    assert_int_equal(sk_channel_write(channels, id, text, half, &reader), 0);
    assert_int_equal(sk_channel_write(channels, id, "x", 1, &reader), SK_ELIMIT);
    sk_free(text);
}

static void test_count_limit(void **state) {
    sk_channels *channels = *state;
    int32_t first = sk_channel_create(channels, WRITER);
    for (int i = 1; i < SK_CHANNEL_COUNT_MAX; i++)
        assert_true(sk_channel_create(channels, WRITER) > first);
    assert_int_equal(sk_channel_create(channels, WRITER), SK_ELIMIT);
    (void)sk_channel_release(channels, first, SK_CHANNEL_WRITER);
    assert_true(sk_channel_create(channels, WRITER) > first);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_order, setup, teardown),
        cmocka_unit_test_setup_teardown(test_writer_leaves, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reader_leaves, setup, teardown),
        cmocka_unit_test_setup_teardown(test_writer_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wrong_ids, setup, teardown),
        cmocka_unit_test_setup_teardown(test_line_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_size_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_count_limit, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
