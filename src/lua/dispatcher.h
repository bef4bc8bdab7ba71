/* dispatcher.h -- from a message to Lua code: the callback of every Lua service.
 *
 * For one message it resumes one coroutine, then serves wakeups, failed calls and forks, each in
 * order, until none is left; then the next message is taken. Outside of lua_resume it calls
 * nothing that can raise, but for memory that really has run out. */
#ifndef SK_LUA_DISPATCHER_H
#define SK_LUA_DISPATCHER_H

#include "lua/vm.h"

/* The sk_callback_fn of a Lua service; user is its sk_vm. Accepts nodes. */
bool sk_dispatcher_on_message(sk_service *service, void *user, sk_msg *msg);

/* Owner, any Lua function. Handles one message as above, without freeing it; the texts of errors
 * are added to vm->errors. For code that feeds messages itself, also inside a coroutine. */
void sk_dispatcher_handle(sk_vm *vm, sk_msg *msg);

/* Owner. Fails all calls to `callee`, and marks reply closures for it as without a caller. */
void sk_dispatcher_fail_calls(sk_vm *vm, sk_handle callee, bool answer_may_come);

/* Owner, any Lua function. Kills a task that is not running: closes it, refuses its request. */
void sk_dispatcher_kill(sk_task *task);

/* Owner. Runs the function behind a registry reference in a new coroutine, at once, with an id and
 * perhaps one more argument. */
typedef struct {
    const char *text; /* NULL: the number */
    lua_Integer number;
} sk_spawn_arg;
void sk_dispatcher_spawn(sk_vm *vm, int ref, lua_Integer id, const sk_spawn_arg *arg);

/* Owner. The same with two byte strings. */
typedef struct {
    const void *data;
    size_t size;
} sk_spawn_bytes;
void sk_dispatcher_spawn_bytes(sk_vm *vm, int ref, const sk_spawn_bytes args[2]);

/* Lua functions. The service exits after the present coroutine; see skynet.exit. */
int sk_dispatcher_exit(lua_State *L);
int sk_dispatcher_exit_for(lua_State *L, const sk_exit_reason *reason);

/* Owner. Adds the error on top of `from` to the texts logged at the end of this dispatch. */
void sk_dispatcher_add_error(sk_vm *vm, lua_State *from);

/* Owner. The same with the text on top of vm->L, which it pops. */
void sk_dispatcher_take_error_text(sk_vm *vm);

/* Select sets (bind_select.c). Gives the answer (NULL: failed) to the record behind the waiter. */
void sk_select_deliver(sk_vm *vm, void *record, sk_msg *msg);
/* The callee of the record's request; for failing all calls to a service. */
sk_handle sk_select_callee(const void *record);
/* The coroutine that made the record's set; NULL when the record is the set's timer. */
lua_State *sk_select_owner(const void *record);

#endif
