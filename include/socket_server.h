/* socket_server.h -- sockets without services: an engine for programs that have their own loop.
 *
 * One thread calls socket_server_poll and gets what happens, one thing a call. The other functions
 * may be called by any thread; what they do shows up in poll. Every id has an `opaque` number of
 * the program, which comes with what happens to it. */
#ifndef SOCKET_SERVER_H
#define SOCKET_SERVER_H

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

/* What poll returns. data is a text, but for DATA and UDP. */
#define SOCKET_DATA 0    /* ud bytes at data, a block that the caller frees */
#define SOCKET_CLOSE 1   /* the peer has finished, or the socket was closed */
#define SOCKET_OPEN 2    /* connected, listening (ud: the port), started or transferred */
#define SOCKET_ACCEPT 3  /* ud: the new id, which reads once it is started; data: the peer */
#define SOCKET_ERR 4     /* data: the error */
#define SOCKET_EXIT 5    /* after socket_server_exit */
#define SOCKET_UDP 6     /* as DATA; the sender's address stands behind the bytes */
#define SOCKET_WARNING 7 /* ud: KiB that wait to be sent; 0: none any more */
#define SOCKET_RST 8
#define SOCKET_MORE 9

struct socket_server;
struct socket_udp_address; /* 7 or 19 bytes: type, port, ip */

struct socket_message {
    int id;
    uintptr_t opaque;
    int ud;
    char *data;
};

/* What a SOCKET_BUFFER_OBJECT is: its bytes, its size, and how it is freed. */
struct socket_object_interface {
    const void *(*buffer)(const void *object);
    size_t (*size)(const void *object);
    void (*free)(void *object);
};

/* An engine; NULL when the system refuses. The time, in a unit of the program, is what rtime and
 * wtime of socket_server_info are in; the caller sets it now and then. Release closes all. */
struct socket_server *socket_server_create(uint64_t time);
void socket_server_release(struct socket_server *ss);
void socket_server_updatetime(struct socket_server *ss, uint64_t time);

/* One thread. Waits for the next thing that happens and describes it; a text in ret_message->data
 * lives until the next call. *more, if not NULL, is set to 0 when it had to look at the system. */
int socket_server_poll(struct socket_server *ss, struct socket_message *ret_message, int *more);

/* Has poll return SOCKET_EXIT. */
void socket_server_exit(struct socket_server *ss);

/* Sends what waits, then closes; closes at once; reads or accepts from now on, for `opaque`; stops
 * reading. */
void socket_server_close(struct socket_server *ss, uintptr_t opaque, int id);
void socket_server_shutdown(struct socket_server *ss, uintptr_t opaque, int id);
void socket_server_start(struct socket_server *ss, uintptr_t opaque, int id);
void socket_server_pause(struct socket_server *ss, uintptr_t opaque, int id);

/* 0 accepted, -1 refused. The buffer is consumed either way, but for what its type says. */
int socket_server_send(struct socket_server *ss, struct socket_sendbuffer *buffer);
int socket_server_send_lowpriority(struct socket_server *ss, struct socket_sendbuffer *buffer);

/* The new id, or -1. */
int socket_server_listen(struct socket_server *ss, uintptr_t opaque, const char *addr, int port,
                         int backlog);
int socket_server_connect(struct socket_server *ss, uintptr_t opaque, const char *addr, int port);
int socket_server_bind(struct socket_server *ss, uintptr_t opaque, int fd);

/* Nothing to do: it is always on. */
void socket_server_nodelay(struct socket_server *ss, int id);

/* Datagrams: the new id, or -1; 0 or -1. */
int socket_server_udp(struct socket_server *ss, uintptr_t opaque, const char *addr, int port);
int socket_server_udp_dial(struct socket_server *ss, uintptr_t opaque, const char *addr, int port);
int socket_server_udp_listen(struct socket_server *ss, uintptr_t opaque, const char *addr,
                             int port);
int socket_server_udp_connect(struct socket_server *ss, int id, const char *addr, int port);
int socket_server_udp_send(struct socket_server *ss, const struct socket_udp_address *address,
                           struct socket_sendbuffer *buffer);
const struct socket_udp_address *
socket_server_udp_address(struct socket_server *ss, struct socket_message *message, int *addrsz);

/* The sockets, newest first; free with socket_info_release. */
struct socket_info *socket_server_info(struct socket_server *ss);

/* Once, before anything is sent. The interface, copied, of SOCKET_BUFFER_OBJECT. */
void socket_server_userobject(struct socket_server *ss, struct socket_object_interface *interface);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif

#endif
