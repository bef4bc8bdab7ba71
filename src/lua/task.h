/* task.h -- tasks: service coroutines and what they wait for.
 *
 * A task is a record in C with a coroutine. It is made for a request, a fork or a timeout, runs
 * until it blocks or ends, and is reused for later requests unless a user may hold its thread.
 * A blocking function checks everything first (sk_task_check_block), then registers what it waits
 * for (sk_task_wait_*), then yields (sk_task_block); its continuation reads task->wake. */
#ifndef SK_LUA_TASK_H
#define SK_LUA_TASK_H

#include "lua/vm.h"

/* Owner, in a protected call. A task with an empty coroutine, from the pool or new. Raises only
 * for lack of memory. `is_exposed`: its thread will be handed out. A new one's thread is left on
 * the stack of L. */
sk_task *sk_task_new(sk_vm *vm, lua_State *L, bool is_exposed);

/* Owner, outside of a protected call. As above; NULL when memory has run out. */
sk_task *sk_task_try_new(sk_vm *vm);

/* A framework block passes outward through `co`, innermost first; and comes back. */
void sk_task_chain_push(sk_task *task, lua_State *co);
void sk_task_chain_pop(sk_task *task, lua_State *co);

/* Owner. Closes the coroutines between co and where it blocks, then co itself: to-be-closed
 * variables run. The task is then to be ended. */
void sk_task_close(sk_task *task);

/* Owner. The task has ended (co is dead or reset): back to the pool, or freed. */
void sk_task_end(sk_task *take_task);

/* Lua function, on the innermost coroutine. The current task, if L may block now; else raises. */
sk_task *sk_task_check_block(lua_State *L);

/* After check and registration. Yields to the dispatcher; `k` continues. Use as `return ...`. */
int sk_task_block(lua_State *L, lua_KFunction k, lua_KContext ctx);

/* Registers what the task waits for. */
void sk_task_wait_answer(sk_task *task, int32_t session, sk_handle callee);
void sk_task_wait_timer(sk_task *task, double delay_cs, sk_wait wait);
void sk_task_wait_plain(sk_task *task, sk_wait wait);

/* After registration. Points *waiter at the task until its wait ends, however it ends. The place
 * must stay until then, or be given up with sk_task_forget_waiter. */
void sk_task_set_waiter(sk_task *task, sk_task **waiter);
void sk_task_forget_waiter(sk_task **waiter);

/* The wait is over, or given up: forgets session, token and deadline. A session that something may
 * still answer is remembered as given up when `answer_may_come`. */
void sk_task_unwait(sk_task *task, bool answer_may_come);

/* Queues a waiting task to be resumed with `wake` by the present dispatch. */
void sk_task_queue_wakeup(sk_task *task);
void sk_task_queue_failure(sk_task *task, sk_wake wake);

/* A session that nothing waits for. */
int32_t sk_task_new_session(sk_vm *vm);

/* The vm's check for sk_service_set_session_check; `user` is the vm. */
bool sk_task_session_is_used(void *user, int32_t session);

/* Arms a timer whose expiry arrives as a RESPONSE with this session. `delay_cs` may be fractional;
 * <= 0 fires at once, behind what is in the mailbox. */
void sk_task_arm(sk_vm *vm, int32_t session, double delay_cs);

/* The task whose own timer (sk_task_wait_timer) the message is, by its tag; NULL: it waits no
 * more. */
sk_task *sk_task_of_timer(const sk_vm *vm, const sk_msg *msg);

/* The same by the session alone, for a message that has been through Lua code. Looks at all
 * tasks. */
sk_task *sk_task_of_fed_timer(const sk_vm *vm, int32_t session);

/* The task of a thread value: NULL when the thread is no service coroutine. */
sk_task *sk_task_of_thread(lua_State *co);

/* Answers the request of a dying task with an error, if it is open. */
void sk_task_refuse_request(sk_task *task);

/* Sends an empty message of type RESPONSE or ERROR. False when the receiver is gone. */
bool sk_task_send_empty(sk_vm *vm, sk_handle to, uint8_t type, int32_t session);

/* The service dies: open requests and replies are answered, callees told. */
void sk_task_drop_all(sk_vm *vm);

/* After lua_close. Frees all records. */
void sk_task_free_all(sk_vm *vm);

/* Waiter values of vm->sessions. */
static inline void *sk_waiter_make(void *ptr, unsigned kind) {
    return (void *)((uintptr_t)ptr | kind);
}
static inline unsigned sk_waiter_kind(void *waiter) { return (uintptr_t)waiter & 7; }
static inline void *sk_waiter_ptr(void *waiter) {
    return (void *)((uintptr_t)waiter & ~(uintptr_t)7);
}

/* A detached answer: the userdata behind a skynet.response closure. */
typedef struct {
    sk_link link; /* vm->replies while unanswered */
    sk_handle source;
    int32_t session;
    bool is_answered;
    bool caller_is_gone;
} sk_reply;

#endif
