/* every.c -- a native service that uses each function of skein.h, told by texts.
 *
 * "WORD ARGUMENTS" (type TEXT) is a request; the answer is a text. For tests/lua/native. */
#include "skein.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct every every;

/* A request that is answered later, and what is known by then. */
typedef struct pending pending;
struct pending {
    pending *next; /* of the timers */
    every *self;
    skein_request request;
    char *text; /* malloc'ed */
    size_t size;
};

struct every {
    char *name;
    skein_service *service;
    pthread_t thread;
    bool has_thread;
    skein_request thread_request;
    char *stop_notice; /* where to tell of the stop; NULL: nowhere */
    pending *timers;   /* what waits for one */
};

static void reply_text(skein_service *service, skein_request request, const char *text) {
    (void)skein_reply(service, request, text, strlen(text));
}

static void reply_int(skein_service *service, skein_request request, int number) {
    char text[64];
    snprintf(text, sizeof text, "%d %s", number, number < 0 ? skein_error_text(number) : "ok");
    reply_text(service, request, text);
}

static pending *new_pending(every *self, skein_request request, const char *text) {
    pending *later = malloc(sizeof *later);
    *later = (pending){NULL, self, request, strdup(text), strlen(text)};
    return later;
}

static void finish(skein_service *service, pending *later) {
    (void)skein_reply_take(service, later->request, later->text, later->size);
    free(later);
}

/* ---- Timers and calls ---- */

static void on_time(skein_service *service, void *user) {
    pending *later = user;
    pending **link = &later->self->timers;
    while (*link != later)
        link = &(*link)->next;
    *link = later->next;
    finish(service, later);
}

static void never(skein_service *service, void *user) {
    (void)user;
    skein_log(service, SKEIN_FAILURE, "a cancelled timer came");
}

static int do_later(every *self, skein_request request, const char *args) {
    char *rest;
    unsigned long delay = strtoul(args, &rest, 10);
    skein_timer timer;
    int err = skein_after_ms(self->service, 0, never, self, &timer);
    if (err < 0 || skein_timer_cancel(self->service, timer) != self ||
        skein_timer_cancel(self->service, timer) ||
        skein_timer_cancel(self->service, (skein_timer){0}))
        return SKEIN_ESTATE;
    pending *later = new_pending(self, request, rest);
    later->next = self->timers;
    self->timers = later;
    return skein_after_ns(self->service, delay * 1000000u - (delay ? 999999u : 0), on_time, later,
                          NULL);
}

static void on_answer(skein_service *service, void *user, int error, const void *data,
                      size_t size) {
    pending *later = user;
    free(later->text);
    later->text = malloc(size + 100);
    if (error)
        later->size = (size_t)snprintf(later->text, 100, "%s", skein_error_text(error));
    else
        later->size = (size_t)snprintf(later->text, size + 100, "answer: %.*s", (int)size,
                                       size ? (const char *)data : "");
    finish(service, later);
}

/* ":handle timeout text" */
static int do_call(every *self, skein_request request, const char *args) {
    char *rest;
    skein_call_options call = {.type = SKEIN_TEXT};
    call.to.value = (uint32_t)strtoul(args + (args[0] == ':'), &rest, 16);
    call.timeout_ms = strtoul(rest, &rest, 10);
    call.data = rest + (*rest == ' ');
    call.size = strlen(call.data);
    pending *later = new_pending(self, request, "");
    int err = skein_call(self->service, &call, on_answer, later);
    if (err < 0) {
        free(later->text);
        free(later);
        reply_int(self->service, request, err);
    }
    return 0;
}

/* ---- Sockets ---- */

static void append(pending *later, const char *text, size_t size) {
    later->text = realloc(later->text, later->size + size + 1);
    memcpy(later->text + later->size, text, size);
    later->size += size;
}

static void echo_received(skein_service *service, void *user, skein_socket socket, const void *data,
                          size_t size) {
    (void)user;
    if (memchr(data, '!', size)) {
        (void)skein_socket_send(service, socket, "bye", 3);
        skein_socket_close(service, socket);
    } else {
        char *copy = malloc(size);
        memcpy(copy, data, size);
        (void)skein_socket_send_take(service, socket, copy, size);
    }
}

static void echo_unsent(skein_service *service, void *user, skein_socket socket, size_t size) {
    (void)user;
    if (size) /* they send, and do not read: they have to wait */
        skein_socket_pause(service, socket);
    else
        skein_socket_resume(service, socket);
}

static void echo_closed(skein_service *service, void *user, skein_socket socket,
                        const char *error) {
    (void)user;
    skein_log(service, SKEIN_INFO, "echo %d is closed: %s", socket.value > 0, error ? error : "");
}

static const skein_socket_events ECHO = {
    .received = echo_received, .unsent = echo_unsent, .closed = echo_closed};

static void listener_accepted(skein_service *service, void *user, skein_socket socket,
                              const char *peer) {
    if (strncmp(peer, "127.0.0.1:", 10) != 0)
        skein_log(service, SKEIN_FAILURE, "a peer at %s", peer);
    (void)skein_socket_start(service, socket, &ECHO, user);
}

static const skein_socket_events LISTENER = {.accepted = listener_accepted};
static const skein_socket_events DEAF = {0};

static int do_listen(every *self, skein_request request, const char *args) {
    skein_socket socket;
    skein_socket_options options = {.host = "127.0.0.1", .user = self};
    options.events = strcmp(args, "deaf") == 0 ? &DEAF : &LISTENER;
    int port = 0;
    int err = skein_listen(self->service, &options, &socket, &port);
    char text[64];
    snprintf(text, sizeof text, "%d %d %d", err, port, socket.value);
    reply_text(self->service, request, text);
    return 0;
}

static void client_opened(skein_service *service, void *user, skein_socket socket,
                          const char *address) {
    pending *later = user;
    char *sent = later->text;
    size_t size = later->size;
    later->text = NULL;
    later->size = 0;
    append(later, address, strlen(address));
    append(later, " ", 1);
    (void)skein_socket_send(service, socket, sent, size);
    free(sent);
}

static void client_received(skein_service *service, void *user, skein_socket socket,
                            const void *data, size_t size) {
    (void)service;
    (void)socket;
    append(user, data, size);
}

static void client_closed(skein_service *service, void *user, skein_socket socket,
                          const char *error) {
    pending *later = user;
    append(later, " closed", 7);
    if (error) {
        append(later, " ", 1);
        append(later, error, strlen(error));
    }
    if (skein_socket_send(service, socket, "x", 1) != SKEIN_ECLOSED)
        append(later, "?", 1);
    finish(service, later);
}

static const skein_socket_events CLIENT = {
    .opened = client_opened, .received = client_received, .closed = client_closed};

/* "port text" */
static int do_connect(every *self, skein_request request, const char *args) {
    char *rest;
    skein_socket socket;
    skein_socket_options options = {.host = "127.0.0.1", .events = &CLIENT};
    options.port = (int)strtol(args, &rest, 10);
    pending *later = new_pending(self, request, *rest ? rest + 1 : "");
    options.user = later;
    int err = skein_connect(self->service, &options, &socket);
    if (err < 0) {
        free(later->text);
        free(later);
        reply_int(self->service, request, err);
    }
    return 0;
}

/* Starts a socket of this number, whoever has it. */
static int do_start(every *self, skein_request request, const char *args) {
    skein_socket socket = {(int32_t)strtol(args, NULL, 10)};
    pending *later = new_pending(self, request, "");
    int err = skein_socket_start(self->service, socket, &CLIENT, later);
    if (err < 0) {
        free(later->text);
        free(later);
    }
    return err;
}

static int do_close(every *self, skein_request request, const char *args) {
    skein_socket socket = {(int32_t)strtol(args, NULL, 10)};
    skein_socket_abandon(self->service, socket);
    skein_socket_shutdown(self->service, socket);
    reply_text(self->service, request, "done");
    return 0;
}

/* ---- Threads ---- */

static void *thread_main(void *arg) {
    every *self = arg;
    skein_thread_log(self->service, SKEIN_WARNING, "from a thread");
    char text[100];
    snprintf(text, sizeof text, "posted %d",
             skein_thread_send(self->service, (skein_handle){0x7fffff}, SKEIN_TEXT, "x", 1));
    (void)skein_thread_send(self->service, skein_self(self->service), SKEIN_TEXT, text,
                            strlen(text));
    return NULL;
}

static int do_thread(every *self, skein_request request, const char *args) {
    (void)args;
    self->thread_request = request;
    self->has_thread = pthread_create(&self->thread, NULL, thread_main, self) == 0;
    return self->has_thread ? 0 : SKEIN_ELIMIT;
}

static int do_posted(every *self, skein_request request, const char *args) {
    if (request.session != 0 || request.source.value != skein_self(self->service).value)
        return SKEIN_EINVAL;
    reply_text(self->service, self->thread_request, args);
    return 0;
}

/* ---- The rest ---- */

static int do_echo(every *self, skein_request request, const char *args) {
    reply_text(self->service, request, args);
    return 0;
}

static int do_name(every *self, skein_request request, const char *args) {
    reply_int(self->service, request, skein_name(self->service, args, skein_self(self->service)));
    return 0;
}

static int do_find(every *self, skein_request request, const char *args) {
    skein_handle handle = {0};
    int err = skein_find(self->service, args, &handle);
    char text[64];
    snprintf(text, sizeof text, "%d :%08x", err, handle.value);
    reply_text(self->service, request, text);
    return 0;
}

static int do_env(every *self, skein_request request, const char *args) {
    const char *value = skein_env(self->service, args);
    reply_text(self->service, request, value ? value : "(none)");
    return 0;
}

static int do_setenv(every *self, skein_request request, const char *args) {
    reply_int(self->service, request, skein_env_set(self->service, args, "set"));
    return 0;
}

static int do_log(every *self, skein_request request, const char *args) {
    skein_log(self->service, SKEIN_DEBUG, "%s 0", args);
    skein_log(self->service, SKEIN_INFO, "%s 1", args);
    skein_log(self->service, SKEIN_WARNING, "%s 2", args);
    skein_log(self->service, SKEIN_FAILURE, "%s 3", args);
    skein_log(self->service, (skein_level)99, "%s 4", args);
    reply_text(self->service, request,
               skein_log_is_on(self->service, SKEIN_DEBUG) ? "debug" : "no debug");
    return 0;
}

static int do_launch(every *self, skein_request request, const char *args) {
    const char *blank = strchr(args, ' ');
    char *module = strndup(args, blank ? (size_t)(blank - args) : strlen(args));
    skein_handle handle = {0};
    int err = skein_launch(self->service, module, blank ? blank + 1 : NULL, &handle);
    free(module);
    char text[64];
    snprintf(text, sizeof text, "%d :%08x", err, handle.value);
    reply_text(self->service, request, text);
    return 0;
}

static int do_kill(every *self, skein_request request, const char *args) {
    skein_handle handle = {(uint32_t)strtoul(args + (args[0] == ':'), NULL, 16)};
    reply_int(self->service, request, skein_kill(self->service, handle));
    return 0;
}

static int do_stats(every *self, skein_request request, const char *args) {
    skein_stats stats = {0};
    int err = skein_set_memory(self->service, 12345);
    skein_handle of = skein_self(self->service);
    if (args[0] == ':')
        of.value = (uint32_t)strtoul(args + 1, NULL, 16);
    if (err == 0)
        err = skein_get_stats(self->service, of, &stats);
    char text[100];
    snprintf(text, sizeof text, "%d %s %s %zu", err, stats.message_count ? "many" : "none",
             stats.mailbox_len_max >= stats.mailbox_len ? "sane" : "odd", stats.memory_size);
    reply_text(self->service, request, text);
    return 0;
}

static int do_clock(every *self, skein_request request, const char *args) {
    (void)args;
    uint64_t now = skein_now_ns(self->service);
    bool is_sane = skein_now_ns(self->service) >= now && skein_wall_ns(self->service) > 1000;
    reply_text(self->service, request, is_sane ? "sane" : "odd");
    return 0;
}

/* ".name": told of the stop, from within it. */
static int do_exit(every *self, skein_request request, const char *args) {
    self->stop_notice = strdup(args);
    reply_text(self->service, request, "done");
    skein_exit(self->service);
    return 0;
}

static int do_abort(every *self, skein_request request, const char *args) {
    (void)request;
    (void)args;
    skein_abort(self->service);
    return 0;
}

static int do_send(every *self, skein_request request, const char *args) {
    char *big = malloc(8);
    int results[] = {
        skein_send(self->service, (skein_handle){0x7fffff}, SKEIN_TEXT, args, strlen(args)),
        skein_send(self->service, request.source, 256, args, strlen(args)),
        skein_send_take(self->service, request.source, -1, big, 8),
        skein_send(self->service, request.source, SKEIN_TEXT, args, (size_t)1 << 56),
        skein_reply(self->service, (skein_request){request.source, 0}, "x", 1),
        skein_reply(self->service, (skein_request){{0x7fffff}, 1}, "x", 1),
        skein_send(self->service, request.source, SKEIN_TEXT, args, strlen(args)),
    };
    char text[200] = "";
    for (size_t i = 0; i < sizeof results / sizeof results[0]; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), i ? " %d" : "%d", results[i]);
    reply_text(self->service, request, text);
    return 0;
}

static const struct {
    const char *word;
    int (*run)(every *self, skein_request request, const char *args);
} WORDS[] = {
    {"echo", do_echo},     {"later", do_later},     {"call", do_call},   {"listen", do_listen},
    {"start", do_start},   {"connect", do_connect}, {"close", do_close}, {"thread", do_thread},
    {"posted", do_posted}, {"name", do_name},       {"find", do_find},   {"env", do_env},
    {"setenv", do_setenv}, {"log", do_log},         {"exit", do_exit},   {"launch", do_launch},
    {"kill", do_kill},     {"stats", do_stats},     {"clock", do_clock}, {"abort", do_abort},
    {"send", do_send},
};

static int message(skein_service *service, void *state, skein_message *message) {
    (void)service;
    every *self = state;
    size_t size = message->size;
    skein_request request = skein_message_request(message);
    if (message->type != SKEIN_TEXT)
        return SKEIN_EINVAL;
    char *text = skein_message_take(message);
    if (message->data || skein_message_take(message))
        return SKEIN_ESTATE;
    text = realloc(text, size + 1);
    text[size] = '\0';
    int err = SKEIN_EINVAL;
    for (size_t i = 0; i < sizeof WORDS / sizeof WORDS[0]; i++) {
        size_t len = strlen(WORDS[i].word);
        if (strncmp(text, WORDS[i].word, len) == 0 && (text[len] == ' ' || text[len] == '\0'))
            err = WORDS[i].run(self, request, text + len + (text[len] == ' '));
    }
    free(text);
    return err;
}

static int start(skein_service *service, const char *args, void **ret_state) {
    if (strcmp(args, "refuse") == 0)
        return SKEIN_EINVAL;
    every *self = calloc(1, sizeof *self);
    self->service = service;
    self->name = strdup(args);
    *ret_state = self;
    return 0;
}

static void stop(skein_service *service, void *state) {
    every *self = state;
    skein_handle handle;
    skein_socket socket;
    skein_socket_options options = {.host = "127.0.0.1", .port = 1, .events = &CLIENT};
    if (self->has_thread)
        pthread_join(self->thread, NULL);
    if (skein_after_ms(service, 1, on_time, NULL, NULL) != SKEIN_ESTATE ||
        skein_connect(service, &options, &socket) != SKEIN_ESTATE)
        abort();
    while (self->timers) {
        pending *later = self->timers;
        self->timers = later->next;
        free(later->text);
        free(later);
    }
    if (self->stop_notice && skein_find(service, self->stop_notice, &handle) == 0)
        (void)skein_send(service, handle, SKEIN_TEXT, "stopped", 7);
    free(self->stop_notice);
    free(self->name);
    free(self);
}

SKEIN_MODULE(every, .start = start, .stop = stop, .message = message);
