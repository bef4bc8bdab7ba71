/* message.h -- one message: a payload, and a header that stands behind it in the same block.
 *
 * The payload is the start of its allocation, so a payload that somebody keeps is an ordinary
 * block for free(); the header behind it dies with it. A payload that was handed in gets a header
 * of its own. A node is a header inside another object (a socket, a waiting task) and is freed by
 * that object. A message has one owner at a time: whoever made it, then the mailbox, then the
 * worker that dispatches it. */
#ifndef SK_ACTOR_MESSAGE_H
#define SK_ACTOR_MESSAGE_H

#include "base/defs.h"

/* Message types; the numbers are part of the wire format between nodes. */
enum {
    SK_TYPE_TEXT = 0,
    SK_TYPE_RESPONSE = 1,
    SK_TYPE_MULTICAST = 2,
    SK_TYPE_CLIENT = 3,
    SK_TYPE_SYSTEM = 4,
    SK_TYPE_HARBOR = 5,
    SK_TYPE_SOCKET = 6,
    SK_TYPE_ERROR = 7,
    SK_TYPE_QUEUE = 8,
    SK_TYPE_DEBUG = 9,
    SK_TYPE_LUA = 10,
    SK_TYPE_SNAX = 11,
    SK_TYPE_TRACE = 12,
    SK_TYPE_EXIT = 250, /* of this node only: exit.h */
};

typedef enum {
    SK_MSG_INLINE,  /* header and payload are one block that starts at data */
    SK_MSG_OUTSIDE, /* header is a block of its own; data is another, or NULL */
    SK_MSG_NODE,    /* header lives in another object, which frees it */
} sk_msg_kind;

/* Sizes of the hash parts of the first tables of a packed payload, in order; 255 = unknown. */
#define SK_MSG_HINT_COUNT 6

typedef struct sk_msg sk_msg;
struct sk_msg {
    sk_msg *next; /* the mailbox's, while queued */
    void *data;
    size_t size;
    uint64_t deadline_ns; /* node clock; 0: none */
    sk_handle source;
    int32_t session;
    uint8_t type;
    uint8_t kind;
    uint8_t hints[SK_MSG_HINT_COUNT];
};

/* The payload of a message of type SOCKET: `buffer` is NULL when text follows the struct, else a
 * malloc block that belongs to the receiver. The layout is that of struct skynet_socket_message;
 * io/event.h makes and reads them. */
typedef struct {
    int type;
    int id;
    int ud;
    char *buffer;
} sk_socket_message;

/* Any thread. A message with `size` uninitialised payload bytes and an uncounted zero byte behind
 * them (size may be 0: the payload is then a valid, empty block). Release with sk_msg_free. */
sk_msg *sk_msg_new(size_t size);

/* Any thread. A message around `take_data`, a malloc block or NULL. */
sk_msg *sk_msg_new_around(void *take_data, size_t size);

/* Any thread. A message with a copy of `size` bytes; NULL data stays NULL. */
sk_msg *sk_msg_new_copy(const void *data, size_t size);

/* Owner. NULL and nodes are left alone. */
void sk_msg_free(sk_msg *take_msg);

/* Owner. Frees the header where it is separate and gives the payload to the caller, who frees it
 * with free(). NULL where there was none. */
void *sk_msg_take_payload(sk_msg *take_msg);

#endif
