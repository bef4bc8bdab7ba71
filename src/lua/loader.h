/* loader.h -- where Lua code comes from: the embedded library, files through the code cache.
 *
 * Modules and services of the standard library are bytecode inside the executable;
 * SKEIN_LUALIB=dir (the project's own tree) reads them from disk instead. Files of the user are
 * compiled once in the process and loaded as bytecode with debug information into each state, as
 * long as their modification time stays. */
#ifndef SK_LUA_LOADER_H
#define SK_LUA_LOADER_H

#include "lua/vm.h"

typedef struct sk_codecache sk_codecache;

/* Before the node runs; kept in the node's SK_NODE_LUA slot. */
sk_codecache *sk_codecache_new(void);
void sk_codecache_free(sk_codecache *take_cache);

/* Any thread. True if the embedded library has this name. */
bool sk_loader_has_embedded(const char *name);

/* Lua function. Pushes the chunk of an embedded module ("skynet.queue", "service/launcher").
 * False: there is none, nothing is pushed. Raises if it does not load. */
bool sk_loader_find_embedded(lua_State *L, const char *name);

/* As above; raises when there is none. */
void sk_loader_push_embedded(lua_State *L, const char *name);

/* Pushes the table { require, init } of the embedded module skynet.require. */
void sk_loader_push_require_module(lua_State *L);

/* Protected. Opens the libraries, sets the package paths, installs require and loadfile; runs the
 * preload file and the service's script. `args` is "NAME ARG...". As a lua_CFunction: the text is
 * argument 1. */
int sk_loader_run(lua_State *L);

/* Any thread. True if the text "NAME ARG..." names a service of the standard library. */
bool sk_loader_is_system_service(const char *text);

#endif
