/* embedded.h -- the Lua library and services that are inside the executable.
 *
 * The build compiles every file of lualib/ (except lualib/meta/) and services/ to bytecode with
 * debug information and writes the table. A library file has its module name ("skynet",
 * "skynet.socket"; lualib/x/init.lua is "x"), a service "service/NAME". Sorted by strcmp of the
 * names, for a binary search. Constant: any thread reads it. */
#ifndef SK_LUA_EMBEDDED_H
#define SK_LUA_EMBEDDED_H

#include <stddef.h>

typedef struct {
    const char *name;
    const unsigned char *data;
    size_t size;
} sk_embedded;

extern const sk_embedded sk_embedded_table[];
extern const size_t sk_embedded_count;

#endif
