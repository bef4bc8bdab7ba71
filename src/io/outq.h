/* outq.h -- the unsent bytes of one socket: two queues of blocks, high and low priority.
 *
 * All zero is empty. Used under the socket's lock. High goes first; low is sent only when high is
 * empty; blocks are never interleaved: a low block that has been sent in part moves to the head of
 * the high queue and is finished before anything else. */
#ifndef SK_IO_OUTQ_H
#define SK_IO_OUTQ_H

#include "base/defs.h"

#include <sys/uio.h>

typedef struct sk_out_block sk_out_block;

typedef struct {
    sk_out_block *head;
    sk_out_block *tail;
} sk_out_list;

typedef struct {
    sk_out_list high;
    sk_out_list low;
    size_t size; /* unsent bytes in both */
} sk_outq;

/* Frees all blocks; the queue is empty afterwards. */
void sk_outq_done(sk_outq *outq);

/* Appends the malloc block `take_data` of `size` bytes, the first `sent` of which are done. */
void sk_outq_push_block(sk_outq *outq, void *take_data, size_t size, size_t sent, bool low);

/* Appends a copy of `size` bytes. */
void sk_outq_push_copy(sk_outq *outq, const void *data, size_t size, bool low);

/* Describes the next bytes to send in at most `count_max` pieces; returns how many. */
int sk_outq_pieces(const sk_outq *outq, struct iovec *ret_pieces, int count_max);

/* Drops the first `size` bytes, which have been sent. */
void sk_outq_consume(sk_outq *outq, size_t size);

static inline bool sk_outq_is_empty(const sk_outq *outq) { return outq->size == 0; }

#endif
