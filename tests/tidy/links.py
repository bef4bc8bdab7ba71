#!/usr/bin/env python3
"""links.py -- checks that the links of the documentation lead somewhere.

usage: tests/tidy/links.py [ROOT]

A relative link of a Markdown file must name a file or folder of the tree, and its anchor a title
there, as the usual renderers make it. Every page below docs/ must be linked from docs/README.md,
those of docs/api from their own index. Prints "file:line: what".
"""
import os
import re
import sys

LINK = re.compile(r"(?<!\\)\]\(([^()\s]+)\)")
TITLE = re.compile(r"^#+ +(.*?) *$")


def lines_outside_code(path):
    """(number, line) of the lines that are no code."""
    is_code = False
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file.read().split("\n"), 1):
            if line.lstrip().startswith("```"):
                is_code = not is_code
            elif not is_code:
                yield number, line


def anchors_of(path):
    titles = (TITLE.match(line) for _, line in lines_outside_code(path))
    return {re.sub(r"[^\w -]", "", match.group(1).lower()).replace(" ", "-")
            for match in titles if match}


def links_of(path):
    """(line, file or folder it leads to, anchor) of each relative link."""
    for number, line in lines_outside_code(path):
        for target in LINK.findall(re.sub(r"`[^`]*`", "``", line)):
            if re.match(r"[a-z]+:", target):
                continue
            name, _, anchor = target.partition("#")
            place = os.path.join(os.path.dirname(path), name) if name else path
            yield number, os.path.normpath(place), anchor


def markdown_files(root):
    for folder, names, files in os.walk(root):
        names[:] = sorted(name for name in names if name != "build" and name[0] != ".")
        for name in sorted(files):
            if name.endswith(".md"):
                yield os.path.normpath(os.path.join(folder, name))


def check(root):
    """-> the problems, as lines"""
    problems, linked = [], {}
    for path in markdown_files(root):
        for number, target, anchor in links_of(path):
            linked.setdefault(path, set()).add(target)
            if not os.path.exists(target):
                problems.append(f"{path}:{number}: a link to {target}, which is not there")
            elif anchor and target.endswith(".md") and anchor not in anchors_of(target):
                problems.append(f"{path}:{number}: no title #{anchor} in {target}")
    docs = os.path.normpath(os.path.join(root, "docs"))
    for path in markdown_files(docs):
        is_api = os.path.dirname(path) == os.path.join(docs, "api")
        index = os.path.join(docs, "api" if is_api else "", "README.md")
        if path != index and path not in linked.get(index, set()):
            if not (is_api and path.endswith("README.md")):
                problems.append(f"{path}:1: not linked from {index}")
    return problems


def main():
    problems = check(sys.argv[1] if len(sys.argv) > 1 else ".")
    for line in problems:
        print(line)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
