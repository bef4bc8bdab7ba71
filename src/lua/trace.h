/* trace.h -- request tracing: tags that travel from call to call, and their events in the log.
 *
 * A tag is a text, ":<handle>-<number>". A traced task sends its tag as a PTYPE_TRACE message in
 * front of each request; the next request from that source adopts it. Without a traced task all
 * this costs a test of task->trace at each call. Everything belongs to the service's thread. */
#ifndef SK_LUA_TRACE_H
#define SK_LUA_TRACE_H

#include "lua/bind.h"

/* Remembers the tag in a PTYPE_TRACE message for the next request of its source. */
void sk_trace_remember(sk_vm *vm, const sk_msg *msg);

/* A request has arrived and no protocol asks for tracing: its task takes over the tag that its
 * source has sent, if any. */
void sk_trace_adopt(sk_task *task);

/* As above, when the protocol's `trace` field says that each request starts a trace (true), or
 * that none is traced (false). */
void sk_trace_force(sk_task *task, bool is_on);

/* skynet.trace: a new tag for the task. `info` may be NULL. */
void sk_trace_start(sk_task *task, const char *info);

/* Sets or clears the tag of a task; the text is copied. */
void sk_trace_set(sk_task *task, const char *tag);

/* Writes an event of a traced task. */
void sk_trace_event(const sk_task *task, const char *event);

/* The same, with the positions of the Lua functions that called. `L`: innermost coroutine. */
void sk_trace_event_here(lua_State *L, const sk_task *task, const char *event);

/* Writes an event with up to three positions of `from`, starting at `level`; < 0: none. */
void sk_trace_log(sk_vm *vm, const char *tag, const char *event, lua_State *from, int level);

/* A traced task is about to send a request: the event, and the tag to the receiver. */
void sk_trace_call(lua_State *L, sk_task *task, sk_address to);

/* Lua function. Notes where the timer whose thread is on top was made; kept on top. */
void sk_trace_timer(lua_State *L, double ticks);

/* Pushes that note for the thread on top (which it replaces), or nil. */
void sk_trace_push_timer(lua_State *L);

/* The vm is being freed. */
void sk_trace_done(sk_vm *vm);

#endif
