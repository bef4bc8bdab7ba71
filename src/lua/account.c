/* account.c -- CPU time of tasks, added up in numbered accounts of their service. */
#include "lua/account.h"

#include "base/assert.h"
#include "base/limits.h"
#include "base/mem.h"

#include <string.h>

static uint64_t cycles_now(const sk_task *task) {
    return sk_clock_cycles(sk_node_clock(task->vm->node));
}

static void make_room(sk_vm *vm, uint32_t number) {
    if (number < vm->account_cap)
        return;
    uint32_t cap = vm->account_cap ? vm->account_cap : 16;
    while (cap <= number)
        cap *= 2;
    vm->accounts = sk_realloc(vm->accounts, cap * sizeof(sk_account));
    memset(vm->accounts + vm->account_cap, 0, (cap - vm->account_cap) * sizeof(sk_account));
    vm->account_cap = cap;
}

void sk_account_open(sk_task *task, uint32_t number) {
    sk_assert(number >= 1 && number <= SK_ACCOUNT_COUNT_MAX);
    if (task->account)
        sk_account_close(task);
    make_room(task->vm, number);
    task->account = number;
    task->watched |= SK_WATCH_ACCOUNT;
    sk_account_charge_start(task);
}

void sk_account_close(sk_task *task) {
    sk_account_charge_stop(task);
    task->vm->accounts[task->account].count++;
    task->account = 0;
}

sk_account sk_account_get(const sk_vm *vm, uint32_t number) {
    return number < vm->account_cap ? vm->accounts[number] : (sk_account){0};
}

void sk_account_free_all(sk_vm *vm) {
    sk_free(vm->accounts);
    vm->accounts = NULL;
    vm->account_cap = 0;
}

void sk_account_charge_start(sk_task *task) { task->charged_cycles = cycles_now(task); }

void sk_account_charge_stop(sk_task *task) {
    uint64_t now = cycles_now(task);
    /* The counters of two cores may differ a little. */
    if (task->charged_cycles && now > task->charged_cycles)
        task->vm->accounts[task->account].cycles += now - task->charged_cycles;
    task->charged_cycles = 0;
}
