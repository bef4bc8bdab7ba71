#!/usr/bin/env python3
"""tidy.py -- checks what STYLE.md asks for and a machine can see.

usage: tests/tidy/tidy.py [--root FOLDER] [--list]

Prints "file:line: rule: what" for each violation and ends with status 1 if there is one that
ratchet.txt does not accept. An entry of the ratchet that is no longer needed is a violation
too, so the list can only get shorter. C is read by a small scanner that blanks comments,
strings and character constants; it is no parser, and the selftest holds its limits.
"""
import argparse
import os
import re
import subprocess
import sys

LINE_LEN_MAX = 100
FUNCTION_LEN_MAX = 70
PARAMETER_COUNT_MAX = 5
FILE_LEN_MAX = 1000

# What each layer may include, besides itself and the system.
ANY = {"base", "actor", "io", "codec", "lua", "service"}
LAYERS = {
    "base": set(),
    "actor": {"base"},
    "codec": {"base"},
    "io": {"base", "actor"},
    "lua": {"base", "actor", "io", "codec"},
    "service": {"base", "actor", "io", "codec"},
    "compat": ANY | {"cli"},
    "cli": ANY | {"compat"},
}

# Calls that have one home; the files where they are at home.
BANNED = [
    (r"clock_gettime|gettimeofday|time|clock|timespec_get", {"src/base/clock.c"},
     "time comes from base/clock"),
    (r"rand|srand|random|srandom|rand_r|drand48|getrandom|getentropy", {"src/base/random.c"},
     "chance comes from base/random"),
    (r"sleep|usleep|nanosleep|clock_nanosleep", {"src/base/clock.c"},
     "waiting comes from base/clock"),
    (r"strcpy|strcat|sprintf|vsprintf|gets|strtok|atoi|atol", set(), "has no bound or no error"),
    (r"malloc|calloc|realloc|aligned_alloc|posix_memalign|strdup|strndup", {"src/base/mem.c"},
     "memory comes from base/mem"),
]

SOURCE_FOLDERS = ("src", "include", "tests", "tools", "bench", "examples", "lualib", "services")
TEXT_ENDINGS = (".c", ".h", ".lua", ".py", ".sh", ".md", ".txt")
TEXT_NAMES = ("Makefile", "run", ".clang-format", ".editorconfig", ".gitignore", ".luacheckrc")
WORDS_BEFORE_BRACE = {"if", "for", "while", "switch", "return", "sizeof", "do", "else"}


class Report:
    """The violations found so far."""

    def __init__(self):
        self.items = []

    def add(self, path, line, rule, text):
        self.items.append((path, line, rule, text))


# ---- Reading C ------------------------------------------------------------------------------

TOKEN = re.compile(
    r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])+'", re.S)


def blank(match):
    text = match.group(0)
    if text[0] in "\"'":
        return text[0] + " " * (len(text) - 2) + text[0]
    return re.sub(r"[^\n]", " ", text)


def code_only(text):
    """The text with comments, and the insides of strings, replaced by blanks: same length."""
    return TOKEN.sub(blank, text)


def without_directives(code):
    """The code with preprocessor lines (and their continuations) blanked."""
    return re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda m: re.sub(r"[^\n]", " ", m.group(0)),
                  code, flags=re.M)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def statements(code):
    """The pieces at file scope: (start, text, body), body = (open, close) of a { } or None.

    A piece ends at a ';' or at the end of a function's body."""
    depth = 0
    start = 0
    body = None
    i = 0
    while i < len(code):
        char = code[i]
        if char == "{":
            if depth == 0:
                body = (i, None)
            depth += 1
        elif char == "}":
            depth -= 1
            if depth == 0 and body:
                body = (body[0], i)
                if is_function_head(code[start:body[0]]):
                    yield start, code[start:body[0]], body
                    start, body = i + 1, None
        elif char == ";" and depth == 0:
            yield start, code[start:i + 1], None
            start, body = i + 1, None
        elif char in "([":
            depth += 1
        elif char in ")]":
            depth -= 1
        i += 1


def is_function_head(head):
    """True if what stands before a '{' is a function's head, not a type or an initialiser."""
    head = head.strip()
    if not head.endswith(")") and not re.search(r"\)\s*(__attribute__.*|SK_\w+)$", head, re.S):
        return False
    return "=" not in re.sub(r"\([^()]*\)", "", head) and "(" in head


def parameter_list(head):
    """The text between the parentheses of a function's head: the first top-level pair that
    follows a name which is no attribute."""
    for match in re.finditer(r"(\w+)\s*\(", head):
        if match.group(1) in ("__attribute__", "_Alignas", "SK_PRINTF", "SK_GUARDED"):
            continue
        depth = 0
        for i in range(match.end() - 1, len(head)):
            depth += {"(": 1, ")": -1}.get(head[i], 0)
            if depth == 0:
                return match.group(1), head[match.end():i]
    return None, ""


def parameter_count(parameters):
    depth = 0
    count = 1
    for char in parameters:
        depth += {"(": 1, ")": -1}.get(char, 0)
        if char == "," and depth == 0:
            count += 1
    return 0 if parameters.strip() in ("", "void") else count


def first_code(text, start):
    """The position of the first character after `start` that is no blank."""
    while start < len(text) and text[start].isspace():
        start += 1
    return start


class CFile:
    """A C file: its text, its code without comments, and its pieces."""

    def __init__(self, path, text):
        self.path = path
        self.text = text
        self.code = code_only(text)
        self.plain = without_directives(self.code)
        self.is_header = path.endswith(".h")
        parts = path.split("/")
        self.layer = parts[1] if parts[0] == "src" and len(parts) > 2 else None


# ---- Rules for every text -------------------------------------------------------------------

def check_text(path, text, report):
    lines = text.split("\n")
    is_code = path.endswith((".c", ".h", ".lua", ".py", ".sh")) or "." not in path.split("/")[-1]
    for number, line in enumerate(lines, 1):
        if line != line.rstrip():
            report.add(path, number, "trailing-blank", "a blank at the end of the line")
        if "\t" in line and os.path.basename(path) != "Makefile":
            report.add(path, number, "tab", "a tab")
        if is_code and len(line) > LINE_LEN_MAX:
            report.add(path, number, "line-length", f"{len(line)} columns, {LINE_LEN_MAX} at most")
    if text and not text.endswith("\n"):
        report.add(path, len(lines), "last-newline", "the last line does not end")
    if is_code and len(lines) - 1 > FILE_LEN_MAX:
        report.add(path, FILE_LEN_MAX, "file-length",
                   f"{len(lines) - 1} lines, {FILE_LEN_MAX} at most")


def check_purpose(path, text, report):
    """A file says in its first lines what it is for."""
    name = os.path.basename(path)
    head = "\n".join(text.split("\n")[:3])
    if path.endswith((".c", ".h")):
        good = text.startswith("/* ") and name in head and "--" in head
        wanted = f'"/* {name} -- what it is for"'
    elif path.endswith(".lua"):
        good = re.match(r"(#![^\n]*\n)?--", text)
        wanted = "a comment that says what it is for"
    else:
        return
    if not good:
        report.add(path, 1, "purpose", "the file does not open with " + wanted)


# ---- Rules for C ----------------------------------------------------------------------------

def check_functions(file, report):
    for start, head, body in statements(file.plain):
        if body is None or not is_function_head(head):
            continue
        name, parameters = parameter_list(head)
        first = line_of(file.plain, first_code(file.plain, start))
        length = line_of(file.plain, body[1]) - first + 1
        if length > FUNCTION_LEN_MAX:
            report.add(file.path, first, "function-length",
                       f"{name} has {length} lines, {FUNCTION_LEN_MAX} at most")
        count = parameter_count(parameters)
        # Skynet's C interface fixes the parameters of what implements it.
        if name.startswith("skynet_") or "skynet_context" in parameters:
            continue
        if count > PARAMETER_COUNT_MAX:
            report.add(file.path, first, "parameter-count",
                       f"{name} has {count} parameters, {PARAMETER_COUNT_MAX} at most")


def check_includes(file, report):
    for match in re.finditer(r'^[ \t]*#[ \t]*include[ \t]+"([^"\n]+)"', file.text, re.M):
        line = line_of(file.text, match.start())
        target = match.group(1)
        if target.startswith("skein") or re.fullmatch(r"skynet\w*\.h", target):
            continue
        layer = target.split("/")[0]
        if file.layer and ("/" not in target or layer not in LAYERS):
            report.add(file.path, line, "include-name", f'"{target}" does not name its layer')
        elif file.layer in LAYERS and layer != file.layer and layer not in LAYERS[file.layer]:
            report.add(file.path, line, "include-direction",
                       f'{file.layer} may not include "{target}"')


def is_constant(text):
    """True if the object itself is constant: `const int x`, `char *const x`."""
    stars = text.rfind("*")
    if stars >= 0:
        return "const" in text[stars:].split("[")[0]
    return re.search(r"\bconst\b|\bconstexpr\b", text) is not None


def check_file_scope(file, report):
    """No mutable variable at file scope or static in a function."""
    if file.layer in (None, "compat"):
        return
    for start, piece, body in statements(file.plain):
        position = first_code(file.plain, start)
        if body is not None:
            check_static_locals(file, body, report)
            continue
        text = re.sub(r"\{.*\}", "", piece, flags=re.S)
        text = text.split("=")[0] if "=" in text else text.rstrip(";")
        text = " ".join(text.split())
        if not text or re.match(r"(typedef|struct|union|enum|extern|_Static_assert)\b", text):
            if not re.match(r"(struct|union|enum)\b[^()]*?\b\w+ \**\w+(\[[^]]*\])*$", text):
                continue
        # The first parenthesis tells a prototype from a pointer to a function.
        text = re.sub(r"(_Alignas|__attribute__)\s*\(+[^()]*\)+", "", text).strip()
        if "(" in text and not re.match(r"[^(]*\(\s*\*", text):
            continue
        if re.fullmatch(r"\w+", text) or is_constant(text):
            continue
        report.add(file.path, line_of(file.plain, position), "file-scope",
                   f'mutable state: "{text}"')


def check_static_locals(file, body, report):
    for match in re.finditer(r"\b(static|_Thread_local|__thread)\b([^;=(]*)",
                             file.plain[body[0]:body[1]]):
        # Of a struct in place, what stands before its fields tells.
        if not is_constant(match.group(2).split("{")[0]):
            report.add(file.path, line_of(file.plain, body[0] + match.start()), "file-scope",
                       "a static variable in a function")


def check_banned(file, report):
    if not file.layer:
        return
    for names, homes, why in BANNED:
        if file.path in homes:
            continue
        for match in re.finditer(rf"(?<![\w.>])({names})\s*\(", file.plain):
            report.add(file.path, line_of(file.plain, match.start()), "banned-call",
                       f"{match.group(1)}: {why}")


def previous_line(file, line):
    return file.text.split("\n")[line - 2].strip() if line > 1 else ""


def is_prototype(text):
    """False for a type, an enum (it may come from a macro), an assertion and a variable."""
    if text.startswith(("typedef", "_Static_assert", "enum")):
        return False
    return not (text.startswith(("struct", "union")) and "{" in text)


def check_prototypes(file, report):
    """Above a prototype stands its contract, or a prototype that has one (a group)."""
    if not file.is_header:
        return
    covered = set()     # lines that end a prototype with a contract
    for start, piece, body in statements(file.plain):
        position = first_code(file.plain, start)
        first = line_of(file.plain, position)
        last = line_of(file.plain, start + len(piece) - 1) if body is None else \
            line_of(file.plain, body[1])
        text = piece.strip()
        above = previous_line(file, first)
        if "(" not in text or not is_prototype(text):
            # A type with a comment begins a group, too.
            if above.endswith("*/"):
                covered.add(last)
            continue
        if body is not None:    # an inline function shows what it does, but extends a group
            covered.add(last)
            continue
        if above.endswith("*/") or above.startswith("//") or first - 1 in covered:
            covered.add(last)
        else:
            report.add(file.path, first, "contract",
                       f"no comment above {parameter_list(text)[0]}")


def check_guard(file, report):
    if not file.is_header or not file.layer:
        return
    name = "SK_" + re.sub(r"\W", "_", file.path[len("src/"):]).upper()
    if f"#ifndef {name}\n#define {name}\n" not in file.text:
        report.add(file.path, 1, "guard", f"no include guard {name}")


C_CHECKS = (check_functions, check_includes, check_file_scope, check_banned, check_prototypes,
            check_guard)


# ---- The tree -------------------------------------------------------------------------------

def git_lines(root, *words):
    got = subprocess.run(["git", "-C", root, *words], capture_output=True, text=True, check=False)
    return got.stdout.splitlines() if got.returncode == 0 else None


def tree_files(root):
    """All files of the project, tracked or new, but not ignored ones."""
    names = git_lines(root, "ls-files", "-co", "--exclude-standard")
    if names is None:
        names = [os.path.relpath(os.path.join(folder, name), root)
                 for folder, _, files in os.walk(root) for name in files]
        names = [name for name in names if not name.startswith(("build/", ".git/"))]
    return sorted(name for name in set(names) if os.path.isfile(os.path.join(root, name)))


def is_text(path):
    name = os.path.basename(path)
    if path.startswith("tests/fuzz/corpus/"):
        return False
    return name.endswith(TEXT_ENDINGS) or name in TEXT_NAMES or \
        (path.startswith("tests/e2e/") and "." not in name)


def check_leftovers(root, names, report):
    """Nothing that an editor, a crash or a test run leaves behind, and no new file in a folder
    that is not part of the tree."""
    for name in names:
        if re.search(r"(~|\.orig|\.rej|\.swp|\.tmp|\.bak|\.o|\.pyc)$|(^|/)(core(\.\d+)?|vgcore.*|"
                     r"crash-[0-9a-f]+|leak-[0-9a-f]+|timeout-[0-9a-f]+|a\.out)$", name):
            report.add(name, 1, "leftover", "this file should not be in the tree")
    untracked = git_lines(root, "ls-files", "-o", "--exclude-standard") or []
    known = {folder + "/" for folder in SOURCE_FOLDERS + (".ci", "docs")}
    for name in untracked:
        if not any(name.startswith(folder) for folder in known) and \
                not name.endswith((".md", "LICENSE")) and os.path.basename(name) not in TEXT_NAMES:
            report.add(name, 1, "leftover", "an untracked file outside the known folders")


def check_tree(root):
    report = Report()
    names = tree_files(root)
    check_leftovers(root, names, report)
    for path in names:
        if not is_text(path):
            continue
        with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
            text = file.read()
        check_text(path, text, report)
        check_purpose(path, text, report)
        if path.endswith((".c", ".h")) and path.startswith(("src/", "tests/", "tools/", "bench/")):
            c_file = CFile(path, text)
            for check in C_CHECKS:
                check(c_file, report)
    return report.items


def read_ratchet(root):
    """Accepted exceptions: lines "path: rule: count  # reason"."""
    accepted = {}
    try:
        with open(os.path.join(root, "tests/tidy/ratchet.txt"), encoding="utf-8") as file:
            lines = file.read().splitlines()
    except FileNotFoundError:
        return accepted
    for line in lines:
        words = line.split("#")[0].strip()
        if words:
            path, rule, count = (word.strip() for word in words.split(":"))
            accepted[(path, rule)] = int(count)
    return accepted


def apply_ratchet(items, accepted):
    """The items that are not accepted; and entries of the ratchet that became too generous."""
    found = {}
    for path, line, rule, text in items:
        found.setdefault((path, rule), []).append((path, line, rule, text))
    bad = []
    for key, group in found.items():
        if len(group) > accepted.get(key, 0):
            bad += group
    for (path, rule), count in accepted.items():
        if len(found.get((path, rule), [])) < count:
            bad.append(("tests/tidy/ratchet.txt", 1, "ratchet",
                        f"{path}: {rule}: {count} is more than needed"))
    return sorted(bad)


def main():
    parser = argparse.ArgumentParser(description="Checks the style of the tree.")
    parser.add_argument("--root", default=os.path.join(os.path.dirname(__file__), "../.."))
    parser.add_argument("--list", action="store_true", help="ignore the ratchet")
    options = parser.parse_args()
    root = os.path.abspath(options.root)
    items = check_tree(root)
    bad = items if options.list else apply_ratchet(items, read_ratchet(root))
    for path, line, rule, text in bad:
        print(f"{path}:{line}: {rule}: {text}")
    print(f"tidy: {len(bad)} violations" if bad else "tidy: nothing to complain about")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
