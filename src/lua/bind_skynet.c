/* bind_skynet.c -- the functions of the module skynet that are on the message path, in C.
 *
 * The module table is filled on first use: its metatable looks a name up in the table at the end
 * of this file, then in the Lua part (lualib/skynet/more.lua). docs/lua-host.md lists which is
 * where. The contract of each function is in lualib/meta/skynet.lua. */
#include "lua/bind.h"

#include "actor/registry.h"
#include "actor/worker.h"
#include "base/assert.h"
#include "base/err.h"
#include "base/mem.h"
#include "codec/seri.h"
#include "lua/dispatcher.h"
#include "lua/loader.h"
#include "lua/task.h"

#include <lauxlib.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static uint32_t self_handle(const sk_vm *vm) { return sk_service_handle(vm->service).v; }

/* ---- sending ---- */

static void stamp(sk_vm *vm, sk_msg *msg, int type, int32_t session) {
    msg->source = sk_service_handle(vm->service);
    msg->type = (uint8_t)type;
    msg->session = session;
}

/* The message of (addr, typename, ...). Unless the protocol is lua with its own packing, the
 * protocol's table is left on top. */
static sk_msg *pack_request(lua_State *L, sk_vm *vm, int *ret_type) {
    int last = lua_gettop(L);
    if (SK_LIKELY(sk_bind_is_plain_lua(L, vm, 2))) {
        *ret_type = SK_TYPE_LUA;
        return sk_bind_pack(L, 3, last);
    }
    *ret_type = sk_bind_check_proto(L, 2);
    return sk_bind_pack_by(L, last + 1, 3, last);
}

/* send(addr, typename, ...) -> 0 | nothing */
static int skynet_send(lua_State *L) {
    sk_vm *vm = sk_vm_of(L);
    sk_address to = sk_bind_check_address(L, 1);
    int type;
    sk_msg *msg = pack_request(L, vm, &type);
    stamp(vm, msg, type, 0);
    if (sk_bind_post(vm, to, msg) < 0)
        return 0;
    lua_pushinteger(L, 0);
    return 1;
}

static int skynet_rawsend(lua_State *L) {
    sk_vm *vm = sk_vm_of(L);
    sk_address to = sk_bind_check_address(L, 1);
    int type = sk_bind_check_proto(L, 2);
    sk_msg *msg = sk_bind_check_payload(L, 3);
    stamp(vm, msg, type, 0);
    if (sk_bind_post(vm, to, msg) < 0)
        return 0;
    lua_pushinteger(L, 0);
    return 1;
}

static int call_failed(lua_State *L, const sk_task *task) {
    if (task->wake == SK_WAKE_DEADLINE)
        return luaL_error(L, "call failed: deadline exceeded");
    return luaL_error(L, "call failed");
}

/* How the answer is unpacked: by us, or by the function at stack index 1; or not at all. */
enum { ANSWER_SERI, ANSWER_FUNCTION, ANSWER_RAW };

static int call_k(lua_State *L, int status, lua_KContext how) {
    (void)status;
    sk_vm *vm = sk_vm_of(L);
    if (SK_UNLIKELY(vm->current->wake != SK_WAKE_ANSWER))
        return call_failed(L, vm->current);
    sk_msg *msg = vm->msg;
    if (SK_LIKELY(how == ANSWER_SERI))
        return sk_seri_unpack(L, msg->data, msg->size, msg->hints);
    lua_settop(L, 1);
    lua_pushlightuserdata(L, msg->data);
    lua_pushinteger(L, (lua_Integer)msg->size);
    if (how == ANSWER_RAW)
        return 2;
    lua_call(L, 2, LUA_MULTRET);
    return lua_gettop(L);
}

/* Sends the request and blocks. Stack: the address at 1, the unpack function on top. */
static int start_call(lua_State *L, sk_task *task, sk_address to, sk_msg *take_msg, int how) {
    sk_vm *vm = task->vm;
    int32_t session = take_msg->session;
    take_msg->deadline_ns = task->deadline_ns;
    if (SK_UNLIKELY(sk_bind_post(vm, to, take_msg) < 0))
        return luaL_error(L, "call to invalid address %s", luaL_tolstring(L, 1, NULL));
    if (how == ANSWER_FUNCTION)
        lua_replace(L, 1);
    sk_task_wait_answer(task, session, to.handle);
    return sk_task_block(L, call_k, how);
}

/* How the answer will be unpacked; a function of the protocol's own is left on top. */
static int how_to_unpack(lua_State *L, const sk_vm *vm) {
    if (SK_LIKELY(sk_bind_is_plain_lua(L, vm, 2)))
        return ANSWER_SERI;
    lua_rawgeti(L, LUA_REGISTRYINDEX, SK_REF_KEY_UNPACK);
    sk_bind_rawget_field(L, -2);
    return lua_tocfunction(L, -1) == sk_bind_unpack ? ANSWER_SERI : ANSWER_FUNCTION;
}

/* call(addr, typename, ...) -> results of the callee */
static int skynet_call(lua_State *L) {
    sk_task *task = sk_task_check_block(L);
    sk_vm *vm = task->vm;
    sk_address to = sk_bind_check_address(L, 1);
    int type;
    sk_msg *msg = pack_request(L, vm, &type);
    stamp(vm, msg, type, sk_task_new_session(vm));
    return start_call(L, task, to, msg, how_to_unpack(L, vm));
}

/* rawcall(addr, typename, msg [, sz]) -> msg, sz */
static int skynet_rawcall(lua_State *L) {
    sk_task *task = sk_task_check_block(L);
    sk_address to = sk_bind_check_address(L, 1);
    int type = sk_bind_check_proto(L, 2);
    sk_msg *msg = sk_bind_check_payload(L, 3);
    stamp(task->vm, msg, type, sk_task_new_session(task->vm));
    return start_call(L, task, to, msg, ANSWER_RAW);
}

/* redirect(dest, source, typename, session, msg [, sz]) -> session | nothing */
static int skynet_redirect(lua_State *L) {
    sk_vm *vm = sk_vm_of(L);
    sk_address to = sk_bind_check_address(L, 1);
    lua_Integer source = luaL_checkinteger(L, 2);
    int type = sk_bind_check_proto(L, 3);
    lua_Integer session = lua_isnil(L, 4) ? sk_task_new_session(vm) : luaL_checkinteger(L, 4);
    sk_msg *msg = sk_bind_check_payload(L, 5);
    stamp(vm, msg, type, (int32_t)session);
    if (source)
        msg->source.v = (uint32_t)source;
    if (sk_bind_post(vm, to, msg) < 0)
        return 0;
    lua_pushinteger(L, session);
    return 1;
}

/* ---- answering ---- */

/* Sends the answer to the current request; consumes the message. */
static int answer(lua_State *L, sk_task *task, sk_msg *take_msg) {
    task->request = SK_REQUEST_TAKEN;
    bool sent = false;
    if (task->session == 0) {
        sk_msg_free(take_msg);
    } else {
        stamp(task->vm, take_msg, SK_TYPE_RESPONSE, task->session);
        sk_address to = {task->source, NULL};
        sent = sk_bind_post(task->vm, to, take_msg) == 0;
    }
    lua_pushboolean(L, sent);
    return 1;
}

static sk_task *check_request(lua_State *L, const char *text) {
    sk_task *task = sk_vm_of(L)->current;
    if (SK_UNLIKELY(!task || task->request != SK_REQUEST_OPEN))
        luaL_error(L, "%s", text);
    return task;
}

static int skynet_ret(lua_State *L) {
    sk_msg *msg = sk_bind_check_payload(L, 1);
    sk_task *task = sk_vm_of(L)->current;
    if (SK_UNLIKELY(!task || task->request != SK_REQUEST_OPEN)) {
        sk_msg_free(msg);
        return luaL_error(L, "No session");
    }
    return answer(L, task, msg);
}

static int skynet_retpack(lua_State *L) {
    sk_task *task = check_request(L, "No session");
    return answer(L, task, sk_bind_pack(L, 1, lua_gettop(L)));
}

static int skynet_ignoreret(lua_State *L) {
    sk_task *task = sk_vm_of(L)->current;
    if (task)
        task->request = SK_REQUEST_TAKEN;
    return 0;
}

static int skynet_context(lua_State *L) {
    sk_task *task = sk_vm_of(L)->current;
    if (!task || task->request == SK_REQUEST_NONE) {
        lua_pushnil(L);
        lua_pushnil(L);
        return 2;
    }
    if (task->request == SK_REQUEST_OPEN)
        lua_pushinteger(L, task->session);
    else
        lua_pushnil(L);
    lua_pushinteger(L, task->source.v);
    return 2;
}

static sk_reply *check_reply(lua_State *L) { return lua_touserdata(L, lua_upvalueindex(1)); }

static int reply_gc(lua_State *L) {
    sk_reply *reply = lua_touserdata(L, 1);
    if (sk_list_is_linked(&reply->link))
        sk_list_remove(&reply->link);
    return 0;
}

/* The packed answer: by the closure's own function, or by skynet.pack. */
static sk_msg *pack_reply(lua_State *L, int last) {
    if (lua_isnil(L, lua_upvalueindex(2)))
        return sk_bind_pack(L, 2, last);
    lua_pushvalue(L, lua_upvalueindex(2));
    luaL_checkstack(L, last, NULL);
    for (int i = 2; i <= last; i++)
        lua_pushvalue(L, i);
    lua_call(L, last - 1, 2);
    return sk_bind_check_payload(L, last + 1);
}

/* reply(ok, ...) | reply "TEST" */
static int reply_call(lua_State *L) {
    sk_vm *vm = sk_vm_of(L);
    sk_reply *reply = check_reply(L);
    if (reply->session == 0)
        return 0;
    if (lua_type(L, 1) == LUA_TSTRING && strcmp(lua_tostring(L, 1), "TEST") == 0) {
        lua_pushboolean(L, !reply->is_answered && !reply->caller_is_gone);
        return 1;
    }
    if (reply->is_answered)
        return luaL_error(L, "Can't response more than once");
    bool sent = false;
    sk_msg *msg = lua_toboolean(L, 1) ? pack_reply(L, lua_gettop(L)) : sk_msg_new_around(NULL, 0);
    stamp(vm, msg, lua_toboolean(L, 1) ? SK_TYPE_RESPONSE : SK_TYPE_ERROR, reply->session);
    if (reply->caller_is_gone)
        sk_msg_free(msg);
    else
        sent = sk_bind_post(vm, (sk_address){reply->source, NULL}, msg) == 0;
    reply->is_answered = true;
    sk_list_remove(&reply->link);
    lua_pushboolean(L, sent);
    return 1;
}

/* response([pack]) -> closure */
static int skynet_response(lua_State *L) {
    sk_task *task = check_request(L, "no session");
    lua_settop(L, 1);
    sk_reply *reply = lua_newuserdatauv(L, sizeof *reply, 0);
    *reply = (sk_reply){.source = task->source, .session = task->session};
    sk_list_init(&reply->link);
    if (luaL_newmetatable(L, "skynet.reply")) {
        lua_pushcfunction(L, reply_gc);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
    lua_insert(L, 1);
    lua_pushcclosure(L, reply_call, 2);
    if (reply->session != 0)
        sk_list_push(&task->vm->replies, &reply->link);
    task->request = SK_REQUEST_TAKEN;
    return 1;
}

/* ---- coroutines, waiting, timers ---- */

/* Makes a task whose coroutine holds the function and its arguments; pushes its thread. */
static sk_task *new_thread(lua_State *L, int first) {
    sk_vm *vm = sk_vm_of(L);
    int count = lua_gettop(L) - first + 1;
    sk_task *task = sk_task_new(vm, true);
    if (SK_UNLIKELY(!lua_checkstack(task->co, count + 1)))
        luaL_error(L, "too many arguments");
    lua_xmove(L, task->co, count);
    task->nargs = count - 1;
    lua_pushthread(task->co);
    lua_xmove(task->co, L, 1);
    return task;
}

/* fork(f, ...) -> thread */
static int skynet_fork(lua_State *L) {
    if (lua_gettop(L) == 0)
        lua_pushnil(L);
    sk_task *task = new_thread(L, 1);
    task->wait = SK_WAIT_FORK;
    sk_list_push(&task->vm->forks, &task->queue);
    return 1;
}

/* A number of ticks; fractions are fine. */
static double check_ticks(lua_State *L, int index) {
    double ticks = luaL_checknumber(L, index);
    luaL_argcheck(L, !isnan(ticks), index, "not a number of ticks");
    return ticks > 2147483647.0 ? 2147483647.0 : ticks;
}

/* timeout(ti, f) -> thread */
static int skynet_timeout(lua_State *L) {
    double ticks = check_ticks(L, 1);
    lua_settop(L, 2);
    sk_task *task = new_thread(L, 2);
    sk_task_wait_timer(task, ticks, SK_WAIT_START);
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

/* sleep(ti [, token]) -> nothing | "BREAK" */
static int skynet_sleep(lua_State *L) {
    sk_task *task = sk_task_check_block(L);
    double ticks = check_ticks(L, 1);
    bool has_token = check_token(L, 2, task);
    task->has_token = has_token;
    sk_task_wait_timer(task, ticks, SK_WAIT_SLEEP);
    return sk_task_block(L, sleep_k, has_token ? 2 : 0);
}

static int skynet_yield(lua_State *L) {
    sk_task *task = sk_task_check_block(L);
    bool has_token = false;
    if (SK_UNLIKELY(L != task->co))
        has_token = check_token(L, 1, task);
    task->has_token = has_token;
    sk_task_wait_timer(task, 0, SK_WAIT_SLEEP);
    return sk_task_block(L, sleep_k, has_token ? 1 : 0);
}

/* wait([token]) */
static int skynet_wait(lua_State *L) {
    sk_task *task = sk_task_check_block(L);
    bool has_token = check_token(L, 1, task);
    task->has_token = has_token;
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

/* Takes every token of a task that is killed out of the table. */
static void drop_tokens(lua_State *L, const sk_task *task) {
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
    drop_tokens(L, task);
    sk_dispatcher_kill(task);
    return 1;
}

/* ---- protocols ---- */

/* register_protocol(class) */
static int skynet_register_protocol(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    bool ok = lua_getfield(L, 1, "name") == LUA_TSTRING;
    ok = lua_getfield(L, 1, "id") == LUA_TNUMBER && ok;
    lua_Integer id = lua_tointeger(L, 3);
    if (!ok || id < 0 || id > 255)
        return luaL_error(L, "assertion failed! (a protocol needs a name and an id in 0..255)");
    if (sk_bind_find_proto(L, 2) || sk_bind_push_proto(L, (int)id))
        return luaL_error(L, "assertion failed! (protocol %s or id %d is registered already)",
                          lua_tostring(L, 2), (int)id);
    lua_rawgeti(L, LUA_REGISTRYINDEX, SK_REF_PROTO);
    lua_pushvalue(L, 1);
    lua_rawseti(L, -2, id);
    lua_pushvalue(L, 2);
    lua_pushvalue(L, 1);
    lua_rawset(L, -3);
    return 0;
}

/* dispatch(typename [, func]) -> previous or present handler */
static int skynet_dispatch(lua_State *L) {
    lua_settop(L, 2);
    bool sets = lua_toboolean(L, 2);
    if (sets)
        (void)sk_bind_check_proto(L, 1);
    else if (!sk_bind_find_proto(L, 1))
        return 0;
    lua_getfield(L, 3, "dispatch");
    if (sets) {
        lua_pushvalue(L, 2);
        lua_setfield(L, 3, "dispatch");
    }
    return 1;
}

/* ---- start and exit ---- */

static void tell_launcher(lua_State *L, const char *what) {
    sk_vm *vm = sk_vm_of(L);
    sk_handle launcher = sk_registry_query(sk_node_registry(vm->node), "launcher");
    if (sk_handle_is_none(launcher))
        return;
    lua_pushstring(L, what);
    sk_msg *msg = sk_bind_pack(L, lua_gettop(L), lua_gettop(L));
    lua_pop(L, 1);
    stamp(vm, msg, SK_TYPE_LUA, 0);
    (void)sk_service_post(vm->service, launcher, msg);
}

static int traceback(lua_State *L) {
    const char *text = luaL_tolstring(L, 1, NULL);
    luaL_traceback(L, L, text, 1);
    return 1;
}

/* Stack: traceback, then the error text. */
static int init_service_k(lua_State *L, int status, lua_KContext ctx) {
    (void)ctx;
    sk_vm *vm = sk_vm_of(L);
    if (status == LUA_OK || status == LUA_YIELD) {
        tell_launcher(L, "LAUNCHOK");
        return 0;
    }
    sk_vm_log(vm, "init service failed: %s", lua_tostring(L, -1));
    tell_launcher(L, "ERROR");
    return sk_dispatcher_exit(L);
}

static int run_inits_k(lua_State *L, int status, lua_KContext next);

/* Runs the functions of skynet.init, then the start function. Stack: start, list. */
static int run_inits(lua_State *L, lua_Integer next) {
    if (lua_istable(L, 2) && lua_rawgeti(L, 2, next) != LUA_TNIL) {
        lua_callk(L, 0, 0, next, run_inits_k);
        return run_inits_k(L, LUA_OK, next);
    }
    lua_settop(L, 1);
    lua_callk(L, 0, 0, -1, run_inits_k);
    return 0;
}

static int run_inits_k(lua_State *L, int status, lua_KContext next) {
    (void)status;
    return next < 0 ? 0 : run_inits(L, next + 1);
}

static int start_body(lua_State *L) {
    lua_settop(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, SK_REF_INITS);
    lua_pushboolean(L, false); /* from now on skynet.init is for modules that are being loaded */
    lua_rawseti(L, LUA_REGISTRYINDEX, SK_REF_INITS);
    return run_inits(L, 1);
}

/* init_service(start): in the current coroutine */
static int skynet_init_service(lua_State *L) {
    lua_settop(L, 1);
    lua_pushcfunction(L, traceback);
    lua_pushcfunction(L, start_body);
    lua_pushvalue(L, 1);
    int status = lua_pcallk(L, 1, 0, 2, 0, init_service_k);
    return init_service_k(L, status, 0);
}

/* init(f): before start, or while a module is being loaded */
static int skynet_init(lua_State *L) {
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    if (sk_vm_of(L)->current) {
        sk_loader_push_require_module(L);
        lua_getfield(L, -1, "init");
        lua_pushvalue(L, 1);
        lua_call(L, 1, 0);
        return 0;
    }
    if (lua_rawgeti(L, LUA_REGISTRYINDEX, SK_REF_INITS) == LUA_TBOOLEAN)
        return luaL_error(L, "skynet.init after skynet.start, outside of a module being loaded");
    if (lua_isnil(L, -1)) {
        lua_newtable(L);
        lua_pushvalue(L, -1);
        lua_rawseti(L, LUA_REGISTRYINDEX, SK_REF_INITS);
    }
    lua_pushvalue(L, 1);
    lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
    return 0;
}

/* start(f) */
static int skynet_start(lua_State *L) {
    sk_vm *vm = sk_vm_of(L);
    lua_settop(L, 1);
    vm->is_started = true;
    lua_pushcfunction(L, skynet_init_service);
    lua_insert(L, 1);
    sk_task *task = new_thread(L, 1);
    sk_task_wait_timer(task, 0, SK_WAIT_START);
    return 0;
}

/* ---- time, statistics, environment ---- */

static int skynet_self(lua_State *L) {
    lua_pushinteger(L, self_handle(sk_vm_of(L)));
    return 1;
}

static int skynet_now(lua_State *L) {
    lua_pushinteger(L, (lua_Integer)sk_node_now_cs(sk_vm_of(L)->node));
    return 1;
}

static int skynet_starttime(lua_State *L) {
    lua_pushinteger(L, sk_node_start_time(sk_vm_of(L)->node));
    return 1;
}

static int skynet_time(lua_State *L) {
    sk_node *node = sk_vm_of(L)->node;
    lua_pushnumber(L, sk_node_start_time(node) + (double)sk_node_now_cs(node) / 100);
    return 1;
}

static int skynet_hpc(lua_State *L) {
    lua_pushinteger(L, (lua_Integer)sk_clock_ns(sk_node_clock(sk_vm_of(L)->node)));
    return 1;
}

static int push_stat(lua_State *L, const char *what) {
    sk_service *service = sk_vm_of(L)->service;
    sk_service_stat stat;
    sk_service_get_stat(service, &stat);
    if (strcmp(what, "mqlen") == 0)
        lua_pushinteger(L, (lua_Integer)stat.mailbox_len);
    else if (strcmp(what, "message") == 0)
        lua_pushinteger(L, (lua_Integer)stat.message_count);
    else if (strcmp(what, "endless") == 0)
        lua_pushinteger(L, sk_service_take_endless(service));
    else if (strcmp(what, "cpu") == 0)
        lua_pushnumber(L, sk_service_cpu_seconds(service));
    else if (strcmp(what, "time") == 0)
        lua_pushnumber(L, sk_service_dispatch_seconds(service));
    else if (strcmp(what, "mqmax") == 0)
        lua_pushinteger(L, (lua_Integer)stat.mailbox_len_max);
    else if (strcmp(what, "memory") == 0)
        lua_pushinteger(L, (lua_Integer)sk_vm_of(L)->memory_size);
    else
        lua_pushinteger(L, 0);
    return 1;
}

static int skynet_stat(lua_State *L) { return push_stat(L, luaL_checkstring(L, 1)); }
static int skynet_mqlen(lua_State *L) { return push_stat(L, "mqlen"); }

static int skynet_endless(lua_State *L) {
    lua_pushboolean(L, sk_service_take_endless(sk_vm_of(L)->service));
    return 1;
}

static int skynet_memlimit(lua_State *L) {
    lua_Integer size = luaL_checkinteger(L, 1);
    luaL_argcheck(L, size >= 0, 1, "negative limit");
    sk_vm_set_limit(sk_vm_of(L), (size_t)size);
    return 0;
}

static int skynet_getenv(lua_State *L) {
    luaL_argcheck(L, lua_type(L, 1) == LUA_TSTRING, 1, "string expected");
    const char *value = sk_env_get(sk_node_env(sk_vm_of(L)->node), lua_tostring(L, 1));
    if (value)
        lua_pushstring(L, value);
    else
        lua_pushnil(L);
    return 1;
}

static int skynet_setenv(lua_State *L) {
    const char *key = luaL_checkstring(L, 1);
    const char *value = luaL_checkstring(L, 2);
    luaL_argcheck(L, key[0] && !strpbrk(key, " \t\r\n"), 1, "a key without blanks expected");
    if (sk_env_set(sk_node_env(sk_vm_of(L)->node), key, value) < 0)
        return luaL_error(L, "Can't setenv exist key : %s", key);
    return 0;
}

/* error(...): one log entry of all arguments */
static int skynet_error(lua_State *L) {
    sk_vm *vm = sk_vm_of(L);
    int count = lua_gettop(L);
    luaL_Buffer text;
    luaL_buffinit(L, &text);
    for (int i = 1; i <= count; i++) {
        if (i > 1)
            luaL_addchar(&text, ' ');
        luaL_tolstring(L, i, NULL);
        luaL_addvalue(&text);
    }
    if (count == 0)
        luaL_addstring(&text, "nil");
    luaL_pushresult(&text);
    size_t size;
    const char *line = lua_tolstring(L, -1, &size);
    sk_node_log_text(vm->node, sk_service_worker(vm->service), sk_service_handle(vm->service),
                     line, size);
    return 0;
}

static int skynet_genid(lua_State *L) {
    lua_pushinteger(L, sk_task_new_session(sk_vm_of(L)));
    return 1;
}

static int skynet_address(lua_State *L) {
    char text[16];
    if (lua_type(L, 1) == LUA_TNUMBER) {
        int size = snprintf(text, sizeof text, ":%08x", (unsigned)luaL_checkinteger(L, 1));
        lua_pushlstring(L, text, (size_t)size);
    } else {
        luaL_checkany(L, 1);
        luaL_tolstring(L, 1, NULL);
    }
    return 1;
}

static int skynet_harbor(lua_State *L) {
    sk_handle handle = {(uint32_t)luaL_checkinteger(L, 1)};
    lua_pushinteger(L, handle.v >> SK_HANDLE_HARBOR_SHIFT);
    lua_pushboolean(L, sk_node_is_remote(sk_vm_of(L)->node, handle));
    return 2;
}

static int skynet_localname(lua_State *L) {
    const char *name = luaL_checkstring(L, 1);
    if (name[0] != '.')
        return 0;
    sk_handle handle = sk_registry_query(sk_node_registry(sk_vm_of(L)->node), name + 1);
    if (sk_handle_is_none(handle))
        return 0;
    lua_pushinteger(L, handle.v);
    return 1;
}

/* ---- packing ---- */

int sk_bind_packfn(lua_State *L) {
    sk_msg *msg = sk_bind_pack(L, 1, lua_gettop(L));
    size_t size = msg->size;
    lua_pushlightuserdata(L, sk_msg_take_payload(msg));
    lua_pushinteger(L, (lua_Integer)size);
    return 2;
}

static int skynet_packstring(lua_State *L) {
    sk_buffer *scratch = &sk_vm_of(L)->scratch;
    size_t start = scratch->len;
    sk_seri_pack(L, 1, lua_gettop(L), scratch, NULL);
    lua_pushlstring(L, (char *)scratch->data + start, scratch->len - start);
    scratch->len = start;
    return 1;
}

/* The bytes of a (pointer, size) or string argument at 1. */
static const void *check_bytes(lua_State *L, size_t *ret_size) {
    if (lua_type(L, 1) == LUA_TSTRING)
        return lua_tolstring(L, 1, ret_size);
    lua_Integer size = luaL_checkinteger(L, 2);
    luaL_argcheck(L, size >= 0, 2, "negative size");
    luaL_argcheck(L, lua_islightuserdata(L, 1), 1, "string or light userdata expected");
    *ret_size = (size_t)size;
    return lua_touserdata(L, 1);
}

int sk_bind_unpack(lua_State *L) {
    if (lua_isnoneornil(L, 1))
        return 0;
    size_t size;
    const void *data = check_bytes(L, &size);
    if (size == 0)
        return 0;
    if (!data)
        return luaL_error(L, "deserialize null pointer");
    return sk_seri_unpack(L, data, size, NULL);
}

static int skynet_tostring(lua_State *L) {
    if (lua_isnoneornil(L, 1))
        return 0;
    size_t size;
    const void *data = check_bytes(L, &size);
    lua_pushlstring(L, data ? data : "", data ? size : 0);
    return 1;
}

static int skynet_trash(lua_State *L) {
    switch (lua_type(L, 1)) {
    case LUA_TSTRING:
        return 0;
    case LUA_TLIGHTUSERDATA:
        (void)luaL_checkinteger(L, 2);
        sk_free(lua_touserdata(L, 1));
        return 0;
    default:
        return luaL_error(L, "skynet.trash invalid param %s", luaL_typename(L, 1));
    }
}

/* ---- hooks for messages that nobody handles ---- */

int sk_bind_unknown_request(lua_State *L, sk_task *task, sk_msg *msg) {
    lua_settop(L, 0);
    bool is_named = sk_bind_push_proto(L, task->type);
    if (is_named)
        lua_getfield(L, -1, "name");
    else
        lua_pushinteger(L, task->type);
    lua_getfield(L, LUA_REGISTRYINDEX, "skynet.unknown_request");
    if (lua_isnil(L, -1)) {
        lua_pushlstring(L, msg->data ? msg->data : "", msg->size);
        sk_vm_log(task->vm, "Unknown request (%s): %s", luaL_tolstring(L, -3, NULL),
                  lua_tostring(L, -2));
        return luaL_error(L, "Unknown session : %d from %x", (int)task->session, task->source.v);
    }
    lua_pushinteger(L, task->session);
    lua_pushinteger(L, task->source.v);
    lua_pushlightuserdata(L, msg->data);
    lua_pushinteger(L, (lua_Integer)msg->size);
    lua_pushvalue(L, -6);
    lua_call(L, 5, 0);
    return 0;
}

bool sk_bind_unknown_response(sk_vm *vm, sk_msg *msg) {
    lua_State *L = vm->L;
    if (lua_getfield(L, LUA_REGISTRYINDEX, "skynet.unknown_response") == LUA_TNIL) {
        lua_pop(L, 1);
        return false;
    }
    lua_pushinteger(L, msg->session);
    lua_pushinteger(L, msg->source.v);
    lua_pushlightuserdata(L, msg->data);
    lua_pushinteger(L, (lua_Integer)msg->size);
    if (sk_vm_pcall(vm, L, 4, 0) != LUA_OK) {
        sk_vm_log(vm, "%s", lua_tostring(L, -1));
        lua_pop(L, 1);
    }
    return true;
}

static int set_hook(lua_State *L, const char *key) {
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_getfield(L, LUA_REGISTRYINDEX, key);
    lua_pushvalue(L, 1);
    lua_setfield(L, LUA_REGISTRYINDEX, key);
    return 1;
}

static int skynet_dispatch_unknown_request(lua_State *L) {
    return set_hook(L, "skynet.unknown_request");
}

static int skynet_dispatch_unknown_response(lua_State *L) {
    return set_hook(L, "skynet.unknown_response");
}

/* term(handle): fails the calls of this service to it */
static int skynet_term(lua_State *L) {
    sk_address to = sk_bind_check_address(L, 1);
    sk_dispatcher_fail_calls(sk_vm_of(L), to.handle, true);
    return 0;
}

/* ---- the module table ---- */

/* Pushes skynet._proto with all predefined protocols in it. */
static void push_all_protos(lua_State *L) {
    static const int types[] = {SK_TYPE_LUA, SK_TYPE_RESPONSE, SK_TYPE_ERROR, SK_TYPE_DEBUG};
    for (size_t i = 0; i < SK_ARRAY_LEN(types); i++)
        lua_pop(L, sk_bind_push_proto(L, types[i]));
    lua_rawgeti(L, LUA_REGISTRYINDEX, SK_REF_PROTO);
}

static const sk_bind_entry FUNCTIONS[] = {
    {"address", skynet_address},
    {"call", skynet_call},
    {"context", skynet_context},
    {"dispatch", skynet_dispatch},
    {"dispatch_unknown_request", skynet_dispatch_unknown_request},
    {"dispatch_unknown_response", skynet_dispatch_unknown_response},
    {"endless", skynet_endless},
    {"error", skynet_error},
    {"exit", sk_dispatcher_exit},
    {"fork", skynet_fork},
    {"genid", skynet_genid},
    {"getenv", skynet_getenv},
    {"harbor", skynet_harbor},
    {"hpc", skynet_hpc},
    {"ignoreret", skynet_ignoreret},
    {"init", skynet_init},
    {"init_service", skynet_init_service},
    {"killthread", skynet_killthread},
    {"localname", skynet_localname},
    {"memlimit", skynet_memlimit},
    {"mqlen", skynet_mqlen},
    {"now", skynet_now},
    {"pack", sk_bind_packfn},
    {"packstring", skynet_packstring},
    {"rawcall", skynet_rawcall},
    {"rawsend", skynet_rawsend},
    {"redirect", skynet_redirect},
    {"register_protocol", skynet_register_protocol},
    {"response", skynet_response},
    {"ret", skynet_ret},
    {"retpack", skynet_retpack},
    {"self", skynet_self},
    {"send", skynet_send},
    {"setenv", skynet_setenv},
    {"sleep", skynet_sleep},
    {"start", skynet_start},
    {"starttime", skynet_starttime},
    {"stat", skynet_stat},
    {"term", skynet_term},
    {"time", skynet_time},
    {"timeout", skynet_timeout},
    {"tostring", skynet_tostring},
    {"trash", skynet_trash},
    {"unpack", sk_bind_unpack},
    {"wait", skynet_wait},
    {"wakeup", skynet_wakeup},
    {"yield", skynet_yield},
};

static const struct {
    const char *name;
    int value;
} CONSTANTS[] = {
    {"PTYPE_TEXT", SK_TYPE_TEXT},           {"PTYPE_RESPONSE", SK_TYPE_RESPONSE},
    {"PTYPE_MULTICAST", SK_TYPE_MULTICAST}, {"PTYPE_CLIENT", SK_TYPE_CLIENT},
    {"PTYPE_SYSTEM", SK_TYPE_SYSTEM},       {"PTYPE_HARBOR", SK_TYPE_HARBOR},
    {"PTYPE_SOCKET", SK_TYPE_SOCKET},       {"PTYPE_ERROR", SK_TYPE_ERROR},
    {"PTYPE_QUEUE", SK_TYPE_QUEUE},         {"PTYPE_DEBUG", SK_TYPE_DEBUG},
    {"PTYPE_LUA", SK_TYPE_LUA},             {"PTYPE_SNAX", SK_TYPE_SNAX},
    {"PTYPE_TRACE", SK_TYPE_TRACE},
};

/* Pushes the value that belongs to the name; false: nothing, it is not ours. */
static bool push_field(lua_State *L, const char *name) {
    lua_CFunction function = sk_bind_find(FUNCTIONS, SK_ARRAY_LEN(FUNCTIONS), name);
    if (function) {
        lua_pushcfunction(L, function);
        return true;
    }
    for (size_t i = 0; i < SK_ARRAY_LEN(CONSTANTS); i++) {
        if (strcmp(CONSTANTS[i].name, name) == 0) {
            lua_pushinteger(L, CONSTANTS[i].value);
            return true;
        }
    }
    if (strcmp(name, "_proto") == 0) {
        push_all_protos(L);
        return true;
    }
    return false;
}

/* Fills the Lua part of the module into the table at 1, once. */
static void load_more(lua_State *L) {
    if (lua_getfield(L, LUA_REGISTRYINDEX, "skynet.more") != LUA_TNIL) {
        lua_pop(L, 1);
        return;
    }
    lua_pop(L, 1);
    lua_pushboolean(L, true);
    lua_setfield(L, LUA_REGISTRYINDEX, "skynet.more");
    sk_loader_push_embedded(L, "skynet.more");
    lua_pushvalue(L, 1);
    lua_call(L, 1, 0);
}

/* __index(t, name): looks a name up and remembers it. */
static int module_index(lua_State *L) {
    if (lua_type(L, 2) != LUA_TSTRING)
        return 0;
    lua_settop(L, 2);
    if (push_field(L, lua_tostring(L, 2))) {
        lua_pushvalue(L, 2);
        lua_pushvalue(L, 3);
        lua_rawset(L, 1);
        return 1;
    }
    load_more(L);
    lua_settop(L, 2);
    lua_rawget(L, 1);
    return 1;
}

static int raw_next(lua_State *L) {
    lua_settop(L, 2);
    return lua_next(L, 1) ? 2 : 1;
}

/* __pairs(t): fills everything in first. */
static int module_pairs(lua_State *L) {
    for (size_t i = 0; i < SK_ARRAY_LEN(FUNCTIONS); i++) {
        lua_getfield(L, 1, FUNCTIONS[i].name);
        lua_pop(L, 1);
    }
    for (size_t i = 0; i < SK_ARRAY_LEN(CONSTANTS); i++) {
        lua_getfield(L, 1, CONSTANTS[i].name);
        lua_pop(L, 1);
    }
    lua_getfield(L, 1, "_proto");
    lua_settop(L, 1);
    load_more(L);
    lua_pushcfunction(L, raw_next);
    lua_pushvalue(L, 1);
    lua_pushnil(L);
    return 3;
}

int sk_open_skynet(lua_State *L) {
    lua_createtable(L, 0, 8);
    lua_createtable(L, 0, 2);
    lua_pushcfunction(L, module_index);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, module_pairs);
    lua_setfield(L, -2, "__pairs");
    lua_setmetatable(L, -2);
    lua_pushvalue(L, -1);
    lua_rawseti(L, LUA_REGISTRYINDEX, SK_REF_SKYNET);
    return 1;
}
