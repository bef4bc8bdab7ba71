/* gate_text.h -- the texts that a gate is told: the words of its launch, and its commands.
 *
 * Pure functions over text, without a service. What they return points into the text. */
#ifndef SK_SERVICE_GATE_TEXT_H
#define SK_SERVICE_GATE_TEXT_H

#include "base/buffer.h"

typedef struct {
    uint8_t header_size; /* of the length in front of a packet */
    uint8_t client_type; /* message type of what is passed on */
    uint32_t connection_max;
    const char *watchdog; /* "!", ":hex" or ".name" */
    char *binding;
} sk_gate_args;

/* Any thread. Splits "STYLE WATCHDOG BINDING CLIENT_TYPE MAX"; `text` is changed. SK_EINVAL: one of
 * them is missing or wrong, and `error` (empty before) says which. */
int sk_gate_parse_args(char *text, sk_gate_args *ret_args, sk_buffer *error);

/* Any thread. Splits "port", "host:port" or "[ipv6]:port"; `binding` is changed. ret_host is ""
 * without a host. SK_EINVAL unless the port is a number from 1 to 65535. */
int sk_gate_parse_binding(char *binding, const char **ret_host, int *ret_port);

typedef enum {
    SK_GATE_UNKNOWN,
    SK_GATE_START,
    SK_GATE_FORWARD,
    SK_GATE_BROKER,
    SK_GATE_KICK,
    SK_GATE_CLOSE,
} sk_gate_verb;

typedef struct {
    sk_gate_verb verb;
    int32_t id;       /* START, FORWARD, KICK; 0: none was given */
    sk_handle agent;  /* FORWARD */
    sk_handle client; /* FORWARD; none: the gate itself */
    const char *name; /* BROKER; may be "" */
} sk_gate_command;

/* Any thread. Splits a command at its single blanks; `text` is changed. Words are compared whole. A
 * FORWARD that lacks a word has id 0. */
void sk_gate_parse_command(char *text, sk_gate_command *ret_command);

#endif
