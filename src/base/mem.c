/* mem.c -- malloc with one policy for failure. */
#include "base/mem.h"

#include "base/defs.h"

#include <stdio.h>
#include <string.h>

SK_COLD static _Noreturn void out_of_memory(size_t size) {
    fprintf(stderr, "skein: out of memory trying to allocate %zu bytes\n", size);
    abort();
}

void *sk_malloc(size_t size) {
    void *p = malloc(size ? size : 1);
    if (SK_UNLIKELY(!p))
        out_of_memory(size);
    return p;
}

void *sk_calloc(size_t count, size_t size) {
    void *p = calloc(count ? count : 1, size ? size : 1);
    if (SK_UNLIKELY(!p))
        out_of_memory(count * size);
    return p;
}

void *sk_realloc(void *take_ptr, size_t size) {
    void *p = realloc(take_ptr, size ? size : 1);
    if (SK_UNLIKELY(!p))
        out_of_memory(size);
    return p;
}

void *sk_try_realloc(void *take_ptr, size_t size) {
    if (!take_ptr)
        return malloc(size ? size : 1); /* the allocators have a shorter path for it */
    return realloc(take_ptr, size ? size : 1);
}

void *sk_calloc_line(size_t size) {
    size = (size + SK_CACHE_LINE - 1) & ~(size_t)(SK_CACHE_LINE - 1);
    void *p = aligned_alloc(SK_CACHE_LINE, size);
    if (SK_UNLIKELY(!p))
        out_of_memory(size);
    return memset(p, 0, size);
}

void *sk_malloc_aligned(size_t alignment, size_t size) {
    void *p = NULL;
    bool is_power = alignment && !(alignment & (alignment - 1));
    if (!is_power || alignment % sizeof(void *) != 0)
        return NULL; /* checkers end the process where libc only says EINVAL */
    if (SK_UNLIKELY(posix_memalign(&p, alignment, size ? size : 1) != 0))
        out_of_memory(size);
    return p;
}

char *sk_strdup(const char *text) { return sk_memdup_text(text, strlen(text)); }

char *sk_memdup_text(const void *data, size_t size) {
    char *copy = sk_malloc(size + 1);
    if (size)
        memcpy(copy, data, size);
    copy[size] = '\0';
    return copy;
}
