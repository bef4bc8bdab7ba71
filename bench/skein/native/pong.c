/* pong.c -- native service: answers every request with the memory it came in. */
#include "skynet.h"

static int on_message(struct skynet_context *ctx, void *ud, int type, int session, uint32_t source,
                      const void *msg, size_t size) {
    (void)ud;
    if (type != PTYPE_TEXT || session == 0)
        return 0;
    skynet_send(ctx, 0, source, PTYPE_RESPONSE | PTYPE_TAG_DONTCOPY, session, (void *)msg, size);
    return 1; /* the message lives on as the answer */
}

int pong_init(void *instance, struct skynet_context *ctx, const char *parm) {
    (void)parm;
    skynet_callback(ctx, instance, on_message);
    return 0;
}
