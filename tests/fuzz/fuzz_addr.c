/* fuzz_addr.c -- any bytes as a hosts file, as a numeric address, and as an address code.
 *
 * What is found must be an address that prints and parses back to itself. */
#include "base/assert.h"
#include "base/mem.h"
#include "io/addr.h"

#include <string.h>

static void check_round_trip(const sk_addr *addr) {
    char text[SK_ADDR_TEXT_SIZE];
    sk_addr again;
    sk_assert(sk_addr_ip_text(addr, text) > 0);
    sk_assert(sk_addr_parse(text, 0, &again) == 0);
    sk_assert(sk_addr_size(addr) == sk_addr_size(&again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    sk_addr list[SK_ADDR_LIST_MAX];
    const char *text = (const char *)data;
    int count = sk_addr_find_host(text, size, "alias", list, SK_ADDR_LIST_MAX);
    sk_assert(count >= 0 && count <= SK_ADDR_LIST_MAX);
    for (int i = 0; i < count; i++)
        check_round_trip(&list[i]);
    char *host = sk_memdup_text(data, size);
    sk_addr addr;
    if (sk_addr_parse(host, 80, &addr) == 0) {
        sk_assert(sk_addr_port(&addr) == 80);
        sk_addr_set_port(&addr, 0);
        check_round_trip(&addr);
    }
    sk_free(host);
    if (sk_addr_decode(data, size, &addr) == 0) {
        uint8_t code[SK_ADDR_CODE_V6_SIZE];
        sk_assert(sk_addr_encode(&addr, code) == size && memcmp(code, data, size) == 0);
        check_round_trip(&addr);
    }
    return 0;
}
