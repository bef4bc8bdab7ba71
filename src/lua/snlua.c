/* snlua.c -- launch of a Lua service.
 *
 * init only posts the text to the service itself, so that a launch is quick and loading happens on
 * a worker, before any other message. A script that does not load is logged, the launcher is told
 * ("ERROR"), and the service exits. */
#include "lua/snlua.h"

#include "actor/registry.h"
#include "actor/service.h"
#include "actor/worker.h"
#include "base/atomic.h"
#include "base/mem.h"
#include "lua/dispatcher.h"
#include "lua/loader.h"
#include "lua/task.h"
#include "lua/vm.h"

#include <lauxlib.h>
#include <string.h>

typedef struct {
    _Atomic(sk_vm *) vm; /* set once, by init */
} snlua;

static void *snlua_create(void) { return sk_new(snlua); }

/* Tells the launcher that this service does not run, in case it waits for it. */
static void tell_launcher(sk_vm *vm) {
    sk_handle launcher = sk_registry_query(sk_node_registry(vm->node), "launcher");
    sk_msg *msg = sk_msg_new_copy("ERROR", 5);
    msg->source = sk_service_handle(vm->service);
    msg->type = SK_TYPE_TEXT;
    (void)sk_service_post(vm->service, launcher, msg);
}

static void report_failure(sk_vm *vm) {
    sk_vm_log_error(vm, "lua loader error : %s", lua_tostring(vm->L, -1));
    tell_launcher(vm);
    if (!sk_handle_eq(sk_node_vital(vm->node), sk_service_handle(vm->service)))
        return;
    sk_node_set_exit_status(vm->node, 1);
    sk_service_abort_node(vm->service);
}

/* Configuration key of the collector's mode. With many waiting coroutines generational mode pauses
 * several times longer, so incremental is the default. */
#define GC_KEY "luagc"

static void set_collector(sk_vm *vm) {
    const char *mode = sk_env_get(sk_node_env(vm->node), GC_KEY);
    if (mode && strcmp(mode, "generational") == 0)
        lua_gc(vm->L, LUA_GCGEN, 0, 0);
}

/* Configuration keys of the bound that a service has unless it sets its own. */
#define BOUND_LEN_KEY "mqmax"
#define BOUND_DELAY_KEY "mqdelayms"
#define BOUND_POLICY_KEY "mqpolicy"

static uint32_t positive_or_none(sk_env *env, const char *key) {
    long value = sk_env_get_int(env, key, 0);
    return value > 0 && value <= INT32_MAX ? (uint32_t)value : 0;
}

/* A service of the standard library has none: what it is told is mostly not told again. */
static void set_default_bound(sk_vm *vm, const char *text) {
    sk_env *env = sk_node_env(vm->node);
    sk_bound_settings settings = {.len_max = positive_or_none(env, BOUND_LEN_KEY),
                                  .delay_ms_max = positive_or_none(env, BOUND_DELAY_KEY)};
    bool is_bounded = settings.len_max || settings.delay_ms_max;
    if (!is_bounded || sk_loader_is_system_service(text) || sk_service_drains(vm->service))
        return; /* the last: a log service, whose lines are no requests */
    const char *policy = sk_env_get(env, BOUND_POLICY_KEY);
    if (policy)
        (void)sk_policy_parse(policy, &settings.policy); /* the configuration was checked */
    sk_service_set_bound(vm->service, &settings);
}

static sk_exit_kind failed_kind(int status) {
    return status == LUA_ERRMEM ? SK_EXIT_MEMORY : SK_EXIT_ERROR;
}

/* The message handler of the load: an error without a text is logged as such. */
static int load_traceback(lua_State *L) {
    if (!lua_isstring(L, 1)) {
        lua_settop(L, 0);
        lua_pushliteral(L, "(no error message)");
    }
    return sk_vm_traceback(L);
}

/* The first message: loads and runs the script. */
static bool on_load(sk_service *service, void *user, sk_msg *msg) {
    sk_vm *vm = user;
    lua_State *L = vm->L;
    sk_worker *worker = sk_service_worker(service);
    sk_worker_publish(worker, sk_vm_interrupt, vm); /* a main chunk may be endless, too */
    sk_service_set_callback(service, sk_dispatcher_on_message, vm, true);
    set_default_bound(vm, msg->data);
    lua_gc(L, LUA_GCSTOP);
    lua_pushcfunction(L, sk_loader_run);
    lua_pushlstring(L, msg->data, msg->size);
    vm->limit_is_on = true;
    int status = sk_vm_pcall_with(vm, L, 1, 0, load_traceback);
    vm->limit_is_on = false;
    sk_worker_publish(worker, NULL, NULL);
    lua_gc(L, LUA_GCRESTART);
    set_collector(vm);
    sk_service_set_memory(service, vm->memory_size);
    if (status == LUA_OK)
        return false;
    if (!vm->is_exiting)
        report_failure(vm);
    if (!sk_service_is_dead(service)) {
        const sk_exit_reason reason = {.kind = failed_kind(status), .text = lua_tostring(L, -1)};
        sk_vm_log(vm, "KILL self");
        (void)sk_service_retire_for(vm->node, sk_service_worker(service),
                                    sk_service_handle(service), &reason);
    }
    lua_pop(L, 1);
    return false;
}

static int snlua_init(void *instance, sk_service *service, char *args) {
    snlua *host = instance;
    if (!args || !*args)
        return -1;
    sk_vm *vm = sk_vm_new(service);
    sk_store_release(&host->vm, vm); /* pairs with snlua_signal */
    sk_service_set_callback(service, on_load, vm, true);
    sk_service_set_session_check(service, sk_task_session_is_used, vm);
    sk_msg *msg = sk_msg_new_copy(args, strlen(args));
    msg->source = sk_service_handle(service);
    return sk_service_post(service, sk_service_handle(service), msg);
}

static void snlua_release(void *instance) {
    snlua *host = instance;
    sk_vm *vm = sk_load_relaxed(&host->vm);
    /* Who killed it need not have told the launcher. */
    if (vm && !vm->has_left)
        tell_launcher(vm);
    sk_vm_free(vm);
    sk_free(host);
}

/* In the thread of whoever sends the signal, beside the callback. 0: the Lua code that runs raises
 * an error; 1: the size of the Lua heap, as of the end of the last message, is logged. */
static void snlua_signal(void *instance, int signal) {
    snlua *host = instance;
    sk_vm *vm = sk_load_acquire(&host->vm); /* pairs with init */
    if (!vm)
        return;
    sk_handle self = sk_service_handle(vm->service);
    sk_node_log(vm->node, NULL, self, "recv a signal %d", signal);
    if (signal == 0) {
        sk_vm_raise_signal(vm);
    } else if (signal == 1) {
        sk_service_stat stat;
        sk_service_get_stat(vm->service, &stat);
        sk_node_log(vm->node, NULL, self, "Current Memory %.3fK", (double)stat.memory_size / 1024);
    }
}

const sk_module sk_snlua_module = {
    .name = "snlua",
    .create = snlua_create,
    .init = snlua_init,
    .release = snlua_release,
    .signal = snlua_signal,
};
