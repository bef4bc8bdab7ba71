/* bind_log.c -- the module skein.log: log lines with a level and fields.
 *
 *   log.info("player joined", { id = 7, name = "eve" })
 *
 * A log service that takes fields (the built-in one, with `logformat = "json"`) gets them apart;
 * any other gets one text, "info: player joined id=7 name=eve". Everything is put together in the
 * scratch buffer of the service, so that an error of a __tostring loses no memory. */
#include "lua/bind.h"

#include "actor/log.h"
#include "base/json.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

/* Text that needs no quotes as a value in a plain line. */
#define BARE_LEN_MAX 256

typedef struct {
    const char *name;
    size_t len;
} field_key;

static int compare_keys(const void *a, const void *b) {
    const field_key *x = a, *y = b;
    int order = memcmp(x->name, y->name, x->len < y->len ? x->len : y->len);
    return order ? order : (x->len > y->len) - (x->len < y->len);
}

/* Pushes a table that keeps the names of the fields in the table at `index`, whatever happens to
 * that, and a block with them, sorted. */
static field_key *push_keys(lua_State *L, int index, size_t *ret_count) {
    size_t count = 0;
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1), count++)
        if (lua_type(L, -2) != LUA_TSTRING)
            luaL_error(L, "the name of a field is a string, not a %s", luaL_typename(L, -2));
    lua_createtable(L, (int)count, 0);
    field_key *keys = lua_newuserdatauv(L, (count + 1) * sizeof *keys, 0);
    *ret_count = 0;
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        field_key *key = &keys[(*ret_count)++];
        key->name = lua_tolstring(L, -2, &key->len);
        lua_pushvalue(L, -2);
        lua_rawseti(L, -5, (lua_Integer)*ret_count);
    }
    qsort(keys, *ret_count, sizeof *keys, compare_keys);
    return keys;
}

static bool is_bare(const char *text, size_t size) {
    if (size == 0 || size > BARE_LEN_MAX)
        return false;
    for (size_t i = 0; i < size; i++)
        if ((uint8_t)text[i] <= ' ' || (uint8_t)text[i] >= 0x7f || strchr("\"=\\", text[i]))
            return false;
    return true;
}

/* The value on top, which it pops. `quotes`: a string always has them. */
static void append_value(lua_State *L, sk_buffer *out, bool quotes) {
    size_t size;
    const char *text;
    if (lua_isboolean(L, -1)) {
        text = lua_toboolean(L, -1) ? "true" : "false";
        sk_buffer_append(out, text, strlen(text));
    } else if (lua_isinteger(L, -1)) {
        sk_buffer_printf(out, "%lld", (long long)lua_tointeger(L, -1));
    } else if (lua_type(L, -1) == LUA_TNUMBER) {
        sk_json_append_number(out, lua_tonumber(L, -1));
    } else {
        text = luaL_tolstring(L, -1, &size);
        if (quotes || !is_bare(text, size))
            sk_json_append_string(out, text, size);
        else
            sk_buffer_append(out, text, size);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

/* Appends the fields of the table at 2: as the members of a JSON object, or as " name=value". */
static void append_fields(lua_State *L, sk_buffer *out, bool is_json) {
    size_t count;
    const field_key *keys = push_keys(L, 2, &count);
    for (size_t i = 0; i < count; i++) {
        if (is_json && i > 0)
            sk_buffer_append(out, ",", 1);
        else if (!is_json)
            sk_buffer_append(out, " ", 1);
        if (is_json || !is_bare(keys[i].name, keys[i].len))
            sk_json_append_string(out, keys[i].name, keys[i].len);
        else
            sk_buffer_append(out, keys[i].name, keys[i].len);
        sk_buffer_append(out, is_json ? ":" : "=", 1);
        lua_pushlstring(L, keys[i].name, keys[i].len);
        lua_rawget(L, 2);
        append_value(L, out, is_json);
    }
    lua_pop(L, 2);
}

static int write_line(lua_State *L, sk_log_level level) {
    sk_vm *vm = sk_vm_of(L);
    if (level < sk_node_log_level(vm->node))
        return 0;
    luaL_checkany(L, 1);
    bool has_fields = !lua_isnoneornil(L, 2);
    if (has_fields)
        luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    size_t size;
    const char *text = luaL_tolstring(L, 1, &size);
    bool is_apart = sk_node_log_fields(vm->node);
    sk_buffer *out = &vm->scratch;
    size_t start = out->len;
    if (!is_apart) {
        sk_buffer_printf(out, "%s: ", sk_log_level_name(level));
        sk_buffer_append(out, text, size);
    }
    if (has_fields)
        append_fields(L, out, is_apart);
    sk_log_record record = {.level = level, .text = text, .size = size};
    const char *made = (const char *)out->data + start;
    if (!is_apart) {
        record.text = made;
        record.size = out->len - start;
    } else if (has_fields) {
        record.fields = out->data ? made : "";
        record.fields_size = out->len - start;
    }
    sk_vm_log_record(vm, &record);
    out->len = start;
    return 0;
}

/* debug(text [, fields]), info, warn, error: one line. `text` is any value, through tostring;
 * `fields` maps names to values: strings, numbers and booleans as such, others through tostring.
 * Does not block. Raises for fields that are no table, or whose names are no strings. */
static int log_debug(lua_State *L) { return write_line(L, SK_LOG_DEBUG); }
static int log_info(lua_State *L) { return write_line(L, SK_LOG_INFO); }
static int log_warn(lua_State *L) { return write_line(L, SK_LOG_WARN); }
static int log_error(lua_State *L) { return write_line(L, SK_LOG_ERROR); }

/* level([word]) -> the word before: the least level that is logged, of the whole node. Raises for
 * a word that is no level. */
static int log_level(lua_State *L) {
    sk_node *node = sk_vm_of(L)->node;
    sk_log_level before = sk_node_log_level(node);
    if (!lua_isnoneornil(L, 1)) {
        sk_log_level level = SK_LOG_INFO;
        int err = sk_log_level_parse(luaL_checkstring(L, 1), &level);
        luaL_argcheck(L, err == 0, 1, "debug, info, warn or error expected");
        sk_node_set_log_level(node, level);
    }
    lua_pushstring(L, sk_log_level_name(before));
    return 1;
}

int sk_open_log(lua_State *L) {
    static const luaL_Reg functions[] = {{"debug", log_debug}, {"info", log_info},
                                         {"warn", log_warn},   {"error", log_error},
                                         {"level", log_level}, {NULL, NULL}};
    luaL_newlib(L, functions);
    return 1;
}
