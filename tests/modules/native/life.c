/* life.c -- a native service whose argument tells how its life goes; the log tells what was called.
 *
 * fail: init fails; exit: it ends inside init; quiet: it sets no callback; else it lives, answers
 * each text with its argument, and logs its signals. NULL and "" are told apart. */
#include "skynet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct life {
    char parm[32];
};

static int creations;

void *life_create(void) {
    creations++;
    return calloc(1, sizeof(struct life));
}

void life_release(void *instance) {
    const struct life *self = instance;
    skynet_error(NULL, "life released (%s)", self->parm);
    free(instance);
}

void life_signal(void *instance, int sig) {
    const struct life *self = instance;
    skynet_error(NULL, "life signal %d (%s)", sig, self->parm);
}

static int on_message(struct skynet_context *context, void *ud, int type, int session,
                      uint32_t source, const void *msg, size_t sz) {
    const struct life *self = ud;
    (void)msg;
    (void)sz;
    if (type == PTYPE_TEXT)
        skynet_send(context, 0, source, PTYPE_RESPONSE, session, (void *)self->parm,
                    strlen(self->parm));
    return 0;
}

int life_init(void *instance, struct skynet_context *context, const char *parm) {
    struct life *self = instance;
    snprintf(self->parm, sizeof self->parm, "%s", parm ? parm : "(null)");
    if (strcmp(self->parm, "fail") == 0)
        return 1;
    if (strcmp(self->parm, "exit") == 0)
        skynet_command(context, "EXIT", NULL);
    if (strcmp(self->parm, "quiet") != 0)
        skynet_callback(context, self, on_message);
    return 0;
}
