/* buffer.c -- growth and formatted append. */
#include "base/buffer.h"

#include "base/assert.h"
#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>

#define CAP_MIN 64

void sk_buffer_done(sk_buffer *buffer) {
    sk_free(buffer->data);
    *buffer = (sk_buffer){0};
}

void sk_buffer_grow(sk_buffer *buffer, size_t size) {
    sk_assert(size <= SIZE_MAX / 4 && buffer->len <= SIZE_MAX / 4);
    size_t need = buffer->len + size;
    size_t cap = buffer->cap ? buffer->cap : CAP_MIN;
    while (cap < need)
        cap *= 2;
    buffer->data = sk_realloc(buffer->data, cap);
    buffer->cap = cap;
}

void sk_buffer_printf(sk_buffer *buffer, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    va_list again;
    va_copy(again, args);
    int size = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    sk_assert(size >= 0);
    char *at = (char *)sk_buffer_reserve(buffer, (size_t)size + 1);
    vsnprintf(at, (size_t)size + 1, fmt, again);
    va_end(again);
    buffer->len += (size_t)size;
}
