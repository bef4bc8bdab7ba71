/* seri.c -- lua-seri.h: the serialisation for any Lua state, also one that is no service's.
 *
 * The bytes grow in a buffer that a userdata owns, so that an error frees them. */
#include <lua-seri.h>

#include "base/mem.h"
#include "codec/seri.h"
#include "lua/bind.h"

#define BUFFER_TYPE "skein.luaseri"

static int free_buffer(lua_State *L) {
    sk_buffer_done(lua_touserdata(L, 1));
    return 0;
}

static sk_buffer *push_buffer(lua_State *L) {
    sk_buffer *buffer = lua_newuserdatauv(L, sizeof *buffer, 0);
    *buffer = (sk_buffer){0};
    if (luaL_newmetatable(L, BUFFER_TYPE)) {
        lua_pushcfunction(L, free_buffer);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
    return buffer;
}

int luaseri_pack(lua_State *L) {
    int count = lua_gettop(L);
    luaL_checkstack(L, 4, NULL);
    sk_buffer *buffer = push_buffer(L);
    sk_seri_pack(L, 1, count, buffer, NULL);
    lua_pushlightuserdata(L, buffer->data);
    lua_pushinteger(L, (lua_Integer)buffer->len);
    *buffer = (sk_buffer){0}; /* the block is the caller's */
    return 2;
}

int luaseri_unpack(lua_State *L) { return sk_bind_unpack(L); }
