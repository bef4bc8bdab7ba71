/* snlua.h -- the native module that hosts a Lua service: "snlua NAME ARG...". */
#ifndef SK_LUA_SNLUA_H
#define SK_LUA_SNLUA_H

#include "actor/module.h"

extern const sk_module sk_snlua_module;

#endif
