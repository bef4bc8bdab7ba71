/* bind_skein.c -- the module skein: what is new beyond Skynet's interface. */
#include "lua/bind.h"

#include "actor/registry.h"
#include "actor/worker.h"
#include "lua/deadline.h"
#include "lua/task.h"

#include <lauxlib.h>
#include <math.h>
#include <string.h>

#define NS_PER_SECOND 1e9
/* Longer than any program runs; keeps the arithmetic in range. */
#define SECONDS_MAX 1e9

static int deadline_k(lua_State *L, int status, lua_KContext ctx) {
    sk_task *task = sk_vm_of(L)->current;
    (void)ctx;
    task->deadline_ns = (uint64_t)lua_tointeger(L, 1);
    if (status != LUA_OK && status != LUA_YIELD)
        return lua_error(L);
    return lua_gettop(L) - 1;
}

/* deadline(seconds, f, ...) -> results of f(...): calls made inside end in time */
static int skein_deadline(lua_State *L) {
    sk_vm *vm = sk_vm_of(L);
    double seconds = luaL_checknumber(L, 1);
    luaL_argcheck(L, seconds >= 0, 1, "seconds >= 0 expected");
    luaL_checkany(L, 2);
    sk_task *task = vm->current;
    if (!task)
        return luaL_error(L, "skein.deadline outside of a service coroutine");
    uint64_t span = (uint64_t)(fmin(seconds, SECONDS_MAX) * NS_PER_SECOND);
    uint64_t limit = sk_clock_ns(sk_node_clock(vm->node)) + span;
    uint64_t outer = task->deadline_ns;
    if (!outer || limit < outer)
        task->deadline_ns = limit;
    lua_pushinteger(L, (lua_Integer)outer);
    lua_replace(L, 1);
    int status = lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, 0, deadline_k);
    return deadline_k(L, status, 0);
}

/* remaining() -> seconds left of the current deadline | nil when there is none */
static int skein_remaining(lua_State *L) {
    sk_vm *vm = sk_vm_of(L);
    uint64_t deadline = vm->current ? vm->current->deadline_ns : 0;
    if (!deadline) {
        lua_pushnil(L);
        return 1;
    }
    uint64_t now = sk_clock_ns(sk_node_clock(vm->node));
    lua_pushnumber(L, deadline > now ? (double)(deadline - now) / NS_PER_SECOND : 0.0);
    return 1;
}

/* waits() -> array of { session, kind, callee, since, stack }: who this service waits for */
static int skein_waits(lua_State *L) {
    lua_getglobal(L, "require");
    lua_pushliteral(L, "skein.waits");
    lua_call(L, 1, 1);
    lua_call(L, 0, 1);
    return 1;
}

static void set_integer(lua_State *L, const char *key, uint64_t value) {
    lua_pushinteger(L, (lua_Integer)value);
    lua_setfield(L, -2, key);
}

/* Pushes a table with what is known of a service, as its counters stand. */
static void push_stat(lua_State *L, sk_node *node, const sk_service *service) {
    sk_service_stat stat;
    sk_service_get_stat(service, &stat);
    lua_createtable(L, 0, 10);
    set_integer(L, "message", stat.message_count);
    lua_pushnumber(L, sk_clock_cycles_to_seconds(sk_node_clock(node), stat.cpu_cycles));
    lua_setfield(L, -2, "cpu");
    set_integer(L, "mqlen", stat.mailbox_len);
    set_integer(L, "mqmax", stat.mailbox_len_max);
    set_integer(L, "memory", stat.memory_size);
    set_integer(L, "refused", stat.refused_count);
    set_integer(L, "dropped", stat.dropped_count);
    lua_pushstring(L, sk_service_name(service));
    lua_setfield(L, -2, "name");
}

/* The service that the argument names: a handle, ":hex" or ".name"; this one without. Or NULL. */
static sk_service *opt_service(lua_State *L) {
    sk_vm *vm = sk_vm_of(L);
    if (lua_isnoneornil(L, 1))
        return vm->service;
    sk_address to = sk_bind_check_address(L, 1);
    return sk_registry_find(sk_node_registry(vm->node), to.handle);
}

/* stat([addr]) -> { message, cpu, mqlen, mqmax, memory, name, refused, dropped } of a service, by
 * default this one, and then also memory_max and task | nil, message. cpu in seconds (of another
 * service: up to its present dispatch), memory (the Lua heap; of another service: after its last
 * message) in bytes.
 * Does not block, and does not disturb the other service. */
static int skein_stat(lua_State *L) {
    sk_vm *vm = sk_vm_of(L);
    sk_service *service = opt_service(L);
    if (!service) {
        lua_pushnil(L);
        lua_pushliteral(L, "no such service");
        return 2;
    }
    push_stat(L, vm->node, service);
    if (service == vm->service) { /* what stands there is of its last message */
        lua_pushnumber(L, sk_service_cpu_seconds(service));
        lua_setfield(L, -2, "cpu");
        set_integer(L, "memory", vm->memory_size);
        set_integer(L, "memory_max", vm->memory_max);
        set_integer(L, "task", vm->waiting_count);
    }
    return 1;
}

/* exit_status(code): what the process ends with (0 to 255), whenever that is; 0 unless it is set */
static int skein_exit_status(lua_State *L) {
    lua_Integer code = luaL_checkinteger(L, 1);
    luaL_argcheck(L, code >= 0 && code <= 255, 1, "0 to 255 expected");
    sk_node_set_exit_status(sk_vm_of(L)->node, (int)code);
    return 0;
}

/* services() -> array of { handle, name, message, cpu, mqlen, mqmax, memory }: all services of this
 * node, native ones too, as their counters stand. Asks nobody, so it does not wait for busy ones.
 */
static int skein_services(lua_State *L) {
    sk_node *node = sk_vm_of(L)->node;
    sk_registry *registry = sk_node_registry(node);
    lua_newtable(L);
    lua_Integer n = 0;
    sk_handle handle = sk_registry_next(registry, SK_HANDLE_NONE);
    for (; !sk_handle_is_none(handle); handle = sk_registry_next(registry, handle)) {
        const sk_service *service = sk_registry_find(registry, handle);
        if (!service)
            continue;
        push_stat(L, node, service);
        set_integer(L, "handle", sk_service_handle(service).v);
        lua_rawseti(L, -2, ++n);
    }
    return 1;
}

static int place_k(lua_State *L, int status, lua_KContext ctx) {
    (void)status;
    (void)ctx;
    const sk_vm *vm = sk_vm_of(L);
    if (vm->current->wake != SK_WAKE_ANSWER)
        return 0;
    lua_pushlstring(L, vm->msg->data, vm->msg->size);
    return 1;
}

/* place(handle) -> Lua stack of a service that is inside a message now | nothing when it is not.
 * The code is interrupted at its next instruction: while it is in a C function there is no answer,
 * so this is called with a deadline, after which it returns nothing. May block. */
static int skein_place(lua_State *L) {
    sk_task *task = sk_task_check_block(L);
    sk_vm *vm = task->vm;
    sk_handle handle = sk_bind_check_address(L, 1).handle;
    sk_service *service = sk_registry_find(sk_node_registry(vm->node), handle);
    sk_worker *worker = service ? sk_service_worker(service) : NULL;
    if (!worker || service == vm->service)
        return 0;
    int32_t session = sk_task_new_session(vm);
    sk_task_wait_answer(task, session, handle);
    sk_service_ask_place(service, sk_service_handle(vm->service), session);
    sk_worker_interrupt(worker);
    return sk_task_block(L, place_k, 0);
}

static int memory_k(lua_State *L, int status, lua_KContext ctx) {
    (void)status;
    (void)ctx;
    return lua_gettop(L);
}

/* memory([addr]) -> { lua, mailbox, mqlen, unread, unsent, sockets, total [, stale] } of a service,
 * or { handle -> such a table } of all | nil, message. In bytes, but for mqlen and sockets, which
 * count. May block, for 100 ms at most, while a busy service looks through its mailbox; `stale`
 * says that it had no time, and mailbox is of the look before. */
static int skein_memory(lua_State *L) {
    lua_settop(L, 1);
    lua_getglobal(L, "require");
    lua_pushliteral(L, "skein.memory");
    lua_call(L, 1, 1);
    lua_insert(L, 1);
    lua_callk(L, 1, LUA_MULTRET, 0, memory_k);
    return memory_k(L, 0, 0);
}

/* The integer in a field of the table at 1, 1..INT32_MAX; nil: 0. */
static uint32_t check_bound_field(lua_State *L, const char *key) {
    uint32_t result = 0;
    if (lua_getfield(L, 1, key) != LUA_TNIL) {
        int is_integer;
        lua_Integer value = lua_tointegerx(L, -1, &is_integer);
        if (!is_integer || value < 1 || value > INT32_MAX)
            luaL_error(L, "skein.mailbox: %s is a whole number from 1 on", key);
        result = (uint32_t)value;
    }
    lua_pop(L, 1);
    return result;
}

static sk_policy check_policy_field(lua_State *L) {
    sk_policy policy = SK_POLICY_WARN;
    int type = lua_getfield(L, 1, "policy");
    if (type != LUA_TNIL &&
        (type != LUA_TSTRING || sk_policy_parse(lua_tostring(L, -1), &policy) < 0))
        luaL_error(L, "skein.mailbox: policy is \"warn\", \"refuse\" or \"drop_oldest\"");
    lua_pop(L, 1);
    return policy;
}

/* A key that is none is a slip of the pen. */
static void check_bound_keys(lua_State *L) {
    static const char *const known[] = {"max", "delay_ms", "policy", NULL};
    lua_pushnil(L);
    while (lua_next(L, 1)) {
        lua_pop(L, 1);
        const char *key = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "?";
        int i = 0;
        while (known[i] && strcmp(known[i], key) != 0)
            i++;
        if (!known[i])
            luaL_error(L, "skein.mailbox: unknown setting %s", key);
    }
}

static int push_bound(lua_State *L, const sk_bound_settings *settings) {
    lua_createtable(L, 0, 3);
    lua_pushstring(L, sk_policy_name(settings->policy));
    lua_setfield(L, -2, "policy");
    if (settings->len_max) {
        lua_pushinteger(L, settings->len_max);
        lua_setfield(L, -2, "max");
    }
    if (settings->delay_ms_max) {
        lua_pushinteger(L, settings->delay_ms_max);
        lua_setfield(L, -2, "delay_ms");
    }
    return 1;
}

/* mailbox() -> settings | nil
 * mailbox { max = n, delay_ms = n, policy = "warn" | "refuse" | "drop_oldest" }
 * mailbox(false): no bound */
static int skein_mailbox(lua_State *L) {
    sk_service *service = sk_vm_of(L)->service;
    sk_bound_settings settings;
    if (lua_isnone(L, 1)) {
        if (sk_service_get_bound(service, &settings))
            return push_bound(L, &settings);
        return lua_pushnil(L), 1;
    }
    if (lua_isboolean(L, 1) && !lua_toboolean(L, 1)) {
        sk_service_set_bound(service, NULL);
        return 0;
    }
    luaL_checktype(L, 1, LUA_TTABLE);
    check_bound_keys(L);
    settings = (sk_bound_settings){.len_max = check_bound_field(L, "max"),
                                   .delay_ms_max = check_bound_field(L, "delay_ms"),
                                   .policy = check_policy_field(L)};
    if (!settings.len_max && !settings.delay_ms_max)
        return luaL_error(L, "skein.mailbox: max or delay_ms expected");
    sk_service_set_bound(service, &settings);
    return 0;
}

/* The functions in Lua, and where they are. */
static const struct {
    const char *name, *module;
} LUA_FUNCTIONS[] = {
    {"demonitor", "skein.link"},   {"exit", "skein.link"},      {"kill", "skein.link"},
    {"link", "skein.link"},        {"monitor", "skein.link"},   {"on_exit", "skein.link"},
    {"on_shutdown", "skein.link"}, {"shutdown", "skein.link"},  {"trap_exit", "skein.link"},
    {"unlink", "skein.link"},      {"wait_exit", "skein.link"},
};

/* __index of the module: the first use of such a function brings its module in. */
static int skein_index(lua_State *L) {
    const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";
    for (size_t i = 0; i < SK_ARRAY_LEN(LUA_FUNCTIONS); i++) {
        if (strcmp(LUA_FUNCTIONS[i].name, name) != 0)
            continue;
        lua_getglobal(L, "require");
        lua_pushstring(L, LUA_FUNCTIONS[i].module);
        lua_call(L, 1, 1);
        lua_getfield(L, -1, name);
        lua_pushvalue(L, 2);
        lua_pushvalue(L, -2);
        lua_rawset(L, 1);
        return 1;
    }
    return 0;
}

int sk_open_skein(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"deadline", skein_deadline},
        {"remaining", skein_remaining},
        {"waits", skein_waits},
        {"stat", skein_stat},
        {"services", skein_services},
        {"memory", skein_memory},
        {"place", skein_place},
        {"mailbox", skein_mailbox},
        {"exit_status", skein_exit_status},
        {NULL, NULL},
    };
    luaL_newlib(L, functions);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, skein_index);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
    return 1;
}
