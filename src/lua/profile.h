/* profile.h -- the CPU time of single coroutines, for the module skynet.profile (bind_profile.c).
 *
 * A profiled coroutine has a record in vm->profiles. Its clock runs while it runs, or while a
 * coroutine runs that it has resumed; it stands while it is suspended, for whatever reason. Whoever
 * resumes a coroutine tells, if there are records at all. */
#ifndef SK_LUA_PROFILE_H
#define SK_LUA_PROFILE_H

#include "lua/vm.h"

/* Owner, only while vm->profiles has records: around lua_resume of `co`, whose result is status. */
void sk_profile_begin(sk_vm *vm, lua_State *co);
void sk_profile_end(sk_vm *vm, lua_State *co, int status);

/* Owner. As lua_resume(co, from, nargs, ret_count), with the accounting. */
static inline int sk_profile_resume(sk_vm *vm, lua_State *co, int nargs, int *ret_count,
                                    lua_State *from) {
    if (SK_UNLIKELY(vm->profiles.count))
        sk_profile_begin(vm, co);
    int status = lua_resume(co, from, nargs, ret_count);
    if (SK_UNLIKELY(vm->profiles.count))
        sk_profile_end(vm, co, status);
    return status;
}

#endif
