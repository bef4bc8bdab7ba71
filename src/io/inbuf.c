/* inbuf.c -- a growing byte queue in one block.
 *
 * Room at the back is made by moving the unread bytes to the front when at least half of the block
 * is read already, else by doubling: each byte is moved a bounded number of times. */
#include "io/inbuf.h"

#include "base/assert.h"
#include "base/mem.h"

#include <string.h>

void sk_inbuf_done(sk_inbuf *inbuf) {
    sk_free(inbuf->data);
    *inbuf = (sk_inbuf){0};
}

static void make_room(sk_inbuf *inbuf, size_t size) {
    size_t used = sk_inbuf_size(inbuf);
    if (inbuf->start > 0 && inbuf->start >= inbuf->cap / 2 && inbuf->cap - used >= size) {
        memmove(inbuf->data, inbuf->data + inbuf->start, used);
    } else {
        size_t cap = inbuf->cap ? inbuf->cap : 64;
        while (cap - used < size)
            cap *= 2;
        uint8_t *data = sk_malloc(cap);
        if (used)
            memcpy(data, inbuf->data + inbuf->start, used);
        sk_free(inbuf->data);
        inbuf->data = data;
        inbuf->cap = cap;
    }
    inbuf->start = 0;
    inbuf->end = used;
}

void sk_inbuf_append(sk_inbuf *inbuf, const void *data, size_t size) {
    if (size == 0)
        return;
    if (inbuf->cap - inbuf->end < size)
        make_room(inbuf, size);
    memcpy(inbuf->data + inbuf->end, data, size);
    inbuf->end += size;
}

void sk_inbuf_consume(sk_inbuf *inbuf, size_t size) {
    sk_assert(size <= sk_inbuf_size(inbuf));
    inbuf->start += size;
    if (inbuf->start < inbuf->end)
        return;
    inbuf->start = inbuf->end = 0;
    if (inbuf->cap > SK_INBUF_KEEP_SIZE)
        sk_inbuf_done(inbuf);
}

size_t sk_inbuf_find(const sk_inbuf *inbuf, const void *sep, size_t sep_len, size_t *scanned) {
    sk_assert(sep_len > 0);
    size_t size = sk_inbuf_size(inbuf);
    sk_assert(*scanned <= size);
    if (size < sep_len)
        return SK_INBUF_NOT_FOUND;
    const uint8_t *bytes = sk_inbuf_bytes(inbuf);
    const uint8_t *hit = memmem(bytes + *scanned, size - *scanned, sep, sep_len);
    if (hit)
        return (size_t)(hit - bytes);
    size_t safe = size - (sep_len - 1);
    if (safe > *scanned)
        *scanned = safe;
    return SK_INBUF_NOT_FOUND;
}

void *sk_inbuf_take_all(sk_inbuf *inbuf, size_t *ret_size) {
    size_t size = sk_inbuf_size(inbuf);
    *ret_size = size;
    if (size == 0)
        return NULL;
    if (inbuf->start > 0)
        memmove(inbuf->data, inbuf->data + inbuf->start, size);
    void *data = inbuf->data;
    *inbuf = (sk_inbuf){0};
    return data;
}
