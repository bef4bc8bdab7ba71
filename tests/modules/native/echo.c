/* echo.c -- a native service that answers each text with the same text. */
#include "skynet.h"

static int on_message(struct skynet_context *context, void *ud, int type, int session,
                      uint32_t source, const void *msg, size_t sz) {
    (void)ud;
    if (type == PTYPE_TEXT && session)
        skynet_send(context, 0, source, PTYPE_RESPONSE, session, (void *)msg, sz);
    return 0;
}

int echo_init(void *instance, struct skynet_context *context, const char *parm) {
    if (instance != (void *)~(uintptr_t)0 || (parm && parm[0] == 'x'))
        return 1;
    skynet_callback(context, instance, on_message);
    return 0;
}
