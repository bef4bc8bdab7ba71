/* later.h -- the few things the io layer comes back to after a time: a heap of deadlines.
 *
 * Grace of sockets nobody started, flushing after a shortage of memory, accepting after a shortage
 * of descriptors, the limit of a lingering close. An entry is never taken back: it names an id, and
 * whoever handles it looks whether it still applies. */
#ifndef SK_IO_LATER_H
#define SK_IO_LATER_H

#include "base/atomic.h"
#include "base/defs.h"
#include "base/thread.h"

typedef enum {
    SK_LATER_ORPHAN, /* close it if nobody has started it */
    SK_LATER_FLUSH,  /* try to write again */
    SK_LATER_READ,   /* try to read again */
    SK_LATER_ACCEPT, /* try to accept again */
    SK_LATER_LINGER, /* cut a close that takes too long */
} sk_later_kind;

typedef struct {
    uint64_t due_ms;
    int32_t id;
    sk_later_kind kind;
} sk_later_entry;

typedef struct {
    _Atomic uint64_t first_ms; /* of the earliest entry; UINT64_MAX: none */
    sk_spin lock;
    sk_later_entry *heap;
    uint32_t count;
    uint32_t cap;
} sk_later;

/* Before use. */
void sk_later_init(sk_later *later);
/* Nobody uses it any more. */
void sk_later_done(sk_later *later);

/* Any thread. True: it is the earliest now, so the poller may sleep too long. */
bool sk_later_add(sk_later *later, const sk_later_entry *entry);

/* Any thread. Takes out one entry that is due at `now_ms`; false when there is none. */
bool sk_later_take(sk_later *later, uint64_t now_ms, sk_later_entry *ret_entry);

/* Any thread. When the earliest entry is due; UINT64_MAX: there is none. */
static inline uint64_t sk_later_first_ms(const sk_later *later) {
    return sk_load_relaxed(&later->first_ms);
}

#endif
