#!/usr/bin/env python3
"""selftest.py -- proves that tidy.py sees what it should see, and nothing else.

Each case is a small file and the rules it breaks; the checker runs on it as on a file of the
tree. A rule that is changed in tidy.py gets its cases here.
"""
import os
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
import tidy  # noqa: E402  (after the flag, so that no cache is left in the tree)


def rules_of(path, text):
    """The names of the rules the file breaks, in order of the report."""
    report = tidy.Report()
    tidy.check_text(path, text, report)
    tidy.check_purpose(path, text, report)
    if path.endswith((".c", ".h")):
        file = tidy.CFile(path, text)
        for check in tidy.C_CHECKS:
            check(file, report)
    return [item[2] for item in report.items]


def c_file(body, path="src/actor/x.c"):
    return rules_of(path, f"/* {os.path.basename(path)} -- a test. */\n{body}\n")


def header(body):
    return rules_of("src/actor/x.h", "/* x.h -- a test. */\n#ifndef SK_ACTOR_X_H\n"
                                     f"#define SK_ACTOR_X_H\n{body}\n#endif\n")


class TextRules(unittest.TestCase):
    def test_blanks_and_tabs(self):
        self.assertEqual(c_file("int a(void); "), ["trailing-blank"])
        self.assertEqual(c_file("\tint a(void);"), ["tab"])

    def test_line_length_at_the_limit(self):
        self.assertEqual(c_file("//" + "x" * 98), [])
        self.assertEqual(c_file("//" + "x" * 99), ["line-length"])

    def test_file_length_at_the_limit(self):
        self.assertEqual(c_file("\n" * 998), [])
        self.assertEqual(c_file("\n" * 999), ["file-length"])

    def test_purpose(self):
        self.assertEqual(rules_of("src/actor/x.c", "int a(void);\n"), ["purpose"])
        self.assertEqual(rules_of("lualib/x.lua", "return 1\n"), ["purpose"])
        self.assertEqual(rules_of("lualib/x.lua", "--- Says what it is.\nreturn 1\n"), [])

    def test_last_newline(self):
        self.assertEqual(rules_of("lualib/x.lua", "-- x"), ["last-newline"])


class FunctionRules(unittest.TestCase):
    def function(self, line_count, extra=""):
        return "int f(void) {\n" + extra + "    g();\n" * (line_count - 2) + "}"

    def test_length_at_the_limit(self):
        self.assertEqual(c_file(self.function(70)), [])
        self.assertEqual(c_file(self.function(71)), ["function-length"])

    def test_braces_in_strings_and_comments(self):
        tricky = '    h("}{", \'}\', "\\"}"); /* } */ // }\n'
        self.assertEqual(c_file(self.function(69, tricky)), [])
        self.assertEqual(c_file(self.function(70, tricky)), ["function-length"])

    def test_long_table_is_no_function(self):
        self.assertEqual(c_file("static const int t[] = {\n" + "    1,\n" * 90 + "};"), [])

    def test_function_after_macro_lines(self):
        self.assertEqual(c_file("#define M(x) \\\n    do { \\\n    } while (0\n"
                                + self.function(71)), ["function-length"])

    def test_parameters_at_the_limit(self):
        self.assertEqual(c_file("int f(int a, int b, int c, int d, int (*e)(int, int)) {\n}"),
                         [])
        self.assertEqual(c_file("int f(int a, int b, int c, int d, int e, int g) {\n}"),
                         ["parameter-count"])

    def test_fixed_interfaces_may_have_more(self):
        self.assertEqual(c_file("int f(struct skynet_context *c, void *u, int t, int s, int r, "
                                "int m) {\n}"), [])


class IncludeRules(unittest.TestCase):
    def test_directions(self):
        for layer, target, good in [
                ("base", "actor/node.h", False), ("actor", "base/mem.h", True),
                ("actor", "io/poller.h", False), ("codec", "base/mem.h", True),
                ("codec", "actor/node.h", False), ("io", "actor/node.h", True),
                ("io", "lua/state.h", False), ("lua", "codec/seri.h", True),
                ("service", "io/socket.h", True), ("service", "codec/netpack.h", True),
                ("service", "lua/state.h", False), ("lua", "service/gate.h", False),
                ("cli", "compat/skynet.h", True), ("lua", "compat/skynet.h", False),
                ("compat", "lua/state.h", True), ("io", "cli/config.h", False)]:
            with self.subTest(layer=layer, target=target):
                got = c_file(f'#include "{target}"', f"src/{layer}/x.c")
                self.assertEqual(got, [] if good else ["include-direction"])

    def test_names(self):
        self.assertEqual(c_file('#include "mem.h"'), ["include-name"])
        self.assertEqual(c_file("#include <stdio.h>"), [])
        self.assertEqual(c_file('#include "mem.h"', "tests/unit/x.c"), [])
        self.assertEqual(c_file('#include "skynet.h"', "src/compat/x.c"), [])


class StateRules(unittest.TestCase):
    def test_mutable(self):
        for line in ("static int count;", "int count = 3;", "static const char *name;",
                     "static struct sk_x *head = NULL;", "static _Atomic int n;",
                     "static int table[3] = {1, 2, 3};", "static void (*hook)(int);",
                     "_Thread_local int me;", "static struct { int a; } both;"):
            with self.subTest(line=line):
                self.assertEqual(c_file(line), ["file-scope"])

    def test_constant(self):
        for line in ("static const int count = 3;", "static const char *const name = \"x\";",
                     "const struct sk_ops ops = {.f = g};", "typedef struct { int a; } sk_a;",
                     "struct sk_b {\n    int a;\n};", "enum { A, B };", "extern int x(void);",
                     "int f(int a, void (*g)(void *));", "struct sk_c;",
                     "_Static_assert(1 == 1, \"x\");", "static const char names[][4] = {\"a\"};"):
            with self.subTest(line=line):
                self.assertEqual(c_file(line), [])

    def test_in_a_function(self):
        self.assertEqual(c_file("void f(void) {\n    static int n;\n}"), ["file-scope"])
        self.assertEqual(c_file("void f(void) {\n    static const int n = 1;\n}"), [])
        self.assertEqual(c_file("void f(void) {\n    static const struct {\n        char *n;\n"
                                "    } t[] = {{0}};\n}"), [])

    def test_compat_may(self):
        self.assertEqual(c_file("static int count;", "src/compat/x.c"), [])


class CallRules(unittest.TestCase):
    def test_banned(self):
        for call in ("clock_gettime(a, b)", "time(NULL)", "rand()", "usleep(1)", "strcpy(a, b)",
                     "sprintf(a, b)", "malloc(3)", "strdup(a)"):
            with self.subTest(call=call):
                self.assertEqual(c_file(f"void f(void) {{\n    {call};\n}}"), ["banned-call"])

    def test_not_banned(self):
        for call in ("sk_malloc(3)", "clock->time(3)", "ops.time(3)", "snprintf(a, 1, b)",
                     "g(\"malloc(3)\")", "runtime(3)"):
            with self.subTest(call=call):
                self.assertEqual(c_file(f"void f(void) {{\n    {call};\n}}"), [])

    def test_homes(self):
        self.assertEqual(c_file("void f(void) {\n    malloc(3);\n}", "src/base/mem.c"), [])
        self.assertEqual(rules_of("tests/unit/x.c", "/* x.c -- t. */\nvoid f(void) {\n"
                                  "    malloc(3);\n}\n"), [])


class HeaderRules(unittest.TestCase):
    def test_contract(self):
        self.assertEqual(header("int sk_a(int x);"), ["contract"])
        self.assertEqual(header("/* Any thread. */\nint sk_a(int x);"), [])
        self.assertEqual(header("/* A\n * b. */\nint sk_a(int x,\n         int y);"), [])

    def test_group(self):
        self.assertEqual(header("/* Any thread. */\nint sk_a(int x);\nint sk_b(int x,\n"
                                "    int y);\nint sk_c(void);"), [])
        self.assertEqual(header("/* Any thread. */\nint sk_a(int x);\n\nint sk_b(int x);"),
                         ["contract"])

    def test_type_begins_a_group(self):
        self.assertEqual(header("/* A pair. */\ntypedef struct {\n    int a;\n} sk_a;\n"
                                "int sk_f(sk_a x);"), [])

    def test_others_need_none(self):
        self.assertEqual(header("typedef int (*sk_fn)(int);\nenum {\n    X(a)\n};\n"
                                "typedef struct {\n    int (*f)(int);\n} sk_ops;"), [])

    def test_guard(self):
        self.assertEqual(rules_of("src/actor/x.h", "/* x.h -- a test. */\n#pragma once\n"),
                         ["guard"])


class Tree(unittest.TestCase):
    def test_leftovers_and_ratchet(self):
        with tempfile.TemporaryDirectory() as root:
            subprocess.run(["git", "init", "-q", root], check=True)
            os.makedirs(os.path.join(root, "src/base"))
            for name, text in (("src/base/a.c", "/* a.c -- x. */\nstatic int n;\n"),
                               ("src/base/a.c.orig", "x\n"), ("notes.xyz", "x\n")):
                with open(os.path.join(root, name), "w", encoding="utf-8") as file:
                    file.write(text)
            items = tidy.check_tree(root)
            self.assertEqual(sorted(item[2] for item in items),
                             ["file-scope", "leftover", "leftover"])
            accepted = {("src/base/a.c", "file-scope"): 1}
            left = tidy.apply_ratchet(items, accepted)
            self.assertEqual([item[2] for item in left], ["leftover", "leftover"])
            accepted[("src/base/a.c", "file-scope")] = 2
            left = tidy.apply_ratchet(items, accepted)
            self.assertEqual([item[2] for item in left], ["leftover", "leftover", "ratchet"])


if __name__ == "__main__":
    unittest.main()
