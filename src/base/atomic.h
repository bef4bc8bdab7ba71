/* atomic.h -- atomic operations whose order is in their name.
 *
 * Each use says in a comment which operation elsewhere it pairs with. Lock-free algorithms live
 * in actor/mailbox.c, actor/runqueue.c, actor/registry.c, actor/reclaim.c and the
 * park and wake of actor/worker.c only. */
#ifndef SK_BASE_ATOMIC_H
#define SK_BASE_ATOMIC_H

#include <stdatomic.h>

#define sk_load_relaxed(p) atomic_load_explicit((p), memory_order_relaxed)
#define sk_load_acquire(p) atomic_load_explicit((p), memory_order_acquire)
#define sk_load_seq(p) atomic_load_explicit((p), memory_order_seq_cst)
#define sk_store_relaxed(p, v) atomic_store_explicit((p), (v), memory_order_relaxed)
#define sk_store_release(p, v) atomic_store_explicit((p), (v), memory_order_release)
#define sk_store_seq(p, v) atomic_store_explicit((p), (v), memory_order_seq_cst)
#define sk_add_relaxed(p, v) atomic_fetch_add_explicit((p), (v), memory_order_relaxed)
#define sk_add_acq_rel(p, v) atomic_fetch_add_explicit((p), (v), memory_order_acq_rel)
#define sk_add_seq(p, v) atomic_fetch_add_explicit((p), (v), memory_order_seq_cst)
#define sk_sub_relaxed(p, v) atomic_fetch_sub_explicit((p), (v), memory_order_relaxed)
#define sk_sub_acq_rel(p, v) atomic_fetch_sub_explicit((p), (v), memory_order_acq_rel)
#define sk_sub_seq(p, v) atomic_fetch_sub_explicit((p), (v), memory_order_seq_cst)
#define sk_or_acq_rel(p, v) atomic_fetch_or_explicit((p), (v), memory_order_acq_rel)
#define sk_and_acq_rel(p, v) atomic_fetch_and_explicit((p), (v), memory_order_acq_rel)
#define sk_swap_relaxed(p, v) atomic_exchange_explicit((p), (v), memory_order_relaxed)
#define sk_swap_acq_rel(p, v) atomic_exchange_explicit((p), (v), memory_order_acq_rel)
#define sk_swap_seq(p, v) atomic_exchange_explicit((p), (v), memory_order_seq_cst)
/* Compare and swap: `expected` is a pointer, updated on failure. The weak form may fail falsely. */
#define sk_cas_weak_acq_rel(p, expected, v)                                                        \
    atomic_compare_exchange_weak_explicit((p), (expected), (v), memory_order_acq_rel,              \
                                          memory_order_acquire)
#define sk_cas_acq_rel(p, expected, v)                                                             \
    atomic_compare_exchange_strong_explicit((p), (expected), (v), memory_order_acq_rel,            \
                                            memory_order_acquire)
#define sk_cas_seq(p, expected, v)                                                                 \
    atomic_compare_exchange_strong_explicit((p), (expected), (v), memory_order_seq_cst,            \
                                            memory_order_seq_cst)
#define sk_fence_seq() atomic_thread_fence(memory_order_seq_cst)
#define sk_fence_acquire() atomic_thread_fence(memory_order_acquire)

#endif
