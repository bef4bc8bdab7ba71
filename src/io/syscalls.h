/* syscalls.h -- every system call the sockets make, as one table of functions.
 *
 * The io object holds a table; a test or a simulation replaces entries before the node runs, and so
 * meets short writes, EMFILE, resets and the like on demand. Each entry behaves as the call of
 * its name in the manual: -1 and errno on failure. */
#ifndef SK_IO_SYSCALLS_H
#define SK_IO_SYSCALLS_H

#include "base/defs.h"

#include <sys/socket.h>
#include <sys/types.h>

typedef struct {
    int (*socket)(int domain, int type, int protocol);
    int (*bind)(int fd, const struct sockaddr *addr, socklen_t size);
    int (*listen)(int fd, int backlog);
    int (*accept4)(int fd, struct sockaddr *ret_addr, socklen_t *size, int flags);
    int (*connect)(int fd, const struct sockaddr *addr, socklen_t size);
    ssize_t (*recv)(int fd, void *ret_data, size_t size, int flags);
    ssize_t (*send)(int fd, const void *data, size_t size, int flags);
    ssize_t (*sendmsg)(int fd, const struct msghdr *msg, int flags);
    ssize_t (*recvmsg)(int fd, struct msghdr *msg, int flags);
    ssize_t (*read)(int fd, void *ret_data, size_t size);
    ssize_t (*writev)(int fd, const struct iovec *pieces, int count);
    int (*fcntl)(int fd, int command, int arg);
    int (*shutdown)(int fd, int how);
    int (*close)(int fd);
    int (*getsockopt)(int fd, int level, int name, void *ret_value, socklen_t *size);
    int (*setsockopt)(int fd, int level, int name, const void *value, socklen_t size);
    int (*getsockname)(int fd, struct sockaddr *ret_addr, socklen_t *size);
    /* A descriptor that only keeps its place (close-on-exec). */
    int (*open_spare)(void);
} sk_syscalls;

/* Any thread. Fills the table with the calls of the system. */
void sk_syscalls_init(sk_syscalls *ret_calls);

#endif
