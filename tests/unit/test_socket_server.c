/* test_socket_server.c -- the stand-alone socket engine: what poll tells, command by command. */
#include <socket_server.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <pthread.h>

#define A 100 /* owners */
#define B 200

static struct socket_server *ss;
static struct socket_message got;

static int setup(void **state) {
    (void)state;
    ss = socket_server_create(5);
    return ss ? 0 : -1;
}

static int teardown(void **state) {
    (void)state;
    socket_server_release(ss);
    return 0;
}

/* The next event is of this type, for this socket and owner. */
static void expect(int type, int id, uintptr_t opaque) {
    int more = 1;
    assert_int_equal(socket_server_poll(ss, &got, &more), type);
    assert_int_equal(got.id, id);
    assert_int_equal(got.opaque, opaque);
}

static void expect_text(int type, int id, uintptr_t opaque, const char *text) {
    expect(type, id, opaque);
    assert_string_equal(got.data, text);
}

static void expect_data(int id, uintptr_t opaque, const char *data) {
    expect(SOCKET_DATA, id, opaque);
    assert_int_equal(got.ud, strlen(data));
    assert_memory_equal(got.data, data, strlen(data));
    free(got.data);
}

static int send_text(int id, const char *text) {
    struct socket_sendbuffer buffer = {id, SOCKET_BUFFER_MEMORY, strdup(text), strlen(text)};
    return socket_server_send(ss, &buffer);
}

/* A connection of A (the client) and B (the accepted end), both started. */
static void make_pair(int *ret_listener, int *ret_client, int *ret_server) {
    int listener = socket_server_listen(ss, B, "127.0.0.1", 0, 0);
    assert_true(listener > 0);
    expect_text(SOCKET_OPEN, listener, B, "127.0.0.1");
    int port = got.ud;
    socket_server_start(ss, B, listener);
    expect_text(SOCKET_OPEN, listener, B, "start");
    int client = socket_server_connect(ss, A, "localhost", port);
    int server = 0;
    for (int i = 0; i < 2; i++) { /* in any order */
        int type = socket_server_poll(ss, &got, NULL);
        if (type == SOCKET_ACCEPT) {
            assert_int_equal(got.id, listener);
            assert_memory_equal(got.data, "127.0.0.1:", 10);
            server = got.ud;
        } else {
            assert_int_equal(type, SOCKET_OPEN);
            assert_int_equal(got.id, client);
            assert_string_equal(got.data, "127.0.0.1");
        }
    }
    assert_true(server > 0);
    socket_server_start(ss, B, server);
    expect_text(SOCKET_OPEN, server, B, "start");
    *ret_listener = listener;
    *ret_client = client;
    *ret_server = server;
}

static void test_stream(void **state) {
    int listener, client, server;
    (void)state;
    make_pair(&listener, &client, &server);
    assert_int_equal(send_text(client, "hello"), 0);
    expect_data(server, B, "hello");
    assert_int_equal(send_text(server, "answer"), 0);
    expect_data(client, A, "answer");
    socket_server_start(ss, A, server); /* somebody else takes it over */
    expect_text(SOCKET_OPEN, server, A, "transfer");
    socket_server_pause(ss, A, server);
    socket_server_nodelay(ss, server);
    assert_int_equal(send_text(client, "while paused"), 0);
    socket_server_close(ss, A, client);
    expect(SOCKET_CLOSE, client, A);
    assert_int_equal(send_text(client, "too late"), -1);
    socket_server_start(ss, B, server);
    expect_text(SOCKET_OPEN, server, B, "transfer");
    expect_data(server, B, "while paused");
    expect(SOCKET_CLOSE, server, B); /* the peer has finished: reading is over, writing is not */
    socket_server_start(ss, A, server);
    expect_text(SOCKET_ERR, server, A, "socket closed");
    socket_server_close(ss, B, server); /* no second CLOSE */
    socket_server_close(ss, B, listener);
    expect(SOCKET_CLOSE, listener, B);
    socket_server_start(ss, A, listener);
    expect_text(SOCKET_ERR, listener, A, "invalid socket");
    assert_null(socket_server_info(ss));
}

static void test_info(void **state) {
    int listener, client, server;
    (void)state;
    make_pair(&listener, &client, &server);
    socket_server_updatetime(ss, 77);
    assert_int_equal(send_text(client, "12345"), 0);
    expect_data(server, B, "12345");
    struct socket_info *list = socket_server_info(ss), *info = list;
    assert_int_equal(info->id, server);
    assert_int_equal(info->type, SOCKET_INFO_TCP);
    assert_int_equal(info->read, 5);
    assert_int_equal(info->rtime, 77);
    assert_int_equal(info->opaque, B);
    assert_true(info->reading && !info->writing && info->wbuffer == 0);
    info = info->next;
    assert_int_equal(info->id, client);
    assert_int_equal(info->write, 5);
    assert_memory_equal(info->name, "127.0.0.1:", 10);
    info = info->next;
    assert_int_equal(info->id, listener);
    assert_int_equal(info->type, SOCKET_INFO_LISTEN);
    assert_int_equal(info->read, 1);
    assert_null(info->next);
    socket_info_release(list);
}

/* More than the kernel takes: queued, warned of, and flushed before the close. */
static void test_large(void **state) {
    int listener, client, server;
    size_t size = 20 * 1024 * 1024, received = 0;
    int warnings = 0, is_closed = 0, is_told = 0;
    (void)state;
    make_pair(&listener, &client, &server);
    char *block = malloc(size);
    for (size_t i = 0; i < size; i++)
        block[i] = (char)(i % 251);
    struct socket_sendbuffer low = {client, SOCKET_BUFFER_RAWPOINTER, "end", 3};
    struct socket_sendbuffer large = {client, SOCKET_BUFFER_RAWPOINTER, block, size};
    assert_int_equal(socket_server_send(ss, &large), 0);
    assert_int_equal(socket_server_send_lowpriority(ss, &low), 0);
    socket_server_close(ss, A, client);
    while (!is_closed) {
        int type = socket_server_poll(ss, &got, NULL);
        if (type == SOCKET_DATA) {
            for (int i = 0; i < got.ud; i++) {
                size_t at = received + (size_t)i;
                assert_int_equal(got.data[i], at < size ? block[at] : "end"[at - size]);
            }
            received += (size_t)got.ud;
            free(got.data);
        } else if (type == SOCKET_WARNING) {
            assert_true(got.ud >= 1024);
            warnings++;
        } else {
            assert_int_equal(type, SOCKET_CLOSE);
            is_told += got.id == client;
            is_closed = got.id == server;
        }
    }
    assert_int_equal(received, size + 3);
    assert_true(warnings >= 1 && is_told == 1);
    free(block);
}

static void test_refused(void **state) {
    (void)state;
    int listener = socket_server_listen(ss, A, "127.0.0.1", 0, 0);
    expect(SOCKET_OPEN, listener, A);
    int port = got.ud;
    socket_server_shutdown(ss, A, listener);
    expect(SOCKET_CLOSE, listener, A);
    int id = socket_server_connect(ss, A, "127.0.0.1", port);
    expect_text(SOCKET_ERR, id, A, "Connection refused");
    assert_int_equal(send_text(id, "to nobody"), -1);
    id = socket_server_connect(ss, A, "no.such.host.invalid", 80);
    expect_text(SOCKET_ERR, id, A, "Name or service not known");
    assert_int_equal(socket_server_connect(ss, A, "127.0.0.1", 0), -1);
    assert_int_equal(socket_server_listen(ss, A, "127.0.0.1", 70000, 0), -1);
    assert_int_equal(socket_server_listen(ss, A, "no.such.host.invalid", 0, 0), -1);
}

/* A started listener of A; its port. */
static int make_listener(int *ret_listener) {
    *ret_listener = socket_server_listen(ss, A, NULL, 0, 0);
    expect_text(SOCKET_OPEN, *ret_listener, A, "0.0.0.0");
    int port = got.ud;
    socket_server_start(ss, A, *ret_listener);
    expect_text(SOCKET_OPEN, *ret_listener, A, "start");
    return port;
}

/* A client that is not of the engine. */
static int connect_plain(int fd, int port) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return connect(fd, (struct sockaddr *)&to, sizeof to);
}

static void test_reset(void **state) {
    int listener;
    struct linger at_once = {1, 0};
    (void)state;
    int port = make_listener(&listener);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect_plain(fd, port), 0);
    expect(SOCKET_ACCEPT, listener, A);
    int server = got.ud;
    assert_int_equal(send_text(server, "before the start"), 0); /* is not lost */
    char text[32] = {0};
    assert_int_equal(read(fd, text, 31), 16);
    socket_server_start(ss, A, server);
    expect_text(SOCKET_OPEN, server, A, "start");
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
    close(fd);
    expect_text(SOCKET_ERR, server, A, "Connection reset by peer");
    expect(SOCKET_CLOSE, server, A);
    assert_int_equal(send_text(server, "to nobody"), -1);
}

/* No descriptor is left: the connection is refused, the listener lives. */
static void test_exhausted(void **state) {
    int listener;
    struct rlimit limit, none;
    (void)state;
    int port = make_listener(&listener);
    int first = socket(AF_INET, SOCK_STREAM, 0), second = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none = limit;
    none.rlim_cur = (rlim_t)second + 1;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    assert_int_equal(connect_plain(first, port), 0);
    expect_text(SOCKET_ERR, listener, A, "Too many open files");
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    char byte;
    assert_int_equal(read(first, &byte, 1), 0);
    assert_int_equal(connect_plain(second, port), 0);
    expect(SOCKET_ACCEPT, listener, A);
    close(first);
    close(second);
}

static int freed;
static const void *object_buffer(const void *object) { return object; }
static size_t object_size(const void *object) { return strlen(object); }
static void object_free(void *object) {
    freed++;
    free(object);
}

static void test_objects(void **state) {
    int listener, client, server;
    struct socket_object_interface interface = {object_buffer, object_size, object_free};
    (void)state;
    make_pair(&listener, &client, &server);
    struct socket_sendbuffer buffer = {client, SOCKET_BUFFER_OBJECT, "not taken", 0};
    assert_int_equal(socket_server_send(ss, &buffer), -1); /* without an interface */
    buffer.type = 9;
    assert_int_equal(socket_server_send(ss, &buffer), -1);
    socket_server_userobject(ss, &interface);
    buffer = (struct socket_sendbuffer){client, SOCKET_BUFFER_OBJECT, strdup("object"), 0};
    assert_int_equal(socket_server_send(ss, &buffer), 0);
    expect_data(server, B, "object");
    buffer = (struct socket_sendbuffer){9999, SOCKET_BUFFER_OBJECT, strdup("nobody"), 0};
    assert_int_equal(socket_server_send(ss, &buffer), -1);
    assert_int_equal(freed, 2);
}

static void test_bound(void **state) {
    int ends[2];
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    int id = socket_server_bind(ss, A, ends[0]);
    expect_text(SOCKET_OPEN, id, A, "binding");
    assert_int_equal(write(ends[1], "typed", 5), 5);
    expect_data(id, A, "typed");
    assert_int_equal(send_text(id, "shown"), 0);
    char text[8] = {0};
    assert_int_equal(read(ends[1], text, 7), 5);
    assert_string_equal(text, "shown");
    socket_server_close(ss, A, id);
    expect(SOCKET_CLOSE, id, A);
    assert_int_equal(write(ends[0], "open", 4), 4); /* it is not closed */
    close(ends[0]);
    close(ends[1]);
    FILE *file = tmpfile();
    id = socket_server_bind(ss, A, fileno(file));
    expect_text(SOCKET_ERR, id, A, "reach skynet socket number limit");
    fclose(file);
}

static void test_datagrams(void **state) {
    int size = 0;
    (void)state;
    assert_int_equal(socket_server_udp_listen(ss, A, "127.0.0.1", 0), -1);
    struct socket_sendbuffer empty;
    struct {
        unsigned char bytes[19];
    } address = {{1, 0, 0, 127, 0, 0, 1}};
    int here = socket_server_udp(ss, A, "127.0.0.1", 0);
    int there = -1, port = 20000;
    while (there < 0)
        there = socket_server_udp_listen(ss, B, "127.0.0.1", ++port);
    address.bytes[1] = (unsigned char)(port >> 8);
    address.bytes[2] = (unsigned char)port;
    assert_int_equal(send_text(here, "nowhere"), -1); /* no default peer yet */
    empty = (struct socket_sendbuffer){here, SOCKET_BUFFER_RAWPOINTER, "to", 2};
    const void *to = &address;
    assert_int_equal(socket_server_udp_send(ss, to, &empty), 0);
    expect(SOCKET_UDP, there, B);
    assert_int_equal(got.ud, 2);
    const void *from = socket_server_udp_address(ss, &got, &size);
    assert_int_equal(size, 7);
    empty = (struct socket_sendbuffer){there, SOCKET_BUFFER_RAWPOINTER, "", 0};
    assert_int_equal(socket_server_udp_send(ss, from, &empty), 0); /* back, and empty */
    free(got.data);
    expect(SOCKET_UDP, here, A);
    assert_int_equal(got.ud, 0);
    from = socket_server_udp_address(ss, &got, &size);
    assert_memory_equal(from, address.bytes, 7);
    free(got.data);
    assert_int_equal(socket_server_udp_connect(ss, here, "::1", port), 0);
    expect_text(SOCKET_ERR, here, A, "protocol mismatch");
    assert_null(socket_server_udp_address(ss, &got, &size));
    assert_int_equal(socket_server_udp_connect(ss, here, "127.0.0.1", port), 0);
    assert_int_equal(send_text(here, "default"), 0);
    expect(SOCKET_UDP, there, B);
    free(got.data);
    address.bytes[0] = 3;
    assert_int_equal(socket_server_udp_send(ss, to, &empty), -1);
    assert_int_equal(socket_server_udp_connect(ss, 9999, "127.0.0.1", port), -1);
    int dialled = socket_server_udp_dial(ss, A, "127.0.0.1", port);
    assert_int_equal(send_text(dialled, "dialled"), 0);
    expect(SOCKET_UDP, there, B);
    assert_int_equal(got.ud, 7);
    free(got.data);
    socket_server_close(ss, A, dialled);
    expect(SOCKET_CLOSE, dialled, A);
}

/* ---- commands of other threads wake the poll ---- */

#define LINES 2000

static void *send_many(void *arg) {
    int id = *(int *)arg;
    for (int i = 0; i < LINES; i++)
        if (send_text(id, "0123456789") != 0)
            abort();
    socket_server_close(ss, A, id);
    return NULL;
}

static void test_threads(void **state) {
    int listener, client, server;
    size_t received = 0;
    pthread_t thread;
    (void)state;
    make_pair(&listener, &client, &server);
    pthread_create(&thread, NULL, send_many, &client);
    for (int closed = 0; closed < 2;) {
        int type = socket_server_poll(ss, &got, NULL);
        if (type == SOCKET_DATA) {
            received += (size_t)got.ud;
            free(got.data);
        }
        closed += type == SOCKET_CLOSE;
    }
    pthread_join(thread, NULL);
    assert_int_equal(received, LINES * 10);
    socket_server_exit(ss);
    expect(SOCKET_EXIT, 0, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_stream, setup, teardown),
        cmocka_unit_test_setup_teardown(test_info, setup, teardown),
        cmocka_unit_test_setup_teardown(test_large, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reset, setup, teardown),
        cmocka_unit_test_setup_teardown(test_exhausted, setup, teardown),
        cmocka_unit_test_setup_teardown(test_objects, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bound, setup, teardown),
        cmocka_unit_test_setup_teardown(test_datagrams, setup, teardown),
        cmocka_unit_test_setup_teardown(test_threads, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
