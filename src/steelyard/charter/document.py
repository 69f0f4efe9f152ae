# SPDX-License-Identifier: Apache-2.0
"""Reads YAML that people write by hand, and remembers where every word stood.

A text becomes nodes with lines and columns (``yaml_nodes``), and nodes become frozen structs by the
structs' own types. All errors of a document are collected; each is a sentence at
``file:line:column`` that names the nearest right spelling.
"""

from __future__ import annotations

import datetime
import difflib
import re
from collections.abc import Iterable, Mapping
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec import NODEFAULT, Meta, Struct

from steelyard.charter.yaml_nodes import Mark, Node, Refused, read_nodes
from steelyard.kernel.errors import DocumentErrors, PositionedError

MAX_CHARACTERS = 256 * 1024
"""Longest document, in characters. A charter of two hundred rules has about 60,000."""
Path = tuple[str | int, ...]
_StructT = TypeVar("_StructT", bound=Struct)
_ISO_DATE = re.compile(r"\A\d{4}-\d{2}-\d{2}\Z")


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
        self.notes: list[PositionedError] = []
        """What is not wrong but worth a look; see :meth:`warn_at`."""
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
                excerpt=self._line(mark),
            )
        )

    def error_at(self, path: Path, message: str, next_step: str = "") -> None:
        """Record an error at the value of ``path``, or at the nearest value around it."""
        self.error(self.mark_of(path), message, next_step)

    def warn(self, mark: Mark, message: str, next_step: str = "") -> None:
        """Record at ``mark`` what is worth a look but stops nothing."""
        self.notes.append(
            PositionedError(
                message,
                file=self.file,
                line=mark.line,
                column=mark.column,
                next_step=next_step,
                code="document.warning",
                level="warning",
                excerpt=self._line(mark),
            )
        )

    def warn_at(self, path: Path, message: str, next_step: str = "") -> None:
        """Record at the value of ``path`` what is worth a look but stops nothing."""
        self.warn(self.mark_of(path), message, next_step)

    def _line(self, mark: Mark) -> str:
        return self.lines[mark.line - 1] if 0 < mark.line <= len(self.lines) else ""

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
        except Refused:
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
        try:
            root = read_nodes(text, self.error)
        except Refused:
            root = None
        else:
            if root is not None:
                return root
            self.error(Mark(1, 1), "The document is empty.")
        self.raise_errors()
        raise AssertionError("unreachable: an error was recorded")

    # Nodes to structs

    def _value(self, node: Node, hint: Any, path: Path) -> Any:
        self.marks[path] = node.mark
        hint, meta, optional = _unwrapped(hint, node)
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
        fields = _fields(kind)
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
            except Refused:
                complete = False
        if not complete:
            raise Refused
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
            except Refused:
                failed = True
        if failed:
            raise Refused
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
            except Refused:
                failed = True
        if failed:
            raise Refused
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
            raise Refused
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
            raise Refused

    def _wrong(self, node: Node, path: Path, expected: str) -> Any:
        found = {"seq": "a list", "map": "a mapping", "null": "nothing"}.get(node.tag)
        shown = found or repr(node.value)
        self.error(node.mark, f"{_name(path).capitalize()} must be {expected}, not {shown}.")
        raise Refused


@cache
def _fields(kind: type[Struct]) -> Mapping[str, msgspec.structs.FieldInfo]:
    return {field.encode_name: field for field in msgspec.structs.fields(kind)}


def _unwrapped(hint: Any, node: Node) -> tuple[Any, Meta | None, bool]:
    """Return a type without its annotation and its ``| None``, and those two.

    Of a choice such as ``str | dict[str, str]`` the one that fits the shape of ``node`` is taken.
    """
    meta: Meta | None = None
    optional = False
    while True:
        if get_origin(hint) is Annotated:
            hint, *extras = get_args(hint)
            meta = next((extra for extra in extras if isinstance(extra, Meta)), meta)
        elif get_origin(hint) in (Union, UnionType):
            members = [member for member in get_args(hint) if member is not NoneType]
            optional = optional or len(members) < len(get_args(hint))
            hint = next((one for one in members if _fits(one, node)), members[0])
        else:
            return hint, meta, optional


def _fits(hint: Any, node: Node) -> bool:
    """Tell whether a type has the shape of a node: a mapping, a list or a word."""
    while get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    if isinstance(node.value, dict):
        return get_origin(hint) is dict or (isinstance(hint, type) and issubclass(hint, Struct))
    if isinstance(node.value, list):
        return get_origin(hint) is tuple
    return hint in _READERS


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


def _read_float(node: Node) -> float | None:
    try:
        return float(str(node.value).replace("_", "")) if node.tag in ("int", "float") else None
    except ValueError:
        return None


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
    float: _read_float,
    datetime.date: _read_date,
}
_EXPECTED: dict[Any, str] = {
    str: "text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    datetime.date: "a date such as 2027-06-30",
}
