/* socket_info.c -- socket_info.h: the list of sockets in C's form. */
#include <socket_info.h>

#include "base/mem.h"

struct socket_info *socket_info_create(struct socket_info *last) {
    struct socket_info *info = sk_new(struct socket_info);
    info->next = last;
    return info;
}

void socket_info_release(struct socket_info *list) {
    while (list) {
        struct socket_info *next = list->next;
        sk_free(list);
        list = next;
    }
}
