/* usage.c -- adds up what services hold. */
#include "io/usage.h"

#include "actor/registry.h"
#include "base/err.h"
#include "base/mem.h"
#include "io/io_impl.h"

#include <stdlib.h>

/* The io object of the node; NULL when it runs without sockets. */
static sk_io *io_of(const sk_node *node) {
    return sk_node_io_ops(node) == sk_io_ops_table() ? sk_node_io(node) : NULL;
}

static void ask_one(sk_node *node, sk_handle handle) {
    sk_service *service = sk_registry_find(sk_node_registry(node), handle);
    if (service)
        sk_service_ask_mailbox_size(service);
}

void sk_usage_ask(sk_node *node, sk_handle handle) {
    if (!sk_handle_is_none(handle)) {
        ask_one(node, handle);
        return;
    }
    while (!sk_handle_is_none(handle = sk_registry_next(sk_node_registry(node), handle)))
        ask_one(node, handle);
}

/* False: no such service. */
static bool fill(sk_node *node, sk_handle handle, sk_usage *ret_usage) {
    const sk_service *service = sk_registry_find(sk_node_registry(node), handle);
    if (!service)
        return false;
    sk_service_stat stat;
    sk_service_get_stat(service, &stat);
    *ret_usage = (sk_usage){
        .handle = handle,
        .lua_size = stat.memory_size,
        .mailbox_size = stat.mailbox_size,
        .mailbox_len = stat.mailbox_len,
        .mailbox_is_due = stat.mailbox_size_is_due,
    };
    return true;
}

static int compare_handles(const void *a, const void *b) {
    const sk_usage *x = a, *y = b;
    return (x->handle.v > y->handle.v) - (x->handle.v < y->handle.v);
}

/* Adds the sockets to the entries, which are sorted, of their owners. */
static void add_sockets(sk_io *io, sk_usage *list, size_t count) {
    for (uint32_t i = 0; io && i < SK_SOCKET_COUNT_MAX; i++) {
        sk_socket *socket = sk_load_acquire(&io->slots[i]); /* pairs with enter_table */
        if (!socket)
            continue;
        sk_socket_lock(socket);
        sk_usage key = {.handle = sk_socket_owner(socket)};
        size_t unread = sk_inbuf_size(&socket->input);
        size_t unsent = socket->outq.size;
        sk_socket_unlock(socket);
        sk_usage *entry = bsearch(&key, list, count, sizeof *list, compare_handles);
        if (!entry)
            continue;
        entry->unread_size += unread;
        entry->unsent_size += unsent;
        entry->socket_count++;
    }
}

int sk_usage_get(sk_node *node, sk_handle handle, sk_usage *ret_usage) {
    if (!fill(node, handle, ret_usage))
        return SK_ENOENT;
    add_sockets(io_of(node), ret_usage, 1);
    return 0;
}

sk_usage *sk_usage_list(sk_node *node, size_t *ret_count) {
    size_t count = 0, cap = 0;
    sk_usage *list = NULL;
    sk_handle handle = SK_HANDLE_NONE;
    while (!sk_handle_is_none(handle = sk_registry_next(sk_node_registry(node), handle))) {
        if (count == cap) {
            cap = cap ? 2 * cap : 64;
            list = sk_realloc(list, cap * sizeof *list);
        }
        count += fill(node, handle, &list[count]);
    }
    *ret_count = count;
    if (count > 0) {
        add_sockets(io_of(node), list, count);
        return list;
    }
    sk_free(list);
    return NULL;
}
