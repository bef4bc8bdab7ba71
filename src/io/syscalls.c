/* syscalls.c -- the table of syscalls.h filled with the real calls.
 *
 * Thin wrappers stand where the C library's prototype differs (transparent unions), so that every
 * entry has exactly the type of the table. */
#include "io/syscalls.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static int call_bind(int fd, const struct sockaddr *addr, socklen_t size) {
    return bind(fd, addr, size);
}

static int call_accept4(int fd, struct sockaddr *ret_addr, socklen_t *size, int flags) {
    return accept4(fd, ret_addr, size, flags);
}

static int call_connect(int fd, const struct sockaddr *addr, socklen_t size) {
    return connect(fd, addr, size);
}

static int call_getsockname(int fd, struct sockaddr *ret_addr, socklen_t *size) {
    return getsockname(fd, ret_addr, size);
}

/* The C library's recv and send are cancellation points, which costs two atomic operations a call
 * in a program with threads. Nothing is cancelled here. */
static ssize_t call_recv(int fd, void *ret_data, size_t size, int flags) {
    return syscall(SYS_recvfrom, fd, ret_data, size, flags, NULL, NULL);
}

static ssize_t call_send(int fd, const void *data, size_t size, int flags) {
    return syscall(SYS_sendto, fd, data, size, flags, NULL, 0);
}

static int call_fcntl(int fd, int command, int arg) { return fcntl(fd, command, arg); }

static int call_open_spare(void) { return open("/dev/null", O_RDONLY | O_CLOEXEC); }

void sk_syscalls_init(sk_syscalls *ret_calls) {
    *ret_calls = (sk_syscalls){
        .socket = socket,
        .bind = call_bind,
        .listen = listen,
        .accept4 = call_accept4,
        .connect = call_connect,
        .recv = call_recv,
        .send = call_send,
        .sendmsg = sendmsg,
        .recvmsg = recvmsg,
        .read = read,
        .writev = writev,
        .fcntl = call_fcntl,
        .shutdown = shutdown,
        .close = close,
        .getsockopt = getsockopt,
        .setsockopt = setsockopt,
        .getsockname = call_getsockname,
        .open_spare = call_open_spare,
    };
}
