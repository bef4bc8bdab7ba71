/* trace.c -- tags of tasks, and events in the log. */
#include "lua/trace.h"

#include "base/mem.h"
#include "lua/task.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

/* A tag from a peer longer than this is no tag. */
#define TAG_LEN_MAX 128
/* Sources whose tag waits for their next request; more are not traced. */
#define PENDING_COUNT_MAX 4096
/* Positions shown with an event. */
#define POSITION_COUNT_MAX 3

#define TIMERS_KEY "skynet.timer_traces"

static char *take_pending(sk_vm *vm, sk_handle source) {
    return vm->trace_tags.count ? sk_map_take(&vm->trace_tags, source.v) : NULL;
}

void sk_trace_remember(sk_vm *vm, const sk_msg *msg) {
    if (msg->source.v == 0 || msg->size == 0 || msg->size > TAG_LEN_MAX ||
        vm->trace_tags.count >= PENDING_COUNT_MAX)
        return;
    char *tag = sk_malloc(msg->size + 1);
    memcpy(tag, msg->data, msg->size);
    tag[msg->size] = '\0';
    sk_free(sk_map_put(&vm->trace_tags, msg->source.v, tag));
}

void sk_trace_set(sk_task *task, const char *tag) {
    sk_free(task->trace);
    task->trace = tag ? sk_strdup(tag) : NULL;
    task->watched &= (uint8_t)~SK_WATCH_TRACE;
    if (tag)
        task->watched |= SK_WATCH_TRACE;
}

void sk_trace_adopt(sk_task *task) {
    char *tag = take_pending(task->vm, task->source);
    if (!tag)
        return;
    task->trace = tag;
    task->watched |= SK_WATCH_TRACE;
    sk_trace_event(task, "request");
}

void sk_trace_start(sk_task *task, const char *info) {
    sk_vm *vm = task->vm;
    const char *old = task->trace_is_off ? "false" : task->trace ? task->trace : "nil";
    sk_vm_log(vm, "TRACE %s", old);
    if (task->trace_is_off)
        return;
    char tag[32];
    snprintf(tag, sizeof tag, ":%08x-%u", sk_service_handle(vm->service).v, ++vm->trace_count);
    sk_trace_set(task, tag);
    if (!info) {
        sk_trace_event(task, "trace");
        return;
    }
    size_t size = strlen(info) + sizeof "trace ";
    char *event = sk_malloc(size);
    snprintf(event, size, "trace %s", info);
    sk_trace_event(task, event);
    sk_free(event);
}

void sk_trace_force(sk_task *task, bool is_on) {
    if (!is_on) {
        sk_free(take_pending(task->vm, task->source));
        sk_trace_set(task, NULL);
        task->trace_is_off = true;
        return;
    }
    sk_trace_adopt(task);
    if (!task->trace)
        sk_trace_start(task, NULL);
}

/* Appends " source:line" of the Lua functions from `level` on. */
static void add_positions(sk_buffer *text, lua_State *from, int level) {
    lua_Debug ar;
    int count = 0;
    for (; count < POSITION_COUNT_MAX && lua_getstack(from, level, &ar); level++) {
        (void)lua_getinfo(from, "Sl", &ar);
        if (ar.currentline < 0)
            continue;
        char line[16];
        int size = snprintf(line, sizeof line, ":%d", ar.currentline);
        sk_buffer_append(text, count ? " " : " : ", count ? 1 : 3);
        sk_buffer_append(text, ar.source, strlen(ar.source));
        sk_buffer_append(text, line, (size_t)size);
        count++;
    }
}

void sk_trace_log(sk_vm *vm, const char *tag, const char *event, lua_State *from, int level) {
    sk_buffer text = {0};
    if (level >= 0)
        add_positions(&text, from, level);
    uint64_t now = sk_clock_ns(sk_node_clock(vm->node));
    sk_vm_log(vm, "<TRACE %s> %llu %s%.*s", tag, (unsigned long long)now, event, (int)text.len,
              text.data ? (const char *)text.data : "");
    sk_buffer_done(&text);
}

void sk_trace_event(const sk_task *task, const char *event) {
    sk_trace_log(task->vm, task->trace, event, NULL, -1);
}

void sk_trace_event_here(lua_State *L, const sk_task *task, const char *event) {
    sk_trace_log(task->vm, task->trace, event, L, 0);
}

void sk_trace_call(lua_State *L, sk_task *task, sk_address to) {
    sk_vm *vm = task->vm;
    sk_trace_event_here(L, task, "call");
    sk_msg *msg = sk_msg_new_copy(task->trace, strlen(task->trace));
    msg->source = sk_service_handle(vm->service);
    msg->type = SK_TYPE_TRACE;
    (void)sk_bind_post(vm, to, msg); /* the request will fail, too */
}

/* Pushes the table thread -> text. */
static void push_timers(lua_State *L) {
    if (luaL_getsubtable(L, LUA_REGISTRYINDEX, TIMERS_KEY))
        return;
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "k");
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
}

void sk_trace_timer(lua_State *L, double ticks) {
    char head[64];
    unsigned long long now = sk_node_now_cs(sk_vm_of(L)->node);
    snprintf(head, sizeof head, "TIMER %llu+%.14g : ", now, ticks);
    int thread = lua_gettop(L);
    push_timers(L);
    lua_pushvalue(L, thread);
    luaL_traceback(L, L, NULL, 1);
    lua_pushfstring(L, "%s%s", head, lua_tostring(L, -1));
    lua_remove(L, -2);
    lua_rawset(L, -3);
    lua_settop(L, thread);
}

void sk_trace_push_timer(lua_State *L) {
    push_timers(L);
    lua_insert(L, -2);
    lua_rawget(L, -2);
    lua_remove(L, -2);
}

void sk_trace_done(sk_vm *vm) {
    uint32_t cursor = 0;
    uint64_t source;
    for (void *tag; sk_map_next(&vm->trace_tags, &cursor, &source, &tag);)
        sk_free(tag);
    sk_map_done(&vm->trace_tags);
}
