/* bound.c -- the age of messages, policies by name. */
#include "actor/bound.h"

#include "base/err.h"

#include <string.h>

/* Notes are this part of the delay bound apart, so that the ring holds twice the bound. */
#define SAMPLES_PER_BOUND 8

static const char *const POLICY_NAMES[] = {
    [SK_POLICY_WARN] = "warn",
    [SK_POLICY_REFUSE] = "refuse",
    [SK_POLICY_DROP_OLDEST] = "drop_oldest",
};

int sk_policy_parse(const char *name, sk_policy *ret_policy) {
    for (size_t i = 0; i < SK_ARRAY_LEN(POLICY_NAMES); i++) {
        if (strcmp(POLICY_NAMES[i], name) == 0) {
            *ret_policy = (sk_policy)i;
            return 0;
        }
    }
    return SK_EINVAL;
}

const char *sk_policy_name(sk_policy policy) { return POLICY_NAMES[policy]; }

bool sk_bound_covers(const sk_msg *msg) {
    if (msg->kind == SK_MSG_NODE)
        return false;
    switch (msg->type) {
    case SK_TYPE_RESPONSE:
    case SK_TYPE_SYSTEM:
    case SK_TYPE_HARBOR:
    case SK_TYPE_SOCKET:
    case SK_TYPE_ERROR:
    case SK_TYPE_DEBUG:
    case SK_TYPE_TRACE:
    case SK_TYPE_EXIT:
        return false;
    default:
        return true;
    }
}

void sk_bound_init(sk_bound *bound, const sk_bound_settings *settings) {
    *bound = (sk_bound){.settings = *settings};
}

static uint32_t at(const sk_bound *bound, uint32_t index) {
    return (bound->first + index) % SK_BOUND_SAMPLE_COUNT;
}

static void note(sk_bound *bound, uint64_t now_ms, uint64_t count) {
    uint64_t noted = bound->popped;
    uint64_t due_ms = 0;
    if (bound->sample_count > 0) {
        uint32_t last = at(bound, bound->sample_count - 1);
        noted = bound->samples[last].count;
        due_ms = bound->samples[last].ms + bound->settings.delay_ms_max / SAMPLES_PER_BOUND;
    }
    if (count <= noted || now_ms < due_ms || bound->sample_count == SK_BOUND_SAMPLE_COUNT)
        return;
    uint32_t next = at(bound, bound->sample_count++);
    bound->samples[next].ms = now_ms;
    bound->samples[next].count = count;
}

uint64_t sk_bound_pop(sk_bound *bound, uint64_t now_ms, uint64_t len, uint64_t woken_ms) {
    uint64_t number = ++bound->popped;
    while (bound->sample_count > 0 && bound->samples[bound->first].count < number) {
        bound->first = at(bound, 1);
        bound->sample_count--;
    }
    uint64_t since_ms = bound->sample_count > 0 ? bound->samples[bound->first].ms : now_ms;
    if (woken_ms && woken_ms < since_ms)
        since_ms = woken_ms;
    note(bound, now_ms, number + len);
    return now_ms > since_ms ? now_ms - since_ms : 0;
}
