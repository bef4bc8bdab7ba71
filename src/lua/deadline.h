/* deadline.h -- the deadlines of a service's pending calls: a heap with one timer at its head.
 *
 * A deadline travels in the header of a message, so a call made while handling a request inherits
 * what is left of the caller's time. Owner only. */
#ifndef SK_LUA_DEADLINE_H
#define SK_LUA_DEADLINE_H

#include "lua/vm.h"

/* The task begins a wait that ends at task->deadline_ns (not 0). */
void sk_deadline_add(sk_task *task);

/* The wait is over. */
void sk_deadline_remove(sk_task *task);

/* The timer at the head has fired: all tasks whose time is up are queued as failed. */
void sk_deadline_expire(sk_vm *vm);

/* True when `deadline_ns` is set and has passed. */
bool sk_deadline_is_past(const sk_vm *vm, uint64_t deadline_ns);

#endif
