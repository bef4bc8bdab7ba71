/* skynet_malloc.h -- memory of the runtime; the same as libc's, in every mixture.
 *
 * A block from one of these may go to free() and realloc(), and one from malloc() to skynet_free().
 * Out of memory prints the size and ends the process. */
#ifndef SKYNET_MALLOC_H
#define SKYNET_MALLOC_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

/* Any thread. As the C functions without the prefix, but never NULL. */
void *skynet_malloc(size_t size);
void *skynet_calloc(size_t count, size_t size);
void *skynet_realloc(void *ptr, size_t size);
void skynet_free(void *ptr);
void *skynet_memalign(size_t alignment, size_t size);
void *skynet_aligned_alloc(size_t alignment, size_t size);
int skynet_posix_memalign(void **ret_ptr, size_t alignment, size_t size);

/* Any thread. A copy of the text. */
char *skynet_strdup(const char *text);

/* Any thread. The body of a lua_Alloc function: a new size of 0 frees. */
void *skynet_lalloc(void *ptr, size_t old_size, size_t new_size);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif

#endif
