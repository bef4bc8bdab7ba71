/* commands.h -- the text commands of Skynet's C interface: words to typed calls. */
#ifndef SK_COMPAT_COMMANDS_H
#define SK_COMPAT_COMMANDS_H

#include "actor/service.h"
#include "base/buffer.h"

/* Owner. Runs a command for the service. The result is NULL, or text that lives in `text` (the
 * caller's, reused), as long as the node, or (a name) as long as the handle it is bound to. `parm`
 * may be NULL. Unknown commands give NULL. */
const char *sk_command_run(sk_service *service, const char *command, const char *parm,
                           sk_buffer *text);

#endif
