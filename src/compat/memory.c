/* memory.c -- skynet_malloc.h over base/mem, malloc_hook.h over base/mem_stat and io/usage. */
#include "skynet_malloc.h"
#include <malloc_hook.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/mem_stat.h"
#include "compat/caller.h"
#include "io/usage.h"
#include "skynet.h"
#include "skynet_imp.h"

#include <errno.h>
#include <stdio.h>

/* ---- skynet_malloc.h ---- */

void *skynet_malloc(size_t size) { return sk_malloc(size); }
void *skynet_calloc(size_t count, size_t size) { return sk_calloc(count, size); }
void *skynet_realloc(void *ptr, size_t size) { return sk_realloc(ptr, size); }
void skynet_free(void *ptr) { sk_free(ptr); }
char *skynet_strdup(const char *text) { return sk_strdup(text); }
char *skynet_strndup(const char *text, size_t n) { return sk_memdup_text(text, n); }

/* As libc, which takes smaller powers of two as well. */
static void *allocate_aligned(size_t alignment, size_t size) {
    bool is_small = alignment && alignment < sizeof(void *) && !(alignment & (alignment - 1));
    return sk_malloc_aligned(is_small ? sizeof(void *) : alignment, size);
}

void *skynet_aligned_alloc(size_t alignment, size_t size) {
    return allocate_aligned(alignment, size);
}

void *skynet_memalign(size_t alignment, size_t size) { return allocate_aligned(alignment, size); }

int skynet_posix_memalign(void **ret_ptr, size_t alignment, size_t size) {
    void *ptr = sk_malloc_aligned(alignment, size);
    if (!ptr)
        return EINVAL;
    *ret_ptr = ptr;
    return 0;
}

void *skynet_lalloc(void *ptr, size_t old_size, size_t new_size) {
    (void)old_size;
    if (new_size == 0) {
        sk_free(ptr);
        return NULL;
    }
    return sk_try_realloc(ptr, new_size); /* Lua collects garbage and tries again */
}

/* ---- malloc_hook.h ---- */

size_t malloc_used_memory(void) {
    sk_mem_stat stat;
    sk_mem_get_stat(&stat);
    return stat.allocated;
}

size_t malloc_memory_block(void) { return sk_mem_block_count(); }

size_t malloc_current_memory(void) {
    sk_node *node = sk_caller_node(NULL);
    sk_service *service = node && sk_caller_worker(node) ? sk_caller_present(node) : NULL;
    sk_usage usage;
    if (!service || sk_usage_get(node, sk_service_handle(service), &usage) < 0)
        return 0;
    return sk_usage_c_size(&usage);
}

void memory_info_dump(const char *opts) { sk_mem_print_report(opts); }

/* As sk_usage_list; nothing on a thread that is no worker. */
static sk_usage *list_services(size_t *ret_count) {
    sk_node *node = sk_caller_node(NULL);
    *ret_count = 0;
    return node && sk_caller_worker(node) ? sk_usage_list(node, ret_count) : NULL;
}

static int fill_table(lua_State *L) {
    const sk_usage *list = lua_touserdata(L, 1);
    lua_Integer count = lua_tointeger(L, 2);
    lua_newtable(L);
    for (lua_Integer i = 0; i < count; i++) {
        lua_pushinteger(L, (lua_Integer)sk_usage_c_size(&list[i]));
        lua_rawseti(L, -2, list[i].handle.v);
    }
    return 1;
}

int dump_mem_lua(lua_State *L) {
    size_t count;
    lua_pushcfunction(L, fill_table);
    sk_usage *list = list_services(&count);
    lua_pushlightuserdata(L, list);
    lua_pushinteger(L, (lua_Integer)count);
    int status = lua_pcall(L, 2, 1, 0); /* out of memory: the list must not be lost */
    sk_free(list);
    return status == LUA_OK ? 1 : lua_error(L);
}

void dump_c_mem(void) {
    size_t count;
    sk_usage *list = list_services(&count);
    skynet_error(NULL, "dump all service mem:");
    for (size_t i = 0; i < count; i++) {
        size_t size = sk_usage_c_size(&list[i]);
        skynet_error(NULL, ":%08x -> %zukb %zub", list[i].handle.v, size >> 10, size % 1024);
    }
    skynet_error(NULL, "+total: %zukb", malloc_used_memory() >> 10);
    sk_free(list);
}

/* True when the control exists; else the log says it, if the allocator has none at all. */
static bool has_control(int err, const char *function, const char *name) {
    if (err == SK_ESTATE)
        skynet_error(NULL, "No jemalloc : %s %s.", function, name);
    return err == 0;
}

size_t mallctl_int64(const char *name, size_t *new_value) {
    size_t value = 0;
    int err = sk_mem_control_size(name, new_value, &value);
    return has_control(err, "mallctl_int64", name) ? value : 0;
}

int mallctl_opt(const char *name, int *new_value) {
    int value = 0;
    int err = sk_mem_control_int(name, new_value, &value);
    return has_control(err, "mallctl_opt", name) ? value : 0;
}

bool mallctl_bool(const char *name, bool *new_value) {
    bool value = false;
    int err = sk_mem_control_bool(name, new_value, &value);
    return has_control(err, "mallctl_bool", name) && value;
}

int mallctl_cmd(const char *name) {
    int err = sk_mem_control_run(name);
    return has_control(err, "mallctl_cmd", name) ? 0 : err == SK_ESTATE ? 0 : -err;
}

void skynet_debug_memory(const char *info) {
    fprintf(stderr, "[:%08x] %s 0x%zx\n", skynet_current_handle(), info, malloc_current_memory());
}
