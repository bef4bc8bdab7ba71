/* options.h -- the command line of the executable, parsed but not acted on.
 *
 *     skein CONFIG                 run the configuration file
 *     skein FILE.lua [ARG...]      run a Lua service with default settings
 *     skein --config FILE          run FILE as a configuration whatever its name
 *     skein --check CONFIG         tell what is wrong with a configuration
 *     skein --help | --version
 *
 * Whether files exist is for those who open them to say. */
#ifndef SK_CLI_OPTIONS_H
#define SK_CLI_OPTIONS_H

#include "base/defs.h"

#ifndef SK_VERSION
#define SK_VERSION "0.1.0"
#endif

typedef enum {
    SK_OPTIONS_CONFIG, /* run the configuration `path` */
    SK_OPTIONS_SCRIPT, /* run the Lua service `path` with `args` */
    SK_OPTIONS_CHECK,  /* check the configuration `path` */
    SK_OPTIONS_HELP,
    SK_OPTIONS_VERSION
} sk_options_action;

/* Points into argv. */
typedef struct {
    sk_options_action action;
    const char *path;  /* NULL for help and version */
    int arg_count;     /* of a script; 0 otherwise */
    char *const *args; /* likewise */
} sk_options;

typedef struct {
    char *text;      /* for stderr: "skein: ...", a usage line, newlines; release with sk_free */
    int exit_status; /* 1; 2 for wrong usage */
} sk_options_error;

/* Any thread. Arguments behind a configuration file are ignored, as they always were; those
 * behind a script are the script's, also when they look like options. 0 or SK_EINVAL. */
int sk_options_parse(int argc, char *const argv[], sk_options *ret_options,
                     sk_options_error *ret_error);

/* Any thread. What --help and --version print, with newlines; static storage. */
const char *sk_options_help(void);
const char *sk_options_version(void);

#endif
