/* runqueue.c -- the ring of runqueue.h. */
#include "actor/runqueue.h"

#include "base/assert.h"

#define SLOT(queue, i) (&(queue)->slots[(i) & (SK_RUNQUEUE_LEN - 1)])

bool sk_runqueue_push(sk_runqueue *queue, sk_service *service) {
    uint32_t tail = sk_load_relaxed(&queue->tail);
    /* Acquire: the takers' reads of the slot are over; pairs with their compare and swap. */
    uint32_t head = sk_load_acquire(&queue->head);
    if (tail - head >= SK_RUNQUEUE_LEN)
        return false;
    sk_store_relaxed(SLOT(queue, tail), service);
    sk_store_release(&queue->tail, tail + 1); /* pairs with the acquire of tail in take_range */
    return true;
}

sk_service *sk_runqueue_pop(sk_runqueue *queue) {
    uint32_t head = sk_load_acquire(&queue->head);
    for (;;) {
        if (head == sk_load_relaxed(&queue->tail))
            return NULL;
        sk_service *service = sk_load_relaxed(SLOT(queue, head));
        if (sk_cas_weak_acq_rel(&queue->head, &head, head + 1))
            return service;
    }
}

/* Claims half of the queue; the services are copied to ret_services first. */
static uint32_t take_range(sk_runqueue *queue, sk_service **ret_services) {
    uint32_t head = sk_load_acquire(&queue->head);
    for (;;) {
        uint32_t count = sk_load_acquire(&queue->tail) - head;
        count -= count / 2;
        if (count == 0)
            return 0;
        if (count > SK_RUNQUEUE_LEN / 2) { /* head and tail were not read together */
            head = sk_load_acquire(&queue->head);
            continue;
        }
        for (uint32_t i = 0; i < count; i++)
            ret_services[i] = sk_load_relaxed(SLOT(queue, head + i));
        if (sk_cas_weak_acq_rel(&queue->head, &head, head + count))
            return count;
    }
}

sk_service *sk_runqueue_steal(sk_runqueue *into, sk_runqueue *from) {
    sk_service *taken[SK_RUNQUEUE_LEN / 2];
    uint32_t count = take_range(from, taken);
    if (count == 0)
        return NULL;
    for (uint32_t i = 1; i < count; i++) {
        bool fits = sk_runqueue_push(into, taken[i]);
        sk_assert(fits);
    }
    return taken[0];
}

uint32_t sk_runqueue_len(const sk_runqueue *queue) {
    uint32_t head = sk_load_acquire(&queue->head);
    uint32_t tail = sk_load_acquire(&queue->tail);
    return (int32_t)(tail - head) > 0 ? tail - head : 0;
}
