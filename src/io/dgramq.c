/* dgramq.c -- a ring that doubles up to its bound; an empty one that has grown gives its memory
 * back, so that an idle socket holds little. */
#include "io/dgramq.h"

#include "base/assert.h"
#include "base/limits.h"
#include "base/mem.h"

#include <string.h>

#define CAP_MIN 8
/* An empty ring keeps this many places. */
#define CAP_KEEP 64

_Static_assert((SK_DATAGRAM_COUNT_MAX & (SK_DATAGRAM_COUNT_MAX - 1)) == 0,
               "the ring wraps by mask");

static sk_dgram *place(const sk_dgramq *queue, uint32_t i) {
    return &queue->ring[(queue->first + i) & (queue->cap - 1)];
}

static void grow(sk_dgramq *queue) {
    uint32_t cap = queue->cap ? 2 * queue->cap : CAP_MIN;
    sk_dgram *ring = sk_calloc(cap, sizeof *ring);
    for (uint32_t i = 0; i < queue->count; i++)
        ring[i] = *place(queue, i);
    sk_free(queue->ring);
    queue->ring = ring;
    queue->cap = cap;
    queue->first = 0;
}

sk_dgram sk_dgram_new(const void *data, size_t size, const sk_addr *addr) {
    uint8_t code[SK_ADDR_CODE_V6_SIZE];
    size_t addr_size = sk_addr_encode(addr, code);
    sk_assert(addr_size > 0 && size <= UINT32_MAX);
    sk_dgram dgram = {.block = sk_malloc(size + addr_size), .size = (uint32_t)size};
    if (size)
        memcpy(dgram.block, data, size);
    memcpy(dgram.block + size, code, addr_size);
    dgram.addr_size = (uint8_t)addr_size;
    return dgram;
}

void sk_dgramq_done(sk_dgramq *queue) {
    for (uint32_t i = 0; i < queue->count; i++)
        sk_free(place(queue, i)->block);
    sk_free(queue->ring);
    *queue = (sk_dgramq){0};
}

uint32_t sk_dgramq_push(sk_dgramq *queue, sk_dgram take_dgram) {
    uint32_t dropped = 0;
    sk_dgram old;
    while (queue->count == SK_DATAGRAM_COUNT_MAX ||
           (queue->count > 0 && queue->size + take_dgram.size > SK_DATAGRAM_SIZE_MAX)) {
        (void)sk_dgramq_pop(queue, &old); /* there is one */
        sk_free(old.block);
        dropped++;
    }
    if (queue->count == queue->cap)
        grow(queue);
    *place(queue, queue->count++) = take_dgram;
    queue->size += take_dgram.size;
    return dropped;
}

const sk_dgram *sk_dgramq_first(const sk_dgramq *queue) {
    return queue->count > 0 ? place(queue, 0) : NULL;
}

bool sk_dgramq_pop(sk_dgramq *queue, sk_dgram *ret_dgram) {
    if (queue->count == 0)
        return false;
    *ret_dgram = *place(queue, 0);
    queue->first = (queue->first + 1) & (queue->cap - 1);
    queue->count--;
    queue->size -= ret_dgram->size;
    if (queue->count == 0 && queue->cap > CAP_KEEP)
        sk_dgramq_done(queue);
    return true;
}
