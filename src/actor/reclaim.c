/* reclaim.c -- quiescent-state reclamation with one global epoch.
 *
 * The epoch goes up by one with each deferred item, and the item keeps the number from before. A
 * participant announces the epoch it has seen while it held no pointers; 0 is offline. An item may
 * go when every online participant has announced more than its number.
 *
 * Why that is enough, with the names used below:
 *   [A] The epoch's increment releases the unlinking that came before it, and an announcement
 *       acquires it: who has announced more than the item's number cannot find the item again.
 *   [B] An announcement (also "offline") releases what the participant did with its pointers, and
 *       collect acquires it: the participant's last access comes before the free.
 *   [C] A participant that collect saw offline may come online at that moment. The fences of
 *       defer and collect, and the one of online, order this: if collect missed the
 *       announcement, the participant's loads come after the unlinking. */
#include "actor/reclaim.h"

#include "base/assert.h"
#include "base/atomic.h"
#include "base/mem.h"
#include "base/thread.h"

#define OFFLINE 0
#define EPOCH_FIRST 1
#define NOTHING_DEFERRED UINT64_MAX

typedef struct deferred {
    struct deferred *next;
    uint64_t epoch;
    void *ptr;
    void (*free_fn)(void *);
} deferred;

typedef struct {
    /* Written by the participant, read by collect. */
    SK_ALIGN_LINE _Atomic uint64_t announced;
} participant;

struct sk_reclaim {
    /* Read by all participants, written by defer. */
    SK_ALIGN_LINE _Atomic uint64_t epoch;
    _Atomic uint64_t oldest; /* epoch of `first`; written under the lock, a hint elsewhere */
    /* Under the lock: oldest first, hence in the order of their epochs. */
    SK_ALIGN_LINE sk_spin lock;
    deferred *first;
    deferred *last;
    /* Fixed after new. */
    SK_ALIGN_LINE int participant_count;
    participant participants[];
};

static participant *get(sk_reclaim *reclaim, int index) {
    sk_assert(index >= 0 && index < reclaim->participant_count);
    return &reclaim->participants[index];
}

/* Items with a smaller epoch than the result can be freed. */
static uint64_t safe_epoch(sk_reclaim *reclaim) {
    /* Before the scan, so that nothing deferred during the scan counts as seen by all. */
    uint64_t safe = sk_load_acquire(&reclaim->epoch); /* [A] */
    sk_fence_seq();                                   /* [C] */
    for (int i = 0; i < reclaim->participant_count; i++) {
        uint64_t announced = sk_load_acquire(&reclaim->participants[i].announced); /* [B] */
        if (announced != OFFLINE && announced < safe)
            safe = announced;
    }
    return safe;
}

/* Unlinks the items with a smaller epoch than `safe`; NULL if there is none. */
static deferred *detach(sk_reclaim *reclaim, uint64_t safe) {
    deferred *list = NULL;
    deferred **tail = &list;
    sk_spin_acquire(&reclaim->lock);
    while (reclaim->first && reclaim->first->epoch < safe) {
        *tail = reclaim->first;
        tail = &reclaim->first->next;
        reclaim->first = reclaim->first->next;
    }
    *tail = NULL;
    if (!reclaim->first)
        reclaim->last = NULL;
    uint64_t oldest = reclaim->first ? reclaim->first->epoch : NOTHING_DEFERRED;
    sk_store_relaxed(&reclaim->oldest, oldest);
    sk_spin_release(&reclaim->lock);
    return list;
}

/* Without the lock: a free function may defer again. */
static void free_all(deferred *take_list) {
    while (take_list) {
        deferred *item = take_list;
        take_list = item->next;
        item->free_fn(item->ptr);
        sk_free(item);
    }
}

sk_reclaim *sk_reclaim_new(int participant_count) {
    sk_assert(participant_count >= 0);
    size_t size = sizeof(sk_reclaim) + (size_t)participant_count * sizeof(participant);
    sk_reclaim *reclaim = sk_calloc_line(size);
    reclaim->participant_count = participant_count;
    sk_store_relaxed(&reclaim->epoch, EPOCH_FIRST);
    sk_store_relaxed(&reclaim->oldest, NOTHING_DEFERRED);
    return reclaim;
}

void sk_reclaim_free(sk_reclaim *take_reclaim) {
    if (!take_reclaim)
        return;
    while (take_reclaim->first)
        free_all(detach(take_reclaim, UINT64_MAX));
    sk_free(take_reclaim);
}

void sk_reclaim_defer(sk_reclaim *reclaim, void *take_ptr, void (*free_fn)(void *)) {
    deferred *item = sk_malloc(sizeof *item);
    *item = (deferred){.ptr = take_ptr, .free_fn = free_fn};
    sk_fence_seq(); /* [C] */
    sk_spin_acquire(&reclaim->lock);
    item->epoch = sk_add_acq_rel(&reclaim->epoch, 1); /* [A] */
    if (reclaim->last) {
        reclaim->last->next = item;
    } else {
        reclaim->first = item;
        sk_store_relaxed(&reclaim->oldest, item->epoch);
    }
    reclaim->last = item;
    sk_spin_release(&reclaim->lock);
}

void sk_reclaim_online(sk_reclaim *reclaim, int participant_index) {
    participant *self = get(reclaim, participant_index);
    sk_assert(sk_load_relaxed(&self->announced) == OFFLINE);
    uint64_t epoch = sk_load_acquire(&reclaim->epoch); /* [A] */
    sk_store_release(&self->announced, epoch);         /* [B] */
    sk_fence_seq();                                    /* [C] */
}

void sk_reclaim_offline(sk_reclaim *reclaim, int participant_index) {
    participant *self = get(reclaim, participant_index);
    sk_assert(sk_load_relaxed(&self->announced) != OFFLINE);
    sk_store_release(&self->announced, OFFLINE); /* [B] */
}

void sk_reclaim_quiescent(sk_reclaim *reclaim, int participant_index) {
    participant *self = get(reclaim, participant_index);
    uint64_t announced = sk_load_relaxed(&self->announced);
    sk_assert(announced != OFFLINE);
    if (SK_LIKELY(sk_load_relaxed(&reclaim->epoch) == announced))
        return;
    uint64_t epoch = sk_load_acquire(&reclaim->epoch); /* [A] */
    sk_store_release(&self->announced, epoch);         /* [B] */
}

void sk_reclaim_collect(sk_reclaim *reclaim) {
    uint64_t oldest = sk_load_relaxed(&reclaim->oldest);
    if (SK_LIKELY(oldest == NOTHING_DEFERRED))
        return;
    uint64_t safe = safe_epoch(reclaim);
    if (oldest < safe)
        free_all(detach(reclaim, safe));
}
