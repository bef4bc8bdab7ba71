/* bind_socket.c -- the module skynet.socket.core: sockets as blocking calls of a coroutine.
 *
 * Each id that the service has started is a sk_vsocket: its state here, its reader, its callbacks.
 * Unread bytes stay in the io layer's socket (a reference keeps them past the connection's end)
 * and go straight into the Lua string a read returns. Input arrives as readiness nodes
 * (io/turn.h), everything else as socket messages (io/event.h); both end in on_event.
 * UDP is in bind_datagram.c;
 * lualib/skynet/socket.lua adds the forms of addresses and what is rare. */
#include "lua/bind.h"

#include "base/err.h"
#include "base/mem.h"
#include "io/turn.h"
#include "lua/dispatcher.h"
#include "lua/vsocket.h"

#include <string.h>

/* Lines up to this size are copied through the C stack. */
#define SHORT_LINE_SIZE 1024

typedef struct {
    sk_link link;
    sk_task *task; /* NULL: killed */
} closer;

static sk_vsockets *sockets_of(lua_State *L) { return sk_vm_of(L)->sockets; }

sk_vsocket *sk_vsocket_find(const sk_vsockets *self, lua_Integer id) {
    if (id <= 0 || id > INT32_MAX)
        return NULL;
    return sk_map_get(&self->by_id, (uint64_t)id);
}

static sk_vsocket *check_id(lua_State *L, int index) {
    lua_Integer id = luaL_checkinteger(L, index);
    sk_vsocket *v = sk_vsocket_find(sockets_of(L), id);
    if (!v)
        luaL_error(L, "assertion failed! (socket %d is not started here)", (int)id);
    return v;
}

sk_vsocket *sk_vsocket_add(sk_vsockets *self, int32_t id, bool is_listener) {
    sk_vsocket *v = sk_new(sk_vsocket);
    v->id = id;
    v->is_listener = is_listener;
    v->accept_ref = v->close_ref = v->warning_ref = LUA_NOREF;
    sk_list_init(&v->closers);
    sk_vsocket *old = sk_map_put(&self->by_id, (uint64_t)id, v);
    sk_free(old);
    return v;
}

static void free_closer(closer *take_closer) {
    sk_task_forget_waiter(&take_closer->task);
    sk_list_remove(&take_closer->link);
    sk_free(take_closer);
}

/* Wakes those in close; a killed one's record goes. */
static void wake_closers(sk_vsocket *v) {
    sk_link *next;
    for (sk_link *l = v->closers.next; l != &v->closers; l = next) {
        closer *c = SK_CONTAINER(l, closer, link);
        next = l->next;
        if (c->task)
            sk_task_queue_wakeup(c->task);
        else
            free_closer(c);
    }
}

/* Nobody waits on the id any more. */
static void forget_waiters(sk_vsocket *v) {
    while (!sk_list_is_empty(&v->closers))
        free_closer(SK_CONTAINER(v->closers.next, closer, link));
    sk_task_forget_waiter(&v->reader);
    sk_task_forget_waiter(&v->opener);
}

static void wake_all(sk_vsocket *v) {
    wake_closers(v);
    if (v->reader)
        sk_task_queue_wakeup(v->reader);
    if (v->opener)
        sk_task_queue_wakeup(v->opener);
}

/* Forgets the id. Whoever waits on it goes on, and will not find it. */
static void drop(sk_vm *vm, sk_vsocket *v) {
    sk_vsockets *self = vm->sockets;
    wake_all(v);
    forget_waiters(v);
    (void)sk_map_take(&self->by_id, (uint64_t)v->id);
    luaL_unref(vm->L, LUA_REGISTRYINDEX, v->accept_ref);
    luaL_unref(vm->L, LUA_REGISTRYINDEX, v->close_ref);
    luaL_unref(vm->L, LUA_REGISTRYINDEX, v->warning_ref);
    sk_socket_unref(v->socket);
    sk_free(v->error);
    sk_free(v);
}

/* ---- input ---- */

/* From now on the input outlives the connection. */
static void hold_socket(sk_vm *vm, sk_vsocket *v) {
    if (!v->socket)
        v->socket = sk_socket_get(((sk_vsockets *)vm->sockets)->io, v->id);
}

static sk_inbuf *lock_input(sk_vm *vm, sk_vsocket *v) {
    hold_socket(vm, v);
    return v->socket ? sk_socket_lock_input(v->socket, vm->service) : NULL;
}

static size_t input_size(sk_vm *vm, sk_vsocket *v) {
    sk_inbuf *in = lock_input(vm, v);
    if (!in)
        return 0;
    size_t size = sk_inbuf_size(in);
    sk_socket_unlock_input(v->socket);
    return size;
}

/* Moves up to `size` bytes from the input into a Lua string on top, dropping `skip` behind them. */
static void push_input(lua_State *L, sk_vsocket *v, size_t size, size_t skip) {
    luaL_Buffer text;
    char *at = luaL_buffinitsize(L, &text, size ? size : 1); /* may raise: before the lock */
    sk_inbuf *in = lock_input(sk_vm_of(L), v);
    if (in) {
        if (size)
            memcpy(at, sk_inbuf_bytes(in), size);
        sk_inbuf_consume(in, size + skip);
        sk_socket_unlock_input(v->socket);
    } else {
        size = 0;
    }
    luaL_pushresultsize(&text, size);
}

static size_t find_line(sk_vm *vm, sk_vsocket *v, const char *sep, size_t sep_len) {
    sk_inbuf *in = lock_input(vm, v);
    if (!in)
        return SK_INBUF_NOT_FOUND;
    size_t at = sk_inbuf_find(in, sep, sep_len, &v->scanned);
    sk_socket_unlock_input(v->socket);
    return at;
}

/* The end: false and what is left. */
static int push_rest(lua_State *L, sk_vsocket *v) {
    lua_pushboolean(L, false);
    push_input(L, v, input_size(sk_vm_of(L), v), 0);
    return 2;
}

/* ---- events ---- */

static void wake_reader(sk_vsocket *v) {
    if (v->reader)
        sk_task_queue_wakeup(v->reader);
}

static bool is_satisfied(sk_vm *vm, sk_vsocket *v) {
    switch (v->want) {
    case SK_WANT_SIZE:
        return input_size(vm, v) >= v->want_size;
    case SK_WANT_ANY:
    case SK_WANT_BLOCK:
    case SK_WANT_LINE: /* the reader itself looks for its separator */
        return true;
    default:
        return false;
    }
}

static void check_limit(sk_vm *vm, sk_vsocket *v) {
    bool is_bounded =
        v->want == SK_WANT_NOTHING || v->want == SK_WANT_LINE || v->want == SK_WANT_ALL;
    if (!v->limit || !is_bounded)
        return;
    size_t size = input_size(vm, v);
    if (size <= v->limit)
        return;
    sk_vm_log(vm, "socket buffer overflow: fd=%d size=%zu", v->id, size);
    sk_socket_close(((sk_vsockets *)vm->sockets)->io, vm->service, v->id);
}

static void resume_input(sk_vm *vm, sk_vsocket *v) {
    if (!v->is_paused)
        return;
    v->is_paused = false;
    sk_vm_log(vm, "Resume socket (%d)", v->id);
    sk_socket_resume(((sk_vsockets *)vm->sockets)->io, vm->service, v->id);
}

static void on_data(sk_vm *vm, sk_vsocket *v, const sk_io_event *event) {
    hold_socket(vm, v);
    if (v->reader && is_satisfied(vm, v))
        wake_reader(v);
    check_limit(vm, v);
    if (!event->has_paused)
        return;
    v->is_paused = true;
    if (v->reader &&
        (v->want == SK_WANT_SIZE || v->want == SK_WANT_LINE || v->want == SK_WANT_ALL)) {
        v->is_paused = false;
        sk_socket_resume(((sk_vsockets *)vm->sockets)->io, vm->service, v->id);
        return;
    }
    sk_vm_log(vm, "Pause socket (%d) size : %zu", v->id, input_size(vm, v));
}

static void on_close(sk_vm *vm, sk_vsocket *v) {
    v->is_connected = false;
    if (v->close_ref != LUA_NOREF) {
        int ref = v->close_ref;
        v->close_ref = LUA_NOREF;
        lua_Integer id = v->id;
        sk_dispatcher_spawn(vm, ref, id, NULL);
        luaL_unref(vm->L, LUA_REGISTRYINDEX, ref);
        v = sk_vsocket_find(vm->sockets, id);
        if (!v)
            return;
    }
    wake_reader(v);
    wake_closers(v);
    if (v->is_closing && sk_list_is_empty(&v->closers))
        drop(vm, v); /* all who closed it were killed */
}

/* The coroutine in open was killed: nobody knows the id. */
static bool is_unwanted(const sk_vsocket *v) { return v->is_dialing && !v->opener; }

static bool is_alive(sk_vm *vm, int32_t id) {
    sk_socket *socket = sk_socket_get(((sk_vsockets *)vm->sockets)->io, id);
    sk_socket_unref(socket);
    return socket != NULL;
}

static void on_error(sk_vm *vm, sk_vsocket *v, const sk_io_event *event) {
    if (is_unwanted(v)) {
        drop(vm, v);
        return;
    }
    if (v->opener) {
        sk_free(v->error);
        v->error = sk_strdup(event->text);
        v->is_connected = false;
        sk_task_queue_wakeup(v->opener);
        return;
    }
    if (v->is_listener) {
        sk_vm_log(vm, "socket: accept error: %s", event->text);
        return;
    }
    sk_vm_log(vm, "socket: error on %d %s", v->id, event->text);
    if (v->is_datagram && is_alive(vm, v->id))
        return; /* the peer that was asked for does not fit */
    v->is_connected = false;
    wake_reader(v);
    sk_socket_shutdown(((sk_vsockets *)vm->sockets)->io, vm->service, v->id);
}

static void on_warning(sk_vm *vm, sk_vsocket *v, const sk_io_event *event) {
    if (v->warning_ref != LUA_NOREF) {
        sk_dispatcher_spawn(vm, v->warning_ref, v->id, &(sk_spawn_arg){.number = event->ud});
        return;
    }
    if (event->ud)
        sk_vm_log(vm, "WARNING: %d K bytes need to send out (fd = %d)", event->ud, v->id);
}

static void on_connect(sk_vm *vm, sk_vsocket *v) {
    if (is_unwanted(v)) {
        sk_socket_close(((sk_vsockets *)vm->sockets)->io, vm->service, v->id);
        drop(vm, v);
        return;
    }
    if (!v->is_listener || v->opener)
        v->is_connected = true;
    if (v->opener)
        sk_task_queue_wakeup(v->opener);
}

static void on_accept(sk_vm *vm, sk_vsocket *v, const sk_io_event *event) {
    if (v->accept_ref == LUA_NOREF)
        sk_socket_close(((sk_vsockets *)vm->sockets)->io, vm->service, event->ud);
    else
        sk_dispatcher_spawn(vm, v->accept_ref, event->ud, &(sk_spawn_arg){.text = event->text});
}

/* An event of an id that is not started here. */
static void on_stranger(sk_vm *vm, const sk_io_event *event) {
    sk_io *io = ((sk_vsockets *)vm->sockets)->io;
    if (event->type == SK_IO_DATA) {
        sk_vm_log(vm, "socket: drop package from %d", event->id);
    } else if (event->type == SK_IO_ACCEPT) {
        sk_socket_close(io, vm->service, event->ud);
    } else if (event->type == SK_IO_CLOSE) {
        sk_socket_close(io, vm->service, event->id);
    } else if (event->type == SK_IO_ERROR) {
        sk_socket_shutdown(io, vm->service, event->id);
        sk_vm_log(vm, "socket: error on unknown %d %s", event->id, event->text);
    }
}

static void on_event(sk_vm *vm, const sk_io_event *event) {
    sk_vsocket *v = sk_vsocket_find(vm->sockets, event->id);
    if (event->type == SK_IO_UDP) {
        sk_bind_on_datagram(vm, v, event);
        return;
    }
    if (!v) {
        on_stranger(vm, event);
        return;
    }
    switch (event->type) {
    case SK_IO_DATA:
        on_data(vm, v, event);
        break;
    case SK_IO_CONNECT:
        on_connect(vm, v);
        break;
    case SK_IO_CLOSE:
        on_close(vm, v);
        break;
    case SK_IO_ACCEPT:
        on_accept(vm, v, event);
        break;
    case SK_IO_ERROR:
        on_error(vm, v, event);
        break;
    case SK_IO_WARNING:
        on_warning(vm, v, event);
        break;
    default:
        break;
    }
}

/* vm->on_socket: a readiness node, or a message. */
static bool on_socket(sk_vm *vm, sk_msg *msg) {
    sk_io_event event;
    if (msg->kind != SK_MSG_NODE) {
        if (sk_event_of_message(msg, &event))
            on_event(vm, &event);
        return false;
    }
    sk_io_turn turn;
    sk_io_turn_begin(&turn, vm->service, msg, false);
    while (sk_io_turn_next(&turn, &event))
        on_event(vm, &event);
    return false;
}

/* ---- reading ---- */

static int read_k(lua_State *L, int status, lua_KContext ctx);

/* Suspends the caller until the socket may satisfy it. Stack: id, and what the want needs. */
static int suspend(lua_State *L, sk_vsocket *v, sk_want what) {
    sk_task *task = sk_task_check_block(L);
    if (v->reader)
        return luaL_error(L, "assertion failed! (socket %d has a reader already)", (int)v->id);
    v->want = what;
    resume_input(sk_vm_of(L), v);
    sk_task_wait_plain(task, SK_WAIT_SOCKET);
    sk_task_set_waiter(task, &v->reader);
    return sk_task_block(L, read_k, (lua_KContext)what);
}

static int try_size(lua_State *L, sk_vsocket *v) {
    lua_Integer size = lua_tointeger(L, 2);
    size_t have = input_size(sk_vm_of(L), v);
    if (have >= (size_t)size) {
        push_input(L, v, (size_t)size, 0);
        return 1;
    }
    if (!v->is_connected)
        return push_rest(L, v);
    v->want_size = (size_t)size;
    return suspend(L, v, SK_WANT_SIZE);
}

static int try_any(lua_State *L, sk_vsocket *v) {
    size_t have = input_size(sk_vm_of(L), v);
    if (have) {
        push_input(L, v, have, 0);
        return 1;
    }
    return v->is_connected ? suspend(L, v, SK_WANT_ANY) : push_rest(L, v);
}

/* A line that is there and short: found, copied and consumed under one lock. */
static bool take_short_line(lua_State *L, sk_vsocket *v, const char *sep, size_t sep_len) {
    char line[SHORT_LINE_SIZE];
    sk_inbuf *in = lock_input(sk_vm_of(L), v);
    if (!in)
        return false;
    size_t size = sk_inbuf_find(in, sep, sep_len, &v->scanned);
    bool is_short = size != SK_INBUF_NOT_FOUND && size <= sizeof line;
    if (is_short) {
        if (size)
            memcpy(line, sk_inbuf_bytes(in), size);
        sk_inbuf_consume(in, size + sep_len);
        v->scanned = 0;
    }
    sk_socket_unlock_input(v->socket);
    if (is_short)
        lua_pushlstring(L, line, size);
    return is_short;
}

static int try_line(lua_State *L, sk_vsocket *v) {
    size_t sep_len;
    const char *sep = lua_tolstring(L, 2, &sep_len);
    if (SK_LIKELY(take_short_line(L, v, sep, sep_len)))
        return 1;
    size_t at = find_line(sk_vm_of(L), v, sep, sep_len);
    if (at != SK_INBUF_NOT_FOUND) {
        v->scanned = 0;
        push_input(L, v, at, sep_len);
        return 1;
    }
    if (v->is_connected)
        return suspend(L, v, SK_WANT_LINE);
    v->scanned = 0;
    return push_rest(L, v);
}

static int try_all(lua_State *L, sk_vsocket *v, bool has_waited) {
    if (v->is_connected)
        return suspend(L, v, SK_WANT_ALL);
    size_t have = input_size(sk_vm_of(L), v);
    if (!have && !has_waited) {
        lua_pushboolean(L, false);
        return 1;
    }
    push_input(L, v, have, 0);
    return 1;
}

static int try_block(lua_State *L, sk_vsocket *v) {
    bool has_input = input_size(sk_vm_of(L), v) > 0;
    if (!has_input && v->is_connected)
        return suspend(L, v, SK_WANT_BLOCK);
    lua_pushboolean(L, v->is_connected);
    return 1;
}

static int try_read(lua_State *L, sk_vsocket *v, sk_want what, bool has_waited) {
    lua_settop(L, 2);
    if (v->is_datagram)
        return luaL_error(L, "socket %d is of UDP: it is not read", (int)v->id);
    switch (what) {
    case SK_WANT_SIZE:
        return try_size(L, v);
    case SK_WANT_ANY:
        return try_any(L, v);
    case SK_WANT_LINE:
        return try_line(L, v);
    case SK_WANT_ALL:
        return try_all(L, v, has_waited);
    default:
        return try_block(L, v);
    }
}

static int read_k(lua_State *L, int status, lua_KContext what) {
    (void)status;
    sk_vsocket *v = sk_vsocket_find(sockets_of(L), lua_tointeger(L, 1));
    if (!v) { /* abandoned meanwhile */
        lua_pushboolean(L, false);
        lua_pushliteral(L, "");
        return 2;
    }
    v->want = SK_WANT_NOTHING;
    return try_read(L, v, (sk_want)what, true);
}

/* read(id [, size]) -> text | false, rest */
static int socket_read(lua_State *L) {
    sk_vsocket *v = check_id(L, 1);
    if (lua_isnoneornil(L, 2))
        return try_read(L, v, SK_WANT_ANY, false);
    luaL_argcheck(L, luaL_checkinteger(L, 2) >= 0, 2, "size >= 0 expected");
    if (v->limit && (size_t)lua_tointeger(L, 2) > v->limit)
        return luaL_error(L, "read of more than the limit of socket %d", (int)v->id);
    return try_read(L, v, SK_WANT_SIZE, false);
}

/* readline(id [, separator]) -> line | false, rest */
static int socket_readline(lua_State *L) {
    sk_vsocket *v = check_id(L, 1);
    size_t sep_len;
    (void)luaL_optlstring(L, 2, "\n", &sep_len);
    luaL_argcheck(L, sep_len > 0, 2, "a separator expected");
    if (lua_isnoneornil(L, 2)) {
        lua_settop(L, 1);
        lua_pushliteral(L, "\n");
    }
    if (!v->reader)
        v->scanned = 0;
    return try_read(L, v, SK_WANT_LINE, false);
}

/* readall(id) -> text | false */
static int socket_readall(lua_State *L) { return try_read(L, check_id(L, 1), SK_WANT_ALL, false); }

/* block(id) -> still connected */
static int socket_block(lua_State *L) {
    sk_vsocket *v = sk_vsocket_find(sockets_of(L), luaL_checkinteger(L, 1));
    if (!v) {
        lua_pushboolean(L, false);
        return 1;
    }
    return try_read(L, v, SK_WANT_BLOCK, false);
}

/* ---- writing ---- */

/* The strings and numbers of the table at index, as one string on top. */
static void concat_table(lua_State *L, int index) {
    luaL_Buffer text;
    luaL_buffinit(L, &text);
    for (lua_Integer i = 1;; i++) {
        int type = lua_geti(L, index, i);
        if (type == LUA_TNIL)
            break;
        if (type != LUA_TSTRING && type != LUA_TNUMBER)
            luaL_error(L, "a %s at %d of the data to send", luaL_typename(L, -1), (int)i);
        luaL_addvalue(&text);
    }
    lua_pop(L, 1);
    luaL_pushresult(&text);
}

sk_send_data sk_bind_check_send(lua_State *L, int index) {
    sk_send_data data = {0};
    switch (lua_type(L, index)) {
    case LUA_TTABLE:
        concat_table(L, index);
        data.data = lua_tolstring(L, -1, &data.size);
        break;
    case LUA_TLIGHTUSERDATA: {
        lua_Integer size = luaL_checkinteger(L, index + 1);
        luaL_argcheck(L, size >= 0, index + 1, "negative size");
        data = (sk_send_data){lua_touserdata(L, index), (size_t)size, true};
        break;
    }
    case LUA_TUSERDATA: {
        size_t size = lua_rawlen(L, index);
        lua_Integer wanted = luaL_optinteger(L, index + 1, (lua_Integer)size);
        luaL_argcheck(L, wanted >= 0 && (size_t)wanted <= size, index + 1, "size out of range");
        data = (sk_send_data){lua_touserdata(L, index), (size_t)wanted, false};
        break;
    }
    default:
        data.data = luaL_checklstring(L, index, &data.size);
        break;
    }
    return data;
}

typedef int (*send_fn)(sk_io *io, sk_service *service, int32_t id, const sk_send_data *data);

static int write_by(lua_State *L, send_fn send) {
    sk_vm *vm = sk_vm_of(L);
    int32_t id = (int32_t)luaL_checkinteger(L, 1);
    sk_send_data data = sk_bind_check_send(L, 2);
    lua_pushboolean(L, send(sk_node_io(vm->node), vm->service, id, &data) == 0);
    return 1;
}

/* write(id, data [, size]) -> accepted */
static int socket_write(lua_State *L) { return write_by(L, sk_socket_send); }
static int socket_lwrite(lua_State *L) { return write_by(L, sk_socket_send_low); }

/* ---- opening and closing ---- */

static int opened_k(lua_State *L, int status, lua_KContext ctx) {
    (void)status;
    (void)ctx;
    sk_vm *vm = sk_vm_of(L);
    sk_vsocket *v = sk_vsocket_find(vm->sockets, lua_tointeger(L, 1));
    if (!v) {
        lua_pushnil(L);
        lua_pushliteral(L, "closed");
        return 2;
    }
    v->is_dialing = false;
    if (!v->error) {
        lua_pushinteger(L, v->id);
        return 1;
    }
    lua_pushnil(L);
    lua_pushstring(L, v->error);
    drop(vm, v);
    return 2;
}

static int wait_open(lua_State *L, sk_vsocket *v, sk_task *task) {
    lua_settop(L, 0);
    lua_pushinteger(L, v->id);
    sk_task_wait_plain(task, SK_WAIT_SOCKET);
    sk_task_set_waiter(task, &v->opener);
    return sk_task_block(L, opened_k, 0);
}

int sk_bind_check_port(lua_State *L, int index) {
    lua_Integer port = luaL_checkinteger(L, index);
    return port < 0 || port > UINT16_MAX ? -1 : (int)port;
}

int sk_bind_push_failure(lua_State *L, int err) {
    lua_pushnil(L);
    lua_pushstring(L, sk_err_text(err));
    return 2;
}

/* connect(host, port) -> id | nil, message */
static int socket_connect(lua_State *L) {
    sk_task *task = sk_task_check_block(L);
    const char *host = luaL_checkstring(L, 1);
    int port = sk_bind_check_port(L, 2);
    sk_vsockets *self = sockets_of(L);
    int32_t id = sk_socket_connect(self->io, task->vm->service, host, port);
    if (id < 0) {
        lua_pushnil(L);
        lua_pushfstring(L, "cannot connect to %s", host);
        return 2;
    }
    sk_vsocket *v = sk_vsocket_add(self, id, false);
    v->is_dialing = true;
    return wait_open(L, v, task);
}

/* bind(os_fd) -> id | nil, message */
static int socket_bind(lua_State *L) {
    sk_task *task = sk_task_check_block(L);
    lua_Integer fd = luaL_checkinteger(L, 1);
    sk_vsockets *self = sockets_of(L);
    int32_t id =
        sk_socket_bind(self->io, task->vm->service, fd < 0 || fd > INT32_MAX ? -1 : (int)fd);
    if (id < 0) {
        lua_pushnil(L);
        lua_pushliteral(L, "reach skynet socket number limit");
        return 2;
    }
    sk_vsocket *v = sk_vsocket_add(self, id, false);
    v->is_dialing = true;
    return wait_open(L, v, task);
}

/* listen(host, port, backlog) -> id, ip, port | nil, message */
static int socket_listen(lua_State *L) {
    sk_vm *vm = sk_vm_of(L);
    sk_vsockets *self = vm->sockets;
    sk_listen_options options = {
        .host = luaL_optstring(L, 1, NULL),
        .port = sk_bind_check_port(L, 2),
        .backlog = (int)luaL_optinteger(L, 3, 32),
    };
    sk_listen_result result;
    int err = sk_socket_listen(self->io, vm->service, &options, &result);
    if (err < 0)
        return sk_bind_push_failure(L, err);
    (void)sk_vsocket_add(self, result.id, true);
    lua_pushinteger(L, result.id);
    lua_pushstring(L, result.ip);
    lua_pushinteger(L, result.port);
    return 3;
}

/* A start that nothing will be told of: ours already, or not to be had. */
static int take_running(lua_State *L, sk_vsocket *v) {
    sk_vm *vm = sk_vm_of(L);
    v->is_connected = true;
    if (lock_input(vm, v)) {
        sk_socket_unlock_input(v->socket);
        lua_pushinteger(L, v->id);
        return 1;
    }
    drop(vm, v);
    lua_pushnil(L);
    lua_pushliteral(L, "socket closed");
    return 2;
}

/* start(id [, accept]) -> id | nil, message */
static int socket_start(lua_State *L) {
    sk_task *task = sk_task_check_block(L);
    sk_vsockets *self = sockets_of(L);
    lua_Integer id = luaL_checkinteger(L, 1);
    sk_vsocket *v = sk_vsocket_find(self, id);
    if (v && (!v->is_listener || v->is_started))
        return luaL_error(L, "assertion failed! (socket is not closed: %d)", (int)id);
    if (!v)
        v = sk_vsocket_add(self, (int32_t)id, !lua_isnoneornil(L, 2));
    if (!lua_isnoneornil(L, 2)) {
        lua_settop(L, 2);
        v->accept_ref = luaL_ref(L, LUA_REGISTRYINDEX);
    }
    v->is_started = true;
    if (sk_socket_start(self->io, task->vm->service, (int32_t)id))
        return wait_open(L, v, task);
    return take_running(L, v);
}

/* ctx: the closer, which is gone if the socket was dropped meanwhile. */
static int closed_k(lua_State *L, int status, lua_KContext ctx) {
    (void)status;
    sk_vm *vm = sk_vm_of(L);
    sk_vsocket *v = sk_vsocket_find(vm->sockets, lua_tointeger(L, 1));
    if (!v)
        return 0;
    for (sk_link *l = v->closers.next; l != &v->closers; l = l->next) {
        if (SK_CONTAINER(l, closer, link) != (closer *)ctx)
            continue;
        free_closer((closer *)ctx);
        break;
    }
    if (v->is_closing && sk_list_is_empty(&v->closers))
        drop(vm, v);
    return 0;
}

/* close(id): blocks until the close is confirmed */
static int socket_close(lua_State *L) {
    sk_vm *vm = sk_vm_of(L);
    sk_vsockets *self = vm->sockets;
    sk_vsocket *v = sk_vsocket_find(self, luaL_checkinteger(L, 1));
    if (!v)
        return 0;
    bool was_connected = v->is_connected || (v->is_listener && !v->is_closing);
    if (!was_connected && !v->reader && sk_list_is_empty(&v->closers)) {
        sk_socket_close(self->io, vm->service, v->id);
        drop(vm, v);
        return 0;
    }
    sk_task *task = sk_task_check_block(L);
    if (!v->is_closing)
        sk_socket_close(self->io, vm->service, v->id);
    v->is_closing = true;
    closer *c = sk_new(closer);
    sk_list_push(&v->closers, &c->link);
    sk_task_wait_plain(task, SK_WAIT_SOCKET);
    sk_task_set_waiter(task, &c->task);
    return sk_task_block(L, closed_k, (lua_KContext)c);
}

/* shutdown(id): at once; the id stays until close */
static int socket_shutdown(lua_State *L) {
    sk_vm *vm = sk_vm_of(L);
    sk_vsocket *v = sk_vsocket_find(vm->sockets, luaL_checkinteger(L, 1));
    if (!v)
        return 0;
    sk_socket_shutdown(((sk_vsockets *)vm->sockets)->io, vm->service, v->id);
    return 0;
}

static int socket_close_fd(lua_State *L) {
    sk_vm *vm = sk_vm_of(L);
    lua_Integer id = luaL_checkinteger(L, 1);
    if (sk_vsocket_find(vm->sockets, id))
        return luaL_error(L, "assertion failed! (Use socket.close instead)");
    sk_socket_close(((sk_vsockets *)vm->sockets)->io, vm->service, (int32_t)id);
    return 0;
}

/* abandon(id): forgets it here, for another service to start */
static int socket_abandon(lua_State *L) {
    sk_vm *vm = sk_vm_of(L);
    sk_vsocket *v = sk_vsocket_find(vm->sockets, luaL_checkinteger(L, 1));
    if (!v)
        return 0;
    sk_socket_pause(((sk_vsockets *)vm->sockets)->io, vm->service, v->id);
    drop(vm, v);
    return 0;
}

/* ---- settings ---- */

static void set_ref(lua_State *L, int *ref) {
    luaL_unref(L, LUA_REGISTRYINDEX, *ref);
    *ref = LUA_NOREF;
    lua_settop(L, 2);
    if (!lua_isnil(L, 2))
        *ref = luaL_ref(L, LUA_REGISTRYINDEX);
}

static int socket_onclose(lua_State *L) {
    set_ref(L, &check_id(L, 1)->close_ref);
    return 0;
}

static int socket_warning(lua_State *L) {
    set_ref(L, &check_id(L, 1)->warning_ref);
    return 0;
}

/* onaccept(id, func): replaces a started listener's callback */
static int socket_onaccept(lua_State *L) {
    set_ref(L, &check_id(L, 1)->accept_ref);
    return 0;
}

static int socket_limit(lua_State *L) {
    sk_vsocket *v = check_id(L, 1);
    lua_Integer limit = luaL_checkinteger(L, 2);
    luaL_argcheck(L, limit >= 0, 2, "limit >= 0 expected");
    v->limit = (size_t)limit;
    return 0;
}

/* pause(id) -> true when it was not paused */
static int socket_pause(lua_State *L) {
    sk_vm *vm = sk_vm_of(L);
    sk_vsocket *v = sk_vsocket_find(vm->sockets, luaL_checkinteger(L, 1));
    if (!v || v->is_paused || v->reader)
        return 0;
    v->is_paused = true;
    sk_vm_log(vm, "Pause socket (%d)", v->id);
    sk_socket_pause(((sk_vsockets *)vm->sockets)->io, vm->service, v->id);
    lua_pushboolean(L, true);
    return 1;
}

static int socket_invalid(lua_State *L) {
    lua_pushboolean(L, sk_vsocket_find(sockets_of(L), luaL_checkinteger(L, 1)) == NULL);
    return 1;
}

static int socket_disconnected(lua_State *L) {
    sk_vsocket *v = sk_vsocket_find(sockets_of(L), luaL_checkinteger(L, 1));
    if (!v)
        return 0;
    lua_pushboolean(L, !v->is_connected && !v->opener);
    return 1;
}

/* resolve(host) -> array of IP texts; raises when the name is not known */
static int socket_resolve(lua_State *L) {
    sk_addr list[SK_ADDR_LIST_MAX];
    int count = sk_addr_resolve(luaL_checkstring(L, 1), 0, list, SK_ADDR_LIST_MAX);
    if (count < 0)
        return luaL_error(L, "Name or service not known");
    lua_createtable(L, count, 0);
    for (int i = 0; i < count; i++) {
        char text[SK_ADDR_TEXT_SIZE];
        size_t size = sk_addr_ip_text(&list[i], text);
        lua_pushlstring(L, text, size);
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

/* header(bytes) -> big-endian unsigned integer of 1 to 4 bytes */
static int socket_header(lua_State *L) {
    size_t size;
    const uint8_t *bytes = (const uint8_t *)luaL_checklstring(L, 1, &size);
    if (size < 1 || size > 4)
        return luaL_error(L, "Invalid read %s", luaL_tolstring(L, 1, NULL));
    lua_Integer value = 0;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | bytes[i];
    lua_pushinteger(L, value);
    return 1;
}

/* The service's state is closed: the sockets themselves are closed by the io layer. */
static void close_all(sk_vm *vm) {
    sk_vsockets *self = vm->sockets;
    uint32_t cursor = 0;
    uint64_t id;
    for (void *value; sk_map_next(&self->by_id, &cursor, &id, &value);) {
        sk_vsocket *v = value;
        forget_waiters(v);
        sk_socket_unref(v->socket);
        sk_free(v->error);
        sk_free(v);
    }
    sk_map_done(&self->by_id);
    sk_free(self);
    vm->sockets = NULL;
    vm->on_socket = NULL;
}

int sk_open_socket(lua_State *L) {
    static const luaL_Reg functions[] = {{"connect", socket_connect},
                                         {"listen", socket_listen},
                                         {"bind", socket_bind},
                                         {"start", socket_start},
                                         {"read", socket_read},
                                         {"readline", socket_readline},
                                         {"readall", socket_readall},
                                         {"block", socket_block},
                                         {"write", socket_write},
                                         {"lwrite", socket_lwrite},
                                         {"close", socket_close},
                                         {"shutdown", socket_shutdown},
                                         {"close_fd", socket_close_fd},
                                         {"abandon", socket_abandon},
                                         {"onclose", socket_onclose},
                                         {"warning", socket_warning},
                                         {"onaccept", socket_onaccept},
                                         {"limit", socket_limit},
                                         {"pause", socket_pause},
                                         {"invalid", socket_invalid},
                                         {"disconnected", socket_disconnected},
                                         {"netstat", sk_bind_netstat},
                                         {"header", socket_header},
                                         {"resolve", socket_resolve},
                                         {NULL, NULL}};
    sk_vm *vm = sk_vm_of(L);
    luaL_newlib(L, functions);
    luaL_setfuncs(L, sk_bind_datagram_functions, 0);
    if (!vm->sockets) {
        sk_vsockets *self = sk_new(sk_vsockets);
        self->io = sk_node_io(vm->node);
        vm->sockets = self;
        vm->on_socket = on_socket;
        vm->on_close = close_all;
    }
    return 1;
}
