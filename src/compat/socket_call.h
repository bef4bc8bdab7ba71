/* socket_call.h -- what the functions of skynet_socket.h have in common: who calls, and on what.
 *
 *   sk_socket_call now = sk_socket_call_begin(context);
 *   if (sk_socket_call_owns(&now, context, "listen"))
 *       ... io functions with now.io, now.service ...
 *   sk_socket_call_end(&now); */
#ifndef SK_COMPAT_SOCKET_CALL_H
#define SK_COMPAT_SOCKET_CALL_H

#include "compat/caller.h"
#include "io/io.h"
#include "io/socket.h"

#include <socket_buffer.h>

typedef struct {
    sk_node *node;
    sk_io *io;           /* NULL: there is no node, or it has no sockets */
    sk_service *service; /* NULL: the caller does not run it */
} sk_socket_call;

/* Any thread; in pairs, shortly. Between the two the io layer's pointers stay valid. */
sk_socket_call sk_socket_call_begin(struct skynet_context *context);
void sk_socket_call_end(const sk_socket_call *now);

/* Within a call. True when the caller may make and start sockets: then io and service are not NULL.
 * Else that was logged, with the name of what was called. */
bool sk_socket_call_owns(const sk_socket_call *now, struct skynet_context *context,
                         const char *name);

/* Any thread. The buffer in the io layer's form. False: an object, or an unknown type, which is
 * left alone. */
bool sk_socket_call_data(const struct socket_sendbuffer *buffer, sk_send_data *ret_data);

/* Any thread. What a failed listen, or the like, leaves in errno. */
void sk_socket_call_set_errno(int err);

#endif
