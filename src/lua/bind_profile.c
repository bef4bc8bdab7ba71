/* bind_profile.c -- the module skynet.profile: CPU time of a coroutine between two points.
 *
 * A record is a userdata, found by vm->profiles, and kept alive by a table with weak keys as long
 * as its coroutine lives. The table is also how a record is told from one of a coroutine that died
 * and whose address is used again before the collector has finalized the record. Time is that of
 * the cycle counter, so it goes on while the kernel preempts the worker. */
#include "lua/profile.h"

#include "lua/bind.h"
#include "lua/task.h"

#include <lauxlib.h>

#define TABLE_KEY "skynet.profile.records"
#define RECORD_META "skynet.profile.record"

typedef struct {
    sk_vm *vm;
    lua_State *co; /* its address only */
    uint64_t total_cycles;
    uint64_t since_cycles; /* while is_running */
    bool is_running;
} record;

static uint64_t key_of(const lua_State *co) { return (uint64_t)(uintptr_t)co; }
static uint64_t cycles(const sk_vm *vm) { return sk_clock_cycles(sk_node_clock(vm->node)); }

void sk_profile_begin(sk_vm *vm, lua_State *co) {
    record *r = sk_map_get(&vm->profiles, key_of(co));
    if (!r || r->is_running)
        return;
    r->is_running = true;
    r->since_cycles = cycles(vm);
}

static void halt(record *r) {
    if (r->is_running)
        r->total_cycles += cycles(r->vm) - r->since_cycles;
    r->is_running = false;
}

void sk_profile_end(sk_vm *vm, lua_State *co) {
    record *r = sk_map_get(&vm->profiles, key_of(co));
    if (r)
        halt(r);
}

void sk_profile_drop(sk_vm *vm, lua_State *co) {
    (void)sk_map_take(&vm->profiles, key_of(co)); /* stopped already: none */
}

/* The collector has it: its coroutine is gone. */
static int collect_record(lua_State *L) {
    record *r = luaL_checkudata(L, 1, RECORD_META);
    if (sk_map_get(&r->vm->profiles, key_of(r->co)) == r)
        (void)sk_map_take(&r->vm->profiles, key_of(r->co));
    return 0;
}

/* Pushes the table coroutine -> record. */
static void push_table(lua_State *L) {
    if (luaL_getsubtable(L, LUA_REGISTRYINDEX, TABLE_KEY))
        return;
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "k");
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
    luaL_newmetatable(L, RECORD_META);
    lua_pushcfunction(L, collect_record);
    lua_setfield(L, -2, "__gc");
    lua_pop(L, 1);
}

/* Puts the coroutine to be measured at 1, the table at 2; its record, or NULL. */
static record *find(lua_State *L) {
    if (lua_isnone(L, 1))
        lua_pushthread(L);
    lua_State *co = lua_tothread(L, 1);
    luaL_argexpected(L, co, 1, "coroutine");
    lua_settop(L, 1);
    push_table(L);
    lua_pushvalue(L, 1);
    lua_rawget(L, 2);
    record *kept = lua_touserdata(L, -1);
    lua_pop(L, 1);
    record *r = sk_map_get(&sk_vm_of(L)->profiles, key_of(co));
    return r && r == kept ? r : NULL;
}

/* It runs, or waits for a coroutine that it has resumed. */
static bool is_active(lua_State *L, lua_State *co) {
    lua_Debug ar;
    return co == L || (lua_status(co) == LUA_OK && lua_getstack(co, 0, &ar));
}

/* start([co]): begins to measure the coroutine, by default the running one */
static int profile_start(lua_State *L) {
    sk_vm *vm = sk_vm_of(L);
    if (find(L))
        return luaL_error(L, "Thread %p start profile more than once", lua_topointer(L, 1));
    lua_State *co = lua_tothread(L, 1);
    record *r = lua_newuserdatauv(L, sizeof *r, 0);
    *r = (record){.vm = vm, .co = co, .is_running = is_active(L, co)};
    luaL_setmetatable(L, RECORD_META);
    lua_pushvalue(L, 1);
    lua_pushvalue(L, -2);
    lua_rawset(L, 2);
    (void)sk_map_put(&vm->profiles, key_of(co), r); /* what it replaces is of a dead coroutine */
    sk_task *task = sk_task_of_thread(co);
    if (task)
        task->watched |= SK_WATCH_PROFILE;
    r->since_cycles = cycles(vm);
    return 0;
}

/* stop([co]) -> seconds of CPU time since start, without those in which it was suspended */
static int profile_stop(lua_State *L) {
    sk_vm *vm = sk_vm_of(L);
    record *r = find(L);
    if (!r)
        return luaL_error(L, "Call profile.start() before profile.stop()");
    halt(r);
    sk_profile_drop(vm, r->co);
    sk_task *task = sk_task_of_thread(lua_tothread(L, 1));
    if (task)
        task->watched &= (uint8_t)~SK_WATCH_PROFILE;
    lua_pushnumber(L, sk_clock_cycles_to_seconds(sk_node_clock(vm->node), r->total_cycles));
    lua_pushvalue(L, 1);
    lua_pushnil(L);
    lua_rawset(L, 2);
    return 1;
}

int sk_open_profile(lua_State *L) {
    static const luaL_Reg functions[] = {{"start", profile_start},
                                         {"stop", profile_stop},
                                         {"resume", sk_bind_co_resume},
                                         {"wrap", sk_bind_co_wrap},
                                         {NULL, NULL}};
    luaL_newlib(L, functions);
    return 1;
}
