/* later.c -- a binary heap under a lock; its head is also kept in an atomic for a free look. */
#include "io/later.h"

#include "base/mem.h"

static void publish(sk_later *later) {
    sk_store_relaxed(&later->first_ms, later->count ? later->heap[0].due_ms : UINT64_MAX);
}

static void swap(sk_later_entry *a, sk_later_entry *b) {
    sk_later_entry c = *a;
    *a = *b;
    *b = c;
}

static void sift_up(sk_later *later, uint32_t i) {
    sk_later_entry *heap = later->heap;
    while (i > 0 && heap[i].due_ms < heap[(i - 1) / 2].due_ms) {
        swap(&heap[i], &heap[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
}

static void sift_down(sk_later *later, uint32_t i) {
    sk_later_entry *heap = later->heap;
    for (;;) {
        uint32_t child = 2 * i + 1;
        if (child + 1 < later->count && heap[child + 1].due_ms < heap[child].due_ms)
            child++;
        if (child >= later->count || heap[i].due_ms <= heap[child].due_ms)
            return;
        swap(&heap[i], &heap[child]);
        i = child;
    }
}

void sk_later_init(sk_later *later) {
    *later = (sk_later){0};
    publish(later);
}

void sk_later_done(sk_later *later) {
    sk_free(later->heap);
    later->heap = NULL;
    later->count = later->cap = 0;
}

bool sk_later_add(sk_later *later, const sk_later_entry *entry) {
    sk_spin_acquire(&later->lock);
    if (later->count == later->cap) {
        later->cap = later->cap ? 2 * later->cap : 16;
        later->heap = sk_realloc(later->heap, later->cap * sizeof *later->heap);
    }
    later->heap[later->count++] = *entry;
    sift_up(later, later->count - 1);
    bool is_first = later->heap[0].due_ms == entry->due_ms;
    publish(later);
    sk_spin_release(&later->lock);
    return is_first;
}

bool sk_later_take(sk_later *later, uint64_t now_ms, sk_later_entry *ret_entry) {
    if (sk_later_first_ms(later) > now_ms)
        return false;
    bool found = false;
    sk_spin_acquire(&later->lock);
    if (later->count > 0 && later->heap[0].due_ms <= now_ms) {
        *ret_entry = later->heap[0];
        later->heap[0] = later->heap[--later->count];
        sift_down(later, 0);
        publish(later);
        found = true;
    }
    sk_spin_release(&later->lock);
    return found;
}
