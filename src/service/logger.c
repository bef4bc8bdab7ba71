/* logger.c -- log lines to stdout or a file, in mailbox order.
 *
 * A line is "[:%08x] text"; in a file it begins with "DD/MM/YY HH:MM:SS.cc ", local time by the
 * runtime's clock. Lines are flushed at once. The service drains at its death: what was logged is
 * written even while the node stops. */
#include "service/logger.h"

#include "actor/service.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

typedef struct {
    FILE *file;
    char *path; /* NULL: stdout */
} logger;

static void *logger_create(void) { return sk_new(logger); }

static void write_time(logger *self, sk_node *node) {
    uint64_t now_cs = sk_node_now_cs(node);
    time_t seconds = (time_t)(sk_node_start_time(node) + now_cs / 100);
    struct tm tm;
    char text[32];
    localtime_r(&seconds, &tm);
    strftime(text, sizeof text, "%d/%m/%y %H:%M:%S", &tm);
    fprintf(self->file, "%s.%02u ", text, (unsigned)(now_cs % 100));
}

static void write_line(logger *self, sk_service *service, const sk_msg *msg) {
    flockfile(self->file);
    if (self->path)
        write_time(self, sk_service_node(service));
    fprintf(self->file, "[:%08x] ", msg->source.v);
    if (msg->size)
        fwrite(msg->data, msg->size, 1, self->file);
    fputc('\n', self->file);
    fflush(self->file);
    funlockfile(self->file);
}

/* The file by its name again; the old one stays if that fails. */
static void reopen(logger *self) {
    if (!self->path)
        return;
    FILE *file = fopen(self->path, "ae");
    if (!file)
        return;
    fclose(self->file);
    self->file = file;
}

static bool on_message(sk_service *service, void *user, sk_msg *msg) {
    logger *self = user;
    if (msg->type == SK_TYPE_TEXT)
        write_line(self, service, msg);
    else if (msg->type == SK_TYPE_SYSTEM)
        reopen(self);
    return false;
}

static int logger_init(void *instance, sk_service *service, char *args) {
    logger *self = instance;
    self->file = stdout;
    if (args && *args) {
        self->file = fopen(args, "ae");
        if (!self->file)
            return -1;
        self->path = sk_strdup(args);
    }
    sk_service_set_drain(service);
    sk_service_set_callback(service, on_message, self, false);
    return 0;
}

static void logger_release(void *instance) {
    logger *self = instance;
    if (self->path && self->file)
        fclose(self->file);
    sk_free(self->path);
    sk_free(self);
}

const sk_module sk_logger_module = {
    .name = "logger",
    .create = logger_create,
    .init = logger_init,
    .release = logger_release,
};
