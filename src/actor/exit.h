/* exit.h -- why a service ends, and the message that tells others of it.
 *
 * The reason is set once, by whoever retires the service. As text, which is what Lua code sees, it
 * is "normal", "killed by :00000010", "error: TEXT", "memory", "shutdown" or "shutdown: TEXT";
 * "gone" stands for a service that was not there any more when somebody asked. */
#ifndef SK_ACTOR_EXIT_H
#define SK_ACTOR_EXIT_H

#include "base/buffer.h"
#include "base/defs.h"

typedef enum {
    SK_EXIT_NORMAL,   /* it ended by itself */
    SK_EXIT_KILLED,   /* by `by`; none: by the runtime */
    SK_EXIT_ERROR,    /* it did not load, its start function failed, or it says so */
    SK_EXIT_MEMORY,   /* the same, for lack of memory */
    SK_EXIT_SHUTDOWN, /* it was asked to stop, or the node stops */
    SK_EXIT_GONE,     /* not known any more */
} sk_exit_kind;

typedef struct {
    sk_exit_kind kind;
    sk_handle by;
    const char *text; /* of ERROR and SHUTDOWN; NULL: none. Borrowed. */
} sk_exit_reason;

/* Any thread. Appends the reason as text, with a zero byte that is not counted. Of its own text
 * the first line is taken, at most SK_EXIT_TEXT_LEN_MAX bytes. */
void sk_exit_print(const sk_exit_reason *reason, sk_buffer *buffer);

/* Any thread. The reason that such a text stands for; a text of another form is an error's. The
 * result borrows from `text`. */
sk_exit_reason sk_exit_parse(const char *text);

/* What a message of type SK_TYPE_EXIT says. */
typedef enum {
    SK_NOTICE_MONITOR,  /* the service that `source` names has ended; `ref` is sk_watch_monitor's */
    SK_NOTICE_LINK,     /* the same, of a link, for a service that traps exits */
    SK_NOTICE_SHUTDOWN, /* please end: the service has a shutdown handler */
} sk_notice_what;

/* The payload of such a message. */
typedef struct {
    uint64_t ref;
    uint8_t what; /* sk_notice_what */
    uint8_t kind; /* sk_exit_kind */
    char text[];  /* the reason as text, with a zero byte */
} sk_notice;

#endif
