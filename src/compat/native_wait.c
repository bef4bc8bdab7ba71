/* native_wait.c -- callbacks that wait: for the answer of a call, or for a timer.
 *
 * Each is a record in the map of its service under its session. A call with a timeout is there
 * twice, under the session of its timer, too; whichever comes first removes both. What comes for a
 * session that is not there any more was cancelled or is late, and is dropped. */
#include "base/assert.h"
#include "base/buffer.h"
#include "base/mem.h"
#include "compat/native.h"

#define NS_PER_MS 1000000u
/* A hundred years: as good as no limit, and no sum overflows. */
#define TIMEOUT_MS_MAX (UINT64_C(100) * 365 * 86400 * 1000)

typedef struct {
    int32_t session;       /* of the timer, or of the call */
    int32_t timer_session; /* of a call's timeout; 0: none */
    sk_handle callee;      /* none: a timer */
    skein_timer_fn on_time;
    skein_answer_fn on_answer;
    void *user;
} wait;

bool sk_native_session_is_used(void *user, int32_t session) {
    const sk_native *self = user;
    return sk_map_get(&self->waits, (uint64_t)session) != NULL;
}

static void add(sk_native *self, int32_t session, wait *record) {
    void *old = sk_map_put(&self->waits, (uint64_t)session, record);
    sk_assert(!old);
}

static wait *take(sk_native *self, int32_t session) {
    if (session <= 0)
        return NULL;
    wait *record = sk_map_take(&self->waits, (uint64_t)session);
    if (!record)
        return NULL;
    int32_t other = session == record->session ? record->timer_session : record->session;
    if (other)
        (void)sk_map_take(&self->waits, (uint64_t)other); /* it was there */
    return record;
}

/* ---- Timers ---- */

int skein_after_ms(skein_service *service, uint64_t delay_ms, skein_timer_fn on_time, void *user,
                   skein_timer *ret_timer) {
    sk_native *self = sk_native_waiting(service);
    if (!self)
        return SKEIN_ESTATE;
    wait *record = sk_new(wait);
    *record =
        (wait){.session = sk_service_new_session(self->service), .on_time = on_time, .user = user};
    add(self, record->session, record);
    if (ret_timer)
        ret_timer->value = record->session;
    sk_service_start_timer(self->service, record->session, delay_ms, 0);
    return 0;
}

int skein_after_ns(skein_service *service, uint64_t delay_ns, skein_timer_fn on_time, void *user,
                   skein_timer *ret_timer) {
    uint64_t delay_ms = delay_ns / NS_PER_MS + (delay_ns % NS_PER_MS != 0);
    return skein_after_ms(service, delay_ms, on_time, user, ret_timer);
}

void *skein_timer_cancel(skein_service *service, skein_timer timer) {
    sk_native *self = sk_native_of(service);
    if (!self || timer.value <= 0)
        return NULL;
    wait *record = sk_map_get(&self->waits, (uint64_t)timer.value);
    if (!record || !record->on_time)
        return NULL;
    void *user = record->user;
    sk_free(take(self, timer.value));
    return user;
}

/* ---- Calls ---- */

static void answer(sk_native *self, wait *take_record, int error, const sk_msg *msg) {
    wait record = *take_record;
    sk_free(take_record);
    if (self->has_failed)
        return;
    record.on_answer(sk_native_public(self), record.user, error, error ? NULL : msg->data,
                     error ? 0 : msg->size);
}

int skein_call(skein_service *service, const skein_call_options *options, skein_answer_fn on_answer,
               void *user) {
    sk_native *self = sk_native_waiting(service);
    if (!self)
        return SKEIN_ESTATE;
    if (options->type < 0 || options->type > UINT8_MAX)
        return SKEIN_EINVAL;
    if (options->size >= SK_PAYLOAD_SIZE_MAX)
        return SKEIN_ETOOBIG;
    sk_msg *msg = sk_msg_new_copy(options->data, options->size);
    msg->source = sk_service_handle(self->service);
    msg->type = (uint8_t)options->type;
    msg->session = sk_service_new_session(self->service);
    uint64_t timeout_ms = options->timeout_ms < TIMEOUT_MS_MAX ? options->timeout_ms : 0;
    if (timeout_ms)
        msg->deadline_ns = skein_now_ns(service) + timeout_ms * NS_PER_MS;
    sk_handle callee = {options->to.value};
    wait *record = sk_new(wait);
    *record =
        (wait){.session = msg->session, .callee = callee, .on_answer = on_answer, .user = user};
    int err = sk_service_post(self->service, callee, msg);
    if (err < 0) {
        sk_free(record);
        return err;
    }
    add(self, record->session, record);
    if (timeout_ms) {
        record->timer_session = sk_service_new_session(self->service);
        add(self, record->timer_session, record);
        sk_service_start_timer(self->service, record->timer_session, timeout_ms, 0);
    }
    return 0;
}

static bool is_call_to(const wait *record, sk_handle callee) {
    return record && record->on_answer &&
           (sk_handle_is_none(callee) || sk_handle_eq(record->callee, callee));
}

/* Ends the calls that wait for `callee`, or for anybody if that is none. What the callbacks begin
 * and end meanwhile is left to them. */
static void end_calls(sk_native *self, sk_handle callee, int error) {
    uint32_t cursor = 0;
    uint64_t session;
    void *value;
    sk_buffer found = {0};
    while (sk_map_next(&self->waits, &cursor, &session, &value)) {
        const wait *record = value;
        if (session == (uint64_t)record->session && is_call_to(record, callee))
            sk_buffer_append(&found, &record->session, sizeof record->session);
    }
    for (size_t at = 0; at < found.len; at += sizeof(int32_t)) {
        int32_t each;
        memcpy(&each, found.data + at, sizeof each);
        if (is_call_to(sk_map_get(&self->waits, (uint64_t)each), callee))
            answer(self, take(self, each), error, NULL);
    }
    sk_buffer_done(&found);
}

void sk_native_on_answer(sk_native *self, const sk_msg *msg) {
    bool is_error = msg->type == SK_TYPE_ERROR;
    if (is_error && msg->session == 0) {
        end_calls(self, msg->source, SKEIN_EFAILED);
        return;
    }
    wait *record = take(self, msg->session);
    if (!record)
        return;
    bool is_time = sk_handle_is_none(msg->source);
    if (record->on_answer)
        answer(self, record, is_time ? SKEIN_EDEADLINE : is_error ? SKEIN_EFAILED : 0, msg);
    else {
        wait timer = *record;
        sk_free(record);
        timer.on_time(sk_native_public(self), timer.user);
    }
}

void sk_native_end_waits(sk_native *self) {
    end_calls(self, SK_HANDLE_NONE, SKEIN_ECLOSED);
    uint32_t cursor = 0;
    uint64_t session;
    void *value;
    while (sk_map_next(&self->waits, &cursor, &session, &value))
        sk_free(value);
    sk_map_done(&self->waits);
}
