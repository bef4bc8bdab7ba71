/* udpecho.c -- a native service that sends each datagram back to its sender, with a mark in front;
 * and the lines of a descriptor to the sender of the last datagram. "udpecho PORT [FD]".
 *
 * Datagrams that begin with '!' are orders, whose outcome is sent back. */
#include "skynet.h"
#include "skynet_socket.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    int id;
    char last[19]; /* address of the last sender */
} udpecho;

void *udpecho_create(void) { return calloc(1, sizeof(udpecho)); }
void udpecho_release(void *instance) { free(instance); }

/* A copy with a mark in front, sent as memory of the runtime. */
static int answer(struct skynet_context *context, const udpecho *self, const char *mark,
                  const char *bytes, size_t size) {
    size_t mark_size = strlen(mark);
    char *copy = skynet_malloc(mark_size + size + 1);
    memcpy(copy, mark, mark_size);
    if (size)
        memcpy(copy + mark_size, bytes, size);
    struct socket_sendbuffer buffer = {self->id, SOCKET_BUFFER_MEMORY, copy, mark_size + size};
    return skynet_socket_udp_sendbuffer(context, self->last, &buffer);
}

/* What refusals give, one number each. */
static void probe(struct skynet_context *context, const udpecho *self) {
    struct skynet_socket_message other = {SKYNET_SOCKET_TYPE_DATA, 1, 0, NULL};
    char text[100], bad[19] = {3};
    int size = -7;
    int id = skynet_socket_udp(context, NULL, 0);
    struct socket_sendbuffer object = {self->id, SOCKET_BUFFER_OBJECT, "x", 1};
    struct socket_sendbuffer memory = {self->id, SOCKET_BUFFER_MEMORY, skynet_malloc(1), 1};
    struct socket_sendbuffer raw = {999999, SOCKET_BUFFER_RAWPOINTER, "x", 1};
    snprintf(text, sizeof text, "%d %d %d %d %d %d %d %d %d %d", id > 0,
             skynet_socket_udp(context, "no-such-host.invalid", 1),
             skynet_socket_udp_listen(context, "127.0.0.1", 0),
             skynet_socket_udp_dial(context, "127.0.0.1", 70000),
             skynet_socket_udp_connect(context, 999999, "127.0.0.1", 1),
             skynet_socket_udp_connect(context, id, "::1", 1),
             skynet_socket_udp_sendbuffer(context, self->last, &object),
             skynet_socket_udp_sendbuffer(context, bad, &memory),
             skynet_socket_udp_sendbuffer(context, self->last, &raw),
             skynet_socket_udp_address(&other, &size) == NULL && size == -7);
    (void)answer(context, self, text, NULL, 0);
}

static int on_message(struct skynet_context *context, void *ud, int type, int session,
                      uint32_t source, const void *data, size_t size) {
    udpecho *self = ud;
    struct skynet_socket_message message;
    (void)session;
    (void)source;
    if (type != PTYPE_SOCKET || size < sizeof message)
        return 0;
    memcpy(&message, data, sizeof message);
    const char *text = (const char *)data + sizeof message;
    if (message.type == SKYNET_SOCKET_TYPE_UDP) {
        int address_size = 0;
        const char *address = skynet_socket_udp_address(&message, &address_size);
        memcpy(self->last, address, (size_t)address_size);
        if (message.ud > 0 && message.buffer[0] == '!')
            probe(context, self);
        else
            (void)answer(context, self, "echo ", message.buffer, (size_t)message.ud);
    } else if (message.type == SKYNET_SOCKET_TYPE_DATA) {
        (void)answer(context, self, "data ", message.buffer, (size_t)message.ud);
    } else if (message.type == SKYNET_SOCKET_TYPE_ERROR) {
        (void)answer(context, self, "error ", text, size - sizeof message);
    }
    free(message.buffer);
    return 0;
}

int udpecho_init(void *instance, struct skynet_context *context, const char *parm) {
    udpecho *self = instance;
    int port = 0, fd = -1;
    int count = sscanf(parm, "%d %d", &port, &fd);
    skynet_callback(context, self, on_message);
    self->id = skynet_socket_udp_listen(context, "127.0.0.1", port);
    if (self->id < 0)
        return 1;
    return count == 2 && skynet_socket_bind(context, fd) < 0 ? 1 : 0;
}
