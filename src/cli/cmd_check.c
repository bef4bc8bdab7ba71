/* cmd_check.c -- the checks of `skein --check`.
 *
 * Each check looks at one key or one relation and reports through report(), which counts, or
 * note(), which does not. A line begins with the place where the key was last set, or with the
 * path of the file when it was not set at all. Relative paths mean the working directory, as they
 * do for a node. */
#include "cli/cmd_check.h"

#include "actor/bound.h"
#include "base/buffer.h"
#include "base/err.h"
#include "base/mem.h"
#include "cli/config.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Longest name that is compared with the known keys; longer is no slip of the pen. */
#define SIMILAR_LEN_MAX 24
#define PORT_MAX 65535
#define BOOTSTRAP_STANDARD "snlua bootstrap"

typedef struct {
    const char *path;
    FILE *out;
    sk_check_embedded_fn is_embedded;
    sk_env *env;
    sk_config_origins origins;
    int problem_count;
} checker;

static const char *place_of(const checker *check, const char *key) {
    for (size_t i = 0; i < check->origins.count; i++)
        if (strcmp(check->origins.list[i].key, key) == 0)
            return check->origins.list[i].place;
    return check->path;
}

SK_PRINTF(3, 4)
static void report(checker *check, const char *key, const char *fmt, ...) {
    fprintf(check->out, "%s: %s ", place_of(check, key), key);
    va_list args;
    va_start(args, fmt);
    vfprintf(check->out, fmt, args);
    va_end(args);
    fputc('\n', check->out);
    check->problem_count++;
}

SK_PRINTF(3, 4)
static void note(const checker *check, const char *key, const char *fmt, ...) {
    fprintf(check->out, "%s: note: %s ", place_of(check, key), key);
    va_list args;
    va_start(args, fmt);
    vfprintf(check->out, fmt, args);
    va_end(args);
    fputc('\n', check->out);
}

/* The whole text as a decimal number. */
static bool parse_number(const char *text, long *ret_number) {
    char *end;
    long number = strtol(text, &end, 10);
    if (end == text || *end)
        return false;
    *ret_number = number;
    return true;
}

static void check_int(checker *check, const sk_config_key *key, const char *text) {
    long number;
    if (!parse_number(text, &number))
        report(check, key->name, "is not a whole number: \"%s\"", text);
    else if (number < key->min || number > key->max)
        report(check, key->name, "= %ld is not in [%d,%d]", number, key->min, key->max);
}

static void check_bool(checker *check, const char *key, const char *text) {
    if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
        report(check, key, "= \"%s\" counts as false: only true switches it on", text);
}

static void check_patterns(checker *check, const char *key, const char *text) {
    for (const char *p = text; *p;) {
        size_t len = strcspn(p, ";");
        if (len && !memchr(p, '?', len))
            report(check, key, "has a pattern without '?': \"%.*s\"", (int)len, p);
        p += len;
        p += *p == ';';
    }
}

static void check_file(checker *check, const char *key, const char *path) {
    struct stat st;
    if (stat(path, &st) < 0 || access(path, R_OK) < 0)
        report(check, key, "= \"%s\": %s", path, sk_err_text(sk_err_from_errno()));
    else if (S_ISDIR(st.st_mode))
        report(check, key, "= \"%s\" is a directory", path);
}

static void check_address(checker *check, const char *key, const char *text) {
    const char *colon = strrchr(text, ':');
    long port = 0;
    if (!colon || colon == text || !parse_number(colon + 1, &port) || port < 1 || port > PORT_MAX)
        report(check, key, "= \"%s\" is not of the form host:port", text);
}

static void check_key(checker *check, const sk_config_key *key) {
    const char *text = sk_env_get(check->env, key->name);
    if (!text)
        return;
    switch (key->kind) {
    case SK_CONFIG_TEXT:
        break;
    case SK_CONFIG_INT:
        check_int(check, key, text);
        break;
    case SK_CONFIG_BOOL:
        check_bool(check, key->name, text);
        break;
    case SK_CONFIG_PATTERNS:
        check_patterns(check, key->name, text);
        break;
    case SK_CONFIG_FILE:
        check_file(check, key->name, text);
        break;
    case SK_CONFIG_ADDRESS:
        check_address(check, key->name, text);
        break;
    }
}

static int min3(int a, int b, int c) {
    int least = a < b ? a : b;
    return least < c ? least : c;
}

/* How many letters must be inserted, removed, replaced or swapped with a neighbour to get from one
 * word to the other, ignoring case (optimal string alignment). Both have at most SIMILAR_LEN_MAX
 * letters. */
static int edit_distance(const char *a, const char *b) {
    int cost[SIMILAR_LEN_MAX + 1][SIMILAR_LEN_MAX + 1];
    int a_len = (int)strlen(a);
    int b_len = (int)strlen(b);
    for (int i = 0; i <= a_len; i++)
        cost[i][0] = i;
    for (int j = 0; j <= b_len; j++)
        cost[0][j] = j;
    for (int i = 1; i <= a_len; i++) {
        for (int j = 1; j <= b_len; j++) {
            int x = tolower((unsigned char)a[i - 1]);
            int y = tolower((unsigned char)b[j - 1]);
            cost[i][j] =
                min3(cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + (x != y));
            bool swapped = i > 1 && j > 1 && x == tolower((unsigned char)b[j - 2]) &&
                           tolower((unsigned char)a[i - 2]) == y;
            if (swapped && cost[i - 2][j - 2] + 1 < cost[i][j])
                cost[i][j] = cost[i - 2][j - 2] + 1;
        }
    }
    return cost[a_len][b_len];
}

/* The known key that `name` may have been meant to be, or NULL; also NULL if it is one. */
static const char *find_similar(const char *name) {
    size_t len = strlen(name);
    if (len < 3 || len > SIMILAR_LEN_MAX)
        return NULL;
    int distance_min = len < 5 ? 2 : 3;
    const char *similar = NULL;
    size_t key_count;
    const sk_config_key *keys = sk_config_keys(&key_count);
    for (size_t i = 0; i < key_count; i++) {
        if (strcmp(name, keys[i].name) == 0)
            return NULL;
        int distance = edit_distance(name, keys[i].name);
        if (distance < distance_min) {
            distance_min = distance;
            similar = keys[i].name;
        }
    }
    return similar;
}

static void check_names(checker *check) {
    for (size_t i = 0; i < check->origins.count; i++) {
        const char *key = check->origins.list[i].key;
        const char *similar = find_similar(key);
        if (similar && !sk_env_get(check->env, similar))
            note(check, key, "is no key of the runtime; did you mean \"%s\"?", similar);
    }
}

/* True if a file of a pattern list exists for the name; else *ret_tried holds what was tried. */
static bool find_along(const char *patterns, const char *name, sk_buffer *ret_tried) {
    sk_buffer file = {0};
    bool found = false;
    for (const char *p = patterns; *p && !found; p += *p == ';') {
        size_t len = strcspn(p, ";");
        const char *end = p + len;
        file.len = 0;
        for (; p < end; p++) {
            if (*p == '?')
                sk_buffer_append(&file, name, strlen(name));
            else
                sk_buffer_append(&file, p, 1);
        }
        sk_buffer_append(&file, "", 1);
        found = len > 0 && access((char *)file.data, R_OK) == 0;
        if (len > 0 && !found)
            sk_buffer_printf(ret_tried, "\n\tno file %s", (char *)file.data);
    }
    sk_buffer_done(&file);
    return found;
}

static void check_start(checker *check) {
    const char *bootstrap = sk_env_get(check->env, "bootstrap");
    if (bootstrap && strcmp(bootstrap, BOOTSTRAP_STANDARD) != 0)
        return; /* it starts what it likes */
    const char *start = sk_env_get(check->env, "start");
    if (!start)
        start = "main";
    start += strspn(start, " ");
    char *name = sk_memdup_text(start, strcspn(start, " "));
    const char *luaservice = sk_env_get(check->env, "luaservice");
    sk_buffer tried = {0};
    if (name[0] == '\0')
        report(check, "start", "is empty");
    else if (!(check->is_embedded && check->is_embedded(name)) &&
             !find_along(luaservice ? luaservice : "./service/?.lua", name, &tried))
        report(check, "start", "= \"%s\" is not found along luaservice:%.*s", name, (int)tried.len,
               (const char *)tried.data);
    sk_buffer_done(&tried);
    sk_free(name);
}

static void check_loader(checker *check) {
    const char *loader = sk_env_get(check->env, "lualoader");
    if (loader && access(loader, R_OK) < 0)
        note(check, "lualoader", "= \"%s\": %s; the built-in loader is used", loader,
             sk_err_text(sk_err_from_errno()));
}

static void check_harbor(checker *check) {
    long harbor = sk_env_get_int(check->env, "harbor", 1);
    const char *standalone = sk_env_get(check->env, "standalone");
    if (harbor == 0) {
        if (standalone)
            report(check, "standalone", "cannot be set when harbor = 0");
        return;
    }
    const char *needed[] = {"address", "master"};
    for (size_t i = 0; i < SK_ARRAY_LEN(needed); i++)
        if (!sk_env_get(check->env, needed[i]))
            report(check, needed[i],
                   "is missing: harbor = %ld needs it (harbor = 0 is for a node on its own)",
                   harbor);
}

/* Checks that a file of that path can be written, or made. */
static void check_writable(checker *check, const char *key) {
    const char *path = sk_env_get(check->env, key);
    if (!path)
        return;
    if (path[0] == '\0') {
        report(check, key, "is empty; leave it out to have no such file");
        return;
    }
    struct stat st;
    if (stat(path, &st) == 0) {
        if (S_ISDIR(st.st_mode))
            report(check, key, "= \"%s\" is a directory", path);
        else if (access(path, W_OK) < 0)
            report(check, key, "= \"%s\": %s", path, sk_err_text(sk_err_from_errno()));
        return;
    }
    const char *slash = strrchr(path, '/');
    char *dir = slash ? sk_memdup_text(path, (size_t)(slash - path) + 1) : sk_strdup(".");
    if (access(dir, W_OK | X_OK) < 0)
        report(check, key, "= \"%s\": directory \"%s\": %s", path, dir,
               sk_err_text(sk_err_from_errno()));
    sk_free(dir);
}

/* A key whose value is one of some words. */
static void check_words(checker *check, const char *key, const char *const *words) {
    const char *text = sk_env_get(check->env, key);
    sk_buffer known = {0};
    bool is_known = !text;
    for (size_t i = 0; words[i]; i++) {
        is_known = is_known || strcmp(text, words[i]) == 0;
        sk_buffer_printf(&known, "%s%s", i ? ", " : "", words[i]);
    }
    if (!is_known)
        report(check, key, "= \"%s\" is not one of %.*s", text, (int)known.len,
               (const char *)known.data);
    sk_buffer_done(&known);
}

static void check_logs(checker *check) {
    static const char *const levels[] = {"debug", "info", "warn", "error", NULL};
    static const char *const formats[] = {"text", "json", NULL};
    check_words(check, "loglevel", levels);
    check_words(check, "logformat", formats);
    const char *logservice = sk_env_get(check->env, "logservice");
    if (!logservice || strcmp(logservice, "logger") == 0)
        check_writable(check, "logger");
    const char *logpath = sk_env_get(check->env, "logpath");
    if (!logpath)
        return;
    struct stat st;
    if (stat(logpath, &st) < 0)
        report(check, "logpath", "= \"%s\": %s", logpath, sk_err_text(sk_err_from_errno()));
    else if (!S_ISDIR(st.st_mode))
        report(check, "logpath", "= \"%s\" is not a directory", logpath);
    else if (access(logpath, W_OK | X_OK) < 0)
        report(check, "logpath", "= \"%s\": %s", logpath, sk_err_text(sk_err_from_errno()));
}

static void check_bounds(checker *check) {
    const char *name = sk_env_get(check->env, "mqpolicy");
    sk_policy policy;
    if (!name)
        return;
    if (sk_policy_parse(name, &policy) < 0)
        report(check, "mqpolicy", "= \"%s\" is not warn, refuse or drop_oldest", name);
    else if (!sk_env_get(check->env, "mqmax") && !sk_env_get(check->env, "mqdelayms"))
        report(check, "mqpolicy", "does nothing without mqmax or mqdelayms");
}

/* Prints and counts the problems of sk_config_load: lines, but for those that begin with a tab. */
static void print_load_error(checker *check, const char *text) {
    fprintf(check->out, "%s\n", text);
    check->problem_count++;
    for (const char *p = text; (p = strchr(p, '\n')); p++)
        check->problem_count += p[1] != '\t';
}

static void check_all(checker *check) {
    size_t key_count;
    const sk_config_key *keys = sk_config_keys(&key_count);
    check_names(check);
    for (size_t i = 0; i < key_count; i++)
        check_key(check, &keys[i]);
    check_start(check);
    check_loader(check);
    check_harbor(check);
    check_bounds(check);
    check_writable(check, "daemon");
    check_logs(check);
}

int sk_cmd_check(const char *path, sk_check_embedded_fn is_embedded, FILE *out) {
    checker check = {.path = path, .out = out, .is_embedded = is_embedded, .env = sk_env_new()};
    char *error = NULL;
    int err = sk_config_load_located(path, check.env, &check.origins, &error);
    if (err < 0)
        print_load_error(&check, error);
    if (err != SK_EFORMAT)
        check_all(&check);
    fprintf(out, "%s: %d problem%s\n", path, check.problem_count,
            check.problem_count == 1 ? "" : "s");
    sk_free(error);
    sk_config_origins_done(&check.origins);
    sk_env_free(check.env);
    return check.problem_count ? 1 : 0;
}
