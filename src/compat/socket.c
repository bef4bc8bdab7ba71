/* socket.c -- skynet_socket.h over io/socket.h: connections and listeners.
 *
 * What makes or starts a socket changes the set of sockets of its service, so it is refused to
 * threads that do not run it. The rest may come from anywhere: a thread that does not run the
 * service acts as nobody. */
#include "skynet_socket.h"

#include "base/err.h"
#include "base/mem.h"
#include "compat/socket_call.h"
#include "skynet.h"

#include <errno.h>
#include <stdio.h>

sk_socket_call sk_socket_call_begin(struct skynet_context *context) {
    sk_socket_call now = {.node = sk_caller_node(context)};
    sk_service *service = sk_caller_service(context);
    if (!now.node)
        return now;
    if (sk_node_io_ops(now.node) == sk_io_ops_table())
        now.io = sk_node_io(now.node);
    if (service && sk_caller_runs(service))
        now.service = service;
    sk_caller_enter(now.node);
    return now;
}

void sk_socket_call_end(const sk_socket_call *now) {
    if (now->node)
        sk_caller_leave(now->node);
}

bool sk_socket_call_owns(const sk_socket_call *now, struct skynet_context *context,
                         const char *name) {
    if (now->io && now->service)
        return true;
    skynet_error(context, "error: %s: not by the service itself", name);
    return false;
}

void sk_socket_call_set_errno(int err) {
    if (err < 0)
        errno = err > SK_ENOENT ? -err : EINVAL; /* a code of our own is none of the system's */
}

/* ---- sending ---- */

bool sk_socket_call_data(const struct socket_sendbuffer *buffer, sk_send_data *ret_data) {
    *ret_data = (sk_send_data){
        .data = buffer->buffer,
        .size = buffer->sz,
        .take = buffer->type == SOCKET_BUFFER_MEMORY,
    };
    return buffer->type == SOCKET_BUFFER_MEMORY || buffer->type == SOCKET_BUFFER_RAWPOINTER;
}

static int send_buffer(struct skynet_context *context, const struct socket_sendbuffer *buffer,
                       int (*send)(sk_io *, sk_service *, int32_t, const sk_send_data *)) {
    sk_send_data data;
    int err = -1;
    if (!sk_socket_call_data(buffer, &data))
        return -1; /* there is no interface that could free an object */
    sk_socket_call now = sk_socket_call_begin(context);
    if (now.io)
        err = send(now.io, now.service, buffer->id, &data);
    else if (data.take)
        sk_free((void *)(uintptr_t)data.data);
    sk_socket_call_end(&now);
    return err < 0 ? -1 : 0;
}

int skynet_socket_sendbuffer(struct skynet_context *context, struct socket_sendbuffer *buffer) {
    return send_buffer(context, buffer, sk_socket_send);
}

int skynet_socket_sendbuffer_lowpriority(struct skynet_context *context,
                                         struct socket_sendbuffer *buffer) {
    return send_buffer(context, buffer, sk_socket_send_low);
}

/* ---- making and starting ---- */

int skynet_socket_listen(struct skynet_context *context, const char *host, int port, int backlog) {
    sk_listen_options options = {.host = host, .port = port, .backlog = backlog};
    sk_listen_result result = {.id = -1};
    sk_socket_call now = sk_socket_call_begin(context);
    int err = 0;
    if (sk_socket_call_owns(&now, context, "listen"))
        err = sk_socket_listen(now.io, now.service, &options, &result);
    sk_socket_call_end(&now);
    sk_socket_call_set_errno(err);
    return err < 0 ? -1 : result.id;
}

int skynet_socket_connect(struct skynet_context *context, const char *host, int port) {
    int32_t id = -1;
    sk_socket_call now = sk_socket_call_begin(context);
    if (sk_socket_call_owns(&now, context, "connect"))
        id = sk_socket_connect(now.io, now.service, host ? host : "", port);
    sk_socket_call_end(&now);
    return id < 0 ? -1 : id;
}

void skynet_socket_start(struct skynet_context *context, int id) {
    sk_socket_call now = sk_socket_call_begin(context);
    if (sk_socket_call_owns(&now, context, "start"))
        sk_socket_start(now.io, now.service, id);
    sk_socket_call_end(&now);
}

/* ---- by anybody ---- */

static void command(struct skynet_context *context, int id,
                    void (*run)(sk_io *, sk_service *, int32_t)) {
    sk_socket_call now = sk_socket_call_begin(context);
    if (now.io)
        run(now.io, now.service, id);
    sk_socket_call_end(&now);
}

void skynet_socket_close(struct skynet_context *context, int id) {
    command(context, id, sk_socket_close);
}

void skynet_socket_shutdown(struct skynet_context *context, int id) {
    command(context, id, sk_socket_shutdown);
}

void skynet_socket_pause(struct skynet_context *context, int id) {
    command(context, id, sk_socket_pause);
}

void skynet_socket_nodelay(struct skynet_context *context, int id) {
    command(context, id, sk_socket_nodelay);
}

static struct socket_info *add_info(struct socket_info *next, const sk_io_info *from) {
    struct socket_info *info = socket_info_create(next);
    info->id = from->id;
    info->type = (int)from->type;
    info->opaque = from->owner.v;
    info->read = from->read_size;
    info->write = from->write_size;
    info->rtime = from->read_cs;
    info->wtime = from->write_cs;
    info->wbuffer = (int64_t)from->unsent_size;
    info->reading = from->is_reading;
    info->writing = from->is_writing;
    snprintf(info->name, sizeof info->name, "%s", from->name);
    return info;
}

struct socket_info *skynet_socket_info(void) {
    struct socket_info *list = NULL;
    size_t count = 0;
    sk_socket_call now = sk_socket_call_begin(NULL);
    sk_io_info *all = now.io ? sk_io_snapshot(now.io, &count) : NULL;
    sk_socket_call_end(&now);
    while (count > 0)
        list = add_info(list, &all[--count]);
    sk_free(all);
    return list;
}

/* ---- for a runtime that polls: this one does so by itself ---- */

void skynet_socket_init(void) {}
void skynet_socket_exit(void) {}
void skynet_socket_free(void) {}
int skynet_socket_poll(void) { return 0; }
void skynet_socket_updatetime(void) {}
