/* observed.c -- a native service that counts its signals, and writes a message log by hand.
 *
 * TEXT "signals": answers "<count> <last>". TEXT "log": writes a log through skynet_log.h. */
#include "skynet.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

FILE *skynet_log_open(struct skynet_context *ctx, uint32_t handle);
void skynet_log_close(struct skynet_context *ctx, FILE *f, uint32_t handle);
void skynet_log_output(FILE *f, uint32_t source, int type, int session, void *buffer, size_t sz);

struct observed {
    atomic_int count;
    atomic_int last;
};

void *observed_create(void) { return calloc(1, sizeof(struct observed)); }

void observed_release(struct observed *self) { free(self); }

void observed_signal(struct observed *self, int sig) {
    atomic_store(&self->last, sig);
    atomic_fetch_add(&self->count, 1);
}

static void log_event(FILE *f, int type, int id, int ud, const char *text) {
    char payload[256];
    struct {
        int type, id, ud;
        char *buffer;
    } head = {type, id, ud, NULL};
    memcpy(payload, &head, sizeof head);
    memcpy(payload + sizeof head, text, strlen(text));
    skynet_log_output(f, 0, PTYPE_SOCKET, 0, payload, sizeof head + strlen(text));
}

static void log_bytes(FILE *f, int type, int id, char *bytes) {
    struct {
        int type, id, ud;
        char *buffer;
    } head = {type, id, (int)strlen(bytes), bytes};
    skynet_log_output(f, 0, PTYPE_SOCKET, 0, &head, sizeof head);
}

static void write_log(struct skynet_context *ctx) {
    char start[] = "start 1", hello[] = "hello", three[] = "uuu";
    FILE *f = skynet_log_open(ctx, 0xabc);
    if (!f)
        return;
    skynet_log_output(f, 8, PTYPE_TEXT, 0, start, strlen(start));
    log_event(f, 2, 1, 7851, "127.0.0.1");
    log_event(f, 3, 3, 0, "");
    log_bytes(f, 1, 3, hello);
    log_bytes(f, 6, 4, three);
    skynet_log_output(f, 0, PTYPE_RESPONSE, 1, NULL, 0);
    skynet_log_close(ctx, f, 0xabc);
}

static int on_message(struct skynet_context *ctx, void *ud, int type, int session, uint32_t source,
                      const void *msg, size_t sz) {
    struct observed *self = ud;
    char text[64] = "";
    if (type != PTYPE_TEXT || session == 0)
        return 0;
    if (sz == 7 && memcmp(msg, "signals", sz) == 0)
        snprintf(text, sizeof text, "%d %d", atomic_load(&self->count), atomic_load(&self->last));
    else
        write_log(ctx);
    skynet_send(ctx, 0, source, PTYPE_RESPONSE, session, text, strlen(text));
    return 0;
}

int observed_init(struct observed *self, struct skynet_context *ctx, const char *parm) {
    (void)parm;
    skynet_callback(ctx, self, on_message);
    return 0;
}
