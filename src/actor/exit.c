/* exit.c -- exit reasons as text. */
#include "actor/exit.h"

#include "base/limits.h"

#include <string.h>

#define ERROR_PREFIX "error: "
#define SHUTDOWN_PREFIX "shutdown: "
#define KILLED_PREFIX "killed"

/* Appends the first line of the text, cut at the limit. */
static void append_line(sk_buffer *buffer, const char *text) {
    size_t size = strcspn(text, "\n");
    sk_buffer_append(buffer, text, size < SK_EXIT_TEXT_LEN_MAX ? size : SK_EXIT_TEXT_LEN_MAX);
}

void sk_exit_print(const sk_exit_reason *reason, sk_buffer *buffer) {
    static const char *const words[] = {
        [SK_EXIT_NORMAL] = "normal", [SK_EXIT_KILLED] = KILLED_PREFIX, [SK_EXIT_ERROR] = "error",
        [SK_EXIT_MEMORY] = "memory", [SK_EXIT_SHUTDOWN] = "shutdown",  [SK_EXIT_GONE] = "gone",
    };
    sk_buffer_printf(buffer, "%s", words[reason->kind]);
    if (reason->kind == SK_EXIT_KILLED && !sk_handle_is_none(reason->by))
        sk_buffer_printf(buffer, " by :%08x", reason->by.v);
    bool has_text = reason->kind == SK_EXIT_ERROR || reason->kind == SK_EXIT_SHUTDOWN;
    if (has_text && reason->text && *reason->text) {
        sk_buffer_append(buffer, ": ", 2);
        append_line(buffer, reason->text);
    }
    sk_buffer_append(buffer, "", 1);
    buffer->len--;
}

static bool has_prefix(const char *text, const char *prefix) {
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

sk_exit_reason sk_exit_parse(const char *text) {
    if (strcmp(text, "normal") == 0)
        return (sk_exit_reason){.kind = SK_EXIT_NORMAL};
    if (strcmp(text, "memory") == 0)
        return (sk_exit_reason){.kind = SK_EXIT_MEMORY};
    if (strcmp(text, KILLED_PREFIX) == 0 || has_prefix(text, KILLED_PREFIX " by "))
        return (sk_exit_reason){.kind = SK_EXIT_KILLED};
    if (strcmp(text, "shutdown") == 0)
        return (sk_exit_reason){.kind = SK_EXIT_SHUTDOWN};
    if (has_prefix(text, SHUTDOWN_PREFIX))
        return (sk_exit_reason){.kind = SK_EXIT_SHUTDOWN, .text = text + strlen(SHUTDOWN_PREFIX)};
    if (has_prefix(text, ERROR_PREFIX))
        text += strlen(ERROR_PREFIX);
    return (sk_exit_reason){.kind = SK_EXIT_ERROR, .text = text};
}
