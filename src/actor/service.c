/* service.c -- life of one actor: launch, dispatch, death.
 *
 * A service is born "scheduled": its creator owns it until init returned, then lets its mailbox go
 * idle or puts it on a run queue. It dies in two steps. Whoever takes its handle out of the
 * registry (sk_service_retire) marks it dead and pushes a last node into its mailbox; the worker
 * that dispatches it next closes the mailbox and answers what is left. When nobody holds a
 * reference it then releases the instance; else whoever gives the last one back schedules the
 * service once more for it. So release never runs beside the callback, always on a worker, and the
 * mailbox has one consumer to the end. */
#include "actor/service.h"

#include "actor/msglog.h"
#include "actor/node_impl.h"
#include "actor/reclaim.h"
#include "actor/registry.h"
#include "actor/worker.h"
#include "base/assert.h"
#include "base/buffer.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/thread.h"

#include <string.h>

/* Bits of sk_service.flags. All clear is the fast path of a dispatch: one test tells. */
enum {
    IS_DEAD = 1,   /* retired */
    IS_LOGGED = 2, /* its messages go to log_file */
    IS_ASKED = 4,  /* somebody wants to know the size of the mailbox */
};

struct sk_service {
    sk_mailbox mailbox; /* any thread pushes; the owner pops */

    /* Fixed after launch. */
    SK_ALIGN_LINE sk_node *node;
    sk_handle handle;
    bool drains;
    const sk_module *module;
    void *instance;
    char *name;

    /* Owner: the thread that runs init, callback or release. */
    sk_callback_fn callback;
    void *user;
    bool accepts_nodes;
    bool is_closed;  /* the mailbox is; only the release is left to do */
    bool is_alerted; /* calm() is due when the box is empty */
    bool session_has_wrapped;
    int32_t session;
    uint64_t alert_len; /* from here on a message is looked at: on_alert */
    void *io_data;
    sk_foreign foreign;
    sk_buffer text;

    /* Written by the owner, read by any thread; atomic, relaxed. */
    _Atomic(sk_worker *) worker;
    _Atomic uint64_t message_count;
    _Atomic uint64_t cpu_cycles;
    _Atomic uint64_t mailbox_len_max;
    _Atomic size_t memory_size;
    _Atomic uint64_t dropped_count;
    _Atomic size_t mailbox_size; /* at the last look, see IS_ASKED */

    /* Any thread; atomic. */
    _Atomic uint8_t flags;
    _Atomic bool is_endless;
    _Atomic bool is_stuck; /* the monitor has found it so, and the log has not told where */
    _Atomic bool is_reserved;
    _Atomic bool traps_exits;
    _Atomic bool is_supervised;
    _Atomic bool is_asked; /* counted by the node: node_asked_ended is due */
    _Atomic uint8_t shutdown_role;
    _Atomic uint32_t refs;     /* one for being alive, and the holders' */
    sk_service *next_reserved; /* fixed by reserve; far from what each message reads */
    _Atomic uint64_t asker;    /* handle and session of sk_service_ask_place; 0: none */
    sk_watch_side watches;

    /* Owner, seldom. */
    uint64_t overload_len; /* length of the next warning */
    sk_bound *bound;       /* NULL: none */
    sk_session_check_fn session_check;
    void *session_user;

    /* Written by whoever retires it, before IS_DEAD; then the owner's. */
    sk_exit_kind exit_kind;
    sk_handle exit_by;
    char *exit_text;
    sk_msg death; /* the node that makes a worker look at the flags */

    /* Under log_lock. */
    sk_spin log_lock;
    FILE *log_file; /* the message log; NULL: none */
};

#define BUMP(p, n) sk_store_relaxed(p, sk_load_relaxed(p) + (n))

/* Part of a loop that is compiled twice. */
#define INLINE inline __attribute__((always_inline))

/* Messages between two looks at the clock. */
#define TIME_CHECK_INTERVAL 8

static void free_service(void *ptr) {
    sk_service *service = ptr;
    sk_free(service->name);
    sk_free(service->exit_text);
    sk_free(service->bound);
    sk_buffer_done(&service->text);
    sk_free(service);
}

static void drop_msg(sk_service *service, sk_msg *msg) {
    const sk_io_ops *ops = sk_node_io_ops(service->node);
    if (msg->kind == SK_MSG_NODE && msg->type == SK_TYPE_SOCKET && ops)
        ops->drop(sk_node_io(service->node), service, msg);
    sk_msg_free(msg);
}

/* `worker` is the caller's or NULL. */
static void bounce(sk_service *service, sk_worker *worker, const sk_msg *msg) {
    if (msg->type == SK_TYPE_RESPONSE || msg->type == SK_TYPE_ERROR ||
        sk_handle_is_none(msg->source) || msg->kind == SK_MSG_NODE)
        return;
    sk_node_post_error(service->node, worker, service->handle, msg->source, msg->session);
}

void sk_service_bounce(sk_service *service, const sk_msg *msg) {
    bounce(service, sk_service_worker(service), msg);
}

/* ---- bounds ---- */

/* The thresholds of a mailbox with nothing to complain about. */
static void settle(sk_service *service) {
    const sk_bound_settings *want = service->bound ? &service->bound->settings : NULL;
    service->is_alerted = want != NULL; /* a bounded one is looked after whenever it is empty */
    service->overload_len = SK_OVERLOAD_LEN;
    service->alert_len = SK_OVERLOAD_LEN + 1;
    if (!want)
        return;
    sk_store_relaxed(&service->mailbox.is_late, false);
    if (want->policy == SK_POLICY_WARN && want->len_max)
        service->overload_len = want->len_max;
    if (want->len_max &&
        want->len_max <= service->overload_len) /* full, before this one came out */
        service->alert_len = want->len_max - (want->policy == SK_POLICY_REFUSE);
    if (want->delay_ms_max)
        service->alert_len = 0;
    service->bound->delay_warn_ms = want->delay_ms_max;
}

static void warn_overload(sk_service *service, uint64_t len) {
    while (service->overload_len < len)
        service->overload_len *= 2;
    sk_node_log(service->node, sk_service_worker(service), service->handle,
                "error: May overload, message queue length = %llu", (unsigned long long)len);
}

static void warn_delay(sk_service *service, uint64_t age_ms) {
    while (service->bound->delay_warn_ms < age_ms)
        service->bound->delay_warn_ms *= 2;
    sk_node_log(service->node, sk_service_worker(service), service->handle,
                "error: May overload, a message has waited for %llu ms",
                (unsigned long long)age_ms);
}

/* Says how many requests were refused and dropped, unless it did so a moment ago. */
static void report_shed(sk_service *service, uint64_t now_ms) {
    sk_bound *bound = service->bound;
    uint64_t refused = sk_load_relaxed(&service->mailbox.refused);
    uint64_t dropped = sk_load_relaxed(&service->dropped_count);
    bool is_too_soon = bound->report_ms && now_ms - bound->report_ms < SK_BOUND_REPORT_MS;
    if (refused + dropped == bound->reported || is_too_soon)
        return;
    bound->reported = refused + dropped;
    bound->report_ms = now_ms;
    sk_node_log(service->node, sk_service_worker(service), service->handle,
                "error: overload, requests refused so far: %llu, dropped: %llu",
                (unsigned long long)refused, (unsigned long long)dropped);
}

/* A message came out of a bounded mailbox. False: it was dropped, and is freed. */
static bool judge(sk_service *service, sk_msg *msg, uint64_t len) {
    sk_bound *bound = service->bound;
    const sk_bound_settings *want = &bound->settings;
    uint64_t now_ms = sk_clock_ms(sk_node_clock(service->node));
    uint64_t woken_ms = sk_swap_relaxed(&service->mailbox.woken_ms, 0);
    uint64_t age_ms = want->delay_ms_max ? sk_bound_pop(bound, now_ms, len, woken_ms) : 0;
    bool is_late = want->delay_ms_max && age_ms > want->delay_ms_max;
    bool is_long = want->len_max && len >= want->len_max;
    bool drops = want->policy == SK_POLICY_DROP_OLDEST && (is_late || is_long);
    drops = drops && sk_bound_covers(msg);
    if (want->policy == SK_POLICY_WARN && is_late && age_ms > bound->delay_warn_ms)
        warn_delay(service, age_ms);
    if (want->policy == SK_POLICY_REFUSE) /* never left on: the last one out clears it */
        sk_store_relaxed(&service->mailbox.is_late, is_late && len > 0);
    if (drops) {
        if (msg->session != 0) /* an error without a session says that the service is gone */
            sk_service_bounce(service, msg);
        sk_msg_free(msg);
        BUMP(&service->dropped_count, 1);
    }
    report_shed(service, now_ms);
    return !drops;
}

/* False: the message was dropped, and is freed. */
SK_COLD static bool on_alert(sk_service *service, sk_msg *msg, uint64_t len) {
    service->is_alerted = true;
    if (len > service->overload_len)
        warn_overload(service, len);
    if (service->bound)
        return judge(service, msg, len);
    service->alert_len = service->overload_len + 1;
    return true;
}

/* The mailbox is empty, after an alert or with a bound. */
SK_COLD static void calm(sk_service *service) {
    settle(service);
    if (service->bound)
        report_shed(service, sk_clock_ms(sk_node_clock(service->node)));
}

static sk_service *create(sk_node *node, const sk_module *module, const char *args) {
    sk_service *service = sk_calloc_line(sizeof *service);
    sk_mailbox_init(&service->mailbox);
    service->node = node;
    service->module = module;
    sk_store_relaxed(&service->refs, 1);
    settle(service);
    service->death = (sk_msg){.kind = SK_MSG_NODE, .type = SK_TYPE_SYSTEM};
    sk_buffer name = {0};
    sk_buffer_printf(&name, "%s%s%s", module->name, args && *args ? " " : "", args ? args : "");
    sk_buffer_append(&name, "", 1);
    service->name = (char *)name.data;
    return service;
}

/* Delivers one message to the callback; frees it unless the callback took it. Inlined by order: as
 * a function of its own it makes a call 8 % slower. */
static INLINE void deliver(sk_service *service, sk_msg *msg) {
    const sk_io_ops *ops = sk_node_io_ops(service->node);
    if (SK_UNLIKELY(!service->callback)) {
        sk_service_bounce(service, msg);
        drop_msg(service, msg);
    } else if (msg->kind == SK_MSG_NODE && !service->accepts_nodes) {
        sk_assert(ops);
        ops->expand(sk_node_io(service->node), service, msg, service_deliver_expanded);
    } else if (!service->callback(service, service->user, msg)) {
        sk_msg_free(msg);
    }
}

/* ---- the message log ---- */

static bool has_flag(const sk_service *service, uint8_t flag) {
    return (sk_load_acquire(&service->flags) & flag) != 0;
}

bool sk_service_is_logged(const sk_service *service) { return has_flag(service, IS_LOGGED); }

/* Takes over `take_file`, unless there is a log already or the service has ended: then false. */
static bool set_log(sk_service *service, FILE *take_file) {
    sk_spin_acquire(&service->log_lock);
    bool is_free = !service->log_file && !sk_service_is_dead(service);
    if (is_free) {
        service->log_file = take_file;
        (void)sk_or_acq_rel(&service->flags, IS_LOGGED); /* pairs with has_flag */
    }
    sk_spin_release(&service->log_lock);
    return is_free;
}

static FILE *take_log(sk_service *service) {
    sk_spin_acquire(&service->log_lock);
    FILE *file = service->log_file;
    service->log_file = NULL;
    (void)sk_and_acq_rel(&service->flags, (uint8_t)~IS_LOGGED);
    sk_spin_release(&service->log_lock);
    return file;
}

void sk_service_log_on(sk_service *service, sk_service *caller) {
    sk_worker *worker = sk_service_worker(caller);
    FILE *file = NULL;
    char *path = NULL;
    if (sk_service_is_logged(service))
        return;
    int err = sk_msglog_open(service->node, service->handle, &file, &path);
    if (err < 0 && err != SK_ESTATE)
        sk_node_log(service->node, worker, caller->handle, "Open log file %s fail", path);
    else if (err == 0 && set_log(service, file))
        sk_node_log(service->node, worker, caller->handle, "Open log file %s", path);
    else if (err == 0)
        sk_msglog_close(service->node, file); /* somebody was quicker */
    sk_free(path);
}

void sk_service_log_off(sk_service *service, sk_service *caller) {
    FILE *file = take_log(service);
    if (!file)
        return;
    sk_msglog_close(service->node, file);
    sk_node_log(service->node, sk_service_worker(caller), caller->handle, "Close log file :%08x",
                service->handle.v);
}

/* A readiness node stands for events, which the io layer logs one by one. */
static void log_message(sk_service *service, const sk_msg *msg) {
    if (msg->kind == SK_MSG_NODE && msg->type == SK_TYPE_SOCKET)
        return;
    sk_spin_acquire(&service->log_lock);
    if (service->log_file)
        sk_msglog_message(service->node, service->log_file, msg);
    sk_spin_release(&service->log_lock);
}

void sk_service_log_event(sk_service *service, const sk_msglog_event *event) {
    sk_spin_acquire(&service->log_lock);
    if (service->log_file)
        sk_msglog_event_line(service->log_file, event);
    sk_spin_release(&service->log_lock);
}

/* ---- dispatch ---- */

bool service_deliver_expanded(sk_service *service, sk_msg *msg) {
    if (!service->callback || sk_service_is_dead(service))
        return false;
    return service->callback(service, service->user, msg);
}

/* The monitor sees the message, as in a dispatch: the callback may never return. */
static void drain_one(sk_service *service, sk_msg *msg) {
    sk_worker *worker = sk_service_worker(service);
    if (sk_service_is_logged(service))
        log_message(service, msg);
    if (worker)
        sk_worker_message_begin(worker, msg->source, service->handle);
    deliver(service, msg);
}

/* The last act but one, by the worker that dispatches the service. True: no references are left,
 * and the caller goes on with release; else nothing touches the service any more. */
static bool close_mailbox(sk_service *service) {
    sk_mailbox_close(&service->mailbox);
    for (sk_msg *msg; (msg = sk_mailbox_pop(&service->mailbox));) {
        if (msg == &service->death)
            continue;
        if (service->drains && service->callback && msg->kind != SK_MSG_NODE) {
            drain_one(service, msg);
            continue;
        }
        sk_service_bounce(service, msg);
        drop_msg(service, msg);
    }
    service->is_closed = true;
    sk_store_relaxed(&service->worker, NULL);
    /* Release: all of the above; acquire: what the holders did. Pairs with sk_service_unref. */
    return sk_sub_acq_rel(&service->refs, 1) == 1;
}

/* The last act. */
static void release(sk_service *service, sk_worker *worker) {
    sk_node *node = service->node;
    bool is_counted = !sk_load_relaxed(&service->is_reserved);
    sk_store_relaxed(&service->worker, worker);
    if (service->module->release)
        service->module->release(service->instance);
    FILE *log = take_log(service);
    if (log)
        fclose(log);
    if (sk_node_io_ops(node))
        sk_node_io_ops(node)->service_exit(sk_node_io(node), service);
    watch_service_ended(service);
    if (sk_swap_acq_rel(&service->is_asked, false))
        node_asked_ended(node);
    sk_reclaim_defer(sk_node_reclaim(node), service, free_service);
    if (is_counted)
        node_service_ended(node, worker);
}

/* A dead service has its turn: what is left of its life. */
static void terminate(sk_service *service, sk_worker *worker) {
    sk_worker_message_begin(worker, SK_HANDLE_NONE, service->handle); /* for the monitor */
    if (service->is_closed || close_mailbox(service))
        release(service, worker);
    sk_worker_message_end(worker);
}

sk_service *service_end_reserved(sk_service *take_service) {
    sk_service *next = take_service->next_reserved;
    if (sk_registry_remove(sk_node_registry(take_service->node), take_service->handle)) {
        (void)sk_or_acq_rel(&take_service->flags, IS_DEAD); /* as in sk_service_retire */
        /* An idle mailbox has no consumer until somebody pushes. */
        (void)sk_mailbox_push(&take_service->mailbox, &take_service->death);
    }
    if (!take_service->is_closed)
        (void)close_mailbox(take_service); /* never the last: there is the one of reserve */
    if (sk_sub_acq_rel(&take_service->refs, 1) == 1)
        release(take_service, NULL);
    return next;
}

/* Counts a message that came out. False: it was dropped, and is freed. */
static INLINE bool count_message(sk_service *service, sk_msg *msg) {
    uint64_t len = sk_mailbox_len(&service->mailbox);
    BUMP(&service->message_count, 1);
    if (SK_UNLIKELY(len + 1 > sk_load_relaxed(&service->mailbox_len_max)))
        sk_store_relaxed(&service->mailbox_len_max, len + 1);
    return SK_LIKELY(len < service->alert_len) || on_alert(service, msg, len);
}

/* Handles messages until the box is empty, the budget is used, or a flag is set that the caller
 * does not know of. Compiled twice: what `flags` does not hold costs nothing. */
static INLINE void run_batch(sk_service *service, sk_worker *worker, const uint8_t flags) {
    for (uint32_t n = 1; n <= SK_DISPATCH_COUNT_MAX; n++) {
        sk_msg *msg = sk_mailbox_pop(&service->mailbox);
        if (!msg) {
            if (SK_UNLIKELY(service->is_alerted))
                calm(service);
            return;
        }
        if (SK_UNLIKELY(msg == &service->death))
            return;
        if (SK_UNLIKELY(!count_message(service, msg)))
            continue;
        if (flags & IS_LOGGED)
            log_message(service, msg);
        sk_worker_message_begin(worker, msg->source, service->handle);
        deliver(service, msg);
        sk_worker_message_end(worker);
        if (SK_UNLIKELY(sk_load_acquire(&service->flags) != flags)) /* pairs with who set one */
            return;
        if (n % TIME_CHECK_INTERVAL == 0 && sk_worker_budget_is_used(worker))
            return;
    }
}

/* A dispatch of a service with some flag set. Dead before its turn: it handles nothing more. */
SK_COLD static void run_flagged(sk_service *service, sk_worker *worker, uint8_t flags) {
    if (flags & IS_ASKED) {
        (void)sk_and_acq_rel(&service->flags, (uint8_t)~IS_ASKED);
        sk_store_relaxed(&service->mailbox_size, sk_mailbox_size(&service->mailbox));
    }
    if (flags & IS_DEAD)
        return;
    if (flags & IS_LOGGED)
        run_batch(service, worker, IS_LOGGED);
    else
        run_batch(service, worker, 0);
}

bool sk_service_dispatch(sk_service *service, sk_worker *worker) {
    sk_store_relaxed(&service->worker, worker);
    uint8_t flags = sk_load_acquire(&service->flags);
    if (SK_LIKELY(flags == 0))
        run_batch(service, worker, 0);
    else
        run_flagged(service, worker, flags);
    uint64_t cycles = sk_worker_end_dispatch(worker);
    BUMP(&service->cpu_cycles, cycles);
    if (SK_UNLIKELY(sk_service_is_dead(service))) {
        terminate(service, worker);
        (void)sk_worker_end_dispatch(worker); /* sends what the release wrote */
        return false;
    }
    sk_store_relaxed(&service->worker, NULL);
    if (service->mailbox.list)
        return true;
    /* After try_idle another worker may run the service: nothing touches it any more. */
    return !sk_mailbox_try_idle(&service->mailbox);
}

/* There is no handle for it. */
static int discard(sk_service *take_service, sk_worker *worker, int err) {
    sk_node_log(take_service->node, worker, SK_HANDLE_NONE, "error: launch %s FAILED : %s",
                take_service->module->name, sk_err_text(err));
    if (take_service->module->release)
        take_service->module->release(take_service->instance);
    free_service(take_service);
    return err;
}

/* Runs init, in the launcher's context. */
static int run_init(sk_service *service, const char *args) {
    char *copy = args ? sk_strdup(args) : NULL;
    int err = service->module->init(service->instance, service, copy);
    sk_free(copy);
    return err;
}

/* Lets a new service go: to sleep, or to a run queue when messages have come already. */
static void let_run(sk_service *service, sk_worker *worker) {
    sk_sched *sched = sk_node_sched(service->node);
    sk_store_relaxed(&service->worker, NULL);
    if (!sk_mailbox_try_idle(&service->mailbox))
        sk_sched_schedule(sched, worker, service);
}

typedef struct {
    const char *module;
    const char *args;
    bool is_logged;
} launch_request;

static int launch(sk_node *node, sk_service *launcher, const launch_request *request,
                  sk_handle *ret_handle) {
    const char *module_name = request->module;
    const char *args = request->args;
    sk_worker *worker = launcher ? sk_service_worker(launcher) : NULL;
    const sk_module *module = sk_node_find_module(node, launcher, module_name);
    if (!module || node_is_aborting(node))
        return SK_ENOENT;
    void *instance = module->create ? module->create() : (void *)~(uintptr_t)0;
    if (!instance)
        return SK_ESTATE;
    sk_service *service = create(node, module, args);
    service->instance = instance;
    int err = sk_registry_add(sk_node_registry(node), service, &service->handle);
    if (err < 0)
        return discard(service, worker, err);
    node_service_began(node);
    sk_store_relaxed(&service->worker, worker);
    sk_handle handle = service->handle;
    if (request->is_logged)
        sk_service_log_on(service, launcher);
    err = run_init(service, args);
    if (err) {
        sk_node_log(node, worker, handle, "error: launch %s FAILED", module_name);
        (void)sk_service_retire(node, worker, handle);
        let_run(service, worker);
        return SK_ESTATE;
    }
    if (node_is_aborting(node)) /* it may have come too late for the walk over all services */
        (void)sk_service_retire(node, worker, handle);
    if (node_has_logger(node, worker)) /* the log service itself starts silently */
        sk_node_log(node, worker, handle, "LAUNCH %s %s", module_name, args ? args : "");
    let_run(service, worker);
    *ret_handle = handle;
    return 0;
}

int sk_service_launch(sk_node *node, sk_service *launcher, const char *module_name,
                      const char *args, sk_handle *ret_handle) {
    launch_request request = {.module = module_name, .args = args};
    return launch(node, launcher, &request, ret_handle);
}

int sk_service_launch_logged(sk_service *launcher, const char *module_name, const char *args,
                             sk_handle *ret_handle) {
    launch_request request = {.module = module_name, .args = args, .is_logged = true};
    return launch(launcher->node, launcher, &request, ret_handle);
}

void sk_service_ref(sk_service *service) { sk_add_relaxed(&service->refs, 1); }

bool sk_service_try_ref(sk_service *service) {
    uint32_t refs = sk_load_relaxed(&service->refs);
    do {
        if (refs == 0)
            return false;
    } while (!sk_cas_weak_acq_rel(&service->refs, &refs, refs + 1));
    return true;
}

void sk_service_unref(sk_service *take_service) {
    sk_sched *sched = sk_node_sched(take_service->node);
    /* Release: what this holder did; acquire: the closed mailbox. Pairs with close_mailbox. */
    if (sk_sub_acq_rel(&take_service->refs, 1) != 1)
        return;
    sk_assert(take_service->is_closed); /* else more were given back than taken */
    sk_sched_schedule(sched, NULL, take_service);
}

void sk_service_reserve(sk_service *service) {
    if (sk_swap_acq_rel(&service->is_reserved, true))
        return;
    sk_service_ref(service);
    service->next_reserved = node_add_reserved(service->node, service);
    node_service_ended(service->node, NULL);
}

void sk_service_push(sk_service *service, sk_worker *worker, sk_msg *take_msg) {
    switch (sk_mailbox_push(&service->mailbox, take_msg)) {
    case SK_PUSH_SCHEDULE:
        sk_sched_schedule(sk_node_sched(service->node), worker, service);
        break;
    case SK_PUSH_QUEUED:
        break;
    case SK_PUSH_REFUSED: /* who holds a reference asks no bound */
    case SK_PUSH_CLOSED:
        bounce(service, worker, take_msg);
        sk_msg_free(take_msg);
    }
}

void sk_service_signal(sk_service *service, int signal) {
    if (service->module->signal)
        service->module->signal(service->instance, signal);
}

void sk_service_set_callback(sk_service *service, sk_callback_fn callback, void *user,
                             bool accepts_nodes) {
    service->callback = callback;
    service->user = user;
    service->accepts_nodes = accepts_nodes;
}

sk_handle sk_service_handle(const sk_service *service) { return service->handle; }
sk_node *sk_service_node(const sk_service *service) { return service->node; }
const char *sk_service_name(const sk_service *service) { return service->name; }
const sk_module *sk_service_module(const sk_service *service) { return service->module; }
void *sk_service_instance(const sk_service *service) { return service->instance; }

void sk_service_get_stat(const sk_service *service, sk_service_stat *ret_stat) {
    uint64_t len = sk_mailbox_len(&service->mailbox);
    *ret_stat = (sk_service_stat){
        .message_count = sk_load_relaxed(&service->message_count),
        .cpu_cycles = sk_load_relaxed(&service->cpu_cycles),
        .mailbox_len = len,
        .mailbox_size = len ? sk_load_relaxed(&service->mailbox_size) : 0,
        .mailbox_size_is_due = len && has_flag(service, IS_ASKED),
        .mailbox_len_max = sk_load_relaxed(&service->mailbox_len_max),
        .memory_size = sk_load_relaxed(&service->memory_size),
        .refused_count = sk_load_relaxed(&service->mailbox.refused),
        .dropped_count = sk_load_relaxed(&service->dropped_count),
    };
}

void sk_service_ask_mailbox_size(sk_service *service) {
    (void)sk_or_acq_rel(&service->flags, IS_ASKED); /* pairs with the load in dispatch */
}

size_t sk_service_mailbox_size(const sk_service *service) {
    return sk_mailbox_size(&service->mailbox);
}

sk_worker *sk_service_worker(const sk_service *service) {
    return sk_load_relaxed(&service->worker);
}

static bool session_is_used(sk_service *service) {
    return service->session_has_wrapped && service->session_check &&
           service->session_check(service->session_user, service->session);
}

int32_t sk_service_new_session(sk_service *service) {
    do {
        if (SK_UNLIKELY(service->session == INT32_MAX)) {
            service->session = 0;
            service->session_has_wrapped = true;
        }
        service->session++;
    } while (SK_UNLIKELY(session_is_used(service)));
    return service->session;
}

void sk_service_set_session_check(sk_service *service, sk_session_check_fn check, void *user) {
    service->session_check = check;
    service->session_user = user;
}

const sk_msg *sk_service_upcoming(const sk_service *service) { return service->mailbox.list; }

void sk_service_start_timer(sk_service *service, int32_t session, uint64_t delay_ms, uint64_t tag) {
    sk_timer_start start = {service->handle, session, delay_ms, tag};
    (void)sk_node_start_timer(service->node, sk_service_worker(service), &start); /* or it ends */
}

int sk_service_post(sk_service *service, sk_handle to, sk_msg *take_msg) {
    return sk_node_post(service->node, sk_service_worker(service), to, take_msg);
}

int sk_service_retire(sk_node *node, sk_worker *worker, sk_handle handle) {
    static const sk_exit_reason reason = {.kind = SK_EXIT_KILLED};
    return sk_service_retire_for(node, worker, handle, &reason);
}

int sk_service_retire_for(sk_node *node, sk_worker *worker, sk_handle handle,
                          const sk_exit_reason *reason) {
    sk_service *service = sk_registry_remove(sk_node_registry(node), handle);
    if (!service)
        return SK_ENOENT;
    service->exit_kind = reason->kind;
    service->exit_by = reason->by;
    service->exit_text = reason->text ? sk_strdup(reason->text) : NULL;
    sk_node_tell_monitor(node, worker, handle);
    (void)sk_or_acq_rel(&service->flags, IS_DEAD); /* pairs with the acquire in is_dead */
    /* CLOSED: the worker that ran it has seen the flag, and was quicker. */
    sk_push_result result = sk_mailbox_push(&service->mailbox, &service->death);
    if (result == SK_PUSH_SCHEDULE) {
        sk_sched_schedule(sk_node_sched(node), worker, service);
        return 0;
    }
    /* It runs, or waits to: a runaway is interrupted. The worker outlives all services. */
    sk_worker *runner = sk_service_worker(service);
    if (runner && runner != worker && result == SK_PUSH_QUEUED && !service->drains)
        sk_worker_interrupt(runner);
    return 0;
}

sk_exit_reason sk_service_exit_reason(const sk_service *service) {
    sk_assert(sk_service_is_dead(service));
    return (sk_exit_reason){service->exit_kind, service->exit_by, service->exit_text};
}

void sk_service_set_shutdown_role(sk_service *service, sk_shutdown_role role) {
    sk_store_relaxed(&service->shutdown_role, (uint8_t)role);
}

sk_shutdown_role sk_service_shutdown_role(const sk_service *service) {
    return (sk_shutdown_role)sk_load_relaxed(&service->shutdown_role);
}

int sk_service_shutdown(sk_node *node, sk_worker *worker, sk_handle handle,
                        const sk_exit_reason *reason) {
    sk_service *service = sk_registry_find(sk_node_registry(node), handle);
    if (!service)
        return SK_ENOENT;
    if (sk_service_shutdown_role(service) == SK_SHUTDOWN_NONE)
        return sk_service_retire_for(node, worker, handle, reason);
    const service_notice notice = {.to = handle, .what = SK_NOTICE_SHUTDOWN};
    return service_post_notice(node, worker, &notice, reason);
}

bool service_is_supervised(const sk_service *service) {
    return sk_load_relaxed(&service->is_supervised);
}

void service_ask_shutdown(sk_service *service) {
    static const sk_exit_reason reason = {.kind = SK_EXIT_SHUTDOWN};
    if (sk_swap_acq_rel(&service->is_asked, true))
        return;
    sk_node *node = service->node;
    const service_notice notice = {.to = service->handle, .what = SK_NOTICE_SHUTDOWN};
    node_asked_began(node);
    /* If it has not reached the mailbox, the service may have looked at is_asked too early. */
    if (service_post_notice(node, NULL, &notice, &reason) < 0 &&
        sk_swap_acq_rel(&service->is_asked, false))
        node_asked_ended(node);
}

void sk_service_set_trap_exits(sk_service *service, bool is_on) {
    sk_store_relaxed(&service->traps_exits, is_on);
}

bool sk_service_traps_exits(const sk_service *service) {
    return sk_load_relaxed(&service->traps_exits);
}

void sk_service_set_supervised(sk_service *service) {
    sk_store_relaxed(&service->is_supervised, true);
}

/* From which length on senders are refused. Nobody but the service itself can take messages out of
 * its mailbox, so one that drops the oldest has a limit, too: twice its bound. */
static uint32_t limit_of(const sk_bound_settings *settings) {
    uint32_t len = settings->policy == SK_POLICY_WARN ? 0 : settings->len_max;
    if (settings->policy == SK_POLICY_DROP_OLDEST)
        len = len > UINT32_MAX / 2 ? UINT32_MAX : 2 * len;
    return len == 0 && settings->delay_ms_max ? UINT32_MAX : len;
}

void sk_service_set_bound(sk_service *service, const sk_bound_settings *settings) {
    sk_free(service->bound);
    service->bound = settings ? sk_new(sk_bound) : NULL;
    uint32_t limit = 0;
    if (settings) {
        sk_bound_init(service->bound, settings);
        service->bound->reported =
            sk_load_relaxed(&service->mailbox.refused) + sk_load_relaxed(&service->dropped_count);
        limit = limit_of(settings);
    }
    settle(service);
    sk_mailbox_set_limit(&service->mailbox, limit);
}

bool sk_service_get_bound(const sk_service *service, sk_bound_settings *ret_settings) {
    if (service->bound)
        *ret_settings = service->bound->settings;
    return service->bound != NULL;
}

sk_watch_side *service_watch_side(sk_service *service) { return &service->watches; }

void sk_service_abort_node(sk_service *service) {
    node_abort(service->node, sk_service_worker(service));
}

bool sk_service_is_dead(const sk_service *service) { return has_flag(service, IS_DEAD); }

void sk_service_set_memory(sk_service *service, size_t size) {
    sk_store_relaxed(&service->memory_size, size);
}

void sk_service_mark_endless(sk_service *service) {
    sk_store_relaxed(&service->is_endless, true);
    sk_store_relaxed(&service->is_stuck, true);
}

bool sk_service_take_stuck(sk_service *service) {
    return sk_load_relaxed(&service->is_stuck) && sk_swap_relaxed(&service->is_stuck, false);
}

void sk_service_ask_place(sk_service *service, sk_handle asker, int32_t session) {
    sk_store_relaxed(&service->asker, (uint64_t)asker.v << 32 | (uint32_t)session);
}

bool sk_service_take_asker(sk_service *service, sk_handle *ret_asker, int32_t *ret_session) {
    uint64_t asker = sk_swap_relaxed(&service->asker, 0);
    if (!asker)
        return false;
    ret_asker->v = (uint32_t)(asker >> 32);
    *ret_session = (int32_t)(asker & UINT32_MAX);
    return true;
}

bool sk_service_take_endless(sk_service *service) {
    return sk_swap_relaxed(&service->is_endless, false);
}

void sk_service_set_drain(sk_service *service) { service->drains = true; }
bool sk_service_drains(const sk_service *service) { return service->drains; }

static uint64_t present_cycles(const sk_service *service) {
    sk_worker *worker = sk_service_worker(service);
    return worker ? sk_clock_cycles(sk_node_clock(service->node)) - sk_worker_stamp(worker) : 0;
}

double sk_service_cpu_seconds(const sk_service *service) {
    uint64_t cycles = sk_load_relaxed(&service->cpu_cycles) + present_cycles(service);
    return sk_clock_cycles_to_seconds(sk_node_clock(service->node), cycles);
}

double sk_service_dispatch_seconds(const sk_service *service) {
    if (!sk_node_profile(service->node))
        return 0;
    return sk_clock_cycles_to_seconds(sk_node_clock(service->node), present_cycles(service));
}

void *sk_service_io_data(const sk_service *service) { return service->io_data; }
void sk_service_set_io_data(sk_service *service, void *data) { service->io_data = data; }

sk_foreign *sk_service_foreign(sk_service *service) { return &service->foreign; }
sk_buffer *sk_service_text(sk_service *service) { return &service->text; }
