/* bind_netstat.c -- skynet.socket.netstat: what the sockets of the node are doing. */
#include "lua/bind.h"

#include "base/mem.h"
#include "io/io.h"

#include <lauxlib.h>

static void set_int(lua_State *L, const char *key, lua_Integer value) {
    lua_pushinteger(L, value);
    lua_setfield(L, -2, key);
}

static void push_info(lua_State *L, const sk_io_info *info) {
    static const char *const types[] = {"UNKNOWN", "LISTEN", "TCP", "UDP", "BIND", "CLOSING"};
    lua_createtable(L, 0, 11);
    set_int(L, "id", info->id);
    set_int(L, "address", info->owner.v);
    set_int(L, "rtime", (lua_Integer)info->read_cs);
    lua_pushstring(L, types[info->type]);
    lua_setfield(L, -2, "type");
    bool is_listener = info->type == SK_INFO_LISTEN;
    set_int(L, is_listener ? "accept" : "read", (lua_Integer)info->read_size);
    if (info->name[0]) {
        lua_pushstring(L, info->name);
        lua_setfield(L, -2, is_listener ? "sock" : "peer");
    }
    if (is_listener)
        return;
    set_int(L, "write", (lua_Integer)info->write_size);
    set_int(L, "wbuffer", (lua_Integer)info->unsent_size);
    set_int(L, "wtime", (lua_Integer)info->write_cs);
    if (info->type == SK_INFO_UDP)
        set_int(L, "dropped", (lua_Integer)info->drop_count);
    lua_pushboolean(L, info->is_reading);
    lua_setfield(L, -2, "reading");
    lua_pushboolean(L, info->is_writing);
    lua_setfield(L, -2, "writing");
}

typedef struct {
    const sk_io_info *infos;
    size_t count;
    lua_Integer id; /* 0: all */
} request;

/* Protected: the list is freed whatever happens. Argument: the request as light userdata. */
static int make_list(lua_State *L) {
    const request *wanted = lua_touserdata(L, 1);
    lua_newtable(L);
    lua_Integer n = 0;
    for (size_t i = 0; i < wanted->count; i++) {
        if (wanted->id && wanted->infos[i].id != wanted->id)
            continue;
        push_info(L, &wanted->infos[i]);
        lua_rawseti(L, -2, ++n);
    }
    return 1;
}

/* netstat([id]) -> array of entries | the entry of the id, or nil */
int sk_bind_netstat(lua_State *L) {
    request wanted = {.id = luaL_optinteger(L, 1, 0)};
    lua_pushcfunction(L, make_list);
    lua_pushlightuserdata(L, &wanted);
    sk_io_info *infos = sk_io_snapshot(sk_node_io(sk_vm_of(L)->node), &wanted.count);
    wanted.infos = infos;
    wanted.count = infos ? wanted.count : 0;
    int status = lua_pcall(L, 1, 1, 0);
    sk_free(infos);
    if (status != LUA_OK)
        return lua_error(L);
    if (wanted.id)
        lua_rawgeti(L, -1, 1);
    return 1;
}
