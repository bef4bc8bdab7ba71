/* event.h -- what a service learns about its sockets, and the message form of it.
 *
 * Data, end of data and new connections are found by the owner itself, in a turn (turn.h), when it
 * is dispatched with a readiness node. All else (confirmations, warnings, errors while writing,
 * the close of a socket by command) comes as a real message of type SK_TYPE_SOCKET whose payload
 * is sk_socket_message, followed by the text. Both become the same sk_io_event. */
#ifndef SK_IO_EVENT_H
#define SK_IO_EVENT_H

#include "actor/message.h"
#include "actor/node.h"
#include "base/defs.h"
#include "base/limits.h"

/* The numbers are part of the C interface. */
typedef enum {
    SK_IO_DATA = 1,
    SK_IO_CONNECT = 2,
    SK_IO_CLOSE = 3,
    SK_IO_ACCEPT = 4,
    SK_IO_ERROR = 5,
    SK_IO_UDP = 6,
    SK_IO_WARNING = 7,
} sk_io_event_type;

typedef struct {
    sk_io_event_type type;
    int32_t id;
    int32_t ud;      /* DATA, UDP: bytes; CONNECT: port of a listen; ACCEPT: new id; WARNING: KiB */
    bool has_paused; /* DATA: reading has stopped at the limit; sk_socket_resume goes on */
    uint8_t addr_size; /* UDP: of the sender's address (sk_addr_decode), in the block behind ud */
    void *block;       /* UDP; DATA of a turn in blocks, or of a message: the bytes, malloc'ed */
    size_t text_len;
    char text[SK_SOCKET_TEXT_LEN_MAX + 1]; /* CONNECT, ACCEPT, ERROR; terminated */
} sk_io_event;

/* Messages that are to be posted once a lock is released. */
#define SK_NOTES_MAX 4
typedef struct {
    int count;
    sk_handle to[SK_NOTES_MAX];
    sk_msg *msgs[SK_NOTES_MAX];
} sk_notes;

/* Any thread. The real message of an event (the text is cut at its limit). For DATA and UDP it
 * carries `block`, which the receiver of the payload frees. */
sk_msg *sk_event_message(const sk_io_event *event);

/* Any thread. Decodes a real message; `block` is borrowed from it. False: it is not one. */
bool sk_event_of_message(const sk_msg *msg, sk_io_event *ret_event);

/* Any thread. Sets an event without block; `text` may be NULL. */
void sk_event_init(sk_io_event *ret_event, sk_io_event_type type, int32_t id, int32_t ud,
                   const char *text);

/* Any thread. Adds an event for the service `to`. */
void sk_notes_add(sk_notes *notes, sk_handle to, const sk_io_event *event);

/* No lock held. Posts and clears the notes; those for dead services are dropped. `worker` is the
 * caller's or NULL. Returns how many were posted. */
int sk_notes_post(sk_notes *notes, sk_node *node, sk_worker *worker);

#endif
