# SPDX-License-Identifier: Apache-2.0
"""Checks the frame of Parquet, Arrow and Feather files, and finds pickled types in their schema.

Follows the Parquet file format (magic at both ends, footer length before the last one), and the
Arrow columnar format (files and streams of encapsulated messages). Columns are data.
"""

from __future__ import annotations

import base64
import binascii
import re

from msgspec import Struct

from steelyard.artifacts.source import Source
from steelyard.kernel.errors import ArtifactError, TruncatedArtifact
from steelyard.kernel.limits import MIB

_FOOTER_MOST = 64 * MIB
_MESSAGES_MOST = 1_000_000
_PICKLED = b"arrow.py_extension_type"
"""The type that pyarrow before 14.0.1 restored by unpickling it (CVE-2023-47248)."""
_PROTO = re.compile(rb"\x80[\x02-\x05]")
_ENCODED = re.compile(rb"ARROW:schema[\x00-\xff]{1,16}?([A-Za-z0-9+/]{16,}={0,2})")
_PICKLES_MOST = 100


class TableFile(Struct, frozen=True):
    """``end`` is where the table ends; ``pickles`` are pickled types, as bytes."""

    end: int
    encrypted: bool = False
    pickled_types: bool = False
    pickles: tuple[bytes, ...] = ()


def read_table(source: Source) -> TableFile:
    """Return what the frame of the file in ``source`` says.

    Raises:
        ArtifactError: the magic at the end or the footer's length does not fit.
        TruncatedArtifact: a message of an Arrow stream is cut off.
    """
    head = source.read_at(0, 8)
    if head[:4] in (b"PAR1", b"PARE"):
        return _parquet(source, head[:4])
    if head[:4] == b"FEA1":
        return _with_types(_footer(source, b"FEA1"), source.size)
    if head[:6] == b"ARROW1":
        return _with_types(_footer(source, b"ARROW1"), source.size)
    return _stream(source)


def _footer(source: Source, magic: bytes) -> bytes:
    tail = source.read_at(max(0, source.size - 4 - len(magic)), 4 + len(magic))
    length = int.from_bytes(tail[:4], "little")
    if tail[4:] != magic:
        raise ArtifactError("The file does not end as it begins.", offset=source.size)
    start = source.size - len(tail) - length
    if length > _FOOTER_MOST or start < len(magic):
        raise ArtifactError("The footer is longer than the file.", offset=source.size - len(tail))
    return source.read_at(start, length)


def _parquet(source: Source, magic: bytes) -> TableFile:
    footer = _footer(source, magic)
    if magic == b"PARE":
        return TableFile(source.size, encrypted=True)
    schema = b""
    found = _ENCODED.search(footer)
    if found is not None:
        try:
            schema = base64.b64decode(found[1] + b"=" * (-len(found[1]) % 4))
        except binascii.Error as error:
            raise ArtifactError("The Arrow schema in the footer cannot be decoded.") from error
    return _with_types(footer + schema, source.size)


def _with_types(schema: bytes, end: int) -> TableFile:
    if _PICKLED not in schema:
        return TableFile(end)
    starts = [found.start() for found in _PROTO.finditer(schema)][:_PICKLES_MOST]
    return TableFile(end, pickled_types=True, pickles=tuple(schema[at:] for at in starts))


def _stream(source: Source) -> TableFile:
    """Follow the messages of an Arrow stream: a mark, the metadata's length, metadata, body."""
    at, schema = 0, b""
    for index in range(_MESSAGES_MOST):
        head = source.read_at(at, 8)
        length = int.from_bytes(head[4:8], "little", signed=True)
        if len(head) < 8 or head[:4] != b"\xff\xff\xff\xff" or length == 0:
            end = at + 8 if head == b"\xff\xff\xff\xff\0\0\0\0" else at
            return _with_types(schema, end)
        if not 0 < length <= _FOOTER_MOST or at + 8 + length > source.size:
            raise TruncatedArtifact("A message of the Arrow stream is cut off.", offset=at)
        metadata = source.read_at(at + 8, length)
        schema = schema or metadata
        body = _body_length(metadata)
        at += 8 + length + body
        if at > source.size:
            raise TruncatedArtifact(f"The body of message {index} is cut off.", offset=at)
    raise ArtifactError("The Arrow stream has too many messages.", offset=at)


def _body_length(metadata: bytes) -> int:
    """Return the field ``bodyLength`` of a ``Message``, its fourth in the table."""
    root = int.from_bytes(metadata[:4], "little")
    table = root - int.from_bytes(metadata[root : root + 4], "little", signed=True)
    entry = table + 4 + 2 * 3
    if table < 0 or int.from_bytes(metadata[table : table + 2], "little") < 12:
        return 0
    field = int.from_bytes(metadata[entry : entry + 2], "little")
    if not field:
        return 0
    length = int.from_bytes(metadata[root + field : root + field + 8], "little", signed=True)
    if length < 0:
        raise ArtifactError("A message of the Arrow stream has a negative length.")
    return length


def looks_like_arrow_stream(head: bytes) -> bool:
    """Tell whether the bytes begin with a message of the Arrow stream that holds a schema."""
    if head[:4] != b"\xff\xff\xff\xff" or len(head) < 64:
        return False
    length = int.from_bytes(head[4:8], "little")
    root = int.from_bytes(head[8:12], "little")
    return 16 <= length <= _FOOTER_MOST and length % 8 == 0 and 4 <= root < min(length, 64)
