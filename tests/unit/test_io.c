/* test_io.c -- sockets as services see them: every event and its order, closing in all ways, flow
 * control, ownership, the table of ids. Failures of system calls are in test_io_faults.c. */
#include "unit/io_harness.h"

/* ---- Listening and accepting ---- */

static void test_listen(void **state) {
    fixture f = begin(state);
    const char *hosts[] = {NULL, "", "127.0.0.1", "localhost", "::1"};
    const char *ips[] = {"0.0.0.0", "0.0.0.0", "127.0.0.1", "127.0.0.1", "::1"};
    for (size_t i = 0; i < SK_ARRAY_LEN(hosts); i++) {
        sk_listen_options options = {.host = hosts[i]};
        sk_listen_result result;
        assert_int_equal(sk_socket_listen(f.io, f.service, &options, &result), 0);
        const sk_io_event *event = await(f.service, SK_IO_CONNECT, result.id);
        assert_string_equal(event->text, ips[i]);
        assert_string_equal(result.ip, ips[i]);
        assert_int_equal(event->ud, result.port);
        assert_true(result.port > 0);
        sk_listen_options again = {.host = ips[i], .port = result.port};
        assert_int_equal(sk_socket_listen(f.io, f.service, &again, &result), -EADDRINUSE);
    }
    sk_listen_options bad = {.host = "no-such-host.invalid"};
    sk_listen_result result = {.id = -7};
    assert_int_equal(sk_socket_listen(f.io, f.service, &bad, &result), SK_ENAME);
    bad = (sk_listen_options){.host = "127.0.0.1", .port = 65536};
    assert_int_equal(sk_socket_listen(f.io, f.service, &bad, &result), SK_EINVAL);
    assert_int_equal(result.id, -7);
}

static void test_accept(void **state) {
    fixture f = with_listener(state);
    int peers[3];
    for (int i = 0; i < 3; i++)
        peers[i] = peer_connect("127.0.0.1", f.port);
    for (int i = 0; i < 3; i++) {
        const sk_io_event *event = await(f.service, SK_IO_ACCEPT, f.listener);
        sk_addr addr;
        socklen_t size = sizeof addr;
        char text[SK_ADDR_TEXT_SIZE];
        assert_int_equal(getsockname(peers[i], &addr.any, &size), 0);
        sk_addr_text(&addr, text);
        assert_string_equal(event->text, text); /* in the order of connecting */
        int32_t id = event->ud;
        sk_socket_start(f.io, f.service, id);
        assert_string_equal(await(f.service, SK_IO_CONNECT, id)->text, "start");
        peer_send(peers[i], "hi");
        assert_int_equal(await(f.service, SK_IO_DATA, id)->ud, 2);
        close(peers[i]);
        await(f.service, SK_IO_CLOSE, id);
    }
    expect_input(f.service, "hihihi");
    sk_socket_close(f.io, f.service, f.listener);
    await(f.service, SK_IO_CLOSE, f.listener);
    assert_false(is_alive(&f, f.listener));
}

/* More connections than one turn takes: all arrive. */
static void test_accept_many(void **state) {
    fixture f = begin(state);
    sk_listen_options options = {.host = "127.0.0.1", .backlog = 512};
    sk_listen_result result;
    int peers[SK_ACCEPT_COUNT_MAX * 2 + 5];
    assert_int_equal(sk_socket_listen(f.io, f.service, &options, &result), 0);
    for (size_t i = 0; i < SK_ARRAY_LEN(peers); i++)
        peers[i] = peer_connect("127.0.0.1", result.port);
    settle(f.node);
    assert_int_equal(count_events(f.service, SK_IO_ACCEPT, result.id), 0); /* not started */
    sk_socket_start(f.io, f.service, result.id);
    for (size_t i = 0; i < SK_ARRAY_LEN(peers); i++)
        await(f.service, SK_IO_ACCEPT, result.id);
    assert_int_equal(sk_io_socket_count(f.io), SK_ARRAY_LEN(peers) + 1);
    for (size_t i = 0; i < SK_ARRAY_LEN(peers); i++)
        close(peers[i]);
}

static void test_peer_leaves_before_start(void **state) {
    fixture f = with_accepted(state);
    peer_send(f.peer, "early");
    close(f.peer);
    settle(f.node);
    assert_int_equal(count_events(f.service, SK_IO_DATA, f.id), 0);
    sk_socket_start(f.io, f.other, f.id);
    await(f.other, SK_IO_CONNECT, f.id);
    await(f.other, SK_IO_DATA, f.id);
    await(f.other, SK_IO_CLOSE, f.id);
    expect_input(f.other, "early");
}

static void test_write_before_start(void **state) {
    fixture f = with_accepted(state);
    assert_int_equal(send_text(&f, "welcome"), 0);
    peer_expect(f.peer, "welcome");
    size_t size;
    assert_int_equal(send_pattern(&f, 8000000), 0); /* more than the kernel takes */
    assert_true(peer_read_all(f.node, f.peer, 8000000, &size) == pattern_sum(8000000));
    sk_socket_start(f.io, f.service, f.id);
    await(f.service, SK_IO_CONNECT, f.id);
    close(f.peer);
    await(f.service, SK_IO_CLOSE, f.id);
}

/* ---- Closing ---- */

static void test_half_close(void **state) {
    fixture f = with_connection(state);
    peer_send(f.peer, "question");
    shutdown(f.peer, SHUT_WR);
    await(f.service, SK_IO_CLOSE, f.id);
    expect_input(f.service, "question");
    assert_int_equal(send_pattern(&f, 3000000), 0);
    sk_socket_close(f.io, f.service, f.id);
    size_t size;
    assert_true(peer_read_all(f.node, f.peer, SIZE_MAX, &size) == pattern_sum(3000000));
    assert_int_equal(size, 3000000);
    settle(f.node);
    assert_int_equal(count_events(f.service, SK_IO_CLOSE, f.id), 1);
    assert_int_equal(count_events(f.service, SK_IO_ERROR, f.id), 0);
    assert_false(is_alive(&f, f.id));
    close(f.peer);
}

static void test_data_and_end_together(void **state) {
    fixture f = with_connection(state);
    peer_send(f.peer, "last words");
    close(f.peer);
    await(f.service, SK_IO_DATA, f.id);
    assert_non_null(find_event(f.service, SK_IO_CLOSE, f.id)); /* in the same turn */
    expect_input(f.service, "last words");
    sk_socket_start(f.io, f.other, f.id);
    assert_string_equal(await(f.other, SK_IO_ERROR, f.id)->text, "socket closed");
    sk_socket_close(f.io, f.service, f.id);
    assert_false(is_alive(&f, f.id));
    sk_socket_start(f.io, f.other, f.id);
    assert_string_equal(await(f.other, SK_IO_ERROR, f.id)->text, "invalid socket");
    assert_int_equal(count_events(f.service, SK_IO_CLOSE, f.id), 1);
}

static void test_reset(void **state) {
    fixture f = with_connection(state);
    peer_reset(f.peer);
    assert_string_equal(await(f.service, SK_IO_ERROR, f.id)->text, "Connection reset by peer");
    await(f.service, SK_IO_CLOSE, f.id);
    assert_false(is_alive(&f, f.id));
    assert_int_equal(send_text(&f, "x"), SK_ECLOSED);
    sk_socket_close(f.io, f.service, f.id);
    settle(f.node);
    assert_int_equal(count_events(f.service, SK_IO_CLOSE, f.id), 1);
    assert_int_equal(count_events(f.service, SK_IO_ERROR, f.id), 1);
}

/* A reset after the end: the id dies by itself. */
static void test_reset_after_end(void **state) {
    fixture f = with_connection(state);
    shutdown(f.peer, SHUT_WR);
    await(f.service, SK_IO_CLOSE, f.id);
    assert_true(is_alive(&f, f.id));
    peer_reset(f.peer);
    for (int i = 0; is_alive(&f, f.id) && i < 100; i++)
        step(f.node, STEP_WAIT_MS);
    assert_false(is_alive(&f, f.id));
    assert_int_equal(count_events(f.service, SK_IO_CLOSE, f.id), 1);
}

/* Unread input in the kernel does not turn the close into a reset. */
static void test_close_flushes(void **state) {
    fixture f = with_connection(state);
    sk_socket_pause(f.io, f.service, f.id);
    peer_send(f.peer, "never read");
    settle(f.node);
    assert_int_equal(send_pattern(&f, 10000000), 0);
    sk_socket_close(f.io, f.service, f.id);
    await(f.service, SK_IO_CLOSE, f.id); /* at once */
    assert_true(is_alive(&f, f.id));
    assert_int_equal(send_text(&f, "x"), SK_ECLOSED);
    sk_send_data data = {.data = "x", .size = 1};
    assert_int_equal(sk_socket_send_low(f.io, f.service, f.id, &data), SK_ECLOSED);
    sk_socket_close(f.io, f.service, f.id);
    size_t size;
    assert_true(peer_read_all(f.node, f.peer, SIZE_MAX, &size) == pattern_sum(10000000));
    assert_int_equal(size, 10000000);
    settle(f.node);
    assert_false(is_alive(&f, f.id));
    assert_int_equal(count_events(f.service, SK_IO_CLOSE, f.id), 1);
    assert_int_equal(count_events(f.service, SK_IO_DATA, f.id), 0);
    close(f.peer);
}

static void test_shutdown(void **state) {
    fixture f = with_connection(state);
    assert_int_equal(send_pattern(&f, 10000000), 0);
    sk_socket_shutdown(f.io, f.other, f.id); /* a stranger may */
    await(f.service, SK_IO_CLOSE, f.id);
    assert_false(is_alive(&f, f.id));
    assert_int_equal(count_events(f.other, SK_IO_CLOSE, f.id), 0);
    size_t size;
    peer_read_all(f.node, f.peer, SIZE_MAX, &size);
    assert_true(size < 10000000);
    close(f.peer);
}

/* Bytes that were read before a stranger closed can still be consumed by who holds the socket. */
static void test_input_outlives_close(void **state) {
    fixture f = with_connection(state);
    f.service->consumes = false;
    sk_socket *socket = sk_socket_get(f.io, f.id);
    peer_send(f.peer, "kept");
    assert_int_equal(await(f.service, SK_IO_DATA, f.id)->ud, 4);
    sk_socket_shutdown(f.io, f.other, f.id);
    await(f.service, SK_IO_CLOSE, f.id);
    settle(f.node);
    assert_int_equal(sk_socket_input_size(socket, f.service), 4);
    assert_int_equal(sk_socket_input_size(socket, f.other), 0);
    assert_null(sk_socket_get(f.io, f.id));
    assert_int_equal(sk_socket_id(socket), f.id);
    sk_socket_unref(socket);
    close(f.peer);
}

static void test_linger_limit(void **state) {
    fixture f = with_connection(state);
    f.io->linger_ms = 5000;
    assert_int_equal(send_pattern(&f, 10000000), 0);
    sk_socket_close(f.io, f.service, f.id);
    settle(f.node);
    assert_true(is_alive(&f, f.id));
    sk_clock_advance(f.node->clock, 5000);
    step(f.node, 0);
    assert_false(is_alive(&f, f.id));
    close(f.peer);
}

/* ---- Connecting ---- */

static void test_connect(void **state) {
    fixture f = begin(state);
    const char *ips[] = {"127.0.0.1", "::1"};
    for (int i = 0; i < 2; i++) {
        uint16_t port;
        int server = peer_listen(ips[i], 0, &port);
        f.id = sk_socket_connect(f.io, f.service, ips[i], port);
        assert_true(f.id > 0);
        assert_int_equal(send_text(&f, "early "), 0); /* queued until connected */
        assert_int_equal(send_text(&f, "bird"), 0);
        assert_string_equal(await(f.service, SK_IO_CONNECT, f.id)->text, ips[i]);
        f.peer = accept(server, NULL, NULL);
        peer_expect(f.peer, "early bird");
        peer_send(f.peer, "back");
        assert_int_equal(await(f.service, SK_IO_DATA, f.id)->ud, 4);
        close(f.peer);
        await(f.service, SK_IO_CLOSE, f.id);
        close(server);
    }
}

static void test_connect_fails(void **state) {
    fixture f = begin(state);
    uint16_t port;
    close(peer_listen("127.0.0.1", 0, &port));
    f.id = sk_socket_connect(f.io, f.service, "127.0.0.1", port);
    assert_string_equal(await(f.service, SK_IO_ERROR, f.id)->text, "Connection refused");
    assert_false(is_alive(&f, f.id));
    assert_int_equal(count_events(f.service, SK_IO_CLOSE, f.id), 0);
    f.id = sk_socket_connect(f.io, f.service, "no-such-host.invalid", 80);
    assert_true(f.id > 0);
    assert_string_equal(await(f.service, SK_IO_ERROR, f.id)->text, "Name or service not known");
    assert_false(is_alive(&f, f.id));
    char host[SK_ADDR_HOST_LEN_MAX + 1];
    memset(host, 'h', sizeof host);
    host[SK_ADDR_HOST_LEN_MAX] = '\0';
    assert_int_equal(sk_socket_connect(f.io, f.service, host, 80), SK_EINVAL);
    assert_non_null(strstr(f.node->log, "Invalid addr hhh"));
    assert_int_equal(sk_socket_connect(f.io, f.service, "127.0.0.1", 0), SK_EINVAL);
    assert_int_equal(sk_socket_connect(f.io, f.service, "127.0.0.1", 70000), SK_EINVAL);
}

/* "localhost" is 127.0.0.1, where nobody listens, then ::1. */
static void test_connect_second_address(void **state) {
    fixture f = begin(state);
    uint16_t port;
    int server = peer_listen("::1", 0, &port);
    f.id = sk_socket_connect(f.io, f.service, "localhost", port);
    assert_int_equal(send_text(&f, "hello"), 0);
    assert_string_equal(await(f.service, SK_IO_CONNECT, f.id)->text, "::1");
    f.peer = accept(server, NULL, NULL);
    peer_expect(f.peer, "hello");
    assert_int_equal(f.service->event_count, 1);
    close(f.peer);
    close(server);
}

static void test_close_while_connecting(void **state) {
    fixture f = begin(state);
    uint16_t port;
    int server = peer_listen("127.0.0.1", 0, &port);
    f.id = sk_socket_connect(f.io, f.service, "127.0.0.1", port);
    send_text(&f, "fire and forget");
    sk_socket_close(f.io, f.service, f.id);
    await(f.service, SK_IO_CLOSE, f.id);
    f.peer = accept(server, NULL, NULL);
    for (int i = 0; is_alive(&f, f.id) && i < 100; i++)
        step(f.node, STEP_WAIT_MS);
    peer_expect(f.peer, "fire and forget");
    peer_expect_end(f.peer);
    close(f.peer);
    f.id = sk_socket_connect(f.io, f.service, "127.0.0.1", port);
    sk_socket_close(f.io, f.service, f.id); /* nothing to send */
    await(f.service, SK_IO_CLOSE, f.id);
    assert_false(is_alive(&f, f.id));
    assert_int_equal(f.service->event_count, 2);
    close(server);
    f.id = sk_socket_connect(f.io, f.service, "127.0.0.1", port);
    send_text(&f, "x");
    sk_socket_close(f.io, f.service, f.id); /* and then it is refused */
    await(f.service, SK_IO_CLOSE, f.id);
    for (int i = 0; is_alive(&f, f.id) && i < 100; i++)
        step(f.node, STEP_WAIT_MS);
    assert_int_equal(count_events(f.service, SK_IO_ERROR, f.id), 0);
}

/* ---- Flow ---- */

static void test_warnings(void **state) {
    fixture f = with_connection(state);
    int32_t last = 0;
    size_t total = 0;
    for (; last < 4096; total += 262144) { /* the peer does not read */
        assert_int_equal(send_pattern(&f, 262144), 0);
        settle(f.node);
        const sk_io_event *event = find_event(f.service, SK_IO_WARNING, f.id);
        assert_null(find_event(f.service, SK_IO_WARNING, f.id)); /* one write, one warning */
        if (!event)
            continue;
        int32_t threshold = last == 0 ? 1024 : last >= 2048 ? 4096 : 2048;
        assert_in_range(event->ud, threshold, threshold + 256);
        last = event->ud;
    }
    size_t size;
    peer_read_all(f.node, f.peer, total, &size);
    assert_int_equal(await(f.service, SK_IO_WARNING, f.id)->ud, 0);
    assert_int_equal(send_pattern(&f, 1000), 0);
    peer_read_all(f.node, f.peer, 1000, &size);
    assert_null(find_event(f.service, SK_IO_WARNING, f.id));
    close(f.peer);
}

static void test_output_limit(void **state) {
    fixture f = with_connection(state);
    sk_socket_set_output_limit(f.io, f.service, f.id, 8000000);
    for (int i = 0; i < 100 && is_alive(&f, f.id); i++)
        (void)send_pattern(&f, 1000000);
    assert_string_equal(await(f.service, SK_IO_ERROR, f.id)->text, "output limit exceeded");
    await(f.service, SK_IO_CLOSE, f.id);
    assert_false(is_alive(&f, f.id));
    close(f.peer);
}

static void test_pause(void **state) {
    fixture f = with_connection(state);
    sk_socket_pause(f.io, f.service, f.id);
    peer_send(f.peer, "one");
    settle(f.node);
    assert_int_equal(f.service->input.len, 0);
    sk_socket_start(f.io, f.service, f.id);
    assert_string_equal(await(f.service, SK_IO_CONNECT, f.id)->text, "transfer");
    await(f.service, SK_IO_DATA, f.id);
    sk_socket_pause(f.io, f.other, f.id);
    peer_send(f.peer, "two");
    close(f.peer);
    settle(f.node);
    expect_input(f.service, "one");
    sk_socket_resume(f.io, f.service, f.id);
    await(f.service, SK_IO_CLOSE, f.id);
    expect_input(f.service, "onetwo");
    sk_socket_pause(f.io, f.service, 99999); /* unknown ids are ignored */
    sk_socket_resume(f.io, f.service, 99999);
    sk_socket_close(f.io, f.service, -1);
    sk_socket_shutdown(f.io, f.service, 0);
}

/* Reading stops at the limit and goes on without loss. */
static void test_read_limit(void **state) {
    fixture f = with_connection(state);
    const size_t total = 20000000;
    uint8_t *data = pattern(total);
    size_t sent = 0;
    f.service->consumes = false;
    for (int idle = 0; idle < 3;) {
        ssize_t n = send(f.peer, data + sent, total - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
        sent += n > 0 ? (size_t)n : 0;
        idle = n > 0 ? 0 : idle + 1;
        settle(f.node);
    }
    assert_true(sent < total);
    const sk_io_event *last = &f.service->events[f.service->event_count - 1];
    assert_true(last->type == SK_IO_DATA && last->has_paused);
    sk_socket *socket = sk_socket_get(f.io, f.id);
    assert_in_range(sk_socket_input_size(socket, f.service), SK_READ_PAUSE_SIZE + 1,
                    SK_READ_PAUSE_SIZE + SK_READ_SIZE);
    f.service->consumes = true;
    consume(f.service, f.id);
    sk_socket_set_read_limit(socket, f.service, SIZE_MAX);
    sk_socket_resume(f.io, f.service, f.id);
    while (f.service->input.len < total) {
        ssize_t n = send(f.peer, data + sent, total - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
        sent += n > 0 ? (size_t)n : 0;
        step(f.node, 0);
    }
    assert_memory_equal(f.service->input.data, data, total);
    sk_socket_unref(socket);
    sk_free(data);
    close(f.peer);
}

static void test_priorities(void **state) {
    fixture f = with_connection(state);
    const size_t big = 1 << 20;
    for (int i = 0; i < 12; i++)
        send_block(&f, 'H', big, false);
    send_block(&f, 'l', big, true);
    send_block(&f, 'L', big, true);
    send_block(&f, 'h', big, false);
    char runs[16] = "";
    size_t total = 0;
    static char data[SK_READ_SIZE];
    while (total < 15 * big) {
        step(f.node, 0);
        ssize_t n = recv(f.peer, data, sizeof data, MSG_DONTWAIT);
        for (ssize_t i = 0; i < n; i++) {
            size_t len = strlen(runs);
            if (len == 0 || runs[len - 1] != data[i]) {
                assert_true(total % big == 0); /* not interleaved */
                assert_true(len + 1 < sizeof runs);
                runs[len] = data[i];
            }
            total++;
        }
    }
    assert_string_equal(runs, "HhlL");
    close(f.peer);
}

/* ---- Ownership ---- */

static void test_transfer(void **state) {
    fixture f = with_connection(state);
    f.service->consumes = false;
    peer_send(f.peer, "unread ");
    await(f.service, SK_IO_DATA, f.id);
    sk_socket *socket = sk_socket_get(f.io, f.id);
    sk_socket_start(f.io, f.other, f.id);
    peer_send(f.peer, "rest");
    assert_string_equal(await(f.other, SK_IO_CONNECT, f.id)->text, "transfer");
    assert_int_equal(f.other->events[0].type, SK_IO_CONNECT); /* before any data */
    assert_null(sk_socket_lock_input(socket, f.service));
    while (f.other->input.len < 11)
        step(f.node, STEP_WAIT_MS);
    expect_input(f.other, "unread rest");
    sk_socket_close(f.io, f.service, f.id); /* the old owner is a stranger now */
    await(f.other, SK_IO_CLOSE, f.id);
    assert_int_equal(count_events(f.service, SK_IO_CLOSE, f.id), 0);
    sk_socket_unref(socket);
    close(f.peer);
}

/* The node waits in the old owner's mailbox when the new one takes over. */
/* What the owner reads, itself or through expand, is in its message log. */
static void test_message_log(void **state) {
    fixture f = with_connection(state);
    f.service->is_logged = true;
    peer_send(f.peer, "hello");
    await(f.service, SK_IO_DATA, f.id);
    f.service->takes_messages = true;
    peer_send(f.peer, "again");
    await(f.service, SK_IO_DATA, f.id);
    f.service->takes_messages = false;
    f.service->consumes = false;
    peer_send(f.peer, "left");
    await(f.service, SK_IO_DATA, f.id);

    /* What one leaves unread is told, and logged, to the next owner; a log that ends meanwhile
     * harms nobody. */
    f.other->is_logged = true;
    sk_socket_start(f.io, f.other, f.id);
    await(f.other, SK_IO_DATA, f.id);
    expect_input(f.other, "left");
    f.other->is_logged = false;
    peer_send(f.peer, "unseen");
    close(f.peer);
    await(f.other, SK_IO_CLOSE, f.id);
    sk_buffer_append(&f.service->lines, "", 1);
    sk_buffer_append(&f.other->lines, "", 1);
    assert_string_equal((const char *)f.service->lines.data, "1 0 hello\n1 0 again\n1 0 left\n");
    assert_string_equal((const char *)f.other->lines.data, "1 0 left\n");
}

static void test_transfer_forwards_node(void **state) {
    fixture f = with_connection(state);
    peer_send(f.peer, "on the way");
    while (sk_io_ops_table()->poll(f.io, &f.node->worker, STEP_WAIT_MS) == 0)
        continue;
    assert_int_equal(sk_mailbox_len(&f.service->mailbox), 1);
    sk_socket_start(f.io, f.other, f.id);
    await(f.other, SK_IO_DATA, f.id);
    expect_input(f.other, "on the way");
    assert_int_equal(count_events(f.service, SK_IO_DATA, f.id), 0);
    close(f.peer);
}

static void test_service_exit(void **state) {
    fixture f = with_connection(state);
    int early = peer_connect("127.0.0.1", f.port);
    int late = peer_connect("127.0.0.1", f.port);
    int32_t early_id = await(f.service, SK_IO_ACCEPT, f.listener)->ud;
    int32_t late_id = await(f.service, SK_IO_ACCEPT, f.listener)->ud;
    assert_int_equal(send_pattern(&f, 5000000), 0);
    peer_send(f.peer, "x");
    while (sk_io_ops_table()->poll(f.io, &f.node->worker, STEP_WAIT_MS) == 0)
        continue; /* a node in the mailbox of the dying */
    kill_service(f.service);
    assert_false(is_alive(&f, f.listener));
    size_t size; /* started: flushed, then closed */
    assert_true(peer_read_all(f.node, f.peer, 5000000, &size) == pattern_sum(5000000));
    settle(f.node);
    assert_false(is_alive(&f, f.id));
    sk_socket_start(f.io, f.other, early_id); /* not started: may be on its way to somebody */
    await(f.other, SK_IO_CONNECT, early_id);
    sk_clock_advance(f.node->clock, SK_ACCEPT_GRACE_MS - 1);
    step(f.node, 0);
    assert_true(is_alive(&f, late_id));
    sk_clock_advance(f.node->clock, 1);
    step(f.node, 0);
    assert_false(is_alive(&f, late_id));
    peer_expect_end(late);
    assert_true(is_alive(&f, early_id));
    close(f.peer);
    close(early);
    close(late);
}

/* Sockets that were handed on or died do not pile up in the set of their first owner. */
static void test_owned_set_is_swept(void **state) {
    fixture f = with_listener(state);
    for (int i = 0; i < 500; i++) {
        int peer = peer_connect("127.0.0.1", f.port);
        int32_t id = await(f.service, SK_IO_ACCEPT, f.listener)->ud;
        sk_socket_shutdown(f.io, f.other, id);
        await(f.service, SK_IO_CLOSE, id);
        close(peer);
    }
    const sk_map *ids = f.service->io_data; /* the first member */
    assert_in_range(ids->count, 1, 70);
}

static void test_owner_is_gone(void **state) {
    fixture f = with_connection(state);
    f.service->is_dead = true; /* but nobody has told the io layer yet */
    peer_send(f.peer, "x");
    for (int i = 0; is_alive(&f, f.id) && i < 100; i++)
        step(f.node, STEP_WAIT_MS);
    assert_false(is_alive(&f, f.id));
    kill_service(f.service);
    close(f.peer);
}

/* ---- The table ---- */

static void test_ids_wrap(void **state) {
    fixture f = begin(state);
    sk_store_relaxed(&f.io->last_id, 0x7ffffffd);
    sk_listen_options options = {.host = "127.0.0.1"};
    sk_listen_result result;
    const int32_t expected[] = {0x7ffffffe, 0x7fffffff, 1, 2};
    for (size_t i = 0; i < SK_ARRAY_LEN(expected); i++) {
        assert_int_equal(sk_socket_listen(f.io, f.service, &options, &result), 0);
        assert_int_equal(result.id, expected[i]);
    }
    sk_store_relaxed(&f.io->last_id, SK_SOCKET_COUNT_MAX); /* whose slots 1 and 2 are taken */
    assert_int_equal(sk_socket_listen(f.io, f.service, &options, &result), 0);
    assert_int_equal(result.id, SK_SOCKET_COUNT_MAX + 3);
    assert_null(sk_socket_find(f.io, 3));
}

static void test_table_full(void **state) {
    fixture f = with_listener(state);
    sk_listen_options options = {.host = "127.0.0.1"};
    sk_listen_result result;
    uint32_t count = sk_io_socket_count(f.io);
    sk_store_relaxed(&f.io->count, SK_SOCKET_COUNT_MAX); /* as if */
    assert_int_equal(sk_socket_listen(f.io, f.service, &options, &result), SK_ELIMIT);
    assert_int_equal(sk_socket_connect(f.io, f.service, "127.0.0.1", f.port), SK_ELIMIT);
    int peer = peer_connect("127.0.0.1", f.port);
    step(f.node, STEP_WAIT_MS);
    peer_expect_end(peer); /* accepted and closed silently */
    assert_int_equal(count_events(f.service, SK_IO_ACCEPT, f.listener), 0);
    sk_store_relaxed(&f.io->count, count);
    close(peer);
}

static void test_snapshot(void **state) {
    fixture f = with_connection(state);
    int unstarted = peer_connect("127.0.0.1", f.port);
    await(f.service, SK_IO_ACCEPT, f.listener);
    peer_send(f.peer, "12345");
    await(f.service, SK_IO_DATA, f.id);
    send_text(&f, "123");
    size_t count;
    sk_io_info *list = sk_io_snapshot(f.io, &count);
    assert_int_equal(count, 2);
    assert_true(list[0].id == f.id && list[0].type == SK_INFO_TCP && list[0].owner.v == 1);
    assert_true(list[0].read_size == 5 && list[0].write_size == 3 && list[0].read_cs > 0);
    assert_true(list[0].is_reading && !list[0].is_writing && list[0].unsent_size == 0);
    assert_true(list[1].id == f.listener && list[1].type == SK_INFO_LISTEN);
    assert_int_equal(list[1].read_size, 2);
    assert_non_null(strstr(list[0].name, "127.0.0.1:"));
    sk_free(list);
    shutdown(f.peer, SHUT_WR);
    await(f.service, SK_IO_CLOSE, f.id);
    list = sk_io_snapshot(f.io, &count);
    assert_true(list[0].type == SK_INFO_CLOSING && !list[0].is_reading);
    sk_free(list);
    close(f.peer);
    close(unstarted);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(test_listen),
        CASE(test_accept),
        CASE(test_accept_many),
        CASE(test_peer_leaves_before_start),
        CASE(test_write_before_start),
        CASE(test_half_close),
        CASE(test_data_and_end_together),
        CASE(test_reset),
        CASE(test_reset_after_end),
        CASE(test_close_flushes),
        CASE(test_shutdown),
        CASE(test_input_outlives_close),
        CASE(test_linger_limit),
        CASE(test_connect),
        CASE(test_connect_fails),
        CASE(test_connect_second_address),
        CASE(test_close_while_connecting),
        CASE(test_warnings),
        CASE(test_output_limit),
        CASE(test_pause),
        CASE(test_read_limit),
        CASE(test_priorities),
        CASE(test_transfer),
        CASE(test_message_log),
        CASE(test_transfer_forwards_node),
        CASE(test_service_exit),
        CASE(test_owned_set_is_swept),
        CASE(test_owner_is_gone),
        CASE(test_ids_wrap),
        CASE(test_table_full),
        CASE(test_snapshot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
