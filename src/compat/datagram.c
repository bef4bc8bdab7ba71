/* datagram.c -- skynet_socket.h: UDP, and descriptors of the program, over io/datagram.h.
 *
 * Of errors the C interface knows -1 only. */
#include "io/datagram.h"

#include "base/err.h"
#include "base/mem.h"
#include "compat/socket_call.h"
#include "skynet_socket.h"

#include <errno.h>

int skynet_socket_bind(struct skynet_context *context, int fd) {
    int32_t id = -1;
    sk_socket_call now = sk_socket_call_begin(context);
    if (sk_socket_call_owns(&now, context, "bind"))
        id = sk_socket_bind(now.io, now.service, fd);
    sk_socket_call_end(&now);
    return id < 0 ? -1 : id;
}

/* ---- opening ---- */

typedef int32_t (*open_fn)(sk_io *io, sk_service *service, const char *host, int port);

static int open_by(open_fn open, struct skynet_context *context, const char *addr, int port) {
    int32_t id = SK_ENAME;
    sk_socket_call now = sk_socket_call_begin(context);
    if (sk_socket_call_owns(&now, context, "udp"))
        id = open(now.io, now.service, addr, port);
    sk_socket_call_end(&now);
    if (id >= 0)
        return id;
    sk_socket_call_set_errno(id);
    return -1;
}

int skynet_socket_udp(struct skynet_context *context, const char *addr, int port) {
    return open_by(sk_socket_udp, context, addr, port);
}

int skynet_socket_udp_dial(struct skynet_context *context, const char *addr, int port) {
    return open_by(sk_socket_udp_dial, context, addr, port);
}

int skynet_socket_udp_listen(struct skynet_context *context, const char *addr, int port) {
    return open_by(sk_socket_udp_listen, context, addr, port);
}

/* An address of the other family is told by an event alone. */
int skynet_socket_udp_connect(struct skynet_context *context, int id, const char *addr, int port) {
    int err = -1;
    sk_socket_call now = sk_socket_call_begin(context);
    if (now.io)
        err = sk_socket_udp_connect(now.io, now.service, id, addr, port);
    sk_socket_call_end(&now);
    return err < 0 && err != -EAFNOSUPPORT ? -1 : 0;
}

/* ---- datagrams ---- */

int skynet_socket_udp_sendbuffer(struct skynet_context *context, const char *address,
                                 struct socket_sendbuffer *buffer) {
    sk_send_data data;
    sk_addr to;
    if (!sk_socket_call_data(buffer, &data))
        return -1; /* there is no interface that could free an object */
    int err = sk_addr_decode(address, sk_addr_code_size((uint8_t)address[0]), &to);
    sk_socket_call now = sk_socket_call_begin(context);
    if (err == 0 && now.io)
        err = sk_socket_udp_send(now.io, now.service, buffer->id, &to, &data);
    else if (data.take)
        sk_free((void *)(uintptr_t)data.data);
    sk_socket_call_end(&now);
    return err < 0 || !now.io ? -1 : 0;
}

const char *skynet_socket_udp_address(struct skynet_socket_message *message, int *addrsz) {
    if (message->type != SKYNET_SOCKET_TYPE_UDP || !message->buffer)
        return NULL;
    const char *address = message->buffer + message->ud;
    *addrsz = (int)sk_addr_code_size((uint8_t)address[0]);
    return address;
}
