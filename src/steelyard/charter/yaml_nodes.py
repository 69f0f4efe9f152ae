# SPDX-License-Identifier: Apache-2.0
"""YAML text → nodes with lines and columns, from the parser's stream of events.

The events come from libyaml, which is some forty times as fast as a parser in Python, and are put
together here without recursion, because its own composer overflows the stack on deep nesting.
Which plain words are numbers, truth values or nothing follows YAML 1.2 (core schema), where ``no``
and ``on`` are words. No aliases, no tags, no duplicate keys. ADR 0010.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from msgspec import Struct

MAX_DEPTH = 32
"""Most lists and mappings inside one another."""

_CORE = "tag:yaml.org,2002:"
_PLAIN: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("null", re.compile(r"(?:|~|null|Null|NULL)\Z")),
    ("bool", re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z")),
    ("int", re.compile(r"(?:[-+]?[0-9][0-9_]*|0o[0-7]+|0x[0-9a-fA-F]+)\Z")),
    ("float", re.compile(r"(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?)\Z")),
    ("float", re.compile(r"(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z")),
    ("timestamp", re.compile(r"\d{4}-\d{2}-\d{2}(?:[Tt ].*)?\Z")),
)

_FIRST = frozenset("~nNtTfF+-.0123456789")
"""What a plain word that is not text begins with."""
_WORDS = frozenset(f"{_CORE}{name}" for name in ("str", "int", "float", "bool", "null"))
_TAGS = frozenset({"!", f"{_CORE}seq", f"{_CORE}map"}) | _WORDS


class Mark(NamedTuple):
    """A place in the text; ``style`` is the quote or block sign of a scalar there, or empty."""

    line: int
    column: int
    style: str = ""


class Node(Struct):
    """A piece of the document: a scalar's text, a list of nodes, or a mapping of nodes."""

    value: str | list[Node] | dict[str, Node]
    mark: Mark
    tag: str = "str"
    keys: dict[str, Mark] = {}


class Refused(Exception):
    """The text holds what is not read; its error has been reported."""


Report = Callable[[Mark, str, str], None]


def read_nodes(text: str, report: Report) -> Node | None:
    """Return the root of the document in ``text``; None when there is nothing in it.

    Raises:
        Refused: something cannot be read; ``report`` was told what, where and what to do.
    """
    import yaml

    loader: Any = getattr(yaml, "CLoader", yaml.Loader)
    builder = _Builder(report)
    try:
        for event in yaml.parse(text, Loader=loader):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        found = error.problem_mark or error.context_mark
        place = Mark(found.line + 1, found.column + 1) if found else Mark(1, 1)
        _syntax(text, place, str(error.problem or error.context or "not readable"), report)
    except (yaml.YAMLError, ValueError) as error:
        _syntax(text, Mark(1, 1), str(error).partition("\n")[0], report)
    return builder.root


def _syntax(text: str, mark: Mark, problem: str, report: Report) -> None:
    problem = " ".join(problem.split())
    lines = text.splitlines()
    line = lines[mark.line - 1] if mark.line <= len(lines) else ""
    hint = "Indent with spaces; YAML allows no tabs there." if "\t" in line else ""
    if "*" in line[max(0, mark.column - 2) : mark.column]:
        hint = "Put text that begins with * in quotes."
    report(mark, f"This is not YAML: {problem}.", hint)
    raise Refused


class _Builder:
    """Puts events together. ``open`` holds the lists and mappings not yet closed."""

    def __init__(self, report: Report) -> None:
        self.root: Node | None = None
        self._report = report
        self._open: list[tuple[Node, list[tuple[str, Mark] | None]]] = []
        self._documents = 0

    def take(self, event: Any) -> None:
        """Take one event of the parser."""
        kind = type(event).__name__
        start = event.start_mark
        mark = Mark(start.line + 1, start.column + 1) if start else Mark(1, 1)
        if kind == "DocumentStartEvent":
            self._documents += 1
            if self._documents > 1:
                self._refuse(mark, "There is a second document.", "Keep one document a file.")
        elif kind == "AliasEvent":
            self._refuse(mark, "Aliases are not read here; write the value out.")
        elif kind == "ScalarEvent":
            self._scalar(event, mark)
        elif kind in ("SequenceStartEvent", "MappingStartEvent"):
            self._check_tag(event.tag, mark)
            listed = kind == "SequenceStartEvent"
            node = Node([] if listed else {}, mark, "seq" if listed else "map", {})
            if not listed or self._open:
                self._expect_value(mark)
            if len(self._open) > MAX_DEPTH:
                self._refuse(mark, f"Lists and mappings nest deeper than {MAX_DEPTH} levels.")
            self._open.append((node, [None]))
        elif kind in ("SequenceEndEvent", "MappingEndEvent"):
            node, _ = self._open.pop()
            self._add(node)

    def _scalar(self, event: Any, mark: Mark) -> None:
        style = event.style or ""
        if style:
            mark = Mark(mark.line, mark.column, style)
        self._check_tag(event.tag, mark)
        tag = str(event.tag or "").removeprefix(_CORE).replace("!", "")
        plain = not style and event.implicit[0]
        if not tag:
            tag = _tag_of(event.value) if plain else "str"
        if self._open and self._open[-1][0].tag == "map" and self._open[-1][1][0] is None:
            self._open[-1][1][0] = (event.value, mark)
            return
        self._add(Node(event.value, mark, tag))

    def _expect_value(self, mark: Mark) -> None:
        if self._open and self._open[-1][0].tag == "map" and self._open[-1][1][0] is None:
            self._refuse(mark, "A key must be a word.")

    def _add(self, node: Node) -> None:
        if not self._open:
            self.root = node
            return
        parent, waiting = self._open[-1]
        if isinstance(parent.value, list):
            parent.value.append(node)
            return
        assert isinstance(parent.value, dict) and waiting[0] is not None
        key, place = waiting[0]
        waiting[0] = None
        if key in parent.keys:
            first = parent.keys[key]
            self._report(
                place,
                f"The key {key!r} is given twice; the first is on line {first.line}.",
                "Keep one of them.",
            )
            return
        parent.keys[key] = place
        parent.value[key] = node

    def _check_tag(self, tag: str | None, mark: Mark) -> None:
        if tag and tag not in _TAGS:
            self._refuse(mark, f"The tag {tag!r} is not read here; write plain YAML.")

    def _refuse(self, mark: Mark, message: str, hint: str = "") -> None:
        self._report(mark, message, hint)
        raise Refused


def _tag_of(word: str) -> str:
    if len(word) > 100 or (word and word[0] not in _FIRST):
        return "str"
    return next((tag for tag, pattern in _PLAIN if pattern.match(word)), "str")


def plain(node: Node) -> Any:
    """Return a node as plain values: texts, numbers, truth values, nothing, lists and mappings."""
    value = node.value
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    if node.tag == "bool":
        return value.lower() == "true"
    if node.tag == "null":
        return None
    if node.tag == "int":
        return int(value.replace("_", ""), 0) if not value.lstrip("+-").isdigit() else int(value)
    return float(value) if node.tag == "float" else value
