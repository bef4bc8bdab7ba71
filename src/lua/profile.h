/* profile.h -- the CPU time of single coroutines, for the module skynet.profile (bind_profile.c).
 *
 * A profiled coroutine has a record in vm->profiles. Its clock runs while it runs, or while a
 * coroutine runs that it has resumed; it stands while it is suspended, for whatever reason. So
 * whoever resumes a coroutine tells before and after: the dispatcher for tasks that have
 * SK_WATCH_PROFILE, coroutine.resume and wrap if there are records at all. */
#ifndef SK_LUA_PROFILE_H
#define SK_LUA_PROFILE_H

#include "lua/vm.h"

/* Owner. `co` is about to be resumed; is suspended, or has ended. Nothing if it has no record. */
void sk_profile_begin(sk_vm *vm, lua_State *co);
void sk_profile_end(sk_vm *vm, lua_State *co);

/* Owner. The coroutine of a task has ended, and may run another request: the record goes. */
void sk_profile_drop(sk_vm *vm, lua_State *co);

#endif
