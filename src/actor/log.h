/* log.h -- a line for the log service as a message, with what is known of it beside its text.
 *
 * The message is of type TEXT with the text as its payload, so that any log service can take it.
 * Its hint bytes, which nobody else reads in a TEXT message, hold a mark, the level, and whether
 * members of a JSON object and a zero byte stand before the text. Members are sent only to a log
 * service that asked for them (sk_node_set_log_fields). */
#ifndef SK_ACTOR_LOG_H
#define SK_ACTOR_LOG_H

#include "actor/message.h"
#include "actor/node.h"

typedef struct sk_log_record {
    sk_log_level level;
    const char *text;
    size_t size;
    const char *fields; /* of a JSON object, without its braces; NULL: none */
    size_t fields_size;
} sk_log_record;

/* A line as the log service gets it. */
typedef struct {
    sk_log_level level;
    const char *text;
    size_t size;
    const char *members; /* "name" and "fields", those that there are; NULL: none */
    size_t members_size;
} sk_log_line;

/* The word for a level: debug, info, warn, error; "" for SK_LOG_PLAIN. Static storage. */
const char *sk_log_level_name(sk_log_level level);

/* The level of a word; SK_EINVAL for any other text. */
int sk_log_level_parse(const char *word, sk_log_level *ret_level);

/* Any thread. The message of a line: text, level, and no more; or with its fields and the name of
 * the service (may be NULL). */
sk_msg *sk_log_message(sk_handle source, const sk_log_record *record);
sk_msg *sk_log_message_with_members(sk_handle source, const sk_log_record *record,
                                    const char *name);

/* The line of a TEXT message; pointers into its payload. A line of the runtime that begins with
 * "error: " has the level that it says. */
void sk_log_read(const sk_msg *msg, sk_log_line *ret_line);

#endif
