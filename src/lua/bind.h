/* bind.h -- what the binding files share: argument checks, packing, posting, protocols.
 *
 * A binding checks, calls one C function, pushes. All functions here are called from Lua functions
 * of the service and may raise, unless they say otherwise. */
#ifndef SK_LUA_BIND_H
#define SK_LUA_BIND_H

#include "lua/vm.h"

#include <lauxlib.h>

typedef struct {
    sk_handle handle;   /* none: the name is not bound, or global */
    const char *global; /* a global name, or NULL; lives as long as the argument */
} sk_address;

/* The text commands, handed in by the compatibility layer (slot SK_NODE_COMPAT; static storage).
 * Owner. Runs one for the service: NULL, or a text that lives in `text` or as long as the node. */
typedef struct {
    const char *(*run)(sk_service *service, const char *command, const char *parm, sk_buffer *text);
} sk_command_table;

/* An address argument: a number, ":hex", ".name", or a global name. Raises as Skynet does. */
sk_address sk_bind_check_address(lua_State *L, int index);

/* Values first..last in a new message (source and type not set). */
sk_msg *sk_bind_pack(lua_State *L, int first, int last);

/* Values first..last packed by the protocol at `proto` (its pack field). */
sk_msg *sk_bind_pack_by(lua_State *L, int proto, int first, int last);

/* A raw payload argument: a string (copied), or a pointer and a size (taken over). */
sk_msg *sk_bind_check_payload(lua_State *L, int index);

/* Values first..top came from the message's payload: notes whether its address is among them. */
void sk_bind_note_taken(lua_State *L, int first, const sk_msg *msg);

/* Fills in the header of a message of this service. */
static inline void sk_bind_stamp(sk_vm *vm, sk_msg *msg, int type, int32_t session) {
    msg->source = sk_service_handle(vm->service);
    msg->type = (uint8_t)type;
    msg->session = session;
}

/* Sends the values from `first` to the top to the launcher, if there is one, and pops them. */
void sk_bind_tell_launcher(lua_State *L, int first);

/* Sends; source and the rest are set. 0; SK_ENOENT when a local receiver does not exist. */
int sk_bind_post(sk_vm *vm, sk_address to, sk_msg *take_msg);

/* Makes a task whose coroutine holds copies of the function at `first` and the arguments behind it;
 * pushes its thread. */
sk_task *sk_bind_new_thread(lua_State *L, int first);

/* Pushes the protocol table of a type, making the predefined ones on first use. False: nothing is
 * pushed, the protocol is not registered. */
bool sk_bind_push_proto(lua_State *L, int type);

/* retpack(...), for other bindings. */
int sk_bind_retpack(lua_State *L);

/* (session, source, name, ...): the debug protocol's dispatch function until the module
 * skynet.debug is loaded. */
int sk_bind_debug_dispatch(lua_State *L);

/* (name) -> true when this was one of the commands that need no module; then it is done. */
int sk_bind_debug_frequent(lua_State *L);

/* Pushes the protocol named by the argument (name or id). False: nothing is pushed. */
bool sk_bind_find_proto(lua_State *L, int index);

/* Pushes the protocol named by the argument (name or id); raises when there is none. Returns its
 * type. */
int sk_bind_check_proto(lua_State *L, int index);

/* Pushes the table's field with the key SK_REF_KEY_...: raw, then through a metatable. The type. */
int sk_bind_get_field(lua_State *L, int table, int key_ref);

/* Takes every token that the task waits on out of the table: its wait will not be continued. */
void sk_bind_drop_tokens(lua_State *L, const sk_task *task);

/* skynet.unpack, recognised by address. */
int sk_bind_unpack(lua_State *L);
int sk_bind_packfn(lua_State *L);

/* In the coroutine of a request that nobody handles, session 0. */
int sk_bind_unknown_request(lua_State *L, sk_task *task, sk_msg *msg);
/* Outside of a coroutine. Runs the hook, or logs. Never raises. */
void sk_bind_unknown_response(sk_vm *vm, sk_msg *msg);

/* The type that the argument names, when the protocol is plain: then nothing needs to be looked
 * up. Else -1. */
static inline int sk_bind_plain_type(lua_State *L, const sk_vm *vm, int index) {
    const void *name = lua_topointer(L, index);
    if (SK_LIKELY(name == vm->plain[SK_PLAIN_LUA].name))
        return vm->plain[SK_PLAIN_LUA].is_plain ? SK_TYPE_LUA : -1;
    bool is_snax = name == vm->plain[SK_PLAIN_SNAX].name && vm->plain[SK_PLAIN_SNAX].is_plain;
    return is_snax ? SK_TYPE_SNAX : -1;
}

/* The slot of a type in vm->plain, or -1. */
static inline int sk_bind_plain_slot(int type) {
    return type == SK_TYPE_LUA ? SK_PLAIN_LUA : type == SK_TYPE_SNAX ? SK_PLAIN_SNAX : -1;
}

/* The table at `proto` has just been registered as a protocol of this type: if it can be plain, it
 * is watched from now on. */
void sk_bind_watch_proto(lua_State *L, int proto, int type);

/* skynet.socket.netstat: netstat([id]) -> array of entries | the entry of the id, or nil. */
int sk_bind_netstat(lua_State *L);

/* Registers a module table's functions on first use: `field` of the table at the top is looked up
 * in `functions` (sorted by name). */
typedef struct {
    const char *name;
    lua_CFunction function;
} sk_bind_entry;
extern const sk_bind_entry sk_bind_message_functions[]; /* ends with a NULL name */
extern const sk_bind_entry sk_bind_wait_functions[];
lua_CFunction sk_bind_find(const sk_bind_entry *entries, size_t count, const char *name);

/* coroutine.resume and coroutine.wrap of a service. */
int sk_bind_co_resume(lua_State *L);
int sk_bind_co_wrap(lua_State *L);

/* Module openers, as in package.preload. */
int sk_open_skynet(lua_State *L);
int sk_open_core(lua_State *L);
int sk_open_coroutine(lua_State *L); /* patches the stock table on top */
int sk_open_select(lua_State *L);
int sk_open_socket(lua_State *L);
int sk_open_skein(lua_State *L);
int sk_open_link(lua_State *L);
int sk_open_debugchannel(lua_State *L);
int sk_open_log(lua_State *L);
int sk_open_profile(lua_State *L);
int sk_open_memory(lua_State *L); /* skynet.memory */
int sk_open_usage(lua_State *L);  /* skein.memory.core */
int sk_open_codecache(lua_State *L);

#endif
