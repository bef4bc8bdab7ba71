/* luause.c -- a C module for Lua that uses its service and the serialisation. */
#include "lua-seri.h"
#include "malloc_hook.h"
#include "skynet.h"

#include <lauxlib.h>
#include <lualib.h>

static struct skynet_context *check_context(lua_State *L) {
    lua_getfield(L, LUA_REGISTRYINDEX, "skynet_context");
    struct skynet_context *context = lua_touserdata(L, -1);
    if (!context)
        luaL_error(L, "Init skynet context first");
    return context;
}

/* command(cmd, parm) -> result */
static int command(lua_State *L) {
    struct skynet_context *context = lua_touserdata(L, lua_upvalueindex(1));
    lua_pushstring(L, skynet_command(context, luaL_checkstring(L, 1), luaL_optstring(L, 2, NULL)));
    return 1;
}

/* send(to, text) -> session: a request with a session of the service */
static int send(lua_State *L) {
    struct skynet_context *context = lua_touserdata(L, lua_upvalueindex(1));
    size_t size;
    const char *text = luaL_checklstring(L, 2, &size);
    lua_pushinteger(L, skynet_sendname(context, 0, luaL_checkstring(L, 1),
                                       PTYPE_TEXT | PTYPE_TAG_ALLOCSESSION, 0, (void *)text, size));
    return 1;
}

/* current() -> the handle of the message that runs */
static int current(lua_State *L) {
    lua_pushinteger(L, skynet_current_handle());
    return 1;
}

static int release(lua_State *L) {
    skynet_free(lua_touserdata(L, 1));
    return 0;
}

/* pack_elsewhere() -> string: what another state, that is no service's, packs and unpacks */
static int pack_elsewhere(lua_State *L) {
    lua_State *other = luaL_newstate();
    lua_pushcfunction(other, luaseri_pack);
    lua_pushinteger(other, 42);
    lua_newtable(other);
    lua_pushliteral(other, "value");
    lua_setfield(other, -2, "key");
    lua_call(other, 2, 2);
    void *data = lua_touserdata(other, -2);
    size_t size = (size_t)lua_tointeger(other, -1);
    lua_pushlstring(L, data, size);
    skynet_free(data);
    lua_settop(other, 0);
    lua_pushcfunction(other, luaseri_pack);
    lua_pushcfunction(other, luaseri_pack); /* a function: not packed, but an error */
    int status = lua_pcall(other, 1, 2, 0);
    lua_pushinteger(L, status);
    lua_close(other);
    return 2;
}

int luaopen_luause(lua_State *L) {
    static const luaL_Reg functions[] = {{"command", command},
                                         {"send", send},
                                         {"current", current},
                                         {"pack", luaseri_pack},
                                         {"unpack", luaseri_unpack},
                                         {"release", release},
                                         {"pack_elsewhere", pack_elsewhere},
                                         {"memory", dump_mem_lua},
                                         {NULL, NULL}};
    luaL_checkversion(L);
    luaL_newlibtable(L, functions);
    lua_pushlightuserdata(L, check_context(L));
    lua_replace(L, -2);
    luaL_setfuncs(L, functions, 1);
    return 1;
}
