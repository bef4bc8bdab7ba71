/* profile.h -- the CPU time of single coroutines, for the module skynet.profile (bind_profile.c).
 *
 * A profiled coroutine has a record in vm->profiles. Its clock runs while it runs, or while a
 * coroutine runs that it has resumed; it stands while it is suspended, for whatever reason. So
 * whoever resumes a coroutine tells before, if there are records at all; and after, or a framework
 * block tells before it yields. Of a service coroutine that ends nobody tells: when its coroutine
 * runs another request, the record is found to be still running, and goes. */
#ifndef SK_LUA_PROFILE_H
#define SK_LUA_PROFILE_H

#include "lua/vm.h"

/* Owner, only while vm->profiles has records. `co` is about to be resumed; is suspended, or about
 * to be. */
void sk_profile_begin(sk_vm *vm, lua_State *co);
void sk_profile_end(sk_vm *vm, lua_State *co);

#endif
