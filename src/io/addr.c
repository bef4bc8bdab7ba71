/* addr.c -- numeric addresses and the hosts file.
 *
 * The hosts file is read anew for each name: it is small, in the page cache, and a program that
 * connects to names all the time uses the resolver, which caches. */
#include "io/addr.h"

#include "base/err.h"
#include "base/mem.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define HOSTS_PATH "/etc/hosts"

/* First byte of an address code. */
#define CODE_V4 1
#define CODE_V6 2

int sk_addr_parse(const char *host, uint16_t port, sk_addr *ret_addr) {
    sk_addr addr;
    memset(&addr, 0, sizeof addr);
    if (inet_pton(AF_INET, host, &addr.v4.sin_addr) == 1) {
        addr.v4.sin_family = AF_INET;
    } else {
        memset(&addr, 0, sizeof addr);
        if (inet_pton(AF_INET6, host, &addr.v6.sin6_addr) != 1)
            return SK_ENAME;
        addr.v6.sin6_family = AF_INET6;
    }
    *ret_addr = addr;
    sk_addr_set_port(ret_addr, port);
    return 0;
}

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

/* The next word of [*pos, end); its length, 0 at the end of the line or at a comment. */
static size_t next_word(const char **pos, const char *end, const char **ret_word) {
    const char *p = *pos;
    while (p < end && is_blank(*p))
        p++;
    const char *word = p;
    while (p < end && !is_blank(*p) && *p != '#')
        p++;
    *pos = p;
    *ret_word = word;
    return (size_t)(p - word);
}

/* One line of a hosts file: "address name [alias ...]". True when it names `name`. */
static bool match_line(const char *line, const char *end, const char *name, sk_addr *ret_addr) {
    const char *word;
    size_t len = next_word(&line, end, &word);
    char text[INET6_ADDRSTRLEN];
    if (len == 0 || len >= sizeof text)
        return false;
    memcpy(text, word, len);
    text[len] = '\0';
    sk_addr addr;
    if (sk_addr_parse(text, 0, &addr) < 0)
        return false;
    size_t name_len = strlen(name);
    while ((len = next_word(&line, end, &word)) > 0) {
        if (len == name_len && strncasecmp(word, name, len) == 0) {
            *ret_addr = addr;
            return true;
        }
    }
    return false;
}

int sk_addr_find_host(const char *text, size_t size, const char *name, sk_addr *ret_list,
                      int count_max) {
    const char *end = text + size;
    int count = 0;
    for (const char *line = text; line < end && count < count_max;) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        if (!stop)
            stop = end;
        if (match_line(line, stop, name, &ret_list[count]))
            count++;
        line = stop + 1;
    }
    return count;
}

/* Looks `name` up in the hosts file; 0 when it is not there or the file cannot be read. */
static int find_in_file(const char *name, sk_addr *ret_list, int count_max) {
    int fd = open(HOSTS_PATH, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    char *text = sk_malloc(SK_ADDR_HOSTS_SIZE_MAX);
    size_t size = 0;
    ssize_t n;
    while ((n = read(fd, text + size, SK_ADDR_HOSTS_SIZE_MAX - size)) > 0)
        size += (size_t)n;
    (void)close(fd); /* read only: nothing can be lost */
    int count = sk_addr_find_host(text, size, name, ret_list, count_max);
    sk_free(text);
    return count;
}

static int localhost(sk_addr *ret_list, int count_max) {
    int count = 0;
    if (count < count_max && sk_addr_parse("127.0.0.1", 0, &ret_list[count]) == 0)
        count++;
    if (count < count_max && sk_addr_parse("::1", 0, &ret_list[count]) == 0)
        count++;
    return count;
}

int sk_addr_resolve(const char *host, uint16_t port, sk_addr *ret_list, int count_max) {
    size_t len = strlen(host);
    if (len == 0 || len >= SK_ADDR_HOST_LEN_MAX || count_max < 1)
        return SK_ENAME;
    if (sk_addr_parse(host, port, &ret_list[0]) == 0)
        return 1;
    char name[SK_ADDR_HOST_LEN_MAX];
    memcpy(name, host, len + 1);
    if (name[len - 1] == '.')
        name[len - 1] = '\0'; /* a fully qualified name */
    int count = strcasecmp(name, "localhost") == 0 ? localhost(ret_list, count_max)
                                                   : find_in_file(name, ret_list, count_max);
    for (int i = 0; i < count; i++)
        sk_addr_set_port(&ret_list[i], port);
    return count > 0 ? count : SK_ENAME;
}

socklen_t sk_addr_size(const sk_addr *addr) {
    return addr->any.sa_family == AF_INET6 ? sizeof addr->v6 : sizeof addr->v4;
}

uint16_t sk_addr_port(const sk_addr *addr) {
    return ntohs(addr->any.sa_family == AF_INET6 ? addr->v6.sin6_port : addr->v4.sin_port);
}

void sk_addr_set_port(sk_addr *addr, uint16_t port) {
    if (addr->any.sa_family == AF_INET6)
        addr->v6.sin6_port = htons(port);
    else
        addr->v4.sin_port = htons(port);
}

size_t sk_addr_ip_text(const sk_addr *addr, char ret_text[SK_ADDR_TEXT_SIZE]) {
    const char *text = NULL;
    if (addr->any.sa_family == AF_INET)
        text = inet_ntop(AF_INET, &addr->v4.sin_addr, ret_text, SK_ADDR_TEXT_SIZE);
    else if (addr->any.sa_family == AF_INET6)
        text = inet_ntop(AF_INET6, &addr->v6.sin6_addr, ret_text, SK_ADDR_TEXT_SIZE);
    if (!text)
        ret_text[0] = '\0';
    return strlen(ret_text);
}

size_t sk_addr_text(const sk_addr *addr, char ret_text[SK_ADDR_TEXT_SIZE]) {
    size_t len = sk_addr_ip_text(addr, ret_text);
    if (len == 0)
        return 0;
    return len + (size_t)snprintf(ret_text + len, SK_ADDR_TEXT_SIZE - len, ":%u",
                                  (unsigned)sk_addr_port(addr));
}

size_t sk_addr_code_size(uint8_t first) {
    return first == CODE_V4 ? SK_ADDR_CODE_V4_SIZE : first == CODE_V6 ? SK_ADDR_CODE_V6_SIZE : 0;
}

size_t sk_addr_encode(const sk_addr *addr, uint8_t ret_code[SK_ADDR_CODE_V6_SIZE]) {
    uint8_t *port = ret_code + 1, *ip = ret_code + 3;
    switch (addr->any.sa_family) {
    case AF_INET:
        ret_code[0] = CODE_V4;
        memcpy(port, &addr->v4.sin_port, 2);
        memcpy(ip, &addr->v4.sin_addr, sizeof addr->v4.sin_addr);
        return SK_ADDR_CODE_V4_SIZE;
    case AF_INET6:
        ret_code[0] = CODE_V6;
        memcpy(port, &addr->v6.sin6_port, 2);
        memcpy(ip, &addr->v6.sin6_addr, sizeof addr->v6.sin6_addr);
        return SK_ADDR_CODE_V6_SIZE;
    default:
        return 0;
    }
}

int sk_addr_decode(const void *code, size_t size, sk_addr *ret_addr) {
    const uint8_t *bytes = code;
    if (size == 0 || size != sk_addr_code_size(bytes[0]))
        return SK_EFORMAT;
    memset(ret_addr, 0, sizeof *ret_addr);
    if (bytes[0] == CODE_V4) {
        ret_addr->v4.sin_family = AF_INET;
        memcpy(&ret_addr->v4.sin_port, bytes + 1, 2);
        memcpy(&ret_addr->v4.sin_addr, bytes + 3, sizeof ret_addr->v4.sin_addr);
    } else {
        ret_addr->v6.sin6_family = AF_INET6;
        memcpy(&ret_addr->v6.sin6_port, bytes + 1, 2);
        memcpy(&ret_addr->v6.sin6_addr, bytes + 3, sizeof ret_addr->v6.sin6_addr);
    }
    return 0;
}

bool sk_addr_is_multicast(const sk_addr *addr) {
    return addr->any.sa_family == AF_INET6 ? addr->v6.sin6_addr.s6_addr[0] == 0xff
                                           : IN_MULTICAST(ntohl(addr->v4.sin_addr.s_addr));
}
