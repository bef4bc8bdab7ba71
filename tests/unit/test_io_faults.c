/* test_io_faults.c -- sockets when system calls fail, and the ways output is batched.
 *
 * The calls of the system are replaced by ones that fail as told, count, or do only a part. */
#include "unit/io_harness.h"

/* What the replaced calls do: set by a test, cleared by the set-up. */
static struct {
    int accept_errno; /* of the next accept_count calls */
    int accept_count;
    int send_errno;
    int send_count;
    size_t send_max; /* bytes a call takes at most; 0: all */
    int recv_errno;
    int recv_count;
    int connect_errno;
    int connect_count;
    int socket_errno;
    int send_calls; /* calls made */
    int recv_calls;
} fault;

static bool fails(int *count, int err) {
    if (*count <= 0)
        return false;
    (*count)--;
    errno = err;
    return true;
}

static int fault_accept(int fd, struct sockaddr *addr, socklen_t *size, int flags) {
    return fails(&fault.accept_count, fault.accept_errno) ? -1 : accept4(fd, addr, size, flags);
}

static ssize_t fault_send(int fd, const void *data, size_t size, int flags) {
    fault.send_calls++;
    if (fails(&fault.send_count, fault.send_errno))
        return -1;
    if (fault.send_max && size > fault.send_max)
        size = fault.send_max;
    return send(fd, data, size, flags);
}

static ssize_t fault_sendmsg(int fd, const struct msghdr *msg, int flags) {
    if (fault.send_max)
        return fault_send(fd, msg->msg_iov[0].iov_base, msg->msg_iov[0].iov_len, flags);
    fault.send_calls++;
    return fails(&fault.send_count, fault.send_errno) ? -1 : sendmsg(fd, msg, flags);
}

static ssize_t fault_recv(int fd, void *data, size_t size, int flags) {
    fault.recv_calls++;
    return fails(&fault.recv_count, fault.recv_errno) ? -1 : recv(fd, data, size, flags);
}

static int fault_connect(int fd, const struct sockaddr *addr, socklen_t size) {
    return fails(&fault.connect_count, fault.connect_errno) ? -1 : connect(fd, addr, size);
}

static int fault_socket(int domain, int type, int protocol) {
    errno = fault.socket_errno;
    return fault.socket_errno ? -1 : socket(domain, type, protocol);
}

static int set_up_faults(void **state) {
    set_up(state);
    sk_node *node = *state;
    memset(&fault, 0, sizeof fault);
    sk_syscalls *calls = sk_io_syscalls(node->io);
    calls->accept4 = fault_accept;
    calls->send = fault_send;
    calls->sendmsg = fault_sendmsg;
    calls->recv = fault_recv;
    calls->connect = fault_connect;
    calls->socket = fault_socket;
    return 0;
}

/* ---- Accepting ---- */

/* No descriptor left: the connection is dropped, the listener told, and it goes on. */
static void test_accept_no_descriptor(void **state) {
    fixture f = with_listener(state);
    const int errors[] = {EMFILE, ENFILE};
    const char *texts[] = {"Too many open files", "Too many open files in system"};
    for (int i = 0; i < 2; i++) {
        fault.accept_errno = errors[i];
        fault.accept_count = 1;
        f.peer = peer_connect("127.0.0.1", f.port);
        assert_string_equal(await(f.service, SK_IO_ERROR, f.listener)->text, texts[i]);
        peer_expect_end(f.peer);
        close(f.peer);
        assert_true(sk_load_relaxed(&f.io->spare_fd) >= 0);
    }
    f.peer = peer_connect("127.0.0.1", f.port);
    await(f.service, SK_IO_ACCEPT, f.listener);
    close(f.peer);
}

/* Not even the spare one helps: tried again a little later. */
static void test_accept_retries(void **state) {
    fixture f = with_listener(state);
    fault.accept_errno = EMFILE;
    fault.accept_count = 2;
    f.peer = peer_connect("127.0.0.1", f.port);
    await(f.service, SK_IO_ERROR, f.listener);
    settle(f.node);
    assert_null(find_event(f.service, SK_IO_ACCEPT, f.listener));
    sk_clock_advance(f.node->clock, 100);
    await(f.service, SK_IO_ACCEPT, f.listener);
    fault.accept_errno = ENOMEM;
    fault.accept_count = 1;
    int second = peer_connect("127.0.0.1", f.port);
    await(f.service, SK_IO_ERROR, f.listener);
    sk_clock_advance(f.node->clock, 100);
    await(f.service, SK_IO_ACCEPT, f.listener);
    close(second);
    close(f.peer);
}

static void test_accept_passing_errors(void **state) {
    fixture f = with_listener(state);
    const int errors[] = {EINTR, ECONNABORTED, EPROTO, ENETDOWN};
    for (size_t i = 0; i < SK_ARRAY_LEN(errors); i++) {
        fault.accept_errno = errors[i];
        fault.accept_count = 3;
        f.peer = peer_connect("127.0.0.1", f.port);
        await(f.service, SK_IO_ACCEPT, f.listener);
        close(f.peer);
    }
    assert_int_equal(count_events(f.service, SK_IO_ERROR, f.listener), 0);
}

/* ---- Connecting ---- */

static void test_connect_errors(void **state) {
    fixture f = begin(state);
    uint16_t port;
    int server = peer_listen("::1", 0, &port);
    fault.connect_errno = ENETUNREACH;
    fault.connect_count = 1; /* the first address at once, the second is fine */
    f.id = sk_socket_connect(f.io, f.service, "localhost", port);
    assert_string_equal(await(f.service, SK_IO_CONNECT, f.id)->text, "::1");
    fault.connect_count = 2;
    f.id = sk_socket_connect(f.io, f.service, "localhost", port);
    assert_string_equal(await(f.service, SK_IO_ERROR, f.id)->text, "Network is unreachable");
    assert_false(is_alive(&f, f.id));
    fault.socket_errno = EMFILE;
    f.id = sk_socket_connect(f.io, f.service, "localhost", port);
    assert_string_equal(await(f.service, SK_IO_ERROR, f.id)->text, "Too many open files");
    sk_listen_options options = {.host = "127.0.0.1"};
    sk_listen_result result;
    assert_int_equal(sk_socket_listen(f.io, f.service, &options, &result), -EMFILE);
    close(server);
}

/* ---- Writing ---- */

static void test_short_writes(void **state) {
    fixture f = with_connection(state);
    fault.send_max = 1000;
    fault.send_errno = EINTR;
    fault.send_count = 5;
    assert_int_equal(send_pattern(&f, 3000000), 0);
    size_t size;
    assert_true(peer_read_all(f.node, f.peer, 3000000, &size) == pattern_sum(3000000));
    assert_int_equal(count_events(f.service, SK_IO_ERROR, f.id), 0);
    close(f.peer);
}

/* No event tells when memory is there again: tried again a little later. */
static void test_write_no_memory(void **state) {
    fixture f = with_connection(state);
    const int errors[] = {ENOMEM, ENOBUFS};
    settle(f.node);
    for (int i = 0; i < 2; i++) {
        fault.send_errno = errors[i];
        fault.send_count = 1;
        assert_int_equal(send_text(&f, "patience"), 0);
        settle(f.node);
        char byte;
        assert_int_equal(recv(f.peer, &byte, 1, MSG_DONTWAIT), -1);
        sk_clock_advance(f.node->clock, 10);
        step(f.node, 0);
        peer_expect(f.peer, "patience");
    }
    close(f.peer);
}

/* The writing side fails: one ERROR, later output is dropped, reading goes on to the end. */
static void test_write_error(void **state) {
    fixture f = with_connection(state);
    fault.send_errno = EPIPE;
    fault.send_count = 1;
    assert_int_equal(send_text(&f, "x"), 0);
    assert_string_equal(await(f.service, SK_IO_ERROR, f.id)->text, "Broken pipe");
    assert_int_equal(send_text(&f, "dropped"), 0);
    peer_expect_end(f.peer);
    peer_send(f.peer, "still read");
    await(f.service, SK_IO_DATA, f.id);
    expect_input(f.service, "still read");
    sk_socket_pause(f.io, f.service, f.id);
    sk_socket_start(f.io, f.service, f.id); /* no event in this state */
    close(f.peer);
    await(f.service, SK_IO_CLOSE, f.id);
    assert_false(is_alive(&f, f.id));
    assert_int_equal(count_events(f.service, SK_IO_ERROR, f.id), 1);
    assert_int_equal(count_events(f.service, SK_IO_CONNECT, f.id), 1);
}

/* After the peer's end a failing write just ends the id. */
static void test_write_error_after_end(void **state) {
    fixture f = with_connection(state);
    shutdown(f.peer, SHUT_WR);
    await(f.service, SK_IO_CLOSE, f.id);
    fault.send_errno = ECONNRESET;
    fault.send_count = 1;
    assert_int_equal(send_text(&f, "x"), 0);
    assert_false(is_alive(&f, f.id));
    assert_int_equal(send_text(&f, "x"), SK_ECLOSED);
    settle(f.node);
    assert_int_equal(count_events(f.service, SK_IO_ERROR, f.id), 0);
    close(f.peer);
}

/* Before the start it is kept quiet; who starts the socket reads what is there. */
static void test_write_error_before_start(void **state) {
    fixture f = with_accepted(state);
    fault.send_errno = EPIPE;
    fault.send_count = 1;
    assert_int_equal(send_text(&f, "x"), 0);
    peer_send(f.peer, "data");
    sk_socket_start(f.io, f.other, f.id);
    assert_string_equal(await(f.other, SK_IO_CONNECT, f.id)->text, "start");
    await(f.other, SK_IO_DATA, f.id);
    sk_socket_close(f.io, f.other, f.id);
    await(f.other, SK_IO_CLOSE, f.id);
    assert_int_equal(count_events(f.service, SK_IO_ERROR, f.id), 0);
    close(f.peer);
}

static void test_write_to_listener(void **state) {
    fixture f = with_listener(state);
    f.id = f.listener;
    assert_int_equal(send_text(&f, "x"), SK_ESTATE);
    assert_non_null(strstr(f.node->log, "write to listen fd"));
    sk_send_data data = {.data = sk_strdup("x"), .size = 1, .take = true};
    assert_int_equal(sk_socket_send(f.io, f.service, 12345, &data), SK_ECLOSED); /* freed */
}

/* ---- Reading ---- */

static void test_read_error(void **state) {
    fixture f = with_connection(state);
    fault.recv_errno = ETIMEDOUT;
    fault.recv_count = 1;
    peer_send(f.peer, "x");
    assert_string_equal(await(f.service, SK_IO_ERROR, f.id)->text, "Connection timed out");
    assert_non_null(find_event(f.service, SK_IO_CLOSE, f.id));
    assert_false(is_alive(&f, f.id));
    close(f.peer);
}

static void test_read_passing_errors(void **state) {
    fixture f = with_connection(state);
    const int errors[] = {EINTR, ENOMEM};
    for (int i = 0; i < 2; i++) {
        fault.recv_errno = errors[i];
        fault.recv_count = 1;
        peer_send(f.peer, "x");
        step(f.node, STEP_WAIT_MS);
        sk_clock_advance(f.node->clock, 10);
        assert_int_equal(await(f.service, SK_IO_DATA, f.id)->ud, 1);
    }
    assert_int_equal(count_events(f.service, SK_IO_ERROR, f.id), 0);
    close(f.peer);
}

/* A short read means drained: no second call that would say "try again". */
static void test_one_read_a_message(void **state) {
    fixture f = with_connection(state);
    settle(f.node);
    fault.recv_calls = fault.send_calls = 0;
    for (int i = 0; i < 10; i++) {
        peer_send(f.peer, "ping");
        await(f.service, SK_IO_DATA, f.id);
        send_text(&f, "pong");
        settle(f.node);
        peer_expect(f.peer, "pong");
    }
    assert_int_equal(fault.recv_calls, 10);
    assert_int_equal(fault.send_calls, 10);
    close(f.peer);
}

/* A turn that is left early gives back what it has not looked at. */
static void test_turn_left_early(void **state) {
    fixture f = with_connection(state);
    f.service->consumes = false;
    peer_send(f.peer, "data");
    close(f.peer);
    while (sk_io_ops_table()->poll(f.io, &f.node->worker, STEP_WAIT_MS) == 0)
        continue;
    sk_io_turn turn;
    sk_io_event event;
    sk_io_turn_begin(&turn, f.service, sk_mailbox_pop(&f.service->mailbox), false);
    sk_io_turn_end(&turn);
    await(f.service, SK_IO_DATA, f.id);
    await(f.service, SK_IO_CLOSE, f.id);

    f = with_connection(state);
    fault.recv_errno = ECONNRESET;
    fault.recv_count = 1;
    peer_send(f.peer, "data");
    while (sk_io_ops_table()->poll(f.io, &f.node->worker, STEP_WAIT_MS) == 0)
        continue;
    sk_io_turn_begin(&turn, f.service, sk_mailbox_pop(&f.service->mailbox), false);
    assert_true(sk_io_turn_next(&turn, &event));
    assert_int_equal(event.type, SK_IO_ERROR);
    sk_io_turn_end(&turn); /* still owes the CLOSE */
    await(f.service, SK_IO_CLOSE, f.id);
    close(f.peer);
}

/* ---- Batching ---- */

static void test_gathering(void **state) {
    fixture f = with_connection(state);
    settle(f.node);
    fault.send_calls = 0;
    for (int i = 0; i < 5; i++)
        send_text(&f, "word ");
    assert_int_equal(fault.send_calls, 1); /* the first at once */
    peer_expect(f.peer, "word ");
    end_dispatch(f.node);
    assert_int_equal(fault.send_calls, 2); /* the others together */
    peer_expect(f.peer, "word word word word ");
    for (int i = 0; i < 2; i++)
        send_text(&f, "tail ");
    sk_socket_close(f.io, f.service, f.id); /* what is gathered goes too */
    peer_expect(f.peer, "tail tail ");
    peer_expect_end(f.peer);
    end_dispatch(f.node);
    close(f.peer);
}

static void test_gathering_is_bounded(void **state) {
    fixture f = with_connection(state);
    settle(f.node);
    fault.send_calls = 0;
    size_t size;
    for (int i = 0; i < 9; i++)
        send_block(&f, 'a', 4096, i & 1);
    assert_int_equal(fault.send_calls, 3); /* one, and twice SK_WRITE_GATHER_SIZE */
    end_dispatch(f.node);
    peer_read_all(f.node, f.peer, 9 * 4096, &size);
    assert_int_equal(fault.send_calls, 3);
    close(f.peer);
}

/* ---- Services that take messages ---- */

static void test_expand(void **state) {
    fixture f = with_listener(state);
    f.service->takes_messages = true;
    f.peer = peer_connect("127.0.0.1", f.port);
    const sk_io_event *event = await(f.service, SK_IO_ACCEPT, f.listener);
    assert_non_null(strstr(event->text, "127.0.0.1:"));
    f.id = event->ud;
    sk_socket_start(f.io, f.service, f.id);
    await(f.service, SK_IO_CONNECT, f.id);
    peer_send(f.peer, "hello");
    assert_int_equal(await(f.service, SK_IO_DATA, f.id)->ud, 5);
    peer_send(f.peer, " world");
    close(f.peer);
    await(f.service, SK_IO_CLOSE, f.id);
    expect_input(f.service, "hello world");
}

/* Unread input of an owner that reads goes on to one that takes messages. */
static void test_expand_after_reader(void **state) {
    fixture f = with_connection(state);
    f.service->consumes = false;
    f.other->takes_messages = true;
    peer_send(f.peer, "left over");
    await(f.service, SK_IO_DATA, f.id);
    sk_socket_start(f.io, f.other, f.id);
    await(f.other, SK_IO_DATA, f.id);
    expect_input(f.other, "left over");
    peer_send(f.peer, ", new");
    await(f.other, SK_IO_DATA, f.id);
    expect_input(f.other, "left over, new");
    close(f.peer);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up_faults, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(test_accept_no_descriptor),
        CASE(test_accept_retries),
        CASE(test_accept_passing_errors),
        CASE(test_connect_errors),
        CASE(test_short_writes),
        CASE(test_write_no_memory),
        CASE(test_write_error),
        CASE(test_write_error_after_end),
        CASE(test_write_error_before_start),
        CASE(test_write_to_listener),
        CASE(test_read_error),
        CASE(test_read_passing_errors),
        CASE(test_one_read_a_message),
        CASE(test_turn_left_early),
        CASE(test_gathering),
        CASE(test_gathering_is_bounded),
        CASE(test_expand),
        CASE(test_expand_after_reader),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
