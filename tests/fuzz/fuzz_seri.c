/* fuzz_seri.c -- any bytes into the value reader, and what comes out through the writer and back.
 *
 * Checked: no crash, memory in proportion to the input, only the errors that are documented, and
 * that the writer's stream is read back as the same number of values of the same types, which
 * give a stream of the same values again. Each input is read without hints and with its own first
 * bytes as hints.
 *   clang -fsanitize=fuzzer,address,undefined; seeds in corpus/seri, raw streams. */
#include "base/assert.h"
#include "codec/seri.h"

#include <lauxlib.h>

#include <stdlib.h>

/* A two-byte empty table as a key: 56 + 40 bytes, twice while a table grows, and as much spare. */
#define MEMORY_PER_BYTE 256
#define MEMORY_BASE (256 * 1024)

typedef struct {
    size_t used;
    size_t peak;
} memory;

typedef struct {
    lua_State *L;
    memory memory;
    sk_buffer first;
    sk_buffer second;
    const uint8_t *data;
    size_t size;
    const uint8_t *hints;
} fuzzer;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void *count_memory(void *ud, void *ptr, size_t old_size, size_t new_size) {
    memory *m = ud;
    m->used -= ptr ? old_size : 0;
    m->used += new_size;
    if (m->used > m->peak)
        m->peak = m->used;
    if (new_size == 0) {
        free(ptr);
        return NULL;
    }
    return realloc(ptr, new_size);
}

/* The same scalar, or two tables. Floats by their bits: NaN is equal to itself here. */
static bool is_same(lua_State *L, int a, int b) {
    if (lua_type(L, a) != lua_type(L, b) || lua_isinteger(L, a) != lua_isinteger(L, b))
        return false;
    if (lua_type(L, a) == LUA_TTABLE)
        return lua_rawlen(L, a) > 0 || lua_rawlen(L, b) == 0;
    if (lua_type(L, a) != LUA_TNUMBER || lua_isinteger(L, a))
        return lua_rawequal(L, a, b);
    double x = lua_tonumber(L, a);
    double y = lua_tonumber(L, b);
    return memcmp(&x, &y, sizeof x) == 0;
}

/* Every scalar value under a scalar key of table a is in b too. */
static void check_table(lua_State *L, int a, int b) {
    luaL_checkstack(L, 8, NULL);
    lua_pushnil(L);
    while (lua_next(L, a)) {
        int value = lua_gettop(L);
        if (lua_type(L, value - 1) != LUA_TTABLE) {
            lua_pushvalue(L, value - 1);
            lua_rawget(L, b);
            sk_assert(lua_type(L, value + 1) == lua_type(L, value));
            if (lua_type(L, value) == LUA_TTABLE)
                check_table(L, value, value + 1);
            else
                sk_assert(is_same(L, value, value + 1));
        }
        lua_settop(L, value - 1);
    }
}

static int read_and_write(lua_State *L) {
    fuzzer *f = lua_touserdata(L, 1);
    uint8_t hints[SK_SERI_HINT_COUNT];
    int count = sk_seri_unpack(L, f->data, f->size, f->hints);
    sk_assert(lua_gettop(L) == count + 1);
    sk_seri_pack(L, 2, count + 1, &f->first, hints);
    sk_assert(lua_gettop(L) == count + 1);
    int again = sk_seri_unpack(L, f->first.data, f->first.len, hints);
    sk_assert(again == count);
    luaL_checkstack(L, 8, NULL);
    for (int i = 0; i < count; i++) {
        int a = 2 + i;
        int b = 2 + count + i;
        if (lua_istable(L, a) && lua_istable(L, b)) {
            check_table(L, a, b);
            check_table(L, b, a);
        } else {
            sk_assert(is_same(L, a, b));
        }
    }
    sk_seri_pack(L, 2 + count, 1 + 2 * count, &f->second, NULL);
    return 0;
}

static bool is_expected(const char *text) {
    return text && (strstr(text, "Invalid serialize stream") || strstr(text, "is NaN") ||
                    strstr(text, "stack overflow") || strstr(text, "too depth"));
}

static void run(fuzzer *f) {
    lua_State *L = f->L;
    lua_gc(L, LUA_GCCOLLECT);
    f->memory.peak = f->memory.used;
    size_t before = f->memory.used;
    f->first.len = f->second.len = 0;
    lua_pushcfunction(L, read_and_write);
    lua_pushlightuserdata(L, f);
    if (lua_pcall(L, 1, 0, 0) != LUA_OK)
        sk_assert(is_expected(lua_tostring(L, -1)));
    lua_settop(L, 0);
    sk_assert(f->memory.peak - before <= MEMORY_BASE + f->size * MEMORY_PER_BYTE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzzer f = {.data = data, .size = size};
    f.L = lua_newstate(count_memory, &f.memory);
    run(&f);
    if (size >= SK_SERI_HINT_COUNT) {
        f.hints = data;
        run(&f);
    }
    lua_close(f.L);
    sk_assert(f.memory.used == 0);
    sk_buffer_done(&f.first);
    sk_buffer_done(&f.second);
    return 0;
}
