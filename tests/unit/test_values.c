/* test_values.c -- values of skein.h against the packer of Lua values, and damaged streams. */
#include "skein.h"

#include "base/mem.h"
#include "codec/seri.h"

#include <lauxlib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What the packer writes for "return VALUES". */
static sk_buffer pack(const char *values) {
    lua_State *L = luaL_newstate();
    sk_buffer code = {0}, out = {0};
    sk_buffer_printf(&code, "return %s%c", values, '\0');
    assert_int_equal(luaL_dostring(L, (const char *)code.data), LUA_OK);
    sk_seri_pack(L, 1, lua_gettop(L), &out, NULL);
    sk_buffer_done(&code);
    lua_close(L);
    return out;
}

/* Reads the stream and writes it anew. Returns what the last read did. */
static int copy(const void *data, size_t size, skein_writer *writer) {
    skein_reader reader;
    skein_value value;
    int result;
    skein_read_begin(&reader, data, size);
    while ((result = skein_read(&reader, &value)) > 0) {
        switch (value.kind) {
        case SKEIN_BOOLEAN:
            skein_write_boolean(writer, value.boolean);
            break;
        case SKEIN_INTEGER:
            skein_write_integer(writer, value.integer);
            break;
        case SKEIN_NUMBER:
            skein_write_number(writer, value.number);
            break;
        case SKEIN_STRING:
            skein_write_string(writer, value.string, value.size);
            break;
        case SKEIN_TABLE:
            skein_write_table(writer, value.size);
            break;
        case SKEIN_TABLE_END:
            skein_write_end(writer);
            break;
        default:
            skein_write_nil(writer);
        }
    }
    return result;
}

static void expect_same(const char *values) {
    sk_buffer packed = pack(values);
    skein_writer writer = {0};
    assert_int_equal(copy(packed.data, packed.len, &writer), 0);
    size_t size;
    void *block = skein_writer_take(&writer, &size);
    assert_int_equal(size, packed.len);
    assert_memory_equal(block, packed.data, size);
    free(block);
    sk_buffer_done(&packed);
}

static void test_as_the_packer_does(void **state) {
    (void)state;
    static const char *const VALUES[] = {
        "nil",
        "nil, nil, true, false",
        "0, 1, 127, 128, 255, 256, 65535, 65536, 0x7fffffff, 0x80000000, 0x100000000",
        "-1, -128, -0x80000000, -0x80000001, 0x7fffffffffffffff, -0x7fffffffffffffff - 1",
        "0.0, -0.0, 1.0, 1.5, 1/0, -1/0, 0/0, 1e300",
        "'', 'a', 'a\\0b', 'x'",
        "{}, {1,2,3}, {a=1}, {1,nil,3}, {10,20,x='y'}, {{1},{a={}}}, {[{}]=1}, {true, a={b={}}}",
    };
    for (size_t i = 0; i < SK_ARRAY_LEN(VALUES); i++)
        expect_same(VALUES[i]);
}

/* Strings and lists at the lengths where the form changes. */
static void test_lengths(void **state) {
    (void)state;
    static const size_t LENGTHS[] = {30, 31, 32, 255, 256, 65535, 65536, 70000};
    for (size_t i = 0; i < SK_ARRAY_LEN(LENGTHS); i++) {
        sk_buffer text = {0};
        sk_buffer_append(&text, "'", 1);
        memset(sk_buffer_reserve(&text, LENGTHS[i]), 'x', LENGTHS[i]);
        text.len += LENGTHS[i];
        sk_buffer_append(&text, "'", 2);
        expect_same((const char *)text.data);
        text.len = 0;
        sk_buffer_append(&text, "{", 1);
        for (size_t n = 0; n < LENGTHS[i]; n++)
            sk_buffer_append(&text, "0,", 2);
        sk_buffer_append(&text, "}", 2);
        expect_same((const char *)text.data);
        sk_buffer_done(&text);
    }
}

static void test_each_prefix_is_refused_or_shorter(void **state) {
    (void)state;
    sk_buffer packed =
        pack("{1, 'two', {3.0, k={}}, 70000, [true]=-9}, 'a long string, for a length in bytes'");
    size_t whole = 0;
    for (size_t size = 0; size < packed.len; size++) {
        skein_writer writer = {0};
        char *piece = sk_memdup_text(packed.data, size);
        int result = copy(piece, size, &writer);
        sk_free(piece);
        assert_true(result == 0 || result == SKEIN_EFORMAT);
        whole += result == 0;
        free(skein_writer_take(&writer, &(size_t){0}));
    }
    assert_int_equal(whole, 2); /* nothing, and the table alone */
    sk_buffer_done(&packed);
}

static void test_damaged(void **state) {
    (void)state;
    static const char *const STREAMS[] = {"\x1a\1\2\3",   "\x0a",     "\x05",
                                          "\x1d\1\2",     "\x07",     "\xff",
                                          "\x06",         "\x0e",     "\xfe\x22\xff\xff\xff\x7f",
                                          "\x15\xff\xff", "\xfe\x04", "\x25\xff\xff\xff\xff"};
    for (size_t i = 0; i < SK_ARRAY_LEN(STREAMS); i++) {
        skein_writer writer = {0};
        assert_int_equal(copy(STREAMS[i], strlen(STREAMS[i]), &writer), SKEIN_EFORMAT);
        free(skein_writer_take(&writer, &(size_t){0}));
    }
}

static void test_depth(void **state) {
    (void)state;
    skein_writer in = {0}, out = {0};
    for (int i = 0; i < SKEIN_DEPTH_MAX; i++)
        skein_write_table(&in, i + 1 < SKEIN_DEPTH_MAX);
    for (int i = 0; i < SKEIN_DEPTH_MAX; i++)
        skein_write_end(&in);
    assert_int_equal(copy(in.data, in.size, &out), 0);
    memset(in.data, 0x0e, in.size); /* a list of one, in a list of one, ... */
    assert_int_equal(copy(in.data, in.size, &out), SKEIN_EFORMAT);
    free(skein_writer_take(&in, &(size_t){0}));
    free(skein_writer_take(&out, &(size_t){0}));
}

static void test_expected_kinds(void **state) {
    (void)state;
    sk_buffer packed = pack("'key', 5, 2.0, 2.5, 7, 0/0, 1e30, true");
    skein_reader reader;
    const char *text = NULL;
    size_t size = 0;
    int64_t integer = 99;
    double number = 0;
    skein_read_begin(&reader, packed.data, packed.len);
    assert_int_equal(skein_read_string(&reader, &text, &size), 0);
    assert_int_equal(size, 3);
    assert_memory_equal(text, "key", 3);
    assert_int_equal(skein_read_integer(&reader, &integer), 0);
    assert_int_equal(integer, 5);
    assert_int_equal(skein_read_integer(&reader, &integer), 0);
    assert_int_equal(integer, 2);
    assert_int_equal(skein_read_integer(&reader, &integer), SKEIN_EFORMAT);
    assert_int_equal(skein_read_number(&reader, &number), 0);
    assert_true(number == 7.0);
    assert_int_equal(skein_read_integer(&reader, &integer), SKEIN_EFORMAT);
    assert_int_equal(skein_read_integer(&reader, &integer), SKEIN_EFORMAT);
    assert_int_equal(skein_read_string(&reader, &text, &size), SKEIN_EFORMAT);
    assert_int_equal(skein_read_number(&reader, &number), SKEIN_EFORMAT); /* the end */
    assert_int_equal(integer, 2);
    skein_read_begin(&reader, NULL, 0);
    skein_value value;
    assert_int_equal(skein_read(&reader, &value), 0);
    sk_buffer_done(&packed);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_the_packer_does),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_each_prefix_is_refused_or_shorter),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_expected_kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
