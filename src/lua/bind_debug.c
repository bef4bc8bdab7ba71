/* bind_debug.c -- the debug protocol: frequent commands, and the way to the module of the others.
 *
 * Tools ask every service of a node for its counters, and the Lua module that knows all commands
 * takes 50 KiB of a service. So these are answered without it; the first other command loads it. */
#include "lua/bind.h"

#include "lua/task.h"

#include <lauxlib.h>
#include <string.h>

static void retpack(lua_State *L, int first) {
    lua_pushcfunction(L, sk_bind_retpack);
    lua_insert(L, first);
    lua_call(L, lua_gettop(L) - first, 0);
}

static double heap_kib(lua_State *L) {
    return lua_gc(L, LUA_GCCOUNT) + lua_gc(L, LUA_GCCOUNTB) / 1024.0;
}

static void answer_ping(lua_State *L) { retpack(L, lua_gettop(L) + 1); }

static void answer_mem(lua_State *L) {
    lua_pushnumber(L, heap_kib(L));
    retpack(L, lua_gettop(L));
}

static void answer_stat(lua_State *L) {
    const sk_vm *vm = sk_vm_of(L);
    sk_service_stat stat;
    sk_service_get_stat(vm->service, &stat);
    lua_createtable(L, 0, 4);
    lua_pushinteger(L, vm->waiting_count);
    lua_setfield(L, -2, "task");
    lua_pushinteger(L, (lua_Integer)stat.mailbox_len);
    lua_setfield(L, -2, "mqlen");
    lua_pushnumber(L, sk_service_cpu_seconds(vm->service));
    lua_setfield(L, -2, "cpu");
    lua_pushinteger(L, (lua_Integer)stat.message_count);
    lua_setfield(L, -2, "message");
    retpack(L, lua_gettop(L));
}

/* Never answered. Those that are in the mailbox by the end of one collection are skipped. */
static void collect(lua_State *L) {
    sk_vm *vm = sk_vm_of(L);
    sk_service_stat stat;
    vm->current->request = SK_REQUEST_TAKEN;
    sk_service_get_stat(vm->service, &stat);
    if (stat.message_count <= vm->collected_count)
        return;
    const sk_clock *clock = sk_node_clock(vm->node);
    uint64_t start_ns = sk_clock_ns(clock);
    double before = heap_kib(L);
    lua_gc(L, LUA_GCCOLLECT);
    sk_vm_log(vm, "GC %.2f Kb -> %.2f Kb, cost %.2f sec", before, heap_kib(L),
              (double)(sk_clock_ns(clock) - start_ns) / 1e9);
    sk_service_get_stat(vm->service, &stat);
    vm->collected_count = stat.message_count + stat.mailbox_len;
}

static const struct {
    const char *name;
    void (*run)(lua_State *L);
} FREQUENT[] = {
    {"STAT", answer_stat},
    {"MEM", answer_mem},
    {"PING", answer_ping},
    {"GC", collect},
};

int sk_bind_debug_frequent(lua_State *L) {
    const char *name = lua_type(L, 1) == LUA_TSTRING ? lua_tostring(L, 1) : "";
    for (size_t i = 0; i < SK_ARRAY_LEN(FREQUENT); i++) {
        if (strcmp(FREQUENT[i].name, name) != 0)
            continue;
        FREQUENT[i].run(L);
        lua_pushboolean(L, true);
        return 1;
    }
    lua_pushboolean(L, false);
    return 1;
}

/* Replaces the protocol's dispatch function by that of the module. */
static void load_module(lua_State *L) {
    lua_getglobal(L, "require");
    lua_pushliteral(L, "skynet.debug");
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "init");
    lua_rawgeti(L, LUA_REGISTRYINDEX, SK_REF_SKYNET);
    lua_call(L, 1, 0);
    lua_pop(L, 1);
}

static int dispatch_k(lua_State *L, int status, lua_KContext ctx) {
    (void)L;
    (void)status;
    (void)ctx;
    return 0;
}

int sk_bind_debug_dispatch(lua_State *L) {
    lua_settop(L, lua_gettop(L) < 3 ? 3 : lua_gettop(L));
    lua_pushcfunction(L, sk_bind_debug_frequent);
    lua_pushvalue(L, 3);
    lua_call(L, 1, 1);
    bool is_done = lua_toboolean(L, -1);
    lua_pop(L, 1);
    if (is_done)
        return 0;
    load_module(L);
    (void)sk_bind_push_proto(L, SK_TYPE_DEBUG);
    lua_getfield(L, -1, "dispatch");
    lua_remove(L, -2);
    lua_insert(L, 1);
    lua_callk(L, lua_gettop(L) - 1, 0, 0, dispatch_k);
    return 0;
}
