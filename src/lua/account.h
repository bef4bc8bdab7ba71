/* account.h -- CPU time of tasks, added up in numbered accounts of their service.
 *
 * A task that has opened an account is charged for each stretch in which it runs, not for what it
 * waits; the coroutines inside it count for it. When it ends, however it ends, the account's count
 * goes up by one. Owner only. */
#ifndef SK_LUA_ACCOUNT_H
#define SK_LUA_ACCOUNT_H

#include "lua/vm.h"

/* The task that runs is charged to the account from now on, and not to the one it had opened.
 * `number` is in [1, SK_ACCOUNT_COUNT_MAX]. */
void sk_account_open(sk_task *task, uint32_t number);

/* The task has ended, or opens another account: it is counted. */
void sk_account_close(sk_task *task);

/* What is in the account so far; zero when it was never opened. */
sk_account sk_account_get(const sk_vm *vm, uint32_t number);

/* After lua_close. */
void sk_account_free_all(sk_vm *vm);

/* The task, which has an account, is about to be resumed; it waits now. */
void sk_account_charge_start(sk_task *task);
void sk_account_charge_stop(sk_task *task);

#endif
