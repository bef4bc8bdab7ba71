/* test_io_udp.c -- datagrams: opening, both families, the default peer, what is lost and how it is
 * counted, ownership, and system calls that fail. */
#include "io/datagram.h"
#include "unit/io_harness.h"

#include <sys/socket.h>

/* What the replaced calls do: set by a test, cleared by the set-up. */
static struct {
    int send_errno; /* of the next send_count calls */
    int send_count;
    int recv_errno;
    int recv_count;
    int bind_errno;
    int reuse_count; /* SO_REUSEADDR was asked for */
    bool cuts;       /* what comes is cut */
} fault;

static bool fails(int *count, int err) {
    if (*count <= 0)
        return false;
    (*count)--;
    errno = err;
    return true;
}

static ssize_t fault_sendmsg(int fd, const struct msghdr *msg, int flags) {
    return fails(&fault.send_count, fault.send_errno) ? -1 : sendmsg(fd, msg, flags);
}

static ssize_t fault_recvmsg(int fd, struct msghdr *msg, int flags) {
    if (fails(&fault.recv_count, fault.recv_errno))
        return -1;
    if (fault.cuts)
        msg->msg_iov->iov_len = 3;
    return recvmsg(fd, msg, flags);
}

static int fault_bind(int fd, const struct sockaddr *addr, socklen_t size) {
    errno = fault.bind_errno;
    return fault.bind_errno ? -1 : bind(fd, addr, size);
}

static int fault_setsockopt(int fd, int level, int name, const void *value, socklen_t size) {
    fault.reuse_count += level == SOL_SOCKET && name == SO_REUSEADDR;
    return setsockopt(fd, level, name, value, size);
}

static int set_up_udp(void **state) {
    set_up(state);
    sk_node *node = *state;
    memset(&fault, 0, sizeof fault);
    sk_syscalls *calls = sk_io_syscalls(node->io);
    calls->sendmsg = fault_sendmsg;
    calls->recvmsg = fault_recvmsg;
    calls->bind = fault_bind;
    calls->setsockopt = fault_setsockopt;
    return 0;
}

/* ---- Help ---- */

static int32_t udp(fixture *f, const char *host) {
    int32_t id = sk_socket_udp(f->io, f->service, host, 0);
    assert_true(id > 0);
    return id;
}

static sk_addr local_of(fixture *f, int32_t id) {
    sk_addr addr;
    assert_int_equal(sk_socket_udp_local(f->io, id, &addr), 0);
    return addr;
}

static int send_to(fixture *f, int32_t id, const sk_addr *to, const void *data, size_t size) {
    sk_send_data what = {.data = data, .size = size};
    return sk_socket_udp_send(f->io, f->service, id, to, &what);
}

static void sender_of(const sk_io_event *event, sk_addr *ret_addr) {
    const char *block = event->block;
    assert_int_equal(sk_addr_decode(block + event->ud, event->addr_size, ret_addr), 0);
}

static void expect_datagram(sk_service *service, int32_t id, const char *text) {
    const sk_io_event *event = await(service, SK_IO_UDP, id);
    assert_int_equal(event->ud, strlen(text));
    assert_memory_equal(event->block, text, strlen(text));
}

static sk_io_info info_of(fixture *f, int32_t id) {
    size_t count;
    sk_io_info *list = sk_io_snapshot(f->io, &count);
    sk_io_info info = {0};
    for (size_t i = 0; list && i < count; i++)
        if (list[i].id == id)
            info = list[i];
    sk_free(list);
    assert_int_equal(info.id, id);
    return info;
}

/* The poller alone: the owner does not get to run. */
static void poll_only(fixture *f) { (void)sk_io_ops_table()->poll(f->io, &f->node->worker, 0); }

/* ---- Opening ---- */

static void test_open(void **state) {
    fixture f = begin(state);
    sk_addr addr = local_of(&f, udp(&f, NULL));
    assert_int_equal(addr.any.sa_family, AF_INET);
    assert_int_equal(sk_addr_port(&addr), 0); /* not bound */
    addr = local_of(&f, udp(&f, "::"));
    assert_int_equal(addr.any.sa_family, AF_INET6);
    assert_true(sk_addr_port(&addr) > 0);
    int32_t id = udp(&f, "127.0.0.1");
    uint16_t port = (addr = local_of(&f, id), sk_addr_port(&addr));
    assert_true(port > 0);
    /* A port is not shared. */
    assert_int_equal(sk_socket_udp_listen(f.io, f.service, "127.0.0.1", port), -EADDRINUSE);
    sk_socket_close(f.io, f.service, id);
    await(f.service, SK_IO_CLOSE, id);
    assert_false(is_alive(&f, id));
    id = sk_socket_udp_listen(f.io, f.service, "127.0.0.1", port);
    assert_true(id > 0);
    sk_socket_shutdown(f.io, f.service, id);
    await(f.service, SK_IO_CLOSE, id);
    id = sk_socket_udp(f.io, f.service, NULL, port); /* all of IPv4 */
    addr = local_of(&f, id);
    assert_int_equal(addr.v4.sin_addr.s_addr, 0);
    assert_int_equal(sk_addr_port(&addr), port);
    assert_int_equal(fault.reuse_count, 0);
    settle(f.node);
    assert_int_equal(count_events(f.service, SK_IO_CONNECT, id), 0);
}

static void test_open_group(void **state) {
    fixture f = begin(state);
    int32_t id = sk_socket_udp(f.io, f.service, "224.0.0.251", 0);
    assert_true(id > 0);
    sk_addr addr = local_of(&f, id);
    assert_true(sk_socket_udp_listen(f.io, f.service, "224.0.0.251", sk_addr_port(&addr)) > 0);
    assert_int_equal(fault.reuse_count, 2);
}

static void test_open_refused(void **state) {
    fixture f = begin(state);
    assert_int_equal(sk_socket_udp(f.io, f.service, "no-such-host.invalid", 1), SK_ENAME);
    assert_int_equal(sk_socket_udp(f.io, f.service, "127.0.0.1", 65536), SK_EINVAL);
    assert_int_equal(sk_socket_udp(f.io, f.service, NULL, -1), SK_EINVAL);
    assert_int_equal(sk_socket_udp_listen(f.io, f.service, "127.0.0.1", 0), SK_EINVAL);
    assert_int_equal(sk_socket_udp_dial(f.io, f.service, "127.0.0.1", 0), SK_EINVAL);
    assert_int_equal(sk_socket_udp_dial(f.io, f.service, "no-such-host.invalid", 1), SK_ENAME);
    fault.bind_errno = EACCES;
    assert_int_equal(sk_socket_udp(f.io, f.service, "127.0.0.1", 1), -EACCES);
    assert_int_equal(sk_io_socket_count(f.io), 0);
}

/* ---- Sending and receiving ---- */

static void test_echo(void **state) {
    const char *ips[] = {"127.0.0.1", "::1"};
    const size_t code_sizes[] = {7, 19};
    fixture f = begin(state);
    for (int i = 0; i < 2; i++) {
        int32_t server = udp(&f, ips[i]);
        sk_addr addr = local_of(&f, server), from;
        int32_t client = sk_socket_udp_dial(f.io, f.service, ips[i], sk_addr_port(&addr));
        assert_true(client > 0);
        sk_send_data data = {.data = sk_memdup_text("ping", 4), .size = 4, .take = true};
        assert_int_equal(sk_socket_send(f.io, f.service, client, &data), 0);
        const sk_io_event *event = await(f.service, SK_IO_UDP, server);
        assert_int_equal(event->ud, 4);
        assert_memory_equal(event->block, "ping", 4);
        assert_int_equal(event->addr_size, code_sizes[i]);
        sender_of(event, &from);
        sk_addr local = local_of(&f, client);
        assert_int_equal(sk_addr_port(&from), sk_addr_port(&local)); /* the send has bound it */
        assert_int_equal(send_to(&f, server, &from, "pong", 4), 0);
        expect_datagram(f.service, client, "pong");
        assert_int_equal(send_to(&f, server, &from, NULL, 0), 0); /* empty ones too */
        expect_datagram(f.service, client, "");
        sk_io_info info = info_of(&f, client);
        char name[SK_ADDR_TEXT_SIZE];
        (void)sk_addr_text(&addr, name);
        assert_string_equal(info.name, name);
        assert_int_equal(info.type, SK_INFO_UDP);
        assert_int_equal(info.read_size, 4);
        assert_int_equal(info.write_size, 4);
        assert_true(info.is_reading && !info.is_writing);
        assert_string_equal(info_of(&f, server).name, "");
    }
}

static void test_sizes(void **state) {
    fixture f = begin(state);
    int32_t server = udp(&f, "127.0.0.1");
    sk_addr to = local_of(&f, server);
    const size_t sizes[] = {0, 1, 1472, 1473, 65507};
    uint8_t *data = pattern(70000);
    for (size_t i = 0; i < SK_ARRAY_LEN(sizes); i++) {
        assert_int_equal(send_to(&f, server, &to, data, sizes[i]), 0); /* to itself */
        const sk_io_event *event = await(f.service, SK_IO_UDP, server);
        assert_int_equal(event->ud, sizes[i]);
        assert_memory_equal(event->block, data, sizes[i]);
    }
    const size_t large[] = {65508, 65536, 70000, 65508,
                            70000}; /* logged: the first, second, fourth */
    for (size_t i = 0; i < SK_ARRAY_LEN(large); i++) {
        char text[100];
        f.node->log[0] = '\0';
        assert_int_equal(send_to(&f, server, &to, data, large[i]), 0);
        snprintf(text, sizeof text, "socket-server : udp (%d) sendto error Message too long.",
                 (int)server);
        assert_string_equal(f.node->log, i == 2 || i == 4 ? "" : text);
    }
    settle(f.node);
    assert_int_equal(count_events(f.service, SK_IO_UDP, server), SK_ARRAY_LEN(sizes));
    assert_int_equal(info_of(&f, server).drop_count, SK_ARRAY_LEN(large));
    sk_free(data);
}

static void test_default_peer(void **state) {
    fixture f = begin(state);
    int32_t one = udp(&f, "127.0.0.1"), two = udp(&f, "127.0.0.1"), client = udp(&f, NULL);
    sk_addr addr_one = local_of(&f, one), addr_two = local_of(&f, two);
    sk_send_data data = {.data = "x", .size = 1};
    char text[100];
    assert_int_equal(sk_socket_send(f.io, f.service, client, &data), SK_ESTATE);
    snprintf(text, sizeof text, "socket-server : set udp (%d) error: address first.", (int)client);
    assert_string_equal(f.node->log, text);
    assert_int_equal(
        sk_socket_udp_connect(f.io, f.service, client, "localhost", sk_addr_port(&addr_one)), 0);
    assert_int_equal(sk_socket_send_low(f.io, f.service, client, &data), 0);
    expect_datagram(f.service, one, "x");
    /* What fails leaves the peer as it was. */
    assert_int_equal(sk_socket_udp_connect(f.io, f.service, client, "no-such-host.invalid", 1),
                     SK_ENAME);
    assert_int_equal(sk_socket_udp_connect(f.io, f.service, client, "127.0.0.1", 0), SK_EINVAL);
    assert_int_equal(sk_socket_udp_connect(f.io, f.other, client, "::1", 1), -EAFNOSUPPORT);
    assert_string_equal(await(f.service, SK_IO_ERROR, client)->text, "protocol mismatch");
    assert_int_equal(sk_socket_send(f.io, f.service, client, &data), 0);
    expect_datagram(f.service, one, "x");
    /* It is no filter. */
    sk_addr local = local_of(&f, client);
    sk_addr_parse("127.0.0.1", sk_addr_port(&local), &local);
    assert_int_equal(send_to(&f, two, &local, "stranger", 8), 0);
    expect_datagram(f.service, client, "stranger");
    assert_int_equal(
        sk_socket_udp_connect(f.io, f.service, client, "127.0.0.1", sk_addr_port(&addr_two)), 0);
    assert_int_equal(sk_socket_send(f.io, f.service, client, &data), 0);
    expect_datagram(f.service, two, "x");
    /* A name of both families gives the one that fits. */
    int32_t six = udp(&f, "::");
    sk_addr found;
    assert_int_equal(sk_socket_udp_resolve(f.io, six, "localhost", 9, &found), 0);
    assert_int_equal(found.any.sa_family, AF_INET6);
}

static void test_wrong_ids(void **state) {
    fixture f = with_listener(state);
    int32_t id = udp(&f, "127.0.0.1");
    sk_addr four = local_of(&f, id), six, addr;
    sk_send_data data = {.data = "x", .size = 1};
    assert_int_equal(sk_addr_parse("::1", 9, &six), 0);
    assert_int_equal(send_to(&f, id, &six, "x", 1), -EAFNOSUPPORT);
    assert_int_equal(send_to(&f, f.listener, &four, "x", 1), SK_ESTATE);
    assert_int_equal(sk_socket_udp_connect(f.io, f.service, f.listener, "127.0.0.1", 1), SK_ESTATE);
    assert_int_equal(sk_socket_udp_local(f.io, f.listener, &addr), SK_ESTATE);
    sk_socket_close(f.io, f.service, id);
    assert_int_equal(send_to(&f, id, &four, "x", 1), SK_ECLOSED);
    assert_int_equal(sk_socket_send(f.io, f.service, id, &data), SK_ECLOSED);
    assert_int_equal(sk_socket_udp_connect(f.io, f.service, id, "127.0.0.1", 1), SK_ECLOSED);
    assert_int_equal(sk_socket_udp_local(f.io, id, &addr), SK_ECLOSED);
    assert_int_equal(sk_socket_udp_resolve(f.io, id, "127.0.0.1", 1, &addr), SK_ECLOSED);
}

/* ---- What is lost ---- */

/* Many more than the queue holds: the last ones are kept, and all others counted. */
static void test_overflow(void **state) {
    fixture f = begin(state);
    int32_t server = udp(&f, "127.0.0.1");
    sk_addr to = local_of(&f, server);
    const uint32_t sent = SK_DATAGRAM_COUNT_MAX + 1000;
    for (uint32_t i = 0; i < sent; i++) {
        assert_int_equal(send_to(&f, server, &to, &i, sizeof i), 0);
        if (i % 100 == 99)
            poll_only(&f);
    }
    poll_only(&f);
    assert_int_equal(info_of(&f, server).drop_count, 1000);
    for (uint32_t i = 1000; i < sent; i++) {
        uint32_t number;
        memcpy(&number, await(f.service, SK_IO_UDP, server)->block, sizeof number);
        assert_int_equal(number, i);
    }
    settle(f.node);
    assert_int_equal(count_events(f.service, SK_IO_UDP, server), SK_DATAGRAM_COUNT_MAX);
}

/* More than the kernel's buffer holds, so some never arrive: these are counted too. */
static void test_kernel_drops(void **state) {
    fixture f = begin(state);
    int32_t server = udp(&f, "127.0.0.1");
    sk_addr to = local_of(&f, server);
    const int sent = 6000;
    for (int i = 0; i < sent; i++)
        assert_int_equal(send_to(&f, server, &to, "drop", 4), 0);
    settle(f.node);
    assert_int_equal(send_to(&f, server, &to, "last", 4), 0); /* it brings the kernel's count */
    settle(f.node);
    int arrived = count_events(f.service, SK_IO_UDP, server);
    sk_io_info info = info_of(&f, server);
    assert_in_range(arrived, 2, sent);
    assert_int_equal((uint64_t)arrived + info.drop_count, sent + 1);
}

/* A burst above what one poll reads: the rest is reported again. */
static void test_long_burst(void **state) {
    fixture f = begin(state);
    const int size = 4 * 1024 * 1024;
    int32_t server = udp(&f, "127.0.0.1");
    sk_addr to = local_of(&f, server);
    sk_socket *socket = sk_socket_find(f.io, server);
    (void)setsockopt(socket->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(send_to(&f, server, &to, "burst", 5), 0);
    poll_only(&f);
    assert_int_equal(socket->datagrams->in.count, SK_DATAGRAM_READ_COUNT_MAX);
    poll_only(&f);
    assert_true(socket->datagrams->in.count > SK_DATAGRAM_READ_COUNT_MAX);
    settle(f.node);
    assert_int_equal(send_to(&f, server, &to, "last", 4), 0);
    settle(f.node);
    sk_io_info info = info_of(&f, server);
    assert_int_equal((uint64_t)count_events(f.service, SK_IO_UDP, server) + info.drop_count, 1001);
    assert_true(count_events(f.service, SK_IO_UDP, server) > SK_DATAGRAM_TURN_COUNT_MAX);
}

/* The poller could not take it for lack of memory: it tries again. */
static void test_register_again(void **state) {
    fixture f = begin(state);
    int32_t server = udp(&f, "127.0.0.1");
    sk_addr to = local_of(&f, server);
    sk_socket *socket = sk_socket_find(f.io, server);
    sk_poller_remove(f.io->poller, socket->fd);
    sk_socket_lock(socket);
    socket->is_registered = false;
    sk_socket_ask_later(socket, SK_LATER_READ);
    sk_socket_unlock(socket);
    assert_int_equal(send_to(&f, server, &to, "one", 3), 0);
    settle(f.node);
    assert_int_equal(count_events(f.service, SK_IO_UDP, server), 0);
    sk_clock_advance(f.node->clock, 10);
    expect_datagram(f.service, server, "one");
    assert_int_equal(send_to(&f, server, &to, "two", 3), 0);
    expect_datagram(f.service, server, "two");
}

static void test_cut(void **state) {
    fixture f = begin(state);
    int32_t server = udp(&f, "127.0.0.1");
    sk_addr to = local_of(&f, server);
    fault.cuts = true;
    assert_int_equal(send_to(&f, server, &to, "four", 4), 0);
    assert_int_equal(send_to(&f, server, &to, "abc", 3), 0);
    expect_datagram(f.service, server, "abc");
    assert_int_equal(count_events(f.service, SK_IO_UDP, server), 1);
    assert_int_equal(info_of(&f, server).drop_count, 1);
}

/* ---- System calls that fail ---- */

static void test_send_waits(void **state) {
    fixture f = begin(state);
    int32_t server = udp(&f, "127.0.0.1");
    sk_addr to = local_of(&f, server);
    const int errors[] = {ENOBUFS, ENOMEM, EAGAIN};
    for (int i = 0; i < 3; i++) {
        fault.send_errno = errors[i];
        fault.send_count = 1;
        assert_int_equal(send_to(&f, server, &to, "first", 5), 0);
        assert_int_equal(send_to(&f, server, &to, "second", 6), 0); /* behind it */
        sk_io_info info = info_of(&f, server);
        assert_int_equal(info.unsent_size, 11);
        assert_true(info.is_writing);
        if (i < 2)
            sk_clock_advance(f.node->clock, 10);
        else /* the event that the kernel would give */
            (void)sk_datagram_on_ready(sk_socket_find(f.io, server), &f.node->worker, SK_POLL_OUT);
        expect_datagram(f.service, server, "first");
        expect_datagram(f.service, server, "second");
        assert_false(info_of(&f, server).is_writing);
    }
    assert_int_equal(info_of(&f, server).drop_count, 0);
}

static void test_send_queue_is_bounded(void **state) {
    fixture f = begin(state);
    int32_t server = udp(&f, "127.0.0.1");
    sk_addr to = local_of(&f, server);
    uint8_t *data = pattern(65507);
    fault.send_errno = EAGAIN;
    fault.send_count = 1;
    for (int i = 0; i < 100; i++)
        assert_int_equal(send_to(&f, server, &to, data, 65507), 0);
    sk_io_info info = info_of(&f, server);
    assert_in_range(info.unsent_size, SK_DATAGRAM_SIZE_MAX - 65507, SK_DATAGRAM_SIZE_MAX);
    assert_int_equal(info.drop_count, 100 - info.unsent_size / 65507);
    sk_free(data);
    sk_socket_shutdown(f.io, f.service, server);
    await(f.service, SK_IO_CLOSE, server);
}

/* An error in the queue concerns one datagram; a close tries once more. */
static void test_flush(void **state) {
    fixture f = begin(state);
    int32_t server = udp(&f, "127.0.0.1"), client = udp(&f, NULL);
    sk_addr to = local_of(&f, server);
    fault.send_errno = EAGAIN;
    fault.send_count = 1;
    assert_int_equal(send_to(&f, client, &to, "lost", 4), 0);
    assert_int_equal(send_to(&f, client, &to, "found", 5), 0);
    fault.send_errno = EPERM;
    fault.send_count = 1;
    (void)sk_datagram_on_ready(sk_socket_find(f.io, client), &f.node->worker, SK_POLL_OUT);
    assert_non_null(strstr(f.node->log, "sendto error Operation not permitted."));
    expect_datagram(f.service, server, "found");
    assert_int_equal(info_of(&f, client).drop_count, 1);
    fault.send_errno = EAGAIN;
    fault.send_count = 1;
    assert_int_equal(send_to(&f, client, &to, "", 0), 0);
    sk_socket_close(f.io, f.service, client);
    await(f.service, SK_IO_CLOSE, client);
    expect_datagram(f.service, server, "");
    assert_false(is_alive(&f, client));
}

static void test_send_errors(void **state) {
    fixture f = begin(state);
    int32_t id = udp(&f, "127.0.0.1");
    sk_addr to = local_of(&f, id);
    fault.send_errno = ENETUNREACH;
    fault.send_count = 1;
    assert_int_equal(send_to(&f, id, &to, "x", 1), 0);
    assert_non_null(strstr(f.node->log, "sendto error Network is unreachable."));
    fault.send_errno = EINTR;
    fault.send_count = 3;
    assert_int_equal(send_to(&f, id, &to, "y", 1), 0);
    expect_datagram(f.service, id, "y");
    assert_int_equal(info_of(&f, id).drop_count, 1);
}

static void test_receive_errors(void **state) {
    fixture f = begin(state);
    int32_t id = udp(&f, "127.0.0.1");
    sk_addr to = local_of(&f, id);
    const int passing[] = {EINTR, ECONNREFUSED, EAGAIN, ENOMEM, ENOBUFS};
    for (size_t i = 0; i < SK_ARRAY_LEN(passing); i++) {
        fault.recv_errno = passing[i];
        fault.recv_count = 1;
        assert_int_equal(send_to(&f, id, &to, "x", 1), 0);
        settle(f.node);
        sk_clock_advance(f.node->clock, 10); /* looks again when memory was short */
        if (passing[i] == EAGAIN)
            assert_int_equal(send_to(&f, id, &to, "x", 1), 0);
        expect_datagram(f.service, id, "x");
        if (passing[i] == EAGAIN)
            expect_datagram(f.service, id, "x");
    }
    assert_int_equal(count_events(f.service, SK_IO_ERROR, id), 0);
    fault.recv_errno = EIO;
    fault.recv_count = 1;
    assert_int_equal(send_to(&f, id, &to, "x", 1), 0);
    assert_string_equal(await(f.service, SK_IO_ERROR, id)->text, "Input/output error");
    await(f.service, SK_IO_CLOSE, id);
    assert_false(is_alive(&f, id));
}

/* ---- Owners ---- */

static void test_pause_and_transfer(void **state) {
    fixture f = begin(state);
    int32_t id = udp(&f, "127.0.0.1");
    sk_addr to = local_of(&f, id);
    sk_socket_pause(f.io, f.service, id);
    assert_int_equal(send_to(&f, id, &to, "one", 3), 0);
    settle(f.node);
    assert_int_equal(count_events(f.service, SK_IO_UDP, id), 0);
    assert_false(info_of(&f, id).is_reading);
    sk_socket_start(f.io, f.other, id);
    assert_string_equal(await(f.other, SK_IO_CONNECT, id)->text, "transfer");
    expect_datagram(f.other, id, "one");
    assert_int_equal(send_to(&f, id, &to, "two", 3), 0);
    expect_datagram(f.other, id, "two");
    assert_int_equal(count_events(f.service, SK_IO_UDP, id), 0);
    /* The node is in the old owner's mailbox when the socket changes hands. */
    assert_int_equal(send_to(&f, id, &to, "three", 5), 0);
    poll_only(&f);
    sk_socket_start(f.io, f.service, id);
    await(f.service, SK_IO_CONNECT, id);
    expect_datagram(f.service, id, "three");
    assert_int_equal(count_events(f.other, SK_IO_UDP, id), 2);
}

static void test_dead_owner(void **state) {
    fixture f = begin(state);
    int32_t id = udp(&f, "127.0.0.1"), other = sk_socket_udp(f.io, f.other, "127.0.0.1", 0);
    sk_addr to = local_of(&f, id);
    assert_int_equal(send_to(&f, other, &to, "x", 1), 0);
    poll_only(&f); /* it waits for the owner */
    kill_service(f.service);
    settle(f.node);
    assert_false(is_alive(&f, id));
    assert_true(is_alive(&f, other));
    /* One that became its owner without being told: found when something comes. */
    to = local_of(&f, other);
    sk_store_relaxed(&sk_socket_find(f.io, other)->owner, sk_service_handle(f.service).v);
    sk_send_data data = {.data = "x", .size = 1};
    assert_int_equal(sk_socket_udp_send(f.io, f.other, other, &to, &data), 0);
    settle(f.node);
    assert_false(is_alive(&f, other));
}

/* A service that takes messages: the address stands behind the bytes. */
static void test_messages(void **state) {
    fixture f = begin(state);
    f.service->takes_messages = true;
    int32_t id = udp(&f, "127.0.0.1");
    sk_addr to = local_of(&f, id), from;
    for (int i = 0; i < 3 * SK_DATAGRAM_TURN_COUNT_MAX; i++)
        assert_int_equal(send_to(&f, id, &to, "message", 7), 0);
    for (int i = 0; i < 3 * SK_DATAGRAM_TURN_COUNT_MAX; i++) {
        const sk_io_event *event = await(f.service, SK_IO_UDP, id);
        assert_int_equal(event->ud, 7);
        assert_memory_equal(event->block, "message", 7);
        sender_of(event, &from);
        assert_memory_equal(&from.v4, &to.v4, sizeof to.v4);
    }
}

/* One message of the owner's mailbox is a bounded number of datagrams. */
static void test_turn_is_bounded(void **state) {
    fixture f = begin(state);
    int32_t id = udp(&f, "127.0.0.1");
    sk_addr to = local_of(&f, id);
    for (int i = 0; i < SK_DATAGRAM_TURN_COUNT_MAX + 1; i++)
        assert_int_equal(send_to(&f, id, &to, "x", 1), 0);
    poll_only(&f);
    assert_int_equal(dispatch_all(f.node), 1);
    assert_int_equal(count_events(f.service, SK_IO_UDP, id), SK_DATAGRAM_TURN_COUNT_MAX);
    assert_int_equal(dispatch_all(f.node), 1);
    assert_int_equal(count_events(f.service, SK_IO_UDP, id), SK_DATAGRAM_TURN_COUNT_MAX + 1);
}

/* A handler may leave the turn early: the rest comes with another node. */
static void test_turn_left_early(void **state) {
    fixture f = begin(state);
    int32_t id = udp(&f, "127.0.0.1");
    sk_addr to = local_of(&f, id);
    sk_io_turn turn;
    sk_io_event event;
    for (int i = 0; i < 3; i++)
        assert_int_equal(send_to(&f, id, &to, &"abc"[i], 1), 0);
    poll_only(&f);
    sk_io_turn_begin(&turn, f.service, sk_mailbox_pop(&f.service->mailbox), false);
    assert_true(sk_io_turn_next(&turn, &event));
    assert_memory_equal(event.block, "a", 1);
    sk_free(event.block);
    sk_io_turn_end(&turn);
    expect_datagram(f.service, id, "b");
    expect_datagram(f.service, id, "c");
}

/* When the node stops nobody is told of input, and what waits is sent. */
static void test_stop(void **state) {
    fixture f = begin(state);
    int32_t id = udp(&f, "127.0.0.1");
    sk_addr to = local_of(&f, id);
    fault.send_errno = ENOBUFS;
    fault.send_count = 1;
    assert_int_equal(send_to(&f, id, &to, "", 0), 0);
    sk_io_hold_input(f.io);
    assert_int_equal(send_to(&f, id, &to, "x", 1), 0);
    assert_true(info_of(&f, id).is_writing);
    assert_false(sk_io_drain(f.io, 0));
    sk_clock_advance(f.node->clock, 10);
    assert_true(sk_io_drain(f.io, 1));
    settle(f.node);
    assert_int_equal(count_events(f.service, SK_IO_UDP, id), 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up_udp, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(test_open),
        CASE(test_open_group),
        CASE(test_open_refused),
        CASE(test_echo),
        CASE(test_sizes),
        CASE(test_default_peer),
        CASE(test_wrong_ids),
        CASE(test_overflow),
        CASE(test_kernel_drops),
        CASE(test_long_burst),
        CASE(test_register_again),
        CASE(test_cut),
        CASE(test_send_waits),
        CASE(test_send_queue_is_bounded),
        CASE(test_flush),
        CASE(test_send_errors),
        CASE(test_receive_errors),
        CASE(test_pause_and_transfer),
        CASE(test_dead_owner),
        CASE(test_messages),
        CASE(test_turn_is_bounded),
        CASE(test_turn_left_early),
        CASE(test_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
