/* embed.c -- compiles Lua files to bytecode and writes them as one C file (see lua/embedded.h).
 *
 * usage: embed OUT.c FILE.lua ...
 * The files are named as seen from the root of the tree (lualib/..., services/...). Runs while
 * building, linked with the Lua that the executable gets, since bytecode belongs to one version.
 * Debug information is kept: tracebacks and hot fixes need it. The first error ends the run with
 * file and line on stderr, and status 1. */
#include <lauxlib.h>
#include <lua.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_LEN_MAX 256
#define BYTES_PER_LINE 20

typedef struct {
    char name[NAME_LEN_MAX];
    size_t size;
    int number; /* of its data array */
} entry;

typedef struct {
    FILE *file;
    size_t size;
} output;

static void fail(const char *file, const char *text) {
    fprintf(stderr, "%s: %s\n", file, text);
    exit(1);
}

static int has_prefix(const char *text, const char *prefix) {
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* lualib/a/b.lua -> a.b; lualib/a/init.lua -> a; services/a.lua -> service/a */
static void name_of(const char *path, char *ret_name) {
    size_t len = strlen(path);
    if (len < 5 || len >= NAME_LEN_MAX || strcmp(path + len - 4, ".lua") != 0)
        fail(path, "not a .lua file, or its path is too long");
    len -= 4;
    if (has_prefix(path, "services/")) {
        snprintf(ret_name, NAME_LEN_MAX, "service/%.*s", (int)(len - 9), path + 9);
        return;
    }
    if (!has_prefix(path, "lualib/"))
        fail(path, "neither in lualib/ nor in services/");
    snprintf(ret_name, NAME_LEN_MAX, "%.*s", (int)(len - 7), path + 7);
    len = strlen(ret_name);
    if (len > 5 && strcmp(ret_name + len - 5, "/init") == 0)
        ret_name[len - 5] = '\0';
    for (char *p = ret_name; *p; p++)
        if (*p == '/')
            *p = '.';
}

/* Pushes the whole file as a string. */
static void push_file(lua_State *L, const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file)
        fail(path, "cannot open");
    luaL_Buffer text;
    luaL_buffinit(L, &text);
    size_t count;
    do {
        char *room = luaL_prepbuffer(&text);
        count = fread(room, 1, LUAL_BUFFERSIZE, file);
        luaL_addsize(&text, count);
    } while (count == LUAL_BUFFERSIZE);
    if (ferror(file))
        fail(path, "cannot read");
    fclose(file);
    luaL_pushresult(&text);
}

static int write_bytes(lua_State *L, const void *data, size_t size, void *ud) {
    (void)L;
    output *out = ud;
    const unsigned char *bytes = data;
    for (size_t i = 0; i < size; i++) {
        fprintf(out->file, "%u,", bytes[i]);
        if (++out->size % BYTES_PER_LINE == 0)
            fputc('\n', out->file);
    }
    return 0;
}

static void embed_file(lua_State *L, const char *path, FILE *file, entry *item) {
    push_file(L, path);
    size_t size;
    const char *text = lua_tolstring(L, -1, &size);
    const char *chunk = lua_pushfstring(L, "@skein/%s", path);
    if (luaL_loadbufferx(L, text, size, chunk, "t") != LUA_OK) {
        const char *message = lua_tostring(L, -1);
        fprintf(stderr, "%s\n", has_prefix(message, "skein/") ? message + 6 : message);
        exit(1);
    }
    name_of(path, item->name);
    fprintf(file, "\n/* %s */\nstatic const unsigned char data_%d[] = {\n", path, item->number);
    output out = {.file = file, .size = 0};
    lua_dump(L, write_bytes, &out, 0);
    fprintf(file, "};\n");
    item->size = out.size;
    lua_settop(L, 0);
}

static int compare(const void *a, const void *b) {
    return strcmp(((const entry *)a)->name, ((const entry *)b)->name);
}

static void write_table(FILE *file, entry *items, int count) {
    qsort(items, (size_t)count, sizeof(entry), compare);
    for (int i = 1; i < count; i++)
        if (strcmp(items[i - 1].name, items[i].name) == 0)
            fail(items[i].name, "two files have this name");
    fprintf(file, "\nconst sk_embedded sk_embedded_table[] = {\n");
    for (int i = 0; i < count; i++)
        fprintf(file, "    {\"%s\", data_%d, %zu},\n", items[i].name, items[i].number,
                items[i].size);
    fprintf(file, "    {NULL, NULL, 0},\n};\nconst size_t sk_embedded_count = %d;\n", count);
}

int main(int argc, char **argv) {
    if (argc < 2)
        fail("usage", "embed OUT.c FILE.lua ...");
    FILE *file = fopen(argv[1], "w");
    lua_State *L = luaL_newstate();
    entry *items = calloc((size_t)argc, sizeof(entry));
    if (!file || !L || !items)
        fail(argv[1], "cannot write, or out of memory");
    fprintf(file, "/* Written by tools/embed.c: do not edit. */\n#include \"lua/embedded.h\"\n");
    for (int i = 2; i < argc; i++) {
        items[i - 2].number = i - 2;
        embed_file(L, argv[i], file, &items[i - 2]);
    }
    write_table(file, items, argc - 2);
    if (fclose(file) != 0)
        fail(argv[1], "cannot write");
    free(items);
    lua_close(L);
    return 0;
}
