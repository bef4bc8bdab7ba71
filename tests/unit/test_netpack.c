/* test_netpack.c -- packets out of a stream: whole, in pieces, empty, at and above the limit. */
#include "base/buffer.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/random.h"
#include "codec/netpack.h"
#include "support/chance.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static sk_netpack_input input_of(const char *data, size_t size) {
    return (sk_netpack_input){(const uint8_t *)data, size};
}

#define INPUT(literal) input_of(literal, sizeof(literal) - 1)

static void expect_packet(sk_netpack *pack, sk_netpack_input *input, const char *text) {
    sk_netpack_packet packet;
    assert_int_equal(sk_netpack_next(pack, input, &packet), 1);
    assert_int_equal(packet.size, strlen(text));
    assert_memory_equal(packet.data, text, packet.size);
}

static void expect_end(sk_netpack *pack, sk_netpack_input *input) {
    sk_netpack_packet packet;
    assert_int_equal(sk_netpack_next(pack, input, &packet), 0);
    assert_int_equal(input->size, 0);
}

static void test_whole_packets_are_not_copied(void **state) {
    (void)state;
    static const char BYTES[] = "\0\3abc\0\1x";
    sk_netpack pack;
    sk_netpack_init(&pack, 2);
    sk_netpack_input input = INPUT(BYTES);
    sk_netpack_packet packet;
    assert_int_equal(sk_netpack_next(&pack, &input, &packet), 1);
    assert_ptr_equal(packet.data, BYTES + 2);
    assert_int_equal(packet.size, 3);
    expect_packet(&pack, &input, "x");
    expect_end(&pack, &input);
    sk_netpack_done(&pack);
}

static void test_pieces_and_empty_packets(void **state) {
    (void)state;
    sk_netpack pack;
    sk_netpack_init(&pack, 2);
    sk_netpack_input input = INPUT("\0\5hel");
    expect_end(&pack, &input);
    input = INPUT("lo\0\0\0\1x");
    expect_packet(&pack, &input, "hello");
    expect_packet(&pack, &input, "x");
    expect_end(&pack, &input);
    input = INPUT("\0\0\0\0\0"); /* empty ones, and half a header */
    expect_end(&pack, &input);
    input = INPUT("\2");
    expect_end(&pack, &input);
    input = INPUT("");
    expect_end(&pack, &input);
    input = INPUT("ab\0");
    expect_packet(&pack, &input, "ab");
    expect_end(&pack, &input);
    sk_netpack_done(&pack);
}

static void test_long_headers(void **state) {
    (void)state;
    sk_netpack pack;
    sk_netpack_init(&pack, 4);
    sk_netpack_input input = INPUT("\0\0\0\3abc\0\0\0\0\0\0\0\1x");
    expect_packet(&pack, &input, "abc");
    expect_packet(&pack, &input, "x");
    expect_end(&pack, &input);
    sk_netpack_done(&pack);
}

static void expect_broken(const char *header) {
    sk_netpack pack;
    sk_netpack_init(&pack, 4);
    for (size_t i = 0; i < 3; i++) {
        sk_netpack_input byte = input_of(header + i, 1);
        expect_end(&pack, &byte);
    }
    sk_netpack_input input = input_of(header + 3, 1);
    sk_netpack_packet packet;
    assert_int_equal(sk_netpack_next(&pack, &input, &packet), SK_ETOOBIG);
    assert_null(pack.partial); /* nothing was reserved for what it announced */
    input = INPUT("\0\0\0\1x");
    assert_int_equal(sk_netpack_next(&pack, &input, &packet), SK_ETOOBIG);
    sk_netpack_done(&pack);
}

static void test_too_long(void **state) {
    (void)state;
    expect_broken("\1\0\0\0");
    expect_broken("\x7f\xff\xff\xff");
    expect_broken("\x80\0\0\0");
    expect_broken("\xff\xff\xff\xff");
}

/* The longest packets of both styles, in two pieces. */
static void test_longest(void **state) {
    (void)state;
    size_t size = SK_NETPACK_SIZE_MAX - 1;
    uint8_t *bytes = sk_malloc(size);
    memset(bytes, 'z', size);
    sk_netpack pack;
    sk_netpack_packet packet;
    for (int style = 2; style <= 4; style += 2) {
        sk_netpack_init(&pack, style);
        size_t wanted = style == 2 ? 0xffff : size;
        sk_netpack_input input = input_of(&"\0\xff\xff\xff"[4 - style], (size_t)style);
        expect_end(&pack, &input);
        input = (sk_netpack_input){bytes, wanted - 1};
        expect_end(&pack, &input);
        input = (sk_netpack_input){bytes, 1};
        assert_int_equal(sk_netpack_next(&pack, &input, &packet), 1);
        assert_int_equal(packet.size, wanted);
        assert_memory_equal(packet.data, bytes, wanted);
        sk_netpack_done(&pack);
    }
    sk_free(bytes);
}

/* A header that announces much costs nothing before the bytes come. */
static void test_memory_follows_what_came(void **state) {
    (void)state;
    sk_netpack pack;
    sk_netpack_init(&pack, 4);
    sk_netpack_input input = INPUT("\0\xff\xff\xff");
    expect_end(&pack, &input);
    assert_null(pack.partial);
    input = INPUT("0123456789");
    expect_end(&pack, &input);
    assert_true(pack.partial_cap <= 128);
    sk_netpack_done(&pack);
}

static void test_take(void **state) {
    (void)state;
    sk_netpack pack;
    sk_netpack_init(&pack, 2);
    sk_netpack_packet packet;
    sk_netpack_input input = INPUT("\0\3abc\0\3d");
    assert_int_equal(sk_netpack_next(&pack, &input, &packet), 1);
    char *first = sk_netpack_take(&pack, &packet);
    assert_string_equal(first, "abc");
    expect_end(&pack, &input);
    input = INPUT("ef");
    assert_int_equal(sk_netpack_next(&pack, &input, &packet), 1);
    char *second = sk_netpack_take(&pack, &packet);
    assert_ptr_equal(second, packet.data); /* what was gathered is handed over */
    assert_string_equal(second, "def");
    expect_end(&pack, &input);
    sk_free(first);
    sk_free(second);
    sk_netpack_done(&pack);
}

typedef struct {
    const uint8_t *data;
    size_t size;
} bytes;

/* The packets of a stream, each as its size and its bytes, appended to `out`; the stream comes in
 * pieces of at most `piece_max` bytes. */
static void parse(int style, bytes stream, sk_random *random, uint32_t piece_max, sk_buffer *out) {
    sk_netpack pack;
    sk_netpack_init(&pack, style);
    while (stream.size) {
        size_t piece = 1 + sk_random_below(random, piece_max);
        if (piece > stream.size)
            piece = stream.size;
        uint8_t *copy = (uint8_t *)sk_memdup_text(stream.data, piece); /* reads beyond are seen */
        sk_netpack_input input = {copy, piece};
        sk_netpack_packet packet;
        while (sk_netpack_next(&pack, &input, &packet) > 0) {
            sk_buffer_append(out, &packet.size, sizeof packet.size);
            sk_buffer_append(out, packet.data, packet.size);
        }
        sk_free(copy);
        stream.data += piece;
        stream.size -= piece;
    }
    sk_netpack_done(&pack);
}

/* A stream of packets of all sizes; `expected` gets what parse must give. */
static void make_stream(int style, sk_random *random, sk_buffer *stream, sk_buffer *expected) {
    uint32_t count = sk_random_below(random, 30);
    while (count--) {
        size_t size = sk_random_below(random, sk_random_below(random, 4) ? 20 : 2000);
        uint8_t header[4] = {0, 0, (uint8_t)(size >> 8), (uint8_t)size};
        sk_buffer_append(stream, header + 4 - style, (size_t)style);
        uint8_t *payload = sk_buffer_reserve(stream, size);
        for (size_t i = 0; i < size; i++)
            payload[i] = (uint8_t)sk_random_next(random);
        stream->len += size;
        if (size == 0)
            continue;
        sk_buffer_append(expected, &size, sizeof size);
        sk_buffer_append(expected, payload, size);
    }
}

static void test_any_split_gives_the_same(void **state) {
    (void)state;
    static const uint32_t PIECES[] = {1, 3, 40, 1000, 100000};
    sk_random random;
    sk_random_init(&random, chance_seed());
    for (int round = 0; round < 400; round++) {
        int style = round % 2 ? 2 : 4;
        sk_buffer stream = {0}, expected = {0};
        make_stream(style, &random, &stream, &expected);
        for (size_t i = 0; i < SK_ARRAY_LEN(PIECES); i++) {
            sk_buffer got = {0};
            parse(style, (bytes){stream.data, stream.len}, &random, PIECES[i], &got);
            assert_int_equal(got.len, expected.len);
            if (got.len)
                assert_memory_equal(got.data, expected.data, got.len);
            sk_buffer_done(&got);
        }
        sk_buffer_done(&stream);
        sk_buffer_done(&expected);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_packets_are_not_copied),
        cmocka_unit_test(test_pieces_and_empty_packets),
        cmocka_unit_test(test_long_headers),
        cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_longest),
        cmocka_unit_test(test_memory_follows_what_came),
        cmocka_unit_test(test_take),
        cmocka_unit_test(test_any_split_gives_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
