/* bind_wait.c -- functions of the module skynet for coroutines, waiting and timers. */
#include "lua/bind.h"

#include "lua/dispatcher.h"
#include "lua/task.h"
#include "lua/trace.h"

#include <lauxlib.h>
#include <math.h>

/* ---- coroutines, waiting, timers ---- */

sk_task *sk_bind_new_thread(lua_State *L, int first) {
    sk_vm *vm = sk_vm_of(L);
    int count = lua_gettop(L) - first + 1;
    sk_task *task = sk_task_new(vm, L, true);
    if (SK_UNLIKELY(count >= LUA_MINSTACK - 1)) {
        luaL_checkstack(L, count, "too many arguments");
        if (!lua_checkstack(task->co, count + 1))
            luaL_error(L, "too many arguments");
    }
    for (int i = first; i < first + count; i++)
        lua_pushvalue(L, i);
    lua_xmove(L, task->co, count);
    task->nargs = count - 1;
    return task;
}

/* fork(f, ...) -> thread */
static int skynet_fork(lua_State *L) {
    if (lua_gettop(L) == 0)
        lua_pushnil(L);
    sk_task *task = sk_bind_new_thread(L, 1);
    task->wait = SK_WAIT_FORK;
    sk_list_push(&task->vm->forks, &task->queue);
    return 1;
}

/* A number of ticks; fractions are fine. */
static double check_ticks(lua_State *L, int index) {
    double ticks = luaL_checknumber(L, index);
    luaL_argcheck(L, !isnan(ticks), index, "not a number of ticks");
    luaL_argcheck(L, fabs(ticks) <= INT32_MAX, index, "ticks out of range");
    return ticks;
}

/* timeout(ti, f) -> thread */
static int skynet_timeout(lua_State *L) {
    double ticks = check_ticks(L, 1);
    lua_settop(L, 2);
    sk_task *task = sk_bind_new_thread(L, 2);
    sk_task_wait_timer(task, ticks, SK_WAIT_START);
    if (SK_UNLIKELY(task->vm->timers_are_traced))
        sk_trace_timer(L, ticks);
    return 1;
}

/* The token argument: absent, false or the running service coroutine itself need no entry in the
 * token table. True when the table is used; the token is then at `index`. */
static bool check_token(lua_State *L, int index, const sk_task *task) {
    lua_settop(L, index);
    if (!lua_toboolean(L, index)) {
        if (L == task->co)
            return false;
        lua_pushthread(L);
        lua_replace(L, index);
    }
    if (lua_isthread(L, index) && lua_tothread(L, index) == task->co)
        return false;
    lua_rawgeti(L, LUA_REGISTRYINDEX, SK_REF_TOKENS);
    lua_pushvalue(L, index);
    if (lua_rawget(L, -2) != LUA_TNIL)
        luaL_error(L, "token duplicative");
    lua_pushvalue(L, index);
    lua_pushlightuserdata(L, (void *)task);
    lua_rawset(L, -4);
    lua_settop(L, index);
    return true;
}

static void forget_token(lua_State *L, int index) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, SK_REF_TOKENS);
    lua_pushvalue(L, index);
    lua_pushnil(L);
    lua_rawset(L, -3);
    lua_pop(L, 1);
}

/* ctx: the stack index of the token in the table, or 0. */
static int sleep_k(lua_State *L, int status, lua_KContext token) {
    (void)status;
    if (token)
        forget_token(L, (int)token);
    if (sk_vm_of(L)->current->wake != SK_WAKE_BREAK)
        return 0;
    lua_pushliteral(L, "BREAK");
    return 1;
}

static int wait_k(lua_State *L, int status, lua_KContext token) {
    (void)status;
    if (token)
        forget_token(L, (int)token);
    return 0;
}

static inline void trace_sleep(lua_State *L, const sk_task *task) {
    if (SK_UNLIKELY(task->trace))
        sk_trace_event_here(L, task, "sleep");
}

/* sleep(ti [, token]) -> nothing | "BREAK" */
static int skynet_sleep(lua_State *L) {
    sk_task *task = sk_task_check_block(L);
    double ticks = check_ticks(L, 1);
    bool has_token = check_token(L, 2, task);
    task->has_token = has_token;
    trace_sleep(L, task);
    sk_task_wait_timer(task, ticks, SK_WAIT_SLEEP);
    return sk_task_block(L, sleep_k, has_token ? 2 : 0);
}

static int skynet_yield(lua_State *L) {
    sk_task *task = sk_task_check_block(L);
    bool has_token = false;
    if (SK_UNLIKELY(L != task->co))
        has_token = check_token(L, 1, task);
    task->has_token = has_token;
    trace_sleep(L, task);
    sk_task_wait_timer(task, 0, SK_WAIT_SLEEP);
    return sk_task_block(L, sleep_k, has_token ? 1 : 0);
}

/* wait([token]) */
static int skynet_wait(lua_State *L) {
    sk_task *task = sk_task_check_block(L);
    bool has_token = check_token(L, 1, task);
    task->has_token = has_token;
    trace_sleep(L, task);
    sk_task_wait_plain(task, SK_WAIT_TOKEN);
    return sk_task_block(L, wait_k, has_token ? 1 : 0);
}

/* The task that waits on the token, or NULL. */
static sk_task *find_waiter(lua_State *L, int index) {
    if (lua_isthread(L, index)) {
        sk_task *task = sk_task_of_thread(lua_tothread(L, index));
        bool waits = task && (task->wait == SK_WAIT_SLEEP || task->wait == SK_WAIT_TOKEN);
        if (waits && !task->has_token)
            return task;
    }
    if (lua_isnil(L, index))
        return NULL;
    lua_rawgeti(L, LUA_REGISTRYINDEX, SK_REF_TOKENS);
    lua_pushvalue(L, index);
    lua_rawget(L, -2);
    return lua_touserdata(L, -1);
}

/* wakeup(token) -> true | nothing */
static int skynet_wakeup(lua_State *L) {
    luaL_checkany(L, 1);
    sk_task *task = find_waiter(L, 1);
    if (!task)
        return 0;
    sk_task_queue_wakeup(task);
    lua_pushboolean(L, true);
    return 1;
}

void sk_bind_drop_tokens(lua_State *L, const sk_task *task) {
    if (!task->has_token)
        return;
    lua_rawgeti(L, LUA_REGISTRYINDEX, SK_REF_TOKENS);
    int tokens = lua_gettop(L);
    lua_pushnil(L);
    while (lua_next(L, tokens)) {
        if (lua_touserdata(L, -1) == task) {
            lua_pushvalue(L, -2);
            lua_pushnil(L);
            lua_rawset(L, tokens);
        }
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

/* The suspended task whose thread's text matches the pattern at 1. */
static sk_task *find_by_text(lua_State *L) {
    sk_vm *vm = sk_vm_of(L);
    for (sk_link *l = vm->tasks.next; l != &vm->tasks; l = l->next) {
        sk_task *task = SK_CONTAINER(l, sk_task, all);
        if (task == vm->current || task->wait == SK_WAIT_FORK)
            continue;
        lua_getglobal(L, "string");
        lua_getfield(L, -1, "find");
        lua_pushfstring(L, "thread: %p", (void *)task->co);
        lua_pushvalue(L, 1);
        lua_call(L, 2, 1);
        if (lua_toboolean(L, -1))
            return task;
        lua_settop(L, 1);
    }
    return NULL;
}

/* killthread(thread | text) -> thread | nothing */
static int skynet_killthread(lua_State *L) {
    sk_task *task = NULL;
    if (lua_isthread(L, 1))
        task = sk_task_of_thread(lua_tothread(L, 1));
    else if (lua_type(L, 1) == LUA_TSTRING)
        task = find_by_text(L);
    if (!task || task == task->vm->current || task->wait == SK_WAIT_NONE)
        return 0;
    luaL_checkstack(L, 4, NULL);
    lua_pushthread(task->co);
    lua_xmove(task->co, L, 1);
    sk_bind_drop_tokens(L, task);
    sk_dispatcher_kill(task);
    return 1;
}

const sk_bind_entry sk_bind_wait_functions[] = {
    {"fork", skynet_fork},   {"killthread", skynet_killthread},
    {"sleep", skynet_sleep}, {"timeout", skynet_timeout},
    {"wait", skynet_wait},   {"wakeup", skynet_wakeup},
    {"yield", skynet_yield}, {NULL, NULL},
};
