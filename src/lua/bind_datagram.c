/* bind_datagram.c -- UDP in the module skynet.socket.core.
 *
 * A datagram does not wait for a reader: each one runs the socket's callback in a coroutine of its
 * own. None of these functions blocks. */
#include "base/err.h"
#include "base/mem.h"
#include "io/datagram.h"
#include "lua/bind.h"
#include "lua/dispatcher.h"
#include "lua/vsocket.h"

#include <string.h>

static sk_vsockets *sockets_of(lua_State *L) { return sk_vm_of(L)->sockets; }

/* An id argument; 0, which no socket has, for a number that cannot be one. */
static int32_t check_id(lua_State *L, int index) {
    lua_Integer id = luaL_checkinteger(L, index);
    return id < 0 || id > INT32_MAX ? 0 : (int32_t)id;
}

/* ---- receiving ---- */

/* Nobody gets it. The log tells, ever more rarely: whoever can send to us could fill it. */
static void log_unheard(sk_vm *vm, sk_vsocket *v, int32_t id) {
    uint32_t count = v ? ++v->unheard_count : 1;
    if ((count & (count - 1)) == 0)
        sk_vm_log(vm, "socket: drop udp package from %d (%u so far)", id, count);
}

void sk_bind_on_datagram(sk_vm *vm, sk_vsocket *v, const sk_io_event *event) {
    const char *block = event->block;
    if (!v || !v->is_datagram || v->accept_ref == LUA_NOREF) {
        log_unheard(vm, v, event->id);
    } else if (block && event->ud >= 0) {
        const sk_spawn_bytes args[2] = {{block, (size_t)event->ud},
                                        {block + event->ud, event->addr_size}};
        sk_dispatcher_spawn_bytes(vm, v->accept_ref, args);
    }
    sk_free(event->block);
}

/* ---- opening ---- */

/* Takes what is at `index`, perhaps nil, as a callback; raises if it cannot be called. */
static void check_callback(lua_State *L, int index) {
    if (lua_isnoneornil(L, index) || lua_isfunction(L, index))
        return;
    if (luaL_getmetafield(L, index, "__call") == LUA_TNIL)
        (void)luaL_typeerror(L, index, "function");
    lua_pop(L, 1);
}

/* The callback at `index` replaces the socket's, unless it is nil. */
static void set_callback(lua_State *L, sk_vsocket *v, int index) {
    if (lua_isnoneornil(L, index))
        return;
    lua_pushvalue(L, index);
    int ref = luaL_ref(L, LUA_REGISTRYINDEX); /* may raise: before the change */
    luaL_unref(L, LUA_REGISTRYINDEX, v->accept_ref);
    v->accept_ref = ref;
}

static sk_vsocket *add(lua_State *L, int32_t id) {
    sk_vsocket *v = sk_vsocket_add(sockets_of(L), id, false);
    v->is_datagram = true;
    v->is_connected = true;
    return v;
}

typedef int32_t (*open_fn)(sk_io *io, sk_service *service, const char *host, int port);

/* Stack: host, port, callback. */
static int open_by(lua_State *L, open_fn open) {
    const char *host = luaL_optstring(L, 1, NULL);
    int port = sk_bind_check_port(L, 2);
    check_callback(L, 3);
    lua_settop(L, 3);
    int ref = lua_isnil(L, 3) ? LUA_NOREF : luaL_ref(L, LUA_REGISTRYINDEX); /* may raise */
    int32_t id = open(sockets_of(L)->io, sk_vm_of(L)->service, host, port);
    if (id < 0) {
        luaL_unref(L, LUA_REGISTRYINDEX, ref);
        return sk_bind_push_failure(L, id);
    }
    add(L, id)->accept_ref = ref;
    lua_pushinteger(L, id);
    return 1;
}

/* udp(host | nil, port, callback | nil) -> id | nil, message */
static int datagram_udp(lua_State *L) { return open_by(L, sk_socket_udp); }
/* udp_listen(host, port, callback | nil) -> id | nil, message */
static int datagram_listen(lua_State *L) { return open_by(L, sk_socket_udp_listen); }
/* udp_dial(host, port, callback | nil) -> id | nil, message */
static int datagram_dial(lua_State *L) { return open_by(L, sk_socket_udp_dial); }

/* udp_connect(id, host, port, callback | nil) -> true | nil, message */
static int datagram_connect(lua_State *L) {
    sk_vm *vm = sk_vm_of(L);
    sk_vsockets *self = vm->sockets;
    int32_t id = check_id(L, 1);
    const char *host = luaL_checkstring(L, 2);
    int port = sk_bind_check_port(L, 3);
    check_callback(L, 4);
    lua_settop(L, 4);
    int err = sk_socket_udp_connect(self->io, vm->service, id, host, port);
    if (err < 0)
        return sk_bind_push_failure(L, err);
    sk_vsocket *v = sk_vsocket_find(self, id);
    if (!v)
        v = add(L, id); /* another service's, or one that was started as if it were a stream */
    v->is_datagram = true;
    set_callback(L, v, 4);
    lua_pushboolean(L, true);
    return 1;
}

/* ---- sending ---- */

/* Sends and gives the answer. */
static int push_sent(lua_State *L, int32_t id, const sk_addr *to, const sk_send_data *data) {
    sk_vm *vm = sk_vm_of(L);
    lua_pushboolean(L, sk_socket_udp_send(sockets_of(L)->io, vm->service, id, to, data) == 0);
    return 1;
}

/* sendto(id, address, data [, size]) -> accepted
 * sendto(id, host, port, data) -> accepted */
static int datagram_sendto(lua_State *L) {
    sk_addr to;
    int32_t id = check_id(L, 1);
    size_t size;
    const char *address = luaL_checklstring(L, 2, &size);
    if (lua_type(L, 3) == LUA_TNUMBER && !lua_isnone(L, 4)) {
        int port = sk_bind_check_port(L, 3);
        int err = sk_socket_udp_resolve(sockets_of(L)->io, id, address, port, &to);
        sk_send_data data = sk_bind_check_send(L, 4);
        if (err == 0)
            return push_sent(L, id, &to, &data);
        if (data.take)
            sk_free((void *)(uintptr_t)data.data);
        lua_pushboolean(L, false);
        return 1;
    }
    luaL_argcheck(L, sk_addr_decode(address, size, &to) == 0, 2, "Invalid udp address");
    sk_send_data data = sk_bind_check_send(L, 3);
    return push_sent(L, id, &to, &data);
}

/* udp_address(address) -> ip, port of the address
 * udp_address(id) -> ip, port that the socket is bound to */
static int datagram_address(lua_State *L) {
    sk_addr addr;
    char text[SK_ADDR_TEXT_SIZE];
    int err;
    if (lua_isinteger(L, 1)) {
        err = sk_socket_udp_local(sockets_of(L)->io, check_id(L, 1), &addr);
    } else {
        size_t size;
        const char *address = luaL_checklstring(L, 1, &size);
        err = sk_addr_decode(address, size, &addr);
    }
    if (err < 0)
        return luaL_error(L, "Invalid udp address");
    lua_pushlstring(L, text, sk_addr_ip_text(&addr, text));
    lua_pushinteger(L, sk_addr_port(&addr));
    return 2;
}

const luaL_Reg sk_bind_datagram_functions[] = {
    {"udp", datagram_udp},
    {"udp_listen", datagram_listen},
    {"udp_dial", datagram_dial},
    {"udp_connect", datagram_connect},
    {"sendto", datagram_sendto},
    {"udp_address", datagram_address},
    {NULL, NULL},
};
