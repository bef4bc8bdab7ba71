/* fds.c -- a Lua module for tests of descriptors that the program opened: pipes, terminals. */
#include <errno.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <poll.h>
#include <pty.h>
#include <string.h>
#include <unistd.h>

static int push_pair(lua_State *L, int result, int first, int second) {
    if (result < 0)
        return luaL_error(L, "no descriptors: %s", strerror(errno));
    lua_pushinteger(L, first);
    lua_pushinteger(L, second);
    return 2;
}

/* pipe() -> descriptor to read, descriptor to write */
static int fds_pipe(lua_State *L) {
    int fds[2] = {-1, -1};
    int result = pipe2(fds, O_CLOEXEC);
    return push_pair(L, result, fds[0], fds[1]);
}

/* terminal() -> the user's side, the program's side */
static int fds_terminal(lua_State *L) {
    int master = -1, slave = -1;
    int result = openpty(&master, &slave, NULL, NULL, NULL);
    return push_pair(L, result, master, slave);
}

/* write(fd, text): all of it */
static int fds_write(lua_State *L) {
    size_t size;
    const char *text = luaL_checklstring(L, 2, &size);
    ssize_t n = write((int)luaL_checkinteger(L, 1), text, size);
    if (n != (ssize_t)size)
        return luaL_error(L, "not all was written");
    return 0;
}

/* read(fd, size) -> text, "" at the end | nil when nothing waits */
static int fds_read(lua_State *L) {
    char text[65536];
    int fd = (int)luaL_checkinteger(L, 1);
    size_t size = (size_t)luaL_checkinteger(L, 2);
    struct pollfd look = {.fd = fd, .events = POLLIN};
    if (poll(&look, 1, 0) <= 0)
        return 0;
    ssize_t n = read(fd, text, size < sizeof text ? size : sizeof text);
    if (n < 0)
        return luaL_error(L, "read: %s", strerror(errno));
    lua_pushlstring(L, text, (size_t)n);
    return 1;
}

/* close(fd) */
static int fds_close(lua_State *L) {
    if (close((int)luaL_checkinteger(L, 1)) < 0)
        return luaL_error(L, "close: %s", strerror(errno));
    return 0;
}

/* blocks(fd) -> true unless the descriptor is non-blocking */
static int fds_blocks(lua_State *L) {
    int flags = fcntl((int)luaL_checkinteger(L, 1), F_GETFL);
    if (flags < 0)
        return luaL_error(L, "fcntl: %s", strerror(errno));
    lua_pushboolean(L, !(flags & O_NONBLOCK));
    return 1;
}

int luaopen_fds(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"pipe", fds_pipe},   {"terminal", fds_terminal}, {"write", fds_write}, {"read", fds_read},
        {"close", fds_close}, {"blocks", fds_blocks},     {NULL, NULL}};
    luaL_newlib(L, functions);
    return 1;
}
