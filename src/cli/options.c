/* options.c -- parsing of the command line.
 *
 * One option decides what happens and takes at most one file, so a table of them is all there is;
 * getopt would reorder the arguments that belong to a script. */
#include "cli/options.h"

#include "base/err.h"
#include "cli/message.h"

#include <string.h>

#define USAGE "usage: skein CONFIG | skein FILE.lua [ARG...] | skein --check CONFIG\n"

typedef struct {
    const char *name;
    const char *short_name; /* NULL: none */
    sk_options_action action;
    bool takes_file;
} option;

static const option options[] = {
    {"--help", "-h", SK_OPTIONS_HELP, false},
    {"--version", "-V", SK_OPTIONS_VERSION, false},
    {"--config", NULL, SK_OPTIONS_CONFIG, true},
    {"--check", NULL, SK_OPTIONS_CHECK, true},
};

static const char help_text[] =
    "usage: skein CONFIG             run a node as the configuration file says\n"
    "       skein FILE.lua [ARG...]  run a Lua service with default settings\n"
    "       skein --config FILE      run FILE as a configuration, whatever its name\n"
    "       skein --check CONFIG     tell what is wrong with a configuration, and where\n"
    "       skein --help             print this text\n"
    "       skein --version          print the version\n"
    "\n"
    "CONFIG is a Lua file of settings, for example:\n"
    "\n"
    "    thread = 4\n"
    "    harbor = 0\n"
    "    start = \"main\"\n"
    "    luaservice = \"./service/?.lua\"\n"
    "\n"
    "FILE.lua is found by its ending. The arguments reach it as `...`.\n";

static int fail_usage(sk_options_error *ret_error, const char *what, const char *arg) {
    ret_error->text = sk_message_new("skein: %s %s\n" USAGE, what, arg);
    ret_error->exit_status = 2;
    return SK_EINVAL;
}

static int fail_no_file(sk_options_error *ret_error) {
    ret_error->text = sk_message_new("skein: nothing to run; give a configuration file or a Lua "
                                     "service (skein --help tells more)\n" USAGE);
    ret_error->exit_status = 1;
    return SK_EINVAL;
}

static const option *find_option(const char *arg) {
    for (size_t i = 0; i < SK_ARRAY_LEN(options); i++) {
        const option *o = &options[i];
        if (strcmp(arg, o->name) == 0 || (o->short_name && strcmp(arg, o->short_name) == 0))
            return o;
    }
    return NULL;
}

static bool is_script(const char *path) {
    size_t len = strlen(path);
    return len >= 4 && strcmp(path + len - 4, ".lua") == 0;
}

int sk_options_parse(int argc, char *const argv[], sk_options *ret_options,
                     sk_options_error *ret_error) {
    if (argc < 2)
        return fail_no_file(ret_error);
    int at = 1;
    const option *o = NULL;
    if (strcmp(argv[at], "--") == 0) {
        at++;
    } else if (argv[at][0] == '-') {
        o = find_option(argv[at]);
        if (!o)
            return fail_usage(ret_error, "unknown option", argv[at]);
        if (!o->takes_file) {
            *ret_options = (sk_options){.action = o->action};
            return 0;
        }
        at++;
    }
    if (at >= argc || argv[at][0] == '\0')
        return o ? fail_usage(ret_error, "a file must follow", o->name) : fail_no_file(ret_error);

    const char *path = argv[at++];
    sk_options parsed = {.action = o ? o->action : SK_OPTIONS_CONFIG, .path = path};
    if (!o && is_script(path)) {
        parsed.action = SK_OPTIONS_SCRIPT;
        parsed.arg_count = argc - at;
        parsed.args = argv + at;
    }
    *ret_options = parsed;
    return 0;
}

const char *sk_options_help(void) { return help_text; }

const char *sk_options_version(void) { return "skein " SK_VERSION "\n"; }
