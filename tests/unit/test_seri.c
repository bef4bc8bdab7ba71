/* test_seri.c -- the value codec: every published vector, random values, hostile streams.
 *
 * Lua values are written as Lua expressions, streams as hexadecimal text; "78*32" repeats a byte.
 * SEED=n repeats a random run. */
#include "base/limits.h"
#include "base/random.h"
#include "codec/seri.h"

#include <lauxlib.h>
#include <lualib.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

typedef struct {
    lua_State *L;
    sk_buffer out;
    uint8_t hints[SK_SERI_HINT_COUNT];
} fixture;

typedef struct {
    const char *values; /* behind "return" */
    const char *stream;
} vector;

/* ---- helpers: Lua side ---- */

/* deep(a, b) compares two results of table.pack: structure, types, floats bit for bit. */
static const char PRELUDE[] =
    "local pack = string.pack\n"
    "local function same(a, b)\n"
    "  if math.type(a) ~= math.type(b) or type(a) ~= type(b) then return false end\n"
    "  if math.type(a) == 'float' then return pack('<d', a) == pack('<d', b) end\n"
    "  if type(a) ~= 'table' then return a == b end\n"
    "  local loose = 0\n"
    "  for k, v in next, a do\n"
    "    if type(k) == 'table' then loose = loose + 1\n"
    "    elseif not same(v, rawget(b, k)) then return false end\n"
    "  end\n"
    "  for k in next, b do\n"
    "    if type(k) == 'table' then loose = loose - 1\n"
    "    elseif rawget(a, k) == nil then return false end\n"
    "  end\n"
    "  return loose == 0\n"
    "end\n"
    "function deep(a, b)\n"
    "  if a.n ~= b.n then return false end\n"
    "  for i = 1, a.n do if not same(a[i], b[i]) then return false end end\n"
    "  return true\n"
    "end\n"
    "function nested(n, inner)\n"
    "  local t = inner\n"
    "  for i = 1, n do t = { t } end\n"
    "  return t\n"
    "end\n"
    "function proxy(iterate) return setmetatable({ 9, 9, z = 9 }, { __pairs = iterate }) end\n"
    "function each(list)\n"
    "  return proxy(function()\n"
    "    local i = 0\n"
    "    return function()\n"
    "      i = i + 1\n"
    "      if list[i] then return list[i][1], list[i][2] end\n"
    "    end\n"
    "  end)\n"
    "end\n";

static fixture *fixture_of(lua_State *L) { return *(fixture **)lua_getextraspace(L); }

/* pack(...) -> string. Packs behind what the buffer holds, as nested use does. */
static int lua_pack(lua_State *L) {
    fixture *f = fixture_of(L);
    size_t start = f->out.len;
    sk_seri_pack(L, 1, lua_gettop(L), &f->out, f->hints);
    lua_pushlstring(L, (const char *)f->out.data + start, f->out.len - start);
    f->out.len = start;
    return 1;
}

/* Copies the stream to memory of its exact size, so that a sanitizer sees each byte too many. */
static int unpack_exact(lua_State *L, const char *text, size_t size, const uint8_t *hints) {
    uint8_t *copy = lua_newuserdatauv(L, size ? size : 1, 0);
    uint8_t *exact = copy + (size ? 0 : 1);
    if (size)
        memcpy(exact, text, size);
    return sk_seri_unpack(L, exact, size, hints);
}

/* unpack(string [, hints]) -> values */
static int lua_unpack(lua_State *L) {
    size_t size;
    const char *text = luaL_checklstring(L, 1, &size);
    const char *hints = luaL_optstring(L, 2, NULL);
    return unpack_exact(L, text, size, (const uint8_t *)hints);
}

/* hints() -> integers */
static int lua_hints(lua_State *L) {
    fixture *f = fixture_of(L);
    for (int i = 0; i < SK_SERI_HINT_COUNT; i++)
        lua_pushinteger(L, f->hints[i]);
    return SK_SERI_HINT_COUNT;
}

static int setup(void **state) {
    fixture *f = calloc(1, sizeof *f);
    f->L = luaL_newstate();
    *(fixture **)lua_getextraspace(f->L) = f;
    luaL_openlibs(f->L);
    lua_register(f->L, "pack", lua_pack);
    lua_register(f->L, "unpack", lua_unpack);
    lua_register(f->L, "hints", lua_hints);
    assert_int_equal(luaL_dostring(f->L, PRELUDE), LUA_OK);
    *state = f;
    return 0;
}

static int teardown(void **state) {
    fixture *f = *state;
    lua_close(f->L);
    sk_buffer_done(&f->out);
    free(f);
    return 0;
}

/* Runs Lua code; the results stay on the stack. Fails the test with the error's text. */
static void run(fixture *f, const char *code) {
    lua_settop(f->L, 0);
    f->out.len = 0;
    if (luaL_dostring(f->L, code) != LUA_OK)
        fail_msg("%s\nin: %.300s", lua_tostring(f->L, -1), code);
}

static void run_format(fixture *f, const char *fmt, ...) {
    char code[4096];
    va_list args;
    va_start(args, fmt);
    assert_true(vsnprintf(code, sizeof code, fmt, args) < (int)sizeof code);
    va_end(args);
    run(f, code);
}

/* "0a01 78*3" -> bytes. */
static void from_hex(const char *hex, sk_buffer *ret_bytes) {
    while (*hex) {
        if (*hex == ' ') {
            hex++;
            continue;
        }
        unsigned byte;
        unsigned count = 1;
        int used = 0;
        assert_int_equal(sscanf(hex, "%2x", &byte), 1);
        hex += 2;
        if (*hex == '*') {
            assert_int_equal(sscanf(hex, "*%u%n", &count, &used), 1);
            hex += used;
        }
        memset(sk_buffer_reserve(ret_bytes, count), (int)byte, count);
        ret_bytes->len += count;
    }
}

/* Sets the Lua global `stream`. */
static void set_stream(fixture *f, const char *hex) {
    sk_buffer bytes = {0};
    from_hex(hex, &bytes);
    lua_pushlstring(f->L, bytes.data ? (const char *)bytes.data : "", bytes.len);
    lua_setglobal(f->L, "stream");
    sk_buffer_done(&bytes);
}

/* ---- vectors ---- */

static const vector BOTH_WAYS[] = {
    {"", ""},
    {"nil", "00"},
    {"nil, nil", "0000"},
    {"true", "09"},
    {"false", "01"},
    {"0", "02"},
    {"1", "0a01"},
    {"127", "0a7f"},
    {"128", "0a80"},
    {"255", "0aff"},
    {"256", "120001"},
    {"65535", "12ffff"},
    {"65536", "2200000100"},
    {"0x7fffffff", "22ffffff7f"},
    {"0x80000000", "320000008000000000"},
    {"0xffffffff", "32ffffffff00000000"},
    {"0x100000000", "320000000001000000"},
    {"math.maxinteger", "32ffffffffffffff7f"},
    {"-1", "22ffffffff"},
    {"-2", "22feffffff"},
    {"-128", "2280ffffff"},
    {"-32768", "220080ffff"},
    {"-0x80000000", "2200000080"},
    {"-0x80000001", "32ffffff7fffffffff"},
    {"math.mininteger", "320000000000000080"},
    {"0.0", "420000000000000000"},
    {"-0.0", "420000000000000080"},
    {"1.0", "42000000000000f03f"},
    {"1.5", "42000000000000f83f"},
    {"-1.5", "42000000000000f8bf"},
    {"-2.0", "4200000000000000c0"},
    {"3.14159", "426e861bf0f9210940"},
    {"1/0", "42000000000000f07f"},
    {"-1/0", "42000000000000f0ff"},
    {"(string.unpack('<d', '\\0\\0\\0\\0\\0\\0\\xf8\\xff'))", "42000000000000f8ff"},
    {"(string.unpack('<d', '\\1\\2\\3\\4\\0\\0\\xf8\\x7f'))", "420102030400 00f87f"},
    {"''", "04"},
    {"'a'", "0c61"},
    {"'hello'", "2c68656c6c6f"},
    {"'a\\0b'", "1c610062"},
    {"('x'):rep(31)", "fc 78*31"},
    {"('x'):rep(32)", "152000 78*32"},
    {"('y'):rep(65535)", "15ffff 79*65535"},
    {"('z'):rep(65536)", "2500000100 7a*65536"},
    {"{}", "0600"},
    {"{1,2,3}", "1e0a010a020a0300"},
    {"(function() local t = {} for i = 1, 30 do t[i] = 0 end return t end)()", "f6 02*30 00"},
    {"(function() local t = {} for i = 1, 31 do t[i] = 0 end return t end)()", "fe0a1f 02*31 00"},
    {"(function() local t = {} for i = 1, 300 do t[i] = 0 end return t end)()",
     "fe122c01 02*300 00"},
    {"{a=1}", "060c610a0100"},
    {"{10,20,x='y'}", "160a0a0a140c780c7900"},
    {"{1,nil,3}", "1e0a01000a0300"},
    {"{[-1]=1}", "0622ffffffff0a0100"},
    {"{[0]=1}", "06020a0100"},
    {"{[1.5]=true}", "0642000000000000f83f0900"},
    {"{[true]=1}", "06090a0100"},
    {"{[{}]=1}", "0606000a0100"},
    {"{{1},{a={}}}", "160e0a0100060c6106000000"},
    {"{true, a={b={}}}", "0e090c61060c6206000000"},
    {"1, 'a', nil, true", "0a010c610009"},
    {"nested(32, {})", "0e*32 06 00*33"},
    {"nested(32, 1)", "0e*32 0a01 00*32"},
    {"nested(32, 'x')", "0e*32 0c78 00*32"},
    {"nested(31, {[1.5]=true})", "0e*31 0642000000000000f83f0900 00*31"},
};

static const vector WRITE_ONLY[] = {
    {"each{{1,10},{2,20}}", "060a010a0a0a020a1400"},
    {"each{{'a',nil}}", "060c610000"},
    {"each{{'k','v'}}", "060c6b0c7600"},
    {"each{{1.5,each{{true,{}}}}}", "0642000000000000f83f0609060000 00"},
    {"each{}, 1", "06000a01"},
    {"setmetatable({1}, {__index = function() error('no') end, __len = error})", "0e0a0100"},
};

static const vector READ_ONLY[] = {
    {"true", "11"},
    {"true", "f9"},
    {"nil", "f8"},
    {"1", "120100"},
    {"1", "2201000000"},
    {"1", "320100000000000000"},
    {"-2", "22feffffff"},
    {"-2", "32feffffffffffffff"},
    {"'a'", "15010061"},
    {"'a'", "250100000061"},
    {"''", "150000"},
    {"{}", "fe0200"},
    {"{}", "fe22ffffffff00"},
    {"{}", "fe32000000000000008000"},
    {"{5}", "fe0a010a0500"},
    {"{5}", "fe3201000000000000000a0500"},
    {"{nil,1}", "16000a0100"},
    {"{[1]=3}", "060a010a020a010a0300"},
    {"{[1]=7}", "0642000000000000f03f0a0700"},
    {"{}", "06f8"},
    {"{}", "060c610000"},
    {"{[1]=1,[2]=2}", "0e0a010a020a0200"},
    {"{1,nil,3}", "0e0a010a030a0300"},
};

static void test_vectors_write(void **state) {
    fixture *f = *state;
    for (size_t i = 0; i < SK_ARRAY_LEN(BOTH_WAYS) + SK_ARRAY_LEN(WRITE_ONLY); i++) {
        const vector *v =
            i < SK_ARRAY_LEN(BOTH_WAYS) ? &BOTH_WAYS[i] : &WRITE_ONLY[i - SK_ARRAY_LEN(BOTH_WAYS)];
        set_stream(f, v->stream);
        run_format(f,
                   "local s = pack(%s)\n"
                   "assert(s == stream, (s:gsub('.', function(c) return ('%%02x'):format(c:byte())"
                   " end):sub(1, 200)))",
                   v->values);
    }
}

static void read_vectors(fixture *f, const vector *vectors, size_t count) {
    for (size_t i = 0; i < count; i++) {
        set_stream(f, vectors[i].stream);
        run_format(f,
                   "local want = table.pack(%s)\n"
                   "assert(deep(want, table.pack(unpack(stream))), 'plain')\n"
                   "assert(deep(want, table.pack(unpack(stream, ('\\xff'):rep(6)))), 'hints')",
                   vectors[i].values);
    }
}

static void test_vectors_read(void **state) {
    read_vectors(*state, BOTH_WAYS, SK_ARRAY_LEN(BOTH_WAYS));
    read_vectors(*state, READ_ONLY, SK_ARRAY_LEN(READ_ONLY));
}

static void test_pointer(void **state) {
    fixture *f = *state;
    lua_pushlightuserdata(f->L, (void *)(uintptr_t)0x1122334455667788);
    lua_setglobal(f->L, "pointer");
    run(f, "local s = pack(pointer, { [pointer] = pointer })\n"
           "assert(s:sub(1, 9) == '\\3\\x88\\x77\\x66\\x55\\x44\\x33\\x22\\x11')\n"
           "local p, t = unpack(s)\n"
           "assert(p == pointer and t[p] == p)");
}

/* ---- writer ---- */

static void test_unsupported(void **state) {
    run(*state, "local function fails(text, ...)\n"
                "  local ok, err = pcall(pack, ...)\n"
                "  assert(not ok and err:find(text, 1, true), err)\n"
                "end\n"
                "fails('Unsupport type function to serialize', print)\n"
                "fails('Unsupport type thread to serialize', 1, coroutine.create(print))\n"
                "fails('Unsupport type userdata to serialize', { { io.stdout } })\n"
                "fails('Unsupport type function to serialize', { [print] = 1 })\n"
                "assert(pack(1) == '\\x0a\\1')");
}

static void test_pack_depth(void **state) {
    run(*state, "local function deep_error(...)\n"
                "  local ok, err = pcall(pack, ...)\n"
                "  assert(not ok and err:find(\"serialize can't pack too depth table\", 1, true))\n"
                "end\n"
                "deep_error(nested(33, 1))\n"
                "deep_error(nested(33, {}))\n"
                "deep_error(nested(34, {}))\n"
                "deep_error(nested(32, { a = 1 }))\n"
                "deep_error(nested(32, each{{1, 1}}))\n"
                "pack(nested(31, each{{1, 1}}))\n"
                "pack(nested(32, each{}))\n"
                "local t = {} t[1] = t deep_error(t)\n"
                "local u = {} u.u = u deep_error(u)\n"
                "deep_error(nested(100000, 1))\n"
                "local k = 1 for i = 1, 33 do k = { [k] = 1 } end deep_error(k)\n"
                "deep_error(nested(33, print))");
}

/* What lies in the array part, in the hash part or in both must not change the content. */
static void test_list_layouts(void **state) {
    run(*state,
        "local function check(t) assert(deep({ n = 1, t }, { n = 1, unpack(pack(t)) })) end\n"
        "for n = 1, 40 do\n"
        "  local back, mixed, odd = {}, { 1, 2, 3 }, {}\n"
        "  for i = n, 1, -1 do back[i] = i end\n"
        "  for i = 1, n do mixed['k' .. i] = i mixed[i * 3] = i mixed[-i] = i end\n"
        "  for i = n, 1, -1 do odd[i] = tostring(i) odd[tostring(i)] = i odd[i + 0.5] = i end\n"
        "  check(back) check(mixed) check(odd)\n"
        "  for i = n, 2, -1 do\n"
        "    back[i // 2] = nil mixed[i // 2] = nil check(back) check(mixed)\n"
        "  end\n"
        "end\n"
        "assert(pack({ n = 1, 5 }) == '\\x0e\\x0a\\5\\x0c\\x6e\\x0a\\1\\0')");
}

/* A border far away, as a hostile stream can make it, must not cost what it promises. */
static void test_sparse_list(void **state) {
    run(*state, "local t = { [5] = 5, [9] = 9 }\n"
                "for i = 0, 62 do t[1 << i] = { i } end\n"
                "assert(#t > 1 << 40, 'the border is near: the test is void')\n"
                "local s = pack(0, { t }, { 1 })\n"
                "assert(#s < 2000, #s)\n"
                "assert(deep({ n = 3, 0, { t }, { 1 } }, table.pack(unpack(s))))\n"
                "assert(table.concat({ hints() }, ' ') == '0 65 0 0 0 0')\n"
                "local u = {}\n"
                "for i = 1, 70000 do u[i] = i end\n"
                "u = unpack(pack(u))\n"
                "for i = 1, 69999 do u[i] = nil end\n"
                "assert(#u == 70000, 'the border is near: the test is void')\n"
                "s = pack(u)\n"
                "assert(#s < 20)\n"
                "assert(deep({ n = 1, u }, { n = 1, unpack(s) }))\n"
                "u[1] = 1 for i = 2, 20000 do u[i] = i end\n"
                "s = pack(u)\n"
                "assert(#s > 100000)\n"
                "assert(deep({ n = 1, u }, { n = 1, unpack(s) }))");
}

static void test_hints(void **state) {
    run(*state, "local function check(want, ...)\n"
                "  local s = pack(...)\n"
                "  local got = table.concat({ hints() }, ' ')\n"
                "  assert(got == want, got)\n"
                "  local h = string.char(hints())\n"
                "  assert(deep(table.pack(...), table.pack(unpack(s, h:gsub('\\0', '\\1')))))\n"
                "end\n"
                "check('255 255 255 255 255 255')\n"
                "check('255 255 255 255 255 255', 1, 'x')\n"
                "check('0 255 255 255 255 255', { 1, 2, 3 })\n"
                "check('1 2 0 1 255 255', { 1, x = { a = 1, b = 2, {} } }, { y = 1 })\n"
                "local many, most = {}, {}\n"
                "for i = 1, 254 do most['k' .. i] = i many['k' .. i] = i end\n"
                "for i = 1, 400 do many[-i] = i end\n"
                "check('254 255 1 0 0 0', most, many, { a = 1 }, {}, {}, {}, { a = 1 })\n"
                "pack(each{{ 1, each{} }, { 2, 3 }})\n"
                "assert(table.concat({ hints() }, ' ') == '2 0 255 255 255 255')");
}

static void test_pairs_reentrant(void **state) {
    run(*state,
        "local inner = {}\n"
        "local big = ('q'):rep(5000)\n"
        "local p = proxy(function(t)\n"
        "  inner[#inner + 1] = pack(1, { a = big })\n"
        "  return function(_, k)\n"
        "    inner[#inner + 1] = pack(k, big)\n"
        "    collectgarbage()\n"
        "    k = (k or 0) + 1\n"
        "    if k <= 3 then return k, k * 10 end\n"
        "  end, t, nil\n"
        "end)\n"
        "local want = '\\6\\x0a\\1\\x0a\\10\\x0a\\2\\x0a\\20\\x0a\\3\\x0a\\30\\0'\n"
        "assert(pack('before', p, p, 'after') == pack('before') .. want .. want .. pack('after'))\n"
        "assert(#inner == 10 and inner[1] == pack(1, { a = big }) and inner[3] == pack(1, big))\n"
        "assert(pack({ p, k = p }) == '\\x0e' .. want .. '\\x0c\\x6b' .. want .. '\\0')");
}

/* A finalizer may pack while the metatable is looked at. */
static void test_finalizer_reentrant(void **state) {
    run(*state,
        "local runs = 0\n"
        "local function litter()\n"
        "  setmetatable({}, { __gc = function() runs = runs + 1 pack(('g'):rep(300)) end })\n"
        "end\n"
        "local mt = {}\n"
        "local list = {}\n"
        "for i = 1, 50 do list[i] = setmetatable({ i }, mt) end\n"
        "local want = pack(list)\n"
        "collectgarbage('generational')\n"
        "for i = 1, 3000 do litter() assert(pack(list) == want) end\n"
        "collectgarbage('incremental') collectgarbage() assert(runs > 0)");
}

static void test_pairs_errors(void **state) {
    run(*state,
        "local token = {}\n"
        "local ok, err = pcall(pack, 1, { proxy(function() error(token) end) })\n"
        "assert(not ok and err == token)\n"
        "ok, err = pcall(pack, proxy(function() return function() error('iter', 0) end end))\n"
        "assert(not ok and err == 'iter')\n"
        "ok, err = pcall(pack, proxy(function() error(nil) end))\n"
        "assert(not ok and err == nil)\n"
        "ok, err = pcall(pack, proxy(function() return function() coroutine.yield() end end))\n"
        "assert(not ok and tostring(err):find('yield'))\n"
        "ok, err = pcall(pack, setmetatable({}, { __pairs = 1 }))\n"
        "assert(not ok and err:find('attempt to call'))\n"
        "ok, err = pcall(pack, each{{ 'k', print }})\n"
        "assert(not ok and err:find('Unsupport type function'))\n"
        "assert(pack(1) == '\\x0a\\1')");
}

/* A table that its own values change meanwhile gives some well-formed stream or an error. */
static void test_pairs_changes_table(void **state) {
    run(*state, "for round = 1, 200 do\n"
                "  local t, n = {}, 0\n"
                "  local p = proxy(function()\n"
                "    n = n + 1\n"
                "    if round % 3 == 0 then t[n % 5 + 1] = nil t.x = nil end\n"
                "    if round % 3 == 1 then t[n % 9 + 1] = 1 t['y' .. n % 9] = n end\n"
                "    if n > 100 then error('enough') end\n"
                "    return next, {}\n"
                "  end)\n"
                "  for i = 1, round % 7 do t[i] = p end\n"
                "  t.x = p t.z = p\n"
                "  local ok, s = pcall(pack, t)\n"
                "  if ok then unpack(s) end\n"
                "end");
}

static void test_pack_keeps_stack(void **state) {
    fixture *f = *state;
    run(f, "return 1, { 1, a = { 2 } }, each{{ 1, 2 }}, 'end'");
    int top = lua_gettop(f->L);
    sk_buffer_append(&f->out, "head", 4);
    sk_seri_pack(f->L, 2, 3, &f->out, NULL);
    assert_int_equal(lua_gettop(f->L), top);
    assert_memory_equal(f->out.data, "head\x0e\x0a\x01", 7);
    size_t len = f->out.len;
    sk_seri_pack(f->L, 2, 1, &f->out, f->hints);
    assert_int_equal(f->out.len, len);
}

/* ---- reader ---- */

static void expect_invalid(fixture *f, const char *hex) {
    set_stream(f, hex);
    run(f, "local ok, err = pcall(unpack, stream)\n"
           "assert(not ok and err:find('Invalid serialize stream %d+ %(line:%d+%)'), err)");
}

static void test_malformed(void **state) {
    static const char *const STREAMS[] = {
        "1a01020304",
        "2a0102030405",
        "3a00",
        "3a0102030405060708",
        "4a",
        "fa",
        "0a",
        "1201",
        "22010203",
        "320102",
        "4200",
        "03",
        "0301020304050607",
        "2c68",
        "05",
        "0d",
        "150a0061",
        "1d0100",
        "1501",
        "25010000",
        "07",
        "0f",
        "ff",
        "06",
        "0e",
        "fe42000000000000f03f00",
        "fe04",
        "fe",
        "fe00",
        "fe0a",
        "fe1a0102030405060708",
        "060a01",
        "060a010a02",
        "0e0a01",
        "060700",
        "0e0700",
        "0607",
        "fe0a02000a",
        "250000008000",
        "25ffffffff00",
        "15ffff61",
        "0a0107",
        "0907",
        "fe0a1e0e00",
        "060000 06",
        "fe0a0300 00",
        "1606 0000",
    };
    for (size_t i = 0; i < SK_ARRAY_LEN(STREAMS); i++)
        expect_invalid(*state, STREAMS[i]);
}

static void test_nan_key(void **state) {
    set_stream(*state, "0642000000000000f87f0a0100");
    run(*state, "local ok, err = pcall(unpack, stream)\n"
                "assert(not ok and err:find('table index is NaN'))");
}

static int null_stream(lua_State *L) { return sk_seri_unpack(L, NULL, 3, NULL); }

static void test_null(void **state) {
    fixture *f = *state;
    lua_pushcfunction(f->L, null_stream);
    lua_setglobal(f->L, "null_stream");
    run(f, "local ok, err = pcall(null_stream)\n"
           "assert(not ok and err:find('deserialize null pointer', 1, true))");
    assert_int_equal(sk_seri_unpack(f->L, NULL, 0, NULL), 0);
}

static void test_unpack_depth(void **state) {
    fixture *f = *state;
    set_stream(f, "0e*255 06 00*256");
    run(f, "assert(#unpack(stream) == 1)");
    expect_invalid(f, "0e*256 06 00*257");
    expect_invalid(f, "0e*100000 00*100000");
    expect_invalid(f, "06*100000 00*100000");
    expect_invalid(f, "0e*1000000");
}

/* Announced sizes must not be believed: the state may grow by little only. */
static void test_hostile_lengths(void **state) {
    fixture *f = *state;
    static const char *const STREAMS[] = {"fe22ffffff7f 00", "fe32ffffffffffffff7f 00",
                                          "25ffffff7f 61*10", "fe320000000001000000 00*1000"};
    for (size_t i = 0; i < SK_ARRAY_LEN(STREAMS); i++) {
        expect_invalid(f, STREAMS[i]);
        run(f, "assert(collectgarbage('count') < 4000)");
    }
    run(f, "local s = ('\\xfe\\x22\\0\\0\\1\\0'):rep(200) .. ('\\0'):rep(66000)\n"
           "collectgarbage() collectgarbage('stop')\n"
           "local before = collectgarbage('count')\n"
           "local ok, err = pcall(unpack, s, ('\\xff'):rep(6))\n"
           "local after = collectgarbage('count')\n"
           "collectgarbage('restart')\n"
           "assert(not ok and err:find('Invalid serialize stream'))\n"
           "assert(after - before < 2200, after - before)");
}

static void test_many_values(void **state) {
    run(*state, "local s = ('\\x0a\\7'):rep(200)\n"
                "assert(select('#', unpack(s)) == 200)\n"
                "local ok, err = pcall(unpack, ('\\0'):rep(2000000))\n"
                "assert(not ok and err:find('stack overflow'), err)\n"
                "assert(select('#', unpack(s)) == 200)");
}

/* Both directions when every allocation may be the last one. */
typedef struct {
    size_t used;
    size_t limit;
} memory;

static void *limited(void *ud, void *ptr, size_t old_size, size_t new_size) {
    memory *m = ud;
    size_t old = ptr ? old_size : 0;
    if (new_size == 0) {
        free(ptr);
        m->used -= old;
        return NULL;
    }
    if (new_size > old && m->used - old + new_size > m->limit)
        return NULL;
    void *p = realloc(ptr, new_size);
    if (p)
        m->used += new_size - old;
    return p;
}

static void test_out_of_memory(void **state) {
    (void)state;
    memory m = {0, SIZE_MAX};
    fixture f = {.L = lua_newstate(limited, &m)};
    *(fixture **)lua_getextraspace(f.L) = &f;
    luaL_openlibs(f.L);
    lua_register(f.L, "pack", lua_pack);
    lua_register(f.L, "unpack", lua_unpack);
    assert_int_equal(luaL_dostring(f.L, PRELUDE), LUA_OK);
    run(&f, "function work() local t = { ('a'):rep(99), each{{ 1, nested(20, {}) }}, b = {} }\n"
            "  return unpack(pack(t, t)) end work()");
    int failures = 0;
    for (size_t spare = 0; spare < 40000; spare += 64) {
        lua_settop(f.L, 0);
        m.limit = SIZE_MAX;
        lua_gc(f.L, LUA_GCCOLLECT);
        lua_getglobal(f.L, "work");
        m.limit = m.used + spare;
        f.out.len = 0;
        failures += lua_pcall(f.L, 0, 0, 0) != LUA_OK;
    }
    assert_true(failures > 3);
    m.limit = SIZE_MAX;
    run(&f, "work()");
    lua_close(f.L);
    sk_buffer_done(&f.out);
    assert_int_equal(m.used, 0);
}

/* ---- random values ---- */

static sk_random seeded(void) {
    const char *text = getenv("SEED");
    uint64_t seed = text ? strtoull(text, NULL, 0) : sk_random_system_seed();
    printf("SEED=%llu\n", (unsigned long long)seed);
    sk_random random;
    sk_random_init(&random, seed);
    return random;
}

static void push_scalar(lua_State *L, sk_random *random) {
    char text[80];
    uint32_t len;
    switch (sk_random_below(random, 6)) {
    case 0:
        lua_pushboolean(L, (int)sk_random_below(random, 2));
        break;
    case 1:
        lua_pushinteger(L, (lua_Integer)sk_random_below(random, 300) - 20);
        break;
    case 2:
        lua_pushinteger(L, (lua_Integer)(sk_random_next(random) >> sk_random_below(random, 64)));
        break;
    case 3:
        lua_pushnumber(L, (double)(int64_t)sk_random_next(random) / 1024.0);
        break;
    case 4:
        lua_pushlightuserdata(L, (void *)(uintptr_t)sk_random_next(random));
        break;
    default:
        len = sk_random_below(random, sizeof text);
        for (uint32_t i = 0; i < len; i++)
            text[i] = (char)sk_random_next(random);
        lua_pushlstring(L, text, len);
    }
}

static void push_value(lua_State *L, sk_random *random, int depth) {
    luaL_checkstack(L, 10, NULL);
    if (depth == 0 || sk_random_below(random, 3)) {
        push_scalar(L, random);
        return;
    }
    lua_createtable(L, (int)sk_random_below(random, 4), (int)sk_random_below(random, 4));
    uint32_t list = sk_random_below(random, 2) ? sk_random_below(random, 40) : 0;
    for (uint32_t i = 1; i <= list; i++) {
        if (sk_random_below(random, 10) == 0)
            continue;
        push_value(L, random, depth - 1);
        lua_rawseti(L, -2, i);
    }
    uint32_t pairs = sk_random_below(random, 2) ? sk_random_below(random, 12) : 0;
    for (uint32_t i = 0; i < pairs; i++) {
        if (sk_random_below(random, 20) == 0)
            push_value(L, random, depth - 1);
        else
            push_scalar(L, random);
        push_value(L, random, depth - 1);
        lua_rawset(L, -3);
    }
}

static void test_random_round_trips(void **state) {
    fixture *f = *state;
    sk_random random = seeded();
    for (int i = 0; i < 3000; i++) {
        lua_settop(f->L, 0);
        int count = (int)sk_random_below(&random, 6);
        lua_createtable(f->L, 0, 0);
        for (int k = 1; k <= count; k++) {
            push_value(f->L, &random, 1 + (int)sk_random_below(&random, 4));
            lua_rawseti(f->L, -2, k);
        }
        lua_pushinteger(f->L, count);
        lua_setfield(f->L, -2, "n");
        lua_setglobal(f->L, "want");
        run(f, "local s = pack(table.unpack(want, 1, want.n))\n"
               "local h = string.char(hints()):gsub('\\0', '\\1')\n"
               "assert(deep(want, table.pack(unpack(s))))\n"
               "assert(deep(want, table.pack(unpack(s, h))))\n"
               "if #s < 300 then\n"
               "  local whole = want.n\n"
               "  for len = 0, #s - 1 do\n"
               "    local got = table.pack(pcall(unpack, s:sub(1, len)))\n"
               "    if got[1] then assert(got.n - 1 < whole)\n"
               "    else assert(got[2]:find('Invalid serialize stream')) end\n"
               "  end\n"
               "end");
    }
}

/* Random bytes, and valid streams with one byte changed: values or a clean error. */
static void test_random_streams(void **state) {
    fixture *f = *state;
    sk_random random = seeded();
    run(f, "base = pack(1, 'abc', { 1, 2, { x = 1.5, y = { 'deep' } }, k = ('s'):rep(40) }, -5)");
    lua_getglobal(f->L, "base");
    size_t len;
    const char *base = lua_tolstring(f->L, -1, &len);
    char bytes[256];
    assert_true(len < sizeof bytes);
    for (int i = 0; i < 30000; i++) {
        memcpy(bytes, base, len);
        uint32_t changes = 1 + sk_random_below(&random, i % 2 ? 2 : (uint32_t)len);
        for (uint32_t k = 0; k < changes; k++)
            bytes[sk_random_below(&random, (uint32_t)len)] = (char)sk_random_next(&random);
        lua_settop(f->L, 1);
        lua_getglobal(f->L, "unpack");
        lua_pushlstring(f->L, bytes, len);
        if (lua_pcall(f->L, 1, LUA_MULTRET, 0) != LUA_OK) {
            const char *err = lua_tostring(f->L, -1);
            assert_true(strstr(err, "Invalid serialize stream") || strstr(err, "NaN"));
        }
    }
}

/* Every vector, cut at every length: never a crash, never more values than before. */
static void test_truncated_vectors(void **state) {
    fixture *f = *state;
    for (size_t i = 0; i < SK_ARRAY_LEN(BOTH_WAYS); i++) {
        set_stream(f, BOTH_WAYS[i].stream);
        run(f, "if #stream > 1000 then stream = stream:sub(1, 1000) end\n"
               "local whole = table.pack(pcall(unpack, stream))\n"
               "for len = 0, #stream - 1 do\n"
               "  local got = table.pack(pcall(unpack, stream:sub(1, len)))\n"
               "  if got[1] then assert(not whole[1] or got.n < whole.n)\n"
               "  else assert(got[2]:find('Invalid serialize stream')) end\n"
               "end");
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_vectors_write),
        TEST(test_vectors_read),
        TEST(test_pointer),
        TEST(test_unsupported),
        TEST(test_pack_depth),
        TEST(test_list_layouts),
        TEST(test_sparse_list),
        TEST(test_hints),
        TEST(test_pairs_reentrant),
        TEST(test_finalizer_reentrant),
        TEST(test_pairs_errors),
        TEST(test_pairs_changes_table),
        TEST(test_pack_keeps_stack),
        TEST(test_malformed),
        TEST(test_nan_key),
        TEST(test_null),
        TEST(test_unpack_depth),
        TEST(test_hostile_lengths),
        TEST(test_many_values),
        cmocka_unit_test(test_out_of_memory),
        TEST(test_random_round_trips),
        TEST(test_random_streams),
        TEST(test_truncated_vectors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
