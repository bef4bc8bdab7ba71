/* skynet_socket.h -- sockets for native services.
 *
 * What happens to a socket comes to its owner as messages of type PTYPE_SOCKET, whose data is a
 * struct skynet_socket_message. If its buffer is NULL a text stands behind the struct, as long as
 * the message is longer than it, and terminated; else the buffer is the service's to free, whatever
 * the callback returns. Functions that make or start a socket are for the service itself; the
 * others for any thread. docs/c-api.md tells the events and rules. */
#ifndef SKYNET_SOCKET_H
#define SKYNET_SOCKET_H

#include "socket_buffer.h"
#include "socket_info.h"

#include <stdint.h>
#include <stdlib.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

struct skynet_context;

#define SKYNET_SOCKET_TYPE_DATA 1    /* buffer: ud bytes */
#define SKYNET_SOCKET_TYPE_CONNECT 2 /* text: why; ud: the port of a listener */
#define SKYNET_SOCKET_TYPE_CLOSE 3
#define SKYNET_SOCKET_TYPE_ACCEPT 4  /* id: the listener; ud: the new id; text: the peer */
#define SKYNET_SOCKET_TYPE_ERROR 5   /* text: the error */
#define SKYNET_SOCKET_TYPE_UDP 6     /* buffer: ud bytes, and the sender's address behind them */
#define SKYNET_SOCKET_TYPE_WARNING 7 /* ud: KiB that wait to be sent; 0: none any more */

struct skynet_socket_message {
    int type;
    int id;
    int ud;
    char *buffer;
};

/* Sends over the socket buffer->id: 0 accepted, -1 refused; failures of the network come as events.
 * The second gives way to all that is sent with the first. */
int skynet_socket_sendbuffer(struct skynet_context *context, struct socket_sendbuffer *buffer);
int skynet_socket_sendbuffer_lowpriority(struct skynet_context *context,
                                         struct socket_sendbuffer *buffer);

/* The id of a listener that accepts nothing before skynet_socket_start; -1. Host NULL or "" is
 * 0.0.0.0, port 0 lets the system choose: CONNECT tells. */
int skynet_socket_listen(struct skynet_context *context, const char *host, int port, int backlog);

/* The id of a connection to be; CONNECT or ERROR follows. -1: no such port, or too many. */
int skynet_socket_connect(struct skynet_context *context, const char *host, int port);

/* Takes a descriptor of the program; CONNECT or ERROR follows. It is never closed. */
int skynet_socket_bind(struct skynet_context *context, int fd);

/* Sends what waits, then closes; closes at once. */
void skynet_socket_close(struct skynet_context *context, int id);
void skynet_socket_shutdown(struct skynet_context *context, int id);

/* Reads or accepts from now on, and makes the service the owner; stops reading. */
void skynet_socket_start(struct skynet_context *context, int id);
void skynet_socket_pause(struct skynet_context *context, int id);

/* Nothing to do: it is always on. */
void skynet_socket_nodelay(struct skynet_context *context, int id);

/* Datagrams: the id or -1; 0 or -1. An address is 7 or 19 bytes (type 1 or 2, port, ip, both in
 * network order); skynet_socket_udp_address finds it in an event, or gives NULL. */
int skynet_socket_udp(struct skynet_context *context, const char *addr, int port);
int skynet_socket_udp_connect(struct skynet_context *context, int id, const char *addr, int port);
int skynet_socket_udp_dial(struct skynet_context *context, const char *addr, int port);
int skynet_socket_udp_listen(struct skynet_context *context, const char *addr, int port);
int skynet_socket_udp_sendbuffer(struct skynet_context *context, const char *address,
                                 struct socket_sendbuffer *buffer);
const char *skynet_socket_udp_address(struct skynet_socket_message *message, int *addrsz);

/* The sockets of the node, newest first; free with socket_info_release. */
struct socket_info *skynet_socket_info(void);

/* A negative size means an object. */
static inline void skynet_socket_fill_buffer(struct socket_sendbuffer *ret_buffer, int id,
                                             const void *data, int sz) {
    ret_buffer->id = id;
    ret_buffer->type = sz < 0 ? SOCKET_BUFFER_OBJECT : SOCKET_BUFFER_MEMORY;
    ret_buffer->buffer = data;
    ret_buffer->sz = sz < 0 ? 0 : (size_t)sz;
}

/* As the functions above, for a block of skynet_malloc. */
static inline int skynet_socket_send(struct skynet_context *context, int id, void *buffer, int sz) {
    struct socket_sendbuffer send;
    skynet_socket_fill_buffer(&send, id, buffer, sz);
    return skynet_socket_sendbuffer(context, &send);
}

static inline int skynet_socket_send_lowpriority(struct skynet_context *context, int id,
                                                 void *buffer, int sz) {
    struct socket_sendbuffer send;
    skynet_socket_fill_buffer(&send, id, buffer, sz);
    return skynet_socket_sendbuffer_lowpriority(context, &send);
}

static inline int skynet_socket_udp_send(struct skynet_context *context, int id,
                                         const char *address, const void *buffer, int sz) {
    struct socket_sendbuffer send;
    skynet_socket_fill_buffer(&send, id, buffer, sz);
    return skynet_socket_udp_sendbuffer(context, address, &send);
}

/* The runtime looks after its sockets by itself: these do nothing, and poll returns 0 (the end). */
void skynet_socket_init(void);
void skynet_socket_exit(void);
void skynet_socket_free(void);
int skynet_socket_poll(void);
void skynet_socket_updatetime(void);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif

#endif
