/* compat.h -- what the start of the process tells the compatibility layer. */
#ifndef SK_COMPAT_COMPAT_H
#define SK_COMPAT_COMPAT_H

#include "actor/node.h"

/* Start-up thread, before the first service is launched. From now on services of the node may use
 * the C interface. The first node that is open is the one that foreign threads act on. */
void sk_compat_open(sk_node *node);

/* Start-up thread, after the node has ended and before it is freed. */
void sk_compat_close(sk_node *node);

#endif
