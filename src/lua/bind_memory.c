/* bind_memory.c -- the module skynet.memory, and what lualib/skein/memory.lua stands on.
 *
 * skynet.memory tells what the allocator tells (base/mem_stat.h). Its figures per service are what
 * the service's waiting messages and sockets hold (io/usage.h): Lua heaps are not in them. */
#include "lua/bind.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/mem_stat.h"
#include "io/usage.h"

#include <lauxlib.h>
#include <stdio.h>

/* total() -> bytes in use in the process, all services together; 0 when the allocator does not
 * tell */
static int memory_total(lua_State *L) {
    sk_mem_stat stat;
    sk_mem_get_stat(&stat);
    lua_pushinteger(L, (lua_Integer)stat.allocated);
    return 1;
}

/* block() -> blocks in use; 0 when the allocator does not tell */
static int memory_block(lua_State *L) {
    lua_pushinteger(L, (lua_Integer)sk_mem_block_count());
    return 1;
}

/* The list of sk_usage_list in a block that the collector frees, pushed. */
static sk_usage *push_list(lua_State *L, size_t *ret_count) {
    sk_vm *vm = sk_vm_of(L);
    sk_usage *list = sk_usage_list(vm->node, ret_count);
    size_t size = *ret_count * sizeof *list;
    bool limit_is_on = vm->limit_is_on;
    vm->limit_is_on = false; /* it must not fail: the list is ours still */
    sk_usage *copy = lua_newuserdatauv(L, size ? size : 1, 0);
    vm->limit_is_on = limit_is_on;
    if (size)
        memcpy(copy, list, size);
    sk_free(list);
    return copy;
}

/* info() -> { handle -> bytes }: what each service holds outside of its Lua heap. Asks those whose
 * mailboxes are not empty to look through them; until then their former look counts. */
static int memory_info(lua_State *L) {
    size_t count;
    sk_usage_ask(sk_vm_of(L)->node, SK_HANDLE_NONE);
    const sk_usage *list = push_list(L, &count);
    lua_createtable(L, 0, (int)count);
    for (size_t i = 0; i < count; i++) {
        lua_pushinteger(L, (lua_Integer)sk_usage_c_size(&list[i]));
        lua_rawseti(L, -2, list[i].handle.v);
    }
    return 1;
}

/* current() -> bytes that this service holds outside of its Lua heap */
static int memory_current(lua_State *L) {
    sk_vm *vm = sk_vm_of(L);
    sk_usage usage = {0};
    (void)sk_usage_get(vm->node, sk_service_handle(vm->service), &usage); /* retired: nothing */
    usage.mailbox_size = sk_service_mailbox_size(vm->service);
    lua_pushinteger(L, (lua_Integer)sk_usage_c_size(&usage));
    return 1;
}

static void set_size(lua_State *L, const char *key, size_t size) {
    lua_pushinteger(L, (lua_Integer)size);
    lua_setfield(L, -2, key);
}

/* jestat() -> { ["stats.allocated"], ["stats.resident"], ["stats.retained"], ["stats.mapped"],
 * ["stats.active"] } in bytes */
static int memory_jestat(lua_State *L) {
    sk_mem_stat stat;
    sk_mem_get_stat(&stat);
    lua_createtable(L, 0, 5);
    set_size(L, "stats.allocated", stat.allocated);
    set_size(L, "stats.resident", stat.resident);
    set_size(L, "stats.retained", stat.retained);
    set_size(L, "stats.mapped", stat.mapped);
    set_size(L, "stats.active", stat.active);
    return 1;
}

/* Logs why a control did nothing, if it did nothing. */
static void explain(lua_State *L, int err, const char *function, const char *name) {
    if (err == SK_ESTATE)
        sk_vm_log(sk_vm_of(L), "No jemalloc : %s %s.", function, name);
    else if (err < 0)
        sk_vm_log_error(sk_vm_of(L), "error: %s %s: %s", function, name, sk_err_text(err));
}

/* mallctl(name) -> the value of a control of jemalloc; 0 without jemalloc, which is logged */
static int memory_mallctl(lua_State *L) {
    const char *name = luaL_checkstring(L, 1);
    size_t value = 0;
    explain(L, sk_mem_control_size(name, NULL, &value), "mallctl_int64", name);
    lua_pushinteger(L, (lua_Integer)value);
    return 1;
}

/* profactive([on]) -> whether jemalloc's heap profiling is on; false without jemalloc (logged) */
static int memory_profactive(lua_State *L) {
    bool sets = !lua_isnoneornil(L, 1);
    bool on = lua_toboolean(L, 1);
    bool value = false;
    int err = sk_mem_control_bool("prof.active", sets ? &on : NULL, &value);
    explain(L, err, "mallctl_bool", "prof.active");
    lua_pushboolean(L, err == 0 && (sets ? on : value));
    return 1;
}

/* dumpheap(): has jemalloc write a profile of the heap to a file */
static int memory_dumpheap(lua_State *L) {
    explain(L, sk_mem_control_run("prof.dump"), "mallctl_cmd", "prof.dump");
    return 0;
}

/* dumpinfo([options]): the allocator's report to stderr; the options are jemalloc's */
static int memory_dumpinfo(lua_State *L) {
    sk_mem_print_report(luaL_optstring(L, 1, NULL));
    return 0;
}

/* dump(): the figures of info as lines of the log */
static int memory_dump(lua_State *L) {
    sk_vm *vm = sk_vm_of(L);
    size_t count, total = 0;
    sk_usage_ask(vm->node, SK_HANDLE_NONE);
    const sk_usage *list = push_list(L, &count);
    sk_vm_log(vm, "dump all service mem:");
    for (size_t i = 0; i < count; i++) {
        size_t size = sk_usage_c_size(&list[i]);
        total += size;
        sk_vm_log(vm, ":%08x -> %zukb %zub", list[i].handle.v, size >> 10, size & 1023);
    }
    sk_vm_log(vm, "+total: %zukb", total >> 10);
    return 0;
}

int sk_open_memory(lua_State *L) {
    static const luaL_Reg functions[] = {{"total", memory_total},
                                         {"block", memory_block},
                                         {"info", memory_info},
                                         {"current", memory_current},
                                         {"jestat", memory_jestat},
                                         {"mallctl", memory_mallctl},
                                         {"profactive", memory_profactive},
                                         {"dumpheap", memory_dumpheap},
                                         {"dumpinfo", memory_dumpinfo},
                                         {"dump", memory_dump},
                                         {NULL, NULL}};
    luaL_newlib(L, functions);
    return 1;
}

/* ---- skein.memory ---- */

static void push_usage(lua_State *L, const sk_usage *usage) {
    lua_createtable(L, 0, 8);
    set_size(L, "lua", usage->lua_size);
    set_size(L, "mailbox", usage->mailbox_size);
    set_size(L, "mqlen", (size_t)usage->mailbox_len);
    set_size(L, "unread", usage->unread_size);
    set_size(L, "unsent", usage->unsent_size);
    set_size(L, "sockets", usage->socket_count);
    set_size(L, "total", usage->lua_size + sk_usage_c_size(usage));
    if (usage->mailbox_is_due) {
        lua_pushboolean(L, true);
        lua_setfield(L, -2, "stale");
    }
}

static sk_handle opt_handle(lua_State *L) {
    lua_Integer handle = luaL_optinteger(L, 1, 0);
    luaL_argcheck(L, handle >= 0 && handle <= UINT32_MAX, 1, "a handle expected");
    return (sk_handle){(uint32_t)handle};
}

/* ask([handle]): has one service, or all, look through their mailboxes */
static int usage_ask(lua_State *L) {
    sk_usage_ask(sk_vm_of(L)->node, opt_handle(L));
    return 0;
}

/* get(handle) -> table, see lualib/skein/memory.lua | nothing: no such service */
static int usage_get(lua_State *L) {
    sk_vm *vm = sk_vm_of(L);
    sk_usage usage;
    if (sk_usage_get(vm->node, opt_handle(L), &usage) < 0)
        return 0;
    if (sk_handle_eq(usage.handle, sk_service_handle(vm->service))) {
        usage.lua_size = vm->memory_size;
        usage.mailbox_size = sk_service_mailbox_size(vm->service);
        usage.mailbox_is_due = false;
    }
    push_usage(L, &usage);
    return 1;
}

/* list() -> { handle -> table } */
static int usage_list(lua_State *L) {
    size_t count;
    const sk_usage *list = push_list(L, &count);
    lua_createtable(L, 0, (int)count);
    for (size_t i = 0; i < count; i++) {
        push_usage(L, &list[i]);
        lua_rawseti(L, -2, list[i].handle.v);
    }
    return 1;
}

int sk_open_usage(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"ask", usage_ask}, {"get", usage_get}, {"list", usage_list}, {NULL, NULL}};
    luaL_newlib(L, functions);
    return 1;
}
