/* oldnames.c -- the short module names of old programs. */
#include "lua/oldnames.h"

#include "base/defs.h"

#include <string.h>

/* Old names of modules: with a directory compat10 on package.path they stand for skynet.NAME. */
static const char *const OLD_NAMES[] = {
    "cluster",   "crypt",         "datacenter",   "dns",       "memory",   "mqueue",
    "multicast", "netpack",       "profile",      "sharedata", "sharemap", "snax",
    "socket",    "socketchannel", "socketdriver", "stm",
};
/* ... and these for skynet.db.NAME. */
static const char *const OLD_DB_NAMES[] = {"mongo", "mysql", "redis"};

static bool is_in(const char *name, const char *const *names, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

/* Where in the search path the pattern of a directory compat10 begins, or NULL. */
static const char *find_compat10(const char *path) {
    static const char dir[] = "compat10/";
    const size_t dir_len = sizeof dir - 1;
    while (*(path += strspn(path, ";"))) {
        size_t size = strcspn(path, ";");
        const char *slash = memrchr(path, '/', size);
        size_t len = slash ? (size_t)(slash - path) + 1 : 0;
        if (len >= dir_len && memcmp(path + len - dir_len, dir, dir_len) == 0 &&
            (len == dir_len || path[len - dir_len - 1] == '/'))
            return path;
        path += size;
    }
    return NULL;
}

/* True if the user has a file of that name before the directory compat10 in the search path. */
static bool is_hidden(lua_State *L, const char *name, const char *path, const char *compat10) {
    lua_getglobal(L, "package");
    lua_getfield(L, -1, "searchpath");
    lua_remove(L, -2);
    lua_pushstring(L, name);
    lua_pushlstring(L, path, (size_t)(compat10 - path));
    lua_call(L, 2, 1);
    bool is = !lua_isnil(L, -1);
    lua_pop(L, 1);
    return is;
}

static int load_old_k(lua_State *L, int status, lua_KContext ctx) {
    (void)L;
    (void)status;
    (void)ctx;
    return 1;
}

/* The loader of an old name: (name, present name) -> module */
static int load_old(lua_State *L) {
    lua_getglobal(L, "require");
    lua_pushvalue(L, 2);
    lua_callk(L, 1, 1, 0, load_old_k);
    return 1;
}

bool sk_oldnames_search(lua_State *L, const char *name) {
    bool is_db = is_in(name, OLD_DB_NAMES, SK_ARRAY_LEN(OLD_DB_NAMES));
    if (!is_db && !is_in(name, OLD_NAMES, SK_ARRAY_LEN(OLD_NAMES)))
        return false;
    lua_getglobal(L, "package");
    lua_getfield(L, -1, "path"); /* stays on the stack while it is looked at */
    const char *path = lua_tostring(L, -1);
    const char *compat10 = path ? find_compat10(path) : NULL;
    if (!compat10 || is_hidden(L, name, path, compat10))
        return false;
    lua_pushcfunction(L, load_old);
    lua_pushfstring(L, is_db ? "skynet.db.%s" : "skynet.%s", name);
    return true;
}
