/* bind_skynet.c -- the module skynet: its table, and the functions that neither send nor wait.
 *
 * The module table is filled on first use: its metatable looks a name up in the tables of
 * bind_message.c, bind_wait.c and of this file, then in the Lua part (lualib/skynet/more.lua).
 * docs/lua-host.md lists which is where. */
#include "lua/bind.h"

#include "actor/log.h"
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
#include <stdio.h>
#include <string.h>

/* Bytes of a payload that go into a log line. */
#define LOGGED_SIZE_MAX 1024

static uint32_t self_handle(const sk_vm *vm) { return sk_service_handle(vm->service).v; }

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
    sk_bind_watch_proto(L, 1, (int)id);
    return 0;
}

/* dispatch(typename [, func]) -> previous or present handler */
static int skynet_dispatch(lua_State *L) {
    lua_settop(L, 2);
    bool sets = lua_toboolean(L, 2);
    if (sets)
        (void)sk_bind_check_proto(L, 1);
    else if (!sk_bind_find_proto(L, 1))
        return lua_pushnil(L), 1;
    lua_getfield(L, 3, "dispatch");
    if (sets) {
        lua_pushvalue(L, 2);
        lua_setfield(L, 3, "dispatch");
    }
    return 1;
}

/* ---- start and exit ---- */

static void tell_launcher(lua_State *L, const char *what) {
    lua_pushstring(L, what);
    sk_bind_tell_launcher(L, lua_gettop(L));
}

/* Stack: traceback, then the error text. */
static int init_service_k(lua_State *L, int status, lua_KContext ctx) {
    (void)ctx;
    sk_vm *vm = sk_vm_of(L);
    vm->starter = NULL;
    if (status == LUA_OK || status == LUA_YIELD) {
        tell_launcher(L, "LAUNCHOK");
        return 0;
    }
    sk_vm_log_error(vm, "init service failed: %s", lua_tostring(L, -1));
    tell_launcher(L, "ERROR");
    const sk_exit_reason reason = {.kind = status == LUA_ERRMEM ? SK_EXIT_MEMORY : SK_EXIT_ERROR,
                                   .text = lua_tostring(L, -1)};
    return sk_dispatcher_exit_for(L, &reason);
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
    if (lua_rawgeti(L, LUA_REGISTRYINDEX, SK_REF_INITS) == LUA_TBOOLEAN && !lua_toboolean(L, -1))
        return luaL_error(L, "skynet.start a second time");
    lua_pushboolean(L, false); /* from now on skynet.init is for modules that are being loaded */
    lua_rawseti(L, LUA_REGISTRYINDEX, SK_REF_INITS);
    return run_inits(L, 1);
}

/* init_service(start): in the current coroutine */
static int skynet_init_service(lua_State *L) {
    lua_settop(L, 1);
    lua_pushcfunction(L, sk_vm_traceback);
    lua_pushcfunction(L, start_body);
    lua_pushvalue(L, 1);
    sk_vm_of(L)->starter = sk_vm_of(L)->current;
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
    lua_rawgeti(L, LUA_REGISTRYINDEX, SK_REF_INITS);
    if (!lua_toboolean(L, -1))
        return luaL_error(L, "skynet.init after skynet.start, outside of a module being loaded");
    if (lua_isboolean(L, -1)) {
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
    sk_task *task = sk_bind_new_thread(L, 1);
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
    const char *value = sk_env_get(sk_node_env(sk_vm_of(L)->node), luaL_checkstring(L, 1));
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
    sk_vm_log_record(vm, &(sk_log_record){.level = SK_LOG_PLAIN, .text = line, .size = size});
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

#define INFO_KEY "skynet.info_func"

/* info_func(f): what the debug command INFO calls; nil: none. Here and not in more.lua, since every
 * snax service has one. */
static int skynet_info_func(lua_State *L) {
    lua_settop(L, 1);
    lua_setfield(L, LUA_REGISTRYINDEX, INFO_KEY);
    return 0;
}

static int skynet_internal_info_func(lua_State *L) {
    lua_getfield(L, LUA_REGISTRYINDEX, INFO_KEY);
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

#define UNKNOWN_REQUEST "skynet.unknown_request"
#define UNKNOWN_RESPONSE "skynet.unknown_response"

/* Logs the payload at (3, 4) behind `label`, then raises for the session and source at (1, 2). */
static int complain(lua_State *L, const char *label) {
    size_t size = (size_t)luaL_checkinteger(L, 4);
    const char *data = lua_touserdata(L, 3);
    int shown = data ? (int)(size < LOGGED_SIZE_MAX ? size : LOGGED_SIZE_MAX) : 0;
    sk_vm_log(sk_vm_of(L), "%s%.*s", label, shown, data ? data : "");
    char where[64]; /* Lua's own formats have no %x */
    snprintf(where, sizeof where, "%d from %x", (int)lua_tointeger(L, 1),
             (unsigned)lua_tointeger(L, 2));
    return luaL_error(L, "Unknown session : %s", where);
}

/* f(session, source, msg, sz, prototype) */
static int default_unknown_request(lua_State *L) {
    return complain(L, lua_pushfstring(L, "Unknown request (%s): ", luaL_tolstring(L, 5, NULL)));
}

/* f(session, source, msg, sz) */
static int default_unknown_response(lua_State *L) { return complain(L, "Response message : "); }

static void push_hook(lua_State *L, const char *key, lua_CFunction fallback) {
    if (lua_getfield(L, LUA_REGISTRYINDEX, key) != LUA_TNIL)
        return;
    lua_pop(L, 1);
    lua_pushcfunction(L, fallback);
}

static void push_hook_arguments(lua_State *L, const sk_msg *msg) {
    lua_pushinteger(L, msg->session);
    lua_pushinteger(L, msg->source.v);
    lua_pushlightuserdata(L, msg->data);
    lua_pushinteger(L, (lua_Integer)msg->size);
}

int sk_bind_unknown_request(lua_State *L, sk_task *task, sk_msg *msg) {
    lua_settop(L, 0);
    bool is_named = sk_bind_push_proto(L, task->type);
    if (is_named)
        lua_getfield(L, -1, "name");
    else
        lua_pushinteger(L, task->type);
    int name = lua_gettop(L);
    push_hook(L, UNKNOWN_REQUEST, default_unknown_request);
    push_hook_arguments(L, msg);
    lua_pushvalue(L, name);
    lua_call(L, 5, 0);
    return 0;
}

void sk_bind_unknown_response(sk_vm *vm, sk_msg *msg) {
    lua_State *L = vm->L;
    push_hook(L, UNKNOWN_RESPONSE, default_unknown_response);
    push_hook_arguments(L, msg);
    if (sk_vm_pcall(vm, L, 4, 0) != LUA_OK)
        sk_dispatcher_take_error_text(vm);
}

/* Sets a hook; the previous one. */
static int set_hook(lua_State *L, const char *key, lua_CFunction fallback) {
    luaL_checktype(L, 1, LUA_TFUNCTION);
    push_hook(L, key, fallback);
    lua_pushvalue(L, 1);
    lua_setfield(L, LUA_REGISTRYINDEX, key);
    return 1;
}

static int skynet_dispatch_unknown_request(lua_State *L) {
    return set_hook(L, UNKNOWN_REQUEST, default_unknown_request);
}

static int skynet_dispatch_unknown_response(lua_State *L) {
    return set_hook(L, UNKNOWN_RESPONSE, default_unknown_response);
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

static const sk_bind_entry OTHER_FUNCTIONS[] = {
    {"address", skynet_address},
    {"dispatch", skynet_dispatch},
    {"dispatch_unknown_request", skynet_dispatch_unknown_request},
    {"dispatch_unknown_response", skynet_dispatch_unknown_response},
    {"endless", skynet_endless},
    {"error", skynet_error},
    {"exit", sk_dispatcher_exit},
    {"genid", skynet_genid},
    {"getenv", skynet_getenv},
    {"harbor", skynet_harbor},
    {"hpc", skynet_hpc},
    {"info_func", skynet_info_func},
    {"init", skynet_init},
    {"init_service", skynet_init_service},
    {"internal_info_func", skynet_internal_info_func},
    {"localname", skynet_localname},
    {"memlimit", skynet_memlimit},
    {"mqlen", skynet_mqlen},
    {"now", skynet_now},
    {"pack", sk_bind_packfn},
    {"packstring", skynet_packstring},
    {"register_protocol", skynet_register_protocol},
    {"self", skynet_self},
    {"setenv", skynet_setenv},
    {"start", skynet_start},
    {"starttime", skynet_starttime},
    {"stat", skynet_stat},
    {"term", skynet_term},
    {"time", skynet_time},
    {"tostring", skynet_tostring},
    {"trash", skynet_trash},
    {"unpack", sk_bind_unpack},
    {NULL, NULL},
};

/* All functions of the module that are in C; each table is sorted by name. */
static const sk_bind_entry *const TABLES[] = {sk_bind_message_functions, sk_bind_wait_functions,
                                              OTHER_FUNCTIONS};

static const struct {
    const char *name;
    int value;
} CONSTANTS[] = {
    {"PTYPE_TEXT", SK_TYPE_TEXT},
    {"PTYPE_RESPONSE", SK_TYPE_RESPONSE},
    {"PTYPE_MULTICAST", SK_TYPE_MULTICAST},
    {"PTYPE_CLIENT", SK_TYPE_CLIENT},
    {"PTYPE_SYSTEM", SK_TYPE_SYSTEM},
    {"PTYPE_HARBOR", SK_TYPE_HARBOR},
    {"PTYPE_SOCKET", SK_TYPE_SOCKET},
    {"PTYPE_ERROR", SK_TYPE_ERROR},
    {"PTYPE_QUEUE", SK_TYPE_QUEUE},
    {"PTYPE_DEBUG", SK_TYPE_DEBUG},
    {"PTYPE_LUA", SK_TYPE_LUA},
    {"PTYPE_SNAX", SK_TYPE_SNAX},
    {"PTYPE_TRACE", SK_TYPE_TRACE},
};

static size_t table_len(const sk_bind_entry *entries) {
    size_t count = 0;
    while (entries[count].name)
        count++;
    return count;
}

/* Pushes the value that belongs to the name; false: nothing, it is not ours. */
static bool push_field(lua_State *L, const char *name) {
    for (size_t i = 0; i < SK_ARRAY_LEN(TABLES); i++) {
        lua_CFunction function = sk_bind_find(TABLES[i], table_len(TABLES[i]), name);
        if (function) {
            lua_pushcfunction(L, function);
            return true;
        }
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
    if (lua_next(L, 1))
        return 2;
    lua_pushnil(L);
    return 1;
}

/* __pairs(t): fills everything in first. */
static int module_pairs(lua_State *L) {
    for (size_t i = 0; i < SK_ARRAY_LEN(TABLES); i++) {
        for (const sk_bind_entry *e = TABLES[i]; e->name; e++) {
            lua_getfield(L, 1, e->name);
            lua_pop(L, 1);
        }
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
