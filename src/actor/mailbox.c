/* mailbox.c -- the lock-free queue of mailbox.h. */
#include "actor/mailbox.h"

#include "base/assert.h"
#include "base/limits.h"

/* Two addresses no message has; aligned like one, so that they are valid pointers to compare. */
#define IDLE ((sk_msg *)(uintptr_t)8)
#define CLOSED ((sk_msg *)(uintptr_t)16)

void sk_mailbox_init(sk_mailbox *box) {
    sk_store_relaxed(&box->head, NULL);
    sk_store_relaxed(&box->pushed, 0);
    sk_store_relaxed(&box->limit, 0);
    sk_store_relaxed(&box->is_late, false);
    sk_store_relaxed(&box->refused, 0);
    sk_store_relaxed(&box->woken_ms, 0);
    sk_store_relaxed(&box->popped, 0);
    sk_store_relaxed(&box->has_first, false);
    box->list = NULL;
}

sk_push_result sk_mailbox_push(sk_mailbox *box, sk_msg *take_msg) {
    sk_assert(take_msg->next == NULL);
    sk_msg *head = sk_load_relaxed(&box->head);
    do {
        if (SK_UNLIKELY(head == CLOSED)) {
            take_msg->next = NULL;
            return SK_PUSH_CLOSED;
        }
        take_msg->next = head == IDLE ? NULL : head;
        /* Release: the message's content; pairs with the acquire in take_all. */
    } while (!sk_cas_weak_acq_rel(&box->head, &head, take_msg));
    if (head == IDLE)
        return SK_PUSH_SCHEDULE;
    sk_add_relaxed(&box->pushed, 1);
    return SK_PUSH_QUEUED;
}

/* Moves the chain to the consumer's list, oldest first. */
static void take_all(sk_mailbox *box, sk_msg *replacement) {
    sk_msg *newest = sk_swap_acq_rel(&box->head, replacement);
    sk_assert(newest != IDLE && newest != CLOSED);
    if (SK_LIKELY(newest && !newest->next && !box->list)) {
        box->list = newest;
        return;
    }
    sk_msg *list = NULL;
    while (newest) {
        sk_msg *older = newest->next;
        newest->next = list;
        list = newest;
        newest = older;
    }
    sk_msg **tail = &box->list;
    while (*tail)
        tail = &(*tail)->next;
    *tail = list;
}

sk_msg *sk_mailbox_pop(sk_mailbox *box) {
    if (!box->list) {
        sk_msg *head = sk_load_relaxed(&box->head);
        if (head == NULL || head == CLOSED)
            return NULL;
        take_all(box, NULL);
    }
    sk_msg *msg = box->list;
    box->list = msg->next;
    msg->next = NULL;
    if (box->list) { /* the next header, and the payload of a small message before it */
        __builtin_prefetch(box->list);
        __builtin_prefetch((const char *)(const void *)box->list - SK_CACHE_LINE);
    }
    if (sk_load_relaxed(&box->has_first))
        sk_store_relaxed(&box->has_first, false);
    else
        sk_store_relaxed(&box->popped, sk_load_relaxed(&box->popped) + 1);
    return msg;
}

bool sk_mailbox_try_idle(sk_mailbox *box) {
    sk_assert(box->list == NULL);
    sk_msg *expected = NULL;
    sk_store_relaxed(&box->has_first, true);
    /* Release: all the consumer did to the service; pairs with the push that finds IDLE. */
    if (sk_cas_acq_rel(&box->head, &expected, IDLE))
        return true;
    sk_store_relaxed(&box->has_first, false);
    return false;
}

void sk_mailbox_close(sk_mailbox *box) { take_all(box, CLOSED); }

void sk_mailbox_set_limit(sk_mailbox *box, uint32_t limit) {
    sk_store_relaxed(&box->is_late, false);
    sk_store_relaxed(&box->limit, limit);
}

bool sk_mailbox_refuses(sk_mailbox *box) {
    if (!sk_load_relaxed(&box->is_late) && sk_mailbox_len(box) < sk_load_relaxed(&box->limit))
        return false;
    sk_add_relaxed(&box->refused, 1);
    return true;
}

void sk_mailbox_note_time(sk_mailbox *box, uint64_t now_ms) {
    if (sk_load_relaxed(&box->head) == IDLE)
        sk_store_relaxed(&box->woken_ms, now_ms);
}

/* Adds up the messages from `msg` on; the number looked at goes to *count. */
static size_t walk(const sk_msg *msg, uint64_t *count) {
    size_t size = 0;
    for (uint64_t n = 0; msg && n < SK_MAILBOX_WALK_MAX; msg = msg->next, n++) {
        size += sizeof *msg + msg->size;
        ++*count;
    }
    return size;
}

size_t sk_mailbox_size(const sk_mailbox *box) {
    /* Producers only prepend, so the chain stays as it is. Acquire: the messages; pairs with the
     * push. */
    const sk_msg *newest = sk_load_acquire(&box->head);
    uint64_t count = 0;
    size_t size = walk(box->list, &count);
    if (newest != IDLE && newest != CLOSED)
        size += walk(newest, &count);
    uint64_t len = sk_mailbox_len(box);
    return count && len > count ? (size_t)((double)size / (double)count * (double)len) : size;
}

uint64_t sk_mailbox_len(const sk_mailbox *box) {
    if (sk_load_relaxed(&box->head) == IDLE)
        return 0;
    uint64_t popped = sk_load_relaxed(&box->popped);
    uint64_t pushed = sk_load_relaxed(&box->pushed);
    uint64_t counted = pushed > popped ? pushed - popped : 0;
    return counted + sk_load_relaxed(&box->has_first);
}
