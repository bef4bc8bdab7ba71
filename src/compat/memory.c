/* memory.c -- skynet_malloc.h and malloc_hook.h over base/mem.
 *
 * The executable's allocator is chosen when it is built, so what only one of them has is looked for
 * by weak symbols: the same object file fits all. */
#include "skynet_malloc.h"
#include <malloc_hook.h>

#include "base/mem.h"
#include "compat/caller.h"
#include "skynet.h"
#include "skynet_imp.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>

/* ---- skynet_malloc.h ---- */

void *skynet_malloc(size_t size) { return sk_malloc(size); }
void *skynet_calloc(size_t count, size_t size) { return sk_calloc(count, size); }
void *skynet_realloc(void *ptr, size_t size) { return sk_realloc(ptr, size); }
void skynet_free(void *ptr) { sk_free(ptr); }
char *skynet_strdup(const char *text) { return sk_strdup(text); }
char *skynet_strndup(const char *text, size_t n) { return sk_memdup_text(text, n); }

/* As libc, which takes smaller powers of two as well. */
static void *allocate_aligned(size_t alignment, size_t size) {
    bool is_small = alignment && alignment < sizeof(void *) && !(alignment & (alignment - 1));
    return sk_malloc_aligned(is_small ? sizeof(void *) : alignment, size);
}

void *skynet_aligned_alloc(size_t alignment, size_t size) {
    return allocate_aligned(alignment, size);
}

void *skynet_memalign(size_t alignment, size_t size) { return allocate_aligned(alignment, size); }

int skynet_posix_memalign(void **ret_ptr, size_t alignment, size_t size) {
    void *ptr = sk_malloc_aligned(alignment, size);
    if (!ptr)
        return EINVAL;
    *ret_ptr = ptr;
    return 0;
}

void *skynet_lalloc(void *ptr, size_t old_size, size_t new_size) {
    (void)old_size;
    if (new_size == 0) {
        sk_free(ptr);
        return NULL;
    }
    return sk_try_realloc(ptr, new_size); /* Lua collects garbage and tries again */
}

/* ---- What the allocators tell ---- */

#define WEAK __attribute__((weak))

WEAK int mallctl(const char *name, void *ret_old, size_t *old_size, void *new, size_t new_size);
WEAK void malloc_stats_print(void (*write)(void *, const char *), void *arg, const char *opts);
WEAK void mi_process_info(size_t *ret_elapsed, size_t *ret_user, size_t *ret_system,
                          size_t *ret_rss, size_t *ret_rss_max, size_t *ret_commit,
                          size_t *ret_commit_max, size_t *ret_faults);
WEAK void mi_stats_print(void *out);
WEAK size_t __sanitizer_get_current_allocated_bytes(void);

size_t malloc_used_memory(void) {
    size_t used = 0, size = sizeof used;
    uint64_t epoch = 1;
    if (mallctl) {
        /* Without a new epoch the numbers are old ones, but numbers. */
        (void)mallctl("epoch", NULL, NULL, &epoch, sizeof epoch);
        return mallctl("stats.allocated", &used, &size, NULL, 0) == 0 ? used : 0;
    }
    if (mi_process_info) {
        size_t other;
        mi_process_info(&other, &other, &other, &other, &other, &used, &other, &other);
        return used;
    }
    if (__sanitizer_get_current_allocated_bytes)
        return __sanitizer_get_current_allocated_bytes();
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

size_t malloc_memory_block(void) { return 0; }
size_t malloc_current_memory(void) { return 0; }

void memory_info_dump(const char *opts) {
    if (malloc_stats_print)
        malloc_stats_print(NULL, NULL, opts);
    else if (mi_stats_print)
        mi_stats_print(NULL);
    else
        (void)malloc_info(0, stderr); /* it is only information */
}

/* ---- malloc_hook.h ---- */

int dump_mem_lua(lua_State *L) {
    lua_newtable(L);
    return 1;
}

void dump_c_mem(void) {
    skynet_error(NULL, "dump all service mem:");
    skynet_error(NULL, "+total: %zukb", malloc_used_memory() >> 10);
}

/* Reads and, with a new value, writes a control of `size` bytes. */
static bool control(const char *function, const char *name, void *ret_value, void *new,
                    size_t size) {
    size_t old_size = size;
    if (!mallctl) {
        skynet_error(NULL, "No jemalloc : %s %s.", function, name);
        return false;
    }
    return mallctl(name, ret_value, &old_size, new, new ? size : 0) == 0;
}

size_t mallctl_int64(const char *name, size_t *new_value) {
    size_t value = 0;
    return control("mallctl_int64", name, &value, new_value, sizeof value) ? value : 0;
}

int mallctl_opt(const char *name, int *new_value) {
    int value = 0;
    return control("mallctl_opt", name, &value, new_value, sizeof value) ? value : 0;
}

bool mallctl_bool(const char *name, bool *new_value) {
    bool value = false;
    return control("mallctl_bool", name, &value, new_value, sizeof value) && value;
}

int mallctl_cmd(const char *name) {
    if (mallctl)
        return mallctl(name, NULL, NULL, NULL, 0);
    skynet_error(NULL, "No jemalloc : mallctl_cmd %s.", name);
    return 0;
}

void skynet_debug_memory(const char *info) {
    fprintf(stderr, "[:%08x] %s 0x%zx\n", skynet_current_handle(), info, malloc_current_memory());
}
