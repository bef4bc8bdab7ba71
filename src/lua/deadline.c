/* deadline.c -- a binary heap of tasks, ordered by deadline. */
#include "lua/deadline.h"

#include "base/assert.h"
#include "base/mem.h"
#include "lua/task.h"

#define CAP_MIN 8
#define NS_PER_CS 10000000.0

static void place(sk_deadlines *heap, uint32_t i, sk_task *task) {
    heap->tasks[i] = task;
    task->heap_index = (int32_t)i;
}

static void sift_up(sk_deadlines *heap, uint32_t i, sk_task *task) {
    while (i > 0) {
        sk_task *parent = heap->tasks[(i - 1) / 2];
        if (parent->deadline_ns <= task->deadline_ns)
            break;
        place(heap, i, parent);
        i = (i - 1) / 2;
    }
    place(heap, i, task);
}

static void sift_down(sk_deadlines *heap, uint32_t i, sk_task *task) {
    for (;;) {
        uint32_t child = 2 * i + 1;
        if (child >= heap->count)
            break;
        if (child + 1 < heap->count &&
            heap->tasks[child + 1]->deadline_ns < heap->tasks[child]->deadline_ns)
            child++;
        if (task->deadline_ns <= heap->tasks[child]->deadline_ns)
            break;
        place(heap, i, heap->tasks[child]);
        i = child;
    }
    place(heap, i, task);
}

/* One timer is on its way for the head; a later one that is no longer needed does no harm. */
static void arm(sk_vm *vm) {
    sk_deadlines *heap = &vm->deadlines;
    if (heap->count == 0)
        return;
    uint64_t first = heap->tasks[0]->deadline_ns;
    if (heap->armed_ns && heap->armed_ns <= first)
        return;
    uint64_t now = sk_clock_ns(sk_node_clock(vm->node));
    heap->armed_ns = first;
    int32_t session = sk_task_new_session(vm);
    (void)sk_map_put(&vm->sessions, (uint64_t)session, sk_waiter_make(NULL, SK_WAITER_DEADLINE));
    sk_task_arm(vm, session, first > now ? (double)(first - now) / NS_PER_CS : 0);
}

void sk_deadline_add(sk_task *task) {
    sk_deadlines *heap = &task->vm->deadlines;
    sk_assert(task->heap_index < 0 && task->deadline_ns);
    if (heap->count == heap->cap) {
        heap->cap = heap->cap ? 2 * heap->cap : CAP_MIN;
        heap->tasks = sk_realloc(heap->tasks, heap->cap * sizeof(sk_task *));
    }
    sift_up(heap, heap->count++, task);
    arm(task->vm);
}

void sk_deadline_remove(sk_task *task) {
    sk_deadlines *heap = &task->vm->deadlines;
    uint32_t i = (uint32_t)task->heap_index;
    sk_assert(i < heap->count && heap->tasks[i] == task);
    sk_task *last = heap->tasks[--heap->count];
    task->heap_index = -1;
    if (last == task)
        return;
    if (i > 0 && heap->tasks[(i - 1) / 2]->deadline_ns > last->deadline_ns)
        sift_up(heap, i, last);
    else
        sift_down(heap, i, last);
}

void sk_deadline_expire(sk_vm *vm) {
    sk_deadlines *heap = &vm->deadlines;
    heap->armed_ns = 0;
    while (heap->count && sk_deadline_is_past(vm, heap->tasks[0]->deadline_ns)) {
        sk_task *task = heap->tasks[0];
        sk_deadline_remove(task);
        sk_task_queue_failure(task, SK_WAKE_DEADLINE);
    }
    arm(vm);
}

bool sk_deadline_is_past(const sk_vm *vm, uint64_t deadline_ns) {
    return deadline_ns && sk_clock_ns(sk_node_clock(vm->node)) >= deadline_ns;
}
