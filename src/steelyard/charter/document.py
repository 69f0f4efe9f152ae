# SPDX-License-Identifier: Apache-2.0
"""Reads YAML that people write by hand, and remembers where every word stood.

A text becomes nodes with lines and columns (YAML 1.2, no aliases, no tags, no duplicate keys), and
nodes become frozen structs by the structs' own types. All errors of a document are collected; each
is a sentence at ``file:line:column`` that names the nearest right spelling.
"""

from __future__ import annotations

import datetime
import difflib
import re
from collections.abc import Iterable, Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec import NODEFAULT, Meta, Struct

from steelyard.kernel.errors import DocumentErrors, PositionedError

MAX_CHARACTERS = 256 * 1024
"""Longest document, in characters. A charter of two hundred rules has about 60,000."""
MAX_DEPTH = 32
"""Most lists and mappings inside one another."""

Path = tuple[str | int, ...]
_StructT = TypeVar("_StructT", bound=Struct)
_CORE = "tag:yaml.org,2002:"
_ISO_DATE = re.compile(r"\A\d{4}-\d{2}-\d{2}\Z")


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


class _Refused(Exception):
    """A value could not be read; its error has been recorded."""


def nearest(word: str, choices: Iterable[str]) -> str:
    """Return ``Did you mean 'x'?`` for the choice most like ``word``, or an empty text."""
    by_lower = {choice.lower(): choice for choice in choices}
    found = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=0.55)
    return f"Did you mean {by_lower[found[0]]!r}?" if found else ""


class Document:
    """One parsed text with its errors so far and the place of every value by path.

    ``limit`` is the most characters read. With ``tolerant`` an unknown field that resembles none
    that is known becomes a sentence in ``warnings``, for formats that others may add to.
    """

    def __init__(
        self, text: str, file: str, *, limit: int = MAX_CHARACTERS, tolerant: bool = False
    ) -> None:
        self.file = file
        self.limit = limit
        self.tolerant = tolerant
        self.warnings: list[str] = []
        self.lines = text.splitlines()
        self.errors: list[PositionedError] = []
        self.marks: dict[Path, Mark] = {}
        self.root = self._parse(text)

    def error(self, mark: Mark, message: str, next_step: str = "") -> None:
        """Record an error at ``mark``."""
        self.errors.append(
            PositionedError(
                message,
                file=self.file,
                line=mark.line,
                column=mark.column,
                next_step=next_step,
                code="document.invalid",
            )
        )

    def error_at(self, path: Path, message: str, next_step: str = "") -> None:
        """Record an error at the value of ``path``, or at the nearest value around it."""
        self.error(self.mark_of(path), message, next_step)

    def mark_of(self, path: Path) -> Mark:
        """Return where the value of ``path`` stands."""
        while path and path not in self.marks:
            path = path[:-1]
        return self.marks.get(path, Mark(1, 1))

    def inside(self, path: Path, line: int, column: int) -> Mark:
        """Return where line ``line``, column ``column`` of the text value at ``path`` stands.

        Exact for text on one line and for literal blocks; elsewhere the start of the value.
        """
        mark = self.mark_of(path)
        if mark.style == "|":
            at = mark.line + line
            if at <= len(self.lines):
                content = self.lines[at - 1]
                return Mark(at, len(content) - len(content.lstrip()) + column)
            return mark
        if line > 1 or mark.style == ">":
            return mark
        return Mark(mark.line, mark.column + (1 if mark.style else 0) + column - 1)

    def raise_errors(self) -> None:
        """Raise what was recorded, if anything.

        Raises:
            DocumentErrors: every error of the document, by line.
        """
        if self.errors:
            raise DocumentErrors(self.errors)

    def decode(self, kind: type[_StructT]) -> _StructT:
        """Return the document as ``kind``.

        Raises:
            DocumentErrors: some field is unknown, missing, or of the wrong type.
        """
        try:
            value = self._value(self.root, kind, ())
        except _Refused:
            value = None
        self.raise_errors()
        assert isinstance(value, kind)
        return value

    # Text to nodes

    def _parse(self, text: str) -> Node:
        if len(text) > self.limit:
            self.error(
                Mark(1, 1),
                f"The document has {len(text):,} characters; at most {self.limit:,} are read.",
            )
            self.raise_errors()
        from ruamel.yaml import YAML
        from ruamel.yaml.error import MarkedYAMLError, YAMLError

        try:
            composed = YAML(typ="safe", pure=True).compose(text)
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            place = Mark(mark.line + 1, mark.column + 1) if mark else Mark(1, 1)
            self._syntax(place, str(error.problem or error.context or "not readable"))
        except (YAMLError, ValueError) as error:
            self._syntax(Mark(1, 1), str(error).partition("\n")[0])
        except RecursionError:
            self._syntax(Mark(1, 1), f"more than {MAX_DEPTH} levels inside one another")
        else:
            if composed is not None:
                try:
                    return self._node(composed, set(), 0)
                except _Refused:
                    self.raise_errors()
            self.error(Mark(1, 1), "The document is empty.")
        self.raise_errors()
        raise AssertionError("unreachable: an error was recorded")

    def _syntax(self, mark: Mark, problem: str) -> None:
        text = " ".join(problem.split())
        hint = "Indent with spaces; YAML allows no tabs there." if "\\t" in text else ""
        line = self.lines[mark.line - 1] if mark.line <= len(self.lines) else ""
        if "*" in line[max(0, mark.column - 2) : mark.column]:
            hint = "Put text that begins with * in quotes."
        self.error(mark, f"This is not YAML: {text}.", hint)

    def _node(self, node: Any, seen: set[int], depth: int) -> Node:
        style = str(node.style or "") if isinstance(node.value, str) else ""
        mark = Mark(node.start_mark.line + 1, node.start_mark.column + 1, style)
        if id(node) in seen:
            self.error(mark, "Aliases are not read here; write the value out.")
            raise _Refused
        seen.add(id(node))
        if depth > MAX_DEPTH:
            self.error(mark, f"Lists and mappings nest deeper than {MAX_DEPTH} levels.")
            raise _Refused
        tag = str(node.tag or "")
        if not tag.startswith(_CORE) or tag.startswith(f"{_CORE}python"):
            self.error(mark, f"The tag {tag!r} is not read here; write plain YAML.")
            raise _Refused
        if isinstance(node.value, str):
            return Node(node.value, mark, tag.removeprefix(_CORE))
        if tag == f"{_CORE}seq":
            return Node([self._node(item, seen, depth + 1) for item in node.value], mark, "seq")
        return self._mapping(node, mark, seen, depth)

    def _mapping(self, node: Any, mark: Mark, seen: set[int], depth: int) -> Node:
        children: dict[str, Node] = {}
        keys: dict[str, Mark] = {}
        for key_node, value_node in node.value:
            place = Mark(key_node.start_mark.line + 1, key_node.start_mark.column + 1)
            if not isinstance(key_node.value, str):
                self.error(place, "A key must be a word.")
                raise _Refused
            key = key_node.value
            if key in keys:
                first = keys[key]
                self.error(
                    place,
                    f"The key {key!r} is given twice; the first is on line {first.line}.",
                    "Keep one of them.",
                )
                continue
            keys[key] = place
            children[key] = self._node(value_node, seen, depth + 1)
        return Node(children, mark, "map", keys)

    # Nodes to structs

    def _value(self, node: Node, hint: Any, path: Path) -> Any:
        self.marks[path] = node.mark
        hint, meta, optional = _unwrapped(hint)
        if optional and node.tag == "null":
            return None
        origin = get_origin(hint)
        if isinstance(hint, type) and issubclass(hint, Struct):
            return self._struct(node, hint, path)
        if origin is tuple:
            return self._list(node, get_args(hint)[0], path)
        if origin is dict:
            names, item = get_args(hint)
            return self._dict(node, names, item, path)
        value = self._scalar(node, hint, path)
        if meta is not None:
            self._constrain(node, value, meta, path)
        return value

    def _struct(self, node: Node, kind: type[Struct], path: Path) -> Any:
        if not isinstance(node.value, dict):
            return self._wrong(node, path, "a mapping of fields")
        fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
        for key, place in node.keys.items():
            if key not in fields:
                self._unknown_field(key, place, list(fields), path)
        values: dict[str, Any] = {}
        complete = True
        for name, field in fields.items():
            child = node.value.get(name)
            if child is None:
                if field.default is NODEFAULT and field.default_factory is NODEFAULT:
                    self.error(node.mark, f"{_name(path).capitalize()} needs the field {name!r}.")
                    complete = False
                continue
            try:
                values[field.name] = self._value(child, field.type, (*path, name))
            except _Refused:
                complete = False
        if not complete:
            raise _Refused
        return kind(**values)

    def _unknown_field(self, key: str, place: Mark, fields: list[str], path: Path) -> None:
        near = nearest(key, fields)
        message = f"There is no field {key!r} in {_name(path)}."
        if self.tolerant and not near:
            self.warnings.append(f"{self.file}:{place.line}:{place.column}: {message}")
            return
        self.error(place, message, near or f"Known here: {', '.join(fields)}.")

    def _list(self, node: Node, item: Any, path: Path) -> Any:
        if not isinstance(node.value, list):
            return self._wrong(node, path, "a list, such as [one, two]")
        values = []
        failed = False
        for index, child in enumerate(node.value):
            try:
                values.append(self._value(child, item, (*path, index)))
            except _Refused:
                failed = True
        if failed:
            raise _Refused
        return tuple(values)

    def _dict(self, node: Node, names: Any, item: Any, path: Path) -> Any:
        if not isinstance(node.value, dict):
            return self._wrong(node, path, "a mapping of names")
        values = {}
        failed = False
        choices = get_args(names) if get_origin(names) is Literal else None
        for key, place in node.keys.items():
            if choices is not None and key not in choices:
                near = nearest(key, choices) or f"Known here: {', '.join(choices)}."
                self.error(place, f"There is no {key!r} in {_name(path)}.", near)
                failed = True
        for key, child in node.value.items():
            try:
                values[key] = self._value(child, item, (*path, key))
            except _Refused:
                failed = True
        if failed:
            raise _Refused
        return values

    def _scalar(self, node: Node, hint: Any, path: Path) -> Any:
        if not isinstance(node.value, str):
            return self._wrong(node, path, _EXPECTED.get(hint, "one word"))
        if get_origin(hint) is Literal:
            choices = get_args(hint)
            if node.value in choices:
                return node.value
            self.error(
                node.mark,
                f"{_name(path).capitalize()} must be one of {', '.join(choices)}, "
                f"not {node.value!r}.",
                nearest(node.value, choices),
            )
            raise _Refused
        read = _READERS[hint](node)
        return self._wrong(node, path, _EXPECTED[hint]) if read is None else read

    def _constrain(self, node: Node, value: Any, meta: Meta, path: Path) -> None:
        problem = ""
        if meta.pattern is not None and not re.search(meta.pattern, value):
            problem = f"must be {meta.description}, not {value!r}"
        elif meta.ge is not None and value < meta.ge:
            problem = f"must be at least {meta.ge}, not {value}"
        elif meta.le is not None and value > meta.le:
            problem = f"must be at most {meta.le}, not {value}"
        elif meta.max_length is not None and len(value) > meta.max_length:
            problem = f"must have at most {meta.max_length} characters, not {len(value)}"
        if problem:
            self.error(node.mark, f"{_name(path).capitalize()} {problem}.")
            raise _Refused

    def _wrong(self, node: Node, path: Path, expected: str) -> Any:
        found = {"seq": "a list", "map": "a mapping", "null": "nothing"}.get(node.tag)
        shown = found or repr(node.value)
        self.error(node.mark, f"{_name(path).capitalize()} must be {expected}, not {shown}.")
        raise _Refused


def _unwrapped(hint: Any) -> tuple[Any, Meta | None, bool]:
    """Return a type without its annotation and its ``| None``, and those two."""
    meta: Meta | None = None
    optional = False
    while True:
        if get_origin(hint) is Annotated:
            hint, *extras = get_args(hint)
            meta = next((extra for extra in extras if isinstance(extra, Meta)), meta)
        elif get_origin(hint) in (Union, UnionType):
            optional = True
            hint = next(member for member in get_args(hint) if member is not NoneType)
        else:
            return hint, meta, optional


def _name(path: Path) -> str:
    """Name a place for people: the last word of its path, or the document."""
    words = [part for part in path if isinstance(part, str)]
    if not words:
        return "the document"
    if isinstance(path[-1], int):
        return f"entry {path[-1] + 1} of {words[-1]!r}"
    return f"{words[-1]!r}"


def _read_text(node: Node) -> str | None:
    assert isinstance(node.value, str)
    return node.value if node.tag in ("str", "int", "float", "timestamp") else None


def _read_bool(node: Node) -> bool | None:
    return (
        {"true": True, "false": False}.get(str(node.value).lower()) if node.tag == "bool" else None
    )


def _read_int(node: Node) -> int | None:
    text = str(node.value).replace("_", "")
    return int(text) if node.tag == "int" and re.fullmatch(r"[+-]?\d{1,18}", text) else None


def _read_date(node: Node) -> datetime.date | None:
    try:
        return (
            datetime.date.fromisoformat(str(node.value))
            if _ISO_DATE.match(str(node.value))
            else None
        )
    except ValueError:
        return None


_READERS: Mapping[Any, Any] = {
    str: _read_text,
    bool: _read_bool,
    int: _read_int,
    datetime.date: _read_date,
}
_EXPECTED: dict[Any, str] = {
    str: "text",
    bool: "true or false",
    int: "a whole number",
    datetime.date: "a date such as 2027-06-30",
}
