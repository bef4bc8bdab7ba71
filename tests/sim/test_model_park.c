/* test_model_park.c -- every interleaving of the scheduler's park and wake, on a model of it.
 *
 * Three threads (workers, foreign threads that push, the monitor) are step machines; a step is one
 * access to shared memory of src/actor/worker.c, or one section under a lock. The search visits all
 * states that can be reached. It proves: when no thread can take a step, nothing is queued, and one
 * of the sleeping workers polls. So no wake gets lost, nor the poller.
 *
 * What depends on time goes both ways here: whether a queue is worth a helper, whether a worker is
 * held by a long call, whether a slot is old enough to be stolen from.
 *
 * What a foreign thread stores in the injector stays hidden from readers without the lock until
 * its fence. Timeouts do not exist here: a poll that returns by itself would hide a lost wake.
 * Mutations break the protocol in one place each; the search must find the fault. */
#include "base/assert.h"
#include "base/defs.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define THREAD_COUNT 3
#define NOBODY THREAD_COUNT
#define SUCCESSOR_COUNT_MAX 4

typedef enum {
    MUTATION_NONE,
    MUTATION_LOOK_FIRST,      /* looks at the queues, then publishes "idle" */
    MUTATION_LEAVE_LATE,      /* leaves "searching" only after the look */
    MUTATION_NO_FENCE,        /* a push does not fence before it looks for searchers */
    MUTATION_NO_SECOND_TRY,   /* who counted as searching for nobody does not look again */
    MUTATION_NO_EVENT,        /* the poller's word is set, but its poll is not interrupted */
    MUTATION_BUSY_LATE,       /* looks who else is busy, then says that it is not */
    MUTATION_NO_MONITOR_LOOK, /* the monitor does not look who polls after it had the token */
    MUTATION_COUNT,
} mutation;

typedef enum { KIND_WORKER, KIND_FOREIGN, KIND_MONITOR } thread_kind;

typedef enum {
    /* find_work */
    AT_SLOT,
    AT_QUEUE,
    AT_INJECTOR,
    AT_SHARE_TAKE,
    AT_SHARE_PUSH,
    /* poll_quickly */
    AT_QUICK_TOKEN,
    AT_QUICK_POLL,
    AT_QUICK_RELEASE,
    /* search */
    AT_SEARCH,
    AT_STEAL,
    AT_STEAL_SLOT,
    AT_CARRY,
    AT_STOP_SEARCHING,
    /* running a service */
    AT_RUN,
    AT_DISPLACED,
    AT_REQUEUE,
    /* go_idle; from AT_OTHERS to AT_BUSY the worker is not busy */
    AT_LEAVE,
    AT_OTHERS,
    AT_TOKEN,
    AT_PUBLISH,
    AT_TOKEN_AGAIN,
    AT_OTHERS_AGAIN,
    AT_LOOK_INJECTOR,
    AT_LOOK_QUEUE,
    AT_LOOK_SLOT,
    AT_BLOCK,
    AT_BUSY,
    AT_UNPUBLISH,
    AT_RELEASE,
    /* wake_one */
    AT_WAKE,
    AT_WAKE_IDLE,
    AT_WAKE_CLAIM,
    AT_WAKE_TAKE,
    AT_WAKE_GIVE_UP,
    AT_WAKE_WORD,
    AT_WAKE_EVENT,
    /* foreign thread, monitor */
    AT_PUSH,
    AT_MONITOR_TOKEN,
    AT_MONITOR_POLL,
    AT_MONITOR_RELEASE,
    AT_MONITOR_LOOK,
    AT_END,
} place;

/* Bytes only, so that states compare as memory. */
typedef struct {
    uint8_t at;           /* place */
    uint8_t back;         /* where wake_one returns to */
    uint8_t is_searching; /* as the worker's own flag */
    uint8_t is_poller;    /* holds the token in go_idle */
    uint8_t pass;         /* find_work; the end of the search */
    uint8_t index;        /* victim, or a queue looked at; services still to be moved */
    uint8_t carry;        /* services in hand beyond the one to run */
    uint8_t found;        /* by a poll */
    uint8_t target;       /* who is being woken */
    uint8_t rounds;       /* pushes or polls left (no worker) */
    uint8_t hidden;       /* pushed, not yet seen by readers without the lock */
} thread;

typedef struct {
    thread threads[THREAD_COUNT];
    uint8_t slot[THREAD_COUNT];
    uint8_t queue[THREAD_COUNT];
    uint8_t park_word[THREAD_COUNT];
    uint8_t parked[THREAD_COUNT];
    uint8_t parked_count;
    uint8_t poller;
    uint8_t event; /* what interrupts the blocked poll */
    uint8_t token;
    uint8_t injected;
    uint8_t injector_lock;
    uint8_t searching;
    uint8_t idle_count;
    uint8_t budget; /* services that may still be made runnable by workers and polls */
} state;

typedef struct {
    const char *name;
    thread_kind kinds[THREAD_COUNT];
    uint8_t rounds; /* of each foreign thread and the monitor */
    uint8_t budget;
    uint8_t injected; /* at the start */
} setting;

typedef struct {
    const setting *set;
    mutation broken;
    int worker_count;
    /* Visited states: open addressing over an array. */
    state *states;
    uint32_t *table; /* index + 1; 0: free */
    size_t count, cap, table_cap;
    size_t next; /* states before it have been expanded */
} model;

/* ---- the set of states ---- */

static uint64_t hash_of(const state *s) {
    uint64_t hash = 1469598103934665603u;
    const uint8_t *bytes = (const uint8_t *)s;
    for (size_t i = 0; i < sizeof *s; i++)
        hash = (hash ^ bytes[i]) * 1099511628211u;
    return hash ^ hash >> 29;
}

static void rehash(model *m) {
    sk_free(m->table);
    m->table_cap = m->table_cap ? 2 * m->table_cap : 1 << 16;
    m->table = sk_calloc(m->table_cap, sizeof *m->table);
    for (size_t i = 0; i < m->count; i++) {
        size_t at = hash_of(&m->states[i]) & (m->table_cap - 1);
        while (m->table[at])
            at = (at + 1) & (m->table_cap - 1);
        m->table[at] = (uint32_t)i + 1;
    }
}

static void visit(model *m, const state *s) {
    if ((m->count + 1) * 2 > m->table_cap)
        rehash(m);
    size_t at = hash_of(s) & (m->table_cap - 1);
    for (; m->table[at]; at = (at + 1) & (m->table_cap - 1))
        if (memcmp(&m->states[m->table[at] - 1], s, sizeof *s) == 0)
            return;
    if (m->count == m->cap) {
        m->cap = m->cap ? 2 * m->cap : 1 << 16;
        m->states = sk_realloc(m->states, m->cap * sizeof *s);
    }
    m->states[m->count++] = *s;
    m->table[at] = (uint32_t)m->count;
}

/* ---- steps of wake_one ---- */

static void take_idle(state *s, thread *t) {
    t->target = NOBODY;
    if (s->parked_count > 0) {
        t->target = s->parked[--s->parked_count];
        s->parked[s->parked_count] = 0;
    } else if (s->poller != NOBODY) {
        t->target = s->poller;
        s->poller = NOBODY;
    }
    if (t->target != NOBODY)
        s->idle_count--;
}

static void step_wake(const model *m, state *s, thread *t) {
    switch ((place)t->at) {
    case AT_WAKE:
        if (m->broken != MUTATION_NO_FENCE)
            t->hidden = 0;
        t->at = s->searching ? t->back : AT_WAKE_IDLE;
        break;
    case AT_WAKE_IDLE:
        t->at = s->idle_count ? AT_WAKE_CLAIM : t->back;
        break;
    case AT_WAKE_CLAIM:
        t->at = s->searching ? t->back : AT_WAKE_TAKE;
        s->searching += !s->searching;
        break;
    case AT_WAKE_TAKE:
        take_idle(s, t);
        t->at = t->target == NOBODY ? AT_WAKE_GIVE_UP : AT_WAKE_WORD;
        break;
    case AT_WAKE_GIVE_UP:
        s->searching--;
        t->at = m->broken == MUTATION_NO_SECOND_TRY ? t->back : AT_WAKE;
        break;
    case AT_WAKE_WORD:
        s->park_word[t->target] = 1;
        t->at = s->threads[t->target].is_poller ? AT_WAKE_EVENT : t->back;
        break;
    default:
        if (m->broken != MUTATION_NO_EVENT)
            s->event = 1;
        t->at = t->back;
        break;
    }
    if (t->at == t->back)
        t->target = 0;
}

static void call_wake(thread *t, place back) {
    t->at = AT_WAKE;
    t->back = (uint8_t)back;
}

/* The first of ret_states is complete; adds the same with a call for help. */
static int or_call_help(state *ret_states, int self) {
    thread *t = &ret_states[1].threads[self];
    ret_states[1] = ret_states[0];
    call_wake(t, (place)t->at);
    return 2;
}

/* ---- steps of a worker ---- */

/* The injector's length as a reader without the lock sees it. */
static int seen_injected(const state *s) {
    int seen = s->injected;
    for (int i = 0; i < THREAD_COUNT; i++)
        seen -= s->threads[i].hidden;
    return seen > 0 ? seen : 0;
}

static void found_work(thread *t) {
    t->pass = 0;
    t->index = 0;
    t->at = t->is_searching ? AT_STOP_SEARCHING : AT_RUN;
}

static void found_no_work(thread *t) {
    const place next[] = {AT_SEARCH, AT_LEAVE};
    t->at = (uint8_t)next[t->pass];
}

/* Under the lock: one service in hand, this worker's share of the others to its queue. */
static void take_injected(const model *m, state *s, thread *t) {
    s->injector_lock = 1;
    for (int i = 0; i < THREAD_COUNT; i++)
        s->threads[i].hidden = 0; /* this store of the length is newer */
    s->injected--;
    t->index = (uint8_t)(s->injected / m->worker_count);
    t->at = AT_SHARE_TAKE;
}

static int step_find(const model *m, state *s, int self, state *ret_states) {
    thread *t = &s->threads[self];
    bool may_call_help = false;
    switch ((place)t->at) {
    case AT_SLOT:
        if (s->slot[self]) {
            s->slot[self] = 0;
            found_work(t);
        } else {
            t->at = AT_QUEUE;
        }
        break;
    case AT_QUEUE:
        if (s->queue[self]) {
            may_call_help = --s->queue[self] > 0;
            found_work(t);
        } else {
            t->at = AT_INJECTOR;
        }
        break;
    case AT_INJECTOR:
        if (seen_injected(s) && s->injected)
            take_injected(m, s, t);
        else
            found_no_work(t);
        break;
    case AT_SHARE_TAKE:
        if (t->index == 0) {
            s->injector_lock = 0;
            found_work(t);
        } else {
            t->index--;
            s->injected--;
            t->at = AT_SHARE_PUSH;
        }
        break;
    default:
        s->queue[self]++;
        t->at = AT_SHARE_TAKE;
        break;
    }
    ret_states[0] = *s;
    return may_call_help ? or_call_help(ret_states, self) : 1;
}

/* The quick poll finds up to two services. */
static int step_quick_poll(state *s, int self, state *ret_states) {
    thread *t = &s->threads[self];
    switch ((place)t->at) {
    case AT_QUICK_TOKEN:
        t->at = s->token ? AT_SLOT : AT_QUICK_POLL;
        s->token = 1;
        break;
    case AT_QUICK_POLL:
        t->at = AT_QUICK_RELEASE;
        for (int found = 1; found <= 2 && found <= s->budget; found++) {
            ret_states[found] = *s;
            ret_states[found].threads[self].found = (uint8_t)found;
            ret_states[found].queue[self] += (uint8_t)found;
            ret_states[found].budget -= (uint8_t)found;
        }
        ret_states[0] = *s;
        return 1 + (s->budget < 2 ? s->budget : 2);
    default:
        s->token = 0;
        t->at = AT_SLOT;
        t->found = 0;
        ret_states[0] = *s;
        return or_call_help(ret_states, self);
    }
    ret_states[0] = *s;
    return 1;
}

static void next_victim(const model *m, thread *t) {
    t->at = AT_STEAL;
    if (++t->index < m->worker_count)
        return;
    t->index = 0;
    t->pass = 1;
    t->at = AT_INJECTOR;
}

static void steal_half(state *s, int self) {
    thread *t = &s->threads[self];
    uint8_t count = (uint8_t)(s->queue[t->index] - s->queue[t->index] / 2);
    if (t->index == self || count == 0) {
        t->at = AT_STEAL_SLOT;
        return;
    }
    s->queue[t->index] -= count;
    t->carry = (uint8_t)(count - 1);
    t->at = AT_CARRY;
}

static int step_search(const model *m, state *s, int self, state *ret_states) {
    thread *t = &s->threads[self];
    int searching_max = m->worker_count > 1 ? m->worker_count / 2 : 1;
    switch ((place)t->at) {
    case AT_SEARCH:
        t->pass = 0;
        if (!t->is_searching && s->searching >= searching_max) {
            t->at = AT_LEAVE;
            break;
        }
        s->searching += !t->is_searching;
        t->is_searching = 1;
        t->at = AT_STEAL;
        break;
    case AT_STEAL: /* the victim may not want help */
        ret_states[1] = *s;
        ret_states[1].threads[self].at = AT_STEAL_SLOT;
        steal_half(s, self);
        ret_states[0] = *s;
        return 2;
    case AT_STEAL_SLOT: /* the slot may be too young */
        ret_states[1] = *s;
        next_victim(m, t);
        ret_states[0] = *s;
        t = &ret_states[1].threads[self];
        if (t->index == self || !ret_states[1].slot[t->index])
            return 1;
        ret_states[1].slot[t->index] = 0;
        found_work(t);
        return 2;
    case AT_CARRY:
        if (t->carry == 0) {
            found_work(t);
        } else {
            t->carry--;
            s->queue[self]++;
        }
        break;
    default: /* AT_STOP_SEARCHING */
        t->is_searching = 0;
        t->at = AT_RUN;
        if (--s->searching == 0)
            call_wake(t, AT_RUN);
        break;
    }
    ret_states[0] = *s;
    return 1;
}

/* A running service ends, makes another runnable, or is queued again. */
static int step_run(state *s, int self, state *ret_states) {
    thread *t = &s->threads[self];
    int count = 1;
    ret_states[0] = *s;
    switch ((place)t->at) {
    case AT_RUN:
        ret_states[0].threads[self].at = AT_SLOT;
        if (s->budget == 0)
            break;
        ret_states[3] = ret_states[0];
        ret_states[3].threads[self].at = AT_QUICK_TOKEN; /* a poll is due */
        s->budget--;
        for (count = 1; count <= 2; count++) {
            ret_states[count] = *s;
            ret_states[count].threads[self].at = count == 1 ? AT_DISPLACED : AT_REQUEUE;
        }
        count = 4;
        if (!s->slot[self]) {
            ret_states[1].slot[self] = 1;
            ret_states[1].threads[self].at = AT_RUN;
        }
        break;
    case AT_DISPLACED: /* a thief may have been quicker */
        ret_states[0].threads[self].at = AT_RUN;
        ret_states[0].slot[self] = 1;
        if (s->slot[self]) {
            ret_states[0].queue[self]++;
            count = or_call_help(ret_states, self);
        }
        break;
    default: /* AT_REQUEUE */
        ret_states[0].threads[self].at = AT_SLOT;
        ret_states[0].queue[self]++;
        if (s->slot[self] || s->queue[self])
            count = or_call_help(ret_states, self);
        break;
    }
    return count;
}

/* ---- steps of go_idle ---- */

static void publish(state *s, int self) {
    if (s->threads[self].is_poller)
        s->poller = (uint8_t)self;
    else
        s->parked[s->parked_count++] = (uint8_t)self;
    s->idle_count++;
}

static bool unpublish(state *s, int self) {
    if (s->poller == self) {
        s->poller = NOBODY;
        s->idle_count--;
        return true;
    }
    for (int i = 0; i < s->parked_count; i++) {
        if (s->parked[i] != self)
            continue;
        s->parked[i] = s->parked[--s->parked_count];
        s->parked[s->parked_count] = 0;
        s->idle_count--;
        return true;
    }
    return false;
}

/* Whether other workers' queues are worth taking from goes both ways. */
static int step_look(const model *m, state *s, int self, state *ret_states) {
    thread *t = &s->threads[self];
    bool found = false, maybe = false;
    switch ((place)t->at) {
    case AT_LOOK_INJECTOR:
        found = seen_injected(s) > 0;
        t->at = AT_LOOK_QUEUE;
        break;
    case AT_LOOK_QUEUE:
        found = s->queue[t->index] > 0;
        maybe = found && t->index != self;
        if (++t->index == m->worker_count)
            t->at = AT_LOOK_SLOT;
        break;
    default: /* AT_LOOK_SLOT */
        found = s->slot[self] > 0;
        t->at = m->broken == MUTATION_LOOK_FIRST ? AT_PUBLISH : AT_BLOCK;
        break;
    }
    if (t->at != AT_LOOK_QUEUE)
        t->index = 0;
    int count = 0;
    if (!found || maybe)
        ret_states[count++] = *s;
    if (found) {
        t->at = AT_BUSY;
        t->index = 0;
        ret_states[count++] = *s;
    }
    return count;
}

static bool is_looking(const thread *t) {
    return t->at == AT_LOOK_INJECTOR || t->at == AT_LOOK_QUEUE || t->at == AT_LOOK_SLOT;
}

static bool is_busy(const model *m, const state *s, int self) {
    place first = m->broken == MUTATION_BUSY_LATE ? AT_LOOK_QUEUE : AT_OTHERS;
    return s->threads[self].at < first || s->threads[self].at > AT_BUSY;
}

/* One look at another worker. If it is busy it polls between its dispatches, or it is held by a
 * long call. Whoever is the only one that is busy must poll. */
static int step_others(const model *m, state *s, int self, state *ret_states) {
    thread *t = &s->threads[self];
    int other = t->index++;
    bool is_last = t->index == m->worker_count;
    bool is_again = t->at == AT_OTHERS_AGAIN;
    if (is_last) {
        t->index = 0;
        t->at = is_again ? AT_BUSY : AT_TOKEN; /* the second time it must try the token anew */
    }
    int count = 0;
    ret_states[count++] = *s;
    if (other != self && is_busy(m, s, other)) {
        t->index = 0;
        if (!is_again)
            t->is_poller = 0;
        bool is_published = is_again || m->broken == MUTATION_LOOK_FIRST;
        t->at = is_published ? AT_LOOK_INJECTOR : AT_PUBLISH;
        ret_states[count++] = *s;
    }
    return count;
}

static void leave_searching(state *s, thread *t) {
    s->searching -= t->is_searching;
    t->is_searching = 0;
}

static int step_idle(const model *m, state *s, int self, state *ret_states) {
    thread *t = &s->threads[self];
    bool may_call_help = false;
    switch ((place)t->at) {
    case AT_LEAVE:
        t->pass = 0;
        if (m->broken != MUTATION_LEAVE_LATE)
            leave_searching(s, t);
        s->park_word[self] = 0;
        t->at = AT_OTHERS;
        break;
    case AT_TOKEN:
        t->is_poller = !s->token;
        s->token = 1;
        t->at = m->broken == MUTATION_LOOK_FIRST ? AT_LOOK_INJECTOR : AT_PUBLISH;
        break;
    case AT_PUBLISH:
        publish(s, self);
        t->at = m->broken == MUTATION_LOOK_FIRST ? AT_BLOCK : AT_TOKEN_AGAIN;
        break;
    case AT_TOKEN_AGAIN: /* whoever had it may have let it go before it could see us idle */
        t->at = t->is_poller || s->token ? AT_LOOK_INJECTOR : AT_OTHERS_AGAIN;
        break;
    case AT_BUSY:
        t->at = AT_UNPUBLISH;
        break;
    case AT_UNPUBLISH:
        leave_searching(s, t);
        t->is_searching = !unpublish(s, self);
        if (m->broken == MUTATION_LOOK_FIRST && !s->park_word[self])
            t->is_searching = 0; /* it may never have been published */
        t->at = AT_RELEASE;
        break;
    default: /* AT_RELEASE */
        if (t->is_poller)
            s->token = 0;
        t->is_poller = 0;
        t->at = AT_SLOT;
        may_call_help = t->found > 1;
        t->found = 0;
        break;
    }
    ret_states[0] = *s;
    return may_call_help ? or_call_help(ret_states, self) : 1;
}

/* Blocked: goes on when it was woken, or when the poll finds something. */
static int step_block(const model *m, state *s, int self, state *ret_states) {
    thread *t = &s->threads[self];
    int count = 0;
    if (m->broken == MUTATION_LEAVE_LATE && t->is_searching) {
        leave_searching(s, t);
        ret_states[count++] = *s;
        return count;
    }
    t->at = AT_BUSY;
    bool is_woken = t->is_poller ? s->event : s->park_word[self];
    if (is_woken) {
        if (t->is_poller)
            s->event = 0;
        ret_states[count++] = *s;
    }
    for (int found = 1; t->is_poller && found <= 2 && found <= s->budget; found++) {
        state *next = &ret_states[count++];
        *next = *s;
        next->threads[self].found = (uint8_t)found;
        next->queue[self] += (uint8_t)found;
        next->budget -= (uint8_t)found;
    }
    return count;
}

/* ---- steps of a foreign thread and of the monitor ---- */

/* The section under the injector's lock. The length it stores may stay unseen for a while. */
static int push_injected(state *s, thread *t, state *ret_states) {
    if (s->injector_lock)
        return 0;
    s->injected++;
    call_wake(t, t->at == AT_PUSH ? AT_PUSH : AT_MONITOR_RELEASE);
    ret_states[0] = *s;
    t->hidden++;
    ret_states[1] = *s;
    return 2;
}

static int step_foreign(state *s, thread *t, state *ret_states) {
    if (t->rounds > 0) {
        t->rounds--;
        return push_injected(s, t, ret_states);
    }
    t->at = AT_END;
    ret_states[0] = *s;
    return 1;
}

static bool anybody_polls(const model *m, const state *s) {
    for (int i = 0; i < m->worker_count; i++)
        if (s->threads[i].at == AT_BLOCK && s->threads[i].is_poller)
            return true;
    return false;
}

static bool is_at_rest(const state *s, int self) {
    const thread *t = &s->threads[self];
    if (t->at == AT_BLOCK)
        return !(t->is_poller ? s->event : s->park_word[self]);
    return t->at == AT_END;
}

static bool all_others_rest(const state *s, int self) {
    for (int i = 0; i < THREAD_COUNT; i++)
        if (i != self && !is_at_rest(s, i))
            return false;
    return true;
}

/* The last round comes when all others rest, and finds nothing, since the monitor looks for ever:
 * what one round leaves behind the next one repairs. */
static int step_monitor(const model *m, state *s, thread *t, state *ret_states) {
    int count = 0;
    switch ((place)t->at) {
    case AT_MONITOR_TOKEN:
        if (t->rounds == 0) {
            t->at = AT_END;
            break;
        }
        if (t->rounds == 1 && !all_others_rest(s, (int)(t - s->threads)))
            return 0;
        t->rounds--;
        if (!s->token)
            t->at = AT_MONITOR_POLL;
        s->token = 1;
        break;
    case AT_MONITOR_POLL:
        if (s->budget > 0 && t->rounds > 0) {
            state pushed = *s;
            pushed.budget--;
            count = push_injected(&pushed, &pushed.threads[t - s->threads], ret_states);
        }
        t->at = AT_MONITOR_RELEASE;
        break;
    case AT_MONITOR_RELEASE:
        s->token = 0;
        t->at = AT_MONITOR_LOOK;
        break;
    default: /* AT_MONITOR_LOOK */
        t->at = AT_MONITOR_TOKEN;
        if (!anybody_polls(m, s) && m->broken != MUTATION_NO_MONITOR_LOOK)
            call_wake(t, AT_MONITOR_TOKEN);
        break;
    }
    ret_states[count++] = *s;
    return count;
}

/* ---- all steps ---- */

/* Every way in which the thread can go on; 0: it is blocked or has ended. */
static int successors(const model *m, const state *from, int self, state *ret_states) {
    state s = *from;
    thread *t = &s.threads[self];
    if (t->at == AT_END || (t->at == AT_INJECTOR && s.injector_lock))
        return 0;
    if (t->at >= AT_MONITOR_TOKEN)
        return step_monitor(m, &s, t, ret_states);
    if (t->at == AT_PUSH)
        return step_foreign(&s, t, ret_states);
    if (t->at == AT_BLOCK)
        return step_block(m, &s, self, ret_states);
    if (t->at >= AT_RUN && t->at <= AT_REQUEUE)
        return step_run(&s, self, ret_states);
    if (t->at >= AT_SEARCH && t->at <= AT_STOP_SEARCHING)
        return step_search(m, &s, self, ret_states);
    if (t->at >= AT_QUICK_TOKEN && t->at <= AT_QUICK_RELEASE)
        return step_quick_poll(&s, self, ret_states);
    if (t->at <= AT_SHARE_PUSH)
        return step_find(m, &s, self, ret_states);
    if (is_looking(t))
        return step_look(m, &s, self, ret_states);
    if (t->at == AT_OTHERS || t->at == AT_OTHERS_AGAIN)
        return step_others(m, &s, self, ret_states);
    if (t->at < AT_WAKE)
        return step_idle(m, &s, self, ret_states);
    step_wake(m, &s, t);
    ret_states[0] = s;
    return 1;
}

static const char LOST_WAKE[] = "something is queued and all sleep";
static const char LOST_POLLER[] = "nobody polls";

/* No thread can go on: what is wrong with that, or NULL. */
static const char *fault_of(const model *m, const state *s) {
    for (int i = 0; i < THREAD_COUNT; i++) {
        if (s->queue[i] || s->slot[i] || s->injected)
            return LOST_WAKE;
    }
    if (s->searching || s->idle_count != m->worker_count)
        return "a counter is wrong";
    return s->poller == NOBODY ? LOST_POLLER : NULL;
}

static void init_state(model *m, state *s) {
    memset(s, 0, sizeof *s);
    s->poller = NOBODY;
    s->budget = m->set->budget;
    s->injected = m->set->injected;
    m->worker_count = 0;
    for (int i = 0; i < THREAD_COUNT; i++) {
        thread_kind kind = m->set->kinds[i];
        sk_assert(kind != KIND_WORKER || m->worker_count == i); /* workers come first */
        m->worker_count += kind == KIND_WORKER;
        s->threads[i].at = AT_SLOT;
        if (kind != KIND_WORKER) {
            s->threads[i].at = kind == KIND_FOREIGN ? AT_PUSH : AT_MONITOR_TOKEN;
            s->threads[i].rounds = m->set->rounds;
        }
    }
}

/* Visits everything; the first fault, or NULL. */
static const char *explore(const setting *set, mutation broken, size_t *ret_count) {
    model m = {.set = set, .broken = broken};
    state s;
    const char *fault = NULL;
    init_state(&m, &s);
    visit(&m, &s);
    while (!fault && m.next < m.count) {
        s = m.states[m.next++];
        bool is_stuck = true;
        for (int i = 0; i < THREAD_COUNT; i++) {
            state after[SUCCESSOR_COUNT_MAX];
            int count = successors(&m, &s, i, after);
            for (int k = 0; k < count; k++)
                visit(&m, &after[k]);
            is_stuck = is_stuck && count == 0;
        }
        if (is_stuck)
            fault = fault_of(&m, &s);
    }
    *ret_count = m.count;
    sk_free(m.states);
    sk_free(m.table);
    return fault;
}

#define W KIND_WORKER
#define F KIND_FOREIGN
#define M KIND_MONITOR

static const setting SETTINGS[] = {
    {"three workers, a burst", {W, W, W}, 0, 0, 3},
    {"two workers, a foreign thread", {W, W, F}, 2, 0, 0},
    {"one worker, two foreign threads", {W, F, F}, 3, 1, 0},
    {"two workers, the monitor", {W, W, M}, 2, 1, 1},
    {"a worker, a foreign thread, the monitor", {W, F, M}, 2, 1, 0},
    {"three workers", {W, W, W}, 0, 1, 1},
};

static void test_no_wake_is_lost(void **unused) {
    (void)unused;
    for (size_t i = 0; i < SK_ARRAY_LEN(SETTINGS); i++) {
        size_t count = 0;
        const char *fault = explore(&SETTINGS[i], MUTATION_NONE, &count);
        printf("%s: %zu states, %s\n", SETTINGS[i].name, count, fault ? fault : "no fault");
        assert_null(fault);
    }
}

static void expect_fault(mutation broken, const char *expected) {
    for (size_t i = 0; i < SK_ARRAY_LEN(SETTINGS); i++) {
        size_t count = 0;
        const char *fault = explore(&SETTINGS[i], broken, &count);
        printf("%s: %zu states, %s\n", SETTINGS[i].name, count, fault ? fault : "no fault");
        if (fault == expected)
            return;
    }
    fail_msg("the search does not find the fault");
}

static void test_a_look_before_publishing_loses_a_wake(void **unused) {
    (void)unused;
    expect_fault(MUTATION_LOOK_FIRST, LOST_WAKE);
}

static void test_leaving_the_search_late_loses_a_wake(void **unused) {
    (void)unused;
    expect_fault(MUTATION_LEAVE_LATE, LOST_WAKE);
}

static void test_a_push_without_fence_loses_a_wake(void **unused) {
    (void)unused;
    expect_fault(MUTATION_NO_FENCE, LOST_WAKE);
}

static void test_a_search_for_nobody_loses_a_wake(void **unused) {
    (void)unused;
    expect_fault(MUTATION_NO_SECOND_TRY, LOST_WAKE);
}

static void test_a_poller_without_event_sleeps_on(void **unused) {
    (void)unused;
    expect_fault(MUTATION_NO_EVENT, LOST_WAKE);
}

static void test_a_late_word_of_not_being_busy_loses_the_poller(void **unused) {
    (void)unused;
    expect_fault(MUTATION_BUSY_LATE, LOST_POLLER);
}

static void test_a_monitor_that_does_not_look_loses_the_poller(void **unused) {
    (void)unused;
    expect_fault(MUTATION_NO_MONITOR_LOOK, LOST_POLLER);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_wake_is_lost),
        cmocka_unit_test(test_a_look_before_publishing_loses_a_wake),
        cmocka_unit_test(test_leaving_the_search_late_loses_a_wake),
        cmocka_unit_test(test_a_push_without_fence_loses_a_wake),
        cmocka_unit_test(test_a_search_for_nobody_loses_a_wake),
        cmocka_unit_test(test_a_poller_without_event_sleeps_on),
        cmocka_unit_test(test_a_late_word_of_not_being_busy_loses_the_poller),
        cmocka_unit_test(test_a_monitor_that_does_not_look_loses_the_poller),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
