/* bind_link.c -- the module skein.link.core: monitors, links, ends with a reason.
 *
 * The handlers of notices are Lua code (lualib/skein/link.lua), which reads them with `notice`. An
 * address that is a local name stands for the service that has the name at that moment; with none,
 * a service that is gone. */
#include "lua/bind.h"

#include "actor/exit.h"
#include "actor/registry.h"
#include "actor/watch.h"
#include "actor/worker.h"
#include "base/err.h"
#include "lua/dispatcher.h"

#include <lauxlib.h>
#include <string.h>

/* The address of a service of this node at `index`. */
static sk_handle check_local(lua_State *L, int index) {
    sk_address address = sk_bind_check_address(L, index);
    if (address.global || sk_node_is_remote(sk_vm_of(L)->node, address.handle))
        luaL_error(L, "a service of another node cannot be watched: %s",
                   luaL_tolstring(L, index, NULL));
    return address.handle;
}

/* The same, of another service than this one. */
static sk_handle check_other(lua_State *L, int index) {
    sk_handle handle = check_local(L, index);
    luaL_argcheck(L, !sk_handle_eq(handle, sk_service_handle(sk_vm_of(L)->service)), index,
                  "another service expected, not this one");
    return handle;
}

/* monitor(addr) -> ref, handle */
static int link_monitor(lua_State *L) {
    sk_handle handle = check_other(L, 1);
    lua_pushinteger(L, (lua_Integer)sk_watch_monitor(sk_vm_of(L)->service, handle));
    lua_pushinteger(L, handle.v);
    return 2;
}

/* demonitor(ref) -> true | false: there is no such monitor (any more) */
static int link_demonitor(lua_State *L) {
    uint64_t ref = (uint64_t)luaL_checkinteger(L, 1);
    lua_pushboolean(L, sk_watch_demonitor(sk_vm_of(L)->service, ref));
    return 1;
}

/* link(addr) */
static int link_link(lua_State *L) {
    sk_watch_link(sk_vm_of(L)->service, check_other(L, 1));
    return 0;
}

/* unlink(addr) -> true | false: they were not linked */
static int link_unlink(lua_State *L) {
    sk_handle handle = check_other(L, 1);
    lua_pushboolean(L, sk_watch_unlink(sk_vm_of(L)->service, handle));
    return 1;
}

/* leash(handle) -> true | false: there is no such service */
static int link_leash(lua_State *L) {
    sk_handle handle = check_other(L, 1);
    lua_pushboolean(L, sk_watch_leash(sk_vm_of(L)->service, handle));
    return 1;
}

/* trap_exit([on]) -> whether it was on */
static int link_trap_exit(lua_State *L) {
    sk_service *service = sk_vm_of(L)->service;
    lua_pushboolean(L, sk_service_traps_exits(service));
    if (!lua_isnone(L, 1))
        sk_service_set_trap_exits(service, lua_toboolean(L, 1));
    return 1;
}

/* handle_shutdown(is_supervisor): this service has handlers; a supervisor stays one */
static int link_handle_shutdown(lua_State *L) {
    sk_service *service = sk_vm_of(L)->service;
    if (lua_toboolean(L, 1))
        sk_service_set_shutdown_role(service, SK_SHUTDOWN_SUPERVISOR);
    else if (sk_service_shutdown_role(service) == SK_SHUTDOWN_NONE)
        sk_service_set_shutdown_role(service, SK_SHUTDOWN_HANDLER);
    return 0;
}

static void push_done(lua_State *L, int err) { lua_pushboolean(L, err == 0); }

/* shutdown(addr [, text]) -> true | false: there is no such service */
static int link_shutdown(lua_State *L) {
    sk_vm *vm = sk_vm_of(L);
    sk_handle handle = check_other(L, 1);
    const sk_exit_reason reason = {.kind = SK_EXIT_SHUTDOWN, .text = luaL_optstring(L, 2, NULL)};
    push_done(L, sk_service_shutdown(vm->node, sk_service_worker(vm->service), handle, &reason));
    return 1;
}

/* kill(addr) -> true | false: there is no such service */
static int link_kill(lua_State *L) {
    sk_vm *vm = sk_vm_of(L);
    sk_handle handle = check_other(L, 1);
    const sk_exit_reason reason = {.kind = SK_EXIT_KILLED, .by = sk_service_handle(vm->service)};
    push_done(L, sk_service_retire_for(vm->node, sk_service_worker(vm->service), handle, &reason));
    return 1;
}

/* exit(reason): does not return */
static int link_exit(lua_State *L) {
    sk_exit_reason reason = sk_exit_parse(luaL_checkstring(L, 1));
    return sk_dispatcher_exit_for(L, &reason);
}

/* name(text, handle) -> true | false: the name is taken, or the service gone */
static int link_name(lua_State *L) {
    sk_vm *vm = sk_vm_of(L);
    const char *name = luaL_checkstring(L, 1);
    sk_handle handle = check_local(L, 2);
    luaL_argcheck(L, name[0] == '.' && name[1], 1, "a name with a dot in front expected");
    sk_registry *registry = sk_node_registry(vm->node);
    int err = SK_ENOENT;
    if (sk_registry_find(registry, handle))
        err = sk_registry_name(registry, name + 1, handle);
    push_done(L, err);
    return 1;
}

/* notice(msg, sz) -> "monitor" | "link" | "shutdown", reason, ref: the unpack function */
static int link_notice(lua_State *L) {
    static const char *const whats[] = {[SK_NOTICE_MONITOR] = "monitor",
                                        [SK_NOTICE_LINK] = "link",
                                        [SK_NOTICE_SHUTDOWN] = "shutdown"};
    const sk_notice *notice = lua_touserdata(L, 1);
    size_t size = (size_t)luaL_checkinteger(L, 2);
    bool is_whole = notice && size > offsetof(sk_notice, text) &&
                    notice->what < SK_ARRAY_LEN(whats) && ((const char *)notice)[size - 1] == '\0';
    if (!is_whole)
        return luaL_error(L, "malformed exit notice");
    lua_pushstring(L, whats[notice->what]);
    lua_pushstring(L, notice->text);
    lua_pushinteger(L, (lua_Integer)notice->ref);
    return 3;
}

int sk_open_link(lua_State *L) {
    static const luaL_Reg functions[] = {{"monitor", link_monitor},
                                         {"demonitor", link_demonitor},
                                         {"link", link_link},
                                         {"unlink", link_unlink},
                                         {"leash", link_leash},
                                         {"trap_exit", link_trap_exit},
                                         {"handle_shutdown", link_handle_shutdown},
                                         {"shutdown", link_shutdown},
                                         {"kill", link_kill},
                                         {"exit", link_exit},
                                         {"name", link_name},
                                         {"notice", link_notice},
                                         {NULL, NULL}};
    luaL_newlib(L, functions);
    lua_pushinteger(L, SK_TYPE_EXIT);
    lua_setfield(L, -2, "PTYPE_EXIT");
    return 1;
}
