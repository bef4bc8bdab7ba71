/* engine_datagram.c -- datagrams of a stand-alone engine. */
#include "compat/engine.h"

#include "base/err.h"
#include "base/mem.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { UDP_V4 = 1, UDP_V6 = 2 };

size_t ss_udp_encode(const sk_addr *addr, uint8_t ret_bytes[SS_UDP_ADDRESS_SIZE_MAX]) {
    bool is_v6 = addr->any.sa_family == AF_INET6;
    ret_bytes[0] = is_v6 ? UDP_V6 : UDP_V4;
    memcpy(ret_bytes + 1, is_v6 ? &addr->v6.sin6_port : &addr->v4.sin_port, 2);
    if (is_v6)
        memcpy(ret_bytes + 3, &addr->v6.sin6_addr, 16);
    else
        memcpy(ret_bytes + 3, &addr->v4.sin_addr, 4);
    return is_v6 ? 19 : 7;
}

bool ss_udp_decode(const uint8_t *bytes, sk_addr *ret_addr) {
    if (bytes[0] != UDP_V4 && bytes[0] != UDP_V6)
        return false;
    memset(ret_addr, 0, sizeof *ret_addr);
    if (bytes[0] == UDP_V6) {
        ret_addr->v6.sin6_family = AF_INET6;
        memcpy(&ret_addr->v6.sin6_port, bytes + 1, 2);
        memcpy(&ret_addr->v6.sin6_addr, bytes + 3, 16);
    } else {
        ret_addr->v4.sin_family = AF_INET;
        memcpy(&ret_addr->v4.sin_port, bytes + 1, 2);
        memcpy(&ret_addr->v4.sin_addr, bytes + 3, 4);
    }
    return true;
}

int ss_udp_fd(int family, const sk_addr *bound) {
    int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return sk_err_from_errno();
    if (bound && bind(fd, &bound->any, sk_addr_size(bound)) < 0) {
        int err = sk_err_from_errno();
        (void)close(fd); /* nothing was sent */
        return err;
    }
    return fd;
}

void ss_udp_input(struct socket_server *ss, ss_socket *socket) {
    sk_addr from;
    socklen_t size = sizeof from;
    ssize_t n = recvfrom(socket->fd, ss->scratch, SK_READ_SIZE, MSG_DONTWAIT, &from.any, &size);
    if (n < 0) {
        if (errno == EINTR)
            return; /* once more */
        if (errno == EAGAIN || errno == EWOULDBLOCK) {
            socket->may_read = false;
            ss_update_ready(ss, socket);
            return;
        }
        ss_tell(ss, socket, SOCKET_ERR, 0, sk_err_text(sk_err_from_errno()));
        ss_die(ss, socket);
        return;
    }
    socket->read_size += (size_t)n;
    socket->read_time = ss->time;
    uint8_t *block = sk_malloc((size_t)n + SS_UDP_ADDRESS_SIZE_MAX);
    memcpy(block, ss->scratch, (size_t)n);
    (void)ss_udp_encode(&from, block + n);
    ss_tell_block(ss, socket, SOCKET_UDP, (int)n, block);
}

/* False: the kernel takes nothing now. What it refuses altogether is dropped: it is a datagram. */
static bool send_one(struct socket_server *ss, ss_socket *socket, const sk_addr *to,
                     const void *data, size_t size) {
    ssize_t n;
    do
        n = sendto(socket->fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL, &to->any, sk_addr_size(to));
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno != EAGAIN && errno != EWOULDBLOCK;
    socket->write_size += size;
    socket->write_time = ss->time;
    return true;
}

void ss_udp_output(struct socket_server *ss, ss_socket *socket) {
    while (socket->packets) {
        ss_packet *packet = socket->packets;
        if (!send_one(ss, socket, &packet->to, packet->data, packet->size))
            return;
        socket->packets = packet->next;
        socket->packets_size -= packet->size;
        sk_free(packet);
    }
    socket->packets_end = &socket->packets;
    socket->is_blocked = false;
    ss_warn(ss, socket, 0);
    if (socket->is_closing)
        ss_die(ss, socket);
}

void ss_udp_send(struct socket_server *ss, ss_socket *socket, const sk_addr *to, const void *data,
                 size_t size) {
    if (!socket->packets && send_one(ss, socket, to, data, size))
        return;
    ss_packet *packet = sk_malloc(sizeof *packet + size);
    *packet = (ss_packet){.to = *to, .size = size};
    if (size)
        memcpy(packet->data, data, size);
    *socket->packets_end = packet;
    socket->packets_end = &packet->next;
    socket->packets_size += size;
    socket->is_blocked = true;
    ss_warn(ss, socket, socket->packets_size);
}
