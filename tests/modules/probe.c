/* probe.c -- a native service that unit/test_module loads; its instance tells what was called. */
#include "actor/module.h"
#include <stdlib.h>

typedef struct {
    int init_count;
    int signal;
} probe;

void *probe_create(void) { return calloc(1, sizeof(probe)); }

int probe_init(void *instance, sk_service *service, char *args) {
    probe *self = instance;
    (void)service;
    self->init_count++;
    return args ? 1 : 0;
}

void probe_release(void *instance) { free(instance); }

void probe_signal(void *instance, int signal) {
    probe *self = instance;
    self->signal = signal;
}
