/* node.c -- a node: its parts, its clock, posting, logging, running and stopping. */
#include "actor/node.h"

#include "actor/harbor.h"
#include "actor/log.h"
#include "actor/node_impl.h"
#include "actor/reclaim.h"
#include "actor/registry.h"
#include "actor/timer.h"
#include "actor/watch.h"
#include "actor/watchdog.h"
#include "actor/worker.h"
#include "base/assert.h"
#include "base/buffer.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/thread.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define LOGGER_NAME "logger"
#define CPATH_KEY "cpath"
#define CPATH_DEFAULT "./cservice/?.so"

struct sk_node {
    /* Fixed before run. */
    sk_node_options options;
    sk_env *env;
    sk_reclaim *reclaim;
    sk_registry *registry;
    sk_timer *timer;
    sk_sched *sched;
    sk_modules *modules;
    sk_watches *watches;
    const sk_io_ops *io_ops;
    void *io;
    sk_thread_fn thread_fn;
    void *slots[SK_NODE_SLOT_COUNT];
    uint64_t start_ns; /* monotonic */
    uint32_t start_time;
    uint32_t start_fraction_cs;

    /* Any thread; atomic. */
    SK_ALIGN_LINE _Atomic int live_count;
    _Atomic bool is_aborting;
    _Atomic bool profile;
    _Atomic uint32_t monitor;
    _Atomic int asked_count; /* asked to end, and not ended */
    _Atomic uint32_t harbor;
    _Atomic uint32_t vital;
    _Atomic int exit_status;
    _Atomic uint8_t log_level;
    _Atomic bool log_fields;
    sk_lock foreign_lock; /* over the participant number of foreign threads, and: */
    sk_service *reserved; /* those that live until the node ends */
};

/* Participants in reclaim beyond the workers. */
#define MONITOR_PARTICIPANT(node) ((node)->options.worker_count)
#define FOREIGN_PARTICIPANT(node) ((node)->options.worker_count + 1)

/* ---- without an io layer: only timers and a wake-up word ---- */

typedef struct {
    _Atomic uint32_t word;
    sk_reclaim *reclaim;
} bare_io;

static int bare_poll(void *io, sk_worker *worker, int64_t timeout_ms) {
    bare_io *bare = io;
    if (timeout_ms != 0 && worker) {
        sk_reclaim_offline(bare->reclaim, sk_worker_index(worker));
        sk_futex_wait(&bare->word, 0, timeout_ms);
        sk_reclaim_online(bare->reclaim, sk_worker_index(worker));
    }
    sk_store_release(&bare->word, 0);
    return 0;
}

static void bare_wake(void *io) {
    bare_io *bare = io;
    sk_store_release(&bare->word, 1);
    sk_futex_wake(&bare->word);
}

static void bare_flush(void *io, sk_worker *worker) {
    (void)io;
    (void)worker;
}

static void bare_expand(void *io, sk_service *owner, sk_msg *node, sk_deliver_fn deliver) {
    (void)io;
    (void)owner;
    (void)node;
    (void)deliver;
}

static void bare_drop(void *io, sk_service *owner, sk_msg *node) {
    (void)io;
    (void)owner;
    (void)node;
}

static void bare_service_exit(void *io, sk_service *service) {
    (void)io;
    (void)service;
}

static const sk_io_ops BARE_IO_OPS = {
    .poll = bare_poll,
    .wake = bare_wake,
    .flush = bare_flush,
    .expand = bare_expand,
    .drop = bare_drop,
    .service_exit = bare_service_exit,
};

/* ---- life ---- */

static void init_clock(sk_node *node) {
    uint64_t wall_ns = sk_clock_wall_ns(node->options.clock);
    node->start_ns = sk_clock_ns(node->options.clock);
    node->start_time = (uint32_t)(wall_ns / 1000000000u);
    node->start_fraction_cs = (uint32_t)(wall_ns % 1000000000u / 10000000u);
}

sk_node *sk_node_new(const sk_node_options *options) {
    sk_assert(options->clock && options->worker_count >= 1);
    sk_node *node = sk_calloc_line(sizeof *node);
    node->options = *options;
    uint64_t seed = options->random_seed ? options->random_seed : sk_random_system_seed();
    init_clock(node);
    sk_store_relaxed(&node->profile, options->profile);
    sk_lock_init(&node->foreign_lock);
    node->env = options->env ? options->env : sk_env_new();
    node->reclaim = sk_reclaim_new(options->worker_count + 2);
    node->registry = sk_registry_new(node->reclaim, options->harbor_id);
    node->modules = sk_modules_new();
    node->watches = sk_watches_new();
    node->timer = sk_timer_new(node);
    sk_store_relaxed(&node->log_level, SK_LOG_INFO);
    node->sched = sk_sched_new(node, options->worker_count, seed);
    node->io_ops = &BARE_IO_OPS;
    bare_io *bare = sk_new(bare_io);
    bare->reclaim = node->reclaim;
    node->io = bare;
    return node;
}

void sk_node_free(sk_node *take_node) {
    if (!take_node)
        return;
    sk_sched_free(take_node->sched);
    sk_timer_free(take_node->timer);
    sk_reclaim_free(take_node->reclaim);
    sk_registry_free(take_node->registry);
    sk_modules_free(take_node->modules);
    sk_watches_free(take_node->watches);
    sk_env_free(take_node->env);
    if (take_node->io_ops == &BARE_IO_OPS)
        sk_free(take_node->io);
    sk_lock_done(&take_node->foreign_lock);
    sk_free(take_node);
}

void sk_node_set_io(sk_node *node, const sk_io_ops *ops, void *io) {
    if (node->io_ops == &BARE_IO_OPS)
        sk_free(node->io);
    node->io_ops = ops;
    node->io = io;
}

void sk_node_set_thread_fn(sk_node *node, sk_thread_fn fn) { node->thread_fn = fn; }

void node_thread_begins(sk_node *node, sk_worker *worker) {
    if (node->thread_fn)
        node->thread_fn(node, worker);
}

sk_service *node_add_reserved(sk_node *node, sk_service *service) {
    sk_lock_acquire(&node->foreign_lock);
    sk_service *rest = node->reserved;
    node->reserved = service;
    sk_lock_release(&node->foreign_lock);
    return rest;
}

/* The workers have ended. */
static void end_reserved(sk_node *node) {
    sk_service *service = node->reserved;
    sk_node_enter(node); /* an abort from outside may be under way */
    while (service)
        service = service_end_reserved(service);
    sk_node_leave(node);
}

int sk_node_run(sk_node *node) {
    if (sk_load_seq(&node->live_count) == 0)
        return 0;
    int err = sk_sched_start(node->sched);
    if (err < 0)
        return err;
    sk_watchdog *dog = sk_watchdog_start(node, MONITOR_PARTICIPANT(node));
    sk_sched_join(node->sched);
    sk_watchdog_stop(dog);
    end_reserved(node);
    return 0;
}

static sk_handle logger_handle(sk_node *node) {
    return sk_registry_query(node->registry, LOGGER_NAME);
}

/* Everybody but the logger, which goes last and writes what it was told. */
static void retire_all(sk_node *node, sk_worker *worker) {
    static const sk_exit_reason reason = {.kind = SK_EXIT_SHUTDOWN};
    sk_handle logger = logger_handle(node);
    sk_handle handle = SK_HANDLE_NONE;
    while (!sk_handle_is_none(handle = sk_registry_next(node->registry, handle)))
        if (!sk_handle_eq(handle, logger))
            (void)sk_service_retire_for(node, worker, handle, &reason);
    if (sk_load_seq(&node->live_count) == 1)
        (void)sk_service_retire(node, worker, logger);
}

void node_abort(sk_node *node, sk_worker *worker) {
    sk_store_seq(&node->is_aborting, true);
    sk_store_relaxed(&node->monitor, 0);
    retire_all(node, worker);
}

void sk_node_enter(sk_node *node) {
    sk_lock_acquire(&node->foreign_lock);
    sk_reclaim_online(node->reclaim, FOREIGN_PARTICIPANT(node));
}

void sk_node_leave(sk_node *node) {
    sk_reclaim_offline(node->reclaim, FOREIGN_PARTICIPANT(node));
    sk_lock_release(&node->foreign_lock);
}

void sk_node_abort(sk_node *node) {
    sk_node_enter(node);
    node_abort(node, NULL);
    sk_node_leave(node);
}

static bool has_role(const sk_node *node, sk_handle handle, sk_shutdown_role role) {
    const sk_service *service = sk_registry_find(node->registry, handle);
    return service && sk_service_shutdown_role(service) == role && !service_is_supervised(service);
}

sk_handle *sk_node_list_shutdown(sk_node *node, bool supervisors, size_t *ret_count) {
    sk_shutdown_role role = supervisors ? SK_SHUTDOWN_SUPERVISOR : SK_SHUTDOWN_HANDLER;
    size_t count = 0, cap = 0;
    sk_handle *list = NULL;
    sk_handle handle = SK_HANDLE_NONE;
    sk_node_enter(node);
    while (!sk_handle_is_none(handle = sk_registry_next(node->registry, handle))) {
        if (!has_role(node, handle, role))
            continue;
        if (count == cap) {
            cap = cap ? 2 * cap : 64;
            list = sk_realloc(list, cap * sizeof *list);
        }
        list[count++] = handle;
    }
    sk_node_leave(node);
    for (size_t i = 0; i < count / 2; i++) {
        handle = list[i];
        list[i] = list[count - 1 - i];
        list[count - 1 - i] = handle;
    }
    *ret_count = count;
    return list;
}

void sk_node_ask_shutdown(sk_node *node, sk_handle handle) {
    sk_node_enter(node);
    sk_service *service = sk_registry_find(node->registry, handle);
    if (service)
        service_ask_shutdown(service);
    sk_node_leave(node);
}

int sk_node_asked_count(const sk_node *node) { return sk_load_seq(&node->asked_count); }

void node_asked_began(sk_node *node) { sk_add_seq(&node->asked_count, 1); }

void node_asked_ended(sk_node *node) { sk_sub_seq(&node->asked_count, 1); }

void node_service_began(sk_node *node) { sk_add_seq(&node->live_count, 1); }

void node_service_ended(sk_node *node, sk_worker *worker) {
    int left = sk_sub_seq(&node->live_count, 1) - 1;
    if (left == 0)
        sk_sched_stop(node->sched);
    else if (left == 1 && node_is_aborting(node))
        (void)sk_service_retire(node, worker, logger_handle(node));
}

bool node_is_aborting(const sk_node *node) { return sk_load_seq(&node->is_aborting); }

const sk_module *sk_node_find_module(sk_node *node, sk_service *launcher, const char *name) {
    const char *path = sk_env_get(node->env, CPATH_KEY);
    char *error = NULL;
    const sk_module *module =
        sk_modules_find(node->modules, name, path ? path : CPATH_DEFAULT, &error);
    if (module)
        return module;
    fprintf(stderr, "%s\n", error);
    if (launcher)
        sk_node_log(node, sk_service_worker(launcher), sk_service_handle(launcher), "error: %s",
                    error);
    sk_free(error);
    return NULL;
}

void sk_node_tell_monitor(sk_node *node, sk_worker *worker, sk_handle handle) {
    sk_handle monitor = sk_node_monitor(node);
    if (sk_handle_is_none(monitor))
        return;
    sk_msg *msg = sk_msg_new_around(NULL, 0);
    msg->type = SK_TYPE_CLIENT;
    msg->source = handle;
    (void)sk_node_post(node, worker, monitor, msg); /* a monitor that is gone is told nothing */
}

/* ---- parts ---- */

sk_env *sk_node_env(const sk_node *node) { return node->env; }
sk_clock *sk_node_clock(const sk_node *node) { return node->options.clock; }
sk_registry *sk_node_registry(const sk_node *node) { return node->registry; }
sk_reclaim *sk_node_reclaim(const sk_node *node) { return node->reclaim; }
sk_timer *sk_node_timer(const sk_node *node) { return node->timer; }
sk_sched *sk_node_sched(const sk_node *node) { return node->sched; }
sk_modules *sk_node_modules(const sk_node *node) { return node->modules; }
sk_watches *node_watches(const sk_node *node) { return node->watches; }
const sk_io_ops *sk_node_io_ops(const sk_node *node) { return node->io_ops; }
void *sk_node_io(const sk_node *node) { return node->io; }
bool sk_node_profile(const sk_node *node) { return sk_load_relaxed(&node->profile); }
void sk_node_set_profile(sk_node *node, bool profile) { sk_store_relaxed(&node->profile, profile); }
int sk_node_live_count(const sk_node *node) { return sk_load_seq(&node->live_count); }
int sk_node_worker_count(const sk_node *node) { return node->options.worker_count; }

void sk_node_set_slot(sk_node *node, sk_node_slot slot, void *value) { node->slots[slot] = value; }

void *sk_node_get_slot(const sk_node *node, sk_node_slot slot) { return node->slots[slot]; }

uint64_t sk_node_now_cs(const sk_node *node) {
    uint64_t elapsed_ns = sk_clock_ns(node->options.clock) - node->start_ns;
    return elapsed_ns / 10000000u + node->start_fraction_cs;
}

uint32_t sk_node_start_time(const sk_node *node) { return node->start_time; }

bool sk_node_is_remote(const sk_node *node, sk_handle handle) {
    int harbor = (int)(handle.v >> SK_HANDLE_HARBOR_SHIFT);
    return harbor != 0 && harbor != node->options.harbor_id;
}

int sk_node_harbor_id(const sk_node *node) { return node->options.harbor_id; }

/* ---- posting and logging ---- */

/* `to` has too much to do. Who waits for an answer gets an error, and 0 comes back; a message
 * without a session stays the caller's. */
SK_COLD static int refuse(sk_node *node, sk_worker *worker, sk_handle to, sk_msg *msg) {
    if (msg->session == 0 || sk_handle_is_none(msg->source))
        return SK_ELIMIT;
    sk_node_post_error(node, worker, to, msg->source, msg->session);
    sk_msg_free(msg);
    return 0;
}

/* Into a mailbox with a limit. */
SK_COLD static sk_push_result push_limited(sk_node *node, sk_mailbox *box, sk_msg *take_msg) {
    if (sk_bound_covers(take_msg) && sk_mailbox_refuses(box))
        return SK_PUSH_REFUSED;
    sk_mailbox_note_time(box, sk_clock_ms(node->options.clock));
    return sk_mailbox_push(box, take_msg);
}

int sk_node_try_post(sk_node *node, sk_worker *worker, sk_handle to, sk_msg *msg) {
    if (!worker)
        sk_registry_lock(node->registry);
    sk_service *service = sk_registry_find(node->registry, to);
    /* The mailbox is the first member of a service. */
    sk_mailbox *box = (sk_mailbox *)(void *)service;
    sk_push_result result = SK_PUSH_CLOSED;
    if (SK_LIKELY(service != NULL))
        result = SK_LIKELY(!sk_mailbox_is_limited(box)) ? sk_mailbox_push(box, msg)
                                                        : push_limited(node, box, msg);
    if (!worker)
        sk_registry_unlock(node->registry);
    if (SK_UNLIKELY(result == SK_PUSH_CLOSED))
        return SK_ENOENT;
    if (SK_UNLIKELY(result == SK_PUSH_REFUSED))
        return refuse(node, worker, to, msg);
    if (result == SK_PUSH_SCHEDULE)
        sk_sched_schedule(node->sched, worker, service);
    return 0;
}

int sk_node_post(sk_node *node, sk_worker *worker, sk_handle to, sk_msg *take_msg) {
    int err = sk_node_try_post(node, worker, to, take_msg);
    if (SK_LIKELY(err == 0))
        return 0;
    if (sk_node_is_remote(node, to))
        return sk_harbor_post(node, worker, to, take_msg);
    sk_msg_free(take_msg);
    return err;
}

void sk_node_post_error(sk_node *node, sk_worker *worker, sk_handle from, sk_handle to,
                        int32_t session) {
    sk_msg *error = sk_msg_new_around(NULL, 0);
    error->source = from;
    error->type = SK_TYPE_ERROR;
    error->session = session;
    (void)sk_node_post(node, worker, to, error); /* it may be gone */
}

int sk_node_start_timer(sk_node *node, sk_worker *worker, const sk_timer_start *start) {
    if (start->delay_ms == 0) {
        sk_msg *msg = sk_msg_new_around(NULL, 0);
        msg->type = SK_TYPE_RESPONSE;
        msg->session = start->session;
        msg->deadline_ns = start->tag;
        return sk_node_post(node, worker, start->to, msg);
    }
    if (sk_timer_add(node->timer, start->to, start->session, start->delay_ms, start->tag))
        sk_sched_timer_armed(node->sched, start->delay_ms);
    return 0;
}

sk_handle sk_node_find_name(sk_node *node, const sk_worker *worker, const char *name) {
    if (worker)
        return sk_registry_query(node->registry, name);
    sk_registry_lock(node->registry);
    sk_handle handle = sk_registry_query(node->registry, name);
    sk_registry_unlock(node->registry);
    return handle;
}

sk_handle sk_node_find_address(sk_node *node, const sk_worker *worker, const char *text) {
    if (text[0] == ':')
        return (sk_handle){(uint32_t)strtoul(text + 1, NULL, 16)};
    return text[0] == '.' ? sk_node_find_name(node, worker, text + 1) : SK_HANDLE_NONE;
}

static sk_handle find_logger(sk_node *node, sk_worker *worker) {
    return sk_node_find_name(node, worker, LOGGER_NAME);
}

bool node_has_logger(sk_node *node, sk_worker *worker) {
    return !sk_handle_is_none(find_logger(node, worker));
}

bool sk_node_is_logger(sk_node *node, sk_worker *worker, sk_handle handle) {
    return sk_handle_eq(find_logger(node, worker), handle);
}

void sk_node_log_stderr(sk_handle source, const void *text, size_t size) {
    fprintf(stderr, "[:%08x] %.*s\n", source.v, (int)size, (const char *)text);
}

/* With the name of the service as it is now: when the line is written it may have ended. */
static sk_msg *make_line(sk_node *node, sk_worker *worker, sk_handle source,
                         const sk_log_record *record) {
    if (!sk_node_log_fields(node))
        return sk_log_message(source, record);
    if (!worker)
        sk_registry_lock(node->registry);
    const sk_service *from = sk_registry_find(node->registry, source);
    const char *name = from ? sk_service_name(from) : NULL;
    sk_msg *msg = sk_log_message_with_members(source, record, name);
    if (!worker)
        sk_registry_unlock(node->registry);
    return msg;
}

void sk_node_log_record(sk_node *node, sk_worker *worker, sk_handle source,
                        const sk_log_record *record) {
    sk_msg *msg = make_line(node, worker, source, record);
    if (sk_node_post(node, worker, find_logger(node, worker), msg) < 0)
        sk_node_log_stderr(source, record->text, record->size);
}

void sk_node_log_text(sk_node *node, sk_worker *worker, sk_handle source, const void *text,
                      size_t size) {
    sk_log_record record = {.level = SK_LOG_PLAIN, .text = text, .size = size};
    sk_node_log_record(node, worker, source, &record);
}

void sk_node_set_log_level(sk_node *node, sk_log_level level) {
    sk_store_relaxed(&node->log_level, (uint8_t)level);
}

sk_log_level sk_node_log_level(const sk_node *node) {
    return (sk_log_level)sk_load_relaxed(&node->log_level);
}

void sk_node_set_log_fields(sk_node *node, bool takes_fields) {
    sk_store_relaxed(&node->log_fields, takes_fields);
}

bool sk_node_log_fields(const sk_node *node) { return sk_load_relaxed(&node->log_fields); }

void sk_node_log(sk_node *node, sk_worker *worker, sk_handle source, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    char *text = NULL;
    int size = vasprintf(&text, fmt, args);
    va_end(args);
    sk_assert(size >= 0);
    sk_node_log_text(node, worker, source, text, (size_t)size);
    sk_free(text);
}

void sk_node_set_monitor(sk_node *node, sk_handle monitor) {
    sk_store_relaxed(&node->monitor, monitor.v);
}

sk_handle sk_node_monitor(const sk_node *node) {
    return (sk_handle){sk_load_relaxed(&node->monitor)};
}

void sk_node_set_exit_status(sk_node *node, int status) {
    sk_store_relaxed(&node->exit_status, status);
}

int sk_node_exit_status(const sk_node *node) { return sk_load_relaxed(&node->exit_status); }

void sk_node_set_vital(sk_node *node, sk_handle handle) {
    sk_store_relaxed(&node->vital, handle.v);
}

sk_handle sk_node_vital(const sk_node *node) { return (sk_handle){sk_load_relaxed(&node->vital)}; }

void sk_node_set_harbor(sk_node *node, sk_handle harbor) {
    sk_store_relaxed(&node->harbor, harbor.v);
}

sk_handle sk_node_harbor(const sk_node *node) {
    return (sk_handle){sk_load_relaxed(&node->harbor)};
}
