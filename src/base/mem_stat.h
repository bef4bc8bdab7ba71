/* mem_stat.h -- what the process's allocator says of itself: mimalloc, jemalloc or the C library's.
 *
 * Which one it is, is found when the program runs. What an allocator cannot tell is 0. Functions
 * that only jemalloc has fail with SK_ESTATE on the others. Any thread. */
#ifndef SK_BASE_MEM_STAT_H
#define SK_BASE_MEM_STAT_H

#include <stdbool.h>
#include <stddef.h>

/* Any thread. "mimalloc", "jemalloc" or "libc". */
const char *sk_mem_allocator(void);

/* In bytes. */
typedef struct {
    size_t allocated; /* in blocks that are in use; with mimalloc, which does not tell: active */
    size_t active;    /* in pages that hold such blocks */
    size_t mapped;    /* of address space the allocator has in use */
    size_t retained;  /* kept by it for later, without blocks in use */
    size_t resident;  /* of the whole process, in physical memory */
} sk_mem_stat;

/* Any thread. Takes a few microseconds. */
void sk_mem_get_stat(sk_mem_stat *ret_stat);

/* Any thread. Blocks in use; 0 when the allocator does not tell (only jemalloc does). */
size_t sk_mem_block_count(void);

/* Any thread. Prints the allocator's own report to stderr; `options` are jemalloc's, or NULL. */
void sk_mem_print_report(const char *options);

/* Any thread. jemalloc's controls by name: reads the value, after setting it to *new_value unless
 * that is NULL. 0; SK_ESTATE: not jemalloc; -errno: it refused (no such name, another type). */
int sk_mem_control_size(const char *name, const size_t *new_value, size_t *ret_value);
int sk_mem_control_int(const char *name, const int *new_value, int *ret_value);
int sk_mem_control_bool(const char *name, const bool *new_value, bool *ret_value);

/* Any thread. A control without a value. */
int sk_mem_control_run(const char *name);

#endif
