/* datagram.c -- skynet_socket.h: UDP, and descriptors of the program, over io/datagram.h.
 *
 * Called by the service itself, in its init, callback or release. Of errors
 * the C interface knows -1 only. */
#include "io/datagram.h"
#include "base/mem.h"

#include <errno.h>
#include <stdint.h>

/* To be replaced by skynet_socket.h where that exists: its declarations that are defined here, and
 * the structs they need. */
#pragma GCC visibility push(default)
struct skynet_context;
struct skynet_socket_message {
    int type;
    int id;
    int ud;
    char *buffer;
};
#define SKYNET_SOCKET_TYPE_UDP 6
#define SOCKET_BUFFER_MEMORY 0
#define SOCKET_BUFFER_RAWPOINTER 2
struct socket_sendbuffer {
    int id;
    int type;
    const void *buffer;
    size_t sz;
};
int skynet_socket_bind(struct skynet_context *context, int fd);
int skynet_socket_udp(struct skynet_context *context, const char *addr, int port);
int skynet_socket_udp_connect(struct skynet_context *context, int id, const char *addr, int port);
int skynet_socket_udp_dial(struct skynet_context *context, const char *addr, int port);
int skynet_socket_udp_listen(struct skynet_context *context, const char *addr, int port);
int skynet_socket_udp_sendbuffer(struct skynet_context *context, const char *address,
                                 struct socket_sendbuffer *buffer);
const char *skynet_socket_udp_address(struct skynet_socket_message *message, int *addrsz);
#pragma GCC visibility pop

static sk_service *service_of(struct skynet_context *context) { return (sk_service *)context; }
static sk_io *io_of(const sk_service *service) { return sk_node_io(sk_service_node(service)); }

int skynet_socket_bind(struct skynet_context *context, int fd) {
    sk_service *service = service_of(context);
    int32_t id = sk_socket_bind(io_of(service), service, fd);
    return id < 0 ? -1 : id;
}

/* ---- opening ---- */

static int open_by(int32_t (*open)(sk_io *, sk_service *, const char *, int),
                   struct skynet_context *context, const char *addr, int port) {
    sk_service *service = service_of(context);
    int32_t id = open(io_of(service), service, addr, port);
    return id < 0 ? -1 : id;
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
    sk_service *service = service_of(context);
    int err = sk_socket_udp_connect(io_of(service), service, id, addr, port);
    return err < 0 && err != -EAFNOSUPPORT ? -1 : 0;
}

/* ---- datagrams ---- */

int skynet_socket_udp_sendbuffer(struct skynet_context *context, const char *address,
                                 struct socket_sendbuffer *buffer) {
    sk_service *service = service_of(context);
    sk_addr to;
    bool is_taken = buffer->type == SOCKET_BUFFER_MEMORY;
    if (!is_taken && buffer->type != SOCKET_BUFFER_RAWPOINTER)
        return -1; /* there is no interface that could free an object */
    if (sk_addr_decode(address, sk_addr_code_size((uint8_t)address[0]), &to) < 0) {
        if (is_taken)
            sk_free((void *)(uintptr_t)buffer->buffer);
        return -1;
    }
    sk_send_data data = {.data = buffer->buffer, .size = buffer->sz, .take = is_taken};
    return sk_socket_udp_send(io_of(service), service, buffer->id, &to, &data) < 0 ? -1 : 0;
}

const char *skynet_socket_udp_address(struct skynet_socket_message *message, int *addrsz) {
    if (message->type != SKYNET_SOCKET_TYPE_UDP || !message->buffer)
        return NULL;
    const char *address = message->buffer + message->ud;
    *addrsz = (int)sk_addr_code_size((uint8_t)address[0]);
    return address;
}
