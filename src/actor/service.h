/* service.h -- one actor: a handle, a mailbox, a callback, a session counter, counters.
 *
 * A service is run by one worker at a time. Functions marked Owner may be called only by the code
 * that the service runs (its init, callback or release), on whatever thread that is. A pointer
 * from sk_registry_find is valid until the calling worker's dispatch ends. */
#ifndef SK_ACTOR_SERVICE_H
#define SK_ACTOR_SERVICE_H

#include "actor/bound.h"
#include "actor/exit.h"
#include "actor/mailbox.h"
#include "actor/module.h"
#include "actor/msglog.h"
#include "actor/node.h"
#include "base/buffer.h"

/* Handles one message. False: the caller frees it. True: the callback took it and will free it
 * with sk_msg_free, or has already. Nodes (SK_MSG_NODE) reach only callbacks that were set with
 * accepts_nodes. */
typedef bool (*sk_callback_fn)(sk_service *service, void *user, sk_msg *msg);

/* Counters, for reading by anybody at any time (relaxed). */
typedef struct {
    uint64_t message_count;
    uint64_t cpu_cycles;
    uint64_t mailbox_len;
    uint64_t mailbox_len_max;
    size_t memory_size;  /* what the service reported with sk_service_set_memory */
    size_t mailbox_size; /* bytes of the messages waiting, at the last look that was asked for */
    bool mailbox_size_is_due; /* a look was asked for, and not taken yet */
    uint64_t refused_count;   /* requests that its bound refused ... */
    uint64_t dropped_count;   /* ... and those it dropped */
} sk_service_stat;

/* Any thread. Creates a service of the module and runs its init. `launcher` is the service that
 * asks, run by this thread, or NULL. 0 and the handle; negative when create or init failed, or no
 * handle is free: SK_ELIMIT (logged). */
int sk_service_launch(sk_node *node, sk_service *launcher, const char *module_name,
                      const char *args, sk_handle *ret_handle);

/* Worker, inside the launcher. The same, with the message log on before its first message. */
int sk_service_launch_logged(sk_service *launcher, const char *module_name, const char *args,
                             sk_handle *ret_handle);

/* Any thread that holds a reference, or the owner. References keep the service's memory and its
 * instance: the module's release runs, on a worker, once the service is dead and the last one is
 * given back; so a node does not end before. try_ref is for who may hold the pointer without a
 * reference; false when the service is past its last. */
void sk_service_ref(sk_service *service);
bool sk_service_try_ref(sk_service *service);
void sk_service_unref(sk_service *take_service);

/* Any thread, as above. Takes a reference that is never given back, and stops counting the service
 * as live: it does not keep the node from ending, which then releases it. Once is enough. */
void sk_service_reserve(sk_service *service);

/* Any thread that holds a reference, or the owner. Puts `take_msg` into the mailbox without asking
 * the registry; a dead service answers it with an error. `worker` is the caller's or NULL. */
void sk_service_push(sk_service *service, sk_worker *worker, sk_msg *take_msg);

/* Any thread that holds a reference. Calls the module's signal function, if it has one, in this
 * thread. */
void sk_service_signal(sk_service *service, int signal);

/* Owner. Sets what handles messages; NULL drops them. Effective from the next message. */
void sk_service_set_callback(sk_service *service, sk_callback_fn callback, void *user,
                             bool accepts_nodes);

/* Any thread that may hold the pointer. */
sk_handle sk_service_handle(const sk_service *service);
sk_node *sk_service_node(const sk_service *service);
const char *sk_service_name(const sk_service *service); /* "module args" */
const sk_module *sk_service_module(const sk_service *service);
void *sk_service_instance(const sk_service *service);
void sk_service_get_stat(const sk_service *service, sk_service_stat *ret_stat);

/* Worker. Has the size of the mailbox taken: by the service itself, when its present message has
 * ended; the statistics then have it. */
void sk_service_ask_mailbox_size(sk_service *service);

/* Owner. The same, at once. */
size_t sk_service_mailbox_size(const sk_service *service);

/* Worker; inside `caller`, any service. Starts and stops the message log of `service` (msglog.h),
 * from its next message on, and says so in the log. Twice is as good as once. */
void sk_service_log_on(sk_service *service, sk_service *caller);
void sk_service_log_off(sk_service *service, sk_service *caller);

/* Owner, for what reads sockets itself: whether its events are to be logged; logs one. */
bool sk_service_is_logged(const sk_service *service);
void sk_service_log_event(sk_service *service, const sk_msglog_event *event);

/* Owner. The worker that runs the service now; NULL during init on a start-up thread. Others that
 * may hold the pointer: the worker of a moment ago, or NULL. */
sk_worker *sk_service_worker(const sk_service *service);

/* Owner. A session number: 1..0x7fffffff, then again from 1 on, but for those that the check of
 * sk_service_set_session_check says are in use. */
int32_t sk_service_new_session(sk_service *service);

/* Whether the session number was given out before and is still in use. Asked for each number of
 * all turns but the first, in order. */
typedef bool (*sk_session_check_fn)(void *user, int32_t session);

/* Owner. Sets what knows the sessions in use; without it none is. */
void sk_service_set_session_check(sk_service *service, sk_session_check_fn check, void *user);

/* Owner, in a dispatch. The message after the present one if it is known, with those behind it by
 * `next`; only to look at. */
const sk_msg *sk_service_upcoming(const sk_service *service);

/* Owner. Starts a timer of the service itself; sk_node_start_timer. */
void sk_service_start_timer(sk_service *service, int32_t session, uint64_t delay_ms, uint64_t tag);

/* Owner. Posts `take_msg` (its source and type filled in) to `to`. As sk_node_post. */
int sk_service_post(sk_service *service, sk_handle to, sk_msg *take_msg);

/* Owner, any service, also a foreign one. Retires it: the handle and names vanish, its mailbox
 * refuses; queued requests are answered with an error. SK_ENOENT if there is none. When the
 * service runs, its callback ends first. */
int sk_service_retire(sk_node *node, sk_worker *worker, sk_handle handle);

/* The same with a reason (copied); the other one says "killed" by nobody. */
int sk_service_retire_for(sk_node *node, sk_worker *worker, sk_handle handle,
                          const sk_exit_reason *reason);

/* Owner, once it is dead. Why; borrows from the service. */
sk_exit_reason sk_service_exit_reason(const sk_service *service);

/* What a service does when it is asked to end. */
typedef enum {
    SK_SHUTDOWN_NONE,       /* it is retired */
    SK_SHUTDOWN_HANDLER,    /* it gets a notice (exit.h), and retires itself */
    SK_SHUTDOWN_SUPERVISOR, /* the same, and others depend on it */
} sk_shutdown_role;

/* Owner. */
void sk_service_set_shutdown_role(sk_service *service, sk_shutdown_role role);
sk_shutdown_role sk_service_shutdown_role(const sk_service *service);

/* Worker. Asks a service to end, as its role says. SK_ENOENT if there is none. */
int sk_service_shutdown(sk_node *node, sk_worker *worker, sk_handle handle,
                        const sk_exit_reason *reason);

/* Owner. Links tell this service, instead of ending it. */
void sk_service_set_trap_exits(sk_service *service, bool is_on);
/* Any thread that may hold the pointer. */
bool sk_service_traps_exits(const sk_service *service);

/* Any thread that may hold the pointer. Another service will ask it to end when the node stops. */
void sk_service_set_supervised(sk_service *service);

/* Owner. Bounds its mailbox; NULL: not any more, the default. What was counted stays. */
void sk_service_set_bound(sk_service *service, const sk_bound_settings *settings);
/* Owner. False: there is none. */
bool sk_service_get_bound(const sk_service *service, sk_bound_settings *ret_settings);

/* Owner. Retires all services, as sk_node_abort. */
void sk_service_abort_node(sk_service *service);

/* Owner. True once the service is retired: its callback should return soon. */
bool sk_service_is_dead(const sk_service *service);

/* Owner. Reports memory in use, for the statistics. */
void sk_service_set_memory(sk_service *service, size_t size);

/* Any thread that may hold the pointer. The flag "was in one message for a whole check". */
void sk_service_mark_endless(sk_service *service);
/* Owner. Reads and clears the flag. */
bool sk_service_take_endless(sk_service *service);
/* Owner, also in a hook. True once after each mark; an interrupt without one is not for the log. */
bool sk_service_take_stuck(sk_service *service);

/* Any thread that may hold the pointer. Notes who wants to know where the service is, with the
 * session of the answer, for its next interrupt; the last one wins. */
void sk_service_ask_place(sk_service *service, sk_handle asker, int32_t session);
/* Owner, also in a hook. Takes the note; false when there is none. */
bool sk_service_take_asker(sk_service *service, sk_handle *ret_asker, int32_t *ret_session);

/* Owner, during init, or before the node runs. At its death the service still handles what is in
 * its mailbox, instead of answering it with errors, and is not interrupted at once. For the logger,
 * which the node retires last. */
void sk_service_set_drain(sk_service *service);
bool sk_service_drains(const sk_service *service);

/* Owner. Answers a request it will not handle: an error to the message's source. Nothing is sent
 * for answers, errors, timers and nodes. */
void sk_service_bounce(sk_service *service, const sk_msg *msg);

/* Owner. CPU seconds: of all dispatches so far, and of the present one. */
double sk_service_cpu_seconds(const sk_service *service);
double sk_service_dispatch_seconds(const sk_service *service);

/* Owner. A pointer for the io layer: the sockets of this service. Touched by the owner only. */
void *sk_service_io_data(const sk_service *service);
void sk_service_set_io_data(sk_service *service, void *data);

/* Owner. Two more pointers, for a layer that wraps callbacks of another type; and a buffer for the
 * texts it returns. They live as long as the service. */
typedef struct {
    void (*function)(void);
    void *user;
} sk_foreign;
sk_foreign *sk_service_foreign(sk_service *service);
sk_buffer *sk_service_text(sk_service *service);

/* Scheduler only. Handles messages up to the dispatch budget. True: the service has more to do
 * and must be queued again. */
bool sk_service_dispatch(sk_service *service, sk_worker *worker);

#endif
