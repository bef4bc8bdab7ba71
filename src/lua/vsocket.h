/* vsocket.h -- the sockets that a Lua service has started: what the files that make up the module
 * skynet.socket.core share. bind_socket.c has what all sockets have in common, connections and
 * listeners; bind_datagram.c has UDP. */
#ifndef SK_LUA_VSOCKET_H
#define SK_LUA_VSOCKET_H

#include "base/list.h"
#include "base/map.h"
#include "io/event.h"
#include "io/socket.h"
#include "lua/task.h"

#include <lauxlib.h>

/* What a suspended reader waits for. */
typedef enum {
    SK_WANT_NOTHING,
    SK_WANT_SIZE,
    SK_WANT_ANY,
    SK_WANT_LINE,
    SK_WANT_ALL,
    SK_WANT_BLOCK,
} sk_want;

typedef struct {
    int32_t id;
    sk_socket *socket; /* referenced; NULL before the first event, for listeners and for UDP */
    bool is_listener;
    bool is_datagram;
    bool is_connected;
    bool is_closing; /* close was called */
    bool is_paused;
    bool is_dialing; /* open or bind has not returned its id yet */
    bool is_started; /* a listener's start was called */
    sk_want want;
    size_t want_size;
    size_t scanned; /* see sk_inbuf_find */
    size_t limit;   /* unread bytes; 0: none */
    sk_task *reader;
    sk_task *opener; /* in open, bind or start */
    sk_link closers; /* of closer: tasks in close */
    char *error;     /* of a failed open, bind or start */
    int accept_ref;  /* of UDP: what gets the datagrams */
    int close_ref, warning_ref;
    uint32_t unheard_count; /* datagrams that came while nothing was to get them */
} sk_vsocket;

typedef struct {
    sk_map by_id;
    sk_io *io;
} sk_vsockets;

/* Owner, all of these; Lua functions of the module may call them. */

/* NULL: no such id is started here. */
sk_vsocket *sk_vsocket_find(const sk_vsockets *self, lua_Integer id);

/* A new one for an id that is not started here. */
sk_vsocket *sk_vsocket_add(sk_vsockets *self, int32_t id, bool is_listener);

/* The bytes to send that the arguments from `index` on describe; a pointer and a size are to be
 * taken. Leaves at most one value on the stack. Raises. */
sk_send_data sk_bind_check_send(lua_State *L, int index);

/* A port argument; -1 stands for every number that is none. Raises if it is no integer. */
int sk_bind_check_port(lua_State *L, int index);

/* nil and the text of the error. */
int sk_bind_push_failure(lua_State *L, int err);

/* A datagram has come for v, NULL if its id is not started here. Frees the event's block. */
void sk_bind_on_datagram(sk_vm *vm, sk_vsocket *v, const sk_io_event *event);

/* The functions of bind_datagram.c; ends with a NULL name. */
extern const luaL_Reg sk_bind_datagram_functions[];

#endif
