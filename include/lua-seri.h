/* lua-seri.h -- the serialisation of skynet.pack and skynet.unpack, for any Lua state.
 *
 * Both are Lua C functions, for lua_pushcfunction or a luaL_Reg. */
#ifndef LUA_SERI_H
#define LUA_SERI_H

#ifdef __cplusplus
extern "C" {
#endif

#include <lua.h>

#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

/* pack(...) -> pointer, size: a block of skynet_malloc that the caller owns. */
int luaseri_pack(lua_State *L);

/* unpack(string) or unpack(pointer, size) -> the values. The block stays the caller's. */
int luaseri_unpack(lua_State *L);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif

#endif
