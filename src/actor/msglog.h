/* msglog.h -- the message log: a file with a line for every message of one service.
 *
 *   open time: <now cs> <date>
 *   :<source %08x> <type> <session> <now cs> <payload, hex>
 *   [socket] <event> <id> <ud> <bytes, hex>         of events that carry bytes
 *   [socket] <event> <id> <ud> [<text>]             of the others
 *   close time: <now cs>
 *
 * The format is read by other programs: every byte of it is fixed. Here are the file and the lines;
 * service.c says when they are written. Payloads hold passwords and pointers, so the file is
 * readable by its owner only. */
#ifndef SK_ACTOR_MSGLOG_H
#define SK_ACTOR_MSGLOG_H

#include "actor/message.h"
#include "actor/node.h"

#include <stdio.h>

/* An event of a socket, as it is logged. */
typedef struct {
    int type;
    int id;
    int ud;
    bool is_text;     /* else bytes */
    const void *data; /* may be NULL when size is 0 */
    size_t size;
} sk_msglog_event;

/* Any thread. Opens the log of the service `of` in the directory `logpath` of the configuration and
 * writes its first line. 0; SK_ESTATE when logpath is not set; -errno. ret_path, if not NULL, gets
 * the path (sk_free) unless the result is SK_ESTATE. */
int sk_msglog_open(sk_node *node, sk_handle of, FILE **ret_file, char **ret_path);

/* Any thread. Writes the last line and closes. */
void sk_msglog_close(sk_node *node, FILE *take_file);

/* Any thread, one at a time for a file. One line, flushed: of a message, where one of type SOCKET
 * is its event; or of an event. */
void sk_msglog_message(sk_node *node, FILE *file, const sk_msg *msg);
void sk_msglog_event_line(FILE *file, const sk_msglog_event *event);

#endif
