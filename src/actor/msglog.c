/* msglog.c -- the file and the lines of msglog.h. */
#include "actor/msglog.h"

#include "base/buffer.h"
#include "base/err.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Configuration key of the directory. */
#define PATH_KEY "logpath"
#define FILE_MODE (S_IRUSR | S_IWUSR)

/* The stamps of the format have 32 bits. */
static uint32_t now_cs(const sk_node *node) { return (uint32_t)sk_node_now_cs(node); }

/* An existing file may have been readable by others: it is not any more. Neither a link nor a pipe
 * takes the place of a log. */
static int open_private(const char *path) {
    int fd =
        open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, FILE_MODE);
    if (fd < 0)
        return sk_err_from_errno();
    struct stat st;
    int err = 0;
    if (fstat(fd, &st) < 0 || (S_ISREG(st.st_mode) && fchmod(fd, FILE_MODE) < 0))
        err = sk_err_from_errno();
    else if (!S_ISREG(st.st_mode))
        err = -EINVAL;
    if (err == 0)
        return fd;
    close(fd);
    return err;
}

static void print_first_line(const sk_node *node, FILE *file) {
    uint64_t now = sk_node_now_cs(node);
    time_t seconds = (time_t)(sk_node_start_time(node) + now / 100);
    char text[32]; /* ends with a newline */
    const char *date = ctime_r(&seconds, text);
    fprintf(file, "open time: %u %s", (uint32_t)now, date ? date : "?\n");
    fflush(file);
}

int sk_msglog_open(sk_node *node, sk_handle of, FILE **ret_file, char **ret_path) {
    const char *folder = sk_env_get(sk_node_env(node), PATH_KEY);
    if (!folder || !*folder)
        return SK_ESTATE;
    sk_buffer path = {0};
    sk_buffer_printf(&path, "%s/%08x.log%c", folder, of.v, '\0');
    int fd = open_private((const char *)path.data);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "a");
    if (ret_path)
        *ret_path = (char *)path.data;
    else
        sk_buffer_done(&path);
    if (!file)
        return fd < 0 ? fd : (close(fd), -ENOMEM);
    print_first_line(node, file);
    *ret_file = file;
    return 0;
}

void sk_msglog_close(sk_node *node, FILE *take_file) {
    fprintf(take_file, "close time: %u\n", now_cs(node));
    fclose(take_file);
}

static void append_hex(sk_buffer *line, const void *data, size_t size) {
    static const char digits[] = "0123456789abcdef";
    uint8_t *at = sk_buffer_reserve(line, 2 * size + 1);
    for (size_t i = 0; i < size; i++) {
        uint8_t byte = ((const uint8_t *)data)[i];
        at[2 * i] = (uint8_t)digits[byte >> 4];
        at[2 * i + 1] = (uint8_t)digits[byte & 15];
    }
    line->len += 2 * size;
}

static void write_line(FILE *file, sk_buffer *take_line) {
    sk_buffer_append(take_line, "\n", 1);
    (void)fwrite(take_line->data, 1, take_line->len, file); /* a full disk stops no service */
    fflush(file);
    sk_buffer_done(take_line);
}

void sk_msglog_event_line(FILE *file, const sk_msglog_event *event) {
    sk_buffer line = {0};
    sk_buffer_printf(&line, "[socket] %d %d %d ", event->type, event->id, event->ud);
    if (event->is_text) {
        sk_buffer_append(&line, "[", 1);
        sk_buffer_append(&line, event->data, event->size);
        sk_buffer_append(&line, "]", 1);
    } else {
        append_hex(&line, event->data, event->size);
    }
    write_line(file, &line);
}

static void print_socket_message(FILE *file, const sk_msg *msg) {
    sk_socket_message head;
    memcpy(&head, msg->data, sizeof head);
    sk_msglog_event event = {.type = head.type, .id = head.id, .ud = head.ud};
    event.is_text = head.buffer == NULL;
    if (event.is_text) {
        event.data = (const char *)msg->data + sizeof head;
        event.size = msg->size - sizeof head;
    } else {
        event.data = head.buffer;
        event.size = head.ud > 0 ? (size_t)head.ud : 0;
    }
    sk_msglog_event_line(file, &event);
}

void sk_msglog_message(sk_node *node, FILE *file, const sk_msg *msg) {
    if (msg->type == SK_TYPE_SOCKET && msg->data && msg->size >= sizeof(sk_socket_message)) {
        print_socket_message(file, msg);
        return;
    }
    sk_buffer line = {0};
    sk_buffer_printf(&line, ":%08x %d %d %u ", msg->source.v, msg->type, msg->session,
                     now_cs(node));
    append_hex(&line, msg->data, msg->data ? msg->size : 0);
    write_line(file, &line);
}
