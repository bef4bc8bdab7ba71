/* caller.c -- what each thread is, and the state of open nodes.
 *
 * Functions without a context need to know two things: what this thread is, and the node of foreign
 * threads. With the settings before skynet_start (runtime.c) these are the only mutable variables
 * at file scope in the project. */
#include "compat/caller.h"

#include "actor/registry.h"
#include "actor/worker.h"
#include "base/assert.h"
#include "base/mem.h"
#include "compat/compat.h"
#include "compat/state.h"

#include <sched.h>

/* What skynet_current_handle says on the start-up thread. */
#define MAIN_THREAD_HANDLE 0xffffffffu

typedef struct {
    sk_node *node;     /* the worker's, or the one that this thread opened */
    sk_worker *worker; /* NULL: the start-up thread, or a foreign one */
    bool is_main;
    int launch_count; /* launches that this thread is in */
} caller;

static _Thread_local caller self;
static _Atomic(sk_node *) default_node;

static void thread_begins(sk_node *node, sk_worker *worker) {
    self = (caller){.node = node, .worker = worker};
}

void sk_compat_open(sk_node *node) {
    sk_compat_state *state = sk_new(sk_compat_state);
    sk_node *none = NULL;
    sk_lock_init(&state->lock);
    sk_node_set_slot(node, SK_NODE_FOREIGN, state);
    sk_node_set_thread_fn(node, thread_begins);
    self = (caller){.node = node, .is_main = true};
    (void)sk_cas_acq_rel(&default_node, &none, node); /* a second node is not the default */
}

void sk_compat_close(sk_node *node) {
    sk_compat_state *state = sk_compat_state_of(node);
    sk_node *expected = node;
    (void)sk_cas_acq_rel(&default_node, &expected, NULL);
    /* A thread whose release ended the node is still on its way out. */
    while (sk_load_acquire(&state->releasing) > 0) /* pairs with skynet_context_release */
        sched_yield();
    self = (caller){0};
    sk_node_set_slot(node, SK_NODE_FOREIGN, NULL);
    for (sk_module_view *view = state->views; view;) {
        sk_module_view *next = view->next;
        sk_free(view);
        view = next;
    }
    sk_lock_done(&state->lock);
    sk_free(state);
}

sk_node *sk_caller_node(struct skynet_context *context) {
    if (context)
        return sk_service_node(sk_caller_service(context));
    return self.node ? self.node : sk_load_acquire(&default_node);
}

sk_worker *sk_caller_worker(const sk_node *node) { return self.node == node ? self.worker : NULL; }

bool sk_caller_runs(const sk_service *service) {
    sk_worker *worker = sk_service_worker(service);
    if (worker)
        return worker == self.worker;
    return self.is_main || self.launch_count > 0;
}

sk_service *sk_caller_present(sk_node *node) {
    sk_worker *worker = sk_caller_worker(node);
    return worker ? sk_registry_find(sk_node_registry(node), sk_worker_present(worker)) : NULL;
}

uint32_t sk_caller_handle(void) {
    if (self.worker)
        return sk_worker_present(self.worker).v;
    return self.is_main ? MAIN_THREAD_HANDLE : 0;
}

void sk_caller_enter(sk_node *node) {
    if (!sk_caller_worker(node))
        sk_node_enter(node);
}

void sk_caller_leave(sk_node *node) {
    if (!sk_caller_worker(node))
        sk_node_leave(node);
}

void sk_caller_launch_begin(void) { self.launch_count++; }

void sk_caller_launch_end(void) {
    sk_assert(self.launch_count > 0);
    self.launch_count--;
}
