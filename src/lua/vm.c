/* vm.c -- creating and closing a state, memory accounting, error texts, interrupts. */
#include "lua/vm.h"

#include "actor/log.h"
#include "actor/worker.h"
#include "base/assert.h"
#include "base/limits.h"
#include "base/mem.h"
#include "lua/task.h"
#include "lua/trace.h"

#include <lauxlib.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* sk_vm.signal_mark: a worker's number stands above so many bits of its count of messages. */
#define MARK_VERSION_BITS 48

/* A Lua stack must have this much room before a traceback is built on it. */
#define TRACEBACK_ROOM 32
/* A message that lasts longer is a runaway's when the node ends; less than a step of a stop. */
#define RUNAWAY_SECONDS 0.5

static void warn_memory(sk_vm *vm) {
    while (vm->memory_size > vm->memory_warn)
        vm->memory_warn *= 2;
    sk_vm_log(vm, "Memory warning %.2f M", (double)vm->memory_size / (1024 * 1024));
}

static void *block_new(sk_vm *vm, size_t size) {
    void *block = sk_arena_take(&vm->arena, size);
    return SK_LIKELY(block != NULL) ? block : sk_try_realloc(NULL, size);
}

static void block_free(sk_vm *vm, void *take_block, size_t size) {
    if (sk_arena_has(&vm->arena, take_block))
        sk_arena_give(&vm->arena, take_block, size);
    else
        sk_free(take_block);
}

/* As sk_try_realloc, which it is for a block outside of the arena. */
static void *block_resize(sk_vm *vm, void *take_block, size_t old_size, size_t new_size) {
    if (!sk_arena_has(&vm->arena, take_block))
        return sk_try_realloc(take_block, new_size);
    if (sk_arena_round(old_size) == sk_arena_round(new_size))
        return take_block;
    void *block = block_new(vm, new_size);
    if (SK_UNLIKELY(!block)) /* Lua counts on it that a block can get smaller */
        return new_size < old_size ? take_block : NULL;
    memcpy(block, take_block, old_size < new_size ? old_size : new_size);
    sk_arena_give(&vm->arena, take_block, old_size);
    return block;
}

/* The accounting allocator; lua_Alloc. Lua always knows the size of a block. */
static void *lua_allocate(void *user, void *ptr, size_t old_size, size_t new_size) {
    sk_vm *vm = user;
    size_t had = ptr ? old_size : 0;
    if (new_size == 0) {
        vm->memory_size -= had;
        block_free(vm, ptr, had);
        return NULL;
    }
    size_t size = vm->memory_size - had + new_size;
    if (SK_UNLIKELY(vm->limit_is_on && vm->memory_limit && size > vm->memory_limit &&
                    new_size > had))
        return NULL;
    void *block = ptr ? block_resize(vm, ptr, had, new_size) : block_new(vm, new_size);
    if (SK_UNLIKELY(!block))
        return NULL;
    vm->memory_size = size;
    vm->last_block = block;
    if (SK_UNLIKELY(size > vm->memory_max)) {
        vm->memory_max = size;
        if (size > vm->memory_warn)
            warn_memory(vm);
    }
    return block;
}

/* An error outside of any protected call: a bug of ours, or memory that really has run out. */
static int panic(lua_State *L) {
    const char *text = lua_tostring(L, -1);
    fprintf(stderr, "skein: unprotected Lua error: %s\n", text ? text : "?");
    return 0;
}

sk_vm *sk_vm_new(sk_service *service) {
    sk_vm *vm = sk_new(sk_vm);
    vm->service = service;
    vm->node = sk_service_node(service);
    vm->memory_warn = SK_LUA_WARN_SIZE;
    vm->callback_ref = LUA_NOREF;
    vm->root.vm = vm;
    sk_list_init(&vm->tasks);
    sk_list_init(&vm->forks);
    sk_list_init(&vm->wakeups);
    sk_list_init(&vm->failures);
    sk_list_init(&vm->pool);
    sk_list_init(&vm->orphans);
    sk_list_init(&vm->replies);
    void *arena = SK_LUA_ARENA_SIZE ? sk_malloc(SK_LUA_ARENA_SIZE) : NULL;
    sk_arena_init(&vm->arena, arena, SK_LUA_ARENA_SIZE);
    vm->L = lua_newstate(lua_allocate, vm);
    sk_assert(vm->L);
    lua_atpanic(vm->L, panic);
    *(void **)lua_getextraspace(vm->L) = &vm->root;
    vm->root.co = vm->L;
    return vm;
}

void sk_vm_free(sk_vm *take_vm) {
    if (!take_vm)
        return;
    take_vm->is_exiting = true;
    sk_task_drop_all(take_vm);
    lua_close(take_vm->L); /* finalizers may still use sockets */
    if (take_vm->on_close)
        take_vm->on_close(take_vm);
    sk_task_free_all(take_vm);
    sk_map_done(&take_vm->sessions);
    sk_map_done(&take_vm->old_sessions);
    sk_map_done(&take_vm->profiles);
    sk_free(take_vm->slots);
    sk_trace_done(take_vm);
    sk_buffer_done(&take_vm->scratch);
    sk_buffer_done(&take_vm->errors);
    sk_free(take_vm->deadlines.tasks);
    sk_free(take_vm->arena.base);
    sk_free(take_vm);
}

void sk_vm_set_limit(sk_vm *vm, size_t size) {
    vm->memory_limit = size;
    if (size)
        sk_vm_log(vm, "Set memory limit to %.2f M", (double)size / (1024 * 1024));
}

int sk_vm_traceback(lua_State *L) {
    const char *text = luaL_tolstring(L, 1, NULL);
    if (lua_checkstack(L, TRACEBACK_ROOM))
        luaL_traceback(L, L, text, 1);
    return 1;
}

int sk_vm_pcall(sk_vm *vm, lua_State *L, int nargs, int nresults) {
    return sk_vm_pcall_with(vm, L, nargs, nresults, sk_vm_traceback);
}

int sk_vm_pcall_with(sk_vm *vm, lua_State *L, int nargs, int nresults, lua_CFunction handler) {
    int base = lua_gettop(L) - nargs;
    lua_pushcfunction(L, handler);
    lua_insert(L, base);
    lua_State *outer = sk_load_relaxed(&vm->running);
    sk_store_relaxed(&vm->running, L);
    int status = lua_pcall(L, nargs, nresults, base);
    sk_store_relaxed(&vm->running, outer);
    lua_remove(L, base);
    return status;
}

/* error_text(thread as light userdata): the text of the value on that thread's top. */
static int error_text(lua_State *L) {
    lua_State *from = lua_touserdata(L, 1);
    lua_settop(L, 0);
    if (lua_checkstack(from, TRACEBACK_ROOM)) {
        lua_pushvalue(from, -1);
        lua_xmove(from, L, 1);
    } else {
        lua_pushliteral(L, "stack overflow");
    }
    const char *text = luaL_tolstring(L, 1, NULL);
    luaL_traceback(L, from, text, 0);
    return 1;
}

void sk_vm_push_error_text(sk_vm *vm, lua_State *from) {
    lua_State *L = vm->L;
    lua_State *outer = sk_load_relaxed(&vm->running);
    lua_pushcfunction(L, error_text);
    lua_pushlightuserdata(L, from);
    sk_store_relaxed(&vm->running, L); /* a user's __tostring can be interrupted */
    int status = lua_pcall(L, 1, 1, 0);
    sk_store_relaxed(&vm->running, outer);
    lua_sethook(L, NULL, 0, 0);
    if (status != LUA_OK && !lua_isstring(L, -1)) {
        lua_pop(L, 1);
        lua_pushliteral(L, "(error in error text)");
    }
}

static bool is_logger(const sk_vm *vm) {
    return sk_node_is_logger(vm->node, sk_service_worker(vm->service),
                             sk_service_handle(vm->service));
}

static void log_formatted(sk_vm *vm, sk_log_level level, const char *fmt, va_list args) {
    char *text = NULL;
    int size = vasprintf(&text, fmt, args);
    sk_assert(size >= 0);
    sk_log_record record = {.level = level, .text = text, .size = (size_t)size};
    sk_handle self = sk_service_handle(vm->service);
    if (is_logger(vm))
        sk_node_log_stderr(self, text, record.size);
    else
        sk_node_log_record(vm->node, sk_service_worker(vm->service), self, &record);
    sk_free(text);
}

void sk_vm_log(sk_vm *vm, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    log_formatted(vm, SK_LOG_PLAIN, fmt, args);
    va_end(args);
}

void sk_vm_log_error(sk_vm *vm, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    log_formatted(vm, SK_LOG_ERROR, fmt, args);
    va_end(args);
}

void sk_vm_log_record(sk_vm *vm, const sk_log_record *record) {
    sk_handle self = sk_service_handle(vm->service);
    const sk_msg *msg = vm->msg;
    bool is_own_line = msg && msg->type == SK_TYPE_TEXT && sk_handle_eq(msg->source, self);
    if (is_own_line && is_logger(vm))
        sk_node_log_stderr(self, record->text, record->size);
    else
        sk_node_log_record(vm->node, sk_service_worker(vm->service), self, record);
}

static void log_place(sk_vm *vm, lua_State *L, const char *title) {
    if (!lua_checkstack(L, TRACEBACK_ROOM))
        return;
    luaL_traceback(L, L, title, 0);
    sk_vm_log(vm, "%s", lua_tostring(L, -1));
    lua_pop(L, 1);
}

/* The end of the node has overtaken a service in its work, which is not worth a word: it was not
 * long in its present message. */
static bool is_overtaken(const sk_service *service) {
    return sk_service_exit_reason(service).kind == SK_EXIT_SHUTDOWN &&
           sk_service_dispatch_seconds(service) < RUNAWAY_SECONDS;
}

/* Leaves the code of a dead service: by a block that nobody ends, which no pcall catches and no
 * depth of the stack makes slow; by an error where stock Lua cannot yield, again and again until
 * control is back in the dispatcher. */
static void leave(sk_vm *vm, lua_State *L) {
    vm->is_exiting = true;
    vm->is_started = false; /* one that drains would be in the same loop for each message left */
    if (!vm->current || vm->barrier_count > 0 || !lua_isyieldable(L))
        luaL_error(L, "service killed");
    lua_sethook(L, NULL, 0, 0);
    if (!is_overtaken(vm->service))
        log_place(vm, L, "service killed, at:");
    vm->is_blocking = true;
    (void)lua_yield(L, 0);
}

/* Somebody wants to know where the service is (see skein.place): the answer is the text. */
static void tell_place(sk_vm *vm, lua_State *L, sk_handle asker, int32_t session) {
    if (!lua_checkstack(L, TRACEBACK_ROOM))
        return;
    luaL_traceback(L, L, NULL, 0);
    size_t size;
    const char *text = lua_tolstring(L, -1, &size);
    sk_msg *msg = sk_msg_new_copy(text, size);
    lua_pop(L, 1);
    msg->source = sk_service_handle(vm->service);
    msg->type = SK_TYPE_RESPONSE;
    msg->session = session;
    (void)sk_service_post(vm->service, asker, msg); /* it may be gone */
}

/* A number for the message that the service is in; 0: in none. The next message has another one. */
static uint64_t present_mark(const sk_vm *vm) {
    sk_worker *worker = sk_service_worker(vm->service);
    uint64_t version;
    sk_handle source, to;
    if (!worker || !sk_worker_observe(worker, &version, &source, &to) ||
        !sk_handle_eq(to, sk_service_handle(vm->service)))
        return 0;
    uint64_t mask = (UINT64_C(1) << MARK_VERSION_BITS) - 1;
    return ((uint64_t)sk_worker_index(worker) + 1) << MARK_VERSION_BITS | (version & mask);
}

/* An error out of a hook leaves hooks switched off in the coroutine that it ends, also when that is
 * reset: so the task's is not used again. */
static void raise_signal(sk_vm *vm, lua_State *L) {
    if (vm->current)
        vm->current->is_exposed = true;
    luaL_where(L, 0);
    lua_pushliteral(L, "signal 0");
    lua_concat(L, 2);
    lua_error(L);
}

/* Count hook of an interrupted coroutine. That of a live service tells where it is, if somebody has
 * asked, and raises the signal; if there is neither it logs where it is, once. */
static void interrupt_hook(lua_State *L, lua_Debug *ar) {
    (void)ar;
    sk_vm *vm = sk_vm_of(L);
    if (sk_service_is_dead(vm->service)) {
        leave(vm, L);
        return;
    }
    lua_sethook(L, NULL, 0, 0);
    sk_handle asker;
    int32_t session;
    bool was_asked = sk_service_take_asker(vm->service, &asker, &session);
    if (was_asked)
        tell_place(vm, L, asker, session);
    uint64_t mark = sk_swap_acq_rel(&vm->signal_mark, 0); /* pairs with raise_signal */
    if (mark && mark == present_mark(vm))                 /* else it was for an earlier message */
        raise_signal(vm, L);
    if (!mark && !was_asked && sk_service_take_stuck(vm->service))
        log_place(vm, L, "error: still in the same message, at:");
}

void sk_vm_raise_signal(sk_vm *vm) {
    sk_worker *worker = sk_service_worker(vm->service);
    uint64_t mark = present_mark(vm);
    if (!mark)
        return;
    sk_store_release(&vm->signal_mark, mark); /* pairs with the hook */
    sk_worker_interrupt(worker);
}

void sk_vm_interrupt(void *user) {
    sk_vm *vm = user;
    lua_State *L = sk_load_relaxed(&vm->running);
    if (L)
        lua_sethook(L, interrupt_hook, LUA_MASKCOUNT, 1);
}
