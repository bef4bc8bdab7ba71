/* dispatcher.c -- running tasks for messages. */
#include "lua/dispatcher.h"

#include "actor/worker.h"
#include "base/assert.h"
#include "base/mem.h"
#include "codec/seri.h"
#include "lua/account.h"
#include "lua/bind.h"
#include "lua/deadline.h"
#include "lua/profile.h"
#include "lua/task.h"
#include "lua/trace.h"

#include <lauxlib.h>
#include <stdio.h>

/* ---- running one task ---- */

void sk_dispatcher_take_error_text(sk_vm *vm) {
    size_t size;
    const char *text = lua_tolstring(vm->L, -1, &size);
    if (vm->errors.len)
        sk_buffer_append(&vm->errors, "\n", 1);
    sk_buffer_append(&vm->errors, text ? text : "?", text ? size : 1);
    lua_pop(vm->L, 1);
}

void sk_dispatcher_add_error(sk_vm *vm, lua_State *from) {
    sk_vm_push_error_text(vm, from);
    sk_dispatcher_take_error_text(vm);
}

static void fail(sk_vm *vm, sk_task *task) {
    if (SK_UNLIKELY(task->trace && task->request == SK_REQUEST_OPEN))
        sk_trace_event(task, "error");
    sk_task_refuse_request(task);
    sk_dispatcher_add_error(vm, task->co);
    sk_task_close(task);
    sk_task_end(task);
}

/* Pushes the dispatch function of a protocol, or something else. Outside of a protected call: no
 * metatable of the user is asked. */
static void push_handler_raw(lua_State *L, int type) {
    int slot = sk_bind_plain_slot(type);
    if (slot >= 0 &&
        lua_rawgeti(L, LUA_REGISTRYINDEX, SK_REF_PLAIN_DISPATCH + slot) == LUA_TFUNCTION)
        return;
    lua_rawgeti(L, LUA_REGISTRYINDEX, SK_REF_PROTO);
    lua_rawgeti(L, -1, type);
    if (!lua_istable(L, -1))
        return;
    lua_rawgeti(L, LUA_REGISTRYINDEX, SK_REF_KEY_DISPATCH);
    lua_rawget(L, -2);
}

/* Where the dispatch function of the request's protocol is, for the warning. */
static void describe_handler(sk_vm *vm, const sk_task *task, char *ret_text, size_t size) {
    lua_State *L = vm->L;
    lua_Debug ar = {.linedefined = -1, .short_src = "?"};
    int top = lua_gettop(L);
    push_handler_raw(L, task->type);
    if (lua_isfunction(L, -1))
        (void)lua_getinfo(L, ">S", &ar);
    snprintf(ret_text, size, "%s:%d", ar.short_src, ar.linedefined);
    lua_settop(L, top);
}

static void finish(sk_vm *vm, sk_task *task) {
    if (SK_UNLIKELY(task->request == SK_REQUEST_OPEN && task->session != 0)) {
        char where[128];
        describe_handler(vm, task, where, sizeof where);
        sk_vm_log(vm, "Maybe forgot response session %d from :%08x : %s", task->session,
                  task->source.v, where);
    }
    if (SK_UNLIKELY(task->trace))
        sk_trace_event(task, "end");
    sk_task_end(task);
}

/* A user's yield that no resume waits for. */
static void stray_yield(sk_vm *vm, sk_task *task, int count) {
    lua_State *co = task->co;
    if (count > 0 && lua_type(co, -count) == LUA_TSTRING)
        lua_pushfstring(co, "Unknown command : %s", lua_tostring(co, -count));
    else
        lua_pushliteral(co, "coroutine.yield out of any coroutine.resume");
    fail(vm, task);
}

/* A watched task goes on, and waits. */
static void watched_goes_on(sk_vm *vm, sk_task *task) {
    if (task->watched & SK_WATCH_TRACE)
        sk_trace_event(task, "resume");
    if (task->watched & SK_WATCH_PROFILE)
        sk_profile_begin(vm, task->co);
    if (task->watched & SK_WATCH_ACCOUNT)
        sk_account_charge_start(task);
}

static void watched_waits(sk_vm *vm, sk_task *task) {
    if (task->watched & SK_WATCH_PROFILE)
        sk_profile_end(vm, task->co);
    if (task->watched & SK_WATCH_ACCOUNT)
        sk_account_charge_stop(task);
    if (task->watched & SK_WATCH_EXIT) {
        sk_task_close(task);
        sk_task_end(task);
    }
}

/* Resumes the task with what is on its stack. */
static void run_task(sk_vm *vm, sk_task *task, int nargs) {
    int count = 0;
    task->chain_count = 0;
    vm->current = task;
    vm->limit_is_on = true;
    sk_store_relaxed(&vm->running, task->co);
    int status = lua_resume(task->co, vm->L, nargs, &count);
    sk_store_relaxed(&vm->running, NULL);
    vm->limit_is_on = false;
    vm->current = NULL;
    if (SK_LIKELY(status == LUA_YIELD && vm->is_blocking)) {
        vm->is_blocking = false;
        if (SK_UNLIKELY(task->watched))
            watched_waits(vm, task);
    } else if (status == LUA_OK) {
        finish(vm, task);
    } else if (status == LUA_YIELD) {
        stray_yield(vm, task, count);
    } else {
        fail(vm, task);
    }
}

static void resume_waiter(sk_vm *vm, sk_task *task, sk_wake wake) {
    bool starts = task->wait == SK_WAIT_START || task->wait == SK_WAIT_FORK;
    bool answer_may_come =
        wake == SK_WAKE_BREAK || wake == SK_WAKE_DEADLINE || wake == SK_WAKE_TERM;
    sk_task_unwait(task, answer_may_come);
    task->wake = (uint8_t)wake;
    if (SK_UNLIKELY(task->watched))
        watched_goes_on(vm, task);
    run_task(vm, task, starts ? task->nargs : 0);
}

/* ---- the body of a request's coroutine ---- */

static int request_done(lua_State *L, int status, lua_KContext ctx) {
    (void)L;
    (void)status;
    (void)ctx;
    return 0;
}

/* Pushes session, source and the unpacked values. Stack: proto at 1, the handler on top. */
static int push_request(lua_State *L, sk_task *task, sk_msg *msg) {
    lua_pushinteger(L, task->session);
    lua_pushinteger(L, task->source.v);
    sk_bind_get_field(L, 1, SK_REF_KEY_UNPACK);
    if (SK_LIKELY(lua_tocfunction(L, -1) == sk_bind_unpack)) {
        lua_pop(L, 1);
        return 2 + sk_seri_unpack(L, msg->data, msg->size, msg->hints);
    }
    int base = lua_gettop(L);
    lua_pushlightuserdata(L, msg->data);
    lua_pushinteger(L, (lua_Integer)msg->size);
    lua_call(L, 2, LUA_MULTRET);
    sk_bind_note_taken(L, base, msg);
    return 2 + lua_gettop(L) - base + 1;
}

/* Nobody handles this protocol: the hook, or the default, for messages without a session. */
static int unknown_request(lua_State *L, sk_task *task, sk_msg *msg) {
    if (task->session != 0) {
        sk_task_refuse_request(task);
        return 0;
    }
    return sk_bind_unknown_request(L, task, msg);
}

/* A protocol with skynet's own unpacking: nothing to look up. */
static bool push_plain_handler(lua_State *L, const sk_task *task) {
    sk_vm *vm = task->vm;
    int slot = sk_bind_plain_slot(task->type);
    if (slot < 0 || !vm->plain[slot].is_plain || vm->plain[slot].is_traced || vm->trace_tags.count)
        return false;
    if (lua_rawgeti(L, LUA_REGISTRYINDEX, SK_REF_PLAIN_DISPATCH + slot) != LUA_TBOOLEAN)
        return true;
    lua_pop(L, 1);
    return false;
}

/* The tag that the source has sent, or what the field `trace` of the protocol at 1 wants. */
static void begin_trace(lua_State *L, sk_task *task) {
    int type = sk_bind_get_field(L, 1, SK_REF_KEY_TRACE);
    bool is_on = lua_toboolean(L, -1);
    lua_pop(L, 1);
    if (SK_UNLIKELY(type != LUA_TNIL))
        sk_trace_force(task, is_on);
    else if (SK_UNLIKELY(task->vm->trace_tags.count))
        sk_trace_adopt(task);
}

static int request_main(lua_State *L) {
    sk_task *task = sk_vm_record(L);
    sk_msg *msg = task->vm->msg;
    if (SK_LIKELY(push_plain_handler(L, task))) {
        lua_pushinteger(L, task->session);
        lua_pushinteger(L, task->source.v);
        int count = sk_seri_unpack(L, msg->data, msg->size, msg->hints);
        lua_callk(L, count + 2, 0, 0, request_done);
        return 0;
    }
    if (!sk_bind_push_proto(L, task->type))
        return unknown_request(L, task, msg);
    begin_trace(L, task);
    if (sk_bind_get_field(L, 1, SK_REF_KEY_DISPATCH) == LUA_TNIL)
        return unknown_request(L, task, msg);
    int nargs = push_request(L, task, msg);
    lua_callk(L, nargs, 0, 0, request_done);
    return 0;
}

static bool is_registered(sk_vm *vm, int type) {
    lua_State *L = vm->L;
    lua_rawgeti(L, LUA_REGISTRYINDEX, SK_REF_PROTO);
    bool is = lua_rawgeti(L, -1, type) != LUA_TNIL;
    lua_pop(L, 2);
    return is;
}

static void on_request(sk_vm *vm, sk_msg *msg) {
    if (SK_UNLIKELY(sk_deadline_is_past(vm, msg->deadline_ns))) {
        sk_service_bounce(vm->service, msg);
        return;
    }
    if (SK_UNLIKELY(msg->type == SK_TYPE_TRACE) && !is_registered(vm, SK_TYPE_TRACE)) {
        sk_trace_remember(vm, msg);
        return;
    }
    sk_task *task = sk_task_try_new(vm);
    if (SK_UNLIKELY(!task)) {
        sk_vm_log_error(vm, "lua memory error : [%x to :%x : %d]", msg->source.v,
                        sk_service_handle(vm->service).v, msg->session);
        sk_service_bounce(vm->service, msg);
        return;
    }
    task->request = SK_REQUEST_OPEN;
    task->type = msg->type;
    task->session = msg->session;
    task->source = msg->source;
    task->deadline_ns = msg->deadline_ns;
    lua_pushcfunction(task->co, request_main);
    run_task(vm, task, 0);
}

void sk_dispatcher_spawn(sk_vm *vm, int ref, lua_Integer id, const sk_spawn_arg *arg) {
    sk_task *task = vm->is_exiting ? NULL : sk_task_try_new(vm);
    if (!task)
        return;
    lua_State *co = task->co;
    lua_rawgeti(co, LUA_REGISTRYINDEX, ref);
    lua_pushinteger(co, id);
    if (arg && arg->text)
        lua_pushstring(co, arg->text);
    else if (arg)
        lua_pushinteger(co, arg->number);
    run_task(vm, task, arg ? 2 : 1);
}

void sk_dispatcher_spawn_bytes(sk_vm *vm, int ref, const sk_spawn_bytes args[2]) {
    sk_task *task = vm->is_exiting ? NULL : sk_task_try_new(vm);
    if (!task)
        return;
    lua_State *co = task->co;
    lua_rawgeti(co, LUA_REGISTRYINDEX, ref);
    for (int i = 0; i < 2; i++)
        lua_pushlstring(co, args[i].data, args[i].size);
    run_task(vm, task, 2);
}

/* ---- answers ---- */

/* The task that waits for the message, if it is the answer to one. */
static sk_task *waiting_task(const sk_vm *vm, const sk_msg *msg) {
    if (msg->kind == SK_MSG_NODE || msg->type != SK_TYPE_RESPONSE)
        return NULL;
    if (msg->deadline_ns)
        return sk_task_of_timer(vm, msg);
    void *waiter = sk_map_get(&vm->sessions, (uint64_t)(uint32_t)msg->session);
    return waiter && sk_waiter_kind(waiter) == SK_WAITER_TASK ? sk_waiter_ptr(waiter) : NULL;
}

/* About the size of a coroutine, and what is used of a fresh one's stack. */
#define THREAD_SIZE 208
#define STACK_SIZE 128

static inline void fetch(const void *memory, size_t size) {
    for (size_t at = 0; at < size; at += SK_CACHE_LINE)
        __builtin_prefetch((const char *)memory + at);
}

/* A burst of answers or timers touches, for each, memory that has rested for long: its entry among
 * the sessions or slots, the task, the coroutine. Each is fetched one message before it is needed
 * to find the next of them. */
static void prefetch_waiters(const sk_vm *vm, const sk_msg *next) {
    sk_task *task = waiting_task(vm, next);
    if (task) {
        fetch(task->co, THREAD_SIZE);
        fetch(task->stack, STACK_SIZE);
    }
    next = next->next;
    if (!next)
        return;
    task = waiting_task(vm, next);
    if (task)
        fetch(task, sizeof *task);
    next = next->next;
    if (next && !next->deadline_ns)
        sk_map_prefetch(&vm->sessions, (uint64_t)(uint32_t)next->session);
    else if (next && next->deadline_ns < vm->slot_cap)
        __builtin_prefetch(&vm->slots[next->deadline_ns]);
}

static void on_response(sk_vm *vm, sk_msg *msg) {
    const sk_msg *next = sk_service_upcoming(vm->service);
    if (SK_UNLIKELY(next))
        prefetch_waiters(vm, next);
    if (msg->deadline_ns) {
        sk_task *task = sk_task_of_timer(vm, msg);
        if (SK_LIKELY(task))
            resume_waiter(vm, task, SK_WAKE_TIMER);
        return;
    }
    void *waiter = sk_map_get(&vm->sessions, (uint64_t)(uint32_t)msg->session);
    if (SK_UNLIKELY(!waiter)) {
        bool is_fed = vm->feed_depth > 0;
        sk_task *task = is_fed ? sk_task_of_fed_timer(vm, msg->session) : NULL;
        if (task)
            resume_waiter(vm, task, SK_WAKE_TIMER);
        else
            sk_bind_unknown_response(vm, msg);
        return;
    }
    void *ptr = sk_waiter_ptr(waiter);
    switch (sk_waiter_kind(waiter)) {
    case SK_WAITER_TASK: {
        sk_task *task = ptr;
        bool is_call = task->wait == SK_WAIT_CALL;
        resume_waiter(vm, task, is_call ? SK_WAKE_ANSWER : SK_WAKE_TIMER);
        break;
    }
    case SK_WAITER_SELECT:
        sk_select_deliver(vm, ptr, msg);
        break;
    case SK_WAITER_DEADLINE:
        (void)sk_map_take(&vm->sessions, (uint64_t)msg->session);
        sk_deadline_expire(vm);
        break;
    default:
        (void)sk_map_take(&vm->sessions, (uint64_t)msg->session);
        break;
    }
}

void sk_dispatcher_fail_calls(sk_vm *vm, sk_handle callee, bool answer_may_come) {
    for (sk_link *l = vm->tasks.next; l != &vm->tasks; l = l->next) {
        sk_task *task = SK_CONTAINER(l, sk_task, all);
        if (task->wait == SK_WAIT_CALL && sk_handle_eq(task->callee, callee))
            sk_task_queue_failure(task, answer_may_come ? SK_WAKE_TERM : SK_WAKE_FAILED);
    }
    for (sk_link *l = vm->replies.next; l != &vm->replies; l = l->next) {
        sk_reply *reply = SK_CONTAINER(l, sk_reply, link);
        if (sk_handle_eq(reply->source, callee))
            reply->caller_is_gone = true;
    }
    sk_map failed = {0};
    uint32_t cursor = 0;
    uint64_t session;
    for (void *waiter; sk_map_next(&vm->sessions, &cursor, &session, &waiter);)
        if (sk_waiter_kind(waiter) == SK_WAITER_SELECT &&
            sk_handle_eq(sk_select_callee(sk_waiter_ptr(waiter)), callee))
            (void)sk_map_put(&failed, session, sk_waiter_ptr(waiter));
    cursor = 0;
    for (void *record; sk_map_next(&failed, &cursor, &session, &record);) {
        sk_select_deliver(vm, record, NULL);
        if (answer_may_come)
            (void)sk_map_put(&vm->sessions, session, sk_waiter_make(NULL, SK_WAITER_GIVEN_UP));
    }
    sk_map_done(&failed);
}

static void on_error(sk_vm *vm, sk_msg *msg) {
    if (msg->session == 0) {
        sk_dispatcher_fail_calls(vm, msg->source, false);
        return;
    }
    void *waiter = sk_map_get(&vm->sessions, (uint64_t)(uint32_t)msg->session);
    if (!waiter)
        return;
    if (sk_waiter_kind(waiter) == SK_WAITER_SELECT) {
        sk_select_deliver(vm, sk_waiter_ptr(waiter), NULL);
    } else if (sk_waiter_kind(waiter) == SK_WAITER_TASK) {
        sk_task *task = sk_waiter_ptr(waiter);
        if (task->wait == SK_WAIT_CALL)
            resume_waiter(vm, task, SK_WAKE_FAILED);
    } else if (sk_waiter_kind(waiter) == SK_WAITER_GIVEN_UP) {
        (void)sk_map_take(&vm->sessions, (uint64_t)msg->session);
    }
}

/* A yield's node is back: its task goes on, unless it was woken or killed meanwhile. */
static void on_yield_node(sk_vm *vm, sk_msg *msg) {
    sk_yield_node *node = (sk_yield_node *)(void *)msg;
    sk_task *task = node->task;
    node->is_queued = false;
    if (SK_UNLIKELY(!task)) {
        sk_list_remove(&node->link);
        sk_free(node);
    } else if (task->wait == SK_WAIT_SLEEP && task->wait_session == msg->session) {
        resume_waiter(vm, task, SK_WAKE_TIMER);
    }
}

static void on_node(sk_vm *vm, sk_msg *msg) {
    if (msg->type == SK_TYPE_RESPONSE)
        on_yield_node(vm, msg);
    else if (vm->on_socket)
        (void)vm->on_socket(vm, msg);
    else
        sk_node_io_ops(vm->node)->drop(sk_node_io(vm->node), vm->service, msg);
}

/* ---- the order of one dispatch ---- */

static void serve_woken(sk_vm *vm) {
    while (!vm->is_exiting) {
        sk_link *link = sk_list_pop(&vm->wakeups);
        if (!link)
            link = sk_list_pop(&vm->failures);
        if (!link)
            return;
        sk_task *task = SK_CONTAINER(link, sk_task, queue);
        resume_waiter(vm, task, (sk_wake)task->wake);
    }
}

static void serve_forks(sk_vm *vm) {
    while (!vm->is_exiting) {
        sk_link *link = sk_list_pop(&vm->forks);
        if (!link)
            return;
        resume_waiter(vm, SK_CONTAINER(link, sk_task, queue), SK_WAKE_BREAK);
        serve_woken(vm);
    }
}

/* What the message made runnable; mostly nothing. */
static inline void serve_queues(sk_vm *vm) {
    if (SK_UNLIKELY(!sk_list_is_empty(&vm->wakeups) || !sk_list_is_empty(&vm->failures)))
        serve_woken(vm);
    if (SK_UNLIKELY(!sk_list_is_empty(&vm->forks)))
        serve_forks(vm);
}

static void log_errors(sk_vm *vm, const sk_msg *msg) {
    if (SK_LIKELY(vm->errors.len == 0))
        return;
    sk_vm_log_error(vm, "lua call [%x to :%x : %d msgsz = %zu] error : %.*s", msg->source.v,
                    sk_service_handle(vm->service).v, msg->session, msg->size, (int)vm->errors.len,
                    (const char *)vm->errors.data);
    vm->errors.len = 0;
}

static void by_callback(sk_vm *vm, sk_msg *msg) {
    lua_State *L = vm->L;
    lua_rawgeti(L, LUA_REGISTRYINDEX, vm->callback_ref);
    lua_pushinteger(L, msg->type);
    lua_pushlightuserdata(L, msg->data);
    lua_pushinteger(L, (lua_Integer)msg->size);
    lua_pushinteger(L, msg->session);
    lua_pushinteger(L, msg->source.v);
    if (sk_vm_pcall(vm, L, 5, 0) != LUA_OK)
        sk_dispatcher_take_error_text(vm);
}

static void by_type(sk_vm *vm, sk_msg *msg) {
    if (msg->kind == SK_MSG_NODE)
        on_node(vm, msg);
    else if (msg->type == SK_TYPE_SOCKET && vm->on_socket)
        (void)vm->on_socket(vm, msg);
    else if (msg->type == SK_TYPE_RESPONSE)
        on_response(vm, msg);
    else if (msg->type == SK_TYPE_ERROR)
        on_error(vm, msg);
    else
        on_request(vm, msg);
}

static void run_handler(sk_vm *vm, sk_msg *msg) {
    if (SK_UNLIKELY(vm->callback_ref != LUA_NOREF))
        by_callback(vm, msg);
    else
        by_type(vm, msg);
    serve_queues(vm);
    log_errors(vm, msg);
}

/* A node belongs to a task or a socket, which may be gone when the handler returns: what is needed
 * later is copied first. */
static void handle_node(sk_vm *vm, sk_msg *node) {
    sk_msg header = *node;
    vm->msg = &header;
    on_node(vm, node);
    serve_queues(vm);
    log_errors(vm, &header);
    vm->msg = NULL;
}

void sk_dispatcher_handle(sk_vm *vm, sk_msg *msg) {
    sk_msg *outer_msg = vm->msg;
    sk_task *outer_task = vm->current;
    lua_State *running = sk_load_relaxed(&vm->running);
    bool limit_is_on = vm->limit_is_on;
    int barrier_count = vm->barrier_count;
    vm->msg = msg;
    vm->current = NULL;
    vm->barrier_count = 0;
    by_type(vm, msg);
    serve_queues(vm);
    vm->barrier_count = barrier_count;
    vm->limit_is_on = limit_is_on;
    sk_store_relaxed(&vm->running, running);
    vm->current = outer_task;
    vm->msg = outer_msg;
}

/* core.callback(f, true): the payload belongs to the callback, which may free it at once. */
static void handle_kept(sk_vm *vm, sk_msg *take_msg) {
    sk_msg header = *take_msg;
    (void)sk_msg_take_payload(take_msg);
    vm->msg = &header;
    run_handler(vm, &header);
    vm->msg = NULL;
}

/* A service that never called skynet.start, or has exited: nothing can handle its messages. The
 * lines of a log service must not be lost. */
static bool refuse(sk_vm *vm, sk_msg *msg) {
    if (msg->type == SK_TYPE_TEXT && sk_service_drains(vm->service))
        sk_node_log_stderr(msg->source, msg->data, msg->size);
    else
        sk_service_bounce(vm->service, msg);
    return false;
}

bool sk_dispatcher_on_message(sk_service *service, void *user, sk_msg *msg) {
    sk_vm *vm = user;
    bool is_node = msg->kind == SK_MSG_NODE;
    bool is_kept = vm->keeps_messages;
    if (SK_UNLIKELY(!vm->is_started && !is_node))
        return refuse(vm, msg);
    sk_worker *worker = sk_service_worker(service);
    sk_worker_publish(worker, sk_vm_interrupt, vm);
    vm->scratch.len = 0;
    if (is_node) {
        handle_node(vm, msg);
    } else if (SK_UNLIKELY(is_kept)) {
        handle_kept(vm, msg);
    } else {
        vm->msg = msg;
        run_handler(vm, msg);
        vm->msg = NULL;
    }
    sk_worker_publish(worker, NULL, NULL);
    sk_service_set_memory(service, vm->memory_size);
    return is_node || is_kept;
}

/* ---- killing and exiting ---- */

void sk_dispatcher_kill(sk_task *task) {
    bool is_fork = task->wait == SK_WAIT_FORK;
    sk_task_refuse_request(task);
    sk_task_unwait(task, true);
    if (!is_fork)
        sk_task_close(task);
    task->is_exposed = true; /* a fork that never ran keeps its function: never reused */
    sk_task_end(task);
}

/* Closes every coroutine but the one that runs. */
static void close_others(sk_vm *vm) {
    for (sk_link *l = vm->tasks.next; l != &vm->tasks; l = l->next) {
        sk_task *task = SK_CONTAINER(l, sk_task, all);
        if (task == vm->current || task->wait == SK_WAIT_NONE)
            continue;
        task->wait = SK_WAIT_EXIT;
        sk_task_close(task);
    }
}

static int exited(lua_State *L, int status, lua_KContext ctx) {
    (void)status;
    (void)ctx;
    return luaL_error(L, "a coroutine of a service that has exited was resumed");
}

int sk_dispatcher_exit_for(lua_State *L, const sk_exit_reason *reason) {
    sk_vm *vm = sk_vm_of(L);
    bool can_block = vm->current && lua_isyieldable(L) && vm->barrier_count == 0;
    vm->is_exiting = true;
    vm->is_started = false; /* what still comes, to a service that drains, is refused */
    while (!sk_list_is_empty(&vm->forks))
        sk_dispatcher_kill(SK_CONTAINER(vm->forks.next, sk_task, queue));
    int top = lua_gettop(L);
    lua_pushliteral(L, "REMOVE");
    lua_pushinteger(L, sk_service_handle(vm->service).v);
    lua_pushboolean(L, false);
    sk_bind_tell_launcher(L, top + 1);
    vm->has_left = true;
    sk_task_drop_all(vm);
    close_others(vm);
    sk_vm_log(vm, "KILL self");
    (void)sk_service_retire_for(vm->node, sk_service_worker(vm->service),
                                sk_service_handle(vm->service), reason);
    if (!can_block)
        return luaL_error(L, "attempt to yield from outside a coroutine (the service exits)");
    vm->current->wait = SK_WAIT_EXIT;
    vm->current->watched |= SK_WATCH_EXIT;
    return sk_task_block(L, exited, 0);
}

int sk_dispatcher_exit(lua_State *L) {
    static const sk_exit_reason reason = {.kind = SK_EXIT_NORMAL};
    return sk_dispatcher_exit_for(L, &reason);
}
