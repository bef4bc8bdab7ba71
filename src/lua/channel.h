/* channel.h -- line pipes between two services of a node, known by an id: for the remote debugger.
 *
 * A channel has two ends, the writer's and the reader's, each held by one service. Lines that are
 * written wait in the channel until they are read. An end that is released, or whose service has
 * died, closes the channel: the other one reads what is left. An id is used once. One lock guards
 * the table; it is never held while anything else is called. */
#ifndef SK_LUA_CHANNEL_H
#define SK_LUA_CHANNEL_H

#include "base/defs.h"

typedef struct sk_channels sk_channels;

typedef enum { SK_CHANNEL_WRITER, SK_CHANNEL_READER } sk_channel_side;

/* Before the node runs; kept in its SK_NODE_CHANNELS slot. */
sk_channels *sk_channels_new(void);
/* After the node was freed. NULL is fine. */
void sk_channels_free(sk_channels *take_channels);

/* Any thread. A channel whose writing end is held by `writer`: its id, > 0. SK_ELIMIT when there
 * are SK_CHANNEL_COUNT_MAX. */
int32_t sk_channel_create(sk_channels *channels, sk_handle writer);

/* Any thread. Gives the reading end to `reader`. SK_ENOENT: no such channel, or it is closed;
 * SK_EEXIST: somebody has it. */
int sk_channel_connect(sk_channels *channels, int32_t id, sk_handle reader);

/* Any thread. Adds a copy of the line. 0 and the reader, none if nobody is connected yet.
 * SK_ECLOSED: the other end is gone. SK_ELIMIT: too many lines or bytes are unread. */
int sk_channel_write(sk_channels *channels, int32_t id, const char *line, size_t size,
                     sk_handle *ret_reader);

/* Any thread. Takes the oldest line, for the caller to free; a zero byte is behind it. SK_EAGAIN:
 * there is none; SK_ECLOSED: nor will there be. */
int sk_channel_read(sk_channels *channels, int32_t id, char **ret_line, size_t *ret_size);

/* Any thread. True when sk_channel_read would not answer SK_EAGAIN; when it would answer
 * SK_ECLOSED. */
bool sk_channel_is_ready(sk_channels *channels, int32_t id);
bool sk_channel_is_closed(sk_channels *channels, int32_t id);

/* Any thread. Gives an end back; with the second one the channel is gone. The service that holds
 * the other end, or none. */
sk_handle sk_channel_release(sk_channels *channels, int32_t id, sk_channel_side side);

#endif
