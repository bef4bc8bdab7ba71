/* mem_info.h -- sums of allocations: bytes and blocks, plain and atomic. */
#ifndef SKYNET_MEM_INFO_H
#define SKYNET_MEM_INFO_H

#include "atomic.h"

typedef struct {
    size_t alloc; /* all that ever was allocated; freed */
    size_t alloc_count;
    size_t free;
    size_t free_count;
} MemInfo;

typedef struct {
    ATOM_SIZET alloc;
    ATOM_SIZET alloc_count;
    ATOM_SIZET free;
    ATOM_SIZET free_count;
} AtomicMemInfo;

static inline void meminfo_init(MemInfo *info) {
    info->alloc = 0;
    info->alloc_count = 0;
    info->free = 0;
    info->free_count = 0;
}

static inline void meminfo_alloc(MemInfo *info, size_t size) {
    info->alloc += size;
    info->alloc_count++;
}

static inline void meminfo_free(MemInfo *info, size_t size) {
    info->free += size;
    info->free_count++;
}

/* Adds `from` to `to`. */
static inline void meminfo_merge(MemInfo *to, const MemInfo *from) {
    to->alloc += from->alloc;
    to->alloc_count += from->alloc_count;
    to->free += from->free;
    to->free_count += from->free_count;
}

static inline void atomic_meminfo_init(AtomicMemInfo *info) {
    ATOM_INIT(&info->alloc, 0);
    ATOM_INIT(&info->alloc_count, 0);
    ATOM_INIT(&info->free, 0);
    ATOM_INIT(&info->free_count, 0);
}

static inline void atomic_meminfo_alloc(AtomicMemInfo *info, size_t size) {
    (void)ATOM_FADD(&info->alloc, size);
    (void)ATOM_FINC(&info->alloc_count);
}

static inline void atomic_meminfo_free(AtomicMemInfo *info, size_t size) {
    (void)ATOM_FADD(&info->free, size);
    (void)ATOM_FINC(&info->free_count);
}

/* Adds `from` to the plain sums `to`. */
static inline void atomic_meminfo_merge(MemInfo *to, const AtomicMemInfo *from) {
    AtomicMemInfo *info = (AtomicMemInfo *)from; /* reading an atomic changes nothing */
    to->alloc += ATOM_LOAD(&info->alloc);
    to->alloc_count += ATOM_LOAD(&info->alloc_count);
    to->free += ATOM_LOAD(&info->free);
    to->free_count += ATOM_LOAD(&info->free_count);
}

#endif
