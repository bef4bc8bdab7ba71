/* usage.h -- the memory that each service holds: Lua heap, waiting messages, socket buffers.
 *
 * All of it can be asked for while the services run. The Lua heap is what the service reported at
 * the end of its last message. Only the service itself may look through its mailbox, and does so
 * when it has been asked and its present message has ended (sk_service_ask_mailbox_size): until
 * then the size is that of the look before. */
#ifndef SK_IO_USAGE_H
#define SK_IO_USAGE_H

#include "actor/node.h"

typedef struct {
    sk_handle handle;
    size_t lua_size;
    size_t mailbox_size;
    uint64_t mailbox_len;
    bool mailbox_is_due;   /* mailbox_size is not that of the last question yet */
    size_t unread_size;    /* bytes that arrived and were not read */
    size_t unsent_size;    /* bytes that peers have not taken */
    uint32_t socket_count; /* sockets that it owns */
} sk_usage;

/* Worker. Asks a service (none: every one) to look through its mailbox. */
void sk_usage_ask(sk_node *node, sk_handle handle);

/* Worker. What one service holds. SK_ENOENT when there is no such service. */
int sk_usage_get(sk_node *node, sk_handle handle, sk_usage *ret_usage);

/* Worker. What all services hold, by handle: a malloc block, the caller's; NULL when there are
 * none. Each entry is consistent in itself. */
sk_usage *sk_usage_list(sk_node *node, size_t *ret_count);

/* What a service holds outside of its Lua heap. */
static inline size_t sk_usage_c_size(const sk_usage *usage) {
    return usage->mailbox_size + usage->unread_size + usage->unsent_size;
}

#endif
