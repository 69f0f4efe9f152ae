# SPDX-License-Identifier: Apache-2.0
"""A small reader of the protobuf wire format: fields one after another, nothing decoded unasked.

A length-delimited field is given as a window onto the source, so megabytes of tensor data are
stepped over, not read. The encoding is that of the public Protocol Buffers wire specification.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from steelyard.artifacts.source import Source
from steelyard.kernel.errors import ArtifactError, LimitExceeded, TruncatedArtifact
from steelyard.kernel.limits import Limits

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
_WINDOW = 64 * 1024


@dataclass(frozen=True, slots=True)
class Field:
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
        while at < end:
            self._fields += 1
            if self._fields > self._limits.protobuf_fields:
                raise LimitExceeded("The document has too many fields.", offset=at)
            tag, at = self._varint(at, end)
            number, wire = tag >> 3, tag & 7
            if number == 0:
                raise ArtifactError("A field has the number zero.", offset=at)
            value, size = 0, 0
            if wire == VARINT:
                value, at = self._varint(at, end)
            elif wire == BYTES:
                size, at = self._varint(at, end)
            elif wire in (FIXED64, FIXED32):
                size = 8 if wire == FIXED64 else 4
            else:
                raise ArtifactError(f"The wire type {wire} is not known.", offset=at)
            if size > end - at:
                raise TruncatedArtifact("A field is longer than its message.", offset=at)
            yield Field(number, wire, value, at, size)
            at += size

    def text(self, field: Field, most: int = 4096) -> str:
        """Return a string field, cut to ``most`` bytes."""
        data = self._source.read_at(field.start, min(field.length, most))
        return data.decode("utf-8", "backslashreplace")

    def varints(self, field: Field, most: int = 64) -> list[int]:
        """Return a repeated integer field, packed or not, at most ``most`` values."""
        if field.wire == VARINT:
            return [field.value]
        values: list[int] = []
        at, end = field.start, field.start + field.length
        while at < end and len(values) < most:
            value, at = self._varint(at, end)
            values.append(value)
        return values

    def _varint(self, at: int, end: int) -> tuple[int, int]:
        result = shift = 0
        while True:
            if at >= end:
                raise TruncatedArtifact("A number runs past its message.", offset=at)
            byte = self._byte(at)
            at += 1
            result |= (byte & 0x7F) << shift
            if byte < 0x80:
                return result & 0xFFFFFFFFFFFFFFFF, at
            shift += 7
            if shift > 63:
                raise ArtifactError("A number is longer than ten bytes.", offset=at)

    def _byte(self, at: int) -> int:
        index = at - self._base
        if not 0 <= index < len(self._window):
            self._window = self._source.read_at(at, _WINDOW)
            self._base, index = at, 0
            if not self._window:
                raise TruncatedArtifact("The file ends inside a field.", offset=at)
        return self._window[index]
