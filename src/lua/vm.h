/* vm.h -- one Lua service: its state, its memory account, and what the dispatcher keeps outside.
 *
 * Everything here belongs to the service and is touched only by the thread that runs it, but for
 * `running`, which an interrupt's signal handler on that same thread reads. Shared by the files of
 * src/lua only.
 *
 * Lua's per-thread extra space holds a sk_task pointer: the task itself in a service coroutine,
 * the root task (vm->root) in every other thread. In a coroutine that was left behind by a
 * framework block it is the service coroutine's task with bit 0 set. */
#ifndef SK_LUA_VM_H
#define SK_LUA_VM_H

#include "actor/service.h"
#include "base/buffer.h"
#include "base/list.h"
#include "base/map.h"

#include <lua.h>

typedef struct sk_vm sk_vm;
typedef struct sk_task sk_task;

/* What a task waits for. */
typedef enum {
    SK_WAIT_NONE,   /* runs, or is finished */
    SK_WAIT_FORK,   /* queued by fork, not started */
    SK_WAIT_START,  /* a timeout that has not fired */
    SK_WAIT_CALL,   /* an answer */
    SK_WAIT_SLEEP,  /* a timer, or a wakeup */
    SK_WAIT_TOKEN,  /* a wakeup */
    SK_WAIT_SELECT, /* any answer of a request set */
    SK_WAIT_SOCKET, /* input, or the end, of a socket */
    SK_WAIT_EXIT,   /* nothing any more: the service exits */
} sk_wait;

/* How a wait ended; read by the continuation. */
typedef enum {
    SK_WAKE_ANSWER,   /* vm->msg is the answer */
    SK_WAKE_TIMER,    /* time is up */
    SK_WAKE_BREAK,    /* woken by wakeup */
    SK_WAKE_FAILED,   /* an error answer, or the callee is gone */
    SK_WAKE_DEADLINE, /* the deadline of the task has passed */
    SK_WAKE_TERM,     /* skynet.term; the answer may still come, and is dropped */
} sk_wake;

/* The request a task has to answer. */
typedef enum {
    SK_REQUEST_NONE,  /* a fork, a timer, the start function */
    SK_REQUEST_OPEN,  /* not answered yet */
    SK_REQUEST_TAKEN, /* answered, or taken over by response or ignoreret */
} sk_request;

/* A yield's message to oneself. It outlives a task that ends before it is back. */
typedef struct {
    sk_msg msg;    /* first */
    sk_task *task; /* NULL: gone; the node is then in vm->orphans */
    bool is_queued;
    sk_link link;
} sk_yield_node;

struct sk_task {
    sk_vm *vm; /* first: see above */
    lua_State *co;
    const void *stack; /* where co's stack began; only to be fetched into the cache */
    int anchor;        /* key in the anchor table that keeps co alive */
    bool is_exposed;   /* a user may hold the thread: never reused */
    bool has_token;    /* listed in the token table, under its own pointer */
    bool trace_is_off; /* its protocol's requests are never traced */

    uint8_t request; /* sk_request */
    uint8_t wait;    /* sk_wait */
    uint8_t wake;    /* sk_wake */
    uint8_t type;    /* of the request */
    int32_t session; /* of the request */
    sk_handle source;
    uint64_t deadline_ns; /* inherited by calls; 0: none */
    char *trace;          /* tag of the trace it belongs to; NULL: none */

    int32_t wait_session;
    sk_handle callee;
    uint64_t since_cycles;
    sk_task **waiter;   /* where somebody points to this task; cleared when its wait ends */
    int32_t heap_index; /* in vm->deadlines, -1: not there */
    int32_t nargs;      /* a fork's or timer's arguments on co's stack */

    /* Coroutines between co and where it blocks, innermost first; empty while it runs. */
    lua_State **chain;
    uint32_t chain_count, chain_cap;

    sk_link all;         /* vm->tasks */
    sk_link queue;       /* forks, wakeups, failures */
    sk_yield_node *node; /* made by the first yield */
};

/* Who gets the answer to a session. The kind is in the low bits of the map's value. */
enum {
    SK_WAITER_TASK = 0,
    SK_WAITER_SELECT = 1,
    SK_WAITER_GIVEN_UP = 2,
    SK_WAITER_DEADLINE = 3,
};

typedef struct {
    sk_task **tasks; /* a binary heap by deadline_ns */
    uint32_t count, cap;
    uint64_t armed_ns; /* the timer that is on its way; 0: none */
} sk_deadlines;

struct sk_vm {
    lua_State *L;
    sk_service *service;
    sk_node *node;

    /* Memory account. */
    size_t memory_size;
    size_t memory_max;
    size_t memory_limit; /* 0: none */
    size_t memory_warn;
    const void *last_block; /* allocated last */
    bool limit_is_on;       /* only inside a resume */

    /* The present dispatch. */
    sk_msg *msg;
    sk_task *current;             /* the task that runs */
    _Atomic(lua_State *) running; /* the innermost coroutine resumed by us */
    bool is_blocking;             /* the yield in flight is the framework's */
    int barrier_count;            /* resumes in progress that a block cannot pass */
    bool is_started;              /* skynet.start was called, or a callback set */
    bool is_exiting;
    bool has_left; /* by skynet.exit: the launcher knows */
    bool keeps_messages;   /* core.callback(f, true) */
    bool payload_is_taken; /* the message's payload was handed to Lua code as a pointer */
    int feed_depth;        /* core.feed inside of itself */
    int callback_ref;
    const void *lua_name; /* the interned string "lua": a type name is compared by address */
    bool lua_is_plain;    /* pack and unpack of the lua protocol are skynet's own */
    bool lua_is_traced;   /* its protocol table has a `trace` field that is not nil */
    bool timers_are_traced;
    uint32_t trace_count; /* tags made */
    sk_map trace_tags;    /* source -> tag that its next request adopts; see trace.h */
    sk_buffer scratch;    /* packing; see codec/seri.h */
    sk_buffer errors;     /* texts of this dispatch's failed coroutines */

    /* Tasks. */
    sk_task root;
    sk_link tasks;    /* all but pooled ones */
    sk_link forks;    /* to start, oldest first */
    sk_link wakeups;  /* to resume with BREAK */
    sk_link failures; /* to resume with FAILED */
    sk_link pool;
    sk_link orphans; /* nodes of yields whose tasks are gone */
    uint32_t pool_count;
    int anchor_next, anchor_free; /* see task.c */
    sk_task **slots;              /* by anchor */
    uint32_t slot_cap;
    sk_map sessions;
    uint32_t waiting_count; /* sessions waited for: skynet.task() */
    sk_link replies;        /* unanswered skynet.response closures */
    sk_task *starter;       /* runs the start function; NULL before and after */
    sk_deadlines deadlines;

    /* Hooks of bindings. */
    void *sockets; /* bind_socket.c */
    bool (*on_socket)(sk_vm *vm, sk_msg *node);
    void (*on_close)(sk_vm *vm);
};

/* Registry keys (array part) that every service has; luaL_ref keeps its free list in the first one
 * behind LUA_RIDX_LAST. None is ever nil: luaL_ref takes the key behind the last that is not. */
enum {
    SK_REF_ANCHORS = LUA_RIDX_LAST + 2, /* slot -> thread */
    SK_REF_TOKENS,                      /* token -> task, as light userdata */
    SK_REF_PROTO,                       /* skynet._proto */
    SK_REF_SKYNET,                      /* the module table */
    SK_REF_KEY_DISPATCH,                /* interned strings */
    SK_REF_KEY_UNPACK,
    SK_REF_KEY_PACK,
    SK_REF_KEY_LUA,
    SK_REF_INITS,        /* functions of skynet.init; true: none yet; false: too late */
    SK_REF_LUA_DISPATCH, /* the lua protocol's dispatch function or false, see bind.c */
    SK_REF_LAST,
};

/* Launching worker. A state without libraries. The vm is freed by sk_vm_free. */
sk_vm *sk_vm_new(sk_service *service);

/* Owner. Closes the state (finalizers run) and frees everything. NULL is fine. */
void sk_vm_free(sk_vm *take_vm);

/* Any Lua thread of the service. */
static inline sk_task *sk_vm_record(lua_State *L) {
    return (sk_task *)(*(uintptr_t *)lua_getextraspace(L) & ~(uintptr_t)1);
}
static inline sk_vm *sk_vm_of(lua_State *L) { return sk_vm_record(L)->vm; }

/* Owner. The heap limit in bytes, 0: none. */
void sk_vm_set_limit(sk_vm *vm, size_t size);

/* A message handler for lua_pcall: the error as text, with where it happened. */
int sk_vm_traceback(lua_State *L);

/* Owner. Calls the function below its nargs arguments on L's stack, outside of any coroutine, with
 * a traceback handler. Results as lua_pcall. */
int sk_vm_pcall(sk_vm *vm, lua_State *L, int nargs, int nresults);

/* Owner. Pushes onto vm->L the text of the error value on top of `from` (which stays), with the
 * traceback of `from`; never raises. */
void sk_vm_push_error_text(sk_vm *vm, lua_State *from);

/* Owner. Writes a log line in the name of the service. */
void sk_vm_log(sk_vm *vm, const char *fmt, ...) SK_PRINTF(2, 3);

/* The interrupt function for sk_worker_publish; the target is a sk_vm. */
void sk_vm_interrupt(void *vm);

#endif
