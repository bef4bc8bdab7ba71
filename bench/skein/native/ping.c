/* ping.c -- native service: times calls to a "pong" service and ends the process.
 *
 * The argument is the length of the timed part in milliseconds; a third as long comes before it
 * as warm-up. Each request is a fresh copy of an integer, whose answer is checked. */
#include "skynet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LOOK_AT_CLOCK 1024 /* calls between two looks at the clock */

typedef struct {
    uint32_t pong;
    uint64_t calls;      /* answered since start_ns */
    uint64_t warm_ns;    /* length of the warm-up */
    uint64_t timed_ns;   /* length of the timed part */
    uint64_t start_ns;   /* of the running part */
    int is_timed;
} ping;

static uint64_t now_ns(void) {
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void call(ping *self, struct skynet_context *ctx) {
    skynet_send(ctx, 0, self->pong, PTYPE_TEXT | PTYPE_TAG_ALLOCSESSION, 0, &self->calls,
                sizeof self->calls);
}

static void finish(const ping *self, struct skynet_context *ctx, uint64_t elapsed_ns) {
    printf("BENCH native_call %.3f calls/s\n", (double)self->calls * 1e9 / (double)elapsed_ns);
    fflush(stdout);
    skynet_command(ctx, "ABORT", NULL);
}

/* Goes from the warm-up to the timed part to the end; true at the end. */
static int is_finished(ping *self, struct skynet_context *ctx) {
    uint64_t elapsed_ns = now_ns() - self->start_ns;
    if (elapsed_ns < (self->is_timed ? self->timed_ns : self->warm_ns))
        return 0;
    if (self->is_timed) {
        finish(self, ctx, elapsed_ns);
        return 1;
    }
    self->is_timed = 1;
    self->calls = 0;
    self->start_ns = now_ns();
    return 0;
}

static int on_message(struct skynet_context *ctx, void *ud, int type, int session, uint32_t source,
                      const void *msg, size_t size) {
    ping *self = ud;
    (void)session;
    (void)source;
    if (type != PTYPE_RESPONSE)
        return 0;
    if (size != sizeof self->calls || memcmp(msg, &self->calls, size) != 0) {
        skynet_error(ctx, "ping: wrong answer");
        skynet_command(ctx, "ABORT", NULL);
        return 0;
    }
    self->calls++;
    if (self->calls % LOOK_AT_CLOCK != 0 || !is_finished(self, ctx))
        call(self, ctx);
    return 0;
}

void *ping_create(void) { return calloc(1, sizeof(ping)); }

void ping_release(void *instance) { free(instance); }

int ping_init(void *instance, struct skynet_context *ctx, const char *parm) {
    ping *self = instance;
    const char *address = skynet_command(ctx, "LAUNCH", "pong");
    if (!address)
        return 1;
    self->pong = (uint32_t)strtoul(address + 1, NULL, 16);
    self->timed_ns = strtoull(parm, NULL, 10) * 1000000u;
    self->warm_ns = self->timed_ns / 3;
    self->start_ns = now_ns();
    skynet_callback(ctx, self, on_message);
    call(self, ctx);
    return 0;
}
