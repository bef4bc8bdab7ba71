/* defs.h -- the few words every file uses: attributes, sizes, the service handle.
 *
 * Nothing here has behaviour. Ids are struct types, so that a source and a session cannot be
 * swapped unseen; both are plain 32-bit numbers at the edges (wire, Lua, C compatibility). */
#ifndef SK_BASE_DEFS_H
#define SK_BASE_DEFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SK_CACHE_LINE 64
#define SK_ALIGN_LINE _Alignas(SK_CACHE_LINE)
#define SK_LIKELY(x) __builtin_expect(!!(x), 1)
#define SK_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define SK_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define SK_NOINLINE __attribute__((noinline))
#define SK_COLD __attribute__((cold, noinline))
#define SK_EXPORT __attribute__((visibility("default")))
#define SK_ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define SK_CONTAINER(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/* The address of a service: harbor id in the top 8 bits, local id below; 0 is nobody. */
typedef struct {
    uint32_t v;
} sk_handle;

#define SK_HANDLE_NONE ((sk_handle){0})
#define SK_HANDLE_LOCAL_MASK 0xffffffu
#define SK_HANDLE_HARBOR_SHIFT 24

static inline bool sk_handle_eq(sk_handle a, sk_handle b) { return a.v == b.v; }
static inline bool sk_handle_is_none(sk_handle h) { return h.v == 0; }

#endif
