#!/usr/bin/env python3
"""apidoc.py -- makes docs/api from the editor stubs in lualib/meta.

usage: tools/apidoc.py [--check] [--meta FOLDER] [--out FOLDER]

A stub is a Lua file that declares a module: lua-language-server reads it for completion and type
checks, this program makes the page of the reference from the same comments. What the stubs may
contain is told in docs/stubs.md; anything else is an error, printed as "file:line: what". With
--check nothing is written: status 1 when a page on the disk is not what would be made.
"""
import argparse
import os
import re
import sys

BUILTIN_TYPES = {"any", "nil", "boolean", "string", "number", "integer", "function", "table",
                 "thread", "userdata", "lightuserdata", "unknown", "true", "false", "self"}
TOKEN = re.compile(r'"[^"]*"|[A-Za-z_][\w.]*|-?\d+|\.\.\.|\[\]|[|?<>(){}\[\]:,]')
SENTENCE = re.compile(r"^(.*?\.)(?=\s|$)", re.S)


class Problem(Exception):
    """Something in a stub that is not as it should be."""

    def __init__(self, place, text):
        super().__init__(f"{place[0]}:{place[1]}: {text}")


# ---- Types ----------------------------------------------------------------------------------

class TypeReader:
    """Reads a type at the start of a text, and notes the names in it."""

    def __init__(self, text, place):
        self.text = text
        self.place = place
        self.position = 0
        self.depth = 0
        self.names = []

    def peek(self):
        start = self.position
        if self.depth:
            while start < len(self.text) and self.text[start] == " ":
                start += 1
        match = TOKEN.match(self.text, start)
        return (match.group(0), match.end()) if match else (None, start)

    def take(self, wanted=None):
        token, end = self.peek()
        if token is None or (wanted and token != wanted):
            raise Problem(self.place, f"bad type: {self.text.strip()!r}"
                          + (f", {wanted} expected" if wanted else ""))
        self.position = end
        return token

    def accept(self, wanted):
        if self.peek()[0] != wanted:
            return False
        self.take()
        return True

    def union(self):
        self.unit()
        while self.accept("|"):
            self.unit()

    def unit(self):
        token = self.take()
        if token == "(":
            self.inside(")", self.union)
        elif token == "{":
            self.inside("}", self.table_field)
        elif token == "fun":
            self.function()
        elif token == "async":
            self.position += 1
            self.take("fun")
            self.function()
        elif token[0] not in '"-' and not token[0].isdigit():
            if not re.match(r"[A-Za-z_]", token):
                raise Problem(self.place, f"bad type: {self.text.strip()!r} at {token!r}")
            self.names.append(token)
            if self.accept("<"):
                self.inside(">", self.union)
        while self.accept("[]") or self.accept("?"):
            pass

    def inside(self, closing, read):
        self.depth += 1
        while self.peek()[0] != closing:
            read()
            if not self.accept(","):
                break
        self.take(closing)
        self.depth -= 1

    def table_field(self):
        if self.accept("["):
            self.union()
            self.take("]")
        else:
            self.take()
            self.accept("?")
        self.take(":")
        self.union()

    def parameter(self):
        self.take()
        self.accept("?")
        if self.accept(":"):
            self.union()

    def function(self):
        self.take("(")
        self.inside(")", self.parameter)
        if not self.accept(":"):
            return
        self.depth += 1
        self.result()
        while self.accept(","):
            self.result()
        self.depth -= 1

    def result(self):
        if not self.accept("..."):
            self.union()
            self.accept("...")


def split_type(text, place):
    """-> the type that the text begins with, the rest, the names in the type"""
    reader = TypeReader(text, place)
    reader.union()
    end = reader.position
    if end < len(text) and text[end] != " ":
        raise Problem(place, f"bad type: {text!r} at {text[end:]!r}")
    return text[:end].strip(), text[end:].strip(), reader.names


# ---- Stubs ----------------------------------------------------------------------------------

class Block:
    """The comment above a declaration: its text, and what its tags say."""

    def __init__(self, place):
        self.place = place
        self.lines = []
        self.params = []     # (name, is_optional, type, text)
        self.returns = []    # (type, name, text)
        self.overloads = []
        self.fields = []
        self.tags = set()
        self.type = None
        self.class_name = None
        self.generics = []

    def text(self):
        return "\n".join(self.lines).strip("\n")


class Entry:
    """A function, a constant or a class of a module."""

    def __init__(self, kind, name, block, section):
        self.kind = kind
        self.name = name
        self.block = block
        self.section = section
        self.parameters = []
        self.value = None
        self.members = []     # of a class: the functions


class Module:
    """What one stub declares."""

    def __init__(self, path):
        self.path = path
        self.name = None
        self.block = None
        self.entries = []      # in the order of the file
        self.aliases = []      # (name, type, text)
        self.local_name = None
        self.result = None     # of a module that is a function: its entry


class StubReader:
    """Reads the stub of one module, line by line."""

    def __init__(self, path, types):
        self.module = Module(path)
        self.types = types             # name -> page, of all stubs
        self.used = []                 # (name, place, generics)
        self.block = None
        self.section = None
        self.owners = {}               # local name -> entry of a class, or the module
        self.number = 0
        self.field_of = None

    def place(self):
        return self.module.path, self.number

    def fail(self, text):
        raise Problem(self.place(), text)

    def read(self):
        with open(self.module.path, encoding="utf-8") as file:
            lines = file.read().split("\n")
        for self.number, line in enumerate(lines, 1):
            self.read_line(line)
        if self.module.name is None:
            self.fail("no ---@meta")
        if self.module.result is None and self.module.local_name is None:
            self.fail("no class of the module's name")
        self.check_titles()
        return self.module

    def check_titles(self):
        """Titles of a page are the targets of links."""
        anchors = set()
        for entry in self.module.entries:
            for item in [entry] + entry.members:
                title = anchor(item.name)
                if item.kind != "constant" and title in anchors:
                    raise Problem(item.block.place, f"two titles of the page are {item.name}")
                anchors.add(title)

    def read_line(self, line):
        if line.startswith("---@"):
            self.read_tag(line[4:])
        elif line.startswith("---"):
            self.current().lines.append(line[3:])
        elif line.startswith("-- ## "):
            self.end_block()
            self.section = line[6:].strip()
        elif line.startswith("--"):
            pass
        elif not line.strip():
            self.end_block()
        else:
            self.read_code(line)

    def current(self):
        if self.block is None:
            self.block = Block(self.place())
        return self.block

    def end_block(self):
        block, self.block = self.block, None
        if block and block.class_name:
            self.add_class(block, None)
        elif block and (block.lines or block.params or block.returns):
            raise Problem(block.place, "a comment that belongs to nothing")

    # ---- tags ----

    def read_tag(self, line):
        word, _, rest = line.partition(" ")
        read = getattr(self, "tag_" + word.replace("-", "_"), None)
        if read is None:
            self.fail(f"unknown tag @{word}")
        read(rest.strip())

    def typed(self, text):
        kind, rest, names = split_type(text, self.place())
        generics = self.current().generics
        self.used += [(name, self.place(), generics) for name in names]
        return kind, rest

    def tag_meta(self, rest):
        if rest != os.path.basename(self.module.path)[:-len(".lua")]:
            self.fail(f"@meta {rest} in a file of another name")
        self.module.name = rest

    def tag_class(self, rest):
        match = re.fullmatch(r"([\w.]+)(?:: ([\w.]+))?", rest)
        if not match:
            self.fail("@class NAME [: PARENT] expected")
        self.current().class_name = match.group(1)
        self.define(match.group(1))
        if match.group(2):
            self.used.append((match.group(2), self.place(), []))

    def define(self, name):
        if name in self.types:
            self.fail(f"the type {name} is declared twice")
        self.types[name] = self.module.name

    def tag_alias(self, rest):
        name, _, rest = rest.partition(" ")
        kind, text = self.typed(rest)
        if not text:
            self.fail(f"alias {name} without a text")
        self.define(name)
        self.module.aliases.append((name, kind, text))
        if not self.current().lines:
            self.block = None

    def tag_field(self, rest):
        match = re.match(r"(\[.*?\]|[\w.]+)(\?)? (.*)", rest)
        if not match or not self.current().class_name:
            self.fail("@field NAME TYPE TEXT of a class expected")
        kind, text = self.typed(match.group(3))
        if not text:
            self.fail(f"field {match.group(1)} without a text")
        self.current().fields.append((match.group(1), bool(match.group(2)), kind, text))

    def tag_param(self, rest):
        match = re.match(r"([\w.]+)(\?)? (.*)", rest)
        if not match:
            self.fail("@param NAME TYPE TEXT expected")
        kind, text = self.typed(match.group(3))
        if not text:
            self.fail(f"parameter {match.group(1)} without a description")
        self.current().params.append((match.group(1), bool(match.group(2)), kind, text))

    def tag_return(self, rest):
        kind, rest = self.typed(rest)
        name = ""
        if rest.startswith("#"):
            rest = rest[1:].strip()
        else:
            match = re.match(r"(\w+|\.\.\.)(?: (.*)|$)", rest)
            name, rest = (match.group(1), match.group(2) or "") if match else ("", rest)
        if not name and not rest:
            self.fail("a result without a name or description")
        self.current().returns.append((kind, name, rest))

    def tag_overload(self, rest):
        kind, left = self.typed(rest)
        if left:
            self.fail(f"@overload: {left!r} behind the type")
        self.current().overloads.append(kind)

    def tag_type(self, rest):
        self.current().type, left = self.typed(rest)
        if left:
            self.current().lines.append(left)

    def tag_generic(self, rest):
        self.current().generics += [name.strip() for name in rest.split(",")]

    def tag_async(self, rest):
        self.flag("async", rest)

    def tag_nodiscard(self, rest):
        self.flag("nodiscard", rest)

    def tag_deprecated(self, rest):
        self.flag("deprecated", rest)

    def flag(self, name, rest):
        if rest:
            self.fail(f"@{name} stands alone")
        self.current().tags.add(name)

    # ---- code ----

    def read_code(self, line):
        block, self.block = self.block or Block(self.place()), None
        local = re.fullmatch(r"local (\w+) = \{\}", line)
        function = re.fullmatch(r"(local )?function (?:(\w+)([.:]))?(\w+)\((.*)\) end", line)
        constant = re.fullmatch(r"(\w+)\.(\w+) = (\S+)(?: -- (.*))?", line)
        result = re.fullmatch(r"return (\w+)", line)
        if local:
            self.add_class(block, local.group(1))
        elif function:
            self.add_function(block, function)
        elif constant:
            self.add_constant(block, constant)
        elif result:
            self.check_result(result.group(1))
        else:
            self.fail("a stub holds classes, functions, constants and one return only")

    def add_class(self, block, local):
        if not block.class_name:
            self.fail("a table without @class")
        if not block.text():
            raise Problem(block.place, f"class {block.class_name} without a text")
        if block.class_name == self.module.name:
            self.module.block = block
            self.module.local_name = local
            self.owners[local] = self.module
            return
        entry = Entry("class", block.class_name, block, self.section)
        self.module.entries.append(entry)
        if local:
            self.owners[local] = entry

    def add_function(self, block, match):
        is_local, owner, sign, name, parameters = match.groups()
        if not block.text():
            self.fail(f"function {name} without a text")
        if is_local:
            self.module.result = Entry("function", name, block, self.section)
            self.module.result.parameters = self.check_parameters(block, parameters)
            return
        if owner not in self.owners:
            self.fail(f"function of {owner}, which is no class declared before")
        full = f"{owner}{sign}{name}"
        entry = Entry("function", full, block, self.section)
        entry.parameters = self.check_parameters(block, parameters)
        of = self.owners[owner]
        siblings = of.entries if isinstance(of, Module) else of.members
        if any(other.name == full for other in siblings):
            self.fail(f"{full} is declared twice")
        siblings.append(entry)

    def check_parameters(self, block, text):
        names = [name.strip() for name in text.split(",")] if text.strip() else []
        described = [param[0] for param in block.params]
        for name in names:
            if name not in described:
                self.fail(f"parameter {name} without @param")
        if names != described:
            self.fail(f"@param says ({', '.join(described)}), "
                      f"the function ({', '.join(names)})")
        return block.params

    def add_constant(self, block, match):
        owner, name, value, text = match.groups()
        if not isinstance(self.owners.get(owner), Module):
            self.fail(f"a value of {owner}, which is not the module")
        if text:
            block.lines.append(text)
        if not block.text():
            self.fail(f"{name} without a text")
        entry = Entry("constant", f"{owner}.{name}", block, self.section)
        entry.value = value
        self.module.entries.append(entry)

    def check_result(self, name):
        module = self.module
        if module.result is not None:
            if module.result.name != name:
                self.fail(f"returns {name}, declares {module.result.name}")
        elif module.local_name != name:
            self.fail(f"returns {name}, which is not the table of the module")


def read_all(folder):
    types = {}
    modules, used = [], []
    for name in sorted(os.listdir(folder)):
        if name.endswith(".lua"):
            reader = StubReader(os.path.join(folder, name), types)
            modules.append(reader.read())
            used += reader.used
    modules.sort(key=lambda module: module.name)
    for name, place, generics in used:
        if name not in types and name not in BUILTIN_TYPES and name not in generics:
            raise Problem(place, f"unknown type {name}")
    return modules, types


# ---- Pages ----------------------------------------------------------------------------------

def anchor(title):
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


def first_sentence(text):
    paragraph = text.split("\n\n")[0].replace("\n", " ")
    match = SENTENCE.match(paragraph)
    return match.group(1) if match else paragraph


def cell(text):
    return text.replace("|", "\\|").replace("\n", " ")


def signature(name, parameters):
    """The call with its optional parameters in brackets: f(a [, b [, c]]).

    One that others follow which must be given cannot be left out, only be nil: no bracket."""
    text, closing = "", ""
    for i, (parameter, is_optional, _, _) in enumerate(parameters):
        rest = parameters[i + 1:]
        comma = ", " if i else ""
        if is_optional and all(other[1] or other[0] == "..." for other in rest):
            text += " [" * bool(i) + "[" * (not i) + comma + parameter
            closing += "]"
        else:
            text += comma + parameter
    return f"{name}({text}{closing})"


def results(returns):
    words = [name or kind for kind, name, _ in returns]
    return " -> " + ", ".join(words) if words else ""


def call_form(name, overload):
    """fun(a: A): B as name(a: A) -> B"""
    head, separator, result = overload.rpartition("): ")
    shown = f"{head}) -> {result}" if separator else overload
    return re.sub(r"^(async )?fun", name, shown)


def prose(text):
    """The text of a function, with the words that tell a paragraph's kind made bold."""
    text = re.sub(r"(?m)(^|\n\n)Raises\b", r"\1**Raises**", text)
    return re.sub(r"(?m)(^|\n\n)Skynet: ", r"\1**Differs from Skynet:** ", text)


class Page:
    """The Markdown page of one module."""

    def __init__(self, module, types):
        self.module = module
        self.types = types
        self.out = []
        self.constants_of = False   # the section of the table that is written

    def add(self, *lines):
        self.out += lines

    def make(self):
        module = self.module
        block = module.block or module.result.block
        self.add(f"# {module.name}", "")
        if module.result is None:
            self.add(prose(block.text()), "")
            self.call_forms(module.local_name, block)
            self.summary()
        else:
            self.add(f"`require \"{module.name}\"` gives one function.", "")
            self.function_body(module.result)
        self.alias_table()
        for entry in module.entries:
            getattr(self, "add_" + entry.kind)(entry)
        while self.out[-1] == "":
            self.out.pop()
        return "\n".join(self.out) + "\n"

    def call_forms(self, name, block):
        """How an object of the class is called."""
        for overload in block.overloads:
            may_yield = "; may yield" if overload.startswith("async") else ""
            self.add(f"Is called as `{call_form(name, overload)}`{may_yield}.", "")

    def summary(self):
        """The functions, by section, and the methods of each class, with their first sentences."""
        title = None
        for entry in self.module.entries:
            if entry.kind == "function":
                title = self.summary_line(entry, entry.section or "function", title)
            for member in entry.members:
                title = self.summary_line(member, f"`{entry.name}`", title)
        if title:
            self.add("")

    def summary_line(self, entry, title, previous):
        if title != previous:
            self.add(*([""] if previous else []), f"| {title} | |", "| --- | --- |")
        self.add(f"| [`{entry.name}`](#{anchor(entry.name)}) | "
                 f"{cell(first_sentence(entry.block.text()))} |")
        return title

    def alias_table(self):
        if self.module.aliases:
            self.add("## Types", "", "| type | is | |", "| --- | --- | --- |")
            for name, kind, text in self.module.aliases:
                self.add(f"| `{name}` | `{cell(kind)}` | {cell(text)} |")
            self.add("")

    def add_constant(self, entry):
        if entry.section != self.constants_of:
            self.constants_of = entry.section
            self.add(f"## {entry.section or 'Values'}", "", "| | is | |", "| --- | --- | --- |", "")
        shown = entry.value if entry.value != "nil" else entry.block.type
        self.out.pop()  # the empty line: the table goes on
        self.add(f"| `{entry.name}` | `{cell(shown)}` | {cell(entry.block.text())} |", "")

    def add_function(self, entry):
        self.add(f"## {entry.name}", "")
        self.function_body(entry)

    def function_body(self, entry):
        block = entry.block
        self.add("```lua", signature(entry.name, block.params) + results(block.returns))
        for overload in block.overloads:
            self.add(call_form(entry.name, overload))
        self.add("```", "")
        self.add(prose(block.text()), "")
        if "deprecated" in block.tags:
            self.add("Deprecated.", "")
        if "async" in block.tags:
            self.add("May yield.", "")
        self.list_parameters(block)

    def list_parameters(self, block):
        for name, is_optional, kind, text in block.params:
            optional = ", optional" if is_optional else ""
            self.add(f"- `{name}` ({self.type_text(kind)}{optional}): {text}")
        for kind, name, text in block.returns:
            shown = f" `{name}`" if name else ""
            self.add(f"- returns{shown} ({self.type_text(kind)})" + (f": {text}" if text else ""))
        if block.params or block.returns:
            self.add("")

    def type_text(self, kind):
        name = kind.rstrip("?[]")
        page = self.types.get(name)
        if page is None:
            return f"`{kind}`"
        target = "" if page == self.module.name else page + ".md"
        is_class = name not in ALIASES
        return f"[`{kind}`]({target}#{anchor(name) if is_class else 'types'})"

    def add_class(self, entry):
        self.add(f"## {entry.name}", "", prose(entry.block.text()), "")
        self.call_forms(entry.name.rpartition(".")[2], entry.block)
        if entry.block.fields:
            self.add("| field | type | |", "| --- | --- | --- |")
            for name, is_optional, kind, text in entry.block.fields:
                optional = " or nil" if is_optional else ""
                self.add(f"| `{name}` | `{cell(kind)}`{optional} | {cell(text)} |")
            self.add("")
        for member in entry.members:
            self.add(f"### {member.name}", "")
            self.function_body(member)


ALIASES = set()


def index(modules):
    lines = ["# API reference", "",
             "One page a module. Made by `tools/apidoc.py` from the editor stubs in `lualib/meta`: "
             "change those,", "then run `make docs`.", "",
             "| module | |", "| --- | --- |"]
    for module in modules:
        block = module.block or module.result.block
        lines.append(f"| [`{module.name}`]({module.name}.md) | "
                     f"{cell(first_sentence(block.text()))} |")
    lines += ["", "## Functions", ""]
    for module in modules:
        links = []
        for entry in module.entries:
            for item in [entry] if entry.kind == "function" else entry.members:
                name = re.sub(r"^\w+\.", "", item.name)
                links.append(f"[`{name}`]({module.name}.md#{anchor(item.name)})")
        if links:
            lines.append(f"- **{module.name}**: " + ", ".join(links))
    return "\n".join(lines) + "\n"


def make_pages(folder):
    """-> file name -> text"""
    modules, types = read_all(folder)
    ALIASES.update(name for module in modules for name, _, _ in module.aliases)
    pages = {module.name + ".md": Page(module, types).make() for module in modules}
    pages["README.md"] = index(modules)
    return pages


def read_or_none(path):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return None


def compare(pages, folder):
    """What differs on the disk, as lines."""
    differences = []
    for name, text in sorted(pages.items()):
        if read_or_none(os.path.join(folder, name)) != text:
            differences.append(f"{os.path.join(folder, name)}:1: not as the stubs say; "
                               "run make docs")
    on_disk = os.listdir(folder) if os.path.isdir(folder) else []
    for name in sorted(on_disk):
        if name not in pages:
            differences.append(f"{os.path.join(folder, name)}:1: belongs to no stub")
    return differences


def write(pages, folder):
    os.makedirs(folder, exist_ok=True)
    for name in os.listdir(folder):
        if name.endswith(".md") and name not in pages:
            os.remove(os.path.join(folder, name))
    for name, text in pages.items():
        path = os.path.join(folder, name)
        if read_or_none(path) != text:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)


def main():
    parser = argparse.ArgumentParser(description="Makes docs/api from lualib/meta.")
    parser.add_argument("--check", action="store_true", help="compare only")
    parser.add_argument("--meta", default="lualib/meta")
    parser.add_argument("--out", default="docs/api")
    options = parser.parse_args()
    try:
        pages = make_pages(options.meta)
    except Problem as problem:
        print(problem)
        return 1
    if not options.check:
        write(pages, options.out)
        return 0
    differences = compare(pages, options.out)
    for line in differences:
        print(line)
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
