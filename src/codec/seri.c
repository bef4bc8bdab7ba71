/* seri.c -- one pass over the Lua values, one pass over the bytes.
 *
 * Both directions recurse once per nested table, within the depth limits, and keep their cursor in
 * a small struct; scalars are inlined into the loops. No memory is held outside the caller's
 * buffer and the Lua state, so a Lua error may jump out anywhere.
 * Writer: lua_next would visit the list part again, so a list without holes is stepped over
 * without looking at the keys. That is checked as it goes: were a foreign key stepped over, then
 * a key of the list turns up later, and the hash part is written again, key by key.
 * Reader: every open table still needs a number of bytes (one a missing list value, one for its
 * end). That sum is handed down as `promised` and compared with what is left before anything is
 * reserved, so all tables together reserve no more list slots than the stream has bytes. */
#include "codec/seri.h"

#include "base/limits.h"
#include "codec/seri_format.h"

#include <lauxlib.h>
#include <limits.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the wire order is the host's order");
_Static_assert(sizeof(lua_Integer) == 8 && sizeof(lua_Number) == 8, "Lua numbers have 64 bits");

#define HINT_MAX 255
/* Without a hint a table is taken to be like the one that ended before it, up to this size, as in
 * a list of records. */
#define HASH_GUESS_FIRST 2
#define HASH_GUESS_MAX 8
/* List values that stay on the Lua stack before they are popped together. */
#define ARRAY_BATCH 8
/* Stack slots one table needs: a batch or an iteration, and room for an error text. */
#define TABLE_ROOM (ARRAY_BATCH + 8)
/* So many holes, and seven of eight values so far: the list is an accident of its border. */
#define SPARSE_HOLES_MIN 1024

#define INLINE static inline __attribute__((always_inline))

INLINE void check_room(lua_State *L, int slots) {
    if (SK_UNLIKELY(!lua_checkstack(L, slots)))
        luaL_error(L, "stack overflow (too many values to serialize)");
}

/* ---- writer ---- */

typedef struct {
    lua_State *L;
    sk_buffer *out;
    uint8_t *pos; /* next byte; out->len follows in writer_sync only */
    uint8_t *end;
    uint8_t *hints; /* NULL: not wanted */
    uint32_t table_count;
} writer;

typedef enum { ARRAY_DENSE, ARRAY_HOLES, ARRAY_SPARSE } array_shape;

static void write_table(writer *w, int index, int depth);

INLINE void writer_sync(writer *w) { w->out->len = (size_t)(w->pos - w->out->data); }

INLINE void writer_load(writer *w) {
    w->pos = w->out->data + w->out->len;
    w->end = w->out->data + w->out->cap;
}

SK_COLD static void writer_grow(writer *w, size_t size) {
    writer_sync(w);
    sk_buffer_grow(w->out, size);
    writer_load(w);
}

INLINE uint8_t *writer_room(writer *w, size_t size) {
    if (SK_UNLIKELY((size_t)(w->end - w->pos) < size))
        writer_grow(w, size);
    return w->pos;
}

/* After Lua code ran: what it appended is dropped, and the memory may have moved. */
static void writer_return_to(writer *w, size_t len) {
    w->out->len = len;
    writer_load(w);
}

SK_COLD static void too_deep(writer *w) {
    luaL_error(w->L, "serialize can't pack too depth table");
}

SK_COLD static void unsupported(writer *w, int type) {
    luaL_error(w->L, "Unsupport type %s to serialize", lua_typename(w->L, type));
}

INLINE void write_head(writer *w, uint8_t head) {
    *writer_room(w, 1) = head;
    w->pos += 1;
}

INLINE void write_integer(writer *w, lua_Integer value) {
    uint8_t *p = writer_room(w, SCALAR_SIZE_MAX);
    uint64_t bits = (uint64_t)value;
    if (bits <= UINT8_MAX) {
        p[0] = bits ? HEAD(TYPE_NUMBER, NUMBER_U8) : HEAD(TYPE_NUMBER, NUMBER_ZERO);
        p[1] = (uint8_t)bits;
        w->pos = p + 1 + (bits != 0);
    } else if (bits <= UINT16_MAX) {
        p[0] = HEAD(TYPE_NUMBER, NUMBER_U16);
        memcpy(p + 1, &bits, 2);
        w->pos = p + 3;
    } else if (value == (int32_t)value) {
        p[0] = HEAD(TYPE_NUMBER, NUMBER_I32);
        memcpy(p + 1, &bits, 4);
        w->pos = p + 5;
    } else {
        p[0] = HEAD(TYPE_NUMBER, NUMBER_I64);
        memcpy(p + 1, &bits, 8);
        w->pos = p + 9;
    }
}

/* Types 2 and 3 with eight bytes behind. */
INLINE void write_eight(writer *w, uint8_t head, const void *bytes) {
    uint8_t *p = writer_room(w, SCALAR_SIZE_MAX);
    p[0] = head;
    memcpy(p + 1, bytes, 8);
    w->pos = p + 9;
}

INLINE void write_number(writer *w, int index) {
    if (lua_isinteger(w->L, index)) {
        write_integer(w, lua_tointegerx(w->L, index, NULL));
        return;
    }
    double value = lua_tonumberx(w->L, index, NULL);
    write_eight(w, HEAD(TYPE_NUMBER, NUMBER_DOUBLE), &value);
}

INLINE void write_pointer(writer *w, int index) {
    uint64_t bits = (uintptr_t)lua_touserdata(w->L, index);
    write_eight(w, HEAD(TYPE_POINTER, 0), &bits);
}

/* Copies up to 31 bytes with two moves that overlap, in place of a call. */
INLINE void copy_short(uint8_t *to, const char *from, size_t len) {
    if (len >= 16) {
        memcpy(to, from, 16);
        memcpy(to + len - 16, from + len - 16, 16);
    } else if (len >= 8) {
        memcpy(to, from, 8);
        memcpy(to + len - 8, from + len - 8, 8);
    } else if (len >= 4) {
        memcpy(to, from, 4);
        memcpy(to + len - 4, from + len - 4, 4);
    } else if (len) {
        to[0] = (uint8_t)from[0];
        to[len / 2] = (uint8_t)from[len / 2];
        to[len - 1] = (uint8_t)from[len - 1];
    }
}

static void write_long_string(writer *w, const char *text, size_t len) {
    if (len > LONG_STRING_LEN_MAX)
        luaL_error(w->L, "string too long to serialize");
    size_t width = len <= UINT16_MAX ? LENGTH_U16 : LENGTH_U32;
    uint8_t *p = writer_room(w, 1 + width + len);
    p[0] = HEAD(TYPE_LONG, (unsigned)width); /* the cookie is the width */
    memcpy(p + 1, &len, width);
    memcpy(p + 1 + width, text, len);
    w->pos = p + 1 + width + len;
}

INLINE void write_string(writer *w, int index) {
    size_t len;
    const char *text = lua_tolstring(w->L, index, &len);
    if (SK_UNLIKELY(len > SHORT_STRING_LEN_MAX)) {
        write_long_string(w, text, len);
        return;
    }
    uint8_t *p = writer_room(w, 1 + SHORT_STRING_LEN_MAX);
    p[0] = HEAD(TYPE_SHORT, (unsigned)len);
    copy_short(p + 1, text, len);
    w->pos = p + 1 + len;
}

/* Writes the value of Lua type `type` at the absolute index, which has `depth` tables around. */
INLINE void write_value(writer *w, int index, int type, int depth) {
    switch (type) {
    case LUA_TNIL:
        write_head(w, HEAD(TYPE_NIL, 0));
        break;
    case LUA_TBOOLEAN:
        write_head(w, HEAD(TYPE_BOOLEAN, lua_toboolean(w->L, index) ? 1 : 0));
        break;
    case LUA_TNUMBER:
        write_number(w, index);
        break;
    case LUA_TSTRING:
        write_string(w, index);
        break;
    case LUA_TTABLE:
        write_table(w, index, depth);
        break;
    case LUA_TLIGHTUSERDATA:
        write_pointer(w, index);
        break;
    default:
        unsupported(w, type);
    }
}

/* The key, of type `key_type`, is at `index` and the value behind it. */
INLINE void write_pair(writer *w, int index, int key_type, int depth) {
    if (SK_UNLIKELY(depth > SK_SERI_PACK_DEPTH_MAX))
        too_deep(w);
    write_value(w, index, key_type, depth);
    write_value(w, index + 1, lua_type(w->L, index + 1), depth);
}

/* Calls the function and its `arg_count` arguments on top. It may pack into the same buffer. */
static void writer_call(writer *w, int arg_count, int ret_count) {
    writer_sync(w);
    size_t len = w->out->len;
    lua_call(w->L, arg_count, ret_count);
    writer_return_to(w, len);
}

/* The metatable is on top. If it has __pairs, that is put in its place; else it is popped. */
static bool take_pairs(writer *w) {
    lua_State *L = w->L;
    writer_sync(w); /* a new string may run a finalizer, and that may pack */
    size_t len = w->out->len;
    lua_pushliteral(L, "__pairs");
    writer_return_to(w, len);
    if (lua_rawget(L, -2) == LUA_TNIL) {
        lua_pop(L, 2);
        return false;
    }
    lua_remove(L, -2);
    return true;
}

/* Writes what the __pairs function on top iterates over; pops it. Returns the number of pairs. */
static lua_Unsigned write_iterated(writer *w, int index, int depth) {
    lua_State *L = w->L;
    int base = lua_gettop(L); /* iterator, then state and control */
    lua_Unsigned count = 0;
    write_head(w, HEAD(TYPE_TABLE, 0));
    lua_pushvalue(L, index);
    writer_call(w, 1, 3);
    for (;;) {
        lua_pushvalue(L, base);
        lua_pushvalue(L, base + 1);
        lua_pushvalue(L, base + 2);
        writer_call(w, 2, 2);
        int key_type = lua_type(L, base + 3);
        if (key_type == LUA_TNIL)
            break;
        write_pair(w, base + 3, key_type, depth + 1);
        count++;
        lua_settop(L, base + 3);
        lua_replace(L, base + 2);
    }
    lua_settop(L, base - 1);
    return count;
}

INLINE void write_table_head(writer *w, lua_Unsigned n) {
    if (n <= COOKIE_ARRAY_MAX) {
        write_head(w, HEAD(TYPE_TABLE, (unsigned)n));
        return;
    }
    write_head(w, HEAD(TYPE_TABLE, COOKIE_ARRAY_NUMBER));
    write_integer(w, (lua_Integer)n);
}

/* Writes the values 1..n. Gives up when nearly all are nil, as a border of a hash may be huge. */
static array_shape write_array(writer *w, int index, int depth, lua_Unsigned n) {
    lua_State *L = w->L;
    int base = lua_gettop(L);
    int top = base;
    lua_Unsigned holes = 0;
    if (SK_UNLIKELY(depth > SK_SERI_PACK_DEPTH_MAX))
        too_deep(w);
    for (lua_Unsigned i = 1; i <= n; i++) {
        int type = lua_rawgeti(L, index, (lua_Integer)i);
        write_value(w, ++top, type, depth);
        if (SK_UNLIKELY(type == LUA_TNIL)) {
            holes++;
            if (holes >= SPARSE_HOLES_MIN && holes > i - i / 8) {
                lua_settop(L, base);
                return ARRAY_SPARSE;
            }
        }
        if (top == base + ARRAY_BATCH) {
            lua_settop(L, base);
            top = base;
        }
    }
    lua_settop(L, base);
    return holes ? ARRAY_HOLES : ARRAY_DENSE;
}

/* The nil that starts lua_next is on top: steps over n entries. False if the last is not n. */
INLINE bool skip_array(lua_State *L, int index, lua_Unsigned n) {
    for (lua_Unsigned i = 0; i < n; i++) {
        if (SK_UNLIKELY(!lua_next(L, index)))
            return false;
        lua_pop(L, 1);
    }
    return lua_isinteger(L, -1) && (lua_Unsigned)lua_tointegerx(L, -1, NULL) == n;
}

/* True if the key is an integer in 1..n. */
INLINE bool is_array_key(lua_State *L, int index, int type, lua_Unsigned n) {
    return type == LUA_TNUMBER && n && lua_isinteger(L, index) &&
           (lua_Unsigned)lua_tointegerx(L, index, NULL) - 1 < n;
}

/* Writes the pairs whose keys are not in 1..n. `skip`: try to step over the list blindly. */
static lua_Unsigned write_hash(writer *w, int index, int depth, lua_Unsigned n, bool skip) {
    lua_State *L = w->L;
    int key = lua_gettop(L) + 1;
    size_t start = (size_t)(w->pos - w->out->data);
    uint32_t table_count = w->table_count;
    lua_Unsigned count = 0;
    lua_pushnil(L);
    if (skip && !skip_array(L, index, n)) {
        skip = false;
        lua_settop(L, key - 1);
        lua_pushnil(L);
    }
    while (lua_next(L, index)) {
        int type = lua_type(L, key);
        if (!is_array_key(L, key, type, n)) {
            write_pair(w, key, type, depth);
            count++;
        } else if (SK_UNLIKELY(skip)) { /* something else was stepped over: all again */
            skip = false;
            count = 0;
            w->pos = w->out->data + start;
            w->table_count = table_count;
            lua_settop(L, key - 1);
            lua_pushnil(L);
            continue;
        }
        lua_settop(L, key);
    }
    return count;
}

static lua_Unsigned write_plain(writer *w, int index, int depth) {
    lua_Unsigned n = lua_rawlen(w->L, index);
    array_shape shape = ARRAY_HOLES;
    size_t start = (size_t)(w->pos - w->out->data);
    uint32_t table_count = w->table_count;
    write_table_head(w, n);
    if (n)
        shape = write_array(w, index, depth + 1, n);
    if (SK_UNLIKELY(shape == ARRAY_SPARSE)) {
        w->pos = w->out->data + start;
        w->table_count = table_count;
        n = 0;
        write_table_head(w, n);
    }
    return write_hash(w, index, depth + 1, n, shape == ARRAY_DENSE);
}

static void write_table(writer *w, int index, int depth) {
    lua_State *L = w->L;
    uint32_t number = w->table_count++;
    lua_Unsigned count;
    check_room(L, TABLE_ROOM);
    if (SK_UNLIKELY(lua_getmetatable(L, index)) && take_pairs(w))
        count = write_iterated(w, index, depth);
    else
        count = write_plain(w, index, depth);
    write_head(w, HEAD(TYPE_NIL, 0));
    if (w->hints && number < SK_SERI_HINT_COUNT)
        w->hints[number] = count < HINT_MAX ? (uint8_t)count : HINT_MAX;
}

/* ---- reader ---- */

typedef struct {
    lua_State *L;
    const uint8_t *pos;
    const uint8_t *end;
    const uint8_t *hints; /* NULL: none */
    uint32_t table_count;
    uint32_t hash_guess;
} reader;

static void read_table(reader *r, unsigned cookie, size_t promised, int depth);

INLINE size_t reader_left(const reader *r) { return (size_t)(r->end - r->pos); }

SK_COLD static _Noreturn void invalid(reader *r, int line) {
    luaL_error(r->L, "Invalid serialize stream %I (line:%d)", (LUAI_UACINT)reader_left(r), line);
    __builtin_unreachable();
}

#define INVALID(r) invalid((r), __LINE__)

/* The next `size` bytes. */
INLINE const uint8_t *read_bytes(reader *r, size_t size) {
    const uint8_t *p = r->pos;
    if (SK_UNLIKELY(reader_left(r) < size))
        INVALID(r);
    r->pos = p + size;
    return p;
}

INLINE lua_Integer read_integer(reader *r, unsigned cookie) {
    uint16_t u16;
    int32_t i32;
    int64_t i64;
    switch (cookie) {
    case NUMBER_ZERO:
        return 0;
    case NUMBER_U8:
        return *read_bytes(r, 1);
    case NUMBER_U16:
        memcpy(&u16, read_bytes(r, 2), 2);
        return u16;
    case NUMBER_I32:
        memcpy(&i32, read_bytes(r, 4), 4);
        return i32;
    case NUMBER_I64:
        memcpy(&i64, read_bytes(r, 8), 8);
        return i64;
    default:
        INVALID(r);
    }
}

INLINE void read_number(reader *r, unsigned cookie) {
    if (cookie == NUMBER_DOUBLE) {
        double value;
        memcpy(&value, read_bytes(r, 8), 8);
        lua_pushnumber(r->L, value);
        return;
    }
    lua_pushinteger(r->L, read_integer(r, cookie));
}

static void read_pointer(reader *r) {
    uint64_t bits;
    memcpy(&bits, read_bytes(r, 8), 8);
    lua_pushlightuserdata(r->L, (void *)(uintptr_t)bits);
}

static void read_long_string(reader *r, unsigned cookie) {
    uint32_t len = 0;
    if (cookie != LENGTH_U16 && cookie != LENGTH_U32)
        INVALID(r);
    memcpy(&len, read_bytes(r, cookie), cookie);
    if (len > LONG_STRING_LEN_MAX)
        INVALID(r);
    const uint8_t *text = read_bytes(r, len);
    lua_pushlstring(r->L, (const char *)text, len);
}

/* Pushes the next value. `promised`: bytes behind it that the tables around it still need. */
INLINE void read_value(reader *r, size_t promised, int depth) {
    unsigned head = *read_bytes(r, 1);
    unsigned cookie = HEAD_COOKIE(head);
    switch (HEAD_TYPE(head)) {
    case TYPE_NIL:
        lua_pushnil(r->L);
        break;
    case TYPE_BOOLEAN:
        lua_pushboolean(r->L, cookie != 0);
        break;
    case TYPE_NUMBER:
        read_number(r, cookie);
        break;
    case TYPE_POINTER:
        read_pointer(r);
        break;
    case TYPE_SHORT:
        lua_pushlstring(r->L, (const char *)read_bytes(r, cookie), cookie);
        break;
    case TYPE_LONG:
        read_long_string(r, cookie);
        break;
    case TYPE_TABLE:
        read_table(r, cookie, promised, depth);
        break;
    default:
        INVALID(r);
    }
}

/* The list length behind the head byte. A negative one means no list part. */
static lua_Unsigned read_array_count(reader *r) {
    unsigned head = *read_bytes(r, 1);
    if (HEAD_TYPE(head) != TYPE_NUMBER)
        INVALID(r);
    lua_Integer n = read_integer(r, HEAD_COOKIE(head));
    return n > 0 ? (lua_Unsigned)n : 0;
}

/* How many hash entries to reserve; `left` bytes at most hold them and the list. */
INLINE int hash_size(reader *r, size_t n, size_t left) {
    uint32_t number = r->table_count++;
    size_t size = 0;
    if (r->hints && number < SK_SERI_HINT_COUNT)
        size = r->hints[number];
    else if (n == 0 && HEAD_TYPE(*r->pos) != TYPE_NIL)
        size = r->hash_guess;
    size_t bound = (left - n) / 2;
    return (int)(size < bound ? size : bound);
}

INLINE bool read_table_end(reader *r) {
    if (SK_UNLIKELY(r->pos == r->end))
        INVALID(r);
    if (HEAD_TYPE(*r->pos) != TYPE_NIL)
        return false;
    r->pos++;
    return true;
}

static void read_table(reader *r, unsigned cookie, size_t promised, int depth) {
    lua_State *L = r->L;
    if (SK_UNLIKELY(depth >= SK_SERI_UNPACK_DEPTH_MAX))
        INVALID(r);
    check_room(L, TABLE_ROOM);
    lua_Unsigned n = cookie;
    if (SK_UNLIKELY(cookie == COOKIE_ARRAY_NUMBER))
        n = read_array_count(r);
    size_t left = reader_left(r);
    if (SK_UNLIKELY(left <= promised || left - promised <= n))
        INVALID(r);
    int hash = hash_size(r, n, left - promised - 1);
    lua_createtable(L, n < INT_MAX ? (int)n : INT_MAX, hash);
    promised++; /* the end of this table */
    for (lua_Unsigned i = 1; i <= n; i++) {
        read_value(r, promised + (n - i), depth + 1);
        lua_rawseti(L, -2, (lua_Integer)i);
    }
    uint32_t count = 0;
    while (!read_table_end(r)) {
        read_value(r, promised + 1, depth + 1);
        read_value(r, promised, depth + 1);
        lua_rawset(L, -3);
        count++;
    }
    r->hash_guess = count < HASH_GUESS_MAX ? count : HASH_GUESS_MAX;
}

/* ---- public ---- */

void sk_seri_pack(lua_State *L, int first, int last, sk_buffer *out, uint8_t *ret_hints) {
    writer w = {.L = L, .out = out, .hints = ret_hints};
    sk_buffer_reserve(out, SCALAR_SIZE_MAX); /* from here on, data is not NULL */
    writer_load(&w);
    if (ret_hints)
        memset(ret_hints, HINT_MAX, SK_SERI_HINT_COUNT);
    for (int index = first; index <= last; index++)
        write_value(&w, index, lua_type(L, index), 0);
    writer_sync(&w);
}

int sk_seri_unpack(lua_State *L, const void *data, size_t size, const uint8_t *hints) {
    if (size == 0)
        return 0;
    if (!data)
        luaL_error(L, "deserialize null pointer");
    reader r = {.L = L, .pos = data, .end = (const uint8_t *)data + size, .hints = hints};
    r.hash_guess = HASH_GUESS_FIRST;
    int count = 0;
    bool is_short = size <= SK_SERI_FREE_SLOTS;
    do {
        bool needs_room = is_short ? HEAD_TYPE(*r.pos) == TYPE_TABLE : count % ARRAY_BATCH == 0;
        if (needs_room)
            check_room(L, ARRAY_BATCH + TABLE_ROOM);
        read_value(&r, 0, 0);
        count++;
    } while (r.pos < r.end);
    return count;
}
