/* bind_debugchannel.c -- the module skynet.debugchannel: line pipes, and a hook that can stop.
 *
 * What the remote debugger stands on. An end of a channel is a userdata; closing the state
 * releases it. A reader may ask to be called before each message that its service handles while
 * something is to be read: that replaces the callback of the service for so long, so that a
 * service which is not debugged pays nothing. A write sends the debug message DEBUGPOLL, for a
 * reader that has nothing else to do.
 *
 * A hook of sethook may stop the service coroutine it runs in: as a framework block that nobody
 * but skynet.wakeup ends. Stock Lua lets a line or count hook yield. */
#include "lua/bind.h"

#include "actor/worker.h"
#include "base/err.h"
#include "base/mem.h"
#include "io/socket.h"
#include "lua/channel.h"
#include "lua/dispatcher.h"
#include "lua/task.h"

#include <lauxlib.h>
#include <string.h>

#define END_TYPE "skynet.debugchannel"
/* Registry table: thread -> hook function; threads are weak. */
#define HOOKS_KEY "skynet.debugchannel.hooks"

typedef struct {
    sk_vm *vm;
    sk_channels *channels;
    int32_t id; /* 0: released */
    sk_channel_side side;
    int callback_ref; /* of watch; LUA_NOREF: none */
    int self_ref;     /* keeps a watched end alive */
} channel_end;

static channel_end *check_end(lua_State *L) {
    channel_end *end = luaL_checkudata(L, 1, END_TYPE);
    if (end->id == 0)
        luaL_error(L, "the channel is released");
    return end;
}

static channel_end *push_end(lua_State *L) {
    sk_vm *vm = sk_vm_of(L);
    channel_end *end = lua_newuserdatauv(L, sizeof *end, 0);
    *end = (channel_end){.vm = vm,
                         .channels = sk_node_get_slot(vm->node, SK_NODE_CHANNELS),
                         .callback_ref = LUA_NOREF,
                         .self_ref = LUA_NOREF};
    luaL_setmetatable(L, END_TYPE);
    if (!end->channels)
        luaL_error(L, "this node has no debugger channels");
    return end;
}

/* Tells the holder of the other end that there is something to read. */
static void notify(lua_State *L, sk_handle reader) {
    sk_vm *vm = sk_vm_of(L);
    if (sk_handle_is_none(reader))
        return;
    lua_pushliteral(L, "DEBUGPOLL");
    sk_msg *msg = sk_bind_pack(L, lua_gettop(L), lua_gettop(L));
    lua_pop(L, 1);
    sk_bind_stamp(vm, msg, SK_TYPE_DEBUG, 0);
    (void)sk_service_post(vm->service, reader, msg); /* it may be gone */
}

/* create() -> the writer's end, id */
static int channel_create(lua_State *L) {
    channel_end *end = push_end(L);
    int32_t id = sk_channel_create(end->channels, sk_service_handle(end->vm->service));
    if (id < 0)
        return luaL_error(L, "new channel failed (%s)", sk_err_text(id));
    end->id = id;
    end->side = SK_CHANNEL_WRITER;
    lua_pushinteger(L, id);
    return 2;
}

/* connect(id) -> the reader's end; there can be one only */
static int channel_connect(lua_State *L) {
    int is_integer = 0;
    lua_Integer id = lua_tointegerx(L, 1, &is_integer);
    if (!is_integer)
        return luaL_error(L, "Invalid channel pointer (an id expected, got %s)",
                          luaL_typename(L, 1));
    channel_end *end = push_end(L);
    sk_handle self = sk_service_handle(end->vm->service);
    int32_t checked = id > 0 && id <= INT32_MAX ? (int32_t)id : 0;
    int err = sk_channel_connect(end->channels, checked, self);
    if (err < 0)
        return luaL_error(L, "new channel failed (%s)",
                          err == SK_EEXIST ? "it has a reader" : "there is none with this id");
    end->id = checked;
    end->side = SK_CHANNEL_READER;
    return 1;
}

/* end:write(line) -> true | nil, message when it is closed or full */
static int end_write(lua_State *L) {
    channel_end *end = check_end(L);
    size_t size;
    const char *line = luaL_checklstring(L, 2, &size);
    sk_handle reader;
    int err = sk_channel_write(end->channels, end->id, line, size, &reader);
    if (err < 0) {
        lua_pushnil(L);
        lua_pushstring(L, sk_err_text(err));
        return 2;
    }
    notify(L, reader);
    lua_pushboolean(L, true);
    return 1;
}

/* end:read() -> line | nothing. Never waits; a time is accepted and has no effect. */
static int end_read(lua_State *L) {
    channel_end *end = check_end(L);
    char *line;
    size_t size;
    if (sk_channel_read(end->channels, end->id, &line, &size) < 0)
        return 0;
    lua_pushlstring(L, line, size);
    sk_free(line);
    return 1;
}

/* end:closed() -> true when nothing is left to read and the other end is gone */
static int end_closed(lua_State *L) {
    channel_end *end = luaL_checkudata(L, 1, END_TYPE);
    lua_pushboolean(L, end->id == 0 || sk_channel_is_closed(end->channels, end->id));
    return 1;
}

/* ---- being called before messages ---- */

/* The sk_callback_fn while an end is watched; user is the end. */
static bool on_message(sk_service *service, void *user, sk_msg *msg) {
    channel_end *end = user;
    sk_vm *vm = end->vm;
    if (end->id && sk_channel_is_ready(end->channels, end->id)) {
        sk_worker *worker = sk_service_worker(service);
        sk_msg header = *msg;
        sk_worker_publish(worker, sk_vm_interrupt, vm);
        vm->msg = &header;
        sk_dispatcher_spawn(vm, end->callback_ref, end->id, NULL); /* may free the end */
        vm->msg = NULL;
        sk_worker_publish(worker, NULL, NULL);
    }
    if (vm->is_exiting && msg->kind != SK_MSG_NODE) {
        sk_service_bounce(service, msg);
        return false;
    }
    return sk_dispatcher_on_message(service, vm, msg);
}

static void unwatch(lua_State *L, channel_end *end) {
    if (end->callback_ref == LUA_NOREF)
        return;
    sk_service_set_callback(end->vm->service, sk_dispatcher_on_message, end->vm, true);
    luaL_unref(L, LUA_REGISTRYINDEX, end->callback_ref);
    luaL_unref(L, LUA_REGISTRYINDEX, end->self_ref);
    end->callback_ref = end->self_ref = LUA_NOREF;
}

/* end:watch(f | nil): while there is something to read, or the other end is gone, f runs in a
 * coroutine of its own before each message. One end of a service at a time. */
static int end_watch(lua_State *L) {
    channel_end *end = check_end(L);
    if (lua_isnoneornil(L, 2)) {
        unwatch(L, end);
        return 0;
    }
    luaL_checktype(L, 2, LUA_TFUNCTION);
    unwatch(L, end);
    lua_settop(L, 2);
    end->callback_ref = luaL_ref(L, LUA_REGISTRYINDEX);
    end->self_ref = luaL_ref(L, LUA_REGISTRYINDEX);
    sk_service_set_callback(end->vm->service, on_message, end, true);
    return 0;
}

/* end:release(), also at its collection */
static int end_release(lua_State *L) {
    channel_end *end = luaL_checkudata(L, 1, END_TYPE);
    if (end->id == 0)
        return 0;
    unwatch(L, end);
    sk_handle other = sk_channel_release(end->channels, end->id, end->side);
    end->id = 0;
    if (end->side == SK_CHANNEL_WRITER)
        notify(L, other);
    return 0;
}

/* ---- hooks ---- */

/* Pushes the hook function of the thread; false: it has none, nothing is pushed. */
static bool push_hook(lua_State *L) {
    lua_getfield(L, LUA_REGISTRYINDEX, HOOKS_KEY);
    lua_pushthread(L);
    lua_rawget(L, -2);
    lua_remove(L, -2);
    if (lua_isfunction(L, -1))
        return true;
    lua_pop(L, 1);
    return false;
}

static bool can_stop(lua_State *L, const lua_Debug *ar) {
    sk_vm *vm = sk_vm_of(L);
    bool may_yield = ar->event == LUA_HOOKLINE || ar->event == LUA_HOOKCOUNT;
    return may_yield && vm->current && !vm->is_exiting && lua_isyieldable(L) &&
           vm->barrier_count == 0 && sk_load_relaxed(&vm->running) == L;
}

/* The lua_Hook behind sethook: f(event, line, can_stop) -> whether to stop. */
static void run_hook(lua_State *L, lua_Debug *ar) {
    static const char *const events[] = {"call", "return", "line", "count", "tail call"};
    if (!push_hook(L)) { /* a coroutine inherits the hook of the one that makes it */
        lua_sethook(L, NULL, 0, 0);
        return;
    }
    bool stops = can_stop(L, ar);
    lua_pushstring(L, events[ar->event]);
    if (ar->currentline >= 0)
        lua_pushinteger(L, ar->currentline);
    else
        lua_pushnil(L);
    lua_pushboolean(L, stops);
    if (lua_pcall(L, 3, 1, 0) != LUA_OK) {
        sk_vm_log(sk_vm_of(L), "error: in a debugger's hook: %s", luaL_tolstring(L, -1, NULL));
        lua_pop(L, 2);
        lua_sethook(L, NULL, 0, 0);
        return;
    }
    stops = stops && lua_toboolean(L, -1);
    lua_pop(L, 1);
    if (!stops)
        return;
    sk_vm *vm = sk_vm_of(L);
    vm->current->has_token = false; /* its thread is what wakes it */
    sk_task_wait_plain(vm->current, SK_WAIT_TOKEN);
    vm->is_blocking = true;
    (void)lua_yield(L, 0);
}

static int mask_of(const char *text) {
    int mask = 0;
    mask |= strchr(text, 'c') ? LUA_MASKCALL : 0;
    mask |= strchr(text, 'r') ? LUA_MASKRET : 0;
    mask |= strchr(text, 'l') ? LUA_MASKLINE : 0;
    return mask;
}

/* sethook([co,] f, mask [, count]): as debug.sethook, but when f returns true the service coroutine
 * stops until skynet.wakeup. sethook([co]) takes the hook away. */
static int channel_sethook(lua_State *L) {
    bool has_thread = lua_isthread(L, 1);
    lua_State *co = has_thread ? lua_tothread(L, 1) : L;
    if (!has_thread) {
        lua_pushthread(L);
        lua_insert(L, 1);
    }
    lua_settop(L, 4);
    bool is_off = lua_isnil(L, 2);
    int mask = is_off ? 0 : mask_of(luaL_checkstring(L, 3));
    lua_Integer count = is_off ? 0 : luaL_optinteger(L, 4, 0);
    luaL_argcheck(L, count >= 0 && count <= INT32_MAX, 4, "count out of range");
    if (!is_off)
        luaL_checktype(L, 2, LUA_TFUNCTION);
    mask |= count > 0 ? LUA_MASKCOUNT : 0;
    lua_getfield(L, LUA_REGISTRYINDEX, HOOKS_KEY);
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 2);
    lua_rawset(L, -3);
    if (mask)
        lua_sethook(co, run_hook, mask, (int)count);
    else if (lua_gethook(co) == run_hook)
        lua_sethook(co, NULL, 0, 0);
    return 0;
}

/* send(socket, text) -> accepted. For a service that has no use for skynet.socket itself. */
static int channel_send(lua_State *L) {
    sk_vm *vm = sk_vm_of(L);
    lua_Integer id = luaL_checkinteger(L, 1);
    luaL_argcheck(L, id > 0 && id <= INT32_MAX, 1, "a socket expected");
    sk_send_data data = {0};
    data.data = luaL_checklstring(L, 2, &data.size);
    lua_pushboolean(L, sk_socket_send(sk_node_io(vm->node), vm->service, (int32_t)id, &data) == 0);
    return 1;
}

static void make_type(lua_State *L) {
    static const luaL_Reg methods[] = {{"write", end_write},     {"read", end_read},
                                       {"closed", end_closed},   {"watch", end_watch},
                                       {"release", end_release}, {NULL, NULL}};
    luaL_newmetatable(L, END_TYPE);
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, end_release);
    lua_setfield(L, -2, "__gc");
    lua_pushcfunction(L, end_release);
    lua_setfield(L, -2, "__close");
    lua_pop(L, 1);
}

static void make_hooks(lua_State *L) {
    lua_newtable(L);
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "k");
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
    lua_setfield(L, LUA_REGISTRYINDEX, HOOKS_KEY);
}

int sk_open_debugchannel(lua_State *L) {
    static const luaL_Reg functions[] = {{"create", channel_create}, {"connect", channel_connect},
                                         {"release", end_release},   {"sethook", channel_sethook},
                                         {"send", channel_send},     {NULL, NULL}};
    make_type(L);
    make_hooks(L);
    luaL_newlib(L, functions);
    return 1;
}
