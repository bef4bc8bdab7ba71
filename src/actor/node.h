/* node.h -- a running node: everything hangs off it, and two can live in one process.
 *
 * The node owns the environment, the clock, the registry of services, the timer, the scheduler
 * with its workers, and the monitor. What is above this layer is handed in as tables of functions
 * before the node runs: sk_io_ops (the poller and the sockets) and the native service modules. */
#ifndef SK_ACTOR_NODE_H
#define SK_ACTOR_NODE_H

#include "actor/env.h"
#include "actor/message.h"
#include "base/clock.h"
#include "base/defs.h"

typedef struct sk_node sk_node;
typedef struct sk_service sk_service;
typedef struct sk_worker sk_worker;
typedef struct sk_reclaim sk_reclaim;
typedef struct sk_registry sk_registry;
typedef struct sk_timer sk_timer;
typedef struct sk_sched sk_sched;
typedef struct sk_modules sk_modules;

/* Receives one expanded message; true when it keeps msg's payload. */
typedef bool (*sk_deliver_fn)(sk_service *service, sk_msg *msg);

/* What the io layer does for the scheduler. `io` is its own object, as given to
 * sk_node_set_io. Any function may be called by any worker, and by the monitor. */
typedef struct {
    /* Waits for readiness at most timeout_ms (0: only looks; negative: no limit), pushes readiness
     * nodes into the owners' mailboxes, flushes writable sockets. One caller at a time.
     * `worker` is NULL for the monitor. Returns the number of services made runnable. */
    int (*poll)(void *io, sk_worker *worker, int64_t timeout_ms);
    /* Makes a blocking poll return soon. */
    void (*wake)(void *io);
    /* Sends what the dispatch that ends gathered. Called only after sk_worker_set_dirty. */
    void (*flush)(void *io, sk_worker *worker);
    /* A node message of type SOCKET reached a service that takes real messages: delivers the
     * events it stands for, in order. `owner` is being dispatched. */
    void (*expand)(void *io, sk_service *owner, sk_msg *node, sk_deliver_fn deliver);
    /* A node message of a dying service's mailbox, or of a service without a callback. */
    void (*drop)(void *io, sk_service *owner, sk_msg *node);
    /* A service has died (its handle is gone): closes what it owns. */
    void (*service_exit)(void *io, sk_service *service);
} sk_io_ops;

typedef struct {
    int worker_count;     /* 1..SK_WORKER_COUNT_MAX */
    int harbor_id;        /* 0: harbors off */
    bool profile;         /* per-service CPU accounting */
    uint64_t random_seed; /* of all choices; 0: from the system */
    sk_clock *clock;      /* borrowed, outlives the node */
    sk_env *env;          /* taken; NULL: an empty one */
} sk_node_options;

/* Creates a node that does not run yet. Free with sk_node_free after it stopped. */
sk_node *sk_node_new(const sk_node_options *options);

/* After sk_node_run returned, or never ran. NULL is fine. */
void sk_node_free(sk_node *take_node);

/* Before sk_node_run. */
void sk_node_set_io(sk_node *node, const sk_io_ops *ops, void *io);

/* Before sk_node_run. `fn` is called by each worker, on its thread, before it runs anything. */
typedef void (*sk_thread_fn)(sk_node *node, sk_worker *worker);
void sk_node_set_thread_fn(sk_node *node, sk_thread_fn fn);

/* Runs workers and monitor until no service is left; then returns with all threads joined. */
int sk_node_run(sk_node *node);

/* A thread that is no worker, in pairs. Between the two, what the registry and the io layer find
 * stays valid, as in a dispatch; one thread at a time, so shortly. sk_node_abort does the same
 * by itself. */
void sk_node_enter(sk_node *node);
void sk_node_leave(sk_node *node);

/* Any thread, also a signal-waiting one. Retires all services; sk_node_run returns soon. */
void sk_node_abort(sk_node *node);

/* Any thread, for a stop. The services with a shutdown handler, the newest first, but for those
 * under a supervisor, which asks them itself. `supervisors`: the ones that supervise others; else
 * all others. A malloc block, the caller's. */
sk_handle *sk_node_list_shutdown(sk_node *node, bool supervisors, size_t *ret_count);

/* Any thread. Asks the service to end, unless it is gone or was asked before. */
void sk_node_ask_shutdown(sk_node *node, sk_handle handle);

/* Any thread. How many of the services asked have not ended yet. */
int sk_node_asked_count(const sk_node *node);

/* Parts; any thread, valid as long as the node. */
sk_env *sk_node_env(const sk_node *node);
sk_clock *sk_node_clock(const sk_node *node);
sk_registry *sk_node_registry(const sk_node *node);
sk_reclaim *sk_node_reclaim(const sk_node *node);
sk_timer *sk_node_timer(const sk_node *node);
sk_sched *sk_node_sched(const sk_node *node);
sk_modules *sk_node_modules(const sk_node *node);
const sk_io_ops *sk_node_io_ops(const sk_node *node);
void *sk_node_io(const sk_node *node);
bool sk_node_profile(const sk_node *node);
void sk_node_set_profile(sk_node *node, bool profile);
int sk_node_worker_count(const sk_node *node);

/* Pointers that upper layers hang onto the node: set before it runs, read by any thread. */
typedef enum {
    SK_NODE_LUA,
    SK_NODE_COMPAT,
    SK_NODE_CLI,
    SK_NODE_FOREIGN,  /* what the C interface keeps for the node */
    SK_NODE_CHANNELS, /* lines of text between services, see lua/channel.h */
    SK_NODE_SLOT_COUNT,
} sk_node_slot;
void sk_node_set_slot(sk_node *node, sk_node_slot slot, void *value);
void *sk_node_get_slot(const sk_node *node, sk_node_slot slot);

/* Any thread. Runtime time: centiseconds since start plus the fraction of the start second. */
uint64_t sk_node_now_cs(const sk_node *node);
/* Any thread. Unix time of start, whole seconds. */
uint32_t sk_node_start_time(const sk_node *node);

/* Any thread. True if the handle belongs to another node. */
bool sk_node_is_remote(const sk_node *node, sk_handle handle);
int sk_node_harbor_id(const sk_node *node);

/* Any thread. Gives `take_msg` to the service `to`. `worker` is the caller's, or NULL when the
 * caller is no worker. 0; SK_ENOENT when there is no such service, SK_ELIMIT when its bound refuses
 * a request of session 0 (take_msg is freed). One with a session that is refused is answered with
 * an error: 0. */
int sk_node_post(sk_node *node, sk_worker *worker, sk_handle to, sk_msg *take_msg);

/* Any thread. As sk_node_post, but `msg` stays the caller's when the result is negative. */
int sk_node_try_post(sk_node *node, sk_worker *worker, sk_handle to, sk_msg *msg);

/* Any thread. Answers the request `session` of `to`, who may be gone, with an error from `from`.
 * `worker` as in sk_node_post. */
void sk_node_post_error(sk_node *node, sk_worker *worker, sk_handle from, sk_handle to,
                        int32_t session);

typedef struct {
    sk_handle to;
    int32_t session;
    uint64_t delay_ms; /* 0: at once */
    uint64_t tag;      /* as in sk_timer_add */
} sk_timer_start;

/* Any thread. After the delay, `to` gets a message of type RESPONSE, source none, with the session
 * and the tag. 0; SK_ENOENT when the delay is 0 and there is no such service. `worker` as in
 * sk_node_post. */
int sk_node_start_timer(sk_node *node, sk_worker *worker, const sk_timer_start *start);

/* How much a line of the log matters. PLAIN: nobody said; such a line is never left out. */
typedef enum {
    SK_LOG_DEBUG,
    SK_LOG_INFO,
    SK_LOG_WARN,
    SK_LOG_ERROR,
    SK_LOG_PLAIN = 255,
} sk_log_level;

/* Any thread. The least level that is logged (at first INFO); whoever has a line asks before. */
void sk_node_set_log_level(sk_node *node, sk_log_level level);
sk_log_level sk_node_log_level(const sk_node *node);

/* Any thread. Whether the log service takes fields beside the text (log.h); it says so itself. */
void sk_node_set_log_fields(sk_node *node, bool takes_fields);
bool sk_node_log_fields(const sk_node *node);

/* Any thread. True if the handle is that of the log service. `worker` as in sk_node_post. */
bool sk_node_is_logger(sk_node *node, sk_worker *worker, sk_handle handle);

/* Any thread. Gives a line (log.h) to the log service; to stderr while there is none. */
struct sk_log_record;
void sk_node_log_record(sk_node *node, sk_worker *worker, sk_handle source,
                        const struct sk_log_record *record);

/* Any thread. A line to stderr, past the log service. */
void sk_node_log_stderr(sk_handle source, const void *text, size_t size);

/* Any thread. Writes a line to the log in the name of `source`; to stderr while there is no
 * logger. `worker` as above. */
void sk_node_log(sk_node *node, sk_worker *worker, sk_handle source, const char *fmt, ...)
    SK_PRINTF(4, 5);
void sk_node_log_text(sk_node *node, sk_worker *worker, sk_handle source, const void *text,
                      size_t size);

/* Any thread. The status that the process ends with, 0 at first; the last one set counts. */
void sk_node_set_exit_status(sk_node *node, int status);
int sk_node_exit_status(const sk_node *node);

/* Any thread. The service without which the node is useless: whoever hosts it ends the node, with
 * status 1, if it does not load. None at first. */
void sk_node_set_vital(sk_node *node, sk_handle handle);
sk_handle sk_node_vital(const sk_node *node);

/* Any thread. Services that exist and keep the node from ending. */
int sk_node_live_count(const sk_node *node);

/* Any thread. The service told of each exit (type CLIENT); none by default. */
void sk_node_set_monitor(sk_node *node, sk_handle monitor);
sk_handle sk_node_monitor(const sk_node *node);

/* Any thread. Tells it, if there is one, that `handle` is gone. `worker` as in sk_node_post. */
void sk_node_tell_monitor(sk_node *node, sk_worker *worker, sk_handle handle);

/* Any thread. The handle of a name, without its dot; none if unbound. `worker` as in
 * sk_node_post. */
sk_handle sk_node_find_name(sk_node *node, const sk_worker *worker, const char *name);

/* Any thread. The handle that ":hex" or ".name" stands for; none for an unbound name and for any
 * other text. `worker` as in sk_node_post. */
sk_handle sk_node_find_address(sk_node *node, const sk_worker *worker, const char *text);

#endif
