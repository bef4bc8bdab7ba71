/* harbor.h -- the native service that routes what leaves the node: "harbor ID SLAVE".
 *
 * ID is 0: a node on its own. SLAVE is the decimal handle of the Lua service (.cslave) that knows
 * who has which global name. */
#ifndef SK_SERVICE_HARBOR_H
#define SK_SERVICE_HARBOR_H

#include "actor/module.h"

extern const sk_module sk_harbor_module;

#endif
