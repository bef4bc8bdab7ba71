/* logger.c -- log lines to stdout or a file, in mailbox order.
 *
 * A line is "[:%08x] text"; in a file it begins with "DD/MM/YY HH:MM:SS.cc ", local time by the
 * runtime's clock. With `logformat = "json"` it is a JSON object, in UTC by the wall clock. Lines
 * are flushed at once. The service drains at its death: what was logged is written even while the
 * node stops. */
#include "service/logger.h"

#include "actor/log.h"
#include "actor/service.h"
#include "base/buffer.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

typedef struct {
    FILE *file;
    char *path; /* NULL: stdout */
    bool is_json;
    sk_buffer line;
} logger;

#define FORMAT_KEY "logformat"

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

static void write_plain(logger *self, sk_service *service, sk_handle source,
                        const sk_log_line *entry) {
    flockfile(self->file);
    if (self->path)
        write_time(self, sk_service_node(service));
    fprintf(self->file, "[:%08x] ", source.v);
    if (entry->size)
        fwrite(entry->text, entry->size, 1, self->file);
    fputc('\n', self->file);
    fflush(self->file);
    funlockfile(self->file);
}

/* The member "ts": "YYYY-MM-DDTHH:MM:SS.mmmZ". */
static void append_time(sk_buffer *line, sk_node *node) {
    uint64_t now_ms = sk_clock_wall_ns(sk_node_clock(node)) / 1000000;
    time_t seconds = (time_t)(now_ms / 1000);
    struct tm tm;
    char text[32];
    gmtime_r(&seconds, &tm);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
    sk_buffer_printf(line, "\"ts\":\"%s.%03uZ\"", text, (unsigned)(now_ms % 1000));
}

/* A line that nobody gave a level has none; one without a service has no name. */
static void write_json(logger *self, sk_service *service, sk_handle source,
                       const sk_log_line *entry) {
    sk_node *node = sk_service_node(service);
    sk_buffer *line = &self->line;
    line->len = 0;
    sk_buffer_append(line, "{", 1);
    append_time(line, node);
    if (entry->level != SK_LOG_PLAIN)
        sk_buffer_printf(line, ",\"level\":\"%s\"", sk_log_level_name(entry->level));
    sk_buffer_printf(line, ",\"service\":\":%08x\"", source.v);
    if (entry->members) {
        sk_buffer_append(line, ",", 1);
        sk_buffer_append(line, entry->members, entry->members_size);
    }
    sk_buffer_printf(line, ",\"text\":");
    sk_json_append_string(line, entry->text, entry->size);
    sk_buffer_append(line, "}\n", 2);
    fwrite(line->data, line->len, 1, self->file);
    fflush(self->file);
}

static void write_line(logger *self, sk_service *service, sk_handle source,
                       const sk_log_line *entry) {
    if (self->is_json)
        write_json(self, service, source, entry);
    else
        write_plain(self, service, source, entry);
}

/* The file by its name again; the old one stays if that fails, and gets a line about it. */
static void reopen(logger *self, sk_service *service) {
    if (!self->path)
        return;
    FILE *file = fopen(self->path, "ae");
    if (file) {
        fclose(self->file);
        self->file = file;
        return;
    }
    int err = sk_err_from_errno();
    sk_buffer text = {0};
    sk_buffer_printf(&text, "error: cannot open log file %s again: %s", self->path,
                     sk_err_text(err));
    sk_log_line entry = {.level = SK_LOG_ERROR, .size = text.len};
    entry.text = (const char *)text.data;
    write_line(self, service, sk_service_handle(service), &entry);
    sk_buffer_done(&text);
}

static bool on_message(sk_service *service, void *user, sk_msg *msg) {
    logger *self = user;
    if (msg->type == SK_TYPE_TEXT) {
        sk_log_line entry;
        sk_log_read(msg, &entry);
        write_line(self, service, msg->source, &entry);
    } else if (msg->type == SK_TYPE_SYSTEM) {
        reopen(self, service);
    }
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
    sk_node *node = sk_service_node(service);
    const char *format = sk_env_get(sk_node_env(node), FORMAT_KEY);
    self->is_json = format && strcmp(format, "json") == 0;
    sk_node_set_log_fields(node, self->is_json);
    sk_service_set_drain(service);
    sk_service_set_callback(service, on_message, self, false);
    return 0;
}

static void logger_release(void *instance) {
    logger *self = instance;
    if (self->path && self->file)
        fclose(self->file);
    sk_buffer_done(&self->line);
    sk_free(self->path);
    sk_free(self);
}

const sk_module sk_logger_module = {
    .name = "logger",
    .create = logger_create,
    .init = logger_init,
    .release = logger_release,
};
