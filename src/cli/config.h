/* config.h -- the configuration: from a Lua file into the environment, and typed out of it.
 *
 * The file is Lua text that runs in an empty environment where only `include` is visible. Before
 * it is compiled each $NAME in it is replaced by that variable of the process. Each global that it
 * leaves becomes one string in the environment. It runs in a Lua state of its own with bounded
 * memory, size, depth and instructions, so a broken file ends with an error, never a hang.
 * docs/configuration.md tells the whole to users; all functions belong to the start-up thread. */
#ifndef SK_CLI_CONFIG_H
#define SK_CLI_CONFIG_H

#include "actor/env.h"
#include "actor/node.h"
#include "base/defs.h"

/* Bytes of one file, before and after the replacement of $NAME: far above any real one. */
#define SK_CONFIG_SIZE_MAX (1024 * 1024)
/* Files open at a time through nested includes: deeper is a cycle. */
#define SK_CONFIG_INCLUDE_DEPTH_MAX 32
/* VM instructions of one load, about a second: more is an endless loop. */
#define SK_CONFIG_INSTRUCTION_COUNT_MAX 100000000
/* Lua memory of one load: above a full Lua stack, but ("x"):rep(1e9) is an error. */
#define SK_CONFIG_MEMORY_MAX (128u * 1024 * 1024)
/* The harbor id is one byte of a handle. */
#define SK_CONFIG_HARBOR_MAX 255

/* What the executable itself needs. The texts belong to the environment and live as long. */
typedef struct {
    int worker_count;       /* thread */
    int harbor_id;          /* harbor; 0: off */
    bool profile;           /* per-message CPU accounting */
    const char *daemon;     /* pid file; NULL: stay in the foreground */
    const char *cpath;      /* patterns of native service files */
    const char *bootstrap;  /* "module args" of the second service */
    const char *logger;     /* argument of the log service; NULL: none */
    const char *logservice; /* module of the log service */
    const char *logpath;    /* directory of message logs; NULL: none */
    sk_log_level log_level; /* loglevel */
    int output_limit;       /* socket_output_limit, bytes; 0: none */
    int linger_ms;          /* socket_linger; 0: no limit */
    long stop_ms;           /* how long each of the two waits of a stop takes at most */
} sk_config;

typedef enum {
    SK_CONFIG_TEXT,
    SK_CONFIG_INT,
    SK_CONFIG_BOOL,
    SK_CONFIG_PATTERNS, /* elements separated by ';', each with a '?' */
    SK_CONFIG_FILE,     /* must exist when set */
    SK_CONFIG_ADDRESS   /* host:port */
} sk_config_kind;

typedef struct {
    const char *name;
    sk_config_kind kind;
    const char *fallback; /* what its reader takes when unset; NULL: nothing */
    bool written_back;    /* sk_config_defaults puts the fallback into the environment */
    int min, max;         /* of a number; 0, 0 otherwise */
} sk_config_key;

/* All keys that the runtime reads; static storage. */
const sk_config_key *sk_config_keys(size_t *ret_count);

/* Where the keys of a file were set, by first assignment. All zero is empty. */
typedef struct {
    char *key;
    char *place; /* "path:line" of the last assignment */
} sk_config_origin;

typedef struct {
    sk_config_origin *list;
    size_t count;
} sk_config_origins;

/* Frees the list; it is empty afterwards. */
void sk_config_origins_done(sk_config_origins *origins);

/* Runs the file and copies its globals to `env`; a key that `env` has already keeps its value.
 * SK_EFORMAT: the file does not run; `env` is untouched. SK_EINVAL: some globals cannot be
 * settings; the others are in `env`. Then *ret_error is a text (sk_free): one line per problem;
 * lines that go on from the one before begin with a tab. */
int sk_config_load(const char *path, sk_env *env, char **ret_error);

/* The same, and adds to *origins (may be NULL) each key that got into `env`. */
int sk_config_load_located(const char *path, sk_env *env, sk_config_origins *origins,
                           char **ret_error);

/* Fills `env` for `skein FILE.lua ARG...`: start is the file's name and the arguments, its
 * directory comes first in luaservice and lua_path, harbor is 0. Negative: no such file, or a name
 * or argument that the settings cannot hold; *ret_error tells (sk_free). */
int sk_config_for_script(const char *path, int arg_count, char *const args[], sk_env *env,
                         char **ret_error);

/* Writes the defaults of missing keys into `env` and fills *ret_config from it. Negative: a value
 * is invalid; *ret_error tells (sk_free). */
int sk_config_defaults(sk_env *env, sk_config *ret_config, char **ret_error);

#endif
