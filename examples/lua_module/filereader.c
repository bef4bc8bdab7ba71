/* filereader.c -- a Lua C module: reads files in a thread of its own, so that no worker waits.
 *
 *     local reader = filereader.new(type)    messages of this type bring what was read
 *     reader:read(id, path)                  asks; the message holds: id, text | id, nil, error
 *
 * The thread hands its results over with skein_thread_send. files.lua makes a blocking call of it.
 * A reader that is collected, at the latest with its service, lets its thread finish first. */
#include "skein.h"

#include <errno.h>
#include <lauxlib.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define METATABLE "skein example filereader"
#define FILE_SIZE_MAX (16u << 20)

typedef struct job job;
struct job {
    job *next;
    int64_t id;
    char path[];
};

typedef struct {
    skein_service *service; /* the one it belongs to, and reports to */
    int type;
    pthread_t thread;
    pthread_mutex_t lock; /* over the rest */
    pthread_cond_t changed;
    job *first;
    job **last;
    bool is_closing;
} reader;

/* ---- The thread ---- */

/* The file as a malloc block, or NULL and the error. */
static char *read_file(const char *path, size_t *ret_size, int *ret_errno) {
    FILE *file = fopen(path, "rbe");
    if (!file) {
        *ret_errno = errno;
        return NULL;
    }
    char *text = NULL;
    size_t size = 0, room = 4096, count;
    do {
        room *= 2;
        char *wider = room <= FILE_SIZE_MAX ? realloc(text, room) : NULL;
        if (!wider) {
            free(text);
            fclose(file);
            *ret_errno = EFBIG;
            return NULL;
        }
        text = wider;
        count = fread(text + size, 1, room - size, file);
        size += count;
    } while (size == room);
    *ret_errno = ferror(file) ? EIO : 0;
    fclose(file);
    *ret_size = size;
    if (*ret_errno == 0)
        return text;
    free(text);
    return NULL;
}

static void run_job(const reader *self, const job *asked) {
    size_t size = 0;
    int error = 0;
    char *text = read_file(asked->path, &size, &error);
    skein_writer writer = {0};
    skein_write_integer(&writer, asked->id);
    if (text) {
        skein_write_string(&writer, text, size);
    } else {
        const char *reason = skein_error_text(-error);
        skein_write_nil(&writer);
        skein_write_string(&writer, reason, strlen(reason));
    }
    free(text);
    char *block = skein_writer_take(&writer, &size);
    /* Fails when the service is ending: then nobody waits any more. */
    (void)skein_thread_send(self->service, skein_self(self->service), self->type, block, size);
    free(block);
}

/* The next job; NULL at the end. */
static job *next_job(reader *self) {
    pthread_mutex_lock(&self->lock);
    while (!self->first && !self->is_closing)
        pthread_cond_wait(&self->changed, &self->lock);
    job *asked = self->is_closing ? NULL : self->first;
    if (asked) {
        self->first = asked->next;
        if (!self->first)
            self->last = &self->first;
    }
    pthread_mutex_unlock(&self->lock);
    return asked;
}

static void *thread_main(void *arg) {
    reader *self = arg;
    for (job *asked; (asked = next_job(self)); free(asked))
        run_job(self, asked);
    return NULL;
}

/* ---- The Lua side ---- */

static int reader_read(lua_State *L) {
    reader *self = luaL_checkudata(L, 1, METATABLE);
    lua_Integer id = luaL_checkinteger(L, 2);
    size_t size;
    const char *path = luaL_checklstring(L, 3, &size);
    job *asked = malloc(sizeof *asked + size + 1);
    if (!asked)
        return luaL_error(L, "not enough memory");
    asked->next = NULL;
    asked->id = id;
    memcpy(asked->path, path, size + 1);
    pthread_mutex_lock(&self->lock);
    *self->last = asked;
    self->last = &asked->next;
    pthread_cond_signal(&self->changed);
    pthread_mutex_unlock(&self->lock);
    return 0;
}

static int reader_gc(lua_State *L) {
    reader *self = luaL_checkudata(L, 1, METATABLE);
    pthread_mutex_lock(&self->lock);
    self->is_closing = true;
    pthread_cond_signal(&self->changed);
    pthread_mutex_unlock(&self->lock);
    pthread_join(self->thread, NULL);
    while (self->first) {
        job *left = self->first;
        self->first = left->next;
        free(left);
    }
    pthread_cond_destroy(&self->changed);
    pthread_mutex_destroy(&self->lock);
    return 0;
}

/* new(type) -> reader */
static int module_new(lua_State *L) {
    lua_Integer type = luaL_checkinteger(L, 1);
    luaL_argcheck(L, type >= 0 && type <= 255, 1, "a message type is one byte");
    skein_service *service = skein_of_lua(L);
    if (!service)
        return luaL_error(L, "filereader works in services of Skein only");
    reader *self = lua_newuserdatauv(L, sizeof *self, 0);
    *self = (reader){.service = service, .type = (int)type};
    self->last = &self->first;
    pthread_mutex_init(&self->lock, NULL);
    pthread_cond_init(&self->changed, NULL);
    if (pthread_create(&self->thread, NULL, thread_main, self) != 0)
        return luaL_error(L, "cannot start a thread");
    luaL_setmetatable(L, METATABLE); /* from here on it is closed when it is collected */
    return 1;
}

SKEIN_EXTERN SKEIN_EXPORT int luaopen_filereader(lua_State *L);

int luaopen_filereader(lua_State *L) {
    static const luaL_Reg methods[] = {{"read", reader_read}, {NULL, NULL}};
    static const luaL_Reg functions[] = {{"new", module_new}, {NULL, NULL}};
    luaL_newmetatable(L, METATABLE);
    lua_pushcfunction(L, reader_gc);
    lua_setfield(L, -2, "__gc");
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
    luaL_newlib(L, functions);
    return 1;
}
