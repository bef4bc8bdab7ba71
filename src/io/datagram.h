/* datagram.h -- UDP: the commands that socket.h does not have.
 *
 * A socket of UDP has one family, IPv4 or IPv6, and perhaps a default peer, to which
 * sk_socket_send sends. The peer is no filter: datagrams of everybody come, each as an event UDP
 * (event.h) with its sender. The poller reads them; of those that the owner has not taken the
 * latest are kept (SK_DATAGRAM_COUNT_MAX), and the others counted (sk_io_info.drop_count). There
 * is no CONNECT: a socket receives at once. `service` is as in socket.h. */
#ifndef SK_IO_DATAGRAM_H
#define SK_IO_DATAGRAM_H

#include "io/socket.h"

/* All return the id, or SK_ENAME, SK_EINVAL (port), SK_ELIMIT, -errno. The first is bound to the
 * first address of the host (NULL: all of IPv4) and the port (0: the system chooses); with neither
 * it is of IPv4 and bound by its first send. The second is the same but wants a port. The third is
 * bound by its first send, with a default peer and of the peer's family. */
int32_t sk_socket_udp(sk_io *io, sk_service *service, const char *host, int port);
int32_t sk_socket_udp_listen(sk_io *io, sk_service *service, const char *host, int port);
int32_t sk_socket_udp_dial(sk_io *io, sk_service *service, const char *host, int port);

/* Sets the default peer: the first address of the host that is of the socket's family. On failure
 * the peer stays as it was. 0; SK_ECLOSED (the id is dead), SK_ESTATE (not UDP), SK_ENAME,
 * SK_EINVAL (port); -EAFNOSUPPORT: none is of that family, and the owner gets ERROR "protocol
 * mismatch". */
int sk_socket_udp_connect(sk_io *io, sk_service *service, int32_t id, const char *host, int port);

/* Sends one datagram, to the default peer if `to` is NULL; what the kernel does not take now is
 * queued. One that the system refuses is dropped and logged: that also is 0. SK_ECLOSED (the id is
 * dead), SK_ESTATE (not UDP; or no default peer, which is logged), -EAFNOSUPPORT: `to` is of the
 * other family. */
int sk_socket_udp_send(sk_io *io, sk_service *service, int32_t id, const sk_addr *to,
                       const sk_send_data *data);

/* The address of the host that a socket of its family can send to, as sk_socket_udp_connect finds
 * it, and with its errors; without an event. */
int sk_socket_udp_resolve(sk_io *io, int32_t id, const char *host, int port, sk_addr *ret_addr);

/* The address that the socket is bound to; its port is 0 when it is not yet. 0; SK_ECLOSED,
 * SK_ESTATE (not UDP), or -errno. */
int sk_socket_udp_local(sk_io *io, int32_t id, sk_addr *ret_addr);

#endif
