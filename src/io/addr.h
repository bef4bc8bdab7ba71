/* addr.h -- internet addresses: numeric text to address and back, and the local names.
 *
 * Only what needs no network lives here: numeric IPv4 and IPv6, "localhost", and the hosts file.
 * The resolver (queries to name servers) stands beside this module and asks it first. All
 * functions are pure but sk_addr_resolve, which may read a small local file. */
#ifndef SK_IO_ADDR_H
#define SK_IO_ADDR_H

#include "base/defs.h"

#include <netinet/in.h>
#include <sys/socket.h>

typedef union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
} sk_addr;

/* The longest "ip:port" text and its zero byte. */
#define SK_ADDR_TEXT_SIZE 64
/* Addresses that one name may give; more are ignored. */
#define SK_ADDR_LIST_MAX 16
/* Host names of this length or more are refused (a name on the wire has at most 253 bytes). */
#define SK_ADDR_HOST_LEN_MAX 232
/* The hosts file: larger ones are cut. */
#define SK_ADDR_HOSTS_SIZE_MAX (1024 * 1024)

/* The code of an address that travels with a datagram: 1 and 4 bytes, or 2 and 16; between them the
 * port, all in network order. */
#define SK_ADDR_CODE_V4_SIZE 7
#define SK_ADDR_CODE_V6_SIZE 19

/* Any thread. A numeric address, without brackets. 0; SK_ENAME when the text is not one. */
int sk_addr_parse(const char *host, uint16_t port, sk_addr *ret_addr);

/* Any thread. The addresses of `host`: numeric, "localhost" (IPv4 first), or listed in /etc/hosts.
 * Fills at most `count_max`; returns how many (> 0), or SK_ENAME. */
int sk_addr_resolve(const char *host, uint16_t port, sk_addr *ret_list, int count_max);

/* Any thread. Addresses of `name` in the text of a hosts file, in its order. Any bytes are fine.
 * Returns how many were stored, at most `count_max`; their port is 0. */
int sk_addr_find_host(const char *text, size_t size, const char *name, sk_addr *ret_list,
                      int count_max);

/* Any thread. Size of the structure for the system calls. */
socklen_t sk_addr_size(const sk_addr *addr);

/* Any thread. Port in host order. */
uint16_t sk_addr_port(const sk_addr *addr);
void sk_addr_set_port(sk_addr *addr, uint16_t port);

/* Any thread. Writes "ip" or "ip:port" (IPv6 without brackets); returns the length. An address of
 * another family gives "". */
size_t sk_addr_ip_text(const sk_addr *addr, char ret_text[SK_ADDR_TEXT_SIZE]);
size_t sk_addr_text(const sk_addr *addr, char ret_text[SK_ADDR_TEXT_SIZE]);

/* Any thread. Size of the code that begins with this byte; 0: none does. */
size_t sk_addr_code_size(uint8_t first);

/* Any thread. Writes the code of the address; returns its size, 0 for another family. */
size_t sk_addr_encode(const sk_addr *addr, uint8_t ret_code[SK_ADDR_CODE_V6_SIZE]);

/* Any thread. The address of a code of exactly `size` bytes. 0; SK_EFORMAT. */
int sk_addr_decode(const void *code, size_t size, sk_addr *ret_addr);

/* Any thread. True for an address that a group of hosts shares. */
bool sk_addr_is_multicast(const sk_addr *addr);

#endif
