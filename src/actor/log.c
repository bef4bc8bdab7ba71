/* log.c -- log lines to messages and back. */
#include "actor/log.h"

#include "base/err.h"
#include "base/json.h"

#include <string.h>

/* Which hint bytes. The mark tells a line from a message that somebody packed as TEXT. */
#define LEVEL 0
#define HAS_MEMBERS 1
#define MARK 2
static const uint8_t mark[SK_MSG_HINT_COUNT - MARK] = {'L', 'I', 'N', 'E'};

#define ERROR_PREFIX "error: "

static const char *const NAMES[] = {
    [SK_LOG_DEBUG] = "debug",
    [SK_LOG_INFO] = "info",
    [SK_LOG_WARN] = "warn",
    [SK_LOG_ERROR] = "error",
};

const char *sk_log_level_name(sk_log_level level) {
    return (size_t)level < SK_ARRAY_LEN(NAMES) ? NAMES[level] : "";
}

int sk_log_level_parse(const char *word, sk_log_level *ret_level) {
    for (size_t i = 0; i < SK_ARRAY_LEN(NAMES); i++) {
        if (strcmp(word, NAMES[i]) != 0)
            continue;
        *ret_level = (sk_log_level)i;
        return 0;
    }
    return SK_EINVAL;
}

/* The text, with `members` and a zero byte before it unless that is NULL. */
static sk_msg *make(sk_handle source, const sk_log_record *record, const sk_buffer *members) {
    size_t head = members ? members->len + 1 : 0;
    sk_msg *msg = sk_msg_new(head + record->size);
    char *at = msg->data;
    if (members) {
        memcpy(at, members->data, members->len);
        at[head - 1] = '\0';
    }
    if (record->size)
        memcpy(at + head, record->text, record->size);
    msg->source = source;
    msg->type = SK_TYPE_TEXT;
    msg->hints[LEVEL] = (uint8_t)record->level;
    msg->hints[HAS_MEMBERS] = members != NULL;
    memcpy(&msg->hints[MARK], mark, sizeof mark);
    return msg;
}

sk_msg *sk_log_message(sk_handle source, const sk_log_record *record) {
    return make(source, record, NULL);
}

sk_msg *sk_log_message_with_members(sk_handle source, const sk_log_record *record,
                                    const char *name) {
    sk_buffer members = {0};
    if (name) {
        sk_buffer_printf(&members, "\"name\":");
        sk_json_append_string(&members, name, strlen(name));
    }
    if (record->fields) {
        sk_buffer_printf(&members, "%s\"fields\":{", name ? "," : "");
        sk_buffer_append(&members, record->fields, record->fields_size);
        sk_buffer_append(&members, "}", 1);
    }
    sk_msg *msg = make(source, record, members.len ? &members : NULL);
    sk_buffer_done(&members);
    return msg;
}

void sk_log_read(const sk_msg *msg, sk_log_line *ret_line) {
    *ret_line = (sk_log_line){.text = msg->data ? msg->data : "", .size = msg->size};
    bool is_marked = memcmp(&msg->hints[MARK], mark, sizeof mark) == 0;
    ret_line->level = is_marked ? (sk_log_level)msg->hints[LEVEL] : SK_LOG_PLAIN;
    /* JSON holds no zero byte: the first one is that behind it. */
    bool has_members = is_marked && msg->hints[HAS_MEMBERS];
    const char *end = has_members ? memchr(ret_line->text, '\0', msg->size) : NULL;
    if (end) {
        ret_line->members = ret_line->text;
        ret_line->members_size = (size_t)(end - ret_line->text);
        ret_line->text = end + 1;
        ret_line->size -= ret_line->members_size + 1;
    }
    if (ret_line->level == SK_LOG_PLAIN && ret_line->size >= strlen(ERROR_PREFIX) &&
        memcmp(ret_line->text, ERROR_PREFIX, strlen(ERROR_PREFIX)) == 0)
        ret_line->level = SK_LOG_ERROR;
}
