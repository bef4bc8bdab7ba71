/* inbuf.h -- the unread bytes of one socket: contiguous, read from the front, grown at the back.
 *
 * All zero is an empty buffer. It belongs to a socket and is used under that socket's lock
 * (sk_socket_lock_input). An empty buffer keeps at most SK_INBUF_KEEP_SIZE bytes of memory, so
 * that idle connections cost nothing and short requests do not allocate. */
#ifndef SK_IO_INBUF_H
#define SK_IO_INBUF_H

#include "base/defs.h"

/* Memory an empty buffer may keep: a short request or answer fits. */
#define SK_INBUF_KEEP_SIZE 512
/* sk_inbuf_find: there is no separator yet. */
#define SK_INBUF_NOT_FOUND SIZE_MAX

typedef struct {
    uint8_t *data;
    size_t start; /* first unread byte */
    size_t end;   /* behind the last one */
    size_t cap;
} sk_inbuf;

/* Frees the memory; the buffer is empty afterwards. */
void sk_inbuf_done(sk_inbuf *inbuf);

/* Adds a copy of `size` bytes at the end. */
void sk_inbuf_append(sk_inbuf *inbuf, const void *data, size_t size);

/* Removes `size` bytes from the front; there must be as many. */
void sk_inbuf_consume(sk_inbuf *inbuf, size_t size);

/* Offset of the first `sep` (`sep_len` >= 1) from the front, or SK_INBUF_NOT_FOUND. *scanned holds
 * how many bytes are known to hold no beginning of one: 0 at first, kept by the caller while
 * it waits for more with nothing consumed, so that no byte is searched twice. */
size_t sk_inbuf_find(const sk_inbuf *inbuf, const void *sep, size_t sep_len, size_t *scanned);

/* Takes all bytes out as a malloc block (size in ret_size); NULL when empty. */
void *sk_inbuf_take_all(sk_inbuf *inbuf, size_t *ret_size);

static inline size_t sk_inbuf_size(const sk_inbuf *inbuf) { return inbuf->end - inbuf->start; }

/* The unread bytes; valid until the next change. NULL when nothing was ever stored. */
static inline const uint8_t *sk_inbuf_bytes(const sk_inbuf *inbuf) {
    return inbuf->data ? inbuf->data + inbuf->start : NULL;
}

#endif
