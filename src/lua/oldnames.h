/* oldnames.h -- the short module names of old programs: require "socket" for skynet.socket.
 *
 * They are generic, so they work only where package.path has a pattern of a directory `compat10`,
 * which need not exist. A file of the user that the patterns before it find comes first. Part of
 * the searcher of the standard library; the Lua state's owner. */
#ifndef SK_LUA_OLDNAMES_H
#define SK_LUA_OLDNAMES_H

#include <lua.h>

#include <stdbool.h>

/* In a searcher. True: pushes a loader and its second argument. False: the name is none of them
 * here; what else was pushed is the caller's to drop. */
bool sk_oldnames_search(lua_State *L, const char *name);

#endif
