/* future.c -- a module built for another version of skein.h. */
#include "skein.h"

static int start(skein_service *service, const char *args, void **ret_state) {
    (void)service;
    (void)args;
    (void)ret_state;
    return 0;
}

SKEIN_EXTERN const skein_module future_module;
const skein_module future_module = {.magic = SKEIN_MODULE_MAGIC,
                                    .abi_version = SKEIN_ABI_VERSION + 1,
                                    .struct_size = sizeof(skein_module),
                                    .start = start};
