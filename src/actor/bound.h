/* bound.h -- when a mailbox is too long or too slow, and what is done then.
 *
 * A bound has a length, a delay (the age of the oldest message), or both, and a policy. Only
 * requests are ever refused or dropped: answers, errors, timers, sockets, system and debug
 * messages, and exit notices always get through.
 *
 * The age needs no stamp in each message: the owner notes, at some of the times when it takes a
 * message out, how many were in the box. A message of that number is at least that old. So the age
 * is never overestimated, and is late by an eighth of the bound and by one message's handling. */
#ifndef SK_ACTOR_BOUND_H
#define SK_ACTOR_BOUND_H

#include "actor/message.h"

typedef enum {
    SK_POLICY_WARN,        /* a line in the log */
    SK_POLICY_REFUSE,      /* new requests fail until it is better */
    SK_POLICY_DROP_OLDEST, /* the oldest requests fail */
} sk_policy;

typedef struct {
    uint32_t len_max;      /* messages waiting; 0: any number */
    uint32_t delay_ms_max; /* age of the oldest; 0: any */
    sk_policy policy;
} sk_bound_settings;

#define SK_BOUND_SAMPLE_COUNT 16

typedef struct {
    sk_bound_settings settings;
    uint64_t popped; /* messages taken out since the bound was set */
    /* Ring of notes, oldest at `first`: at `ms`, messages up to number `count` were in the box. */
    struct {
        uint64_t ms, count;
    } samples[SK_BOUND_SAMPLE_COUNT];
    uint32_t first, sample_count;
    uint64_t delay_warn_ms; /* age of the next warning; 0: the bound's */
    uint64_t reported;      /* refused and dropped ones that the log knows of */
    uint64_t report_ms;     /* time of that line */
} sk_bound;

/* Any thread. The policy of a name ("warn", "refuse", "drop_oldest"); SK_EINVAL for any other. */
int sk_policy_parse(const char *name, sk_policy *ret_policy);
const char *sk_policy_name(sk_policy policy);

/* Any thread. True for a request, which a bound may refuse or drop. */
bool sk_bound_covers(const sk_msg *msg);

/* Owner. Starts with nothing noted. */
void sk_bound_init(sk_bound *bound, const sk_bound_settings *settings);

/* Owner, at `now_ms`, each time that a message has been taken out: `len` are behind it. `woken_ms`:
 * when it came into an empty box; 0: unknown. Returns the age of the message in ms, at least. */
uint64_t sk_bound_pop(sk_bound *bound, uint64_t now_ms, uint64_t len, uint64_t woken_ms);

#endif
