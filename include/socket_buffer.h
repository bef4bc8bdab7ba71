/* socket_buffer.h -- what is to be sent over a socket. */
#ifndef SOCKET_BUFFER_H
#define SOCKET_BUFFER_H

#include <stdlib.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

#define SOCKET_BUFFER_MEMORY 0     /* a block of skynet_malloc, taken in every outcome */
#define SOCKET_BUFFER_OBJECT 1     /* something of an installed object interface */
#define SOCKET_BUFFER_RAWPOINTER 2 /* any memory; copied where it cannot be sent at once */

struct socket_sendbuffer {
    int id;
    int type;
    const void *buffer;
    size_t sz;
};

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif

#endif
