/* bind_core.c -- the module skynet.core: the raw functions that other code calls directly.
 *
 * Mostly the functions of the module skynet under their old names; send and redirect take type
 * numbers, command takes the text commands of the C interface. */
#include "lua/bind.h"

#include "lua/dispatcher.h"
#include "lua/task.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

/* The type and session arguments at index and index + 1 of a raw send. */
static void check_head(lua_State *L, int index, sk_msg *ret_head) {
    lua_Integer type = luaL_checkinteger(L, index);
    luaL_argcheck(L, type >= 0 && type <= 255, index, "message type out of range");
    ret_head->type = (uint8_t)type;
    ret_head->session = lua_isnil(L, index + 1) ? sk_task_new_session(sk_vm_of(L))
                                                : (int32_t)luaL_checkinteger(L, index + 1);
}

static int send_raw(lua_State *L, sk_address to, const sk_msg *head, int payload) {
    sk_msg *msg = sk_bind_check_payload(L, payload);
    msg->source = head->source;
    msg->type = head->type;
    msg->session = head->session;
    if (sk_bind_post(sk_vm_of(L), to, msg) < 0)
        return 0;
    lua_pushinteger(L, head->session);
    return 1;
}

/* send(addr, type, session, msg [, sz]) -> session | nothing */
static int core_send(lua_State *L) {
    sk_address to = sk_bind_check_address(L, 1);
    sk_msg head = {.source = sk_service_handle(sk_vm_of(L)->service)};
    check_head(L, 2, &head);
    return send_raw(L, to, &head, 4);
}

/* redirect(addr, source, type, session, msg [, sz]) -> session | nothing */
static int core_redirect(lua_State *L) {
    sk_address to = sk_bind_check_address(L, 1);
    sk_msg head = {.source = {(uint32_t)luaL_checkinteger(L, 2)}};
    if (head.source.v == 0)
        head.source = sk_service_handle(sk_vm_of(L)->service);
    check_head(L, 3, &head);
    return send_raw(L, to, &head, 5);
}

/* Runs a text command; the result lives in ret_text until the next one. */
static const char *run_command(lua_State *L, sk_buffer *ret_text) {
    const char *command = luaL_checkstring(L, 1);
    const char *parm = NULL;
    if (lua_type(L, 2) == LUA_TNUMBER) {
        lua_pushinteger(L, (int32_t)luaL_checkinteger(L, 2));
        lua_replace(L, 2);
        parm = lua_tostring(L, 2);
    } else if (!lua_isnoneornil(L, 2)) {
        parm = luaL_checkstring(L, 2);
    }
    sk_vm *vm = sk_vm_of(L);
    const sk_command_table *table = sk_node_get_slot(vm->node, SK_NODE_COMPAT);
    return table ? table->run(vm->service, command, parm, ret_text) : NULL;
}

static int core_command(lua_State *L) {
    sk_buffer text = {0};
    const char *result = run_command(L, &text);
    if (result)
        lua_pushstring(L, result);
    sk_buffer_done(&text);
    return result != NULL;
}

static void push_number(lua_State *L, const char *text) {
    char *end;
    long long value = strtoll(text, &end, 0);
    if (*end == '\0') {
        lua_pushinteger(L, value);
        return;
    }
    double number = strtod(text, &end);
    if (*end == '\0')
        lua_pushnumber(L, number);
    else
        lua_pushnil(L);
}

static int core_intcommand(lua_State *L) {
    sk_buffer text = {0};
    const char *result = run_command(L, &text);
    if (!result) {
        sk_buffer_done(&text);
        return 0;
    }
    push_number(L, result);
    bool is_bad = lua_isnil(L, -1);
    if (is_bad)
        lua_pushfstring(L, "Invalid result %s", result);
    sk_buffer_done(&text);
    return is_bad ? lua_error(L) : 1;
}

static int core_addresscommand(lua_State *L) {
    sk_buffer text = {0};
    const char *result = run_command(L, &text);
    bool is_address = result && result[0] == ':';
    if (is_address)
        lua_pushinteger(L, (lua_Integer)strtoul(result + 1, NULL, 16));
    sk_buffer_done(&text);
    return is_address;
}

/* callback(f [, forward]): f(type, msg, sz, session, source) gets every message */
static int core_callback(lua_State *L) {
    sk_vm *vm = sk_vm_of(L);
    luaL_checktype(L, 1, LUA_TFUNCTION);
    vm->keeps_messages = lua_toboolean(L, 2);
    lua_settop(L, 1);
    if (vm->callback_ref != LUA_NOREF)
        luaL_unref(L, LUA_REGISTRYINDEX, vm->callback_ref);
    vm->callback_ref = luaL_ref(L, LUA_REGISTRYINDEX);
    vm->is_started = true;
    return 0;
}

/* tasks() -> array of { thread, session, kind, callee, since_s, request session, source } */
static int core_tasks(lua_State *L) {
    static const char *const kinds[] = {"none",   "fork",   "timeout", "call", "sleep",
                                        "wait",   "select", "socket",  "exit"};
    sk_vm *vm = sk_vm_of(L);
    sk_clock *clock = sk_node_clock(vm->node);
    uint64_t now = sk_clock_cycles(clock);
    lua_newtable(L);
    lua_Integer n = 0;
    for (sk_link *l = vm->tasks.next; l != &vm->tasks; l = l->next) {
        sk_task *task = SK_CONTAINER(l, sk_task, all);
        if (task == vm->current || task->wait == SK_WAIT_NONE)
            continue;
        lua_createtable(L, 0, 6);
        lua_pushthread(task->co);
        lua_xmove(task->co, L, 1);
        lua_setfield(L, -2, "thread");
        lua_pushinteger(L, task->wait_session);
        lua_setfield(L, -2, "session");
        lua_pushstring(L, kinds[task->wait]);
        lua_setfield(L, -2, "kind");
        lua_pushinteger(L, task->callee.v);
        lua_setfield(L, -2, "callee");
        lua_pushnumber(L, sk_clock_cycles_to_seconds(clock, now - task->since_cycles));
        lua_setfield(L, -2, "since");
        lua_rawseti(L, -2, ++n);
    }
    return 1;
}

/* waiting() -> number of sessions waited for */
static int core_waiting(lua_State *L) {
    lua_pushinteger(L, sk_vm_of(L)->waiting_count);
    return 1;
}

/* thread() -> the service coroutine that runs, false | inner thread's root */
static int core_thread(lua_State *L) {
    sk_vm *vm = sk_vm_of(L);
    if (!vm->current)
        return 0;
    vm->current->is_exposed = true;
    lua_pushthread(vm->current->co);
    lua_xmove(vm->current->co, L, 1);
    return 1;
}

/* start_thread() -> the coroutine of the start function while it runs, else nothing */
static int core_start_thread(lua_State *L) {
    sk_vm *vm = sk_vm_of(L);
    if (!vm->starter)
        return 0;
    lua_pushthread(vm->starter->co);
    lua_xmove(vm->starter->co, L, 1);
    return 1;
}

/* blocked(co) -> true when a framework block has left it behind */
static int core_blocked(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTHREAD);
    lua_State *co = lua_tothread(L, 1);
    lua_pushboolean(L, (*(uintptr_t *)lua_getextraspace(co) & 1) != 0);
    return 1;
}

static const char *const FROM_SKYNET[] = {"genid",      "error", "harbor", "tostring", "pack",
                                          "packstring", "trash", "unpack", "now",      "hpc"};

int sk_open_core(lua_State *L) {
    static const luaL_Reg functions[] = {{"send", core_send},
                                         {"redirect", core_redirect},
                                         {"command", core_command},
                                         {"intcommand", core_intcommand},
                                         {"addresscommand", core_addresscommand},
                                         {"callback", core_callback},
                                         {"tasks", core_tasks},
                                         {"waiting", core_waiting},
                                         {"thread", core_thread},
                                         {"start_thread", core_start_thread},
                                         {"blocked", core_blocked},
                                         {NULL, NULL}};
    luaL_newlib(L, functions);
    lua_getglobal(L, "require");
    lua_pushliteral(L, "skynet");
    lua_call(L, 1, 1);
    for (size_t i = 0; i < SK_ARRAY_LEN(FROM_SKYNET); i++) {
        lua_getfield(L, -1, FROM_SKYNET[i]);
        lua_setfield(L, -3, FROM_SKYNET[i]);
    }
    lua_pop(L, 1);
    return 1;
}
