/* malloc_hook.h -- what the process has allocated, and the controls of its allocator.
 *
 * The numbers of the process come from the allocator that the executable was built with. Those of a
 * service are what it holds outside of its Lua state, in waiting messages and socket buffers:
 * counting what it has allocated would cost every allocation. */
#ifndef MALLOC_HOOK_H
#define MALLOC_HOOK_H

#include "mem_info.h"

#include <stdbool.h>
#include <stdlib.h>

#ifdef __cplusplus
extern "C" {
#endif

#include <lua.h>

#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

/* Any thread. Bytes of the process in use, as its allocator counts: what was handed out for libc
 * and jemalloc, what was taken from the system for mimalloc. */
size_t malloc_used_memory(void);

/* Any thread. Blocks of the process in use; 0: not counted. */
size_t malloc_memory_block(void);

/* Bytes that the service holds whose message this thread is in; 0 for other threads. */
size_t malloc_current_memory(void);

/* A Lua function. Pushes a table from the handles of all services to the bytes they hold. */
int dump_mem_lua(lua_State *L);

/* Any thread. Writes what each service holds, which only a worker can tell, and the total to the
 * log. */
void dump_c_mem(void);

/* Any thread. Statistics of the allocator to the standard error output; jemalloc takes `opts`. */
void memory_info_dump(const char *opts);

/* Any thread. Controls of jemalloc by their names; a NULL new value only reads. With another
 * allocator a line in the log says so, and the result is 0 or false. */
size_t mallctl_int64(const char *name, size_t *new_value);
int mallctl_opt(const char *name, int *new_value);
bool mallctl_bool(const char *name, bool *new_value);
int mallctl_cmd(const char *name);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif

#endif
