/* tcpserver.c -- a TCP server in C, for lines that end with a newline.
 *
 * Each connection gets back what it sends. "thread" makes a thread of the service send the answer;
 * "peer PORT" connects to that port and sends a line there; "info" answers with the list of
 * sockets; "misuse" makes wrong calls; "close" closes; "end" ends the node. */
#include "skynet.h"
#include "skynet_server.h"
#include "skynet_socket.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int listener, outgoing;

struct job {
    struct skynet_context *context;
    int id;
};

static void say(struct skynet_context *context, int id, const char *text) {
    char *copy = strdup(text);
    skynet_socket_send(context, id, copy, (int)strlen(copy));
}

/* A helper's thread may send, pause and close, but not start. */
static void *send_from_thread(void *arg) {
    struct job *job = arg;
    struct socket_sendbuffer raw = {job->id, SOCKET_BUFFER_RAWPOINTER, "thread\n", 7};
    skynet_socket_sendbuffer(job->context, &raw);
    say(job->context, job->id,
        skynet_socket_listen(job->context, "127.0.0.1", 0, 0) == -1 ? "no listener\n"
                                                                    : "a listener\n");
    skynet_socket_start(job->context, job->id);
    skynet_socket_pause(job->context, 1 << 30);
    skynet_context_release(job->context);
    free(job);
    return NULL;
}

static void answer_from_thread(struct skynet_context *context, int id) {
    struct job *job = malloc(sizeof *job);
    pthread_t thread;
    job->context = context;
    job->id = id;
    skynet_context_grab(context);
    pthread_create(&thread, NULL, send_from_thread, job);
    pthread_join(thread, NULL);
}

static void tell_info(struct skynet_context *context, int id) {
    struct socket_info *list = skynet_socket_info();
    char text[512];
    int size = 0;
    for (struct socket_info *info = list; info; info = info->next)
        size += snprintf(text + size, sizeof text - (size_t)size, "%s%s",
                         info->id == listener && info->type == SOCKET_INFO_LISTEN ? "listener "
                         : info->id == id && info->type == SOCKET_INFO_TCP        ? "self "
                                                                                  : "other ",
                         info->opaque == skynet_context_handle(context) && info->reading ? "ok "
                                                                                         : "bad ");
    socket_info_release(list);
    snprintf(text + size, sizeof text - (size_t)size, "\n");
    say(context, id, text);
}

static void misuse(struct skynet_context *context, int id) {
    struct socket_sendbuffer object = {id, SOCKET_BUFFER_OBJECT, "an object", 0};
    struct socket_sendbuffer unknown = {id, 9, "what", 4};
    int good = skynet_socket_sendbuffer(context, &object) == -1 &&
               skynet_socket_send(context, id, "an object", -1) == -1 &&
               skynet_socket_sendbuffer(context, &unknown) == -1 &&
               skynet_socket_send(context, 1 << 30, strdup("to nobody"), 9) == -1 &&
               skynet_socket_send_lowpriority(context, 1 << 30, strdup("to nobody"), 9) == -1 &&
               skynet_socket_send(context, listener, strdup("to a listener"), 13) == -1 &&
               skynet_socket_connect(context, "127.0.0.1", 0) == -1 &&
               skynet_socket_listen(context, "no.such.host.invalid", 0, 0) == -1;
    errno = 0;
    good = good && skynet_socket_listen(context, "192.0.2.1", 0, 0) == -1 && errno == EADDRNOTAVAIL;
    skynet_socket_close(context, 1 << 30);
    skynet_socket_shutdown(context, 1 << 30);
    skynet_socket_nodelay(context, id);
    skynet_socket_start(context, 1 << 30);
    skynet_socket_init();
    skynet_socket_updatetime();
    say(context, id, good ? "misused\n" : "not refused\n");
    skynet_socket_send_lowpriority(context, id, strdup("low\n"), 4);
}

static void on_line(struct skynet_context *context, int id, const char *line) {
    if (strcmp(line, "thread\n") == 0)
        answer_from_thread(context, id);
    else if (strncmp(line, "peer ", 5) == 0)
        outgoing = skynet_socket_connect(context, "127.0.0.1", (int)strtol(line + 5, NULL, 10));
    else if (strcmp(line, "info\n") == 0)
        tell_info(context, id);
    else if (strcmp(line, "misuse\n") == 0)
        misuse(context, id);
    else if (strcmp(line, "close\n") == 0)
        skynet_socket_close(context, id);
    else if (strcmp(line, "end\n") == 0)
        skynet_command(context, "ABORT", NULL);
    else
        say(context, id, line);
}

static void on_data(struct skynet_context *context, const struct skynet_socket_message *event) {
    char line[256];
    int size = event->ud < 255 ? event->ud : 255;
    memcpy(line, event->buffer, (size_t)size);
    line[size] = '\0';
    skynet_free(event->buffer);
    if (event->id == outgoing)
        skynet_error(context, "peer says %s", line);
    else
        on_line(context, event->id, line);
}

static int on_message(struct skynet_context *context, void *ud, int type, int session,
                      uint32_t source, const void *msg, size_t sz) {
    const struct skynet_socket_message *event = msg;
    int text_size = (int)(sz - sizeof *event);
    const char *text = (const char *)(event + 1);
    (void)ud;
    if (type != PTYPE_SOCKET)
        return 0;
    if (session != 0 || source != 0)
        skynet_error(context, "socket event with session %d source %x", session, source);
    if (!event->buffer && text[text_size] != '\0')
        skynet_error(context, "a text without an end");
    switch (event->type) {
    case SKYNET_SOCKET_TYPE_DATA:
        on_data(context, event);
        break;
    case SKYNET_SOCKET_TYPE_CONNECT:
        skynet_error(context, "connect %s: %.*s %d", event->id == listener ? "listener" : "socket",
                     text_size, text, event->ud);
        if (event->id == outgoing)
            say(context, outgoing, "hello\n");
        break;
    case SKYNET_SOCKET_TYPE_ACCEPT:
        skynet_socket_start(context, event->ud);
        break;
    case SKYNET_SOCKET_TYPE_CLOSE:
        skynet_error(context, "closed");
        skynet_socket_close(context, event->id);
        break;
    case SKYNET_SOCKET_TYPE_ERROR:
        skynet_error(context, "socket error: %.*s", text_size, text);
        break;
    default:
        skynet_error(context, "event %d", event->type);
    }
    return 0;
}

int tcpserver_init(void *instance, struct skynet_context *context, const char *parm) {
    (void)parm;
    skynet_callback(context, instance, on_message);
    listener = skynet_socket_listen(context, "127.0.0.1", 0, 10);
    if (listener < 0)
        return 1;
    skynet_socket_start(context, listener);
    return 0;
}
