/* small.c -- a module with a shorter table of functions than version 1 has. */
#include "skein.h"

#include <stddef.h>

static int start(skein_service *service, const char *args, void **ret_state) {
    (void)service;
    (void)args;
    (void)ret_state;
    return 0;
}

SKEIN_EXTERN const skein_module small_module;
const skein_module small_module = {.magic = SKEIN_MODULE_MAGIC,
                                   .abi_version = SKEIN_ABI_VERSION,
                                   .struct_size = offsetof(skein_module, signal),
                                   .start = start};
