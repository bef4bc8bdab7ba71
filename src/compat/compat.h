/* compat.h -- what the start of the process tells the compatibility layer. */
#ifndef SK_COMPAT_COMPAT_H
#define SK_COMPAT_COMPAT_H

#include "actor/node.h"

/* Start-up thread. The node that calls without a context from foreign threads act on; NULL before
 * the node is freed. */
void sk_compat_set_node(sk_node *node);

#endif
