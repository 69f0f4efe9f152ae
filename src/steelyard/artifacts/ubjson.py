# SPDX-License-Identifier: Apache-2.0
"""Walks Universal Binary JSON, the format of XGBoost's ``.ubj``; numbers are stepped over.

Follows draft 12 of the UBJSON specification: everything in it is data.
"""

from __future__ import annotations

from steelyard.artifacts.source import Source, SourceStream
from steelyard.kernel.errors import ArtifactError, LimitExceeded
from steelyard.kernel.limits import Limits

_FIXED = {b"Z": 0, b"N": 0, b"T": 0, b"F": 0, b"i": 1, b"U": 1, b"C": 1, b"I": 2, b"l": 4,
          b"d": 4, b"L": 8, b"D": 8}  # fmt: skip
_VALUES_MOST = 20_000_000


def walk_ubjson(source: Source, limits: Limits) -> int:
    """Step over one document and return where it ends, in bytes.

    Raises:
        ArtifactError: a type or length is broken.
        LimitExceeded: it is nested too deep or has too many values.
    """
    stream = SourceStream(source)
    # One entry an open container: is it an object, values left (-1: up to its end mark), type.
    stack: list[tuple[bool, int, bytes]] = []
    held = _value(stream, stream.read_exact(1), stack)
    values = 0
    while stack:
        values += 1
        if values > _VALUES_MOST or len(stack) > limits.json_depth:
            raise LimitExceeded("The document has too many values.", offset=stream.tell())
        is_object, left, kind = stack[-1]
        if left == 0:
            stack.pop()
            continue
        if left > 0:
            stack[-1] = (is_object, left - 1, kind)
        mark = b""
        if is_object or not kind:
            mark, held = held or stream.read_exact(1), b""
            if left < 0 and mark == (b"}" if is_object else b"]"):
                stack.pop()
                continue
        if is_object:
            stream.skip(_length(stream, mark))
            mark = kind or stream.read_exact(1)
        held = _value(stream, kind or mark, stack)
    return stream.tell()


def _length(stream: SourceStream, kind: bytes) -> int:
    if kind not in (b"i", b"U", b"I", b"l", b"L"):
        raise ArtifactError("A length is not a whole number.", offset=stream.tell())
    value = int.from_bytes(stream.read_exact(_FIXED[kind]), "big", signed=kind != b"U")
    if value < 0:
        raise ArtifactError("A length is negative.", offset=stream.tell())
    return value


def _value(stream: SourceStream, kind: bytes, stack: list[tuple[bool, int, bytes]]) -> bytes:
    """Step over a value, or open a container; return the mark that was read ahead, if any."""
    if kind in _FIXED:
        stream.skip(_FIXED[kind])
    elif kind in (b"S", b"H"):
        stream.skip(_length(stream, stream.read_exact(1)))
    elif kind in (b"[", b"{"):
        return _open(stream, is_object=kind == b"{", stack=stack)
    else:
        raise ArtifactError("A value has an unknown type.", offset=stream.tell())
    return b""


def _open(stream: SourceStream, *, is_object: bool, stack: list[tuple[bool, int, bytes]]) -> bytes:
    end = b"}" if is_object else b"]"
    mark = stream.read_exact(1)
    kind = b""
    if mark == b"$":
        kind, mark = stream.read_exact(1), stream.read_exact(1)
        if mark != b"#":
            raise ArtifactError("A typed container has no count.", offset=stream.tell())
    if mark == b"#":
        count = _length(stream, stream.read_exact(1))
        if kind in _FIXED and not is_object:
            stream.skip(count * _FIXED[kind])
        else:
            stack.append((is_object, count, kind))
    elif mark != end:
        stack.append((is_object, -1, b""))
        return mark
    return b""
