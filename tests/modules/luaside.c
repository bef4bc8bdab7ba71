/* luaside.c -- a Lua C module that uses skein.h for the service it runs in. */
#include "skein.h"

#include <lauxlib.h>
#include <string.h>

static void never(skein_service *service, void *user) {
    (void)service;
    (void)user;
}

static void no_answer(skein_service *service, void *user, int error, const void *data,
                      size_t size) {
    (void)service;
    (void)user;
    (void)error;
    (void)data;
    (void)size;
}

/* self() -> handle | nil outside of a service */
static int l_self(lua_State *L) {
    skein_service *service = skein_of_lua(L);
    if (!service)
        return 0;
    lua_pushinteger(L, skein_self(service).value);
    return 1;
}

/* send(handle, type, text) -> code */
static int l_send(lua_State *L) {
    size_t size;
    const char *text = luaL_checklstring(L, 3, &size);
    skein_handle to = {(uint32_t)luaL_checkinteger(L, 1)};
    lua_pushinteger(L, skein_send(skein_of_lua(L), to, (int)luaL_checkinteger(L, 2), text, size));
    return 1;
}

/* log(text) */
static int l_log(lua_State *L) {
    skein_log(skein_of_lua(L), SKEIN_WARNING, "%s", luaL_checkstring(L, 1));
    return 0;
}

/* refused() -> codes of what only native services can do */
static int l_refused(lua_State *L) {
    skein_service *service = skein_of_lua(L);
    static const skein_socket_events EVENTS = {0};
    skein_socket_options options = {.host = "127.0.0.1", .port = 1, .events = &EVENTS};
    skein_call_options call = {.to = skein_self(service)};
    skein_socket socket;
    skein_timer_cancel(service, (skein_timer){1});
    skein_socket_abandon(service, (skein_socket){1});
    lua_pushinteger(L, skein_after_ms(service, 1, never, NULL, NULL));
    lua_pushinteger(L, skein_call(service, &call, no_answer, NULL));
    lua_pushinteger(L, skein_connect(service, &options, &socket));
    lua_pushinteger(L, skein_listen(service, &options, &socket, NULL));
    lua_pushinteger(L, skein_socket_start(service, (skein_socket){1}, &EVENTS, NULL));
    lua_pushinteger(L, skein_set_memory(service, 1));
    return 6;
}

/* memory() -> size | code */
static int l_memory(lua_State *L) {
    skein_stats stats;
    int err = skein_get_stats(skein_of_lua(L), skein_self(skein_of_lua(L)), &stats);
    lua_pushinteger(L, err < 0 ? err : (lua_Integer)stats.memory_size);
    return 1;
}

/* outside() -> what self() gives in a state of its own */
static int l_outside(lua_State *L) {
    lua_State *other = luaL_newstate();
    lua_pushboolean(L, skein_of_lua(other) != NULL);
    lua_close(other);
    return 1;
}

int luaopen_luaside(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"self", l_self},     {"send", l_send},       {"log", l_log}, {"refused", l_refused},
        {"memory", l_memory}, {"outside", l_outside}, {NULL, NULL}};
    luaL_newlib(L, functions);
    return 1;
}
