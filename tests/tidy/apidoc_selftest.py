#!/usr/bin/env python3
"""apidoc_selftest.py -- proves that apidoc.py and links.py see what is wrong, and say where.

For the first, each case is a stub that is right but for one thing; the report must name its line.
"""
import os
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../tools"))
import apidoc  # noqa: E402  (after the flag and the path)
import links  # noqa: E402

STUB = """---@meta m

---What it is for. More of it.
---@class m
local m = {}

---@alias m.id integer The number of a thing.

-- ## Things

---Does it. At once.
---
---Raises when it cannot.
---@async
---@param id m.id which one
---@param f? fun(a: integer, ...: any): boolean, string? called at the end
---@param ... any its arguments
---@return boolean ok whether it is done
---@return string? # why not
function m.act(id, f, ...) end

m.LIMIT = 3 -- The most.

return m
"""


def pages_of(**stubs):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in stubs.items():
            with open(os.path.join(folder, name + ".lua"), "w", encoding="utf-8") as file:
                file.write(text)
        try:
            return apidoc.make_pages(folder)
        except apidoc.Problem as problem:
            return str(problem).replace(folder + "/", "")


class Mistakes(unittest.TestCase):
    def check(self, old, new, expected):
        self.assertIn(old, STUB)
        self.assertEqual(pages_of(m=STUB.replace(old, new)), expected)

    def test_tags(self):
        self.check("---@async", "---@asynch", "m.lua:14: unknown tag @asynch")
        self.check("---@async", "---@async x", "m.lua:14: @async stands alone")
        self.check("@meta m", "@meta n", "m.lua:1: @meta n in a file of another name")

    def test_texts(self):
        self.check("---Does it. At once.\n---\n---Raises when it cannot.\n", "",
                   "m.lua:17: function act without a text")
        self.check("---What it is for. More of it.\n", "", "m.lua:3: class m without a text")
        self.check(" -- The most.", "", "m.lua:22: LIMIT without a text")
        self.check(" The number of a thing.", "", "m.lua:7: alias m.id without a text")
        self.check("-- ## Things\n", "---Text.\n", "m.lua:9: a comment that belongs to nothing")

    def test_parameters(self):
        self.check(" which one", "", "m.lua:15: parameter id without a description")
        self.check("---@param ... any its arguments\n", "",
                   "m.lua:19: parameter ... without @param")
        self.check("(id, f, ...)", "(id, f)",
                   "m.lua:20: @param says (id, f, ...), the function (id, f)")
        self.check("(id, f, ...)", "(f, id, ...)",
                   "m.lua:20: @param says (id, f, ...), the function (f, id, ...)")
        self.check("# why not", "", "m.lua:19: a result without a name or description")

    def test_types(self):
        self.check("id m.id", "id m.ids", "m.lua:15: unknown type m.ids")
        self.check("string? called", "strin? called", "m.lua:16: unknown type strin")
        self.check("id m.id", "id table<m.id which",
                   "m.lua:15: bad type: 'table<m.id which which one', > expected")
        self.check("id m.id", "id m.id-x",
                   "m.lua:15: bad type: 'm.id-x which one' at '-x which one'")

    def test_code(self):
        self.check("return m", "return n",
                   "m.lua:24: returns n, which is not the table of the module")
        self.check("m.LIMIT = 3 -- The most.", "print(1)",
                   "m.lua:22: a stub holds classes, functions, constants and one return only")
        self.check("m.LIMIT = 3 -- The most.", "---Again.\nfunction m.act() end",
                   "m.lua:23: m.act is declared twice")
        self.check("function m.act", "function n.act",
                   "m.lua:20: function of n, which is no class declared before")

    def test_names_on_a_page(self):
        self.check("m.LIMIT = 3 -- The most.", "---One.\n---@class m.act",
                   "m.lua:22: two titles of the page are m.act")


class Pages(unittest.TestCase):
    def test_page(self):
        page = pages_of(m=STUB)["m.md"]
        self.assertIn("| [`m.act`](#mact) | Does it. |", page)
        self.assertIn("m.act(id [, f, ...]) -> ok, string?", page)
        self.assertIn("May yield.", page)
        self.assertIn("**Raises** when it cannot.", page)
        self.assertIn("- `id` ([`m.id`](#types)): which one", page)
        self.assertIn("- returns (`string?`): why not", page)
        self.assertIn("| `m.LIMIT` | `3` | The most. |", page)

    def test_signatures(self):
        def show(*names):
            return apidoc.signature("f", [(name.rstrip("?"), name.endswith("?"), "any", "")
                                          for name in names])
        self.assertEqual(show(), "f()")
        self.assertEqual(show("a?"), "f([a])")
        self.assertEqual(show("a", "b?", "c?"), "f(a [, b [, c]])")
        self.assertEqual(show("a", "b?", "c"), "f(a, b, c)")

    def test_links_to_another_page(self):
        other = ("---@meta o\n\n---Text.\n---@class o\nlocal o = {}\n\n---Text.\n"
                 "---@param id m.id which\nfunction o.f(id) end\n\nreturn o\n")
        pages = pages_of(m=STUB, o=other)
        self.assertIn("- `id` ([`m.id`](m.md#types)): which", pages["o.md"])
        self.assertIn("| [`o`](o.md) | Text. |", pages["README.md"])
        self.assertEqual(pages_of(o=other), "o.lua:8: unknown type m.id")

    def test_compare(self):
        pages = pages_of(m=STUB)
        with tempfile.TemporaryDirectory() as folder:
            self.assertEqual(len(apidoc.compare(pages, folder)), 2)
            apidoc.write(pages, folder)
            self.assertEqual(apidoc.compare(pages, folder), [])
            for name in ("old.md", "m.md"):
                with open(os.path.join(folder, name), "a", encoding="utf-8") as file:
                    file.write("x\n")
            self.assertEqual([line.split("/")[-1].split(":")[0]
                              for line in apidoc.compare(pages, folder)], ["m.md", "old.md"])
            apidoc.write(pages, folder)
            self.assertEqual(sorted(os.listdir(folder)), ["README.md", "m.md"])


class Links(unittest.TestCase):
    def problems_of(self, **pages):
        with tempfile.TemporaryDirectory() as root:
            for name, text in pages.items():
                path = os.path.join(root, name.replace("__", "/") + ".md")
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "w", encoding="utf-8") as file:
                    file.write(text + "\n")
            return [line.replace(root + "/", "") for line in links.check(root)]

    def test_links(self):
        index = "[a](a.md) [b](a.md#one-two_3) [c](#here) [x](https://x.y/z)\n# Here"
        page = "# `One` two_3!\n`f[name](...)`\n```\n[a](b.md)\n```"
        self.assertEqual(self.problems_of(docs__README=index, docs__a=page), [])
        self.assertEqual(self.problems_of(docs__README=index, docs__a="[z](z.md)"),
                         ["docs/README.md:1: no title #one-two_3 in docs/a.md",
                          "docs/a.md:1: a link to docs/z.md, which is not there"])

    def test_index(self):
        self.assertEqual(self.problems_of(docs__README="# Empty", docs__d__a="# A"),
                         ["docs/d/a.md:1: not linked from docs/README.md"])
        self.assertEqual(self.problems_of(docs__README="[api](api/README.md)",
                                          docs__api__README="# Index", docs__api__a="# A"),
                         ["docs/api/a.md:1: not linked from docs/api/README.md"])


if __name__ == "__main__":
    unittest.main()
