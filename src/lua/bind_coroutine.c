/* bind_coroutine.c -- stock coroutine functions that let a framework block pass outward.
 *
 * When a coroutine that was resumed here blocks in skynet.call or the like, `resume` and `wrap` do
 * not return to their caller: they yield outward themselves, level by level, to the dispatcher. The
 * answer comes back the same way, each level resuming the next inner one. A user's own yield goes
 * to its resume as always. */
#include "lua/bind.h"
#include "lua/profile.h"
#include "lua/task.h"

#include <lauxlib.h>
#include <string.h>

enum { RESUME_BLOCKED = -2, RESUME_ERROR = -1 };

static bool is_blocked(lua_State *co) { return (*(uintptr_t *)lua_getextraspace(co) & 1) != 0; }

/* Moves nargs values to co and resumes it. The number of results on L; RESUME_ERROR with the error
 * on L; RESUME_BLOCKED when the block must pass outward. */
static int resume_inner(lua_State *L, lua_State *co, int nargs) {
    sk_vm *vm = sk_vm_of(L);
    lua_State *outer = sk_load_relaxed(&vm->running);
    int count = 0;
    bool is_barrier = !lua_isyieldable(L);
    lua_xmove(L, co, nargs);
    vm->barrier_count += is_barrier;
    sk_store_relaxed(&vm->running, co);
    if (SK_UNLIKELY(vm->profiles.count))
        sk_profile_begin(vm, co);
    int status = lua_resume(co, L, nargs, &count);
    if (SK_UNLIKELY(vm->profiles.count))
        sk_profile_end(vm, co);
    sk_store_relaxed(&vm->running, outer);
    vm->barrier_count -= is_barrier;
    if (SK_UNLIKELY(status == LUA_YIELD && vm->is_blocking)) {
        sk_task_chain_push(vm->current, co);
        return RESUME_BLOCKED;
    }
    if (status != LUA_OK && status != LUA_YIELD) {
        lua_xmove(co, L, 1);
        return RESUME_ERROR;
    }
    if (!lua_checkstack(L, count + 1)) {
        lua_pop(co, count);
        lua_pushliteral(L, "too many results to resume");
        return RESUME_ERROR;
    }
    lua_xmove(co, L, count);
    return count;
}

static int begin(lua_State *L, lua_State *co, int nargs) {
    if (SK_UNLIKELY(is_blocked(co))) {
        lua_settop(L, 1);
        lua_pushliteral(L, "cannot resume a skynet coroutine suspend by skynet framework");
        return RESUME_ERROR;
    }
    sk_task *task = sk_task_of_thread(co);
    if (SK_UNLIKELY(task && task->wait != SK_WAIT_NONE)) {
        lua_pushliteral(L, "cannot resume a service coroutine (it waits for something)");
        return RESUME_ERROR;
    }
    if (SK_UNLIKELY(!lua_checkstack(co, nargs))) {
        lua_pushliteral(L, "too many arguments to resume");
        return RESUME_ERROR;
    }
    return resume_inner(L, co, nargs);
}

/* The answer comes back: into co, unless it was closed meanwhile. */
static int go_on(lua_State *L, lua_State *co) {
    sk_task *task = sk_vm_of(L)->current;
    sk_task_chain_pop(task, co);
    if (lua_status(co) != LUA_YIELD) {
        sk_bind_drop_tokens(L, task);
        lua_pushliteral(L, "cannot resume dead coroutine");
        return RESUME_ERROR;
    }
    return resume_inner(L, co, 0);
}

static int resume_k(lua_State *L, int status, lua_KContext ctx);

static int resume_end(lua_State *L, int count) {
    if (SK_UNLIKELY(count == RESUME_BLOCKED)) {
        lua_settop(L, 1);
        return sk_task_block(L, resume_k, 0);
    }
    bool ok = count >= 0;
    if (!ok)
        count = 1;
    lua_pushboolean(L, ok);
    lua_insert(L, -(count + 1));
    return count + 1;
}

/* Stack: the coroutine at 1. */
static int resume_k(lua_State *L, int status, lua_KContext ctx) {
    (void)status;
    (void)ctx;
    return resume_end(L, go_on(L, lua_tothread(L, 1)));
}

static lua_State *check_thread(lua_State *L) {
    lua_State *co = lua_tothread(L, 1);
    luaL_argexpected(L, co, 1, "coroutine");
    return co;
}

int sk_bind_co_resume(lua_State *L) {
    lua_State *co = check_thread(L);
    return resume_end(L, begin(L, co, lua_gettop(L) - 1));
}

static int wrap_k(lua_State *L, int status, lua_KContext ctx);

static int wrap_end(lua_State *L, lua_State *co, int count) {
    if (SK_UNLIKELY(count == RESUME_BLOCKED)) {
        lua_settop(L, 0);
        return sk_task_block(L, wrap_k, 0);
    }
    if (SK_LIKELY(count >= 0))
        return count;
    int status = lua_status(co);
    if (status != LUA_OK && status != LUA_YIELD) {
        (void)lua_resetthread(co); /* closes its pending variables; leaves the error */
        lua_pop(L, 1);
        lua_xmove(co, L, 1);
    }
    if (status != LUA_ERRMEM && lua_type(L, -1) == LUA_TSTRING) {
        luaL_where(L, 1);
        lua_insert(L, -2);
        lua_concat(L, 2);
    }
    return lua_error(L);
}

static int wrap_k(lua_State *L, int status, lua_KContext ctx) {
    (void)status;
    (void)ctx;
    lua_State *co = lua_tothread(L, lua_upvalueindex(1));
    return wrap_end(L, co, go_on(L, co));
}

static int wrap_call(lua_State *L) {
    lua_State *co = lua_tothread(L, lua_upvalueindex(1));
    return wrap_end(L, co, begin(L, co, lua_gettop(L)));
}

int sk_bind_co_wrap(lua_State *L) {
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_State *co = lua_newthread(L);
    lua_pushvalue(L, 1);
    lua_xmove(L, co, 1);
    lua_pushcclosure(L, wrap_call, 1);
    return 1;
}

/* The stock function; the thread is then known to a user, so it is not used again. */
static int co_running(lua_State *L) {
    sk_task *task = sk_task_of_thread(L);
    if (task)
        task->is_exposed = true;
    lua_pushboolean(L, lua_pushthread(L));
    return 2;
}

/* A blocked coroutine leaves the chain of its task; those that it resumed are closed before it. */
static void close_inner(lua_State *co) {
    sk_task *task = sk_vm_record(co);
    uint32_t count = 0;
    while (count < task->chain_count && task->chain[count] != co)
        count++;
    if (count == task->chain_count)
        return;
    for (uint32_t i = 0; i <= count; i++)
        *(void **)lua_getextraspace(task->chain[i]) = &task->vm->root;
    for (uint32_t i = 0; i < count; i++)
        (void)lua_resetthread(task->chain[i]); /* an error in a close is nobody's */
    task->chain_count -= count + 1;
    memmove(task->chain, task->chain + count + 1, task->chain_count * sizeof *task->chain);
}

static int co_close(lua_State *L) {
    lua_State *co = check_thread(L);
    if (sk_task_of_thread(co) && co != L)
        return luaL_error(L, "cannot close a service coroutine (use skynet.killthread)");
    if (is_blocked(co))
        close_inner(co);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushvalue(L, 1);
    lua_call(L, 1, LUA_MULTRET);
    return lua_gettop(L) - 1;
}

int sk_open_coroutine(lua_State *L) {
    static const luaL_Reg functions[] = {{"resume", sk_bind_co_resume},
                                         {"wrap", sk_bind_co_wrap},
                                         {"running", co_running},
                                         {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
    lua_getfield(L, -1, "close");
    lua_pushcclosure(L, co_close, 1);
    lua_setfield(L, -2, "close");
    return 0;
}
