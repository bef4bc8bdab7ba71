/* netpack.c -- the incremental parser of length-prefixed packets.
 *
 * header -> (skip if empty, break if too long) -> payload, from the input as it is when it lies
 * there whole, else gathered in a block that grows with what comes. */
#include "codec/netpack.h"

#include "base/assert.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/mem.h"

#include <string.h>

/* First block of an incomplete packet. */
#define PARTIAL_CAP_MIN 64

void sk_netpack_init(sk_netpack *pack, int header_size) {
    sk_assert(header_size == 2 || header_size == 4);
    *pack = (sk_netpack){.header_size = (uint8_t)header_size};
}

void sk_netpack_done(sk_netpack *pack) {
    sk_free(pack->partial);
    sk_free(pack->given);
    pack->partial = pack->given = NULL;
}

/* Reads header bytes; true when the header is complete. */
static bool read_header(sk_netpack *pack, sk_netpack_input *input) {
    while (pack->header_len < pack->header_size) {
        if (input->size == 0)
            return false;
        pack->size = (pack->header_len ? pack->size << 8 : 0) | *input->data++;
        pack->header_len++;
        input->size--;
    }
    return true;
}

/* Room for `count` more bytes, and for a zero byte behind the last one. */
static void grow(sk_netpack *pack, uint32_t count) {
    uint32_t needed = pack->partial_len + count + 1;
    if (needed <= pack->partial_cap)
        return;
    uint32_t cap = pack->partial_cap ? pack->partial_cap * 2 : PARTIAL_CAP_MIN;
    if (cap < needed)
        cap = needed;
    if (cap > pack->size + 1)
        cap = pack->size + 1;
    pack->partial = sk_realloc(pack->partial, cap);
    pack->partial_cap = cap;
}

/* Gathers payload bytes; true when the packet is complete. */
static bool gather(sk_netpack *pack, sk_netpack_input *input) {
    uint32_t count = pack->size - pack->partial_len;
    if (count > input->size)
        count = (uint32_t)input->size;
    if (count == 0)
        return false;
    grow(pack, count);
    memcpy(pack->partial + pack->partial_len, input->data, count);
    pack->partial_len += count;
    input->data += count;
    input->size -= count;
    return pack->partial_len == pack->size;
}

static void give_gathered(sk_netpack *pack, sk_netpack_packet *ret_packet) {
    pack->partial[pack->size] = '\0';
    *ret_packet = (sk_netpack_packet){pack->partial, pack->size};
    pack->given = pack->partial;
    pack->partial = NULL;
    pack->partial_len = pack->partial_cap = 0;
}

static void give_input(sk_netpack *pack, sk_netpack_input *input, sk_netpack_packet *ret_packet) {
    *ret_packet = (sk_netpack_packet){input->data, pack->size};
    input->data += pack->size;
    input->size -= pack->size;
}

int sk_netpack_next(sk_netpack *pack, sk_netpack_input *input, sk_netpack_packet *ret_packet) {
    sk_free(pack->given);
    pack->given = NULL;
    do {
        if (pack->is_broken)
            return SK_ETOOBIG;
        if (!read_header(pack, input))
            return 0;
        if (pack->size == 0)
            pack->header_len = 0;
        pack->is_broken = pack->size >= SK_NETPACK_SIZE_MAX;
    } while (pack->size == 0 || pack->is_broken);
    if (pack->partial_len == 0 && input->size >= pack->size)
        give_input(pack, input, ret_packet);
    else if (gather(pack, input))
        give_gathered(pack, ret_packet);
    else
        return 0;
    pack->header_len = 0;
    return 1;
}

void *sk_netpack_take(sk_netpack *pack, const sk_netpack_packet *packet) {
    if (!pack->given)
        return sk_memdup_text(packet->data, packet->size);
    sk_assert(pack->given == packet->data);
    void *block = pack->given;
    pack->given = NULL;
    return block;
}
