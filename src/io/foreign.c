/* foreign.c -- descriptors that the program opened and hands in: standard input, pipes, terminals.
 *
 * Such a socket goes through the states of a connection and through stream.c; only the system calls
 * differ. The descriptor is never closed here. Its file may be shared with other processes (a
 * terminal with the shell), so what was changed for us is changed back. */
#include "io/socket.h"

#include "base/err.h"
#include "io/io_impl.h"

#include <fcntl.h>

/* The text that programs know for this. */
#define REFUSED_TEXT "reach skynet socket number limit"

/* Locked. Has the descriptor polled, and not block. 0 or -errno: it is as it was. */
static int adopt(sk_socket *socket) {
    const sk_syscalls *calls = &socket->io->calls;
    int flags = calls->fcntl(socket->fd, F_GETFL, 0);
    if (flags < 0)
        return sk_err_from_errno();
    socket->is_write_only = (flags & O_ACCMODE) == O_WRONLY;
    if (!(flags & O_NONBLOCK)) {
        if (calls->fcntl(socket->fd, F_SETFL, flags | O_NONBLOCK) < 0)
            return sk_err_from_errno();
        socket->must_block = true;
    }
    return sk_socket_register(socket);
}

int32_t sk_socket_bind(sk_io *io, sk_service *service, int fd) {
    sk_notes notes = {0};
    sk_socket *socket = sk_socket_new(io, sk_service_handle(service), SK_KIND_FOREIGN, fd);
    if (!socket)
        return SK_ELIMIT;
    int32_t id = socket->id;
    sk_worker *worker = sk_service_worker(service);
    sk_owned_add(io, service, id);
    sk_socket_lock(socket);
    bool is_fine = adopt(socket) == 0;
    if (is_fine) {
        sk_io_event event;
        sk_event_init(&event, SK_IO_CONNECT, id, 0, "binding");
        sk_notes_add(&notes, sk_socket_owner(socket), &event);
        sk_socket_set_state(socket, SK_SOCKET_CONNECTED);
    } else {
        sk_socket_give_error(socket, REFUSED_TEXT, &notes);
        sk_socket_die(socket);
    }
    sk_socket_unlock(socket);
    (void)sk_notes_post(&notes, io->node, worker); /* to ourselves */
    if (is_fine)                                   /* only now, so that CONNECT comes before data */
        (void)sk_socket_raise(socket, worker, 0, SK_READY_HELD);
    return id;
}

void sk_foreign_must_not_block(sk_socket *socket) {
    const sk_syscalls *calls = &socket->io->calls;
    int flags = calls->fcntl(socket->fd, F_GETFL, 0);
    if (flags >= 0 && !(flags & O_NONBLOCK))
        (void)calls->fcntl(socket->fd, F_SETFL,
                           flags | O_NONBLOCK); /* the call itself tells more */
}

void sk_foreign_release(sk_socket *socket) {
    const sk_syscalls *calls = &socket->io->calls;
    if (socket->is_registered)
        sk_poller_remove(socket->io->poller, socket->fd);
    socket->is_registered = false;
    if (!socket->must_block)
        return;
    /* Others may have changed other flags meanwhile. */
    int flags = calls->fcntl(socket->fd, F_GETFL, 0);
    if (flags >= 0)
        (void)calls->fcntl(socket->fd, F_SETFL, flags & ~O_NONBLOCK); /* no way to do better */
    socket->must_block = false;
}
