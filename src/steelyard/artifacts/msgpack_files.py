# SPDX-License-Identifier: Apache-2.0
"""Walks MessagePack, the format of Flax checkpoints, without building what it describes.

Follows the MessagePack specification; the extension types are those of ``flax.serialization``:
1 an array, 2 a complex number, 3 a scalar, the outer and last packed as [shape, data type, bytes].
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import TypeVar

from steelyard.artifacts.source import Source, SourceStream
from steelyard.kernel.errors import ArtifactError, LimitExceeded
from steelyard.kernel.limits import Limits

ARRAY, COMPLEX, SCALAR, TIMESTAMP = 1, 2, 3, -1
_VALUES_MOST = 20_000_000
_Item = TypeVar("_Item")
_KEPT = 10_000
_TEXT_MOST = 4096
_FIXED = {0xCA: 4, 0xCB: 8, 0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8, 0xD0: 1, 0xD1: 2, 0xD2: 4,
          0xD3: 8}  # fmt: skip
_TEXTS = {0xD9: 1, 0xDA: 2, 0xDB: 4}
_BINARIES = {0xC4: 1, 0xC5: 2, 0xC6: 4}
_LISTS = {0xDC: 2, 0xDD: 4}
_MAPS = {0xDE: 2, 0xDF: 4}
_EXTENSIONS = {0xC7: 1, 0xC8: 2, 0xC9: 4}
_KEY = re.compile(rb"(?:[\x81-\x8f]|\xde..|\xdf....)(?:[\xa1-\xbf]|\xd9.)[\x20-\x7e]+", re.DOTALL)
_WIDTHS = {"bool": 1, "int4": 1, "uint4": 1, "complex64": 8, "complex128": 16, "bfloat16": 2}
_DTYPE = re.compile(r"(?:u?int|float)(8|16|32|64)\Z|float8_[a-z0-9]{1,20}\Z")


@dataclass(slots=True)
class MsgpackContent:
    """What the walk saw; of each kind at most 10,000 are kept."""

    end: int = 0
    extensions: list[tuple[int, int, int]] = field(default_factory=list)
    """Type, offset and length of the payload."""
    extension_kinds: set[int] = field(default_factory=set)
    """Types of all extensions, kept or not."""
    binaries: list[tuple[int, int]] = field(default_factory=list)
    """Offset and length of byte strings outside extensions."""
    texts: list[tuple[int, bytes]] = field(default_factory=list)
    """Offset and bytes of texts, up to 4096 bytes of each."""
    dropped: int = 0
    """Extensions, byte strings and texts that were not kept."""


@dataclass(frozen=True, slots=True)
class PackedArray:
    """An array as Flax packs it."""

    shape: tuple[int, ...]
    dtype: str


def looks_like_msgpack(head: bytes) -> bool:
    """Tell whether the bytes begin as a map whose first key is a printable text."""
    found = _KEY.match(head[:64])
    if found is None:
        return False
    at = 1 if head[0] < 0x90 else 3 if head[0] == 0xDE else 5
    wide = head[at] == 0xD9
    length = head[at + 1] if wide else head[at] & 0x1F
    start = at + 1 + wide
    return found.end() >= min(start + length, 64)


def walk_msgpack(source: Source, limits: Limits) -> MsgpackContent:
    """Walk the one document in ``source``.

    Raises:
        ArtifactError: a value has the type that is never used.
        TruncatedArtifact: the bytes end inside the document.
        LimitExceeded: it is nested too deep or has too many values.
    """
    stream = SourceStream(source, 0, 64 * 1024)
    content = MsgpackContent()
    open_: list[int] = [1]
    for _ in range(_VALUES_MOST):
        while open_ and not open_[-1]:
            open_.pop()
        if not open_:
            content.end = stream.tell()
            return content
        open_[-1] -= 1
        inside = _value(stream, content)
        if inside:
            open_.append(inside)
            if len(open_) > limits.json_depth:
                raise LimitExceeded("The document is nested too deep.", offset=stream.tell())
    raise LimitExceeded("The document has too many values.", offset=stream.tell())


def _value(stream: SourceStream, content: MsgpackContent) -> int:
    """Step over one value; of a list or map only over its head, returning the values in it."""
    kind = stream.read_exact(1)[0]
    if kind < 0x80 or kind >= 0xE0 or kind in (0xC0, 0xC2, 0xC3):
        return 0
    if kind < 0x90:
        return 2 * (kind & 0x0F)
    if kind < 0xA0:
        return kind & 0x0F
    if kind < 0xC0:
        return _text(stream, kind & 0x1F, content)
    if kind in _FIXED:
        stream.skip(_FIXED[kind])
    elif kind in _TEXTS:
        _text(stream, _number(stream, _TEXTS[kind]), content)
    elif kind in _BINARIES:
        length = _number(stream, _BINARIES[kind])
        _keep(content, content.binaries, (stream.tell(), length))
        stream.skip(length)
    elif kind in _LISTS:
        return _number(stream, _LISTS[kind])
    elif kind in _MAPS:
        return 2 * _number(stream, _MAPS[kind])
    elif kind in _EXTENSIONS:
        _extension(stream, _number(stream, _EXTENSIONS[kind]), content)
    elif 0xD4 <= kind <= 0xD8:
        _extension(stream, 1 << (kind - 0xD4), content)
    else:
        raise ArtifactError("A value has a type that is never used.", offset=stream.tell() - 1)
    return 0


def _number(stream: SourceStream, width: int) -> int:
    return int.from_bytes(stream.read_exact(width), "big")


def _keep(content: MsgpackContent, kept: list[_Item], item: _Item) -> None:
    if len(kept) < _KEPT:
        kept.append(item)
    else:
        content.dropped += 1


def _text(stream: SourceStream, length: int, content: MsgpackContent) -> int:
    at = stream.tell()
    data = stream.read_exact(min(length, _TEXT_MOST))
    stream.skip(length - len(data))
    _keep(content, content.texts, (at, data))
    return 0


def _extension(stream: SourceStream, length: int, content: MsgpackContent) -> None:
    kind = int.from_bytes(stream.read_exact(1), "big", signed=True)
    content.extension_kinds.add(kind)
    _keep(content, content.extensions, (kind, stream.tell(), length))
    stream.skip(length)


def read_array(source: Source, offset: int, length: int) -> PackedArray:
    """Return shape and data type of the array that an extension at ``offset`` packs.

    Raises:
        ArtifactError: it is not packed as Flax does, or its bytes do not fit its shape.
        TruncatedArtifact: it ends too early.
    """
    stream = SourceStream(source, offset, 256)
    content = MsgpackContent()
    if stream.read_exact(1) != b"\x93":
        raise ArtifactError("An array is not packed as three values.", offset=offset)
    rank = _value(stream, content)
    if rank > 64:
        raise ArtifactError("An array has too many dimensions.", offset=offset)
    shape = tuple(_dimension(stream) for _ in range(rank))
    _value(stream, content)
    name = content.texts[0][1].decode("utf-8", "replace") if content.texts else ""
    _value(stream, content)
    if not content.binaries or stream.tell() != offset + length:
        raise ArtifactError("An array's bytes do not fill its extension.", offset=offset)
    found = _DTYPE.match(name)
    width = _WIDTHS.get(name) or (int(found[1]) // 8 if found and found[1] else int(bool(found)))
    if not width:
        raise ArtifactError(f"The data type {name[:80]!r} is not known.", offset=offset)
    if math.prod(shape) * width != content.binaries[0][1]:
        raise ArtifactError("An array's bytes do not fit its shape.", offset=offset)
    return PackedArray(shape, name)


def _dimension(stream: SourceStream) -> int:
    kind = stream.read_exact(1)[0]
    if kind < 0x80:
        return kind
    if kind not in (0xCC, 0xCD, 0xCE, 0xCF):
        raise ArtifactError("A dimension is no whole number.", offset=stream.tell())
    return _number(stream, _FIXED[kind])
