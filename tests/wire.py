# SPDX-License-Identifier: Apache-2.0
"""Writes protobuf messages and TensorFlow graphs byte by byte, with harmless contents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def field(number: int, value: int | str | bytes) -> bytes:
    """Return one field: a number as a varint, text or bytes with their length."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value % 2**64)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def attribute(key: str, value: bytes) -> bytes:
    """Return one entry of a node's attribute map; ``value`` is an AttrValue."""
    return field(5, field(1, key) + field(2, value))


def node(name: str, op: str, inputs: Sequence[str] = (), attributes: bytes = b"") -> bytes:
    """Return a NodeDef."""
    return field(1, name) + field(2, op) + b"".join(field(3, i) for i in inputs) + attributes


def constant(name: str, text: str) -> bytes:
    """Return a Const node that holds one string."""
    tensor = field(1, 7) + field(2, b"") + field(8, text)
    return node(name, "Const", (), attribute("value", field(8, tensor)))


def function(name: str, nodes: Sequence[bytes], arguments: Sequence[str] = ()) -> bytes:
    """Return a FunctionDef."""
    signature = field(1, name) + b"".join(field(2, field(1, item)) for item in arguments)
    return field(1, signature) + b"".join(field(3, item) for item in nodes)


def graph(nodes: Sequence[bytes], functions: Sequence[bytes] = ()) -> bytes:
    """Return a GraphDef."""
    library = b"".join(field(1, item) for item in functions)
    return b"".join(field(1, item) for item in nodes) + (field(2, library) if library else b"")


def saved_model(
    nodes: Sequence[bytes], functions: Sequence[bytes] = (), more: bytes = b""
) -> bytes:
    """Return a SavedModel; ``more`` are further fields of its MetaGraphDef."""
    meta = field(1, field(4, "serve")) + field(2, graph(nodes, functions)) + more
    return field(1, 1) + field(2, meta)


Value: TypeAlias = "tuple[int, int] | str | bytes | list[Any] | Table"
"""What a FlatBuffers field may hold: (number, width), text, bytes, 32-bit numbers, tables."""


class Table(dict[int, "Value"]):
    """A FlatBuffers table by field number."""


def flatbuffer(root: Table, identifier: bytes) -> bytes:
    """Return a buffer; children lie behind their parents, so all offsets count forward."""
    out = bytearray(4) + bytearray(identifier)
    place = _table(out, root)
    out[0:4] = place.to_bytes(4, "little")
    return bytes(out)


def _table(out: bytearray, table: Table) -> int:
    count = max(table, default=-1) + 1
    vtable = len(out)
    sizes = {key: value[1] if isinstance(value, tuple) else 4 for key, value in table.items()}
    length = 4 + sum(sizes.values())
    out += (4 + 2 * count).to_bytes(2, "little") + length.to_bytes(2, "little") + bytes(2 * count)
    start = len(out)
    out += (start - vtable).to_bytes(4, "little") + bytes(length - 4)
    at = start + 4
    for key, value in sorted(table.items()):
        out[vtable + 4 + 2 * key : vtable + 6 + 2 * key] = (at - start).to_bytes(2, "little")
        if isinstance(value, tuple):
            out[at : at + value[1]] = value[0].to_bytes(value[1], "little")
        else:
            place = _child(out, value)
            out[at : at + 4] = (place - at).to_bytes(4, "little")
        at += sizes[key]
    return start


def _child(out: bytearray, value: Value) -> int:
    if isinstance(value, Table):
        return _table(out, value)
    start = len(out)
    if isinstance(value, str):
        value = value.encode() + b"\0"
        out += (len(value) - 1).to_bytes(4, "little") + value
    elif isinstance(value, bytes):
        out += len(value).to_bytes(4, "little") + value
    elif isinstance(value, list):
        out += len(value).to_bytes(4, "little") + bytes(4 * len(value))
        for number, item in enumerate(value):
            at = start + 4 + 4 * number
            if isinstance(item, Table):
                out[at : at + 4] = (_table(out, item) - at).to_bytes(4, "little")
            else:
                out[at : at + 4] = item.to_bytes(4, "little", signed=True)
    return start
