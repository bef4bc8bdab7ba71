/* outq.c -- lists of blocks, and their bookkeeping.
 *
 * A copied block of the high queue has spare room, and the next small copy goes there: a service
 * that writes a line at a time makes few blocks and few pieces. Low blocks stay apart, because
 * each may be overtaken at its end. */
#include "io/outq.h"

#include "base/assert.h"
#include "base/mem.h"

#include <string.h>

/* Room of a copied high block, at least. */
#define COPY_ROOM 2000

struct sk_out_block {
    sk_out_block *next;
    uint8_t *data; /* a malloc block, or behind the struct */
    size_t start;  /* first unsent byte */
    size_t end;
    size_t room; /* capacity of a copied block; 0: data is a block of its own */
    uint8_t copy[];
};

static void block_free(sk_out_block *take_block) {
    if (take_block->room == 0)
        sk_free(take_block->data);
    sk_free(take_block);
}

static void list_done(sk_out_list *list) {
    while (list->head) {
        sk_out_block *block = list->head;
        list->head = block->next;
        block_free(block);
    }
    list->tail = NULL;
}

static void list_push(sk_out_list *list, sk_out_block *block) {
    block->next = NULL;
    if (list->tail)
        list->tail->next = block;
    else
        list->head = block;
    list->tail = block;
}

static sk_out_block *list_pop(sk_out_list *list) {
    sk_out_block *block = list->head;
    list->head = block->next;
    if (!list->head)
        list->tail = NULL;
    return block;
}

/* Sends-off `size` bytes from the front of the list; returns what is left of `size`. */
static size_t list_consume(sk_out_list *list, size_t size) {
    while (size > 0 && list->head) {
        sk_out_block *block = list->head;
        size_t unsent = block->end - block->start;
        if (size < unsent) {
            block->start += size;
            return 0;
        }
        size -= unsent;
        block_free(list_pop(list));
    }
    return size;
}

static int list_pieces(const sk_out_list *list, struct iovec *ret_pieces, int count_max) {
    int count = 0;
    for (const sk_out_block *block = list->head; block && count < count_max; block = block->next) {
        ret_pieces[count].iov_base = block->data + block->start;
        ret_pieces[count++].iov_len = block->end - block->start;
    }
    return count;
}

void sk_outq_done(sk_outq *outq) {
    list_done(&outq->high);
    list_done(&outq->low);
    outq->size = 0;
}

void sk_outq_push_block(sk_outq *outq, void *take_data, size_t size, size_t sent, bool low) {
    sk_assert(sent < size);
    sk_out_block *block = sk_malloc(sizeof *block);
    block->data = take_data;
    block->start = sent;
    block->end = size;
    block->room = 0;
    list_push(low ? &outq->low : &outq->high, block);
    outq->size += size - sent;
}

void sk_outq_push_copy(sk_outq *outq, const void *data, size_t size, bool low) {
    sk_assert(size > 0);
    sk_out_list *list = low ? &outq->low : &outq->high;
    sk_out_block *block = low ? NULL : list->tail;
    if (!block || block->room < block->end || block->room - block->end < size) {
        size_t room = low || size > COPY_ROOM ? size : COPY_ROOM;
        block = sk_malloc(sizeof *block + room);
        block->data = block->copy;
        block->start = block->end = 0;
        block->room = room;
        list_push(list, block);
    }
    memcpy(block->data + block->end, data, size);
    block->end += size;
    outq->size += size;
}

int sk_outq_pieces(const sk_outq *outq, struct iovec *ret_pieces, int count_max) {
    int count = list_pieces(&outq->high, ret_pieces, count_max);
    return count + list_pieces(&outq->low, ret_pieces + count, count_max - count);
}

void sk_outq_consume(sk_outq *outq, size_t size) {
    sk_assert(size <= outq->size);
    outq->size -= size;
    size = list_consume(&outq->high, size);
    if (size == 0)
        return;
    size_t left = list_consume(&outq->low, size);
    sk_assert(left == 0);
    sk_out_block *first = outq->low.head;
    if (!first || first->start == 0)
        return;
    sk_assert(!outq->high.head);
    list_push(&outq->high, list_pop(&outq->low));
}
