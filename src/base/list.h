/* list.h -- an intrusive doubly linked ring. The head is a link; all operations are O(1). */
#ifndef SK_BASE_LIST_H
#define SK_BASE_LIST_H

#include "base/defs.h"

typedef struct sk_link {
    struct sk_link *next;
    struct sk_link *prev;
} sk_link;

static inline void sk_list_init(sk_link *head) { head->next = head->prev = head; }
static inline bool sk_list_is_empty(const sk_link *head) { return head->next == head; }

/* An unlinked element points to itself (after sk_list_init or sk_list_remove). */
static inline bool sk_list_is_linked(const sk_link *link) { return link->next != link; }

static inline void sk_list_push(sk_link *head, sk_link *link) {
    link->prev = head->prev;
    link->next = head;
    head->prev->next = link;
    head->prev = link;
}

static inline void sk_list_remove(sk_link *link) {
    link->prev->next = link->next;
    link->next->prev = link->prev;
    link->next = link->prev = link;
}

/* The oldest element, unlinked; NULL when empty. */
static inline sk_link *sk_list_pop(sk_link *head) {
    if (sk_list_is_empty(head))
        return NULL;
    sk_link *link = head->next;
    sk_list_remove(link);
    return link;
}

#endif
