/* buffer.h -- a growable run of bytes. Owner only; all zero is an empty buffer. */
#ifndef SK_BASE_BUFFER_H
#define SK_BASE_BUFFER_H

#include "base/defs.h"

#include <string.h>

typedef struct {
    uint8_t *data; /* NULL while nothing was ever reserved */
    size_t len;
    size_t cap;
} sk_buffer;

/* Frees the memory; the buffer is empty afterwards. */
void sk_buffer_done(sk_buffer *buffer);

/* Makes room for `size` more bytes behind len; growth doubles. */
void sk_buffer_grow(sk_buffer *buffer, size_t size);

/* Appends formatted text (not terminated). */
void sk_buffer_printf(sk_buffer *buffer, const char *fmt, ...) SK_PRINTF(2, 3);

/* Room for `size` more bytes; returns where they go. len is not changed. */
static inline uint8_t *sk_buffer_reserve(sk_buffer *buffer, size_t size) {
    if (SK_UNLIKELY(buffer->cap - buffer->len < size))
        sk_buffer_grow(buffer, size);
    return buffer->data + buffer->len;
}

static inline void sk_buffer_append(sk_buffer *buffer, const void *data, size_t size) {
    if (size)
        memcpy(sk_buffer_reserve(buffer, size), data, size);
    buffer->len += size;
}

#endif
