/* stress_mailbox.c -- one mailbox, many producers, a consumer that changes threads.
 *
 * Whoever's push answers SCHEDULE puts the box on a baton; the thread that takes the baton is the
 * consumer until the box is idle again, or passes the baton on. At the end each producer's messages
 * came out once and in order, the length is 0, and there was never more than one consumer. In some
 * rounds a consumer closes the box on the way: then each message was either handled or refused. In
 * others the box has a limit, which the producers respect: then its length was never beyond the
 * limit by more than a message for each of them. */
#include "actor/mailbox.h"
#include "base/assert.h"
#include "base/random.h"
#include "base/thread.h"
#include "support/chance.h"

#define ROUND_LIMIT_S 30
#define PRODUCER_COUNT 3
#define CONSUMER_COUNT 2
#define MESSAGE_COUNT 5000 /* of a producer and round */

typedef struct {
    sk_mailbox box;
    uint64_t seed;
    uint32_t gap_loops;
    uint32_t close_at;        /* messages after which the consumer closes; UINT32_MAX: never */
    _Atomic uint32_t baton;   /* the box wants a consumer; a futex */
    _Atomic uint32_t is_done; /* nothing will come any more */
    _Atomic uint32_t consumers;
    _Atomic uint32_t refused;
    uint32_t limit; /* 0: none */
    /* The consumer's. */
    int32_t last[PRODUCER_COUNT];
    uint32_t popped;
    bool is_closed;
} scene;

typedef struct {
    scene *stage;
    int index;
} worker;

static void pass_baton(scene *stage) {
    uint32_t before = sk_swap_acq_rel(&stage->baton, 1);
    sk_assert(before == 0); /* scheduled twice otherwise */
    sk_futex_wake(&stage->baton);
}

static void *produce(void *arg) {
    worker *self = arg;
    scene *stage = self->stage;
    sk_random random;
    sk_random_init(&random, stage->seed + (uint64_t)self->index);
    for (int32_t i = 1; i <= MESSAGE_COUNT; i++) {
        sk_msg *msg = sk_msg_new(0);
        msg->source.v = (uint32_t)self->index;
        msg->session = i;
        while (sk_mailbox_is_limited(&stage->box) && sk_mailbox_refuses(&stage->box))
            sk_thread_pause(); /* the order is checked, so none is left out */
        switch (sk_mailbox_push(&stage->box, msg)) {
        case SK_PUSH_SCHEDULE:
            pass_baton(stage);
            break;
        case SK_PUSH_CLOSED:
            sk_add_relaxed(&stage->refused, 1);
            sk_msg_free(msg);
            break;
        default:
            break;
        }
        for (uint32_t n = sk_random_below(&random, stage->gap_loops); n > 0; n--)
            sk_thread_pause();
    }
    return NULL;
}

static void handle(scene *stage, sk_msg *msg) {
    uint32_t producer = msg->source.v;
    sk_assert(msg->next == NULL && producer < PRODUCER_COUNT);
    sk_assert(msg->session == stage->last[producer] + 1);
    stage->last[producer]++;
    stage->popped++;
    sk_msg_free(msg);
    if (stage->popped == stage->close_at) {
        sk_mailbox_close(&stage->box);
        stage->is_closed = true;
    }
}

/* Handles some messages. True: there may be more, the baton goes on. */
static bool consume_batch(scene *stage, sk_random *random) {
    sk_assert(sk_add_acq_rel(&stage->consumers, 1) == 0);
    bool is_empty = false;
    for (uint32_t n = 1 + sk_random_below(random, 64); n > 0 && !is_empty; n--) {
        uint64_t len = sk_mailbox_len(&stage->box);
        sk_assert(stage->limit == 0 || len <= stage->limit + PRODUCER_COUNT);
        sk_msg *msg = sk_mailbox_pop(&stage->box);
        if (msg)
            handle(stage, msg);
        is_empty = !msg;
    }
    bool is_closed = stage->is_closed;
    sk_sub_acq_rel(&stage->consumers, 1);
    if (is_closed)
        return !is_empty;
    return !is_empty || !sk_mailbox_try_idle(&stage->box);
}

static void *consume(void *arg) {
    worker *self = arg;
    scene *stage = self->stage;
    sk_random random;
    sk_random_init(&random, stage->seed * 3 + (uint64_t)self->index);
    for (;;) {
        if (sk_swap_acq_rel(&stage->baton, 0) == 1) {
            if (consume_batch(stage, &random))
                pass_baton(stage);
        } else if (sk_load_acquire(&stage->is_done)) {
            return NULL;
        } else {
            sk_futex_wait(&stage->baton, 0, 1);
        }
    }
}

static void run_round(sk_clock *clock, sk_random *random) {
    (void)clock;
    scene stage = {.seed = sk_random_next(random), .close_at = UINT32_MAX};
    pthread_t producers[PRODUCER_COUNT], consumers[CONSUMER_COUNT];
    worker workers[PRODUCER_COUNT + CONSUMER_COUNT];
    stage.gap_loops = 1u << sk_random_below(random, 10);
    if (sk_random_below(random, 4) == 0)
        stage.close_at = 1 + sk_random_below(random, PRODUCER_COUNT * MESSAGE_COUNT / 2);
    sk_mailbox_init(&stage.box);
    if (stage.close_at == UINT32_MAX && sk_random_below(random, 3) == 0) {
        stage.limit = 1 + sk_random_below(random, 20);
        sk_mailbox_set_limit(&stage.box, stage.limit);
    }
    sk_store_relaxed(&stage.baton, 1); /* a new box is scheduled */
    for (int i = 0; i < PRODUCER_COUNT + CONSUMER_COUNT; i++) {
        workers[i] = (worker){&stage, i};
        bool produces = i < PRODUCER_COUNT;
        pthread_t *thread = produces ? &producers[i] : &consumers[i - PRODUCER_COUNT];
        sk_assert(!sk_thread_start(thread, "test", produces ? produce : consume, &workers[i]));
    }
    for (int i = 0; i < PRODUCER_COUNT; i++)
        pthread_join(producers[i], NULL);
    sk_store_release(&stage.is_done, 1);
    for (int i = 0; i < CONSUMER_COUNT; i++)
        pthread_join(consumers[i], NULL);
    sk_assert(stage.popped + sk_load_relaxed(&stage.refused) == PRODUCER_COUNT * MESSAGE_COUNT);
    sk_assert(stage.is_closed || sk_load_relaxed(&stage.refused) == 0);
    sk_assert(sk_mailbox_len(&stage.box) == 0);
}

int main(int argc, char **argv) { return chance_main(argc, argv, 150, ROUND_LIMIT_S, run_round); }
