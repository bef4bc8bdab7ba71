/* bind.c -- arguments, packing, posting and protocols, shared by all bindings. */
#include "lua/bind.h"

#include "actor/harbor.h"
#include "actor/registry.h"
#include "base/err.h"
#include "base/mem.h"
#include "codec/seri.h"
#include "lua/task.h"

#include <string.h>

/* ---- addresses ---- */

static sk_address named(sk_vm *vm, const char *name) {
    if (name[0] == ':' || name[0] == '.') {
        const sk_worker *worker = sk_service_worker(vm->service);
        return (sk_address){sk_node_find_address(vm->node, worker, name), NULL};
    }
    return (sk_address){SK_HANDLE_NONE, name};
}

sk_address sk_bind_check_address(lua_State *L, int index) {
    int is_number = 0;
    lua_Integer value = lua_tointegerx(L, index, &is_number);
    if (SK_LIKELY(is_number)) {
        if (SK_UNLIKELY((uint32_t)value == 0))
            luaL_error(L, "Invalid service address 0");
        return (sk_address){{(uint32_t)value}, NULL};
    }
    int type = lua_type(L, index);
    if (SK_UNLIKELY(type != LUA_TNUMBER && type != LUA_TSTRING))
        luaL_error(L, "dest address type (%s) must be a string or number.",
                   luaL_typename(L, index));
    if (type == LUA_TNUMBER)
        luaL_error(L, "Invalid service address 0");
    return named(sk_vm_of(L), lua_tostring(L, index));
}

/* ---- payloads ---- */

sk_msg *sk_bind_pack(lua_State *L, int first, int last) {
    sk_vm *vm = sk_vm_of(L);
    sk_buffer *scratch = &vm->scratch;
    size_t start = scratch->len;
    uint8_t hints[SK_SERI_HINT_COUNT];
    sk_seri_pack(L, first, last, scratch, hints);
    size_t size = scratch->len - start;
    sk_msg *msg = sk_msg_new(size);
    memcpy(msg->data, scratch->data + start, size);
    memcpy(msg->hints, hints, sizeof hints);
    scratch->len = start;
    return msg;
}

sk_msg *sk_bind_check_payload(lua_State *L, int index) {
    switch (lua_type(L, index)) {
    case LUA_TSTRING: {
        size_t size;
        const char *text = lua_tolstring(L, index, &size);
        return size ? sk_msg_new_copy(text, size) : sk_msg_new_around(NULL, 0);
    }
    case LUA_TLIGHTUSERDATA: {
        lua_Integer size = luaL_checkinteger(L, index + 1);
        luaL_argcheck(L, size >= 0, index + 1, "negative size");
        return sk_msg_new_around(lua_touserdata(L, index), (size_t)size);
    }
    default:
        luaL_error(L, "invalid param %s", luaL_typename(L, index));
        return NULL;
    }
}

void sk_bind_note_taken(lua_State *L, int first, const sk_msg *msg) {
    for (int i = first; msg->data && i <= lua_gettop(L); i++)
        if (lua_islightuserdata(L, i) && lua_touserdata(L, i) == msg->data)
            sk_vm_of(L)->payload_is_taken = true;
}

int sk_bind_get_field(lua_State *L, int table, int key_ref) {
    table = lua_absindex(L, table);
    lua_rawgeti(L, LUA_REGISTRYINDEX, key_ref);
    int type = lua_rawget(L, table);
    if (SK_LIKELY(type != LUA_TNIL || !lua_getmetatable(L, table)))
        return type;
    lua_pop(L, 2);
    lua_rawgeti(L, LUA_REGISTRYINDEX, key_ref);
    return lua_gettable(L, table);
}

sk_msg *sk_bind_pack_by(lua_State *L, int proto, int first, int last) {
    sk_bind_get_field(L, proto, SK_REF_KEY_PACK);
    if (SK_LIKELY(lua_tocfunction(L, -1) == sk_bind_packfn)) {
        lua_pop(L, 1);
        return sk_bind_pack(L, first, last);
    }
    if (lua_isnil(L, -1))
        luaL_error(L, "attempt to call a nil value (field 'pack')");
    int base = lua_gettop(L);
    luaL_checkstack(L, last - first + 4, NULL);
    for (int i = first; i <= last; i++)
        lua_pushvalue(L, i);
    lua_call(L, last - first + 1, 2);
    sk_msg *msg = sk_bind_check_payload(L, base);
    lua_settop(L, base - 1);
    return msg;
}

/* ---- posting ---- */

int sk_bind_post(sk_vm *vm, sk_address to, sk_msg *take_msg) {
    if (SK_UNLIKELY(to.global != NULL))
        return sk_harbor_post_name(vm->node, sk_service_worker(vm->service), to.global, take_msg);
    return sk_service_post(vm->service, to.handle, take_msg);
}

void sk_bind_tell_launcher(lua_State *L, int first) {
    sk_vm *vm = sk_vm_of(L);
    sk_handle launcher = sk_registry_query(sk_node_registry(vm->node), "launcher");
    if (!sk_handle_is_none(launcher)) {
        sk_msg *msg = sk_bind_pack(L, first, lua_gettop(L));
        sk_bind_stamp(vm, msg, SK_TYPE_LUA, 0);
        (void)sk_service_post(vm->service, launcher, msg); /* it may be gone */
    }
    lua_settop(L, first - 1);
}

/* ---- protocols ---- */

static void set_proto(lua_State *L, int protos, const char *name, int id) {
    lua_pushvalue(L, -1);
    lua_rawseti(L, protos, id);
    lua_pushstring(L, name);
    lua_pushvalue(L, -2);
    lua_rawset(L, protos);
}

/* ---- watched protocols ----
 *
 * Each message of the protocols lua and snax needs their dispatch, pack and unpack. So that they
 * need not be looked up, the table of such a protocol is a proxy: empty, with the fields in a table
 * behind it, and a copy of what matters where C finds it at once. Only rawget can tell. */

static bool packs_plainly(lua_State *L, int fields) {
    lua_getfield(L, fields, "pack");
    lua_getfield(L, fields, "unpack");
    bool is = lua_tocfunction(L, -2) == sk_bind_packfn && lua_tocfunction(L, -1) == sk_bind_unpack;
    lua_pop(L, 2);
    return is;
}

/* Fields -> vm->plain[slot], and the dispatch function in the registry. */
static void refresh(lua_State *L, int fields, int slot) {
    sk_plain *plain = &sk_vm_of(L)->plain[slot];
    if (lua_getfield(L, fields, "dispatch") == LUA_TNIL) {
        lua_pop(L, 1);
        lua_pushboolean(L, false);
    }
    lua_rawseti(L, LUA_REGISTRYINDEX, SK_REF_PLAIN_DISPATCH + slot);
    plain->is_plain = packs_plainly(L, fields);
    plain->is_traced = lua_getfield(L, fields, "trace") != LUA_TNIL;
    lua_pop(L, 1);
}

static int watched_newindex(lua_State *L) {
    lua_settop(L, 3);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 2);
    lua_rawset(L, 2);
    refresh(L, 2, (int)lua_tointeger(L, lua_upvalueindex(2)));
    return 0;
}

static int watched_next(lua_State *L) {
    lua_settop(L, 2);
    if (lua_next(L, lua_upvalueindex(1)))
        return 2;
    lua_pushnil(L);
    return 1;
}

static int watched_pairs(lua_State *L) {
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushcclosure(L, watched_next, 1);
    lua_pushvalue(L, 1);
    lua_pushnil(L);
    return 3;
}

/* Pushes a table with the fields of the one at `proto`, which is then empty. */
static void move_fields(lua_State *L, int proto) {
    lua_createtable(L, 0, 5);
    int fields = lua_gettop(L);
    lua_pushnil(L);
    while (lua_next(L, proto)) {
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_rawset(L, fields);
        lua_pushvalue(L, -1);
        lua_pushnil(L);
        lua_rawset(L, proto);
    }
}

static void watch(lua_State *L, int proto, int slot) {
    move_fields(L, proto);
    int fields = lua_gettop(L);
    lua_createtable(L, 0, 3);
    lua_pushvalue(L, fields);
    lua_setfield(L, -2, "__index");
    lua_pushvalue(L, fields);
    lua_pushinteger(L, slot);
    lua_pushcclosure(L, watched_newindex, 2);
    lua_setfield(L, -2, "__newindex");
    lua_pushvalue(L, fields);
    lua_pushcclosure(L, watched_pairs, 1);
    lua_setfield(L, -2, "__pairs");
    lua_setmetatable(L, proto);
    refresh(L, fields, slot);
    lua_pop(L, 1);
}

void sk_bind_watch_proto(lua_State *L, int proto, int type) {
    proto = lua_absindex(L, proto);
    int slot = sk_bind_plain_slot(type);
    if (slot < 0 || lua_getmetatable(L, proto))
        return;
    lua_getfield(L, proto, "name");
    bool is_usual = lua_topointer(L, -1) == sk_vm_of(L)->plain[slot].name;
    lua_pop(L, 1);
    if (is_usual && packs_plainly(L, proto))
        watch(L, proto, slot);
}

/* ---- predefined protocols ---- */

static void fill_predefined(lua_State *L, const char *name, int type) {
    lua_createtable(L, 0, 5);
    lua_pushstring(L, name);
    lua_setfield(L, -2, "name");
    lua_pushinteger(L, type);
    lua_setfield(L, -2, "id");
    if (type != SK_TYPE_LUA && type != SK_TYPE_DEBUG)
        return;
    lua_pushcfunction(L, sk_bind_packfn);
    lua_setfield(L, -2, "pack");
    lua_pushcfunction(L, sk_bind_unpack);
    lua_setfield(L, -2, "unpack");
    if (type != SK_TYPE_DEBUG)
        return;
    lua_pushcfunction(L, sk_bind_debug_dispatch);
    lua_setfield(L, -2, "dispatch");
}

/* Makes a predefined protocol. Leaves its table on top; false (nothing) if the type is none. */
static bool make_predefined(lua_State *L, int type) {
    if (type != SK_TYPE_LUA && type != SK_TYPE_RESPONSE && type != SK_TYPE_ERROR &&
        type != SK_TYPE_DEBUG)
        return false;
    const char *name = type == SK_TYPE_LUA        ? "lua"
                       : type == SK_TYPE_RESPONSE ? "response"
                       : type == SK_TYPE_ERROR    ? "error"
                                                  : "debug";
    lua_rawgeti(L, LUA_REGISTRYINDEX, SK_REF_PROTO);
    int protos = lua_gettop(L);
    fill_predefined(L, name, type);
    sk_bind_watch_proto(L, -1, type);
    set_proto(L, protos, name, type);
    lua_remove(L, protos);
    return true;
}

bool sk_bind_push_proto(lua_State *L, int type) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, SK_REF_PROTO);
    int found = lua_rawgeti(L, -1, type);
    lua_remove(L, -2);
    if (SK_LIKELY(found != LUA_TNIL))
        return true;
    lua_pop(L, 1);
    return make_predefined(L, type);
}

static int predefined_type(const char *name) {
    static const struct {
        const char *name;
        int type;
    } known[] = {{"lua", SK_TYPE_LUA},
                 {"response", SK_TYPE_RESPONSE},
                 {"error", SK_TYPE_ERROR},
                 {"debug", SK_TYPE_DEBUG}};
    for (size_t i = 0; i < SK_ARRAY_LEN(known); i++)
        if (strcmp(known[i].name, name) == 0)
            return known[i].type;
    return -1;
}

bool sk_bind_find_proto(lua_State *L, int index) {
    if (lua_isnoneornil(L, index))
        return false;
    lua_rawgeti(L, LUA_REGISTRYINDEX, SK_REF_PROTO);
    lua_pushvalue(L, index);
    int found = lua_rawget(L, -2);
    lua_remove(L, -2);
    if (SK_LIKELY(found == LUA_TTABLE))
        return true;
    lua_pop(L, 1);
    bool is_name = lua_type(L, index) == LUA_TSTRING;
    int type = is_name ? predefined_type(lua_tostring(L, index)) : (int)lua_tointeger(L, index);
    return type > 0 && make_predefined(L, type);
}

int sk_bind_check_proto(lua_State *L, int index) {
    if (SK_UNLIKELY(!sk_bind_find_proto(L, index)))
        return luaL_error(L, "attempt to index a nil value (unknown protocol %s)",
                          luaL_tolstring(L, index, NULL));
    if (lua_type(L, index) == LUA_TNUMBER)
        return (int)lua_tointeger(L, index);
    sk_bind_get_field(L, -1, SK_REF_KEY_ID);
    int type = (int)lua_tointeger(L, -1);
    lua_pop(L, 1);
    return type;
}

lua_CFunction sk_bind_find(const sk_bind_entry *entries, size_t count, const char *name) {
    size_t low = 0, high = count;
    while (low < high) {
        size_t mid = (low + high) / 2;
        int order = strcmp(name, entries[mid].name);
        if (order == 0)
            return entries[mid].function;
        if (order < 0)
            high = mid;
        else
            low = mid + 1;
    }
    return NULL;
}
