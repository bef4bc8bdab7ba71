/* timer.c -- the timing wheel: seven levels of 64 slots, one bit a slot.
 *
 * The level of an entry is the highest 6-bit digit in which its expiry and the wheel's time
 * differ; its slot there is that digit of the expiry. When the wheel's time reaches a slot of a
 * higher level, the slot's entries are placed again, one level lower at least. So all entries of
 * one millisecond come together in one slot of level 0, and those armed earlier are there before
 * later ones are added: each slot is a list in the order of arming.
 *
 * The bits of non-empty slots let the wheel jump over empty time at once. */
#include "actor/timer.h"

#include "base/assert.h"
#include "base/mem.h"
#include "base/thread.h"

#define DIGIT_BITS 6
#define SLOT_COUNT (1u << DIGIT_BITS)
#define SLOT_MASK (SLOT_COUNT - 1)
/* 2^42 ms are 139 years. */
#define LEVEL_COUNT 7
/* The longest delay: 69 years, so that every expiry lies in the present turn of the last level. */
#define DELAY_MS_MAX (((uint64_t)1 << (LEVEL_COUNT * DIGIT_BITS - 1)) - 1)

typedef struct {
    sk_msg msg; /* first: the message that is posted; sk_msg_free frees the entry */
    uint64_t expire_ms;
    sk_handle handle;
} entry;

typedef struct {
    sk_msg *first;
    sk_msg **last; /* where the next one is linked */
} slot;

struct sk_timer {
    sk_node *node;
    sk_clock *clock;
    _Atomic bool is_running; /* a run is in progress */

    /* Under the lock. */
    sk_spin lock;
    uint64_t now_ms;      /* all entries expire later than this */
    uint64_t earliest_ms; /* a lower bound of the first expiry; UINT64_MAX: none */
    uint64_t count;
    sk_clock_cache clock_cache;
    uint64_t bits[LEVEL_COUNT];
    slot slots[LEVEL_COUNT][SLOT_COUNT];
};

static void slot_clear(slot *s) {
    s->first = NULL;
    s->last = &s->first;
}

static void slot_push(slot *s, sk_msg *msg) {
    *s->last = msg;
    s->last = &msg->next;
}

static sk_msg *slot_take(slot *s) {
    sk_msg *first = s->first;
    slot_clear(s);
    return first;
}

static unsigned digit_of(uint64_t ms, int level) {
    return (unsigned)(ms >> (level * DIGIT_BITS)) & SLOT_MASK;
}

static int level_of(uint64_t now_ms, uint64_t expire_ms) {
    uint64_t differing = now_ms ^ expire_ms;
    sk_assert(differing != 0);
    int level = (63 - __builtin_clzll(differing)) / DIGIT_BITS;
    return level < LEVEL_COUNT ? level : LEVEL_COUNT - 1;
}

static void place(sk_timer *timer, entry *e) {
    int level = level_of(timer->now_ms, e->expire_ms);
    unsigned digit = digit_of(e->expire_ms, level);
    slot_push(&timer->slots[level][digit], &e->msg);
    timer->bits[level] |= (uint64_t)1 << digit;
}

/* The first slot of the level behind the present digit; -1 if there is none in this turn. */
static int next_slot(const sk_timer *timer, int level) {
    unsigned digit = digit_of(timer->now_ms, level);
    uint64_t later = timer->bits[level] & ~(((uint64_t)2 << digit) - 1);
    return later ? __builtin_ctzll(later) : -1;
}

/* When the wheel must look next, and at which slot: the lowest level that has one comes first. */
static uint64_t next_event(const sk_timer *timer, int *ret_level, unsigned *ret_digit) {
    for (int level = 0; level < LEVEL_COUNT; level++) {
        int digit = next_slot(timer, level);
        if (digit < 0)
            continue;
        *ret_level = level;
        *ret_digit = (unsigned)digit;
        uint64_t below = ((uint64_t)1 << (level * DIGIT_BITS)) - 1;
        uint64_t turn = ((uint64_t)SLOT_MASK << (level * DIGIT_BITS)) | below;
        return (timer->now_ms & ~turn) | (uint64_t)digit << (level * DIGIT_BITS);
    }
    return UINT64_MAX;
}

/* The wheel stands at a slot's time: entries of level 0 are due, others are placed again. */
static void visit(sk_timer *timer, int level, unsigned digit, slot *due) {
    timer->bits[level] &= ~((uint64_t)1 << digit);
    sk_msg *msg = slot_take(&timer->slots[level][digit]);
    while (msg) {
        sk_msg *next = msg->next;
        entry *e = (entry *)(void *)msg;
        msg->next = NULL;
        if (e->expire_ms <= timer->now_ms)
            slot_push(due, msg);
        else
            place(timer, e);
        msg = next;
    }
}

/* Advances the wheel to `now_ms`; returns what is due, oldest first. */
static sk_msg *collect(sk_timer *timer, uint64_t now_ms) {
    slot due;
    slot_clear(&due);
    int level = 0;
    unsigned digit = 0;
    uint64_t event_ms;
    while ((event_ms = next_event(timer, &level, &digit)) <= now_ms) {
        timer->now_ms = event_ms;
        visit(timer, level, digit, &due);
    }
    if (now_ms > timer->now_ms)
        timer->now_ms = now_ms;
    timer->earliest_ms = event_ms;
    return due.first;
}

static int post_all(sk_timer *timer, sk_worker *worker, sk_msg *msg) {
    int count = 0;
    while (msg) {
        sk_msg *next = msg->next;
        entry *e = (entry *)(void *)msg;
        msg->next = NULL;
        (void)sk_node_post(timer->node, worker, e->handle, msg); /* dead services want nothing */
        msg = next;
        count++;
    }
    return count;
}

sk_timer *sk_timer_new(sk_node *node) {
    sk_timer *timer = sk_new(sk_timer);
    timer->node = node;
    timer->clock = sk_node_clock(node);
    timer->now_ms = sk_clock_ms(timer->clock);
    timer->earliest_ms = UINT64_MAX;
    for (int level = 0; level < LEVEL_COUNT; level++)
        for (unsigned i = 0; i < SLOT_COUNT; i++)
            slot_clear(&timer->slots[level][i]);
    return timer;
}

void sk_timer_free(sk_timer *take_timer) {
    if (!take_timer)
        return;
    for (int level = 0; level < LEVEL_COUNT; level++) {
        for (unsigned i = 0; i < SLOT_COUNT; i++) {
            for (sk_msg *msg = take_timer->slots[level][i].first; msg;) {
                sk_msg *next = msg->next;
                sk_msg_free(msg);
                msg = next;
            }
        }
    }
    sk_free(take_timer);
}

bool sk_timer_add(sk_timer *timer, sk_handle handle, int32_t session, uint64_t delay_ms,
                  uint64_t tag) {
    entry *e = sk_malloc(sizeof *e);
    e->msg = (sk_msg){.kind = SK_MSG_OUTSIDE, .type = SK_TYPE_RESPONSE, .session = session};
    e->msg.deadline_ns = tag;
    e->handle = handle;
    if (delay_ms > DELAY_MS_MAX)
        delay_ms = DELAY_MS_MAX;
    sk_spin_acquire(&timer->lock);
    /* From the end of the present millisecond: an entry never fires early. */
    uint64_t now_ns = sk_clock_ns_cached(timer->clock, &timer->clock_cache);
    uint64_t expire_ms = (now_ns + 999999) / 1000000 + delay_ms;
    if (expire_ms <= timer->now_ms) /* due: with the next millisecond the wheel reaches */
        expire_ms = timer->now_ms + 1;
    e->expire_ms = expire_ms;
    bool is_earliest = expire_ms < timer->earliest_ms;
    if (is_earliest)
        timer->earliest_ms = expire_ms;
    timer->count++;
    place(timer, e);
    sk_spin_release(&timer->lock);
    return is_earliest;
}

int sk_timer_run(sk_timer *timer, sk_worker *worker) {
    if (sk_swap_acq_rel(&timer->is_running, true))
        return 0;
    uint64_t now_ms = sk_clock_ms(timer->clock);
    sk_spin_acquire(&timer->lock);
    sk_msg *due = timer->earliest_ms <= now_ms ? collect(timer, now_ms) : NULL;
    for (sk_msg *msg = due; msg; msg = msg->next)
        timer->count--;
    sk_spin_release(&timer->lock);
    int count = post_all(timer, worker, due);
    sk_store_release(&timer->is_running, false); /* pairs with the swap above */
    return count;
}

int64_t sk_timer_wait_ms(sk_timer *timer) {
    sk_spin_acquire(&timer->lock);
    uint64_t earliest_ms = timer->earliest_ms;
    sk_spin_release(&timer->lock);
    uint64_t now_ms = sk_clock_ms(timer->clock); /* after the lock: never an old reading */
    if (earliest_ms == UINT64_MAX)
        return -1;
    return earliest_ms > now_ms ? (int64_t)(earliest_ms - now_ms) : 0;
}

uint64_t sk_timer_count(sk_timer *timer) {
    sk_spin_acquire(&timer->lock);
    uint64_t count = timer->count;
    sk_spin_release(&timer->lock);
    return count;
}
