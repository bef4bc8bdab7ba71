/* dgramq.h -- datagrams of one socket that wait for the owner, or to be sent: a bounded ring.
 *
 * All zero is empty. Used under the socket's lock. It holds at most SK_DATAGRAM_COUNT_MAX
 * datagrams and SK_DATAGRAM_SIZE_MAX bytes; the oldest give way to a new one. A datagram is one
 * block, its bytes and behind them the code of the other side's address (addr.h): what a service
 * that takes messages gets as it is. */
#ifndef SK_IO_DGRAMQ_H
#define SK_IO_DGRAMQ_H

#include "base/defs.h"
#include "io/addr.h"

typedef struct {
    uint8_t *block; /* malloc'ed */
    uint32_t size;  /* of the bytes */
    uint8_t addr_size;
} sk_dgram;

typedef struct {
    sk_dgram *ring;
    uint32_t cap; /* 0, or a power of two */
    uint32_t first;
    uint32_t count;
    size_t size; /* bytes of all datagrams */
} sk_dgramq;

/* Any thread. A copy of the bytes with the address, which is of IPv4 or IPv6; the block is to be
 * freed. */
sk_dgram sk_dgram_new(const void *data, size_t size, const sk_addr *addr);

/* Frees all datagrams; the queue is empty afterwards. */
void sk_dgramq_done(sk_dgramq *queue);

/* Appends a datagram whose block is the queue's from now on. Returns how many old ones it
 * dropped for that. */
uint32_t sk_dgramq_push(sk_dgramq *queue, sk_dgram take_dgram);

/* The oldest datagram, still in the queue; NULL when empty. Valid until the next change. */
const sk_dgram *sk_dgramq_first(const sk_dgramq *queue);

/* Takes the oldest datagram out: its block is the caller's. False when empty. */
bool sk_dgramq_pop(sk_dgramq *queue, sk_dgram *ret_dgram);

#endif
