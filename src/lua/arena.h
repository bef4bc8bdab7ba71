/* arena.h -- the first memory of a Lua state, in one piece.
 *
 * What a small service touches for a message lies in some forty places. A general allocator sorts
 * them by size, over two dozen pages that the service shares with others; here they are neighbours,
 * and far fewer pages. Only the first bytes of a state come from here: what does not fit is the
 * general allocator's, so that a state that grows and shrinks again gives its memory back.
 *
 * Blocks are multiples of 8 bytes. A freed block is kept for the next one of its size; a big one is
 * rather cut into small ones, since a table that grows leaves its old halves behind. Belongs to the
 * vm: the thread that runs the service. */
#ifndef SK_LUA_ARENA_H
#define SK_LUA_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SK_ARENA_UNIT 8
/* Bigger blocks never come from here. */
#define SK_ARENA_BLOCK_MAX 2048
/* Freed blocks from this size on are cut up. */
#define SK_ARENA_CUT_SIZE 256
#define SK_ARENA_CLASS_COUNT (SK_ARENA_CUT_SIZE / SK_ARENA_UNIT)

typedef struct {
    char *base;
    uint32_t size, used;                 /* bytes; those behind `used` have never been given out */
    uint32_t spare, spare_end;           /* a big block that is being cut up */
    uint16_t free[SK_ARENA_CLASS_COUNT]; /* by size: the first free block; 0: none; in units */
} sk_arena;

/* The memory belongs to the caller, is aligned to a unit, and at most 512 KiB; nothing of it: no
 * block will ever be had. */
void sk_arena_init(sk_arena *arena, void *memory, size_t size);

/* A block of `size` > 0 bytes, or NULL. */
void *sk_arena_take(sk_arena *arena, size_t size);

/* Gives back a block that sk_arena_has, of the size it was taken with. */
void sk_arena_give(sk_arena *arena, void *block, size_t size);

/* `size` bytes as the arena counts them. */
static inline uint32_t sk_arena_round(size_t size) {
    return (uint32_t)((size + SK_ARENA_UNIT - 1) & ~(size_t)(SK_ARENA_UNIT - 1));
}

/* Whether the block (any pointer, or NULL) came from here. */
static inline bool sk_arena_has(const sk_arena *arena, const void *block) {
    return (uintptr_t)block - (uintptr_t)arena->base < arena->size;
}

#endif
