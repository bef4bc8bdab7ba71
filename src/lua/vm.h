/* vm.h -- one Lua service: its state, its memory account, and what the dispatcher keeps outside.
 *
 * Everything here belongs to the service and is touched only by the thread that runs it, but for
 * `running`, which an interrupt's signal handler on that same thread reads, and `signal_mark`.
 * Shared by the files of src/lua only.
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
#include "lua/arena.h"

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

/* Bits of sk_task.watched: what is rare, for one test where a task goes on, waits or ends. */
enum {
    SK_WATCH_TRACE = 1,   /* task->trace is set */
    SK_WATCH_PROFILE = 2, /* co has a record in vm->profiles */
    SK_WATCH_EXIT = 4,    /* the service exits when it yields */
    SK_WATCH_ACCOUNT = 8, /* task->account is set */
};

struct sk_task {
    sk_vm *vm; /* first: see above */
    lua_State *co;
    const void *stack; /* where co's stack began; only to be fetched into the cache */
    int anchor;        /* key in the anchor table that keeps co alive */
    bool is_exposed;   /* a user may hold the thread: never reused */
    bool has_token;    /* listed in the token table, under its own pointer */
    bool trace_is_off; /* its protocol's requests are never traced */

    uint8_t watched; /* SK_WATCH_* */
    uint8_t request; /* sk_request */
    uint8_t wait;    /* sk_wait */
    uint8_t wake;    /* sk_wake */
    uint8_t type;    /* of the request */
    int32_t session; /* of the request */
    sk_handle source;
    uint32_t account;     /* see account.h; 0: none */
    uint64_t deadline_ns; /* inherited by calls; 0: none */
    char *trace;          /* tag of the trace it belongs to; NULL: none */

    uint64_t charged_cycles; /* up to here its account has been charged; 0: it does not run */

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

/* Protocols whose table is watched, see bind.c: what each of their messages needs is found at
 * once. */
enum { SK_PLAIN_LUA, SK_PLAIN_SNAX, SK_PLAIN_COUNT };
typedef struct {
    const void *name; /* the interned string: a type name is compared by address */
    bool is_plain;    /* registered, and pack and unpack are skynet's own */
    bool is_traced;   /* its table has a field `trace` that is not nil */
} sk_plain;

/* See account.h. */
typedef struct {
    uint64_t count;  /* tasks that have ended */
    uint64_t cycles; /* in which they ran */
} sk_account;

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
    sk_map profiles;              /* coroutine -> its record; see profile.h */
    _Atomic(lua_State *) running; /* the innermost coroutine resumed by us */
    _Atomic uint64_t signal_mark; /* any thread: the message that SIGNAL 0 is meant for; 0: none */
    bool is_blocking;             /* the yield in flight is the framework's */
    int barrier_count;            /* resumes in progress that a block cannot pass */
    bool is_started;              /* skynet.start was called, or a callback set */
    bool is_exiting;
    bool has_left;            /* by skynet.exit: the launcher knows */
    bool keeps_messages;      /* core.callback(f, true) */
    bool payload_is_taken;    /* the message's payload was handed to Lua code as a pointer */
    int feed_depth;           /* core.feed inside of itself */
    uint64_t collected_count; /* GC commands up to this message are done, see bind_debug.c */
    int callback_ref;
    sk_plain plain[SK_PLAIN_COUNT];
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
    sk_map old_sessions;    /* of tasks when the session counter began its turn; values unused */
    uint32_t waiting_count; /* sessions waited for: skynet.task() */
    sk_link replies;        /* unanswered skynet.response closures */
    sk_task *starter;       /* runs the start function; NULL before and after */
    sk_deadlines deadlines;
    sk_account *accounts; /* by number */
    uint32_t account_cap;

    /* Hooks of bindings. */
    void *sockets; /* bind_socket.c */
    bool (*on_socket)(sk_vm *vm, sk_msg *node);
    void (*on_close)(sk_vm *vm);

    sk_arena arena; /* the state's first memory */
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
    SK_REF_KEY_ID,
    SK_REF_KEY_TRACE,
    SK_REF_INITS,      /* functions of skynet.init; true: none yet; false: too late */
    SK_REF_PLAIN_NAME, /* names of the watched protocols, then their dispatch functions or false */
    SK_REF_PLAIN_DISPATCH = SK_REF_PLAIN_NAME + SK_PLAIN_COUNT,
    SK_REF_LAST = SK_REF_PLAIN_DISPATCH + SK_PLAIN_COUNT,
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
/* The same with another message handler. */
int sk_vm_pcall_with(sk_vm *vm, lua_State *L, int nargs, int nresults, lua_CFunction handler);

/* Owner. Pushes onto vm->L the text of the error value on top of `from` (which stays), with the
 * traceback of `from`; never raises. */
void sk_vm_push_error_text(sk_vm *vm, lua_State *from);

/* Owner. Writes a log line in the name of the service; the second for errors of its code. The log
 * service's own go to stderr: one that fails for each line it gets must not be fed by that. */
void sk_vm_log(sk_vm *vm, const char *fmt, ...) SK_PRINTF(2, 3);
void sk_vm_log_error(sk_vm *vm, const char *fmt, ...) SK_PRINTF(2, 3);

/* Owner. A line that the service's code wants logged. It goes to stderr when the log service writes
 * about itself while it handles such a line of its own: the next one would follow for ever. */
struct sk_log_record;
void sk_vm_log_record(sk_vm *vm, const struct sk_log_record *record);

/* Any thread that keeps the vm alive. Has the Lua code that the service runs at this moment raise
 * "signal 0"; nothing happens when it runs none. */
void sk_vm_raise_signal(sk_vm *vm);

/* The interrupt function for sk_worker_publish; the target is a sk_vm. */
void sk_vm_interrupt(void *vm);

#endif
