/* task.c -- making, pooling, registering and dropping tasks. */
#include "lua/task.h"

#include "actor/worker.h"
#include "base/assert.h"
#include "base/limits.h"
#include "base/mem.h"
#include "lua/account.h"
#include "lua/deadline.h"
#include "lua/profile.h"
#include "lua/trace.h"

#include <lauxlib.h>
#include <string.h>

#define SLOT_CAP_MIN 16

static void set_extra(lua_State *co, void *record) { *(void **)lua_getextraspace(co) = record; }

/* ---- slots: slot -> thread, so that the collector keeps it; slot -> task, for its timers ---- */

static void set_slot(sk_vm *vm, int slot, sk_task *task) {
    if (SK_UNLIKELY((uint32_t)slot >= vm->slot_cap)) {
        uint32_t cap = vm->slot_cap ? 2 * vm->slot_cap : SLOT_CAP_MIN;
        vm->slots = sk_realloc(vm->slots, cap * sizeof(sk_task *));
        memset(vm->slots + vm->slot_cap, 0, (cap - vm->slot_cap) * sizeof(sk_task *));
        vm->slot_cap = cap;
    }
    vm->slots[slot] = task;
}

/* The thread is on top, and stays there. */
static void anchor(sk_vm *vm, sk_task *task, lua_State *L) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, SK_REF_ANCHORS);
    lua_pushvalue(L, -2);
    if (vm->anchor_free) {
        task->anchor = vm->anchor_free;
        lua_rawgeti(L, -2, task->anchor); /* the next free slot is stored in it */
        vm->anchor_free = (int)lua_tointeger(L, -1);
        lua_pop(L, 1);
    } else {
        task->anchor = ++vm->anchor_next;
    }
    lua_rawseti(L, -2, task->anchor);
    lua_pop(L, 1);
    set_slot(vm, task->anchor, task);
}

/* Writes into a slot that exists: allocates nothing, cannot raise. */
static void unanchor(sk_task *task) {
    sk_vm *vm = task->vm;
    lua_State *L = vm->L;
    lua_rawgeti(L, LUA_REGISTRYINDEX, SK_REF_ANCHORS);
    lua_pushinteger(L, vm->anchor_free);
    lua_rawseti(L, -2, task->anchor);
    lua_pop(L, 1);
    vm->anchor_free = task->anchor;
    vm->slots[task->anchor] = NULL;
}

static void reset(sk_task *task) {
    task->request = SK_REQUEST_NONE;
    task->wait = SK_WAIT_NONE;
    task->session = 0;
    task->source = SK_HANDLE_NONE;
    task->deadline_ns = 0;
    task->waiter = NULL;
    task->heap_index = -1;
    task->nargs = 0;
    task->trace_is_off = false;
    task->account = 0;
}

static sk_task *record_new(sk_vm *vm) {
    sk_task *task = sk_new(sk_task);
    task->vm = vm;
    sk_list_init(&task->all);
    sk_list_init(&task->queue);
    reset(task);
    return task;
}

static sk_task *from_pool(sk_vm *vm) {
    sk_link *link = sk_list_pop(&vm->pool);
    if (!link)
        return NULL;
    vm->pool_count--;
    sk_task *task = SK_CONTAINER(link, sk_task, all);
    sk_list_push(&vm->tasks, &task->all);
    return task;
}

sk_task *sk_task_new(sk_vm *vm, lua_State *L, bool is_exposed) {
    sk_task *task = is_exposed ? NULL : from_pool(vm);
    if (task)
        return task;
    luaL_checkstack(L, 4, NULL);
    lua_State *co = lua_newthread(L);
    task = record_new(vm);
    task->co = co;
    task->stack = vm->last_block; /* the last thing that lua_newthread makes */
    task->is_exposed = is_exposed;
    /* Linked before anchor may raise: a task without an anchor is freed with the vm. */
    sk_list_push(&vm->tasks, &task->all);
    anchor(vm, task, L);
    set_extra(co, task);
    return task;
}

/* Protected by sk_task_try_new. */
static int make_pooled(lua_State *L) {
    sk_vm *vm = sk_vm_of(L);
    lua_pushlightuserdata(L, sk_task_new(vm, L, false));
    return 1;
}

sk_task *sk_task_try_new(sk_vm *vm) {
    sk_task *task = from_pool(vm);
    if (task)
        return task;
    lua_pushcfunction(vm->L, make_pooled);
    if (lua_pcall(vm->L, 0, 1, 0) == LUA_OK)
        task = lua_touserdata(vm->L, -1);
    lua_pop(vm->L, 1);
    return task;
}

static bool node_is_queued(const sk_task *task) { return task->node && task->node->is_queued; }

static void record_free(sk_task *task) {
    sk_list_remove(&task->all);
    sk_list_remove(&task->queue);
    sk_free(task->chain);
    if (node_is_queued(task)) {
        task->node->task = NULL;
        sk_list_push(&task->vm->orphans, &task->node->link);
    } else {
        sk_free(task->node);
    }
    sk_free(task);
}

void sk_task_chain_push(sk_task *task, lua_State *co) {
    if (task->chain_count == task->chain_cap) {
        task->chain_cap = task->chain_cap ? 2 * task->chain_cap : 4;
        task->chain = sk_realloc(task->chain, task->chain_cap * sizeof(lua_State *));
    }
    task->chain[task->chain_count++] = co;
    set_extra(co, (void *)((uintptr_t)task | 1));
}

void sk_task_chain_pop(sk_task *task, lua_State *co) {
    set_extra(co, &task->vm->root);
    task->chain_count = 0;
}

/* To-be-closed variables run, and can be interrupted; an error in one is nobody's. */
static void close_thread(sk_vm *vm, lua_State *co) {
    lua_State *outer = sk_load_relaxed(&vm->running);
    sk_store_relaxed(&vm->running, co);
    (void)lua_resetthread(co);
    sk_store_relaxed(&vm->running, outer);
}

void sk_task_close(sk_task *task) {
    for (uint32_t i = 0; i < task->chain_count; i++) {
        set_extra(task->chain[i], &task->vm->root);
        close_thread(task->vm, task->chain[i]);
    }
    task->chain_count = 0;
    close_thread(task->vm, task->co);
}

static void unwatch(sk_task *task) {
    sk_trace_set(task, NULL);
    if (task->watched & SK_WATCH_PROFILE)
        sk_profile_drop(task->vm, task->co);
    if (task->watched & SK_WATCH_ACCOUNT)
        sk_account_close(task);
    task->watched = 0;
}

void sk_task_end(sk_task *take_task) {
    sk_task *task = take_task;
    sk_vm *vm = task->vm;
    sk_assert(task->heap_index < 0);
    sk_list_remove(&task->queue);
    if (SK_UNLIKELY(task->watched))
        unwatch(task);
    bool keeps = !task->is_exposed && lua_status(task->co) == LUA_OK &&
                 vm->pool_count < SK_TASK_POOL_MAX && !node_is_queued(task);
    if (keeps) {
        if (SK_UNLIKELY(lua_gettop(task->co) > 0))
            lua_settop(task->co, 0);
        reset(task);
        sk_list_remove(&task->all);
        sk_list_push(&vm->pool, &task->all);
        vm->pool_count++;
        return;
    }
    set_extra(task->co, &vm->root);
    unanchor(task);
    record_free(task);
}

sk_task *sk_task_check_block(lua_State *L) {
    sk_vm *vm = sk_vm_of(L);
    if (!vm->current || !lua_isyieldable(L)) {
        luaL_error(L, "attempt to yield from outside a coroutine: a blocking call is not possible "
                      "here (main chunk, or a C function that stock Lua cannot yield across)");
    }
    if (vm->barrier_count > 0)
        luaL_error(L, "attempt to yield across a C-call boundary: a coroutine that is resumed "
                      "where stock Lua cannot yield must not block");
    if (sk_load_relaxed(&vm->running) != L)
        luaL_error(L, "a blocking call in a coroutine that foreign C code resumed");
    return vm->current;
}

int sk_task_block(lua_State *L, lua_KFunction k, lua_KContext ctx) {
    sk_vm *vm = sk_vm_of(L);
    vm->is_blocking = true;
    return lua_yieldk(L, 0, ctx, k);
}

static void begin_wait(sk_task *task, sk_wait wait, int32_t session) {
    sk_worker *worker = sk_service_worker(task->vm->service);
    task->wait = (uint8_t)wait;
    task->wait_session = session;
    task->since_cycles = worker ? sk_worker_stamp(worker) : 0;
}

void sk_task_wait_answer(sk_task *task, int32_t session, sk_handle callee) {
    begin_wait(task, SK_WAIT_CALL, session);
    task->callee = callee;
    task->vm->waiting_count++;
    (void)sk_map_put(&task->vm->sessions, (uint64_t)session, sk_waiter_make(task, SK_WAITER_TASK));
    if (task->deadline_ns)
        sk_deadline_add(task);
}

/* A yield: the task's own node goes to the end of the mailbox, no allocation but for the first. */
static void post_node(sk_task *task, int32_t session) {
    sk_vm *vm = task->vm;
    if (SK_UNLIKELY(!task->node)) {
        task->node = sk_new(sk_yield_node);
        task->node->msg = (sk_msg){.kind = SK_MSG_NODE, .type = SK_TYPE_RESPONSE};
        task->node->task = task;
    }
    task->node->msg.session = session;
    task->node->is_queued = true;
    (void)sk_service_post(vm->service, sk_service_handle(vm->service), &task->node->msg);
}

static void arm(sk_vm *vm, int32_t session, double delay_cs, uint64_t tag) {
    uint64_t delay_ms = delay_cs <= 0 ? 0 : (uint64_t)(delay_cs * 10.0 + 0.999);
    sk_service_start_timer(vm->service, session, delay_ms, tag);
}

void sk_task_wait_timer(sk_task *task, double delay_cs, sk_wait wait) {
    sk_vm *vm = task->vm;
    int32_t session = sk_task_new_session(vm);
    begin_wait(task, wait, session);
    vm->waiting_count++;
    if (delay_cs <= 0 && !node_is_queued(task) && wait == SK_WAIT_SLEEP) {
        post_node(task, session);
        return;
    }
    if (SK_LIKELY(vm->callback_ref == LUA_NOREF)) {
        arm(vm, session, delay_cs, (uint64_t)task->anchor);
        return;
    }
    /* Lua code feeds the messages to us, and has only the session. */
    (void)sk_map_put(&vm->sessions, (uint64_t)session, sk_waiter_make(task, SK_WAITER_TASK));
    arm(vm, session, delay_cs, 0);
}

void sk_task_wait_plain(sk_task *task, sk_wait wait) {
    begin_wait(task, wait, sk_task_new_session(task->vm));
    task->vm->waiting_count += wait != SK_WAIT_SELECT; /* its requests are what is counted */
}

void sk_task_set_waiter(sk_task *task, sk_task **waiter) {
    *waiter = task;
    task->waiter = waiter;
}

void sk_task_forget_waiter(sk_task **waiter) {
    if (*waiter)
        (*waiter)->waiter = NULL;
    *waiter = NULL;
}

static bool waits_for_timer(const sk_task *task, int32_t session) {
    return (task->wait == SK_WAIT_START || task->wait == SK_WAIT_SLEEP) &&
           task->wait_session == session;
}

/* Whether the session that the task waits for is in vm->sessions. */
static bool is_listed(const sk_task *task) {
    const sk_vm *vm = task->vm;
    if (task->wait == SK_WAIT_CALL)
        return true;
    if (SK_LIKELY(vm->callback_ref == LUA_NOREF)) /* only fed timers are */
        return false;
    void *waiter = sk_map_get(&vm->sessions, (uint64_t)task->wait_session);
    return waiter == sk_waiter_make((void *)(uintptr_t)task, SK_WAITER_TASK);
}

void sk_task_unwait(sk_task *task, bool answer_may_come) {
    sk_vm *vm = task->vm;
    if (task->waiter)
        sk_task_forget_waiter(task->waiter);
    void *waiter =
        is_listed(task) ? sk_map_take(&vm->sessions, (uint64_t)task->wait_session) : NULL;
    if (waiter && answer_may_come)
        (void)sk_map_put(&vm->sessions, (uint64_t)task->wait_session,
                         sk_waiter_make(NULL, SK_WAITER_GIVEN_UP));
    if (task->wait != SK_WAIT_NONE && task->wait != SK_WAIT_FORK && task->wait != SK_WAIT_SELECT)
        vm->waiting_count--;
    if (task->heap_index >= 0)
        sk_deadline_remove(task);
    task->wait = SK_WAIT_NONE;
    task->callee = SK_HANDLE_NONE;
}

static void queue_on(sk_link *head, sk_task *task, sk_wake wake) {
    if (sk_list_is_linked(&task->queue))
        return;
    task->wake = (uint8_t)wake;
    sk_list_push(head, &task->queue);
}

void sk_task_queue_wakeup(sk_task *task) { queue_on(&task->vm->wakeups, task, SK_WAKE_BREAK); }

void sk_task_queue_failure(sk_task *task, sk_wake wake) {
    queue_on(&task->vm->failures, task, wake);
}

int32_t sk_task_new_session(sk_vm *vm) { return sk_service_new_session(vm->service); }

/* A turn of the counter begins: numbers of earlier turns are in use if they are waited for now. */
static void note_old_sessions(sk_vm *vm) {
    sk_map_done(&vm->old_sessions);
    for (sk_link *l = vm->tasks.next; l != &vm->tasks; l = l->next) {
        sk_task *task = SK_CONTAINER(l, sk_task, all);
        if (task->wait != SK_WAIT_NONE && task->wait_session > 0)
            (void)sk_map_put(&vm->old_sessions, (uint64_t)task->wait_session, task);
    }
}

bool sk_task_session_is_used(void *user, int32_t session) {
    sk_vm *vm = user;
    if (session == 1)
        note_old_sessions(vm);
    return sk_map_get(&vm->sessions, (uint64_t)session) ||
           sk_map_get(&vm->old_sessions, (uint64_t)session);
}

void sk_task_arm(sk_vm *vm, int32_t session, double delay_cs) { arm(vm, session, delay_cs, 0); }

sk_task *sk_task_of_timer(const sk_vm *vm, const sk_msg *msg) {
    sk_task *task = msg->deadline_ns < vm->slot_cap ? vm->slots[msg->deadline_ns] : NULL;
    return task && waits_for_timer(task, msg->session) ? task : NULL;
}

sk_task *sk_task_of_fed_timer(const sk_vm *vm, int32_t session) {
    for (sk_link *l = vm->tasks.next; l != &vm->tasks; l = l->next) {
        sk_task *task = SK_CONTAINER(l, sk_task, all);
        if (waits_for_timer(task, session))
            return task;
    }
    return NULL;
}

sk_task *sk_task_of_thread(lua_State *co) {
    sk_task *task = sk_vm_record(co);
    return task->co == co && task != &task->vm->root ? task : NULL;
}

bool sk_task_send_empty(sk_vm *vm, sk_handle to, uint8_t type, int32_t session) {
    sk_msg *msg = sk_msg_new_around(NULL, 0);
    msg->source = sk_service_handle(vm->service);
    msg->type = type;
    msg->session = session;
    return sk_service_post(vm->service, to, msg) == 0;
}

void sk_task_refuse_request(sk_task *task) {
    if (task->request == SK_REQUEST_OPEN && task->session != 0)
        (void)sk_task_send_empty(task->vm, task->source, SK_TYPE_ERROR, task->session);
    task->request = SK_REQUEST_TAKEN;
}

void sk_task_drop_all(sk_vm *vm) {
    for (sk_link *l = vm->tasks.next; l != &vm->tasks; l = l->next) {
        sk_task *task = SK_CONTAINER(l, sk_task, all);
        sk_task_refuse_request(task);
        if (task->wait == SK_WAIT_CALL)
            (void)sk_task_send_empty(vm, task->callee, SK_TYPE_ERROR, 0);
        if (task->heap_index >= 0)
            sk_deadline_remove(task);
    }
    for (sk_link *link; (link = sk_list_pop(&vm->replies));) {
        sk_reply *reply = SK_CONTAINER(link, sk_reply, link);
        reply->is_answered = true;
        (void)sk_task_send_empty(vm, reply->source, SK_TYPE_ERROR, reply->session);
    }
}

static void free_list(sk_link *head) {
    for (sk_link *link; (link = sk_list_pop(head));) {
        sk_task *task = SK_CONTAINER(link, sk_task, all);
        sk_free(task->chain);
        sk_free(task->trace);
        sk_free(task->node); /* the mailbox has let go of it */
        sk_free(task);
    }
}

void sk_task_free_all(sk_vm *vm) {
    free_list(&vm->tasks);
    free_list(&vm->pool);
    for (sk_link *link; (link = sk_list_pop(&vm->orphans));)
        sk_free(SK_CONTAINER(link, sk_yield_node, link));
    sk_account_free_all(vm);
}
