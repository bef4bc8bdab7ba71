/* gate.h -- the native TCP gate: "gate STYLE WATCHDOG BINDING CLIENT_TYPE MAX".
 *
 * It accepts connections, cuts what they send into packets (codec/netpack.h) and passes each to a
 * service; what services send it goes out as it is. docs/gate.md describes the texts and messages.
 */
#ifndef SK_SERVICE_GATE_H
#define SK_SERVICE_GATE_H

#include "actor/module.h"

extern const sk_module sk_gate_module;

#endif
