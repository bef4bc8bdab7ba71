/* sessions.c -- a Lua C module that uses up session numbers of the service it runs in. */
#include "skynet_server.h"

#include <lauxlib.h>

/* skip_to(session): takes sessions until this one was given out */
static int l_skip_to(lua_State *L) {
    int last = (int)luaL_checkinteger(L, 1);
    lua_getfield(L, LUA_REGISTRYINDEX, "skynet_context");
    struct skynet_context *context = lua_touserdata(L, -1);
    while (skynet_context_newsession(context) != last)
        ;
    return 0;
}

/* take() -> the next session, as C code gets it */
static int l_take(lua_State *L) {
    lua_getfield(L, LUA_REGISTRYINDEX, "skynet_context");
    lua_pushinteger(L, skynet_context_newsession(lua_touserdata(L, -1)));
    return 1;
}

int luaopen_sessions(lua_State *L) {
    static const luaL_Reg functions[] = {{"skip_to", l_skip_to}, {"take", l_take}, {NULL, NULL}};
    luaL_newlib(L, functions);
    return 1;
}
