/* socket.h -- sockets as services use them: commands by id, and the input of a socket.
 *
 * Commands: `service` is the one that calls, in its callback, init or release. Any service may
 * give any command for any id; the events go to the owner: who created the socket, or started it
 * last. What a command causes comes later, as events (event.h, turn.h). Close, shutdown, pause,
 * nodelay and the sends may also be given by threads that run no service, with a service of NULL,
 * between sk_node_enter and sk_node_leave.
 *
 * Input: bytes that arrived and were not consumed belong to the socket. The owner takes a
 * reference (sk_socket_get) and reads them under the socket's lock; they outlive the connection
 * until the reference is given back. */
#ifndef SK_IO_SOCKET_H
#define SK_IO_SOCKET_H

#include "actor/service.h"
#include "io/inbuf.h"
#include "io/io.h"

typedef struct sk_socket sk_socket;

typedef struct {
    const char *host; /* NULL or "": all of IPv4 */
    int port;         /* 0: the system chooses */
    int backlog;      /* 0: 32 */
} sk_listen_options;

typedef struct {
    int32_t id;
    uint16_t port;
    char ip[SK_ADDR_TEXT_SIZE];
} sk_listen_result;

/* What to send. */
typedef struct {
    const void *data;
    size_t size;
    bool take; /* data is a malloc block and now the socket's in every outcome; else it is copied */
} sk_send_data;

/* ---- Commands ---- */

/* Opens a listener, bound to the first address of the host. Accepts nothing before
 * sk_socket_start. Later CONNECT with the local ip, ud = the port. 0; SK_ENAME, SK_EINVAL (port),
 * SK_ELIMIT, or -errno. */
int sk_socket_listen(sk_io *io, sk_service *service, const sk_listen_options *options,
                     sk_listen_result *ret_result);

/* Connects to the addresses of `host` one after the other. Returns the id; later CONNECT with the
 * peer's ip, or ERROR of the last attempt, and then the id is dead. SK_EINVAL (host too long,
 * port), SK_ELIMIT. */
int32_t sk_socket_connect(sk_io *io, sk_service *service, const char *host, int port);

/* Takes a descriptor of the program's (standard input, a pipe, a terminal) as if it were a
 * connection. It does not block from now on and stays open; a close leaves it as it was. The
 * program keeps it open until CLOSE, which here comes after all output. Returns the id; later
 * CONNECT "binding", or ERROR when it cannot be polled (a regular file), and then the id is dead.
 * SK_ELIMIT. */
int32_t sk_socket_bind(sk_io *io, sk_service *service, int fd);

/* Starts reading or accepting and makes the caller the owner. Later CONNECT "start", or
 * "transfer" if it ran already; ERROR "invalid socket" or "socket closed" to the caller. False:
 * nothing will be told and the owner stays, only reading goes on. So it is while connecting, after
 * a failure to write, and for the owner of a descriptor of the program's. */
bool sk_socket_start(sk_io *io, sk_service *service, int32_t id);

/* Stops reading until sk_socket_start or sk_socket_resume; no event. */
void sk_socket_pause(sk_io *io, sk_service *service, int32_t id);

/* Reads again, also after the limit was reached; no event, the owner stays. */
void sk_socket_resume(sk_io *io, sk_service *service, int32_t id);

/* Stops reading, sends what is queued, then closes. CLOSE to the owner at once, unless it had
 * one. */
void sk_socket_close(sk_io *io, sk_service *service, int32_t id);

/* Closes at once and drops what is queued. CLOSE to the owner, unless it had one. */
void sk_socket_shutdown(sk_io *io, sk_service *service, int32_t id);

/* Nothing to do: TCP_NODELAY is always on. */
void sk_socket_nodelay(sk_io *io, sk_service *service, int32_t id);

/* Sends, or queues what cannot be sent now. Failures of the network come as events. 0; SK_ECLOSED
 * when the id is dead or being closed, SK_ESTATE for a listener, or UDP without a default peer
 * (both are logged). The second is of low
 * priority: it gives way to all that is sent with the first. */
int sk_socket_send(sk_io *io, sk_service *service, int32_t id, const sk_send_data *data);
int sk_socket_send_low(sk_io *io, sk_service *service, int32_t id, const sk_send_data *data);

/* Limit of unsent bytes of one socket (see sk_io_set_output_limit). */
void sk_socket_set_output_limit(sk_io *io, sk_service *service, int32_t id, size_t size);

/* ---- Input ---- */

/* Worker. The socket of the id with a reference for the caller, or NULL. */
sk_socket *sk_socket_get(sk_io *io, int32_t id);

/* Any thread. Gives the reference back. NULL is fine. */
void sk_socket_unref(sk_socket *take_socket);

/* Any thread that holds a reference. */
int32_t sk_socket_id(const sk_socket *socket);

/* Owner. The unread bytes, locked: between this and sk_socket_unlock_input nothing may block,
 * raise, or call the io layer. NULL, and not locked, when `service` is not the owner any more. */
sk_inbuf *sk_socket_lock_input(sk_socket *socket, const sk_service *service);
void sk_socket_unlock_input(sk_socket *socket);

/* Owner. Unread bytes; 0 for others. */
size_t sk_socket_input_size(sk_socket *socket, const sk_service *service);

/* Owner. Reading stops when more than `size` bytes are unread (at first SK_READ_PAUSE_SIZE;
 * SIZE_MAX: never). Does not resume what has stopped. */
void sk_socket_set_read_limit(sk_socket *socket, const sk_service *service, size_t size);

#endif
