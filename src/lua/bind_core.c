/* bind_core.c -- the module skynet.core: the raw functions that other code calls directly.
 *
 * Mostly the functions of the module skynet under their old names; send and redirect take type
 * numbers, command takes the text commands of the C interface. */
#include "lua/bind.h"

#include "actor/registry.h"
#include "base/limits.h"
#include "lua/account.h"
#include "lua/dispatcher.h"
#include "lua/task.h"
#include "lua/trace.h"

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

/* Calls may be fed inside of calls so deep: each level takes C stack. */
#define FEED_DEPTH_MAX 16

/* The message argument: a pointer with a size, a string, or nil. */
static void check_message(lua_State *L, int index, sk_msg *ret_msg) {
    if (lua_type(L, index) == LUA_TSTRING) {
        ret_msg->data = (void *)(uintptr_t)lua_tolstring(L, index, &ret_msg->size);
        return;
    }
    if (!lua_isnoneornil(L, index))
        luaL_checktype(L, index, LUA_TLIGHTUSERDATA);
    ret_msg->data = lua_touserdata(L, index);
    lua_Integer size = luaL_optinteger(L, index + 1, 0);
    luaL_argcheck(L, size >= 0, index + 1, "negative size");
    ret_msg->size = ret_msg->data ? (size_t)size : 0;
}

/* Moves the texts of errors from `start` on to the stack; false: there are none. */
static bool push_new_errors(lua_State *L, sk_buffer *errors, size_t start) {
    if (errors->len <= start)
        return false;
    size_t skip = start && errors->data[start] == '\n';
    lua_pushlstring(L, (char *)errors->data + start + skip, errors->len - start - skip);
    errors->len = start;
    return true;
}

/* feed(type, msg, sz, session, source) -> is_taken [, errors]: the dispatcher, for one message.
 * is_taken: the payload's address was given to a handler or to a rawcall. */
static int core_feed(lua_State *L) {
    sk_vm *vm = sk_vm_of(L);
    lua_Integer type = luaL_checkinteger(L, 1);
    luaL_argcheck(L, type >= 0 && type <= 255, 1, "message type out of range");
    sk_msg msg = {.type = (uint8_t)type, .kind = SK_MSG_OUTSIDE};
    memset(msg.hints, 255, sizeof msg.hints);
    check_message(L, 2, &msg);
    msg.session = (int32_t)luaL_checkinteger(L, 4);
    msg.source.v = (uint32_t)luaL_checkinteger(L, 5);
    if (vm->feed_depth == FEED_DEPTH_MAX)
        return luaL_error(L, "dispatch_message: more than %d inside of each other", FEED_DEPTH_MAX);
    size_t start = vm->errors.len;
    bool outer_taken = vm->payload_is_taken;
    vm->payload_is_taken = false;
    vm->feed_depth++;
    sk_dispatcher_handle(vm, &msg);
    vm->feed_depth--;
    lua_pushboolean(L, vm->payload_is_taken);
    vm->payload_is_taken = outer_taken;
    return 1 + push_new_errors(L, &vm->errors, start);
}

static void push_thread(lua_State *L, lua_State *co) {
    luaL_checkstack(L, 2, NULL);
    if (!lua_checkstack(co, 1))
        luaL_error(L, "stack overflow");
    lua_pushthread(co);
    lua_xmove(co, L, 1);
}

/* Sets fields of the table on top. */
static void set_integer(lua_State *L, const char *key, lua_Integer value) {
    lua_pushinteger(L, value);
    lua_setfield(L, -2, key);
}

static void set_thread(lua_State *L, const char *key, lua_State *co) {
    push_thread(L, co);
    lua_setfield(L, -2, key);
}

/* The coroutines from where the task blocks to its own, if there are more than one. */
static void set_chain(lua_State *L, const sk_task *task) {
    if (task->chain_count == 0)
        return;
    lua_createtable(L, (int)task->chain_count, 0);
    for (uint32_t i = 0; i < task->chain_count; i++) {
        push_thread(L, task->chain[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_setfield(L, -2, "chain");
}

static void push_task(lua_State *L, const sk_task *task) {
    static const char *const kinds[] = {"none", "fork",   "timeout", "call", "sleep",
                                        "wait", "select", "socket",  "exit"};
    sk_clock *clock = sk_node_clock(task->vm->node);
    uint64_t now = sk_clock_cycles(clock);
    lua_createtable(L, 0, 8);
    set_thread(L, "thread", task->co);
    set_chain(L, task);
    set_integer(L, "session", task->wait_session);
    set_integer(L, "callee", task->callee.v);
    lua_pushstring(L, kinds[task->wait]);
    lua_setfield(L, -2, "kind");
    lua_pushnumber(L, sk_clock_cycles_to_seconds(clock, now - task->since_cycles));
    lua_setfield(L, -2, "since");
    if (task->wait == SK_WAIT_START && task->vm->timers_are_traced) {
        push_thread(L, task->co);
        sk_trace_push_timer(L);
        lua_setfield(L, -2, "created");
    }
}

/* An open request of a set, as a task that waits; false: the record is the set's timer. */
static bool push_request(lua_State *L, const void *record, lua_Integer session) {
    lua_State *owner = sk_select_owner(record);
    if (!owner)
        return false;
    lua_createtable(L, 0, 4);
    set_thread(L, "thread", owner);
    set_integer(L, "session", session);
    set_integer(L, "callee", sk_select_callee(record).v);
    lua_pushliteral(L, "request");
    lua_setfield(L, -2, "kind");
    return true;
}

/* Adds the open requests of all sets, and the sessions that were given up, to the list on top. */
static void add_sessions(lua_State *L, sk_vm *vm, lua_Integer n) {
    uint32_t cursor = 0;
    uint64_t session;
    for (void *waiter; sk_map_next(&vm->sessions, &cursor, &session, &waiter);) {
        bool is_given_up = sk_waiter_kind(waiter) == SK_WAITER_GIVEN_UP;
        if (is_given_up) {
            lua_createtable(L, 0, 2);
            set_integer(L, "session", (lua_Integer)session);
            lua_pushliteral(L, "given up");
            lua_setfield(L, -2, "kind");
        }
        if (is_given_up || (sk_waiter_kind(waiter) == SK_WAITER_SELECT &&
                            push_request(L, sk_waiter_ptr(waiter), (lua_Integer)session)))
            lua_rawseti(L, -2, ++n);
    }
}

static int list_tasks(lua_State *L) {
    sk_vm *vm = sk_vm_of(L);
    lua_newtable(L);
    lua_Integer n = 0;
    for (sk_link *l = vm->tasks.next; l != &vm->tasks; l = l->next) {
        sk_task *task = SK_CONTAINER(l, sk_task, all);
        bool is_set = task->wait == SK_WAIT_SELECT; /* its requests are listed */
        if (task == vm->current || task->wait == SK_WAIT_NONE || is_set)
            continue;
        push_task(L, task);
        lua_rawseti(L, -2, ++n);
    }
    add_sessions(L, vm, n);
    return 1;
}

/* tasks() -> array of { thread, chain, session, kind, callee, since, created }: what is waited
 * for. No finalizer may change the lists meanwhile. */
static int core_tasks(lua_State *L) {
    bool collects = lua_gc(L, LUA_GCISRUNNING);
    (void)lua_gc(L, LUA_GCSTOP);
    lua_pushcfunction(L, list_tasks);
    int status = lua_pcall(L, 0, 1, 0);
    if (collects)
        (void)lua_gc(L, LUA_GCRESTART);
    return status == LUA_OK ? 1 : lua_error(L);
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

/* exists(handle) -> boolean; true for any service of another node */
static int core_exists(lua_State *L) {
    const sk_node *node = sk_vm_of(L)->node;
    sk_handle handle = {(uint32_t)luaL_checkinteger(L, 1)};
    lua_pushboolean(L, sk_node_is_remote(node, handle) ||
                           sk_registry_find(sk_node_registry(node), handle) != NULL);
    return 1;
}

/* blocked(co) -> true when a framework block has left it behind */
static int core_blocked(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTHREAD);
    lua_State *co = lua_tothread(L, 1);
    lua_pushboolean(L, (*(uintptr_t *)lua_getextraspace(co) & 1) != 0);
    return 1;
}

/* ---- CPU time ---- */

static uint32_t check_account(lua_State *L) {
    lua_Integer number = luaL_checkinteger(L, 1);
    luaL_argcheck(L, number >= 1 && number <= SK_ACCOUNT_COUNT_MAX, 1, "account out of range");
    return (uint32_t)number;
}

/* charge(account): CPU time of the service coroutine that runs goes to the account until it ends */
static int core_charge(lua_State *L) {
    sk_task *task = sk_vm_of(L)->current;
    uint32_t number = check_account(L);
    if (!task)
        return luaL_error(L, "CPU time is charged only in a service coroutine");
    sk_account_open(task, number);
    return 0;
}

/* charged(account) -> number of coroutines that have ended, seconds */
static int core_charged(lua_State *L) {
    const sk_vm *vm = sk_vm_of(L);
    sk_account account = sk_account_get(vm, check_account(L));
    lua_pushinteger(L, (lua_Integer)account.count);
    lua_pushnumber(L, sk_clock_cycles_to_seconds(sk_node_clock(vm->node), account.cycles));
    return 2;
}

/* ---- tracing ---- */

/* trace(tag, text [, thread] [, level]) */
static int core_trace(lua_State *L) {
    const char *tag = luaL_checkstring(L, 1);
    const char *text = luaL_checkstring(L, 2);
    bool has_thread = lua_isthread(L, 3);
    lua_State *from = has_thread ? lua_tothread(L, 3) : L;
    lua_Integer level = luaL_optinteger(L, has_thread ? 4 : 3, -1);
    sk_trace_log(sk_vm_of(L), tag, text, from, level > 10000 ? 10000 : (int)level);
    return 0;
}

/* trace_start([info]): a new tag for the service coroutine that runs */
static int core_trace_start(lua_State *L) {
    const char *info = luaL_optstring(L, 1, NULL);
    if (!sk_vm_of(L)->current)
        return luaL_error(L, "skynet.trace outside of a service coroutine");
    sk_trace_start(sk_vm_of(L)->current, info);
    return 0;
}

/* trace_tag() -> tag | nil | false when forced off */
static int core_trace_tag(lua_State *L) {
    const sk_task *task = sk_vm_of(L)->current;
    if (task && task->trace)
        lua_pushstring(L, task->trace);
    else if (task && task->trace_is_off)
        lua_pushboolean(L, false);
    else
        lua_pushnil(L);
    return 1;
}

/* trace_set([tag]): without the events of trace_start */
static int core_trace_set(lua_State *L) {
    const char *tag = luaL_optstring(L, 1, NULL);
    if (sk_vm_of(L)->current)
        sk_trace_set(sk_vm_of(L)->current, tag);
    return 0;
}

/* trace_timeout(on): timers note where they were made */
static int core_trace_timeout(lua_State *L) {
    sk_vm_of(L)->timers_are_traced = lua_toboolean(L, 1);
    return 0;
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
                                         {"debug_frequent", sk_bind_debug_frequent},
                                         {"thread", core_thread},
                                         {"start_thread", core_start_thread},
                                         {"blocked", core_blocked},
                                         {"feed", core_feed},
                                         {"exists", core_exists},
                                         {"charge", core_charge},
                                         {"charged", core_charged},
                                         {"trace", core_trace},
                                         {"trace_start", core_trace_start},
                                         {"trace_tag", core_trace_tag},
                                         {"trace_set", core_trace_set},
                                         {"trace_timeout", core_trace_timeout},
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
