/* poller.h -- waiting for readiness of descriptors: six functions, one file per system call family.
 *
 * A descriptor is added once and reported whenever it becomes readable or writable again (edges,
 * not levels). What comes back is the key it was added with, never a pointer, so that an event for
 * something that has been closed meanwhile finds nothing. Key 0 is taken. */
#ifndef SK_IO_POLLER_H
#define SK_IO_POLLER_H

#include "base/defs.h"

typedef struct sk_poller sk_poller;

enum {
    SK_POLL_IN = 1,  /* readable, or a connection to accept */
    SK_POLL_OUT = 2, /* writable, or connected */
    SK_POLL_END = 4, /* the peer has finished sending */
    SK_POLL_HUP = 8, /* both directions are over */
    SK_POLL_ERR = 16,
};

typedef struct {
    uint64_t key;
    uint32_t ready; /* SK_POLL_* */
} sk_poll_event;

/* Any thread. 0 or -errno. Free with sk_poller_free. */
int sk_poller_new(sk_poller **ret_poller);
void sk_poller_free(sk_poller *take_poller);

/* Any thread. Reports `fd` under `key` (not 0) from now on, also what is ready already. 0 or
 * -errno. A descriptor that is closed leaves by itself. */
int sk_poller_add(sk_poller *poller, int fd, uint64_t key);

/* Any thread. Reports `fd`, which stays open, no more. */
void sk_poller_remove(sk_poller *poller, int fd);

/* One thread at a time. Waits at most `timeout_ms` (negative: no limit). Returns the number of
 * events stored; 0 also when woken or interrupted. */
int sk_poller_wait(sk_poller *poller, sk_poll_event *ret_events, int count_max, int64_t timeout_ms);

/* Any thread. Makes the present or the next wait return. */
void sk_poller_wake(sk_poller *poller);

#endif
