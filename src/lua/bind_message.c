/* bind_message.c -- functions of the module skynet that send, call and answer. */
#include "lua/bind.h"

#include "base/mem.h"
#include "codec/seri.h"
#include "lua/task.h"
#include "lua/trace.h"

#include <lauxlib.h>
#include <string.h>

/* ---- sending ---- */

/* The message of (addr, typename, ...). Unless the protocol is plain, its table is left on top. */
static sk_msg *pack_request(lua_State *L, sk_vm *vm, int *ret_type, bool *ret_is_plain) {
    int last = lua_gettop(L);
    int plain_type = sk_bind_plain_type(L, vm, 2);
    *ret_is_plain = plain_type >= 0;
    if (SK_LIKELY(*ret_is_plain)) {
        *ret_type = plain_type;
        return sk_bind_pack(L, 3, last);
    }
    *ret_type = sk_bind_check_proto(L, 2);
    return sk_bind_pack_by(L, last + 1, 3, last);
}

/* Posts; the result is `value`, or nothing when there is no such receiver. */
static int post(lua_State *L, sk_vm *vm, sk_address to, sk_msg *take_msg, lua_Integer value) {
    if (sk_bind_post(vm, to, take_msg) < 0)
        return 0;
    lua_pushinteger(L, value);
    return 1;
}

/* send(addr, typename, ...) -> 0 | nothing */
static int skynet_send(lua_State *L) {
    sk_vm *vm = sk_vm_of(L);
    sk_address to = sk_bind_check_address(L, 1);
    int type;
    bool is_plain;
    sk_msg *msg = pack_request(L, vm, &type, &is_plain);
    sk_bind_stamp(vm, msg, type, 0);
    return post(L, vm, to, msg, 0);
}

static int skynet_rawsend(lua_State *L) {
    lua_settop(L, 4);
    sk_vm *vm = sk_vm_of(L);
    sk_address to = sk_bind_check_address(L, 1);
    int type = sk_bind_check_proto(L, 2);
    sk_msg *msg = sk_bind_check_payload(L, 3);
    sk_bind_stamp(vm, msg, type, 0);
    return post(L, vm, to, msg, 0);
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
    if (how == ANSWER_FUNCTION)
        lua_call(L, 2, LUA_MULTRET);
    int first = how == ANSWER_RAW ? 2 : 1;
    sk_bind_note_taken(L, first, msg);
    return lua_gettop(L) - first + 1;
}

/* Sends the request and blocks. Stack: the address at 1, the unpack function on top. */
static int start_call(lua_State *L, sk_task *task, sk_address to, sk_msg *take_msg, int how) {
    sk_vm *vm = task->vm;
    int32_t session = take_msg->session;
    take_msg->deadline_ns = task->deadline_ns;
    if (SK_UNLIKELY(task->trace))
        sk_trace_call(L, task, to);
    if (SK_UNLIKELY(sk_bind_post(vm, to, take_msg) < 0))
        return luaL_error(L, "call to invalid address %s", luaL_tolstring(L, 1, NULL));
    if (how == ANSWER_FUNCTION)
        lua_replace(L, 1);
    sk_task_wait_answer(task, session, to.handle);
    return sk_task_block(L, call_k, how);
}

/* How the answer will be unpacked. Stack: the protocol's table on top; its function is left there
 * if it has its own. */
static int how_to_unpack(lua_State *L) {
    sk_bind_get_field(L, -1, SK_REF_KEY_UNPACK);
    return lua_tocfunction(L, -1) == sk_bind_unpack ? ANSWER_SERI : ANSWER_FUNCTION;
}

/* call(addr, typename, ...) -> results of the callee */
static int skynet_call(lua_State *L) {
    sk_task *task = sk_task_check_block(L);
    sk_vm *vm = task->vm;
    sk_address to = sk_bind_check_address(L, 1);
    int type;
    bool is_plain;
    sk_msg *msg = pack_request(L, vm, &type, &is_plain);
    sk_bind_stamp(vm, msg, type, sk_task_new_session(vm));
    return start_call(L, task, to, msg, is_plain ? ANSWER_SERI : how_to_unpack(L));
}

/* rawcall(addr, typename, msg [, sz]) -> msg, sz */
static int skynet_rawcall(lua_State *L) {
    lua_settop(L, 4);
    sk_task *task = sk_task_check_block(L);
    sk_address to = sk_bind_check_address(L, 1);
    int type = sk_bind_check_proto(L, 2);
    sk_msg *msg = sk_bind_check_payload(L, 3);
    sk_bind_stamp(task->vm, msg, type, sk_task_new_session(task->vm));
    return start_call(L, task, to, msg, ANSWER_RAW);
}

/* redirect(dest, source, typename, session, msg [, sz]) -> session | nothing */
static int skynet_redirect(lua_State *L) {
    lua_settop(L, 6);
    sk_vm *vm = sk_vm_of(L);
    sk_address to = sk_bind_check_address(L, 1);
    lua_Integer source = luaL_checkinteger(L, 2);
    int type = sk_bind_check_proto(L, 3);
    lua_Integer session = lua_isnil(L, 4) ? sk_task_new_session(vm) : luaL_checkinteger(L, 4);
    sk_msg *msg = sk_bind_check_payload(L, 5);
    sk_bind_stamp(vm, msg, type, (int32_t)session);
    if (source)
        msg->source.v = (uint32_t)source;
    return post(L, vm, to, msg, session);
}

/* ---- answering ---- */

/* Sends the answer to the current request; consumes the message. */
static int answer(lua_State *L, sk_task *task, sk_msg *take_msg) {
    task->request = SK_REQUEST_TAKEN;
    if (SK_UNLIKELY(task->trace))
        sk_trace_event(task, "response");
    bool sent = false;
    if (task->session == 0) {
        sk_msg_free(take_msg);
    } else {
        sk_bind_stamp(task->vm, take_msg, SK_TYPE_RESPONSE, task->session);
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
    bool is_empty = lua_isnoneornil(L, 1);
    sk_msg *msg = is_empty ? sk_msg_new_around(NULL, 0) : sk_bind_check_payload(L, 1);
    sk_task *task = sk_vm_of(L)->current;
    if (SK_UNLIKELY(!task || task->request != SK_REQUEST_OPEN)) {
        sk_msg_free(msg);
        return luaL_error(L, "No session");
    }
    return answer(L, task, msg);
}

int sk_bind_retpack(lua_State *L) {
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
    sk_bind_stamp(vm, msg, lua_toboolean(L, 1) ? SK_TYPE_RESPONSE : SK_TYPE_ERROR, reply->session);
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

const sk_bind_entry sk_bind_message_functions[] = {
    {"call", skynet_call},
    {"context", skynet_context},
    {"ignoreret", skynet_ignoreret},
    {"rawcall", skynet_rawcall},
    {"rawsend", skynet_rawsend},
    {"redirect", skynet_redirect},
    {"response", skynet_response},
    {"ret", skynet_ret},
    {"retpack", sk_bind_retpack},
    {"send", skynet_send},
    {NULL, NULL},
};
