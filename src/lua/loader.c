/* loader.c -- the embedded library, the code cache, the default loader of a service. */
#include "lua/loader.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/thread.h"
#include "lua/bind.h"
#include "lua/embedded.h"
#include "lua/oldnames.h"
#include "lua/task.h"

#include <errno.h>
#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A source file larger than this is not a program. */
#define FILE_SIZE_MAX (64u * 1024 * 1024)
#define WORD_SEPARATORS " \t\r\n"

/* ---- code cache ---- */

typedef struct cached {
    struct cached *next;
    char *path;
    struct timespec mtime;
    off_t file_size;
    uint8_t *code;
    size_t size;
    _Atomic int refs;
} cached;

#define BUCKET_COUNT 256

struct sk_codecache {
    sk_lock lock;
    cached *buckets[BUCKET_COUNT];
};

static void unref(cached *entry) {
    if (sk_sub_acq_rel(&entry->refs, 1) != 1)
        return;
    sk_free(entry->path);
    sk_free(entry->code);
    sk_free(entry);
}

static cached **bucket_of(sk_codecache *cache, const char *path) {
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (const char *c = path; *c; c++)
        hash = (hash ^ (uint8_t)*c) * 16777619u;
    return &cache->buckets[hash % BUCKET_COUNT];
}

static bool is_current(const cached *entry, const struct stat *st) {
    return entry->mtime.tv_sec == st->st_mtim.tv_sec &&
           entry->mtime.tv_nsec == st->st_mtim.tv_nsec && entry->file_size == st->st_size;
}

/* The entry with a reference, or NULL. */
static cached *cache_get(sk_codecache *cache, const char *path, const struct stat *st) {
    cached *found = NULL;
    sk_lock_acquire(&cache->lock);
    for (cached *e = *bucket_of(cache, path); e && !found; e = e->next)
        if (strcmp(e->path, path) == 0 && is_current(e, st))
            found = e;
    if (found)
        sk_add_relaxed(&found->refs, 1);
    sk_lock_release(&cache->lock);
    return found;
}

static void remove_path(cached **link, const char *path) {
    while (*link) {
        cached *entry = *link;
        if (path && strcmp(entry->path, path) != 0) {
            link = &entry->next;
            continue;
        }
        *link = entry->next;
        unref(entry);
    }
}

static void cache_put(sk_codecache *cache, cached *take_entry) {
    sk_lock_acquire(&cache->lock);
    cached **bucket = bucket_of(cache, take_entry->path);
    remove_path(bucket, take_entry->path);
    take_entry->next = *bucket;
    *bucket = take_entry;
    sk_lock_release(&cache->lock);
}

static void cache_clear(sk_codecache *cache) {
    sk_lock_acquire(&cache->lock);
    for (int i = 0; i < BUCKET_COUNT; i++)
        remove_path(&cache->buckets[i], NULL);
    sk_lock_release(&cache->lock);
}

sk_codecache *sk_codecache_new(void) {
    sk_codecache *cache = sk_new(sk_codecache);
    sk_lock_init(&cache->lock);
    return cache;
}

void sk_codecache_free(sk_codecache *take_cache) {
    if (!take_cache)
        return;
    cache_clear(take_cache);
    sk_lock_done(&take_cache->lock);
    sk_free(take_cache);
}

static sk_codecache *cache_of(lua_State *L) {
    return sk_node_get_slot(sk_vm_of(L)->node, SK_NODE_LUA);
}

static int write_code(lua_State *L, const void *data, size_t size, void *user) {
    (void)L;
    sk_buffer_append(user, data, size);
    return 0;
}

/* Remembers the function on top under the path. */
static void remember(lua_State *L, const char *path, const struct stat *st) {
    sk_buffer code = {0};
    if (lua_dump(L, write_code, &code, 0) != 0) {
        sk_buffer_done(&code);
        return;
    }
    cached *entry = sk_new(cached);
    entry->path = sk_strdup(path);
    entry->mtime = st->st_mtim;
    entry->file_size = st->st_size;
    entry->code = code.data;
    entry->size = code.len;
    sk_store_relaxed(&entry->refs, 1);
    cache_put(cache_of(L), entry);
}

static int load_code(lua_State *L, cached *take_entry) {
    const char *name = lua_pushfstring(L, "@%s", take_entry->path);
    int status = luaL_loadbufferx(L, (const char *)take_entry->code, take_entry->size, name, NULL);
    lua_remove(L, -2);
    unref(take_entry);
    return status;
}

typedef enum { CACHE_ON, CACHE_EXIST, CACHE_OFF } cache_mode;
static const char *const CACHE_MODES[] = {"ON", "EXIST", "OFF", NULL};
#define MODE_KEY "skynet.codecache.mode"

static cache_mode mode_of(lua_State *L) {
    lua_getfield(L, LUA_REGISTRYINDEX, MODE_KEY);
    cache_mode mode = (cache_mode)lua_tointeger(L, -1);
    lua_pop(L, 1);
    return mode;
}

/* True for a file of compiled code, which is not cached: a load as text must refuse it. */
static bool holds_bytecode(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file)
        return false;
    int c = getc(file);
    for (const char *mark = "\xEF\xBB\xBF"; *mark && c == (unsigned char)*mark; mark++)
        c = getc(file);
    if (c == '#')
        while (c != EOF && c != '\n')
            c = getc(file);
    if (c == '\n')
        c = getc(file);
    (void)fclose(file);
    return c == LUA_SIGNATURE[0];
}

/* As luaL_loadfilex, through the cache. */
static int load_file(lua_State *L, const char *path, const char *mode) {
    struct stat st;
    cache_mode cmode = mode_of(L);
    bool allows_text = !mode || strchr(mode, 't');
    if (!path || cmode == CACHE_OFF || stat(path, &st) < 0 || !S_ISREG(st.st_mode))
        return luaL_loadfilex(L, path, mode);
    cached *entry = allows_text ? cache_get(cache_of(L), path, &st) : NULL;
    if (entry)
        return load_code(L, entry);
    if (st.st_size > (off_t)FILE_SIZE_MAX) {
        lua_pushfstring(L, "cannot read %s: larger than a program can be", path);
        return LUA_ERRFILE;
    }
    int status = luaL_loadfilex(L, path, mode);
    if (status == LUA_OK && cmode == CACHE_ON && allows_text && !holds_bytecode(path))
        remember(L, path, &st);
    return status;
}

/* loadfile([path [, mode [, env]]]) -> function | nil, message */
static int loadfile_function(lua_State *L) {
    const char *path = luaL_optstring(L, 1, NULL);
    const char *mode = luaL_optstring(L, 2, NULL);
    bool has_env = !lua_isnone(L, 3);
    if (load_file(L, path, mode) != LUA_OK) {
        lua_pushnil(L);
        lua_insert(L, -2);
        return 2;
    }
    if (has_env) {
        lua_pushvalue(L, 3);
        if (!lua_setupvalue(L, -2, 1))
            lua_pop(L, 1);
    }
    return 1;
}

static int dofile_k(lua_State *L, int status, lua_KContext ctx) {
    (void)status;
    (void)ctx;
    return lua_gettop(L) - 1;
}

static int dofile_function(lua_State *L) {
    const char *path = luaL_optstring(L, 1, NULL);
    lua_settop(L, 1);
    if (load_file(L, path, NULL) != LUA_OK)
        return lua_error(L);
    lua_callk(L, 0, LUA_MULTRET, 0, dofile_k);
    return dofile_k(L, 0, 0);
}

static int codecache_clear(lua_State *L) {
    cache_clear(cache_of(L));
    return 0;
}

static int codecache_mode(lua_State *L) {
    if (lua_isnoneornil(L, 1)) {
        lua_pushstring(L, CACHE_MODES[mode_of(L)]);
        return 1;
    }
    lua_pushinteger(L, luaL_checkoption(L, 1, NULL, CACHE_MODES));
    lua_setfield(L, LUA_REGISTRYINDEX, MODE_KEY);
    return 0;
}

int sk_open_codecache(lua_State *L) {
    static const luaL_Reg functions[] = {{"clear", codecache_clear},
                                         {"mode", codecache_mode},
                                         {"loadfile", loadfile_function},
                                         {NULL, NULL}};
    luaL_newlib(L, functions);
    return 1;
}

/* ---- embedded library ---- */

static const sk_embedded *find_embedded(const char *name) {
    size_t low = 0, high = sk_embedded_count;
    while (low < high) {
        size_t mid = (low + high) / 2;
        int order = strcmp(name, sk_embedded_table[mid].name);
        if (order == 0)
            return &sk_embedded_table[mid];
        if (order < 0)
            high = mid;
        else
            low = mid + 1;
    }
    return NULL;
}

/* The file of an embedded name below the directory of SKEIN_LUALIB. */
static int load_from_tree(lua_State *L, const char *tree, const char *name) {
    if (strncmp(name, "service/", 8) == 0) {
        lua_pushfstring(L, "%s/services/%s.lua", tree, name + 8);
    } else {
        luaL_gsub(L, name, ".", "/");
        lua_pushfstring(L, "%s/lualib/%s.lua", tree, lua_tostring(L, -1));
        lua_remove(L, -2);
    }
    int status = luaL_loadfilex(L, lua_tostring(L, -1), "t");
    lua_remove(L, -2);
    return status;
}

bool sk_loader_has_embedded(const char *name) { return find_embedded(name) != NULL; }

bool sk_loader_find_embedded(lua_State *L, const char *name) {
    const sk_embedded *entry = find_embedded(name);
    if (!entry)
        return false;
    const char *tree = getenv("SKEIN_LUALIB");
    int status = tree ? load_from_tree(L, tree, name)
                      : luaL_loadbufferx(L, (const char *)entry->data, entry->size, name, "b");
    if (status != LUA_OK)
        lua_error(L);
    return true;
}

void sk_loader_push_embedded(lua_State *L, const char *name) {
    if (!sk_loader_find_embedded(L, name))
        luaL_error(L, "no embedded module '%s'", name);
}

static int open_require(lua_State *L) {
    sk_loader_push_require_module(L);
    return 1;
}

/* Modules in C, by name. */
static const sk_bind_entry C_MODULES[] = {
    {"skein", sk_open_skein},
    {"skein.link.core", sk_open_link},
    {"skein.log", sk_open_log},
    {"skein.memory.core", sk_open_usage},
    {"skynet", sk_open_skynet},
    {"skynet.codecache", sk_open_codecache},
    {"skynet.core", sk_open_core},
    {"skynet.debugchannel", sk_open_debugchannel},
    {"skynet.memory", sk_open_memory},
    {"skynet.profile", sk_open_profile},
    {"skynet.require", open_require},
    {"skynet.select.core", sk_open_select},
    {"skynet.socket.core", sk_open_socket},
};

/* package.searchers: the standard library comes from here, whatever the paths say. */
static int search_embedded(lua_State *L) {
    const char *name = luaL_checkstring(L, 1);
    lua_CFunction open = sk_bind_find(C_MODULES, SK_ARRAY_LEN(C_MODULES), name);
    if (open) {
        lua_pushcfunction(L, open);
    } else if (sk_oldnames_search(L, name)) {
        return 2;
    } else if (!sk_loader_find_embedded(L, name)) {
        return lua_pushfstring(L, "no embedded module '%s'", name), 1;
    }
    lua_pushliteral(L, ":skein:");
    return 2;
}

/* package.searchers: package.path, through the code cache. */
static int search_path(lua_State *L) {
    lua_getglobal(L, "package");
    lua_getfield(L, -1, "searchpath");
    lua_pushvalue(L, 1);
    if (lua_getfield(L, -3, "path") != LUA_TSTRING)
        return luaL_error(L, "'package.path' must be a string");
    lua_call(L, 2, 2);
    if (lua_isnil(L, -2))
        return 1;
    lua_pop(L, 1);
    const char *path = lua_tostring(L, -1);
    if (load_file(L, path, NULL) != LUA_OK)
        return luaL_error(L, "error loading module '%s' from file '%s':\n\t%s", lua_tostring(L, 1),
                          path, lua_tostring(L, -1));
    lua_insert(L, -2);
    return 2;
}

/* ---- require ---- */

void sk_loader_push_require_module(lua_State *L) {
    if (lua_getfield(L, LUA_REGISTRYINDEX, "skynet.require") != LUA_TNIL)
        return;
    lua_pop(L, 1);
    sk_loader_push_embedded(L, "skynet.require");
    lua_getfield(L, LUA_REGISTRYINDEX, "skynet.stock_require");
    lua_call(L, 1, 1);
    lua_pushvalue(L, -1);
    lua_setfield(L, LUA_REGISTRYINDEX, "skynet.require");
}

static int require_k(lua_State *L, int status, lua_KContext ctx) {
    (void)status;
    (void)ctx;
    return lua_gettop(L) - 1;
}

/* The global require: stock on the main thread, yielding in a coroutine. */
static int require_function(lua_State *L) {
    lua_settop(L, 1);
    luaL_checkstring(L, 1);
    lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    lua_pushvalue(L, 1);
    if (lua_rawget(L, -2) != LUA_TNIL)
        return 1;
    lua_settop(L, 1);
    if (sk_vm_of(L)->current) {
        sk_loader_push_require_module(L);
        lua_getfield(L, -1, "require");
        lua_remove(L, -2);
    } else {
        lua_getfield(L, LUA_REGISTRYINDEX, "skynet.stock_require");
    }
    lua_pushvalue(L, 1);
    lua_callk(L, 1, LUA_MULTRET, 0, require_k);
    return require_k(L, 0, 0);
}

/* ---- opening a state ---- */

static void set_key(lua_State *L, int ref, const char *key) {
    lua_pushstring(L, key);
    lua_rawseti(L, LUA_REGISTRYINDEX, ref);
}

static void open_plain(lua_State *L, int slot, const char *name) {
    lua_pushstring(L, name);
    sk_vm_of(L)->plain[slot].name = lua_topointer(L, -1); /* interned, and kept by the registry */
    lua_rawseti(L, LUA_REGISTRYINDEX, SK_REF_PLAIN_NAME + slot);
    lua_pushboolean(L, false);
    lua_rawseti(L, LUA_REGISTRYINDEX, SK_REF_PLAIN_DISPATCH + slot);
}

static void open_registry(lua_State *L) {
    sk_vm *vm = sk_vm_of(L);
    lua_newtable(L);
    lua_rawseti(L, LUA_REGISTRYINDEX, SK_REF_ANCHORS);
    lua_newtable(L);
    lua_rawseti(L, LUA_REGISTRYINDEX, SK_REF_TOKENS);
    lua_newtable(L);
    lua_rawseti(L, LUA_REGISTRYINDEX, SK_REF_PROTO);
    lua_pushboolean(L, false);
    lua_rawseti(L, LUA_REGISTRYINDEX, SK_REF_SKYNET);
    set_key(L, SK_REF_KEY_DISPATCH, "dispatch");
    set_key(L, SK_REF_KEY_UNPACK, "unpack");
    set_key(L, SK_REF_KEY_PACK, "pack");
    set_key(L, SK_REF_KEY_ID, "id");
    set_key(L, SK_REF_KEY_TRACE, "trace");
    open_plain(L, SK_PLAIN_LUA, "lua");
    open_plain(L, SK_PLAIN_SNAX, "snax");
    vm->plain[SK_PLAIN_LUA].is_plain = true; /* predefined */
    lua_pushboolean(L, true);
    lua_rawseti(L, LUA_REGISTRYINDEX, SK_REF_INITS);
    lua_pushlightuserdata(L, sk_vm_of(L)->service);
    lua_setfield(L, LUA_REGISTRYINDEX, "skynet_context");
    lua_pushboolean(L, true);
    lua_setfield(L, LUA_REGISTRYINDEX, "LUA_NOENV"); /* the libraries ignore LUA_PATH */
}

static void install_searchers(lua_State *L) {
    lua_getglobal(L, "package");
    lua_getfield(L, -1, "searchers");
    for (lua_Integer i = (lua_Integer)lua_rawlen(L, -1); i >= 2; i--) {
        lua_rawgeti(L, -1, i);
        lua_rawseti(L, -2, i + 1);
    }
    lua_pushcfunction(L, search_embedded);
    lua_rawseti(L, -2, 2);
    lua_pushcfunction(L, search_path);
    lua_rawseti(L, -2, 3);
    lua_pop(L, 2);
}

/* __index(loaded, name) of package.loaded: two modules count as loaded from the beginning, but are
 * made when somebody looks. */
static int loaded_index(lua_State *L) {
    lua_CFunction open = NULL;
    if (lua_type(L, 2) == LUA_TSTRING && strcmp(lua_tostring(L, 2), "skynet.profile") == 0)
        open = sk_open_profile;
    else if (lua_type(L, 2) == LUA_TSTRING && strcmp(lua_tostring(L, 2), "skynet.codecache") == 0)
        open = sk_open_codecache;
    if (!open)
        return 0;
    lua_settop(L, 2);
    open(L);
    lua_pushvalue(L, 2);
    lua_pushvalue(L, 3);
    lua_rawset(L, 1);
    return 1;
}

static void open_libraries(lua_State *L) {
    luaL_openlibs(L);
    lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, loaded_index);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
    lua_pop(L, 1);
    lua_getglobal(L, "coroutine");
    sk_open_coroutine(L);
    lua_pop(L, 1);
    lua_pushcfunction(L, loadfile_function);
    lua_setglobal(L, "loadfile");
    lua_pushcfunction(L, dofile_function);
    lua_setglobal(L, "dofile");
    lua_getglobal(L, "require");
    lua_setfield(L, LUA_REGISTRYINDEX, "skynet.stock_require");
    lua_pushcfunction(L, require_function);
    lua_setglobal(L, "require");
    install_searchers(L);
}

static const char *env_or(lua_State *L, const char *key, const char *fallback) {
    const char *value = sk_env_get(sk_node_env(sk_vm_of(L)->node), key);
    return value ? value : fallback;
}

static void set_global(lua_State *L, const char *name, const char *value) {
    lua_pushstring(L, value);
    lua_setglobal(L, name);
}

/* A loader of the user's own: gets the paths as globals and the whole text. */
static int run_custom_loader(lua_State *L, const char *path) {
    set_global(L, "LUA_PATH", env_or(L, "lua_path", "./lualib/?.lua;./lualib/?/init.lua"));
    set_global(L, "LUA_CPATH", env_or(L, "lua_cpath", "./luaclib/?.so"));
    set_global(L, "LUA_SERVICE", env_or(L, "luaservice", "./service/?.lua"));
    set_global(L, "LUA_PRELOAD", env_or(L, "preload", NULL));
    if (load_file(L, path, NULL) != LUA_OK)
        return luaL_error(L, "Can't load %s : %s", path, lua_tostring(L, -1));
    lua_pushvalue(L, 1);
    lua_call(L, 1, 0);
    return 0;
}

/* Pushes the words of the text; returns their number. */
static int push_words(lua_State *L, const char *text) {
    int count = 0;
    while (*(text += strspn(text, WORD_SEPARATORS))) {
        size_t size = strcspn(text, WORD_SEPARATORS);
        luaL_checkstack(L, 8, "too many arguments");
        lua_pushlstring(L, text, size);
        text += size;
        count++;
    }
    return count;
}

/* `pattern` with every '?' replaced; pushed. */
static const char *expand(lua_State *L, const char *pattern, size_t size, const char *name) {
    lua_pushlstring(L, pattern, size);
    const char *path = luaL_gsub(L, lua_tostring(L, -1), "?", name);
    lua_remove(L, -2);
    return path;
}

/* SERVICE_PATH, and package.path for a service with a directory of its own ("dir/?/main.lua"). */
static void set_service_path(lua_State *L, const char *pattern, size_t size, const char *name) {
    const char *slash = memrchr(pattern, '/', size);
    if (!slash)
        return;
    size_t dir_size = (size_t)(slash - pattern) + 1;
    bool has_own_dir = !memchr(slash, '?', size - dir_size + 1);
    if (!has_own_dir) {
        lua_pushlstring(L, pattern, dir_size);
        lua_setglobal(L, "SERVICE_PATH");
        return;
    }
    const char *dir = expand(L, pattern, dir_size, name);
    lua_getglobal(L, "package");
    lua_getfield(L, -1, "path");
    lua_pushfstring(L, "%s?.lua;%s", dir, lua_tostring(L, -1));
    lua_setfield(L, -3, "path");
    lua_pop(L, 2);
    lua_setglobal(L, "SERVICE_PATH");
}

/* Pushes the chunk of the service: the embedded ones first, then along the patterns. */
static void find_script(lua_State *L, const char *name) {
    lua_pushfstring(L, "service/%s", name);
    bool is_embedded = sk_loader_find_embedded(L, lua_tostring(L, -1));
    if (is_embedded) {
        lua_remove(L, -2);
        return;
    }
    lua_pop(L, 1);
    const char *patterns = env_or(L, "luaservice", "./service/?.lua");
    int base = lua_gettop(L);
    luaL_Buffer errors;
    luaL_buffinit(L, &errors);
    while (*(patterns += strspn(patterns, ";"))) {
        size_t size = strcspn(patterns, ";");
        const char *path = expand(L, patterns, size, name);
        if (load_file(L, path, NULL) == LUA_OK) {
            set_service_path(L, patterns, size, name);
            lua_copy(L, -1, base + 1);
            lua_settop(L, base + 1);
            return;
        }
        lua_remove(L, -2);
        luaL_addvalue(&errors);
        luaL_addchar(&errors, '\n');
        patterns += size;
    }
    luaL_pushresult(&errors);
    luaL_error(L, "%s", lua_tostring(L, -1));
}

static void set_package_paths(lua_State *L) {
    lua_getglobal(L, "package");
    lua_pushstring(L, env_or(L, "lua_path", "./lualib/?.lua;./lualib/?/init.lua"));
    lua_setfield(L, -2, "path");
    lua_pushstring(L, env_or(L, "lua_cpath", "./luaclib/?.so"));
    lua_setfield(L, -2, "cpath");
    lua_pop(L, 1);
}

/* Calls the preload file with the words at first..first+count-1. */
static void run_preload(lua_State *L, int first, int count) {
    const char *path = env_or(L, "preload", NULL);
    if (!path)
        return;
    if (load_file(L, path, NULL) != LUA_OK)
        luaL_error(L, "%s", lua_tostring(L, -1));
    for (int i = 0; i < count; i++)
        lua_pushvalue(L, first + i);
    lua_call(L, count, 0);
}

/* Services of the standard library are loaded by us, whatever loader the user has. */
bool sk_loader_is_system_service(const char *text) {
    char name[64];
    text += strspn(text, WORD_SEPARATORS);
    int size = (int)strcspn(text, WORD_SEPARATORS);
    int len = snprintf(name, sizeof name, "service/%.*s", size, text);
    return len < (int)sizeof name && find_embedded(name) != NULL;
}

int sk_loader_run(lua_State *L) {
    const char *text = lua_tostring(L, 1);
    open_registry(L);
    open_libraries(L);
    const char *custom = env_or(L, "lualoader", NULL);
    if (custom && !sk_loader_is_system_service(text)) {
        struct stat st;
        if (stat(custom, &st) == 0)
            return run_custom_loader(L, custom);
    }
    set_package_paths(L);
    int count = push_words(L, text);
    if (count == 0)
        return luaL_error(L, "no service name");
    lua_pushvalue(L, 2);
    lua_setglobal(L, "SERVICE_NAME");
    find_script(L, lua_tostring(L, 2));
    lua_insert(L, 2);
    run_preload(L, 3, count);
    lua_remove(L, 3);
    lua_call(L, count - 1, 0);
    return 0;
}
