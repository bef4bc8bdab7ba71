/* io_harness.h -- a fake node for the tests of sockets; included by one test program each.
 *
 * One thread plays the scheduler: the functions that io calls in the actor layer, with three
 * services and one worker. A step is one poll and a dispatch of every service that got messages; a
 * test steps until it sees the event it waits for. The peers are plain sockets in the same
 * thread. Time is virtual, failures are injected through the table of system calls. */
#ifndef SK_TESTS_IO_HARNESS_H
#define SK_TESTS_IO_HARNESS_H

#include "actor/mailbox.h"
#include "actor/reclaim.h"
#include "base/buffer.h"
#include "base/err.h"
#include "base/map.h"
#include "base/mem.h"
#include "io/io_impl.h"
#include "io/turn.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* Not every program uses all of it. */
#define HARNESS static __attribute__((unused))

/* ---- The fake node ---- */

#define SERVICE_COUNT 3
#define EVENT_COUNT_MAX 8192
#define STEP_COUNT_MAX 100
#define STEP_WAIT_MS 200

struct sk_service {
    sk_mailbox mailbox;
    sk_node *node;
    sk_handle handle;
    void *io_data;
    bool is_dead;
    bool takes_messages; /* through expand, as a service that does not know nodes */
    bool consumes;       /* input goes to `input` when DATA comes */
    bool is_logged;      /* lines of the message log go to `lines` */
    sk_buffer lines;
    sk_io_event events[EVENT_COUNT_MAX];
    int event_count;
    bool is_seen[EVENT_COUNT_MAX]; /* waited for */
    sk_buffer input;
};

struct sk_worker {
    uint64_t dispatch_id;
    bool is_dirty;
    uint8_t scratch[SK_READ_SIZE];
};

struct sk_node {
    sk_clock *clock;
    sk_reclaim *reclaim;
    sk_worker worker;
    sk_service services[SERVICE_COUNT];
    sk_io *io;
    char log[256];
};

int sk_node_post(sk_node *node, sk_worker *worker, sk_handle to, sk_msg *take_msg) {
    (void)worker;
    if (to.v >= 1 && to.v <= SERVICE_COUNT) {
        sk_service *service = &node->services[to.v - 1];
        if (!service->is_dead && sk_mailbox_push(&service->mailbox, take_msg) != SK_PUSH_CLOSED)
            return 0;
    }
    sk_msg_free(take_msg);
    return SK_ENOENT;
}

void sk_node_log(sk_node *node, sk_worker *worker, sk_handle source, const char *fmt, ...) {
    (void)worker;
    (void)source;
    va_list args;
    va_start(args, fmt);
    vsnprintf(node->log, sizeof node->log, fmt, args);
    va_end(args);
}

sk_clock *sk_node_clock(const sk_node *node) { return node->clock; }
sk_reclaim *sk_node_reclaim(const sk_node *node) { return node->reclaim; }
uint64_t sk_node_now_cs(const sk_node *node) { return sk_clock_ms(node->clock) / 10; }
int sk_node_worker_count(const sk_node *node) { return node ? 1 : 0; }
sk_handle sk_service_handle(const sk_service *service) { return service->handle; }
sk_worker *sk_service_worker(const sk_service *service) { return &service->node->worker; }
void *sk_service_io_data(const sk_service *service) { return service->io_data; }
void sk_service_set_io_data(sk_service *service, void *data) { service->io_data = data; }
bool sk_service_is_dead(const sk_service *service) { return service->is_dead; }
void *sk_worker_scratch(sk_worker *worker) { return worker->scratch; }
bool sk_service_is_logged(const sk_service *service) { return service->is_logged; }

/* The log's own lines have the id of the socket, which differs from run to run: not these. */
void sk_service_log_event(sk_service *service, const sk_msglog_event *event) {
    sk_buffer_printf(&service->lines, "%d %d %.*s\n", event->type, event->is_text, (int)event->size,
                     event->size ? (const char *)event->data : "");
}
uint64_t sk_worker_dispatch_id(const sk_worker *worker) { return worker->dispatch_id; }
void sk_worker_set_dirty(sk_worker *worker) { worker->is_dirty = true; }

int sk_worker_index(const sk_worker *worker) {
    (void)worker;
    return 0;
}

int sk_service_post(sk_service *service, sk_handle to, sk_msg *take_msg) {
    return sk_node_post(service->node, &service->node->worker, to, take_msg);
}

/* ---- Dispatching ---- */

HARNESS void consume(sk_service *service, int32_t id) {
    sk_socket *socket = sk_socket_get(service->node->io, id);
    if (!socket)
        return;
    sk_inbuf *input = sk_socket_lock_input(socket, service);
    if (input) {
        sk_buffer_append(&service->input, sk_inbuf_bytes(input), sk_inbuf_size(input));
        sk_inbuf_consume(input, sk_inbuf_size(input));
        sk_socket_unlock_input(socket);
    }
    sk_socket_unref(socket);
}

/* What holds for every socket: nothing but warnings comes after its CLOSE. */
HARNESS void check_order(const sk_service *service, const sk_io_event *event) {
    if (event->type == SK_IO_WARNING || event->type == SK_IO_ERROR)
        return;
    for (int i = 0; i < service->event_count; i++)
        if (service->events[i].type == SK_IO_CLOSE && service->events[i].id == event->id)
            fail_msg("event %d after the close of %d", (int)event->type, (int)event->id);
}

HARNESS void record(sk_service *service, const sk_io_event *event) {
    assert_in_range(service->event_count, 0, EVENT_COUNT_MAX - 1);
    check_order(service, event);
    service->events[service->event_count++] = *event; /* of UDP with its block */
    if (event->type != SK_IO_DATA)
        return;
    if (event->block) {
        sk_buffer_append(&service->input, event->block, (size_t)event->ud);
        sk_free(event->block);
    } else if (service->consumes) {
        consume(service, event->id);
    }
}

HARNESS bool deliver(sk_service *service, sk_msg *msg) {
    sk_io_event event;
    assert_true(sk_event_of_message(msg, &event));
    record(service, &event);
    return false;
}

HARNESS void handle(sk_service *service, sk_msg *msg) {
    sk_io_turn turn;
    sk_io_event event;
    if (msg->kind != SK_MSG_NODE) {
        deliver(service, msg);
        sk_msg_free(msg);
    } else if (service->takes_messages) {
        sk_io_ops_table()->expand(service->node->io, service, msg, deliver);
    } else {
        sk_io_turn_begin(&turn, service, msg, false);
        while (sk_io_turn_next(&turn, &event))
            record(service, &event);
    }
}

/* Ends what counts as one dispatch. */
HARNESS void end_dispatch(sk_node *node) {
    if (node->worker.is_dirty) {
        node->worker.is_dirty = false;
        sk_io_ops_table()->flush(node->io, &node->worker);
    }
    node->worker.dispatch_id++;
}

/* Handles what waits in the mailboxes; the number of messages. */
HARNESS int dispatch_all(sk_node *node) {
    int count = 0;
    end_dispatch(node);
    for (int i = 0; i < SERVICE_COUNT; i++) {
        sk_service *service = &node->services[i];
        /* What comes meanwhile is for the next round: the others have their turn. */
        uint64_t len = service->is_dead ? 0 : sk_mailbox_len(&service->mailbox);
        for (; len > 0; len--, count++)
            handle(service, sk_mailbox_pop(&service->mailbox));
        end_dispatch(node);
    }
    sk_reclaim_quiescent(node->reclaim, 0);
    sk_reclaim_collect(node->reclaim);
    return count;
}

HARNESS void step(sk_node *node, int64_t wait_ms) {
    int posted = sk_io_ops_table()->poll(node->io, &node->worker, wait_ms);
    assert_true(posted >= 0);
    dispatch_all(node);
}

/* Steps until nothing more happens at this moment. */
HARNESS void settle(sk_node *node) {
    while (sk_io_ops_table()->poll(node->io, &node->worker, 0) + dispatch_all(node) > 0)
        continue;
}

/* The oldest event of this type for this id (0: any) that was not waited for yet. */
HARNESS const sk_io_event *find_event(sk_service *service, sk_io_event_type type, int32_t id) {
    for (int i = 0; i < service->event_count; i++) {
        const sk_io_event *event = &service->events[i];
        if (service->is_seen[i] || event->type != type || (id && event->id != id))
            continue;
        service->is_seen[i] = true;
        return event;
    }
    return NULL;
}

HARNESS const sk_io_event *await(sk_service *service, sk_io_event_type type, int32_t id) {
    for (int i = 0; i < STEP_COUNT_MAX; i++) {
        dispatch_all(service->node);
        const sk_io_event *event = find_event(service, type, id);
        if (event)
            return event;
        step(service->node, STEP_WAIT_MS);
    }
    fail_msg("no event of type %d for socket %d", (int)type, (int)id);
    return NULL;
}

HARNESS int count_events(const sk_service *service, sk_io_event_type type, int32_t id) {
    int count = 0;
    for (int i = 0; i < service->event_count; i++)
        count += service->events[i].type == type && service->events[i].id == id;
    return count;
}

/* ---- Set-up ---- */

HARNESS int set_up(void **state) {
    sk_node *node = sk_new(sk_node);
    node->clock = sk_clock_new_virtual(1000);
    node->reclaim = sk_reclaim_new(1);
    sk_reclaim_online(node->reclaim, 0);
    for (int i = 0; i < SERVICE_COUNT; i++) {
        sk_service *service = &node->services[i];
        sk_mailbox_init(&service->mailbox);
        service->node = node;
        service->handle = (sk_handle){(uint32_t)i + 1};
        service->consumes = true;
    }
    node->io = sk_io_new(node);
    assert_non_null(node->io);
    *state = node;
    return 0;
}

/* A service dies as in the real node: mailbox dropped, then the io layer told. */
HARNESS void kill_service(sk_service *service) {
    sk_msg *msg;
    service->is_dead = true;
    while ((msg = sk_mailbox_pop(&service->mailbox))) {
        if (msg->kind == SK_MSG_NODE)
            sk_io_ops_table()->drop(service->node->io, service, msg);
        sk_msg_free(msg);
    }
    sk_io_ops_table()->service_exit(service->node->io, service);
    end_dispatch(service->node);
}

HARNESS int tear_down(void **state) {
    sk_node *node = *state;
    for (int i = 0; i < SERVICE_COUNT; i++) {
        if (!node->services[i].is_dead)
            kill_service(&node->services[i]);
        sk_buffer_done(&node->services[i].input);
        for (int j = 0; j < node->services[i].event_count; j++)
            if (node->services[i].events[j].type == SK_IO_UDP)
                sk_free(node->services[i].events[j].block);
        sk_buffer_done(&node->services[i].lines);
    }
    sk_reclaim_offline(node->reclaim, 0);
    sk_reclaim_free(node->reclaim);
    sk_io_free(node->io);
    sk_clock_free(node->clock);
    sk_free(node);
    return 0;
}

/* ---- Peers: plain blocking sockets ---- */

HARNESS int peer_socket(int family) {
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    struct timeval limit = {.tv_sec = 10};
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
    return fd;
}

HARNESS int peer_connect(const char *ip, uint16_t port) {
    sk_addr addr;
    assert_int_equal(sk_addr_parse(ip, port, &addr), 0);
    int fd = peer_socket(addr.any.sa_family);
    assert_int_equal(connect(fd, &addr.any, sk_addr_size(&addr)), 0);
    return fd;
}

HARNESS int peer_listen(const char *ip, uint16_t port, uint16_t *ret_port) {
    sk_addr addr;
    socklen_t size = sizeof addr;
    const int on = 1;
    assert_int_equal(sk_addr_parse(ip, port, &addr), 0);
    int fd = peer_socket(addr.any.sa_family);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), 0);
    assert_int_equal(bind(fd, &addr.any, sk_addr_size(&addr)), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, &addr.any, &size), 0);
    *ret_port = sk_addr_port(&addr);
    return fd;
}

HARNESS void peer_send(int fd, const char *text) {
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* Reads exactly `text`. */
HARNESS void peer_expect(int fd, const char *text) {
    char data[256];
    size_t size = strlen(text);
    assert_int_equal(recv(fd, data, size, MSG_WAITALL), size);
    assert_memory_equal(data, text, size);
}

HARNESS void peer_expect_end(int fd) {
    char byte;
    assert_int_equal(recv(fd, &byte, 1, 0), 0);
}

/* Closes with a reset. */
HARNESS void peer_reset(int fd) {
    struct linger linger = {.l_onoff = 1};
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger), 0);
    close(fd);
}

/* Reads `size` bytes (or to the end when SIZE_MAX) while the node goes on; returns a checksum. */
HARNESS uint64_t peer_read_all(sk_node *node, int fd, size_t size, size_t *ret_size) {
    static uint8_t data[SK_READ_SIZE];
    uint64_t sum = 0;
    size_t total = 0;
    while (total < size) {
        step(node, 0);
        ssize_t n = recv(fd, data, sizeof data, MSG_DONTWAIT);
        if (n == 0)
            break;
        if (n < 0) {
            assert_int_equal(errno, EAGAIN);
            step(node, 1);
            continue;
        }
        for (ssize_t i = 0; i < n; i++)
            sum = sum * 31 + data[i];
        total += (size_t)n;
    }
    *ret_size = total;
    return sum;
}

/* ---- Things most tests begin with ---- */

typedef struct {
    sk_node *node;
    sk_io *io;
    sk_service *service; /* the first: owns the listener */
    sk_service *other;
    int32_t listener;
    uint16_t port;
    int32_t id; /* an accepted socket */
    int peer;   /* its other end */
} fixture;

HARNESS fixture begin(void **state) {
    sk_node *node = *state;
    fixture f = {.node = node, .io = node->io};
    f.service = &node->services[0];
    f.other = &node->services[1];
    return f;
}

HARNESS fixture with_listener(void **state) {
    fixture f = begin(state);
    sk_listen_options options = {.host = "127.0.0.1"};
    sk_listen_result result;
    assert_int_equal(sk_socket_listen(f.io, f.service, &options, &result), 0);
    f.listener = result.id;
    f.port = result.port;
    sk_socket_start(f.io, f.service, f.listener);
    await(f.service, SK_IO_CONNECT, f.listener);
    await(f.service, SK_IO_CONNECT, f.listener);
    return f;
}

HARNESS fixture with_accepted(void **state) {
    fixture f = with_listener(state);
    f.peer = peer_connect("127.0.0.1", f.port);
    f.id = await(f.service, SK_IO_ACCEPT, f.listener)->ud;
    return f;
}

HARNESS fixture with_connection(void **state) {
    fixture f = with_accepted(state);
    sk_socket_start(f.io, f.service, f.id);
    assert_string_equal(await(f.service, SK_IO_CONNECT, f.id)->text, "start");
    return f;
}

HARNESS int send_text(fixture *f, const char *text) {
    sk_send_data data = {.data = text, .size = strlen(text)};
    return sk_socket_send(f->io, f->service, f->id, &data);
}

HARNESS uint64_t pattern_sum(size_t size) {
    uint64_t sum = 0;
    for (size_t i = 0; i < size; i++)
        sum = sum * 31 + (uint8_t)(i * 7 + i / 251);
    return sum;
}

HARNESS uint8_t *pattern(size_t size) {
    uint8_t *data = sk_malloc(size);
    for (size_t i = 0; i < size; i++)
        data[i] = (uint8_t)(i * 7 + i / 251);
    return data;
}

HARNESS int send_pattern(fixture *f, size_t size) {
    sk_send_data data = {.data = pattern(size), .size = size, .take = true};
    return sk_socket_send(f->io, f->service, f->id, &data);
}

HARNESS void send_block(fixture *f, char fill, size_t size, bool low) {
    char *block = sk_malloc(size);
    memset(block, fill, size);
    sk_send_data data = {.data = block, .size = size, .take = true};
    if (low)
        assert_int_equal(sk_socket_send_low(f->io, f->service, f->id, &data), 0);
    else
        assert_int_equal(sk_socket_send(f->io, f->service, f->id, &data), 0);
}

HARNESS void expect_input(sk_service *service, const char *text) {
    assert_int_equal(service->input.len, strlen(text));
    assert_memory_equal(service->input.data, text, strlen(text));
}

HARNESS bool is_alive(fixture *f, int32_t id) { return sk_socket_find(f->io, id) != NULL; }

#endif
