/* atomic.h -- atomic numbers under one set of names for C and C++.
 *
 * A zeroed one is 0. Everything is sequentially consistent. The _CAS macros return non-zero on
 * success; FINC, FDEC, FADD, FSUB and FAND return the value from before. */
#ifndef SKYNET_ATOMIC_H
#define SKYNET_ATOMIC_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus

#define ATOM_INT volatile int
#define ATOM_POINTER volatile uintptr_t
#define ATOM_SIZET volatile size_t
#define ATOM_ULONG volatile unsigned long

#define ATOM_INIT(ptr, v) __atomic_store_n((ptr), (v), __ATOMIC_SEQ_CST)
#define ATOM_LOAD(ptr) __atomic_load_n((ptr), __ATOMIC_SEQ_CST)
#define ATOM_STORE(ptr, v) __atomic_store_n((ptr), (v), __ATOMIC_SEQ_CST)
#define ATOM_FINC(ptr) __atomic_fetch_add((ptr), 1, __ATOMIC_SEQ_CST)
#define ATOM_FDEC(ptr) __atomic_fetch_sub((ptr), 1, __ATOMIC_SEQ_CST)
#define ATOM_FADD(ptr, n) __atomic_fetch_add((ptr), (n), __ATOMIC_SEQ_CST)
#define ATOM_FSUB(ptr, n) __atomic_fetch_sub((ptr), (n), __ATOMIC_SEQ_CST)
#define ATOM_FAND(ptr, n) __atomic_fetch_and((ptr), (n), __ATOMIC_SEQ_CST)
#define SKYNET_ATOMIC_SWAP_IF(ptr, expected, v)                                                    \
    __atomic_compare_exchange_n((ptr), (expected), (v), 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)

#else

#include <stdatomic.h>

#define ATOM_INT atomic_int
#define ATOM_POINTER atomic_uintptr_t
#define ATOM_SIZET atomic_size_t
#define ATOM_ULONG atomic_ulong

#define ATOM_INIT(ptr, v) atomic_init((ptr), (v))
#define ATOM_LOAD(ptr) atomic_load((ptr))
#define ATOM_STORE(ptr, v) atomic_store((ptr), (v))
#define ATOM_FINC(ptr) atomic_fetch_add((ptr), 1)
#define ATOM_FDEC(ptr) atomic_fetch_sub((ptr), 1)
#define ATOM_FADD(ptr, n) atomic_fetch_add((ptr), (n))
#define ATOM_FSUB(ptr, n) atomic_fetch_sub((ptr), (n))
#define ATOM_FAND(ptr, n) atomic_fetch_and((ptr), (n))
#define SKYNET_ATOMIC_SWAP_IF(ptr, expected, v)                                                    \
    atomic_compare_exchange_strong((ptr), (expected), (v))

#endif

static inline int ATOM_CAS(ATOM_INT *ptr, int old_value, int new_value) {
    return SKYNET_ATOMIC_SWAP_IF(ptr, &old_value, new_value);
}

static inline int ATOM_CAS_ULONG(ATOM_ULONG *ptr, unsigned long old_value,
                                 unsigned long new_value) {
    return SKYNET_ATOMIC_SWAP_IF(ptr, &old_value, new_value);
}

static inline int ATOM_CAS_SIZET(ATOM_SIZET *ptr, size_t old_value, size_t new_value) {
    return SKYNET_ATOMIC_SWAP_IF(ptr, &old_value, new_value);
}

static inline int ATOM_CAS_POINTER(ATOM_POINTER *ptr, uintptr_t old_value, uintptr_t new_value) {
    return SKYNET_ATOMIC_SWAP_IF(ptr, &old_value, new_value);
}

#endif
