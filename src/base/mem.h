/* mem.h -- memory that never is NULL (but for sk_try_realloc).
 *
 * One allocator serves the whole process: what these return may be given to free() and realloc(),
 * and what malloc() returned to sk_free(). Out of memory prints the size and aborts; a size that
 * comes from outside is checked before it gets here. */
#ifndef SK_BASE_MEM_H
#define SK_BASE_MEM_H

#include <stddef.h>
#include <stdlib.h>

/* Any thread. Uninitialised memory of `size` bytes (a size of 0 gives a unique pointer). */
void *sk_malloc(size_t size);

/* Any thread. Zeroed memory for `count` elements of `size` bytes. */
void *sk_calloc(size_t count, size_t size);

/* Any thread. `take_ptr` (may be NULL) resized to `size` bytes > 0. */
void *sk_realloc(void *take_ptr, size_t size);

/* Any thread. As sk_realloc, but NULL when there is no memory; take_ptr is then still the
 * caller's. */
void *sk_try_realloc(void *take_ptr, size_t size);

/* Any thread. Zeroed memory aligned to a cache line; release with sk_free. */
void *sk_calloc_line(size_t size);

/* Any thread. Uninitialised memory at a multiple of `alignment`, a power of two and a multiple of a
 * pointer's size; NULL for any other. Release with sk_free. */
void *sk_malloc_aligned(size_t alignment, size_t size);

/* Any thread. A copy of the text, terminated. */
char *sk_strdup(const char *text);

/* Any thread. A copy of exactly `size` bytes, with an uncounted zero byte behind. */
char *sk_memdup_text(const void *data, size_t size);

/* Any thread. NULL is fine. */
static inline void sk_free(void *take_ptr) { free(take_ptr); }

#define sk_new(type) ((type *)sk_calloc(1, sizeof(type)))

#endif
