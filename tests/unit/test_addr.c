/* test_addr.c -- numeric addresses, the hosts file, their texts. */
#include "io/addr.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void expect_text(const char *host, uint16_t port, const char *ip, const char *full) {
    sk_addr addr;
    char text[SK_ADDR_TEXT_SIZE];
    assert_int_equal(sk_addr_parse(host, port, &addr), 0);
    assert_int_equal(sk_addr_port(&addr), port);
    assert_int_equal(sk_addr_ip_text(&addr, text), strlen(ip));
    assert_string_equal(text, ip);
    assert_int_equal(sk_addr_text(&addr, text), strlen(full));
    assert_string_equal(text, full);
}

static void test_numeric(void **state) {
    (void)state;
    expect_text("127.0.0.1", 80, "127.0.0.1", "127.0.0.1:80");
    expect_text("0.0.0.0", 0, "0.0.0.0", "0.0.0.0:0");
    expect_text("::1", 33334, "::1", "::1:33334");
    expect_text("::", 65535, "::", ":::65535");
    expect_text("2001:db8:0:0:0:0:0:1", 1, "2001:db8::1", "2001:db8::1:1");
}

static void test_refused(void **state) {
    (void)state;
    const char *bad[] = {"", " ", "localhost", "127.0.0", "1.2.3.4.5", "[::1]", "256.0.0.1", ":::"};
    for (size_t i = 0; i < SK_ARRAY_LEN(bad); i++) {
        sk_addr addr = {.any.sa_family = 77};
        assert_int_equal(sk_addr_parse(bad[i], 1, &addr), SK_ENAME);
        assert_int_equal(addr.any.sa_family, 77);
    }
}

static void test_resolve(void **state) {
    (void)state;
    sk_addr list[SK_ADDR_LIST_MAX];
    char text[SK_ADDR_TEXT_SIZE];
    assert_int_equal(sk_addr_resolve("10.1.2.3", 7, list, SK_ADDR_LIST_MAX), 1);
    sk_addr_text(&list[0], text);
    assert_string_equal(text, "10.1.2.3:7");
    const char *names[] = {"localhost", "LocalHost", "localhost."};
    for (size_t i = 0; i < SK_ARRAY_LEN(names); i++) {
        assert_int_equal(sk_addr_resolve(names[i], 8, list, SK_ADDR_LIST_MAX), 2);
        sk_addr_text(&list[0], text);
        assert_string_equal(text, "127.0.0.1:8");
        sk_addr_text(&list[1], text);
        assert_string_equal(text, "::1:8");
        assert_int_equal(sk_addr_resolve(names[i], 8, list, 1), 1);
    }
    assert_int_equal(sk_addr_resolve("no-such-host.invalid", 1, list, 4), SK_ENAME);
    assert_int_equal(sk_addr_resolve("", 1, list, 4), SK_ENAME);
    char longest[SK_ADDR_HOST_LEN_MAX + 1];
    memset(longest, 'a', sizeof longest);
    longest[SK_ADDR_HOST_LEN_MAX] = '\0';
    assert_int_equal(sk_addr_resolve(longest, 1, list, 4), SK_ENAME);
}

static int find(const char *text, const char *name, sk_addr *ret_list, int count_max) {
    /* A copy of the exact size, so that a checker sees a read behind the end. */
    size_t size = strlen(text);
    char *copy = sk_malloc(size);
    memcpy(copy, text, size);
    int count = sk_addr_find_host(copy, size, name, ret_list, count_max);
    sk_free(copy);
    return count;
}

static void test_hosts(void **state) {
    (void)state;
    const char *text = "# comment line db\n"
                       "10.0.0.1\tdb db.example   # 10.0.0.9 not\r\n"
                       "\n"
                       "junk db\n"
                       "10.0.0.2 other DB\n"
                       "fe80::2 db\n"
                       "10.0.0.3 last";
    sk_addr list[4];
    char ip[SK_ADDR_TEXT_SIZE];
    assert_int_equal(find(text, "db", list, 4), 3);
    const char *expected[] = {"10.0.0.1", "10.0.0.2", "fe80::2"};
    for (int i = 0; i < 3; i++) {
        sk_addr_ip_text(&list[i], ip);
        assert_string_equal(ip, expected[i]);
        assert_int_equal(sk_addr_port(&list[i]), 0);
    }
    assert_int_equal(find(text, "db", list, 2), 2);
    assert_int_equal(find(text, "db.example", list, 4), 1);
    assert_int_equal(find(text, "last", list, 4), 1);
    assert_int_equal(find(text, "not", list, 4), 0);
    assert_int_equal(find(text, "line", list, 4), 0);
    assert_int_equal(find(text, "d", list, 4), 0);
    assert_int_equal(find("", "db", list, 4), 0);
}

/* The codes that travel with datagrams, byte by byte. */
static void test_code(void **state) {
    (void)state;
    const uint8_t v4[] = {1, 0x1e, 0x97, 127, 0, 0, 1};
    const uint8_t v6[] = {2, 0xea, 0x34, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    uint8_t code[SK_ADDR_CODE_V6_SIZE];
    char text[SK_ADDR_TEXT_SIZE];
    sk_addr addr;
    assert_int_equal(sk_addr_parse("127.0.0.1", 7831, &addr), 0);
    assert_int_equal(sk_addr_encode(&addr, code), sizeof v4);
    assert_memory_equal(code, v4, sizeof v4);
    assert_int_equal(sk_addr_parse("::1", 59956, &addr), 0);
    assert_int_equal(sk_addr_encode(&addr, code), sizeof v6);
    assert_memory_equal(code, v6, sizeof v6);
    assert_int_equal(sk_addr_decode(v4, sizeof v4, &addr), 0);
    (void)sk_addr_text(&addr, text);
    assert_string_equal(text, "127.0.0.1:7831");
    assert_int_equal(sk_addr_decode(v6, sizeof v6, &addr), 0);
    (void)sk_addr_text(&addr, text);
    assert_string_equal(text, "::1:59956");
    for (size_t size = 0; size <= sizeof v6; size++) {
        assert_int_equal(sk_addr_decode(v4, size < sizeof v4 ? size : 0, &addr), SK_EFORMAT);
        assert_int_equal(sk_addr_decode(v6, size, &addr), size == sizeof v6 ? 0 : SK_EFORMAT);
    }
    for (int first = 0; first < 256; first++)
        assert_int_equal(sk_addr_code_size((uint8_t)first), first == 1 ? 7 : first == 2 ? 19 : 0);
    addr.any.sa_family = AF_UNIX;
    assert_int_equal(sk_addr_encode(&addr, code), 0);
}

static void test_multicast(void **state) {
    (void)state;
    const char *hosts[] = {"224.0.0.1",       "239.255.255.255", "ff02::1",
                           "223.255.255.255", "240.0.0.0",       "::1",
                           "fe80::1"};
    for (size_t i = 0; i < SK_ARRAY_LEN(hosts); i++) {
        sk_addr addr;
        assert_int_equal(sk_addr_parse(hosts[i], 1, &addr), 0);
        assert_int_equal(sk_addr_is_multicast(&addr), i < 3);
    }
}

/* Any bytes: nothing is read outside and the count stays in bounds. */
static void test_hosts_random(void **state) {
    (void)state;
    const char *given = getenv("SEED");
    uint64_t seed = given ? strtoull(given, NULL, 0) : sk_random_system_seed();
    print_message("SEED=%llu\n", (unsigned long long)seed);
    sk_random random;
    sk_random_init(&random, seed);
    const char alphabet[] = "1.:#a \t\n\r0f";
    for (int round = 0; round < 20000; round++) {
        char text[64];
        size_t size = sk_random_below(&random, sizeof text - 1);
        for (size_t i = 0; i < size; i++)
            text[i] = alphabet[sk_random_below(&random, sizeof alphabet)];
        text[size] = '\0';
        sk_addr list[2];
        int count = find(text, "a", list, 2);
        assert_in_range(count, 0, 2);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numeric),      cmocka_unit_test(test_refused),
        cmocka_unit_test(test_resolve),      cmocka_unit_test(test_hosts),
        cmocka_unit_test(test_hosts_random), cmocka_unit_test(test_code),
        cmocka_unit_test(test_multicast),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
