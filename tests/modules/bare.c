/* bare.c -- the least module: it starts, and handles nothing. */
#include "skein.h"

static int start(skein_service *service, const char *args, void **ret_state) {
    (void)service;
    (void)ret_state;
    return args[0] == 'x' ? SKEIN_EINVAL : 0;
}

SKEIN_MODULE(bare, .start = start);
