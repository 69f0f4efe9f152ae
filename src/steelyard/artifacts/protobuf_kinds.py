# SPDX-License-Identifier: Apache-2.0
"""Tells which kind of model a protobuf message is: the wire format has no magic number.

Only the first fields are looked at, by the field numbers of the formats' public schemas. Fields may
come in any order, and a message cut short is still recognized: loaders do not care about order, and
a broken download is not another format.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from steelyard.artifacts.protobuf import BYTES, FIXED32, FIXED64, VARINT, Field
from steelyard.artifacts.source import Source

_FIELDS_MOST = 48
"""Top-level fields looked at; a field of 20 bytes each is read."""
_FIRST_NUMBERS = 10_000
_OPERATION = re.compile(rb"[A-Za-z_.][\w.>/\\-]*\Z")
_TEXT = re.compile(rb"[\x20-\x7e\x80-\xff]*\Z")


def protobuf_kind(source: Source) -> str:
    """Return ``onnx``, ``saved-model``, ``meta-graph``, ``graph-def``, ``coreml``,
    ``paddle``, ``tf-fingerprint`` or nothing."""
    fields = list(_fields(source, 0, source.size))
    if not fields:
        return ""
    first: dict[int, Field] = {}
    for part in fields:
        first.setdefault(part.number, part)
    if _is_wire(first, 1, VARINT) and any(200 <= number < 4000 for number in first):
        return "coreml"
    if _is_onnx(source, first):
        return "onnx"
    if _is_fingerprint(source, fields):
        return "tf-fingerprint"
    messages = [part for part in fields if part.wire == BYTES]
    if 1 not in first or first[1].wire == VARINT:
        second = [part for part in messages if part.number == 2]
        return "saved-model" if any(_is_meta_graph(source, part) for part in second) else ""
    first_messages = [part for part in messages if part.number == 1]
    if any(_is_node(source, part) for part in first_messages):
        return "graph-def"
    if any(_is_block(source, part) for part in first_messages):
        return "paddle"
    if 2 in first and _is_graph(source, first[2]):
        return "meta-graph"
    return ""


def _fields(source: Source, start: int, length: int) -> Iterator[Field]:
    """Yield the first fields of a message, the last one perhaps cut; stop at what is none."""
    at, end = start, min(start + length, source.size)
    for _ in range(_FIELDS_MOST):
        if at >= end:
            return
        head = source.read_at(at, min(20, end - at))
        tag, used = _varint(head, 0)
        number, wire = tag >> 3, tag & 7
        if not used or not 0 < number < _FIRST_NUMBERS:
            return
        value = size = 0
        if wire in (VARINT, BYTES):
            value, used = _varint(head, used)
            if not used:
                return
            size = value if wire == BYTES else 0
        elif wire in (FIXED64, FIXED32):
            size = 8 if wire == FIXED64 else 4
        else:
            return
        yield Field(number, wire, value, at + used, min(size, end - at - used))
        at += used + size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Return the number and the place after it, which is 0 where there is no number."""
    result = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            break
        result |= (data[at] & 0x7F) << shift
        at += 1
        if data[at - 1] < 0x80:
            return result, at
    return 0, 0


def _inside(source: Source, part: Field) -> dict[int, Field]:
    found: dict[int, Field] = {}
    for inner in _fields(source, part.start, part.length):
        found.setdefault(inner.number, inner)
    return found


def _is_wire(fields: dict[int, Field], number: int, wire: int) -> bool:
    return number in fields and fields[number].wire == wire


def _is_onnx(source: Source, fields: dict[int, Field]) -> bool:
    """ModelProto: a version (1), operator sets (8) and a graph (7) made of messages."""
    if 1 in fields and (fields[1].wire != VARINT or fields[1].value > 1000):
        return False
    if _is_wire(fields, 7, BYTES):
        inner = _inside(source, fields[7])
        lists = any(_is_wire(inner, number, BYTES) for number in (1, 2, 5, 11, 12, 13))
        return (1 in fields or 8 in fields) and (lists or not inner)
    # Nothing but the head was left of it, or its graph comes late: names and operator sets.
    named = all(_is_text(source, fields[number]) for number in (2, 3, 4, 6) if number in fields)
    versioned = _is_wire(fields, 1, VARINT) and fields[1].value <= 20
    return versioned and named and any(_is_wire(fields, number, BYTES) for number in (2, 8))


def _is_fingerprint(source: Source, fields: list[Field]) -> bool:
    """FingerprintDef: five checksums, a version of at most two numbers and an identifier."""
    if source.size > 256 or not fields or fields[-1].start + fields[-1].length != source.size:
        return False
    sums = [part for part in fields if 1 <= part.number <= 5 and part.wire in (VARINT, FIXED64)]
    rest = [part for part in fields if part.wire == BYTES and part.number in (6, 7)]
    short = all(part.length <= 40 and _is_text(source, part) for part in rest if part.number == 7)
    version = all(part.length <= 8 for part in rest if part.number == 6)
    return len(sums) >= 3 and len(sums) + len(rest) == len(fields) and short and version


def _is_text(source: Source, part: Field) -> bool:
    return part.wire == BYTES and bool(
        _TEXT.match(source.read_at(part.start, min(part.length, 200)))
    )


def _is_meta_graph(source: Source, part: Field) -> bool:
    inner = _inside(source, part)
    if _is_wire(inner, 2, BYTES) and _is_graph(source, inner[2]):
        return True
    # MetaInfoDef: operations (2), tags (4), version (5)
    return _is_wire(inner, 1, BYTES) and bool({2, 4, 5} & set(_inside(source, inner[1])))


def _is_graph(source: Source, part: Field) -> bool:
    inner = _inside(source, part)
    if _is_wire(inner, 1, BYTES):
        return _is_node(source, inner[1])
    return _is_wire(inner, 2, BYTES) or _is_wire(inner, 4, BYTES)


def _is_node(source: Source, part: Field) -> bool:
    """NodeDef: a name (1) and an operation (2), both text, then inputs, device, attributes."""
    inner = _inside(source, part)
    if not _is_wire(inner, 2, BYTES) or not set(inner) <= {1, 2, 3, 4, 5, 6, 7, 8}:
        return False
    name = inner.get(1)
    operation = source.read_at(inner[2].start, min(inner[2].length, 200))
    return (name is None or _is_text(source, name)) and bool(_OPERATION.match(operation))


def _is_block(source: Source, part: Field) -> bool:
    """BlockDesc of Paddle: two numbers, then variables (3) and operations (4)."""
    inner = _inside(source, part)
    numbers = _is_wire(inner, 1, VARINT) and _is_wire(inner, 2, VARINT)
    return numbers and (_is_wire(inner, 3, BYTES) or _is_wire(inner, 4, BYTES))
