/* hold.c -- native service: holds its worker for as many milliseconds as a text message says.
 *
 * It sleeps in the callback, as a native call that waits for something outside would. */
#include "skynet.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static int on_message(struct skynet_context *ctx, void *ud, int type, int session, uint32_t source,
                      const void *msg, size_t size) {
    char text[16] = {0};
    (void)ctx;
    (void)ud;
    (void)session;
    (void)source;
    if (type != PTYPE_TEXT || size >= sizeof text)
        return 0;
    memcpy(text, msg, size);
    long ms = strtol(text, NULL, 10);
    struct timespec wait = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&wait, NULL);
    return 0;
}

int hold_init(void *instance, struct skynet_context *ctx, const char *parm) {
    (void)parm;
    skynet_callback(ctx, instance, on_message);
    return 0;
}
