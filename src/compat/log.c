/* log.c -- the functions of skynet_log.h over the message log of the actor layer. */
#include "actor/msglog.h"
#include "actor/service.h"
#include "base/mem.h"
#include "compat/caller.h"
#include "skynet_log.h"

FILE *skynet_log_open(struct skynet_context *ctx, uint32_t handle) {
    sk_service *self = sk_caller_service(ctx);
    sk_node *node = sk_service_node(self);
    FILE *file = NULL;
    char *path = NULL;
    int err = sk_msglog_open(node, (sk_handle){handle}, &file, &path);
    if (path)
        sk_node_log(node, sk_caller_worker(node), sk_service_handle(self), "Open log file %s%s",
                    path, err < 0 ? " fail" : "");
    sk_free(path);
    return file;
}

void skynet_log_close(struct skynet_context *ctx, FILE *f, uint32_t handle) {
    sk_service *self = sk_caller_service(ctx);
    sk_node *node = sk_service_node(self);
    sk_msglog_close(node, f);
    sk_node_log(node, sk_caller_worker(node), sk_service_handle(self), "Close log file :%08x",
                handle);
}

void skynet_log_output(FILE *f, uint32_t source, int type, int session, void *buffer, size_t sz) {
    sk_node *node = sk_caller_node(NULL);
    sk_msg msg = {.source = {source}, .type = (uint8_t)type, .session = session};
    msg.data = buffer;
    msg.size = sz;
    if (node)
        sk_msglog_message(node, f, &msg);
}
