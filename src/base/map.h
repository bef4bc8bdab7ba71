/* map.h -- a hash map from a non-zero 64-bit key to a pointer. Owner only.
 *
 * Open addressing with linear probing and backward-shift deletion (Knuth, TAOCP 3, 6.4, algorithm
 * R), so there are no tombstones. */
#ifndef SK_BASE_MAP_H
#define SK_BASE_MAP_H

#include "base/defs.h"

typedef struct {
    uint64_t key; /* 0: free */
    void *value;
} sk_map_entry;

typedef struct {
    sk_map_entry *entries; /* NULL while nothing was ever put */
    uint32_t cap;          /* a power of two, or 0 */
    uint32_t count;
} sk_map;

/* A key for a text: its hash, FNV-1a (G. Fowler, L. Noll, P. Vo), never 0. Texts can share one. */
uint64_t sk_map_key_of(const char *text);

/* Frees the memory; the map is empty afterwards. */
void sk_map_done(sk_map *map);

/* The value of the key, or NULL. */
void *sk_map_get(const sk_map *map, uint64_t key);

/* Fetches what sk_map_get for the key will read into the cache. */
void sk_map_prefetch(const sk_map *map, uint64_t key);

/* Sets the value (not NULL); returns the one it replaced, or NULL. */
void *sk_map_put(sk_map *map, uint64_t key, void *value);

/* Removes the key; returns its value, or NULL. */
void *sk_map_take(sk_map *map, uint64_t key);

/* Iteration: start with *cursor = 0; false at the end. The map must not change meanwhile. */
bool sk_map_next(const sk_map *map, uint32_t *cursor, uint64_t *ret_key, void **ret_value);

#endif
