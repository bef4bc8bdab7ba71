/* keeper.c -- a native service that keeps the messages it gets.
 *
 * "keep ..." is kept and answered with how many there are; "give" sends the last one kept to the
 * caller as the answer, without a copy; "grow" makes it longer with realloc first; "drop" frees
 * all with free(). */
#include "skynet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEPT_MAX 1000

struct keeper {
    void *kept[KEPT_MAX];
    size_t size[KEPT_MAX];
    int count;
};

void *keeper_create(void) { return calloc(1, sizeof(struct keeper)); }

static void drop_all(struct keeper *self) {
    while (self->count > 0)
        free(self->kept[--self->count]);
}

void keeper_release(void *instance) {
    drop_all(instance);
    free(instance);
}

static void answer_count(struct keeper *self, struct skynet_context *context, int session,
                         uint32_t source) {
    char text[32];
    int size = snprintf(text, sizeof text, "%d", self->count);
    if (session == 0)
        return; /* nobody asked */
    skynet_send(context, 0, source, PTYPE_RESPONSE, session, text, (size_t)size);
}

static void give(struct keeper *self, struct skynet_context *context, int session, uint32_t source,
                 const char *more) {
    if (self->count == 0)
        return;
    char *data = self->kept[--self->count];
    size_t size = self->size[self->count];
    if (more) {
        data = realloc(data, size + strlen(more));
        memcpy(data + size, more, strlen(more));
        size += strlen(more);
    }
    skynet_send(context, 0, source, PTYPE_RESPONSE | PTYPE_TAG_DONTCOPY, session, data, size);
}

static int on_message(struct skynet_context *context, void *ud, int type, int session,
                      uint32_t source, const void *msg, size_t sz) {
    struct keeper *self = ud;
    if (type != PTYPE_TEXT)
        return 0;
    if (sz >= 4 && memcmp(msg, "keep", 4) == 0 && self->count < KEPT_MAX) {
        self->kept[self->count] = (void *)msg;
        self->size[self->count++] = sz;
        answer_count(self, context, session, source);
        return 1;
    }
    /* A text ends with a zero byte that does not count. */
    if (strcmp(msg, "drop") == 0)
        drop_all(self);
    if (strcmp(msg, "give") == 0)
        give(self, context, session, source, NULL);
    else if (strcmp(msg, "grow") == 0)
        give(self, context, session, source, " and more");
    else
        answer_count(self, context, session, source);
    return 0;
}

int keeper_init(void *instance, struct skynet_context *context, const char *parm) {
    (void)parm;
    skynet_callback(context, instance, on_message);
    return 0;
}
