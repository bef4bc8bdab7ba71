/* arena.c -- the blocks of arena.h. */
#include "lua/arena.h"

#include "base/defs.h"

#include <string.h>

void sk_arena_init(sk_arena *arena, void *memory, size_t size) {
    *arena = (sk_arena){.base = memory, .size = (uint32_t)size};
    if (size >= SK_ARENA_UNIT)
        arena->used = SK_ARENA_UNIT; /* place 0 means "none" */
}

/* A free block's first bytes are the place of the next one. */
static void put_free(sk_arena *arena, uint32_t at, uint32_t size) {
    uint16_t *head = &arena->free[size / SK_ARENA_UNIT];
    memcpy(arena->base + at, head, sizeof *head);
    *head = (uint16_t)(at / SK_ARENA_UNIT);
}

void *sk_arena_take(sk_arena *arena, size_t size) {
    if (size > SK_ARENA_BLOCK_MAX)
        return NULL;
    uint32_t bytes = sk_arena_round(size);
    if (SK_LIKELY(bytes < SK_ARENA_CUT_SIZE)) {
        uint16_t *head = &arena->free[bytes / SK_ARENA_UNIT];
        char *block = arena->base + (uint32_t)*head * SK_ARENA_UNIT;
        if (*head) {
            memcpy(head, block, sizeof *head);
            return block;
        }
    }
    if (bytes <= arena->spare_end - arena->spare) {
        arena->spare += bytes;
        return arena->base + arena->spare - bytes;
    }
    if (bytes > arena->size - arena->used)
        return NULL;
    arena->used += bytes;
    return arena->base + arena->used - bytes;
}

/* The rest of the block that is being cut up is worth more than its end. */
static void change_spare(sk_arena *arena, uint32_t at, uint32_t size) {
    uint32_t rest = arena->spare_end - arena->spare;
    if (rest >= size)
        return; /* lost until the state is closed */
    if (rest >= SK_ARENA_UNIT && rest < SK_ARENA_CUT_SIZE)
        put_free(arena, arena->spare, rest);
    arena->spare = at;
    arena->spare_end = at + size;
}

void sk_arena_give(sk_arena *arena, void *block, size_t size) {
    uint32_t at = (uint32_t)((char *)block - arena->base);
    uint32_t bytes = sk_arena_round(size);
    if (at + bytes == arena->used)
        arena->used = at;
    else if (bytes < SK_ARENA_CUT_SIZE)
        put_free(arena, at, bytes);
    else
        change_spare(arena, at, bytes);
}
