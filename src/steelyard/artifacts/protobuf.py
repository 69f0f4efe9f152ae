# SPDX-License-Identifier: Apache-2.0
"""A small reader of the protobuf wire format: fields one after another, nothing decoded unasked.

A length-delimited field is given as a window onto the source, so megabytes of tensor data are
stepped over, not read. The encoding is that of the public Protocol Buffers wire specification.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from steelyard.artifacts.source import Source
from steelyard.kernel.errors import ArtifactError, LimitExceeded, TruncatedArtifact
from steelyard.kernel.limits import Limits

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
_WINDOW = 64 * 1024
_AHEAD = 20
"""A tag and a value take ten bytes each at most."""
_MASK = 0xFFFFFFFFFFFFFFFF


class Field(Struct, frozen=True, gc=False):
    """One field: number, wire type, and its value or the place of its bytes in the source."""

    number: int
    wire: int
    value: int
    start: int
    length: int


class WireReader:
    """Iterates messages of one document under shared budgets of fields and depth."""

    def __init__(self, source: Source, limits: Limits) -> None:
        self._source = source
        self._limits = limits
        self._fields = 0
        self._window = b""
        self._base = 0

    def fields(self, start: int, length: int, depth: int = 0) -> Iterator[Field]:
        """Yield the fields of the message at ``start``.

        Raises:
            ArtifactError: a tag or length is broken.
            TruncatedArtifact: a field runs past its message.
            LimitExceeded: too many fields or too deep.
        """
        if depth > self._limits.protobuf_depth:
            raise LimitExceeded("The message is nested too deep.", offset=start)
        at, end = start, start + length
        # Every message keeps the window it reads through, so a walk back up reads nothing twice.
        data, base = self._window, self._base
        while at < end:
            index = at - base
            if not 0 <= index <= len(data) - _AHEAD:
                data, base, index = self._fill(at), at, 0
            self._fields += 1
            if self._fields > self._limits.protobuf_fields:
                raise LimitExceeded("The document has too many fields.", offset=at)
            tag, index = _varint(data, index, base)
            number, wire = tag >> 3, tag & 7
            if number == 0:
                raise ArtifactError("A field has the number zero.", offset=at)
            value = size = 0
            if wire == BYTES:
                size, index = _varint(data, index, base)
            elif wire == VARINT:
                value, index = _varint(data, index, base)
            elif wire in (FIXED64, FIXED32):
                size = 8 if wire == FIXED64 else 4
            else:
                raise ArtifactError(f"The wire type {wire} is not known.", offset=at)
            at = base + index
            if size > end - at:  # also when the numbers themselves ran past the end
                raise TruncatedArtifact("A field is longer than its message.", offset=at)
            yield Field(number, wire, value, at, size)
            at += size

    def inside(self, field: Field, depth: int) -> Iterator[Field]:
        """Yield the fields of the message ``field`` holds; none if it holds a number instead."""
        return self.fields(field.start, field.length if field.wire == BYTES else 0, depth)

    def data(self, field: Field, most: int) -> bytes:
        """Return the bytes of a field, cut to ``most``."""
        length = min(field.length, most)
        index = field.start - self._base
        if 0 <= index <= len(self._window) - length:
            return self._window[index : index + length]
        return self._source.read_at(field.start, length)

    def text(self, field: Field, most: int = 4096) -> str:
        """Return a string field, cut to ``most`` bytes."""
        return self.data(field, most).decode("utf-8", "backslashreplace")

    def varints(self, field: Field, most: int = 64) -> list[int]:
        """Return a repeated integer field, packed or not, at most ``most`` values."""
        if field.wire == VARINT:
            return [field.value]
        data = self.data(field, most * 10)
        values: list[int] = []
        at = 0
        while at < len(data) and len(values) < most:
            value, at = _varint(data, at, field.start)
            values.append(value)
        return values

    def _fill(self, at: int) -> bytes:
        self._window, self._base = self._source.read_at(at, _WINDOW), at
        return self._window


def _varint(data: bytes, at: int, base: int) -> tuple[int, int]:
    """Return the number at ``at`` and the place after it; ``base`` is where ``data`` begins."""
    try:
        result = data[at]
        at += 1
        if result < 0x80:
            return result, at
        result &= 0x7F
        for shift in range(7, 70, 7):
            byte = data[at]
            at += 1
            result |= (byte & 0x7F) << shift
            if byte < 0x80:
                return result & _MASK, at
    except IndexError:
        raise TruncatedArtifact("The file ends inside a number.", offset=base + at) from None
    raise ArtifactError("A number is longer than ten bytes.", offset=base + at)
