/* gate_text.c -- splits what a gate is told into words, and the words into values. */
#include "service/gate_text.h"

#include "actor/message.h"
#include "base/err.h"

#include <stdlib.h>
#include <string.h>

#define ARG_COUNT 5
#define COMMAND_WORD_COUNT 4

/* Splits at blanks, several of them as one, into at most `count_max` words. */
static int split(char *text, char **ret_words, int count_max) {
    int count = 0;
    char *rest = NULL;
    for (char *word = strtok_r(text, " \t\r\n", &rest); word && count < count_max;
         word = strtok_r(NULL, " \t\r\n", &rest))
        ret_words[count++] = word;
    return count;
}

/* A whole decimal number in [low, high]. */
static bool parse_number(const char *text, long low, long high, long *ret_value) {
    char *end;
    long value = strtol(text, &end, 10);
    if (end == text || *end || value < low || value > high)
        return false;
    *ret_value = value;
    return true;
}

static int header_size(const char *style) {
    if (strcmp(style, "S") == 0)
        return 2;
    return strcmp(style, "L") == 0 ? 4 : 0;
}

int sk_gate_parse_args(char *text, sk_gate_args *ret_args, sk_buffer *error) {
    char *words[ARG_COUNT];
    long type = 0, max = 0;
    sk_buffer_printf(error, "Invalid gate parm %s", text);
    int count = split(text, words, ARG_COUNT);
    if (count < ARG_COUNT - 1 || !parse_number(words[3], 0, UINT8_MAX, &type))
        return SK_EINVAL;
    error->len = 0;
    if (count < ARG_COUNT || !parse_number(words[4], 1, INT32_MAX, &max))
        sk_buffer_printf(error, "Need max connection");
    else if (!header_size(words[0]))
        sk_buffer_printf(error, "Invalid data header style");
    if (error->len)
        return SK_EINVAL;
    *ret_args = (sk_gate_args){
        .header_size = (uint8_t)header_size(words[0]),
        .client_type = type ? (uint8_t)type : SK_TYPE_CLIENT,
        .connection_max = (uint32_t)max,
        .watchdog = words[1],
        .binding = words[2],
    };
    return 0;
}

int sk_gate_parse_binding(char *binding, const char **ret_host, int *ret_port) {
    char *colon = strrchr(binding, ':');
    char *host = colon ? binding : (char *)"";
    long port;
    if (!parse_number(colon ? colon + 1 : binding, 1, UINT16_MAX, &port))
        return SK_EINVAL;
    if (colon) {
        *colon = '\0';
        size_t len = strlen(host);
        if (host[0] == '[' && host[len - 1] == ']') {
            host[len - 1] = '\0';
            host++;
        }
    }
    *ret_host = host;
    *ret_port = (int)port;
    return 0;
}

/* The word that begins at *text, terminated; *text moves behind it. NULL at the end. */
static char *next_word(char **text) {
    char *word = *text;
    if (!word)
        return NULL;
    char *blank = strchr(word, ' ');
    *text = blank ? blank + 1 : NULL;
    if (blank)
        *blank = '\0';
    return word;
}

static int32_t parse_id(const char *word) {
    long id = word ? strtol(word, NULL, 10) : 0;
    return id > 0 && id <= INT32_MAX ? (int32_t)id : 0;
}

/* The first character, by custom a colon, is not looked at. */
static sk_handle parse_handle(const char *word) {
    return word[0] ? (sk_handle){(uint32_t)strtoul(word + 1, NULL, 16)} : SK_HANDLE_NONE;
}

static void parse_forward(char *rest, sk_gate_command *ret_command) {
    const char *id = next_word(&rest);
    const char *agent = next_word(&rest);
    const char *client = next_word(&rest);
    if (!client || !*agent || !*client)
        return;
    ret_command->id = parse_id(id);
    ret_command->agent = parse_handle(agent);
    ret_command->client = parse_handle(client);
}

void sk_gate_parse_command(char *text, sk_gate_command *ret_command) {
    static const struct {
        const char *word;
        sk_gate_verb verb;
    } VERBS[] = {{"start", SK_GATE_START},
                 {"forward", SK_GATE_FORWARD},
                 {"broker", SK_GATE_BROKER},
                 {"kick", SK_GATE_KICK},
                 {"close", SK_GATE_CLOSE}};
    *ret_command = (sk_gate_command){.verb = SK_GATE_UNKNOWN, .name = ""};
    char *rest = text;
    const char *word = next_word(&rest);
    for (size_t i = 0; i < SK_ARRAY_LEN(VERBS); i++)
        if (strcmp(word, VERBS[i].word) == 0)
            ret_command->verb = VERBS[i].verb;
    if (ret_command->verb == SK_GATE_FORWARD)
        parse_forward(rest, ret_command);
    else if (ret_command->verb == SK_GATE_BROKER)
        ret_command->name = rest ? rest : "";
    else
        ret_command->id = parse_id(next_word(&rest));
}
