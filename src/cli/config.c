/* config.c -- the configuration file as Lua in a closed room.
 *
 * A private Lua state runs the file. Its environment is an empty table whose metatable sends each
 * assignment to on_assign, which keeps the value and notes the line, and each read to the values
 * kept so far, then to `include`. After the run export_values copies what is left to the
 * environment. Everything that can raise runs below one lua_pcall; memory that must survive a
 * raise (file text, list of problems) belongs to the loader, which load_with frees. */
#include "cli/config.h"

#include "actor/bound.h"
#include "actor/log.h"
#include "base/buffer.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/thread.h"
#include "cli/message.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <limits.h>
#include <lua.h>
#include <lualib.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HOOK_INSTRUCTION_COUNT 1000000
/* Stack levels searched for includes: finding a level takes time in proportion to its depth. */
#define TRACE_LEVEL_MAX 200
#define LUASERVICE_FALLBACK "./service/?.lua"
#define LUA_PATH_FALLBACK "./lualib/?.lua;./lualib/?/init.lua"

/* Names in the registry of the private state. */
#define REG_ENV "skein.env"         /* the empty table that chunks see */
#define REG_VALUES "skein.values"   /* key -> value */
#define REG_ORIGINS "skein.origins" /* key -> "path:line" of the last assignment */
#define REG_ORDER "skein.order"     /* list of keys, by first assignment */

static const sk_config_key config_keys[] = {
    {"thread", SK_CONFIG_INT, NULL, false, 1, SK_WORKER_COUNT_MAX}, /* its default is computed */
    {"cpath", SK_CONFIG_PATTERNS, "./cservice/?.so", true, 0, 0},
    {"harbor", SK_CONFIG_INT, "1", true, 0, SK_CONFIG_HARBOR_MAX},
    {"bootstrap", SK_CONFIG_TEXT, "snlua bootstrap", true, 0, 0},
    {"daemon", SK_CONFIG_TEXT, NULL, false, 0, 0},
    {"logger", SK_CONFIG_TEXT, NULL, false, 0, 0},
    {"logservice", SK_CONFIG_TEXT, "logger", true, 0, 0},
    {"profile", SK_CONFIG_BOOL, "true", true, 0, 0},
    {"logpath", SK_CONFIG_TEXT, NULL, false, 0, 0},
    {"loglevel", SK_CONFIG_TEXT, "info", false, 0, 0},
    {"logformat", SK_CONFIG_TEXT, "text", false, 0, 0},
    {"socket_output_limit", SK_CONFIG_INT, NULL, false, 0, INT_MAX},
    {"socket_linger", SK_CONFIG_INT, NULL, false, 0, INT_MAX},
    {"stuckms", SK_CONFIG_INT, NULL, false, 1, INT_MAX},
    {"stopms", SK_CONFIG_INT, NULL, false, 0, INT_MAX},
    {"mqmax", SK_CONFIG_INT, NULL, false, 1, INT_MAX},
    {"mqdelayms", SK_CONFIG_INT, NULL, false, 1, INT_MAX},
    {"mqpolicy", SK_CONFIG_TEXT, NULL, false, 0, 0},
    {"luagc", SK_CONFIG_TEXT, "incremental", false, 0, 0},
    {"lualoader", SK_CONFIG_TEXT, NULL, false, 0, 0}, /* missing: the built-in one */
    {"lua_path", SK_CONFIG_PATTERNS, LUA_PATH_FALLBACK, false, 0, 0},
    {"lua_cpath", SK_CONFIG_PATTERNS, "./luaclib/?.so", false, 0, 0},
    {"luaservice", SK_CONFIG_PATTERNS, LUASERVICE_FALLBACK, false, 0, 0},
    {"preload", SK_CONFIG_FILE, NULL, false, 0, 0},
    {"start", SK_CONFIG_TEXT, "main", false, 0, 0},
    {"standalone", SK_CONFIG_ADDRESS, NULL, false, 0, 0},
    {"master", SK_CONFIG_ADDRESS, NULL, false, 0, 0},
    {"address", SK_CONFIG_ADDRESS, NULL, false, 0, 0},
    {"enablessl", SK_CONFIG_BOOL, NULL, false, 0, 0},
    {"tls_verify", SK_CONFIG_TEXT, NULL, false, 0, 0},
    {"certfile", SK_CONFIG_FILE, NULL, false, 0, 0},
    {"keyfile", SK_CONFIG_FILE, NULL, false, 0, 0},
    {"cluster", SK_CONFIG_FILE, NULL, false, 0, 0},
    {"snax", SK_CONFIG_PATTERNS, NULL, false, 0, 0},
    {"snax_interface_g", SK_CONFIG_TEXT, NULL, false, 0, 0},
    {"snax_loader", SK_CONFIG_FILE, NULL, false, 0, 0},
    {"debug_token", SK_CONFIG_TEXT, NULL, false, 0, 0},
    {"debug_public", SK_CONFIG_BOOL, NULL, false, 0, 0},
    {"debug_timeout", SK_CONFIG_TEXT, "30", false, 0, 0},
};

typedef struct {
    sk_env *env;
    sk_config_origins *origins; /* may be NULL */
    const char *path;
    const char *dir; /* of the file that runs now, with the slash; anchored on the Lua stack */
    int depth;
    uint32_t hook_count;
    size_t memory_size;
    sk_buffer raw;      /* the file as it is; free for the next file once that is compiled */
    sk_buffer text;     /* with each $NAME replaced; likewise */
    sk_buffer problems; /* lines for ret_error */
} loader;

static loader *loader_of(lua_State *L) { return *(loader **)lua_getextraspace(L); }

/* The state's allocator: plain realloc below a limit. */
static void *limited_alloc(void *ud, void *ptr, size_t old_size, size_t new_size) {
    loader *ld = ud;
    if (!ptr)
        old_size = 0; /* Lua passes a type here */
    if (new_size == 0) {
        free(ptr);
        ld->memory_size -= old_size;
        return NULL;
    }
    if (new_size > old_size && new_size - old_size > SK_CONFIG_MEMORY_MAX - ld->memory_size)
        return NULL;
    void *moved = sk_try_realloc(ptr, new_size);
    if (moved)
        ld->memory_size += new_size - old_size;
    return moved;
}

static void on_count(lua_State *L, lua_Debug *ar) {
    (void)ar;
    loader *ld = loader_of(L);
    if (++ld->hook_count < SK_CONFIG_INSTRUCTION_COUNT_MAX / HOOK_INSTRUCTION_COUNT)
        return;
    luaL_where(L, 0);
    lua_pushfstring(L, "more than %d million instructions: an endless loop?",
                    SK_CONFIG_INSTRUCTION_COUNT_MAX / 1000000);
    lua_concat(L, 2);
    lua_error(L);
}

/* Appends the file to `buffer`, and a zero byte behind it that is not counted. */
static int read_file(const char *path, sk_buffer *buffer) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return sk_err_from_errno();
    int err = 0;
    for (;;) {
        uint8_t *at = sk_buffer_reserve(buffer, 64 * 1024);
        ssize_t size = read(fd, at, 64 * 1024 - 1);
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0)
            err = sk_err_from_errno();
        if (size <= 0)
            break;
        buffer->len += (size_t)size;
        if (buffer->len > SK_CONFIG_SIZE_MAX) {
            err = SK_ETOOBIG;
            break;
        }
    }
    *sk_buffer_reserve(buffer, 1) = '\0';
    close(fd);
    return err;
}

/* Length of the letters, digits and underscores at `p`, which ends with another byte. */
static size_t word_len(const char *p) {
    size_t len = 0;
    while (isalnum((unsigned char)p[len]) || p[len] == '_')
        len++;
    return len;
}

/* Appends `raw` to `text` with each $NAME replaced. Fails with SK_ENAME at the first that is not
 * set; *ret_name is then that name inside `raw`, cut off behind it. */
static int expand(sk_buffer *raw, sk_buffer *text, char **ret_name) {
    char *p = (char *)raw->data;
    char *end = p + raw->len;
    while (p < end) {
        char *dollar = memchr(p, '$', (size_t)(end - p));
        sk_buffer_append(text, p, (size_t)((dollar ? dollar : end) - p));
        if (!dollar)
            break;
        size_t len = word_len(dollar + 1);
        p = dollar + 1 + len;
        if (len == 0) {
            sk_buffer_append(text, "$", 1);
            continue;
        }
        char behind = *p;
        *p = '\0';
        const char *value = getenv(dollar + 1);
        if (!value) {
            *ret_name = dollar + 1;
            return SK_ENAME;
        }
        *p = behind;
        sk_buffer_append(text, value, strlen(value));
        if (text->len > SK_CONFIG_SIZE_MAX)
            return SK_ETOOBIG;
    }
    return 0;
}

static int line_of(const sk_buffer *raw, const char *at) {
    int line = 1;
    for (const char *p = (const char *)raw->data; p < at; p++)
        line += *p == '\n';
    return line;
}

/* lua_error with a text that gets no position in front: on_error tells where it was included. */
static void raise_text(lua_State *L, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    lua_pushvfstring(L, fmt, args);
    va_end(args);
    lua_error(L);
}

/* Puts the text of the file at `path` into ld->text, or raises. `name` is the path as written. */
static void prepare_text(lua_State *L, loader *ld, const char *path, const char *name) {
    ld->raw.len = ld->text.len = 0;
    char *unset = NULL;
    int err = read_file(path, &ld->raw);
    if (err == 0 && ld->raw.len && ld->raw.data[0] == LUA_SIGNATURE[0])
        raise_text(L, "%s: compiled Lua is not accepted, only text", name);
    if (err == 0)
        err = expand(&ld->raw, &ld->text, &unset);
    if (err == SK_ENAME)
        raise_text(L, "%s:%d: os.getenv() failed: %s", name, line_of(&ld->raw, unset), unset);
    if (err == SK_ETOOBIG)
        raise_text(L, "%s: larger than %d bytes", name, SK_CONFIG_SIZE_MAX);
    if (err < 0)
        raise_text(L, "%s: %s", path, sk_err_text(err));
}

/* Compiles and runs a file, with its directory current meanwhile. Raises. */
static void run_file(lua_State *L, const char *name) {
    loader *ld = loader_of(L);
    if (ld->depth >= SK_CONFIG_INCLUDE_DEPTH_MAX)
        raise_text(L, "%s: includes are nested deeper than %d files", name,
                   SK_CONFIG_INCLUDE_DEPTH_MAX);
    const char *path = lua_pushfstring(L, "%s%s", name[0] == '/' ? "" : ld->dir, name);
    const char *slash = strrchr(path, '/');
    const char *dir = lua_pushlstring(L, path, slash ? (size_t)(slash - path) + 1 : 0);
    const char *chunk_name = lua_pushfstring(L, "@%s", name);

    prepare_text(L, ld, path, name);
    const char *text = ld->text.len ? (const char *)ld->text.data : "";
    if (luaL_loadbufferx(L, text, ld->text.len, chunk_name, "t") != LUA_OK)
        lua_error(L);
    lua_getfield(L, LUA_REGISTRYINDEX, REG_ENV);
    lua_setupvalue(L, -2, 1);
    const char *dir_before = ld->dir;
    ld->dir = dir;
    ld->depth++;
    lua_call(L, 0, 0);
    ld->depth--;
    ld->dir = dir_before;
    lua_pop(L, 3);
}

/* include(path) */
static int on_include(lua_State *L) {
    size_t len = 0;
    const char *name = lua_type(L, 1) == LUA_TSTRING ? lua_tolstring(L, 1, &len) : NULL;
    if (len == 0 || strlen(name) != len)
        raise_text(L, "include needs the name of a file");
    run_file(L, name);
    return 0;
}

/* "path:line" of the code that called the running C function. */
static void push_place(lua_State *L) {
    lua_Debug ar;
    if (lua_getstack(L, 1, &ar) && lua_getinfo(L, "Sl", &ar) && ar.currentline > 0)
        lua_pushfstring(L, "%s:%d", ar.source + 1, ar.currentline);
    else
        lua_pushstring(L, loader_of(L)->path);
}

/* __newindex(env, key, value): keeps the value, and where it was set. */
static int on_assign(lua_State *L) {
    if (lua_type(L, 2) != LUA_TSTRING)
        return luaL_error(L, "Invalid config table (a key is a %s, not a name)",
                          luaL_typename(L, 2));
    lua_settop(L, 3);
    lua_getfield(L, LUA_REGISTRYINDEX, REG_ORIGINS); /* 4 */
    lua_pushvalue(L, 2);
    if (lua_rawget(L, 4) == LUA_TNIL) {
        lua_getfield(L, LUA_REGISTRYINDEX, REG_ORDER);
        lua_pushvalue(L, 2);
        lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
    }
    lua_settop(L, 4);
    lua_pushvalue(L, 2);
    push_place(L);
    lua_rawset(L, 4);
    lua_getfield(L, LUA_REGISTRYINDEX, REG_VALUES);
    lua_pushvalue(L, 2);
    lua_pushvalue(L, 3);
    lua_rawset(L, 5);
    return 0;
}

/* Message handler: adds the line of each include that is being run. */
static int on_error(lua_State *L) {
    lua_Debug ar;
    bool through_include = false;
    luaL_tolstring(L, 1, NULL);
    for (int level = 1; level < TRACE_LEVEL_MAX && lua_getstack(L, level, &ar); level++) {
        lua_getinfo(L, "Slf", &ar);
        if (through_include && ar.currentline > 0) {
            lua_pushfstring(L, "\n\tincluded from %s:%d", ar.source + 1, ar.currentline);
            lua_insert(L, -2);
            lua_pop(L, 1);
            lua_concat(L, 2);
            through_include = false;
            continue;
        }
        through_include = lua_tocfunction(L, -1) == on_include;
        lua_pop(L, 1);
    }
    return 1;
}

/* Builds the environment of the chunks: env -> values -> { include }. */
static void push_room(lua_State *L) {
    luaL_requiref(L, LUA_STRLIBNAME, luaopen_string, 0); /* methods of strings only */
    lua_settop(L, 0);
    lua_newtable(L);
    lua_setfield(L, LUA_REGISTRYINDEX, REG_ORIGINS);
    lua_newtable(L);
    lua_setfield(L, LUA_REGISTRYINDEX, REG_ORDER);

    lua_createtable(L, 0, 1); /* { include } */
    lua_pushcfunction(L, on_include);
    lua_setfield(L, -2, "include");
    lua_createtable(L, 0, 1); /* the metatable of the values */
    lua_insert(L, -2);
    lua_setfield(L, -2, "__index");
    lua_newtable(L); /* the values */
    lua_insert(L, -2);
    lua_setmetatable(L, -2);
    lua_pushvalue(L, -1);
    lua_setfield(L, LUA_REGISTRYINDEX, REG_VALUES);

    lua_createtable(L, 0, 2); /* the metatable of the environment */
    lua_insert(L, -2);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, on_assign);
    lua_setfield(L, -2, "__newindex");
    lua_newtable(L); /* the environment */
    lua_insert(L, -2);
    lua_setmetatable(L, -2);
    lua_setfield(L, LUA_REGISTRYINDEX, REG_ENV);
}

/* Why the entry cannot be a setting, in words that follow "a"; NULL: it can. */
static const char *entry_problem(lua_State *L, const char *key, size_t key_len) {
    if (strlen(key) != key_len)
        return "name with a zero byte";
    switch (lua_type(L, -1)) {
    case LUA_TSTRING:
    case LUA_TNUMBER:
    case LUA_TBOOLEAN:
        return NULL;
    default:
        return luaL_typename(L, -1);
    }
}

static void add_origin(sk_config_origins *origins, const char *key, const char *place) {
    origins->list = sk_realloc(origins->list, (origins->count + 1) * sizeof *origins->list);
    origins->list[origins->count++] = (sk_config_origin){sk_strdup(key), sk_strdup(place)};
}

/* Copies the entry, with its key at -2 and its value at -1, to the environment. */
static void export_entry(lua_State *L, loader *ld) {
    size_t key_len;
    const char *key = lua_tolstring(L, -2, &key_len);
    const char *problem = entry_problem(L, key, key_len);
    lua_getfield(L, LUA_REGISTRYINDEX, REG_ORIGINS);
    lua_pushvalue(L, -3);
    lua_rawget(L, -2);
    const char *place = lua_tostring(L, -1);
    if (problem) {
        sk_buffer_printf(&ld->problems, "%sInvalid config table key = %s (a %s, set at %s)",
                         ld->problems.len ? "\n" : "", key, problem, place);
        return;
    }
    (void)sk_env_set(ld->env, key, luaL_tolstring(L, -3, NULL));
    if (ld->origins)
        add_origin(ld->origins, key, place);
}

/* Copies each key that is set, by first assignment. */
static void export_values(lua_State *L) {
    lua_settop(L, 0);
    lua_getfield(L, LUA_REGISTRYINDEX, REG_VALUES);
    lua_getfield(L, LUA_REGISTRYINDEX, REG_ORDER);
    for (lua_Integer i = 1; lua_rawgeti(L, 2, i) != LUA_TNIL; i++) {
        lua_pushvalue(L, -1);
        if (lua_rawget(L, 1) != LUA_TNIL)
            export_entry(L, loader_of(L));
        lua_settop(L, 2);
    }
}

/* The protected part of a load: all that may raise. */
static int run_all(lua_State *L) {
    push_room(L);
    run_file(L, loader_of(L)->path);
    lua_sethook(L, NULL, 0, 0);
    export_values(L);
    return 0;
}

static char *error_text(lua_State *L, loader *ld, int status) {
    if (status == LUA_ERRMEM)
        return sk_message_new("%s: more than %u MiB of memory needed", ld->path,
                              SK_CONFIG_MEMORY_MAX / 1024 / 1024);
    if (status != LUA_OK)
        return sk_strdup(lua_tostring(L, -1));
    return sk_memdup_text(ld->problems.data, ld->problems.len);
}

const sk_config_key *sk_config_keys(size_t *ret_count) {
    *ret_count = SK_ARRAY_LEN(config_keys);
    return config_keys;
}

void sk_config_origins_done(sk_config_origins *origins) {
    for (size_t i = 0; i < origins->count; i++) {
        sk_free(origins->list[i].key);
        sk_free(origins->list[i].place);
    }
    sk_free(origins->list);
    *origins = (sk_config_origins){0};
}

int sk_config_load(const char *path, sk_env *env, char **ret_error) {
    return sk_config_load_located(path, env, NULL, ret_error);
}

int sk_config_load_located(const char *path, sk_env *env, sk_config_origins *origins,
                           char **ret_error) {
    loader ld = {.env = env, .origins = origins, .path = path, .dir = ""};
    lua_State *L = lua_newstate(limited_alloc, &ld);
    if (!L) {
        *ret_error = sk_message_new("%s: not enough memory for a Lua state", path);
        return SK_ELIMIT;
    }
    *(loader **)lua_getextraspace(L) = &ld;
    lua_sethook(L, on_count, LUA_MASKCOUNT, HOOK_INSTRUCTION_COUNT);
    lua_pushcfunction(L, on_error); /* neither of these allocates, so they cannot raise */
    lua_pushcfunction(L, run_all);
    int status = lua_pcall(L, 0, 0, 1);
    int err = status != LUA_OK ? SK_EFORMAT : ld.problems.len ? SK_EINVAL : 0;
    if (err < 0)
        *ret_error = error_text(L, &ld, status);
    lua_close(L);
    sk_buffer_done(&ld.raw);
    sk_buffer_done(&ld.text);
    sk_buffer_done(&ld.problems);
    return err;
}

static bool has_space(const char *text) {
    while (*text && !isspace((unsigned char)*text))
        text++;
    return *text != '\0';
}

/* A text that tells why the script cannot be started, or NULL. */
static char *script_problem(const char *path, int arg_count, char *const args[]) {
    struct stat st;
    if (stat(path, &st) < 0 || access(path, R_OK) < 0)
        return sk_message_new("%s: %s", path, sk_err_text(sk_err_from_errno()));
    if (!S_ISREG(st.st_mode))
        return sk_message_new("%s: not a regular file", path);
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    if (strlen(name) <= strlen(".lua"))
        return sk_message_new("%s: the file has no name before .lua", path);
    if (has_space(name))
        return sk_message_new("%s: the name of a service cannot hold white space", path);
    if (strpbrk(path, "?;"))
        return sk_message_new("%s: a path with '?' or ';' does not fit into luaservice", path);
    for (int i = 0; i < arg_count; i++) {
        if (args[i][0] == '\0' || has_space(args[i]))
            return sk_message_new("argument %d, \"%s\", is empty or has white space: "
                                  "arguments of a service are separated by blanks",
                                  i + 1, args[i]);
    }
    return NULL;
}

/* Sets the key to formatted text; one that is there already keeps its value. */
SK_PRINTF(3, 4)
static void set_text(sk_env *env, const char *key, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    char *text = sk_message_newv(fmt, args);
    va_end(args);
    (void)sk_env_set(env, key, text);
    sk_free(text);
}

int sk_config_for_script(const char *path, int arg_count, char *const args[], sk_env *env,
                         char **ret_error) {
    char *problem = script_problem(path, arg_count, args);
    if (problem) {
        *ret_error = problem;
        return SK_EINVAL;
    }
    const char *slash = strrchr(path, '/');
    int dir_len = slash ? (int)(slash - path) + 1 : 2;
    const char *dir = slash ? path : "./";
    const char *name = slash ? slash + 1 : path;

    sk_buffer start = {0};
    sk_buffer_append(&start, name, strlen(name) - strlen(".lua"));
    for (int i = 0; i < arg_count; i++)
        sk_buffer_printf(&start, " %s", args[i]);
    set_text(env, "start", "%.*s", (int)start.len, (const char *)start.data);
    sk_buffer_done(&start);
    set_text(env, "luaservice", "%.*s?.lua;" LUASERVICE_FALLBACK, dir_len, dir);
    set_text(env, "lua_path", "%.*s?.lua;%.*s?/init.lua;" LUA_PATH_FALLBACK, dir_len, dir, dir_len,
             dir);
    set_text(env, "harbor", "0");
    return 0;
}

/* The integer prefix of a key that is set. SK_EINVAL: there is none, or it is out of range. */
static int parse_range(sk_env *env, const char *key, int min, int max, int *ret_number) {
    const char *text = sk_env_get(env, key);
    char *end;
    long number = strtol(text, &end, 10);
    if (end == text || number < min || number > max)
        return SK_EINVAL;
    *ret_number = (int)number;
    return 0;
}

/* The same for a key that may be unset, and is then 0. The message goes to ret_error. */
static int parse_optional(sk_env *env, const char *key, int *ret_number, char **ret_error) {
    *ret_number = 0;
    if (!sk_env_get(env, key) || parse_range(env, key, 0, INT_MAX, ret_number) == 0)
        return 0;
    *ret_error =
        sk_message_new("Invalid %s %s , should be in [0,%d]", key, sk_env_get(env, key), INT_MAX);
    return SK_EINVAL;
}

/* What is logged, how, and the bounds of sockets. */
static int parse_rest(sk_env *env, sk_config *config, char **ret_error) {
    const char *level = sk_env_get(env, "loglevel");
    const char *format = sk_env_get(env, "logformat");
    config->log_level = SK_LOG_INFO;
    if (level && sk_log_level_parse(level, &config->log_level) < 0) {
        *ret_error =
            sk_message_new("Invalid loglevel %s , should be debug, info, warn or error", level);
        return SK_EINVAL;
    }
    if (format && strcmp(format, "text") != 0 && strcmp(format, "json") != 0) {
        *ret_error = sk_message_new("Invalid logformat %s , should be text or json", format);
        return SK_EINVAL;
    }
    int err = parse_optional(env, "socket_output_limit", &config->output_limit, ret_error);
    return err < 0 ? err : parse_optional(env, "socket_linger", &config->linger_ms, ret_error);
}

int sk_config_defaults(sk_env *env, sk_config *ret_config, char **ret_error) {
    int cpu_count = sk_thread_cpu_count();
    set_text(env, "thread", "%d",
             cpu_count < SK_WORKER_COUNT_DEFAULT_MAX ? cpu_count : SK_WORKER_COUNT_DEFAULT_MAX);
    for (size_t i = 0; i < SK_ARRAY_LEN(config_keys); i++)
        if (config_keys[i].written_back)
            (void)sk_env_set(env, config_keys[i].name, config_keys[i].fallback);

    sk_config config = {
        .profile = sk_env_get_bool(env, "profile", true),
        .daemon = sk_env_get(env, "daemon"),
        .cpath = sk_env_get(env, "cpath"),
        .bootstrap = sk_env_get(env, "bootstrap"),
        .logger = sk_env_get(env, "logger"),
        .logservice = sk_env_get(env, "logservice"),
        .logpath = sk_env_get(env, "logpath"),
        .stop_ms = sk_env_get_int(env, "stopms", SK_STOP_MS),
    };
    if (parse_range(env, "thread", 1, SK_WORKER_COUNT_MAX, &config.worker_count) < 0) {
        *ret_error = sk_message_new("Invalid thread %ld , should be in [1,%d]",
                                    sk_env_get_int(env, "thread", 0), SK_WORKER_COUNT_MAX);
        return SK_EINVAL;
    }
    if (parse_range(env, "harbor", 0, SK_CONFIG_HARBOR_MAX, &config.harbor_id) < 0) {
        *ret_error = sk_message_new("Invalid harbor %s , should be in [0,%d]",
                                    sk_env_get(env, "harbor"), SK_CONFIG_HARBOR_MAX);
        return SK_EINVAL;
    }
    int err = parse_rest(env, &config, ret_error);
    if (err < 0)
        return err;
    const char *policy_name = sk_env_get(env, "mqpolicy");
    sk_policy policy;
    if (policy_name && sk_policy_parse(policy_name, &policy) < 0) {
        *ret_error = sk_message_new("Invalid mqpolicy %s , should be warn, refuse or drop_oldest",
                                    policy_name);
        return SK_EINVAL;
    }
    *ret_config = config;
    return 0;
}
