/* poster.c -- a native service with a thread of its own that posts to the service's handle.
 *
 * The thread holds a reference, so the instance lives as long as the thread, whatever happens to
 * the service; it posts in three ways. "start N" answers with the number of messages that came,
 * once the last one has; "forever" answers at once, and the thread goes on until its posts fail.
 * At the release a line in the log tells that the thread had ended before. */
#include "skynet.h"
#include "skynet_mq.h"
#include "skynet_server.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct poster {
    struct skynet_context *context;
    pthread_t thread;
    int is_started, has_ended;
    int left; /* -1: until the service is gone */
    int received;
    int session;
    uint32_t caller;
};

void *poster_create(void) { return calloc(1, sizeof(struct poster)); }

void poster_release(void *instance) {
    struct poster *self = instance;
    if (self->is_started)
        pthread_join(self->thread, NULL);
    skynet_error(NULL, "poster released, ended %d", self->has_ended);
    free(self);
}

/* A message of type CLIENT; 0 is a failure. */
static int post_one(struct poster *self, int i) {
    uint32_t handle = skynet_context_handle(self->context);
    struct skynet_message record = {handle, 0, skynet_strdup("posted"), 0};
    record.sz = 6 | (size_t)PTYPE_CLIENT << MESSAGE_TYPE_SHIFT;
    switch (i % 3) {
    case 0:
        skynet_free(record.data);
        return skynet_send(self->context, 0, handle, PTYPE_CLIENT, 0, "posted", 6) >= 0;
    case 1:
        if (skynet_context_push(handle, &record) == 0)
            return 1;
        skynet_free(record.data);
        return 0;
    default:
        skynet_context_send(self->context, record.data, 6, handle, PTYPE_CLIENT, 0);
        return 1; /* this one does not tell */
    }
}

static void *post_all(void *arg) {
    struct poster *self = arg;
    struct skynet_context *context = self->context;
    for (int i = 0; self->left < 0 || i < self->left; i++)
        if (!post_one(self, i) && self->left < 0)
            break;
    if (skynet_current_handle() != 0) /* it is no thread of the runtime */
        skynet_error(context, "poster: wrong current handle");
    /* A helper's thread cannot allocate a session. */
    if (skynet_send(context, 0, 0, PTYPE_TAG_ALLOCSESSION, 0, NULL, 0) != -1)
        skynet_error(context, "poster: a session for a thread");
    skynet_send(context, 0, skynet_context_handle(context), PTYPE_TEXT, 0, "end", 3);
    self->has_ended = 1;
    skynet_context_release(context);
    return NULL;
}

static void begin(struct poster *self, int count) {
    self->left = count;
    self->is_started = 1;
    skynet_context_grab(self->context);
    pthread_create(&self->thread, NULL, post_all, self);
}

static void answer(struct poster *self, int count) {
    char text[16] = {0};
    for (int i = 14; count > 0; i--, count /= 10)
        text[i] = (char)('0' + count % 10);
    const char *first = text;
    while (*first == '\0' && first < text + 15)
        first++;
    skynet_send(self->context, 0, self->caller, PTYPE_RESPONSE, self->session, (void *)first,
                strlen(first));
}

static int on_message(struct skynet_context *context, void *ud, int type, int session,
                      uint32_t source, const void *msg, size_t sz) {
    struct poster *self = ud;
    if (type == PTYPE_CLIENT && sz == 6 && memcmp(msg, "posted", 6) == 0)
        self->received++;
    if (type != PTYPE_TEXT)
        return 0;
    if (strcmp(msg, "end") == 0 && source == skynet_context_handle(context)) {
        answer(self, self->received);
        return 0;
    }
    self->session = session;
    self->caller = source;
    if (strcmp(msg, "forever") == 0) {
        begin(self, -1);
        answer(self, 1);
    } else {
        begin(self, (int)strtol((const char *)msg + strlen("start "), NULL, 10));
    }
    return 0;
}

int poster_init(void *instance, struct skynet_context *context, const char *parm) {
    struct poster *self = instance;
    (void)parm;
    self->context = context;
    skynet_callback(context, self, on_message);
    return 0;
}
