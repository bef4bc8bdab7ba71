/* test_io_parts.c -- the parts of a socket, each alone: input buffer, output queues, queue of
 * datagrams, deadlines, the table of state transitions, the message form of events. */
#include "base/mem.h"
#include "base/random.h"
#include "io/io_impl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static uint64_t the_seed(void) {
    const char *given = getenv("SEED");
    uint64_t seed = given ? strtoull(given, NULL, 0) : sk_random_system_seed();
    print_message("SEED=%llu\n", (unsigned long long)seed);
    return seed;
}

/* ---- Input buffer ---- */

static void test_inbuf_keeps_order(void **state) {
    (void)state;
    sk_random random;
    sk_random_init(&random, the_seed());
    sk_inbuf inbuf = {0};
    uint8_t in = 0, out = 0;
    for (int round = 0; round < 20000; round++) {
        uint8_t data[300];
        size_t size = sk_random_below(&random, sizeof data);
        for (size_t i = 0; i < size; i++)
            data[i] = in++;
        sk_inbuf_append(&inbuf, data, size);
        size_t take = sk_random_below(&random, (uint32_t)sk_inbuf_size(&inbuf) + 1);
        const uint8_t *bytes = sk_inbuf_bytes(&inbuf);
        for (size_t i = 0; i < take; i++)
            assert_int_equal(bytes[i], out++);
        sk_inbuf_consume(&inbuf, take);
    }
    sk_inbuf_done(&inbuf);
}

static void test_inbuf_memory(void **state) {
    (void)state;
    sk_inbuf inbuf = {0};
    uint8_t data[4096] = {0};
    sk_inbuf_append(&inbuf, data, 100);
    sk_inbuf_consume(&inbuf, 100);
    assert_in_range(inbuf.cap, 100, SK_INBUF_KEEP_SIZE);
    sk_inbuf_append(&inbuf, data, sizeof data);
    sk_inbuf_consume(&inbuf, sizeof data);
    assert_int_equal(inbuf.cap, 0);
    assert_null(inbuf.data);
    /* A queue that is read as fast as it is written stays small. */
    for (int i = 0; i < 10000; i++) {
        sk_inbuf_append(&inbuf, data, 1000);
        if (i > 0)
            sk_inbuf_consume(&inbuf, 1000);
    }
    assert_in_range(inbuf.cap, 1000, 8192);
    sk_inbuf_done(&inbuf);
}

static void test_inbuf_find(void **state) {
    (void)state;
    sk_inbuf inbuf = {0};
    size_t scanned = 0;
    assert_int_equal(sk_inbuf_find(&inbuf, "\n", 1, &scanned), SK_INBUF_NOT_FOUND);
    sk_inbuf_append(&inbuf, "abc\r", 4);
    assert_int_equal(sk_inbuf_find(&inbuf, "\r\n", 2, &scanned), SK_INBUF_NOT_FOUND);
    assert_int_equal(scanned, 3); /* the \r may be the beginning of one */
    sk_inbuf_append(&inbuf, "\nrest", 5);
    assert_int_equal(sk_inbuf_find(&inbuf, "\r\n", 2, &scanned), 3);
    sk_inbuf_consume(&inbuf, 5);
    scanned = 0;
    assert_int_equal(sk_inbuf_find(&inbuf, "rest+", 5, &scanned), SK_INBUF_NOT_FOUND);
    assert_int_equal(scanned, 0);
    sk_inbuf_append(&inbuf, "+", 1);
    assert_int_equal(sk_inbuf_find(&inbuf, "rest+", 5, &scanned), 0);
    size_t size;
    char *all = sk_inbuf_take_all(&inbuf, &size);
    assert_int_equal(size, 5);
    assert_memory_equal(all, "rest+", 5);
    sk_free(all);
    assert_null(sk_inbuf_take_all(&inbuf, &size));
    assert_int_equal(size, 0);
}

/* ---- Output queues ---- */

/* Takes up to `size` bytes off the queue, as a kernel would. */
static void drain(sk_outq *outq, size_t size, char *text) {
    struct iovec pieces[3];
    while (size > 0 && !sk_outq_is_empty(outq)) {
        int count = sk_outq_pieces(outq, pieces, 3);
        assert_in_range(count, 1, 3);
        size_t n = pieces[0].iov_len < size ? pieces[0].iov_len : size;
        strncat(text, pieces[0].iov_base, n);
        sk_outq_consume(outq, n);
        size -= n;
    }
}

static void test_outq_priorities(void **state) {
    (void)state;
    sk_outq outq = {0};
    char text[64] = "";
    sk_outq_push_copy(&outq, "low1", 4, true);
    sk_outq_push_copy(&outq, "low2", 4, true);
    drain(&outq, 2, text); /* low1 has begun */
    sk_outq_push_block(&outq, sk_memdup_text("HIGH", 4), 4, 0, false);
    sk_outq_push_copy(&outq, "AB", 2, false);
    assert_int_equal(outq.size, 12);
    drain(&outq, 4, text);
    sk_outq_push_copy(&outq, "CD", 2, false);
    drain(&outq, 100, text);
    assert_string_equal(text, "low1HIGHABCDlow2");
    assert_true(sk_outq_is_empty(&outq));
    sk_outq_push_block(&outq, sk_memdup_text("xyz", 3), 3, 1, false);
    text[0] = '\0';
    drain(&outq, 100, text);
    assert_string_equal(text, "yz");
    sk_outq_push_copy(&outq, "left", 4, true);
    sk_outq_push_copy(&outq, "over", 4, false);
    sk_outq_done(&outq);
    assert_true(sk_outq_is_empty(&outq));
}

/* A consume that crosses from high into low, as after one call with pieces of both. */
static void test_outq_crossing(void **state) {
    (void)state;
    sk_outq outq = {0};
    char text[64] = "";
    sk_outq_push_copy(&outq, "high", 4, false);
    sk_outq_push_copy(&outq, "first", 5, true);
    sk_outq_push_copy(&outq, "second", 6, true);
    struct iovec pieces[8];
    assert_int_equal(sk_outq_pieces(&outq, pieces, 8), 3);
    sk_outq_consume(&outq, 4 + 5 + 1);
    sk_outq_push_copy(&outq, "HIGH", 4, false);
    drain(&outq, 100, text);
    assert_string_equal(text, "econdHIGH");
    sk_outq_push_copy(&outq, "a", 1, false);
    sk_outq_push_copy(&outq, "b", 1, true);
    sk_outq_consume(&outq, 1); /* the low one has not begun */
    sk_outq_push_copy(&outq, "c", 1, false);
    text[0] = '\0';
    drain(&outq, 100, text);
    assert_string_equal(text, "cb");
    sk_outq_done(&outq);
}

static void test_outq_gathers(void **state) {
    (void)state;
    sk_outq outq = {0};
    struct iovec pieces[8];
    for (int i = 0; i < 20; i++)
        sk_outq_push_copy(&outq, "0123456789", 10, false);
    assert_int_equal(sk_outq_pieces(&outq, pieces, 8), 1);
    assert_int_equal(pieces[0].iov_len, 200);
    sk_outq_done(&outq);
}

/* ---- Queue of datagrams ---- */

/* A datagram of `size` bytes, the first four of which are its number. */
static sk_dgram numbered(uint32_t number, size_t size) {
    uint8_t *data = sk_calloc(1, size);
    sk_addr addr;
    memcpy(data, &number, sizeof number);
    assert_int_equal(sk_addr_parse("127.0.0.1", (uint16_t)number, &addr), 0);
    sk_dgram dgram = sk_dgram_new(data, size, &addr);
    sk_free(data);
    return dgram;
}

static uint32_t number_of(const sk_dgram *dgram) {
    uint32_t number;
    sk_addr addr;
    memcpy(&number, dgram->block, sizeof number);
    assert_int_equal(sk_addr_decode(dgram->block + dgram->size, dgram->addr_size, &addr), 0);
    assert_int_equal(sk_addr_port(&addr), (uint16_t)number);
    return number;
}

/* What comes out is in order, and what is missing was counted. */
static void test_dgramq_random(void **state) {
    (void)state;
    sk_random random;
    sk_random_init(&random, the_seed());
    sk_dgramq queue = {0};
    sk_dgram dgram;
    uint32_t in = 0, out = 0, dropped = 0;
    size_t size_max = 0;
    for (int round = 0; round < 60000; round++) {
        /* Phases that fill it, and phases that empty it. */
        if (sk_random_below(&random, 100) < (round % 20000 < 10000 ? 90u : 30u)) {
            size_t size = 4 + sk_random_below(&random, 3000);
            dropped += sk_dgramq_push(&queue, numbered(in++, size));
        } else if (sk_dgramq_pop(&queue, &dgram)) {
            assert_true(number_of(&dgram) == out + dropped);
            out++;
            sk_free(dgram.block);
        }
        assert_true(queue.count <= SK_DATAGRAM_COUNT_MAX && queue.size <= SK_DATAGRAM_SIZE_MAX);
        size_max = queue.size > size_max ? queue.size : size_max;
        const sk_dgram *first = sk_dgramq_first(&queue);
        assert_true(first ? number_of(first) == out + dropped : in == out + dropped);
    }
    assert_true(dropped > 0 && size_max > SK_DATAGRAM_SIZE_MAX - 3004);
    sk_dgramq_done(&queue);
    assert_false(sk_dgramq_pop(&queue, &dgram));
}

static void test_dgramq_bounds(void **state) {
    (void)state;
    sk_dgramq queue = {0};
    sk_dgram dgram;
    for (uint32_t i = 0; i < SK_DATAGRAM_COUNT_MAX; i++)
        assert_int_equal(sk_dgramq_push(&queue, numbered(i, 4)), 0);
    assert_int_equal(sk_dgramq_push(&queue, numbered(9999, 4)), 1); /* one for one */
    assert_int_equal(number_of(sk_dgramq_first(&queue)), 1);
    /* A large one makes room for itself. */
    assert_int_equal(sk_dgramq_push(&queue, numbered(0, SK_DATAGRAM_SIZE_MAX - 40)),
                     SK_DATAGRAM_COUNT_MAX - 10);
    assert_int_equal(queue.count, 11);
    assert_int_equal(queue.size, SK_DATAGRAM_SIZE_MAX);
    while (sk_dgramq_pop(&queue, &dgram))
        sk_free(dgram.block);
    assert_int_equal(queue.size, 0);
    assert_null(queue.ring); /* it had grown */
    assert_int_equal(sk_dgramq_push(&queue, numbered(1, 4)), 0);
    sk_dgramq_done(&queue);
}

/* ---- Deadlines ---- */

static void test_later(void **state) {
    (void)state;
    sk_later later;
    sk_later_init(&later);
    sk_random random;
    sk_random_init(&random, the_seed());
    assert_true(sk_later_first_ms(&later) == UINT64_MAX);
    uint64_t first = UINT64_MAX;
    for (int i = 0; i < 500; i++) {
        sk_later_entry entry = {.due_ms = sk_random_below(&random, 1000), .id = i};
        bool is_first = sk_later_add(&later, &entry);
        assert_true(is_first == (entry.due_ms <= first));
        first = entry.due_ms < first ? entry.due_ms : first;
        assert_true(sk_later_first_ms(&later) == first);
    }
    sk_later_entry entry;
    uint64_t last = 0;
    int count = 0;
    for (uint64_t now = 0; now < 1000; now += 50) {
        while (sk_later_take(&later, now, &entry)) {
            assert_true(entry.due_ms <= now && entry.due_ms >= last);
            last = entry.due_ms;
            count++;
        }
        assert_true(sk_later_first_ms(&later) > now);
    }
    while (sk_later_take(&later, 1000, &entry))
        count++;
    assert_int_equal(count, 500);
    sk_later_done(&later);
}

/* ---- States ---- */

/* Each row: a state and the letters of those that may follow, in the order of the enum. */
static void test_transitions(void **state) {
    (void)state;
    const char letters[] = "NPLcxaCRWFGD"; /* F: flushing (CLOSING); G: DATAGRAM */
    const char *allowed[] = {
        [SK_SOCKET_NEW] = "PcaCGD",         [SK_SOCKET_LISTEN_PAUSED] = "LD",
        [SK_SOCKET_LISTENING] = "D",        [SK_SOCKET_CONNECTING] = "xCD",
        [SK_SOCKET_CONNECT_CLOSING] = "FD", [SK_SOCKET_ACCEPTED] = "CWFD",
        [SK_SOCKET_CONNECTED] = "RWFD",     [SK_SOCKET_READ_CLOSED] = "FD",
        [SK_SOCKET_WRITE_CLOSED] = "D",     [SK_SOCKET_CLOSING] = "D",
        [SK_SOCKET_DATAGRAM] = "D",         [SK_SOCKET_DEAD] = "",
    };
    for (int from = 0; from < SK_SOCKET_STATE_COUNT; from++)
        for (int to = 0; to < SK_SOCKET_STATE_COUNT; to++)
            assert_int_equal(sk_socket_state_allows(from, to),
                             strchr(allowed[from], letters[to]) != NULL);
}

/* ---- Messages ---- */

static void test_event_message(void **state) {
    (void)state;
    assert_int_equal(sizeof(sk_socket_message), 24);
    sk_io_event event, back;
    sk_event_init(&event, SK_IO_ACCEPT, 7, 9, "::1:33334");
    sk_msg *msg = sk_event_message(&event);
    assert_int_equal(msg->type, SK_TYPE_SOCKET);
    assert_int_equal(msg->session, 0);
    assert_int_equal(msg->size, 24 + 9);
    assert_string_equal((char *)msg->data + 24, "::1:33334"); /* an uncounted zero byte */
    assert_true(sk_event_of_message(msg, &back));
    assert_int_equal(back.type, SK_IO_ACCEPT);
    assert_int_equal(back.id, 7);
    assert_int_equal(back.ud, 9);
    assert_null(back.block);
    assert_string_equal(back.text, "::1:33334");
    sk_msg_free(msg);

    char text[SK_SOCKET_TEXT_LEN_MAX + 20];
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    sk_event_init(&event, SK_IO_ERROR, 1, 0, text);
    assert_int_equal(event.text_len, SK_SOCKET_TEXT_LEN_MAX);
    msg = sk_event_message(&event);
    assert_int_equal(msg->size, 24 + SK_SOCKET_TEXT_LEN_MAX);
    sk_msg_free(msg);

    uint8_t block[4 + SK_ADDR_CODE_V6_SIZE] = "data";
    const uint8_t firsts[] = {1, 2, 3};
    const size_t sizes[] = {SK_ADDR_CODE_V4_SIZE, SK_ADDR_CODE_V6_SIZE, 0};
    for (int i = 0; i < 3; i++) {
        block[4] = firsts[i];
        sk_event_init(&event, SK_IO_UDP, 3, 4, NULL);
        event.block = block;
        msg = sk_event_message(&event);
        assert_int_equal(msg->size, 24);
        assert_true(sk_event_of_message(msg, &back));
        assert_ptr_equal(back.block, block);
        assert_int_equal(back.ud, 4);
        assert_int_equal(back.addr_size, sizes[i]);
        sk_msg_free(msg);
    }

    msg = sk_msg_new(10); /* too short for one */
    msg->type = SK_TYPE_SOCKET;
    assert_false(sk_event_of_message(msg, &back));
    sk_msg_free(msg);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_inbuf_keeps_order),
        cmocka_unit_test(test_inbuf_memory),
        cmocka_unit_test(test_inbuf_find),
        cmocka_unit_test(test_outq_priorities),
        cmocka_unit_test(test_outq_crossing),
        cmocka_unit_test(test_outq_gathers),
        cmocka_unit_test(test_dgramq_random),
        cmocka_unit_test(test_dgramq_bounds),
        cmocka_unit_test(test_later),
        cmocka_unit_test(test_transitions),
        cmocka_unit_test(test_event_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
