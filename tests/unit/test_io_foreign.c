/* test_io_foreign.c -- descriptors of the program's: pipes, terminals, socket pairs. They are read
 * and written, never closed, and left as they were. */
#include "unit/io_harness.h"

#include <fcntl.h>
#include <pty.h>
#include <signal.h>

static struct {
    int read_errno; /* of the next read_count calls */
    int read_count;
    int fcntl_command; /* that fails */
} fault;

static ssize_t fault_read(int fd, void *data, size_t size) {
    if (fault.read_count > 0) {
        fault.read_count--;
        errno = fault.read_errno;
        return -1;
    }
    return read(fd, data, size);
}

static int fault_fcntl(int fd, int command, int arg) {
    errno = EPERM;
    return command == fault.fcntl_command ? -1 : fcntl(fd, command, arg);
}

static int set_up_foreign(void **state) {
    set_up(state);
    sk_node *node = *state;
    memset(&fault, 0, sizeof fault);
    fault.fcntl_command = -1;
    sk_io_syscalls(node->io)->read = fault_read;
    sk_io_syscalls(node->io)->fcntl = fault_fcntl;
    signal(SIGPIPE, SIG_IGN); /* as the executable does */
    return 0;
}

/* ---- Help ---- */

static int32_t bind_fd(fixture *f, int fd) {
    int32_t id = sk_socket_bind(f->io, f->service, fd);
    assert_true(id > 0);
    assert_string_equal(await(f->service, SK_IO_CONNECT, id)->text, "binding");
    return id;
}

static bool is_blocking(int fd) { return !(fcntl(fd, F_GETFL) & O_NONBLOCK); }

static void write_text(int fd, const char *text) {
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static void pipe_of(int *ret_read, int *ret_write) {
    int fds[2];
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    *ret_read = fds[0];
    *ret_write = fds[1];
}

static void expect_text(int fd, const char *text) {
    char data[256];
    assert_int_equal(read(fd, data, sizeof data), strlen(text));
    assert_memory_equal(data, text, strlen(text));
}

static sk_info_type type_of(fixture *f, int32_t id) {
    size_t count;
    sk_io_info *list = sk_io_snapshot(f->io, &count);
    sk_info_type type = SK_INFO_UNKNOWN;
    for (size_t i = 0; list && i < count; i++)
        if (list[i].id == id)
            type = list[i].type;
    sk_free(list);
    return type;
}

/* ---- Cases ---- */

static void test_read(void **state) {
    fixture f = begin(state);
    int in, out;
    pipe_of(&in, &out);
    write_text(out, "early ");
    f.id = bind_fd(&f, in);
    assert_false(is_blocking(in));
    assert_int_equal(type_of(&f, f.id), SK_INFO_BIND);
    await(f.service, SK_IO_DATA, f.id);
    write_text(out, "late");
    await(f.service, SK_IO_DATA, f.id);
    expect_input(f.service, "early late");
    close(out);
    await(f.service, SK_IO_CLOSE, f.id);
    assert_int_equal(type_of(&f, f.id), SK_INFO_CLOSING);
    sk_socket_close(f.io, f.service, f.id);
    assert_false(is_alive(&f, f.id));
    settle(f.node);
    assert_int_equal(count_events(f.service, SK_IO_CLOSE, f.id), 1);
    assert_true(is_blocking(in)); /* open, and as it was */
    assert_int_equal(close(in), 0);
}

/* Input that was not read when the socket closes is left to whoever reads next. */
static void test_close_leaves_input(void **state) {
    fixture f = begin(state);
    int in, out;
    pipe_of(&in, &out);
    f.id = bind_fd(&f, in);
    sk_socket_pause(f.io, f.service, f.id);
    write_text(out, "for others");
    settle(f.node);
    sk_socket_close(f.io, f.service, f.id);
    await(f.service, SK_IO_CLOSE, f.id);
    expect_text(in, "for others");
    /* And it can be bound again. */
    f.id = bind_fd(&f, in);
    write_text(out, "for us");
    await(f.service, SK_IO_DATA, f.id);
    expect_input(f.service, "for us");
    sk_socket_shutdown(f.io, f.service, f.id);
    await(f.service, SK_IO_CLOSE, f.id);
    assert_true(is_blocking(in));
    close(in);
    close(out);
}

/* A terminal gives one line a read, and no second event for those behind it. */
static void test_terminal(void **state) {
    fixture f = begin(state);
    int master, slave;
    assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
    f.id = bind_fd(&f, slave);
    write_text(master, "one\ntwo\nthree\n");
    for (int i = 0; i < STEP_COUNT_MAX && f.service->input.len < 14; i++)
        step(f.node, STEP_WAIT_MS);
    expect_input(f.service, "one\ntwo\nthree\n");
    write_text(master, "\4"); /* the end of a line without one */
    await(f.service, SK_IO_CLOSE, f.id);
    assert_int_equal(send_text(&f, "out"), 0);
    close(slave);
    close(master);
}

static void test_both_directions(void **state) {
    fixture f = begin(state);
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    f.id = bind_fd(&f, fds[0]);
    write_text(fds[1], "question");
    await(f.service, SK_IO_DATA, f.id);
    assert_int_equal(send_text(&f, "answ"), 0);
    assert_int_equal(send_text(&f, "er"), 0); /* gathers */
    dispatch_all(f.node);
    expect_text(fds[1], "answer");
    sk_socket_close(f.io, f.service, f.id);
    await(f.service, SK_IO_CLOSE, f.id);
    assert_false(is_blocking(fds[0])); /* it did not block before either */
    close(fds[0]);
    close(fds[1]);
}

/* The close is confirmed when all is out: then the program may close the descriptor. */
static void test_close_flushes(void **state) {
    fixture f = begin(state);
    int in, out;
    size_t size = 0;
    pipe_of(&in, &out);
    f.id = bind_fd(&f, out);
    assert_int_equal(send_pattern(&f, 1000000), 0);
    sk_socket_close(f.io, f.service, f.id);
    settle(f.node);
    assert_int_equal(count_events(f.service, SK_IO_CLOSE, f.id), 0);
    assert_int_equal(send_text(&f, "x"), SK_ECLOSED);
    uint8_t *data = sk_malloc(1000000);
    while (size < 1000000) {
        ssize_t n = read(in, data + size, 1000000 - size);
        assert_true(n > 0);
        size += (size_t)n;
        step(f.node, 0);
    }
    uint8_t *sent = pattern(1000000);
    assert_memory_equal(data, sent, 1000000);
    sk_free(sent);
    sk_free(data);
    await(f.service, SK_IO_CLOSE, f.id);
    assert_true(is_blocking(out));
    close(out);
    close(in);
}

/* Ways in which a close that flushes ends without having flushed. */
static void test_close_is_cut(void **state) {
    for (int way = 0; way < 3; way++) {
        if (way > 0)
            set_up_foreign(state); /* main's tear_down ends the last one */
        fixture f = begin(state);
        int in, out;
        pipe_of(&in, &out);
        sk_io_set_linger_ms(f.io, 5000);
        f.id = bind_fd(&f, out);
        assert_int_equal(send_pattern(&f, 1000000), 0);
        sk_socket_close(f.io, f.service, f.id);
        settle(f.node);
        assert_int_equal(count_events(f.service, SK_IO_CLOSE, f.id), 0);
        if (way == 0)
            sk_socket_shutdown(f.io, f.service, f.id);
        else if (way == 1)
            sk_clock_advance(f.node->clock, 5000);
        else
            close(in); /* nobody will ever read it */
        await(f.service, SK_IO_CLOSE, f.id);
        assert_false(is_alive(&f, f.id));
        assert_true(is_blocking(out));
        close(out);
        if (way < 2) {
            close(in);
            tear_down(state);
        }
    }
}

/* The reader of what we only write goes away: that is the end. */
static void test_reader_leaves(void **state) {
    fixture f = begin(state);
    int in, out;
    pipe_of(&in, &out);
    f.id = bind_fd(&f, out);
    settle(f.node);
    assert_int_equal(count_events(f.service, SK_IO_CLOSE, f.id), 0);
    close(in);
    await(f.service, SK_IO_CLOSE, f.id);
    assert_int_equal(count_events(f.service, SK_IO_ERROR, f.id), 0);
    assert_int_equal(send_text(&f, "x"), 0); /* is dropped, and the id goes */
    assert_int_equal(send_text(&f, "x"), SK_ECLOSED);
    settle(f.node);
    assert_int_equal(count_events(f.service, SK_IO_CLOSE, f.id), 1);
    close(out);
}

static void test_write_to_input(void **state) {
    fixture f = begin(state);
    int in, out;
    pipe_of(&in, &out);
    f.id = bind_fd(&f, in);
    assert_int_equal(send_text(&f, "x"), 0);
    assert_string_equal(await(f.service, SK_IO_ERROR, f.id)->text, "Bad file descriptor");
    write_text(out, "still read");
    await(f.service, SK_IO_DATA, f.id);
    expect_input(f.service, "still read");
    sk_socket_close(f.io, f.service, f.id);
    await(f.service, SK_IO_CLOSE, f.id);
    close(in);
    close(out);
}

static void test_refused(void **state) {
    fixture f = begin(state);
    FILE *stream = tmpfile();
    assert_non_null(stream);
    int file = fileno(stream);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int in, out;
    pipe_of(&in, &out);
    int32_t twice = bind_fd(&f, in);
    const int fds[] = {file, null, -1, 1000000, in};
    for (size_t i = 0; i < SK_ARRAY_LEN(fds); i++) {
        int32_t id = sk_socket_bind(f.io, f.service, fds[i]);
        assert_true(id > 0);
        assert_string_equal(await(f.service, SK_IO_ERROR, id)->text,
                            "reach skynet socket number limit");
        assert_false(is_alive(&f, id));
    }
    assert_true(is_blocking(file) && is_blocking(null));
    /* The first one of the same descriptor is not disturbed. */
    write_text(out, "fine");
    await(f.service, SK_IO_DATA, twice);
    const int commands[] = {F_GETFL, F_SETFL};
    for (int i = 0; i < 2; i++) {
        fault.fcntl_command = commands[i];
        int32_t id = sk_socket_bind(f.io, f.service, out);
        await(f.service, SK_IO_ERROR, id);
    }
    assert_true(is_blocking(out));
    assert_int_equal(sk_io_socket_count(f.io), 1);
    fclose(stream);
    close(null);
    close(out);
    close(in);
}

static void test_read_errors(void **state) {
    fixture f = begin(state);
    int in, out;
    pipe_of(&in, &out);
    f.id = bind_fd(&f, in);
    fault.read_errno = EINTR;
    fault.read_count = 2;
    write_text(out, "again");
    await(f.service, SK_IO_DATA, f.id);
    fault.read_errno = EIO;
    fault.read_count = 1;
    write_text(out, "x");
    assert_string_equal(await(f.service, SK_IO_ERROR, f.id)->text, "Input/output error");
    await(f.service, SK_IO_CLOSE, f.id);
    assert_false(is_alive(&f, f.id));
    assert_true(is_blocking(in));
    close(in);
    close(out);
}

/* Two sockets of one open file: the first to go makes it block again. */
static void test_shared_file(void **state) {
    fixture f = begin(state);
    int in, out;
    pipe_of(&in, &out);
    int same = fcntl(in, F_DUPFD_CLOEXEC, 0);
    assert_true(same >= 0);
    int32_t first = bind_fd(&f, in);
    int32_t second = bind_fd(&f, same);
    sk_socket_shutdown(f.io, f.service, first);
    await(f.service, SK_IO_CLOSE, first);
    assert_true(is_blocking(in));
    write_text(out, "text");
    await(f.service, SK_IO_DATA, second); /* reads on until nothing is left, and does not wait */
    assert_false(is_blocking(same));
    sk_socket_shutdown(f.io, f.service, second);
    await(f.service, SK_IO_CLOSE, second);
    close(in);
    close(same);
    close(out);
}

static void test_owners(void **state) {
    fixture f = begin(state);
    int in, out;
    pipe_of(&in, &out);
    f.id = bind_fd(&f, in);
    /* The owner's start only resumes; another service takes it over. */
    sk_socket_pause(f.io, f.service, f.id);
    sk_socket_start(f.io, f.service, f.id);
    write_text(out, "mine");
    await(f.service, SK_IO_DATA, f.id);
    assert_int_equal(count_events(f.service, SK_IO_CONNECT, f.id), 1);
    sk_socket_start(f.io, f.other, f.id);
    assert_string_equal(await(f.other, SK_IO_CONNECT, f.id)->text, "transfer");
    write_text(out, "yours");
    await(f.other, SK_IO_DATA, f.id);
    kill_service(f.other);
    settle(f.node);
    assert_false(is_alive(&f, f.id));
    assert_true(is_blocking(in));
    close(in);
    close(out);
}

/* What is open when the node ends is left as it was found. */
static void test_end_of_node(void **state) {
    fixture f = begin(state);
    int in, out;
    pipe_of(&in, &out);
    sk_socket *socket = sk_socket_new(f.io, (sk_handle){9}, SK_KIND_FOREIGN, in); /* no service */
    assert_int_equal(fcntl(in, F_SETFL, O_NONBLOCK), 0);
    sk_socket_lock(socket);
    socket->must_block = true;
    sk_socket_set_state(socket, SK_SOCKET_CONNECTED);
    assert_int_equal(sk_socket_register(socket), 0);
    sk_socket_unlock(socket);
    tear_down(state);
    assert_true(is_blocking(in));
    close(in);
    close(out);
    set_up_foreign(state);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up_foreign, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(test_read),          CASE(test_close_leaves_input),
        CASE(test_terminal),      CASE(test_both_directions),
        CASE(test_close_flushes), CASE(test_close_is_cut),
        CASE(test_reader_leaves), CASE(test_write_to_input),
        CASE(test_refused),       CASE(test_read_errors),
        CASE(test_shared_file),   CASE(test_owners),
        CASE(test_end_of_node),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
