/* passive.c -- a module without its one required function. */
#include "skein.h"

static void stop(skein_service *service, void *state) {
    (void)service;
    (void)state;
}

SKEIN_MODULE(passive, .stop = stop);
