# SPDX-License-Identifier: Apache-2.0
"""The syntax tree of a CEL expression: what it reads, compares and calls.

The engine hands out a checked expression as serialized protobuf (``cel.expr.CheckedExpr``, see
``cel/expr/syntax.proto`` in the CEL specification). Few of its fields matter here, so a small
reader of the protobuf wire format takes them out; it reads only what our own engine wrote.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from steelyard.charter.functions import BY_NAME

Constant = None | bool | int | float | str | bytes
Kind = Literal["constant", "name", "select", "call", "list", "struct", "comprehension"]


class Tree(Struct, frozen=True):
    """One node. ``text`` is the name, the selected field or the function; a call's target, where
    there is one, is its first child. ``test`` marks ``has(…)``; ``offset`` counts characters."""

    kind: Kind
    text: str = ""
    value: Constant = None
    children: tuple[Tree, ...] = ()
    test: bool = False
    offset: int = 0


Field = tuple[int, int | bytes]


def _fields(data: bytes) -> Iterator[Field]:
    at, end = 0, len(data)
    while at < end:
        key, at = _varint(data, at)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, at = _varint(data, at)
            yield number, value
        elif wire == 2:
            length, at = _varint(data, at)
            yield number, data[at : at + length]
            at += length
        elif wire == 1:
            yield number, data[at : at + 8]
            at += 8
        else:
            yield number, data[at : at + 4]
            at += 4


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _bytes(value: int | bytes) -> bytes:
    assert isinstance(value, bytes)
    return value


def read_tree(serialized: bytes) -> Tree:
    """Return the tree of a serialized checked expression."""
    checked = _bytes(dict(_fields(serialized))[2])
    parts = dict(_fields(checked))
    offsets: dict[int, int] = {}
    for number, value in _fields(_bytes(parts.get(5, b""))):
        if number == 4:
            entry = dict(_fields(_bytes(value)))
            offsets[_int(entry.get(1, 0))] = _int(entry.get(2, 0))
    return _tree(_bytes(parts[4]), offsets)


def _int(value: int | bytes) -> int:
    assert isinstance(value, int)
    return value


def _tree(data: bytes, offsets: dict[int, int]) -> Tree:
    identity, number, body = 0, 0, b""
    for field, value in _fields(data):
        if field == 2:
            identity = _int(value)
        elif 3 <= field <= 9:
            number, body = field, _bytes(value)
    offset = offsets.get(identity, 0)
    if number == 3:
        return Tree("constant", value=_constant(body), offset=offset)
    parts = list(_fields(body))
    if number == 4:
        return Tree("name", text=_text(parts, 1), offset=offset)
    if number == 5:
        operand = tuple(_tree(_bytes(v), offsets) for n, v in parts if n == 1)
        test = any(n == 3 and v for n, v in parts)
        return Tree("select", _text(parts, 2), children=operand, test=test, offset=offset)
    if number == 6:
        target = [_tree(_bytes(v), offsets) for n, v in parts if n == 1]
        arguments = [_tree(_bytes(v), offsets) for n, v in parts if n == 3]
        return Tree("call", _text(parts, 2), children=(*target, *arguments), offset=offset)
    if number == 7:
        items = tuple(_tree(_bytes(v), offsets) for n, v in parts if n == 1)
        return Tree("list", children=items, offset=offset)
    if number == 9:
        inner = tuple(_tree(_bytes(v), offsets) for n, v in parts if n in (2, 4, 5, 6, 7))
        return Tree("comprehension", _text(parts, 1), children=inner, offset=offset)
    return Tree("struct", offset=offset)


def _text(parts: list[Field], number: int) -> str:
    return next((_bytes(value).decode() for field, value in parts if field == number), "")


def _constant(body: bytes) -> Constant:
    for number, value in _fields(body):
        if number == 2:
            return bool(value)
        if number in (3, 4) and isinstance(value, int):
            return value - (1 << 64) if value >= 1 << 63 else value
        if number == 5:
            result: float = struct.unpack("<d", _bytes(value))[0]
            return result
        if number == 6:
            return _bytes(value).decode()
        if number == 7:
            return _bytes(value)
    return None


def walk(tree: Tree) -> Iterator[Tree]:
    """Yield ``tree`` and everything below it, outside first."""
    yield tree
    for child in tree.children:
        yield from walk(child)


def path_of(tree: Tree) -> str | None:
    """Return the dotted path a chain of selections reads, or None for anything else."""
    if tree.kind == "name":
        return tree.text
    if tree.kind == "select":
        inner = path_of(tree.children[0])
        return None if inner is None else f"{inner}.{tree.text}"
    return None


def bound_names(tree: Tree) -> frozenset[str]:
    """Return the names that macros such as ``exists`` bind, and the engine's own."""
    own = {node.text for node in walk(tree) if node.kind == "comprehension"}
    return frozenset(own | {"@result"})


def reads(tree: Tree) -> tuple[tuple[str, bool], ...]:
    """Return the facts an expression reads, in order, each with whether only ``has`` looks."""
    bound = bound_names(tree)
    found: dict[str, bool] = {}

    def visit(node: Tree) -> None:
        path = path_of(node)
        if path is not None:
            if path.partition(".")[0] not in bound:
                found[path] = found.get(path, True) and node.test
            return
        function = BY_NAME.get(node.text) if node.kind == "call" else None
        for path in function.reads if function else ():
            found[path] = False
        if function is not None and function.groups:
            return
        for child in node.children:
            visit(child)

    visit(tree)
    return tuple(found.items())


def compared(tree: Tree) -> dict[str, tuple[tuple[Constant, int], ...]]:
    """Return, for each fact, the constants it is compared with and where they stand."""
    found: dict[str, list[tuple[Constant, int]]] = {}
    bound = bound_names(tree)
    for node in walk(tree):
        if node.kind != "call" or node.text not in _COMPARISONS or len(node.children) != 2:
            continue
        for one, other in (node.children, node.children[::-1]):
            path = path_of(one)
            if path is None or path.partition(".")[0] in bound:
                continue
            constants = other.children if other.kind == "list" else (other,)
            found.setdefault(path, []).extend(
                (item.value, item.offset) for item in constants if item.kind == "constant"
            )
    return {path: tuple(values) for path, values in found.items()}


_COMPARISONS = frozenset({"_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_", "@in"})
