/* socket_info.h -- a list of sockets and what they have done. */
#ifndef SOCKET_INFO_H
#define SOCKET_INFO_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

#define SOCKET_INFO_UNKNOWN 0
#define SOCKET_INFO_LISTEN 1
#define SOCKET_INFO_TCP 2
#define SOCKET_INFO_UDP 3
#define SOCKET_INFO_BIND 4
#define SOCKET_INFO_CLOSING 5 /* half closed, or flushing */

struct socket_info {
    int id;
    int type;
    uint64_t opaque; /* the owner's handle */
    uint64_t read;   /* bytes; of a listener: connections accepted */
    uint64_t write;
    uint64_t rtime; /* skynet_now() of the last transfer; 0: none */
    uint64_t wtime;
    int64_t wbuffer; /* bytes that wait to be sent */
    uint8_t reading; /* input is wanted; output waits */
    uint8_t writing;
    char name[128]; /* "ip:port" of the peer; of a listener its own */
    struct socket_info *next;
};

/* Any thread. A zeroed element in front of the list `last`, which may be NULL. */
struct socket_info *socket_info_create(struct socket_info *last);

/* Any thread. Frees the list; NULL is fine. */
void socket_info_release(struct socket_info *list);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif

#endif
