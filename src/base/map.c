/* map.c -- linear probing with backward-shift deletion. */
#include "base/map.h"

#include "base/assert.h"
#include "base/mem.h"

#define CAP_MIN 8
/* From here on a map grows by more at a time: moving the entries is what costs. */
#define CAP_LARGE 1024

/* Fibonacci hashing (Knuth, TAOCP 3, 6.4): dense keys are spread, so that there are no long runs
 * for a removal to walk along; but four in a row share a cache line. */
static uint32_t home_of(const sk_map *map, uint64_t key) {
    uint32_t line = (uint32_t)(((key >> 2) * 0x9e3779b97f4a7c15u) >> 32);
    return (line << 2 | (key & 3)) & (map->cap - 1);
}

/* Where the key is, or the free entry where it would go. */
static uint32_t find(const sk_map *map, uint64_t key) {
    uint32_t i = home_of(map, key);
    while (map->entries[i].key != 0 && map->entries[i].key != key)
        i = (i + 1) & (map->cap - 1);
    return i;
}

static void grow(sk_map *map) {
    sk_map old = *map;
    map->cap = old.cap ? old.cap * (old.cap < CAP_LARGE ? 2 : 4) : CAP_MIN;
    map->entries = sk_calloc(map->cap, sizeof *map->entries);
    for (uint32_t i = 0; i < old.cap; i++)
        if (old.entries[i].key)
            map->entries[find(map, old.entries[i].key)] = old.entries[i];
    sk_free(old.entries);
}

void sk_map_done(sk_map *map) {
    sk_free(map->entries);
    *map = (sk_map){0};
}

uint64_t sk_map_key_of(const char *text) {
    uint64_t hash = 0xcbf29ce484222325u;
    for (const char *c = text; *c; c++)
        hash = (hash ^ (uint8_t)*c) * 0x100000001b3u;
    return hash ? hash : 1;
}

void *sk_map_get(const sk_map *map, uint64_t key) {
    if (map->count == 0)
        return NULL;
    const sk_map_entry *e = &map->entries[find(map, key)];
    return e->key ? e->value : NULL;
}

void sk_map_prefetch(const sk_map *map, uint64_t key) {
    if (map->count > 0)
        __builtin_prefetch(&map->entries[home_of(map, key)]);
}

void *sk_map_put(sk_map *map, uint64_t key, void *value) {
    sk_assert(key != 0 && value);
    if ((map->count + 1) * 4 > map->cap * 3)
        grow(map);
    sk_map_entry *e = &map->entries[find(map, key)];
    void *old = e->key ? e->value : NULL;
    map->count += !e->key;
    *e = (sk_map_entry){key, value};
    return old;
}

void *sk_map_take(sk_map *map, uint64_t key) {
    if (map->count == 0)
        return NULL;
    uint32_t hole = find(map, key);
    if (map->entries[hole].key == 0)
        return NULL;
    void *value = map->entries[hole].value;
    uint32_t mask = map->cap - 1;
    for (uint32_t i = (hole + 1) & mask; map->entries[i].key; i = (i + 1) & mask) {
        uint32_t home = home_of(map, map->entries[i].key);
        if (((i - home) & mask) >= ((i - hole) & mask)) {
            map->entries[hole] = map->entries[i];
            hole = i;
        }
    }
    map->entries[hole] = (sk_map_entry){0, NULL};
    map->count--;
    return value;
}

bool sk_map_next(const sk_map *map, uint32_t *cursor, uint64_t *ret_key, void **ret_value) {
    for (uint32_t i = *cursor; i < map->cap; i++) {
        if (map->entries[i].key == 0)
            continue;
        *cursor = i + 1;
        *ret_key = map->entries[i].key;
        *ret_value = map->entries[i].value;
        return true;
    }
    return false;
}
