/* netpack.h -- packets out of a byte stream: a big-endian length of 2 or 4 bytes, then the payload.
 *
 * Bytes are fed as they come, in pieces of any size; whatever the pieces, the same packets come
 * out. A packet that lies in one piece is not copied. One that is still incomplete holds memory for
 * the bytes that have come, not for those that its header announces. Empty packets are skipped. A
 * stream whose header announces too much is broken for good. Owner only. */
#ifndef SK_CODEC_NETPACK_H
#define SK_CODEC_NETPACK_H

#include "base/defs.h"

typedef struct {
    /* Fixed after init. */
    uint8_t header_size;
    /* The packet that is under way. */
    bool is_broken;
    uint8_t header_len; /* header bytes that have come */
    uint32_t size;      /* announced; once the header is complete */
    uint8_t *partial;
    uint32_t partial_len, partial_cap;
    uint8_t *given; /* the block of the packet given last, unless it was taken */
} sk_netpack;

/* What is left of the bytes that came. */
typedef struct {
    const uint8_t *data;
    size_t size;
} sk_netpack_input;

typedef struct {
    const uint8_t *data; /* borrowed: valid until the next call, and as long as the input */
    size_t size;         /* never 0 */
} sk_netpack_packet;

/* A stream at its beginning; `header_size` is 2 or 4. */
void sk_netpack_init(sk_netpack *pack, int header_size);

/* Frees what is held. */
void sk_netpack_done(sk_netpack *pack);

/* The next packet; consumes its bytes from the input. 1: a packet; 0: the input is used up;
 * SK_ETOOBIG: the stream is broken (a payload of SK_NETPACK_SIZE_MAX bytes or more), now and ever
 * after. */
int sk_netpack_next(sk_netpack *pack, sk_netpack_input *input, sk_netpack_packet *ret_packet);

/* After sk_netpack_next gave this packet. Its payload as a malloc block with an uncounted zero byte
 * behind, the caller's; copies only what lies in the input. */
void *sk_netpack_take(sk_netpack *pack, const sk_netpack_packet *packet);

#endif
