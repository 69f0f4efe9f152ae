# SPDX-License-Identifier: Apache-2.0
"""Writes protobuf messages and TensorFlow graphs byte by byte, with harmless contents."""

from __future__ import annotations

from collections.abc import Sequence


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
