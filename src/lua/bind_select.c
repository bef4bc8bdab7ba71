/* bind_select.c -- request sets: several calls at once, for skynet.request.
 *
 * The Lua part (lualib/skynet/request.lua) keeps the list of requests; here are their sessions and
 * answers. An answer that comes is kept as its message until the iterating coroutine asks for it,
 * and is unpacked there. The set is a userdata; each open request is a record of its own that the
 * session map points to. */
#include "lua/bind.h"

#include "base/assert.h"
#include "base/mem.h"
#include "codec/seri.h"
#include "lua/deadline.h"
#include "lua/dispatcher.h"
#include "lua/task.h"
#include "lua/trace.h"

#include <lauxlib.h>

#define TYPE_NAME "skynet.select"

typedef struct sk_select sk_select;

typedef struct {
    sk_link link;   /* set->pending or set->ready */
    sk_select *set; /* NULL: the set is closed, the answer is dropped */
    sk_msg *answer; /* in ready: a copy of the answer; NULL: failed */
    int32_t index;
    int32_t session;
    sk_handle callee;
    uint8_t type;
} request;

struct sk_select {
    sk_vm *vm;
    sk_link pending;
    sk_link ready;         /* in order of arrival */
    sk_task *waiter;       /* waits for an answer; NULL: nobody does */
    lua_State *owner;      /* made the set; kept alive by the set's user value */
    int32_t timer_session; /* 0: no timer */
    bool is_timed_out;
    bool is_closed;
    request timer; /* the record of the timer's session */
};

static sk_select *check_select(lua_State *L) { return luaL_checkudata(L, 1, TYPE_NAME); }

static void wake(sk_select *set) {
    if (set->waiter)
        sk_task_queue_wakeup(set->waiter);
}

/* Takes the answer's payload out of a message that its dispatcher will free. */
static sk_msg *copy_of(const sk_msg *msg) {
    sk_msg *copy = sk_msg_new_copy(msg->data, msg->size);
    for (int i = 0; i < SK_MSG_HINT_COUNT; i++)
        copy->hints[i] = msg->hints[i];
    return copy;
}

void sk_select_deliver(sk_vm *vm, void *record, sk_msg *msg) {
    request *r = record;
    (void)sk_map_take(&vm->sessions, (uint64_t)r->session);
    vm->waiting_count--;
    sk_select *set = r->set;
    if (r == &set->timer) {
        set->timer_session = 0;
        set->is_timed_out = true;
    } else {
        r->answer = msg ? copy_of(msg) : NULL;
        sk_list_remove(&r->link);
        sk_list_push(&set->ready, &r->link);
    }
    wake(set);
}

sk_handle sk_select_callee(const void *record) { return ((const request *)record)->callee; }

lua_State *sk_select_owner(const void *record) {
    const request *r = record;
    return r == &r->set->timer ? NULL : r->set->owner;
}

/* new() -> set */
static int select_new(lua_State *L) {
    sk_select *set = lua_newuserdatauv(L, sizeof *set, 1);
    *set = (sk_select){.vm = sk_vm_of(L), .owner = L};
    lua_pushthread(L);
    lua_setiuservalue(L, -2, 1);
    sk_list_init(&set->pending);
    sk_list_init(&set->ready);
    luaL_setmetatable(L, TYPE_NAME);
    return 1;
}

/* set:send(index, addr, typename, ...) -> true | false when there is no such service */
static int select_send(lua_State *L) {
    sk_select *set = check_select(L);
    sk_vm *vm = set->vm;
    int32_t index = (int32_t)luaL_checkinteger(L, 2);
    sk_address to = sk_bind_check_address(L, 3);
    int last = lua_gettop(L);
    int type = sk_bind_check_proto(L, 4);
    sk_msg *msg = sk_bind_pack_by(L, last + 1, 5, last);
    int32_t session = sk_task_new_session(vm);
    msg->source = sk_service_handle(vm->service);
    msg->type = (uint8_t)type;
    msg->session = session;
    msg->deadline_ns = vm->current ? vm->current->deadline_ns : 0;
    if (SK_UNLIKELY(vm->current && vm->current->trace))
        sk_trace_call(L, vm->current, to);
    if (sk_bind_post(vm, to, msg) < 0) {
        lua_pushboolean(L, false);
        return 1;
    }
    request *r = sk_new(request);
    *r = (request){
        .set = set, .index = index, .session = session, .callee = to.handle, .type = (uint8_t)type};
    sk_list_init(&r->link);
    sk_list_push(&set->pending, &r->link);
    (void)sk_map_put(&vm->sessions, (uint64_t)session, sk_waiter_make(r, SK_WAITER_SELECT));
    vm->waiting_count++;
    lua_pushboolean(L, true);
    return 1;
}

/* set:arm(ticks): the set ends after this time */
static int select_arm(lua_State *L) {
    sk_select *set = check_select(L);
    double ticks = luaL_checknumber(L, 2);
    int32_t session = sk_task_new_session(set->vm);
    set->timer = (request){.set = set, .session = session};
    sk_list_init(&set->timer.link);
    set->timer_session = session;
    (void)sk_map_put(&set->vm->sessions, (uint64_t)session,
                     sk_waiter_make(&set->timer, SK_WAITER_SELECT));
    set->vm->waiting_count++;
    sk_task_arm(set->vm, session, ticks);
    return 0;
}

static void give_up(sk_vm *vm, int32_t session) {
    if (sk_map_get(&vm->sessions, (uint64_t)session)) {
        (void)sk_map_put(&vm->sessions, (uint64_t)session,
                         sk_waiter_make(NULL, SK_WAITER_GIVEN_UP));
        vm->waiting_count--;
    }
}

static void close_set(sk_select *set) {
    set->is_closed = true;
    if (set->timer_session)
        give_up(set->vm, set->timer_session);
    set->timer_session = 0;
    for (sk_link *link; (link = sk_list_pop(&set->pending));) {
        request *r = SK_CONTAINER(link, request, link);
        give_up(set->vm, r->session);
        sk_free(r);
    }
    for (sk_link *link; (link = sk_list_pop(&set->ready));) {
        request *r = SK_CONTAINER(link, request, link);
        sk_msg_free(r->answer);
        sk_free(r);
    }
}

static int select_gc(lua_State *L) {
    sk_select *set = check_select(L);
    sk_task_forget_waiter(&set->waiter);
    if (!set->is_closed)
        close_set(set);
    return 0;
}

/* set:close() */
static int select_close(lua_State *L) {
    sk_select *set = check_select(L);
    if (!set->is_closed)
        close_set(set);
    return 0;
}

/* The unpacked values of an answer, called protected: (proto, answer) */
static int unpack_answer(lua_State *L) {
    request *r = lua_touserdata(L, 1);
    (void)sk_bind_push_proto(L, r->type);
    sk_bind_get_field(L, -1, SK_REF_KEY_UNPACK);
    int base = lua_gettop(L);
    lua_pushlightuserdata(L, r->answer->data);
    lua_pushinteger(L, (lua_Integer)r->answer->size);
    lua_call(L, 2, LUA_MULTRET);
    return lua_gettop(L) - base + 1;
}

/* Pushes index, ok and the values of the oldest answer. */
static int push_ready(lua_State *L, sk_select *set) {
    request *r = SK_CONTAINER(sk_list_pop(&set->ready), request, link);
    sk_msg *answer = r->answer;
    lua_settop(L, 1);
    lua_pushinteger(L, r->index);
    lua_pushboolean(L, answer != NULL);
    if (answer) {
        lua_pushcfunction(L, unpack_answer);
        lua_pushlightuserdata(L, r);
        if (lua_pcall(L, 1, LUA_MULTRET, 0) != LUA_OK) {
            sk_vm_log(set->vm, "select: %s", luaL_tolstring(L, -1, NULL));
            lua_settop(L, 2);
            lua_pushboolean(L, false);
        }
    }
    sk_msg_free(answer);
    sk_free(r);
    return lua_gettop(L) - 1;
}

static int select_next_k(lua_State *L, int status, lua_KContext ctx);

static int select_step(lua_State *L, sk_select *set) {
    if (!sk_list_is_empty(&set->ready))
        return push_ready(L, set);
    if (set->is_closed || set->is_timed_out || sk_list_is_empty(&set->pending))
        return 0;
    sk_task *task = sk_task_check_block(L);
    if (set->waiter)
        return luaL_error(L, "two coroutines iterate over one request set");
    sk_task_wait_plain(task, SK_WAIT_SELECT);
    sk_task_set_waiter(task, &set->waiter);
    if (task->deadline_ns)
        sk_deadline_add(task);
    return sk_task_block(L, select_next_k, 0);
}

/* The deadline of the iterating task has passed: what is open has failed. */
static void fail_pending(sk_select *set) {
    while (!sk_list_is_empty(&set->pending)) {
        request *r = SK_CONTAINER(set->pending.next, request, link);
        give_up(set->vm, r->session);
        sk_list_remove(&r->link);
        sk_list_push(&set->ready, &r->link);
    }
}

static int select_next_k(lua_State *L, int status, lua_KContext ctx) {
    (void)status;
    (void)ctx;
    sk_select *set = check_select(L);
    if (set->vm->current->wake == SK_WAKE_DEADLINE)
        fail_pending(set);
    return select_step(L, set);
}

/* set:next() -> index, ok, values... | nothing at the end; blocks */
static int select_next(lua_State *L) { return select_step(L, check_select(L)); }

/* set:timed_out() -> boolean */
static int select_timed_out(lua_State *L) {
    lua_pushboolean(L, check_select(L)->is_timed_out);
    return 1;
}

int sk_open_select(lua_State *L) {
    static const luaL_Reg methods[] = {{"send", select_send},
                                       {"arm", select_arm},
                                       {"next", select_next},
                                       {"close", select_close},
                                       {"timed_out", select_timed_out},
                                       {"__gc", select_gc},
                                       {NULL, NULL}};
    luaL_newmetatable(L, TYPE_NAME);
    luaL_setfuncs(L, methods, 0);
    lua_pushvalue(L, -1);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, select_new);
    return 1;
}
